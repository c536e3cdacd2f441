
/*
 * The report as one JSON document, RFC 8259.
 */


#include "procore_report_internal.h"


static void
procore_report_json_name(procore_out_t *out, const char *before,
    const char *name)
{
    procore_out_text(out, before);
    procore_out_text(out, "\"");
    procore_out_text(out, name);
    procore_out_text(out, "\":");
}


static void
procore_report_json_number(procore_out_t *out, const char *before,
    const char *name, uint64_t n)
{
    procore_report_json_name(out, before, name);
    procore_out_number(out, n);
}


static void
procore_report_json_text(procore_out_t *out, const char *before,
    const char *name, const procore_str_t *text)
{
    procore_report_json_name(out, before, name);
    procore_out_text(out, "\"");
    procore_out_json(out, text);
    procore_out_text(out, "\"");
}


static void
procore_report_json_constant(procore_out_t *out, const char *before,
    const char *name, const char *text)
{
    procore_report_json_name(out, before, name);
    procore_out_text(out, "\"");
    procore_out_text(out, text);
    procore_out_text(out, "\"");
}


/* null for 0 */

static void
procore_report_json_time(procore_out_t *out, const char *before,
    const char *name, uint64_t time)
{
    procore_report_json_name(out, before, name);

    if (time == 0) {
        procore_out_text(out, "null");
        return;
    }

    procore_out_text(out, "\"");
    procore_report_instant(out, time);
    procore_out_text(out, "\"");
}


static void
procore_report_json_id(procore_out_t *out, const char *before,
    const char *name, uint64_t id)
{
    procore_report_json_name(out, before, name);

    if (id == 0 || id == PROCORE_REPORT_REST) {
        procore_out_text(out, "null");

    } else {
        procore_out_number(out, id);
    }
}


static void
procore_report_json_flag(procore_out_t *out, const char *before,
    const char *name, int flag)
{
    procore_report_json_name(out, before, name);
    procore_out_text(out, flag ? "true" : "false");
}


static void
procore_report_json_head(procore_report_t *report, procore_out_t *out)
{
    procore_report_json_time(out, "{", "generated_at", report->now);
    procore_report_json_time(out, ",", "first", report->totals.first);
    procore_report_json_time(out, ",", "last", report->totals.last);

    procore_report_json_name(out, ",\n", "summary");
    procore_report_json_name(out, "{", "text");
    procore_out_text(out, "\"");
    procore_report_say_sums(report, out);
    procore_out_text(out, "\"");
    procore_report_json_number(out, ",", "clients", report->clients);
    procore_report_json_number(out, ",", "clients_ready", report->ready);
    procore_report_json_number(out, ",", "clients_passed", report->passing);
    procore_report_json_number(out, ",", "clients_prevented",
                               report->stopped);
    procore_report_json_number(out, ",", "companies_passed",
                               report->passed_in.n);
    procore_report_json_number(out, ",", "companies_prevented",
                               report->prevented_in.n);
    procore_report_json_flag(out, ",", "more_companies",
                             report->passed_in.more
                             || report->prevented_in.more);
    procore_report_json_number(out, ",", "passed", report->passed);
    procore_report_json_number(out, ",", "prevented", report->prevented);
    procore_report_json_number(out, ",", "excepted", report->excepted);
    procore_report_json_number(out, ",", "lost_requests",
                               report->totals.lost);
    procore_report_json_number(out, ",", "damaged_rows", report->damaged);
    procore_out_text(out, "}");

    procore_report_json_name(out, ",\n", "clients");
    procore_out_text(out, "[");
}


static void
procore_report_json_bound(const procore_report_sheet_t *sheet,
    procore_out_t *out)
{
    size_t  i;

    procore_report_json_name(out, ",", "bound_companies");
    procore_out_text(out, "[");

    for (i = 0; i < sheet->nbound; i++) {
        procore_out_text(out, i ? "," : "");
        procore_out_number(out, sheet->bound[i]);
    }

    procore_out_text(out, "]");
    procore_report_json_flag(out, ",", "more_bound_companies",
                             sheet->more_bound);
}


static void
procore_report_json_client(procore_report_t *report, procore_out_t *out)
{
    procore_str_t                   realm, id;
    procore_report_ready_e          ready;
    unsigned char                   buf[16];
    const procore_report_client_t  *client;

    client = &report->sheet.client;
    realm = procore_report_realm(report, client->realm, buf);
    id.data = client->client;
    id.len = client->client_len;
    ready = procore_report_ready(client, report->now);

    procore_out_text(out, report->line ? ",\n" : "\n");
    procore_report_json_text(out, "{", "realm", &realm);

    if (client->client_len != 0) {
        procore_report_json_text(out, ",", "client", &id);

    } else {
        procore_report_json_name(out, ",", "client");
        procore_out_text(out, "null");
    }

    procore_report_json_flag(out, ",", "others", client->others);
    procore_report_json_time(out, ",", "first", client->first);
    procore_report_json_time(out, ",", "last", client->last);
    procore_report_json_number(out, ",", "requests", client->requests);
    procore_report_json_number(out, ",", "unbound", client->unbound);
    procore_report_json_name(out, ",", "unbound_percent");
    procore_report_percent(out, client->unbound, client->requests);
    procore_report_json_time(out, ",", "last_unbound", client->last_unbound);
    procore_report_json_number(out, ",", "requests_since", client->since);
    procore_report_json_flag(out, ",", "ready",
                             ready == PROCORE_REPORT_READY);
    procore_report_json_constant(out, ",", "ready_reason",
                                 procore_report_ready_names[ready]);
    procore_report_json_number(out, ",", "unknown_project_requests",
                               client->unknown);
    procore_report_json_number(out, ",", "unauthorized_requests",
                               client->unauthorized);
    procore_report_json_number(out, ",", "users", client->users);
    procore_report_json_bound(&report->sheet, out);
    procore_report_json_name(out, ",\n  ", "foreign_companies");
    procore_out_text(out, "[");
}


static void
procore_report_json_naming(procore_report_t *report, procore_out_t *out,
    const procore_report_naming_t *naming)
{
    unsigned       i;
    procore_str_t  example;

    procore_out_text(out, report->index ? ",\n    " : "\n    ");
    procore_report_json_id(out, "{", "company_id", naming->company);
    procore_report_json_constant(out, ",", "kind",
                                procore_report_company_kind(naming->company));
    procore_report_json_time(out, ",", "first", naming->first);
    procore_report_json_time(out, ",", "last", naming->last);
    procore_report_json_number(out, ",", "requests",
                               procore_report_requests(naming));
    procore_report_json_number(out, ",", "passed", naming->passed);
    procore_report_json_number(out, ",", "prevented", naming->prevented);
    procore_report_json_number(out, ",", "excepted", naming->excepted);
    procore_report_json_name(out, ",", "carriers");

    for (i = 0; i < PROCORE_REPORT_CARRIERS; i++) {
        procore_report_json_number(out, i ? "," : "{",
                                   procore_report_carrier_names[i],
                                   naming->carriers[i]);
    }

    procore_out_text(out, "}");
    procore_report_json_number(out, ",", "by_project", naming->projects);

    example.data = naming->example;
    example.len = naming->example_len;

    if (example.len != 0) {
        procore_report_json_text(out, ",", "decision_id", &example);

    } else {
        procore_report_json_name(out, ",", "decision_id");
        procore_out_text(out, "null");
    }
}


static void
procore_report_json_company(procore_report_t *report, procore_out_t *out,
    const procore_report_company_t *company)
{
    procore_report_json_naming(report, out, &company->sum);
    procore_report_json_number(out, ",", "users", company->users);
    procore_out_text(out, "}");
}


/* Persons may be a thousand, with their companies: the piece ends before. */

static void
procore_report_json_users(procore_report_t *report, procore_out_t *out)
{
    size_t                         i, from, told;
    const char                    *before;
    const procore_report_sheet_t  *sheet;

    sheet = &report->sheet;

    procore_out_text(out, "]");
    procore_report_json_name(out, ",\n  ", "users_of_several_companies");
    procore_out_text(out, "[");

    before = "";
    told = 0;

    for (i = 0; i < sheet->npersons && told < PROCORE_REPORT_COMPANIES; ) {
        from = i;

        if (procore_report_person(sheet, &i) > 1) {
            procore_out_text(out, before);
            procore_out_number(out, sheet->persons[from].person);
            before = ",";
            told++;
        }
    }

    procore_out_text(out, "]");
    procore_report_json_name(out, ",\n  ", "users_of_foreign_companies");
    procore_out_text(out, "[");
    report->followed = 0;
}


static void
procore_report_json_user(procore_report_t *report, procore_out_t *out)
{
    const procore_report_user_t  *user;

    user = &report->sheet.user;

    procore_out_text(out, report->followed ? ",\n  " : "\n  ");
    report->followed = 1;

    procore_report_json_name(out, "{", "user");

    if (user->kind == PROCORE_REPORT_FAMILY
        || user->kind == PROCORE_REPORT_TOKEN)
    {
        procore_out_text(out, "\"");
        procore_report_user_id(out, user);
        procore_out_text(out, "\"");

    } else {
        procore_out_text(out, "null");
    }

    procore_report_json_constant(out, ",", "kind",
                                 procore_report_kind_name(user->kind));
    procore_report_json_id(out, ",", "user_id", user->person);
    procore_report_json_id(out, ",", "home", user->home);
    procore_report_json_flag(out, ",", "bound", user->bound);
    procore_report_json_time(out, ",", "first", user->first);
    procore_report_json_time(out, ",", "last", user->last);
    procore_report_json_number(out, ",", "requests", user->requests);
    procore_report_json_number(out, ",", "unbound", user->unbound);
    procore_report_json_name(out, ",", "foreign_companies");
    procore_out_text(out, "[");
}


static void
procore_report_json_user_naming(procore_report_t *report, procore_out_t *out,
    const procore_report_naming_t *naming)
{
    procore_report_json_naming(report, out, naming);
    procore_out_text(out, "}");
}


static void
procore_report_json_close(procore_report_t *report, procore_out_t *out)
{
    (void) report;

    procore_out_text(out, "]}");
}


static void
procore_report_json_end(procore_report_t *report, procore_out_t *out)
{
    (void) report;

    procore_out_text(out, "]}\n");
}


const procore_report_telling_t  procore_report_json = {
    procore_report_json_head,
    procore_report_json_client,
    procore_report_json_company,
    procore_report_json_users,
    procore_report_json_user,
    procore_report_json_user_naming,
    procore_report_json_close,
    procore_report_json_close,
    procore_report_json_end
};

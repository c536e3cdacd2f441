
/*
 * The report as CSV, RFC 4180, one header and three kinds of rows: a client,
 * a foreign company of it, a foreign company of one of its users.
 *
 * All texts are quoted.  A spreadsheet takes a cell for a formula by its first
 * character, quoted or not: before such a one, and before what such programs
 * strip, stands an apostrophe.
 */


#include <string.h>

#include "../claims/procore_utf8.h"
#include "procore_report_internal.h"


static const char  procore_report_csv_names[] =
    "row,realm,client,first,last,requests,unbound,unbound_percent,ready,"
    "ready_reason,user,user_kind,user_id,home,bound,company_id,company_kind,"
    "passed,prevented,excepted,header,path,query,body,by_project,users,"
    "decision_id\r\n";


static void
procore_report_csv_text(procore_out_t *out, const procore_str_t *text)
{
    int                   valid;
    size_t                i, n;
    const unsigned char  *p;

    procore_out_text(out, ",\"");

    if (text->len != 0
        && (memchr("=+-@|%'\"", text->data[0], 8) != NULL
            || text->data[0] <= ' ' || text->data[0] >= 0x7f))
    {
        procore_out_text(out, "'");
    }

    for (i = 0; i < text->len; i += n) {
        p = text->data + i;
        n = procore_utf8_length(p, text->len - i, &valid);

        if (!valid || *p < ' ' || *p == 0x7f) {
            procore_out_text(out, "\xef\xbf\xbd");     /* U+FFFD */

        } else if (*p == '"') {
            procore_out_text(out, "\"\"");

        } else {
            procore_out(out, p, n);
        }
    }

    procore_out_text(out, "\"");
}


static void
procore_report_csv_number(procore_out_t *out, uint64_t n)
{
    procore_out_text(out, ",");
    procore_out_number(out, n);
}


/* Empty for 0. */

static void
procore_report_csv_id(procore_out_t *out, uint64_t id)
{
    procore_out_text(out, ",");

    if (id != 0 && id != PROCORE_REPORT_REST) {
        procore_out_number(out, id);
    }
}


static void
procore_report_csv_begin(procore_report_t *report, procore_out_t *out,
    const char *row, uint64_t first, uint64_t last)
{
    procore_str_t                   text;
    unsigned char                   buf[16];
    const procore_report_client_t  *client;

    client = &report->sheet.client;

    procore_out_text(out, row);
    text = procore_report_realm(report, client->realm, buf);
    procore_report_csv_text(out, &text);

    text.data = client->client;
    text.len = client->client_len;

    if (text.len != 0) {
        procore_report_csv_text(out, &text);

    } else {
        procore_out_text(out, client->others ? ",\"(others)\"" : ",");
    }

    procore_out_text(out, ",");
    procore_report_instant(out, first);
    procore_out_text(out, ",");
    procore_report_instant(out, last);
}


static void
procore_report_csv_head(procore_report_t *report, procore_out_t *out)
{
    (void) report;

    procore_out_text(out, procore_report_csv_names);
}


static void
procore_report_csv_client(procore_report_t *report, procore_out_t *out)
{
    procore_report_ready_e          ready;
    const procore_report_client_t  *client;

    client = &report->sheet.client;
    ready = procore_report_ready(client, report->now);

    procore_report_csv_begin(report, out, "client", client->first,
                             client->last);
    procore_report_csv_number(out, client->requests);
    procore_report_csv_number(out, client->unbound);
    procore_out_text(out, ",");
    procore_report_percent(out, client->unbound, client->requests);
    procore_out_text(out, ready == PROCORE_REPORT_READY ? ",yes," : ",no,");
    procore_out_text(out, procore_report_ready_names[ready]);
    procore_out_text(out, ",,,,,,,");
    procore_report_csv_number(out, report->sheet.passed);
    procore_report_csv_number(out, report->sheet.prevented);
    procore_report_csv_number(out, report->sheet.excepted);
    procore_out_text(out, ",,,,,");
    procore_report_csv_number(out, client->users);
    procore_out_text(out, ",\r\n");
}


/* "users": 0, the row is of one user. */

static void
procore_report_csv_naming(procore_out_t *out,
    const procore_report_naming_t *naming, uint64_t users)
{
    unsigned       i;
    procore_str_t  example;

    procore_report_csv_id(out, naming->company);
    procore_out_text(out, ",");
    procore_out_text(out, procore_report_company_kind(naming->company));
    procore_report_csv_number(out, naming->passed);
    procore_report_csv_number(out, naming->prevented);
    procore_report_csv_number(out, naming->excepted);

    for (i = 0; i < PROCORE_REPORT_CARRIERS; i++) {
        procore_report_csv_number(out, naming->carriers[i]);
    }

    procore_report_csv_number(out, naming->projects);
    procore_report_csv_id(out, users);

    example.data = naming->example;
    example.len = naming->example_len;
    procore_report_csv_text(out, &example);
    procore_out_text(out, "\r\n");
}


static void
procore_report_csv_company(procore_report_t *report, procore_out_t *out,
    const procore_report_company_t *company)
{
    procore_report_csv_begin(report, out, "company", company->sum.first,
                             company->sum.last);
    procore_report_csv_number(out, procore_report_requests(&company->sum));
    procore_out_text(out, ",,,,,,,,,");
    procore_report_csv_naming(out, &company->sum, company->users);
}


static void
procore_report_csv_user_naming(procore_report_t *report, procore_out_t *out,
    const procore_report_naming_t *naming)
{
    const procore_report_user_t  *user;

    user = &report->sheet.user;

    procore_report_csv_begin(report, out, "user", naming->first,
                             naming->last);
    procore_report_csv_number(out, procore_report_requests(naming));
    procore_out_text(out, ",,,,,\"");
    procore_report_user_id(out, user);
    procore_out_text(out, "\",");
    procore_out_text(out, procore_report_kind_name(user->kind));
    procore_report_csv_id(out, user->person);
    procore_report_csv_id(out, user->home);
    procore_out_text(out, user->bound ? ",yes" : ",no");
    procore_report_csv_naming(out, naming, 0);
}


static void
procore_report_csv_nothing(procore_report_t *report, procore_out_t *out)
{
    (void) report;
    (void) out;
}


const procore_report_telling_t  procore_report_csv = {
    procore_report_csv_head,
    procore_report_csv_client,
    procore_report_csv_company,
    procore_report_csv_nothing,
    procore_report_csv_nothing,
    procore_report_csv_user_naming,
    procore_report_csv_nothing,
    procore_report_csv_nothing,
    procore_report_csv_nothing
};

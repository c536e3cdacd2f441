
/*
 * The report as text, for a terminal.
 */


#include <string.h>

#include "../claims/procore_utf8.h"
#include "procore_report_internal.h"


/* Columns of numbers. */

#define PROCORE_REPORT_WIDE    20
#define PROCORE_REPORT_NARROW  10


/* What would move the cursor, or turn what follows, is shown as "?". */

static void
procore_report_text_foreign(procore_out_t *out, const procore_str_t *text)
{
    int     valid;
    size_t  i, n;

    for (i = 0; i < text->len; i += n) {
        n = procore_utf8_length(text->data + i, text->len - i, &valid);

        if (n == 1 && valid && text->data[i] >= ' ' && text->data[i] < 0x7f) {
            procore_out(out, text->data + i, 1);

        } else {
            procore_out_text(out, "?");
        }
    }
}


/* Blanks until "width" bytes have been written since "from". */

static void
procore_report_text_fill(procore_out_t *out, size_t from, size_t width)
{
    while (out->len - from < width) {
        procore_out_text(out, " ");
    }
}


static void
procore_report_text_number(procore_out_t *out, uint64_t n)
{
    size_t         from;
    unsigned char  digits[PROCORE_REPORT_WIDE];
    procore_out_t  part;

    part.data = digits;
    part.size = sizeof(digits);
    part.len = 0;
    procore_out_number(&part, n);

    from = out->len;

    if (part.len < PROCORE_REPORT_NARROW) {
        procore_report_text_fill(out, from,
                                 PROCORE_REPORT_NARROW - part.len);
    } else {
        procore_out_text(out, " ");
    }

    procore_out(out, digits, part.len);
}


static void
procore_report_text_head(procore_report_t *report, procore_out_t *out)
{
    procore_report_say_sums(report, out);
    procore_out_text(out, "\n");

    if (report->clients == 0) {
        return;
    }

    procore_out_text(out, "Counted from ");
    procore_out_time(out, report->totals.first);
    procore_out_text(out, " to ");
    procore_out_time(out, report->totals.last);
    procore_out_text(out, " UTC.\n");

    if (report->totals.lost != 0) {
        procore_out_number(out, report->totals.lost);
        procore_out_text(out, " requests were not counted: the store was out "
                              "of reach.\n");
    }

    if (report->damaged != 0) {
        procore_out_number(out, report->damaged);
        procore_out_text(out, " rows are damaged and left out.\n");
    }
}


static void
procore_report_text_bound(const procore_report_sheet_t *sheet,
    procore_out_t *out)
{
    size_t  i;

    procore_out_text(out, "  bound to   ");

    if (sheet->nbound == 0) {
        procore_out_text(out, "no company");
    }

    for (i = 0; i < sheet->nbound; i++) {
        procore_out_text(out, i ? ", " : "");
        procore_out_number(out, sheet->bound[i]);
    }

    procore_out_text(out, sheet->more_bound ? " and others\n" : "\n");
}


static void
procore_report_text_client(procore_report_t *report, procore_out_t *out)
{
    procore_str_t                   text;
    unsigned char                   buf[16];
    const procore_report_client_t  *client;

    client = &report->sheet.client;
    text.data = client->client;
    text.len = client->client_len;

    if (client->others) {
        procore_out_text(out, "\nAll other apps (");

    } else if (text.len == 0) {
        procore_out_text(out, "\nApp not known (");

    } else {
        procore_out_text(out, "\nApp ");
        procore_report_text_foreign(out, &text);
        procore_out_text(out, " (");
    }

    text = procore_report_realm(report, client->realm, buf);
    procore_report_text_foreign(out, &text);
    procore_out_text(out, ")\n  requests   ");
    procore_out_number(out, client->requests);

    if (client->unbound != 0) {
        procore_out_text(out, ", of them ");
        procore_out_number(out, client->unbound);
        procore_out_text(out, " without a company (");
        procore_report_percent(out, client->unbound, client->requests);
        procore_out_text(out, " %)");
    }

    if (client->unknown != 0) {
        procore_out_text(out, ", ");
        procore_out_number(out, client->unknown);
        procore_out_text(out, " that name a project of no known company");
    }

    procore_out_text(out, "\n  ready      ");
    procore_report_say_ready(report, out);
    procore_out_text(out, "\n");
    procore_report_text_bound(&report->sheet, out);

    if (report->sheet.ncompanies != 0) {
        procore_out_text(out,
            "\n    not its own            passed prevented  excepted  "
            "last                 by, decision\n");
    }
}


static void
procore_report_text_naming(procore_out_t *out,
    const procore_report_naming_t *naming)
{
    size_t         from;
    procore_str_t  example;

    procore_out_text(out, "    ");
    from = out->len;

    if (naming->company == PROCORE_REPORT_REST) {
        procore_out_text(out, "all others");

    } else if (naming->company == PROCORE_REPORT_ALIAS) {
        procore_out_text(out, "unknown UUIDs");

    } else {
        procore_out_number(out, naming->company);
    }

    procore_report_text_fill(out, from, PROCORE_REPORT_WIDE - 1);
    procore_report_text_number(out, naming->passed);
    procore_report_text_number(out, naming->prevented);
    procore_report_text_number(out, naming->excepted);
    procore_out_text(out, "  ");
    procore_out_time(out, naming->last);
    procore_out_text(out, "  ");
    procore_report_carriers(out, naming, "+");
    procore_out_text(out, " ");

    example.data = naming->example;
    example.len = naming->example_len;
    procore_report_text_foreign(out, &example);
    procore_out_text(out, "\n");
}


static void
procore_report_text_company(procore_report_t *report, procore_out_t *out,
    const procore_report_company_t *company)
{
    (void) report;

    procore_report_text_naming(out, &company->sum);
}


static void
procore_report_text_users(procore_report_t *report, procore_out_t *out)
{
    size_t                         i, from, n, told;
    const procore_report_sheet_t  *sheet;

    sheet = &report->sheet;
    told = 0;

    for (i = 0; i < sheet->npersons && told < PROCORE_REPORT_COMPANIES; ) {
        from = i;
        n = procore_report_person(sheet, &i);

        if (n > 1) {
            procore_out_text(out, told ? "" : "\n");
            procore_out_text(out, "  user ");
            procore_out_number(out, sheet->persons[from].person);
            procore_out_text(out, " is bound to ");
            procore_out_number(out, n);
            procore_out_text(out, " companies\n");
            told++;
        }
    }
}


static void
procore_report_text_user(procore_report_t *report, procore_out_t *out)
{
    const procore_report_user_t  *user;

    user = &report->sheet.user;

    switch (user->kind) {

    case PROCORE_REPORT_FAMILY:
    case PROCORE_REPORT_TOKEN:
        procore_out_text(out, "\n  user ");
        procore_report_user_id(out, user);
        procore_out_text(out, user->kind == PROCORE_REPORT_FAMILY
                              ? " (family)" : " (token)");
        break;

    case PROCORE_REPORT_OTHERS:
        procore_out_text(out, "\n  all other users");
        break;

    default:
        procore_out_text(out, "\n  without a token in the header");
        break;
    }

    if (user->home != 0) {
        procore_out_text(out, user->bound ? ", bound to "
                                          : ", first named ");
        procore_out_number(out, user->home);
    }

    procore_out_text(out, "\n");
}


static void
procore_report_text_user_naming(procore_report_t *report, procore_out_t *out,
    const procore_report_naming_t *naming)
{
    (void) report;

    procore_report_text_naming(out, naming);
}


static void
procore_report_text_nothing(procore_report_t *report, procore_out_t *out)
{
    (void) report;
    (void) out;
}


const procore_report_telling_t  procore_report_text = {
    procore_report_text_head,
    procore_report_text_client,
    procore_report_text_company,
    procore_report_text_users,
    procore_report_text_user,
    procore_report_text_user_naming,
    procore_report_text_nothing,
    procore_report_text_nothing,
    procore_report_text_nothing
};

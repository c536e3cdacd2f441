
/*
 * The report as a page without script, in the style of the status.
 */


#include "../status/procore_status.h"
#include "procore_report_internal.h"


/* Characters shown of a client id, in headings. */

#define PROCORE_REPORT_ID     80


static const char  procore_report_html_columns[] =
    "<th scope=\"col\" class=\"n\">Passed</th>"
    "<th scope=\"col\" class=\"n\">Prevented</th></tr></thead>\n<tbody>\n";


static void
procore_report_html_fact(procore_out_t *out, const char *name,
    const char *style)
{
    procore_out_text(out, style ? "<div class=\"" : "<div");
    procore_out_text(out, style ? style : "");
    procore_out_text(out, style ? "\"><dt>" : "><dt>");
    procore_out_text(out, name);
    procore_out_text(out, "</dt><dd>");
}


static void
procore_report_html_time(procore_out_t *out, uint64_t time)
{
    procore_out_text(out, "<time>");
    procore_out_time(out, time);
    procore_out_text(out, "</time>");
}


static void
procore_report_html_number(procore_out_t *out, const char *name,
    uint64_t n, const char *style)
{
    procore_report_html_fact(out, name, style);
    procore_out_number(out, n);
    procore_out_text(out, "</dd></div>\n");
}


static void
procore_report_html_notes(procore_report_t *report, procore_out_t *out)
{
    if (report->totals.lost == 0 && report->damaged == 0) {
        return;
    }

    procore_out_text(out, "<ul>\n");

    if (report->totals.lost != 0) {
        procore_out_text(out, "<li class=\"bad\"><b>");
        procore_out_number(out, report->totals.lost);
        procore_out_text(out, " requests are missing</b>The store was out of "
                              "reach, or had less than an eighth of its room "
                              "left.</li>\n");
    }

    if (report->damaged != 0) {
        procore_out_text(out, "<li class=\"bad\"><b>");
        procore_out_number(out, report->damaged);
        procore_out_text(out, " rows are damaged</b>They are left out. "
                              "Restart nginx, so that the store is checked."
                              "</li>\n");
    }

    procore_out_text(out, "</ul>\n");
}


static void
procore_report_html_head(procore_report_t *report, procore_out_t *out)
{
    procore_out_text(out,
        "<!DOCTYPE html>\n"
        "<html lang=\"en\">\n"
        "<head>\n"
        "<meta charset=\"utf-8\">\n"
        "<meta name=\"viewport\""
        " content=\"width=device-width, initial-scale=1\">\n"
        "<title>Procore scope: report</title>\n<style>");
    procore_out_text(out, procore_status_style);
    procore_out_text(out, "</style>\n</head>\n<body>\n<main>\n"
                          "<h1>Where apps would have been installed</h1>\n"
                          "<p class=\"lead\">");
    procore_report_say_sums(report, out);
    procore_out_text(out, "</p>\n");

    if (report->clients != 0) {
        procore_out_text(out, "<p><small>Counted from ");
        procore_report_html_time(out, report->totals.first);
        procore_out_text(out, " to ");
        procore_report_html_time(out, report->totals.last);
        procore_out_text(out, " UTC. Each user is at home in the company that "
                              "its token is bound to, or else in the first "
                              "one that it named; every other is told here. "
                              "Passed: the request went on to Procore. "
                              "Prevented: it was refused.</small></p>\n");
    }

    procore_report_html_notes(report, out);

    procore_out_text(out,
        "<nav aria-label=\"Other views\">\n"
        "<a href=\"?format=html\">status</a>\n"
        "<a href=\"?view=report&amp;format=json\">this as JSON</a>\n"
        "<a href=\"?view=report&amp;format=csv\">this as CSV</a>\n"
        "</nav>\n");

    if (report->clients == 0) {
        return;
    }

    procore_out_text(out, "<dl>\n");
    procore_report_html_number(out, "Apps", report->clients, NULL);
    procore_report_html_number(out, "Ready for enforce", report->ready,
                               report->ready == report->clients ? "good"
                                                                : NULL);
    procore_report_html_number(out, "Passed", report->passed,
                               report->passed ? "bad" : NULL);
    procore_report_html_number(out, "Prevented", report->prevented, NULL);
    procore_report_html_number(out, "By exceptions", report->excepted, NULL);
    procore_out_text(out, "</dl>\n");
}


static void
procore_report_html_name(procore_report_t *report, procore_out_t *out)
{
    procore_str_t                   text;
    unsigned char                   buf[16];
    const procore_report_client_t  *client;

    client = &report->sheet.client;

    if (client->others) {
        procore_out_text(out, "All other apps");

    } else if (client->client_len == 0) {
        procore_out_text(out, "App not known");

    } else {
        text.data = client->client;
        text.len = client->client_len;

        procore_out_text(out, "App <bdi>");
        procore_out_html(out, &text, PROCORE_REPORT_ID);
        procore_out_text(out, "</bdi>");
    }

    text = procore_report_realm(report, client->realm, buf);

    procore_out_text(out, "<small>realm <bdi>");
    procore_out_html(out, &text, PROCORE_REPORT_ID);
    procore_out_text(out, "</bdi>, seen until ");
    procore_report_html_time(out, client->last);
    procore_out_text(out, "</small>");
}


static void
procore_report_html_bound(const procore_report_sheet_t *sheet,
    procore_out_t *out)
{
    size_t  i;

    procore_out_text(out, "<p>");

    if (sheet->nbound == 0) {
        procore_out_text(out, "Bound to no company yet.");

    } else {
        procore_out_text(out, sheet->nbound == 1 ? "Bound to "
                                                 : "Bound to several: ");
    }

    for (i = 0; i < sheet->nbound; i++) {
        procore_out_text(out, i ? ", " : "");
        procore_out_number(out, sheet->bound[i]);
    }

    procore_out_text(out, sheet->more_bound ? " and others" : "");
    procore_out_text(out, sheet->nbound ? ".</p>\n" : "</p>\n");
}


static void
procore_report_html_client(procore_report_t *report, procore_out_t *out)
{
    const procore_report_client_t  *client;

    client = &report->sheet.client;

    procore_out_text(out, "<section>\n<h2>");
    procore_report_html_name(report, out);
    procore_out_text(out, "</h2>\n<dl>\n");

    procore_report_html_number(out, "Requests", client->requests, NULL);

    procore_report_html_fact(out, "Without a company",
                             client->unbound ? "bad" : "good");
    procore_report_percent(out, client->unbound, client->requests);
    procore_out_text(out, " %</dd></div>\n");

    procore_report_html_fact(out, "Ready for enforce",
                             procore_report_ready(client, report->now)
                             == PROCORE_REPORT_READY ? "good" : "bad");
    procore_out_text(out, procore_report_ready(client, report->now)
                          == PROCORE_REPORT_READY ? "yes" : "no");
    procore_out_text(out, "</dd></div>\n");

    procore_report_html_number(out, "Unknown projects", client->unknown,
                               NULL);
    procore_report_html_number(out, "401 by Procore",
                               client->unauthorized, NULL);
    procore_out_text(out, "</dl>\n<p>Ready for enforce \xe2\x80\x93 ");
    procore_report_say_ready(report, out);
    procore_out_text(out, ".</p>\n");
    procore_report_html_bound(&report->sheet, out);

    if (report->sheet.ncompanies != 0) {
        procore_out_text(out, "<table>\n<caption>Companies that are not its "
                              "own</caption>\n<thead><tr>"
                              "<th scope=\"col\">Company</th>");
        procore_out_text(out, procore_report_html_columns);
    }
}


static void
procore_report_html_cells(procore_out_t *out,
    const procore_report_naming_t *naming, uint64_t users)
{
    procore_str_t  example;

    switch (naming->company) {

    case PROCORE_REPORT_REST:
        procore_out_text(out, "all others");
        break;

    case PROCORE_REPORT_ALIAS:
        procore_out_text(out, "UUIDs of no known company");
        break;

    default:
        procore_out_number(out, naming->company);
        break;
    }

    procore_out_text(out, "<small>");
    procore_report_carriers(out, naming, ", ");

    if (naming->projects != 0) {
        procore_out_text(out, "; by a project");
    }

    if (users > 1) {
        procore_out_text(out, "; ");
        procore_out_number(out, users);
        procore_out_text(out, " users");
    }

    if (naming->excepted != 0) {
        procore_out_text(out, "; ");
        procore_out_number(out, naming->excepted);
        procore_out_text(out, " by exceptions");
    }

    procore_out_text(out, "</small><small>");
    procore_report_html_time(out, naming->first);
    procore_out_text(out, " to ");
    procore_report_html_time(out, naming->last);
    procore_out_text(out, "</small>");

    if (naming->example_len != 0) {
        example.data = naming->example;
        example.len = naming->example_len;

        procore_out_text(out, "<small>decision <bdi>");
        procore_out_html(out, &example, PROCORE_REPORT_EXAMPLE);
        procore_out_text(out, "</bdi></small>");
    }

    procore_out_text(out, "</th><td class=\"n\">");
    procore_out_number(out, naming->passed);
    procore_out_text(out, "</td><td class=\"n\">");
    procore_out_number(out, naming->prevented);
    procore_out_text(out, "</td></tr>\n");
}


static void
procore_report_html_company(procore_report_t *report, procore_out_t *out,
    const procore_report_company_t *company)
{
    (void) report;

    procore_out_text(out, "<tr><th scope=\"row\">");
    procore_report_html_cells(out, &company->sum, company->users);
}


static void
procore_report_html_users(procore_report_t *report, procore_out_t *out)
{
    size_t                         i, from, told;
    const procore_report_sheet_t  *sheet;

    sheet = &report->sheet;

    if (sheet->ncompanies != 0) {
        procore_out_text(out, "</tbody>\n</table>\n");
    }

    told = 0;

    for (i = 0; i < sheet->npersons && told < PROCORE_REPORT_COMPANIES; ) {
        from = i;

        if (procore_report_person(sheet, &i) > 1) {
            procore_out_text(out, told ? ", " : "<p>Users bound to several "
                                                "companies: ");
            procore_out_number(out, sheet->persons[from].person);
            told++;
        }
    }

    procore_out_text(out, told ? ".</p>\n" : "");

    if (sheet->ncompanies != 0) {
        procore_out_text(out, "<details>\n<summary>By user</summary>\n");
    }
}


static void
procore_report_html_user(procore_report_t *report, procore_out_t *out)
{
    const procore_report_user_t  *user;

    user = &report->sheet.user;

    procore_out_text(out, "<table>\n<caption>");

    switch (user->kind) {

    case PROCORE_REPORT_FAMILY:
    case PROCORE_REPORT_TOKEN:
        procore_out_text(out, user->kind == PROCORE_REPORT_FAMILY
                              ? "Family " : "Token ");
        procore_report_user_id(out, user);
        break;

    case PROCORE_REPORT_OTHERS:
        procore_out_text(out, "All other users");
        break;

    default:
        procore_out_text(out, "Without a token in the header");
        break;
    }

    if (user->person != 0) {
        procore_out_text(out, ", user ");
        procore_out_number(out, user->person);
    }

    if (user->home != 0) {
        procore_out_text(out, user->bound ? ", bound to "
                                          : ", at home in the first named, ");
        procore_out_number(out, user->home);
    }

    procore_out_text(out, "</caption>\n<thead><tr>"
                          "<th scope=\"col\">Company</th>");
    procore_out_text(out, procore_report_html_columns);
}


static void
procore_report_html_naming(procore_report_t *report, procore_out_t *out,
    const procore_report_naming_t *naming)
{
    (void) report;

    procore_out_text(out, "<tr><th scope=\"row\">");
    procore_report_html_cells(out, naming, 1);
}


static void
procore_report_html_user_end(procore_report_t *report, procore_out_t *out)
{
    (void) report;

    procore_out_text(out, "</tbody>\n</table>\n");
}


static void
procore_report_html_client_end(procore_report_t *report, procore_out_t *out)
{
    if (report->sheet.ncompanies != 0) {
        procore_out_text(out, "</details>\n");
    }

    procore_out_text(out, "</section>\n");
}


static void
procore_report_html_end(procore_report_t *report, procore_out_t *out)
{
    (void) report;

    procore_out_text(out, "</main>\n</body>\n</html>\n");
}


const procore_report_telling_t  procore_report_html = {
    procore_report_html_head,
    procore_report_html_client,
    procore_report_html_company,
    procore_report_html_users,
    procore_report_html_user,
    procore_report_html_naming,
    procore_report_html_user_end,
    procore_report_html_client_end,
    procore_report_html_end
};

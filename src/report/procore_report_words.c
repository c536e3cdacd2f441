
/*
 * What all ways to tell the report say in the same words.
 */


#include <string.h>

#include "procore_report_internal.h"


const char *const  procore_report_ready_names[PROCORE_REPORT_READY_MAX] = {
    "ready", "unbound", "too_young", "too_few"
};

const char *const  procore_report_carrier_names[] = {
    "header", "path", "query", "body"
};


const char *
procore_report_kind_name(procore_report_kind_e kind)
{
    switch (kind) {

    case PROCORE_REPORT_FAMILY:
        return "family";

    case PROCORE_REPORT_TOKEN:
        return "token";

    case PROCORE_REPORT_OTHERS:
        return "others";

    default:
        return "none";
    }
}


const char *
procore_report_company_kind(uint64_t company)
{
    switch (company) {

    case PROCORE_REPORT_ALIAS:
        return "alias";

    case PROCORE_REPORT_REST:
        return "others";

    default:
        return "company";
    }
}


uint64_t
procore_report_requests(const procore_report_naming_t *naming)
{
    return naming->passed + naming->prevented + naming->excepted;
}


static void
procore_report_say_count(procore_out_t *out, uint64_t n, const char *one,
    const char *many)
{
    procore_out_number(out, n);
    procore_out_text(out, n == 1 ? one : many);
}


static void
procore_report_say_companies(procore_out_t *out,
    const procore_report_set_t *set)
{
    if (set->more) {
        procore_out_text(out, "more than ");
    }

    procore_report_say_count(out, set->n, " company that is", " companies that "
                             "are");
    procore_out_text(out, " not theirs");
}


void
procore_report_say_sums(const procore_report_t *report, procore_out_t *out)
{
    if (report->clients == 0) {
        procore_out_text(out, report->one ? "This app was not seen."
                                          : "Nothing was seen yet.");
        return;
    }

    procore_report_say_count(out, report->clients, " app; ", " apps; ");

    if (report->passing == 0 && report->stopped == 0) {
        procore_out_text(out, report->excepted != 0
                              ? "other companies than their own were named "
                                "by exceptions alone."
                              : "none has named a company that is not its "
                                "own.");
        return;
    }

    if (report->passing != 0) {
        procore_out_number(out, report->passing);
        procore_out_text(out, " would have been installed in ");
        procore_report_say_companies(out, &report->passed_in);
    }

    if (report->stopped != 0) {
        procore_out_text(out, report->passing != 0 ? "; " : "");
        procore_out_number(out, report->stopped);
        procore_out_text(out, report->stopped == 1 ? " was kept out of "
                                                   : " were kept out of ");
        procore_report_say_companies(out, &report->prevented_in);
    }

    procore_out_text(out, ".");
}


void
procore_report_percent(procore_out_t *out, uint64_t part, uint64_t whole)
{
    uint64_t       tenths;
    unsigned char  digit;

    /* rounded up: what is not 0 does not look like 0 */

    tenths = whole == 0 ? 0
             : part <= UINT64_MAX / 1000
             ? (part * 1000 + whole - 1) / whole : part / (whole / 1000 + 1);

    procore_out_number(out, tenths / 10);

    if (tenths % 10 != 0) {
        digit = (unsigned char) ('0' + tenths % 10);
        procore_out_text(out, ".");
        procore_out(out, &digit, 1);
    }
}


void
procore_report_say_ready(const procore_report_t *report, procore_out_t *out)
{
    const procore_report_client_t  *client;

    client = &report->sheet.client;

    switch (procore_report_ready(client, report->now)) {

    case PROCORE_REPORT_READY:
        procore_out_text(out, "yes: no request without a company ");
        break;

    case PROCORE_REPORT_UNREADY_UNBOUND:
        procore_out_text(out, "no: enforce would have refused requests whose "
                              "token has no company, the last one at ");
        procore_out_time(out, client->last_unbound);
        procore_out_text(out, " UTC");
        return;

    case PROCORE_REPORT_UNREADY_YOUNG:
        procore_out_text(out, "not yet: seen for less than a day, since ");
        procore_out_time(out, client->first);
        procore_out_text(out, " UTC");
        return;

    default:
        procore_out_text(out, "not yet: less than ");
        procore_out_number(out, PROCORE_REPORT_READY_REQUESTS);
        procore_out_text(out, " requests ");
        break;
    }

    if (client->last_unbound != 0) {
        procore_out_text(out, "since ");
        procore_out_time(out, client->last_unbound);
        procore_out_text(out, " UTC");

    } else {
        procore_out_text(out, "so far");
    }
}


/* Its name, or "realm" and its digest in "buf", which has 16 bytes. */

procore_str_t
procore_report_realm(const procore_report_t *report,
    const unsigned char *realm, unsigned char *buf)
{
    size_t                       i;
    procore_str_t                name;
    const procore_report_row_t  *row;

    static const char  hex[] = "0123456789abcdef";

    for (i = 0; i < report->nrealms; i++) {
        row = &report->realms[i];

        if (memcmp(row->realm, realm, PROCORE_REALM_SIZE) == 0) {
            name.data = row->realm_name;
            name.len = row->realm_len;
            return name;
        }
    }

    memcpy(buf, "realm ", 6);

    for (i = 0; i < PROCORE_REALM_SIZE; i++) {
        buf[6 + 2 * i] = (unsigned char) hex[realm[i] >> 4];
        buf[7 + 2 * i] = (unsigned char) hex[realm[i] & 0xf];
    }

    name.data = buf;
    name.len = 6 + 2 * PROCORE_REALM_SIZE;

    return name;
}


void
procore_report_user_id(procore_out_t *out, const procore_report_user_t *user)
{
    size_t         i;
    unsigned char  text[2 * PROCORE_REPORT_USER_ID];

    static const char  hex[] = "0123456789abcdef";

    if (user->kind != PROCORE_REPORT_FAMILY
        && user->kind != PROCORE_REPORT_TOKEN)
    {
        return;
    }

    for (i = 0; i < PROCORE_REPORT_USER_ID; i++) {
        text[2 * i] = (unsigned char) hex[user->id[i] >> 4];
        text[2 * i + 1] = (unsigned char) hex[user->id[i] & 0xf];
    }

    procore_out(out, text, sizeof(text));
}


void
procore_report_carriers(procore_out_t *out,
    const procore_report_naming_t *naming, const char *between)
{
    unsigned     i;
    const char  *before;

    before = "";

    for (i = 0; i < PROCORE_REPORT_CARRIERS; i++) {
        if (naming->carriers[i] != 0) {
            procore_out_text(out, before);
            procore_out_text(out, procore_report_carrier_names[i]);
            before = between;
        }
    }
}


void
procore_report_instant(procore_out_t *out, uint64_t time)
{
    unsigned char  text[19];
    procore_out_t  part;

    part.data = text;
    part.size = sizeof(text);
    part.len = 0;

    procore_out_time(&part, time);

    procore_out(out, text, 10);
    procore_out_text(out, "T");
    procore_out(out, text + 11, 8);
    procore_out_text(out, "Z");
}


/*
 * What the files of the report share; nobody else includes it.
 */


#ifndef PROCORE_REPORT_INTERNAL_H
#define PROCORE_REPORT_INTERNAL_H


#include "procore_report.h"


/*
 * A way to tell the report.  Each writes one piece: the head (the sums are
 * known), a client with its sheet, each foreign company of it, what stands
 * between companies and users, a user before the first of its companies
 * (report->sheet.user), each of these, the end of a user, of a client, and of
 * all.
 */

typedef struct {
    void  (*head)(procore_report_t *report, procore_out_t *out);
    void  (*client)(procore_report_t *report, procore_out_t *out);
    void  (*company)(procore_report_t *report, procore_out_t *out,
                     const procore_report_company_t *company);
    void  (*users)(procore_report_t *report, procore_out_t *out);
    void  (*user)(procore_report_t *report, procore_out_t *out);
    void  (*naming)(procore_report_t *report, procore_out_t *out,
                    const procore_report_naming_t *naming);
    void  (*user_end)(procore_report_t *report, procore_out_t *out);
    void  (*client_end)(procore_report_t *report, procore_out_t *out);
    void  (*end)(procore_report_t *report, procore_out_t *out);
} procore_report_telling_t;

extern const procore_report_telling_t  procore_report_html;
extern const procore_report_telling_t  procore_report_json;
extern const procore_report_telling_t  procore_report_csv;
extern const procore_report_telling_t  procore_report_text;


/* Sheet: begins one for a client; adds a row below it; ends it. */

void procore_report_sheet_begin(procore_report_sheet_t *sheet,
    const procore_report_client_t *client);
void procore_report_sheet_add(procore_report_sheet_t *sheet,
    const procore_report_row_t *row);
void procore_report_sheet_end(procore_report_sheet_t *sheet);

/* Is it foreign to the user?  1 or 0. */

int procore_report_foreign(const procore_report_user_t *user,
    const procore_report_naming_t *naming);

void procore_report_set_add(procore_report_set_t *set, uint64_t company);

/*
 * The companies of a person of sheet->persons from *i on, which becomes the
 * next person's; how many there are.
 */

size_t procore_report_person(const procore_report_sheet_t *sheet, size_t *i);


/* Words: all of them are English text without markup. */

void procore_report_say_sums(const procore_report_t *report,
    procore_out_t *out);
void procore_report_say_ready(const procore_report_t *report,
    procore_out_t *out);
procore_str_t procore_report_realm(const procore_report_t *report,
    const unsigned char *realm, unsigned char *buf);
void procore_report_user_id(procore_out_t *out,
    const procore_report_user_t *user);
void procore_report_carriers(procore_out_t *out,
    const procore_report_naming_t *naming, const char *between);
uint64_t procore_report_requests(const procore_report_naming_t *naming);

/* "2.5" for 25 of 1,000: a tenth of a percent, rounded up. */

void procore_report_percent(procore_out_t *out, uint64_t part,
    uint64_t whole);

/* "2026-11-30T14:05:09Z" */

void procore_report_instant(procore_out_t *out, uint64_t time);

extern const char *const  procore_report_ready_names[PROCORE_REPORT_READY_MAX];
extern const char *const  procore_report_carrier_names[];

const char *procore_report_kind_name(procore_report_kind_e kind);
const char *procore_report_company_kind(uint64_t company);


#endif /* PROCORE_REPORT_INTERNAL_H */

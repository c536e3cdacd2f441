
/*
 * The report, step by step: a first pass over all rows finds the sums and the
 * order of the clients; then each client is read twice, for what its users have
 * named together, and for each of them.
 */


#include <stdlib.h>
#include <string.h>

#include "procore_report_internal.h"


#define PROCORE_REPORT_CLIENT_KEY  20      /* bytes, see the store's records */


enum {
    PROCORE_REPORT_STAGE_SUMS = 0,
    PROCORE_REPORT_STAGE_HEAD,
    PROCORE_REPORT_STAGE_NEXT,
    PROCORE_REPORT_STAGE_FIND,
    PROCORE_REPORT_STAGE_SHEET,
    PROCORE_REPORT_STAGE_CLIENT,
    PROCORE_REPORT_STAGE_COMPANIES,
    PROCORE_REPORT_STAGE_USERS,
    PROCORE_REPORT_STAGE_END,
    PROCORE_REPORT_STAGE_OVER
};


static const procore_report_telling_t *const  procore_report_tellings[] = {
    &procore_report_html, &procore_report_json, &procore_report_csv,
    &procore_report_text
};


void
procore_report_init(procore_report_t *report, procore_report_format_e format,
    uint64_t now, procore_report_read_pt read, void *data)
{
    memset(report, 0, sizeof(procore_report_t));

    report->format = format;
    report->now = now;
    report->read = read;
    report->data = data;
}


procore_report_ready_e
procore_report_ready(const procore_report_client_t *client, uint64_t now)
{
    uint64_t  from;

    from = client->last_unbound != 0 ? client->last_unbound : client->first;

    if (now < from || now - from < PROCORE_REPORT_READY_TIME) {
        return client->last_unbound != 0 ? PROCORE_REPORT_UNREADY_UNBOUND
                                         : PROCORE_REPORT_UNREADY_YOUNG;
    }

    return client->since < PROCORE_REPORT_READY_REQUESTS
           ? PROCORE_REPORT_UNREADY_FEW : PROCORE_REPORT_READY;
}


/* What was counted before the sums knew of it: the sheet at hand is whole. */

static void
procore_report_sum(procore_report_t *report)
{
    size_t                          i;
    procore_report_line_t          *line;
    procore_report_sheet_t         *sheet;
    const procore_report_naming_t  *sum;

    if (!report->counting) {
        return;
    }

    sheet = &report->sheet;
    report->counting = 0;

    report->clients++;
    report->ready += procore_report_ready(&sheet->client, report->now)
                     == PROCORE_REPORT_READY;
    report->passing += sheet->passed != 0;
    report->stopped += sheet->prevented != 0;
    report->passed += sheet->passed;
    report->prevented += sheet->prevented;
    report->excepted += sheet->excepted;

    for (i = 0; i < sheet->ncompanies; i++) {
        sum = &sheet->companies[i].sum;

        if (sum->passed != 0) {
            procore_report_set_add(&report->passed_in, sum->company);
        }

        if (sum->prevented != 0) {
            procore_report_set_add(&report->prevented_in, sum->company);
        }
    }

    if (report->nlines < PROCORE_REPORT_LISTED) {
        line = &report->lines[report->nlines++];
        line->ncompanies = sheet->ncompanies;
        line->namings = sheet->passed + sheet->prevented;
        line->requests = sheet->client.requests;
    }
}


static int
procore_report_wanted(const procore_report_t *report,
    const procore_report_client_t *client)
{
    return !report->one
           || (!client->others && client->client_len == report->only.len
               && (client->client_len == 0
                   || memcmp(client->client, report->only.data,
                             client->client_len)
                      == 0));
}


static void
procore_report_sums_row(procore_report_t *report)
{
    procore_report_row_t  *row;

    row = &report->row;

    switch (row->type) {

    case PROCORE_REPORT_ROW_TOTALS:
        report->totals = row->totals;
        break;

    case PROCORE_REPORT_ROW_REALM:
        procore_report_sum(report);

        if (report->nrealms < PROCORE_REPORT_REALMS) {
            report->realms[report->nrealms++] = *row;
        }

        break;

    case PROCORE_REPORT_ROW_CLIENT:
        procore_report_sum(report);

        if (!procore_report_wanted(report, &row->client)) {
            break;
        }

        report->counting = 1;
        procore_report_sheet_begin(&report->sheet, &row->client);

        if (report->nlines < PROCORE_REPORT_LISTED) {
            report->lines[report->nlines].place = report->place;
        }

        break;

    default:
        if (report->counting) {
            procore_report_sheet_add(&report->sheet, row);
        }

        break;
    }
}


/* More foreign companies first, then more requests that named them. */

static int
procore_report_order(const void *one, const void *two)
{
    const procore_report_line_t  *a, *b;

    a = one;
    b = two;

    if (a->ncompanies != b->ncompanies) {
        return a->ncompanies < b->ncompanies ? 1 : -1;
    }

    if (a->namings != b->namings) {
        return a->namings < b->namings ? 1 : -1;
    }

    if (a->requests != b->requests) {
        return a->requests < b->requests ? 1 : -1;
    }

    return memcmp(a->place.key, b->place.key, PROCORE_REPORT_CLIENT_KEY);
}


/*
 * Reads the next row; NOT_FOUND at the end, CORRUPT where it is to be passed
 * over.
 */

static int
procore_report_read(procore_report_t *report)
{
    return report->read(report->data, &report->place, &report->row);
}


static int
procore_report_sums(procore_report_t *report)
{
    int  rc;

    rc = procore_report_read(report);

    switch (rc) {

    case PROCORE_OK:
        procore_report_sums_row(report);
        break;

    case PROCORE_CORRUPT:
        report->damaged++;
        break;

    case PROCORE_NOT_FOUND:
        procore_report_sum(report);
        qsort(report->lines, report->nlines, sizeof(procore_report_line_t),
              procore_report_order);
        report->stage = PROCORE_REPORT_STAGE_HEAD;
        break;

    default:
        return PROCORE_ERROR;
    }

    return PROCORE_OK;
}


/* Does the row at hand belong to the client of this line? */

static int
procore_report_within(const procore_report_t *report)
{
    return report->place.len > PROCORE_REPORT_CLIENT_KEY
           && memcmp(report->place.key, report->lines[report->line].place.key,
                     PROCORE_REPORT_CLIENT_KEY)
              == 0;
}


/* The next client, from just before its row; it may have gone meanwhile. */

static void
procore_report_next(procore_report_t *report)
{
    if (report->line == report->nlines) {
        report->stage = PROCORE_REPORT_STAGE_END;
        return;
    }

    report->place = report->lines[report->line].place;
    report->place.len = PROCORE_REPORT_CLIENT_KEY - 1;
    report->stage = PROCORE_REPORT_STAGE_FIND;
}


static int
procore_report_find(procore_report_t *report)
{
    int                           rc, order;
    const procore_report_place_t *wanted;

    rc = procore_report_read(report);

    if (rc == PROCORE_ERROR) {
        return rc;
    }

    wanted = &report->lines[report->line].place;

    order = memcmp(report->place.key, wanted->key,
                   report->place.len < wanted->len ? report->place.len
                                                   : wanted->len);

    if (rc == PROCORE_OK && order == 0 && report->place.len == wanted->len) {
        procore_report_sheet_begin(&report->sheet, &report->row.client);
        report->stage = PROCORE_REPORT_STAGE_SHEET;

    } else if (rc == PROCORE_NOT_FOUND || order > 0
               || (order == 0 && report->place.len >= wanted->len))
    {
        report->line++;
        report->stage = PROCORE_REPORT_STAGE_NEXT;
    }

    return PROCORE_OK;
}


static int
procore_report_sheet(procore_report_t *report)
{
    int  rc;

    rc = procore_report_read(report);

    if (rc == PROCORE_ERROR) {
        return rc;
    }

    if (rc == PROCORE_NOT_FOUND || !procore_report_within(report)) {
        procore_report_sheet_end(&report->sheet);
        report->stage = PROCORE_REPORT_STAGE_CLIENT;

    } else if (rc == PROCORE_OK) {
        procore_report_sheet_add(&report->sheet, &report->row);
    }

    return PROCORE_OK;
}


static int
procore_report_users(procore_report_t *report, procore_out_t *out)
{
    int                              rc;
    procore_report_row_t            *row;
    const procore_report_telling_t  *tell;

    tell = procore_report_tellings[report->format];
    row = &report->row;

    rc = procore_report_read(report);

    if (rc == PROCORE_ERROR) {
        return rc;
    }

    if (rc == PROCORE_CORRUPT && procore_report_within(report)) {
        return PROCORE_OK;
    }

    if (report->opened
        && (rc != PROCORE_OK || row->type != PROCORE_REPORT_ROW_NAMING))
    {
        report->opened = 0;
        tell->user_end(report, out);
    }

    if (rc != PROCORE_OK || !procore_report_within(report)) {
        tell->client_end(report, out);
        report->line++;
        report->stage = PROCORE_REPORT_STAGE_NEXT;
        return PROCORE_OK;
    }

    if (row->type == PROCORE_REPORT_ROW_USER) {
        report->sheet.user = row->user;
        return PROCORE_OK;
    }

    if (!procore_report_foreign(&report->sheet.user, &row->naming)) {
        return PROCORE_OK;
    }

    if (!report->opened) {
        report->opened = 1;
        report->index = 0;
        tell->user(report, out);
    }

    tell->naming(report, out, &row->naming);
    report->index++;

    return PROCORE_OK;
}


int
procore_report_step(procore_report_t *report, procore_out_t *out)
{
    const procore_report_telling_t  *tell;

    tell = procore_report_tellings[report->format];

    switch (report->stage) {

    case PROCORE_REPORT_STAGE_SUMS:
        return procore_report_sums(report);

    case PROCORE_REPORT_STAGE_HEAD:
        tell->head(report, out);
        report->stage = PROCORE_REPORT_STAGE_NEXT;
        return PROCORE_OK;

    case PROCORE_REPORT_STAGE_NEXT:
        procore_report_next(report);
        return PROCORE_OK;

    case PROCORE_REPORT_STAGE_FIND:
        return procore_report_find(report);

    case PROCORE_REPORT_STAGE_SHEET:
        return procore_report_sheet(report);

    case PROCORE_REPORT_STAGE_CLIENT:
        tell->client(report, out);
        report->index = 0;
        report->stage = PROCORE_REPORT_STAGE_COMPANIES;
        return PROCORE_OK;

    case PROCORE_REPORT_STAGE_COMPANIES:
        if (report->index < report->sheet.ncompanies) {
            tell->company(report, out,
                          &report->sheet.companies[report->index]);
            report->index++;
            return PROCORE_OK;
        }

        tell->users(report, out);
        report->index = 0;
        report->place = report->lines[report->line].place;
        report->stage = PROCORE_REPORT_STAGE_USERS;
        return PROCORE_OK;

    case PROCORE_REPORT_STAGE_USERS:
        return procore_report_users(report, out);

    case PROCORE_REPORT_STAGE_END:
        tell->end(report, out);
        report->stage = PROCORE_REPORT_STAGE_OVER;
        return PROCORE_OK;

    default:
        return PROCORE_NOT_FOUND;
    }
}

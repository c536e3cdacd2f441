
/*
 * procore-scope report: which companies have apps named?
 */


#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "procore_scope.h"
#include "../src/report/procore_report.h"


/* Steps in one snapshot: one that stays would make the store grow. */

#define PROCORE_SCOPE_REPORT_STEPS  1000


typedef struct {
    procore_scope_options_t   options;
    procore_report_format_e   format;
    const char               *client;      /* NULL: all */
    procore_store_t          *store;
    procore_report_t          report;
    unsigned char             buf[PROCORE_REPORT_PIECE];
} procore_scope_report_t;


static int
procore_scope_report_read(void *data, procore_report_place_t *place,
    procore_report_row_t *row)
{
    return procore_store_report_next(data, place, row);
}


/* Some steps; codes of procore_report_step(). */

static int
procore_scope_report_some(procore_scope_report_t *r)
{
    int            rc;
    unsigned       steps;
    procore_out_t  out;

    if (procore_store_begin(r->store) != PROCORE_OK) {
        return PROCORE_ERROR;
    }

    rc = PROCORE_OK;

    for (steps = 0; steps < PROCORE_SCOPE_REPORT_STEPS && rc == PROCORE_OK;
         steps++)
    {
        out.data = r->buf;
        out.size = sizeof(r->buf);
        out.len = 0;

        rc = procore_report_step(&r->report, &out);

        if (out.len != 0 && fwrite(r->buf, out.len, 1, stdout) != 1) {
            rc = PROCORE_ERROR;
        }
    }

    procore_store_end(r->store);

    return rc;
}


static int
procore_scope_report_parse(procore_scope_report_t *r, int argc, char **argv)
{
    int  c;

    static const struct option  names[] = {
        { "store", required_argument, NULL, 's' },
        { "client", required_argument, NULL, 'c' },
        { "json", no_argument, NULL, 'j' },
        { "csv", no_argument, NULL, 'v' },
        { "help", no_argument, NULL, 'h' },
        { NULL, 0, NULL, 0 }
    };

    r->format = PROCORE_REPORT_TEXT;

    while ((c = getopt_long(argc, argv, "", names, NULL)) != -1) {

        switch (c) {

        case 's':
            r->options.store = optarg;
            break;

        case 'c':
            r->client = optarg;
            break;

        case 'j':
        case 'v':
            if (r->format != PROCORE_REPORT_TEXT) {
                return procore_scope_usage("one of --json and --csv");
            }

            r->options.json = c == 'j';
            r->format = c == 'j' ? PROCORE_REPORT_JSON : PROCORE_REPORT_CSV;
            break;

        case 'h':
            return procore_scope_print_help();

        default:
            return procore_scope_usage("wrong option");
        }
    }

    if (optind != argc) {
        return procore_scope_usage("report wants no arguments");
    }

    if (r->options.store == NULL || r->options.store[0] == '\0') {
        return procore_scope_usage("--store is missing");
    }

    return PROCORE_SCOPE_GO_ON;
}


static int
procore_scope_report_all(procore_scope_report_t *r)
{
    int  rc;

    do {
        rc = procore_scope_report_some(r);
    } while (rc == PROCORE_OK);

    if (rc != PROCORE_NOT_FOUND || fflush(stdout) != 0) {
        fprintf(stderr, "procore-scope: %s: the report cannot be read or "
                        "printed to its end\n", r->options.store);
        return PROCORE_SCOPE_FAILED;
    }

    return r->client != NULL && r->report.clients == 0 ? PROCORE_SCOPE_FAILED
                                                       : PROCORE_SCOPE_DONE;
}


int
procore_scope_report(int argc, char **argv)
{
    int                      rc;
    procore_scope_report_t  *r;

    r = calloc(1, sizeof(procore_scope_report_t));
    if (r == NULL) {
        return PROCORE_SCOPE_FAILED;
    }

    rc = procore_scope_report_parse(r, argc, argv);

    if (rc == PROCORE_SCOPE_GO_ON) {
        rc = procore_scope_open(&r->options, 0, &r->store);
    }

    if (rc == PROCORE_SCOPE_DONE && r->store != NULL) {

        procore_report_init(&r->report, r->format, (uint64_t) time(NULL),
                            procore_scope_report_read, r->store);

        if (r->client != NULL) {
            r->report.one = 1;

            if (strcmp(r->client, "-") != 0) {
                r->report.only.data = (const unsigned char *) r->client;
                r->report.only.len = strlen(r->client);
            }
        }

        rc = procore_scope_report_all(r);
        procore_store_close(r->store);
    }

    free(r);

    return rc;
}


/*
 * The would-be-install report, read from the store and told as a page, JSON,
 * CSV or text.
 *
 * It is told in steps, so that a report of any length takes the memory of this
 * structure and of one piece: each step reads one row or writes one piece.
 * Between two steps the store may change, and its snapshot may end.
 */


#ifndef PROCORE_REPORT_H
#define PROCORE_REPORT_H


#include "../relay/procore_out.h"
#include "../store/procore_store_report.h"


/* Foreign companies of a client that are told one by one; then the rest. */

#define PROCORE_REPORT_COMPANIES   100

/* Clients, and one for the rest of each of some realms. */

#define PROCORE_REPORT_LISTED      (PROCORE_REPORT_CLIENTS + 24)

/* Realms that are told by name; others by their digest. */

#define PROCORE_REPORT_REALMS      16

/* Places of a set of companies; three quarters of them are used. */

#define PROCORE_REPORT_SET         4096

/* No step writes more, in bytes. */

#define PROCORE_REPORT_PIECE       8192

/*
 * A client is ready for enforce when so many seconds have passed, and so many
 * requests were made, without one that is refused as unbound.
 */

#define PROCORE_REPORT_READY_TIME      86400
#define PROCORE_REPORT_READY_REQUESTS  10


typedef enum {
    PROCORE_REPORT_HTML = 0,
    PROCORE_REPORT_JSON,
    PROCORE_REPORT_CSV,
    PROCORE_REPORT_TEXT
} procore_report_format_e;


typedef enum {
    PROCORE_REPORT_READY = 0,
    PROCORE_REPORT_UNREADY_UNBOUND,    /* one was, a short time ago */
    PROCORE_REPORT_UNREADY_YOUNG,      /* seen for a short time only */
    PROCORE_REPORT_UNREADY_FEW,        /* too few requests since */
    PROCORE_REPORT_READY_MAX
} procore_report_ready_e;


/*
 * As procore_store_report_next().  It may be called in each step, and between
 * two steps "data" may have got another snapshot.
 */

typedef int (*procore_report_read_pt)(void *data,
    procore_report_place_t *place, procore_report_row_t *row);


/* A foreign company of a client, by all of its users. */

typedef struct {
    procore_report_naming_t   sum;
    uint64_t                  users;
} procore_report_company_t;


typedef struct {
    uint64_t                  ids[PROCORE_REPORT_SET];
    size_t                    n;
    unsigned                  more:1;      /* than are told one by one */
} procore_report_set_t;


/* One client, put together from its rows. */

typedef struct {
    procore_report_client_t   client;
    procore_report_user_t     user;        /* the one at hand */
    procore_report_company_t  companies[PROCORE_REPORT_COMPANIES + 1];
    size_t                    ncompanies;  /* the last one may be the rest */
    uint64_t                  passed;      /* namings of foreign companies */
    uint64_t                  prevented;
    uint64_t                  excepted;
    uint64_t                  bound[PROCORE_REPORT_COMPANIES];
    size_t                    nbound;
    unsigned                  more_bound:1;
    struct {
        uint64_t              person;
        uint64_t              company;
    } persons[PROCORE_REPORT_CLIENT_USERS];
    size_t                    npersons;
} procore_report_sheet_t;


/* A line of the table of contents, the worst first. */

typedef struct {
    procore_report_place_t    place;
    size_t                    ncompanies;
    uint64_t                  namings;
    uint64_t                  requests;
} procore_report_line_t;


typedef struct {
    procore_report_read_pt    read;
    void                     *data;
    procore_report_format_e   format;
    uint64_t                  now;         /* seconds since the epoch */

    /* one client alone, an empty id: those that are not known */

    unsigned                  one:1;
    procore_str_t             only;

    /* the rest is its own */

    unsigned                  stage;
    procore_report_place_t    place;
    procore_report_row_t      row;
    unsigned                  counting:1;  /* a client is at hand */
    unsigned                  opened:1;    /* a user was begun */
    unsigned                  followed:1;  /* JSON: a comma is due */
    size_t                    index;

    procore_report_totals_t   totals;
    uint64_t                  damaged;     /* rows that cannot be read */
    uint64_t                  clients;
    uint64_t                  ready;
    uint64_t                  passing;     /* clients that were let pass */
    uint64_t                  stopped;     /* clients that were refused */
    uint64_t                  passed;
    uint64_t                  prevented;
    uint64_t                  excepted;
    procore_report_set_t      passed_in;
    procore_report_set_t      prevented_in;

    procore_report_row_t      realms[PROCORE_REPORT_REALMS];
    size_t                    nrealms;
    procore_report_line_t     lines[PROCORE_REPORT_LISTED];
    size_t                    nlines;
    size_t                    line;
    procore_report_sheet_t    sheet;
} procore_report_t;


/*
 * Makes a report ready; afterwards "one" and "only" may be set.  The structure
 * has some 250 KB, the caller's.
 */

void procore_report_init(procore_report_t *report,
    procore_report_format_e format, uint64_t now, procore_report_read_pt read,
    void *data);

/*
 * One step: "out" must have room for PROCORE_REPORT_PIECE bytes more.  Returns
 * PROCORE_OK: go on; PROCORE_NOT_FOUND: that was all; PROCORE_ERROR: the store
 * cannot be read.
 */

int procore_report_step(procore_report_t *report, procore_out_t *out);

/* Is the client ready for enforce at "now"? */

procore_report_ready_e procore_report_ready(
    const procore_report_client_t *client, uint64_t now);


#endif /* PROCORE_REPORT_H */

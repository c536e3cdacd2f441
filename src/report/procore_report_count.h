
/*
 * Counting for the would-be-install report, in memory of a fixed size: what a
 * worker has seen since it last wrote.
 */


#ifndef PROCORE_REPORT_COUNT_H
#define PROCORE_REPORT_COUNT_H


#include "../claims/procore_claim.h"
#include "../store/procore_store_report.h"


/*
 * Room of one table: what a busy gateway sees within seconds.  A table that
 * fills up is written sooner; together they stay below 300 KB.
 */

#define PROCORE_REPORT_COUNT_CLIENTS  64
#define PROCORE_REPORT_COUNT_USERS    1024
#define PROCORE_REPORT_COUNT_NAMINGS  1024

/* Places of the hash tables: powers of two, at most half of them taken. */

#define PROCORE_REPORT_COUNT_FEW      128
#define PROCORE_REPORT_COUNT_MANY     2048

/* Distinct companies of one request, and one for the rest. */

#define PROCORE_REPORT_NAMED_ROOM     129


/* A company that one request names. */

typedef struct {
    uint64_t  company;          /* or PROCORE_REPORT_ALIAS, ..._REST */
    unsigned  carriers:4;       /* bits: 1 << procore_carrier_e */
    unsigned  project:1;        /* by a project of it */
    unsigned  excepted:1;       /* every time by an exception */
} procore_report_named_t;


/* One request; all memory is the caller's and is copied. */

typedef struct {
    const unsigned char           *realm;      /* PROCORE_REALM_SIZE bytes */
    procore_str_t                  realm_name; /* kept: outlives the table */
    procore_str_t                  client;     /* at most
                                                  PROCORE_STORE_CLIENT_MAX
                                                  bytes; empty: not known */
    procore_report_kind_e          kind;
    const unsigned char           *user;       /* PROCORE_REPORT_USER_ID bytes,
                                                  NULL for ..._NO_TOKEN */
    uint64_t                       person;     /* Procore's id, 0: not known */
    uint64_t                       bound;      /* company, 0: unbound */
    uint64_t                       now;        /* milliseconds since the
                                                  epoch */
    unsigned                       unbound:1;  /* refused as that, or would
                                                  be */
    unsigned                       prevented:1;     /* it was refused */
    unsigned                       unknown:1;  /* project of no known company */
    unsigned                       unauthorized:1;  /* Procore said 401: counts
                                                       as nothing else */
    const procore_report_named_t  *named;
    size_t                         nnamed;     /* ..._NAMED_ROOM at most */
    procore_str_t                  example;    /* decision id, may be empty */
} procore_report_seen_t;


typedef struct {
    procore_report_batch_t   batch;      /* what lies in the arrays below */
    procore_report_client_t  clients[PROCORE_REPORT_COUNT_CLIENTS];
    procore_report_user_t    users[PROCORE_REPORT_COUNT_USERS];
    procore_report_naming_t  namings[PROCORE_REPORT_COUNT_NAMINGS];
    uint16_t                 by_client[PROCORE_REPORT_COUNT_FEW];
    uint16_t                 by_user[PROCORE_REPORT_COUNT_MANY];
    uint16_t                 by_naming[PROCORE_REPORT_COUNT_MANY];
} procore_report_count_t;


/* Empties a table, before its first use as well. */

void procore_report_count_init(procore_report_count_t *count);

/*
 * Counts one request.  Returns PROCORE_OK; PROCORE_FULL: there is no room, and
 * nothing of it is counted but that it was lost.
 */

int procore_report_count(procore_report_count_t *count,
    const procore_report_seen_t *seen);

/* Nothing to write: 1 or 0.  Three quarters full, it is time to: 1 or 0. */

int procore_report_count_empty(const procore_report_count_t *count);
int procore_report_count_due(const procore_report_count_t *count);

/*
 * Notes that a request names "company" in "named", which has "n" entries and
 * room for "max".  Returns the new number; where there is no room for another
 * one, the last entry becomes PROCORE_REPORT_REST.  "excepted" and "project":
 * 1 or 0.
 */

size_t procore_report_name(procore_report_named_t *named, size_t n, size_t max,
    uint64_t company, procore_carrier_e carrier, unsigned project,
    unsigned excepted);


/* Is it one of them?  1 or 0. */

int procore_report_is_named(const procore_report_named_t *named, size_t n,
    uint64_t company);


#endif /* PROCORE_REPORT_COUNT_H */

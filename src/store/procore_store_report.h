
/*
 * The would-be-install report on disk: which companies each client and each of
 * its users has named.
 *
 * A user is a family of tokens; where the store does not know the token, the
 * token itself.  The first company that a user names is its home; one that its
 * tokens are bound to takes that place.  Every other one is foreign.
 *
 * Nothing here grows for ever: what is above a bound is counted in a row for
 * the rest, and the sweep takes what was not seen for PROCORE_KEEP_REPORT.
 */


#ifndef PROCORE_STORE_REPORT_H
#define PROCORE_STORE_REPORT_H


#include "procore_store.h"


/* Bounds of what is kept; the rows for the rest come on top. */

#define PROCORE_REPORT_CLIENTS       1000
#define PROCORE_REPORT_USERS         10000    /* of all clients */
#define PROCORE_REPORT_CLIENT_USERS  1000     /* of one: no client alone can
                                                 take the room of the others */
#define PROCORE_REPORT_NAMINGS       100000   /* users' companies, in all */
#define PROCORE_REPORT_CLIENT_NAMINGS 5000    /* of the users of one client */
#define PROCORE_REPORT_USER_NAMINGS  101      /* its home and 100 others */

#define PROCORE_REPORT_REALM_MAX     64       /* bytes kept of a name */
#define PROCORE_REPORT_EXAMPLE       32       /* $request_id */
#define PROCORE_REPORT_CARRIERS      4        /* by procore_carrier_e */
#define PROCORE_REPORT_KEY           37       /* the longest key */

/* In the place of a company's id. */

#define PROCORE_REPORT_ALIAS         0            /* a UUID of nobody */
#define PROCORE_REPORT_REST          UINT64_MAX   /* all above a bound */


/* What the 8 bytes of a user are. */

typedef enum {
    PROCORE_REPORT_NO_TOKEN = 0,    /* none in the header: all zero */
    PROCORE_REPORT_FAMILY = 1,      /* the first of the family's random key */
    PROCORE_REPORT_TOKEN = 2,       /* the first of the token's digest */
    PROCORE_REPORT_OTHERS = 255     /* all above a bound */
} procore_report_kind_e;

#define PROCORE_REPORT_USER_ID       8
#define PROCORE_REPORT_CLIENT_ID     16


/* Times are seconds since the epoch, unless they say otherwise. */

typedef struct {
    unsigned char          realm[PROCORE_REALM_SIZE];
    unsigned               others:1;       /* all clients above the bound */
    unsigned               client_len:8;   /* 0: not known */
    unsigned char          client[PROCORE_STORE_CLIENT_MAX];
    uint64_t               first;
    uint64_t               last;
    uint64_t               requests;       /* but for "unauthorized" */
    uint64_t               unbound;        /* of them: refused as unbound, or
                                              would be by enforce */
    uint64_t               last_unbound;   /* when, 0: never */
    uint64_t               since;          /* requests after that one */
    uint64_t               unknown;        /* named a project whose company is
                                              not known */
    uint64_t               unauthorized;   /* Procore did not know the token */
    uint32_t               users;          /* rows below this one */
    uint32_t               namings;
    uint64_t               counted_at;     /* when they were counted, not
                                              reckoned */

    /* in a batch alone: the realm's name, the caller's, and the row's key */

    procore_str_t          realm_name;
    unsigned char          id[PROCORE_REPORT_CLIENT_ID];
} procore_report_client_t;



typedef struct {
    uint32_t               owner;          /* in a batch: index of the client */
    uint32_t               head;           /* in a batch: its first and last
                                              naming, index + 1, 0: none */
    uint32_t               tail;
    procore_report_kind_e  kind;
    unsigned char          id[PROCORE_REPORT_USER_ID];
    unsigned               bound:1;        /* "home" is what it is bound to */
    uint64_t               home;           /* company, 0: none yet */
    uint64_t               home_at;        /* first named, milliseconds */
    uint64_t               person;         /* Procore's id, 0: not known */
    uint64_t               first;
    uint64_t               last;
    uint64_t               requests;
    uint64_t               unbound;
    uint32_t               namings;        /* rows below this one */
} procore_report_user_t;


/*
 * Requests of one user that named one company, but for the one that the user
 * was bound to then.
 */

typedef struct {
    uint32_t               owner;          /* in a batch: index of the user */
    uint32_t               next;           /* in a batch: of the same user, as
                                              "head" */
    uint64_t               company;
    uint64_t               first;
    uint64_t               last;
    uint64_t               passed;         /* monitor: not held up */
    uint64_t               prevented;      /* enforce: refused */
    uint64_t               excepted;       /* passed by an exception */
    uint64_t               carriers[PROCORE_REPORT_CARRIERS];
    uint64_t               projects;       /* named one of its projects */
    uint64_t               bound_at;       /* the rest: last seen bound to it */
    unsigned               example_len:8;
    unsigned char          example[PROCORE_REPORT_EXAMPLE];  /* the newest */
} procore_report_naming_t;


typedef struct procore_report_totals_s {
    uint32_t               clients;
    uint32_t               users;
    uint32_t               namings;
    uint64_t               counted_at;
    uint64_t               first;
    uint64_t               last;
    uint64_t               lost;           /* requests that were not counted */
} procore_report_totals_t;


/*
 * What a worker has counted, for PROCORE_STORE_REPORT; all memory is the
 * caller's.  Clients, users and namings are distinct.
 */

typedef struct procore_report_batch_s {
    const procore_report_client_t  *clients;
    size_t                          nclients;
    const procore_report_user_t    *users;
    size_t                          nusers;
    const procore_report_naming_t  *namings;
    size_t                          nnamings;
    uint64_t                        lost;
} procore_report_batch_t;


typedef enum {
    PROCORE_REPORT_ROW_TOTALS = 0,
    PROCORE_REPORT_ROW_REALM,
    PROCORE_REPORT_ROW_CLIENT,
    PROCORE_REPORT_ROW_USER,
    PROCORE_REPORT_ROW_NAMING
} procore_report_row_e;


typedef struct {
    procore_report_row_e     type;
    procore_report_totals_t  totals;
    unsigned char            realm[PROCORE_REALM_SIZE];
    uint64_t                 realm_last;
    unsigned                 realm_len;
    unsigned char            realm_name[PROCORE_REPORT_REALM_MAX];
    procore_report_client_t  client;
    procore_report_user_t    user;
    procore_report_naming_t  naming;
} procore_report_row_t;


/* A place in the report; all zero: before its first row. */

typedef struct {
    unsigned char  key[PROCORE_REPORT_KEY];
    size_t         len;
} procore_report_place_t;


/*
 * The row after *place, which becomes the place of that row: first the totals,
 * then each realm with its clients, each client with its users, each user with
 * its namings.  Only the member that row->type names is set.  Inside of a
 * snapshot; the next one may go on from the same place.
 * Returns PROCORE_OK; PROCORE_NOT_FOUND: that was the last one (or the store
 * has no report); PROCORE_CORRUPT: the row cannot be read, *place is behind it;
 * PROCORE_ERROR.
 */

int procore_store_report_next(procore_store_t *store,
    procore_report_place_t *place, procore_report_row_t *row);


#endif /* PROCORE_STORE_REPORT_H */


/*
 * Listing the store for its operator, page by page.
 *
 * All functions but those of the tally stand inside of a snapshot.  Each call
 * looks at a bounded number of entries, so that a walk over millions can be
 * taken in steps, without a snapshot between them: entries that come or go
 * meanwhile may be in it or not, all others are in it once.
 */


#ifndef PROCORE_STORE_LIST_H
#define PROCORE_STORE_LIST_H


#include "procore_store.h"


/* Entries that one call looks at: less than a millisecond. */
#define PROCORE_LIST_LOOK     1000

/* Of the longest key of any database, bytes. */
#define PROCORE_LIST_KEY_MAX  (PROCORE_REALM_SIZE + PROCORE_STORE_CLIENT_MAX)

/* Clients that a tally tells apart; all others are one. */
#define PROCORE_TALLY_MAX     1000
#define PROCORE_TALLY_SLOTS   2048


/* Where a walk is; all zero at its beginning. */

typedef struct {
    unsigned char  key[PROCORE_LIST_KEY_MAX];   /* the last one looked at */
    size_t         len;
    size_t         damaged;       /* entries that could not be read, skipped */
    unsigned       end:1;         /* there are no more */
} procore_list_cursor_t;


/* What is wanted; all zero but the realm: everything of the realm. */

typedef struct {
    unsigned char         realm[PROCORE_REALM_SIZE];
    uint64_t              company;      /* 0: any; a withdrawn family's, too */
    procore_str_t         client;       /* len 0: any */
    procore_way_e         way;          /* NONE: any */
    unsigned              states;       /* bits 1 << state, 0: any */
    const unsigned char  *family;       /* tokens: of this one, NULL: any */
} procore_list_filter_t;


typedef struct {
    unsigned char           id[PROCORE_FAMILY_SIZE];
    procore_family_state_e  state;
    procore_way_e           way;
    uint64_t                company;    /* a withdrawn family keeps it */
    uint64_t                user;
    uint64_t                bound_at;   /* seconds since the epoch, 0: never */
    uint32_t                tokens;
    unsigned char           client_len;
    unsigned char           client[PROCORE_STORE_CLIENT_MAX];
} procore_listed_family_t;


typedef struct {
    procore_token_kind_e     kind;
    unsigned char            digest[PROCORE_DIGEST_SIZE];
    unsigned                 used:1;
    uint64_t                 expires_at;   /* seconds, 0: unknown */
    uint64_t                 written_at;
    procore_listed_family_t  family;
} procore_listed_token_t;


typedef struct {
    uint64_t           id;
    procore_project_t  project;
} procore_listed_project_t;


typedef struct {
    uint64_t       paused_at;        /* 0: the entry is damaged */
    unsigned char  client_len;
    unsigned char  client[PROCORE_STORE_CLIENT_MAX];
} procore_listed_paused_t;


/*
 * The next ones, up to "room" of them, into "out"; *n tells how many, which may
 * be none although there are more: cursor->end says when it is over.  Return
 * PROCORE_OK or PROCORE_ERROR.
 */

int procore_store_families(procore_store_t *store,
    const procore_list_filter_t *filter, procore_list_cursor_t *cursor,
    procore_listed_family_t *out, size_t room, size_t *n);
int procore_store_tokens(procore_store_t *store,
    const procore_list_filter_t *filter, procore_list_cursor_t *cursor,
    procore_listed_token_t *out, size_t room, size_t *n);
int procore_store_projects(procore_store_t *store,
    const procore_list_filter_t *filter, procore_list_cursor_t *cursor,
    procore_listed_project_t *out, size_t room, size_t *n);
int procore_store_pauses(procore_store_t *store,
    const procore_list_filter_t *filter, procore_list_cursor_t *cursor,
    procore_listed_paused_t *out, size_t room, size_t *n);


/*
 * One family of the realm.  PROCORE_OK, PROCORE_NOT_FOUND, PROCORE_CORRUPT,
 * PROCORE_ERROR.
 */

int procore_store_family(procore_store_t *store,
    const unsigned char realm[PROCORE_REALM_SIZE],
    const unsigned char id[PROCORE_FAMILY_SIZE],
    procore_listed_family_t *family);

/*
 * The token whose digest begins with the "len" bytes of "prefix", with its
 * family.  As above; PROCORE_CONFLICT: several digests do.
 */

int procore_store_find(procore_store_t *store,
    const unsigned char realm[PROCORE_REALM_SIZE],
    const unsigned char *prefix, size_t len, procore_listed_token_t *token);


/* How many families each client has, by state. */

typedef struct {
    uint64_t       families[3];      /* by procore_family_state_e */
    uint64_t       paused_at;        /* seconds since the epoch, 0: it is not */
    unsigned char  client_len;       /* 0: those whose client is not known */
    unsigned char  client[PROCORE_STORE_CLIENT_MAX];
} procore_tally_client_t;


typedef struct {
    procore_tally_client_t  clients[PROCORE_TALLY_MAX];
    size_t                  n;
    procore_tally_client_t  other;   /* all above PROCORE_TALLY_MAX together */
    uint16_t                slots[PROCORE_TALLY_SLOTS];   /* index + 1 */
} procore_tally_t;


/* "tally" is all zero at first, the caller's. */

void procore_tally_add(procore_tally_t *tally,
    const procore_listed_family_t *family);

/* To be called before the families are added: no paused one is an other. */

void procore_tally_pause(procore_tally_t *tally,
    const procore_listed_paused_t *paused);


#endif /* PROCORE_STORE_LIST_H */


/*
 * One line of an import file, and what operators name in a request: a flat JSON
 * object of known members.
 */


#ifndef PROCORE_IMPORT_LINE_H
#define PROCORE_IMPORT_LINE_H


#include "../store/procore_store.h"


/* Longer than any header of a request that carries a token: bytes. */
#define PROCORE_IMPORT_LINE_MAX  65536

/* Of a token's digest, as logs show it: bytes. */
#define PROCORE_IMPORT_SHORT     8


/* What a line is, by its members; those in brackets may be left out. */

typedef enum {
    PROCORE_LINE_TOKEN = 1,  /* access_token, refresh_token, one of them or
                                both; company_id, [client] */
    PROCORE_LINE_PROJECT,    /* project_id, company_id,
                                [learnt_at, valid_for, realm] */
    PROCORE_LINE_RECORD,     /* token, kind, family, state: an exported one;
                                [company_id, bound_by, bound_at, client,
                                user_id, expires_at, written_at, used, realm] */
    PROCORE_LINE_PAUSE,      /* client, paused_at, [realm] */
    PROCORE_LINE_REFERENCE,  /* token or family; company_id, [client] */
    PROCORE_LINE_NAME        /* access_token, refresh_token, token or family,
                                one of them alone */
} procore_line_e;


/* Strings with data NULL, and numbers of 0, were not in the line. */

typedef struct {
    procore_line_e          shape;
    procore_str_t           access;
    procore_str_t           refresh;
    procore_str_t           client;      /* PROCORE_STORE_CLIENT_MAX bytes */
    uint64_t                company;
    uint64_t                project;

    unsigned char           token[PROCORE_DIGEST_SIZE];    /* its digest */
    size_t                  token_len;   /* 0, PROCORE_IMPORT_SHORT, all */
    unsigned char           family[PROCORE_FAMILY_SIZE];
    unsigned char           realm[PROCORE_REALM_SIZE];
    unsigned                has_family:1;
    unsigned                has_realm:1;
    unsigned                used:1;
    procore_token_kind_e    kind;
    procore_family_state_e  state;
    procore_way_e           way;
    uint64_t                user;        /* or PROCORE_STORE_SERVICE */
    uint64_t                bound_at;    /* seconds since the epoch */
    uint64_t                expires_at;
    uint64_t                written_at;
    uint64_t                learnt_at;
    uint64_t                paused_at;
    uint64_t                valid_for;   /* seconds */
} procore_import_line_t;


/*
 * Reads a line (with or without its line feed) as one JSON object (RFC 8259).
 * Ids are decimals, as numbers or as strings, taken from the text digit by
 * digit; times are "2026-11-24T14:00:00Z" (RFC 3339, in UTC and whole seconds).
 * Decodes escapes in place: the strings of *out point into "line", which stays
 * the caller's.
 * Returns PROCORE_OK; PROCORE_NOT_FOUND: nothing but blanks;
 * PROCORE_MALFORMED, *why is a constant sentence.
 */

int procore_import_line(unsigned char *line, size_t len,
    procore_import_line_t *out, const char **why);

/*
 * Reads "len" hexadecimal digits of either case into len / 2 bytes of "out".
 * PROCORE_OK; PROCORE_MALFORMED.
 */

int procore_import_hex(const unsigned char *text, size_t len,
    unsigned char *out);

/*
 * A way or a state by its name.  PROCORE_OK; PROCORE_NOT_FOUND.
 */

int procore_import_way(const procore_str_t *name, procore_way_e *way);
int procore_import_state(const procore_str_t *name,
    procore_family_state_e *state);


#endif /* PROCORE_IMPORT_LINE_H */


/*
 * The query of an authorization request (RFC 6749, section 4.1.1; RFC 7636,
 * section 4.3), read strictly: what the relay and the login host could take
 * for two different things is refused.
 */


#ifndef PROCORE_START_H
#define PROCORE_START_H


#include "procore_redirect.h"


/* Bytes of the query that are read; nginx's own buffers hold 32k at most. */

#define PROCORE_START_MAX        32768
#define PROCORE_START_STATE      2048
#define PROCORE_START_CHALLENGE  43       /* base64url of SHA-256 */


typedef enum {
    PROCORE_START_OK = 0,
    PROCORE_START_NO_CLIENT,      /* missing, or in brackets: passed on */

    /* shown on a page, never redirected */

    PROCORE_START_QUERY,          /* does not decode strictly */
    PROCORE_START_CLIENT,         /* client_id repeated */
    PROCORE_START_REDIRECT,       /* redirect_uri missing or repeated */

    /* told to the app's redirect URI, once that is known to be its own */

    PROCORE_START_REPEATED,       /* another parameter twice: invalid_request */
    PROCORE_START_TYPE,           /* unsupported_response_type */
    PROCORE_START_MODE,           /* response_mode is not query */
    PROCORE_START_STATE_LONG,
    PROCORE_START_PKCE,           /* challenge or method is not S256's */
    PROCORE_START_COMPANY         /* company_id is no id */
} procore_start_e;


/* Decoded values; they point into the caller's memory.  data NULL: absent. */

typedef struct {
    procore_start_e  result;
    procore_str_t    client;
    procore_str_t    redirect_uri;
    procore_str_t    state;
    procore_str_t    challenge;
    uint64_t         company;        /* company_id, 0: none or empty */
} procore_start_t;


/*
 * Reads the query (without "?").  "memory" is the caller's, of "len" bytes or
 * more, and keeps the values.  Always fills *start as far as it can be read
 * for certain; the result that a caller must heed first wins, in the order of
 * the enumeration from PROCORE_START_QUERY on.  A request without a client, or
 * with "client_id[...]" alone, is PROCORE_START_NO_CLIENT whatever else it is.
 *
 * Strict: "&" separates ("+" is a blank); a raw ";" or a byte beyond ASCII or a
 * control character, a "%" without two digits, a NUL, overlong or invalid UTF-8
 * in a name or a value, or a parameter that Rails would merge with one of ours
 * ("redirect_uri[]", "state[x]") do not decode strictly.
 */

void procore_start_read(procore_start_t *start, const unsigned char *query,
    size_t len, unsigned char *memory);

/*
 * Writes the query for the login host: the app's own parameters as they stood
 * and in their order, but for redirect_uri, state, code_challenge and
 * code_challenge_method (replaced where they stand, else appended),
 * company_id and response_mode (left out).  "challenge" with data NULL: no PKCE
 * towards the login host.  "query" is one that procore_start_read() found to be
 * PROCORE_START_OK.
 */

void procore_start_write(procore_out_t *out, const unsigned char *query,
    size_t len, const procore_str_t *callback, const procore_str_t *state,
    const procore_str_t *challenge);

/*
 * One decoded parameter of a strict query or urlencoded form, such as those of
 * the callback and of the picker.  Returns PROCORE_OK (*value set, points into
 * "memory", which has "len" bytes or more); PROCORE_NOT_FOUND;
 * PROCORE_CONFLICT: more than once; PROCORE_MALFORMED: the whole does not
 * decode strictly.
 */

int procore_start_param(const unsigned char *query, size_t len,
    const char *name, unsigned char *memory, procore_str_t *value);


#endif /* PROCORE_START_H */

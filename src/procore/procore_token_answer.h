
/*
 * Reads an answer of the token endpoint (RFC 6749, section 5.1).
 */


#ifndef PROCORE_TOKEN_ANSWER_H
#define PROCORE_TOKEN_ANSWER_H


#include "../policy/procore_types.h"


/* Real answers have about a kilobyte; the bound is for what a holder keeps. */

#define PROCORE_TOKEN_ANSWER_MAX  65536


typedef struct {
    procore_str_t  access_token;
    procore_str_t  refresh_token;    /* len 0: none */
    uint64_t       expires_in;       /* seconds; 0: not told */
    uint64_t       created_at;       /* seconds since the epoch; 0: not told */
} procore_token_answer_t;


/*
 * Reads a whole answer of "len" bytes.  "memory" is the caller's, of "len"
 * bytes or more, and keeps the two tokens: they point into it, not into "data".
 *
 * Returns PROCORE_OK; PROCORE_TOO_LARGE above PROCORE_TOKEN_ANSWER_MAX; or
 * PROCORE_MALFORMED: no strict JSON object (cut short, for one), no access
 * token, one of the four members doubled or of another type, a token with other
 * characters than RFC 6749, appendix A allows, a number that is no plain
 * decimal below 2^63.  A refresh token that is null or empty is none; the
 * numbers may be null.
 */

int procore_token_answer_read(procore_token_answer_t *answer,
    const unsigned char *data, size_t len, unsigned char *memory);


#endif /* PROCORE_TOKEN_ANSWER_H */

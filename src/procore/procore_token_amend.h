
/*
 * Adds to an answer of the token endpoint what the app learns from the gateway.
 */


#ifndef PROCORE_TOKEN_AMEND_H
#define PROCORE_TOKEN_AMEND_H


#include "../policy/procore_types.h"


/* More bytes than the answer has, at most: two members, a name of 1 KB. */

#define PROCORE_TOKEN_AMEND_EXTRA  8192


/*
 * Copies "len" bytes of an answer that procore_token_answer_read() has accepted
 * to "out" (len + PROCORE_TOKEN_AMEND_EXTRA bytes; *out_len tells how many were
 * set).  All members stay as they are and in their order, but for the number
 * of "expires_in", which becomes smaller by "waited" seconds (never below 0);
 * "company_id" (a number) and, with a name, "company_name" are appended unless
 * the answer has a member of that name already; with "company" 0 neither is.
 * Returns PROCORE_OK, or PROCORE_MALFORMED.
 */

int procore_token_amend(const unsigned char *data, size_t len,
    uint64_t company, const procore_str_t *name, uint64_t waited,
    unsigned char *out, size_t *out_len);


#endif /* PROCORE_TOKEN_AMEND_H */

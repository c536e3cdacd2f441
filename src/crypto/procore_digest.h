
/*
 * Digests: what the store and the log know instead of tokens and realms.
 */


#ifndef PROCORE_DIGEST_H
#define PROCORE_DIGEST_H


#include "../policy/procore_types.h"


#define PROCORE_REALM_SIZE   4
#define PROCORE_DIGEST_SIZE  32    /* SHA-256, FIPS 180-4 */


/*
 * First 4 bytes of SHA-256 of the realm's name.  Returns PROCORE_OK or
 * PROCORE_ERROR (the library failed).
 */

int procore_digest_realm(const unsigned char *name, size_t len,
    unsigned char realm[PROCORE_REALM_SIZE]);

/*
 * SHA-256 of the realm followed by the token's bytes.  Same codes.
 */

int procore_digest_token(const unsigned char realm[PROCORE_REALM_SIZE],
    const unsigned char *token, size_t len,
    unsigned char digest[PROCORE_DIGEST_SIZE]);

/*
 * "len" random bytes fit for keys, from the kernel (getrandom(2)).  May be
 * called in any thread.  PROCORE_OK or PROCORE_ERROR.
 */

int procore_random(unsigned char *out, size_t len);


#endif /* PROCORE_DIGEST_H */

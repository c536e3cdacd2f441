
/*
 * Sealing: what the authorization relay and the chooser keep, so that it can be
 * read only with a secret that the store does not have.
 */


#ifndef PROCORE_SEAL_H
#define PROCORE_SEAL_H


#include "procore_digest.h"


#define PROCORE_SEAL_KEY       32    /* AES-256 */
#define PROCORE_SEAL_NONCE     12
#define PROCORE_SEAL_TAG       16
#define PROCORE_SEAL_OVERHEAD  (PROCORE_SEAL_NONCE + PROCORE_SEAL_TAG)

/* More than any kept answer and list of companies together. */

#define PROCORE_SEAL_MAX       (1024 * 1024)


/*
 * AES-256-GCM (NIST SP 800-38D) with a random nonce, which stands first, and
 * the tag, which stands last.  "bound" is authenticated, not kept.  "out" has
 * room for len + PROCORE_SEAL_OVERHEAD bytes, all of which are set; it must not
 * overlap "data".  Returns PROCORE_OK; PROCORE_TOO_LARGE above
 * PROCORE_SEAL_MAX; PROCORE_ERROR (the library failed).
 */

int procore_seal(const unsigned char key[PROCORE_SEAL_KEY],
    const procore_str_t *bound, const unsigned char *data, size_t len,
    unsigned char *out);

/*
 * Opens "len" sealed bytes.  "out" has room for len - PROCORE_SEAL_OVERHEAD
 * bytes, and may be sealed + PROCORE_SEAL_NONCE but not overlap "sealed" in any
 * other way; *out_len tells how many were set.  Returns PROCORE_OK;
 * PROCORE_MALFORMED (too short, another key, "bound" or a changed byte: nothing
 * of "out" may be used); PROCORE_TOO_LARGE; PROCORE_ERROR.
 */

int procore_unseal(const unsigned char key[PROCORE_SEAL_KEY],
    const procore_str_t *bound, const unsigned char *sealed, size_t len,
    unsigned char *out, size_t *out_len);

/*
 * HKDF with SHA-256 (RFC 5869), no salt: "len" bytes (255 * 32 at most) from a
 * secret, for the purpose that the NUL-terminated "info" names.  Returns
 * PROCORE_OK or PROCORE_ERROR.
 */

int procore_derive(const unsigned char *secret, size_t secret_len,
    const char *info, unsigned char *out, size_t len);

/* SHA-256 (FIPS 180-4) of "len" bytes.  Returns PROCORE_OK or PROCORE_ERROR. */

int procore_sha256(const unsigned char *data, size_t len,
    unsigned char digest[PROCORE_DIGEST_SIZE]);

/*
 * Are the two equal (1) or not (0)?  The time taken tells nothing but whether
 * their lengths differ.
 */

int procore_equal(const procore_str_t *one, const procore_str_t *other);

/* Overwrites a secret in a way that the compiler may not leave out. */

void procore_wipe(void *data, size_t len);

/*
 * base64url without padding (RFC 4648, section 5).  Encoding sets
 * PROCORE_BASE64URL(len) bytes.  Decoding sets at most len / 4 * 3 + 2 bytes,
 * *out_len tells; it returns PROCORE_OK or PROCORE_MALFORMED: padding, another
 * character, an impossible length, bits set that encode nothing.
 */

#define PROCORE_BASE64URL(len)  (((len) * 4 + 2) / 3)

void procore_base64url(const unsigned char *data, size_t len,
    unsigned char *out);
int procore_base64url_decode(const unsigned char *data, size_t len,
    unsigned char *out, size_t *out_len);

/* 2 * len lower-case hexadecimal digits; no NUL. */

void procore_hex_write(const unsigned char *data, size_t len,
    unsigned char *out);

/*
 * Reads exactly 2 * len lower-case digits.  Returns PROCORE_OK or
 * PROCORE_MALFORMED (another length, another character, upper case).
 */

int procore_hex_read(const procore_str_t *text, unsigned char *out,
    size_t len);


#endif /* PROCORE_SEAL_H */

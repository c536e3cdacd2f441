
/*
 * The cookie of one authorization (RFC 6265bis).
 */


#ifndef PROCORE_COOKIE_H
#define PROCORE_COOKIE_H


#include "procore_out.h"
#include "procore_relay.h"


/* "__Host-procore-scope-" and 12 digits of the id; without it on loopback. */

#define PROCORE_COOKIE_NAME  (sizeof("__Host-procore-scope-") - 1 + 12)


/*
 * The name; "secure" is 0 where the callback is http on loopback.  Sets at most
 * PROCORE_COOKIE_NAME bytes and returns how many.
 */

size_t procore_cookie_name(const unsigned char id[PROCORE_RELAY_ID],
    int secure, unsigned char *out);

/*
 * The value: the packed authorization under "key", with its name and the
 * location's scope authenticated, in base64url.  "memory" is for the packed and
 * sealed bytes, of procore_cookie_memory() bytes.  Returns PROCORE_OK;
 * PROCORE_TOO_LARGE: with its name it has more than PROCORE_RELAY_COOKIE_MAX
 * bytes; PROCORE_ERROR.
 */

size_t procore_cookie_memory(const procore_relay_t *relay);
int procore_cookie_seal(const unsigned char key[PROCORE_SEAL_KEY],
    const unsigned char scope[PROCORE_RELAY_SCOPE], int secure,
    const procore_relay_t *relay, unsigned char *memory, procore_out_t *out);

/*
 * Opens a value; "memory" has as many bytes as the value, and keeps the texts.
 * Returns PROCORE_OK, PROCORE_MALFORMED (cut, changed, renamed, from another
 * key or location, of another id) or PROCORE_ERROR.
 */

int procore_cookie_open(const unsigned char key[PROCORE_SEAL_KEY],
    const unsigned char scope[PROCORE_RELAY_SCOPE], int secure,
    const unsigned char id[PROCORE_RELAY_ID], const procore_str_t *value,
    unsigned char *memory, procore_relay_t *relay);

/*
 * The same, of whatever id: "name" is one that procore_cookie_next() has found.
 */

int procore_cookie_any(const unsigned char key[PROCORE_SEAL_KEY],
    const unsigned char scope[PROCORE_RELAY_SCOPE], int secure,
    const procore_str_t *name, const procore_str_t *value,
    unsigned char *memory, procore_relay_t *relay);

/*
 * One of our cookies in a header Cookie, or in the rest of it: PROCORE_OK with
 * name and value (pointing into *rest, which becomes what follows), or
 * PROCORE_NOT_FOUND.  Cookies of others are passed over.
 */

int procore_cookie_next(procore_str_t *rest, int secure, procore_str_t *name,
    procore_str_t *value);

/*
 * Writes a Set-Cookie: Secure (unless on loopback), HttpOnly, SameSite=Lax,
 * Path=/, Max-Age; with "max_age" 0 it expires.
 */

void procore_cookie_set(procore_out_t *out, const procore_str_t *name,
    const procore_str_t *value, int secure, unsigned max_age);


#endif /* PROCORE_COOKIE_H */

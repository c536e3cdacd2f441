
#include <string.h>

#include "procore_cookie.h"


#define PROCORE_COOKIE_DIGITS  12
#define PROCORE_COOKIE_BOUND   (PROCORE_COOKIE_NAME + PROCORE_RELAY_SCOPE)


static const procore_str_t  procore_cookie_secure =
    procore_str("__Host-procore-scope-");
static const procore_str_t  procore_cookie_loopback =
    procore_str("procore-scope-");


static const procore_str_t *
procore_cookie_prefix(int secure)
{
    return secure ? &procore_cookie_secure : &procore_cookie_loopback;
}


size_t
procore_cookie_name(const unsigned char id[PROCORE_RELAY_ID], int secure,
    unsigned char *out)
{
    const procore_str_t  *prefix;

    prefix = procore_cookie_prefix(secure);

    memcpy(out, prefix->data, prefix->len);
    procore_hex_write(id, PROCORE_COOKIE_DIGITS / 2, out + prefix->len);

    return prefix->len + PROCORE_COOKIE_DIGITS;
}


/* What is authenticated with a value: its name, then the location's scope. */

static void
procore_cookie_bound(const unsigned char *scope, const unsigned char *id,
    int secure, unsigned char *memory, procore_str_t *bound)
{
    size_t  len;

    len = procore_cookie_name(id, secure, memory);
    memcpy(memory + len, scope, PROCORE_RELAY_SCOPE);

    bound->data = memory;
    bound->len = len + PROCORE_RELAY_SCOPE;
}


size_t
procore_cookie_memory(const procore_relay_t *relay)
{
    return 2 * procore_relay_size(relay) + PROCORE_SEAL_OVERHEAD;
}


/* Three bytes are four characters: the pieces join to one text. */

static void
procore_cookie_encode(procore_out_t *out, const unsigned char *data, size_t len)
{
    size_t         i, n;
    unsigned char  text[PROCORE_BASE64URL(3)];

    for (i = 0; i < len; i += n) {
        n = len - i < 3 ? len - i : 3;

        procore_base64url(data + i, n, text);
        procore_out(out, text, PROCORE_BASE64URL(n));
    }
}


int
procore_cookie_seal(const unsigned char key[PROCORE_SEAL_KEY],
    const unsigned char scope[PROCORE_RELAY_SCOPE], int secure,
    const procore_relay_t *relay, unsigned char *memory, procore_out_t *out)
{
    int             rc;
    size_t          size, sealed_len;
    procore_str_t   bound;
    unsigned char  *sealed, bytes[PROCORE_COOKIE_BOUND];

    size = procore_relay_size(relay);

    if (size > PROCORE_RELAY_COOKIE_MAX) {
        return PROCORE_TOO_LARGE;
    }

    procore_cookie_bound(scope, relay->id, secure, bytes, &bound);

    sealed = memory + size;
    sealed_len = size + PROCORE_SEAL_OVERHEAD;

    if (bound.len - PROCORE_RELAY_SCOPE + sizeof("=") - 1
        + PROCORE_BASE64URL(sealed_len)
        > PROCORE_RELAY_COOKIE_MAX)
    {
        return PROCORE_TOO_LARGE;
    }

    procore_relay_pack(relay, memory);
    rc = procore_seal(key, &bound, memory, size, sealed);
    procore_wipe(memory, size);

    if (rc == PROCORE_OK) {
        procore_cookie_encode(out, sealed, sealed_len);
    }

    return rc;
}


/* Of the id, the digits of the name count. */

static int
procore_cookie_unseal(const unsigned char *key, const unsigned char *scope,
    int secure, const unsigned char *id, const procore_str_t *value,
    unsigned char *memory, procore_relay_t *relay)
{
    int             rc;
    size_t          len;
    procore_str_t   bound;
    unsigned char  *text, bytes[PROCORE_COOKIE_BOUND];

    if (value->len > PROCORE_RELAY_COOKIE_MAX
        || procore_base64url_decode(value->data, value->len, memory, &len)
           != PROCORE_OK
        || len < PROCORE_SEAL_OVERHEAD)
    {
        return PROCORE_MALFORMED;
    }

    procore_cookie_bound(scope, id, secure, bytes, &bound);

    text = memory + PROCORE_SEAL_NONCE;
    rc = procore_unseal(key, &bound, memory, len, text, &len);

    return rc == PROCORE_OK ? procore_relay_unpack(relay, text, len) : rc;
}


int
procore_cookie_open(const unsigned char key[PROCORE_SEAL_KEY],
    const unsigned char scope[PROCORE_RELAY_SCOPE], int secure,
    const unsigned char id[PROCORE_RELAY_ID], const procore_str_t *value,
    unsigned char *memory, procore_relay_t *relay)
{
    int  rc;

    rc = procore_cookie_unseal(key, scope, secure, id, value, memory, relay);

    /* the name has no more than the first digits of the id */

    if (rc == PROCORE_OK && memcmp(relay->id, id, PROCORE_RELAY_ID) != 0) {
        return PROCORE_MALFORMED;
    }

    return rc;
}


int
procore_cookie_any(const unsigned char key[PROCORE_SEAL_KEY],
    const unsigned char scope[PROCORE_RELAY_SCOPE], int secure,
    const procore_str_t *name, const procore_str_t *value,
    unsigned char *memory, procore_relay_t *relay)
{
    procore_str_t  digits;
    unsigned char  id[PROCORE_COOKIE_DIGITS / 2];

    if (name->len < PROCORE_COOKIE_DIGITS) {
        return PROCORE_MALFORMED;
    }

    digits.data = name->data + name->len - PROCORE_COOKIE_DIGITS;
    digits.len = PROCORE_COOKIE_DIGITS;

    if (procore_hex_read(&digits, id, sizeof(id)) != PROCORE_OK) {
        return PROCORE_MALFORMED;
    }

    return procore_cookie_unseal(key, scope, secure, id, value, memory, relay);
}


static int
procore_cookie_is_ours(const procore_str_t *name, int secure)
{
    procore_str_t         digits;
    unsigned char         bytes[PROCORE_COOKIE_DIGITS / 2];
    const procore_str_t  *prefix;

    prefix = procore_cookie_prefix(secure);

    if (name->len != prefix->len + PROCORE_COOKIE_DIGITS
        || memcmp(name->data, prefix->data, prefix->len) != 0)
    {
        return 0;
    }

    digits.data = name->data + prefix->len;
    digits.len = PROCORE_COOKIE_DIGITS;

    return procore_hex_read(&digits, bytes, sizeof(bytes)) == PROCORE_OK;
}


static void
procore_cookie_trim(procore_str_t *text)
{
    while (text->len != 0 && (text->data[0] == ' ' || text->data[0] == '\t')) {
        text->data++;
        text->len--;
    }

    while (text->len != 0 && (text->data[text->len - 1] == ' '
                              || text->data[text->len - 1] == '\t'))
    {
        text->len--;
    }
}


int
procore_cookie_next(procore_str_t *rest, int secure, procore_str_t *name,
    procore_str_t *value)
{
    procore_str_t         pair;
    const unsigned char  *p;

    while (rest->len != 0) {
        pair = *rest;
        p = memchr(pair.data, ';', pair.len);

        if (p != NULL) {
            pair.len = (size_t) (p - pair.data);
            rest->data = p + 1;
            rest->len -= pair.len + 1;

        } else {
            rest->data += pair.len;
            rest->len = 0;
        }

        procore_cookie_trim(&pair);

        p = pair.len != 0 ? memchr(pair.data, '=', pair.len) : NULL;

        if (p == NULL) {
            continue;
        }

        name->data = pair.data;
        name->len = (size_t) (p - pair.data);
        value->data = p + 1;
        value->len = pair.len - name->len - 1;

        if (procore_cookie_is_ours(name, secure)) {
            return PROCORE_OK;
        }
    }

    return PROCORE_NOT_FOUND;
}


void
procore_cookie_set(procore_out_t *out, const procore_str_t *name,
    const procore_str_t *value, int secure, unsigned max_age)
{
    procore_out(out, name->data, name->len);
    procore_out_text(out, "=");
    procore_out(out, value->data, value->len);
    procore_out_text(out, "; Path=/; Max-Age=");
    procore_out_number(out, max_age);
    procore_out_text(out, "; HttpOnly; SameSite=Lax");

    if (secure) {
        procore_out_text(out, "; Secure");
    }
}

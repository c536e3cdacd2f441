
#include <string.h>

#include "procore_choose.h"


#define PROCORE_CHOOSE_BYTES   16

/* Key, scope, digest of the token, window: fields of fixed length. */

#define PROCORE_CHOOSE_INPUT                                                  \
    (PROCORE_SEAL_KEY + PROCORE_RELAY_SCOPE + PROCORE_DIGEST_SIZE + 8)


int
procore_choose_link(const unsigned char key[PROCORE_SEAL_KEY],
    const unsigned char scope[PROCORE_RELAY_SCOPE],
    const procore_str_t *token, uint64_t window,
    unsigned char link[PROCORE_CHOOSE_LINK])
{
    int             rc;
    size_t          i;
    unsigned char  *p;
    unsigned char   input[PROCORE_CHOOSE_INPUT], bytes[PROCORE_CHOOSE_BYTES];

    p = input;

    memcpy(p, key, PROCORE_SEAL_KEY);
    p += PROCORE_SEAL_KEY;

    memcpy(p, scope, PROCORE_RELAY_SCOPE);
    p += PROCORE_RELAY_SCOPE;

    /* without the realm: another digest than the one that the store has */

    if (procore_sha256(token->data, token->len, p) != PROCORE_OK) {
        procore_wipe(input, sizeof(input));
        return PROCORE_ERROR;
    }

    p += PROCORE_DIGEST_SIZE;

    for (i = 8; i != 0; i--) {
        p[i - 1] = (unsigned char) (window & 0xff);
        window >>= 8;
    }

    rc = procore_derive(input, sizeof(input), "procore-scope link", bytes,
                        sizeof(bytes));
    procore_wipe(input, sizeof(input));

    if (rc == PROCORE_OK) {
        procore_base64url(bytes, sizeof(bytes), link);
    }

    procore_wipe(bytes, sizeof(bytes));

    return rc;
}


int
procore_choose_is_link(const procore_str_t *text)
{
    size_t         len;
    unsigned char  bytes[PROCORE_CHOOSE_LINK / 4 * 3 + 2];

    return text->len == PROCORE_CHOOSE_LINK
           && procore_base64url_decode(text->data, text->len, bytes, &len)
              == PROCORE_OK;
}


int
procore_choose_secret(const procore_str_t *link,
    unsigned char secret[PROCORE_RELAY_SECRET])
{
    return procore_derive(link->data, link->len, "procore-scope chooser",
                          secret, PROCORE_RELAY_SECRET);
}


int
procore_choose_pick(procore_choose_e last, procore_choose_e present,
    unsigned *back)
{
    *back = 0;

    if (present == PROCORE_CHOOSE_LIVE) {
        return PROCORE_OK;
    }

    if (present == PROCORE_CHOOSE_USED) {
        return PROCORE_CONFLICT;
    }

    if (last == PROCORE_CHOOSE_LIVE) {
        *back = 1;
        return PROCORE_OK;
    }

    return PROCORE_NOT_FOUND;
}


/*
 * The audit chain: keys and seals.
 */


#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "procore_chain.h"


/* The nesting of the steps: index = ((a * 4096) + b) * 4096 + c. */

#define PROCORE_CHAIN_BITS   12
#define PROCORE_CHAIN_STEPS  ((uint64_t) 1 << PROCORE_CHAIN_BITS)

#define procore_chain_put(p, text)                                            \
    procore_chain_copy(p, text, sizeof(text) - 1)


struct procore_chain_s {
    unsigned char   id[PROCORE_CHAIN_ID];
    unsigned char   key_id[PROCORE_CHAIN_KEY_ID];
    unsigned char   next_a[PROCORE_CHAIN_ROOT];   /* A(a + 1) */
    unsigned char   next_b[PROCORE_CHAIN_ROOT];   /* B(b + 1) */
    unsigned char   key[PROCORE_CHAIN_ROOT];      /* K of the next record */
    unsigned char   previous[PROCORE_CHAIN_MAC];
    uint64_t        index;                        /* sequence - 1 */
    uint64_t        after;
    EVP_MAC_CTX    *mac;                          /* has "key" already */
    EVP_MD_CTX     *md;
    EVP_MD         *sha256;
};


static int
procore_chain_hmac(EVP_MAC_CTX *ctx, const unsigned char *key, size_t key_len,
    const unsigned char *data, size_t len, unsigned char *out)
{
    size_t  n;

    if (EVP_MAC_init(ctx, key, key_len, NULL) != 1
        || EVP_MAC_update(ctx, data, len) != 1
        || EVP_MAC_final(ctx, out, &n, PROCORE_CHAIN_ROOT) != 1
        || n != PROCORE_CHAIN_ROOT)
    {
        return PROCORE_ERROR;
    }

    return PROCORE_OK;
}


static EVP_MAC_CTX *
procore_chain_mac_ctx(void)
{
    EVP_MAC      *mac;
    OSSL_PARAM    params[2];
    EVP_MAC_CTX  *ctx;
    static const char  digest[] = "SHA256";

    mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    if (mac == NULL) {
        return NULL;
    }

    ctx = EVP_MAC_CTX_new(mac);
    EVP_MAC_free(mac);

    if (ctx == NULL) {
        return NULL;
    }

    params[0] = OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST,
                                        (char *) (uintptr_t) digest, 0);
    params[1] = OSSL_PARAM_construct_end();

    if (EVP_MAC_CTX_set_params(ctx, params) != 1) {
        EVP_MAC_CTX_free(ctx);
        return NULL;
    }

    return ctx;
}


int
procore_chain_key(const unsigned char *text, size_t len,
    procore_chain_key_t *key)
{
    int            rc;
    EVP_MAC_CTX   *ctx;
    unsigned char  id[PROCORE_CHAIN_ROOT];
    static const unsigned char  id_label[] = "procore-scope audit key id";
    static const unsigned char  root_label[] = "procore-scope audit chains";

    while (len && (text[len - 1] == '\n' || text[len - 1] == '\r'
                   || text[len - 1] == ' ' || text[len - 1] == '\t'))
    {
        len--;
    }

    if (len < PROCORE_CHAIN_TEXT_MIN) {
        return PROCORE_MALFORMED;
    }

    ctx = procore_chain_mac_ctx();
    if (ctx == NULL) {
        return PROCORE_ERROR;
    }

    rc = procore_chain_hmac(ctx, text, len, id_label, sizeof(id_label) - 1, id);

    if (rc == PROCORE_OK) {
        memcpy(key->id, id, PROCORE_CHAIN_KEY_ID);
        rc = procore_chain_hmac(ctx, text, len, root_label,
                                sizeof(root_label) - 1, key->root);
    }

    EVP_MAC_CTX_free(ctx);

    return rc;
}


procore_chain_t *
procore_chain_new(const procore_chain_key_t *key,
    const unsigned char id[PROCORE_CHAIN_ID])
{
    procore_chain_t  *chain;

    chain = calloc(1, sizeof(procore_chain_t));
    if (chain == NULL) {
        return NULL;
    }

    memcpy(chain->id, id, PROCORE_CHAIN_ID);
    memcpy(chain->key_id, key->id, PROCORE_CHAIN_KEY_ID);

    chain->mac = procore_chain_mac_ctx();
    chain->md = EVP_MD_CTX_new();
    chain->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);

    if (chain->mac == NULL || chain->md == NULL || chain->sha256 == NULL
        || EVP_DigestInit_ex(chain->md, chain->sha256, NULL) != 1
        || procore_chain_seek(chain, key, 1) != PROCORE_OK)
    {
        procore_chain_free(chain);
        return NULL;
    }

    return chain;
}


void
procore_chain_free(procore_chain_t *chain)
{
    if (chain == NULL) {
        return;
    }

    EVP_MAC_CTX_free(chain->mac);
    EVP_MD_CTX_free(chain->md);
    EVP_MD_free(chain->sha256);

    OPENSSL_cleanse(chain, sizeof(procore_chain_t));
    free(chain);
}


/* "way": 'n', the next one of the same level; 'd', the first one below. */

static int
procore_chain_step(procore_chain_t *chain, unsigned char way,
    const unsigned char *from, unsigned char *to)
{
    unsigned char  in[1 + PROCORE_CHAIN_ROOT];

    in[0] = way;
    memcpy(in + 1, from, PROCORE_CHAIN_ROOT);

    if (EVP_DigestInit_ex(chain->md, NULL, NULL) != 1
        || EVP_DigestUpdate(chain->md, in, sizeof(in)) != 1
        || EVP_DigestFinal_ex(chain->md, to, NULL) != 1)
    {
        return PROCORE_ERROR;
    }

    OPENSSL_cleanse(in, sizeof(in));

    return PROCORE_OK;
}


static int
procore_chain_steps(procore_chain_t *chain, unsigned char *key, uint64_t n)
{
    while (n--) {
        if (procore_chain_step(chain, 'n', key, key) != PROCORE_OK) {
            return PROCORE_ERROR;
        }
    }

    return PROCORE_OK;
}


/* From B(b), in chain->next_b, to K of its first record and B(b + 1). */

static int
procore_chain_enter_b(procore_chain_t *chain)
{
    return procore_chain_step(chain, 'd', chain->next_b, chain->key)
               == PROCORE_OK
           && procore_chain_step(chain, 'n', chain->next_b, chain->next_b)
               == PROCORE_OK
           ? PROCORE_OK : PROCORE_ERROR;
}


/* From A(a), in chain->next_a, to B(0) and A(a + 1). */

static int
procore_chain_enter_a(procore_chain_t *chain)
{
    return procore_chain_step(chain, 'd', chain->next_a, chain->next_b)
               == PROCORE_OK
           && procore_chain_step(chain, 'n', chain->next_a, chain->next_a)
               == PROCORE_OK
           ? PROCORE_OK : PROCORE_ERROR;
}


/*
 * The library keeps a copy of the key that it was given last: so that this is
 * never one that has sealed something, it is given the next one at once.
 */

static int
procore_chain_arm(procore_chain_t *chain)
{
    return EVP_MAC_init(chain->mac, chain->key, PROCORE_CHAIN_ROOT, NULL) == 1
           ? PROCORE_OK : PROCORE_ERROR;
}


int
procore_chain_seek(procore_chain_t *chain, const procore_chain_key_t *key,
    uint64_t sequence)
{
    uint64_t       index;
    unsigned char  start[5 + PROCORE_CHAIN_ID];

    if (sequence == 0 || sequence > PROCORE_CHAIN_RECORDS) {
        return PROCORE_ERROR;
    }

    index = sequence - 1;

    memcpy(start, "chain", 5);
    memcpy(start + 5, chain->id, PROCORE_CHAIN_ID);

    if (procore_chain_hmac(chain->mac, key->root, PROCORE_CHAIN_ROOT, start,
                           sizeof(start), chain->next_a)
        != PROCORE_OK
        || procore_chain_steps(chain, chain->next_a,
                               index >> (2 * PROCORE_CHAIN_BITS))
           != PROCORE_OK
        || procore_chain_enter_a(chain) != PROCORE_OK
        || procore_chain_steps(chain, chain->next_b,
                               (index >> PROCORE_CHAIN_BITS)
                               % PROCORE_CHAIN_STEPS)
           != PROCORE_OK
        || procore_chain_enter_b(chain) != PROCORE_OK
        || procore_chain_steps(chain, chain->key, index % PROCORE_CHAIN_STEPS)
           != PROCORE_OK)
    {
        return PROCORE_ERROR;
    }

    chain->index = index;

    return procore_chain_arm(chain);
}


static int
procore_chain_advance(procore_chain_t *chain)
{
    chain->index++;

    if (chain->index % PROCORE_CHAIN_STEPS) {
        return procore_chain_step(chain, 'n', chain->key, chain->key);
    }

    if ((chain->index >> PROCORE_CHAIN_BITS) % PROCORE_CHAIN_STEPS == 0
        && procore_chain_enter_a(chain) != PROCORE_OK)
    {
        return PROCORE_ERROR;
    }

    return procore_chain_enter_b(chain);
}


uint64_t
procore_chain_sequence(const procore_chain_t *chain)
{
    return chain->index + 1;
}


int
procore_chain_mac(procore_chain_t *chain, const unsigned char *data, size_t len,
    unsigned char mac[PROCORE_CHAIN_MAC])
{
    size_t         n;
    unsigned char  out[PROCORE_CHAIN_ROOT];

    if (chain->index >= PROCORE_CHAIN_RECORDS) {
        return PROCORE_TOO_LARGE;
    }

    if (EVP_MAC_update(chain->mac, data, len) != 1
        || EVP_MAC_final(chain->mac, out, &n, sizeof(out)) != 1
        || n != PROCORE_CHAIN_ROOT)
    {
        return PROCORE_ERROR;
    }

    memcpy(mac, out, PROCORE_CHAIN_MAC);

    return procore_chain_advance(chain) == PROCORE_OK ? procore_chain_arm(chain)
                                                      : PROCORE_ERROR;
}


static unsigned char *
procore_chain_copy(unsigned char *p, const char *text, size_t len)
{
    memcpy(p, text, len);

    return p + len;
}


static unsigned char *
procore_chain_hex(unsigned char *p, const unsigned char *data, size_t len)
{
    size_t  i;

    static const char  digits[] = "0123456789abcdef";

    for (i = 0; i < len; i++) {
        *p++ = (unsigned char) digits[data[i] >> 4];
        *p++ = (unsigned char) digits[data[i] & 15];
    }

    return p;
}


static unsigned char *
procore_chain_number(unsigned char *p, uint64_t number)
{
    size_t         n;
    unsigned char  digits[20];

    n = sizeof(digits);

    do {
        digits[--n] = (unsigned char) ('0' + number % 10);
        number /= 10;
    } while (number);

    memcpy(p, digits + n, sizeof(digits) - n);

    return p + sizeof(digits) - n;
}


unsigned char *
procore_chain_seal(procore_chain_t *chain, const unsigned char *start,
    unsigned char *p, const procore_chain_say_t *say)
{
    unsigned char  mac[PROCORE_CHAIN_MAC];

    p = procore_chain_put(p, ",\"chain\":{\"id\":\"");
    p = procore_chain_hex(p, chain->id, PROCORE_CHAIN_ID);
    p = procore_chain_put(p, "\",\"key\":\"");
    p = procore_chain_hex(p, chain->key_id, PROCORE_CHAIN_KEY_ID);
    p = procore_chain_put(p, "\",\"previous\":\"");
    p = procore_chain_hex(p, chain->previous, PROCORE_CHAIN_MAC);
    p = procore_chain_put(p, "\",\"after\":");
    p = procore_chain_number(p, chain->after);
    p = procore_chain_put(p, ",\"lost\":");
    p = procore_chain_number(p, say->lost);

    if (say->seen) {
        p = procore_chain_put(p, ",\"seen\":{\"id\":\"");
        p = procore_chain_hex(p, say->seen->id, PROCORE_CHAIN_ID);
        p = procore_chain_put(p, "\",\"sequence\":");
        p = procore_chain_number(p, say->seen->sequence);
        p = procore_chain_put(p, ",\"at\":");
        p = procore_chain_number(p, say->seen->at);
        p = procore_chain_put(p, "},\"mac\":\"");

    } else {
        p = procore_chain_put(p, ",\"seen\":null,\"mac\":\"");
    }

    if (procore_chain_mac(chain, start, (size_t) (p - start), mac)
        != PROCORE_OK)
    {
        return NULL;
    }

    memcpy(chain->previous, mac, PROCORE_CHAIN_MAC);
    chain->after = say->at;

    p = procore_chain_hex(p, mac, PROCORE_CHAIN_MAC);

    return procore_chain_put(p, "\"}}}");
}

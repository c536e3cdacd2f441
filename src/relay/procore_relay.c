
#include <string.h>

#include "procore_out.h"
#include "procore_relay.h"


/*
 * A record begins with its version, so that another one is never misread; then
 * id, secret, numbers, flags and texts, big-endian.  A text has its length
 * before it, and one more than that, so that 0 stands for none.
 */

#define PROCORE_RELAY_VERSION  1
#define PROCORE_RELAY_NUMBERS  4
#define PROCORE_RELAY_TEXTS    10
#define PROCORE_RELAY_LENGTH   4
#define PROCORE_RELAY_FIXED    (1 + PROCORE_RELAY_ID + PROCORE_RELAY_SECRET  \
                                + PROCORE_RELAY_NUMBERS * 8 + 1)

#define PROCORE_RELAY_KNOWN    0x01
#define PROCORE_RELAY_PARTIAL  0x02
#define PROCORE_RELAY_FORWARD  0x04
#define PROCORE_RELAY_FLAGS    0x07

#define PROCORE_RELAY_PREFIX   4       /* "psg_" */


/* Where texts stand in a record, in order. */

static const size_t  procore_relay_texts[PROCORE_RELAY_TEXTS] = {
    offsetof(procore_relay_t, client),
    offsetof(procore_relay_t, redirect_uri),
    offsetof(procore_relay_t, state),
    offsetof(procore_relay_t, challenge),
    offsetof(procore_relay_t, answer),
    offsetof(procore_relay_t, verifier),
    offsetof(procore_relay_t, login),
    offsetof(procore_relay_t, name),
    offsetof(procore_relay_t, companies),
    offsetof(procore_relay_t, token)
};


static const procore_str_t *
procore_relay_text(const procore_relay_t *relay, size_t i)
{
    const unsigned char  *p = (const unsigned char *) relay;

    return (const procore_str_t *) (const void *) (p + procore_relay_texts[i]);
}


static unsigned char *
procore_relay_put(unsigned char *p, uint64_t number, size_t bytes)
{
    size_t  i;

    for (i = bytes; i != 0; i--) {
        p[i - 1] = (unsigned char) (number & 0xff);
        number >>= 8;
    }

    return p + bytes;
}


static uint64_t
procore_relay_get(const unsigned char **p, size_t bytes)
{
    uint64_t  number;

    for (number = 0; bytes != 0; bytes--) {
        number = number << 8 | *(*p)++;
    }

    return number;
}


size_t
procore_relay_size(const procore_relay_t *relay)
{
    size_t                i, size;
    const procore_str_t  *text;

    size = PROCORE_RELAY_FIXED + PROCORE_RELAY_TEXTS * PROCORE_RELAY_LENGTH;

    for (i = 0; i < PROCORE_RELAY_TEXTS; i++) {
        text = procore_relay_text(relay, i);

        if (text->data != NULL) {
            size += text->len;
        }
    }

    return size;
}


void
procore_relay_pack(const procore_relay_t *relay, unsigned char *out)
{
    size_t                i;
    const procore_str_t  *text;

    *out++ = PROCORE_RELAY_VERSION;

    memcpy(out, relay->id, PROCORE_RELAY_ID);
    out += PROCORE_RELAY_ID;

    memcpy(out, relay->secret, PROCORE_RELAY_SECRET);
    out += PROCORE_RELAY_SECRET;

    out = procore_relay_put(out, relay->started_at, 8);
    out = procore_relay_put(out, relay->received_at, 8);
    out = procore_relay_put(out, relay->user, 8);
    out = procore_relay_put(out, relay->company, 8);

    *out++ = (unsigned char) ((relay->known ? PROCORE_RELAY_KNOWN : 0)
                              | (relay->partial ? PROCORE_RELAY_PARTIAL : 0)
                              | (relay->forward ? PROCORE_RELAY_FORWARD : 0));

    for (i = 0; i < PROCORE_RELAY_TEXTS; i++) {
        text = procore_relay_text(relay, i);

        if (text->data == NULL) {
            out = procore_relay_put(out, 0, PROCORE_RELAY_LENGTH);
            continue;
        }

        out = procore_relay_put(out, (uint64_t) text->len + 1,
                                PROCORE_RELAY_LENGTH);

        if (text->len != 0) {
            memcpy(out, text->data, text->len);
            out += text->len;
        }
    }
}


static int
procore_relay_unpack_text(procore_str_t *text, const unsigned char **p,
    const unsigned char *end)
{
    uint64_t  len;

    if (end - *p < PROCORE_RELAY_LENGTH) {
        return PROCORE_MALFORMED;
    }

    len = procore_relay_get(p, PROCORE_RELAY_LENGTH);

    if (len == 0) {
        return PROCORE_OK;
    }

    len--;

    if (len > (uint64_t) (end - *p)) {
        return PROCORE_MALFORMED;
    }

    text->data = *p;
    text->len = (size_t) len;
    *p += len;

    return PROCORE_OK;
}


int
procore_relay_unpack(procore_relay_t *relay, const unsigned char *data,
    size_t len)
{
    size_t                i;
    unsigned              flags;
    procore_str_t         texts[PROCORE_RELAY_TEXTS];
    const unsigned char  *end;

    memset(relay, 0, sizeof(procore_relay_t));
    memset(texts, 0, sizeof(texts));

    if (len < PROCORE_RELAY_FIXED || *data++ != PROCORE_RELAY_VERSION) {
        return PROCORE_MALFORMED;
    }

    end = data + len - 1;

    memcpy(relay->id, data, PROCORE_RELAY_ID);
    data += PROCORE_RELAY_ID;

    memcpy(relay->secret, data, PROCORE_RELAY_SECRET);
    data += PROCORE_RELAY_SECRET;

    relay->started_at = procore_relay_get(&data, 8);
    relay->received_at = procore_relay_get(&data, 8);
    relay->user = procore_relay_get(&data, 8);
    relay->company = procore_relay_get(&data, 8);

    flags = *data++;

    relay->known = (flags & PROCORE_RELAY_KNOWN) != 0;
    relay->partial = (flags & PROCORE_RELAY_PARTIAL) != 0;
    relay->forward = (flags & PROCORE_RELAY_FORWARD) != 0;

    for (i = 0; i < PROCORE_RELAY_TEXTS; i++) {
        if (procore_relay_unpack_text(&texts[i], &data, end) != PROCORE_OK) {
            return PROCORE_MALFORMED;
        }

        memcpy((unsigned char *) relay + procore_relay_texts[i], &texts[i],
               sizeof(procore_str_t));
    }

    return data == end && (flags & ~(unsigned) PROCORE_RELAY_FLAGS) == 0
           ? PROCORE_OK : PROCORE_MALFORMED;
}


size_t
procore_relay_company_size(size_t len)
{
    return 8 + PROCORE_RELAY_LENGTH + len;
}


unsigned char *
procore_relay_company_write(unsigned char *out, uint64_t id,
    const procore_str_t *name)
{
    out = procore_relay_put(out, id, 8);
    out = procore_relay_put(out, name->len, PROCORE_RELAY_LENGTH);

    if (name->len != 0) {
        memcpy(out, name->data, name->len);
    }

    return out + name->len;
}


int
procore_relay_company_next(procore_str_t *list, uint64_t *id,
    procore_str_t *name)
{
    size_t                len, left;
    const unsigned char  *p;

    left = list->len;

    if (left < procore_relay_company_size(0)) {
        return PROCORE_NOT_FOUND;
    }

    p = list->data;
    *id = procore_relay_get(&p, 8);
    len = (size_t) procore_relay_get(&p, PROCORE_RELAY_LENGTH);
    left -= procore_relay_company_size(0);

    if (len > left) {
        return PROCORE_NOT_FOUND;
    }

    name->data = p;
    name->len = len;

    list->data = p + len;
    list->len = left - len;

    return PROCORE_OK;
}


int
procore_relay_scope(const procore_str_t *realm, const procore_str_t *login,
    const procore_str_t *callback, unsigned char scope[PROCORE_RELAY_SCOPE])
{
    unsigned char  digests[3 * PROCORE_DIGEST_SIZE];

    /* digests of fixed length: no text can run into the next one */

    if (procore_sha256(realm->data, realm->len, digests) != PROCORE_OK
        || procore_sha256(login->data, login->len,
                          digests + PROCORE_DIGEST_SIZE)
           != PROCORE_OK
        || procore_sha256(callback->data, callback->len,
                          digests + 2 * PROCORE_DIGEST_SIZE)
           != PROCORE_OK)
    {
        return PROCORE_ERROR;
    }

    return procore_sha256(digests, sizeof(digests), scope);
}


int
procore_relay_key(const unsigned char scope[PROCORE_RELAY_SCOPE],
    procore_relay_kind_e kind, const procore_str_t *name,
    unsigned char key[PROCORE_DIGEST_SIZE])
{
    unsigned char  text[PROCORE_RELAY_SCOPE + 1 + PROCORE_DIGEST_SIZE];

    memcpy(text, scope, PROCORE_RELAY_SCOPE);
    text[PROCORE_RELAY_SCOPE] = (unsigned char) kind;

    if (procore_sha256(name->data, name->len, text + PROCORE_RELAY_SCOPE + 1)
        != PROCORE_OK)
    {
        return PROCORE_ERROR;
    }

    return procore_sha256(text, sizeof(text), key);
}


static int
procore_relay_sealing_key(const procore_str_t *secret,
    unsigned char key[PROCORE_SEAL_KEY])
{
    return procore_derive(secret->data, secret->len, "procore-scope record",
                          key, PROCORE_SEAL_KEY);
}


int
procore_relay_seal(const procore_str_t *secret,
    const unsigned char key[PROCORE_DIGEST_SIZE], const unsigned char *data,
    size_t len, unsigned char *out)
{
    int            rc;
    procore_str_t  bound = { PROCORE_DIGEST_SIZE, key };
    unsigned char  sealing[PROCORE_SEAL_KEY];

    if (procore_relay_sealing_key(secret, sealing) != PROCORE_OK) {
        return PROCORE_ERROR;
    }

    rc = procore_seal(sealing, &bound, data, len, out);
    procore_wipe(sealing, sizeof(sealing));

    return rc;
}


int
procore_relay_unseal(const procore_str_t *secret,
    const unsigned char key[PROCORE_DIGEST_SIZE], const unsigned char *sealed,
    size_t len, unsigned char *out, size_t *out_len)
{
    int            rc;
    procore_str_t  bound = { PROCORE_DIGEST_SIZE, key };
    unsigned char  sealing[PROCORE_SEAL_KEY];

    if (procore_relay_sealing_key(secret, sealing) != PROCORE_OK) {
        return PROCORE_ERROR;
    }

    rc = procore_unseal(sealing, &bound, sealed, len, out, out_len);
    procore_wipe(sealing, sizeof(sealing));

    return rc;
}


int
procore_relay_verifier(const unsigned char secret[PROCORE_RELAY_SECRET],
    unsigned char verifier[43])
{
    unsigned char  bytes[PROCORE_DIGEST_SIZE];

    if (procore_derive(secret, PROCORE_RELAY_SECRET, "procore-scope verifier",
                       bytes, sizeof(bytes))
        != PROCORE_OK)
    {
        return PROCORE_ERROR;
    }

    procore_base64url(bytes, sizeof(bytes), verifier);
    procore_wipe(bytes, sizeof(bytes));

    return PROCORE_OK;
}


int
procore_relay_challenge(const procore_str_t *verifier,
    unsigned char challenge[43])
{
    unsigned char  digest[PROCORE_DIGEST_SIZE];

    if (procore_sha256(verifier->data, verifier->len, digest) != PROCORE_OK) {
        return PROCORE_ERROR;
    }

    procore_base64url(digest, sizeof(digest), challenge);

    return PROCORE_OK;
}


/* 64 digits derived from the browser secret. */

static int
procore_relay_digits(const unsigned char *secret, const char *info,
    unsigned char *digits)
{
    unsigned char  bytes[PROCORE_DIGEST_SIZE];

    if (procore_derive(secret, PROCORE_RELAY_SECRET, info, bytes,
                       sizeof(bytes))
        != PROCORE_OK)
    {
        return PROCORE_ERROR;
    }

    procore_hex_write(bytes, sizeof(bytes), digits);
    procore_wipe(bytes, sizeof(bytes));

    return PROCORE_OK;
}


int
procore_relay_code(const unsigned char secret[PROCORE_RELAY_SECRET],
    uint64_t company, unsigned char code[PROCORE_RELAY_CODE])
{
    char           info[64];       /* the words and 20 digits */
    procore_out_t  out = { (unsigned char *) info, sizeof(info) - 1, 0 };

    procore_out_text(&out, "procore-scope code ");
    procore_out_number(&out, company);
    info[out.len] = '\0';

    memcpy(code, "psg_", PROCORE_RELAY_PREFIX);

    return procore_relay_digits(secret, info, code + PROCORE_RELAY_PREFIX);
}


int
procore_relay_form(const unsigned char secret[PROCORE_RELAY_SECRET],
    unsigned char token[64])
{
    return procore_relay_digits(secret, "procore-scope form", token);
}


int
procore_relay_is_code(const procore_str_t *code)
{
    procore_str_t  digits;
    unsigned char  bytes[PROCORE_DIGEST_SIZE];

    if (code->len != PROCORE_RELAY_CODE
        || memcmp(code->data, "psg_", PROCORE_RELAY_PREFIX) != 0)
    {
        return 0;
    }

    digits.data = code->data + PROCORE_RELAY_PREFIX;
    digits.len = code->len - PROCORE_RELAY_PREFIX;

    return procore_hex_read(&digits, bytes, sizeof(bytes)) == PROCORE_OK;
}


int
procore_relay_audit(const unsigned char id[PROCORE_RELAY_ID],
    unsigned char digits[16])
{
    unsigned char  digest[PROCORE_DIGEST_SIZE];

    if (procore_sha256(id, PROCORE_RELAY_ID, digest) != PROCORE_OK) {
        return PROCORE_ERROR;
    }

    procore_hex_write(digest, 8, digits);

    return PROCORE_OK;
}

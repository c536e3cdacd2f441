
/*
 * AES-256-GCM, HKDF and SHA-256 from OpenSSL; base64url and hexadecimal text.
 */


#include <string.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include "procore_seal.h"


static const char  procore_seal_base64url[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static const char  procore_seal_hex[] = "0123456789abcdef";


/* A context with key and nonce, that has seen what is bound; or NULL. */

static EVP_CIPHER_CTX *
procore_seal_start(const unsigned char *key, const unsigned char *nonce,
    const procore_str_t *bound, int encrypt)
{
    int              n;
    EVP_CIPHER_CTX  *ctx;

    if (bound->len > PROCORE_SEAL_MAX) {
        return NULL;
    }

    ctx = EVP_CIPHER_CTX_new();
    if (ctx == NULL) {
        return NULL;
    }

    if (EVP_CipherInit_ex(ctx, EVP_aes_256_gcm(), NULL, key, nonce, encrypt)
        != 1
        || (bound->len != 0
            && EVP_CipherUpdate(ctx, NULL, &n, bound->data, (int) bound->len)
               != 1))
    {
        EVP_CIPHER_CTX_free(ctx);
        return NULL;
    }

    return ctx;
}


static int
procore_seal_text(EVP_CIPHER_CTX *ctx, const unsigned char *data, size_t len,
    unsigned char *out)
{
    int  n;

    return len == 0 || (EVP_CipherUpdate(ctx, out, &n, data, (int) len) == 1
                        && (size_t) n == len);
}


int
procore_seal(const unsigned char key[PROCORE_SEAL_KEY],
    const procore_str_t *bound, const unsigned char *data, size_t len,
    unsigned char *out)
{
    int              rc, n;
    unsigned char   *text;
    EVP_CIPHER_CTX  *ctx;

    if (len > PROCORE_SEAL_MAX) {
        return PROCORE_TOO_LARGE;
    }

    if (procore_random(out, PROCORE_SEAL_NONCE) != PROCORE_OK) {
        return PROCORE_ERROR;
    }

    ctx = procore_seal_start(key, out, bound, 1);
    if (ctx == NULL) {
        return PROCORE_ERROR;
    }

    text = out + PROCORE_SEAL_NONCE;
    rc = PROCORE_ERROR;

    if (procore_seal_text(ctx, data, len, text)
        && EVP_CipherFinal_ex(ctx, text + len, &n) == 1
        && EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, PROCORE_SEAL_TAG,
                               text + len)
           == 1)
    {
        rc = PROCORE_OK;
    }

    EVP_CIPHER_CTX_free(ctx);

    return rc;
}


int
procore_unseal(const unsigned char key[PROCORE_SEAL_KEY],
    const procore_str_t *bound, const unsigned char *sealed, size_t len,
    unsigned char *out, size_t *out_len)
{
    int                   rc, n;
    EVP_CIPHER_CTX       *ctx;
    unsigned char         tag[PROCORE_SEAL_TAG], end[EVP_MAX_BLOCK_LENGTH];
    const unsigned char  *text;

    *out_len = 0;

    if (len < PROCORE_SEAL_OVERHEAD) {
        return PROCORE_MALFORMED;
    }

    len -= PROCORE_SEAL_OVERHEAD;

    if (len > PROCORE_SEAL_MAX) {
        return PROCORE_TOO_LARGE;
    }

    ctx = procore_seal_start(key, sealed, bound, 0);
    if (ctx == NULL) {
        return PROCORE_ERROR;
    }

    text = sealed + PROCORE_SEAL_NONCE;
    memcpy(tag, text + len, sizeof(tag));

    if (!procore_seal_text(ctx, text, len, out)
        || EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, sizeof(tag), tag)
           != 1)
    {
        rc = PROCORE_ERROR;

    } else if (EVP_CipherFinal_ex(ctx, end, &n) != 1) {
        rc = PROCORE_MALFORMED;

    } else {
        *out_len = len;
        rc = PROCORE_OK;
    }

    EVP_CIPHER_CTX_free(ctx);

    return rc;
}


int
procore_derive(const unsigned char *secret, size_t secret_len,
    const char *info, unsigned char *out, size_t len)
{
    int           rc;
    EVP_KDF      *kdf;
    OSSL_PARAM    params[4];
    EVP_KDF_CTX  *ctx;

    /* OpenSSL's parameters are of a type without const; it only reads them */

    params[0] = OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST,
                                                 (char *) "SHA256", 0);
    params[1] = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY,
                                                  (void *) (uintptr_t) secret,
                                                  secret_len);
    params[2] = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO,
                                                  (void *) (uintptr_t) info,
                                                  strlen(info));
    params[3] = OSSL_PARAM_construct_end();

    kdf = EVP_KDF_fetch(NULL, OSSL_KDF_NAME_HKDF, NULL);
    ctx = EVP_KDF_CTX_new(kdf);
    EVP_KDF_free(kdf);

    rc = ctx != NULL && EVP_KDF_derive(ctx, out, len, params) == 1
         ? PROCORE_OK : PROCORE_ERROR;

    EVP_KDF_CTX_free(ctx);

    return rc;
}


int
procore_sha256(const unsigned char *data, size_t len,
    unsigned char digest[PROCORE_DIGEST_SIZE])
{
    return EVP_Digest(data, len, digest, NULL, EVP_sha256(), NULL) == 1
           ? PROCORE_OK : PROCORE_ERROR;
}


int
procore_equal(const procore_str_t *one, const procore_str_t *other)
{
    return one->len == other->len
           && (one->len == 0
               || CRYPTO_memcmp(one->data, other->data, one->len) == 0);
}


void
procore_wipe(void *data, size_t len)
{
    OPENSSL_cleanse(data, len);
}


void
procore_base64url(const unsigned char *data, size_t len, unsigned char *out)
{
    size_t    i;
    unsigned  bits, word;

    word = 0;
    bits = 0;

    for (i = 0; i < len; i++) {
        word = (word << 8 | data[i]) & 0xffff;
        bits += 8;

        while (bits >= 6) {
            bits -= 6;
            *out++ = (unsigned char) procore_seal_base64url[word >> bits & 63];
        }
    }

    if (bits != 0) {
        *out = (unsigned char) procore_seal_base64url[word << (6 - bits) & 63];
    }
}


static int
procore_seal_sextet(unsigned char c)
{
    if (c >= 'A' && c <= 'Z') {
        return c - 'A';
    }

    if (c >= 'a' && c <= 'z') {
        return c - 'a' + 26;
    }

    if (c >= '0' && c <= '9') {
        return c - '0' + 52;
    }

    return c == '-' ? 62 : c == '_' ? 63 : -1;
}


int
procore_base64url_decode(const unsigned char *data, size_t len,
    unsigned char *out, size_t *out_len)
{
    int             sextet;
    size_t          i;
    unsigned        bits, word;
    unsigned char  *p;

    *out_len = 0;
    p = out;
    word = 0;
    bits = 0;

    for (i = 0; i < len; i++) {
        sextet = procore_seal_sextet(data[i]);

        if (sextet < 0) {
            return PROCORE_MALFORMED;
        }

        word = (word << 6 | (unsigned) sextet) & 0xffff;
        bits += 6;

        if (bits >= 8) {
            bits -= 8;
            *p++ = (unsigned char) (word >> bits & 0xff);
        }
    }

    if (bits >= 6 || (word & ((1u << bits) - 1)) != 0) {
        return PROCORE_MALFORMED;
    }

    *out_len = (size_t) (p - out);

    return PROCORE_OK;
}


void
procore_hex_write(const unsigned char *data, size_t len, unsigned char *out)
{
    size_t  i;

    for (i = 0; i < len; i++) {
        *out++ = (unsigned char) procore_seal_hex[data[i] >> 4];
        *out++ = (unsigned char) procore_seal_hex[data[i] & 0xf];
    }
}


static int
procore_seal_digit(unsigned char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }

    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}


int
procore_hex_read(const procore_str_t *text, unsigned char *out, size_t len)
{
    int     high, low;
    size_t  i;

    if (text->len / 2 != len || text->len % 2 != 0) {
        return PROCORE_MALFORMED;
    }

    for (i = 0; i < len; i++) {
        high = procore_seal_digit(text->data[2 * i]);
        low = procore_seal_digit(text->data[2 * i + 1]);

        if (high < 0 || low < 0) {
            return PROCORE_MALFORMED;
        }

        out[i] = (unsigned char) (high << 4 | low);
    }

    return PROCORE_OK;
}

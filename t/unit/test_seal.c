
/*
 * Sealing, HKDF, base64url and hexadecimal text.
 */


#include <stdlib.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "unit.h"
#include "../../src/crypto/procore_seal.h"


#define BYTES(text)  (const unsigned char *) (text)
#define STR(text)    { sizeof(text) - 1, BYTES(text) }


static unsigned char  key[PROCORE_SEAL_KEY] = "0123456789abcdef0123456789abcde";


static void
test_round_trip(void)
{
    size_t         len, opened;
    unsigned char  data[64], sealed[64 + PROCORE_SEAL_OVERHEAD], out[64];
    unsigned char  other[64 + PROCORE_SEAL_OVERHEAD];
    procore_str_t  bound = STR("name"), none = { 0, NULL };

    for (len = 0; len < sizeof(data); len++) {
        data[len] = (unsigned char) (len * 7);
    }

    for (len = 0; len <= sizeof(data); len += 16) {
        is_int(procore_seal(key, &bound, data, len, sealed), PROCORE_OK,
               "%zu bytes sealed", len);
        is_int(procore_unseal(key, &bound, sealed,
                              len + PROCORE_SEAL_OVERHEAD, out, &opened),
               PROCORE_OK, "and opened");
        ok(opened == len && memcmp(out, data, len) == 0, "are the same");
    }

    is_int(procore_seal(key, &bound, data, sizeof(data), other), PROCORE_OK,
           "the same once more");
    ok(memcmp(sealed, other, sizeof(sealed)) != 0, "looks different");

    is_int(procore_seal(key, &none, data, sizeof(data), sealed), PROCORE_OK,
           "nothing bound");
    is_int(procore_unseal(key, &none, sealed, sizeof(sealed), out, &opened),
           PROCORE_OK, "opens with nothing");
    is_int(procore_unseal(key, &bound, sealed, sizeof(sealed), out, &opened),
           PROCORE_MALFORMED, "and not with a name");

    is_int(procore_unseal(key, &none, sealed, sizeof(sealed),
                          sealed + PROCORE_SEAL_NONCE, &opened),
           PROCORE_OK, "opens in its own memory");
    ok(memcmp(sealed + PROCORE_SEAL_NONCE, data, sizeof(data)) == 0,
       "and is the same");
}


/* NIST's GCM test case 14: key and nonce of zeros, one block of zeros. */

static void
test_vector(void)
{
    size_t               len;
    unsigned char        out[16];
    procore_str_t        none = { 0, NULL };
    const unsigned char  zeros[PROCORE_SEAL_KEY] = { 0 };

    static const unsigned char  sealed[16 + PROCORE_SEAL_OVERHEAD] =
        "\0\0\0\0\0\0\0\0\0\0\0\0"
        "\xce\xa7\x40\x3d\x4d\x60\x6b\x6e\x07\x4e\xc5\xd3\xba\xf3\x9d\x18"
        "\xd0\xd1\xc8\xa7\x99\x99\x6b\xf0\x26\x5b\x98\xb5\xd4\x8a\xb9\x19";

    is_int(procore_unseal(zeros, &none, sealed, sizeof(sealed), out, &len),
           PROCORE_OK, "AES-256-GCM's test case 14");
    ok(len == 16 && memcmp(out, zeros, 16) == 0, "is a block of zeros");
}


static void
test_changed(void)
{
    int             bad;
    size_t          i, len;
    unsigned char   out[20], sealed[20 + PROCORE_SEAL_OVERHEAD], *cut;
    unsigned char   wrong[PROCORE_SEAL_KEY];
    procore_str_t   bound = STR("name"), renamed = STR("nbme");

    is_int(procore_seal(key, &bound, BYTES("twenty bytes of text"), 20,
                        sealed),
           PROCORE_OK, "a text");

    bad = 0;

    for (i = 0; i < sizeof(sealed) * 8; i++) {
        sealed[i / 8] ^= (unsigned char) (1 << i % 8);
        bad += procore_unseal(key, &bound, sealed, sizeof(sealed), out, &len)
               != PROCORE_MALFORMED || len != 0;
        sealed[i / 8] ^= (unsigned char) (1 << i % 8);
    }

    is_int(bad, 0, "one bit flipped, anywhere, is noticed");

    bad = 0;

    for (i = 0; i < sizeof(sealed); i++) {
        cut = malloc(i + 1);

        if (cut == NULL) {
            abort();
        }

        memcpy(cut, sealed, i);
        bad += procore_unseal(key, &bound, cut, i, out, &len)
               != PROCORE_MALFORMED;
        free(cut);
    }

    is_int(bad, 0, "and one byte less, or any number of them");

    memcpy(wrong, key, sizeof(wrong));
    wrong[31] ^= 1;

    is_int(procore_unseal(wrong, &bound, sealed, sizeof(sealed), out, &len),
           PROCORE_MALFORMED, "another key");
    is_int(procore_unseal(key, &renamed, sealed, sizeof(sealed), out, &len),
           PROCORE_MALFORMED, "another name");
    is_int(procore_unseal(key, &bound, sealed, sizeof(sealed), out, &len),
           PROCORE_OK, "untouched, it opens");
}


static void
test_bounds(void)
{
    size_t          len, max;
    unsigned char  *data, *sealed;
    procore_str_t   bound = STR("name");

    max = PROCORE_SEAL_MAX;
    data = calloc(1, max + 1);
    sealed = calloc(1, max + 1 + PROCORE_SEAL_OVERHEAD);

    if (data == NULL || sealed == NULL) {
        abort();
    }

    is_int(procore_seal(key, &bound, data, max, sealed), PROCORE_OK,
           "as much as may be sealed");
    is_int(procore_unseal(key, &bound, sealed, max + PROCORE_SEAL_OVERHEAD,
                          data, &len),
           PROCORE_OK, "opens");
    is_int(procore_seal(key, &bound, data, max + 1, sealed),
           PROCORE_TOO_LARGE, "a byte more");
    is_int(procore_unseal(key, &bound, sealed,
                          max + 1 + PROCORE_SEAL_OVERHEAD, data, &len),
           PROCORE_TOO_LARGE, "is not opened either");

    free(data);
    free(sealed);
}


/* HKDF as RFC 5869, section 2 describes it, for at most one block. */

static void
expected(const char *secret, const char *info, unsigned char *out)
{
    unsigned       n;
    size_t         len;
    unsigned char  prk[32], text[64];

    static const unsigned char  zeros[32];

    if (HMAC(EVP_sha256(), zeros, sizeof(zeros), BYTES(secret),
             strlen(secret), prk, &n)
        == NULL)
    {
        abort();
    }

    len = strlen(info);
    memcpy(text, info, len);
    text[len] = 1;

    if (HMAC(EVP_sha256(), prk, sizeof(prk), text, len + 1, out, &n) == NULL) {
        abort();
    }
}


static void
test_derive(void)
{
    unsigned char  secret[22], out[42], want[32];

    /* RFC 5869, appendix A.3: no salt, no info */

    memset(secret, 0x0b, sizeof(secret));

    is_int(procore_derive(secret, sizeof(secret), "", out, sizeof(out)),
           PROCORE_OK, "HKDF");
    ok(memcmp(out,
              "\x8d\xa4\xe7\x75\xa5\x63\xc1\x8f\x71\x5f\x80\x2a\x06\x3c\x5a"
              "\x31\xb8\xa1\x1f\x5c\x5e\xe1\x87\x9e\xc3\x45\x4e\x5f\x3c\x73"
              "\x8d\x2d\x9d\x20\x13\x95\xfa\xa4\xb6\x1a\x96\xc8", 42)
       == 0, "is RFC 5869's test case 3");

    expected("secret", "purpose", want);
    is_int(procore_derive(BYTES("secret"), 6, "purpose", out, 32), PROCORE_OK,
           "for a purpose");
    ok(memcmp(out, want, 32) == 0, "the purpose is the info");

    is_int(procore_derive(BYTES("secret"), 6, "another", out, 32), PROCORE_OK,
           "for another one");
    ok(memcmp(out, want, 32) != 0, "is another key");
}


static void
test_sha256(void)
{
    unsigned char  digest[PROCORE_DIGEST_SIZE];

    is_int(procore_sha256(BYTES("abc"), 3, digest), PROCORE_OK, "SHA-256");
    ok(memcmp(digest, "\xba\x78\x16\xbf\x8f\x01\xcf\xea\x41\x41\x40\xde\x5d"
              "\xae\x22\x23\xb0\x03\x61\xa3\x96\x17\x7a\x9c\xb4\x10\xff\x61"
              "\xf2\x00\x15\xad", 32)
       == 0, "of FIPS 180-4's example");
    is_int(procore_sha256(NULL, 0, digest), PROCORE_OK, "of nothing");
    ok(memcmp(digest, "\xe3\xb0\xc4\x42", 4) == 0, "too");
}


static void
test_equal(void)
{
    procore_str_t  one = STR("abc"), same = STR("abc"), other = STR("abd");
    procore_str_t  longer = STR("abcd"), empty = STR(""), none = { 0, NULL };

    ok(procore_equal(&one, &same), "equal");
    ok(!procore_equal(&one, &other), "another last byte");
    ok(!procore_equal(&one, &longer), "longer");
    ok(!procore_equal(&one, &empty), "empty");
    ok(procore_equal(&empty, &none), "both empty");
}


static void
test_base64url(void)
{
    int             bad;
    size_t          i, len, out_len;
    unsigned char   data[48], text[64], out[50];

    static const struct {
        const char  *data;
        const char  *text;
    } vectors[] = {

        /* RFC 4648, section 10, without padding */

        { "", "" }, { "f", "Zg" }, { "fo", "Zm8" }, { "foo", "Zm9v" },
        { "foob", "Zm9vYg" }, { "fooba", "Zm9vYmE" }, { "foobar", "Zm9vYmFy" },
        { "\xfb\xff\xbf", "-_-_" },
    };

    static const char *const  malformed[] = {
        "Z", "Zm9vY", "Zg==", "Zm8=", "Zh", "Zm9", "Z+", "Z/", "Zg\n", " Zg",
        "Zg ", "Z!", "-_-=", "Zm9v=", "\xff\xff",
    };

    for (i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
        len = strlen(vectors[i].data);

        memset(text, 0, sizeof(text));
        procore_base64url(BYTES(vectors[i].data), len, text);
        is_str((char *) text, vectors[i].text, "base64url");
        ok(PROCORE_BASE64URL(len) == strlen(vectors[i].text), "length");

        is_int(procore_base64url_decode(text, strlen((char *) text), out,
                                        &out_len),
               PROCORE_OK, "decodes");
        ok(out_len == len && memcmp(out, vectors[i].data, len) == 0, "same");
    }

    for (i = 0; i < sizeof(malformed) / sizeof(malformed[0]); i++) {
        is_int(procore_base64url_decode(BYTES(malformed[i]),
                                        strlen(malformed[i]), out, &out_len),
               PROCORE_MALFORMED, "malformed: %s", malformed[i]);
    }

    bad = 0;

    for (len = 0; len <= sizeof(data); len++) {
        for (i = 0; i < len; i++) {
            data[i] = (unsigned char) (i * 37 + len);
        }

        procore_base64url(data, len, text);
        bad += procore_base64url_decode(text, PROCORE_BASE64URL(len), out,
                                        &out_len)
               != PROCORE_OK || out_len != len || memcmp(out, data, len) != 0;
    }

    is_int(bad, 0, "every length returns");
}


static void
test_hex(void)
{
    size_t         i;
    unsigned char  text[8], out[4];

    static const procore_str_t  good = STR("00ff10ab");

    static const procore_str_t  malformed[] = {
        STR("00ff10a"), STR("00ff10abc"), STR("00ff10abcd"), STR(""),
        STR("00FF10ab"), STR("00ff10ag"), STR("00ff10a "), STR("0x0010ab"),
        STR("00ff10a\0"), STR("00ff/0ab"), STR("00ff:0ab"),
    };

    procore_hex_write(BYTES("\x00\xff\x10\xab"), 4, text);
    ok(memcmp(text, good.data, 8) == 0, "digits");

    is_int(procore_hex_read(&good, out, 4), PROCORE_OK, "read");
    ok(memcmp(out, "\x00\xff\x10\xab", 4) == 0, "as they were");

    for (i = 0; i < sizeof(malformed) / sizeof(malformed[0]); i++) {
        is_int(procore_hex_read(&malformed[i], out, 4), PROCORE_MALFORMED,
               "malformed: %.*s", (int) malformed[i].len, malformed[i].data);
    }
}


int
main(void)
{
    unsigned char  secret[4] = { 1, 2, 3, 4 };

    test_round_trip();
    test_vector();
    test_changed();
    test_bounds();
    test_derive();
    test_sha256();
    test_equal();
    test_base64url();
    test_hex();

    procore_wipe(secret, sizeof(secret));
    ok(memcmp(secret, "\0\0\0\0", 4) == 0, "wiped");

    return done_testing();
}

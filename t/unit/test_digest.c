
/*
 * Digests of realms and tokens.
 */


#include <pthread.h>

#include "unit.h"
#include "../../src/crypto/procore_digest.h"


static void *
hash_elsewhere(void *out)
{
    static const unsigned char  realm[PROCORE_REALM_SIZE];

    if (procore_digest_token(realm, (const unsigned char *) "t", 1, out)
        != PROCORE_OK)
    {
        memset(out, 0, PROCORE_DIGEST_SIZE);
    }

    return NULL;
}


int
main(void)
{
    pthread_t      thread;
    unsigned char  realm[PROCORE_REALM_SIZE];
    unsigned char  one[PROCORE_DIGEST_SIZE], two[PROCORE_DIGEST_SIZE];

    /* FIPS 180-4's example: SHA-256("abc") begins with ba7816bf */

    is_int(procore_digest_realm((const unsigned char *) "abc", 3, realm),
           PROCORE_OK, "a realm");
    ok(memcmp(realm, "\xba\x78\x16\xbf", 4) == 0, "begins as FIPS 180-4 says");

    /* SHA-256("abcd" "bcdecdefdefg...") of the same document, cut in two */

    memcpy(realm, "abcd", 4);
    is_int(procore_digest_token(realm, (const unsigned char *)
               "bcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 52,
               one),
           PROCORE_OK, "a token");
    ok(memcmp(one,
              "\x24\x8d\x6a\x61\xd2\x06\x38\xb8"
              "\xe5\xc0\x26\x93\x0c\x3e\x60\x39"
              "\xa3\x3c\xe4\x59\x64\xff\x21\x67"
              "\xf6\xec\xed\xd4\x19\xdb\x06\xc1", 32)
       == 0, "realm, then token");

    is_int(procore_digest_token(realm, (const unsigned char *) "", 0, two),
           PROCORE_OK, "an empty token");
    ok(memcmp(one, two, sizeof(one)) != 0, "starts anew each time");

    memset(realm, 0, sizeof(realm));
    is_int(procore_digest_token(realm, (const unsigned char *) "t", 1, one),
           PROCORE_OK, "here");
    is_int(pthread_create(&thread, NULL, hash_elsewhere, two), 0,
           "another thread");
    is_int(pthread_join(thread, NULL), 0, "ends");
    ok(memcmp(one, two, sizeof(one)) == 0, "and says the same");

    realm[3] = 1;
    is_int(procore_digest_token(realm, (const unsigned char *) "t", 1, two),
           PROCORE_OK, "another realm");
    ok(memcmp(one, two, sizeof(one)) != 0, "is another digest");

    memset(one, 0, sizeof(one));
    is_int(procore_random(one, sizeof(one)), PROCORE_OK, "random bytes");
    is_int(procore_random(two, sizeof(two)), PROCORE_OK, "and more");
    ok(memcmp(one, two, sizeof(one)) != 0, "differ");

    return done_testing();
}

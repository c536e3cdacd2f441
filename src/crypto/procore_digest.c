
/*
 * SHA-256 from OpenSSL, random bytes from the kernel.
 */


#include <errno.h>
#include <pthread.h>
#include <sys/random.h>

#include <openssl/evp.h>

#include "procore_digest.h"


/*
 * Fetching the algorithm and making a context cost several times what hashing
 * a token costs, and every request hashes one: the algorithm is fetched once
 * in a process and each thread keeps its context.
 */

static pthread_once_t  procore_digest_once = PTHREAD_ONCE_INIT;
static EVP_MD         *procore_digest_md;
static pthread_key_t   procore_digest_key;


static void
procore_digest_free(void *ctx)
{
    EVP_MD_CTX_free(ctx);
}


static void
procore_digest_fetch(void)
{
    if (pthread_key_create(&procore_digest_key, procore_digest_free) == 0) {
        procore_digest_md = EVP_MD_fetch(NULL, "SHA256", NULL);
    }
}


static EVP_MD_CTX *
procore_digest_start(void)
{
    EVP_MD_CTX  *ctx;

    if (pthread_once(&procore_digest_once, procore_digest_fetch) != 0
        || procore_digest_md == NULL)
    {
        return NULL;
    }

    ctx = pthread_getspecific(procore_digest_key);

    if (ctx != NULL) {

        /* without a type, the context starts again with what it has */

        return EVP_DigestInit_ex(ctx, NULL, NULL) == 1 ? ctx : NULL;
    }

    ctx = EVP_MD_CTX_new();
    if (ctx == NULL) {
        return NULL;
    }

    if (EVP_DigestInit_ex(ctx, procore_digest_md, NULL) != 1
        || pthread_setspecific(procore_digest_key, ctx) != 0)
    {
        EVP_MD_CTX_free(ctx);
        return NULL;
    }

    return ctx;
}


int
procore_digest_realm(const unsigned char *name, size_t len,
    unsigned char realm[PROCORE_REALM_SIZE])
{
    size_t          i;
    EVP_MD_CTX     *ctx;
    unsigned char   digest[PROCORE_DIGEST_SIZE];

    ctx = procore_digest_start();

    if (ctx == NULL
        || EVP_DigestUpdate(ctx, name, len) != 1
        || EVP_DigestFinal_ex(ctx, digest, NULL) != 1)
    {
        return PROCORE_ERROR;
    }

    for (i = 0; i < PROCORE_REALM_SIZE; i++) {
        realm[i] = digest[i];
    }

    return PROCORE_OK;
}


int
procore_digest_token(const unsigned char realm[PROCORE_REALM_SIZE],
    const unsigned char *token, size_t len,
    unsigned char digest[PROCORE_DIGEST_SIZE])
{
    EVP_MD_CTX  *ctx;

    ctx = procore_digest_start();

    if (ctx == NULL
        || EVP_DigestUpdate(ctx, realm, PROCORE_REALM_SIZE) != 1
        || EVP_DigestUpdate(ctx, token, len) != 1
        || EVP_DigestFinal_ex(ctx, digest, NULL) != 1)
    {
        return PROCORE_ERROR;
    }

    return PROCORE_OK;
}


/*
 * OpenSSL would give each thread a generator of its own, and take it away when
 * the thread ends.  A thread that writes the store can end while the process
 * already leaves, after OpenSSL's own locks are gone: that crashed workers.
 */

int
procore_random(unsigned char *out, size_t len)
{
    ssize_t  n;

    while (len > 0) {
        n = getrandom(out, len, 0);

        if (n == -1 && errno == EINTR) {
            continue;
        }

        if (n <= 0) {
            return PROCORE_ERROR;
        }

        out += n;
        len -= (size_t) n;
    }

    return PROCORE_OK;
}


/*
 * What the tests of the store share: a folder of their own, short operations.
 */


#ifndef PROCORE_STORE_FIXTURE_H
#define PROCORE_STORE_FIXTURE_H


#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit.h"
#include "../../src/store/procore_store.h"
#include "../../src/store/procore_store_internal.h"


#define FIXTURE_NOW   1700000000u
#define FIXTURE_SIZE  (64u << 20)


static char                    fixture_root[256];
static char                    fixture_path[300];
static char                    fixture_error[PROCORE_STORE_ERROR_TEXT];
static procore_store_report_t  fixture_report;


static inline int
fixture_remove(const char *path, const struct stat *st, int type,
    struct FTW *ftw)
{
    (void) st;
    (void) type;
    (void) ftw;

    return remove(path);
}


static inline void
fixture_clean(void)
{
    (void) nftw(fixture_root, fixture_remove, 16, FTW_DEPTH|FTW_PHYS);
}


/* A new folder, in $TMPDIR or /tmp; fixture_path in it does not exist yet. */

static inline void
fixture_folder(void)
{
    const char  *tmp;

    tmp = getenv("TMPDIR");

    if (fixture_root[0] != '\0') {
        fixture_clean();
    }

    (void) snprintf(fixture_root, sizeof(fixture_root), "%s/procore-XXXXXX",
                    tmp ? tmp : "/tmp");

    if (mkdtemp(fixture_root) == NULL) {
        perror("mkdtemp");
        exit(1);
    }

    (void) snprintf(fixture_path, sizeof(fixture_path), "%s/store",
                    fixture_root);
}


static inline int
fixture_prepare(size_t size)
{
    return procore_store_prepare(fixture_path, size, geteuid(), getegid(), 0,
                                 FIXTURE_NOW, &fixture_report);
}


static inline procore_store_t *
fixture_open(size_t size)
{
    procore_store_t  *store;

    if (procore_store_open(&store, fixture_path, size, fixture_error)
        != PROCORE_OK)
    {
        printf("# open: %s\n", fixture_error);
        return NULL;
    }

    return store;
}


/* A store in a new folder, open. */

static inline procore_store_t *
fixture_store(size_t size)
{
    procore_store_t  *store;

    fixture_folder();

    if (fixture_prepare(size) != PROCORE_OK) {
        printf("# prepare: %s\n", fixture_report.text);
        exit(1);
    }

    store = fixture_open(size);

    if (store == NULL) {
        exit(1);
    }

    return store;
}


/* Digest number "n": as evenly spread as real ones. */

static inline void
fixture_digest(uint64_t n, unsigned char digest[PROCORE_DIGEST_SIZE])
{
    static const unsigned char  realm[PROCORE_REALM_SIZE] = { 1, 2, 3, 4 };

    if (procore_digest_token(realm, (unsigned char *) &n, sizeof(n), digest)
        != PROCORE_OK)
    {
        exit(1);
    }
}


/* An operation on tokens by number, 0 for none. */

static inline procore_store_op_t
fixture_op(procore_store_op_e type, uint64_t parent, uint64_t access,
    uint64_t refresh, uint64_t company)
{
    procore_store_op_t  op;

    memset(&op, 0, sizeof(op));

    op.type = type;
    memcpy(op.realm, "\1\2\3\4", PROCORE_REALM_SIZE);
    op.now = FIXTURE_NOW;
    op.company = company;
    op.way = company ? PROCORE_WAY_TOKEN_REQUEST : PROCORE_WAY_NONE;

    if (parent) {
        op.has_parent = 1;
        fixture_digest(parent, op.parent);
    }

    if (access) {
        op.has_access = 1;
        fixture_digest(access, op.access);
    }

    if (refresh) {
        op.has_refresh = 1;
        fixture_digest(refresh, op.refresh);
    }

    return op;
}


static inline int
fixture_write(procore_store_t *store, procore_store_op_t *op)
{
    int  rc;

    rc = procore_store_write(store, &op, 1, fixture_error);

    if (rc != PROCORE_OK) {
        printf("# write: %s\n", fixture_error);
        return rc;
    }

    return op->rc;
}


static inline int
fixture_family(procore_store_t *store, uint64_t parent, uint64_t access,
    uint64_t refresh, uint64_t company)
{
    procore_store_op_t  op;

    op = fixture_op(PROCORE_STORE_FAMILY, parent, access, refresh, company);

    return fixture_write(store, &op);
}


/* Reads token number "n"; as procore_store_token(). */

static inline int
fixture_token(procore_store_t *store, procore_token_kind_e kind, uint64_t n,
    procore_token_t *token)
{
    int            rc;
    unsigned char  digest[PROCORE_DIGEST_SIZE];

    fixture_digest(n, digest);
    memset(token, 0, sizeof(procore_token_t));

    if (procore_store_begin(store) != PROCORE_OK) {
        return PROCORE_ERROR;
    }

    rc = procore_store_token(store, kind, digest, token);
    procore_store_end(store);

    return rc;
}


/* The company that an access token is bound to; 0: unbound; else negative. */

static inline long long
fixture_company(procore_store_t *store, procore_token_kind_e kind, uint64_t n)
{
    int              rc;
    procore_token_t  token;

    rc = fixture_token(store, kind, n, &token);

    if (rc != PROCORE_OK) {
        return rc;
    }

    return token.state == PROCORE_FAMILY_WITHDRAWN ? -100
                                                   : (long long) token.company;
}


#define FIXTURE_WITHDRAWN  -100


/* An operation on sealed record "key"; "text" may be NULL. */

static inline procore_store_op_t
fixture_sealed_op(procore_store_op_e type, uint64_t key, const char *text)
{
    procore_store_op_t  op;

    op = fixture_op(type, 0, 0, 0, 0);

    fixture_digest(key, op.key);
    op.keep_until = FIXTURE_NOW + 60;

    if (text != NULL) {
        op.sealed = (const unsigned char *) text;
        op.sealed_len = strlen(text);
    }

    return op;
}


static inline int
fixture_sealed(procore_store_t *store, procore_store_op_e type, uint64_t key,
    const char *text)
{
    procore_store_op_t  op;

    op = fixture_sealed_op(type, key, text);

    return fixture_write(store, &op);
}


static inline int
fixture_choose(procore_store_t *store, uint64_t key, uint64_t code,
    uint64_t company)
{
    procore_store_op_t  op;

    op = fixture_sealed_op(PROCORE_STORE_SEALED_CHOOSE, key, "kept");
    fixture_digest(code, op.code);
    op.company = company;

    return fixture_write(store, &op);
}


/* From nothing to a LIVE record "code"; PROCORE_OK if all three steps hold. */

static inline int
fixture_live(procore_store_t *store, uint64_t key, uint64_t code,
    uint64_t company)
{
    int  rc;

    rc = fixture_sealed(store, PROCORE_STORE_SEALED_OPEN, key, "one");

    if (rc == PROCORE_OK) {
        rc = fixture_sealed(store, PROCORE_STORE_SEALED_OFFER, key, "two");
    }

    return rc == PROCORE_OK ? fixture_choose(store, key, code, company) : rc;
}


/* The redemption of "key" for a pair of tokens. */

static inline procore_store_op_t
fixture_redeem(uint64_t key, uint64_t access, uint64_t refresh,
    uint64_t company)
{
    procore_store_op_t  op;

    op = fixture_op(PROCORE_STORE_SEALED_REDEEM, 0, access, refresh, company);

    op.way = PROCORE_WAY_AUTHORIZE;
    op.keep_until = FIXTURE_NOW + 1800;
    fixture_digest(key, op.key);

    return op;
}


/*
 * The state of a record at "now", or a negative code; "record" may be NULL, and
 * comes without bytes.
 */

static inline int
fixture_state(procore_store_t *store, uint64_t key, uint64_t now,
    procore_sealed_t *record)
{
    int               rc;
    unsigned char     digest[PROCORE_DIGEST_SIZE];
    procore_sealed_t  found;

    fixture_digest(key, digest);
    memset(&found, 0, sizeof(found));

    if (procore_store_begin(store) != PROCORE_OK) {
        return PROCORE_ERROR;
    }

    rc = procore_store_sealed(store, digest, now, &found);
    procore_store_end(store);

    if (record != NULL) {
        *record = found;
        record->sealed.data = NULL;
    }

    return rc == PROCORE_OK ? (int) found.state : rc;
}


/* Are these its bytes (1) or not (0)? */

static inline int
fixture_holds(procore_store_t *store, uint64_t key, const void *data,
    size_t len)
{
    int               same;
    unsigned char     digest[PROCORE_DIGEST_SIZE];
    procore_sealed_t  record;

    fixture_digest(key, digest);

    if (procore_store_begin(store) != PROCORE_OK) {
        return 0;
    }

    same = procore_store_sealed(store, digest, FIXTURE_NOW, &record)
           == PROCORE_OK
           && record.sealed.len == len
           && (len == 0 || memcmp(record.sealed.data, data, len) == 0);

    procore_store_end(store);

    return same;
}


#endif /* PROCORE_STORE_FIXTURE_H */

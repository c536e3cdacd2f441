
/*
 * Sealed records and the key of cookies in a file that is damaged, or left by
 * an older version.
 */


#include "store_fixture.h"

#include <sys/resource.h>


#define ACCESS   PROCORE_TOKEN_ACCESS
#define NOW      FIXTURE_NOW
#define OPEN     PROCORE_STORE_SEALED_OPEN
#define OPENERS  6
#define LARGE    (40 * 1024)


/* The id of code 1. */

#define CODE     1000000u


static char  large[LARGE];


/* The store becomes what a version without sealed records has left. */

static void
make_old(void)
{
    MDB_val   key;
    MDB_txn  *txn;
    MDB_dbi   dbi, meta;
    MDB_env  *env;

    key.mv_data = (void *) (uintptr_t) PROCORE_STORE_SECRET;
    key.mv_size = sizeof(PROCORE_STORE_SECRET) - 1;

    if (procore_env_open(&env, fixture_path, 0, 0) != 0
        || mdb_txn_begin(env, NULL, 0, &txn) != 0
        || mdb_dbi_open(txn, "sealed", 0, &dbi) != 0
        || mdb_drop(txn, dbi, 1) != 0
        || mdb_dbi_open(txn, "spent", 0, &dbi) != 0
        || mdb_drop(txn, dbi, 1) != 0
        || mdb_dbi_open(txn, "meta", 0, &meta) != 0
        || mdb_del(txn, meta, &key, NULL) != 0
        || mdb_txn_commit(txn) != 0)
    {
        exit(1);
    }

    mdb_env_close(env);
}


/* Opens the store with others, and reports its key. */

static void
open_and_report(int start, int result)
{
    char              go;
    procore_store_t  *store;
    unsigned char     key[PROCORE_STORE_KEY];

    if (read(start, &go, 1) != 0) {
        _exit(1);
    }

    store = fixture_open(FIXTURE_SIZE);

    if (store == NULL
        || procore_store_key(store, key) != PROCORE_OK
        || write(result, key, sizeof(key)) != (ssize_t) sizeof(key))
    {
        _exit(1);
    }

    _exit(0);
}


static void
test_old(void)
{
    int               start[2], result[2];
    unsigned          i, same;
    procore_store_t  *store;
    unsigned char     key[PROCORE_STORE_KEY], other[PROCORE_STORE_KEY];

    store = fixture_store(FIXTURE_SIZE);
    is_int(fixture_family(store, 0, 1, 2, 7), PROCORE_OK, "a token");
    procore_store_close(store);
    make_old();

    is_int(fixture_prepare(FIXTURE_SIZE), PROCORE_OK, "an older version's");
    ok(!fixture_report.set_aside, "is whole: %s", fixture_report.text);

    if (pipe(start) == -1 || pipe(result) == -1) {
        exit(1);
    }

    (void) fflush(stdout);

    for (i = 0; i < OPENERS; i++) {
        if (fork() == 0) {
            (void) close(start[1]);
            open_and_report(start[0], result[1]);
        }
    }

    (void) close(start[1]);
    (void) close(result[1]);
    same = 0;

    for (i = 0; read(result[0], other, sizeof(other)) == sizeof(other); i++) {
        if (i == 0) {
            memcpy(key, other, sizeof(key));
        }

        same += memcmp(key, other, sizeof(key)) == 0;
    }

    while (wait(NULL) > 0) {}

    is_int(i, OPENERS, "many processes open it at once");
    is_int(same, OPENERS, "all get the same key");

    store = fixture_open(FIXTURE_SIZE);
    is_int(procore_store_key(store, other), PROCORE_OK, "later");
    ok(memcmp(key, other, sizeof(key)) == 0, "it is still the same");
    is_int(fixture_company(store, ACCESS, 1), 7, "the token is known");
    is_int(fixture_live(store, CODE, 1, 7), PROCORE_OK, "and codes are kept");
    procore_store_close(store);
}


static void
test_old_and_full(void)
{
    struct rlimit     limit, old;
    procore_store_t  *store;
    unsigned char     key[PROCORE_STORE_KEY];

    store = fixture_store(FIXTURE_SIZE);
    is_int(fixture_family(store, 0, 1, 2, 7), PROCORE_OK, "a token");
    procore_store_close(store);
    make_old();

    (void) signal(SIGXFSZ, SIG_IGN);
    (void) getrlimit(RLIMIT_FSIZE, &old);
    limit = old;
    limit.rlim_cur = 8192;
    (void) setrlimit(RLIMIT_FSIZE, &limit);

    store = fixture_open(FIXTURE_SIZE);
    ok(store != NULL, "no room for what is missing");
    ok(fixture_error[0] != '\0', "is said: %s", fixture_error);
    is_int(fixture_company(store, ACCESS, 1), 7, "the token is known");
    is_int(procore_store_key(store, key), PROCORE_ERROR, "there is no key");
    is_int(fixture_state(store, 1, NOW, NULL), PROCORE_NOT_FOUND,
           "and no record");

    (void) setrlimit(RLIMIT_FSIZE, &old);

    is_int(fixture_sealed(store, OPEN, 1, "x"), PROCORE_ERROR,
           "nor place for one");
    is_int(fixture_family(store, 0, 3, 4, 7), PROCORE_OK, "but for tokens");
    procore_store_close(store);

    store = fixture_open(FIXTURE_SIZE);
    is_int(fixture_sealed(store, OPEN, 1, "x"), PROCORE_OK, "opened again");
    procore_store_close(store);
}


static void
overwrite(off_t offset, const void *data, size_t len)
{
    int   fd;
    char  name[400];

    (void) snprintf(name, sizeof(name), "%s/data.mdb", fixture_path);
    fd = open(name, O_RDWR|O_CLOEXEC);

    if (fd == -1 || pwrite(fd, data, len, offset) != (ssize_t) len) {
        exit(1);
    }

    (void) close(fd);
}


/* Where in the file the value of an entry begins. */

static off_t
place_of(const char *db, const void *name, size_t len)
{
    size_t    number;
    MDB_val   key, value;
    MDB_txn  *txn;
    MDB_dbi   dbi;
    MDB_env  *env;
    size_t    in_page;

    key.mv_data = (void *) (uintptr_t) name;
    key.mv_size = len;

    if (procore_env_open(&env, fixture_path, 0, MDB_RDONLY|MDB_NOLOCK) != 0
        || mdb_txn_begin(env, NULL, MDB_RDONLY, &txn) != 0
        || mdb_dbi_open(txn, db, 0, &dbi) != 0
        || mdb_get(txn, dbi, &key, &value) != 0)
    {
        exit(1);
    }

    in_page = (uintptr_t) value.mv_data & 4095;
    memcpy(&number, (char *) value.mv_data - in_page, sizeof(number));
    mdb_txn_abort(txn);
    mdb_env_close(env);

    return (off_t) (number * 4096 + in_page);
}


static off_t
place_of_sealed(uint64_t n)
{
    unsigned char  key[PROCORE_DIGEST_SIZE];

    fixture_digest(n, key);

    return place_of("sealed", key, sizeof(key));
}


/* A closed store: a spent code 1, and large records 2 to 11. */

static void
make_sealed(unsigned char key[PROCORE_STORE_KEY])
{
    uint64_t             i;
    procore_store_t     *store;
    procore_store_op_t   op;

    store = fixture_store(FIXTURE_SIZE);

    op = fixture_redeem(1, 1, 2, 7);

    if (fixture_live(store, CODE, 1, 7) != PROCORE_OK
        || fixture_write(store, &op) != PROCORE_OK
        || procore_store_key(store, key) != PROCORE_OK)
    {
        exit(1);
    }

    for (i = 2; i <= 11; i++) {
        op = fixture_sealed_op(OPEN, i, NULL);
        op.sealed = (unsigned char *) large;
        op.sealed_len = LARGE;

        if (fixture_write(store, &op) != PROCORE_OK) {
            exit(1);
        }
    }

    procore_store_close(store);
}


/* How many of the large ones are there; the others must be gone. */

static unsigned
count_large(procore_store_t *store)
{
    uint64_t  i;
    unsigned  n;

    for (i = 2, n = 0; i <= 11; i++) {
        n += (unsigned) fixture_holds(store, i, large, LARGE);
    }

    return n;
}


static void
test_recovery(void)
{
    unsigned          pages;
    procore_store_t  *store;
    unsigned char     key[PROCORE_STORE_KEY], other[PROCORE_STORE_KEY];

    make_sealed(key);
    is_int(fixture_prepare(FIXTURE_SIZE), PROCORE_OK, "a store");
    ok(!fixture_report.set_aside, "is whole: %s", fixture_report.text);

    overwrite(place_of_sealed(5) + 20000, "damage", 6);
    is_int(fixture_prepare(FIXTURE_SIZE), PROCORE_OK, "a damaged record");
    printf("# %s\n", fixture_report.text);
    ok(fixture_report.set_aside, "is seen");
    is_int((long long) fixture_report.lost, 1, "and lost");

    store = fixture_open(FIXTURE_SIZE);
    is_int(count_large(store), 9, "the other records are there");
    is_int(fixture_state(store, 1, NOW, NULL), PROCORE_SEALED_SPENT,
           "a spent one is spent");
    is_int(fixture_state(store, CODE, NOW, NULL), PROCORE_SEALED_CHOSEN,
           "a choice made");
    is_int(fixture_company(store, ACCESS, 1), 7, "its token is known");
    is_int(procore_store_key(store, other), PROCORE_OK, "the key");
    ok(memcmp(key, other, sizeof(key)) == 0, "is the same");
    procore_store_close(store);

    /* what reading does not need, and freeing the record goes by */

    make_sealed(key);
    pages = 5;
    overwrite(place_of_sealed(5) - 4, &pages, sizeof(pages));
    is_int(fixture_prepare(FIXTURE_SIZE), PROCORE_OK, "a wrong run of pages");
    ok(fixture_report.set_aside, "is seen");
    is_int((long long) fixture_report.lost, 0, "nothing is lost");

    store = fixture_open(FIXTURE_SIZE);
    is_int(count_large(store), 10, "all records are there");
    procore_store_close(store);

    make_sealed(key);
    overwrite(place_of_sealed(5) - 16, "\2", 1);
    is_int(fixture_prepare(FIXTURE_SIZE), PROCORE_OK, "a wrong page number");
    ok(fixture_report.set_aside, "is seen");
}


static void
test_key(void)
{
    MDB_val           name, value;
    MDB_txn          *txn;
    procore_store_t  *store;
    unsigned char     key[PROCORE_STORE_KEY], other[PROCORE_STORE_KEY];

    store = fixture_store(FIXTURE_SIZE);
    is_int(procore_store_key(store, other), PROCORE_OK, "one store's key");
    procore_store_close(store);

    store = fixture_store(FIXTURE_SIZE);
    is_int(procore_store_key(store, key), PROCORE_OK, "another's");
    ok(memcmp(key, other, sizeof(key)) != 0, "differs");

    name.mv_data = (void *) (uintptr_t) PROCORE_STORE_SECRET;
    name.mv_size = sizeof(PROCORE_STORE_SECRET) - 1;
    value.mv_data = key;
    value.mv_size = sizeof(key);

    if (mdb_txn_begin(store->env, NULL, 0, &txn) != 0
        || mdb_put(txn, store->dbi[PROCORE_DB_META], &name, &value, 0) != 0
        || mdb_txn_commit(txn) != 0)
    {
        exit(1);
    }

    procore_store_close(store);

    store = fixture_open(FIXTURE_SIZE);
    is_int(procore_store_key(store, other), PROCORE_OK, "a damaged one");
    ok(memcmp(key, other, sizeof(key)) != 0, "is replaced");
    procore_store_close(store);

    store = fixture_open(FIXTURE_SIZE);
    is_int(procore_store_key(store, key), PROCORE_OK, "for good");
    ok(memcmp(key, other, sizeof(key)) == 0, "indeed");
    procore_store_close(store);
}


int
main(void)
{
    size_t  i;

    for (i = 0; i < LARGE; i++) {
        large[i] = (char) (i * 7 + i / 251);
    }

    test_old();
    test_old_and_full();
    test_recovery();
    test_key();

    fixture_clean();

    return done_testing();
}

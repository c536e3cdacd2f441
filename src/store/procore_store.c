
/*
 * The store's environment: opening, closing, the snapshot.
 */


#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../crypto/procore_seal.h"
#include "procore_store_internal.h"


/* Takes the blocks of the lock file, before the library has it open. */

static int
procore_store_reserve(const char *path, char *error)
{
    int   fd, rc;
    char  file[PROCORE_STORE_PATH_MAX];

    if (procore_store_join(file, path, PROCORE_STORE_LOCK, error)
        != PROCORE_OK)
    {
        return PROCORE_ERROR;
    }

    fd = open(file, O_RDWR|O_CREAT|O_NOFOLLOW|O_CLOEXEC, PROCORE_STORE_FILES);
    if (fd == -1) {
        return procore_store_failed(error, errno, "cannot open the lock file");
    }

    rc = PROCORE_OK;

    if (fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, PROCORE_STORE_LOCK_SIZE) == -1
        && errno != EOPNOTSUPP)
    {
        rc = procore_store_failed(error, errno, "no room for the lock file");
    }

    (void) close(fd);

    return rc;
}


int
procore_env_open(MDB_env **env, const char *path, size_t size, unsigned flags)
{
    int      rc;
    MDB_env  *e;

    *env = NULL;

    rc = mdb_env_create(&e);
    if (rc != 0) {
        return rc;
    }

    rc = mdb_env_set_maxdbs(e, PROCORE_STORE_DATABASES);

    if (rc == 0) {
        rc = mdb_env_set_maxreaders(e, PROCORE_STORE_READERS);
    }

    if (rc == 0 && size != 0) {
        rc = mdb_env_set_mapsize(e, size);
    }

    if (rc == 0) {
        rc = mdb_env_open(e, path, MDB_NOTLS|MDB_NORDAHEAD|flags,
                          PROCORE_STORE_FILES);
    }

    if (rc != 0) {
        mdb_env_close(e);
        return rc;
    }

    *env = e;

    return 0;
}


static int
procore_env_layout(MDB_txn *txn, MDB_dbi dbi, char *error)
{
    int       rc;
    uint32_t  layout;
    MDB_val   key, value;

    key.mv_data = (void *) (uintptr_t) PROCORE_STORE_VERSION;
    key.mv_size = sizeof(PROCORE_STORE_VERSION) - 1;

    rc = mdb_get(txn, dbi, &key, &value);

    if (rc != 0) {
        return procore_store_fail(error, PROCORE_CORRUPT,
                                  "the store has no record of its layout");
    }

    if (procore_meta_unpack(PROCORE_STORE_VERSION, value.mv_data,
                            value.mv_size, &layout)
        != PROCORE_OK)
    {
        return procore_store_fail(error, PROCORE_CORRUPT,
                                  "the record of its layout is damaged");
    }

    if (layout != PROCORE_STORE_LAYOUT) {
        return procore_store_fail(error, PROCORE_CONFLICT,
                                  "the store has layout %u, this version knows "
                                  "layout %u; it is left as it is",
                                  layout, PROCORE_STORE_LAYOUT);
    }

    return PROCORE_OK;
}


/*
 * A file without "meta" is another program's, unless there are tokens in it.
 */

static int
procore_env_lacks(MDB_txn *txn, procore_db_e db, int code, char *error)
{
    MDB_dbi  dbi;

    if (code == MDB_NOTFOUND && db == PROCORE_DB_META
        && mdb_dbi_open(txn, procore_db_name(PROCORE_DB_TOKEN), 0, &dbi) != 0)
    {
        return procore_store_fail(error, PROCORE_CONFLICT,
                                  PROCORE_STORE_DATA " is not a store of this "
                                  "module; it is left as it is");
    }

    return procore_store_fail(error, PROCORE_CORRUPT,
                              "the store's database \"%s\" is damaged: %s",
                              procore_db_name(db), mdb_strerror(code));
}


int
procore_env_databases(MDB_env *env, MDB_dbi dbi[PROCORE_DB_COUNT], char *error)
{
    int       rc;
    MDB_txn  *txn;
    unsigned  i;

    rc = mdb_txn_begin(env, NULL, MDB_RDONLY, &txn);
    if (rc != 0) {
        return procore_store_failed(error, rc, "cannot read the store");
    }

    /* the layout first: another one may have other databases */

    for (i = 0; i < PROCORE_DB_COUNT; i++) {

        rc = mdb_dbi_open(txn, procore_db_name((procore_db_e) i), 0, &dbi[i]);

        if (rc == MDB_NOTFOUND && i >= PROCORE_DB_SEALED) {
            dbi[i] = 0;
            rc = 0;
        }

        if (rc != 0) {
            rc = procore_env_lacks(txn, (procore_db_e) i, rc, error);
            break;
        }

        if (i == PROCORE_DB_META) {
            rc = procore_env_layout(txn, dbi[i], error);
            if (rc != PROCORE_OK) {
                break;
            }
        }
    }

    if (rc != PROCORE_OK) {
        mdb_txn_abort(txn);
        return rc;
    }

    /* handles live on only if the transaction that opened them is committed */

    rc = mdb_txn_commit(txn);
    if (rc != 0) {
        return procore_store_failed(error, rc, "cannot read the store");
    }

    return PROCORE_OK;
}


int
procore_env_create(const char *path, size_t size, char *error)
{
    int            rc;
    unsigned       i;
    MDB_dbi        dbi[PROCORE_DB_COUNT];
    MDB_env       *env;
    MDB_txn       *txn;
    MDB_val        key, value;
    unsigned char  layout[PROCORE_META_VALUE];

    rc = procore_store_reserve(path, error);
    if (rc != PROCORE_OK) {
        return rc;
    }

    rc = procore_env_open(&env, path, size ? size : PROCORE_STORE_SIZE, 0);
    if (rc != 0) {
        return procore_store_failed(error, rc, "cannot make a store");
    }

    rc = mdb_txn_begin(env, NULL, 0, &txn);

    if (rc == 0) {
        for (i = 0; i < PROCORE_DB_COUNT && rc == 0; i++) {
            rc = mdb_dbi_open(txn, procore_db_name((procore_db_e) i),
                              MDB_CREATE, &dbi[i]);
        }

        if (rc == 0) {
            key.mv_data = (void *) (uintptr_t) PROCORE_STORE_VERSION;
            key.mv_size = sizeof(PROCORE_STORE_VERSION) - 1;
            value.mv_data = layout;
            value.mv_size = procore_meta_pack(PROCORE_STORE_VERSION,
                                              PROCORE_STORE_LAYOUT, layout);
            rc = mdb_put(txn, dbi[PROCORE_DB_META], &key, &value,
                         MDB_NOOVERWRITE);
        }

        if (rc == 0) {
            rc = mdb_txn_commit(txn);

        } else {
            mdb_txn_abort(txn);
        }
    }

    mdb_env_close(env);

    if (rc != 0) {
        return procore_store_failed(error, rc, "cannot make a store");
    }

    return PROCORE_OK;
}


/*
 * Root may open the store of a worker's user: with master_process off.  Files
 * that it had to make must not shut the workers out later.
 */

static int
procore_store_owner(const char *path, struct stat *st, char *error)
{
    if (stat(path, st) == -1) {
        return procore_store_failed(error, errno, "cannot find the folder");
    }

    if (!S_ISDIR(st->st_mode)) {
        return procore_store_fail(error, PROCORE_ERROR,
                                  "the store's path is not a folder");
    }

    if (geteuid() != 0 && geteuid() != st->st_uid) {
        return procore_store_fail(error, PROCORE_ERROR,
                                  "the store's folder belongs to user %u, "
                                  "this process runs as user %u",
                                  (unsigned) st->st_uid, (unsigned) geteuid());
    }

    return PROCORE_OK;
}


static int
procore_store_give(const char *path, const struct stat *st, char *error)
{
    char  file[PROCORE_STORE_PATH_MAX];

    if (geteuid() != 0 || st->st_uid == 0) {
        return PROCORE_OK;
    }

    if (procore_store_join(file, path, PROCORE_STORE_LOCK, error)
        != PROCORE_OK)
    {
        return PROCORE_ERROR;
    }

    if (lchown(file, st->st_uid, st->st_gid) == -1) {
        return procore_store_failed(error, errno,
                                    "cannot give the lock file to its owner");
    }

    return PROCORE_OK;
}


static int
procore_store_map(procore_store_t *store, const char *path, size_t size,
    char *error)
{
    int          rc, dead;
    MDB_stat     stat;
    MDB_envinfo  info;

    rc = procore_env_open(&store->env, path, size, 0);
    if (rc != 0) {
        return procore_store_failed(error, rc, "cannot open the store");
    }

    rc = procore_env_databases(store->env, store->dbi, error);
    if (rc != PROCORE_OK) {
        return rc == PROCORE_CONFLICT ? PROCORE_CORRUPT : rc;
    }

    (void) mdb_env_stat(store->env, &stat);
    store->page = stat.ms_psize;

    (void) mdb_env_info(store->env, &info);
    store->size = size ? size : info.me_mapsize;

    /* where it fails, the rest of the store is still worth having */

    (void) procore_store_complete(store, error);

    /* slots that processes left when they were killed */

    (void) mdb_reader_check(store->env, &dead);

    rc = mdb_txn_begin(store->env, NULL, MDB_RDONLY, &store->snapshot);
    if (rc != 0) {
        return procore_store_failed(error, rc, "cannot read the store");
    }

    mdb_txn_reset(store->snapshot);

    return PROCORE_OK;
}


/* A second begin without an end is an error then, and no standstill. */

static void
procore_store_locks(procore_store_t *store)
{
    pthread_mutexattr_t  attr;

    (void) pthread_mutexattr_init(&attr);
    (void) pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_ERRORCHECK);
    (void) pthread_mutex_init(&store->reading, &attr);
    (void) pthread_mutex_init(&store->writing, &attr);
    (void) pthread_mutexattr_destroy(&attr);
}


int
procore_store_open(procore_store_t **out, const char *path, size_t size,
    char *error)
{
    int               rc;
    struct stat       st;
    procore_store_t  *store;

    error[0] = '\0';

    rc = procore_store_owner(path, &st, error);
    if (rc != PROCORE_OK) {
        return rc;
    }

    store = calloc(1, sizeof(procore_store_t));
    if (store == NULL) {
        return procore_store_fail(error, PROCORE_ERROR, "no memory");
    }

    rc = procore_guard_lock(path, LOCK_SH, PROCORE_STORE_GUARD_WAIT, 0,
                            &store->guard, error);

    if (rc != PROCORE_OK) {
        free(store);
        return PROCORE_ERROR;
    }

    procore_store_locks(store);

    rc = procore_meta_pages(path, error);

    if (rc == PROCORE_OK) {
        rc = procore_store_reserve(path, error);

    } else if (rc != PROCORE_ERROR) {
        rc = rc == PROCORE_NOT_FOUND ? PROCORE_ERROR : PROCORE_CORRUPT;
    }

    if (rc == PROCORE_OK) {
        rc = procore_store_give(path, &st, error);
    }

    if (rc == PROCORE_OK) {
        rc = procore_store_map(store, path, size, error);
    }

    if (rc != PROCORE_OK) {
        procore_store_close(store);
        return rc;
    }

    *out = store;

    return PROCORE_OK;
}


void
procore_store_close(procore_store_t *store)
{
    if (store->snapshot != NULL) {
        mdb_txn_abort(store->snapshot);
    }

    if (store->env != NULL) {
        mdb_env_close(store->env);
    }

    (void) close(store->guard);
    (void) pthread_mutex_destroy(&store->reading);
    (void) pthread_mutex_destroy(&store->writing);

    procore_wipe(store->key, PROCORE_STORE_KEY);
    free(store);
}


/* Another process opened the store with a larger map, and it has grown. */

static int
procore_store_remap(procore_store_t *store)
{
    int  rc;

    (void) pthread_mutex_lock(&store->writing);
    (void) pthread_mutex_lock(&store->reading);

    rc = mdb_env_set_mapsize(store->env, 0);

    (void) pthread_mutex_unlock(&store->reading);
    (void) pthread_mutex_unlock(&store->writing);

    return rc;
}


int
procore_store_begin(procore_store_t *store)
{
    int  rc;

    if (pthread_mutex_lock(&store->reading) != 0) {
        return PROCORE_ERROR;
    }

    rc = mdb_txn_renew(store->snapshot);

    if (rc == 0) {
        return PROCORE_OK;
    }

    (void) pthread_mutex_unlock(&store->reading);

    if (rc != MDB_MAP_RESIZED || procore_store_remap(store) != 0) {
        return PROCORE_ERROR;
    }

    (void) pthread_mutex_lock(&store->reading);

    if (mdb_txn_renew(store->snapshot) == 0) {
        return PROCORE_OK;
    }

    (void) pthread_mutex_unlock(&store->reading);

    return PROCORE_ERROR;
}


void
procore_store_end(procore_store_t *store)
{
    mdb_txn_reset(store->snapshot);

    (void) pthread_mutex_unlock(&store->reading);
}


int
procore_store_reader_check(procore_store_t *store, int *dead)
{
    return mdb_reader_check(store->env, dead) == 0 ? PROCORE_OK
                                                   : PROCORE_ERROR;
}

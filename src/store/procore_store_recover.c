
/*
 * Recovery: what can be verified in a damaged store goes into a new one.
 *
 * A reader, a child of its own, sends entries down a pipe until the end, an
 * error, or its death; the writer checks each again.  A tree that breaks on the
 * way is read from its other end, too.
 */


#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "procore_store_child.h"
#include "procore_store_internal.h"


/*
 * Entries in one transaction; nobody else uses the new store yet.  A large one
 * counts as several, one for each so many bytes.
 */
#define PROCORE_RECOVER_GROUP  10000
#define PROCORE_RECOVER_BYTES  256

/* The least that an entry takes: above that, a count of entries is damaged. */
#define PROCORE_RECOVER_ENTRY  32


/*
 * What stands before a key and a value on the pipe; without a key it ends a
 * tree that was read in full.
 */

typedef struct {
    uint32_t  key_len;
    uint32_t  len;
} procore_recover_head_t;


typedef struct {
    procore_recover_head_t  head;
    unsigned char           key[PROCORE_RECORD_KEY_MAX];
    unsigned char           value[PROCORE_RECORD_VALUE_MAX];
} procore_recover_entry_t;


typedef struct {
    MDB_env                  *env;
    MDB_txn                  *txn;
    MDB_dbi                   dbi[PROCORE_DB_COUNT];
    procore_recover_entry_t  *entry;      /* the one at hand */
    size_t                    waiting;    /* in the open transaction */
    uint64_t                  kept;
    uint64_t                  lost;
} procore_recover_t;


/* The number of entries that the tree claims, then each that holds. */

static int
procore_recover_send(MDB_env *env, procore_db_e db, MDB_cursor_op step,
    FILE *out)
{
    MDB_dbi                  dbi;
    MDB_val                  key, value;
    MDB_txn                 *txn;
    MDB_stat                 stat;
    MDB_cursor              *cursor;
    procore_recover_head_t   head;

    if (mdb_txn_begin(env, NULL, MDB_RDONLY, &txn) != 0
        || mdb_dbi_open(txn, procore_db_name(db), 0, &dbi) != 0
        || mdb_stat(txn, dbi, &stat) != 0
        || mdb_cursor_open(txn, dbi, &cursor) != 0
        || fwrite(&stat.ms_entries, sizeof(size_t), 1, out) != 1)
    {
        return -1;
    }

    for ( ;; ) {

        switch (mdb_cursor_get(cursor, &key, &value, step)) {

        case 0:
            break;

        case MDB_NOTFOUND:
            memset(&head, 0, sizeof(head));
            return fwrite(&head, sizeof(head), 1, out) == 1 ? 0 : -1;

        default:
            return -1;
        }

        if (procore_record_verify(db, key.mv_data, key.mv_size,
                                  value.mv_data, value.mv_size)
            != PROCORE_OK)
        {
            continue;
        }

        head.key_len = (uint32_t) key.mv_size;
        head.len = (uint32_t) value.mv_size;

        if (fwrite(&head, sizeof(head), 1, out) != 1
            || fwrite(key.mv_data, key.mv_size, 1, out) != 1
            || fwrite(value.mv_data, value.mv_size, 1, out) != 1)
        {
            return -1;
        }
    }
}


static void
procore_recover_reader(const char *from, procore_db_e db, MDB_cursor_op step,
    int fd)
{
    FILE     *out;
    MDB_env  *env;

    out = fdopen(fd, "w");

    if (out != NULL && procore_damaged_open(&env, from) == 0) {
        (void) procore_recover_send(env, db, step, out);
        (void) fflush(out);
    }

    _exit(0);
}


/* The family of a token that was kept has one more. */

static int
procore_recover_count(procore_recover_t *recover, unsigned char *id)
{
    int                      rc;
    MDB_val                  key, value;
    unsigned char            packed[PROCORE_FAMILY_VALUE_MAX];
    procore_family_record_t  family;

    key.mv_data = id;
    key.mv_size = PROCORE_FAMILY_SIZE;

    rc = mdb_get(recover->txn, recover->dbi[PROCORE_DB_FAMILY], &key, &value);
    if (rc != 0) {
        return rc == MDB_NOTFOUND ? 0 : rc;
    }

    (void) procore_family_unpack(id, value.mv_data, value.mv_size, &family);
    family.tokens++;

    value.mv_data = packed;
    value.mv_size = procore_family_pack(id, &family, packed);

    return mdb_put(recover->txn, recover->dbi[PROCORE_DB_FAMILY], &key, &value,
                   0);
}


/* Codes of the library; MDB_KEYEXIST: the other direction brought it. */

static int
procore_recover_put(procore_recover_t *recover, procore_db_e db)
{
    int                       rc;
    MDB_val                   key, value;
    procore_token_record_t    token;
    procore_family_record_t   family;
    procore_recover_entry_t  *entry;

    entry = recover->entry;

    if (db == PROCORE_DB_FAMILY) {
        (void) procore_family_unpack(entry->key, entry->value,
                                     entry->head.len, &family);
        family.tokens = 0;
        (void) procore_family_pack(entry->key, &family, entry->value);
    }

    key.mv_data = entry->key;
    key.mv_size = entry->head.key_len;
    value.mv_data = entry->value;
    value.mv_size = entry->head.len;

    rc = mdb_put(recover->txn, recover->dbi[db], &key, &value,
                 MDB_NOOVERWRITE);

    if (rc != 0 || db != PROCORE_DB_TOKEN) {
        return rc;
    }

    (void) procore_token_unpack(entry->key, entry->value, entry->head.len,
                                &token);

    return procore_recover_count(recover, token.family);
}


static int
procore_recover_entry(procore_recover_t *recover, procore_db_e db)
{
    int                       rc;
    procore_recover_entry_t  *entry;

    entry = recover->entry;

    if (procore_record_verify(db, entry->key, entry->head.key_len,
                              entry->value, entry->head.len)
        != PROCORE_OK)
    {
        return 0;
    }

    rc = procore_recover_put(recover, db);

    if (rc == MDB_KEYEXIST) {
        return 0;
    }

    if (rc != 0) {
        return rc;
    }

    recover->kept++;

    recover->waiting += 1 + entry->head.len / PROCORE_RECOVER_BYTES;

    if (recover->waiting < PROCORE_RECOVER_GROUP) {
        return 0;
    }

    recover->waiting = 0;
    rc = mdb_txn_commit(recover->txn);
    recover->txn = NULL;

    return rc ? rc : mdb_txn_begin(recover->env, NULL, 0, &recover->txn);
}


/*
 * Reads what a reader sends.  *claimed becomes what the tree says that it has,
 * *whole whether it was read to its end.  Codes of the library.
 */

static int
procore_recover_receive(procore_recover_t *recover, procore_db_e db, FILE *in,
    uint64_t *claimed, int *whole)
{
    int                       rc;
    size_t                    entries;
    procore_recover_entry_t  *entry;

    entry = recover->entry;
    *whole = 0;

    if (fread(&entries, sizeof(entries), 1, in) != 1) {
        return 0;
    }

    *claimed = entries;

    while (fread(&entry->head, sizeof(entry->head), 1, in) == 1) {

        if (entry->head.key_len == 0) {
            *whole = 1;
            return 0;
        }

        if (entry->head.key_len > sizeof(entry->key)
            || entry->head.len > sizeof(entry->value)
            || fread(entry->key, entry->head.key_len, 1, in) != 1
            || fread(entry->value, entry->head.len, 1, in) != 1)
        {
            return 0;
        }

        rc = procore_recover_entry(recover, db);
        if (rc != 0) {
            return rc;
        }
    }

    return 0;
}


static int
procore_recover_pass(procore_recover_t *recover, const char *from,
    procore_db_e db, MDB_cursor_op step, uint64_t *claimed, int *whole)
{
    int        fd[2], rc;
    FILE      *in;
    pid_t      pid;
    sigset_t   old;

    if (pipe2(fd, O_CLOEXEC) == -1) {
        return errno;
    }

    pid = procore_child_fork(&old);

    if (pid == 0) {
        (void) close(fd[0]);
        procore_recover_reader(from, db, step, fd[1]);
    }

    (void) close(fd[1]);

    if (pid == -1) {
        (void) close(fd[0]);
        return EAGAIN;
    }

    in = fdopen(fd[0], "r");

    if (in == NULL) {
        (void) close(fd[0]);
        rc = ENOMEM;

    } else {
        rc = procore_recover_receive(recover, db, in, claimed, whole);

        /* a reader that is still sending ends by the closed pipe */

        (void) fclose(in);
    }

    procore_child_wait(pid, &old);

    return rc;
}


static int
procore_recover_database(procore_recover_t *recover, const char *from,
    procore_db_e db, uint64_t most)
{
    int       rc, whole;
    uint64_t  claimed, before, kept;

    claimed = 0;
    before = recover->kept;

    rc = procore_recover_pass(recover, from, db, MDB_NEXT, &claimed, &whole);

    if (rc == 0 && !whole) {
        rc = procore_recover_pass(recover, from, db, MDB_PREV, &claimed,
                                  &whole);
    }

    kept = recover->kept - before;

    if (db == PROCORE_DB_META) {

        /* the layout is there already; nobody misses a key, one is made */

        recover->kept = before;
        return rc;
    }

    if (claimed > kept && claimed <= most) {
        recover->lost += claimed - kept;
    }

    return rc;
}


/* All into the new store, which is opened; codes of the library. */

static int
procore_recover_copy(procore_recover_t *recover, const char *from,
    uint64_t most)
{
    int       rc;
    unsigned  i;

    recover->entry = malloc(sizeof(procore_recover_entry_t));
    if (recover->entry == NULL) {
        return ENOMEM;
    }

    rc = mdb_txn_begin(recover->env, NULL, 0, &recover->txn);

    for (i = PROCORE_DB_META; i < PROCORE_DB_COUNT && rc == 0; i++) {
        rc = procore_recover_database(recover, from, (procore_db_e) i, most);
    }

    if (rc == 0) {
        rc = mdb_txn_commit(recover->txn);

    } else if (recover->txn != NULL) {
        mdb_txn_abort(recover->txn);
    }

    free(recover->entry);

    return rc ? rc : mdb_env_sync(recover->env, 1);
}


int
procore_store_recover(const char *from, const char *to, size_t size,
    uint64_t *kept, uint64_t *lost, char *error)
{
    int                rc, guard;
    char               file[PROCORE_STORE_PATH_MAX];
    struct stat        st;
    procore_recover_t  recover;

    rc = procore_store_join(file, from, PROCORE_STORE_DATA, error);
    if (rc != PROCORE_OK) {
        return rc;
    }

    if (stat(file, &st) == -1) {
        return procore_store_failed(error, errno, "cannot find the old store");
    }

    rc = procore_guard_lock(to, LOCK_EX, 0, 1, &guard, error);
    if (rc != PROCORE_OK) {
        return rc;
    }

    (void) close(guard);

    rc = procore_env_create(to, size, error);
    if (rc != PROCORE_OK) {
        return rc;
    }

    memset(&recover, 0, sizeof(recover));

    /* nobody relies on the new store before the sync at the end */

    rc = procore_env_open(&recover.env, to, size ? size : PROCORE_STORE_SIZE,
                          MDB_NOSYNC);

    if (rc != 0) {
        return procore_store_failed(error, rc, "cannot open the new store");
    }

    rc = procore_env_databases(recover.env, recover.dbi, error);

    if (rc == PROCORE_OK) {
        rc = procore_recover_copy(&recover, from,
                                  (uint64_t) st.st_size
                                  / PROCORE_RECOVER_ENTRY);

        if (rc != 0) {
            rc = procore_store_failed(error, rc, "cannot fill the new store");
        }
    }

    mdb_env_close(recover.env);

    *kept = recover.kept;
    *lost = recover.lost;

    return rc;
}


/*
 * Writing the store: transactions, the room that they leave, and projects.
 */


#include <errno.h>
#include <string.h>
#include <sys/statvfs.h>

#include "procore_store_internal.h"


/*
 * Removing needs free pages, too: a store that took the last one could never be
 * swept.  So writing stops while this part of the map is left, within bounds
 * that let a small one work and a large one not waste.
 */

#define PROCORE_ROOM_PART  32
#define PROCORE_ROOM_MIN   64      /* pages */
#define PROCORE_ROOM_MAX   4096    /* pages, twice what a sweep touches */

/* The report leaves this part of the map to what bindings need. */

#define PROCORE_ROOM_REPORT  8


/*
 * Pages that the transaction "write" may use again: those that the one before
 * freed may still be read.  A code of the library.
 */

static int
procore_room_freed(procore_store_t *store, MDB_txn *write, size_t *pages)
{
    int          rc;
    size_t       count, freed_by;
    MDB_val      key, value;
    MDB_txn     *txn;
    MDB_cursor  *cursor;

    *pages = 0;

    /* database 0 lists them; it can be read only from outside of a write */

    rc = mdb_txn_begin(store->env, NULL, MDB_RDONLY, &txn);
    if (rc != 0) {
        return rc;
    }

    rc = mdb_cursor_open(txn, 0, &cursor);

    if (rc == 0) {
        while ((rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0) {
            memcpy(&freed_by, key.mv_data, sizeof(freed_by));

            if (freed_by + 1 >= mdb_txn_id(write)) {
                rc = MDB_NOTFOUND;
                break;
            }

            memcpy(&count, value.mv_data, sizeof(count));
            *pages += count;
        }

        mdb_cursor_close(cursor);
    }

    mdb_txn_abort(txn);

    return rc == MDB_NOTFOUND ? 0 : rc;
}


/* For "adds" pages more.  0, MDB_MAP_FULL, or what reading failed with. */

static int
procore_room(procore_store_t *store, MDB_txn *txn, size_t adds)
{
    int          rc;
    size_t       pages, keep, left, freed;
    MDB_envinfo  info;

    rc = mdb_env_info(store->env, &info);
    if (rc != 0) {
        return rc;
    }

    /* not the map's: the sweep may have made that larger */

    pages = store->size / store->page;
    keep = pages / PROCORE_ROOM_PART;

    if (keep < PROCORE_ROOM_MIN) {
        keep = PROCORE_ROOM_MIN;
    }

    if (keep > PROCORE_ROOM_MAX) {
        keep = PROCORE_ROOM_MAX;
    }

    keep += adds;

    left = pages > info.me_last_pgno + 1 ? pages - info.me_last_pgno - 1 : 0;

    if (left >= keep) {
        return 0;
    }

    rc = procore_room_freed(store, txn, &freed);
    if (rc != 0) {
        return rc;
    }

    return left + freed >= keep ? 0 : MDB_MAP_FULL;
}


int
procore_writing_begin(procore_store_t *store, MDB_txn **txn, size_t adds,
    char *error)
{
    int  rc;

    (void) pthread_mutex_lock(&store->writing);

    rc = mdb_txn_begin(store->env, NULL, 0, txn);

    if (rc == MDB_MAP_RESIZED) {

        /* another process has opened the store with a larger map */

        (void) pthread_mutex_lock(&store->reading);
        rc = mdb_env_set_mapsize(store->env, 0);
        (void) pthread_mutex_unlock(&store->reading);

        if (rc == 0) {
            rc = mdb_txn_begin(store->env, NULL, 0, txn);
        }
    }

    if (rc == 0 && adds != 0) {
        rc = procore_room(store, *txn, adds);

        if (rc != 0) {
            mdb_txn_abort(*txn);
        }
    }

    if (rc == 0) {
        return PROCORE_OK;
    }

    (void) pthread_mutex_unlock(&store->writing);

    return procore_store_failed(error, rc, "cannot write the store");
}


int
procore_writing_grow(procore_store_t *store, char *error)
{
    int          rc;
    size_t       size;
    MDB_envinfo  info;

    (void) pthread_mutex_lock(&store->writing);
    (void) pthread_mutex_lock(&store->reading);

    rc = mdb_env_info(store->env, &info);

    if (rc == 0) {
        size = PROCORE_ROOM_MIN * store->page;
        rc = info.me_mapsize <= SIZE_MAX - size
             ? mdb_env_set_mapsize(store->env, info.me_mapsize + size)
             : MDB_MAP_FULL;
    }

    (void) pthread_mutex_unlock(&store->reading);
    (void) pthread_mutex_unlock(&store->writing);

    if (rc != 0) {
        return procore_store_failed(error, rc, "cannot make room in the store");
    }

    return PROCORE_OK;
}


/* A disk that fills up within a write shows as a short one. */

static int
procore_disk_full(procore_store_t *store)
{
    struct statvfs  fs;

    return fstatvfs(store->guard, &fs) == 0 && fs.f_bavail == 0;
}


int
procore_writing_end(procore_store_t *store, MDB_txn *txn, int rc, char *error)
{
    if (rc == 0) {
        rc = mdb_txn_commit(txn);

    } else {
        mdb_txn_abort(txn);
    }

    if (rc != 0) {

        /* what the transaction removed is there again */

        store->expired = 0;
    }

    (void) pthread_mutex_unlock(&store->writing);

    if (rc == 0) {
        return PROCORE_OK;
    }

    if (rc == EIO && procore_disk_full(store)) {
        rc = ENOSPC;
    }

    return procore_store_failed(error, rc, "cannot write the store");
}


static int
procore_write_project(procore_store_t *store, MDB_txn *txn,
    procore_store_op_t *op, uint64_t id)
{
    int                rc;
    MDB_val            key, value;
    unsigned char      name[PROCORE_PROJECT_KEY];
    unsigned char      packed[PROCORE_PROJECT_VALUE];
    procore_project_t  project;

    procore_project_key(op->realm, id, name);
    key.mv_data = name;
    key.mv_size = sizeof(name);

    rc = mdb_get(txn, store->dbi[PROCORE_DB_PROJECT], &key, &value);

    if (rc != 0 && rc != MDB_NOTFOUND) {
        return rc;
    }

    if (rc == 0
        && procore_project_unpack(name, value.mv_data, value.mv_size, &project)
           == PROCORE_OK)
    {
        if (project.company != op->company) {

            if (!procore_project_expired(&project, op->now)) {

                if (op->passing) {
                    op->kept++;
                    return 0;
                }

                op->moved++;
            }

        } else if (project.valid_for == 0) {
            return 0;
        }
    }

    project.company = op->company;
    project.learnt_at = op->now;
    project.valid_for = op->valid_for;

    value.mv_data = packed;
    value.mv_size = procore_project_pack(name, &project, packed);

    return mdb_put(txn, store->dbi[PROCORE_DB_PROJECT], &key, &value, 0);
}


static int
procore_write_projects(procore_store_t *store, MDB_txn *txn,
    procore_store_op_t *op)
{
    int     rc;
    size_t  i;

    if (op->company == 0) {
        op->rc = PROCORE_MALFORMED;
        return 0;
    }

    for (i = 0; i < op->nprojects; i++) {
        rc = procore_write_project(store, txn, op, op->projects[i]);
        if (rc != 0) {
            return rc;
        }
    }

    return 0;
}


static int
procore_write_op(procore_store_t *store, MDB_txn *txn, procore_store_op_t *op)
{
    op->rc = PROCORE_OK;
    op->made = 0;
    op->moved = 0;
    op->kept = 0;
    op->before = 0;
    memset(&op->bound, 0, sizeof(procore_token_t));
    memset(&op->record, 0, sizeof(procore_sealed_t));

    switch (op->type) {

    case PROCORE_STORE_FAMILY:
    case PROCORE_STORE_BIND:
    case PROCORE_STORE_CONFIRM:
        return procore_write_family(store, txn, op);

    case PROCORE_STORE_WITHDRAW:
        return procore_write_withdraw(store, txn, op);

    case PROCORE_STORE_PROJECTS:
        return procore_write_projects(store, txn, op);

    case PROCORE_STORE_UNBIND:
        return procore_write_unbind(store, txn, op);

    case PROCORE_STORE_SET:
    case PROCORE_STORE_END:
    case PROCORE_STORE_RESTORE:
    case PROCORE_STORE_FORGET:
    case PROCORE_STORE_PAUSE:
    case PROCORE_STORE_RESUME:
        return procore_write_admin(store, txn, op);

    case PROCORE_STORE_SEALED_OPEN:
    case PROCORE_STORE_SEALED_OFFER:
    case PROCORE_STORE_SEALED_CHOOSE:
    case PROCORE_STORE_SEALED_SPEND:
    case PROCORE_STORE_SEALED_REDEEM:
    case PROCORE_STORE_SEALED_CLAIM:
    case PROCORE_STORE_SEALED_RELEASE:
    case PROCORE_STORE_SEALED_BIND:
        return procore_write_sealed(store, txn, op);

    case PROCORE_STORE_AUDIT:
        return procore_write_audit(store, txn, op);

    case PROCORE_STORE_REPORT:
        return procore_write_report(store, txn, op);
    }

    op->rc = PROCORE_MALFORMED;

    return 0;
}


int
procore_store_write(procore_store_t *store, procore_store_op_t **ops, size_t n,
    char *error)
{
    int       rc;
    size_t    i, adds;
    MDB_txn  *txn;

    adds = 1;

    for (i = 0; i < n; i++) {
        if (ops[i]->sealed_len <= PROCORE_STORE_SEALED_MAX) {
            adds += ops[i]->sealed_len / store->page;
        }

        if (ops[i]->type == PROCORE_STORE_REPORT) {
            adds += store->size / store->page / PROCORE_ROOM_REPORT;
        }
    }

    rc = procore_writing_begin(store, &txn, adds, error);
    if (rc != PROCORE_OK) {
        return rc;
    }

    rc = 0;

    for (i = 0; i < n && rc == 0; i++) {
        rc = procore_write_op(store, txn, ops[i]);
    }

    return procore_writing_end(store, txn, rc, error);
}


/*
 * The sweep: removes tokens, families, projects, sealed records and rows of the
 * report that have run out.
 */


#include <string.h>

#include "procore_store_internal.h"


/* Where room is short, a pass is divided by the one until at the other. */
#define PROCORE_SWEEP_LESS   8
#define PROCORE_SWEEP_LEAST  16      /* keys */

/*
 * Sealed records are looked at by each pass, all of them: they hold tokens, if
 * sealed, and must not outlive their minutes.  This many times its keys may go:
 * more than can be live at once.
 */
#define PROCORE_SWEEP_SEALED  10


typedef struct {
    procore_store_t  *store;
    MDB_txn          *txn;
    uint64_t          now;
    size_t            left;         /* keys still to be looked at */
    size_t            removed;
} procore_sweep_t;


/* One token less; the family's turn comes in the next round. */

static int
procore_sweep_release(procore_sweep_t *sweep, unsigned char *id)
{
    int                      rc;
    MDB_val                  key, value;
    unsigned char            packed[PROCORE_FAMILY_VALUE_MAX];
    procore_family_record_t  family;

    key.mv_data = id;
    key.mv_size = PROCORE_FAMILY_SIZE;

    rc = mdb_get(sweep->txn, sweep->store->dbi[PROCORE_DB_FAMILY], &key,
                 &value);

    if (rc != 0) {
        return rc == MDB_NOTFOUND ? 0 : rc;
    }

    if (procore_family_unpack(id, value.mv_data, value.mv_size, &family)
        != PROCORE_OK
        || family.tokens == 0)
    {
        return 0;
    }

    family.tokens--;

    value.mv_data = packed;
    value.mv_size = procore_family_pack(id, &family, packed);

    return mdb_put(sweep->txn, sweep->store->dbi[PROCORE_DB_FAMILY], &key,
                   &value, 0);
}


/*
 * Says whether an entry goes (1) or stays (0); "family" is set for tokens.
 * What cannot be read stays: its token must not become bindable anew.
 */

static int
procore_sweep_gone(procore_db_e db, const MDB_val *key, const MDB_val *value,
    uint64_t now, unsigned char *id)
{
    const unsigned char      *name;
    procore_project_t         project;
    procore_token_record_t    token;
    procore_family_record_t   family;

    name = key->mv_data;

    if (procore_record_verify(db, name, key->mv_size, value->mv_data,
                              value->mv_size)
        != PROCORE_OK)
    {
        return 0;
    }

    switch (db) {

    case PROCORE_DB_FAMILY:
        (void) procore_family_unpack(name, value->mv_data, value->mv_size,
                                     &family);
        return family.tokens == 0;

    case PROCORE_DB_TOKEN:
        (void) procore_token_unpack(name, value->mv_data, value->mv_size,
                                    &token);
        memcpy(id, token.family, PROCORE_FAMILY_SIZE);
        return procore_token_expired((procore_token_kind_e) name[0], &token,
                                     now);

    default:
        (void) procore_project_unpack(name, value->mv_data, value->mv_size,
                                      &project);
        return procore_project_expired(&project, now);
    }
}


/* From the entry after cursor->key on; cursor->key becomes the last seen. */

static int
procore_sweep_database(procore_sweep_t *sweep, procore_db_e db,
    procore_store_cursor_t *cursor, MDB_cursor *c)
{
    int            rc;
    MDB_val        key, value;
    unsigned char  id[PROCORE_FAMILY_SIZE];

    key.mv_data = cursor->key;
    key.mv_size = cursor->len;

    rc = mdb_cursor_get(c, &key, &value,
                        cursor->len ? MDB_SET_RANGE : MDB_FIRST);

    if (rc == 0 && cursor->len == key.mv_size
        && memcmp(cursor->key, key.mv_data, cursor->len) == 0)
    {
        rc = mdb_cursor_get(c, &key, &value, MDB_NEXT);
    }

    while (rc == 0 && sweep->left > 0) {

        sweep->left--;

        if (key.mv_size > sizeof(cursor->key)) {
            return MDB_CORRUPTED;
        }

        memcpy(cursor->key, key.mv_data, key.mv_size);
        cursor->len = key.mv_size;

        if (procore_sweep_gone(db, &key, &value, sweep->now, id)) {

            rc = mdb_cursor_del(c, 0);

            if (rc == 0 && db == PROCORE_DB_TOKEN) {
                rc = procore_sweep_release(sweep, id);
            }

            if (rc != 0) {
                return rc;
            }

            sweep->removed++;
        }

        rc = mdb_cursor_get(c, &key, &value, MDB_NEXT);
    }

    return rc;
}


/* Codes of the library; MDB_NOTFOUND: the end of the last database. */

static int
procore_sweep_pass(procore_sweep_t *sweep, procore_store_cursor_t *cursor)
{
    int          rc;
    MDB_cursor  *c;

    if (cursor->database == PROCORE_DB_META) {
        cursor->database = PROCORE_DB_FAMILY;
        cursor->len = 0;
    }

    while (cursor->database < PROCORE_DB_SEALED) {

        rc = mdb_cursor_open(sweep->txn,
                             sweep->store->dbi[cursor->database], &c);
        if (rc != 0) {
            return rc;
        }

        rc = procore_sweep_database(sweep, (procore_db_e) cursor->database,
                                    cursor, c);
        mdb_cursor_close(c);

        if (rc != MDB_NOTFOUND) {
            return rc;
        }

        cursor->database++;
        cursor->len = 0;
    }

    if (cursor->database != PROCORE_DB_REPORT) {
        cursor->database = PROCORE_DB_REPORT;
        cursor->len = 0;
    }

    return procore_report_expire(sweep->store, sweep->txn, cursor, sweep->now,
                                 &sweep->left, &sweep->removed);
}


static int
procore_sweep_commit(procore_sweep_t *sweep, procore_store_cursor_t *cursor,
    char *error)
{
    int                     rc, end;
    procore_store_cursor_t  next;

    rc = procore_writing_begin(sweep->store, &sweep->txn, 0, error);
    if (rc != PROCORE_OK) {
        return rc;
    }

    next = *cursor;

    rc = procore_sealed_expire(sweep->store, sweep->txn, sweep->now,
                               sweep->left * PROCORE_SWEEP_SEALED,
                               &sweep->removed);
    if (rc == 0) {
        rc = procore_audit_expire(sweep->store, sweep->txn, sweep->now,
                                  &sweep->removed);
    }

    if (rc == 0) {
        rc = procore_sweep_pass(sweep, &next);
    }

    end = (rc == MDB_NOTFOUND);

    rc = procore_writing_end(sweep->store, sweep->txn, end ? 0 : rc, error);
    if (rc != PROCORE_OK) {
        return rc;
    }

    if (end) {
        memset(&next, 0, sizeof(procore_store_cursor_t));
    }

    *cursor = next;

    return PROCORE_OK;
}


int
procore_store_sweep(procore_store_t *store, procore_store_cursor_t *cursor,
    size_t max, uint64_t now, size_t *removed, char *error)
{
    int              rc;
    unsigned         grown;
    procore_sweep_t  sweep;

    *removed = 0;
    grown = 0;

    sweep.store = store;
    sweep.now = now;

    /*
     * A store without room for a large step may have it for a small one.  If
     * not (a group of writes happened to take the last page), the map grows by
     * a little: what this step frees is enough for the next one.
     */

    for ( ;; ) {
        sweep.left = max;
        sweep.removed = 0;

        rc = procore_sweep_commit(&sweep, cursor, error);

        if (rc != PROCORE_FULL) {
            break;
        }

        if (max > PROCORE_SWEEP_LEAST) {
            max /= PROCORE_SWEEP_LESS;
            continue;
        }

        if (grown) {
            break;
        }

        rc = procore_writing_grow(store, error);
        if (rc != PROCORE_OK) {
            break;
        }

        grown = 1;
    }

    if (rc == PROCORE_OK) {
        *removed = sweep.removed;
    }

    return rc;
}

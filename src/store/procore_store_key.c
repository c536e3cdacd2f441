
/*
 * What came to the store later than its first layout: databases of sealed
 * records, and the key of cookies.  Older versions do not look at them.
 */


#include <errno.h>
#include <string.h>

#include "../crypto/procore_seal.h"
#include "procore_store_internal.h"


/* 0 and store->key; MDB_NOTFOUND where there is none, or a damaged one. */

static int
procore_key_read(procore_store_t *store, MDB_txn *txn)
{
    int      rc;
    MDB_val  key, value;

    key.mv_data = (void *) (uintptr_t) PROCORE_STORE_SECRET;
    key.mv_size = sizeof(PROCORE_STORE_SECRET) - 1;

    rc = mdb_get(txn, store->dbi[PROCORE_DB_META], &key, &value);
    if (rc != 0) {
        return rc;
    }

    if (procore_key_unpack(PROCORE_STORE_SECRET, value.mv_data, value.mv_size,
                           store->key)
        != PROCORE_OK)
    {
        return MDB_NOTFOUND;
    }

    store->has_key = 1;

    return 0;
}


static int
procore_key_make(procore_store_t *store, MDB_txn *txn)
{
    int            rc;
    MDB_val        key, value;
    unsigned char  packed[PROCORE_KEY_VALUE];

    if (procore_random(store->key, PROCORE_STORE_KEY) != PROCORE_OK) {
        return EAGAIN;
    }

    key.mv_data = (void *) (uintptr_t) PROCORE_STORE_SECRET;
    key.mv_size = sizeof(PROCORE_STORE_SECRET) - 1;
    value.mv_data = packed;
    value.mv_size = procore_key_pack(PROCORE_STORE_SECRET, store->key, packed);

    rc = mdb_put(txn, store->dbi[PROCORE_DB_META], &key, &value, 0);

    procore_wipe(packed, sizeof(packed));

    store->has_key = (rc == 0);

    return rc;
}


/* Whether nothing is missing; a code of the library. */

static int
procore_store_has_all(procore_store_t *store)
{
    int       rc;
    MDB_txn  *txn;

    rc = mdb_txn_begin(store->env, NULL, MDB_RDONLY, &txn);

    if (rc == 0) {
        rc = procore_key_read(store, txn);
        mdb_txn_abort(txn);
    }

    return rc == 0
           && store->dbi[PROCORE_DB_SEALED] != 0
           && store->dbi[PROCORE_DB_SPENT] != 0
           && store->dbi[PROCORE_DB_LINK] != 0
           && store->dbi[PROCORE_DB_PAUSED] != 0
           && store->dbi[PROCORE_DB_AUDIT] != 0
           && store->dbi[PROCORE_DB_REPORT] != 0;
}


int
procore_store_complete(procore_store_t *store, char *error)
{
    int       rc;
    MDB_txn  *txn;
    MDB_dbi   before[PROCORE_DB_COUNT];
    unsigned  i;

    if (procore_store_has_all(store)) {
        return PROCORE_OK;
    }

    /* another process may be quicker: what counts is what this one reads */

    rc = procore_writing_begin(store, &txn, 0, error);
    if (rc != PROCORE_OK) {
        return rc;
    }

    memcpy(before, store->dbi, sizeof(before));
    rc = 0;

    for (i = PROCORE_DB_SEALED; i < PROCORE_DB_COUNT && rc == 0; i++) {
        if (store->dbi[i] == 0) {
            rc = mdb_dbi_open(txn, procore_db_name((procore_db_e) i),
                              MDB_CREATE, &store->dbi[i]);
        }
    }

    if (rc == 0) {
        rc = procore_key_read(store, txn);

        if (rc == MDB_NOTFOUND) {
            rc = procore_key_make(store, txn);
        }
    }

    rc = procore_writing_end(store, txn, rc, error);

    if (rc != PROCORE_OK) {
        memcpy(store->dbi, before, sizeof(before));
        store->has_key = 0;
    }

    return rc;
}


int
procore_store_key(procore_store_t *store, unsigned char key[PROCORE_STORE_KEY])
{
    if (!store->has_key) {
        return PROCORE_ERROR;
    }

    memcpy(key, store->key, PROCORE_STORE_KEY);

    return PROCORE_OK;
}

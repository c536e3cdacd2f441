
/*
 * Reading the store, inside the snapshot of procore_store_begin().
 */


#include <string.h>

#include "procore_store_internal.h"


static int
procore_store_get(procore_store_t *store, procore_db_e db,
    const unsigned char *key, size_t len, MDB_val *value)
{
    int      rc;
    MDB_val  k;

    if (store->dbi[db] == 0) {
        return PROCORE_NOT_FOUND;
    }

    k.mv_size = len;
    k.mv_data = (void *) (uintptr_t) key;

    rc = mdb_get(store->snapshot, store->dbi[db], &k, value);

    switch (rc) {

    case 0:
        return PROCORE_OK;

    case MDB_NOTFOUND:
        return PROCORE_NOT_FOUND;

    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
        return PROCORE_CORRUPT;

    default:
        return PROCORE_ERROR;
    }
}


int
procore_store_token(procore_store_t *store, procore_token_kind_e kind,
    const unsigned char digest[PROCORE_DIGEST_SIZE], procore_token_t *token)
{
    int                      rc;
    MDB_val                  value;
    unsigned char            key[PROCORE_TOKEN_KEY];
    procore_token_record_t   record;
    procore_family_record_t  family;

    procore_token_key(kind, digest, key);

    rc = procore_store_get(store, PROCORE_DB_TOKEN, key, sizeof(key), &value);
    if (rc != PROCORE_OK) {
        return rc;
    }

    if (procore_token_unpack(key, value.mv_data, value.mv_size, &record)
        != PROCORE_OK)
    {
        return PROCORE_CORRUPT;
    }

    rc = procore_store_get(store, PROCORE_DB_FAMILY, record.family,
                           PROCORE_FAMILY_SIZE, &value);

    if (rc != PROCORE_OK) {
        return rc == PROCORE_NOT_FOUND ? PROCORE_CORRUPT : rc;
    }

    if (procore_family_unpack(record.family, value.mv_data, value.mv_size,
                              &family)
        != PROCORE_OK)
    {
        return PROCORE_CORRUPT;
    }

    procore_token_fill(token, &record, &family);

    return PROCORE_OK;
}


int
procore_store_project(procore_store_t *store,
    const unsigned char realm[PROCORE_REALM_SIZE], uint64_t project,
    procore_project_t *out)
{
    int            rc;
    MDB_val        value;
    unsigned char  key[PROCORE_PROJECT_KEY];

    procore_project_key(realm, project, key);

    rc = procore_store_get(store, PROCORE_DB_PROJECT, key, sizeof(key),
                           &value);
    if (rc != PROCORE_OK) {
        return rc;
    }

    return procore_project_unpack(key, value.mv_data, value.mv_size, out);
}


int
procore_store_sealed(procore_store_t *store,
    const unsigned char key[PROCORE_DIGEST_SIZE], uint64_t now,
    procore_sealed_t *record)
{
    int       rc;
    MDB_val   value;
    unsigned  db;

    /* a record moves from one to another, all in one transaction */

    rc = PROCORE_NOT_FOUND;

    for (db = PROCORE_DB_LINK + 1; db > PROCORE_DB_SEALED
                                   && rc == PROCORE_NOT_FOUND; /* void */)
    {
        rc = procore_store_get(store, (procore_db_e) --db, key,
                               PROCORE_DIGEST_SIZE, &value);
    }

    if (rc != PROCORE_OK) {
        return rc;
    }

    rc = procore_sealed_unpack((procore_db_e) db, key, value.mv_data,
                               value.mv_size, record);

    if (rc == PROCORE_OK && procore_sealed_expired(record, now)) {
        return PROCORE_NOT_FOUND;
    }

    return rc;
}


int
procore_store_paused(procore_store_t *store,
    const unsigned char realm[PROCORE_REALM_SIZE], const unsigned char *client,
    size_t len)
{
    size_t         txn;
    MDB_val        value;
    MDB_stat       stat;
    unsigned char  key[PROCORE_PAUSED_KEY_MAX];

    if (len == 0 || len > PROCORE_STORE_CLIENT_MAX
        || store->dbi[PROCORE_DB_PAUSED] == 0)
    {
        return PROCORE_NOT_FOUND;
    }

    /* what was counted holds for as long as nobody has written */

    txn = mdb_txn_id(store->snapshot);

    if (txn != store->counted || txn == 0) {

        if (mdb_stat(store->snapshot, store->dbi[PROCORE_DB_PAUSED], &stat)
            != 0)
        {
            return PROCORE_ERROR;
        }

        store->counted = txn;
        store->npaused = stat.ms_entries;
    }

    if (store->npaused == 0) {
        return PROCORE_NOT_FOUND;
    }

    /* a damaged entry pauses too: that it is there says enough */

    return procore_store_get(store, PROCORE_DB_PAUSED, key,
                             procore_paused_key(realm, client, len, key),
                             &value);
}

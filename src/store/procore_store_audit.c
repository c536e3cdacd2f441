
/*
 * How far the chains of the audit have come: what tells that the end of a log
 * was cut off.
 */


#include <string.h>

#include "procore_store_internal.h"


/* Removes the chain that ended first. */

static int
procore_audit_drop(procore_store_t *store, MDB_txn *txn)
{
    int                    rc;
    MDB_val                key, value;
    uint64_t               first;
    MDB_cursor            *cursor;
    unsigned char          id[PROCORE_CHAIN_ID];
    procore_chain_point_t  point;

    rc = mdb_cursor_open(txn, store->dbi[PROCORE_DB_AUDIT], &cursor);
    if (rc != 0) {
        return rc;
    }

    first = UINT64_MAX;

    while ((rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0) {

        if (key.mv_size != PROCORE_CHAIN_ID
            || procore_audit_unpack(key.mv_data, value.mv_data, value.mv_size,
                                    &point)
               != PROCORE_OK)
        {
            continue;
        }

        if (point.at < first) {
            first = point.at;
            memcpy(id, key.mv_data, PROCORE_CHAIN_ID);
        }
    }

    mdb_cursor_close(cursor);

    if (rc != MDB_NOTFOUND || first == UINT64_MAX) {
        return rc == MDB_NOTFOUND ? 0 : rc;
    }

    key.mv_data = id;
    key.mv_size = PROCORE_CHAIN_ID;

    return mdb_del(txn, store->dbi[PROCORE_DB_AUDIT], &key, NULL);
}


int
procore_write_audit(procore_store_t *store, MDB_txn *txn,
    procore_store_op_t *op)
{
    int                    rc;
    MDB_val                key, value;
    MDB_stat               stat;
    unsigned char          packed[PROCORE_AUDIT_VALUE];
    procore_chain_point_t  point;

    if (store->dbi[PROCORE_DB_AUDIT] == 0) {
        op->rc = PROCORE_ERROR;
        return 0;
    }

    key.mv_data = op->chain.id;
    key.mv_size = PROCORE_CHAIN_ID;

    rc = mdb_get(txn, store->dbi[PROCORE_DB_AUDIT], &key, &value);

    if (rc == 0
        && procore_audit_unpack(op->chain.id, value.mv_data, value.mv_size,
                                &point)
           == PROCORE_OK
        && point.sequence >= op->chain.sequence)
    {
        return 0;
    }

    if (rc == MDB_NOTFOUND) {
        rc = mdb_stat(txn, store->dbi[PROCORE_DB_AUDIT], &stat);

        if (rc == 0 && stat.ms_entries >= PROCORE_STORE_CHAINS) {
            rc = procore_audit_drop(store, txn);
        }
    }

    if (rc != 0) {
        return rc;
    }

    value.mv_data = packed;
    value.mv_size = procore_audit_pack(&op->chain, packed);

    return mdb_put(txn, store->dbi[PROCORE_DB_AUDIT], &key, &value, 0);
}


int
procore_audit_expire(procore_store_t *store, MDB_txn *txn, uint64_t now,
    size_t *removed)
{
    int                    rc;
    MDB_val                key, value;
    MDB_cursor            *cursor;
    procore_chain_point_t  point;

    if (store->dbi[PROCORE_DB_AUDIT] == 0) {
        return 0;
    }

    rc = mdb_cursor_open(txn, store->dbi[PROCORE_DB_AUDIT], &cursor);
    if (rc != 0) {
        return rc;
    }

    while ((rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0) {

        if (key.mv_size != PROCORE_CHAIN_ID
            || procore_audit_unpack(key.mv_data, value.mv_data, value.mv_size,
                                    &point)
               != PROCORE_OK
            || now <= point.at || now - point.at <= PROCORE_KEEP_CHAIN)
        {
            continue;
        }

        rc = mdb_cursor_del(cursor, 0);
        if (rc != 0) {
            break;
        }

        (*removed)++;
    }

    mdb_cursor_close(cursor);

    return rc == MDB_NOTFOUND ? 0 : rc;
}


int
procore_store_chain(procore_store_t *store, const unsigned char *after,
    procore_chain_point_t *point)
{
    int            rc;
    MDB_val        key, value;
    MDB_cursor    *cursor;
    unsigned char  id[PROCORE_CHAIN_ID];

    if (store->dbi[PROCORE_DB_AUDIT] == 0) {
        return PROCORE_NOT_FOUND;
    }

    rc = mdb_cursor_open(store->snapshot, store->dbi[PROCORE_DB_AUDIT],
                         &cursor);
    if (rc != 0) {
        return PROCORE_ERROR;
    }

    if (after) {
        memcpy(id, after, PROCORE_CHAIN_ID);
        key.mv_data = id;
        key.mv_size = PROCORE_CHAIN_ID;

        rc = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);

        if (rc == 0 && key.mv_size == PROCORE_CHAIN_ID
            && memcmp(key.mv_data, after, PROCORE_CHAIN_ID) == 0)
        {
            rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
        }

    } else {
        rc = mdb_cursor_get(cursor, &key, &value, MDB_FIRST);
    }

    mdb_cursor_close(cursor);

    if (rc != 0) {
        return rc == MDB_NOTFOUND ? PROCORE_NOT_FOUND : PROCORE_ERROR;
    }

    if (key.mv_size != PROCORE_CHAIN_ID) {
        return PROCORE_ERROR;
    }

    memcpy(point->id, key.mv_data, PROCORE_CHAIN_ID);

    return procore_audit_unpack(key.mv_data, value.mv_data, value.mv_size,
                                point);
}

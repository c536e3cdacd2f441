
/*
 * The sweep of the report.
 */


#include <string.h>

#include "procore_record_bytes.h"
#include "procore_report_record.h"
#include "procore_store_internal.h"


typedef struct {
    procore_store_t  *store;
    MDB_txn          *txn;
    uint64_t          now;
} procore_expire_t;


static int
procore_expire_get(procore_expire_t *x, const unsigned char *name, size_t len,
    procore_report_row_t *row)
{
    int      rc;
    MDB_val  key, value;

    key.mv_data = (void *) (uintptr_t) name;
    key.mv_size = len;

    rc = mdb_get(x->txn, x->store->dbi[PROCORE_DB_REPORT], &key, &value);
    if (rc != 0) {
        return rc;
    }

    return procore_report_unpack(name, len, value.mv_data, value.mv_size, row)
           == PROCORE_OK ? 0 : MDB_NOTFOUND;
}


/* One row less below a row that counts them; where there is none, no matter. */

static int
procore_expire_less(procore_expire_t *x, const unsigned char *name, size_t len,
    procore_report_row_e gone)
{
    int                    rc;
    MDB_val                key, value;
    uint32_t              *count;
    unsigned char          packed[PROCORE_REPORT_VALUE_MAX];
    procore_report_row_t   row;

    rc = procore_expire_get(x, name, len, &row);
    if (rc != 0) {
        return rc == MDB_NOTFOUND ? 0 : rc;
    }

    count = NULL;

    switch (row.type) {

    case PROCORE_REPORT_ROW_TOTALS:
        count = gone == PROCORE_REPORT_ROW_CLIENT ? &row.totals.clients
                : gone == PROCORE_REPORT_ROW_USER ? &row.totals.users
                                                  : &row.totals.namings;
        break;

    case PROCORE_REPORT_ROW_CLIENT:
        count = gone == PROCORE_REPORT_ROW_USER ? &row.client.users
                                                : &row.client.namings;
        break;

    case PROCORE_REPORT_ROW_USER:
        count = &row.user.namings;
        break;

    default:
        break;
    }

    if (count == NULL || *count == 0) {
        return 0;
    }

    *count -= 1;

    key.mv_data = (void *) (uintptr_t) name;
    key.mv_size = len;
    value.mv_data = packed;
    value.mv_size = procore_report_pack(name, &row, packed);

    return mdb_put(x->txn, x->store->dbi[PROCORE_DB_REPORT], &key, &value, 0);
}


/* A row that cannot be read goes, and what belongs to nobody. */

static int
procore_expire_gone(procore_expire_t *x, const unsigned char *name,
    size_t len, const MDB_val *value, int *gone)
{
    int                   rc;
    uint64_t              last, keep;
    procore_report_row_t  row, owner;

    *gone = 1;
    keep = PROCORE_KEEP_REPORT;

    if (procore_report_unpack(name, len, value->mv_data, value->mv_size, &row)
        != PROCORE_OK)
    {
        return 0;
    }

    rc = 0;

    switch (row.type) {

    case PROCORE_REPORT_ROW_CLIENT:
        last = row.client.users == 0 ? row.client.last : x->now;
        break;

    case PROCORE_REPORT_ROW_REALM:
        last = row.realm_last;
        break;

    case PROCORE_REPORT_ROW_USER:
        rc = procore_expire_get(x, name, PROCORE_REPORT_CLIENT_KEY, &owner);
        last = row.user.last;

        if (row.user.namings < 2 && !procore_report_is_rest(name, len)) {
            keep = PROCORE_KEEP_HARMLESS;
        }

        break;

    case PROCORE_REPORT_ROW_NAMING:
        rc = procore_expire_get(x, name, PROCORE_REPORT_USER_KEY, &owner);
        last = row.naming.last;
        break;

    default:
        last = x->now;
        break;
    }

    if (rc == MDB_NOTFOUND) {
        return 0;
    }

    *gone = procore_older(last, x->now, keep);

    return rc;
}


static int
procore_expire_remove(procore_expire_t *x, unsigned char *name, size_t len)
{
    int                         rc;
    MDB_val                     key;
    procore_report_row_e        gone;
    static const unsigned char  totals[] = { 0 };

    key.mv_data = name;
    key.mv_size = len;

    rc = mdb_del(x->txn, x->store->dbi[PROCORE_DB_REPORT], &key, NULL);
    if (rc != 0 || len < PROCORE_REPORT_CLIENT_KEY
        || procore_report_is_rest(name, len))
    {
        return rc;
    }

    gone = len == PROCORE_REPORT_CLIENT_KEY ? PROCORE_REPORT_ROW_CLIENT
           : len == PROCORE_REPORT_USER_KEY ? PROCORE_REPORT_ROW_USER
                                            : PROCORE_REPORT_ROW_NAMING;

    rc = procore_expire_less(x, totals, sizeof(totals), gone);

    if (rc == 0 && len > PROCORE_REPORT_CLIENT_KEY) {
        rc = procore_expire_less(x, name, PROCORE_REPORT_CLIENT_KEY, gone);
    }

    if (rc == 0 && len > PROCORE_REPORT_USER_KEY) {
        rc = procore_expire_less(x, name, PROCORE_REPORT_USER_KEY, gone);
    }

    return rc;
}


/* The first row at or after cursor->key, which becomes its key. */

static int
procore_expire_next(procore_expire_t *x, procore_store_cursor_t *cursor,
    MDB_val *value)
{
    int          rc;
    MDB_val      key;
    MDB_cursor  *c;

    rc = mdb_cursor_open(x->txn, x->store->dbi[PROCORE_DB_REPORT], &c);
    if (rc != 0) {
        return rc;
    }

    key.mv_data = cursor->key;
    key.mv_size = cursor->len;

    rc = mdb_cursor_get(c, &key, value,
                        cursor->len ? MDB_SET_RANGE : MDB_FIRST);

    if (rc == 0 && cursor->len != 0 && key.mv_size == cursor->len
        && memcmp(cursor->key, key.mv_data, cursor->len) == 0)
    {
        rc = mdb_cursor_get(c, &key, value, MDB_NEXT);
    }

    mdb_cursor_close(c);

    if (rc == 0 && key.mv_size > PROCORE_REPORT_KEY) {
        return MDB_CORRUPTED;
    }

    if (rc == 0) {
        memcpy(cursor->key, key.mv_data, key.mv_size);
        cursor->len = key.mv_size;
    }

    return rc;
}


/*
 * No cursor stays open over a change: what is removed changes other rows of
 * the same tree.
 */

int
procore_report_expire(procore_store_t *store, MDB_txn *txn,
    procore_store_cursor_t *cursor, uint64_t now, size_t *left,
    size_t *removed)
{
    int               rc, gone;
    MDB_val           value;
    procore_expire_t  x;

    if (store->dbi[PROCORE_DB_REPORT] == 0) {
        return MDB_NOTFOUND;
    }

    x.store = store;
    x.txn = txn;
    x.now = now;

    while (*left > 0) {

        rc = procore_expire_next(&x, cursor, &value);

        if (rc == 0) {
            *left -= 1;
            rc = procore_expire_gone(&x, cursor->key, cursor->len, &value,
                                     &gone);
        }

        if (rc == 0 && gone) {
            *removed += 1;
            rc = procore_expire_remove(&x, cursor->key, cursor->len);
        }

        if (rc != 0) {
            return rc;
        }
    }

    return 0;
}


/*
 * The report in the store: adding to it, and reading it row by row.
 */


#include <errno.h>
#include <string.h>

#include "procore_report_record.h"
#include "procore_store_internal.h"


/*
 * Where a bound is reached, the rows are counted, for the numbers may be too
 * high after a recovery; but not again within this time, in seconds.
 */

#define PROCORE_REPORT_RECOUNT  3600


typedef struct {
    procore_store_t               *store;
    MDB_txn                       *txn;
    uint64_t                       now;
    const procore_report_batch_t  *batch;
    procore_report_row_t           totals;
    procore_report_row_t           client;
    procore_report_row_t           user;
    procore_report_row_t           naming;
    unsigned char                  client_key[PROCORE_REPORT_CLIENT_KEY];
    unsigned char                  user_key[PROCORE_REPORT_USER_KEY];
    unsigned char                  naming_key[PROCORE_REPORT_NAMING_KEY];
} procore_merge_t;


static const unsigned char  procore_report_totals_key[] = { 0 };


/* 0, MDB_NOTFOUND (also for a row that cannot be read: it is made anew). */

static int
procore_merge_get(procore_merge_t *m, const unsigned char *name, size_t len,
    procore_report_row_t *row)
{
    int      rc;
    MDB_val  key, value;

    memset(row, 0, sizeof(procore_report_row_t));

    key.mv_data = (void *) (uintptr_t) name;
    key.mv_size = len;

    rc = mdb_get(m->txn, m->store->dbi[PROCORE_DB_REPORT], &key, &value);
    if (rc != 0) {
        return rc;
    }

    if (procore_report_unpack(name, len, value.mv_data, value.mv_size, row)
        != PROCORE_OK)
    {
        memset(row, 0, sizeof(procore_report_row_t));
        return MDB_NOTFOUND;
    }

    return 0;
}


static int
procore_merge_put(procore_merge_t *m, const unsigned char *name, size_t len,
    procore_report_row_t *row)
{
    MDB_val        key, value;
    unsigned char  packed[PROCORE_REPORT_VALUE_MAX];

    key.mv_data = (void *) (uintptr_t) name;
    key.mv_size = len;
    value.mv_data = packed;
    value.mv_size = procore_report_pack(name, row, packed);

    return mdb_put(m->txn, m->store->dbi[PROCORE_DB_REPORT], &key, &value, 0);
}


int
procore_report_recount(procore_store_t *store, MDB_txn *txn,
    const unsigned char *prefix, size_t len, procore_report_totals_t *totals)
{
    int          rc;
    MDB_val      key, value;
    MDB_cursor  *cursor;

    totals->clients = 0;
    totals->users = 0;
    totals->namings = 0;

    rc = mdb_cursor_open(txn, store->dbi[PROCORE_DB_REPORT], &cursor);
    if (rc != 0) {
        return rc;
    }

    key.mv_data = (void *) (uintptr_t) prefix;
    key.mv_size = len;

    rc = mdb_cursor_get(cursor, &key, &value, len ? MDB_SET_RANGE : MDB_FIRST);

    while (rc == 0 && key.mv_size >= len
           && (len == 0 || memcmp(key.mv_data, prefix, len) == 0))
    {
        if (!procore_report_is_rest(key.mv_data, key.mv_size)) {
            totals->clients += key.mv_size == PROCORE_REPORT_CLIENT_KEY;
            totals->users += key.mv_size == PROCORE_REPORT_USER_KEY;
            totals->namings += key.mv_size == PROCORE_REPORT_NAMING_KEY;
        }

        rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
    }

    mdb_cursor_close(cursor);

    return rc == MDB_NOTFOUND ? 0 : rc;
}


/* Counts all rows, or those of the client at hand, where that is due. */

static int
procore_merge_recount(procore_merge_t *m, unsigned all)
{
    int                       rc;
    uint64_t                 *counted_at;
    procore_report_totals_t   count;

    counted_at = all ? &m->totals.totals.counted_at
                     : &m->client.client.counted_at;

    if (*counted_at != 0 && *counted_at <= m->now
        && m->now - *counted_at < PROCORE_REPORT_RECOUNT)
    {
        return 0;
    }

    rc = all ? procore_report_recount(m->store, m->txn, NULL, 0, &count)
             : procore_report_recount(m->store, m->txn, m->client_key,
                                      PROCORE_REPORT_CLIENT_KEY, &count);
    if (rc != 0) {
        return rc;
    }

    *counted_at = m->now;

    if (all) {
        m->totals.totals.clients = count.clients;
        m->totals.totals.users = count.users;
        m->totals.totals.namings = count.namings;

    } else {
        m->client.client.users = count.users;
        m->client.client.namings = count.namings;
    }

    return 0;
}


/* *full: one more row of a kind would be above "bound". */

static int
procore_merge_full(procore_merge_t *m, unsigned all, const uint32_t *count,
    uint32_t bound, int *full)
{
    int  rc;

    rc = 0;

    if (*count >= bound) {
        rc = procore_merge_recount(m, all);
    }

    *full = (*count >= bound);

    return rc;
}


static void
procore_merge_times(uint64_t *first, uint64_t *last, uint64_t from,
    uint64_t until)
{
    if (*first == 0 || from < *first) {
        *first = from;
    }

    if (until > *last) {
        *last = until;
    }
}


static int
procore_merge_realm(procore_merge_t *m, const procore_report_client_t *client)
{
    int                   rc;
    size_t                len;
    procore_report_row_t  row;

    rc = procore_merge_get(m, client->realm, PROCORE_REPORT_REALM_KEY, &row);

    if (rc != 0 && rc != MDB_NOTFOUND) {
        return rc;
    }

    len = client->realm_name.len;

    if (len > PROCORE_REPORT_REALM_MAX) {
        len = PROCORE_REPORT_REALM_MAX;
    }

    row.type = PROCORE_REPORT_ROW_REALM;
    row.realm_len = (unsigned) len;

    if (len != 0) {
        memcpy(row.realm_name, client->realm_name.data, len);
    }

    if (client->last > row.realm_last) {
        row.realm_last = client->last;
    }

    return procore_merge_put(m, client->realm, PROCORE_REPORT_REALM_KEY, &row);
}


/* Finds the client's row, makes one, or takes that of all others. */

static int
procore_merge_find_client(procore_merge_t *m,
    const procore_report_client_t *from)
{
    int                       rc, full;
    procore_report_client_t   client;

    client = *from;

    procore_report_client_key(&client, m->client_key);

    rc = procore_merge_get(m, m->client_key, PROCORE_REPORT_CLIENT_KEY,
                           &m->client);
    if (rc != MDB_NOTFOUND) {
        return rc;
    }

    rc = procore_merge_full(m, 1, &m->totals.totals.clients,
                            PROCORE_REPORT_CLIENTS, &full);
    if (rc != 0) {
        return rc;
    }

    if (full) {
        client.others = 1;
        client.client_len = 0;
        procore_report_client_key(&client, m->client_key);

        rc = procore_merge_get(m, m->client_key, PROCORE_REPORT_CLIENT_KEY,
                               &m->client);
        if (rc != MDB_NOTFOUND) {
            return rc;
        }
    }

    m->totals.totals.clients += !full;

    memcpy(m->client.client.realm, client.realm, PROCORE_REALM_SIZE);
    m->client.client.others = client.others;
    m->client.client.client_len = client.client_len;
    memcpy(m->client.client.client, client.client, client.client_len);

    /* rows below one that could not be read */

    return procore_merge_recount(m, 0);
}


static int
procore_merge_client(procore_merge_t *m, const procore_report_client_t *from)
{
    int                       rc;
    procore_report_client_t  *client;

    rc = procore_merge_realm(m, from);

    if (rc == 0) {
        rc = procore_merge_find_client(m, from);
    }

    if (rc != 0) {
        return rc;
    }

    m->client.type = PROCORE_REPORT_ROW_CLIENT;
    client = &m->client.client;

    procore_merge_times(&client->first, &client->last, from->first,
                        from->last);
    procore_merge_times(&m->totals.totals.first, &m->totals.totals.last,
                        from->first, from->last);

    client->requests += from->requests;
    client->unbound += from->unbound;
    client->unknown += from->unknown;
    client->unauthorized += from->unauthorized;

    /* of several workers in the same seconds, whichever comes last */

    if (from->last_unbound >= client->last_unbound && from->last_unbound) {
        client->last_unbound = from->last_unbound;
        client->since = from->since;

    } else {
        client->since += from->since;
    }

    return 0;
}


static int
procore_merge_find_user(procore_merge_t *m, const procore_report_user_t *from)
{
    int                     rc, full, client_full;
    procore_report_user_t   user;

    user = *from;

    procore_report_user_key(m->client_key, &user, m->user_key);

    rc = procore_merge_get(m, m->user_key, PROCORE_REPORT_USER_KEY, &m->user);
    if (rc != MDB_NOTFOUND) {
        return rc;
    }

    rc = procore_merge_full(m, 0, &m->client.client.users,
                            PROCORE_REPORT_CLIENT_USERS, &client_full);

    if (rc == 0) {
        rc = procore_merge_full(m, 1, &m->totals.totals.users,
                                PROCORE_REPORT_USERS, &full);
    }

    if (rc != 0) {
        return rc;
    }

    if (full || client_full) {
        user.kind = PROCORE_REPORT_OTHERS;
        memset(user.id, 0xff, PROCORE_REPORT_USER_ID);
        procore_report_user_key(m->client_key, &user, m->user_key);

        rc = procore_merge_get(m, m->user_key, PROCORE_REPORT_USER_KEY,
                               &m->user);
        if (rc != MDB_NOTFOUND) {
            return rc;
        }

    } else {
        m->client.client.users++;
        m->totals.totals.users++;
    }

    m->user.user.kind = user.kind;
    memcpy(m->user.user.id, user.id, PROCORE_REPORT_USER_ID);

    return 0;
}


static int
procore_merge_user(procore_merge_t *m, const procore_report_user_t *from)
{
    int                     rc;
    procore_report_user_t  *user;

    rc = procore_merge_find_user(m, from);
    if (rc != 0) {
        return rc;
    }

    m->user.type = PROCORE_REPORT_ROW_USER;
    user = &m->user.user;

    procore_merge_times(&user->first, &user->last, from->first, from->last);

    user->requests += from->requests;
    user->unbound += from->unbound;

    if (user->kind == PROCORE_REPORT_OTHERS) {
        return 0;
    }

    if (from->person != 0) {
        user->person = from->person;
    }

    if (from->bound) {
        user->bound = 1;
        user->home = from->home;

    } else if (!user->bound && from->home != 0
               && (user->home == 0 || from->home_at < user->home_at))
    {
        user->home = from->home;
        user->home_at = from->home_at;
    }

    return 0;
}


static int
procore_merge_find_naming(procore_merge_t *m, uint64_t company)
{
    int  rc, full, client_full;

    procore_report_naming_key(m->user_key, company, m->naming_key);

    rc = procore_merge_get(m, m->naming_key, PROCORE_REPORT_NAMING_KEY,
                           &m->naming);

    if (rc == MDB_NOTFOUND && company != PROCORE_REPORT_REST) {

        rc = procore_merge_full(m, 0, &m->client.client.namings,
                                PROCORE_REPORT_CLIENT_NAMINGS, &client_full);

        if (rc == 0) {
            rc = procore_merge_full(m, 1, &m->totals.totals.namings,
                                    PROCORE_REPORT_NAMINGS, &full);
        }

        if (rc != 0) {
            return rc;
        }

        if (full || client_full
            || m->user.user.namings >= PROCORE_REPORT_USER_NAMINGS)
        {
            return procore_merge_find_naming(m, PROCORE_REPORT_REST);
        }

        m->user.user.namings++;
        m->client.client.namings++;
        m->totals.totals.namings++;
        rc = MDB_NOTFOUND;
    }

    m->naming.type = PROCORE_REPORT_ROW_NAMING;
    m->naming.naming.company = company;

    return rc == MDB_NOTFOUND ? 0 : rc;
}


static int
procore_merge_naming(procore_merge_t *m, const procore_report_naming_t *from)
{
    int                       rc;
    unsigned                  i;
    procore_report_naming_t  *naming;

    rc = procore_merge_find_naming(m, from->company);
    if (rc != 0) {
        return rc;
    }

    naming = &m->naming.naming;

    if (from->last >= naming->last && from->example_len != 0) {
        naming->example_len = from->example_len;
        memcpy(naming->example, from->example, from->example_len);
    }

    procore_merge_times(&naming->first, &naming->last, from->first,
                        from->last);

    naming->passed += from->passed;
    naming->prevented += from->prevented;
    naming->excepted += from->excepted;
    naming->projects += from->projects;

    for (i = 0; i < PROCORE_REPORT_CARRIERS; i++) {
        naming->carriers[i] += from->carriers[i];
    }

    if (from->bound_at > naming->bound_at) {
        naming->bound_at = from->bound_at;
    }

    return procore_merge_put(m, m->naming_key, PROCORE_REPORT_NAMING_KEY,
                             &m->naming);
}


/*
 * Of a user who has no row it is known now, and not later, what was foreign;
 * and that one is bound is told by a naming that counts nothing.
 */

static int
procore_merge_user_namings(procore_merge_t *m, uint32_t index)
{
    int                             rc;
    uint32_t                        i;
    procore_report_naming_t         bound;
    const procore_report_user_t    *user;
    const procore_report_naming_t  *naming;

    user = &m->batch->users[index];

    for (i = user->head; i != 0; i = naming->next) {
        naming = &m->batch->namings[i - 1];

        if (m->user.user.kind == PROCORE_REPORT_OTHERS
            && naming->company == user->home
            && naming->company != PROCORE_REPORT_ALIAS)
        {
            continue;
        }

        rc = procore_merge_naming(m, naming);
        if (rc != 0) {
            return rc;
        }
    }

    if (m->user.user.kind != PROCORE_REPORT_OTHERS || !user->bound) {
        return 0;
    }

    memset(&bound, 0, sizeof(procore_report_naming_t));

    bound.company = user->home;
    bound.first = user->first;
    bound.last = user->last;
    bound.bound_at = user->last;

    return procore_merge_naming(m, &bound);
}


static int
procore_merge_batch(procore_merge_t *m)
{
    int       rc;
    uint32_t  c, u;

    for (c = 0; c < m->batch->nclients; c++) {

        rc = procore_merge_client(m, &m->batch->clients[c]);
        if (rc != 0) {
            return rc;
        }

        for (u = 0; u < m->batch->nusers; u++) {

            if (m->batch->users[u].owner != c) {
                continue;
            }

            rc = procore_merge_user(m, &m->batch->users[u]);

            if (rc == 0) {
                rc = procore_merge_user_namings(m, u);
            }

            if (rc == 0) {
                rc = procore_merge_put(m, m->user_key,
                                       PROCORE_REPORT_USER_KEY, &m->user);
            }

            if (rc != 0) {
                return rc;
            }
        }

        rc = procore_merge_put(m, m->client_key, PROCORE_REPORT_CLIENT_KEY,
                               &m->client);
        if (rc != 0) {
            return rc;
        }
    }

    return 0;
}


int
procore_write_report(procore_store_t *store, MDB_txn *txn,
    procore_store_op_t *op)
{
    int              rc;
    procore_merge_t  m;

    if (store->dbi[PROCORE_DB_REPORT] == 0) {
        op->rc = PROCORE_ERROR;
        return 0;
    }

    memset(&m, 0, sizeof(procore_merge_t));

    m.store = store;
    m.txn = txn;
    m.now = op->now;
    m.batch = op->report;

    rc = procore_merge_get(&m, procore_report_totals_key,
                           PROCORE_REPORT_TOTALS_KEY, &m.totals);

    if (rc == MDB_NOTFOUND) {
        rc = procore_merge_recount(&m, 1);
    }

    if (rc != 0) {
        return rc;
    }

    m.totals.type = PROCORE_REPORT_ROW_TOTALS;
    m.totals.totals.lost += op->report->lost;

    rc = procore_merge_batch(&m);
    if (rc != 0) {
        return rc;
    }

    return procore_merge_put(&m, procore_report_totals_key,
                             PROCORE_REPORT_TOTALS_KEY, &m.totals);
}


int
procore_store_report_next(procore_store_t *store,
    procore_report_place_t *place, procore_report_row_t *row)
{
    int          rc;
    MDB_val      key, value;
    MDB_cursor  *cursor;

    if (store->dbi[PROCORE_DB_REPORT] == 0) {
        return PROCORE_NOT_FOUND;
    }

    if (mdb_cursor_open(store->snapshot, store->dbi[PROCORE_DB_REPORT],
                        &cursor)
        != 0)
    {
        return PROCORE_ERROR;
    }

    key.mv_data = place->key;
    key.mv_size = place->len;

    rc = mdb_cursor_get(cursor, &key, &value,
                        place->len ? MDB_SET_RANGE : MDB_FIRST);

    if (rc == 0 && place->len != 0 && key.mv_size == place->len
        && memcmp(key.mv_data, place->key, place->len) == 0)
    {
        rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
    }

    mdb_cursor_close(cursor);

    if (rc != 0) {
        return rc == MDB_NOTFOUND ? PROCORE_NOT_FOUND : PROCORE_ERROR;
    }

    if (key.mv_size > PROCORE_REPORT_KEY) {
        return PROCORE_ERROR;
    }

    memcpy(place->key, key.mv_data, key.mv_size);
    place->len = key.mv_size;

    return procore_report_unpack(place->key, place->len, value.mv_data,
                                 value.mv_size, row);
}

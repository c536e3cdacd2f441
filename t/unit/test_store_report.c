
/*
 * The report in the store: merging, bounds, damage, the sweep.
 */


#include "report_fixture.h"


#define A      562949953421312
#define B      598134325779301
#define C      562949953421313
#define NOW    FIXTURE_NOW
#define DAY    86400
#define SMALL  ((size_t) 1 << 20)

#define TOTALS  PROCORE_REPORT_ROW_TOTALS
#define REALM   PROCORE_REPORT_ROW_REALM
#define CLIENT  PROCORE_REPORT_ROW_CLIENT
#define USER    PROCORE_REPORT_ROW_USER
#define NAMING  PROCORE_REPORT_ROW_NAMING


static procore_report_row_t  row;


static void
test_merge(void)
{
    procore_store_t        *store;
    procore_report_seen_t   seen;

    store = fixture_store(FIXTURE_SIZE);
    procore_report_count_init(&fixture_count);

    is_int((long long) fixture_row(store, TOTALS, 0, &row), 0,
           "nothing at first");

    seen = fixture_seen("crm", 1);
    seen.now += 5000;
    seen.unbound = 1;
    (void) fixture_name(&seen, B);
    seen.now += 1000;
    seen.example = fixture_text("newer");
    (void) fixture_name(&seen, B);
    is_int(fixture_flush(store, NOW), PROCORE_OK, "one worker");

    is_int((long long) fixture_row(store, USER, 0, &row), 1, "a user");
    is_int((long long) row.user.home, B, "whose home is what it named");

    /* what another worker has seen before that */

    seen = fixture_seen("crm", 1);
    seen.example = fixture_text("older");
    (void) fixture_name(&seen, A);
    (void) fixture_name(&seen, B);
    (void) fixture_name(&seen, 0);
    is_int(fixture_flush(store, NOW), PROCORE_OK, "another worker");

    is_int((long long) fixture_row(store, USER, 0, &row), 1, "the same user");
    is_int((long long) row.user.home, A, "at home where it named first");
    is_int((long long) row.user.requests, 5, "counts add up");
    is_int(row.user.namings, 2, "two companies");

    is_int((long long) fixture_row(store, NAMING, 1, &row), 2, "as rows");
    is_int((long long) row.naming.company, B, "one of them");
    is_int((long long) row.naming.first, NOW, "the first time");
    is_int((long long) row.naming.last, NOW + 6, "the last time");
    is_int((long long) row.naming.passed, 3, "so often");
    ok(row.naming.example_len == 5
       && memcmp(row.naming.example, "newer", 5) == 0, "the newest example");

    is_int((long long) fixture_row(store, CLIENT, 0, &row), 1, "one client");
    is_int((long long) row.client.requests, 5, "its requests");
    is_int((long long) row.client.unbound, 2, "unbound ones");
    is_int((long long) row.client.last_unbound, NOW + 6, "the last of them");
    is_int((long long) row.client.since, 3, "those of another worker count");
    ok(row.client.client_len == 3
       && memcmp(row.client.client, "crm", 3) == 0, "its id");

    seen = fixture_seen("crm", 1);
    seen.bound = C;
    (void) fixture_name(&seen, 0);
    seen.now -= 86400000;
    seen.bound = 0;
    (void) fixture_name(&seen, B);
    is_int(fixture_flush(store, NOW), PROCORE_OK, "then it is bound");
    (void) fixture_row(store, USER, 0, &row);
    ok(row.user.bound && row.user.home == C, "and stays there");

    is_int((long long) fixture_row(store, REALM, 0, &row), 1, "one realm");
    ok(row.realm_len == 10
       && memcmp(row.realm_name, "production", 10) == 0, "with its name");

    is_int((long long) fixture_row(store, TOTALS, 0, &row), 1, "totals");
    is_int(row.totals.clients, 1, "of clients");
    is_int(row.totals.users, 1, "of users");
    is_int(row.totals.namings, 2, "of companies");

    procore_store_close(store);
}


/* Counts a request of "user" that names "company", and writes if need be. */

static void
add(procore_store_t *store, const char *client, uint64_t user,
    uint64_t company)
{
    procore_report_seen_t  seen;

    seen = fixture_seen(client, user);

    if (fixture_name(&seen, company) != PROCORE_OK) {
        if (fixture_flush(store, NOW) != PROCORE_OK
            || fixture_name(&seen, company) != PROCORE_OK)
        {
            ok(0, "counted");
        }
    }

    if (procore_report_count_due(&fixture_count)
        && fixture_flush(store, NOW) != PROCORE_OK)
    {
        ok(0, "written");
    }
}


static void
test_companies(void)
{
    uint64_t          i;
    procore_store_t  *store;

    store = fixture_store(FIXTURE_SIZE);

    for (i = 0; i < PROCORE_REPORT_USER_NAMINGS + 5; i++) {
        add(store, "crm", 1, A + i);
    }

    (void) fixture_flush(store, NOW);

    is_int((long long) fixture_row(store, NAMING, PROCORE_REPORT_USER_NAMINGS,
                                   &row),
           PROCORE_REPORT_USER_NAMINGS + 1, "so many companies and a rest");
    ok(row.naming.company == PROCORE_REPORT_REST, "which is the last one");
    is_int((long long) row.naming.passed, 5, "and has the others");

    add(store, "crm", 1, A);
    add(store, "crm", 1, A + 1000);
    (void) fixture_flush(store, NOW);
    is_int((long long) fixture_row(store, NAMING, 0, &row),
           PROCORE_REPORT_USER_NAMINGS + 1, "no more after that");
    is_int((long long) row.naming.passed, 2, "known ones count on");

    procore_store_close(store);
}


static void
test_client_bounds(void)
{
    uint64_t          i, n;
    procore_store_t  *store;

    store = fixture_store(FIXTURE_SIZE);

    for (i = 1; i <= PROCORE_REPORT_CLIENT_USERS + 3; i++) {
        add(store, "crm", i, A);
        add(store, "crm", i, B);
    }

    (void) fixture_flush(store, NOW);

    n = fixture_row(store, USER, PROCORE_REPORT_CLIENT_USERS, &row);
    is_int((long long) n, PROCORE_REPORT_CLIENT_USERS + 1, "users and a rest");
    is_int(row.user.kind, PROCORE_REPORT_OTHERS, "which is the last one");
    is_int((long long) row.user.requests, 6, "and has the others");

    n = fixture_row(store, NAMING, 2 * PROCORE_REPORT_CLIENT_USERS, &row);
    is_int((long long) n, 2 * PROCORE_REPORT_CLIENT_USERS + 1,
           "of the rest no home is kept");
    is_int((long long) row.naming.company, B, "but what was foreign");
    is_int((long long) row.naming.passed, 3, "of each of them");

    for (i = 0; i < PROCORE_REPORT_CLIENT_NAMINGS; i++) {
        add(store, "crm", 1 + i % 100, C + i / 100);
    }

    (void) fixture_flush(store, NOW);

    (void) fixture_row(store, CLIENT, 0, &row);
    is_int(row.client.namings, PROCORE_REPORT_CLIENT_NAMINGS,
           "no more companies of all users");

    add(store, "erp", 1, A);
    add(store, "erp", 1, B);
    (void) fixture_flush(store, NOW);

    n = fixture_row(store, CLIENT, 0, &row);
    is_int((long long) n, 2, "another client has room");

    if (row.client.namings != 2) {
        (void) fixture_row(store, CLIENT, 1, &row);
    }

    is_int(row.client.namings, 2, "for its own");

    procore_store_close(store);
}


static void
test_clients(void)
{
    char              name[32];
    uint64_t          i, n;
    procore_store_t  *store;

    store = fixture_store(FIXTURE_SIZE);

    for (i = 0; i < PROCORE_REPORT_CLIENTS + 3; i++) {
        (void) snprintf(name, sizeof(name), "client-%u", (unsigned) i);
        add(store, name, 1, A);
        add(store, name, 1, B);
    }

    (void) fixture_flush(store, NOW);

    n = fixture_row(store, CLIENT, PROCORE_REPORT_CLIENTS, &row);
    is_int((long long) n, PROCORE_REPORT_CLIENTS + 1, "clients and a rest");
    ok(row.client.others, "which is the last one");
    is_int((long long) row.client.requests, 6, "and has the others");
    is_int(row.client.client_len, 0, "without a name");

    (void) fixture_row(store, TOTALS, 0, &row);
    is_int(row.totals.clients, PROCORE_REPORT_CLIENTS, "so many are counted");
    is_int(row.totals.users, PROCORE_REPORT_CLIENTS + 1,
           "the rest has a user");

    procore_store_close(store);
}


/* Changes the last bit of the value of each row of a kind. */

static void
damage(procore_store_t *store, size_t key_len)
{
    MDB_val         key, value;
    MDB_txn        *txn;
    MDB_cursor     *cursor;
    unsigned char   bytes[PROCORE_REPORT_VALUE_MAX];

    if (mdb_txn_begin(store->env, NULL, 0, &txn) != 0
        || mdb_cursor_open(txn, store->dbi[PROCORE_DB_REPORT], &cursor) != 0)
    {
        exit(1);
    }

    while (mdb_cursor_get(cursor, &key, &value, MDB_NEXT) == 0) {

        if (key.mv_size == key_len) {
            memcpy(bytes, value.mv_data, value.mv_size);
            bytes[value.mv_size - 1] ^= 1;
            value.mv_data = bytes;

            if (mdb_cursor_put(cursor, &key, &value, MDB_CURRENT) != 0) {
                exit(1);
            }
        }
    }

    mdb_cursor_close(cursor);

    if (mdb_txn_commit(txn) != 0) {
        exit(1);
    }
}


static void
test_damaged(void)
{
    size_t            i;
    size_t            removed;
    procore_store_t  *store;

    procore_store_cursor_t  cursor;

    static const size_t  lengths[] = {
        PROCORE_REPORT_TOTALS_KEY, PROCORE_REPORT_REALM_KEY,
        PROCORE_REPORT_CLIENT_KEY, PROCORE_REPORT_USER_KEY,
        PROCORE_REPORT_NAMING_KEY
    };

    for (i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        store = fixture_store(FIXTURE_SIZE);

        add(store, "crm", 1, A);
        add(store, "crm", 1, B);
        (void) fixture_flush(store, NOW);
        damage(store, lengths[i]);

        is_int((long long) fixture_row(store, NAMING, 0, &row),
               lengths[i] == PROCORE_REPORT_NAMING_KEY ? 0 : 2,
               "the others can be read");

        add(store, "crm", 1, B);
        is_int(fixture_flush(store, NOW), PROCORE_OK, "counting goes on");

        (void) fixture_row(store, TOTALS, 0, &row);
        ok(row.totals.clients >= 1 && row.totals.clients <= 2
           && row.totals.users >= 1 && row.totals.namings >= 2,
           "with numbers that are not too low");

        memset(&cursor, 0, sizeof(cursor));
        is_int(procore_store_sweep(store, &cursor, 1000, NOW, &removed,
                                   fixture_error),
               PROCORE_OK, "a sweep");
        is_int((long long) removed,
               lengths[i] == PROCORE_REPORT_NAMING_KEY ? 1 : 0,
               "takes what is damaged still");

        procore_store_close(store);
    }
}


static long long
sweep(procore_store_t *store, uint64_t now)
{
    size_t                  removed;
    long long               all;
    procore_store_cursor_t  cursor;

    memset(&cursor, 0, sizeof(cursor));
    all = 0;

    do {
        if (procore_store_sweep(store, &cursor, 3, now, &removed,
                                fixture_error)
            != PROCORE_OK)
        {
            return -1;
        }

        all += (long long) removed;

    } while (cursor.database != 0);

    return all;
}


static void
test_sweep(void)
{
    procore_store_t  *store;

    store = fixture_store(FIXTURE_SIZE);

    add(store, "crm", 1, A);
    add(store, "crm", 1, B);
    add(store, "crm", 2, A);
    add(store, "erp", 3, 0);
    (void) fixture_flush(store, NOW);

    is_int(sweep(store, NOW + 30 * DAY), 0, "nothing goes for a month");
    is_int(sweep(store, NOW + 31 * DAY), 3,
           "then users who named one company, with it");

    is_int((long long) fixture_row(store, USER, 0, &row), 1, "one is left");
    (void) fixture_row(store, TOTALS, 0, &row);
    is_int(row.totals.users, 1, "and counted");
    is_int(row.totals.namings, 2, "with its companies");
    is_int(row.totals.clients, 2, "both clients are there");

    is_int(sweep(store, NOW + 400 * DAY), 0, "what was foreign stays");
    is_int(sweep(store, NOW + 401 * DAY) + sweep(store, NOW + 401 * DAY), 6,
           "and goes after 400 days");

    is_int((long long) fixture_row(store, CLIENT, 0, &row), 0, "no client");
    is_int((long long) fixture_row(store, REALM, 0, &row), 0, "no realm");
    (void) fixture_row(store, TOTALS, 0, &row);
    is_int(row.totals.clients + row.totals.users + row.totals.namings, 0,
           "and nothing is counted");

    procore_store_close(store);
}


static void
test_full(void)
{
    int                  rc;
    uint64_t             i;
    procore_store_t     *store;
    procore_store_op_t   op;

    store = fixture_store(SMALL);
    rc = PROCORE_OK;

    for (i = 0; i < 10000 && rc == PROCORE_OK; i++) {
        add(store, "crm", i + 1, A);

        if (i % 50 == 0) {
            op = fixture_op(PROCORE_STORE_REPORT, 0, 0, 0, 0);
            op.report = &fixture_count.batch;
            rc = fixture_write(store, &op);

            if (rc == PROCORE_OK) {
                procore_report_count_init(&fixture_count);
            }
        }
    }

    is_int((long long) i, 10000, "the report alone fills no small store");
    procore_report_count_init(&fixture_count);

    for (i = 1; i < 100000; i++) {
        if (fixture_family(store, 0, i, 0, A) != PROCORE_OK) {
            break;
        }

        if (rc == PROCORE_OK) {
            add(store, "erp", i, A);
            rc = fixture_flush(store, NOW);

            if (rc == PROCORE_FULL) {
                is_int(fixture_family(store, 0, 1000000, 0, A), PROCORE_OK,
                       "where the report has no room, bindings have");
            }
        }
    }

    is_int(rc, PROCORE_FULL, "the report was told so");
    is_int(fixture_company(store, PROCORE_TOKEN_ACCESS, 1), A,
           "and what is known can be read");

    procore_store_close(store);
}


static void
test_old(void)
{
    MDB_txn             *txn;
    procore_store_t     *store;

    store = fixture_store(FIXTURE_SIZE);

    if (mdb_txn_begin(store->env, NULL, 0, &txn) != 0
        || mdb_drop(txn, store->dbi[PROCORE_DB_REPORT], 1) != 0
        || mdb_txn_commit(txn) != 0)
    {
        exit(1);
    }

    store->dbi[PROCORE_DB_REPORT] = 0;

    is_int((long long) fixture_row(store, TOTALS, 0, &row), 0,
           "a store without a report has no rows");

    add(store, "crm", 1, A);
    is_int(fixture_flush(store, NOW), PROCORE_ERROR, "and takes none");
    is_int(sweep(store, NOW), 0, "it can be swept");

    procore_store_close(store);
    store = fixture_open(FIXTURE_SIZE);

    add(store, "crm", 1, A);
    is_int(fixture_flush(store, NOW), PROCORE_OK,
           "opened anew, it has the place");

    procore_store_close(store);
}


/* Values that hold their checksum, and lengths that lie. */

static void
test_values(void)
{
    size_t                len;
    unsigned              i, key_len;
    unsigned char         key[PROCORE_REPORT_KEY], out[512];
    procore_report_row_t  in, back;

    static const unsigned  lengths[] = {
        PROCORE_REPORT_TOTALS_KEY, PROCORE_REPORT_REALM_KEY,
        PROCORE_REPORT_CLIENT_KEY, PROCORE_REPORT_USER_KEY,
        PROCORE_REPORT_NAMING_KEY
    };

    memset(key, 7, sizeof(key));

    for (i = 0; i < 5; i++) {
        memset(&in, 0, sizeof(in));
        in.type = (procore_report_row_e) i;
        in.client.client_len = 255;
        in.realm_len = PROCORE_REPORT_REALM_MAX;
        in.naming.example_len = PROCORE_REPORT_EXAMPLE;
        key_len = lengths[i];
        len = procore_report_pack(key, &in, out);

        is_int(procore_report_unpack(key, key_len, out, len, &back),
               PROCORE_OK, "the longest value of kind %u", i);
        ok(back.type == in.type, "is of its kind");
        is_int(procore_report_unpack(key, key_len, out, len - 1, &back),
               PROCORE_CORRUPT, "a shorter one");
        is_int(procore_report_unpack(key, key_len, out, 0, &back),
               PROCORE_CORRUPT, "an empty one");
        is_int(procore_report_unpack(key, lengths[(i + 1) % 5], out, len,
                                     &back),
               PROCORE_CORRUPT, "under a key of another kind");
        is_int(procore_report_unpack(key, key_len, out, sizeof(out), &back),
               PROCORE_CORRUPT, "one that is too long");
    }

    memset(&in, 0, sizeof(in));
    in.type = PROCORE_REPORT_ROW_NAMING;
    in.naming.example_len = PROCORE_REPORT_EXAMPLE;
    len = procore_report_pack(key, &in, out);
    in.naming.example_len = 0;
    ok(procore_report_pack(key, &in, out) + PROCORE_REPORT_EXAMPLE == len,
       "an example may be missing");
}


int
main(void)
{
    procore_report_count_init(&fixture_count);

    test_merge();
    test_companies();
    test_client_bounds();
    test_clients();
    test_damaged();
    test_sweep();
    test_full();
    test_old();
    test_values();

    fixture_clean();

    return done_testing();
}


/*
 * Sealed records: how many there may be, how long they last, and damaged ones.
 */


#include "store_fixture.h"


#define ACCESS  PROCORE_TOKEN_ACCESS
#define A       562949953421312
#define NOW     FIXTURE_NOW

#define OPEN    PROCORE_STORE_SEALED_OPEN
#define OFFER   PROCORE_STORE_SEALED_OFFER
#define SPEND   PROCORE_STORE_SEALED_SPEND
#define CLAIM   PROCORE_STORE_SEALED_CLAIM
#define RELEASE PROCORE_STORE_SEALED_RELEASE


static long long
sweep(procore_store_t *store, uint64_t now)
{
    size_t                  removed;
    procore_store_cursor_t  cursor;

    memset(&cursor, 0, sizeof(cursor));

    return procore_store_sweep(store, &cursor, 2000, now, &removed,
                               fixture_error)
           == PROCORE_OK ? (long long) removed : -1;
}


static void
test_expiry(void)
{
    procore_store_t     *store;
    procore_store_op_t   op;

    store = fixture_store(FIXTURE_SIZE);

    op = fixture_sealed_op(OPEN, 1, "x");
    op.keep_until = NOW;
    is_int(fixture_write(store, &op), PROCORE_MALFORMED, "over at once");

    is_int(fixture_live(store, 1, 2, A), PROCORE_OK, "a code");
    is_int(fixture_state(store, 2, NOW + 59, NULL), PROCORE_SEALED_LIVE,
           "its last second");
    is_int(fixture_state(store, 2, NOW + 60, NULL), PROCORE_NOT_FOUND,
           "and it has run out");

    op = fixture_redeem(2, 11, 12, A);
    op.now = NOW + 60;
    is_int(fixture_write(store, &op), PROCORE_NOT_FOUND, "not redeemed");
    is_int(op.record.state, 0, "as if never there");
    is_int(fixture_company(store, ACCESS, 11), PROCORE_NOT_FOUND, "no token");

    op = fixture_sealed_op(OPEN, 2, "anew");
    op.now = NOW + 60;
    op.keep_until = NOW + 120;
    is_int(fixture_write(store, &op), PROCORE_OK, "its key is free again");

    is_int(sweep(store, NOW + 119), 0, "all in their time");
    is_int(sweep(store, NOW + 120), 1, "one has run out");
    is_int(fixture_state(store, 2, NOW + 60, NULL), PROCORE_NOT_FOUND,
           "and is gone");
    is_int(sweep(store, NOW + 1799), 0, "the choice is remembered");
    is_int(sweep(store, NOW + 1800), 1, "long enough");

    is_int(fixture_live(store, 3, 4, A), PROCORE_OK, "a code");
    op = fixture_redeem(4, 13, 14, A);
    is_int(fixture_write(store, &op), PROCORE_OK, "redeemed");
    op = fixture_sealed_op(OPEN, 4, "x");
    op.now = NOW + 1799;
    op.keep_until = op.now + 60;
    is_int(fixture_write(store, &op), PROCORE_CONFLICT, "is remembered");
    op.now = NOW + 1800;
    is_int(fixture_write(store, &op), PROCORE_OK, "and then forgotten");
    is_int(fixture_state(store, 4, NOW + 1800, NULL), PROCORE_SEALED_OPEN,
           "its key is free");

    is_int(fixture_sealed(store, OPEN, 5, "x"), PROCORE_OK, "one more");
    op = fixture_sealed_op(SPEND, 5, NULL);
    op.keep_until = 0;
    is_int(fixture_write(store, &op), PROCORE_OK, "spent");
    is_int(fixture_state(store, 5, NOW + 59, NULL), PROCORE_SEALED_SPENT,
           "for as long as it had");

    procore_store_close(store);
}


/* A redemption that is on its way when the code runs out still ends well. */

static void
test_claimed(void)
{
    procore_store_t     *store;
    procore_store_op_t   op;

    store = fixture_store(FIXTURE_SIZE);

    is_int(fixture_live(store, 1, 2, A), PROCORE_OK, "a code");
    is_int(fixture_live(store, 3, 4, A), PROCORE_OK, "another");

    op = fixture_sealed_op(CLAIM, 2, NULL);
    op.now = NOW + 59;
    is_int(fixture_write(store, &op), PROCORE_OK, "claimed at the last moment");
    fixture_digest(4, op.key);
    is_int(fixture_write(store, &op), PROCORE_OK, "the other, too");
    is_int(sweep(store, NOW + 90), 0, "a sweep leaves them");

    op = fixture_redeem(2, 11, 12, A);
    op.now = NOW + 90;
    is_int(fixture_write(store, &op), PROCORE_OK, "redeemed");

    op = fixture_sealed_op(RELEASE, 4, NULL);
    op.now = NOW + 90;
    is_int(fixture_write(store, &op), PROCORE_OK, "released");
    is_int(fixture_state(store, 4, NOW + 90, NULL), PROCORE_NOT_FOUND,
           "it has no more time than it had");

    is_int(fixture_live(store, 5, 6, A), PROCORE_OK, "a code");
    is_int(fixture_sealed(store, CLAIM, 6, NULL), PROCORE_OK, "claimed");
    is_int(fixture_state(store, 6, NOW + 60 + PROCORE_KEEP_CLAIMED, NULL),
           PROCORE_NOT_FOUND, "not for ever");

    is_int(fixture_live(store, 7, 8, A), PROCORE_OK, "a code");
    op = fixture_sealed_op(CLAIM, 8, NULL);
    op.keep_until = NOW + 500;
    is_int(fixture_write(store, &op), PROCORE_OK, "claimed for longer");
    is_int(fixture_state(store, 8, NOW + 600, NULL), PROCORE_SEALED_CLAIMED,
           "as long as its calls may take");
    is_int(fixture_sealed(store, RELEASE, 8, NULL), PROCORE_OK, "released");
    is_int(fixture_state(store, 8, NOW + 60, NULL), PROCORE_NOT_FOUND,
           "with its own end");

    procore_store_close(store);
}


/* Records "from" on, to be gone at "until"; returns how many were opened. */

static unsigned
open_many(procore_store_t *store, uint64_t from, unsigned n, uint64_t now,
    uint64_t until)
{
    unsigned             i, j, opened;
    procore_store_op_t   op[PROCORE_STORE_GROUP], *ops[PROCORE_STORE_GROUP];

    opened = 0;

    for (i = 0; i < n; i += j) {

        for (j = 0; j < PROCORE_STORE_GROUP && i + j < n; j++) {
            op[j] = fixture_sealed_op(OPEN, from + i + j, "sealed");
            op[j].now = now;
            op[j].keep_until = until;
            ops[j] = &op[j];
        }

        if (procore_store_write(store, ops, j, fixture_error) != PROCORE_OK) {
            break;
        }

        while (j-- > 0) {
            opened += op[j].rc == PROCORE_OK;
        }

        j = PROCORE_STORE_GROUP;
    }

    return opened;
}


static void
test_live(void)
{
    unsigned             live;
    procore_store_t     *store;
    procore_store_op_t   op;

    live = PROCORE_STORE_SEALED_LIVE;
    store = fixture_store(FIXTURE_SIZE);

    is_int(open_many(store, 1, live - 1, NOW, NOW + 10), live - 1, "many");
    is_int(fixture_live(store, live, live + 1, A), PROCORE_OK, "the last one");
    is_int(fixture_sealed(store, OPEN, live + 2, "x"), PROCORE_TOO_LARGE,
           "and no more");
    is_int(fixture_state(store, live + 2, NOW, NULL), PROCORE_NOT_FOUND,
           "it left nothing");
    is_int(open_many(store, live + 2, 600, NOW, NOW + 10), 0, "none");

    op = fixture_redeem(live + 1, 11, 12, A);
    is_int(fixture_write(store, &op), PROCORE_OK, "one is redeemed");
    is_int(fixture_sealed(store, OPEN, live + 2, "x"), PROCORE_OK,
           "so there is room for one");
    is_int(fixture_sealed(store, OPEN, live + 3, "x"), PROCORE_TOO_LARGE,
           "and no more");

    op = fixture_sealed_op(OPEN, live + 3, "x");
    op.now = NOW + 9;
    is_int(fixture_write(store, &op), PROCORE_TOO_LARGE, "before they run out");
    op.now = NOW + 10;
    is_int(fixture_write(store, &op), PROCORE_OK, "they have to go then");
    is_int(fixture_state(store, live + 2, NOW, NULL), PROCORE_SEALED_OPEN,
           "what still has time stays");
    is_int(fixture_state(store, 1, NOW, NULL), PROCORE_NOT_FOUND,
           "the others are gone");

    is_int(open_many(store, 2 * live, live, NOW + 10, NOW + 20), live - 2,
           "all of the room can be taken again");
    is_int(sweep(store, NOW + 20), live - 2, "one pass gets through all");
    is_int(fixture_state(store, live + 3, NOW, NULL), PROCORE_SEALED_OPEN,
           "but for those that have time");

    procore_store_close(store);
}


static void
test_unvouched(void)
{
    unsigned             share;
    procore_store_t     *store;
    procore_store_op_t   op;

    share = PROCORE_STORE_SEALED_SHARE;
    store = fixture_store(FIXTURE_SIZE);

    is_int(open_many(store, 1, share - 1, NOW, NOW + 10), share - 1, "many");

    op = fixture_sealed_op(OPEN, share, "x");
    op.unvouched = 1;
    is_int(fixture_write(store, &op), PROCORE_OK, "the last of the share");

    op = fixture_sealed_op(OPEN, share + 1, "x");
    op.unvouched = 1;
    is_int(fixture_write(store, &op), PROCORE_TOO_LARGE, "and no more");
    op.unvouched = 0;
    is_int(fixture_write(store, &op), PROCORE_OK, "but for the others");

    op = fixture_sealed_op(OPEN, share + 2, "x");
    op.unvouched = 1;
    op.now = NOW + 10;
    is_int(fixture_write(store, &op), PROCORE_OK, "until some run out");

    procore_store_close(store);
}


static void
test_user(void)
{
    uint64_t             i;
    unsigned             left;
    procore_store_t     *store;
    procore_store_op_t   op;

    store = fixture_store(FIXTURE_SIZE);

    for (i = 1; i <= 30; i++) {
        is_int(fixture_sealed(store, OPEN, i, "x"), PROCORE_OK, "opened");
        op = fixture_sealed_op(OFFER, i, "y");
        op.now = NOW + i / 2;
        op.record_user = i == 15 ? 6 : 5;
        is_int(fixture_write(store, &op), PROCORE_OK, "offered");
    }

    for (i = 1, left = 0; i <= 30; i++) {
        left += fixture_state(store, i, NOW, NULL) == PROCORE_SEALED_OFFERED;
    }

    is_int(left, PROCORE_STORE_SEALED_USER + 1, "20 of one user's stay");
    is_int(fixture_state(store, 1, NOW, NULL), PROCORE_NOT_FOUND,
           "the oldest went");
    is_int(fixture_state(store, 15, NOW, NULL), PROCORE_SEALED_OFFERED,
           "another user's stays");
    is_int(fixture_state(store, 30, NOW, NULL), PROCORE_SEALED_OFFERED,
           "the newest too");

    /* one whose clock is behind must not push itself out */

    is_int(fixture_sealed(store, OPEN, 31, "x"), PROCORE_OK, "opened");
    op = fixture_sealed_op(OFFER, 31, "y");
    op.now = NOW - 100;
    op.record_user = 5;
    is_int(fixture_write(store, &op), PROCORE_OK, "offered");
    is_int(fixture_state(store, 31, NOW, NULL), PROCORE_SEALED_OFFERED,
           "it is the user's latest step");

    is_int(fixture_choose(store, 30, 100, A), PROCORE_OK, "chosen");
    is_int(fixture_sealed(store, OPEN, 32, "x"), PROCORE_OK, "opened");
    op = fixture_sealed_op(OFFER, 32, "y");
    op.record_user = 5;
    is_int(fixture_write(store, &op), PROCORE_OK, "offered");
    is_int(fixture_state(store, 31, NOW, NULL), PROCORE_SEALED_OFFERED,
           "what is chosen does not count");

    for (i = 41; i <= 65; i++) {
        op = fixture_sealed_op(OPEN, i, "x");
        op.record_user = 7;
        is_int(fixture_write(store, &op), PROCORE_OK, "opened");
    }

    op = fixture_sealed_op(OFFER, 65, "y");
    op.record_user = 7;
    is_int(fixture_write(store, &op), PROCORE_OK, "several above the limit");

    for (i = 41, left = 0; i <= 65; i++) {
        left += fixture_state(store, i, NOW, NULL) > 0;
    }

    is_int(left, PROCORE_STORE_SEALED_USER, "go together");

    procore_store_close(store);
}


/* One record of "db" becomes something that the checksum does not cover. */

static void
damage(procore_store_t *store, procore_db_e db, uint64_t n)
{
    MDB_val         key, value;
    MDB_txn        *txn;
    unsigned char   name[PROCORE_DIGEST_SIZE], bytes[256];

    fixture_digest(n, name);
    key.mv_data = name;
    key.mv_size = sizeof(name);

    if (mdb_txn_begin(store->env, NULL, 0, &txn) != 0
        || mdb_get(txn, store->dbi[db], &key, &value) != 0
        || value.mv_size > sizeof(bytes))
    {
        exit(1);
    }

    memcpy(bytes, value.mv_data, value.mv_size);
    bytes[value.mv_size - 1] ^= 1;
    value.mv_data = bytes;

    if (mdb_put(txn, store->dbi[db], &key, &value, 0) != 0
        || mdb_txn_commit(txn) != 0)
    {
        exit(1);
    }
}


static void
test_damaged(void)
{
    procore_store_t     *store;
    procore_store_op_t   op;

    store = fixture_store(FIXTURE_SIZE);

    is_int(fixture_live(store, 1, 2, A), PROCORE_OK, "a code");
    damage(store, PROCORE_DB_SEALED, 2);

    is_int(fixture_state(store, 2, NOW, NULL), PROCORE_CORRUPT, "damaged");
    op = fixture_redeem(2, 11, 12, A);
    is_int(fixture_write(store, &op), PROCORE_CORRUPT, "is not redeemed");
    is_int(fixture_company(store, ACCESS, 11), PROCORE_NOT_FOUND, "no token");
    is_int(fixture_choose(store, 1, 2, A), PROCORE_CORRUPT, "nor chosen");

    is_int(fixture_live(store, 3, 4, A), PROCORE_OK, "another");
    op = fixture_redeem(4, 13, 14, A);
    is_int(fixture_write(store, &op), PROCORE_OK, "redeemed");
    damage(store, PROCORE_DB_SPENT, 4);
    op = fixture_redeem(4, 15, 16, A);
    is_int(fixture_write(store, &op), PROCORE_CORRUPT,
           "is not redeemed again");
    is_int(fixture_sealed(store, OPEN, 4, "x"), PROCORE_CORRUPT,
           "nor opened anew");

    is_int(sweep(store, NOW + 1800), 4, "and goes in its time");

    procore_store_close(store);
}


int
main(void)
{
    test_expiry();
    test_claimed();
    test_live();
    test_unvouched();
    test_user();
    test_damaged();

    fixture_clean();

    return done_testing();
}


/*
 * How far the chains of the audit have come, in the store: never back, bounded,
 * and forgotten when it is long ago.
 */


#include "store_fixture.h"


#define NOW  FIXTURE_NOW


static int
keep(procore_store_t *store, uint64_t chain, uint64_t sequence, uint64_t at)
{
    unsigned char       digest[PROCORE_DIGEST_SIZE];
    procore_store_op_t  op;

    op = fixture_op(PROCORE_STORE_AUDIT, 0, 0, 0, 0);
    fixture_digest(chain, digest);
    memcpy(op.chain.id, digest, PROCORE_CHAIN_ID);
    op.chain.sequence = sequence;
    op.chain.at = at;

    return fixture_write(store, &op);
}


/* All that are known; *last is the number of the last record of "chain". */

static unsigned
known(procore_store_t *store, uint64_t chain, uint64_t *last)
{
    int                     rc;
    unsigned                n;
    unsigned char           digest[PROCORE_DIGEST_SIZE];
    procore_chain_point_t   point;

    n = 0;
    *last = 0;
    fixture_digest(chain, digest);

    if (procore_store_begin(store) != PROCORE_OK) {
        return 0;
    }

    while ((rc = procore_store_chain(store, n ? point.id : NULL, &point))
           == PROCORE_OK)
    {
        n++;

        if (memcmp(point.id, digest, PROCORE_CHAIN_ID) == 0) {
            *last = point.sequence;
        }
    }

    procore_store_end(store);

    is_int(rc, PROCORE_NOT_FOUND, "the list of chains ends");

    return n;
}


static void
test_keep(void)
{
    uint64_t          last;
    procore_store_t  *store;

    store = fixture_store(FIXTURE_SIZE);

    is_int(known(store, 1, &last), 0, "no chain at first");
    is_int(keep(store, 1, 5, NOW), PROCORE_OK, "a chain");
    is_int(keep(store, 2, 7, NOW), PROCORE_OK, "another one");
    is_int(known(store, 1, &last), 2, "two");
    is_int((long long) last, 5, "as far as it came");
    is_int(keep(store, 1, 9, NOW), PROCORE_OK, "further");
    is_int(keep(store, 1, 8, NOW), PROCORE_OK, "a late word");
    is_int(known(store, 1, &last), 2, "still two");
    is_int((long long) last, 9, "never back");

    procore_store_close(store);
    store = fixture_open(FIXTURE_SIZE);

    is_int(known(store, 1, &last), 2, "it is on the disk");
    is_int((long long) last, 9, "as it was");

    procore_store_close(store);
}


static void
test_sweep(void)
{
    size_t                   removed;
    uint64_t                 last;
    procore_store_t         *store;
    procore_store_cursor_t   cursor;

    store = fixture_store(FIXTURE_SIZE);

    (void) keep(store, 1, 5, NOW);
    (void) keep(store, 2, 7, NOW + 10);

    memset(&cursor, 0, sizeof(cursor));
    (void) procore_store_sweep(store, &cursor, 100, NOW + PROCORE_KEEP_CHAIN,
                               &removed, fixture_error);
    is_int(known(store, 1, &last), 2, "kept for 400 days");

    (void) procore_store_sweep(store, &cursor, 100,
                               NOW + PROCORE_KEEP_CHAIN + 1, &removed,
                               fixture_error);
    is_int((long long) removed, 1, "one is older");
    is_int(known(store, 2, &last), 1, "and gone");
    is_int((long long) last, 7, "the other one stays");

    procore_store_close(store);
}


static void
test_bound(void)
{
    size_t               i, n;
    uint64_t             last;
    procore_store_t     *store;
    procore_store_op_t   op[PROCORE_STORE_GROUP], *ops[PROCORE_STORE_GROUP];

    store = fixture_store(FIXTURE_SIZE);

    for (i = 1; i <= PROCORE_STORE_CHAINS; i += n) {

        for (n = 0; n < PROCORE_STORE_GROUP && i + n <= PROCORE_STORE_CHAINS;
             n++)
        {
            op[n] = fixture_op(PROCORE_STORE_AUDIT, 0, i + n, 0, 0);
            memcpy(op[n].chain.id, op[n].access, PROCORE_CHAIN_ID);
            op[n].chain.sequence = 3;
            op[n].chain.at = i + n == 100 ? NOW : NOW + i + n;
            ops[n] = &op[n];
        }

        (void) procore_store_write(store, ops, n, fixture_error);
    }

    is_int(known(store, 100, &last), PROCORE_STORE_CHAINS, "as many as fit");
    is_int((long long) last, 3, "and the oldest among them");

    (void) keep(store, PROCORE_STORE_CHAINS + 1, 3, NOW + 1);

    is_int(known(store, 100, &last), PROCORE_STORE_CHAINS, "never more");
    is_int((long long) last, 0, "the oldest one went");

    procore_store_close(store);
}


int
main(void)
{
    test_keep();
    test_sweep();
    test_bound();
    fixture_clean();

    return done_testing();
}

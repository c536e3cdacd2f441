
/*
 * The chooser's links in the store: a room of their own, spent by binding.
 */


#include "store_fixture.h"


#define ACCESS  PROCORE_TOKEN_ACCESS
#define A       562949953421312
#define B       562949953421313
#define NOW     FIXTURE_NOW

#define OPEN    PROCORE_STORE_SEALED_OPEN
#define BIND    PROCORE_STORE_SEALED_BIND


static procore_store_op_t
link_op(uint64_t key)
{
    procore_store_op_t  op;

    op = fixture_sealed_op(OPEN, key, "a link");
    op.link = 1;

    return op;
}


/* As many as can be opened, "n" at most. */

static unsigned
open_many(procore_store_t *store, uint64_t from, unsigned n, unsigned link)
{
    unsigned             i, j, opened;
    procore_store_op_t   op[PROCORE_STORE_GROUP], *ops[PROCORE_STORE_GROUP];

    for (i = 0, opened = 0; i < n; i += PROCORE_STORE_GROUP) {

        for (j = 0; j < PROCORE_STORE_GROUP && i + j < n; j++) {
            op[j] = fixture_sealed_op(OPEN, from + i + j, "sealed");
            op[j].link = link & 1;
            ops[j] = &op[j];
        }

        if (procore_store_write(store, ops, j, fixture_error) != PROCORE_OK) {
            break;
        }

        while (j-- > 0) {
            opened += op[j].rc == PROCORE_OK;
        }
    }

    return opened;
}


static void
test_room(void)
{
    unsigned             live;
    procore_store_t     *store;
    procore_store_op_t   op;

    live = PROCORE_STORE_SEALED_LIVE;
    store = fixture_store(FIXTURE_SIZE);

    is_int(open_many(store, 1, live + 300, 1), live, "so many links");
    op = link_op(4 * live);
    is_int(fixture_write(store, &op), PROCORE_TOO_LARGE, "and no more");
    is_int(open_many(store, 2 * live, live + 300, 0), live,
           "authorizations have a room of their own");
    is_int(fixture_sealed(store, OPEN, 5 * live, "x"), PROCORE_TOO_LARGE,
           "which is full as well");

    op = fixture_sealed_op(BIND, 1, NULL);
    op.has_access = 1;
    fixture_digest(7, op.access);
    op.company = A;
    op.way = PROCORE_WAY_CHOOSER;
    is_int(fixture_write(store, &op), PROCORE_OK, "a link is used");

    is_int(fixture_sealed(store, OPEN, 5 * live, "x"), PROCORE_TOO_LARGE,
           "that makes no room for an authorization");
    op = link_op(4 * live);
    is_int(fixture_write(store, &op), PROCORE_OK, "but for a link");

    op = link_op(4 * live + 1);
    op.now = NOW + 60;
    op.keep_until = NOW + 120;
    is_int(fixture_write(store, &op), PROCORE_OK,
           "those that have run out go");
    is_int(fixture_state(store, 2, NOW, NULL), PROCORE_NOT_FOUND,
           "all of them");

    procore_store_close(store);
}


static void
test_bind(void)
{
    procore_store_t     *store;
    procore_store_op_t   op;

    store = fixture_store(FIXTURE_SIZE);

    is_int(fixture_family(store, 0, 7, 8, 0), PROCORE_OK, "a token");

    op = link_op(1);
    is_int(fixture_write(store, &op), PROCORE_OK, "its link");
    is_int(fixture_write(store, &op), PROCORE_CONFLICT, "is made once");
    is_int(op.record.state, PROCORE_SEALED_OPEN, "and is the same for all");

    op = fixture_sealed_op(BIND, 1, NULL);
    op.has_access = 1;
    fixture_digest(7, op.access);
    op.company = A;
    op.way = PROCORE_WAY_CHOOSER;
    op.keep_until = NOW + 1800;

    is_int(fixture_write(store, &op), PROCORE_OK, "a company is chosen");
    is_int(fixture_company(store, ACCESS, 7), A, "and the token bound");
    is_int(fixture_state(store, 1, NOW + 1799, NULL), PROCORE_SEALED_SPENT,
           "the link is remembered as used");

    op.company = B;
    is_int(fixture_write(store, &op), PROCORE_CONFLICT, "it works once");
    is_int(op.record.state, PROCORE_SEALED_SPENT, "for it was used");
    ok(op.record.company == A, "for that company");
    is_int(fixture_company(store, ACCESS, 7), A, "which stays");

    op = link_op(1);
    is_int(fixture_write(store, &op), PROCORE_CONFLICT, "nor is it made anew");

    procore_store_close(store);

    store = fixture_open(FIXTURE_SIZE);
    is_int(fixture_state(store, 1, NOW + 1799, NULL), PROCORE_SEALED_SPENT,
           "on disk");
    procore_store_close(store);
}


int
main(void)
{
    test_room();
    test_bind();

    fixture_clean();

    return done_testing();
}

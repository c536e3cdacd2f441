
/*
 * Sealed records: the steps of an authorization, each taken once and only in
 * its turn; and bindings taken back.
 */


#include "store_fixture.h"


#define ACCESS  PROCORE_TOKEN_ACCESS
#define REFRESH PROCORE_TOKEN_REFRESH
#define A       562949953421312
#define B       598134325779301
#define NOW     FIXTURE_NOW

#define OPEN    PROCORE_STORE_SEALED_OPEN
#define OFFER   PROCORE_STORE_SEALED_OFFER
#define SPEND   PROCORE_STORE_SEALED_SPEND
#define CLAIM   PROCORE_STORE_SEALED_CLAIM
#define RELEASE PROCORE_STORE_SEALED_RELEASE

#define LARGE   (300 * 1024)


static void
test_steps(procore_store_t *store)
{
    procore_sealed_t    record;
    procore_store_op_t  op;

    is_int(fixture_state(store, 1, NOW, NULL), PROCORE_NOT_FOUND, "nothing");

    op = fixture_sealed_op(OPEN, 1, "answer");
    op.record_user = 77;
    is_int(fixture_write(store, &op), PROCORE_OK, "opened");
    is_int(op.record.state, 0, "nothing was there before");
    is_int(fixture_state(store, 1, NOW, &record), PROCORE_SEALED_OPEN, "read");
    is_int((long long) record.changed_at, NOW, "since when");
    is_int((long long) record.keep_until, NOW + 60, "until when");
    is_int((long long) record.user, 77, "whose");
    ok(fixture_holds(store, 1, "answer", 6), "with its bytes");

    is_int(fixture_write(store, &op), PROCORE_CONFLICT, "opened twice");
    is_int(op.record.state, PROCORE_SEALED_OPEN, "what is there is told");
    ok(op.record.sealed.data == NULL, "without its bytes");
    is_int(fixture_choose(store, 1, 2, A), PROCORE_NOT_FOUND,
           "not chosen before it is offered");

    is_int(fixture_sealed(store, OFFER, 1, "list"), PROCORE_OK, "offered");
    ok(fixture_holds(store, 1, "list", 4), "with other bytes");
    is_int(fixture_sealed(store, OFFER, 1, "again"), PROCORE_NOT_FOUND,
           "not twice");
    is_int(fixture_sealed(store, OFFER, 9, "list"), PROCORE_NOT_FOUND,
           "not what nobody opened");

    is_int(fixture_choose(store, 1, 2, A), PROCORE_OK, "chosen");
    is_int(fixture_state(store, 1, NOW + 1799, &record),
           PROCORE_SEALED_CHOSEN, "is remembered for half an hour");
    is_int((long long) record.company, A, "with the company");
    is_int((long long) record.sealed.len, 0, "without bytes");
    is_int(fixture_state(store, 2, NOW, &record), PROCORE_SEALED_LIVE,
           "a code");
    is_int((long long) record.company, A, "for the company");
    ok(fixture_holds(store, 2, "kept", 4), "holds them");

    is_int(fixture_choose(store, 1, 2, A), PROCORE_OK, "the form sent again");
    is_int(fixture_choose(store, 1, 3, B), PROCORE_CONFLICT,
           "another company");
    is_int(fixture_state(store, 3, NOW, NULL), PROCORE_NOT_FOUND,
           "gets no code");
    is_int(fixture_choose(store, 1, 3, A), PROCORE_CONFLICT, "another code");
    is_int(fixture_sealed(store, OPEN, 1, "x"), PROCORE_CONFLICT,
           "not opened anew");

    op = fixture_redeem(2, 11, 12, A);
    is_int(fixture_write(store, &op), PROCORE_OK, "redeemed");
    is_int(op.record.state, PROCORE_SEALED_LIVE, "it was live");
    is_int((long long) op.bound.company, A, "and the pair is bound");
    is_int(op.bound.way, PROCORE_WAY_AUTHORIZE, "by the relay");
    is_int(fixture_company(store, ACCESS, 11), A, "on disk");
    is_int(fixture_company(store, REFRESH, 12), A, "both");
    is_int(fixture_state(store, 2, NOW + 1799, &record),
           PROCORE_SEALED_SPENT, "the code is spent");
    is_int((long long) record.sealed.len, 0, "its bytes are gone");
    is_int((long long) record.company, A, "its company stays");

    op = fixture_redeem(2, 13, 14, A);
    is_int(fixture_write(store, &op), PROCORE_CONFLICT, "not redeemed twice");
    is_int(op.record.state, PROCORE_SEALED_SPENT, "because it is spent");
    is_int(fixture_company(store, ACCESS, 13), PROCORE_NOT_FOUND,
           "nothing is bound");
    is_int(fixture_choose(store, 1, 2, A), PROCORE_CONFLICT,
           "the form sent after that");
    is_int(fixture_sealed(store, SPEND, 2, NULL), PROCORE_CONFLICT,
           "nor spent");
}


static void
test_expected(procore_store_t *store)
{
    procore_store_op_t  op;

    is_int(fixture_sealed(store, OPEN, 91, "x"), PROCORE_OK, "opened");

    op = fixture_sealed_op(SPEND, 91, NULL);
    op.expected = PROCORE_SEALED_OFFERED;
    is_int(fixture_write(store, &op), PROCORE_CONFLICT,
           "not spent in another state");
    is_int(op.record.state, PROCORE_SEALED_OPEN, "which is told");
    is_int(fixture_state(store, 91, NOW, NULL), PROCORE_SEALED_OPEN,
           "and stays");

    is_int(fixture_sealed(store, OFFER, 91, "x"), PROCORE_OK, "offered");
    is_int(fixture_write(store, &op), PROCORE_OK, "spent in that state");
    is_int(op.record.state, PROCORE_SEALED_OFFERED, "as it was");
    is_int(fixture_write(store, &op), PROCORE_CONFLICT, "once");

    op.key[0] ^= 1;
    is_int(fixture_write(store, &op), PROCORE_NOT_FOUND, "not what is not");
}


static void
test_redeem(procore_store_t *store)
{
    procore_store_op_t  op;

    op = fixture_redeem(101, 21, 22, A);
    is_int(fixture_write(store, &op), PROCORE_NOT_FOUND, "an unknown code");
    is_int(fixture_company(store, ACCESS, 21), PROCORE_NOT_FOUND, "no token");

    is_int(fixture_sealed(store, OPEN, 101, "x"), PROCORE_OK, "one open");
    is_int(fixture_write(store, &op), PROCORE_NOT_FOUND, "is no code");
    is_int(op.record.state, PROCORE_SEALED_OPEN, "as is told");

    is_int(fixture_live(store, 102, 103, A), PROCORE_OK, "a code for A");
    is_int(fixture_family(store, 0, 23, 24, B), PROCORE_OK, "a token of B");
    op = fixture_redeem(103, 23, 25, A);
    is_int(fixture_write(store, &op), PROCORE_CONFLICT, "that comes with it");
    is_int((long long) op.bound.company, B, "is B's");
    is_int(op.record.state, PROCORE_SEALED_LIVE, "the code lives");
    is_int(fixture_state(store, 103, NOW, NULL), PROCORE_SEALED_LIVE,
           "on disk, too");
    ok(fixture_holds(store, 103, "kept", 4), "with its bytes");
    is_int(fixture_company(store, REFRESH, 25), PROCORE_NOT_FOUND,
           "nothing was written");

    op = fixture_redeem(103, 0, 0, A);
    is_int(fixture_write(store, &op), PROCORE_MALFORMED, "no token");
    is_int(fixture_state(store, 103, NOW, NULL), PROCORE_SEALED_LIVE,
           "spends nothing");

    is_int(fixture_sealed(store, CLAIM, 103, NULL), PROCORE_OK, "claimed");
    is_int(fixture_sealed(store, CLAIM, 103, NULL), PROCORE_CONFLICT,
           "not twice");
    ok(fixture_holds(store, 103, "kept", 4), "its bytes stay");
    is_int(fixture_choose(store, 102, 103, A), PROCORE_CONFLICT,
           "the form meanwhile");
    is_int(fixture_sealed(store, RELEASE, 103, NULL), PROCORE_OK, "released");
    is_int(fixture_sealed(store, RELEASE, 103, NULL), PROCORE_CONFLICT,
           "not twice");
    ok(fixture_holds(store, 103, "kept", 4), "its bytes stay");
    is_int(fixture_sealed(store, CLAIM, 199, NULL), PROCORE_NOT_FOUND,
           "an unknown one");
    is_int(fixture_sealed(store, CLAIM, 103, NULL), PROCORE_OK, "again");

    op = fixture_redeem(103, 26, 27, A);
    op.sealed = (const unsigned char *) "digest";
    op.sealed_len = 6;
    is_int(fixture_write(store, &op), PROCORE_OK, "a claimed one redeemed");
    is_int(fixture_state(store, 103, NOW, NULL), PROCORE_SEALED_SPENT,
           "is spent");
    ok(fixture_holds(store, 103, "digest", 6), "with what is remembered");
    is_int(fixture_sealed(store, RELEASE, 103, NULL), PROCORE_CONFLICT,
           "and not released");

    is_int(fixture_live(store, 104, 105, A), PROCORE_OK, "another code");
    op = fixture_op(PROCORE_STORE_WITHDRAW, 0, 26, 0, 0);
    is_int(fixture_write(store, &op), PROCORE_OK, "a token withdrawn");
    op = fixture_redeem(105, 26, 28, A);
    is_int(fixture_write(store, &op), PROCORE_OK, "and redeemed");
    is_int(op.bound.state, PROCORE_FAMILY_WITHDRAWN, "stays withdrawn");
    is_int(fixture_state(store, 105, NOW, NULL), PROCORE_SEALED_SPENT,
           "its code is spent");
}


static void
test_bind(procore_store_t *store)
{
    procore_store_op_t  op;

    is_int(fixture_family(store, 0, 31, 32, 0), PROCORE_OK, "unbound");
    is_int(fixture_sealed(store, OPEN, 201, "x"), PROCORE_OK, "a chooser");

    op = fixture_op(PROCORE_STORE_SEALED_BIND, 0, 31, 0, 0);
    fixture_digest(201, op.key);
    op.way = PROCORE_WAY_CHOOSER;
    op.keep_until = NOW + 1800;
    is_int(fixture_write(store, &op), PROCORE_MALFORMED, "no company");
    is_int(fixture_state(store, 201, NOW, NULL), PROCORE_SEALED_OPEN,
           "spends nothing");

    op.company = A;
    is_int(fixture_write(store, &op), PROCORE_OK, "chosen");
    is_int(fixture_company(store, REFRESH, 32), A, "for the pair");
    is_int(fixture_state(store, 201, NOW, NULL), PROCORE_SEALED_SPENT,
           "once");
    is_int(fixture_write(store, &op), PROCORE_CONFLICT, "not twice");
    is_int(op.record.state, PROCORE_SEALED_SPENT, "because it is spent");

    is_int(fixture_sealed(store, OPEN, 202, "x"), PROCORE_OK, "another");
    fixture_digest(202, op.key);
    op.company = B;
    is_int(fixture_write(store, &op), PROCORE_CONFLICT, "another company");
    is_int((long long) op.bound.company, A, "names the first");
    is_int(fixture_state(store, 202, NOW, NULL), PROCORE_SEALED_OPEN,
           "and spends nothing");

    is_int(fixture_live(store, 203, 204, B), PROCORE_OK, "a code");
    fixture_digest(204, op.key);
    is_int(fixture_write(store, &op), PROCORE_NOT_FOUND, "is no chooser's");
}


static void
test_group(procore_store_t *store)
{
    unsigned             i;
    procore_store_op_t   op[6];
    procore_store_op_t  *ops[6];

    is_int(fixture_live(store, 301, 302, A), PROCORE_OK, "a code");
    is_int(fixture_family(store, 0, 41, 42, B), PROCORE_OK, "a token of B");

    op[0] = fixture_op(PROCORE_STORE_FAMILY, 0, 43, 44, B);
    op[1] = fixture_redeem(302, 41, 45, A);
    op[2] = fixture_redeem(302, 46, 47, A);
    op[3] = fixture_redeem(302, 48, 49, A);
    op[4] = fixture_sealed_op(OPEN, 303, "x");
    op[5] = fixture_sealed_op(OFFER, 303, "y");

    for (i = 0; i < 6; i++) {
        ops[i] = &op[i];
    }

    is_int(procore_store_write(store, ops, 6, fixture_error), PROCORE_OK,
           "a group");
    is_int(op[0].rc, PROCORE_OK, "one before");
    is_int(op[1].rc, PROCORE_CONFLICT, "one that meets another company");
    is_int(op[2].rc, PROCORE_OK, "the same code, rightly");
    is_int(op[3].rc, PROCORE_CONFLICT, "and once more");
    is_int(op[4].rc, PROCORE_OK, "a new record");
    is_int(op[5].rc, PROCORE_OK, "that goes on at once");
    is_int(fixture_company(store, REFRESH, 45), PROCORE_NOT_FOUND,
           "what failed left nothing");
    is_int(fixture_company(store, ACCESS, 46), A, "what held is there");
    is_int(fixture_company(store, ACCESS, 48), PROCORE_NOT_FOUND,
           "the repetition is not");
    is_int(fixture_company(store, ACCESS, 43), B, "the others are");
    ok(fixture_holds(store, 303, "y", 1), "all of them");
}


static void
test_sizes(void)
{
    char                *large;
    unsigned             i;
    procore_store_t     *store;
    procore_store_op_t   op;

    large = malloc(PROCORE_STORE_SEALED_MAX + 1);
    if (large == NULL) {
        exit(1);
    }

    for (i = 0; i <= PROCORE_STORE_SEALED_MAX; i++) {
        large[i] = (char) (i * 7 + i / 251);
    }

    store = fixture_store(FIXTURE_SIZE);

    op = fixture_sealed_op(OPEN, 1, NULL);
    is_int(fixture_write(store, &op), PROCORE_OK, "without bytes");
    ok(fixture_holds(store, 1, NULL, 0), "there are none");

    op = fixture_sealed_op(OFFER, 1, NULL);
    op.sealed = (unsigned char *) large;
    op.sealed_len = PROCORE_STORE_SEALED_MAX + 1;
    is_int(fixture_write(store, &op), PROCORE_TOO_LARGE, "one byte too many");
    is_int(fixture_state(store, 1, NOW, NULL), PROCORE_SEALED_OPEN,
           "changes nothing");
    op.sealed_len--;
    is_int(fixture_write(store, &op), PROCORE_OK, "as many as may be");
    ok(fixture_holds(store, 1, large, PROCORE_STORE_SEALED_MAX), "all");

    op = fixture_sealed_op(PROCORE_STORE_SEALED_CHOOSE, 1, NULL);
    fixture_digest(2, op.code);
    op.company = A;
    op.sealed = (unsigned char *) large;
    op.sealed_len = LARGE;
    is_int(fixture_write(store, &op), PROCORE_OK, "chosen");
    ok(fixture_holds(store, 2, large, LARGE), "with fewer");
    is_int(fixture_sealed(store, CLAIM, 2, NULL), PROCORE_OK, "claimed");
    ok(fixture_holds(store, 2, large, LARGE), "the same");
    is_int(fixture_sealed(store, RELEASE, 2, NULL), PROCORE_OK, "released");
    ok(fixture_holds(store, 2, large, LARGE), "the same");
    op = fixture_redeem(2, 11, 12, A);
    is_int(fixture_write(store, &op), PROCORE_OK, "redeemed");

    procore_store_close(store);
    is_int(fixture_prepare(FIXTURE_SIZE), PROCORE_OK, "the file");
    ok(!fixture_report.set_aside, "is whole");
    free(large);
}


/* The same record changed several times in one transaction. */

static void
test_one_transaction(void)
{
    char                *large;
    unsigned             i;
    procore_store_t     *store;
    procore_store_op_t   op[6], *ops[6];

    large = calloc(1, LARGE);
    if (large == NULL) {
        exit(1);
    }

    memset(large, 'l', LARGE - 1);
    store = fixture_store(FIXTURE_SIZE);

    op[0] = fixture_sealed_op(OPEN, 1, large);
    op[1] = fixture_sealed_op(OFFER, 1, "short");
    op[2] = fixture_sealed_op(PROCORE_STORE_SEALED_CHOOSE, 1, large);
    op[2].company = A;
    fixture_digest(2, op[2].code);
    op[3] = fixture_sealed_op(CLAIM, 2, NULL);
    op[4] = fixture_sealed_op(RELEASE, 2, NULL);
    op[5] = fixture_sealed_op(CLAIM, 2, NULL);

    for (i = 0; i < 6; i++) {
        ops[i] = &op[i];
    }

    is_int(procore_store_write(store, ops, 6, fixture_error), PROCORE_OK,
           "all steps");

    for (i = 0; i < 6; i++) {
        is_int(op[i].rc, PROCORE_OK, "step %u", i);
    }

    is_int(fixture_state(store, 2, NOW, NULL), PROCORE_SEALED_CLAIMED,
           "in one transaction");
    ok(fixture_holds(store, 2, large, LARGE - 1), "with its bytes");

    procore_store_close(store);
    is_int(fixture_prepare(FIXTURE_SIZE), PROCORE_OK, "the file");
    ok(!fixture_report.set_aside, "is whole: %s", fixture_report.text);
    free(large);
}


static int
unbind(procore_store_t *store, uint64_t access, uint64_t company,
    procore_way_e way, uint64_t at)
{
    procore_store_op_t  op;

    op = fixture_op(PROCORE_STORE_UNBIND, 0, access, 0, company);
    op.way = way;
    op.now = at;

    return fixture_write(store, &op);
}


static void
test_unbind(procore_store_t *store)
{
    procore_token_t     token;
    procore_store_op_t  op;

    op = fixture_op(PROCORE_STORE_FAMILY, 0, 51, 52, 0);
    is_int(fixture_write(store, &op), PROCORE_OK, "a pair of tokens");
    op = fixture_op(PROCORE_STORE_BIND, 0, 51, 0, A);
    op.way = PROCORE_WAY_FIRST_USE;
    is_int(fixture_write(store, &op), PROCORE_OK, "bound by first use");

    is_int(unbind(store, 59, A, PROCORE_WAY_FIRST_USE, NOW),
           PROCORE_NOT_FOUND, "an unknown token");
    is_int(unbind(store, 51, B, PROCORE_WAY_FIRST_USE, NOW),
           PROCORE_NOT_FOUND, "another company");
    is_int(unbind(store, 51, A, PROCORE_WAY_CHOOSER, NOW),
           PROCORE_NOT_FOUND, "another way");
    is_int(unbind(store, 51, A, PROCORE_WAY_FIRST_USE, NOW + 1),
           PROCORE_NOT_FOUND, "another time");
    is_int(unbind(store, 51, 0, PROCORE_WAY_FIRST_USE, NOW),
           PROCORE_MALFORMED, "no company");
    is_int(unbind(store, 0, A, PROCORE_WAY_FIRST_USE, NOW),
           PROCORE_MALFORMED, "no token");
    is_int(fixture_company(store, ACCESS, 51), A, "it stays through all");

    is_int(unbind(store, 51, A, PROCORE_WAY_FIRST_USE, NOW), PROCORE_OK,
           "taken back");
    is_int(fixture_token(store, ACCESS, 51, &token), PROCORE_OK, "the token");
    is_int(token.state, PROCORE_FAMILY_UNBOUND, "is unbound");
    is_int((long long) token.company, 0, "of no company");
    is_int(token.way, PROCORE_WAY_NONE, "in no way");
    is_int(unbind(store, 51, A, PROCORE_WAY_FIRST_USE, NOW),
           PROCORE_NOT_FOUND, "not twice");

    op = fixture_op(PROCORE_STORE_BIND, 0, 51, 0, B);
    is_int(fixture_write(store, &op), PROCORE_OK, "and may choose again");

    op = fixture_op(PROCORE_STORE_WITHDRAW, 0, 51, 0, 0);
    is_int(fixture_write(store, &op), PROCORE_OK, "withdrawn");
    is_int(unbind(store, 51, B, PROCORE_WAY_TOKEN_REQUEST, NOW),
           PROCORE_NOT_FOUND, "is for good");
    is_int(fixture_company(store, ACCESS, 51), FIXTURE_WITHDRAWN, "indeed");
}


static void
test_first(procore_store_t *store)
{
    procore_token_t     token;
    procore_store_op_t  op;

    op = fixture_op(PROCORE_STORE_BIND, 0, 61, 0, A);
    op.way = PROCORE_WAY_FIRST_TRIED;
    is_int(fixture_write(store, &op), PROCORE_OK, "an attempt");
    is_int(op.bound.way, PROCORE_WAY_FIRST_TRIED, "is not confirmed");
    is_int(unbind(store, 61, A, PROCORE_WAY_FIRST_TRIED, NOW), PROCORE_OK,
           "and can be undone");
    is_int(fixture_token(store, ACCESS, 61, &token), PROCORE_NOT_FOUND,
           "which leaves nothing");

    op = fixture_op(PROCORE_STORE_BIND, 0, 61, 0, A);
    op.way = PROCORE_WAY_FIRST_TRIED;
    is_int(fixture_write(store, &op), PROCORE_OK, "once more");
    is_int(fixture_write(store, &op), PROCORE_OK, "by two at once");
    is_int(op.bound.way, PROCORE_WAY_FIRST_USE, "the second one confirms it");
    is_int(unbind(store, 61, A, PROCORE_WAY_FIRST_TRIED, NOW),
           PROCORE_NOT_FOUND, "so that it stays");

    op = fixture_op(PROCORE_STORE_BIND, 0, 61, 0, B);
    op.way = PROCORE_WAY_FIRST_TRIED;
    is_int(fixture_write(store, &op), PROCORE_CONFLICT, "another company");
    is_int(fixture_company(store, ACCESS, 61), A, "changes nothing");

    op = fixture_op(PROCORE_STORE_CONFIRM, 0, 62, 0, A);
    is_int(fixture_write(store, &op), PROCORE_NOT_FOUND,
           "what was undone is not confirmed");
    op = fixture_op(PROCORE_STORE_BIND, 0, 62, 0, A);
    op.way = PROCORE_WAY_FIRST_TRIED;
    (void) fixture_write(store, &op);
    op = fixture_op(PROCORE_STORE_CONFIRM, 0, 62, 0, A);
    is_int(fixture_write(store, &op), PROCORE_OK, "what was not, is");
    is_int(op.bound.way, PROCORE_WAY_FIRST_USE, "in the right way");
}


int
main(void)
{
    procore_store_t  *store;

    store = fixture_store(FIXTURE_SIZE);

    test_steps(store);
    test_expected(store);
    test_redeem(store);
    test_bind(store);
    test_group(store);
    test_unbind(store);
    test_first(store);

    procore_store_close(store);

    test_sizes();
    test_one_transaction();

    fixture_clean();

    return done_testing();
}

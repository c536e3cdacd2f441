
/*
 * What operations on tokens and projects do: every way in which a pair can meet
 * what the store knows.
 */


#include "store_fixture.h"


#define ACCESS   PROCORE_TOKEN_ACCESS
#define REFRESH  PROCORE_TOKEN_REFRESH
#define A        562949953421312
#define B        598134325779301


static int
bind_access(procore_store_t *store, uint64_t access, uint64_t company,
    procore_store_op_t *op)
{
    *op = fixture_op(PROCORE_STORE_BIND, 0, access, 0, company);

    return fixture_write(store, op);
}


static int
withdraw(procore_store_t *store, uint64_t access, uint64_t refresh)
{
    procore_store_op_t  op;

    op = fixture_op(PROCORE_STORE_WITHDRAW, 0, access, refresh, 0);

    return fixture_write(store, &op);
}


static void
test_first_answers(procore_store_t *store)
{
    procore_token_t     token;
    procore_store_op_t  op;

    is_int(fixture_company(store, ACCESS, 1), PROCORE_NOT_FOUND,
           "an unknown token");

    op = fixture_op(PROCORE_STORE_FAMILY, 0, 1, 2, A);
    op.expires_at = FIXTURE_NOW + 5400;
    op.user = 77;
    op.client_len = 6;
    memcpy(op.client, "client", 6);

    is_int(fixture_write(store, &op), PROCORE_OK, "a pair, bound");
    is_int(fixture_token(store, ACCESS, 1, &token), PROCORE_OK, "its access");
    is_int(token.state, PROCORE_FAMILY_BOUND, "is bound");
    is_int((long long) token.company, A, "to the company");
    is_int(token.way, PROCORE_WAY_TOKEN_REQUEST, "in the way given");
    is_int((long long) token.user, 77, "with its user");
    is_int((long long) token.bound_at, FIXTURE_NOW, "at the time given");
    is_int((long long) token.expires_at, FIXTURE_NOW + 5400, "and its expiry");
    ok(token.client_len == 6 && memcmp(token.client, "client", 6) == 0,
       "and its client");
    ok(memcmp(&token, &op.bound, offsetof(procore_token_t, client) + 6) == 0,
       "as the operation reported");
    is_int(fixture_company(store, REFRESH, 2), A, "its refresh token, too");
    is_int(fixture_company(store, ACCESS, 2), PROCORE_NOT_FOUND,
           "not as an access token");

    is_int(fixture_family(store, 0, 3, 0, 0), PROCORE_OK, "a token, unbound");
    is_int(fixture_company(store, ACCESS, 3), 0, "is known as such");
    is_int(fixture_family(store, 0, 0, 0, A), PROCORE_MALFORMED, "no token");
}


static void
test_refresh(procore_store_t *store)
{
    procore_token_t  token;

    is_int(fixture_family(store, 2, 11, 12, 0), PROCORE_OK, "refreshed");
    is_int(fixture_company(store, ACCESS, 11), A, "the choice is kept");
    is_int(fixture_company(store, REFRESH, 12), A, "for the next refresh");

    is_int(fixture_token(store, REFRESH, 2, &token), PROCORE_OK, "the parent");
    ok(token.used, "is used");
    is_int((long long) token.company, A, "and still bound");

    is_int(fixture_family(store, 2, 13, 14, 0), PROCORE_OK,
           "a used one redeemed again");
    is_int(fixture_company(store, ACCESS, 13), A, "binds the same");

    is_int(fixture_family(store, 12, 15, 16, B), PROCORE_CONFLICT,
           "refreshed for another company");
    is_int(fixture_company(store, ACCESS, 15), PROCORE_NOT_FOUND,
           "nothing is written");
    is_int(fixture_token(store, REFRESH, 12, &token), PROCORE_OK,
           "the parent of it");
    ok(!token.used, "is not used");

    is_int(fixture_family(store, 12, 15, 16, A), PROCORE_OK,
           "refreshed for the same");
    is_int(fixture_company(store, ACCESS, 15), A, "is bound");

    is_int(fixture_family(store, 900, 17, 18, A), PROCORE_OK,
           "an unknown parent");
    is_int(fixture_family(store, 900, 19, 20, B), PROCORE_CONFLICT,
           "cannot give two companies");

    is_int(fixture_family(store, 18, 21, 18, 0), PROCORE_OK,
           "without rotation");
    is_int(fixture_token(store, REFRESH, 18, &token), PROCORE_OK,
           "the refresh token");
    ok(!token.used, "stays live");
    is_int(fixture_company(store, ACCESS, 21), A, "and gives its company");
}


static void
test_known_tokens(procore_store_t *store)
{
    procore_store_op_t  op;

    is_int(fixture_family(store, 0, 31, 32, A), PROCORE_OK, "a pair of A");
    is_int(fixture_family(store, 0, 33, 34, B), PROCORE_OK, "a pair of B");
    is_int(fixture_family(store, 0, 35, 36, 0), PROCORE_OK, "an unbound one");

    is_int(fixture_family(store, 0, 31, 41, 0), PROCORE_OK,
           "an access token issued again");
    is_int(fixture_company(store, REFRESH, 41), A, "keeps its company");

    is_int(fixture_family(store, 0, 31, 42, B), PROCORE_CONFLICT,
           "issued again for another");
    is_int(fixture_company(store, REFRESH, 42), PROCORE_NOT_FOUND,
           "nothing is written");

    is_int(fixture_family(store, 32, 33, 43, 0), PROCORE_CONFLICT,
           "parent and access token of two companies");
    is_int(fixture_family(store, 0, 31, 34, 0), PROCORE_CONFLICT,
           "access and refresh token of two companies");
    is_int(fixture_company(store, ACCESS, 31), A, "A stays");
    is_int(fixture_company(store, REFRESH, 34), B, "B stays");

    is_int(fixture_family(store, 32, 35, 44, 0), PROCORE_OK,
           "an unbound access token from a bound parent");
    is_int(fixture_company(store, ACCESS, 35), A, "is bound");
    is_int(fixture_company(store, REFRESH, 36), A,
           "as is what was left behind");
    is_int(bind_access(store, 35, B, &op), PROCORE_CONFLICT, "for good");
    is_int((long long) op.bound.company, A, "the conflict names the company");

    is_int(fixture_family(store, 0, 37, 38, 0), PROCORE_OK, "unbound");
    is_int(fixture_family(store, 0, 39, 40, 0), PROCORE_OK, "another");
    is_int(fixture_family(store, 38, 39, 45, B), PROCORE_OK,
           "joined and bound");
    is_int(fixture_company(store, ACCESS, 37), B, "the one");
    is_int(fixture_company(store, ACCESS, 39), B, "the other");
    is_int(fixture_company(store, REFRESH, 40), B, "and the rest");
}


static void
test_bind(procore_store_t *store)
{
    procore_token_t     before, token;
    procore_store_op_t  op;

    is_int(bind_access(store, 51, A, &op), PROCORE_OK, "an unknown token");
    is_int(fixture_company(store, ACCESS, 51), A, "is bound");

    is_int(fixture_token(store, ACCESS, 51, &before), PROCORE_OK, "bound");
    op = fixture_op(PROCORE_STORE_BIND, 0, 51, 0, A);
    op.now = FIXTURE_NOW + 1000;
    op.way = PROCORE_WAY_CHOOSER;
    is_int(fixture_write(store, &op), PROCORE_OK, "the same choice again");
    is_int(fixture_token(store, ACCESS, 51, &token), PROCORE_OK, "now");
    ok(memcmp(&before, &token, sizeof(token)) == 0, "changes nothing");

    is_int(bind_access(store, 51, B, &op), PROCORE_CONFLICT, "another choice");
    is_int((long long) op.bound.company, A, "names the first");
    is_int(fixture_company(store, ACCESS, 51), A, "which stays");

    is_int(fixture_family(store, 0, 52, 53, 0), PROCORE_OK, "unbound");
    is_int(bind_access(store, 52, B, &op), PROCORE_OK, "chosen later");
    is_int(fixture_company(store, REFRESH, 53), B, "holds for the pair");

    op = fixture_op(PROCORE_STORE_BIND, 0, 0, 54, A);
    is_int(fixture_write(store, &op), PROCORE_OK, "by a refresh token");
    is_int(fixture_company(store, REFRESH, 54), A, "is bound");

    is_int(bind_access(store, 55, 0, &op), PROCORE_MALFORMED, "no company");
    is_int(bind_access(store, 0, A, &op), PROCORE_MALFORMED, "no token");
}


static void
test_withdraw(procore_store_t *store)
{
    procore_store_op_t  op;

    is_int(withdraw(store, 61, 0), PROCORE_NOT_FOUND, "an unknown token");
    is_int(withdraw(store, 0, 0), PROCORE_MALFORMED, "no token");

    is_int(fixture_family(store, 0, 61, 62, A), PROCORE_OK, "a pair");
    is_int(withdraw(store, 62, 62), PROCORE_OK, "of a kind not known");
    is_int(fixture_company(store, ACCESS, 61), FIXTURE_WITHDRAWN,
           "ends the pair");
    is_int(fixture_company(store, REFRESH, 62), FIXTURE_WITHDRAWN, "both");
    is_int(withdraw(store, 61, 0), PROCORE_OK, "again");

    is_int(bind_access(store, 61, A, &op), PROCORE_OK, "bound again");
    is_int(op.bound.state, PROCORE_FAMILY_WITHDRAWN, "it stays withdrawn");
    is_int((long long) op.bound.company, 0, "of no company");

    is_int(fixture_family(store, 62, 63, 64, A), PROCORE_OK, "refreshed");
    is_int(fixture_company(store, ACCESS, 63), FIXTURE_WITHDRAWN,
           "it stays withdrawn");

    is_int(fixture_family(store, 0, 65, 66, B), PROCORE_OK, "a living pair");
    is_int(fixture_family(store, 64, 65, 67, B), PROCORE_OK,
           "that meets a withdrawn one");
    is_int(fixture_company(store, ACCESS, 65), FIXTURE_WITHDRAWN, "ends");
    is_int(fixture_company(store, REFRESH, 66), FIXTURE_WITHDRAWN,
           "with all of it");
}


static void
test_group(procore_store_t *store)
{
    unsigned             i;
    procore_store_op_t   op[5];
    procore_store_op_t  *ops[5];

    op[0] = fixture_op(PROCORE_STORE_FAMILY, 0, 71, 72, A);
    op[1] = fixture_op(PROCORE_STORE_BIND, 0, 71, 0, B);
    op[2] = fixture_op(PROCORE_STORE_WITHDRAW, 0, 79, 0, 0);
    op[3] = fixture_op(PROCORE_STORE_FAMILY, 72, 73, 74, 0);
    op[4] = fixture_op(PROCORE_STORE_BIND, 0, 75, 0, B);

    for (i = 0; i < 5; i++) {
        ops[i] = &op[i];
    }

    is_int(procore_store_write(store, ops, 5, fixture_error), PROCORE_OK,
           "a group");
    is_int(op[0].rc, PROCORE_OK, "the first");
    is_int(op[1].rc, PROCORE_CONFLICT, "sees the first");
    is_int(op[2].rc, PROCORE_NOT_FOUND, "fails alone");
    is_int(op[3].rc, PROCORE_OK, "refreshes what the group wrote");
    is_int(op[4].rc, PROCORE_OK, "the last");
    is_int(fixture_company(store, ACCESS, 73), A, "is A's");
    is_int(fixture_company(store, ACCESS, 75), B, "is B's");

    is_int(procore_store_write(store, ops, 0, fixture_error), PROCORE_OK,
           "an empty group");
}


static int
project(procore_store_t *store, uint64_t id, procore_project_t *out)
{
    int  rc;

    if (procore_store_begin(store) != PROCORE_OK) {
        return PROCORE_ERROR;
    }

    rc = procore_store_project(store, (const unsigned char *) "\1\2\3\4", id,
                               out);
    procore_store_end(store);

    return rc;
}


static int
learn(procore_store_t *store, const uint64_t *ids, size_t n, uint64_t company,
    uint64_t now, uint64_t valid_for, size_t *moved)
{
    int                 rc;
    procore_store_op_t  op;

    op = fixture_op(PROCORE_STORE_PROJECTS, 0, 0, 0, company);
    op.projects = ids;
    op.nprojects = n;
    op.now = now;
    op.valid_for = valid_for;

    rc = fixture_write(store, &op);
    *moved = op.moved;

    return rc;
}


static void
test_projects(procore_store_t *store)
{
    size_t                 moved;
    procore_project_t      out;
    static const uint64_t  ids[] = { 1, 2, INT64_MAX };

    is_int(project(store, 1, &out), PROCORE_NOT_FOUND, "an unknown project");
    is_int(learn(store, ids, 3, A, FIXTURE_NOW, 3600, &moved), PROCORE_OK,
           "a list");
    is_int((long long) moved, 0, "new ones only");
    is_int(project(store, INT64_MAX, &out), PROCORE_OK, "the last of it");
    is_int((long long) out.company, A, "its company");
    is_int((long long) out.learnt_at, FIXTURE_NOW, "when it was learnt");
    is_int((long long) out.valid_for, 3600, "for how long");

    is_int(learn(store, ids, 1, A, FIXTURE_NOW + 10, 3600, &moved), PROCORE_OK,
           "listed again");
    is_int((long long) moved, 0, "is no move");
    is_int(project(store, 1, &out), PROCORE_OK, "the project");
    is_int((long long) out.learnt_at, FIXTURE_NOW + 10, "is fresh");

    is_int(learn(store, ids, 2, B, FIXTURE_NOW + 3605, 60, &moved), PROCORE_OK,
           "the newest list wins");
    is_int((long long) moved, 1, "counted where the old one still held");
    is_int(project(store, 2, &out), PROCORE_OK, "a moved project");
    is_int((long long) out.company, B, "is B's");

    is_int(learn(store, ids, 1, B, FIXTURE_NOW, 0, &moved), PROCORE_OK,
           "by the operator");
    is_int(learn(store, ids, 1, B, FIXTURE_NOW + 9, 60, &moved), PROCORE_OK,
           "and by a list");
    is_int(project(store, 1, &out), PROCORE_OK, "the project");
    is_int((long long) out.valid_for, 0, "stays for ever");

    is_int(learn(store, ids, 1, A, FIXTURE_NOW + 9, 60, &moved), PROCORE_OK,
           "a list of another company");
    is_int((long long) moved, 1, "moves it");

    is_int(learn(store, ids, 1, 0, FIXTURE_NOW, 60, &moved),
           PROCORE_MALFORMED, "no company");
}


static void
test_passing_projects(procore_store_t *store)
{
    procore_project_t      out;
    procore_store_op_t     op;
    static const uint64_t  known[] = { 101, 102 }, forever[] = { 103 };
    static const uint64_t  passing[] = { 101, 103, 104 };

    size_t  moved;

    is_int(learn(store, known, 2, A, FIXTURE_NOW, 3600, &moved), PROCORE_OK,
           "A's own list");
    is_int(learn(store, forever, 1, A, FIXTURE_NOW, 0, &moved), PROCORE_OK,
           "and what the operator says");

    op = fixture_op(PROCORE_STORE_PROJECTS, 0, 0, 0, B);
    op.projects = passing;
    op.nprojects = 3;
    op.now = FIXTURE_NOW + 3599;
    op.valid_for = 60;
    op.passing = 1;

    is_int(fixture_write(store, &op), PROCORE_OK, "an answer to B that passes");
    is_int((long long) op.kept, 2, "what A has is counted");
    is_int((long long) op.moved, 0, "and not moved");
    is_int(project(store, 101, &out), PROCORE_OK, "the project of A's list");
    is_int((long long) out.company, A, "stays A's");
    is_int((long long) out.learnt_at, FIXTURE_NOW, "and as old as it was");
    is_int(project(store, 103, &out), PROCORE_OK, "the operator's");
    is_int((long long) out.company, A, "stays A's");
    is_int(project(store, 104, &out), PROCORE_OK, "a new project");
    is_int((long long) out.company, B, "is B's");

    op.now = FIXTURE_NOW + 3601;

    is_int(fixture_write(store, &op), PROCORE_OK, "and when that has run out");
    is_int((long long) op.kept, 1, "keeps the operator's alone");
    is_int(project(store, 101, &out), PROCORE_OK, "what A's list said");
    is_int((long long) out.company, B, "has run out and is B's");
}


static void
test_damaged_family(procore_store_t *store)
{
    MDB_val              key, value;
    MDB_txn             *txn;
    unsigned char        bytes[PROCORE_FAMILY_VALUE_MAX];
    procore_token_t      token;
    procore_store_op_t   op;

    is_int(fixture_family(store, 0, 81, 82, A), PROCORE_OK, "a pair");
    is_int(fixture_token(store, ACCESS, 81, &token), PROCORE_OK, "known");

    key.mv_data = token.family;
    key.mv_size = PROCORE_FAMILY_SIZE;

    if (mdb_txn_begin(store->env, NULL, 0, &txn) != 0
        || mdb_get(txn, store->dbi[PROCORE_DB_FAMILY], &key, &value) != 0)
    {
        exit(1);
    }

    memcpy(bytes, value.mv_data, value.mv_size);
    bytes[13] ^= 1;      /* in the company */
    value.mv_data = bytes;

    if (mdb_put(txn, store->dbi[PROCORE_DB_FAMILY], &key, &value, 0) != 0
        || mdb_txn_commit(txn) != 0)
    {
        exit(1);
    }

    is_int(fixture_company(store, ACCESS, 81), PROCORE_CORRUPT,
           "damaged: counts as absent");
    is_int(bind_access(store, 81, B, &op), PROCORE_CORRUPT,
           "cannot be bound anew");
    is_int(fixture_family(store, 82, 83, 84, B), PROCORE_CORRUPT,
           "nor by a refresh");
    is_int(withdraw(store, 81, 0), PROCORE_CORRUPT, "nor withdrawn");
    is_int(fixture_company(store, ACCESS, 83), PROCORE_NOT_FOUND,
           "nothing was written");
}


static void
test_told(procore_store_t *store)
{
    procore_store_op_t    op;
    procore_store_stat_t  before, after;

    is_int(procore_store_begin(store), PROCORE_OK, "begin");
    is_int(procore_store_stat(store, &before), PROCORE_OK, "its size");
    procore_store_end(store);

    op = fixture_op(PROCORE_STORE_FAMILY, 0, 9001, 9002, A);
    is_int(fixture_write(store, &op), PROCORE_OK, "a pair, bound");
    is_int(op.made, 1, "is told to be bound now");

    op = fixture_op(PROCORE_STORE_FAMILY, 9002, 9003, 9004, A);
    is_int(fixture_write(store, &op), PROCORE_OK, "refreshed");
    is_int(op.made, 0, "was bound before");

    op = fixture_op(PROCORE_STORE_FAMILY, 0, 9005, 0, 0);
    is_int(fixture_write(store, &op), PROCORE_OK, "unbound");
    is_int(op.made, 0, "is not bound");
    is_int(bind_access(store, 9005, A, &op), PROCORE_OK, "later");
    is_int(op.made, 1, "is bound then");

    op = fixture_op(PROCORE_STORE_SET, 0, 9005, 0, B);
    is_int(fixture_write(store, &op), PROCORE_OK, "set by the operator");
    is_int(op.made, 1, "to another company");
    is_int(fixture_write(store, &op), PROCORE_OK, "and once more");
    is_int(op.made, 0, "changes nothing");

    is_int(procore_store_begin(store), PROCORE_OK, "begin");
    is_int(procore_store_stat(store, &after), PROCORE_OK, "its size");
    procore_store_end(store);

    is_int((long long) (after.tokens - before.tokens), 5, "five tokens more");
    is_int((long long) (after.families - before.families), 2, "two families");
    is_int((long long) after.projects, (long long) before.projects,
           "no project");
    ok(after.bytes >= before.bytes && after.bytes <= after.limit, "in bounds");
}


int
main(void)
{
    procore_store_t  *store;

    store = fixture_store(FIXTURE_SIZE);

    test_first_answers(store);
    test_refresh(store);
    test_known_tokens(store);
    test_bind(store);
    test_withdraw(store);
    test_group(store);
    test_projects(store);
    test_passing_projects(store);
    test_damaged_family(store);
    test_told(store);

    procore_store_close(store);
    fixture_clean();

    return done_testing();
}

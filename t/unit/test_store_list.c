
/*
 * Listing the store: every entry once, in bounded steps, and nothing of another
 * realm.
 */


#include "store_fixture.h"

#include "../../src/store/procore_store_list.h"


#define FAMILIES  2500u
#define PAGE      70


static procore_list_filter_t  filter;


static procore_list_filter_t *
everything(void)
{
    memset(&filter, 0, sizeof(filter));
    memcpy(filter.realm, "\1\2\3\4", PROCORE_REALM_SIZE);

    return &filter;
}


/* Families 1 to n: tokens 2i and 2i+1, company i % 10 + 1, client i % 7. */

static procore_store_t *
filled(void)
{
    unsigned             i, k;
    procore_store_t     *store;
    procore_store_op_t   op[50], *ops[50];

    store = fixture_store(FIXTURE_SIZE);

    for (i = 0; i < FAMILIES; i += 50) {

        for (k = 0; k < 50; k++) {
            op[k] = fixture_op(PROCORE_STORE_FAMILY, 0, 2 * (i + k) + 2,
                               2 * (i + k) + 3, (i + k) % 10 + 1);
            op[k].client_len = 2;
            op[k].client[0] = 'c';
            op[k].client[1] = (unsigned char) ('0' + (i + k) % 7);
            ops[k] = &op[k];
        }

        if (procore_store_write(store, ops, 50, fixture_error) != PROCORE_OK) {
            exit(1);
        }
    }

    return store;
}


/* How many match, page by page; -1: an error, or a page that is too long. */

static long long
count(procore_store_t *store, const procore_list_filter_t *wanted,
    unsigned *steps)
{
    int                       rc;
    size_t                    n;
    long long                 all;
    procore_list_cursor_t     cursor;
    procore_listed_family_t   page[PAGE + 1];

    memset(&cursor, 0, sizeof(cursor));
    memset(page, 0, sizeof(page));
    all = 0;
    *steps = 0;

    while (!cursor.end) {

        if (procore_store_begin(store) != PROCORE_OK) {
            return -1;
        }

        rc = procore_store_families(store, wanted, &cursor, page, PAGE, &n);
        procore_store_end(store);

        if (rc != PROCORE_OK || n > PAGE) {
            return -1;
        }

        all += (long long) n;
        (*steps)++;
    }

    return all;
}


static void
test_families(void)
{
    unsigned                steps;
    procore_store_t        *store;
    procore_list_filter_t  *wanted;

    store = filled();

    wanted = everything();
    is_int(count(store, wanted, &steps), FAMILIES, "each family once");
    ok(steps >= FAMILIES / PAGE, "in pages (%u)", steps);

    wanted->company = 3;
    is_int(count(store, wanted, &steps), FAMILIES / 10, "of a company");
    ok(steps >= FAMILIES / PROCORE_LIST_LOOK, "in bounded steps (%u)", steps);

    wanted->client.data = (const unsigned char *) "c2";
    wanted->client.len = 2;
    ok(count(store, wanted, &steps) > 0, "and of a client");

    wanted->company = 11;
    is_int(count(store, wanted, &steps), 0, "of an unknown company");

    wanted = everything();
    wanted->client.data = (const unsigned char *) "c";
    wanted->client.len = 1;
    is_int(count(store, wanted, &steps), 0, "of a client with a shorter id");

    wanted = everything();
    wanted->way = PROCORE_WAY_TOKEN_REQUEST;
    is_int(count(store, wanted, &steps), FAMILIES, "bound in this way");
    wanted->way = PROCORE_WAY_ADMIN;
    is_int(count(store, wanted, &steps), 0, "in another");

    wanted = everything();
    wanted->states = 1 << PROCORE_FAMILY_WITHDRAWN;
    is_int(count(store, wanted, &steps), 0, "in another state");
    wanted->states |= 1 << PROCORE_FAMILY_BOUND;
    is_int(count(store, wanted, &steps), FAMILIES, "in one of two");

    wanted = everything();
    wanted->realm[0] = 9;
    is_int(count(store, wanted, &steps), 0, "nothing of another realm");

    procore_store_close(store);
}


static void
test_tokens(void)
{
    int                      rc;
    size_t                   n, all, own;
    unsigned char            digest[PROCORE_DIGEST_SIZE];
    procore_store_t         *store;
    procore_list_filter_t   *wanted;
    procore_list_cursor_t    cursor;
    procore_listed_token_t   page[PAGE], one;

    store = filled();
    wanted = everything();
    memset(&cursor, 0, sizeof(cursor));
    all = 0;

    while (!cursor.end) {
        (void) procore_store_begin(store);
        rc = procore_store_tokens(store, wanted, &cursor, page, PAGE, &n);
        procore_store_end(store);

        if (rc != PROCORE_OK) {
            break;
        }

        all += n;
    }

    is_int((long long) all, 2 * FAMILIES, "each token once");

    fixture_digest(2, digest);

    (void) procore_store_begin(store);

    is_int(procore_store_find(store, wanted->realm, digest, 8, &one),
           PROCORE_OK, "found by the beginning of its digest");
    ok(memcmp(one.digest, digest, PROCORE_DIGEST_SIZE) == 0, "it is the one");
    is_int(one.kind, PROCORE_TOKEN_ACCESS, "an access token");
    is_int((long long) one.family.company, 1, "with its family");
    is_int(procore_store_find(store, wanted->realm, digest,
                              PROCORE_DIGEST_SIZE, &one),
           PROCORE_OK, "found by the whole of it");
    is_int(procore_store_find(store, wanted->realm, digest, 0, &one),
           PROCORE_CONFLICT, "several have the empty beginning");
    is_int(procore_store_find(store, (const unsigned char *) "\1\2\3\5",
                              digest, 8, &one),
           PROCORE_NOT_FOUND, "not in another realm");

    fixture_digest(999999, digest);
    is_int(procore_store_find(store, wanted->realm, digest, 8, &one),
           PROCORE_NOT_FOUND, "an unknown one");

    fixture_digest(3, digest);
    is_int(procore_store_find(store, wanted->realm, digest, 8, &one),
           PROCORE_OK, "a refresh token");
    is_int(one.kind, PROCORE_TOKEN_REFRESH, "is one");

    is_int(procore_store_family(store, wanted->realm, one.family.id,
                                &page[0].family),
           PROCORE_OK, "the family by its id");
    is_int((long long) page[0].family.tokens, 2, "two tokens");
    is_int(procore_store_family(store, (const unsigned char *) "\1\2\3\5",
                                one.family.id, &page[0].family),
           PROCORE_NOT_FOUND, "not in another realm");

    procore_store_end(store);

    wanted->family = one.family.id;
    memset(&cursor, 0, sizeof(cursor));
    own = 0;

    while (!cursor.end) {
        (void) procore_store_begin(store);
        (void) procore_store_tokens(store, wanted, &cursor, page, PAGE, &n);
        procore_store_end(store);
        own += n;
    }

    is_int((long long) own, 2, "and the tokens of the family");

    procore_store_close(store);
}


static void
test_others(void)
{
    size_t                     n, i;
    uint64_t                   ids[300];
    procore_store_t           *store;
    procore_store_op_t         op;
    procore_list_filter_t     *wanted;
    procore_list_cursor_t      cursor;
    procore_listed_paused_t    pauses[4];
    procore_listed_project_t   projects[400];

    store = fixture_store(FIXTURE_SIZE);
    wanted = everything();

    for (i = 0; i < 300; i++) {
        ids[i] = ((uint64_t) 1 << 62) + i;
    }

    op = fixture_op(PROCORE_STORE_PROJECTS, 0, 0, 0, 500);
    op.projects = ids;
    op.nprojects = 200;
    (void) fixture_write(store, &op);

    op.company = 501;
    op.projects = ids + 200;
    op.nprojects = 100;
    (void) fixture_write(store, &op);

    op = fixture_op(PROCORE_STORE_PAUSE, 0, 0, 0, 0);
    op.client_len = 3;
    memcpy(op.client, "crm", 3);
    (void) fixture_write(store, &op);

    (void) procore_store_begin(store);

    memset(&cursor, 0, sizeof(cursor));
    is_int(procore_store_projects(store, wanted, &cursor, projects, 400, &n),
           PROCORE_OK, "projects");
    is_int((long long) n, 300, "all of them");
    ok(cursor.end, "at once");
    is_int((long long) projects[299].id, (long long) ids[299], "a large id");

    wanted->company = 501;
    memset(&cursor, 0, sizeof(cursor));
    (void) procore_store_projects(store, wanted, &cursor, projects, 400, &n);
    is_int((long long) n, 100, "of one company");

    wanted = everything();
    memset(&cursor, 0, sizeof(cursor));
    is_int(procore_store_pauses(store, wanted, &cursor, pauses, 4, &n),
           PROCORE_OK, "pauses");
    is_int((long long) n, 1, "one");
    is_int((long long) pauses[0].paused_at, FIXTURE_NOW, "since then");
    ok(pauses[0].client_len == 3 && memcmp(pauses[0].client, "crm", 3) == 0,
       "of this client");

    wanted->realm[0] = 9;
    memset(&cursor, 0, sizeof(cursor));
    (void) procore_store_pauses(store, wanted, &cursor, pauses, 4, &n);
    is_int((long long) n, 0, "none of another realm");

    procore_store_end(store);
    procore_store_close(store);
}


static void
test_damaged(void)
{
    size_t                    n;
    MDB_txn                  *txn;
    MDB_val                   key, value;
    procore_store_t          *store;
    procore_list_cursor_t     cursor;
    procore_listed_family_t   page[8];

    store = fixture_store(FIXTURE_SIZE);

    (void) fixture_family(store, 0, 1, 2, 500);

    key.mv_data = (void *) (uintptr_t) "0123456789abcdef";
    key.mv_size = PROCORE_FAMILY_SIZE;
    value.mv_data = (void *) (uintptr_t) "spoilt";
    value.mv_size = 6;

    ok(mdb_txn_begin(store->env, NULL, 0, &txn) == 0
       && mdb_put(txn, store->dbi[PROCORE_DB_FAMILY], &key, &value, 0) == 0
       && mdb_txn_commit(txn) == 0, "an entry that cannot be read");

    memset(&cursor, 0, sizeof(cursor));
    (void) procore_store_begin(store);
    is_int(procore_store_families(store, everything(), &cursor, page, 8, &n),
           PROCORE_OK, "is no end of the list");
    is_int((long long) n, 1, "the other is listed");
    is_int((long long) cursor.damaged, 1, "and this one counted");
    is_int(procore_store_family(store, filter.realm,
                                (unsigned char *) key.mv_data, page),
           PROCORE_CORRUPT, "asked for, it is damaged");
    procore_store_end(store);
    procore_store_close(store);
}


static void
test_tally(void)
{
    unsigned                  i;
    procore_tally_t          *tally;
    procore_listed_family_t   family;

    tally = calloc(1, sizeof(procore_tally_t));
    if (tally == NULL) {
        exit(1);
    }

    memset(&family, 0, sizeof(family));

    for (i = 0; i < 3 * (PROCORE_TALLY_MAX + 5); i++) {
        family.state = (procore_family_state_e) (i % 3);
        family.client_len = 4;
        memcpy(family.client, "cccc", 4);
        family.client[0] = (unsigned char) (i / 3 % 256);
        family.client[1] = (unsigned char) (i / 3 / 256);
        procore_tally_add(tally, &family);
    }

    is_int((long long) tally->n, PROCORE_TALLY_MAX, "clients are told apart");
    is_int((long long) tally->clients[7].families[PROCORE_FAMILY_BOUND], 1,
           "each by state");
    is_int((long long) tally->other.families[PROCORE_FAMILY_WITHDRAWN], 5,
           "those above the limit together");

    free(tally);
}


int
main(void)
{
    test_families();
    test_tokens();
    test_others();
    test_damaged();
    test_tally();

    fixture_clean();

    return done_testing();
}

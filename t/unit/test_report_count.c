
/*
 * Counting for the report, in a table of fixed size.
 */


#include "report_fixture.h"


#define A  562949953421312
#define B  598134325779301


static void
test_one(void)
{
    procore_report_seen_t          seen;
    const procore_report_user_t   *user;
    const procore_report_batch_t  *batch;

    procore_report_count_init(&fixture_count);
    batch = &fixture_count.batch;

    ok(procore_report_count_empty(&fixture_count), "nothing at first");

    seen = fixture_seen("crm", 1);
    seen.unbound = 1;
    is_int(fixture_name(&seen, A), PROCORE_OK, "a request");
    is_int(fixture_name(&seen, B), PROCORE_OK, "another company");
    seen.unbound = 0;
    is_int(fixture_name(&seen, B), PROCORE_OK, "once more");
    is_int(fixture_name(&seen, 0), PROCORE_OK, "none");

    ok(!procore_report_count_empty(&fixture_count), "something to write");
    ok(!procore_report_count_due(&fixture_count), "but no hurry");

    is_int((long long) batch->nclients, 1, "one client");
    is_int((long long) batch->clients[0].requests, 4, "of four requests");
    is_int((long long) batch->clients[0].unbound, 2, "two unbound");
    is_int((long long) batch->clients[0].since, 2, "and two since");

    is_int((long long) batch->nusers, 1, "one user");
    user = &batch->users[0];
    is_int((long long) user->home, A, "at home where it named first");
    ok(!user->bound, "though not bound");

    is_int((long long) batch->nnamings, 2, "two companies");
    is_int((long long) batch->namings[1].company, B, "one of them");
    is_int((long long) batch->namings[1].passed, 2, "named twice");
    is_int((long long) batch->namings[1].carriers[PROCORE_IN_QUERY], 2,
           "in the query");

    seen.bound = B;
    is_int(fixture_name(&seen, B), PROCORE_OK, "then it is bound");
    is_int((long long) user->home, B, "which makes its home");
    is_int((long long) batch->namings[1].passed, 2,
           "to name one's own company is no news");

    seen.prevented = 1;
    is_int(fixture_name(&seen, A), PROCORE_OK, "refused");
    is_int((long long) batch->namings[0].prevented, 1, "is prevented");
}


static void
test_kinds(void)
{
    procore_report_seen_t          seen;
    procore_report_named_t         named;
    const procore_report_batch_t  *batch;

    procore_report_count_init(&fixture_count);
    batch = &fixture_count.batch;

    seen = fixture_seen("", 0);
    is_int(fixture_name(&seen, A), PROCORE_OK, "no token, no client");
    is_int(batch->users[0].kind, PROCORE_REPORT_NO_TOKEN, "so it is kept");

    seen = fixture_seen("", 7);
    seen.kind = PROCORE_REPORT_TOKEN;
    (void) procore_report_name(&named, 0, 1, PROCORE_REPORT_ALIAS,
                               PROCORE_IN_PATH, 0, 0);
    seen.named = &named;
    seen.nnamed = 1;
    is_int(procore_report_count(&fixture_count, &seen), PROCORE_OK,
           "an alias");
    is_int((long long) batch->users[1].home, 0, "is nobody's home");
    is_int((long long) batch->nclients, 1, "the unknown client is one");

    seen.kind = PROCORE_REPORT_FAMILY;
    is_int(fixture_name(&seen, A), PROCORE_OK, "the same bytes as a family");
    is_int((long long) batch->nusers, 3, "are another user");

    seen.realm = (const unsigned char *) "\4\3\2\1";
    is_int(fixture_name(&seen, A), PROCORE_OK, "and in another realm");
    is_int((long long) batch->nclients, 2, "another client");

    seen.unauthorized = 1;
    is_int(fixture_name(&seen, B), PROCORE_OK, "what Procore does not know");
    is_int((long long) batch->nnamings, 4, "names nothing");
    is_int((long long) batch->clients[1].requests, 1, "is no request");
    is_int((long long) batch->clients[1].unauthorized, 1, "and is told");
}


static void
test_named(void)
{
    size_t                  n, i;
    procore_report_named_t  named[4];

    n = procore_report_name(named, 0, 4, A, PROCORE_IN_PATH, 0, 1);
    n = procore_report_name(named, n, 4, A, PROCORE_IN_BODY, 1, 0);
    is_int((long long) n, 1, "one company, twice");
    is_int(named[0].carriers, 1 << PROCORE_IN_PATH | 1 << PROCORE_IN_BODY,
           "in two places");
    ok(named[0].project, "once by a project");
    ok(!named[0].excepted, "not every time by an exception");

    for (i = 0; i < 20; i++) {
        n = procore_report_name(named, n, 4, 100 + i % 7, PROCORE_IN_QUERY, 0,
                                0);
    }

    is_int((long long) n, 4, "the list ends");
    ok(named[3].company == PROCORE_REPORT_REST, "with the rest");
    is_int((long long) named[0].company, A, "and keeps the first ones");
    is_int(named[3].carriers, 1 << PROCORE_IN_QUERY, "whose place is known");
}


static void
test_full(void)
{
    uint64_t                i;
    procore_report_seen_t   seen;
    procore_report_named_t  named[PROCORE_REPORT_NAMED_ROOM];

    procore_report_count_init(&fixture_count);

    for (i = 1; i <= PROCORE_REPORT_COUNT_USERS; i++) {
        seen = fixture_seen("crm", i);

        if (fixture_name(&seen, 0) != PROCORE_OK) {
            break;
        }

        if (i == PROCORE_REPORT_COUNT_USERS / 4 * 3 - 1) {
            ok(!procore_report_count_due(&fixture_count), "not yet due");
        }
    }

    is_int((long long) i - 1, PROCORE_REPORT_COUNT_USERS, "so many users");
    ok(procore_report_count_due(&fixture_count), "it is due");
    seen = fixture_seen("crm", i);
    is_int(fixture_name(&seen, 0), PROCORE_FULL, "and full");
    is_int((long long) fixture_count.batch.lost, 1, "which is told");
    is_int((long long) fixture_count.batch.clients[0].requests,
           PROCORE_REPORT_COUNT_USERS, "and not counted");

    /* a request that does not fit is not counted in half */

    procore_report_count_init(&fixture_count);

    for (i = 0; i < PROCORE_REPORT_NAMED_ROOM; i++) {
        memset(&named[i], 0, sizeof(named[i]));
        named[i].company = A + i;
    }

    seen = fixture_seen("crm", 1);

    for (i = 0; i < 8; i++) {
        seen = fixture_seen("crm", i + 1);
        seen.named = named;
        seen.nnamed = PROCORE_REPORT_NAMED_ROOM;

        if (procore_report_count(&fixture_count, &seen) != PROCORE_OK) {
            break;
        }
    }

    is_int((long long) i, PROCORE_REPORT_COUNT_NAMINGS
                          / PROCORE_REPORT_NAMED_ROOM, "so many fit");
    is_int((long long) fixture_count.batch.nusers, (long long) i,
           "the one after is not there");
}


static void
test_clients(void)
{
    char                   name[16];
    unsigned               i;
    procore_report_seen_t  seen;

    procore_report_count_init(&fixture_count);

    for (i = 0; i < PROCORE_REPORT_COUNT_CLIENTS; i++) {
        (void) snprintf(name, sizeof(name), "%u-client-%u", i, i / 8);
        seen = fixture_seen(name, 1);

        if (fixture_name(&seen, A) != PROCORE_OK
            || fixture_name(&seen, A) != PROCORE_OK)
        {
            break;
        }
    }

    is_int(i, PROCORE_REPORT_COUNT_CLIENTS, "so many clients");
    is_int((long long) fixture_count.batch.nusers,
           PROCORE_REPORT_COUNT_CLIENTS, "each has a user of its own");
    seen = fixture_seen("one more", 1);
    is_int(fixture_name(&seen, A), PROCORE_FULL, "and no more");
}


int
main(void)
{
    test_one();
    test_kinds();
    test_named();
    test_full();
    test_clients();

    return done_testing();
}

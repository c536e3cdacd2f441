
/*
 * No room: in the map, on the disk.  What is known can be read, nothing is half
 * written, and the sweep makes room again.  And what the sweep takes.
 */


#include "store_fixture.h"

#include <sys/resource.h>


#define ACCESS   PROCORE_TOKEN_ACCESS
#define REFRESH  PROCORE_TOKEN_REFRESH
#define SMALL    ((size_t) 1 << 20)
#define DAY      86400
#define GROUP    PROCORE_STORE_GROUP


/*
 * Writes families in groups of "group" until one fails; returns how many were
 * written.
 */

static uint64_t
fill_by(procore_store_t *store, unsigned group, uint64_t from, uint64_t most,
    int *rc)
{
    uint64_t             n;
    unsigned             i;
    procore_store_op_t   op[GROUP], *ops[GROUP];

    *rc = PROCORE_OK;

    for (n = from; n < from + most; n += group) {

        for (i = 0; i < group; i++) {
            op[i] = fixture_op(PROCORE_STORE_FAMILY, 0, n + i + 1, 0, n + 1);
            op[i].expires_at = FIXTURE_NOW;
            ops[i] = &op[i];
        }

        *rc = procore_store_write(store, ops, group, fixture_error);
        if (*rc != PROCORE_OK) {
            break;
        }
    }

    return n - from;
}


static uint64_t
fill(procore_store_t *store, uint64_t from, uint64_t most, int *rc)
{
    return fill_by(store, 50, from, most, rc);
}


static uint64_t
count_known(procore_store_t *store, uint64_t from, uint64_t n)
{
    uint64_t  i, known;

    known = 0;

    for (i = from; i < from + n; i++) {
        known += fixture_company(store, ACCESS, i + 1)
                 == (long long) (from + (i - from) / 50 * 50 + 1);
    }

    return known;
}


/* All of it; returns how many went, -1 on failure. */

static long long
sweep(procore_store_t *store, uint64_t now, size_t max)
{
    size_t                  removed;
    long long               all;
    unsigned                i;
    procore_store_cursor_t  cursor;

    memset(&cursor, 0, sizeof(cursor));
    all = 0;

    /* the second round takes the families that the first has emptied */

    for (i = 0; i < 2; i++) {
        do {
            if (procore_store_sweep(store, &cursor, max, now, &removed,
                                    fixture_error)
                != PROCORE_OK)
            {
                printf("# sweep: %s\n", fixture_error);
                return -1;
            }

            all += (long long) removed;

        } while (cursor.database != 0);
    }

    return all;
}


static void
test_map(void)
{
    int               rc;
    uint64_t          n, more;
    procore_store_t  *store;

    store = fixture_store(SMALL);

    n = fill(store, 0, 100000, &rc);
    printf("# %llu families in 1 MB; %s\n", (unsigned long long) n,
           fixture_error);
    is_int(rc, PROCORE_FULL, "a small map is full");
    ok(n > 1000, "after a good deal");
    is_int((long long) count_known(store, 0, n), (long long) n,
           "all of it can be read");
    is_int(fixture_company(store, ACCESS, n + 1), PROCORE_NOT_FOUND,
           "the group that failed left nothing");

    /* what a group had no room for, single ones may have: up to a limit */

    for (more = 0; more < 2000; more++) {
        if (fixture_family(store, 0, n + more + 1, 0, 5) != PROCORE_OK) {
            break;
        }
    }

    is_int(fixture_family(store, 0, n + more + 1, 0, 5), PROCORE_FULL,
           "it stays full");
    n += more;

    is_int(sweep(store, FIXTURE_NOW + 91 * DAY, 200), (long long) n * 2,
           "but can be swept");
    is_int(fixture_company(store, ACCESS, 1), PROCORE_NOT_FOUND, "to nothing");

    more = fill(store, 1000000, 1000, &rc);
    is_int(rc, PROCORE_OK, "and written again");
    is_int((long long) more, 1000, "as if new");
    procore_store_close(store);

    is_int(fixture_prepare(SMALL), PROCORE_OK, "and is whole");
    ok(!fixture_report.set_aside, "not set aside");

    store = fixture_open(2 * SMALL);
    ok(store != NULL, "opened with a larger size");
    (void) fill(store, 2000000, 2000, &rc);
    is_int(rc, PROCORE_OK, "takes more");
    procore_store_close(store);
}


/*
 * A group that just fits may take the last page that can be used at once: the
 * sweep must have its own.
 */

static void
test_rounds(void)
{
    int               rc;
    unsigned          group, stuck;
    uint64_t          n, from;
    long long         gone;
    procore_store_t  *store;

    from = 0;
    stuck = 0;

    for (group = 1; group <= GROUP; group += 29) {

        store = fixture_store(SMALL);
        n = fill_by(store, group, from, 100000, &rc);

        while (fixture_family(store, 0, from + n + 1, 0, 5) == PROCORE_OK) {
            n++;
        }

        gone = sweep(store, FIXTURE_NOW + 91 * DAY, 200);

        if (gone != (long long) n * 2) {
            printf("# groups of %u: %llu written, %lld swept; %s\n", group,
                   (unsigned long long) n, gone, fixture_error);
            stuck++;
        }

        procore_store_close(store);
        from += n + group;
    }

    is_int(stuck, 0, "full by groups of any size, and swept");
}


static void
test_disk(void)
{
    int               rc;
    uint64_t          n;
    struct rlimit     limit, old;
    procore_store_t  *store;

    store = fixture_store(FIXTURE_SIZE);

    (void) signal(SIGXFSZ, SIG_IGN);
    (void) getrlimit(RLIMIT_FSIZE, &old);
    limit = old;
    limit.rlim_cur = 1 << 20;
    (void) setrlimit(RLIMIT_FSIZE, &limit);

    n = fill(store, 0, 100000, &rc);

    /* where the system can write a part of a page, the code is another one */

    ok(rc == PROCORE_FULL || rc == PROCORE_ERROR, "a file that cannot grow");
    printf("# %llu families; %s\n", (unsigned long long) n, fixture_error);
    ok(n > 500, "after a good deal");
    is_int((long long) count_known(store, 0, n), (long long) n,
           "all of it can be read");

    (void) setrlimit(RLIMIT_FSIZE, &old);

    is_int(fixture_family(store, 0, n + 1, 0, 5), PROCORE_OK,
           "with room it goes on");
    is_int(fixture_company(store, ACCESS, n + 1), 5, "and is read");
    procore_store_close(store);

    is_int(fixture_prepare(FIXTURE_SIZE), PROCORE_OK, "the file");
    ok(!fixture_report.set_aside, "is whole");
}


static int
write_at(procore_store_t *store, uint64_t access, uint64_t refresh,
    uint64_t parent, uint64_t expires_at)
{
    procore_store_op_t  op;

    op = fixture_op(PROCORE_STORE_FAMILY, parent, access, refresh, 7);
    op.expires_at = expires_at;

    return fixture_write(store, &op);
}


static void
test_rules(void)
{
    uint64_t            ids[2] = { 1, 2 };
    procore_token_t     token;
    procore_store_t    *store;
    procore_project_t   project;
    procore_store_op_t  op;

    store = fixture_store(FIXTURE_SIZE);

    is_int(write_at(store, 1, 2, 0, FIXTURE_NOW + 100), PROCORE_OK, "a pair");
    is_int(write_at(store, 3, 0, 0, 0), PROCORE_OK, "of unknown expiry");
    is_int(write_at(store, 4, 5, 2, FIXTURE_NOW + 100), PROCORE_OK,
           "a refresh");

    op = fixture_op(PROCORE_STORE_PROJECTS, 0, 0, 0, 7);
    op.projects = ids;
    op.nprojects = 1;
    op.valid_for = 3600;
    is_int(fixture_write(store, &op), PROCORE_OK, "a learnt project");
    op.projects = ids + 1;
    op.valid_for = 0;
    is_int(fixture_write(store, &op), PROCORE_OK, "the operator's");

    is_int(sweep(store, FIXTURE_NOW - DAY, 1), 0, "a clock that went back");
    is_int(sweep(store, FIXTURE_NOW + 3600, 1), 0, "nothing yet");
    is_int(sweep(store, FIXTURE_NOW + 3601, 1), 1, "the project's time is up");
    is_int(sweep(store, FIXTURE_NOW + 7 * DAY, 2), 0, "seven days");
    is_int(fixture_token(store, REFRESH, 2, &token), PROCORE_OK,
           "a used refresh token");
    is_int(sweep(store, FIXTURE_NOW + 7 * DAY + 1, 2), 1, "goes then");
    is_int(fixture_token(store, REFRESH, 2, &token), PROCORE_NOT_FOUND,
           "indeed");
    is_int(fixture_company(store, ACCESS, 1), 7, "access tokens stay");
    is_int(sweep(store, FIXTURE_NOW + 7 * DAY + 101, 2), 2,
           "seven days after they expired");
    is_int(fixture_company(store, REFRESH, 5), 7, "the living one stays");
    is_int(fixture_company(store, ACCESS, 3), 7,
           "as does one of unknown expiry");
    is_int(sweep(store, FIXTURE_NOW + 90 * DAY + 1, 2), 2,
           "90 days, with its family");
    is_int(fixture_company(store, REFRESH, 5), 7, "a living refresh token");
    is_int(sweep(store, FIXTURE_NOW + 400 * DAY, 2), 0, "has 400 days");
    is_int(sweep(store, FIXTURE_NOW + 400 * DAY + 1, 2), 2,
           "and takes its family along");

    (void) procore_store_begin(store);
    is_int(procore_store_project(store, (const unsigned char *) "\1\2\3\4", 2,
                                 &project),
           PROCORE_OK, "the operator's project stays");
    procore_store_end(store);

    procore_store_close(store);
}


int
main(void)
{
    test_rules();
    test_map();
    test_rounds();
    test_disk();

    fixture_clean();

    return done_testing();
}

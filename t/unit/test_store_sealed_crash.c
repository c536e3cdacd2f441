
/*
 * Sealed records when processes die, meet, or find the store full.
 */


#include "store_fixture.h"

#include <sys/resource.h>
#include <time.h>


#define ACCESS   PROCORE_TOKEN_ACCESS
#define NOW      FIXTURE_NOW
#define OPEN     PROCORE_STORE_SEALED_OPEN
#define SMALL    ((size_t) 1 << 20)
#define CODES    150
#define ROUNDS   20
#define LARGE    (40 * 1024)


/* Code number "n" belongs to id CODE + n. */

#define CODE     1000000u


static char  large[LARGE];


typedef struct {
    uint64_t  code;
    int       rc;
    int       state;        /* of the record before */
} race_result_t;


/* Redeems codes 1 to CODES for "company", from the one end or the other. */

static void
race(int start, int result, uint64_t company, int down)
{
    char                 go;
    uint64_t             i;
    race_result_t        said;
    procore_store_t     *store;
    procore_store_op_t   op;

    store = fixture_open(FIXTURE_SIZE);

    if (store == NULL || read(start, &go, 1) != 0) {
        _exit(1);
    }

    memset(&said, 0, sizeof(said));

    for (i = 0; i < CODES; i++) {
        said.code = down ? CODES - i : i + 1;

        op = fixture_redeem(said.code, company * CODE + said.code, 0, company);
        said.rc = fixture_write(store, &op);
        said.state = (int) op.record.state;

        if (write(result, &said, sizeof(said)) != (ssize_t) sizeof(said)) {
            _exit(1);
        }
    }

    _exit(0);
}


static void
test_races(void)
{
    int               start[2], result[2][2];
    unsigned          i, k, n, agreed, won[2];
    race_result_t     got, said[2][CODES];
    procore_store_t  *store;

    store = fixture_store(FIXTURE_SIZE);

    for (i = 1, n = 0; i <= CODES; i++) {
        n += fixture_live(store, CODE + i, i, 3) == PROCORE_OK;
    }

    procore_store_close(store);
    is_int(n, CODES, "codes");

    if (pipe(start) == -1 || pipe(result[0]) == -1 || pipe(result[1]) == -1) {
        exit(1);
    }

    (void) fflush(stdout);

    for (k = 0; k < 2; k++) {
        if (fork() == 0) {
            (void) close(start[1]);
            race(start[0], result[k][1], 1 + k, (int) k);
        }
    }

    (void) close(start[1]);

    for (k = 0; k < 2; k++) {
        for (i = 0; i < CODES; i++) {
            if (read(result[k][0], &got, sizeof(got)) != (ssize_t) sizeof(got))
            {
                exit(1);
            }

            said[k][got.code - 1] = got;
        }

        (void) wait(NULL);
    }

    store = fixture_open(FIXTURE_SIZE);
    agreed = 0;
    won[0] = won[1] = 0;

    for (i = 0; i < CODES && store != NULL; i++) {

        k = said[0][i].rc == PROCORE_OK ? 0 : 1;

        if (said[k][i].rc == PROCORE_OK
            && said[k][i].state == PROCORE_SEALED_LIVE
            && said[1 - k][i].rc == PROCORE_CONFLICT
            && said[1 - k][i].state == PROCORE_SEALED_SPENT
            && fixture_company(store, ACCESS, (1 + k) * CODE + i + 1) == 1 + k
            && fixture_company(store, ACCESS, (2 - k) * CODE + i + 1)
               == PROCORE_NOT_FOUND)
        {
            agreed++;
            won[k]++;
        }
    }

    printf("# won: %u and %u\n", won[0], won[1]);
    is_int(agreed, CODES, "one redeems, and only its token is bound");

    procore_store_close(store);
}


/* A child that goes through all steps, with each number, and reports each. */

static void
step_until_killed(int fd, uint64_t n)
{
    int                  rc;
    procore_store_t     *store;
    procore_store_op_t   op;

    store = fixture_open(FIXTURE_SIZE);

    for ( ; store != NULL; n++) {

        rc = fixture_live(store, CODE + n, n, 5);

        if (rc == PROCORE_OK) {
            op = fixture_redeem(n, 2 * n + 1, 2 * n + 2, 5);
            rc = fixture_write(store, &op);
        }

        if (rc != PROCORE_OK || write(fd, &n, sizeof(n)) != sizeof(n)) {
            break;
        }
    }

    _exit(1);
}


/* 1: a number of which the steps that are on disk do not go together. */

static int
is_torn(procore_store_t *store, uint64_t n)
{
    int        id, code;
    long long  company;

    id = fixture_state(store, CODE + n, NOW, NULL);
    code = fixture_state(store, n, NOW, NULL);
    company = fixture_company(store, ACCESS, 2 * n + 1);

    if (code == PROCORE_SEALED_SPENT) {
        return id != PROCORE_SEALED_CHOSEN || company != 5;
    }

    if (code == PROCORE_SEALED_LIVE) {
        return id != PROCORE_SEALED_CHOSEN || company != PROCORE_NOT_FOUND;
    }

    return code != PROCORE_NOT_FOUND || company != PROCORE_NOT_FOUND
           || id == PROCORE_SEALED_CHOSEN;
}


static void
test_killed(void)
{
    int               fd[2], bad, torn, missing;
    pid_t             pid;
    uint64_t          n, i, last;
    unsigned          round;
    struct timespec   pause;
    procore_store_t  *store;

    fixture_folder();
    is_int(fixture_prepare(FIXTURE_SIZE), PROCORE_OK, "a store");

    srand(7);
    n = 1;
    bad = torn = missing = 0;

    for (round = 0; round < ROUNDS; round++) {

        if (pipe(fd) == -1) {
            exit(1);
        }

        (void) fflush(stdout);
        pid = fork();

        if (pid == 0) {
            step_until_killed(fd[1], n);
        }

        (void) close(fd[1]);
        pause.tv_sec = 0;
        pause.tv_nsec = (5000 + rand() % 40000) * 1000L;
        (void) nanosleep(&pause, NULL);
        (void) kill(pid, SIGKILL);
        (void) waitpid(pid, NULL, 0);

        last = n - 1;
        while (read(fd[0], &last, sizeof(last)) == (ssize_t) sizeof(last)) {}
        (void) close(fd[0]);

        bad += fixture_prepare(FIXTURE_SIZE) != PROCORE_OK
               || fixture_report.set_aside || fixture_report.in_use;

        store = fixture_open(FIXTURE_SIZE);
        if (store == NULL) {
            exit(1);
        }

        for (i = n; i <= last; i++) {
            missing += fixture_state(store, i, NOW, NULL)
                       != PROCORE_SEALED_SPENT;
        }

        torn += is_torn(store, last + 1);
        n = last + 2;

        procore_store_close(store);
    }

    printf("# %llu authorizations\n", (unsigned long long) n);
    ok(n > ROUNDS, "something was done");
    is_int(bad, 0, "whole after each of %d kills", ROUNDS);
    is_int(missing, 0, "what was redeemed stays redeemed");
    is_int(torn, 0, "each step is taken as a whole or not at all");
}


/* Records from "n" on with LARGE bytes each; returns how many were taken. */

static unsigned
fill_large(procore_store_t *store, uint64_t n, int *rc)
{
    unsigned             i;
    procore_store_op_t   op;

    for (i = 0; i < 1000; i++) {
        op = fixture_sealed_op(OPEN, n + i, NULL);
        op.sealed = (unsigned char *) large;
        op.sealed_len = LARGE;

        *rc = fixture_write(store, &op);
        if (*rc != PROCORE_OK) {
            break;
        }
    }

    return i;
}


static int
sweep(procore_store_t *store, uint64_t now)
{
    size_t                  removed;
    procore_store_cursor_t  cursor;

    memset(&cursor, 0, sizeof(cursor));

    return procore_store_sweep(store, &cursor, 2000, now, &removed,
                               fixture_error)
           == PROCORE_OK ? (int) removed : -1;
}


static void
test_full(void)
{
    int                  rc;
    uint64_t             i, families;
    unsigned             n, held;
    procore_store_t     *store;
    procore_store_op_t   op;

    store = fixture_store(SMALL);

    n = fill_large(store, 1, &rc);
    printf("# %u records of %u bytes in 1 MB\n", n, LARGE);
    is_int(rc, PROCORE_TOO_LARGE, "sealed records have a part of the store");
    ok(n >= 8 && n * LARGE <= SMALL / 2, "half of it");

    for (families = 0; families < 20000; families++) {
        rc = fixture_family(store, 0, families + 1, 0, 5);
        if (rc != PROCORE_OK) {
            break;
        }
    }

    printf("# and %llu families\n", (unsigned long long) families);
    is_int(rc, PROCORE_FULL, "tokens fill the rest");
    ok(families > 500, "which is a good deal");

    op = fixture_sealed_op(PROCORE_STORE_SEALED_SPEND, 1, NULL);
    is_int(fixture_write(store, &op), PROCORE_FULL, "nothing is written");

    for (i = 1, held = 0; i <= n; i++) {
        held += (unsigned) fixture_holds(store, i, large, LARGE);
    }

    is_int(held, n, "all records can be read");

    is_int(sweep(store, NOW + 60), (int) n, "they go in their time");
    is_int(fixture_family(store, 0, families + 1, 0, 5), PROCORE_OK,
           "which makes room for tokens");
    is_int(fixture_live(store, CODE, 1, 5), PROCORE_OK, "and for codes");
    procore_store_close(store);

    is_int(fixture_prepare(SMALL), PROCORE_OK, "the file");
    ok(!fixture_report.set_aside, "is whole");
}


/* A disk that fills up within a group: its first operation is undone, too. */

static void
test_disk(void)
{
    int                  rc;
    struct rlimit        limit, old;
    procore_store_t     *store;
    procore_store_op_t   op[2], *ops[2];

    store = fixture_store(FIXTURE_SIZE);
    is_int(fixture_live(store, CODE, 1, 5), PROCORE_OK, "a code");

    op[0] = fixture_redeem(1, 11, 12, 5);
    op[1] = fixture_sealed_op(OPEN, 2, NULL);
    op[1].sealed = (unsigned char *) large;
    op[1].sealed_len = LARGE;
    ops[0] = &op[0];
    ops[1] = &op[1];

    (void) signal(SIGXFSZ, SIG_IGN);
    (void) getrlimit(RLIMIT_FSIZE, &old);
    limit = old;
    limit.rlim_cur = LARGE;
    (void) setrlimit(RLIMIT_FSIZE, &limit);

    rc = procore_store_write(store, ops, 2, fixture_error);
    ok(rc == PROCORE_FULL || rc == PROCORE_ERROR, "a file that cannot grow");

    (void) setrlimit(RLIMIT_FSIZE, &old);

    is_int(fixture_state(store, 1, NOW, NULL), PROCORE_SEALED_LIVE,
           "the code is not spent");
    is_int(fixture_company(store, ACCESS, 11), PROCORE_NOT_FOUND,
           "its token is not bound");
    is_int(procore_store_write(store, ops, 2, fixture_error), PROCORE_OK,
           "with room");
    is_int(op[0].rc, PROCORE_OK, "it is redeemed");
    is_int(op[1].rc, PROCORE_OK, "and the other is kept");
    is_int(fixture_company(store, ACCESS, 11), 5, "bound");

    procore_store_close(store);
}


int
main(void)
{
    size_t  i;

    for (i = 0; i < LARGE; i++) {
        large[i] = (char) (i * 7 + i / 251);
    }

    test_races();
    test_killed();
    test_full();
    test_disk();

    fixture_clean();

    return done_testing();
}

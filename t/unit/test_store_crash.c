
/*
 * Processes that die, and processes that meet: what was reported as written is
 * there, a token is bound once, and all agree.
 */


#include "store_fixture.h"

#include <pthread.h>
#include <time.h>


#define ACCESS   PROCORE_TOKEN_ACCESS
#define REFRESH  PROCORE_TOKEN_REFRESH
#define ROUNDS   25
#define RACES    200


/* A child that writes families from "n" on and reports each group, for ever. */

static void
write_until_killed(int fd, uint64_t n)
{
    unsigned             i;
    procore_store_t     *store;
    procore_store_op_t   op[20], *ops[20];

    store = fixture_open(FIXTURE_SIZE);

    for ( ; store != NULL; n += 20) {

        for (i = 0; i < 20; i++) {
            op[i] = fixture_op(PROCORE_STORE_FAMILY, 0, 2 * (n + i) + 1,
                               2 * (n + i) + 2, n + i + 1);
            ops[i] = &op[i];
        }

        if (procore_store_write(store, ops, 20, fixture_error) != PROCORE_OK
            || write(fd, &n, sizeof(n)) != (ssize_t) sizeof(n))
        {
            break;
        }
    }

    _exit(1);
}


static void
pause_for(long microseconds)
{
    struct timespec  pause;

    pause.tv_sec = 0;
    pause.tv_nsec = microseconds * 1000;
    (void) nanosleep(&pause, NULL);
}


/* Every token of the groups reported, of all rounds. */

static uint64_t
count_missing(uint64_t n)
{
    uint64_t          i, missing;
    procore_store_t  *store;

    missing = 0;
    store = fixture_open(FIXTURE_SIZE);

    if (store == NULL) {
        return n + 1;
    }

    for (i = 0; i < n; i++) {
        missing += fixture_company(store, ACCESS, 2 * i + 1)
                   != (long long) i + 1;
        missing += fixture_company(store, REFRESH, 2 * i + 2)
                   != (long long) i + 1;
    }

    procore_store_close(store);

    return missing;
}


static void
test_killed_writers(void)
{
    int       fd[2], bad;
    pid_t     pid;
    uint64_t  n, last;
    unsigned  i;

    fixture_folder();
    is_int(fixture_prepare(FIXTURE_SIZE), PROCORE_OK, "a store");

    srand(7);
    n = 0;
    bad = 0;

    for (i = 0; i < ROUNDS; i++) {

        if (pipe(fd) == -1) {
            exit(1);
        }

        (void) fflush(stdout);
        pid = fork();

        if (pid == 0) {
            write_until_killed(fd[1], n);
        }

        (void) close(fd[1]);
        pause_for(3000 + rand() % 40000);
        (void) kill(pid, SIGKILL);
        (void) waitpid(pid, NULL, 0);

        while (read(fd[0], &last, sizeof(last)) == (ssize_t) sizeof(last)) {
            n = last + 20;
        }

        (void) close(fd[0]);

        /* the group that was being written may be there, all of it, or not */

        bad += fixture_prepare(FIXTURE_SIZE) != PROCORE_OK
               || fixture_report.set_aside || fixture_report.in_use;
    }

    printf("# %llu families\n", (unsigned long long) n);
    is_int(bad, 0, "whole after each of %d kills", ROUNDS);
    ok(n >= 20, "something was written");
    is_int((long long) count_missing(n), 0, "all that was reported is there");
}


typedef struct {
    uint64_t  token;
    int       rc;
    uint64_t  company;
} race_result_t;


/*
 * Binds tokens 1 to RACES to "company", from the one end or the other, and
 * reports what came of each.
 */

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

    for (i = 0; i < RACES; i++) {
        said.token = down ? RACES - i : i + 1;

        op = fixture_op(PROCORE_STORE_BIND, 0, said.token, 0, company);
        said.rc = fixture_write(store, &op);
        said.company = op.bound.company;

        if (write(result, &said, sizeof(said)) != (ssize_t) sizeof(said)) {
            _exit(1);
        }
    }

    _exit(0);
}


static void
collect(int fd, race_result_t *results)
{
    unsigned       i;
    race_result_t  said;

    for (i = 0; i < RACES; i++) {
        if (read(fd, &said, sizeof(said)) != (ssize_t) sizeof(said)) {
            exit(1);
        }

        results[said.token - 1] = said;
    }
}


static void
test_races(void)
{
    int               start[2], result[2][2];
    unsigned          i, k, agreed, won[2];
    race_result_t     said[2][RACES];
    procore_store_t  *store;

    fixture_folder();
    is_int(fixture_prepare(FIXTURE_SIZE), PROCORE_OK, "a store");

    if (pipe(start) == -1 || pipe(result[0]) == -1 || pipe(result[1]) == -1) {
        exit(1);
    }

    (void) fflush(stdout);

    for (k = 0; k < 2; k++) {
        if (fork() == 0) {
            (void) close(start[1]);
            race(start[0], result[k][1], 100 + k, (int) k);
        }
    }

    (void) close(start[1]);

    for (k = 0; k < 2; k++) {
        collect(result[k][0], said[k]);
        (void) wait(NULL);
    }

    store = fixture_open(FIXTURE_SIZE);
    agreed = 0;
    won[0] = won[1] = 0;

    for (i = 0; i < RACES && store != NULL; i++) {

        k = said[0][i].rc == PROCORE_OK ? 0 : 1;

        if (said[k][i].rc == PROCORE_OK && said[k][i].company == 100 + k
            && said[1 - k][i].rc == PROCORE_CONFLICT
            && said[1 - k][i].company == 100 + k
            && fixture_company(store, ACCESS, i + 1) == 100 + k)
        {
            agreed++;
            won[k]++;
        }
    }

    printf("# won: %u and %u\n", won[0], won[1]);
    is_int(agreed, RACES, "one wins, and both know which");

    procore_store_close(store);
}


typedef struct {
    procore_store_t  *store;
    int               failed;
    volatile int      done;
} writer_t;


static void *
write_pairs(void *data)
{
    uint64_t             i;
    writer_t            *writer;
    char                 error[PROCORE_STORE_ERROR_TEXT];
    procore_store_op_t   op, *ops;

    writer = data;
    ops = &op;

    for (i = 0; i < 300; i++) {
        op = fixture_op(PROCORE_STORE_FAMILY, 0, 2 * i + 1, 2 * i + 2, i + 1);
        writer->failed += procore_store_write(writer->store, &ops, 1, error)
                          != PROCORE_OK;
    }

    __atomic_store_n(&writer->done, 1, __ATOMIC_RELEASE);

    return NULL;
}


static void
test_read_during_write(void)
{
    int               halves, one, two;
    uint64_t          reads, pair;
    writer_t          writer;
    pthread_t         thread;
    procore_token_t   token;
    unsigned char     access[PROCORE_DIGEST_SIZE], other[PROCORE_DIGEST_SIZE];

    writer.store = fixture_store(FIXTURE_SIZE);
    writer.failed = 0;
    writer.done = 0;
    halves = 0;
    reads = 0;

    if (pthread_create(&thread, NULL, write_pairs, &writer) != 0) {
        exit(1);
    }

    while (!__atomic_load_n(&writer.done, __ATOMIC_ACQUIRE)) {
        pair = reads % 300;
        fixture_digest(2 * pair + 1, access);
        fixture_digest(2 * pair + 2, other);

        if (procore_store_begin(writer.store) != PROCORE_OK) {
            halves++;
            break;
        }

        one = procore_store_token(writer.store, ACCESS, access, &token);
        two = procore_store_token(writer.store, REFRESH, other, &token);
        procore_store_end(writer.store);

        halves += one != two
                  || (one == PROCORE_OK && token.company != pair + 1);
        reads++;
    }

    (void) pthread_join(thread, NULL);

    ok(reads > 300, "many reads during writes");
    is_int(writer.failed, 0, "no write failed");
    is_int(halves, 0, "both tokens of a pair, or none");
    is_int(fixture_company(writer.store, REFRESH, 600), 300, "in the end all");

    procore_store_close(writer.store);
}


static void
test_dead_readers(void)
{
    int               fd[2], dead;
    char              c;
    pid_t             pid;
    procore_store_t  *store;

    store = fixture_store(FIXTURE_SIZE);

    if (pipe(fd) == -1) {
        exit(1);
    }

    (void) fflush(stdout);
    pid = fork();

    if (pid == 0) {

        /* not the parent's environment: a process that did not fork from it */

        if (procore_store_open(&store, fixture_path, 0, fixture_error)
            == PROCORE_OK
            && procore_store_begin(store) == PROCORE_OK
            && write(fd[1], "x", 1) == 1)
        {
            (void) pause();
        }

        _exit(1);
    }

    is_int(read(fd[0], &c, 1), 1, "a process reads");
    is_int(procore_store_reader_check(store, &dead), PROCORE_OK, "while it");
    is_int(dead, 0, "lives");
    (void) kill(pid, SIGKILL);
    (void) waitpid(pid, NULL, 0);
    is_int(procore_store_reader_check(store, &dead), PROCORE_OK, "killed");
    is_int(dead, 1, "its slot is freed");

    procore_store_close(store);
}


/* Another process with a larger map, which it has used; 0 if all went well. */

static int
outgrow(void)
{
    int                  status;
    uint64_t             i;
    unsigned             j;
    procore_store_t     *store;
    procore_store_op_t   op[100], *ops[100];

    (void) fflush(stdout);

    if (fork() != 0) {
        (void) wait(&status);
        return status;
    }

    if (procore_store_open(&store, fixture_path, 16 << 20, fixture_error)
        != PROCORE_OK)
    {
        _exit(1);
    }

    for (i = 0; i < 3000; i += 100) {

        for (j = 0; j < 100; j++) {
            op[j] = fixture_op(PROCORE_STORE_FAMILY, 0, 2 * (i + j) + 1,
                               2 * (i + j) + 2, 9);
            ops[j] = &op[j];
        }

        if (procore_store_write(store, ops, 100, fixture_error) != PROCORE_OK)
        {
            _exit(2);
        }
    }

    _exit(0);
}


static void
test_larger_map(void)
{
    procore_store_t  *store;

    store = fixture_store(1 << 20);
    is_int(outgrow(), 0, "another process outgrows our map");
    is_int(fixture_company(store, ACCESS, 2 * 2999 + 1), 9, "a read follows");
    is_int(fixture_family(store, 0, 100001, 0, 9), PROCORE_OK, "then a write");
    procore_store_close(store);

    store = fixture_store(1 << 20);
    is_int(outgrow(), 0, "again");
    is_int(fixture_family(store, 0, 100001, 0, 9), PROCORE_OK,
           "a write follows");
    is_int(fixture_company(store, ACCESS, 2 * 2999 + 1), 9, "then a read");
    procore_store_close(store);
}


int
main(void)
{
    test_killed_writers();
    test_races();
    test_read_during_write();
    test_dead_readers();
    test_larger_map();

    fixture_clean();

    return done_testing();
}

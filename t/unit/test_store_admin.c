
/*
 * What the operator changes in the store, and who is paused.
 */


#include "store_fixture.h"


#define ACCESS   PROCORE_TOKEN_ACCESS
#define REFRESH  PROCORE_TOKEN_REFRESH
#define SMALL    ((size_t) 1 << 20)

#define CLIENT   ((const unsigned char *) "crm")


static procore_store_op_t
admin_op(procore_store_op_e type, uint64_t access, uint64_t refresh,
    uint64_t company)
{
    procore_store_op_t  op;

    op = fixture_op(type, 0, access, refresh, company);
    op.way = company ? PROCORE_WAY_ADMIN : PROCORE_WAY_NONE;

    return op;
}


static int
set(procore_store_t *store, uint64_t access, uint64_t refresh,
    uint64_t company)
{
    procore_store_op_t  op;

    op = admin_op(PROCORE_STORE_SET, access, refresh, company);

    return fixture_write(store, &op);
}


static int
end(procore_store_t *store, uint64_t token)
{
    procore_store_op_t  op;

    op = admin_op(PROCORE_STORE_END, token, token, 0);

    return fixture_write(store, &op);
}


static void
test_set(void)
{
    procore_token_t      token;
    procore_store_t     *store;
    procore_store_op_t   op;

    store = fixture_store(FIXTURE_SIZE);

    (void) fixture_family(store, 0, 1, 2, 500);

    op = admin_op(PROCORE_STORE_SET, 1, 1, 600);
    is_int(fixture_write(store, &op), PROCORE_OK, "a bound token is moved");
    is_int((long long) op.before, 500, "its company until now is told");
    is_int((long long) op.bound.company, 600, "and the one from now on");
    is_int(fixture_company(store, ACCESS, 1), 600, "the access token's");
    is_int(fixture_company(store, REFRESH, 2), 600, "the refresh token's");

    (void) fixture_token(store, ACCESS, 1, &token);
    is_int(token.way, PROCORE_WAY_ADMIN, "by the operator");

    is_int(set(store, 9, 9, 600), PROCORE_NOT_FOUND,
           "an unknown digest of unknown kind is nobody's");
    is_int(fixture_company(store, ACCESS, 9), PROCORE_NOT_FOUND,
           "and stays unknown");

    is_int(set(store, 9, 0, 700), PROCORE_OK, "one of known kind");
    is_int(fixture_company(store, ACCESS, 9), 700, "is made");

    is_int(set(store, 10, 2, 800), PROCORE_OK, "a known and a new one");
    is_int(fixture_company(store, ACCESS, 10), 800, "the new one joins");
    is_int(fixture_company(store, ACCESS, 1), 800, "the known one's family");

    is_int(set(store, 1, 9, 0), PROCORE_MALFORMED, "no company");
    is_int(set(store, 0, 0, 5), PROCORE_MALFORMED, "no token");

    (void) fixture_token(store, ACCESS, 1, &token);
    op = admin_op(PROCORE_STORE_SET, 0, 0, 900);
    op.has_family = 1;
    memcpy(op.family, token.family, PROCORE_FAMILY_SIZE);
    is_int(fixture_write(store, &op), PROCORE_OK, "by its family's id");
    is_int(fixture_company(store, ACCESS, 10), 900, "moved");

    memcpy(op.realm, "\1\2\3\5", PROCORE_REALM_SIZE);
    is_int(fixture_write(store, &op), PROCORE_NOT_FOUND, "in another realm");
    op.family[0] ^= 1;
    is_int(fixture_write(store, &op), PROCORE_NOT_FOUND, "unknown family");

    procore_store_close(store);
}


static void
test_end(void)
{
    procore_store_t     *store;
    procore_store_op_t   op;

    store = fixture_store(FIXTURE_SIZE);

    (void) fixture_family(store, 0, 1, 2, 500);
    (void) fixture_family(store, 0, 3, 4, 500);

    is_int(end(store, 2), PROCORE_OK, "ended by one of its tokens");
    is_int(fixture_company(store, ACCESS, 1), FIXTURE_WITHDRAWN, "the other");
    is_int(fixture_company(store, ACCESS, 3), 500, "a family beside it");
    is_int(end(store, 2), PROCORE_OK, "again changes nothing");
    is_int(end(store, 7), PROCORE_NOT_FOUND, "an unknown one");

    op = admin_op(PROCORE_STORE_SET, 1, 0, 600);
    is_int(fixture_write(store, &op), PROCORE_CONFLICT, "ended is for good");
    is_int(op.bound.state, PROCORE_FAMILY_WITHDRAWN, "says so");
    is_int(fixture_company(store, ACCESS, 1), FIXTURE_WITHDRAWN, "still so");

    is_int(set(store, 3, 2, 600), PROCORE_CONFLICT, "one of two is ended");
    is_int(fixture_company(store, ACCESS, 3), 500, "nothing is written");

    procore_store_close(store);
}


static void
test_forget(void)
{
    uint64_t             ids[] = { 11, 12, 13, 14 };
    procore_store_t     *store;
    procore_project_t    project;
    procore_store_op_t   op;

    store = fixture_store(FIXTURE_SIZE);

    op = admin_op(PROCORE_STORE_PROJECTS, 0, 0, 500);
    op.projects = ids;
    op.nprojects = 2;
    (void) fixture_write(store, &op);

    op.company = 600;
    op.projects = ids + 2;
    op.nprojects = 1;
    (void) fixture_write(store, &op);

    op = admin_op(PROCORE_STORE_FORGET, 0, 0, 500);
    op.projects = ids;
    op.nprojects = 4;
    is_int(fixture_write(store, &op), PROCORE_OK, "projects are forgotten");
    is_int((long long) op.moved, 2, "those of the company");

    (void) procore_store_begin(store);
    is_int(procore_store_project(store, op.realm, 11, &project),
           PROCORE_NOT_FOUND, "gone");
    is_int(procore_store_project(store, op.realm, 13, &project), PROCORE_OK,
           "another company's stays");
    procore_store_end(store);

    op.company = 0;
    is_int(fixture_write(store, &op), PROCORE_OK, "of any company");
    is_int((long long) op.moved, 1, "the last one");

    procore_store_close(store);
}


static int
paused(procore_store_t *store, const char *client)
{
    int  rc;

    if (procore_store_begin(store) != PROCORE_OK) {
        return PROCORE_ERROR;
    }

    rc = procore_store_paused(store, (const unsigned char *) "\1\2\3\4",
                              (const unsigned char *) client, strlen(client));
    procore_store_end(store);

    return rc;
}


static int
pause_client(procore_store_t *store, procore_store_op_e type,
    const char *client)
{
    procore_store_op_t  op;

    op = admin_op(type, 0, 0, 0);
    op.client_len = (unsigned char) strlen(client);
    memcpy(op.client, client, op.client_len);

    return fixture_write(store, &op);
}


static void
test_pause(void)
{
    char              longest[PROCORE_STORE_CLIENT_MAX + 1];
    procore_store_t  *store;

    store = fixture_store(FIXTURE_SIZE);

    is_int(paused(store, "crm"), PROCORE_NOT_FOUND, "nobody is paused");
    is_int(pause_client(store, PROCORE_STORE_RESUME, "crm"), PROCORE_NOT_FOUND,
           "nor can go on");

    is_int(pause_client(store, PROCORE_STORE_PAUSE, "crm"), PROCORE_OK,
           "one is paused");
    is_int(paused(store, "crm"), PROCORE_OK, "at once");
    is_int(pause_client(store, PROCORE_STORE_PAUSE, "crm"), PROCORE_OK,
           "twice");
    is_int(paused(store, "crm2"), PROCORE_NOT_FOUND, "another one is not");
    is_int(paused(store, "cr"), PROCORE_NOT_FOUND, "nor is a shorter one");
    is_int(paused(store, ""), PROCORE_NOT_FOUND, "nor an unknown one");

    (void) procore_store_begin(store);
    is_int(procore_store_paused(store, (const unsigned char *) "\1\2\3\5",
                                CLIENT, 3),
           PROCORE_NOT_FOUND, "nor in another realm");
    procore_store_end(store);

    memset(longest, 'x', sizeof(longest));
    longest[PROCORE_STORE_CLIENT_MAX] = '\0';
    is_int(pause_client(store, PROCORE_STORE_PAUSE, longest), PROCORE_OK,
           "the longest id");
    is_int(paused(store, longest), PROCORE_OK, "is paused");
    is_int(pause_client(store, PROCORE_STORE_PAUSE, ""), PROCORE_MALFORMED,
           "no id");

    procore_store_close(store);

    store = fixture_open(FIXTURE_SIZE);
    is_int(paused(store, "crm"), PROCORE_OK, "after a restart");
    is_int(pause_client(store, PROCORE_STORE_RESUME, "crm"), PROCORE_OK,
           "it goes on");
    is_int(paused(store, "crm"), PROCORE_NOT_FOUND, "at once");
    is_int(pause_client(store, PROCORE_STORE_RESUME, longest), PROCORE_OK,
           "the other, too");
    is_int(paused(store, longest), PROCORE_NOT_FOUND, "nobody is left");

    procore_store_close(store);
}


/* Another process pauses: the count of before is not believed. */

static void
test_pause_elsewhere(void)
{
    int               status;
    pid_t             pid;
    procore_store_t  *store;

    store = fixture_store(FIXTURE_SIZE);
    is_int(paused(store, "crm"), PROCORE_NOT_FOUND, "not paused");

    pid = fork();

    if (pid == 0) {
        execl("/proc/self/exe", "test_store_admin", fixture_path, NULL);
        _exit(1);
    }

    (void) waitpid(pid, &status, 0);
    is_int(status, 0, "another process pauses it");
    is_int(paused(store, "crm"), PROCORE_OK, "and it is seen here");

    procore_store_close(store);
}


static int
pause_there(const char *path)
{
    int               rc;
    procore_store_t  *store;

    (void) snprintf(fixture_path, sizeof(fixture_path), "%s", path);

    store = fixture_open(FIXTURE_SIZE);
    if (store == NULL) {
        return 1;
    }

    rc = pause_client(store, PROCORE_STORE_PAUSE, "crm");
    procore_store_close(store);

    return rc != PROCORE_OK;
}


static procore_store_op_t
restore_op(unsigned family, uint64_t access, uint64_t refresh,
    procore_family_state_e state, uint64_t company)
{
    procore_store_op_t  op;

    op = fixture_op(PROCORE_STORE_RESTORE, 0, access, refresh, company);

    memset(op.family, (int) family, PROCORE_FAMILY_SIZE);
    op.state = state;
    op.way = company ? PROCORE_WAY_CHOOSER : PROCORE_WAY_NONE;
    op.bound_at = company ? 1234 : 0;
    op.written_at = 5678;
    op.user = 77;
    op.client_len = 3;
    memcpy(op.client, "crm", 3);

    return op;
}


static int
restore(procore_store_t *store, unsigned family, uint64_t access,
    uint64_t refresh, procore_family_state_e state, uint64_t company)
{
    procore_store_op_t  op;

    op = restore_op(family, access, refresh, state, company);

    return fixture_write(store, &op);
}


static void
test_restore(void)
{
    procore_token_t   token;
    procore_store_t  *store;

    store = fixture_store(FIXTURE_SIZE);

    is_int(restore(store, 7, 1, 0, PROCORE_FAMILY_BOUND, 500), PROCORE_OK,
           "a token comes back");
    is_int(restore(store, 7, 0, 2, PROCORE_FAMILY_BOUND, 500), PROCORE_OK,
           "and its pair");

    (void) fixture_token(store, REFRESH, 2, &token);
    is_int((long long) token.company, 500, "its company");
    is_int(token.way, PROCORE_WAY_CHOOSER, "its way");
    is_int((long long) token.bound_at, 1234, "its time");
    is_int((long long) token.user, 77, "its user");
    is_int(token.client_len, 3, "its client");
    is_int(token.family[0], 7, "the family's own id");

    is_int(end(store, 1), PROCORE_OK, "one family: ended");
    is_int(fixture_company(store, REFRESH, 2), FIXTURE_WITHDRAWN,
           "for both");

    is_int(restore(store, 7, 1, 0, PROCORE_FAMILY_BOUND, 500),
           PROCORE_CONFLICT, "what has ended here does not come back");
    is_int(restore(store, 7, 8, 0, PROCORE_FAMILY_BOUND, 500),
           PROCORE_CONFLICT, "not with another token");
    is_int(restore(store, 7, 1, 0, PROCORE_FAMILY_WITHDRAWN, 500),
           PROCORE_OK, "ended there, too");

    (void) fixture_family(store, 0, 11, 12, 600);
    is_int(restore(store, 8, 11, 0, PROCORE_FAMILY_BOUND, 600), PROCORE_OK,
           "known here for the same company");
    is_int(restore(store, 8, 11, 0, PROCORE_FAMILY_BOUND, 601),
           PROCORE_CONFLICT, "for another one");
    is_int(restore(store, 8, 11, 0, PROCORE_FAMILY_WITHDRAWN, 600),
           PROCORE_OK, "what has ended there");
    is_int(fixture_company(store, REFRESH, 12), FIXTURE_WITHDRAWN,
           "ends here");

    is_int(restore(store, 9, 21, 0, PROCORE_FAMILY_UNBOUND, 0), PROCORE_OK,
           "an unbound one");
    is_int(restore(store, 9, 21, 0, PROCORE_FAMILY_BOUND, 700), PROCORE_OK,
           "is bound by a later list");
    is_int(fixture_company(store, ACCESS, 21), 700, "so it is");

    is_int(restore(store, 9, 22, 23, PROCORE_FAMILY_BOUND, 700),
           PROCORE_MALFORMED, "two tokens");
    is_int(restore(store, 9, 22, 0, PROCORE_FAMILY_BOUND, 0),
           PROCORE_MALFORMED, "bound to nothing");
    is_int(restore(store, 9, 22, 0, PROCORE_FAMILY_UNBOUND, 5),
           PROCORE_MALFORMED, "not bound to something");

    procore_store_close(store);
}


/* A full store: nothing of a group is written, what is known is known. */

static void
test_full(void)
{
    int                  rc;
    uint64_t             n, i;
    procore_store_t     *store;
    procore_store_op_t   op[50], *ops[50];

    store = fixture_store(SMALL);

    (void) fixture_family(store, 0, 1, 2, 500);
    rc = PROCORE_OK;

    for (n = 10; n < 100000 && rc == PROCORE_OK; n += 50) {

        for (i = 0; i < 50; i++) {
            op[i] = admin_op(PROCORE_STORE_SET, n + i, 0, n + i);
            ops[i] = &op[i];
        }

        rc = procore_store_write(store, ops, 50, fixture_error);
    }

    /* a group had no room, a single one may have */

    for (rc = PROCORE_OK; rc == PROCORE_OK; n++) {
        rc = set(store, n + 50, 0, n);
    }

    is_int(rc, PROCORE_FULL, "the store is full");
    is_int(fixture_company(store, ACCESS, 1), 500, "what is known");
    is_int(fixture_company(store, ACCESS, 10), 10, "can be read");
    is_int(set(store, 1, 1, 600), PROCORE_FULL, "and not changed");
    is_int(fixture_company(store, ACCESS, 1), 500, "nor half changed");

    procore_store_close(store);
}


/* Overwrites the value of an entry. */

static void
spoil(procore_store_t *store, procore_db_e db, unsigned char *name,
    size_t len)
{
    MDB_txn  *txn;
    MDB_val   key, value;

    key.mv_data = name;
    key.mv_size = len;
    value.mv_data = (void *) (uintptr_t) "spoilt";
    value.mv_size = 6;

    ok(mdb_txn_begin(store->env, NULL, 0, &txn) == 0
       && mdb_put(txn, store->dbi[db], &key, &value, 0) == 0
       && mdb_txn_commit(txn) == 0, "an entry is spoilt");
}


static void
test_damaged(void)
{
    unsigned char        name[PROCORE_PAUSED_KEY_MAX];
    unsigned char        digest[PROCORE_DIGEST_SIZE];
    procore_token_t      token;
    procore_store_t     *store;
    procore_store_op_t   op;

    store = fixture_store(FIXTURE_SIZE);

    (void) fixture_family(store, 0, 1, 2, 500);
    (void) fixture_family(store, 0, 3, 4, 500);
    (void) fixture_token(store, ACCESS, 1, &token);

    fixture_digest(4, digest);
    procore_token_key(REFRESH, digest, name);
    spoil(store, PROCORE_DB_TOKEN, name, PROCORE_TOKEN_KEY);

    is_int(set(store, 3, 4, 600), PROCORE_CORRUPT, "a damaged token");
    is_int(fixture_company(store, ACCESS, 3), 500, "nothing is written");

    spoil(store, PROCORE_DB_FAMILY, token.family, PROCORE_FAMILY_SIZE);
    is_int(set(store, 1, 1, 600), PROCORE_CORRUPT, "a damaged family");
    is_int(end(store, 1), PROCORE_CORRUPT, "cannot be ended");

    op = admin_op(PROCORE_STORE_END, 0, 0, 0);
    op.has_family = 1;
    memcpy(op.family, token.family, PROCORE_FAMILY_SIZE);
    is_int(fixture_write(store, &op), PROCORE_CORRUPT, "by its id neither");

    op = restore_op(1, 1, 0, PROCORE_FAMILY_BOUND, 500);
    is_int(fixture_write(store, &op), PROCORE_CORRUPT, "nor restored");

    (void) pause_client(store, PROCORE_STORE_PAUSE, "crm");
    spoil(store, PROCORE_DB_PAUSED, name,
          procore_paused_key((const unsigned char *) "\1\2\3\4", CLIENT, 3,
                             name));
    is_int(paused(store, "crm"), PROCORE_OK, "a damaged pause is one");
    is_int(pause_client(store, PROCORE_STORE_RESUME, "crm"), PROCORE_OK,
           "and ends");
    is_int(paused(store, "crm"), PROCORE_NOT_FOUND, "as any other");

    procore_store_close(store);
}


/* A process that dies within a group leaves none of it. */

static void
test_crash(void)
{
    int                  status;
    pid_t                pid;
    MDB_txn             *txn;
    procore_store_t     *store;
    procore_store_op_t   op;

    store = fixture_store(FIXTURE_SIZE);
    (void) fixture_family(store, 0, 1, 2, 500);
    procore_store_close(store);

    pid = fork();

    if (pid == 0) {
        store = fixture_open(FIXTURE_SIZE);
        op = admin_op(PROCORE_STORE_SET, 1, 1, 600);

        if (store == NULL || mdb_txn_begin(store->env, NULL, 0, &txn) != 0
            || procore_write_admin(store, txn, &op) != 0
            || op.rc != PROCORE_OK)
        {
            _exit(1);
        }

        (void) raise(SIGKILL);
    }

    (void) waitpid(pid, &status, 0);
    ok(WIFSIGNALED(status), "a process dies before its commit");

    store = fixture_open(FIXTURE_SIZE);
    is_int(fixture_company(store, ACCESS, 1), 500, "nothing has changed");
    is_int(set(store, 1, 1, 600), PROCORE_OK, "and it can be changed");
    procore_store_close(store);
}


int
main(int argc, char **argv)
{
    if (argc == 2) {
        return pause_there(argv[1]);
    }

    test_set();
    test_end();
    test_forget();
    test_pause();
    test_pause_elsewhere();
    test_restore();
    test_full();
    test_damaged();
    test_crash();

    fixture_clean();

    return done_testing();
}

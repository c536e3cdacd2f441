
/*
 * A bad folder or file: told, set aside or left alone, and nothing crashes.
 */


#include "store_fixture.h"


#define PAIRS  2000


static uint64_t
company_of(uint64_t pair)
{
    return 1000 + pair % 7;
}


/* A closed store of PAIRS families, tokens 2n+1 and 2n+2. */

static void
make_filled(void)
{
    uint64_t             i;
    unsigned             j;
    procore_store_t     *store;
    procore_store_op_t   op[PROCORE_STORE_GROUP], *ops[PROCORE_STORE_GROUP];

    store = fixture_store(FIXTURE_SIZE);

    for (i = 0, j = 0; i < PAIRS; i++) {
        op[j] = fixture_op(PROCORE_STORE_FAMILY, 0, 2 * i + 1, 2 * i + 2,
                           company_of(i));
        ops[j] = &op[j];

        if (++j == PROCORE_STORE_GROUP || i + 1 == PAIRS) {
            if (procore_store_write(store, ops, j, fixture_error)
                != PROCORE_OK)
            {
                exit(1);
            }

            j = 0;
        }
    }

    procore_store_close(store);
}


static int
data_file(int flags)
{
    char  name[400];

    (void) snprintf(name, sizeof(name), "%s/data.mdb", fixture_path);

    return open(name, flags|O_CLOEXEC, 0600);
}


static void
overwrite(off_t offset, const void *data, size_t len)
{
    int  fd;

    fd = data_file(O_RDWR);

    if (fd == -1 || pwrite(fd, data, len, offset) != (ssize_t) len) {
        exit(1);
    }

    (void) close(fd);
}


static off_t
data_size(void)
{
    int    fd;
    off_t  size;

    fd = data_file(O_RDONLY);
    size = lseek(fd, 0, SEEK_END);
    (void) close(fd);

    return size;
}


/* Where in the file the page with the record of access token "n" lies. */

static off_t
page_of_token(uint64_t n)
{
    size_t          number;
    MDB_val         key, value;
    MDB_txn        *txn;
    MDB_dbi         dbi;
    MDB_env        *env;
    unsigned char   name[PROCORE_TOKEN_KEY], digest[PROCORE_DIGEST_SIZE];

    fixture_digest(n, digest);
    procore_token_key(PROCORE_TOKEN_ACCESS, digest, name);
    key.mv_data = name;
    key.mv_size = sizeof(name);

    if (procore_env_open(&env, fixture_path, 0, MDB_RDONLY|MDB_NOLOCK) != 0
        || mdb_txn_begin(env, NULL, MDB_RDONLY, &txn) != 0
        || mdb_dbi_open(txn, "token", 0, &dbi) != 0
        || mdb_get(txn, dbi, &key, &value) != 0)
    {
        exit(1);
    }

    /* a page begins with its number */

    memcpy(&number, (unsigned char *) value.mv_data
                    - ((uintptr_t) value.mv_data & 4095), sizeof(number));
    mdb_txn_abort(txn);
    mdb_env_close(env);

    return (off_t) number * 4096;
}


/* How many access tokens are right; *wrong: how many have another company. */

static unsigned
count_right(unsigned *wrong)
{
    uint64_t          i;
    unsigned          right;
    long long         company;
    procore_store_t  *store;

    *wrong = 0;
    right = 0;

    store = fixture_open(FIXTURE_SIZE);
    if (store == NULL) {
        return 0;
    }

    for (i = 0; i < PAIRS; i++) {
        company = fixture_company(store, PROCORE_TOKEN_ACCESS, 2 * i + 1);

        if (company == (long long) company_of(i)) {
            right++;

        } else if (company != PROCORE_NOT_FOUND && company != PROCORE_CORRUPT) {
            (*wrong)++;
        }
    }

    procore_store_close(store);

    return right;
}


/* As another user, where the tests run as root: 1 if "test" says so. */

static int
as_somebody(int (*test)(void))
{
    int    status;
    pid_t  pid;

    if (geteuid() == 0
        && (chown(fixture_root, 65534, 65534) == -1
            || (chown(fixture_path, 65534, 65534) == -1 && errno != ENOENT)))
    {
        return 0;
    }

    (void) fflush(stdout);

    pid = fork();

    if (pid == 0) {
        if (geteuid() == 0 && (setgid(65534) == -1 || setuid(65534) == -1)) {
            _exit(2);
        }

        _exit(test() ? 0 : 1);
    }

    (void) waitpid(pid, &status, 0);

    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}


static int
prepare_fails(void)
{
    return fixture_prepare(FIXTURE_SIZE) == PROCORE_ERROR
           && fixture_report.text[0] != '\0';
}


static int
opens_and_fails(void)
{
    procore_store_t  *store;

    return procore_store_open(&store, fixture_path, 0, fixture_error)
           == PROCORE_ERROR
           && strstr(fixture_error, "belongs to user") != NULL;
}


static void
test_folders(void)
{
    int               fd;
    char              name[400];
    struct stat       st;
    procore_store_t  *store, *second;

    fixture_folder();
    is_int(procore_store_open(&store, fixture_path, 0, fixture_error),
           PROCORE_ERROR, "no folder");
    is_int(fixture_prepare(FIXTURE_SIZE), PROCORE_OK, "is made");
    is_int(stat(fixture_path, &st), 0, "there it is");
    is_int(st.st_mode & 07777, 0700, "for its owner only");

    fd = data_file(O_RDONLY);
    is_int(fstat(fd, &st), 0, "with a file");
    is_int(st.st_mode & 07777, 0600, "for its owner only");
    (void) close(fd);

    is_int(fixture_prepare(FIXTURE_SIZE), PROCORE_OK, "twice is no harm");
    ok(!fixture_report.in_use && !fixture_report.set_aside, "nothing to say");

    store = fixture_open(FIXTURE_SIZE);
    ok(store != NULL, "opens");
    is_int(fixture_prepare(FIXTURE_SIZE), PROCORE_OK, "while open");
    ok(fixture_report.in_use, "it is in use");
    is_int(procore_store_begin(store), PROCORE_OK, "a snapshot");
    is_int(procore_store_begin(store), PROCORE_ERROR, "not two");
    procore_store_end(store);
    procore_store_close(store);

    (void) snprintf(name, sizeof(name), "%s/notes.txt", fixture_path);
    fd = open(name, O_WRONLY|O_CREAT|O_CLOEXEC, 0600);
    (void) close(fd);
    is_int(fixture_prepare(FIXTURE_SIZE), PROCORE_ERROR, "a file of others");
    ok(strstr(fixture_report.text, "notes.txt") != NULL, "is named");
    (void) unlink(name);

    (void) chmod(fixture_path, 0770);
    is_int(fixture_prepare(FIXTURE_SIZE), PROCORE_ERROR, "writable by others");
    (void) chmod(fixture_path, 0700);

    (void) snprintf(name, sizeof(name), "%s/link", fixture_root);
    (void) symlink(fixture_path, name);
    is_int(procore_store_prepare(name, 0, geteuid(), getegid(), 0, FIXTURE_NOW,
                                 &fixture_report),
           PROCORE_ERROR, "a link");

    (void) snprintf(name, sizeof(name), "%s/", fixture_path);
    is_int(procore_store_prepare(name, 0, geteuid(), getegid(), 0, FIXTURE_NOW,
                                 &fixture_report),
           PROCORE_OK, "a slash at the end");

    (void) snprintf(name, sizeof(name), "%s/none/store", fixture_root);
    is_int(procore_store_prepare(name, 0, geteuid(), getegid(), 0, FIXTURE_NOW,
                                 &fixture_report),
           PROCORE_ERROR, "no parent");
    is_int(procore_store_prepare("", 0, geteuid(), getegid(), 0, FIXTURE_NOW,
                                 &fixture_report),
           PROCORE_ERROR, "no path");

    if (geteuid() == 0) {
        is_int(procore_store_prepare(fixture_path, 0, 65534, 65534, 0,
                                     FIXTURE_NOW, &fixture_report),
               PROCORE_ERROR, "another user's folder");

        fixture_folder();
        (void) chmod(fixture_root, 0755);
        is_int(procore_store_prepare(fixture_path, 0, 65534, 65534, 0,
                                     FIXTURE_NOW, &fixture_report),
               PROCORE_OK, "made for another user");
        (void) snprintf(name, sizeof(name), "%s/guard.lock", fixture_path);
        is_int(stat(name, &st), 0, "its guard");
        is_int(st.st_uid, 65534, "is that user's");
        fd = data_file(O_RDONLY);
        is_int(fstat(fd, &st), 0, "its data");
        is_int(st.st_uid, 65534, "too");
        (void) close(fd);

        second = fixture_open(0);
        ok(second != NULL, "root may open it");

        if (second != NULL) {
            procore_store_close(second);
        }

        (void) snprintf(name, sizeof(name), "%s/lock.mdb", fixture_path);
        is_int(stat(name, &st), 0, "the lock file");
        is_int(st.st_uid, 65534, "stays that user's");
    }

    fixture_folder();
    fd = open(fixture_path, O_WRONLY|O_CREAT|O_CLOEXEC, 0600);
    (void) close(fd);
    is_int(fixture_prepare(FIXTURE_SIZE), PROCORE_ERROR, "a file in its place");
    is_int(procore_store_open(&store, fixture_path, 0, fixture_error),
           PROCORE_ERROR, "is not opened");

    fixture_folder();
    (void) mkdir(fixture_path, 0500);
    ok(as_somebody(prepare_fails), "an empty folder that cannot be written");

    fixture_folder();
    (void) mkdir(fixture_path, 0700);
    is_int(procore_store_open(&store, fixture_path, 0, fixture_error),
           PROCORE_ERROR, "an empty folder is not opened");

    if (geteuid() == 0) {
        fixture_folder();
        (void) fixture_prepare(FIXTURE_SIZE);
        (void) chmod(fixture_path, 0755);
        (void) chmod(fixture_root, 0755);
        (void) fflush(stdout);

        if (fork() == 0) {
            _exit(setuid(65534) == -1 || !opens_and_fails());
        }

        (void) wait(&fd);
        ok(WIFEXITED(fd) && WEXITSTATUS(fd) == 0,
           "a process that is not the owner");
    }

    ok(procore_fs_shared(0x6969) && procore_fs_shared(0xff534d42),
       "NFS and CIFS are shared");
    ok(!procore_fs_shared(0xef53) && !procore_fs_shared(0x01021994)
       && !procore_fs_shared(0x794c7630), "ext4, tmpfs, overlayfs are not");
}


static void
test_layouts(void)
{
    off_t             size;
    MDB_val           key, value;
    MDB_txn          *txn;
    MDB_dbi           dbi;
    MDB_env          *env;
    uint32_t          version;
    unsigned char     packed[PROCORE_META_VALUE];
    procore_store_t  *store;

    make_filled();

    if (procore_env_open(&env, fixture_path, 0, 0) != 0
        || mdb_txn_begin(env, NULL, 0, &txn) != 0
        || mdb_dbi_open(txn, "meta", 0, &dbi) != 0)
    {
        exit(1);
    }

    key.mv_data = (void *) (uintptr_t) "layout";
    key.mv_size = 6;
    value.mv_data = packed;
    value.mv_size = procore_meta_pack("layout", 2, packed);
    (void) mdb_put(txn, dbi, &key, &value, 0);
    (void) mdb_txn_commit(txn);
    mdb_env_close(env);

    size = data_size();
    is_int(fixture_prepare(FIXTURE_SIZE), PROCORE_CORRUPT, "unknown layout");
    ok(!fixture_report.set_aside && data_size() == size, "is left alone");
    ok(strstr(fixture_report.text, "layout 2") != NULL, "and named");
    is_int(procore_store_open(&store, fixture_path, 0, fixture_error),
           PROCORE_CORRUPT, "and not opened");

    version = 2;
    overwrite(20, &version, sizeof(version));
    is_int(fixture_prepare(FIXTURE_SIZE), PROCORE_CORRUPT,
           "another version of the library");
    ok(!fixture_report.set_aside, "is left alone");

    fixture_folder();
    (void) mkdir(fixture_path, 0700);

    if (procore_env_open(&env, fixture_path, 1 << 20, 0) != 0
        || mdb_txn_begin(env, NULL, 0, &txn) != 0
        || mdb_dbi_open(txn, "other", MDB_CREATE, &dbi) != 0
        || mdb_txn_commit(txn) != 0)
    {
        exit(1);
    }

    mdb_env_close(env);

    is_int(fixture_prepare(FIXTURE_SIZE), PROCORE_CORRUPT,
           "another program's file");
    ok(!fixture_report.set_aside, "is left alone");
}


static void
test_damage(void)
{
    int               fd;
    off_t             size;
    char              name[400];
    unsigned          wrong, right;
    struct stat       st;
    unsigned char     zeros[4096];
    procore_store_t  *store;

    memset(zeros, 0, sizeof(zeros));

    make_filled();
    is_int(fixture_prepare(FIXTURE_SIZE), PROCORE_OK, "a whole store");
    ok(!fixture_report.set_aside, "stays");
    is_int(count_right(&wrong), PAIRS, "with all");

    size = data_size();
    overwrite(page_of_token(1001), zeros, sizeof(zeros));
    is_int(fixture_prepare(FIXTURE_SIZE), PROCORE_OK, "a page of zeros");
    printf("# %s\n", fixture_report.text);
    ok(fixture_report.set_aside, "is set aside");
    ok(fixture_report.lost > 0 && fixture_report.lost < 200, "few are lost");
    is_int((long long) (fixture_report.kept + fixture_report.lost), 3 * PAIRS,
           "all are accounted for");
    right = count_right(&wrong);
    ok(right > PAIRS / 2, "most tokens are known: %u", right);
    is_int(wrong, 0, "none is wrong");
    (void) snprintf(name, sizeof(name), "%s.bad-20231114T221320Z/data.mdb",
                    fixture_path);
    is_int(stat(name, &st), 0, "the bad one is there");
    is_int(st.st_size, size, "as it was");
    is_int(fixture_prepare(FIXTURE_SIZE), PROCORE_OK, "the new one");
    ok(!fixture_report.set_aside, "is whole");

    /* what reading does not need and the next write goes by */

    make_filled();
    overwrite(page_of_token(1) + 14, "\0\1", 2);
    is_int(fixture_prepare(FIXTURE_SIZE), PROCORE_OK, "a wrong start of free");
    ok(fixture_report.set_aside, "is seen");
    is_int((long long) fixture_report.lost, 0, "nothing is lost");
    is_int(count_right(&wrong), PAIRS, "every token is known");

    /* cut short: reading it is SIGBUS */

    make_filled();
    fd = data_file(O_RDWR);
    is_int(ftruncate(fd, size / 8192 * 4096), 0, "cut in half");
    (void) close(fd);
    is_int(fixture_prepare(FIXTURE_SIZE), PROCORE_OK, "is replaced");
    ok(fixture_report.set_aside, "and set aside");
    (void) count_right(&wrong);
    is_int(wrong, 0, "none is wrong");

    make_filled();
    fd = data_file(O_RDWR);
    is_int(ftruncate(fd, 4096 + 100), 0, "cut to a page");
    (void) close(fd);
    is_int(procore_store_open(&store, fixture_path, 0, fixture_error),
           PROCORE_CORRUPT, "is not opened");
    is_int(fixture_prepare(FIXTURE_SIZE), PROCORE_OK, "is replaced");
    ok(fixture_report.set_aside, "and set aside");

    make_filled();
    fd = data_file(O_RDWR);
    is_int(ftruncate(fd, 0), 0, "cut to nothing");
    (void) close(fd);
    is_int(fixture_prepare(FIXTURE_SIZE), PROCORE_OK, "is replaced");
    ok(fixture_report.set_aside, "and set aside");
    is_int(count_right(&wrong), 0, "empty");

    make_filled();
    overwrite(0, zeros, sizeof(zeros));
    is_int(procore_store_open(&store, fixture_path, 0, fixture_error),
           PROCORE_CORRUPT, "a head of zeros is not opened");
    is_int(fixture_prepare(FIXTURE_SIZE), PROCORE_OK, "is replaced");
    ok(fixture_report.set_aside, "and set aside");

    /* what a recovery that was cut short left behind is in nobody's way */

    make_filled();
    overwrite(page_of_token(1001), zeros, sizeof(zeros));
    (void) snprintf(name, sizeof(name), "%s.new", fixture_path);
    (void) mkdir(name, 0700);
    (void) snprintf(name, sizeof(name), "%s.new/data.mdb", fixture_path);
    fd = open(name, O_WRONLY|O_CREAT|O_CLOEXEC, 0600);
    (void) close(fd);
    is_int(fixture_prepare(FIXTURE_SIZE), PROCORE_OK, "after a crash");
    ok(fixture_report.set_aside, "it is done anew");
}


/* Any byte may be wrong: what comes back is right, or absent, never another. */

static void
test_flips(void)
{
    int             fd, rc;
    off_t           size, offset;
    ssize_t         n;
    unsigned        i, aside, bad, others, wrong, missing;
    unsigned char   byte;
    unsigned char  *whole;

    make_filled();
    size = data_size();
    whole = malloc((size_t) size);
    fd = data_file(O_RDONLY);
    n = read(fd, whole, (size_t) size);
    (void) close(fd);

    srand(42);
    aside = bad = others = missing = 0;

    for (i = 0; i < 60 && whole != NULL && n == size; i++) {

        fixture_folder();
        (void) mkdir(fixture_path, 0700);
        fd = data_file(O_RDWR|O_CREAT);
        n = write(fd, whole, (size_t) size);
        (void) close(fd);

        /* every third one in the head of a page, where it hurts most */

        offset = rand() % size;

        if (i % 3 == 0) {
            offset = offset / 4096 * 4096 + rand() % 200;
        }

        byte = whole[offset] ^ (unsigned char) (1 << rand() % 8);
        overwrite(offset, &byte, 1);

        rc = fixture_prepare(FIXTURE_SIZE);

        if (rc != PROCORE_OK) {
            bad += rc != PROCORE_CORRUPT;
            continue;
        }

        aside += fixture_report.set_aside;
        missing += PAIRS - count_right(&wrong);
        others += wrong;
    }

    printf("# of %u flips %u were set aside, %u tokens lost\n", i, aside,
           missing);
    is_int(i, 60, "bytes flipped");
    is_int(bad, 0, "each start knows what it has");
    is_int(others, 0, "no token has another company");
    ok(aside > 0, "damage is seen");

    free(whole);
}


int
main(void)
{
    test_folders();
    test_layouts();
    test_damage();
    test_flips();

    fixture_clean();

    return done_testing();
}


/*
 * Making the folder fit to be opened.
 */


#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "procore_store_child.h"
#include "procore_store_internal.h"


/* What a start needs on the disk, lest mapped memory has no blocks: bytes. */
#define PROCORE_STORE_SPACE  (1024 * 1024)


typedef struct {
    const char             *path;         /* without a slash at its end */
    const char             *to;           /* recovery: the new folder */
    size_t                  size;
    uid_t                   uid;
    gid_t                   gid;
    procore_store_report_t *report;
} procore_prepare_t;


int
procore_fs_shared(unsigned long type)
{
    unsigned  i;

    /* statfs(2), and the kernel's magic.h */

    static const unsigned long  types[] = {
        0x6969,           /* NFS */
        0x517b,           /* SMB */
        0xff534d42,       /* CIFS */
        0xfe534d42,       /* SMB2 */
        0x5346414f,       /* AFS */
        0x6b414653,       /* AFS, the kernel's */
        0x73757245,       /* CODA */
        0x00c36400,       /* Ceph */
        0x01021997,       /* 9P */
        0x0bd00bd0,       /* Lustre */
        0x47504653,       /* GPFS */
        0x01161970,       /* GFS2 */
        0x7461636f        /* OCFS2 */
    };

    for (i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        if (types[i] == (type & 0xffffffff)) {
            return 1;
        }
    }

    return 0;
}


int
procore_folder_sync(const char *path, char *error)
{
    int  fd, rc;

    fd = open(path, O_RDONLY|O_DIRECTORY|O_CLOEXEC);

    if (fd == -1 || fsync(fd) == -1) {
        rc = procore_store_failed(error, errno, "cannot flush the folder");

    } else {
        rc = PROCORE_OK;
    }

    if (fd != -1) {
        (void) close(fd);
    }

    return rc;
}


/* The folder's own name lies in its parent. */

static int
procore_prepare_sync_parent(procore_prepare_t *prepare)
{
    char  copy[PROCORE_STORE_PATH_MAX];

    (void) snprintf(copy, sizeof(copy), "%s", prepare->path);

    return procore_folder_sync(dirname(copy), prepare->report->text);
}


static int
procore_prepare_make(procore_prepare_t *prepare, const char *path)
{
    char  *text;

    text = prepare->report->text;

    if (mkdir(path, PROCORE_STORE_FOLDER) == -1) {
        return errno == EEXIST ? PROCORE_OK
                               : procore_store_failed(text, errno,
                                                "cannot make the folder");
    }

    if (geteuid() == 0 && chown(path, prepare->uid, prepare->gid) == -1) {
        return procore_store_failed(text, errno,
                                    "cannot give the folder to its owner");
    }

    return procore_prepare_sync_parent(prepare);
}


/*
 * A store whose lock file has its blocks can be opened on a full disk, and goes
 * on answering what it knows.
 */

static int
procore_prepare_reserved(procore_prepare_t *prepare)
{
    char         file[PROCORE_STORE_PATH_MAX];
    struct stat  st;

    return procore_store_join(file, prepare->path, PROCORE_STORE_LOCK,
                              prepare->report->text)
           == PROCORE_OK
           && lstat(file, &st) == 0
           && S_ISREG(st.st_mode)
           && (uint64_t) st.st_blocks * 512 >= PROCORE_STORE_LOCK_SIZE;
}


static int
procore_prepare_folder(procore_prepare_t *prepare)
{
    char            *text;
    struct stat      st;
    struct statfs    fs;
    struct statvfs   space;

    text = prepare->report->text;

    if (lstat(prepare->path, &st) == -1
        || statfs(prepare->path, &fs) == -1
        || statvfs(prepare->path, &space) == -1)
    {
        return procore_store_failed(text, errno, "cannot read the folder");
    }

    if (!S_ISDIR(st.st_mode)) {
        return procore_store_fail(text, PROCORE_ERROR,
                                  "the store's path is not a folder (a link "
                                  "is not followed)");
    }

    if (st.st_uid != prepare->uid) {
        return procore_store_fail(text, PROCORE_ERROR,
                                  "the store's folder belongs to user %u and "
                                  "not to user %u", (unsigned) st.st_uid,
                                  (unsigned) prepare->uid);
    }

    if (st.st_mode & (S_IWGRP|S_IWOTH)) {
        return procore_store_fail(text, PROCORE_ERROR,
                                  "others may write to the store's folder "
                                  "(mode %03o, wanted 700)",
                                  (unsigned) (st.st_mode & 0777));
    }

    if (procore_fs_shared((unsigned long) fs.f_type)) {
        return procore_store_fail(text, PROCORE_ERROR,
                                  "the store's folder lies on a network "
                                  "filesystem");
    }

    if (space.f_flag & ST_RDONLY) {
        return procore_store_fail(text, PROCORE_ERROR,
                                  "the store's filesystem is read-only");
    }

    if ((uint64_t) space.f_bavail * space.f_frsize < PROCORE_STORE_SPACE
        && !procore_prepare_reserved(prepare))
    {
        return procore_store_fail(text, PROCORE_FULL,
                                  "the store's filesystem is full");
    }

    return PROCORE_OK;
}


/* A guard that root has made is the owner's, too. */

static int
procore_prepare_guard(procore_prepare_t *prepare, unsigned wait, int *guard)
{
    int          rc;
    struct stat  st;

    rc = procore_guard_lock(prepare->path, LOCK_EX, wait, 1, guard,
                            prepare->report->text);
    if (rc != PROCORE_OK) {
        return rc;
    }

    if (geteuid() == 0 && fstat(*guard, &st) == 0
        && st.st_uid != prepare->uid

        /* the owner of the folder may have put somebody's file here */

        && (st.st_nlink != 1
            || fchown(*guard, prepare->uid, prepare->gid) == -1))
    {
        (void) close(*guard);
        return procore_store_fail(prepare->report->text, PROCORE_ERROR,
                                  "cannot give " PROCORE_STORE_GUARD
                                  " to its owner");
    }

    return PROCORE_OK;
}


/* Nothing but a store in the folder; *empty becomes 0 where there is one. */

static int
procore_prepare_content(procore_prepare_t *prepare, int *empty)
{
    int             rc;
    DIR            *dir;
    char           *text;
    struct stat     st;
    struct dirent  *entry;

    text = prepare->report->text;

    dir = opendir(prepare->path);
    if (dir == NULL) {
        return procore_store_failed(text, errno, "cannot read the folder");
    }

    rc = PROCORE_OK;

    while (rc == PROCORE_OK && (entry = readdir(dir)) != NULL) {

        if (strcmp(entry->d_name, PROCORE_STORE_DATA) == 0) {
            *empty = 0;

        } else if (strcmp(entry->d_name, PROCORE_STORE_LOCK) != 0) {

            if (strcmp(entry->d_name, ".") != 0
                && strcmp(entry->d_name, "..") != 0
                && strcmp(entry->d_name, PROCORE_STORE_GUARD) != 0
                && strcmp(entry->d_name, PROCORE_STORE_CHANGES) != 0)
            {
                rc = procore_store_fail(text, PROCORE_ERROR,
                                        "the store's folder holds something "
                                        "else: \"%.64s\"", entry->d_name);
            }

            continue;
        }

        if (fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == -1
            || !S_ISREG(st.st_mode) || st.st_uid != prepare->uid)
        {
            rc = procore_store_fail(text, PROCORE_ERROR,
                                    "%s is not a file of user %u",
                                    entry->d_name, (unsigned) prepare->uid);
        }
    }

    (void) closedir(dir);

    return rc;
}


static void
procore_prepare_create(void *data, procore_child_result_t *result)
{
    procore_prepare_t  *prepare;

    prepare = data;

    result->rc = procore_env_create(prepare->path, prepare->size,
                                    result->text);

    if (result->rc == PROCORE_OK) {
        result->rc = procore_folder_sync(prepare->path, result->text);
    }
}


static void
procore_prepare_check(void *data, procore_child_result_t *result)
{
    procore_prepare_t  *prepare;

    prepare = data;

    result->rc = procore_meta_pages(prepare->path, result->text);

    if (result->rc == PROCORE_OK) {
        result->rc = procore_store_walk(prepare->path, result->text);
    }

    if (result->rc == PROCORE_NOT_FOUND) {
        procore_prepare_create(data, result);
    }
}


static void
procore_prepare_recover(void *data, procore_child_result_t *result)
{
    procore_prepare_t  *prepare;

    prepare = data;

    result->rc = procore_store_recover(prepare->path, prepare->to,
                                       prepare->size, &result->kept,
                                       &result->lost, result->text);

    if (result->rc == PROCORE_OK) {
        result->rc = procore_folder_sync(prepare->to, result->text);
    }
}


/* Removes the folder that a recovery which was cut short has left. */

static int
procore_prepare_clear(procore_prepare_t *prepare)
{
    int                       fd;
    unsigned                  i;
    static const char *const  files[] = {
        PROCORE_STORE_DATA, PROCORE_STORE_LOCK, PROCORE_STORE_GUARD
    };

    fd = open(prepare->to, O_RDONLY|O_DIRECTORY|O_NOFOLLOW|O_CLOEXEC);

    if (fd != -1) {
        for (i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
            (void) unlinkat(fd, files[i], 0);
        }

        (void) close(fd);
    }

    if (rmdir(prepare->to) == -1 && errno != ENOENT) {
        return procore_store_failed(prepare->report->text, errno,
                                    "cannot remove an old recovery");
    }

    return PROCORE_OK;
}


/* The new store takes the place of the bad one. */

static int
procore_prepare_swap(procore_prepare_t *prepare, uint64_t now)
{
    char       *text, bad[PROCORE_STORE_PATH_MAX], stamp[32];
    time_t      when;
    struct tm   tm;

    text = prepare->report->text;
    when = (time_t) now;

    if (gmtime_r(&when, &tm) == NULL
        || strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", &tm) == 0
        || snprintf(bad, sizeof(bad), "%s.bad-%s", prepare->path, stamp)
           >= (int) sizeof(bad))
    {
        return procore_store_fail(text, PROCORE_CORRUPT,
                                  "the store is damaged, and no name can be "
                                  "made to set it aside");
    }

    if (rename(prepare->path, bad) == -1) {
        (void) procore_store_failed(text, errno, "the store is damaged and "
                                                 "cannot be set aside");
        return PROCORE_CORRUPT;
    }

    if (rename(prepare->to, prepare->path) == -1) {
        (void) procore_store_failed(text, errno, "the store is damaged and "
                                                 "cannot be replaced");
        (void) rename(bad, prepare->path);
        return PROCORE_CORRUPT;
    }

    return procore_prepare_sync_parent(prepare);
}


/* result->text says what is wrong with the store. */

static int
procore_prepare_set_aside(procore_prepare_t *prepare, const char *why,
    uint64_t now)
{
    int                      rc;
    char                     to[PROCORE_STORE_PATH_MAX];
    procore_store_report_t  *report;
    procore_child_result_t   result;

    report = prepare->report;
    prepare->to = to;

    if (snprintf(to, sizeof(to), "%s.new", prepare->path) >= (int) sizeof(to)) {
        return procore_store_fail(report->text, PROCORE_CORRUPT,
                                  "the store's path is too long");
    }

    rc = procore_prepare_clear(prepare);

    if (rc == PROCORE_OK) {
        rc = procore_prepare_make(prepare, to);
    }

    if (rc != PROCORE_OK) {
        return rc;
    }

    rc = procore_child_run(prepare->uid, prepare->gid, procore_prepare_recover,
                           prepare, &result);

    if (rc == PROCORE_OK) {
        rc = result.rc;
    }

    if (rc != PROCORE_OK) {
        (void) procore_prepare_clear(prepare);
        return procore_store_fail(report->text, rc,
                                  "the store is damaged (%s), recovery failed: "
                                  "%s", why, result.text);
    }

    rc = procore_prepare_swap(prepare, now);
    if (rc != PROCORE_OK) {
        return rc;
    }

    report->set_aside = 1;
    report->kept = result.kept;
    report->lost = result.lost;

    return procore_store_fail(report->text, PROCORE_OK,
                              "a damaged store was set aside (%s): %llu "
                              "entries were kept, %llu are lost", why,
                              (unsigned long long) result.kept,
                              (unsigned long long) result.lost);
}


/* With the guard held: makes, checks, replaces. */

static int
procore_prepare_store(procore_prepare_t *prepare, uint64_t now)
{
    int                     rc, empty;
    char                    why[PROCORE_STORE_ERROR_TEXT / 2];
    procore_child_result_t  result;

    empty = 1;

    rc = procore_prepare_content(prepare, &empty);
    if (rc != PROCORE_OK) {
        return rc;
    }

    memset(&result, 0, sizeof(result));

    rc = procore_child_run(prepare->uid, prepare->gid,
                           empty ? procore_prepare_create
                                 : procore_prepare_check,
                           prepare, &result);

    if (rc == PROCORE_OK) {
        rc = result.rc;
    }

    (void) snprintf(why, sizeof(why), "%.*s", (int) sizeof(why) - 1,
                    result.text);

    if (rc == PROCORE_CORRUPT && !empty) {
        return procore_prepare_set_aside(prepare, why, now);
    }

    if (rc != PROCORE_OK) {
        rc = rc == PROCORE_CONFLICT ? PROCORE_CORRUPT : rc;
        return procore_store_fail(prepare->report->text, rc, "%s", why);
    }

    return PROCORE_OK;
}


int
procore_store_prepare(const char *path, size_t size, uid_t uid, gid_t gid,
    unsigned wait, uint64_t now, procore_store_report_t *report)
{
    int                rc, guard;
    char               name[PROCORE_STORE_PATH_MAX];
    size_t             len;
    procore_prepare_t  prepare;

    memset(report, 0, sizeof(procore_store_report_t));

    len = strlen(path);

    while (len > 1 && path[len - 1] == '/') {
        len--;
    }

    if (len == 0 || len >= sizeof(name)) {
        return procore_store_fail(report->text, PROCORE_ERROR,
                                  "the store's path is empty or too long");
    }

    memcpy(name, path, len);
    name[len] = '\0';

    memset(&prepare, 0, sizeof(prepare));
    prepare.path = name;
    prepare.size = size;
    prepare.uid = uid;
    prepare.gid = gid;
    prepare.report = report;

    if (geteuid() != 0 && geteuid() != uid) {
        return procore_store_fail(report->text, PROCORE_ERROR,
                                  "the store is user %u's, this process runs "
                                  "as user %u", (unsigned) uid,
                                  (unsigned) geteuid());
    }

    rc = procore_prepare_make(&prepare, name);

    if (rc == PROCORE_OK) {
        rc = procore_prepare_folder(&prepare);
    }

    if (rc == PROCORE_OK) {
        rc = procore_prepare_guard(&prepare, wait, &guard);

        if (rc == PROCORE_CONFLICT) {
            report->in_use = 1;
            report->text[0] = '\0';
            return PROCORE_OK;
        }
    }

    if (rc != PROCORE_OK) {
        return rc;
    }

    rc = procore_prepare_store(&prepare, now);

    (void) close(guard);

    return rc;
}

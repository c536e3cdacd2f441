
/*
 * Sentences, paths, and the guard: the lock file that tells whether a process
 * has the store open.
 */


#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "procore_store_internal.h"


/* Between two tries for the guard; a start may wait, a busy loop may not. */
#define PROCORE_GUARD_PAUSE  10    /* milliseconds */


int
procore_store_fail(char *error, int rc, const char *fmt, ...)
{
    va_list  args;

    va_start(args, fmt);
    (void) vsnprintf(error, PROCORE_STORE_ERROR_TEXT, fmt, args);
    va_end(args);

    return rc;
}


int
procore_store_failed(char *error, int code, const char *what)
{
    int  rc;

    switch (code) {

    case MDB_MAP_FULL:
        return procore_store_fail(error, PROCORE_FULL,
                                  "%s: the store has reached its size", what);

    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        rc = PROCORE_FULL;
        break;

    case MDB_PANIC:
        return procore_store_fail(error, PROCORE_ERROR,
                                  "%s: an earlier write failed half-way, the "
                                  "process must be started anew", what);

    default:
        rc = PROCORE_ERROR;
    }

    return procore_store_fail(error, rc, "%s: %s", what, mdb_strerror(code));
}


int
procore_store_join(char out[PROCORE_STORE_PATH_MAX], const char *path,
    const char *file, char *error)
{
    int  n;

    n = snprintf(out, PROCORE_STORE_PATH_MAX, "%s/%s", path, file);

    if (n < 0 || n >= PROCORE_STORE_PATH_MAX) {
        return procore_store_fail(error, PROCORE_ERROR,
                                  "the store's path is too long");
    }

    return PROCORE_OK;
}


static int
procore_guard_open(const char *file, int create, int *fd, char *error)
{
    struct stat  st;

    *fd = open(file, O_RDONLY|O_NOFOLLOW|O_NONBLOCK|O_CLOEXEC
               |(create ? O_CREAT : 0), PROCORE_STORE_FILES);

    if (*fd == -1) {
        if (errno == ENOENT) {
            return procore_store_fail(error, PROCORE_ERROR,
                                      "the folder holds no store");
        }

        return procore_store_failed(error, errno,
                                    "cannot open " PROCORE_STORE_GUARD);
    }

    if (fstat(*fd, &st) == -1 || !S_ISREG(st.st_mode)) {
        (void) close(*fd);
        return procore_store_fail(error, PROCORE_ERROR,
                                  PROCORE_STORE_GUARD " is not a file");
    }

    return PROCORE_OK;
}


/* While we waited, the folder may have been set aside with its guard. */

static int
procore_guard_stands(const char *file, int fd)
{
    struct stat  ours, there;

    return fstat(fd, &ours) == 0
           && stat(file, &there) == 0
           && ours.st_dev == there.st_dev
           && ours.st_ino == there.st_ino;
}


int
procore_guard_lock(const char *path, int how, unsigned wait, int create,
    int *fd, char *error)
{
    int              rc;
    char             file[PROCORE_STORE_PATH_MAX];
    unsigned         waited;
    struct timespec  pause;

    rc = procore_store_join(file, path, PROCORE_STORE_GUARD, error);
    if (rc != PROCORE_OK) {
        return rc;
    }

    pause.tv_sec = 0;
    pause.tv_nsec = PROCORE_GUARD_PAUSE * 1000000L;
    waited = 0;

    for ( ;; ) {

        rc = procore_guard_open(file, create, fd, error);
        if (rc != PROCORE_OK) {
            return rc;
        }

        if (flock(*fd, how|LOCK_NB) == 0) {
            if (procore_guard_stands(file, *fd)) {
                return PROCORE_OK;
            }

        } else if (errno != EWOULDBLOCK && errno != EINTR) {
            rc = procore_store_failed(error, errno, "cannot lock the guard");
            (void) close(*fd);
            return rc;
        }

        (void) close(*fd);

        if (waited >= wait) {
            return procore_store_fail(error, PROCORE_CONFLICT,
                                      "another process keeps the store locked");
        }

        (void) nanosleep(&pause, NULL);
        waited += PROCORE_GUARD_PAUSE;
    }
}

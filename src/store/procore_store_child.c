
/*
 * Children: a damaged file kills who reads it, so others do.
 */


#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "procore_store_child.h"
#include "procore_store_internal.h"


/*
 * The caller may have a handler for SIGCHLD that reaps every child, so it is
 * held back until ours has been waited for.
 */

pid_t
procore_child_fork(sigset_t *old)
{
    pid_t          pid;
    sigset_t       set;
    struct rlimit  none;

    (void) sigemptyset(&set);
    (void) sigaddset(&set, SIGCHLD);
    (void) sigprocmask(SIG_BLOCK, &set, old);

    pid = fork();

    if (pid == -1) {
        (void) sigprocmask(SIG_SETMASK, old, NULL);
        return -1;
    }

    if (pid == 0) {
        none.rlim_cur = 0;
        none.rlim_max = 0;

        (void) setrlimit(RLIMIT_CORE, &none);
        (void) signal(SIGSEGV, SIG_DFL);
        (void) signal(SIGBUS, SIG_DFL);
        (void) signal(SIGABRT, SIG_DFL);
    }

    return pid;
}


void
procore_child_wait(pid_t pid, const sigset_t *old)
{
    /* ECHILD: somebody else took it; its end was seen on the pipe */

    while (waitpid(pid, NULL, 0) == -1 && errno == EINTR) { /* void */ }

    (void) sigprocmask(SIG_SETMASK, old, NULL);
}


static int
procore_child_become(uid_t uid, gid_t gid)
{
    if (geteuid() != 0 || uid == 0) {
        return 0;
    }

    return setgroups(0, NULL) == -1 || setgid(gid) == -1 || setuid(uid) == -1
           ? -1 : 0;
}


static void
procore_child_main(uid_t uid, gid_t gid, procore_child_work_pt work,
    void *data, int fd)
{
    size_t                  sent;
    ssize_t                 n;
    procore_child_result_t  result;

    memset(&result, 0, sizeof(result));

    if (procore_child_become(uid, gid) == -1) {
        result.rc = procore_store_failed(result.text, errno,
                                         "cannot become the store's owner");
    } else {
        work(data, &result);
    }

    sent = 0;

    while (sent < sizeof(result)) {
        n = write(fd, (char *) &result + sent, sizeof(result) - sent);

        if (n > 0) {
            sent += (size_t) n;

        } else if (errno != EINTR) {
            break;
        }
    }

    _exit(0);
}


int
procore_child_run(uid_t uid, gid_t gid, procore_child_work_pt work, void *data,
    procore_child_result_t *result)
{
    int       fd[2];
    pid_t     pid;
    size_t    got;
    ssize_t   n;
    sigset_t  old;

    if (pipe2(fd, O_CLOEXEC) == -1) {
        return procore_store_failed(result->text, errno, "no pipe");
    }

    pid = procore_child_fork(&old);

    if (pid == 0) {
        (void) close(fd[0]);
        procore_child_main(uid, gid, work, data, fd[1]);
    }

    (void) close(fd[1]);

    if (pid == -1) {
        (void) close(fd[0]);
        return procore_store_failed(result->text, errno, "cannot fork");
    }

    got = 0;

    while (got < sizeof(procore_child_result_t)) {
        n = read(fd[0], (char *) result + got,
                 sizeof(procore_child_result_t) - got);

        if (n > 0) {
            got += (size_t) n;

        } else if (n == 0 || errno != EINTR) {
            break;
        }
    }

    (void) close(fd[0]);

    procore_child_wait(pid, &old);

    if (got < sizeof(procore_child_result_t)) {
        return procore_store_fail(result->text, PROCORE_CORRUPT,
                                  "reading the store crashed");
    }

    return PROCORE_OK;
}

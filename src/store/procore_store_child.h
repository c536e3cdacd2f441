
/*
 * Children that read what may be damaged.
 */


#ifndef PROCORE_STORE_CHILD_H
#define PROCORE_STORE_CHILD_H


#include <signal.h>

#include "procore_store.h"


/* What a child tells its parent: the last thing that it does. */

typedef struct {
    int       rc;
    uint64_t  kept;
    uint64_t  lost;
    char      text[PROCORE_STORE_ERROR_TEXT];
} procore_child_result_t;

typedef void (*procore_child_work_pt)(void *data,
    procore_child_result_t *result);

/*
 * Runs "work" in a child that is uid:gid and waits for it.  Returns PROCORE_OK,
 * *result as the child filled it; PROCORE_CORRUPT: the child died;
 * PROCORE_ERROR with a sentence in result->text.
 */

int procore_child_run(uid_t uid, gid_t gid, procore_child_work_pt work,
    void *data, procore_child_result_t *result);

/*
 * Forks a child that may crash: SIGCHLD is held back (*old: the mask to
 * restore), crashes leave no core.  As fork().
 */

pid_t procore_child_fork(sigset_t *old);

/* Waits for it and restores the mask. */

void procore_child_wait(pid_t pid, const sigset_t *old);


#endif /* PROCORE_STORE_CHILD_H */

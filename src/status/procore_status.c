
/*
 * What the renderings of the status share.
 */


#include <string.h>

#include "procore_status.h"


static const char *const  procore_status_sentences[PROCORE_STATUS_STORE_MAX] = {
    "ready",
    "the store is behind: writes have waited for the disk for more than two"
    " seconds, or thousands of them wait; look at the disk",
    "the store cannot be written; the error log says why",
    "the store is full: no new token is bound; make room on its disk, or raise"
    " \"size\" of procore_scope_store",
    "the store is out of order: it could not be opened; the error log says why"
};


const char *
procore_status_sentence(procore_status_store_e store)
{
    return procore_status_sentences[store];
}


uint64_t
procore_status_decided(const procore_status_t *status,
    procore_decision_e decision)
{
    size_t    i;
    uint64_t  n;

    n = 0;

    for (i = 0; i < PROCORE_REASON_MAX; i++) {
        n += status->requests[decision][i];
    }

    return n;
}


uint64_t
procore_status_reason(const procore_status_t *status, procore_reason_e reason)
{
    size_t    i;
    uint64_t  n;

    n = 0;

    for (i = 0; i < PROCORE_DECISION_MAX; i++) {
        n += status->requests[i][reason];
    }

    return n;
}


uint64_t
procore_status_counter(const procore_status_t *status, const char *name)
{
    size_t    i, len;
    uint64_t  n;

    n = 0;
    len = strlen(name);

    for (i = 0; i < status->ncounters; i++) {
        if (status->counters[i].name.len == len
            && memcmp(status->counters[i].name.data, name, len) == 0)
        {
            n += status->counters[i].n;
        }
    }

    return n;
}


size_t
procore_status_expired(const procore_status_t *status)
{
    size_t    i, n;
    uint64_t  until;

    n = 0;

    for (i = 0; i < status->nexceptions; i++) {
        until = status->exceptions[i].exception->until;
        n += until != 0 && until <= status->now;
    }

    return n;
}


int
procore_status_possible(procore_decision_e decision, procore_reason_e reason)
{
    if (reason <= PROCORE_REASON_PREFLIGHT) {
        return decision == PROCORE_DECISION_ALLOW;
    }

    if (reason == PROCORE_REASON_LOOKUP_FAILED
        || reason == PROCORE_REASON_STORE_FAILED)
    {
        return decision == PROCORE_DECISION_DENY
               || decision == PROCORE_DECISION_ALLOW_UNDECIDED;
    }

    /* the relay's own refusals are the same in monitor */

    return decision == PROCORE_DECISION_DENY
           || (decision == PROCORE_DECISION_WOULD_DENY
               && reason < PROCORE_REASON_BAD_REDIRECT_URI);
}


/*
 * What the judge asks of "check": memory, the store, and what is supposed.
 */


#include <string.h>
#include <time.h>

#include "procore_scope_check.h"


static int procore_check_owner(void *data, uint64_t project,
    procore_judge_owner_t *owner);
static void procore_check_find(void *data, const procore_str_t *token,
    procore_check_token_t *found);
static void *procore_check_alloc(void *data, size_t size);


static const procore_check_calls_t  procore_check_calls = {
    { procore_check_alloc, procore_check_owner, NULL },
    procore_check_find
};


/* Judges the request at hand and prints it; returns the exit code. */

int
procore_scope_check_judge(procore_scope_check_t *check, int json)
{
    procore_scope_verdict_t  verdict;

    check->digested = 0;
    check->known = 0;

    memset(&verdict, 0, sizeof(procore_scope_verdict_t));

    if (check->store != NULL && procore_store_begin(check->store)
                                != PROCORE_OK)
    {
        return procore_scope_fail(&check->options, 0, "cannot read the store");
    }

    verdict.check = procore_check(&check->judge, &check->settings,
                                  &check->request, &procore_check_calls, check,
                                  (uint64_t) time(NULL), &verdict.decision);

    if (check->store != NULL) {
        procore_store_end(check->store);
    }

    verdict.judge = &check->judge;
    verdict.request = &check->request;
    verdict.digest = check->digested ? check->digest : NULL;
    verdict.bound_by = check->known ? procore_way_name(check->token.way)
                                    : NULL;

    procore_scope_check_print(&verdict, json);

    return procore_scope_check_code(&verdict);
}


static void *
procore_check_alloc(void *data, size_t size)
{
    procore_scope_check_t *check = data;

    return procore_arena_alloc(&check->judged, size);
}


static int
procore_check_owner(void *data, uint64_t project, procore_judge_owner_t *owner)
{
    procore_scope_check_t *check = data;

    int                rc;
    size_t             i;
    procore_project_t  found;

    memset(owner, 0, sizeof(procore_judge_owner_t));

    for (i = 0; i < check->nprojects; i++) {
        if (check->projects[i].project == project) {
            owner->company = check->projects[i].company;
            owner->imported = 1;
            return PROCORE_OK;
        }
    }

    if (check->store == NULL) {
        return PROCORE_NOT_FOUND;
    }

    rc = procore_store_project(check->store, check->options.realm_id, project,
                               &found);

    if (rc != PROCORE_OK) {
        return rc == PROCORE_CORRUPT ? PROCORE_NOT_FOUND : rc;
    }

    owner->company = found.company;
    owner->imported = found.valid_for == 0;

    return !owner->imported
           && found.learnt_at + found.valid_for <= check->judge.now
           ? PROCORE_NOT_FOUND : PROCORE_OK;
}


static void
procore_check_find(void *data, const procore_str_t *token,
    procore_check_token_t *found)
{
    procore_scope_check_t *check = data;

    int               rc;
    procore_token_t  *known;

    if (check->client != NULL) {
        found->client.data = (const unsigned char *) check->client;
        found->client.len = strlen(check->client);
    }

    if (check->company || check->unbound) {
        found->binding = check->company ? PROCORE_BINDING_BOUND
                                        : PROCORE_BINDING_UNBOUND;
        found->company = check->company;
        return;
    }

    known = &check->token;

    if (procore_digest_token(check->options.realm_id, token->data, token->len,
                             check->digest)
        != PROCORE_OK)
    {
        found->binding = PROCORE_BINDING_FAILED;
        return;
    }

    check->digested = 1;

    rc = procore_store_token(check->store, PROCORE_TOKEN_ACCESS, check->digest,
                             known);

    if (rc != PROCORE_OK) {
        found->binding = rc == PROCORE_NOT_FOUND || rc == PROCORE_CORRUPT
                         ? PROCORE_BINDING_UNKNOWN : PROCORE_BINDING_FAILED;
        return;
    }

    check->known = 1;

    found->client.data = known->client;
    found->client.len = known->client_len;
    found->company = known->company;
    found->service = known->user == PROCORE_STORE_SERVICE;
    found->paused = known->client_len
                    && procore_store_paused(check->store,
                                            check->options.realm_id,
                                            known->client, known->client_len)
                       == PROCORE_OK;

    found->binding = known->state == PROCORE_FAMILY_BOUND
                     ? PROCORE_BINDING_BOUND
                     : known->state == PROCORE_FAMILY_WITHDRAWN
                     ? PROCORE_BINDING_WITHDRAWN : PROCORE_BINDING_UNBOUND;
}


/*
 * The sink of the claim readers: compares what a request names with the company
 * of its token.
 */


#include <string.h>

#include "procore_judge_internal.h"


static procore_verdict_e procore_judge_verdict(procore_judge_t *judge,
    const procore_claim_t *claim);
static procore_verdict_e procore_judge_company(procore_judge_t *judge,
    uint64_t company);
static procore_verdict_e procore_judge_first(procore_judge_t *judge,
    const procore_claim_t *claim);
static int procore_judge_foreign_uuid(procore_judge_t *judge,
    const procore_claim_t *claim);
static procore_verdict_e procore_judge_project(procore_judge_t *judge,
    const procore_claim_t *claim);
static int procore_judge_excepted(procore_judge_t *judge, uint64_t company,
    uint64_t project, int imported);
static int procore_judge_exception(procore_judge_t *judge,
    const procore_exception_t *exception, uint64_t company, uint64_t project,
    int imported);


const char *const  procore_verdict_names[PROCORE_VERDICT_MAX] = {
    "own", "foreign", "unknown", "malformed", "exception", "unjudged"
};

const char *const  procore_decision_names[PROCORE_DECISION_MAX] = {
    "", "allow", "deny", "would_deny", "allow_undecided"
};

const char *const  procore_carrier_names[PROCORE_IN_BODY + 1] = {
    "header", "path", "query", "body"
};

const char *const  procore_kind_names[PROCORE_KIND_PROJECT + 1] = {
    "unlisted", "company", "project"
};


void
procore_judge_init(procore_judge_t *judge, const procore_policy_t *policy,
    const procore_judge_calls_t *calls, void *data, uint64_t now)
{
    memset(judge, 0, sizeof(procore_judge_t));

    judge->policy = policy;
    judge->calls = calls;
    judge->data = data;
    judge->now = now;
    judge->rank = PROCORE_RANK_NONE;
    judge->body_rank = PROCORE_RANK_NONE;
}


void
procore_judge_again(procore_judge_t *judge)
{
    judge->reason = judge->body_reason;
    judge->rank = judge->body_rank;
    judge->deciding = judge->body_deciding;

    judge->has_header = 0;
    judge->discovery = 0;
    judge->unread &= 1u << PROCORE_IN_BODY;

    /* exceptions may be others there */

    judge->last_id = 0;
    judge->last_verdict = PROCORE_VERDICT_OWN;
}


/* Of a body that is read once, whatever else decides at first. */

static void
procore_judge_note_body(procore_judge_t *judge, procore_reason_e reason,
    procore_rank_e rank, procore_judge_claim_t *claim)
{
    if (rank >= judge->body_rank) {
        return;
    }

    judge->body_reason = reason;
    judge->body_rank = rank;
    judge->body_deciding = claim;
}


void
procore_judge_note(procore_judge_t *judge, procore_reason_e reason,
    procore_rank_e rank, procore_judge_claim_t *claim)
{
    procore_carrier_e  carrier;

    if (rank <= PROCORE_RANK_BODY_MALFORMED
        && rank >= PROCORE_RANK_HEADER_MALFORMED
        && reason != PROCORE_REASON_MALFORMED_ID)
    {
        carrier = procore_judge_rank_carrier(rank);

        if (rank == procore_judge_malformed_rank(carrier)) {

            /* whatever wins, nobody knows what else stands in it */

            judge->unread |= (1u << carrier) & 0x0f;
        }
    }

    if ((rank == PROCORE_RANK_BODY_MALFORMED || rank == PROCORE_RANK_BODY)
        && reason != PROCORE_REASON_UNBOUND)
    {
        procore_judge_note_body(judge, reason, rank, claim);
    }

    if (rank >= judge->rank) {
        return;
    }

    judge->reason = reason;
    judge->rank = rank;
    judge->deciding = claim;
}


void
procore_judge_sink(procore_judge_t *judge, procore_sink_t *sink)
{
    sink->data = judge;
    sink->claim = procore_judge_claim;
    sink->unlisted = procore_judge_unlisted;
    sink->param = procore_judge_param;
    sink->field = NULL;
}


void
procore_judge_claim(void *data, const procore_claim_t *claim)
{
    procore_judge_t *judge = data;

    procore_rank_e     rank;
    procore_reason_e   reason;
    procore_verdict_e  verdict;

    if (claim->kind == PROCORE_KIND_PROJECT
        && claim->state == PROCORE_CLAIM_UUID
        && !procore_judge_foreign_uuid(judge, claim))
    {
        return;
    }

    judge->named = 1;

    if (claim->kind == PROCORE_KIND_PROJECT && judge->project == 0
        && claim->state == PROCORE_CLAIM_ID)
    {
        judge->project = claim->id;
    }

    verdict = procore_judge_verdict(judge, claim);

    reason = PROCORE_REASON_OK;
    rank = PROCORE_RANK_NONE;

    switch (verdict) {

    case PROCORE_VERDICT_MALFORMED:
        reason = PROCORE_REASON_MALFORMED_ID;
        rank = procore_judge_malformed_rank(claim->carrier);
        break;

    case PROCORE_VERDICT_FOREIGN:
        reason = claim->kind == PROCORE_KIND_COMPANY
                 ? PROCORE_REASON_FOREIGN_COMPANY
                 : PROCORE_REASON_FOREIGN_PROJECT;
        rank = procore_judge_foreign_rank(claim->carrier);
        break;

    case PROCORE_VERDICT_EXCEPTED:
        judge->excepted = 1;
        break;

    default:
        break;
    }

    if (judge->tells && verdict != PROCORE_VERDICT_OWN) {
        procore_judge_tell(judge, claim, verdict);
    }

    procore_judge_keep(judge, claim, verdict, reason, rank);
}


static procore_verdict_e
procore_judge_verdict(procore_judge_t *judge, const procore_claim_t *claim)
{
    if (claim->state == PROCORE_CLAIM_MALFORMED) {
        return PROCORE_VERDICT_MALFORMED;
    }

    if (judge->company == 0) {
        return procore_judge_first(judge, claim);
    }

    if (claim->state == PROCORE_CLAIM_UUID) {
        return claim->kind == PROCORE_KIND_PROJECT
               ? PROCORE_VERDICT_FOREIGN
               : procore_judge_company(judge,
                                  procore_judge_alias(judge, &claim->value));
    }

    if (claim->kind == PROCORE_KIND_COMPANY) {
        return procore_judge_company(judge, claim->id);
    }

    if (claim->id != judge->last_id) {
        judge->last_verdict = procore_judge_project(judge, claim);
        judge->last_id = claim->id;
    }

    return judge->last_verdict;
}


void
procore_judge_unlisted(void *data, procore_carrier_e carrier,
    const procore_str_t *name)
{
    procore_judge_t *judge = data;

    size_t           i;
    procore_claim_t  claim;

    for (i = 0; i < judge->nunlisted; i++) {
        if (judge->unlisted[i].len == name->len
            && memcmp(judge->unlisted[i].data, name->data, name->len) == 0)
        {
            return;
        }
    }

    if (judge->unlisted == NULL) {
        judge->unlisted = judge->calls->alloc(judge->data,
                              PROCORE_JUDGE_UNLISTED * sizeof(procore_str_t));
    }

    if (judge->unlisted != NULL && judge->nunlisted < PROCORE_JUDGE_UNLISTED
        && procore_judge_copy(judge, &judge->unlisted[judge->nunlisted], name)
           == PROCORE_OK)
    {
        judge->nunlisted++;
    }

    if (!judge->policy->unlisted_deny) {
        return;
    }

    memset(&claim, 0, sizeof(procore_claim_t));
    claim.carrier = carrier;
    claim.name = *name;
    claim.value = *name;

    procore_judge_keep(judge, &claim, PROCORE_VERDICT_UNKNOWN,
                       PROCORE_REASON_UNLISTED_NAME,
                       procore_judge_foreign_rank(carrier));
}


void
procore_judge_param(void *data, procore_carrier_e carrier,
    procore_param_e param, procore_value_e type, const procore_str_t *value)
{
    procore_judge_t *judge = data;

    (void) type;
    (void) value;

    if (param != PROCORE_PARAM_ACCESS_TOKEN
        && param != PROCORE_PARAM_BEARER_TOKEN)
    {
        return;
    }

    judge->bearer = PROCORE_BEARER_AMBIGUOUS;

    if (carrier == PROCORE_IN_BODY) {
        procore_judge_note_body(judge, PROCORE_REASON_AMBIGUOUS_TOKEN,
                                PROCORE_RANK_TOKEN, NULL);
    }

    procore_judge_note(judge, PROCORE_REASON_AMBIGUOUS_TOKEN,
                       PROCORE_RANK_TOKEN, NULL);
}


static procore_verdict_e
procore_judge_company(procore_judge_t *judge, uint64_t company)
{
    if (company == judge->company) {
        return PROCORE_VERDICT_OWN;
    }

    return procore_judge_excepted(judge, company, 0, 0)
           ? PROCORE_VERDICT_EXCEPTED : PROCORE_VERDICT_FOREIGN;
}


/* While the token has no company: what a first use would have to be. */

static procore_verdict_e
procore_judge_first(procore_judge_t *judge, const procore_claim_t *claim)
{
    uint64_t  company;

    if (claim->kind == PROCORE_KIND_PROJECT) {
        return judge->first_use ? procore_judge_add_unknown(judge, claim)
                                : PROCORE_VERDICT_UNJUDGED;
    }

    company = claim->state == PROCORE_CLAIM_UUID
              ? procore_judge_alias(judge, &claim->value) : claim->id;

    if (judge->named_company == 0) {
        judge->named_company = company;
    }

    if (company == 0 || company != judge->named_company) {
        judge->several = 1;
    }

    return PROCORE_VERDICT_UNJUDGED;
}


uint64_t
procore_judge_alias(procore_judge_t *judge, const procore_str_t *uuid)
{
    size_t                  i, n;
    unsigned char           c;
    const procore_alias_t  *alias;

    for (i = 0; i < judge->policy->naliases; i++) {
        alias = &judge->policy->aliases[i];

        if (alias->alias.len != uuid->len) {
            continue;
        }

        for (n = 0; n < uuid->len; n++) {
            c = uuid->data[n];

            if (c >= 'A' && c <= 'Z') {
                c = (unsigned char) (c | 0x20);
            }

            if (c != alias->alias.data[n]) {
                break;
            }
        }

        if (n == uuid->len) {
            return alias->company;
        }
    }

    return 0;
}


/*
 * A UUID of workforce planning names no project; but where an action reads it
 * as a number, that number must not be a foreign project's.
 */

static int
procore_judge_foreign_uuid(procore_judge_t *judge,
    const procore_claim_t *claim)
{
    uint64_t               company;
    procore_judge_owner_t  owner;

    company = judge->company ? judge->company : judge->named_company;

    if ((judge->company == 0 && !judge->first_use)
        || judge->calls->owner(judge->data, claim->id, &owner) != PROCORE_OK
        || owner.company == company)
    {
        return 0;
    }

    if (judge->company == 0) {
        judge->several = 1;
    }

    return 1;
}


static procore_verdict_e
procore_judge_project(procore_judge_t *judge, const procore_claim_t *claim)
{
    int                    rc;
    procore_judge_owner_t  owner;

    if (procore_judge_excepted(judge, 0, claim->id, 0)) {
        return PROCORE_VERDICT_EXCEPTED;
    }

    rc = judge->calls->owner(judge->data, claim->id, &owner);

    if (rc == PROCORE_NOT_FOUND) {
        return procore_judge_add_unknown(judge, claim);
    }

    if (rc != PROCORE_OK) {
        procore_judge_note(judge, PROCORE_REASON_STORE_FAILED,
                           PROCORE_RANK_STORE_FAILED, NULL);
        return PROCORE_VERDICT_UNKNOWN;
    }

    if (owner.company == judge->company) {

        if (owner.aging) {
            judge->refresh = 1;
        }

        return PROCORE_VERDICT_OWN;
    }

    return procore_judge_excepted(judge, owner.company, claim->id,
                                  owner.imported)
           ? PROCORE_VERDICT_EXCEPTED : PROCORE_VERDICT_FOREIGN;
}


static int
procore_judge_excepted(procore_judge_t *judge, uint64_t company,
    uint64_t project, int imported)
{
    size_t  i;

    for (i = 0; i < judge->policy->nexceptions; i++) {
        if (procore_judge_exception(judge, &judge->policy->exceptions[i],
                                    company, project, imported))
        {
            judge->exception = &judge->policy->exceptions[i];
            return 1;
        }
    }

    return 0;
}


/*
 * A company passes by an exception of its own; a project where the exception
 * lists it, or where the operator has imported it for that company.
 */

static int
procore_judge_exception(procore_judge_t *judge,
    const procore_exception_t *exception, uint64_t company, uint64_t project,
    int imported)
{
    size_t                i;
    const procore_str_t  *client;

    if (exception->until && exception->until <= judge->now) {
        return 0;
    }

    client = exception->clients;

    for (i = 0; i < exception->nclients; i++) {
        if (client[i].len == judge->client.len
            && memcmp(client[i].data, judge->client.data, client[i].len) == 0)
        {
            break;
        }
    }

    if (exception->nclients && i == exception->nclients) {
        return 0;
    }

    if (company == exception->company && (project == 0 || imported)) {
        return 1;
    }

    for (i = 0; i < exception->nprojects; i++) {
        if (project == exception->projects[i]) {
            return 1;
        }
    }

    return 0;
}

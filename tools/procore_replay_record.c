
/*
 * What an audit record tells of a request: its claims, judged anew, and what
 * its reason says about the rest.
 */


#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <string.h>

#include "procore_replay_run.h"
#include "procore_replay_text.h"


static procore_rank_e procore_record_then(const procore_past_t *past);
static void procore_record_part(procore_replay_run_t *run,
    procore_carrier_e carrier, procore_reason_e reason);
static void procore_record_claims(procore_replay_run_t *run,
    procore_carrier_e carrier);
static void procore_record_order(procore_replay_run_t *run);
static void procore_record_ambiguous(procore_replay_run_t *run);
static void procore_record_names(procore_replay_run_t *run);
static void procore_record_added(procore_replay_run_t *run,
    const procore_name_t *name);
static int procore_record_taken(const procore_replay_run_t *run,
    const procore_past_claim_t *claim);
static void procore_record_unlisted(procore_replay_run_t *run, int whole);
static int procore_record_denied(const procore_replay_run_t *run);
static int procore_record_body_read(const procore_replay_run_t *run);
static int procore_record_listed(const procore_policy_t *policy,
    const procore_str_t *name, procore_kind_e *kind);
static int procore_record_shown(const procore_str_t *name);
static int procore_record_same(const procore_str_t *one,
    const procore_str_t *other);
static void procore_record_same_failure(procore_replay_run_t *run);
static void procore_record_size(procore_replay_run_t *run);


void
procore_replay_record(procore_replay_run_t *run)
{
    run->then = procore_record_then(run->past);

    if (run->past->claims_cut) {
        procore_replay_open(run, PROCORE_WHY_CLAIMS, PROCORE_RANK_HEADER);
    }
}


/*
 * The rank of the reason: nothing of a better one was found.  Where it could be
 * one of two, the better.
 */

static procore_rank_e
procore_record_then(const procore_past_t *past)
{
    procore_carrier_e  carrier;

    carrier = past->nclaims ? past->claims[0].carrier : PROCORE_IN_HEADER;

    switch (past->reason) {

    case PROCORE_REASON_OK:
    case PROCORE_REASON_DISCOVERY:
    case PROCORE_REASON_EXCEPTION:
        return PROCORE_RANK_NONE;

    case PROCORE_REASON_UNBOUND:

        /* with a company: nobody adds its header */

        return past->company ? PROCORE_RANK_BODY : PROCORE_RANK_TOKEN;

    case PROCORE_REASON_UNLISTED_PATH:
        return PROCORE_RANK_PATH_LIST;

    case PROCORE_REASON_MALFORMED_HEADER:
        return PROCORE_RANK_HEADER_MALFORMED;

    case PROCORE_REASON_MALFORMED_PATH:
        return PROCORE_RANK_PATH_MALFORMED;

    case PROCORE_REASON_MALFORMED_QUERY:
    case PROCORE_REASON_BODY_TOO_LARGE:

        /* more ids than can be looked up may stand in a query, too */

        return PROCORE_RANK_QUERY_MALFORMED;

    case PROCORE_REASON_MALFORMED_BODY:
    case PROCORE_REASON_UNSUPPORTED_BODY:
        return PROCORE_RANK_BODY_MALFORMED;

    case PROCORE_REASON_MALFORMED_ID:
        return procore_judge_malformed_rank(carrier);

    case PROCORE_REASON_FOREIGN_COMPANY:
    case PROCORE_REASON_FOREIGN_PROJECT:
    case PROCORE_REASON_UNLISTED_NAME:
        return procore_judge_foreign_rank(carrier);

    case PROCORE_REASON_UNKNOWN_PROJECT:
        return PROCORE_RANK_UNKNOWN_PROJECT;

    case PROCORE_REASON_LOOKUP_FAILED:
        return PROCORE_RANK_LOOKUP_FAILED;

    case PROCORE_REASON_STORE_FAILED:
        return PROCORE_RANK_STORE_FAILED;

    default:
        return PROCORE_RANK_TOKEN;
    }
}


void
procore_replay_record_header(procore_replay_run_t *run)
{
    procore_record_part(run, PROCORE_IN_HEADER,
                        PROCORE_REASON_MALFORMED_HEADER);
}


void
procore_replay_record_path(procore_replay_run_t *run)
{
    procore_record_claims(run, PROCORE_IN_PATH);
}


void
procore_replay_record_query(procore_replay_run_t *run)
{
    const procore_past_t  *past;

    past = run->past;

    /* the fragment of a target stands behind its query */

    if (past->reason == PROCORE_REASON_MALFORMED_PATH
        || past->unread & 1u << PROCORE_IN_PATH)
    {
        procore_judge_note(&run->judge, PROCORE_REASON_MALFORMED_PATH,
                           PROCORE_RANK_PATH_MALFORMED, NULL);

    } else if (!past->unread_known && run->then < PROCORE_RANK_PATH_MALFORMED)
    {
        procore_replay_open(run, PROCORE_WHY_EARLY,
                            PROCORE_RANK_PATH_MALFORMED);
    }

    procore_record_part(run, PROCORE_IN_QUERY, PROCORE_REASON_MALFORMED_QUERY);
    procore_record_names(run);
    procore_record_order(run);
    procore_record_ambiguous(run);
}


/*
 * A header or a query: its claims, and whether it could be read.  Within a
 * carrier the first malformed thing gives the reason.
 */

static void
procore_record_part(procore_replay_run_t *run, procore_carrier_e carrier,
    procore_reason_e reason)
{
    procore_rank_e         rank;
    const procore_past_t  *past;

    past = run->past;
    rank = procore_judge_malformed_rank(carrier);

    if (past->reason == reason) {
        procore_judge_note(&run->judge, reason, rank, NULL);
    }

    procore_record_claims(run, carrier);

    if (past->unread & 1u << carrier) {
        procore_judge_note(&run->judge, reason, rank, NULL);

    } else if (!past->unread_known && run->then < rank) {
        procore_replay_open(run, PROCORE_WHY_EARLY, rank);
    }
}


/* Feeds the claims of one carrier to the judge. */

static void
procore_record_claims(procore_replay_run_t *run, procore_carrier_e carrier)
{
    size_t                       i;
    procore_claim_t              claim;
    const procore_past_t        *past;
    const procore_past_claim_t  *was;

    past = run->past;

    for (i = 0; i < past->nclaims; i++) {
        was = &past->claims[i];

        if (was->carrier != carrier || was->kind == PROCORE_KIND_NONE) {
            continue;
        }

        if (carrier >= PROCORE_IN_QUERY && procore_record_taken(run, was)) {
            procore_replay_open(run, PROCORE_WHY_NAMES,
                                procore_judge_malformed_rank(carrier));
            continue;
        }

        memset(&claim, 0, sizeof(procore_claim_t));

        claim.carrier = carrier;
        claim.kind = was->kind;
        claim.name = was->name;
        claim.value = was->value;

        if (was->verdict == PROCORE_VERDICT_MALFORMED) {
            claim.state = PROCORE_CLAIM_MALFORMED;

        } else if (was->cut
                   || procore_id_classify(was->value.data, was->value.len,
                                          &claim.id)
                      != PROCORE_ID_NUMBER)
        {
            procore_replay_open(run, PROCORE_WHY_VALUE,
                                procore_judge_malformed_rank(carrier));
            continue;
        }

        procore_judge_claim(&run->judge, &claim);
    }
}


/*
 * The claim that decided stands first in a record, wherever it stood in the
 * request: of two kinds of refusal in its carrier, either may be the first now.
 */

static void
procore_record_order(procore_replay_run_t *run)
{
    size_t                        i;
    unsigned                      kinds;
    procore_carrier_e             carrier;
    const procore_judge_claim_t  *claim;

    if (run->past->nclaims == 0) {
        return;
    }

    kinds = 0;
    carrier = run->past->claims[0].carrier;

    for (i = 0; i < run->judge.nclaims; i++) {
        claim = &run->judge.claims[i];

        if (claim->carrier == carrier
            && claim->verdict == PROCORE_VERDICT_FOREIGN)
        {
            kinds |= 1u << claim->kind;
        }
    }

    if ((kinds & (kinds - 1)) != 0
        && procore_judge_foreign_rank(carrier) < run->open)
    {
        run->open = procore_judge_foreign_rank(carrier);
    }
}


/*
 * A second token stood in the query or in the body, which the record does not
 * tell; a refusal of the head comes before one of the body.
 */

static void
procore_record_ambiguous(procore_replay_run_t *run)
{
    if (run->past->reason != PROCORE_REASON_AMBIGUOUS_TOKEN) {
        return;
    }

    if (run->judge.rank < PROCORE_RANK_UNCERTAIN) {
        run->open = PROCORE_RANK_TOKEN;
        return;
    }

    if (run->why != PROCORE_WHY_NONE || procore_record_denied(run)) {
        run->open = PROCORE_RANK_TOKEN;
    }

    procore_record_size(run);

    procore_judge_note(&run->judge, PROCORE_REASON_AMBIGUOUS_TOKEN,
                       PROCORE_RANK_TOKEN, NULL);
}


/*
 * Names that only one of the two configurations counts.  A record has the
 * claims of the names that counted then, and the names that looked like ids
 * without counting.
 */

static void
procore_record_names(procore_replay_run_t *run)
{
    size_t                   i;
    procore_kind_e           kind;
    const procore_policy_t  *now, *was;

    now = &run->replay->settings->policy;
    was = &run->replay->was->policy;

    for (i = 0; i < now->nnames; i++) {

        if (!procore_record_listed(was, &now->names[i].name, &kind)) {
            procore_record_added(run, &now->names[i]);

        } else if (kind == PROCORE_KIND_NONE
                   && now->names[i].kind != PROCORE_KIND_NONE)
        {
            procore_replay_open(run, PROCORE_WHY_NAMES,
                                PROCORE_RANK_QUERY_MALFORMED);
        }
    }

    /* one that was taken away may look like an id now */

    for (i = 0; now->unlisted_deny && i < was->nnames; i++) {

        if (was->names[i].kind == PROCORE_KIND_NONE
            && !procore_record_listed(now, &was->names[i].name, &kind)
            && procore_record_shown(&was->names[i].name))
        {
            procore_replay_open(run, PROCORE_WHY_NAMES, PROCORE_RANK_QUERY);
        }
    }

    if (!procore_record_body_read(run)) {
        procore_record_unlisted(run, 0);
    }
}


/* A name that did not count then, and was not ignored. */

static void
procore_record_added(procore_replay_run_t *run, const procore_name_t *name)
{
    size_t                 i;
    const procore_past_t  *past;

    past = run->past;

    if (name->kind == PROCORE_KIND_NONE) {
        return;
    }

    if (procore_record_shown(&name->name) && !past->names_cut) {

        for (i = 0; i < past->nnames; i++) {
            if (procore_record_same(&past->names[i], &name->name)) {
                break;
            }
        }

        if (i == past->nnames) {
            return;
        }
    }

    procore_replay_open(run, PROCORE_WHY_NAMES, PROCORE_RANK_QUERY_MALFORMED);
}


/*
 * May the claim be by a name that does not count now, or in another way?  The
 * name stands somewhere in that of the claim.  1 or 0.
 */

static int
procore_record_taken(const procore_replay_run_t *run,
    const procore_past_claim_t *claim)
{
    size_t                   i;
    procore_kind_e           kind;
    const procore_name_t    *name;
    const procore_policy_t  *now, *was;

    now = &run->replay->settings->policy;
    was = &run->replay->was->policy;

    for (i = 0; i < was->nnames; i++) {
        name = &was->names[i];

        if (name->kind == PROCORE_KIND_NONE
            || (procore_record_listed(now, &name->name, &kind)
                && kind == name->kind))
        {
            continue;
        }

        if (claim->name.len >= PROCORE_CLAIM_NAME
            || memmem(claim->name.data, claim->name.len, name->name.data,
                      name->name.len)
               != NULL)
        {
            return 1;
        }
    }

    return 0;
}


/*
 * procore_scope_unlisted deny.  Which of query and body had the name, a record
 * does not tell; "whole": all of the request has been judged.
 */

static void
procore_record_unlisted(procore_replay_run_t *run, int whole)
{
    procore_rank_e          better;
    const procore_judge_t  *judge;

    judge = &run->judge;

    if (!procore_record_denied(run)) {

        if (judge->policy->unlisted_deny && run->past->names_cut) {
            procore_replay_open(run, PROCORE_WHY_NAMES, PROCORE_RANK_QUERY);
        }

        return;
    }

    /*
     * In the query, it comes before all of the body; in the body, what else
     * there is may come before it.
     */

    better = whole ? PROCORE_RANK_TOKEN : PROCORE_RANK_QUERY;

    if ((!whole || judge->rank < PROCORE_RANK_UNCERTAIN
         || (judge->discovery && judge->named))
        && run->open > better)
    {
        run->open = better;
    }

    procore_judge_note(&run->judge, PROCORE_REASON_UNLISTED_NAME,
                       PROCORE_RANK_BODY, NULL);
}


/* Is one of the names refused now?  1 or 0. */

static int
procore_record_denied(const procore_replay_run_t *run)
{
    size_t                   i;
    procore_kind_e           kind;
    const procore_policy_t  *now;

    now = &run->replay->settings->policy;

    for (i = 0; now->unlisted_deny && i < run->past->nnames; i++) {
        if (!procore_record_listed(now, &run->past->names[i], &kind)) {
            return 1;
        }
    }

    return 0;
}


/* Is it one of procore_scope_names and procore_scope_ignore?  1 or 0. */

static int
procore_record_listed(const procore_policy_t *policy,
    const procore_str_t *name, procore_kind_e *kind)
{
    size_t  i;

    for (i = 0; i < policy->nnames; i++) {
        if (procore_record_same(&policy->names[i].name, name)) {
            *kind = policy->names[i].kind;
            return 1;
        }
    }

    return 0;
}


/* Does a record show this name where it does not count?  1 or 0. */

static int
procore_record_shown(const procore_str_t *name)
{
    procore_slot_t   root, slot;
    procore_rules_t  rules;

    memset(&rules, 0, sizeof(procore_rules_t));
    procore_slot_root(&root);

    return procore_slot_key(&rules, &root, name->data, name->len, &slot)
           == PROCORE_OK && slot.unlisted;
}


static int
procore_record_same(const procore_str_t *one, const procore_str_t *other)
{
    return one->len == other->len
           && (one->len == 0 || memcmp(one->data, other->data, one->len) == 0);
}


int
procore_replay_record_project(procore_replay_run_t *run, uint64_t id,
    procore_judge_owner_t *owner)
{
    size_t                       i;
    uint64_t                     named;
    const procore_past_t        *past;
    const procore_past_claim_t  *claim;

    past = run->past;

    if (past->company == 0) {
        return PROCORE_ERROR;
    }

    for (i = 0; i < past->nclaims; i++) {
        claim = &past->claims[i];

        if (claim->kind != PROCORE_KIND_PROJECT
            || procore_id_classify(claim->value.data, claim->value.len, &named)
               != PROCORE_ID_NUMBER
            || named != id)
        {
            continue;
        }

        if (claim->verdict == PROCORE_VERDICT_OWN) {
            owner->company = past->company;
            return PROCORE_OK;
        }

        if (past->company != run->judge.company) {
            return PROCORE_ERROR;
        }

        if (claim->verdict == PROCORE_VERDICT_FOREIGN) {

            /* whose it is does not matter; by which list it was known, does */

            if (run->named < run->open) {
                run->open = run->named;
            }

            return PROCORE_OK;
        }

        /* the list was read, and did not have it */

        if (i == 0 && past->reason == PROCORE_REASON_UNKNOWN_PROJECT
            && (run->replay->was->lookup || !run->replay->settings->lookup))
        {
            return PROCORE_NOT_FOUND;
        }

        return PROCORE_ERROR;
    }

    return PROCORE_ERROR;
}


/* What could not be read then cannot be read now. */

void
procore_replay_record_body(procore_replay_run_t *run)
{
    const procore_past_t  *past;

    past = run->past;

    if (!procore_record_body_read(run)) {
        procore_replay_open(run, PROCORE_WHY_BODY, PROCORE_RANK_TOKEN);
        return;
    }

    if (past->reason == PROCORE_REASON_MALFORMED_BODY
        || past->reason == PROCORE_REASON_UNSUPPORTED_BODY
        || past->reason == PROCORE_REASON_BODY_TOO_LARGE)
    {
        procore_record_same_failure(run);

    } else {

        if (past->unread & 1u << PROCORE_IN_BODY) {
            procore_replay_open(run, PROCORE_WHY_EARLY,
                                PROCORE_RANK_BODY_MALFORMED);
        }

        procore_record_size(run);
    }

    procore_record_claims(run, PROCORE_IN_BODY);
    procore_record_order(run);
    procore_record_unlisted(run, 1);
}


/*
 * The body was read if nothing of the head was refused, or if there was none.
 */

static int
procore_record_body_read(const procore_replay_run_t *run)
{
    const procore_past_t  *past;

    past = run->past;

    if (past->unread_known && !(past->unread & 1u << PROCORE_IN_BODY)) {
        return 1;
    }

    return (run->then >= PROCORE_RANK_BODY_MALFORMED
            && run->then != PROCORE_RANK_STORE_FAILED)
           || past->reason == PROCORE_REASON_BODY_TOO_LARGE;
}


static void
procore_record_same_failure(procore_replay_run_t *run)
{
    size_t  now, was;

    now = run->replay->settings->policy.body_size;
    was = run->replay->was->policy.body_size;

    if (run->past->reason != PROCORE_REASON_BODY_TOO_LARGE) {
        procore_record_size(run);

    } else if (now == 0 || (was != 0 && now > was)) {
        procore_replay_open(run, PROCORE_WHY_BODY_SIZE,
                            PROCORE_RANK_BODY_MALFORMED);
        return;

    } else if (run->past->claims_cut) {

        /* it may have been the number of ids, which depends on the store */

        return;
    }

    procore_judge_note(&run->judge, run->past->reason,
                       PROCORE_RANK_BODY_MALFORMED, NULL);
}


/* A smaller limit may be passed; the record does not tell the size. */

static void
procore_record_size(procore_replay_run_t *run)
{
    size_t  now, was;

    now = run->replay->settings->policy.body_size;
    was = run->replay->was->policy.body_size;

    if (now != 0 && (was == 0 || now < was)) {

        /* one that is too long is not read at all */

        procore_replay_open(run, PROCORE_WHY_BODY_SIZE, PROCORE_RANK_TOKEN);
    }
}

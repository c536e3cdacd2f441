
/*
 * What the judge keeps: claims for the record, unknown projects for a lookup;
 * and what a lookup has made of these.
 */


#include <string.h>

#include "procore_judge_internal.h"


/* Room at first; most requests name less. */

#define PROCORE_JUDGE_ROOM  4


static procore_judge_claim_t *procore_judge_push_claim(procore_judge_t *judge);
static procore_judge_unknown_t *procore_judge_push_unknown(
    procore_judge_t *judge);
static procore_judge_unknown_t *procore_judge_first_unknown(
    procore_judge_t *judge, const procore_claim_t *claim,
    procore_verdict_e verdict);


int
procore_judge_copy(procore_judge_t *judge, procore_str_t *to,
    const procore_str_t *from)
{
    unsigned char  *p;

    to->len = from->len;
    to->data = NULL;

    if (from->len == 0) {
        return PROCORE_OK;
    }

    p = judge->calls->alloc(judge->data, from->len);
    if (p == NULL) {
        return PROCORE_ERROR;
    }

    memcpy(p, from->data, from->len);
    to->data = p;

    return PROCORE_OK;
}


void
procore_judge_keep(procore_judge_t *judge, const procore_claim_t *claim,
    procore_verdict_e verdict, procore_reason_e reason, procore_rank_e rank)
{
    procore_judge_claim_t    *kept;
    procore_judge_unknown_t  *first;

    first = procore_judge_first_unknown(judge, claim, verdict);

    if (judge->nclaims < PROCORE_JUDGE_CLAIMS) {
        kept = procore_judge_push_claim(judge);

    } else if (rank < judge->rank || first
               || (claim->carrier == PROCORE_IN_BODY
                   && rank < judge->body_rank))
    {
        kept = judge->calls->alloc(judge->data, sizeof(procore_judge_claim_t));

    } else {
        return;
    }

    if (kept == NULL) {
        goto failed;
    }

    kept->carrier = claim->carrier;
    kept->kind = claim->kind;
    kept->verdict = verdict;
    kept->id = claim->state == PROCORE_CLAIM_ID ? claim->id : 0;

    if (procore_judge_copy(judge, &kept->name, &claim->name) != PROCORE_OK
        || procore_judge_copy(judge, &kept->value, &claim->value)
           != PROCORE_OK)
    {
        goto failed;
    }

    if (first) {
        first->claim = kept;
    }

    procore_judge_note(judge, reason, rank, kept);

    return;

failed:

    /* out of memory: the reason must not be lost with the claim */

    procore_judge_note(judge, reason, rank, NULL);
}


/* An empty one, counted; NULL: no memory. */

static procore_judge_claim_t *
procore_judge_push_claim(procore_judge_t *judge)
{
    size_t                  room;
    procore_judge_claim_t  *claims;

    if (judge->nclaims == judge->aclaims) {
        room = judge->aclaims ? PROCORE_JUDGE_CLAIMS : PROCORE_JUDGE_ROOM;

        claims = judge->calls->alloc(judge->data,
                                     room * sizeof(procore_judge_claim_t));
        if (claims == NULL) {
            return NULL;
        }

        /* what points to the old ones stays valid: their memory stays, too */

        if (judge->nclaims) {
            memcpy(claims, judge->claims,
                   judge->nclaims * sizeof(procore_judge_claim_t));
        }

        judge->claims = claims;
        judge->aclaims = room;
    }

    memset(&judge->claims[judge->nclaims], 0, sizeof(procore_judge_claim_t));

    return &judge->claims[judge->nclaims++];
}


/* The unknown project that this claim is the first to name. */

static procore_judge_unknown_t *
procore_judge_first_unknown(procore_judge_t *judge,
    const procore_claim_t *claim, procore_verdict_e verdict)
{
    procore_judge_unknown_t  *last;

    if (verdict != PROCORE_VERDICT_UNKNOWN || judge->nunknown == 0) {
        return NULL;
    }

    last = &judge->unknown[judge->nunknown - 1];

    return last->id == claim->id && last->claim == NULL ? last : NULL;
}


procore_verdict_e
procore_judge_add_unknown(procore_judge_t *judge, const procore_claim_t *claim)
{
    size_t                    i;
    procore_judge_unknown_t  *unknown;

    for (i = 0; i < judge->nunknown; i++) {
        if (judge->unknown[i].id == claim->id) {
            return judge->unknown[i].verdict;
        }
    }

    if (judge->nunknown == PROCORE_JUDGE_UNKNOWN) {
        procore_judge_note(judge, PROCORE_REASON_BODY_TOO_LARGE,
                           procore_judge_malformed_rank(claim->carrier), NULL);
        return PROCORE_VERDICT_UNKNOWN;
    }

    unknown = procore_judge_push_unknown(judge);

    if (unknown == NULL) {
        procore_judge_note(judge, PROCORE_REASON_STORE_FAILED,
                           PROCORE_RANK_STORE_FAILED, NULL);
        return PROCORE_VERDICT_UNKNOWN;
    }

    unknown->claim = NULL;
    unknown->id = claim->id;
    unknown->verdict = PROCORE_VERDICT_UNKNOWN;

    return PROCORE_VERDICT_UNKNOWN;
}


static procore_judge_unknown_t *
procore_judge_push_unknown(procore_judge_t *judge)
{
    size_t                    room;
    procore_judge_unknown_t  *unknown;

    if (judge->nunknown == judge->aunknown) {
        room = judge->aunknown ? 2 * judge->aunknown : PROCORE_JUDGE_ROOM;

        unknown = judge->calls->alloc(judge->data,
                                      room * sizeof(procore_judge_unknown_t));
        if (unknown == NULL) {
            return NULL;
        }

        if (judge->nunknown) {
            memcpy(unknown, judge->unknown,
                   judge->nunknown * sizeof(procore_judge_unknown_t));
        }

        judge->unknown = unknown;
        judge->aunknown = room;
    }

    return &judge->unknown[judge->nunknown++];
}


void
procore_judge_unknown(procore_judge_t *judge)
{
    size_t                    i, n;
    procore_reason_e          reason;
    procore_judge_claim_t    *claim;
    procore_judge_unknown_t  *unknown;

    unknown = judge->unknown;
    claim = judge->claims;

    for (n = 0; n < judge->nclaims; n++) {

        if (claim[n].verdict != PROCORE_VERDICT_UNKNOWN
            || claim[n].kind != PROCORE_KIND_PROJECT)
        {
            continue;
        }

        for (i = 0; i < judge->nunknown; i++) {
            if (claim[n].id == unknown[i].id) {
                claim[n].verdict = unknown[i].verdict;
                break;
            }
        }
    }

    for (i = 0; i < judge->nunknown; i++) {

        switch (unknown[i].verdict) {

        case PROCORE_VERDICT_OWN:
        case PROCORE_VERDICT_EXCEPTED:
            continue;

        case PROCORE_VERDICT_UNJUDGED:

            /* the lookup could not tell, and has said so */

            continue;

        case PROCORE_VERDICT_FOREIGN:
            reason = PROCORE_REASON_FOREIGN_PROJECT;
            break;

        default:
            reason = PROCORE_REASON_UNKNOWN_PROJECT;
            break;
        }

        procore_judge_note(judge, reason, PROCORE_RANK_UNKNOWN_PROJECT,
                           unknown[i].claim);
    }
}


uint64_t
procore_judge_first_company(procore_judge_t *judge)
{
    int                       rc;
    size_t                    i;
    procore_judge_owner_t     owner;

    if (judge->named_company == 0 || judge->several) {
        return 0;
    }

    for (i = 0; i < judge->nunknown; i++) {

        rc = judge->calls->owner(judge->data, judge->unknown[i].id, &owner);

        if (rc == PROCORE_NOT_FOUND) {
            continue;
        }

        if (rc != PROCORE_OK || owner.company != judge->named_company) {
            return 0;
        }

        judge->unknown[i].verdict = PROCORE_VERDICT_OWN;
    }

    return judge->named_company;
}


void
procore_judge_first_bound(procore_judge_t *judge, uint64_t company)
{
    size_t  i;

    judge->company = company;

    /* claims were kept before the token had one */

    for (i = 0; i < judge->nclaims; i++) {
        if (judge->claims[i].kind == PROCORE_KIND_COMPANY) {
            judge->claims[i].verdict = PROCORE_VERDICT_OWN;
        }
    }
}

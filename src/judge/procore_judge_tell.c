
/*
 * Tells who counts them of the companies that a request names.
 */


#include "procore_judge_internal.h"


/*
 * A request may name any number of projects: of so many, distinct in a row, the
 * owner is asked for the telling's sake.
 */

#define PROCORE_JUDGE_ASKED  PROCORE_JUDGE_UNKNOWN


static void
procore_judge_tell_project(procore_judge_t *judge,
    const procore_claim_t *claim, unsigned how)
{
    uint64_t               company;
    procore_judge_owner_t  owner;

    if (claim->id == judge->last_told) {
        return;
    }

    judge->last_told = claim->id;
    company = 0;

    if (judge->asked < PROCORE_JUDGE_ASKED) {
        judge->asked++;

        if (judge->calls->owner(judge->data, claim->id, &owner) == PROCORE_OK)
        {
            company = owner.company;
        }
    }

    if (company == 0) {
        how |= PROCORE_NAMED_UNKNOWN;
    }

    judge->calls->named(judge->data, company, claim->carrier,
                        how | PROCORE_NAMED_PROJECT);
}


void
procore_judge_tell(procore_judge_t *judge, const procore_claim_t *claim,
    procore_verdict_e verdict)
{
    unsigned  how;

    /* of an unknown project tells whoever looks it up */

    if (verdict == PROCORE_VERDICT_MALFORMED
        || verdict == PROCORE_VERDICT_UNKNOWN)
    {
        return;
    }

    how = verdict == PROCORE_VERDICT_EXCEPTED ? PROCORE_NAMED_EXCEPTED : 0;

    if (claim->kind == PROCORE_KIND_PROJECT) {
        procore_judge_tell_project(judge, claim, how);
        return;
    }

    judge->calls->named(judge->data,
                        claim->state == PROCORE_CLAIM_UUID
                        ? procore_judge_alias(judge, &claim->value)
                        : claim->id,
                        claim->carrier, how);
}

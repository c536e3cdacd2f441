
/*
 * What the files of the judge share.
 */


#ifndef PROCORE_JUDGE_INTERNAL_H
#define PROCORE_JUDGE_INTERNAL_H


#include "procore_judge.h"


/* The carrier of a rank between these two of a header and those of a body. */

#define procore_judge_rank_carrier(rank)                                      \
    ((procore_carrier_e) (((rank) - PROCORE_RANK_HEADER_MALFORMED) / 2))


/*
 * Keeps the first claims for the record, and always the one that decides; notes
 * the reason.  Text is copied.
 */

void procore_judge_keep(procore_judge_t *judge, const procore_claim_t *claim,
    procore_verdict_e verdict, procore_reason_e reason, procore_rank_e rank);

/* Adds a project that the store does not know, once; returns its verdict. */

procore_verdict_e procore_judge_add_unknown(procore_judge_t *judge,
    const procore_claim_t *claim);

/* The company with this other name, 0: none. */

uint64_t procore_judge_alias(procore_judge_t *judge,
    const procore_str_t *uuid);

/* Tells calls->named of a claim, as procore_judge.h says. */

void procore_judge_tell(procore_judge_t *judge, const procore_claim_t *claim,
    procore_verdict_e verdict);

/* Copies a text into the judge's memory.  PROCORE_OK or PROCORE_ERROR. */

int procore_judge_copy(procore_judge_t *judge, procore_str_t *to,
    const procore_str_t *from);


#endif /* PROCORE_JUDGE_INTERNAL_H */

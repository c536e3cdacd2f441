
/*
 * One request that is being judged again, for procore_replay_decide.c, _token.c
 * and _record.c.
 *
 * What is known goes to the judge.  What is not known is "open": by rank, it
 * tells which refusals could still come of it.  A refusal that the judge has
 * noted is certain whatever is open, because nothing makes a request pass that
 * names what is foreign; its reason is certain where nothing open could have a
 * better rank.  Without a refusal anything open makes it undecidable.
 */


#ifndef PROCORE_REPLAY_RUN_H
#define PROCORE_REPLAY_RUN_H


#include "procore_replay.h"


typedef struct {
    const procore_replay_t  *replay;
    const procore_past_t    *past;
    procore_pool_t          *pool;
    procore_outcome_t       *out;

    procore_judge_t          judge;
    procore_binding_e        binding;
    procore_rank_e           then;     /* of the reason in the record */

    procore_rank_e           open;     /* the best rank of what is open */
    procore_why_e            why;      /* the first thing that is, or NONE */
    procore_rank_e           named;    /* rank of an unknown project's claim */
    unsigned                 appless:1;    /* the app is not known */
    unsigned                 paused:1;     /* or it is paused */
} procore_replay_run_t;


/* Something is not known that could be refused with this rank, or a better. */

void procore_replay_open(procore_replay_run_t *run, procore_why_e why,
    procore_rank_e rank);

/*
 * The token, its company, and the company that the candidate binds it to: what
 * is known goes to the judge.
 */

void procore_replay_token(procore_replay_run_t *run);

/*
 * The record's part of a request's head, in the order of the gate: before the
 * path, and after it; and its body.
 */

void procore_replay_record(procore_replay_run_t *run);
void procore_replay_record_header(procore_replay_run_t *run);
void procore_replay_record_path(procore_replay_run_t *run);
void procore_replay_record_query(procore_replay_run_t *run);
void procore_replay_record_body(procore_replay_run_t *run);

/*
 * What a record tells of a project that the store does not know (any more).
 * PROCORE_OK with *owner set; PROCORE_NOT_FOUND: Procore's list did not have
 * it; PROCORE_ERROR: nothing.
 */

int procore_replay_record_project(procore_replay_run_t *run, uint64_t id,
    procore_judge_owner_t *owner);


#endif /* PROCORE_REPLAY_RUN_H */

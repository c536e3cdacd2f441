
/*
 * The token of a request of the past: its company, by the store, by the input,
 * or by the candidate.
 */


#include "procore_replay_run.h"


static void procore_replay_binding(procore_replay_run_t *run);
static int procore_replay_stored(procore_replay_run_t *run);
static void procore_replay_told(procore_replay_run_t *run);
static void procore_replay_bind(procore_replay_run_t *run);


void
procore_replay_token(procore_replay_run_t *run)
{
    int                         credentials;
    procore_str_t               token;
    const procore_past_t       *past;
    static const procore_str_t  some = procore_str("Bearer x");

    past = run->past;

    credentials = past->query == PROCORE_PART_TEXT
                  && procore_judge_credentials(&past->query_text);

    procore_replay_binding(run);

    (void) procore_judge_token(&run->judge,
                               past->token == PROCORE_PART_NONE ? NULL : &some,
                               credentials, &token);

    if (past->token == PROCORE_PART_NONE) {
        return;
    }

    procore_judge_binding(&run->judge, run->binding, run->out->company);

    if (run->paused) {
        procore_judge_note(&run->judge, PROCORE_REASON_COMPANY_NOT_ALLOWED,
                           PROCORE_RANK_TOKEN, NULL);
    }

    procore_replay_bind(run);
}


/* Sets run->binding; UNKNOWN: there is no token, or it is open. */

static void
procore_replay_binding(procore_replay_run_t *run)
{
    const procore_past_t  *past;

    past = run->past;
    run->out->client = past->client;

    if (past->token == PROCORE_PART_NONE) {
        return;
    }

    run->appless = !past->client_known;

    if (past->digest_len != 0 && procore_replay_stored(run)) {
        return;
    }

    procore_replay_told(run);
}


/* What the store tells of the token; 0: nothing that counts. */

static int
procore_replay_stored(procore_replay_run_t *run)
{
    int                        rc;
    procore_outcome_t         *out;
    const procore_past_t      *past;
    procore_replay_binding_t   binding;

    past = run->past;
    out = run->out;

    rc = run->replay->token(run->replay->data, past->digest, past->digest_len,
                            &binding);

    if (rc == PROCORE_NOT_FOUND || rc == PROCORE_CONFLICT) {
        return 0;
    }

    if (rc != PROCORE_OK) {
        procore_replay_open(run, PROCORE_WHY_STORE, PROCORE_RANK_TOKEN);
        return 1;
    }

    if (procore_pool_copy(run->pool, &out->client, binding.client,
                          binding.client_len)
        != PROCORE_OK)
    {
        procore_replay_open(run, PROCORE_WHY_MEMORY, PROCORE_RANK_TOKEN);
        return 1;
    }

    run->appless = 0;
    run->paused = binding.paused;

    /* one that was withdrawn since then was good when the request came */

    if (binding.state == PROCORE_BINDING_WITHDRAWN
        && (past->decision == PROCORE_DECISION_NONE
            || past->reason != PROCORE_REASON_REVOKED_TOKEN))
    {
        if (past->binding == PROCORE_PART_UNKNOWN) {
            procore_replay_open(run, PROCORE_WHY_ENDED, PROCORE_RANK_TOKEN);
            return 1;
        }

        return 0;
    }

    run->binding = binding.state;
    out->company = binding.company;

    return 1;
}


/* What the input tells of the token, or is supposed. */

static void
procore_replay_told(procore_replay_run_t *run)
{
    procore_outcome_t     *out;
    const procore_past_t  *past;

    past = run->past;
    out = run->out;

    if (past->binding == PROCORE_PART_TEXT) {
        run->binding = PROCORE_BINDING_BOUND;
        out->company = past->company;

    } else if (past->decision != PROCORE_DECISION_NONE
               && past->reason == PROCORE_REASON_REVOKED_TOKEN)
    {
        run->binding = PROCORE_BINDING_WITHDRAWN;

    } else if (past->binding == PROCORE_PART_NONE
               && past->token == PROCORE_PART_TEXT)
    {
        run->binding = PROCORE_BINDING_UNBOUND;

    } else if (run->replay->company) {
        run->binding = PROCORE_BINDING_BOUND;
        out->company = run->replay->company;

    } else {
        procore_replay_open(run, PROCORE_WHY_TOKEN, PROCORE_RANK_TOKEN);
    }
}


/* procore_scope_company, and a first use. */

static void
procore_replay_bind(procore_replay_run_t *run)
{
    uint64_t          company;
    procore_judge_t  *judge;

    judge = &run->judge;
    judge->client = run->out->client;
    company = run->replay->settings->company;

    if (company && judge->company && judge->company != company) {
        procore_judge_note(judge, PROCORE_REASON_REBIND, PROCORE_RANK_TOKEN,
                           NULL);
        return;
    }

    if (company && run->binding == PROCORE_BINDING_UNBOUND
        && judge->reason == PROCORE_REASON_OK)
    {
        run->binding = PROCORE_BINDING_BOUND;
        run->out->company = company;
        judge->company = company;
    }
}

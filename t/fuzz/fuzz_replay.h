
/*
 * Replays a request by a fixed policy, without a store.
 */


#ifndef PROCORE_FUZZ_REPLAY_H
#define PROCORE_FUZZ_REPLAY_H


#include "../../tools/procore_replay.h"


static inline int
fuzz_replay_token(void *data, const unsigned char *digest, size_t len,
    procore_replay_binding_t *binding)
{
    (void) data;
    (void) binding;

    /* some are known, by a byte */

    if (len == 0 || digest[0] & 1) {
        return PROCORE_NOT_FOUND;
    }

    memset(binding, 0, sizeof(procore_replay_binding_t));
    binding->state = (procore_binding_e) (digest[0] / 2 % 4);
    binding->company = 1001;

    return PROCORE_OK;
}


static inline int
fuzz_replay_project(void *data, uint64_t id, procore_project_t *project)
{
    (void) data;

    memset(project, 0, sizeof(procore_project_t));
    project->company = id % 2 ? 1001 : 2002;

    return id % 3 ? PROCORE_OK : PROCORE_NOT_FOUND;
}


static inline void
fuzz_replay(const procore_past_t *past, procore_pool_t *pool)
{
    procore_replay_t           replay;
    procore_outcome_t          out;
    static procore_settings_t  settings;

    procore_settings_init(&settings, NULL, NULL);
    settings.lookup = 1;
    settings.policy.unlisted_deny = 1;

    memset(&replay, 0, sizeof(procore_replay_t));

    replay.settings = &settings;
    replay.was = &settings;
    replay.now = 1795528800;
    replay.merge_slashes = 1;
    replay.token = fuzz_replay_token;
    replay.project = fuzz_replay_project;

    procore_replay_decide(&replay, past, pool, &out);

    if (out.state == PROCORE_OUTCOME_DECIDED
        ? out.decision == PROCORE_DECISION_NONE || out.why != PROCORE_WHY_NONE
        : out.why == PROCORE_WHY_NONE)
    {
        abort();
    }
}


#endif /* PROCORE_FUZZ_REPLAY_H */

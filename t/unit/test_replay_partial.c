
/*
 * Replay guesses nothing: whatever part of a request is hidden from it, what it
 * decides is what the whole request gets, and with nothing hidden it decides.
 */

#include "replay_samples.h"


/* Parts that an input may not tell. */

enum {
    HIDE_TOKEN = 0x01,
    HIDE_HEADER = 0x02,
    HIDE_QUERY = 0x04,
    HIDE_BODY = 0x08,
    HIDE_TYPE = 0x10,
    HIDE_CLIENT = 0x20,
    HIDE_ALL = 0x3f
};


static procore_settings_t  settings;
static const char         *policy;


static void
partly(const sample_t *sample, unsigned hidden, procore_outcome_t *out)
{
    procore_past_t    past;
    procore_replay_t  replay;

    memset(&past, 0, sizeof(procore_past_t));
    samples_replay(&replay, &settings, &settings);

    past.method = text(sample->method);
    past.target = PROCORE_PART_TEXT;
    past.path = text(sample->path);
    past.preflight_known = PROCORE_PREFLIGHT_OPTIONS;

    if (!(hidden & HIDE_TOKEN)) {
        past.token = sample->token ? PROCORE_PART_TEXT : PROCORE_PART_NONE;
        past.binding = sample->bound ? PROCORE_PART_TEXT : PROCORE_PART_NONE;
        past.company = sample->bound ? OWN : 0;
    }

    if (!(hidden & HIDE_CLIENT)) {
        past.client = text(sample->bound ? "crm" : "");
        past.client_known = 1;
    }

    if (!(hidden & HIDE_HEADER)) {
        past.header = sample->company ? PROCORE_PART_TEXT : PROCORE_PART_NONE;

        if (sample->company) {
            past.companies[past.ncompanies++] = text(sample->company);
        }
    }

    if (!(hidden & HIDE_QUERY)) {
        past.query = sample->query ? PROCORE_PART_TEXT : PROCORE_PART_NONE;
        past.query_text = text(sample->query ? sample->query : "");
    }

    if (!(hidden & HIDE_TYPE)) {
        past.type = PROCORE_PART_TEXT;
        past.length = sample->type ? strlen(sample->body) : 0;

        if (sample->type) {
            past.types[past.ntypes++] = text(sample->type);
        }
    }

    if (!(hidden & HIDE_BODY)) {
        past.body = sample->type ? PROCORE_PART_TEXT : PROCORE_PART_NONE;
        past.body_text = text(sample->type ? sample->body : "");
    }

    procore_pool_reset(&replay_pool);
    procore_replay_decide(&replay, &past, &replay_pool, out);
}


static unsigned long  decided, undecided, wrong, unsure;


static void
try_sample(const sample_t *sample)
{
    unsigned            hidden;
    procore_judge_t     judge;
    procore_reason_e    reason;
    procore_decision_e  decision;
    procore_outcome_t   out;

    if (!samples_whole(&settings, sample, &judge, &decision)) {
        return;
    }

    reason = judge.reason;

    for (hidden = 0; hidden <= HIDE_ALL; hidden++) {

        partly(sample, hidden, &out);

        if (out.state != PROCORE_OUTCOME_DECIDED) {
            undecided++;

            if (hidden == 0) {
                wrong++;
                printf("# nothing is hidden, and undecided: %s\n",
                       procore_whys[out.why].name);
            }

            continue;
        }

        decided++;
        unsure += !out.sure;

        if (out.decision == decision
            && (out.reason == reason || (!out.sure && hidden != 0)))
        {
            continue;
        }

        if (wrong++ < 10) {
            printf("# \"%s\" %s %s?%s header %s %s %s bound %d token %d, "
                   "hidden %02x: %s %s, told %s %s\n", policy, sample->method,
                   sample->path, sample->query ? sample->query : "",
                   sample->company ? sample->company : "-",
                   sample->type ? sample->type : "",
                   sample->type ? sample->body : "", sample->bound,
                   sample->token, hidden, procore_decision_names[decision],
                   (const char *) procore_reasons[reason].name.data,
                   procore_decision_names[out.decision],
                   (const char *) procore_reasons[out.reason].name.data);
        }
    }
}


int
main(void)
{
    size_t  i;

    for (i = 0; i < COUNT(policies); i++) {
        wrong = 0;
        policy = policies[i];
        procore_pool_reset(&settings_pool);
        samples_policy(policy, &settings);
        samples_each(try_sample);
        is_int((long long) wrong, 0, "\"%s\": nothing is guessed", policy);
    }

    ok(decided > 100000, "%lu were decided", decided);
    ok(undecided > 100000, "%lu were not", undecided);
    ok(unsure > 0 && unsure < decided, "%lu without a certain reason", unsure);

    samples_free();

    return done_testing();
}

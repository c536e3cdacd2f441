
/*
 * Replay of records: the audit of any configuration, replayed with any other
 * candidate, tells what the gate decides by that, or that it cannot tell.
 */

#include "replay_samples.h"


static procore_settings_t  was, now;
static const char         *was_policy, *now_policy;
static unsigned long       decided, undecided, wrong;


static void
add_claim(procore_past_t *past, const procore_judge_claim_t *claim)
{
    procore_past_claim_t  *to;

    if (past->nclaims == PROCORE_PAST_CLAIMS) {
        return;
    }

    to = &past->claims[past->nclaims++];

    to->carrier = claim->carrier;
    to->kind = claim->kind;
    to->verdict = claim->verdict;
    to->name = claim->name;
    to->value = claim->value;
}


/* The record that the gate writes; "told": with the member "unread". */

static void
make_record(const sample_t *sample, const procore_judge_t *judge,
    procore_decision_e decision, int told, procore_past_t *past)
{
    size_t  i;

    memset(past, 0, sizeof(procore_past_t));

    past->audit = 1;
    past->request = 1;
    past->client_known = 1;
    past->method = text(sample->method);
    past->target = PROCORE_PART_TEXT;
    past->path = text(sample->path);
    past->header = PROCORE_PART_CLAIMS;
    past->query = PROCORE_PART_CLAIMS;
    past->body = PROCORE_PART_CLAIMS;
    past->preflight_known = PROCORE_PREFLIGHT;
    past->decision = decision;
    past->reason = judge->reason;
    past->token = sample->token ? PROCORE_PART_TEXT : PROCORE_PART_NONE;
    past->binding = sample->bound ? PROCORE_PART_TEXT : PROCORE_PART_NONE;
    past->company = sample->bound ? OWN : 0;
    past->client = text(sample->bound ? "crm" : "");

    if (judge->deciding) {
        add_claim(past, judge->deciding);
    }

    for (i = 0; i < judge->nclaims; i++) {
        if (judge->deciding == NULL
            || judge->claims[i].name.data != judge->deciding->name.data)
        {
            add_claim(past, &judge->claims[i]);
        }
    }

    for (i = 0; i < judge->nunlisted; i++) {
        past->names[past->nnames++] = judge->unlisted[i];
    }

    if (!told) {
        return;
    }

    past->unread_known = 1;
    past->unread = judge->unread;

    /* refused by its head, or of a type without a reader */

    if (sample->type && judge->body == NULL && !judge->unsupported
        && judge->rank < PROCORE_RANK_UNCERTAIN)
    {
        past->unread |= 1u << PROCORE_IN_BODY;
    }
}


/* A record, and the replay of it; both "told" and not. */

static void
try_record(const sample_t *sample, int told)
{
    procore_judge_t     then, judge;
    procore_past_t      past;
    procore_reason_e    reason;
    procore_replay_t    replay;
    procore_decision_e  before, decision;
    procore_outcome_t   out;

    if (!samples_whole(&was, sample, &then, &before)) {
        return;
    }

    make_record(sample, &then, before, told, &past);
    reason = then.reason;

    procore_pool_reset(&replay_pool);
    samples_replay(&replay, &now, &was);
    procore_replay_decide(&replay, &past, &replay_pool, &out);

    if (out.state != PROCORE_OUTCOME_DECIDED) {
        undecided++;
        return;
    }

    decided++;

    /* this ends the record's texts */

    if (!samples_whole(&now, sample, &judge, &decision)
        || (out.decision == decision
            && (!out.sure || out.reason == judge.reason))
        || wrong++ > 5)
    {
        return;
    }

    printf("# %s %s?%s header %s %s %s bound %d token %d unread %d, "
           "\"%s\" %s %s, \"%s\": %s %s, told %s %s\n",
           sample->method, sample->path, sample->query ? sample->query : "",
           sample->company ? sample->company : "-",
           sample->type ? sample->type : "", sample->type ? sample->body : "",
           sample->bound, sample->token, told, was_policy,
           procore_decision_names[before],
           (const char *) procore_reasons[reason].name.data, now_policy,
           procore_decision_names[decision],
           (const char *) procore_reasons[judge.reason].name.data,
           procore_decision_names[out.decision],
           (const char *) procore_reasons[out.reason].name.data);
}


static void
try_sample(const sample_t *sample)
{
    /* the record of a request that bound its token is another one */

    if (was.company && sample->token && !sample->bound) {
        return;
    }

    try_record(sample, 0);
    try_record(sample, 1);
}


int
main(void)
{
    size_t  i, n;

    for (i = 0; i < COUNT(policies); i++) {
        wrong = 0;
        was_policy = policies[i];

        for (n = 0; n < COUNT(policies); n++) {
            now_policy = policies[n];
            procore_pool_reset(&settings_pool);
            samples_policy(was_policy, &was);
            samples_policy(now_policy, &now);
            samples_each(try_sample);
        }

        is_int((long long) wrong, 0, "written by \"%s\": nothing is guessed",
               was_policy);
    }

    ok(decided > 100000, "%lu were decided", decided);
    ok(undecided > 10000, "%lu were not", undecided);

    samples_free();

    return done_testing();
}


/*
 * Judges a request of the past by a candidate configuration, with the gate's
 * own judge, as far as the input tells.
 */


#include <string.h>

#include "procore_replay_run.h"
#include "procore_replay_text.h"
#include "../src/judge/procore_target.h"


static void *procore_replay_alloc(void *data, size_t size);
static int procore_replay_owner(void *data, uint64_t project,
    procore_judge_owner_t *owner);
static int procore_replay_skip(procore_replay_run_t *run);
static int procore_replay_preflight(procore_replay_run_t *run);
static int procore_replay_head(procore_replay_run_t *run);
static void procore_replay_unbound(procore_replay_run_t *run);
static void procore_replay_body(procore_replay_run_t *run);
static void procore_replay_body_text(procore_replay_run_t *run,
    const procore_judge_body_t *head);
static int procore_replay_refused(procore_replay_run_t *run);
static int procore_replay_by_app(const procore_policy_t *policy);
static void procore_replay_end(procore_replay_run_t *run,
    procore_decision_e decision);


static const procore_judge_calls_t  procore_replay_calls = {
    procore_replay_alloc, procore_replay_owner, NULL
};


void
procore_replay_decide(const procore_replay_t *replay,
    const procore_past_t *past, procore_pool_t *pool, procore_outcome_t *out)
{
    procore_replay_run_t  run;

    memset(out, 0, sizeof(procore_outcome_t));
    memset(&run, 0, sizeof(procore_replay_run_t));

    run.replay = replay;
    run.past = past;
    run.pool = pool;
    run.out = out;
    run.open = PROCORE_RANK_NONE;
    run.named = PROCORE_RANK_PATH;

    procore_judge_init(&run.judge, &replay->settings->policy,
                       &procore_replay_calls, &run, replay->now);

    if (procore_replay_skip(&run) || procore_replay_preflight(&run)) {
        return;
    }

    procore_replay_token(&run);

    if (procore_replay_head(&run) != PROCORE_OK || procore_replay_refused(&run))
    {
        return;
    }

    if (run.why != PROCORE_WHY_NONE) {

        /* the head may be refused, and then the body is not read */

        run.open = PROCORE_RANK_TOKEN;
    }

    procore_replay_body(&run);
    procore_judge_whole(&run.judge);

    if (run.why == PROCORE_WHY_NONE) {
        procore_judge_nameless(&run.judge);
    }

    if (procore_replay_refused(&run)) {
        return;
    }

    if (run.why != PROCORE_WHY_NONE) {
        out->state = PROCORE_OUTCOME_UNDECIDABLE;
        out->why = run.why;
        return;
    }

    procore_judge_unknown(&run.judge);
    procore_replay_end(&run, procore_judge_decide(&run.judge));
}


void
procore_replay_open(procore_replay_run_t *run, procore_why_e why,
    procore_rank_e rank)
{
    if (run->why == PROCORE_WHY_NONE) {
        run->why = why;
    }

    if (rank < run->open) {
        run->open = rank;
    }
}


static void *
procore_replay_alloc(void *data, size_t size)
{
    procore_replay_run_t *run = data;

    void  *p;

    p = procore_pool_alloc(run->pool, size);

    if (p == NULL) {
        procore_replay_open(run, PROCORE_WHY_MEMORY, PROCORE_RANK_TOKEN);
    }

    return p;
}


/*
 * The gate asks Procore's list for a project whose time is over.  Here, what
 * was known when the request came, or has been learnt since, stands for it.
 */

static int
procore_replay_owner(void *data, uint64_t id, procore_judge_owner_t *owner)
{
    procore_replay_run_t *run = data;

    int                rc;
    uint64_t           when;
    procore_project_t  project;

    memset(owner, 0, sizeof(procore_judge_owner_t));

    when = run->past->seconds && run->past->seconds < run->replay->now
           ? run->past->seconds : run->replay->now;

    rc = run->replay->project(run->replay->data, id, &project);

    if (rc == PROCORE_OK
        && (project.valid_for == 0
            || project.learnt_at + project.valid_for > when))
    {
        owner->company = project.company;
        owner->imported = project.valid_for == 0;
        return PROCORE_OK;
    }

    if (rc != PROCORE_OK && rc != PROCORE_NOT_FOUND) {
        procore_replay_open(run, PROCORE_WHY_STORE, run->named);
        return PROCORE_NOT_FOUND;
    }

    if (run->past->audit) {
        rc = procore_replay_record_project(run, id, owner);

        if (rc != PROCORE_ERROR) {
            return rc;
        }
    }

    if (run->replay->settings->lookup) {
        procore_replay_open(run, PROCORE_WHY_PROJECT, run->named);
    }

    return PROCORE_NOT_FOUND;
}


/* What is no request to the API. */

static int
procore_replay_skip(procore_replay_run_t *run)
{
    const procore_past_t  *past;
    static const char      login[] = "/oauth/";

    past = run->past;

    if (past->audit && !past->request) {
        run->out->why = PROCORE_WHY_ACTION;

    } else if (past->elsewhere) {
        run->out->why = PROCORE_WHY_HOST;

    } else if (past->nginx) {
        run->out->why = PROCORE_WHY_NGINX;

    } else if ((past->audit || run->replay->settings->oauth)
               && past->path.len >= sizeof(login) - 1
               && memcmp(past->path.data, login, sizeof(login) - 1) == 0)
    {
        run->out->why = PROCORE_WHY_LOGIN;

    } else {
        return 0;
    }

    run->out->state = PROCORE_OUTCOME_SKIPPED;

    return 1;
}


static int
procore_replay_preflight(procore_replay_run_t *run)
{
    unsigned               known;
    const procore_past_t  *past;

    past = run->past;
    known = past->preflight_known;

    if (known & ~past->preflight) {
        return 0;
    }

    if (known != PROCORE_PREFLIGHT) {
        run->out->state = PROCORE_OUTCOME_UNDECIDABLE;
        run->out->why = PROCORE_WHY_HEADER;
        return 1;
    }

    (void) procore_judge_preflight(&run->judge, past->preflight);
    procore_replay_end(run, procore_judge_decide(&run->judge));

    return 1;
}


/*
 * Path list, header, path and query, in the order of the gate.  PROCORE_OK, or
 * PROCORE_NOT_FOUND: nginx refuses it, *out is set.
 */

static int
procore_replay_head(procore_replay_run_t *run)
{
    size_t                  i;
    unsigned char          *room;
    procore_target_t        parsed;
    const procore_past_t   *past;
    procore_judge_target_t  target;

    past = run->past;

    memset(&target, 0, sizeof(procore_judge_target_t));

    if (past->target == PROCORE_PART_TEXT) {

        room = procore_replay_alloc(run, past->path.len + 1);
        if (room == NULL) {
            return PROCORE_OK;
        }

        if (procore_target_read(&past->path, 0,
                                (int) run->replay->merge_slashes, room,
                                &parsed)
            != PROCORE_OK)
        {
            run->out->state = PROCORE_OUTCOME_SKIPPED;
            run->out->why = PROCORE_WHY_NGINX;
            return PROCORE_NOT_FOUND;
        }

        target.raw = past->path;
        target.normal = parsed.uri;
        target.uri = parsed.uri;
        target.as_sent = 1;
        target.fragment = parsed.fragment;

        if (past->query == PROCORE_PART_TEXT) {
            target.query = past->query_text;
            target.fragment |= memchr(past->query_text.data, '#',
                                      past->query_text.len) != NULL;
        }

        procore_judge_target_list(&run->judge, &target);

    } else {
        procore_replay_open(run, past->path_hidden ? PROCORE_WHY_PATH_HIDDEN
                                                   : PROCORE_WHY_PATH_CUT,
                            PROCORE_RANK_TOKEN);
    }

    if (past->audit) {
        procore_replay_record(run);
        procore_replay_record_header(run);

    } else if (past->header == PROCORE_PART_UNKNOWN) {
        procore_replay_open(run, PROCORE_WHY_HEADER,
                            PROCORE_RANK_HEADER_MALFORMED);
    }

    for (i = 0; i < past->ncompanies; i++) {
        procore_judge_company_line(&run->judge, &past->companies[i]);
    }

    if (past->target == PROCORE_PART_TEXT) {
        (void) procore_judge_target(&run->judge, &target);

    } else if (past->audit) {
        procore_replay_record_path(run);
    }

    if (past->audit) {
        procore_replay_record_query(run);

    } else if (past->query == PROCORE_PART_UNKNOWN) {
        procore_replay_open(run, PROCORE_WHY_QUERY_HIDDEN, PROCORE_RANK_TOKEN);
    }

    procore_replay_unbound(run);

    return PROCORE_OK;
}


static void
procore_replay_unbound(procore_replay_run_t *run)
{
    int                    reads, discovery;
    procore_judge_t       *judge;
    const procore_past_t  *past;

    past = run->past;
    judge = &run->judge;

    reads = procore_replay_is(&past->method, "GET")
            || procore_replay_is(&past->method, "HEAD");

    discovery = reads && !judge->named
                && (judge->path == PROCORE_PATH_COMPANIES
                    || judge->path == PROCORE_PATH_ME);

    if (judge->company == 0) {

        if (run->binding != PROCORE_BINDING_UNBOUND
            || past->target != PROCORE_PART_TEXT)
        {
            return;
        }

        if (discovery && run->why != PROCORE_WHY_NONE) {

            /* what is open may name something, and then it is unbound */

            run->open = PROCORE_RANK_TOKEN;
        }

        if (run->replay->settings->first_use && !discovery) {
            procore_replay_open(run, PROCORE_WHY_MAY_BIND, PROCORE_RANK_TOKEN);
            return;
        }

    } else if (run->why != PROCORE_WHY_NONE) {

        /* what is open may name something */

        return;

    } else if (past->audit && !reads && !judge->named
               && (judge->path == PROCORE_PATH_COMPANIES
                   || judge->path == PROCORE_PATH_ME)
               && !judge->policy->header
               && judge->policy->mode == PROCORE_MODE_ENFORCE)
    {
        /* a record does not tell whether there was a body at all */

        procore_replay_open(run, PROCORE_WHY_BODY, PROCORE_RANK_BODY);
        return;
    }

    procore_judge_unbound(judge, reads, past->body != PROCORE_PART_NONE);
}


static void
procore_replay_body(procore_replay_run_t *run)
{
    procore_str_t          boundary;
    procore_body_e         type;
    const procore_past_t  *past;
    procore_judge_body_t   head;

    past = run->past;
    run->named = PROCORE_RANK_BODY;

    if (past->body == PROCORE_PART_NONE) {
        return;
    }

    if (past->audit) {
        procore_replay_record_body(run);
        return;
    }

    if (past->type != PROCORE_PART_TEXT) {
        procore_replay_open(run, past->body == PROCORE_PART_TEXT
                                 ? PROCORE_WHY_HEADER : PROCORE_WHY_BODY,
                            PROCORE_RANK_TOKEN);
        return;
    }

    type = procore_body_type(past->types, past->ntypes, past->encodings,
                             past->nencodings, &boundary);

    memset(&head, 0, sizeof(procore_judge_body_t));

    head.types = past->types;
    head.ntypes = past->ntypes;
    head.encodings = past->encodings;
    head.nencodings = past->nencodings;
    head.length = past->length;

    if (past->body == PROCORE_PART_TEXT || type == PROCORE_BODY_UNREAD
        || (type == PROCORE_BODY_UNSUPPORTED && past->length))
    {
        procore_replay_body_text(run, &head);
        return;
    }

    procore_replay_open(run, past->body_changed ? PROCORE_WHY_BODY_CHANGED
                                                : PROCORE_WHY_BODY,
                        PROCORE_RANK_TOKEN);
}


static void
procore_replay_body_text(procore_replay_run_t *run,
    const procore_judge_body_t *head)
{
    procore_sink_t         sink;
    const procore_past_t  *past;

    past = run->past;

    procore_judge_sink(&run->judge, &sink);

    if (procore_judge_body_start(&run->judge, head, &sink, NULL, 0)
        != PROCORE_OK
        || past->body != PROCORE_PART_TEXT)
    {
        return;
    }

    procore_judge_body_feed(&run->judge, past->body_text.data,
                            past->body_text.len);
    procore_judge_body_end(&run->judge);
}


/*
 * Is it refused for certain, whatever else is open?  1: *out is set; 0: it is
 * not.
 */

static int
procore_replay_refused(procore_replay_run_t *run)
{
    procore_reason_e  reason;

    reason = run->judge.reason;

    if (run->judge.rank >= PROCORE_RANK_UNCERTAIN) {
        return 0;
    }

    if (run->appless && procore_replay_by_app(run->judge.policy)
        && (reason == PROCORE_REASON_FOREIGN_COMPANY
            || reason == PROCORE_REASON_FOREIGN_PROJECT))
    {
        run->out->state = PROCORE_OUTCOME_UNDECIDABLE;
        run->out->why = PROCORE_WHY_CLIENT;
        return 1;
    }

    procore_replay_end(run, procore_judge_decide(&run->judge));

    return 1;
}


/* Is there an exception for some apps alone? */

static int
procore_replay_by_app(const procore_policy_t *policy)
{
    size_t  i;

    for (i = 0; i < policy->nexceptions; i++) {
        if (policy->exceptions[i].nclients) {
            return 1;
        }
    }

    return 0;
}


static void
procore_replay_end(procore_replay_run_t *run, procore_decision_e decision)
{
    procore_outcome_t     *out;
    const procore_past_t  *past;

    past = run->past;
    out = run->out;

    out->state = PROCORE_OUTCOME_DECIDED;
    out->decision = decision;
    out->reason = run->judge.reason;
    out->sure = run->judge.rank < run->open
                || (run->judge.rank == PROCORE_RANK_NONE
                    && run->why == PROCORE_WHY_NONE);

    if (past->decision == PROCORE_DECISION_NONE) {
        out->changed = decision != PROCORE_DECISION_ALLOW;

    } else {
        out->changed = decision != past->decision
                       || (out->sure && out->reason != past->reason);
    }
}

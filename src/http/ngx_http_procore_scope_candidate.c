
/*
 * What procore_scope_candidate would have decided: a second judge beside the
 * one that counts.  It reads what that one reads and asks for nothing of its
 * own; where that is not enough, its decision stays open.  Whatever fails here
 * must not touch the request.
 */


#include "ngx_http_procore_scope_candidate.h"
#include "ngx_http_procore_scope_stats.h"


static void ngx_http_procore_scope_candidate_first(
    ngx_http_procore_scope_ctx_t *ctx,
    ngx_http_procore_scope_candidate_t *candidate);
static ngx_uint_t ngx_http_procore_scope_candidate_whole(
    ngx_http_procore_scope_ctx_t *ctx);
static void ngx_http_procore_scope_candidate_unknown(
    ngx_http_procore_scope_ctx_t *ctx,
    ngx_http_procore_scope_candidate_t *candidate);
static procore_judge_unknown_t *ngx_http_procore_scope_candidate_same(
    procore_judge_t *judge, uint64_t id);
static void ngx_http_procore_scope_candidate_count(
    ngx_http_procore_scope_ctx_t *ctx);


void
ngx_http_procore_scope_candidate_start(ngx_http_procore_scope_ctx_t *ctx)
{
    procore_judge_t                     *judge;
    ngx_http_procore_scope_candidate_t  *candidate;

    candidate = ctx->candidate;

    if (ctx->conf->candidate == NULL) {
        ctx->candidate = NULL;
        return;
    }

    if (candidate == NULL) {
        candidate = ngx_palloc(ctx->request->pool,
                               sizeof(ngx_http_procore_scope_candidate_t));
        if (candidate == NULL) {
            return;
        }

        ngx_http_procore_scope_judge_init(ctx, &candidate->judge);

        /* of a body that was read before it is too late to read more */

        candidate->decision = PROCORE_DECISION_NONE;
        candidate->over = 0;
        candidate->open = ctx->body_started;

        ctx->candidate = candidate;
    }

    judge = &candidate->judge;

    judge->policy = &ctx->conf->candidate->policy;
    judge->bearer = ctx->judge.bearer;
    judge->company = ctx->judge.company;
    judge->client = ctx->judge.client;
    judge->first_use = ctx->judge.first_use;

    if (ctx->judge.rank == PROCORE_RANK_TOKEN
        || ctx->judge.rank == PROCORE_RANK_STORE_FAILED)
    {
        procore_judge_note(judge, ctx->judge.reason, ctx->judge.rank, NULL);
    }
}


void
ngx_http_procore_scope_candidate_body(ngx_http_procore_scope_ctx_t *ctx,
    const procore_judge_body_t *head)
{
    procore_sink_t  sink;

    procore_judge_sink(&ctx->candidate->judge, &sink);

    if (procore_judge_body_start(&ctx->candidate->judge, head, &sink, NULL, 0)
        == PROCORE_ERROR)
    {
        ctx->candidate = NULL;
    }
}


void
ngx_http_procore_scope_candidate_end(ngx_http_procore_scope_ctx_t *ctx)
{
    procore_judge_t                     *judge;
    ngx_http_procore_scope_candidate_t  *candidate;

    candidate = ctx->candidate;

    if (candidate == NULL || ctx->request != ctx->request->main
        || ctx->decision == NGX_HTTP_PROCORE_SCOPE_UNDECIDED
        || ctx->endpoint != PROCORE_OAUTH_NONE || ctx->relay)
    {
        ctx->candidate = NULL;
        return;
    }

    judge = &candidate->judge;

    if (!ngx_http_procore_scope_candidate_whole(ctx)) {
        candidate->open = 1;
    }

    procore_judge_whole(judge);

    if (judge->first_use) {
        ngx_http_procore_scope_candidate_first(ctx, candidate);
    }

    if (!candidate->open) {
        procore_judge_nameless(judge);
    }

    ngx_http_procore_scope_candidate_unknown(ctx, candidate);
    ngx_http_procore_scope_judge_end(ctx);

    /* what is refused for certain is so, whatever else could not be seen */

    if (!candidate->open || judge->rank < PROCORE_RANK_UNCERTAIN) {
        candidate->decision = procore_judge_decide(judge);
    }

    candidate->over = 1;

    ngx_http_procore_scope_candidate_count(ctx);
}


/* Has the judge that counts seen the body to its end, or is there none? */

static ngx_uint_t
ngx_http_procore_scope_candidate_whole(ngx_http_procore_scope_ctx_t *ctx)
{
    if (ctx->body_started) {
        return ctx->body_read || ctx->body_seen;
    }

    return !ngx_http_procore_scope_has_body(ctx->request);
}


static void
ngx_http_procore_scope_candidate_first(ngx_http_procore_scope_ctx_t *ctx,
    ngx_http_procore_scope_candidate_t *candidate)
{
    procore_judge_t  *judge;

    judge = &candidate->judge;

    if (ctx->judge.company == 0) {
        procore_judge_note(judge, PROCORE_REASON_UNBOUND, PROCORE_RANK_TOKEN,
                           NULL);
        return;
    }

    if (procore_judge_first_company(judge) == ctx->judge.company) {
        procore_judge_first_bound(judge, ctx->judge.company);
        return;
    }

    candidate->open = 1;
}


/*
 * Projects that the store did not know: what the other judge has learnt of them
 * is taken over.  Nobody has asked for one that it did not come to.
 */

static void
ngx_http_procore_scope_candidate_unknown(ngx_http_procore_scope_ctx_t *ctx,
    ngx_http_procore_scope_candidate_t *candidate)
{
    ngx_uint_t                i, asked;
    procore_judge_t          *judge;
    procore_judge_owner_t     owner;
    procore_judge_unknown_t  *unknown, *same;

    judge = &candidate->judge;
    asked = ctx->judge.rank >= PROCORE_RANK_UNCERTAIN;

    for (i = 0; i < judge->nunknown; i++) {

        unknown = &judge->unknown[i];

        if (judge->calls->owner(judge->data, unknown->id, &owner)
            == PROCORE_OK)
        {
            unknown->verdict = owner.company == judge->company
                               ? PROCORE_VERDICT_OWN : PROCORE_VERDICT_FOREIGN;
            continue;
        }

        same = ngx_http_procore_scope_candidate_same(&ctx->judge, unknown->id);

        if (same && asked && same->verdict != PROCORE_VERDICT_UNJUDGED
            && ctx->judge.reason != PROCORE_REASON_LOOKUP_FAILED)
        {
            unknown->verdict = same->verdict;
            continue;
        }

        unknown->verdict = PROCORE_VERDICT_UNJUDGED;

        if (same && asked) {
            procore_judge_note(judge, PROCORE_REASON_LOOKUP_FAILED,
                               PROCORE_RANK_LOOKUP_FAILED, NULL);

        } else {
            candidate->open = 1;
        }
    }

    procore_judge_unknown(judge);

    if (judge->rank == PROCORE_RANK_UNKNOWN_PROJECT) {

        /* one such project is enough */

        candidate->open = 0;
    }
}


static procore_judge_unknown_t *
ngx_http_procore_scope_candidate_same(procore_judge_t *judge, uint64_t id)
{
    size_t  i;

    for (i = 0; i < judge->nunknown; i++) {
        if (judge->unknown[i].id == id) {
            return &judge->unknown[i];
        }
    }

    return NULL;
}


/* "would_deny" is a refusal here: settings are compared, not modes. */

static void
ngx_http_procore_scope_candidate_count(ngx_http_procore_scope_ctx_t *ctx)
{
    ngx_uint_t                     now, then;
    ngx_http_procore_scope_stat_e  stat;

    now = ctx->decision == NGX_HTTP_PROCORE_SCOPE_DENY
          || ctx->decision == NGX_HTTP_PROCORE_SCOPE_WOULD_DENY;
    then = ctx->candidate->decision == PROCORE_DECISION_DENY;

    if (ctx->candidate->decision == PROCORE_DECISION_NONE) {
        stat = NGX_HTTP_PROCORE_SCOPE_STAT_CANDIDATE_OPEN;

    } else if (now == then) {
        stat = NGX_HTTP_PROCORE_SCOPE_STAT_CANDIDATE_SAME;

    } else {
        stat = then ? NGX_HTTP_PROCORE_SCOPE_STAT_CANDIDATE_DENIES
                    : NGX_HTTP_PROCORE_SCOPE_STAT_CANDIDATE_ALLOWS;
    }

    ngx_http_procore_scope_count(stat, 1);
}

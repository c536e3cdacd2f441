
/*
 * Counting for the would-be-install report.
 *
 * There are two tables: requests are counted in one, while the writer's thread
 * reads the other.  A table that could not be written is kept and tried again;
 * what finds no room meanwhile is counted as lost.
 */


#include "ngx_http_procore_scope_report.h"
#include "ngx_http_procore_scope_stats.h"


/* What a crash may lose, and the pause before another try, in milliseconds. */

#define NGX_HTTP_PROCORE_SCOPE_REPORT_FLUSH   2000
#define NGX_HTTP_PROCORE_SCOPE_REPORT_RETRY   10000


typedef struct {
    procore_report_count_t  *counting;
    procore_report_count_t  *writing;    /* empty, or on its way */
    ngx_event_t              flush;
    ngx_log_t               *log;
    unsigned                 busy:1;     /* the writer has it */
    unsigned                 failed:1;   /* said so */
} ngx_http_procore_scope_report_t;


static ngx_uint_t ngx_http_procore_scope_report_skips(
    ngx_http_procore_scope_ctx_t *ctx);
static void ngx_http_procore_scope_report_unknown(
    ngx_http_procore_scope_ctx_t *ctx, procore_judge_t *judge);
static void ngx_http_procore_scope_report_fill(
    ngx_http_procore_scope_ctx_t *ctx, procore_report_seen_t *seen);
static void ngx_http_procore_scope_report_flush(ngx_event_t *ev);
static ngx_int_t ngx_http_procore_scope_report_send_batch(void);
static void ngx_http_procore_scope_report_written(void *data,
    procore_store_op_t *op);
static void ngx_http_procore_scope_report_failed(int rc);


/* counting NULL: this process does not count */

static ngx_http_procore_scope_report_t  report;


ngx_int_t
ngx_http_procore_scope_report_init(ngx_cycle_t *cycle)
{
    ngx_memzero(&report, sizeof(ngx_http_procore_scope_report_t));

    report.writing = ngx_palloc(cycle->pool, sizeof(procore_report_count_t));
    report.counting = ngx_palloc(cycle->pool, sizeof(procore_report_count_t));

    if (report.writing == NULL || report.counting == NULL) {
        return NGX_ERROR;
    }

    procore_report_count_init(report.writing);
    procore_report_count_init(report.counting);

    report.log = cycle->log;
    report.flush.handler = ngx_http_procore_scope_report_flush;
    report.flush.data = &report;
    report.flush.log = cycle->log;
    report.flush.cancelable = 1;

    return NGX_OK;
}


void
ngx_http_procore_scope_report_exit(void)
{
    procore_report_count_t  *rest;

    if (report.counting == NULL) {
        return;
    }

    if (report.flush.timer_set) {
        ngx_del_timer(&report.flush);
    }

    /* the tables outlive the writer, whose thread has ended */

    if (!report.busy && !procore_report_count_empty(report.writing)) {
        (void) ngx_http_procore_scope_report_send_batch();
    }

    rest = report.counting;
    report.counting = NULL;

    if (!procore_report_count_empty(rest)) {
        report.writing = rest;
        (void) ngx_http_procore_scope_report_send_batch();
    }
}


void
ngx_http_procore_scope_report_named(void *data, uint64_t company,
    procore_carrier_e carrier, unsigned how)
{
    ngx_http_procore_scope_ctx_t *ctx = data;

    procore_report_named_t  *named;

    if (how & PROCORE_NAMED_UNKNOWN) {
        ctx->named_unknown = 1;
        return;
    }

    if (ctx->nnamed == NGX_HTTP_PROCORE_SCOPE_NAMED
        && ctx->named == ctx->few_named
        && !procore_report_is_named(ctx->named, ctx->nnamed, company))
    {
        named = ngx_palloc(ctx->request->pool,
                           PROCORE_REPORT_NAMED_ROOM
                           * sizeof(procore_report_named_t));

        if (named) {
            ngx_memcpy(named, ctx->named, sizeof(ctx->few_named));
            ctx->named = named;
        }
    }

    ctx->nnamed = procore_report_name(ctx->named, ctx->nnamed,
                                      ctx->named == ctx->few_named
                                      ? NGX_HTTP_PROCORE_SCOPE_NAMED
                                      : PROCORE_REPORT_NAMED_ROOM,
                                      company, carrier,
                                      (how & PROCORE_NAMED_PROJECT) != 0,
                                      (how & PROCORE_NAMED_EXCEPTED) != 0);
}


void
ngx_http_procore_scope_report_seen(ngx_http_procore_scope_ctx_t *ctx)
{
    procore_report_seen_t  seen;

    if (report.counting == NULL || ngx_http_procore_scope_report_skips(ctx)) {
        return;
    }

    ngx_http_procore_scope_report_unknown(ctx, &ctx->judge);

    if (ctx->watch) {
        ngx_http_procore_scope_report_unknown(ctx, ctx->watch);
    }

    ngx_http_procore_scope_report_fill(ctx, &seen);

    if (procore_report_count(report.counting, &seen) != PROCORE_OK) {
        ngx_http_procore_scope_count(NGX_HTTP_PROCORE_SCOPE_STAT_REPORT_LOST,
                                     1);
    }

    if (!report.flush.timer_set) {
        ngx_add_timer(&report.flush, NGX_HTTP_PROCORE_SCOPE_REPORT_FLUSH);
    }

    if (!report.busy && procore_report_count_empty(report.writing)
        && procore_report_count_due(report.counting))
    {
        ngx_http_procore_scope_report_flush(&report.flush);
    }
}


/* Only requests to the API count, and only where a decision was made. */

static ngx_uint_t
ngx_http_procore_scope_report_skips(ngx_http_procore_scope_ctx_t *ctx)
{
    return ctx->request != ctx->request->main
           || !ctx->started || ctx->relay != NULL
           || ctx->endpoint != PROCORE_OAUTH_NONE
           || ctx->decision == NGX_HTTP_PROCORE_SCOPE_UNDECIDED
           || ctx->judge.reason == PROCORE_REASON_PREFLIGHT
           || (!ctx->digested
               && ctx->judge.bearer != PROCORE_BEARER_AMBIGUOUS);
}


/* Projects that were looked up: whose they are may be known now. */

static void
ngx_http_procore_scope_report_unknown(ngx_http_procore_scope_ctx_t *ctx,
    procore_judge_t *judge)
{
    ngx_uint_t                i;
    procore_judge_owner_t     owner;
    procore_judge_unknown_t  *unknown;

    unknown = judge->unknown;

    for (i = 0; i < judge->nunknown; i++) {

        if (unknown[i].verdict == PROCORE_VERDICT_OWN
            || unknown[i].verdict == PROCORE_VERDICT_EXCEPTED)
        {
            continue;
        }

        if (judge->calls->owner(ctx, unknown[i].id, &owner) != PROCORE_OK) {
            ctx->named_unknown = 1;
            continue;
        }

        if (owner.company != ctx->judge.company) {
            ngx_http_procore_scope_report_named(ctx, owner.company,
                                                unknown[i].claim
                                                ? unknown[i].claim->carrier
                                                : PROCORE_IN_BODY,
                                                PROCORE_NAMED_PROJECT);
        }
    }

    ngx_http_procore_scope_judge_end(ctx);
}


static void
ngx_http_procore_scope_report_fill(ngx_http_procore_scope_ctx_t *ctx,
    procore_report_seen_t *seen)
{
    ngx_time_t                 *tp;
    ngx_http_request_t         *r;
    ngx_http_variable_value_t  *id;

    r = ctx->request;
    tp = ngx_timeofday();

    ngx_memzero(seen, sizeof(procore_report_seen_t));

    seen->realm = ctx->conf->realm;
    seen->realm_name.len = ctx->conf->realm_name.len;
    seen->realm_name.data = ctx->conf->realm_name.data;
    seen->client = ctx->judge.client;
    seen->now = (uint64_t) tp->sec * 1000 + tp->msec;

    if (ctx->known == PROCORE_OK) {
        seen->kind = PROCORE_REPORT_FAMILY;
        seen->user = ctx->binding.family;
        seen->person = ctx->binding.user == PROCORE_STORE_SERVICE
                       ? 0 : ctx->binding.user;

    } else if (ctx->digested) {
        seen->kind = PROCORE_REPORT_TOKEN;
        seen->user = ctx->digest;
    }

    seen->bound = ctx->judge.company;
    seen->unbound = ctx->judge.reason == PROCORE_REASON_UNBOUND
                    && ctx->decision != NGX_HTTP_PROCORE_SCOPE_ALLOW;
    seen->prevented = ctx->decision == NGX_HTTP_PROCORE_SCOPE_DENY;
    seen->unknown = ctx->named_unknown;
    seen->unauthorized = r->upstream
                         && r->upstream->headers_in.status_n
                            == NGX_HTTP_UNAUTHORIZED;
    seen->named = ctx->named;
    seen->nnamed = ctx->nnamed;

    if (ctx->nnamed == 0 || seen->unauthorized) {
        return;
    }

    id = ngx_http_procore_scope_request_id(r);

    if (id) {
        seen->example.len = id->len;
        seen->example.data = id->data;
    }
}


static void
ngx_http_procore_scope_report_flush(ngx_event_t *ev)
{
    procore_report_count_t  *counting;

    if (report.busy) {
        return;
    }

    if (ev->timer_set) {
        ngx_del_timer(ev);
    }

    if (procore_report_count_empty(report.writing)) {

        if (procore_report_count_empty(report.counting)) {
            return;
        }

        counting = report.counting;
        report.counting = report.writing;
        report.writing = counting;
    }

    if (ngx_http_procore_scope_report_send_batch() != NGX_OK) {
        ngx_http_procore_scope_report_failed(PROCORE_ERROR);
        return;
    }

    report.busy = 1;
}


static ngx_int_t
ngx_http_procore_scope_report_send_batch(void)
{
    procore_store_op_t  op;

    ngx_memzero(&op, sizeof(procore_store_op_t));

    op.type = PROCORE_STORE_REPORT;
    op.now = (uint64_t) ngx_time();
    op.report = &report.writing->batch;

    return ngx_http_procore_scope_store_write(&op,
                                        ngx_http_procore_scope_report_written,
                                              NULL);
}


static void
ngx_http_procore_scope_report_written(void *data, procore_store_op_t *op)
{
    report.busy = 0;

    if (op->rc != PROCORE_OK) {
        ngx_http_procore_scope_report_failed(op->rc);
        return;
    }

    if (report.failed) {
        report.failed = 0;
        ngx_log_error(NGX_LOG_WARN, report.log, 0,
                      "procore_scope: the report can be written again");
    }

    procore_report_count_init(report.writing);

    if (!procore_report_count_empty(report.counting)
        && !report.flush.timer_set)
    {
        ngx_add_timer(&report.flush, NGX_HTTP_PROCORE_SCOPE_REPORT_FLUSH);
    }
}


/* Says when it begins to fail, not each time. */

static void
ngx_http_procore_scope_report_failed(int rc)
{
    if (!report.failed) {
        report.failed = 1;
        ngx_log_error(NGX_LOG_ERR, report.log, 0,
                      "procore_scope: the report of what apps have named "
                      "cannot be written (%s), it is tried again; bindings do "
                      "not depend on it",
                      rc == PROCORE_FULL ? "less than an eighth of the store "
                                           "is free"
                                         : "the store is out of order");
    }

    if (report.flush.timer_set) {
        ngx_del_timer(&report.flush);
    }

    ngx_add_timer(&report.flush, NGX_HTTP_PROCORE_SCOPE_REPORT_RETRY);
}

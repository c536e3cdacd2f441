
/*
 * The phases of a request: reads its head, binds its token where the operator
 * has configured a company, reads its body, looks unknown projects up, decides.
 *
 * The gate is a handler of the PRECONTENT phase.  It is entered again each time
 * that something it has waited for is done, and after internal redirects.
 */


#include "ngx_http_procore_scope_audit.h"
#include "ngx_http_procore_scope_bind.h"
#include "ngx_http_procore_scope_candidate.h"
#include "ngx_http_procore_scope_learn.h"
#include "ngx_http_procore_scope_relay.h"
#include "ngx_http_procore_scope_lookup.h"


static ngx_int_t ngx_http_procore_scope_start(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);
static unsigned ngx_http_procore_scope_preflight(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);
static ngx_int_t ngx_http_procore_scope_body(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);
static ngx_int_t ngx_http_procore_scope_monitor(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);
static ngx_int_t ngx_http_procore_scope_enforce(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);
static ngx_int_t ngx_http_procore_scope_finish(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);
static ngx_int_t ngx_http_procore_scope_pass(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);


static ngx_str_t  ngx_http_procore_scope_company_name =
    ngx_string("Procore-Company-Id");

static ngx_str_t  ngx_http_procore_scope_company_lowcase =
    ngx_string("procore-company-id");


ngx_int_t
ngx_http_procore_scope_gate_handler(ngx_http_request_t *r)
{
    ngx_int_t                           rc;
    ngx_http_procore_scope_ctx_t       *ctx;
    ngx_http_procore_scope_loc_conf_t  *plcf;

    plcf = ngx_http_get_module_loc_conf(r, ngx_http_procore_scope_module);
    ctx = ngx_http_get_module_ctx(r, ngx_http_procore_scope_module);

    if (ctx && (ctx->answer_type == NGX_HTTP_PROCORE_SCOPE_ANSWER_LOOKUP
                || ctx->answer_type == NGX_HTTP_PROCORE_SCOPE_ANSWER_CALL))
    {
        return NGX_DECLINED;
    }

    if (plcf->mode == NGX_HTTP_PROCORE_SCOPE_OFF || plcf->admin) {
        return NGX_DECLINED;
    }

    ngx_log_debug0(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "procore scope gate handler");

    ctx = ngx_http_procore_scope_make_ctx(r);
    if (ctx == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (ctx->refused) {

        /* a post_action of a refused request: nothing of it may go up */

        return NGX_HTTP_CLOSE;
    }

    if (plcf->status) {
        return NGX_DECLINED;
    }

    if (plcf->chooser) {
        return ngx_http_procore_scope_chooser(r, ctx);
    }

    if (!ctx->started && plcf->authorize && r == r->main) {

        if (ctx->relay == NULL) {
            ngx_http_procore_scope_judge_conf(ctx, plcf);
        }

        rc = ngx_http_procore_scope_relay_handler(r, ctx);

        if (rc != NGX_DECLINED) {
            return rc;
        }
    }

    if (!ctx->started) {
        ngx_http_procore_scope_judge_conf(ctx, plcf);

        rc = ngx_http_procore_scope_start(r, ctx);
        ngx_http_procore_scope_judge_end(ctx);

        if (rc != NGX_OK) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        ctx->started = 1;

        if (ctx->endpoint == PROCORE_OAUTH_NONE) {
            ngx_http_procore_scope_audit_require(ctx);
        }
    }

    if (ctx->endpoint != PROCORE_OAUTH_NONE) {
        return ngx_http_procore_scope_oauth_handler(r, ctx);
    }

    if (ctx->decision != NGX_HTTP_PROCORE_SCOPE_UNDECIDED
        || ctx->judge.rank < PROCORE_RANK_UNCERTAIN
        || ctx->judge.rank == PROCORE_RANK_STORE_FAILED
        || ctx->judge.reason == PROCORE_REASON_PREFLIGHT)
    {
        if (ctx->conf->mode == NGX_HTTP_PROCORE_SCOPE_MONITOR) {
            ngx_http_procore_scope_watch_body(ctx);
        }

        return ngx_http_procore_scope_finish(r, ctx);
    }

    if (ctx->to_bind) {
        rc = ngx_http_procore_scope_bind_token(r, ctx);

        if (rc != NGX_OK) {
            return rc;
        }
    }

    if (ctx->conf->mode == NGX_HTTP_PROCORE_SCOPE_MONITOR) {
        return ngx_http_procore_scope_monitor(r, ctx);
    }

    return ngx_http_procore_scope_enforce(r, ctx);
}


static ngx_int_t
ngx_http_procore_scope_start(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    procore_str_t  raw, normal, current;

    ngx_http_procore_scope_raw_path(r, &raw);

    normal.len = ctx->normal.len;
    normal.data = ctx->normal.data;

    current.len = r->uri.len;
    current.data = r->uri.data;

    if (ctx->conf->oauth
        && raw.len > 7 && ngx_memcmp(raw.data, "/oauth/", 7) == 0
        && procore_path_compare(&raw, &normal) == PROCORE_OK)
    {
        ctx->endpoint = procore_path_oauth(&current);

        if (ctx->endpoint != PROCORE_OAUTH_NONE) {
            ctx->judge.rules.oauth = 1;
            return NGX_OK;
        }
    }

    if (r->method == NGX_HTTP_OPTIONS
        && procore_judge_preflight(&ctx->judge,
                                   ngx_http_procore_scope_preflight(r, ctx)))
    {
        return NGX_OK;
    }

    if (ngx_http_procore_scope_read_token(ctx) != NGX_OK) {
        return NGX_ERROR;
    }

    /* a service account's token belongs to no user who could mean something */

    ctx->judge.first_use = ctx->judge.company == 0
                           && ctx->judge.reason == PROCORE_REASON_OK
                           && ngx_http_procore_scope_may_bind(ctx->conf,
                                                       PROCORE_WAY_FIRST_USE)
                           && (ctx->known != PROCORE_OK
                               || ctx->binding.user != PROCORE_STORE_SERVICE);

    ngx_http_procore_scope_candidate_start(ctx);

    return ngx_http_procore_scope_read_head(ctx);
}


/* What of a preflight holds for a request with the method OPTIONS. */

static unsigned
ngx_http_procore_scope_preflight(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    unsigned           facts;
    ngx_uint_t         i;
    ngx_list_part_t   *part;
    ngx_table_elt_t   *h;
    static ngx_str_t   origin = ngx_string("origin");
    static ngx_str_t   method = ngx_string("access-control-request-method");

    facts = PROCORE_PREFLIGHT_OPTIONS;

    if (r->headers_in.authorization == NULL && !ctx->credentials
        && !ngx_http_procore_scope_has_body(r))
    {
        facts |= PROCORE_PREFLIGHT_BARE;
    }

    for (part = &r->headers_in.headers.part; part; part = part->next) {
        h = part->elts;

        for (i = 0; i < part->nelts; i++) {
            if (ngx_http_procore_scope_is_header(&h[i], &origin)) {
                facts |= PROCORE_PREFLIGHT_ORIGIN;

            } else if (ngx_http_procore_scope_is_header(&h[i], &method)) {
                facts |= PROCORE_PREFLIGHT_METHOD;
            }
        }
    }

    return facts;
}


static ngx_int_t
ngx_http_procore_scope_body(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    procore_sink_t  sink;

    if (ctx->body_started) {
        return NGX_OK;
    }

    ctx->body_started = 1;

    if (!ngx_http_procore_scope_has_body(r)) {
        ctx->body_read = 1;
        return NGX_OK;
    }

    procore_judge_sink(&ctx->judge, &sink);

    switch (ngx_http_procore_scope_start_body(ctx, &sink, NULL, 0)) {

    case NGX_OK:
        return NGX_OK;

    case NGX_DECLINED:
        ctx->body_read = 1;
        return NGX_OK;

    default:
        return NGX_ERROR;
    }
}


/*
 * Monitor never waits: the verdict on the body is told when it has gone by, at
 * the latest when the request is logged.
 */

static ngx_int_t
ngx_http_procore_scope_monitor(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    if (ngx_http_procore_scope_body(r, ctx) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx->learns = ngx_http_procore_scope_learns(r, ctx);

    if ((!ctx->body_read && !ctx->body_seen) || ctx->judge.first_use) {
        return NGX_DECLINED;
    }

    if (ctx->judge.nunknown == 0) {
        return ngx_http_procore_scope_finish(r, ctx);
    }

    if (r == r->main) {
        (void) ngx_http_procore_scope_lookup_background(r, ctx);
    }

    return NGX_DECLINED;
}


void
ngx_http_procore_scope_monitor_body(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    if (ctx->judge.company && ctx->judge.nunknown && ctx->decision == 0
        && !r->request_body_no_buffering)
    {
        (void) ngx_http_procore_scope_lookup_background(r, ctx);

    } else if (ctx->judge.refresh && ctx->judge.rank == PROCORE_RANK_NONE
               && ctx->decision == 0)
    {
        ngx_http_procore_scope_lookup_refresh(r, ctx);
    }
}


void
ngx_http_procore_scope_conclude(ngx_http_procore_scope_ctx_t *ctx)
{
    if (!ctx->started || ctx->decision != NGX_HTTP_PROCORE_SCOPE_UNDECIDED
        || ctx->conf->mode != NGX_HTTP_PROCORE_SCOPE_MONITOR)
    {
        return;
    }

    procore_judge_whole(&ctx->judge);

    if (ctx->judge.first_use) {
        ngx_http_procore_scope_first_seen(ctx);
    }

    if (ctx->judge.nunknown && ctx->lookup == NULL && ctx->conf->lookup.len) {
        ngx_http_procore_scope_note(ctx, PROCORE_REASON_LOOKUP_FAILED,
                                    PROCORE_RANK_LOOKUP_FAILED, NULL);
    }

    procore_judge_unknown(&ctx->judge);

    (void) ngx_http_procore_scope_decide(ctx);
}


static ngx_int_t
ngx_http_procore_scope_enforce(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    ngx_int_t  rc;

    if (ngx_http_procore_scope_body(r, ctx) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (ctx->judge.rank >= PROCORE_RANK_UNCERTAIN && !ctx->body_read) {
        rc = ngx_http_procore_scope_read_body(r, ctx);

        if (rc != NGX_OK) {
            return rc;
        }
    }

    procore_judge_whole(&ctx->judge);

    if (ctx->judge.first_use) {
        ngx_http_procore_scope_first_use(ctx);
    }

    if (ctx->to_bind) {
        rc = ngx_http_procore_scope_bind_token(r, ctx);

        if (rc != NGX_OK) {
            return rc;
        }
    }

    procore_judge_nameless(&ctx->judge);

    if (ctx->judge.rank >= PROCORE_RANK_UNCERTAIN && ctx->judge.nunknown) {

        if (r == r->main) {
            rc = ngx_http_procore_scope_lookup(r, ctx);

            if (rc != NGX_OK) {
                return rc;
            }
        }

        procore_judge_unknown(&ctx->judge);
    }

    return ngx_http_procore_scope_finish(r, ctx);
}


static ngx_int_t
ngx_http_procore_scope_finish(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    if (!ctx->body_read && !ctx->body_seen
        && ngx_http_procore_scope_has_body(r))
    {
        /* decided without it, and nginx forgets that there is one */

        ctx->judge.unread |= 1u << PROCORE_IN_BODY;
    }

    if (ngx_http_procore_scope_decide(ctx) != NGX_OK) {

        if ((ctx->first_bound || ctx->binding_sent)
            && ngx_http_procore_scope_first_undo(r, ctx, 1) == NGX_AGAIN)
        {
            return NGX_AGAIN;
        }

        if (ngx_http_procore_scope_link_give(r, ctx) == NGX_AGAIN) {
            return NGX_AGAIN;
        }

        return ngx_http_procore_scope_refuse(r, ctx);
    }

    if (ctx->judge.refresh && ctx->decision == NGX_HTTP_PROCORE_SCOPE_ALLOW) {
        ngx_http_procore_scope_lookup_refresh(r, ctx);
    }

    ctx->sole = ngx_http_procore_scope_sole(r, ctx);

    if (ctx->sole) {
        ctx->answer_type = NGX_HTTP_PROCORE_SCOPE_ANSWER_COMPANIES;
    }

    if (ctx->conf->mode == NGX_HTTP_PROCORE_SCOPE_MONITOR) {
        return NGX_DECLINED;
    }

    return ngx_http_procore_scope_pass(r, ctx);
}


static ngx_int_t
ngx_http_procore_scope_pass(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    u_char      buf[NGX_INT64_LEN];
    ngx_str_t   value;
    ngx_uint_t  which, add;

    if (r != r->main) {
        return NGX_DECLINED;
    }

    add = ctx->judge.company && ctx->conf->header && !ctx->judge.has_header
          && !ctx->judge.excepted
          && ctx->judge.reason != PROCORE_REASON_PREFLIGHT;

    which = NGX_HTTP_PROCORE_SCOPE_REMOVE_UPGRADE
            |NGX_HTTP_PROCORE_SCOPE_REMOVE_OVERRIDE;

    if (add && ctx->judge.empty_header) {
        which |= NGX_HTTP_PROCORE_SCOPE_REMOVE_COMPANY;
    }

    /* whatever the method: Rails lets a POST say that it is a GET */

    if (ctx->judge.path == PROCORE_PATH_COMPANIES && ctx->judge.company
        && ctx->conf->filter_companies)
    {
        ctx->answer_type = NGX_HTTP_PROCORE_SCOPE_ANSWER_COMPANIES;
    }

    if (ctx->answer_type == NGX_HTTP_PROCORE_SCOPE_ANSWER_COMPANIES) {
        which |= NGX_HTTP_PROCORE_SCOPE_REMOVE_ENCODING
                 |NGX_HTTP_PROCORE_SCOPE_REMOVE_CONDITIONAL;
    }

    ctx->learns = ngx_http_procore_scope_learns(r, ctx);

    if (ctx->learns) {
        which |= NGX_HTTP_PROCORE_SCOPE_REMOVE_ENCODING;
    }

    if (ngx_http_procore_scope_remove_headers(r, which) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (!add) {
        return NGX_DECLINED;
    }

    value.data = buf;
    value.len = (size_t) (ngx_sprintf(buf, "%uL", ctx->judge.company) - buf);

    if (ngx_http_procore_scope_add_header(r,
                                      &ngx_http_procore_scope_company_name,
                                      &ngx_http_procore_scope_company_lowcase,
                                          &value)
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx->judge.has_header = 1;

    return NGX_DECLINED;
}

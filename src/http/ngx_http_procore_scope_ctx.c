
/*
 * The context of a request: made before any rewrite, found again after internal
 * redirects; and the decision that it ends with.
 */


#include "ngx_http_procore_scope_bind.h"
#include "ngx_http_procore_scope_candidate.h"
#include "ngx_http_procore_scope_report.h"
#include "ngx_http_procore_scope_stats.h"


static ngx_http_procore_scope_ctx_t *ngx_http_procore_scope_find_ctx(
    ngx_http_request_t *r);
static void ngx_http_procore_scope_cleanup_ctx(void *data);
static void ngx_http_procore_scope_before_log(void *data);
static ngx_uint_t ngx_http_procore_scope_hidden_path(ngx_http_request_t *r,
    ngx_array_t *paths);
static void ngx_http_procore_scope_cut_referer(ngx_http_request_t *r);
static ngx_uint_t ngx_http_procore_scope_token_in_query(
    ngx_http_request_t *r);
static void ngx_http_procore_scope_cut_query(ngx_http_request_t *r);
static u_char *ngx_http_procore_scope_log_context(ngx_http_request_t *r,
    ngx_http_request_t *sr, u_char *buf, size_t len);


/* nginx's own, the same for every request. */

static ngx_http_log_handler_pt  ngx_http_procore_scope_next_log_handler;


/*
 * Runs before any rewrite and before any limit or access rule can write a line
 * about the request.
 */

ngx_int_t
ngx_http_procore_scope_first_handler(ngx_http_request_t *r)
{
    ngx_uint_t                           hidden;
    procore_str_t                        query;
    ngx_http_procore_scope_ctx_t        *ctx;
    ngx_http_procore_scope_loc_conf_t   *plcf;
    ngx_http_procore_scope_main_conf_t  *pmcf;

    if (r != r->main || r->internal) {
        return NGX_DECLINED;
    }

    plcf = ngx_http_get_module_loc_conf(r, ngx_http_procore_scope_module);
    pmcf = ngx_http_get_module_main_conf(r, ngx_http_procore_scope_module);

    if (plcf->mode == NGX_HTTP_PROCORE_SCOPE_OFF && !pmcf->in_location) {
        return NGX_DECLINED;
    }

    ctx = ngx_http_procore_scope_make_ctx(r);
    if (ctx == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    hidden = ngx_http_procore_scope_hidden_path(r, pmcf->hidden_paths);

    if (hidden) {
        ngx_http_procore_scope_cut_referer(r);
    }

    if (r->args.len == 0) {
        return NGX_DECLINED;
    }

    query.len = r->args.len;
    query.data = r->args.data;

    ctx->credentials = procore_judge_credentials(&query) & 1;

    if (ctx->credentials || hidden
        || (r->uri.len >= 7 && ngx_memcmp(r->uri.data, "/oauth/", 7) == 0)
        || ngx_http_procore_scope_token_in_query(r))
    {
        if (ngx_http_procore_scope_hide_query(r, ctx) != NGX_OK) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    return NGX_DECLINED;
}


ngx_http_procore_scope_ctx_t *
ngx_http_procore_scope_make_ctx(ngx_http_request_t *r)
{
    ngx_http_cleanup_t            *before_log;
    ngx_pool_cleanup_t            *cln;
    ngx_http_procore_scope_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_procore_scope_module);

    if (ctx) {
        return ctx;
    }

    ctx = ngx_http_procore_scope_find_ctx(r);

    if (ctx) {

        /* an internal redirect: method, path and query are judged again */

        procore_judge_again(&ctx->judge);

        if (ctx->candidate) {
            procore_judge_again(&ctx->candidate->judge);
        }

        ctx->started = 0;
        ctx->decision = NGX_HTTP_PROCORE_SCOPE_UNDECIDED;
        ctx->endpoint = PROCORE_OAUTH_NONE;
        ctx->answer_type = NGX_HTTP_PROCORE_SCOPE_ANSWER_NONE;
        ctx->paused = 0;
        ctx->redirected = 1;
        ctx->relay_over = ctx->relay != NULL;
        ctx->learns = 0;

        ngx_http_set_ctx(r, ctx, ngx_http_procore_scope_module);

        return ctx;
    }

    ctx = ngx_pcalloc(r->pool, sizeof(ngx_http_procore_scope_ctx_t));
    if (ctx == NULL) {
        return NULL;
    }

    cln = ngx_pool_cleanup_add(r->pool, 0);
    if (cln == NULL) {
        return NULL;
    }

    cln->handler = ngx_http_procore_scope_cleanup_ctx;
    cln->data = ctx;

    /* these run after the last byte and before the log phase */

    before_log = ngx_http_cleanup_add(r, 0);
    if (before_log == NULL) {
        return NULL;
    }

    before_log->handler = ngx_http_procore_scope_before_log;
    before_log->data = ctx;

    ctx->request = r;
    ctx->known = PROCORE_NOT_FOUND;

    ngx_http_procore_scope_judge_init(ctx, &ctx->judge);

    ctx->named = ctx->few_named;
    ctx->judge.tells = 1;

    if (r == r->main) {
        ctx->normal = r->uri;
    }

    ngx_http_set_ctx(r, ctx, ngx_http_procore_scope_module);

    return ctx;
}


ngx_http_procore_scope_ctx_t *
ngx_http_procore_scope_get_ctx(ngx_http_request_t *r)
{
    ngx_http_procore_scope_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_procore_scope_module);

    if (ctx == NULL && (r->internal || r->filter_finalize)) {
        ctx = ngx_http_procore_scope_find_ctx(r);
    }

    return ctx;
}


static ngx_http_procore_scope_ctx_t *
ngx_http_procore_scope_find_ctx(ngx_http_request_t *r)
{
    ngx_pool_cleanup_t            *cln;
    ngx_http_procore_scope_ctx_t  *ctx;

    for (cln = r->pool->cleanup; cln; cln = cln->next) {

        if (cln->handler != ngx_http_procore_scope_cleanup_ctx) {
            continue;
        }

        ctx = cln->data;

        if (ctx->request == r) {
            return ctx;
        }
    }

    return NULL;
}


/* The cleanup is a mark on the pool; there is nothing to free. */

static void
ngx_http_procore_scope_cleanup_ctx(void *data)
{
    ngx_http_procore_scope_ctx_t *ctx = data;

    ngx_http_procore_scope_judge_end(ctx);
}


/*
 * Is it a path of a relay?  Which location it is in is not known yet, so all
 * relays count.
 */

static ngx_uint_t
ngx_http_procore_scope_hidden_path(ngx_http_request_t *r, ngx_array_t *paths)
{
    ngx_str_t      *path;
    ngx_uint_t      i;
    procore_str_t   uri;

    if (paths == NULL) {
        return 0;
    }

    path = paths->elts;

    for (i = 0; i < paths->nelts; i++) {
        if (path[i].len == r->uri.len
            && ngx_memcmp(path[i].data, r->uri.data, r->uri.len) == 0)
        {
            return 1;
        }
    }

    uri.len = r->uri.len;
    uri.data = r->uri.data;

    return procore_path_oauth(&uri) == PROCORE_OAUTH_AUTHORIZE;
}


/* A page of the relay or of the app may have a state in its own query. */

static void
ngx_http_procore_scope_cut_referer(ngx_http_request_t *r)
{
    u_char            *query;
    ngx_uint_t         i;
    ngx_list_part_t   *part;
    ngx_table_elt_t   *h;
    static ngx_str_t   referer = ngx_string("referer");

    for (part = &r->headers_in.headers.part; part; part = part->next) {
        h = part->elts;

        for (i = 0; i < part->nelts; i++) {

            if (!ngx_http_procore_scope_is_header(&h[i], &referer)) {
                continue;
            }

            query = ngx_strlchr(h[i].value.data,
                                h[i].value.data + h[i].value.len, '?');
            if (query) {
                h[i].value.len = (size_t) (query - h[i].value.data);
            }
        }
    }
}


/* The token of the header once more, as the value of whatever parameter. */

static ngx_uint_t
ngx_http_procore_scope_token_in_query(ngx_http_request_t *r)
{
    procore_str_t     value, token;
    ngx_table_elt_t  *h;

    h = r->headers_in.authorization;

    if (h == NULL) {
        return 0;
    }

    value.len = h->value.len;
    value.data = h->value.data;

    return procore_bearer(&value, &token) == PROCORE_OK
           && memmem(r->args.data, r->args.len, token.data, token.len) != NULL;
}


/*
 * Cuts the query from the request line now, for lines that are written while
 * the request runs, and from the other places where logs read it at its end.
 */

ngx_int_t
ngx_http_procore_scope_hide_query(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    u_char  *p, *query, *last, *end;

    ctx->hide_query = 1;

    if (r->log_handler != ngx_http_procore_scope_log_context) {
        ngx_http_procore_scope_next_log_handler = r->log_handler;
        r->log_handler = ngx_http_procore_scope_log_context;
    }

    last = r->request_line.data + r->request_line.len;

    query = ngx_strlchr(r->request_line.data, last, '?');
    if (query == NULL) {
        return NGX_OK;
    }

    /* the "?" stays: who reads the log sees that there was more */

    query++;

    for (end = last; end > query && end[-1] != ' '; end--) { /* void */ }

    if (end > query) {
        end--;

    } else {
        end = last;
    }

    p = ngx_pnalloc(r->pool, r->request_line.len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    last = ngx_cpymem(ngx_cpymem(p, r->request_line.data,
                                 query - r->request_line.data),
                      end, last - end);

    r->request_line.data = p;
    r->request_line.len = (size_t) (last - p);

    return NGX_OK;
}


/*
 * What nginx appends to a line of the error log; the URI that goes up is part
 * of it while an upstream is at work.
 */

static u_char *
ngx_http_procore_scope_log_context(ngx_http_request_t *r,
    ngx_http_request_t *sr, u_char *buf, size_t len)
{
    u_char     *query;
    ngx_str_t   uri;

    if (sr->upstream == NULL) {
        return ngx_http_procore_scope_next_log_handler(r, sr, buf, len);
    }

    uri = sr->upstream->uri;

    query = ngx_strlchr(uri.data, uri.data + uri.len, '?');
    if (query) {
        sr->upstream->uri.len = (size_t) (query - uri.data);
    }

    buf = ngx_http_procore_scope_next_log_handler(r, sr, buf, len);

    sr->upstream->uri = uri;

    return buf;
}


static void
ngx_http_procore_scope_cut_query(ngx_http_request_t *r)
{
    procore_str_t                        raw;
    ngx_http_procore_scope_main_conf_t  *pmcf;

    pmcf = ngx_http_get_module_main_conf(r, ngx_http_procore_scope_module);

    ngx_http_procore_scope_raw_path(r, &raw);

    if (raw.len < r->unparsed_uri.len) {
        r->unparsed_uri.len = raw.len + 1;
    }

    r->args.len = 0;

    /* $request_uri may have been evaluated, and kept, while it was whole */

    r->variables[pmcf->request_uri].valid = 0;
    r->variables[pmcf->request_uri].not_found = 0;
}


static void
ngx_http_procore_scope_before_log(void *data)
{
    ngx_http_procore_scope_ctx_t *ctx = data;

    ngx_http_procore_scope_conclude(ctx);
    ngx_http_procore_scope_candidate_end(ctx);
    ngx_http_procore_scope_first_over(ctx);
    ngx_http_procore_scope_link_seen(ctx);
    ngx_http_procore_scope_report_seen(ctx);

    if (ctx->request != ctx->request->main) {
        ngx_http_procore_scope_count_subrequest(ctx);
    }

    if (ctx->hide_query) {
        ngx_http_procore_scope_cut_query(ctx->request);
    }
}


ngx_int_t
ngx_http_procore_scope_decide(ngx_http_procore_scope_ctx_t *ctx)
{
    if (ctx->decision != NGX_HTTP_PROCORE_SCOPE_UNDECIDED) {
        return ctx->decision == NGX_HTTP_PROCORE_SCOPE_DENY ? NGX_DECLINED
                                                            : NGX_OK;
    }

    if (ctx->action.len == 0) {
        ngx_str_set(&ctx->action, "request");
    }

    ctx->decision = procore_judge_decide(&ctx->judge);

    if (ctx->decision == NGX_HTTP_PROCORE_SCOPE_ALLOW) {
        return NGX_OK;
    }

    if (ctx->unaudited && ctx->decision == PROCORE_DECISION_ALLOW_UNDECIDED) {

        /* required, whatever may pass undecided */

        ctx->decision = NGX_HTTP_PROCORE_SCOPE_DENY;
    }

    if (ctx->relay) {

        /* the gateway's own business in either mode: nobody else can answer */

        ctx->decision = NGX_HTTP_PROCORE_SCOPE_DENY;
    }

    ngx_http_procore_scope_log_refusal(ctx);

    return ctx->decision == NGX_HTTP_PROCORE_SCOPE_DENY ? NGX_DECLINED
                                                        : NGX_OK;
}


void
ngx_http_procore_scope_log_refusal(ngx_http_procore_scope_ctx_t *ctx)
{
    ngx_str_t   claim, token;
    ngx_log_t  *log;

    log = ctx->request->connection->log;

    if (log->log_level < ctx->conf->log_level) {
        return;
    }

    if (ngx_http_procore_scope_claim_text(ctx, &claim) != NGX_OK
        || ngx_http_procore_scope_token_text(ctx, &token) != NGX_OK)
    {
        return;
    }

    ngx_log_error(ctx->conf->log_level, log, 0,
                  "procore_scope: %s %*s, claim \"%V\", token \"%V\", "
                  "company %uL",
                  ngx_http_procore_scope_decision_name(ctx->decision),
                  procore_reasons[ctx->judge.reason].name.len,
                  procore_reasons[ctx->judge.reason].name.data,
                  &claim, &token, ctx->judge.company);
}


/*
 * The response filters: which part of the module reads an answer.
 */


#include "ngx_http_procore_scope_bind.h"
#include "ngx_http_procore_scope_call.h"
#include "ngx_http_procore_scope_filter.h"
#include "ngx_http_procore_scope_learn.h"
#include "ngx_http_procore_scope_lookup.h"


static ngx_int_t ngx_http_procore_scope_header_filter(ngx_http_request_t *r);
static ngx_int_t ngx_http_procore_scope_response_filter(ngx_http_request_t *r,
    ngx_chain_t *in);
static void ngx_http_procore_scope_no_upgrade(ngx_http_request_t *r);


ngx_http_output_header_filter_pt  ngx_http_procore_scope_next_header_filter;
ngx_http_output_body_filter_pt    ngx_http_procore_scope_next_body_filter;


ngx_int_t
ngx_http_procore_scope_filter_init(ngx_conf_t *cf)
{
    ngx_http_procore_scope_next_header_filter = ngx_http_top_header_filter;
    ngx_http_top_header_filter = ngx_http_procore_scope_header_filter;

    ngx_http_procore_scope_next_body_filter = ngx_http_top_body_filter;
    ngx_http_top_body_filter = ngx_http_procore_scope_response_filter;

    return NGX_OK;
}


static ngx_int_t
ngx_http_procore_scope_header_filter(ngx_http_request_t *r)
{
    ngx_http_procore_scope_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_procore_scope_module);

    if (ctx == NULL || ctx->refused) {
        return ngx_http_procore_scope_next_header_filter(r);
    }

    /* here, so that it comes before the client's next request */

    ngx_http_procore_scope_first_over(ctx);

    switch (ctx->answer_type) {

    case NGX_HTTP_PROCORE_SCOPE_ANSWER_LOOKUP:
        return ngx_http_procore_scope_lookup_header(r, ctx);

    case NGX_HTTP_PROCORE_SCOPE_ANSWER_CALL:
        return ngx_http_procore_scope_call_header(r, ctx);

    case NGX_HTTP_PROCORE_SCOPE_ANSWER_TOKEN:
    case NGX_HTTP_PROCORE_SCOPE_ANSWER_REVOKE:
        return ngx_http_procore_scope_oauth_header(r, ctx);

    default:
        break;
    }

    if (ctx->started) {
        ngx_http_procore_scope_cache_check(r, ctx);
        ngx_http_procore_scope_location(r, ctx);
    }

    switch (ctx->answer_type) {

    case NGX_HTTP_PROCORE_SCOPE_ANSWER_COMPANIES:
        return ngx_http_procore_scope_companies_header(r, ctx);

    default:
        break;
    }

    if (ctx->learns) {
        ngx_http_procore_scope_learn_header(r, ctx);
    }

    if (r->headers_out.status == NGX_HTTP_SWITCHING_PROTOCOLS && ctx->conf
        && ctx->conf->mode == NGX_HTTP_PROCORE_SCOPE_ENFORCE)
    {
        ngx_http_procore_scope_no_upgrade(r);
    }

    return ngx_http_procore_scope_next_header_filter(r);
}


/*
 * What follows a 101 is no HTTP: nobody could judge it.  The request asked for
 * no upgrade, so the upstream broke the rules (RFC 9110, section 7.8).
 */

static void
ngx_http_procore_scope_no_upgrade(ngx_http_request_t *r)
{
    ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                  "procore_scope: upstream switched protocols unasked");

    r->headers_out.status = NGX_HTTP_BAD_GATEWAY;
    r->headers_out.status_line.len = 0;
    r->keepalive = 0;
    r->header_only = 1;

    ngx_http_clear_content_length(r);
    r->headers_out.content_length_n = 0;
}


static ngx_int_t
ngx_http_procore_scope_response_filter(ngx_http_request_t *r, ngx_chain_t *in)
{
    ngx_http_procore_scope_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_procore_scope_module);

    if (ctx == NULL || ctx->refused) {
        return ngx_http_procore_scope_next_body_filter(r, in);
    }

    switch (ctx->answer_type) {

    case NGX_HTTP_PROCORE_SCOPE_ANSWER_LOOKUP:
        return ngx_http_procore_scope_lookup_body(r, ctx, in);

    case NGX_HTTP_PROCORE_SCOPE_ANSWER_CALL:
        return ngx_http_procore_scope_call_body(r, ctx, in);

    case NGX_HTTP_PROCORE_SCOPE_ANSWER_TOKEN:
    case NGX_HTTP_PROCORE_SCOPE_ANSWER_REVOKE:
        return ngx_http_procore_scope_oauth_body(r, ctx, in);

    case NGX_HTTP_PROCORE_SCOPE_ANSWER_COMPANIES:
        return ngx_http_procore_scope_companies_body(r, ctx, in);

    default:
        break;
    }

    if (ctx->learn) {
        ngx_http_procore_scope_learn_body(r, ctx, in);
    }

    return ngx_http_procore_scope_next_body_filter(r, in);
}


/*
 * Where the relay sends a browser: to the login host, to its own picker, and
 * back to the app.  All of these come from the configuration.
 */


#include "ngx_http_procore_scope_relay.h"


static ngx_int_t ngx_http_procore_scope_to_app(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, procore_redirect_pair_t *pairs,
    size_t n);


ngx_int_t
ngx_http_procore_scope_redirect(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, ngx_str_t *location)
{
    ngx_uint_t  status;

    if (ngx_http_procore_scope_add_answer_header(r, "Location", location)
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    /* the app must not get the form: RFC 9110, section 15.4.4 */

    status = r->method == NGX_HTTP_POST ? NGX_HTTP_SEE_OTHER
                                        : NGX_HTTP_MOVED_TEMPORARILY;

    return ngx_http_procore_scope_relay_answer(r, ctx, status, NULL);
}


ngx_int_t
ngx_http_procore_scope_to_picker(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    u_char                              *p;
    ngx_str_t                            url, *state;
    ngx_http_procore_scope_authorize_t  *authorize;

    authorize = ctx->conf->authorize;
    state = &ctx->relay->state;

    url.len = authorize->origin.len + authorize->picker_path.len
              + sizeof("?state=") - 1 + state->len;

    p = ngx_pnalloc(r->pool, url.len);
    if (p == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    url.data = p;

    p = ngx_cpymem(p, authorize->origin.data, authorize->origin.len);
    p = ngx_cpymem(p, authorize->picker_path.data, authorize->picker_path.len);
    p = ngx_cpymem(p, "?state=", sizeof("?state=") - 1);
    ngx_memcpy(p, state->data, state->len);

    return ngx_http_procore_scope_redirect(r, ctx, &url);
}


ngx_int_t
ngx_http_procore_scope_error_to_app(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, procore_reason_e reason,
    procore_str_t *error)
{
    const char               *sentence;
    procore_redirect_pair_t   pairs[3];

    ctx->judge.reason = reason;

    if (procore_redirect_oob(&ctx->relay->authorization.redirect_uri)) {
        return ngx_http_procore_scope_relay_refuse(r, ctx, reason, 0);
    }

    sentence = procore_reasons[reason].sentence;

    ngx_memzero(pairs, sizeof(pairs));

    pairs[0].name = "error";
    pairs[0].value = *error;

    /* a sentence about a claim is one for another reader */

    if (ngx_strchr(sentence, '%') == NULL) {
        pairs[1].name = "error_description";
        pairs[1].value.len = ngx_strlen(sentence);
        pairs[1].value.data = (const unsigned char *) sentence;
    }

    pairs[2].name = "state";
    pairs[2].value = ctx->relay->authorization.state;

    return ngx_http_procore_scope_to_app(r, ctx, pairs, 3);
}


ngx_int_t
ngx_http_procore_scope_code_to_app(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, procore_str_t *code,
    procore_str_t *company)
{
    procore_page_t           page;
    procore_redirect_pair_t  pairs[2];

    if (procore_redirect_oob(&ctx->relay->authorization.redirect_uri)) {
        ngx_http_procore_scope_page_begin(r, ctx, &page, PROCORE_PAGE_CODE);

        page.code = *code;
        page.company = *company;
        page.company_id = ctx->judge.company;
        ngx_memzero(&page.decision, sizeof(procore_str_t));

        return ngx_http_procore_scope_page(r, ctx, NGX_HTTP_OK, &page);
    }

    pairs[0].name = "code";
    pairs[0].value = *code;

    pairs[1].name = "state";
    pairs[1].value = ctx->relay->authorization.state;

    return ngx_http_procore_scope_to_app(r, ctx, pairs, 2);
}


static ngx_int_t
ngx_http_procore_scope_to_app(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, procore_redirect_pair_t *pairs,
    size_t n)
{
    ngx_str_t       url;
    procore_out_t   out;
    procore_str_t  *uri;

    uri = &ctx->relay->authorization.redirect_uri;

    ngx_memzero(&out, sizeof(procore_out_t));

    procore_redirect_write(&out, uri, pairs, n);

    out.size = out.len;
    out.len = 0;
    out.data = ngx_pnalloc(r->pool, out.size);

    if (out.data == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    procore_redirect_write(&out, uri, pairs, n);

    url.len = out.len;
    url.data = out.data;

    return ngx_http_procore_scope_redirect(r, ctx, &url);
}


void
ngx_http_procore_scope_call_error(ngx_http_procore_scope_call_t *call,
    procore_str_t *error)
{
    static procore_str_t  later = procore_str("temporarily_unavailable");
    static procore_str_t  never = procore_str("server_error");

    /* an answer that was cut is as good as none */

    *error = call->status == 0
             || call->status == NGX_HTTP_TOO_MANY_REQUESTS
             || call->status >= NGX_HTTP_INTERNAL_SERVER_ERROR
             || (!call->complete && !call->over && !call->broken)
             ? later : never;
}


/*
 * The chooser for users: a page with the companies of the token, and its form.
 */


#include "ngx_http_procore_scope_chooser.h"
#include "ngx_http_procore_scope_choice.h"
#include "../policy/procore_id.h"


static ngx_int_t ngx_http_procore_scope_chooser_get(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);
static ngx_int_t ngx_http_procore_scope_chooser_post(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);
static ngx_int_t ngx_http_procore_scope_chooser_posted(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, ngx_str_t *form);
static ngx_int_t ngx_http_procore_scope_chooser_ask(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);
static ngx_int_t ngx_http_procore_scope_chooser_asked(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);
static ngx_int_t ngx_http_procore_scope_chooser_failed(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);
static ngx_int_t ngx_http_procore_scope_chooser_bind(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);
static ngx_int_t ngx_http_procore_scope_chooser_written(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);


ngx_int_t
ngx_http_procore_scope_chooser_browser(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    ngx_str_t  allow = ngx_string("GET, HEAD, POST");

    if (!(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD|NGX_HTTP_POST))) {

        if (ngx_http_procore_scope_add_answer_header(r, "Allow", &allow)
            != NGX_OK)
        {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        return ngx_http_procore_scope_chooser_refuse(r, ctx,
                                                   PROCORE_REASON_BAD_REQUEST,
                                                   NGX_HTTP_NOT_ALLOWED);
    }

    if (ngx_http_procore_scope_relay_framed(r)) {
        return ngx_http_procore_scope_chooser_refuse(r, ctx,
                                                   PROCORE_REASON_FRAMED, 0);
    }

    if (!ngx_http_procore_scope_may_bind(ctx->conf, PROCORE_WAY_CHOOSER)) {
        return ngx_http_procore_scope_chooser_refuse(r, ctx,
                                       PROCORE_REASON_COMPANY_NOT_ALLOWED, 0);
    }

    return r->method == NGX_HTTP_POST
           ? ngx_http_procore_scope_chooser_post(r, ctx)
           : ngx_http_procore_scope_chooser_get(r, ctx);
}


static ngx_int_t
ngx_http_procore_scope_chooser_get(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    ngx_int_t      rc;
    procore_str_t  link;

    switch (ngx_http_procore_scope_relay_param(r, r->args.data, r->args.len,
                                               "l", &link))
    {
    case PROCORE_OK:
        return ngx_http_procore_scope_chooser_open(r, ctx, &link);

    case PROCORE_NOT_FOUND:
        break;

    case PROCORE_ERROR:
        return NGX_HTTP_INTERNAL_SERVER_ERROR;

    default:
        return ngx_http_procore_scope_chooser_refuse(r, ctx,
                                               PROCORE_REASON_BAD_REQUEST, 0);
    }

    rc = ngx_http_procore_scope_chooser_find(r, ctx, &r->args);

    if (rc == NGX_OK) {
        rc = ngx_http_procore_scope_chooser_look(r, ctx);
    }

    if (rc == NGX_OK && ctx->relay->record.state == PROCORE_SEALED_SPENT) {
        ctx->judge.reason = PROCORE_REASON_SPENT;
        rc = NGX_DECLINED;
    }

    if (rc == NGX_DECLINED) {
        return ngx_http_procore_scope_chooser_refuse(r, ctx,
                                                     ctx->judge.reason, 0);
    }

    if (rc != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_procore_scope_chooser_ask(r, ctx);
}


static ngx_int_t
ngx_http_procore_scope_chooser_post(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    ngx_int_t  rc;
    ngx_str_t  form;

    rc = ngx_http_procore_scope_relay_form(r, ctx, &ctx->conf->choose->origin,
                                           &form);
    if (rc != NGX_OK) {
        return rc;
    }

    rc = ngx_http_procore_scope_chooser_find(r, ctx, &form);

    if (rc == NGX_OK) {
        rc = ngx_http_procore_scope_chooser_posted(r, ctx, &form);
    }

    if (rc == NGX_OK) {
        rc = ngx_http_procore_scope_chooser_look(r, ctx);
    }

    if (rc == NGX_DECLINED) {
        return ngx_http_procore_scope_chooser_refuse(r, ctx,
                                                     ctx->judge.reason, 0);
    }

    if (rc != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (ctx->relay->record.state != PROCORE_SEALED_SPENT) {
        return ngx_http_procore_scope_chooser_ask(r, ctx);
    }

    /* the same form once more: a second click */

    if (ctx->chooser->wanted == ctx->relay->record.company) {
        ngx_http_procore_scope_chooser_did(ctx, "company_chosen");
        return ngx_http_procore_scope_chooser_done(r, ctx);
    }

    return ngx_http_procore_scope_chooser_refuse(r, ctx, PROCORE_REASON_SPENT,
                                                 0);
}


/* The fields of the form.  NGX_OK, NGX_DECLINED with a reason, NGX_ERROR. */

static ngx_int_t
ngx_http_procore_scope_chooser_posted(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, ngx_str_t *form)
{
    ngx_int_t      rc;
    procore_str_t  token, company;

    rc = ngx_http_procore_scope_picked_field(r, form, "token", &token);

    if (rc == NGX_OK) {
        rc = ngx_http_procore_scope_picked_field(r, form, "company", &company);
    }

    if (rc != NGX_OK) {
        ctx->judge.reason = PROCORE_REASON_BAD_REQUEST;
        return rc;
    }

    if (!ngx_http_procore_scope_picked_ours(ctx, &token)) {
        ctx->judge.reason = PROCORE_REASON_CSRF;
        return NGX_DECLINED;
    }

    if (procore_id_classify(company.data, company.len, &ctx->chooser->wanted)
        != PROCORE_ID_NUMBER)
    {
        ctx->judge.reason = PROCORE_REASON_COMPANY_NOT_OFFERED;
        return NGX_DECLINED;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_procore_scope_chooser_ask(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    ctx->chooser->list.user = ctx->chooser->wanted == 0;

    if (ngx_http_procore_scope_chooser_list(r, ctx,
                                         ngx_http_procore_scope_chooser_asked)
        == NGX_AGAIN)
    {
        return NGX_AGAIN;
    }

    return ngx_http_procore_scope_chooser_refuse(r, ctx,
                                             PROCORE_REASON_LOOKUP_FAILED, 0);
}


static ngx_int_t
ngx_http_procore_scope_chooser_asked(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    ngx_http_procore_scope_relay_t    *relay;
    ngx_http_procore_scope_chooser_t  *chooser;

    relay = ctx->relay;
    chooser = ctx->chooser;

    if (chooser->list.rc != NGX_OK) {
        return ngx_http_procore_scope_chooser_failed(r, ctx);
    }

    relay->user = chooser->list.user_id;

    if (chooser->wanted) {
        return ngx_http_procore_scope_chooser_bind(r, ctx);
    }

    relay->offered = (ngx_int_t) chooser->list.ids.nelts;

    if (chooser->list.ids.nelts == 0) {
        return ngx_http_procore_scope_chooser_nothing(r, ctx);
    }

    return ngx_http_procore_scope_chooser_picker(r, ctx);
}


static ngx_int_t
ngx_http_procore_scope_chooser_failed(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    ngx_http_procore_scope_call_t  *call;

    call = &ctx->relay->call;

    if (call->status == NGX_HTTP_UNAUTHORIZED) {

        /* not 401: the browser has nothing to authenticate with */

        return ngx_http_procore_scope_chooser_refuse(r, ctx,
                                                 PROCORE_REASON_REVOKED_TOKEN,
                                                     NGX_HTTP_BAD_REQUEST);
    }

    ctx->retry_after = call->retry_after;

    return ngx_http_procore_scope_chooser_refuse(r, ctx,
                                             PROCORE_REASON_LOOKUP_FAILED, 0);
}


/* The link is spent and the token bound in one transaction. */

static ngx_int_t
ngx_http_procore_scope_chooser_bind(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    procore_store_op_t                 op;
    ngx_http_procore_scope_chooser_t  *chooser;

    chooser = ctx->chooser;

    if (!ngx_http_procore_scope_chooser_listed(chooser, chooser->wanted,
                                               &chooser->name))
    {
        return ngx_http_procore_scope_chooser_refuse(r, ctx,
                                       PROCORE_REASON_COMPANY_NOT_OFFERED, 0);
    }

    ngx_http_procore_scope_bind_op(ctx, PROCORE_STORE_SEALED_BIND,
                                   chooser->wanted, PROCORE_WAY_CHOOSER, &op);

    op.keep_until = op.now + PROCORE_RELAY_SPENT;
    ngx_memcpy(op.key, ctx->relay->key, PROCORE_DIGEST_SIZE);

    if (ngx_http_procore_scope_relay_write(r, ctx, &op,
                                       ngx_http_procore_scope_chooser_written)
        == NGX_AGAIN)
    {
        return NGX_AGAIN;
    }

    return ngx_http_procore_scope_chooser_refuse(r, ctx,
                                              PROCORE_REASON_STORE_FAILED, 0);
}


static ngx_int_t
ngx_http_procore_scope_chooser_written(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    procore_reason_e                   reason;
    ngx_http_procore_scope_chooser_t  *chooser;

    chooser = ctx->chooser;
    reason = ngx_http_procore_scope_chooser_bound(ctx);

    if (reason == PROCORE_REASON_SPENT
        && ctx->relay->record.company == chooser->wanted)
    {
        /* a second click was quicker */

        ctx->judge.company = chooser->wanted;
        ngx_http_procore_scope_chooser_did(ctx, "company_chosen");
        return ngx_http_procore_scope_chooser_done(r, ctx);
    }

    if (reason == PROCORE_REASON_REBIND) {
        reason = PROCORE_REASON_SPENT;
    }

    if (reason != PROCORE_REASON_OK) {
        return ngx_http_procore_scope_chooser_refuse(r, ctx, reason, 0);
    }

    ngx_http_procore_scope_chooser_did(ctx, "bind");

    return ngx_http_procore_scope_chooser_done(r, ctx);
}


/*
 * Answers of the login host.  A token answer is held until its tokens are on
 * disk as one family, a revoke's until the family is withdrawn; then it passes
 * as it came.
 */


#include "ngx_http_procore_scope_oauth.h"
#include "../procore/procore_token_answer.h"


static ngx_uint_t ngx_http_procore_scope_token_cached(ngx_http_request_t *r);
static ngx_int_t ngx_http_procore_scope_token_from_cache(
    ngx_http_request_t *r, ngx_http_procore_scope_ctx_t *ctx);
static ngx_int_t ngx_http_procore_scope_token_complete(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);
static ngx_int_t ngx_http_procore_scope_token_family(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, procore_store_op_t *op);
static ngx_int_t ngx_http_procore_scope_token_digests(
    ngx_http_procore_scope_ctx_t *ctx, procore_token_answer_t *answer,
    procore_store_op_t *op);
static void ngx_http_procore_scope_token_withdraw(
    ngx_http_procore_scope_ctx_t *ctx, procore_store_op_t *op);
static ngx_int_t ngx_http_procore_scope_token_write(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, procore_store_op_t *op);
static void ngx_http_procore_scope_token_written(void *data,
    procore_store_op_t *op);
static ngx_int_t ngx_http_procore_scope_token_finish(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);
static void ngx_http_procore_scope_token_bound(
    ngx_http_procore_scope_ctx_t *ctx);
static void ngx_http_procore_scope_token_unbound(
    ngx_http_procore_scope_ctx_t *ctx, procore_reason_e reason);
static ngx_int_t ngx_http_procore_scope_token_unread(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);


ngx_int_t
ngx_http_procore_scope_oauth_header(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    ngx_uint_t  revoke;

    revoke = ctx->answer_type == NGX_HTTP_PROCORE_SCOPE_ANSWER_REVOKE;

    if (r->headers_out.status < NGX_HTTP_OK
        || r->headers_out.status >= NGX_HTTP_SPECIAL_RESPONSE
        || (revoke && !ctx->oauth->has_token))
    {
        return ngx_http_procore_scope_next_header_filter(r);
    }

    if (ngx_http_procore_scope_token_cached(r)) {
        return ngx_http_procore_scope_token_from_cache(r, ctx);
    }

    if (!revoke
        && (r->headers_out.content_length_n > PROCORE_TOKEN_ANSWER_MAX
            || (r->headers_out.content_encoding
                && r->headers_out.content_encoding->value.len)))
    {
        ngx_http_procore_scope_token_unbound(ctx, PROCORE_REASON_UNBOUND);

        return ngx_http_procore_scope_next_header_filter(r);
    }

    return ngx_http_procore_scope_answer_start(r, ctx,
                                               PROCORE_TOKEN_ANSWER_MAX);
}


ngx_int_t
ngx_http_procore_scope_oauth_body(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, ngx_chain_t *in)
{
    ngx_int_t                         rc;
    ngx_http_procore_scope_answer_t  *answer;

    answer = ctx->answer;

    if (answer == NULL) {
        return ngx_http_procore_scope_next_body_filter(r, in);
    }

    if (answer->done) {
        return ngx_http_procore_scope_answer_after(r, ctx, in);
    }

    if (answer->writing) {
        return NGX_AGAIN;
    }

    if (ctx->oauth->written) {
        return ngx_http_procore_scope_token_finish(r, ctx);
    }

    switch (ngx_http_procore_scope_answer_collect(r, ctx, in)) {

    case NGX_AGAIN:
        return NGX_OK;

    case NGX_OK:
        return ngx_http_procore_scope_token_complete(r, ctx);

    case NGX_DECLINED:
        rc = ngx_http_procore_scope_token_unread(r, ctx);

        if (rc == NGX_ERROR || !answer->over) {
            return rc;
        }

        return ngx_http_procore_scope_answer_rest(r, in);

    default:
        return NGX_ERROR;
    }
}


static ngx_uint_t
ngx_http_procore_scope_token_cached(ngx_http_request_t *r)
{
#if (NGX_HTTP_CACHE)

    if (r->cached) {
        return 1;
    }

    /* a token must not be kept for the next client either */

    if (r->upstream) {
        r->upstream->cacheable = 0;
    }

#endif

    return 0;
}


/* It would hand one client's token to another. */

static ngx_int_t
ngx_http_procore_scope_token_from_cache(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                  "procore_scope: the answer of \"%V\" came from a cache; "
                  "switch the cache off for the login host", &r->uri);

    ngx_http_procore_scope_token_unbound(ctx, PROCORE_REASON_STORE_FAILED);

    if (ctx->conf->mode == NGX_HTTP_PROCORE_SCOPE_MONITOR) {
        return ngx_http_procore_scope_next_header_filter(r);
    }

    if (ngx_http_procore_scope_answer_start(r, ctx, 0) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_http_procore_scope_answer_refuse(r, ctx,
                                                PROCORE_REASON_STORE_FAILED);
}


static ngx_int_t
ngx_http_procore_scope_token_complete(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    procore_store_op_t  op;

    ngx_memzero(&op, sizeof(procore_store_op_t));

    op.now = (uint64_t) ngx_time();
    ngx_memcpy(op.realm, ctx->conf->realm, PROCORE_REALM_SIZE);

    if (ctx->answer_type == NGX_HTTP_PROCORE_SCOPE_ANSWER_REVOKE) {
        ngx_http_procore_scope_token_withdraw(ctx, &op);

        return ngx_http_procore_scope_token_write(r, ctx, &op);
    }

    switch (ngx_http_procore_scope_token_family(r, ctx, &op)) {

    case NGX_OK:
        return ngx_http_procore_scope_token_write(r, ctx, &op);

    case NGX_DECLINED:
        return ngx_http_procore_scope_token_unread(r, ctx);

    default:
        return NGX_ERROR;
    }
}


/* NGX_OK; NGX_DECLINED: the answer holds no token that can be read. */

static ngx_int_t
ngx_http_procore_scope_token_family(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, procore_store_op_t *op)
{
    u_char                          *memory;
    ngx_str_t                        text, client, *grant;
    procore_token_answer_t           answer;
    ngx_http_procore_scope_oauth_t  *oauth;

    oauth = ctx->oauth;

    if (ngx_http_procore_scope_answer_text(r, ctx, &text) != NGX_OK) {
        return NGX_ERROR;
    }

    memory = ngx_pnalloc(r->pool, text.len + 1);
    if (memory == NULL) {
        return NGX_ERROR;
    }

    if (procore_token_answer_read(&answer, text.data, text.len, memory)
        != PROCORE_OK)
    {
        return NGX_DECLINED;
    }

    op->type = PROCORE_STORE_FAMILY;
    op->company = oauth->bind;
    op->way = oauth->way;

    if (answer.expires_in) {
        op->expires_at = op->now + answer.expires_in;
    }

    if (oauth->has_parent) {
        op->has_parent = 1;
        ngx_memcpy(op->parent, oauth->parent, PROCORE_DIGEST_SIZE);
    }

    ngx_http_procore_scope_oauth_client(ctx, &client);

    if (client.len && client.len <= PROCORE_STORE_CLIENT_MAX) {
        op->client_len = (unsigned char) client.len;
        ngx_memcpy(op->client, client.data, client.len);
    }

    grant = &oauth->params[PROCORE_PARAM_GRANT_TYPE];

    if (grant->len == sizeof("client_credentials") - 1
        && ngx_memcmp(grant->data, "client_credentials", grant->len) == 0)
    {
        op->user = PROCORE_STORE_SERVICE;
    }

    return ngx_http_procore_scope_token_digests(ctx, &answer, op);
}


static ngx_int_t
ngx_http_procore_scope_token_digests(ngx_http_procore_scope_ctx_t *ctx,
    procore_token_answer_t *answer, procore_store_op_t *op)
{
    if (procore_digest_token(op->realm, answer->access_token.data,
                             answer->access_token.len, op->access)
        != PROCORE_OK)
    {
        return NGX_ERROR;
    }

    op->has_access = 1;

    ngx_memcpy(ctx->digest, op->access, PROCORE_DIGEST_SIZE);
    ctx->digested = 1;

    if (answer->refresh_token.len == 0) {
        return NGX_OK;
    }

    if (procore_digest_token(op->realm, answer->refresh_token.data,
                             answer->refresh_token.len, op->refresh)
        != PROCORE_OK)
    {
        return NGX_ERROR;
    }

    op->has_refresh = 1;

    return NGX_OK;
}


/* A revoke does not say which kind of token it means. */

static void
ngx_http_procore_scope_token_withdraw(ngx_http_procore_scope_ctx_t *ctx,
    procore_store_op_t *op)
{
    op->type = PROCORE_STORE_WITHDRAW;

    op->has_access = 1;
    ngx_memcpy(op->access, ctx->oauth->token, PROCORE_DIGEST_SIZE);

    op->has_refresh = 1;
    ngx_memcpy(op->refresh, ctx->oauth->token, PROCORE_DIGEST_SIZE);

    ngx_memcpy(ctx->digest, ctx->oauth->token, PROCORE_DIGEST_SIZE);
    ctx->digested = 1;
}


static ngx_int_t
ngx_http_procore_scope_token_write(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, procore_store_op_t *op)
{
    if (ngx_http_procore_scope_store_write(op,
                                 ngx_http_procore_scope_token_written, ctx)
        != NGX_OK)
    {
        ctx->oauth->rc = PROCORE_ERROR;
        ctx->oauth->written = 1;

        return ngx_http_procore_scope_token_finish(r, ctx);
    }

    ngx_http_procore_scope_answer_wait(r, ctx);

    return NGX_AGAIN;
}


static void
ngx_http_procore_scope_token_written(void *data, procore_store_op_t *op)
{
    ngx_http_procore_scope_ctx_t *ctx = data;

    ctx->oauth->rc = op->rc;
    ctx->oauth->bound = op->bound;
    ctx->oauth->written = 1;

    ngx_http_procore_scope_answer_wake(ctx->request, ctx);
}


static ngx_int_t
ngx_http_procore_scope_token_finish(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    ngx_str_t                        body;
    ngx_uint_t                       enforce, revoke;
    ngx_http_procore_scope_oauth_t  *oauth;

    oauth = ctx->oauth;

    enforce = ctx->conf->mode == NGX_HTTP_PROCORE_SCOPE_ENFORCE;
    revoke = ctx->answer_type == NGX_HTTP_PROCORE_SCOPE_ANSWER_REVOKE;

    switch (oauth->rc) {

    case PROCORE_OK:

        if (revoke) {
            break;
        }

        ngx_http_procore_scope_token_bound(ctx);

        switch (ngx_http_procore_scope_token_tell(r, ctx, &body)) {

        case NGX_OK:
            return ngx_http_procore_scope_answer_send(r, ctx, &body);

        case NGX_DECLINED:
            break;

        default:
            return NGX_ERROR;
        }

        break;

    case PROCORE_CONFLICT:
        ctx->binding = oauth->bound;
        ctx->known = PROCORE_OK;
        ctx->judge.company = oauth->bound.company;
        ctx->way = oauth->bound.way;

        if (enforce) {
            return ngx_http_procore_scope_answer_refuse(r, ctx,
                                                        PROCORE_REASON_REBIND);
        }

        ctx->judge.reason = PROCORE_REASON_REBIND;
        ctx->decision = NGX_HTTP_PROCORE_SCOPE_WOULD_DENY;
        break;

    case PROCORE_NOT_FOUND:

        /* a revoke of a token that was never seen */

        break;

    default:

        /* a revoke is told only when it holds here, too; it can be repeated */

        if (enforce && revoke) {
            return ngx_http_procore_scope_answer_refuse(r, ctx,
                                                  PROCORE_REASON_STORE_FAILED);
        }

        ngx_http_procore_scope_token_unbound(ctx,
                                             PROCORE_REASON_STORE_FAILED);
        break;
    }

    return ngx_http_procore_scope_answer_send(r, ctx, NULL);
}


/* The record tells the new tokens' family as it is on disk now. */

static void
ngx_http_procore_scope_token_bound(ngx_http_procore_scope_ctx_t *ctx)
{
    ngx_http_procore_scope_oauth_t  *oauth;

    oauth = ctx->oauth;

    ctx->binding = oauth->bound;
    ctx->known = PROCORE_OK;
    ctx->judge.company = oauth->bound.company;
    ctx->way = oauth->bound.way;

    if (oauth->bound.state == PROCORE_FAMILY_BOUND && oauth->bind
        && oauth->fresh)
    {
        ngx_str_set(&ctx->action, "bind");
    }
}


/* Passes, unbound; what was to be refused in monitor stays the reason. */

static void
ngx_http_procore_scope_token_unbound(ngx_http_procore_scope_ctx_t *ctx,
    procore_reason_e reason)
{
    ctx->judge.company = 0;
    ctx->way = PROCORE_WAY_NONE;

    if (ctx->decision != NGX_HTTP_PROCORE_SCOPE_ALLOW) {
        return;
    }

    ctx->judge.reason = reason;
    ctx->decision = NGX_HTTP_PROCORE_SCOPE_ALLOW_UNDECIDED;
}


static ngx_int_t
ngx_http_procore_scope_token_unread(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    procore_store_op_t  op;

    if (ctx->answer_type == NGX_HTTP_PROCORE_SCOPE_ANSWER_REVOKE) {

        /* its status has said enough, whatever the body is */

        ngx_memzero(&op, sizeof(procore_store_op_t));

        op.now = (uint64_t) ngx_time();
        ngx_memcpy(op.realm, ctx->conf->realm, PROCORE_REALM_SIZE);
        ngx_http_procore_scope_token_withdraw(ctx, &op);

        if (ngx_http_procore_scope_store_write(&op, NULL, NULL) != NGX_OK) {
            ngx_http_procore_scope_token_unbound(ctx,
                                                 PROCORE_REASON_STORE_FAILED);
        }

    } else {
        ngx_http_procore_scope_token_unbound(ctx, PROCORE_REASON_UNBOUND);
    }

    return ngx_http_procore_scope_answer_send(r, ctx, NULL);
}

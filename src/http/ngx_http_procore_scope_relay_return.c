
/*
 * The callback: the login host sends the browser back, with a code or an error.
 */


#include "ngx_http_procore_scope_choice.h"


/* Procore's codes have 64 bytes. */

#define NGX_HTTP_PROCORE_SCOPE_CODE   1024

/* RFC 6749 names errors of up to 25 bytes; others are URIs or short words. */

#define NGX_HTTP_PROCORE_SCOPE_ERROR  256


typedef struct {
    procore_str_t  code;       /* data NULL: none */
    procore_str_t  error;
} ngx_http_procore_scope_callback_t;


static ngx_int_t ngx_http_procore_scope_return_read(ngx_http_request_t *r,
    ngx_http_procore_scope_callback_t *callback);
static ngx_uint_t ngx_http_procore_scope_return_fit(procore_str_t *text,
    size_t max);
static ngx_int_t ngx_http_procore_scope_return_error(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, procore_str_t *error);
static ngx_int_t ngx_http_procore_scope_return_code(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, procore_str_t *code);
static time_t ngx_http_procore_scope_return_wait(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);
static ngx_int_t ngx_http_procore_scope_return_open(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);
static void ngx_http_procore_scope_return_gone(void *data);
static ngx_int_t ngx_http_procore_scope_return_opened(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);


ngx_int_t
ngx_http_procore_scope_relay_return(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    ngx_int_t                           rc;
    ngx_http_procore_scope_relay_t     *relay;
    ngx_http_procore_scope_callback_t   callback;

    relay = ctx->relay;

    rc = ngx_http_procore_scope_relay_open(r, ctx, r->args.data, r->args.len);

    if (rc == NGX_DECLINED) {
        return ngx_http_procore_scope_relay_refuse(r, ctx, ctx->judge.reason,
                                                   0);
    }

    if (rc != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (relay->authorization.started_at + PROCORE_RELAY_LOGIN
        < (uint64_t) ngx_time())
    {
        relay->expire = 1;
        return ngx_http_procore_scope_relay_refuse(r, ctx,
                                            PROCORE_REASON_NO_TRANSACTION, 0);
    }

    rc = ngx_http_procore_scope_return_read(r, &callback);

    if (rc == NGX_DECLINED) {
        return ngx_http_procore_scope_relay_refuse(r, ctx,
                                               PROCORE_REASON_BAD_REQUEST, 0);
    }

    if (rc != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    /* who only looks does not exchange */

    if (r->method == NGX_HTTP_HEAD) {
        ngx_str_set(&ctx->action, "authorize_returned");
        return ngx_http_procore_scope_to_picker(r, ctx);
    }

    if (callback.error.data) {
        return ngx_http_procore_scope_return_error(r, ctx, &callback.error);
    }

    return ngx_http_procore_scope_return_code(r, ctx, &callback.code);
}


/* One of the two, once.  NGX_OK; NGX_DECLINED: it is not so; NGX_ERROR. */

static ngx_int_t
ngx_http_procore_scope_return_read(ngx_http_request_t *r,
    ngx_http_procore_scope_callback_t *callback)
{
    ngx_int_t  rc;

    rc = ngx_http_procore_scope_picked_field(r, &r->args, "code",
                                             &callback->code);

    if (rc == NGX_OK) {
        rc = ngx_http_procore_scope_picked_field(r, &r->args, "error",
                                                 &callback->error);
    }

    if (rc != NGX_OK) {
        return rc;
    }

    if (callback->error.data) {
        return callback->code.data ? NGX_DECLINED : NGX_OK;
    }

    return ngx_http_procore_scope_return_fit(&callback->code,
                                             NGX_HTTP_PROCORE_SCOPE_CODE)
           ? NGX_OK : NGX_DECLINED;
}


/* RFC 6749, appendix A: what codes and errors may consist of. */

static ngx_uint_t
ngx_http_procore_scope_return_fit(procore_str_t *text, size_t max)
{
    size_t  i;

    if (text->len == 0 || text->len > max) {
        return 0;
    }

    for (i = 0; i < text->len; i++) {
        if (text->data[i] < 0x20 || text->data[i] > 0x7e
            || text->data[i] == '"' || text->data[i] == '\\')
        {
            return 0;
        }
    }

    return 1;
}


static ngx_int_t
ngx_http_procore_scope_return_error(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, procore_str_t *error)
{
    procore_str_t  server_error = procore_str("server_error");

    ngx_http_procore_scope_relay_spend(ctx);

    ctx->relay->expire = 1;
    ngx_str_set(&ctx->action, "authorize_returned");

    if (!ngx_http_procore_scope_return_fit(error,
                                           NGX_HTTP_PROCORE_SCOPE_ERROR))
    {
        error = &server_error;
    }

    return ngx_http_procore_scope_error_to_app(r, ctx,
                                               PROCORE_REASON_UPSTREAM_DENIED,
                                               error);
}


/* Whoever makes the record exchanges the code, and nobody else. */

static ngx_int_t
ngx_http_procore_scope_return_code(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, procore_str_t *code)
{
    procore_str_t  *kept;

    ctx->retry_after = ngx_http_procore_scope_return_wait(r, ctx);

    if (ctx->retry_after) {
        return ngx_http_procore_scope_relay_refuse(r, ctx,
                                               PROCORE_REASON_EXCHANGE_FAILED,
                                               NGX_HTTP_TOO_MANY_REQUESTS);
    }

    if (!ngx_http_procore_scope_relay_room(r)) {
        return ngx_http_procore_scope_relay_refuse(r, ctx,
                                              PROCORE_REASON_LOOKUP_FAILED, 0);
    }

    kept = ngx_palloc(r->pool, sizeof(procore_str_t));
    if (kept == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    *kept = *code;
    ctx->relay->data = kept;

    return ngx_http_procore_scope_return_open(r, ctx);
}


/* Procore itself tells whether a code is good only where there is a secret. */

static time_t
ngx_http_procore_scope_return_wait(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    return ctx->relay->client->secret.len
           ? ngx_http_procore_scope_relay_limited(r)
           : ngx_http_procore_scope_relay_keep(r);
}


static ngx_int_t
ngx_http_procore_scope_return_open(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    procore_store_op_t               op;
    ngx_pool_cleanup_t              *cln;
    ngx_http_procore_scope_relay_t  *relay;

    relay = ctx->relay;

    cln = ngx_pool_cleanup_add(r->pool, 0);
    if (cln == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    cln->handler = ngx_http_procore_scope_return_gone;
    cln->data = ctx;

    ngx_memzero(&op, sizeof(procore_store_op_t));

    op.type = PROCORE_STORE_SEALED_OPEN;
    op.keep_until = (uint64_t) ngx_time() + PROCORE_RELAY_LOGIN;
    op.unvouched = relay->client->secret.len == 0;
    ngx_memcpy(op.key, relay->key, PROCORE_DIGEST_SIZE);

    relay->opened = 1;

    if (ngx_http_procore_scope_store_ready()
        && ngx_http_procore_scope_relay_write(r, ctx, &op,
                                         ngx_http_procore_scope_return_opened)
           == NGX_AGAIN)
    {
        return NGX_AGAIN;
    }

    relay->opened = 0;

    return ngx_http_procore_scope_relay_refuse(r, ctx,
                                              PROCORE_REASON_STORE_FAILED, 0);
}


/*
 * The connection broke down in the middle: the picker must not go on telling
 * the user to wait.
 */

static void
ngx_http_procore_scope_return_gone(void *data)
{
    ngx_http_procore_scope_ctx_t *ctx = data;

    /* a conflict is another request's record */

    if (ctx->relay->opened && ctx->relay->rc != PROCORE_CONFLICT) {
        ngx_http_procore_scope_relay_spend(ctx);
    }
}


static ngx_int_t
ngx_http_procore_scope_return_opened(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    ctx->relay->opened = ctx->relay->rc == PROCORE_OK;

    switch (ctx->relay->rc) {

    case PROCORE_OK:

        /* nobody would be there for what Procore answers */

        if (r->connection->error) {
            return NGX_HTTP_CLIENT_CLOSED_REQUEST;
        }

        return ngx_http_procore_scope_relay_exchange(r, ctx,
                                                     ctx->relay->data);

    case PROCORE_CONFLICT:
        ngx_str_set(&ctx->action, "authorize_returned");
        return ngx_http_procore_scope_to_picker(r, ctx);

    default:
        return ngx_http_procore_scope_relay_refuse(r, ctx,
                                              PROCORE_REASON_STORE_FAILED, 0);
    }
}

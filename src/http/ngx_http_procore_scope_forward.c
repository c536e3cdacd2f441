
/*
 * Redemption for an app that has no secret here: Procore authenticates it, so
 * its request goes up, in the gateway's own form.  The fresh token reaches the
 * app only if its user has the company that was chosen.
 */


#include "ngx_http_procore_scope_redeem.h"


/* What Procore itself answers with an error is passed on up to this size. */

#define NGX_HTTP_PROCORE_SCOPE_FORWARD_LIMIT  PROCORE_TOKEN_ANSWER_MAX


/*
 * Calls while a code is claimed, at most: token, the pages of List Companies,
 * Show User Info and revoke.
 */

#define NGX_HTTP_PROCORE_SCOPE_FORWARD_CALLS                                  \
    (NGX_HTTP_PROCORE_SCOPE_COMPANIES_PAGES + 3)


typedef void (*ngx_http_procore_scope_forward_pt)(
    ngx_http_procore_scope_ctx_t *ctx, procore_out_t *body);


static ngx_int_t ngx_http_procore_scope_forward_claim(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);
static void ngx_http_procore_scope_forward_gone(void *data);
static ngx_int_t ngx_http_procore_scope_forward_claimed(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);
static ngx_int_t ngx_http_procore_scope_forward_post(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, const char *uri,
    ngx_http_procore_scope_forward_pt write,
    ngx_http_procore_scope_relay_next_pt next);
static ngx_int_t ngx_http_procore_scope_forward_answered(
    ngx_http_request_t *r, ngx_http_procore_scope_ctx_t *ctx);
static ngx_int_t ngx_http_procore_scope_forward_silent(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);
static ngx_int_t ngx_http_procore_scope_forward_token(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);
static ngx_int_t ngx_http_procore_scope_forward_listed(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);
static ngx_uint_t ngx_http_procore_scope_forward_has(
    ngx_http_procore_scope_ctx_t *ctx);
static ngx_int_t ngx_http_procore_scope_forward_revoked(
    ngx_http_request_t *r, ngx_http_procore_scope_ctx_t *ctx);
static ngx_int_t ngx_http_procore_scope_forward_end(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, procore_store_op_e type);
static ngx_int_t ngx_http_procore_scope_forward_over(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);
static ngx_int_t ngx_http_procore_scope_forward_pass(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);


ngx_int_t
ngx_http_procore_scope_forward(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    procore_relay_t  *kept;

    kept = &ctx->relay->authorization;

    if (ctx->oauth->odd) {

        /* what cannot be written anew would be lost on the way */

        return ngx_http_procore_scope_redeem_refuse(r, ctx,
                                               PROCORE_REASON_MALFORMED_BODY);
    }

    if ((uint64_t) ngx_time() > kept->received_at + PROCORE_RELAY_UPSTREAM) {
        return ngx_http_procore_scope_redeem_refuse(r, ctx,
                                                 PROCORE_REASON_CODE_EXPIRED);
    }

    if (!ngx_http_procore_scope_relay_room(r)) {
        return ngx_http_procore_scope_redeem_refuse(r, ctx,
                                                PROCORE_REASON_LOOKUP_FAILED);
    }

    return ngx_http_procore_scope_forward_claim(r, ctx);
}


/* Claimed, it must not run out before all calls have had their time. */

static ngx_int_t
ngx_http_procore_scope_forward_claim(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    uint64_t                              until;
    procore_store_op_t                    op;
    ngx_pool_cleanup_t                   *cln;
    ngx_http_procore_scope_redemption_t  *redemption;

    redemption = ctx->relay->data;

    cln = ngx_pool_cleanup_add(r->pool, 0);
    if (cln == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    cln->handler = ngx_http_procore_scope_forward_gone;
    cln->data = ctx;

    until = (uint64_t) ngx_time()
            + (uint64_t) ctx->conf->lookup_timeout / 1000
              * NGX_HTTP_PROCORE_SCOPE_FORWARD_CALLS;

    redemption->keep_until = ctx->relay->record.keep_until;
    redemption->claim = NGX_HTTP_PROCORE_SCOPE_CLAIM_BEGUN;

    ngx_memzero(&op, sizeof(procore_store_op_t));

    op.type = PROCORE_STORE_SEALED_CLAIM;
    op.keep_until = ngx_max(until, redemption->keep_until);
    ngx_memcpy(op.key, ctx->relay->key, PROCORE_DIGEST_SIZE);

    ctx->relay->rc = PROCORE_ERROR;

    if (ngx_http_procore_scope_relay_write(r, ctx, &op,
                                        ngx_http_procore_scope_forward_claimed)
        != NGX_AGAIN)
    {
        return ngx_http_procore_scope_redeem_refuse(r, ctx,
                                                  PROCORE_REASON_STORE_FAILED);
    }

    return NGX_AGAIN;
}


/*
 * The connection broke down in the middle.  Without an answer the code is free
 * again; with one it is of no more use, and nobody can be asked to revoke the
 * token any more.
 */

static void
ngx_http_procore_scope_forward_gone(void *data)
{
    ngx_http_procore_scope_ctx_t *ctx = data;

    procore_store_op_t                    op;
    ngx_http_procore_scope_redemption_t  *redemption;

    redemption = ctx->relay->data;

    switch (redemption->claim) {

    case NGX_HTTP_PROCORE_SCOPE_CLAIM_NONE:
        return;

    case NGX_HTTP_PROCORE_SCOPE_CLAIM_BEGUN:
        if (ctx->relay->rc != PROCORE_OK) {
            return;
        }

        break;

    case NGX_HTTP_PROCORE_SCOPE_CLAIM_SENT:
        break;

    case NGX_HTTP_PROCORE_SCOPE_CLAIM_BINDING:
        if (ctx->relay->rc == PROCORE_OK) {
            return;
        }

        /* fall through */

    case NGX_HTTP_PROCORE_SCOPE_CLAIM_ISSUED:
        if (!redemption->known) {
            ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0,
                          "procore_scope: a token was not revoked, "
                          "its client has gone");
        }

        ngx_http_procore_scope_relay_spend(ctx);
        return;
    }

    ngx_memzero(&op, sizeof(procore_store_op_t));

    op.type = PROCORE_STORE_SEALED_RELEASE;
    op.now = (uint64_t) ngx_time();
    op.keep_until = redemption->keep_until;
    ngx_memcpy(op.key, ctx->relay->key, PROCORE_DIGEST_SIZE);
    ngx_memcpy(op.realm, ctx->conf->realm, PROCORE_REALM_SIZE);

    (void) ngx_http_procore_scope_store_write(&op, NULL, NULL);
}


static ngx_int_t
ngx_http_procore_scope_forward_claimed(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    ngx_http_procore_scope_redemption_t  *redemption;

    redemption = ctx->relay->data;

    switch (ctx->relay->rc) {

    case PROCORE_OK:
        break;

    case PROCORE_CONFLICT:
        ngx_str_set(&ctx->action, "code_replayed");

        return ngx_http_procore_scope_redeem_refuse(r, ctx,
                                                 PROCORE_REASON_CODE_REPLAYED);

    case PROCORE_NOT_FOUND:
        return ngx_http_procore_scope_redeem_refuse(r, ctx,
                                                    PROCORE_REASON_BAD_CODE);

    default:
        return ngx_http_procore_scope_redeem_refuse(r, ctx,
                                                  PROCORE_REASON_STORE_FAILED);
    }

    redemption->claim = NGX_HTTP_PROCORE_SCOPE_CLAIM_SENT;

    if (ngx_http_procore_scope_forward_post(r, ctx, "/oauth/token",
                                       ngx_http_procore_scope_forward_request,
                                       ngx_http_procore_scope_forward_answered)
        == NGX_AGAIN)
    {
        return NGX_AGAIN;
    }

    redemption->reason = PROCORE_REASON_LOOKUP_FAILED;

    return ngx_http_procore_scope_forward_end(r, ctx,
                                              PROCORE_STORE_SEALED_RELEASE);
}


/* Codes of ngx_http_procore_scope_relay_call(). */

static ngx_int_t
ngx_http_procore_scope_forward_post(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, const char *uri,
    ngx_http_procore_scope_forward_pt write,
    ngx_http_procore_scope_relay_next_pt next)
{
    procore_out_t                   body;
    ngx_http_procore_scope_call_t  *call;

    /* measured, then written */

    ngx_memzero(&body, sizeof(procore_out_t));

    write(ctx, &body);

    body.size = body.len;
    body.len = 0;
    body.data = ngx_pnalloc(r->pool, body.size);

    if (body.data == NULL) {
        return NGX_ERROR;
    }

    write(ctx, &body);

    call = &ctx->relay->call;

    ngx_memzero(call, sizeof(ngx_http_procore_scope_call_t));

    call->post = 1;
    call->uri.len = ngx_strlen(uri);
    call->uri.data = (u_char *) uri;
    call->body.len = body.len;
    call->body.data = body.data;
    call->limit = NGX_HTTP_PROCORE_SCOPE_FORWARD_LIMIT;

    if (ngx_http_procore_scope_is_basic(r)) {
        call->authorization = r->headers_in.authorization->value;
    }

    return ngx_http_procore_scope_relay_call(r, ctx, next);
}


static ngx_int_t
ngx_http_procore_scope_forward_answered(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    ngx_uint_t                            dead;
    ngx_http_procore_scope_call_t        *call;
    ngx_http_procore_scope_redemption_t  *redemption;

    redemption = ctx->relay->data;
    call = &ctx->relay->call;

    if (call->status >= NGX_HTTP_OK
        && call->status < NGX_HTTP_SPECIAL_RESPONSE)
    {
        return ngx_http_procore_scope_forward_token(r, ctx);
    }

    redemption->reason = PROCORE_REASON_EXCHANGE_FAILED;

    if (!call->complete || call->text.len == 0
        || call->status < NGX_HTTP_BAD_REQUEST)
    {
        return ngx_http_procore_scope_forward_silent(r, ctx);
    }

    redemption->status = call->status;
    redemption->text = call->text;
    redemption->type = call->type;
    redemption->challenge = call->challenge;
    redemption->retry_after = call->retry_after;

    dead = call->text.len
           && memmem(call->text.data, call->text.len, "\"invalid_grant\"",
                     sizeof("\"invalid_grant\"") - 1)
              != NULL;

    return ngx_http_procore_scope_forward_end(r, ctx,
                                       dead ? PROCORE_STORE_SEALED_SPEND
                                            : PROCORE_STORE_SEALED_RELEASE);
}


/* There is nothing to pass on; the status alone may say enough. */

static ngx_int_t
ngx_http_procore_scope_forward_silent(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    ngx_http_procore_scope_redemption_t  *redemption;

    redemption = ctx->relay->data;

    switch (ctx->relay->call.status) {

    case NGX_HTTP_BAD_REQUEST:
        redemption->reason = PROCORE_REASON_BAD_CODE;

        return ngx_http_procore_scope_forward_end(r, ctx,
                                                  PROCORE_STORE_SEALED_SPEND);

    case NGX_HTTP_UNAUTHORIZED:
        redemption->reason = PROCORE_REASON_BAD_CLIENT;
        break;

    default:

        /* whether the login host has taken the code is not known */

        ctx->retry_after = ctx->relay->call.retry_after;
    }

    return ngx_http_procore_scope_forward_end(r, ctx,
                                              PROCORE_STORE_SEALED_RELEASE);
}


static ngx_int_t
ngx_http_procore_scope_forward_token(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    u_char                               *memory;
    ngx_http_procore_scope_call_t        *call;
    ngx_http_procore_scope_companies_t   *list;
    ngx_http_procore_scope_redemption_t  *redemption;

    redemption = ctx->relay->data;
    call = &ctx->relay->call;

    redemption->claim = NGX_HTTP_PROCORE_SCOPE_CLAIM_ISSUED;
    redemption->answer = call->text;
    redemption->reason = PROCORE_REASON_EXCHANGE_FAILED;

    /* the next call must not free it */

    call->size = 0;

    memory = ngx_pnalloc(r->pool, call->text.len + 1);

    if (memory == NULL || !call->complete
        || procore_token_answer_read(&redemption->token, call->text.data,
                                     call->text.len, memory)
           != PROCORE_OK)
    {
        return ngx_http_procore_scope_forward_end(r, ctx,
                                                  PROCORE_STORE_SEALED_SPEND);
    }

    ctx->relay->authorization.received_at = (uint64_t) ngx_time();

    redemption->known = ngx_http_procore_scope_relay_known(ctx,
                                             &redemption->token.access_token,
                                             &redemption->token.refresh_token);

    list = &redemption->list;

    list->user = 1;
    list->next = ngx_http_procore_scope_forward_listed;
    list->client = ctx->relay->client->id;

    if (ngx_http_procore_scope_bearer(r->pool,
                                      &redemption->token.access_token,
                                      &list->authorization)
        == NGX_OK
        && ngx_http_procore_scope_relay_list_init(r, list) == NGX_OK
        && ngx_http_procore_scope_relay_companies(r, ctx, list) == NGX_AGAIN)
    {
        return NGX_AGAIN;
    }

    return ngx_http_procore_scope_forward_discard(r, ctx,
                                                PROCORE_REASON_LOOKUP_FAILED);
}


/* The user is known only now, and so is what the company is called. */

static ngx_int_t
ngx_http_procore_scope_forward_listed(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    ngx_http_procore_scope_relay_t       *relay;
    ngx_http_procore_scope_redemption_t  *redemption;

    relay = ctx->relay;
    redemption = relay->data;

    if (redemption->list.rc != NGX_OK) {
        ctx->retry_after = relay->call.retry_after;

        return ngx_http_procore_scope_forward_discard(r, ctx,
                                                PROCORE_REASON_LOOKUP_FAILED);
    }

    relay->user = redemption->list.user_id;
    relay->authorization.user = redemption->list.user_id;

    if (!ngx_http_procore_scope_forward_has(ctx)) {
        return ngx_http_procore_scope_forward_discard(r, ctx,
                                         PROCORE_REASON_COMPANY_NOT_AVAILABLE);
    }

    return ngx_http_procore_scope_redeem_bind(r, ctx);
}


static ngx_uint_t
ngx_http_procore_scope_forward_has(ngx_http_procore_scope_ctx_t *ctx)
{
    uint64_t                              id;
    procore_str_t                         list, name;
    procore_relay_t                      *kept;
    ngx_http_procore_scope_redemption_t  *redemption;

    kept = &ctx->relay->authorization;
    redemption = ctx->relay->data;

    list.len = redemption->list.len;
    list.data = redemption->list.data;

    while (procore_relay_company_next(&list, &id, &name) == PROCORE_OK) {

        if (id == kept->company) {
            kept->name = name;
            return 1;
        }
    }

    return 0;
}


ngx_int_t
ngx_http_procore_scope_forward_discard(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, procore_reason_e reason)
{
    ngx_http_procore_scope_redemption_t  *redemption;

    redemption = ctx->relay->data;
    redemption->reason = reason;
    redemption->claim = NGX_HTTP_PROCORE_SCOPE_CLAIM_ISSUED;

    if (redemption->known) {
        return ngx_http_procore_scope_forward_end(r, ctx,
                                                  PROCORE_STORE_SEALED_SPEND);
    }

    ngx_str_set(&ctx->action, "token_discarded");

    if (ngx_http_procore_scope_forward_post(r, ctx, "/oauth/revoke",
                                     ngx_http_procore_scope_forward_revocation,
                                     ngx_http_procore_scope_forward_revoked)
        == NGX_AGAIN)
    {
        return NGX_AGAIN;
    }

    return ngx_http_procore_scope_forward_end(r, ctx,
                                              PROCORE_STORE_SEALED_SPEND);
}


/* Whether it could be revoked changes nothing: nobody has this token. */

static ngx_int_t
ngx_http_procore_scope_forward_revoked(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    ngx_http_procore_scope_relay_revoked(r, &ctx->relay->call);

    return ngx_http_procore_scope_forward_end(r, ctx,
                                              PROCORE_STORE_SEALED_SPEND);
}


/* It ends without a token: the code is spent, or free again. */

static ngx_int_t
ngx_http_procore_scope_forward_end(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, procore_store_op_e type)
{
    procore_store_op_t                    op;
    ngx_http_procore_scope_redemption_t  *redemption;

    redemption = ctx->relay->data;
    redemption->claim = NGX_HTTP_PROCORE_SCOPE_CLAIM_NONE;

    ngx_memzero(&op, sizeof(procore_store_op_t));

    op.type = type;
    op.keep_until = redemption->keep_until;
    ngx_memcpy(op.key, ctx->relay->key, PROCORE_DIGEST_SIZE);

    if (type == PROCORE_STORE_SEALED_SPEND
        && ngx_http_procore_scope_redeem_spent(r, ctx, &op) != NGX_OK)
    {
        return ngx_http_procore_scope_forward_over(r, ctx);
    }

    /* a code that stays claimed is of no more use than one that is spent */

    if (ngx_http_procore_scope_relay_write(r, ctx, &op,
                                           ngx_http_procore_scope_forward_over)
        != NGX_AGAIN)
    {
        return ngx_http_procore_scope_forward_over(r, ctx);
    }

    return NGX_AGAIN;
}


static ngx_int_t
ngx_http_procore_scope_forward_over(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    ngx_http_procore_scope_redemption_t  *redemption;

    redemption = ctx->relay->data;

    return redemption->status
           ? ngx_http_procore_scope_forward_pass(r, ctx)
           : ngx_http_procore_scope_redeem_refuse(r, ctx, redemption->reason);
}


/* Procore's own refusal, as it came. */

static ngx_int_t
ngx_http_procore_scope_forward_pass(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    ngx_str_t                             value;
    ngx_http_procore_scope_redemption_t  *redemption;

    redemption = ctx->relay->data;

    ngx_http_procore_scope_note(ctx, redemption->reason, PROCORE_RANK_TOKEN,
                                NULL);
    (void) ngx_http_procore_scope_decide(ctx);

    ctx->refused = 1;

    r->headers_out.status = redemption->status;
    r->headers_out.content_length_n = (off_t) redemption->text.len;

    r->headers_out.content_type = redemption->type;
    r->headers_out.content_type_len = redemption->type.len;

    ngx_str_set(&value, "no-store");

    if (ngx_http_procore_scope_add_answer_header(r, "Cache-Control", &value)
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (redemption->challenge.len
        && ngx_http_procore_scope_add_answer_header(r, "WWW-Authenticate",
                                                    &redemption->challenge)
           != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (redemption->retry_after) {

        value.data = ngx_pnalloc(r->pool, NGX_TIME_T_LEN);
        if (value.data == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        value.len = (size_t) (ngx_sprintf(value.data, "%T",
                                          redemption->retry_after)
                              - value.data);

        if (ngx_http_procore_scope_add_answer_header(r, "Retry-After", &value)
            != NGX_OK)
        {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    return ngx_http_procore_scope_send(r, &redemption->text);
}

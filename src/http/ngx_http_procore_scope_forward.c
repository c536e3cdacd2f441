
/*
 * Redemption for an app that has no secret here: Procore authenticates it, so
 * its request goes up, in the gateway's own form.  The fresh token reaches the
 * app only if its user has the company that was chosen.
 */


#include "ngx_http_procore_scope_redeem.h"


/* What Procore itself answers with an error is passed on up to this size. */

#define NGX_HTTP_PROCORE_SCOPE_FORWARD_LIMIT  PROCORE_TOKEN_ANSWER_MAX


static ngx_int_t ngx_http_procore_scope_forward_claimed(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);
static ngx_int_t ngx_http_procore_scope_forward_post(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, const char *uri, procore_out_t *body,
    ngx_http_procore_scope_relay_next_pt next);
static ngx_int_t ngx_http_procore_scope_forward_answered(
    ngx_http_request_t *r, ngx_http_procore_scope_ctx_t *ctx);
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
    procore_relay_t     *kept;
    procore_store_op_t   op;

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

    ngx_memzero(&op, sizeof(procore_store_op_t));

    op.type = PROCORE_STORE_SEALED_CLAIM;
    ngx_memcpy(op.key, ctx->relay->key, PROCORE_DIGEST_SIZE);

    if (ngx_http_procore_scope_relay_write(r, ctx, &op,
                                        ngx_http_procore_scope_forward_claimed)
        != NGX_AGAIN)
    {
        return ngx_http_procore_scope_redeem_refuse(r, ctx,
                                                  PROCORE_REASON_STORE_FAILED);
    }

    return NGX_AGAIN;
}


static ngx_int_t
ngx_http_procore_scope_forward_claimed(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    procore_out_t                         body;
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

    ngx_memzero(&body, sizeof(procore_out_t));

    ngx_http_procore_scope_forward_request(ctx, &body);

    body.size = body.len;
    body.len = 0;
    body.data = ngx_pnalloc(r->pool, body.size);

    if (body.data) {
        ngx_http_procore_scope_forward_request(ctx, &body);

        if (ngx_http_procore_scope_forward_post(r, ctx, "/oauth/token", &body,
                                       ngx_http_procore_scope_forward_answered)
            == NGX_AGAIN)
        {
            return NGX_AGAIN;
        }
    }

    redemption->reason = PROCORE_REASON_LOOKUP_FAILED;

    return ngx_http_procore_scope_forward_end(r, ctx,
                                              PROCORE_STORE_SEALED_RELEASE);
}


/* Codes of ngx_http_procore_scope_relay_call(). */

static ngx_int_t
ngx_http_procore_scope_forward_post(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, const char *uri, procore_out_t *body,
    ngx_http_procore_scope_relay_next_pt next)
{
    ngx_http_procore_scope_call_t  *call;

    call = &ctx->relay->call;

    ngx_memzero(call, sizeof(ngx_http_procore_scope_call_t));

    call->post = 1;
    call->uri.len = ngx_strlen(uri);
    call->uri.data = (u_char *) uri;
    call->body.len = body->len;
    call->body.data = body->data;
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

    if (!call->complete) {

        /* whether the login host has taken the code is not known */

        ctx->retry_after = call->retry_after;

        return ngx_http_procore_scope_forward_end(r, ctx,
                                                PROCORE_STORE_SEALED_RELEASE);
    }

    redemption->status = call->status;
    redemption->text = call->text;
    redemption->retry_after = call->retry_after;

    dead = call->text.len
           && memmem(call->text.data, call->text.len, "\"invalid_grant\"",
                     sizeof("\"invalid_grant\"") - 1)
              != NULL;

    return ngx_http_procore_scope_forward_end(r, ctx,
                                       dead ? PROCORE_STORE_SEALED_SPEND
                                            : PROCORE_STORE_SEALED_RELEASE);
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

    list->authorization.len = sizeof("Bearer ") - 1
                              + redemption->token.access_token.len;
    list->authorization.data = ngx_pnalloc(r->pool, list->authorization.len);

    if (list->authorization.data) {

        ngx_memcpy(ngx_cpymem(list->authorization.data, "Bearer ",
                              sizeof("Bearer ") - 1),
                   redemption->token.access_token.data,
                   redemption->token.access_token.len);

        if (ngx_http_procore_scope_relay_list_init(r, list) == NGX_OK
            && ngx_http_procore_scope_relay_companies(r, ctx, list)
               == NGX_AGAIN)
        {
            return NGX_AGAIN;
        }
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
    procore_out_t                         body;
    ngx_http_procore_scope_redemption_t  *redemption;

    redemption = ctx->relay->data;
    redemption->reason = reason;

    if (redemption->known) {
        return ngx_http_procore_scope_forward_end(r, ctx,
                                                  PROCORE_STORE_SEALED_SPEND);
    }

    ngx_str_set(&ctx->action, "token_discarded");

    ngx_memzero(&body, sizeof(procore_out_t));

    ngx_http_procore_scope_forward_revocation(ctx, &body);

    body.size = body.len;
    body.len = 0;
    body.data = ngx_pnalloc(r->pool, body.size);

    if (body.data) {
        ngx_http_procore_scope_forward_revocation(ctx, &body);

        if (ngx_http_procore_scope_forward_post(r, ctx, "/oauth/revoke", &body,
                                        ngx_http_procore_scope_forward_revoked)
            == NGX_AGAIN)
        {
            return NGX_AGAIN;
        }
    }

    return ngx_http_procore_scope_forward_end(r, ctx,
                                              PROCORE_STORE_SEALED_SPEND);
}


/* Whether it could be revoked changes nothing: nobody has this token. */

static ngx_int_t
ngx_http_procore_scope_forward_revoked(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    return ngx_http_procore_scope_forward_end(r, ctx,
                                              PROCORE_STORE_SEALED_SPEND);
}


/* It ends without a token: the code is spent, or free again. */

static ngx_int_t
ngx_http_procore_scope_forward_end(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, procore_store_op_e type)
{
    procore_store_op_t  op;

    ngx_memzero(&op, sizeof(procore_store_op_t));

    op.type = type;
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

    if (redemption->text.len && redemption->text.data[0] == '{') {
        ngx_str_set(&r->headers_out.content_type, "application/json");

    } else {
        ngx_str_set(&r->headers_out.content_type, "text/plain");
    }

    r->headers_out.content_type_len = r->headers_out.content_type.len;

    ngx_str_set(&value, "no-store");

    if (ngx_http_procore_scope_add_answer_header(r, "Cache-Control", &value)
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


/*
 * What a redemption ends with: the code is spent and the tokens are bound in
 * one, then the app gets them.
 */


#include "ngx_http_procore_scope_redeem.h"
#include "../procore/procore_token_amend.h"


static ngx_int_t ngx_http_procore_scope_redeem_family(
    ngx_http_procore_scope_ctx_t *ctx, procore_store_op_t *op);
static ngx_int_t ngx_http_procore_scope_redeem_bound(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);
static ngx_int_t ngx_http_procore_scope_redeem_failed(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, procore_reason_e reason);
static ngx_int_t ngx_http_procore_scope_redeem_prepare(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);
static ngx_int_t ngx_http_procore_scope_redeem_answer(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);
static ngx_int_t ngx_http_procore_scope_redeem_headers(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);


ngx_int_t
ngx_http_procore_scope_redeem_bind(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    procore_store_op_t                    op;
    ngx_http_procore_scope_redemption_t  *redemption;

    redemption = ctx->relay->data;

    ngx_memzero(&op, sizeof(procore_store_op_t));

    op.type = PROCORE_STORE_SEALED_REDEEM;

    if (ngx_http_procore_scope_redeem_prepare(r, ctx) != NGX_OK
        || ngx_http_procore_scope_redeem_family(ctx, &op) != NGX_OK
        || ngx_http_procore_scope_redeem_spent(r, ctx, &op) != NGX_OK)
    {
        return ngx_http_procore_scope_redeem_failed(r, ctx,
                                                  PROCORE_REASON_STORE_FAILED);
    }

    if (redemption->claim != NGX_HTTP_PROCORE_SCOPE_CLAIM_NONE) {
        redemption->claim = NGX_HTTP_PROCORE_SCOPE_CLAIM_BINDING;
        ctx->relay->rc = PROCORE_ERROR;
    }

    if (ngx_http_procore_scope_relay_write(r, ctx, &op,
                                           ngx_http_procore_scope_redeem_bound)
        != NGX_AGAIN)
    {
        return ngx_http_procore_scope_redeem_failed(r, ctx,
                                                  PROCORE_REASON_STORE_FAILED);
    }

    return NGX_AGAIN;
}


static ngx_int_t
ngx_http_procore_scope_redeem_family(ngx_http_procore_scope_ctx_t *ctx,
    procore_store_op_t *op)
{
    procore_relay_t                      *kept;
    procore_token_answer_t               *token;
    ngx_http_procore_scope_redemption_t  *redemption;

    kept = &ctx->relay->authorization;
    redemption = ctx->relay->data;
    token = &redemption->token;

    op->company = kept->company;
    op->way = PROCORE_WAY_AUTHORIZE;
    op->user = kept->user;

    if (token->expires_in) {
        op->expires_at = kept->received_at + token->expires_in;
    }

    if (kept->client.len <= PROCORE_STORE_CLIENT_MAX) {
        op->client_len = (unsigned char) kept->client.len;
        ngx_memcpy(op->client, kept->client.data, kept->client.len);
    }

    op->has_access = 1;

    if (procore_digest_token(ctx->conf->realm, token->access_token.data,
                             token->access_token.len, op->access)
        != PROCORE_OK)
    {
        return NGX_ERROR;
    }

    ngx_memcpy(ctx->digest, op->access, PROCORE_DIGEST_SIZE);
    ctx->digested = 1;

    if (token->refresh_token.len == 0) {
        return NGX_OK;
    }

    op->has_refresh = 1;

    return procore_digest_token(ctx->conf->realm, token->refresh_token.data,
                                token->refresh_token.len, op->refresh)
           == PROCORE_OK ? NGX_OK : NGX_ERROR;
}


ngx_int_t
ngx_http_procore_scope_redeem_spent(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, procore_store_op_t *op)
{
    procore_relay_t                       spent, *kept;
    ngx_http_procore_scope_redemption_t  *redemption;

    kept = &ctx->relay->authorization;
    redemption = ctx->relay->data;

    ngx_memzero(&spent, sizeof(procore_relay_t));

    ngx_memcpy(spent.id, kept->id, PROCORE_RELAY_ID);

    spent.user = kept->user;
    spent.company = kept->company;
    spent.client = kept->client;
    spent.redirect_uri = kept->redirect_uri;
    spent.challenge = kept->challenge;
    spent.forward = kept->forward;

    if (op->has_access) {
        spent.token.len = PROCORE_DIGEST_SIZE;
        spent.token.data = op->access;
    }

    op->keep_until = (uint64_t) ngx_time() + PROCORE_RELAY_SPENT;
    op->record_user = kept->user;
    ngx_memcpy(op->key, ctx->relay->key, PROCORE_DIGEST_SIZE);

    return ngx_http_procore_scope_relay_seal(r, &redemption->code,
                                             ctx->relay->key, &spent, op);
}


static ngx_int_t
ngx_http_procore_scope_redeem_bound(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    ngx_http_procore_scope_relay_t  *relay;

    relay = ctx->relay;

    switch (relay->rc) {

    case PROCORE_OK:
        ctx->binding = relay->bound;
        ctx->known = PROCORE_OK;

        if (relay->bound.state == PROCORE_FAMILY_WITHDRAWN) {
            return ngx_http_procore_scope_redeem_refuse(r, ctx,
                                                 PROCORE_REASON_REVOKED_TOKEN);
        }

        ctx->judge.company = relay->bound.company;
        ctx->way = relay->bound.way;

        return ngx_http_procore_scope_redeem_answer(r, ctx);

    case PROCORE_CONFLICT:

        if (relay->record.state == PROCORE_SEALED_SPENT) {
            ngx_str_set(&ctx->action, "code_replayed");

            return ngx_http_procore_scope_redeem_refuse(r, ctx,
                                                PROCORE_REASON_CODE_REPLAYED);
        }

        ctx->binding = relay->bound;
        ctx->known = PROCORE_OK;

        return ngx_http_procore_scope_redeem_failed(r, ctx,
                                                    PROCORE_REASON_REBIND);

    case PROCORE_NOT_FOUND:
        return ngx_http_procore_scope_redeem_failed(r, ctx,
                                                    PROCORE_REASON_BAD_CODE);

    default:
        return ngx_http_procore_scope_redeem_failed(r, ctx,
                                                  PROCORE_REASON_STORE_FAILED);
    }
}


/* A kept answer stays with its code; a fresh one has nobody else. */

static ngx_int_t
ngx_http_procore_scope_redeem_failed(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, procore_reason_e reason)
{
    return ctx->relay->authorization.forward
           ? ngx_http_procore_scope_forward_discard(r, ctx, reason)
           : ngx_http_procore_scope_redeem_refuse(r, ctx, reason);
}


/*
 * All that needs memory comes before the code is spent.  An answer that cannot
 * be amended is given as it came.
 */

static ngx_int_t
ngx_http_procore_scope_redeem_prepare(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    uint64_t                              now, waited, company;
    procore_str_t                         name;
    procore_relay_t                      *kept;
    ngx_http_procore_scope_redemption_t  *redemption;

    kept = &ctx->relay->authorization;
    redemption = ctx->relay->data;

    now = (uint64_t) ngx_time();
    waited = now > kept->received_at ? now - kept->received_at : 0;

    company = 0;
    name.len = 0;
    name.data = NULL;

    if (ctx->conf->token_company) {
        company = kept->company;
        name = kept->name;
    }

    redemption->text.data = ngx_pnalloc(r->pool, redemption->answer.len
                                                 + PROCORE_TOKEN_AMEND_EXTRA);
    redemption->company.data = ngx_pnalloc(r->pool, NGX_INT64_LEN);

    if (redemption->text.data == NULL || redemption->company.data == NULL) {
        return NGX_ERROR;
    }

    redemption->company.len = (size_t) (ngx_sprintf(redemption->company.data,
                                                    "%uL", kept->company)
                                        - redemption->company.data);

    if (procore_token_amend(redemption->answer.data, redemption->answer.len,
                            company, &name, waited, redemption->text.data,
                            &redemption->text.len)
        != PROCORE_OK)
    {
        redemption->text = redemption->answer;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_procore_scope_redeem_answer(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    ngx_http_procore_scope_redemption_t  *redemption;

    redemption = ctx->relay->data;

    ngx_str_set(&ctx->action, "code_redeemed");
    (void) ngx_http_procore_scope_decide(ctx);

    /* latched, as a refusal: nothing of this request goes up any more */

    ctx->refused = 1;

    if (ngx_http_procore_scope_redeem_headers(r, ctx) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    r->headers_out.status = NGX_HTTP_OK;
    r->headers_out.content_length_n = (off_t) redemption->text.len;
    ngx_str_set(&r->headers_out.content_type, "application/json");
    r->headers_out.content_type_len = r->headers_out.content_type.len;

    return ngx_http_procore_scope_send(r, &redemption->text);
}


/* RFC 6749, section 5.1, and the company. */

static ngx_int_t
ngx_http_procore_scope_redeem_headers(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    ngx_str_t                             value;
    ngx_http_procore_scope_redemption_t  *redemption;

    redemption = ctx->relay->data;

    ngx_str_set(&value, "no-store");

    if (ngx_http_procore_scope_add_answer_header(r, "Cache-Control", &value)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_str_set(&value, "no-cache");

    if (ngx_http_procore_scope_add_answer_header(r, "Pragma", &value)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (!ctx->conf->token_company) {
        return NGX_OK;
    }

    return ngx_http_procore_scope_add_answer_header(r, "Procore-Company-Id",
                                                    &redemption->company);
}


/*
 * The gateway's codes at the token endpoint (RFC 6749, section 4.1.3): such a
 * request never reaches Procore as it is.  Nothing changes before every check
 * has passed; then the code is spent and the tokens are bound in one.
 */


#include "ngx_http_procore_scope_redeem.h"


static procore_reason_e ngx_http_procore_scope_redeem_client(
    ngx_http_procore_scope_ctx_t *ctx);
static procore_reason_e ngx_http_procore_scope_redeem_code(
    ngx_http_request_t *r, ngx_http_procore_scope_ctx_t *ctx);
static procore_reason_e ngx_http_procore_scope_redeem_record(
    ngx_http_request_t *r, ngx_http_procore_scope_ctx_t *ctx);
static procore_reason_e ngx_http_procore_scope_redeem_check(
    ngx_http_procore_scope_ctx_t *ctx);
static procore_reason_e ngx_http_procore_scope_redeem_pkce(
    ngx_http_procore_scope_ctx_t *ctx);
static procore_reason_e ngx_http_procore_scope_redeem_company(
    ngx_http_procore_scope_ctx_t *ctx);
static ngx_int_t ngx_http_procore_scope_redeem_replay(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);
static ngx_int_t ngx_http_procore_scope_redeem_withdrawn(
    ngx_http_request_t *r, ngx_http_procore_scope_ctx_t *ctx);
static ngx_int_t ngx_http_procore_scope_redeem_kept(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);


ngx_uint_t
ngx_http_procore_scope_redeems(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    return r == r->main && ctx->conf->authorize
           && ctx->endpoint == PROCORE_OAUTH_TOKEN && ctx->oauth->psg_code;
}


ngx_int_t
ngx_http_procore_scope_redeem(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    procore_reason_e                      reason;
    ngx_http_procore_scope_relay_t       *relay;
    ngx_http_procore_scope_redemption_t  *redemption;

    ngx_log_debug0(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "procore scope redeem");

    relay = ngx_http_procore_scope_relay_make(r, ctx);
    redemption = ngx_pcalloc(r->pool,
                             sizeof(ngx_http_procore_scope_redemption_t));

    if (relay == NULL || redemption == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    relay->data = redemption;
    ngx_str_set(&ctx->action, "code_refused");

    /* what its answer would be bound to without the relay is not certain yet */

    ctx->way = PROCORE_WAY_NONE;

    if (ctx->oauth->unsure) {
        ngx_http_procore_scope_note(ctx, PROCORE_REASON_MALFORMED_BODY,
                                    PROCORE_RANK_BODY_MALFORMED, NULL);
    }

    if (ctx->judge.rank != PROCORE_RANK_NONE) {
        return ngx_http_procore_scope_redeem_refuse(r, ctx, ctx->judge.reason);
    }

    reason = ngx_http_procore_scope_redeem_client(ctx);

    if (reason == PROCORE_REASON_OK) {
        reason = ngx_http_procore_scope_redeem_code(r, ctx);
    }

    if (reason == PROCORE_REASON_OK) {
        reason = ngx_http_procore_scope_redeem_check(ctx);
    }

    if (reason != PROCORE_REASON_OK) {
        return ngx_http_procore_scope_redeem_refuse(r, ctx, reason);
    }

    switch (relay->record.state) {

    case PROCORE_SEALED_SPENT:
        return ngx_http_procore_scope_redeem_replay(r, ctx);

    case PROCORE_SEALED_CLAIMED:

        /* the same request is on its way to the login host */

        return ngx_http_procore_scope_redeem_refuse(r, ctx,
                                                PROCORE_REASON_CODE_REPLAYED);

    default:
        return relay->authorization.forward
               ? ngx_http_procore_scope_forward(r, ctx)
               : ngx_http_procore_scope_redeem_kept(r, ctx);
    }
}


ngx_int_t
ngx_http_procore_scope_redeem_refuse(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, procore_reason_e reason)
{
    ngx_http_procore_scope_note(ctx, reason, PROCORE_RANK_TOKEN, NULL);

    (void) ngx_http_procore_scope_decide(ctx);

    return ngx_http_procore_scope_refuse_oauth(r, ctx);
}


/* Is the client who it says?  One without a secret here is asked upstream. */

static procore_reason_e
ngx_http_procore_scope_redeem_client(ngx_http_procore_scope_ctx_t *ctx)
{
    ngx_str_t                        *id, *secret;
    procore_str_t                     given, wanted;
    ngx_http_procore_scope_client_t  *client;

    id = &ctx->oauth->params[PROCORE_PARAM_CLIENT_ID];
    secret = &ctx->oauth->params[PROCORE_PARAM_CLIENT_SECRET];

    if (id->len == 0) {
        return PROCORE_REASON_BAD_CLIENT;
    }

    client = ngx_http_procore_scope_client_find(ctx->conf, id);

    if (client == NULL || client->redirect_uris == NULL
        || client->id.len != id->len
        || ngx_memcmp(client->id.data, id->data, id->len) != 0)
    {
        return PROCORE_REASON_BAD_CLIENT;
    }

    ngx_http_procore_scope_redeem_str(&given, id);
    ngx_http_procore_scope_relay_client(ctx, &given);

    ctx->relay->client = client;

    if (client->secret.data == NULL) {
        return PROCORE_REASON_OK;
    }

    ngx_http_procore_scope_redeem_str(&given, secret);
    ngx_http_procore_scope_redeem_str(&wanted, &client->secret);

    return procore_equal(&given, &wanted) ? PROCORE_REASON_OK
                                          : PROCORE_REASON_BAD_CLIENT;
}


static procore_reason_e
ngx_http_procore_scope_redeem_code(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    ngx_str_t                            *grant, *code;
    ngx_http_procore_scope_redemption_t  *redemption;

    redemption = ctx->relay->data;

    grant = &ctx->oauth->params[PROCORE_PARAM_GRANT_TYPE];
    code = &ctx->oauth->params[PROCORE_PARAM_CODE];

    ngx_http_procore_scope_redeem_str(&redemption->code, code);

    if (grant->len != sizeof("authorization_code") - 1
        || ngx_memcmp(grant->data, "authorization_code", grant->len) != 0
        || !procore_relay_is_code(&redemption->code))
    {
        return PROCORE_REASON_BAD_CODE;
    }

    if (procore_relay_key(ctx->conf->authorize->scope, PROCORE_RELAY_BY_CODE,
                          &redemption->code, ctx->relay->key)
        != PROCORE_OK)
    {
        return PROCORE_REASON_STORE_FAILED;
    }

    return ngx_http_procore_scope_redeem_record(r, ctx);
}


static procore_reason_e
ngx_http_procore_scope_redeem_record(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    ngx_http_procore_scope_relay_t       *relay;
    ngx_http_procore_scope_redemption_t  *redemption;

    relay = ctx->relay;
    redemption = relay->data;

    switch (ngx_http_procore_scope_relay_record(r, relay->key, &relay->record))
    {
    case PROCORE_OK:
        break;

    case PROCORE_NOT_FOUND:
        return relay->record.state == PROCORE_SEALED_LIVE
               ? PROCORE_REASON_CODE_EXPIRED : PROCORE_REASON_BAD_CODE;

    default:
        return PROCORE_REASON_STORE_FAILED;
    }

    switch (relay->record.state) {

    case PROCORE_SEALED_LIVE:
    case PROCORE_SEALED_CLAIMED:
    case PROCORE_SEALED_SPENT:
        break;

    default:
        return PROCORE_REASON_BAD_CODE;
    }

    if (ngx_http_procore_scope_relay_unseal(r, &redemption->code, relay->key,
                                            &relay->record,
                                            &relay->authorization)
        != NGX_OK)
    {
        return PROCORE_REASON_BAD_CODE;
    }

    relay->user = relay->authorization.user;

    if (ngx_http_procore_scope_relay_audited(r, ctx, relay->authorization.id)
        != NGX_OK)
    {
        return PROCORE_REASON_STORE_FAILED;
    }

    return PROCORE_REASON_OK;
}


/* Does the request fit what was authorized, and is that still configured? */

static procore_reason_e
ngx_http_procore_scope_redeem_check(ngx_http_procore_scope_ctx_t *ctx)
{
    ngx_str_t                       *id;
    procore_str_t                    given, uri;
    procore_reason_e                 reason;
    procore_relay_t                 *kept;
    ngx_http_procore_scope_relay_t  *relay;

    relay = ctx->relay;
    kept = &relay->authorization;

    id = &ctx->oauth->params[PROCORE_PARAM_CLIENT_ID];

    ngx_http_procore_scope_redeem_str(&given, id);
    ngx_http_procore_scope_oauth_find(ctx, "redirect_uri", &uri);

    if (!procore_equal(&given, &kept->client)
        || !procore_equal(&uri, &kept->redirect_uri)
        || !ngx_http_procore_scope_relay_registered(relay->client, &uri))
    {
        return PROCORE_REASON_CODE_MISMATCH;
    }

    reason = ngx_http_procore_scope_redeem_pkce(ctx);

    if (reason == PROCORE_REASON_OK) {
        reason = ngx_http_procore_scope_redeem_company(ctx);
    }

    if (reason != PROCORE_REASON_OK) {
        return reason;
    }

    if (!kept->forward && relay->client->secret.data == NULL
        && relay->record.state != PROCORE_SEALED_SPENT)
    {
        /* its secret was taken out: nobody here can tell who asks */

        return PROCORE_REASON_BAD_CLIENT;
    }

    return PROCORE_REASON_OK;
}


/* RFC 7636, section 4.6; a verifier that nobody asked for fails, too. */

static procore_reason_e
ngx_http_procore_scope_redeem_pkce(ngx_http_procore_scope_ctx_t *ctx)
{
    u_char            challenge[43];
    procore_str_t     verifier, got;
    procore_relay_t  *kept;

    kept = &ctx->relay->authorization;

    ngx_http_procore_scope_oauth_find(ctx, "code_verifier", &verifier);

    if (kept->challenge.data == NULL) {
        return verifier.len ? PROCORE_REASON_PKCE_FAILED : PROCORE_REASON_OK;
    }

    if (verifier.len == 0) {
        return PROCORE_REASON_PKCE_FAILED;
    }

    if (procore_relay_challenge(&verifier, challenge) != PROCORE_OK) {
        return PROCORE_REASON_STORE_FAILED;
    }

    got.len = sizeof(challenge);
    got.data = challenge;

    return procore_equal(&got, &kept->challenge) ? PROCORE_REASON_OK
                                                 : PROCORE_REASON_PKCE_FAILED;
}


/* The company that was picked, and every other way that names one. */

static procore_reason_e
ngx_http_procore_scope_redeem_company(ngx_http_procore_scope_ctx_t *ctx)
{
    uint64_t  company, other;

    company = ctx->relay->authorization.company;

    other = ctx->judge.company;
    ctx->judge.company = company;

    if (!ngx_http_procore_scope_client_allows(ctx->conf,
                                  &ctx->oauth->params[PROCORE_PARAM_CLIENT_ID],
                                              company))
    {
        return PROCORE_REASON_COMPANY_NOT_ALLOWED;
    }

    if (ctx->oauth->company && ctx->oauth->company != company) {
        ngx_http_procore_scope_oauth_rebind(ctx, company);
        return PROCORE_REASON_REBIND;
    }

    return other && other != company ? PROCORE_REASON_REBIND
                                     : PROCORE_REASON_OK;
}


/*
 * A code that is redeemed again, by somebody who knows all that the app knows:
 * right after the first time it is the app, whose answer was lost; later it is
 * one of two, and who has the tokens cannot be told (RFC 6749, section 4.1.2).
 * Without a secret here and without PKCE, the code alone proves nothing: it may
 * come from a log, and must not end what the app has.
 */

static ngx_int_t
ngx_http_procore_scope_redeem_replay(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    procore_str_t                   *token;
    procore_store_op_t               op;
    ngx_http_procore_scope_relay_t  *relay;

    relay = ctx->relay;
    token = &relay->authorization.token;

    ngx_str_set(&ctx->action, "code_replayed");

    if (token->len != PROCORE_DIGEST_SIZE
        || (relay->client->secret.data == NULL
            && relay->authorization.challenge.data == NULL)
        || (uint64_t) ngx_time()
           <= relay->record.changed_at + PROCORE_RELAY_RETRY)
    {
        return ngx_http_procore_scope_redeem_refuse(r, ctx,
                                                PROCORE_REASON_CODE_REPLAYED);
    }

    ngx_memzero(&op, sizeof(procore_store_op_t));

    op.type = PROCORE_STORE_WITHDRAW;
    op.has_access = 1;
    ngx_memcpy(op.access, token->data, PROCORE_DIGEST_SIZE);

    ngx_memcpy(ctx->digest, token->data, PROCORE_DIGEST_SIZE);
    ctx->digested = 1;

    switch (ngx_http_procore_scope_relay_write(r, ctx, &op,
                                     ngx_http_procore_scope_redeem_withdrawn))
    {
    case NGX_AGAIN:
        return NGX_AGAIN;

    default:
        return ngx_http_procore_scope_redeem_refuse(r, ctx,
                                                  PROCORE_REASON_STORE_FAILED);
    }
}


static ngx_int_t
ngx_http_procore_scope_redeem_withdrawn(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    int  rc;

    rc = ctx->relay->rc;

    return ngx_http_procore_scope_redeem_refuse(r, ctx,
                                   rc == PROCORE_OK || rc == PROCORE_NOT_FOUND
                                   ? PROCORE_REASON_CODE_REPLAYED
                                   : PROCORE_REASON_STORE_FAILED);
}


/* The answer of Procore's token endpoint was kept with the code. */

static ngx_int_t
ngx_http_procore_scope_redeem_kept(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    u_char                               *memory;
    procore_str_t                        *kept;
    ngx_http_procore_scope_redemption_t  *redemption;

    redemption = ctx->relay->data;
    kept = &ctx->relay->authorization.answer;

    if (ngx_http_procore_scope_copy(r->pool, &redemption->answer, kept)
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    memory = ngx_pnalloc(r->pool, kept->len + 1);
    if (memory == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (procore_token_answer_read(&redemption->token, kept->data, kept->len,
                                  memory)
        != PROCORE_OK)
    {
        return ngx_http_procore_scope_redeem_refuse(r, ctx,
                                                    PROCORE_REASON_BAD_CODE);
    }

    return ngx_http_procore_scope_redeem_bind(r, ctx);
}

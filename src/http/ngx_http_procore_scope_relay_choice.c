
/*
 * What is offered to the user, and what the app gets for the company chosen.
 */


#include "ngx_http_procore_scope_choice.h"


static ngx_int_t ngx_http_procore_scope_choice_open(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);
static ngx_int_t ngx_http_procore_scope_choice_filter(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);
static ngx_int_t ngx_http_procore_scope_choice_write(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, uint64_t company);
static ngx_int_t ngx_http_procore_scope_choice_written(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);
static ngx_int_t ngx_http_procore_scope_choice_code(
    ngx_http_procore_scope_ctx_t *ctx, uint64_t company, u_char *key);
static uint64_t ngx_http_procore_scope_choice_until(
    ngx_http_procore_scope_choice_t *choice, procore_str_t *redirect_uri);
static ngx_int_t ngx_http_procore_scope_choice_sent(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);


ngx_int_t
ngx_http_procore_scope_choice_look(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    ngx_http_procore_scope_relay_t  *relay;

    relay = ctx->relay;

    relay->data = ngx_pcalloc(r->pool,
                              sizeof(ngx_http_procore_scope_choice_t));
    if (relay->data == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    switch (ngx_http_procore_scope_relay_record(r, relay->key, &relay->record))
    {
    case PROCORE_OK:
        break;

    case PROCORE_NOT_FOUND:
        return ngx_http_procore_scope_relay_refuse(r, ctx,
                                            PROCORE_REASON_NO_TRANSACTION, 0);

    default:
        return ngx_http_procore_scope_relay_refuse(r, ctx,
                                              PROCORE_REASON_STORE_FAILED, 0);
    }

    relay->user = relay->record.user;

    if (relay->record.state != PROCORE_SEALED_OFFERED) {
        return NGX_OK;
    }

    if (ngx_http_procore_scope_choice_open(r, ctx) != NGX_OK
        || ngx_http_procore_scope_choice_filter(r, ctx) != NGX_OK)
    {
        return ngx_http_procore_scope_relay_refuse(r, ctx,
                                              PROCORE_REASON_STORE_FAILED, 0);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_procore_scope_choice_open(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    procore_str_t                     secret;
    ngx_http_procore_scope_relay_t   *relay;
    ngx_http_procore_scope_choice_t  *choice;

    relay = ctx->relay;
    choice = relay->data;

    secret.len = PROCORE_RELAY_SECRET;
    secret.data = relay->authorization.secret;

    return ngx_http_procore_scope_relay_unseal(r, &secret, relay->key,
                                               &relay->record, &choice->kept);
}


/* The list of the app may have become shorter. */

static ngx_int_t
ngx_http_procore_scope_choice_filter(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    u_char                           *p;
    uint64_t                          company;
    procore_str_t                     list, name;
    ngx_http_procore_scope_choice_t  *choice;

    choice = ctx->relay->data;
    list = choice->kept.companies;

    p = ngx_pnalloc(r->pool, list.len + 1);
    if (p == NULL) {
        return NGX_ERROR;
    }

    choice->companies.data = p;

    while (procore_relay_company_next(&list, &company, &name) == PROCORE_OK) {

        if (!ngx_http_procore_scope_client_allows(ctx->conf,
                                                  &ctx->relay->client->id,
                                                  company))
        {
            continue;
        }

        p = procore_relay_company_write(p, company, &name);

        if (choice->n++ == 0) {
            choice->first = company;
        }

        if (company == ctx->relay->authorization.company) {
            choice->hint = company;
        }
    }

    choice->companies.len = (size_t) (p - choice->companies.data);

    ctx->relay->offered = (ngx_int_t) choice->n;

    return NGX_OK;
}


procore_reason_e
ngx_http_procore_scope_choice_reason(ngx_http_procore_scope_ctx_t *ctx)
{
    ngx_http_procore_scope_choice_t  *choice;

    choice = ctx->relay->data;

    if (choice->n == 0) {
        return PROCORE_REASON_NO_COMPANY;
    }

    return ctx->relay->authorization.company && choice->hint == 0
           ? PROCORE_REASON_COMPANY_NOT_AVAILABLE : PROCORE_REASON_OK;
}


ngx_int_t
ngx_http_procore_scope_choice_choose(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, uint64_t company)
{
    uint64_t                          one;
    procore_str_t                     list, name;
    ngx_http_procore_scope_choice_t  *choice;

    choice = ctx->relay->data;
    list = choice->companies;

    while (procore_relay_company_next(&list, &one, &name) == PROCORE_OK) {

        if (one == company) {
            choice->name = name;
            return ngx_http_procore_scope_choice_write(r, ctx, company);
        }
    }

    return ngx_http_procore_scope_relay_refuse(r, ctx,
                                       PROCORE_REASON_COMPANY_NOT_OFFERED, 0);
}


static ngx_int_t
ngx_http_procore_scope_choice_write(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, uint64_t company)
{
    procore_str_t                     code;
    procore_relay_t                   record;
    procore_store_op_t                op;
    ngx_http_procore_scope_relay_t   *relay;
    ngx_http_procore_scope_choice_t  *choice;

    relay = ctx->relay;
    choice = relay->data;

    ctx->judge.company = company;

    ngx_memzero(&op, sizeof(procore_store_op_t));

    op.type = PROCORE_STORE_SEALED_CHOOSE;
    op.company = company;
    op.record_user = choice->kept.user;
    op.keep_until = ngx_http_procore_scope_choice_until(choice,
                                         &relay->authorization.redirect_uri);
    ngx_memcpy(op.key, relay->key, PROCORE_DIGEST_SIZE);

    if (op.keep_until <= (uint64_t) ngx_time()) {
        return ngx_http_procore_scope_relay_refuse(r, ctx,
                                            PROCORE_REASON_NO_TRANSACTION, 0);
    }

    if (ngx_http_procore_scope_choice_code(ctx, company, op.code) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    record = choice->kept;

    ngx_memcpy(record.id, relay->authorization.id, PROCORE_RELAY_ID);
    ngx_memzero(&record.companies, sizeof(procore_str_t));

    record.started_at = relay->authorization.started_at;
    record.client = relay->authorization.client;
    record.redirect_uri = relay->authorization.redirect_uri;
    record.challenge = relay->authorization.challenge;
    record.company = company;
    record.name = choice->name;

    code.len = PROCORE_RELAY_CODE;
    code.data = choice->code;

    if (ngx_http_procore_scope_relay_seal(r, &code, op.code, &record, &op)
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (ngx_http_procore_scope_store_ready()
        && ngx_http_procore_scope_relay_write(r, ctx, &op,
                                        ngx_http_procore_scope_choice_written)
           == NGX_AGAIN)
    {
        return NGX_AGAIN;
    }

    return ngx_http_procore_scope_relay_refuse(r, ctx,
                                              PROCORE_REASON_STORE_FAILED, 0);
}


static ngx_int_t
ngx_http_procore_scope_choice_written(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    switch (ctx->relay->rc) {

    case PROCORE_OK:
        return ngx_http_procore_scope_choice_sent(r, ctx);

    case PROCORE_CONFLICT:
        return ngx_http_procore_scope_choice_spent(r, ctx);

    case PROCORE_NOT_FOUND:
        return ngx_http_procore_scope_relay_refuse(r, ctx,
                                            PROCORE_REASON_NO_TRANSACTION, 0);

    default:
        return ngx_http_procore_scope_relay_refuse(r, ctx,
                                              PROCORE_REASON_STORE_FAILED, 0);
    }
}


/* The code, and the key of its record. */

static ngx_int_t
ngx_http_procore_scope_choice_code(ngx_http_procore_scope_ctx_t *ctx,
    uint64_t company, u_char *key)
{
    procore_str_t                     code;
    ngx_http_procore_scope_relay_t   *relay;
    ngx_http_procore_scope_choice_t  *choice;

    relay = ctx->relay;
    choice = relay->data;

    code.len = PROCORE_RELAY_CODE;
    code.data = choice->code;

    if (procore_relay_code(relay->authorization.secret, company, choice->code)
        != PROCORE_OK
        || procore_relay_key(ctx->conf->authorize->scope,
                             PROCORE_RELAY_BY_CODE, &code, key)
           != PROCORE_OK)
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}


/* A code of Procore's behind ours must still be good when ours is redeemed. */

static uint64_t
ngx_http_procore_scope_choice_until(ngx_http_procore_scope_choice_t *choice,
    procore_str_t *redirect_uri)
{
    uint64_t  until;

    until = (uint64_t) ngx_time()
            + (procore_redirect_oob(redirect_uri) ? PROCORE_RELAY_COPY
                                                  : PROCORE_RELAY_REDEEM);

    if (choice->kept.forward) {
        until = ngx_min(until,
                        choice->kept.received_at + PROCORE_RELAY_UPSTREAM);
    }

    return until;
}


ngx_int_t
ngx_http_procore_scope_choice_again(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    int                               rc;
    u_char                            key[PROCORE_DIGEST_SIZE];
    procore_str_t                     code;
    procore_sealed_t                  record;
    ngx_http_procore_scope_choice_t  *choice;

    choice = ctx->relay->data;

    ctx->judge.company = ctx->relay->record.company;

    if (ngx_http_procore_scope_choice_code(ctx, ctx->judge.company, key)
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = ngx_http_procore_scope_relay_record(r, key, &record);

    if (rc == PROCORE_ERROR) {
        return ngx_http_procore_scope_relay_refuse(r, ctx,
                                              PROCORE_REASON_STORE_FAILED, 0);
    }

    code.len = PROCORE_RELAY_CODE;
    code.data = choice->code;

    /* redeemed, or too late to be */

    if (rc != PROCORE_OK || record.state == PROCORE_SEALED_SPENT) {
        ctx->relay->expire = 1;
    }

    if (rc != PROCORE_OK || record.state != PROCORE_SEALED_LIVE
        || ngx_http_procore_scope_relay_unseal(r, &code, key, &record,
                                               &choice->kept)
           != NGX_OK)
    {
        return ngx_http_procore_scope_choice_spent(r, ctx);
    }

    ctx->relay->user = choice->kept.user;
    choice->name = choice->kept.name;

    return ngx_http_procore_scope_choice_sent(r, ctx);
}


/*
 * The cookie stays: a form that is sent twice must get the same answer twice,
 * and what it opens has gone from the store.
 */

static ngx_int_t
ngx_http_procore_scope_choice_sent(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    procore_str_t                     code;
    ngx_http_procore_scope_choice_t  *choice;

    choice = ctx->relay->data;

    code.len = PROCORE_RELAY_CODE;
    code.data = choice->code;

    ngx_str_set(&ctx->action, "company_chosen");

    return ngx_http_procore_scope_code_to_app(r, ctx, &code, &choice->name);
}


/* Where another choice stands, its way back must stay open. */

ngx_int_t
ngx_http_procore_scope_choice_spent(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    if (ctx->relay->record.state == PROCORE_SEALED_SPENT) {
        ctx->relay->expire = 1;
    }

    return ngx_http_procore_scope_relay_refuse(r, ctx, PROCORE_REASON_SPENT,
                                               0);
}

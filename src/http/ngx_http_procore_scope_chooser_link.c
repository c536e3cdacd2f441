
/*
 * A link of the chooser is opened, and found again.  Opening it changes
 * nothing: programs that look at links in messages do it too.
 */


#include "ngx_http_procore_scope_chooser.h"


static ngx_int_t ngx_http_procore_scope_chooser_cookie(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);
static ngx_int_t ngx_http_procore_scope_chooser_state(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);
static ngx_int_t ngx_http_procore_scope_chooser_token(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);


ngx_int_t
ngx_http_procore_scope_chooser_open(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, procore_str_t *link)
{
    ngx_int_t         rc;
    procore_relay_t  *authorization;

    if (!procore_choose_is_link(link)) {
        return ngx_http_procore_scope_chooser_refuse(r, ctx,
                                            PROCORE_REASON_NO_TRANSACTION, 0);
    }

    /*
     * In the place of an authorization's id stands the key of the record, in
     * that of its secret what derives from the link.
     */

    authorization = &ctx->relay->authorization;

    authorization->token = *link;
    authorization->received_at = (uint64_t) ngx_time();

    if (procore_relay_key(ctx->conf->choose->scope, PROCORE_RELAY_BY_LINK,
                          link, authorization->id)
        != PROCORE_OK
        || procore_choose_secret(link, authorization->secret) != PROCORE_OK
        || ngx_http_procore_scope_relay_audited(r, ctx, authorization->id)
           != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = ngx_http_procore_scope_chooser_look(r, ctx);

    if (rc == NGX_OK && ctx->relay->record.state == PROCORE_SEALED_SPENT) {
        ctx->judge.reason = PROCORE_REASON_SPENT;
        rc = NGX_DECLINED;
    }

    if (rc == NGX_DECLINED) {
        return ngx_http_procore_scope_chooser_refuse(r, ctx,
                                                     ctx->judge.reason, 0);
    }

    if (rc != NGX_OK
        || ngx_http_procore_scope_chooser_cookie(r, ctx) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_http_procore_scope_chooser_did(ctx, "chooser_opened");

    /* the link leaves the address bar */

    return ngx_http_procore_scope_redirect(r, ctx,
                                           &ctx->conf->choose->callback);
}


static ngx_int_t
ngx_http_procore_scope_chooser_cookie(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    int                                  rc;
    u_char                              *memory, key[PROCORE_STORE_KEY];
    ngx_str_t                            name, value;
    procore_out_t                        out;
    procore_relay_t                     *authorization;
    ngx_http_procore_scope_authorize_t  *choose;

    choose = ctx->conf->choose;
    authorization = &ctx->relay->authorization;

    out.len = 0;
    out.size = PROCORE_RELAY_COOKIE_MAX;
    out.data = ngx_pnalloc(r->pool, out.size);
    memory = ngx_pnalloc(r->pool, procore_cookie_memory(authorization));

    if (out.data == NULL || memory == NULL
        || ngx_http_procore_scope_relay_cookie_name(r, ctx, &name) != NGX_OK
        || ngx_http_procore_scope_store_key(key) != NGX_OK)
    {
        return NGX_ERROR;
    }

    rc = procore_cookie_seal(key, choose->scope, choose->secure, authorization,
                             memory, &out);
    procore_wipe(key, sizeof(key));

    if (rc != PROCORE_OK) {
        return NGX_ERROR;
    }

    value.len = out.len;
    value.data = out.data;

    return ngx_http_procore_scope_relay_set_cookie(r, choose->secure, &name,
                                                   &value, PROCORE_CHOOSE_FOR);
}


ngx_int_t
ngx_http_procore_scope_chooser_find(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, ngx_str_t *query)
{
    int                              rc;
    u_char                           id[PROCORE_RELAY_ID];
    ngx_int_t                        found;
    procore_str_t                    state;
    ngx_http_procore_scope_relay_t  *relay;

    relay = ctx->relay;

    rc = ngx_http_procore_scope_relay_param(r, query->data, query->len,
                                            "state", &state);

    if (rc == PROCORE_NOT_FOUND && r->method != NGX_HTTP_POST) {
        found = ngx_http_procore_scope_relay_latest(r, ctx);

    } else {
        found = ngx_http_procore_scope_relay_id(r, ctx, query->data,
                                                query->len, id);

        if (found == NGX_OK) {
            found = ngx_http_procore_scope_relay_unpack(r, ctx, id);
        }
    }

    if (found != NGX_OK) {
        return found;
    }

    if (!procore_choose_is_link(&relay->authorization.token)) {
        ctx->judge.reason = PROCORE_REASON_NO_TRANSACTION;
        return NGX_DECLINED;
    }

    return ngx_http_procore_scope_chooser_state(r, ctx);
}


/* What the page names the link by, and the record. */

static ngx_int_t
ngx_http_procore_scope_chooser_state(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    u_char                          *p;
    ngx_http_procore_scope_relay_t  *relay;

    relay = ctx->relay;

    p = ngx_pnalloc(r->pool, 2 * PROCORE_RELAY_ID);
    if (p == NULL) {
        return NGX_ERROR;
    }

    procore_hex_write(relay->authorization.id, PROCORE_RELAY_ID, p);

    relay->state.len = 2 * PROCORE_RELAY_ID;
    relay->state.data = p;

    return ngx_http_procore_scope_relay_audited(r, ctx,
                                                relay->authorization.id);
}


ngx_int_t
ngx_http_procore_scope_chooser_look(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    ngx_http_procore_scope_relay_t  *relay;

    relay = ctx->relay;

    ngx_memcpy(relay->key, relay->authorization.id, PROCORE_DIGEST_SIZE);

    switch (ngx_http_procore_scope_relay_record(r, relay->key,
                                                &relay->record))
    {
    case PROCORE_OK:
        break;

    case PROCORE_NOT_FOUND:
        ctx->judge.reason = PROCORE_REASON_NO_TRANSACTION;
        return NGX_DECLINED;

    default:
        ctx->judge.reason = PROCORE_REASON_STORE_FAILED;
        return NGX_DECLINED;
    }

    if (relay->record.state == PROCORE_SEALED_SPENT) {
        ctx->judge.company = relay->record.company;
        return NGX_OK;
    }

    if (relay->record.state != PROCORE_SEALED_OPEN
        || ngx_http_procore_scope_relay_unseal(r, &relay->authorization.token,
                                               relay->key, &relay->record,
                                               &ctx->chooser->kept)
           != NGX_OK)
    {
        ctx->judge.reason = PROCORE_REASON_NO_TRANSACTION;
        return NGX_DECLINED;
    }

    return ngx_http_procore_scope_chooser_token(r, ctx);
}


/* It may have been bound, or have ended, since the link was made. */

static ngx_int_t
ngx_http_procore_scope_chooser_token(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    ngx_str_t         id;
    procore_relay_t  *kept;

    kept = &ctx->chooser->kept;

    ctx->token.len = kept->token.len;
    ctx->token.data = (u_char *) kept->token.data;

    if (procore_digest_token(ctx->conf->realm, ctx->token.data, ctx->token.len,
                             ctx->digest)
        != PROCORE_OK)
    {
        return NGX_ERROR;
    }

    ctx->digested = 1;

    if (ngx_http_procore_scope_store_begin() != NGX_OK) {
        ctx->judge.reason = PROCORE_REASON_STORE_FAILED;
        return NGX_DECLINED;
    }

    ctx->known = ngx_http_procore_scope_store_token(PROCORE_TOKEN_ACCESS,
                                                    ctx->digest,
                                                    &ctx->binding);
    ngx_http_procore_scope_store_end();

    if (ctx->known != PROCORE_OK) {
        ctx->judge.reason = ctx->known == PROCORE_NOT_FOUND
                      ? PROCORE_REASON_NO_TRANSACTION
                      : PROCORE_REASON_STORE_FAILED;
        return NGX_DECLINED;
    }

    ngx_http_procore_scope_client_id(ctx, &id);

    ngx_http_procore_scope_judge_conf(ctx,
                           ngx_http_procore_scope_client_conf(ctx->conf, &id));

    if (ctx->conf->clients && id.len) {
        ctx->relay->client = ngx_http_procore_scope_client_same(
                                                    ctx->conf->clients, &id);
    }

    if (ctx->binding.state == PROCORE_FAMILY_WITHDRAWN) {
        ctx->judge.reason = PROCORE_REASON_REVOKED_TOKEN;
        return NGX_DECLINED;
    }

    if (ctx->binding.state == PROCORE_FAMILY_BOUND) {
        ctx->judge.company = ctx->binding.company;
        ctx->way = ctx->binding.way;
        ctx->judge.reason = PROCORE_REASON_SPENT;
        return NGX_DECLINED;
    }

    return NGX_OK;
}

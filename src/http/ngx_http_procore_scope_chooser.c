
/*
 * The chooser's location.  A request with a token is an app's and gets JSON;
 * any other is a browser's.
 */


#include "ngx_http_procore_scope_chooser.h"


static ngx_int_t ngx_http_procore_scope_chooser_start(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);


ngx_int_t
ngx_http_procore_scope_chooser(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    ngx_http_procore_scope_relay_t  *relay;

    if (r != r->main) {
        return NGX_HTTP_FORBIDDEN;
    }

    ngx_log_debug0(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "procore scope chooser");

    if (ctx->chooser == NULL
        && ngx_http_procore_scope_chooser_start(r, ctx) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    relay = ctx->relay;

    return relay->waiting ? NGX_AGAIN : relay->next(r, ctx);
}


static ngx_int_t
ngx_http_procore_scope_chooser_start(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    ngx_http_procore_scope_chooser_t  *chooser;

    chooser = ngx_pcalloc(r->pool, sizeof(ngx_http_procore_scope_chooser_t));
    if (chooser == NULL) {
        return NGX_ERROR;
    }

    ngx_http_procore_scope_judge_conf(ctx,
               ngx_http_get_module_loc_conf(r, ngx_http_procore_scope_module));
    ctx->relay = NULL;

    if (ngx_http_procore_scope_relay_make(r, ctx) == NULL
        || ngx_http_procore_scope_hide_query(r, ctx) != NGX_OK)
    {
        return NGX_ERROR;
    }

    ctx->chooser = chooser;
    ngx_str_set(&ctx->action, "chooser_refused");

    /*
     * A place without pages is for apps alone; Basic is what a browser sends
     * where the operator has a password before the page.
     */

    ctx->relay->next = ctx->conf->choose == NULL
                       || (r->headers_in.authorization
                           && !ngx_http_procore_scope_is_basic(r))
                       ? ngx_http_procore_scope_chooser_app
                       : ngx_http_procore_scope_chooser_browser;

    return NGX_OK;
}


ngx_int_t
ngx_http_procore_scope_chooser_list(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx,
    ngx_http_procore_scope_relay_next_pt next)
{
    procore_str_t                        token;
    ngx_http_procore_scope_companies_t  *list;

    list = &ctx->chooser->list;

    ngx_http_procore_scope_client_id(ctx, &list->client);

    token.len = ctx->token.len;
    token.data = ctx->token.data;

    if (ngx_http_procore_scope_bearer(r->pool, &token, &list->authorization)
        != NGX_OK
        || ngx_http_procore_scope_relay_list_init(r, list) != NGX_OK)
    {
        return NGX_ERROR;
    }

    list->next = next;

    return ngx_http_procore_scope_relay_companies(r, ctx, list) == NGX_AGAIN
           ? NGX_AGAIN : NGX_ERROR;
}


ngx_uint_t
ngx_http_procore_scope_chooser_allows(ngx_http_procore_scope_ctx_t *ctx)
{
    return ngx_http_procore_scope_may_bind(ctx->conf, PROCORE_WAY_CHOOSER)
           && (ctx->known != PROCORE_OK
               || ctx->binding.user != PROCORE_STORE_SERVICE);
}


ngx_uint_t
ngx_http_procore_scope_chooser_listed(
    ngx_http_procore_scope_chooser_t *chooser, uint64_t company,
    procore_str_t *name)
{
    uint64_t       id;
    procore_str_t  list;

    list.len = chooser->list.len;
    list.data = chooser->list.data;

    while (procore_relay_company_next(&list, &id, name) == PROCORE_OK) {
        if (id == company) {
            return 1;
        }
    }

    return 0;
}


void
ngx_http_procore_scope_chooser_did(ngx_http_procore_scope_ctx_t *ctx,
    const char *action)
{
    if (ctx->chooser->bound) {
        action = "bind";
    }

    ctx->action.len = ngx_strlen(action);
    ctx->action.data = (u_char *) action;
}


procore_reason_e
ngx_http_procore_scope_chooser_bound(ngx_http_procore_scope_ctx_t *ctx)
{
    ngx_http_procore_scope_relay_t  *relay;

    relay = ctx->relay;

    switch (relay->rc) {

    case PROCORE_OK:
        break;

    case PROCORE_NOT_FOUND:
        return PROCORE_REASON_NO_TRANSACTION;

    case PROCORE_CONFLICT:

        if (relay->record.state == PROCORE_SEALED_SPENT) {
            return PROCORE_REASON_SPENT;
        }

        break;

    default:
        return PROCORE_REASON_STORE_FAILED;
    }

    ctx->binding = relay->bound;
    ctx->known = PROCORE_OK;

    if (relay->bound.state == PROCORE_FAMILY_WITHDRAWN) {
        return PROCORE_REASON_REVOKED_TOKEN;
    }

    ctx->judge.company = relay->bound.company;
    ctx->way = relay->bound.way;

    if (relay->rc == PROCORE_CONFLICT) {
        return PROCORE_REASON_REBIND;
    }

    ctx->chooser->bound = 1;

    return PROCORE_REASON_OK;
}

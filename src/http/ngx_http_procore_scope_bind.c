
/*
 * Binds a token at one of its requests: to the configured company, to the only
 * one of its app, or to the one that its first use names.
 */


#include "ngx_http_procore_scope_bind.h"
#include "ngx_http_procore_scope_filter.h"


static void ngx_http_procore_scope_bound(void *data, procore_store_op_t *op);
static void ngx_http_procore_scope_undone(void *data, procore_store_op_t *op);


void
ngx_http_procore_scope_client_id(ngx_http_procore_scope_ctx_t *ctx,
    ngx_str_t *id)
{
    ngx_str_null(id);

    if (ctx->known == PROCORE_OK) {
        id->len = ctx->binding.client_len;
        id->data = ctx->binding.client;
    }
}


void
ngx_http_procore_scope_bind_known(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    uint64_t       company;
    ngx_str_t      client;
    procore_way_e  way;

    ngx_http_procore_scope_client_id(ctx, &client);

    if (ngx_http_procore_scope_configured(r, ctx->conf, &company) != NGX_OK) {
        ngx_http_procore_scope_note(ctx, PROCORE_REASON_STORE_FAILED,
                                    PROCORE_RANK_STORE_FAILED, NULL);
        return;
    }

    if (company && ctx->judge.company && company != ctx->judge.company) {
        ngx_http_procore_scope_note(ctx, PROCORE_REASON_REBIND,
                                    PROCORE_RANK_TOKEN, NULL);
        return;
    }

    if (ctx->way == PROCORE_WAY_FIRST_TRIED
        && ctx->judge.reason == PROCORE_REASON_OK)
    {
        /* this request relies on it, whatever becomes of the first one */

        ctx->way = PROCORE_WAY_FIRST_USE;
        ctx->to_bind = 1;
        ctx->confirms = 1;
        return;
    }

    if (ctx->judge.company || ctx->judge.reason != PROCORE_REASON_OK) {
        return;
    }

    way = PROCORE_WAY_CONFIGURED;

    if (company == 0
        && ngx_http_procore_scope_may_bind(ctx->conf, PROCORE_WAY_CLIENT))
    {
        way = PROCORE_WAY_CLIENT;
        company = ngx_http_procore_scope_client_only(ctx->conf, &client);
    }

    if (company == 0) {
        return;
    }

    if (!ngx_http_procore_scope_client_allows(ctx->conf, &client, company)) {
        ngx_http_procore_scope_note(ctx, PROCORE_REASON_COMPANY_NOT_ALLOWED,
                                    PROCORE_RANK_TOKEN, NULL);
        return;
    }

    ctx->judge.company = company;
    ctx->way = way;
    ctx->to_bind = 1;
}


void
ngx_http_procore_scope_bind_op(ngx_http_procore_scope_ctx_t *ctx,
    procore_store_op_e type, uint64_t company, procore_way_e way,
    procore_store_op_t *op)
{
    ngx_memzero(op, sizeof(procore_store_op_t));

    op->type = type;
    op->now = (uint64_t) ngx_time();
    op->has_access = 1;
    op->company = company;
    op->way = way;
    ngx_memcpy(op->realm, ctx->conf->realm, PROCORE_REALM_SIZE);
    ngx_memcpy(op->access, ctx->digest, PROCORE_DIGEST_SIZE);
}


ngx_int_t
ngx_http_procore_scope_bind_token(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    ngx_uint_t          wait;
    procore_store_op_t  op;

    if (ctx->binding_sent) {
        return NGX_AGAIN;
    }

    wait = ctx->conf->mode == NGX_HTTP_PROCORE_SCOPE_ENFORCE;

    ngx_http_procore_scope_bind_op(ctx, ctx->confirms ? PROCORE_STORE_CONFIRM
                                                      : PROCORE_STORE_BIND,
                                   ctx->judge.company, ctx->way, &op);

    if (ngx_http_procore_scope_store_write(&op,
                                    wait ? ngx_http_procore_scope_bound : NULL,
                                           ctx)
        != NGX_OK)
    {
        ctx->to_bind = 0;
        ngx_http_procore_scope_note(ctx, PROCORE_REASON_STORE_FAILED,
                                    PROCORE_RANK_STORE_FAILED, NULL);
        return NGX_OK;
    }

    if (!ctx->confirms) {
        ngx_str_set(&ctx->action, "bind");
    }

    if (!wait) {
        ctx->to_bind = 0;
        return NGX_OK;
    }

    ctx->binding_sent = 1;
    ngx_http_procore_scope_hold(r);

    return NGX_AGAIN;
}


static void
ngx_http_procore_scope_bound(void *data, procore_store_op_t *op)
{
    ngx_http_procore_scope_ctx_t *ctx = data;

    ngx_http_request_t  *r;

    r = ctx->request;

    ctx->to_bind = 0;
    ctx->binding_sent = 0;

    switch (op->rc) {

    case PROCORE_OK:
        ctx->binding = op->bound;
        ctx->known = PROCORE_OK;
        ngx_http_procore_scope_judge_client(ctx);

        if (op->bound.state == PROCORE_FAMILY_WITHDRAWN) {
            ngx_http_procore_scope_note(ctx, PROCORE_REASON_REVOKED_TOKEN,
                                        PROCORE_RANK_TOKEN, NULL);
            break;
        }

        /* a request beside this one may have been the first */

        ctx->first_bound = op->bound.way == PROCORE_WAY_FIRST_TRIED;
        ctx->way = op->bound.way;

        break;

    case PROCORE_NOT_FOUND:

        /* Procore did not know the token when it was first used */

        ctx->judge.company = 0;
        ctx->way = PROCORE_WAY_NONE;
        ngx_http_procore_scope_note(ctx, PROCORE_REASON_UNBOUND,
                                    PROCORE_RANK_TOKEN, NULL);
        break;

    case PROCORE_CONFLICT:
        ctx->binding = op->bound;
        ctx->known = PROCORE_OK;
        ngx_http_procore_scope_judge_client(ctx);
        ctx->judge.company = op->bound.company;
        ctx->way = op->bound.way;
        ngx_http_procore_scope_note(ctx, PROCORE_REASON_REBIND,
                                    PROCORE_RANK_TOKEN, NULL);
        break;

    default:
        ngx_http_procore_scope_note(ctx, PROCORE_REASON_STORE_FAILED,
                                    PROCORE_RANK_STORE_FAILED, NULL);
        break;
    }

    ngx_http_procore_scope_release(r);
    ngx_http_procore_scope_wake(r);
}


void
ngx_http_procore_scope_first_use(ngx_http_procore_scope_ctx_t *ctx)
{
    uint64_t          company;
    ngx_str_t         client;
    procore_reason_e  reason;

    ctx->judge.first_use = 0;

    if (ctx->judge.rank < PROCORE_RANK_UNCERTAIN) {
        return;
    }

    ngx_http_procore_scope_client_id(ctx, &client);

    reason = PROCORE_REASON_UNBOUND;

    company = procore_judge_first_company(&ctx->judge);
    ngx_http_procore_scope_judge_end(ctx);

    if (company) {
        if (ngx_http_procore_scope_client_allows(ctx->conf, &client, company)) {
            procore_judge_first_bound(&ctx->judge, company);

            ctx->way = PROCORE_WAY_FIRST_TRIED;
            ctx->to_bind = 1;

            return;
        }

        reason = PROCORE_REASON_COMPANY_NOT_ALLOWED;
    }

    ngx_http_procore_scope_note(ctx, reason, PROCORE_RANK_TOKEN, NULL);
}


ngx_int_t
ngx_http_procore_scope_first_undo(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, ngx_uint_t wait)
{
    procore_store_op_t  op;

    if (ctx->binding_sent) {
        return NGX_AGAIN;
    }

    ctx->first_bound = 0;

    ngx_http_procore_scope_bind_op(ctx, PROCORE_STORE_UNBIND,
                                   ctx->judge.company,
                                   PROCORE_WAY_FIRST_TRIED, &op);

    op.now = ctx->binding.bound_at;

    ctx->way = PROCORE_WAY_NONE;
    ngx_str_set(&ctx->action, "request");

    if (ngx_http_procore_scope_store_write(&op,
                                   wait ? ngx_http_procore_scope_undone : NULL,
                                           ctx)
        != NGX_OK || !wait)
    {
        return NGX_OK;
    }

    ctx->binding_sent = 1;
    ngx_http_procore_scope_hold(r);

    return NGX_AGAIN;
}


static void
ngx_http_procore_scope_undone(void *data, procore_store_op_t *op)
{
    ngx_http_procore_scope_ctx_t *ctx = data;

    ngx_http_request_t  *r;

    r = ctx->request;

    ctx->binding_sent = 0;

    ngx_http_procore_scope_release(r);
    ngx_http_procore_scope_wake(r);
}


void
ngx_http_procore_scope_first_over(ngx_http_procore_scope_ctx_t *ctx)
{
    ngx_uint_t           status;
    ngx_http_request_t  *r;
    procore_store_op_t   op;

    r = ctx->request;

    if (!ctx->first_bound) {
        return;
    }

    status = ngx_http_procore_scope_answered(r);

    /* a cache knows nothing of the token */

    if (status == NGX_HTTP_UNAUTHORIZED
        || (status == 0 && ngx_http_procore_scope_cached(r)))
    {
        (void) ngx_http_procore_scope_first_undo(r, ctx, 0);
        ctx->judge.company = 0;

    } else if (status) {
        ctx->first_bound = 0;

        ngx_http_procore_scope_bind_op(ctx, PROCORE_STORE_CONFIRM,
                                       ctx->judge.company,
                                       PROCORE_WAY_FIRST_USE, &op);

        /* if it fails, the next request does it */

        (void) ngx_http_procore_scope_store_write(&op, NULL, NULL);
    }
}


void
ngx_http_procore_scope_first_seen(ngx_http_procore_scope_ctx_t *ctx)
{
    ngx_uint_t           status;
    ngx_http_request_t  *r;

    r = ctx->request;

    if (!ctx->body_read && !ctx->body_seen) {
        ngx_http_procore_scope_note(ctx, PROCORE_REASON_UNBOUND,
                                    PROCORE_RANK_TOKEN, NULL);
        return;
    }

    ngx_http_procore_scope_first_use(ctx);

    /* nobody waits for a list here: what is not known stays so */

    ctx->judge.nunknown = 0;

    if (!ctx->to_bind) {
        return;
    }

    status = ngx_http_procore_scope_answered(r);

    if (status && status != NGX_HTTP_UNAUTHORIZED) {
        ctx->way = PROCORE_WAY_FIRST_USE;
        (void) ngx_http_procore_scope_bind_token(r, ctx);
        return;
    }

    ctx->to_bind = 0;
    ctx->judge.company = 0;
    ctx->way = PROCORE_WAY_NONE;

    ngx_http_procore_scope_note(ctx, PROCORE_REASON_UNBOUND,
                                PROCORE_RANK_TOKEN, NULL);
}


ngx_uint_t
ngx_http_procore_scope_answered(ngx_http_request_t *r)
{
    ngx_http_upstream_state_t  *state;

    if (r->upstream_states == NULL || r->upstream_states->nelts == 0) {
        return 0;
    }

    state = r->upstream_states->elts;

    return state[r->upstream_states->nelts - 1].status;
}

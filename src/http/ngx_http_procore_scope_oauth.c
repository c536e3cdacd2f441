
/*
 * Requests to the login host.  Those of the token and revoke endpoints are read
 * whole before they are forwarded: a refresh that has reached Procore has
 * already ended the old refresh token.
 */


#include "ngx_http_procore_scope_oauth.h"


#define ngx_http_procore_scope_rebind_rank(carrier)                           \
    ((procore_rank_e) (PROCORE_RANK_HEADER + 2 * (carrier)))


static ngx_int_t ngx_http_procore_scope_oauth_other(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);
static ngx_int_t ngx_http_procore_scope_oauth_start(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);
static ngx_int_t ngx_http_procore_scope_oauth_finish(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);
static ngx_int_t ngx_http_procore_scope_oauth_judge(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);
static void ngx_http_procore_scope_oauth_revoked(
    ngx_http_procore_scope_ctx_t *ctx);
static ngx_int_t ngx_http_procore_scope_oauth_parent(
    ngx_http_procore_scope_ctx_t *ctx, procore_token_t *parent);
static void ngx_http_procore_scope_oauth_choose(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, procore_token_t *parent);
static void ngx_http_procore_scope_oauth_verdicts(
    ngx_http_procore_scope_ctx_t *ctx);


ngx_int_t
ngx_http_procore_scope_oauth_handler(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    ngx_int_t   rc;
    ngx_uint_t  enforce;

    ngx_log_debug0(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "procore scope oauth handler");

    if (ctx->decision != NGX_HTTP_PROCORE_SCOPE_UNDECIDED) {
        return NGX_DECLINED;
    }

    /* no other method is routed to either of the two endpoints */

    if ((ctx->endpoint != PROCORE_OAUTH_TOKEN
         && ctx->endpoint != PROCORE_OAUTH_REVOKE)
        || r->method != NGX_HTTP_POST || r != r->main)
    {
        return ngx_http_procore_scope_oauth_other(r, ctx);
    }

    if (ctx->oauth == NULL) {

        if (ngx_http_procore_scope_oauth_start(r, ctx) != NGX_OK) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

    } else if (ctx->oauth->judged) {

        /* after an internal redirect: the head may be another one */

        ctx->company = 0;

        if (ngx_http_procore_scope_oauth_head(r, ctx) != NGX_OK) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    enforce = ctx->conf->mode == NGX_HTTP_PROCORE_SCOPE_ENFORCE;

    if (ctx->oauth->reading && !ctx->body_read
        && !(enforce && ctx->rank < PROCORE_RANK_UNCERTAIN))
    {
        rc = ngx_http_procore_scope_read_body(r, ctx);

        if (rc != NGX_OK) {
            return rc;
        }
    }

    return ngx_http_procore_scope_oauth_finish(r, ctx);
}


/* Authorize, token info and the rest: nothing in them is read but the token. */

static ngx_int_t
ngx_http_procore_scope_oauth_other(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    ngx_int_t  rc;

    if (ctx->endpoint == PROCORE_OAUTH_INFO) {

        rc = ngx_http_procore_scope_read_token(ctx);
        ngx_http_procore_scope_judge_end(ctx);

        if (rc != NGX_OK) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        /* whether the one token is good is the login host's to say */

        if (ctx->reason != PROCORE_REASON_REVOKED_TOKEN
            && ctx->reason != PROCORE_REASON_AMBIGUOUS_TOKEN)
        {
            ctx->reason = PROCORE_REASON_OK;
            ctx->rank = PROCORE_RANK_NONE;
        }

        ctx->to_bind = 0;
        ctx->discovery = 1;
    }

    if (ngx_http_procore_scope_decide(ctx) != NGX_OK) {
        return ngx_http_procore_scope_refuse(r, ctx);
    }

    if (r == r->main
        && ngx_http_procore_scope_remove_headers(r,
                                  NGX_HTTP_PROCORE_SCOPE_REMOVE_ENCODING)
           != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return NGX_DECLINED;
}


static ngx_int_t
ngx_http_procore_scope_oauth_start(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    procore_sink_t                   sink;
    ngx_http_procore_scope_oauth_t  *oauth;

    oauth = ngx_pcalloc(r->pool, sizeof(ngx_http_procore_scope_oauth_t));
    if (oauth == NULL) {
        return NGX_ERROR;
    }

    ctx->oauth = oauth;
    ctx->rules.oauth = 1;

    if (ngx_http_procore_scope_oauth_head(r, ctx) != NGX_OK) {
        return NGX_ERROR;
    }

    if (!ngx_http_procore_scope_has_body(r)) {
        return NGX_OK;
    }

    ngx_http_procore_scope_oauth_sink(ctx, &sink);

    switch (ngx_http_procore_scope_start_body(ctx, &sink, oauth->scratch,
                                              NGX_HTTP_PROCORE_SCOPE_SCRATCH))
    {
    case NGX_OK:
        oauth->reading = 1;
        return NGX_OK;

    case NGX_DECLINED:
        return NGX_OK;

    default:
        return NGX_ERROR;
    }
}


static ngx_int_t
ngx_http_procore_scope_oauth_finish(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    ngx_http_procore_scope_oauth_t  *oauth;

    oauth = ctx->oauth;
    oauth->judged = 1;

    if (ngx_http_procore_scope_oauth_judge(r, ctx) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (ngx_http_procore_scope_decide(ctx) != NGX_OK) {
        return ngx_http_procore_scope_refuse_oauth(r, ctx);
    }

    ctx->answer_type = ctx->endpoint == PROCORE_OAUTH_TOKEN
                       ? NGX_HTTP_PROCORE_SCOPE_ANSWER_TOKEN
                       : NGX_HTTP_PROCORE_SCOPE_ANSWER_REVOKE;

    if (ngx_http_procore_scope_remove_headers(r,
                                      NGX_HTTP_PROCORE_SCOPE_REMOVE_ENCODING)
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return NGX_DECLINED;
}


/* What the request is, and what its answer's tokens will be bound to. */

static ngx_int_t
ngx_http_procore_scope_oauth_judge(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    int                              rc;
    ngx_str_t                       *token;
    procore_token_t                  parent;
    ngx_http_procore_scope_oauth_t  *oauth;

    oauth = ctx->oauth;

    ngx_memzero(&parent, sizeof(procore_token_t));

    if (ctx->endpoint == PROCORE_OAUTH_REVOKE) {

        ngx_str_set(&ctx->action, "revoke");

        token = &oauth->params[PROCORE_PARAM_TOKEN];

        if (token->len) {
            rc = procore_digest_token(ctx->conf->realm, token->data,
                                      token->len, oauth->token);
            if (rc != PROCORE_OK) {
                return NGX_ERROR;
            }

            oauth->has_token = 1;
            ngx_http_procore_scope_oauth_revoked(ctx);
        }

    } else {

        ngx_str_set(&ctx->action, "token");

        if (ngx_http_procore_scope_oauth_parent(ctx, &parent) != NGX_OK) {
            return NGX_ERROR;
        }

        ngx_http_procore_scope_oauth_choose(r, ctx, &parent);
    }

    if (!ngx_http_procore_scope_store_ready()) {
        ngx_http_procore_scope_note(ctx, PROCORE_REASON_STORE_FAILED,
                                    PROCORE_RANK_STORE_FAILED, NULL);
    }

    return NGX_OK;
}


/* Whose token is revoked is only for the record: the withdrawal finds it. */

static void
ngx_http_procore_scope_oauth_revoked(ngx_http_procore_scope_ctx_t *ctx)
{
    ngx_http_procore_scope_oauth_t  *oauth;

    oauth = ctx->oauth;

    if (ngx_http_procore_scope_store_begin() != NGX_OK) {
        return;
    }

    ctx->known = ngx_http_procore_scope_store_token(PROCORE_TOKEN_ACCESS,
                                                    oauth->token,
                                                    &ctx->binding);
    if (ctx->known == PROCORE_NOT_FOUND) {
        ctx->known = ngx_http_procore_scope_store_token(PROCORE_TOKEN_REFRESH,
                                                        oauth->token,
                                                        &ctx->binding);
    }

    ngx_http_procore_scope_store_end();

    if (ctx->known == PROCORE_OK) {
        ctx->company = ctx->binding.company;
        ctx->way = ctx->binding.way;
    }
}


/* The refresh token that is redeemed: its family goes on in the answer. */

static ngx_int_t
ngx_http_procore_scope_oauth_parent(ngx_http_procore_scope_ctx_t *ctx,
    procore_token_t *parent)
{
    int                              rc;
    ngx_str_t                       *grant, *token;
    ngx_http_procore_scope_oauth_t  *oauth;

    oauth = ctx->oauth;

    grant = &oauth->params[PROCORE_PARAM_GRANT_TYPE];
    token = &oauth->params[PROCORE_PARAM_REFRESH_TOKEN];

    if (grant->len != sizeof("refresh_token") - 1
        || ngx_memcmp(grant->data, "refresh_token", grant->len) != 0
        || token->len == 0)
    {
        return NGX_OK;
    }

    ngx_str_set(&ctx->action, "refresh");

    rc = procore_digest_token(ctx->conf->realm, token->data, token->len,
                              oauth->parent);
    if (rc != PROCORE_OK) {
        return NGX_ERROR;
    }

    oauth->has_parent = 1;

    if (ngx_http_procore_scope_store_begin() != NGX_OK) {
        return NGX_OK;
    }

    rc = ngx_http_procore_scope_store_token(PROCORE_TOKEN_REFRESH,
                                            oauth->parent, parent);
    ngx_http_procore_scope_store_end();

    if (rc == PROCORE_OK) {
        ctx->binding = *parent;
        ctx->known = PROCORE_OK;
        return NGX_OK;
    }

    ngx_memzero(parent, sizeof(procore_token_t));

    if (rc == PROCORE_ERROR) {
        ngx_http_procore_scope_note(ctx, PROCORE_REASON_STORE_FAILED,
                                    PROCORE_RANK_STORE_FAILED, NULL);
    }

    return NGX_OK;
}


/*
 * The ways to bind, the stronger one first: the configured company, that of the
 * refresh token, the named one.  Those that are present must be the same.
 */

static void
ngx_http_procore_scope_oauth_choose(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, procore_token_t *parent)
{
    uint64_t                         configured;
    ngx_http_procore_scope_oauth_t  *oauth;

    oauth = ctx->oauth;
    oauth->bind = 0;
    oauth->way = PROCORE_WAY_NONE;

    if (parent->state == PROCORE_FAMILY_WITHDRAWN) {
        ngx_http_procore_scope_note(ctx, PROCORE_REASON_REVOKED_TOKEN,
                                    PROCORE_RANK_TOKEN, NULL);
        return;
    }

    if (ngx_http_procore_scope_configured(r, ctx->conf, &configured)
        != NGX_OK)
    {
        ngx_http_procore_scope_note(ctx, PROCORE_REASON_STORE_FAILED,
                                    PROCORE_RANK_STORE_FAILED, NULL);
        return;
    }

    ctx->company = configured ? configured : parent->company;

    if (configured && parent->company && configured != parent->company) {
        ctx->company = parent->company;
        ngx_http_procore_scope_note(ctx, PROCORE_REASON_REBIND,
                                    PROCORE_RANK_TOKEN, NULL);
    }

    if (ctx->company && oauth->company && oauth->company != ctx->company) {
        ngx_http_procore_scope_oauth_rebind(ctx, ctx->company);
    }

    if (ctx->company == 0
        && (ctx->conf->bind & ((ngx_uint_t) 1 << PROCORE_WAY_TOKEN_REQUEST)))
    {
        ctx->company = oauth->company;
    }

    if (parent->company) {
        ctx->way = parent->way;

    } else if (ctx->company) {
        ctx->way = configured ? PROCORE_WAY_CONFIGURED
                              : PROCORE_WAY_TOKEN_REQUEST;
    }

    ngx_http_procore_scope_oauth_verdicts(ctx);

    /* in monitor it goes on: what would be refused must bind nothing */

    if (ctx->rank == PROCORE_RANK_NONE
        || ctx->rank == PROCORE_RANK_STORE_FAILED)
    {
        oauth->bind = ctx->company;
        oauth->way = ctx->way;

        return;
    }

    if (ctx->reason != PROCORE_REASON_REBIND
        && ctx->reason != PROCORE_REASON_MALFORMED_ID)
    {
        /* not even the refresh token is certain */
        oauth->has_parent = 0;
    }

    if (parent->company == 0) {
        ctx->company = 0;
        ctx->way = PROCORE_WAY_NONE;
    }
}


void
ngx_http_procore_scope_oauth_rebind(ngx_http_procore_scope_ctx_t *ctx,
    uint64_t company)
{
    ngx_uint_t                       i;
    ngx_http_procore_scope_claim_t  *claim;

    claim = ctx->claims.elts;

    for (i = 0; i < ctx->claims.nelts; i++) {

        if (claim[i].kind == PROCORE_KIND_COMPANY && claim[i].id
            && claim[i].id != company)
        {
            ngx_http_procore_scope_note(ctx, PROCORE_REASON_REBIND,
                         ngx_http_procore_scope_rebind_rank(claim[i].carrier),
                                        &claim[i]);
            return;
        }
    }

    ngx_http_procore_scope_note(ctx, PROCORE_REASON_REBIND, PROCORE_RANK_BODY,
                                NULL);
}


/* Claims were kept before the company was known. */

static void
ngx_http_procore_scope_oauth_verdicts(ngx_http_procore_scope_ctx_t *ctx)
{
    ngx_uint_t                       i;
    ngx_http_procore_scope_claim_t  *claim;

    if (ctx->company == 0) {
        return;
    }

    claim = ctx->claims.elts;

    for (i = 0; i < ctx->claims.nelts; i++) {

        if (claim[i].kind == PROCORE_KIND_COMPANY && claim[i].id) {
            claim[i].verdict = claim[i].id == ctx->company
                               ? NGX_HTTP_PROCORE_SCOPE_OWN
                               : NGX_HTTP_PROCORE_SCOPE_FOREIGN;
        }
    }
}

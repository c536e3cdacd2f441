
/*
 * Requests to the login host.  Those of the token and revoke endpoints are read
 * whole before they are forwarded: a refresh that has reached Procore has
 * already ended the old refresh token.
 */


#include "ngx_http_procore_scope_audit.h"
#include "ngx_http_procore_scope_bind.h"
#include "ngx_http_procore_scope_oauth.h"
#include "ngx_http_procore_scope_relay.h"
#include "ngx_http_procore_scope_status.h"


static ngx_int_t ngx_http_procore_scope_oauth_other(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);
static ngx_int_t ngx_http_procore_scope_oauth_strip(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);
static ngx_int_t ngx_http_procore_scope_oauth_start(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);
static ngx_int_t ngx_http_procore_scope_oauth_finish(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);
static ngx_int_t ngx_http_procore_scope_oauth_judge(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);
static void ngx_http_procore_scope_oauth_mode(
    ngx_http_procore_scope_ctx_t *ctx);
static void ngx_http_procore_scope_oauth_revoked(
    ngx_http_procore_scope_ctx_t *ctx);
static ngx_int_t ngx_http_procore_scope_oauth_parent(
    ngx_http_procore_scope_ctx_t *ctx, procore_token_t *parent);


ngx_int_t
ngx_http_procore_scope_oauth_handler(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    ngx_int_t   rc;
    ngx_uint_t  enforce;

    ngx_log_debug0(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "procore scope oauth handler");

    if (ctx->relay && ctx->relay->next) {
        return ngx_http_procore_scope_relay_handler(r, ctx);
    }

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

        ctx->judge.company = 0;

        if (ngx_http_procore_scope_oauth_head(r, ctx) != NGX_OK) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    enforce = ctx->conf->mode == NGX_HTTP_PROCORE_SCOPE_ENFORCE;

    /* a client of the other mode may tell its name in the body alone */

    if (ctx->oauth->reading && !ctx->body_read
        && (!enforce || ctx->judge.rank >= PROCORE_RANK_UNCERTAIN
            || ctx->conf->twin))
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

        if (ctx->judge.reason != PROCORE_REASON_REVOKED_TOKEN
            && ctx->judge.reason != PROCORE_REASON_AMBIGUOUS_TOKEN
            && !ctx->paused)
        {
            ctx->judge.reason = PROCORE_REASON_OK;
            ctx->judge.rank = PROCORE_RANK_NONE;
        }

        ctx->to_bind = 0;
        ctx->judge.discovery = 1;
    }

    if (ngx_http_procore_scope_decide(ctx) != NGX_OK) {
        return ngx_http_procore_scope_refuse(r, ctx);
    }

    if (r == r->main && ngx_http_procore_scope_oauth_strip(r, ctx) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return NGX_DECLINED;
}


/*
 * Answers are read, so they must not come compressed.  And no header may name
 * another target than the one judged: with a relay, its clients would get past
 * it, in monitor too.
 */

static ngx_int_t
ngx_http_procore_scope_oauth_strip(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    ngx_uint_t  which;

    which = NGX_HTTP_PROCORE_SCOPE_REMOVE_ENCODING;

    if (ctx->conf->mode == NGX_HTTP_PROCORE_SCOPE_ENFORCE) {
        which |= NGX_HTTP_PROCORE_SCOPE_REMOVE_UPGRADE
                 |NGX_HTTP_PROCORE_SCOPE_REMOVE_OVERRIDE;

    } else if (ctx->conf->authorize) {
        which |= NGX_HTTP_PROCORE_SCOPE_REMOVE_OVERRIDE;
    }

    return ngx_http_procore_scope_remove_headers(r, which);
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
    ctx->judge.rules.oauth = 1;
    ctx->judge.rules.all = ctx->conf->authorize != NULL;

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

    if (ngx_http_procore_scope_redeems(r, ctx)) {
        return ngx_http_procore_scope_redeem(r, ctx);
    }

    if (ngx_http_procore_scope_decide(ctx) != NGX_OK) {
        return ngx_http_procore_scope_refuse_oauth(r, ctx);
    }

    ctx->answer_type = ctx->endpoint == PROCORE_OAUTH_TOKEN
                       ? NGX_HTTP_PROCORE_SCOPE_ANSWER_TOKEN
                       : NGX_HTTP_PROCORE_SCOPE_ANSWER_REVOKE;

    if (ngx_http_procore_scope_oauth_strip(r, ctx) != NGX_OK) {
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

        ngx_http_procore_scope_oauth_mode(ctx);

    } else {

        ngx_str_set(&ctx->action, "token");

        if (ngx_http_procore_scope_oauth_parent(ctx, &parent) != NGX_OK) {
            return NGX_ERROR;
        }

        oauth->fresh = parent.company == 0;

        ngx_http_procore_scope_oauth_mode(ctx);
        ngx_http_procore_scope_oauth_choose(r, ctx, &parent);
    }

    /* a disk that keeps another worker waiting is this one's, too */

    if (ngx_http_procore_scope_store_status(r) != PROCORE_STATUS_READY) {
        ngx_http_procore_scope_note(ctx, PROCORE_REASON_STORE_FAILED,
                                    PROCORE_RANK_STORE_FAILED, NULL);
    }

    ngx_http_procore_scope_audit_require(ctx);

    return NGX_OK;
}


/*
 * The mode of the app: that of the token where it is known, else the one that
 * asks.
 */

static void
ngx_http_procore_scope_oauth_mode(ngx_http_procore_scope_ctx_t *ctx)
{
    ngx_str_t  asks, client;

    ngx_http_procore_scope_oauth_client(ctx, &asks);
    ngx_http_procore_scope_client_id(ctx, &client);

    if (asks.len && client.len == 0) {
        client = asks;
    }

    if (!ctx->oauth->unread
        && !procore_judge_unread(&ctx->judge, PROCORE_IN_BODY))
    {
        ngx_http_procore_scope_judge_conf(ctx,
                       ngx_http_procore_scope_client_conf(ctx->conf, &client));
        return;
    }

    /* else an app that is enforced could hide who it is */

    if (ctx->conf->twin
        && ctx->conf->mode != NGX_HTTP_PROCORE_SCOPE_ENFORCE)
    {
        ngx_http_procore_scope_judge_conf(ctx, ctx->conf->twin);
    }
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
        ctx->judge.company = ctx->binding.company;
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


/*
 * Token requests: which company the answer's tokens will be bound to.
 */


#include "ngx_http_procore_scope_bind.h"
#include "ngx_http_procore_scope_oauth.h"
#include "ngx_http_procore_scope_relay.h"


#define ngx_http_procore_scope_rebind_rank(carrier)                           \
    ((procore_rank_e) (PROCORE_RANK_HEADER + 2 * (carrier)))


static procore_way_e ngx_http_procore_scope_oauth_way(
    ngx_http_procore_scope_ctx_t *ctx, uint64_t configured, ngx_str_t *client);
static void ngx_http_procore_scope_oauth_allowed(
    ngx_http_procore_scope_ctx_t *ctx, ngx_str_t *client,
    procore_token_t *parent);
static procore_judge_claim_t *ngx_http_procore_scope_oauth_named(
    ngx_http_procore_scope_ctx_t *ctx, uint64_t company, ngx_uint_t other);
static ngx_uint_t ngx_http_procore_scope_oauth_certain(
    ngx_http_procore_scope_ctx_t *ctx);
static void ngx_http_procore_scope_oauth_verdicts(
    ngx_http_procore_scope_ctx_t *ctx);


/*
 * The ways to bind, the stronger one first: the configured company, that of the
 * refresh token, the named one, the only one of the app.  Those that are
 * present must be the same.
 */

void
ngx_http_procore_scope_oauth_choose(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, procore_token_t *parent)
{
    uint64_t                         configured;
    ngx_str_t                        client, other;
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

    ngx_http_procore_scope_oauth_client(ctx, &client);

    ctx->judge.company = configured ? configured : parent->company;

    if (configured && parent->company && configured != parent->company) {
        ctx->judge.company = parent->company;
        ngx_http_procore_scope_note(ctx, PROCORE_REASON_REBIND,
                                    PROCORE_RANK_TOKEN, NULL);
    }

    if (ctx->judge.company && oauth->company
        && oauth->company != ctx->judge.company)
    {
        ngx_http_procore_scope_oauth_rebind(ctx, ctx->judge.company);
    }

    ctx->way = parent->company ? parent->way
               : ngx_http_procore_scope_oauth_way(ctx, configured, &client);

    other.len = parent->client_len;
    other.data = parent->client;

    /* in monitor the relay has no refusal that could only be recorded */

    if (ctx->conf->mode == NGX_HTTP_PROCORE_SCOPE_ENFORCE
        || !ngx_http_procore_scope_redeems(r, ctx))
    {
        ngx_http_procore_scope_check_paused(ctx, &client, &other);
    }

    ngx_http_procore_scope_oauth_allowed(ctx, &client, parent);
    ngx_http_procore_scope_oauth_verdicts(ctx);

    /* in monitor it goes on: what would be refused must bind nothing */

    if (ctx->judge.rank == PROCORE_RANK_NONE
        || ctx->judge.rank == PROCORE_RANK_STORE_FAILED)
    {
        oauth->bind = ctx->judge.company;
        oauth->way = ctx->way;

        return;
    }

    if (!ngx_http_procore_scope_oauth_certain(ctx)) {

        /* not even the refresh token is certain */
        oauth->has_parent = 0;
    }

    if (parent->company == 0) {
        ctx->judge.company = 0;
        ctx->way = PROCORE_WAY_NONE;
    }
}


/* Of a family without a company: sets the company where nobody has yet. */

static procore_way_e
ngx_http_procore_scope_oauth_way(ngx_http_procore_scope_ctx_t *ctx,
    uint64_t configured, ngx_str_t *client)
{
    uint64_t  only;

    if (configured) {
        return PROCORE_WAY_CONFIGURED;
    }

    if (ctx->oauth->company
        && ngx_http_procore_scope_may_bind(ctx->conf,
                                           PROCORE_WAY_TOKEN_REQUEST))
    {
        ctx->judge.company = ctx->oauth->company;
        return PROCORE_WAY_TOKEN_REQUEST;
    }

    if (ngx_http_procore_scope_may_bind(ctx->conf, PROCORE_WAY_CLIENT)) {

        only = ngx_http_procore_scope_client_only(ctx->conf, client);

        if (only) {
            ctx->judge.company = only;
            return PROCORE_WAY_CLIENT;
        }
    }

    return PROCORE_WAY_NONE;
}


/*
 * A company outside of the app's list, by whatever way.  A refresh token of
 * another app's is asked about by both: nobody knows whose it will be.
 */

static void
ngx_http_procore_scope_oauth_allowed(ngx_http_procore_scope_ctx_t *ctx,
    ngx_str_t *client, procore_token_t *parent)
{
    uint64_t                company;
    ngx_str_t               other;
    procore_judge_claim_t  *claim;

    other.len = parent->client_len;
    other.data = parent->client;

    /* a name that may not bind is held against the list all the same */

    company = ctx->oauth->company ? ctx->oauth->company : ctx->judge.company;

    if (company == 0
        || (ngx_http_procore_scope_client_allows(ctx->conf, client, company)
            && (other.len == 0
                || ngx_http_procore_scope_client_allows(ctx->conf, &other,
                                                        company))))
    {
        return;
    }

    claim = ngx_http_procore_scope_oauth_named(ctx, company, 0);

    ngx_http_procore_scope_note(ctx, PROCORE_REASON_COMPANY_NOT_ALLOWED,
                         claim ? ngx_http_procore_scope_rebind_rank(
                                                               claim->carrier)
                               : PROCORE_RANK_TOKEN,
                                claim);
}


void
ngx_http_procore_scope_oauth_client(ngx_http_procore_scope_ctx_t *ctx,
    ngx_str_t *client)
{
    if (ctx->oauth->unread
        || procore_judge_unread(&ctx->judge, PROCORE_IN_BODY))
    {
        ngx_str_null(client);
        return;
    }

    *client = ctx->oauth->params[PROCORE_PARAM_CLIENT_ID];
}


void
ngx_http_procore_scope_oauth_rebind(ngx_http_procore_scope_ctx_t *ctx,
    uint64_t company)
{
    procore_judge_claim_t  *claim;

    claim = ngx_http_procore_scope_oauth_named(ctx, company, 1);

    ngx_http_procore_scope_note(ctx, PROCORE_REASON_REBIND,
                         claim ? ngx_http_procore_scope_rebind_rank(
                                                               claim->carrier)
                               : PROCORE_RANK_BODY,
                                claim);
}


/* The first claim that names the company, or another one; NULL: none. */

static procore_judge_claim_t *
ngx_http_procore_scope_oauth_named(ngx_http_procore_scope_ctx_t *ctx,
    uint64_t company, ngx_uint_t other)
{
    ngx_uint_t              i;
    procore_judge_claim_t  *claim;

    claim = ctx->judge.claims;

    for (i = 0; i < ctx->judge.nclaims; i++) {

        if (claim[i].kind == PROCORE_KIND_COMPANY && claim[i].id
            && (claim[i].id != company) == other)
        {
            return &claim[i];
        }
    }

    return NULL;
}


/* Is what the request says, apart from its company, beyond doubt? */

static ngx_uint_t
ngx_http_procore_scope_oauth_certain(ngx_http_procore_scope_ctx_t *ctx)
{
    return !ctx->oauth->unread
           && !procore_judge_unread(&ctx->judge, PROCORE_IN_BODY)
           && (ctx->judge.reason == PROCORE_REASON_REBIND
               || ctx->judge.reason == PROCORE_REASON_COMPANY_NOT_ALLOWED
               || ctx->judge.reason == PROCORE_REASON_MALFORMED_ID);
}


/* Claims were kept before the company was known. */

static void
ngx_http_procore_scope_oauth_verdicts(ngx_http_procore_scope_ctx_t *ctx)
{
    ngx_uint_t              i;
    procore_judge_claim_t  *claim;

    if (ctx->judge.company == 0) {
        return;
    }

    claim = ctx->judge.claims;

    for (i = 0; i < ctx->judge.nclaims; i++) {

        if (claim[i].kind == PROCORE_KIND_COMPANY && claim[i].id) {
            claim[i].verdict = claim[i].id == ctx->judge.company
                               ? PROCORE_VERDICT_OWN
                               : PROCORE_VERDICT_FOREIGN;
        }
    }
}

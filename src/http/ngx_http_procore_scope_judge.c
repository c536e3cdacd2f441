
/*
 * The sink of the claim readers: compares what a request names with the company
 * of its token, and keeps it for the refusal and the record.
 */


#include "ngx_http_procore_scope.h"


#define ngx_http_procore_scope_malformed_rank(carrier)                        \
    ((procore_rank_e) (PROCORE_RANK_HEADER_MALFORMED + 2 * (carrier)))

#define ngx_http_procore_scope_foreign_rank(carrier)                          \
    ((procore_rank_e) (PROCORE_RANK_HEADER + 2 * (carrier)))


static ngx_http_procore_scope_verdict_e ngx_http_procore_scope_judge_company(
    ngx_http_procore_scope_ctx_t *ctx, uint64_t company);
static ngx_http_procore_scope_verdict_e ngx_http_procore_scope_judge_first(
    ngx_http_procore_scope_ctx_t *ctx, const procore_claim_t *claim);
static uint64_t ngx_http_procore_scope_alias_company(
    ngx_http_procore_scope_ctx_t *ctx, const procore_str_t *uuid);
static ngx_uint_t ngx_http_procore_scope_foreign_uuid(
    ngx_http_procore_scope_ctx_t *ctx, const procore_claim_t *claim);
static int ngx_http_procore_scope_find_project(
    ngx_http_procore_scope_ctx_t *ctx, uint64_t id, procore_project_t *project);
static ngx_http_procore_scope_verdict_e ngx_http_procore_scope_judge_project(
    ngx_http_procore_scope_ctx_t *ctx, const procore_claim_t *claim);
static void ngx_http_procore_scope_check_age(ngx_http_procore_scope_ctx_t *ctx,
    const procore_project_t *project);
static ngx_http_procore_scope_verdict_e ngx_http_procore_scope_add_unknown(
    ngx_http_procore_scope_ctx_t *ctx, const procore_claim_t *claim);
static ngx_uint_t ngx_http_procore_scope_excepted(
    ngx_http_procore_scope_ctx_t *ctx, uint64_t company, uint64_t project,
    ngx_uint_t imported);
static ngx_http_procore_scope_unknown_t *
    ngx_http_procore_scope_first_unknown(ngx_http_procore_scope_ctx_t *ctx,
    const procore_claim_t *claim, ngx_http_procore_scope_verdict_e verdict);
static void ngx_http_procore_scope_keep(ngx_http_procore_scope_ctx_t *ctx,
    const procore_claim_t *claim, ngx_http_procore_scope_verdict_e verdict,
    procore_reason_e reason, procore_rank_e rank);


void
ngx_http_procore_scope_claim(void *data, const procore_claim_t *claim)
{
    ngx_http_procore_scope_ctx_t *ctx = data;

    procore_rank_e                    rank;
    procore_reason_e                  reason;
    ngx_http_procore_scope_verdict_e  verdict;

    if (claim->kind == PROCORE_KIND_PROJECT
        && claim->state == PROCORE_CLAIM_UUID
        && !ngx_http_procore_scope_foreign_uuid(ctx, claim))
    {
        return;
    }

    ctx->named = 1;

    if (claim->kind == PROCORE_KIND_PROJECT && ctx->project == 0
        && claim->state == PROCORE_CLAIM_ID)
    {
        ctx->project = claim->id;
    }

    if (claim->state == PROCORE_CLAIM_MALFORMED) {
        verdict = NGX_HTTP_PROCORE_SCOPE_MALFORMED;

    } else if (ctx->company == 0) {
        verdict = ngx_http_procore_scope_judge_first(ctx, claim);

    } else if (claim->kind == PROCORE_KIND_PROJECT
               && claim->state == PROCORE_CLAIM_UUID)
    {
        verdict = NGX_HTTP_PROCORE_SCOPE_FOREIGN;

    } else if (claim->state == PROCORE_CLAIM_UUID) {
        verdict = ngx_http_procore_scope_judge_company(ctx,
                    ngx_http_procore_scope_alias_company(ctx, &claim->value));

    } else if (claim->kind == PROCORE_KIND_COMPANY) {
        verdict = ngx_http_procore_scope_judge_company(ctx, claim->id);

    } else if (claim->id == ctx->last_id) {
        verdict = ctx->last_verdict;

    } else {
        verdict = ngx_http_procore_scope_judge_project(ctx, claim);
        ctx->last_id = claim->id;
        ctx->last_verdict = verdict;
    }

    reason = PROCORE_REASON_OK;
    rank = PROCORE_RANK_NONE;

    switch (verdict) {

    case NGX_HTTP_PROCORE_SCOPE_MALFORMED:
        reason = PROCORE_REASON_MALFORMED_ID;
        rank = ngx_http_procore_scope_malformed_rank(claim->carrier);
        break;

    case NGX_HTTP_PROCORE_SCOPE_FOREIGN:
        reason = claim->kind == PROCORE_KIND_COMPANY
                 ? PROCORE_REASON_FOREIGN_COMPANY
                 : PROCORE_REASON_FOREIGN_PROJECT;
        rank = ngx_http_procore_scope_foreign_rank(claim->carrier);
        break;

    case NGX_HTTP_PROCORE_SCOPE_EXCEPTED:
        ctx->excepted = 1;
        break;

    default:
        break;
    }

    ngx_http_procore_scope_keep(ctx, claim, verdict, reason, rank);
}


void
ngx_http_procore_scope_unlisted(void *data, procore_carrier_e carrier,
    const procore_str_t *name)
{
    ngx_http_procore_scope_ctx_t *ctx = data;

    ngx_str_t        *elt;
    ngx_uint_t        i;
    procore_claim_t   claim;

    if (ctx->unlisted.elts == NULL
        && ngx_array_init(&ctx->unlisted, ctx->request->pool, 2,
                          sizeof(ngx_str_t))
           != NGX_OK)
    {
        return;
    }

    elt = ctx->unlisted.elts;

    for (i = 0; i < ctx->unlisted.nelts; i++) {
        if (elt[i].len == name->len
            && ngx_memcmp(elt[i].data, name->data, name->len) == 0)
        {
            return;
        }
    }

    if (ctx->unlisted.nelts < NGX_HTTP_PROCORE_SCOPE_UNLISTED) {
        elt = ngx_array_push(&ctx->unlisted);

        if (elt == NULL
            || ngx_http_procore_scope_copy(ctx->request->pool, elt, name)
               != NGX_OK)
        {
            return;
        }
    }

    if (!ctx->conf->unlisted_deny) {
        return;
    }

    ngx_memzero(&claim, sizeof(procore_claim_t));
    claim.carrier = carrier;
    claim.name = *name;
    claim.value = *name;

    ngx_http_procore_scope_keep(ctx, &claim, NGX_HTTP_PROCORE_SCOPE_UNKNOWN_ID,
                                PROCORE_REASON_UNLISTED_NAME,
                                ngx_http_procore_scope_foreign_rank(carrier));
}


void
ngx_http_procore_scope_param(void *data, procore_carrier_e carrier,
    procore_param_e param, procore_value_e type, const procore_str_t *value)
{
    ngx_http_procore_scope_ctx_t *ctx = data;

    if (param != PROCORE_PARAM_ACCESS_TOKEN
        && param != PROCORE_PARAM_BEARER_TOKEN)
    {
        return;
    }

    ctx->token_state = NGX_HTTP_PROCORE_SCOPE_TOKEN_AMBIGUOUS;

    ngx_http_procore_scope_note(ctx, PROCORE_REASON_AMBIGUOUS_TOKEN,
                                PROCORE_RANK_TOKEN, NULL);
}


static ngx_http_procore_scope_verdict_e
ngx_http_procore_scope_judge_company(ngx_http_procore_scope_ctx_t *ctx,
    uint64_t company)
{
    if (company == ctx->company) {
        return NGX_HTTP_PROCORE_SCOPE_OWN;
    }

    if (ngx_http_procore_scope_excepted(ctx, company, 0, 0)) {
        return NGX_HTTP_PROCORE_SCOPE_EXCEPTED;
    }

    return NGX_HTTP_PROCORE_SCOPE_FOREIGN;
}


/* While the token has no company: what a first use would have to be. */

static ngx_http_procore_scope_verdict_e
ngx_http_procore_scope_judge_first(ngx_http_procore_scope_ctx_t *ctx,
    const procore_claim_t *claim)
{
    uint64_t  company;

    if (claim->kind == PROCORE_KIND_PROJECT) {
        return ctx->first_use ? ngx_http_procore_scope_add_unknown(ctx, claim)
                              : NGX_HTTP_PROCORE_SCOPE_UNJUDGED;
    }

    company = claim->state == PROCORE_CLAIM_UUID
              ? ngx_http_procore_scope_alias_company(ctx, &claim->value)
              : claim->id;

    if (ctx->named_company == 0) {
        ctx->named_company = company;
    }

    if (company == 0 || company != ctx->named_company) {
        ctx->several = 1;
    }

    return NGX_HTTP_PROCORE_SCOPE_UNJUDGED;
}


/* The company with this other name, 0: none. */

static uint64_t
ngx_http_procore_scope_alias_company(ngx_http_procore_scope_ctx_t *ctx,
    const procore_str_t *uuid)
{
    ngx_uint_t                       i;
    ngx_http_procore_scope_alias_t  *alias;

    if (ctx->conf->aliases == NULL) {
        return 0;
    }

    alias = ctx->conf->aliases->elts;

    for (i = 0; i < ctx->conf->aliases->nelts; i++) {
        if (alias[i].alias.len == uuid->len
            && ngx_strncasecmp(alias[i].alias.data, (u_char *) uuid->data,
                               uuid->len)
               == 0)
        {
            return alias[i].company;
        }
    }

    return 0;
}


/*
 * A UUID of workforce planning names no project; but where an action reads it
 * as a number, that number must not be a foreign project's.
 */

static ngx_uint_t
ngx_http_procore_scope_foreign_uuid(ngx_http_procore_scope_ctx_t *ctx,
    const procore_claim_t *claim)
{
    uint64_t           company;
    procore_project_t  project;

    company = ctx->company ? ctx->company : ctx->named_company;

    if ((ctx->company == 0 && !ctx->first_use)
        || ngx_http_procore_scope_find_project(ctx, claim->id, &project)
           != PROCORE_OK
        || project.company == company)
    {
        return 0;
    }

    if (ctx->company == 0) {
        ctx->several = 1;
    }

    return 1;
}


/* Looks a project up in the snapshot; what has run out is not found. */

static int
ngx_http_procore_scope_find_project(ngx_http_procore_scope_ctx_t *ctx,
    uint64_t id, procore_project_t *project)
{
    int  rc;

    if (!ctx->snapshot && ngx_http_procore_scope_store_begin() == NGX_OK) {
        ctx->snapshot = 1;
    }

    if (!ctx->snapshot) {
        return PROCORE_ERROR;
    }

    rc = ngx_http_procore_scope_store_project(ctx->conf->realm, id, project);

    if (rc == PROCORE_OK && project->valid_for
        && project->learnt_at + project->valid_for <= (uint64_t) ngx_time())
    {
        return PROCORE_NOT_FOUND;
    }

    return rc;
}


static ngx_http_procore_scope_verdict_e
ngx_http_procore_scope_judge_project(ngx_http_procore_scope_ctx_t *ctx,
    const procore_claim_t *claim)
{
    int                rc;
    procore_project_t  project;

    if (ngx_http_procore_scope_excepted(ctx, 0, claim->id, 0)) {
        return NGX_HTTP_PROCORE_SCOPE_EXCEPTED;
    }

    rc = ngx_http_procore_scope_find_project(ctx, claim->id, &project);

    if (rc == PROCORE_NOT_FOUND) {
        return ngx_http_procore_scope_add_unknown(ctx, claim);
    }

    if (rc != PROCORE_OK) {
        ngx_http_procore_scope_note(ctx, PROCORE_REASON_STORE_FAILED,
                                    PROCORE_RANK_STORE_FAILED, NULL);
        return NGX_HTTP_PROCORE_SCOPE_UNKNOWN_ID;
    }

    if (project.company == ctx->company) {
        ngx_http_procore_scope_check_age(ctx, &project);
        return NGX_HTTP_PROCORE_SCOPE_OWN;
    }

    if (ngx_http_procore_scope_excepted(ctx, project.company, claim->id,
                                        project.valid_for == 0))
    {
        return NGX_HTTP_PROCORE_SCOPE_EXCEPTED;
    }

    return NGX_HTTP_PROCORE_SCOPE_FOREIGN;
}


/* In the last tenth of its life there is still time to ask for the list. */

static void
ngx_http_procore_scope_check_age(ngx_http_procore_scope_ctx_t *ctx,
    const procore_project_t *project)
{
    uint64_t  end;

    end = project->learnt_at + project->valid_for;

    if (project->valid_for
        && end - (uint64_t) ngx_time() <= project->valid_for / 10)
    {
        ctx->refresh = 1;
    }
}


static ngx_http_procore_scope_verdict_e
ngx_http_procore_scope_add_unknown(ngx_http_procore_scope_ctx_t *ctx,
    const procore_claim_t *claim)
{
    ngx_uint_t                         i;
    ngx_http_procore_scope_unknown_t  *unknown;

    if (ctx->unknown.elts == NULL
        && ngx_array_init(&ctx->unknown, ctx->request->pool, 4,
                          sizeof(ngx_http_procore_scope_unknown_t))
           != NGX_OK)
    {
        goto failed;
    }

    unknown = ctx->unknown.elts;

    for (i = 0; i < ctx->unknown.nelts; i++) {
        if (unknown[i].id == claim->id) {
            return unknown[i].verdict;
        }
    }

    if (ctx->unknown.nelts == NGX_HTTP_PROCORE_SCOPE_UNKNOWN) {
        ngx_http_procore_scope_note(ctx, PROCORE_REASON_BODY_TOO_LARGE,
                        ngx_http_procore_scope_malformed_rank(claim->carrier),
                                    NULL);
        return NGX_HTTP_PROCORE_SCOPE_UNKNOWN_ID;
    }

    unknown = ngx_array_push(&ctx->unknown);
    if (unknown == NULL) {
        goto failed;
    }

    unknown->claim = NULL;
    unknown->id = claim->id;
    unknown->verdict = NGX_HTTP_PROCORE_SCOPE_UNKNOWN_ID;

    return NGX_HTTP_PROCORE_SCOPE_UNKNOWN_ID;

failed:

    ngx_http_procore_scope_note(ctx, PROCORE_REASON_STORE_FAILED,
                                PROCORE_RANK_STORE_FAILED, NULL);

    return NGX_HTTP_PROCORE_SCOPE_UNKNOWN_ID;
}


/*
 * A company passes by an exception of its own; a project where the exception
 * lists it, or where the operator has imported it for that company.
 */

static ngx_uint_t
ngx_http_procore_scope_excepted(ngx_http_procore_scope_ctx_t *ctx,
    uint64_t company, uint64_t project, ngx_uint_t imported)
{
    uint64_t                            *id;
    ngx_str_t                           *client;
    ngx_uint_t                           i, n;
    ngx_http_procore_scope_exception_t  *exception;

    if (ctx->conf->exceptions == NULL) {
        return 0;
    }

    exception = ctx->conf->exceptions->elts;

    for (i = 0; i < ctx->conf->exceptions->nelts; i++) {

        if (exception[i].until && exception[i].until <= ngx_time()) {
            continue;
        }

        client = exception[i].clients.elts;

        for (n = 0; n < exception[i].clients.nelts; n++) {
            if (client[n].len == ctx->binding.client_len
                && ngx_memcmp(client[n].data, ctx->binding.client,
                              client[n].len)
                   == 0)
            {
                break;
            }
        }

        if (exception[i].clients.nelts && n == exception[i].clients.nelts) {
            continue;
        }

        if (company == exception[i].company && (project == 0 || imported)) {
            return 1;
        }

        id = exception[i].projects.elts;

        for (n = 0; n < exception[i].projects.nelts; n++) {
            if (project == id[n]) {
                return 1;
            }
        }
    }

    return 0;
}


/* Keeps the first claims for the record, and always the one that decides. */

static void
ngx_http_procore_scope_keep(ngx_http_procore_scope_ctx_t *ctx,
    const procore_claim_t *claim, ngx_http_procore_scope_verdict_e verdict,
    procore_reason_e reason, procore_rank_e rank)
{
    ngx_pool_t                        *pool;
    ngx_http_procore_scope_claim_t    *kept;
    ngx_http_procore_scope_unknown_t  *first;

    pool = ctx->request->pool;

    if (ctx->claims.elts == NULL
        && ngx_array_init(&ctx->claims, pool, 4,
                          sizeof(ngx_http_procore_scope_claim_t))
           != NGX_OK)
    {
        goto failed;
    }

    first = ngx_http_procore_scope_first_unknown(ctx, claim, verdict);

    if (ctx->claims.nelts < NGX_HTTP_PROCORE_SCOPE_CLAIMS) {
        kept = ngx_array_push(&ctx->claims);

    } else if (rank < ctx->rank || first) {
        kept = ngx_palloc(pool, sizeof(ngx_http_procore_scope_claim_t));

    } else {
        return;
    }

    if (kept == NULL) {
        goto failed;
    }

    kept->carrier = claim->carrier;
    kept->kind = claim->kind;
    kept->verdict = verdict;
    kept->id = claim->state == PROCORE_CLAIM_ID ? claim->id : 0;

    if (ngx_http_procore_scope_copy(pool, &kept->name, &claim->name) != NGX_OK
        || ngx_http_procore_scope_copy(pool, &kept->value, &claim->value)
           != NGX_OK)
    {
        goto failed;
    }

    if (first) {
        first->claim = kept;
    }

    ngx_http_procore_scope_note(ctx, reason, rank, kept);

    return;

failed:

    /* out of memory: the reason must not be lost with the claim */

    ngx_http_procore_scope_note(ctx, reason, rank, NULL);
}


/* The unknown project that this claim is the first to name. */

static ngx_http_procore_scope_unknown_t *
ngx_http_procore_scope_first_unknown(ngx_http_procore_scope_ctx_t *ctx,
    const procore_claim_t *claim, ngx_http_procore_scope_verdict_e verdict)
{
    ngx_http_procore_scope_unknown_t  *last;

    if (verdict != NGX_HTTP_PROCORE_SCOPE_UNKNOWN_ID
        || ctx->unknown.nelts == 0)
    {
        return NULL;
    }

    last = ctx->unknown.elts;
    last += ctx->unknown.nelts - 1;

    return last->id == claim->id && last->claim == NULL ? last : NULL;
}


void
ngx_http_procore_scope_note(ngx_http_procore_scope_ctx_t *ctx,
    procore_reason_e reason, procore_rank_e rank,
    ngx_http_procore_scope_claim_t *claim)
{
    if (rank == PROCORE_RANK_BODY_MALFORMED
        && reason != PROCORE_REASON_MALFORMED_ID)
    {
        /* whatever wins, nobody knows what else stands in it */
        ctx->body_unread = 1;
    }

    if (rank >= ctx->rank) {
        return;
    }

    ctx->reason = reason;
    ctx->rank = rank;
    ctx->deciding = claim;
}


void
ngx_http_procore_scope_judge_end(ngx_http_procore_scope_ctx_t *ctx)
{
    if (ctx->snapshot) {
        ctx->snapshot = 0;
        ngx_http_procore_scope_store_end();
    }
}


void
ngx_http_procore_scope_judge_unknown(ngx_http_procore_scope_ctx_t *ctx)
{
    procore_reason_e                   reason;
    ngx_uint_t                         i, n;
    ngx_http_procore_scope_claim_t    *claim;
    ngx_http_procore_scope_unknown_t  *unknown;

    unknown = ctx->unknown.elts;
    claim = ctx->claims.elts;

    for (n = 0; n < ctx->claims.nelts; n++) {

        if (claim[n].verdict != NGX_HTTP_PROCORE_SCOPE_UNKNOWN_ID
            || claim[n].kind != PROCORE_KIND_PROJECT)
        {
            continue;
        }

        for (i = 0; i < ctx->unknown.nelts; i++) {
            if (claim[n].id == unknown[i].id) {
                claim[n].verdict = unknown[i].verdict;
                break;
            }
        }
    }

    for (i = 0; i < ctx->unknown.nelts; i++) {

        switch (unknown[i].verdict) {

        case NGX_HTTP_PROCORE_SCOPE_OWN:
        case NGX_HTTP_PROCORE_SCOPE_EXCEPTED:
            continue;

        case NGX_HTTP_PROCORE_SCOPE_UNJUDGED:

            /* the lookup could not tell, and has said so */

            continue;

        case NGX_HTTP_PROCORE_SCOPE_FOREIGN:
            reason = PROCORE_REASON_FOREIGN_PROJECT;
            break;

        default:
            reason = PROCORE_REASON_UNKNOWN_PROJECT;
            break;
        }

        ngx_http_procore_scope_note(ctx, reason, PROCORE_RANK_UNKNOWN_PROJECT,
                                    unknown[i].claim);
    }
}

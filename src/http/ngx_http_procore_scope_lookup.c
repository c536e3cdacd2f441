
/*
 * Requests that name projects which nobody knows yet: each leads a flight or
 * waits for one, held in its phase, until it can be told.
 */


#include "ngx_http_procore_scope_lookup.h"


/*
 * A list is refreshed at most so often in the life of a project: four times in
 * its last tenth, in case of failures and of users who see different projects.
 */

#define NGX_HTTP_PROCORE_SCOPE_REFRESH  40


static void ngx_http_procore_scope_lookup_behind(
    ngx_http_procore_scope_lookup_t *lookup, ngx_int_t rc);
static ngx_http_procore_scope_lookup_t *ngx_http_procore_scope_lookup_make(
    ngx_http_request_t *r, ngx_http_procore_scope_ctx_t *ctx);
static void ngx_http_procore_scope_lookup_abandon(
    ngx_http_procore_scope_lookup_t *lookup);
static void ngx_http_procore_scope_lookup_gone(void *data);
static ngx_int_t ngx_http_procore_scope_lookup_follow(
    ngx_http_procore_scope_lookup_t *lookup,
    ngx_http_procore_scope_join_e answer);
static ngx_int_t ngx_http_procore_scope_lookup_go_on(
    ngx_http_procore_scope_lookup_t *lookup);
static ngx_int_t ngx_http_procore_scope_lookup_landed(
    ngx_http_procore_scope_lookup_t *lookup);
static ngx_int_t ngx_http_procore_scope_lookup_refused(
    ngx_http_procore_scope_ctx_t *ctx,
    ngx_http_procore_scope_landing_e landing, time_t retry_after);
static ngx_uint_t ngx_http_procore_scope_lookup_settled(
    ngx_http_procore_scope_ctx_t *ctx);
static void ngx_http_procore_scope_lookup_read(
    ngx_http_procore_scope_ctx_t *ctx);


ngx_int_t
ngx_http_procore_scope_lookup_init_zone(ngx_shm_zone_t *zone, void *data)
{
    return ngx_http_procore_scope_flight_init_zone(zone);
}


ngx_int_t
ngx_http_procore_scope_lookup(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    ngx_int_t                            rc;
    ngx_http_procore_scope_lookup_t     *lookup;
    ngx_http_procore_scope_main_conf_t  *pmcf;

    ngx_log_debug1(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "procore scope lookup of %ui", ctx->judge.nunknown);

    lookup = ctx->lookup;

    if (lookup && !lookup->background) {
        rc = ngx_http_procore_scope_lookup_go_on(lookup);

    } else {

        if (ctx->conf->lookup.len == 0) {
            return NGX_OK;
        }

        lookup = ngx_http_procore_scope_lookup_make(r, ctx);

        if (lookup == NULL) {
            return ngx_http_procore_scope_lookup_refused(ctx,
                                          NGX_HTTP_PROCORE_SCOPE_FAILED, 0);
        }

        pmcf = ngx_http_get_module_main_conf(r, ngx_http_procore_scope_module);

        rc = ngx_http_procore_scope_lookup_follow(lookup,
                     ngx_http_procore_scope_flight_join(pmcf->zone,
                                              &lookup->asker, &lookup->seat));
    }

    if (rc == NGX_AGAIN) {
        ctx->lookup = lookup;
        ngx_http_procore_scope_held_add(lookup);
        return NGX_AGAIN;
    }

    /* a request may come with further ids, after an internal redirect */

    ctx->lookup = NULL;
    ngx_http_procore_scope_held_remove(lookup);

    return NGX_OK;
}


/*
 * The request goes on; only its end, and so its record, waits for what comes
 * out.  Ids that are added meanwhile take part.
 */

ngx_int_t
ngx_http_procore_scope_lookup_background(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    ngx_http_procore_scope_lookup_t     *lookup;
    ngx_http_procore_scope_main_conf_t  *pmcf;

    lookup = ctx->lookup;

    if (ctx->conf->lookup.len == 0
        || (lookup && (lookup->held || lookup->trip)))
    {
        return NGX_OK;
    }

    lookup = ngx_http_procore_scope_lookup_make(r, ctx);

    if (lookup == NULL) {
        return ngx_http_procore_scope_lookup_refused(ctx,
                                          NGX_HTTP_PROCORE_SCOPE_FAILED, 0);
    }

    ctx->lookup = lookup;
    lookup->background = 1;

    pmcf = ngx_http_get_module_main_conf(r, ngx_http_procore_scope_module);

    ngx_http_procore_scope_lookup_behind(lookup,
               ngx_http_procore_scope_lookup_follow(lookup,
                     ngx_http_procore_scope_flight_join(pmcf->zone,
                                            &lookup->asker, &lookup->seat)));

    return NGX_OK;
}


void
ngx_http_procore_scope_lookup_refresh(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    time_t                               pause;
    ngx_http_procore_scope_lookup_t     *lookup;
    ngx_http_procore_scope_main_conf_t  *pmcf;

    ctx->judge.refresh = 0;

    if (r != r->main || ctx->conf->lookup.len == 0 || ctx->judge.nunknown) {
        return;
    }

    lookup = ngx_http_procore_scope_lookup_make(r, ctx);
    if (lookup == NULL) {
        return;
    }

    lookup->background = 1;
    lookup->refresh = 1;

    pmcf = ngx_http_get_module_main_conf(r, ngx_http_procore_scope_module);

    pause = ngx_max(ctx->conf->projects_ttl / NGX_HTTP_PROCORE_SCOPE_REFRESH,
                    1);

    if (ngx_http_procore_scope_flight_refresh(pmcf->zone, &lookup->asker,
                                              pause, &lookup->seat)
        != NGX_HTTP_PROCORE_SCOPE_LEAD)
    {
        return;
    }

    ngx_log_debug1(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "procore scope refresh of company %uL", ctx->judge.company);

    if (ngx_http_procore_scope_fetch(lookup) != NGX_OK) {
        ngx_http_procore_scope_lookup_abandon(lookup);
    }
}


/* A waiter in the background keeps its request by one reference. */

static void
ngx_http_procore_scope_lookup_behind(ngx_http_procore_scope_lookup_t *lookup,
    ngx_int_t rc)
{
    ngx_connection_t    *c;
    ngx_http_request_t  *r;

    if (rc == NGX_AGAIN && lookup->state == NGX_HTTP_PROCORE_SCOPE_WAITING) {
        ngx_http_procore_scope_held_add(lookup);
        return;
    }

    if (!lookup->held) {
        return;
    }

    r = lookup->request;
    c = r->connection;

    ngx_http_procore_scope_held_remove(lookup);
    ngx_http_finalize_request(r, NGX_DONE);
    ngx_http_run_posted_requests(c);
}


static ngx_http_procore_scope_lookup_t *
ngx_http_procore_scope_lookup_make(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    ngx_pool_cleanup_t               *cln;
    ngx_http_procore_scope_lookup_t  *lookup;

    cln = ngx_pool_cleanup_add(r->pool, 0);
    if (cln == NULL) {
        return NULL;
    }

    lookup = ngx_pcalloc(r->pool, sizeof(ngx_http_procore_scope_lookup_t));
    if (lookup == NULL) {
        return NULL;
    }

    lookup->request = r;
    lookup->ctx = ctx;
    lookup->deadline = ngx_current_msec + ctx->conf->lookup_timeout;

    lookup->asker.company = ctx->judge.company;
    ngx_memcpy(lookup->asker.realm, ctx->conf->realm, PROCORE_REALM_SIZE);
    ngx_memcpy(lookup->asker.token, ctx->digest, PROCORE_DIGEST_SIZE);

    /* a token that is only just being bound is a family of its own */

    ngx_memcpy(lookup->asker.family,
               ctx->known == PROCORE_OK ? ctx->binding.family : ctx->digest,
               PROCORE_FAMILY_SIZE);

    cln->handler = ngx_http_procore_scope_lookup_gone;
    cln->data = lookup;

    return lookup;
}


/* Gives a flight back that it was to lead, before it has begun. */

static void
ngx_http_procore_scope_lookup_abandon(ngx_http_procore_scope_lookup_t *lookup)
{
    ngx_http_procore_scope_landed_t      landed;
    ngx_http_procore_scope_main_conf_t  *pmcf;

    pmcf = ngx_http_get_module_main_conf(lookup->request,
                                         ngx_http_procore_scope_module);

    ngx_memzero(&landed, sizeof(ngx_http_procore_scope_landed_t));
    ngx_http_procore_scope_flight_end(pmcf->zone, &lookup->asker,
                                      &lookup->seat, &landed);
}


/* The request ends, perhaps in the middle: somebody else should lead then. */

static void
ngx_http_procore_scope_lookup_gone(void *data)
{
    ngx_http_procore_scope_lookup_t *lookup = data;

    ngx_http_procore_scope_trip_t  *trip;

    ngx_http_procore_scope_held_remove(lookup);

    trip = lookup->trip;

    if (trip) {
        lookup->trip = NULL;
        trip->leader = NULL;

        ngx_http_procore_scope_landing_over(trip,
                                       NGX_HTTP_PROCORE_SCOPE_ABANDONED, 0);
    }
}


/* Codes as ngx_http_procore_scope_lookup(). */

static ngx_int_t
ngx_http_procore_scope_lookup_follow(ngx_http_procore_scope_lookup_t *lookup,
    ngx_http_procore_scope_join_e answer)
{
    ngx_int_t                            rc;
    ngx_http_procore_scope_ctx_t        *ctx;
    ngx_http_procore_scope_main_conf_t  *pmcf;

    ctx = lookup->ctx;

    if (answer == NGX_HTTP_PROCORE_SCOPE_MISSING) {
        return NGX_OK;
    }

    if (answer == NGX_HTTP_PROCORE_SCOPE_REFUSED) {
        return ngx_http_procore_scope_lookup_refused(ctx, lookup->seat.landing,
                                                     lookup->seat.retry_after);
    }

    pmcf = ngx_http_get_module_main_conf(lookup->request,
                                         ngx_http_procore_scope_module);

    if (!lookup->held
        && ngx_http_procore_scope_held() >= pmcf->lookup_waiting)
    {
        goto failed;
    }

    if (answer == NGX_HTTP_PROCORE_SCOPE_WAIT) {
        lookup->state = NGX_HTTP_PROCORE_SCOPE_WAITING;
        return NGX_AGAIN;
    }

    lookup->starting = 1;
    rc = ngx_http_procore_scope_fetch(lookup);
    lookup->starting = 0;

    if (rc != NGX_OK) {
        goto failed;
    }

    return ngx_http_procore_scope_lookup_go_on(lookup);

failed:

    if (answer == NGX_HTTP_PROCORE_SCOPE_LEAD) {
        ngx_http_procore_scope_lookup_abandon(lookup);
    }

    return ngx_http_procore_scope_lookup_refused(ctx,
                                          NGX_HTTP_PROCORE_SCOPE_FAILED, 0);
}


static ngx_int_t
ngx_http_procore_scope_lookup_go_on(ngx_http_procore_scope_lookup_t *lookup)
{
    ngx_http_procore_scope_main_conf_t  *pmcf;

    if (ngx_http_procore_scope_lookup_settled(lookup->ctx)) {
        return NGX_OK;
    }

    switch (lookup->state) {

    case NGX_HTTP_PROCORE_SCOPE_LEADING:
        return NGX_AGAIN;

    case NGX_HTTP_PROCORE_SCOPE_LANDED:
        return ngx_http_procore_scope_lookup_landed(lookup);

    default: /* NGX_HTTP_PROCORE_SCOPE_WAITING */
        break;
    }

    if (ngx_http_procore_scope_late(lookup->deadline)) {
        return ngx_http_procore_scope_lookup_refused(lookup->ctx,
                                          NGX_HTTP_PROCORE_SCOPE_FAILED, 0);
    }

    if (!ngx_http_procore_scope_flight_over(&lookup->seat)) {
        return NGX_AGAIN;
    }

    ngx_http_procore_scope_lookup_read(lookup->ctx);

    if (ngx_http_procore_scope_lookup_settled(lookup->ctx)) {
        return NGX_OK;
    }

    pmcf = ngx_http_get_module_main_conf(lookup->request,
                                         ngx_http_procore_scope_module);

    return ngx_http_procore_scope_lookup_follow(lookup,
                 ngx_http_procore_scope_flight_rejoin(pmcf->zone,
                                              &lookup->asker, &lookup->seat));
}


/* Its own flight is over. */

static ngx_int_t
ngx_http_procore_scope_lookup_landed(ngx_http_procore_scope_lookup_t *lookup)
{
    ngx_http_procore_scope_main_conf_t  *pmcf;

    switch (lookup->seat.landing) {

    case NGX_HTTP_PROCORE_SCOPE_COMPLETE:

        /* the store may know by now whose the others are */

        ngx_http_procore_scope_lookup_read(lookup->ctx);
        return NGX_OK;

    case NGX_HTTP_PROCORE_SCOPE_ABANDONED:

        if (ngx_http_procore_scope_late(lookup->deadline)) {
            break;
        }

        pmcf = ngx_http_get_module_main_conf(lookup->request,
                                             ngx_http_procore_scope_module);

        return ngx_http_procore_scope_lookup_follow(lookup,
                     ngx_http_procore_scope_flight_join(pmcf->zone,
                                              &lookup->asker, &lookup->seat));

    default:
        break;
    }

    return ngx_http_procore_scope_lookup_refused(lookup->ctx,
                                                 lookup->seat.landing,
                                                 lookup->seat.retry_after);
}


/* Nobody can tell: what was not found stays undecided.  Returns NGX_OK. */

static ngx_int_t
ngx_http_procore_scope_lookup_refused(ngx_http_procore_scope_ctx_t *ctx,
    ngx_http_procore_scope_landing_e landing, time_t retry_after)
{
    ngx_uint_t                i;
    procore_judge_unknown_t  *unknown;

    unknown = ctx->judge.unknown;

    for (i = 0; i < ctx->judge.nunknown; i++) {

        if (unknown[i].verdict == PROCORE_VERDICT_UNKNOWN) {
            unknown[i].verdict = PROCORE_VERDICT_UNJUDGED;
        }
    }

    if (landing == NGX_HTTP_PROCORE_SCOPE_UNAUTHORIZED) {
        ctx->unauthorized = 1;
    }

    ctx->retry_after = retry_after;

    ngx_http_procore_scope_note(ctx, PROCORE_REASON_LOOKUP_FAILED,
                                PROCORE_RANK_LOOKUP_FAILED, NULL);

    return NGX_OK;
}


static ngx_uint_t
ngx_http_procore_scope_lookup_settled(ngx_http_procore_scope_ctx_t *ctx)
{
    ngx_uint_t                i;
    procore_judge_unknown_t  *unknown;

    unknown = ctx->judge.unknown;

    for (i = 0; i < ctx->judge.nunknown; i++) {
        if (unknown[i].verdict == PROCORE_VERDICT_UNKNOWN) {
            return 0;
        }
    }

    return 1;
}


/* What the store has learnt meanwhile about the ids that are not settled. */

static void
ngx_http_procore_scope_lookup_read(ngx_http_procore_scope_ctx_t *ctx)
{
    int                       rc;
    ngx_uint_t                i;
    procore_project_t         project;
    procore_judge_unknown_t  *unknown;

    if (ngx_http_procore_scope_store_begin() != NGX_OK) {
        return;
    }

    unknown = ctx->judge.unknown;

    for (i = 0; i < ctx->judge.nunknown; i++) {

        if (unknown[i].verdict != PROCORE_VERDICT_UNKNOWN) {
            continue;
        }

        rc = ngx_http_procore_scope_store_project(ctx->conf->realm,
                                                  unknown[i].id, &project);

        if (rc != PROCORE_OK
            || (project.valid_for
                && project.learnt_at + project.valid_for
                   <= (uint64_t) ngx_time()))
        {
            continue;
        }

        unknown[i].verdict = project.company == ctx->judge.company
                             ? PROCORE_VERDICT_OWN
                             : PROCORE_VERDICT_FOREIGN;
    }

    ngx_http_procore_scope_store_end();
}


void
ngx_http_procore_scope_lookup_news(ngx_http_procore_scope_lookup_t *lookup)
{
    if (lookup->starting || lookup->refresh) {
        return;
    }

    if (lookup->background) {

        if (lookup->state == NGX_HTTP_PROCORE_SCOPE_LANDED) {
            ngx_http_procore_scope_lookup_behind(lookup,
                                ngx_http_procore_scope_lookup_go_on(lookup));
        }

    } else if (lookup->held) {

        /* where there is no memory for it, the timer wakes it a little later */

        (void) ngx_http_post_request(lookup->request, NULL);
    }
}


ngx_uint_t
ngx_http_procore_scope_lookup_due(ngx_http_procore_scope_lookup_t *lookup)
{
    switch (lookup->state) {

    case NGX_HTTP_PROCORE_SCOPE_LEADING:
        return ngx_http_procore_scope_lookup_settled(lookup->ctx);

    case NGX_HTTP_PROCORE_SCOPE_LANDED:
        return 1;

    default: /* NGX_HTTP_PROCORE_SCOPE_WAITING */
        return ngx_http_procore_scope_late(lookup->deadline)
               || ngx_http_procore_scope_flight_over(&lookup->seat);
    }
}


void
ngx_http_procore_scope_lookup_resume(ngx_http_procore_scope_lookup_t *lookup)
{
    if (lookup->background) {
        ngx_http_procore_scope_lookup_behind(lookup,
                                ngx_http_procore_scope_lookup_go_on(lookup));

    } else {
        ngx_http_procore_scope_wake(lookup->request);
    }
}

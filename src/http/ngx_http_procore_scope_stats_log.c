
/*
 * Counts a request when it is logged: then all is over that can change its
 * decision, and what the audit says is what counts.
 */


#include "ngx_http_procore_scope_bind.h"
#include "ngx_http_procore_scope_relay.h"
#include "ngx_http_procore_scope_stats.h"


static void ngx_http_procore_scope_log_rows(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, ngx_http_procore_scope_stats_t *stats);
static void ngx_http_procore_scope_log_client(
    ngx_http_procore_scope_ctx_t *ctx, ngx_str_t *id);
static void ngx_http_procore_scope_log_names(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, ngx_http_procore_scope_stats_t *stats);


/* Names and exceptions are the same in each realm. */

static u_char     ngx_http_procore_scope_no_realm_id[PROCORE_REALM_SIZE];
static ngx_str_t  ngx_http_procore_scope_no_realm = ngx_null_string;


ngx_int_t
ngx_http_procore_scope_log_handler(ngx_http_request_t *r)
{
    ngx_http_procore_scope_ctx_t    *ctx;
    ngx_http_procore_scope_stats_t  *stats;

    stats = ngx_http_procore_scope_stats();

    if (r != r->main || stats == NULL) {
        return NGX_OK;
    }

    ctx = ngx_http_procore_scope_get_ctx(r);

    if (ctx == NULL) {
        return NGX_OK;
    }

    if (ctx->decision == PROCORE_DECISION_NONE) {

        /* pages of the relay and the chooser are not judged, but decided */

        if (ctx->started || ctx->relay) {
            ngx_http_procore_scope_count(
                               NGX_HTTP_PROCORE_SCOPE_STAT_UNFINISHED, 1);
        }

        return NGX_OK;
    }

    (void) ngx_atomic_fetch_add(
                       &stats->requests[ctx->decision][ctx->judge.reason], 1);

    ngx_http_procore_scope_log_rows(r, ctx, stats);

    return NGX_OK;
}


void
ngx_http_procore_scope_count_subrequest(ngx_http_procore_scope_ctx_t *ctx)
{
    ngx_http_procore_scope_stats_t  *stats;

    stats = ngx_http_procore_scope_stats();

    if (stats && ctx->decision != PROCORE_DECISION_NONE) {
        (void) ngx_atomic_fetch_add(&stats->subrequests[ctx->decision], 1);
    }
}


static void
ngx_http_procore_scope_log_rows(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, ngx_http_procore_scope_stats_t *stats)
{
    uint64_t                             company;
    ngx_slab_pool_t                     *pool;
    ngx_http_procore_scope_row_key_t     key;
    ngx_http_procore_scope_main_conf_t  *pmcf;

    pmcf = ngx_http_get_module_main_conf(r, ngx_http_procore_scope_module);
    pool = (ngx_slab_pool_t *) pmcf->stats_zone->shm.addr;

    /* a first use that nobody has confirmed may be a made-up company's */

    company = ctx->first_bound ? 0 : ctx->judge.company;

    key.realm_id = ctx->conf->realm;
    key.realm = &ctx->conf->realm_name;
    key.key.len = company ? sizeof(uint64_t) : 0;
    key.key.data = (u_char *) &company;

    ngx_http_procore_scope_rows_count(&stats->companies, pool, &key,
                                      NGX_HTTP_PROCORE_SCOPE_ROWS,
                                      ctx->decision);

    ngx_http_procore_scope_log_client(ctx, &key.key);

    ngx_http_procore_scope_rows_count(&stats->clients, pool, &key,
                                      NGX_HTTP_PROCORE_SCOPE_ROWS,
                                      ctx->decision);

    if (ctx->judge.nunlisted) {
        ngx_http_procore_scope_log_names(r, ctx, stats);
    }

    if (ctx->judge.excepted && ctx->judge.exception) {
        ngx_http_procore_scope_exception_key(ctx->judge.exception, &key);

        ngx_http_procore_scope_rows_count(&stats->exceptions, pool, &key,
                                          NGX_HTTP_PROCORE_SCOPE_ROWS,
                                          ctx->decision);
    }
}


void
ngx_http_procore_scope_exception_key(const procore_exception_t *exception,
    ngx_http_procore_scope_row_key_t *key)
{
    key->realm_id = ngx_http_procore_scope_no_realm_id;
    key->realm = &ngx_http_procore_scope_no_realm;
    key->key.len = exception->key.len;
    key->key.data = (u_char *) exception->key.data;
}


/*
 * Only what Procore has confirmed by a token, or the operator has configured:
 * strangers could fill the table with ids of their own.
 */

static void
ngx_http_procore_scope_log_client(ngx_http_procore_scope_ctx_t *ctx,
    ngx_str_t *id)
{
    ngx_http_procore_scope_client_id(ctx, id);

    if (id->len == 0 && ctx->relay && ctx->relay->client) {
        *id = ctx->relay->client->id;
    }
}


/* Strangers could fill this table, too: they need no token that is known. */

static void
ngx_http_procore_scope_log_names(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, ngx_http_procore_scope_stats_t *stats)
{
    size_t                               i;
    ngx_str_t                            name;
    ngx_slab_pool_t                     *pool;
    ngx_http_procore_scope_row_key_t     key;
    ngx_http_procore_scope_main_conf_t  *pmcf;

    pmcf = ngx_http_get_module_main_conf(r, ngx_http_procore_scope_module);
    pool = (ngx_slab_pool_t *) pmcf->stats_zone->shm.addr;

    ngx_http_procore_scope_count(NGX_HTTP_PROCORE_SCOPE_STAT_UNLISTED_NAMES,
                                 ctx->judge.nunlisted);

    if (ctx->known != PROCORE_OK) {
        (void) ngx_atomic_fetch_add(&stats->names.other[ctx->decision],
                                (ngx_atomic_int_t) ctx->judge.nunlisted);
        return;
    }

    key.realm_id = ngx_http_procore_scope_no_realm_id;
    key.realm = &ngx_http_procore_scope_no_realm;

    for (i = 0; i < ctx->judge.nunlisted; i++) {
        name.len = ctx->judge.unlisted[i].len;
        name.data = (u_char *) ctx->judge.unlisted[i].data;

        ngx_http_procore_scope_hide_token(ctx, &name, &key.key);

        ngx_http_procore_scope_rows_count(&stats->names, pool, &key,
                                          NGX_HTTP_PROCORE_SCOPE_ROWS_NAMES,
                                          ctx->decision);
    }
}

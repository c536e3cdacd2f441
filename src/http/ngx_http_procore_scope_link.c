
/*
 * Links to the chooser, for refusals of tokens that have no company yet; and
 * which tokens get one: those that Procore has accepted.
 */


#include "ngx_http_procore_scope_chooser.h"


/* New links of all workers in one second. */

#define NGX_HTTP_PROCORE_SCOPE_LINKS_SECOND  10

/*
 * Accepted tokens on their way to the disk at once; beyond it, the next answer
 * to the token tells again.
 */

#define NGX_HTTP_PROCORE_SCOPE_ACCEPTED      16


typedef struct {
    time_t       second;
    ngx_uint_t   made;            /* in it */
} ngx_http_procore_scope_links_t;


/* A link that is on its way to the disk, and the requests that wait for it. */

typedef struct {
    ngx_queue_t                     queue;
    ngx_queue_t                     waiting;
    u_char                          key[PROCORE_DIGEST_SIZE];
} ngx_http_procore_scope_making_t;

typedef struct {
    ngx_queue_t                     queue;
    ngx_http_procore_scope_ctx_t   *ctx;
    ngx_str_t                       url;
} ngx_http_procore_scope_waiting_t;


/* A link and its key, of the present window and of the one before. */

typedef struct {
    u_char                          link[2][PROCORE_CHOOSE_LINK];
    u_char                          key[2][PROCORE_DIGEST_SIZE];
} ngx_http_procore_scope_pair_t;


static ngx_uint_t ngx_http_procore_scope_link_wanted(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);
static ngx_int_t ngx_http_procore_scope_link_pair(
    ngx_http_procore_scope_ctx_t *ctx, ngx_http_procore_scope_pair_t *pair);
static int ngx_http_procore_scope_link_pick(
    ngx_http_procore_scope_pair_t *pair, unsigned *back);
static ngx_int_t ngx_http_procore_scope_link_url(
    ngx_http_procore_scope_ctx_t *ctx, u_char *link, ngx_str_t *url);
static ngx_int_t ngx_http_procore_scope_link_make(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, ngx_http_procore_scope_pair_t *pair);
static ngx_http_procore_scope_making_t *ngx_http_procore_scope_link_begin(
    ngx_http_request_t *r, ngx_http_procore_scope_ctx_t *ctx,
    ngx_http_procore_scope_pair_t *pair);
static ngx_int_t ngx_http_procore_scope_link_write(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, ngx_http_procore_scope_pair_t *pair,
    ngx_http_procore_scope_making_t *making);
static ngx_uint_t ngx_http_procore_scope_link_allowed(ngx_http_request_t *r);
static void ngx_http_procore_scope_link_written(void *data,
    procore_store_op_t *op);
static ngx_uint_t ngx_http_procore_scope_link_accepted(
    ngx_http_procore_scope_ctx_t *ctx);
static void ngx_http_procore_scope_link_known(void *data,
    procore_store_op_t *op);


/* Of this worker. */

static ngx_queue_t  making_all;
static ngx_uint_t   waiting_all;

static u_char       accepted[NGX_HTTP_PROCORE_SCOPE_ACCEPTED]
                            [PROCORE_DIGEST_SIZE];
static ngx_uint_t   accepted_used[NGX_HTTP_PROCORE_SCOPE_ACCEPTED];


ngx_int_t
ngx_http_procore_scope_link_init_zone(ngx_shm_zone_t *zone, void *data)
{
    ngx_slab_pool_t  *pool;

    pool = (ngx_slab_pool_t *) zone->shm.addr;

    if (data || zone->shm.exists) {
        return NGX_OK;
    }

    pool->data = ngx_slab_calloc(pool, sizeof(ngx_http_procore_scope_links_t));

    return pool->data ? NGX_OK : NGX_ERROR;
}


ngx_int_t
ngx_http_procore_scope_link_give(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    unsigned                       back;
    ngx_int_t                      rc;
    ngx_http_procore_scope_pair_t  pair;

    if (ctx->link_waits) {
        return NGX_AGAIN;
    }

    if (ctx->link_asked || !ngx_http_procore_scope_link_wanted(r, ctx)) {
        return NGX_OK;
    }

    ctx->link_asked = 1;

    if (ngx_http_procore_scope_link_pair(ctx, &pair) != NGX_OK) {
        return NGX_OK;
    }

    rc = NGX_OK;

    switch (ngx_http_procore_scope_link_pick(&pair, &back)) {

    case PROCORE_OK:
        (void) ngx_http_procore_scope_link_url(ctx, pair.link[back],
                                               &ctx->choose_url);
        break;

    case PROCORE_NOT_FOUND:
        rc = ngx_http_procore_scope_link_make(r, ctx, &pair);
        break;

    default:
        break;
    }

    procore_wipe(&pair, sizeof(pair));

    return rc;
}


static ngx_uint_t
ngx_http_procore_scope_link_wanted(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    ngx_str_t                         id;
    ngx_http_procore_scope_client_t  *client;

    if (r != r->main || r->method == NGX_HTTP_HEAD
        || ctx->judge.reason != PROCORE_REASON_UNBOUND
        || ctx->conf->choose == NULL
        || !ngx_http_procore_scope_chooser_allows(ctx)
        || ctx->known != PROCORE_OK
        || ctx->binding.state != PROCORE_FAMILY_UNBOUND
        || ctx->judge.company || ctx->token.len > PROCORE_CHOOSE_TOKEN)
    {
        return 0;
    }

    ngx_http_procore_scope_client_id(ctx, &id);

    client = ngx_http_procore_scope_client_find(ctx->conf, &id);

    return client == NULL || !client->deny;
}


static ngx_int_t
ngx_http_procore_scope_link_pair(ngx_http_procore_scope_ctx_t *ctx,
    ngx_http_procore_scope_pair_t *pair)
{
    u_char         secret[PROCORE_STORE_KEY];
    uint64_t       window;
    ngx_int_t      rc;
    ngx_uint_t     i;
    procore_str_t  token, link;

    if (ngx_http_procore_scope_store_key(secret) != NGX_OK) {
        return NGX_ERROR;
    }

    token.len = ctx->token.len;
    token.data = ctx->token.data;
    link.len = PROCORE_CHOOSE_LINK;

    window = (uint64_t) ngx_time() / PROCORE_CHOOSE_FOR;
    rc = NGX_OK;

    for (i = 0; i < 2; i++) {
        link.data = pair->link[i];

        if (procore_choose_link(secret, ctx->conf->choose->scope, &token,
                                window - i, pair->link[i])
            != PROCORE_OK
            || procore_relay_key(ctx->conf->choose->scope,
                                 PROCORE_RELAY_BY_LINK, &link, pair->key[i])
               != PROCORE_OK)
        {
            rc = NGX_ERROR;
        }
    }

    procore_wipe(secret, sizeof(secret));

    return rc;
}


/* The codes of procore_choose_pick(), and PROCORE_ERROR. */

static int
ngx_http_procore_scope_link_pick(ngx_http_procore_scope_pair_t *pair,
    unsigned *back)
{
    int               rc;
    ngx_uint_t        i;
    procore_sealed_t  record;
    procore_choose_e  state[2];

    if (ngx_http_procore_scope_store_begin() != NGX_OK) {
        return PROCORE_ERROR;
    }

    rc = PROCORE_OK;

    for (i = 0; i < 2 && (rc == PROCORE_OK || rc == PROCORE_NOT_FOUND); i++) {

        rc = ngx_http_procore_scope_store_sealed(pair->key[i], &record);

        if (rc != PROCORE_OK) {
            state[i] = PROCORE_CHOOSE_NONE;

        } else if (record.state == PROCORE_SEALED_OPEN) {
            state[i] = PROCORE_CHOOSE_LIVE;

        } else {
            state[i] = PROCORE_CHOOSE_USED;
        }
    }

    ngx_http_procore_scope_store_end();

    if (rc != PROCORE_OK && rc != PROCORE_NOT_FOUND) {
        return rc;
    }

    return procore_choose_pick(state[1], state[0], back);
}


static ngx_int_t
ngx_http_procore_scope_link_url(ngx_http_procore_scope_ctx_t *ctx,
    u_char *link, ngx_str_t *url)
{
    u_char     *p;
    ngx_str_t  *chooser;

    chooser = &ctx->conf->choose->callback;

    p = ngx_pnalloc(ctx->request->pool, chooser->len + sizeof("?l=") - 1
                                        + PROCORE_CHOOSE_LINK);
    if (p == NULL) {
        return NGX_ERROR;
    }

    url->data = p;

    p = ngx_cpymem(p, chooser->data, chooser->len);
    p = ngx_cpymem(p, "?l=", sizeof("?l=") - 1);
    p = ngx_cpymem(p, link, PROCORE_CHOOSE_LINK);

    url->len = (size_t) (p - url->data);

    return NGX_OK;
}


/*
 * Nobody gets a link that is not on disk.  The first request of a token writes
 * it, those that come meanwhile wait with it.
 */

static ngx_int_t
ngx_http_procore_scope_link_make(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, ngx_http_procore_scope_pair_t *pair)
{
    ngx_http_procore_scope_making_t     *making;
    ngx_http_procore_scope_waiting_t    *waiting;
    ngx_http_procore_scope_main_conf_t  *pmcf;

    pmcf = ngx_http_get_module_main_conf(r, ngx_http_procore_scope_module);

    if (waiting_all >= pmcf->lookup_waiting) {
        return NGX_OK;
    }

    waiting = ngx_palloc(r->pool, sizeof(ngx_http_procore_scope_waiting_t));

    if (waiting == NULL
        || ngx_http_procore_scope_link_url(ctx, pair->link[0], &waiting->url)
           != NGX_OK)
    {
        return NGX_OK;
    }

    making = ngx_http_procore_scope_link_begin(r, ctx, pair);
    if (making == NULL) {
        return NGX_OK;
    }

    waiting->ctx = ctx;
    ngx_queue_insert_tail(&making->waiting, &waiting->queue);
    waiting_all++;

    ctx->link_waits = 1;
    ngx_http_procore_scope_hold(r);

    return NGX_AGAIN;
}


/* NULL: there is none to wait for. */

static ngx_http_procore_scope_making_t *
ngx_http_procore_scope_link_begin(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, ngx_http_procore_scope_pair_t *pair)
{
    ngx_queue_t                      *q;
    ngx_http_procore_scope_making_t  *making;

    if (making_all.next == NULL) {
        ngx_queue_init(&making_all);
    }

    for (q = ngx_queue_head(&making_all);
         q != ngx_queue_sentinel(&making_all);
         q = ngx_queue_next(q))
    {
        making = ngx_queue_data(q, ngx_http_procore_scope_making_t, queue);

        if (ngx_memcmp(making->key, pair->key[0], PROCORE_DIGEST_SIZE) == 0) {
            return making;
        }
    }

    if (!ngx_http_procore_scope_link_allowed(r)) {
        return NULL;
    }

    /* it outlives whichever of the requests goes first */

    making = ngx_alloc(sizeof(ngx_http_procore_scope_making_t),
                       r->connection->log);
    if (making == NULL) {
        return NULL;
    }

    ngx_queue_init(&making->waiting);
    ngx_memcpy(making->key, pair->key[0], PROCORE_DIGEST_SIZE);

    if (ngx_http_procore_scope_link_write(r, ctx, pair, making) != NGX_OK) {
        ngx_free(making);
        return NULL;
    }

    ngx_queue_insert_tail(&making_all, &making->queue);

    return making;
}


static ngx_int_t
ngx_http_procore_scope_link_write(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, ngx_http_procore_scope_pair_t *pair,
    ngx_http_procore_scope_making_t *making)
{
    procore_str_t       link;
    procore_relay_t     kept;
    procore_store_op_t  op;

    ngx_memzero(&kept, sizeof(procore_relay_t));
    ngx_memzero(&op, sizeof(procore_store_op_t));

    kept.started_at = (uint64_t) ngx_time();
    kept.token.len = ctx->token.len;
    kept.token.data = ctx->token.data;
    kept.client.len = ctx->binding.client_len;
    kept.client.data = ctx->binding.client;

    op.type = PROCORE_STORE_SEALED_OPEN;
    op.link = 1;
    op.now = kept.started_at;
    op.keep_until = op.now + PROCORE_CHOOSE_FOR;
    ngx_memcpy(op.realm, ctx->conf->realm, PROCORE_REALM_SIZE);
    ngx_memcpy(op.key, pair->key[0], PROCORE_DIGEST_SIZE);

    link.len = PROCORE_CHOOSE_LINK;
    link.data = pair->link[0];

    if (ngx_http_procore_scope_relay_seal(r, &link, pair->key[0], &kept, &op)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_procore_scope_store_write(&op,
                                  ngx_http_procore_scope_link_written, making);
}


static ngx_uint_t
ngx_http_procore_scope_link_allowed(ngx_http_request_t *r)
{
    ngx_uint_t                           allowed;
    ngx_slab_pool_t                     *pool;
    ngx_http_procore_scope_links_t      *links;
    ngx_http_procore_scope_main_conf_t  *pmcf;

    pmcf = ngx_http_get_module_main_conf(r, ngx_http_procore_scope_module);

    pool = (ngx_slab_pool_t *) pmcf->chooser_zone->shm.addr;
    links = pool->data;

    ngx_shmtx_lock(&pool->mutex);

    if (links->second != ngx_time()) {
        links->second = ngx_time();
        links->made = 0;
    }

    allowed = links->made < NGX_HTTP_PROCORE_SCOPE_LINKS_SECOND;

    if (allowed) {
        links->made++;
    }

    ngx_shmtx_unlock(&pool->mutex);

    return allowed;
}


static void
ngx_http_procore_scope_link_written(void *data, procore_store_op_t *op)
{
    ngx_http_procore_scope_making_t *making = data;

    ngx_uint_t                         live;
    ngx_queue_t                       *q;
    ngx_http_request_t                *r;
    ngx_http_procore_scope_waiting_t  *waiting;

    /* another worker may have been quicker: it has made the same one */

    live = op->rc == PROCORE_OK
           || (op->rc == PROCORE_CONFLICT
               && op->record.state == PROCORE_SEALED_OPEN);

    ngx_queue_remove(&making->queue);

    while (!ngx_queue_empty(&making->waiting)) {

        q = ngx_queue_head(&making->waiting);
        ngx_queue_remove(q);

        waiting = ngx_queue_data(q, ngx_http_procore_scope_waiting_t, queue);
        waiting_all--;

        if (live) {
            waiting->ctx->choose_url = waiting->url;
        }

        waiting->ctx->link_waits = 0;
        r = waiting->ctx->request;

        ngx_http_procore_scope_release(r);
        ngx_http_procore_scope_wake(r);
    }

    ngx_free(making);
}


void
ngx_http_procore_scope_link_seen(ngx_http_procore_scope_ctx_t *ctx)
{
    ngx_uint_t          i, free;
    procore_store_op_t  op;

    if (!ngx_http_procore_scope_link_accepted(ctx)) {
        return;
    }

    free = NGX_HTTP_PROCORE_SCOPE_ACCEPTED;

    for (i = 0; i < NGX_HTTP_PROCORE_SCOPE_ACCEPTED; i++) {

        if (!accepted_used[i]) {
            free = i;

        } else if (ngx_memcmp(accepted[i], ctx->digest, PROCORE_DIGEST_SIZE)
                   == 0)
        {
            return;
        }
    }

    if (free == NGX_HTTP_PROCORE_SCOPE_ACCEPTED) {
        return;
    }

    ngx_http_procore_scope_bind_op(ctx, PROCORE_STORE_FAMILY, 0,
                                   PROCORE_WAY_NONE, &op);

    if (ngx_http_procore_scope_store_write(&op,
                                           ngx_http_procore_scope_link_known,
                                           &accepted_used[free])
        == NGX_OK)
    {
        ngx_memcpy(accepted[free], ctx->digest, PROCORE_DIGEST_SIZE);
        accepted_used[free] = 1;
    }
}


/* Has Procore answered this request in a way that it gives to good tokens? */

static ngx_uint_t
ngx_http_procore_scope_link_accepted(ngx_http_procore_scope_ctx_t *ctx)
{
    ngx_uint_t  status;

    if (!ctx->digested || !ctx->judge.discovery || ctx->chooser
        || ctx->known != PROCORE_NOT_FOUND || ctx->judge.company
        || ctx->conf->choose == NULL || ctx->request != ctx->request->main
        || ctx->judge.bearer != PROCORE_BEARER_PRESENT
        || ctx->token.len > PROCORE_CHOOSE_TOKEN)
    {
        return 0;
    }

    status = ngx_http_procore_scope_answered(ctx->request);

    /* who answers 429 may not have looked at the token */

    return status >= NGX_HTTP_OK && status < NGX_HTTP_INTERNAL_SERVER_ERROR
           && status != NGX_HTTP_UNAUTHORIZED
           && status != NGX_HTTP_TOO_MANY_REQUESTS;
}


static void
ngx_http_procore_scope_link_known(void *data, procore_store_op_t *op)
{
    ngx_uint_t *used = data;

    *used = 0;
}

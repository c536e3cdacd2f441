
/*
 * The ids of a list: for the request that led, and into the store.
 */


#include "ngx_http_procore_scope_lookup.h"
#include "ngx_http_procore_scope_stats.h"


static ngx_int_t ngx_http_procore_scope_landing_match(
    ngx_http_procore_scope_ctx_t *ctx, ngx_queue_t *pieces);
static int ngx_libc_cdecl ngx_http_procore_scope_landing_compare(
    const void *one, const void *two);
static void ngx_http_procore_scope_landing_count(
    ngx_http_procore_scope_trip_t *trip,
    ngx_http_procore_scope_landing_e landing);
static void ngx_http_procore_scope_landing_write(
    ngx_http_procore_scope_trip_t *trip);
static void ngx_http_procore_scope_landing_written(void *data,
    procore_store_op_t *op);
static void ngx_http_procore_scope_landing_publish(
    ngx_http_procore_scope_trip_t *trip);
static void ngx_http_procore_scope_landing_free(ngx_queue_t *pieces);


ngx_int_t
ngx_http_procore_scope_landing_id(ngx_http_procore_scope_trip_t *trip,
    uint64_t id)
{
    ngx_queue_t                     *q;
    ngx_http_procore_scope_piece_t  *piece;

    if (trip->narrived == NGX_HTTP_PROCORE_SCOPE_PAGE_IDS) {
        return NGX_ERROR;
    }

    if (trip->narrived % NGX_HTTP_PROCORE_SCOPE_PIECE_IDS == 0) {

        piece = ngx_alloc(sizeof(ngx_http_procore_scope_piece_t),
                          ngx_cycle->log);
        if (piece == NULL) {
            return NGX_ERROR;
        }

        piece->n = 0;
        ngx_queue_insert_tail(&trip->arrived, &piece->queue);
    }

    q = ngx_queue_last(&trip->arrived);
    piece = ngx_queue_data(q, ngx_http_procore_scope_piece_t, queue);

    piece->ids[piece->n++] = id;
    trip->narrived++;

    return NGX_OK;
}


ngx_int_t
ngx_http_procore_scope_landing_page(ngx_http_procore_scope_trip_t *trip)
{
    size_t                           i;
    uint64_t                         id;
    ngx_queue_t                     *q;
    ngx_http_procore_scope_piece_t  *piece;

    /* a sum of mixed ids tells one set from another, in whatever order */

    for (q = ngx_queue_head(&trip->arrived);
         q != ngx_queue_sentinel(&trip->arrived);
         q = ngx_queue_next(q))
    {
        piece = ngx_queue_data(q, ngx_http_procore_scope_piece_t, queue);

        for (i = 0; i < piece->n; i++) {
            id = piece->ids[i] * UINT64_C(0x9e3779b97f4a7c15);
            id ^= id >> 29;
            trip->landed.sum += id * UINT64_C(0xbf58476d1ce4e5b9);
        }

        trip->landed.count += piece->n;
    }

    if (trip->leader
        && ngx_http_procore_scope_landing_match(trip->leader->ctx,
                                                &trip->arrived)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (!ngx_queue_empty(&trip->arrived)) {
        ngx_queue_add(&trip->pieces, &trip->arrived);
        ngx_queue_init(&trip->arrived);
    }

    trip->narrived = 0;

    ngx_http_procore_scope_landing_write(trip);

    if (trip->leader) {
        ngx_http_procore_scope_lookup_news(trip->leader);
    }

    return NGX_OK;
}


/*
 * Sorted, so that 1,000 wanted ids in 200,000 do not hold the worker up; by
 * pointers, because the order of the unknown projects tells which claim came
 * first.
 */

static ngx_int_t
ngx_http_procore_scope_landing_match(ngx_http_procore_scope_ctx_t *ctx,
    ngx_queue_t *pieces)
{
    size_t                           i;
    ngx_uint_t                       n;
    ngx_queue_t                     *q;
    ngx_http_procore_scope_piece_t  *piece;
    procore_judge_unknown_t         *unknown, **sorted, key, *p, **found;

    unknown = ctx->judge.unknown;
    n = ctx->judge.nunknown;

    if (n == 0) {
        return NGX_OK;
    }

    sorted = ngx_alloc(n * sizeof(procore_judge_unknown_t *),
                       ctx->request->connection->log);
    if (sorted == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < n; i++) {
        sorted[i] = &unknown[i];
    }

    qsort(sorted, n, sizeof(procore_judge_unknown_t *),
          ngx_http_procore_scope_landing_compare);

    p = &key;

    for (q = ngx_queue_head(pieces);
         q != ngx_queue_sentinel(pieces);
         q = ngx_queue_next(q))
    {
        piece = ngx_queue_data(q, ngx_http_procore_scope_piece_t, queue);

        for (i = 0; i < piece->n; i++) {
            key.id = piece->ids[i];

            found = bsearch(&p, sorted, n,
                            sizeof(procore_judge_unknown_t *),
                            ngx_http_procore_scope_landing_compare);

            if (found) {
                (*found)->verdict = PROCORE_VERDICT_OWN;
            }
        }
    }

    ngx_free(sorted);

    return NGX_OK;
}


static int ngx_libc_cdecl
ngx_http_procore_scope_landing_compare(const void *one, const void *two)
{
    uint64_t  a, b;

    a = (*(procore_judge_unknown_t *const *) one)->id;
    b = (*(procore_judge_unknown_t *const *) two)->id;

    return (a > b) - (a < b);
}


void
ngx_http_procore_scope_landing_drop(ngx_http_procore_scope_trip_t *trip)
{
    ngx_http_procore_scope_landing_free(&trip->arrived);
    trip->narrived = 0;
}


void
ngx_http_procore_scope_landing_over(ngx_http_procore_scope_trip_t *trip,
    ngx_http_procore_scope_landing_e landing, time_t retry_after)
{
    ngx_http_procore_scope_lookup_t  *leader;

    ngx_http_procore_scope_landing_drop(trip);
    ngx_http_procore_scope_landing_count(trip, landing);

    trip->over = 1;
    trip->request = NULL;
    trip->landed.landing = landing;
    trip->landed.retry_after = retry_after;

    leader = trip->leader;

    if (leader) {
        trip->leader = NULL;
        leader->trip = NULL;
        leader->state = NGX_HTTP_PROCORE_SCOPE_LANDED;
        leader->seat.landing = landing;
        leader->seat.retry_after = retry_after;

        ngx_http_procore_scope_lookup_news(leader);
    }

    ngx_http_procore_scope_landing_publish(trip);
}


static void
ngx_http_procore_scope_landing_count(ngx_http_procore_scope_trip_t *trip,
    ngx_http_procore_scope_landing_e landing)
{
    ngx_http_procore_scope_stat_e  stat;

    switch (landing) {

    case NGX_HTTP_PROCORE_SCOPE_COMPLETE:
        stat = NGX_HTTP_PROCORE_SCOPE_STAT_LOOKUP_OK;
        break;

    case NGX_HTTP_PROCORE_SCOPE_AWAY:
        stat = trip->limited ? NGX_HTTP_PROCORE_SCOPE_STAT_LOOKUP_RATE
                             : NGX_HTTP_PROCORE_SCOPE_STAT_LOOKUP_BACKOFF;
        break;

    case NGX_HTTP_PROCORE_SCOPE_UNAUTHORIZED:
        stat = NGX_HTTP_PROCORE_SCOPE_STAT_LOOKUP_UNAUTHORIZED;
        break;

    case NGX_HTTP_PROCORE_SCOPE_ABANDONED:
        stat = NGX_HTTP_PROCORE_SCOPE_STAT_LOOKUP_ABANDONED;
        break;

    default: /* NGX_HTTP_PROCORE_SCOPE_FAILED */
        stat = NGX_HTTP_PROCORE_SCOPE_STAT_LOOKUP_FAILED;
        break;
    }

    ngx_http_procore_scope_count(stat, 1);
}


static void
ngx_http_procore_scope_landing_write(ngx_http_procore_scope_trip_t *trip)
{
    ngx_queue_t                     *q;
    procore_store_op_t               op;
    ngx_http_procore_scope_piece_t  *piece;

    while (!ngx_queue_empty(&trip->pieces) && !trip->lost
           && trip->writing < NGX_HTTP_PROCORE_SCOPE_WRITES)
    {
        q = ngx_queue_head(&trip->pieces);
        ngx_queue_remove(q);

        piece = ngx_queue_data(q, ngx_http_procore_scope_piece_t, queue);

        ngx_memzero(&op, sizeof(procore_store_op_t));

        op.type = PROCORE_STORE_PROJECTS;
        ngx_memcpy(op.realm, trip->asker.realm, PROCORE_REALM_SIZE);
        op.now = (uint64_t) trip->asked;
        op.company = trip->asker.company;
        op.projects = piece->ids;
        op.nprojects = piece->n;
        op.valid_for = (uint64_t) trip->landed.projects_ttl;

        if (ngx_http_procore_scope_store_write(&op,
                                         ngx_http_procore_scope_landing_written,
                                         trip)
            == NGX_OK)
        {
            trip->writing++;

        } else {
            trip->lost = 1;
        }

        ngx_free(piece);
    }

    if (trip->lost) {
        ngx_http_procore_scope_landing_free(&trip->pieces);
    }
}


static void
ngx_http_procore_scope_landing_written(void *data, procore_store_op_t *op)
{
    ngx_http_procore_scope_trip_t *trip = data;

    trip->writing--;

    if (op->rc != PROCORE_OK) {
        trip->lost = 1;
    }

    ngx_http_procore_scope_landing_write(trip);
    ngx_http_procore_scope_landing_publish(trip);
}


/*
 * Waiters read the store when a flight ends, so that it ends for them when the
 * last id is on disk.  Where ids were lost no mark may say that the store has
 * them all: the next one asks again.
 */

static void
ngx_http_procore_scope_landing_publish(ngx_http_procore_scope_trip_t *trip)
{
    if (!trip->over || trip->writing || !ngx_queue_empty(&trip->pieces)) {
        return;
    }

    if (trip->lost && trip->landed.landing == NGX_HTTP_PROCORE_SCOPE_COMPLETE)
    {
        trip->landed.landing = NGX_HTTP_PROCORE_SCOPE_ABANDONED;
    }

    ngx_http_procore_scope_flight_end(trip->zone, &trip->asker, &trip->seat,
                                      &trip->landed);

    ngx_queue_remove(&trip->queue);
    ngx_free(trip);
}


static void
ngx_http_procore_scope_landing_free(ngx_queue_t *pieces)
{
    ngx_queue_t                     *q;
    ngx_http_procore_scope_piece_t  *piece;

    while (!ngx_queue_empty(pieces)) {
        q = ngx_queue_head(pieces);
        ngx_queue_remove(q);

        piece = ngx_queue_data(q, ngx_http_procore_scope_piece_t, queue);
        ngx_free(piece);
    }
}

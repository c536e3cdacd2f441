
/*
 * Reads a page of a company's list as it arrives, and what became of it.
 */


#include "ngx_http_procore_scope_lookup.h"
#include "ngx_http_procore_scope_call.h"


static void ngx_http_procore_scope_page_project(void *data, uint64_t project,
    uint64_t company);
static void ngx_http_procore_scope_page_next(
    ngx_http_procore_scope_trip_t *trip);


void
ngx_http_procore_scope_page_start(ngx_http_procore_scope_trip_t *trip)
{
    trip->status = 0;
    trip->broken = 0;
    trip->last = 0;
    trip->next = 0;
    trip->asked = ngx_time();

    procore_project_list_start(&trip->list,
                               ngx_http_procore_scope_page_project, trip);
}


ngx_int_t
ngx_http_procore_scope_lookup_header(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    ngx_http_procore_scope_trip_t  *trip;

    r->header_sent = 1;
    r->filter_need_in_memory = 1;

    /*
     * Behind nginx's buffers a background subrequest would be given its answer
     * when all of it is there, by way of a temporary file.
     */

    if (r->upstream) {
        r->upstream->buffering = 0;
    }

    trip = ctx->lookup->trip;

    if (trip == NULL || trip->request != r) {
        return NGX_OK;
    }

    trip->status = r->headers_out.status;

    if (!ngx_http_procore_scope_subrequest_plain(r)) {
        trip->broken = 1;
    }

    if (ngx_http_procore_scope_subrequest_next(r)) {
        trip->next = 1;
    }

    return NGX_OK;
}


/*
 * Never returns NGX_ERROR, which would end the client's connection.  A sign of
 * the end comes only with an answer that is complete.
 */

ngx_int_t
ngx_http_procore_scope_lookup_body(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, ngx_chain_t *in)
{
    ngx_buf_t                      *b;
    ngx_http_procore_scope_trip_t  *trip;

    trip = ctx->lookup->trip;

    if (trip && (trip->request != r || trip->status != NGX_HTTP_OK)) {
        trip = NULL;
    }

    for ( /* void */ ; in; in = in->next) {
        b = in->buf;

        if (trip && !trip->broken && ngx_buf_in_memory(b)
            && procore_project_list_feed(&trip->list, b->pos,
                                         (size_t) (b->last - b->pos))
               != PROCORE_OK)
        {
            trip->broken = 1;
        }

        if (trip && b->in_file && !ngx_buf_in_memory(b)) {
            trip->broken = 1;
        }

        if (trip && (b->last_buf || b->last_in_chain)) {
            trip->last = 1;
        }

        b->pos = b->last;
        b->file_pos = b->file_last;
    }

    return NGX_OK;
}


/* Objects may say whose they are; one that is another's spoils the list. */

static void
ngx_http_procore_scope_page_project(void *data, uint64_t project,
    uint64_t company)
{
    ngx_http_procore_scope_trip_t *trip = data;

    if ((company && company != trip->asker.company)
        || ngx_http_procore_scope_landing_id(trip, project) != NGX_OK)
    {
        trip->broken = 1;
    }
}


/*
 * The subrequest has ended.  A status that nginx would answer for it is taken
 * here and goes no further: no error page belongs into a lookup.
 */

ngx_int_t
ngx_http_procore_scope_page_done(ngx_http_request_t *sr, void *data,
    ngx_int_t rc)
{
    ngx_http_procore_scope_lookup_t *lookup = data;

    ngx_http_procore_scope_trip_t     *trip;
    ngx_http_procore_scope_landing_e   landing;

    trip = lookup->trip;

    if (sr->connection->error || rc == NGX_HTTP_CLIENT_CLOSED_REQUEST) {
        return rc;
    }

    if (trip == NULL || trip->request != sr) {
        return NGX_OK;
    }

    trip->request = NULL;

    if (trip->status == 0) {
        trip->status = rc >= NGX_HTTP_SPECIAL_RESPONSE
                       ? (ngx_uint_t) rc : NGX_HTTP_BAD_GATEWAY;
    }

    ngx_log_debug3(NGX_LOG_DEBUG_HTTP, sr->connection->log, 0,
                   "procore scope lookup page:%ui status:%ui last:%d",
                   trip->page, trip->status, trip->last);

    switch (trip->status) {

    case NGX_HTTP_OK:
        ngx_http_procore_scope_page_next(trip);
        return NGX_OK;

    case NGX_HTTP_UNAUTHORIZED:
        landing = NGX_HTTP_PROCORE_SCOPE_UNAUTHORIZED;
        break;

    case NGX_HTTP_TOO_MANY_REQUESTS:
    case NGX_HTTP_SERVICE_UNAVAILABLE:
        ngx_http_procore_scope_landing_over(trip, NGX_HTTP_PROCORE_SCOPE_AWAY,
                                 ngx_http_procore_scope_subrequest_retry(sr));
        return NGX_OK;

    default:
        landing = NGX_HTTP_PROCORE_SCOPE_FAILED;
        break;
    }

    ngx_http_procore_scope_landing_over(trip, landing, 0);

    return NGX_OK;
}


static void
ngx_http_procore_scope_page_next(ngx_http_procore_scope_trip_t *trip)
{
    ngx_uint_t  arrived;

    if (trip->broken || !trip->last
        || procore_project_list_end(&trip->list) != PROCORE_OK)
    {
        goto failed;
    }

    arrived = trip->narrived;

    if (ngx_http_procore_scope_landing_page(trip) != NGX_OK) {
        goto failed;
    }

    if (trip->list.shape == PROCORE_PROJECT_LIST_OBJECTS && !trip->compact) {
        trip->compact = 1;
        trip->page = 1;
        trip->landed.sum = 0;
        trip->landed.count = 0;

    } else if (trip->next) {

        /* a page that is empty and promises more could go on for ever */

        if (arrived == 0 || trip->page == NGX_HTTP_PROCORE_SCOPE_PAGES) {
            goto failed;
        }

        trip->page++;

    } else {
        ngx_http_procore_scope_landing_over(trip,
                                        NGX_HTTP_PROCORE_SCOPE_COMPLETE, 0);
        return;
    }

    ngx_http_procore_scope_fetch_page(trip);

    return;

failed:

    ngx_http_procore_scope_landing_over(trip, NGX_HTTP_PROCORE_SCOPE_FAILED,
                                        0);
}


/*
 * Asks for the pages of a company's list, one after another, by subrequests.
 *
 * They are background subrequests of the leader's request: it goes on as soon
 * as its ids are found, and none of their bytes are in the way of its answer.
 */


#include "ngx_http_procore_scope_lookup.h"
#include "ngx_http_procore_scope_call.h"
#include "ngx_http_procore_scope_stats.h"


/* Objects of one page, as many as the API gives. */

#define NGX_HTTP_PROCORE_SCOPE_PER_PAGE   300


static ngx_int_t ngx_http_procore_scope_fetch_send(
    ngx_http_procore_scope_trip_t *trip);
static ngx_int_t ngx_http_procore_scope_fetch_uri(
    ngx_http_procore_scope_trip_t *trip, ngx_str_t *uri, ngx_str_t *args);
static ngx_int_t ngx_http_procore_scope_fetch_headers(ngx_http_request_t *sr,
    ngx_http_procore_scope_lookup_t *lookup);


static ngx_str_t  ngx_http_procore_scope_json_type =
    ngx_string("application/json");


ngx_int_t
ngx_http_procore_scope_fetch(ngx_http_procore_scope_lookup_t *lookup)
{
    ngx_http_procore_scope_trip_t       *trip;
    ngx_http_procore_scope_main_conf_t  *pmcf;

    pmcf = ngx_http_get_module_main_conf(lookup->request,
                                         ngx_http_procore_scope_module);

    trip = ngx_calloc(sizeof(ngx_http_procore_scope_trip_t),
                      lookup->request->connection->log);
    if (trip == NULL) {
        return NGX_ERROR;
    }

    trip->zone = pmcf->zone;
    trip->leader = lookup;
    trip->asker = lookup->asker;
    trip->seat = lookup->seat;
    trip->deadline = lookup->deadline;
    trip->renewed = ngx_current_msec;
    trip->page = 1;
    trip->rate = (ngx_uint_t) lookup->ctx->conf->lookup_rate;

    trip->landed.started = ngx_current_msec;
    trip->landed.miss_ttl = lookup->ctx->conf->miss_ttl;
    trip->landed.projects_ttl = lookup->ctx->conf->projects_ttl;

    ngx_queue_init(&trip->arrived);
    ngx_queue_init(&trip->pieces);
    ngx_http_procore_scope_held_trip(trip);

    ngx_http_procore_scope_count(NGX_HTTP_PROCORE_SCOPE_STAT_LOOKUPS, 1);

    lookup->trip = trip;
    lookup->state = NGX_HTTP_PROCORE_SCOPE_LEADING;

    ngx_http_procore_scope_fetch_page(trip);

    return NGX_OK;
}


void
ngx_http_procore_scope_fetch_page(ngx_http_procore_scope_trip_t *trip)
{
    time_t     retry_after;
    ngx_int_t  rc;

    retry_after = 0;

    rc = ngx_http_procore_scope_flight_page(trip->zone, &trip->seat,
                                            trip->rate, &retry_after);

    if (rc == NGX_BUSY) {
        trip->limited = 1;
        ngx_http_procore_scope_landing_over(trip, NGX_HTTP_PROCORE_SCOPE_AWAY,
                                            retry_after);
        return;
    }

    if (rc != NGX_OK) {
        ngx_http_procore_scope_landing_over(trip,
                                       NGX_HTTP_PROCORE_SCOPE_ABANDONED, 0);
        return;
    }

    ngx_http_procore_scope_page_start(trip);

    if (ngx_http_procore_scope_fetch_send(trip) != NGX_OK) {
        ngx_http_procore_scope_landing_over(trip,
                                          NGX_HTTP_PROCORE_SCOPE_FAILED, 0);
    }
}


static ngx_int_t
ngx_http_procore_scope_fetch_send(ngx_http_procore_scope_trip_t *trip)
{
    ngx_str_t                         uri, args;
    ngx_http_request_t               *sr;
    ngx_http_post_subrequest_t       *ps;
    ngx_http_procore_scope_ctx_t     *ctx;
    ngx_http_procore_scope_lookup_t  *lookup;

    lookup = trip->leader;

    if (ngx_http_procore_scope_fetch_uri(trip, &uri, &args) != NGX_OK) {
        return NGX_ERROR;
    }

    ps = ngx_palloc(lookup->request->pool, sizeof(ngx_http_post_subrequest_t));
    if (ps == NULL) {
        return NGX_ERROR;
    }

    ps->handler = ngx_http_procore_scope_page_done;
    ps->data = lookup;

    if (ngx_http_subrequest(lookup->request, &uri, &args, &sr, ps,
                            NGX_HTTP_SUBREQUEST_BACKGROUND)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    trip->request = sr;

    ngx_http_procore_scope_count(NGX_HTTP_PROCORE_SCOPE_STAT_LOOKUP_PAGES, 1);

    /* it cannot be taken back, but must not go up with the client's header */

    ctx = ngx_http_procore_scope_make_ctx(sr);

    if (ctx == NULL
        || ngx_http_procore_scope_fetch_headers(sr, lookup) != NGX_OK)
    {
        trip->request = NULL;
        sr->write_event_handler = ngx_http_procore_scope_subrequest_drop;
        return NGX_ERROR;
    }

    ctx->answer_type = NGX_HTTP_PROCORE_SCOPE_ANSWER_LOOKUP;
    ctx->lookup = lookup;

    return NGX_OK;
}


static ngx_int_t
ngx_http_procore_scope_fetch_uri(ngx_http_procore_scope_trip_t *trip,
    ngx_str_t *uri, ngx_str_t *args)
{
    u_char                           *p;
    ngx_str_t                        *prefix;
    ngx_http_procore_scope_lookup_t  *lookup;

    static ngx_str_t  path = ngx_string("/rest/v1.1/projects");
    static ngx_str_t  fixed = ngx_string("company_id=&filters%5Bby_status%5D="
                                         "All&view=compact&per_page=&page=");

    lookup = trip->leader;
    prefix = &lookup->ctx->conf->lookup;

    uri->len = prefix->len + path.len;
    uri->data = ngx_pnalloc(lookup->request->pool, uri->len);
    if (uri->data == NULL) {
        return NGX_ERROR;
    }

    p = ngx_cpymem(uri->data, prefix->data, prefix->len);
    ngx_memcpy(p, path.data, path.len);

    args->data = ngx_pnalloc(lookup->request->pool,
                             fixed.len + 3 * NGX_INT64_LEN);
    if (args->data == NULL) {
        return NGX_ERROR;
    }

    p = ngx_sprintf(args->data,
                    "company_id=%uL&filters%%5Bby_status%%5D=All&view=%s",
                    trip->asker.company, trip->compact ? "compact" : "ids");

    if (trip->compact) {
        p = ngx_sprintf(p, "&per_page=%d", NGX_HTTP_PROCORE_SCOPE_PER_PAGE);
    }

    if (trip->page > 1) {
        p = ngx_sprintf(p, "&page=%ui", trip->page);
    }

    args->len = p - args->data;

    return NGX_OK;
}


/* Nothing of the client but these goes along. */

static ngx_int_t
ngx_http_procore_scope_fetch_headers(ngx_http_request_t *sr,
    ngx_http_procore_scope_lookup_t *lookup)
{
    u_char                 *p;
    ngx_str_t               value;
    ngx_http_headers_in_t   client;

    client = sr->headers_in;

    if (ngx_http_procore_scope_subrequest_own(sr, &lookup->variables)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    sr->headers_in.server = client.server;

    if (client.host) {
        sr->headers_in.host = ngx_http_procore_scope_subrequest_add(sr, "Host",
                                            "host", &client.host->value);
        if (sr->headers_in.host == NULL) {
            return NGX_ERROR;
        }
    }

    if (client.user_agent) {
        sr->headers_in.user_agent = ngx_http_procore_scope_subrequest_add(sr,
                          "User-Agent", "user-agent",
                          &client.user_agent->value);
        if (sr->headers_in.user_agent == NULL) {
            return NGX_ERROR;
        }
    }

    if (client.authorization == NULL) {
        return NGX_ERROR;
    }

    sr->headers_in.authorization = ngx_http_procore_scope_subrequest_add(sr,
                                  "Authorization", "authorization",
                                  &client.authorization->value);
    if (sr->headers_in.authorization == NULL) {
        return NGX_ERROR;
    }

    if (ngx_http_procore_scope_subrequest_add(sr, "Accept", "accept",
                                         &ngx_http_procore_scope_json_type)
        == NULL)
    {
        return NGX_ERROR;
    }

    p = ngx_pnalloc(sr->pool, NGX_INT64_LEN);
    if (p == NULL) {
        return NGX_ERROR;
    }

    value.data = p;
    value.len = ngx_sprintf(p, "%uL", lookup->asker.company) - p;

    return ngx_http_procore_scope_subrequest_add(sr, "Procore-Company-Id",
                                            "procore-company-id", &value)
           ? NGX_OK : NGX_ERROR;
}


void
ngx_http_procore_scope_fetch_abort(ngx_http_procore_scope_trip_t *trip)
{
    ngx_http_request_t  *sr;

    sr = trip->request;
    trip->request = NULL;

    ngx_http_procore_scope_landing_over(trip, NGX_HTTP_PROCORE_SCOPE_FAILED,
                                        0);

    if (sr) {
        ngx_http_procore_scope_subrequest_cut(sr);
    }
}

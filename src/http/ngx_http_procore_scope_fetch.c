
/*
 * The pages of a company's list, one after another, by subrequests.
 *
 * They are background subrequests of the leader's request: it goes on as soon
 * as its ids are found, and none of their bytes are in the way of its answer.
 */


#include "ngx_http_procore_scope_lookup.h"
#include "../procore/procore_link.h"


/* Objects of one page, as many as the API gives. */

#define NGX_HTTP_PROCORE_SCOPE_PER_PAGE   300

/* A larger number in X-Rate-Limit-Reset is a time and not a duration. */

#define NGX_HTTP_PROCORE_SCOPE_EPOCH      1000000000


static void ngx_http_procore_scope_fetch_page(
    ngx_http_procore_scope_trip_t *trip);
static ngx_int_t ngx_http_procore_scope_fetch_send(
    ngx_http_procore_scope_trip_t *trip);
static void ngx_http_procore_scope_fetch_drop(ngx_http_request_t *sr);
static ngx_int_t ngx_http_procore_scope_fetch_uri(
    ngx_http_procore_scope_trip_t *trip, ngx_str_t *uri, ngx_str_t *args);
static ngx_int_t ngx_http_procore_scope_fetch_own(ngx_http_request_t *sr,
    ngx_http_procore_scope_lookup_t *lookup);
static ngx_int_t ngx_http_procore_scope_fetch_headers(ngx_http_request_t *sr,
    ngx_http_procore_scope_lookup_t *lookup);
static ngx_table_elt_t *ngx_http_procore_scope_fetch_add(
    ngx_http_request_t *sr, const char *name, const char *lowcase,
    ngx_str_t *value);
static void ngx_http_procore_scope_fetch_project(void *data,
    uint64_t project, uint64_t company);
static ngx_int_t ngx_http_procore_scope_fetch_done(ngx_http_request_t *sr,
    void *data, ngx_int_t rc);
static void ngx_http_procore_scope_fetch_next(
    ngx_http_procore_scope_trip_t *trip);
static time_t ngx_http_procore_scope_fetch_retry(ngx_http_request_t *sr);
static ngx_list_part_t *ngx_http_procore_scope_fetch_answer(
    ngx_http_request_t *sr);
static ngx_str_t *ngx_http_procore_scope_fetch_header(ngx_http_request_t *sr,
    ngx_str_t *name);


static ngx_str_t  ngx_http_procore_scope_link = ngx_string("link");
static ngx_str_t  ngx_http_procore_scope_retry_after =
    ngx_string("retry-after");
static ngx_str_t  ngx_http_procore_scope_rate_reset =
    ngx_string("x-rate-limit-reset");
static ngx_str_t  ngx_http_procore_scope_json_type =
    ngx_string("application/json");


ngx_int_t
ngx_http_procore_scope_fetch(ngx_http_procore_scope_lookup_t *lookup,
    ngx_queue_t *queue)
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

    trip->landed.started = ngx_current_msec;
    trip->landed.miss_ttl = lookup->ctx->conf->miss_ttl;
    trip->landed.projects_ttl = lookup->ctx->conf->projects_ttl;

    ngx_queue_init(&trip->arrived);
    ngx_queue_init(&trip->pieces);
    ngx_queue_insert_tail(queue, &trip->queue);

    lookup->trip = trip;
    lookup->state = NGX_HTTP_PROCORE_SCOPE_LEADING;

    ngx_http_procore_scope_fetch_page(trip);

    return NGX_OK;
}


static void
ngx_http_procore_scope_fetch_page(ngx_http_procore_scope_trip_t *trip)
{
    time_t     retry_after;
    ngx_int_t  rc;

    retry_after = 0;

    rc = ngx_http_procore_scope_flight_page(trip->zone, &trip->seat,
                                            &retry_after);

    if (rc == NGX_BUSY) {
        ngx_http_procore_scope_landing_over(trip, NGX_HTTP_PROCORE_SCOPE_AWAY,
                                            retry_after);
        return;
    }

    if (rc != NGX_OK) {
        ngx_http_procore_scope_landing_over(trip,
                                       NGX_HTTP_PROCORE_SCOPE_ABANDONED, 0);
        return;
    }

    trip->status = 0;
    trip->broken = 0;
    trip->last = 0;
    trip->next = 0;
    trip->asked = ngx_time();

    procore_project_list_start(&trip->list,
                               ngx_http_procore_scope_fetch_project, trip);

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

    ps->handler = ngx_http_procore_scope_fetch_done;
    ps->data = lookup;

    if (ngx_http_subrequest(lookup->request, &uri, &args, &sr, ps,
                            NGX_HTTP_SUBREQUEST_BACKGROUND)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    trip->request = sr;

    /* it cannot be taken back, but must not go up with the client's header */

    ctx = ngx_http_procore_scope_make_ctx(sr);

    if (ctx == NULL
        || ngx_http_procore_scope_fetch_own(sr, lookup) != NGX_OK)
    {
        trip->request = NULL;
        sr->write_event_handler = ngx_http_procore_scope_fetch_drop;
        return NGX_ERROR;
    }

    ctx->answer_type = NGX_HTTP_PROCORE_SCOPE_ANSWER_LOOKUP;
    ctx->lookup = lookup;

    return NGX_OK;
}


static void
ngx_http_procore_scope_fetch_drop(ngx_http_request_t *sr)
{
    ngx_http_finalize_request(sr, NGX_HTTP_INTERNAL_SERVER_ERROR);
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


/*
 * A subrequest shares header, body and cached variables with its parent; this
 * one has its own, so that nothing of the client but its token goes along.
 */

static ngx_int_t
ngx_http_procore_scope_fetch_own(ngx_http_request_t *sr,
    ngx_http_procore_scope_lookup_t *lookup)
{
    size_t                      size;
    ngx_http_core_main_conf_t  *cmcf;

    sr->request_body = ngx_pcalloc(sr->pool, sizeof(ngx_http_request_body_t));
    if (sr->request_body == NULL) {
        return NGX_ERROR;
    }

    cmcf = ngx_http_get_module_main_conf(sr, ngx_http_core_module);
    size = cmcf->variables.nelts * sizeof(ngx_http_variable_value_t);

    if (lookup->variables == NULL) {
        lookup->variables = ngx_palloc(sr->pool, size);
        if (lookup->variables == NULL) {
            return NGX_ERROR;
        }
    }

    ngx_memzero(lookup->variables, size);

    sr->variables = lookup->variables;
    sr->discard_body = 0;

    /*
     * No internal redirect: what an answer or the location sends it to is not
     * the company's list, and would run without our context.
     */

    sr->uri_changes = 1;

    return ngx_http_procore_scope_fetch_headers(sr, lookup);
}


static ngx_int_t
ngx_http_procore_scope_fetch_headers(ngx_http_request_t *sr,
    ngx_http_procore_scope_lookup_t *lookup)
{
    u_char                 *p;
    ngx_str_t               value;
    ngx_http_headers_in_t   client;

    client = sr->headers_in;

    ngx_memzero(&sr->headers_in, sizeof(ngx_http_headers_in_t));

    sr->headers_in.server = client.server;
    sr->headers_in.content_length_n = -1;
    sr->headers_in.keep_alive_n = -1;

    if (ngx_list_init(&sr->headers_in.headers, sr->pool, 8,
                      sizeof(ngx_table_elt_t))
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (client.host) {
        sr->headers_in.host = ngx_http_procore_scope_fetch_add(sr, "Host",
                                            "host", &client.host->value);
        if (sr->headers_in.host == NULL) {
            return NGX_ERROR;
        }
    }

    if (client.user_agent) {
        sr->headers_in.user_agent = ngx_http_procore_scope_fetch_add(sr,
                          "User-Agent", "user-agent",
                          &client.user_agent->value);
        if (sr->headers_in.user_agent == NULL) {
            return NGX_ERROR;
        }
    }

    if (client.authorization == NULL) {
        return NGX_ERROR;
    }

    sr->headers_in.authorization = ngx_http_procore_scope_fetch_add(sr,
                                  "Authorization", "authorization",
                                  &client.authorization->value);
    if (sr->headers_in.authorization == NULL) {
        return NGX_ERROR;
    }

    if (ngx_http_procore_scope_fetch_add(sr, "Accept", "accept",
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

    return ngx_http_procore_scope_fetch_add(sr, "Procore-Company-Id",
                                            "procore-company-id", &value)
           ? NGX_OK : NGX_ERROR;
}


static ngx_table_elt_t *
ngx_http_procore_scope_fetch_add(ngx_http_request_t *sr, const char *name,
    const char *lowcase, ngx_str_t *value)
{
    ngx_table_elt_t  *h;

    h = ngx_list_push(&sr->headers_in.headers);
    if (h == NULL) {
        return NULL;
    }

    ngx_memzero(h, sizeof(ngx_table_elt_t));

    h->key.len = ngx_strlen(name);
    h->key.data = (u_char *) name;
    h->lowcase_key = (u_char *) lowcase;
    h->hash = ngx_hash_key((u_char *) lowcase, h->key.len);
    h->value = *value;

    return h;
}


ngx_int_t
ngx_http_procore_scope_lookup_header(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    ngx_uint_t                      i;
    procore_str_t                   value;
    ngx_list_part_t                *part;
    ngx_table_elt_t                *h;
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

    if (r->headers_out.content_encoding
        && r->headers_out.content_encoding->value.len)
    {
        trip->broken = 1;
    }

#if (NGX_HTTP_CACHE)
    /* an old list, perhaps of another company */

    if (r->cached) {
        trip->broken = 1;
    }
#endif

    for (part = ngx_http_procore_scope_fetch_answer(r);
         part;
         part = part->next)
    {
        h = part->elts;

        for (i = 0; i < part->nelts; i++) {

            if (h[i].hash == 0
                || !ngx_http_procore_scope_is_header(&h[i],
                                                &ngx_http_procore_scope_link))
            {
                continue;
            }

            value.len = h[i].value.len;
            value.data = h[i].value.data;

            if (procore_link_has_next(&value)) {
                trip->next = 1;
            }
        }
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
ngx_http_procore_scope_fetch_project(void *data, uint64_t project,
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

static ngx_int_t
ngx_http_procore_scope_fetch_done(ngx_http_request_t *sr, void *data,
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
        ngx_http_procore_scope_fetch_next(trip);
        return NGX_OK;

    case NGX_HTTP_UNAUTHORIZED:
        landing = NGX_HTTP_PROCORE_SCOPE_UNAUTHORIZED;
        break;

    case NGX_HTTP_TOO_MANY_REQUESTS:
    case NGX_HTTP_SERVICE_UNAVAILABLE:
        ngx_http_procore_scope_landing_over(trip, NGX_HTTP_PROCORE_SCOPE_AWAY,
                                      ngx_http_procore_scope_fetch_retry(sr));
        return NGX_OK;

    default:
        landing = NGX_HTTP_PROCORE_SCOPE_FAILED;
        break;
    }

    ngx_http_procore_scope_landing_over(trip, landing, 0);

    return NGX_OK;
}


static void
ngx_http_procore_scope_fetch_next(ngx_http_procore_scope_trip_t *trip)
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


/*
 * Until when the answer asks us to keep away: Retry-After (RFC 9110, section
 * 10.2.3: seconds or a date), else X-Rate-Limit-Reset.  At least a second.
 */

static time_t
ngx_http_procore_scope_fetch_retry(ngx_http_request_t *sr)
{
    time_t      n;
    ngx_str_t  *value;

    value = ngx_http_procore_scope_fetch_header(sr,
                                       &ngx_http_procore_scope_retry_after);

    if (value) {
        n = ngx_atotm(value->data, value->len);

        if (n == (time_t) NGX_ERROR) {
            n = ngx_parse_http_time(value->data, value->len);
            n = n == (time_t) NGX_ERROR ? NGX_HTTP_PROCORE_SCOPE_RETRY
                                        : n - ngx_time();
        }

        return ngx_max(n, 1);
    }

    value = ngx_http_procore_scope_fetch_header(sr,
                                        &ngx_http_procore_scope_rate_reset);

    if (value) {
        n = ngx_atotm(value->data, value->len);

        if (n >= NGX_HTTP_PROCORE_SCOPE_EPOCH) {
            n -= ngx_time();
        }

        if (n != (time_t) NGX_ERROR) {
            return ngx_max(n, 1);
        }
    }

    return NGX_HTTP_PROCORE_SCOPE_RETRY;
}


/* The header as it was answered, with what the location hides. */

static ngx_list_part_t *
ngx_http_procore_scope_fetch_answer(ngx_http_request_t *sr)
{
    return sr->upstream ? &sr->upstream->headers_in.headers.part
                        : &sr->headers_out.headers.part;
}


static ngx_str_t *
ngx_http_procore_scope_fetch_header(ngx_http_request_t *sr, ngx_str_t *name)
{
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    for (part = ngx_http_procore_scope_fetch_answer(sr);
         part;
         part = part->next)
    {
        h = part->elts;

        for (i = 0; i < part->nelts; i++) {
            if (h[i].hash && ngx_http_procore_scope_is_header(&h[i], name)) {
                return &h[i].value;
            }
        }
    }

    return NULL;
}


void
ngx_http_procore_scope_fetch_abort(ngx_http_procore_scope_trip_t *trip)
{
    ngx_connection_t     *c;
    ngx_http_request_t   *sr;
    ngx_http_upstream_t  *u;

    sr = trip->request;
    trip->request = NULL;

    ngx_http_procore_scope_landing_over(trip, NGX_HTTP_PROCORE_SCOPE_FAILED,
                                        0);

    if (sr == NULL || sr->upstream == NULL || sr->upstream->cleanup == NULL) {
        return;
    }

    /*
     * nginx ends a subrequest by itself only; what frees its upstream when the
     * client leaves does the same here, and takes one reference for it.
     */

    c = sr->connection;
    u = sr->upstream;

    ngx_log_error(NGX_LOG_ERR, c->log, 0,
                  "procore scope lookup took too long: \"%V\"", &sr->uri);

    sr->main->count++;
    (*u->cleanup)(sr);

    ngx_http_finalize_request(sr, NGX_HTTP_GATEWAY_TIME_OUT);
    ngx_http_run_posted_requests(c);
}


/*
 * The report as an answer: made in buffers of one size, each when the one
 * before is on its way, with one snapshot of the store for each.
 */


#include "ngx_http_procore_scope_report.h"


/* Bytes of a buffer: some pieces. */

#define NGX_HTTP_PROCORE_SCOPE_REPORT_BUFFER  (4 * PROCORE_REPORT_PIECE)

/* Steps, of a microsecond or two, before other requests have their turn. */

#define NGX_HTTP_PROCORE_SCOPE_REPORT_STEPS   500


typedef struct {
    procore_report_t   report;
    ngx_chain_t       *free;
    ngx_chain_t       *busy;
    unsigned           over:1;
} ngx_http_procore_scope_answering_t;


static void ngx_http_procore_scope_report_mark(void *data);
static ngx_http_procore_scope_answering_t *ngx_http_procore_scope_report_find(
    ngx_http_request_t *r);
static void ngx_http_procore_scope_report_write(ngx_http_request_t *r);
static ngx_int_t ngx_http_procore_scope_report_output(ngx_http_request_t *r,
    ngx_http_procore_scope_answering_t *a);
static ngx_int_t ngx_http_procore_scope_report_make(
    ngx_http_procore_scope_answering_t *a, ngx_buf_t *b);
static int ngx_http_procore_scope_report_read(void *data,
    procore_report_place_t *place, procore_report_row_t *row);


ngx_int_t
ngx_http_procore_scope_report_send(ngx_http_request_t *r,
    procore_report_format_e format)
{
    ngx_int_t                            rc;
    ngx_pool_cleanup_t                  *mark;
    ngx_http_procore_scope_answering_t  *a;

    a = ngx_pcalloc(r->pool, sizeof(ngx_http_procore_scope_answering_t));
    mark = ngx_pool_cleanup_add(r->pool, 0);

    if (a == NULL || mark == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    mark->handler = ngx_http_procore_scope_report_mark;
    mark->data = a;

    procore_report_init(&a->report, format, (uint64_t) ngx_time(),
                        ngx_http_procore_scope_report_read, NULL);

    ngx_http_clear_content_length(r);

    rc = ngx_http_send_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    r->read_event_handler = ngx_http_test_reading;
    r->write_event_handler = ngx_http_procore_scope_report_write;
    r->main->count++;

    ngx_http_procore_scope_report_write(r);

    return NGX_DONE;
}


/*
 * The module's context of a request is for what is judged; this one is found by
 * a cleanup that has nothing to free.
 */

static void
ngx_http_procore_scope_report_mark(void *data)
{
}


static ngx_http_procore_scope_answering_t *
ngx_http_procore_scope_report_find(ngx_http_request_t *r)
{
    ngx_pool_cleanup_t  *mark;

    mark = r->pool->cleanup;

    while (mark->handler != ngx_http_procore_scope_report_mark) {
        mark = mark->next;
    }

    return mark->data;
}


static void
ngx_http_procore_scope_report_write(ngx_http_request_t *r)
{
    ngx_int_t                            rc;
    ngx_event_t                         *wev;
    ngx_http_core_loc_conf_t            *clcf;
    ngx_http_procore_scope_answering_t  *a;

    wev = r->connection->write;
    a = ngx_http_procore_scope_report_find(r);

    if (wev->timedout) {
        r->connection->timedout = 1;
        ngx_http_finalize_request(r, NGX_HTTP_REQUEST_TIME_OUT);
        return;
    }

    rc = ngx_http_procore_scope_report_output(r, a);

    if (rc == NGX_ERROR || (a->over && a->busy == NULL)) {
        ngx_http_finalize_request(r, rc == NGX_ERROR ? NGX_ERROR : NGX_OK);
        return;
    }

    /* limit_rate: its timer is to go on */

    if (a->busy == NULL && !wev->delayed) {

        /* the rest in another round of the event loop */

        if (wev->timer_set) {
            ngx_del_timer(wev);
        }

        ngx_post_event(wev, &ngx_posted_next_events);
        return;
    }

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    if (!wev->delayed) {
        ngx_add_timer(wev, clcf->send_timeout);
    }

    if (ngx_handle_write_event(wev, clcf->send_lowat) != NGX_OK) {
        ngx_http_finalize_request(r, NGX_ERROR);
    }
}


static ngx_int_t
ngx_http_procore_scope_report_output(ngx_http_request_t *r,
    ngx_http_procore_scope_answering_t *a)
{
    ngx_int_t     rc;
    ngx_chain_t  *out;

    out = NULL;

    if (a->busy == NULL && !a->over) {

        out = ngx_chain_get_free_buf(r->pool, &a->free);
        if (out == NULL) {
            return NGX_ERROR;
        }

        if (out->buf->start == NULL) {
            out->buf->start = ngx_palloc(r->pool,
                                         NGX_HTTP_PROCORE_SCOPE_REPORT_BUFFER);
            if (out->buf->start == NULL) {
                return NGX_ERROR;
            }

            out->buf->end = out->buf->start
                            + NGX_HTTP_PROCORE_SCOPE_REPORT_BUFFER;
            out->buf->temporary = 1;
            out->buf->tag = (ngx_buf_tag_t) &ngx_http_procore_scope_module;
        }

        if (ngx_http_procore_scope_report_make(a, out->buf) != NGX_OK) {
            return NGX_ERROR;
        }

        if (out->buf->pos == out->buf->last && !a->over) {
            out->next = a->free;
            a->free = out;
            return NGX_OK;
        }
    }

    rc = ngx_http_output_filter(r, out);

    ngx_chain_update_chains(r->pool, &a->free, &a->busy, &out,
                            (ngx_buf_tag_t) &ngx_http_procore_scope_module);

    return rc == NGX_ERROR ? NGX_ERROR : NGX_OK;
}


/* Fills a buffer as far as the time of one round allows. */

static ngx_int_t
ngx_http_procore_scope_report_make(ngx_http_procore_scope_answering_t *a,
    ngx_buf_t *b)
{
    int            rc;
    ngx_uint_t     steps;
    procore_out_t  out;

    if (ngx_http_procore_scope_store_begin() != NGX_OK) {
        return NGX_ERROR;
    }

    out.data = b->start;
    out.size = NGX_HTTP_PROCORE_SCOPE_REPORT_BUFFER;
    out.len = 0;

    rc = PROCORE_OK;

    for (steps = 0;
         steps < NGX_HTTP_PROCORE_SCOPE_REPORT_STEPS && rc == PROCORE_OK
         && out.size - out.len >= PROCORE_REPORT_PIECE;
         steps++)
    {
        rc = procore_report_step(&a->report, &out);
    }

    ngx_http_procore_scope_store_end();

    b->pos = b->start;
    b->last = b->start + out.len;
    b->flush = 1;

    if (rc == PROCORE_NOT_FOUND) {
        a->over = 1;
        b->last_buf = 1;
        b->last_in_chain = 1;
        return NGX_OK;
    }

    return rc == PROCORE_OK ? NGX_OK : NGX_ERROR;
}


static int
ngx_http_procore_scope_report_read(void *data, procore_report_place_t *place,
    procore_report_row_t *row)
{
    return ngx_http_procore_scope_store_report(place, row);
}

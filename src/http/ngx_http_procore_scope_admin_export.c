
/*
 * Bulk export: JSON Lines, a buffer at a time.  It is filled again when the
 * client has taken it, so that an export of any length takes the same memory.
 */


#include "ngx_http_procore_scope_admin.h"


/* Records of one buffer. */

#define NGX_HTTP_PROCORE_SCOPE_PART  64


/*
 * What the tokens, the pauses and the projects are to an export: the next of
 * them into the buffer.  NGX_OK or NGX_ERROR.
 */

typedef ngx_int_t (*ngx_http_procore_scope_part_pt)(
    ngx_http_procore_scope_admin_t *admin);


typedef struct {
    const ngx_http_procore_scope_part_pt  *part;    /* ends with NULL */
    ngx_buf_t                             *buf;
    procore_listed_token_t     tokens[NGX_HTTP_PROCORE_SCOPE_PART];
    procore_listed_paused_t    pauses[NGX_HTTP_PROCORE_SCOPE_PART];
    procore_listed_project_t   projects[NGX_HTTP_PROCORE_SCOPE_PART];
} ngx_http_procore_scope_export_t;


static ngx_int_t ngx_http_procore_scope_export(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_t *admin,
    const ngx_http_procore_scope_part_pt *parts);
static ngx_int_t ngx_http_procore_scope_export_step(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_t *admin);
static ngx_int_t ngx_http_procore_scope_export_sent(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_t *admin);
static void ngx_http_procore_scope_export_writer(ngx_http_request_t *r);
static ngx_int_t ngx_http_procore_scope_export_tokens(
    ngx_http_procore_scope_admin_t *admin);
static ngx_int_t ngx_http_procore_scope_export_pauses(
    ngx_http_procore_scope_admin_t *admin);
static ngx_int_t ngx_http_procore_scope_export_list(
    ngx_http_procore_scope_admin_t *admin);
static void ngx_http_procore_scope_export_line(ngx_buf_t *b, char *end);


static const ngx_http_procore_scope_part_pt
    ngx_http_procore_scope_export_all[] =
{
    ngx_http_procore_scope_export_tokens,
    ngx_http_procore_scope_export_pauses,
    NULL
};

static const ngx_http_procore_scope_part_pt
    ngx_http_procore_scope_export_lists[] =
{
    ngx_http_procore_scope_export_list,
    NULL
};


ngx_int_t
ngx_http_procore_scope_admin_export_bindings(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_t *admin)
{
    return ngx_http_procore_scope_export(r, admin,
                                         ngx_http_procore_scope_export_all);
}


ngx_int_t
ngx_http_procore_scope_admin_export_projects(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_t *admin)
{
    return ngx_http_procore_scope_export(r, admin,
                                         ngx_http_procore_scope_export_lists);
}


static ngx_int_t
ngx_http_procore_scope_export(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_t *admin,
    const ngx_http_procore_scope_part_pt *parts)
{
    ngx_int_t                         rc;
    ngx_http_procore_scope_export_t  *export;

    export = ngx_palloc(r->pool, sizeof(ngx_http_procore_scope_export_t));
    if (export == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    export->part = parts;
    export->buf = ngx_create_temp_buf(r->pool, NGX_HTTP_PROCORE_SCOPE_PART
                                               * (PROCORE_ADMIN_LINE + 1));
    admin->data = export;

    if (export->buf == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    /* a store that is out of order is told while there is still a status */

    if (ngx_http_procore_scope_store_begin() != NGX_OK) {
        return ngx_http_procore_scope_admin_failed(r);
    }

    ngx_http_procore_scope_store_end();

    ngx_http_procore_scope_admin_did(admin, "admin_export");

    if (ngx_http_procore_scope_admin_header(r, NGX_HTTP_OK,
                                            "application/x-ndjson", -1)
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = ngx_http_send_header(r);

    if (rc != NGX_OK || r->header_only) {
        ngx_http_finalize_request(r, rc);
        return NGX_DONE;
    }

    return ngx_http_procore_scope_export_step(r, admin);
}


static ngx_int_t
ngx_http_procore_scope_export_step(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_t *admin)
{
    ngx_int_t                         rc;
    ngx_chain_t                       out;
    ngx_http_procore_scope_export_t  *export;

    export = admin->data;

    export->buf->pos = export->buf->start;
    export->buf->last = export->buf->start;
    export->buf->flush = 1;

    /* cut in the middle it must not look complete: the connection breaks off */

    if ((*export->part)(admin) != NGX_OK) {
        return NGX_ERROR;
    }

    if (admin->cursor.end) {
        ngx_memzero(&admin->cursor, sizeof(procore_list_cursor_t));
        export->part++;
    }

    if (export->buf->pos == export->buf->last) {
        return ngx_http_procore_scope_export_sent(r, admin);
    }

    out.buf = export->buf;
    out.next = NULL;

    rc = ngx_http_output_filter(r, &out);

    return rc == NGX_ERROR ? NGX_ERROR
                           : ngx_http_procore_scope_export_sent(r, admin);
}


/* Goes on, ends, or waits until the client has taken what there is. */

static ngx_int_t
ngx_http_procore_scope_export_sent(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_t *admin)
{
    ngx_event_t                      *wev;
    ngx_http_core_loc_conf_t         *clcf;
    ngx_http_procore_scope_export_t  *export;

    export = admin->data;
    wev = r->connection->write;

    if (export->buf->pos < export->buf->last || r->buffered
        || r->connection->buffered)
    {
        clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

        r->read_event_handler = ngx_http_test_reading;
        r->write_event_handler = ngx_http_procore_scope_export_writer;

        if (!wev->delayed) {
            ngx_add_timer(wev, clcf->send_timeout);
        }

        return ngx_handle_write_event(wev, clcf->send_lowat) == NGX_OK
               ? NGX_AGAIN : NGX_ERROR;
    }

    if (wev->timer_set) {
        ngx_del_timer(wev);
    }

    if (*export->part == NULL) {
        ngx_http_finalize_request(r, ngx_http_send_special(r, NGX_HTTP_LAST));
        return NGX_DONE;
    }

    return ngx_http_procore_scope_admin_later(r,
                                          ngx_http_procore_scope_export_step);
}


static void
ngx_http_procore_scope_export_writer(ngx_http_request_t *r)
{
    ngx_int_t                      rc;
    ngx_event_t                   *wev;
    ngx_http_procore_scope_ctx_t  *ctx;

    ctx = ngx_http_procore_scope_get_ctx(r);
    wev = r->connection->write;

    if (wev->timedout) {
        ngx_log_error(NGX_LOG_INFO, r->connection->log, NGX_ETIMEDOUT,
                      "client timed out");
        r->connection->timedout = 1;
        ngx_http_finalize_request(r, NGX_HTTP_REQUEST_TIME_OUT);
        return;
    }

    rc = wev->delayed ? NGX_OK : ngx_http_output_filter(r, NULL);

    if (rc != NGX_ERROR) {
        rc = ngx_http_procore_scope_export_sent(r, ctx->admin);
    }

    if (rc == NGX_ERROR) {
        ngx_http_finalize_request(r, rc);
    }
}


static ngx_int_t
ngx_http_procore_scope_export_tokens(ngx_http_procore_scope_admin_t *admin)
{
    size_t                            n, i;
    ngx_buf_t                        *b;
    ngx_http_procore_scope_export_t  *export;

    export = admin->data;
    b = export->buf;

    if (ngx_http_procore_scope_store_tokens(&admin->filter, &admin->cursor,
                                            export->tokens,
                                            NGX_HTTP_PROCORE_SCOPE_PART, &n)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    for (i = 0; i < n; i++) {
        ngx_http_procore_scope_export_line(b,
                         procore_admin_record((char *) b->last,
                                              &export->tokens[i],
                                              admin->filter.realm));
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_procore_scope_export_pauses(ngx_http_procore_scope_admin_t *admin)
{
    size_t                            n, i;
    ngx_buf_t                        *b;
    ngx_http_procore_scope_export_t  *export;

    export = admin->data;
    b = export->buf;

    /* an export of one company's has nothing of what is everybody's */

    if (admin->filter.company || admin->filter.client.len
        || admin->filter.states || admin->filter.way != PROCORE_WAY_NONE)
    {
        admin->cursor.end = 1;
        return NGX_OK;
    }

    if (ngx_http_procore_scope_store_pauses(&admin->filter, &admin->cursor,
                                            export->pauses,
                                            NGX_HTTP_PROCORE_SCOPE_PART, &n)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    for (i = 0; i < n; i++) {
        ngx_http_procore_scope_export_line(b,
                         procore_admin_paused((char *) b->last,
                                              &export->pauses[i],
                                              admin->filter.realm));
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_procore_scope_export_list(ngx_http_procore_scope_admin_t *admin)
{
    size_t                            n, i;
    ngx_buf_t                        *b;
    ngx_http_procore_scope_export_t  *export;

    export = admin->data;
    b = export->buf;

    if (ngx_http_procore_scope_store_projects(&admin->filter, &admin->cursor,
                                              export->projects,
                                              NGX_HTTP_PROCORE_SCOPE_PART,
                                              &n)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    for (i = 0; i < n; i++) {
        ngx_http_procore_scope_export_line(b,
                         procore_admin_project((char *) b->last,
                                               &export->projects[i],
                                               admin->filter.realm));
    }

    return NGX_OK;
}


static void
ngx_http_procore_scope_export_line(ngx_buf_t *b, char *end)
{
    *end++ = '\n';
    b->last = (u_char *) end;
}


/*
 * procore_scope_status: who may see it, and what is asked for.
 */


#include "ngx_http_procore_scope_conf.h"
#include "ngx_http_procore_scope_report.h"
#include "ngx_http_procore_scope_status.h"


/* Makes the body, in the request's memory.  NGX_OK or NGX_ERROR. */

typedef ngx_int_t (*ngx_http_procore_scope_view_pt)(ngx_http_request_t *r,
    ngx_str_t *body);

typedef void (*ngx_http_procore_scope_render_pt)(procore_out_t *out,
    const procore_status_t *status);

typedef struct {
    ngx_str_t                       view;        /* ?view=, "": none */
    ngx_str_t                       format;      /* ?format= */
    ngx_str_t                       type;
    ngx_http_procore_scope_view_pt  handler;     /* NULL: the report */
    procore_report_format_e         report;
} ngx_http_procore_scope_view_t;


static ngx_http_procore_scope_view_t *ngx_http_procore_scope_status_view(
    ngx_http_request_t *r);
static ngx_int_t ngx_http_procore_scope_status_render(ngx_http_request_t *r,
    ngx_http_procore_scope_render_pt render, ngx_str_t *body);
static ngx_int_t ngx_http_procore_scope_status_html(ngx_http_request_t *r,
    ngx_str_t *body);
static ngx_int_t ngx_http_procore_scope_status_json(ngx_http_request_t *r,
    ngx_str_t *body);
static ngx_int_t ngx_http_procore_scope_status_prometheus(
    ngx_http_request_t *r, ngx_str_t *body);
static ngx_int_t ngx_http_procore_scope_status_ready(ngx_http_request_t *r,
    ngx_str_t *body);
static ngx_int_t ngx_http_procore_scope_status_refuse(ngx_http_request_t *r,
    ngx_uint_t status, const char *text);
static ngx_int_t ngx_http_procore_scope_status_headers(ngx_http_request_t *r,
    ngx_str_t *type);
static ngx_int_t ngx_http_procore_scope_status_send(ngx_http_request_t *r,
    ngx_str_t *type, ngx_str_t *body);
static ngx_int_t ngx_http_procore_scope_status_report(ngx_http_request_t *r,
    ngx_http_procore_scope_view_t *view);


/* Of a view the first one is what comes without a format. */

static ngx_http_procore_scope_view_t  ngx_http_procore_scope_views[] = {

    { ngx_string(""), ngx_string("html"),
      ngx_string("text/html; charset=utf-8"),
      ngx_http_procore_scope_status_html, 0 },

    { ngx_string(""), ngx_string("json"),
      ngx_string("application/json"),
      ngx_http_procore_scope_status_json, 0 },

    { ngx_string(""), ngx_string("prometheus"),
      ngx_string("text/plain; version=0.0.4; charset=utf-8"),
      ngx_http_procore_scope_status_prometheus, 0 },

    { ngx_string(""), ngx_string("ready"),
      ngx_string("text/plain; charset=utf-8"),
      ngx_http_procore_scope_status_ready, 0 },

    { ngx_string("report"), ngx_string("html"),
      ngx_string("text/html; charset=utf-8"),
      NULL, PROCORE_REPORT_HTML },

    { ngx_string("report"), ngx_string("json"),
      ngx_string("application/json"),
      NULL, PROCORE_REPORT_JSON },

    { ngx_string("report"), ngx_string("csv"),
      ngx_string("text/csv; charset=utf-8; header=present"),
      NULL, PROCORE_REPORT_CSV },

    { ngx_null_string, ngx_null_string, ngx_null_string, NULL, 0 }
};

static ngx_str_t  ngx_http_procore_scope_plain =
    ngx_string("text/plain; charset=utf-8");


char *
ngx_http_procore_scope_status_location(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_procore_scope_loc_conf_t *plcf = conf;

    ngx_str_t                 *value;
    ngx_http_core_loc_conf_t  *clcf;

    if (plcf->status) {
        return "is duplicate";
    }

    value = cf->args->elts;
    plcf->status = NGX_HTTP_PROCORE_SCOPE_STATUS_LOCAL;

    if (cf->args->nelts == 2) {

        if (ngx_strcmp(value[1].data, "any") != 0) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid parameter \"%V\" of \"%V\": it takes "
                               "\"any\", or nothing and answers this machine "
                               "alone", &value[1], &cmd->name);
            return NGX_CONF_ERROR;
        }

        plcf->status = NGX_HTTP_PROCORE_SCOPE_STATUS_ANY;
    }

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    clcf->handler = ngx_http_procore_scope_status_handler;

    return NGX_CONF_OK;
}


void
ngx_http_procore_scope_merge_status(ngx_conf_t *cf,
    ngx_http_procore_scope_loc_conf_t *prev,
    ngx_http_procore_scope_loc_conf_t *conf)
{
    ngx_http_core_loc_conf_t  *clcf;

    /* an "if" or "limit_except" inside of the location is part of it */

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (clcf->noname && prev->status && clcf->handler == NULL) {
        conf->status = prev->status;
        clcf->handler = ngx_http_procore_scope_status_handler;
    }
}


ngx_int_t
ngx_http_procore_scope_status_handler(ngx_http_request_t *r)
{
    ngx_int_t                           rc;
    ngx_str_t                           body;
    ngx_http_procore_scope_view_t      *view;
    ngx_http_procore_scope_loc_conf_t  *plcf;

    if (r != r->main) {
        return NGX_HTTP_FORBIDDEN;
    }

    ngx_log_debug0(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "procore scope status");

    rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }

    plcf = ngx_http_get_module_loc_conf(r, ngx_http_procore_scope_module);

    if (plcf->status != NGX_HTTP_PROCORE_SCOPE_STATUS_ANY
        && !ngx_http_procore_scope_is_local(r))
    {
        return ngx_http_procore_scope_status_refuse(r, NGX_HTTP_FORBIDDEN,
            "The status is told to this machine alone, not through a proxy. "
            "\"procore_scope_status any\" leaves the choice to \"allow\" and "
            "\"deny\".\n");
    }

    if (!(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD))) {
        static ngx_str_t  methods = ngx_string("GET, HEAD");

        if (ngx_http_procore_scope_add_answer_header(r, "Allow", &methods)
            != NGX_OK)
        {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        return ngx_http_procore_scope_status_refuse(r, NGX_HTTP_NOT_ALLOWED,
            "The status is only read: GET or HEAD.\n");
    }

    view = ngx_http_procore_scope_status_view(r);

    if (view == NULL) {
        return ngx_http_procore_scope_status_refuse(r, NGX_HTTP_BAD_REQUEST,
            "There is no such format. There are ?format=html (what comes "
            "without one), json, prometheus and ready, and ?view=report with "
            "html, json and csv.\n");
    }

    r->headers_out.status = NGX_HTTP_OK;

    if (view->handler == NULL) {
        return ngx_http_procore_scope_status_report(r, view);
    }

    if (view->handler(r, &body) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_procore_scope_status_send(r, &view->type, &body);
}


static ngx_http_procore_scope_view_t *
ngx_http_procore_scope_status_view(ngx_http_request_t *r)
{
    ngx_str_t                       view, format;
    ngx_http_procore_scope_view_t  *v;

    ngx_str_set(&view, "");
    ngx_str_set(&format, "");

    (void) ngx_http_arg(r, (u_char *) "view", 4, &view);
    (void) ngx_http_arg(r, (u_char *) "format", 6, &format);

    for (v = ngx_http_procore_scope_views; v->type.len; v++) {

        if (v->view.len == view.len
            && ngx_strncmp(v->view.data, view.data, view.len) == 0
            && (format.len == 0
                || (v->format.len == format.len
                    && ngx_strncmp(v->format.data, format.data, format.len)
                       == 0)))
        {
            return v;
        }
    }

    return NULL;
}


static ngx_int_t
ngx_http_procore_scope_status_html(ngx_http_request_t *r, ngx_str_t *body)
{
    return ngx_http_procore_scope_status_render(r, procore_status_html, body);
}


static ngx_int_t
ngx_http_procore_scope_status_json(ngx_http_request_t *r, ngx_str_t *body)
{
    return ngx_http_procore_scope_status_render(r, procore_status_json, body);
}


static ngx_int_t
ngx_http_procore_scope_status_prometheus(ngx_http_request_t *r,
    ngx_str_t *body)
{
    return ngx_http_procore_scope_status_render(r, procore_status_prometheus,
                                                body);
}


/* Renders twice: the first time tells the length. */

static ngx_int_t
ngx_http_procore_scope_status_render(ngx_http_request_t *r,
    ngx_http_procore_scope_render_pt render, ngx_str_t *body)
{
    procore_out_t      out;
    procore_status_t  *status;

    status = ngx_pcalloc(r->pool, sizeof(procore_status_t));

    if (status == NULL || ngx_http_procore_scope_facts(r, status) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_memzero(&out, sizeof(procore_out_t));

    render(&out, status);

    out.size = out.len;
    out.len = 0;
    out.data = ngx_pnalloc(r->pool, out.size);

    if (out.data == NULL) {
        return NGX_ERROR;
    }

    render(&out, status);

    body->len = out.len;
    body->data = out.data;

    return NGX_OK;
}


static ngx_int_t
ngx_http_procore_scope_status_ready(ngx_http_request_t *r, ngx_str_t *body)
{
    u_char                  *p;
    const char              *text;
    procore_status_store_e   store;

    store = ngx_http_procore_scope_store_status(r);
    text = procore_status_sentence(store);

    if (store != PROCORE_STATUS_READY) {
        r->headers_out.status = NGX_HTTP_SERVICE_UNAVAILABLE;
    }

    body->len = ngx_strlen(text) + 1;
    body->data = ngx_pnalloc(r->pool, body->len);

    if (body->data == NULL) {
        return NGX_ERROR;
    }

    p = ngx_cpymem(body->data, text, body->len - 1);
    *p = '\n';

    return NGX_OK;
}


static ngx_int_t
ngx_http_procore_scope_status_refuse(ngx_http_request_t *r, ngx_uint_t status,
    const char *text)
{
    ngx_str_t  body;

    r->headers_out.status = status;

    body.len = ngx_strlen(text);
    body.data = (u_char *) text;

    return ngx_http_procore_scope_status_send(r, &ngx_http_procore_scope_plain,
                                              &body);
}


/* What all answers have in common but for their length. */

static ngx_int_t
ngx_http_procore_scope_status_headers(ngx_http_request_t *r, ngx_str_t *type)
{
    u_char            *p;
    ngx_str_t          policy;
    static ngx_str_t   cache = ngx_string("no-store");
    static ngx_str_t   sniff = ngx_string("nosniff");
    static ngx_str_t   referrer = ngx_string("no-referrer");

    p = ngx_pnalloc(r->pool, ngx_strlen(procore_status_style_source) + 128);
    if (p == NULL) {
        return NGX_ERROR;
    }

    policy.data = p;
    policy.len = (size_t)
                 (ngx_sprintf(p, "default-src 'none'; style-src %s; "
                              "base-uri 'none'; form-action 'none'; "
                              "frame-ancestors 'none'",
                              procore_status_style_source) - p);

    if (ngx_http_procore_scope_add_answer_header(r, "Cache-Control", &cache)
        != NGX_OK
        || ngx_http_procore_scope_add_answer_header(r,
                                           "X-Content-Type-Options", &sniff)
           != NGX_OK
        || ngx_http_procore_scope_add_answer_header(r, "Referrer-Policy",
                                                    &referrer)
           != NGX_OK
        || ngx_http_procore_scope_add_answer_header(r,
                                       "Content-Security-Policy", &policy)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    r->headers_out.content_type = *type;
    r->headers_out.content_type_lowcase = NULL;

    /* without its parameters, for the modules that compare it */

    p = ngx_strlchr(type->data, type->data + type->len, ';');

    r->headers_out.content_type_len = p ? (size_t) (p - type->data)
                                        : type->len;

    return NGX_OK;
}


static ngx_int_t
ngx_http_procore_scope_status_send(ngx_http_request_t *r, ngx_str_t *type,
    ngx_str_t *body)
{
    ngx_int_t     rc;
    ngx_buf_t    *b;
    ngx_chain_t   out;

    if (ngx_http_procore_scope_status_headers(r, type) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    r->headers_out.content_length_n = (off_t) body->len;

    b = ngx_calloc_buf(r->pool);
    if (b == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    b->pos = body->data;
    b->last = body->data + body->len;
    b->memory = 1;
    b->last_buf = 1;
    b->last_in_chain = 1;

    out.buf = b;
    out.next = NULL;

    rc = ngx_http_send_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    return ngx_http_output_filter(r, &out);
}


static ngx_int_t
ngx_http_procore_scope_status_report(ngx_http_request_t *r,
    ngx_http_procore_scope_view_t *view)
{
    static ngx_str_t  file =
        ngx_string("attachment; filename=\"procore-scope-report.csv\"");

    if (ngx_http_procore_scope_store_begin() != NGX_OK) {
        return ngx_http_procore_scope_status_refuse(r,
            NGX_HTTP_SERVICE_UNAVAILABLE,
            "The report is in the store, which is out of order: the error log "
            "says why.\n");
    }

    ngx_http_procore_scope_store_end();

    if (ngx_http_procore_scope_status_headers(r, &view->type) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (view->report == PROCORE_REPORT_CSV
        && ngx_http_procore_scope_add_answer_header(r, "Content-Disposition",
                                                    &file)
           != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_procore_scope_report_send(r, view->report);
}

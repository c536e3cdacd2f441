
/*
 * procore_scope_admin: who may ask, what is asked for, and the steps of the
 * work.
 */


#include "ngx_http_procore_scope_admin.h"
#include "ngx_http_procore_scope_status.h"


/* Keeps a worker that shuts down while there is work, milliseconds. */

#define NGX_HTTP_PROCORE_SCOPE_ADMIN_ALIVE  60000


/*
 * A path has at most one name in it: of a token, a family, a project or a
 * client.  "tail" stands behind the name, an empty one in its place: none.
 */

typedef struct {
    ngx_str_t                              head;
    ngx_str_t                              tail;
    ngx_uint_t                             named;
    ngx_uint_t                             method;
    ngx_http_procore_scope_admin_sink_pt   sink;    /* NULL: no body */
    ngx_http_procore_scope_admin_pt        step;
} ngx_http_procore_scope_route_t;


static ngx_int_t ngx_http_procore_scope_admin_start(ngx_http_request_t *r,
    ngx_http_procore_scope_loc_conf_t *plcf,
    ngx_http_procore_scope_admin_t **out);
static void ngx_http_procore_scope_admin_cleanup(void *data);
static ngx_int_t ngx_http_procore_scope_admin_path(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_t *admin);
static ngx_int_t ngx_http_procore_scope_admin_route(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_t *admin);
static ngx_uint_t ngx_http_procore_scope_admin_match(
    const ngx_http_procore_scope_route_t *route, ngx_str_t *path,
    ngx_str_t *name);
static ngx_int_t ngx_http_procore_scope_admin_method(ngx_http_request_t *r,
    ngx_str_t *path);
static ngx_int_t ngx_http_procore_scope_admin_guard(ngx_http_request_t *r,
    const ngx_http_procore_scope_route_t *route);
static ngx_uint_t ngx_http_procore_scope_admin_type(ngx_http_request_t *r,
    ngx_uint_t lines);
static void ngx_http_procore_scope_admin_event(ngx_event_t *ev);
static void ngx_http_procore_scope_admin_alive(ngx_event_t *ev);
static void ngx_http_procore_scope_admin_kept(void *data,
    procore_store_op_t *op);


#define ngx_http_procore_scope_route(head, tail, named, method, sink, step)   \
    { ngx_string(head), ngx_string(tail), named, NGX_HTTP_##method, sink,     \
      ngx_http_procore_scope_admin_##step }


static const ngx_http_procore_scope_route_t
    ngx_http_procore_scope_admin_routes[] =
{
    ngx_http_procore_scope_route("bindings", "", 0, GET, NULL, bindings),
    ngx_http_procore_scope_route("bindings", "", 0, POST,
                             ngx_http_procore_scope_admin_object, set),
    ngx_http_procore_scope_route("bindings", "", 0, DELETE, NULL, end_many),
    ngx_http_procore_scope_route("bindings/show", "", 0, POST,
                             ngx_http_procore_scope_admin_object, show_posted),
    ngx_http_procore_scope_route("bindings/end", "", 0, POST,
                             ngx_http_procore_scope_admin_object, end_posted),
    ngx_http_procore_scope_route("bindings/export", "", 0, GET, NULL,
                             export_bindings),
    ngx_http_procore_scope_route("bindings/import", "", 0, POST,
                             ngx_http_procore_scope_admin_lines, import),
    ngx_http_procore_scope_route("bindings/", "", 1, GET, NULL, show),
    ngx_http_procore_scope_route("bindings/", "", 1, DELETE, NULL, end),
    ngx_http_procore_scope_route("projects", "", 0, GET, NULL, projects),
    ngx_http_procore_scope_route("projects", "", 0, POST,
                             ngx_http_procore_scope_admin_object, learn),
    ngx_http_procore_scope_route("projects", "", 0, DELETE, NULL,
                             forget_many),
    ngx_http_procore_scope_route("projects/export", "", 0, GET, NULL,
                             export_projects),
    ngx_http_procore_scope_route("projects/import", "", 0, POST,
                             ngx_http_procore_scope_admin_lines, import),
    ngx_http_procore_scope_route("projects/", "", 1, GET, NULL, project),
    ngx_http_procore_scope_route("projects/", "", 1, DELETE, NULL, forget),
    ngx_http_procore_scope_route("clients", "", 0, GET, NULL, clients),
    ngx_http_procore_scope_route("clients/", "/pause", 1, POST, NULL, pause),
    ngx_http_procore_scope_route("clients/", "/resume", 1, POST, NULL,
                             resume),
    { ngx_null_string, ngx_null_string, 0, 0, NULL, NULL }
};


ngx_int_t
ngx_http_procore_scope_admin_handler(ngx_http_request_t *r)
{
    ngx_int_t                           rc;
    ngx_http_procore_scope_admin_t     *admin;
    ngx_http_procore_scope_loc_conf_t  *plcf;

    ngx_log_debug0(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "procore scope admin handler");

    plcf = ngx_http_get_module_loc_conf(r, ngx_http_procore_scope_module);

    if (r != r->main
        || (plcf->admin != NGX_HTTP_PROCORE_SCOPE_ADMIN_ANY
            && !ngx_http_procore_scope_is_local(r)))
    {
        return NGX_HTTP_FORBIDDEN;
    }

    /* an answer finalizes the request, and so does what is returned here */

    r->main->count++;

    rc = ngx_http_procore_scope_admin_start(r, plcf, &admin);

    if (rc == NGX_OK) {
        rc = ngx_http_procore_scope_admin_path(r, admin);
    }

    if (rc == NGX_OK) {
        rc = ngx_http_procore_scope_admin_route(r, admin);
    }

    if (rc == NGX_OK && admin->sink) {

        /* reading counts by itself */

        r->main->count--;

        return ngx_http_procore_scope_admin_read(r);
    }

    if (rc == NGX_OK) {
        rc = ngx_http_discard_request_body(r);
    }

    if (rc == NGX_OK) {
        ngx_http_procore_scope_admin_run(r);
        return NGX_DONE;
    }

    if (rc != NGX_DONE) {
        r->main->count--;
    }

    return rc;
}


static ngx_int_t
ngx_http_procore_scope_admin_start(ngx_http_request_t *r,
    ngx_http_procore_scope_loc_conf_t *plcf,
    ngx_http_procore_scope_admin_t **out)
{
    ngx_pool_cleanup_t              *cln;
    ngx_http_procore_scope_ctx_t    *ctx;
    ngx_http_procore_scope_admin_t  *admin;

    ctx = ngx_http_procore_scope_make_ctx(r);
    cln = ngx_pool_cleanup_add(r->pool,
                               sizeof(ngx_http_procore_scope_admin_t));

    if (ctx == NULL || cln == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    admin = cln->data;
    ngx_memzero(admin, sizeof(ngx_http_procore_scope_admin_t));

    cln->handler = ngx_http_procore_scope_admin_cleanup;

    ngx_http_procore_scope_judge_conf(ctx, plcf);
    ctx->admin = admin;
    ctx->refused = 1;

    admin->request = r;
    admin->ctx = ctx;
    ngx_memcpy(admin->filter.realm, plcf->realm, PROCORE_REALM_SIZE);

    admin->event.handler = ngx_http_procore_scope_admin_event;
    admin->event.data = admin;
    admin->event.log = r->connection->log;

    admin->alive.handler = ngx_http_procore_scope_admin_alive;
    admin->alive.data = admin;
    admin->alive.log = r->connection->log;

    *out = admin;

    return NGX_OK;
}


static void
ngx_http_procore_scope_admin_cleanup(void *data)
{
    ngx_http_procore_scope_admin_t *admin = data;

    if (admin->event.posted) {
        ngx_delete_posted_event(&admin->event);
    }

    if (admin->alive.timer_set) {
        ngx_del_timer(&admin->alive);
    }

    if (admin->body.data) {
        ngx_explicit_memzero(admin->body.data, admin->body.len);
    }

    procore_import_free(admin->import);
}


/* What access rules were asked about must be what is done. */

static ngx_int_t
ngx_http_procore_scope_admin_path(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_t *admin)
{
    procore_str_t  raw, normal;

    ngx_http_procore_scope_raw_path(r, &raw);

    normal.len = admin->ctx->normal.len;
    normal.data = admin->ctx->normal.data;

    if (procore_path_compare(&raw, &normal) == PROCORE_OK) {
        return NGX_OK;
    }

    return ngx_http_procore_scope_admin_refuse(r, NGX_HTTP_BAD_REQUEST,
                         PROCORE_REASON_MALFORMED_PATH,
                         "a path is written as it is meant, without dots, "
                         "empty parts and coded slashes");
}


static ngx_int_t
ngx_http_procore_scope_admin_route(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_t *admin)
{
    ngx_int_t                              rc;
    ngx_str_t                              path;
    ngx_uint_t                             method, found;
    ngx_http_core_loc_conf_t              *clcf;
    const ngx_http_procore_scope_route_t  *route;

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    path.len = r->uri.len > clcf->name.len ? r->uri.len - clcf->name.len : 0;
    path.data = r->uri.data + (r->uri.len - path.len);

    if (path.len && path.data[0] == '/') {
        path.len--;
        path.data++;
    }

    method = r->method == NGX_HTTP_HEAD ? NGX_HTTP_GET : r->method;
    found = 0;

    for (route = ngx_http_procore_scope_admin_routes; route->step; route++) {

        if (!ngx_http_procore_scope_admin_match(route, &path, &admin->name)) {
            continue;
        }

        found = 1;

        if (route->method != method) {
            continue;
        }

        admin->sink = route->sink;
        admin->next = route->step;

        rc = method == NGX_HTTP_GET
             ? NGX_OK : ngx_http_procore_scope_admin_guard(r, route);

        if (rc == NGX_OK
            && admin->sink == ngx_http_procore_scope_admin_object
            && r->headers_in.content_length_n
               > NGX_HTTP_PROCORE_SCOPE_ADMIN_BODY)
        {
            rc = ngx_http_procore_scope_admin_long(r);
        }

        return rc == NGX_OK ? ngx_http_procore_scope_admin_query(r, admin)
                            : rc;
    }

    if (found) {
        return ngx_http_procore_scope_admin_method(r, &path);
    }

    return ngx_http_procore_scope_admin_refuse(r, NGX_HTTP_NOT_FOUND,
                   PROCORE_REASON_NOT_FOUND,
                   "there is nothing here of this path; see docs/admin.md");
}


static ngx_uint_t
ngx_http_procore_scope_admin_match(const ngx_http_procore_scope_route_t *route,
    ngx_str_t *path, ngx_str_t *name)
{
    const ngx_http_procore_scope_route_t  *other;

    if (!route->named) {
        return path->len == route->head.len
               && ngx_memcmp(path->data, route->head.data, path->len) == 0;
    }

    if (path->len <= route->head.len + route->tail.len
        || ngx_memcmp(path->data, route->head.data, route->head.len) != 0
        || ngx_memcmp(path->data + path->len - route->tail.len,
                      route->tail.data, route->tail.len)
           != 0)
    {
        return 0;
    }

    /* a word of ours is nobody's name */

    for (other = ngx_http_procore_scope_admin_routes; other->step; other++) {
        if (!other->named
            && ngx_http_procore_scope_admin_match(other, path, name))
        {
            return 0;
        }
    }

    name->len = path->len - route->head.len - route->tail.len;
    name->data = path->data + route->head.len;

    return 1;
}


static ngx_int_t
ngx_http_procore_scope_admin_method(ngx_http_request_t *r, ngx_str_t *path)
{
    u_char                                *p, *last;
    ngx_str_t                              allow, name;
    const ngx_http_procore_scope_route_t  *route;

    p = ngx_pnalloc(r->pool, sizeof("GET, HEAD, POST, DELETE"));
    if (p == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    allow.data = p;
    last = p + sizeof("GET, HEAD, POST, DELETE");

    for (route = ngx_http_procore_scope_admin_routes; route->step; route++) {

        if (!ngx_http_procore_scope_admin_match(route, path, &name)) {
            continue;
        }

        p = ngx_slprintf(p, last, "%s%s", p == allow.data ? "" : ", ",
                         route->method == NGX_HTTP_GET ? "GET, HEAD"
                         : route->method == NGX_HTTP_POST ? "POST"
                                                          : "DELETE");
    }

    allow.len = (size_t) (p - allow.data);

    if (ngx_http_procore_scope_add_answer_header(r, "Allow", &allow) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_procore_scope_admin_refuse(r, NGX_HTTP_NOT_ALLOWED,
                                               PROCORE_REASON_BAD_REQUEST,
                                               "here is %V", &allow);
}


/*
 * No web page can write: a browser sends Origin with every request that is not
 * a GET or HEAD, and asks before it sends JSON to another host.
 */

static ngx_int_t
ngx_http_procore_scope_admin_guard(ngx_http_request_t *r,
    const ngx_http_procore_scope_route_t *route)
{
    ngx_uint_t         i, lines;
    ngx_list_part_t   *part;
    ngx_table_elt_t   *h;
    static ngx_str_t   origin = ngx_string("origin");
    static ngx_str_t   encoding = ngx_string("content-encoding");

    for (part = &r->headers_in.headers.part; part; part = part->next) {
        h = part->elts;

        for (i = 0; i < part->nelts; i++) {

            if (ngx_http_procore_scope_is_header(&h[i], &origin)) {
                return ngx_http_procore_scope_admin_refuse(r,
                                NGX_HTTP_FORBIDDEN, PROCORE_REASON_CSRF,
                                "a request with an Origin comes from a web "
                                "page, and changes nothing here");
            }

            if (ngx_http_procore_scope_is_header(&h[i], &encoding)) {
                return ngx_http_procore_scope_admin_refuse(r,
                                NGX_HTTP_UNSUPPORTED_MEDIA_TYPE,
                                PROCORE_REASON_UNSUPPORTED_BODY,
                                "a body with a Content-Encoding is not read");
            }
        }
    }

    lines = route->sink == ngx_http_procore_scope_admin_lines;

    if (ngx_http_procore_scope_admin_type(r, lines)) {
        return NGX_OK;
    }

    return ngx_http_procore_scope_admin_refuse(r,
                      NGX_HTTP_UNSUPPORTED_MEDIA_TYPE,
                      PROCORE_REASON_UNSUPPORTED_BODY,
                      lines ? "an import has the Content-Type "
                              "application/jsonl, application/x-ndjson or "
                              "application/json"
                            : "what changes something has the Content-Type "
                              "application/json, with a body or without");
}


/* One Content-Type, and one of these; parameters do not count. */

static ngx_uint_t
ngx_http_procore_scope_admin_type(ngx_http_request_t *r, ngx_uint_t lines)
{
    u_char            *p, *last;
    ngx_str_t          type;
    ngx_uint_t         i, n;
    ngx_list_part_t   *part;
    ngx_table_elt_t   *h;
    static ngx_str_t   name = ngx_string("content-type");
    static ngx_str_t   known[] = {
        ngx_string("application/json"),
        ngx_string("application/jsonl"),
        ngx_string("application/x-ndjson")
    };

    ngx_str_null(&type);
    n = 0;

    for (part = &r->headers_in.headers.part; part; part = part->next) {
        h = part->elts;

        for (i = 0; i < part->nelts; i++) {
            if (ngx_http_procore_scope_is_header(&h[i], &name)) {
                type = h[i].value;
                n++;
            }
        }
    }

    if (n != 1) {
        return 0;
    }

    last = type.data + type.len;

    for (p = type.data; p < last && *p != ';' && *p != ' ' && *p != '\t'; p++) {
        /* void */
    }

    type.len = (size_t) (p - type.data);
    n = lines ? sizeof(known) / sizeof(known[0]) : 1;

    for (i = 0; i < n; i++) {
        if (type.len == known[i].len
            && ngx_strncasecmp(type.data, known[i].data, type.len) == 0)
        {
            return 1;
        }
    }

    return 0;
}


void
ngx_http_procore_scope_admin_run(ngx_http_request_t *r)
{
    ngx_int_t                       rc;
    ngx_http_procore_scope_ctx_t   *ctx;

    ctx = ngx_http_procore_scope_get_ctx(r);

    rc = ctx->admin->next(r, ctx->admin);

    if (rc != NGX_AGAIN && rc != NGX_DONE) {
        ngx_http_finalize_request(r, rc);
    }
}


/*
 * A walk over millions is taken in many rounds, so that requests are served
 * between them; whoever has gone away is noticed.
 */

ngx_int_t
ngx_http_procore_scope_admin_later(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_pt next)
{
    ngx_http_procore_scope_ctx_t  *ctx;

    ctx = ngx_http_procore_scope_get_ctx(r);
    ctx->admin->next = next;

    /* what has begun is done, whoever still listens */

    r->read_event_handler = ctx->admin->begun ? ngx_http_block_reading
                                              : ngx_http_test_reading;
    r->write_event_handler = ngx_http_request_empty_handler;

    ngx_post_event(&ctx->admin->event, &ngx_posted_next_events);

    /* a worker that shuts down ends when no timer is left */

    if (!ctx->admin->alive.timer_set) {
        ngx_add_timer(&ctx->admin->alive, NGX_HTTP_PROCORE_SCOPE_ADMIN_ALIVE);
    }

    return NGX_AGAIN;
}


static void
ngx_http_procore_scope_admin_alive(ngx_event_t *ev)
{
    ngx_add_timer(ev, NGX_HTTP_PROCORE_SCOPE_ADMIN_ALIVE);
}


static void
ngx_http_procore_scope_admin_event(ngx_event_t *ev)
{
    ngx_connection_t                *c;
    ngx_http_request_t              *r;
    ngx_http_procore_scope_admin_t  *admin;

    admin = ev->data;
    r = admin->request;
    c = r->connection;

    ngx_http_set_log_request(c->log, r);

    ngx_http_procore_scope_admin_run(r);

    ngx_http_run_posted_requests(c);
}


void
ngx_http_procore_scope_admin_op(ngx_http_procore_scope_admin_t *admin,
    procore_store_op_e type, procore_store_op_t *op)
{
    ngx_memzero(op, sizeof(procore_store_op_t));

    op->type = type;
    op->now = (uint64_t) ngx_time();
    ngx_memcpy(op->realm, admin->filter.realm, PROCORE_REALM_SIZE);
}


ngx_int_t
ngx_http_procore_scope_admin_write(ngx_http_request_t *r,
    procore_store_op_t *op, ngx_http_procore_scope_written_pt handler,
    void *data)
{
    ngx_http_procore_scope_ctx_t  *ctx;

    ctx = ngx_http_procore_scope_get_ctx(r);

    if (handler == NULL) {
        handler = ngx_http_procore_scope_admin_kept;
        data = ctx->admin;
    }

    if (ngx_http_procore_scope_store_write(op, handler, data) != NGX_OK)
    {
        ctx->admin->failed = 1;
        return NGX_ERROR;
    }

    ctx->admin->begun = 1;
    ctx->admin->pending++;
    ngx_http_procore_scope_hold(r);

    return NGX_OK;
}


static void
ngx_http_procore_scope_admin_kept(void *data, procore_store_op_t *op)
{
    ngx_http_procore_scope_admin_t *admin = data;

    admin->op = *op;

    ngx_http_procore_scope_admin_landed(admin);
}


void
ngx_http_procore_scope_admin_landed(ngx_http_procore_scope_admin_t *admin)
{
    admin->pending--;
    ngx_http_procore_scope_release(admin->request);

    if (admin->pending == 0) {
        ngx_http_procore_scope_wake(admin->request);
    }
}


ngx_int_t
ngx_http_procore_scope_admin_wait(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_pt next)
{
    ngx_http_procore_scope_ctx_t  *ctx;

    ctx = ngx_http_procore_scope_get_ctx(r);

    if (ctx->admin->pending == 0) {
        return next(r, ctx->admin);
    }

    ctx->admin->next = next;

    r->read_event_handler = ngx_http_block_reading;
    r->write_event_handler = ngx_http_procore_scope_admin_run;

    return NGX_AGAIN;
}

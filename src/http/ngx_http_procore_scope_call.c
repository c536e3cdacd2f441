
/*
 * Calls of the module's own to Procore.
 *
 * A call is a background subrequest of the request that needs it.  It has a
 * deadline of its own; what has not come until then did not come.
 */


#include "ngx_http_procore_scope_call.h"


/* The memory for an answer begins with this and is doubled. */

#define NGX_HTTP_PROCORE_SCOPE_CALL_SIZE  8192


static ngx_int_t ngx_http_procore_scope_call_own(ngx_http_request_t *sr,
    ngx_http_procore_scope_call_t *call);
static ngx_int_t ngx_http_procore_scope_call_headers(ngx_http_request_t *sr,
    ngx_http_procore_scope_call_t *call);
static ngx_int_t ngx_http_procore_scope_call_done(ngx_http_request_t *sr,
    void *data, ngx_int_t rc);
static void ngx_http_procore_scope_call_kept(ngx_http_request_t *sr,
    ngx_str_t *name, ngx_str_t *value);
static void ngx_http_procore_scope_call_timeout(ngx_event_t *ev);
static void ngx_http_procore_scope_call_over(
    ngx_http_procore_scope_call_t *call);
static void ngx_http_procore_scope_call_gone(void *data);
static void ngx_http_procore_scope_call_append(ngx_http_request_t *sr,
    ngx_http_procore_scope_call_t *call, u_char *data, size_t len);


static ngx_str_t  ngx_http_procore_scope_call_agent =
    ngx_string("procore-scope");

static ngx_str_t  ngx_http_procore_scope_call_accept =
    ngx_string("application/json");

static ngx_str_t  ngx_http_procore_scope_call_content_type =
    ngx_string("content-type");

static ngx_str_t  ngx_http_procore_scope_call_challenge =
    ngx_string("www-authenticate");

static ngx_str_t  ngx_http_procore_scope_call_type =
    ngx_string("application/x-www-form-urlencoded");


ngx_int_t
ngx_http_procore_scope_call(ngx_http_request_t *r,
    ngx_http_procore_scope_call_t *call)
{
    ngx_pool_cleanup_t            *cln;
    ngx_http_request_t            *sr;
    ngx_http_post_subrequest_t    *ps;
    ngx_http_procore_scope_ctx_t  *ctx;

    ngx_log_debug1(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "procore scope call \"%V\"", &call->uri);

    ps = ngx_palloc(r->pool, sizeof(ngx_http_post_subrequest_t));
    cln = ngx_pool_cleanup_add(r->pool, 0);

    if (ps == NULL || cln == NULL) {
        return NGX_ERROR;
    }

    call->status = 0;
    call->text.len = 0;
    call->size = 0;
    call->retry_after = 0;
    call->type.len = 0;
    call->challenge.len = 0;
    call->complete = 0;
    call->over = 0;
    call->next = 0;
    call->broken = 0;
    call->last = 0;

    ps->handler = ngx_http_procore_scope_call_done;
    ps->data = call;

    if (ngx_http_subrequest(r, &call->uri, call->args.len ? &call->args : NULL,
                            &sr, ps, NGX_HTTP_SUBREQUEST_BACKGROUND)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    /* it cannot be taken back, but must not go up with the client's header */

    ctx = ngx_http_procore_scope_make_ctx(sr);

    if (ctx == NULL
        || ngx_http_procore_scope_call_own(sr, call) != NGX_OK)
    {
        call->request = NULL;
        sr->write_event_handler = ngx_http_procore_scope_subrequest_drop;
        return NGX_ERROR;
    }

    ctx->answer_type = NGX_HTTP_PROCORE_SCOPE_ANSWER_CALL;
    ctx->call = call;

    call->request = sr;

    cln->handler = ngx_http_procore_scope_call_gone;
    cln->data = call;

    ngx_memzero(&call->timer, sizeof(ngx_event_t));

    call->timer.handler = ngx_http_procore_scope_call_timeout;
    call->timer.data = call;
    call->timer.log = r->connection->log;

    ngx_add_timer(&call->timer, call->timeout);

    return NGX_OK;
}


static ngx_int_t
ngx_http_procore_scope_call_own(ngx_http_request_t *sr,
    ngx_http_procore_scope_call_t *call)
{
    ngx_buf_t                  *b;
    ngx_http_variable_value_t  *variables;

    variables = NULL;

    if (ngx_http_procore_scope_subrequest_own(sr, &variables) != NGX_OK
        || ngx_http_procore_scope_call_headers(sr, call) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (!call->post) {
        return NGX_OK;
    }

    sr->method = NGX_HTTP_POST;
    ngx_str_set(&sr->method_name, "POST");
    sr->headers_in.content_length_n = (off_t) call->body.len;

    b = ngx_calloc_buf(sr->pool);
    sr->request_body->bufs = ngx_alloc_chain_link(sr->pool);

    if (b == NULL || sr->request_body->bufs == NULL) {
        return NGX_ERROR;
    }

    b->start = call->body.data;
    b->pos = call->body.data;
    b->last = call->body.data + call->body.len;
    b->end = b->last;
    b->memory = 1;
    b->last_buf = 1;

    sr->request_body->bufs->buf = b;
    sr->request_body->bufs->next = NULL;

    return NGX_OK;
}


static ngx_int_t
ngx_http_procore_scope_call_headers(ngx_http_request_t *sr,
    ngx_http_procore_scope_call_t *call)
{
    ngx_http_headers_in_t  *in;

    in = &sr->headers_in;

    in->user_agent = ngx_http_procore_scope_subrequest_add(sr, "User-Agent",
                                                           "user-agent",
                                         &ngx_http_procore_scope_call_agent);

    if (in->user_agent == NULL
        || ngx_http_procore_scope_subrequest_add(sr, "Accept", "accept",
                                         &ngx_http_procore_scope_call_accept)
           == NULL)
    {
        return NGX_ERROR;
    }

    if (call->authorization.len) {
        in->authorization = ngx_http_procore_scope_subrequest_add(sr,
                                            "Authorization", "authorization",
                                            &call->authorization);
        if (in->authorization == NULL) {
            return NGX_ERROR;
        }
    }

    if (call->post) {
        in->content_type = ngx_http_procore_scope_subrequest_add(sr,
                                            "Content-Type", "content-type",
                                          &ngx_http_procore_scope_call_type);
        if (in->content_type == NULL) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_procore_scope_bearer(ngx_pool_t *pool, const procore_str_t *token,
    ngx_str_t *authorization)
{
    u_char  *p;

    authorization->len = sizeof("Bearer ") - 1 + token->len;

    p = ngx_pnalloc(pool, authorization->len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    authorization->data = p;

    p = ngx_cpymem(p, "Bearer ", sizeof("Bearer ") - 1);
    ngx_memcpy(p, token->data, token->len);

    return NGX_OK;
}


ngx_int_t
ngx_http_procore_scope_call_header(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    ngx_http_procore_scope_call_t  *call;

    r->header_sent = 1;
    r->filter_need_in_memory = 1;

    /* see ngx_http_procore_scope_lookup_header() */

    if (r->upstream) {
        r->upstream->buffering = 0;
    }

    call = ctx->call;

    if (call->request != r) {
        return NGX_OK;
    }

    call->status = r->headers_out.status;
    call->next = ngx_http_procore_scope_subrequest_next(r);
    call->broken = !ngx_http_procore_scope_subrequest_plain(r);

    if (call->status == NGX_HTTP_TOO_MANY_REQUESTS
        || call->status == NGX_HTTP_SERVICE_UNAVAILABLE)
    {
        call->retry_after = ngx_http_procore_scope_subrequest_retry(r);
    }

    ngx_http_procore_scope_call_kept(r,
                                     &ngx_http_procore_scope_call_content_type,
                                     &call->type);
    ngx_http_procore_scope_call_kept(r, &ngx_http_procore_scope_call_challenge,
                                     &call->challenge);

    return NGX_OK;
}


/* The pool is the main request's, so it outlives the subrequest. */

static void
ngx_http_procore_scope_call_kept(ngx_http_request_t *sr, ngx_str_t *name,
    ngx_str_t *value)
{
    ngx_str_t  *header;

    header = ngx_http_procore_scope_subrequest_header(sr, name);

    if (header) {
        *value = *header;
    }
}


/*
 * Never returns NGX_ERROR, which would end the client's connection.  A sign of
 * the end comes only with an answer that is complete.
 */

ngx_int_t
ngx_http_procore_scope_call_body(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, ngx_chain_t *in)
{
    ngx_buf_t                      *b;
    ngx_http_procore_scope_call_t  *call;

    call = ctx->call;

    if (call->request != r) {
        call = NULL;
    }

    for ( /* void */ ; in; in = in->next) {
        b = in->buf;

        if (call && ngx_buf_in_memory(b)) {
            ngx_http_procore_scope_call_append(r, call, b->pos,
                                               (size_t) (b->last - b->pos));

        } else if (call && b->in_file) {
            call->broken = 1;
        }

        if (call && (b->last_buf || b->last_in_chain)) {
            call->last = 1;
        }

        b->pos = b->last;
        b->file_pos = b->file_last;
    }

    return NGX_OK;
}


static void
ngx_http_procore_scope_call_append(ngx_http_request_t *sr,
    ngx_http_procore_scope_call_t *call, u_char *data, size_t len)
{
    u_char  *p;
    size_t   size;

    if (len == 0 || call->over || call->broken) {
        return;
    }

    if (len > call->limit - call->text.len) {
        call->over = 1;
        return;
    }

    if (len > call->size - call->text.len) {

        size = call->size ? call->size : NGX_HTTP_PROCORE_SCOPE_CALL_SIZE;

        while (size < call->text.len + len) {
            size *= 2;
        }

        p = ngx_pnalloc(sr->pool, size);
        if (p == NULL) {
            call->broken = 1;
            return;
        }

        if (call->size) {
            ngx_memcpy(p, call->text.data, call->text.len);
            (void) ngx_pfree(sr->pool, call->text.data);
        }

        call->text.data = p;
        call->size = size;
    }

    ngx_memcpy(call->text.data + call->text.len, data, len);
    call->text.len += len;
}


/*
 * The subrequest has ended.  A status that nginx would answer for it is taken
 * here and goes no further: no error page belongs into a call.
 */

static ngx_int_t
ngx_http_procore_scope_call_done(ngx_http_request_t *sr, void *data,
    ngx_int_t rc)
{
    ngx_http_procore_scope_call_t *call = data;

    if (sr->connection->error || rc == NGX_HTTP_CLIENT_CLOSED_REQUEST) {
        return rc;
    }

    if (call->request != sr) {
        return NGX_OK;
    }

    if (call->status == 0 && rc >= NGX_HTTP_SPECIAL_RESPONSE) {
        call->status = (ngx_uint_t) rc;
    }

    call->complete = call->last && !call->broken && !call->over;

    ngx_http_procore_scope_call_over(call);

    return NGX_OK;
}


static void
ngx_http_procore_scope_call_timeout(ngx_event_t *ev)
{
    ngx_http_procore_scope_call_t *call = ev->data;

    ngx_http_request_t  *sr;

    sr = call->request;

    ngx_http_set_log_request(sr->connection->log, sr->main);

    call->status = 0;

    ngx_http_procore_scope_call_over(call);
    ngx_http_procore_scope_subrequest_cut(sr);
}


static void
ngx_http_procore_scope_call_over(ngx_http_procore_scope_call_t *call)
{
    ngx_http_request_t  *r;

    r = call->request->main;

    ngx_log_debug3(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "procore scope call over: \"%V\" status:%ui complete:%d",
                   &call->uri, call->status, call->complete);

    call->request = NULL;

    if (call->timer.timer_set) {
        ngx_del_timer(&call->timer);
    }

    if (call->handler) {
        call->handler(r, call);
    }
}


static void
ngx_http_procore_scope_call_gone(void *data)
{
    ngx_http_procore_scope_call_t *call = data;

    if (call->timer.timer_set) {
        ngx_del_timer(&call->timer);
    }
}


/*
 * The pages of List Companies, one call after another, until one of them has
 * the bound company.  The client's answer is held meanwhile.
 */


#include "ngx_http_procore_scope_answer.h"
#include "ngx_http_procore_scope_search.h"
#include "../procore/procore_company_list.h"


static ngx_uint_t ngx_http_procore_scope_search_named(u_char *param,
    u_char *last, ngx_str_t *name);
static ngx_int_t ngx_http_procore_scope_search_params(ngx_http_request_t *r,
    ngx_http_procore_scope_search_t *search);
static ngx_int_t ngx_http_procore_scope_search_uri(ngx_http_request_t *r,
    ngx_str_t *prefix, ngx_str_t *uri);
static void ngx_http_procore_scope_search_start(ngx_event_t *ev);
static void ngx_http_procore_scope_search_gone(void *data);
static ngx_int_t ngx_http_procore_scope_search_ask(ngx_http_request_t *r,
    ngx_http_procore_scope_search_t *search);
static void ngx_http_procore_scope_search_read(ngx_http_request_t *r,
    ngx_http_procore_scope_call_t *call);
static int ngx_http_procore_scope_search_find(
    ngx_http_procore_scope_search_t *search);
static void ngx_http_procore_scope_search_over(ngx_http_request_t *r,
    ngx_http_procore_scope_search_t *search, int rc);


static ngx_str_t  ngx_http_procore_scope_search_page = ngx_string("page=");
static ngx_str_t  ngx_http_procore_scope_search_per_page =
    ngx_string("per_page=");


ngx_uint_t
ngx_http_procore_scope_search_later(ngx_http_request_t *r)
{
    u_char  *p, *end, *last, *value;

    last = r->args.data + r->args.len;

    for (p = r->args.data; p < last; p = end + 1) {

        end = ngx_strlchr(p, last, '&');
        if (end == NULL) {
            end = last;
        }

        value = p + ngx_http_procore_scope_search_page.len;

        if (ngx_http_procore_scope_search_named(p, end,
                                         &ngx_http_procore_scope_search_page)
            && ngx_atoi(value, (size_t) (end - value)) > 1)
        {
            return 1;
        }
    }

    return 0;
}


static ngx_uint_t
ngx_http_procore_scope_search_named(u_char *param, u_char *last,
    ngx_str_t *name)
{
    return (size_t) (last - param) >= name->len
           && ngx_memcmp(param, name->data, name->len) == 0;
}


ngx_uint_t
ngx_http_procore_scope_search_may(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    return r->method == NGX_HTTP_GET && ctx->conf->lookup.len
           && r->headers_in.authorization
           && !ngx_http_procore_scope_has_body(r);
}


/*
 * No call is made from here: the upstream of the held answer is not finished
 * yet.  An event of its own makes the first one.
 */

ngx_int_t
ngx_http_procore_scope_search(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    ngx_pool_cleanup_t               *cln;
    ngx_http_procore_scope_search_t  *search;

    search = ngx_pcalloc(r->pool, sizeof(ngx_http_procore_scope_search_t));
    cln = ngx_pool_cleanup_add(r->pool, 0);

    if (search == NULL || cln == NULL
        || ngx_http_procore_scope_search_params(r, search) != NGX_OK
        || ngx_http_procore_scope_search_uri(r, &ctx->conf->lookup,
                                             &search->call.uri)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    search->ctx = ctx;
    search->deadline = ngx_current_msec + ctx->conf->lookup_timeout;

    search->call.authorization = r->headers_in.authorization->value;
    search->call.limit = NGX_HTTP_PROCORE_SCOPE_COMPANIES_TEXT;
    search->call.handler = ngx_http_procore_scope_search_read;
    search->call.data = search;

    search->event.handler = ngx_http_procore_scope_search_start;
    search->event.data = r;
    search->event.log = r->connection->log;

    cln->handler = ngx_http_procore_scope_search_gone;
    cln->data = search;

    ctx->search = search;
    ctx->answer->writing = 1;
    r->buffered |= NGX_HTTP_PROCORE_SCOPE_BUFFERED;

    ngx_post_event(&search->event, &ngx_posted_events);

    return NGX_AGAIN;
}


/* What else the client asked for might leave companies out, or let more in. */

static ngx_int_t
ngx_http_procore_scope_search_params(ngx_http_request_t *r,
    ngx_http_procore_scope_search_t *search)
{
    u_char  *p, *end, *last, *to;

    to = ngx_pnalloc(r->pool, r->args.len + 1);
    if (to == NULL) {
        return NGX_ERROR;
    }

    search->params.data = to;
    last = r->args.data + r->args.len;

    for (p = r->args.data; p < last; p = end + 1) {

        end = ngx_strlchr(p, last, '&');
        if (end == NULL) {
            end = last;
        }

        if (ngx_http_procore_scope_search_named(p, end,
                                      &ngx_http_procore_scope_search_page)
            || ngx_http_procore_scope_search_named(p, end,
                                      &ngx_http_procore_scope_search_per_page))
        {
            continue;
        }

        to = ngx_cpymem(to, p, end - p);
        *to++ = '&';
    }

    search->params.len = (size_t) (to - search->params.data);

    return NGX_OK;
}


static ngx_int_t
ngx_http_procore_scope_search_uri(ngx_http_request_t *r,
    ngx_str_t *prefix, ngx_str_t *uri)
{
    u_char  *p;

    uri->len = prefix->len + r->uri.len;
    uri->data = ngx_pnalloc(r->pool, uri->len);

    if (uri->data == NULL) {
        return NGX_ERROR;
    }

    p = ngx_cpymem(uri->data, prefix->data, prefix->len);
    ngx_memcpy(p, r->uri.data, r->uri.len);

    return NGX_OK;
}


static void
ngx_http_procore_scope_search_start(ngx_event_t *ev)
{
    ngx_connection_t              *c;
    ngx_http_request_t            *r;
    ngx_http_procore_scope_ctx_t  *ctx;

    r = ev->data;
    c = r->connection;
    ctx = ngx_http_get_module_ctx(r, ngx_http_procore_scope_module);

    ngx_http_set_log_request(c->log, r);

    if (ngx_http_procore_scope_search_ask(r, ctx->search) != NGX_OK) {
        ngx_http_procore_scope_search_over(r, ctx->search, PROCORE_ERROR);
        return;
    }

    ngx_http_run_posted_requests(c);
}


static void
ngx_http_procore_scope_search_gone(void *data)
{
    ngx_http_procore_scope_search_t *search = data;

    if (search->event.posted) {
        ngx_delete_posted_event(&search->event);
    }
}


static ngx_int_t
ngx_http_procore_scope_search_ask(ngx_http_request_t *r,
    ngx_http_procore_scope_search_t *search)
{
    u_char          *p;
    ngx_msec_int_t   left;

    left = (ngx_msec_int_t) (search->deadline - ngx_current_msec);

    if (left <= 0) {
        return NGX_ERROR;
    }

    p = ngx_pnalloc(r->pool, search->params.len
                             + sizeof("per_page=&page=") + 2 * NGX_INT64_LEN);
    if (p == NULL) {
        return NGX_ERROR;
    }

    search->call.args.data = p;
    search->call.args.len = (size_t) (ngx_sprintf(p, "%Vper_page=%d&page=%ui",
                                        &search->params,
                                        NGX_HTTP_PROCORE_SCOPE_COMPANIES_PAGE,
                                        ++search->page) - p);

    search->call.timeout = (ngx_msec_t) left;

    return ngx_http_procore_scope_call(r, &search->call);
}


static void
ngx_http_procore_scope_search_read(ngx_http_request_t *r,
    ngx_http_procore_scope_call_t *call)
{
    int                               rc;
    ngx_http_procore_scope_search_t  *search;

    search = call->data;
    search->ctx->retry_after = call->retry_after;

    if (call->status < NGX_HTTP_OK || call->status >= NGX_HTTP_SPECIAL_RESPONSE
        || !call->complete)
    {
        ngx_http_procore_scope_search_over(r, search, PROCORE_ERROR);
        return;
    }

    rc = ngx_http_procore_scope_search_find(search);

    if (rc != PROCORE_NOT_FOUND || !call->next) {
        ngx_http_procore_scope_search_over(r, search, rc);
        return;
    }

    if (call->size) {
        (void) ngx_pfree(r->pool, call->text.data);
    }

    if (search->page == NGX_HTTP_PROCORE_SCOPE_COMPANIES_PAGES
        || ngx_http_procore_scope_search_ask(r, search) != NGX_OK)
    {
        ngx_http_procore_scope_search_over(r, search, PROCORE_ERROR);
    }
}


static int
ngx_http_procore_scope_search_find(ngx_http_procore_scope_search_t *search)
{
    int                     rc;
    ngx_str_t              *text;
    procore_company_list_t  list;

    text = &search->call.text;

    procore_company_list_start(&list, search->ctx->judge.company);

    if (text->len == 0
        || procore_company_list_feed(&list, text->data, text->len)
           != PROCORE_OK)
    {
        return PROCORE_MALFORMED;
    }

    rc = procore_company_list_end(&list);

    if (rc == PROCORE_OK) {
        search->element.data = text->data + list.offset;
        search->element.len = (size_t) list.length;
    }

    return rc;
}


/*
 * May run inside of a subrequest's end, so the answer goes on in an event that
 * calls the filters again.
 */

static void
ngx_http_procore_scope_search_over(ngx_http_request_t *r,
    ngx_http_procore_scope_search_t *search, int rc)
{
    search->rc = rc;
    search->over = 1;
    search->ctx->answer->writing = 0;

    ngx_post_event(r->connection->write, &ngx_posted_events);
}

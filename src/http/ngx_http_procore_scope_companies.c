
/*
 * List Companies is a list of one: the company of the token.
 *
 * What cannot be read for certain would show other companies, so it is refused
 * as lookup_failed: a list of Procore's is out of reach.
 */


#include "ngx_http_procore_scope_bind.h"
#include "ngx_http_procore_scope_filter.h"
#include "ngx_http_procore_scope_search.h"
#include "../procore/procore_company_list.h"


/* A page has at most a few hundred companies of less than 1 KB each. */

#define NGX_HTTP_PROCORE_SCOPE_COMPANIES_MAX  (4 * 1024 * 1024)


static ngx_uint_t ngx_http_procore_scope_companies_unreadable(
    ngx_http_request_t *r);
static ngx_int_t ngx_http_procore_scope_companies_total(ngx_http_request_t *r);
static ngx_int_t ngx_http_procore_scope_companies_finish(
    ngx_http_request_t *r, ngx_http_procore_scope_ctx_t *ctx);
static ngx_uint_t ngx_http_procore_scope_companies_elsewhere(
    ngx_http_request_t *r, ngx_http_procore_scope_ctx_t *ctx);
static ngx_int_t ngx_http_procore_scope_companies_searched(
    ngx_http_request_t *r, ngx_http_procore_scope_ctx_t *ctx);
static ngx_int_t ngx_http_procore_scope_companies_send(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, ngx_str_t *element);
static ngx_uint_t ngx_http_procore_scope_companies_array(
    ngx_http_procore_scope_ctx_t *ctx);
static int ngx_http_procore_scope_companies_find(
    ngx_http_procore_scope_ctx_t *ctx, procore_company_list_t *list);


ngx_int_t
ngx_http_procore_scope_companies_header(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    if (ctx->sole) {
        return ngx_http_procore_scope_sole_header(r, ctx);
    }

    if (r->headers_out.status < NGX_HTTP_OK
        || r->headers_out.status >= NGX_HTTP_SPECIAL_RESPONSE)
    {
        return ngx_http_procore_scope_next_header_filter(r);
    }

    if (r->method == NGX_HTTP_HEAD) {

        if (ngx_http_procore_scope_companies_total(r) != NGX_OK) {
            return NGX_ERROR;
        }

        ngx_http_clear_content_length(r);
        ngx_http_clear_accept_ranges(r);
        ngx_http_clear_last_modified(r);
        ngx_http_clear_etag(r);

        return ngx_http_procore_scope_next_header_filter(r);
    }

    if (ngx_http_procore_scope_answer_start(r, ctx,
                                        NGX_HTTP_PROCORE_SCOPE_COMPANIES_MAX)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (ngx_http_procore_scope_companies_unreadable(r)) {
        return ngx_http_procore_scope_answer_refuse(r, ctx,
                                                PROCORE_REASON_LOOKUP_FAILED);
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_procore_scope_companies_body(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, ngx_chain_t *in)
{
    if (ctx->sole) {
        return ngx_http_procore_scope_sole_body(r, ctx, in);
    }

    if (ctx->answer == NULL) {
        return ngx_http_procore_scope_next_body_filter(r, in);
    }

    if (ctx->answer->done) {
        return ngx_http_procore_scope_answer_after(r, ctx, in);
    }

    if (ctx->answer->writing) {
        return NGX_AGAIN;
    }

    if (ctx->search) {
        return ngx_http_procore_scope_companies_searched(r, ctx);
    }

    switch (ngx_http_procore_scope_answer_collect(r, ctx, in)) {

    case NGX_AGAIN:
        return NGX_OK;

    case NGX_OK:
        return ngx_http_procore_scope_companies_finish(r, ctx);

    case NGX_DECLINED:
        return ngx_http_procore_scope_answer_refuse(r, ctx,
                                                PROCORE_REASON_LOOKUP_FAILED);

    default:
        return NGX_ERROR;
    }
}


/* Neither a compressed list nor a part of one was asked for. */

static ngx_uint_t
ngx_http_procore_scope_companies_unreadable(ngx_http_request_t *r)
{
    return r->headers_out.status == NGX_HTTP_PARTIAL_CONTENT
           || (r->headers_out.content_encoding
               && r->headers_out.content_encoding->value.len)
           || r->headers_out.content_length_n
              > NGX_HTTP_PROCORE_SCOPE_COMPANIES_MAX;
}


/* The true number of companies, and the way to further pages, say too much. */

static ngx_int_t
ngx_http_procore_scope_companies_total(ngx_http_request_t *r)
{
    ngx_str_t         value;
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    for (part = &r->headers_out.headers.part; part; part = part->next) {
        h = part->elts;

        for (i = 0; i < part->nelts; i++) {

            if ((h[i].key.len == sizeof("Total") - 1
                 && ngx_strncasecmp(h[i].key.data, (u_char *) "Total",
                                    h[i].key.len)
                    == 0)
                || (h[i].key.len == sizeof("Link") - 1
                    && ngx_strncasecmp(h[i].key.data, (u_char *) "Link",
                                       h[i].key.len)
                       == 0))
            {
                h[i].hash = 0;
            }
        }
    }

    ngx_str_set(&value, "1");

    return ngx_http_procore_scope_add_answer_header(r, "Total", &value);
}


static ngx_int_t
ngx_http_procore_scope_companies_finish(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    ngx_str_t               text, element;
    procore_company_list_t  list;

    ngx_str_null(&element);

    switch (ngx_http_procore_scope_companies_find(ctx, &list)) {

    case PROCORE_OK:

        if (ngx_http_procore_scope_search_may(r, ctx)
            && ngx_http_procore_scope_search_later(r))
        {
            /* the first page has shown it */

            break;
        }

        if (ngx_http_procore_scope_answer_text(r, ctx, &text) != NGX_OK) {
            return NGX_ERROR;
        }

        element.data = text.data + list.offset;
        element.len = (size_t) list.length;
        break;

    case PROCORE_NOT_FOUND:

        if (ngx_http_procore_scope_companies_elsewhere(r, ctx)) {
            return ngx_http_procore_scope_search(r, ctx);
        }

        break;

    default:

        if (!(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD))
            && !ngx_http_procore_scope_companies_array(ctx))
        {
            /* the company that was made or changed, or an error */

            return ngx_http_procore_scope_answer_send(r, ctx, NULL);
        }

        return ngx_http_procore_scope_answer_refuse(r, ctx,
                                                PROCORE_REASON_LOOKUP_FAILED);
    }

    return ngx_http_procore_scope_companies_send(r, ctx, &element);
}


/*
 * May the company be on a page that was not asked for?  A page that a cache
 * has kept may be another user's.
 */

static ngx_uint_t
ngx_http_procore_scope_companies_elsewhere(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    return ngx_http_procore_scope_search_may(r, ctx)
           && !ngx_http_procore_scope_search_later(r)
           && (ngx_http_procore_scope_subrequest_next(r)
               || ngx_http_procore_scope_cached(r));
}


static ngx_int_t
ngx_http_procore_scope_companies_searched(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    if (ctx->search->rc != PROCORE_OK && ctx->search->rc != PROCORE_NOT_FOUND) {
        return ngx_http_procore_scope_answer_refuse(r, ctx,
                                                PROCORE_REASON_LOOKUP_FAILED);
    }

    return ngx_http_procore_scope_companies_send(r, ctx, &ctx->search->element);
}


/* The list with this element alone, or with none where it is empty. */

static ngx_int_t
ngx_http_procore_scope_companies_send(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, ngx_str_t *element)
{
    u_char     *p;
    ngx_str_t   body;

    if (ngx_http_procore_scope_companies_total(r) != NGX_OK) {
        return NGX_ERROR;
    }

    body.len = element->len + 2;
    body.data = ngx_pnalloc(r->pool, body.len);

    if (body.data == NULL) {
        return NGX_ERROR;
    }

    p = body.data;
    *p++ = '[';
    p = ngx_cpymem(p, element->data, element->len);
    *p = ']';

    return ngx_http_procore_scope_answer_send(r, ctx, &body);
}


/* Does the answer begin as a list does? */

static ngx_uint_t
ngx_http_procore_scope_companies_array(ngx_http_procore_scope_ctx_t *ctx)
{
    u_char       *p;
    ngx_chain_t  *cl;

    for (cl = ctx->answer->chain; cl; cl = cl->next) {
        for (p = cl->buf->pos; p < cl->buf->last; p++) {
            if (*p != ' ' && *p != '\t' && *p != CR && *p != LF) {
                return *p == '[';
            }
        }
    }

    return 0;
}


static int
ngx_http_procore_scope_companies_find(ngx_http_procore_scope_ctx_t *ctx,
    procore_company_list_t *list)
{
    ngx_chain_t  *cl;

    procore_company_list_start(list, ctx->judge.company);

    for (cl = ctx->answer->chain; cl; cl = cl->next) {

        if (procore_company_list_feed(list, cl->buf->pos,
                                      (size_t) (cl->buf->last - cl->buf->pos))
            != PROCORE_OK)
        {
            return PROCORE_MALFORMED;
        }
    }

    return procore_company_list_end(list);
}

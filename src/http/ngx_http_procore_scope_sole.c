
/*
 * sole_company: a complete answer of List Companies that has one company binds
 * the token that asked for it.  In enforce the answer is held until the binding
 * is on disk; in monitor it is read as it goes by.
 */


#include "ngx_http_procore_scope_bind.h"
#include "ngx_http_procore_scope_filter.h"
#include "../procore/procore_link.h"
#include "../procore/procore_list.h"


/* A list of one company is short; a longer answer has more of them. */

#define NGX_HTTP_PROCORE_SCOPE_SOLE_MAX  65536


struct ngx_http_procore_scope_sole_s {
    procore_list_t   list;
    uint64_t         company;     /* of the first element */
    int              rc;          /* of the operation on disk */
    procore_token_t  bound;
    unsigned         written:1;
};


static ngx_uint_t ngx_http_procore_scope_sole_param(u_char *name,
    u_char *last);
static ngx_uint_t ngx_http_procore_scope_sole_whole(ngx_http_request_t *r);
static ngx_uint_t ngx_http_procore_scope_sole_page(ngx_table_elt_t *h);
static void ngx_http_procore_scope_sole_element(void *data,
    const procore_list_element_t *element);
static uint64_t ngx_http_procore_scope_sole_company(
    ngx_http_procore_scope_ctx_t *ctx);
static ngx_int_t ngx_http_procore_scope_sole_passing(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, ngx_chain_t *in);
static ngx_int_t ngx_http_procore_scope_sole_complete(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);
static void ngx_http_procore_scope_sole_written(void *data,
    procore_store_op_t *op);
static ngx_int_t ngx_http_procore_scope_sole_finish(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);


ngx_uint_t
ngx_http_procore_scope_sole(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    return r == r->main && ctx->judge.discovery
           && ctx->decision == NGX_HTTP_PROCORE_SCOPE_ALLOW
           && ctx->judge.path == PROCORE_PATH_COMPANIES
           && r->method == NGX_HTTP_GET
           && !ngx_http_procore_scope_has_body(r)
           && ngx_http_procore_scope_may_bind(ctx->conf,
                                              PROCORE_WAY_SOLE_COMPANY)
           && ngx_http_procore_scope_query_known(r,
                                           ngx_http_procore_scope_sole_param);
}


/* Parameters that are not known here might leave companies out. */

static ngx_uint_t
ngx_http_procore_scope_sole_param(u_char *name, u_char *last)
{
    size_t  len;

    len = (size_t) (last - name);

    if (len == sizeof("page=1") - 1) {
        return ngx_strncmp(name, "page=1", len) == 0;
    }

    if (len > sizeof("per_page=") - 1
        && ngx_strncmp(name, "per_page=", sizeof("per_page=") - 1) == 0)
    {
        /* a full page would not tell that it is the last one */

        return ngx_atoi(name + sizeof("per_page=") - 1,
                        len - (sizeof("per_page=") - 1))
               > 1;
    }

    return len == sizeof("include_free_companies=true") - 1
           && ngx_strncmp(name, "include_free_companies=true", len) == 0;
}


ngx_int_t
ngx_http_procore_scope_sole_header(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    if (!ngx_http_procore_scope_sole_whole(r)) {
        ctx->sole = 0;
        return ngx_http_procore_scope_next_header_filter(r);
    }

    ctx->list = ngx_pcalloc(r->pool, sizeof(ngx_http_procore_scope_sole_t));
    if (ctx->list == NULL) {
        return NGX_ERROR;
    }

    procore_list_start(&ctx->list->list, 0,
                       ngx_http_procore_scope_sole_element, ctx->list);

    if (ctx->conf->mode == NGX_HTTP_PROCORE_SCOPE_MONITOR) {
        r->filter_need_in_memory = 1;
        return ngx_http_procore_scope_next_header_filter(r);
    }

    return ngx_http_procore_scope_answer_start(r, ctx,
                                              NGX_HTTP_PROCORE_SCOPE_SOLE_MAX);
}


static ngx_uint_t
ngx_http_procore_scope_sole_whole(ngx_http_request_t *r)
{
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    if (r->headers_out.status < NGX_HTTP_OK
        || r->headers_out.status >= NGX_HTTP_SPECIAL_RESPONSE
        || r->headers_out.status == NGX_HTTP_PARTIAL_CONTENT
        || r->upstream == NULL
        || r->headers_out.content_length_n > NGX_HTTP_PROCORE_SCOPE_SOLE_MAX
        || (r->headers_out.content_encoding
            && r->headers_out.content_encoding->value.len)
        || ngx_http_procore_scope_cached(r))
    {
        return 0;
    }

    /* as they came: the operator may hide them from the client */

    for (part = &r->upstream->headers_in.headers.part; part;
         part = part->next)
    {
        h = part->elts;

        for (i = 0; i < part->nelts; i++) {
            if (h[i].hash && ngx_http_procore_scope_sole_page(&h[i])) {
                return 0;
            }
        }
    }

    return 1;
}


/* Does this header say that there are more companies? */

static ngx_uint_t
ngx_http_procore_scope_sole_page(ngx_table_elt_t *h)
{
    procore_str_t  value;

    value.len = h->value.len;
    value.data = h->value.data;

    if (h->key.len == sizeof("Link") - 1
        && ngx_strncasecmp(h->key.data, (u_char *) "Link", h->key.len) == 0)
    {
        return procore_link_has_next(&value) != 0;
    }

    return h->key.len == sizeof("Total") - 1
           && ngx_strncasecmp(h->key.data, (u_char *) "Total", h->key.len) == 0
           && (value.len != 1 || value.data[0] != '1');
}


static void
ngx_http_procore_scope_sole_element(void *data,
    const procore_list_element_t *element)
{
    ngx_http_procore_scope_sole_t *sole = data;

    if (sole->company == 0) {
        sole->company = element->id;
    }
}


/* The company to bind, 0: there is none, or the app may not have it. */

static uint64_t
ngx_http_procore_scope_sole_company(ngx_http_procore_scope_ctx_t *ctx)
{
    ngx_str_t                       client;
    ngx_http_procore_scope_sole_t  *sole;

    sole = ctx->list;

    if (procore_list_end(&sole->list) != PROCORE_OK || sole->list.count != 1) {
        return 0;
    }

    ngx_http_procore_scope_client_id(ctx, &client);

    return ngx_http_procore_scope_client_allows(ctx->conf, &client,
                                                sole->company)
           ? sole->company : 0;
}


ngx_int_t
ngx_http_procore_scope_sole_body(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, ngx_chain_t *in)
{
    ngx_int_t                         rc;
    ngx_http_procore_scope_answer_t  *answer;

    answer = ctx->answer;

    if (answer == NULL) {
        return ngx_http_procore_scope_sole_passing(r, ctx, in);
    }

    if (answer->done) {
        return ngx_http_procore_scope_answer_after(r, ctx, in);
    }

    if (answer->writing) {
        return NGX_AGAIN;
    }

    if (ctx->list->written) {
        return ngx_http_procore_scope_sole_finish(r, ctx);
    }

    switch (ngx_http_procore_scope_answer_collect(r, ctx, in)) {

    case NGX_AGAIN:
        return NGX_OK;

    case NGX_OK:
        return ngx_http_procore_scope_sole_complete(r, ctx);

    case NGX_DECLINED:
        rc = ngx_http_procore_scope_answer_send(r, ctx, NULL);

        if (rc == NGX_ERROR || !answer->over) {
            return rc;
        }

        return ngx_http_procore_scope_answer_rest(r, in);

    default:
        return NGX_ERROR;
    }
}


static ngx_int_t
ngx_http_procore_scope_sole_passing(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, ngx_chain_t *in)
{
    uint64_t             company;
    ngx_buf_t           *b;
    ngx_chain_t         *cl;
    procore_store_op_t   op;

    for (cl = in; cl && ctx->list; cl = cl->next) {
        b = cl->buf;

        if (ngx_buf_in_memory(b)) {
            (void) procore_list_feed(&ctx->list->list, b->pos,
                                     (size_t) (b->last - b->pos));
        }

        if (!b->last_buf) {
            continue;
        }

        company = ngx_http_procore_scope_sole_company(ctx);
        ctx->list = NULL;

        if (company == 0) {
            break;
        }

        ngx_http_procore_scope_bind_op(ctx, PROCORE_STORE_BIND, company,
                                       PROCORE_WAY_SOLE_COMPANY, &op);

        if (ngx_http_procore_scope_store_write(&op, NULL, NULL) == NGX_OK) {
            ctx->judge.company = company;
            ctx->way = PROCORE_WAY_SOLE_COMPANY;
            ngx_str_set(&ctx->action, "bind");
        }
    }

    return ngx_http_procore_scope_next_body_filter(r, in);
}


static ngx_int_t
ngx_http_procore_scope_sole_complete(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    uint64_t             company;
    ngx_chain_t         *cl;
    procore_store_op_t   op;

    for (cl = ctx->answer->chain; cl; cl = cl->next) {
        (void) procore_list_feed(&ctx->list->list, cl->buf->pos,
                                 (size_t) (cl->buf->last - cl->buf->pos));
    }

    company = ngx_http_procore_scope_sole_company(ctx);

    if (company == 0) {
        return ngx_http_procore_scope_answer_send(r, ctx, NULL);
    }

    ngx_http_procore_scope_bind_op(ctx, PROCORE_STORE_BIND, company,
                                   PROCORE_WAY_SOLE_COMPANY, &op);

    if (ngx_http_procore_scope_store_write(&op,
                                  ngx_http_procore_scope_sole_written, ctx)
        != NGX_OK)
    {
        ctx->list->rc = PROCORE_ERROR;

        return ngx_http_procore_scope_sole_finish(r, ctx);
    }

    ngx_http_procore_scope_answer_wait(r, ctx);

    return NGX_AGAIN;
}


static void
ngx_http_procore_scope_sole_written(void *data, procore_store_op_t *op)
{
    ngx_http_procore_scope_ctx_t *ctx = data;

    ctx->list->rc = op->rc;
    ctx->list->bound = op->bound;
    ctx->list->written = 1;

    ngx_http_procore_scope_answer_wake(ctx->request, ctx);
}


static ngx_int_t
ngx_http_procore_scope_sole_finish(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    ngx_http_procore_scope_sole_t  *sole;

    sole = ctx->list;

    if (sole->rc != PROCORE_OK && sole->rc != PROCORE_CONFLICT) {

        /* the list itself installs nothing; it can be asked for again */

        ctx->judge.reason = PROCORE_REASON_STORE_FAILED;
        ctx->decision = NGX_HTTP_PROCORE_SCOPE_ALLOW_UNDECIDED;

        return ngx_http_procore_scope_answer_send(r, ctx, NULL);
    }

    ctx->binding = sole->bound;
    ctx->known = PROCORE_OK;

    if (sole->bound.state == PROCORE_FAMILY_WITHDRAWN) {
        return ngx_http_procore_scope_answer_refuse(r, ctx,
                                                PROCORE_REASON_REVOKED_TOKEN);
    }

    ctx->judge.company = sole->bound.company;
    ctx->way = sole->bound.way;

    if (sole->rc == PROCORE_CONFLICT) {

        /* bound meanwhile: what stands in the list is another company */

        return ngx_http_procore_scope_answer_refuse(r, ctx,
                                                    PROCORE_REASON_REBIND);
    }

    ngx_str_set(&ctx->action, "bind");

    return ngx_http_procore_scope_answer_send(r, ctx, NULL);
}

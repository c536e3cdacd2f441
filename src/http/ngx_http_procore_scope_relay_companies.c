
/*
 * The companies of a user, as Procore lists them to a fresh token, and who the
 * user is.  Neither call names a company, so neither installs anything.
 */


#include "ngx_http_procore_scope_relay.h"
#include "../procore/procore_company.h"
#include "../procore/procore_list.h"


/*
 * All names together, so that a record has room for them beside a token
 * answer: 2,000 companies with names of 250 bytes.
 */

#define NGX_HTTP_PROCORE_SCOPE_COMPANIES_ALL    (512 * 1024)


static ngx_int_t ngx_http_procore_scope_companies_ask(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx,
    ngx_http_procore_scope_companies_t *list);
static ngx_int_t ngx_http_procore_scope_companies_page(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);
static ngx_int_t ngx_http_procore_scope_companies_read(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx,
    ngx_http_procore_scope_companies_t *list);
static void ngx_http_procore_scope_companies_element(void *data,
    const procore_list_element_t *element);
static ngx_int_t ngx_http_procore_scope_companies_add(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx,
    ngx_http_procore_scope_companies_t *list, procore_list_element_t *element,
    u_char *memory);
static ngx_int_t ngx_http_procore_scope_companies_user(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx,
    ngx_http_procore_scope_companies_t *list);
static ngx_int_t ngx_http_procore_scope_companies_told(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);
static ngx_int_t ngx_http_procore_scope_companies_call(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx,
    ngx_http_procore_scope_companies_t *list, ngx_str_t *path, ngx_str_t *args,
    ngx_http_procore_scope_relay_next_pt next);
static ngx_int_t ngx_http_procore_scope_companies_over(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx,
    ngx_http_procore_scope_companies_t *list, ngx_int_t rc);


static ngx_str_t  ngx_http_procore_scope_companies_path =
    ngx_string("/rest/v1.0/companies");

static ngx_str_t  ngx_http_procore_scope_me_path =
    ngx_string("/rest/v1.0/me");


ngx_int_t
ngx_http_procore_scope_relay_list_init(ngx_http_request_t *r,
    ngx_http_procore_scope_companies_t *list)
{
    if (ngx_array_init(&list->ids, r->pool,
                       NGX_HTTP_PROCORE_SCOPE_COMPANIES_PAGE,
                       sizeof(uint64_t))
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_array_init(&list->page, r->pool,
                          NGX_HTTP_PROCORE_SCOPE_COMPANIES_PAGE,
                          sizeof(procore_list_element_t));
}


ngx_int_t
ngx_http_procore_scope_relay_list(ngx_http_request_t *r,
    ngx_http_procore_scope_companies_t *list, uint64_t company,
    const procore_str_t *name)
{
    size_t          size, need;
    u_char         *p;
    uint64_t       *id;
    ngx_uint_t      i;
    procore_str_t   text;

    id = list->ids.elts;

    for (i = 0; i < list->ids.nelts; i++) {
        if (id[i] == company) {
            return NGX_OK;
        }
    }

    text = *name;

    if (text.len > PROCORE_RELAY_NAME) {
        text.len = PROCORE_RELAY_NAME;

        /* not in the middle of a character */

        while (text.len && (text.data[text.len] & 0xc0) == 0x80) {
            text.len--;
        }
    }

    need = list->len + procore_relay_company_size(text.len);

    if (list->ids.nelts == PROCORE_RELAY_COMPANIES
        || need > NGX_HTTP_PROCORE_SCOPE_COMPANIES_ALL)
    {
        list->partial = 1;
        return NGX_DECLINED;
    }

    if (need > list->size) {

        size = ngx_max(2 * list->size, need);

        p = ngx_pnalloc(r->pool, size);
        if (p == NULL) {
            return NGX_ERROR;
        }

        if (list->len) {
            ngx_memcpy(p, list->data, list->len);
            (void) ngx_pfree(r->pool, list->data);
        }

        list->data = p;
        list->size = size;
    }

    id = ngx_array_push(&list->ids);
    if (id == NULL) {
        return NGX_ERROR;
    }

    *id = company;

    (void) procore_relay_company_write(list->data + list->len, company, &text);
    list->len = need;

    return NGX_OK;
}


ngx_int_t
ngx_http_procore_scope_relay_companies(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx,
    ngx_http_procore_scope_companies_t *list)
{
    list->asked = 0;
    ctx->relay->listing = list;

    return ngx_http_procore_scope_companies_ask(r, ctx, list);
}


static ngx_int_t
ngx_http_procore_scope_companies_ask(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx,
    ngx_http_procore_scope_companies_t *list)
{
    u_char     *p;
    ngx_str_t   args;

    p = ngx_pnalloc(r->pool, sizeof("per_page=&page=") + 2 * NGX_INT64_LEN);
    if (p == NULL) {
        return NGX_ERROR;
    }

    args.data = p;
    args.len = (size_t) (ngx_sprintf(p, "per_page=%d&page=%ui",
                                     NGX_HTTP_PROCORE_SCOPE_COMPANIES_PAGE,
                                     ++list->asked) - p);

    return ngx_http_procore_scope_companies_call(r, ctx, list,
                                     &ngx_http_procore_scope_companies_path,
                                     &args,
                                     ngx_http_procore_scope_companies_page);
}


static ngx_int_t
ngx_http_procore_scope_companies_page(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    ngx_int_t                            rc;
    ngx_http_procore_scope_call_t       *call;
    ngx_http_procore_scope_companies_t  *list;

    call = &ctx->relay->call;
    list = ctx->relay->listing;

    if (call->status < NGX_HTTP_OK || call->status >= NGX_HTTP_SPECIAL_RESPONSE
        || !call->complete
        || ngx_http_procore_scope_companies_read(r, ctx, list) != NGX_OK)
    {
        return ngx_http_procore_scope_companies_over(r, ctx, list, NGX_ERROR);
    }

    if (call->next && !list->partial) {

        if (list->asked < NGX_HTTP_PROCORE_SCOPE_COMPANIES_PAGES) {

            rc = ngx_http_procore_scope_companies_ask(r, ctx, list);
            if (rc == NGX_AGAIN) {
                return rc;
            }

            return ngx_http_procore_scope_companies_over(r, ctx, list,
                                                         NGX_ERROR);
        }

        list->partial = 1;
    }

    if (!list->user) {
        return ngx_http_procore_scope_companies_over(r, ctx, list, NGX_OK);
    }

    return ngx_http_procore_scope_companies_user(r, ctx, list);
}


static ngx_int_t
ngx_http_procore_scope_companies_read(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx,
    ngx_http_procore_scope_companies_t *list)
{
    u_char                  *memory;
    ngx_int_t                rc;
    ngx_str_t               *text;
    ngx_uint_t               i;
    procore_list_t           reader;
    procore_list_element_t  *element;

    text = &ctx->relay->call.text;

    if (text->len == 0) {
        return NGX_ERROR;
    }

    procore_company_clean(text->data, text->len);

    list->page.nelts = 0;
    list->broken = 0;

    procore_list_start(&reader, 0, ngx_http_procore_scope_companies_element,
                       list);

    if (procore_list_feed(&reader, text->data, text->len) != PROCORE_OK
        || procore_list_end(&reader) != PROCORE_OK
        || list->broken)
    {
        return NGX_ERROR;
    }

    memory = ngx_pnalloc(r->pool, text->len);
    if (memory == NULL) {
        return NGX_ERROR;
    }

    element = list->page.elts;

    for (i = 0; i < list->page.nelts; i++) {

        rc = ngx_http_procore_scope_companies_add(r, ctx, list, &element[i],
                                                  memory);
        if (rc == NGX_DECLINED) {
            break;
        }

        if (rc != NGX_OK) {
            return NGX_ERROR;
        }
    }

    (void) ngx_pfree(r->pool, memory);

    return NGX_OK;
}


static void
ngx_http_procore_scope_companies_element(void *data,
    const procore_list_element_t *element)
{
    ngx_http_procore_scope_companies_t *list = data;

    procore_list_element_t  *slot;

    slot = ngx_array_push(&list->page);

    if (slot == NULL) {
        list->broken = 1;
        return;
    }

    *slot = *element;
}


static ngx_int_t
ngx_http_procore_scope_companies_add(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx,
    ngx_http_procore_scope_companies_t *list, procore_list_element_t *element,
    u_char *memory)
{
    int             active;
    ngx_str_t      *text;
    procore_str_t   name;

    text = &ctx->relay->call.text;

    if (element->length == 0 || element->offset > text->len
        || element->length > text->len - element->offset
        || procore_company_read(text->data + element->offset,
                                (size_t) element->length, memory, &name,
                                &active)
           != PROCORE_OK)
    {
        return NGX_ERROR;
    }

    if (!active
        || !ngx_http_procore_scope_client_allows(ctx->conf, &list->client,
                                                 element->id))
    {
        return NGX_OK;
    }

    return ngx_http_procore_scope_relay_list(r, list, element->id, &name);
}


static ngx_int_t
ngx_http_procore_scope_companies_user(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx,
    ngx_http_procore_scope_companies_t *list)
{
    ngx_str_t  args = ngx_null_string;

    if (ngx_http_procore_scope_companies_call(r, ctx, list,
                                         &ngx_http_procore_scope_me_path,
                                         &args,
                                         ngx_http_procore_scope_companies_told)
        == NGX_AGAIN)
    {
        return NGX_AGAIN;
    }

    return ngx_http_procore_scope_companies_over(r, ctx, list, NGX_OK);
}


/* May fail: the page then does not name the login. */

static ngx_int_t
ngx_http_procore_scope_companies_told(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    u_char                              *memory;
    ngx_http_procore_scope_call_t       *call;
    ngx_http_procore_scope_companies_t  *list;

    call = &ctx->relay->call;
    list = ctx->relay->listing;

    if (call->status >= NGX_HTTP_OK
        && call->status < NGX_HTTP_SPECIAL_RESPONSE
        && call->complete && call->text.len)
    {
        memory = ngx_pnalloc(r->pool, call->text.len);

        if (memory == NULL
            || procore_user_read(call->text.data, call->text.len, memory,
                                 &list->user_id, &list->login)
               != PROCORE_OK)
        {
            list->user_id = 0;
            ngx_memzero(&list->login, sizeof(procore_str_t));
        }
    }

    return ngx_http_procore_scope_companies_over(r, ctx, list, NGX_OK);
}


static ngx_int_t
ngx_http_procore_scope_companies_call(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx,
    ngx_http_procore_scope_companies_t *list, ngx_str_t *path, ngx_str_t *args,
    ngx_http_procore_scope_relay_next_pt next)
{
    u_char                         *p;
    ngx_str_t                      *prefix;
    ngx_http_procore_scope_call_t  *call;

    call = &ctx->relay->call;
    prefix = &ctx->conf->lookup;

    if (call->size) {
        (void) ngx_pfree(r->pool, call->text.data);
    }

    ngx_memzero(call, sizeof(ngx_http_procore_scope_call_t));

    call->uri.len = prefix->len + path->len;

    p = ngx_pnalloc(r->pool, call->uri.len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    call->uri.data = p;

    p = ngx_cpymem(p, prefix->data, prefix->len);
    ngx_memcpy(p, path->data, path->len);

    call->args = *args;
    call->authorization = list->authorization;
    call->limit = NGX_HTTP_PROCORE_SCOPE_COMPANIES_TEXT;

    return ngx_http_procore_scope_relay_call(r, ctx, next);
}


static ngx_int_t
ngx_http_procore_scope_companies_over(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx,
    ngx_http_procore_scope_companies_t *list, ngx_int_t rc)
{
    list->rc = rc;

    return list->next(r, ctx);
}

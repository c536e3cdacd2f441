
/*
 * The picker: the pages that a user sees after the login.
 */


#include "ngx_http_procore_scope_choice.h"


/*
 * How long a request waits for the one that exchanges the code, and how often
 * it looks, in milliseconds.
 */

#define NGX_HTTP_PROCORE_SCOPE_PICKER_WAIT   5000
#define NGX_HTTP_PROCORE_SCOPE_PICKER_LOOK   100

/* An exchange has at most so many calls: a token, 20 pages, a user. */

#define NGX_HTTP_PROCORE_SCOPE_PICKER_CALLS  22

/* Pages are numbered with so many digits at most: 2,000 companies are 40. */

#define NGX_HTTP_PROCORE_SCOPE_PICKER_DIGITS  4


static ngx_int_t ngx_http_procore_scope_picker_get(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);
static ngx_int_t ngx_http_procore_scope_picker_wait(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);
static ngx_int_t ngx_http_procore_scope_picker_offered(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);
static uint64_t ngx_http_procore_scope_picker_given(
    ngx_http_procore_scope_ctx_t *ctx);
static ngx_int_t ngx_http_procore_scope_picker_list(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);
static ngx_int_t ngx_http_procore_scope_picker_nothing(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, procore_reason_e reason);
static ngx_int_t ngx_http_procore_scope_picker_page(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, procore_page_t *page,
    procore_page_e kind);


ngx_int_t
ngx_http_procore_scope_relay_picker(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    ngx_int_t                        rc;
    ngx_str_t                        query;
    ngx_http_procore_scope_relay_t  *relay;

    relay = ctx->relay;
    relay->next = ngx_http_procore_scope_relay_picker;

    query = r->args;

    if (r->method == NGX_HTTP_POST) {
        rc = ngx_http_procore_scope_relay_form(r, ctx,
                                               &ctx->conf->authorize->origin,
                                               &query);
        if (rc != NGX_OK) {
            return rc;
        }
    }

    rc = ngx_http_procore_scope_relay_open(r, ctx, query.data, query.len);

    if (rc == NGX_DECLINED) {
        return ngx_http_procore_scope_relay_refuse(r, ctx, ctx->judge.reason,
                                                   0);
    }

    if (rc != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return r->method == NGX_HTTP_POST
           ? ngx_http_procore_scope_picked(r, ctx, &query)
           : ngx_http_procore_scope_picker_get(r, ctx);
}


static ngx_int_t
ngx_http_procore_scope_picker_get(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    ngx_int_t  rc;

    rc = ngx_http_procore_scope_choice_look(r, ctx);
    if (rc != NGX_OK) {
        return rc;
    }

    switch (ctx->relay->record.state) {

    case PROCORE_SEALED_OPEN:
        return ngx_http_procore_scope_picker_wait(r, ctx);

    case PROCORE_SEALED_OFFERED:
        return ngx_http_procore_scope_picker_offered(r, ctx);

    case PROCORE_SEALED_CHOSEN:
        return ngx_http_procore_scope_choice_again(r, ctx);

    default:
        return ngx_http_procore_scope_choice_spent(r, ctx);
    }
}


/* Another request exchanges the code, or has died of it. */

static ngx_int_t
ngx_http_procore_scope_picker_wait(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    procore_page_t                   page;
    ngx_http_procore_scope_relay_t  *relay;

    relay = ctx->relay;

    if (relay->record.changed_at + NGX_HTTP_PROCORE_SCOPE_PICKER_CALLS
        * (ctx->conf->lookup_timeout / 1000 + 1)
        < (uint64_t) ngx_time())
    {
        relay->expire = 1;
        return ngx_http_procore_scope_relay_refuse(r, ctx,
                                                   PROCORE_REASON_SPENT, 0);
    }

    if (r->method != NGX_HTTP_HEAD
        && relay->step++ < NGX_HTTP_PROCORE_SCOPE_PICKER_WAIT
                           / NGX_HTTP_PROCORE_SCOPE_PICKER_LOOK
        && ngx_http_procore_scope_relay_wait(r, ctx,
                                           NGX_HTTP_PROCORE_SCOPE_PICKER_LOOK,
                                           ngx_http_procore_scope_picker_get)
           == NGX_AGAIN)
    {
        return NGX_AGAIN;
    }

    ngx_str_set(&ctx->action, "authorize_returned");

    ngx_http_procore_scope_page_begin(r, ctx, &page, PROCORE_PAGE_MOMENT);

    return ngx_http_procore_scope_page(r, ctx, NGX_HTTP_OK, &page);
}


static ngx_int_t
ngx_http_procore_scope_picker_offered(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    uint64_t          company;
    procore_reason_e  reason;

    reason = ngx_http_procore_scope_choice_reason(ctx);

    if (reason != PROCORE_REASON_OK) {
        return ngx_http_procore_scope_picker_nothing(r, ctx, reason);
    }

    company = ngx_http_procore_scope_picker_given(ctx);

    if (company && r->method != NGX_HTTP_HEAD) {
        return ngx_http_procore_scope_choice_choose(r, ctx, company);
    }

    return ngx_http_procore_scope_picker_list(r, ctx);
}


/* The company that needs no page: the app's own, or the only one.  0: none. */

static uint64_t
ngx_http_procore_scope_picker_given(ngx_http_procore_scope_ctx_t *ctx)
{
    ngx_http_procore_scope_choice_t  *choice;

    choice = ctx->relay->data;

    if (choice->hint && ctx->relay->client->hint_trusted) {
        return choice->hint;
    }

    return choice->n == 1 && !choice->kept.partial ? choice->first : 0;
}


static ngx_int_t
ngx_http_procore_scope_picker_list(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    ngx_int_t                         rc;
    procore_page_t                    page;
    ngx_http_procore_scope_choice_t  *choice;

    choice = ctx->relay->data;

    rc = ngx_http_procore_scope_picker_page(r, ctx, &page,
                                            PROCORE_PAGE_PICKER);
    if (rc != NGX_OK) {
        return rc;
    }

    page.companies = choice->companies;
    page.selected = choice->hint;
    page.partial = choice->kept.partial;

    rc = ngx_http_procore_scope_picker_turn(r, &page);

    if (rc == NGX_DECLINED) {
        return ngx_http_procore_scope_relay_refuse(r, ctx,
                                               PROCORE_REASON_BAD_REQUEST, 0);
    }

    if (rc != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_str_set(&ctx->action, "company_offered");

    return ngx_http_procore_scope_page(r, ctx, NGX_HTTP_OK, &page);
}


ngx_int_t
ngx_http_procore_scope_picker_turn(ngx_http_request_t *r, procore_page_t *page)
{
    size_t         found, pages;
    ngx_int_t      rc, n;
    procore_str_t  text;

    rc = ngx_http_procore_scope_picked_field(r, &r->args, "search",
                                             &page->search);

    if (rc == NGX_OK) {
        rc = ngx_http_procore_scope_picked_field(r, &r->args, "page", &text);
    }

    if (rc != NGX_OK) {
        return rc;
    }

    if (page->search.len > PROCORE_PAGE_SEARCH) {
        return NGX_DECLINED;
    }

    n = 1;

    if (text.len <= NGX_HTTP_PROCORE_SCOPE_PICKER_DIGITS) {
        n = ngx_atoi((u_char *) text.data, text.len);
    }

    procore_page_count(page, &found, &pages);

    page->page = ngx_min((size_t) ngx_max(n, 1), pages);

    return NGX_OK;
}


static ngx_int_t
ngx_http_procore_scope_picker_nothing(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, procore_reason_e reason)
{
    ngx_int_t       rc;
    procore_page_t  page;

    rc = ngx_http_procore_scope_picker_page(r, ctx, &page,
                                            PROCORE_PAGE_NOTHING);
    if (rc != NGX_OK) {
        return rc;
    }

    ngx_http_procore_scope_page_reason(&page, reason);

    ngx_http_procore_scope_page_help(ctx, &page);

    ctx->judge.reason = reason;

    return ngx_http_procore_scope_page(r, ctx, procore_reasons[reason].status,
                                       &page);
}


/* A page with a form. */

static ngx_int_t
ngx_http_procore_scope_picker_page(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, procore_page_t *page,
    procore_page_e kind)
{
    ngx_http_procore_scope_choice_t  *choice;

    choice = ctx->relay->data;

    ngx_http_procore_scope_page_begin(r, ctx, page, kind);

    if (ngx_http_procore_scope_picker_form(r, ctx, page) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    page->login = choice->kept.login;
    page->cancel = 1;

    return NGX_OK;
}


ngx_int_t
ngx_http_procore_scope_picker_form(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, procore_page_t *page)
{
    u_char  *token;

    token = ngx_pnalloc(r->pool, NGX_HTTP_PROCORE_SCOPE_FORM_TOKEN);

    if (token == NULL
        || procore_relay_form(ctx->relay->authorization.secret, token)
           != PROCORE_OK)
    {
        return NGX_ERROR;
    }

    page->token.len = NGX_HTTP_PROCORE_SCOPE_FORM_TOKEN;
    page->token.data = token;

    return NGX_OK;
}

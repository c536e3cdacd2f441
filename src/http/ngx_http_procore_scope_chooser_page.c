
/*
 * The pages of the chooser.
 */


#include "ngx_http_procore_scope_chooser.h"
#include "ngx_http_procore_scope_choice.h"


/* Digits of a client id that stand for the name of an app without one. */

#define NGX_HTTP_PROCORE_SCOPE_CHOOSER_APP  8


typedef struct {
    procore_reason_e  reason;
    procore_str_t     title;
    procore_str_t     text;
} ngx_http_procore_scope_chooser_words_t;


static void ngx_http_procore_scope_chooser_page(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, procore_page_t *page,
    procore_page_e kind);


/* What is told otherwise than by the relay's pages. */

static ngx_http_procore_scope_chooser_words_t
    ngx_http_procore_scope_chooser_words[] =
{
    { PROCORE_REASON_NO_TRANSACTION,
      procore_str("This link cannot be used"),
      procore_str("It is incomplete, or it has expired: a link works for ten "
                  "minutes. Let the app try again, its message then has a new "
                  "link.") },

    { PROCORE_REASON_SPENT,
      procore_str("A company was chosen already"),
      procore_str("Return to the app and try again. For another company the "
                  "app has to log in anew.") },

    { PROCORE_REASON_REVOKED_TOKEN,
      procore_str("The access of this app has expired"),
      procore_str("Procore does not accept the app's token any more. Let the "
                  "app renew it or log in again, then its message has a new "
                  "link.") },

    { PROCORE_REASON_LOOKUP_FAILED,
      procore_str("Please try again in a moment"),
      procore_str("Procore could not tell us your companies. Nothing was "
                  "chosen: reload this page in a few seconds.") },

    { PROCORE_REASON_COMPANY_NOT_ALLOWED,
      procore_str("Companies are not chosen here"),
      procore_str("Whoever runs this gateway has switched that off. Nothing "
                  "was chosen.") },

    { PROCORE_REASON_OK, procore_str(""), procore_str("") }
};


ngx_int_t
ngx_http_procore_scope_chooser_refuse(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, procore_reason_e reason,
    ngx_uint_t status)
{
    procore_page_t                           page;
    ngx_http_procore_scope_chooser_words_t  *words;

    ctx->judge.reason = reason;

    ngx_http_procore_scope_chooser_page(r, ctx, &page,
                                              PROCORE_PAGE_ERROR);
    ngx_http_procore_scope_page_reason(&page, reason);

    for (words = ngx_http_procore_scope_chooser_words;
         words->reason != PROCORE_REASON_OK;
         words++)
    {
        if (words->reason == reason) {
            page.title = words->title;
            page.text = words->text;
        }
    }

    if (status == 0) {
        status = reason == PROCORE_REASON_REVOKED_TOKEN
                 ? NGX_HTTP_BAD_REQUEST : procore_reasons[reason].status;
    }

    return ngx_http_procore_scope_page(r, ctx, status, &page);
}


ngx_int_t
ngx_http_procore_scope_chooser_picker(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    ngx_int_t                           rc;
    procore_page_t                      page;
    ngx_http_procore_scope_companies_t *list;

    list = &ctx->chooser->list;

    ngx_http_procore_scope_chooser_page(r, ctx, &page,
                                              PROCORE_PAGE_PICKER);

    if (ngx_http_procore_scope_picker_form(r, ctx, &page) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    page.login = list->login;
    page.companies.len = list->len;
    page.companies.data = list->data;
    page.partial = list->partial;

    rc = ngx_http_procore_scope_picker_turn(r, &page);

    if (rc == NGX_DECLINED) {
        return ngx_http_procore_scope_chooser_refuse(r, ctx,
                                               PROCORE_REASON_BAD_REQUEST, 0);
    }

    if (rc != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_http_procore_scope_chooser_did(ctx, "company_offered");

    return ngx_http_procore_scope_page(r, ctx, NGX_HTTP_OK, &page);
}


ngx_int_t
ngx_http_procore_scope_chooser_nothing(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    procore_page_t  page;

    ctx->judge.reason = PROCORE_REASON_NO_COMPANY;

    ngx_http_procore_scope_chooser_page(r, ctx, &page,
                                              PROCORE_PAGE_NOTHING);
    ngx_http_procore_scope_page_reason(&page, ctx->judge.reason);
    ngx_http_procore_scope_page_help(ctx, &page);

    /* the app is not waiting: there is no way back to it */

    page.action.len = 0;
    page.login = ctx->chooser->list.login;

    return ngx_http_procore_scope_page(r, ctx,
                                    procore_reasons[ctx->judge.reason].status,
                                       &page);
}


ngx_int_t
ngx_http_procore_scope_chooser_done(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    procore_page_t  page;

    ctx->relay->expire = 1;

    ngx_http_procore_scope_chooser_page(r, ctx, &page,
                                              PROCORE_PAGE_DONE);

    page.company = ctx->chooser->name;
    page.company_id = ctx->chooser->wanted;

    return ngx_http_procore_scope_page(r, ctx, NGX_HTTP_OK, &page);
}


static void
ngx_http_procore_scope_chooser_page(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, procore_page_t *page,
    procore_page_e kind)
{
    ngx_str_t  id;

    ngx_http_procore_scope_page_begin(r, ctx, page, kind);

    if (page->app.len) {
        return;
    }

    ngx_http_procore_scope_client_id(ctx, &id);

    page->app.len = ngx_min(id.len, NGX_HTTP_PROCORE_SCOPE_CHOOSER_APP);
    page->app.data = id.data;
}

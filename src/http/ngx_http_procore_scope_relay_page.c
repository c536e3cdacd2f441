
/*
 * What the relay answers: pages, and the header that pages and redirects share.
 */


#include "ngx_http_procore_scope_relay.h"


/* Digits of a client id that stand for the name of an app without one. */

#define NGX_HTTP_PROCORE_SCOPE_APP_DIGITS  8


typedef struct {
    procore_reason_e  reason;
    procore_str_t     title;
    procore_str_t     text;
} ngx_http_procore_scope_words_t;


static ngx_int_t ngx_http_procore_scope_relay_headers(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, ngx_uint_t page);
static ngx_int_t ngx_http_procore_scope_relay_retry(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);
static void ngx_http_procore_scope_relay_decide(
    ngx_http_procore_scope_ctx_t *ctx);


#define ngx_http_procore_scope_words(reason, title, text)                     \
    { PROCORE_REASON_##reason, procore_str(title), procore_str(text) }


/* The last one stands for all that a user can do nothing about. */

static ngx_http_procore_scope_words_t  ngx_http_procore_scope_words[] = {

    ngx_http_procore_scope_words(BAD_REDIRECT_URI, "This link cannot be used",
        "The app asked us to send you to an address that is not registered for "
        "it, so we did not. Nothing was chosen and nothing was handed over. "
        "Whoever runs the app can correct its redirect URI."),

    ngx_http_procore_scope_words(BAD_REQUEST, "This link cannot be used",
        "The request is damaged or incomplete. Go back to the app and start "
        "again from there."),

    ngx_http_procore_scope_words(FRAMED, "Open this in a window of its own",
        "For your safety this does not open inside of another page. Go back to "
        "the app and start again in a window of its own."),

    ngx_http_procore_scope_words(NO_TRANSACTION, "Start again in the app",
        "This browser has no such authorization, or it took too long. Nothing "
        "was chosen. Go back to the app and start again, in the same browser "
        "all the way."),

    ngx_http_procore_scope_words(SPENT, "This authorization is over",
        "It was finished or cancelled before. If you still need access, go "
        "back to the app and start again."),

    ngx_http_procore_scope_words(CSRF, "Nothing was chosen",
        "This choice did not come from the page that we showed you. If you "
        "were about to choose a company, go back to that page and choose "
        "again."),

    ngx_http_procore_scope_words(COMPANY_NOT_OFFERED,
        "Choose a company from the list",
        "This company was not among those offered to you. Nothing was chosen: "
        "go back to the page and choose one from the list."),

    ngx_http_procore_scope_words(NO_COMPANY,
        "There is no company to choose",
        "Your Procore login has no active company that this app may be used "
        "with. An administrator of your company in Procore, or whoever runs "
        "the app, can change that."),

    ngx_http_procore_scope_words(COMPANY_NOT_AVAILABLE,
        "This company is not available to you",
        "The app asked for a company that your Procore login does not have "
        "access to, or that this app may not be used with."),

    ngx_http_procore_scope_words(COMPANY_NOT_ALLOWED,
        "This app may not use this company",
        "The app asked for a company that it may not be used with. Nothing "
        "was handed over."),

    ngx_http_procore_scope_words(CANCELLED, "Cancelled",
        "Nothing was chosen, and the app gets no access. You can close this "
        "page."),

    ngx_http_procore_scope_words(UPSTREAM_DENIED, "No access was granted",
        "Procore did not grant the access that the app asked for. You can "
        "close this page, or start again in the app."),

    ngx_http_procore_scope_words(STORE_FAILED, "Please try again in a moment",
        "The gateway cannot go on right now. Nothing is lost: reload this page "
        "in a few seconds, or start again in the app."),

    ngx_http_procore_scope_words(OK, "Please start again in the app",
        "The exchange with Procore did not succeed. Wait a moment, then go "
        "back to the app and start again.")
};


void
ngx_http_procore_scope_page_reason(procore_page_t *page,
    procore_reason_e reason)
{
    ngx_http_procore_scope_words_t  *words;

    for (words = ngx_http_procore_scope_words;
         words->reason != reason && words->reason != PROCORE_REASON_OK;
         words++)
    {
        /* void */
    }

    page->title = words->title;
    page->text = words->text;
    page->reason = procore_reasons[reason].name;
}


void
ngx_http_procore_scope_page_help(ngx_http_procore_scope_ctx_t *ctx,
    procore_page_t *page)
{
    ngx_http_procore_scope_help_t  *help;

    help = ctx->conf->help;

    if (help == NULL) {
        return;
    }

    page->help_url.len = help->url.len;
    page->help_url.data = help->url.data;
    page->help_label.len = help->label.len;
    page->help_label.data = help->label.data;
    page->help_notes.len = help->notes.len;
    page->help_notes.data = help->notes.data;
}


void
ngx_http_procore_scope_page_begin(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, procore_page_t *page,
    procore_page_e kind)
{
    procore_relay_t                  *authorization;
    ngx_http_variable_value_t        *id;
    ngx_http_procore_scope_client_t  *client;

    ngx_memzero(page, sizeof(procore_page_t));

    page->kind = kind;

    client = ctx->relay->client;
    authorization = &ctx->relay->authorization;

    if (client) {
        page->app.len = client->name.len;
        page->app.data = client->name.data;

        if (page->app.len == 0) {
            page->app.len = ngx_min(client->id.len,
                                    NGX_HTTP_PROCORE_SCOPE_APP_DIGITS);
            page->app.data = client->id.data;
        }

        if (authorization->redirect_uri.len) {
            procore_redirect_host(&authorization->redirect_uri, &page->host);
        }
    }

    page->action.len = ctx->conf->authorize->picker_path.len;
    page->action.data = ctx->conf->authorize->picker_path.data;

    page->state.len = ctx->relay->state.len;
    page->state.data = ctx->relay->state.data;

    id = ngx_http_procore_scope_request_id(r);

    if (id) {
        page->decision.len = id->len;
        page->decision.data = id->data;
    }
}


ngx_int_t
ngx_http_procore_scope_relay_refuse(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, procore_reason_e reason,
    ngx_uint_t status)
{
    procore_page_t  page;

    ctx->judge.reason = reason;

    ngx_http_procore_scope_page_begin(r, ctx, &page, PROCORE_PAGE_ERROR);
    ngx_http_procore_scope_page_reason(&page, reason);

    if (status == 0) {
        status = procore_reasons[reason].status;
    }

    return ngx_http_procore_scope_page(r, ctx, status ? status : NGX_HTTP_OK,
                                       &page);
}


ngx_int_t
ngx_http_procore_scope_page(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, ngx_uint_t status,
    procore_page_t *page)
{
    ngx_str_t      body;
    procore_out_t  out;

    ngx_memzero(&out, sizeof(procore_out_t));

    procore_page_render(&out, page);

    if (out.len > PROCORE_STORE_SEALED_MAX) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    out.size = out.len;
    out.len = 0;
    out.data = ngx_pnalloc(r->pool, out.size);

    if (out.data == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    procore_page_render(&out, page);

    body.len = out.len;
    body.data = out.data;

    return ngx_http_procore_scope_relay_answer(r, ctx, status, &body);
}


ngx_int_t
ngx_http_procore_scope_relay_answer(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, ngx_uint_t status, ngx_str_t *body)
{
    ngx_int_t    rc;
    ngx_buf_t   *b;
    ngx_chain_t  out;

    ngx_http_procore_scope_relay_decide(ctx);

    ctx->refused = 1;

    r->expect_tested = 1;

    rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }

    b = ngx_calloc_buf(r->pool);
    if (b == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    r->headers_out.status = status;
    r->headers_out.content_length_n = 0;

    if (body) {
        b->pos = body->data;
        b->last = body->data + body->len;
        b->memory = 1;

        r->headers_out.content_length_n = (off_t) body->len;
        ngx_str_set(&r->headers_out.content_type, "text/html; charset=utf-8");
        r->headers_out.content_type_len = sizeof("text/html") - 1;
        r->headers_out.content_type_lowcase = NULL;
    }

    b->last_buf = 1;
    b->last_in_chain = 1;

    out.buf = b;
    out.next = NULL;

    if (ngx_http_procore_scope_relay_headers(r, ctx, body != NULL) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

#if (NGX_HTTP_GZIP)
    /*
     * Compressed, the length of a page would tell how much of the search text
     * is part of the form's secret.
     */

    r->gzip_tested = 1;
    r->gzip_ok = 0;
#endif

    rc = ngx_http_send_header(r);

    if (rc == NGX_OK && !r->header_only) {
        rc = ngx_http_output_filter(r, &out);
    }

    ngx_http_finalize_request(r, rc);

    return NGX_DONE;
}


static ngx_int_t
ngx_http_procore_scope_relay_headers(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, ngx_uint_t page)
{
    u_char                     *p;
    size_t                      len;
    ngx_str_t                   value, name;
    ngx_uint_t                  i;
    ngx_http_variable_value_t  *id;

    static struct {
        const char  *name;
        ngx_str_t    value;
    } fixed[] = {
        { "Cache-Control", ngx_string("no-store") },
        { "X-Frame-Options", ngx_string("DENY") },
        { "X-Content-Type-Options", ngx_string("nosniff") },
        { "Referrer-Policy", ngx_string("same-origin") }
    };

    for (i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++) {
        if (ngx_http_procore_scope_add_answer_header(r, fixed[i].name,
                                                     &fixed[i].value)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    len = sizeof("default-src 'none'; style-src ; frame-ancestors 'none'; "
                 "base-uri 'none'") - 1 + ngx_strlen(procore_page_style_source);

    p = ngx_pnalloc(r->pool, len + 1);
    if (p == NULL) {
        return NGX_ERROR;
    }

    value.data = p;
    value.len = (size_t) (ngx_sprintf(p, "default-src 'none'; style-src %s; "
                                         "frame-ancestors 'none'; "
                                         "base-uri 'none'",
                                      page ? procore_page_style_source
                                           : "'none'") - p);

    if (ngx_http_procore_scope_add_answer_header(r, "Content-Security-Policy",
                                                 &value)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (ctx->relay->expire) {

        if (ngx_http_procore_scope_relay_cookie_name(r, ctx, &name) != NGX_OK
            || ngx_http_procore_scope_relay_expire_cookie(r,
                                        ctx->conf->authorize->secure, &name)
               != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    if (ctx->judge.reason == PROCORE_REASON_OK) {
        return NGX_OK;
    }

    id = ngx_http_procore_scope_request_id(r);
    if (id == NULL) {
        return NGX_ERROR;
    }

    value.len = id->len;
    value.data = id->data;
    name.len = procore_reasons[ctx->judge.reason].name.len;
    name.data = (u_char *) procore_reasons[ctx->judge.reason].name.data;

    if (ngx_http_procore_scope_add_answer_header(r, "Procore-Scope-Reason",
                                                 &name)
        != NGX_OK
        || ngx_http_procore_scope_add_answer_header(r,
                                         "Procore-Scope-Decision", &value)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_procore_scope_relay_retry(r, ctx);
}


static ngx_int_t
ngx_http_procore_scope_relay_retry(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    time_t     seconds;
    ngx_str_t  value;

    if (r->headers_out.status != NGX_HTTP_SERVICE_UNAVAILABLE
        && r->headers_out.status != NGX_HTTP_TOO_MANY_REQUESTS)
    {
        return NGX_OK;
    }

    seconds = ctx->retry_after ? ctx->retry_after
                               : NGX_HTTP_PROCORE_SCOPE_RETRY;

    value.data = ngx_pnalloc(r->pool, NGX_TIME_T_LEN);
    if (value.data == NULL) {
        return NGX_ERROR;
    }

    value.len = (size_t) (ngx_sprintf(value.data, "%T", seconds) - value.data);

    return ngx_http_procore_scope_add_answer_header(r, "Retry-After", &value);
}


/* In monitor too: the relay acts, and its record says how. */

static void
ngx_http_procore_scope_relay_decide(ngx_http_procore_scope_ctx_t *ctx)
{
    if (ctx->decision != NGX_HTTP_PROCORE_SCOPE_UNDECIDED) {
        return;
    }

    ctx->decision = ctx->judge.reason == PROCORE_REASON_OK
                    ? NGX_HTTP_PROCORE_SCOPE_ALLOW
                    : NGX_HTTP_PROCORE_SCOPE_DENY;

    if (ctx->action.len == 0) {
        ngx_str_set(&ctx->action, "authorize_refused");
    }

    if (ctx->decision == NGX_HTTP_PROCORE_SCOPE_DENY) {
        ngx_http_procore_scope_log_refusal(ctx);
    }
}

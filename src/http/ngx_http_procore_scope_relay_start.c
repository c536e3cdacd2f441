
/*
 * The start of an authorization: the app's request is judged, and goes on to
 * the login host with our callback in it.  Nothing is stored: all of it is
 * sealed in a cookie.
 */


#include "ngx_http_procore_scope_bind.h"
#include "ngx_http_procore_scope_relay.h"
#include "ngx_http_procore_scope_status.h"


static ngx_int_t ngx_http_procore_scope_start_pass(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);
static ngx_http_procore_scope_client_t *ngx_http_procore_scope_start_client(
    ngx_http_procore_scope_ctx_t *ctx, procore_start_t *start);
static procore_reason_e ngx_http_procore_scope_start_page(
    ngx_http_request_t *r, ngx_http_procore_scope_ctx_t *ctx,
    procore_start_t *start);
static const char *ngx_http_procore_scope_start_error(
    ngx_http_procore_scope_ctx_t *ctx, procore_start_t *start,
    procore_reason_e *reason);
static ngx_int_t ngx_http_procore_scope_start_begin(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);
static ngx_int_t ngx_http_procore_scope_start_cookie(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);
static ngx_int_t ngx_http_procore_scope_start_login(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);
static void ngx_http_procore_scope_start_url(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, procore_out_t *out,
    const procore_str_t *challenge);


static ngx_str_t  ngx_http_procore_scope_fetch_dest =
    ngx_string("sec-fetch-dest");

static ngx_str_t  ngx_http_procore_scope_frames[] = {
    ngx_string("iframe"),
    ngx_string("frame"),
    ngx_string("embed"),
    ngx_string("object"),
    ngx_string("fencedframe"),
    ngx_null_string
};


ngx_int_t
ngx_http_procore_scope_relay_start(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    u_char                          *memory;
    const char                      *text;
    procore_str_t                    error;
    procore_start_t                  start;
    procore_reason_e                 reason;
    ngx_http_procore_scope_relay_t  *relay;

    relay = ctx->relay;

    if (r->args.len > PROCORE_START_MAX) {
        return ngx_http_procore_scope_relay_refuse(r, ctx,
                                               PROCORE_REASON_BAD_REQUEST, 0);
    }

    memory = ngx_pnalloc(r->pool, r->args.len + 1);
    if (memory == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    procore_start_read(&start, r->args.data, r->args.len, memory);

    if (start.client.data) {
        ngx_http_procore_scope_relay_client(ctx, &start.client);
    }

    relay->client = ngx_http_procore_scope_start_client(ctx, &start);

    if (start.result == PROCORE_START_NO_CLIENT
        || (start.client.data && relay->client == NULL))
    {
        return ngx_http_procore_scope_start_pass(r, ctx);
    }

    reason = ngx_http_procore_scope_start_page(r, ctx, &start);

    if (reason != PROCORE_REASON_OK) {
        return ngx_http_procore_scope_relay_refuse(r, ctx, reason, 0);
    }

    relay->authorization.client = start.client;
    relay->authorization.redirect_uri = start.redirect_uri;
    relay->authorization.state = start.state;
    relay->authorization.challenge = start.challenge;
    relay->authorization.company = start.company;

    text = ngx_http_procore_scope_start_error(ctx, &start, &reason);

    if (text) {
        error.len = ngx_strlen(text);
        error.data = (const unsigned char *) text;

        return ngx_http_procore_scope_error_to_app(r, ctx, reason, &error);
    }

    return ngx_http_procore_scope_start_begin(r, ctx);
}


/* As if the relay were not there, but that the browser goes by itself. */

static ngx_int_t
ngx_http_procore_scope_start_pass(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    u_char     *p;
    ngx_str_t   url, *login;

    login = &ctx->conf->authorize->login;

    p = ngx_pnalloc(r->pool, login->len + sizeof("/oauth/authorize?") - 1
                             + r->args.len);
    if (p == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    url.data = p;

    p = ngx_cpymem(p, login->data, login->len);
    p = ngx_cpymem(p, "/oauth/authorize", sizeof("/oauth/authorize") - 1);

    if (r->args.len) {
        *p++ = '?';
        p = ngx_cpymem(p, r->args.data, r->args.len);
    }

    url.len = (size_t) (p - url.data);

    ngx_str_set(&ctx->action, "authorize_passed_on");

    return ngx_http_procore_scope_redirect(r, ctx, &url);
}


/* The app, where it is one of the relay's here. */

static ngx_http_procore_scope_client_t *
ngx_http_procore_scope_start_client(ngx_http_procore_scope_ctx_t *ctx,
    procore_start_t *start)
{
    ngx_str_t                         id;
    ngx_http_procore_scope_client_t  *client;

    if (start->client.data == NULL) {
        return NULL;
    }

    id.len = start->client.len;
    id.data = (u_char *) start->client.data;

    ngx_http_procore_scope_judge_conf(ctx,
                           ngx_http_procore_scope_client_conf(ctx->conf, &id));

    client = ngx_http_procore_scope_client_find(ctx->conf, &id);

    return client && client->redirect_uris ? client : NULL;
}


/* What is shown on a page, because nobody knows yet where the app is. */

static procore_reason_e
ngx_http_procore_scope_start_page(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, procore_start_t *start)
{
    if (start->result == PROCORE_START_QUERY
        || start->result == PROCORE_START_CLIENT)
    {
        return PROCORE_REASON_BAD_REQUEST;
    }

    if (ngx_http_procore_scope_relay_framed(r)) {
        return PROCORE_REASON_FRAMED;
    }

    if (start->result == PROCORE_START_REDIRECT
        || !ngx_http_procore_scope_relay_registered(ctx->relay->client,
                                                    &start->redirect_uri))
    {
        return PROCORE_REASON_BAD_REDIRECT_URI;
    }

    return PROCORE_REASON_OK;
}


ngx_uint_t
ngx_http_procore_scope_relay_framed(ngx_http_request_t *r)
{
    ngx_str_t        *frame;
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    for (part = &r->headers_in.headers.part; part; part = part->next) {
        h = part->elts;

        for (i = 0; i < part->nelts; i++) {

            if (!ngx_http_procore_scope_is_header(&h[i],
                                          &ngx_http_procore_scope_fetch_dest))
            {
                continue;
            }

            for (frame = ngx_http_procore_scope_frames; frame->len; frame++) {

                if (h[i].value.len == frame->len
                    && ngx_strncasecmp(h[i].value.data, frame->data,
                                       frame->len)
                       == 0)
                {
                    return 1;
                }
            }
        }
    }

    return 0;
}


/* What the app is told (RFC 6749, section 4.1.2.1), NULL: nothing is wrong. */

static const char *
ngx_http_procore_scope_start_error(ngx_http_procore_scope_ctx_t *ctx,
    procore_start_t *start, procore_reason_e *reason)
{
    if (ctx->conf->mode == NGX_HTTP_PROCORE_SCOPE_ENFORCE) {
        ngx_http_procore_scope_check_paused(ctx, &ctx->relay->client->id, NULL);
    }

    if (ctx->paused) {
        *reason = PROCORE_REASON_COMPANY_NOT_ALLOWED;
        return "access_denied";
    }

    *reason = PROCORE_REASON_BAD_REQUEST;

    if (start->result == PROCORE_START_TYPE) {
        return "unsupported_response_type";
    }

    if (start->result != PROCORE_START_OK) {
        return "invalid_request";
    }

    if (start->company
        && !ngx_http_procore_scope_client_allows(ctx->conf,
                                                 &ctx->relay->client->id,
                                                 start->company))
    {
        *reason = PROCORE_REASON_COMPANY_NOT_ALLOWED;
        return "access_denied";
    }

    return NULL;
}


static ngx_int_t
ngx_http_procore_scope_start_begin(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    procore_relay_t                 *authorization;
    ngx_http_procore_scope_relay_t  *relay;

    relay = ctx->relay;
    authorization = &relay->authorization;

    if (ngx_http_procore_scope_store_status(r) != PROCORE_STATUS_READY) {
        return ngx_http_procore_scope_relay_refuse(r, ctx,
                                              PROCORE_REASON_STORE_FAILED, 0);
    }

    if (procore_random(authorization->id, PROCORE_RELAY_ID) != PROCORE_OK
        || procore_random(authorization->secret, PROCORE_RELAY_SECRET)
           != PROCORE_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    authorization->started_at = (uint64_t) ngx_time();

    relay->state.len = 2 * PROCORE_RELAY_ID;
    relay->state.data = ngx_pnalloc(r->pool, relay->state.len);

    if (relay->state.data == NULL
        || ngx_http_procore_scope_relay_audited(r, ctx, authorization->id)
           != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    procore_hex_write(authorization->id, PROCORE_RELAY_ID, relay->state.data);

    switch (ngx_http_procore_scope_start_cookie(r, ctx)) {

    case NGX_OK:
        break;

    case NGX_DECLINED:
        return ngx_http_procore_scope_relay_refuse(r, ctx,
                                              PROCORE_REASON_STORE_FAILED, 0);

    default:
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_procore_scope_start_login(r, ctx);
}


/* NGX_OK; NGX_DECLINED: no key; NGX_ERROR. */

static ngx_int_t
ngx_http_procore_scope_start_cookie(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    int                                  rc;
    u_char                              *memory, key[PROCORE_STORE_KEY];
    ngx_str_t                            name, value;
    procore_out_t                        out;
    ngx_http_procore_scope_authorize_t  *authorize;

    authorize = ctx->conf->authorize;

    out.len = 0;
    out.size = PROCORE_RELAY_COOKIE_MAX;
    out.data = ngx_pnalloc(r->pool, out.size);
    memory = ngx_pnalloc(r->pool,
                         procore_cookie_memory(&ctx->relay->authorization));

    if (out.data == NULL || memory == NULL
        || ngx_http_procore_scope_relay_cookie_name(r, ctx, &name) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (ngx_http_procore_scope_store_key(key) != NGX_OK) {
        return NGX_DECLINED;
    }

    rc = procore_cookie_seal(key, authorize->scope, authorize->secure,
                             &ctx->relay->authorization, memory, &out);
    procore_wipe(key, sizeof(key));

    if (rc != PROCORE_OK || out.len > out.size) {
        return NGX_ERROR;
    }

    value.len = out.len;
    value.data = out.data;

    return ngx_http_procore_scope_relay_set_cookie(r, authorize->secure, &name,
                                                   &value,
                                                   PROCORE_RELAY_COOKIE);
}


static ngx_int_t
ngx_http_procore_scope_start_login(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    u_char                           verifier[PROCORE_START_CHALLENGE];
    u_char                           challenge[PROCORE_START_CHALLENGE];
    ngx_str_t                        url;
    procore_out_t                    out;
    procore_str_t                    text;
    ngx_http_procore_scope_relay_t  *relay;

    relay = ctx->relay;

    ngx_memzero(&text, sizeof(procore_str_t));

    if (relay->client->pkce) {
        text.len = sizeof(verifier);
        text.data = verifier;

        if (procore_relay_verifier(relay->authorization.secret, verifier)
            != PROCORE_OK
            || procore_relay_challenge(&text, challenge) != PROCORE_OK)
        {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        text.data = challenge;
    }

    ngx_memzero(&out, sizeof(procore_out_t));

    ngx_http_procore_scope_start_url(r, ctx, &out, &text);

    out.size = out.len;
    out.len = 0;
    out.data = ngx_pnalloc(r->pool, out.size);

    if (out.data == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_http_procore_scope_start_url(r, ctx, &out, &text);

    url.len = out.len;
    url.data = out.data;

    ngx_str_set(&ctx->action, "authorize_started");

    return ngx_http_procore_scope_redirect(r, ctx, &url);
}


static void
ngx_http_procore_scope_start_url(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, procore_out_t *out,
    const procore_str_t *challenge)
{
    procore_str_t                        callback, state;
    ngx_http_procore_scope_authorize_t  *authorize;

    authorize = ctx->conf->authorize;

    callback.len = authorize->callback.len;
    callback.data = authorize->callback.data;

    state.len = ctx->relay->state.len;
    state.data = ctx->relay->state.data;

    procore_out(out, authorize->login.data, authorize->login.len);
    procore_out_text(out, "/oauth/authorize?");
    procore_start_write(out, r->args.data, r->args.len, &callback, &state,
                        challenge);
}

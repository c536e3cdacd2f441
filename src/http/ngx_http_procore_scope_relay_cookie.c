
/*
 * The relay's cookies: one an authorization, so that tabs do not disturb each
 * other.
 */


#include "ngx_http_procore_scope_relay.h"


/* Of a Set-Cookie, its attributes. */

#define NGX_HTTP_PROCORE_SCOPE_ATTRIBUTES  128


typedef struct {
    ngx_list_part_t  *part;
    ngx_uint_t        i;
    procore_str_t     rest;       /* of the line at hand */
    int               secure;
} ngx_http_procore_scope_cookies_t;


static void ngx_http_procore_scope_cookies(ngx_http_request_t *r,
    ngx_uint_t secure, ngx_http_procore_scope_cookies_t *cookies);
static ngx_uint_t ngx_http_procore_scope_cookies_next(
    ngx_http_procore_scope_cookies_t *cookies, procore_str_t *name,
    procore_str_t *value);
static ngx_int_t ngx_http_procore_scope_relay_send_cookie(
    ngx_http_request_t *r, ngx_uint_t secure, const procore_str_t *name,
    const procore_str_t *value, unsigned max_age);


static ngx_str_t  ngx_http_procore_scope_cookie = ngx_string("cookie");


static void
ngx_http_procore_scope_cookies(ngx_http_request_t *r, ngx_uint_t secure,
    ngx_http_procore_scope_cookies_t *cookies)
{
    ngx_memzero(cookies, sizeof(ngx_http_procore_scope_cookies_t));

    cookies->part = &r->headers_in.headers.part;
    cookies->secure = (int) secure;
}


/* The next one of ours, on whatever line: 1, or 0 at the end. */

static ngx_uint_t
ngx_http_procore_scope_cookies_next(ngx_http_procore_scope_cookies_t *cookies,
    procore_str_t *name, procore_str_t *value)
{
    ngx_table_elt_t  *h;

    for ( ;; ) {

        if (procore_cookie_next(&cookies->rest, cookies->secure, name, value)
            == PROCORE_OK)
        {
            return 1;
        }

        while (cookies->part && cookies->i == cookies->part->nelts) {
            cookies->part = cookies->part->next;
            cookies->i = 0;
        }

        if (cookies->part == NULL) {
            return 0;
        }

        h = (ngx_table_elt_t *) cookies->part->elts + cookies->i++;

        if (ngx_http_procore_scope_is_header(h,
                                             &ngx_http_procore_scope_cookie))
        {
            cookies->rest.len = h->value.len;
            cookies->rest.data = h->value.data;
        }
    }
}


ngx_int_t
ngx_http_procore_scope_relay_cookie_name(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, ngx_str_t *name)
{
    name->data = ngx_pnalloc(r->pool, PROCORE_COOKIE_NAME);
    if (name->data == NULL) {
        return NGX_ERROR;
    }

    name->len = procore_cookie_name(ctx->relay->authorization.id,
                                    ctx->conf->authorize->secure, name->data);

    return NGX_OK;
}


ngx_int_t
ngx_http_procore_scope_relay_cookie(ngx_http_request_t *r, ngx_uint_t secure,
    ngx_str_t *name, procore_str_t *value)
{
    ngx_uint_t                        found;
    procore_str_t                     one, text;
    ngx_http_procore_scope_cookies_t  cookies;

    found = 0;

    ngx_http_procore_scope_cookies(r, secure, &cookies);

    while (ngx_http_procore_scope_cookies_next(&cookies, &one, &text)) {

        if (one.len == name->len
            && ngx_memcmp(one.data, name->data, one.len) == 0)
        {
            *value = text;
            found++;
        }
    }

    return found == 1 ? NGX_OK : NGX_DECLINED;
}


/* Of two begun in the same second, browsers send the later one last. */

ngx_int_t
ngx_http_procore_scope_relay_latest(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    u_char                              *memory, key[PROCORE_STORE_KEY];
    ngx_int_t                            rc;
    procore_str_t                        name, value;
    procore_relay_t                      one, *latest;
    ngx_http_procore_scope_cookies_t     cookies;
    ngx_http_procore_scope_authorize_t  *authorize;

    authorize = ctx->conf->authorize;
    latest = &ctx->relay->authorization;

    if (ngx_http_procore_scope_store_key(key) != NGX_OK) {
        ctx->judge.reason = PROCORE_REASON_STORE_FAILED;
        return NGX_DECLINED;
    }

    ctx->judge.reason = PROCORE_REASON_NO_TRANSACTION;
    rc = NGX_DECLINED;

    ngx_http_procore_scope_cookies(r, authorize->secure, &cookies);

    while (ngx_http_procore_scope_cookies_next(&cookies, &name, &value)) {

        memory = ngx_pnalloc(r->pool, value.len + 1);
        if (memory == NULL) {
            rc = NGX_ERROR;
            break;
        }

        if (procore_cookie_any(key, authorize->scope, authorize->secure, &name,
                               &value, memory, &one)
            == PROCORE_OK
            && (rc != NGX_OK || one.received_at >= latest->received_at))
        {
            *latest = one;
            rc = NGX_OK;
        }
    }

    procore_wipe(key, sizeof(key));

    if (rc == NGX_OK) {
        ctx->judge.reason = PROCORE_REASON_OK;
    }

    return rc;
}


/*
 * Browsers send the oldest cookie first (RFC 6265, section 5.4), and only the
 * time of the server tells more.
 */

ngx_int_t
ngx_http_procore_scope_relay_set_cookie(ngx_http_request_t *r,
    ngx_uint_t secure, ngx_str_t *name, ngx_str_t *value, unsigned max_age)
{
    size_t                            size;
    procore_str_t                     one, text, empty = { 0, NULL };
    ngx_http_procore_scope_cookies_t  cookies;

    size = name->len + value->len;

    ngx_http_procore_scope_cookies(r, secure, &cookies);

    while (ngx_http_procore_scope_cookies_next(&cookies, &one, &text)) {
        size += one.len + text.len;
    }

    ngx_http_procore_scope_cookies(r, secure, &cookies);

    while (size > PROCORE_RELAY_COOKIES
           && ngx_http_procore_scope_cookies_next(&cookies, &one, &text))
    {
        size -= one.len + text.len;

        if (ngx_http_procore_scope_relay_send_cookie(r, secure, &one, &empty,
                                                     0)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    one.len = name->len;
    one.data = name->data;
    text.len = value->len;
    text.data = value->data;

    return ngx_http_procore_scope_relay_send_cookie(r, secure, &one, &text,
                                                    max_age);
}


ngx_int_t
ngx_http_procore_scope_relay_expire_cookie(ngx_http_request_t *r,
    ngx_uint_t secure, ngx_str_t *name)
{
    procore_str_t  one, empty = { 0, NULL };

    one.len = name->len;
    one.data = name->data;

    return ngx_http_procore_scope_relay_send_cookie(r, secure, &one, &empty, 0);
}


static ngx_int_t
ngx_http_procore_scope_relay_send_cookie(ngx_http_request_t *r,
    ngx_uint_t secure, const procore_str_t *name, const procore_str_t *value,
    unsigned max_age)
{
    ngx_str_t      line;
    procore_out_t  out;

    out.len = 0;
    out.size = name->len + value->len + NGX_HTTP_PROCORE_SCOPE_ATTRIBUTES;
    out.data = ngx_pnalloc(r->pool, out.size);

    if (out.data == NULL) {
        return NGX_ERROR;
    }

    procore_cookie_set(&out, name, value, (int) secure, max_age);

    if (out.len > out.size) {
        return NGX_ERROR;
    }

    line.len = out.len;
    line.data = out.data;

    return ngx_http_procore_scope_add_answer_header(r, "Set-Cookie", &line);
}

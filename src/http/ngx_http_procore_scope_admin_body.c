
/*
 * What comes to the operator's location: bodies, which are never written to a
 * file, for there are tokens in them; and queries.
 */


#include "ngx_http_procore_scope_admin.h"


static void ngx_http_procore_scope_admin_reading(ngx_http_request_t *r);
static void ngx_http_procore_scope_admin_bytes(ngx_http_request_t *r);
static ngx_int_t ngx_http_procore_scope_admin_take(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_t *admin);
static ngx_uint_t ngx_http_procore_scope_admin_known(u_char *param,
    u_char *last);
static ngx_uint_t ngx_http_procore_scope_admin_repeated(ngx_http_request_t *r);
static ngx_int_t ngx_http_procore_scope_admin_value(ngx_http_request_t *r,
    const char *name, ngx_str_t *value);
static ngx_int_t ngx_http_procore_scope_admin_words(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_t *admin);
static ngx_int_t ngx_http_procore_scope_admin_cursor(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_t *admin);


static ngx_str_t  ngx_http_procore_scope_admin_params[] = {
    ngx_string("company"),
    ngx_string("client"),
    ngx_string("way"),
    ngx_string("state"),
    ngx_string("limit"),
    ngx_string("cursor"),
    ngx_string("token"),
    ngx_null_string
};


ngx_int_t
ngx_http_procore_scope_admin_read(ngx_http_request_t *r)
{
    ngx_int_t  rc;

    r->request_body_no_buffering = 1;

    rc = ngx_http_read_client_request_body(r,
                                        ngx_http_procore_scope_admin_reading);

    return rc >= NGX_HTTP_SPECIAL_RESPONSE ? rc : NGX_DONE;
}


static void
ngx_http_procore_scope_admin_reading(ngx_http_request_t *r)
{
    r->read_event_handler = ngx_http_procore_scope_admin_bytes;

    ngx_http_procore_scope_admin_bytes(r);
}


static void
ngx_http_procore_scope_admin_bytes(ngx_http_request_t *r)
{
    ngx_int_t                       rc;
    ngx_http_procore_scope_ctx_t   *ctx;

    ctx = ngx_http_procore_scope_get_ctx(r);

    for ( ;; ) {

        rc = ngx_http_procore_scope_admin_take(r, ctx->admin);

        if (rc != NGX_OK) {
            break;
        }

        if (!r->reading_body) {
            r->read_event_handler = ngx_http_block_reading;
            ngx_http_procore_scope_admin_run(r);
            return;
        }

        rc = ngx_http_read_unbuffered_request_body(r);

        if (rc >= NGX_HTTP_SPECIAL_RESPONSE) {
            break;
        }

        if (rc == NGX_AGAIN && r->request_body->bufs == NULL) {
            return;
        }
    }

    if (rc != NGX_DONE) {
        ngx_http_finalize_request(r, rc);
    }
}


static ngx_int_t
ngx_http_procore_scope_admin_take(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_t *admin)
{
    ngx_int_t     rc;
    ngx_buf_t    *b;
    ngx_chain_t  *cl;

    if (r->request_body == NULL) {
        return NGX_OK;
    }

    for (cl = r->request_body->bufs; cl; cl = cl->next) {
        b = cl->buf;

        rc = admin->sink(r, admin, b->pos, (size_t) (b->last - b->pos));

        /* a token leaves no trace in memory that others are given */

        ngx_explicit_memzero(b->pos, (size_t) (b->last - b->pos));
        b->pos = b->last;

        if (rc != NGX_OK) {
            return rc;
        }
    }

    r->request_body->bufs = NULL;

    return NGX_OK;
}


ngx_int_t
ngx_http_procore_scope_admin_object(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_t *admin, u_char *data, size_t len)
{
    if (admin->body.data == NULL) {
        admin->body.data = ngx_palloc(r->pool,
                                      NGX_HTTP_PROCORE_SCOPE_ADMIN_BODY);
        if (admin->body.data == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    if (len > NGX_HTTP_PROCORE_SCOPE_ADMIN_BODY - admin->body.len) {
        return ngx_http_procore_scope_admin_long(r);
    }

    ngx_memcpy(admin->body.data + admin->body.len, data, len);
    admin->body.len += len;

    return NGX_OK;
}


ngx_int_t
ngx_http_procore_scope_admin_long(ngx_http_request_t *r)
{
    return ngx_http_procore_scope_admin_refuse(r,
                                         NGX_HTTP_REQUEST_ENTITY_TOO_LARGE,
                                         PROCORE_REASON_BODY_TOO_LARGE,
                                         "the body is longer than %d bytes",
                                         NGX_HTTP_PROCORE_SCOPE_ADMIN_BODY);
}


ngx_int_t
ngx_http_procore_scope_admin_parse(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_t *admin)
{
    int          rc;
    const char  *why;

    why = "the body is empty";

    rc = procore_import_line(admin->body.data, admin->body.len, &admin->line,
                             &why);

    if (rc == PROCORE_OK) {
        return NGX_OK;
    }

    return ngx_http_procore_scope_admin_refuse(r, NGX_HTTP_BAD_REQUEST,
                                               PROCORE_REASON_MALFORMED_BODY,
                                               "%s", why);
}


static ngx_uint_t
ngx_http_procore_scope_admin_known(u_char *param, u_char *last)
{
    u_char     *p;
    ngx_str_t  *name;

    p = ngx_strlchr(param, last, '=');

    if (p == NULL) {
        return param == last;
    }

    for (name = ngx_http_procore_scope_admin_params; name->len; name++) {
        if ((size_t) (p - param) == name->len
            && ngx_memcmp(param, name->data, name->len) == 0)
        {
            return 1;
        }
    }

    return 0;
}


/* Of two companies one would be left out, and nobody would say which. */

static ngx_uint_t
ngx_http_procore_scope_admin_repeated(ngx_http_request_t *r)
{
    u_char     *last;
    ngx_str_t  *name, value, rest;

    rest = r->args;
    last = rest.data + rest.len;

    for (name = ngx_http_procore_scope_admin_params; name->len; name++) {

        if (ngx_http_arg(r, name->data, name->len, &value) != NGX_OK) {
            continue;
        }

        r->args.data = value.data + value.len;
        r->args.len = (size_t) (last - r->args.data);

        if (r->args.len
            && ngx_http_arg(r, name->data, name->len, &value) == NGX_OK)
        {
            r->args = rest;
            return 1;
        }

        r->args = rest;
    }

    return 0;
}


/* NGX_OK; NGX_DECLINED: it is not there; NGX_ERROR: no memory. */

static ngx_int_t
ngx_http_procore_scope_admin_value(ngx_http_request_t *r, const char *name,
    ngx_str_t *value)
{
    u_char  *dst, *src;

    if (ngx_http_arg(r, (u_char *) (uintptr_t) name, ngx_strlen(name), value)
        != NGX_OK)
    {
        return NGX_DECLINED;
    }

    src = value->data;
    dst = ngx_pnalloc(r->pool, value->len + 1);

    if (dst == NULL) {
        return NGX_ERROR;
    }

    value->data = dst;
    ngx_unescape_uri(&dst, &src, value->len, 0);
    value->len = (size_t) (dst - value->data);

    return NGX_OK;
}


ngx_int_t
ngx_http_procore_scope_admin_query(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_t *admin)
{
    ngx_int_t  rc, limit;
    ngx_str_t  value;

    admin->limit = NGX_HTTP_PROCORE_SCOPE_ADMIN_LIMIT;

    if (!ngx_http_procore_scope_query_known(r,
                                           ngx_http_procore_scope_admin_known))
    {
        return ngx_http_procore_scope_admin_refuse(r, NGX_HTTP_BAD_REQUEST,
                       PROCORE_REASON_MALFORMED_QUERY,
                       "a parameter of the query is not known; known are "
                       "company, client, way, state, token, limit and cursor");
    }

    if (ngx_http_procore_scope_admin_repeated(r)) {
        return ngx_http_procore_scope_admin_refuse(r, NGX_HTTP_BAD_REQUEST,
                       PROCORE_REASON_MALFORMED_QUERY,
                       "a parameter of the query stands there twice; ask once "
                       "for each value");
    }

    if (ngx_http_procore_scope_admin_value(r, "company", &value) == NGX_OK
        && procore_id_classify(value.data, value.len, &admin->filter.company)
           != PROCORE_ID_NUMBER)
    {
        return ngx_http_procore_scope_admin_refuse(r, NGX_HTTP_BAD_REQUEST,
                               PROCORE_REASON_MALFORMED_ID,
                               "company is not the id of a company");
    }

    if (ngx_http_procore_scope_admin_value(r, "limit", &value) == NGX_OK) {
        limit = ngx_atoi(value.data, value.len);

        if (limit < 1 || limit > NGX_HTTP_PROCORE_SCOPE_ADMIN_MAX) {
            return ngx_http_procore_scope_admin_refuse(r, NGX_HTTP_BAD_REQUEST,
                                 PROCORE_REASON_MALFORMED_QUERY,
                                 "limit is not a number from 1 to %d",
                                 NGX_HTTP_PROCORE_SCOPE_ADMIN_MAX);
        }

        admin->limit = (ngx_uint_t) limit;
    }

    rc = ngx_http_procore_scope_admin_words(r, admin);

    return rc == NGX_OK ? ngx_http_procore_scope_admin_cursor(r, admin) : rc;
}


static ngx_int_t
ngx_http_procore_scope_admin_words(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_t *admin)
{
    ngx_str_t               value;
    procore_str_t           name;
    procore_family_state_e  state;

    if (ngx_http_procore_scope_admin_value(r, "client", &value) == NGX_OK) {
        admin->filter.client.len = value.len;
        admin->filter.client.data = value.data;

        if (value.len == 0 || value.len > PROCORE_STORE_CLIENT_MAX) {
            return ngx_http_procore_scope_admin_refuse(r, NGX_HTTP_BAD_REQUEST,
                                 PROCORE_REASON_MALFORMED_QUERY,
                                 "client is empty or longer than %d bytes",
                                 PROCORE_STORE_CLIENT_MAX);
        }
    }

    if (ngx_http_procore_scope_admin_value(r, "token", &value) == NGX_OK) {
        admin->line.token_len = value.len / 2;

        if ((value.len != 2 * PROCORE_IMPORT_SHORT
             && value.len != 2 * PROCORE_DIGEST_SIZE)
            || procore_import_hex(value.data, value.len, admin->line.token)
               != PROCORE_OK)
        {
            return ngx_http_procore_scope_admin_refuse(r, NGX_HTTP_BAD_REQUEST,
                                 PROCORE_REASON_MALFORMED_QUERY,
                                 "token is not the digest of one: 16 or 64 "
                                 "hexadecimal digits");
        }
    }

    if (ngx_http_procore_scope_admin_value(r, "way", &value) == NGX_OK) {
        name.len = value.len;
        name.data = value.data;

        if (procore_import_way(&name, &admin->filter.way) != PROCORE_OK) {
            return ngx_http_procore_scope_admin_refuse(r, NGX_HTTP_BAD_REQUEST,
                                 PROCORE_REASON_MALFORMED_QUERY,
                                 "way is no way to bind");
        }
    }

    if (ngx_http_procore_scope_admin_value(r, "state", &value) == NGX_OK) {
        name.len = value.len;
        name.data = value.data;

        if (procore_import_state(&name, &state) != PROCORE_OK) {
            return ngx_http_procore_scope_admin_refuse(r, NGX_HTTP_BAD_REQUEST,
                                 PROCORE_REASON_MALFORMED_QUERY,
                                 "state is not one of bound, unbound and "
                                 "withdrawn");
        }

        admin->filter.states = 1u << state;
    }

    return NGX_OK;
}


/* The key of the last entry that was looked at, in hexadecimal. */

static ngx_int_t
ngx_http_procore_scope_admin_cursor(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_t *admin)
{
    ngx_str_t  value;

    if (ngx_http_procore_scope_admin_value(r, "cursor", &value) != NGX_OK
        || value.len == 0)
    {
        return NGX_OK;
    }

    if (value.len > 2 * PROCORE_FAMILY_SIZE
        || procore_import_hex(value.data, value.len, admin->cursor.key)
           != PROCORE_OK)
    {
        return ngx_http_procore_scope_admin_refuse(r, NGX_HTTP_BAD_REQUEST,
                                 PROCORE_REASON_MALFORMED_QUERY,
                                 "cursor is not the \"next\" of a list");
    }

    admin->cursor.len = value.len / 2;

    return NGX_OK;
}

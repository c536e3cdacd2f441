
/*
 * Forms that come from the module's own pages: short, urlencoded, and sent from
 * a page of the same origin.
 */


#include "ngx_http_procore_scope_relay.h"


/* Four short fields; browsers always tell a form's length. */

#define NGX_HTTP_PROCORE_SCOPE_FORM  8192


static ngx_uint_t ngx_http_procore_scope_form_type(ngx_http_request_t *r);
static ngx_uint_t ngx_http_procore_scope_form_own(ngx_http_request_t *r,
    ngx_str_t *origin);
static ngx_uint_t ngx_http_procore_scope_form_is(ngx_str_t *value,
    ngx_str_t *wanted);
static ngx_int_t ngx_http_procore_scope_form_copy(ngx_http_request_t *r,
    ngx_str_t *body);


static ngx_str_t  ngx_http_procore_scope_form_urlencoded =
    ngx_string("application/x-www-form-urlencoded");

static ngx_str_t  ngx_http_procore_scope_form_origin = ngx_string("origin");
static ngx_str_t  ngx_http_procore_scope_form_site =
    ngx_string("sec-fetch-site");
static ngx_str_t  ngx_http_procore_scope_form_same = ngx_string("same-origin");


ngx_int_t
ngx_http_procore_scope_relay_form(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, ngx_str_t *origin, ngx_str_t *body)
{
    ngx_int_t         rc;
    ngx_uint_t        status;
    procore_reason_e  reason;

    status = 0;
    reason = PROCORE_REASON_OK;

    if (!ngx_http_procore_scope_form_own(r, origin)) {
        reason = PROCORE_REASON_CSRF;

    } else if (r->headers_in.content_length_n > NGX_HTTP_PROCORE_SCOPE_FORM) {
        reason = PROCORE_REASON_BAD_REQUEST;
        status = NGX_HTTP_REQUEST_ENTITY_TOO_LARGE;

    } else if (r->headers_in.content_length_n < 0) {
        reason = PROCORE_REASON_BAD_REQUEST;

    } else if (!ngx_http_procore_scope_form_type(r)) {
        reason = PROCORE_REASON_BAD_REQUEST;
        status = NGX_HTTP_UNSUPPORTED_MEDIA_TYPE;
    }

    if (reason != PROCORE_REASON_OK) {
        return ngx_http_procore_scope_relay_refuse(r, ctx, reason, status);
    }

    if (!ctx->body_read) {
        rc = ngx_http_procore_scope_read_body(r, ctx);

        if (rc != NGX_OK) {
            return rc;
        }
    }

    return ngx_http_procore_scope_form_copy(r, body) == NGX_OK
           ? NGX_OK : NGX_HTTP_INTERNAL_SERVER_ERROR;
}


static ngx_uint_t
ngx_http_procore_scope_form_type(ngx_http_request_t *r)
{
    ngx_str_t  *type, *wanted;

    if (r->headers_in.content_type == NULL) {
        return 0;
    }

    type = &r->headers_in.content_type->value;
    wanted = &ngx_http_procore_scope_form_urlencoded;

    if (type->len < wanted->len
        || ngx_strncasecmp(type->data, wanted->data, wanted->len) != 0)
    {
        return 0;
    }

    return type->len == wanted->len || type->data[wanted->len] == ';'
           || type->data[wanted->len] == ' ';
}


/*
 * Browsers that do not say where a form comes from are old; the form's token
 * then stands alone.
 */

static ngx_uint_t
ngx_http_procore_scope_form_own(ngx_http_request_t *r, ngx_str_t *origin)
{
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    for (part = &r->headers_in.headers.part; part; part = part->next) {
        h = part->elts;

        for (i = 0; i < part->nelts; i++) {

            if (ngx_http_procore_scope_is_header(&h[i],
                                         &ngx_http_procore_scope_form_origin)
                && !ngx_http_procore_scope_form_is(&h[i].value, origin))
            {
                return 0;
            }

            if (ngx_http_procore_scope_is_header(&h[i],
                                         &ngx_http_procore_scope_form_site)
                && !ngx_http_procore_scope_form_is(&h[i].value,
                                         &ngx_http_procore_scope_form_same))
            {
                return 0;
            }
        }
    }

    return 1;
}


static ngx_uint_t
ngx_http_procore_scope_form_is(ngx_str_t *value, ngx_str_t *wanted)
{
    return value->len == wanted->len
           && ngx_memcmp(value->data, wanted->data, value->len) == 0;
}


/* In one piece, also where somebody has put it into a file. */

static ngx_int_t
ngx_http_procore_scope_form_copy(ngx_http_request_t *r, ngx_str_t *body)
{
    u_char       *p, *last;
    size_t        size;
    ngx_buf_t    *b;
    ngx_chain_t  *cl;

    p = ngx_pnalloc(r->pool, NGX_HTTP_PROCORE_SCOPE_FORM);
    if (p == NULL) {
        return NGX_ERROR;
    }

    body->data = p;
    last = p + NGX_HTTP_PROCORE_SCOPE_FORM;

    for (cl = r->request_body ? r->request_body->bufs : NULL;
         cl;
         cl = cl->next)
    {
        b = cl->buf;
        size = (size_t) ngx_buf_size(b);

        if (size > (size_t) (last - p)) {
            return NGX_ERROR;
        }

        if (size == 0) {
            continue;
        }

        if (ngx_buf_in_memory(b)) {
            ngx_memcpy(p, b->pos, size);

        } else if (ngx_read_file(b->file, p, size, b->file_pos)
                   != (ssize_t) size)
        {
            return NGX_ERROR;
        }

        p += size;
    }

    body->len = (size_t) (p - body->data);

    return NGX_OK;
}

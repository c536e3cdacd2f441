
/*
 * What the operator's location answers: texts of any length, refusals, and what
 * stands on record.
 */


#include "ngx_http_procore_scope_admin.h"


/* A buffer of a text: several of the longest objects. */

#define NGX_HTTP_PROCORE_SCOPE_ADMIN_BUFFER  (8 * PROCORE_ADMIN_LINE)

/* A sentence of a refusal, bytes; what is longer is cut. */

#define NGX_HTTP_PROCORE_SCOPE_ADMIN_WHY     512


static ngx_buf_t *ngx_http_procore_scope_admin_buffer(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_text_t *text, size_t room);


/* The text's last buffer, a new one where less than "room" is left in it. */

static ngx_buf_t *
ngx_http_procore_scope_admin_buffer(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_text_t *text, size_t room)
{
    ngx_buf_t    *b;
    ngx_chain_t  *cl;

    if (text->last) {
        b = text->last->buf;

        if ((size_t) (b->end - b->last) >= room) {
            return b;
        }
    }

    b = ngx_create_temp_buf(r->pool,
                            ngx_max(room,
                                    NGX_HTTP_PROCORE_SCOPE_ADMIN_BUFFER));
    cl = ngx_alloc_chain_link(r->pool);

    if (b == NULL || cl == NULL) {
        return NULL;
    }

    cl->buf = b;
    cl->next = NULL;

    if (text->last) {
        text->last->next = cl;

    } else {
        text->first = cl;
    }

    text->last = cl;

    return b;
}


ngx_int_t
ngx_http_procore_scope_admin_add(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_text_t *text, const char *data, size_t len)
{
    ngx_buf_t  *b;

    b = ngx_http_procore_scope_admin_buffer(r, text, len);
    if (b == NULL) {
        return NGX_ERROR;
    }

    b->last = ngx_cpymem(b->last, data, len);
    text->size += (off_t) len;

    return NGX_OK;
}


char *
ngx_http_procore_scope_admin_room(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_text_t *text)
{
    ngx_buf_t  *b;

    b = ngx_http_procore_scope_admin_buffer(r, text, PROCORE_ADMIN_LINE);

    return b ? (char *) b->last : NULL;
}


char *
ngx_http_procore_scope_admin_element(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_text_t *text, size_t i)
{
    char  *p;

    p = ngx_http_procore_scope_admin_room(r, text);

    if (p && i) {
        *p++ = ',';
    }

    return p;
}


void
ngx_http_procore_scope_admin_filled(ngx_http_procore_scope_admin_text_t *text,
    char *end)
{
    ngx_buf_t  *b;

    b = text->last->buf;
    text->size += (u_char *) end - b->last;
    b->last = (u_char *) end;
}


ngx_int_t
ngx_http_procore_scope_admin_header(ngx_http_request_t *r, ngx_uint_t status,
    const char *type, off_t length)
{
    ngx_str_t  value;

    r->headers_out.status = status;
    r->headers_out.content_length_n = length;
    r->headers_out.content_type.len = ngx_strlen(type);
    r->headers_out.content_type.data = (u_char *) (uintptr_t) type;
    r->headers_out.content_type_len = r->headers_out.content_type.len;
    r->headers_out.content_type_lowcase = NULL;

    ngx_str_set(&value, "no-store");

    return ngx_http_procore_scope_add_answer_header(r, "Cache-Control",
                                                    &value);
}


ngx_int_t
ngx_http_procore_scope_admin_answer(ngx_http_request_t *r, ngx_uint_t status,
    ngx_http_procore_scope_admin_text_t *text)
{
    ngx_int_t  rc;

    if (ngx_http_procore_scope_admin_put(r, text, "\n") != NGX_OK
        || ngx_http_procore_scope_admin_header(r, status, "application/json",
                                               text->size)
           != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    text->last->buf->last_buf = 1;
    text->last->buf->last_in_chain = 1;

    rc = ngx_http_send_header(r);

    if (rc == NGX_OK && !r->header_only) {
        rc = ngx_http_output_filter(r, text->first);
    }

    ngx_http_finalize_request(r, rc);

    return NGX_DONE;
}


ngx_int_t
ngx_http_procore_scope_admin_name(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_text_t *text, const char *before,
    ngx_str_t *name)
{
    u_char  *p, *last;
    size_t   size;

    size = name->len * NGX_HTTP_PROCORE_SCOPE_ESCAPED;

    p = ngx_pnalloc(r->pool, size + 1);

    if (p == NULL
        || ngx_http_procore_scope_admin_add(r, text, before,
                                            ngx_strlen(before))
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    last = ngx_http_procore_scope_json(p, p + size, name);

    return ngx_http_procore_scope_admin_add(r, text, (char *) p,
                                            (size_t) (last - p));
}


ngx_int_t
ngx_http_procore_scope_admin_count(ngx_http_request_t *r, const char *what,
    uint64_t n)
{
    u_char                                *p, line[64];
    ngx_http_procore_scope_admin_text_t    text;

    ngx_memzero(&text, sizeof(ngx_http_procore_scope_admin_text_t));

    p = ngx_slprintf(line, line + sizeof(line), "{\"%s\":%uL}", what, n);

    if (ngx_http_procore_scope_admin_add(r, &text, (char *) line,
                                         (size_t) (p - line))
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_procore_scope_admin_answer(r, NGX_HTTP_OK, &text);
}


void
ngx_http_procore_scope_admin_did(ngx_http_procore_scope_admin_t *admin,
    const char *action)
{
    ngx_http_procore_scope_ctx_t  *ctx;

    ctx = admin->ctx;

    ctx->action.len = ngx_strlen(action);
    ctx->action.data = (u_char *) (uintptr_t) action;

    (void) ngx_http_procore_scope_decide(ctx);
}


/*
 * Only what would have changed something stands on record as refused: a list
 * that was asked for in a wrong way is nothing that happened.
 */

ngx_int_t
ngx_http_procore_scope_admin_refuse(ngx_http_request_t *r, ngx_uint_t status,
    procore_reason_e reason, const char *why, ...)
{
    u_char                        *p;
    va_list                        args;
    ngx_str_t                      body;
    ngx_http_procore_scope_ctx_t  *ctx;

    ctx = ngx_http_procore_scope_get_ctx(r);

    p = ngx_pnalloc(r->pool, NGX_HTTP_PROCORE_SCOPE_ADMIN_WHY);
    if (p == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx->sentence.data = p;

    va_start(args, why);
    p = ngx_vslprintf(p, p + NGX_HTTP_PROCORE_SCOPE_ADMIN_WHY, why, args);
    va_end(args);

    ctx->sentence.len = (size_t) (p - ctx->sentence.data);

    ctx->judge.reason = reason;
    ctx->judge.rank = PROCORE_RANK_TOKEN;

    if (!(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD))) {
        ngx_str_set(&ctx->action, "admin_refused");
        ctx->decision = NGX_HTTP_PROCORE_SCOPE_DENY;
        ngx_http_procore_scope_log_refusal(ctx);
    }

    if (ngx_http_procore_scope_refusal(r, ctx, 0, &body) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    r->headers_out.status = status;

    return ngx_http_procore_scope_send(r, &body);
}


ngx_int_t
ngx_http_procore_scope_admin_failed(ngx_http_request_t *r)
{
    return ngx_http_procore_scope_admin_refuse(r, NGX_HTTP_SERVICE_UNAVAILABLE,
                         PROCORE_REASON_STORE_FAILED,
                         "the gateway's store is out of reach, the error log "
                         "says why; try again later");
}

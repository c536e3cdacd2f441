
/*
 * Holding an answer.  The header is kept back, the body is collected, and both
 * go on together when somebody has decided what the client may see.
 */


#include "ngx_http_procore_scope_answer.h"


/* Bodies are copied into pieces of this: their own buffers are reused. */

#define NGX_HTTP_PROCORE_SCOPE_ANSWER_PIECE  8192


static ngx_int_t ngx_http_procore_scope_answer_copy(ngx_http_request_t *r,
    ngx_http_procore_scope_answer_t *answer, u_char *data, size_t len);
static ngx_chain_t *ngx_http_procore_scope_answer_tail(
    ngx_http_procore_scope_answer_t *answer);
static void ngx_http_procore_scope_answer_replace(ngx_http_request_t *r,
    size_t len);
static ngx_int_t ngx_http_procore_scope_answer_end(ngx_http_request_t *r,
    ngx_http_procore_scope_answer_t *answer);
static void ngx_http_procore_scope_answer_clear_header(ngx_http_request_t *r);


ngx_int_t
ngx_http_procore_scope_answer_start(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, size_t limit)
{
    ngx_http_procore_scope_answer_t  *answer;

    answer = ngx_pcalloc(r->pool, sizeof(ngx_http_procore_scope_answer_t));
    if (answer == NULL) {
        return NGX_ERROR;
    }

    answer->last = &answer->chain;
    answer->limit = limit;
    answer->held = 1;

    ctx->answer = answer;

    r->filter_need_in_memory = 1;

    /* the range filters would see the body before the header */

    r->allow_ranges = 0;

    return NGX_OK;
}


ngx_int_t
ngx_http_procore_scope_answer_collect(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, ngx_chain_t *in)
{
    size_t                            size;
    ngx_buf_t                        *b;
    ngx_http_procore_scope_answer_t  *answer;

    answer = ctx->answer;

    for ( /* void */ ; in; in = in->next) {

        b = in->buf;
        size = ngx_buf_in_memory(b) ? (size_t) (b->last - b->pos) : 0;

        if (size > answer->limit - answer->size) {
            answer->over = 1;
            return NGX_DECLINED;
        }

        if (size
            && ngx_http_procore_scope_answer_copy(r, answer, b->pos, size)
               != NGX_OK)
        {
            return NGX_ERROR;
        }

        b->pos = b->last;
        b->file_pos = b->file_last;

        if (b->last_buf || (r != r->main && b->last_in_chain)) {
            answer->complete = 1;
            return NGX_OK;
        }

        /*
         * An answer that broke off ends with a flush and no last buffer, sent
         * when the upstream is finished with already.
         */

        if (b->flush && size == 0 && r->upstream
            && r->upstream->cleanup == NULL)
        {
            return NGX_DECLINED;
        }
    }

    return NGX_AGAIN;
}


ngx_int_t
ngx_http_procore_scope_answer_rest(ngx_http_request_t *r, ngx_chain_t *in)
{
    while (in && ngx_buf_size(in->buf) == 0 && !ngx_buf_special(in->buf)) {
        in = in->next;
    }

    return ngx_http_procore_scope_next_body_filter(r, in);
}


ngx_int_t
ngx_http_procore_scope_answer_send(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, ngx_str_t *body)
{
    ngx_int_t                         rc;
    ngx_buf_t                        *b;
    ngx_chain_t                      *cl;
    ngx_http_procore_scope_answer_t  *answer;

    answer = ctx->answer;

    answer->held = 0;
    answer->done = 1;
    r->buffered &= ~NGX_HTTP_PROCORE_SCOPE_BUFFERED;

    if (body) {
        ngx_http_procore_scope_answer_replace(r, body->len);

        answer->chain = NULL;
        answer->last = &answer->chain;
        answer->over = 0;
        answer->complete = 1;

        if (body->len) {
            b = ngx_calloc_buf(r->pool);
            cl = ngx_alloc_chain_link(r->pool);

            if (b == NULL || cl == NULL) {
                return NGX_ERROR;
            }

            b->pos = body->data;
            b->last = body->data + body->len;
            b->memory = 1;

            cl->buf = b;
            cl->next = NULL;
            *answer->last = cl;
            answer->last = &cl->next;
        }
    }

    rc = ngx_http_procore_scope_next_header_filter(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    if (ngx_http_procore_scope_answer_end(r, answer) != NGX_OK) {
        return NGX_ERROR;
    }

    if (answer->chain == NULL) {
        return NGX_OK;
    }

    return ngx_http_procore_scope_next_body_filter(r, answer->chain);
}


ngx_int_t
ngx_http_procore_scope_answer_text(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, ngx_str_t *text)
{
    u_char                           *p;
    ngx_chain_t                      *cl;
    ngx_http_procore_scope_answer_t  *answer;

    answer = ctx->answer;

    text->len = answer->size;
    text->data = ngx_pnalloc(r->pool, answer->size + 1);

    if (text->data == NULL) {
        return NGX_ERROR;
    }

    p = text->data;

    for (cl = answer->chain; cl; cl = cl->next) {
        p = ngx_cpymem(p, cl->buf->pos, cl->buf->last - cl->buf->pos);
    }

    return NGX_OK;
}


void
ngx_http_procore_scope_answer_wait(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    ctx->answer->writing = 1;
    r->buffered |= NGX_HTTP_PROCORE_SCOPE_BUFFERED;

    ngx_http_procore_scope_hold(r);
}


void
ngx_http_procore_scope_answer_wake(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    ctx->answer->writing = 0;

    ngx_http_procore_scope_release(r);
    ngx_http_procore_scope_wake(r);
}


ngx_int_t
ngx_http_procore_scope_answer_refuse(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, procore_reason_e reason)
{
    ngx_str_t   body;
    ngx_uint_t  oauth;

    oauth = ctx->answer_type != NGX_HTTP_PROCORE_SCOPE_ANSWER_COMPANIES;

    ctx->judge.reason = reason;
    ctx->decision = NGX_HTTP_PROCORE_SCOPE_DENY;

    ngx_http_procore_scope_answer_clear_header(r);

    if (ngx_http_procore_scope_refusal(r, ctx, oauth, &body) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_http_procore_scope_answer_send(r, ctx, &body);
}


ngx_int_t
ngx_http_procore_scope_answer_after(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, ngx_chain_t *in)
{
    if (ctx->decision != NGX_HTTP_PROCORE_SCOPE_DENY) {
        return ngx_http_procore_scope_next_body_filter(r, in);
    }

    /* what a refusal stands in for goes nowhere */

    for ( /* void */ ; in; in = in->next) {
        in->buf->pos = in->buf->last;
        in->buf->file_pos = in->buf->file_last;
    }

    /* without a buffer: what is on its way already goes on */

    return ngx_http_procore_scope_next_body_filter(r, NULL);
}


/* Nothing of what Procore sent is true of a refusal. */

static void
ngx_http_procore_scope_answer_clear_header(ngx_http_request_t *r)
{
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    for (part = &r->headers_out.headers.part; part; part = part->next) {
        h = part->elts;

        for (i = 0; i < part->nelts; i++) {
            h[i].hash = 0;
        }
    }

    r->headers_out.status_line.len = 0;
    r->headers_out.server = NULL;
    r->headers_out.date = NULL;
    r->headers_out.location = NULL;
    r->headers_out.content_encoding = NULL;
    r->headers_out.charset.len = 0;
}


static ngx_int_t
ngx_http_procore_scope_answer_copy(ngx_http_request_t *r,
    ngx_http_procore_scope_answer_t *answer, u_char *data, size_t len)
{
    size_t        n;
    ngx_buf_t    *b;
    ngx_chain_t  *cl;

    b = NULL;

    if (answer->chain != NULL) {
        cl = ngx_http_procore_scope_answer_tail(answer);
        b = cl->buf;
    }

    while (len) {

        if (b == NULL || b->last == b->end) {

            cl = ngx_alloc_chain_link(r->pool);
            if (cl == NULL) {
                return NGX_ERROR;
            }

            b = ngx_create_temp_buf(r->pool,
                                    NGX_HTTP_PROCORE_SCOPE_ANSWER_PIECE);
            if (b == NULL) {
                return NGX_ERROR;
            }

            cl->buf = b;
            cl->next = NULL;
            *answer->last = cl;
            answer->last = &cl->next;
        }

        n = ngx_min(len, (size_t) (b->end - b->last));

        b->last = ngx_cpymem(b->last, data, n);
        data += n;
        len -= n;
        answer->size += n;
    }

    return NGX_OK;
}


/* "last" points to the link's member, so the link is known from it. */

static ngx_chain_t *
ngx_http_procore_scope_answer_tail(ngx_http_procore_scope_answer_t *answer)
{
    return (ngx_chain_t *) ((u_char *) answer->last
                            - offsetof(ngx_chain_t, next));
}


static void
ngx_http_procore_scope_answer_replace(ngx_http_request_t *r, size_t len)
{
    ngx_http_clear_content_length(r);
    ngx_http_clear_accept_ranges(r);
    ngx_http_clear_last_modified(r);
    ngx_http_clear_etag(r);

    r->headers_out.content_length_n = (off_t) len;
}


/*
 * Adds the end that the body had: the last buffer, or for one that broke off a
 * flush alone.  Where the answer was too long the rest follows.
 */

static ngx_int_t
ngx_http_procore_scope_answer_end(ngx_http_request_t *r,
    ngx_http_procore_scope_answer_t *answer)
{
    ngx_buf_t    *b;
    ngx_chain_t  *cl;

    if (answer->over) {
        return NGX_OK;
    }

    b = ngx_calloc_buf(r->pool);
    cl = ngx_alloc_chain_link(r->pool);

    if (b == NULL || cl == NULL) {
        return NGX_ERROR;
    }

    if (answer->complete) {
        b->last_buf = (r == r->main) ? 1 : 0;
        b->sync = (r == r->main) ? 0 : 1;
        b->last_in_chain = 1;

    } else {
        b->flush = 1;
    }

    cl->buf = b;
    cl->next = NULL;
    *answer->last = cl;
    answer->last = &cl->next;

    return NGX_OK;
}

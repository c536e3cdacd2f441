
/*
 * Feeds request bodies to the claim readers, as they arrive.
 */


#include "ngx_http_procore_scope_candidate.h"


/* Lines of one header beyond this are as good as unreadable. */

#define NGX_HTTP_PROCORE_SCOPE_LINES  8

/* A body that somebody else has put into a file is read in pieces of this. */

#define NGX_HTTP_PROCORE_SCOPE_PIECE  16384


typedef struct {
    procore_judge_body_t  body;
    procore_str_t         types[NGX_HTTP_PROCORE_SCOPE_LINES];
    procore_str_t         encodings[NGX_HTTP_PROCORE_SCOPE_LINES];
} ngx_http_procore_scope_body_head_t;


static void ngx_http_procore_scope_body_head(ngx_http_request_t *r,
    ngx_http_procore_scope_body_head_t *head);
static ngx_int_t ngx_http_procore_scope_body_filter(ngx_http_request_t *r,
    ngx_chain_t *in);
static void ngx_http_procore_scope_watch(ngx_http_procore_scope_ctx_t *ctx,
    ngx_chain_t *in);
static void ngx_http_procore_scope_body_handler(ngx_http_request_t *r);
static void ngx_http_procore_scope_feed(ngx_http_procore_scope_ctx_t *ctx,
    u_char *data, size_t len);
static void ngx_http_procore_scope_feed_end(ngx_http_procore_scope_ctx_t *ctx);
static ngx_int_t ngx_http_procore_scope_feed_read(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);
static ngx_int_t ngx_http_procore_scope_feed_file(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, ngx_buf_t *buf, u_char *piece);
static ngx_uint_t ngx_http_procore_scope_lines(ngx_http_request_t *r,
    ngx_str_t *name, procore_str_t *lines);


static ngx_http_request_body_filter_pt
    ngx_http_procore_scope_next_request_body_filter;

static ngx_str_t  ngx_http_procore_scope_content_type =
    ngx_string("content-type");

static ngx_str_t  ngx_http_procore_scope_content_encoding =
    ngx_string("content-encoding");


ngx_int_t
ngx_http_procore_scope_body_filter_init(ngx_conf_t *cf)
{
    ngx_http_procore_scope_next_request_body_filter =
                                              ngx_http_top_request_body_filter;
    ngx_http_top_request_body_filter = ngx_http_procore_scope_body_filter;

    return NGX_OK;
}


ngx_uint_t
ngx_http_procore_scope_has_body(ngx_http_request_t *r)
{
    if (r != r->main) {
        return r->request_body && r->request_body->bufs;
    }

    return r->headers_in.content_length_n > 0 || r->headers_in.chunked
           || (r->request_body && r->request_body->bufs);
}


ngx_int_t
ngx_http_procore_scope_start_body(ngx_http_procore_scope_ctx_t *ctx,
    const procore_sink_t *sink, u_char *scratch, size_t scratch_size)
{
    ngx_http_procore_scope_body_head_t  head;

    ngx_http_procore_scope_body_head(ctx->request, &head);

    if (ctx->candidate) {
        ngx_http_procore_scope_candidate_body(ctx, &head.body);
    }

    switch (procore_judge_body_start(&ctx->judge, &head.body, sink, scratch,
                                     scratch_size))
    {
    case PROCORE_OK:
        return NGX_OK;

    case PROCORE_NOT_FOUND:
        return NGX_DECLINED;

    default:
        return NGX_ERROR;
    }
}


/*
 * A request that monitor has judged by its head goes up with its body: a judge
 * of its own reads that for the report alone, and decides nothing.
 */

void
ngx_http_procore_scope_watch_body(ngx_http_procore_scope_ctx_t *ctx)
{
    procore_sink_t                       sink;
    procore_judge_t                     *watch;
    ngx_http_request_t                  *r;
    ngx_http_procore_scope_body_head_t   head;

    r = ctx->request;

    if (ctx->watch || ctx->body_started || r != r->main
        || ctx->judge.reason == PROCORE_REASON_PREFLIGHT
        || ctx->judge.reason == PROCORE_REASON_MISSING_TOKEN
        || !ngx_http_procore_scope_has_body(r))
    {
        return;
    }

    watch = ngx_palloc(r->pool, sizeof(procore_judge_t));
    if (watch == NULL) {
        return;
    }

    ngx_http_procore_scope_judge_init(ctx, watch);

    watch->company = ctx->judge.company;
    watch->client = ctx->judge.client;
    watch->rules = ctx->judge.rules;
    watch->tells = 1;

    procore_judge_sink(watch, &sink);
    ngx_http_procore_scope_body_head(r, &head);

    if (procore_judge_body_start(watch, &head.body, &sink, NULL, 0)
        == PROCORE_OK)
    {
        ctx->watch = watch;
    }
}


static void
ngx_http_procore_scope_body_head(ngx_http_request_t *r,
    ngx_http_procore_scope_body_head_t *head)
{
    head->body.types = head->types;
    head->body.ntypes = ngx_http_procore_scope_lines(r,
                                        &ngx_http_procore_scope_content_type,
                                                     head->types);
    head->body.encodings = head->encodings;
    head->body.nencodings = ngx_http_procore_scope_lines(r,
                                    &ngx_http_procore_scope_content_encoding,
                                                         head->encodings);
    head->body.length = r->headers_in.content_length_n > 0
                        ? (uint64_t) r->headers_in.content_length_n : 0;
}


static ngx_uint_t
ngx_http_procore_scope_lines(ngx_http_request_t *r, ngx_str_t *name,
    procore_str_t *lines)
{
    ngx_uint_t        i, n;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    n = 0;

    for (part = &r->headers_in.headers.part; part; part = part->next) {
        h = part->elts;

        for (i = 0; i < part->nelts; i++) {

            if (n < NGX_HTTP_PROCORE_SCOPE_LINES
                && ngx_http_procore_scope_is_header(&h[i], name))
            {
                lines[n].len = h[i].value.len;
                lines[n].data = h[i].value.data;
                n++;
            }
        }
    }

    return n;
}


ngx_int_t
ngx_http_procore_scope_read_body(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    ngx_int_t  rc;

    ngx_log_debug0(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "procore scope read body");

    if (r->request_body) {

        /* somebody has read it before us: nothing came by our filter */

        if (!ctx->body_seen
            && ngx_http_procore_scope_feed_read(r, ctx) != NGX_OK)
        {
            ngx_http_procore_scope_note(ctx, PROCORE_REASON_MALFORMED_BODY,
                                        PROCORE_RANK_BODY_MALFORMED, NULL);
        }

        ctx->body_read = 1;

        return NGX_OK;
    }

    rc = ngx_http_read_client_request_body(r,
                                         ngx_http_procore_scope_body_handler);

    if (rc >= NGX_HTTP_SPECIAL_RESPONSE) {
        return rc;
    }

    ngx_http_finalize_request(r, NGX_DONE);

    return NGX_DONE;
}


static void
ngx_http_procore_scope_body_handler(ngx_http_request_t *r)
{
    ngx_http_procore_scope_ctx_t  *ctx;

    ctx = ngx_http_procore_scope_get_ctx(r);

    if (!ctx->body_seen) {
        ngx_http_procore_scope_feed_end(ctx);
    }

    ctx->body_read = 1;

    r->preserve_body = 1;
    r->write_event_handler = ngx_http_core_run_phases;

    ngx_http_core_run_phases(r);
}


/*
 * Never refuses: on HTTP/1.1 the rest of the body would then be taken for the
 * next request.  The verdict is noted, and told after the last byte.
 */

static ngx_int_t
ngx_http_procore_scope_body_filter(ngx_http_request_t *r, ngx_chain_t *in)
{
    ngx_buf_t                     *b;
    ngx_chain_t                   *cl;
    ngx_http_procore_scope_ctx_t  *ctx;

    ctx = ngx_http_procore_scope_get_ctx(r);

    if (ctx && ctx->watch) {
        ngx_http_procore_scope_watch(ctx, in);
    }

    if (ctx == NULL || ctx->body_seen
        || (ctx->judge.body == NULL && !ctx->judge.unsupported))
    {
        return ngx_http_procore_scope_next_request_body_filter(r, in);
    }

    for (cl = in; cl; cl = cl->next) {
        b = cl->buf;

        if (ngx_buf_in_memory(b) && b->last > b->pos) {
            ngx_http_procore_scope_feed(ctx, b->pos,
                                        (size_t) (b->last - b->pos));
        }

        if (b->last_buf) {
            ngx_http_procore_scope_feed_end(ctx);
            break;
        }
    }

    ngx_http_procore_scope_judge_end(ctx);

    if (ctx->body_seen && ctx->conf->mode == NGX_HTTP_PROCORE_SCOPE_MONITOR) {
        ngx_http_procore_scope_monitor_body(r, ctx);
    }

    return ngx_http_procore_scope_next_request_body_filter(r, in);
}


static void
ngx_http_procore_scope_watch(ngx_http_procore_scope_ctx_t *ctx,
    ngx_chain_t *in)
{
    ngx_buf_t  *b;

    for ( /* void */ ; in; in = in->next) {
        b = in->buf;

        if (ngx_buf_in_memory(b) && b->last > b->pos) {
            procore_judge_body_feed(ctx->watch, b->pos,
                                    (size_t) (b->last - b->pos));
        }
    }

    ngx_http_procore_scope_judge_end(ctx);
}


static void
ngx_http_procore_scope_feed(ngx_http_procore_scope_ctx_t *ctx, u_char *data,
    size_t len)
{
    procore_judge_body_feed(&ctx->judge, data, len);

    if (ctx->candidate) {
        procore_judge_body_feed(&ctx->candidate->judge, data, len);
    }
}


static void
ngx_http_procore_scope_feed_end(ngx_http_procore_scope_ctx_t *ctx)
{
    ctx->body_seen = 1;

    procore_judge_body_end(&ctx->judge);

    if (ctx->candidate) {
        procore_judge_body_end(&ctx->candidate->judge);
    }

    ngx_http_procore_scope_judge_end(ctx);
}


static ngx_int_t
ngx_http_procore_scope_feed_read(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    u_char       *piece;
    ngx_buf_t    *b;
    ngx_chain_t  *cl;

    piece = NULL;

    for (cl = r->request_body->bufs; cl; cl = cl->next) {
        b = cl->buf;

        if (!b->in_file) {

            if (b->last > b->pos) {
                ngx_http_procore_scope_feed(ctx, b->pos,
                                            (size_t) (b->last - b->pos));
            }

            continue;
        }

        if (piece == NULL) {
            piece = ngx_palloc(r->pool, NGX_HTTP_PROCORE_SCOPE_PIECE);
            if (piece == NULL) {
                return NGX_ERROR;
            }
        }

        if (ngx_http_procore_scope_feed_file(r, ctx, b, piece) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    ngx_http_procore_scope_feed_end(ctx);
    ngx_http_procore_scope_judge_end(ctx);

    return NGX_OK;
}


static ngx_int_t
ngx_http_procore_scope_feed_file(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, ngx_buf_t *buf, u_char *piece)
{
    off_t    offset;
    size_t   size;
    ssize_t  n;

    for (offset = buf->file_pos; offset < buf->file_last; offset += n) {

        size = (size_t) ngx_min(buf->file_last - offset,
                                NGX_HTTP_PROCORE_SCOPE_PIECE);

        n = ngx_read_file(buf->file, piece, size, offset);

        if (n <= 0) {
            return NGX_ERROR;
        }

        ngx_http_procore_scope_feed(ctx, piece, (size_t) n);
    }

    return NGX_OK;
}

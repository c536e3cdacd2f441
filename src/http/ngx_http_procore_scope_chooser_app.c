
/*
 * The chooser for apps: the companies of a token and its binding, as JSON.
 */


#include "ngx_http_procore_scope_chooser.h"


/* {"company_id":...} and generous blanks. */

#define NGX_HTTP_PROCORE_SCOPE_CHOOSER_BODY  4096

/* An element of the list without its name, and all around the list. */

#define NGX_HTTP_PROCORE_SCOPE_CHOOSER_ITEM  64
#define NGX_HTTP_PROCORE_SCOPE_CHOOSER_JSON  256


static ngx_int_t ngx_http_procore_scope_chooser_identify(
    ngx_http_request_t *r, ngx_http_procore_scope_ctx_t *ctx);
static ngx_int_t ngx_http_procore_scope_chooser_read(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);
static ngx_int_t ngx_http_procore_scope_chooser_body(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);
static void ngx_http_procore_scope_chooser_claim(void *data,
    const procore_claim_t *claim);
static ngx_int_t ngx_http_procore_scope_chooser_judge(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);
static ngx_int_t ngx_http_procore_scope_chooser_told(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);
static ngx_int_t ngx_http_procore_scope_chooser_kept(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);
static ngx_int_t ngx_http_procore_scope_chooser_answer(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);
static ngx_int_t ngx_http_procore_scope_chooser_text(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, ngx_str_t *text);
static ngx_int_t ngx_http_procore_scope_chooser_deny(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, procore_reason_e reason);
static ngx_int_t ngx_http_procore_scope_chooser_method(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);


ngx_int_t
ngx_http_procore_scope_chooser_app(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    ngx_int_t  rc;

    if (!(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD|NGX_HTTP_POST))) {
        return ngx_http_procore_scope_chooser_method(r, ctx);
    }

    rc = ngx_http_procore_scope_chooser_identify(r, ctx);
    if (rc != NGX_OK) {
        return rc;
    }

    if (r->method == NGX_HTTP_POST) {

        rc = ngx_http_procore_scope_chooser_read(r, ctx);

        if (rc == NGX_OK) {
            rc = ngx_http_procore_scope_chooser_judge(r, ctx);
        }

        if (rc != NGX_OK) {
            return rc;
        }
    }

    if (ngx_http_procore_scope_chooser_list(r, ctx,
                                          ngx_http_procore_scope_chooser_told)
        == NGX_AGAIN)
    {
        return NGX_AGAIN;
    }

    return ngx_http_procore_scope_chooser_deny(r, ctx,
                                               PROCORE_REASON_LOOKUP_FAILED);
}


/* The token and its company, which may be bound by this very request. */

static ngx_int_t
ngx_http_procore_scope_chooser_identify(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    ngx_int_t  rc;

    if (!ctx->started) {
        ctx->started = 1;

        rc = ngx_http_procore_scope_read_token(ctx);
        ngx_http_procore_scope_judge_end(ctx);

        if (rc != NGX_OK) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    if (ctx->judge.rank == PROCORE_RANK_NONE && ctx->to_bind) {
        ctx->chooser->bound = 1;

        rc = ngx_http_procore_scope_bind_token(r, ctx);

        if (rc != NGX_OK) {
            return rc;
        }
    }

    if (ctx->judge.rank != PROCORE_RANK_NONE) {
        return ngx_http_procore_scope_chooser_deny(r, ctx, ctx->judge.reason);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_procore_scope_chooser_read(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    ngx_int_t                          rc;
    ngx_http_procore_scope_chooser_t  *chooser;

    if (!ctx->body_started) {
        ctx->body_started = 1;

        if (ngx_http_procore_scope_chooser_body(r, ctx) != NGX_OK) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    if (ctx->judge.rank == PROCORE_RANK_NONE && !ctx->body_read) {

        rc = ngx_http_procore_scope_read_body(r, ctx);

        if (rc != NGX_OK) {
            return rc;
        }
    }

    chooser = ctx->chooser;

    if (ctx->judge.rank == PROCORE_RANK_NONE
        && (chooser->claims != 1 || chooser->unclear))
    {
        ngx_http_procore_scope_note(ctx, PROCORE_REASON_MALFORMED_BODY,
                                    PROCORE_RANK_BODY_MALFORMED, NULL);
    }

    if (ctx->judge.rank != PROCORE_RANK_NONE) {
        return ngx_http_procore_scope_chooser_deny(r, ctx, ctx->judge.reason);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_procore_scope_chooser_body(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    ngx_int_t       rc;
    procore_sink_t  sink;

    if (!ngx_http_procore_scope_has_body(r)) {
        ctx->body_read = 1;
        return NGX_OK;
    }

    ngx_memzero(&sink, sizeof(procore_sink_t));

    sink.data = ctx;
    sink.claim = ngx_http_procore_scope_chooser_claim;
    sink.param = ngx_http_procore_scope_param;

    rc = ngx_http_procore_scope_start_body(ctx, &sink, NULL, 0);

    if (rc == NGX_ERROR) {
        return NGX_ERROR;
    }

    if (ctx->judge.body == NULL || ctx->judge.body->type != PROCORE_BODY_JSON) {
        ngx_http_procore_scope_note(ctx, PROCORE_REASON_UNSUPPORTED_BODY,
                                    PROCORE_RANK_BODY_MALFORMED, NULL);
        return NGX_OK;
    }

    ctx->judge.body->limit = NGX_HTTP_PROCORE_SCOPE_CHOOSER_BODY;

    if (r->headers_in.content_length_n > NGX_HTTP_PROCORE_SCOPE_CHOOSER_BODY) {
        ngx_http_procore_scope_note(ctx, PROCORE_REASON_BODY_TOO_LARGE,
                                    PROCORE_RANK_BODY_MALFORMED, NULL);
    }

    return NGX_OK;
}


/* One company_id at the top, and no other company or project. */

static void
ngx_http_procore_scope_chooser_claim(void *data, const procore_claim_t *claim)
{
    ngx_http_procore_scope_ctx_t *ctx = data;

    ngx_str_t                          name, value;
    procore_judge_claim_t             *kept;
    ngx_http_procore_scope_chooser_t  *chooser;

    chooser = ctx->chooser;

    if (chooser->claims++
        || claim->kind != PROCORE_KIND_COMPANY
        || claim->name.len != sizeof("company_id") - 1
        || ngx_memcmp(claim->name.data, "company_id", claim->name.len) != 0)
    {
        chooser->unclear = 1;
        return;
    }

    if (claim->state == PROCORE_CLAIM_ID) {
        chooser->wanted = claim->id;
        return;
    }

    chooser->unclear = 1;

    kept = ngx_pcalloc(ctx->request->pool, sizeof(procore_judge_claim_t));

    if (kept == NULL
        || ngx_http_procore_scope_copy(ctx->request->pool, &name, &claim->name)
           != NGX_OK
        || ngx_http_procore_scope_copy(ctx->request->pool, &value,
                                       &claim->value)
           != NGX_OK)
    {
        return;
    }

    kept->name.len = name.len;
    kept->name.data = name.data;
    kept->value.len = value.len;
    kept->value.data = value.data;
    kept->carrier = claim->carrier;
    kept->kind = claim->kind;
    kept->verdict = PROCORE_VERDICT_MALFORMED;

    ngx_http_procore_scope_note(ctx, PROCORE_REASON_MALFORMED_ID,
                                PROCORE_RANK_BODY_MALFORMED, kept);
}


/* What needs no list. */

static ngx_int_t
ngx_http_procore_scope_chooser_judge(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    ngx_str_t  client;

    if (ctx->judge.company) {
        return ctx->judge.company == ctx->chooser->wanted
               ? NGX_OK
               : ngx_http_procore_scope_chooser_deny(r, ctx,
                                                     PROCORE_REASON_REBIND);
    }

    ngx_http_procore_scope_client_id(ctx, &client);

    if (ngx_http_procore_scope_chooser_allows(ctx)
        && ngx_http_procore_scope_client_allows(ctx->conf, &client,
                                                ctx->chooser->wanted))
    {
        return NGX_OK;
    }

    return ngx_http_procore_scope_chooser_deny(r, ctx,
                                           PROCORE_REASON_COMPANY_NOT_ALLOWED);
}


static ngx_int_t
ngx_http_procore_scope_chooser_told(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    procore_store_op_t                 op;
    ngx_http_procore_scope_call_t     *call;
    ngx_http_procore_scope_chooser_t  *chooser;

    chooser = ctx->chooser;

    if (chooser->list.rc != NGX_OK) {
        call = &ctx->relay->call;

        ctx->unauthorized = call->status == NGX_HTTP_UNAUTHORIZED;
        ctx->retry_after = call->retry_after;

        return ngx_http_procore_scope_chooser_deny(r, ctx,
                                                 PROCORE_REASON_LOOKUP_FAILED);
    }

    if (chooser->wanted == 0 || ctx->judge.company) {
        ctx->relay->offered = ctx->judge.company
                              ? 1 : (ngx_int_t) chooser->list.ids.nelts;

        ngx_http_procore_scope_chooser_did(ctx, "company_offered");
        return ngx_http_procore_scope_chooser_answer(r, ctx);
    }

    if (!ngx_http_procore_scope_chooser_listed(chooser, chooser->wanted,
                                               &chooser->name))
    {
        return ngx_http_procore_scope_chooser_deny(r, ctx,
                                           PROCORE_REASON_COMPANY_NOT_ALLOWED);
    }

    ngx_http_procore_scope_bind_op(ctx, PROCORE_STORE_BIND, chooser->wanted,
                                   PROCORE_WAY_CHOOSER, &op);

    if (ngx_http_procore_scope_relay_write(r, ctx, &op,
                                          ngx_http_procore_scope_chooser_kept)
        == NGX_AGAIN)
    {
        return NGX_AGAIN;
    }

    return ngx_http_procore_scope_chooser_deny(r, ctx,
                                               PROCORE_REASON_STORE_FAILED);
}


static ngx_int_t
ngx_http_procore_scope_chooser_kept(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    procore_reason_e  reason;

    reason = ngx_http_procore_scope_chooser_bound(ctx);

    if (reason != PROCORE_REASON_OK) {
        return ngx_http_procore_scope_chooser_deny(r, ctx, reason);
    }

    ngx_http_procore_scope_chooser_did(ctx, "bind");

    return ngx_http_procore_scope_chooser_answer(r, ctx);
}


static ngx_int_t
ngx_http_procore_scope_chooser_answer(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    ngx_str_t  text, value;

    if (ngx_http_procore_scope_chooser_text(r, ctx, &text) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx->decision = NGX_HTTP_PROCORE_SCOPE_ALLOW;
    ctx->refused = 1;

    r->headers_out.status = NGX_HTTP_OK;
    r->headers_out.content_length_n = (off_t) text.len;
    ngx_str_set(&r->headers_out.content_type, "application/json");
    r->headers_out.content_type_len = r->headers_out.content_type.len;
    r->headers_out.content_type_lowcase = NULL;

    ngx_str_set(&value, "no-store");

    if (ngx_http_procore_scope_add_answer_header(r, "Cache-Control", &value)
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_procore_scope_send(r, &text);
}


/* Of a token with a company, the list has that one alone. */

static ngx_int_t
ngx_http_procore_scope_chooser_text(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, ngx_str_t *text)
{
    u_char                              *p, *last;
    size_t                               size;
    uint64_t                             id;
    ngx_str_t                            name;
    const char                          *comma;
    procore_str_t                        list, one;
    ngx_http_procore_scope_companies_t  *companies;

    companies = &ctx->chooser->list;

    /* nothing is added up that is not in memory already */

    size = NGX_HTTP_PROCORE_SCOPE_CHOOSER_JSON
           + companies->len * NGX_HTTP_PROCORE_SCOPE_ESCAPED
           + companies->ids.nelts * NGX_HTTP_PROCORE_SCOPE_CHOOSER_ITEM;

    p = ngx_pnalloc(r->pool, size);
    if (p == NULL) {
        return NGX_ERROR;
    }

    text->data = p;
    last = p + size;

    if (ctx->judge.company) {
        p = ngx_slprintf(p, last, "{\"company_id\":%uL,\"bound_by\":\"%s\"",
                         ctx->judge.company,
                         ngx_http_procore_scope_way_name(ctx->way));

    } else {
        p = ngx_slprintf(p, last, "{\"company_id\":null,\"bound_by\":null");
    }

    p = ngx_slprintf(p, last, ",\"companies\":[");

    list.len = companies->len;
    list.data = companies->data;
    comma = "";

    while (procore_relay_company_next(&list, &id, &one) == PROCORE_OK) {

        if (ctx->judge.company && id != ctx->judge.company) {
            continue;
        }

        name.len = one.len;
        name.data = (u_char *) one.data;

        p = ngx_slprintf(p, last, "%s{\"id\":%uL,\"name\":\"", comma, id);
        p = ngx_http_procore_scope_json(p, last, &name);
        p = ngx_slprintf(p, last, "\"}");

        comma = ",";
    }

    p = ngx_slprintf(p, last, companies->partial && ctx->judge.company == 0
                              ? "],\"partial\":true}" : "]}");

    text->len = (size_t) (p - text->data);

    return NGX_OK;
}


static ngx_int_t
ngx_http_procore_scope_chooser_deny(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, procore_reason_e reason)
{
    /* what was noted before may name the claim that decides */

    if (ctx->judge.rank == PROCORE_RANK_NONE) {
        ngx_http_procore_scope_note(ctx, reason, PROCORE_RANK_TOKEN, NULL);
    }

    (void) ngx_http_procore_scope_decide(ctx);

    return ngx_http_procore_scope_refuse(r, ctx);
}


static ngx_int_t
ngx_http_procore_scope_chooser_method(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    ngx_str_t  body, allow = ngx_string("GET, HEAD, POST");

    ngx_http_procore_scope_note(ctx, PROCORE_REASON_BAD_REQUEST,
                                PROCORE_RANK_TOKEN, NULL);

    (void) ngx_http_procore_scope_decide(ctx);

    ctx->refused = 1;

    if (ngx_http_procore_scope_refusal(r, ctx, 0, &body) != NGX_OK
        || ngx_http_procore_scope_add_answer_header(r, "Allow", &allow)
           != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    r->headers_out.status = NGX_HTTP_NOT_ALLOWED;

    return ngx_http_procore_scope_send(r, &body);
}

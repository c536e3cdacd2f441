
/*
 * After the callback: the code is exchanged, the user's companies are listed,
 * and both are kept for the picker, sealed under what only the browser has.
 *
 * A client without secret here keeps Procore's code instead, and the operator's
 * list of companies.
 */


#include "ngx_http_procore_scope_relay.h"
#include "../procore/procore_token_answer.h"


/* An exchange in progress; relay->data. */

typedef struct {
    procore_relay_t                     kept;
    ngx_http_procore_scope_companies_t  list;
    procore_str_t                       code;
    u_char                              verifier[PROCORE_START_CHALLENGE];
} ngx_http_procore_scope_exchange_t;


static void ngx_http_procore_scope_exchange_gone(void *data);
static ngx_int_t ngx_http_procore_scope_exchange_forward(
    ngx_http_request_t *r, ngx_http_procore_scope_ctx_t *ctx);
static ngx_int_t ngx_http_procore_scope_exchange_send(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);
static void ngx_http_procore_scope_exchange_form(
    ngx_http_procore_scope_ctx_t *ctx, procore_out_t *out);
static void ngx_http_procore_scope_exchange_field(procore_out_t *out,
    const char *name, ngx_str_t *value);
static ngx_int_t ngx_http_procore_scope_exchange_answer(
    ngx_http_request_t *r, ngx_http_procore_scope_ctx_t *ctx);
static ngx_int_t ngx_http_procore_scope_exchange_list(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, procore_token_answer_t *answer);
static ngx_int_t ngx_http_procore_scope_exchange_listed(
    ngx_http_request_t *r, ngx_http_procore_scope_ctx_t *ctx);
static ngx_int_t ngx_http_procore_scope_exchange_offer(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);
static ngx_int_t ngx_http_procore_scope_exchange_offered(
    ngx_http_request_t *r, ngx_http_procore_scope_ctx_t *ctx);
static ngx_int_t ngx_http_procore_scope_exchange_failed(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, procore_reason_e reason,
    procore_str_t *error);
static ngx_int_t ngx_http_procore_scope_exchange_lost(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);
static void ngx_http_procore_scope_exchange_drop(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);


static procore_str_t  ngx_http_procore_scope_server_error =
    procore_str("server_error");

static procore_str_t  ngx_http_procore_scope_later =
    procore_str("temporarily_unavailable");


ngx_int_t
ngx_http_procore_scope_relay_exchange(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, procore_str_t *code)
{
    ngx_pool_cleanup_t                 *cln;
    ngx_http_procore_scope_exchange_t  *exchange;

    exchange = ngx_pcalloc(r->pool, sizeof(ngx_http_procore_scope_exchange_t));
    cln = ngx_pool_cleanup_add(r->pool, 0);

    if (exchange == NULL || cln == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    exchange->code = *code;

    ctx->relay->data = exchange;

    cln->handler = ngx_http_procore_scope_exchange_gone;
    cln->data = exchange;

    if (ngx_http_procore_scope_relay_list_init(r, &exchange->list) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (ctx->relay->client->pkce) {

        if (procore_relay_verifier(ctx->relay->authorization.secret,
                                   exchange->verifier)
            != PROCORE_OK)
        {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        exchange->kept.verifier.len = PROCORE_START_CHALLENGE;
        exchange->kept.verifier.data = exchange->verifier;
    }

    return ctx->relay->client->secret.len
           ? ngx_http_procore_scope_exchange_send(r, ctx)
           : ngx_http_procore_scope_exchange_forward(r, ctx);
}


static void
ngx_http_procore_scope_exchange_gone(void *data)
{
    ngx_http_procore_scope_exchange_t *exchange = data;

    if (exchange->kept.answer.len) {
        procore_wipe((void *) exchange->kept.answer.data,
                     exchange->kept.answer.len);
    }
}


static ngx_int_t
ngx_http_procore_scope_exchange_forward(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    ngx_uint_t                                i;
    procore_str_t                             label;
    ngx_http_procore_scope_client_t          *client;
    ngx_http_procore_scope_exchange_t        *exchange;
    ngx_http_procore_scope_client_company_t  *company;

    exchange = ctx->relay->data;
    client = ctx->relay->client;

    exchange->kept.forward = 1;
    exchange->kept.answer = exchange->code;
    exchange->kept.received_at = (uint64_t) ngx_time();

    if (client->companies) {
        company = client->companies->elts;

        for (i = 0; i < client->companies->nelts; i++) {
            label.len = company[i].label.len;
            label.data = company[i].label.data;

            if (ngx_http_procore_scope_relay_list(r, &exchange->list,
                                                  company[i].company, &label)
                == NGX_ERROR)
            {
                return NGX_HTTP_INTERNAL_SERVER_ERROR;
            }
        }
    }

    return ngx_http_procore_scope_exchange_offer(r, ctx);
}


static ngx_int_t
ngx_http_procore_scope_exchange_send(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    procore_out_t                   out;
    ngx_http_procore_scope_call_t  *call;

    call = &ctx->relay->call;

    ngx_memzero(&out, sizeof(procore_out_t));

    ngx_http_procore_scope_exchange_form(ctx, &out);

    out.size = out.len;
    out.len = 0;
    out.data = ngx_pnalloc(r->pool, out.size);

    if (out.data == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_http_procore_scope_exchange_form(ctx, &out);

    ngx_memzero(call, sizeof(ngx_http_procore_scope_call_t));

    call->post = 1;
    ngx_str_set(&call->uri, "/oauth/token");
    call->body.len = out.len;
    call->body.data = out.data;
    call->limit = PROCORE_TOKEN_ANSWER_MAX;

    if (ngx_http_procore_scope_relay_call(r, ctx,
                                       ngx_http_procore_scope_exchange_answer)
        == NGX_AGAIN)
    {
        return NGX_AGAIN;
    }

    return ngx_http_procore_scope_exchange_failed(r, ctx,
                                               PROCORE_REASON_EXCHANGE_FAILED,
                                               &ngx_http_procore_scope_later);
}


/* RFC 6749, section 4.1.3; RFC 7636, section 4.5. */

static void
ngx_http_procore_scope_exchange_form(ngx_http_procore_scope_ctx_t *ctx,
    procore_out_t *out)
{
    ngx_http_procore_scope_client_t    *client;
    ngx_http_procore_scope_exchange_t  *exchange;

    client = ctx->relay->client;
    exchange = ctx->relay->data;

    procore_out_text(out, "grant_type=authorization_code&code=");
    procore_out_percent(out, &exchange->code);

    ngx_http_procore_scope_exchange_field(out, "&redirect_uri=",
                                          &ctx->conf->authorize->callback);
    ngx_http_procore_scope_exchange_field(out, "&client_id=", &client->id);
    ngx_http_procore_scope_exchange_field(out, "&client_secret=",
                                          &client->secret);

    if (exchange->kept.verifier.len) {
        procore_out_text(out, "&code_verifier=");
        procore_out_percent(out, &exchange->kept.verifier);
    }
}


static void
ngx_http_procore_scope_exchange_field(procore_out_t *out, const char *name,
    ngx_str_t *value)
{
    procore_str_t  text;

    text.len = value->len;
    text.data = value->data;

    procore_out_text(out, name);
    procore_out_percent(out, &text);
}


static ngx_int_t
ngx_http_procore_scope_exchange_answer(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    u_char                             *memory;
    procore_str_t                       error;
    procore_token_answer_t              answer;
    ngx_http_procore_scope_call_t      *call;
    ngx_http_procore_scope_exchange_t  *exchange;

    call = &ctx->relay->call;
    exchange = ctx->relay->data;

    if (call->body.len) {
        procore_wipe(call->body.data, call->body.len);
    }

    memory = ngx_pnalloc(r->pool, call->text.len + 1);
    if (memory == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (call->status < NGX_HTTP_OK || call->status >= NGX_HTTP_SPECIAL_RESPONSE
        || !call->complete
        || procore_token_answer_read(&answer, call->text.data, call->text.len,
                                     memory)
           != PROCORE_OK)
    {
        ngx_http_procore_scope_relay_failed(r);
        ngx_http_procore_scope_call_error(call, &error);

        return ngx_http_procore_scope_exchange_failed(r, ctx,
                                               PROCORE_REASON_EXCHANGE_FAILED,
                                                      &error);
    }

    exchange->kept.received_at = (uint64_t) ngx_time();
    exchange->kept.answer.len = call->text.len;
    exchange->kept.answer.data = call->text.data;
    exchange->kept.known = ngx_http_procore_scope_relay_known(ctx,
                                                       &answer.access_token,
                                                       &answer.refresh_token);

    /* the memory stays the answer's, for the call is used again */

    call->size = 0;

    ngx_memzero(&exchange->kept.verifier, sizeof(procore_str_t));

    return ngx_http_procore_scope_exchange_list(r, ctx, &answer);
}


static ngx_int_t
ngx_http_procore_scope_exchange_list(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, procore_token_answer_t *answer)
{
    ngx_http_procore_scope_exchange_t   *exchange;
    ngx_http_procore_scope_companies_t  *list;

    exchange = ctx->relay->data;
    list = &exchange->list;

    if (ngx_http_procore_scope_bearer(r->pool, &answer->access_token,
                                      &list->authorization)
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    list->client = ctx->relay->client->id;
    list->user = 1;
    list->next = ngx_http_procore_scope_exchange_listed;

    if (ngx_http_procore_scope_relay_companies(r, ctx, list) == NGX_AGAIN) {
        return NGX_AGAIN;
    }

    return ngx_http_procore_scope_exchange_failed(r, ctx,
                                                  PROCORE_REASON_LOOKUP_FAILED,
                                               &ngx_http_procore_scope_later);
}


static ngx_int_t
ngx_http_procore_scope_exchange_listed(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    procore_str_t                       error;
    ngx_http_procore_scope_exchange_t  *exchange;

    exchange = ctx->relay->data;

    if (exchange->list.rc != NGX_OK) {
        ngx_http_procore_scope_call_error(&ctx->relay->call, &error);

        return ngx_http_procore_scope_exchange_failed(r, ctx,
                                                  PROCORE_REASON_LOOKUP_FAILED,
                                                      &error);
    }

    exchange->kept.user = exchange->list.user_id;
    exchange->kept.login = exchange->list.login;
    ctx->relay->user = exchange->list.user_id;

    return ngx_http_procore_scope_exchange_offer(r, ctx);
}


static ngx_int_t
ngx_http_procore_scope_exchange_offer(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    procore_str_t                       secret;
    procore_store_op_t                  op;
    ngx_http_procore_scope_relay_t     *relay;
    ngx_http_procore_scope_exchange_t  *exchange;

    relay = ctx->relay;
    exchange = relay->data;

    exchange->kept.companies.len = exchange->list.len;
    exchange->kept.companies.data = exchange->list.data;
    exchange->kept.partial = exchange->list.partial;

    secret.len = PROCORE_RELAY_SECRET;
    secret.data = relay->authorization.secret;

    ngx_memzero(&op, sizeof(procore_store_op_t));

    op.type = PROCORE_STORE_SEALED_OFFER;
    op.record_user = exchange->kept.user;
    op.keep_until = (uint64_t) ngx_time() + PROCORE_RELAY_CHOOSE;
    ngx_memcpy(op.key, relay->key, PROCORE_DIGEST_SIZE);

    if (ngx_http_procore_scope_relay_seal(r, &secret, relay->key,
                                          &exchange->kept, &op)
        != NGX_OK)
    {
        return ngx_http_procore_scope_exchange_failed(r, ctx,
                                                  PROCORE_REASON_LOOKUP_FAILED,
                                        &ngx_http_procore_scope_server_error);
    }

    if (ngx_http_procore_scope_relay_write(r, ctx, &op,
                                      ngx_http_procore_scope_exchange_offered)
        == NGX_AGAIN)
    {
        return NGX_AGAIN;
    }

    return ngx_http_procore_scope_exchange_lost(r, ctx);
}


static ngx_int_t
ngx_http_procore_scope_exchange_offered(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    ngx_http_procore_scope_exchange_t  *exchange;

    exchange = ctx->relay->data;

    switch (ctx->relay->rc) {

    case PROCORE_OK:
        ctx->relay->opened = 0;
        ctx->relay->offered = (ngx_int_t) exchange->list.ids.nelts;
        ngx_str_set(&ctx->action, "authorize_returned");

        return ngx_http_procore_scope_to_picker(r, ctx);

    case PROCORE_NOT_FOUND:

        /* it took too long, or the user has cancelled meanwhile */

        ngx_http_procore_scope_exchange_drop(r, ctx);
        ctx->relay->expire = 1;

        return ngx_http_procore_scope_relay_refuse(r, ctx,
                                                   PROCORE_REASON_SPENT, 0);

    default:
        return ngx_http_procore_scope_exchange_lost(r, ctx);
    }
}


static ngx_int_t
ngx_http_procore_scope_exchange_failed(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, procore_reason_e reason,
    procore_str_t *error)
{
    ngx_http_procore_scope_exchange_drop(r, ctx);

    ctx->relay->expire = 1;

    return ngx_http_procore_scope_error_to_app(r, ctx, reason, error);
}


/* The code is exchanged and cannot be exchanged again, and nothing is kept. */

static ngx_int_t
ngx_http_procore_scope_exchange_lost(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    ngx_http_procore_scope_exchange_drop(r, ctx);

    ctx->relay->expire = 1;

    return ngx_http_procore_scope_relay_refuse(r, ctx,
                                              PROCORE_REASON_STORE_FAILED, 0);
}


static void
ngx_http_procore_scope_exchange_drop(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    ngx_http_procore_scope_exchange_t  *exchange;

    exchange = ctx->relay->data;

    ngx_http_procore_scope_relay_spend(ctx);

    if (exchange->kept.answer.len) {
        ngx_str_set(&ctx->action, "token_discarded");
        ngx_http_procore_scope_relay_discard(r, ctx, &exchange->kept);
    }
}

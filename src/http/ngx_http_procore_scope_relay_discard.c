
/*
 * The end of an authorization without a code for the app: its record is spent,
 * and a token that nobody will redeem is given back.
 */


#include "ngx_http_procore_scope_relay.h"
#include "../procore/procore_token_answer.h"


/* The answer to a revoke is not read. */

#define NGX_HTTP_PROCORE_SCOPE_REVOKED  4096


static ngx_int_t ngx_http_procore_scope_discard_call(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, const procore_str_t *token);
static void ngx_http_procore_scope_discard_form(procore_out_t *out,
    ngx_http_procore_scope_client_t *client, const procore_str_t *token);


/* In the background; what fails runs out by itself. */

void
ngx_http_procore_scope_relay_spend(ngx_http_procore_scope_ctx_t *ctx)
{
    procore_store_op_t  op;

    ngx_memzero(&op, sizeof(procore_store_op_t));

    op.type = PROCORE_STORE_SEALED_SPEND;
    op.now = (uint64_t) ngx_time();
    op.keep_until = op.now + PROCORE_RELAY_SPENT;
    op.expected = ctx->relay->opened ? PROCORE_SEALED_OPEN : 0;
    ngx_memcpy(op.key, ctx->relay->key, PROCORE_DIGEST_SIZE);
    ngx_memcpy(op.realm, ctx->conf->realm, PROCORE_REALM_SIZE);

    ctx->relay->opened = 0;

    (void) ngx_http_procore_scope_store_write(&op, NULL, NULL);
}


ngx_uint_t
ngx_http_procore_scope_relay_known(ngx_http_procore_scope_ctx_t *ctx,
    const procore_str_t *access, const procore_str_t *refresh)
{
    int              rc;
    u_char           digest[PROCORE_DIGEST_SIZE];
    procore_token_t  token;

    if (procore_digest_token(ctx->conf->realm, access->data, access->len,
                             digest)
        != PROCORE_OK
        || ngx_http_procore_scope_store_begin() != NGX_OK)
    {
        return 1;
    }

    rc = ngx_http_procore_scope_store_token(PROCORE_TOKEN_ACCESS, digest,
                                            &token);

    if (rc == PROCORE_NOT_FOUND && refresh->len) {
        rc = procore_digest_token(ctx->conf->realm, refresh->data,
                                  refresh->len, digest);

        if (rc == PROCORE_OK) {
            rc = ngx_http_procore_scope_store_token(PROCORE_TOKEN_REFRESH,
                                                    digest, &token);
        }
    }

    ngx_http_procore_scope_store_end();

    return rc != PROCORE_NOT_FOUND;
}


/*
 * The token of an app that Procore has handed out again is in use: it is left
 * alone.
 */

void
ngx_http_procore_scope_relay_discard(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, procore_relay_t *kept)
{
    u_char                  *memory;
    procore_token_answer_t   answer;

    if (kept->known || kept->forward || kept->answer.len == 0
        || ctx->relay->client == NULL || ctx->relay->client->secret.len == 0)
    {
        return;
    }

    memory = ngx_pnalloc(r->pool, kept->answer.len);

    if (memory == NULL
        || procore_token_answer_read(&answer, kept->answer.data,
                                     kept->answer.len, memory)
           != PROCORE_OK)
    {
        return;
    }

    if (ngx_http_procore_scope_relay_known(ctx, &answer.access_token,
                                           &answer.refresh_token))
    {
        return;
    }

    if (ngx_http_procore_scope_discard_call(r, ctx, &answer.access_token)
        != NGX_OK)
    {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "procore_scope: a token could not be revoked");
        return;
    }

    /* on HTTP/1 the next request of this connection would wait for it */

    r->keepalive = 0;
}


static ngx_int_t
ngx_http_procore_scope_discard_call(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, const procore_str_t *token)
{
    procore_out_t                   out;
    ngx_http_procore_scope_call_t  *call;

    call = ngx_pcalloc(r->pool, sizeof(ngx_http_procore_scope_call_t));
    if (call == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(&out, sizeof(procore_out_t));

    ngx_http_procore_scope_discard_form(&out, ctx->relay->client, token);

    out.size = out.len;
    out.len = 0;
    out.data = ngx_pnalloc(r->pool, out.size);

    if (out.data == NULL) {
        return NGX_ERROR;
    }

    ngx_http_procore_scope_discard_form(&out, ctx->relay->client, token);

    call->post = 1;
    ngx_str_set(&call->uri, "/oauth/revoke");
    call->body.len = out.len;
    call->body.data = out.data;
    call->limit = NGX_HTTP_PROCORE_SCOPE_REVOKED;
    call->timeout = ctx->conf->lookup_timeout;
    call->handler = ngx_http_procore_scope_relay_revoked;

    return ngx_http_procore_scope_call(r, call);
}


void
ngx_http_procore_scope_relay_revoked(ngx_http_request_t *r,
    ngx_http_procore_scope_call_t *call)
{
    if (call->status >= NGX_HTTP_OK
        && call->status < NGX_HTTP_SPECIAL_RESPONSE)
    {
        return;
    }

    ngx_log_error(NGX_LOG_WARN, r->connection->log, 0,
                  "procore_scope: a token could not be revoked, "
                  "the login host's status is %ui", call->status);
}


static void
ngx_http_procore_scope_discard_form(procore_out_t *out,
    ngx_http_procore_scope_client_t *client, const procore_str_t *token)
{
    procore_str_t  id, secret;

    id.len = client->id.len;
    id.data = client->id.data;

    secret.len = client->secret.len;
    secret.data = client->secret.data;

    procore_out_text(out, "token=");
    procore_out_percent(out, token);
    procore_out_text(out, "&client_id=");
    procore_out_percent(out, &id);
    procore_out_text(out, "&client_secret=");
    procore_out_percent(out, &secret);
}

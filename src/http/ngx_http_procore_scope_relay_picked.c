
/*
 * The forms of the picker's pages: a company is chosen, or nothing is.
 */


#include "ngx_http_procore_scope_choice.h"
#include "../policy/procore_id.h"


static ngx_uint_t ngx_http_procore_scope_picked_is(procore_str_t *action,
    const char *wanted);
static ngx_int_t ngx_http_procore_scope_picked_company(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, procore_str_t *text);
static ngx_int_t ngx_http_procore_scope_picked_cancel(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);
static ngx_int_t ngx_http_procore_scope_picked_cancelled(
    ngx_http_request_t *r, ngx_http_procore_scope_ctx_t *ctx);


ngx_int_t
ngx_http_procore_scope_picked(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, ngx_str_t *body)
{
    ngx_int_t      rc;
    procore_str_t  token, action, company;

    rc = ngx_http_procore_scope_picked_field(r, body, "token", &token);

    if (rc == NGX_OK) {
        rc = ngx_http_procore_scope_picked_field(r, body, "action", &action);
    }

    if (rc == NGX_OK) {
        rc = ngx_http_procore_scope_picked_field(r, body, "company", &company);
    }

    if (rc == NGX_DECLINED) {
        return ngx_http_procore_scope_relay_refuse(r, ctx,
                                               PROCORE_REASON_BAD_REQUEST, 0);
    }

    if (rc != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (!ngx_http_procore_scope_picked_ours(ctx, &token)) {
        return ngx_http_procore_scope_relay_refuse(r, ctx, PROCORE_REASON_CSRF,
                                                   0);
    }

    rc = ngx_http_procore_scope_choice_look(r, ctx);
    if (rc != NGX_OK) {
        return rc;
    }

    if (ngx_http_procore_scope_picked_is(&action, "cancel")) {
        return ngx_http_procore_scope_picked_cancel(r, ctx);
    }

    if (ngx_http_procore_scope_picked_is(&action, "choose")) {
        return ngx_http_procore_scope_picked_company(r, ctx, &company);
    }

    return ngx_http_procore_scope_relay_refuse(r, ctx,
                                               PROCORE_REASON_BAD_REQUEST, 0);
}


ngx_int_t
ngx_http_procore_scope_picked_field(ngx_http_request_t *r, ngx_str_t *body,
    const char *name, procore_str_t *value)
{
    switch (ngx_http_procore_scope_relay_param(r, body->data, body->len, name,
                                               value))
    {
    case PROCORE_OK:
        return NGX_OK;

    case PROCORE_NOT_FOUND:
        ngx_memzero(value, sizeof(procore_str_t));
        return NGX_OK;

    case PROCORE_ERROR:
        return NGX_ERROR;

    default:
        return NGX_DECLINED;
    }
}


ngx_uint_t
ngx_http_procore_scope_picked_ours(ngx_http_procore_scope_ctx_t *ctx,
    procore_str_t *token)
{
    u_char         expected[NGX_HTTP_PROCORE_SCOPE_FORM_TOKEN];
    procore_str_t  text;

    if (procore_relay_form(ctx->relay->authorization.secret, expected)
        != PROCORE_OK)
    {
        return 0;
    }

    text.len = sizeof(expected);
    text.data = expected;

    return (ngx_uint_t) procore_equal(&text, token);
}


static ngx_uint_t
ngx_http_procore_scope_picked_is(procore_str_t *action, const char *wanted)
{
    return action->len == ngx_strlen(wanted)
           && ngx_memcmp(action->data, wanted, action->len) == 0;
}


static ngx_int_t
ngx_http_procore_scope_picked_company(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, procore_str_t *text)
{
    uint64_t                         company;
    ngx_http_procore_scope_relay_t  *relay;

    relay = ctx->relay;

    if (procore_id_classify(text->data, text->len, &company)
        != PROCORE_ID_NUMBER)
    {
        return ngx_http_procore_scope_relay_refuse(r, ctx,
                                       PROCORE_REASON_COMPANY_NOT_OFFERED, 0);
    }

    switch (relay->record.state) {

    case PROCORE_SEALED_OPEN:
        ngx_str_set(&ctx->action, "authorize_returned");
        return ngx_http_procore_scope_to_picker(r, ctx);

    case PROCORE_SEALED_OFFERED:
        return ngx_http_procore_scope_choice_choose(r, ctx, company);

    case PROCORE_SEALED_CHOSEN:

        if (relay->record.company == company) {
            return ngx_http_procore_scope_choice_again(r, ctx);
        }

        break;

    default:
        break;
    }

    return ngx_http_procore_scope_choice_spent(r, ctx);
}


static ngx_int_t
ngx_http_procore_scope_picked_cancel(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    procore_store_op_t                op;
    ngx_http_procore_scope_relay_t   *relay;
    ngx_http_procore_scope_choice_t  *choice;

    relay = ctx->relay;
    choice = relay->data;

    if (relay->record.state != PROCORE_SEALED_OPEN
        && relay->record.state != PROCORE_SEALED_OFFERED)
    {
        return ngx_http_procore_scope_choice_spent(r, ctx);
    }

    choice->reason = PROCORE_REASON_CANCELLED;

    if (relay->record.state == PROCORE_SEALED_OFFERED
        && ngx_http_procore_scope_choice_reason(ctx) != PROCORE_REASON_OK)
    {
        choice->reason = ngx_http_procore_scope_choice_reason(ctx);
    }

    ngx_memzero(&op, sizeof(procore_store_op_t));

    op.type = PROCORE_STORE_SEALED_SPEND;
    op.expected = relay->record.state;
    op.keep_until = (uint64_t) ngx_time() + PROCORE_RELAY_SPENT;
    ngx_memcpy(op.key, relay->key, PROCORE_DIGEST_SIZE);

    if (ngx_http_procore_scope_store_ready()
        && ngx_http_procore_scope_relay_write(r, ctx, &op,
                                      ngx_http_procore_scope_picked_cancelled)
           == NGX_AGAIN)
    {
        return NGX_AGAIN;
    }

    return ngx_http_procore_scope_relay_refuse(r, ctx,
                                              PROCORE_REASON_STORE_FAILED, 0);
}


/*
 * The token is ours to give back only if the record was OFFERED until now: a
 * choice may have come first, and an exchange that is under way finds its
 * record spent and gives back what it got.  An offer that came first brings a
 * token that the look before did not see; records only go forward, so the next
 * look is the last.
 */

static ngx_int_t
ngx_http_procore_scope_picked_cancelled(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    ngx_int_t                         rc;
    procore_str_t                     error = procore_str("access_denied");
    ngx_http_procore_scope_relay_t   *relay;
    ngx_http_procore_scope_choice_t  *choice;

    relay = ctx->relay;
    choice = relay->data;

    if (relay->rc != PROCORE_OK && relay->rc != PROCORE_CONFLICT
        && relay->rc != PROCORE_NOT_FOUND)
    {
        return ngx_http_procore_scope_relay_refuse(r, ctx,
                                              PROCORE_REASON_STORE_FAILED, 0);
    }

    if (relay->rc == PROCORE_CONFLICT
        && relay->record.state == PROCORE_SEALED_OFFERED)
    {
        rc = ngx_http_procore_scope_choice_look(r, ctx);
        return rc == NGX_OK ? ngx_http_procore_scope_picked_cancel(r, ctx)
                            : rc;
    }

    if (relay->rc != PROCORE_OK) {
        return ngx_http_procore_scope_choice_spent(r, ctx);
    }

    if (relay->record.state == PROCORE_SEALED_OFFERED) {
        ngx_http_procore_scope_relay_discard(r, ctx, &choice->kept);
    }

    relay->expire = 1;
    ngx_str_set(&ctx->action, "authorize_cancelled");

    return ngx_http_procore_scope_error_to_app(r, ctx, choice->reason, &error);
}


/*
 * What a client without a secret here sends to Procore, in the gateway's own
 * form: its request, and a revocation.
 */


#include "ngx_http_procore_scope_redeem.h"


static ngx_uint_t ngx_http_procore_scope_forward_replaced(
    const procore_str_t *name);
static ngx_uint_t ngx_http_procore_scope_forward_named(
    ngx_http_procore_scope_ctx_t *ctx);
static void ngx_http_procore_scope_forward_client(
    ngx_http_procore_scope_ctx_t *ctx, procore_out_t *body);
static void ngx_http_procore_scope_forward_param(procore_out_t *body,
    const char *name, const procore_str_t *value);


void
ngx_http_procore_scope_forward_request(ngx_http_procore_scope_ctx_t *ctx,
    procore_out_t *body)
{
    ngx_uint_t                       i;
    procore_str_t                    name, value;
    procore_relay_t                 *kept;
    ngx_http_procore_scope_oauth_t  *oauth;
    ngx_http_procore_scope_field_t  *field;

    oauth = ctx->oauth;
    kept = &ctx->relay->authorization;

    procore_out_text(body, "grant_type=authorization_code");

    ngx_http_procore_scope_redeem_str(&value,
                                      &ctx->conf->authorize->callback);

    ngx_http_procore_scope_forward_param(body, "code", &kept->answer);
    ngx_http_procore_scope_forward_param(body, "redirect_uri", &value);
    ngx_http_procore_scope_forward_param(body, "code_verifier",
                                         &kept->verifier);

    ngx_http_procore_scope_forward_client(ctx, body);

    field = oauth->fields.elts;

    for (i = 0; i < oauth->fields.nelts; i++) {

        ngx_http_procore_scope_redeem_str(&name, &field[i].name);
        ngx_http_procore_scope_redeem_str(&value, &field[i].value);

        if (ngx_http_procore_scope_forward_replaced(&name)) {
            continue;
        }

        procore_out_text(body, "&");
        procore_out_percent(body, &name);
        procore_out_text(body, "=");
        procore_out_percent(body, &value);
    }

    if (ngx_http_procore_scope_forward_named(ctx)) {
        procore_out_text(body, "&company_id=");
        procore_out_number(body, oauth->company);
    }
}


static ngx_uint_t
ngx_http_procore_scope_forward_replaced(const procore_str_t *name)
{
    ngx_uint_t  i;

    static const procore_str_t  replaced[] = {
        procore_str("redirect_uri"), procore_str("code_verifier")
    };

    for (i = 0; i < sizeof(replaced) / sizeof(replaced[0]); i++) {

        if (name->len == replaced[i].len
            && ngx_memcmp(name->data, replaced[i].data, name->len) == 0)
        {
            return 1;
        }
    }

    return 0;
}


/* Is the company named by a parameter, not by the header alone? */

static ngx_uint_t
ngx_http_procore_scope_forward_named(ngx_http_procore_scope_ctx_t *ctx)
{
    ngx_uint_t              i;
    procore_judge_claim_t  *claim;

    claim = ctx->judge.claims;

    for (i = 0; i < ctx->judge.nclaims; i++) {

        if (claim[i].kind == PROCORE_KIND_COMPANY && claim[i].id
            && (claim[i].carrier == PROCORE_IN_QUERY
                || claim[i].carrier == PROCORE_IN_BODY))
        {
            return 1;
        }
    }

    return 0;
}


void
ngx_http_procore_scope_forward_revocation(ngx_http_procore_scope_ctx_t *ctx,
    procore_out_t *body)
{
    ngx_http_procore_scope_redemption_t  *redemption;

    redemption = ctx->relay->data;

    procore_out_text(body, "token_type_hint=access_token");
    ngx_http_procore_scope_forward_param(body, "token",
                                         &redemption->token.access_token);
    ngx_http_procore_scope_forward_client(ctx, body);
}


static void
ngx_http_procore_scope_forward_client(ngx_http_procore_scope_ctx_t *ctx,
    procore_out_t *body)
{
    ngx_str_t      *params;
    procore_str_t   value;

    if (ngx_http_procore_scope_is_basic(ctx->request)) {
        return;
    }

    params = ctx->oauth->params;

    ngx_http_procore_scope_redeem_str(&value, &params[PROCORE_PARAM_CLIENT_ID]);
    ngx_http_procore_scope_forward_param(body, "client_id", &value);

    ngx_http_procore_scope_redeem_str(&value,
                                      &params[PROCORE_PARAM_CLIENT_SECRET]);
    ngx_http_procore_scope_forward_param(body, "client_secret", &value);
}


/* One that is absent is left out. */

static void
ngx_http_procore_scope_forward_param(procore_out_t *body, const char *name,
    const procore_str_t *value)
{
    if (value->data == NULL) {
        return;
    }

    procore_out_text(body, "&");
    procore_out_text(body, name);
    procore_out_text(body, "=");
    procore_out_percent(body, value);
}

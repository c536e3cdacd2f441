
/*
 * procore_scope_token_company: token answers tell the company that the tokens
 * are bound to.
 */


#include "ngx_http_procore_scope_bind.h"
#include "ngx_http_procore_scope_oauth.h"
#include "../procore/procore_token_amend.h"


static ngx_int_t ngx_http_procore_scope_tell_headers(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);


ngx_int_t
ngx_http_procore_scope_token_tell(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, ngx_str_t *body)
{
    ngx_str_t      client, label, text;
    procore_str_t  name;

    if (!ctx->conf->token_company || ctx->judge.company == 0
        || ctx->conf->mode != NGX_HTTP_PROCORE_SCOPE_ENFORCE)
    {
        return NGX_DECLINED;
    }

    if (ngx_http_procore_scope_answer_text(r, ctx, &text) != NGX_OK
        || ngx_http_procore_scope_tell_headers(r, ctx) != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_http_procore_scope_client_id(ctx, &client);
    ngx_http_procore_scope_client_label(ctx->conf, &client, ctx->judge.company,
                                        &label);
    name.len = label.len;
    name.data = label.data;

    body->data = ngx_pnalloc(r->pool, text.len + PROCORE_TOKEN_AMEND_EXTRA);
    if (body->data == NULL) {
        return NGX_ERROR;
    }

    return procore_token_amend(text.data, text.len, ctx->judge.company, &name,
                               0, body->data, &body->len)
           == PROCORE_OK ? NGX_OK : NGX_DECLINED;
}


static ngx_int_t
ngx_http_procore_scope_tell_headers(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    ngx_str_t         value;
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    for (part = &r->headers_out.headers.part; part; part = part->next) {
        h = part->elts;

        for (i = 0; i < part->nelts; i++) {

            if (h[i].key.len == sizeof("Cache-Control") - 1
                && ngx_strncasecmp(h[i].key.data, (u_char *) "Cache-Control",
                                   h[i].key.len)
                   == 0)
            {
                h[i].hash = 0;
            }
        }
    }

    ngx_str_set(&value, "no-store");

    if (ngx_http_procore_scope_add_answer_header(r, "Cache-Control", &value)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    value.data = ngx_pnalloc(r->pool, NGX_INT64_LEN);
    if (value.data == NULL) {
        return NGX_ERROR;
    }

    value.len = (size_t) (ngx_sprintf(value.data, "%uL", ctx->judge.company)
                          - value.data);

    return ngx_http_procore_scope_add_answer_header(r, "Procore-Company-Id",
                                                    &value);
}

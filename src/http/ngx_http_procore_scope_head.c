
/*
 * Reads the head of a request: token, header, path and query.
 */


#include "ngx_http_procore_scope_bind.h"
#include "ngx_http_procore_scope_candidate.h"


static void ngx_http_procore_scope_read_binding(
    ngx_http_procore_scope_ctx_t *ctx);
static ngx_int_t ngx_http_procore_scope_judge_head(ngx_http_request_t *r,
    procore_judge_t *judge, const procore_judge_target_t *target);
static void ngx_http_procore_scope_read_company(ngx_http_request_t *r,
    procore_judge_t *judge);


static ngx_str_t  ngx_http_procore_scope_company_header =
    ngx_string("procore-company-id");


ngx_int_t
ngx_http_procore_scope_read_token(ngx_http_procore_scope_ctx_t *ctx)
{
    procore_str_t        value, token;
    ngx_table_elt_t     *h;
    ngx_http_request_t  *r;

    r = ctx->request;
    h = r->headers_in.authorization;

    ctx->known = PROCORE_NOT_FOUND;

    if (h) {
        value.len = h->value.len;
        value.data = h->value.data;
    }

    if (procore_judge_token(&ctx->judge, h ? &value : NULL, ctx->credentials,
                            &token)
        != PROCORE_OK)
    {
        return NGX_OK;
    }

    ctx->token.len = token.len;
    ctx->token.data = (u_char *) token.data;

    if (procore_digest_token(ctx->conf->realm, ctx->token.data, ctx->token.len,
                             ctx->digest)
        != PROCORE_OK)
    {
        return NGX_ERROR;
    }

    ctx->digested = 1;

    ngx_http_procore_scope_read_binding(ctx);

    if (!ctx->bare) {
        ngx_http_procore_scope_bind_known(r, ctx);
    }

    return NGX_OK;
}


static void
ngx_http_procore_scope_read_binding(ngx_http_procore_scope_ctx_t *ctx)
{
    ngx_str_t  client;

    if (ngx_http_procore_scope_store_begin() != NGX_OK) {
        ctx->known = PROCORE_ERROR;

    } else {
        ctx->snapshot = 1;
        ctx->known = ngx_http_procore_scope_store_token(PROCORE_TOKEN_ACCESS,
                                                        ctx->digest,
                                                        &ctx->binding);
    }

    if (ctx->known != PROCORE_OK) {
        procore_judge_binding(&ctx->judge, ctx->known == PROCORE_NOT_FOUND
                                           ? PROCORE_BINDING_UNKNOWN
                                           : PROCORE_BINDING_FAILED, 0);
        return;
    }

    ngx_http_procore_scope_judge_client(ctx);
    ngx_http_procore_scope_client_id(ctx, &client);
    ngx_http_procore_scope_judge_conf(ctx,
                       ngx_http_procore_scope_client_conf(ctx->conf, &client));

    switch (ctx->binding.state) {

    case PROCORE_FAMILY_WITHDRAWN:
        procore_judge_binding(&ctx->judge, PROCORE_BINDING_WITHDRAWN, 0);
        break;

    case PROCORE_FAMILY_BOUND:
        procore_judge_binding(&ctx->judge, PROCORE_BINDING_BOUND,
                              ctx->binding.company);
        ctx->way = ctx->binding.way;
        break;

    default:
        break;
    }

    ngx_http_procore_scope_check_paused(ctx, &client, NULL);
}


ngx_int_t
ngx_http_procore_scope_configured(ngx_http_request_t *r,
    ngx_http_procore_scope_loc_conf_t *conf, uint64_t *company)
{
    ngx_str_t  value;

    *company = 0;

    if (conf->company == NULL) {
        return NGX_OK;
    }

    if (ngx_http_complex_value(r, conf->company, &value) != NGX_OK) {
        return NGX_ERROR;
    }

    if (value.len == 0) {
        return NGX_OK;
    }

    if (procore_id_classify(value.data, value.len, company)
        != PROCORE_ID_NUMBER)
    {
        *company = 0;

        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "procore_scope: the value of \"procore_scope_company\" "
                      "is not the id of a company: \"%V\"", &value);
        return NGX_ERROR;
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_procore_scope_read_head(ngx_http_procore_scope_ctx_t *ctx)
{
    ngx_http_request_t      *r;
    procore_judge_target_t   target;

    r = ctx->request;

    ngx_memzero(&target, sizeof(procore_judge_target_t));

    ngx_http_procore_scope_raw_path(r, &target.raw);

    if (r == r->main) {
        target.normal.len = ctx->normal.len;
        target.normal.data = ctx->normal.data;
    }

    target.uri.len = r->uri.len;
    target.uri.data = r->uri.data;

    target.query.len = r->args.len;
    target.query.data = r->args.data;

    if (r->valid_unparsed_uri) {
        target.as_sent = 1;
        target.fragment = ngx_strlchr(r->unparsed_uri.data,
                                      r->unparsed_uri.data
                                      + r->unparsed_uri.len, '#')
                          != NULL;
    }

    if (ngx_http_procore_scope_judge_head(r, &ctx->judge, &target) != NGX_OK) {
        return NGX_ERROR;
    }

    if (ctx->candidate
        && ngx_http_procore_scope_judge_head(r, &ctx->candidate->judge, &target)
           != NGX_OK)
    {
        ctx->candidate = NULL;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_procore_scope_judge_head(ngx_http_request_t *r, procore_judge_t *judge,
    const procore_judge_target_t *target)
{
    procore_judge_target_list(judge, target);

    ngx_http_procore_scope_read_company(r, judge);

    if (procore_judge_target(judge, target) != PROCORE_OK) {
        return NGX_ERROR;
    }

    procore_judge_unbound(judge,
                          (r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD)) != 0,
                          ngx_http_procore_scope_has_body(r) != 0);

    return NGX_OK;
}


static void
ngx_http_procore_scope_read_company(ngx_http_request_t *r,
    procore_judge_t *judge)
{
    ngx_uint_t        i;
    procore_str_t     value;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    for (part = &r->headers_in.headers.part;
         part;
         part = part->next)
    {
        h = part->elts;

        for (i = 0; i < part->nelts; i++) {

            if (!ngx_http_procore_scope_is_header(&h[i],
                                     &ngx_http_procore_scope_company_header))
            {
                continue;
            }

            value.len = h[i].value.len;
            value.data = h[i].value.data;

            procore_judge_company_line(judge, &value);
        }
    }
}


void
ngx_http_procore_scope_raw_path(ngx_http_request_t *r, procore_str_t *raw)
{
    u_char  *p;

    raw->data = r->unparsed_uri.data;
    raw->len = r->unparsed_uri.len;

    p = ngx_strlchr(r->unparsed_uri.data,
                    r->unparsed_uri.data + r->unparsed_uri.len, '?');
    if (p) {
        raw->len = (size_t) (p - raw->data);
    }
}


ngx_uint_t
ngx_http_procore_scope_query_known(ngx_http_request_t *r,
    ngx_http_procore_scope_known_pt known)
{
    u_char  *p, *end, *last;

    last = r->args.data + r->args.len;

    for (p = r->args.data; p < last; p = end + 1) {

        end = ngx_strlchr(p, last, '&');
        if (end == NULL) {
            end = last;
        }

        if (!known(p, end)) {
            return 0;
        }
    }

    return 1;
}


/*
 * Reads the head of a request: token, header, path and query.
 */


#include "ngx_http_procore_scope_bind.h"


static void ngx_http_procore_scope_read_binding(
    ngx_http_procore_scope_ctx_t *ctx);
static void ngx_http_procore_scope_read_company(
    ngx_http_procore_scope_ctx_t *ctx, const procore_sink_t *sink);
static void ngx_http_procore_scope_read_path(ngx_http_procore_scope_ctx_t *ctx,
    const procore_sink_t *sink);
static ngx_uint_t ngx_http_procore_scope_path_listed(ngx_http_request_t *r,
    ngx_array_t *paths);
static ngx_int_t ngx_http_procore_scope_read_query(
    ngx_http_procore_scope_ctx_t *ctx, const procore_sink_t *sink);


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

    ctx->token_state = NGX_HTTP_PROCORE_SCOPE_TOKEN_MISSING;
    ctx->known = PROCORE_NOT_FOUND;

    if (h) {
        value.len = h->value.len;
        value.data = h->value.data;

        if (procore_bearer(&value, &token) == PROCORE_OK) {
            ctx->token_state = NGX_HTTP_PROCORE_SCOPE_TOKEN_PRESENT;
            ctx->token.len = token.len;
            ctx->token.data = (u_char *) token.data;
        }
    }

    if (ctx->credentials) {
        ctx->token_state = NGX_HTTP_PROCORE_SCOPE_TOKEN_AMBIGUOUS;
        ngx_http_procore_scope_note(ctx, PROCORE_REASON_AMBIGUOUS_TOKEN,
                                    PROCORE_RANK_TOKEN, NULL);
    }

    if (ctx->token.len == 0) {
        ngx_http_procore_scope_note(ctx, PROCORE_REASON_MISSING_TOKEN,
                                    PROCORE_RANK_TOKEN, NULL);
        return NGX_OK;
    }

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

        if (ctx->known != PROCORE_NOT_FOUND) {
            ngx_http_procore_scope_note(ctx, PROCORE_REASON_STORE_FAILED,
                                        PROCORE_RANK_STORE_FAILED, NULL);
        }

        return;
    }

    ngx_http_procore_scope_client_id(ctx, &client);
    ctx->conf = ngx_http_procore_scope_client_conf(ctx->conf, &client);

    if (ctx->binding.state == PROCORE_FAMILY_WITHDRAWN) {
        ngx_http_procore_scope_note(ctx, PROCORE_REASON_REVOKED_TOKEN,
                                    PROCORE_RANK_TOKEN, NULL);
        return;
    }

    if (ctx->binding.state == PROCORE_FAMILY_BOUND) {
        ctx->company = ctx->binding.company;
        ctx->way = ctx->binding.way;
    }
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
    ngx_http_request_t  *r;
    procore_sink_t       sink;

    r = ctx->request;

    sink.data = ctx;
    sink.claim = ngx_http_procore_scope_claim;
    sink.unlisted = ngx_http_procore_scope_unlisted;
    sink.param = ngx_http_procore_scope_param;

    if (ctx->conf->names) {
        ctx->rules.extra = ctx->conf->names->elts;
        ctx->rules.nextra = ctx->conf->names->nelts;
    }

    if (!ngx_http_procore_scope_path_listed(r, ctx->conf->paths)) {
        ngx_http_procore_scope_note(ctx, PROCORE_REASON_UNLISTED_PATH,
                                    PROCORE_RANK_PATH_LIST, NULL);
    }

    ngx_http_procore_scope_read_company(ctx, &sink);

    ngx_http_procore_scope_read_path(ctx, &sink);

    return ngx_http_procore_scope_read_query(ctx, &sink);
}


static ngx_uint_t
ngx_http_procore_scope_path_listed(ngx_http_request_t *r, ngx_array_t *paths)
{
    ngx_str_t   *path;
    ngx_uint_t   i;

    path = paths->elts;

    for (i = 0; i < paths->nelts; i++) {
        if (r->uri.len >= path[i].len
            && ngx_memcmp(r->uri.data, path[i].data, path[i].len) == 0)
        {
            return 1;
        }
    }

    return 0;
}


static void
ngx_http_procore_scope_read_company(ngx_http_procore_scope_ctx_t *ctx,
    const procore_sink_t *sink)
{
    ngx_uint_t        i;
    procore_str_t     value;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    for (part = &ctx->request->headers_in.headers.part;
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

            switch (procore_company_header(&value, sink)) {

            case PROCORE_OK:
                ctx->has_header = 1;
                break;

            case PROCORE_NOT_FOUND:
                ctx->empty_header = 1;
                break;

            default:
                ngx_http_procore_scope_note(ctx,
                                            PROCORE_REASON_MALFORMED_HEADER,
                                            PROCORE_RANK_HEADER_MALFORMED,
                                            NULL);
                break;
            }
        }
    }
}


/*
 * What the client sent and nginx's normal form of it must tell the same, else
 * neither is certain.  Then what goes up is read: the target as sent where
 * nobody has rewritten it, else the current URI, which nginx escapes again.
 */

static void
ngx_http_procore_scope_read_path(ngx_http_procore_scope_ctx_t *ctx,
    const procore_sink_t *sink)
{
    ngx_int_t            rc;
    procore_str_t        raw, normal, current;
    ngx_http_request_t  *r;

    r = ctx->request;

    ngx_http_procore_scope_raw_path(r, &raw);

    normal.len = ctx->normal.len;
    normal.data = ctx->normal.data;

    current.len = r->uri.len;
    current.data = r->uri.data;

    rc = PROCORE_OK;

    if (r == r->main && ctx->normal.len) {
        rc = procore_path_compare(&raw, &normal);
    }

    if (rc == PROCORE_OK) {
        rc = r->valid_unparsed_uri ? procore_path_claims(&raw, 1, sink,
                                                         &ctx->path)
                                   : procore_path_claims(&current, 0, sink,
                                                         &ctx->path);
    }

    if (rc != PROCORE_OK) {
        ngx_http_procore_scope_note(ctx, PROCORE_REASON_MALFORMED_PATH,
                                    PROCORE_RANK_PATH_MALFORMED, NULL);
    }

    ctx->rules.sync = ctx->path == PROCORE_PATH_SYNC;

    switch (ctx->path) {

    case PROCORE_PATH_COMPANIES:
    case PROCORE_PATH_COMPANY:
        ctx->rules.resource = PROCORE_KIND_COMPANY;
        break;

    case PROCORE_PATH_PROJECTS:
    case PROCORE_PATH_PROJECT:
        ctx->rules.resource = PROCORE_KIND_PROJECT;
        break;

    default:
        ctx->rules.resource = PROCORE_KIND_NONE;
        break;
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


static ngx_int_t
ngx_http_procore_scope_read_query(ngx_http_procore_scope_ctx_t *ctx,
    const procore_sink_t *sink)
{
    procore_str_t        query;
    procore_form_t      *form;
    ngx_http_request_t  *r;

    r = ctx->request;

    query.len = r->args.len;
    query.data = r->args.data;

    /*
     * The target goes up as it was sent, with the fragment that nginx cuts off
     * and that other servers may read in their own way.
     */

    if (r->valid_unparsed_uri
        && ngx_strlchr(r->unparsed_uri.data,
                       r->unparsed_uri.data + r->unparsed_uri.len, '#'))
    {
        ngx_http_procore_scope_note(ctx, PROCORE_REASON_MALFORMED_PATH,
                                    PROCORE_RANK_PATH_MALFORMED, NULL);
    }

    if (query.len == 0) {
        return NGX_OK;
    }

    form = ngx_palloc(r->pool, sizeof(procore_form_t));
    if (form == NULL) {
        return NGX_ERROR;
    }

    if (procore_query_claims(form, &ctx->rules, sink, &query, NULL, 0)
        != PROCORE_OK)
    {
        ngx_http_procore_scope_note(ctx, PROCORE_REASON_MALFORMED_QUERY,
                                    PROCORE_RANK_QUERY_MALFORMED, NULL);
    }

    return NGX_OK;
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

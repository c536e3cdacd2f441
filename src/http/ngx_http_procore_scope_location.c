
/*
 * Where Procore sends the client to: a Location that names another company or
 * an unknown project stands in the record.  Nothing else follows from it, for a
 * client that goes there is judged then.
 */


#include "ngx_http_procore_scope_filter.h"


static ngx_int_t ngx_http_procore_scope_location_target(ngx_http_request_t *r,
    ngx_str_t *value, ngx_str_t *target);
static ngx_int_t ngx_http_procore_scope_location_read(procore_judge_t *probe,
    ngx_pool_t *pool, ngx_str_t *target);
static procore_judge_claim_t *ngx_http_procore_scope_location_worst(
    procore_judge_t *probe);


void
ngx_http_procore_scope_location(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    ngx_str_t         target;
    ngx_table_elt_t  *h;
    procore_judge_t  *probe;

    if (r->upstream == NULL || r != r->main || ctx->judge.company == 0
        || (r->headers_out.status != NGX_HTTP_CREATED
            && (r->headers_out.status < NGX_HTTP_SPECIAL_RESPONSE
                || r->headers_out.status >= NGX_HTTP_BAD_REQUEST)))
    {
        return;
    }

    h = r->upstream->headers_in.location;

    if (h == NULL
        || ngx_http_procore_scope_location_target(r, &h->value, &target)
           != NGX_OK)
    {
        return;
    }

    /* the judge as for a request, but its verdict is no decision */

    probe = ngx_palloc(r->pool, sizeof(procore_judge_t));
    if (probe == NULL) {
        return;
    }

    ngx_http_procore_scope_judge_init(ctx, probe);

    probe->company = ctx->judge.company;
    probe->client.len = ctx->binding.client_len;
    probe->client.data = ctx->binding.client;
    probe->rules.extra = ctx->judge.rules.extra;
    probe->rules.nextra = ctx->judge.rules.nextra;

    if (ngx_http_procore_scope_location_read(probe, r->pool, &target)
        == NGX_OK)
    {
        ctx->location = ngx_http_procore_scope_location_worst(probe);
    }

    ngx_http_procore_scope_judge_end(ctx);
}


/*
 * Path and query of the reference (RFC 3986, section 4.1), without scheme, host
 * and fragment.  A relative path stands beside the path that was asked for.
 */

static ngx_int_t
ngx_http_procore_scope_location_target(ngx_http_request_t *r,
    ngx_str_t *value, ngx_str_t *target)
{
    u_char         *p, *last, *end;
    procore_str_t   base;

    p = value->data;
    last = p + value->len;

    end = ngx_strlchr(p, last, '#');
    if (end) {
        last = end;
    }

    for (end = p; end < last && *end != '/' && *end != '?'; end++) {
        if (*end == ':') {
            p = end + 1;
            break;
        }
    }

    if (last - p >= 2 && p[0] == '/' && p[1] == '/') {

        for (p += 2; p < last && *p != '/' && *p != '?'; p++) { /* void */ }
    }

    target->data = p;
    target->len = (size_t) (last - p);

    if (target->len == 0 || *p == '/' || *p == '?') {
        return NGX_OK;
    }

    ngx_http_procore_scope_raw_path(r, &base);

    while (base.len && base.data[base.len - 1] != '/') {
        base.len--;
    }

    target->len = base.len + (size_t) (last - p);
    target->data = ngx_pnalloc(r->pool, target->len);

    if (target->data == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(ngx_cpymem(target->data, base.data, base.len), p, last - p);

    return NGX_OK;
}


static ngx_int_t
ngx_http_procore_scope_location_read(procore_judge_t *probe, ngx_pool_t *pool,
    ngx_str_t *target)
{
    u_char          *question, *last;
    procore_str_t    path, query;
    procore_form_t  *form;
    procore_sink_t   sink;

    procore_judge_sink(probe, &sink);

    last = target->data + target->len;

    question = ngx_strlchr(target->data, last, '?');
    if (question == NULL) {
        question = last;
    }

    path.data = target->data;
    path.len = (size_t) (question - target->data);

    /* claims before a place that cannot be read count */

    (void) procore_path_claims(&path, 1, &sink, NULL);

    if (question == last) {
        return NGX_OK;
    }

    query.data = question + 1;
    query.len = (size_t) (last - query.data);

    form = ngx_palloc(pool, sizeof(procore_form_t));
    if (form == NULL) {
        return NGX_ERROR;
    }

    (void) procore_query_claims(form, &probe->rules, &sink, &query, NULL, 0);

    return NGX_OK;
}


static procore_judge_claim_t *
ngx_http_procore_scope_location_worst(procore_judge_t *probe)
{
    ngx_uint_t              i;
    procore_judge_claim_t  *claim;

    if (probe->deciding) {
        return probe->deciding;
    }

    claim = probe->claims;

    for (i = 0; i < probe->nclaims; i++) {
        if (claim[i].kind == PROCORE_KIND_PROJECT
            && claim[i].verdict == PROCORE_VERDICT_UNKNOWN)
        {
            return &claim[i];
        }
    }

    return NULL;
}

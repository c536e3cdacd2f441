
/*
 * Reads what a request to the token or revoke endpoint says: in its header, its
 * query and its body.  Each parameter, and the company, must be the same
 * wherever it stands, because nobody can tell which one the login host takes.
 */


#include "ngx_http_procore_scope_oauth.h"


#define ngx_http_procore_scope_differ_rank(carrier)                           \
    ((procore_rank_e) (PROCORE_RANK_HEADER_MALFORMED + 2 * (carrier)))


static void ngx_http_procore_scope_oauth_lines(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, procore_sink_t *sink);
static ngx_int_t ngx_http_procore_scope_oauth_basic(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);
static void ngx_http_procore_scope_oauth_claim(void *data,
    const procore_claim_t *claim);
static void ngx_http_procore_scope_oauth_param(void *data,
    procore_carrier_e carrier, procore_param_e param, procore_value_e type,
    const procore_str_t *value);
static void ngx_http_procore_scope_oauth_code(
    ngx_http_procore_scope_ctx_t *ctx, procore_value_e type,
    const procore_str_t *value);
static void ngx_http_procore_scope_oauth_field(void *data,
    procore_carrier_e carrier, const procore_str_t *name,
    procore_value_e type, const procore_str_t *value);
static ngx_http_procore_scope_field_t *ngx_http_procore_scope_oauth_same(
    ngx_http_procore_scope_oauth_t *oauth, const procore_str_t *name);
static void ngx_http_procore_scope_oauth_agree(
    ngx_http_procore_scope_ctx_t *ctx, procore_carrier_e carrier,
    procore_param_e param, const procore_str_t *value);
static void ngx_http_procore_scope_oauth_unread(
    ngx_http_procore_scope_ctx_t *ctx, procore_carrier_e carrier);


static ngx_str_t  ngx_http_procore_scope_company_header =
    ngx_string("procore-company-id");


void
ngx_http_procore_scope_oauth_sink(ngx_http_procore_scope_ctx_t *ctx,
    procore_sink_t *sink)
{
    sink->data = ctx;
    sink->claim = ngx_http_procore_scope_oauth_claim;
    sink->unlisted = NULL;
    sink->param = ngx_http_procore_scope_oauth_param;
    sink->field = ngx_http_procore_scope_oauth_field;
}


ngx_int_t
ngx_http_procore_scope_oauth_head(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    procore_str_t                    query;
    procore_form_t                  *form;
    procore_sink_t                   sink;
    ngx_http_procore_scope_oauth_t  *oauth;

    oauth = ctx->oauth;

    ngx_http_procore_scope_oauth_sink(ctx, &sink);

    ngx_http_procore_scope_oauth_lines(r, ctx, &sink);

    if (ngx_http_procore_scope_oauth_basic(r, ctx) != NGX_OK) {
        return NGX_ERROR;
    }

    if (r->args.len == 0) {
        return NGX_OK;
    }

    form = ngx_palloc(r->pool, sizeof(procore_form_t));
    if (form == NULL) {
        return NGX_ERROR;
    }

    query.len = r->args.len;
    query.data = r->args.data;

    if (procore_query_claims(form, &ctx->judge.rules, &sink, &query,
                             oauth->scratch, NGX_HTTP_PROCORE_SCOPE_SCRATCH)
        != PROCORE_OK)
    {
        ngx_http_procore_scope_oauth_unread(ctx, PROCORE_IN_QUERY);
    }

    return NGX_OK;
}


static void
ngx_http_procore_scope_oauth_lines(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, procore_sink_t *sink)
{
    ngx_uint_t        i;
    procore_str_t     value;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    for (part = &r->headers_in.headers.part; part; part = part->next) {
        h = part->elts;

        for (i = 0; i < part->nelts; i++) {

            if (!ngx_http_procore_scope_is_header(&h[i],
                                     &ngx_http_procore_scope_company_header))
            {
                continue;
            }

            value.len = h[i].value.len;
            value.data = h[i].value.data;

            if (procore_company_header(&value, sink) == PROCORE_MALFORMED) {
                ngx_http_procore_scope_oauth_unread(ctx, PROCORE_IN_HEADER);
            }
        }
    }
}


/* RFC 7617; the two parts are taken as they are, as Doorkeeper does. */

static ngx_int_t
ngx_http_procore_scope_oauth_basic(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    u_char           *colon;
    ngx_str_t         encoded, text;
    procore_str_t     part;
    ngx_table_elt_t  *h;

    if (!ngx_http_procore_scope_is_basic(r)) {
        return NGX_OK;
    }

    h = r->headers_in.authorization;

    encoded.data = h->value.data + sizeof("Basic ") - 1;
    encoded.len = h->value.len - (sizeof("Basic ") - 1);

    text.data = ngx_pnalloc(r->pool,
                            ngx_base64_decoded_length(encoded.len) + 1);
    if (text.data == NULL) {
        return NGX_ERROR;
    }

    if (ngx_decode_base64(&text, &encoded) != NGX_OK) {
        ngx_http_procore_scope_oauth_unread(ctx, PROCORE_IN_HEADER);
        return NGX_OK;
    }

    colon = ngx_strlchr(text.data, text.data + text.len, ':');

    if (colon == NULL) {
        ngx_http_procore_scope_oauth_unread(ctx, PROCORE_IN_HEADER);
        return NGX_OK;
    }

    part.data = text.data;
    part.len = (size_t) (colon - text.data);

    ngx_http_procore_scope_oauth_agree(ctx, PROCORE_IN_HEADER,
                                       PROCORE_PARAM_CLIENT_ID, &part);

    part.data = colon + 1;
    part.len = (size_t) (text.data + text.len - part.data);

    ngx_http_procore_scope_oauth_agree(ctx, PROCORE_IN_HEADER,
                                       PROCORE_PARAM_CLIENT_SECRET, &part);

    return NGX_OK;
}


static void
ngx_http_procore_scope_oauth_claim(void *data, const procore_claim_t *claim)
{
    ngx_http_procore_scope_ctx_t *ctx = data;

    ngx_http_procore_scope_oauth_t  *oauth;

    oauth = ctx->oauth;

    procore_judge_claim(&ctx->judge, claim);

    if (claim->kind != PROCORE_KIND_COMPANY
        || claim->state != PROCORE_CLAIM_ID)
    {
        return;
    }

    if (oauth->company == 0) {
        oauth->company = claim->id;
        return;
    }

    if (oauth->company != claim->id) {
        ngx_http_procore_scope_oauth_rebind(ctx, oauth->company);
    }
}


static void
ngx_http_procore_scope_oauth_param(void *data, procore_carrier_e carrier,
    procore_param_e param, procore_value_e type, const procore_str_t *value)
{
    ngx_http_procore_scope_ctx_t *ctx = data;

    procore_str_t  text;

    /* a bearer token in a parameter means nothing to these two endpoints */

    if (param == PROCORE_PARAM_ACCESS_TOKEN
        || param == PROCORE_PARAM_BEARER_TOKEN)
    {
        return;
    }

    if (param == PROCORE_PARAM_CODE) {
        ngx_http_procore_scope_oauth_code(ctx, type, value);
    }

    switch (type) {

    case PROCORE_VALUE_TEXT:
        text = *value;
        break;

    case PROCORE_VALUE_NULL:
        text.len = 0;
        text.data = NULL;
        break;

    default:
        ngx_http_procore_scope_oauth_unread(ctx, carrier);
        return;
    }

    ngx_http_procore_scope_oauth_agree(ctx, carrier, param, &text);
}


/*
 * Whatever looks like a code of the gateway's must not reach the login host,
 * wherever it stands and whatever else is wrong with the request.
 */

static void
ngx_http_procore_scope_oauth_code(ngx_http_procore_scope_ctx_t *ctx,
    procore_value_e type, const procore_str_t *value)
{
    if (type == PROCORE_VALUE_OTHER || type == PROCORE_VALUE_LONG
        || (type == PROCORE_VALUE_TEXT && value->len >= 4
            && ngx_strncasecmp((u_char *) value->data, (u_char *) "psg_", 4)
               == 0))
    {
        ctx->oauth->psg_code = 1;
    }
}


static void
ngx_http_procore_scope_oauth_field(void *data, procore_carrier_e carrier,
    const procore_str_t *name, procore_value_e type,
    const procore_str_t *value)
{
    ngx_http_procore_scope_ctx_t *ctx = data;

    ngx_pool_t                      *pool;
    ngx_http_procore_scope_field_t  *field;
    ngx_http_procore_scope_oauth_t  *oauth;

    oauth = ctx->oauth;
    pool = ctx->request->pool;

    if (type == PROCORE_VALUE_NULL
        || (type == PROCORE_VALUE_TEXT && name->len == 0))
    {
        return;
    }

    if (type != PROCORE_VALUE_TEXT || memchr(name->data, '[', name->len)
        || memchr(name->data, ']', name->len))
    {
        oauth->odd = 1;
        return;
    }

    field = ngx_http_procore_scope_oauth_same(oauth, name);

    if (field) {

        if (field->value.len != value->len
            || (value->len && ngx_memcmp(field->value.data, value->data,
                                         value->len) != 0))
        {
            oauth->unsure = 1;
        }

        return;
    }

    if (oauth->fields.nelts == NGX_HTTP_PROCORE_SCOPE_FIELDS) {
        oauth->odd = 1;
        return;
    }

    if (oauth->fields.elts == NULL
        && ngx_array_init(&oauth->fields, pool, 4,
                          sizeof(ngx_http_procore_scope_field_t))
           != NGX_OK)
    {
        oauth->odd = 1;
        return;
    }

    field = ngx_array_push(&oauth->fields);

    if (field == NULL) {
        oauth->odd = 1;
        return;
    }

    if (ngx_http_procore_scope_copy(pool, &field->name, name) != NGX_OK
        || ngx_http_procore_scope_copy(pool, &field->value, value) != NGX_OK)
    {
        oauth->fields.nelts--;
        oauth->odd = 1;
    }
}


static ngx_http_procore_scope_field_t *
ngx_http_procore_scope_oauth_same(ngx_http_procore_scope_oauth_t *oauth,
    const procore_str_t *name)
{
    ngx_uint_t                       i;
    ngx_http_procore_scope_field_t  *field;

    field = oauth->fields.elts;

    for (i = 0; i < oauth->fields.nelts; i++) {

        if (field[i].name.len == name->len
            && ngx_memcmp(field[i].name.data, name->data, name->len) == 0)
        {
            return &field[i];
        }
    }

    return NULL;
}


void
ngx_http_procore_scope_oauth_find(ngx_http_procore_scope_ctx_t *ctx,
    const char *name, procore_str_t *value)
{
    procore_str_t                    wanted;
    ngx_http_procore_scope_field_t  *field;

    wanted.len = ngx_strlen(name);
    wanted.data = (const u_char *) name;

    value->len = 0;
    value->data = NULL;

    field = ngx_http_procore_scope_oauth_same(ctx->oauth, &wanted);

    if (field) {
        value->len = field->value.len;
        value->data = field->value.data;
    }
}


static void
ngx_http_procore_scope_oauth_agree(ngx_http_procore_scope_ctx_t *ctx,
    procore_carrier_e carrier, procore_param_e param,
    const procore_str_t *value)
{
    u_char     *p;
    ngx_str_t  *kept;

    kept = &ctx->oauth->params[param];

    if (kept->data == NULL) {

        /* a byte more: an empty value was seen, too */

        p = ngx_pnalloc(ctx->request->pool, value->len + 1);
        if (p == NULL) {
            ngx_http_procore_scope_oauth_unread(ctx, carrier);
            return;
        }

        kept->data = p;
        kept->len = value->len;

        if (value->len) {
            ngx_memcpy(p, value->data, value->len);
        }

        return;
    }

    if (kept->len != value->len
        || (value->len
            && ngx_memcmp(kept->data, value->data, value->len) != 0))
    {
        ngx_http_procore_scope_oauth_unread(ctx, carrier);
    }
}


/* What this carrier says cannot be read for certain. */

static void
ngx_http_procore_scope_oauth_unread(ngx_http_procore_scope_ctx_t *ctx,
    procore_carrier_e carrier)
{
    procore_reason_e  reason;

    ctx->oauth->unread = 1;

    switch (carrier) {

    case PROCORE_IN_QUERY:
        reason = PROCORE_REASON_MALFORMED_QUERY;
        break;

    case PROCORE_IN_BODY:
        reason = PROCORE_REASON_MALFORMED_BODY;
        break;

    default:
        reason = PROCORE_REASON_MALFORMED_HEADER;
        break;
    }

    ngx_http_procore_scope_note(ctx, reason,
                                ngx_http_procore_scope_differ_rank(carrier),
                                NULL);
}

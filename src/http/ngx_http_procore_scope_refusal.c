
/*
 * Refusals: an answer of our own, in the shape of Procore's errors, or of
 * OAuth's at the login host.
 */


#include "ngx_http_procore_scope.h"


/* What the token endpoint calls a reason: RFC 6749, section 5.2. */

typedef struct {
    procore_reason_e   reason;
    const char        *error;
    ngx_uint_t         status;
} ngx_http_procore_scope_oauth_error_t;


static ngx_int_t ngx_http_procore_scope_send_refusal(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, ngx_uint_t oauth);
static ngx_uint_t ngx_http_procore_scope_refusal_status(
    ngx_http_procore_scope_ctx_t *ctx, ngx_uint_t oauth);
static const ngx_http_procore_scope_oauth_error_t *
    ngx_http_procore_scope_oauth_error(procore_reason_e reason);
static ngx_int_t ngx_http_procore_scope_api_text(
    ngx_http_procore_scope_ctx_t *ctx, ngx_str_t *body);
static ngx_int_t ngx_http_procore_scope_oauth_text(
    ngx_http_procore_scope_ctx_t *ctx, ngx_str_t *body);
static ngx_int_t ngx_http_procore_scope_sentence(
    ngx_http_procore_scope_ctx_t *ctx, ngx_str_t *sentence);
static u_char *ngx_http_procore_scope_help(u_char *p, u_char *last,
    ngx_http_procore_scope_help_t *help);
static u_char *ngx_http_procore_scope_member(u_char *p, u_char *last,
    const char *name, ngx_str_t *text);
static ngx_int_t ngx_http_procore_scope_refusal_headers(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);


/* Members, punctuation and numbers of a refusal, without the texts in it. */

#define NGX_HTTP_PROCORE_SCOPE_FIXED  512


/* All that is not here is the last one. */

static const ngx_http_procore_scope_oauth_error_t
    ngx_http_procore_scope_oauth_errors[] =
{
    { PROCORE_REASON_STORE_FAILED, "temporarily_unavailable", 503 },
    { PROCORE_REASON_LOOKUP_FAILED, "temporarily_unavailable", 503 },
    { PROCORE_REASON_EXCHANGE_FAILED, "temporarily_unavailable", 503 },
    { PROCORE_REASON_BAD_CLIENT, "invalid_client", 401 },
    { PROCORE_REASON_REVOKED_TOKEN, "invalid_grant", 400 },
    { PROCORE_REASON_BAD_CODE, "invalid_grant", 400 },
    { PROCORE_REASON_CODE_EXPIRED, "invalid_grant", 400 },
    { PROCORE_REASON_CODE_REPLAYED, "invalid_grant", 400 },
    { PROCORE_REASON_CODE_MISMATCH, "invalid_grant", 400 },
    { PROCORE_REASON_PKCE_FAILED, "invalid_grant", 400 },
    { PROCORE_REASON_COMPANY_NOT_AVAILABLE, "invalid_grant", 400 },
    { PROCORE_REASON_MAX, "invalid_request", 400 }
};


ngx_int_t
ngx_http_procore_scope_refuse(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    return ngx_http_procore_scope_send_refusal(r, ctx, 0);
}


ngx_int_t
ngx_http_procore_scope_refuse_oauth(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    return ngx_http_procore_scope_send_refusal(r, ctx, 1);
}


static ngx_int_t
ngx_http_procore_scope_send_refusal(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, ngx_uint_t oauth)
{
    ngx_str_t  body;

    ctx->refused = 1;

    if (r != r->main) {
        return ngx_http_procore_scope_refusal_status(ctx, oauth);
    }

    if (ngx_http_procore_scope_refusal(r, ctx, oauth, &body) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_procore_scope_send(r, &body);
}


ngx_int_t
ngx_http_procore_scope_send(ngx_http_request_t *r, ngx_str_t *body)
{
    ngx_int_t     rc;
    ngx_buf_t    *b;
    ngx_chain_t   out;

    /* nobody asks for a body that is not wanted: RFC 9110, section 10.1.1 */

    r->expect_tested = 1;

    rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        ngx_http_clean_header(r);
        return rc;
    }

    b = ngx_calloc_buf(r->pool);
    if (b == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    b->pos = body->data;
    b->last = body->data + body->len;
    b->memory = body->len > 0;
    b->last_buf = 1;
    b->last_in_chain = 1;

    out.buf = b;
    out.next = NULL;

    rc = ngx_http_send_header(r);

    if (rc == NGX_OK && !r->header_only) {
        rc = ngx_http_output_filter(r, &out);
    }

    /*
     * Finalized here: a status handed back to the phase engine would start
     * error_page, which may proxy the refused body.
     */

    ngx_http_finalize_request(r, rc);

    return NGX_DONE;
}


ngx_int_t
ngx_http_procore_scope_refusal(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, ngx_uint_t oauth, ngx_str_t *body)
{
    ngx_int_t  rc;

    rc = oauth ? ngx_http_procore_scope_oauth_text(ctx, body)
               : ngx_http_procore_scope_api_text(ctx, body);

    if (rc != NGX_OK) {
        return NGX_ERROR;
    }

    r->headers_out.status = ngx_http_procore_scope_refusal_status(ctx, oauth);
    r->headers_out.content_length_n = (off_t) body->len;
    ngx_str_set(&r->headers_out.content_type, "application/json");
    r->headers_out.content_type_len = r->headers_out.content_type.len;
    r->headers_out.content_type_lowcase = NULL;

    return ngx_http_procore_scope_refusal_headers(r, ctx);
}


static ngx_uint_t
ngx_http_procore_scope_refusal_status(ngx_http_procore_scope_ctx_t *ctx,
    ngx_uint_t oauth)
{
    if (oauth) {
        return ngx_http_procore_scope_oauth_error(ctx->judge.reason)->status;
    }

    if (ctx->chooser && ctx->judge.reason == PROCORE_REASON_REBIND) {
        return NGX_HTTP_CONFLICT;
    }

    return ctx->unauthorized ? NGX_HTTP_UNAUTHORIZED
                             : procore_reasons[ctx->judge.reason].status;
}


static const ngx_http_procore_scope_oauth_error_t *
ngx_http_procore_scope_oauth_error(procore_reason_e reason)
{
    const ngx_http_procore_scope_oauth_error_t  *p;

    for (p = ngx_http_procore_scope_oauth_errors;
         p->reason != PROCORE_REASON_MAX;
         p++)
    {
        if (p->reason == reason) {
            break;
        }
    }

    return p;
}


static ngx_int_t
ngx_http_procore_scope_api_text(ngx_http_procore_scope_ctx_t *ctx,
    ngx_str_t *body)
{
    u_char                         *p, *last;
    size_t                          len;
    ngx_str_t                       sentence, text;
    ngx_http_variable_value_t      *id;
    procore_judge_claim_t          *claim;
    ngx_http_procore_scope_help_t  *help;

    claim = ctx->judge.deciding;
    help = ctx->conf->help;
    id = ngx_http_procore_scope_request_id(ctx->request);

    if (id == NULL || ngx_http_procore_scope_sentence(ctx, &sentence) != NGX_OK)
    {
        return NGX_ERROR;
    }

    len = 2 * sentence.len + ctx->choose_url.len;

    if (claim) {
        len += claim->name.len + claim->value.len;
    }

    if (help) {
        len += help->url.len + help->label.len + help->notes.len;
    }

    len = NGX_HTTP_PROCORE_SCOPE_FIXED + id->len
          + len * NGX_HTTP_PROCORE_SCOPE_ESCAPED;

    p = ngx_pnalloc(ctx->request->pool, len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    body->data = p;
    last = p + len;

    p = ngx_slprintf(p, last, "{\"errors\":{\"base\":[\"");
    p = ngx_http_procore_scope_json(p, last, &sentence);
    p = ngx_slprintf(p, last, "\"]},\"message\":\"");
    p = ngx_http_procore_scope_json(p, last, &sentence);
    p = ngx_slprintf(p, last, "\",\"reason\":\"%*s\"",
                     procore_reasons[ctx->judge.reason].name.len,
                     procore_reasons[ctx->judge.reason].name.data);

    if (claim) {
        p = ngx_slprintf(p, last, ",\"claim\":{\"in\":\"%s\"",
                         ngx_http_procore_scope_carrier_name(claim->carrier));
        text = ngx_http_procore_scope_str(&claim->name);
        p = ngx_http_procore_scope_member(p, last, ",\"name\":", &text);
        text = ngx_http_procore_scope_str(&claim->value);
        p = ngx_http_procore_scope_member(p, last, ",\"value\":", &text);
        p = ngx_slprintf(p, last, "}");
    }

    if (ctx->judge.company) {
        p = ngx_slprintf(p, last, ",\"company_id\":%uL", ctx->judge.company);
    }

    p = ngx_slprintf(p, last, ",\"decision_id\":\"%v\"", id);

    if (ctx->choose_url.len) {
        p = ngx_http_procore_scope_member(p, last, ",\"choose_url\":",
                                          &ctx->choose_url);
    }

    if (help) {
        p = ngx_http_procore_scope_help(p, last, help);
    }

    p = ngx_slprintf(p, last, "}");

    body->len = (size_t) (p - body->data);

    return NGX_OK;
}


static ngx_int_t
ngx_http_procore_scope_oauth_text(ngx_http_procore_scope_ctx_t *ctx,
    ngx_str_t *body)
{
    u_char      *p, *last;
    size_t       len;
    ngx_str_t    sentence;

    if (ngx_http_procore_scope_sentence(ctx, &sentence) != NGX_OK) {
        return NGX_ERROR;
    }

    len = NGX_HTTP_PROCORE_SCOPE_FIXED
          + sentence.len * NGX_HTTP_PROCORE_SCOPE_ESCAPED;

    p = ngx_pnalloc(ctx->request->pool, len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    body->data = p;
    last = p + len;

    p = ngx_slprintf(p, last, "{\"error\":\"%s\",\"error_description\":\"",
                  ngx_http_procore_scope_oauth_error(ctx->judge.reason)->error);
    p = ngx_http_procore_scope_json(p, last, &sentence);
    p = ngx_slprintf(p, last, "\",\"reason\":\"%*s\"}",
                     procore_reasons[ctx->judge.reason].name.len,
                     procore_reasons[ctx->judge.reason].name.data);

    body->len = (size_t) (p - body->data);

    return NGX_OK;
}


static ngx_int_t
ngx_http_procore_scope_sentence(ngx_http_procore_scope_ctx_t *ctx,
    ngx_str_t *sentence)
{
    u_char      *p, *last;
    size_t       len;
    ngx_str_t    value;
    const char  *s;

    if (ctx->sentence.len) {
        *sentence = ctx->sentence;
        return NGX_OK;
    }

    s = ctx->paused && ctx->judge.reason == PROCORE_REASON_COMPANY_NOT_ALLOWED
        ? "the operator of this gateway has paused this client"
        : procore_reasons[ctx->judge.reason].sentence;

    if (ctx->judge.deciding) {
        value = ngx_http_procore_scope_str(&ctx->judge.deciding->value);

    } else {
        ngx_str_null(&value);
    }

    len = ngx_strlen(s) + value.len + NGX_INT64_LEN
          + sizeof("; choose one at ") - 1 + ctx->choose_url.len;

    p = ngx_pnalloc(ctx->request->pool, len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    sentence->data = p;
    last = p + len;

    for ( /* void */ ; *s && p < last; s++) {

        if (s[0] == '%' && s[1] == 'v') {
            p = ngx_slprintf(p, last, "%V", &value);
            s++;

        } else if (s[0] == '%' && s[1] == 'c') {
            p = ngx_slprintf(p, last, "%uL", ctx->judge.company);
            s++;

        } else {
            *p++ = (u_char) *s;
        }
    }

    /* for a tool that shows its user the sentence and nothing else */

    if (ctx->choose_url.len) {
        p = ngx_slprintf(p, last, "; choose one at %V", &ctx->choose_url);
    }

    sentence->len = (size_t) (p - sentence->data);

    return NGX_OK;
}


static u_char *
ngx_http_procore_scope_help(u_char *p, u_char *last,
    ngx_http_procore_scope_help_t *help)
{
    const char  *comma;

    comma = "";

    p = ngx_slprintf(p, last, ",\"help\":{");

    if (help->url.len) {
        p = ngx_http_procore_scope_member(p, last, "\"url\":", &help->url);
        comma = ",";
    }

    if (help->label.len) {
        p = ngx_slprintf(p, last, "%s", comma);
        p = ngx_http_procore_scope_member(p, last, "\"label\":", &help->label);
        comma = ",";
    }

    if (help->notes.len) {
        p = ngx_slprintf(p, last, "%s", comma);
        p = ngx_http_procore_scope_member(p, last, "\"notes\":", &help->notes);
    }

    return ngx_slprintf(p, last, "}");
}


static u_char *
ngx_http_procore_scope_member(u_char *p, u_char *last, const char *name,
    ngx_str_t *text)
{
    p = ngx_slprintf(p, last, "%s\"", name);
    p = ngx_http_procore_scope_json(p, last, text);

    return ngx_slprintf(p, last, "\"");
}


static ngx_int_t
ngx_http_procore_scope_refusal_headers(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    time_t                      seconds;
    ngx_str_t                   value;
    ngx_uint_t                  status;
    ngx_http_variable_value_t  *id;

    status = r->headers_out.status;

    value.len = procore_reasons[ctx->judge.reason].name.len;
    value.data = (u_char *) procore_reasons[ctx->judge.reason].name.data;

    if (ngx_http_procore_scope_add_answer_header(r, "Procore-Scope-Reason",
                                                 &value)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    id = ngx_http_procore_scope_request_id(r);
    if (id == NULL) {
        return NGX_ERROR;
    }

    value.len = id->len;
    value.data = id->data;

    if (ngx_http_procore_scope_add_answer_header(r, "Procore-Scope-Decision",
                                                 &value)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_str_set(&value, "no-store");

    if (ngx_http_procore_scope_add_answer_header(r, "Cache-Control", &value)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (ctx->judge.reason == PROCORE_REASON_BAD_CLIENT) {

        if (!ngx_http_procore_scope_is_basic(r)) {
            return NGX_OK;
        }

        ngx_str_set(&value, "Basic realm=\"Procore\"");

        return ngx_http_procore_scope_add_answer_header(r, "WWW-Authenticate",
                                                        &value);
    }

    if (status == NGX_HTTP_UNAUTHORIZED) {

        if (ctx->judge.reason == PROCORE_REASON_REVOKED_TOKEN
            || ctx->unauthorized)
        {
            ngx_str_set(&value, "Bearer error=\"invalid_token\"");

        } else {
            ngx_str_set(&value, "Bearer");
        }

        return ngx_http_procore_scope_add_answer_header(r, "WWW-Authenticate",
                                                        &value);
    }

    if (status != NGX_HTTP_SERVICE_UNAVAILABLE) {
        return NGX_OK;
    }

    seconds = ctx->retry_after ? ctx->retry_after
                               : NGX_HTTP_PROCORE_SCOPE_RETRY;

    value.data = ngx_pnalloc(r->pool, NGX_TIME_T_LEN);
    if (value.data == NULL) {
        return NGX_ERROR;
    }

    value.len = (size_t) (ngx_sprintf(value.data, "%T", seconds) - value.data);

    return ngx_http_procore_scope_add_answer_header(r, "Retry-After", &value);
}

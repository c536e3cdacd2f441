
/*
 * The variables of the module.
 */


#include "ngx_http_procore_scope_candidate.h"


static ngx_int_t ngx_http_procore_scope_mode_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_procore_scope_decision_variable(
    ngx_http_request_t *r, ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_procore_scope_candidate_variable(
    ngx_http_request_t *r, ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_procore_scope_token_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_http_procore_scope_ctx_t *ngx_http_procore_scope_demand(
    ngx_http_request_t *r, ngx_uint_t bare);
static ngx_int_t ngx_http_procore_scope_text_value(
    ngx_http_variable_value_t *v, ngx_str_t *text);
static ngx_int_t ngx_http_procore_scope_number_value(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uint64_t number);


/* A decision, a blank and a reason take less. */

#define NGX_HTTP_PROCORE_SCOPE_CANDIDATE_TEXT  64


/* What the two handlers below are asked for. */

enum {
    NGX_HTTP_PROCORE_SCOPE_VAR_DECISION = 0,
    NGX_HTTP_PROCORE_SCOPE_VAR_REASON,
    NGX_HTTP_PROCORE_SCOPE_VAR_PROJECT,
    NGX_HTTP_PROCORE_SCOPE_VAR_CLAIM,
    NGX_HTTP_PROCORE_SCOPE_VAR_COMPANY,
    NGX_HTTP_PROCORE_SCOPE_VAR_TOKEN,
    NGX_HTTP_PROCORE_SCOPE_VAR_CLIENT,
    NGX_HTTP_PROCORE_SCOPE_VAR_BOUND_BY
};


static ngx_http_variable_t  ngx_http_procore_scope_vars[] = {

    { ngx_string("procore_scope_mode"), NULL,
      ngx_http_procore_scope_mode_variable, 0, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("procore_scope_decision"), NULL,
      ngx_http_procore_scope_decision_variable,
      NGX_HTTP_PROCORE_SCOPE_VAR_DECISION, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("procore_scope_reason"), NULL,
      ngx_http_procore_scope_decision_variable,
      NGX_HTTP_PROCORE_SCOPE_VAR_REASON, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("procore_scope_candidate"), NULL,
      ngx_http_procore_scope_candidate_variable, 0, NGX_HTTP_VAR_NOCACHEABLE,
      0 },

    { ngx_string("procore_scope_project"), NULL,
      ngx_http_procore_scope_decision_variable,
      NGX_HTTP_PROCORE_SCOPE_VAR_PROJECT, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("procore_scope_claim"), NULL,
      ngx_http_procore_scope_decision_variable,
      NGX_HTTP_PROCORE_SCOPE_VAR_CLAIM, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("procore_scope_company"), NULL,
      ngx_http_procore_scope_token_variable,
      NGX_HTTP_PROCORE_SCOPE_VAR_COMPANY, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("procore_scope_token"), NULL,
      ngx_http_procore_scope_token_variable,
      NGX_HTTP_PROCORE_SCOPE_VAR_TOKEN, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("procore_scope_client"), NULL,
      ngx_http_procore_scope_token_variable,
      NGX_HTTP_PROCORE_SCOPE_VAR_CLIENT, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("procore_scope_bound_by"), NULL,
      ngx_http_procore_scope_token_variable,
      NGX_HTTP_PROCORE_SCOPE_VAR_BOUND_BY, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("procore_scope_audit"), NULL,
      ngx_http_procore_scope_audit_variable, 0, NGX_HTTP_VAR_NOCACHEABLE, 0 },

      ngx_http_null_variable
};


static const char  *ngx_http_procore_scope_mode_names[] = {
    "off", "monitor", "enforce"
};

ngx_int_t
ngx_http_procore_scope_add_variables(ngx_conf_t *cf)
{
    ngx_http_variable_t                 *var, *v;
    ngx_http_procore_scope_main_conf_t  *pmcf;
    static ngx_str_t  request_id = ngx_string("request_id");
    static ngx_str_t  request_uri = ngx_string("request_uri");
    static ngx_str_t  audit = ngx_string("procore_scope_audit");

    for (v = ngx_http_procore_scope_vars; v->name.len; v++) {
        var = ngx_http_add_variable(cf, &v->name, v->flags);
        if (var == NULL) {
            return NGX_ERROR;
        }

        var->get_handler = v->get_handler;
        var->data = v->data;
    }

    pmcf = ngx_http_conf_get_module_main_conf(cf,
                                              ngx_http_procore_scope_module);

    /* Without an index nginx makes a new $request_id each time it is read. */

    pmcf->request_id = ngx_http_get_variable_index(cf, &request_id);
    pmcf->request_uri = ngx_http_get_variable_index(cf, &request_uri);

    /* formats of the log know their variables by index */

    pmcf->audit = ngx_http_get_variable_index(cf, &audit);

    if (pmcf->request_id == NGX_ERROR || pmcf->request_uri == NGX_ERROR
        || pmcf->audit == NGX_ERROR)
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_procore_scope_mode_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_str_t                           text;
    ngx_http_procore_scope_ctx_t       *ctx;
    ngx_http_procore_scope_loc_conf_t  *plcf;

    plcf = ngx_http_get_module_loc_conf(r, ngx_http_procore_scope_module);
    ctx = ngx_http_get_module_ctx(r, ngx_http_procore_scope_module);

    if (ctx && ctx->started) {

        /* the token's app may have a mode of its own */
        plcf = ctx->conf;
    }

    text.data = (u_char *) ngx_http_procore_scope_mode_name(plcf->mode);
    text.len = ngx_strlen(text.data);

    return ngx_http_procore_scope_text_value(v, &text);
}


/* What the gate has found out; empty before. */

static ngx_int_t
ngx_http_procore_scope_decision_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_str_t                      text;
    ngx_http_procore_scope_ctx_t  *ctx;

    ngx_str_null(&text);

    ctx = ngx_http_procore_scope_get_ctx(r);

    if (ctx == NULL || !ctx->started) {
        return ngx_http_procore_scope_text_value(v, &text);
    }

    switch (data) {

    case NGX_HTTP_PROCORE_SCOPE_VAR_PROJECT:
        return ngx_http_procore_scope_number_value(r, v, ctx->judge.project);

    case NGX_HTTP_PROCORE_SCOPE_VAR_CLAIM:
        if (ngx_http_procore_scope_claim_text(ctx, &text) != NGX_OK) {
            return NGX_ERROR;
        }

        break;

    case NGX_HTTP_PROCORE_SCOPE_VAR_REASON:
        if (ctx->decision != NGX_HTTP_PROCORE_SCOPE_UNDECIDED) {
            text.data = (u_char *) procore_reasons[ctx->judge.reason].name.data;
            text.len = procore_reasons[ctx->judge.reason].name.len;
        }

        break;

    default:
        text.data = (u_char *)
                        ngx_http_procore_scope_decision_name(ctx->decision);
        text.len = ngx_strlen(text.data);
        break;
    }

    return ngx_http_procore_scope_text_value(v, &text);
}


/* "deny foreign_company" or "open", once the request is over; else empty. */

static ngx_int_t
ngx_http_procore_scope_candidate_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_str_t                      text;
    const procore_str_t           *reason;
    ngx_http_procore_scope_ctx_t  *ctx;

    ngx_str_null(&text);

    ctx = ngx_http_procore_scope_get_ctx(r);

    if (ctx == NULL || ctx->candidate == NULL || !ctx->candidate->over) {
        return ngx_http_procore_scope_text_value(v, &text);
    }

    if (ctx->candidate->decision == PROCORE_DECISION_NONE) {
        ngx_str_set(&text, "open");
        return ngx_http_procore_scope_text_value(v, &text);
    }

    reason = &procore_reasons[ctx->candidate->judge.reason].name;

    text.data = ngx_pnalloc(r->pool, NGX_HTTP_PROCORE_SCOPE_CANDIDATE_TEXT);
    if (text.data == NULL) {
        return NGX_ERROR;
    }

    text.len = (size_t) (ngx_snprintf(text.data,
                             NGX_HTTP_PROCORE_SCOPE_CANDIDATE_TEXT, "%s %*s",
                             procore_decision_names[ctx->candidate->decision],
                             reason->len, reason->data)
                         - text.data);

    return ngx_http_procore_scope_text_value(v, &text);
}


/* The token and its binding, worked out in any phase. */

static ngx_int_t
ngx_http_procore_scope_token_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_str_t                      text;
    ngx_http_procore_scope_ctx_t  *ctx;

    ngx_str_null(&text);

    ctx = ngx_http_procore_scope_demand(r,
                              data == NGX_HTTP_PROCORE_SCOPE_VAR_TOKEN
                              || data == NGX_HTTP_PROCORE_SCOPE_VAR_CLIENT);

    if (ctx == NULL) {
        return ngx_http_procore_scope_text_value(v, &text);
    }

    switch (data) {

    case NGX_HTTP_PROCORE_SCOPE_VAR_COMPANY:
        return ngx_http_procore_scope_number_value(r, v, ctx->judge.company);

    case NGX_HTTP_PROCORE_SCOPE_VAR_TOKEN:
        if (ngx_http_procore_scope_token_text(ctx, &text) != NGX_OK) {
            return NGX_ERROR;
        }

        break;

    case NGX_HTTP_PROCORE_SCOPE_VAR_CLIENT:
        text.len = ctx->binding.client_len;
        text.data = ctx->binding.client;
        break;

    default:
        text.data = (u_char *) ngx_http_procore_scope_way_name(ctx->way);
        text.len = ngx_strlen(text.data);
        break;
    }

    return ngx_http_procore_scope_text_value(v, &text);
}


/*
 * The context with its token read.  Before the gate it is a passing one, so
 * that nothing of what a map or a limit asked for stays in the decision.  A
 * "bare" one leaves the configured company alone: its value may be a map of the
 * very variable that is asked for.
 */

static ngx_http_procore_scope_ctx_t *
ngx_http_procore_scope_demand(ngx_http_request_t *r, ngx_uint_t bare)
{
    ngx_http_procore_scope_ctx_t       *ctx, *found;
    ngx_http_procore_scope_loc_conf_t  *plcf;

    found = ngx_http_procore_scope_get_ctx(r);

    if (found && found->started) {
        return found;
    }

    plcf = ngx_http_get_module_loc_conf(r, ngx_http_procore_scope_module);

    if (plcf->mode == NGX_HTTP_PROCORE_SCOPE_OFF || r->pool == NULL) {
        return NULL;
    }

    ctx = ngx_pcalloc(r->pool, sizeof(ngx_http_procore_scope_ctx_t));
    if (ctx == NULL) {
        return NULL;
    }

    ctx->request = r;

    ngx_http_procore_scope_judge_init(ctx, &ctx->judge);
    ngx_http_procore_scope_judge_conf(ctx, plcf);

    ctx->bare = bare & 1;

    if (ngx_http_procore_scope_read_token(ctx) != NGX_OK) {
        ngx_http_procore_scope_judge_end(ctx);
        return NULL;
    }

    ngx_http_procore_scope_judge_end(ctx);

    return ctx;
}


ngx_http_variable_value_t *
ngx_http_procore_scope_request_id(ngx_http_request_t *r)
{
    ngx_http_variable_value_t           *id;
    ngx_http_procore_scope_main_conf_t  *pmcf;

    pmcf = ngx_http_get_module_main_conf(r, ngx_http_procore_scope_module);

    id = ngx_http_get_indexed_variable(r, pmcf->request_id);

    return (id == NULL || id->not_found) ? NULL : id;
}


ngx_int_t
ngx_http_procore_scope_claim_text(ngx_http_procore_scope_ctx_t *ctx,
    ngx_str_t *text)
{
    u_char                 *p, *last;
    size_t                  len;
    ngx_str_t               name, value, shown;
    const char             *carrier;
    procore_judge_claim_t  *claim;

    ngx_str_null(text);

    claim = ctx->judge.deciding;

    if (claim == NULL) {
        return NGX_OK;
    }

    shown = ngx_http_procore_scope_str(&claim->name);
    ngx_http_procore_scope_hide_token(ctx, &shown, &name);

    shown = ngx_http_procore_scope_str(&claim->value);
    ngx_http_procore_scope_hide_token(ctx, &shown, &value);

    carrier = ngx_http_procore_scope_carrier_name(claim->carrier);

    len = ngx_strlen(carrier) + 2
          + (name.len + value.len) * NGX_HTTP_PROCORE_SCOPE_ESCAPED;

    p = ngx_pnalloc(ctx->request->pool, len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    text->data = p;
    last = p + len;

    p = ngx_slprintf(p, last, "%s:", carrier);
    p = ngx_http_procore_scope_json(p, last, &name);
    p = ngx_slprintf(p, last, "=");
    p = ngx_http_procore_scope_json(p, last, &value);

    text->len = (size_t) (p - text->data);

    return NGX_OK;
}


ngx_int_t
ngx_http_procore_scope_token_text(ngx_http_procore_scope_ctx_t *ctx,
    ngx_str_t *text)
{
    ngx_str_null(text);

    if (!ctx->digested) {
        return NGX_OK;
    }

    text->data = ngx_pnalloc(ctx->request->pool, 16);
    if (text->data == NULL) {
        return NGX_ERROR;
    }

    text->len = 16;
    ngx_hex_dump(text->data, ctx->digest, 8);

    return NGX_OK;
}


const char *
ngx_http_procore_scope_decision_name(procore_decision_e decision)
{
    return procore_decision_names[decision];
}


const char *
ngx_http_procore_scope_mode_name(ngx_uint_t mode)
{
    return ngx_http_procore_scope_mode_names[mode];
}


const char *
ngx_http_procore_scope_way_name(procore_way_e way)
{
    const char  *name;

    name = procore_way_name(way);

    return name ? name : "";
}


const char *
ngx_http_procore_scope_carrier_name(procore_carrier_e carrier)
{
    return procore_carrier_names[carrier];
}


static ngx_int_t
ngx_http_procore_scope_text_value(ngx_http_variable_value_t *v, ngx_str_t *text)
{
    v->len = (unsigned) text->len;
    v->data = text->data;
    v->valid = 1;
    v->no_cacheable = 0;
    v->not_found = 0;

    return NGX_OK;
}


static ngx_int_t
ngx_http_procore_scope_number_value(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uint64_t number)
{
    ngx_str_t  text;

    ngx_str_null(&text);

    if (number) {
        text.data = ngx_pnalloc(r->pool, NGX_INT64_LEN);
        if (text.data == NULL) {
            return NGX_ERROR;
        }

        text.len = (size_t) (ngx_sprintf(text.data, "%uL", number)
                             - text.data);
    }

    return ngx_http_procore_scope_text_value(v, &text);
}


/*
 * The audit: one line of JSON a decision, names by the Elastic Common Schema.
 */


#include "ngx_http_procore_scope.h"


/*
 * A record has at most 8,000 bytes, so that syslog and pipes take it whole.
 * Long texts have bounds of their own, in bytes of JSON, and lists stop where
 * what follows them would not fit any more.
 */

#define NGX_HTTP_PROCORE_SCOPE_RECORD        8000
#define NGX_HTTP_PROCORE_SCOPE_RECORD_LISTS  7000   /* claims end here */
#define NGX_HTTP_PROCORE_SCOPE_RECORD_NAMES  7800   /* unlisted names end */

#define NGX_HTTP_PROCORE_SCOPE_PATH          1024   /* bytes of text */
#define NGX_HTTP_PROCORE_SCOPE_PATH_JSON     2048
#define NGX_HTTP_PROCORE_SCOPE_AGENT         256
#define NGX_HTTP_PROCORE_SCOPE_AGENT_JSON    768
#define NGX_HTTP_PROCORE_SCOPE_VALUE         32
#define NGX_HTTP_PROCORE_SCOPE_NAME          128


static ngx_int_t ngx_http_procore_scope_record(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);
static u_char *ngx_http_procore_scope_event(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, u_char *p, u_char *last);
static u_char *ngx_http_procore_scope_request(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, u_char *p, u_char *last);
static u_char *ngx_http_procore_scope_scope(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, u_char *p, u_char *start, u_char *last);
static u_char *ngx_http_procore_scope_claims(ngx_http_procore_scope_ctx_t *ctx,
    u_char *p, u_char *last);
static u_char *ngx_http_procore_scope_one_claim(
    ngx_http_procore_scope_ctx_t *ctx, ngx_http_procore_scope_claim_t *claim,
    u_char *p, u_char *last, ngx_uint_t comma);
static u_char *ngx_http_procore_scope_names_list(
    ngx_http_procore_scope_ctx_t *ctx, u_char *p, u_char *last);
static u_char *ngx_http_procore_scope_text(ngx_http_procore_scope_ctx_t *ctx,
    u_char *p, u_char *last, ngx_str_t *text, size_t max, size_t json);


static const char  *ngx_http_procore_scope_verdicts[] = {
    "own", "foreign", "unknown", "malformed", "exception", "unjudged"
};

static const char  *ngx_http_procore_scope_kinds[] = {
    "unlisted", "company", "project"
};


ngx_int_t
ngx_http_procore_scope_audit_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_http_procore_scope_ctx_t  *ctx;

    v->len = 0;
    v->valid = 1;
    v->no_cacheable = 0;
    v->not_found = 0;

    if (r != r->main) {
        return NGX_OK;
    }

    ctx = ngx_http_procore_scope_get_ctx(r);

    if (ctx == NULL || ctx->decision == NGX_HTTP_PROCORE_SCOPE_UNDECIDED) {
        return NGX_OK;
    }

    /* An access_log asks twice, for its condition and for its line. */

    if (ctx->record.len == 0
        && ngx_http_procore_scope_record(r, ctx) != NGX_OK)
    {
        return NGX_ERROR;
    }

    v->len = (unsigned) ctx->record.len;
    v->data = ctx->record.data;

    return NGX_OK;
}


static ngx_int_t
ngx_http_procore_scope_record(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    u_char  *p, *start, *last;

    start = ngx_pnalloc(r->pool, NGX_HTTP_PROCORE_SCOPE_RECORD);
    if (start == NULL) {
        return NGX_ERROR;
    }

    last = start + NGX_HTTP_PROCORE_SCOPE_RECORD;

    p = ngx_http_procore_scope_event(r, ctx, start, last);
    p = ngx_http_procore_scope_request(r, ctx, p, last);
    p = ngx_http_procore_scope_scope(r, ctx, p, start, last);

    ctx->record.data = start;
    ctx->record.len = (size_t) (p - start);

    return NGX_OK;
}


static u_char *
ngx_http_procore_scope_event(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, u_char *p, u_char *last)
{
    ngx_tm_t                    tm;
    ngx_time_t                 *tp;
    ngx_uint_t                  denied;
    const char                 *outcome;
    ngx_http_variable_value_t  *id;

    tp = ngx_timeofday();
    ngx_gmtime(tp->sec, &tm);

    id = ngx_http_procore_scope_request_id(r);

    denied = ctx->decision == NGX_HTTP_PROCORE_SCOPE_DENY;
    outcome = denied ? "failure" : "success";

    if (ctx->decision == NGX_HTTP_PROCORE_SCOPE_ALLOW_UNDECIDED) {
        outcome = "unknown";
    }

    return ngx_slprintf(p, last,
                        "{\"@timestamp\":\"%4d-%02d-%02dT%02d:%02d:%02d.%03MZ\""
                        ",\"event\":{\"id\":\"%v\",\"kind\":\"event\""
                        ",\"category\":[\"web\"],\"type\":[\"access\",\"%s\"]"
                        ",\"action\":\"%V\",\"outcome\":\"%s\""
                        ",\"reason\":\"%*s\",\"sequence\":null}",
                        tm.ngx_tm_year, tm.ngx_tm_mon, tm.ngx_tm_mday,
                        tm.ngx_tm_hour, tm.ngx_tm_min, tm.ngx_tm_sec,
                        (ngx_msec_t) tp->msec,
                        id ? id : &ngx_http_variable_null_value,
                        denied ? "denied" : "allowed",
                        &ctx->action, outcome,
                        procore_reasons[ctx->reason].name.len,
                        procore_reasons[ctx->reason].name.data);
}


static u_char *
ngx_http_procore_scope_request(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, u_char *p, u_char *last)
{
    ngx_str_t      text;
    ngx_uint_t     status;
    procore_str_t  raw;

    status = r->err_status ? r->err_status : r->headers_out.status;

    text.data = (u_char *) "1.1";

    switch (r->http_version) {

    case NGX_HTTP_VERSION_9:
        text.data = (u_char *) "0.9";
        break;

    case NGX_HTTP_VERSION_10:
        text.data = (u_char *) "1.0";
        break;

    case NGX_HTTP_VERSION_20:
        text.data = (u_char *) "2";
        break;

#ifdef NGX_HTTP_VERSION_30
    case NGX_HTTP_VERSION_30:
        text.data = (u_char *) "3";
        break;
#endif

    default:
        break;
    }

    p = ngx_slprintf(p, last, ",\"http\":{\"version\":\"%s\""
                     ",\"request\":{\"method\":\"", text.data);

    text = r->method_name;
    p = ngx_http_procore_scope_text(ctx, p, last, &text,
                                    NGX_HTTP_PROCORE_SCOPE_VALUE,
                                    NGX_HTTP_PROCORE_SCOPE_VALUE
                                    * NGX_HTTP_PROCORE_SCOPE_ESCAPED);

    p = ngx_slprintf(p, last, "\"},\"response\":{\"status_code\":");
    p = status ? ngx_slprintf(p, last, "%ui", status)
               : ngx_slprintf(p, last, "null");
    p = ngx_slprintf(p, last, "}},\"url\":{\"path\":\"");

    ngx_http_procore_scope_raw_path(r, &raw);
    text.len = raw.len;
    text.data = (u_char *) raw.data;

    p = ngx_http_procore_scope_text(ctx, p, last, &text,
                                    NGX_HTTP_PROCORE_SCOPE_PATH,
                                    NGX_HTTP_PROCORE_SCOPE_PATH_JSON);

    p = ngx_slprintf(p, last, "\"},\"source\":{\"ip\":");

    text = r->connection->addr_text;

    if (text.len >= 5 && ngx_strncmp(text.data, "unix:", 5) == 0) {
        p = ngx_slprintf(p, last, "null");

    } else {
        p = ngx_slprintf(p, last, "\"%V\"", &text);
    }

    p = ngx_slprintf(p, last, "},\"user_agent\":{\"original\":");

    if (r->headers_in.user_agent == NULL) {
        p = ngx_slprintf(p, last, "null");

    } else {
        p = ngx_slprintf(p, last, "\"");
        p = ngx_http_procore_scope_text(ctx, p, last,
                                        &r->headers_in.user_agent->value,
                                        NGX_HTTP_PROCORE_SCOPE_AGENT,
                                        NGX_HTTP_PROCORE_SCOPE_AGENT_JSON);
        p = ngx_slprintf(p, last, "\"");
    }

    return ngx_slprintf(p, last, "}");
}


static u_char *
ngx_http_procore_scope_scope(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, u_char *p, u_char *start, u_char *last)
{
    ngx_str_t                   client;
    ngx_uint_t                  status;
    const char                 *mode, *way;
    ngx_http_upstream_state_t  *state;

    mode = ctx->conf->mode == NGX_HTTP_PROCORE_SCOPE_ENFORCE ? "enforce"
                                                             : "monitor";
    p = ctx->company
        ? ngx_slprintf(p, last, ",\"organization\":{\"id\":\"%uL\"}",
                       ctx->company)
        : ngx_slprintf(p, last, ",\"organization\":{\"id\":null}");

    p = ngx_slprintf(p, last, ",\"procore_scope\":{\"mode\":\"%s\""
                     ",\"decision\":\"%s\",\"reason\":\"%*s\",\"company\":",
                     mode, ngx_http_procore_scope_decision_name(ctx->decision),
                     procore_reasons[ctx->reason].name.len,
                     procore_reasons[ctx->reason].name.data);

    p = ctx->company ? ngx_slprintf(p, last, "%uL", ctx->company)
                     : ngx_slprintf(p, last, "null");

    way = ngx_http_procore_scope_way_name(ctx->way);

    p = *way ? ngx_slprintf(p, last, ",\"bound_by\":\"%s\"", way)
             : ngx_slprintf(p, last, ",\"bound_by\":null");

    client.len = ctx->binding.client_len;
    client.data = ctx->binding.client;

    if (client.len) {
        p = ngx_slprintf(p, last, ",\"client\":\"");
        p = ngx_http_procore_scope_text(ctx, p, last, &client,
                                        NGX_HTTP_PROCORE_SCOPE_NAME,
                                        NGX_HTTP_PROCORE_SCOPE_NAME
                                        * NGX_HTTP_PROCORE_SCOPE_ESCAPED);
        p = ngx_slprintf(p, last, "\"");

    } else {
        p = ngx_slprintf(p, last, ",\"client\":null");
    }

    if (ctx->digested) {
        p = ngx_slprintf(p, last, ",\"token\":\"");
        p = ngx_hex_dump(p, ctx->digest, 8);
        p = ngx_slprintf(p, last, "\"");

    } else {
        p = ngx_slprintf(p, last, ",\"token\":null");
    }

    p = ngx_slprintf(p, last, ",\"claims\":[");
    p = ngx_http_procore_scope_claims(ctx, p,
                                  start + NGX_HTTP_PROCORE_SCOPE_RECORD_LISTS);

    p = ngx_slprintf(p, last, "],\"unlisted_names\":[");
    p = ngx_http_procore_scope_names_list(ctx, p,
                                  start + NGX_HTTP_PROCORE_SCOPE_RECORD_NAMES);

    status = 0;

    if (r->upstream_states && r->upstream_states->nelts) {
        state = r->upstream_states->elts;
        status = state[r->upstream_states->nelts - 1].status;
    }

    p = ngx_slprintf(p, last, "],\"upstream\":{\"status\":");
    p = status ? ngx_slprintf(p, last, "%ui", status)
               : ngx_slprintf(p, last, "null");

    return ngx_slprintf(p, last, "}}}");
}


static u_char *
ngx_http_procore_scope_claims(ngx_http_procore_scope_ctx_t *ctx, u_char *p,
    u_char *last)
{
    u_char                          *next;
    ngx_uint_t                       i, n;
    ngx_http_procore_scope_claim_t  *claim, *deciding;

    n = 0;
    deciding = ctx->deciding;

    if (deciding) {
        next = ngx_http_procore_scope_one_claim(ctx, deciding, p, last, 0);
        n = next != p;
        p = next;
    }

    claim = ctx->claims.elts;

    for (i = 0; i < ctx->claims.nelts; i++) {

        /* The array may have moved since: the name's memory tells. */

        if (deciding && claim[i].name.data == deciding->name.data
            && claim[i].value.data == deciding->value.data)
        {
            continue;
        }

        if (n == NGX_HTTP_PROCORE_SCOPE_CLAIMS) {
            break;
        }

        next = ngx_http_procore_scope_one_claim(ctx, &claim[i], p, last,
                                                n > 0);
        if (next == p) {
            break;
        }

        p = next;
        n++;
    }

    return p;
}


/* Writes the claim whole or not at all. */

static u_char *
ngx_http_procore_scope_one_claim(ngx_http_procore_scope_ctx_t *ctx,
    ngx_http_procore_scope_claim_t *claim, u_char *p, u_char *last,
    ngx_uint_t comma)
{
    u_char      *start;
    const char  *verdict;

    start = p;
    verdict = ngx_http_procore_scope_verdicts[claim->verdict];

    p = ngx_slprintf(p, last, "%s{\"in\":\"%s\",\"name\":\"",
                     comma ? "," : "",
                     ngx_http_procore_scope_carrier_name(claim->carrier));

    p = ngx_http_procore_scope_text(ctx, p, last, &claim->name,
                                    NGX_HTTP_PROCORE_SCOPE_NAME,
                                    NGX_HTTP_PROCORE_SCOPE_NAME
                                    * NGX_HTTP_PROCORE_SCOPE_ESCAPED);

    p = ngx_slprintf(p, last, "\",\"kind\":\"%s\",\"value\":\"",
                     ngx_http_procore_scope_kinds[claim->kind]);

    p = ngx_http_procore_scope_text(ctx, p, last, &claim->value,
                                    NGX_HTTP_PROCORE_SCOPE_VALUE,
                                    NGX_HTTP_PROCORE_SCOPE_VALUE
                                    * NGX_HTTP_PROCORE_SCOPE_ESCAPED);

    p = ngx_slprintf(p, last, "\",\"verdict\":\"%s\"}", verdict);

    return p < last ? p : start;
}


static u_char *
ngx_http_procore_scope_names_list(ngx_http_procore_scope_ctx_t *ctx, u_char *p,
    u_char *last)
{
    u_char      *start;
    ngx_str_t   *name;
    ngx_uint_t   i;

    name = ctx->unlisted.elts;

    for (i = 0; i < ctx->unlisted.nelts; i++) {
        start = p;

        p = ngx_slprintf(p, last, "%s\"", i ? "," : "");
        p = ngx_http_procore_scope_text(ctx, p, last, &name[i],
                                        NGX_HTTP_PROCORE_SCOPE_NAME,
                                        NGX_HTTP_PROCORE_SCOPE_NAME
                                        * NGX_HTTP_PROCORE_SCOPE_ESCAPED);
        p = ngx_slprintf(p, last, "\"");

        if (p == last) {
            return start;
        }
    }

    return p;
}


/*
 * A text of the request: at most "max" bytes of it, at most "json" bytes of
 * JSON.
 */

static u_char *
ngx_http_procore_scope_text(ngx_http_procore_scope_ctx_t *ctx, u_char *p,
    u_char *last, ngx_str_t *text, size_t max, size_t json)
{
    ngx_str_t  shown;

    ngx_http_procore_scope_hide_token(ctx, text, &shown);

    shown.len = ngx_min(shown.len, max);

    if ((size_t) (last - p) > json) {
        last = p + json;
    }

    return ngx_http_procore_scope_json(p, last, &shown);
}

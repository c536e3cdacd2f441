
/*
 * The audit: one line of JSON a decision, names by the Elastic Common Schema.
 */


#include "ngx_http_procore_scope_audit.h"
#include "ngx_http_procore_scope_admin.h"
#include "ngx_http_procore_scope_learn.h"
#include "ngx_http_procore_scope_record.h"
#include "ngx_http_procore_scope_relay.h"


static ngx_int_t ngx_http_procore_scope_record(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, ngx_str_t *record);
static u_char *ngx_http_procore_scope_event(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, u_char *p);
static u_char *ngx_http_procore_scope_second(u_char *p, time_t sec);
static u_char *ngx_http_procore_scope_request(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, u_char *p);
static u_char *ngx_http_procore_scope_version(u_char *p, ngx_uint_t version);
static u_char *ngx_http_procore_scope_scope(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, u_char *p, u_char *start);
static u_char *ngx_http_procore_scope_taught(
    ngx_http_procore_scope_learn_t *learn, u_char *p);
static u_char *ngx_http_procore_scope_relayed(
    ngx_http_procore_scope_relay_t *relay, u_char *p);
static u_char *ngx_http_procore_scope_unread(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, u_char *p);
static u_char *ngx_http_procore_scope_number(u_char *p, uint64_t number);


ngx_int_t
ngx_http_procore_scope_audit_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_str_t                      draft;
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

    if (ctx->logging) {

        /* an access_log asks twice, for its condition and for its line */

        if (ctx->record.len == 0
            && ngx_http_procore_scope_record(r, ctx, &ctx->record) != NGX_OK)
        {
            return NGX_ERROR;
        }

        v->len = (unsigned) ctx->record.len;
        v->data = ctx->record.data;

        return NGX_OK;
    }

    /* before the log, a draft: without its place in the chain */

    if (ngx_http_procore_scope_record(r, ctx, &draft) != NGX_OK) {
        return NGX_ERROR;
    }

    v->len = (unsigned) draft.len;
    v->data = draft.data;

    return NGX_OK;
}


/*
 * The record is put together in memory of the process, of which only what it
 * takes is copied: a request's pool would need a block of its own for it.
 */

static ngx_int_t
ngx_http_procore_scope_record(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, ngx_str_t *record)
{
    u_char         *p;
    static u_char   start[NGX_HTTP_PROCORE_SCOPE_RECORD];

    if (ctx->logging) {
        ctx->sequence = ngx_http_procore_scope_chain_sequence();
    }

    p = ngx_http_procore_scope_event(r, ctx, start);
    p = ngx_http_procore_scope_request(r, ctx, p);
    p = ngx_http_procore_scope_scope(r, ctx, p, start);
    p = ngx_http_procore_scope_chain_end(start, p, ctx->logging);

    record->len = (size_t) (p - start);
    record->data = ngx_pnalloc(r->pool, record->len);

    if (record->data == NULL) {
        record->len = 0;
        return NGX_ERROR;
    }

    ngx_memcpy(record->data, start, record->len);

    return NGX_OK;
}


static u_char *
ngx_http_procore_scope_event(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, u_char *p)
{
    ngx_uint_t                  msec;
    ngx_time_t                 *tp;
    const procore_str_t        *reason;
    ngx_http_variable_value_t  *id;

    tp = ngx_timeofday();
    msec = tp->msec;
    reason = &procore_reasons[ctx->judge.reason].name;

    p = ngx_http_procore_scope_put(p, "{\"@timestamp\":\"");
    p = ngx_http_procore_scope_second(p, tp->sec);

    *p++ = '.';
    *p++ = (u_char) ('0' + msec / 100);
    *p++ = (u_char) ('0' + msec / 10 % 10);
    *p++ = (u_char) ('0' + msec % 10);

    p = ngx_http_procore_scope_put(p, "Z\",\"event\":{\"id\":\"");

    id = ngx_http_procore_scope_request_id(r);

    if (id) {
        p = ngx_cpymem(p, id->data, id->len);
    }

    p = ngx_http_procore_scope_put(p, "\",\"kind\":\"event\",\"category\":"
                                      "[\"web\"],\"type\":[\"access\",\"");

    p = ctx->decision == NGX_HTTP_PROCORE_SCOPE_DENY
        ? ngx_http_procore_scope_put(p, "denied\"],\"action\":\"")
        : ngx_http_procore_scope_put(p, "allowed\"],\"action\":\"");

    p = ngx_cpymem(p, ctx->action.data, ctx->action.len);
    p = ngx_http_procore_scope_put(p, "\",\"outcome\":\"");

    switch (ctx->decision) {

    case NGX_HTTP_PROCORE_SCOPE_DENY:
        p = ngx_http_procore_scope_put(p, "failure");
        break;

    case NGX_HTTP_PROCORE_SCOPE_ALLOW_UNDECIDED:
        p = ngx_http_procore_scope_put(p, "unknown");
        break;

    default:
        p = ngx_http_procore_scope_put(p, "success");
        break;
    }

    p = ngx_http_procore_scope_put(p, "\",\"reason\":\"");
    p = ngx_cpymem(p, reason->data, reason->len);

    p = ngx_http_procore_scope_put(p, "\",\"sequence\":");
    p = ngx_http_procore_scope_number(p, ctx->sequence);

    *p++ = '}';

    return p;
}


/* "2026-11-24T14:00:00"; most records of a second are not its first. */

static u_char *
ngx_http_procore_scope_second(u_char *p, time_t sec)
{
    ngx_tm_t        tm;
    static time_t   cached = -1;
    static u_char   text[sizeof("1970-01-01T00:00:00")];

    if (sec != cached) {
        ngx_gmtime(sec, &tm);

        ngx_sprintf(text, "%4d-%02d-%02dT%02d:%02d:%02d",
                    tm.ngx_tm_year, tm.ngx_tm_mon, tm.ngx_tm_mday,
                    tm.ngx_tm_hour, tm.ngx_tm_min, tm.ngx_tm_sec);

        cached = sec;
    }

    return ngx_cpymem(p, text, sizeof(text) - 1);
}


static u_char *
ngx_http_procore_scope_request(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, u_char *p)
{
    ngx_str_t      text;
    ngx_uint_t     status;
    procore_str_t  raw;

    status = r->err_status ? r->err_status : r->headers_out.status;

    p = ngx_http_procore_scope_put(p, ",\"http\":{\"version\":\"");
    p = ngx_http_procore_scope_version(p, r->http_version);
    p = ngx_http_procore_scope_put(p, "\",\"request\":{\"method\":\"");
    p = ngx_http_procore_scope_record_text(ctx, p, &r->method_name,
                                           NGX_HTTP_PROCORE_SCOPE_VALUE,
                                           NGX_HTTP_PROCORE_SCOPE_VALUE
                                           * NGX_HTTP_PROCORE_SCOPE_ESCAPED);
    p = ngx_http_procore_scope_put(p, "\"},\"response\":{\"status_code\":");
    p = ngx_http_procore_scope_number(p, status);
    p = ngx_http_procore_scope_put(p, "}},\"url\":{\"path\":\"");

    ngx_http_procore_scope_raw_path(r, &raw);
    text.len = raw.len;
    text.data = (u_char *) raw.data;

    p = ngx_http_procore_scope_record_text(ctx, p, &text,
                                           NGX_HTTP_PROCORE_SCOPE_PATH,
                                           NGX_HTTP_PROCORE_SCOPE_PATH_JSON);
    p = ngx_http_procore_scope_put(p, "\"},\"source\":{\"ip\":");

    text = r->connection->addr_text;

    if (text.len >= 5 && ngx_strncmp(text.data, "unix:", 5) == 0) {
        p = ngx_http_procore_scope_put(p, "null");

    } else {
        *p++ = '"';
        p = ngx_cpymem(p, text.data, text.len);
        *p++ = '"';
    }

    p = ngx_http_procore_scope_put(p, "},\"user_agent\":{\"original\":");

    if (r->headers_in.user_agent == NULL) {
        return ngx_http_procore_scope_put(p, "null}");
    }

    *p++ = '"';
    p = ngx_http_procore_scope_record_text(ctx, p,
                                           &r->headers_in.user_agent->value,
                                           NGX_HTTP_PROCORE_SCOPE_AGENT,
                                           NGX_HTTP_PROCORE_SCOPE_AGENT_JSON);

    return ngx_http_procore_scope_put(p, "\"}");
}


static u_char *
ngx_http_procore_scope_version(u_char *p, ngx_uint_t version)
{
    switch (version) {

    case NGX_HTTP_VERSION_9:
        return ngx_http_procore_scope_put(p, "0.9");

    case NGX_HTTP_VERSION_10:
        return ngx_http_procore_scope_put(p, "1.0");

    case NGX_HTTP_VERSION_20:
        return ngx_http_procore_scope_put(p, "2");

#ifdef NGX_HTTP_VERSION_30
    case NGX_HTTP_VERSION_30:
        return ngx_http_procore_scope_put(p, "3");
#endif

    default:
        return ngx_http_procore_scope_put(p, "1.1");
    }
}


static u_char *
ngx_http_procore_scope_scope(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, u_char *p, u_char *start)
{
    ngx_str_t             client;
    ngx_uint_t            status;
    const char           *name;
    const procore_str_t  *reason;

    p = ngx_http_procore_scope_put(p, ",\"organization\":{\"id\":");

    if (ctx->judge.company) {
        *p++ = '"';
        p = ngx_http_procore_scope_number(p, ctx->judge.company);
        *p++ = '"';

    } else {
        p = ngx_http_procore_scope_put(p, "null");
    }

    if (ctx->relay) {
        p = ngx_http_procore_scope_put(p, "},\"user\":{\"id\":");

        if (ctx->relay->user) {
            *p++ = '"';
            p = ngx_http_procore_scope_number(p, ctx->relay->user);
            *p++ = '"';

        } else {
            p = ngx_http_procore_scope_put(p, "null");
        }
    }

    p = ngx_http_procore_scope_put(p, "},\"procore_scope\":{\"mode\":\"");

    name = ngx_http_procore_scope_mode_name(ctx->conf->mode);

    p = ngx_cpymem(p, name, ngx_strlen(name));
    p = ngx_http_procore_scope_put(p, "\",\"decision\":\"");

    name = ngx_http_procore_scope_decision_name(ctx->decision);
    reason = &procore_reasons[ctx->judge.reason].name;

    p = ngx_cpymem(p, name, ngx_strlen(name));
    p = ngx_http_procore_scope_put(p, "\",\"reason\":\"");
    p = ngx_cpymem(p, reason->data, reason->len);
    p = ngx_http_procore_scope_put(p, "\",\"company\":");
    p = ngx_http_procore_scope_number(p, ctx->judge.company);

    if (ctx->relay) {
        p = ngx_http_procore_scope_relayed(ctx->relay, p);
    }

    p = ngx_http_procore_scope_put(p, ",\"bound_by\":");

    name = ngx_http_procore_scope_way_name(ctx->way);

    if (*name) {
        *p++ = '"';
        p = ngx_cpymem(p, name, ngx_strlen(name));
        p = ngx_http_procore_scope_put(p, "\",\"client\":");

    } else {
        p = ngx_http_procore_scope_put(p, "null,\"client\":");
    }

    client.len = ctx->binding.client_len;
    client.data = ctx->binding.client;

    if (client.len) {
        *p++ = '"';
        p = ngx_http_procore_scope_record_text(ctx, p, &client,
                                            NGX_HTTP_PROCORE_SCOPE_NAME,
                                            NGX_HTTP_PROCORE_SCOPE_NAME_LONG);
        p = ngx_http_procore_scope_put(p, "\",\"token\":");

    } else {
        p = ngx_http_procore_scope_put(p, "null,\"token\":");
    }

    if (ctx->digested) {
        *p++ = '"';
        p = ngx_hex_dump(p, ctx->digest, 8);
        *p++ = '"';

    } else {
        p = ngx_http_procore_scope_put(p, "null");
    }

    p = ngx_http_procore_scope_taught(ctx->learn, p);

    if (ctx->admin) {
        p = ngx_http_procore_scope_put(p, ",\"changed\":");
        p = ngx_http_procore_scope_number(p, ctx->admin->changed);
    }

    p = ngx_http_procore_scope_unread(r, ctx, p);
    p = ngx_http_procore_scope_put(p, ",\"claims\":[");
    p = ngx_http_procore_scope_record_claims(ctx, p,
                                  start + NGX_HTTP_PROCORE_SCOPE_RECORD_LISTS);
    p = ngx_http_procore_scope_put(p, "],\"unlisted_names\":[");
    p = ngx_http_procore_scope_record_names(ctx, p,
                                  start + NGX_HTTP_PROCORE_SCOPE_RECORD_NAMES);
    p = ngx_http_procore_scope_put(p, "],\"location\":");
    p = ngx_http_procore_scope_record_claim(ctx, ctx->location, p, start);
    p = ngx_http_procore_scope_record_candidate(ctx, p, start);
    p = ngx_http_procore_scope_put(p, ",\"upstream\":{\"status\":");

    status = 0;

    if (r->upstream_states && r->upstream_states->nelts) {
        status = ((ngx_http_upstream_state_t *) r->upstream_states->elts)
                                     [r->upstream_states->nelts - 1].status;
    }

    p = ngx_http_procore_scope_number(p, status);

    *p++ = '}';

    return p;
}


/* Projects of an answer that was read in passing. */

static u_char *
ngx_http_procore_scope_taught(ngx_http_procore_scope_learn_t *learn, u_char *p)
{
    p = ngx_http_procore_scope_put(p, ",\"learnt\":");
    p = ngx_http_procore_scope_number(p, learn ? learn->learnt : 0);
    p = ngx_http_procore_scope_put(p, ",\"kept\":");

    return ngx_http_procore_scope_number(p, learn ? learn->kept : 0);
}


/* What only records of the relay have. */

static u_char *
ngx_http_procore_scope_relayed(ngx_http_procore_scope_relay_t *relay, u_char *p)
{
    p = ngx_http_procore_scope_put(p, ",\"authorization\":");

    if (relay->audit_id.len) {
        *p++ = '"';
        p = ngx_cpymem(p, relay->audit_id.data, relay->audit_id.len);
        *p++ = '"';

    } else {
        p = ngx_http_procore_scope_put(p, "null");
    }

    p = ngx_http_procore_scope_put(p, ",\"companies\":");

    return relay->offered == 0
           ? ngx_http_procore_scope_put(p, "0")
           : ngx_http_procore_scope_number(p,
                            (uint64_t) ngx_max(relay->offered, 0));
}


/* Carriers of which the claims below may lack some. */

static u_char *
ngx_http_procore_scope_unread(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, u_char *p)
{
    const char  *name;
    unsigned     carrier, unread;

    p = ngx_http_procore_scope_put(p, ",\"unread\":[");

    unread = ctx->judge.unread;

    if (!ctx->body_read && !ctx->body_seen
        && ngx_http_procore_scope_has_body(r))
    {
        unread |= 1u << PROCORE_IN_BODY;
    }

    for (carrier = PROCORE_IN_HEADER; unread; carrier++, unread >>= 1) {

        if (!(unread & 1)) {
            continue;
        }

        name = procore_carrier_names[carrier];

        *p++ = '"';
        p = ngx_cpymem(p, name, ngx_strlen(name));
        *p++ = '"';

        if (unread > 1) {
            *p++ = ',';
        }
    }

    *p++ = ']';

    return p;
}


/* A number, or null for 0. */

static u_char *
ngx_http_procore_scope_number(u_char *p, uint64_t number)
{
    u_char  *digit, digits[NGX_INT64_LEN];

    if (number == 0) {
        return ngx_http_procore_scope_put(p, "null");
    }

    digit = digits + sizeof(digits);

    do {
        *--digit = (u_char) ('0' + number % 10);
        number /= 10;
    } while (number);

    return ngx_cpymem(p, digit, digits + sizeof(digits) - digit);
}

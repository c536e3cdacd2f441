
/*
 * The audit record's claims and names.
 */


#include "ngx_http_procore_scope_candidate.h"
#include "ngx_http_procore_scope_record.h"


static u_char *ngx_http_procore_scope_one_claim(
    ngx_http_procore_scope_ctx_t *ctx, procore_judge_claim_t *claim,
    u_char *p, u_char *last, size_t json, ngx_uint_t comma);


u_char *
ngx_http_procore_scope_record_claims(ngx_http_procore_scope_ctx_t *ctx,
    u_char *p, u_char *last)
{
    u_char                 *next;
    ngx_uint_t              i, n;
    procore_judge_claim_t  *claim, *deciding;

    n = 0;
    deciding = ctx->judge.deciding;

    if (deciding) {
        next = ngx_http_procore_scope_one_claim(ctx, deciding, p, last,
                                           NGX_HTTP_PROCORE_SCOPE_NAME_LONG, 0);
        n = next != p;
        p = next;
    }

    claim = ctx->judge.claims;

    for (i = 0; i < ctx->judge.nclaims; i++) {

        /* The array may have moved since: the name's memory tells. */

        if (deciding && claim[i].name.data == deciding->name.data
            && claim[i].value.data == deciding->value.data)
        {
            continue;
        }

        if (n == PROCORE_JUDGE_CLAIMS) {
            break;
        }

        next = ngx_http_procore_scope_one_claim(ctx, &claim[i], p, last,
                                           NGX_HTTP_PROCORE_SCOPE_NAME_LONG,
                                                n > 0);
        if (next == p) {
            break;
        }

        p = next;
        n++;
    }

    return p;
}


/*
 * Writes the claim, or nothing where the longest one would not fit; its name
 * takes at most "json" bytes.
 */

static u_char *
ngx_http_procore_scope_one_claim(ngx_http_procore_scope_ctx_t *ctx,
    procore_judge_claim_t *claim, u_char *p, u_char *last, size_t json,
    ngx_uint_t comma)
{
    ngx_str_t    text;
    const char  *name;

    if ((size_t) (last - p) < ngx_http_procore_scope_claim_json(json)) {
        return p;
    }

    if (comma) {
        *p++ = ',';
    }

    name = ngx_http_procore_scope_carrier_name(claim->carrier);

    p = ngx_http_procore_scope_put(p, "{\"in\":\"");
    p = ngx_cpymem(p, name, ngx_strlen(name));
    p = ngx_http_procore_scope_put(p, "\",\"name\":\"");
    text = ngx_http_procore_scope_str(&claim->name);
    p = ngx_http_procore_scope_record_text(ctx, p, &text,
                                           NGX_HTTP_PROCORE_SCOPE_NAME, json);

    name = procore_kind_names[claim->kind];

    p = ngx_http_procore_scope_put(p, "\",\"kind\":\"");
    p = ngx_cpymem(p, name, ngx_strlen(name));
    p = ngx_http_procore_scope_put(p, "\",\"value\":\"");
    text = ngx_http_procore_scope_str(&claim->value);
    p = ngx_http_procore_scope_record_text(ctx, p, &text,
                                           NGX_HTTP_PROCORE_SCOPE_VALUE,
                                           NGX_HTTP_PROCORE_SCOPE_VALUE
                                           * NGX_HTTP_PROCORE_SCOPE_ESCAPED);

    name = procore_verdict_names[claim->verdict];

    p = ngx_http_procore_scope_put(p, "\",\"verdict\":\"");
    p = ngx_cpymem(p, name, ngx_strlen(name));

    return ngx_http_procore_scope_put(p, "\"}");
}


/* One outside of the list, or null. */

u_char *
ngx_http_procore_scope_record_claim(ngx_http_procore_scope_ctx_t *ctx,
    procore_judge_claim_t *claim, u_char *p, u_char *start)
{
    if (claim == NULL) {
        return ngx_http_procore_scope_put(p, "null");
    }

    return ngx_http_procore_scope_one_claim(ctx, claim, p,
                                    start + NGX_HTTP_PROCORE_SCOPE_RECORD_LAST,
                                         NGX_HTTP_PROCORE_SCOPE_NAME_SHORT, 0);
}


/* What procore_scope_candidate would have decided. */

u_char *
ngx_http_procore_scope_record_candidate(ngx_http_procore_scope_ctx_t *ctx,
    u_char *p, u_char *start)
{
    const char           *name;
    const procore_str_t  *reason;
    procore_judge_t      *judge;

    p = ngx_http_procore_scope_put(p, ",\"candidate\":");

    if (ctx->candidate == NULL) {
        return ngx_http_procore_scope_put(p, "null");
    }

    if (ctx->candidate->decision == PROCORE_DECISION_NONE) {
        return ngx_http_procore_scope_put(p, "{\"decision\":null,"
                                             "\"reason\":null,"
                                             "\"claim\":null}");
    }

    judge = &ctx->candidate->judge;

    name = procore_decision_names[ctx->candidate->decision];
    reason = &procore_reasons[judge->reason].name;

    p = ngx_http_procore_scope_put(p, "{\"decision\":\"");
    p = ngx_cpymem(p, name, ngx_strlen(name));
    p = ngx_http_procore_scope_put(p, "\",\"reason\":\"");
    p = ngx_cpymem(p, reason->data, reason->len);
    p = ngx_http_procore_scope_put(p, "\",\"claim\":");
    p = ngx_http_procore_scope_record_claim(ctx, judge->deciding, p, start);

    *p++ = '}';

    return p;
}


u_char *
ngx_http_procore_scope_record_names(ngx_http_procore_scope_ctx_t *ctx,
    u_char *p, u_char *last)
{
    ngx_str_t       text;
    ngx_uint_t      i;
    procore_str_t  *name;

    name = ctx->judge.unlisted;

    for (i = 0; i < ctx->judge.nunlisted; i++) {

        if (last - p < NGX_HTTP_PROCORE_SCOPE_NAME_JSON) {
            break;
        }

        if (i) {
            *p++ = ',';
        }

        *p++ = '"';
        text = ngx_http_procore_scope_str(&name[i]);
        p = ngx_http_procore_scope_record_text(ctx, p, &text,
                                            NGX_HTTP_PROCORE_SCOPE_NAME,
                                            NGX_HTTP_PROCORE_SCOPE_NAME_LONG);
        *p++ = '"';
    }

    return p;
}


/*
 * A text of the request: at most "max" bytes of it, at most "json" bytes of
 * JSON.
 */

u_char *
ngx_http_procore_scope_record_text(ngx_http_procore_scope_ctx_t *ctx, u_char *p,
    ngx_str_t *text, size_t max, size_t json)
{
    ngx_str_t  shown;

    ngx_http_procore_scope_hide_token(ctx, text, &shown);

    shown.len = ngx_min(shown.len, max);

    return ngx_http_procore_scope_json(p, p + json, &shown);
}


/*
 * What the files of the audit share.
 */


#ifndef _NGX_HTTP_PROCORE_SCOPE_RECORD_H_INCLUDED_
#define _NGX_HTTP_PROCORE_SCOPE_RECORD_H_INCLUDED_


#include "ngx_http_procore_scope.h"
#include "../judge/procore_audit_bounds.h"


/*
 * A record has at most 8,000 bytes, so that syslog and pipes take it whole.
 * Each text of a request has a bound in bytes and one in bytes of JSON: all
 * before the claims stays below 4,800 bytes, and an element of a list is
 * written only where the longest would fit.  What follows the lists is two
 * claims at most, of the answer's Location and of the candidate, with shorter
 * names, less than 200 bytes, and the seal.
 */

#define NGX_HTTP_PROCORE_SCOPE_RECORD        8000
#define NGX_HTTP_PROCORE_SCOPE_RECORD_LISTS  PROCORE_AUDIT_LISTS
#define NGX_HTTP_PROCORE_SCOPE_RECORD_NAMES  PROCORE_AUDIT_NAMES
#define NGX_HTTP_PROCORE_SCOPE_RECORD_LAST                                    \
    (NGX_HTTP_PROCORE_SCOPE_RECORD - PROCORE_CHAIN_TAIL)

#define NGX_HTTP_PROCORE_SCOPE_PATH          PROCORE_AUDIT_PATH
#define NGX_HTTP_PROCORE_SCOPE_PATH_JSON     PROCORE_AUDIT_PATH_JSON
#define NGX_HTTP_PROCORE_SCOPE_AGENT         256
#define NGX_HTTP_PROCORE_SCOPE_AGENT_JSON    768
#define NGX_HTTP_PROCORE_SCOPE_VALUE         PROCORE_AUDIT_VALUE
#define NGX_HTTP_PROCORE_SCOPE_NAME          PROCORE_AUDIT_NAME
#define NGX_HTTP_PROCORE_SCOPE_NAME_SHORT    300    /* of JSON */

#define NGX_HTTP_PROCORE_SCOPE_NAME_LONG     PROCORE_AUDIT_NAME_LONG
#define NGX_HTTP_PROCORE_SCOPE_NAME_JSON     PROCORE_AUDIT_NAME_JSON

#define ngx_http_procore_scope_claim_json(name)                               \
    procore_audit_claim_json(name)


#define ngx_http_procore_scope_put(p, text)                                   \
    ngx_cpymem(p, text, sizeof(text) - 1)


/*
 * Each writes a part of the record at "p" and returns its end.
 *
 * ..._claims(), ..._names(): elements of a list, as far as they end before
 * "last".  ..._claim(): one outside of the list, or null; ..._candidate(): the
 * member of that name; "start" is the record's.  ..._text(): the inside of a
 * string, at most "max" bytes of the text and "json" bytes of JSON.
 */

u_char *ngx_http_procore_scope_record_claims(ngx_http_procore_scope_ctx_t *ctx,
    u_char *p, u_char *last);
u_char *ngx_http_procore_scope_record_names(ngx_http_procore_scope_ctx_t *ctx,
    u_char *p, u_char *last);
u_char *ngx_http_procore_scope_record_claim(ngx_http_procore_scope_ctx_t *ctx,
    procore_judge_claim_t *claim, u_char *p, u_char *start);
u_char *ngx_http_procore_scope_record_candidate(
    ngx_http_procore_scope_ctx_t *ctx, u_char *p, u_char *start);
u_char *ngx_http_procore_scope_record_text(ngx_http_procore_scope_ctx_t *ctx,
    u_char *p, ngx_str_t *text, size_t max, size_t json);


#endif /* _NGX_HTTP_PROCORE_SCOPE_RECORD_H_INCLUDED_ */

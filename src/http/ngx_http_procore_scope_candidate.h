
/*
 * procore_scope_candidate at a request: settings that are tried, and only told.
 */


#ifndef _NGX_HTTP_PROCORE_SCOPE_CANDIDATE_H_INCLUDED_
#define _NGX_HTTP_PROCORE_SCOPE_CANDIDATE_H_INCLUDED_


#include "ngx_http_procore_scope.h"


struct ngx_http_procore_scope_candidate_s {
    procore_judge_t       judge;
    procore_decision_e    decision;   /* PROCORE_DECISION_NONE: open */
    unsigned              open:1;     /* something was not seen */
    unsigned              over:1;     /* "decision" is what it came to */
};


/*
 * ..._start() makes ctx->candidate after the token was read, where the location
 * has a candidate, and makes it ready for another pass; it stays NULL where
 * there is no memory.  ..._body() chooses its reader for the body.  ..._end()
 * decides before the request is logged, and counts; afterwards ctx->candidate
 * is NULL where there was nothing to try.
 */

void ngx_http_procore_scope_candidate_start(ngx_http_procore_scope_ctx_t *ctx);
void ngx_http_procore_scope_candidate_body(ngx_http_procore_scope_ctx_t *ctx,
    const procore_judge_body_t *head);
void ngx_http_procore_scope_candidate_end(ngx_http_procore_scope_ctx_t *ctx);


#endif /* _NGX_HTTP_PROCORE_SCOPE_CANDIDATE_H_INCLUDED_ */

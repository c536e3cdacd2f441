
/*
 * What only the readers of answers need of the held answer; the rest stands in
 * ngx_http_procore_scope.h.
 */


#ifndef _NGX_HTTP_PROCORE_SCOPE_ANSWER_H_INCLUDED_
#define _NGX_HTTP_PROCORE_SCOPE_ANSWER_H_INCLUDED_


#include "ngx_http_procore_scope.h"


/*
 * The one bit of r->buffered that no filter of nginx uses: SSI has 0x01, sub
 * 0x02, copy 0x04.  (Image filter's 0x08 stands in the connection's field.)  It
 * makes nginx come back to the body filter instead of ending the request.
 */

#define NGX_HTTP_PROCORE_SCOPE_BUFFERED  0x08


/*
 * The answer waits for the disk: from ..._wait(), after which the body filter
 * returns NGX_AGAIN, to ..._wake(), which makes nginx call the body filter
 * again.  The request may be gone after ..._wake().
 */

void ngx_http_procore_scope_answer_wait(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);
void ngx_http_procore_scope_answer_wake(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);

/*
 * Answers with a refusal instead of what was collected, in OAuth's shape for
 * the token and revoke endpoints, and makes it the decision.  Nothing of the
 * upstream's header remains.  Returns as ngx_http_procore_scope_answer_send().
 */

ngx_int_t ngx_http_procore_scope_answer_refuse(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, procore_reason_e reason);

/* Drops "in"; the refusal that went out before it is the whole answer. */

ngx_int_t ngx_http_procore_scope_answer_drop(ngx_http_request_t *r,
    ngx_chain_t *in);


#endif /* _NGX_HTTP_PROCORE_SCOPE_ANSWER_H_INCLUDED_ */


/*
 * Held answers, for those who read them.
 */


#ifndef _NGX_HTTP_PROCORE_SCOPE_ANSWER_H_INCLUDED_
#define _NGX_HTTP_PROCORE_SCOPE_ANSWER_H_INCLUDED_


#include "ngx_http_procore_scope.h"


/*
 * answer: holds an answer: header first, then the body in one piece of at most
 * "limit" bytes, until somebody lets it go.
 *
 * ..._answer_start() is called from a header filter: it keeps the header back
 * and makes the body be collected.  ..._answer_collect() is called from the
 * body filter: NGX_AGAIN while more is to come, NGX_OK when the last buffer was
 * seen (answer->complete), NGX_DECLINED when the answer is over the limit
 * (what was collected stays in answer->chain; the rest is not collected).
 * ..._answer_send() passes header and body on: as collected, or "body" instead
 * (its length is set, validators and ranges are cleared).
 */

struct ngx_http_procore_scope_answer_s {
    ngx_chain_t                        *chain;
    ngx_chain_t                       **last;
    size_t                              size;
    size_t                              limit;
    unsigned                            complete:1;
    unsigned                            over:1;
    unsigned                            held:1;       /* nothing sent yet */
    unsigned                            writing:1;    /* waits for the disk */
    unsigned                            done:1;       /* all passed on */
};

ngx_int_t ngx_http_procore_scope_answer_start(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, size_t limit);
ngx_int_t ngx_http_procore_scope_answer_collect(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, ngx_chain_t *in);
ngx_int_t ngx_http_procore_scope_answer_send(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, ngx_str_t *body);

/* The collected bytes in one piece, pool memory; NGX_ERROR: no memory. */

ngx_int_t ngx_http_procore_scope_answer_text(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, ngx_str_t *text);


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

/*
 * Passes on what of "in" was not collected, after ..._answer_send() of an
 * answer that is over the limit.  Returns as a body filter.
 */

ngx_int_t ngx_http_procore_scope_answer_rest(ngx_http_request_t *r,
    ngx_chain_t *in);

/*
 * What still comes once answer->done is set: after a refusal, which was the
 * whole answer, it is dropped, else it passes.  Returns as a body filter.
 */

ngx_int_t ngx_http_procore_scope_answer_after(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, ngx_chain_t *in);


#endif /* _NGX_HTTP_PROCORE_SCOPE_ANSWER_H_INCLUDED_ */

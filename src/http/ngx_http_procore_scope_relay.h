
/*
 * The authorization relay: what its steps share.
 *
 * Files: relay (dispatch by path, the request's authorization), relay_start,
 * relay_return, relay_choice (picker), relay_page (pages and redirects),
 * redeem (codes at the token endpoint), forward (clients without secret).
 */


#ifndef _NGX_HTTP_PROCORE_SCOPE_RELAY_H_INCLUDED_
#define _NGX_HTTP_PROCORE_SCOPE_RELAY_H_INCLUDED_


#include "ngx_http_procore_scope_call.h"
#include "../relay/procore_cookie.h"
#include "../relay/procore_page.h"
#include "../relay/procore_start.h"


struct ngx_http_procore_scope_relay_s {
    procore_relay_t                   authorization;
    ngx_http_procore_scope_client_t  *client;

    u_char                            key[PROCORE_DIGEST_SIZE];  /* record */
    procore_sealed_t                  record;   /* as read or written */

    ngx_str_t                         audit_id; /* 16 digits, or empty */
    uint64_t                          user;     /* user.id, 0: unknown */
    ngx_int_t                         offered;  /* companies, -1: not told */

    unsigned                          step;     /* of the handler's own */
    int                               rc;       /* of an operation on disk */

    void                             *data;     /* of the step */
};


/*
 * Is this a request for the relay: authorize, callback or picker of a location
 * with procore_scope_authorize?  Called by the gate, first thing, for main
 * requests.  Returns NGX_DECLINED where it is not (or is passed on), else what
 * a phase handler returns.
 */

ngx_int_t ngx_http_procore_scope_relay_handler(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);

/*
 * A token request with a code of the gateway's: called by the oauth handler
 * once the request is read and found to be in order, before it is forwarded.
 * Returns NGX_DECLINED where it is to be forwarded (rewritten, for a client
 * without secret), else what a phase handler returns.
 */

ngx_int_t ngx_http_procore_scope_redeem(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);

/* Does this token request carry such a code (1) or not (0)? */

ngx_uint_t ngx_http_procore_scope_redeems(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);

/* Answers with a page; the codes of ngx_http_procore_scope_refuse(). */

ngx_int_t ngx_http_procore_scope_page(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, ngx_uint_t status,
    procore_page_t *page);


#endif /* _NGX_HTTP_PROCORE_SCOPE_RELAY_H_INCLUDED_ */

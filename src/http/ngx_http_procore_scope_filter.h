
/*
 * What the response filters hand on to, beside the answers of the login host.
 */


#ifndef _NGX_HTTP_PROCORE_SCOPE_FILTER_H_INCLUDED_
#define _NGX_HTTP_PROCORE_SCOPE_FILTER_H_INCLUDED_


#include "ngx_http_procore_scope.h"


/* companies: List Companies is a list of one. */

ngx_int_t ngx_http_procore_scope_companies_header(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);
ngx_int_t ngx_http_procore_scope_companies_body(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, ngx_chain_t *in);


/*
 * cache: does the answer come from a cache?  1 or 0.  ..._check(), from the
 * header filter of a judged request, says once where the operator's key would
 * mix companies up; in enforce the answer is then not kept.
 */

ngx_uint_t ngx_http_procore_scope_cached(ngx_http_request_t *r);
void ngx_http_procore_scope_cache_check(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);


/*
 * location: sets ctx->location where the answer's Location names another
 * company, an unknown project or no id.
 */

void ngx_http_procore_scope_location(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);


#endif /* _NGX_HTTP_PROCORE_SCOPE_FILTER_H_INCLUDED_ */

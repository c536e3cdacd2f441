
/*
 * The location with procore_scope_status: what the module has counted, for
 * people, for monitoring and for load balancers.
 */


#ifndef _NGX_HTTP_PROCORE_SCOPE_STATUS_H_INCLUDED_
#define _NGX_HTTP_PROCORE_SCOPE_STATUS_H_INCLUDED_


#include "ngx_http_procore_scope_stats.h"
#include "../status/procore_status.h"


/* The content handler of the location. */

ngx_int_t ngx_http_procore_scope_status_handler(ngx_http_request_t *r);

/*
 * Does the request come from this machine, over loopback or a Unix socket, and
 * has nobody handed it on?  The connection's own peer counts, and the address
 * that nginx has made of it (realip), and no header may tell of a proxy.  Over
 * plain TCP, Host must be an address, "localhost" or the server's first name;
 * another one is logged.  1 or 0.
 */

ngx_uint_t ngx_http_procore_scope_is_local(ngx_http_request_t *r);

/*
 * Collects the facts; texts and arrays are the request's, the configuration's
 * or constant.  Takes no lock and walks nothing that grows with use.  NGX_OK or
 * NGX_ERROR (no memory).
 */

ngx_int_t ngx_http_procore_scope_facts(ngx_http_request_t *r,
    procore_status_t *status);

/* What the stores of all workers of this configuration are at worst. */

procore_status_store_e ngx_http_procore_scope_store_status(
    ngx_http_request_t *r);


#endif /* _NGX_HTTP_PROCORE_SCOPE_STATUS_H_INCLUDED_ */

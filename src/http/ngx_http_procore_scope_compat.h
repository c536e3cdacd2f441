
/*
 * Differences between nginx 1.22 and current mainline, in this one place.
 */


#ifndef _NGX_HTTP_PROCORE_SCOPE_COMPAT_H_INCLUDED_
#define _NGX_HTTP_PROCORE_SCOPE_COMPAT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>


/* Header elements are chained since 1.23.0; a new one must end its chain. */

#if (nginx_version >= 1023000)
#define ngx_http_procore_scope_end_header(h)  (h)->next = NULL
#else
#define ngx_http_procore_scope_end_header(h)
#endif


/*
 * A request that a client left while it was blocked is marked since 1.25.4;
 * before, it simply goes on and finds its connection in error.
 */

#if (nginx_version >= 1025004)
#define ngx_http_procore_scope_terminated(r)                                  \
    ((r)->done || (r)->main->terminated)
#else
#define ngx_http_procore_scope_terminated(r)  ((r)->done)
#endif


#endif /* _NGX_HTTP_PROCORE_SCOPE_COMPAT_H_INCLUDED_ */


/*
 * Looks for the bound company on the pages of List Companies, where the page
 * that the client asked for does not have it.
 */


#ifndef _NGX_HTTP_PROCORE_SCOPE_SEARCH_H_INCLUDED_
#define _NGX_HTTP_PROCORE_SCOPE_SEARCH_H_INCLUDED_


#include "ngx_http_procore_scope_call.h"


struct ngx_http_procore_scope_search_s {
    ngx_http_procore_scope_call_t   call;
    ngx_http_procore_scope_ctx_t   *ctx;
    ngx_event_t                     event;     /* starts the first call */
    ngx_str_t                       params;    /* the client's, without pages */
    ngx_msec_t                      deadline;
    ngx_uint_t                      page;      /* asked for, from 1 */
    int                             rc;        /* as procore_company_list_end,
                                                  once "over" */
    ngx_str_t                       element;   /* where "rc" is PROCORE_OK */
    unsigned                        over:1;
};


/*
 * Does the request ask for a page after the first?  1 or 0.  Only a request
 * for which ..._search_may() is 1 gets its company on the first page.
 */

ngx_uint_t ngx_http_procore_scope_search_later(ngx_http_request_t *r);

/*
 * Can pages be asked for on behalf of this request: a plain GET, and a lookup
 * location?  1 or 0.
 */

ngx_uint_t ngx_http_procore_scope_search_may(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);

/*
 * Starts the search for ctx->company, from a body filter that holds a complete
 * answer.  NGX_AGAIN: ctx->search is set, and the body filter is called when
 * it is over; NGX_ERROR.
 */

ngx_int_t ngx_http_procore_scope_search(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);


#endif /* _NGX_HTTP_PROCORE_SCOPE_SEARCH_H_INCLUDED_ */

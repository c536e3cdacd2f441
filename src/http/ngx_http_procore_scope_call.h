
/*
 * Calls of the module's own to Procore: one subrequest each, with a method, a
 * header and a body that the module made, and nothing of the client's.
 */


#ifndef _NGX_HTTP_PROCORE_SCOPE_CALL_H_INCLUDED_
#define _NGX_HTTP_PROCORE_SCOPE_CALL_H_INCLUDED_


#include "ngx_http_procore_scope.h"


/*
 * List Companies as the module asks for it: Procore's longest page, and the
 * most pages: hardly anybody has more companies, and each page is a call.  An
 * element has some 300 bytes; ten times as many are no list of companies.
 */

#define NGX_HTTP_PROCORE_SCOPE_COMPANIES_PAGE   100
#define NGX_HTTP_PROCORE_SCOPE_COMPANIES_PAGES  20
#define NGX_HTTP_PROCORE_SCOPE_COMPANIES_TEXT   (512 * 1024)


/*
 * Runs in the event loop when the call is over, whatever became of it.  It may
 * start the next call, or wake the request.
 */

typedef void (*ngx_http_procore_scope_called_pt)(ngx_http_request_t *r,
    ngx_http_procore_scope_call_t *call);


struct ngx_http_procore_scope_call_s {

    /* set by the caller, in memory of the request */

    ngx_uint_t                        post;        /* else GET */
    ngx_str_t                         uri;         /* of a location */
    ngx_str_t                         args;
    ngx_str_t                         authorization;  /* value, or empty */
    ngx_str_t                         body;        /* urlencoded form */
    size_t                            limit;       /* of the answer, bytes */
    ngx_msec_t                        timeout;
    ngx_http_procore_scope_called_pt  handler;     /* NULL: nobody waits */
    void                             *data;

    /* filled before the handler runs */

    ngx_uint_t                        status;      /* 0: no answer came */
    ngx_str_t                         text;        /* of the answer */
    time_t                            retry_after; /* seconds, 0: not told */
    ngx_str_t                         type;        /* Content-Type, or empty */
    ngx_str_t                         challenge;   /* WWW-Authenticate */
    unsigned                          complete:1;  /* to the last byte */
    unsigned                          over:1;      /* above "limit" */
    unsigned                          next:1;      /* Link has rel="next" */

    /* the call's own */

    ngx_http_request_t               *request;     /* NULL: over */
    ngx_event_t                       timer;
    size_t                            size;        /* of the memory at "text" */
    unsigned                          broken:1;    /* not to be believed */
    unsigned                          last:1;      /* its last byte was seen */
};


/*
 * Starts a call from a main request that is held in the PRECONTENT phase.
 * Returns NGX_OK (the handler will run, not inside of this call, unless the
 * client's connection breaks down before) or NGX_ERROR (it will not).
 */

ngx_int_t ngx_http_procore_scope_call(ngx_http_request_t *r,
    ngx_http_procore_scope_call_t *call);

/* A call's authorization by a token (RFC 6750, section 2.1); pool memory. */

ngx_int_t ngx_http_procore_scope_bearer(ngx_pool_t *pool,
    const procore_str_t *token, ngx_str_t *authorization);

/* The filters of a call's subrequest. */

ngx_int_t ngx_http_procore_scope_call_header(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);
ngx_int_t ngx_http_procore_scope_call_body(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, ngx_chain_t *in);


/*
 * subrequest: what the module's own subrequests have in common.
 *
 * ..._own() gives it a header list without a line, an empty body and variables
 * of its own (made where *variables is NULL, else used again), so that nothing
 * of the client goes along.  ..._add() adds a line, and returns it or NULL;
 * "lowcase" is the name in lower case, "value" must outlive the request.
 * ..._cut() ends it, from a timer: its answer is no longer waited for.
 */

ngx_int_t ngx_http_procore_scope_subrequest_own(ngx_http_request_t *sr,
    ngx_http_variable_value_t **variables);
ngx_table_elt_t *ngx_http_procore_scope_subrequest_add(ngx_http_request_t *sr,
    const char *name, const char *lowcase, ngx_str_t *value);
void ngx_http_procore_scope_subrequest_cut(ngx_http_request_t *sr);

/* A handler of its write event: ends it before it has done anything. */

void ngx_http_procore_scope_subrequest_drop(ngx_http_request_t *sr);

/*
 * Of its answer: the value of a header, or NULL ("name" in lower case); until
 * when it asks us to keep away, in seconds (1 at least); does it announce a
 * next page; may it be read (not encoded, from no cache)?
 */

ngx_str_t *ngx_http_procore_scope_subrequest_header(ngx_http_request_t *sr,
    ngx_str_t *name);
time_t ngx_http_procore_scope_subrequest_retry(ngx_http_request_t *sr);
ngx_uint_t ngx_http_procore_scope_subrequest_next(ngx_http_request_t *sr);
ngx_uint_t ngx_http_procore_scope_subrequest_plain(ngx_http_request_t *sr);


#endif /* _NGX_HTTP_PROCORE_SCOPE_CALL_H_INCLUDED_ */

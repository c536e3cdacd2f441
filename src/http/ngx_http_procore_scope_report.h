
/*
 * The would-be-install report in a worker: what requests name is counted in
 * memory, and added to the store every few seconds.
 */


#ifndef _NGX_HTTP_PROCORE_SCOPE_REPORT_H_INCLUDED_
#define _NGX_HTTP_PROCORE_SCOPE_REPORT_H_INCLUDED_


#include "ngx_http_procore_scope.h"
#include "../report/procore_report.h"


/*
 * ..._init() runs in a worker that uses the store; NGX_OK or NGX_ERROR (no
 * memory).  ..._exit() hands what was counted to the writer, before that
 * writes for the last time.
 */

ngx_int_t ngx_http_procore_scope_report_init(ngx_cycle_t *cycle);
void ngx_http_procore_scope_report_exit(void);

/* The judge's callback, see procore_judge_calls_t. */

void ngx_http_procore_scope_report_named(void *data, uint64_t company,
    procore_carrier_e carrier, unsigned how);

/* Counts a request at its end, when its decision is known. */

void ngx_http_procore_scope_report_seen(ngx_http_procore_scope_ctx_t *ctx);


/*
 * Answers with the report; status, type and headers are set but for the length.
 * Returns what a content handler returns.  The store must be open.
 */

ngx_int_t ngx_http_procore_scope_report_send(ngx_http_request_t *r,
    procore_report_format_e format);


#endif /* _NGX_HTTP_PROCORE_SCOPE_REPORT_H_INCLUDED_ */


/*
 * The audit beyond its text: the chain that seals records, and the watch over
 * their writing.
 */


#ifndef _NGX_HTTP_PROCORE_SCOPE_AUDIT_H_INCLUDED_
#define _NGX_HTTP_PROCORE_SCOPE_AUDIT_H_INCLUDED_


#include "ngx_http_procore_scope.h"


/*
 * chain: seals the records of this worker, where there is a key.
 *
 * ..._chain_init_process() begins the chain of this process and wipes its copy
 * of the key; NGX_OK or NGX_ERROR.  ..._chain_exit() keeps in the store how far
 * it came.
 */

ngx_int_t ngx_http_procore_scope_chain_init_process(ngx_cycle_t *cycle,
    ngx_http_procore_scope_main_conf_t *pmcf);
void ngx_http_procore_scope_chain_exit(void);

/* The number of the record that is sealed next; 0: there is no key. */

uint64_t ngx_http_procore_scope_chain_sequence(void);

/*
 * Ends the record from "start" to "p", whose last member is still open: with
 * its seal (PROCORE_CHAIN_TAIL bytes at most), or without one where "seal" is
 * 0, there is no key, or sealing fails, which is said.  Returns the end.
 */

u_char *ngx_http_procore_scope_chain_end(u_char *start, u_char *p,
    ngx_uint_t seal);

/*
 * What became of sealed records: written up to "sequence", or "n" of them not
 * written at all.
 */

void ngx_http_procore_scope_chain_written(uint64_t sequence);
void ngx_http_procore_scope_chain_lost(ngx_uint_t n);


/*
 * watch: sees whether records are written.  nginx's log module does that, and
 * tells nobody; so the files are looked at before and after it, by two handlers
 * of the log phase.  NGX_OK or NGX_ERROR.
 */

ngx_int_t ngx_http_procore_scope_watch_init(ngx_conf_t *cf);

/* Writes what is buffered and looks whether it arrived; the process ends. */

void ngx_http_procore_scope_watch_exit(void);

/*
 * Can the record of this request be written, as far as can be known before?  1
 * or 0.  Of what can only be tried, the last record tells.
 */

ngx_uint_t ngx_http_procore_scope_watch_ready(ngx_http_request_t *r);

/*
 * procore_scope_audit_required: notes store_failed where the request must not
 * go on without a record, and there can be none.
 */

void ngx_http_procore_scope_audit_require(ngx_http_procore_scope_ctx_t *ctx);


#endif /* _NGX_HTTP_PROCORE_SCOPE_AUDIT_H_INCLUDED_ */

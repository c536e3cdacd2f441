
/*
 * The worker's side of the LMDB store: reading it in the event loop, and
 * writing to it in a thread.  Part of ngx_http_procore_scope.h.
 */


#ifndef _NGX_HTTP_PROCORE_SCOPE_STORE_H_INCLUDED_
#define _NGX_HTTP_PROCORE_SCOPE_STORE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "../store/procore_store.h"
#include "../store/procore_store_report.h"


/*
 * ..._store_init_module() runs in the master: prepares the folder at a cold
 * start.  ..._store_init_process() opens it in a worker.  Both return NGX_OK
 * even where the store is out of order (it logs one clear line); then
 * ..._store_ready() is 0 and reads answer PROCORE_ERROR.
 */

ngx_int_t ngx_http_procore_scope_store_init_module(ngx_cycle_t *cycle);
ngx_int_t ngx_http_procore_scope_store_init_process(ngx_cycle_t *cycle);
void ngx_http_procore_scope_store_exit_process(ngx_cycle_t *cycle);

/* 1 where the store can be read and the queue has room, else 0. */

ngx_uint_t ngx_http_procore_scope_store_ready(void);

/*
 * Snapshot: begin and end stand in one handler call; they nest.  Begin returns
 * NGX_OK or NGX_ERROR (store out of order: end must not be called).
 * ..._store_token(), ..._store_project() and ..._store_sealed() (what has not
 * run out by now) return the codes of procore_store.h, PROCORE_CORRUPT is
 * counted and logged there and is handed on as PROCORE_NOT_FOUND.
 */

ngx_int_t ngx_http_procore_scope_store_begin(void);
void ngx_http_procore_scope_store_end(void);
int ngx_http_procore_scope_store_token(procore_token_kind_e kind,
    const u_char *digest, procore_token_t *token);
int ngx_http_procore_scope_store_project(const u_char *realm, uint64_t project,
    procore_project_t *out);
int ngx_http_procore_scope_store_sealed(const u_char *key,
    procore_sealed_t *record);

/* Has the operator paused this client?  1 or 0; inside of a snapshot. */

ngx_uint_t ngx_http_procore_scope_store_paused(const u_char *realm,
    ngx_str_t *client);

/* Its size, as procore_store_stat().  NGX_OK, or NGX_ERROR: out of order. */

ngx_int_t ngx_http_procore_scope_store_stat(procore_store_stat_t *stat);

/* As procore_store_chain(), inside of a snapshot. */

int ngx_http_procore_scope_store_chain(const u_char *after,
    procore_chain_point_t *point);

/* The store itself, for the pure code inside of a snapshot. */

procore_store_t *ngx_http_procore_scope_store_here(void);

/* As procore_store_report_next(), inside of a snapshot. */

int ngx_http_procore_scope_store_report(procore_report_place_t *place,
    procore_report_row_t *row);

/*
 * The key of cookies, PROCORE_STORE_KEY bytes; may be called anywhere.  NGX_OK,
 * or NGX_ERROR where the store is out of order.
 */

ngx_int_t ngx_http_procore_scope_store_key(u_char *key);

/*
 * Queues one operation for the next group.  "op" is copied (with its project
 * ids and sealed bytes).  "handler" (may be NULL) is called once in the event
 * loop when the operation is on disk or has failed: op->rc as
 * procore_store_write() says, or PROCORE_ERROR / PROCORE_FULL where nothing
 * could be written.  The op that it receives is valid for the call.  Returns
 * NGX_OK; NGX_ERROR where the queue is full or the store is out of order (the
 * handler is not called).  Of what failed, FAMILY, WITHDRAW and UNBIND are
 * tried again later without the caller.
 * A caller that waits for it with a request must hold the request with
 * ngx_http_procore_scope_hold() / _release() below.
 */

typedef void (*ngx_http_procore_scope_written_pt)(void *data,
    procore_store_op_t *op);

ngx_int_t ngx_http_procore_scope_store_write(procore_store_op_t *op,
    ngx_http_procore_scope_written_pt handler, void *data);

/*
 * A request that waits for the disk must not be freed: hold() blocks it as
 * nginx does for its own file threads, release() lets go.  After release() the
 * caller wakes it with ngx_http_procore_scope_wake().
 */

void ngx_http_procore_scope_hold(ngx_http_request_t *r);
void ngx_http_procore_scope_release(ngx_http_request_t *r);
void ngx_http_procore_scope_wake(ngx_http_request_t *r);


#endif /* _NGX_HTTP_PROCORE_SCOPE_STORE_H_INCLUDED_ */

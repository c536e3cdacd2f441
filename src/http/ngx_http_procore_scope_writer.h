
/*
 * Writing to the store in groups, in a thread of nginx's pool: a durable commit
 * takes milliseconds, in which no other request must wait.  One group is on its
 * way at a time, what arrives meanwhile is the next one.
 *
 * Beside the files of the store only ..._stats_worker.c includes it.
 */


#ifndef _NGX_HTTP_PROCORE_SCOPE_WRITER_H_INCLUDED_
#define _NGX_HTTP_PROCORE_SCOPE_WRITER_H_INCLUDED_


#include "ngx_http_procore_scope.h"


/* More waiting operations, or an older one, mean that the disk is stuck. */

#define NGX_HTTP_PROCORE_SCOPE_QUEUE         4096
#define NGX_HTTP_PROCORE_SCOPE_QUEUE_AGE     2000    /* milliseconds */

/* After a failed commit new tokens are not asked for during this time. */

#define NGX_HTTP_PROCORE_SCOPE_FAILED_PAUSE  5       /* seconds */


/*
 * Prepares the writer of this process; the store may not be open yet.  Returns
 * NGX_OK or NGX_ERROR (no memory).
 */

ngx_int_t ngx_http_procore_scope_writer_init(ngx_cycle_t *cycle,
    ngx_thread_pool_t *pool);

/* The store is open: writes what waits.  It stays open until the exit. */

void ngx_http_procore_scope_writer_open(procore_store_t *store);

/*
 * 1 where the queue has room, its oldest operation is young, and the last
 * commit has not just failed; else 0.
 */

ngx_uint_t ngx_http_procore_scope_writer_ready(void);

/* As ngx_http_procore_scope_store_write(). */

ngx_int_t ngx_http_procore_scope_writer_add(procore_store_op_t *op,
    ngx_http_procore_scope_written_pt handler, void *data);

/* Asks for one pass of the sweep, when the thread is free. */

void ngx_http_procore_scope_writer_sweep(void);

/*
 * The pool's threads have ended: what is added from now on waits for the exit.
 */

void ngx_http_procore_scope_writer_end(void);

/*
 * The process ends, the pool's threads have ended: writes what is left, in this
 * thread and without calling handlers, and frees all memory.
 */

void ngx_http_procore_scope_writer_exit(void);


#endif /* _NGX_HTTP_PROCORE_SCOPE_WRITER_H_INCLUDED_ */


/*
 * One operation on its way to the disk: a copy, with all that it points to, in
 * one block of memory.
 *
 * Only the writer includes it.
 */


#ifndef _NGX_HTTP_PROCORE_SCOPE_WRITE_H_INCLUDED_
#define _NGX_HTTP_PROCORE_SCOPE_WRITE_H_INCLUDED_


#include "ngx_http_procore_scope.h"


/* Ids of all lists that wait, in 8 bytes each: five of the longest lists. */

#define NGX_HTTP_PROCORE_SCOPE_LIST_QUEUE    1000000


typedef struct {
    ngx_queue_t                        queue;
    procore_store_op_t                 op;
    ngx_http_procore_scope_written_pt  handler;
    void                              *data;
    ngx_msec_t                         queued;
    ngx_uint_t                         tries;
    size_t                             first;      /* of the piece at hand */
    size_t                             moved;      /* by the pieces before */
    size_t                             kept;       /* likewise */
    size_t                             total;      /* ids of the list */
    uint64_t                           projects[]; /* the list; sealed bytes */
} ngx_http_procore_scope_write_t;


/*
 * Returns the copy, to be freed with ngx_free(); NULL: no memory, or a longer
 * list or larger record than can ever be written.
 */

ngx_http_procore_scope_write_t *ngx_http_procore_scope_write_copy(
    procore_store_op_t *op, ngx_log_t *log);

/* 1 where it is to be tried again after a failure that was told, else 0. */

ngx_uint_t ngx_http_procore_scope_write_repeats(procore_store_op_t *op);

/*
 * A piece of a list was written, or was not ("failed").  Returns how many ids
 * are still to be written; ..._whole() makes the operation tell of all pieces.
 */

size_t ngx_http_procore_scope_write_piece(ngx_http_procore_scope_write_t *w,
    ngx_uint_t failed);
void ngx_http_procore_scope_write_whole(ngx_http_procore_scope_write_t *w);

/* Empties a queue of copies. */

void ngx_http_procore_scope_write_free(ngx_queue_t *queue);


#endif /* _NGX_HTTP_PROCORE_SCOPE_WRITE_H_INCLUDED_ */

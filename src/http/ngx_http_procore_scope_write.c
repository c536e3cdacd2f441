
/*
 * One operation on its way to the disk.
 */


#include "ngx_http_procore_scope_write.h"


ngx_http_procore_scope_write_t *
ngx_http_procore_scope_write_copy(procore_store_op_t *op, ngx_log_t *log)
{
    size_t                           n;
    ngx_http_procore_scope_write_t  *w;

    n = 0;

    if (op->type == PROCORE_STORE_PROJECTS
        || op->type == PROCORE_STORE_FORGET)
    {
        n = op->nprojects;

        if (n > NGX_HTTP_PROCORE_SCOPE_LIST_QUEUE) {
            return NULL;
        }
    }

    if (op->sealed_len > PROCORE_STORE_SEALED_MAX) {
        return NULL;
    }

    w = ngx_alloc(sizeof(ngx_http_procore_scope_write_t) + n * sizeof(uint64_t)
                  + op->sealed_len, log);
    if (w == NULL) {
        return NULL;
    }

    w->op = *op;
    w->handler = NULL;
    w->data = NULL;
    w->queued = ngx_current_msec;
    w->tries = 0;
    w->first = 0;
    w->moved = 0;
    w->kept = 0;
    w->total = n;

    if (n) {
        ngx_memcpy(w->projects, op->projects, n * sizeof(uint64_t));
    }

    w->op.projects = w->projects;

    if (op->sealed_len) {
        ngx_memcpy(w->projects + n, op->sealed, op->sealed_len);
        w->op.sealed = (u_char *) (w->projects + n);
    }

    return w;
}


/*
 * What happened at Procore is written later, too.  A binding by configuration
 * is asked for again by the next request, and a step of the relay that was
 * answered as failed must not be taken behind the user's back.
 */

ngx_uint_t
ngx_http_procore_scope_write_repeats(procore_store_op_t *op)
{
    return op->type == PROCORE_STORE_FAMILY
           || op->type == PROCORE_STORE_WITHDRAW
           || op->type == PROCORE_STORE_UNBIND;
}


size_t
ngx_http_procore_scope_write_piece(ngx_http_procore_scope_write_t *w,
    ngx_uint_t failed)
{
    if (failed) {
        return w->first < w->total ? w->total - w->first - w->op.nprojects : 0;
    }

    w->first += w->op.nprojects;
    w->moved += w->op.moved;
    w->kept += w->op.kept;

    return w->first < w->total ? w->total - w->first : 0;
}


void
ngx_http_procore_scope_write_whole(ngx_http_procore_scope_write_t *w)
{
    w->op.projects = w->projects;
    w->op.nprojects = w->total;
    w->op.moved = w->moved;
    w->op.kept = w->kept;
}


void
ngx_http_procore_scope_write_free(ngx_queue_t *queue)
{
    ngx_queue_t                     *q;
    ngx_http_procore_scope_write_t  *w;

    while (!ngx_queue_empty(queue)) {
        q = ngx_queue_head(queue);
        w = ngx_queue_data(q, ngx_http_procore_scope_write_t, queue);
        ngx_queue_remove(q);
        ngx_free(w);
    }
}

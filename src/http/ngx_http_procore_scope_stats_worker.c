
/*
 * What each worker has on its hands, where every worker can see it.
 */


#include "ngx_http_procore_scope_stats.h"
#include "ngx_http_procore_scope_writer.h"


static ngx_http_procore_scope_worker_t  *self;


ngx_http_procore_scope_worker_t *
ngx_http_procore_scope_worker(void)
{
    return self;
}


void
ngx_http_procore_scope_worker_init(ngx_http_procore_scope_stats_t *stats,
    ngx_uint_t generation)
{
    self = &stats->workers[ngx_process_slot];

    self->pid = 0;
    ngx_memory_barrier();

    ngx_memzero((void *) self, sizeof(ngx_http_procore_scope_worker_t));
    self->generation = generation;

    ngx_memory_barrier();
    self->pid = (ngx_atomic_uint_t) ngx_pid;
}


void
ngx_http_procore_scope_worker_exit(void)
{
    if (self) {
        self->pid = 0;
        self = NULL;
    }
}


/*
 * A worker that was killed leaves its place until another one has it, or until
 * the master goes.
 */

ngx_uint_t
ngx_http_procore_scope_worker_lives(ngx_http_procore_scope_worker_t *worker)
{
    ngx_pid_t  pid;

    pid = (ngx_pid_t) worker->pid;

    return pid && (kill(pid, 0) == 0 || ngx_errno == NGX_EPERM);
}


procore_status_store_e
ngx_http_procore_scope_worker_store(ngx_http_procore_scope_worker_t *worker)
{
    time_t  failed;

    if (!worker->open) {
        return PROCORE_STATUS_CLOSED;
    }

    failed = (time_t) worker->failed;

    if (failed && ngx_time() - failed < NGX_HTTP_PROCORE_SCOPE_FAILED_PAUSE) {
        return worker->full ? PROCORE_STATUS_FULL : PROCORE_STATUS_FAILING;
    }

    if (worker->queued >= NGX_HTTP_PROCORE_SCOPE_QUEUE
        || (worker->waits
            && (ngx_msec_int_t) (ngx_current_msec - worker->since)
               > NGX_HTTP_PROCORE_SCOPE_QUEUE_AGE))
    {
        return PROCORE_STATUS_BEHIND;
    }

    return PROCORE_STATUS_READY;
}


/*
 * A group of operations in the writer's thread.
 */


#include "ngx_http_procore_scope_job.h"
#include "ngx_http_procore_scope_stats.h"


/* Keys that one pass of the sweep looks at. */

#define NGX_HTTP_PROCORE_SCOPE_SWEEP         2000


void
ngx_http_procore_scope_job_run(void *data, ngx_log_t *log)
{
    ngx_http_procore_scope_job_t *job = data;

    struct timespec  begun, done;

    job->usec = 0;

    if (job->sweep) {
        job->rc = procore_store_sweep(job->store, &job->cursor,
                                      NGX_HTTP_PROCORE_SCOPE_SWEEP, job->now,
                                      &job->removed, job->error);
        return;
    }

    (void) clock_gettime(CLOCK_MONOTONIC, &begun);

    job->rc = procore_store_write(job->store, job->ops, job->n, job->error);

    (void) clock_gettime(CLOCK_MONOTONIC, &done);

    job->usec = (uint64_t) ((done.tv_sec - begun.tv_sec) * 1000000
                            + (done.tv_nsec - begun.tv_nsec) / 1000);
}


void
ngx_http_procore_scope_job_count(ngx_http_procore_scope_job_t *job)
{
    ngx_uint_t  i;

    if (job->rc != PROCORE_OK) {
        ngx_http_procore_scope_count(
                              NGX_HTTP_PROCORE_SCOPE_STAT_COMMIT_FAILURES, 1);
        return;
    }

    if (job->sweep) {
        return;
    }

    ngx_http_procore_scope_count_commit(job->usec);

    for (i = 0; i < job->n; i++) {
        if (job->ops[i]->rc == PROCORE_OK && job->ops[i]->made) {
            ngx_http_procore_scope_count_binding(job->ops[i]->way);
        }
    }
}


/*
 * A group of operations: what the writer's thread does with it.
 *
 * Only ngx_http_procore_scope_writer.c includes it.
 */


#ifndef _NGX_HTTP_PROCORE_SCOPE_JOB_H_INCLUDED_
#define _NGX_HTTP_PROCORE_SCOPE_JOB_H_INCLUDED_


#include "ngx_http_procore_scope_write.h"


typedef struct {
    procore_store_t                   *store;
    procore_store_op_t                *ops[PROCORE_STORE_GROUP];
    ngx_http_procore_scope_write_t    *writes[PROCORE_STORE_GROUP];
    ngx_uint_t                         n;
    ngx_uint_t                         apart;      /* one of that queue */
    ngx_uint_t                         sweep;
    procore_store_cursor_t             cursor;
    uint64_t                           now;
    size_t                             removed;
    uint64_t                           usec;      /* that the commit took */
    int                                rc;
    char                               error[PROCORE_STORE_ERROR_TEXT];
} ngx_http_procore_scope_job_t;


/* The task of the thread: writes the group, or sweeps. */

void ngx_http_procore_scope_job_run(void *data, ngx_log_t *log);

/* Counts what a group has done, in the event loop. */

void ngx_http_procore_scope_job_count(ngx_http_procore_scope_job_t *job);


#endif /* _NGX_HTTP_PROCORE_SCOPE_JOB_H_INCLUDED_ */

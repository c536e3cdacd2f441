
/*
 * What nginx's log module knows of a location's access_log, which it keeps to
 * itself: the layout of its structures, the same since nginx 1.7.  It is
 * believed only where it proves itself, see ngx_http_procore_scope_logs().
 */


#ifndef _NGX_HTTP_PROCORE_SCOPE_LOG_H_INCLUDED_
#define _NGX_HTTP_PROCORE_SCOPE_LOG_H_INCLUDED_


#include "ngx_http_procore_scope.h"

#include <ngx_syslog.h>


typedef struct {
    ngx_str_t                   name;
    ngx_array_t                *flushes;       /* indices of its variables */
    ngx_array_t                *ops;
} ngx_http_procore_scope_log_format_t;


/* Of a file with a buffer, which is its "data". */

typedef struct {
    u_char                     *start;
    u_char                     *pos;
    u_char                     *last;
    ngx_event_t                *event;
    ngx_msec_t                  flush;
    ngx_int_t                   gzip;
} ngx_http_procore_scope_log_buffer_t;


typedef struct {
    ngx_open_file_t                      *file;
    void                                 *script;   /* a name of variables */
    time_t                                disk_full_time;
    time_t                                error_log_time;
    ngx_syslog_peer_t                    *syslog_peer;
    ngx_http_procore_scope_log_format_t  *format;
    ngx_http_complex_value_t             *filter;   /* if= */
} ngx_http_procore_scope_log_t;


/*
 * The access_logs of this request's location.  Returns NGX_OK (*logs, NULL:
 * none); NGX_DECLINED: this nginx has another layout, nothing is known.
 */

ngx_int_t ngx_http_procore_scope_logs(ngx_http_request_t *r,
    ngx_array_t **logs);

/* Does the format hold $procore_scope_audit?  1 or 0. */

ngx_uint_t ngx_http_procore_scope_log_carries(ngx_http_request_t *r,
    ngx_http_procore_scope_log_t *log);

/* Does its condition hold for this request?  1 or 0. */

ngx_uint_t ngx_http_procore_scope_log_wanted(ngx_http_request_t *r,
    ngx_http_procore_scope_log_t *log);


#endif /* _NGX_HTTP_PROCORE_SCOPE_LOG_H_INCLUDED_ */

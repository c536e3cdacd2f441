
/*
 * The access_logs of a location, as nginx's log module keeps them.
 */


#include "ngx_http_procore_scope_log.h"


/* The head of the log module's configuration of a location, and its "off". */

typedef struct {
    ngx_array_t            *logs;
    ngx_open_file_cache_t  *open_file_cache;
    time_t                  open_file_cache_valid;
    ngx_uint_t              open_file_cache_min_uses;
    ngx_uint_t              off;
} ngx_http_procore_scope_log_conf_t;


static ngx_uint_t ngx_http_procore_scope_log_sane(
    ngx_http_procore_scope_log_t *log);


extern ngx_module_t  ngx_http_log_module;


ngx_int_t
ngx_http_procore_scope_logs(ngx_http_request_t *r, ngx_array_t **logs)
{
    ngx_uint_t                          i;
    ngx_http_procore_scope_log_t       *log;
    ngx_http_procore_scope_log_conf_t  *lcf;

    *logs = NULL;

    lcf = ngx_http_get_module_loc_conf(r, ngx_http_log_module);

    if (lcf->off || lcf->logs == NULL) {
        return NGX_OK;
    }

    if (lcf->logs->size != sizeof(ngx_http_procore_scope_log_t)) {
        return NGX_DECLINED;
    }

    log = lcf->logs->elts;

    for (i = 0; i < lcf->logs->nelts; i++) {
        if (!ngx_http_procore_scope_log_sane(&log[i])) {
            return NGX_DECLINED;
        }
    }

    *logs = lcf->logs;

    return NGX_OK;
}


/* A file is one of those that nginx has open, or there is something else. */

static ngx_uint_t
ngx_http_procore_scope_log_sane(ngx_http_procore_scope_log_t *log)
{
    ngx_list_part_t  *part;
    ngx_open_file_t  *file;

    if (log->file == NULL) {
        return log->script != NULL || log->syslog_peer != NULL;
    }

    for (part = (ngx_list_part_t *) &ngx_cycle->open_files.part; part;
         part = part->next)
    {
        file = part->elts;

        if (log->file >= file && log->file < file + part->nelts) {
            return 1;
        }
    }

    return 0;
}


ngx_uint_t
ngx_http_procore_scope_log_carries(ngx_http_request_t *r,
    ngx_http_procore_scope_log_t *log)
{
    ngx_int_t                           *index;
    ngx_uint_t                           i;
    ngx_http_procore_scope_main_conf_t  *pmcf;

    if (log->format->flushes == NULL) {
        return 0;
    }

    pmcf = ngx_http_get_module_main_conf(r, ngx_http_procore_scope_module);
    index = log->format->flushes->elts;

    for (i = 0; i < log->format->flushes->nelts; i++) {
        if (index[i] == pmcf->audit) {
            return 1;
        }
    }

    return 0;
}


ngx_uint_t
ngx_http_procore_scope_log_wanted(ngx_http_request_t *r,
    ngx_http_procore_scope_log_t *log)
{
    ngx_str_t  value;

    if (log->filter == NULL) {
        return 1;
    }

    return ngx_http_complex_value(r, log->filter, &value) == NGX_OK
           && value.len && !(value.len == 1 && value.data[0] == '0');
}

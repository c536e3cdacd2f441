
/*
 * What the module counts, in shared memory: exact among workers, kept across
 * reload, lost with the master process.
 */


#ifndef _NGX_HTTP_PROCORE_SCOPE_STATS_H_INCLUDED_
#define _NGX_HTTP_PROCORE_SCOPE_STATS_H_INCLUDED_


#include "ngx_http_procore_scope.h"


/* The plain counters, by the list of their names. */

typedef enum {
#define PROCORE_STAT(id, name, help)                                          \
    NGX_HTTP_PROCORE_SCOPE_STAT_##id,
#define PROCORE_STAT_OF(id, name, label, value, help)                         \
    NGX_HTTP_PROCORE_SCOPE_STAT_##id,
#include "ngx_http_procore_scope_stats.def"
#undef PROCORE_STAT
#undef PROCORE_STAT_OF
    NGX_HTTP_PROCORE_SCOPE_STAT_MAX
} ngx_http_procore_scope_stat_e;


/*
 * Adds "n" to a counter.  May be called from the event loop of any worker, at
 * any time: where there is no zone (yet) it does nothing.
 */

void ngx_http_procore_scope_count(ngx_http_procore_scope_stat_e stat,
    ngx_uint_t n);


/*
 * Adds the zone to a configuration that has a mode.  NGX_OK or NGX_ERROR.
 * ..._stats_init_process() attaches a worker to it.
 */

ngx_int_t ngx_http_procore_scope_stats_zone(ngx_conf_t *cf,
    ngx_http_procore_scope_main_conf_t *pmcf);
void ngx_http_procore_scope_stats_init_process(
    ngx_http_procore_scope_main_conf_t *pmcf);


#endif /* _NGX_HTTP_PROCORE_SCOPE_STATS_H_INCLUDED_ */

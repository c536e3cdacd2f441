
/*
 * Counters in shared memory.  Each is one word that grows by one instruction,
 * so that a worker that is killed leaves nothing locked or half-written.
 */


#include "ngx_http_procore_scope_stats.h"


/*
 * The same size in every version, or a reload would begin to count anew: room
 * for all that is counted, and as much again.
 */

#define NGX_HTTP_PROCORE_SCOPE_STATS_ZONE  (512 * 1024)


typedef struct {
    ngx_atomic_t  counters[NGX_HTTP_PROCORE_SCOPE_STAT_MAX];
} ngx_http_procore_scope_stats_t;


static ngx_int_t ngx_http_procore_scope_stats_init_zone(ngx_shm_zone_t *zone,
    void *data);


static ngx_str_t  ngx_http_procore_scope_stats_name =
    ngx_string("procore_scope_stats");

/* NULL: not in a worker, or no place has a mode. */

static ngx_http_procore_scope_stats_t  *stats;


ngx_int_t
ngx_http_procore_scope_stats_zone(ngx_conf_t *cf,
    ngx_http_procore_scope_main_conf_t *pmcf)
{
    pmcf->stats_zone = ngx_shared_memory_add(cf,
                                           &ngx_http_procore_scope_stats_name,
                                           NGX_HTTP_PROCORE_SCOPE_STATS_ZONE,
                                           &ngx_http_procore_scope_module);
    if (pmcf->stats_zone == NULL) {
        return NGX_ERROR;
    }

    pmcf->stats_zone->init = ngx_http_procore_scope_stats_init_zone;
    pmcf->stats_zone->data = pmcf;

    return NGX_OK;
}


static ngx_int_t
ngx_http_procore_scope_stats_init_zone(ngx_shm_zone_t *zone, void *data)
{
    ngx_slab_pool_t  *shpool;

    shpool = (ngx_slab_pool_t *) zone->shm.addr;

    if (shpool->data) {
        return NGX_OK;
    }

    shpool->data = ngx_slab_calloc(shpool,
                                   sizeof(ngx_http_procore_scope_stats_t));

    return shpool->data ? NGX_OK : NGX_ERROR;
}


void
ngx_http_procore_scope_stats_init_process(
    ngx_http_procore_scope_main_conf_t *pmcf)
{
    ngx_slab_pool_t  *shpool;

    shpool = (ngx_slab_pool_t *) pmcf->stats_zone->shm.addr;
    stats = shpool->data;
}


void
ngx_http_procore_scope_count(ngx_http_procore_scope_stat_e stat, ngx_uint_t n)
{
    if (stats) {
        (void) ngx_atomic_fetch_add(&stats->counters[stat],
                                    (ngx_atomic_int_t) n);
    }
}

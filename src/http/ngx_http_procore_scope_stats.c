
/*
 * Counters in shared memory.  Each is one word that grows by one instruction,
 * so that a worker that is killed leaves nothing locked or half-written.
 */


#include "ngx_http_procore_scope_stats.h"


/*
 * The same size in every version, or a reload would begin to count anew: room
 * for all that is counted, and half as much again.
 */

#define NGX_HTTP_PROCORE_SCOPE_STATS_ZONE  (512 * 1024)


static ngx_int_t ngx_http_procore_scope_stats_init_zone(ngx_shm_zone_t *zone,
    void *data);


static ngx_str_t  ngx_http_procore_scope_stats_name =
    ngx_string("procore_scope_stats");

/* NULL: not in a worker, or no place has a mode. */

static ngx_http_procore_scope_stats_t  *stats;


/* From a fast disk to one that holds logins up. */

const uint64_t  ngx_http_procore_scope_commit_bounds
                    [NGX_HTTP_PROCORE_SCOPE_COMMIT_BOUNDS] = {
    1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000, 1000000, 5000000
};


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
    ngx_slab_pool_t                     *shpool;
    ngx_http_procore_scope_stats_t      *kept;
    ngx_http_procore_scope_main_conf_t  *pmcf;

    shpool = (ngx_slab_pool_t *) zone->shm.addr;
    pmcf = zone->data;

    if (shpool->data == NULL) {
        kept = ngx_slab_calloc(shpool, sizeof(ngx_http_procore_scope_stats_t));

        if (kept == NULL) {
            return NGX_ERROR;
        }

        kept->since = ngx_time();
        shpool->data = kept;
    }

    /* workers of the configuration before go on for a while */

    kept = shpool->data;
    pmcf->generation = ngx_atomic_fetch_add(&kept->generation, 1) + 1;

    return NGX_OK;
}


void
ngx_http_procore_scope_stats_init_process(
    ngx_http_procore_scope_main_conf_t *pmcf)
{
    ngx_slab_pool_t  *shpool;

    shpool = (ngx_slab_pool_t *) pmcf->stats_zone->shm.addr;
    stats = shpool->data;

    ngx_http_procore_scope_worker_init(stats, pmcf->generation);
}


ngx_http_procore_scope_stats_t *
ngx_http_procore_scope_stats(void)
{
    return stats;
}


void
ngx_http_procore_scope_count(ngx_http_procore_scope_stat_e stat, ngx_uint_t n)
{
    if (stats) {
        (void) ngx_atomic_fetch_add(&stats->counters[stat],
                                    (ngx_atomic_int_t) n);
    }
}


void
ngx_http_procore_scope_count_commit(uint64_t usec)
{
    ngx_uint_t  i;

    if (stats == NULL) {
        return;
    }

    for (i = 0; i < NGX_HTTP_PROCORE_SCOPE_COMMIT_BOUNDS; i++) {
        if (usec <= ngx_http_procore_scope_commit_bounds[i]) {
            break;
        }
    }

    (void) ngx_atomic_fetch_add(&stats->commits[i], 1);
    (void) ngx_atomic_fetch_add(&stats->commit_usec, (ngx_atomic_int_t) usec);
}


void
ngx_http_procore_scope_count_binding(procore_way_e way)
{
    if (stats) {
        (void) ngx_atomic_fetch_add(&stats->bindings[way], 1);
    }
}


void
ngx_http_procore_scope_count_backoff(ngx_msec_t until)
{
    ngx_atomic_uint_t  now;

    if (stats == NULL) {
        return;
    }

    do {
        now = stats->backoff;

        if ((ngx_msec_int_t) (until - now) <= 0) {
            return;
        }

    } while (!ngx_atomic_cmp_set(&stats->backoff, now, until));
}


/*
 * The facts of the status: out of shared memory, the configuration and the
 * store's own counts.
 */


#include "ngx_http_procore_scope_status.h"
#include "../policy/procore_version.h"


static ngx_int_t ngx_http_procore_scope_facts_conf(ngx_http_request_t *r,
    ngx_http_procore_scope_stats_t *stats, procore_status_t *status);
static uint64_t ngx_http_procore_scope_facts_used(
    ngx_http_procore_scope_stats_t *stats,
    const procore_exception_t *exception);
static ngx_int_t ngx_http_procore_scope_facts_counters(ngx_http_request_t *r,
    ngx_http_procore_scope_stats_t *stats, procore_status_t *status);
static ngx_int_t ngx_http_procore_scope_facts_bindings(ngx_http_request_t *r,
    ngx_http_procore_scope_stats_t *stats, procore_status_t *status);
static ngx_int_t ngx_http_procore_scope_facts_commits(ngx_http_request_t *r,
    ngx_http_procore_scope_stats_t *stats, procore_status_t *status);
static ngx_int_t ngx_http_procore_scope_facts_store(ngx_http_request_t *r,
    procore_status_t *status);
static void ngx_http_procore_scope_facts_workers(
    ngx_http_procore_scope_stats_t *stats, procore_status_t *status);
static ngx_int_t ngx_http_procore_scope_facts_rows(ngx_http_request_t *r,
    ngx_http_procore_scope_rows_t *from, ngx_uint_t companies,
    procore_status_rows_t *to);
static ngx_int_t ngx_http_procore_scope_facts_row(ngx_http_request_t *r,
    ngx_http_procore_scope_row_t *from, ngx_uint_t companies,
    procore_status_row_t *to);


/* What the counters are called. */

static const procore_status_counter_t  ngx_http_procore_scope_counters[] = {
#define PROCORE_STAT(id, name, help)                                          \
    { procore_str(name), procore_str(help), procore_str(""),                  \
      procore_str(""), 0 },
#define PROCORE_STAT_OF(id, name, label, value, help)                         \
    { procore_str(name), procore_str(help), procore_str(label),               \
      procore_str(value), 0 },
#include "ngx_http_procore_scope_stats.def"
#undef PROCORE_STAT
#undef PROCORE_STAT_OF
};


ngx_int_t
ngx_http_procore_scope_facts(ngx_http_request_t *r, procore_status_t *status)
{
    ngx_http_procore_scope_stats_t  *stats;

    stats = ngx_http_procore_scope_stats();

    status->now = (uint64_t) ngx_time();
    status->version = PROCORE_SCOPE_VERSION;
    status->layout = PROCORE_STORE_LAYOUT;

    if (ngx_http_procore_scope_facts_conf(r, stats, status) != NGX_OK) {
        return NGX_ERROR;
    }

    if (stats == NULL) {
        return NGX_OK;
    }

    status->since = (uint64_t) stats->since;
    status->store = ngx_http_procore_scope_store_status(r);

    ngx_http_procore_scope_facts_workers(stats, status);

    if (ngx_http_procore_scope_facts_counters(r, stats, status) != NGX_OK
        || ngx_http_procore_scope_facts_bindings(r, stats, status) != NGX_OK
        || ngx_http_procore_scope_facts_commits(r, stats, status) != NGX_OK
        || ngx_http_procore_scope_facts_store(r, status) != NGX_OK
        || ngx_http_procore_scope_facts_rows(r, &stats->companies, 1,
                                             &status->companies)
           != NGX_OK
        || ngx_http_procore_scope_facts_rows(r, &stats->clients, 0,
                                             &status->clients)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_procore_scope_facts_rows(r, &stats->names, 0,
                                             &status->names);
}


static ngx_int_t
ngx_http_procore_scope_facts_conf(ngx_http_request_t *r,
    ngx_http_procore_scope_stats_t *stats, procore_status_t *status)
{
    ngx_uint_t                           i;
    ngx_http_procore_scope_place_t      *place;
    ngx_http_procore_scope_listed_t     *listed;
    ngx_http_procore_scope_main_conf_t  *pmcf;

    pmcf = ngx_http_get_module_main_conf(r, ngx_http_procore_scope_module);

    status->client_modes = pmcf->client_line != 0;
    status->nplaces = pmcf->places ? pmcf->places->nelts : 0;
    status->nexceptions = pmcf->exceptions ? pmcf->exceptions->nelts : 0;

    status->places = ngx_pcalloc(r->pool, (status->nplaces + 1)
                                          * sizeof(procore_status_place_t));
    status->exceptions = ngx_pcalloc(r->pool, (status->nexceptions + 1)
                                         * sizeof(procore_status_exception_t));

    if (status->places == NULL || status->exceptions == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < status->nplaces; i++) {
        place = (ngx_http_procore_scope_place_t *) pmcf->places->elts + i;

        status->places[i].mode = (procore_mode_e) place->mode;
        status->places[i].file.len = place->file.len;
        status->places[i].file.data = place->file.data;
        status->places[i].line = place->line;
    }

    for (i = 0; i < status->nexceptions; i++) {
        listed = (ngx_http_procore_scope_listed_t *) pmcf->exceptions->elts + i;

        status->exceptions[i].exception = &listed->exception;
        status->exceptions[i].file.len = listed->file.len;
        status->exceptions[i].file.data = listed->file.data;
        status->exceptions[i].line = listed->line;
        status->exceptions[i].used =
            ngx_http_procore_scope_facts_used(stats, &listed->exception);
    }

    return NGX_OK;
}


static uint64_t
ngx_http_procore_scope_facts_used(ngx_http_procore_scope_stats_t *stats,
    const procore_exception_t *exception)
{
    uint64_t                          n;
    ngx_uint_t                        i;
    ngx_http_procore_scope_row_t     *row;
    ngx_http_procore_scope_row_key_t  key;

    if (stats == NULL) {
        return 0;
    }

    ngx_http_procore_scope_exception_key(exception, &key);

    row = ngx_http_procore_scope_rows_find(&stats->exceptions, &key);
    n = 0;

    for (i = 0; row && i < PROCORE_DECISION_MAX; i++) {
        n += row->counts[i];
    }

    return n;
}


static ngx_int_t
ngx_http_procore_scope_facts_counters(ngx_http_request_t *r,
    ngx_http_procore_scope_stats_t *stats, procore_status_t *status)
{
    ngx_uint_t  i, n;

    for (i = 0; i < PROCORE_DECISION_MAX; i++) {
        status->subrequests[i] = stats->subrequests[i];

        for (n = 0; n < PROCORE_REASON_MAX; n++) {
            status->requests[i][n] = stats->requests[i][n];
        }
    }

    status->counters = ngx_palloc(r->pool,
                                  sizeof(ngx_http_procore_scope_counters));
    if (status->counters == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(status->counters, ngx_http_procore_scope_counters,
               sizeof(ngx_http_procore_scope_counters));

    status->ncounters = NGX_HTTP_PROCORE_SCOPE_STAT_MAX;

    for (i = 0; i < NGX_HTTP_PROCORE_SCOPE_STAT_MAX; i++) {
        status->counters[i].n = stats->counters[i];
    }

    return NGX_OK;
}


/* A first use counts as one way, whether it was confirmed or not. */

static ngx_int_t
ngx_http_procore_scope_facts_bindings(ngx_http_request_t *r,
    ngx_http_procore_scope_stats_t *stats, procore_status_t *status)
{
    ngx_uint_t              way;
    const char             *name;
    procore_status_part_t  *part;

    status->bindings = ngx_palloc(r->pool, NGX_HTTP_PROCORE_SCOPE_WAYS_COUNTED
                                           * sizeof(procore_status_part_t));
    if (status->bindings == NULL) {
        return NGX_ERROR;
    }

    for (way = PROCORE_WAY_NONE + 1;
         way < NGX_HTTP_PROCORE_SCOPE_WAYS_COUNTED;
         way++)
    {
        name = procore_way_name((procore_way_e) way);

        if (name == NULL || way == PROCORE_WAY_FIRST_TRIED) {
            continue;
        }

        part = &status->bindings[status->nbindings++];

        part->name.len = ngx_strlen(name);
        part->name.data = (const u_char *) name;
        part->n = stats->bindings[way];

        if (way == PROCORE_WAY_FIRST_USE) {
            part->n += stats->bindings[PROCORE_WAY_FIRST_TRIED];
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_procore_scope_facts_commits(ngx_http_request_t *r,
    ngx_http_procore_scope_stats_t *stats, procore_status_t *status)
{
    ngx_uint_t  i;

    status->nbounds = NGX_HTTP_PROCORE_SCOPE_COMMIT_BOUNDS;
    status->bounds = ngx_http_procore_scope_commit_bounds;
    status->commit_usec = stats->commit_usec;

    status->commits = ngx_palloc(r->pool, (status->nbounds + 1)
                                          * sizeof(uint64_t));
    if (status->commits == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i <= status->nbounds; i++) {
        status->commits[i] = stats->commits[i];
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_procore_scope_facts_store(ngx_http_request_t *r,
    procore_status_t *status)
{
    ngx_uint_t                           i;
    procore_store_stat_t                 stat;
    ngx_http_procore_scope_main_conf_t  *pmcf;

    static const procore_str_t  names[] = {
        procore_str("tokens"), procore_str("families"),
        procore_str("projects"), procore_str("sealed"), procore_str("links")
    };

    pmcf = ngx_http_get_module_main_conf(r, ngx_http_procore_scope_module);

    status->path.len = pmcf->store.len;
    status->path.data = pmcf->store.data;

    if (ngx_http_procore_scope_store_stat(&stat) != NGX_OK) {
        return NGX_OK;
    }

    status->opened = 1;
    status->bytes = stat.bytes;
    status->limit = stat.limit;
    status->nentries = sizeof(names) / sizeof(names[0]);

    status->entries = ngx_palloc(r->pool, sizeof(names) / sizeof(names[0])
                                          * sizeof(procore_status_part_t));
    if (status->entries == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < status->nentries; i++) {
        status->entries[i].name = names[i];
    }

    status->entries[0].n = stat.tokens;
    status->entries[1].n = stat.families;
    status->entries[2].n = stat.projects;
    status->entries[3].n = stat.sealed;
    status->entries[4].n = stat.links;

    return NGX_OK;
}


static void
ngx_http_procore_scope_facts_workers(ngx_http_procore_scope_stats_t *stats,
    procore_status_t *status)
{
    ngx_uint_t                        i;
    ngx_msec_int_t                    left;
    ngx_http_procore_scope_worker_t  *worker;

    for (i = 0; i < NGX_MAX_PROCESSES; i++) {
        worker = &stats->workers[i];

        if (ngx_http_procore_scope_worker_lives(worker)) {
            status->workers++;
            status->held += worker->held;
            status->queued += worker->queued;
        }
    }

    left = (ngx_msec_int_t) (stats->backoff - ngx_current_msec);

    if (stats->backoff && left > 0) {
        status->backoff = ((uint64_t) left + 999) / 1000;
    }
}


/*
 * Workers of the configuration before, which are about to end, do not count:
 * they may have another store.
 */

procore_status_store_e
ngx_http_procore_scope_store_status(ngx_http_request_t *r)
{
    ngx_uint_t                           i;
    procore_status_store_e               store, worst;
    ngx_http_procore_scope_stats_t      *stats;
    ngx_http_procore_scope_worker_t     *worker;
    ngx_http_procore_scope_main_conf_t  *pmcf;

    pmcf = ngx_http_get_module_main_conf(r, ngx_http_procore_scope_module);

    stats = ngx_http_procore_scope_stats();
    worst = PROCORE_STATUS_READY;

    for (i = 0; stats && i < NGX_MAX_PROCESSES; i++) {
        worker = &stats->workers[i];

        if (worker->generation != pmcf->generation
            || !ngx_http_procore_scope_worker_lives(worker))
        {
            continue;
        }

        store = ngx_http_procore_scope_worker_store(worker);
        worst = ngx_max(worst, store);
    }

    return worst;
}


/* In the order of arrival. */

static ngx_int_t
ngx_http_procore_scope_facts_rows(ngx_http_request_t *r,
    ngx_http_procore_scope_rows_t *from, ngx_uint_t companies,
    procore_status_rows_t *to)
{
    ngx_uint_t                     i, order;
    ngx_http_procore_scope_row_t  *row;

    for (i = 0; i < PROCORE_DECISION_MAX; i++) {
        to->none[i] = from->none[i];
        to->other[i] = from->other[i];
    }

    to->rows = ngx_pcalloc(r->pool, NGX_HTTP_PROCORE_SCOPE_ROWS
                                    * sizeof(procore_status_row_t));
    if (to->rows == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < NGX_HTTP_PROCORE_SCOPE_ROW_PLACES; i++) {
        row = &from->rows[i];
        order = row->order;

        if (order == 0 || order > NGX_HTTP_PROCORE_SCOPE_ROWS) {
            continue;
        }

        if (ngx_http_procore_scope_facts_row(r, row, companies,
                                             &to->rows[order - 1])
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    /* one that has come meanwhile may be there without those before it */

    while (to->n < NGX_HTTP_PROCORE_SCOPE_ROWS && to->rows[to->n].key.len) {
        to->n++;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_procore_scope_facts_row(ngx_http_request_t *r,
    ngx_http_procore_scope_row_t *from, ngx_uint_t companies,
    procore_status_row_t *to)
{
    u_char      *p;
    uint64_t     company;
    ngx_uint_t   i;

    /* a row stays where it is, and its texts as they are */

    to->realm.len = from->realm_len;
    to->realm.data = from->realm;
    to->key.len = from->key_len;
    to->key.data = from->key;

    if (companies) {
        p = ngx_pnalloc(r->pool, NGX_INT64_LEN);
        if (p == NULL) {
            return NGX_ERROR;
        }

        ngx_memcpy(&company, from->key, sizeof(uint64_t));
        to->key.data = p;
        to->key.len = (size_t) (ngx_sprintf(p, "%uL", company) - p);
    }

    for (i = 0; i < PROCORE_DECISION_MAX; i++) {
        to->counts[i] = from->counts[i];
    }

    return NGX_OK;
}


/*
 * What the module counts, in shared memory: exact among workers, kept across
 * reload, lost with the master process.
 *
 * Files: stats (zone, counters), stats_rows (by company, by client and the
 * like), stats_worker (what each worker has on its hands), stats_log (counts a
 * request when it is logged).
 */


#ifndef _NGX_HTTP_PROCORE_SCOPE_STATS_H_INCLUDED_
#define _NGX_HTTP_PROCORE_SCOPE_STATS_H_INCLUDED_


#include "ngx_http_procore_scope.h"
#include "../status/procore_status.h"


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


#define NGX_HTTP_PROCORE_SCOPE_WAYS_COUNTED  (PROCORE_WAY_FIRST_TRIED + 1)

/* Bounds of the histogram of commits; one more is for what takes longer. */

#define NGX_HTTP_PROCORE_SCOPE_COMMIT_BOUNDS  10


/*
 * Rows: one a company, client, unlisted name or exception, in the order of
 * arrival; what comes when "max" are there counts as "other".  A row is found
 * without a lock.  "order" is written last, so that a worker that is killed
 * leaves a row whole or not at all.
 */

#define NGX_HTTP_PROCORE_SCOPE_ROW_PLACES  128     /* a power of two */
#define NGX_HTTP_PROCORE_SCOPE_ROW_KEY     255     /* of a client id */
#define NGX_HTTP_PROCORE_SCOPE_ROW_REALM   64      /* bytes of its name */

typedef struct {
    ngx_atomic_t  order;                           /* from 1; 0: free */
    u_char        realm_id[PROCORE_REALM_SIZE];
    u_char        realm_len;
    u_char        key_len;
    u_char        realm[NGX_HTTP_PROCORE_SCOPE_ROW_REALM];
    u_char        key[NGX_HTTP_PROCORE_SCOPE_ROW_KEY];
    ngx_atomic_t  counts[PROCORE_DECISION_MAX];
} ngx_http_procore_scope_row_t;

typedef struct {
    ngx_atomic_t                  full;
    ngx_atomic_t                  none[PROCORE_DECISION_MAX];
    ngx_atomic_t                  other[PROCORE_DECISION_MAX];
    ngx_http_procore_scope_row_t  rows[NGX_HTTP_PROCORE_SCOPE_ROW_PLACES];
} ngx_http_procore_scope_rows_t;

/* Most rows of a table: of companies and of clients, and of the others. */

#define NGX_HTTP_PROCORE_SCOPE_ROWS        50
#define NGX_HTTP_PROCORE_SCOPE_ROWS_NAMES  20


/*
 * A worker; its place is its nginx process slot, so that the one that takes the
 * place of a dead worker overwrites what that has left.
 */

typedef struct {
    ngx_atomic_t  pid;             /* 0: free */
    ngx_atomic_t  generation;      /* of the configuration that it runs */
    ngx_atomic_t  held;            /* requests that wait for a lookup */
    ngx_atomic_t  open;            /* the store is */
    ngx_atomic_t  queued;          /* operations that wait for the disk */
    ngx_atomic_t  waits;           /* the oldest one does */
    ngx_atomic_t  since;           /* since then, ngx_current_msec */
    ngx_atomic_t  failed;          /* last failure of a commit, seconds; 0: - */
    ngx_atomic_t  full;            /* it was for want of room */
} ngx_http_procore_scope_worker_t;


typedef struct {
    time_t                           since;        /* the zone is new */
    ngx_atomic_t                     generation;
    ngx_atomic_t                     counters[NGX_HTTP_PROCORE_SCOPE_STAT_MAX];
    ngx_atomic_t                     requests[PROCORE_DECISION_MAX]
                                             [PROCORE_REASON_MAX];
    ngx_atomic_t                     subrequests
                                         [PROCORE_DECISION_MAX];
    ngx_atomic_t                     bindings
                                         [NGX_HTTP_PROCORE_SCOPE_WAYS_COUNTED];
    ngx_atomic_t                     commits
                                    [NGX_HTTP_PROCORE_SCOPE_COMMIT_BOUNDS + 1];
    ngx_atomic_t                     commit_usec;  /* sum, microseconds */
    ngx_atomic_t                     backoff;      /* until, or 0 */
    ngx_http_procore_scope_rows_t    companies;
    ngx_http_procore_scope_rows_t    clients;
    ngx_http_procore_scope_rows_t    names;
    ngx_http_procore_scope_rows_t    exceptions;
    ngx_http_procore_scope_worker_t  workers[NGX_MAX_PROCESSES];
} ngx_http_procore_scope_stats_t;


/* Upper bounds in microseconds, ascending. */

extern const uint64_t  ngx_http_procore_scope_commit_bounds
                           [NGX_HTTP_PROCORE_SCOPE_COMMIT_BOUNDS];


/* stats */

/*
 * Adds "n" to a counter.  May be called from the event loop of any worker, at
 * any time: where there is no zone (yet) it does nothing.
 */

void ngx_http_procore_scope_count(ngx_http_procore_scope_stat_e stat,
    ngx_uint_t n);

/* The same for a commit that took so long, and for a binding of that way. */

void ngx_http_procore_scope_count_commit(uint64_t usec);
void ngx_http_procore_scope_count_binding(procore_way_e way);

/* Lookups of some company keep away until then (ngx_current_msec). */

void ngx_http_procore_scope_count_backoff(ngx_msec_t until);

/* All of it; NULL where there is no zone. */

ngx_http_procore_scope_stats_t *ngx_http_procore_scope_stats(void);

/*
 * Adds the zone to a configuration that has a mode.  NGX_OK or NGX_ERROR.
 * ..._stats_init_process() attaches a worker to it.
 */

ngx_int_t ngx_http_procore_scope_stats_zone(ngx_conf_t *cf,
    ngx_http_procore_scope_main_conf_t *pmcf);
void ngx_http_procore_scope_stats_init_process(
    ngx_http_procore_scope_main_conf_t *pmcf);


/* stats_rows */

/*
 * Adds one to a row, which is made where there are fewer than "max".  An empty
 * key counts as "none".  "pool" has the lock that only a new row takes.
 */

typedef struct {
    u_char                       *realm_id;        /* PROCORE_REALM_SIZE */
    ngx_str_t                    *realm;           /* its name */
    ngx_str_t                     key;             /* cut where too long */
} ngx_http_procore_scope_row_key_t;

void ngx_http_procore_scope_rows_count(ngx_http_procore_scope_rows_t *rows,
    ngx_slab_pool_t *pool, ngx_http_procore_scope_row_key_t *key,
    ngx_uint_t max, procore_decision_e decision);

/* The row with this key, NULL: none. */

ngx_http_procore_scope_row_t *ngx_http_procore_scope_rows_find(
    ngx_http_procore_scope_rows_t *rows, ngx_http_procore_scope_row_key_t *key);


/* stats_worker */

/* This worker's own place; NULL where there is none. */

ngx_http_procore_scope_worker_t *ngx_http_procore_scope_worker(void);

/* Takes the place, and gives it back. */

void ngx_http_procore_scope_worker_init(ngx_http_procore_scope_stats_t *stats,
    ngx_uint_t generation);
void ngx_http_procore_scope_worker_exit(void);

/* Does the process of this place live?  1 or 0. */

ngx_uint_t ngx_http_procore_scope_worker_lives(
    ngx_http_procore_scope_worker_t *worker);

/* What keeps this worker's store from new tokens. */

procore_status_store_e ngx_http_procore_scope_worker_store(
    ngx_http_procore_scope_worker_t *worker);


/* stats_log: a handler of the LOG phase, and the key of an exception's row. */

ngx_int_t ngx_http_procore_scope_log_handler(ngx_http_request_t *r);
void ngx_http_procore_scope_exception_key(
    const procore_exception_t *exception,
    ngx_http_procore_scope_row_key_t *key);

/* A subrequest is not logged, but what was decided about it counts. */

void ngx_http_procore_scope_count_subrequest(
    ngx_http_procore_scope_ctx_t *ctx);


#endif /* _NGX_HTTP_PROCORE_SCOPE_STATS_H_INCLUDED_ */

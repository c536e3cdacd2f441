
/*
 * The store in nginx's processes: made fit by the master, opened by each
 * worker, read in the event loop.  Writing is in the writer's file.
 */


#include "ngx_http_procore_scope_stats.h"
#include "ngx_http_procore_scope_audit.h"
#include "ngx_http_procore_scope_report.h"
#include "ngx_http_procore_scope_writer.h"


/* How long a cold start waits for an old nginx to let go of the store. */

#define NGX_HTTP_PROCORE_SCOPE_START_WAIT   5000     /* milliseconds */

/* A store that cannot be opened is tried again after this time. */

#define NGX_HTTP_PROCORE_SCOPE_OPEN_PAUSE   10000    /* milliseconds */

/* Readers that died are looked for, and the sweep goes on, so often. */

#define NGX_HTTP_PROCORE_SCOPE_CARE_PAUSE   60000    /* milliseconds */

/* Damaged records are counted; the log hears of them at most so often. */

#define NGX_HTTP_PROCORE_SCOPE_REPORT       60       /* seconds */


typedef struct {
    procore_store_t                     *store;      /* NULL: out of order */
    ngx_http_procore_scope_main_conf_t  *conf;
    ngx_uint_t                           nested;
    ngx_uint_t                           damaged;
    time_t                               reported;
    ngx_event_t                          open_event;
    ngx_event_t                          care_event;
    char                                 error[PROCORE_STORE_ERROR_TEXT];
} ngx_http_procore_scope_store_t;


static void ngx_http_procore_scope_store_try(ngx_event_t *ev);
static void ngx_http_procore_scope_store_care(ngx_event_t *ev);
static int ngx_http_procore_scope_store_result(int rc, const char *what);


static ngx_http_procore_scope_store_t  store;

/*
 * Set by the master, inherited by its workers: the folder did not pass the
 * master's checks, so opening it could crash them.
 */

static ngx_uint_t  unfit;


ngx_int_t
ngx_http_procore_scope_store_init_module(ngx_cycle_t *cycle)
{
    int                                  rc;
    gid_t                                gid;
    uid_t                                uid;
    unsigned                             wait;
    ngx_core_conf_t                     *ccf;
    procore_store_report_t               report;
    ngx_http_procore_scope_main_conf_t  *pmcf;

    unfit = 0;

    pmcf = ngx_http_cycle_get_module_main_conf(cycle,
                                               ngx_http_procore_scope_module);

    if (ngx_test_config || pmcf == NULL || !pmcf->active) {
        return NGX_OK;
    }

    ccf = (ngx_core_conf_t *) ngx_get_conf(cycle->conf_ctx, ngx_core_module);

    uid = geteuid();
    gid = getegid();

    if (uid == 0) {
        uid = ccf->user;
        gid = ccf->group;
    }

    /*
     * While workers have the store open, at a reload or an upgrade, their lock
     * keeps the check away.  Otherwise the folder is new, or was out of order.
     */

    wait = 0;

    if (ngx_is_init_cycle(cycle->old_cycle) && !ngx_inherited) {
        wait = NGX_HTTP_PROCORE_SCOPE_START_WAIT;
    }

    ngx_memzero(&report, sizeof(procore_store_report_t));

    rc = procore_store_prepare((char *) pmcf->store.data, pmcf->store_size,
                               uid, gid, wait, (uint64_t) ngx_time(), &report);

    if (rc != PROCORE_OK) {
        unfit = 1;
        ngx_log_error(NGX_LOG_EMERG, cycle->log, 0,
                      "procore_scope: the store \"%V\" is out of order, its "
                      "locations answer 503 until it is repaired and nginx "
                      "reloaded: %s", &pmcf->store, report.text);
        return NGX_OK;
    }

    if (report.set_aside) {
        ngx_log_error(NGX_LOG_EMERG, cycle->log, 0,
                      "procore_scope: the store \"%V\" was damaged: %s (%uL "
                      "entries kept, %uL lost)", &pmcf->store, report.text,
                      report.kept, report.lost);
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_procore_scope_store_init_process(ngx_cycle_t *cycle)
{
    ngx_http_procore_scope_main_conf_t  *pmcf;

    pmcf = ngx_http_cycle_get_module_main_conf(cycle,
                                               ngx_http_procore_scope_module);

    if (pmcf == NULL || !pmcf->active) {
        return NGX_OK;
    }

    if (ngx_http_procore_scope_chain_init_process(cycle, pmcf) != NGX_OK) {
        return NGX_ERROR;
    }

    if (ngx_process != NGX_PROCESS_WORKER && ngx_process != NGX_PROCESS_SINGLE)
    {
        return NGX_OK;
    }

    ngx_memzero(&store, sizeof(ngx_http_procore_scope_store_t));

    store.conf = pmcf;

    ngx_http_procore_scope_stats_init_process(pmcf);

    if (ngx_http_procore_scope_writer_init(cycle, pmcf->pool) != NGX_OK
        || ngx_http_procore_scope_report_init(cycle) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (unfit) {
        return NGX_OK;
    }

    store.open_event.handler = ngx_http_procore_scope_store_try;
    store.open_event.data = &store;
    store.open_event.log = cycle->log;
    store.open_event.cancelable = 1;

    store.care_event.handler = ngx_http_procore_scope_store_care;
    store.care_event.data = &store;
    store.care_event.log = cycle->log;
    store.care_event.cancelable = 1;

    ngx_http_procore_scope_store_try(&store.open_event);

    return NGX_OK;
}


void
ngx_http_procore_scope_store_exit_process(ngx_cycle_t *cycle)
{
    if (store.conf == NULL) {
        return;
    }

    ngx_http_procore_scope_writer_end();
    ngx_http_procore_scope_watch_exit();
    ngx_http_procore_scope_chain_exit();
    ngx_http_procore_scope_report_exit();
    ngx_http_procore_scope_writer_exit();

    ngx_http_procore_scope_worker_exit();

    if (store.store != NULL) {
        procore_store_close(store.store);
        store.store = NULL;
    }
}


ngx_uint_t
ngx_http_procore_scope_store_ready(void)
{
    return store.store != NULL && ngx_http_procore_scope_writer_ready();
}


ngx_int_t
ngx_http_procore_scope_store_begin(void)
{
    if (store.store == NULL) {
        return NGX_ERROR;
    }

    if (store.nested == 0
        && ngx_http_procore_scope_store_result(
                         procore_store_begin(store.store), "snapshot")
           != PROCORE_OK)
    {
        return NGX_ERROR;
    }

    store.nested++;

    return NGX_OK;
}


void
ngx_http_procore_scope_store_end(void)
{
    if (--store.nested == 0) {
        procore_store_end(store.store);
    }
}


int
ngx_http_procore_scope_store_token(procore_token_kind_e kind,
    const u_char *digest, procore_token_t *token)
{
    return ngx_http_procore_scope_store_result(
                      procore_store_token(store.store, kind, digest, token),
                      "token");
}


int
ngx_http_procore_scope_store_project(const u_char *realm, uint64_t project,
    procore_project_t *out)
{
    return ngx_http_procore_scope_store_result(
                      procore_store_project(store.store, realm, project, out),
                      "project");
}


int
ngx_http_procore_scope_store_sealed(const u_char *key,
    procore_sealed_t *record)
{
    return ngx_http_procore_scope_store_result(
                      procore_store_sealed(store.store, key,
                                           (uint64_t) ngx_time(), record),
                      "sealed record");
}


ngx_uint_t
ngx_http_procore_scope_store_paused(const u_char *realm, ngx_str_t *client)
{
    int  rc;

    rc = procore_store_paused(store.store, realm, client->data, client->len);

    return ngx_http_procore_scope_store_result(rc, "pause") == PROCORE_OK;
}


procore_store_t *
ngx_http_procore_scope_store_here(void)
{
    return store.store;
}


ngx_int_t
ngx_http_procore_scope_store_stat(procore_store_stat_t *stat)
{
    int  rc;

    if (ngx_http_procore_scope_store_begin() != NGX_OK) {
        return NGX_ERROR;
    }

    rc = procore_store_stat(store.store, stat);

    ngx_http_procore_scope_store_end();

    return rc == PROCORE_OK ? NGX_OK : NGX_ERROR;
}


int
ngx_http_procore_scope_store_chain(const u_char *after,
    procore_chain_point_t *point)
{
    return procore_store_chain(store.store, after, point);
}


int
ngx_http_procore_scope_store_report(procore_report_place_t *place,
    procore_report_row_t *row)
{
    return procore_store_report_next(store.store, place, row);
}


ngx_int_t
ngx_http_procore_scope_store_key(u_char *key)
{
    if (store.store == NULL
        || procore_store_key(store.store, key) != PROCORE_OK)
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_procore_scope_store_write(procore_store_op_t *op,
    ngx_http_procore_scope_written_pt handler, void *data)
{
    if (store.conf == NULL) {
        return NGX_ERROR;
    }

    return ngx_http_procore_scope_writer_add(op, handler, data);
}


void
ngx_http_procore_scope_hold(ngx_http_request_t *r)
{
    r->main->blocked++;
}


void
ngx_http_procore_scope_release(ngx_http_request_t *r)
{
    r->main->blocked--;
}


void
ngx_http_procore_scope_wake(ngx_http_request_t *r)
{
    ngx_connection_t  *c;

    c = r->connection;

    ngx_http_set_log_request(c->log, r);

    if (ngx_http_procore_scope_terminated(r)) {
        c->write->handler(c->write);
        return;
    }

    r->write_event_handler(r);

    ngx_http_run_posted_requests(c);
}


/* Opens the store, now or later; says so once for each cause. */

static void
ngx_http_procore_scope_store_try(ngx_event_t *ev)
{
    int   rc;
    char  error[PROCORE_STORE_ERROR_TEXT];

    error[0] = '\0';

    rc = procore_store_open(&store.store, (char *) store.conf->store.data,
                            store.conf->store_size, error);

    if (rc != PROCORE_OK) {
        store.store = NULL;

        if (ngx_strcmp(store.error, error) != 0) {
            ngx_log_error(NGX_LOG_EMERG, ev->log, 0,
                          "procore_scope: the store \"%V\" cannot be opened: "
                          "%s", &store.conf->store, error);
            ngx_memcpy(store.error, error, sizeof(error));
        }

        ngx_add_timer(ev, NGX_HTTP_PROCORE_SCOPE_OPEN_PAUSE);
        return;
    }

    if (store.error[0] != '\0') {
        ngx_log_error(NGX_LOG_WARN, ev->log, 0,
                      "procore_scope: the store \"%V\" is open now",
                      &store.conf->store);
        store.error[0] = '\0';
    }

    if (error[0] != '\0') {
        ngx_log_error(NGX_LOG_EMERG, ev->log, 0,
                      "procore_scope: the store \"%V\" cannot keep "
                      "authorizations: %s", &store.conf->store, error);
    }

    ngx_http_procore_scope_writer_open(store.store);

    ngx_add_timer(&store.care_event, NGX_HTTP_PROCORE_SCOPE_CARE_PAUSE);
}


static void
ngx_http_procore_scope_store_care(ngx_event_t *ev)
{
    int  dead;

    if (procore_store_reader_check(store.store, &dead) == PROCORE_OK && dead) {
        ngx_log_error(NGX_LOG_NOTICE, ev->log, 0,
                      "procore_scope: freed %d slots of processes that died",
                      dead);
    }

    if (ngx_worker == 0) {
        ngx_http_procore_scope_writer_sweep();
    }

    ngx_add_timer(ev, NGX_HTTP_PROCORE_SCOPE_CARE_PAUSE);
}


static int
ngx_http_procore_scope_store_result(int rc, const char *what)
{
    if (rc != PROCORE_CORRUPT && rc != PROCORE_ERROR) {
        return rc;
    }

    store.damaged++;
    ngx_http_procore_scope_count(NGX_HTTP_PROCORE_SCOPE_STAT_DAMAGED_RECORDS,
                                 1);

    if (store.reported == 0
        || ngx_time() - store.reported >= NGX_HTTP_PROCORE_SCOPE_REPORT)
    {
        store.reported = ngx_time();

        ngx_log_error(NGX_LOG_CRIT, ngx_cycle->log, 0,
                      "procore_scope: a %s of the store cannot be read, "
                      "%ui such failures in this worker", what, store.damaged);
    }

    return rc == PROCORE_CORRUPT ? PROCORE_NOT_FOUND : rc;
}

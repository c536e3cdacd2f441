
/*
 * The writer: a queue of operations, and the thread's task that writes them.
 *
 * The event loop owns everything but the job.  The job is the thread's from
 * the moment when the task is posted until its completion handler runs.
 */


#include "ngx_http_procore_scope_stats.h"
#include "ngx_http_procore_scope_job.h"
#include "ngx_http_procore_scope_writer.h"


#if !(NGX_THREADS)
#error "the Procore scope module needs nginx configured --with-threads"
#endif


/* Sealed bytes of all operations that wait: as many of the largest records. */

#define NGX_HTTP_PROCORE_SCOPE_SEALED_QUEUE  (32 * PROCORE_STORE_SEALED_MAX)

/*
 * Ids of a list in one group.  A token that comes meanwhile waits for it; alone
 * in a group, a longer piece costs less per id than several commits.
 */

#define NGX_HTTP_PROCORE_SCOPE_LIST_PIECE    2000

/* What failed is written again so often, after a pause each time. */

#define NGX_HTTP_PROCORE_SCOPE_TRIES         6
#define NGX_HTTP_PROCORE_SCOPE_TRY_PAUSE     3000    /* milliseconds */

/* A worker that shuts down waits at most this long for a commit. */

#define NGX_HTTP_PROCORE_SCOPE_COMMIT_TIME   60000   /* milliseconds */


typedef struct {
    procore_store_t                   *store;      /* NULL: not open */
    ngx_thread_pool_t                 *pool;
    ngx_log_t                         *log;
    ngx_thread_task_t                 *task;
    ngx_http_procore_scope_job_t      *job;
    ngx_queue_t                        tokens;
    ngx_uint_t                         ntokens;
    ngx_queue_t                        lists;
    size_t                             nlisted;    /* ids in lists */
    size_t                             nsealed;    /* bytes in tokens */
    ngx_queue_t                        apart;      /* each its own group */
    ngx_queue_t                        again;
    ngx_uint_t                         nagain;
    ngx_event_t                        again_event;
    ngx_event_t                        alive;
    ngx_msec_t                         oldest;     /* of the group at hand */
    time_t                             failed;     /* last failure, 0: none */
    ngx_uint_t                         sweep;      /* asked for, so often */
    unsigned                           full:1;     /* no room then */
    unsigned                           busy:1;
    unsigned                           ending:1;   /* there is no thread */
} ngx_http_procore_scope_writer_t;


static void ngx_http_procore_scope_writer_start(void);
static void ngx_http_procore_scope_writer_fill(void);
static ngx_uint_t ngx_http_procore_scope_writer_late(void);
static void ngx_http_procore_scope_writer_fill_apart(void);
static void ngx_http_procore_scope_writer_fill_lists(void);
static void ngx_http_procore_scope_writer_take(
    ngx_http_procore_scope_write_t *w);
static void ngx_http_procore_scope_writer_done(ngx_event_t *ev);
static void ngx_http_procore_scope_writer_finish(
    ngx_http_procore_scope_write_t *w, int rc);
static void ngx_http_procore_scope_writer_result(int rc, const char *error);
static void ngx_http_procore_scope_writer_tell(void);
static void ngx_http_procore_scope_writer_repeat(
    ngx_http_procore_scope_write_t *w);
static void ngx_http_procore_scope_writer_again(ngx_event_t *ev);
static void ngx_http_procore_scope_writer_alive(ngx_event_t *ev);


static ngx_http_procore_scope_writer_t  writer;


ngx_int_t
ngx_http_procore_scope_writer_init(ngx_cycle_t *cycle, ngx_thread_pool_t *pool)
{
    ngx_memzero(&writer, sizeof(ngx_http_procore_scope_writer_t));

    ngx_queue_init(&writer.tokens);
    ngx_queue_init(&writer.lists);
    ngx_queue_init(&writer.apart);
    ngx_queue_init(&writer.again);

    writer.pool = pool;
    writer.log = cycle->log;

    writer.task = ngx_thread_task_alloc(cycle->pool,
                                        sizeof(ngx_http_procore_scope_job_t));
    if (writer.task == NULL) {
        return NGX_ERROR;
    }

    writer.job = writer.task->ctx;
    writer.task->handler = ngx_http_procore_scope_job_run;
    writer.task->event.handler = ngx_http_procore_scope_writer_done;
    writer.task->event.data = &writer;

    writer.again_event.handler = ngx_http_procore_scope_writer_again;
    writer.again_event.data = &writer;
    writer.again_event.log = cycle->log;
    writer.again_event.cancelable = 1;

    writer.alive.handler = ngx_http_procore_scope_writer_alive;
    writer.alive.data = &writer;
    writer.alive.log = cycle->log;

    return NGX_OK;
}


void
ngx_http_procore_scope_writer_open(procore_store_t *store)
{
    writer.store = store;
    writer.job->store = store;

    ngx_http_procore_scope_writer_start();
    ngx_http_procore_scope_writer_tell();
}


ngx_uint_t
ngx_http_procore_scope_writer_ready(void)
{
    ngx_http_procore_scope_worker_t  *worker;

    worker = ngx_http_procore_scope_worker();

    return worker
           && ngx_http_procore_scope_worker_store(worker)
              == PROCORE_STATUS_READY;
}


ngx_int_t
ngx_http_procore_scope_writer_add(procore_store_op_t *op,
    ngx_http_procore_scope_written_pt handler, void *data)
{
    ngx_http_procore_scope_write_t  *w;

    w = ngx_http_procore_scope_write_copy(op, writer.log);
    if (w == NULL) {
        return NGX_ERROR;
    }

    if (op->type == PROCORE_STORE_PROJECTS) {

        if (writer.store == NULL
            || w->total > NGX_HTTP_PROCORE_SCOPE_LIST_QUEUE - writer.nlisted)
        {
            ngx_free(w);
            return NGX_ERROR;
        }

        w->handler = handler;
        w->data = data;
        writer.nlisted += w->total;
        ngx_queue_insert_tail(&writer.lists, &w->queue);

    } else if (op->type == PROCORE_STORE_REPORT) {

        if (writer.store == NULL) {
            ngx_free(w);
            return NGX_ERROR;
        }

        w->handler = handler;
        w->data = data;
        ngx_queue_insert_tail(&writer.apart, &w->queue);

    } else {

        if (writer.store == NULL
            || writer.ntokens >= NGX_HTTP_PROCORE_SCOPE_QUEUE
            || op->sealed_len
               > NGX_HTTP_PROCORE_SCOPE_SEALED_QUEUE - writer.nsealed)
        {
            ngx_http_procore_scope_writer_repeat(w);
            return NGX_ERROR;
        }

        w->handler = handler;
        w->data = data;
        writer.ntokens++;
        writer.nsealed += op->sealed_len;
        ngx_queue_insert_tail(&writer.tokens, &w->queue);
    }

    ngx_http_procore_scope_writer_start();
    ngx_http_procore_scope_writer_tell();

    return NGX_OK;
}


void
ngx_http_procore_scope_writer_sweep(void)
{
    writer.sweep++;

    ngx_http_procore_scope_writer_start();
}


void
ngx_http_procore_scope_writer_end(void)
{
    writer.ending = 1;
}


void
ngx_http_procore_scope_writer_exit(void)
{
    ngx_uint_t                     i;
    ngx_http_procore_scope_job_t  *job;

    job = writer.job;

    if (job == NULL) {
        return;
    }

    if (writer.alive.timer_set) {
        ngx_del_timer(&writer.alive);
    }

    /* the thread has finished its group; nobody is left to be told */

    if (writer.busy) {
        ngx_http_procore_scope_job_count(job);

        for (i = 0; i < job->n; i++) {
            ngx_free(job->writes[i]);
        }
    }

    /* what failed before gets its last chance; lists can be learnt again */

    if (!ngx_queue_empty(&writer.again)) {
        ngx_queue_add(&writer.tokens, &writer.again);
        ngx_queue_init(&writer.again);
    }

    writer.sweep = 0;
    ngx_http_procore_scope_write_free(&writer.lists);

    while (writer.store != NULL
           && (!ngx_queue_empty(&writer.tokens)
               || !ngx_queue_empty(&writer.apart)))
    {
        ngx_http_procore_scope_writer_fill();

        if (job->n == 0) {
            ngx_http_procore_scope_writer_fill_apart();
        }

        ngx_http_procore_scope_job_run(job, writer.log);
        ngx_http_procore_scope_job_count(job);

        for (i = 0; i < job->n; i++) {
            ngx_free(job->writes[i]);
        }

        if (job->rc != PROCORE_OK && !job->apart) {
            ngx_http_procore_scope_writer_result(job->rc, job->error);
            break;
        }
    }

    ngx_http_procore_scope_write_free(&writer.tokens);
    ngx_http_procore_scope_write_free(&writer.apart);

    writer.job = NULL;
    writer.store = NULL;
}


static void
ngx_http_procore_scope_writer_start(void)
{
    ngx_http_procore_scope_job_t  *job;

    if (writer.busy || writer.ending || writer.store == NULL) {
        return;
    }

    job = writer.job;
    job->n = 0;
    job->apart = 0;
    job->sweep = 0;

    /* a queue that is never empty must not keep the sweep away */

    if (writer.sweep < 2) {

        if (!ngx_http_procore_scope_writer_late()) {
            ngx_http_procore_scope_writer_fill();
        }

        if (job->n == 0) {
            ngx_http_procore_scope_writer_fill_apart();
        }
    }

    if (job->n == 0) {

        if (!writer.sweep) {
            return;
        }

        writer.sweep = 0;
        job->sweep = 1;
        job->now = (uint64_t) ngx_time();
    }

    writer.busy = 1;

    if (ngx_thread_task_post(writer.pool, writer.task) != NGX_OK) {

        /* told from the event loop: the callers have not held anything yet */

        job->rc = PROCORE_ERROR;
        job->usec = 0;
        ngx_cpystrn((u_char *) job->error,
                    (u_char *) "no thread takes the task",
                    PROCORE_STORE_ERROR_TEXT);

        ngx_post_event(&writer.task->event, &ngx_posted_events);

        return;
    }

    /* a shutdown must not end the process while requests wait for the disk */

    ngx_add_timer(&writer.alive, NGX_HTTP_PROCORE_SCOPE_COMMIT_TIME);

    ngx_http_procore_scope_writer_tell();
}


/* Tokens first, in their order; lists take what is left of a group. */

static void
ngx_http_procore_scope_writer_fill(void)
{
    ngx_http_procore_scope_job_t    *job;
    ngx_http_procore_scope_write_t  *w;

    job = writer.job;
    job->n = 0;
    job->apart = 0;
    job->sweep = 0;

    while (job->n < PROCORE_STORE_GROUP && !ngx_queue_empty(&writer.tokens)) {

        w = ngx_queue_data(ngx_queue_head(&writer.tokens),
                           ngx_http_procore_scope_write_t, queue);

        if (job->n == 0) {
            writer.oldest = w->queued;
        }

        writer.ntokens -= writer.ntokens > 0;
        writer.nsealed -= w->op.sealed_len;
        ngx_http_procore_scope_writer_take(w);
    }

    if (job->n == 0) {
        writer.oldest = ngx_current_msec;
    }

    ngx_http_procore_scope_writer_fill_lists();
}


/* Nor from what is written by itself, whose turn is after the others. */

static ngx_uint_t
ngx_http_procore_scope_writer_late(void)
{
    ngx_http_procore_scope_write_t  *w;

    if (ngx_queue_empty(&writer.apart)) {
        return 0;
    }

    w = ngx_queue_data(ngx_queue_head(&writer.apart),
                       ngx_http_procore_scope_write_t, queue);

    return (ngx_msec_int_t) (ngx_current_msec - w->queued)
           > NGX_HTTP_PROCORE_SCOPE_QUEUE_AGE;
}


static void
ngx_http_procore_scope_writer_fill_apart(void)
{
    writer.job->n = 0;
    writer.job->sweep = 0;

    if (ngx_queue_empty(&writer.apart)) {
        return;
    }

    writer.oldest = ngx_current_msec;
    writer.job->apart = 1;

    ngx_http_procore_scope_writer_take(
                              ngx_queue_data(ngx_queue_head(&writer.apart),
                                             ngx_http_procore_scope_write_t,
                                             queue));
}


static void
ngx_http_procore_scope_writer_fill_lists(void)
{
    size_t                           room, n;
    ngx_http_procore_scope_job_t    *job;
    ngx_http_procore_scope_write_t  *w;

    job = writer.job;

    room = job->n ? PROCORE_STORE_GROUP - job->n
                  : NGX_HTTP_PROCORE_SCOPE_LIST_PIECE;

    while (room && job->n < PROCORE_STORE_GROUP
           && !ngx_queue_empty(&writer.lists))
    {
        w = ngx_queue_data(ngx_queue_head(&writer.lists),
                           ngx_http_procore_scope_write_t, queue);

        n = ngx_min(room, w->total - w->first);

        w->op.projects = w->projects + w->first;
        w->op.nprojects = n;

        room -= n ? n : 1;
        writer.nlisted -= n;
        ngx_http_procore_scope_writer_take(w);
    }
}


static void
ngx_http_procore_scope_writer_take(ngx_http_procore_scope_write_t *w)
{
    ngx_http_procore_scope_job_t  *job;

    job = writer.job;

    ngx_queue_remove(&w->queue);

    job->writes[job->n] = w;
    job->ops[job->n] = &w->op;
    job->n++;
}


static void
ngx_http_procore_scope_writer_done(ngx_event_t *ev)
{
    int                              rc;
    ngx_uint_t                       i, n;
    ngx_http_procore_scope_job_t    *job;
    ngx_http_procore_scope_write_t  *writes[PROCORE_STORE_GROUP];

    job = writer.job;

    if (writer.alive.timer_set) {
        ngx_del_timer(&writer.alive);
    }

    /* what is written by itself tells of its failure by itself */

    if (!job->apart) {
        ngx_http_procore_scope_writer_result(job->rc, job->error);
    }

    ngx_http_procore_scope_job_count(job);

    rc = job->rc;
    n = job->n;
    ngx_memcpy(writes, job->writes,
               n * sizeof(ngx_http_procore_scope_write_t *));

    writer.busy = 0;

    /* the disk works on while requests are woken */

    ngx_http_procore_scope_writer_start();
    ngx_http_procore_scope_writer_tell();

    for (i = 0; i < n; i++) {
        ngx_http_procore_scope_writer_finish(writes[i],
                                      rc == PROCORE_OK ? writes[i]->op.rc : rc);
    }
}


static void
ngx_http_procore_scope_writer_finish(ngx_http_procore_scope_write_t *w, int rc)
{
    size_t                             n;
    ngx_uint_t                         failed;
    ngx_http_procore_scope_written_pt  handler;

    failed = (rc == PROCORE_ERROR || rc == PROCORE_FULL);

    if (w->op.type == PROCORE_STORE_PROJECTS) {

        n = ngx_http_procore_scope_write_piece(w, failed);

        if (n && rc == PROCORE_OK) {
            ngx_queue_insert_tail(&writer.lists, &w->queue);
            ngx_http_procore_scope_writer_start();
            return;
        }

        writer.nlisted -= n;
        ngx_http_procore_scope_write_whole(w);
    }

    w->op.rc = rc;

    handler = w->handler;
    w->handler = NULL;

    if (handler != NULL) {
        handler(w->data, &w->op);
    }

    if (failed && w->op.type != PROCORE_STORE_PROJECTS) {
        ngx_http_procore_scope_writer_repeat(w);
        return;
    }

    ngx_free(w);
}


/* What others see of this worker's queue. */

static void
ngx_http_procore_scope_writer_tell(void)
{
    ngx_http_procore_scope_write_t   *w;
    ngx_http_procore_scope_worker_t  *worker;

    worker = ngx_http_procore_scope_worker();

    if (worker == NULL) {
        return;
    }

    worker->open = writer.store != NULL;
    worker->queued = writer.ntokens;
    worker->failed = (ngx_atomic_uint_t) writer.failed;
    worker->full = writer.full;

    if (writer.busy && writer.job->n) {
        worker->since = writer.oldest;
        worker->waits = 1;

    } else if (!ngx_queue_empty(&writer.tokens)) {
        w = ngx_queue_data(ngx_queue_head(&writer.tokens),
                           ngx_http_procore_scope_write_t, queue);
        worker->since = w->queued;
        worker->waits = 1;

    } else {
        worker->waits = 0;
    }
}


/* Says when writing begins to fail and when it works again, not each time. */

static void
ngx_http_procore_scope_writer_result(int rc, const char *error)
{
    if (rc == PROCORE_OK) {

        if (writer.failed) {
            ngx_log_error(NGX_LOG_WARN, writer.log, 0,
                          "procore_scope: the store can be written again");
            writer.failed = 0;
        }

        return;
    }

    if (writer.failed == 0) {
        ngx_log_error(NGX_LOG_EMERG, writer.log, 0,
                      "procore_scope: the store cannot be written, new tokens "
                      "stay unbound: %s", error);
    }

    writer.failed = ngx_time();
    writer.full = rc == PROCORE_FULL;
}


/* Keeps what could not be written, without its request, for another try. */

static void
ngx_http_procore_scope_writer_repeat(ngx_http_procore_scope_write_t *w)
{
    if (!ngx_http_procore_scope_write_repeats(&w->op)
        || w->tries++ == NGX_HTTP_PROCORE_SCOPE_TRIES
        || writer.nagain == NGX_HTTP_PROCORE_SCOPE_QUEUE)
    {
        ngx_free(w);
        return;
    }

    writer.nagain++;
    ngx_queue_insert_tail(&writer.again, &w->queue);

    if (!writer.again_event.timer_set) {
        ngx_add_timer(&writer.again_event, NGX_HTTP_PROCORE_SCOPE_TRY_PAUSE);
    }
}


static void
ngx_http_procore_scope_writer_again(ngx_event_t *ev)
{
    ngx_queue_t                     *q;
    ngx_http_procore_scope_write_t  *w;

    if (writer.store == NULL) {
        ngx_add_timer(ev, NGX_HTTP_PROCORE_SCOPE_TRY_PAUSE);
        return;
    }

    while (!ngx_queue_empty(&writer.again)) {

        q = ngx_queue_head(&writer.again);
        w = ngx_queue_data(q, ngx_http_procore_scope_write_t, queue);
        ngx_queue_remove(q);

        w->queued = ngx_current_msec;
        writer.ntokens++;
        writer.nsealed += w->op.sealed_len;
        ngx_queue_insert_tail(&writer.tokens, &w->queue);
    }

    writer.nagain = 0;

    ngx_http_procore_scope_writer_start();
    ngx_http_procore_scope_writer_tell();
}


static void
ngx_http_procore_scope_writer_alive(ngx_event_t *ev)
{
    ngx_log_error(NGX_LOG_ALERT, ev->log, 0,
                  "procore_scope: a commit of the store takes over a minute");
}

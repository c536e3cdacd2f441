
/*
 * The watch over the audit's writing.  nginx's log module writes a record, and
 * its failures go to the error log alone, once a minute; so the file is looked
 * at before and after: it must have grown.
 */


#include "ngx_http_procore_scope_target.h"
#include "ngx_http_procore_scope_stats.h"


/* Of a location's access_logs, this many are watched. */

#define NGX_HTTP_PROCORE_SCOPE_WATCH_LOGS     16

/* So long nginx itself does not say again that a write has failed. */

#define NGX_HTTP_PROCORE_SCOPE_WATCH_SAID     59      /* seconds */


/* A log that gets the record at hand, as it was before. */

typedef struct {
    ngx_http_procore_scope_log_t     *log;
    ngx_http_procore_scope_target_t  *target;
    off_t                             size;
    off_t                             sent;
    size_t                            buffered;
    ngx_uint_t                        regular;
} ngx_http_procore_scope_watched_t;


/* The request that is being logged; there is one at a time. */

typedef struct {
    ngx_uint_t                         n;          /* of logs */
    ngx_uint_t                         carriers;   /* conditions apart */
    ngx_http_procore_scope_target_t    nobody;     /* for what has no log */
    ngx_http_procore_scope_watched_t   logs[NGX_HTTP_PROCORE_SCOPE_WATCH_LOGS];
} ngx_http_procore_scope_watch_t;


static ngx_int_t ngx_http_procore_scope_watch_before(ngx_http_request_t *r);
static void ngx_http_procore_scope_watch_note(
    ngx_http_procore_scope_watched_t *watched);
static ngx_int_t ngx_http_procore_scope_watch_after(ngx_http_request_t *r);
static void ngx_http_procore_scope_watch_logs(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);
static const char *ngx_http_procore_scope_watch_result(
    ngx_http_procore_scope_watched_t *watched,
    ngx_http_procore_scope_ctx_t *ctx);
static const char *ngx_http_procore_scope_watch_buffer(
    ngx_http_procore_scope_watched_t *watched,
    ngx_http_procore_scope_ctx_t *ctx);
static const char *ngx_http_procore_scope_watch_file(
    ngx_http_procore_scope_watched_t *watched, size_t grown);


static ngx_http_procore_scope_watch_t  watch;


ngx_int_t
ngx_http_procore_scope_watch_init(ngx_conf_t *cf)
{
    ngx_http_handler_pt        *h;
    ngx_http_core_main_conf_t  *cmcf;

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);

    /* the log module's handler is there already: one goes before it */

    h = ngx_array_push_n(&cmcf->phases[NGX_HTTP_LOG_PHASE].handlers, 2);
    if (h == NULL) {
        return NGX_ERROR;
    }

    h[1] = ngx_http_procore_scope_watch_after;

    h = cmcf->phases[NGX_HTTP_LOG_PHASE].handlers.elts;
    ngx_memmove(&h[1], &h[0],
                (cmcf->phases[NGX_HTTP_LOG_PHASE].handlers.nelts - 2)
                * sizeof(ngx_http_handler_pt));

    h[0] = ngx_http_procore_scope_watch_before;

    return NGX_OK;
}


static ngx_int_t
ngx_http_procore_scope_watch_before(ngx_http_request_t *r)
{
    ngx_uint_t                     i;
    ngx_array_t                   *logs;
    ngx_http_procore_scope_ctx_t  *ctx;
    ngx_http_procore_scope_log_t  *log;

    ctx = ngx_http_procore_scope_get_ctx(r);

    if (r != r->main || ctx == NULL || ctx->decision == PROCORE_DECISION_NONE) {
        return NGX_OK;
    }

    ctx->logging = 1;

    watch.n = 0;
    watch.carriers = 0;

    if (ngx_http_procore_scope_logs(r, &logs) != NGX_OK || logs == NULL) {
        return NGX_OK;
    }

    log = logs->elts;

    for (i = 0; i < logs->nelts; i++) {

        if (!ngx_http_procore_scope_log_carries(r, &log[i])) {
            continue;
        }

        watch.carriers++;

        if (watch.n < NGX_HTTP_PROCORE_SCOPE_WATCH_LOGS) {
            watch.logs[watch.n].log = &log[i];
            ngx_http_procore_scope_watch_note(&watch.logs[watch.n++]);
        }
    }

    return NGX_OK;
}


/* How the target is before the log module writes. */

static void
ngx_http_procore_scope_watch_note(ngx_http_procore_scope_watched_t *watched)
{
    ngx_file_info_t                       fi;
    ngx_http_procore_scope_log_t         *log;
    ngx_http_procore_scope_log_buffer_t  *buffer;

    log = watched->log;
    watched->target = ngx_http_procore_scope_target(log);

    if (watched->target == NULL) {
        return;
    }

    if (log->syslog_peer) {
        watched->sent = log->syslog_peer->conn.sent;
        return;
    }

    ngx_http_procore_scope_target_settle(watched->target);

    watched->regular = ngx_fd_info(log->file->fd, &fi) != NGX_FILE_ERROR
                       && ngx_is_file(&fi);
    watched->size = watched->regular ? ngx_file_size(&fi) : 0;

    buffer = log->file->data;
    watched->buffered = buffer ? (size_t) (buffer->pos - buffer->start) : 0;
}


static ngx_int_t
ngx_http_procore_scope_watch_after(ngx_http_request_t *r)
{
    ngx_http_procore_scope_ctx_t  *ctx;

    ctx = ngx_http_procore_scope_get_ctx(r);

    if (r == r->main && ctx && ctx->logging) {
        ngx_http_procore_scope_watch_logs(r, ctx);
    }

    return NGX_OK;
}


static void
ngx_http_procore_scope_watch_logs(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    ngx_str_t                          name;
    ngx_uint_t                         i, due, failed, buffered;
    const char                        *why;
    ngx_http_procore_scope_watched_t  *watched;

    due = 0;
    failed = 0;
    buffered = 0;

    for (i = 0; i < watch.n; i++) {
        watched = &watch.logs[i];

        if (!ngx_http_procore_scope_log_wanted(r, watched->log)) {
            continue;
        }

        due++;

        if (watched->target == NULL) {
            continue;
        }

        why = ngx_http_procore_scope_watch_result(watched, ctx);

        if (why) {

            /* a decision counts once, however many logs lack it */

            ngx_http_procore_scope_target_name(watched->target, &name);
            ngx_http_procore_scope_target_say(watched->target, failed++ == 0,
                                              why, &name);
        }

        buffered += watched->target->records != 0;
    }

    if (watch.carriers && due == 0) {

        /*
         * An if= of the operator's has left it out.  One that looks at the
         * record has had it sealed before.
         */

        ngx_http_procore_scope_count(NGX_HTTP_PROCORE_SCOPE_STAT_AUDIT_THINNED,
                                     1);
        ngx_http_procore_scope_chain_lost(ctx->sequence != 0);
        return;
    }

    if (watch.carriers == 0 && ctx->record.len == 0) {
        ngx_http_procore_scope_target_say(&watch.nobody, 1,
                   "no access_log with $procore_scope_audit applies to it",
                   &r->uri);
        return;
    }

    if (failed && ctx->sequence) {
        ngx_http_procore_scope_chain_lost(1);
    }

    if (ctx->sequence && failed < ngx_max(due, 1) && !buffered) {
        ngx_http_procore_scope_chain_written(ctx->sequence);
    }
}


/* What became of the record: NULL, or why it was not written. */

static const char *
ngx_http_procore_scope_watch_result(ngx_http_procore_scope_watched_t *watched,
    ngx_http_procore_scope_ctx_t *ctx)
{
    const char                    *why;
    ngx_http_procore_scope_log_t  *log;

    log = watched->log;

    if (log->syslog_peer) {
        why = log->syslog_peer->conn.sent > watched->sent
              ? NULL : ngx_http_procore_scope_not_sent;

    } else if (log->file->data) {
        return ngx_http_procore_scope_watch_buffer(watched, ctx);

    } else {
        why = ngx_http_procore_scope_watch_file(watched, ctx->record.len);
    }

    ngx_http_procore_scope_target_state(watched->target, why);

    return why;
}


static const char *
ngx_http_procore_scope_watch_buffer(ngx_http_procore_scope_watched_t *watched,
    ngx_http_procore_scope_ctx_t *ctx)
{
    size_t                                now;
    const char                           *why;
    ngx_http_procore_scope_log_buffer_t  *buffer;

    buffer = watched->log->file->data;
    now = (size_t) (buffer->pos - buffer->start);

    if (ctx->record.len == 0) {

        /* nobody asked for it: for a second nginx spares a full disk */

        return ngx_http_procore_scope_disk_full;
    }

    if (now <= watched->buffered) {

        /* the buffer was full, and what it had should be in the file */

        why = ngx_http_procore_scope_watch_file(watched,
                                      buffer->gzip ? watched->buffered != 0
                                                   : watched->buffered);
        ngx_http_procore_scope_target_flushed(watched->target, why);

        if (now == 0) {

            /* longer than the buffer: it went the same way */

            return why;
        }
    }

    ngx_http_procore_scope_target_wait(watched->target, now, ctx->sequence);

    return NULL;
}


/*
 * The file must have grown by so many bytes.  A file that shrank was emptied
 * meanwhile (copytruncate); of what is no file, the log module's marks tell.
 */

static const char *
ngx_http_procore_scope_watch_file(ngx_http_procore_scope_watched_t *watched,
    size_t grown)
{
    off_t                          size;
    ngx_file_info_t                fi;
    ngx_http_procore_scope_log_t  *log;

    log = watched->log;

    if (log->disk_full_time == ngx_time()) {
        return ngx_http_procore_scope_disk_full;
    }

    if (!watched->regular) {
        return ngx_time() - log->error_log_time
               <= NGX_HTTP_PROCORE_SCOPE_WATCH_SAID
               ? ngx_http_procore_scope_not_grown : NULL;
    }

    if (ngx_fd_info(log->file->fd, &fi) == NGX_FILE_ERROR) {
        return ngx_http_procore_scope_not_grown;
    }

    if (fi.st_nlink == 0) {
        return ngx_http_procore_scope_deleted;
    }

    size = ngx_file_size(&fi);

    return size < watched->size || size - watched->size >= (off_t) grown
           ? NULL : ngx_http_procore_scope_not_grown;
}


ngx_uint_t
ngx_http_procore_scope_watch_ready(ngx_http_request_t *r)
{
    ngx_uint_t                        i, carriers;
    ngx_array_t                      *logs;
    ngx_http_procore_scope_log_t     *log;
    ngx_http_procore_scope_target_t  *target;

    if (ngx_http_procore_scope_logs(r, &logs) != NGX_OK) {
        return 1;
    }

    if (logs == NULL) {
        return 0;
    }

    carriers = 0;
    log = logs->elts;

    for (i = 0; i < logs->nelts; i++) {

        if (!ngx_http_procore_scope_log_carries(r, &log[i])) {
            continue;
        }

        carriers++;
        target = ngx_http_procore_scope_target(&log[i]);

        if (target && ngx_http_procore_scope_target_look(target)) {
            return 0;
        }
    }

    return carriers != 0;
}


void
ngx_http_procore_scope_audit_require(ngx_http_procore_scope_ctx_t *ctx)
{
    ctx->unaudited = 0;

    if (!ctx->conf->audit_required
        || ctx->conf->mode != NGX_HTTP_PROCORE_SCOPE_ENFORCE
        || ngx_http_procore_scope_watch_ready(ctx->request->main))
    {
        return;
    }

    ctx->unaudited = 1;

    ngx_http_procore_scope_note(ctx, PROCORE_REASON_STORE_FAILED,
                                PROCORE_RANK_STORE_FAILED, NULL);
}

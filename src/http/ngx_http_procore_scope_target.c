
/*
 * Does writing to a log of the audit work?  What is buffered is known when it
 * has left the buffer.
 */


#include "ngx_http_procore_scope_target.h"
#include "ngx_http_procore_scope_stats.h"

#include <sys/statvfs.h>


/* A failure that lasts is said so often, and buffers are looked at so soon. */

#define NGX_HTTP_PROCORE_SCOPE_TARGET_REPORT   60      /* seconds */
#define NGX_HTTP_PROCORE_SCOPE_TARGET_PAUSE    1000    /* milliseconds */


static void ngx_http_procore_scope_target_event(ngx_event_t *ev);


const char  ngx_http_procore_scope_deleted[] = "it was deleted";
const char  ngx_http_procore_scope_disk_full[] = "the disk is full";
const char  ngx_http_procore_scope_not_grown[] = "nothing arrived in it";
const char  ngx_http_procore_scope_not_sent[] =
    "the syslog server takes nothing";


/* All of this worker, and the timer while something is buffered. */

static ngx_http_procore_scope_target_t  *targets;
static ngx_event_t                       target_event;
static ngx_connection_t                  target_dumb;


ngx_http_procore_scope_target_t *
ngx_http_procore_scope_target(ngx_http_procore_scope_log_t *log)
{
    void                             *key;
    ngx_http_procore_scope_target_t  *target;

    key = log->syslog_peer ? (void *) log->syslog_peer : (void *) log->file;

    if (key == NULL) {
        return NULL;
    }

    for (target = targets; target; target = target->next) {
        if (target->key == key) {
            return target;
        }
    }

    target = ngx_pcalloc(ngx_cycle->pool,
                         sizeof(ngx_http_procore_scope_target_t));
    if (target == NULL) {
        return NULL;
    }

    target->key = key;
    target->file = log->syslog_peer ? NULL : log->file;
    target->next = targets;
    targets = target;

    return target;
}


void
ngx_http_procore_scope_target_wait(ngx_http_procore_scope_target_t *target,
    size_t buffered, uint64_t sequence)
{
    ngx_file_info_t  fi;

    target->size = ngx_fd_info(target->file->fd, &fi) == NGX_FILE_ERROR
                   ? 0 : ngx_file_size(&fi);
    target->buffered = buffered;
    target->records++;
    target->sequence = sequence;

    if (target_event.timer_set) {
        return;
    }

    target_event.handler = ngx_http_procore_scope_target_event;
    target_event.data = &target_dumb;
    target_event.log = ngx_cycle->log;
    target_event.cancelable = 1;
    target_dumb.fd = (ngx_socket_t) -1;

    ngx_add_timer(&target_event, NGX_HTTP_PROCORE_SCOPE_TARGET_PAUSE);
}


static void
ngx_http_procore_scope_target_event(ngx_event_t *ev)
{
    ngx_uint_t                        waiting;
    ngx_http_procore_scope_target_t  *target;

    waiting = 0;

    for (target = targets; target; target = target->next) {
        ngx_http_procore_scope_target_settle(target);
        waiting += target->records;
    }

    if (waiting) {
        ngx_add_timer(ev, NGX_HTTP_PROCORE_SCOPE_TARGET_PAUSE);
    }
}


void
ngx_http_procore_scope_target_settle(ngx_http_procore_scope_target_t *target)
{
    off_t                                 size;
    const char                           *why;
    ngx_file_info_t                       fi;
    ngx_http_procore_scope_log_buffer_t  *buffer;

    if (target->records == 0) {
        return;
    }

    buffer = target->file->data;

    if (buffer == NULL
        || (size_t) (buffer->pos - buffer->start) >= target->buffered)
    {
        return;
    }

    why = NULL;

    if (ngx_fd_info(target->file->fd, &fi) == NGX_FILE_ERROR) {
        why = ngx_http_procore_scope_not_grown;

    } else if (fi.st_nlink == 0) {
        why = ngx_http_procore_scope_deleted;

    } else if (ngx_is_file(&fi)) {
        size = ngx_file_size(&fi);

        if (size >= target->size
            && size - target->size < (buffer->gzip ? 1
                                                   : (off_t) target->buffered))
        {
            why = ngx_http_procore_scope_not_grown;
        }
    }

    ngx_http_procore_scope_target_flushed(target, why);
}


void
ngx_http_procore_scope_target_flushed(ngx_http_procore_scope_target_t *target,
    const char *why)
{
    ngx_str_t   name;
    ngx_uint_t  records;

    records = target->records;

    target->records = 0;
    target->buffered = 0;

    ngx_http_procore_scope_target_state(target, why);

    if (why == NULL) {
        ngx_http_procore_scope_chain_written(target->sequence);
        return;
    }

    if (records) {
        ngx_http_procore_scope_target_name(target, &name);
        ngx_http_procore_scope_target_say(target, records, why, &name);
        ngx_http_procore_scope_chain_lost(target->sequence ? records : 0);
    }
}


void
ngx_http_procore_scope_watch_exit(void)
{
    ngx_http_procore_scope_target_t  *target;

    for (target = targets; target; target = target->next) {

        if (target->records && target->file->flush) {
            target->file->flush(target->file, ngx_cycle->log);
        }

        ngx_http_procore_scope_target_settle(target);
    }

    targets = NULL;
}


void
ngx_http_procore_scope_target_state(ngx_http_procore_scope_target_t *target,
    const char *why)
{
    ngx_str_t  name;

    if (target->failing && why == NULL) {
        ngx_http_procore_scope_target_name(target, &name);
        ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0,
                      "procore_scope: the audit is written to \"%V\" again",
                      &name);
    }

    if (target->failing == NULL && why && target->said != ngx_time()) {
        target->said = 0;
    }

    target->failing = why;
}


void
ngx_http_procore_scope_target_say(ngx_http_procore_scope_target_t *target,
    ngx_uint_t n, const char *why, ngx_str_t *name)
{
    ngx_http_procore_scope_count(NGX_HTTP_PROCORE_SCOPE_STAT_AUDIT_UNWRITTEN,
                                 n);

    target->unwritten += n;

    if (target->said
        && ngx_time() - target->said < NGX_HTTP_PROCORE_SCOPE_TARGET_REPORT)
    {
        return;
    }

    ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                  "procore_scope: decisions without an audit record in this "
                  "worker, since this was last said: %ui; \"%V\": %s",
                  target->unwritten, name, why);

    target->said = ngx_time();
    target->unwritten = 0;
}


void
ngx_http_procore_scope_target_name(ngx_http_procore_scope_target_t *target,
    ngx_str_t *name)
{
    ngx_syslog_peer_t  *peer;

    if (target->file) {
        *name = target->file->name;
        return;
    }

    peer = target->key;
    *name = peer->server.name;
}


const char *
ngx_http_procore_scope_target_look(ngx_http_procore_scope_target_t *target)
{
    ngx_file_info_t  fi;
    struct statvfs   fs;

    if (target->file == NULL
        || ngx_fd_info(target->file->fd, &fi) == NGX_FILE_ERROR
        || !ngx_is_file(&fi))
    {
        return target->failing;
    }

    if (fi.st_nlink == 0) {
        return ngx_http_procore_scope_deleted;
    }

    if (fstatvfs(target->file->fd, &fs) == 0 && fs.f_blocks && fs.f_bavail == 0)
    {
        return ngx_http_procore_scope_disk_full;
    }

    /* what can be seen is in order: whether it works, only a record tells */

    if (target->failing == ngx_http_procore_scope_deleted
        || target->failing == ngx_http_procore_scope_disk_full)
    {
        ngx_http_procore_scope_target_state(target, NULL);
    }

    return target->failing;
}

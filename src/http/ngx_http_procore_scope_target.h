
/*
 * A file, or a syslog server, that gets records of the audit from this worker:
 * does writing to it work?
 *
 * Only the files of the watch include it.
 */


#ifndef _NGX_HTTP_PROCORE_SCOPE_TARGET_H_INCLUDED_
#define _NGX_HTTP_PROCORE_SCOPE_TARGET_H_INCLUDED_


#include "ngx_http_procore_scope_audit.h"
#include "ngx_http_procore_scope_log.h"


typedef struct ngx_http_procore_scope_target_s
    ngx_http_procore_scope_target_t;

struct ngx_http_procore_scope_target_s {
    ngx_http_procore_scope_target_t  *next;
    void                             *key;        /* file or syslog peer */
    ngx_open_file_t                  *file;       /* NULL: syslog */
    off_t                             size;       /* with the next three */
    size_t                            buffered;   /* bytes */
    ngx_uint_t                        records;    /* in the buffer */
    uint64_t                          sequence;   /* of the last of them */
    const char                       *failing;    /* why; NULL: it works */
    time_t                            said;
    ngx_uint_t                        unwritten;  /* since then */
};


/* Why a record was not written. */

extern const char  ngx_http_procore_scope_deleted[];
extern const char  ngx_http_procore_scope_disk_full[];
extern const char  ngx_http_procore_scope_not_grown[];
extern const char  ngx_http_procore_scope_not_sent[];


/*
 * The target of an access_log; NULL: its name is made of variables, and nobody
 * knows the file, or no memory.
 */

ngx_http_procore_scope_target_t *ngx_http_procore_scope_target(
    ngx_http_procore_scope_log_t *log);

/* A record went into its buffer, which now has "buffered" bytes. */

void ngx_http_procore_scope_target_wait(
    ngx_http_procore_scope_target_t *target, size_t buffered,
    uint64_t sequence);

/* Looks whether its buffer was written since, and what became of it. */

void ngx_http_procore_scope_target_settle(
    ngx_http_procore_scope_target_t *target);

/* The buffer was written ("why": NULL), or not. */

void ngx_http_procore_scope_target_flushed(
    ngx_http_procore_scope_target_t *target, const char *why);

/* Keeps whether writing works; says when it works again. */

void ngx_http_procore_scope_target_state(
    ngx_http_procore_scope_target_t *target, const char *why);

/*
 * Counts "n" decisions without a record, and says so: at once where that is
 * new, else once a minute.
 */

void ngx_http_procore_scope_target_say(
    ngx_http_procore_scope_target_t *target, ngx_uint_t n, const char *why,
    ngx_str_t *name);
void ngx_http_procore_scope_target_name(
    ngx_http_procore_scope_target_t *target, ngx_str_t *name);

/* NULL, or why the next record will not be written. */

const char *ngx_http_procore_scope_target_look(
    ngx_http_procore_scope_target_t *target);


#endif /* _NGX_HTTP_PROCORE_SCOPE_TARGET_H_INCLUDED_ */

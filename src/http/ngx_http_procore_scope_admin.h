
/*
 * procore_scope_admin: what the operator sees and changes over HTTP.
 *
 * The handler of the location reads what is asked for, and each piece of the
 * work is a step: it answers, or it waits for the disk or for the next round of
 * the event loop and names the step that goes on.
 *
 * Files: admin (routes, guards, the steps), admin_conf (its directive), body
 * (what comes), answer (what goes), list and show (bindings, projects,
 * clients), set (single changes), many (all of a company or client), import,
 * export.
 */


#ifndef _NGX_HTTP_PROCORE_SCOPE_ADMIN_H_INCLUDED_
#define _NGX_HTTP_PROCORE_SCOPE_ADMIN_H_INCLUDED_


#include "ngx_http_procore_scope.h"
#include "../admin/procore_admin_text.h"
#include "../admin/procore_import.h"


/* procore_scope_admin without and with "any". */

#define NGX_HTTP_PROCORE_SCOPE_ADMIN_NEAR  1
#define NGX_HTTP_PROCORE_SCOPE_ADMIN_ANY   2

/* Elements of a list: asked for by default, and at most. */

#define NGX_HTTP_PROCORE_SCOPE_ADMIN_LIMIT  100
#define NGX_HTTP_PROCORE_SCOPE_ADMIN_MAX    1000

/* Bytes of a body that is one JSON object: a token, and generous blanks. */

#define NGX_HTTP_PROCORE_SCOPE_ADMIN_BODY   PROCORE_IMPORT_LINE_MAX

/*
 * Records of one import, in some 250 bytes each while it lasts; more of them
 * are for the command line, which does not share a worker's memory.
 */

#define NGX_HTTP_PROCORE_SCOPE_ADMIN_LINES  100000


typedef struct ngx_http_procore_scope_admin_s  ngx_http_procore_scope_admin_t;

/*
 * A step: NGX_DONE (the request is answered and finalized), NGX_AGAIN (it waits
 * and admin->next will run), or a status to finalize with.
 */

typedef ngx_int_t (*ngx_http_procore_scope_admin_pt)(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_t *admin);

/* Takes some bytes of the body.  NGX_OK to go on; else as a step. */

typedef ngx_int_t (*ngx_http_procore_scope_admin_sink_pt)(
    ngx_http_request_t *r, ngx_http_procore_scope_admin_t *admin, u_char *data,
    size_t len);


struct ngx_http_procore_scope_admin_s {
    ngx_http_request_t                    *request;
    ngx_http_procore_scope_ctx_t          *ctx;
    ngx_http_procore_scope_admin_pt        next;
    ngx_http_procore_scope_admin_sink_pt   sink;
    ngx_event_t                            event;    /* the next round */
    ngx_event_t                            alive;    /* while there is one */

    ngx_str_t                              name;     /* in the path */
    procore_list_filter_t                  filter;
    procore_list_cursor_t                  cursor;
    ngx_uint_t                             limit;

    ngx_str_t                              body;     /* pool memory */
    procore_import_line_t                  line;     /* of a single object */
    procore_import_t                      *import;

    void                                  *data;     /* of the steps at work */
    size_t                                 done;
    uint64_t                               changed;  /* for the record */
    procore_store_op_t                     op;       /* the one at hand */
    ngx_uint_t                             pending;  /* operations */
    unsigned                               failed:1; /* one of them */
    unsigned                               begun:1;  /* something is written */
};


/* admin: */

ngx_int_t ngx_http_procore_scope_admin_handler(ngx_http_request_t *r);

/* Runs the next step, and what follows from its code. */

void ngx_http_procore_scope_admin_run(ngx_http_request_t *r);

/* The next step runs in the next round of the event loop.  NGX_AGAIN. */

ngx_int_t ngx_http_procore_scope_admin_later(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_pt next);

/*
 * Queues an operation; "handler" (NULL: the one that keeps the operation in
 * admin->op) is called with the admin when it is written, and ends with
 * ..._admin_landed().  NGX_OK; NGX_ERROR: the store takes nothing now.
 * ..._admin_wait() after the last one: "next" runs when all are written.
 * NGX_AGAIN.
 */

ngx_int_t ngx_http_procore_scope_admin_write(ngx_http_request_t *r,
    procore_store_op_t *op, ngx_http_procore_scope_written_pt handler,
    void *data);
void ngx_http_procore_scope_admin_landed(
    ngx_http_procore_scope_admin_t *admin);
ngx_int_t ngx_http_procore_scope_admin_wait(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_pt next);

/* An operation of this type in the location's realm, now. */

void ngx_http_procore_scope_admin_op(ngx_http_procore_scope_admin_t *admin,
    procore_store_op_e type, procore_store_op_t *op);


/*
 * body: reads it without a file, and hands it to admin->sink; then admin->next
 * runs.  Returns what a content handler returns.  ..._admin_object() is a sink
 * that collects it, ..._admin_long() refuses a longer one, ..._admin_parse()
 * reads it into admin->line (NGX_OK, or what a step returns after a refusal).
 */

ngx_int_t ngx_http_procore_scope_admin_long(ngx_http_request_t *r);

ngx_int_t ngx_http_procore_scope_admin_read(ngx_http_request_t *r);
ngx_int_t ngx_http_procore_scope_admin_object(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_t *admin, u_char *data, size_t len);
ngx_int_t ngx_http_procore_scope_admin_parse(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_t *admin);


/* query: fills admin->filter, limit and cursor.  NGX_OK, or as above. */

ngx_int_t ngx_http_procore_scope_admin_query(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_t *admin);


/*
 * store: as those of procore_store_list.h, in a snapshot of their own.  NGX_OK,
 * or NGX_ERROR: the store is out of order.
 */

ngx_int_t ngx_http_procore_scope_store_families(
    const procore_list_filter_t *filter, procore_list_cursor_t *cursor,
    procore_listed_family_t *out, size_t room, size_t *n);
ngx_int_t ngx_http_procore_scope_store_tokens(
    const procore_list_filter_t *filter, procore_list_cursor_t *cursor,
    procore_listed_token_t *out, size_t room, size_t *n);
ngx_int_t ngx_http_procore_scope_store_projects(
    const procore_list_filter_t *filter, procore_list_cursor_t *cursor,
    procore_listed_project_t *out, size_t room, size_t *n);
ngx_int_t ngx_http_procore_scope_store_pauses(
    const procore_list_filter_t *filter, procore_list_cursor_t *cursor,
    procore_listed_paused_t *out, size_t room, size_t *n);

/*
 * The same, with the codes of procore_store_list.h; PROCORE_ERROR: the store is
 * out of order.
 */

int ngx_http_procore_scope_store_family(const u_char *realm, const u_char *id,
    procore_listed_family_t *family);
int ngx_http_procore_scope_store_find(const u_char *realm,
    const u_char *prefix, size_t len, procore_listed_token_t *token);
int ngx_http_procore_scope_store_import(procore_import_t *import, size_t from,
    size_t n);


/*
 * answer: each returns as a step.  Texts grow in a chain of buffers.
 */

typedef struct {
    ngx_chain_t  *first;
    ngx_chain_t  *last;
    off_t         size;
} ngx_http_procore_scope_admin_text_t;

/*
 * Adds bytes, or one object of PROCORE_ADMIN_LINE bytes at most: room for it,
 * NULL where there is no memory, and its end.  ..._element() is the room for
 * number "i" of a list.
 */

ngx_int_t ngx_http_procore_scope_admin_add(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_text_t *text, const char *data, size_t len);
char *ngx_http_procore_scope_admin_room(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_text_t *text);
char *ngx_http_procore_scope_admin_element(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_text_t *text, size_t i);
void ngx_http_procore_scope_admin_filled(
    ngx_http_procore_scope_admin_text_t *text, char *end);

#define ngx_http_procore_scope_admin_put(r, text, literal)                    \
    ngx_http_procore_scope_admin_add(r, text, literal, sizeof(literal) - 1)

/* The header of a 200 with this content type; length -1: not known. */

ngx_int_t ngx_http_procore_scope_admin_header(ngx_http_request_t *r,
    ngx_uint_t status, const char *type, off_t length);

/* Sends the text as JSON. */

ngx_int_t ngx_http_procore_scope_admin_answer(ngx_http_request_t *r,
    ngx_uint_t status, ngx_http_procore_scope_admin_text_t *text);

/* Adds "before" and a text, escaped as the inside of a JSON string. */

ngx_int_t ngx_http_procore_scope_admin_name(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_text_t *text, const char *before,
    ngx_str_t *name);

/* Answers {"<what>":<n>}. */

ngx_int_t ngx_http_procore_scope_admin_count(ngx_http_request_t *r,
    const char *what, uint64_t n);

/* A write, or an export, has happened: it is on record as "action". */

void ngx_http_procore_scope_admin_did(ngx_http_procore_scope_admin_t *admin,
    const char *action);

/*
 * Refuses in the shape of refusals: "why" is a format of nginx's, a sentence.
 * ..._admin_failed(): the store is out of order.
 */

ngx_int_t ngx_http_procore_scope_admin_refuse(ngx_http_request_t *r,
    ngx_uint_t status, procore_reason_e reason, const char *why, ...);
ngx_int_t ngx_http_procore_scope_admin_failed(ngx_http_request_t *r);


/* The first steps, for the routes. */

ngx_int_t ngx_http_procore_scope_admin_bindings(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_t *admin);
ngx_int_t ngx_http_procore_scope_admin_projects(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_t *admin);
ngx_int_t ngx_http_procore_scope_admin_clients(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_t *admin);

ngx_int_t ngx_http_procore_scope_admin_show(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_t *admin);
ngx_int_t ngx_http_procore_scope_admin_show_posted(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_t *admin);
ngx_int_t ngx_http_procore_scope_admin_project(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_t *admin);

ngx_int_t ngx_http_procore_scope_admin_set(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_t *admin);
ngx_int_t ngx_http_procore_scope_admin_end(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_t *admin);
ngx_int_t ngx_http_procore_scope_admin_end_posted(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_t *admin);
ngx_int_t ngx_http_procore_scope_admin_learn(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_t *admin);
ngx_int_t ngx_http_procore_scope_admin_forget(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_t *admin);
ngx_int_t ngx_http_procore_scope_admin_pause(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_t *admin);
ngx_int_t ngx_http_procore_scope_admin_resume(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_t *admin);

ngx_int_t ngx_http_procore_scope_admin_end_many(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_t *admin);
ngx_int_t ngx_http_procore_scope_admin_forget_many(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_t *admin);

ngx_int_t ngx_http_procore_scope_admin_import(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_t *admin);
ngx_int_t ngx_http_procore_scope_admin_lines(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_t *admin, u_char *data, size_t len);

ngx_int_t ngx_http_procore_scope_admin_export_bindings(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_t *admin);
ngx_int_t ngx_http_procore_scope_admin_export_projects(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_t *admin);

/*
 * The token or family that a path names in hexadecimal, or the line of a body:
 * sets the tokens or the family of an operation.  NGX_OK, or as a step.
 */

ngx_int_t ngx_http_procore_scope_admin_target(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_t *admin, procore_store_op_t *op);

/* The one family of such an operation.  As above. */

ngx_int_t ngx_http_procore_scope_admin_find(ngx_http_request_t *r,
    procore_store_op_t *op, procore_listed_family_t *family);


#endif /* _NGX_HTTP_PROCORE_SCOPE_ADMIN_H_INCLUDED_ */

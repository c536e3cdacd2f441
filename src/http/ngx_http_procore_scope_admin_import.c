
/*
 * Bulk import: lines are read as they come, all of them are checked, against
 * the store too, and only then written, a group at a time.
 */


#include "ngx_http_procore_scope_admin.h"


/* Records that one step compares with the store: about a millisecond. */

#define NGX_HTTP_PROCORE_SCOPE_IMPORT_LOOK  300


static ngx_int_t ngx_http_procore_scope_import_refused(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_t *admin, int rc);
static ngx_int_t ngx_http_procore_scope_import_check(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_t *admin);
static ngx_int_t ngx_http_procore_scope_import_write(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_t *admin);
static void ngx_http_procore_scope_import_written(void *data,
    procore_store_op_t *op);
static ngx_int_t ngx_http_procore_scope_import_next(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_t *admin);
static ngx_int_t ngx_http_procore_scope_import_told(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_t *admin);


/* Where the result of a record goes. */

typedef struct {
    ngx_http_procore_scope_admin_t  *admin;
    size_t                           record;
} ngx_http_procore_scope_slot_t;


/* One group; "rc" is the first failure in it. */

typedef struct {
    int                              rc;
    ngx_http_procore_scope_slot_t    slots[PROCORE_STORE_GROUP];
} ngx_http_procore_scope_group_t;


ngx_int_t
ngx_http_procore_scope_admin_lines(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_t *admin, u_char *data, size_t len)
{
    int  rc;

    if (admin->import == NULL) {
        admin->import = procore_import_new(admin->filter.realm,
                                         NGX_HTTP_PROCORE_SCOPE_ADMIN_LINES);
        if (admin->import == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    rc = procore_import_feed(admin->import, data, len);

    return rc == PROCORE_OK ? NGX_OK
                            : ngx_http_procore_scope_import_refused(r, admin,
                                                                    rc);
}


static ngx_int_t
ngx_http_procore_scope_import_refused(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_t *admin, int rc)
{
    ngx_uint_t         status;
    procore_reason_e   reason;
    procore_import_t  *import;

    import = admin->import;

    switch (rc) {

    case PROCORE_MALFORMED:
        status = NGX_HTTP_BAD_REQUEST;
        reason = PROCORE_REASON_MALFORMED_BODY;
        break;

    case PROCORE_TOO_LARGE:
        status = NGX_HTTP_REQUEST_ENTITY_TOO_LARGE;
        reason = PROCORE_REASON_BODY_TOO_LARGE;
        break;

    case PROCORE_CONFLICT:
        status = NGX_HTTP_CONFLICT;
        reason = PROCORE_REASON_REBIND;
        break;

    case PROCORE_CORRUPT:
        status = NGX_HTTP_CONFLICT;
        reason = PROCORE_REASON_STORE_FAILED;
        break;

    default:
        return ngx_http_procore_scope_admin_failed(r);
    }

    if (admin->changed == 0) {
        return ngx_http_procore_scope_admin_refuse(r, status, reason,
                                               "line %uz: %s; nothing was "
                                               "written", import->line,
                                               import->why);
    }

    /* bound between the check and the write */

    return ngx_http_procore_scope_admin_refuse(r, status, reason,
                                               "line %uz: %s; %uL records "
                                               "before it were written",
                                               import->line, import->why,
                                               admin->changed);
}


ngx_int_t
ngx_http_procore_scope_admin_import(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_t *admin)
{
    int                              rc;
    size_t                           i;
    ngx_http_procore_scope_group_t  *group;

    /* an empty body is an empty import */

    rc = ngx_http_procore_scope_admin_lines(r, admin, NULL, 0);
    if (rc != NGX_OK) {
        return rc;
    }

    rc = procore_import_finish(admin->import);
    if (rc != PROCORE_OK) {
        return ngx_http_procore_scope_import_refused(r, admin, rc);
    }

    if (!ngx_http_procore_scope_store_ready()) {
        return ngx_http_procore_scope_admin_failed(r);
    }

    group = ngx_pcalloc(r->pool, sizeof(ngx_http_procore_scope_group_t));
    if (group == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    for (i = 0; i < PROCORE_STORE_GROUP; i++) {
        group->slots[i].admin = admin;
    }

    admin->data = group;

    return ngx_http_procore_scope_import_check(r, admin);
}


static ngx_int_t
ngx_http_procore_scope_import_check(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_t *admin)
{
    int  rc;

    rc = ngx_http_procore_scope_store_import(admin->import, admin->done,
                                          NGX_HTTP_PROCORE_SCOPE_IMPORT_LOOK);

    if (rc != PROCORE_OK) {
        return ngx_http_procore_scope_import_refused(r, admin, rc);
    }

    admin->done += NGX_HTTP_PROCORE_SCOPE_IMPORT_LOOK;

    if (admin->done < admin->import->n) {
        return ngx_http_procore_scope_admin_later(r,
                                         ngx_http_procore_scope_import_check);
    }

    admin->done = 0;

    return ngx_http_procore_scope_import_write(r, admin);
}


static ngx_int_t
ngx_http_procore_scope_import_write(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_t *admin)
{
    size_t                           i;
    procore_store_op_t               op;
    ngx_http_procore_scope_group_t  *group;

    group = admin->data;

    for (i = 0; i < PROCORE_STORE_GROUP && admin->done < admin->import->n; i++)
    {
        group->slots[i].record = admin->done;

        procore_import_operation(admin->import, admin->done++,
                                 (uint64_t) ngx_time(), &op);

        if (ngx_http_procore_scope_admin_write(r, &op,
                                        ngx_http_procore_scope_import_written,
                                               &group->slots[i])
            != NGX_OK)
        {
            group->rc = PROCORE_ERROR;
            break;
        }
    }

    return ngx_http_procore_scope_admin_wait(r,
                                          ngx_http_procore_scope_import_next);
}


static void
ngx_http_procore_scope_import_written(void *data, procore_store_op_t *op)
{
    ngx_http_procore_scope_slot_t *slot = data;

    int                              rc;
    ngx_http_procore_scope_admin_t  *admin;
    ngx_http_procore_scope_group_t  *group;

    admin = slot->admin;
    group = admin->data;

    rc = procore_import_written(admin->import, slot->record, op);

    if (rc == PROCORE_OK) {
        admin->changed++;

    } else if (group->rc == PROCORE_OK) {
        group->rc = rc;
    }

    ngx_http_procore_scope_admin_landed(admin);
}


static ngx_int_t
ngx_http_procore_scope_import_next(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_t *admin)
{
    ngx_http_procore_scope_group_t  *group;

    group = admin->data;

    if (group->rc != PROCORE_OK) {
        return ngx_http_procore_scope_import_refused(r, admin, group->rc);
    }

    if (admin->done < admin->import->n) {
        return ngx_http_procore_scope_admin_later(r,
                                         ngx_http_procore_scope_import_write);
    }

    ngx_http_procore_scope_admin_did(admin, "admin_import");

    return ngx_http_procore_scope_import_told(r, admin);
}


static ngx_int_t
ngx_http_procore_scope_import_told(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_t *admin)
{
    u_char                               *p, line[128];
    procore_import_t                     *import;
    ngx_http_procore_scope_admin_text_t   text;

    import = admin->import;
    ngx_memzero(&text, sizeof(ngx_http_procore_scope_admin_text_t));

    p = ngx_slprintf(line, line + sizeof(line),
                     "{\"tokens\":%uz,\"projects\":%uz,\"clients\":%uz}",
                     import->tokens, import->projects, import->clients);

    if (ngx_http_procore_scope_admin_add(r, &text, (char *) line,
                                         (size_t) (p - line))
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_procore_scope_admin_answer(r, NGX_HTTP_OK, &text);
}

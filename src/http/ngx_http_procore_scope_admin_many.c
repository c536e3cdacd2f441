
/*
 * All bindings of a company or client are ended, all projects of a company
 * forgotten: page by page, each on the disk before the next is looked for.
 */


#include "ngx_http_procore_scope_admin.h"


typedef struct {
    size_t                    n;
    uint64_t                  ids[PROCORE_STORE_GROUP];
    procore_listed_family_t   families[PROCORE_STORE_GROUP];
    procore_listed_project_t  projects[PROCORE_STORE_GROUP];
} ngx_http_procore_scope_many_t;


static ngx_int_t ngx_http_procore_scope_many_start(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_t *admin, const char *wanted);
static ngx_int_t ngx_http_procore_scope_many_families(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_t *admin);
static void ngx_http_procore_scope_many_ended(void *data,
    procore_store_op_t *op);
static ngx_int_t ngx_http_procore_scope_many_next(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_t *admin);
static ngx_int_t ngx_http_procore_scope_many_projects(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_t *admin);
static ngx_int_t ngx_http_procore_scope_many_forgotten(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_t *admin);
static ngx_int_t ngx_http_procore_scope_many_failed(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_t *admin);


static ngx_int_t
ngx_http_procore_scope_many_start(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_t *admin, const char *wanted)
{
    ngx_str_t                      limit;
    ngx_http_procore_scope_ctx_t  *ctx;

    /*
     * A query that was forgotten must not end everything, nor one that is
     * meant for a part of a list more than that part.
     */

    if ((admin->filter.company == 0 && admin->filter.client.len == 0)
        || admin->line.token_len || admin->cursor.len
        || ngx_http_arg(r, (u_char *) "limit", sizeof("limit") - 1, &limit)
           == NGX_OK)
    {
        return ngx_http_procore_scope_admin_refuse(r, NGX_HTTP_BAD_REQUEST,
                             PROCORE_REASON_MALFORMED_QUERY,
                             "the query says whose: %s, and neither a token, "
                             "a limit nor a cursor", wanted);
    }

    if (!ngx_http_procore_scope_store_ready()) {
        return ngx_http_procore_scope_admin_failed(r);
    }

    admin->data = ngx_palloc(r->pool, sizeof(ngx_http_procore_scope_many_t));
    if (admin->data == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx = admin->ctx;
    ctx->judge.company = admin->filter.company;
    ctx->binding.client_len = (u_char) admin->filter.client.len;
    ngx_memcpy(ctx->binding.client, admin->filter.client.data,
               admin->filter.client.len);

    return NGX_OK;
}


ngx_int_t
ngx_http_procore_scope_admin_end_many(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_t *admin)
{
    ngx_int_t  rc;

    rc = ngx_http_procore_scope_many_start(r, admin, "company or client");
    if (rc != NGX_OK) {
        return rc;
    }

    if (admin->filter.states == 0) {
        admin->filter.states = 1u << PROCORE_FAMILY_BOUND
                               | 1u << PROCORE_FAMILY_UNBOUND;
    }

    return ngx_http_procore_scope_many_families(r, admin);
}


static ngx_int_t
ngx_http_procore_scope_many_families(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_t *admin)
{
    size_t                          i;
    procore_store_op_t              op;
    ngx_http_procore_scope_many_t  *many;

    many = admin->data;

    if (ngx_http_procore_scope_store_families(&admin->filter, &admin->cursor,
                                              many->families,
                                              PROCORE_STORE_GROUP, &many->n)
        != NGX_OK)
    {
        return ngx_http_procore_scope_many_failed(r, admin);
    }

    for (i = 0; i < many->n; i++) {
        ngx_http_procore_scope_admin_op(admin, PROCORE_STORE_END, &op);

        op.has_family = 1;
        ngx_memcpy(op.family, many->families[i].id, PROCORE_FAMILY_SIZE);

        if (ngx_http_procore_scope_admin_write(r, &op,
                                      ngx_http_procore_scope_many_ended, admin)
            != NGX_OK)
        {
            break;
        }
    }

    return ngx_http_procore_scope_admin_wait(r,
                                            ngx_http_procore_scope_many_next);
}


/* One that was swept meanwhile has ended, too; a damaged one cannot. */

static void
ngx_http_procore_scope_many_ended(void *data, procore_store_op_t *op)
{
    ngx_http_procore_scope_admin_t *admin = data;

    if (op->rc == PROCORE_OK) {
        admin->changed++;

    } else if (op->rc != PROCORE_NOT_FOUND) {
        admin->failed = 1;
    }

    ngx_http_procore_scope_admin_landed(admin);
}


static ngx_int_t
ngx_http_procore_scope_many_next(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_t *admin)
{
    if (admin->failed) {
        return ngx_http_procore_scope_many_failed(r, admin);
    }

    if (!admin->cursor.end) {
        return ngx_http_procore_scope_admin_later(r,
                                        ngx_http_procore_scope_many_families);
    }

    ngx_http_procore_scope_admin_did(admin, "admin_end");

    return ngx_http_procore_scope_admin_count(r, "ended", admin->changed);
}


ngx_int_t
ngx_http_procore_scope_admin_forget_many(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_t *admin)
{
    ngx_int_t  rc;

    if (admin->filter.client.len || admin->filter.states
        || admin->filter.way != PROCORE_WAY_NONE)
    {
        return ngx_http_procore_scope_admin_refuse(r, NGX_HTTP_BAD_REQUEST,
                             PROCORE_REASON_MALFORMED_QUERY,
                             "projects have a company and nothing else");
    }

    rc = ngx_http_procore_scope_many_start(r, admin, "company");

    return rc == NGX_OK ? ngx_http_procore_scope_many_projects(r, admin) : rc;
}


static ngx_int_t
ngx_http_procore_scope_many_projects(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_t *admin)
{
    size_t                          i;
    procore_store_op_t              op;
    ngx_http_procore_scope_many_t  *many;

    many = admin->data;

    if (ngx_http_procore_scope_store_projects(&admin->filter, &admin->cursor,
                                              many->projects,
                                              PROCORE_STORE_GROUP, &many->n)
        != NGX_OK)
    {
        return ngx_http_procore_scope_many_failed(r, admin);
    }

    ngx_http_procore_scope_admin_op(admin, PROCORE_STORE_FORGET, &op);
    ngx_memcpy(&admin->op, &op, sizeof(procore_store_op_t));

    if (many->n == 0) {
        return ngx_http_procore_scope_many_forgotten(r, admin);
    }

    for (i = 0; i < many->n; i++) {
        many->ids[i] = many->projects[i].id;
    }

    op.company = admin->filter.company;
    op.projects = many->ids;
    op.nprojects = many->n;

    (void) ngx_http_procore_scope_admin_write(r, &op, NULL, NULL);

    return ngx_http_procore_scope_admin_wait(r,
                                       ngx_http_procore_scope_many_forgotten);
}


static ngx_int_t
ngx_http_procore_scope_many_forgotten(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_t *admin)
{
    if (admin->failed || admin->op.rc != PROCORE_OK) {
        return ngx_http_procore_scope_many_failed(r, admin);
    }

    admin->changed += admin->op.moved;

    if (!admin->cursor.end) {
        return ngx_http_procore_scope_admin_later(r,
                                        ngx_http_procore_scope_many_projects);
    }

    ngx_http_procore_scope_admin_did(admin, "admin_forget");

    return ngx_http_procore_scope_admin_count(r, "forgotten", admin->changed);
}


static ngx_int_t
ngx_http_procore_scope_many_failed(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_t *admin)
{
    return ngx_http_procore_scope_admin_refuse(r, NGX_HTTP_SERVICE_UNAVAILABLE,
                         PROCORE_REASON_STORE_FAILED,
                         "the store failed, or a record in it is damaged, "
                         "after %uL were changed; the error log says why, and "
                         "the same again goes on", admin->changed);
}


/*
 * Single changes of the operator: a binding set or ended, a project learnt or
 * forgotten, a client paused.  Each is answered when it is on the disk.
 */


#include "ngx_http_procore_scope_admin.h"


static ngx_int_t ngx_http_procore_scope_send_op(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_t *admin, procore_store_op_t *op,
    ngx_http_procore_scope_admin_pt next);
static ngx_int_t ngx_http_procore_scope_bound_told(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_t *admin);
static ngx_int_t ngx_http_procore_scope_bound_refused(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_t *admin);
static ngx_int_t ngx_http_procore_scope_learnt_told(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_t *admin);
static ngx_int_t ngx_http_procore_scope_forgotten_told(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_t *admin);
static ngx_int_t ngx_http_procore_scope_client_op(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_t *admin, procore_store_op_e type);
static ngx_int_t ngx_http_procore_scope_paused_told(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_t *admin);


static ngx_int_t
ngx_http_procore_scope_send_op(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_t *admin, procore_store_op_t *op,
    ngx_http_procore_scope_admin_pt next)
{
    if (!ngx_http_procore_scope_store_ready()
        || ngx_http_procore_scope_admin_write(r, op, NULL, NULL) != NGX_OK)
    {
        return ngx_http_procore_scope_admin_failed(r);
    }

    return ngx_http_procore_scope_admin_wait(r, next);
}


ngx_int_t
ngx_http_procore_scope_admin_set(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_t *admin)
{
    ngx_int_t               rc;
    procore_store_op_t      op;
    procore_import_line_t  *line;

    rc = ngx_http_procore_scope_admin_parse(r, admin);
    if (rc != NGX_OK) {
        return rc;
    }

    line = &admin->line;

    if (line->shape != PROCORE_LINE_TOKEN
        && line->shape != PROCORE_LINE_REFERENCE)
    {
        return ngx_http_procore_scope_admin_refuse(r, NGX_HTTP_BAD_REQUEST,
                             PROCORE_REASON_MALFORMED_BODY,
                             "a binding is set by company_id and one of "
                             "access_token, refresh_token, token and family");
    }

    ngx_http_procore_scope_admin_op(admin, PROCORE_STORE_SET, &op);

    op.company = line->company;
    op.way = PROCORE_WAY_ADMIN;

    if (line->client.len) {
        op.client_len = (u_char) line->client.len;
        ngx_memcpy(op.client, line->client.data, line->client.len);
    }

    rc = ngx_http_procore_scope_admin_target(r, admin, &op);
    if (rc != NGX_OK) {
        return rc;
    }

    return ngx_http_procore_scope_send_op(r, admin, &op,
                                          ngx_http_procore_scope_bound_told);
}


ngx_int_t
ngx_http_procore_scope_admin_end_posted(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_t *admin)
{
    ngx_int_t  rc;

    rc = ngx_http_procore_scope_admin_parse(r, admin);
    if (rc != NGX_OK) {
        return rc;
    }

    if (admin->line.shape != PROCORE_LINE_NAME) {
        return ngx_http_procore_scope_admin_refuse(r, NGX_HTTP_BAD_REQUEST,
                             PROCORE_REASON_MALFORMED_BODY,
                             "to end one binding, name one access_token, "
                             "refresh_token, token or family");
    }

    return ngx_http_procore_scope_admin_end(r, admin);
}


ngx_int_t
ngx_http_procore_scope_admin_end(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_t *admin)
{
    ngx_int_t           rc;
    procore_store_op_t  op;

    ngx_http_procore_scope_admin_op(admin, PROCORE_STORE_END, &op);

    rc = ngx_http_procore_scope_admin_target(r, admin, &op);
    if (rc != NGX_OK) {
        return rc;
    }

    return ngx_http_procore_scope_send_op(r, admin, &op,
                                          ngx_http_procore_scope_bound_told);
}


static ngx_int_t
ngx_http_procore_scope_bound_told(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_t *admin)
{
    char                                 *p;
    u_char                                more[64], *last;
    procore_store_op_t                   *op;
    procore_listed_family_t               family;
    ngx_http_procore_scope_ctx_t         *ctx;
    ngx_http_procore_scope_admin_text_t   text;

    op = &admin->op;
    ctx = admin->ctx;

    if (op->rc != PROCORE_OK) {
        return ngx_http_procore_scope_bound_refused(r, admin);
    }

    /* a damaged entry, or one that was swept, between the two */

    if (ngx_http_procore_scope_store_family(op->realm, op->bound.family,
                                            &family)
        != PROCORE_OK)
    {
        return ngx_http_procore_scope_admin_failed(r);
    }

    ctx->binding = op->bound;
    ctx->judge.company = family.company;
    ctx->way = family.way;
    admin->changed = 1;

    ngx_http_procore_scope_admin_did(admin, op->type == PROCORE_STORE_SET
                                            ? "admin_bind" : "admin_end");

    ngx_memzero(&text, sizeof(ngx_http_procore_scope_admin_text_t));

    if (ngx_http_procore_scope_admin_put(r, &text, "{\"binding\":") != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    p = ngx_http_procore_scope_admin_room(r, &text);
    if (p == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_http_procore_scope_admin_filled(&text,
                                        procore_admin_family(p, &family));

    last = op->before
           ? ngx_slprintf(more, more + sizeof(more),
                          ",\"previous_company_id\":%uL}", op->before)
           : ngx_slprintf(more, more + sizeof(more), "}");

    if (ngx_http_procore_scope_admin_add(r, &text, (char *) more,
                                         (size_t) (last - more))
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_procore_scope_admin_answer(r, NGX_HTTP_OK, &text);
}


static ngx_int_t
ngx_http_procore_scope_bound_refused(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_t *admin)
{
    switch (admin->op.rc) {

    case PROCORE_NOT_FOUND:
        return ngx_http_procore_scope_admin_refuse(r, NGX_HTTP_NOT_FOUND,
                             PROCORE_REASON_NOT_FOUND,
                             "the store knows no such token or family in this "
                             "realm");

    case PROCORE_CONFLICT:
        return ngx_http_procore_scope_admin_refuse(r, NGX_HTTP_CONFLICT,
                             PROCORE_REASON_REBIND,
                             "this binding has ended for good: the token must "
                             "be authorized again");

    case PROCORE_CORRUPT:
        return ngx_http_procore_scope_admin_refuse(r, NGX_HTTP_CONFLICT,
                             PROCORE_REASON_STORE_FAILED,
                             "the store's record is damaged");

    default:
        return ngx_http_procore_scope_admin_failed(r);
    }
}


ngx_int_t
ngx_http_procore_scope_admin_learn(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_t *admin)
{
    ngx_int_t           rc;
    procore_store_op_t  op;

    rc = ngx_http_procore_scope_admin_parse(r, admin);
    if (rc != NGX_OK) {
        return rc;
    }

    if (admin->line.shape != PROCORE_LINE_PROJECT || admin->line.valid_for) {
        return ngx_http_procore_scope_admin_refuse(r, NGX_HTTP_BAD_REQUEST,
                             PROCORE_REASON_MALFORMED_BODY,
                             "a project is set by project_id and company_id");
    }

    ngx_http_procore_scope_admin_op(admin, PROCORE_STORE_PROJECTS, &op);

    op.company = admin->line.company;
    op.projects = &admin->line.project;
    op.nprojects = 1;

    return ngx_http_procore_scope_send_op(r, admin, &op,
                                          ngx_http_procore_scope_learnt_told);
}


static ngx_int_t
ngx_http_procore_scope_learnt_told(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_t *admin)
{
    char                                 *p;
    procore_listed_project_t              project;
    ngx_http_procore_scope_admin_text_t   text;

    if (admin->op.rc != PROCORE_OK) {
        return ngx_http_procore_scope_admin_failed(r);
    }

    admin->ctx->judge.company = admin->line.company;
    admin->ctx->judge.project = admin->line.project;
    admin->changed = 1;

    ngx_http_procore_scope_admin_did(admin, "admin_project");

    project.id = admin->line.project;
    project.project.company = admin->line.company;
    project.project.learnt_at = admin->op.now;
    project.project.valid_for = 0;

    ngx_memzero(&text, sizeof(ngx_http_procore_scope_admin_text_t));

    p = ngx_http_procore_scope_admin_room(r, &text);
    if (p == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_http_procore_scope_admin_filled(&text,
                                  procore_admin_project(p, &project, NULL));

    return ngx_http_procore_scope_admin_answer(r, NGX_HTTP_OK, &text);
}


ngx_int_t
ngx_http_procore_scope_admin_forget(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_t *admin)
{
    procore_store_op_t  op;

    if (procore_id_classify(admin->name.data, admin->name.len,
                            &admin->line.project)
        != PROCORE_ID_NUMBER)
    {
        return ngx_http_procore_scope_admin_refuse(r, NGX_HTTP_BAD_REQUEST,
                             PROCORE_REASON_MALFORMED_ID,
                             "this is not the id of a project");
    }

    ngx_http_procore_scope_admin_op(admin, PROCORE_STORE_FORGET, &op);

    op.projects = &admin->line.project;
    op.nprojects = 1;

    return ngx_http_procore_scope_send_op(r, admin, &op,
                                      ngx_http_procore_scope_forgotten_told);
}


static ngx_int_t
ngx_http_procore_scope_forgotten_told(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_t *admin)
{
    if (admin->op.rc != PROCORE_OK) {
        return ngx_http_procore_scope_admin_failed(r);
    }

    if (admin->op.moved == 0) {
        return ngx_http_procore_scope_admin_refuse(r, NGX_HTTP_NOT_FOUND,
                             PROCORE_REASON_NOT_FOUND,
                             "the store knows no such project in this realm");
    }

    admin->ctx->judge.project = admin->line.project;
    admin->changed = 1;

    ngx_http_procore_scope_admin_did(admin, "admin_forget");

    return ngx_http_procore_scope_admin_count(r, "forgotten", 1);
}


ngx_int_t
ngx_http_procore_scope_admin_pause(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_t *admin)
{
    return ngx_http_procore_scope_client_op(r, admin, PROCORE_STORE_PAUSE);
}


ngx_int_t
ngx_http_procore_scope_admin_resume(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_t *admin)
{
    return ngx_http_procore_scope_client_op(r, admin, PROCORE_STORE_RESUME);
}


static ngx_int_t
ngx_http_procore_scope_client_op(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_t *admin, procore_store_op_e type)
{
    size_t              i;
    ngx_str_t          *name;
    procore_store_op_t  op;

    name = &admin->name;

    for (i = 0; i < name->len && name->data[i] >= ' ' && name->data[i] < 0x7f;
         i++)
    {
        /* void */
    }

    if (i < name->len || name->len > PROCORE_STORE_CLIENT_MAX) {
        return ngx_http_procore_scope_admin_refuse(r, NGX_HTTP_BAD_REQUEST,
                             PROCORE_REASON_MALFORMED_ID,
                             "a client id has 1 to %d visible characters",
                             PROCORE_STORE_CLIENT_MAX);
    }

    ngx_http_procore_scope_admin_op(admin, type, &op);

    op.client_len = (u_char) name->len;
    ngx_memcpy(op.client, name->data, name->len);

    return ngx_http_procore_scope_send_op(r, admin, &op,
                                          ngx_http_procore_scope_paused_told);
}


static ngx_int_t
ngx_http_procore_scope_paused_told(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_t *admin)
{
    ngx_uint_t                            paused;
    procore_store_op_t                   *op;
    ngx_http_procore_scope_ctx_t         *ctx;
    ngx_http_procore_scope_admin_text_t   text;

    op = &admin->op;
    ctx = admin->ctx;

    if (op->rc == PROCORE_NOT_FOUND) {
        return ngx_http_procore_scope_admin_refuse(r, NGX_HTTP_NOT_FOUND,
                             PROCORE_REASON_NOT_FOUND,
                             "this client is not paused");
    }

    if (op->rc != PROCORE_OK) {
        return ngx_http_procore_scope_admin_failed(r);
    }

    paused = op->type == PROCORE_STORE_PAUSE;

    ctx->binding.client_len = op->client_len;
    ngx_memcpy(ctx->binding.client, op->client, op->client_len);
    admin->changed = 1;

    ngx_http_procore_scope_admin_did(admin, paused ? "admin_pause"
                                                   : "admin_resume");

    ngx_memzero(&text, sizeof(ngx_http_procore_scope_admin_text_t));

    if (ngx_http_procore_scope_admin_name(r, &text, "{\"client\":\"",
                                          &admin->name)
        != NGX_OK
        || (paused
            ? ngx_http_procore_scope_admin_put(r, &text, "\",\"paused\":true}")
            : ngx_http_procore_scope_admin_put(r, &text,
                                               "\",\"paused\":false}"))
           != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_procore_scope_admin_answer(r, NGX_HTTP_OK, &text);
}

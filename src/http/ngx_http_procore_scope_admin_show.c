
/*
 * One binding or project: found by what a path or a body names, and shown.
 */


#include "ngx_http_procore_scope_admin.h"


/* Tokens of a family that are shown, the first ones. */

#define NGX_HTTP_PROCORE_SCOPE_SHOWN  100


typedef struct {
    procore_listed_family_t  family;
    procore_listed_token_t   tokens[NGX_HTTP_PROCORE_SCOPE_SHOWN];
} ngx_http_procore_scope_shown_t;


static ngx_int_t ngx_http_procore_scope_target_name(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_t *admin);
static ngx_int_t ngx_http_procore_scope_target_texts(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_t *admin, procore_store_op_t *op);
static ngx_int_t ngx_http_procore_scope_found(ngx_http_request_t *r, int rc);
static ngx_int_t ngx_http_procore_scope_show_tokens(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_t *admin);
static ngx_int_t ngx_http_procore_scope_show_told(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_t *admin);


ngx_int_t
ngx_http_procore_scope_admin_target(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_t *admin, procore_store_op_t *op)
{
    int                      rc;
    procore_import_line_t   *line;
    procore_listed_token_t   token;

    line = &admin->line;

    if (admin->name.len
        && ngx_http_procore_scope_target_name(r, admin) != NGX_OK)
    {
        return ngx_http_procore_scope_admin_refuse(r, NGX_HTTP_BAD_REQUEST,
                             PROCORE_REASON_MALFORMED_ID,
                             "a token's digest has 16 or 64 hexadecimal "
                             "digits, a family has 32; a token itself goes "
                             "into a body");
    }

    if (line->access.data || line->refresh.data) {
        return ngx_http_procore_scope_target_texts(r, admin, op);
    }

    if (line->has_family) {
        op->has_family = 1;
        ngx_memcpy(op->family, line->family, PROCORE_FAMILY_SIZE);
        return NGX_OK;
    }

    rc = ngx_http_procore_scope_store_find(op->realm, line->token,
                                           line->token_len, &token);

    if (rc != PROCORE_OK) {
        return ngx_http_procore_scope_found(r, rc);
    }

    ngx_memcpy(admin->ctx->digest, token.digest, PROCORE_DIGEST_SIZE);
    admin->ctx->digested = 1;

    op->has_family = 1;
    ngx_memcpy(op->family, token.family.id, PROCORE_FAMILY_SIZE);

    return NGX_OK;
}


/* A path that names a token or a family in hexadecimal, as a line would. */

static ngx_int_t
ngx_http_procore_scope_target_name(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_t *admin)
{
    u_char     *out;
    ngx_str_t  *name;

    name = &admin->name;

    switch (name->len) {

    case 2 * PROCORE_FAMILY_SIZE:
        out = admin->line.family;
        admin->line.has_family = 1;
        break;

    case 2 * PROCORE_IMPORT_SHORT:
    case 2 * PROCORE_DIGEST_SIZE:
        out = admin->line.token;
        admin->line.token_len = name->len / 2;
        break;

    default:
        return NGX_ERROR;
    }

    return procore_import_hex(name->data, name->len, out) == PROCORE_OK
           ? NGX_OK : NGX_ERROR;
}


/* The tokens themselves: of them only digests go on. */

static ngx_int_t
ngx_http_procore_scope_target_texts(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_t *admin, procore_store_op_t *op)
{
    procore_import_line_t  *line;

    line = &admin->line;

    op->has_access = line->access.data != NULL;
    op->has_refresh = line->refresh.data != NULL;

    if ((op->has_access
         && procore_digest_token(op->realm, line->access.data,
                                 line->access.len, op->access)
            != PROCORE_OK)
        || (op->has_refresh
            && procore_digest_token(op->realm, line->refresh.data,
                                    line->refresh.len, op->refresh)
               != PROCORE_OK))
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_memcpy(admin->ctx->digest, op->has_access ? op->access : op->refresh,
               PROCORE_DIGEST_SIZE);
    admin->ctx->digested = 1;

    return NGX_OK;
}


static ngx_int_t
ngx_http_procore_scope_found(ngx_http_request_t *r, int rc)
{
    switch (rc) {

    case PROCORE_OK:
        return NGX_OK;

    case PROCORE_NOT_FOUND:
        return ngx_http_procore_scope_admin_refuse(r, NGX_HTTP_NOT_FOUND,
                             PROCORE_REASON_NOT_FOUND,
                             "the store knows no such token or family in this "
                             "realm");

    case PROCORE_CONFLICT:
        return ngx_http_procore_scope_admin_refuse(r, NGX_HTTP_CONFLICT,
                             PROCORE_REASON_MALFORMED_ID,
                             "several tokens have a digest that begins so; "
                             "name the one by all 64 digits");

    case PROCORE_CORRUPT:
        return ngx_http_procore_scope_admin_refuse(r, NGX_HTTP_CONFLICT,
                             PROCORE_REASON_STORE_FAILED,
                             "the store's record is damaged");

    default:
        return ngx_http_procore_scope_admin_failed(r);
    }
}


ngx_int_t
ngx_http_procore_scope_admin_find(ngx_http_request_t *r,
    procore_store_op_t *op, procore_listed_family_t *family)
{
    int                     rc;
    procore_listed_token_t  token;

    if (op->has_family) {
        rc = ngx_http_procore_scope_store_family(op->realm, op->family,
                                                 family);

    } else {
        rc = ngx_http_procore_scope_store_find(op->realm,
                                               op->has_access ? op->access
                                                              : op->refresh,
                                               PROCORE_DIGEST_SIZE, &token);
        if (rc == PROCORE_OK) {
            *family = token.family;
        }
    }

    return ngx_http_procore_scope_found(r, rc);
}


ngx_int_t
ngx_http_procore_scope_admin_show_posted(ngx_http_request_t *r,
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
                             "to show one binding, name one access_token, "
                             "refresh_token, token or family");
    }

    return ngx_http_procore_scope_admin_show(r, admin);
}


ngx_int_t
ngx_http_procore_scope_admin_show(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_t *admin)
{
    ngx_int_t                        rc;
    procore_store_op_t               op;
    ngx_http_procore_scope_shown_t  *shown;

    ngx_http_procore_scope_admin_op(admin, PROCORE_STORE_END, &op);

    shown = ngx_palloc(r->pool, sizeof(ngx_http_procore_scope_shown_t));
    if (shown == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    admin->data = shown;

    rc = ngx_http_procore_scope_admin_target(r, admin, &op);

    if (rc == NGX_OK) {
        rc = ngx_http_procore_scope_admin_find(r, &op, &shown->family);
    }

    if (rc != NGX_OK) {
        return rc;
    }

    admin->filter.family = shown->family.id;

    return ngx_http_procore_scope_show_tokens(r, admin);
}


/* A family has no list of its tokens: all are looked at. */

static ngx_int_t
ngx_http_procore_scope_show_tokens(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_t *admin)
{
    size_t                           n;
    ngx_http_procore_scope_shown_t  *shown;

    shown = admin->data;

    if (ngx_http_procore_scope_store_tokens(&admin->filter, &admin->cursor,
                                            shown->tokens + admin->done,
                                            NGX_HTTP_PROCORE_SCOPE_SHOWN
                                            - admin->done, &n)
        != NGX_OK)
    {
        return ngx_http_procore_scope_admin_failed(r);
    }

    admin->done += n;

    if (!admin->cursor.end && admin->done < NGX_HTTP_PROCORE_SCOPE_SHOWN
        && admin->done < shown->family.tokens)
    {
        return ngx_http_procore_scope_admin_later(r,
                                          ngx_http_procore_scope_show_tokens);
    }

    return ngx_http_procore_scope_show_told(r, admin);
}


static ngx_int_t
ngx_http_procore_scope_show_told(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_t *admin)
{
    char                                 *p;
    size_t                                i;
    ngx_http_procore_scope_shown_t       *shown;
    ngx_http_procore_scope_admin_text_t   text;

    shown = admin->data;
    ngx_memzero(&text, sizeof(ngx_http_procore_scope_admin_text_t));

    if (ngx_http_procore_scope_admin_put(r, &text, "{\"binding\":") != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    p = ngx_http_procore_scope_admin_room(r, &text);
    if (p == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_http_procore_scope_admin_filled(&text,
                                     procore_admin_family(p, &shown->family));

    if (ngx_http_procore_scope_admin_put(r, &text, ",\"tokens\":[") != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    for (i = 0; i < admin->done; i++) {
        p = ngx_http_procore_scope_admin_element(r, &text, i);
        if (p == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        ngx_http_procore_scope_admin_filled(&text,
                                   procore_admin_token(p, &shown->tokens[i]));
    }

    if (ngx_http_procore_scope_admin_put(r, &text, "]}") != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_procore_scope_admin_answer(r, NGX_HTTP_OK, &text);
}


ngx_int_t
ngx_http_procore_scope_admin_project(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_t *admin)
{
    int                                   rc;
    char                                 *p;
    procore_listed_project_t              project;
    ngx_http_procore_scope_admin_text_t   text;

    if (procore_id_classify(admin->name.data, admin->name.len, &project.id)
        != PROCORE_ID_NUMBER)
    {
        return ngx_http_procore_scope_admin_refuse(r, NGX_HTTP_BAD_REQUEST,
                             PROCORE_REASON_MALFORMED_ID,
                             "this is not the id of a project");
    }

    if (ngx_http_procore_scope_store_begin() != NGX_OK) {
        return ngx_http_procore_scope_admin_failed(r);
    }

    rc = ngx_http_procore_scope_store_project(admin->filter.realm, project.id,
                                              &project.project);
    ngx_http_procore_scope_store_end();

    if (rc == PROCORE_NOT_FOUND) {
        return ngx_http_procore_scope_admin_refuse(r, NGX_HTTP_NOT_FOUND,
                             PROCORE_REASON_NOT_FOUND,
                             "the store knows no such project in this realm");
    }

    if (rc != PROCORE_OK) {
        return ngx_http_procore_scope_admin_failed(r);
    }

    ngx_memzero(&text, sizeof(ngx_http_procore_scope_admin_text_t));

    p = ngx_http_procore_scope_admin_room(r, &text);
    if (p == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_http_procore_scope_admin_filled(&text,
                                  procore_admin_project(p, &project, NULL));

    return ngx_http_procore_scope_admin_answer(r, NGX_HTTP_OK, &text);
}

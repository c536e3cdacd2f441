
/*
 * The store as the operator's location reads it: each look is a snapshot of its
 * own.
 */


#include "ngx_http_procore_scope_admin.h"


/* Ends the snapshot; what a list returned becomes a code of nginx. */

static ngx_int_t
ngx_http_procore_scope_store_seen(int rc)
{
    ngx_http_procore_scope_store_end();

    return rc == PROCORE_OK ? NGX_OK : NGX_ERROR;
}


ngx_int_t
ngx_http_procore_scope_store_families(const procore_list_filter_t *filter,
    procore_list_cursor_t *cursor, procore_listed_family_t *out, size_t room,
    size_t *n)
{
    if (ngx_http_procore_scope_store_begin() != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_http_procore_scope_store_seen(
               procore_store_families(ngx_http_procore_scope_store_here(),
                                      filter, cursor, out, room, n));
}


ngx_int_t
ngx_http_procore_scope_store_tokens(const procore_list_filter_t *filter,
    procore_list_cursor_t *cursor, procore_listed_token_t *out, size_t room,
    size_t *n)
{
    if (ngx_http_procore_scope_store_begin() != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_http_procore_scope_store_seen(
               procore_store_tokens(ngx_http_procore_scope_store_here(),
                                    filter, cursor, out, room, n));
}


ngx_int_t
ngx_http_procore_scope_store_projects(const procore_list_filter_t *filter,
    procore_list_cursor_t *cursor, procore_listed_project_t *out, size_t room,
    size_t *n)
{
    if (ngx_http_procore_scope_store_begin() != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_http_procore_scope_store_seen(
               procore_store_projects(ngx_http_procore_scope_store_here(),
                                      filter, cursor, out, room, n));
}


ngx_int_t
ngx_http_procore_scope_store_pauses(const procore_list_filter_t *filter,
    procore_list_cursor_t *cursor, procore_listed_paused_t *out, size_t room,
    size_t *n)
{
    if (ngx_http_procore_scope_store_begin() != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_http_procore_scope_store_seen(
               procore_store_pauses(ngx_http_procore_scope_store_here(),
                                    filter, cursor, out, room, n));
}


int
ngx_http_procore_scope_store_family(const u_char *realm, const u_char *id,
    procore_listed_family_t *family)
{
    int  rc;

    if (ngx_http_procore_scope_store_begin() != NGX_OK) {
        return PROCORE_ERROR;
    }

    rc = procore_store_family(ngx_http_procore_scope_store_here(), realm, id,
                              family);

    ngx_http_procore_scope_store_end();

    return rc;
}


int
ngx_http_procore_scope_store_find(const u_char *realm, const u_char *prefix,
    size_t len, procore_listed_token_t *token)
{
    int  rc;

    if (ngx_http_procore_scope_store_begin() != NGX_OK) {
        return PROCORE_ERROR;
    }

    rc = procore_store_find(ngx_http_procore_scope_store_here(), realm, prefix,
                            len, token);

    ngx_http_procore_scope_store_end();

    return rc;
}


int
ngx_http_procore_scope_store_import(procore_import_t *import, size_t from,
    size_t n)
{
    int  rc;

    if (ngx_http_procore_scope_store_begin() != NGX_OK) {
        return PROCORE_ERROR;
    }

    rc = procore_import_check(import, ngx_http_procore_scope_store_here(), from,
                              n, (uint64_t) ngx_time());

    ngx_http_procore_scope_store_end();

    return rc;
}


/*
 * Lists for the operator: bindings, projects, clients.
 */


#include "ngx_http_procore_scope_admin.h"


/* What was found so far; the longest list takes some 300 KB. */

typedef struct {
    procore_listed_family_t    *families;
    procore_listed_project_t   *projects;
    procore_listed_paused_t    *pauses;
    procore_tally_t            *tally;
} ngx_http_procore_scope_list_t;


static ngx_http_procore_scope_list_t *ngx_http_procore_scope_list(
    ngx_http_request_t *r, ngx_http_procore_scope_admin_t *admin);
static ngx_int_t ngx_http_procore_scope_list_families(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_t *admin);
static ngx_int_t ngx_http_procore_scope_list_token(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_t *admin);
static ngx_int_t ngx_http_procore_scope_list_bindings(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_t *admin);
static ngx_int_t ngx_http_procore_scope_list_projects(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_t *admin);
static ngx_int_t ngx_http_procore_scope_list_over(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_t *admin,
    ngx_http_procore_scope_admin_text_t *text);
static ngx_int_t ngx_http_procore_scope_list_pauses(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_t *admin);
static ngx_int_t ngx_http_procore_scope_list_tally(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_t *admin);
static ngx_int_t ngx_http_procore_scope_list_told(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_t *admin);


static ngx_http_procore_scope_list_t *
ngx_http_procore_scope_list(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_t *admin)
{
    admin->data = ngx_pcalloc(r->pool, sizeof(ngx_http_procore_scope_list_t));

    return admin->data;
}


ngx_int_t
ngx_http_procore_scope_admin_bindings(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_t *admin)
{
    ngx_http_procore_scope_list_t  *list;

    list = ngx_http_procore_scope_list(r, admin);
    if (list == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    list->families = ngx_palloc(r->pool, admin->limit
                                         * sizeof(procore_listed_family_t));
    if (list->families == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return admin->line.token_len
           ? ngx_http_procore_scope_list_token(r, admin)
           : ngx_http_procore_scope_list_families(r, admin);
}


/* A list of one, or of none. */

static ngx_int_t
ngx_http_procore_scope_list_token(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_t *admin)
{
    int                             rc;
    procore_listed_token_t          token;
    ngx_http_procore_scope_list_t  *list;

    list = admin->data;

    rc = ngx_http_procore_scope_store_find(admin->filter.realm,
                                           admin->line.token,
                                           admin->line.token_len, &token);

    if (rc == PROCORE_ERROR) {
        return ngx_http_procore_scope_admin_failed(r);
    }

    if (rc == PROCORE_CONFLICT) {
        return ngx_http_procore_scope_admin_refuse(r, NGX_HTTP_CONFLICT,
                             PROCORE_REASON_MALFORMED_ID,
                             "several tokens have a digest that begins so; "
                             "name the one by all 64 digits");
    }

    if (rc == PROCORE_OK) {
        list->families[0] = token.family;
        admin->done = 1;
    }

    admin->cursor.end = 1;

    return ngx_http_procore_scope_list_bindings(r, admin);
}


static ngx_int_t
ngx_http_procore_scope_list_families(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_t *admin)
{
    size_t                          n;
    ngx_http_procore_scope_list_t  *list;

    list = admin->data;

    if (ngx_http_procore_scope_store_families(&admin->filter, &admin->cursor,
                                              list->families + admin->done,
                                              admin->limit - admin->done, &n)
        != NGX_OK)
    {
        return ngx_http_procore_scope_admin_failed(r);
    }

    admin->done += n;

    if (!admin->cursor.end && admin->done < admin->limit) {
        return ngx_http_procore_scope_admin_later(r,
                                        ngx_http_procore_scope_list_families);
    }

    return ngx_http_procore_scope_list_bindings(r, admin);
}


static ngx_int_t
ngx_http_procore_scope_list_bindings(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_t *admin)
{
    char                                 *p;
    size_t                                i;
    ngx_http_procore_scope_list_t        *list;
    ngx_http_procore_scope_admin_text_t   text;

    list = admin->data;
    ngx_memzero(&text, sizeof(ngx_http_procore_scope_admin_text_t));

    if (ngx_http_procore_scope_admin_put(r, &text, "{\"bindings\":[") != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    for (i = 0; i < admin->done; i++) {
        p = ngx_http_procore_scope_admin_element(r, &text, i);
        if (p == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        ngx_http_procore_scope_admin_filled(&text,
                               procore_admin_family(p, &list->families[i]));
    }

    return ngx_http_procore_scope_list_over(r, admin, &text);
}


ngx_int_t
ngx_http_procore_scope_admin_projects(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_t *admin)
{
    ngx_http_procore_scope_list_t  *list;

    list = ngx_http_procore_scope_list(r, admin);
    if (list == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    list->projects = ngx_palloc(r->pool, admin->limit
                                         * sizeof(procore_listed_project_t));
    if (list->projects == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_procore_scope_list_projects(r, admin);
}


static ngx_int_t
ngx_http_procore_scope_list_projects(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_t *admin)
{
    char                                 *p;
    size_t                                n, i;
    ngx_http_procore_scope_list_t        *list;
    ngx_http_procore_scope_admin_text_t   text;

    list = admin->data;

    if (ngx_http_procore_scope_store_projects(&admin->filter, &admin->cursor,
                                              list->projects + admin->done,
                                              admin->limit - admin->done, &n)
        != NGX_OK)
    {
        return ngx_http_procore_scope_admin_failed(r);
    }

    admin->done += n;

    if (!admin->cursor.end && admin->done < admin->limit) {
        return ngx_http_procore_scope_admin_later(r,
                                        ngx_http_procore_scope_list_projects);
    }

    ngx_memzero(&text, sizeof(ngx_http_procore_scope_admin_text_t));

    if (ngx_http_procore_scope_admin_put(r, &text, "{\"projects\":[") != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    for (i = 0; i < admin->done; i++) {
        p = ngx_http_procore_scope_admin_element(r, &text, i);
        if (p == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        ngx_http_procore_scope_admin_filled(&text,
                        procore_admin_project(p, &list->projects[i], NULL));
    }

    return ngx_http_procore_scope_list_over(r, admin, &text);
}


/* Where the list goes on: the cursor, or null. */

static ngx_int_t
ngx_http_procore_scope_list_over(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_t *admin,
    ngx_http_procore_scope_admin_text_t *text)
{
    u_char  *p, next[2 * PROCORE_LIST_KEY_MAX + sizeof("],\"next\":\"\"}")];

    p = ngx_cpymem(next, "],\"next\":", sizeof("],\"next\":") - 1);

    if (admin->cursor.end) {
        p = ngx_cpymem(p, "null}", sizeof("null}") - 1);

    } else {
        *p++ = '"';
        p = ngx_hex_dump(p, admin->cursor.key, admin->cursor.len);
        *p++ = '"';
        *p++ = '}';
    }

    if (ngx_http_procore_scope_admin_add(r, text, (char *) next,
                                         (size_t) (p - next))
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_procore_scope_admin_answer(r, NGX_HTTP_OK, text);
}


/* The paused ones first: they are told even where there are too many others. */

ngx_int_t
ngx_http_procore_scope_admin_clients(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_t *admin)
{
    ngx_http_procore_scope_list_t  *list;

    list = ngx_http_procore_scope_list(r, admin);
    if (list == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    list->tally = ngx_pcalloc(r->pool, sizeof(procore_tally_t));
    list->pauses = ngx_palloc(r->pool, NGX_HTTP_PROCORE_SCOPE_ADMIN_LIMIT
                                       * sizeof(procore_listed_paused_t));
    list->families = ngx_palloc(r->pool, NGX_HTTP_PROCORE_SCOPE_ADMIN_MAX
                                         * sizeof(procore_listed_family_t));

    if (list->tally == NULL || list->pauses == NULL || list->families == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_procore_scope_list_pauses(r, admin);
}


static ngx_int_t
ngx_http_procore_scope_list_pauses(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_t *admin)
{
    size_t                          n, i;
    ngx_http_procore_scope_list_t  *list;

    list = admin->data;

    if (ngx_http_procore_scope_store_pauses(&admin->filter, &admin->cursor,
                                            list->pauses,
                                            NGX_HTTP_PROCORE_SCOPE_ADMIN_LIMIT,
                                            &n)
        != NGX_OK)
    {
        return ngx_http_procore_scope_admin_failed(r);
    }

    for (i = 0; i < n; i++) {
        procore_tally_pause(list->tally, &list->pauses[i]);
    }

    if (!admin->cursor.end) {
        return ngx_http_procore_scope_admin_later(r,
                                          ngx_http_procore_scope_list_pauses);
    }

    ngx_memzero(&admin->cursor, sizeof(procore_list_cursor_t));

    return ngx_http_procore_scope_list_tally(r, admin);
}


static ngx_int_t
ngx_http_procore_scope_list_tally(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_t *admin)
{
    size_t                          n, i;
    ngx_http_procore_scope_list_t  *list;

    list = admin->data;

    if (ngx_http_procore_scope_store_families(&admin->filter, &admin->cursor,
                                              list->families,
                                              NGX_HTTP_PROCORE_SCOPE_ADMIN_MAX,
                                              &n)
        != NGX_OK)
    {
        return ngx_http_procore_scope_admin_failed(r);
    }

    for (i = 0; i < n; i++) {
        procore_tally_add(list->tally, &list->families[i]);
    }

    return admin->cursor.end
           ? ngx_http_procore_scope_list_told(r, admin)
           : ngx_http_procore_scope_admin_later(r,
                                            ngx_http_procore_scope_list_tally);
}


static ngx_int_t
ngx_http_procore_scope_list_told(ngx_http_request_t *r,
    ngx_http_procore_scope_admin_t *admin)
{
    char                                 *p;
    size_t                                i;
    procore_tally_t                      *tally;
    ngx_http_procore_scope_list_t        *list;
    ngx_http_procore_scope_admin_text_t   text;

    list = admin->data;
    tally = list->tally;

    ngx_memzero(&text, sizeof(ngx_http_procore_scope_admin_text_t));

    if (ngx_http_procore_scope_admin_put(r, &text, "{\"clients\":[") != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    for (i = 0; i < tally->n; i++) {
        p = ngx_http_procore_scope_admin_element(r, &text, i);
        if (p == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        ngx_http_procore_scope_admin_filled(&text,
                                 procore_admin_client(p, &tally->clients[i]));
    }

    if (ngx_http_procore_scope_admin_put(r, &text, "],\"other\":") != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    p = ngx_http_procore_scope_admin_room(r, &text);
    if (p == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    p = procore_admin_client(p, &tally->other);
    *p++ = '}';
    ngx_http_procore_scope_admin_filled(&text, p);

    return ngx_http_procore_scope_admin_answer(r, NGX_HTTP_OK, &text);
}

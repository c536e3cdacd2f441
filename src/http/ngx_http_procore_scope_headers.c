
/*
 * Changes the header of a request before it goes up, and adds to the header of
 * an answer.
 */


#include "ngx_http_procore_scope.h"


typedef struct {
    ngx_str_t   name;      /* as ngx_http_procore_scope_is_header() wants it */
    ngx_uint_t  which;
    ngx_uint_t  spelt;     /* only where it is spelt with "_" */
} ngx_http_procore_scope_removed_t;


static ngx_uint_t ngx_http_procore_scope_header_class(ngx_table_elt_t *h);


static ngx_http_procore_scope_removed_t  ngx_http_procore_scope_removed[] = {

    { ngx_string("procore-company-id"),
      NGX_HTTP_PROCORE_SCOPE_REMOVE_COMPANY, 0 },

    { ngx_string("upgrade"),
      NGX_HTTP_PROCORE_SCOPE_REMOVE_UPGRADE, 0 },

    { ngx_string("accept-encoding"),
      NGX_HTTP_PROCORE_SCOPE_REMOVE_ENCODING, 0 },

    { ngx_string("range"),
      NGX_HTTP_PROCORE_SCOPE_REMOVE_CONDITIONAL, 0 },

    { ngx_string("if-range"),
      NGX_HTTP_PROCORE_SCOPE_REMOVE_CONDITIONAL, 0 },

    { ngx_string("if-match"),
      NGX_HTTP_PROCORE_SCOPE_REMOVE_CONDITIONAL, 0 },

    { ngx_string("if-none-match"),
      NGX_HTTP_PROCORE_SCOPE_REMOVE_CONDITIONAL, 0 },

    { ngx_string("if-modified-since"),
      NGX_HTTP_PROCORE_SCOPE_REMOVE_CONDITIONAL, 0 },

    { ngx_string("if-unmodified-since"),
      NGX_HTTP_PROCORE_SCOPE_REMOVE_CONDITIONAL, 0 },

    { ngx_string("x-original-url"),
      NGX_HTTP_PROCORE_SCOPE_REMOVE_OVERRIDE, 0 },

    { ngx_string("x-original-uri"),
      NGX_HTTP_PROCORE_SCOPE_REMOVE_OVERRIDE, 0 },

    { ngx_string("x-rewrite-url"),
      NGX_HTTP_PROCORE_SCOPE_REMOVE_OVERRIDE, 0 },

    { ngx_string("x-script-name"),
      NGX_HTTP_PROCORE_SCOPE_REMOVE_OVERRIDE, 0 },

    { ngx_string("x-forwarded-prefix"),
      NGX_HTTP_PROCORE_SCOPE_REMOVE_OVERRIDE, 0 },

    { ngx_string("x-forwarded-path"),
      NGX_HTTP_PROCORE_SCOPE_REMOVE_OVERRIDE, 0 },

    { ngx_string("x-forwarded-uri"),
      NGX_HTTP_PROCORE_SCOPE_REMOVE_OVERRIDE, 0 },

    { ngx_string("x-http-method"),
      NGX_HTTP_PROCORE_SCOPE_REMOVE_OVERRIDE, 0 },

    { ngx_string("x-method-override"),
      NGX_HTTP_PROCORE_SCOPE_REMOVE_OVERRIDE, 0 },

    { ngx_string("transfer-encoding"),
      NGX_HTTP_PROCORE_SCOPE_REMOVE_OVERRIDE, 1 },

    { ngx_string("content-length"),
      NGX_HTTP_PROCORE_SCOPE_REMOVE_OVERRIDE, 1 },

    { ngx_null_string, 0, 0 }
};


/*
 * Application servers read "_" in the name of a header as "-", so it is the
 * same header here.  "name" is in lower case, with "-".
 */

ngx_uint_t
ngx_http_procore_scope_is_header(ngx_table_elt_t *h, ngx_str_t *name)
{
    size_t  i;
    u_char  ch;

    if (h->key.len != name->len) {
        return 0;
    }

    for (i = 0; i < name->len; i++) {
        ch = h->lowcase_key ? h->lowcase_key[i] : ngx_tolower(h->key.data[i]);

        if (ch == '_') {
            ch = '-';
        }

        if (ch != name->data[i]) {
            return 0;
        }
    }

    return 1;
}


ngx_int_t
ngx_http_procore_scope_remove_headers(ngx_http_request_t *r, ngx_uint_t which)
{
    ngx_uint_t        i, found;
    ngx_list_t        kept;
    ngx_table_elt_t  *h, *copy;
    ngx_list_part_t  *part;

    found = 0;

    for (part = &r->headers_in.headers.part; part; part = part->next) {
        h = part->elts;

        for (i = 0; i < part->nelts; i++) {
            if (ngx_http_procore_scope_header_class(&h[i]) & which) {
                found = 1;
            }
        }
    }

    if (!found) {
        return NGX_OK;
    }

    if (ngx_list_init(&kept, r->pool, 20, sizeof(ngx_table_elt_t)) != NGX_OK) {
        return NGX_ERROR;
    }

    for (part = &r->headers_in.headers.part; part; part = part->next) {
        h = part->elts;

        for (i = 0; i < part->nelts; i++) {

            if (ngx_http_procore_scope_header_class(&h[i]) & which) {
                continue;
            }

            copy = ngx_list_push(&kept);
            if (copy == NULL) {
                return NGX_ERROR;
            }

            *copy = h[i];
        }
    }

    /*
     * The old elements stay where they are, so that the pointers to what is
     * kept remain good.  The pointers to what is gone are cleared where nginx's
     * own filters would act on them; headers_in.accept_encoding stays, so that
     * its gzip filter still serves the client.
     */

    r->headers_in.headers = kept;

    if (kept.last == &kept.part) {
        r->headers_in.headers.last = &r->headers_in.headers.part;
    }

    if (which & NGX_HTTP_PROCORE_SCOPE_REMOVE_UPGRADE) {
        r->headers_in.upgrade = NULL;
    }

    if (which & NGX_HTTP_PROCORE_SCOPE_REMOVE_CONDITIONAL) {
        r->headers_in.range = NULL;
        r->headers_in.if_range = NULL;
        r->headers_in.if_match = NULL;
        r->headers_in.if_none_match = NULL;
        r->headers_in.if_modified_since = NULL;
        r->headers_in.if_unmodified_since = NULL;
    }

    return NGX_OK;
}


static ngx_uint_t
ngx_http_procore_scope_header_class(ngx_table_elt_t *h)
{
    ngx_http_procore_scope_removed_t  *removed;

    for (removed = ngx_http_procore_scope_removed;
         removed->name.len;
         removed++)
    {
        if (ngx_http_procore_scope_is_header(h, &removed->name)
            && (!removed->spelt || memchr(h->key.data, '_', h->key.len)))
        {
            return removed->which;
        }
    }

    return 0;
}


ngx_uint_t
ngx_http_procore_scope_is_basic(ngx_http_request_t *r)
{
    ngx_table_elt_t  *h;

    h = r->headers_in.authorization;

    return h && h->value.len >= sizeof("Basic ") - 1
           && ngx_strncasecmp(h->value.data, (u_char *) "Basic ",
                              sizeof("Basic ") - 1)
              == 0;
}


ngx_int_t
ngx_http_procore_scope_add_header(ngx_http_request_t *r, ngx_str_t *name,
    ngx_str_t *lowcase, ngx_str_t *value)
{
    ngx_table_elt_t  *h;

    h = ngx_list_push(&r->headers_in.headers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(h, sizeof(ngx_table_elt_t));

    h->value.data = ngx_pnalloc(r->pool, value->len + 1);
    if (h->value.data == NULL) {
        return NGX_ERROR;
    }

    h->value.len = value->len;
    *ngx_cpymem(h->value.data, value->data, value->len) = '\0';

    h->key = *name;
    h->lowcase_key = lowcase->data;
    h->hash = ngx_hash_key(lowcase->data, lowcase->len);

    ngx_http_procore_scope_end_header(h);

    return NGX_OK;
}


ngx_int_t
ngx_http_procore_scope_add_answer_header(ngx_http_request_t *r,
    const char *name, ngx_str_t *value)
{
    ngx_table_elt_t  *h;

    h = ngx_list_push(&r->headers_out.headers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(h, sizeof(ngx_table_elt_t));

    h->hash = 1;
    h->key.len = ngx_strlen(name);
    h->key.data = (u_char *) name;
    h->value = *value;

    ngx_http_procore_scope_end_header(h);

    return NGX_OK;
}


ngx_int_t
ngx_http_procore_scope_copy(ngx_pool_t *pool, ngx_str_t *to,
    const procore_str_t *from)
{
    to->len = from->len;

    if (from->len == 0) {
        to->data = NULL;
        return NGX_OK;
    }

    to->data = ngx_pnalloc(pool, from->len);
    if (to->data == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(to->data, from->data, from->len);

    return NGX_OK;
}

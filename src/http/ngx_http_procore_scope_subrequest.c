
/*
 * What the module's own subrequests have in common: nothing of the client goes
 * up with them, and how their answers are read.
 */


#include "ngx_http_procore_scope_call.h"
#include "ngx_http_procore_scope_filter.h"
#include "../procore/procore_link.h"


/* A larger number in X-Rate-Limit-Reset is a time and not a duration. */

#define NGX_HTTP_PROCORE_SCOPE_EPOCH      1000000000

/* Lines that a header of our own has, at most. */

#define NGX_HTTP_PROCORE_SCOPE_OWN_LINES  8


static ngx_list_part_t *ngx_http_procore_scope_subrequest_answer(
    ngx_http_request_t *sr);


static ngx_str_t  ngx_http_procore_scope_link = ngx_string("link");
static ngx_str_t  ngx_http_procore_scope_retry_after =
    ngx_string("retry-after");
static ngx_str_t  ngx_http_procore_scope_rate_reset =
    ngx_string("x-rate-limit-reset");


/* A subrequest shares header, body and cached variables with its parent. */

ngx_int_t
ngx_http_procore_scope_subrequest_own(ngx_http_request_t *sr,
    ngx_http_variable_value_t **variables)
{
    size_t                      size;
    ngx_http_core_main_conf_t  *cmcf;

    sr->request_body = ngx_pcalloc(sr->pool, sizeof(ngx_http_request_body_t));
    if (sr->request_body == NULL) {
        return NGX_ERROR;
    }

    cmcf = ngx_http_get_module_main_conf(sr, ngx_http_core_module);
    size = cmcf->variables.nelts * sizeof(ngx_http_variable_value_t);

    if (*variables == NULL) {
        *variables = ngx_palloc(sr->pool, size);
        if (*variables == NULL) {
            return NGX_ERROR;
        }
    }

    ngx_memzero(*variables, size);

    sr->variables = *variables;
    sr->discard_body = 0;

    /*
     * No internal redirect: what an answer or the location sends it to is not
     * what was asked for, and would run without our context.
     */

    sr->uri_changes = 1;

    /* the client's target may hold a code: log_subrequest would log it */

    sr->unparsed_uri = sr->uri;

    ngx_memzero(&sr->headers_in, sizeof(ngx_http_headers_in_t));

    sr->headers_in.content_length_n = -1;
    sr->headers_in.keep_alive_n = -1;

    return ngx_list_init(&sr->headers_in.headers, sr->pool,
                         NGX_HTTP_PROCORE_SCOPE_OWN_LINES,
                         sizeof(ngx_table_elt_t));
}


ngx_table_elt_t *
ngx_http_procore_scope_subrequest_add(ngx_http_request_t *sr,
    const char *name, const char *lowcase, ngx_str_t *value)
{
    ngx_table_elt_t  *h;

    h = ngx_list_push(&sr->headers_in.headers);
    if (h == NULL) {
        return NULL;
    }

    ngx_memzero(h, sizeof(ngx_table_elt_t));

    h->key.len = ngx_strlen(name);
    h->key.data = (u_char *) name;
    h->lowcase_key = (u_char *) lowcase;
    h->hash = ngx_hash_key((u_char *) lowcase, h->key.len);
    h->value = *value;

    return h;
}


void
ngx_http_procore_scope_subrequest_drop(ngx_http_request_t *sr)
{
    ngx_http_finalize_request(sr, NGX_HTTP_INTERNAL_SERVER_ERROR);
}


/*
 * nginx ends a subrequest by itself only; what frees its upstream when the
 * client leaves does the same here, and takes one reference for it.
 */

void
ngx_http_procore_scope_subrequest_cut(ngx_http_request_t *sr)
{
    ngx_connection_t     *c;
    ngx_http_upstream_t  *u;

    c = sr->connection;
    u = sr->upstream;

    ngx_log_error(NGX_LOG_ERR, c->log, 0,
                  "procore scope subrequest took too long: \"%V\"", &sr->uri);

    if (u && u->cleanup) {
        sr->main->count++;
        (*u->cleanup)(sr);

        ngx_http_finalize_request(sr, NGX_HTTP_GATEWAY_TIME_OUT);
    }

    ngx_http_run_posted_requests(c);
}


/*
 * Retry-After (RFC 9110, section 10.2.3: seconds or a date), else
 * X-Rate-Limit-Reset.
 */

time_t
ngx_http_procore_scope_subrequest_retry(ngx_http_request_t *sr)
{
    time_t      n;
    ngx_str_t  *value;

    value = ngx_http_procore_scope_subrequest_header(sr,
                                       &ngx_http_procore_scope_retry_after);

    if (value) {
        n = ngx_atotm(value->data, value->len);

        if (n == (time_t) NGX_ERROR) {
            n = ngx_parse_http_time(value->data, value->len);
            n = n == (time_t) NGX_ERROR ? NGX_HTTP_PROCORE_SCOPE_RETRY
                                        : n - ngx_time();
        }

        return ngx_max(n, 1);
    }

    value = ngx_http_procore_scope_subrequest_header(sr,
                                        &ngx_http_procore_scope_rate_reset);

    if (value) {
        n = ngx_atotm(value->data, value->len);

        if (n >= NGX_HTTP_PROCORE_SCOPE_EPOCH) {
            n -= ngx_time();
        }

        if (n != (time_t) NGX_ERROR) {
            return ngx_max(n, 1);
        }
    }

    return NGX_HTTP_PROCORE_SCOPE_RETRY;
}


ngx_uint_t
ngx_http_procore_scope_subrequest_next(ngx_http_request_t *sr)
{
    ngx_uint_t        i;
    procore_str_t     value;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    for (part = ngx_http_procore_scope_subrequest_answer(sr);
         part;
         part = part->next)
    {
        h = part->elts;

        for (i = 0; i < part->nelts; i++) {

            if (h[i].hash == 0
                || !ngx_http_procore_scope_is_header(&h[i],
                                                &ngx_http_procore_scope_link))
            {
                continue;
            }

            value.len = h[i].value.len;
            value.data = h[i].value.data;

            if (procore_link_has_next(&value)) {
                return 1;
            }
        }
    }

    return 0;
}


ngx_uint_t
ngx_http_procore_scope_subrequest_plain(ngx_http_request_t *sr)
{
    if (sr->headers_out.content_encoding
        && sr->headers_out.content_encoding->value.len)
    {
        return 0;
    }

    /* an old answer, perhaps to somebody else */

    return !ngx_http_procore_scope_cached(sr);
}


/* The header as it was answered, with what the location hides. */

static ngx_list_part_t *
ngx_http_procore_scope_subrequest_answer(ngx_http_request_t *sr)
{
    return sr->upstream ? &sr->upstream->headers_in.headers.part
                        : &sr->headers_out.headers.part;
}


ngx_str_t *
ngx_http_procore_scope_subrequest_header(ngx_http_request_t *sr,
    ngx_str_t *name)
{
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    for (part = ngx_http_procore_scope_subrequest_answer(sr);
         part;
         part = part->next)
    {
        h = part->elts;

        for (i = 0; i < part->nelts; i++) {
            if (h[i].hash && ngx_http_procore_scope_is_header(&h[i], name)) {
                return &h[i].value;
            }
        }
    }

    return NULL;
}


/*
 * Answers and nginx's cache: one that is kept under a key which tells neither
 * company nor token would be handed to tokens of other companies.
 *
 * The key is the operator's, in private configuration of the proxy module, so
 * it is looked at when a request has made one.
 */


#include "ngx_http_procore_scope_filter.h"


#if (NGX_HTTP_CACHE)


static ngx_uint_t ngx_http_procore_scope_cache_told(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);
static ngx_uint_t ngx_http_procore_scope_cache_holds(ngx_array_t *keys,
    ngx_str_t *text, ngx_uint_t number);
static void ngx_http_procore_scope_cache_warn(ngx_http_request_t *r);


ngx_uint_t
ngx_http_procore_scope_cached(ngx_http_request_t *r)
{
    return r->cached;
}


void
ngx_http_procore_scope_cache_check(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    if (r->cache == NULL || !ctx->digested
        || ngx_http_procore_scope_cache_told(r, ctx))
    {
        return;
    }

    ngx_http_procore_scope_cache_warn(r);

    if (ctx->conf->mode == NGX_HTTP_PROCORE_SCOPE_ENFORCE && r->upstream) {
        r->upstream->cacheable = 0;
    }
}


static ngx_uint_t
ngx_http_procore_scope_cache_told(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    u_char     buf[NGX_INT64_LEN];
    ngx_str_t  text;

    text.data = buf;

    if (ctx->judge.company) {
        text.len = (size_t) (ngx_sprintf(buf, "%uL", ctx->judge.company) - buf);

        if (ngx_http_procore_scope_cache_holds(&r->cache->keys, &text, 1)) {
            return 1;
        }
    }

    /* as $procore_scope_token has it, or as the client sent it */

    text.len = (size_t) (ngx_hex_dump(buf, ctx->digest, 8) - buf);

    return ngx_http_procore_scope_cache_holds(&r->cache->keys, &text, 0)
           || ngx_http_procore_scope_cache_holds(&r->cache->keys, &ctx->token,
                                                 0);
}


/* A number is found whole alone: the company 7 is not in "v17". */

static ngx_uint_t
ngx_http_procore_scope_cache_holds(ngx_array_t *keys, ngx_str_t *text,
    ngx_uint_t number)
{
    u_char      *p, *end, *last;
    ngx_str_t   *key;
    ngx_uint_t   i;

    key = keys->elts;

    for (i = 0; i < keys->nelts; i++) {

        last = key[i].data + key[i].len;

        for (p = key[i].data; (size_t) (last - p) >= text->len; p++) {

            if (ngx_memcmp(p, text->data, text->len) != 0) {
                continue;
            }

            end = p + text->len;

            if (!number
                || ((p == key[i].data || p[-1] < '0' || p[-1] > '9')
                    && (end == last || *end < '0' || *end > '9')))
            {
                return 1;
            }
        }
    }

    return 0;
}


/* Once a worker: it is the configuration that is wrong, not the request. */

static void
ngx_http_procore_scope_cache_warn(ngx_http_request_t *r)
{
    static ngx_uint_t  told;

    if (told) {
        return;
    }

    told = 1;

    ngx_log_error(NGX_LOG_WARN, r->connection->log, 0,
                  "procore_scope: the cache key of \"%V\" tells neither "
                  "company nor token; put $procore_scope_company and "
                  "$procore_scope_token into \"proxy_cache_key\"", &r->uri);
}


#else


ngx_uint_t
ngx_http_procore_scope_cached(ngx_http_request_t *r)
{
    return 0;
}


void
ngx_http_procore_scope_cache_check(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
}


#endif

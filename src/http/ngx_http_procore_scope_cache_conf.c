
/*
 * "nginx -t" warns of a cache whose key all companies share.
 *
 * What "proxy_cache_key" says is private to the proxy module.  So its
 * directives are read with it: while the "http" block is parsed, their setters
 * are ours, which call the real ones.  Each place is kept in our own
 * configuration of the same level, and is inherited as nginx's own are.
 */


#include "ngx_http_procore_scope_conf.h"


/* One "proxy_cache" or "proxy_cache_key". */

struct ngx_http_procore_scope_cache_place_s {
    ngx_str_t     value;
    ngx_str_t     file;
    ngx_uint_t    line;
    unsigned      told:1;
};


typedef struct {
    ngx_str_t       name;
    char         *(*note)(ngx_conf_t *cf,
                          ngx_http_procore_scope_loc_conf_t *conf);
    ngx_command_t  *command;      /* NULL: not watched */
    char         *(*set)(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
} ngx_http_procore_scope_watch_t;


static char *ngx_http_procore_scope_cache_set(ngx_conf_t *cf,
    ngx_command_t *cmd, void *conf);
static char *ngx_http_procore_scope_note_cache(ngx_conf_t *cf,
    ngx_http_procore_scope_loc_conf_t *conf);
static char *ngx_http_procore_scope_note_key(ngx_conf_t *cf,
    ngx_http_procore_scope_loc_conf_t *conf);
static char *ngx_http_procore_scope_note_pass(ngx_conf_t *cf,
    ngx_http_procore_scope_loc_conf_t *conf);
static ngx_http_procore_scope_cache_place_t *ngx_http_procore_scope_cache_place(
    ngx_conf_t *cf);
static void ngx_http_procore_scope_cache_cleanup(void *data);
static ngx_uint_t ngx_http_procore_scope_key_shared(ngx_str_t *key);


static ngx_http_procore_scope_watch_t  ngx_http_procore_scope_watched[] = {
    { ngx_string("proxy_cache"), ngx_http_procore_scope_note_cache,
      NULL, NULL },
    { ngx_string("proxy_cache_key"), ngx_http_procore_scope_note_key,
      NULL, NULL },
    { ngx_string("proxy_pass"), ngx_http_procore_scope_note_pass,
      NULL, NULL },
    { ngx_null_string, NULL, NULL, NULL }
};


/*
 * Variables that are the same for all companies.  A key that has any other one
 * may tell the company by way of a "map" or "set": that is seen at run time.
 */

static ngx_str_t  ngx_http_procore_scope_shared_variables[] = {
    ngx_string("args"),
    ngx_string("document_uri"),
    ngx_string("host"),
    ngx_string("http_accept"),
    ngx_string("http_accept_encoding"),
    ngx_string("http_host"),
    ngx_string("is_args"),
    ngx_string("proxy_host"),
    ngx_string("proxy_port"),
    ngx_string("query_string"),
    ngx_string("request_method"),
    ngx_string("request_uri"),
    ngx_string("scheme"),
    ngx_string("server_name"),
    ngx_string("server_port"),
    ngx_string("slice_range"),
    ngx_string("uri"),
    ngx_null_string
};


ngx_int_t
ngx_http_procore_scope_cache_watch(ngx_conf_t *cf)
{
    ngx_uint_t                       i;
    ngx_command_t                   *cmd;
    ngx_pool_cleanup_t              *cln;
    ngx_http_procore_scope_watch_t  *watch;

    /* a configuration that fails does not come to the end of the block */

    cln = ngx_pool_cleanup_add(cf->pool, 0);
    if (cln == NULL) {
        return NGX_ERROR;
    }

    cln->handler = ngx_http_procore_scope_cache_cleanup;

    for (i = 0; cf->cycle->modules[i]; i++) {

        if (ngx_strcmp(cf->cycle->modules[i]->name, "ngx_http_proxy_module")
            != 0)
        {
            continue;
        }

        for (cmd = cf->cycle->modules[i]->commands; cmd->name.len; cmd++) {

            for (watch = ngx_http_procore_scope_watched; watch->note; watch++) {

                if (cmd->name.len == watch->name.len
                    && ngx_strcmp(cmd->name.data, watch->name.data) == 0)
                {
                    watch->command = cmd;
                    watch->set = cmd->set;
                    cmd->set = ngx_http_procore_scope_cache_set;
                }
            }
        }
    }

    return NGX_OK;
}


void
ngx_http_procore_scope_cache_unwatch(void)
{
    ngx_http_procore_scope_watch_t  *watch;

    for (watch = ngx_http_procore_scope_watched; watch->note; watch++) {
        if (watch->command) {
            watch->command->set = watch->set;
            watch->command = NULL;
        }
    }
}


static void
ngx_http_procore_scope_cache_cleanup(void *data)
{
    ngx_http_procore_scope_cache_unwatch();
}


static char *
ngx_http_procore_scope_cache_set(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    char                            *rv;
    ngx_http_conf_ctx_t             *ctx;
    ngx_http_procore_scope_watch_t  *watch;

    for (watch = ngx_http_procore_scope_watched; watch->command != cmd; watch++)
    {
        /* void */
    }

    rv = watch->set(cf, cmd, conf);
    if (rv != NGX_CONF_OK) {
        return rv;
    }

    ctx = cf->ctx;

    return watch->note(cf,
                       ctx->loc_conf[ngx_http_procore_scope_module.ctx_index]);
}


static char *
ngx_http_procore_scope_note_cache(ngx_conf_t *cf,
    ngx_http_procore_scope_loc_conf_t *conf)
{
    conf->cache = ngx_http_procore_scope_cache_place(cf);

    return conf->cache ? NGX_CONF_OK : NGX_CONF_ERROR;
}


static char *
ngx_http_procore_scope_note_key(ngx_conf_t *cf,
    ngx_http_procore_scope_loc_conf_t *conf)
{
    conf->cache_key = ngx_http_procore_scope_cache_place(cf);

    return conf->cache_key ? NGX_CONF_OK : NGX_CONF_ERROR;
}


static char *
ngx_http_procore_scope_note_pass(ngx_conf_t *cf,
    ngx_http_procore_scope_loc_conf_t *conf)
{
    conf->proxied = 1;

    return NGX_CONF_OK;
}


static ngx_http_procore_scope_cache_place_t *
ngx_http_procore_scope_cache_place(ngx_conf_t *cf)
{
    ngx_str_t                             *value;
    ngx_http_procore_scope_cache_place_t  *place;

    place = ngx_pcalloc(cf->pool, sizeof(ngx_http_procore_scope_cache_place_t));
    if (place == NULL) {
        return NULL;
    }

    value = cf->args->elts;

    place->value = value[1];
    place->file = cf->conf_file->file.name;
    place->line = cf->conf_file->line;

    return place;
}


void
ngx_http_procore_scope_cache_merge(ngx_conf_t *cf,
    ngx_http_procore_scope_loc_conf_t *prev,
    ngx_http_procore_scope_loc_conf_t *conf)
{
    ngx_http_procore_scope_cache_place_t  *place;

    ngx_conf_merge_ptr_value(conf->cache, prev->cache, NULL);
    ngx_conf_merge_ptr_value(conf->cache_key, prev->cache_key, NULL);

    if (!conf->proxied || conf->mode == NGX_HTTP_PROCORE_SCOPE_OFF
        || conf->cache == NULL
        || (conf->cache->value.len == 3
            && ngx_strncmp(conf->cache->value.data, "off", 3) == 0))
    {
        return;
    }

    place = conf->cache;

    if (conf->cache_key) {
        if (!ngx_http_procore_scope_key_shared(&conf->cache_key->value)) {
            return;
        }

        place = conf->cache_key;
    }

    if (place->told) {
        return;
    }

    place->told = 1;

    ngx_log_error(NGX_LOG_WARN, cf->log, 0,
                  "the cache key of \"proxy_cache %V\" tells neither company "
                  "nor token, one company's answers would be kept for all; put "
                  "$procore_scope_company and $procore_scope_token into "
                  "\"proxy_cache_key\" in %V:%ui",
                  &conf->cache->value, &place->file, place->line);
}


/* Has this key nothing but text and variables that all companies share? */

static ngx_uint_t
ngx_http_procore_scope_key_shared(ngx_str_t *key)
{
    u_char     *p, *last, *name;
    ngx_str_t  *shared;

    last = key->data + key->len;

    for (p = key->data; p < last; /* void */ ) {

        if (*p++ != '$') {
            continue;
        }

        if (p < last && *p == '{') {
            p++;
        }

        name = p;

        while (p < last
               && ((*p >= 'A' && *p <= 'Z') || (*p >= 'a' && *p <= 'z')
                   || (*p >= '0' && *p <= '9') || *p == '_'))
        {
            p++;
        }

        for (shared = ngx_http_procore_scope_shared_variables; shared->len;
             shared++)
        {
            if (shared->len == (size_t) (p - name)
                && ngx_strncasecmp(shared->data, name, shared->len) == 0)
            {
                break;
            }
        }

        if (shared->len == 0) {
            return 0;
        }
    }

    return 1;
}

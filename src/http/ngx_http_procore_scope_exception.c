
/*
 * procore_scope_exception: another company that a request may name.
 */


#include "ngx_http_procore_scope_conf.h"


static ngx_int_t ngx_http_procore_scope_exception_list(ngx_conf_t *cf,
    procore_exception_t *exception);


char *
ngx_http_procore_scope_exception(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_procore_scope_loc_conf_t *plcf = conf;

    char                  error[PROCORE_SETTINGS_ERROR];
    size_t                i, n;
    uint64_t             *projects;
    ngx_str_t            *value;
    procore_str_t        *words, *clients;
    procore_exception_t  *exception;

    n = cf->args->nelts - 1;
    value = cf->args->elts;

    words = ngx_palloc(cf->pool, n * sizeof(procore_str_t));
    clients = ngx_palloc(cf->pool, n * sizeof(procore_str_t));
    projects = ngx_palloc(cf->pool, n * sizeof(uint64_t));
    exception = ngx_http_procore_scope_push(cf, &plcf->exceptions,
                                            sizeof(procore_exception_t));

    if (words == NULL || clients == NULL || projects == NULL
        || exception == NULL)
    {
        return NGX_CONF_ERROR;
    }

    for (i = 0; i < n; i++) {
        words[i] = ngx_http_procore_scope_word(&value[i + 1]);
    }

    if (procore_setting_exception(words, n, clients, projects, exception,
                                  error)
        != PROCORE_OK)
    {
        return ngx_http_procore_scope_wrong(cf, error);
    }

    /* the status page tells of those in force */

    if (!plcf->tried
        && ngx_http_procore_scope_exception_list(cf, exception) != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    if (exception->until && exception->until <= (uint64_t) ngx_time()) {
        ngx_conf_log_error(NGX_LOG_WARN, cf, 0,
                           "the exception for company %V has run out and has "
                           "no effect", &value[1]);
    }

    return NGX_CONF_OK;
}


/*
 * For the status page.  The key is made of all that the directive says, so that
 * its uses are counted on after a reload, wherever it then stands.
 */

static ngx_int_t
ngx_http_procore_scope_exception_list(ngx_conf_t *cf,
    procore_exception_t *exception)
{
    u_char                              *p, *key;
    uint32_t                             crc;
    ngx_str_t                           *value;
    ngx_uint_t                           i, hash;
    ngx_http_procore_scope_listed_t     *listed;
    ngx_http_procore_scope_main_conf_t  *pmcf;

    hash = 0;
    ngx_crc32_init(crc);

    value = cf->args->elts;

    for (i = 1; i < cf->args->nelts; i++) {
        hash = hash * 31 + ngx_hash_key(value[i].data, value[i].len);
        ngx_crc32_update(&crc, value[i].data, value[i].len);
    }

    key = ngx_pnalloc(cf->pool, sizeof(uint64_t) + sizeof(ngx_uint_t)
                                + sizeof(uint32_t));
    if (key == NULL) {
        return NGX_ERROR;
    }

    p = ngx_cpymem(key, &exception->company, sizeof(uint64_t));
    p = ngx_cpymem(p, &hash, sizeof(ngx_uint_t));
    p = ngx_cpymem(p, &crc, sizeof(uint32_t));

    exception->key.data = key;
    exception->key.len = (size_t) (p - key);

    pmcf = ngx_http_conf_get_module_main_conf(cf,
                                              ngx_http_procore_scope_module);

    listed = ngx_http_procore_scope_push(cf, &pmcf->exceptions,
                                     sizeof(ngx_http_procore_scope_listed_t));
    if (listed == NULL) {
        return NGX_ERROR;
    }

    listed->exception = *exception;
    listed->file = cf->conf_file->file.name;
    listed->line = cf->conf_file->line;

    return NGX_OK;
}

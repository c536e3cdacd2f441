
/*
 * The directive procore_scope_admin.
 */


#include "ngx_http_procore_scope_admin.h"
#include "ngx_http_procore_scope_conf.h"


char *
ngx_http_procore_scope_admin_location(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_procore_scope_loc_conf_t *plcf = conf;

    ngx_str_t                 *value;
    ngx_http_core_loc_conf_t  *clcf;

    if (plcf->admin) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (cf->args->nelts == 2 && ngx_strcmp(value[1].data, "any") != 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid parameter \"%V\" of \"%V\": it takes "
                           "\"any\", or nothing and answers this machine alone",
                           &value[1], &cmd->name);
        return NGX_CONF_ERROR;
    }

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

#if (NGX_PCRE)

    if (clcf->regex) {
        return "needs a location by its prefix: what stands below it is named "
               "by the rest of the path";
    }

#endif

    plcf->admin = cf->args->nelts == 2 ? NGX_HTTP_PROCORE_SCOPE_ADMIN_ANY
                                       : NGX_HTTP_PROCORE_SCOPE_ADMIN_NEAR;
    clcf->handler = ngx_http_procore_scope_admin_handler;

    return NGX_CONF_OK;
}


/* An "if" or "limit_except" inside of the location is part of it. */

void
ngx_http_procore_scope_merge_admin(ngx_conf_t *cf,
    ngx_http_procore_scope_loc_conf_t *prev,
    ngx_http_procore_scope_loc_conf_t *conf)
{
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (clcf->noname && prev->admin && clcf->handler == NULL) {
        conf->admin = prev->admin;
        clcf->handler = ngx_http_procore_scope_admin_handler;
    }
}

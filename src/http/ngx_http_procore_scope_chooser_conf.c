
/*
 * The directives of the chooser.
 */


#include "ngx_http_procore_scope_conf.h"
#include "ngx_http_procore_scope_chooser.h"


/* Shared memory for one counter, and what a zone takes by itself. */

#define NGX_HTTP_PROCORE_SCOPE_CHOOSER_ZONE  (8 * ngx_pagesize)


static ngx_int_t ngx_http_procore_scope_choose_zone(ngx_conf_t *cf,
    ngx_http_procore_scope_main_conf_t *pmcf);
static ngx_int_t ngx_http_procore_scope_choose_place(ngx_conf_t *cf,
    ngx_http_procore_scope_loc_conf_t *conf);


static ngx_str_t  ngx_http_procore_scope_chooser_zone_name =
    ngx_string("procore_scope_chooser");


char *
ngx_http_procore_scope_chooser_location(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_procore_scope_loc_conf_t *plcf = conf;

    if (plcf->chooser) {
        return "is duplicate";
    }

    plcf->chooser = 1;

    return NGX_CONF_OK;
}


char *
ngx_http_procore_scope_choose_url(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_procore_scope_loc_conf_t *plcf = conf;

    ngx_str_t                           *value, *path;
    ngx_http_procore_scope_main_conf_t  *pmcf;

    if (plcf->choose) {
        return "is duplicate";
    }

    value = cf->args->elts;

    plcf->choose = ngx_pcalloc(cf->pool,
                               sizeof(ngx_http_procore_scope_authorize_t));

    if (plcf->choose == NULL
        || ngx_http_procore_scope_place(cf, plcf->choose, &value[1]) != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    if (plcf->choose->picker_path.len == 0) {
        return "needs the path of the chooser's location";
    }

    pmcf = ngx_http_conf_get_module_main_conf(cf,
                                              ngx_http_procore_scope_module);

    path = ngx_http_procore_scope_push(cf, &pmcf->hidden_paths,
                                       sizeof(ngx_str_t));

    if (path == NULL
        || ngx_http_procore_scope_choose_zone(cf, pmcf) != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    *path = plcf->choose->picker_path;

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_procore_scope_choose_zone(ngx_conf_t *cf,
    ngx_http_procore_scope_main_conf_t *pmcf)
{
    if (pmcf->chooser_zone) {
        return NGX_OK;
    }

    pmcf->chooser_zone = ngx_shared_memory_add(cf,
                                    &ngx_http_procore_scope_chooser_zone_name,
                                    NGX_HTTP_PROCORE_SCOPE_CHOOSER_ZONE,
                                    &ngx_http_procore_scope_module);
    if (pmcf->chooser_zone == NULL) {
        return NGX_ERROR;
    }

    pmcf->chooser_zone->init = ngx_http_procore_scope_link_init_zone;
    pmcf->chooser_zone->data = pmcf;

    return NGX_OK;
}


char *
ngx_http_procore_scope_merge_chooser(ngx_conf_t *cf,
    ngx_http_procore_scope_loc_conf_t *prev,
    ngx_http_procore_scope_loc_conf_t *conf)
{
    ngx_http_core_loc_conf_t  *clcf;

    if (conf->choose == NULL) {
        conf->choose = prev->choose;
    }

    /* an "if" or "limit_except" inside of the location is part of it */

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (clcf->noname && prev->chooser) {
        conf->chooser = 1;
    }

    if (conf->mode == NGX_HTTP_PROCORE_SCOPE_OFF) {
        return conf->chooser ? "has \"procore_scope_chooser\" where "
                               "\"procore_scope\" is off"
                             : NGX_CONF_OK;
    }

    if (conf->lookup.len == 0 && conf->chooser) {
        return "has \"procore_scope_chooser\" without a "
               "\"procore_scope_lookup\"";
    }

    if (conf->choose == NULL) {
        conf->authorize = conf->chooser ? NULL : conf->authorize;
        return NGX_CONF_OK;
    }

    if (conf->lookup.len == 0) {
        return "has \"procore_scope_choose_url\" without a "
               "\"procore_scope_lookup\"";
    }

    if (ngx_http_procore_scope_choose_place(cf, conf) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    /* its pages are those of the relay, at this place */

    if (conf->chooser) {
        conf->authorize = conf->choose;
    }

    return NGX_CONF_OK;
}


/* Links of one realm are none of another. */

static ngx_int_t
ngx_http_procore_scope_choose_place(ngx_conf_t *cf,
    ngx_http_procore_scope_loc_conf_t *conf)
{
    procore_str_t                        realm, url;
    procore_str_t                        kind = procore_str("chooser");
    ngx_http_procore_scope_authorize_t  *choose;

    choose = ngx_palloc(cf->pool, sizeof(ngx_http_procore_scope_authorize_t));
    if (choose == NULL) {
        return NGX_ERROR;
    }

    *choose = *conf->choose;
    conf->choose = choose;

    realm.len = conf->realm_name.len;
    realm.data = conf->realm_name.data;
    url.len = choose->callback.len;
    url.data = choose->callback.data;

    return procore_relay_scope(&realm, &kind, &url, choose->scope)
           == PROCORE_OK ? NGX_OK : NGX_ERROR;
}

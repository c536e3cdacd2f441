
/*
 * Keeps each OAuth access token to the one Procore company that it is bound to.
 */


#include "src/http/ngx_http_procore_scope.h"
#include "src/http/ngx_http_procore_scope_audit.h"
#include "src/http/ngx_http_procore_scope_conf.h"
#include "src/http/ngx_http_procore_scope_stats.h"


static ngx_int_t ngx_http_procore_scope_preconfiguration(ngx_conf_t *cf);
static ngx_int_t ngx_http_procore_scope_postconfiguration(ngx_conf_t *cf);
static ngx_int_t ngx_http_procore_scope_push_handler(ngx_conf_t *cf,
    ngx_uint_t phase, ngx_http_handler_pt handler);


static ngx_conf_enum_t  ngx_http_procore_scope_modes[] = {
    { ngx_string("off"), NGX_HTTP_PROCORE_SCOPE_OFF },
    { ngx_string("monitor"), NGX_HTTP_PROCORE_SCOPE_MONITOR },
    { ngx_string("enforce"), NGX_HTTP_PROCORE_SCOPE_ENFORCE },
    { ngx_null_string, 0 }
};


static ngx_conf_enum_t  ngx_http_procore_scope_log_levels[] = {
    { ngx_string("info"), NGX_LOG_INFO },
    { ngx_string("notice"), NGX_LOG_NOTICE },
    { ngx_string("warn"), NGX_LOG_WARN },
    { ngx_string("error"), NGX_LOG_ERR },
    { ngx_null_string, 0 }
};


#define NGX_HTTP_PROCORE_SCOPE_ANYWHERE                                       \
    (NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF)

#define NGX_HTTP_PROCORE_SCOPE_INNER  (NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF)


static ngx_command_t  ngx_http_procore_scope_commands[] = {

    { ngx_string("procore_scope"),
      NGX_HTTP_PROCORE_SCOPE_ANYWHERE|NGX_CONF_TAKE1,
      ngx_http_procore_scope_mode,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_procore_scope_loc_conf_t, mode),
      &ngx_http_procore_scope_modes },

    { ngx_string("procore_scope_store"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE12,
      ngx_http_procore_scope_store_path,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("procore_scope_realm"),
      NGX_HTTP_PROCORE_SCOPE_ANYWHERE|NGX_CONF_TAKE1,
      ngx_http_procore_scope_realm,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("procore_scope_paths"),
      NGX_HTTP_PROCORE_SCOPE_ANYWHERE|NGX_CONF_1MORE,
      ngx_http_procore_scope_paths,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("procore_scope_oauth"),
      NGX_HTTP_PROCORE_SCOPE_ANYWHERE|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_procore_scope_loc_conf_t, oauth),
      NULL },

    { ngx_string("procore_scope_bind"),
      NGX_HTTP_PROCORE_SCOPE_ANYWHERE|NGX_CONF_1MORE,
      ngx_http_procore_scope_bind,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("procore_scope_company"),
      NGX_HTTP_PROCORE_SCOPE_ANYWHERE|NGX_CONF_TAKE1,
      ngx_http_procore_scope_company,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_procore_scope_loc_conf_t, company),
      NULL },

    { ngx_string("procore_scope_alias"),
      NGX_HTTP_PROCORE_SCOPE_ANYWHERE|NGX_CONF_TAKE2,
      ngx_http_procore_scope_alias,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("procore_scope_lookup"),
      NGX_HTTP_PROCORE_SCOPE_ANYWHERE|NGX_CONF_TAKE1,
      ngx_http_procore_scope_lookup_prefix,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("procore_scope_lookup_timeout"),
      NGX_HTTP_PROCORE_SCOPE_ANYWHERE|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_procore_scope_loc_conf_t, lookup_timeout),
      &ngx_http_procore_scope_timeout_bounds },

    { ngx_string("procore_scope_lookup_rate"),
      NGX_HTTP_PROCORE_SCOPE_ANYWHERE|NGX_CONF_TAKE1,
      ngx_conf_set_num_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_procore_scope_loc_conf_t, lookup_rate),
      &ngx_http_procore_scope_rate_bounds },

    { ngx_string("procore_scope_lookup_waiting"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_num_slot,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_procore_scope_main_conf_t, lookup_waiting),
      &ngx_http_procore_scope_waiting_bounds },

    { ngx_string("procore_scope_projects_ttl"),
      NGX_HTTP_PROCORE_SCOPE_ANYWHERE|NGX_CONF_TAKE1,
      ngx_conf_set_sec_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_procore_scope_loc_conf_t, projects_ttl),
      &ngx_http_procore_scope_ttl_bounds },

    { ngx_string("procore_scope_miss_ttl"),
      NGX_HTTP_PROCORE_SCOPE_ANYWHERE|NGX_CONF_TAKE1,
      ngx_conf_set_sec_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_procore_scope_loc_conf_t, miss_ttl),
      NULL },

    { ngx_string("procore_scope_body_size"),
      NGX_HTTP_PROCORE_SCOPE_ANYWHERE|NGX_CONF_TAKE1,
      ngx_conf_set_size_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_procore_scope_loc_conf_t, body_size),
      NULL },

    { ngx_string("procore_scope_filter_companies"),
      NGX_HTTP_PROCORE_SCOPE_ANYWHERE|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_procore_scope_loc_conf_t, filter_companies),
      NULL },

    { ngx_string("procore_scope_header"),
      NGX_HTTP_PROCORE_SCOPE_ANYWHERE|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_procore_scope_loc_conf_t, header),
      NULL },

    { ngx_string("procore_scope_names"),
      NGX_HTTP_PROCORE_SCOPE_ANYWHERE|NGX_CONF_2MORE,
      ngx_http_procore_scope_names,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("procore_scope_ignore"),
      NGX_HTTP_PROCORE_SCOPE_ANYWHERE|NGX_CONF_1MORE,
      ngx_http_procore_scope_ignore,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("procore_scope_unlisted"),
      NGX_HTTP_PROCORE_SCOPE_ANYWHERE|NGX_CONF_TAKE1,
      ngx_http_procore_scope_unlisted_names,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("procore_scope_undecided"),
      NGX_HTTP_PROCORE_SCOPE_ANYWHERE|NGX_CONF_2MORE,
      ngx_http_procore_scope_undecided,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("procore_scope_exception"),
      NGX_HTTP_PROCORE_SCOPE_ANYWHERE|NGX_CONF_1MORE,
      ngx_http_procore_scope_exception,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("procore_scope_candidate"),
      NGX_HTTP_PROCORE_SCOPE_ANYWHERE|NGX_CONF_2MORE,
      ngx_http_procore_scope_candidate,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("procore_scope_manifest"),
      NGX_HTTP_PROCORE_SCOPE_ANYWHERE|NGX_CONF_TAKE1,
      ngx_http_procore_scope_manifest,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("procore_scope_log_level"),
      NGX_HTTP_PROCORE_SCOPE_ANYWHERE|NGX_CONF_TAKE1,
      ngx_conf_set_enum_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_procore_scope_loc_conf_t, log_level),
      &ngx_http_procore_scope_log_levels },

    { ngx_string("procore_scope_authorize"),
      NGX_HTTP_PROCORE_SCOPE_INNER|NGX_CONF_TAKE12,
      ngx_http_procore_scope_authorize,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("procore_scope_client"),
      NGX_HTTP_PROCORE_SCOPE_ANYWHERE|NGX_CONF_1MORE,
      ngx_http_procore_scope_client,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("procore_scope_token_company"),
      NGX_HTTP_PROCORE_SCOPE_ANYWHERE|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_procore_scope_loc_conf_t, token_company),
      NULL },

    { ngx_string("procore_scope_audit_key"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_http_procore_scope_audit_key,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("procore_scope_audit_required"),
      NGX_HTTP_PROCORE_SCOPE_ANYWHERE|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_procore_scope_loc_conf_t, audit_required),
      NULL },

    { ngx_string("procore_scope_status"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS|NGX_CONF_TAKE1,
      ngx_http_procore_scope_status_location,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("procore_scope_chooser"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,
      ngx_http_procore_scope_chooser_location,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("procore_scope_choose_url"),
      NGX_HTTP_PROCORE_SCOPE_ANYWHERE|NGX_CONF_TAKE1,
      ngx_http_procore_scope_choose_url,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("procore_scope_admin"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS|NGX_CONF_TAKE1,
      ngx_http_procore_scope_admin_location,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

      ngx_null_command
};


static ngx_http_module_t  ngx_http_procore_scope_module_ctx = {
    ngx_http_procore_scope_preconfiguration,   /* preconfiguration */
    ngx_http_procore_scope_postconfiguration,  /* postconfiguration */

    ngx_http_procore_scope_create_main_conf,   /* create main configuration */
    ngx_http_procore_scope_init_main_conf,     /* init main configuration */

    NULL,                                      /* create server configuration */
    NULL,                                      /* merge server configuration */

    ngx_http_procore_scope_create_loc_conf,    /* create location config */
    ngx_http_procore_scope_merge_loc_conf      /* merge location config */
};


ngx_module_t  ngx_http_procore_scope_module = {
    NGX_MODULE_V1,
    &ngx_http_procore_scope_module_ctx,        /* module context */
    ngx_http_procore_scope_commands,           /* module directives */
    NGX_HTTP_MODULE,                           /* module type */
    NULL,                                      /* init master */
    ngx_http_procore_scope_store_init_module,  /* init module */
    ngx_http_procore_scope_store_init_process, /* init process */
    NULL,                                      /* init thread */
    NULL,                                      /* exit thread */
    ngx_http_procore_scope_store_exit_process, /* exit process */
    NULL,                                      /* exit master */
    NGX_MODULE_V1_PADDING
};


static ngx_int_t
ngx_http_procore_scope_preconfiguration(ngx_conf_t *cf)
{
    if (ngx_http_procore_scope_cache_watch(cf) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_http_procore_scope_add_variables(cf);
}


static ngx_int_t
ngx_http_procore_scope_postconfiguration(ngx_conf_t *cf)
{
    ngx_http_procore_scope_main_conf_t  *pmcf;

    ngx_http_procore_scope_cache_unwatch();

    pmcf = ngx_http_conf_get_module_main_conf(cf,
                                              ngx_http_procore_scope_module);

    if (ngx_http_procore_scope_check_conf(cf, pmcf) != NGX_OK) {
        return NGX_ERROR;
    }

    if (!pmcf->active) {
        return NGX_OK;
    }

    if (ngx_http_procore_scope_push_handler(cf, NGX_HTTP_SERVER_REWRITE_PHASE,
                                          ngx_http_procore_scope_first_handler)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (ngx_http_procore_scope_push_handler(cf, NGX_HTTP_PRECONTENT_PHASE,
                                          ngx_http_procore_scope_gate_handler)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (ngx_http_procore_scope_push_handler(cf, NGX_HTTP_LOG_PHASE,
                                          ngx_http_procore_scope_log_handler)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (ngx_http_procore_scope_watch_init(cf) != NGX_OK) {
        return NGX_ERROR;
    }

    if (ngx_http_procore_scope_body_filter_init(cf) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_http_procore_scope_filter_init(cf);
}


static ngx_int_t
ngx_http_procore_scope_push_handler(ngx_conf_t *cf, ngx_uint_t phase,
    ngx_http_handler_pt handler)
{
    ngx_http_handler_pt        *h;
    ngx_http_core_main_conf_t  *cmcf;

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);

    h = ngx_array_push(&cmcf->phases[phase].handlers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    *h = handler;

    return NGX_OK;
}


/*
 * Configuration: creation, inheritance, and what only the whole of it tells.
 * The setters of single directives are in ..._directives.c.
 */


#include "ngx_http_procore_scope_conf.h"
#include "ngx_http_procore_scope_lookup.h"
#include "ngx_http_procore_scope_stats.h"


static ngx_int_t ngx_http_procore_scope_merge_array(ngx_conf_t *cf,
    ngx_array_t *outer, ngx_array_t **inner);
static ngx_int_t ngx_http_procore_scope_merge_paths(ngx_conf_t *cf,
    ngx_array_t *outer, ngx_array_t **inner);
static void ngx_http_procore_scope_policy(
    ngx_http_procore_scope_loc_conf_t *conf);


/* Ways that are not built yet have no effect by default either. */

#define NGX_HTTP_PROCORE_SCOPE_BIND                                           \
    (1 << PROCORE_WAY_AUTHORIZE | 1 << PROCORE_WAY_TOKEN_REQUEST              \
     | 1 << PROCORE_WAY_CLIENT | 1 << PROCORE_WAY_SOLE_COMPANY                \
     | 1 << PROCORE_WAY_CHOOSER)


static const procore_str_t  ngx_http_procore_scope_default_paths[] = {
    procore_str("/rest/"),
    procore_str("/vapid/"),
    { 0, NULL }
};

static ngx_str_t  ngx_http_procore_scope_zone_name =
    ngx_string("procore_scope");


void *
ngx_http_procore_scope_create_main_conf(ngx_conf_t *cf)
{
    ngx_http_procore_scope_main_conf_t  *pmcf;

    pmcf = ngx_pcalloc(cf->pool, sizeof(ngx_http_procore_scope_main_conf_t));
    if (pmcf == NULL) {
        return NULL;
    }

    /*
     * set by ngx_pcalloc():
     *
     *     pmcf->store = { 0, NULL };
     *     pmcf->active = 0;
     *     pmcf->zone = NULL;
     *     pmcf->pool = NULL;
     */

    pmcf->lookup_waiting = NGX_CONF_UNSET_UINT;

    return pmcf;
}


char *
ngx_http_procore_scope_init_main_conf(ngx_conf_t *cf, void *conf)
{
    ngx_http_procore_scope_main_conf_t  *pmcf = conf;

    ngx_conf_init_uint_value(pmcf->lookup_waiting, 1000);

    return NGX_CONF_OK;
}


void *
ngx_http_procore_scope_create_loc_conf(ngx_conf_t *cf)
{
    ngx_http_procore_scope_loc_conf_t  *plcf;

    plcf = ngx_pcalloc(cf->pool, sizeof(ngx_http_procore_scope_loc_conf_t));
    if (plcf == NULL) {
        return NULL;
    }

    /*
     * set by ngx_pcalloc():
     *
     *     plcf->realm_name = { 0, NULL };
     *     plcf->lookup = { 0, NULL };
     *     plcf->undecided_set = 0;
     *     plcf->undecided_allow = 0;
     *     plcf->clients = NULL;
     *     plcf->candidate = NULL;
     *     plcf->twin = NULL;
     */

    plcf->mode = NGX_CONF_UNSET_UINT;
    plcf->paths = NGX_CONF_UNSET_PTR;
    plcf->oauth = NGX_CONF_UNSET;
    plcf->audit_required = NGX_CONF_UNSET;
    plcf->bind = NGX_CONF_UNSET_UINT;
    plcf->company = NGX_CONF_UNSET_PTR;
    plcf->lookup_timeout = NGX_CONF_UNSET_MSEC;
    plcf->lookup_rate = NGX_CONF_UNSET;
    plcf->projects_ttl = NGX_CONF_UNSET;
    plcf->miss_ttl = NGX_CONF_UNSET;
    plcf->body_size = NGX_CONF_UNSET_SIZE;
    plcf->filter_companies = NGX_CONF_UNSET;
    plcf->header = NGX_CONF_UNSET;
    plcf->unlisted_deny = NGX_CONF_UNSET_UINT;
    plcf->help = NGX_CONF_UNSET_PTR;
    plcf->log_level = NGX_CONF_UNSET_UINT;
    plcf->token_company = NGX_CONF_UNSET;
    plcf->authorize = NGX_CONF_UNSET_PTR;
    plcf->cache = NGX_CONF_UNSET_PTR;
    plcf->cache_key = NGX_CONF_UNSET_PTR;

    return plcf;
}


char *
ngx_http_procore_scope_merge_loc_conf(ngx_conf_t *cf, void *parent, void *child)
{
    ngx_http_procore_scope_loc_conf_t *prev = parent;
    ngx_http_procore_scope_loc_conf_t *conf = child;

    char  *rv;

    ngx_conf_merge_uint_value(conf->mode, prev->mode,
                              NGX_HTTP_PROCORE_SCOPE_OFF);
    ngx_conf_merge_value(conf->oauth, prev->oauth, 0);
    ngx_conf_merge_value(conf->audit_required, prev->audit_required, 0);
    ngx_conf_merge_uint_value(conf->bind, prev->bind,
                              NGX_HTTP_PROCORE_SCOPE_BIND);
    ngx_conf_merge_ptr_value(conf->company, prev->company, NULL);
    ngx_conf_merge_str_value(conf->lookup, prev->lookup, "");
    ngx_conf_merge_msec_value(conf->lookup_timeout, prev->lookup_timeout,
                              15000);

    /* far below the API's own limit, which the customer's calls need */

    ngx_conf_merge_value(conf->lookup_rate, prev->lookup_rate, 60);

    ngx_conf_merge_sec_value(conf->projects_ttl, prev->projects_ttl, 3600);
    ngx_conf_merge_sec_value(conf->miss_ttl, prev->miss_ttl, 10);
    ngx_conf_merge_size_value(conf->body_size, prev->body_size,
                              8 * 1024 * 1024);
    ngx_conf_merge_value(conf->filter_companies, prev->filter_companies, 1);
    ngx_conf_merge_value(conf->header, prev->header, 1);
    ngx_conf_merge_uint_value(conf->unlisted_deny, prev->unlisted_deny, 0);
    ngx_conf_merge_ptr_value(conf->help, prev->help, NULL);
    ngx_conf_merge_uint_value(conf->log_level, prev->log_level, NGX_LOG_INFO);
    ngx_conf_merge_value(conf->token_company, prev->token_company, 1);

    conf->undecided_allow |= prev->undecided_allow & ~conf->undecided_set;
    conf->undecided_set |= prev->undecided_set;

    if (ngx_http_procore_scope_merge_array(cf, prev->aliases, &conf->aliases)
        != NGX_OK
        || ngx_http_procore_scope_merge_array(cf, prev->names, &conf->names)
           != NGX_OK
        || ngx_http_procore_scope_merge_array(cf, prev->exceptions,
                                              &conf->exceptions)
           != NGX_OK
        || ngx_http_procore_scope_merge_clients(cf, prev->clients,
                                                &conf->clients)
           != NGX_OK
        || ngx_http_procore_scope_merge_paths(cf, prev->paths, &conf->paths)
           != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    if (conf->realm_name.data == NULL) {
        if (prev->realm_name.data == NULL) {
            ngx_str_set(&conf->realm_name, "production");

            if (procore_digest_realm(conf->realm_name.data,
                                     conf->realm_name.len, conf->realm)
                != PROCORE_OK)
            {
                return "SHA-256 is not available";
            }

        } else {
            conf->realm_name = prev->realm_name;
            ngx_memcpy(conf->realm, prev->realm, PROCORE_REALM_SIZE);
        }
    }

    ngx_http_procore_scope_merge_status(cf, prev, conf);
    ngx_http_procore_scope_merge_admin(cf, prev, conf);

    rv = ngx_http_procore_scope_merge_authorize(cf, prev, conf);
    if (rv != NGX_CONF_OK) {
        return rv;
    }

    rv = ngx_http_procore_scope_merge_chooser(cf, prev, conf);
    if (rv != NGX_CONF_OK) {
        return rv;
    }

    ngx_http_procore_scope_cache_merge(cf, prev, conf);
    ngx_http_procore_scope_policy(conf);

    rv = ngx_http_procore_scope_candidate_merge(cf, prev, conf);
    if (rv != NGX_CONF_OK) {
        return rv;
    }

    /* last of all: it copies what has been merged */

    return ngx_http_procore_scope_client_twin(cf, conf) == NGX_OK
           ? NGX_CONF_OK : NGX_CONF_ERROR;
}


/* What of the merged configuration the judge asks for. */

static void
ngx_http_procore_scope_policy(ngx_http_procore_scope_loc_conf_t *conf)
{
    procore_policy_t  *policy;

    policy = &conf->policy;

    policy->mode = (procore_mode_e) conf->mode;
    policy->paths = conf->paths->elts;
    policy->npaths = conf->paths->nelts;

    if (conf->names) {
        policy->names = conf->names->elts;
        policy->nnames = conf->names->nelts;
    }

    if (conf->aliases) {
        policy->aliases = conf->aliases->elts;
        policy->naliases = conf->aliases->nelts;
    }

    if (conf->exceptions) {
        policy->exceptions = conf->exceptions->elts;
        policy->nexceptions = conf->exceptions->nelts;
    }

    policy->body_size = conf->body_size;
    policy->undecided_allow = conf->undecided_allow;
    policy->header = conf->header & 1;
    policy->unlisted_deny = conf->unlisted_deny & 1;
}


static ngx_int_t
ngx_http_procore_scope_merge_paths(ngx_conf_t *cf, ngx_array_t *outer,
    ngx_array_t **inner)
{
    procore_str_t        *path;
    const procore_str_t  *name;

    if (*inner != NGX_CONF_UNSET_PTR) {
        return NGX_OK;
    }

    if (outer != NGX_CONF_UNSET_PTR) {
        *inner = outer;
        return NGX_OK;
    }

    *inner = ngx_array_create(cf->pool, 2, sizeof(procore_str_t));
    if (*inner == NULL) {
        return NGX_ERROR;
    }

    for (name = ngx_http_procore_scope_default_paths; name->len; name++) {
        path = ngx_array_push(*inner);
        if (path == NULL) {
            return NGX_ERROR;
        }

        *path = *name;
    }

    return NGX_OK;
}


/* Repeatable directives add to what the outer level has. */

static ngx_int_t
ngx_http_procore_scope_merge_array(ngx_conf_t *cf, ngx_array_t *outer,
    ngx_array_t **inner)
{
    void         *p;
    ngx_array_t  *sum;

    if (outer == NULL) {
        return NGX_OK;
    }

    if (*inner == NULL) {
        *inner = outer;
        return NGX_OK;
    }

    sum = ngx_array_create(cf->pool, outer->nelts + (*inner)->nelts,
                           outer->size);
    if (sum == NULL) {
        return NGX_ERROR;
    }

    p = ngx_array_push_n(sum, outer->nelts + (*inner)->nelts);
    if (p == NULL) {
        return NGX_ERROR;
    }

    p = ngx_cpymem(p, outer->elts, outer->nelts * outer->size);
    ngx_memcpy(p, (*inner)->elts, (*inner)->nelts * outer->size);

    *inner = sum;

    return NGX_OK;
}


ngx_int_t
ngx_http_procore_scope_check_conf(ngx_conf_t *cf,
    ngx_http_procore_scope_main_conf_t *pmcf)
{
    if (!pmcf->active) {

        if (pmcf->client_line) {
            ngx_log_error(NGX_LOG_WARN, cf->log, 0,
                          "\"mode\" of the client in %V:%ui has no effect: "
                          "it changes \"procore_scope\", which is \"off\" "
                          "everywhere", &pmcf->client_file,
                          pmcf->client_line);
        }

        return NGX_OK;
    }

    if (pmcf->store.len == 0) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "\"procore_scope\" in %V:%ui needs a "
                      "\"procore_scope_store\" in the \"http\" block",
                      &pmcf->mode_file, pmcf->mode_line);
        return NGX_ERROR;
    }

    pmcf->zone = ngx_shared_memory_add(cf, &ngx_http_procore_scope_zone_name,
                                       NGX_HTTP_PROCORE_SCOPE_ZONE,
                                       &ngx_http_procore_scope_module);
    if (pmcf->zone == NULL) {
        return NGX_ERROR;
    }

    pmcf->zone->init = ngx_http_procore_scope_lookup_init_zone;
    pmcf->zone->data = pmcf;

    if (ngx_http_procore_scope_stats_zone(cf, pmcf) != NGX_OK) {
        return NGX_ERROR;
    }

    pmcf->pool = ngx_thread_pool_add(cf, NULL);
    if (pmcf->pool == NULL) {
        return NGX_ERROR;
    }

    return NGX_OK;
}

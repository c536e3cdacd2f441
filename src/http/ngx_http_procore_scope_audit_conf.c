
/*
 * procore_scope_audit_key: the key of the audit chain.
 */


#include "ngx_http_procore_scope_conf.h"
#include "../crypto/procore_seal.h"


char *
ngx_http_procore_scope_audit_key(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_procore_scope_main_conf_t *pmcf = conf;

    int               rc;
    char             *rv;
    ngx_str_t        *value, text;
    ngx_file_info_t   info;

    if (pmcf->audit_key) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (ngx_conf_full_name(cf->cycle, &value[1], 1) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    rv = ngx_http_procore_scope_read_file(cf, &value[1],
                                          PROCORE_CHAIN_TEXT_MAX, &text, &info);
    if (rv != NGX_CONF_OK) {
        return rv;
    }

    rc = PROCORE_CONFLICT;

    if (!(info.st_mode & (S_IRWXG|S_IRWXO))) {

        pmcf->audit_key = ngx_palloc(cf->pool, sizeof(procore_chain_key_t));

        rc = pmcf->audit_key ? procore_chain_key(text.data, text.len,
                                                 pmcf->audit_key)
                             : PROCORE_ERROR;
    }

    procore_wipe(text.data, text.len);

    switch (rc) {

    case PROCORE_OK:
        return NGX_CONF_OK;

    case PROCORE_CONFLICT:
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "the audit key \"%V\" may be open to nobody but its "
                           "owner: chmod 0400", &value[1]);
        break;

    case PROCORE_MALFORMED:
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "the audit key \"%V\" must have %d bytes or more, "
                           "such as those of \"openssl rand -base64 32\"",
                           &value[1], PROCORE_CHAIN_TEXT_MIN);
        break;

    default:
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "the audit key \"%V\" cannot be used: no memory or "
                           "no HMAC-SHA-256", &value[1]);
        break;
    }

    return NGX_CONF_ERROR;
}

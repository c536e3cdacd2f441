
/*
 * procore_scope_manifest: what an App Manifest tells people to do next.
 */


#include "ngx_http_procore_scope_conf.h"
#include "../procore/procore_manifest.h"


char *
ngx_http_procore_scope_manifest(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_procore_scope_loc_conf_t *plcf = conf;

    char                           *rv;
    ngx_str_t                      *value, text;
    ngx_file_info_t                 info;
    procore_manifest_t              manifest;
    ngx_http_procore_scope_help_t  *help;

    if (plcf->help != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (ngx_conf_full_name(cf->cycle, &value[1], 1) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    rv = ngx_http_procore_scope_read_file(cf, &value[1], PROCORE_MANIFEST_MAX,
                                          &text, &info);
    if (rv != NGX_CONF_OK) {
        return rv;
    }

    help = ngx_pcalloc(cf->pool, sizeof(ngx_http_procore_scope_help_t));
    if (help == NULL) {
        return NGX_CONF_ERROR;
    }

    switch (procore_manifest_read(&manifest, text.data, text.len)) {

    case PROCORE_OK:
        break;

    case PROCORE_NOT_FOUND:
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "the App Manifest \"%V\" has no "
                           "\"post_installation_instruction\"", &value[1]);
        return NGX_CONF_ERROR;

    case PROCORE_TOO_LARGE:
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "a text in the \"post_installation_instruction\" of "
                           "\"%V\" is too long", &value[1]);
        return NGX_CONF_ERROR;

    default:
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" is not an App Manifest: no strict JSON, or "
                           "a page in it whose url is not https", &value[1]);
        return NGX_CONF_ERROR;
    }

    rv = NGX_CONF_OK;

    if (ngx_http_procore_scope_copy(cf->pool, &help->url, &manifest.url)
        != NGX_OK
        || ngx_http_procore_scope_copy(cf->pool, &help->label, &manifest.label)
           != NGX_OK
        || ngx_http_procore_scope_copy(cf->pool, &help->notes, &manifest.notes)
           != NGX_OK)
    {
        rv = NGX_CONF_ERROR;
    }

    procore_manifest_free(&manifest);

    plcf->help = help;

    return rv;
}


char *
ngx_http_procore_scope_read_file(ngx_conf_t *cf, ngx_str_t *name, size_t max,
    ngx_str_t *text, ngx_file_info_t *info)
{
    off_t     size;
    ssize_t   n;
    ngx_fd_t  fd;

    fd = ngx_open_file(name->data, NGX_FILE_RDONLY, NGX_FILE_OPEN, 0);

    if (fd == NGX_INVALID_FILE) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           ngx_open_file_n " \"%V\" failed", name);
        return NGX_CONF_ERROR;
    }

    n = NGX_ERROR;

    if (ngx_fd_info(fd, info) == NGX_FILE_ERROR) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           ngx_fd_info_n " \"%V\" failed", name);
        goto done;
    }

    size = ngx_file_size(info);

    if (size <= 0 || (uint64_t) size > max) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" must have 1 to %uz bytes", name, max);
        goto done;
    }

    text->len = (size_t) size;
    text->data = ngx_pnalloc(cf->pool, text->len);
    if (text->data == NULL) {
        goto done;
    }

    n = ngx_read_fd(fd, text->data, text->len);

    if (n == -1 || (size_t) n != text->len) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, n == -1 ? ngx_errno : 0,
                           ngx_read_fd_n " \"%V\" failed", name);
        n = NGX_ERROR;
    }

done:

    if (ngx_close_file(fd) == NGX_FILE_ERROR) {
        ngx_conf_log_error(NGX_LOG_ALERT, cf, ngx_errno,
                           ngx_close_file_n " \"%V\" failed", name);
    }

    return n == NGX_ERROR ? NGX_CONF_ERROR : NGX_CONF_OK;
}

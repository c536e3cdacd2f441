
/*
 * Setters of the directives, for the directive table in the module file.  Each
 * is a "set" function of ngx_command_t: NGX_CONF_OK, NGX_CONF_ERROR after a
 * sentence of its own, or a text that nginx completes with file and line.
 */


#ifndef _NGX_HTTP_PROCORE_SCOPE_CONF_H_INCLUDED_
#define _NGX_HTTP_PROCORE_SCOPE_CONF_H_INCLUDED_


#include "ngx_http_procore_scope.h"


extern ngx_conf_num_bounds_t  ngx_http_procore_scope_timeout_bounds;
extern ngx_conf_num_bounds_t  ngx_http_procore_scope_waiting_bounds;
extern ngx_conf_num_bounds_t  ngx_http_procore_scope_ttl_bounds;


char *ngx_http_procore_scope_mode(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_procore_scope_store_path(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_procore_scope_realm(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_procore_scope_paths(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_procore_scope_bind(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_procore_scope_company(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_procore_scope_alias(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_procore_scope_lookup_prefix(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_procore_scope_names(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_procore_scope_ignore(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_procore_scope_unlisted_names(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_procore_scope_undecided(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_procore_scope_exception(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_procore_scope_manifest(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/* A directive of the contract whose function this version does not have. */

char *ngx_http_procore_scope_not_built(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);


/*
 * For setters: reads an id (NGX_OK, or NGX_ERROR after a sentence that names
 * the directive), and adds an element of "size" bytes to an array that is made
 * when it is first needed (NULL: no memory).
 */

ngx_int_t ngx_http_procore_scope_conf_id(ngx_conf_t *cf, ngx_str_t *text,
    uint64_t *id);
void *ngx_http_procore_scope_push(ngx_conf_t *cf, ngx_array_t **array,
    size_t size);


/* What only the whole of it can tell, such as a mode without a store. */

ngx_int_t ngx_http_procore_scope_check_conf(ngx_conf_t *cf,
    ngx_http_procore_scope_main_conf_t *pmcf);


#endif /* _NGX_HTTP_PROCORE_SCOPE_CONF_H_INCLUDED_ */

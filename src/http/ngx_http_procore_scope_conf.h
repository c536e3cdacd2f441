
/*
 * Setters of the directives, for the directive table in the module file.  Each
 * is a "set" function of ngx_command_t: NGX_CONF_OK, NGX_CONF_ERROR after a
 * sentence of its own, or a text that nginx completes with file and line.
 */


#ifndef _NGX_HTTP_PROCORE_SCOPE_CONF_H_INCLUDED_
#define _NGX_HTTP_PROCORE_SCOPE_CONF_H_INCLUDED_


#include "ngx_http_procore_scope.h"
#include "../judge/procore_settings.h"


extern ngx_conf_num_bounds_t  ngx_http_procore_scope_timeout_bounds;
extern ngx_conf_num_bounds_t  ngx_http_procore_scope_rate_bounds;
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
char *ngx_http_procore_scope_candidate(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_procore_scope_manifest(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_procore_scope_authorize(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

char *ngx_http_procore_scope_chooser_location(ngx_conf_t *cf,
    ngx_command_t *cmd, void *conf);
char *ngx_http_procore_scope_choose_url(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

char *ngx_http_procore_scope_status_location(ngx_conf_t *cf,
    ngx_command_t *cmd, void *conf);
void ngx_http_procore_scope_merge_status(ngx_conf_t *cf,
    ngx_http_procore_scope_loc_conf_t *prev,
    ngx_http_procore_scope_loc_conf_t *conf);

/* The operator's location, and what an "if" in it inherits. */

char *ngx_http_procore_scope_admin_location(ngx_conf_t *cf,
    ngx_command_t *cmd, void *conf);
void ngx_http_procore_scope_merge_admin(ngx_conf_t *cf,
    ngx_http_procore_scope_loc_conf_t *prev,
    ngx_http_procore_scope_loc_conf_t *conf);

/*
 * The module's own URL "text": sets callback (all of it), picker_path (its
 * path), origin and "secure".  NGX_OK, or NGX_ERROR after a sentence.
 */

ngx_int_t ngx_http_procore_scope_place(ngx_conf_t *cf,
    ngx_http_procore_scope_authorize_t *place, ngx_str_t *text);

/* Inheritance of the last ones, once mode, realm and lookup are merged. */

char *ngx_http_procore_scope_merge_chooser(ngx_conf_t *cf,
    ngx_http_procore_scope_loc_conf_t *prev,
    ngx_http_procore_scope_loc_conf_t *conf);

char *ngx_http_procore_scope_merge_authorize(ngx_conf_t *cf,
    ngx_http_procore_scope_loc_conf_t *prev,
    ngx_http_procore_scope_loc_conf_t *conf);
char *ngx_http_procore_scope_client(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

char *ngx_http_procore_scope_audit_key(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/*
 * For setters: reads an id (NGX_OK, or NGX_ERROR after a sentence that names
 * the directive); a parameter for the readers of procore_settings.h, by
 * reference, and their sentence (NGX_CONF_ERROR); adds an element of "size"
 * bytes to an array that is made when it is first needed (NULL: no memory).
 */

ngx_int_t ngx_http_procore_scope_conf_id(ngx_conf_t *cf, ngx_str_t *text,
    uint64_t *id);
procore_str_t ngx_http_procore_scope_word(ngx_str_t *value);
char *ngx_http_procore_scope_wrong(ngx_conf_t *cf, const char *error);
void *ngx_http_procore_scope_push(ngx_conf_t *cf, ngx_array_t **array,
    size_t size);

/*
 * For setters: reads a file of 1 to "max" bytes into the configuration's pool.
 * NGX_CONF_OK, or NGX_CONF_ERROR after a sentence.
 */

char *ngx_http_procore_scope_read_file(ngx_conf_t *cf, ngx_str_t *name,
    size_t max, ngx_str_t *text, ngx_file_info_t *info);


/*
 * Inheritance of procore_scope_client: an inner client replaces the outer one
 * of the same id.  Then, where a client's mode is not the location's, makes the
 * location's twin; all else must have been merged before.  NGX_OK, NGX_ERROR.
 */

ngx_int_t ngx_http_procore_scope_merge_clients(ngx_conf_t *cf,
    ngx_array_t *outer, ngx_array_t **inner);
ngx_int_t ngx_http_procore_scope_client_twin(ngx_conf_t *cf,
    ngx_http_procore_scope_loc_conf_t *conf);


/*
 * Inheritance of procore_scope_candidate, after all that it may replace; makes
 * conf->candidate->policy.
 */

char *ngx_http_procore_scope_candidate_merge(ngx_conf_t *cf,
    ngx_http_procore_scope_loc_conf_t *prev,
    ngx_http_procore_scope_loc_conf_t *conf);


/*
 * The directives of nginx's proxy module are read with it from ..._watch(), in
 * preconfiguration (NGX_OK, NGX_ERROR), to ..._unwatch() in postconfiguration.
 * ..._merge() inherits them and warns of a cache key without company and token.
 */

ngx_int_t ngx_http_procore_scope_cache_watch(ngx_conf_t *cf);
void ngx_http_procore_scope_cache_unwatch(void);
void ngx_http_procore_scope_cache_merge(ngx_conf_t *cf,
    ngx_http_procore_scope_loc_conf_t *prev,
    ngx_http_procore_scope_loc_conf_t *conf);


/* What only the whole of it can tell, such as a mode without a store. */

ngx_int_t ngx_http_procore_scope_check_conf(ngx_conf_t *cf,
    ngx_http_procore_scope_main_conf_t *pmcf);


#endif /* _NGX_HTTP_PROCORE_SCOPE_CONF_H_INCLUDED_ */

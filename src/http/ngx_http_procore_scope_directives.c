
/*
 * Setters of the directives.
 */


#include "ngx_http_procore_scope_conf.h"


static char *ngx_http_procore_scope_add_name(ngx_conf_t *cf,
    ngx_http_procore_scope_loc_conf_t *plcf, ngx_str_t *text,
    procore_kind_e kind);


/* A store smaller than this cannot hold its own tables. */

#define NGX_HTTP_PROCORE_SCOPE_STORE_MIN      (1024 * 1024)

#define NGX_HTTP_PROCORE_SCOPE_STORE_DEFAULT  ((size_t) 1024 * 1024 * 1024)


ngx_conf_num_bounds_t  ngx_http_procore_scope_timeout_bounds = {
    ngx_conf_check_num_bounds, 1, -1
};

/* In a minute what the API allows in an hour, and a uint16_t can count. */

ngx_conf_num_bounds_t  ngx_http_procore_scope_rate_bounds = {
    ngx_conf_check_num_bounds, 1, 3600
};

ngx_conf_num_bounds_t  ngx_http_procore_scope_waiting_bounds = {
    ngx_conf_check_num_bounds, 1, -1
};

ngx_conf_num_bounds_t  ngx_http_procore_scope_ttl_bounds = {
    ngx_conf_check_num_bounds, 1, -1
};


typedef struct {
    ngx_str_t      name;
    procore_way_e  way;
    unsigned       built;
} ngx_http_procore_scope_way_t;


static ngx_http_procore_scope_way_t  ngx_http_procore_scope_ways[] = {
    { ngx_string("authorize"), PROCORE_WAY_AUTHORIZE, 1 },
    { ngx_string("token_request"), PROCORE_WAY_TOKEN_REQUEST, 1 },
    { ngx_string("client"), PROCORE_WAY_CLIENT, 1 },
    { ngx_string("sole_company"), PROCORE_WAY_SOLE_COMPANY, 1 },
    { ngx_string("chooser"), PROCORE_WAY_CHOOSER, 1 },
    { ngx_string("first_use"), PROCORE_WAY_FIRST_USE, 1 },
    { ngx_null_string, PROCORE_WAY_NONE, 0 }
};


char *
ngx_http_procore_scope_mode(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_procore_scope_loc_conf_t *plcf = conf;

    char                                *rv;
    ngx_http_procore_scope_place_t      *place;
    ngx_http_procore_scope_main_conf_t  *pmcf;

    rv = ngx_conf_set_enum_slot(cf, cmd, conf);
    if (rv != NGX_CONF_OK) {
        return rv;
    }

    pmcf = ngx_http_conf_get_module_main_conf(cf,
                                              ngx_http_procore_scope_module);

    place = ngx_http_procore_scope_push(cf, &pmcf->places,
                                      sizeof(ngx_http_procore_scope_place_t));
    if (place == NULL) {
        return NGX_CONF_ERROR;
    }

    place->mode = plcf->mode;
    place->file = cf->conf_file->file.name;
    place->line = cf->conf_file->line;

    if (plcf->mode == NGX_HTTP_PROCORE_SCOPE_OFF) {
        return NGX_CONF_OK;
    }

    if (cf->cmd_type & NGX_HTTP_LOC_CONF) {
        pmcf->in_location = 1;
    }

    if (!pmcf->active) {
        pmcf->active = 1;
        pmcf->mode_file = cf->conf_file->file.name;
        pmcf->mode_line = cf->conf_file->line;
    }

    return NGX_CONF_OK;
}


char *
ngx_http_procore_scope_store_path(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_procore_scope_main_conf_t *pmcf = conf;

    off_t       size;
    ngx_str_t  *value, s;

    if (pmcf->store.data) {
        return "is duplicate";
    }

    value = cf->args->elts;
    pmcf->store_size = NGX_HTTP_PROCORE_SCOPE_STORE_DEFAULT;

    if (cf->args->nelts == 3) {
        if (ngx_strncmp(value[2].data, "size=", 5) != 0) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid parameter \"%V\"", &value[2]);
            return NGX_CONF_ERROR;
        }

        s.len = value[2].len - 5;
        s.data = value[2].data + 5;

        size = ngx_parse_offset(&s);

        if (size < NGX_HTTP_PROCORE_SCOPE_STORE_MIN
            || (uint64_t) size > NGX_MAX_SIZE_T_VALUE)
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid size \"%V\", at least 1m is needed",
                               &s);
            return NGX_CONF_ERROR;
        }

        pmcf->store_size = (size_t) size;
    }

    while (value[1].len > 1 && value[1].data[value[1].len - 1] == '/') {
        value[1].data[--value[1].len] = '\0';
    }

    if (value[1].len == 0) {
        return "needs the name of a folder";
    }

    pmcf->store = value[1];

    if (ngx_conf_full_name(cf->cycle, &pmcf->store, 0) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


char *
ngx_http_procore_scope_realm(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_procore_scope_loc_conf_t *plcf = conf;

    ngx_str_t  *value;

    if (plcf->realm_name.data) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (value[1].len == 0) {
        return "needs a name";
    }

    plcf->realm_name = value[1];

    if (procore_digest_realm(value[1].data, value[1].len, plcf->realm)
        != PROCORE_OK)
    {
        return "SHA-256 is not available";
    }

    return NGX_CONF_OK;
}


char *
ngx_http_procore_scope_paths(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_procore_scope_loc_conf_t *plcf = conf;

    char            error[PROCORE_SETTINGS_ERROR];
    ngx_str_t      *value;
    ngx_uint_t      i;
    procore_str_t  *path;

    if (plcf->paths != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    plcf->paths = ngx_array_create(cf->pool, cf->args->nelts - 1,
                                   sizeof(procore_str_t));
    if (plcf->paths == NULL) {
        return NGX_CONF_ERROR;
    }

    value = cf->args->elts;

    for (i = 1; i < cf->args->nelts; i++) {

        path = ngx_array_push(plcf->paths);
        if (path == NULL) {
            return NGX_CONF_ERROR;
        }

        *path = ngx_http_procore_scope_word(&value[i]);

        if (procore_setting_path(path, error) != PROCORE_OK) {
            return ngx_http_procore_scope_wrong(cf, error);
        }
    }

    return NGX_CONF_OK;
}


char *
ngx_http_procore_scope_bind(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_procore_scope_loc_conf_t *plcf = conf;

    ngx_str_t                     *value;
    ngx_uint_t                     i;
    ngx_http_procore_scope_way_t  *way;

    if (plcf->bind != NGX_CONF_UNSET_UINT) {
        return "is duplicate";
    }

    value = cf->args->elts;
    plcf->bind = 0;

    if (cf->args->nelts == 2 && ngx_strcmp(value[1].data, "none") == 0) {
        return NGX_CONF_OK;
    }

    for (i = 1; i < cf->args->nelts; i++) {

        for (way = ngx_http_procore_scope_ways; way->name.len; way++) {
            if (way->name.len == value[i].len
                && ngx_strcmp(way->name.data, value[i].data) == 0)
            {
                break;
            }
        }

        if (way->name.len == 0) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "unknown way to bind \"%V\"", &value[i]);
            return NGX_CONF_ERROR;
        }

        if (!way->built) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "the way to bind \"%V\" is not available in "
                               "this version", &value[i]);
            return NGX_CONF_ERROR;
        }

        plcf->bind |= (ngx_uint_t) 1 << way->way;
    }

    return NGX_CONF_OK;
}


char *
ngx_http_procore_scope_company(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    char                      *rv;
    uint64_t                   id;
    ngx_http_complex_value_t **company;

    rv = ngx_http_set_complex_value_slot(cf, cmd, conf);
    if (rv != NGX_CONF_OK) {
        return rv;
    }

    company = (ngx_http_complex_value_t **) ((char *) conf + cmd->offset);

    if ((*company)->lengths == NULL && (*company)->value.len
        && ngx_http_procore_scope_conf_id(cf, &(*company)->value, &id)
           != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


char *
ngx_http_procore_scope_alias(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_procore_scope_loc_conf_t *plcf = conf;

    char              error[PROCORE_SETTINGS_ERROR];
    ngx_str_t        *value;
    procore_str_t     company, uuid;
    procore_alias_t  *alias;

    value = cf->args->elts;

    alias = ngx_http_procore_scope_push(cf, &plcf->aliases,
                                        sizeof(procore_alias_t));
    if (alias == NULL) {
        return NGX_CONF_ERROR;
    }

    company = ngx_http_procore_scope_word(&value[1]);
    uuid = ngx_http_procore_scope_word(&value[2]);

    return procore_setting_alias(&company, &uuid, value[2].data, alias, error)
           == PROCORE_OK
           ? NGX_CONF_OK : ngx_http_procore_scope_wrong(cf, error);
}


char *
ngx_http_procore_scope_lookup_prefix(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_procore_scope_loc_conf_t *plcf = conf;

    ngx_str_t  *value;

    if (plcf->lookup.data) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (value[1].len == 0 || value[1].data[0] != '/') {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "lookup location \"%V\" does not begin with \"/\"",
                           &value[1]);
        return NGX_CONF_ERROR;
    }

    plcf->lookup = value[1];

    while (plcf->lookup.len
           && plcf->lookup.data[plcf->lookup.len - 1] == '/')
    {
        plcf->lookup.len--;
    }

    if (plcf->lookup.len == 0) {
        return "needs a location of its own, not \"/\"";
    }

    return NGX_CONF_OK;
}


char *
ngx_http_procore_scope_names(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    char            *rv, error[PROCORE_SETTINGS_ERROR];
    ngx_str_t       *value;
    ngx_uint_t       i;
    procore_str_t    word;
    procore_kind_e   kind;

    value = cf->args->elts;
    word = ngx_http_procore_scope_word(&value[1]);

    if (procore_setting_kind(&word, &kind, error) != PROCORE_OK) {
        return ngx_http_procore_scope_wrong(cf, error);
    }

    for (i = 2; i < cf->args->nelts; i++) {
        rv = ngx_http_procore_scope_add_name(cf, conf, &value[i], kind);
        if (rv != NGX_CONF_OK) {
            return rv;
        }
    }

    return NGX_CONF_OK;
}


char *
ngx_http_procore_scope_ignore(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    char        *rv;
    ngx_str_t   *value;
    ngx_uint_t   i;

    value = cf->args->elts;

    for (i = 1; i < cf->args->nelts; i++) {
        rv = ngx_http_procore_scope_add_name(cf, conf, &value[i],
                                             PROCORE_KIND_NONE);
        if (rv != NGX_CONF_OK) {
            return rv;
        }
    }

    return NGX_CONF_OK;
}


static char *
ngx_http_procore_scope_add_name(ngx_conf_t *cf,
    ngx_http_procore_scope_loc_conf_t *plcf, ngx_str_t *text,
    procore_kind_e kind)
{
    char             error[PROCORE_SETTINGS_ERROR];
    procore_str_t    word;
    procore_name_t  *name;

    name = ngx_http_procore_scope_push(cf, &plcf->names,
                                       sizeof(procore_name_t));
    if (name == NULL) {
        return NGX_CONF_ERROR;
    }

    word = ngx_http_procore_scope_word(text);

    return procore_setting_name(&word, kind, name, error) == PROCORE_OK
           ? NGX_CONF_OK : ngx_http_procore_scope_wrong(cf, error);
}


char *
ngx_http_procore_scope_unlisted_names(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_procore_scope_loc_conf_t *plcf = conf;

    int             deny;
    char            error[PROCORE_SETTINGS_ERROR];
    ngx_str_t      *value;
    procore_str_t   word;

    if (plcf->unlisted_deny != NGX_CONF_UNSET_UINT) {
        return "is duplicate";
    }

    value = cf->args->elts;
    word = ngx_http_procore_scope_word(&value[1]);

    if (procore_setting_unlisted(&word, &deny, error) != PROCORE_OK) {
        return ngx_http_procore_scope_wrong(cf, error);
    }

    plcf->unlisted_deny = (ngx_uint_t) deny;

    return NGX_CONF_OK;
}


char *
ngx_http_procore_scope_undecided(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_procore_scope_loc_conf_t *plcf = conf;

    char            error[PROCORE_SETTINGS_ERROR];
    uint64_t        set, allow;
    ngx_str_t      *value;
    ngx_uint_t      i;
    procore_str_t   reason, what;

    value = cf->args->elts;

    if (cf->args->nelts % 2 == 0) {
        return "needs pairs of a reason and \"deny\" or \"allow\"";
    }

    set = plcf->undecided_set;
    allow = plcf->undecided_allow;

    for (i = 1; i < cf->args->nelts; i += 2) {
        reason = ngx_http_procore_scope_word(&value[i]);
        what = ngx_http_procore_scope_word(&value[i + 1]);

        if (procore_setting_undecided(&reason, &what, &set, &allow, error)
            != PROCORE_OK)
        {
            return ngx_http_procore_scope_wrong(cf, error);
        }

        if (ngx_strcmp(value[i + 1].data, "allow") == 0) {
            ngx_conf_log_error(NGX_LOG_WARN, cf, 0,
                               "\"procore_scope_undecided %V allow\" lets "
                               "requests through that nobody has judged, and "
                               "a client can bring that about", &value[i]);
        }
    }

    plcf->undecided_set = (ngx_uint_t) set;
    plcf->undecided_allow = (ngx_uint_t) allow;

    return NGX_CONF_OK;
}


ngx_int_t
ngx_http_procore_scope_conf_id(ngx_conf_t *cf, ngx_str_t *text, uint64_t *id)
{
    char            error[PROCORE_SETTINGS_ERROR];
    ngx_str_t      *directive;
    procore_str_t   word;

    directive = cf->args->elts;
    word = ngx_http_procore_scope_word(text);

    if (procore_setting_id((char *) directive->data, &word, id, error)
        != PROCORE_OK)
    {
        (void) ngx_http_procore_scope_wrong(cf, error);
        return NGX_ERROR;
    }

    return NGX_OK;
}


procore_str_t
ngx_http_procore_scope_word(ngx_str_t *value)
{
    procore_str_t  word;

    word.len = value->len;
    word.data = value->data;

    return word;
}


char *
ngx_http_procore_scope_wrong(ngx_conf_t *cf, const char *error)
{
    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "%s", error);

    return NGX_CONF_ERROR;
}


void *
ngx_http_procore_scope_push(ngx_conf_t *cf, ngx_array_t **array, size_t size)
{
    if (*array == NULL) {
        *array = ngx_array_create(cf->pool, 4, size);
        if (*array == NULL) {
            return NULL;
        }
    }

    return ngx_array_push(*array);
}

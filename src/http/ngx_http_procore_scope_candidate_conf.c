
/*
 * procore_scope_candidate: settings that are tried beside those in force.
 *
 * "procore_scope_candidate unlisted deny" is read by the setter of
 * "procore_scope_unlisted", into a configuration of its own.  What the
 * candidate does not say is as in force; what it says replaces what is in
 * force, lists as a whole.
 */


#include "ngx_http_procore_scope_conf.h"


#define NGX_HTTP_PROCORE_SCOPE_CANDIDATE_ALIAS      0x001
#define NGX_HTTP_PROCORE_SCOPE_CANDIDATE_BODY_SIZE  0x002
#define NGX_HTTP_PROCORE_SCOPE_CANDIDATE_EXCEPTION  0x004
#define NGX_HTTP_PROCORE_SCOPE_CANDIDATE_HEADER     0x008
#define NGX_HTTP_PROCORE_SCOPE_CANDIDATE_IGNORE     0x010
#define NGX_HTTP_PROCORE_SCOPE_CANDIDATE_NAMES      0x020
#define NGX_HTTP_PROCORE_SCOPE_CANDIDATE_PATHS      0x040
#define NGX_HTTP_PROCORE_SCOPE_CANDIDATE_UNDECIDED  0x080
#define NGX_HTTP_PROCORE_SCOPE_CANDIDATE_UNLISTED   0x100

/* These are lists that can be empty: "none". */

#define NGX_HTTP_PROCORE_SCOPE_CANDIDATE_LISTS                                \
    (NGX_HTTP_PROCORE_SCOPE_CANDIDATE_ALIAS                                   \
     |NGX_HTTP_PROCORE_SCOPE_CANDIDATE_EXCEPTION                              \
     |NGX_HTTP_PROCORE_SCOPE_CANDIDATE_IGNORE                                 \
     |NGX_HTTP_PROCORE_SCOPE_CANDIDATE_NAMES)


typedef struct {
    ngx_str_t     name;          /* of the directive */
    ngx_uint_t    bit;
    ngx_uint_t    min;           /* arguments; "max" 0: any number */
    ngx_uint_t    max;
} ngx_http_procore_scope_setting_t;


static ngx_http_procore_scope_setting_t *ngx_http_procore_scope_setting(
    ngx_str_t *name);
static ngx_command_t *ngx_http_procore_scope_setting_command(ngx_str_t *name);
static char *ngx_http_procore_scope_setting_read(ngx_conf_t *cf,
    ngx_http_procore_scope_setting_t *setting,
    ngx_http_procore_scope_candidate_conf_t *candidate);
static ngx_http_procore_scope_candidate_conf_t *
    ngx_http_procore_scope_candidate_create(ngx_conf_t *cf);
static ngx_int_t ngx_http_procore_scope_candidate_inherit(ngx_conf_t *cf,
    ngx_http_procore_scope_candidate_conf_t *outer,
    ngx_http_procore_scope_candidate_conf_t *inner);
static ngx_int_t ngx_http_procore_scope_candidate_policy(ngx_conf_t *cf,
    ngx_http_procore_scope_loc_conf_t *conf,
    ngx_http_procore_scope_candidate_conf_t *candidate);
static ngx_int_t ngx_http_procore_scope_candidate_names(ngx_conf_t *cf,
    ngx_http_procore_scope_loc_conf_t *conf,
    ngx_http_procore_scope_candidate_conf_t *candidate);
static ngx_int_t ngx_http_procore_scope_candidate_take(ngx_conf_t *cf,
    ngx_array_t **to, ngx_array_t *from, ngx_uint_t ignored);


static ngx_http_procore_scope_setting_t  ngx_http_procore_scope_settings[] = {
    { ngx_string("procore_scope_alias"),
      NGX_HTTP_PROCORE_SCOPE_CANDIDATE_ALIAS, 2, 2 },
    { ngx_string("procore_scope_body_size"),
      NGX_HTTP_PROCORE_SCOPE_CANDIDATE_BODY_SIZE, 1, 1 },
    { ngx_string("procore_scope_exception"),
      NGX_HTTP_PROCORE_SCOPE_CANDIDATE_EXCEPTION, 1, 0 },
    { ngx_string("procore_scope_header"),
      NGX_HTTP_PROCORE_SCOPE_CANDIDATE_HEADER, 1, 1 },
    { ngx_string("procore_scope_ignore"),
      NGX_HTTP_PROCORE_SCOPE_CANDIDATE_IGNORE, 1, 0 },
    { ngx_string("procore_scope_names"),
      NGX_HTTP_PROCORE_SCOPE_CANDIDATE_NAMES, 2, 0 },
    { ngx_string("procore_scope_paths"),
      NGX_HTTP_PROCORE_SCOPE_CANDIDATE_PATHS, 1, 0 },
    { ngx_string("procore_scope_undecided"),
      NGX_HTTP_PROCORE_SCOPE_CANDIDATE_UNDECIDED, 2, 0 },
    { ngx_string("procore_scope_unlisted"),
      NGX_HTTP_PROCORE_SCOPE_CANDIDATE_UNLISTED, 1, 1 },
    { ngx_null_string, 0, 0, 0 }
};


char *
ngx_http_procore_scope_candidate(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_procore_scope_loc_conf_t *plcf = conf;

    ngx_str_t                         *value;
    ngx_uint_t                         n;
    ngx_http_procore_scope_setting_t  *setting;

    value = cf->args->elts;

    setting = ngx_http_procore_scope_setting(&value[1]);

    if (setting == NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"procore_scope_candidate\" cannot try \"%V\": it "
                           "takes alias, body_size, exception, header, ignore, "
                           "names, paths, undecided or unlisted, and what "
                           "stands after \"procore_scope_...\" of that name",
                           &value[1]);
        return NGX_CONF_ERROR;
    }

    if (plcf->candidate == NULL) {
        plcf->candidate = ngx_http_procore_scope_candidate_create(cf);
        if (plcf->candidate == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    plcf->candidate->set |= setting->bit;

    n = cf->args->nelts - 2;

    if (n == 1 && (setting->bit & NGX_HTTP_PROCORE_SCOPE_CANDIDATE_LISTS)
        && ngx_strcmp(value[2].data, "none") == 0)
    {
        return NGX_CONF_OK;
    }

    if (n < setting->min || (setting->max && n > setting->max)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid number of arguments of \"%V\" in "
                           "\"procore_scope_candidate\"", &value[1]);
        return NGX_CONF_ERROR;
    }

    return ngx_http_procore_scope_setting_read(cf, setting, plcf->candidate);
}


static ngx_http_procore_scope_setting_t *
ngx_http_procore_scope_setting(ngx_str_t *name)
{
    size_t                             prefix;
    ngx_http_procore_scope_setting_t  *setting;

    prefix = sizeof("procore_scope_") - 1;

    for (setting = ngx_http_procore_scope_settings; setting->bit; setting++) {
        if (setting->name.len == prefix + name->len
            && ngx_strcmp(setting->name.data + prefix, name->data) == 0)
        {
            return setting;
        }
    }

    return NULL;
}


static ngx_command_t *
ngx_http_procore_scope_setting_command(ngx_str_t *name)
{
    ngx_command_t  *cmd;

    cmd = ngx_http_procore_scope_module.commands;

    while (cmd->name.len != name->len
           || ngx_strcmp(cmd->name.data, name->data) != 0)
    {
        cmd++;
    }

    return cmd;
}


/* The directive's own setter sees its name and what follows. */

static char *
ngx_http_procore_scope_setting_read(ngx_conf_t *cf,
    ngx_http_procore_scope_setting_t *setting,
    ngx_http_procore_scope_candidate_conf_t *candidate)
{
    char           *rv;
    ngx_array_t    *args, rest;
    ngx_command_t  *cmd;

    cmd = ngx_http_procore_scope_setting_command(&setting->name);

    args = cf->args;

    rest = *args;
    rest.elts = (ngx_str_t *) args->elts + 1;
    rest.nelts = args->nelts - 1;
    *(ngx_str_t *) rest.elts = setting->name;

    cf->args = &rest;
    rv = cmd->set(cf, cmd, candidate->settings);
    cf->args = args;

    return rv;
}


static ngx_http_procore_scope_candidate_conf_t *
ngx_http_procore_scope_candidate_create(ngx_conf_t *cf)
{
    ngx_http_procore_scope_candidate_conf_t  *candidate;

    candidate = ngx_pcalloc(cf->pool,
                            sizeof(ngx_http_procore_scope_candidate_conf_t));
    if (candidate == NULL) {
        return NULL;
    }

    candidate->settings = ngx_http_procore_scope_create_loc_conf(cf);
    if (candidate->settings == NULL) {
        return NULL;
    }

    candidate->settings->tried = 1;

    return candidate;
}


char *
ngx_http_procore_scope_candidate_merge(ngx_conf_t *cf,
    ngx_http_procore_scope_loc_conf_t *prev,
    ngx_http_procore_scope_loc_conf_t *conf)
{
    if (conf->candidate == NULL && prev->candidate == NULL) {
        return NGX_CONF_OK;
    }

    if (conf->candidate == NULL) {
        conf->candidate = ngx_http_procore_scope_candidate_create(cf);
        if (conf->candidate == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    if (prev->candidate
        && ngx_http_procore_scope_candidate_inherit(cf, prev->candidate,
                                                    conf->candidate)
           != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    return ngx_http_procore_scope_candidate_policy(cf, conf, conf->candidate)
           == NGX_OK ? NGX_CONF_OK : NGX_CONF_ERROR;
}


/* What an inner candidate says of a setting replaces what an outer one says. */

static ngx_int_t
ngx_http_procore_scope_candidate_inherit(ngx_conf_t *cf,
    ngx_http_procore_scope_candidate_conf_t *outer,
    ngx_http_procore_scope_candidate_conf_t *inner)
{
    ngx_uint_t                          missing;
    ngx_http_procore_scope_loc_conf_t  *from, *to;

    from = outer->settings;
    to = inner->settings;
    missing = outer->set & ~inner->set;
    inner->set |= missing;

    if (missing & NGX_HTTP_PROCORE_SCOPE_CANDIDATE_ALIAS) {
        to->aliases = from->aliases;
    }

    if (missing & NGX_HTTP_PROCORE_SCOPE_CANDIDATE_BODY_SIZE) {
        to->body_size = from->body_size;
    }

    if (missing & NGX_HTTP_PROCORE_SCOPE_CANDIDATE_EXCEPTION) {
        to->exceptions = from->exceptions;
    }

    if (missing & NGX_HTTP_PROCORE_SCOPE_CANDIDATE_HEADER) {
        to->header = from->header;
    }

    if (missing & NGX_HTTP_PROCORE_SCOPE_CANDIDATE_PATHS) {
        to->paths = from->paths;
    }

    if (missing & NGX_HTTP_PROCORE_SCOPE_CANDIDATE_UNDECIDED) {
        to->undecided_set = from->undecided_set;
        to->undecided_allow = from->undecided_allow;
    }

    if (missing & NGX_HTTP_PROCORE_SCOPE_CANDIDATE_UNLISTED) {
        to->unlisted_deny = from->unlisted_deny;
    }

    if ((missing & NGX_HTTP_PROCORE_SCOPE_CANDIDATE_NAMES)
        && ngx_http_procore_scope_candidate_take(cf, &to->names, from->names, 0)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (missing & NGX_HTTP_PROCORE_SCOPE_CANDIDATE_IGNORE) {
        return ngx_http_procore_scope_candidate_take(cf, &to->names,
                                                     from->names, 1);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_procore_scope_candidate_policy(ngx_conf_t *cf,
    ngx_http_procore_scope_loc_conf_t *conf,
    ngx_http_procore_scope_candidate_conf_t *candidate)
{
    ngx_uint_t                          set;
    procore_policy_t                   *policy;
    ngx_http_procore_scope_loc_conf_t  *settings;

    set = candidate->set;
    settings = candidate->settings;
    policy = &candidate->policy;

    /* what enforce would do, whatever the mode of this place */

    *policy = conf->policy;
    policy->mode = PROCORE_MODE_ENFORCE;

    if (set & NGX_HTTP_PROCORE_SCOPE_CANDIDATE_ALIAS) {
        policy->aliases = settings->aliases ? settings->aliases->elts : NULL;
        policy->naliases = settings->aliases ? settings->aliases->nelts : 0;
    }

    if (set & NGX_HTTP_PROCORE_SCOPE_CANDIDATE_BODY_SIZE) {
        policy->body_size = settings->body_size;
    }

    if (set & NGX_HTTP_PROCORE_SCOPE_CANDIDATE_EXCEPTION) {
        policy->exceptions = settings->exceptions ? settings->exceptions->elts
                                                  : NULL;
        policy->nexceptions = settings->exceptions
                              ? settings->exceptions->nelts : 0;
    }

    if (set & NGX_HTTP_PROCORE_SCOPE_CANDIDATE_HEADER) {
        policy->header = settings->header & 1;
    }

    if (set & NGX_HTTP_PROCORE_SCOPE_CANDIDATE_PATHS) {
        policy->paths = settings->paths->elts;
        policy->npaths = settings->paths->nelts;
    }

    if (set & NGX_HTTP_PROCORE_SCOPE_CANDIDATE_UNDECIDED) {
        policy->undecided_allow = settings->undecided_allow
                                  | (conf->undecided_allow
                                     & ~settings->undecided_set);
    }

    if (set & NGX_HTTP_PROCORE_SCOPE_CANDIDATE_UNLISTED) {
        policy->unlisted_deny = settings->unlisted_deny & 1;
    }

    return ngx_http_procore_scope_candidate_names(cf, conf, candidate);
}


/* Names that count and names that do not are one list. */

static ngx_int_t
ngx_http_procore_scope_candidate_names(ngx_conf_t *cf,
    ngx_http_procore_scope_loc_conf_t *conf,
    ngx_http_procore_scope_candidate_conf_t *candidate)
{
    ngx_uint_t    names, ignore;
    ngx_array_t  *list;

    names = candidate->set & NGX_HTTP_PROCORE_SCOPE_CANDIDATE_NAMES;
    ignore = candidate->set & NGX_HTTP_PROCORE_SCOPE_CANDIDATE_IGNORE;

    if (!names && !ignore) {
        return NGX_OK;
    }

    list = NULL;

    if (ngx_http_procore_scope_candidate_take(cf, &list,
                     names ? candidate->settings->names : conf->names, 0)
        != NGX_OK
        || ngx_http_procore_scope_candidate_take(cf, &list,
                     ignore ? candidate->settings->names : conf->names, 1)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    candidate->policy.names = list ? list->elts : NULL;
    candidate->policy.nnames = list ? list->nelts : 0;

    return NGX_OK;
}


static ngx_int_t
ngx_http_procore_scope_candidate_take(ngx_conf_t *cf, ngx_array_t **to,
    ngx_array_t *from, ngx_uint_t ignored)
{
    ngx_uint_t       i;
    procore_name_t  *name, *taken;

    if (from == NULL) {
        return NGX_OK;
    }

    name = from->elts;

    for (i = 0; i < from->nelts; i++) {

        if ((name[i].kind == PROCORE_KIND_NONE) != (ignored != 0)) {
            continue;
        }

        taken = ngx_http_procore_scope_push(cf, to, sizeof(procore_name_t));
        if (taken == NULL) {
            return NGX_ERROR;
        }

        *taken = name[i];
    }

    return NGX_OK;
}


/*
 * procore_scope_exception: another company that a request may name.
 */


#include "ngx_http_procore_scope_conf.h"


#define NGX_HTTP_PROCORE_SCOPE_DAY  86400    /* seconds */


static ngx_int_t ngx_http_procore_scope_exception_list(ngx_conf_t *cf,
    procore_exception_t *exception);
static time_t ngx_http_procore_scope_end_of_day(ngx_str_t *date);
static char *ngx_http_procore_scope_exception_parameter(ngx_conf_t *cf,
    procore_exception_t *exception, ngx_array_t *clients,
    ngx_array_t *projects, ngx_str_t *value);


char *
ngx_http_procore_scope_exception(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_procore_scope_loc_conf_t *plcf = conf;

    char                 *rv;
    ngx_str_t            *value;
    ngx_uint_t            i;
    ngx_array_t           clients, projects;
    procore_exception_t  *exception;

    value = cf->args->elts;

    exception = ngx_http_procore_scope_push(cf, &plcf->exceptions,
                                            sizeof(procore_exception_t));
    if (exception == NULL) {
        return NGX_CONF_ERROR;
    }

    ngx_memzero(exception, sizeof(procore_exception_t));

    if (ngx_http_procore_scope_conf_id(cf, &value[1], &exception->company)
        != NGX_OK
        || ngx_array_init(&clients, cf->pool, 1, sizeof(procore_str_t))
           != NGX_OK
        || ngx_array_init(&projects, cf->pool, 1, sizeof(uint64_t))
           != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    for (i = 2; i < cf->args->nelts; i++) {
        rv = ngx_http_procore_scope_exception_parameter(cf, exception,
                                                        &clients, &projects,
                                                        &value[i]);
        if (rv != NGX_CONF_OK) {
            return rv;
        }
    }

    exception->clients = clients.elts;
    exception->nclients = clients.nelts;
    exception->projects = projects.elts;
    exception->nprojects = projects.nelts;

    if (ngx_http_procore_scope_exception_list(cf, exception) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    if (exception->until && exception->until <= (uint64_t) ngx_time()) {
        ngx_conf_log_error(NGX_LOG_WARN, cf, 0,
                           "the exception for company %V has run out and has "
                           "no effect", &value[1]);
    }

    return NGX_CONF_OK;
}


static char *
ngx_http_procore_scope_exception_parameter(ngx_conf_t *cf,
    procore_exception_t *exception, ngx_array_t *clients,
    ngx_array_t *projects, ngx_str_t *value)
{
    time_t          until;
    uint64_t       *project;
    ngx_str_t       text;
    procore_str_t  *client;

    if (ngx_strncmp(value->data, "client=", 7) == 0 && value->len > 7) {
        client = ngx_array_push(clients);
        if (client == NULL) {
            return NGX_CONF_ERROR;
        }

        client->len = value->len - 7;
        client->data = value->data + 7;

        return NGX_CONF_OK;
    }

    if (ngx_strncmp(value->data, "project=", 8) == 0) {
        text.len = value->len - 8;
        text.data = value->data + 8;

        project = ngx_array_push(projects);
        if (project == NULL
            || ngx_http_procore_scope_conf_id(cf, &text, project) != NGX_OK)
        {
            return NGX_CONF_ERROR;
        }

        return NGX_CONF_OK;
    }

    if (ngx_strncmp(value->data, "until=", 6) == 0) {
        text.len = value->len - 6;
        text.data = value->data + 6;

        if (exception->until) {
            return "has \"until\" twice";
        }

        until = ngx_http_procore_scope_end_of_day(&text);

        if (until == NGX_ERROR) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "\"%V\" is not a date (YYYY-MM-DD)", &text);
            return NGX_CONF_ERROR;
        }

        exception->until = (uint64_t) until;

        return NGX_CONF_OK;
    }

    if (ngx_strncmp(value->data, "note=", 5) == 0) {

        if (exception->note.data) {
            return "has \"note\" twice";
        }

        exception->note.len = value->len - 5;
        exception->note.data = value->data + 5;

        return NGX_CONF_OK;
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "invalid parameter \"%V\"", value);

    return NGX_CONF_ERROR;
}


/*
 * For the status page.  The key is made of all that the directive says, so that
 * its uses are counted on after a reload, wherever it then stands.
 */

static ngx_int_t
ngx_http_procore_scope_exception_list(ngx_conf_t *cf,
    procore_exception_t *exception)
{
    u_char                              *p, *key;
    uint32_t                             hash, crc;
    ngx_str_t                           *value;
    ngx_uint_t                           i;
    ngx_http_procore_scope_listed_t     *listed;
    ngx_http_procore_scope_main_conf_t  *pmcf;

    hash = 0;
    ngx_crc32_init(crc);

    value = cf->args->elts;

    for (i = 1; i < cf->args->nelts; i++) {
        hash = hash * 31 + ngx_murmur_hash2(value[i].data, value[i].len);
        ngx_crc32_update(&crc, value[i].data, value[i].len);
    }

    key = ngx_pnalloc(cf->pool, sizeof(uint64_t) + 2 * sizeof(uint32_t));
    if (key == NULL) {
        return NGX_ERROR;
    }

    p = ngx_cpymem(key, &exception->company, sizeof(uint64_t));
    p = ngx_cpymem(p, &hash, sizeof(uint32_t));
    p = ngx_cpymem(p, &crc, sizeof(uint32_t));

    exception->key.data = key;
    exception->key.len = (size_t) (p - key);

    pmcf = ngx_http_conf_get_module_main_conf(cf,
                                              ngx_http_procore_scope_module);

    listed = ngx_http_procore_scope_push(cf, &pmcf->exceptions,
                                     sizeof(ngx_http_procore_scope_listed_t));
    if (listed == NULL) {
        return NGX_ERROR;
    }

    listed->exception = *exception;
    listed->file = cf->conf_file->file.name;
    listed->line = cf->conf_file->line;

    return NGX_OK;
}


/*
 * The first second after a day, UTC, as seconds since the epoch.  The civil
 * date becomes a day number with years that begin in March, so that a leap day
 * is the last of its year.
 */

static time_t
ngx_http_procore_scope_end_of_day(ngx_str_t *date)
{
    ngx_int_t          year, month, day, days;
    static ngx_int_t   lengths[] = {
        31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31
    };

    if (date->len != 10 || date->data[4] != '-' || date->data[7] != '-') {
        return NGX_ERROR;
    }

    year = ngx_atoi(date->data, 4);
    month = ngx_atoi(date->data + 5, 2);
    day = ngx_atoi(date->data + 8, 2);

    if (year < 1970 || month < 1 || month > 12 || day < 1) {
        return NGX_ERROR;
    }

    days = lengths[month - 1];

    if (month == 2 && year % 4 == 0 && (year % 100 || year % 400 == 0)) {
        days++;
    }

    if (day > days) {
        return NGX_ERROR;
    }

    month -= 2;

    if (month <= 0) {
        month += 12;
        year--;
    }

    days = 365 * year + year / 4 - year / 100 + year / 400
           + 367 * month / 12 - 30 + (day - 1) + 31 + 28 - 719527;

    return (time_t) (days + 1) * NGX_HTTP_PROCORE_SCOPE_DAY;
}


/*
 * procore_scope_client: what the gateway knows of an app, and what the app may
 * be bound to.
 */


#include "ngx_http_procore_scope_bind.h"
#include "ngx_http_procore_scope_conf.h"
#include "../relay/procore_redirect.h"


/* Real client ids have 64 bytes; one of these goes into a cookie. */

#define NGX_HTTP_PROCORE_SCOPE_CLIENT_ID      128

/* Real secrets have 64 bytes, too. */

#define NGX_HTTP_PROCORE_SCOPE_CLIENT_SECRET  512


static char *ngx_http_procore_scope_client_parameter(ngx_conf_t *cf,
    ngx_http_procore_scope_client_t *client, ngx_str_t *value);
static char *ngx_http_procore_scope_client_name(ngx_conf_t *cf,
    ngx_http_procore_scope_client_t *client, ngx_str_t *text);
static char *ngx_http_procore_scope_client_secret(ngx_conf_t *cf,
    ngx_http_procore_scope_client_t *client, ngx_str_t *name);
static char *ngx_http_procore_scope_client_redirect(ngx_conf_t *cf,
    ngx_http_procore_scope_client_t *client, ngx_str_t *uri);
static char *ngx_http_procore_scope_client_company(ngx_conf_t *cf,
    ngx_http_procore_scope_client_t *client, ngx_str_t *text);
static char *ngx_http_procore_scope_client_hint(ngx_conf_t *cf,
    ngx_http_procore_scope_client_t *client, ngx_str_t *text);
static char *ngx_http_procore_scope_client_mode(ngx_conf_t *cf,
    ngx_http_procore_scope_client_t *client, ngx_str_t *text);
static char *ngx_http_procore_scope_client_pkce(ngx_conf_t *cf,
    ngx_http_procore_scope_client_t *client, ngx_str_t *text);
static char *ngx_http_procore_scope_client_check(ngx_conf_t *cf,
    ngx_http_procore_scope_client_t *client);


typedef char *(*ngx_http_procore_scope_client_pt)(ngx_conf_t *cf,
    ngx_http_procore_scope_client_t *client, ngx_str_t *text);

typedef struct {
    ngx_str_t                         name;
    ngx_http_procore_scope_client_pt  handler;
} ngx_http_procore_scope_client_parameter_t;


static ngx_http_procore_scope_client_parameter_t
    ngx_http_procore_scope_client_parameters[] =
{
    { ngx_string("name="), ngx_http_procore_scope_client_name },
    { ngx_string("secret_file="), ngx_http_procore_scope_client_secret },
    { ngx_string("redirect_uri="), ngx_http_procore_scope_client_redirect },
    { ngx_string("company="), ngx_http_procore_scope_client_company },
    { ngx_string("company_hint="), ngx_http_procore_scope_client_hint },
    { ngx_string("mode="), ngx_http_procore_scope_client_mode },
    { ngx_string("pkce="), ngx_http_procore_scope_client_pkce },
    { ngx_null_string, NULL }
};


char *
ngx_http_procore_scope_client(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_procore_scope_loc_conf_t *plcf = conf;

    char                             *rv;
    ngx_str_t                        *value;
    ngx_uint_t                        i;
    ngx_http_procore_scope_client_t  *client, **slot;

    value = cf->args->elts;

    if (value[1].len == 0 || value[1].len > NGX_HTTP_PROCORE_SCOPE_CLIENT_ID) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "client id \"%V\" must have 1 to %d bytes",
                           &value[1], NGX_HTTP_PROCORE_SCOPE_CLIENT_ID);
        return NGX_CONF_ERROR;
    }

    if (ngx_http_procore_scope_client_same(plcf->clients, &value[1])) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "client \"%V\" is here twice", &value[1]);
        return NGX_CONF_ERROR;
    }

    client = ngx_pcalloc(cf->pool, sizeof(ngx_http_procore_scope_client_t));
    slot = ngx_http_procore_scope_push(cf, &plcf->clients, sizeof(*slot));

    if (client == NULL || slot == NULL) {
        return NGX_CONF_ERROR;
    }

    *slot = client;

    client->id = value[1];
    client->mode = NGX_CONF_UNSET_UINT;
    client->pkce = 1;

    for (i = 2; i < cf->args->nelts; i++) {
        rv = ngx_http_procore_scope_client_parameter(cf, client, &value[i]);
        if (rv != NGX_CONF_OK) {
            return rv;
        }
    }

    return ngx_http_procore_scope_client_check(cf, client);
}


static char *
ngx_http_procore_scope_client_parameter(ngx_conf_t *cf,
    ngx_http_procore_scope_client_t *client, ngx_str_t *value)
{
    ngx_str_t                                   text;
    ngx_http_procore_scope_client_parameter_t  *p;

    if (ngx_strcmp(value->data, "deny") == 0) {
        client->deny = 1;
        return NGX_CONF_OK;
    }

    for (p = ngx_http_procore_scope_client_parameters; p->name.len; p++) {

        if (value->len > p->name.len
            && ngx_strncmp(value->data, p->name.data, p->name.len) == 0)
        {
            text.len = value->len - p->name.len;
            text.data = value->data + p->name.len;

            return p->handler(cf, client, &text);
        }
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "invalid parameter \"%V\"", value);

    return NGX_CONF_ERROR;
}


static char *
ngx_http_procore_scope_client_name(ngx_conf_t *cf,
    ngx_http_procore_scope_client_t *client, ngx_str_t *text)
{
    if (client->name.data) {
        return "has \"name\" twice";
    }

    client->name = *text;

    return NGX_CONF_OK;
}


static char *
ngx_http_procore_scope_client_secret(ngx_conf_t *cf,
    ngx_http_procore_scope_client_t *client, ngx_str_t *name)
{
    char             *rv;
    ngx_str_t         text;
    ngx_file_info_t   info;

    if (client->secret.data) {
        return "has \"secret_file\" twice";
    }

    if (ngx_conf_full_name(cf->cycle, name, 1) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    rv = ngx_http_procore_scope_read_file(cf, name,
                                          NGX_HTTP_PROCORE_SCOPE_CLIENT_SECRET,
                                          &text, &info);
    if (rv != NGX_CONF_OK) {
        return rv;
    }

    if (info.st_mode & S_IWOTH) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "secret file \"%V\" can be written by others", name);
        return NGX_CONF_ERROR;
    }

    if (info.st_mode & S_IROTH) {
        ngx_conf_log_error(NGX_LOG_WARN, cf, 0,
                           "secret file \"%V\" can be read by others", name);
    }

    if (text.data[text.len - 1] == LF) {
        text.len--;

        if (text.len && text.data[text.len - 1] == CR) {
            text.len--;
        }
    }

    if (text.len == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "secret file \"%V\" is empty",
                           name);
        return NGX_CONF_ERROR;
    }

    client->secret = text;

    return NGX_CONF_OK;
}


static char *
ngx_http_procore_scope_client_redirect(ngx_conf_t *cf,
    ngx_http_procore_scope_client_t *client, ngx_str_t *uri)
{
    ngx_str_t      *elt;
    const char     *refused;
    procore_str_t   text;

    text.len = uri->len;
    text.data = uri->data;

    refused = procore_redirect_refused(&text);

    if (refused) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "the redirect URI \"%V\" %s", uri, refused);
        return NGX_CONF_ERROR;
    }

    elt = ngx_http_procore_scope_push(cf, &client->redirect_uris,
                                      sizeof(ngx_str_t));
    if (elt == NULL) {
        return NGX_CONF_ERROR;
    }

    *elt = *uri;

    return NGX_CONF_OK;
}


/* "562949953421312 Acme North" */

static char *
ngx_http_procore_scope_client_company(ngx_conf_t *cf,
    ngx_http_procore_scope_client_t *client, ngx_str_t *text)
{
    u_char                                   *blank, *last;
    uint64_t                                  company;
    ngx_str_t                                 id, label;
    ngx_http_procore_scope_client_company_t  *elt;

    id = *text;
    ngx_str_null(&label);

    last = text->data + text->len;
    blank = ngx_strlchr(text->data, last, ' ');

    if (blank) {
        id.len = (size_t) (blank - text->data);

        while (blank < last && *blank == ' ') {
            blank++;
        }

        label.len = (size_t) (last - blank);
        label.data = blank;
    }

    if (ngx_http_procore_scope_conf_id(cf, &id, &company) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    if (ngx_http_procore_scope_client_listed(client, company)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "company %V is here twice", &id);
        return NGX_CONF_ERROR;
    }

    elt = ngx_http_procore_scope_push(cf, &client->companies, sizeof(*elt));
    if (elt == NULL) {
        return NGX_CONF_ERROR;
    }

    elt->company = company;
    elt->label = label;

    return NGX_CONF_OK;
}


static char *
ngx_http_procore_scope_client_hint(ngx_conf_t *cf,
    ngx_http_procore_scope_client_t *client, ngx_str_t *text)
{
    if (ngx_strcmp(text->data, "trusted") != 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"company_hint\" is \"trusted\" or not given, "
                           "not \"%V\"", text);
        return NGX_CONF_ERROR;
    }

    client->hint_trusted = 1;

    return NGX_CONF_OK;
}


static char *
ngx_http_procore_scope_client_mode(ngx_conf_t *cf,
    ngx_http_procore_scope_client_t *client, ngx_str_t *text)
{
    ngx_http_procore_scope_main_conf_t  *pmcf;

    if (client->mode != NGX_CONF_UNSET_UINT) {
        return "has \"mode\" twice";
    }

    pmcf = ngx_http_conf_get_module_main_conf(cf,
                                              ngx_http_procore_scope_module);

    if (pmcf->client_line == 0) {
        pmcf->client_file = cf->conf_file->file.name;
        pmcf->client_line = cf->conf_file->line;
    }

    if (ngx_strcmp(text->data, "monitor") == 0) {
        client->mode = NGX_HTTP_PROCORE_SCOPE_MONITOR;

    } else if (ngx_strcmp(text->data, "enforce") == 0) {
        client->mode = NGX_HTTP_PROCORE_SCOPE_ENFORCE;

    } else {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "the mode of a client is \"monitor\" or "
                           "\"enforce\", not \"%V\"", text);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static char *
ngx_http_procore_scope_client_pkce(ngx_conf_t *cf,
    ngx_http_procore_scope_client_t *client, ngx_str_t *text)
{
    if (ngx_strcmp(text->data, "off") != 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"pkce\" is \"off\" or not given, not \"%V\"",
                           text);
        return NGX_CONF_ERROR;
    }

    client->pkce = 0;

    return NGX_CONF_OK;
}


/* What only the parameters together tell. */

static char *
ngx_http_procore_scope_client_check(ngx_conf_t *cf,
    ngx_http_procore_scope_client_t *client)
{
    ngx_uint_t  others;

    others = client->id.len == 1 && client->id.data[0] == '*';

    if (client->deny && (!others || client->companies)) {
        return "has \"deny\", which is for \"*\" without \"company\"";
    }

    if (others && (client->secret.data || client->redirect_uris
                   || client->hint_trusted || !client->pkce))
    {
        return "of \"*\" has a parameter that is for one app alone";
    }

    if (client->redirect_uris && client->secret.data == NULL
        && client->companies == NULL)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "client \"%V\" has a \"redirect_uri\" and needs a "
                           "\"secret_file\" or a \"company\" as well",
                           &client->id);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


ngx_int_t
ngx_http_procore_scope_merge_clients(ngx_conf_t *cf, ngx_array_t *outer,
    ngx_array_t **inner)
{
    ngx_uint_t                         i;
    ngx_array_t                       *sum;
    ngx_http_procore_scope_client_t  **client, **slot;

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

    slot = ngx_array_push_n(sum, (*inner)->nelts);
    if (slot == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(slot, (*inner)->elts, (*inner)->nelts * outer->size);

    client = outer->elts;

    for (i = 0; i < outer->nelts; i++) {

        if (ngx_http_procore_scope_client_same(*inner, &client[i]->id)) {
            continue;
        }

        slot = ngx_array_push(sum);
        if (slot == NULL) {
            return NGX_ERROR;
        }

        *slot = client[i];
    }

    *inner = sum;

    return NGX_OK;
}


ngx_int_t
ngx_http_procore_scope_client_twin(ngx_conf_t *cf,
    ngx_http_procore_scope_loc_conf_t *conf)
{
    ngx_uint_t                          i;
    ngx_http_procore_scope_client_t   **client;
    ngx_http_procore_scope_loc_conf_t  *twin;

    conf->twin = NULL;

    if (conf->mode == NGX_HTTP_PROCORE_SCOPE_OFF || conf->clients == NULL) {
        return NGX_OK;
    }

    client = conf->clients->elts;

    for (i = 0; i < conf->clients->nelts; i++) {
        if (client[i]->mode != NGX_CONF_UNSET_UINT
            && client[i]->mode != conf->mode)
        {
            break;
        }
    }

    if (i == conf->clients->nelts) {
        return NGX_OK;
    }

    twin = ngx_palloc(cf->pool, sizeof(ngx_http_procore_scope_loc_conf_t));
    if (twin == NULL) {
        return NGX_ERROR;
    }

    *twin = *conf;
    twin->mode = client[i]->mode;
    twin->policy.mode = (procore_mode_e) twin->mode;
    twin->twin = conf;
    conf->twin = twin;

    return NGX_OK;
}

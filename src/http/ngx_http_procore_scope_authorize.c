
/*
 * procore_scope_authorize: where the login host is, and where it sends the
 * browser back to.
 */


#include "ngx_http_procore_scope_bind.h"
#include "ngx_http_procore_scope_conf.h"
#include "ngx_http_procore_scope_relay.h"


/* Failed exchanges: see ..._relay_limit.c; the rest is the allocator's. */

#define NGX_HTTP_PROCORE_SCOPE_RELAY_ZONE  (128 * 1024)


/* A URL of the directive, taken apart. */

typedef struct {
    ngx_str_t   scheme;       /* "https://" */
    ngx_str_t   host;         /* with its port, if it has one */
    ngx_str_t   path;
    ngx_uint_t  secure;
} ngx_http_procore_scope_url_t;


static ngx_int_t ngx_http_procore_scope_url(ngx_conf_t *cf, ngx_str_t *text,
    ngx_http_procore_scope_url_t *url);
static ngx_uint_t ngx_http_procore_scope_url_host(
    ngx_http_procore_scope_url_t *url);
static ngx_uint_t ngx_http_procore_scope_url_port(u_char *p, u_char *last);
static ngx_uint_t ngx_http_procore_scope_url_loopback(ngx_str_t *host);
static ngx_uint_t ngx_http_procore_scope_url_path(ngx_str_t *path);
static ngx_int_t ngx_http_procore_scope_authorize_login(ngx_conf_t *cf,
    ngx_http_procore_scope_authorize_t *authorize, ngx_str_t *text);
static ngx_int_t ngx_http_procore_scope_authorize_callback(ngx_conf_t *cf,
    ngx_http_procore_scope_authorize_t *authorize, ngx_str_t *text);
static ngx_int_t ngx_http_procore_scope_authorize_origin(ngx_conf_t *cf,
    ngx_http_procore_scope_authorize_t *authorize,
    ngx_http_procore_scope_url_t *url);
static ngx_int_t ngx_http_procore_scope_authorize_inside(ngx_conf_t *cf,
    ngx_http_procore_scope_authorize_t *authorize);
static ngx_int_t ngx_http_procore_scope_authorize_zone(ngx_conf_t *cf);
static ngx_int_t ngx_http_procore_scope_authorize_hidden(ngx_conf_t *cf,
    ngx_http_procore_scope_authorize_t *authorize);
static char *ngx_http_procore_scope_authorize_realm(ngx_conf_t *cf,
    ngx_http_procore_scope_loc_conf_t *prev,
    ngx_http_procore_scope_loc_conf_t *conf);
static char *ngx_http_procore_scope_authorize_scope(
    ngx_http_procore_scope_loc_conf_t *conf);


static ngx_str_t  ngx_http_procore_scope_relay_zone_name =
    ngx_string("procore_scope_relay");

static ngx_str_t  ngx_http_procore_scope_callback_end =
    ngx_string("/callback");


char *
ngx_http_procore_scope_authorize(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_procore_scope_loc_conf_t *plcf = conf;

    ngx_str_t                           *value;
    ngx_http_procore_scope_authorize_t  *authorize;

    if (plcf->authorize != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (cf->args->nelts == 2) {

        if (ngx_strcmp(value[1].data, "off") != 0) {
            return "needs the login host and the callback, or \"off\"";
        }

        plcf->authorize = NULL;

        return NGX_CONF_OK;
    }

    authorize = ngx_pcalloc(cf->pool,
                            sizeof(ngx_http_procore_scope_authorize_t));
    if (authorize == NULL) {
        return NGX_CONF_ERROR;
    }

    if (ngx_http_procore_scope_authorize_login(cf, authorize, &value[1])
        != NGX_OK
        || ngx_http_procore_scope_authorize_callback(cf, authorize, &value[2])
           != NGX_OK
        || ngx_http_procore_scope_authorize_inside(cf, authorize) != NGX_OK
        || ngx_http_procore_scope_authorize_hidden(cf, authorize) != NGX_OK
        || ngx_http_procore_scope_authorize_zone(cf) != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    plcf->authorize = authorize;
    plcf->authorize_here = 1;

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_procore_scope_authorize_login(ngx_conf_t *cf,
    ngx_http_procore_scope_authorize_t *authorize, ngx_str_t *text)
{
    ngx_http_procore_scope_url_t  url;

    if (ngx_http_procore_scope_url(cf, text, &url) != NGX_OK) {
        return NGX_ERROR;
    }

    if (url.path.len > 1) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "the login host \"%V\" must not have a path", text);
        return NGX_ERROR;
    }

    authorize->login = *text;
    authorize->login.len -= url.path.len;

    return NGX_OK;
}


static ngx_int_t
ngx_http_procore_scope_authorize_callback(ngx_conf_t *cf,
    ngx_http_procore_scope_authorize_t *authorize, ngx_str_t *text)
{
    ngx_str_t  *end, *path;

    if (ngx_http_procore_scope_place(cf, authorize, text) != NGX_OK) {
        return NGX_ERROR;
    }

    end = &ngx_http_procore_scope_callback_end;
    path = &authorize->picker_path;

    if (path->len <= end->len + 1
        || ngx_memcmp(path->data + path->len - end->len, end->data, end->len)
           != 0)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "the path of the callback \"%V\" must end in "
                           "\"/callback\", with the path of the picker before "
                           "it", text);
        return NGX_ERROR;
    }

    authorize->callback_path = *path;
    path->len -= end->len;

    return NGX_OK;
}


ngx_int_t
ngx_http_procore_scope_place(ngx_conf_t *cf,
    ngx_http_procore_scope_authorize_t *place, ngx_str_t *text)
{
    ngx_http_procore_scope_url_t  url;

    if (ngx_http_procore_scope_url(cf, text, &url) != NGX_OK) {
        return NGX_ERROR;
    }

    if (text->len > PROCORE_REDIRECT_MAX) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "the URL \"%V\" has more than %d bytes", text,
                           PROCORE_REDIRECT_MAX);
        return NGX_ERROR;
    }

    place->callback = *text;
    place->picker_path = url.path;
    place->secure = url.secure != 0;

    return ngx_http_procore_scope_authorize_origin(cf, place, &url);
}


/* As browsers write it: lower case, without the scheme's own port. */

static ngx_int_t
ngx_http_procore_scope_authorize_origin(ngx_conf_t *cf,
    ngx_http_procore_scope_authorize_t *authorize,
    ngx_http_procore_scope_url_t *url)
{
    u_char     *p;
    ngx_str_t   port;

    if (url->secure) {
        ngx_str_set(&port, ":443");

    } else {
        ngx_str_set(&port, ":80");
    }

    if (url->host.len > port.len
        && ngx_memcmp(url->host.data + url->host.len - port.len, port.data,
                      port.len)
           == 0)
    {
        url->host.len -= port.len;
    }

    authorize->origin.len = url->scheme.len + url->host.len;

    p = ngx_pnalloc(cf->pool, authorize->origin.len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    authorize->origin.data = p;

    p = ngx_cpymem(p, url->scheme.data, url->scheme.len);
    ngx_strlow(p, url->host.data, url->host.len);

    return NGX_OK;
}


/* https with a host, http on loopback; a path as nginx would normalize it. */

static ngx_int_t
ngx_http_procore_scope_url(ngx_conf_t *cf, ngx_str_t *text,
    ngx_http_procore_scope_url_t *url)
{
    u_char  *p, *last;

    last = text->data + text->len;

    if (text->len > 8 && ngx_strncmp(text->data, "https://", 8) == 0) {
        url->scheme.len = 8;
        url->secure = 1;

    } else if (text->len > 7 && ngx_strncmp(text->data, "http://", 7) == 0) {
        url->scheme.len = 7;
        url->secure = 0;

    } else {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" is no \"https\" URL", text);
        return NGX_ERROR;
    }

    url->scheme.data = text->data;
    url->host.data = text->data + url->scheme.len;

    for (p = url->host.data; p < last && *p != '/'; p++) { /* void */ }

    url->host.len = (size_t) (p - url->host.data);
    url->path.len = (size_t) (last - p);
    url->path.data = p;

    if (!ngx_http_procore_scope_url_host(url)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" has no host that could be used", text);
        return NGX_ERROR;
    }

    if (!url->secure && !ngx_http_procore_scope_url_loopback(&url->host)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" must be \"https\": only a loopback host "
                           "may be \"http\"", text);
        return NGX_ERROR;
    }

    if (!ngx_http_procore_scope_url_path(&url->path)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" has a path that could be read in two ways",
                           text);
        return NGX_ERROR;
    }

    return NGX_OK;
}


/* A name, an IPv4 address, or an IPv6 address in brackets; and a port. */

static ngx_uint_t
ngx_http_procore_scope_url_host(ngx_http_procore_scope_url_t *url)
{
    u_char  *p, *start, *last;

    start = url->host.data;
    last = start + url->host.len;
    p = start;

    if (p < last && *p == '[') {

        for (p++; p < last && (ngx_strchr("0123456789abcdefABCDEF:.", *p));
             p++)
        {
            /* void */
        }

        if (p == last || *p != ']' || p - start < 3) {
            return 0;
        }

        return ngx_http_procore_scope_url_port(p + 1, last);
    }

    for ( /* void */ ; p < last && *p != ':'; p++) {

        if (!((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z')
              || (*p >= '0' && *p <= '9') || *p == '-' || *p == '.'))
        {
            return 0;
        }
    }

    return p > start && ngx_http_procore_scope_url_port(p, last);
}


static ngx_uint_t
ngx_http_procore_scope_url_port(u_char *p, u_char *last)
{
    ngx_int_t  port;

    if (p == last) {
        return 1;
    }

    if (*p != ':' || p + 1 == last || p[1] == '0') {
        return 0;
    }

    port = ngx_atoi(p + 1, (size_t) (last - p - 1));

    return port > 0 && port < 65536;
}


static ngx_uint_t
ngx_http_procore_scope_url_loopback(ngx_str_t *host)
{
    size_t      len;
    in_addr_t   address;
    ngx_str_t   name;

    name = *host;

    if (name.data[0] == '[') {
        return name.len >= 5 && ngx_strncmp(name.data, "[::1]", 5) == 0;
    }

    for (len = 0; len < name.len && name.data[len] != ':'; len++) {
        /* void */
    }

    if (len == sizeof("localhost") - 1
        && ngx_strncasecmp(name.data, (u_char *) "localhost", len) == 0)
    {
        return 1;
    }

    address = ngx_inet_addr(name.data, len);

    return address != INADDR_NONE && (ntohl(address) >> 24) == 127;
}


/* Such characters, and such segments, as nginx leaves as they are. */

static ngx_uint_t
ngx_http_procore_scope_url_path(ngx_str_t *path)
{
    size_t  i;
    u_char  c;

    for (i = 0; i < path->len; i++) {
        c = path->data[i];

        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
            || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '~')
        {
            continue;
        }

        if ((c != '/' && c != '.')
            || (i != 0 && path->data[i - 1] == '/'))
        {
            return 0;
        }
    }

    return 1;
}


static ngx_int_t
ngx_http_procore_scope_authorize_inside(ngx_conf_t *cf,
    ngx_http_procore_scope_authorize_t *authorize)
{
    ngx_str_t                 *path;
    ngx_uint_t                 inside;
    ngx_http_core_loc_conf_t  *clcf;

    if (!(cf->cmd_type & NGX_HTTP_LOC_CONF)) {
        return NGX_OK;
    }

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    path = &authorize->callback_path;

#if (NGX_PCRE)
    if (clcf->regex) {
        return NGX_OK;
    }
#endif

    inside = !clcf->exact_match && !clcf->named
             && path->len >= clcf->name.len
             && ngx_memcmp(path->data, clcf->name.data, clcf->name.len) == 0;

    if (inside) {
        return NGX_OK;
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "the callback \"%V\" lies outside of the location "
                       "\"%V\"", &authorize->callback, &clcf->name);

    return NGX_ERROR;
}


/* Queries of these paths stay out of every log. */

static ngx_int_t
ngx_http_procore_scope_authorize_hidden(ngx_conf_t *cf,
    ngx_http_procore_scope_authorize_t *authorize)
{
    ngx_str_t                           *path;
    ngx_http_procore_scope_main_conf_t  *pmcf;

    pmcf = ngx_http_conf_get_module_main_conf(cf,
                                              ngx_http_procore_scope_module);

    path = ngx_http_procore_scope_push(cf, &pmcf->hidden_paths,
                                       sizeof(ngx_str_t));
    if (path == NULL) {
        return NGX_ERROR;
    }

    *path = authorize->callback_path;

    path = ngx_http_procore_scope_push(cf, &pmcf->hidden_paths,
                                       sizeof(ngx_str_t));
    if (path == NULL) {
        return NGX_ERROR;
    }

    *path = authorize->picker_path;

    return NGX_OK;
}


static ngx_int_t
ngx_http_procore_scope_authorize_zone(ngx_conf_t *cf)
{
    ngx_http_procore_scope_main_conf_t  *pmcf;

    pmcf = ngx_http_conf_get_module_main_conf(cf,
                                              ngx_http_procore_scope_module);

    if (pmcf->relay_zone) {
        return NGX_OK;
    }

    pmcf->relay_zone = ngx_shared_memory_add(cf,
                                     &ngx_http_procore_scope_relay_zone_name,
                                             NGX_HTTP_PROCORE_SCOPE_RELAY_ZONE,
                                             &ngx_http_procore_scope_module);
    if (pmcf->relay_zone == NULL) {
        return NGX_ERROR;
    }

    pmcf->relay_zone->init = ngx_http_procore_scope_relay_init_zone;
    pmcf->relay_zone->data = pmcf;

    return NGX_OK;
}


char *
ngx_http_procore_scope_merge_authorize(ngx_conf_t *cf,
    ngx_http_procore_scope_loc_conf_t *prev,
    ngx_http_procore_scope_loc_conf_t *conf)
{
    ngx_conf_merge_ptr_value(conf->authorize, prev->authorize, NULL);

    if (conf->authorize == NULL) {
        return NGX_CONF_OK;
    }

    if ((conf->authorize_here || conf->oauth)
        && !ngx_http_procore_scope_may_bind(conf, PROCORE_WAY_AUTHORIZE))
    {
        return "has \"procore_scope_authorize\" where \"authorize\" is not "
               "among the ways of \"procore_scope_bind\"";
    }

    if (!conf->authorize_here) {
        return ngx_http_procore_scope_authorize_realm(cf, prev, conf);
    }

    if (conf->mode == NGX_HTTP_PROCORE_SCOPE_OFF) {
        return "has \"procore_scope_authorize\" where \"procore_scope\" is "
               "off";
    }

    if (conf->lookup.len == 0) {
        return "has \"procore_scope_authorize\" without a "
               "\"procore_scope_lookup\"";
    }

    return ngx_http_procore_scope_authorize_scope(conf);
}


/* An inherited one belongs to the realm of where it is used. */

static char *
ngx_http_procore_scope_authorize_realm(ngx_conf_t *cf,
    ngx_http_procore_scope_loc_conf_t *prev,
    ngx_http_procore_scope_loc_conf_t *conf)
{
    ngx_http_procore_scope_authorize_t  *authorize;

    if (ngx_memcmp(conf->realm, prev->realm, PROCORE_REALM_SIZE) == 0) {
        return NGX_CONF_OK;
    }

    authorize = ngx_palloc(cf->pool,
                           sizeof(ngx_http_procore_scope_authorize_t));
    if (authorize == NULL) {
        return NGX_CONF_ERROR;
    }

    *authorize = *conf->authorize;
    conf->authorize = authorize;

    return ngx_http_procore_scope_authorize_scope(conf);
}


static char *
ngx_http_procore_scope_authorize_scope(
    ngx_http_procore_scope_loc_conf_t *conf)
{
    procore_str_t                        realm, login, callback;
    ngx_http_procore_scope_authorize_t  *authorize;

    authorize = conf->authorize;

    realm.len = conf->realm_name.len;
    realm.data = conf->realm_name.data;

    login.len = authorize->login.len;
    login.data = authorize->login.data;

    callback.len = authorize->callback.len;
    callback.data = authorize->callback.data;

    return procore_relay_scope(&realm, &login, &callback, authorize->scope)
           == PROCORE_OK ? NGX_CONF_OK : "needs SHA-256";
}

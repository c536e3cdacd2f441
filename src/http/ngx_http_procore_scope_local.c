
/*
 * Does a request come from this machine?  For the locations that are the
 * operator's own.
 */


#include "ngx_http_procore_scope_status.h"


#define NGX_HTTP_PROCORE_SCOPE_LOOPBACK  127    /* 127.0.0.0/8 */


static ngx_uint_t ngx_http_procore_scope_loopback(struct sockaddr *sa);
static ngx_uint_t ngx_http_procore_scope_handed_on(ngx_http_request_t *r);
static ngx_uint_t ngx_http_procore_scope_own_host(ngx_http_request_t *r);


/* What proxies add; nobody else has a use for them. */

static ngx_str_t  ngx_http_procore_scope_proxy_headers[] = {
    ngx_string("forwarded"),
    ngx_string("x-forwarded-for"),
    ngx_string("x-forwarded-host"),
    ngx_string("x-forwarded-proto"),
    ngx_string("x-real-ip"),
    ngx_string("via"),
    ngx_null_string
};


ngx_uint_t
ngx_http_procore_scope_is_local(ngx_http_request_t *r)
{
    socklen_t       len;
    ngx_sockaddr_t  peer;

    /*
     * realip replaces the connection's address by one that a header or the
     * PROXY protocol tells; the socket still knows whose it is.
     */

    len = sizeof(ngx_sockaddr_t);
    ngx_memzero(&peer, sizeof(ngx_sockaddr_t));

    return getpeername(r->connection->fd, &peer.sockaddr, &len) == 0
           && ngx_http_procore_scope_loopback(&peer.sockaddr)
           && ngx_http_procore_scope_loopback(r->connection->sockaddr)
           && !ngx_http_procore_scope_handed_on(r)
           && (peer.sockaddr.sa_family == AF_UNIX
               || ngx_http_procore_scope_own_host(r));
}


static ngx_uint_t
ngx_http_procore_scope_loopback(struct sockaddr *sa)
{
    in_addr_t             address;
#if (NGX_HAVE_INET6)
    struct in6_addr      *in6;
#endif

    switch (sa->sa_family) {

    case AF_INET:
        address = ntohl(((struct sockaddr_in *) sa)->sin_addr.s_addr);
        return address >> 24 == NGX_HTTP_PROCORE_SCOPE_LOOPBACK;

#if (NGX_HAVE_INET6)
    case AF_INET6:
        in6 = &((struct sockaddr_in6 *) sa)->sin6_addr;

        /* a listener for both has IPv4 clients like this */

        return IN6_IS_ADDR_LOOPBACK(in6)
               || (IN6_IS_ADDR_V4MAPPED(in6)
                   && in6->s6_addr[12] == NGX_HTTP_PROCORE_SCOPE_LOOPBACK);
#endif

#if (NGX_HAVE_UNIX_DOMAIN)
    case AF_UNIX:
        return 1;
#endif

    default:
        return 0;
    }
}


/* A proxy on this machine is local, and its clients need not be. */

static ngx_uint_t
ngx_http_procore_scope_handed_on(ngx_http_request_t *r)
{
    ngx_str_t        *name;
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    for (part = &r->headers_in.headers.part; part; part = part->next) {
        h = part->elts;

        for (i = 0; i < part->nelts; i++) {
            for (name = ngx_http_procore_scope_proxy_headers; name->len;
                 name++)
            {
                if (ngx_http_procore_scope_is_header(&h[i], name)) {
                    return 1;
                }
            }
        }
    }

    return 0;
}


/*
 * A web page may make a name of its own resolve to 127.0.0.1 and then read,
 * in a browser on this machine, what it asks for: the browser takes it for the
 * page's own server, and sends no Origin.  Host is still that name.  Over TLS
 * the certificate is not for it, and an address cannot be made to move.
 */

static ngx_uint_t
ngx_http_procore_scope_own_host(ngx_http_request_t *r)
{
    ngx_str_t                 *host;
    ngx_http_core_srv_conf_t  *cscf;

#if (NGX_HTTP_SSL)
    if (r->connection->ssl) {
        return 1;
    }
#endif

    host = &r->headers_in.server;
    cscf = ngx_http_get_module_srv_conf(r, ngx_http_core_module);

    /* only HTTP/1.0 has none, which no browser speaks */

    if (host->len == 0
        || host->data[0] == '['
        || ngx_inet_addr(host->data, host->len) != INADDR_NONE
        || (host->len == sizeof("localhost") - 1
            && ngx_strncmp(host->data, "localhost", host->len) == 0)
        || (host->len == cscf->server_name.len
            && ngx_strncmp(host->data, cscf->server_name.data, host->len)
               == 0))
    {
        return 1;
    }

    ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                  "procore scope: this location answers this machine alone, "
                  "and \"%V\" is neither an address, \"localhost\" nor the "
                  "server_name: a web page may have given that name to this "
                  "machine; ask for http://127.0.0.1 instead", host);

    return 0;
}


/*
 * What a client address may do in a minute.  Failed exchanges: whoever has a
 * cookie of ours could try codes at Procore through us.  And codes of clients
 * without secret: they are kept before anybody has asked Procore, so strangers
 * could fill the store with made-up ones.
 *
 * A table in shared memory, for all workers.  It is a brake and no record:
 * where it is full, the place of whoever did least is taken.
 */


#include "ngx_http_procore_scope_relay.h"


#define NGX_HTTP_PROCORE_SCOPE_LIMIT_FAILED   10

/*
 * An office logs in behind one address in the morning; five such addresses
 * hold what the records of these clients may be in all.
 */

#define NGX_HTTP_PROCORE_SCOPE_LIMIT_KEPT     120

#define NGX_HTTP_PROCORE_SCOPE_LIMIT_SECONDS  60

/*
 * Places, 32 bytes each; an address has its place among those that follow its
 * hash.
 */

#define NGX_HTTP_PROCORE_SCOPE_LIMIT_PLACES   2048
#define NGX_HTTP_PROCORE_SCOPE_LIMIT_NEAR     8


typedef struct {
    uint64_t    address;         /* 0: free */
    time_t      since;           /* seconds */
    ngx_uint_t  failed;
    ngx_uint_t  kept;
} ngx_http_procore_scope_failures_t;


static ngx_slab_pool_t *ngx_http_procore_scope_limit_pool(
    ngx_http_request_t *r);
static time_t ngx_http_procore_scope_limit_left(
    ngx_http_procore_scope_failures_t *place);
static uint64_t ngx_http_procore_scope_limit_address(ngx_http_request_t *r);
static uint64_t ngx_http_procore_scope_limit_ipv4(in_addr_t address);
static ngx_http_procore_scope_failures_t *ngx_http_procore_scope_limit_place(
    ngx_http_request_t *r, ngx_slab_pool_t *pool);
static ngx_http_procore_scope_failures_t *ngx_http_procore_scope_limit_find(
    ngx_http_procore_scope_failures_t *table, uint64_t address);


ngx_int_t
ngx_http_procore_scope_relay_init_zone(ngx_shm_zone_t *zone, void *data)
{
    ngx_slab_pool_t  *pool;

    pool = (ngx_slab_pool_t *) zone->shm.addr;

    if (data || zone->shm.exists) {
        return NGX_OK;
    }

    pool->data = ngx_slab_calloc(pool, NGX_HTTP_PROCORE_SCOPE_LIMIT_PLACES
                                 * sizeof(ngx_http_procore_scope_failures_t));

    return pool->data ? NGX_OK : NGX_ERROR;
}


time_t
ngx_http_procore_scope_relay_limited(ngx_http_request_t *r)
{
    time_t                              left;
    uint64_t                            address;
    ngx_slab_pool_t                    *pool;
    ngx_http_procore_scope_failures_t  *place;

    pool = ngx_http_procore_scope_limit_pool(r);
    address = ngx_http_procore_scope_limit_address(r);
    left = 0;

    ngx_shmtx_lock(&pool->mutex);

    /* who only asks takes no place */

    place = ngx_http_procore_scope_limit_find(pool->data, address);

    if (place->address == address
        && place->failed >= NGX_HTTP_PROCORE_SCOPE_LIMIT_FAILED)
    {
        left = ngx_http_procore_scope_limit_left(place);
    }

    ngx_shmtx_unlock(&pool->mutex);

    return ngx_max(left, 0);
}


void
ngx_http_procore_scope_relay_failed(ngx_http_request_t *r)
{
    ngx_slab_pool_t  *pool;

    pool = ngx_http_procore_scope_limit_pool(r);

    ngx_shmtx_lock(&pool->mutex);

    ngx_http_procore_scope_limit_place(r, pool)->failed++;

    ngx_shmtx_unlock(&pool->mutex);
}


time_t
ngx_http_procore_scope_relay_keep(ngx_http_request_t *r)
{
    time_t                              left;
    ngx_slab_pool_t                    *pool;
    ngx_http_procore_scope_failures_t  *place;

    pool = ngx_http_procore_scope_limit_pool(r);
    left = 0;

    ngx_shmtx_lock(&pool->mutex);

    place = ngx_http_procore_scope_limit_place(r, pool);

    if (place->kept < NGX_HTTP_PROCORE_SCOPE_LIMIT_KEPT) {
        place->kept++;

    } else {
        left = ngx_http_procore_scope_limit_left(place);
    }

    ngx_shmtx_unlock(&pool->mutex);

    return left;
}


static time_t
ngx_http_procore_scope_limit_left(ngx_http_procore_scope_failures_t *place)
{
    return place->since + NGX_HTTP_PROCORE_SCOPE_LIMIT_SECONDS - ngx_time();
}


/* The place of the request's address, in a minute that is not over. */

static ngx_http_procore_scope_failures_t *
ngx_http_procore_scope_limit_place(ngx_http_request_t *r,
    ngx_slab_pool_t *pool)
{
    uint64_t                            address;
    ngx_http_procore_scope_failures_t  *place;

    address = ngx_http_procore_scope_limit_address(r);
    place = ngx_http_procore_scope_limit_find(pool->data, address);

    if (place->address != address
        || place->since + NGX_HTTP_PROCORE_SCOPE_LIMIT_SECONDS <= ngx_time())
    {
        place->address = address;
        place->since = ngx_time();
        place->failed = 0;
        place->kept = 0;
    }

    return place;
}


static ngx_slab_pool_t *
ngx_http_procore_scope_limit_pool(ngx_http_request_t *r)
{
    ngx_http_procore_scope_main_conf_t  *pmcf;

    pmcf = ngx_http_get_module_main_conf(r, ngx_http_procore_scope_module);

    return (ngx_slab_pool_t *) pmcf->relay_zone->shm.addr;
}


/*
 * Of IPv6 the network, for one host has all of it.  Never 0; whoever comes by a
 * Unix socket shares a place.
 */

static uint64_t
ngx_http_procore_scope_limit_address(ngx_http_request_t *r)
{
    struct sockaddr_in   *sin;
#if (NGX_HAVE_INET6)
    uint64_t              address;
    in_addr_t             ipv4;
    struct in6_addr      *in6;
#endif

    switch (r->connection->sockaddr->sa_family) {

    case AF_INET:
        sin = (struct sockaddr_in *) r->connection->sockaddr;
        return ngx_http_procore_scope_limit_ipv4(sin->sin_addr.s_addr);

#if (NGX_HAVE_INET6)
    case AF_INET6:
        in6 = &((struct sockaddr_in6 *) r->connection->sockaddr)->sin6_addr;

        /* a listener for both has IPv4 clients like this */

        if (IN6_IS_ADDR_V4MAPPED(in6)) {
            ngx_memcpy(&ipv4, in6->s6_addr + 12, sizeof(ipv4));
            return ngx_http_procore_scope_limit_ipv4(ipv4);
        }

        ngx_memcpy(&address, in6->s6_addr, sizeof(address));
        return address ? address : 2;
#endif

    default:
        return 1;
    }
}


static uint64_t
ngx_http_procore_scope_limit_ipv4(in_addr_t address)
{
    return ((uint64_t) 1 << 32) + ntohl(address);
}


/*
 * The place of the address; else a free one, one whose time is over, or that of
 * whoever did least.
 */

static ngx_http_procore_scope_failures_t *
ngx_http_procore_scope_limit_find(ngx_http_procore_scope_failures_t *table,
    uint64_t address)
{
    ngx_uint_t                          i, hash;
    ngx_http_procore_scope_failures_t  *place, *best;

    best = NULL;
    hash = ngx_crc32_short((u_char *) &address, sizeof(address));

    for (i = 0; i < NGX_HTTP_PROCORE_SCOPE_LIMIT_NEAR; i++) {

        place = &table[(hash + i) % NGX_HTTP_PROCORE_SCOPE_LIMIT_PLACES];

        if (place->address == address) {
            return place;
        }

        if (place->address
            && place->since + NGX_HTTP_PROCORE_SCOPE_LIMIT_SECONDS
               <= ngx_time())
        {
            place->address = 0;
            place->failed = 0;
            place->kept = 0;
        }

        if (best == NULL
            || place->failed + place->kept < best->failed + best->kept)
        {
            best = place;
        }
    }

    return best;
}

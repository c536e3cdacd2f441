
/*
 * Flights and marks in shared memory.
 */


#include "ngx_http_procore_scope_flight.h"
#include "ngx_http_procore_scope_stats.h"


/*
 * Both tables are sets of a few neighbours: a search looks at one set, nothing
 * is allocated after the start, and a half-written entry of a worker that was
 * killed can spoil no list.  Together they take three quarters of the zone.
 */

#define NGX_HTTP_PROCORE_SCOPE_WAYS       8
#define NGX_HTTP_PROCORE_SCOPE_COMPANIES  512      /* sets */
#define NGX_HTTP_PROCORE_SCOPE_FAMILIES   2048     /* sets */

/*
 * Pages are counted in parts of a minute; one part more than a minute has is
 * kept, so that no minute ever holds more than the rate.
 */

#define NGX_HTTP_PROCORE_SCOPE_PART       10000    /* milliseconds */
#define NGX_HTTP_PROCORE_SCOPE_PARTS      7

/* A list that failed is not asked for again at once, milliseconds. */

#define NGX_HTTP_PROCORE_SCOPE_FAILED_TTL 2000

/* However often a list brings nothing new, it is asked for again by then. */

#define NGX_HTTP_PROCORE_SCOPE_MARK_MAX   (10 * 60 * 1000)

/* The longest that an answer can keep us away: the API's window is an hour. */

#define NGX_HTTP_PROCORE_SCOPE_AWAY_MAX   3600     /* seconds */


struct ngx_http_procore_scope_company_s {
    uint64_t                          company;     /* 0: free */
    u_char                            realm[PROCORE_REALM_SIZE];
    ngx_msec_t                        used;

    /* the flight in the air; generation changes when one starts and ends */

    ngx_atomic_t                      generation;
    ngx_atomic_t                      flying;
    ngx_atomic_t                      lease;       /* alive until */
    u_char                            family[PROCORE_FAMILY_SIZE];

    /* the one before */

    ngx_http_procore_scope_landing_e  landing;
    time_t                            retry_after;
    u_char                            landed[PROCORE_FAMILY_SIZE];
    u_char                            token[PROCORE_DIGEST_SIZE];

    time_t                            refreshed;   /* began at, seconds */

    ngx_uint_t                        kept_away;
    ngx_msec_t                        away_until;

    ngx_msec_t                        part;        /* number of the newest */
    uint16_t                          pages[NGX_HTTP_PROCORE_SCOPE_PARTS];
};


typedef struct {
    uint64_t                          company;     /* 0: free */
    u_char                            realm[PROCORE_REALM_SIZE];
    u_char                            family[PROCORE_FAMILY_SIZE];
    ngx_msec_t                        used;

    ngx_uint_t                        marked;
    ngx_msec_t                        complete;    /* began at */
    ngx_msec_t                        believed;    /* for, milliseconds */
    uint64_t                          sum;
    uint64_t                          count;

    ngx_http_procore_scope_landing_e  landing;
    ngx_msec_t                        failed;      /* at */
    u_char                            token[PROCORE_DIGEST_SIZE];
} ngx_http_procore_scope_family_t;


typedef struct {
    ngx_http_procore_scope_company_t  companies[NGX_HTTP_PROCORE_SCOPE_COMPANIES
                                                * NGX_HTTP_PROCORE_SCOPE_WAYS];
    ngx_http_procore_scope_family_t   families[NGX_HTTP_PROCORE_SCOPE_FAMILIES
                                               * NGX_HTTP_PROCORE_SCOPE_WAYS];
} ngx_http_procore_scope_table_t;


static ngx_http_procore_scope_company_t *
    ngx_http_procore_scope_flight_company(ngx_slab_pool_t *shpool,
    ngx_http_procore_scope_asker_t *asker);
static ngx_uint_t ngx_http_procore_scope_flight_idle(
    ngx_http_procore_scope_company_t *company);
static ngx_http_procore_scope_family_t *ngx_http_procore_scope_flight_family(
    ngx_slab_pool_t *shpool, ngx_http_procore_scope_asker_t *asker,
    ngx_uint_t make);
static ngx_http_procore_scope_join_e ngx_http_procore_scope_flight_join_locked(
    ngx_slab_pool_t *shpool, ngx_http_procore_scope_asker_t *asker,
    ngx_http_procore_scope_seat_t *seat);
static ngx_http_procore_scope_join_e ngx_http_procore_scope_flight_take(
    ngx_http_procore_scope_company_t *company,
    ngx_http_procore_scope_asker_t *asker, ngx_http_procore_scope_seat_t *seat);
static ngx_uint_t ngx_http_procore_scope_flight_known(
    ngx_http_procore_scope_family_t *family,
    ngx_http_procore_scope_asker_t *asker, ngx_http_procore_scope_seat_t *seat,
    ngx_http_procore_scope_join_e *answer);
static void ngx_http_procore_scope_flight_mark(
    ngx_http_procore_scope_family_t *family,
    ngx_http_procore_scope_asker_t *asker,
    ngx_http_procore_scope_landed_t *landed);
static void ngx_http_procore_scope_flight_parts(
    ngx_http_procore_scope_company_t *company);


#define ngx_http_procore_scope_flight_pool(zone)                              \
    ((ngx_slab_pool_t *) (zone)->shm.addr)

/* Differences, so that a wrap of the clock does no harm. */

#define ngx_http_procore_scope_flight_left(until)                             \
    ((ngx_msec_int_t) ((ngx_msec_t) (until) - ngx_current_msec))


ngx_int_t
ngx_http_procore_scope_flight_init_zone(ngx_shm_zone_t *zone)
{
    ngx_slab_pool_t  *shpool;

    shpool = ngx_http_procore_scope_flight_pool(zone);

    if (shpool->data) {
        return NGX_OK;
    }

    shpool->data = ngx_slab_calloc(shpool,
                                   sizeof(ngx_http_procore_scope_table_t));

    return shpool->data ? NGX_OK : NGX_ERROR;
}


ngx_http_procore_scope_join_e
ngx_http_procore_scope_flight_join(ngx_shm_zone_t *zone,
    ngx_http_procore_scope_asker_t *asker, ngx_http_procore_scope_seat_t *seat)
{
    ngx_slab_pool_t                *shpool;
    ngx_http_procore_scope_join_e   answer;

    shpool = ngx_http_procore_scope_flight_pool(zone);

    ngx_shmtx_lock(&shpool->mutex);

    answer = ngx_http_procore_scope_flight_join_locked(shpool, asker, seat);

    ngx_shmtx_unlock(&shpool->mutex);

    return answer;
}


static ngx_http_procore_scope_join_e
ngx_http_procore_scope_flight_join_locked(ngx_slab_pool_t *shpool,
    ngx_http_procore_scope_asker_t *asker, ngx_http_procore_scope_seat_t *seat)
{
    ngx_http_procore_scope_join_e      answer;
    ngx_http_procore_scope_family_t   *family;
    ngx_http_procore_scope_company_t  *company;

    seat->landing = NGX_HTTP_PROCORE_SCOPE_FAILED;
    seat->retry_after = 0;

    family = ngx_http_procore_scope_flight_family(shpool, asker, 0);

    if (family && ngx_http_procore_scope_flight_known(family, asker, seat,
                                                      &answer))
    {
        return answer;
    }

    company = ngx_http_procore_scope_flight_company(shpool, asker);

    return company ? ngx_http_procore_scope_flight_take(company, asker, seat)
                   : NGX_HTTP_PROCORE_SCOPE_REFUSED;
}


ngx_http_procore_scope_join_e
ngx_http_procore_scope_flight_refresh(ngx_shm_zone_t *zone,
    ngx_http_procore_scope_asker_t *asker, time_t pause,
    ngx_http_procore_scope_seat_t *seat)
{
    ngx_slab_pool_t                   *shpool;
    ngx_http_procore_scope_join_e      answer;
    ngx_http_procore_scope_company_t  *company;

    shpool = ngx_http_procore_scope_flight_pool(zone);
    answer = NGX_HTTP_PROCORE_SCOPE_REFUSED;

    ngx_shmtx_lock(&shpool->mutex);

    company = ngx_http_procore_scope_flight_company(shpool, asker);

    if (company && ngx_time() - company->refreshed >= pause) {

        answer = ngx_http_procore_scope_flight_take(company, asker, seat);

        if (answer == NGX_HTTP_PROCORE_SCOPE_LEAD) {
            company->refreshed = ngx_time();
        }
    }

    ngx_shmtx_unlock(&shpool->mutex);

    return answer;
}


static ngx_http_procore_scope_join_e
ngx_http_procore_scope_flight_take(ngx_http_procore_scope_company_t *company,
    ngx_http_procore_scope_asker_t *asker, ngx_http_procore_scope_seat_t *seat)
{
    if (company->kept_away) {

        if (ngx_http_procore_scope_flight_left(company->away_until) > 0) {
            seat->landing = NGX_HTTP_PROCORE_SCOPE_AWAY;
            seat->retry_after =
                (ngx_http_procore_scope_flight_left(company->away_until) + 999)
                / 1000;

            return NGX_HTTP_PROCORE_SCOPE_REFUSED;
        }

        company->kept_away = 0;
    }

    seat->record = company;

    if (!ngx_http_procore_scope_flight_idle(company)) {
        seat->generation = company->generation;
        return NGX_HTTP_PROCORE_SCOPE_WAIT;
    }

    ngx_memcpy(company->family, asker->family, PROCORE_FAMILY_SIZE);

    company->lease = ngx_current_msec + NGX_HTTP_PROCORE_SCOPE_LEASE;
    company->flying = 1;
    company->generation++;

    seat->generation = company->generation;

    return NGX_HTTP_PROCORE_SCOPE_LEAD;
}


/*
 * What the family's own record tells without asking.  A 401 counts for the
 * token that got it alone: a client that refreshes must not meet it again.
 */

static ngx_uint_t
ngx_http_procore_scope_flight_known(ngx_http_procore_scope_family_t *family,
    ngx_http_procore_scope_asker_t *asker, ngx_http_procore_scope_seat_t *seat,
    ngx_http_procore_scope_join_e *answer)
{
    if (family->marked
        && ngx_current_msec - family->complete < family->believed)
    {
        *answer = NGX_HTTP_PROCORE_SCOPE_MISSING;
        return 1;
    }

    if (family->landing == NGX_HTTP_PROCORE_SCOPE_ABANDONED
        || ngx_current_msec - family->failed
           >= NGX_HTTP_PROCORE_SCOPE_FAILED_TTL)
    {
        return 0;
    }

    if (family->landing == NGX_HTTP_PROCORE_SCOPE_UNAUTHORIZED
        && ngx_memcmp(family->token, asker->token, PROCORE_DIGEST_SIZE) != 0)
    {
        return 0;
    }

    seat->landing = family->landing;
    *answer = NGX_HTTP_PROCORE_SCOPE_REFUSED;

    return 1;
}


ngx_uint_t
ngx_http_procore_scope_flight_over(ngx_http_procore_scope_seat_t *seat)
{
    ngx_http_procore_scope_company_t  *company;

    company = seat->record;

    return company->generation != seat->generation
           || ngx_http_procore_scope_flight_left(company->lease) <= 0;
}


ngx_http_procore_scope_join_e
ngx_http_procore_scope_flight_rejoin(ngx_shm_zone_t *zone,
    ngx_http_procore_scope_asker_t *asker, ngx_http_procore_scope_seat_t *seat)
{
    ngx_slab_pool_t                   *shpool;
    ngx_http_procore_scope_join_e      answer;
    ngx_http_procore_scope_company_t  *company;

    shpool = ngx_http_procore_scope_flight_pool(zone);

    ngx_shmtx_lock(&shpool->mutex);

    company = seat->record;

    /* one that flies again has not landed since: what it says is older */

    if (company->generation != seat->generation + 1
        || company->flying
        || company->landing == NGX_HTTP_PROCORE_SCOPE_ABANDONED
        || ngx_memcmp(company->landed, asker->family, PROCORE_FAMILY_SIZE) != 0
        || (company->landing == NGX_HTTP_PROCORE_SCOPE_UNAUTHORIZED
            && ngx_memcmp(company->token, asker->token, PROCORE_DIGEST_SIZE)
               != 0))
    {
        answer = ngx_http_procore_scope_flight_join_locked(shpool, asker,
                                                           seat);

    } else if (company->landing == NGX_HTTP_PROCORE_SCOPE_COMPLETE) {
        answer = NGX_HTTP_PROCORE_SCOPE_MISSING;

    } else {
        seat->landing = company->landing;
        seat->retry_after = company->retry_after;
        answer = NGX_HTTP_PROCORE_SCOPE_REFUSED;
    }

    ngx_shmtx_unlock(&shpool->mutex);

    return answer;
}


void
ngx_http_procore_scope_flight_renew(ngx_shm_zone_t *zone,
    ngx_http_procore_scope_seat_t *seat)
{
    ngx_slab_pool_t  *shpool;

    shpool = ngx_http_procore_scope_flight_pool(zone);

    ngx_shmtx_lock(&shpool->mutex);

    if (seat->record->generation == seat->generation) {
        seat->record->lease = ngx_current_msec + NGX_HTTP_PROCORE_SCOPE_LEASE;
    }

    ngx_shmtx_unlock(&shpool->mutex);
}


ngx_int_t
ngx_http_procore_scope_flight_page(ngx_shm_zone_t *zone,
    ngx_http_procore_scope_seat_t *seat, ngx_uint_t rate, time_t *retry_after)
{
    ngx_uint_t                         i, n;
    ngx_int_t                          rc;
    ngx_slab_pool_t                   *shpool;
    ngx_http_procore_scope_company_t  *company;

    shpool = ngx_http_procore_scope_flight_pool(zone);
    company = seat->record;

    ngx_shmtx_lock(&shpool->mutex);

    if (company->generation != seat->generation) {
        ngx_shmtx_unlock(&shpool->mutex);
        return NGX_DECLINED;
    }

    ngx_http_procore_scope_flight_parts(company);

    n = 0;

    for (i = 0; i < NGX_HTTP_PROCORE_SCOPE_PARTS; i++) {
        n += company->pages[i];
    }

    if (n < rate) {
        company->pages[0]++;
        rc = NGX_OK;

    } else {

        /* the oldest part that counts leaves the sum first */

        for (i = NGX_HTTP_PROCORE_SCOPE_PARTS - 1; company->pages[i] == 0; i--)
        {
            /* void */
        }

        *retry_after = (time_t) (NGX_HTTP_PROCORE_SCOPE_PARTS - i)
                       * (NGX_HTTP_PROCORE_SCOPE_PART / 1000)
                       - (time_t) (ngx_current_msec
                                   % NGX_HTTP_PROCORE_SCOPE_PART / 1000);
        rc = NGX_BUSY;
    }

    ngx_shmtx_unlock(&shpool->mutex);

    return rc;
}


/* Moves the parts on, so that pages[0] is the part of this moment. */

static void
ngx_http_procore_scope_flight_parts(ngx_http_procore_scope_company_t *company)
{
    ngx_uint_t  i;
    ngx_msec_t  now, gone;

    now = ngx_current_msec / NGX_HTTP_PROCORE_SCOPE_PART;
    gone = now - company->part;
    company->part = now;

    for (i = NGX_HTTP_PROCORE_SCOPE_PARTS; i-- > 0; /* void */) {
        company->pages[i] = (i >= gone) ? company->pages[i - gone] : 0;
    }
}


void
ngx_http_procore_scope_flight_end(ngx_shm_zone_t *zone,
    ngx_http_procore_scope_asker_t *asker, ngx_http_procore_scope_seat_t *seat,
    ngx_http_procore_scope_landed_t *landed)
{
    ngx_slab_pool_t                   *shpool;
    ngx_http_procore_scope_family_t   *family;
    ngx_http_procore_scope_company_t  *company;

    shpool = ngx_http_procore_scope_flight_pool(zone);
    company = seat->record;

    if (landed->retry_after > NGX_HTTP_PROCORE_SCOPE_AWAY_MAX) {
        landed->retry_after = NGX_HTTP_PROCORE_SCOPE_AWAY_MAX;
    }

    ngx_shmtx_lock(&shpool->mutex);

    if (landed->landing != NGX_HTTP_PROCORE_SCOPE_ABANDONED
        && landed->landing != NGX_HTTP_PROCORE_SCOPE_AWAY)
    {
        family = ngx_http_procore_scope_flight_family(shpool, asker, 1);
        ngx_http_procore_scope_flight_mark(family, asker, landed);
    }

    /* after a lease that ran out somebody else may fly here */

    if (company->generation == seat->generation) {

        if (landed->landing == NGX_HTTP_PROCORE_SCOPE_AWAY) {
            company->kept_away = 1;
            company->away_until = ngx_current_msec
                                  + (ngx_msec_t) landed->retry_after * 1000;

            ngx_http_procore_scope_count_backoff(company->away_until);
        }

        company->landing = landed->landing;
        company->retry_after = landed->retry_after;
        ngx_memcpy(company->landed, asker->family, PROCORE_FAMILY_SIZE);
        ngx_memcpy(company->token, asker->token, PROCORE_DIGEST_SIZE);

        company->flying = 0;
        company->generation++;
    }

    ngx_shmtx_unlock(&shpool->mutex);
}


static void
ngx_http_procore_scope_flight_mark(ngx_http_procore_scope_family_t *family,
    ngx_http_procore_scope_asker_t *asker,
    ngx_http_procore_scope_landed_t *landed)
{
    ngx_msec_t  believed, most;

    if (landed->landing != NGX_HTTP_PROCORE_SCOPE_COMPLETE) {
        family->landing = landed->landing;
        family->failed = ngx_current_msec;
        ngx_memcpy(family->token, asker->token, PROCORE_DIGEST_SIZE);
        return;
    }

    believed = (ngx_msec_t) landed->miss_ttl * 1000;
    most = ngx_max(believed, NGX_HTTP_PROCORE_SCOPE_MARK_MAX);

    if (family->marked && family->sum == landed->sum
        && family->count == landed->count)
    {
        believed = ngx_max(believed, family->believed * 2);
        believed = ngx_min(believed, most);
    }

    /*
     * What a list taught runs out by the second; a mark that outlived it would
     * turn the company's own projects into unknown ones.
     */

    most = landed->projects_ttl > 0
           ? (ngx_msec_t) (landed->projects_ttl - 1) * 1000 : 0;

    family->marked = 1;
    family->complete = landed->started;
    family->believed = ngx_min(believed, most);
    family->sum = landed->sum;
    family->count = landed->count;
    family->landing = NGX_HTTP_PROCORE_SCOPE_ABANDONED;
}


/* Finds or makes the record; NULL: all the neighbours are in use. */

static ngx_http_procore_scope_company_t *
ngx_http_procore_scope_flight_company(ngx_slab_pool_t *shpool,
    ngx_http_procore_scope_asker_t *asker)
{
    uint32_t                           hash;
    ngx_uint_t                         i;
    ngx_atomic_uint_t                  generation;
    ngx_http_procore_scope_table_t    *table;
    ngx_http_procore_scope_company_t  *company, *oldest;

    table = shpool->data;
    oldest = NULL;

    hash = ngx_crc32_short((u_char *) &asker->company, sizeof(uint64_t));

    company = &table->companies[hash % NGX_HTTP_PROCORE_SCOPE_COMPANIES
                                * NGX_HTTP_PROCORE_SCOPE_WAYS];

    for (i = 0; i < NGX_HTTP_PROCORE_SCOPE_WAYS; i++, company++) {

        if (company->company == asker->company
            && ngx_memcmp(company->realm, asker->realm, PROCORE_REALM_SIZE)
               == 0)
        {
            company->used = ngx_current_msec;
            return company;
        }

        if (company->company == 0) {
            oldest = company;
            break;
        }

        if (ngx_http_procore_scope_flight_idle(company)
            && (oldest == NULL
                || (ngx_msec_int_t) (company->used - oldest->used) < 0))
        {
            oldest = company;
        }
    }

    if (oldest == NULL) {
        return NULL;
    }

    /* waiters of a flight that was here must see a change */

    generation = oldest->generation + 2;

    ngx_memzero(oldest, sizeof(ngx_http_procore_scope_company_t));

    oldest->generation = generation;
    oldest->company = asker->company;
    ngx_memcpy(oldest->realm, asker->realm, PROCORE_REALM_SIZE);
    oldest->used = ngx_current_msec;

    return oldest;
}


static ngx_uint_t
ngx_http_procore_scope_flight_idle(ngx_http_procore_scope_company_t *company)
{
    return !company->flying
           || ngx_http_procore_scope_flight_left(company->lease) <= 0;
}


static ngx_http_procore_scope_family_t *
ngx_http_procore_scope_flight_family(ngx_slab_pool_t *shpool,
    ngx_http_procore_scope_asker_t *asker, ngx_uint_t make)
{
    uint32_t                          hash;
    ngx_uint_t                        i;
    ngx_http_procore_scope_table_t   *table;
    ngx_http_procore_scope_family_t  *family, *oldest;

    table = shpool->data;

    hash = ngx_crc32_short(asker->family, PROCORE_FAMILY_SIZE);

    family = &table->families[hash % NGX_HTTP_PROCORE_SCOPE_FAMILIES
                              * NGX_HTTP_PROCORE_SCOPE_WAYS];
    oldest = family;

    for (i = 0; i < NGX_HTTP_PROCORE_SCOPE_WAYS; i++, family++) {

        if (family->company == asker->company
            && ngx_memcmp(family->realm, asker->realm, PROCORE_REALM_SIZE) == 0
            && ngx_memcmp(family->family, asker->family, PROCORE_FAMILY_SIZE)
               == 0)
        {
            family->used = ngx_current_msec;
            return family;
        }

        if (family->company == 0) {
            oldest = family;
            break;
        }

        if ((ngx_msec_int_t) (family->used - oldest->used) < 0) {
            oldest = family;
        }
    }

    if (!make) {
        return NULL;
    }

    ngx_memzero(oldest, sizeof(ngx_http_procore_scope_family_t));

    oldest->company = asker->company;
    ngx_memcpy(oldest->realm, asker->realm, PROCORE_REALM_SIZE);
    ngx_memcpy(oldest->family, asker->family, PROCORE_FAMILY_SIZE);
    oldest->used = ngx_current_msec;

    return oldest;
}

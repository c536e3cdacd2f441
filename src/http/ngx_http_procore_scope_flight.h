
/*
 * Where workers meet that look for the same projects: flights and marks in
 * shared memory.
 *
 * A flight is the fetching of one company's list.  Among all workers a company
 * has one at a time; whoever joins while it is in the air waits for it.  A mark
 * says that a family's list was complete at some time, so that what is not
 * known needs no call while the mark is young.  Both tables are of a fixed size
 * and forget the least recently used.  Times are milliseconds of
 * ngx_current_msec, which all workers of a machine share.
 */


#ifndef _NGX_HTTP_PROCORE_SCOPE_FLIGHT_H_INCLUDED_
#define _NGX_HTTP_PROCORE_SCOPE_FLIGHT_H_INCLUDED_


#include "ngx_http_procore_scope.h"


/*
 * A leader renews its lease several times within it, and a waiter takes over
 * when it has run out: well within a second after a worker has died.
 */

#define NGX_HTTP_PROCORE_SCOPE_LEASE   700
#define NGX_HTTP_PROCORE_SCOPE_RENEW   200

/* How often a waiter looks; it costs a comparison without a lock. */

#define NGX_HTTP_PROCORE_SCOPE_TICK    25


/* What became of a flight. */

typedef enum {
    NGX_HTTP_PROCORE_SCOPE_ABANDONED = 0,  /* somebody else should lead */
    NGX_HTTP_PROCORE_SCOPE_COMPLETE,
    NGX_HTTP_PROCORE_SCOPE_FAILED,
    NGX_HTTP_PROCORE_SCOPE_AWAY,           /* asked to keep away for a while */
    NGX_HTTP_PROCORE_SCOPE_UNAUTHORIZED
} ngx_http_procore_scope_landing_e;


/* Where one who joins stands. */

typedef enum {
    NGX_HTTP_PROCORE_SCOPE_LEAD = 0,       /* must end the flight */
    NGX_HTTP_PROCORE_SCOPE_WAIT,
    NGX_HTTP_PROCORE_SCOPE_MISSING,        /* a complete list lacks the ids */
    NGX_HTTP_PROCORE_SCOPE_REFUSED         /* nobody asks now: "landing" */
} ngx_http_procore_scope_join_e;


/* Whose list, asked with which token; plain values, nothing is referred to. */

typedef struct {
    uint64_t                          company;
    u_char                            realm[PROCORE_REALM_SIZE];
    u_char                            family[PROCORE_FAMILY_SIZE];
    u_char                            token[PROCORE_DIGEST_SIZE];
} ngx_http_procore_scope_asker_t;


typedef struct ngx_http_procore_scope_company_s
    ngx_http_procore_scope_company_t;


/* A seat in a flight, its leader's or a waiter's. */

typedef struct {
    ngx_http_procore_scope_company_t *record;
    ngx_atomic_uint_t                 generation;
    ngx_http_procore_scope_landing_e  landing;
    time_t                            retry_after;   /* seconds, 0: unknown */
} ngx_http_procore_scope_seat_t;


/* How a flight ended, for the mark of the family that asked. */

typedef struct {
    ngx_http_procore_scope_landing_e  landing;
    ngx_msec_t                        started;
    uint64_t                          sum;           /* of the ids, mixed */
    uint64_t                          count;
    time_t                            retry_after;   /* AWAY: seconds */
    time_t                            miss_ttl;      /* seconds */
    time_t                            projects_ttl;  /* seconds */
} ngx_http_procore_scope_landed_t;


/* Makes the tables where the zone is new.  Returns NGX_OK or NGX_ERROR. */

ngx_int_t ngx_http_procore_scope_flight_init_zone(ngx_shm_zone_t *zone);

/*
 * Takes a seat.  LEAD: the caller flies, renews and ends the flight.  WAIT: it
 * looks with ..._flight_over() from time to time.  MISSING: the family's mark
 * is young.  REFUSED: seat->landing is FAILED, AWAY or UNAUTHORIZED, with
 * seat->retry_after where it is known.
 */

ngx_http_procore_scope_join_e ngx_http_procore_scope_flight_join(
    ngx_shm_zone_t *zone, ngx_http_procore_scope_asker_t *asker,
    ngx_http_procore_scope_seat_t *seat);

/*
 * Takes the leader's seat to refresh a list, whatever marks say.  Returns LEAD,
 * or another code where that is not to be done now: somebody flies, or has set
 * out to refresh less than "pause" seconds ago, or is to keep away.
 */

ngx_http_procore_scope_join_e ngx_http_procore_scope_flight_refresh(
    ngx_shm_zone_t *zone, ngx_http_procore_scope_asker_t *asker, time_t pause,
    ngx_http_procore_scope_seat_t *seat);

/* 1 where the flight of a waiter has ended or its leader has died; no lock. */

ngx_uint_t ngx_http_procore_scope_flight_over(
    ngx_http_procore_scope_seat_t *seat);

/*
 * For a waiter whose flight is over and who still lacks an id: the outcome
 * where the flight was its own family's, else the answer of a new join.
 */

ngx_http_procore_scope_join_e ngx_http_procore_scope_flight_rejoin(
    ngx_shm_zone_t *zone, ngx_http_procore_scope_asker_t *asker,
    ngx_http_procore_scope_seat_t *seat);

/* Renews the leader's lease; nothing where somebody has taken over. */

void ngx_http_procore_scope_flight_renew(ngx_shm_zone_t *zone,
    ngx_http_procore_scope_seat_t *seat);

/*
 * Counts one page, of which a company has at most "rate" (from 1) a minute.
 * Returns NGX_OK; NGX_BUSY with *retry_after seconds until a page is free
 * again; NGX_DECLINED where the lease ran out and somebody else has taken over.
 */

ngx_int_t ngx_http_procore_scope_flight_page(ngx_shm_zone_t *zone,
    ngx_http_procore_scope_seat_t *seat, ngx_uint_t rate, time_t *retry_after);

/* Ends the leader's flight: leaves its mark and lets the waiters look. */

void ngx_http_procore_scope_flight_end(ngx_shm_zone_t *zone,
    ngx_http_procore_scope_asker_t *asker, ngx_http_procore_scope_seat_t *seat,
    ngx_http_procore_scope_landed_t *landed);


#endif /* _NGX_HTTP_PROCORE_SCOPE_FLIGHT_H_INCLUDED_ */


/*
 * What the files of the lookup share: lookup (requests that ask), held (those
 * that wait), fetch (asks for the pages of a list), page (reads one) and
 * landing (its ids, on their way into the store).
 */


#ifndef _NGX_HTTP_PROCORE_SCOPE_LOOKUP_H_INCLUDED_
#define _NGX_HTTP_PROCORE_SCOPE_LOOKUP_H_INCLUDED_


#include "ngx_http_procore_scope_flight.h"
#include "../procore/procore_project_list.h"


/*
 * Ids are kept by the piece while their page is in the air, because a page
 * counts whole or not at all: 16 kB a piece, 1.6 MB for the longest page.
 */

#define NGX_HTTP_PROCORE_SCOPE_PIECE_IDS  2000

/* The API's longest page of bare ids; a longer one is no answer of the API. */

#define NGX_HTTP_PROCORE_SCOPE_PAGE_IDS   200000

/* The longest list: a customer has 10,000 projects, this is thirty times it. */

#define NGX_HTTP_PROCORE_SCOPE_PAGES      1000

/* Operations in the store's queue at once: bindings must get through. */

#define NGX_HTTP_PROCORE_SCOPE_WRITES     2


typedef struct ngx_http_procore_scope_trip_s  ngx_http_procore_scope_trip_t;


typedef enum {
    NGX_HTTP_PROCORE_SCOPE_WAITING = 0,  /* for somebody else's flight */
    NGX_HTTP_PROCORE_SCOPE_LEADING,
    NGX_HTTP_PROCORE_SCOPE_LANDED        /* its own flight is over */
} ngx_http_procore_scope_state_e;


/* A request that asks; in its pool. */

struct ngx_http_procore_scope_lookup_s {
    ngx_queue_t                       queue;       /* of the held ones */
    ngx_http_request_t               *request;
    ngx_http_procore_scope_ctx_t     *ctx;
    ngx_http_procore_scope_state_e    state;
    ngx_http_procore_scope_asker_t    asker;
    ngx_http_procore_scope_seat_t     seat;
    ngx_http_procore_scope_trip_t    *trip;        /* that it carries */
    ngx_http_variable_value_t        *variables;   /* of its subrequests */
    ngx_msec_t                        deadline;

    unsigned                          held:1;
    unsigned                          background:1;
    unsigned                          starting:1;  /* its trip, just now */
    unsigned                          refresh:1;   /* it asks for no id */
};


typedef struct {
    ngx_queue_t                       queue;
    size_t                            n;
    uint64_t                          ids[NGX_HTTP_PROCORE_SCOPE_PIECE_IDS];
} ngx_http_procore_scope_piece_t;


/*
 * The flight that this worker leads: on the heap, for the ids of its pages may
 * still be on their way to the disk when the request has gone.
 */

struct ngx_http_procore_scope_trip_s {
    ngx_queue_t                       queue;       /* of this worker's */
    ngx_shm_zone_t                   *zone;
    ngx_http_procore_scope_lookup_t  *leader;      /* NULL: gone or over */
    ngx_http_procore_scope_asker_t    asker;
    ngx_http_procore_scope_seat_t     seat;
    ngx_http_procore_scope_landed_t   landed;
    ngx_msec_t                        deadline;
    ngx_msec_t                        renewed;
    ngx_uint_t                        rate;        /* pages a minute */

    /* the page in the air */

    ngx_http_request_t               *request;     /* its subrequest */
    ngx_uint_t                        page;        /* from 1 */
    ngx_uint_t                        status;      /* HTTP, 0: none seen */
    time_t                            asked;       /* seconds */
    procore_project_list_t            list;
    ngx_queue_t                       arrived;     /* pieces */
    ngx_uint_t                        narrived;    /* ids */

    /* finished pages on their way to the disk */

    ngx_queue_t                       pieces;
    ngx_uint_t                        writing;

    unsigned                          compact:1;   /* pages of objects */
    unsigned                          broken:1;    /* not to be believed */
    unsigned                          last:1;      /* its last byte was seen */
    unsigned                          next:1;      /* more pages follow */
    unsigned                          lost:1;      /* could not be written */
    unsigned                          over:1;      /* no more pages */
    unsigned                          limited:1;   /* by our own rate */
};


#define ngx_http_procore_scope_late(deadline)                                 \
    ((ngx_msec_int_t) ((deadline) - ngx_current_msec) <= 0)


/* lookup */

/* Told by the trip when a page or the whole list is there. */

void ngx_http_procore_scope_lookup_news(
    ngx_http_procore_scope_lookup_t *lookup);

/* Is there something to be done for a held one?  Returns 1 or 0; no lock. */

ngx_uint_t ngx_http_procore_scope_lookup_due(
    ngx_http_procore_scope_lookup_t *lookup);

/* Goes on with a held one, from a timer; its request may be freed on return. */

void ngx_http_procore_scope_lookup_resume(
    ngx_http_procore_scope_lookup_t *lookup);


/* held */

/* How many requests this worker holds. */

ngx_uint_t ngx_http_procore_scope_held(void);

/*
 * Holds the request in its phase, or, for one in the background, its end; and
 * lets go of it.  Each does nothing where that is so already.
 */

void ngx_http_procore_scope_held_add(ngx_http_procore_scope_lookup_t *lookup);
void ngx_http_procore_scope_held_remove(
    ngx_http_procore_scope_lookup_t *lookup);

/*
 * Renews the trip's lease from now on, and ends it when its time is up.  The
 * trip leaves the queue when it is freed.
 */

void ngx_http_procore_scope_held_trip(ngx_http_procore_scope_trip_t *trip);


/* fetch */

/*
 * Leads: makes the trip and asks for its first page.  Returns NGX_OK, also
 * where the trip is over at once, or NGX_ERROR (no memory).
 */

ngx_int_t ngx_http_procore_scope_fetch(
    ngx_http_procore_scope_lookup_t *lookup);

/* Asks for the page that the trip has come to; where it cannot, it is over. */

void ngx_http_procore_scope_fetch_page(ngx_http_procore_scope_trip_t *trip);

/* Gives up the page in the air; to be called from a timer. */

void ngx_http_procore_scope_fetch_abort(ngx_http_procore_scope_trip_t *trip);


/* page */

/* Makes ready for a page. */

void ngx_http_procore_scope_page_start(ngx_http_procore_scope_trip_t *trip);

/* Handler of the end of a page's subrequest; "data" is the leader's lookup. */

ngx_int_t ngx_http_procore_scope_page_done(ngx_http_request_t *sr, void *data,
    ngx_int_t rc);


/* landing */

/* An id of the page in the air.  Returns NGX_OK or NGX_ERROR (too many). */

ngx_int_t ngx_http_procore_scope_landing_id(
    ngx_http_procore_scope_trip_t *trip, uint64_t id);

/*
 * The page is good: its ids count, for the leader and for the store.  Returns
 * NGX_OK or NGX_ERROR (no memory).
 */

ngx_int_t ngx_http_procore_scope_landing_page(
    ngx_http_procore_scope_trip_t *trip);

/* Drops the ids of the page in the air. */

void ngx_http_procore_scope_landing_drop(ngx_http_procore_scope_trip_t *trip);

/*
 * No more pages: tells the leader, and the waiters when all is on disk.  The
 * trip may be freed on return.
 */

void ngx_http_procore_scope_landing_over(ngx_http_procore_scope_trip_t *trip,
    ngx_http_procore_scope_landing_e landing, time_t retry_after);


/*
 * ..._lookup() is called in the phase with ids in ctx->unknown.  Returns NGX_OK
 * where it could tell at once or has told (each verdict in ctx->unknown is OWN,
 * FOREIGN or UNKNOWN_ID; where the list was out of reach it has noted
 * lookup_failed, set ctx->retry_after or ctx->unauthorized), NGX_AGAIN where
 * the request is held: it runs the phases again when it is done.
 * ..._lookup_background() does the same for monitor without holding.
 * ..._lookup_refresh() asks for the list of the company, in the background and
 * where nobody has done so lately, because what is known will run out.
 */

ngx_int_t ngx_http_procore_scope_lookup(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);
ngx_int_t ngx_http_procore_scope_lookup_background(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);
void ngx_http_procore_scope_lookup_refresh(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);
ngx_int_t ngx_http_procore_scope_lookup_header(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);
ngx_int_t ngx_http_procore_scope_lookup_body(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, ngx_chain_t *in);
ngx_int_t ngx_http_procore_scope_lookup_init_zone(ngx_shm_zone_t *zone,
    void *data);


#endif /* _NGX_HTTP_PROCORE_SCOPE_LOOKUP_H_INCLUDED_ */


/*
 * What a worker has on its hands: requests that wait, and trips whose lease it
 * renews.  One timer serves them all.
 */


#include "ngx_http_procore_scope_lookup.h"
#include "ngx_http_procore_scope_stats.h"


static void ngx_http_procore_scope_held_timer(ngx_event_t *ev);
static void ngx_http_procore_scope_held_tell(void);
static void ngx_http_procore_scope_held_tick(void);
static void ngx_http_procore_scope_held_trips(void);


static ngx_queue_t       held = { &held, &held };
static ngx_uint_t        nheld;
static ngx_queue_t       trips = { &trips, &trips };
static ngx_connection_t  dummy;
static ngx_event_t       tick;


ngx_uint_t
ngx_http_procore_scope_held(void)
{
    return nheld;
}


void
ngx_http_procore_scope_held_trip(ngx_http_procore_scope_trip_t *trip)
{
    ngx_queue_insert_tail(&trips, &trip->queue);
    ngx_http_procore_scope_held_tick();
}


void
ngx_http_procore_scope_held_add(ngx_http_procore_scope_lookup_t *lookup)
{
    ngx_event_t         *rev;
    ngx_http_request_t  *r;

    if (lookup->held) {
        return;
    }

    r = lookup->request;

    lookup->held = 1;
    nheld++;
    ngx_http_procore_scope_held_tell();
    ngx_queue_insert_tail(&held, &lookup->queue);

    ngx_http_procore_scope_held_tick();

    if (lookup->background) {
        r->main->count++;
        return;
    }

    r->write_event_handler = ngx_http_core_run_phases;

    if (r != r->main) {
        return;
    }

    /* a client that leaves must not go on waiting */

    r->read_event_handler = ngx_http_test_reading;

    rev = r->connection->read;

    if (rev->ready) {
        ngx_post_event(rev, &ngx_posted_events);

    } else if (ngx_handle_read_event(rev, 0) != NGX_OK) {

        /* its leaving is then seen when the answer is sent */

        r->read_event_handler = ngx_http_block_reading;
    }
}


void
ngx_http_procore_scope_held_remove(ngx_http_procore_scope_lookup_t *lookup)
{
    if (!lookup->held) {
        return;
    }

    lookup->held = 0;
    nheld--;
    ngx_http_procore_scope_held_tell();
    ngx_queue_remove(&lookup->queue);

    if (!lookup->background && lookup->request == lookup->request->main) {
        lookup->request->read_event_handler = ngx_http_block_reading;
    }
}


/* For whoever looks at the status, in whichever worker. */

static void
ngx_http_procore_scope_held_tell(void)
{
    ngx_http_procore_scope_worker_t  *worker;

    worker = ngx_http_procore_scope_worker();

    if (worker) {
        worker->held = nheld;
    }
}


static void
ngx_http_procore_scope_held_tick(void)
{
    if (tick.timer_set) {
        return;
    }

    dummy.fd = (ngx_socket_t) -1;

    tick.handler = ngx_http_procore_scope_held_timer;
    tick.log = ngx_cycle->log;
    tick.data = &dummy;

    ngx_add_timer(&tick, NGX_HTTP_PROCORE_SCOPE_TICK);
}


static void
ngx_http_procore_scope_held_timer(ngx_event_t *ev)
{
    ngx_queue_t                       todo, *q;
    ngx_http_procore_scope_lookup_t  *lookup;

    ngx_http_procore_scope_held_trips();

    /*
     * Whatever is woken may end others; so each is moved back before it is
     * looked at, and what ends takes itself out of the queue that it is in.
     */

    ngx_queue_init(&todo);
    ngx_queue_add(&todo, &held);
    ngx_queue_init(&held);

    while (!ngx_queue_empty(&todo)) {
        q = ngx_queue_head(&todo);
        ngx_queue_remove(q);
        ngx_queue_insert_tail(&held, q);

        lookup = ngx_queue_data(q, ngx_http_procore_scope_lookup_t, queue);

        if (ngx_http_procore_scope_lookup_due(lookup)) {
            ngx_http_procore_scope_lookup_resume(lookup);
        }
    }

    if (!ngx_queue_empty(&held) || !ngx_queue_empty(&trips)) {
        ngx_http_procore_scope_held_tick();
    }
}


static void
ngx_http_procore_scope_held_trips(void)
{
    ngx_queue_t                     todo, *q;
    ngx_http_procore_scope_trip_t  *trip;

    ngx_queue_init(&todo);
    ngx_queue_add(&todo, &trips);
    ngx_queue_init(&trips);

    while (!ngx_queue_empty(&todo)) {
        q = ngx_queue_head(&todo);
        ngx_queue_remove(q);
        ngx_queue_insert_tail(&trips, q);

        trip = ngx_queue_data(q, ngx_http_procore_scope_trip_t, queue);

        if (!trip->over && ngx_http_procore_scope_late(trip->deadline)) {
            ngx_http_procore_scope_fetch_abort(trip);
            continue;
        }

        if (ngx_current_msec - trip->renewed >= NGX_HTTP_PROCORE_SCOPE_RENEW) {
            trip->renewed = ngx_current_msec;
            ngx_http_procore_scope_flight_renew(trip->zone, &trip->seat);
        }
    }
}


/*
 * How a request of the relay waits: for the disk, for Procore, for some time.
 * It stays in its phase, and enters it again when what it waits for is done.
 */


#include "ngx_http_procore_scope_relay.h"


static ngx_int_t ngx_http_procore_scope_relay_count(ngx_http_request_t *r,
    ngx_http_procore_scope_relay_t *relay);
static void ngx_http_procore_scope_relay_gone(void *data);
static void ngx_http_procore_scope_relay_written(void *data,
    procore_store_op_t *op);
static void ngx_http_procore_scope_relay_called(ngx_http_request_t *r,
    ngx_http_procore_scope_call_t *call);
static void ngx_http_procore_scope_relay_timer(ngx_event_t *ev);


/* Requests of this worker that wait for Procore, or for one that does. */

static ngx_uint_t  waiting;


ngx_uint_t
ngx_http_procore_scope_relay_room(ngx_http_request_t *r)
{
    ngx_http_procore_scope_main_conf_t  *pmcf;

    pmcf = ngx_http_get_module_main_conf(r, ngx_http_procore_scope_module);

    return waiting < pmcf->lookup_waiting;
}


/* A request counts from its first wait until it is freed. */

static ngx_int_t
ngx_http_procore_scope_relay_count(ngx_http_request_t *r,
    ngx_http_procore_scope_relay_t *relay)
{
    ngx_pool_cleanup_t  *cln;

    if (relay->counted) {
        return NGX_OK;
    }

    if (!ngx_http_procore_scope_relay_room(r)) {
        return NGX_DECLINED;
    }

    cln = ngx_pool_cleanup_add(r->pool, 0);
    if (cln == NULL) {
        return NGX_ERROR;
    }

    cln->handler = ngx_http_procore_scope_relay_gone;
    cln->data = relay;

    relay->counted = 1;
    waiting++;

    return NGX_OK;
}


static void
ngx_http_procore_scope_relay_gone(void *data)
{
    ngx_http_procore_scope_relay_t *relay = data;

    waiting--;

    if (relay->timer.timer_set) {
        ngx_del_timer(&relay->timer);
    }
}


ngx_int_t
ngx_http_procore_scope_relay_write(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, procore_store_op_t *op,
    ngx_http_procore_scope_relay_next_pt next)
{
    ngx_http_procore_scope_relay_t  *relay;

    relay = ctx->relay;

    op->now = (uint64_t) ngx_time();
    ngx_memcpy(op->realm, ctx->conf->realm, PROCORE_REALM_SIZE);

    relay->request = r;
    relay->next = next;

    if (ngx_http_procore_scope_store_write(op,
                                  ngx_http_procore_scope_relay_written, relay)
        != NGX_OK)
    {
        return NGX_DECLINED;
    }

    relay->waiting = 1;
    ngx_http_procore_scope_hold(r);

    return NGX_AGAIN;
}


static void
ngx_http_procore_scope_relay_written(void *data, procore_store_op_t *op)
{
    ngx_http_procore_scope_relay_t *relay = data;

    relay->rc = op->rc;
    relay->bound = op->bound;
    relay->record = op->record;
    relay->record.sealed.len = 0;
    relay->record.sealed.data = NULL;
    relay->waiting = 0;

    ngx_http_procore_scope_release(relay->request);
    ngx_http_procore_scope_wake(relay->request);
}


ngx_int_t
ngx_http_procore_scope_relay_call(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx,
    ngx_http_procore_scope_relay_next_pt next)
{
    ngx_int_t                        rc;
    ngx_http_procore_scope_relay_t  *relay;

    relay = ctx->relay;

    rc = ngx_http_procore_scope_relay_count(r, relay);
    if (rc != NGX_OK) {
        return rc;
    }

    relay->request = r;
    relay->next = next;
    relay->call.timeout = ctx->conf->lookup_timeout;
    relay->call.handler = ngx_http_procore_scope_relay_called;
    relay->call.data = relay;

    if (ngx_http_procore_scope_call(r, &relay->call) != NGX_OK) {
        return NGX_ERROR;
    }

    relay->waiting = 1;

    return NGX_AGAIN;
}


/*
 * Runs inside of the subrequest's end, so the phases go on in an event of their
 * own; an event needs no memory.
 */

static void
ngx_http_procore_scope_relay_called(ngx_http_request_t *r,
    ngx_http_procore_scope_call_t *call)
{
    ngx_http_procore_scope_relay_t *relay = call->data;

    relay->waiting = 0;

    ngx_post_event(r->connection->write, &ngx_posted_events);
}


ngx_int_t
ngx_http_procore_scope_relay_wait(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, ngx_msec_t msec,
    ngx_http_procore_scope_relay_next_pt next)
{
    ngx_int_t                        rc;
    ngx_http_procore_scope_relay_t  *relay;

    relay = ctx->relay;

    rc = ngx_http_procore_scope_relay_count(r, relay);
    if (rc != NGX_OK) {
        return rc;
    }

    relay->request = r;
    relay->next = next;
    relay->waiting = 1;

    relay->timer.handler = ngx_http_procore_scope_relay_timer;
    relay->timer.data = relay;
    relay->timer.log = r->connection->log;

    ngx_add_timer(&relay->timer, msec);

    return NGX_AGAIN;
}


static void
ngx_http_procore_scope_relay_timer(ngx_event_t *ev)
{
    ngx_http_procore_scope_relay_t *relay = ev->data;

    relay->waiting = 0;

    ngx_http_procore_scope_wake(relay->request);
}


/*
 * The audit chain of a worker.  It begins with the process; the store keeps how
 * far it came, and its records tell how far those of others did.
 */


#include "ngx_http_procore_scope_audit.h"
#include "../crypto/procore_seal.h"


/* The store hears of what was written so soon. */

#define NGX_HTTP_PROCORE_SCOPE_CHAIN_PAUSE   1000     /* milliseconds */

/*
 * Other chains are looked up so often, so many at a time; of those that ended
 * longer ago, older records have told.
 */

#define NGX_HTTP_PROCORE_SCOPE_CHAIN_LOOK    1        /* second */
#define NGX_HTTP_PROCORE_SCOPE_CHAIN_WALK    512
#define NGX_HTTP_PROCORE_SCOPE_CHAIN_RECENT  86400    /* seconds */

/* As many chains are followed; of more workers, others tell. */

#define NGX_HTTP_PROCORE_SCOPE_CHAIN_OTHERS  64


typedef struct {
    procore_chain_point_t   point;
    uint64_t                told;       /* in a record of this chain */
} ngx_http_procore_scope_other_t;


typedef struct {
    procore_chain_t                *chain;      /* NULL: no key */
    procore_chain_point_t           point;      /* what was written */
    uint64_t                        kept;       /* of it, in the store */
    uint64_t                        lost;
    time_t                          looked;
    ngx_uint_t                      nothers;
    ngx_uint_t                      next;       /* of others */
    ngx_uint_t                      walking;    /* "last" is set */
    u_char                          last[PROCORE_CHAIN_ID];
    ngx_event_t                     event;
    ngx_http_procore_scope_other_t
                              others[NGX_HTTP_PROCORE_SCOPE_CHAIN_OTHERS];
} ngx_http_procore_scope_chain_t;


static void ngx_http_procore_scope_chain_keep(ngx_event_t *ev);
static void ngx_http_procore_scope_chain_kept(void *data,
    procore_store_op_t *op);
static procore_chain_point_t *ngx_http_procore_scope_chain_other(void);
static void ngx_http_procore_scope_chain_look(void);
static void ngx_http_procore_scope_chain_meet(procore_chain_point_t *point);


static ngx_http_procore_scope_chain_t  chain;


ngx_int_t
ngx_http_procore_scope_chain_init_process(ngx_cycle_t *cycle,
    ngx_http_procore_scope_main_conf_t *pmcf)
{
    ngx_memzero(&chain, sizeof(ngx_http_procore_scope_chain_t));

    if (pmcf->audit_key == NULL) {
        return NGX_OK;
    }

    if (ngx_process == NGX_PROCESS_WORKER || ngx_process == NGX_PROCESS_SINGLE)
    {
        if (procore_random(chain.point.id, PROCORE_CHAIN_ID) == PROCORE_OK) {
            chain.chain = procore_chain_new(pmcf->audit_key, chain.point.id);
        }

        if (chain.chain == NULL) {
            ngx_log_error(NGX_LOG_EMERG, cycle->log, 0,
                          "procore_scope: the audit chain cannot be begun");
            return NGX_ERROR;
        }
    }

    /* who takes over this process must not find it */

    procore_wipe(pmcf->audit_key, sizeof(procore_chain_key_t));

    chain.event.handler = ngx_http_procore_scope_chain_keep;
    chain.event.data = &chain;
    chain.event.log = cycle->log;
    chain.event.cancelable = 1;

    return NGX_OK;
}


void
ngx_http_procore_scope_chain_exit(void)
{
    if (chain.chain == NULL) {
        return;
    }

    /* the writer's exit takes it along */

    ngx_http_procore_scope_chain_keep(&chain.event);

    procore_chain_free(chain.chain);
    chain.chain = NULL;
}


uint64_t
ngx_http_procore_scope_chain_sequence(void)
{
    return chain.chain ? procore_chain_sequence(chain.chain) : 0;
}


u_char *
ngx_http_procore_scope_chain_end(u_char *start, u_char *p, ngx_uint_t seal)
{
    u_char               *end;
    procore_chain_say_t   say;

    if (seal && chain.chain) {

        say.at = (uint64_t) ngx_time();
        say.lost = chain.lost;
        say.seen = ngx_http_procore_scope_chain_other();

        end = procore_chain_seal(chain.chain, start, p, &say);

        if (end) {
            return end;
        }

        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "procore_scope: a record of the audit cannot be sealed");
    }

    return ngx_cpymem(p, ",\"chain\":null}}", sizeof(",\"chain\":null}}") - 1);
}


void
ngx_http_procore_scope_chain_written(uint64_t sequence)
{
    if (chain.chain == NULL || sequence <= chain.point.sequence) {
        return;
    }

    chain.point.sequence = sequence;
    chain.point.at = (uint64_t) ngx_time();

    if (!chain.event.timer_set) {
        ngx_add_timer(&chain.event, NGX_HTTP_PROCORE_SCOPE_CHAIN_PAUSE);
    }
}


void
ngx_http_procore_scope_chain_lost(ngx_uint_t n)
{
    chain.lost += n;
}


static void
ngx_http_procore_scope_chain_keep(ngx_event_t *ev)
{
    procore_store_op_t  op;

    if (chain.point.sequence <= chain.kept) {
        return;
    }

    ngx_memzero(&op, sizeof(procore_store_op_t));

    op.type = PROCORE_STORE_AUDIT;
    op.now = (uint64_t) ngx_time();
    op.chain = chain.point;

    (void) ngx_http_procore_scope_store_write(&op,
                                    ngx_http_procore_scope_chain_kept, NULL);
}


/* What failed is written with the next record. */

static void
ngx_http_procore_scope_chain_kept(void *data, procore_store_op_t *op)
{
    if (op->rc == PROCORE_OK) {
        chain.kept = ngx_max(chain.kept, op->chain.sequence);
    }
}


/* Another chain that has come further than a record here has told; or NULL. */

static procore_chain_point_t *
ngx_http_procore_scope_chain_other(void)
{
    ngx_uint_t                       i;
    ngx_http_procore_scope_other_t  *other;

    if (ngx_time() - chain.looked >= NGX_HTTP_PROCORE_SCOPE_CHAIN_LOOK) {
        chain.looked = ngx_time();
        ngx_http_procore_scope_chain_look();
    }

    for (i = 0; i < chain.nothers; i++) {

        other = &chain.others[chain.next++ % chain.nothers];

        if (other->point.sequence > other->told) {
            other->told = other->point.sequence;
            return &other->point;
        }
    }

    return NULL;
}


static void
ngx_http_procore_scope_chain_look(void)
{
    int                    rc;
    ngx_uint_t             n;
    procore_chain_point_t  point;

    if (ngx_http_procore_scope_store_begin() != NGX_OK) {
        return;
    }

    for (n = 0; n < NGX_HTTP_PROCORE_SCOPE_CHAIN_WALK; n++) {

        rc = ngx_http_procore_scope_store_chain(chain.walking ? chain.last
                                                              : NULL,
                                                &point);

        if (rc != PROCORE_OK && rc != PROCORE_CORRUPT) {
            chain.walking = 0;
            break;
        }

        chain.walking = 1;
        ngx_memcpy(chain.last, point.id, PROCORE_CHAIN_ID);

        if (rc == PROCORE_OK) {
            ngx_http_procore_scope_chain_meet(&point);
        }
    }

    ngx_http_procore_scope_store_end();
}


static void
ngx_http_procore_scope_chain_meet(procore_chain_point_t *point)
{
    ngx_uint_t                       i;
    ngx_http_procore_scope_other_t  *other, *oldest;

    if (ngx_memcmp(point->id, chain.point.id, PROCORE_CHAIN_ID) == 0
        || point->at + NGX_HTTP_PROCORE_SCOPE_CHAIN_RECENT
           < (uint64_t) ngx_time())
    {
        return;
    }

    oldest = NULL;

    for (i = 0; i < chain.nothers; i++) {
        other = &chain.others[i];

        if (ngx_memcmp(point->id, other->point.id, PROCORE_CHAIN_ID) == 0) {
            other->point = *point;
            return;
        }

        if (oldest == NULL || other->point.at < oldest->point.at) {
            oldest = other;
        }
    }

    if (chain.nothers < NGX_HTTP_PROCORE_SCOPE_CHAIN_OTHERS) {
        other = &chain.others[chain.nothers++];

    } else if (oldest->point.at < point->at) {
        other = oldest;

    } else {
        return;
    }

    other->point = *point;
    other->told = 0;
}

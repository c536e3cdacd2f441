
/*
 * What binds a token at one of its requests, and what the app of a token is
 * allowed.
 */


#ifndef _NGX_HTTP_PROCORE_SCOPE_BIND_H_INCLUDED_
#define _NGX_HTTP_PROCORE_SCOPE_BIND_H_INCLUDED_


#include "ngx_http_procore_scope_answer.h"


/* Is this way to bind switched on? */

#define ngx_http_procore_scope_may_bind(conf, way)                            \
    (((conf)->bind >> (way)) & 1)


/*
 * The entry with exactly this id, and that of a company in the list of an app;
 * NULL: none.
 */

ngx_http_procore_scope_client_t *ngx_http_procore_scope_client_same(
    ngx_array_t *clients, ngx_str_t *id);
ngx_http_procore_scope_client_company_t *ngx_http_procore_scope_client_listed(
    ngx_http_procore_scope_client_t *client, uint64_t company);

/*
 * The one company that the app with this id may be bound to; 0: it may be bound
 * to several, or to none, or it is not known (an empty id).
 */

uint64_t ngx_http_procore_scope_client_only(
    ngx_http_procore_scope_loc_conf_t *conf, ngx_str_t *id);

/* What the configuration calls the company for this app; len 0: nothing. */

void ngx_http_procore_scope_client_label(
    ngx_http_procore_scope_loc_conf_t *conf, ngx_str_t *id, uint64_t company,
    ngx_str_t *label);

/*
 * The configuration in the mode of this app: "conf" or its twin.  An app that
 * is not known (an empty id) has no mode of its own.
 */

ngx_http_procore_scope_loc_conf_t *ngx_http_procore_scope_client_conf(
    ngx_http_procore_scope_loc_conf_t *conf, ngx_str_t *id);

/*
 * Has the operator paused one of these apps (the second may be NULL, an empty
 * id is not known)?  Then it is noted.  Looks into the store.
 */

void ngx_http_procore_scope_check_paused(ngx_http_procore_scope_ctx_t *ctx,
    ngx_str_t *client, ngx_str_t *other);

/* The app of the request's token, len 0: unknown; in the context's memory. */

void ngx_http_procore_scope_client_id(ngx_http_procore_scope_ctx_t *ctx,
    ngx_str_t *id);


/*
 * Is called once the token is read: the configured company, or the only one of
 * its app, becomes that of a token without one, with ctx->to_bind set.  Where
 * the configured one differs from the binding, or is not one of the app's, the
 * reason is noted.
 */

void ngx_http_procore_scope_bind_known(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);

/*
 * Writes ctx->company by ctx->way as the token's.  In enforce the request is
 * held meanwhile.  Returns NGX_OK, or NGX_AGAIN: the phases run again.
 */

ngx_int_t ngx_http_procore_scope_bind_token(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);

/* Such an operation; ctx->digest is the token. */

void ngx_http_procore_scope_bind_op(ngx_http_procore_scope_ctx_t *ctx,
    procore_store_op_e type, uint64_t company, procore_way_e way,
    procore_store_op_t *op);

/*
 * Is called with ctx->first_use when all of the request is read: the one
 * company that it names becomes the token's, with ctx->to_bind set, or unbound
 * is noted.
 */

void ngx_http_procore_scope_first_use(ngx_http_procore_scope_ctx_t *ctx);

/*
 * Takes back what this request has bound by its first use; with "wait" the
 * request is held meanwhile.  NGX_OK, or NGX_AGAIN as above.
 */

ngx_int_t ngx_http_procore_scope_first_undo(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, ngx_uint_t wait);

/* In monitor, before the log: the same, told and written at once. */

void ngx_http_procore_scope_first_seen(ngx_http_procore_scope_ctx_t *ctx);

/* The upstream's status, 0: it has not answered. */

ngx_uint_t ngx_http_procore_scope_answered(ngx_http_request_t *r);

/*
 * Procore has answered a first use, or the request ends: a 401 undoes it, any
 * other answer confirms it.  Harmless for other requests.
 */

void ngx_http_procore_scope_first_over(ngx_http_procore_scope_ctx_t *ctx);


/*
 * A complete List Companies with one company binds the token.  ..._sole() tells
 * whether the answer to this request can do so: 1 or 0.
 */

ngx_uint_t ngx_http_procore_scope_sole(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);
ngx_int_t ngx_http_procore_scope_sole_header(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);
ngx_int_t ngx_http_procore_scope_sole_body(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, ngx_chain_t *in);


/*
 * chooser: the phase handler of its location.
 *
 * link: ..._link_give() is called for a refusal with the reason unbound, and
 * sets ctx->choose_url where there is a link for it.  Returns NGX_OK, or
 * NGX_AGAIN: the request is held until the link is on disk, and runs the phases
 * again.  ..._link_seen() is called before the log: what Procore's answer tells
 * of an unknown token is kept.
 */

ngx_int_t ngx_http_procore_scope_chooser(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);
ngx_int_t ngx_http_procore_scope_link_give(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);
void ngx_http_procore_scope_link_seen(ngx_http_procore_scope_ctx_t *ctx);
ngx_int_t ngx_http_procore_scope_link_init_zone(ngx_shm_zone_t *zone,
    void *data);


#endif /* _NGX_HTTP_PROCORE_SCOPE_BIND_H_INCLUDED_ */

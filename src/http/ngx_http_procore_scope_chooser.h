
/*
 * The chooser: a token without a company gets one from its user, or from its
 * app.
 *
 * Files: chooser_conf (its directives); link (made for refusals); chooser
 * (dispatch, and what pages and apps share); chooser_link (a link is opened,
 * and found again by its cookie); chooser_page (its pages); chooser_app (the
 * same for apps, in JSON).
 */


#ifndef _NGX_HTTP_PROCORE_SCOPE_CHOOSER_H_INCLUDED_
#define _NGX_HTTP_PROCORE_SCOPE_CHOOSER_H_INCLUDED_


#include "ngx_http_procore_scope_bind.h"
#include "ngx_http_procore_scope_relay.h"
#include "../relay/procore_choose.h"


struct ngx_http_procore_scope_chooser_s {
    ngx_http_procore_scope_companies_t  list;
    procore_relay_t                     kept;      /* the link's record */
    procore_str_t                       form;      /* token of the form */
    uint64_t                            wanted;    /* company, 0: none */
    procore_str_t                       name;      /* of it */
    ngx_uint_t                          claims;    /* in the body of an app */
    unsigned                            unclear:1; /* which company it names */
    unsigned                            bound:1;   /* by this request */
};


/* What pages and apps have in common. */

/*
 * Asks for the companies of ctx->token; "next" runs when it is done.  Returns
 * NGX_AGAIN, or NGX_ERROR: nothing was begun, too many wait already.
 */

ngx_int_t ngx_http_procore_scope_chooser_list(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx,
    ngx_http_procore_scope_relay_next_pt next);

/*
 * May the token be bound here (1) or not (0)?  That of a service account has no
 * user who could choose.
 */

ngx_uint_t ngx_http_procore_scope_chooser_allows(
    ngx_http_procore_scope_ctx_t *ctx);

/* Finds the wanted company in the list and its name: 1, or 0. */

ngx_uint_t ngx_http_procore_scope_chooser_listed(
    ngx_http_procore_scope_chooser_t *chooser, uint64_t company,
    procore_str_t *name);

/* The record of the request says that it has done this, unless it has bound. */

void ngx_http_procore_scope_chooser_did(ngx_http_procore_scope_ctx_t *ctx,
    const char *action);

/*
 * After an operation that binds ctx->token to chooser->wanted: the binding is
 * the context's.  OK; REBIND: another company; REVOKED_TOKEN; SPENT, NO_
 * TRANSACTION: of a link; STORE_FAILED.
 */

procore_reason_e ngx_http_procore_scope_chooser_bound(
    ngx_http_procore_scope_ctx_t *ctx);


/* For browsers, and for apps: steps of a request. */

ngx_int_t ngx_http_procore_scope_chooser_browser(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);
ngx_int_t ngx_http_procore_scope_chooser_app(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);


/* chooser_link */

/* A link was opened: its cookie is set, and the browser sent to the page. */

ngx_int_t ngx_http_procore_scope_chooser_open(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, procore_str_t *link);

/*
 * Finds the link that "state" in a query or form names, or where there is none
 * the one that this browser opened last, by its cookie.  NGX_OK; NGX_DECLINED
 * (ctx->reason says why not); NGX_ERROR.
 */

ngx_int_t ngx_http_procore_scope_chooser_find(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, ngx_str_t *query);

/*
 * Reads the link's record into relay->record; where it is OPEN, also its token,
 * which becomes the request's with all that is known of it.  Codes as above.
 */

ngx_int_t ngx_http_procore_scope_chooser_look(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);


/* chooser_page */

ngx_int_t ngx_http_procore_scope_chooser_picker(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);
ngx_int_t ngx_http_procore_scope_chooser_nothing(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);
ngx_int_t ngx_http_procore_scope_chooser_done(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);

/* A page that says why it ends here; status 0: that of the reason. */

ngx_int_t ngx_http_procore_scope_chooser_refuse(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, procore_reason_e reason,
    ngx_uint_t status);


#endif /* _NGX_HTTP_PROCORE_SCOPE_CHOOSER_H_INCLUDED_ */


/*
 * The authorization relay: what its steps share.
 *
 * Files: authorize (its directive); relay (dispatch by path, the authorization
 * of a request); relay_cookie; relay_wait (disk, calls, time); relay_start,
 * relay_return (the callback), relay_exchange (code, user, offer),
 * relay_companies, relay_choice and relay_form (picker), relay_discard;
 * relay_limit (failed exchanges); relay_page and relay_redirect (answers);
 * redeem and redeem_bind (codes at the token endpoint), forward and
 * forward_form (clients without secret).
 */


#ifndef _NGX_HTTP_PROCORE_SCOPE_RELAY_H_INCLUDED_
#define _NGX_HTTP_PROCORE_SCOPE_RELAY_H_INCLUDED_


#include "ngx_http_procore_scope_call.h"
#include "../relay/procore_cookie.h"
#include "../relay/procore_page.h"
#include "../relay/procore_start.h"


/*
 * A step of a request that waits in between: returns what a phase handler
 * returns.
 */

typedef ngx_int_t (*ngx_http_procore_scope_relay_next_pt)(
    ngx_http_request_t *r, ngx_http_procore_scope_ctx_t *ctx);


typedef struct ngx_http_procore_scope_companies_s
    ngx_http_procore_scope_companies_t;


struct ngx_http_procore_scope_relay_s {
    procore_relay_t                       authorization;
    ngx_http_procore_scope_client_t      *client;
    ngx_str_t                             state;    /* its id, 64 digits */

    u_char                                key[PROCORE_DIGEST_SIZE];
    procore_sealed_t                      record;   /* of the key, as read;
                                                       pool memory */

    ngx_str_t                             audit_id; /* 16 digits, or empty */
    uint64_t                              user;     /* user.id, 0: unknown */
    ngx_int_t                             offered;  /* companies, -1: none */

    ngx_uint_t                            step;     /* looks of the picker */
    void                                 *data;     /* of the step */

    /* waiting */

    ngx_http_procore_scope_relay_next_pt  next;
    ngx_http_request_t                   *request;
    int                                   rc;       /* of an op on disk */
    procore_token_t                       bound;    /* by it, if a family */
    ngx_event_t                           timer;
    ngx_http_procore_scope_call_t         call;
    ngx_http_procore_scope_companies_t   *listing;

    unsigned                              waiting:1;
    unsigned                              counted:1; /* among the waiting */
    unsigned                              expire:1; /* the cookie, with this
                                                       answer */
    unsigned                              opened:1; /* OPEN is ours, or is
                                                       being written; no offer
                                                       yet */
};


/*
 * Is this a request for the relay: authorize, callback or picker of a location
 * with procore_scope_authorize?  Called by the gate, first thing, for main
 * requests.  Returns NGX_DECLINED where it is not, else what a phase handler
 * returns.
 */

ngx_int_t ngx_http_procore_scope_relay_handler(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);

/*
 * A token request with a code of the gateway's: called by the oauth handler
 * once the request is read and judged.  It answers or refuses by itself, and
 * returns what a phase handler returns; the request itself never goes up.
 */

ngx_int_t ngx_http_procore_scope_redeem(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);

/* Does this token request carry such a code (1) or not (0)? */

ngx_uint_t ngx_http_procore_scope_redeems(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);


/* The context's relay, made where there is none; NULL: no memory. */

ngx_http_procore_scope_relay_t *ngx_http_procore_scope_relay_make(
    ngx_http_request_t *r, ngx_http_procore_scope_ctx_t *ctx);

/* The app of a request, for the record; and the authorization's audit id. */

void ngx_http_procore_scope_relay_client(ngx_http_procore_scope_ctx_t *ctx,
    const procore_str_t *id);
ngx_int_t ngx_http_procore_scope_relay_audited(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, const u_char *id);

/* Is "uri" one of the app's redirect URIs (1) or not (0)? */

ngx_uint_t ngx_http_procore_scope_relay_registered(
    ngx_http_procore_scope_client_t *client, const procore_str_t *uri);

/*
 * Finds the authorization that "state" in a query or form names and that this
 * browser's cookie holds, its app in the configuration in force, and its key.
 * Returns NGX_OK; NGX_DECLINED (ctx->reason says why not); NGX_ERROR.
 */

ngx_int_t ngx_http_procore_scope_relay_open(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, u_char *data, size_t len);

/*
 * Its two halves: reads "state" into "id" and relay->state; opens the cookie of
 * that id into relay->authorization.  Codes as above.
 */

ngx_int_t ngx_http_procore_scope_relay_id(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, u_char *data, size_t len, u_char *id);
ngx_int_t ngx_http_procore_scope_relay_unpack(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, u_char *id);

/* The authorization that this browser began last here.  Codes as above. */

ngx_int_t ngx_http_procore_scope_relay_latest(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);

/* Does the browser say that this is to be shown in a frame (1) or not (0)? */

ngx_uint_t ngx_http_procore_scope_relay_framed(ngx_http_request_t *r);

/*
 * One parameter of a query or form, pool memory.  The codes of
 * procore_start_param(), and PROCORE_ERROR (memory).
 */

int ngx_http_procore_scope_relay_param(ngx_http_request_t *r, u_char *data,
    size_t len, const char *name, procore_str_t *value);

/*
 * Reads the record of "key" in the store; its sealed bytes are copied into the
 * request's pool.  The codes of procore_store_sealed(), PROCORE_ERROR also
 * where the store is out of order.
 */

int ngx_http_procore_scope_relay_record(ngx_http_request_t *r,
    const u_char *key, procore_sealed_t *record);

/* Its contents, opened with "secret".  NGX_OK or NGX_ERROR. */

ngx_int_t ngx_http_procore_scope_relay_unseal(ngx_http_request_t *r,
    const procore_str_t *secret, const u_char *key,
    const procore_sealed_t *record, procore_relay_t *relay);

/* Packs and seals for op->key (or "key"); sets op->sealed.  As above. */

ngx_int_t ngx_http_procore_scope_relay_seal(ngx_http_request_t *r,
    const procore_str_t *secret, const u_char *key, procore_relay_t *relay,
    procore_store_op_t *op);


/* cookie: see procore_cookie.h. */

/*
 * The one value of the cookie "name" in this request.  NGX_OK; NGX_DECLINED:
 * none, or several.
 */

ngx_int_t ngx_http_procore_scope_relay_cookie(ngx_http_request_t *r,
    ngx_uint_t secure, ngx_str_t *name, procore_str_t *value);

/*
 * Adds a Set-Cookie, for "max_age" seconds.  When cookies of ours together with
 * a new one exceed PROCORE_RELAY_COOKIES, the oldest are expired.  NGX_OK or
 * NGX_ERROR.
 */

ngx_int_t ngx_http_procore_scope_relay_set_cookie(ngx_http_request_t *r,
    ngx_uint_t secure, ngx_str_t *name, ngx_str_t *value, unsigned max_age);
ngx_int_t ngx_http_procore_scope_relay_expire_cookie(ngx_http_request_t *r,
    ngx_uint_t secure, ngx_str_t *name);

/* The name of the cookie of relay->authorization, pool memory. */

ngx_int_t ngx_http_procore_scope_relay_cookie_name(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, ngx_str_t *name);


/*
 * wait: each of these lets the request wait, and "next" runs in its phase when
 * what it waits for is done: an operation on disk (relay->rc, relay->record as
 * the operation left them), a call (relay->call), some time.  They return
 * NGX_AGAIN; NGX_ERROR: nothing was begun; ..._write() also NGX_DECLINED: the
 * store takes nothing now; ..._call() NGX_DECLINED: too many wait already.
 */

ngx_int_t ngx_http_procore_scope_relay_write(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, procore_store_op_t *op,
    ngx_http_procore_scope_relay_next_pt next);
ngx_int_t ngx_http_procore_scope_relay_call(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx,
    ngx_http_procore_scope_relay_next_pt next);
ngx_int_t ngx_http_procore_scope_relay_wait(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, ngx_msec_t msec,
    ngx_http_procore_scope_relay_next_pt next);

/* Is there room for one more that waits for Procore (1) or not (0)? */

ngx_uint_t ngx_http_procore_scope_relay_room(ngx_http_request_t *r);


/* The steps, by path. */

ngx_int_t ngx_http_procore_scope_relay_start(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);
ngx_int_t ngx_http_procore_scope_relay_return(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);
ngx_int_t ngx_http_procore_scope_relay_picker(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);

/* exchange: the record is OPEN and ours, "code" is Procore's. */

ngx_int_t ngx_http_procore_scope_relay_exchange(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, procore_str_t *code);

/* Makes the record of the key SPENT, in the background. */

void ngx_http_procore_scope_relay_spend(ngx_http_procore_scope_ctx_t *ctx);

/*
 * Drops a token that nobody will redeem: revokes it at Procore, where it is the
 * gateway's to revoke.  Nobody waits for that.
 */

void ngx_http_procore_scope_relay_discard(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, procore_relay_t *kept);

/* Logs a revoke that has failed. */

void ngx_http_procore_scope_relay_revoked(ngx_http_request_t *r,
    ngx_http_procore_scope_call_t *call);

/*
 * Is a token of this pair in the store, bound or not (1), or not (0)?  1 also
 * where nobody can tell.
 */

ngx_uint_t ngx_http_procore_scope_relay_known(
    ngx_http_procore_scope_ctx_t *ctx, const procore_str_t *access,
    const procore_str_t *refresh);


/*
 * companies: the user's active companies that the app may be bound to.
 * ..._relay_companies() asks for all of them and then, where "user" is set, for
 * Show User Info; "next" runs when it is done, list->rc is NGX_OK or NGX_ERROR
 * (the last relay->call tells why).  Returns as ..._relay_call().
 */

struct ngx_http_procore_scope_companies_s {
    ngx_str_t                             authorization;  /* "Bearer ..." */
    ngx_str_t                             client;
    ngx_uint_t                            user;
    ngx_http_procore_scope_relay_next_pt  next;

    ngx_int_t                             rc;
    u_char                               *data;     /* packed companies */
    size_t                                len;
    size_t                                size;
    ngx_array_t                           ids;      /* uint64_t */
    ngx_array_t                           page;     /* of the answer at hand */
    ngx_uint_t                            asked;    /* pages */
    uint64_t                              user_id;
    procore_str_t                         login;
    unsigned                              partial:1;
    unsigned                              broken:1;
};

ngx_int_t ngx_http_procore_scope_relay_companies(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx,
    ngx_http_procore_scope_companies_t *list);

/*
 * Adds a company to list->data, unless it is there.  NGX_OK; NGX_DECLINED: no
 * more can be listed (list->partial is set); NGX_ERROR: memory.
 */

ngx_int_t ngx_http_procore_scope_relay_list(ngx_http_request_t *r,
    ngx_http_procore_scope_companies_t *list, uint64_t company,
    const procore_str_t *name);

/* An empty list.  NGX_OK or NGX_ERROR. */

ngx_int_t ngx_http_procore_scope_relay_list_init(ngx_http_request_t *r,
    ngx_http_procore_scope_companies_t *list);


/*
 * form: reads the form of a page that was posted to "path".  Returns NGX_OK
 * (*body), or what a phase handler returns: it waits, or it has refused.
 */

ngx_int_t ngx_http_procore_scope_relay_form(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, ngx_str_t *origin, ngx_str_t *body);


/*
 * limit: failed exchanges of a client address.  ..._limited() returns the
 * seconds until it may try again, 0: now.  ..._keep() returns the same for a
 * code that is kept without having asked Procore, and counts it.
 */

time_t ngx_http_procore_scope_relay_limited(ngx_http_request_t *r);
void ngx_http_procore_scope_relay_failed(ngx_http_request_t *r);
time_t ngx_http_procore_scope_relay_keep(ngx_http_request_t *r);
ngx_int_t ngx_http_procore_scope_relay_init_zone(ngx_shm_zone_t *zone,
    void *data);


/*
 * Answers: each sends it, finalizes the request and returns NGX_DONE, or
 * another code of a phase handler.  ctx->reason says why it is refused, or is
 * PROCORE_REASON_OK; ctx->action is set before.
 */

ngx_int_t ngx_http_procore_scope_page(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, ngx_uint_t status,
    procore_page_t *page);

/* The same with a body in HTML, or without one (NULL). */

ngx_int_t ngx_http_procore_scope_relay_answer(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, ngx_uint_t status, ngx_str_t *body);

/* A page of kind ERROR; status 0: that of the reason. */

ngx_int_t ngx_http_procore_scope_relay_refuse(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, procore_reason_e reason,
    ngx_uint_t status);

/* What a page says of the app and the user; texts in pool memory. */

void ngx_http_procore_scope_page_begin(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, procore_page_t *page,
    procore_page_e kind);

/* Title and text of ERROR and NOTHING, by the reason. */

void ngx_http_procore_scope_page_reason(procore_page_t *page,
    procore_reason_e reason);

/* The instruction of the manifest, if there is one. */

void ngx_http_procore_scope_page_help(ngx_http_procore_scope_ctx_t *ctx,
    procore_page_t *page);

/* To a URL of the configuration. */

ngx_int_t ngx_http_procore_scope_redirect(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, ngx_str_t *location);

/* To the picker. */

ngx_int_t ngx_http_procore_scope_to_picker(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);

/*
 * To the app, with an error (NUL-terminated; RFC 6749, section 4.1.2.1) or with
 * a code.  Where the app has no redirect URI, a page.
 */

ngx_int_t ngx_http_procore_scope_error_to_app(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, procore_reason_e reason,
    procore_str_t *error);
ngx_int_t ngx_http_procore_scope_code_to_app(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, procore_str_t *code,
    procore_str_t *company);

/*
 * The relay's error for the app after a call that failed: server_error, or
 * temporarily_unavailable for timeouts, 429, 5xx and closed connections.
 */

void ngx_http_procore_scope_call_error(ngx_http_procore_scope_call_t *call,
    procore_str_t *error);


#endif /* _NGX_HTTP_PROCORE_SCOPE_RELAY_H_INCLUDED_ */

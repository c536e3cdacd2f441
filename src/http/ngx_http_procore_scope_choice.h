
/*
 * What the files of the picker share: relay_picker (its pages), relay_choice
 * (what is offered, and the code for the one chosen) and relay_picked (the
 * forms of its pages).
 */


#ifndef _NGX_HTTP_PROCORE_SCOPE_CHOICE_H_INCLUDED_
#define _NGX_HTTP_PROCORE_SCOPE_CHOICE_H_INCLUDED_


#include "ngx_http_procore_scope_relay.h"


/* Digits of a form's token. */

#define NGX_HTTP_PROCORE_SCOPE_FORM_TOKEN  64


/* What is offered to a request; relay->data. */

typedef struct {
    procore_relay_t   kept;         /* the record, opened */
    procore_str_t     companies;    /* those that are allowed still */
    ngx_uint_t        n;
    uint64_t          first;        /* of them */
    uint64_t          hint;         /* the app's own, if it is among them */
    procore_str_t     name;         /* of the one chosen */
    u_char            code[PROCORE_RELAY_CODE];
    procore_reason_e  reason;       /* of leaving without one */
} ngx_http_procore_scope_choice_t;


/*
 * Reads the record of the request's authorization into relay->record; where it
 * is OFFERED, also what is offered.  Returns NGX_OK, or what a phase handler
 * returns: it has refused.
 */

ngx_int_t ngx_http_procore_scope_choice_look(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);

/*
 * Chooses a company of an OFFERED record, or finds that it is not among them,
 * and sends the user back to the app.
 */

ngx_int_t ngx_http_procore_scope_choice_choose(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, uint64_t company);

/* The same way back once more, while the code can still be redeemed. */

ngx_int_t ngx_http_procore_scope_choice_again(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);

/* There is nothing to choose any more. */

ngx_int_t ngx_http_procore_scope_choice_spent(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);

/* Why there is nothing that could be chosen; OK: there is something. */

procore_reason_e ngx_http_procore_scope_choice_reason(
    ngx_http_procore_scope_ctx_t *ctx);

/* Gives a page its form's token.  NGX_OK or NGX_ERROR. */

ngx_int_t ngx_http_procore_scope_picker_form(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, procore_page_t *page);

/*
 * What was searched for, and which part of what was found is wanted.  NGX_OK;
 * NGX_DECLINED: unreadable; NGX_ERROR.
 */

ngx_int_t ngx_http_procore_scope_picker_turn(ngx_http_request_t *r,
    procore_page_t *page);

/*
 * A field of a form: NGX_OK, empty where it is missing; NGX_DECLINED:
 * unreadable, or twice; NGX_ERROR.  And: is this the token of the form (1)?
 */

ngx_int_t ngx_http_procore_scope_picked_field(ngx_http_request_t *r,
    ngx_str_t *body, const char *name, procore_str_t *value);
ngx_uint_t ngx_http_procore_scope_picked_ours(
    ngx_http_procore_scope_ctx_t *ctx, procore_str_t *token);

/* The form of one of the picker's pages was posted. */

ngx_int_t ngx_http_procore_scope_picked(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, ngx_str_t *body);


#endif /* _NGX_HTTP_PROCORE_SCOPE_CHOICE_H_INCLUDED_ */


/*
 * What the two files for the gateway's codes at the token endpoint share.
 */


#ifndef _NGX_HTTP_PROCORE_SCOPE_REDEEM_H_INCLUDED_
#define _NGX_HTTP_PROCORE_SCOPE_REDEEM_H_INCLUDED_


#include "ngx_http_procore_scope_oauth.h"
#include "ngx_http_procore_scope_relay.h"
#include "../procore/procore_token_answer.h"


/* What became of a code that is claimed: what it ends with depends on it. */

typedef enum {
    NGX_HTTP_PROCORE_SCOPE_CLAIM_NONE = 0,      /* none of this request */
    NGX_HTTP_PROCORE_SCOPE_CLAIM_BEGUN,         /* on its way to the disk */
    NGX_HTTP_PROCORE_SCOPE_CLAIM_SENT,          /* no token has come yet */
    NGX_HTTP_PROCORE_SCOPE_CLAIM_ISSUED,        /* the token is here */
    NGX_HTTP_PROCORE_SCOPE_CLAIM_BINDING        /* and on its way to disk */
} ngx_http_procore_scope_claim_e;


/* relay->data of such a request; all of it is pool memory. */

typedef struct {
    procore_str_t                       code;      /* as the app sent it */
    ngx_str_t                           answer;    /* Procore's, with tokens */
    procore_token_answer_t              token;     /* what stands in it */
    ngx_str_t                           text;      /* what the app gets */
    ngx_str_t                           company;   /* its id, as text */

    /* where the request goes up: see ..._forward() */

    ngx_http_procore_scope_companies_t  list;      /* the fresh token's */
    ngx_http_procore_scope_claim_e      claim;
    uint64_t                            keep_until;  /* the code's own end */
    procore_reason_e                    reason;    /* why it ends */
    ngx_uint_t                          status;    /* of Procore's refusal,
                                                      0: nothing to pass on */
    ngx_str_t                           type;
    ngx_str_t                           challenge;
    time_t                              retry_after;
    unsigned                            known:1;   /* the token was no news */
} ngx_http_procore_scope_redemption_t;


static ngx_inline void
ngx_http_procore_scope_redeem_str(procore_str_t *text, const ngx_str_t *s)
{
    text->len = s->len;
    text->data = s->data;
}


/*
 * forward: the app has no secret here, so that Procore authenticates it.  The
 * record is LIVE and every check has passed.  Claims the code, sends the
 * request up in the gateway's own form, and binds the fresh token if its user
 * has the company.  Returns what a phase handler returns.
 */

ngx_int_t ngx_http_procore_scope_forward(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);

/*
 * The fresh token must not reach the app: revokes it, unless somebody has it
 * already, spends the code and refuses with "reason".
 */

ngx_int_t ngx_http_procore_scope_forward_discard(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, procore_reason_e reason);


/*
 * The app's request with what the gateway has told the login host: Procore's
 * code, the gateway's redirect URI and verifier (RFC 6749, section 4.1.3); and
 * the revocation of redemption->token (RFC 7009, section 2.1).  Both have the
 * app's own credentials, unless they stand in the header.
 */

void ngx_http_procore_scope_forward_request(ngx_http_procore_scope_ctx_t *ctx,
    procore_out_t *body);
void ngx_http_procore_scope_forward_revocation(
    ngx_http_procore_scope_ctx_t *ctx, procore_out_t *body);


/* Refuses; the codes of ngx_http_procore_scope_refuse(). */

ngx_int_t ngx_http_procore_scope_redeem_refuse(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, procore_reason_e reason);

/* Spends the code, binds the tokens of redemption->answer, and answers. */

ngx_int_t ngx_http_procore_scope_redeem_bind(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);

/*
 * Sets what stays of the code once it is spent, in op->sealed, with the access
 * token's digest in op->access, if it has one.  NGX_OK or NGX_ERROR.
 */

ngx_int_t ngx_http_procore_scope_redeem_spent(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, procore_store_op_t *op);


#endif /* _NGX_HTTP_PROCORE_SCOPE_REDEEM_H_INCLUDED_ */

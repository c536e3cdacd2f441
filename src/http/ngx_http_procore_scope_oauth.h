
/*
 * What the two files for the login host share: the request, and its answer.
 */


#ifndef _NGX_HTTP_PROCORE_SCOPE_OAUTH_H_INCLUDED_
#define _NGX_HTTP_PROCORE_SCOPE_OAUTH_H_INCLUDED_


#include "ngx_http_procore_scope_answer.h"


struct ngx_http_procore_scope_oauth_s {

    /* what the request says; the same wherever it says it, or it is refused */

    ngx_str_t           params[PROCORE_PARAM_MAX];   /* data NULL: absent */
    uint64_t            company;      /* named by the request, 0: none */

    /* what that makes of it */

    uint64_t            bind;         /* the answer's tokens get it, 0: none */
    procore_way_e       way;
    u_char              parent[PROCORE_DIGEST_SIZE];  /* redeemed token */
    u_char              token[PROCORE_DIGEST_SIZE];   /* to be revoked */

    int                 rc;           /* of the operation on disk */
    procore_token_t     bound;

    unsigned            judged:1;
    unsigned            reading:1;    /* the body has a reader */
    unsigned            has_parent:1;
    unsigned            has_token:1;
    unsigned            written:1;    /* "rc" and "bound" are set */

    u_char              scratch[NGX_HTTP_PROCORE_SCOPE_SCRATCH];
};


/*
 * Reads header and query into ctx->oauth; what does not agree, or cannot be
 * read, is noted.  May be called again after an internal redirect.  Returns
 * NGX_OK or NGX_ERROR (no memory).
 */

ngx_int_t ngx_http_procore_scope_oauth_head(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);

/* The sink that the body's reader gets, for the same. */

void ngx_http_procore_scope_oauth_sink(ngx_http_procore_scope_ctx_t *ctx,
    procore_sink_t *sink);

/* Notes rebind, with the first claim that names another one than "company". */

void ngx_http_procore_scope_oauth_rebind(ngx_http_procore_scope_ctx_t *ctx,
    uint64_t company);


#endif /* _NGX_HTTP_PROCORE_SCOPE_OAUTH_H_INCLUDED_ */

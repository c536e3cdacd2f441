
/*
 * What the two files for the login host share: the request, and its answer.
 */


#ifndef _NGX_HTTP_PROCORE_SCOPE_OAUTH_H_INCLUDED_
#define _NGX_HTTP_PROCORE_SCOPE_OAUTH_H_INCLUDED_


#include "ngx_http_procore_scope_answer.h"


/*
 * Where the location has the relay, all other parameters of the query and the
 * body are kept, too: so many at most, real requests have none or one.
 */

#define NGX_HTTP_PROCORE_SCOPE_FIELDS  64

typedef struct {
    ngx_str_t           name;
    ngx_str_t           value;
} ngx_http_procore_scope_field_t;


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

    ngx_array_t         fields;       /* ..._field_t, with the relay */

    unsigned            psg_code:1;   /* a code of the gateway's, or no text */
    unsigned            unsure:1;     /* a field differs between two places */
    unsigned            odd:1;        /* not all could be kept as fields */

    unsigned            judged:1;
    unsigned            reading:1;    /* the body has a reader */
    unsigned            has_parent:1;
    unsigned            has_token:1;
    unsigned            written:1;    /* "rc" and "bound" are set */
    unsigned            unread:1;     /* some of it is not certain */
    unsigned            fresh:1;      /* no company before this answer */

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

/* The value of a field; len 0, data NULL: none. */

void ngx_http_procore_scope_oauth_find(ngx_http_procore_scope_ctx_t *ctx,
    const char *name, procore_str_t *value);

/*
 * Chooses oauth->bind and oauth->way, notes what stands against it.  "parent"
 * is the redeemed refresh token's, all zero where there is none.
 */

void ngx_http_procore_scope_oauth_choose(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, procore_token_t *parent);

/* The app that asks; len 0: it does not say, or not for certain. */

void ngx_http_procore_scope_oauth_client(ngx_http_procore_scope_ctx_t *ctx,
    ngx_str_t *client);

/*
 * What the app learns of the company that its fresh tokens are bound to: the
 * answer with it in *body (pool memory), and headers.  NGX_OK; NGX_DECLINED
 * where nothing is told; NGX_ERROR.
 */

ngx_int_t ngx_http_procore_scope_token_tell(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, ngx_str_t *body);

/* Notes rebind, with the first claim that names another one than "company". */

void ngx_http_procore_scope_oauth_rebind(ngx_http_procore_scope_ctx_t *ctx,
    uint64_t company);


#endif /* _NGX_HTTP_PROCORE_SCOPE_OAUTH_H_INCLUDED_ */

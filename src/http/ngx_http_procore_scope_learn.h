
/*
 * Learning in passing: projects of the bound company that stand in answers to
 * its own requests.
 */


#ifndef _NGX_HTTP_PROCORE_SCOPE_LEARN_H_INCLUDED_
#define _NGX_HTTP_PROCORE_SCOPE_LEARN_H_INCLUDED_


#include "ngx_http_procore_scope.h"
#include "../procore/procore_project_list.h"


/*
 * Ids of one answer, 80 kB: thirty of the longest pages of objects.  A longer
 * answer of bare ids teaches nothing; the module's own lookup can read it.
 */

#define NGX_HTTP_PROCORE_SCOPE_LEARN_IDS  10000


/* An answer that is read as it goes by; in the pool of its request. */

struct ngx_http_procore_scope_learn_s {
    procore_project_list_t  list;
    uint64_t                company;
    ngx_array_t             ids;         /* uint64_t */
    size_t                  learnt;      /* given to the store */
    size_t                  kept;        /* known for another company */
    unsigned                one:1;       /* an object, not a list */
    unsigned                broken:1;    /* not to be believed */
    unsigned                over:1;      /* its last byte was seen */
};


/* Could the answer to this request teach projects, as far as its head says? */

ngx_uint_t ngx_http_procore_scope_learns(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);

/*
 * For the filters, which pass everything on whatever these find: the header of
 * the answer (sets ctx->learn where its body is to be read), and the buffers.
 */

void ngx_http_procore_scope_learn_header(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);
void ngx_http_procore_scope_learn_body(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, ngx_chain_t *in);


#endif /* _NGX_HTTP_PROCORE_SCOPE_LEARN_H_INCLUDED_ */

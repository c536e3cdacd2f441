
/*
 * Learning in passing: a list of projects, or a project that was made, is read
 * as it goes by, without a byte of it being held, and written in the background
 * when it has proved to be whole.
 */


#include "ngx_http_procore_scope_call.h"
#include "ngx_http_procore_scope_learn.h"


static ngx_uint_t ngx_http_procore_scope_learn_path(
    ngx_http_procore_scope_ctx_t *ctx);
static ngx_uint_t ngx_http_procore_scope_learn_param(u_char *name,
    u_char *last);
static ngx_uint_t ngx_http_procore_scope_learn_override(ngx_http_request_t *r);
static ngx_uint_t ngx_http_procore_scope_learn_scoped(
    ngx_http_procore_scope_ctx_t *ctx);
static void ngx_http_procore_scope_learn_project(void *data, uint64_t project,
    uint64_t company);
static void ngx_http_procore_scope_learn_end(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);
static void ngx_http_procore_scope_learn_sort(
    ngx_http_procore_scope_ctx_t *ctx, ngx_http_procore_scope_learn_t *learn);
static void ngx_http_procore_scope_learn_written(void *data,
    procore_store_op_t *op);


/*
 * Parameters that page, narrow or dress the list of one company, each with what
 * may follow the name.  Any other might make the answer something else.
 */

static ngx_str_t  ngx_http_procore_scope_learn_params[] = {
    ngx_string("company_id="),
    ngx_string("page="),
    ngx_string("per_page="),
    ngx_string("sort="),
    ngx_string("view="),
    ngx_string("serializer_view="),
    ngx_string("run_configurable_validations="),
    ngx_string("filters["),
    ngx_string("filters%5B"),
    ngx_string("filters%5b"),
    ngx_null_string
};


ngx_uint_t
ngx_http_procore_scope_learns(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    if (r != r->main || ctx->judge.path != PROCORE_PATH_PROJECTS
        || !ngx_http_procore_scope_learn_path(ctx)
        || !ngx_http_procore_scope_query_known(r,
                                          ngx_http_procore_scope_learn_param)
        || ngx_http_procore_scope_learn_override(r))
    {
        return 0;
    }

    /* a range can be a part of a list that looks like a whole one */

    if (r->headers_in.range) {
        return 0;
    }

    return r->method == NGX_HTTP_POST
           || (r->method == NGX_HTTP_GET
               && !ngx_http_procore_scope_has_body(r));
}


/* /rest/v{any}/projects or /vapid/projects, or below companies/{own} there. */

static ngx_uint_t
ngx_http_procore_scope_learn_path(ngx_http_procore_scope_ctx_t *ctx)
{
    u_char     *p, *last, own[sizeof("/companies/") + NGX_INT64_LEN];
    size_t      len;
    ngx_str_t  *uri;

    uri = &ctx->request->uri;
    last = uri->data + uri->len;

    len = sizeof("/projects") - 1;

    if (uri->len < len || ngx_memcmp(last - len, "/projects", len) != 0) {
        return 0;
    }

    last -= len;
    len = (size_t) (ngx_sprintf(own, "/companies/%uL", ctx->judge.company)
                    - own);

    if ((size_t) (last - uri->data) > len
        && ngx_memcmp(last - len, own, len) == 0)
    {
        last -= len;
    }

    len = (size_t) (last - uri->data);

    if (len == sizeof("/vapid") - 1) {
        return ngx_memcmp(uri->data, "/vapid", len) == 0;
    }

    if (len < sizeof("/rest/v") - 1
        || ngx_memcmp(uri->data, "/rest/v", sizeof("/rest/v") - 1) != 0)
    {
        return 0;
    }

    p = uri->data + sizeof("/rest/v") - 1;

    return ngx_strlchr(p, last, '/') == NULL;
}


static ngx_uint_t
ngx_http_procore_scope_learn_param(u_char *name, u_char *last)
{
    size_t      len;
    ngx_str_t  *param;

    len = (size_t) (last - name);

    /* what follows a ";" may be a parameter of its own */

    if (ngx_strlchr(name, last, ';')) {
        return 0;
    }

    for (param = ngx_http_procore_scope_learn_params; param->len; param++) {
        if (len >= param->len
            && ngx_strncmp(name, param->data, param->len) == 0)
        {
            return 1;
        }
    }

    return 0;
}


/* The form's "_method" is no matter: bodies are learnt from as JSON alone. */

static ngx_uint_t
ngx_http_procore_scope_learn_override(ngx_http_request_t *r)
{
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;
    static ngx_str_t  override = ngx_string("x-http-method-override");

    for (part = &r->headers_in.headers.part; part; part = part->next) {
        h = part->elts;

        for (i = 0; i < part->nelts; i++) {
            if (ngx_http_procore_scope_is_header(&h[i], &override)) {
                return 1;
            }
        }
    }

    return 0;
}


void
ngx_http_procore_scope_learn_header(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    ngx_uint_t                       post;
    ngx_http_procore_scope_learn_t  *learn;

    ctx->learn = NULL;
    post = (r->method == NGX_HTTP_POST);

    if (r->headers_out.status != (post ? NGX_HTTP_CREATED : NGX_HTTP_OK)
        || r->upstream == NULL || r->header_only
        || !ngx_http_procore_scope_subrequest_plain(r)
        || !ngx_http_procore_scope_learn_scoped(ctx))
    {
        return;
    }

    learn = ngx_pcalloc(r->pool, sizeof(ngx_http_procore_scope_learn_t));

    if (learn == NULL
        || ngx_array_init(&learn->ids, r->pool, post ? 1 : 100,
                          sizeof(uint64_t))
           != NGX_OK)
    {
        return;
    }

    learn->company = ctx->judge.company;
    learn->one = post;

    procore_project_list_start(&learn->list,
                               ngx_http_procore_scope_learn_project, learn);

    /* the project that was made is read as a list of one */

    if (learn->one) {
        (void) procore_project_list_feed(&learn->list, (u_char *) "[", 1);
    }

    r->filter_need_in_memory = 1;
    ctx->learn = learn;
}


/* Does all that the request names belong to the company, for certain? */

static ngx_uint_t
ngx_http_procore_scope_learn_scoped(ngx_http_procore_scope_ctx_t *ctx)
{
    if (ctx->judge.company == 0 || ctx->judge.excepted
        || ctx->judge.rank != PROCORE_RANK_NONE
        || !(ctx->judge.named || ctx->judge.has_header))
    {
        return 0;
    }

    if (ctx->request->method == NGX_HTTP_POST
        && (ctx->judge.body == NULL
            || ctx->judge.body->type != PROCORE_BODY_JSON
            || !ctx->body_seen))
    {
        return 0;
    }

    /* monitor decides later about what has a body */

    return ctx->decision == NGX_HTTP_PROCORE_SCOPE_ALLOW
           || (ctx->conf->mode == NGX_HTTP_PROCORE_SCOPE_MONITOR
               && ctx->decision == NGX_HTTP_PROCORE_SCOPE_UNDECIDED
               && ctx->judge.nunknown == 0);
}


void
ngx_http_procore_scope_learn_body(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, ngx_chain_t *in)
{
    ngx_buf_t                       *b;
    ngx_http_procore_scope_learn_t  *learn;

    learn = ctx->learn;

    for ( /* void */ ; in && !learn->over; in = in->next) {
        b = in->buf;

        if (ngx_buf_in_memory(b)) {

            if (!learn->broken
                && procore_project_list_feed(&learn->list, b->pos,
                                             (size_t) (b->last - b->pos))
                   != PROCORE_OK)
            {
                learn->broken = 1;
            }

        } else if (b->in_file) {
            learn->broken = 1;
        }

        if (b->last_buf) {
            learn->over = 1;
            ngx_http_procore_scope_learn_end(r, ctx);
        }
    }
}


/* One project that is said to be another company's spoils the whole answer. */

static void
ngx_http_procore_scope_learn_project(void *data, uint64_t project,
    uint64_t company)
{
    ngx_http_procore_scope_learn_t *learn = data;

    uint64_t  *id;

    if (learn->broken) {
        return;
    }

    if ((company && company != learn->company)
        || learn->ids.nelts == NGX_HTTP_PROCORE_SCOPE_LEARN_IDS)
    {
        learn->broken = 1;
        return;
    }

    id = ngx_array_push(&learn->ids);

    if (id == NULL) {
        learn->broken = 1;
        return;
    }

    *id = project;
}


static void
ngx_http_procore_scope_learn_end(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    procore_store_op_t               op;
    ngx_http_procore_scope_learn_t  *learn;

    learn = ctx->learn;

    if (learn->broken) {
        return;
    }

    if (learn->one) {
        (void) procore_project_list_feed(&learn->list, (u_char *) "]", 1);
    }

    if (procore_project_list_end(&learn->list) != PROCORE_OK
        || (learn->one
            && (learn->list.shape != PROCORE_PROJECT_LIST_OBJECTS
                || learn->list.count != 1)))
    {
        return;
    }

    ngx_http_procore_scope_learn_sort(ctx, learn);

    if (learn->ids.nelts == 0) {
        return;
    }

    ngx_memzero(&op, sizeof(procore_store_op_t));

    op.type = PROCORE_STORE_PROJECTS;
    ngx_memcpy(op.realm, ctx->conf->realm, PROCORE_REALM_SIZE);
    op.now = (uint64_t) r->start_sec;
    op.company = learn->company;
    op.projects = learn->ids.elts;
    op.nprojects = learn->ids.nelts;
    op.valid_for = (uint64_t) ctx->conf->projects_ttl;
    op.passing = 1;

    if (ngx_http_procore_scope_store_write(&op,
                                         ngx_http_procore_scope_learn_written,
                                           NULL)
        == NGX_OK)
    {
        learn->learnt = learn->ids.nelts;
    }

    ngx_log_debug2(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "procore scope learnt:%uz kept:%uz",
                   learn->learnt, learn->kept);
}


/*
 * Leaves the ids that are worth a write: an app that pages through its projects
 * all day must not write the same ones each time.
 */

static void
ngx_http_procore_scope_learn_sort(ngx_http_procore_scope_ctx_t *ctx,
    ngx_http_procore_scope_learn_t *learn)
{
    uint64_t           *ids, now, age;
    ngx_uint_t          i, n;
    procore_project_t   project;

    if (ngx_http_procore_scope_store_begin() != NGX_OK) {
        learn->ids.nelts = 0;
        return;
    }

    ids = learn->ids.elts;
    now = (uint64_t) ngx_time();
    n = 0;

    for (i = 0; i < learn->ids.nelts; i++) {

        if (ngx_http_procore_scope_store_project(ctx->conf->realm, ids[i],
                                                 &project)
            != PROCORE_OK)
        {
            ids[n++] = ids[i];
            continue;
        }

        age = now > project.learnt_at ? now - project.learnt_at : 0;

        if (project.company != learn->company) {

            if (project.valid_for == 0 || age < project.valid_for) {
                learn->kept++;
                continue;
            }

            ids[n++] = ids[i];

        } else if (project.valid_for && age > project.valid_for / 2) {
            ids[n++] = ids[i];
        }
    }

    ngx_http_procore_scope_store_end();

    learn->ids.nelts = n;
}


/* What another worker wrote in between; the record has gone out by then. */

static void
ngx_http_procore_scope_learn_written(void *data, procore_store_op_t *op)
{
    if (op->rc == PROCORE_OK && op->kept) {
        ngx_log_error(NGX_LOG_NOTICE, ngx_cycle->log, 0,
                      "procore_scope: an answer to company %uL named %uz "
                      "projects that are known for another one and stay there",
                      op->company, op->kept);
    }
}

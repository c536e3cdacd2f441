
/*
 * The authorization relay: which of its steps a request is, and the
 * authorization that a request belongs to.
 */


#include "ngx_http_procore_scope_bind.h"
#include "ngx_http_procore_scope_relay.h"


static ngx_int_t ngx_http_procore_scope_relay_place(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);
static ngx_http_procore_scope_relay_next_pt ngx_http_procore_scope_relay_step(
    ngx_http_request_t *r, ngx_http_procore_scope_ctx_t *ctx);
static ngx_http_procore_scope_relay_next_pt ngx_http_procore_scope_relay_at(
    ngx_http_procore_scope_ctx_t *ctx, ngx_str_t *path);
static ngx_uint_t ngx_http_procore_scope_relay_error_page(
    ngx_http_request_t *r);
static ngx_int_t ngx_http_procore_scope_relay_astray(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);
static ngx_uint_t ngx_http_procore_scope_relay_is(ngx_str_t *path,
    ngx_str_t *wanted);
static ngx_uint_t ngx_http_procore_scope_relay_starts(ngx_str_t *path);
static ngx_int_t ngx_http_procore_scope_relay_app(
    ngx_http_procore_scope_ctx_t *ctx);


ngx_int_t
ngx_http_procore_scope_relay_handler(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    ngx_http_procore_scope_relay_t  *relay;

    relay = ctx->relay;

    /* its answer failed, and an error page is under way */

    if (ctx->relay_over) {
        return NGX_DECLINED;
    }

    if (relay && relay->next) {
        return relay->waiting ? NGX_AGAIN : relay->next(r, ctx);
    }

    return ngx_http_procore_scope_relay_place(r, ctx);
}


static ngx_int_t
ngx_http_procore_scope_relay_place(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    ngx_str_t                             allow;
    ngx_uint_t                            allowed;
    ngx_http_procore_scope_relay_next_pt  step;

    step = ngx_http_procore_scope_relay_step(r, ctx);

    if (step == NULL) {
        return NGX_DECLINED;
    }

    ngx_log_debug0(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "procore scope relay");

    if (ngx_http_procore_scope_relay_make(r, ctx) == NULL
        || (!ctx->hide_query
            && ngx_http_procore_scope_hide_query(r, ctx) != NGX_OK))
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    allowed = NGX_HTTP_GET|NGX_HTTP_HEAD;
    ngx_str_set(&allow, "GET, HEAD");

    if (step == ngx_http_procore_scope_relay_picker) {
        allowed |= NGX_HTTP_POST;
        ngx_str_set(&allow, "GET, HEAD, POST");
    }

    if (!(r->method & allowed)) {

        if (ngx_http_procore_scope_add_answer_header(r, "Allow", &allow)
            != NGX_OK)
        {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        return ngx_http_procore_scope_relay_refuse(r, ctx,
                                                   PROCORE_REASON_BAD_REQUEST,
                                                   NGX_HTTP_NOT_ALLOWED);
    }

    return step(r, ctx);
}


/*
 * Paths are compared as they were before any rewrite, for that is what the
 * browser asked for; and no rewrite may lead past the relay.  What nginx itself
 * sends to a place that serves the login host, by try_files for example, is
 * still the same step; an error page, such as one after "deny", is none.  What
 * would go up as a start is one nevertheless, and what would go up as a
 * callback is refused, for it may hold a code.  NULL: no step.
 */

static ngx_http_procore_scope_relay_next_pt
ngx_http_procore_scope_relay_step(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    ngx_http_procore_scope_relay_next_pt  step;

    if (ctx->redirected && !ctx->conf->oauth) {
        return NULL;
    }

    step = ngx_http_procore_scope_relay_at(ctx, &ctx->normal);

    if (step
        && !(ctx->redirected && ngx_http_procore_scope_relay_error_page(r)))
    {
        return step;
    }

    if (ngx_http_procore_scope_relay_at(ctx, &r->uri)) {
        return ngx_http_procore_scope_relay_astray;
    }

    return (!ctx->redirected
            && ngx_http_procore_scope_relay_starts(&ctx->normal))
           || ngx_http_procore_scope_relay_starts(&r->uri)
           ? ngx_http_procore_scope_relay_start : NULL;
}


static ngx_http_procore_scope_relay_next_pt
ngx_http_procore_scope_relay_at(ngx_http_procore_scope_ctx_t *ctx,
    ngx_str_t *path)
{
    ngx_http_procore_scope_authorize_t  *authorize;

    authorize = ctx->conf->authorize;

    if (ngx_http_procore_scope_relay_is(path, &authorize->callback_path)) {
        return ngx_http_procore_scope_relay_return;
    }

    return ngx_http_procore_scope_relay_is(path, &authorize->picker_path)
           ? ngx_http_procore_scope_relay_picker : NULL;
}


/* With recursive_error_pages, nginx does not always keep what would tell. */

static ngx_uint_t
ngx_http_procore_scope_relay_error_page(ngx_http_request_t *r)
{
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    return r->error_page || r->err_status || clcf->recursive_error_pages;
}


static ngx_int_t
ngx_http_procore_scope_relay_astray(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    return ngx_http_procore_scope_relay_refuse(r, ctx,
                                            PROCORE_REASON_NO_TRANSACTION, 0);
}


static ngx_uint_t
ngx_http_procore_scope_relay_is(ngx_str_t *path, ngx_str_t *wanted)
{
    return path->len == wanted->len
           && ngx_memcmp(path->data, wanted->data, path->len) == 0;
}


/* What Rails would route to the authorization endpoint, however it is spelt. */

static ngx_uint_t
ngx_http_procore_scope_relay_starts(ngx_str_t *path)
{
    procore_str_t  text;

    text.len = path->len;
    text.data = path->data;

    return procore_path_oauth(&text) == PROCORE_OAUTH_AUTHORIZE;
}


ngx_http_procore_scope_relay_t *
ngx_http_procore_scope_relay_make(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx)
{
    if (ctx->relay) {
        return ctx->relay;
    }

    ctx->relay = ngx_pcalloc(r->pool, sizeof(ngx_http_procore_scope_relay_t));

    if (ctx->relay) {
        ctx->relay->request = r;
        ctx->relay->offered = -1;
    }

    return ctx->relay;
}


void
ngx_http_procore_scope_relay_client(ngx_http_procore_scope_ctx_t *ctx,
    const procore_str_t *id)
{
    ctx->binding.client_len = (unsigned char) ngx_min(id->len,
                                                 PROCORE_STORE_CLIENT_MAX);
    ngx_memcpy(ctx->binding.client, id->data, ctx->binding.client_len);
}


ngx_int_t
ngx_http_procore_scope_relay_audited(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, const u_char *id)
{
    ngx_http_procore_scope_relay_t  *relay;

    relay = ctx->relay;

    relay->audit_id.data = ngx_pnalloc(r->pool, 16);

    if (relay->audit_id.data == NULL
        || procore_relay_audit(id, relay->audit_id.data) != PROCORE_OK)
    {
        return NGX_ERROR;
    }

    relay->audit_id.len = 16;

    return NGX_OK;
}


int
ngx_http_procore_scope_relay_param(ngx_http_request_t *r, u_char *data,
    size_t len, const char *name, procore_str_t *value)
{
    u_char  *memory;

    value->len = 0;
    value->data = NULL;

    if (len == 0) {
        return PROCORE_NOT_FOUND;
    }

    memory = ngx_pnalloc(r->pool, len);
    if (memory == NULL) {
        return PROCORE_ERROR;
    }

    return procore_start_param(data, len, name, memory, value);
}


ngx_int_t
ngx_http_procore_scope_relay_open(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, u_char *data, size_t len)
{
    u_char                           id[PROCORE_RELAY_ID];
    ngx_int_t                        rc;
    procore_str_t                    name;
    ngx_http_procore_scope_relay_t  *relay;

    relay = ctx->relay;

    rc = ngx_http_procore_scope_relay_id(r, ctx, data, len, id);
    if (rc != NGX_OK) {
        return rc;
    }

    if (ngx_http_procore_scope_relay_audited(r, ctx, id) != NGX_OK) {
        return NGX_ERROR;
    }

    rc = ngx_http_procore_scope_relay_unpack(r, ctx, id);
    if (rc != NGX_OK) {
        return rc;
    }

    name.len = PROCORE_RELAY_ID;
    name.data = relay->authorization.id;

    if (procore_relay_key(ctx->conf->authorize->scope, PROCORE_RELAY_BY_ID,
                          &name, relay->key)
        != PROCORE_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_procore_scope_relay_app(ctx);
}


ngx_int_t
ngx_http_procore_scope_relay_id(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, u_char *data, size_t len, u_char *id)
{
    procore_str_t  state;

    switch (ngx_http_procore_scope_relay_param(r, data, len, "state", &state))
    {
    case PROCORE_OK:
        break;

    case PROCORE_NOT_FOUND:
        ctx->judge.reason = PROCORE_REASON_NO_TRANSACTION;
        return NGX_DECLINED;

    case PROCORE_ERROR:
        return NGX_ERROR;

    default:
        ctx->judge.reason = PROCORE_REASON_BAD_REQUEST;
        return NGX_DECLINED;
    }

    if (procore_hex_read(&state, id, PROCORE_RELAY_ID) != PROCORE_OK) {
        ctx->judge.reason = PROCORE_REASON_NO_TRANSACTION;
        return NGX_DECLINED;
    }

    ctx->relay->state.len = state.len;
    ctx->relay->state.data = (u_char *) state.data;

    return NGX_OK;
}


/* The cookie alone says what the authorization is. */

ngx_int_t
ngx_http_procore_scope_relay_unpack(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, u_char *id)
{
    int                                  rc;
    u_char                              *memory, key[PROCORE_STORE_KEY];
    ngx_str_t                            name;
    procore_str_t                        value;
    ngx_http_procore_scope_relay_t      *relay;
    ngx_http_procore_scope_authorize_t  *authorize;

    relay = ctx->relay;
    authorize = ctx->conf->authorize;

    ngx_memcpy(relay->authorization.id, id, PROCORE_RELAY_ID);

    if (ngx_http_procore_scope_relay_cookie_name(r, ctx, &name) != NGX_OK) {
        return NGX_ERROR;
    }

    if (ngx_http_procore_scope_relay_cookie(r, authorize->secure, &name,
                                            &value)
        != NGX_OK)
    {
        ctx->judge.reason = PROCORE_REASON_NO_TRANSACTION;
        return NGX_DECLINED;
    }

    if (ngx_http_procore_scope_store_key(key) != NGX_OK) {
        ctx->judge.reason = PROCORE_REASON_STORE_FAILED;
        return NGX_DECLINED;
    }

    memory = ngx_pnalloc(r->pool, value.len + 1);
    if (memory == NULL) {
        return NGX_ERROR;
    }

    rc = procore_cookie_open(key, authorize->scope, authorize->secure, id,
                             &value, memory, &relay->authorization);
    procore_wipe(key, sizeof(key));

    if (rc == PROCORE_ERROR) {
        return NGX_ERROR;
    }

    if (rc != PROCORE_OK) {
        ngx_memzero(&relay->authorization, sizeof(procore_relay_t));
        ctx->judge.reason = PROCORE_REASON_NO_TRANSACTION;
        return NGX_DECLINED;
    }

    return NGX_OK;
}


/* The configuration may have changed since the step before. */

static ngx_int_t
ngx_http_procore_scope_relay_app(ngx_http_procore_scope_ctx_t *ctx)
{
    ngx_str_t                         id;
    ngx_http_procore_scope_relay_t   *relay;
    ngx_http_procore_scope_client_t  *client;

    relay = ctx->relay;

    id.len = relay->authorization.client.len;
    id.data = (u_char *) relay->authorization.client.data;

    ngx_http_procore_scope_relay_client(ctx, &relay->authorization.client);
    ngx_http_procore_scope_judge_conf(ctx,
                           ngx_http_procore_scope_client_conf(ctx->conf, &id));

    client = ngx_http_procore_scope_client_find(ctx->conf, &id);

    if (client
        && ngx_http_procore_scope_relay_registered(client,
                                          &relay->authorization.redirect_uri))
    {
        relay->client = client;
        return NGX_OK;
    }

    ctx->judge.reason = PROCORE_REASON_BAD_REDIRECT_URI;

    return NGX_DECLINED;
}


ngx_uint_t
ngx_http_procore_scope_relay_registered(
    ngx_http_procore_scope_client_t *client, const procore_str_t *uri)
{
    ngx_str_t      *one;
    ngx_uint_t      i;
    procore_str_t   registered;

    if (client->redirect_uris == NULL) {
        return 0;
    }

    one = client->redirect_uris->elts;

    for (i = 0; i < client->redirect_uris->nelts; i++) {
        registered.len = one[i].len;
        registered.data = one[i].data;

        if (procore_redirect_same(&registered, uri)) {
            return 1;
        }
    }

    return 0;
}


int
ngx_http_procore_scope_relay_record(ngx_http_request_t *r, const u_char *key,
    procore_sealed_t *record)
{
    int        rc;
    ngx_str_t  sealed;

    if (ngx_http_procore_scope_store_begin() != NGX_OK) {
        return PROCORE_ERROR;
    }

    rc = ngx_http_procore_scope_store_sealed(key, record);

    if (rc == PROCORE_OK) {

        /* it points into the snapshot */

        if (ngx_http_procore_scope_copy(r->pool, &sealed, &record->sealed)
            == NGX_OK)
        {
            record->sealed.data = sealed.data;

        } else {
            rc = PROCORE_ERROR;
        }
    }

    ngx_http_procore_scope_store_end();

    return rc;
}


ngx_int_t
ngx_http_procore_scope_relay_unseal(ngx_http_request_t *r,
    const procore_str_t *secret, const u_char *key,
    const procore_sealed_t *record, procore_relay_t *relay)
{
    size_t   len;
    u_char  *p;

    p = ngx_pnalloc(r->pool, record->sealed.len + 1);
    if (p == NULL) {
        return NGX_ERROR;
    }

    if (procore_relay_unseal(secret, key, record->sealed.data,
                             record->sealed.len, p, &len)
        != PROCORE_OK)
    {
        return NGX_ERROR;
    }

    return procore_relay_unpack(relay, p, len) == PROCORE_OK ? NGX_OK
                                                             : NGX_ERROR;
}


ngx_int_t
ngx_http_procore_scope_relay_seal(ngx_http_request_t *r,
    const procore_str_t *secret, const u_char *key, procore_relay_t *relay,
    procore_store_op_t *op)
{
    int      rc;
    size_t   len;
    u_char  *p, *sealed;

    len = procore_relay_size(relay);

    if (len > PROCORE_STORE_SEALED_MAX - PROCORE_SEAL_OVERHEAD) {
        return NGX_ERROR;
    }

    p = ngx_pnalloc(r->pool, len);
    sealed = ngx_pnalloc(r->pool, len + PROCORE_SEAL_OVERHEAD);

    if (p == NULL || sealed == NULL) {
        return NGX_ERROR;
    }

    procore_relay_pack(relay, p);
    rc = procore_relay_seal(secret, key, p, len, sealed);
    procore_wipe(p, len);

    op->sealed = sealed;
    op->sealed_len = len + PROCORE_SEAL_OVERHEAD;

    return rc == PROCORE_OK ? NGX_OK : NGX_ERROR;
}

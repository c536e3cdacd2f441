
/*
 * The list of apps: which entry stands for one, and what it allows.
 */


#include "ngx_http_procore_scope_bind.h"


static ngx_str_t  ngx_http_procore_scope_other_clients = ngx_string("*");


ngx_http_procore_scope_client_t *
ngx_http_procore_scope_client_same(ngx_array_t *clients, ngx_str_t *id)
{
    ngx_uint_t                         i;
    ngx_http_procore_scope_client_t  **client;

    if (clients == NULL) {
        return NULL;
    }

    client = clients->elts;

    for (i = 0; i < clients->nelts; i++) {
        if (client[i]->id.len == id->len
            && ngx_memcmp(client[i]->id.data, id->data, id->len) == 0)
        {
            return client[i];
        }
    }

    return NULL;
}


ngx_http_procore_scope_client_t *
ngx_http_procore_scope_client_find(ngx_http_procore_scope_loc_conf_t *conf,
    ngx_str_t *id)
{
    ngx_http_procore_scope_client_t  *client;

    client = NULL;

    if (id->len) {
        client = ngx_http_procore_scope_client_same(conf->clients, id);
    }

    if (client) {
        return client;
    }

    return ngx_http_procore_scope_client_same(conf->clients,
                                        &ngx_http_procore_scope_other_clients);
}


ngx_http_procore_scope_client_company_t *
ngx_http_procore_scope_client_listed(ngx_http_procore_scope_client_t *client,
    uint64_t company)
{
    ngx_uint_t                                i;
    ngx_http_procore_scope_client_company_t  *elt;

    if (client->companies == NULL) {
        return NULL;
    }

    elt = client->companies->elts;

    for (i = 0; i < client->companies->nelts; i++) {
        if (elt[i].company == company) {
            return &elt[i];
        }
    }

    return NULL;
}


ngx_uint_t
ngx_http_procore_scope_client_allows(ngx_http_procore_scope_loc_conf_t *conf,
    ngx_str_t *id, uint64_t company)
{
    ngx_http_procore_scope_client_t  *client;

    client = ngx_http_procore_scope_client_find(conf, id);

    if (client == NULL) {
        return 1;
    }

    if (client->deny) {
        return 0;
    }

    return client->companies == NULL
           || ngx_http_procore_scope_client_listed(client, company) != NULL;
}


void
ngx_http_procore_scope_check_paused(ngx_http_procore_scope_ctx_t *ctx,
    ngx_str_t *client, ngx_str_t *other)
{
    ngx_uint_t  paused;

    if (ngx_http_procore_scope_store_begin() != NGX_OK) {
        return;
    }

    paused = ngx_http_procore_scope_store_paused(ctx->conf->realm, client)
             || (other && ngx_http_procore_scope_store_paused(ctx->conf->realm,
                                                              other));

    ngx_http_procore_scope_store_end();

    if (paused) {
        ctx->paused = 1;
        ngx_http_procore_scope_note(ctx, PROCORE_REASON_COMPANY_NOT_ALLOWED,
                                    PROCORE_RANK_TOKEN, NULL);
    }
}


uint64_t
ngx_http_procore_scope_client_only(ngx_http_procore_scope_loc_conf_t *conf,
    ngx_str_t *id)
{
    ngx_http_procore_scope_client_t          *client;
    ngx_http_procore_scope_client_company_t  *elt;

    if (id->len == 0) {
        return 0;
    }

    client = ngx_http_procore_scope_client_find(conf, id);

    if (client == NULL || client->companies == NULL
        || client->companies->nelts != 1)
    {
        return 0;
    }

    elt = client->companies->elts;

    return elt->company;
}


void
ngx_http_procore_scope_client_label(ngx_http_procore_scope_loc_conf_t *conf,
    ngx_str_t *id, uint64_t company, ngx_str_t *label)
{
    ngx_http_procore_scope_client_t          *client;
    ngx_http_procore_scope_client_company_t  *elt;

    ngx_str_null(label);

    client = ngx_http_procore_scope_client_find(conf, id);

    if (client == NULL) {
        return;
    }

    elt = ngx_http_procore_scope_client_listed(client, company);

    if (elt) {
        *label = elt->label;
    }
}


ngx_http_procore_scope_loc_conf_t *
ngx_http_procore_scope_client_conf(ngx_http_procore_scope_loc_conf_t *conf,
    ngx_str_t *id)
{
    ngx_http_procore_scope_client_t  *client;

    if (conf->twin == NULL || id->len == 0) {
        return conf;
    }

    client = ngx_http_procore_scope_client_find(conf, id);

    if (client == NULL || client->mode == NGX_CONF_UNSET_UINT
        || client->mode == conf->mode)
    {
        return conf;
    }

    return conf->twin;
}

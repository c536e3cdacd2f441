
/*
 * What the judge asks of nginx: the request's memory, and the owners of
 * projects, from one snapshot of the store.
 */


#include "ngx_http_procore_scope_report.h"


static void *ngx_http_procore_scope_judge_alloc(void *data, size_t size);
static int ngx_http_procore_scope_judge_owner(void *data, uint64_t id,
    procore_judge_owner_t *owner);


static const procore_judge_calls_t  ngx_http_procore_scope_judge_calls = {
    ngx_http_procore_scope_judge_alloc,
    ngx_http_procore_scope_judge_owner,
    ngx_http_procore_scope_report_named
};


void
ngx_http_procore_scope_judge_init(ngx_http_procore_scope_ctx_t *ctx,
    procore_judge_t *judge)
{
    procore_judge_init(judge, ctx->conf ? &ctx->conf->policy : NULL,
                       &ngx_http_procore_scope_judge_calls, ctx,
                       (uint64_t) ngx_time());
}


void
ngx_http_procore_scope_judge_conf(ngx_http_procore_scope_ctx_t *ctx,
    ngx_http_procore_scope_loc_conf_t *conf)
{
    if (ctx->conf && ctx->redirected
        && ngx_memcmp(ctx->conf->realm, conf->realm, PROCORE_REALM_SIZE) != 0)
    {
        /* ids of one Procore mean nothing in the other, nor do verdicts */

        ctx->judge.company = 0;
        ctx->way = PROCORE_WAY_NONE;

        if (ctx->body_started) {
            procore_judge_note(&ctx->judge, PROCORE_REASON_MALFORMED_BODY,
                               PROCORE_RANK_BODY_MALFORMED, NULL);
        }
    }

    ctx->conf = conf;
    ctx->judge.policy = &conf->policy;
}


void
ngx_http_procore_scope_judge_client(ngx_http_procore_scope_ctx_t *ctx)
{
    ctx->judge.client.len = ctx->binding.client_len;
    ctx->judge.client.data = ctx->binding.client;
}


static void *
ngx_http_procore_scope_judge_alloc(void *data, size_t size)
{
    ngx_http_procore_scope_ctx_t *ctx = data;

    return ngx_palloc(ctx->request->pool, size);
}


static int
ngx_http_procore_scope_judge_owner(void *data, uint64_t id,
    procore_judge_owner_t *owner)
{
    ngx_http_procore_scope_ctx_t *ctx = data;

    int                rc;
    uint64_t           now, end;
    procore_project_t  project;

    if (!ctx->snapshot && ngx_http_procore_scope_store_begin() == NGX_OK) {
        ctx->snapshot = 1;
    }

    if (!ctx->snapshot) {
        return PROCORE_ERROR;
    }

    rc = ngx_http_procore_scope_store_project(ctx->conf->realm, id, &project);

    if (rc != PROCORE_OK) {
        return rc;
    }

    owner->company = project.company;
    owner->imported = project.valid_for == 0;
    owner->aging = 0;

    if (owner->imported) {
        return PROCORE_OK;
    }

    now = (uint64_t) ngx_time();
    end = project.learnt_at + project.valid_for;

    if (end <= now) {
        return PROCORE_NOT_FOUND;
    }

    /* in the last tenth of its life there is still time to ask for the list */

    owner->aging = end - now <= project.valid_for / 10;

    return PROCORE_OK;
}


void
ngx_http_procore_scope_param(void *data, procore_carrier_e carrier,
    procore_param_e param, procore_value_e type, const procore_str_t *value)
{
    ngx_http_procore_scope_ctx_t *ctx = data;

    procore_judge_param(&ctx->judge, carrier, param, type, value);
}


void
ngx_http_procore_scope_judge_end(ngx_http_procore_scope_ctx_t *ctx)
{
    if (ctx->snapshot) {
        ctx->snapshot = 0;
        ngx_http_procore_scope_store_end();
    }
}


/*
 * The steps of a decision: token, head, body, and the end.
 */


#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <string.h>

#include "procore_judge_internal.h"
#include "../claims/procore_form.h"
#include "../claims/procore_head.h"


static void procore_judge_no_claim(void *data, const procore_claim_t *claim);
static void procore_judge_found_param(void *data, procore_carrier_e carrier,
    procore_param_e param, procore_value_e type, const procore_str_t *value);
static void procore_judge_path(procore_judge_t *judge,
    const procore_judge_target_t *target, const procore_sink_t *sink);
static void procore_judge_no_header(procore_judge_t *judge);


int
procore_judge_preflight(procore_judge_t *judge, unsigned facts)
{
    if (facts != PROCORE_PREFLIGHT) {
        return 0;
    }

    judge->reason = PROCORE_REASON_PREFLIGHT;

    return 1;
}


int
procore_judge_credentials(const procore_str_t *query)
{
    int              found;
    procore_form_t   form;
    procore_sink_t   sink;
    procore_rules_t  rules;

    /* Neither of the two names can be written without one of these. */

    if (memchr(query->data, '%', query->len) == NULL
        && memmem(query->data, query->len, "_token", sizeof("_token") - 1)
           == NULL)
    {
        return 0;
    }

    memset(&rules, 0, sizeof(procore_rules_t));

    found = 0;

    sink.data = &found;
    sink.claim = procore_judge_no_claim;
    sink.unlisted = NULL;
    sink.param = procore_judge_found_param;
    sink.field = NULL;

    (void) procore_query_claims(&form, &rules, &sink, query, NULL, 0);

    return found;
}


static void
procore_judge_no_claim(void *data, const procore_claim_t *claim)
{
    (void) data;
    (void) claim;
}


static void
procore_judge_found_param(void *data, procore_carrier_e carrier,
    procore_param_e param, procore_value_e type, const procore_str_t *value)
{
    int *found = data;

    (void) carrier;
    (void) type;
    (void) value;

    if (param == PROCORE_PARAM_ACCESS_TOKEN
        || param == PROCORE_PARAM_BEARER_TOKEN)
    {
        *found = 1;
    }
}


int
procore_judge_token(procore_judge_t *judge, const procore_str_t *authorization,
    int credentials, procore_str_t *token)
{
    token->len = 0;
    token->data = NULL;

    judge->bearer = PROCORE_BEARER_MISSING;

    if (authorization != NULL
        && procore_bearer(authorization, token) == PROCORE_OK)
    {
        judge->bearer = PROCORE_BEARER_PRESENT;
    }

    if (credentials) {
        judge->bearer = PROCORE_BEARER_AMBIGUOUS;
        procore_judge_note(judge, PROCORE_REASON_AMBIGUOUS_TOKEN,
                           PROCORE_RANK_TOKEN, NULL);
    }

    if (token->len == 0) {
        procore_judge_note(judge, PROCORE_REASON_MISSING_TOKEN,
                           PROCORE_RANK_TOKEN, NULL);
        return PROCORE_NOT_FOUND;
    }

    return PROCORE_OK;
}


void
procore_judge_binding(procore_judge_t *judge, procore_binding_e binding,
    uint64_t company)
{
    switch (binding) {

    case PROCORE_BINDING_FAILED:
        procore_judge_note(judge, PROCORE_REASON_STORE_FAILED,
                           PROCORE_RANK_STORE_FAILED, NULL);
        break;

    case PROCORE_BINDING_WITHDRAWN:
        procore_judge_note(judge, PROCORE_REASON_REVOKED_TOKEN,
                           PROCORE_RANK_TOKEN, NULL);
        break;

    case PROCORE_BINDING_BOUND:
        judge->company = company;
        break;

    default:
        break;
    }
}


void
procore_judge_target_list(procore_judge_t *judge,
    const procore_judge_target_t *target)
{
    size_t                i;
    const procore_str_t  *path;

    path = judge->policy->paths;

    for (i = 0; i < judge->policy->npaths; i++) {
        if (target->uri.len >= path[i].len
            && memcmp(target->uri.data, path[i].data, path[i].len) == 0)
        {
            return;
        }
    }

    procore_judge_note(judge, PROCORE_REASON_UNLISTED_PATH,
                       PROCORE_RANK_PATH_LIST, NULL);
}


void
procore_judge_company_line(procore_judge_t *judge, const procore_str_t *value)
{
    procore_sink_t  sink;

    procore_judge_sink(judge, &sink);

    switch (procore_company_header(value, &sink)) {

    case PROCORE_OK:
        judge->has_header = 1;
        break;

    case PROCORE_NOT_FOUND:
        judge->empty_header = 1;
        break;

    default:
        procore_judge_note(judge, PROCORE_REASON_MALFORMED_HEADER,
                           PROCORE_RANK_HEADER_MALFORMED, NULL);
        break;
    }
}


int
procore_judge_target(procore_judge_t *judge,
    const procore_judge_target_t *target)
{
    procore_form_t  *form;
    procore_sink_t   sink;

    procore_judge_sink(judge, &sink);

    judge->rules.extra = judge->policy->names;
    judge->rules.nextra = judge->policy->nnames;

    procore_judge_path(judge, target, &sink);

    /*
     * The target goes up as it was sent, with the fragment that nginx cuts off
     * and that other servers may read in their own way.
     */

    if (target->as_sent && target->fragment) {
        procore_judge_note(judge, PROCORE_REASON_MALFORMED_PATH,
                           PROCORE_RANK_PATH_MALFORMED, NULL);
    }

    if (target->query.len == 0) {
        return PROCORE_OK;
    }

    form = judge->calls->alloc(judge->data, sizeof(procore_form_t));
    if (form == NULL) {
        return PROCORE_ERROR;
    }

    if (procore_query_claims(form, &judge->rules, &sink, &target->query, NULL,
                             0)
        != PROCORE_OK)
    {
        procore_judge_note(judge, PROCORE_REASON_MALFORMED_QUERY,
                           PROCORE_RANK_QUERY_MALFORMED, NULL);
    }

    return PROCORE_OK;
}


/*
 * What the client sent and nginx's normal form of it must tell the same, else
 * neither is certain.  Then what goes up is read: the target as sent where
 * nobody has rewritten it, else the current URI, which nginx escapes again.
 */

static void
procore_judge_path(procore_judge_t *judge,
    const procore_judge_target_t *target, const procore_sink_t *sink)
{
    int  rc;

    rc = PROCORE_OK;

    if (target->normal.len) {
        rc = procore_path_compare(&target->raw, &target->normal);
    }

    if (rc == PROCORE_OK) {
        rc = target->as_sent
             ? procore_path_claims(&target->raw, 1, sink, &judge->path)
             : procore_path_claims(&target->uri, 0, sink, &judge->path);
    }

    if (rc != PROCORE_OK) {
        procore_judge_note(judge, PROCORE_REASON_MALFORMED_PATH,
                           PROCORE_RANK_PATH_MALFORMED, NULL);
    }

    judge->rules.sync = judge->path == PROCORE_PATH_SYNC;

    switch (judge->path) {

    case PROCORE_PATH_COMPANIES:
    case PROCORE_PATH_COMPANY:
        judge->rules.resource = PROCORE_KIND_COMPANY;
        break;

    case PROCORE_PATH_PROJECTS:
    case PROCORE_PATH_PROJECT:
        judge->rules.resource = PROCORE_KIND_PROJECT;
        break;

    default:
        judge->rules.resource = PROCORE_KIND_NONE;
        break;
    }
}


void
procore_judge_unbound(procore_judge_t *judge, int reads, int body)
{
    int  discovery;

    discovery = reads && !judge->named
                && (judge->path == PROCORE_PATH_COMPANIES
                    || judge->path == PROCORE_PATH_ME);

    if (judge->company == 0) {

        if (discovery) {
            judge->discovery = 1;
            judge->first_use = 0;

        } else if (!judge->first_use && judge->rank > PROCORE_RANK_TOKEN
                   && judge->rank != PROCORE_RANK_STORE_FAILED)
        {
            procore_judge_note(judge, PROCORE_REASON_UNBOUND,
                               PROCORE_RANK_TOKEN, NULL);
        }

        return;
    }

    if (!discovery && !body) {
        procore_judge_no_header(judge);
    }
}


void
procore_judge_nameless(procore_judge_t *judge)
{
    if (judge->path != PROCORE_PATH_COMPANIES
        && judge->path != PROCORE_PATH_ME)
    {
        procore_judge_no_header(judge);
    }
}


/* Nobody adds the company's header to a request that names nothing. */

static void
procore_judge_no_header(procore_judge_t *judge)
{
    if (!judge->policy->header
        && judge->policy->mode == PROCORE_MODE_ENFORCE
        && judge->company && !judge->named)
    {
        procore_judge_note(judge, PROCORE_REASON_UNBOUND, PROCORE_RANK_BODY,
                           NULL);
    }
}


int
procore_judge_body_start(procore_judge_t *judge,
    const procore_judge_body_t *head, const procore_sink_t *sink,
    unsigned char *scratch, size_t scratch_size)
{
    size_t          limit;
    procore_str_t   boundary;
    procore_body_e  type;

    type = procore_body_type(head->types, head->ntypes, head->encodings,
                             head->nencodings, &boundary);

    if (type == PROCORE_BODY_UNREAD) {
        return PROCORE_NOT_FOUND;
    }

    if (type == PROCORE_BODY_UNSUPPORTED) {
        judge->unsupported = 1;

        /* A chunked body may still turn out to be empty. */

        if (head->length) {
            procore_judge_note(judge, PROCORE_REASON_UNSUPPORTED_BODY,
                               PROCORE_RANK_BODY_MALFORMED, NULL);
        }

        return PROCORE_OK;
    }

    judge->body = judge->calls->alloc(judge->data, sizeof(procore_body_t));
    if (judge->body == NULL) {
        return PROCORE_ERROR;
    }

    judge->sink = *sink;
    limit = judge->policy->body_size;

    if (procore_body_start(judge->body, type, &boundary, limit, &judge->rules,
                           &judge->sink, scratch, scratch_size)
        != PROCORE_OK)
    {
        procore_judge_note(judge, PROCORE_REASON_MALFORMED_BODY,
                           PROCORE_RANK_BODY_MALFORMED, NULL);
        return PROCORE_OK;
    }

    if (type != PROCORE_BODY_MULTIPART && limit && head->length > limit) {
        procore_judge_note(judge, PROCORE_REASON_BODY_TOO_LARGE,
                           PROCORE_RANK_BODY_MALFORMED, NULL);
    }

    return PROCORE_OK;
}


void
procore_judge_body_feed(procore_judge_t *judge, const unsigned char *data,
    size_t len)
{
    if (judge->unsupported) {
        procore_judge_note(judge, PROCORE_REASON_UNSUPPORTED_BODY,
                           PROCORE_RANK_BODY_MALFORMED, NULL);
        return;
    }

    if (judge->body != NULL) {
        (void) procore_body_feed(judge->body, data, len);
    }
}


void
procore_judge_body_end(procore_judge_t *judge)
{
    if (judge->body == NULL) {
        return;
    }

    switch (procore_body_end(judge->body)) {

    case PROCORE_OK:
        break;

    case PROCORE_TOO_LARGE:
        procore_judge_note(judge, PROCORE_REASON_BODY_TOO_LARGE,
                           PROCORE_RANK_BODY_MALFORMED, NULL);
        break;

    default:
        procore_judge_note(judge, PROCORE_REASON_MALFORMED_BODY,
                           PROCORE_RANK_BODY_MALFORMED, NULL);
        break;
    }
}


void
procore_judge_whole(procore_judge_t *judge)
{
    if (judge->discovery && judge->named) {
        procore_judge_note(judge, PROCORE_REASON_UNBOUND, PROCORE_RANK_TOKEN,
                           NULL);
    }
}


procore_decision_e
procore_judge_decide(procore_judge_t *judge)
{
    int  undecided;

    if (judge->rank == PROCORE_RANK_NONE) {

        if (judge->discovery) {
            judge->reason = PROCORE_REASON_DISCOVERY;

        } else if (judge->excepted) {
            judge->reason = PROCORE_REASON_EXCEPTION;
        }

        return PROCORE_DECISION_ALLOW;
    }

    undecided = judge->reason == PROCORE_REASON_LOOKUP_FAILED
                || judge->reason == PROCORE_REASON_STORE_FAILED;

    if (judge->policy->mode == PROCORE_MODE_MONITOR) {
        return undecided ? PROCORE_DECISION_ALLOW_UNDECIDED
                         : PROCORE_DECISION_WOULD_DENY;
    }

    if (undecided && (judge->policy->undecided_allow
                      & ((uint64_t) 1 << judge->reason)))
    {
        return PROCORE_DECISION_ALLOW_UNDECIDED;
    }

    return PROCORE_DECISION_DENY;
}

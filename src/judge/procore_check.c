
/*
 * The gate's way through the judge, without nginx.
 */


#include <string.h>

#include "procore_check.h"


/* Lines of one header that are looked at, as the gate does. */

#define PROCORE_CHECK_LINES  8


static int procore_check_is(const procore_str_t *text, const char *want);
static int procore_check_has_body(const procore_request_t *request);
static int procore_check_login(const procore_request_t *request);
static unsigned procore_check_preflight(const procore_request_t *request,
    int credentials);
static void procore_check_token(procore_judge_t *judge,
    const procore_settings_t *settings, const procore_request_t *request,
    const procore_check_calls_t *calls, int credentials);
static int procore_check_head(procore_judge_t *judge,
    const procore_request_t *request);
static procore_check_e procore_check_body(procore_judge_t *judge,
    procore_request_t *request);
static void procore_check_first_use(procore_judge_t *judge);
static int procore_check_open(const procore_judge_t *judge);


procore_check_e
procore_check(procore_judge_t *judge, const procore_settings_t *settings,
    procore_request_t *request, const procore_check_calls_t *calls, void *data,
    uint64_t now, procore_decision_e *decision)
{
    int              credentials;
    procore_check_e  rc;

    procore_judge_init(judge, &settings->policy, &calls->judge, data, now);

    *decision = PROCORE_DECISION_NONE;

    if (request->status) {
        return PROCORE_CHECK_ANSWERED;
    }

    if (settings->policy.mode == PROCORE_MODE_OFF) {
        return PROCORE_CHECK_OFF;
    }

    if (settings->oauth && procore_check_login(request)) {
        return PROCORE_CHECK_LOGIN;
    }

    credentials = request->target.query.len
                  && procore_judge_credentials(&request->target.query);

    if (!procore_judge_preflight(judge,
                                 procore_check_preflight(request,
                                                         credentials)))
    {
        procore_check_token(judge, settings, request, calls, credentials);

        if (procore_check_head(judge, request) != PROCORE_OK) {
            return PROCORE_CHECK_FAILED;
        }

        if (judge->rank >= PROCORE_RANK_UNCERTAIN
            && judge->rank != PROCORE_RANK_STORE_FAILED)
        {
            rc = procore_check_body(judge, request);

            if (rc != PROCORE_CHECK_DECIDED) {
                return rc;
            }

            procore_judge_whole(judge);
            procore_check_first_use(judge);
            procore_judge_nameless(judge);

            if (settings->lookup && procore_check_open(judge)) {
                return PROCORE_CHECK_UNDECIDED;
            }

            procore_judge_unknown(judge);
        }
    }

    *decision = procore_judge_decide(judge);

    return PROCORE_CHECK_DECIDED;
}


static int
procore_check_is(const procore_str_t *text, const char *want)
{
    return text->len == strlen(want)
           && memcmp(text->data, want, text->len) == 0;
}


static int
procore_check_has_body(const procore_request_t *request)
{
    return request->length != 0 || request->chunked;
}


/* A path of the login host, as sent and in nginx's form. */

static int
procore_check_login(const procore_request_t *request)
{
    const procore_target_t  *target;

    target = &request->target;

    return target->raw.len > 7 && memcmp(target->raw.data, "/oauth/", 7) == 0
           && procore_path_compare(&target->raw, &target->uri) == PROCORE_OK
           && procore_path_oauth(&target->uri) != PROCORE_OAUTH_NONE;
}


static unsigned
procore_check_preflight(const procore_request_t *request, int credentials)
{
    unsigned       facts;
    procore_str_t  line;

    facts = 0;

    if (procore_check_is(&request->method, "OPTIONS")) {
        facts |= PROCORE_PREFLIGHT_OPTIONS;
    }

    if (!credentials && !procore_check_has_body(request)
        && procore_request_lines(request, "authorization", &line, 1) == 0)
    {
        facts |= PROCORE_PREFLIGHT_BARE;
    }

    if (procore_request_lines(request, "origin", &line, 1)) {
        facts |= PROCORE_PREFLIGHT_ORIGIN;
    }

    if (procore_request_lines(request, "access-control-request-method", &line,
                              1))
    {
        facts |= PROCORE_PREFLIGHT_METHOD;
    }

    return facts;
}


/* Token, its binding, and a company that the operator has configured. */

static void
procore_check_token(procore_judge_t *judge, const procore_settings_t *settings,
    const procore_request_t *request, const procore_check_calls_t *calls,
    int credentials)
{
    size_t                 n;
    procore_str_t          line, token;
    procore_check_token_t  found;

    n = procore_request_lines(request, "authorization", &line, 1);

    if (procore_judge_token(judge, n ? &line : NULL, credentials, &token)
        != PROCORE_OK)
    {
        return;
    }

    memset(&found, 0, sizeof(procore_check_token_t));

    calls->token(judge->data, &token, &found);

    judge->client = found.client;

    if (found.paused) {
        procore_judge_note(judge, PROCORE_REASON_COMPANY_NOT_ALLOWED,
                           PROCORE_RANK_TOKEN, NULL);
    }

    procore_judge_binding(judge, found.binding, found.company);

    if (settings->company && judge->company
        && settings->company != judge->company)
    {
        procore_judge_note(judge, PROCORE_REASON_REBIND, PROCORE_RANK_TOKEN,
                           NULL);

    } else if (judge->company == 0 && judge->reason == PROCORE_REASON_OK) {
        judge->company = settings->company;
    }

    judge->first_use = judge->company == 0
                       && judge->reason == PROCORE_REASON_OK
                       && settings->first_use && !found.service;
}


static int
procore_check_head(procore_judge_t *judge, const procore_request_t *request)
{
    size_t                  i, n;
    procore_str_t           lines[PROCORE_REQUEST_HEADERS];
    procore_judge_target_t  target;

    target.raw = request->target.raw;
    target.normal = request->target.uri;
    target.uri = request->target.uri;
    target.query = request->target.query;
    target.as_sent = request->as_sent;
    target.fragment = request->target.fragment;

    procore_judge_target_list(judge, &target);

    n = procore_request_lines(request, "procore-company-id", lines,
                              PROCORE_REQUEST_HEADERS);

    for (i = 0; i < n; i++) {
        procore_judge_company_line(judge, &lines[i]);
    }

    if (procore_judge_target(judge, &target) != PROCORE_OK) {
        return PROCORE_ERROR;
    }

    procore_judge_unbound(judge, procore_check_is(&request->method, "GET")
                                 || procore_check_is(&request->method, "HEAD"),
                          procore_check_has_body(request));

    return PROCORE_OK;
}


static procore_check_e
procore_check_body(procore_judge_t *judge, procore_request_t *request)
{
    int                   rc;
    procore_str_t         types[PROCORE_CHECK_LINES];
    procore_str_t         encodings[PROCORE_CHECK_LINES];
    procore_sink_t        sink;
    procore_judge_body_t  body;

    if (!procore_check_has_body(request)) {
        return PROCORE_CHECK_DECIDED;
    }

    body.types = types;
    body.ntypes = procore_request_lines(request, "content-type", types,
                                        PROCORE_CHECK_LINES);
    body.encodings = encodings;
    body.nencodings = procore_request_lines(request, "content-encoding",
                                            encodings, PROCORE_CHECK_LINES);
    body.length = request->length;

    procore_judge_sink(judge, &sink);

    rc = procore_judge_body_start(judge, &body, &sink, NULL, 0);

    if (rc == PROCORE_ERROR) {
        return PROCORE_CHECK_FAILED;
    }

    if (rc != PROCORE_OK || judge->rank < PROCORE_RANK_UNCERTAIN) {

        /* nobody reads it, or its length or type has decided */

        return PROCORE_CHECK_DECIDED;
    }

    if (!request->complete) {
        request->status = 400;
        request->why = "a body that ends early or whose chunks cannot be read";

        return PROCORE_CHECK_ANSWERED;
    }

    if (request->body.len) {
        procore_judge_body_feed(judge, request->body.data, request->body.len);
    }

    procore_judge_body_end(judge);

    return PROCORE_CHECK_DECIDED;
}


/* The token of a first use would be bound now, or the request is refused. */

static void
procore_check_first_use(procore_judge_t *judge)
{
    uint64_t  company;

    if (!judge->first_use || judge->rank < PROCORE_RANK_UNCERTAIN) {
        return;
    }

    company = procore_judge_first_company(judge);

    if (company) {
        procore_judge_first_bound(judge, company);

    } else {
        procore_judge_note(judge, PROCORE_REASON_UNBOUND, PROCORE_RANK_TOKEN,
                           NULL);
    }

    if (judge->policy->mode == PROCORE_MODE_MONITOR) {

        /* nobody waits for a list there: what is not known stays so */

        judge->nunknown = 0;
    }
}


/* Is there a project that decides, and that nobody knows yet? */

static int
procore_check_open(const procore_judge_t *judge)
{
    size_t  i;

    if (judge->rank < PROCORE_RANK_UNCERTAIN) {
        return 0;
    }

    for (i = 0; i < judge->nunknown; i++) {
        if (judge->unknown[i].verdict == PROCORE_VERDICT_UNKNOWN) {
            return 1;
        }
    }

    return 0;
}

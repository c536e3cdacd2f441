
/*
 * Decisions without nginx: the steps of the judge, as the gate takes them.
 */

#include <stdlib.h>

#include "unit.h"

#include "../../src/judge/procore_judge.h"


#define OWN      562949953421312ull
#define FOREIGN  598134325779301ull
#define BLOCKS   4096


static void                 *blocks[BLOCKS];
static size_t                nblocks;
static int                   broken;       /* the store cannot be asked */
static procore_policy_t      policy;
static procore_judge_t       judge;


static void *
give(void *data, size_t size)
{
    (void) data;

    if (nblocks == BLOCKS) {
        abort();
    }

    blocks[nblocks] = malloc(size);

    return blocks[nblocks++];
}


/* 1001 and 1002 are the own company's, 2002 another one's. */

static int
owner(void *data, uint64_t project, procore_judge_owner_t *found)
{
    (void) data;

    if (broken) {
        return PROCORE_ERROR;
    }

    found->company = project == 2002 ? FOREIGN : OWN;
    found->imported = project == 2002;
    found->aging = project == 1002;

    return project == 1001 || project == 1002 || project == 2002
           ? PROCORE_OK : PROCORE_NOT_FOUND;
}


static const procore_judge_calls_t  calls = { give, owner, NULL };


static void
take_back(void)
{
    while (nblocks) {
        free(blocks[--nblocks]);
    }
}


static procore_str_t
text(const char *s)
{
    procore_str_t  str;

    str.data = (const unsigned char *) s;
    str.len = strlen(s);

    return str;
}


static void
begin(procore_binding_e binding, uint64_t company)
{
    procore_str_t  bearer, token;

    take_back();
    procore_judge_init(&judge, &policy, &calls, NULL, 1000);

    bearer = text("Bearer abc");
    (void) procore_judge_token(&judge, &bearer, 0, &token);
    procore_judge_binding(&judge, binding, company);
}


static void
head(const char *path, const char *query, const char *header)
{
    procore_str_t           line;
    procore_judge_target_t  target;

    memset(&target, 0, sizeof(target));

    target.raw = text(path);
    target.normal = target.raw;
    target.uri = target.raw;
    target.query = text(query);
    target.as_sent = 1;

    procore_judge_target_list(&judge, &target);

    if (header != NULL) {
        line = text(header);
        procore_judge_company_line(&judge, &line);
    }

    is_int(procore_judge_target(&judge, &target), PROCORE_OK, "%s?%s", path,
           query);
}


static void
body(const char *type, const char *content)
{
    procore_str_t         types[1];
    procore_sink_t        sink;
    procore_judge_body_t  lines;

    types[0] = text(type);

    memset(&lines, 0, sizeof(lines));
    lines.types = types;
    lines.ntypes = 1;
    lines.length = strlen(content);

    procore_judge_sink(&judge, &sink);

    if (procore_judge_body_start(&judge, &lines, &sink, NULL, 0)
        == PROCORE_OK)
    {
        procore_judge_body_feed(&judge, (const unsigned char *) content,
                                strlen(content));
        procore_judge_body_end(&judge);
    }
}


static void
decided(procore_decision_e decision, procore_reason_e reason)
{
    procore_judge_whole(&judge);
    procore_judge_unknown(&judge);

    is_int(procore_judge_decide(&judge), decision, "decided: %s",
           procore_decision_names[decision]);
    is_int(judge.reason, reason, "because: %.*s",
           (int) procore_reasons[reason].name.len,
           (const char *) procore_reasons[reason].name.data);
}


static void
bound(void)
{
    begin(PROCORE_BINDING_BOUND, OWN);
    head("/rest/v1.0/projects/1001/rfis", "company_id=562949953421312", NULL);
    procore_judge_unbound(&judge, 1, 0);
    decided(PROCORE_DECISION_ALLOW, PROCORE_REASON_OK);
    is_int((long long) judge.nclaims, 2, "two claims are kept");
    is_int(judge.claims[0].verdict, PROCORE_VERDICT_OWN, "own");
    is_int((long long) judge.project, 1001, "the first project");

    begin(PROCORE_BINDING_BOUND, OWN);
    head("/rest/v1.0/me", "project_id=2002&company_id=x1", "598134325779301");
    decided(PROCORE_DECISION_DENY, PROCORE_REASON_FOREIGN_COMPANY);
    is_int(judge.deciding->carrier, PROCORE_IN_HEADER, "the header decides");
    is_int((long long) judge.nclaims, 3, "and all are kept");

    begin(PROCORE_BINDING_BOUND, OWN);
    head("/rest/v1.0/me", "", NULL);
    body("application/json", "{\"a\":{\"project_id\":2002}}");
    decided(PROCORE_DECISION_DENY, PROCORE_REASON_FOREIGN_PROJECT);

    begin(PROCORE_BINDING_BOUND, OWN);
    head("/other", "", NULL);
    body("text/xml", "<a/>");
    decided(PROCORE_DECISION_DENY, PROCORE_REASON_UNLISTED_PATH);
    ok(procore_judge_unread(&judge, PROCORE_IN_BODY) != 0,
       "and the body cannot be read");

    begin(PROCORE_BINDING_BOUND, OWN);
    head("/rest/v1.0/projects/1002", "", NULL);
    is_int(judge.refresh, 1, "a project whose time is nearly over");

    begin(PROCORE_BINDING_WITHDRAWN, 0);
    head("/rest/v1.0/companies/598134325779301", "", NULL);
    decided(PROCORE_DECISION_DENY, PROCORE_REASON_REVOKED_TOKEN);

    begin(PROCORE_BINDING_FAILED, 0);
    head("/rest/v1.0/rfis", "", NULL);
    procore_judge_unbound(&judge, 1, 0);
    decided(PROCORE_DECISION_DENY, PROCORE_REASON_STORE_FAILED);
    policy.undecided_allow = (uint64_t) 1 << PROCORE_REASON_STORE_FAILED;
    decided(PROCORE_DECISION_ALLOW_UNDECIDED, PROCORE_REASON_STORE_FAILED);
    policy.undecided_allow = 0;
    policy.mode = PROCORE_MODE_MONITOR;
    decided(PROCORE_DECISION_ALLOW_UNDECIDED, PROCORE_REASON_STORE_FAILED);
    policy.mode = PROCORE_MODE_ENFORCE;
}


static void
unbound(void)
{
    begin(PROCORE_BINDING_UNKNOWN, 0);
    head("/rest/v1.0/companies", "", NULL);
    procore_judge_unbound(&judge, 1, 0);
    decided(PROCORE_DECISION_ALLOW, PROCORE_REASON_DISCOVERY);

    begin(PROCORE_BINDING_UNKNOWN, 0);
    head("/rest/v1.0/companies", "", NULL);
    procore_judge_unbound(&judge, 1, 1);
    body("application/x-www-form-urlencoded", "company_id=7");
    decided(PROCORE_DECISION_DENY, PROCORE_REASON_UNBOUND);

    begin(PROCORE_BINDING_UNKNOWN, 0);
    head("/rest/v1.0/companies/7", "", NULL);
    procore_judge_unbound(&judge, 1, 0);
    decided(PROCORE_DECISION_DENY, PROCORE_REASON_UNBOUND);

    begin(PROCORE_BINDING_UNKNOWN, 0);
    judge.first_use = 1;
    head("/rest/v1.0/projects/1001", "company_id=562949953421312", NULL);
    procore_judge_unbound(&judge, 1, 0);
    is_int((long long) procore_judge_first_company(&judge), (long long) OWN,
           "what a first use binds to");
    procore_judge_first_bound(&judge, OWN);
    decided(PROCORE_DECISION_ALLOW, PROCORE_REASON_OK);

    begin(PROCORE_BINDING_UNKNOWN, 0);
    judge.first_use = 1;
    head("/rest/v1.0/projects/2002", "company_id=562949953421312", NULL);
    is_int((long long) procore_judge_first_company(&judge), 0,
           "not with another company's project");

    begin(PROCORE_BINDING_UNKNOWN, 0);
    judge.first_use = 1;
    head("/rest/v1.0/rfis", "company_id=7&company_id=8", NULL);
    is_int((long long) procore_judge_first_company(&judge), 0,
           "and not with two of them");
}


/* Of a body that has been read, what counts is not lost with the head. */

static void
again(void)
{
    procore_exception_t     exception;
    static const uint64_t   excepted[] = { 2002 };

    begin(PROCORE_BINDING_BOUND, OWN);
    head("/rest/v1.0/rfis", "company_id=7", NULL);
    body("application/json", "{\"project_id\":2002}");
    decided(PROCORE_DECISION_DENY, PROCORE_REASON_FOREIGN_COMPANY);
    procore_judge_again(&judge);
    head("/rest/v1.0/rfis", "", NULL);
    decided(PROCORE_DECISION_DENY, PROCORE_REASON_FOREIGN_PROJECT);
    is_int(judge.deciding->carrier, PROCORE_IN_BODY, "the body decides");

    begin(PROCORE_BINDING_BOUND, OWN);
    head("/rest/v1.0/rfis", "company_id=7", NULL);
    body("application/json", "{\"project_id\":");
    procore_judge_again(&judge);
    head("/rest/v1.0/rfis", "", NULL);
    decided(PROCORE_DECISION_DENY, PROCORE_REASON_MALFORMED_BODY);

    begin(PROCORE_BINDING_BOUND, OWN);
    head("/rest/v1.0/rfis", "", NULL);
    body("application/json", "{\"access_token\":\"x\"}");
    procore_judge_again(&judge);
    head("/rest/v1.0/rfis", "", NULL);
    decided(PROCORE_DECISION_DENY, PROCORE_REASON_AMBIGUOUS_TOKEN);

    begin(PROCORE_BINDING_BOUND, OWN);
    head("/rest/v1.0/rfis", "company_id=7", NULL);
    body("application/json", "{\"project_id\":1001}");
    procore_judge_again(&judge);
    head("/rest/v1.0/rfis", "", NULL);
    decided(PROCORE_DECISION_ALLOW, PROCORE_REASON_OK);

    /* an exception of one place is none of another */

    memset(&exception, 0, sizeof(exception));
    exception.company = FOREIGN;
    exception.projects = excepted;
    exception.nprojects = 1;

    policy.exceptions = &exception;
    policy.nexceptions = 1;
    begin(PROCORE_BINDING_BOUND, OWN);
    head("/rest/v1.0/rfis", "project_id=2002", NULL);
    decided(PROCORE_DECISION_ALLOW, PROCORE_REASON_EXCEPTION);
    policy.exceptions = NULL;
    policy.nexceptions = 0;
    procore_judge_again(&judge);
    head("/rest/v1.0/rfis", "project_id=2002", NULL);
    decided(PROCORE_DECISION_DENY, PROCORE_REASON_FOREIGN_PROJECT);
}


static void
projects(void)
{
    size_t         i;
    char           query[64];
    procore_str_t  name, value;

    begin(PROCORE_BINDING_BOUND, OWN);
    head("/rest/v1.0/projects/3003", "project_id=3003&project_id=3004", NULL);
    is_int((long long) judge.nunknown, 2, "two that are not known");
    is_int(judge.rank >= PROCORE_RANK_UNCERTAIN, 1, "nothing is certain");
    judge.unknown[0].verdict = PROCORE_VERDICT_OWN;
    decided(PROCORE_DECISION_DENY, PROCORE_REASON_UNKNOWN_PROJECT);
    is_int((long long) judge.deciding->id, 3004, "the other one decides");
    is_int(judge.claims[1].verdict, PROCORE_VERDICT_OWN, "the first is own");

    begin(PROCORE_BINDING_BOUND, OWN);

    for (i = 0; i <= PROCORE_JUDGE_UNKNOWN; i++) {
        (void) snprintf(query, sizeof(query), "%zu", 5000 + i);
        name = text("project_id");
        value = text(query);
        procore_judge_claim(&judge, &(procore_claim_t) {
            PROCORE_IN_BODY, PROCORE_KIND_PROJECT, PROCORE_CLAIM_ID, 5000 + i,
            name, value });
    }

    is_int((long long) judge.nclaims, PROCORE_JUDGE_CLAIMS, "16 are kept");
    is_int((long long) judge.nunknown, PROCORE_JUDGE_UNKNOWN, "1,024 asked");
    decided(PROCORE_DECISION_DENY, PROCORE_REASON_BODY_TOO_LARGE);

    broken = 1;
    begin(PROCORE_BINDING_BOUND, OWN);
    head("/rest/v1.0/projects/1001", "", NULL);
    decided(PROCORE_DECISION_DENY, PROCORE_REASON_STORE_FAILED);
    broken = 0;
}


static void
exceptions(void)
{
    static const uint64_t       listed[] = { 4004 };
    static const procore_str_t  clients[] = { procore_str("crm") };
    static procore_exception_t  exception = {
        .company = FOREIGN, .clients = clients, .nclients = 1,
        .projects = listed, .nprojects = 1, .until = 2000
    };

    policy.exceptions = &exception;
    policy.nexceptions = 1;

    begin(PROCORE_BINDING_BOUND, OWN);
    head("/rest/v1.0/companies/598134325779301", "", NULL);
    decided(PROCORE_DECISION_DENY, PROCORE_REASON_FOREIGN_COMPANY);

    begin(PROCORE_BINDING_BOUND, OWN);
    judge.client = text("crm");
    head("/rest/v1.0/companies/598134325779301",
         "project_id=2002&project_id=4004", NULL);
    decided(PROCORE_DECISION_ALLOW, PROCORE_REASON_EXCEPTION);

    begin(PROCORE_BINDING_BOUND, OWN);
    judge.client = text("crm");
    judge.now = 2000;
    head("/rest/v1.0/companies/598134325779301", "", NULL);
    decided(PROCORE_DECISION_DENY, PROCORE_REASON_FOREIGN_COMPANY);

    policy.nexceptions = 0;
}


static void
names(void)
{
    size_t         i;
    char           name[32];
    procore_str_t  str;

    begin(PROCORE_BINDING_BOUND, OWN);
    head("/rest/v1.0/rfis", "odd_project_id=1&odd_project_id=2", NULL);
    is_int((long long) judge.nunlisted, 1, "a name that is in no list, once");
    decided(PROCORE_DECISION_ALLOW, PROCORE_REASON_OK);

    policy.unlisted_deny = 1;
    begin(PROCORE_BINDING_BOUND, OWN);
    head("/rest/v1.0/rfis", "odd_project_id=1", NULL);
    decided(PROCORE_DECISION_DENY, PROCORE_REASON_UNLISTED_NAME);
    policy.unlisted_deny = 0;

    begin(PROCORE_BINDING_BOUND, OWN);

    for (i = 0; i < 20; i++) {
        (void) snprintf(name, sizeof(name), "odd%zu_project_id", i);
        str = text(name);
        procore_judge_unlisted(&judge, PROCORE_IN_BODY, &str);
    }

    is_int((long long) judge.nunlisted, PROCORE_JUDGE_UNLISTED, "8 are kept");
}


static void
others(void)
{
    procore_str_t  query, token;

    query = text("a=1&access_token=x");
    is_int(procore_judge_credentials(&query), 1, "a token in the query");
    query = text("a=1&%61ccess_token=x");
    is_int(procore_judge_credentials(&query), 1, "with an escape");
    query = text("a=access_token");
    is_int(procore_judge_credentials(&query), 0, "not as a value");

    procore_judge_init(&judge, &policy, &calls, NULL, 0);
    is_int(procore_judge_token(&judge, NULL, 0, &token), PROCORE_NOT_FOUND,
           "no token");
    decided(PROCORE_DECISION_DENY, PROCORE_REASON_MISSING_TOKEN);

    procore_judge_init(&judge, &policy, &calls, NULL, 0);
    is_int(procore_judge_preflight(&judge, PROCORE_PREFLIGHT
                                           & ~PROCORE_PREFLIGHT_BARE), 0,
           "no preflight with credentials");
    is_int(procore_judge_preflight(&judge, PROCORE_PREFLIGHT), 1, "one");
    decided(PROCORE_DECISION_ALLOW, PROCORE_REASON_PREFLIGHT);

    policy.header = 0;
    begin(PROCORE_BINDING_BOUND, OWN);
    head("/rest/v1.0/rfis", "", NULL);
    procore_judge_unbound(&judge, 1, 0);
    decided(PROCORE_DECISION_DENY, PROCORE_REASON_UNBOUND);
    policy.header = 1;
}


int
main(void)
{
    static const procore_str_t  paths[] = { procore_str("/rest/") };

    policy.mode = PROCORE_MODE_ENFORCE;
    policy.paths = paths;
    policy.npaths = 1;
    policy.header = 1;

    bound();
    unbound();
    again();
    projects();
    exceptions();
    names();
    others();
    take_back();

    return done_testing();
}


/*
 * Whole requests through the gate's way: what only procore_check() adds.
 * t/check.t holds it against a gateway.
 */

#include <stdlib.h>

#include "unit.h"

#include "../../src/judge/procore_check.h"


#define BLOCKS  512


static void                   *blocks[BLOCKS];
static size_t                  nblocks;
static procore_check_token_t   known;
static procore_settings_t      settings;
static procore_judge_t         judge;
static procore_request_t       request;


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


static int
owner(void *data, uint64_t project, procore_judge_owner_t *found)
{
    (void) data;

    memset(found, 0, sizeof(procore_judge_owner_t));
    found->company = 7;

    return project == 1001 ? PROCORE_OK : PROCORE_NOT_FOUND;
}


static void
token(void *data, const procore_str_t *bearer, procore_check_token_t *found)
{
    (void) data;
    (void) bearer;

    *found = known;
}


static void
expect(const char *bytes, procore_check_e check, procore_reason_e reason)
{
    size_t                       used;
    unsigned char                room[4096];
    procore_check_e              rc;
    procore_decision_e           decision;
    const procore_check_calls_t  calls = { { give, owner, NULL }, token };

    is_int(procore_request_read(&request, (const unsigned char *) bytes,
                                strlen(bytes), room, &used),
           PROCORE_OK, "read: %.40s", bytes);

    rc = procore_check(&judge, &settings, &request, &calls, NULL, 0,
                       &decision);

    is_int(rc, check, "how far it comes");
    is_int(judge.reason, reason, "the reason");
    is_int(decision != PROCORE_DECISION_NONE, rc == PROCORE_CHECK_DECIDED,
           "a decision or none");
}


#define REQUEST(method, target, more)                                         \
    method " " target " HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer b\r\n" more


static void
binding(procore_binding_e state, uint64_t company)
{
    memset(&known, 0, sizeof(known));
    known.binding = state;
    known.company = company;
}


int
main(void)
{
    procore_settings_init(&settings, give, NULL);

    binding(PROCORE_BINDING_BOUND, 7);
    expect(REQUEST("GET", "/rest/v1.0/projects/1001", "\r\n"),
           PROCORE_CHECK_DECIDED, PROCORE_REASON_OK);
    expect(REQUEST("GET", "/rest/v1.0/projects/5", "\r\n"),
           PROCORE_CHECK_DECIDED, PROCORE_REASON_UNKNOWN_PROJECT);
    settings.lookup = 1;
    expect(REQUEST("GET", "/rest/v1.0/projects/5", "\r\n"),
           PROCORE_CHECK_UNDECIDED, PROCORE_REASON_OK);
    expect(REQUEST("GET", "/rest/v1.0/projects/5?company_id=8", "\r\n"),
           PROCORE_CHECK_DECIDED, PROCORE_REASON_FOREIGN_COMPANY);

    /* what the head decides does not wait for the body */

    expect(REQUEST("POST", "/rest/v1.0/rfis", "Content-Length: 9\r\n"
                   "Content-Type: application/json\r\n\r\n{"),
           PROCORE_CHECK_ANSWERED, PROCORE_REASON_OK);
    is_int(request.status, 400, "a body that ends early");
    expect(REQUEST("POST", "/rest/v1.0/companies/8", "Content-Length: 9\r\n"
                   "Content-Type: application/json\r\n\r\n{"),
           PROCORE_CHECK_DECIDED, PROCORE_REASON_FOREIGN_COMPANY);
    expect(REQUEST("POST", "/rest/v1.0/rfis", "Content-Length: 9\r\n"
                   "Content-Type: image/png\r\n\r\n{"),
           PROCORE_CHECK_DECIDED, PROCORE_REASON_OK);
    expect(REQUEST("GET", "/rest/%", "\r\n"), PROCORE_CHECK_ANSWERED,
           PROCORE_REASON_OK);

    known.paused = 1;
    expect(REQUEST("GET", "/rest/v1.0/me", "\r\n"), PROCORE_CHECK_DECIDED,
           PROCORE_REASON_COMPANY_NOT_ALLOWED);
    known.paused = 0;

    settings.company = 9;
    expect(REQUEST("GET", "/rest/v1.0/me", "\r\n"), PROCORE_CHECK_DECIDED,
           PROCORE_REASON_REBIND);
    binding(PROCORE_BINDING_UNBOUND, 0);
    expect(REQUEST("GET", "/rest/v1.0/companies/9", "\r\n"),
           PROCORE_CHECK_DECIDED, PROCORE_REASON_OK);
    settings.company = 0;

    settings.first_use = 1;
    expect(REQUEST("GET", "/rest/v1.0/companies/9", "\r\n"),
           PROCORE_CHECK_DECIDED, PROCORE_REASON_OK);
    is_int((long long) judge.company, 9, "a first use binds");
    expect(REQUEST("GET", "/rest/v1.0/projects/1001", "\r\n"),
           PROCORE_CHECK_DECIDED, PROCORE_REASON_UNBOUND);
    known.service = 1;
    expect(REQUEST("GET", "/rest/v1.0/companies/9", "\r\n"),
           PROCORE_CHECK_DECIDED, PROCORE_REASON_UNBOUND);
    settings.first_use = 0;

    settings.oauth = 1;
    expect(REQUEST("GET", "/oauth/token/info", "\r\n"), PROCORE_CHECK_LOGIN,
           PROCORE_REASON_OK);
    expect(REQUEST("GET", "/oauth/../rest/v1.0/me", "\r\n"),
           PROCORE_CHECK_DECIDED, PROCORE_REASON_UNBOUND);

    settings.policy.mode = PROCORE_MODE_OFF;
    expect(REQUEST("GET", "/x", "\r\n"), PROCORE_CHECK_OFF,
           PROCORE_REASON_OK);

    while (nblocks) {
        free(blocks[--nblocks]);
    }

    return done_testing();
}

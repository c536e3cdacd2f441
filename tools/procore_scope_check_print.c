
/*
 * What "check" says about one request.  The object has the names of
 * "procore_scope" in the audit record.
 */


#include <inttypes.h>
#include <string.h>

#include "procore_scope_check.h"


/* Of a digest, as in the audit. */

#define PROCORE_SCOPE_TOKEN_BYTES  8


static const char *procore_scope_check_word(
    const procore_scope_verdict_t *verdict);
static procore_reason_e procore_scope_check_reason(
    const procore_scope_verdict_t *verdict);
static unsigned procore_scope_check_status(
    const procore_scope_verdict_t *verdict);
static void procore_scope_check_name(const char *name);
static void procore_scope_check_string(const char *name,
    const procore_str_t *text);
static void procore_scope_check_claim(const procore_judge_claim_t *claim);
static void procore_scope_check_json(const procore_scope_verdict_t *verdict);
static void procore_scope_check_token_json(
    const procore_scope_verdict_t *verdict);
static void procore_scope_check_sentence(
    const procore_scope_verdict_t *verdict);
static void procore_scope_check_line(const procore_judge_claim_t *claim);


/* By the module's decisions; what is none of them has a word of its own. */

static const char *
procore_scope_check_word(const procore_scope_verdict_t *verdict)
{
    switch (verdict->check) {

    case PROCORE_CHECK_DECIDED:
        return procore_decision_names[verdict->decision];

    case PROCORE_CHECK_UNDECIDED:
        return "undecided";

    case PROCORE_CHECK_ANSWERED:
        return "nginx";

    case PROCORE_CHECK_OFF:
        return "off";

    default:
        return "login";
    }
}


static procore_reason_e
procore_scope_check_reason(const procore_scope_verdict_t *verdict)
{
    return verdict->check == PROCORE_CHECK_UNDECIDED
           ? PROCORE_REASON_UNKNOWN_PROJECT : verdict->judge->reason;
}


/* That of the answer that the client would get; 0: Procore's. */

static unsigned
procore_scope_check_status(const procore_scope_verdict_t *verdict)
{
    if (verdict->check == PROCORE_CHECK_ANSWERED) {
        return verdict->request->status;
    }

    return verdict->check == PROCORE_CHECK_DECIDED
           && verdict->decision == PROCORE_DECISION_DENY
           ? procore_reasons[verdict->judge->reason].status : 0;
}


int
procore_scope_check_code(const procore_scope_verdict_t *verdict)
{
    switch (verdict->check) {

    case PROCORE_CHECK_DECIDED:
        return verdict->decision == PROCORE_DECISION_DENY
               || verdict->decision == PROCORE_DECISION_WOULD_DENY
               ? PROCORE_SCOPE_FAILED : PROCORE_SCOPE_DONE;

    case PROCORE_CHECK_ANSWERED:
        return PROCORE_SCOPE_FAILED;

    case PROCORE_CHECK_OFF:
        return PROCORE_SCOPE_DONE;

    default:
        return PROCORE_SCOPE_UNDECIDED;
    }
}


void
procore_scope_check_print(const procore_scope_verdict_t *verdict, int json)
{
    size_t                   i;
    procore_reason_e         reason;
    const procore_judge_t   *judge;

    if (json) {
        procore_scope_check_json(verdict);
        return;
    }

    judge = verdict->judge;

    printf("decision: %s\n", procore_scope_check_word(verdict));

    if (verdict->check == PROCORE_CHECK_DECIDED
        || verdict->check == PROCORE_CHECK_UNDECIDED)
    {
        reason = procore_scope_check_reason(verdict);
        printf("reason: %.*s\n", (int) procore_reasons[reason].name.len,
               (const char *) procore_reasons[reason].name.data);
    }

    if (procore_scope_check_status(verdict)) {
        printf("status: %u\n", procore_scope_check_status(verdict));
    }

    if (judge->company) {
        printf("company: %" PRIu64 "\n", judge->company);
    }

    printf("because: ");
    procore_scope_check_sentence(verdict);
    putchar('\n');

    if (judge->deciding != NULL) {
        printf("decided by:\n");
        procore_scope_check_line(judge->deciding);
    }

    if (judge->nclaims) {
        printf("names:\n");
    }

    for (i = 0; i < judge->nclaims; i++) {
        procore_scope_check_line(&judge->claims[i]);
    }

    for (i = 0; i < judge->nunlisted; i++) {
        printf("%s", i == 0 ? "unlisted names: " : ", ");
        procore_scope_json_string(judge->unlisted[i].data,
                                  judge->unlisted[i].len);
    }

    if (judge->nunlisted) {
        putchar('\n');
    }
}


static void
procore_scope_check_line(const procore_judge_claim_t *claim)
{
    printf("  %s: %s ", procore_carrier_names[claim->carrier],
           procore_kind_names[claim->kind]);
    procore_scope_json_string(claim->name.data, claim->name.len);
    printf(" = ");
    procore_scope_json_string(claim->value.data, claim->value.len);
    printf(": %s\n", procore_verdict_names[claim->verdict]);
}


/* The sentence of the reason, with "%v" and "%c" filled in. */

static void
procore_scope_check_sentence(const procore_scope_verdict_t *verdict)
{
    const char             *p;
    const procore_judge_t  *judge;

    judge = verdict->judge;

    switch (verdict->check) {

    case PROCORE_CHECK_UNDECIDED:
        printf("a project that the store does not know; the list of the "
               "company's projects would tell");
        return;

    case PROCORE_CHECK_ANSWERED:
        printf("nginx answers itself: %s", verdict->request->why);
        return;

    case PROCORE_CHECK_OFF:
        printf("procore_scope is off here");
        return;

    case PROCORE_CHECK_LOGIN:
        printf("a path of the login host, which check does not know");
        return;

    default:
        break;
    }

    for (p = procore_reasons[judge->reason].sentence; *p; p++) {

        if (p[0] == '%' && p[1] == 'v' && judge->deciding != NULL) {
            procore_scope_json_string(judge->deciding->value.data,
                                      judge->deciding->value.len);
            p++;

        } else if (p[0] == '%' && p[1] == 'c') {
            printf("%" PRIu64, judge->company);
            p++;

        } else {
            putchar(*p);
        }
    }
}


static void
procore_scope_check_name(const char *name)
{
    printf(", \"%s\": ", name);
}


static void
procore_scope_check_string(const char *name, const procore_str_t *text)
{
    procore_scope_check_name(name);
    procore_scope_json_string(text->data, text->len);
}


static void
procore_scope_check_claim(const procore_judge_claim_t *claim)
{
    printf("{\"in\": \"%s\"", procore_carrier_names[claim->carrier]);
    procore_scope_check_string("name", &claim->name);
    printf(", \"kind\": \"%s\"", procore_kind_names[claim->kind]);
    procore_scope_check_string("value", &claim->value);
    printf(", \"verdict\": \"%s\"}", procore_verdict_names[claim->verdict]);
}


static void
procore_scope_check_json(const procore_scope_verdict_t *verdict)
{
    size_t                  i;
    procore_reason_e        reason;
    const procore_judge_t  *judge;
    static const char      *modes[] = { "off", "monitor", "enforce" };

    judge = verdict->judge;
    reason = procore_scope_check_reason(verdict);

    printf("{\"mode\": \"%s\", \"decision\": \"%s\"",
           modes[judge->policy->mode], procore_scope_check_word(verdict));

    if (verdict->check == PROCORE_CHECK_DECIDED
        || verdict->check == PROCORE_CHECK_UNDECIDED)
    {
        procore_scope_check_string("reason", &procore_reasons[reason].name);

    } else {
        printf(", \"reason\": null");
    }

    printf(procore_scope_check_status(verdict)
           ? ", \"status\": %u" : ", \"status\": null",
           procore_scope_check_status(verdict));
    printf(", \"uri\": ");

    if (verdict->request->target.uri.data != NULL) {
        procore_scope_json_string(verdict->request->target.uri.data,
                                  verdict->request->target.uri.len);

    } else {
        printf("null");
    }

    printf(judge->company ? ", \"company\": %" PRIu64 : ", \"company\": null",
           judge->company);

    procore_scope_check_token_json(verdict);

    printf(", \"claim\": ");

    if (judge->deciding != NULL) {
        procore_scope_check_claim(judge->deciding);

    } else {
        printf("null");
    }

    printf(", \"claims\": [");

    for (i = 0; i < judge->nclaims; i++) {
        printf("%s", i ? ", " : "");
        procore_scope_check_claim(&judge->claims[i]);
    }

    printf("], \"unlisted_names\": [");

    for (i = 0; i < judge->nunlisted; i++) {
        printf("%s", i ? ", " : "");
        procore_scope_json_string(judge->unlisted[i].data,
                                  judge->unlisted[i].len);
    }

    printf("]}");
}


static void
procore_scope_check_token_json(const procore_scope_verdict_t *verdict)
{
    size_t  i;

    printf(verdict->bound_by ? ", \"bound_by\": \"%s\""
                             : ", \"bound_by\": null", verdict->bound_by);

    if (verdict->judge->client.len) {
        procore_scope_check_string("client", &verdict->judge->client);

    } else {
        printf(", \"client\": null");
    }

    if (verdict->digest == NULL) {
        printf(", \"token\": null");
        return;
    }

    printf(", \"token\": \"");

    for (i = 0; i < PROCORE_SCOPE_TOKEN_BYTES; i++) {
        printf("%02x", verdict->digest[i]);
    }

    putchar('"');
}


/*
 * Records of the audit: what was decided, and the claims that it was decided
 * from.
 */


#include <string.h>

#include "procore_replay_json.h"
#include "procore_replay_text.h"
#include "../src/judge/procore_audit_bounds.h"


/* Longer texts than any record has are cut; they are no names of ours. */

#define PROCORE_AUDIT_TEXT        4096


typedef enum {
    PROCORE_AUDIT_NOWHERE = 0,
    PROCORE_AUDIT_ROOT,
    PROCORE_AUDIT_TIME,
    PROCORE_AUDIT_EVENT,
    PROCORE_AUDIT_ID,
    PROCORE_AUDIT_ACTION,
    PROCORE_AUDIT_HTTP,
    PROCORE_AUDIT_REQUEST,
    PROCORE_AUDIT_METHOD,
    PROCORE_AUDIT_RESPONSE,
    PROCORE_AUDIT_STATUS,
    PROCORE_AUDIT_URL,
    PROCORE_AUDIT_URL_PATH,
    PROCORE_AUDIT_SCOPE,
    PROCORE_AUDIT_DECISION,
    PROCORE_AUDIT_REASON,
    PROCORE_AUDIT_COMPANY,
    PROCORE_AUDIT_CLIENT,
    PROCORE_AUDIT_TOKEN,
    PROCORE_AUDIT_UNREAD,
    PROCORE_AUDIT_CLAIMS,
    PROCORE_AUDIT_CLAIM_IN,
    PROCORE_AUDIT_CLAIM_NAME,
    PROCORE_AUDIT_CLAIM_KIND,
    PROCORE_AUDIT_CLAIM_VALUE,
    PROCORE_AUDIT_CLAIM_VERDICT,
    PROCORE_AUDIT_UNLISTED
} procore_audit_place_e;


typedef struct {
    procore_past_t        *past;
    procore_pool_t        *pool;
    procore_walk_t         walk;
    const unsigned char   *start;
    procore_past_claim_t  *claim;      /* the one that is open */
    procore_str_t          decision;
    procore_str_t          reason;
    unsigned               action:1;   /* there was one */
} procore_audit_t;


static int procore_audit_open(void *data, unsigned place, int object);
static int procore_audit_close(void *data, unsigned place, int object);
static int procore_audit_value(void *data, unsigned place,
    procore_json_token_e type, const procore_str_t *text, int cut);
static int procore_audit_claim(procore_audit_t *audit, unsigned place,
    const procore_str_t *text);
static int procore_audit_path(procore_audit_t *audit,
    const procore_str_t *text);
static int procore_audit_find(const char *const *names, unsigned n,
    const procore_str_t *text);
static int procore_audit_whole(procore_audit_t *audit, const char **why);


static const procore_walk_step_t  procore_audit_steps[] = {
    { PROCORE_AUDIT_ROOT, PROCORE_AUDIT_TIME, "@timestamp", 64 },
    { PROCORE_AUDIT_ROOT, PROCORE_AUDIT_EVENT, "event", 0 },
    { PROCORE_AUDIT_EVENT, PROCORE_AUDIT_ID, "id", 128 },
    { PROCORE_AUDIT_EVENT, PROCORE_AUDIT_ACTION, "action", 64 },
    { PROCORE_AUDIT_ROOT, PROCORE_AUDIT_HTTP, "http", 0 },
    { PROCORE_AUDIT_HTTP, PROCORE_AUDIT_REQUEST, "request", 0 },
    { PROCORE_AUDIT_REQUEST, PROCORE_AUDIT_METHOD, "method", 64 },
    { PROCORE_AUDIT_HTTP, PROCORE_AUDIT_RESPONSE, "response", 0 },
    { PROCORE_AUDIT_RESPONSE, PROCORE_AUDIT_STATUS, "status_code", 16 },
    { PROCORE_AUDIT_ROOT, PROCORE_AUDIT_URL, "url", 0 },
    { PROCORE_AUDIT_URL, PROCORE_AUDIT_URL_PATH, "path",
      PROCORE_AUDIT_TEXT },
    { PROCORE_AUDIT_ROOT, PROCORE_AUDIT_SCOPE, "procore_scope", 0 },
    { PROCORE_AUDIT_SCOPE, PROCORE_AUDIT_DECISION, "decision", 64 },
    { PROCORE_AUDIT_SCOPE, PROCORE_AUDIT_REASON, "reason", 64 },
    { PROCORE_AUDIT_SCOPE, PROCORE_AUDIT_COMPANY, "company", 64 },
    { PROCORE_AUDIT_SCOPE, PROCORE_AUDIT_CLIENT, "client",
      PROCORE_STORE_CLIENT_MAX },
    { PROCORE_AUDIT_SCOPE, PROCORE_AUDIT_TOKEN, "token", 64 },
    { PROCORE_AUDIT_SCOPE, PROCORE_AUDIT_UNREAD, "unread", 64 },
    { PROCORE_AUDIT_SCOPE, PROCORE_AUDIT_CLAIMS, "claims", 0 },
    { PROCORE_AUDIT_CLAIMS, PROCORE_AUDIT_CLAIM_IN, "in", 64 },
    { PROCORE_AUDIT_CLAIMS, PROCORE_AUDIT_CLAIM_NAME, "name",
      PROCORE_AUDIT_TEXT },
    { PROCORE_AUDIT_CLAIMS, PROCORE_AUDIT_CLAIM_KIND, "kind", 64 },
    { PROCORE_AUDIT_CLAIMS, PROCORE_AUDIT_CLAIM_VALUE, "value",
      PROCORE_AUDIT_TEXT },
    { PROCORE_AUDIT_CLAIMS, PROCORE_AUDIT_CLAIM_VERDICT, "verdict", 64 },
    { PROCORE_AUDIT_SCOPE, PROCORE_AUDIT_UNLISTED, "unlisted_names",
      PROCORE_AUDIT_TEXT }
};


static const procore_walk_calls_t  procore_audit_calls = {
    procore_audit_open, procore_audit_close, procore_audit_value
};


int
procore_replay_audit(const unsigned char *line, size_t len,
    procore_pool_t *pool, procore_past_t *past, const char **why)
{
    int                   rc;
    procore_audit_t       audit;
    const unsigned char  *end;

    memset(past, 0, sizeof(procore_past_t));
    memset(&audit, 0, sizeof(procore_audit_t));

    end = line + len;

    while (line < end && (end[-1] == ' ' || end[-1] == '\r')) {
        end--;
    }

    if (line == end) {
        return PROCORE_NOT_FOUND;
    }

    *why = "not an audit record: no JSON object, or one that is cut";

    line = memchr(line, '{', (size_t) (end - line));
    if (line == NULL) {
        return PROCORE_MALFORMED;
    }

    audit.past = past;
    audit.pool = pool;
    audit.start = line;

    procore_walk_start(&audit.walk, procore_audit_steps,
                       sizeof(procore_audit_steps)
                       / sizeof(procore_audit_steps[0]),
                       &procore_audit_calls, &audit);

    rc = procore_walk_feed(&audit.walk, line, (size_t) (end - line));

    if (rc == PROCORE_OK) {
        rc = procore_walk_end(&audit.walk);
    }

    procore_walk_free(&audit.walk);

    return rc == PROCORE_OK ? procore_audit_whole(&audit, why)
                            : PROCORE_MALFORMED;
}


static int
procore_audit_open(void *data, unsigned place, int object)
{
    procore_audit_t *audit = data;

    procore_past_t  *past;

    past = audit->past;

    if (place == PROCORE_AUDIT_UNREAD && !object) {
        past->unread_known = 1;
    }

    if (place != PROCORE_AUDIT_CLAIMS || !object) {
        return PROCORE_OK;
    }

    if (past->nclaims == PROCORE_PAST_CLAIMS) {
        return PROCORE_MALFORMED;
    }

    audit->claim = &past->claims[past->nclaims++];

    /* each member is to come */

    audit->claim->carrier = PROCORE_IN_BODY + 1;
    audit->claim->verdict = PROCORE_VERDICT_MAX;

    return PROCORE_OK;
}


static int
procore_audit_close(void *data, unsigned place, int object)
{
    procore_audit_t *audit = data;

    size_t           offset;
    procore_past_t  *past;

    past = audit->past;
    offset = (size_t) (audit->walk.lex.pos - audit->start);

    if (place == PROCORE_AUDIT_CLAIMS) {

        if (object) {
            return audit->claim->carrier > PROCORE_IN_BODY
                   || audit->claim->verdict == PROCORE_VERDICT_MAX
                   ? PROCORE_MALFORMED : PROCORE_OK;
        }

        past->claims_cut = past->nclaims == PROCORE_PAST_CLAIMS
                           || offset > PROCORE_AUDIT_LISTS
                              - procore_audit_claim_json(
                                                  PROCORE_AUDIT_NAME_LONG);

    } else if (place == PROCORE_AUDIT_UNLISTED) {
        past->names_cut = past->nnames == PROCORE_PAST_NAMES
                          || offset > PROCORE_AUDIT_NAMES
                             - PROCORE_AUDIT_NAME_JSON;
    }

    return PROCORE_OK;
}


static int
procore_audit_value(void *data, unsigned place, procore_json_token_e type,
    const procore_str_t *text, int cut)
{
    procore_audit_t *audit = data;

    int              n;
    uint64_t         id;
    procore_past_t  *past;
    procore_pool_t  *pool;

    past = audit->past;
    pool = audit->pool;

    if (type == PROCORE_JSON_NULL) {

        if (place == PROCORE_AUDIT_COMPANY) {
            past->binding = PROCORE_PART_NONE;

        } else if (place == PROCORE_AUDIT_TOKEN) {
            past->token = PROCORE_PART_NONE;
        }

        return PROCORE_OK;
    }

    if (cut || (type != PROCORE_JSON_STRING && type != PROCORE_JSON_NUMBER)) {
        return PROCORE_MALFORMED;
    }

    switch (place) {

    case PROCORE_AUDIT_TIME:
        past->seconds = procore_replay_time(text);
        return procore_pool_copy(pool, &past->time, text->data, text->len);

    case PROCORE_AUDIT_ID:
        return procore_pool_copy(pool, &past->id, text->data, text->len);

    case PROCORE_AUDIT_ACTION:
        audit->action = 1;
        past->request = procore_replay_is(text, "request") ? 1 : 0;
        return PROCORE_OK;

    case PROCORE_AUDIT_METHOD:
        return procore_pool_copy(pool, &past->method, text->data, text->len);

    case PROCORE_AUDIT_STATUS:
        if (procore_id_classify(text->data, text->len, &id)
            == PROCORE_ID_NUMBER && id < 1000)
        {
            past->status = (unsigned) id;
        }

        return PROCORE_OK;

    case PROCORE_AUDIT_URL_PATH:
        return procore_audit_path(audit, text);

    case PROCORE_AUDIT_DECISION:
        return procore_pool_copy(pool, &audit->decision, text->data,
                                 text->len);

    case PROCORE_AUDIT_REASON:
        return procore_pool_copy(pool, &audit->reason, text->data, text->len);

    case PROCORE_AUDIT_COMPANY:
        if (procore_id_classify(text->data, text->len, &past->company)
            != PROCORE_ID_NUMBER)
        {
            return PROCORE_MALFORMED;
        }

        past->binding = PROCORE_PART_TEXT;
        return PROCORE_OK;

    case PROCORE_AUDIT_CLIENT:
        return procore_pool_copy(pool, &past->client, text->data, text->len);

    case PROCORE_AUDIT_TOKEN:
        procore_replay_digest(past, text);
        return PROCORE_OK;

    case PROCORE_AUDIT_UNREAD:
        n = procore_audit_find(procore_carrier_names, PROCORE_IN_BODY + 1,
                               text);
        if (n == -1) {
            return PROCORE_MALFORMED;
        }

        past->unread |= 1u << n;
        return PROCORE_OK;

    case PROCORE_AUDIT_UNLISTED:
        if (past->nnames == PROCORE_PAST_NAMES) {
            return PROCORE_MALFORMED;
        }

        return procore_pool_copy(pool, &past->names[past->nnames++],
                                 text->data, text->len);

    default:
        return procore_audit_claim(audit, place, text);
    }
}


static int
procore_audit_claim(procore_audit_t *audit, unsigned place,
    const procore_str_t *text)
{
    int                    n;
    procore_past_claim_t  *claim;

    claim = audit->claim;

    if (claim == NULL) {
        return PROCORE_MALFORMED;
    }

    switch (place) {

    case PROCORE_AUDIT_CLAIM_IN:
        n = procore_audit_find(procore_carrier_names, PROCORE_IN_BODY + 1,
                               text);
        claim->carrier = (procore_carrier_e) n;
        break;

    case PROCORE_AUDIT_CLAIM_NAME:
        return procore_pool_copy(audit->pool, &claim->name, text->data,
                                 text->len);

    case PROCORE_AUDIT_CLAIM_KIND:
        n = procore_audit_find(procore_kind_names, PROCORE_KIND_PROJECT + 1,
                               text);
        claim->kind = (procore_kind_e) n;
        break;

    case PROCORE_AUDIT_CLAIM_VALUE:
        claim->cut = text->len >= PROCORE_AUDIT_VALUE;
        return procore_pool_copy(audit->pool, &claim->value, text->data,
                                 text->len);

    case PROCORE_AUDIT_CLAIM_VERDICT:
        n = procore_audit_find(procore_verdict_names, PROCORE_VERDICT_MAX,
                               text);
        claim->verdict = (procore_verdict_e) n;
        break;

    default:
        return PROCORE_MALFORMED;
    }

    return n == -1 ? PROCORE_MALFORMED : PROCORE_OK;
}


/*
 * The path as sent, unless it was cut, or something else stands for a part of
 * it: "[token]", or U+FFFD for a byte that is no text.
 */

static int
procore_audit_path(procore_audit_t *audit, const procore_str_t *text)
{
    size_t                i, json;
    procore_past_t       *past;
    const unsigned char  *p;

    past = audit->past;
    p = text->data;
    json = 0;

    for (i = 0; i < text->len; i++) {

        if (text->len - i >= 3 && memcmp(p + i, "\xef\xbf\xbd", 3) == 0) {
            past->path_hidden = 1;
        }

        /* escapes have six bytes at most, and two for those of JSON's own */

        if (p[i] < 0x20 || p[i] == 0x7f || p[i] == 0xe2) {
            json += PROCORE_AUDIT_ESCAPED;

        } else {
            json += p[i] == '"' || p[i] == '\\' ? 2 : 1;
        }
    }

    if (text->len == 0 || p[0] != '/') {
        past->path_hidden = 1;
    }

    past->path_cut = text->len >= PROCORE_AUDIT_PATH
                     || json >= PROCORE_AUDIT_PATH_JSON
                        - PROCORE_AUDIT_ESCAPED;

    past->target = past->path_cut || past->path_hidden ? PROCORE_PART_UNKNOWN
                                                       : PROCORE_PART_TEXT;

    return procore_pool_copy(audit->pool, &past->path, text->data, text->len);
}


static int
procore_audit_find(const char *const *names, unsigned n,
    const procore_str_t *text)
{
    unsigned  i;

    for (i = 0; i < n; i++) {
        if (procore_replay_is(text, names[i])) {
            return (int) i;
        }
    }

    return -1;
}


static int
procore_audit_whole(procore_audit_t *audit, const char **why)
{
    procore_past_t  *past;

    past = audit->past;

    *why = "not an audit record: event.action, procore_scope.decision or "
           "procore_scope.reason is missing or unknown";

    if (!audit->action
        || procore_replay_decision(past, &audit->decision, &audit->reason)
           != PROCORE_OK)
    {
        return PROCORE_MALFORMED;
    }

    past->audit = 1;
    past->client_known = 1;
    past->header = PROCORE_PART_CLAIMS;
    past->query = PROCORE_PART_CLAIMS;
    past->body = PROCORE_PART_CLAIMS;

    if (past->reason == PROCORE_REASON_STORE_FAILED
        && past->binding == PROCORE_PART_NONE)
    {
        past->binding = PROCORE_PART_UNKNOWN;
    }

    past->preflight_known = PROCORE_PREFLIGHT;

    if (past->reason == PROCORE_REASON_PREFLIGHT) {
        past->preflight = PROCORE_PREFLIGHT;
    }

    return PROCORE_OK;
}

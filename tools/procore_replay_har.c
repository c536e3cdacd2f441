
/*
 * HAR files (HAR 1.2), as browsers and proxies export them, entry by entry.
 */


#include <stdlib.h>
#include <string.h>

#include "procore_replay_json.h"
#include "procore_replay_text.h"
#include "../src/claims/procore_head.h"


/* Of a URL and of a header, bytes: more than nginx takes. */

#define PROCORE_HAR_URL     ((size_t) 64 << 10)
#define PROCORE_HAR_HEADER  ((size_t) 16 << 10)

/* A byte order mark, which some exports begin with. */

#define PROCORE_HAR_MARK    "\xef\xbb\xbf"


typedef enum {
    PROCORE_HAR_NOWHERE = 0,
    PROCORE_HAR_ROOT,
    PROCORE_HAR_LOG,
    PROCORE_HAR_ENTRY,
    PROCORE_HAR_STARTED,
    PROCORE_HAR_REQUEST,
    PROCORE_HAR_METHOD,
    PROCORE_HAR_ADDRESS,
    PROCORE_HAR_VERSION,
    PROCORE_HAR_SIZE,
    PROCORE_HAR_FIELDS,
    PROCORE_HAR_FIELD_NAME,
    PROCORE_HAR_FIELD_VALUE,
    PROCORE_HAR_BODY,
    PROCORE_HAR_TEXT,
    PROCORE_HAR_ENCODING,
    PROCORE_HAR_RESPONSE,
    PROCORE_HAR_STATUS,
    PROCORE_HAR_ANSWER,
    PROCORE_HAR_ANSWER_NAME,
    PROCORE_HAR_ANSWER_VALUE
} procore_har_place_e;


struct procore_har_s {
    procore_pool_t   pool;
    procore_past_t   past;
    procore_walk_t   walk;
    procore_har_pt   entry;
    void            *data;
    const char      *host;         /* NULL: all */
    uint64_t         count;
    unsigned char    realm[PROCORE_REALM_SIZE];

    unsigned         mark;         /* bytes of it that were seen */
    unsigned         begun:1;

    /* the entry that is open */

    procore_str_t    url;
    procore_str_t    version;
    procore_str_t    name;
    procore_str_t    value;
    procore_str_t    authorization;
    size_t           nauthorization;
    procore_str_t    length;
    unsigned         fields:1;     /* there are headers */
    unsigned         chunked:1;
    unsigned         text:1;       /* there is the body's text */
    unsigned         text_cut:1;
    unsigned         coded:1;      /* which is not the body itself */
    unsigned         empty:1;      /* the body's size is told as 0 */
    unsigned         sized:1;      /* and as "size" */
    uint64_t         size;
};


static int procore_har_open(void *data, unsigned place, int object);
static int procore_har_close(void *data, unsigned place, int object);
static int procore_har_value(void *data, unsigned place,
    procore_json_token_e type, const procore_str_t *text, int cut);
static int procore_har_number(procore_har_t *har, unsigned place,
    const procore_str_t *text);
static void procore_har_field(procore_har_t *har);
static void procore_har_line(procore_str_t *lines, size_t *n,
    const procore_str_t *value);
static void procore_har_answer(procore_har_t *har);
static void procore_har_entry(procore_har_t *har);
static int procore_har_host(procore_har_t *har);
static void procore_har_target(procore_har_t *har);
static void procore_har_token(procore_har_t *har);
static void procore_har_headers(procore_har_t *har);
static void procore_har_body(procore_har_t *har);
static int procore_har_fail(procore_har_t *har, int rc, const char **why);


static const procore_walk_step_t  procore_har_steps[] = {
    { PROCORE_HAR_ROOT, PROCORE_HAR_LOG, "log", 0 },
    { PROCORE_HAR_LOG, PROCORE_HAR_ENTRY, "entries", 0 },
    { PROCORE_HAR_ENTRY, PROCORE_HAR_STARTED, "startedDateTime", 64 },
    { PROCORE_HAR_ENTRY, PROCORE_HAR_REQUEST, "request", 0 },
    { PROCORE_HAR_REQUEST, PROCORE_HAR_METHOD, "method", 64 },
    { PROCORE_HAR_REQUEST, PROCORE_HAR_ADDRESS, "url", PROCORE_HAR_URL },
    { PROCORE_HAR_REQUEST, PROCORE_HAR_VERSION, "httpVersion", 64 },
    { PROCORE_HAR_REQUEST, PROCORE_HAR_SIZE, "bodySize", 64 },
    { PROCORE_HAR_REQUEST, PROCORE_HAR_FIELDS, "headers", 0 },
    { PROCORE_HAR_FIELDS, PROCORE_HAR_FIELD_NAME, "name", 256 },
    { PROCORE_HAR_FIELDS, PROCORE_HAR_FIELD_VALUE, "value",
      PROCORE_HAR_HEADER },
    { PROCORE_HAR_REQUEST, PROCORE_HAR_BODY, "postData", 0 },
    { PROCORE_HAR_BODY, PROCORE_HAR_TEXT, "text", PROCORE_PAST_TEXT },
    { PROCORE_HAR_BODY, PROCORE_HAR_ENCODING, "encoding", 64 },
    { PROCORE_HAR_BODY, PROCORE_HAR_ENCODING, "_encoding", 64 },
    { PROCORE_HAR_ENTRY, PROCORE_HAR_RESPONSE, "response", 0 },
    { PROCORE_HAR_RESPONSE, PROCORE_HAR_STATUS, "status", 16 },
    { PROCORE_HAR_RESPONSE, PROCORE_HAR_ANSWER, "headers", 0 },
    { PROCORE_HAR_ANSWER, PROCORE_HAR_ANSWER_NAME, "name", 256 },
    { PROCORE_HAR_ANSWER, PROCORE_HAR_ANSWER_VALUE, "value", 256 }
};


static const procore_walk_calls_t  procore_har_calls = {
    procore_har_open, procore_har_close, procore_har_value
};


procore_har_t *
procore_har_start(const unsigned char realm[PROCORE_REALM_SIZE],
    const char *host, procore_har_pt entry, void *data)
{
    procore_har_t  *har;

    har = calloc(1, sizeof(procore_har_t));
    if (har == NULL) {
        return NULL;
    }

    har->entry = entry;
    har->data = data;
    har->host = host;
    memcpy(har->realm, realm, PROCORE_REALM_SIZE);

    procore_walk_start(&har->walk, procore_har_steps,
                       sizeof(procore_har_steps)
                       / sizeof(procore_har_steps[0]),
                       &procore_har_calls, har);

    return har;
}


int
procore_har_feed(procore_har_t *har, const unsigned char *data, size_t len,
    const char **why)
{
    int  rc;

    while (len != 0 && !har->begun) {

        if (har->mark == sizeof(PROCORE_HAR_MARK) - 1
            || *data != (unsigned char) PROCORE_HAR_MARK[har->mark])
        {
            har->begun = 1;
            break;
        }

        har->mark++;
        data++;
        len--;
    }

    rc = procore_walk_feed(&har->walk, data, len);

    return rc == PROCORE_OK ? PROCORE_OK : procore_har_fail(har, rc, why);
}


int
procore_har_end(procore_har_t *har, const char **why)
{
    int  rc;

    rc = procore_walk_end(&har->walk);

    if (rc != PROCORE_OK) {
        rc = procore_har_fail(har, rc, why);
    }

    procore_walk_free(&har->walk);
    procore_pool_free(&har->pool);
    free(har);

    return rc;
}


static int
procore_har_fail(procore_har_t *har, int rc, const char **why)
{
    *why = rc == PROCORE_ERROR ? "no memory for the entry"
           : har->count ? "no HAR file from here on: no JSON, or cut"
           : "no HAR file: no JSON, or cut";

    return PROCORE_MALFORMED;
}


static int
procore_har_open(void *data, unsigned place, int object)
{
    procore_har_t *har = data;

    size_t  after;

    if (!object) {
        return PROCORE_OK;
    }

    if (place == PROCORE_HAR_ENTRY) {

        /* all of the entry before, and nothing of the walk */

        after = offsetof(procore_har_t, url);

        memset((unsigned char *) har + after, 0,
               sizeof(procore_har_t) - after);
        memset(&har->past, 0, sizeof(procore_past_t));
        procore_pool_reset(&har->pool);

    } else if (place == PROCORE_HAR_FIELDS || place == PROCORE_HAR_ANSWER) {
        har->name.len = 0;
        har->value.len = 0;
        har->value.data = (const unsigned char *) "";
    }

    return PROCORE_OK;
}


static int
procore_har_close(void *data, unsigned place, int object)
{
    procore_har_t *har = data;

    if (!object) {
        return PROCORE_OK;
    }

    switch (place) {

    case PROCORE_HAR_FIELDS:
        procore_har_field(har);
        break;

    case PROCORE_HAR_ANSWER:
        procore_har_answer(har);
        break;

    case PROCORE_HAR_ENTRY:
        procore_har_entry(har);
        break;

    default:
        break;
    }

    return PROCORE_OK;
}


static int
procore_har_value(void *data, unsigned place, procore_json_token_e type,
    const procore_str_t *text, int cut)
{
    procore_har_t *har = data;

    procore_str_t  *to;

    if (type == PROCORE_JSON_NUMBER) {
        return procore_har_number(har, place, text);
    }

    if (type != PROCORE_JSON_STRING) {
        return PROCORE_OK;
    }

    switch (place) {

    case PROCORE_HAR_STARTED:
        to = &har->past.time;
        break;

    case PROCORE_HAR_METHOD:
        to = &har->past.method;
        break;

    case PROCORE_HAR_ADDRESS:
        to = &har->url;
        break;

    case PROCORE_HAR_VERSION:
        to = &har->version;
        break;

    case PROCORE_HAR_FIELD_NAME:
    case PROCORE_HAR_ANSWER_NAME:
        to = &har->name;
        break;

    case PROCORE_HAR_FIELD_VALUE:
    case PROCORE_HAR_ANSWER_VALUE:
        to = &har->value;
        break;

    case PROCORE_HAR_TEXT:
        to = &har->past.body_text;
        har->text = 1;
        har->text_cut = cut ? 1 : 0;
        break;

    case PROCORE_HAR_ENCODING:
        har->coded = 1;
        return PROCORE_OK;

    default:
        return PROCORE_OK;
    }

    return procore_pool_copy(&har->pool, to, text->data, text->len);
}


static int
procore_har_number(procore_har_t *har, unsigned place,
    const procore_str_t *text)
{
    uint64_t  number;

    if (place == PROCORE_HAR_SIZE && procore_replay_is(text, "0")) {
        har->empty = 1;
        return PROCORE_OK;
    }

    if (procore_id_classify(text->data, text->len, &number)
        != PROCORE_ID_NUMBER)
    {
        return PROCORE_OK;
    }

    if (place == PROCORE_HAR_SIZE) {
        har->sized = 1;
        har->size = number;

    } else if (place == PROCORE_HAR_STATUS && number < 1000) {
        har->past.status = (unsigned) number;
    }

    return PROCORE_OK;
}


/* One header of the request. */

static void
procore_har_field(procore_har_t *har)
{
    procore_past_t       *past;
    const procore_str_t  *name, *value;

    past = &har->past;
    name = &har->name;
    value = &har->value;

    /* ":path" and the like are HTTP/2's own */

    if (name->len == 0 || name->data[0] == ':') {
        return;
    }

    har->fields = 1;

    if (procore_replay_is_name(name, "authorization")) {
        har->authorization = *value;
        har->nauthorization++;

    } else if (procore_replay_is_name(name, "procore-company-id")) {
        procore_har_line(past->companies, &past->ncompanies, value);

    } else if (procore_replay_is_name(name, "content-type")) {
        procore_har_line(past->types, &past->ntypes, value);

    } else if (procore_replay_is_name(name, "content-encoding")) {
        procore_har_line(past->encodings, &past->nencodings, value);

    } else if (procore_replay_is_name(name, "content-length")) {
        har->length = *value;

    } else if (procore_replay_is_name(name, "transfer-encoding")) {
        har->chunked = 1;

    } else if (procore_replay_is_name(name, "origin")) {
        past->preflight |= PROCORE_PREFLIGHT_ORIGIN;

    } else if (procore_replay_is_name(name, "access-control-request-method")) {
        past->preflight |= PROCORE_PREFLIGHT_METHOD;
    }
}


/* Above the bound the number alone is kept, which tells that it is. */

static void
procore_har_line(procore_str_t *lines, size_t *n, const procore_str_t *value)
{
    if (*n < PROCORE_PAST_LINES) {
        lines[*n] = *value;
    }

    (*n)++;
}


/* One header of the answer: the gate's refusals carry two of their own. */

static void
procore_har_answer(procore_har_t *har)
{
    procore_past_t  *past;

    past = &har->past;

    if (procore_replay_is_name(&har->name, "procore-scope-reason")
        && procore_reason_find(har->value.data, har->value.len, &past->reason)
           == PROCORE_OK)
    {
        past->decision = PROCORE_DECISION_DENY;

    } else if (procore_replay_is_name(&har->name, "procore-scope-decision")) {
        past->id = har->value;
    }
}


static void
procore_har_entry(procore_har_t *har)
{
    procore_past_t  *past;

    past = &har->past;
    past->line = ++har->count;
    past->seconds = procore_replay_time(&past->time);

    if (!procore_har_host(har)) {
        past->elsewhere = 1;
    }

    procore_har_target(har);
    procore_har_headers(har);
    procore_har_token(har);
    procore_har_body(har);

    har->entry(har->data, past, &har->pool);
}


/* Is it a request to the host that is asked for?  1 or 0. */

static int
procore_har_host(procore_har_t *har)
{
    procore_str_t         host;
    const unsigned char  *p, *end;

    if (har->host == NULL) {
        return 1;
    }

    if (har->url.len == 0) {
        return 0;
    }

    p = memchr(har->url.data, ':', har->url.len);
    end = har->url.data + har->url.len;

    if (p == NULL || end - p < 3 || p[1] != '/' || p[2] != '/') {
        return 0;
    }

    host.data = p + 3;

    for (p = host.data; p < end && *p != '/' && *p != '?'; p++) { /* void */ }

    host.len = (size_t) (p - host.data);

    return procore_replay_is_name(&host, har->host);
}


/* A browser keeps the fragment for itself. */

static void
procore_har_target(procore_har_t *har)
{
    procore_str_t         url;
    const unsigned char  *p;

    url = har->url;

    p = url.len ? memchr(url.data, '#', url.len) : NULL;

    if (p != NULL) {
        url.len = (size_t) (p - url.data);
    }

    if (url.len < PROCORE_HAR_URL) {
        procore_replay_target(&har->past, &url);
    }

    har->past.nginx = har->past.target != PROCORE_PART_TEXT
                      || har->past.method.len == 0;
}


static void
procore_har_token(procore_har_t *har)
{
    procore_str_t    token;
    procore_past_t  *past;

    past = &har->past;

    /* nginx answers two of them with 400 */

    if (har->nauthorization > 1) {
        past->nginx = 1;
        return;
    }

    /*
     * Exports leave credentials out, or put something else in their place: what
     * is not there, or is no credential by its form, may have been one.
     */

    if (har->authorization.len == 0
        || har->authorization.len == PROCORE_HAR_HEADER
        || memchr(har->authorization.data, ' ', har->authorization.len)
           == NULL)
    {
        return;
    }

    if (procore_bearer(&har->authorization, &token) != PROCORE_OK) {
        past->token = PROCORE_PART_NONE;
        return;
    }

    if (procore_digest_token(har->realm, token.data, token.len, past->digest)
        == PROCORE_OK)
    {
        past->token = PROCORE_PART_TEXT;
        past->digest_len = PROCORE_DIGEST_SIZE;
    }
}


static void
procore_har_headers(procore_har_t *har)
{
    procore_past_t  *past;

    past = &har->past;

    if (procore_replay_is(&past->method, "OPTIONS")) {
        past->preflight |= PROCORE_PREFLIGHT_OPTIONS;
    }

    past->preflight_known = PROCORE_PREFLIGHT_OPTIONS;

    if (!har->fields) {
        past->ncompanies = 0;
        past->ntypes = 0;
        past->nencodings = 0;
        return;
    }

    past->preflight_known |= PROCORE_PREFLIGHT_ORIGIN
                             |PROCORE_PREFLIGHT_METHOD;

    if (har->nauthorization) {
        past->preflight_known |= PROCORE_PREFLIGHT_BARE;
    }

    if (past->ncompanies > PROCORE_PAST_LINES) {
        past->ncompanies = PROCORE_PAST_LINES;

    } else {
        past->header = past->ncompanies ? PROCORE_PART_TEXT
                                        : PROCORE_PART_NONE;
    }

    /* as many as the gate itself reads */

    if (past->ntypes > PROCORE_PAST_LINES) {
        past->ntypes = PROCORE_PAST_LINES;
    }

    if (past->nencodings > PROCORE_PAST_LINES) {
        past->nencodings = PROCORE_PAST_LINES;
    }

    past->type = PROCORE_PART_TEXT;
}


/*
 * The text of a HAR stands for the body where its length agrees with the one
 * that was sent: files, for example, are left out of it.
 */

static void
procore_har_body(procore_har_t *har)
{
    size_t           i;
    procore_past_t  *past;

    past = &har->past;

    (void) procore_id_classify(har->length.data, har->length.len,
                               &past->length);

    if (!har->text) {

        if (har->empty || procore_replay_is(&har->length, "0")
            || (har->fields && har->length.len == 0 && !har->chunked
                && har->version.len >= 7
                && memcmp(har->version.data, "HTTP/1.", 7) == 0))
        {
            past->body = PROCORE_PART_NONE;
        }

        return;
    }

    if (past->body_text.len == 0 && !har->sized && past->length == 0) {
        past->body = PROCORE_PART_NONE;
        return;
    }

    if (har->text_cut) {
        return;
    }

    past->body_changed = har->coded
                   || (past->length && past->length != past->body_text.len)
                   || (har->sized && har->size != past->body_text.len);

    for (i = 0; past->length == 0 && !har->sized
                && i + 2 < past->body_text.len; i++)
    {
        if (memcmp(past->body_text.data + i, "\xef\xbf\xbd", 3) == 0) {
            past->body_changed = 1;
            break;
        }
    }

    if (!past->body_changed) {
        past->body = PROCORE_PART_TEXT;
    }
}

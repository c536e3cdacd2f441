
/*
 * Lines of an access log.
 */


#include <string.h>

#include "procore_replay_format.h"
#include "procore_replay_text.h"


typedef struct {
    const procore_format_t  *format;
    procore_pool_t          *pool;
    procore_past_t          *past;
    procore_str_t            values[PROCORE_LOG_MAX];
} procore_access_t;


static int procore_access_unescape(procore_access_t *access,
    procore_str_t *value);
static int procore_access_hex(const unsigned char *p, unsigned digits);
static size_t procore_access_escape(const procore_format_t *format,
    const unsigned char *p, size_t left, unsigned char *out);
static int procore_access_has(const procore_access_t *access,
    procore_log_e variable);
static const procore_str_t *procore_access_get(const procore_access_t *access,
    procore_log_e variable);
static void procore_access_request(procore_access_t *access);
static void procore_access_line(procore_access_t *access,
    const procore_str_t *line);
static void procore_access_then(procore_access_t *access);
static void procore_access_token(procore_access_t *access);
static void procore_access_preflight(procore_access_t *access);
static void procore_access_header(procore_access_t *access);
static void procore_access_body(procore_access_t *access);
static void procore_access_type(procore_access_t *access);


int
procore_replay_access(const procore_format_t *format,
    const unsigned char *line, size_t len, procore_pool_t *pool,
    procore_past_t *past, const char **why)
{
    size_t            i;
    procore_str_t     text;
    procore_access_t  access;

    memset(past, 0, sizeof(procore_past_t));
    memset(&access, 0, sizeof(procore_access_t));

    access.format = format;
    access.pool = pool;
    access.past = past;

    text.data = line;
    text.len = len;

    if (len != 0 && line[len - 1] == '\r') {
        text.len--;
    }

    if (text.len == 0) {
        return PROCORE_NOT_FOUND;
    }

    switch (procore_format_split(format, &text, access.values)) {

    case PROCORE_OK:
        break;

    case PROCORE_CONFLICT:
        *why = "the line can be read in more than one way by this format";
        return PROCORE_MALFORMED;

    default:
        *why = "not a line of this format";
        return PROCORE_MALFORMED;
    }

    for (i = 0; i < PROCORE_LOG_MAX; i++) {
        if (procore_access_unescape(&access, &access.values[i])
            != PROCORE_OK)
        {
            *why = "a value is escaped in another way than the format says";
            return PROCORE_MALFORMED;
        }
    }

    procore_access_request(&access);
    procore_access_then(&access);
    procore_access_token(&access);
    procore_access_preflight(&access);
    procore_access_header(&access);
    procore_access_body(&access);

    return PROCORE_OK;
}


/* In the place of a value, its bytes; none where nginx had none. */

static int
procore_access_unescape(procore_access_t *access, procore_str_t *value)
{
    size_t                i, n, len;
    unsigned char        *out;
    const unsigned char  *p;

    p = value->data;

    if (value->len == 0 || access->format->escape == PROCORE_ESCAPE_NONE) {
        return PROCORE_OK;
    }

    if (access->format->escape == PROCORE_ESCAPE_DEFAULT
        && value->len == 1 && p[0] == '-')
    {
        value->len = 0;
        return PROCORE_OK;
    }

    if (memchr(p, '\\', value->len) == NULL) {
        return PROCORE_OK;
    }

    out = procore_pool_alloc(access->pool, value->len);
    if (out == NULL) {
        return PROCORE_ERROR;
    }

    len = 0;

    for (i = 0; i < value->len; i += n) {

        if (p[i] != '\\') {
            out[len++] = p[i];
            n = 1;
            continue;
        }

        n = procore_access_escape(access->format, p + i, value->len - i,
                                  &out[len++]);
        if (n == 0) {
            return PROCORE_MALFORMED;
        }
    }

    value->data = out;
    value->len = len;

    return PROCORE_OK;
}


/* One escape, as nginx writes them: all are one byte.  Its length, 0: none. */

static size_t
procore_access_escape(const procore_format_t *format, const unsigned char *p,
    size_t left, unsigned char *out)
{
    int          code;
    const char  *found;

    static const char  letters[] = "\"\\nrtbf/";
    static const char  bytes[] = "\"\\\n\r\t\b\f/";

    if (format->escape == PROCORE_ESCAPE_DEFAULT) {

        if (left < 4 || p[1] != 'x') {
            return 0;
        }

        code = procore_access_hex(p + 2, 2);
        *out = (unsigned char) code;

        return code == -1 ? 0 : 4;
    }

    if (left >= 6 && p[1] == 'u') {
        code = procore_access_hex(p + 2, 4);
        *out = (unsigned char) code;

        return code == -1 || code > 0x7f ? 0 : 6;
    }

    found = left >= 2 && p[1] != '\0' ? strchr(letters, p[1]) : NULL;

    if (found == NULL) {
        return 0;
    }

    *out = (unsigned char) bytes[found - letters];

    return 2;
}


static int
procore_access_hex(const unsigned char *p, unsigned digits)
{
    int       code;
    unsigned  i;

    code = 0;

    for (i = 0; i < digits; i++) {

        if (p[i] >= '0' && p[i] <= '9') {
            code = code * 16 + (p[i] - '0');

        } else if ((p[i] | 0x20) >= 'a' && (p[i] | 0x20) <= 'f') {
            code = code * 16 + ((p[i] | 0x20) - 'a' + 10);

        } else {
            return -1;
        }
    }

    return code;
}


static int
procore_access_has(const procore_access_t *access, procore_log_e variable)
{
    return (access->format->seen & 1u << variable) != 0;
}


static const procore_str_t *
procore_access_get(const procore_access_t *access, procore_log_e variable)
{
    return &access->values[variable];
}


/* Method, target, protocol; and what names the line. */

static void
procore_access_request(procore_access_t *access)
{
    uint64_t              status;
    procore_past_t       *past;
    const procore_str_t  *value;

    past = access->past;

    if (procore_access_has(access, PROCORE_LOG_REQUEST)) {
        procore_access_line(access,
                            procore_access_get(access, PROCORE_LOG_REQUEST));
    }

    if (procore_access_has(access, PROCORE_LOG_REQUEST_METHOD)) {
        past->method = *procore_access_get(access, PROCORE_LOG_REQUEST_METHOD);
    }

    if (procore_access_has(access, PROCORE_LOG_REQUEST_URI)) {
        procore_replay_target(past, procore_access_get(access,
                                                  PROCORE_LOG_REQUEST_URI));
    }

    past->nginx = past->target != PROCORE_PART_TEXT || past->method.len == 0;

    if (past->query == PROCORE_PART_TEXT && past->query_text.len == 0) {

        /* a query is cut behind its "?" */

        past->query = PROCORE_PART_UNKNOWN;
        past->query_hidden = 1;
    }

    value = procore_access_get(access, PROCORE_LOG_STATUS);

    if (procore_id_classify(value->data, value->len, &status)
        == PROCORE_ID_NUMBER && status < 1000)
    {
        past->status = (unsigned) status;
    }

    past->id = *procore_access_get(access, PROCORE_LOG_REQUEST_ID);
    past->time = *procore_access_get(access, PROCORE_LOG_TIME_ISO8601);

    if (past->time.len == 0) {
        past->time = *procore_access_get(access, PROCORE_LOG_TIME_LOCAL);
    }

    past->seconds = procore_replay_time(&past->time);
}


/* "GET /rest/v1.0/me HTTP/1.1"; in HTTP/0.9 without the third part. */

static void
procore_access_line(procore_access_t *access, const procore_str_t *line)
{
    procore_str_t         target;
    const unsigned char  *p, *end, *last;

    p = line->len ? memchr(line->data, ' ', line->len) : NULL;

    if (p == NULL) {
        return;
    }

    access->past->method.data = line->data;
    access->past->method.len = (size_t) (p - line->data);

    end = line->data + line->len;
    target.data = p + 1;

    for (last = end; last > target.data && last[-1] != ' '; last--) {
        /* void */
    }

    if (last > target.data && end - last > 5 && memcmp(last, "HTTP/", 5) == 0)
    {
        if (!procore_access_has(access, PROCORE_LOG_SERVER_PROTOCOL)) {
            access->values[PROCORE_LOG_SERVER_PROTOCOL].data = last;
            access->values[PROCORE_LOG_SERVER_PROTOCOL].len
                                                      = (size_t) (end - last);
        }

        end = last - 1;
    }

    target.len = (size_t) (end - target.data);
    procore_replay_target(access->past, &target);
}


static void
procore_access_then(procore_access_t *access)
{
    if (procore_access_get(access, PROCORE_LOG_DECISION)->len != 0) {
        (void) procore_replay_decision(access->past,
                             procore_access_get(access, PROCORE_LOG_DECISION),
                             procore_access_get(access, PROCORE_LOG_REASON));
    }
}


static void
procore_access_token(procore_access_t *access)
{
    procore_past_t       *past;
    const procore_str_t  *value;

    past = access->past;

    /* the gate worked nothing out where it was off */

    if (procore_replay_is(procore_access_get(access, PROCORE_LOG_MODE), "off"))
    {
        return;
    }

    if (procore_access_has(access, PROCORE_LOG_TOKEN)) {
        value = procore_access_get(access, PROCORE_LOG_TOKEN);

        if (value->len == 0) {
            past->token = PROCORE_PART_NONE;

        } else {
            procore_replay_digest(past, value);
        }
    }

    if (procore_access_has(access, PROCORE_LOG_COMPANY)) {
        value = procore_access_get(access, PROCORE_LOG_COMPANY);

        if (procore_id_classify(value->data, value->len, &past->company)
            == PROCORE_ID_NUMBER)
        {
            past->binding = PROCORE_PART_TEXT;
            past->token = PROCORE_PART_TEXT;

        } else if (past->token == PROCORE_PART_TEXT) {
            past->binding = PROCORE_PART_NONE;
        }
    }

    if (procore_access_has(access, PROCORE_LOG_CLIENT)) {
        past->client = *procore_access_get(access, PROCORE_LOG_CLIENT);
        past->client_known = past->client.len != 0
                             || past->token == PROCORE_PART_TEXT;
    }
}


static void
procore_access_preflight(procore_access_t *access)
{
    procore_past_t  *past;

    past = access->past;
    past->preflight_known = PROCORE_PREFLIGHT_OPTIONS;

    if (procore_replay_is(&past->method, "OPTIONS")) {
        past->preflight = PROCORE_PREFLIGHT_OPTIONS;
    }

    if (past->decision != PROCORE_DECISION_NONE) {
        past->preflight_known = PROCORE_PREFLIGHT;
        past->preflight = past->reason == PROCORE_REASON_PREFLIGHT
                          ? PROCORE_PREFLIGHT : 0;
        return;
    }

    if (past->token == PROCORE_PART_TEXT) {
        past->preflight_known |= PROCORE_PREFLIGHT_BARE;
    }

    if (procore_access_has(access, PROCORE_LOG_ORIGIN)
        && procore_access_get(access, PROCORE_LOG_ORIGIN)->len == 0)
    {
        past->preflight_known |= PROCORE_PREFLIGHT_ORIGIN;
    }

    if (procore_access_has(access, PROCORE_LOG_CORS_METHOD)
        && procore_access_get(access, PROCORE_LOG_CORS_METHOD)->len == 0)
    {
        past->preflight_known |= PROCORE_PREFLIGHT_METHOD;
    }
}


static void
procore_access_header(procore_access_t *access)
{
    procore_past_t       *past;
    const procore_str_t  *value;

    past = access->past;

    if (!procore_access_has(access, PROCORE_LOG_COMPANY_HEADER)) {
        return;
    }

    value = procore_access_get(access, PROCORE_LOG_COMPANY_HEADER);

    if (value->len == 0) {
        past->header = PROCORE_PART_NONE;
        return;
    }

    /* nginx joins the lines of a header from 1.23 on */

    if (memchr(value->data, ',', value->len) != NULL) {
        return;
    }

    past->header = PROCORE_PART_TEXT;
    past->companies[past->ncompanies++] = *value;
}


static void
procore_access_body(procore_access_t *access)
{
    procore_past_t       *past;
    procore_log_e         variable;
    const procore_str_t  *value, *protocol;

    past = access->past;

    variable = procore_access_has(access, PROCORE_LOG_CONTENT_LENGTH)
               ? PROCORE_LOG_CONTENT_LENGTH : PROCORE_LOG_HTTP_CONTENT_LENGTH;

    if (procore_access_has(access, variable)) {
        value = procore_access_get(access, variable);
        protocol = procore_access_get(access, PROCORE_LOG_SERVER_PROTOCOL);

        if (procore_replay_is(value, "0")) {
            past->body = PROCORE_PART_NONE;

        } else if (procore_id_classify(value->data, value->len, &past->length)
                   == PROCORE_ID_NUMBER)
        {
            procore_access_type(access);

        } else if (value->len == 0
                   && procore_access_has(access, PROCORE_LOG_TRANSFER_ENCODING)
                   && procore_access_get(access, PROCORE_LOG_TRANSFER_ENCODING)
                      ->len == 0
                   && protocol->len > 7
                   && memcmp(protocol->data, "HTTP/1.", 7) == 0)
        {
            /* in HTTP/2 a body needs neither of the two */

            past->body = PROCORE_PART_NONE;
        }
    }
}


/* Which bodies name nothing, or cannot be read, their type tells. */

static void
procore_access_type(procore_access_t *access)
{
    procore_past_t       *past;
    procore_log_e         variable;
    procore_str_t         boundary;
    const procore_str_t  *value, *encoding;

    past = access->past;

    variable = procore_access_has(access, PROCORE_LOG_CONTENT_TYPE)
               ? PROCORE_LOG_CONTENT_TYPE : PROCORE_LOG_HTTP_CONTENT_TYPE;

    if (!procore_access_has(access, variable)) {
        return;
    }

    value = procore_access_get(access, variable);

    if (value->len != 0) {
        past->types[past->ntypes++] = *value;
    }

    if (procore_access_has(access, PROCORE_LOG_CONTENT_ENCODING)) {
        encoding = procore_access_get(access, PROCORE_LOG_CONTENT_ENCODING);
        past->type = PROCORE_PART_TEXT;

        if (encoding->len != 0) {
            past->encodings[past->nencodings++] = *encoding;
        }

    } else if (procore_body_type(past->types, past->ntypes, NULL, 0, &boundary)
               == PROCORE_BODY_UNREAD)
    {
        /* whatever its encoding */

        past->type = PROCORE_PART_TEXT;
    }
}

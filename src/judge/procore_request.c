
/*
 * An HTTP request as nginx reads it: its head, and where its body is.
 */


#include <string.h>
#include <strings.h>

#include "procore_chunked.h"
#include "procore_request_line.h"


static int procore_request_headers(procore_request_t *request,
    const unsigned char *data, size_t len, size_t *used);
static void procore_request_known(procore_request_t *request,
    const procore_str_t *name, const procore_str_t *value);
static int procore_request_once(procore_request_t *request,
    const procore_str_t *name);
static int procore_request_is(const procore_str_t *name, const char *text);
static int procore_request_holds(const procore_str_t *value,
    const char *text);
static void procore_request_content_length(procore_request_t *request);
static void procore_request_coding(procore_request_t *request);
static void procore_request_framing(procore_request_t *request);
static int procore_request_http2_name(const procore_str_t *name);


/* Lines that nginx takes once: the second one is refused. */

static const char *const  procore_request_unique[] = {
    "authorization", "content-length", "content-range", "expect", "host",
    "if-match", "if-modified-since", "if-none-match", "if-range",
    "if-unmodified-since", "transfer-encoding", NULL
};


int
procore_request_read(procore_request_t *request, const unsigned char *data,
    size_t len, unsigned char *room, size_t *used)
{
    int     rc;
    size_t  n, at;

    memset(request, 0, offsetof(procore_request_t, headers));
    request->nheaders = 0;

    *used = len;

    rc = procore_request_line(request, data, len, room, &at);

    if (rc != PROCORE_OK || request->status) {
        return rc;
    }

    if (request->version < PROCORE_HTTP_10) {
        request->complete = 1;
        request->close = 1;
        return PROCORE_OK;
    }

    rc = procore_request_headers(request, data + at, len - at, &n);

    if (rc != PROCORE_OK || request->status) {
        return rc;
    }

    procore_request_framing(request);

    if (request->status) {
        return PROCORE_OK;
    }

    at += n;
    data += at;
    len -= at;

    if (request->chunked) {
        request->body.data = room + request->target.uri.len;

        rc = procore_chunked_read(data, len,
                                  room + request->target.uri.len,
                                  &request->body.len, &n);

        request->complete = rc == PROCORE_OK;

    } else {
        n = request->length < len ? (size_t) request->length : len;

        request->body.data = data;
        request->body.len = n;
        request->complete = n == request->length;
    }

    *used = at + n;

    return PROCORE_OK;
}


/* Lines to the empty one. */

static int
procore_request_headers(procore_request_t *request, const unsigned char *data,
    size_t len, size_t *used)
{
    int            rc;
    size_t         n, at;
    procore_str_t  name, value;

    for (at = 0; /* void */ ; at += n) {

        rc = procore_request_header_line(data + at, len - at, &name, &value,
                                         &n);

        switch (rc) {

        case PROCORE_OK:
            break;

        case PROCORE_MALFORMED:
            procore_request_answer(request, 400, "a header line that cannot "
                                   "be read");
            return PROCORE_OK;

        case PROCORE_TOO_LARGE:
            procore_request_answer(request, 400, "a header line longer than "
                                   "8k");
            return PROCORE_OK;

        default:
            return rc;
        }

        if (name.data == NULL) {
            *used = at + n;
            return PROCORE_OK;
        }

        if (name.len == 0) {
            continue;
        }

        if (request->nheaders == PROCORE_REQUEST_HEADERS) {
            return PROCORE_TOO_LARGE;
        }

        procore_request_known(request, &name, &value);

        if (request->status) {
            return PROCORE_OK;
        }
    }
}


/* Keeps a line, with what nginx knows of it. */

static void
procore_request_known(procore_request_t *request, const procore_str_t *name,
    const procore_str_t *value)
{
    procore_request_header_t  *header;

    if (procore_request_once(request, name)) {
        procore_request_answer(request, 400, "a header line that may stand "
                               "once stands twice");
        return;
    }

    if (procore_request_is(name, "host")) {
        request->host = 1;

        if (procore_request_host(value) != PROCORE_OK) {
            procore_request_answer(request, 400, "a Host that is none");
            return;
        }

    } else if (procore_request_is(name, "connection")) {

        if (procore_request_holds(value, "close")) {
            request->close = 1;

        } else if (procore_request_holds(value, "keep-alive")) {
            request->close = 0;
        }
    }

    header = &request->headers[request->nheaders++];
    header->name = *name;
    header->value = *value;
}


/* Is it the second line of a header that may stand once? */

static int
procore_request_once(procore_request_t *request, const procore_str_t *name)
{
    size_t         i;
    procore_str_t  line;

    for (i = 0; procore_request_unique[i]; i++) {
        if (procore_request_is(name, procore_request_unique[i])) {
            return procore_request_lines(request, procore_request_unique[i],
                                         &line, 1)
                   != 0;
        }
    }

    return 0;
}


static int
procore_request_is(const procore_str_t *name, const char *text)
{
    return strlen(text) == name->len
           && strncasecmp((const char *) name->data, text, name->len) == 0;
}


static int
procore_request_holds(const procore_str_t *value, const char *text)
{
    size_t  i, len;

    len = strlen(text);

    for (i = 0; i + len <= value->len; i++) {
        if (strncasecmp((const char *) value->data + i, text, len) == 0) {
            return 1;
        }
    }

    return 0;
}


size_t
procore_request_lines(const procore_request_t *request, const char *name,
    procore_str_t *lines, size_t max)
{
    size_t  i, n;

    for (i = 0, n = 0; i < request->nheaders && n < max; i++) {
        if (procore_request_is(&request->headers[i].name, name)) {
            lines[n++] = request->headers[i].value;
        }
    }

    return n;
}


/* What nginx looks at when the last line of the head is there. */

static void
procore_request_framing(procore_request_t *request)
{
    if (!request->host && request->version > PROCORE_HTTP_10) {
        procore_request_answer(request, 400, "no Host");
        return;
    }

    procore_request_content_length(request);

    if (request->status == 0) {
        procore_request_coding(request);
    }

    if (request->status == 0
        && (procore_request_is(&request->method, "CONNECT")
            || procore_request_is(&request->method, "TRACE")))
    {
        procore_request_answer(request, 405, "a method that nginx does not "
                               "take");
    }
}


static void
procore_request_content_length(procore_request_t *request)
{
    size_t         i;
    procore_str_t  line;

    if (procore_request_lines(request, "content-length", &line, 1) == 0) {
        return;
    }

    request->has_length = 1;

    for (i = 0; i < line.len; i++) {
        if (line.data[i] < '0' || line.data[i] > '9'
            || request->length > (INT64_MAX - 9) / 10)
        {
            break;
        }

        request->length = request->length * 10
                          + (unsigned) (line.data[i] - '0');
    }

    if (i == 0 || i < line.len) {
        procore_request_answer(request, 400, "a Content-Length that is no "
                               "number");
    }
}


static void
procore_request_coding(procore_request_t *request)
{
    procore_str_t  line;

    if (procore_request_lines(request, "transfer-encoding", &line, 1) == 0) {
        return;
    }

    if (request->version < PROCORE_HTTP_11) {
        procore_request_answer(request, 400, "Transfer-Encoding in HTTP/1.0");

    } else if (!procore_request_is(&line, "chunked")) {
        procore_request_answer(request, 501, "a Transfer-Encoding that nginx "
                               "does not know");

    } else if (request->has_length) {
        procore_request_answer(request, 400, "both Content-Length and "
                               "Transfer-Encoding");

    } else {
        request->chunked = 1;
    }
}


void
procore_request_start(procore_request_t *request,
    const procore_str_t *method, const procore_str_t *target,
    unsigned char *room)
{
    size_t  i;

    memset(request, 0, offsetof(procore_request_t, headers));
    request->nheaders = 0;

    request->method = *method;
    request->version = PROCORE_HTTP_20;
    request->line = *target;
    request->as_sent = 1;

    if (!procore_request_method(method)) {
        procore_request_answer(request, 400, "a method that is none");
        return;
    }

    for (i = 0; i < target->len; i++) {
        if (target->data[i] <= ' ' || target->data[i] == 0x7f) {
            break;
        }
    }

    if (target->len == 0 || i < target->len || target->data[0] != '/'
        || procore_target_read(target, 0, 1, room, &request->target)
           != PROCORE_OK)
    {
        procore_request_answer(request, 400, "a target that cannot be read");
    }
}


void
procore_request_add(procore_request_t *request, const procore_str_t *name,
    const procore_str_t *value)
{
    size_t                      i;
    static const procore_str_t  host = procore_str("host");

    if (request->status) {
        return;
    }

    for (i = 0; i < value->len; i++) {
        if (value->data[i] == '\0' || value->data[i] == '\n'
            || value->data[i] == '\r')
        {
            procore_request_answer(request, 400, "a header line that cannot "
                                   "be read");
            return;
        }
    }

    if (procore_request_is(name, ":authority")) {
        procore_request_known(request, &host, value);
        return;
    }

    switch (procore_request_http2_name(name)) {

    case PROCORE_OK:
        break;

    case PROCORE_NOT_FOUND:
        return;

    default:
        procore_request_answer(request, 400, "the name of a header line that "
                               "cannot be read");
        return;
    }

    if (request->nheaders == PROCORE_REQUEST_HEADERS) {
        procore_request_answer(request, 400, "too many header lines");
        return;
    }

    procore_request_known(request, name, value);
}


/* PROCORE_NOT_FOUND: nginx drops such a line. */

static int
procore_request_http2_name(const procore_str_t *name)
{
    int            rc;
    size_t         i;
    unsigned char  c;

    rc = name->len ? PROCORE_OK : PROCORE_MALFORMED;

    for (i = 0; i < name->len; i++) {
        c = name->data[i];

        if (c <= ' ' || c == 0x7f || c == ':' || (c >= 'A' && c <= 'Z')) {
            return PROCORE_MALFORMED;
        }

        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-')) {
            rc = PROCORE_NOT_FOUND;
        }
    }

    return rc;
}


void
procore_request_end(procore_request_t *request, const procore_str_t *body)
{
    if (request->status) {
        return;
    }

    procore_request_framing(request);

    if (request->status) {
        return;
    }

    if (request->has_length && request->length != body->len) {
        procore_request_answer(request, 400, "a body that has not its "
                               "Content-Length");
        return;
    }

    request->chunked = !request->has_length && body->len != 0;
    request->body = *body;
    request->complete = 1;
}


/*
 * Lines of the head of a request, as nginx reads them
 * (ngx_http_parse_request_line(), ngx_http_parse_header_line()).
 */


#include <string.h>

#include "procore_request_line.h"


/* What is left of a line. */

typedef struct {
    const unsigned char  *p;
    const unsigned char  *end;
} procore_request_rest_t;


static int procore_request_target(procore_request_t *request,
    procore_request_rest_t *in, unsigned char *room);
static int procore_request_authority(procore_request_rest_t *in);
static int procore_request_literal(unsigned char c);
static int procore_request_version(procore_request_t *request,
    procore_request_rest_t *in);
static int procore_request_letter(unsigned char c);
static int procore_request_digit(unsigned char c);
static int procore_request_name(procore_request_rest_t *in,
    procore_str_t *name);
static int procore_request_value(procore_request_rest_t *in,
    procore_str_t *value);


void
procore_request_answer(procore_request_t *request, unsigned status,
    const char *why)
{
    request->status = status;
    request->why = why;
}


int
procore_request_line(procore_request_t *request, const unsigned char *data,
    size_t len, unsigned char *room, size_t *used)
{
    size_t                  start;
    const unsigned char    *end;
    procore_request_rest_t  in;

    for (start = 0; start < len; start++) {
        if (data[start] != '\r' && data[start] != '\n') {
            break;
        }
    }

    end = memchr(data + start, '\n', len - start);

    if (end == NULL && len - start < PROCORE_REQUEST_LINE) {
        return PROCORE_NOT_FOUND;
    }

    if (end == NULL || end - (data + start) >= PROCORE_REQUEST_LINE) {
        procore_request_answer(request, 414, "a target longer than 8k");
        return PROCORE_OK;
    }

    *used = (size_t) (end + 1 - data);

    in.p = data + start;
    in.end = end[-1] == '\r' && end - 1 >= in.p ? end - 1 : end;

    request->method.data = in.p;

    while (in.p < in.end && *in.p != ' ') {
        in.p++;
    }

    request->method.len = (size_t) (in.p - request->method.data);

    if (!procore_request_method(&request->method)) {
        procore_request_answer(request, 400, "a method that is none");
        return PROCORE_OK;
    }

    if (procore_request_target(request, &in, room) != PROCORE_OK) {
        procore_request_answer(request, 400, "a target that cannot be read");
        return PROCORE_OK;
    }

    if (procore_request_version(request, &in) != PROCORE_OK) {
        procore_request_answer(request, request->version > PROCORE_HTTP_11
                                        ? 505 : 400,
                               "a version of HTTP that nginx does not take");
    }

    return PROCORE_OK;
}


int
procore_request_method(const procore_str_t *method)
{
    size_t         i;
    unsigned char  c;

    for (i = 0; i < method->len; i++) {
        c = method->data[i];

        if ((c < 'A' || c > 'Z') && c != '_' && c != '-') {
            return 0;
        }
    }

    return method->len != 0;
}


/* Blanks, scheme and authority where they are, path and query. */

static int
procore_request_target(procore_request_t *request, procore_request_rest_t *in,
    unsigned char *room)
{
    const unsigned char         *start;
    static const procore_str_t   root = procore_str("/");

    while (in->p < in->end && *in->p == ' ') {
        in->p++;
    }

    if (in->p == in->end) {
        return PROCORE_MALFORMED;
    }

    if (*in->p != '/' && procore_request_authority(in) != PROCORE_OK) {
        return PROCORE_MALFORMED;
    }

    for (start = in->p; in->p < in->end && *in->p != ' '; in->p++) {
        if (*in->p < ' ' || *in->p == 0x7f) {
            return PROCORE_MALFORMED;
        }
    }

    request->line.data = start;
    request->line.len = (size_t) (in->p - start);
    request->as_sent = request->line.len == 0 || *start == '/';

    if (request->line.len == 0) {
        request->line = root;
    }

    return procore_target_read(&request->line, !request->as_sent, 1, room,
                               &request->target);
}


/*
 * "scheme://host:port", which must be followed by "/", "?" or a blank.  Its
 * host is looked at, too.
 */

static int
procore_request_authority(procore_request_rest_t *in)
{
    procore_str_t  host;

    if (!procore_request_letter(*in->p)) {
        return PROCORE_MALFORMED;
    }

    while (in->p < in->end
           && (procore_request_letter(*in->p) || procore_request_digit(*in->p)
               || *in->p == '+' || *in->p == '-' || *in->p == '.'))
    {
        in->p++;
    }

    if (in->end - in->p < 3 || memcmp(in->p, "://", 3) != 0) {
        return PROCORE_MALFORMED;
    }

    in->p += 3;
    host.data = in->p;

    if (in->p < in->end && *in->p == '[') {

        for (in->p++; in->p < in->end && *in->p != ']'; in->p++) {
            if (!procore_request_literal(*in->p)) {
                return PROCORE_MALFORMED;
            }
        }

        if (in->p == in->end) {
            return PROCORE_MALFORMED;
        }

        in->p++;

    } else {

        while (in->p < in->end
               && (procore_request_letter(*in->p)
                   || procore_request_digit(*in->p)
                   || *in->p == '.' || *in->p == '-'))
        {
            in->p++;
        }
    }

    host.len = (size_t) (in->p - host.data);

    if (in->p < in->end && *in->p == ':') {

        for (in->p++; in->p < in->end && procore_request_digit(*in->p);
             in->p++)
        {
            /* void */
        }
    }

    if (in->p == in->end || (*in->p != '/' && *in->p != '?' && *in->p != ' '))
    {
        return PROCORE_MALFORMED;
    }

    return procore_request_host(&host);
}


static int
procore_request_literal(unsigned char c)
{
    return procore_request_letter(c) || procore_request_digit(c)
           || (c != '\0' && strchr(":-._~!$&'()*+,;=", c) != NULL);
}


/* Nothing (0.9), or "HTTP/1.x", with blanks around it. */

static int
procore_request_version(procore_request_t *request,
    procore_request_rest_t *in)
{
    unsigned  major, minor;

    while (in->p < in->end && *in->p == ' ') {
        in->p++;
    }

    if (in->p == in->end) {
        request->version = PROCORE_HTTP_09;

        return request->method.len == 3
               && memcmp(request->method.data, "GET", 3) == 0
               ? PROCORE_OK : PROCORE_MALFORMED;
    }

    if (in->end - in->p < 6 || memcmp(in->p, "HTTP/", 5) != 0
        || in->p[5] == '0')
    {
        return PROCORE_MALFORMED;
    }

    for (in->p += 5, major = 0;
         in->p < in->end && procore_request_digit(*in->p);
         in->p++)
    {
        major = major * 10 + (unsigned) (*in->p - '0');

        if (major > 1) {
            request->version = PROCORE_HTTP_20;
            return PROCORE_MALFORMED;
        }
    }

    if (in->end - in->p < 2 || *in->p != '.' || major == 0) {
        return PROCORE_MALFORMED;
    }

    for (in->p++, minor = 0;
         in->p < in->end && procore_request_digit(*in->p) && minor < 100;
         in->p++)
    {
        minor = minor * 10 + (unsigned) (*in->p - '0');
    }

    if (!procore_request_digit(in->p[-1])) {
        return PROCORE_MALFORMED;
    }

    while (in->p < in->end && *in->p == ' ') {
        in->p++;
    }

    request->version = major * 1000 + minor;
    request->close = request->version < PROCORE_HTTP_11;

    return in->p == in->end ? PROCORE_OK : PROCORE_MALFORMED;
}


static int
procore_request_letter(unsigned char c)
{
    return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}


static int
procore_request_digit(unsigned char c)
{
    return c >= '0' && c <= '9';
}


int
procore_request_host(const procore_str_t *host)
{
    int            literal, rest;
    size_t         i, dot, len;
    unsigned char  c;

    literal = 0;
    rest = 0;
    len = host->len;
    dot = SIZE_MAX - 1;

    for (i = 0; i < host->len; i++) {
        c = host->data[i];

        if (c == '.') {

            if (dot + 1 == i) {
                return PROCORE_MALFORMED;
            }

            dot = i;

        } else if (c == '[' && i == 0) {
            literal = 1;

        } else if (!rest && ((c == ':' && !literal) || (c == ']' && literal)))
        {
            len = c == ':' ? i : i + 1;
            rest = 1;

        } else if (c == '/' || c <= ' ' || c == 0x7f) {
            return PROCORE_MALFORMED;
        }
    }

    if (len && dot == len - 1) {
        len--;
    }

    return len ? PROCORE_OK : PROCORE_MALFORMED;
}


int
procore_request_header_line(const unsigned char *data, size_t len,
    procore_str_t *name, procore_str_t *value, size_t *used)
{
    int                     rc, dropped;
    const unsigned char    *end;
    procore_request_rest_t  in;

    end = memchr(data, '\n', len);

    if (end == NULL) {
        return len < PROCORE_REQUEST_LINE ? PROCORE_NOT_FOUND
                                          : PROCORE_TOO_LARGE;
    }

    if (end - data >= PROCORE_REQUEST_LINE) {
        return PROCORE_TOO_LARGE;
    }

    *used = (size_t) (end + 1 - data);

    if (end == data || (end == data + 1 && data[0] == '\r')) {
        name->data = NULL;
        name->len = 0;
        return PROCORE_OK;
    }

    if (data[0] == '\r') {
        return PROCORE_MALFORMED;
    }

    in.p = data;
    in.end = end;

    rc = procore_request_name(&in, name);
    dropped = rc == PROCORE_NOT_FOUND;

    if (rc == PROCORE_MALFORMED
        || procore_request_value(&in, value) != PROCORE_OK)
    {
        return PROCORE_MALFORMED;
    }

    if (dropped) {
        name->len = 0;
    }

    return PROCORE_OK;
}


/* To the colon or the end.  PROCORE_NOT_FOUND: nginx drops the line. */

static int
procore_request_name(procore_request_rest_t *in, procore_str_t *name)
{
    int            rc;
    unsigned char  c;

    rc = PROCORE_OK;
    name->data = in->p;

    for ( /* void */ ; in->p < in->end; in->p++) {
        c = *in->p;

        if (procore_request_letter(c) || procore_request_digit(c) || c == '-')
        {
            continue;
        }

        if (in->p > name->data && (c == ':' || c == '\r')) {
            break;
        }

        if (c <= ' ' || c == 0x7f || c == ':') {
            return PROCORE_MALFORMED;
        }

        rc = PROCORE_NOT_FOUND;
    }

    name->len = (size_t) (in->p - name->data);

    if (in->p < in->end && *in->p == ':') {
        in->p++;
    }

    return rc;
}


/* Without blanks around it; after a CR there may only be more of them. */

static int
procore_request_value(procore_request_rest_t *in, procore_str_t *value)
{
    const unsigned char  *p, *last;

    while (in->p < in->end && *in->p == ' ') {
        in->p++;
    }

    value->data = in->p;
    last = in->p;

    for (p = in->p; p < in->end && *p != '\r'; p++) {

        if (*p == '\0') {
            return PROCORE_MALFORMED;
        }

        if (*p != ' ') {
            last = p + 1;
        }
    }

    value->len = (size_t) (last - value->data);

    for ( /* void */ ; p < in->end; p++) {
        if (*p != '\r') {
            return PROCORE_MALFORMED;
        }
    }

    return PROCORE_OK;
}

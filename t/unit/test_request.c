
/*
 * Requests as nginx reads them: targets, header lines, bodies, and what nginx
 * answers itself.  t/check.t holds the same against a real nginx.
 */

#include "unit.h"

#include "../../src/judge/procore_request.h"


#define ROOM  20000


static procore_request_t  request;
static unsigned char      room[ROOM];
static size_t             used;


static void
target(const char *text, const char *uri, const char *query)
{
    char              got[ROOM];
    unsigned char     out[ROOM];
    procore_str_t     str;
    procore_target_t  parsed;

    str.data = (const unsigned char *) text;
    str.len = strlen(text);

    if (procore_target_read(&str, 0, 1, out, &parsed) != PROCORE_OK) {
        is_str(NULL, uri, "%s is refused", text);
        return;
    }

    (void) snprintf(got, ROOM, "%.*s", (int) parsed.uri.len,
                    (const char *) parsed.uri.data);
    is_str(got, uri, "%s", text);

    (void) snprintf(got, ROOM, "%.*s", (int) parsed.query.len,
                    (const char *) parsed.query.data);
    is_str(got, query, "%s: its query", text);
}


static void
targets(void)
{
    target("/", "/", "");
    target("/rest/v1.0/me", "/rest/v1.0/me", "");
    target("/a?b=/../c?d", "/a", "b=/../c?d");
    target("/a#b?c", "/a", "");
    target("/a?b#c", "/a", "b");
    target("/a/./b/../c", "/a/c", "");
    target("/a/..", "/", "");
    target("/a/.", "/a/", "");
    target("/a/..b/...", "/a/..b/...", "");
    target("//a///b", "/a/b", "");
    target("/a/%2e%2E/b", "/b", "");
    target("/a%2Fb%2f%2f/c", "/a/b/c", "");
    target("/a%3fb%23c%25d", "/a?b#c%d", "");
    target("/%41%c3%a9+", "/A\xc3\xa9+", "");
    target("/a/../../b", NULL, NULL);
    target("/..", NULL, NULL);
    target("/../", NULL, NULL);
    target("/%", NULL, NULL);
    target("/%4", NULL, NULL);
    target("/%4g", NULL, NULL);
    target("/%00", NULL, NULL);
}


static int
read_request(const char *text)
{
    return procore_request_read(&request, (const unsigned char *) text,
                                strlen(text), room, &used);
}


static void
answered(const char *text, unsigned status)
{
    is_int(read_request(text), PROCORE_OK, "read: %.30s", text);
    is_int(request.status, status, "answered with %u (%s)", status,
           request.why ? request.why : "");
}


static void
heads(void)
{
    answered("GET / HTTP/1.1\r\nHost: a\r\n\r\n", 0);
    answered("\r\n\r\nGET  /  HTTP/1.1  \nHost: a\n\n", 0);
    answered("GET /\r\n", 0);
    is_int(request.version, 9, "HTTP/0.9");
    answered("POST /\r\n", 400);
    answered("GET / HTTP/1.0\r\n\r\n", 0);
    is_int(request.close, 1, "HTTP/1.0 closes");
    answered("GET / HTTP/1.1\r\n\r\n", 400);
    answered("GET / HTTP/2.0\r\n", 505);
    answered("GET / HTTP/0.9\r\n", 400);
    answered("GET / HTTP/1.1x\r\n", 400);
    answered("GET /a b HTTP/1.1\r\n", 400);
    answered("get / HTTP/1.1\r\n", 400);
    answered("GET x HTTP/1.1\r\n", 400);
    answered("GET /\x01 HTTP/1.1\r\n", 400);
    answered("GET http://a.b:1/x?y HTTP/1.1\r\nHost: c\r\n\r\n", 0);
    is_int(request.as_sent, 1, "the path goes up as sent");
    answered("GET http://a?y HTTP/1.1\r\nHost: c\r\n\r\n", 0);
    is_int(request.as_sent, 0, "a path that was not sent");
    answered("GET http://a HTTP/1.1\r\nHost: c\r\n\r\n", 0);
    answered("GET http:///x HTTP/1.1\r\n", 400);
    answered("GET http://a_b/x HTTP/1.1\r\n", 400);
    answered("GET http://[::1]:80/x HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", 0);
    answered("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400);
    answered("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400);
    answered("GET / HTTP/1.1\r\nHost: a..b\r\n\r\n", 400);
    answered("GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n", 400);
    answered("GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400);
    answered("GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n", 400);
    answered("GET / HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer a\r\n"
             "authorization: Bearer b\r\n\r\n", 400);
    answered("TRACE / HTTP/1.1\r\nHost: a\r\n\r\n", 405);
    answered("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", 400);
    answered("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n"
             "Transfer-Encoding: chunked\r\n\r\n", 400);
    answered("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n",
             501);
    answered("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400);

    is_int(read_request("GET / HTTP/1.1\r\nHost: a\r\n"), PROCORE_NOT_FOUND,
           "a head without an end");
    is_int(read_request("GET / HTTP"), PROCORE_NOT_FOUND, "half a line");
}


static void
lines(void)
{
    procore_str_t  found[4];

    answered("GET / HTTP/1.1\r\nHost: a\r\nX-A:  b c  \r\nX_A: dropped\r\n"
             "x-a:\r\nX-a\r\nX!: dropped\r\n\r\nrest", 0);
    is_int((long long) request.nheaders, 4, "two lines are dropped");
    is_int((long long) procore_request_lines(&request, "x-a", found, 4), 3,
           "three of one name");
    is_int((long long) found[0].len, 3, "without blanks around it");
    is_int((long long) found[1].len, 0, "an empty one");
}


static void
body(const char *head, const char *bytes, const char *want, int complete)
{
    char  text[ROOM], got[ROOM];

    (void) snprintf(text, ROOM, "POST / HTTP/1.1\r\nHost: a\r\n%s\r\n\r\n%s",
                    head, bytes);

    is_int(read_request(text), PROCORE_OK, "%s: %s", head, bytes);
    (void) snprintf(got, ROOM, "%.*s", (int) request.body.len,
                    (const char *) request.body.data);
    is_str(got, want, "the body");
    is_int(request.complete, complete, "and whether that is all");
}


static void
bodies(void)
{
    const char  chunked[] = "Transfer-Encoding: chunked";

    body("X: y", "GET /", "", 1);
    body("Content-Length: 3", "abcdef", "abc", 1);
    body("Content-Length: 9", "abc", "abc", 0);
    body(chunked, "3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\n\r\nGET /",
         "abc0123456789", 1);
    is_int(read_request("POST / HTTP/1.1\r\nHost: a\r\n"
                        "Transfer-Encoding: chunked\r\n\r\n"
                        "1\nx\n0\nT: 1\n\nGET /"), PROCORE_OK, "bare LF");
    is_int(request.complete, 1, "is a line's end, too");
    is_int((long long) used, 68, "and trailers belong to the body");
    body(chunked, "3\r\nab", "ab", 0);
    body(chunked, "3\r\nabcd\r\n0\r\n\r\n", "abc", 0);
    body(chunked, "0x3\r\nabc\r\n0\r\n\r\n", "", 0);
    body(chunked, "fffffffffffffffff\r\n", "", 0);
    body(chunked, "\r\n", "", 0);
}


static void
http2(const char *method, const char *path, const char *name,
    const char *value, const char *content, unsigned status)
{
    procore_str_t         str[5];
    const procore_str_t   authority = procore_str(":authority");
    const procore_str_t   host = procore_str("a");
    size_t                i;
    const char           *text[5];

    text[0] = method;
    text[1] = path;
    text[2] = name;
    text[3] = value;
    text[4] = content;

    for (i = 0; i < 5; i++) {
        str[i].data = (const unsigned char *) text[i];
        str[i].len = strlen(text[i]);
    }

    procore_request_start(&request, &str[0], &str[1], room);
    procore_request_add(&request, &authority, &host);
    procore_request_add(&request, &str[2], &str[3]);
    procore_request_end(&request, &str[4]);

    is_int(request.status, status, "HTTP/2: %s %s %s", method, path, name);
}


int
main(void)
{
    targets();
    heads();
    lines();
    bodies();

    http2("GET", "/a", "x", "y", "", 0);
    http2("POST", "/a", "x", "y", "body", 0);
    is_int(request.chunked, 1, "a body of a length that nobody has said");
    http2("POST", "/a", "content-length", "4", "body", 0);
    http2("POST", "/a", "content-length", "5", "body", 400);
    http2("GET", "http://a/b", "x", "y", "", 400);
    http2("get", "/a", "x", "y", "", 400);
    http2("GET", "/a", "X", "y", "", 400);
    http2("GET", "/a", "x", "y\nz: 1", "", 400);
    http2("GET", "/a", "x_y", "z", "", 0);
    is_int((long long) request.nheaders, 1, "a line that nginx drops");

    return done_testing();
}

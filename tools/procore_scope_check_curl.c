
/*
 * A request from arguments as curl takes them (curl 7.88), put together as curl
 * would send it.  The path goes as it is written, as with --path-as-is.
 */


#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "procore_scope_check.h"


#define PROCORE_SCOPE_BOUNDARY  "------------------------procore-scope-check"


static int procore_scope_curl_say(const char *what, const char *text);
static int procore_scope_curl_file(procore_bytes_t *bytes, const char *name);
static int procore_scope_curl_header(procore_scope_curl_t *curl,
    const char *text);
static int procore_scope_curl_line(procore_scope_curl_t *curl,
    const char *line, size_t len, int argument);
static int procore_scope_curl_data(procore_scope_curl_t *curl, int option,
    const char *text);
static int procore_scope_curl_urlencode(procore_scope_curl_t *curl,
    const char *text);
static int procore_scope_curl_form(procore_scope_curl_t *curl,
    const char *text);
static void procore_scope_curl_part(procore_bytes_t *part, const char *name,
    size_t len, const char *file);
static int procore_scope_curl_is(const char *line, size_t len,
    const char *name);
static const char *procore_scope_curl_method(const procore_scope_curl_t *curl);
static void procore_scope_curl_target(const procore_scope_curl_t *curl,
    procore_bytes_t *bytes, procore_str_t *host);


int
procore_scope_curl_option(procore_scope_curl_t *curl, int option,
    const char *text)
{
    switch (option) {

    case 'X':
        curl->method = text;
        return PROCORE_SCOPE_GO_ON;

    case 'H':
        return procore_scope_curl_header(curl, text);

    case 'F':
        return procore_scope_curl_form(curl, text);

    case 'G':
        curl->get = 1;
        return PROCORE_SCOPE_GO_ON;

    case 'I':
        curl->head = 1;
        return PROCORE_SCOPE_GO_ON;

    default:
        return procore_scope_curl_data(curl, option, text);
    }
}


static int
procore_scope_curl_say(const char *what, const char *text)
{
    fprintf(stderr, "procore-scope: %s \"%s\"; see procore-scope --help\n",
            what, text);

    return PROCORE_SCOPE_USAGE;
}


static int
procore_scope_curl_file(procore_bytes_t *bytes, const char *name)
{
    int    rc;
    FILE  *in;

    in = strcmp(name, "-") == 0 ? stdin : fopen(name, "re");
    rc = in == NULL ? -1 : procore_bytes_read(bytes, in);

    if (rc != 0) {
        fprintf(stderr, "procore-scope: %s: %s\n", name, strerror(errno));
    }

    if (in != NULL && in != stdin) {
        (void) fclose(in);
    }

    return rc == 0 ? PROCORE_SCOPE_GO_ON : PROCORE_SCOPE_USAGE;
}


/* A line, or with "@" a file of them. */

static int
procore_scope_curl_header(procore_scope_curl_t *curl, const char *text)
{
    int               rc;
    char             *line, *end, *last;
    procore_bytes_t   file;

    if (text[0] != '@') {
        return procore_scope_curl_line(curl, text, strlen(text), 1);
    }

    memset(&file, 0, sizeof(procore_bytes_t));
    rc = procore_scope_curl_file(&file, text + 1);

    line = (char *) file.data;
    last = line + file.len;

    for ( /* void */ ; rc == PROCORE_SCOPE_GO_ON && line < last;
         line = end + 1)
    {
        end = memchr(line, '\n', (size_t) (last - line));
        end = end ? end : last;

        if (end > line && end[-1] == '\r') {
            rc = procore_scope_curl_line(curl, line,
                                         (size_t) (end - 1 - line), 0);

        } else if (end > line) {
            rc = procore_scope_curl_line(curl, line, (size_t) (end - line), 0);
        }
    }

    free(file.data);

    return rc;
}


/* Other users see arguments: a token among them would be given away. */

static int
procore_scope_curl_line(procore_scope_curl_t *curl, const char *line,
    size_t len, int argument)
{
    if (memchr(line, '\n', len) != NULL || memchr(line, ':', len) == NULL) {
        return procore_scope_usage("-H wants \"Name: value\" or @FILE");
    }

    if (procore_scope_curl_is(line, len, "authorization")) {

        if (argument) {
            return procore_scope_usage("a token is read from a file, never "
                                       "from an argument: "
                                       "--access-token-file FILE or -H @FILE");
        }

        curl->token = 1;
    }

    if (procore_scope_curl_is(line, len, "content-type")) {
        curl->type = 1;
    }

    procore_bytes_add(&curl->headers, line, len);
    procore_bytes_text(&curl->headers, "\r\n");

    return PROCORE_SCOPE_GO_ON;
}


static int
procore_scope_curl_is(const char *line, size_t len, const char *name)
{
    size_t  n;

    n = strlen(name);

    return len > n && line[n] == ':' && strncasecmp(line, name, n) == 0;
}


static int
procore_scope_curl_data(procore_scope_curl_t *curl, int option,
    const char *text)
{
    int     rc;
    size_t  i, n, from;

    if (curl->form) {
        return procore_scope_usage("either -d or -F");
    }

    /* several are one body; what --json is given has nothing in between */

    if (curl->has_body && option != PROCORE_SCOPE_JSON_DATA) {
        procore_bytes_text(&curl->body, "&");
    }

    curl->has_body = 1;

    if (option == PROCORE_SCOPE_URLENCODE) {
        return procore_scope_curl_urlencode(curl, text);
    }

    if (option == PROCORE_SCOPE_JSON_DATA) {
        curl->json = 1;
    }

    if (text[0] != '@' || option == PROCORE_SCOPE_DATA_RAW) {
        procore_bytes_text(&curl->body, text);
        return PROCORE_SCOPE_GO_ON;
    }

    from = curl->body.len;
    rc = procore_scope_curl_file(&curl->body, text + 1);

    if (option == 'd') {

        /* -d takes line ends out of a file */

        for (i = n = from; i < curl->body.len; i++) {
            if (curl->body.data[i] != '\r' && curl->body.data[i] != '\n') {
                curl->body.data[n++] = curl->body.data[i];
            }
        }

        curl->body.len = n;
    }

    return rc;
}


/* "content", "=content", "name=content", "@file" or "name@file". */

static int
procore_scope_curl_urlencode(procore_scope_curl_t *curl, const char *text)
{
    int               rc;
    size_t            i, len;
    unsigned char     c;
    procore_bytes_t   content;
    const char       *rest;
    static const char  digits[] = "0123456789ABCDEF";

    len = strcspn(text, "=@");
    rest = text[len] ? text + len + 1 : text;
    rc = PROCORE_SCOPE_GO_ON;

    memset(&content, 0, sizeof(procore_bytes_t));

    if (text[len] == '@') {
        rc = procore_scope_curl_file(&content, rest);

    } else {
        procore_bytes_text(&content, rest);
    }

    if (text[len] && len) {
        procore_bytes_add(&curl->body, text, len);
        procore_bytes_text(&curl->body, "=");
    }

    for (i = 0; i < content.len; i++) {
        c = content.data[i];

        if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z')
            || (c >= 'a' && c <= 'z') || (c && strchr("-._~", c)))
        {
            procore_bytes_add(&curl->body, &c, 1);

        } else {
            procore_bytes_text(&curl->body, "%");
            procore_bytes_add(&curl->body, &digits[c >> 4], 1);
            procore_bytes_add(&curl->body, &digits[c & 0x0f], 1);
        }
    }

    free(content.data);

    return rc;
}


/* "name=content", "name=@file" (an upload) or "name=<file". */

static int
procore_scope_curl_form(procore_scope_curl_t *curl, const char *text)
{
    int          rc;
    char        *file, *type;
    size_t       len;
    const char  *content, *name;

    len = strcspn(text, "=");

    if (text[len] == '\0') {
        return procore_scope_curl_say("no \"=\" in", text);
    }

    if (curl->has_body && !curl->form) {
        return procore_scope_usage("either -d or -F");
    }

    curl->form = 1;
    curl->has_body = 1;
    content = text + len + 1;

    if (content[0] != '@' && content[0] != '<') {
        procore_scope_curl_part(&curl->body, text, len, NULL);
        procore_bytes_text(&curl->body, "\r\n");
        procore_bytes_text(&curl->body, content);
        procore_bytes_text(&curl->body, "\r\n");

        return PROCORE_SCOPE_GO_ON;
    }

    file = strdup(content + 1);
    if (file == NULL) {
        return PROCORE_SCOPE_FAILED;
    }

    type = strstr(file, ";type=");

    if (type != NULL) {
        *type = '\0';
    }

    name = strrchr(file, '/') ? strrchr(file, '/') + 1 : file;

    procore_scope_curl_part(&curl->body, text, len,
                            content[0] == '@' ? name : NULL);

    if (content[0] == '@' || type != NULL) {
        procore_bytes_text(&curl->body, "Content-Type: ");
        procore_bytes_text(&curl->body, type ? type + sizeof(";type=") - 1
                                             : "application/octet-stream");
        procore_bytes_text(&curl->body, "\r\n");
    }

    procore_bytes_text(&curl->body, "\r\n");
    rc = procore_scope_curl_file(&curl->body, file);
    procore_bytes_text(&curl->body, "\r\n");

    free(file);

    return rc;
}


/* The head of a part, without the empty line. */

static void
procore_scope_curl_part(procore_bytes_t *part, const char *name, size_t len,
    const char *file)
{
    procore_bytes_text(part, "--" PROCORE_SCOPE_BOUNDARY "\r\n"
                             "Content-Disposition: form-data; name=\"");
    procore_bytes_add(part, name, len);
    procore_bytes_text(part, "\"");

    if (file != NULL) {
        procore_bytes_text(part, "; filename=\"");
        procore_bytes_text(part, file);
        procore_bytes_text(part, "\"");
    }

    procore_bytes_text(part, "\r\n");
}


static const char *
procore_scope_curl_method(const procore_scope_curl_t *curl)
{
    if (curl->method != NULL) {
        return curl->method;
    }

    if (curl->head) {
        return "HEAD";
    }

    return curl->has_body && !curl->get ? "POST" : "GET";
}


/* Without scheme, host and fragment; -G adds the data. */

static void
procore_scope_curl_target(const procore_scope_curl_t *curl,
    procore_bytes_t *bytes, procore_str_t *host)
{
    size_t       len;
    const char  *p;

    host->data = (const unsigned char *) "localhost";
    host->len = sizeof("localhost") - 1;

    p = strstr(curl->url, "://");

    if (p != NULL && strcspn(curl->url, "/?#") == (size_t) (p - curl->url) + 1)
    {
        p += 3;
        host->data = (const unsigned char *) p;
        host->len = strcspn(p, "/?#");
        p += host->len;

    } else {
        p = curl->url;
    }

    if (*p != '/') {
        procore_bytes_text(bytes, "/");
    }

    len = strcspn(p, "#");
    procore_bytes_add(bytes, p, len);

    if (curl->get && curl->has_body) {
        procore_bytes_text(bytes, memchr(p, '?', len) ? "&" : "?");
        procore_bytes_add(bytes, curl->body.data, curl->body.len);
    }
}


int
procore_scope_curl_bytes(procore_scope_curl_t *curl, procore_bytes_t *bytes)
{
    char           text[64];
    procore_str_t  host;

    if (curl->form) {
        procore_bytes_text(&curl->body, "--" PROCORE_SCOPE_BOUNDARY "--\r\n");
    }

    procore_bytes_text(bytes, procore_scope_curl_method(curl));
    procore_bytes_text(bytes, " ");
    procore_scope_curl_target(curl, bytes, &host);
    procore_bytes_text(bytes, " HTTP/1.1\r\nHost: ");
    procore_bytes_add(bytes, host.data, host.len);
    procore_bytes_text(bytes, "\r\n");
    procore_bytes_add(bytes, curl->headers.data, curl->headers.len);

    if (curl->has_body && !curl->get) {

        if (!curl->type) {
            procore_bytes_text(bytes, "Content-Type: ");
            procore_bytes_text(bytes,
                curl->form ? "multipart/form-data; boundary="
                             PROCORE_SCOPE_BOUNDARY
                : curl->json ? "application/json"
                : "application/x-www-form-urlencoded");
            procore_bytes_text(bytes, "\r\n");
        }

        (void) snprintf(text, sizeof(text), "Content-Length: %zu\r\n",
                        curl->body.len);
        procore_bytes_text(bytes, text);
    }

    procore_bytes_text(bytes, "\r\n");

    if (curl->has_body && !curl->get) {
        procore_bytes_add(bytes, curl->body.data, curl->body.len);
    }

    return PROCORE_SCOPE_GO_ON;
}

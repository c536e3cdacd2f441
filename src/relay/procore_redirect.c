
#include <string.h>

#include "../claims/procore_hex.h"
#include "procore_redirect.h"


#define PROCORE_REDIRECT_PORT  65535


static const procore_str_t  procore_redirect_https = procore_str("https://");
static const procore_str_t  procore_redirect_http = procore_str("http://");

static const procore_str_t  procore_redirect_urns[] = {
    procore_str("urn:ietf:wg:oauth:2.0:oob"),
    procore_str("urn:ietf:wg:oauth:2.0:oob:auto")
};


/* What stands after a scheme and "//", of a URI that has both. */

typedef struct {
    procore_str_t  host;    /* brackets of an IP literal included */
    procore_str_t  port;    /* data NULL: none */
    procore_str_t  rest;    /* path and query */
} procore_redirect_parts_t;


static int
procore_redirect_begins(const procore_str_t *uri, const procore_str_t *text)
{
    return uri->len >= text->len
           && memcmp(uri->data, text->data, text->len) == 0;
}


static int
procore_redirect_is(const procore_str_t *one, const procore_str_t *other)
{
    return one->len == other->len && procore_redirect_begins(one, other);
}


static int
procore_redirect_is_digit(unsigned char c)
{
    return c >= '0' && c <= '9';
}


static int
procore_redirect_is_letter(unsigned char c)
{
    c |= 0x20;

    return c >= 'a' && c <= 'z';
}


/* The length of the authority that "text" begins with. */

static size_t
procore_redirect_authority(const procore_str_t *text)
{
    size_t  i;

    for (i = 0; i < text->len; i++) {
        if (text->data[i] == '/' || text->data[i] == '?') {
            break;
        }
    }

    return i;
}


static void
procore_redirect_split(const procore_str_t *uri, size_t scheme,
    procore_redirect_parts_t *parts)
{
    size_t         i, len;
    procore_str_t  text;

    text.data = uri->data + scheme;
    text.len = uri->len - scheme;

    len = procore_redirect_authority(&text);

    parts->rest.data = text.data + len;
    parts->rest.len = text.len - len;

    i = 0;

    if (len != 0 && text.data[0] == '[') {
        while (i < len && text.data[i] != ']') {
            i++;
        }
    }

    while (i < len && text.data[i] != ':') {
        i++;
    }

    parts->host.data = text.data;
    parts->host.len = i;

    parts->port.data = i < len ? text.data + i + 1 : NULL;
    parts->port.len = i < len ? len - i - 1 : 0;
}


static int
procore_redirect_port_ok(const procore_str_t *port)
{
    size_t    i;
    unsigned  n;

    n = 0;

    for (i = 0; i < port->len; i++) {
        if (!procore_redirect_is_digit(port->data[i])) {
            return 0;
        }

        n = n * 10 + (unsigned) (port->data[i] - '0');

        if (n > PROCORE_REDIRECT_PORT) {
            return 0;
        }
    }

    return n != 0;
}


/* A registered name of letters, digits, "-", "_" and ".", or an IP literal. */

static int
procore_redirect_host_ok(const procore_str_t *host)
{
    size_t         i;
    unsigned char  c;

    if (host->len > 2 && host->data[0] == '['
        && host->data[host->len - 1] == ']')
    {
        for (i = 1; i < host->len - 1; i++) {
            c = host->data[i];

            if (procore_hex_digit(c) < 0 && c != ':' && c != '.') {
                return 0;
            }
        }

        return 1;
    }

    for (i = 0; i < host->len; i++) {
        c = host->data[i];

        if (!procore_redirect_is_letter(c) && !procore_redirect_is_digit(c)
            && c != '-' && c != '_' && c != '.')
        {
            return 0;
        }
    }

    return 1;
}


/* 127.0.0.0/8, as four plain decimals: no other spelling is one here. */

static int
procore_redirect_ipv4_loopback(const procore_str_t *host)
{
    size_t    i;
    unsigned  n, digits, dots;

    if (host->len < 4 || memcmp(host->data, "127.", 4) != 0) {
        return 0;
    }

    n = 0;
    digits = 0;
    dots = 1;

    for (i = 4; i < host->len; i++) {

        if (host->data[i] == '.') {
            if (digits == 0) {
                return 0;
            }

            dots++;
            n = 0;
            digits = 0;
            continue;
        }

        if (!procore_redirect_is_digit(host->data[i])
            || (digits != 0 && n == 0))
        {
            return 0;
        }

        n = n * 10 + (unsigned) (host->data[i] - '0');
        digits++;

        if (n > 255) {
            return 0;
        }
    }

    return dots == 3 && digits != 0;
}


static int
procore_redirect_is_literal(const procore_str_t *host)
{
    static const procore_str_t  ipv6 = procore_str("[::1]");

    return procore_redirect_is(host, &ipv6)
           || procore_redirect_ipv4_loopback(host);
}


/* What no URI, or none of an app, may contain anywhere. */

static const char *
procore_redirect_characters(const procore_str_t *uri)
{
    size_t                i;
    const unsigned char  *p;

    for (i = 0; i < uri->len; i++) {
        p = uri->data + i;

        if (*p <= ' ' || *p == 0x7f) {
            return "has a blank or a control character";
        }

        if (*p > '~') {
            return "has a byte beyond ASCII";
        }

        if (*p == '#') {
            return "has a fragment";
        }

        if (*p == '*') {
            return "has a \"*\"";
        }

        if (strchr("\"<>\\^`{|}", *p) != NULL) {
            return "has a character that no URI has";
        }

        if (*p == '%'
            && (uri->len - i < 3 || procore_hex_digit(p[1]) < 0
                || procore_hex_digit(p[2]) < 0))
        {
            return "has a \"%\" without two hexadecimal digits";
        }
    }

    return NULL;
}


static const char *
procore_redirect_web(const procore_str_t *uri, int https)
{
    procore_redirect_parts_t  parts;

    static const procore_str_t  localhost = procore_str("localhost");

    procore_redirect_split(uri, https ? procore_redirect_https.len
                                      : procore_redirect_http.len,
                           &parts);

    if (parts.host.len == 0) {
        return "has no host";
    }

    if (!procore_redirect_host_ok(&parts.host)) {
        return "has a host that is none";
    }

    if (parts.port.data != NULL && !procore_redirect_port_ok(&parts.port)) {
        return "has a port that is none";
    }

    if (!https && !procore_redirect_is(&parts.host, &localhost)
        && !procore_redirect_is_literal(&parts.host))
    {
        return "is http on another host than localhost, 127.0.0.0/8 or [::1]";
    }

    return NULL;
}


/* The length of a private scheme (RFC 8252, section 7.1), or 0. */

static size_t
procore_redirect_private(const procore_str_t *uri)
{
    int            dot;
    size_t         i;
    unsigned char  c;

    dot = 0;

    for (i = 0; i < uri->len && uri->data[i] != ':'; i++) {
        c = uri->data[i];

        if (procore_redirect_is_letter(c)) {
            continue;
        }

        if (i == 0 || (!procore_redirect_is_digit(c) && c != '+' && c != '-'
                       && c != '.'))
        {
            return 0;
        }

        dot |= c == '.';
    }

    return dot && i < uri->len ? i : 0;
}


/* Is there a name before a host, after any scheme? */

static int
procore_redirect_has_user(const procore_str_t *uri)
{
    size_t                len;
    procore_str_t         text;
    const unsigned char  *p;

    p = uri->len != 0 ? memchr(uri->data, ':', uri->len) : NULL;

    if (p == NULL || uri->len - (size_t) (p - uri->data) < 3
        || p[1] != '/' || p[2] != '/')
    {
        return 0;
    }

    text.data = p + 3;
    text.len = uri->len - (size_t) (text.data - uri->data);

    len = procore_redirect_authority(&text);

    return len != 0 && memchr(text.data, '@', len) != NULL;
}


const char *
procore_redirect_refused(const procore_str_t *uri)
{
    const char  *why;

    if (uri->len > PROCORE_REDIRECT_MAX) {
        return "is longer than 512 bytes";
    }

    why = procore_redirect_characters(uri);

    if (why != NULL) {
        return why;
    }

    if (procore_redirect_has_user(uri)) {
        return "has user info";
    }

    if (procore_redirect_begins(uri, &procore_redirect_https)) {
        return procore_redirect_web(uri, 1);
    }

    if (procore_redirect_begins(uri, &procore_redirect_http)) {
        return procore_redirect_web(uri, 0);
    }

    if (procore_redirect_private(uri) != 0 || procore_redirect_oob(uri)) {
        return NULL;
    }

    return "is neither https, http on a loopback host, a private scheme with "
           "a dot, nor an oob URN";
}


int
procore_redirect_same(const procore_str_t *registered,
    const procore_str_t *given)
{
    procore_redirect_parts_t  one, other;

    if (procore_redirect_is(registered, given)) {
        return 1;
    }

    if (!procore_redirect_begins(registered, &procore_redirect_http)
        || !procore_redirect_begins(given, &procore_redirect_http))
    {
        return 0;
    }

    procore_redirect_split(registered, procore_redirect_http.len, &one);
    procore_redirect_split(given, procore_redirect_http.len, &other);

    return procore_redirect_is_literal(&one.host)
           && procore_redirect_is(&one.host, &other.host)
           && procore_redirect_is(&one.rest, &other.rest)
           && (other.port.data == NULL
               || procore_redirect_port_ok(&other.port));
}


int
procore_redirect_oob(const procore_str_t *uri)
{
    return procore_redirect_is(uri, &procore_redirect_urns[0])
           || procore_redirect_is(uri, &procore_redirect_urns[1]);
}


void
procore_redirect_host(const procore_str_t *uri, procore_str_t *host)
{
    int                       https;
    procore_redirect_parts_t  parts;

    static const procore_str_t  port_https = procore_str("443");
    static const procore_str_t  port_http = procore_str("80");

    https = procore_redirect_begins(uri, &procore_redirect_https);

    if (!https && !procore_redirect_begins(uri, &procore_redirect_http)) {
        host->data = uri->data;
        host->len = procore_redirect_private(uri);
        return;
    }

    procore_redirect_split(uri, https ? procore_redirect_https.len
                                      : procore_redirect_http.len,
                           &parts);

    *host = parts.host;

    if (parts.port.data != NULL
        && !procore_redirect_is(&parts.port,
                                https ? &port_https : &port_http))
    {
        host->len += 1 + parts.port.len;
    }
}


void
procore_redirect_write(procore_out_t *out, const procore_str_t *uri,
    const procore_redirect_pair_t *pairs, size_t n)
{
    size_t       i;
    const char  *separator;

    procore_out(out, uri->data, uri->len);

    separator = "?";

    if (uri->len != 0 && memchr(uri->data, '?', uri->len) != NULL) {
        separator = uri->data[uri->len - 1] == '?'
                    || uri->data[uri->len - 1] == '&' ? "" : "&";
    }

    for (i = 0; i < n; i++) {
        if (pairs[i].value.data == NULL) {
            continue;
        }

        procore_out_text(out, separator);
        procore_out_text(out, pairs[i].name);
        procore_out_text(out, "=");
        procore_out_percent(out, &pairs[i].value);

        separator = "&";
    }
}

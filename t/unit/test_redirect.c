
/*
 * Redirect URIs of apps: which may be configured, which a request may name.
 */


#include "unit.h"
#include "text.h"
#include "../../src/relay/procore_redirect.h"


static const char *
refused(const char *uri)
{
    const char     *why;
    procore_str_t   copy;

    copy = text(uri);
    why = procore_redirect_refused(&copy);
    text_free(&copy);

    return why;
}


static int
same(const char *registered, const char *given)
{
    int            rc;
    procore_str_t  one, other;

    one = text(registered);
    other = text(given);

    rc = procore_redirect_same(&one, &other);

    text_free(&one);
    text_free(&other);

    return rc;
}


static void
test_allowed(void)
{
    size_t  i;

    static const char *const  uris[] = {
        "https://crm.example.com/auth/procore",
        "https://crm.example.com",
        "https://crm.example.com:8443/cb?tenant=5&x=%2F",
        "https://crm.example.com/?next=a@b",
        "https://10.0.0.1/cb",
        "https://[2001:db8::1]:443/cb",
        "https://my_app.example.com/a//b/../c",
        "http://localhost",
        "http://localhost:8080/cb",
        "http://127.0.0.1/cb",
        "http://127.0.0.1:5000/cb",
        "http://127.255.0.9/cb",
        "http://[::1]/cb",
        "http://[::1]:5000/cb",
        "com.example.app:/cb",
        "com.example.App://cb",
        "com.example.app:cb?x=1",
        "urn:ietf:wg:oauth:2.0:oob",
        "urn:ietf:wg:oauth:2.0:oob:auto",
    };

    for (i = 0; i < sizeof(uris) / sizeof(uris[0]); i++) {
        is_str(refused(uris[i]), NULL, "allowed: %s", uris[i]);
        ok(same(uris[i], uris[i]), "and is itself");
    }
}


static void
test_refused(void)
{
    size_t         i;
    char           longest[PROCORE_REDIRECT_MAX + 2];
    procore_str_t  copy;

    static const char *const  uris[] = {
        "",
        "/cb",
        "//crm.example.com/cb",
        "crm.example.com/cb",
        "https:/crm.example.com/cb",
        "https:crm.example.com",
        "https://",
        "https:///cb",
        "https://?x",
        "https://:443/cb",
        "https://crm.example.com:/cb",
        "https://crm.example.com:0/cb",
        "https://crm.example.com:65536/cb",
        "https://crm.example.com:99999999999999999999/cb",
        "https://crm.example.com:80a/cb",
        "https://crm.example.com:80:80/cb",
        "https://user@crm.example.com/cb",
        "https://crm.example.com@evil.example/cb",
        "https://user:secret@crm.example.com/cb",
        "com.example.app://user@host/cb",
        "https://crm.example.com%2eevil.example/cb",
        "https://crm,example.com/cb",
        "https://[::1/cb",
        "https://[]/cb",
        "https://[fe80::1%25eth0]/cb",
        "https://[::1]x/cb",
        "https://*.example.com/cb",
        "https://crm.example.com/*",
        "https://crm.example.com/cb#",
        "https://crm.example.com/cb#x",
        "https://crm.example.com\\@evil.example/cb",
        "https://crm.example.com/c b",
        "https://crm.example.com/cb\x7f",
        "https://crm.example.com/c\xc3\xa9",
        "https://crm.example.com/%",
        "https://crm.example.com/%4",
        "https://crm.example.com/%4g",
        "https://crm.example.com/<b>",
        "https://crm.example.com/\"",
        "HTTPS://crm.example.com/cb",
        "http://crm.example.com/cb",
        "http://localhost.evil.example/cb",
        "http://127.0.0.1.evil.example/cb",
        "http://127.0.0/cb",
        "http://127.0.0.1.1/cb",
        "http://127.0.0.256/cb",
        "http://127.0.0.01/cb",
        "http://127.0..1/cb",
        "http://127.0.0.:80/cb",
        "http://128.0.0.1/cb",
        "http://2130706433/cb",
        "http://0x7f.0.0.1/cb",
        "http://[::]/cb",
        "http://[0:0:0:0:0:0:0:1]/cb",
        "http://[::ffff:127.0.0.1]/cb",
        "javascript:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "ftp://crm.example.com/cb",
        "myapp:/cb",
        "1.example:/cb",
        ".example:/cb",
        "com_example.app:/cb",
        "com.example.app",
        "urn:ietf:wg:oauth:2.0:oob:other",
        "urn:ietf:wg:oauth:2.0:OOB",
    };

    for (i = 0; i < sizeof(uris) / sizeof(uris[0]); i++) {
        ok(refused(uris[i]) != NULL, "refused: %s", uris[i]);
    }

    is_str(refused("https://crm.example.com/cb#x"), "has a fragment", "says");
    is_str(refused("https://a@crm.example.com/"), "has user info", "says why");

    ok(refused("https://crm.example.com/cb\r\nSet-Cookie: a=b") != NULL,
       "refused: a line break");

    copy = text_of("https://crm.example.com/\0cb", 27);
    ok(procore_redirect_refused(&copy) != NULL, "refused: a NUL");
    text_free(&copy);

    memset(longest, 'a', sizeof(longest));
    memcpy(longest, "https://a/", 10);
    longest[PROCORE_REDIRECT_MAX] = '\0';
    is_str(refused(longest), NULL, "the longest");
    longest[PROCORE_REDIRECT_MAX] = 'a';
    longest[PROCORE_REDIRECT_MAX + 1] = '\0';
    is_str(refused(longest), "is longer than 512 bytes", "a byte more");
}


static void
test_same(void)
{
    size_t  i;

    static const char *const  others[] = {
        "",
        "https://crm.example.com/auth",
        "https://crm.example.com/auth/procore/",
        "https://crm.example.com/auth/procore/x",
        "https://crm.example.com/auth/procorex",
        "https://crm.example.com/auth/Procore",
        "https://CRM.example.com/auth/procore",
        "HTTPS://crm.example.com/auth/procore",
        "http://crm.example.com/auth/procore",
        "https://crm.example.com:443/auth/procore",
        "https://crm.example.com:8443/auth/procore",
        "https://crm.example.com/auth/./procore",
        "https://crm.example.com/auth/x/../procore",
        "https://crm.example.com//auth/procore",
        "https://crm.example.com\\auth/procore",
        "https://crm.example.com@evil.example/auth/procore",
        "https://evil.example@crm.example.com/auth/procore",
        "https://evil.example/https://crm.example.com/auth/procore",
        "https://crm.example.com/auth%2fprocore",
        "https://crm%2eexample.com/auth/procore",
        "https://crm.example.com/auth/%70rocore",
        "https%3A%2F%2Fcrm.example.com%2Fauth%2Fprocore",
        "https://crm.example.com/auth/procore%00",
        "https://crm.example.com/auth/procore%0d%0a",
        "https://crm.example.com/auth/procore ",
        " https://crm.example.com/auth/procore",
        "https://crm.example.com/auth/procore?",
        "https://crm.example.com/auth/procore?x=1",
        "https://crm.example.com/auth/procore#",
        "https://crm.example.com./auth/procore",
        "javascript:alert(1)",
    };

    for (i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        ok(!same("https://crm.example.com/auth/procore", others[i]),
           "another: %s", others[i]);
    }

    ok(!same("https://crm.example.com/auth/procore",
             "https://crm.example.com/auth/procore\r\n"),
       "another: with a line break");
}


static void
test_loopback(void)
{
    size_t  i;

    static const char *const  good[] = {
        "http://127.0.0.1/cb", "http://127.0.0.1:1/cb",
        "http://127.0.0.1:65535/cb", "http://127.0.0.1:8080/cb",
    };

    static const char *const  bad[] = {
        "http://127.0.0.1:/cb", "http://127.0.0.1:0/cb",
        "http://127.0.0.1:65536/cb", "http://127.0.0.1:80x/cb",
        "http://127.0.0.1:80@evil.example/cb", "http://127.0.0.1:80/cb/",
        "http://127.0.0.1:80", "http://127.0.0.1:80/CB",
        "http://127.0.0.1:80/cb?x", "http://127.0.0.2:80/cb",
        "http://127.0.0.1.evil.example/cb", "http://localhost/cb",
        "http://[::1]/cb", "https://127.0.0.1/cb", "http://127.0.0.1:+80/cb",
        "http://127.0.0.1:80:80/cb", "http://@127.0.0.1/cb", "http://",
        "http://evil.example:127.0.0.1/cb",
    };

    for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        ok(same("http://127.0.0.1/cb", good[i]), "same: %s", good[i]);
        ok(same("http://127.0.0.1:5000/cb", good[i]), "with a port too");
    }

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        ok(!same("http://127.0.0.1/cb", bad[i]), "another: %s", bad[i]);
        ok(!same("http://127.0.0.1:5000/cb", bad[i]), "with a port too");
    }

    ok(same("http://[::1]:5000/cb", "http://[::1]:6000/cb"), "IPv6");
    ok(same("http://[::1]", "http://[::1]:6000"), "without a path");
    ok(!same("http://[::1]/cb", "http://[::1]x:80/cb"), "IPv6 and more");
    ok(!same("http://localhost/cb", "http://localhost:80/cb"),
       "localhost is exact");
    ok(!same("http://localhost:80/cb", "http://localhost/cb"), "both ways");
    ok(!same("https://127.0.0.1/cb", "https://127.0.0.1:80/cb"),
       "https is exact");
}


static void
test_host(void)
{
    size_t         i;
    procore_str_t  uri, host;

    static const struct {
        const char  *uri;
        const char  *host;
    } cases[] = {
        { "https://crm.example.com/cb", "crm.example.com" },
        { "https://crm.example.com", "crm.example.com" },
        { "https://crm.example.com?x", "crm.example.com" },
        { "https://crm.example.com:443/cb", "crm.example.com" },
        { "https://crm.example.com:8443/cb", "crm.example.com:8443" },
        { "https://crm.example.com:80/cb", "crm.example.com:80" },
        { "http://localhost:80/cb", "localhost" },
        { "http://localhost:443/cb", "localhost:443" },
        { "http://[::1]:5000/cb", "[::1]:5000" },
        { "http://[::1]/cb", "[::1]" },
        { "com.example.app:/cb", "com.example.app" },
        { "urn:ietf:wg:oauth:2.0:oob", "" },
        { "urn:ietf:wg:oauth:2.0:oob:auto", "" },
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uri = text(cases[i].uri);
        procore_redirect_host(&uri, &host);
        ok(text_is(&host, cases[i].host), "%s leads to \"%s\"", cases[i].uri,
           cases[i].host);
        text_free(&uri);
    }

    uri = text("urn:ietf:wg:oauth:2.0:oob");
    ok(procore_redirect_oob(&uri), "oob");
    uri.len--;
    ok(!procore_redirect_oob(&uri), "nothing less");
    uri.len++;
    text_free(&uri);

    uri = text("urn:ietf:wg:oauth:2.0:oob:auto");
    ok(procore_redirect_oob(&uri), "oob:auto");
    text_free(&uri);
}


static const char *
written(const char *uri, const char *code, const char *state)
{
    procore_str_t            text_uri;
    procore_out_t            out;
    procore_redirect_pair_t  pairs[2];

    memset(pairs, 0, sizeof(pairs));

    pairs[0].name = "code";
    pairs[1].name = "state";

    if (code != NULL) {
        pairs[0].value.data = (const unsigned char *) code;
        pairs[0].value.len = strlen(code);
    }

    if (state != NULL) {
        pairs[1].value.data = (const unsigned char *) state;
        pairs[1].value.len = strlen(state);
    }

    text_uri = text(uri);
    out = text_out();
    procore_redirect_write(&out, &text_uri, pairs, 2);
    text_free(&text_uri);

    return text_written(&out);
}


static void
test_write(void)
{
    is_str(written("https://a.example/cb", "psg_1", "s"),
           "https://a.example/cb?code=psg_1&state=s", "two parameters");
    is_str(written("https://a.example", "c", NULL),
           "https://a.example?code=c", "no state");
    is_str(written("https://a.example/cb", NULL, ""),
           "https://a.example/cb?state=", "an empty state");
    is_str(written("https://a.example/cb", NULL, NULL),
           "https://a.example/cb", "nothing");
    is_str(written("https://a.example/cb?t=5", "c", "s"),
           "https://a.example/cb?t=5&code=c&state=s", "the query stays");
    is_str(written("https://a.example/cb?", "c", "s"),
           "https://a.example/cb?code=c&state=s", "an empty query");
    is_str(written("https://a.example/cb?t&", "c", "s"),
           "https://a.example/cb?t&code=c&state=s", "one that ends with &");
    is_str(written("com.example.app:/cb", "c", "a b+%&=#\"<\r\n\xc3\xa9~-._"),
           "com.example.app:/cb?code=c&state=a%20b%2B%25%26%3D%23%22%3C%0D%0A"
           "%C3%A9~-._", "values are escaped");
}


int
main(void)
{
    test_allowed();
    test_refused();
    test_same();
    test_loopback();
    test_host();
    test_write();

    return done_testing();
}


/*
 * The cookie of an authorization: who can open it, and how long it is.
 */


#include "unit.h"
#include "text.h"
#include "../../src/relay/procore_cookie.h"
#include "../../src/relay/procore_redirect.h"
#include "../../src/relay/procore_start.h"


static unsigned char    key[PROCORE_SEAL_KEY] = "k";
static unsigned char    scope[PROCORE_RELAY_SCOPE] = "s";
static procore_relay_t  relay;
static char             value[TEXT_SIZE];


/* A text of that many bytes, for what has a greatest length. */

static procore_str_t
filled(size_t len)
{
    procore_str_t          str;
    static unsigned char   bytes[TEXT_SIZE];

    memset(bytes, 'a', sizeof(bytes));

    str.data = bytes;
    str.len = len;

    return str;
}


static void
start(void)
{
    size_t  i;

    static const procore_str_t  client = procore_str("abc");
    static const procore_str_t  uri = procore_str("https://a.example/cb");
    static const procore_str_t  state = procore_str("a \xff&\r\n");

    memset(&relay, 0, sizeof(relay));

    for (i = 0; i < PROCORE_RELAY_ID; i++) {
        relay.id[i] = (unsigned char) (0xa0 + i);
        relay.secret[i] = (unsigned char) (200 - i);
    }

    relay.started_at = 1700000000;
    relay.company = 562949953421312;
    relay.client = client;
    relay.redirect_uri = uri;
    relay.state = state;
}


static int
sealed(void)
{
    int             rc;
    procore_out_t   out;
    unsigned char  *memory;

    memory = malloc(procore_cookie_memory(&relay));

    if (memory == NULL) {
        abort();
    }

    out = text_out();
    rc = procore_cookie_seal(key, scope, 1, &relay, memory, &out);
    strcpy(value, text_written(&out));

    free(memory);

    return rc;
}


static int
opened(const char *text_value, size_t len)
{
    int               rc;
    procore_str_t     copy;
    procore_relay_t   got;
    unsigned char    *memory;

    copy = text_of(text_value, len);
    memory = malloc(len + 1);

    if (memory == NULL) {
        abort();
    }

    rc = procore_cookie_open(key, scope, 1, relay.id, &copy, memory, &got);

    if (rc == PROCORE_OK
        && (memcmp(got.secret, relay.secret, PROCORE_RELAY_SECRET) != 0
            || got.started_at != relay.started_at
            || got.company != relay.company
            || !procore_equal(&got.client, &relay.client)
            || !procore_equal(&got.redirect_uri, &relay.redirect_uri)
            || !procore_equal(&got.state, &relay.state)
            || got.challenge.data != NULL))
    {
        rc = 1;
    }

    free(memory);
    text_free(&copy);

    return rc;
}


static void
test_name(void)
{
    size_t         len;
    unsigned char  name[PROCORE_COOKIE_NAME + 1];

    len = procore_cookie_name(relay.id, 1, name);
    name[len] = '\0';
    is_str((char *) name, "__Host-procore-scope-a0a1a2a3a4a5", "secure name");
    ok(len == PROCORE_COOKIE_NAME, "has the greatest length");

    len = procore_cookie_name(relay.id, 0, name);
    name[len] = '\0';
    is_str((char *) name, "procore-scope-a0a1a2a3a4a5", "on loopback");
}


static void
test_changed(void)
{
    int     bad;
    char    before;
    size_t  i, bit, len;

    is_int(sealed(), PROCORE_OK, "a cookie");
    len = strlen(value);
    ok(strspn(value, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
              "0123456789-_") == len, "is of base64url");
    is_int(opened(value, len), PROCORE_OK, "opens and is what it was");

    bad = 0;

    for (i = 0; i < len; i++) {
        bad += opened(value, i) != PROCORE_MALFORMED;
    }

    is_int(bad, 0, "cut anywhere, it does not");

    bad = 0;

    for (i = 0; i < len; i++) {
        for (bit = 0; bit < 8; bit++) {
            before = value[i];
            value[i] = (char) (before ^ (1 << bit));
            bad += opened(value, len) != PROCORE_MALFORMED;
            value[i] = before;
        }
    }

    is_int(bad, 0, "with one bit flipped anywhere, neither");

    strcpy(value + len, "A");
    is_int(opened(value, len + 1), PROCORE_MALFORMED, "longer");
    strcpy(value + len, "=");
    is_int(opened(value, len + 1), PROCORE_MALFORMED, "padded");
    is_int(opened("\"\"", 2), PROCORE_MALFORMED, "quotes");
    is_int(opened("", 0), PROCORE_MALFORMED, "empty");
    is_int(opened(value, len), PROCORE_OK, "untouched, it opens");
}


static void
test_elsewhere(void)
{
    size_t           len;
    procore_str_t    copy;
    procore_relay_t  got;
    unsigned char    memory[TEXT_SIZE];

    is_int(sealed(), PROCORE_OK, "a cookie");
    len = strlen(value);
    copy = text_of(value, len);

    key[31] ^= 1;
    is_int(opened(value, len), PROCORE_MALFORMED, "another key");
    key[31] ^= 1;

    scope[0] ^= 1;
    is_int(opened(value, len), PROCORE_MALFORMED, "another location");
    scope[0] ^= 1;

    is_int(procore_cookie_open(key, scope, 0, relay.id, &copy, memory, &got),
           PROCORE_MALFORMED, "another prefix");

    relay.id[0] ^= 1;
    is_int(opened(value, len), PROCORE_MALFORMED, "renamed");
    relay.id[0] ^= 1;

    relay.id[31] ^= 1;
    is_int(opened(value, len), PROCORE_MALFORMED, "an id of the same name");
    relay.id[31] ^= 1;

    is_int(opened(value, len), PROCORE_OK, "here, it opens");
    text_free(&copy);
}


static void
test_length(void)
{
    size_t  max;

    relay.state = filled(PROCORE_START_STATE);
    relay.redirect_uri = filled(PROCORE_REDIRECT_MAX);
    relay.client = filled(128);
    relay.challenge = filled(PROCORE_START_CHALLENGE);

    is_int(sealed(), PROCORE_OK, "the longest of all");
    ok(PROCORE_COOKIE_NAME + 1 + strlen(value) < 4096,
       "is below 4,096 bytes with its name: %zu",
       PROCORE_COOKIE_NAME + 1 + strlen(value));

    for (max = 128; sealed() == PROCORE_OK; max++) {
        relay.client = filled(max + 1);
    }

    is_int(sealed(), PROCORE_TOO_LARGE, "a longer one does not fit");
    relay.client = filled(max - 1);
    is_int(sealed(), PROCORE_OK, "a byte less does");
    ok(PROCORE_COOKIE_NAME + 1 + strlen(value) <= PROCORE_RELAY_COOKIE_MAX
       && PROCORE_COOKIE_NAME + 1 + strlen(value)
          > PROCORE_RELAY_COOKIE_MAX - 3, "and uses the room");

    relay.client = filled(TEXT_SIZE - 1);
    is_int(sealed(), PROCORE_TOO_LARGE, "nor does one far longer");
}


/* The cookies that a header has, as "name=value|". */

static const char *
walk(const char *header, int secure)
{
    procore_out_t  out;
    procore_str_t  copy, rest, name, got;

    out = text_out();
    copy = text(header);
    rest = copy;

    while (procore_cookie_next(&rest, secure, &name, &got) == PROCORE_OK) {
        procore_out(&out, name.data, name.len);
        procore_out_text(&out, "=");
        procore_out(&out, got.data, got.len);
        procore_out_text(&out, "|");
    }

    text_free(&copy);

    return text_written(&out);
}


static void
test_walk(void)
{
    size_t  i;

#define NAME   "__Host-procore-scope-0123456789ab"
#define OTHER  "__Host-procore-scope-ba9876543210"

    static const char *const  none[] = {
        "", ";", "=", ";;=;", "a=b; c=d", NAME, "x" NAME "=1",
        "__Host-procore-scope-0123456789aB=1",
        "__host-procore-scope-0123456789ab=1",
        "__Host-procore-scope-0123456789a=1",
        "__Host-procore-scope-0123456789abc=1",
        "__Host-procore-scope-0123456789ag=1",
        "__Host-procore-scope-=1", "procore-scope-0123456789ab=1",
        "a=" NAME "=1", "\"" NAME "=1\"", NAME " =1",
    };

    for (i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
        is_str(walk(none[i], 1), "", "none of ours: %s", none[i]);
    }

    is_str(walk(NAME "=1", 1), NAME "=1|", "one");
    is_str(walk("a=b; " NAME "=1; c", 1), NAME "=1|", "among others");
    is_str(walk(NAME "=1;" OTHER "=2;\t" NAME "=3", 1),
           NAME "=1|" OTHER "=2|" NAME "=3|", "each in order");
    is_str(walk(NAME "= ;" OTHER "=a=b ", 1), NAME "=|" OTHER "=a=b|",
           "values as they are");
    is_str(walk("procore-scope-0123456789ab=1; " NAME "=2", 0),
           "procore-scope-0123456789ab=1|", "on loopback");
}


static const char *
set(int secure, unsigned max_age)
{
    procore_out_t  out;
    procore_str_t  name = procore_str("name"), text_value = procore_str("v");

    if (max_age == 0) {
        text_value.len = 0;
    }

    out = text_out();
    procore_cookie_set(&out, &name, &text_value, secure, max_age);

    return text_written(&out);
}


/* A cookie of which nobody knows the id. */

static int
any(const char *name, const unsigned char *place)
{
    int               rc;
    procore_str_t     one, copy;
    procore_relay_t   got;
    unsigned char    *memory;

    one = text_of(name, strlen(name));
    copy = text_of(value, strlen(value));
    memory = malloc(copy.len + 1);

    if (memory == NULL) {
        abort();
    }

    rc = procore_cookie_any(key, place, 1, &one, &copy, memory, &got);

    if (rc == PROCORE_OK
        && memcmp(got.id, relay.id, PROCORE_RELAY_ID) != 0)
    {
        rc = 1;
    }

    free(memory);
    text_free(&copy);
    text_free(&one);

    return rc;
}


static void
test_any(void)
{
    static const unsigned char  elsewhere[PROCORE_RELAY_SCOPE] = "t";

    is_int(sealed(), PROCORE_OK, "a cookie");
    is_int(any("__Host-procore-scope-a0a1a2a3a4a5", scope), PROCORE_OK,
           "opens by its name");
    is_int(any("__Host-procore-scope-a0a1a2a3a4a6", scope), PROCORE_MALFORMED,
           "by no other");
    is_int(any("__Host-procore-scope-A0A1A2A3A4A5", scope), PROCORE_MALFORMED,
           "nor in upper case");
    is_int(any("a0a1", scope), PROCORE_MALFORMED, "nor by a short one");
    is_int(any("__Host-procore-scope-a0a1a2a3a4a5", elsewhere),
           PROCORE_MALFORMED, "nor in another place");
}


int
main(void)
{
    start();
    test_any();
    test_name();
    test_changed();
    test_elsewhere();
    test_length();
    test_walk();

    is_str(set(1, PROCORE_RELAY_COOKIE), "name=v; Path=/; Max-Age=1500; "
           "HttpOnly; SameSite=Lax; Secure", "Set-Cookie");
    is_str(set(0, PROCORE_RELAY_COOKIE), "name=v; Path=/; Max-Age=1500; "
           "HttpOnly; SameSite=Lax", "on loopback");
    is_str(set(1, 0), "name=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax; "
           "Secure", "that expires it");

    return done_testing();
}

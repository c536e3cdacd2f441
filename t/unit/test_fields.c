
/*
 * All parameters of a request, where the rules ask for them: the same from each
 * kind of body, in one piece and byte by byte.
 */

#include "unit.h"
#include "record.h"

#include "../../src/claims/procore_body.h"


#define SCRATCH  16


static record_t         record;
static record_t         pieces;
static procore_body_t   body;
static procore_rules_t  rules;
static unsigned char    scratch[SCRATCH];


static int
read_body(const char *type, const char *text, size_t piece, record_t *to)
{
    size_t          i, n, len;
    procore_str_t   media, boundary;
    procore_body_e  kind;
    procore_sink_t  sink;

    sink = record_sink(to);
    record_reset(to);

    media.data = (const unsigned char *) type;
    media.len = strlen(type);

    kind = procore_body_type(&media, 1, NULL, 0, &boundary);

    (void) procore_body_start(&body, kind, &boundary, 0, &rules, &sink,
                              scratch, SCRATCH);

    len = strlen(text);

    for (i = 0; i < len; i += n) {
        n = len - i < piece ? len - i : piece;
        (void) procore_body_feed(&body, (const unsigned char *) text + i, n);
    }

    return procore_body_end(&body);
}


static void
fields(const char *type, const char *text, const char *want)
{
    is_int(read_body(type, text, strlen(text) + 1, &record), PROCORE_OK,
           "%.60s: code", text);
    is_str(record.text, want, "%.60s: events", text);

    is_int(read_body(type, text, 1, &pieces), PROCORE_OK,
           "%.60s: code, by bytes", text);
    is_str(pieces.text, want, "%.60s: events, by bytes", text);
}


static void
form(const char *text, const char *want)
{
    fields("application/x-www-form-urlencoded", text, want);
}


static void
json(const char *text, const char *want)
{
    fields("application/json", text, want);
}


static void
multipart(const char *text, const char *want)
{
    fields("multipart/form-data; boundary=b", text, want);
}


static void
test_form(void)
{
    form("redirect_uri=https%3A%2F%2Fa&code=1",
         "field body redirect_uri text=https://a; "
         "param body code text=1;");
    form("a=&b", "field body a text=; field body b null;");
    form("a=1&a=2", "field body a text=1; field body a text=2;");
    form("a[]=1&b[c]=2", "field body a[] other; field body b[c] other;");
    form("[a=1", "field body [a text=1;");
    form("=1", "");
    form("company_id=7&x_company_id=8",
         "body company company_id=7 id; "
         "unlisted body x_company_id; field body x_company_id text=8;");
    form("a=0123456789abcdef0", "field body a long;");
}


static void
test_json(void)
{
    json("{\"a\":\"x\\u00e9\",\"code\":\"1\",\"n\":17}",
         "field body a text=x<c3><a9>; param body code text=1; "
         "field body n text=17;");
    json("{\"a\":null,\"b\":true,\"c\":\"\"}",
         "field body a null; field body b other; field body c text=;");
    json("{\"a\":[1,{\"b\":2}],\"c\":{\"d\":\"e\"},\"f\":\"g\"}",
         "field body a other; field body c other; field body f text=g;");
    json("{\"a\\u0062\":\"1\",\"a[b]\":\"2\"}",
         "field body ab text=1; field body a[b] text=2;");
    json("{\"a\":\"1\",\"a\":\"2\"}",
         "field body a text=1; field body a text=2;");
    json("[{\"a\":\"1\"}]", "");
    json("{\"a\":\"0123456789abcdef0\"}", "field body a long;");
}


static void
test_multipart(void)
{
    multipart("--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n"
              "1\r\n2\r\n"
              "--b\r\nContent-Disposition: form-data; name=\"code\"\r\n\r\n"
              "3\r\n--b--\r\n",
              "field body a text=1<0d><0a>2; param body code text=3;");
    multipart("--b\r\nContent-Disposition: form-data; name=\"a\"; "
              "filename=\"f\"\r\n\r\n1\r\n--b--\r\n",
              "field body a other;");
}


/* What is shown of a longer name is not what was sent. */

static void
test_long_names(void)
{
    char    text[PROCORE_CLAIM_NAME + 32];
    size_t  i;

    memset(text, 'a', PROCORE_CLAIM_NAME);
    memcpy(text + PROCORE_CLAIM_NAME, "=1", 3);

    (void) read_body("application/x-www-form-urlencoded", text, sizeof(text),
                     &record);
    ok(strstr(record.text, " long;") != NULL, "a long name of a form");

    for (i = 1; i < 200; i += 198) {
        snprintf(text, sizeof(text), "{\"%0*d\":1}", PROCORE_CLAIM_NAME, 0);

        (void) read_body("application/json", text, i, &record);
        ok(strstr(record.text, " long;") != NULL,
           "a long name of JSON, %zu bytes at a time", i);
    }
}


static void
test_not_asked(void)
{
    rules.all = 0;

    form("a=1&code=2", "param body code text=2;");
    json("{\"a\":\"1\",\"code\":\"2\"}", "param body code text=2;");
}


int
main(void)
{
    rules.oauth = 1;
    rules.all = 1;

    test_form();
    test_json();
    test_multipart();
    test_long_names();
    test_not_asked();

    return done_testing();
}

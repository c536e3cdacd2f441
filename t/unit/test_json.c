
/*
 * The claims of a JSON body.  Each case is read in one piece and byte by byte.
 */


#include <stdlib.h>

#include "unit.h"
#include "../../src/claims/procore_json.h"


#define SEEN  8192


static char    seen[SEEN];
static size_t  seen_len;


__attribute__((format(printf, 1, 2)))
static void
see(const char *fmt, ...)
{
    int      n;
    va_list  args;

    va_start(args, fmt);
    n = vsnprintf(seen + seen_len, SEEN - seen_len, fmt, args);
    va_end(args);

    if (n > 0 && (size_t) n < SEEN - seen_len) {
        seen_len += (size_t) n;
    }
}


static void
on_claim(void *data, const procore_claim_t *claim)
{
    (void) data;

    see("%s%s:%.*s=%.*s ",
        claim->kind == PROCORE_KIND_COMPANY ? "c" : "p",
        claim->state == PROCORE_CLAIM_MALFORMED ? "!" : "",
        (int) claim->name.len, (const char *) claim->name.data,
        (int) claim->value.len, (const char *) claim->value.data);

    if (claim->state == PROCORE_CLAIM_ID) {
        char  text[32];

        snprintf(text, sizeof(text), "%llu", (unsigned long long) claim->id);

        if (strlen(text) != claim->value.len
            || memcmp(text, claim->value.data, claim->value.len) != 0)
        {
            see("(read as %s) ", text);
        }
    }
}


static void
on_unlisted(void *data, procore_carrier_e carrier, const procore_str_t *name)
{
    (void) data;

    see("u%s:%.*s ", carrier == PROCORE_IN_BODY ? "" : "(not body)",
        (int) name->len, (const char *) name->data);
}


static void
on_param(void *data, procore_carrier_e carrier, procore_param_e param,
    procore_value_e type, const procore_str_t *value)
{
    (void) data;
    (void) carrier;

    see("o:%d,%d=%.*s ", (int) param, (int) type, (int) value->len,
        (const char *) value->data);
}


static const procore_sink_t  sink = { NULL, on_claim, on_unlisted, on_param,
                                      NULL };

static procore_json_t  json;


/* Each piece is a copy of its own, so that a stale pointer is found. */

static int
read_in_pieces(const procore_rules_t *rules, const char *text, size_t len,
    size_t piece)
{
    size_t          n;
    unsigned char   scratch[16];
    unsigned char  *copy;

    seen_len = 0;
    seen[0] = '\0';

    procore_json_start(&json, rules, &sink, scratch, sizeof(scratch));

    while (len != 0) {
        n = len < piece ? len : piece;
        copy = malloc(n);

        if (copy == NULL) {
            abort();
        }

        memcpy(copy, text, n);
        (void) procore_json_feed(&json, copy, n);
        free(copy);

        text += n;
        len -= n;
    }

    return procore_json_end(&json);
}


static void
claims_by(const procore_rules_t *rules, const char *text, const char *want)
{
    int     rc;
    size_t  piece, len;
    char    first[SEEN];

    len = strlen(text);
    rc = read_in_pieces(rules, text, len, len ? len : 1);
    memcpy(first, seen, seen_len + 1);

    ok(rc == PROCORE_OK, "is read: %.70s", text);
    is_str(first, want, "claims of %.70s", text);

    for (piece = 1; piece <= 3; piece++) {
        rc = read_in_pieces(rules, text, len, piece);

        ok(rc == PROCORE_OK && strcmp(first, seen) == 0,
           "the same by %d bytes", (int) piece);
    }
}


static void
claims(const char *text, const char *want)
{
    procore_rules_t  rules = { NULL, 0, PROCORE_KIND_NONE, 0, 0, 0 };

    claims_by(&rules, text, want);
}


static void
refused_bytes(const char *text, size_t len, const char *what)
{
    procore_rules_t  rules = { NULL, 0, PROCORE_KIND_NONE, 0, 0, 0 };

    is_int(read_in_pieces(&rules, text, len, len), PROCORE_MALFORMED,
           "refused: %s", what);
    is_int(read_in_pieces(&rules, text, len, 1), PROCORE_MALFORMED,
           "refused byte by byte: %s", what);
}


static void
refused(const char *text, const char *what)
{
    refused_bytes(text, strlen(text), what);
}


static void
test_names(void)
{
    claims("{\"company_id\":562949953421312}",
           "c:company_id=562949953421312 ");
    claims("{\"company_id\":\"562949953421312\"}",
           "c:company_id=562949953421312 ");
    claims(" { \"project_id\" : 7 , \"x\" : [ ] } ", "p:project_id=7 ");
    claims("{\"project\":{\"company_id\":7,\"id\":8}}",
           "c:project.company_id=7 p:project.id=8 ");
    claims("{\"company\":[{\"id\":8}],\"id\":1}", "c:company.0.id=8 ");
    claims("{\"company\":5,\"project\":\"6\"}", "");
    claims("{\"project\":{\"0\":{\"id\":8},\"-1\":{\"id\":9}}}",
           "p:project.0.id=8 p:project.-1.id=9 ");
    claims("[{\"project_id\":1},{\"project_id\":2}]",
           "p:0.project_id=1 p:1.project_id=2 ");
    claims("[[],[0,{\"a\":{\"projectId\":2}}]]", "p:1.1.a.projectId=2 ");
    claims("{\"company_id\":1,\"company_id\":2}",
           "c:company_id=1 c:company_id=2 ");
    claims("{\"company\\u005fid\":3}", "c:company_id=3 ");
    claims("{\"company_id\\u0000\":3,\" company_id\":4,\"Company_id\":5}",
           "u: company_id ");
    claims("{\"vendor_company_id\":5,\"assignee_company_id\":6}",
           "u:vendor_company_id ");
    claims("{\"filters\":{\"id\":5},\"id\":7}", "");
    claims("{\"company_id\":{\"company_id\":5}}",
           "c!:company_id={...} c:company_id.company_id=5 ");
    claims("{\"company_id\":{\"0\":5}}", "c!:company_id={...} "
           "c:company_id.0=5 ");
    claims("{\"project_ids\":[{\"x\":1},2]}",
           "p!:project_ids.0={...} p:project_ids.1=2 ");
}


static void
test_values(void)
{
    claims("{\"project_ids\":[1,\"2\",[3]],\"projectIds\":\"4,5\"}",
           "p:project_ids.0=1 p:project_ids.1=2 p:project_ids.2.0=3 "
           "p:projectIds=4 p:projectIds=5 ");
    claims("{\"company_id\":[1,2]}", "c:company_id.0=1 c:company_id.1=2 ");
    claims("{\"company_id\":\"1,2\"}", "c!:company_id=1,2 ");
    claims("{\"company_id\":null,\"project_id\":\"\"}", "");
    claims("{\"company_id\":\"sync\"}", "");
    claims("{\"company_id\":true,\"project_id\":false}",
           "c!:company_id=true p!:project_id=false ");
    claims("{\"company_id\":-0}", "c!:company_id=-0 ");
    claims("{\"company_id\":0}", "c!:company_id=0 ");
    claims("{\"company_id\":5.0}", "c!:company_id=5.0 ");
    claims("{\"company_id\":5e1}", "c!:company_id=5e1 ");
    claims("{\"company_id\":-5E+1}", "c!:company_id=-5E+1 ");
    claims("{\"company_id\":\"007\"}", "c!:company_id=007 ");
    claims("{\"company_id\":9223372036854775807}",
           "c:company_id=9223372036854775807 ");
    claims("{\"company_id\":9223372036854775808}",
           "c!:company_id=9223372036854775808 ");
    claims("{\"company_id\":\"\\u0035\\u0030\"}", "c:company_id=50 ");
    claims("{\"company_id\":\"12\\\"\"}", "c!:company_id=12\" ");
    claims("{\"company_id\":\"123e4567-e89b-12d3-a456-426614174000\"}",
           "c!:company_id=123e4567-e89b-12d3-a456-426614174000 ");
    claims("{\"note\":\"company_id: 5, \\\"project_id\\\": 6 \\ud83d\\ude00"
           " \xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\",\"project_id\":7}",
           "p:project_id=7 ");
}


static void
test_roots(void)
{
    claims("", "");
    claims("null", "");
    claims("true", "");
    claims("12", "");
    claims("-0.5e-3", "");
    claims("\"company_id\"", "");
    claims("[]", "");
    claims("{}", "");
    claims("\r\n\t {}\r\n\t ", "");
}


static void
test_rules(void)
{
    procore_name_t   extra[2] = {
        { procore_str("site_id"), PROCORE_KIND_PROJECT },
        { procore_str("vendor_company_id"), PROCORE_KIND_NONE }
    };
    procore_rules_t  named = { extra, 2, PROCORE_KIND_NONE, 0, 0, 0 };
    procore_rules_t  sync = { NULL, 0, PROCORE_KIND_NONE, 1, 0, 0 };
    procore_rules_t  oauth = { NULL, 0, PROCORE_KIND_NONE, 0, 1, 0 };
    procore_rules_t  wrapped = { NULL, 0, PROCORE_KIND_PROJECT, 0, 0, 0 };

    claims_by(&wrapped, "{\"id\":5,\"rfi\":{\"id\":6},\"ids\":[7],"
              "\"project_id\":8,\"access_token\":\"9\"}",
              "p:id=5 p:project_id=8 o:1,0=9 ");
    claims_by(&wrapped, "[{\"id\":5}]", "p:0.id=5 ");

    claims_by(&named, "{\"site_id\":5,\"vendor_company_id\":6}",
              "p:site_id=5 ");

    claims_by(&sync, "{\"updates\":[{\"id\":5,\"x\":{\"id\":6}},{\"id\":7}]}",
              "p:updates.0.id=5 p:updates.1.id=7 ");
    claims_by(&sync, "{\"project\":{\"updates\":{\"0\":{\"id\":\"8\"}}}}",
              "p:project.updates.0.id=8 ");
    claims_by(&sync, "{\"updates\":{\"x\":{\"id\":8,\"y\":{\"id\":6}}}}",
              "p:updates.x.id=8 ");
    claims("{\"updates\":[{\"id\":5}]}", "");

    claims_by(&oauth, "{\"code\":\"a\\tb\",\"token\":12,\"client_id\":null,"
              "\"grant_type\":[\"x\"],\"refresh_token\":{\"code\":1},"
              "\"x\":{\"code\":1},\"client_secret\":\"12345678901234567\","
              "\"access_token\":true}",
              "o:6,0=a\tb o:8,0=12 o:4,1= o:3,2= o:7,2= o:5,3= o:1,2= ");
    claims("{\"code\":\"1\",\"access_token\":\"2\",\"bearer_token\":\"\"}",
           "o:1,0=2 o:2,0= ");
    claims("[{\"access_token\":\"2\"}]", "");
}


static void
test_syntax(void)
{
    static const struct {
        const char  *text;
        const char  *what;
    } cases[] = {
        { " ", "blanks alone" },
        { "{\"a\":1,}", "a trailing comma in an object" },
        { "[1,]", "a trailing comma in an array" },
        { "[,1]", "a leading comma" },
        { "[1 2]", "no comma" },
        { "{\"a\" 1}", "no colon" },
        { "{\"a\":}", "no value" },
        { "{a:1}", "a bare name" },
        { "{1:1}", "a number as a name" },
        { "{'a':1}", "single quotes" },
        { "/**/{}", "a comment" },
        { "{}//\n", "a comment at the end" },
        { "#\n{}", "a hash comment" },
        { "[NaN]", "NaN" },
        { "[Infinity]", "Infinity" },
        { "[-Infinity]", "-Infinity" },
        { "[+1]", "a plus sign" },
        { "[01]", "a leading zero" },
        { "[-01]", "a leading zero after a sign" },
        { "[.5]", "no integer part" },
        { "[1.]", "no fraction" },
        { "[1.e1]", "no fraction before an exponent" },
        { "[1e]", "no exponent" },
        { "[1e+]", "no exponent after its sign" },
        { "[1.2.3]", "two points" },
        { "[0x1]", "hexadecimal" },
        { "[1_000]", "an underscore" },
        { "-", "a sign alone" },
        { "1.", "a number cut short" },
        { "[tru]", "a word cut short" },
        { "[True]", "a word with a capital letter" },
        { "truefalse", "two words" },
        { "nul", "an unfinished word" },
        { "{} {}", "two documents" },
        { "1 1", "two numbers" },
        { "{}x", "text after the document" },
        { "[}", "the wrong bracket" },
        { "{]", "the wrong brace" },
        { "[", "an open array" },
        { "{\"a\":1", "an open object" },
        { "[\"a", "an open string" },
        { "]", "a bracket alone" },
        { "[\"\t\"]", "a raw tab" },
        { "[\"\n\"]", "a raw line feed" },
        { "[\"\\y\"]", "an unknown escape" },
        { "[\"\\'\"]", "an escaped single quote" },
        { "[\"\\x41\"]", "a hexadecimal escape" },
        { "[\"\\u12g4\"]", "a broken escape" },
        { "[\"\\u123\"]", "an escape cut short" },
        { "[\"\\ud800\"]", "a first half alone" },
        { "[\"\\udc00\"]", "a second half alone" },
        { "[\"\\ud800\\ud800\"]", "two first halves" },
        { "[\"\\ud800\\n\"]", "a first half before another escape" },
        { "[\"\\ud800x\"]", "a first half before a letter" },
        { "\xef\xbb\xbf{}", "a byte order mark" },
        { "[\"\xc3\"]", "a character cut short" },
        { "[\"\x80\"]", "a continuation alone" },
        { "[\"\xc0\xaf\"]", "an overlong slash" },
        { "[\"\xc1\xbf\"]", "an overlong DEL" },
        { "[\"\xe0\x9f\xbf\"]", "an overlong character of three bytes" },
        { "[\"\xed\xa0\x80\"]", "a surrogate as UTF-8" },
        { "[\"\xf0\x8f\xbf\xbf\"]", "an overlong character of four bytes" },
        { "[\"\xf4\x90\x80\x80\"]", "a character beyond U+10FFFF" },
        { "[\"\xf5\x80\x80\x80\"]", "a byte of no character" },
        { "[\"\xff\"]", "a byte 0xff" },
        { "{\"\xff\":1}", "a byte 0xff in a name" },
        { "\xc2\xa0{}", "a blank beyond ASCII" },
    };

    size_t  i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        refused(cases[i].text, cases[i].what);
    }

    refused_bytes("{}\0", 3, "a NUL after the document");
    refused_bytes("[\"\0\"]", 5, "a NUL in a string");
    refused_bytes("{\0}", 3, "a NUL between tokens");

    claims("[\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\u20ac\\ud83d\\ude00\x7f\"]",
           "");
    claims("[\"\xc2\x80\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf"
           "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\"]", "");
}


static void
test_depth(void)
{
    char    text[4 * PROCORE_DEPTH + 8];
    size_t  i, len;

    for (len = PROCORE_DEPTH; len <= PROCORE_DEPTH + 1; len++) {
        for (i = 0; i < len; i++) {
            text[i] = '[';
            text[len + i] = ']';
        }

        text[2 * len] = '\0';

        if (len == PROCORE_DEPTH) {
            claims(text, "");

        } else {
            refused(text, "nested too deep");
        }
    }
}


/* Odd bytes are found wherever they stand in a word of the scanner. */

static void
test_alignment(void)
{
    char    text[64];
    char    want[64];
    size_t  i;

    for (i = 0; i < 20; i++) {
        memset(text, 'a', sizeof(text));
        memcpy(text, "[\"", 2);
        memcpy(text + 24, "\"]", 3);

        text[2 + i] = '\x1f';
        refused(text, "a control character in a long string");

        text[2 + i] = '\xff';
        refused(text, "a bad byte in a long string");

        text[2 + i] = '"';
        refused(text, "a quote in a long string");

        snprintf(text, sizeof(text), "{\"%.*s\\\"\":1,\"project_id\":%d}",
                 (int) i, "aaaaaaaaaaaaaaaaaaaa", (int) i + 1);
        snprintf(want, sizeof(want), "p:project_id=%d ", (int) i + 1);
        claims(text, want);
    }
}


/* What the claim should be called, by the whole path. */

static void
test_long_names(void)
{
    char    text[4096], path[4096], want[8192];
    size_t  keys, len, i, text_len, path_len;

    for (keys = 1; keys <= 9; keys += 2) {
        for (len = 1; len <= 301; len += 50) {
            text_len = 0;
            path_len = 0;

            for (i = 0; i < keys; i++) {
                memset(path + path_len, 'a' + (int) i, len);
                path_len += len;
                path[path_len++] = '.';

                text[text_len++] = '{';
                text[text_len++] = '"';
                memset(text + text_len, 'a' + (int) i, len);
                text_len += len;
                text[text_len++] = '"';
                text[text_len++] = ':';
            }

            path_len += (size_t) sprintf(path + path_len, "1.project_id");
            text_len += (size_t) sprintf(text + text_len,
                                         "[0,{\"project_id\":5}]");

            memset(text + text_len, '}', keys);
            text[text_len + keys] = '\0';

            if (path_len <= PROCORE_CLAIM_NAME) {
                sprintf(want, "p:%s=5 ", path);

            } else {
                sprintf(want, "p:%.62s...%s=5 ", path, path + path_len - 63);
            }

            claims(text, want);
        }
    }
}


/* A claim is called by where it stands, after what stood before is closed. */

static void
test_closing(void)
{
    claims("{\"a\":{\"b\":{\"project_id\":1},\"c\":[{\"project_id\":2}],"
           "\"project_id\":3},\"project_id\":4}",
           "p:a.b.project_id=1 p:a.c.0.project_id=2 p:a.project_id=3 "
           "p:project_id=4 ");
    claims("{\"company_ids\":[[1,{}],2,null,\"x\",3]}",
           "c:company_ids.0.0=1 c!:company_ids.0.1={...} c:company_ids.1=2 "
           "c:company_ids.4=3 ");
}


/* What a document that fails has named does not depend on how it is split. */

static void
test_named_before_failure(void)
{
    size_t           i, piece, len;
    char             first[SEEN];
    procore_rules_t  rules = { NULL, 0, PROCORE_KIND_NONE, 0, 1, 0 };

    static const char *const  texts[] = {
        "{\"company_id\":03}", "{\"company_id\":-01}", "{\"company_id\":5x}",
        "{\"company_id\":5.}", "{\"company_id\":5.5.5}",
        "{\"project_ids\":\"1,2,3,\xff\"}", "{\"project_ids\":\"1,2\t\"}",
        "{\"project_ids\":\"1,2\\q\"}", "{\"project_ids\":\"1,2\xc3(\"}",
        "{\"company_id\":truex}", "{\"company_id\":5 6}",
        "{\"company_id\":\"5\"\"6\"}", "{\"code\":03}", "{\"code\":\"a\n\"}"
    };

    for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        len = strlen(texts[i]);

        (void) read_in_pieces(&rules, texts[i], len, len);
        memcpy(first, seen, seen_len + 1);

        for (piece = 1; piece <= 3; piece++) {
            is_int(read_in_pieces(&rules, texts[i], len, piece),
                   PROCORE_MALFORMED, "malformed");
            is_str(seen, first, "the same was named by %d bytes", (int) piece);
        }
    }
}


static void
test_failure_stays(void)
{
    procore_rules_t  rules = { NULL, 0, PROCORE_KIND_NONE, 0, 0, 0 };

    seen_len = 0;
    seen[0] = '\0';

    procore_json_start(&json, &rules, &sink, NULL, 0);

    is_int(procore_json_feed(&json, (const unsigned char *) "{x", 2),
           PROCORE_MALFORMED, "a failure is told at once");
    is_int(procore_json_feed(&json, (const unsigned char *)
                             "\"company_id\":5}", 15),
           PROCORE_MALFORMED, "and at the next call");
    is_int(procore_json_end(&json), PROCORE_MALFORMED, "and at the end");
    is_str(seen, "", "nothing is reported after a failure");

    procore_json_start(&json, &rules, &sink, NULL, 0);

    is_int(procore_json_feed(&json, (const unsigned char *)
                             "{\"access_token\":\"x\",\"bearer_token\":\"\"}",
                             38),
           PROCORE_OK, "a reader without scratch memory");
    is_str(seen, "o:1,3= o:2,0= ", "says that a value is too long");
}


int
main(void)
{
    test_names();
    test_values();
    test_roots();
    test_rules();
    test_syntax();
    test_depth();
    test_alignment();
    test_long_names();
    test_closing();
    test_named_before_failure();
    test_failure_stays();

    return done_testing();
}

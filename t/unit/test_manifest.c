
#include <stdlib.h>

#include "unit.h"
#include "../../src/procore/procore_manifest.h"


#define POST  "\"post_installation_instruction\":"


static procore_manifest_t  manifest;


static int
manifest_of(const char *text)
{
    procore_manifest_free(&manifest);

    return procore_manifest_read(&manifest, (const unsigned char *) text,
                                 strlen(text));
}


static int
is_text(const procore_str_t *str, const char *want)
{
    return str->len == strlen(want)
           && (str->len == 0 || memcmp(str->data, want, str->len) == 0);
}


static void
reads(const char *text, const char *url, const char *label, const char *notes)
{
    is_int(manifest_of(text), PROCORE_OK, "%s", text);
    ok(is_text(&manifest.url, url), "url");
    ok(is_text(&manifest.label, label), "label");
    ok(is_text(&manifest.notes, notes), "notes");
}


static void
is_empty(const char *text, int rc)
{
    is_int(manifest_of(text), rc, "%s", text);
    ok(manifest.url.len == 0 && manifest.label.len == 0
       && manifest.notes.len == 0 && manifest.document == NULL,
       "is left empty");
}


/* A manifest whose text "member" has "len" letters. */

static char *
long_text(const char *before, size_t len, const char *after)
{
    char  *text;

    text = malloc(strlen(before) + len + strlen(after) + 1);

    if (text == NULL) {
        abort();
    }

    strcpy(text, before);
    memset(text + strlen(before), 'x', len);
    strcpy(text + strlen(before) + len, after);

    return text;
}


static void
test_bound(const char *before, size_t len, const char *after)
{
    char  *text;

    text = long_text(before, len, after);
    is_int(manifest_of(text), PROCORE_OK, "a text of the greatest length");
    free(text);

    text = long_text(before, len + 1, after);
    is_int(manifest_of(text), PROCORE_TOO_LARGE, "a text beyond it");
    free(text);
}


int
main(void)
{
    char    *text;
    size_t   i;

    static const char *const  malformed[] = {
        "", "{", "{} x", "{\"a\":1,}", "/**/{}",
        "{" POST "5}", "{" POST "[]}", "{" POST "\"x\"}",
        "{" POST "{\"notes\":5}}", "{" POST "{\"page\":\"https://a\"}}",
        "{" POST "{\"page\":{\"url\":5}}}",
        "{" POST "{\"page\":{\"label\":{}}}}",
        "{" POST "{\"page\":{\"url\":\"http://a.example/\"}}}",
        "{" POST "{\"page\":{\"url\":\"javascript:alert(1)\"}}}",
        "{" POST "{\"page\":{\"url\":\"//a.example/\"}}}",
        "{" POST "{\"page\":{\"url\":\"https://\"}}}",
        "{" POST "{\"page\":{\"url\":\"https:///x\"}}}",
        "{" POST "{\"page\":{\"url\":\"https://a b\"}}}",
        "{" POST "{\"page\":{\"url\":\"https://a\\\"b\"}}}",
        "{" POST "{\"page\":{\"url\":\"https://a<b\"}}}",
        "{" POST "{\"page\":{\"url\":\"https://a\\n\"}}}",
        "{" POST "{\"page\":{\"url\":\"https://\\u00e9\"}}}",
        "{" POST "{\"notes\":\"a\\u0000b\"}}",
    };

    reads("{" POST "{\"page\":{\"url\":\"https://a.example/x?y#z\","
          "\"label\":\"Set up\"},\"notes\":\"Ask\\nus \\u00e9\"}}",
          "https://a.example/x?y#z", "Set up", "Ask\nus \xc3\xa9");
    reads("{" POST "{\"page\":{\"url\":\"https://a\"}}}", "https://a", "", "");
    reads("{" POST "{\"page\":null,\"notes\":\"n\"}}", "", "", "n");
    reads("[{\"x\":[1,{\"app\":{" POST "{\"notes\":\"deep\"}}}]}]", "", "",
          "deep");
    reads("{\"a\":{" POST "{\"notes\":\"deep\"}}," POST "{\"notes\":\"top\"}}",
          "", "", "top");

    is_empty("{}", PROCORE_NOT_FOUND);
    is_empty("[]", PROCORE_NOT_FOUND);
    is_empty("5", PROCORE_NOT_FOUND);
    is_empty("{\"a\":{\"b\":[{}]}}", PROCORE_NOT_FOUND);
    is_empty("{" POST "null}", PROCORE_NOT_FOUND);
    is_empty("{" POST "{}}", PROCORE_NOT_FOUND);
    is_empty("{" POST "{\"page\":{\"url\":null},\"notes\":\"\"}}",
             PROCORE_NOT_FOUND);

    for (i = 0; i < sizeof(malformed) / sizeof(malformed[0]); i++) {
        is_empty(malformed[i], PROCORE_MALFORMED);
    }

    test_bound("{" POST "{\"page\":{\"url\":\"https://",
               PROCORE_MANIFEST_URL - 8, "\"}}}");
    test_bound("{" POST "{\"page\":{\"label\":\"", PROCORE_MANIFEST_LABEL,
               "\"}}}");
    test_bound("{" POST "{\"notes\":\"", PROCORE_MANIFEST_NOTES, "\"}}");

    text = long_text("{\"x\":\"", PROCORE_MANIFEST_MAX, "\"}");
    is_int(manifest_of(text), PROCORE_TOO_LARGE, "a manifest too large");
    free(text);

    procore_manifest_free(&manifest);
    procore_manifest_free(&manifest);

    return done_testing();
}

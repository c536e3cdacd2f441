
#include <stdlib.h>

#include "unit.h"
#include "../../src/procore/procore_token_answer.h"


static procore_token_answer_t  answer;
static unsigned char          *memory;


static int
answer_of(const char *text, size_t len)
{
    int             rc;
    unsigned char  *copy;

    free(memory);

    memory = malloc(len + 1);
    copy = malloc(len + 1);

    if (memory == NULL || copy == NULL) {
        abort();
    }

    memcpy(copy, text, len);
    rc = procore_token_answer_read(&answer, copy, len, memory);
    free(copy);

    return rc;
}


static int
is_text(const procore_str_t *str, const char *want)
{
    return str->len == strlen(want)
           && (str->len == 0 || memcmp(str->data, want, str->len) == 0);
}


static void
test_good(void)
{
    const char  *text;

    text = "{\"access_token\":\"eyJ0.a-b_c~\",\"token_type\":\"bearer\","
           "\"expires_in\":5400,\"refresh_token\":\"76ba\",\"scope\":[{\"access"
           "_token\":1}],\"created_at\":1484786897}";

    is_int(answer_of(text, strlen(text)), PROCORE_OK, "an answer");
    ok(is_text(&answer.access_token, "eyJ0.a-b_c~"), "access token");
    ok(is_text(&answer.refresh_token, "76ba"), "refresh token");
    ok(answer.expires_in == 5400, "expires in");
    ok(answer.created_at == 1484786897, "created at");

    text = " {\"access\\u005ftoken\":\"\\u0061\\/\\\"b\"} ";

    is_int(answer_of(text, strlen(text)), PROCORE_OK, "with escapes");
    ok(is_text(&answer.access_token, "a/\"b"), "access token unescaped");
    ok(is_text(&answer.refresh_token, ""), "no refresh token");
    ok(answer.expires_in == 0 && answer.created_at == 0, "no numbers");

    text = "{\"refresh_token\":null,\"expires_in\":null,\"access_token\":\"x\","
           "\"created_at\":0}";

    is_int(answer_of(text, strlen(text)), PROCORE_OK, "with nulls");
    ok(is_text(&answer.access_token, "x"), "access token after nulls");
    ok(is_text(&answer.refresh_token, ""), "null is no refresh token");
}


static void
test_cut_short(void)
{
    int          good;
    size_t       len;
    const char  *text;

    text = "{\"access_token\":\"abc\",\"refresh_token\":\"def\"}";
    good = 0;

    for (len = 0; len < strlen(text); len++) {
        if (answer_of(text, len) != PROCORE_MALFORMED) {
            good++;
        }
    }

    is_int(good, 0, "an answer that is cut short is malformed everywhere");
    is_int(answer_of(text, len), PROCORE_OK, "the whole one is not");
}


int
main(void)
{
    char   *big;
    size_t  i;

    static const char *const  malformed[] = {
        "", " ", "null", "5", "\"access_token\"", "[]", "{}", "<html></html>",
        "access_token=abc",
        "[{\"access_token\":\"a\"}]",
        "{\"data\":{\"access_token\":\"a\"}}",
        "{\"error\":\"invalid_grant\"}",
        "{\"Access_token\":\"a\"}",
        "{\"access_token\":\"\"}",
        "{\"access_token\":null}",
        "{\"access_token\":5}",
        "{\"access_token\":true}",
        "{\"access_token\":[\"a\"]}",
        "{\"access_token\":{\"a\":\"a\"}}",
        "{\"access_token\":\"a\\u0000b\"}",
        "{\"access_token\":\"a\\nb\"}",
        "{\"access_token\":\"\\u00e9\"}",
        "{\"access_token\":\"a\",\"access_token\":\"b\"}",
        "{\"access_token\":\"a\",\"access\\u005ftoken\":\"a\"}",
        "{\"access_token\":null,\"access_token\":\"a\"}",
        "{\"access_token\":\"a\",\"refresh_token\":5}",
        "{\"access_token\":\"a\",\"refresh_token\":false}",
        "{\"access_token\":\"a\",\"refresh_token\":\"b\\t\"}",
        "{\"access_token\":\"a\",\"created_at\":1,\"created_at\":null}",
        "{\"access_token\":\"a\",\"expires_in\":\"5400\"}",
        "{\"access_token\":\"a\",\"expires_in\":-1}",
        "{\"access_token\":\"a\",\"expires_in\":5.5}",
        "{\"access_token\":\"a\",\"expires_in\":1e3}",
        "{\"access_token\":\"a\",\"expires_in\":{}}",
        "{\"access_token\":\"a\",\"expires_in\":1,\"expires_in\":1}",
        "{\"access_token\":\"a\",\"created_at\":9223372036854775808}",
        "{\"access_token\":\"a\",\"created_at\":true}",
        "{\"access_token\":\"a\"}x",
        "{\"access_token\":\"a\"}{\"access_token\":\"a\"}",
        "{\"access_token\":\"a\",}",
        "{\"access_token\":\"\xff\"}",
    };

    test_good();
    test_cut_short();

    for (i = 0; i < sizeof(malformed) / sizeof(malformed[0]); i++) {
        is_int(answer_of(malformed[i], strlen(malformed[i])),
               PROCORE_MALFORMED, "malformed: %s", malformed[i]);
    }

    is_int(answer_of("{\"access_token\":\"a\"}\0", 21), PROCORE_MALFORMED,
           "a NUL after the answer");
    is_int(answer_of("{\"access_token\":\"a\0b\"}", 22), PROCORE_MALFORMED,
           "a NUL in the token");

    big = malloc(PROCORE_TOKEN_ANSWER_MAX + 1);

    if (big == NULL) {
        abort();
    }

    memset(big, ' ', PROCORE_TOKEN_ANSWER_MAX + 1);
    memcpy(big, "{\"access_token\":\"a\"}", 20);

    is_int(answer_of(big, PROCORE_TOKEN_ANSWER_MAX), PROCORE_OK,
           "an answer of the greatest size");
    is_int(answer_of(big, PROCORE_TOKEN_ANSWER_MAX + 1), PROCORE_TOO_LARGE,
           "an answer above it");

    free(big);
    free(memory);

    return done_testing();
}

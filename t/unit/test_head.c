
/*
 * The values of Authorization and Procore-Company-Id.
 */

#include "unit.h"
#include "record.h"

#include "../../src/claims/procore_head.h"


static record_t  record;


static procore_str_t
text(const char *s)
{
    procore_str_t  str;

    str.data = (const unsigned char *) s;
    str.len = strlen(s);

    return str;
}


static void
bearer(const char *value, const char *want)
{
    char           got[64];
    procore_str_t  str, token;

    str = text(value);

    if (want == NULL) {
        is_int(procore_bearer(&str, &token), PROCORE_NOT_FOUND,
               "\"%s\" holds no token", value);
        return;
    }

    if (is_int(procore_bearer(&str, &token), PROCORE_OK,
               "\"%s\" holds a token", value))
    {
        snprintf(got, sizeof(got), "%.*s", (int) token.len,
                 (const char *) token.data);
        is_str(got, want, "\"%s\": the token", value);
    }
}


static void
company(const char *value, int rc, const char *want)
{
    procore_str_t   str;
    procore_sink_t  sink;

    str = text(value);
    sink = record_sink(&record);
    record_reset(&record);

    is_int(procore_company_header(&str, &sink), rc, "\"%s\": code", value);
    is_str(record.text, want, "\"%s\": claim", value);
}


static void
malformed_id(const char *value)
{
    char  want[128];

    snprintf(want, sizeof(want), "header company Procore-Company-Id=%.64s "
             "malformed;", value);
    company(value, PROCORE_OK, want);
}


static void
test_bearer(void)
{
    bearer("Bearer abc", "abc");
    bearer("bEARER abc", "abc");
    bearer("Bearer  abc", " abc");
    bearer("Bearer a, Bearer b", "a, Bearer b");

    bearer("", NULL);
    bearer("Bearer", NULL);
    bearer("Bearer ", NULL);
    bearer("Bearer\tabc", NULL);
    bearer("Bearerxabc", NULL);
    bearer(" Bearer abc", NULL);
    bearer("Basic YWJj", NULL);
    bearer("Token abc", NULL);
    bearer("\x02" "earer abc", NULL);
}


static void
test_company(void)
{
    company("562949953421312", PROCORE_OK,
            "header company Procore-Company-Id=562949953421312 id;");
    company(" \t7 ", PROCORE_OK, "header company Procore-Company-Id=7 id;");

    company("", PROCORE_NOT_FOUND, "");
    company(" \t", PROCORE_NOT_FOUND, "");
    company("null", PROCORE_NOT_FOUND, "");

    malformed_id("12abc");
    malformed_id("+5");
    malformed_id("007");
    malformed_id("0x1");
    malformed_id("1e3");
    malformed_id("%35");
    malformed_id("7;8");
    malformed_id("99999999999999999999");
    malformed_id("6f1e0c9a-3c33-4f0e-9d3b-0a5e5f7d9b11");
    malformed_id("9999999999999999999999999999999999999999999999999999999999"
                 "9999999999");

    company("7,8", PROCORE_MALFORMED, "");
    company("7,", PROCORE_MALFORMED, "");
    company("7 8", PROCORE_MALFORMED, "");
    company("7\t8", PROCORE_MALFORMED, "");
    company("7\x01", PROCORE_MALFORMED, "");
    company("7\x7f", PROCORE_MALFORMED, "");
    company("7\xc3\xa9", PROCORE_MALFORMED, "");
    company("\xef\xbc\x97", PROCORE_MALFORMED, "");
}


int
main(void)
{
    test_bearer();
    test_company();

    return done_testing();
}

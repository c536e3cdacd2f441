
#include "unit.h"
#include "../../src/policy/procore_id.h"


static void
is_class(const char *text, procore_id_class_e want)
{
    uint64_t  id;

    is_int(procore_id_classify((const unsigned char *) text, strlen(text),
                               &id),
           want, "class of \"%s\"", text);
}


static void
is_number(const char *text, uint64_t want)
{
    uint64_t  id;

    id = 0;

    is_int(procore_id_classify((const unsigned char *) text, strlen(text),
                               &id),
           PROCORE_ID_NUMBER, "%s is a number", text);
    ok(id == want, "%s is read exactly", text);
}


int
main(void)
{
    size_t    i;
    uint64_t  id;

    static const char *const  malformed[] = {
        "0", "00", "007", "-1", "-0", "+5", " 5", "5 ", "5\n", "5\t", "12abc",
        "abc12", "0x1", "0d5", "1e3", "1.0", "1,2", "1_000", "1;x=1", "1/2",
        "[1]", "\"1\"", "%31", "9223372036854775808", "9999999999999999999",
        "10000000000000000000", "18446744073709551617", ".", " ", "a b", "a.b",
        "\xd9\xa1", "\xef\xbc\x91", "\xc3\xa9", "1\xc2\xa0",
        "123e4567-e89b-12d3-a456-42661417400",
        "123e4567-e89b-12d3-a456-4266141740000",
        "123e4567e-89b-12d3-a456-426614174000",
        "123g4567-e89b-12d3-a456-426614174000",
        "{123e4567-e89b-12d3-a456-426614174000}"
    };

    static const char *const  nothing[] = {
        "", "sync", "bulk_edit", "a-b", "_", "-", "--", "Z", "null",
        "abcdefabcdefabcdefabcdefabcdefabcdefabcdefabcdefabcdefabcdefabcdef"
    };

    is_number("1", 1);
    is_number("9", 9);
    is_number("10", 10);
    is_number("562949953421312", 562949953421312);
    is_number("999999999999999999", 999999999999999999);
    is_number("9223372036854775807", INT64_MAX);

    for (i = 0; i < sizeof(malformed) / sizeof(malformed[0]); i++) {
        is_class(malformed[i], PROCORE_ID_MALFORMED);
    }

    for (i = 0; i < sizeof(nothing) / sizeof(nothing[0]); i++) {
        is_class(nothing[i], PROCORE_ID_NOTHING);
    }

    is_class("123e4567-e89b-12d3-a456-426614174000", PROCORE_ID_UUID);
    is_class("123E4567-E89B-12D3-A456-426614174000", PROCORE_ID_UUID);
    is_class("aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa", PROCORE_ID_UUID);
    is_class("11111111-1111-1111-1111-111111111111", PROCORE_ID_UUID);
    is_class("aaaaaaaa-aaaa-aaaa-aaaa_aaaaaaaaaaaa", PROCORE_ID_NOTHING);

    is_int(procore_id_classify((const unsigned char *) "5\0", 2, &id),
           PROCORE_ID_MALFORMED, "a NUL belongs to the text");
    is_int(procore_id_classify((const unsigned char *) "a\0", 2, &id),
           PROCORE_ID_MALFORMED, "a NUL is no letter");

    return done_testing();
}

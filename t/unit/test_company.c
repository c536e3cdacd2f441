
/*
 * One company of List Companies, and Show User Info.
 */


#include "unit.h"
#include "text.h"
#include "../../src/procore/procore_company.h"


static unsigned char  *memory;
static procore_str_t   name;
static int             active;
static uint64_t        id;


static void
remember(size_t len)
{
    free(memory);

    memory = malloc(len != 0 ? len : 1);

    if (memory == NULL) {
        abort();
    }
}


static int
company(const char *json)
{
    int            rc;
    procore_str_t  copy;

    remember(strlen(json));

    copy = text(json);
    rc = procore_company_read(copy.data, copy.len, memory, &name, &active);
    text_free(&copy);

    return rc;
}


static int
user(const char *json)
{
    int            rc;
    procore_str_t  copy;

    remember(strlen(json));

    copy = text(json);
    rc = procore_user_read(copy.data, copy.len, memory, &id, &name);
    text_free(&copy);

    return rc;
}


static void
test_company(void)
{
    size_t  i;

    static const struct {
        const char  *json;
        const char  *name;
        int          active;
    } good[] = {
        { "{\"id\":5,\"name\":\"Acme\",\"is_active\":true}", "Acme", 1 },
        { "{\"id\":5,\"is_active\":false,\"name\":\"Acme\"}", "Acme", 0 },
        { "{\"name\":\"Acme\"}", "Acme", 1 },
        { "{\"name\":\"Acme\",\"is_active\":null}", "Acme", 1 },
        { "{\"name\":\"Acme\",\"is_active\":\"false\"}", "Acme", 1 },
        { "{\"name\":\"Acme\",\"is_active\":[false]}", "Acme", 1 },
        { "{\"name\":\"Acme\",\"x\":false}", "Acme", 1 },
        { "{\"name\":\"Acme\",\"x\":{\"name\":\"y\",\"is_active\":false}}",
          "Acme", 1 },
        { "{\"x\":[{\"name\":\"y\"}],\"n\\u0061me\":\"Acme\"}", "Acme", 1 },
        { " {\"name\":\"<b>\\\"\\\\\\/\\n\\u00e9\\ud83c\\udfd7\"} ",
          "<b>\"\\/\n\xc3\xa9\xf0\x9f\x8f\x97", 1 },
        { "{\"name\":\"\"}", "", 1 },
        { "{\"name\":null}", "", 1 },
        { "{\"name\":5}", "", 1 },
        { "{\"name\":true}", "", 1 },
        { "{\"name\":[\"Acme\"]}", "", 1 },
        { "{\"name\":{\"name\":\"Acme\"}}", "", 1 },
        { "{}", "", 1 },
        { "{\"Name\":\"Acme\",\"IS_ACTIVE\":false}", "", 1 },
    };

    static const char *const  malformed[] = {
        "", " ", "null", "5", "\"Acme\"", "[]", "[{\"name\":\"Acme\"}]",
        "{\"name\":\"Acme\"", "{\"name\":\"Acme}", "{\"name\":\"Acme\"}x",
        "{\"name\":\"a\",\"name\":\"b\"}", "{\"name\":\"\xff\"}",
        "{\"is_active\":true,\"is_active\":false}", "{\"name\":\"\\ud83c\"}",
        "{\"name\":\"a\nb\"}", "{'name':'a'}",
    };

    for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        is_int(company(good[i].json), PROCORE_OK, "company: %s", good[i].json);
        ok(text_is(&name, good[i].name), "name");
        is_int(active, good[i].active, "active");
    }

    for (i = 0; i < sizeof(malformed) / sizeof(malformed[0]); i++) {
        is_int(company(malformed[i]), PROCORE_MALFORMED, "malformed: %zu", i);
        ok(name.len == 0, "no name");
    }

    is_int(company("{\"name\":\"a\\u0000b\"}"), PROCORE_OK, "a NUL");
    ok(name.len == 3 && memcmp(name.data, "a\0b", 3) == 0, "ends nothing");
}


static void
test_long_name(void)
{
    char  *json;

    json = malloc(10000 + sizeof("{\"name\":\"\"}"));

    if (json == NULL) {
        abort();
    }

    memset(json, 'x', 10000 + sizeof("{\"name\":\"\"}"));
    memcpy(json, "{\"name\":\"", 9);
    strcpy(json + 10009, "\"}");

    is_int(company(json), PROCORE_OK, "a name of 10,000 characters");
    ok(name.len == 10000, "is whole");

    free(json);
}


static void
test_user(void)
{
    size_t  i;
    char   *json;

    static const struct {
        const char  *json;
        uint64_t     id;
        const char  *login;
    } good[] = {
        { "{\"id\":5,\"login\":\"a@b.example\",\"name\":\"A\"}", 5,
          "a@b.example" },
        { "{\"login\":\"a\",\"id\":\"9007199254740993\"}", 9007199254740993,
          "a" },
        { "{\"id\":9223372036854775807}", INT64_MAX, "" },
        { "{\"id\":5,\"login\":null,\"company\":{\"id\":6,\"login\":\"x\"}}",
          5, "" },
    };

    static const char *const  malformed[] = {
        "", "[]", "{}", "{\"login\":\"a\"}", "{\"id\":null}", "{\"id\":0}",
        "{\"id\":-5}", "{\"id\":5.0}", "{\"id\":5e1}", "{\"id\":\"05\"}",
        "{\"id\":\"\"}", "{\"id\":true}", "{\"id\":[5]}", "{\"id\":{\"id\":5}}",
        "{\"id\":9223372036854775808}", "{\"id\":5,\"id\":5}",
        "{\"id\":5,\"login\":\"a\",\"login\":\"a\"}", "{\"id\":5",
        "{\"user\":{\"id\":5}}", "{\"id\":123456789012345678901234567890}",
    };

    for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        is_int(user(good[i].json), PROCORE_OK, "user: %s", good[i].json);
        ok(id == good[i].id, "id");
        ok(text_is(&name, good[i].login), "login");
    }

    for (i = 0; i < sizeof(malformed) / sizeof(malformed[0]); i++) {
        is_int(user(malformed[i]), PROCORE_MALFORMED, "malformed: %s",
               malformed[i]);
        ok(id == 0 && name.len == 0, "nothing is told");
    }

    json = malloc(PROCORE_USER_MAX + 2);

    if (json == NULL) {
        abort();
    }

    memset(json, ' ', PROCORE_USER_MAX + 1);
    memcpy(json, "{\"id\":5}", 8);
    json[PROCORE_USER_MAX] = '\0';
    is_int(user(json), PROCORE_OK, "the longest answer");
    json[PROCORE_USER_MAX] = ' ';
    json[PROCORE_USER_MAX + 1] = '\0';
    is_int(user(json), PROCORE_MALFORMED, "a byte more");

    free(json);
}


static void
test_clean(void)
{
    size_t  i;
    char    text_copy[64];

    static const struct {
        const char  *raw;
        const char  *clean;
    } cases[] = {
        { "", "" },
        { "plain \xc3\xa9 \xf0\x9f\x8f\x97",
          "plain \xc3\xa9 \xf0\x9f\x8f\x97" },
        { "a\xff" "b", "a?b" },
        { "\xe2\x80\"", "??\"" },
        { "\xc0\xaf\xed\xa0\x80", "?????" },
        { "\xf0\x9f\x8f", "???" },
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        strcpy(text_copy, cases[i].raw);
        procore_company_clean((unsigned char *) text_copy, strlen(text_copy));
        is_str(text_copy, cases[i].clean, "clean");
    }
}


int
main(void)
{
    test_company();
    test_long_name();
    test_user();
    test_clean();

    free(memory);

    return done_testing();
}

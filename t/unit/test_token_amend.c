
/*
 * What is added to a token answer, and that nothing else changes.
 */


#include "unit.h"
#include "text.h"
#include "../../src/procore/procore_token_amend.h"
#include "../../src/procore/procore_token_answer.h"


#define TOKEN  "{\"access_token\":\"a\""
#define ID     "\"company_id\":562949953421312"
#define NAME   "\"company_name\":\"Acme\""


static char  *amended;


/* The amended answer, or NULL. */

static const char *
amend(const char *json, const char *name, uint64_t waited)
{
    int            rc;
    size_t         len;
    procore_str_t  copy, company;

    free(amended);

    amended = malloc(strlen(json) + PROCORE_TOKEN_AMEND_EXTRA + 1);

    if (amended == NULL) {
        abort();
    }

    copy = text(json);
    company = text(name);

    rc = procore_token_amend(copy.data, copy.len, 562949953421312, &company,
                             waited, (unsigned char *) amended, &len);

    text_free(&copy);
    text_free(&company);

    if (rc != PROCORE_OK) {
        return NULL;
    }

    amended[len] = '\0';

    return amended;
}


static void
test_members(void)
{
    is_str(amend(TOKEN "}", "Acme", 0), TOKEN "," ID "," NAME "}", "both");
    is_str(amend(TOKEN "}", "", 0), TOKEN "," ID "}", "no name is known");
    is_str(amend(" {\n  \"x\" : [ {\"company_id\":1} ],\n"
                 "  \"access_token\" : \"}\"\n}\n", "Acme", 0),
           " {\n  \"x\" : [ {\"company_id\":1} ],\n"
           "  \"access_token\" : \"}\"\n," ID "," NAME "}\n",
           "all else stays, in its order");
    is_str(amend(TOKEN ",\"company_id\":7}", "Acme", 0),
           TOKEN ",\"company_id\":7," NAME "}", "an id is not doubled");
    is_str(amend(TOKEN ",\"company\\u005fid\":null}", "Acme", 0),
           TOKEN ",\"company\\u005fid\":null," NAME "}", "however written");
    is_str(amend("{\"company_name\":\"x\",\"access_token\":\"a\"}", "Acme", 0),
           "{\"company_name\":\"x\",\"access_token\":\"a\"," ID "}",
           "nor is a name");
    is_str(amend(TOKEN ",\"company_name\":{},\"company_id\":\"\"}", "Acme", 0),
           TOKEN ",\"company_name\":{},\"company_id\":\"\"}", "nor both");
}


static void
test_expires(void)
{
    is_str(amend(TOKEN ",\"expires_in\":5400,\"created_at\":5400}", "", 17),
           TOKEN ",\"expires_in\":5383,\"created_at\":5400," ID "}",
           "the time it waited is taken off");
    is_str(amend("{\"expires_in\" : 100 ,\"access_token\":\"a\"}", "", 99),
           "{\"expires_in\" : 1 ,\"access_token\":\"a\"," ID "}", "to 1");
    is_str(amend(TOKEN ",\"expires_in\":100}", "", 100),
           TOKEN ",\"expires_in\":0," ID "}", "to 0");
    is_str(amend(TOKEN ",\"expires_in\":100}", "", UINT64_MAX),
           TOKEN ",\"expires_in\":0," ID "}", "and not below");
    is_str(amend(TOKEN ",\"expires_in\":9223372036854775807}", "", 0),
           TOKEN ",\"expires_in\":9223372036854775807," ID "}", "the greatest");
    is_str(amend(TOKEN ",\"expires_in\":null}", "", 5),
           TOKEN ",\"expires_in\":null," ID "}", "null stays");
    is_str(amend(TOKEN ",\"expires_in\":0}", "", 5),
           TOKEN ",\"expires_in\":0," ID "}", "0 stays");
    is_str(amend(TOKEN ",\"x\":{\"expires_in\":100}}", "", 5),
           TOKEN ",\"x\":{\"expires_in\":100}," ID "}", "another's stays");
    is_str(amend(TOKEN ",\"expires\\u005fin\":100}", "", 5),
           TOKEN ",\"expires\\u005fin\":95," ID "}", "however written");
}


static void
test_no_company(void)
{
    size_t         len;
    procore_str_t  name = procore_str("Acme");
    unsigned char  out[256];

    static const char  json[] = TOKEN ",\"expires_in\":100}";

    is_int(procore_token_amend((const unsigned char *) json, sizeof(json) - 1,
                               0, &name, 40, out, &len),
           PROCORE_OK, "no company");
    out[len] = '\0';
    is_str((char *) out, TOKEN ",\"expires_in\":60}", "adds nothing");
}


static void
test_name(void)
{
    char    name[3000];
    size_t  i, len;

    static const struct {
        const char  *name;
        const char  *json;
    } cases[] = {
        { "\"\\/<b>", "\\\"\\\\/<b>" },
        { "\"},{\"", "\\\"},{\\\"" },
        { "a\nb\x01\x1f\x7f", "a\\u000ab\\u0001\\u001f\\u007f" },
        { "\xc3\xa9\xf0\x9f\x8f\x97", "\xc3\xa9\xf0\x9f\x8f\x97" },
        { "\xff\xe2\x80", "\xef\xbf\xbd\xef\xbf\xbd" },
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        snprintf(name, sizeof(name), TOKEN "," ID ",\"company_name\":\"%s\"}",
                 cases[i].json);
        is_str(amend(TOKEN "}", cases[i].name, 0), name, "name %zu", i);
    }

    memset(name, '\x01', 2000);
    name[2000] = '\0';
    ok(amend(TOKEN "}", name, 0) != NULL, "the longest name");
    ok(strlen(amended) <= sizeof(TOKEN "}") + PROCORE_TOKEN_AMEND_EXTRA,
       "fits");

    for (i = 0; i < 2000; i += 2) {
        memcpy(name + i, "\xc3\xa9", 2);
    }

    memmove(name + 1, name, 2000);
    name[0] = 'x';
    ok(amend(TOKEN "}", name, 0) != NULL, "a name that is cut");
    len = strlen(amended);
    ok(strcmp(amended + len - 4, "\xc3\xa9\"}") == 0,
       "is cut between two characters");
}


int
main(void)
{
    size_t  i;

    static const char *const  malformed[] = {
        "", " ", "5", "null", "[]", "[{}]", "{", "{\"a\":1", "{}x", "{}{}",
        "{\"expires_in\":1,\"expires_in\":2", "{\"a\":\"\xff\"}",
        "{\"expires_in\":5",
    };

    test_members();
    test_expires();
    test_no_company();
    test_name();

    for (i = 0; i < sizeof(malformed) / sizeof(malformed[0]); i++) {
        is_str(amend(malformed[i], "Acme", 0), NULL, "malformed: %zu", i);
    }

    is_str(amend("{\"expires_in\":100,\"expires_in\":50}", "", 5),
           "{\"expires_in\":100,\"expires_in\":45," ID "}",
           "of a doubled one, no byte is lost");

    free(amended);

    return done_testing();
}

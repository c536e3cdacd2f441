
/*
 * The query of an authorization request: how it is read, and what the login
 * host gets.
 */


#include "unit.h"
#include "text.h"
#include "../../src/relay/procore_start.h"


#define CLIENT     "client_id=abc"
#define REDIRECT   "redirect_uri=https%3A%2F%2Fcrm.example.com%2Fcb"
#define TYPE       "response_type=code"
#define REQUEST    TYPE "&" CLIENT "&" REDIRECT
#define CHALLENGE  "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


static procore_start_t   start;
static unsigned char    *memory;


static procore_start_e
result_of(const void *query, size_t len)
{
    procore_str_t  copy;

    free(memory);

    memory = malloc(len + 1);

    if (memory == NULL) {
        abort();
    }

    copy = text_of(query, len);
    procore_start_read(&start, copy.data, copy.len, memory);
    text_free(&copy);

    return start.result;
}


static procore_start_e
result(const char *query)
{
    return result_of(query, strlen(query));
}


static void
test_good(void)
{
    is_int(result(REQUEST), PROCORE_START_OK, "a request");
    ok(text_is(&start.client, "abc"), "client");
    ok(text_is(&start.redirect_uri, "https://crm.example.com/cb"), "URI");
    ok(start.state.data == NULL && start.challenge.data == NULL
       && start.company == 0, "nothing else");

    is_int(result("scope=&client%5Fid=a%62c&state=a+b%2B%25%26%c3%A9&"
                  "redirect_uri=com.example.app:/cb&response_type=c%6fde&"
                  "company_id=562949953421312&response_mode=query&"
                  "code_challenge_method=S256&code_challenge=" CHALLENGE),
           PROCORE_START_OK, "all parameters");
    ok(text_is(&start.client, "abc"), "client");
    ok(text_is(&start.redirect_uri, "com.example.app:/cb"), "URI");
    ok(text_is(&start.state, "a b+%&\xc3\xa9"), "state");
    ok(text_is(&start.challenge, CHALLENGE), "challenge");
    ok(start.company == 562949953421312, "company");

    is_int(result(REQUEST "&state="), PROCORE_START_OK, "an empty state");
    ok(text_is(&start.state, ""), "is one");
    is_int(result(REQUEST "&state"), PROCORE_START_OK, "a bare one");
    ok(text_is(&start.state, ""), "is empty");
    is_int(result("&&" REQUEST "&&"), PROCORE_START_OK, "empty parameters");
    is_int(result(REQUEST "&company_id="), PROCORE_START_OK, "empty company");
    ok(start.company == 0, "is none");
    is_int(result(REQUEST "&response_mode=&code_challenge="
                  "&code_challenge_method="),
           PROCORE_START_OK, "empty ones are none");
    ok(start.challenge.data == NULL, "no challenge");
    is_int(result(REQUEST "&scope%5B%5D=a&statement=x&states[]=y&[x]=1"),
           PROCORE_START_OK, "names of others");
}


static void
test_no_client(void)
{
    size_t  i;

    static const char *const  queries[] = {
        "", "&", REDIRECT, "client_id", "client_id=", "client_id[]=abc",
        "client_id%5B%5D=abc", "client_id[x]=abc", "[client_id]=abc",
        "client_id[]=abc&redirect_uri=%", "Client_id=abc", "client_idx=abc",
        "client_id=&redirect_uri=%", "x=%&redirect_uri=y",
    };

    for (i = 0; i < sizeof(queries) / sizeof(queries[0]); i++) {
        is_int(result(queries[i]), PROCORE_START_NO_CLIENT, "no client: %s",
               queries[i]);
        ok(start.client.len == 0, "and none is told");
    }
}


static void
test_page(void)
{
    size_t  i;
    char    many[4096], *big;

    static const char *const  undecodable[] = {
        REQUEST "&x=%", REQUEST "&x=%4", REQUEST "&x=%4g", REQUEST "&%=x",
        REQUEST "&x=%00", REQUEST "&x%00=1", REQUEST "&a;b=1",
        REQUEST "&x=\xc3\xa9", REQUEST "&x=\x01", REQUEST "&x=a b",
        REQUEST "&x=\x7f",
        REQUEST "&x=%c0%af", REQUEST "&x=%e0%80%af", REQUEST "&x=%ed%a0%80",
        REQUEST "&x=%f4%90%80%80", REQUEST "&x=%c3", REQUEST "&x=%c3%28",
        REQUEST "&x%c3=%a9", REQUEST "&x=%ff", REQUEST "&state=%c0%80",
        REQUEST "&redirect_uri[]=x", REQUEST "&state[x]=1",
        REQUEST "&state%5Bx%5D=1", REQUEST "&client_id[]=abc",
        REQUEST "&[state]=1", REQUEST "&state]=1", REQUEST "&state[=1",
        REQUEST "&company_id[]=5", REQUEST "&response_type[]=token",
        REQUEST "&code_challenge[]=x", REQUEST "&]state=1",
        TYPE "&" CLIENT "&redirect_uri[]=https://crm.example.com/cb",
        TYPE "&" CLIENT "&redirect_uri=%",
        TYPE "&client_id=%&" REDIRECT,
        TYPE "&client_id=a%00&" REDIRECT,
        "client_id=a&client_id=b&x=%",
    };

    for (i = 0; i < sizeof(undecodable) / sizeof(undecodable[0]); i++) {
        is_int(result(undecodable[i]), PROCORE_START_QUERY,
               "does not decode: %s", undecodable[i]);
    }

    is_int(result(REQUEST "\r\n"), PROCORE_START_QUERY, "nor a line break");
    is_int(result_of(REQUEST "&x=\0", sizeof(REQUEST "&x=")),
           PROCORE_START_QUERY, "nor does a raw NUL");

    is_int(result(REQUEST "&client_id=abc"), PROCORE_START_CLIENT,
           "the same client twice");
    ok(start.client.data == NULL, "neither is told");
    is_int(result(REQUEST "&client_id=b&redirect_uri=c"),
           PROCORE_START_CLIENT, "client before redirect URI");
    is_int(result(TYPE "&client_id=&" REDIRECT "&client_id=abc"),
           PROCORE_START_CLIENT, "one of two is empty");

    is_int(result(TYPE "&" CLIENT), PROCORE_START_REDIRECT, "no URI");
    is_int(result(CLIENT "&redirect_uri="), PROCORE_START_REDIRECT, "empty");
    is_int(result(CLIENT "&redirect_uri"), PROCORE_START_REDIRECT, "bare");
    is_int(result(REQUEST "&" REDIRECT), PROCORE_START_REDIRECT, "twice");
    ok(start.redirect_uri.data == NULL, "neither is told");
    is_int(result(REQUEST "&redirect_uri=https://evil.example&state=1&state=2"),
           PROCORE_START_REDIRECT, "URI before the rest");

    strcpy(many, REQUEST);

    for (i = 3; i < 64; i++) {
        sprintf(many + strlen(many), "&p%zu=1", i);
    }

    is_int(result(many), PROCORE_START_OK, "64 parameters");
    strcat(many, "&one=more");
    is_int(result(many), PROCORE_START_QUERY, "one more");

    big = malloc(PROCORE_START_MAX + 1);

    if (big == NULL) {
        abort();
    }

    memset(big, 'a', PROCORE_START_MAX + 1);
    memcpy(big, REQUEST "&x=", sizeof(REQUEST "&x=") - 1);
    is_int(result_of(big, PROCORE_START_MAX), PROCORE_START_OK, "longest");
    is_int(result_of(big, PROCORE_START_MAX + 1), PROCORE_START_QUERY,
           "a byte more");
    free(big);
}


static void
test_app(void)
{
    size_t  i;
    char   *query;

    static const struct {
        procore_start_e  result;
        const char      *query;
    } cases[] = {
        { PROCORE_START_REPEATED, REQUEST "&state=1&state=1" },
        { PROCORE_START_REPEATED, REQUEST "&scope=a&scope=b" },
        { PROCORE_START_REPEATED, REQUEST "&x[]=a&x%5B%5D=b" },
        { PROCORE_START_REPEATED, REQUEST "&" TYPE },
        { PROCORE_START_REPEATED, REQUEST "&x&x" },
        { PROCORE_START_REPEATED, REQUEST "&=1&=1" },
        { PROCORE_START_REPEATED, CLIENT "&" REDIRECT "&a=1&a=1" },
        { PROCORE_START_TYPE, CLIENT "&" REDIRECT },
        { PROCORE_START_TYPE, CLIENT "&" REDIRECT "&response_type=" },
        { PROCORE_START_TYPE, CLIENT "&" REDIRECT "&response_type=token" },
        { PROCORE_START_TYPE, CLIENT "&" REDIRECT "&response_type=Code" },
        { PROCORE_START_TYPE, CLIENT "&" REDIRECT "&response_type=code+token" },
        { PROCORE_START_TYPE, CLIENT "&" REDIRECT "&response_mode=fragment" },
        { PROCORE_START_MODE, REQUEST "&response_mode=fragment" },
        { PROCORE_START_MODE, REQUEST "&response_mode=form_post" },
        { PROCORE_START_MODE, REQUEST "&response_mode=Query&company_id=x" },
        { PROCORE_START_PKCE, REQUEST "&code_challenge=" CHALLENGE },
        { PROCORE_START_PKCE, REQUEST "&code_challenge=" CHALLENGE
                              "&code_challenge_method=" },
        { PROCORE_START_PKCE, REQUEST "&code_challenge=" CHALLENGE
                              "&code_challenge_method=plain" },
        { PROCORE_START_PKCE, REQUEST "&code_challenge=" CHALLENGE
                              "&code_challenge_method=s256" },
        { PROCORE_START_PKCE, REQUEST "&code_challenge=" CHALLENGE "a"
                              "&code_challenge_method=S256" },
        { PROCORE_START_PKCE, REQUEST "&code_challenge=E9Melhoa2OwvFrEMTJguCHao"
                              "eK1t8URWbuGJSstw-c&code_challenge_method=S256" },
        { PROCORE_START_PKCE, REQUEST "&code_challenge=E9Melhoa2OwvFrEMTJguCHao"
                              "eK1t8URWbuGJSstw%2BcM"
                              "&code_challenge_method=S256" },
        { PROCORE_START_PKCE, REQUEST "&code_challenge_method=S256" },
        { PROCORE_START_PKCE, REQUEST "&code_challenge_method=plain" },
        { PROCORE_START_PKCE, REQUEST "&code_challenge=x&company_id=x" },
        { PROCORE_START_COMPANY, REQUEST "&company_id=0" },
        { PROCORE_START_COMPANY, REQUEST "&company_id=-1" },
        { PROCORE_START_COMPANY, REQUEST "&company_id=05" },
        { PROCORE_START_COMPANY, REQUEST "&company_id=+5" },
        { PROCORE_START_COMPANY, REQUEST "&company_id=5,6" },
        { PROCORE_START_COMPANY, REQUEST "&company_id=null" },
        { PROCORE_START_COMPANY, REQUEST "&company_id=5.0" },
        { PROCORE_START_COMPANY, REQUEST "&company_id=9223372036854775808" },
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        is_int(result(cases[i].query), cases[i].result, "%s", cases[i].query);
        ok(text_is(&start.client, "abc")
           && text_is(&start.redirect_uri, "https://crm.example.com/cb"),
           "where to tell it is known");
        ok(start.company == 0, "no company");
    }

    is_int(result(REQUEST "&state=1&state=2"), PROCORE_START_REPEATED, "state");
    ok(start.state.data == NULL, "neither is told");
    is_int(result("response_type=token&state=s&" CLIENT "&" REDIRECT),
           PROCORE_START_TYPE, "with state");
    ok(text_is(&start.state, "s"), "it is told");

    query = malloc(sizeof(REQUEST "&state=") + 8192);

    if (query == NULL) {
        abort();
    }

    i = sizeof(REQUEST "&state=") - 1;
    memset(query, 's', i + 8192);
    memcpy(query, REQUEST "&state=", i);

    is_int(result_of(query, i + PROCORE_START_STATE), PROCORE_START_OK,
           "a state of 2,048 bytes");
    is_int(result_of(query, i + PROCORE_START_STATE + 1),
           PROCORE_START_STATE_LONG, "a byte more");
    is_int(result_of(query, i + 8192), PROCORE_START_STATE_LONG, "8 KB");

    free(query);
}


static const char *
written(const char *query, const char *challenge)
{
    procore_out_t  out;
    procore_str_t  copy;
    procore_str_t  callback = procore_str("https://gw.example.com/cb");
    procore_str_t  state = procore_str("0af1");
    procore_str_t  own = { 0, NULL };

    if (challenge != NULL) {
        own.data = (const unsigned char *) challenge;
        own.len = strlen(challenge);
    }

    copy = text(query);
    out = text_out();
    procore_out_text(&out, "?");
    procore_start_write(&out, copy.data, copy.len, &callback, &state, &own);
    text_free(&copy);

    return text_written(&out);
}


static void
test_write(void)
{
    is_str(written(REQUEST, "xyz"),
           "?" TYPE "&" CLIENT
           "&redirect_uri=https%3A%2F%2Fgw.example.com%2Fcb&state=0af1"
           "&code_challenge=xyz&code_challenge_method=S256",
           "what is missing is appended");
    is_str(written(REQUEST, NULL),
           "?" TYPE "&" CLIENT
           "&redirect_uri=https%3A%2F%2Fgw.example.com%2Fcb&state=0af1",
           "no PKCE towards the login host");
    is_str(written("a=%2f+%20&code_challenge_method=S256&st%61te=x&b&"
                   "company_id=5&code_challenge=abc&redirect_uri=y&"
                   "response_mode=query&c=d=e&&=f", "xyz"),
           "?a=%2f+%20&code_challenge_method=S256&state=0af1&b&"
           "code_challenge=xyz&redirect_uri=https%3A%2F%2Fgw.example.com%2Fcb&"
           "c=d=e&=f", "replaced where they stand, the rest unchanged");
    is_str(written("company_id=5&redirect_uri=y&code_challenge=abc&"
                   "code_challenge_method=S256", NULL),
           "?redirect_uri=https%3A%2F%2Fgw.example.com%2Fcb&state=0af1",
           "the app's challenge is not handed on");
}


static int
param(const char *query, const char *name, const char *want)
{
    int            rc;
    procore_str_t  copy, value;

    free(memory);

    memory = malloc(strlen(query) + 1);

    if (memory == NULL) {
        abort();
    }

    copy = text(query);
    rc = procore_start_param(copy.data, copy.len, name, memory, &value);
    text_free(&copy);

    if (rc == PROCORE_OK && !text_is(&value, want)) {
        return 1;
    }

    return rc;
}


static void
test_param(void)
{
    size_t  i;
    char    many[1024];

    static const char *const  malformed[] = {
        "code=x&y=%", "code=%", "%00=1&code=x", "code=x&a;b", "code=%c0%af",
        "code=x&code[]=y", "code=x&[code]=y", "code=\xff", "code=a b",
    };

    is_int(param("state=1&code=a%2Bb+c", "code", "a+b c"), PROCORE_OK, "one");
    is_int(param("c%6fde=x", "code", "x"), PROCORE_OK, "escaped name");
    is_int(param("code=", "code", ""), PROCORE_OK, "empty");
    is_int(param("code", "code", ""), PROCORE_OK, "bare");
    is_int(param("codes=1&cod=2", "code", ""), PROCORE_NOT_FOUND, "others");
    is_int(param("", "code", ""), PROCORE_NOT_FOUND, "none at all");
    is_int(param("code=1&x&code=1", "code", ""), PROCORE_CONFLICT, "twice");
    is_int(param("code=1&code=2&code=3", "code", ""), PROCORE_CONFLICT,
           "three times");

    for (i = 0; i < sizeof(malformed) / sizeof(malformed[0]); i++) {
        is_int(param(malformed[i], "code", ""), PROCORE_MALFORMED,
               "malformed: %s", malformed[i]);
    }

    strcpy(many, "code=x");

    for (i = 1; i < 64; i++) {
        strcat(many, "&a=1");
    }

    is_int(param(many, "code", "x"), PROCORE_OK, "64 parameters");
    strcat(many, "&a=1");
    is_int(param(many, "code", "x"), PROCORE_MALFORMED, "one more");
}


int
main(void)
{
    test_good();
    test_no_client();
    test_page();
    test_app();
    test_write();
    test_param();

    free(memory);

    return done_testing();
}


/*
 * Queries and urlencoded bodies.  Each text is read in one piece and byte by
 * byte, and both must tell the same.
 */

#include <stdlib.h>

#include "unit.h"
#include "record.h"

#include "../../src/claims/procore_form.h"


#define SCRATCH  16


static record_t         record;
static record_t         pieces;
static procore_form_t   form;
static procore_rules_t  rules;
static unsigned char    scratch[SCRATCH];


static int
read_form(const char *text, size_t len, size_t piece, record_t *to)
{
    size_t          i, n;
    procore_sink_t  sink;

    sink = record_sink(to);
    record_reset(to);

    procore_form_start(&form, &rules, &sink, PROCORE_IN_BODY, 0, scratch,
                       SCRATCH);

    for (i = 0; i < len; i += n) {
        n = len - i < piece ? len - i : piece;
        (void) procore_form_feed(&form, (const unsigned char *) text + i, n);
    }

    return procore_form_end(&form);
}


static void
body_of(const char *text, size_t len, int rc, const char *want)
{
    is_int(read_form(text, len, len + 1, &record), rc, "%.60s: code", text);
    is_str(record.text, want, "%.60s: events", text);

    is_int(read_form(text, len, 1, &pieces), rc, "%.60s: code, by bytes", text);
    is_str(pieces.text, want, "%.60s: events, by bytes", text);
}


static void
body(const char *text, const char *want)
{
    body_of(text, strlen(text), PROCORE_OK, want);
}


static void
malformed(const char *text)
{
    body_of(text, strlen(text), PROCORE_MALFORMED, "");
}


static void
query(const char *text, int rc, const char *want)
{
    procore_str_t   str;
    procore_sink_t  sink;

    str.data = (const unsigned char *) text;
    str.len = strlen(text);

    sink = record_sink(&record);
    record_reset(&record);

    is_int(procore_query_claims(&form, &rules, &sink, &str, scratch, SCRATCH),
           rc, "?%.60s: code", text);
    is_str(record.text, want, "?%.60s: events", text);
}


static void
test_pairs(void)
{
    body("", "");
    body("&", "");
    body("a=1&b=2", "");
    body("company_id=7", "body company company_id=7 id;");
    body("company_id=7&project_id=8",
         "body company company_id=7 id; body project project_id=8 id;");
    body("&&company_id=7&&", "body company company_id=7 id;");
    body("company_id=7&company_id=8",
         "body company company_id=7 id; body company company_id=8 id;");
    body("company_id", "");
    body("company_id=", "");
    body("company_id=abc-d_e", "");
    body("a=company_id=7", "");
    body("=7&==", "");
    body("company_id=7=8", "body company company_id=7=8 malformed;");
    body("a=1;company_id=7", "");
    body("company_id=7;x=8", "body company company_id=7;x=8 malformed;");
    body("company_id=7\r\n", "body company company_id=7<0d><0a> malformed;");
}


static void
test_decoding(void)
{
    body("%63ompany%5Fid=%37", "body company company_id=7 id;");
    body("company_id=%2B7", "body company company_id=+7 malformed;");
    body("company_id=+7", "body company company_id= 7 malformed;");
    body("company_id=7%00", "body company company_id=7<00> malformed;");
    body("company_id=1%26company_id=7",
         "body company company_id=1&company_id=7 malformed;");
    body("company_id%3D7=8", "");
    body("%2563ompany_id=7", "");
    body("a=1&   company_id=7", "body company company_id=7 id;");
    body(" company_id=7", "unlisted body  company_id;");
    body("a=1&+company_id=7", "unlisted body  company_id;");
    body("a=%C3%A9&b=\xc3\xa9", "");

    malformed("a=%");
    malformed("a=%4");
    malformed("a=%zz");
    malformed("%4=1");
    malformed("a%u0061=1");
    malformed("a=%C3");
    malformed("a=%C3&b=1");
    malformed("a=\xc3x");
    malformed("%C3=1");
    malformed("a=%C0%AE");
    malformed("a=%ED%A0%80");
    malformed("a=%F4%90%80%80");
    malformed("a=\xff");

    /* the pattern of rack 2 ends a name at a line feed */
    malformed("x[]company_id%0Ay=7");
    malformed("company_id%00=7");
    malformed("company_id%7F=7");

    body_of("a=1\0", 4, PROCORE_MALFORMED, "");
    body_of("company_id\0", 11, PROCORE_MALFORMED, "");

    body_of("company_id=7&a=%zz&project_id=8", 31, PROCORE_MALFORMED,
            "body company company_id=7 id;");
}


static void
test_names(void)
{
    body("filters[project_id]=8", "body project filters[project_id]=8 id;");
    body("filters%5Bproject_id%5D=8", "body project filters[project_id]=8 id;");
    body("x[a][b][company_id]=7", "body company x[a][b][company_id]=7 id;");
    body("users[][project_id]=8", "body project users[][project_id]=8 id;");
    body("project[id]=8", "body project project[id]=8 id;");
    body("company[][id]=7", "body company company[][id]=7 id;");
    body("company=7&project=8", "");
    body("filters[id]=8", "");

    body("[company_id]=7", "body company [company_id]=7 id;");
    body("[[company_id]]=7", "body company [[company_id]]=7 id;");
    body("company_id]=7", "body company company_id]=7 id;");
    body("]company_id=7", "body company ]company_id=7 id;");
    body("[]company_id=7", "body company []company_id=7 id;");
    body("[company_id=7", "body company [company_id=7 id;");
    body("company_id[=7", "body company company_id[=7 id;");
    body("filters[project_id=8", "body project filters[project_id=8 id;");
    body("filters[[project_id]]=8", "body project filters[[project_id]]=8 id;");
    body("filters]project_id=8", "body project filters]project_id=8 id;");
    body("filters[]project_id=8", "body project filters[]project_id=8 id;");
    body("filters[[]project_id]=8", "body project filters[[]project_id]=8 id;");

    body("company_id[]=7", "body company company_id[]=7 id;");
    body("company_id[][]=7", "body company company_id[][]=7 id;");
    body("company_id[0]=7", "body company company_id[0]=7 id;");
    body("company_id[x]=7", "body company company_id[x]={...} malformed;");
    body("company_id]x=7", "body company company_id]x={...} malformed;");
    body("company_id[company_id]=7",
         "body company company_id[company_id]={...} malformed; "
         "body company company_id[company_id]=7 id;");

    body("company.id=7&Company_id=7&company_id+=7", "");
    body("x_company_id=7", "unlisted body x_company_id;");
    body("x_company_id[]=7", "unlisted body x_company_id;");
    body("x[y_project_ids][z]=7", "unlisted body y_project_ids;");
    body("assignee_company_id=7", "");
}


static void
test_lists(void)
{
    body("project_ids=8", "body project project_ids=8 id;");
    body("project_ids=8,9",
         "body project project_ids=8 id; body project project_ids=9 id;");
    body("project_ids=8%2C9x",
         "body project project_ids=8 id; "
         "body project project_ids=9x malformed;");
    body("project_ids[]=8&project_ids[]=9",
         "body project project_ids[]=8 id; body project project_ids[]=9 id;");
    body("project_ids=[8,9]",
         "body project project_ids=[8 malformed; "
         "body project project_ids=9] malformed;");
    body("project_id=8,9", "body project project_id=8,9 malformed;");
}


static void
test_params(void)
{
    body("access_token=abc", "param body access_token text=abc;");
    body("%61ccess_token=a%20b+c", "param body access_token text=a b c;");
    body("[bearer_token]=", "param body bearer_token text=;");
    body("access_token", "param body access_token null;");
    body("access_token[]=abc", "param body access_token other;");
    body("access_token=0123456789abcdef",
         "param body access_token text=0123456789abcdef;");
    body("access_token=0123456789abcdefg", "param body access_token long;");
    body("access_token=0123456789abcdefg&bearer_token=x",
         "param body access_token long; param body bearer_token text=x;");
    body("x[access_token]=abc&client_id=5&code=6", "");

    rules.oauth = 1;

    body("client_id=5&code=6&refresh_token=7&grant_type=8&client_secret=9&"
         "token=10",
         "param body client_id text=5; param body code text=6; "
         "param body refresh_token text=7; param body grant_type text=8; "
         "param body client_secret text=9; param body token text=10;");

    rules.oauth = 0;
}


static void
test_sync(void)
{
    body("updates[][id]=8", "");

    rules.sync = 1;

    body("updates[][id]=8&updates[0][id]=9",
         "body project updates[][id]=8 id; body project updates[0][id]=9 id;");
    body("project[updates][][id]=8",
         "body project project[updates][][id]=8 id;");

    body("updates[x][id]=8", "body project updates[x][id]=8 id;");

    rules.sync = 0;
}


/* Writes "text" n times, then "last".  The caller frees it. */

static char *
repeated(const char *first, const char *text, size_t n, const char *last)
{
    size_t  i, len;
    char   *s, *p;

    len = strlen(text);
    s = malloc(strlen(first) + n * len + strlen(last) + 1);

    if (s == NULL) {
        abort();
    }

    p = s + sprintf(s, "%s", first);

    for (i = 0; i < n; i++, p += len) {
        memcpy(p, text, len);
    }

    strcpy(p, last);

    return s;
}


static void
test_bounds(void)
{
    char  *s;

    s = repeated("", "a&", PROCORE_FORM_PAIRS - 1, "company_id=7");
    body(s, "body company company_id=7 id;");
    free(s);

    s = repeated("", "a&", PROCORE_FORM_PAIRS, "company_id=7");
    malformed(s);
    free(s);

    s = repeated("a", "[b]", PROCORE_DEPTH - 2, "[company_id]=7");
    is_int(read_form(s, strlen(s), strlen(s), &record), PROCORE_OK,
           "a name of the greatest depth is read");
    ok(strstr(record.text, "=7 id;") != NULL, "and so is its claim");
    ok(strstr(record.text, "...") != NULL, "its name loses the middle");
    is_int((long long) strlen(record.text),
           (long long) (PROCORE_CLAIM_NAME + strlen("body company =7 id;")),
           "and is as long as a claim's name may be");
    free(s);

    s = repeated("a", "[b]", PROCORE_DEPTH - 1, "[company_id]=7");
    malformed(s);
    free(s);

    s = repeated("a", "[]", PROCORE_DEPTH, "=7");
    malformed(s);
    free(s);

    s = repeated("", "a", PROCORE_FIELD_NAME, "=7&company_id=7");
    body(s, "body company company_id=7 id;");
    free(s);

    s = repeated("", "a", PROCORE_FIELD_NAME + 1, "=7");
    malformed(s);
    free(s);

    s = repeated("company_id=", "9", 1000, "");
    is_int(read_form(s, strlen(s), 7, &record), PROCORE_OK,
           "a long value is read");
    is_int((long long) strlen(record.text),
           (long long) (PROCORE_CLAIM_VALUE
                        + strlen("body company company_id= malformed;")),
           "and cut");
    free(s);
}


static void
test_query(void)
{
    query("", PROCORE_OK, "");
    query("company_id=7", PROCORE_OK, "query company company_id=7 id;");
    query("a=1;company_id=7", PROCORE_OK, "query company company_id=7 id;");
    query("company_id=8;company_id=7", PROCORE_OK,
          "query company company_id=8;company_id=7 malformed; "
          "query company company_id=8 id; query company company_id=7 id;");
    query("a=1&amp;company_id=7", PROCORE_OK,
          "unlisted query amp;company_id; query company company_id=7 id;");
    query("company_id=7%3B8", PROCORE_OK,
          "query company company_id=7;8 malformed;");
    query("a=1|company_id=7", PROCORE_OK, "");
    query("a=%zz;company_id=7", PROCORE_MALFORMED, "");
    query("a=%;41=1", PROCORE_MALFORMED, "");
    query("access_token=a;b", PROCORE_OK,
          "param query access_token text=a;b; "
          "param query access_token text=a;");
}


int
main(void)
{
    test_pairs();
    test_decoding();
    test_names();
    test_lists();
    test_params();
    test_sync();
    test_bounds();
    test_query();

    return done_testing();
}

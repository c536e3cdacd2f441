
/*
 * Multipart bodies.  Each is read in one piece, byte by byte and in pieces of
 * a few sizes, and all must tell the same.
 */

#include <stdlib.h>

#include "unit.h"
#include "record.h"

#include "../../src/claims/procore_multipart.h"


#define B         "--BNDRY"
#define OPEN      B "\r\n"
#define CLOSE     "\r\n" B "--\r\n"
#define NEXT      "\r\n" B "\r\n"
#define FORM      "Content-Disposition: form-data; "
#define COMPANY   FORM "name=\"company_id\"\r\n\r\n7"
#define CLAIM     "body company company_id=7 id;"


static record_t             record;
static procore_rules_t      rules;
static procore_multipart_t  mp;
static unsigned char        scratch[8];


static int
read_pieces(const char *boundary, const char *data, size_t len, size_t piece)
{
    size_t          i, n;
    procore_str_t   str;
    procore_sink_t  sink;

    str.data = (const unsigned char *) boundary;
    str.len = strlen(boundary);

    sink = record_sink(&record);
    record_reset(&record);

    (void) procore_multipart_start(&mp, &str, 0, &rules, &sink, scratch,
                                   sizeof(scratch));

    for (i = 0; i < len; i += n) {
        n = len - i < piece ? len - i : piece;
        (void) procore_multipart_feed(&mp, (const unsigned char *) data + i, n);
    }

    return procore_multipart_end(&mp);
}


static void
bounded(const char *boundary, const char *data, size_t len, int rc,
    const char *want, const char *what)
{
    size_t                i;
    static const size_t  pieces[] = { SIZE_MAX, 1, 2, 3, 5, 7, 11, 16, 61 };

    for (i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
        is_int(read_pieces(boundary, data, len, pieces[i]), rc,
               "%s: code, pieces of %zu", what, pieces[i]);
        is_str(record.text, want, "%s: events, pieces of %zu", what, pieces[i]);
    }
}


static void
body(const char *data, const char *want, const char *what)
{
    bounded("BNDRY", data, strlen(data), PROCORE_OK, want, what);
}


static void
malformed(const char *data, const char *want, const char *what)
{
    bounded("BNDRY", data, strlen(data), PROCORE_MALFORMED, want, what);
}


/* A part with these header lines, then one that names the company. */

static void
head(const char *lines, int rc, const char *want)
{
    char  data[1024];

    snprintf(data, sizeof(data), OPEN "%s\r\n\r\n7" NEXT COMPANY CLOSE, lines);
    bounded("BNDRY", data, strlen(data), rc, want, lines);
}


static void
accepted(const char *lines, const char *want)
{
    char  all[256];

    snprintf(all, sizeof(all), "%s%s" CLAIM, want, *want ? " " : "");
    head(lines, PROCORE_OK, all);
}


static void
refused(const char *lines)
{
    head(lines, PROCORE_MALFORMED, "");
}


static void
test_structure(void)
{
    body("", "", "no byte");
    body(B "--\r\n", "", "no part");
    body(B "--", "", "no part, no line end");
    body(OPEN COMPANY CLOSE, CLAIM, "one part");
    body(OPEN COMPANY "\r\n" B "--", CLAIM, "no line end after the last");
    body(OPEN COMPANY CLOSE "\r\n \t\r\n", CLAIM, "blanks after the last");
    body("\r\n" OPEN COMPANY CLOSE, CLAIM, "an empty line first");
    body(OPEN COMPANY NEXT FORM "name=\"project_id\"\r\n\r\n8" CLOSE,
         CLAIM " body project project_id=8 id;", "two parts");
    body(OPEN FORM "name=\"company_id\"\r\n\r\n" CLOSE, "", "an empty value");
    body(OPEN FORM "name=\"x\"\r\n\r\n--BNDR\r\n--BNDRX\r\n--\r\n\r\r\n\n-"
         NEXT COMPANY CLOSE, CLAIM, "almost a boundary");
    body(OPEN FORM "name=\"company_id\"\r\n\r\n7\r\n--BNDR" CLOSE,
         "body company company_id=7<0d><0a>--BNDR malformed;",
         "almost a boundary in a value");
    body(OPEN FORM "name=\"company_id\"\r\n\r\n7\r\r" CLOSE,
         "body company company_id=7<0d><0d> malformed;",
         "a value that ends in CR");
    body(OPEN FORM "name=\"company_id\"\r\n\r\n7-\r\n----BNDR\r---BNDX" CLOSE,
         "body company company_id=7-<0d><0a>----BNDR<0d>---BNDX malformed;",
         "dashes in a value");

    malformed("x", "", "no boundary");
    malformed("\r", "", "half a line end");
    malformed("\r\n\r\n" OPEN COMPANY CLOSE, "", "two empty lines first");
    malformed("x\r\n" OPEN COMPANY CLOSE, "", "text first");
    malformed(" " OPEN COMPANY CLOSE, "", "a blank before the first boundary");
    malformed("\n" OPEN COMPANY CLOSE, "", "LF before the first boundary");
    malformed(B " \r\n" COMPANY CLOSE, "", "a blank behind a boundary");
    malformed(B "\n" COMPANY CLOSE, "", "LF behind a boundary");
    malformed(B "X\r\n" COMPANY CLOSE, "", "a longer boundary first");
    malformed(OPEN COMPANY "\r\n" B "X" CLOSE, CLAIM, "a longer boundary");
    malformed(OPEN COMPANY "\r\n" B " \r\n", CLAIM, "a padded boundary");
    malformed(OPEN COMPANY "\r\n" B "-x", CLAIM, "half a last boundary");
    malformed(OPEN COMPANY CLOSE "x", CLAIM, "text after the last");
    malformed(OPEN COMPANY CLOSE OPEN COMPANY CLOSE, CLAIM, "another body");
    malformed(OPEN COMPANY, "", "no last boundary");
    malformed(OPEN COMPANY "\r\n" B, CLAIM, "ends in a boundary");
    malformed(OPEN COMPANY "\r\n" B "-", CLAIM, "ends in the last boundary");
    malformed(OPEN, "", "ends before a header");
    malformed(OPEN FORM, "", "ends in a header");
    malformed(OPEN COMPANY "\n" B "--\r\n", "", "LF before a boundary");
    malformed(OPEN COMPANY "\r" B "--\r\n", "", "CR before a boundary");
    malformed(OPEN COMPANY "x" B "\r\n", "", "a boundary in a line");
    malformed(OPEN COMPANY "x" B "x" CLOSE, "", "a longer one in a line");
    malformed(OPEN FORM "name=\"company_id\"\r\n\r\n" B "--\r\n", "",
              "a boundary without a line of its own");
    malformed("{\"company_id\":7}", "", "JSON");
}


static void
test_uploads(void)
{
    body(OPEN FORM "name=\"f\"; filename=\"a.json\"\r\n"
         "Content-Type: application/json\r\n\r\n"
         "{\"company_id\":8}\r\n--BNDR\r\n"
         NEXT COMPANY CLOSE, CLAIM, "an upload");
    body(OPEN FORM "name=\"f\"; filename=\"\"\r\n\r\n" NEXT COMPANY CLOSE,
         CLAIM, "no file chosen");
    body(OPEN FORM "name=\"company_id\"; filename=\"x\"\r\n\r\n7" CLOSE,
         "body company company_id=[upload] malformed;",
         "an upload for an id");
    body(OPEN FORM "name=\"company_id\"; filename=\"\"\r\n\r\n7" CLOSE,
         "body company company_id=[upload] malformed;",
         "no file for an id");
    body(OPEN FORM "name=\"project_id[x]\"; filename=\"\"\r\n\r\n7" CLOSE,
         "body project project_id[x]={...} malformed;",
         "an upload below an id");
    body(OPEN FORM "name=\"access_token\"; filename=\"x\"\r\n\r\n7" CLOSE,
         "param body access_token other;", "an upload for a token");

    malformed(OPEN FORM "name=\"f\"; filename=\"a\"\r\n\r\nx" B CLOSE, "",
              "a boundary within an upload");
    malformed(OPEN FORM "name=\"f\"; filename=\"a\"\r\n\r\nx\n" B CLOSE, "",
              "LF and a boundary within an upload");
}


static void
test_values(void)
{
    body(OPEN FORM "name=\"project_ids\"\r\n\r\n8,9" CLOSE,
         "body project project_ids=8 id; body project project_ids=9 id;",
         "a list");
    body(OPEN FORM "name=\"x[][project_id]\"\r\n\r\n8" CLOSE,
         "body project x[][project_id]=8 id;", "a nested name");
    body(OPEN FORM "name=\"[company_id]\"\r\n\r\n7" CLOSE,
         "body company [company_id]=7 id;", "a bracketed name");
    body(OPEN FORM "name=\"company_id\"\r\n\r\n7 " CLOSE,
         "body company company_id=7  malformed;", "a padded value");
    body(OPEN FORM "name=\"company_id\"\r\n\r\n+7%37" CLOSE,
         "body company company_id=+7%37 malformed;", "nothing is decoded");
    body(OPEN FORM "name=\"%63ompany_id\"\r\n\r\n7" CLOSE, "",
         "names are not decoded");
    body(OPEN FORM "name=\"access_token\"\r\n\r\nab\r\n-c" CLOSE,
         "param body access_token text=ab<0d><0a>-c;", "a token");
    body(OPEN FORM "name=\"bearer_token\"\r\n\r\n012345678" CLOSE,
         "param body bearer_token long;", "a long token");
    body(OPEN FORM "name=\"x_project_id\"\r\n\r\n7" CLOSE,
         "unlisted body x_project_id;", "an unlisted name");
}


static void
test_accepted_heads(void)
{
    accepted(FORM "name=\"company_id\"", CLAIM);
    accepted("content-disposition: FORM-DATA;name=company_id", CLAIM);
    accepted("Content-Type: text/plain\r\n" FORM "name=company_id", CLAIM);
    accepted(FORM "name=company_id\r\n"
             "Content-Type: text/plain; charset=\"utf-8\"\r\n"
             "Content-Transfer-Encoding: quoted-printable\r\n"
             "Content-Length: 1\r\nContent-ID: <project_id>\r\nX: 1", CLAIM);
    accepted(FORM "name=company_id\r\nContent-Type: application/json", CLAIM);
    accepted(FORM "name=company_id\r\n"
             "Content-Type: text/plain; charset=ISO-8859-15", CLAIM);
    accepted(FORM "name=company_id\r\n"
             "Content-Type: text/plain; charset=windows-1252", CLAIM);
    accepted(FORM "name='company_id'", "");
    accepted(FORM "name=\"caf\xc3\xa9\"", "");

    accepted(FORM "name=\"f\"; filename=\"a b;c.pdf\"", "");
    accepted(FORM "name=\"f\"; filename=\"a\\\"b\\\\c.pdf\"", "");
    accepted(FORM "name=\"f\"; filename=\"C:\\dir\\a.pdf\"", "");
    accepted(FORM "name=\"f\"; filename=\"\xc3\xa9.pdf\"", "");
    accepted(FORM "name=\"f\"; filename=\"\xe9.pdf\"", "");
    accepted(FORM "name=f; filename=a.pdf; filename*=utf-8''%C3%A9.pdf", "");
    accepted(FORM "name=\"f\"; filename*=UTF-8'en'a.pdf", "");
    accepted(FORM "filename=\"a\"; name=\"f\"", "");
    accepted(FORM "name=\"f\"; filename=\"a.csv\"\r\n"
             "Content-Type: text/csv; charset=utf-16", "");
}


static void
test_refused_dispositions(void)
{
    refused("");
    refused("X: 1");
    refused("Content-Type: company_id");
    refused("Content-ID: company_id");
    refused("Content-Disposition: form-data");
    refused("Content-Disposition: attachment; name=company_id");
    refused("Content-Disposition: name=company_id");
    refused("Content-Disposition: form-data; ");
    refused("Content-Disposition: form-data name=company_id");
    refused("Content-Disposition: form-data, name=company_id");
    refused("Content-Disposition : form-data; name=company_id");
    refused("Content-Disposition: form-data\r\n ; name=company_id");
    refused("Content-Disposition: form-data;\r\n\tname=company_id");
    refused("Content-Disposition: form-data;\nname=company_id");
    refused("Content-Disposition: form-data;\rname=company_id");
    refused("Content-Disposition:\tform-data; name=company_id");
    refused(FORM "name=x\r\n" FORM "name=company_id");
    refused(FORM "name=x\r\nX-Content-Disposition: y; name=company_id");
    refused(FORM "name=x\r\nX: Content-Disposition: y; name=company_id");
    refused("X: content-disposition\r\n" FORM "name=company_id");
    refused(FORM "name=x\r\nname=company_id");
    refused(FORM "name=x\r\n: y");
    refused(FORM "name=x\r\ny z: 1");
}


static void
test_refused_names(void)
{
    refused(FORM "name=");
    refused(FORM "name=\"\"");
    refused(FORM "name");
    refused(FORM "name=\"company_id");
    refused(FORM "name=\"company_id\\\"");
    refused(FORM "name=\"company\\_id\"");
    refused(FORM "name=company_id\"");
    refused(FORM "name=\"company_id\"x");
    refused(FORM "name=x[company_id]");
    refused(FORM "name =company_id");
    refused(FORM "name= company_id");
    refused(FORM "name=company_id ");
    refused(FORM "name=company_id ; x=y");
    refused(FORM "name=company_id;");
    refused(FORM "name=company_id;;");
    refused(FORM "NAME=company_id");
    refused(FORM "xname=company_id");
    refused(FORM "name*=utf-8''company_id");
    refused(FORM "name*0=company_id");
    refused(FORM "name=x; name=company_id");
    refused(FORM "name=x; size=1");
    refused(FORM "name=\"x; name=company_id\"");
    refused(FORM "name=\"x;\"");
    refused(FORM "name=\"x\ty\"");
    refused(FORM "name=\"x\x01\"");
    refused(FORM "name=\"x\xff\"");
}


static void
test_refused_filenames(void)
{
    refused(FORM "name=company_id; filename=");
    refused(FORM "name=company_id; filename");
    refused(FORM "name=company_id; filename = \"a\"");
    refused(FORM "name=company_id; FILENAME=\"a\"");
    refused(FORM "name=company_id; xfilename=\"a\"");
    refused(FORM "name=company_id; filename*0=\"a\"");
    refused(FORM "name=company_id; filename=a; filename=b");
    refused(FORM "name=company_id; filename=\"a");
    refused(FORM "name=company_id; filename=\"a\\\\\"");
    refused(FORM "name=x; filename=\"; name=company_id\"");
    refused(FORM "name=x; filename=\"a;\t NAME=company_id\"");
    refused(FORM "filename=\"a:b\"; name=company_id");
    refused(FORM "filename=company_id");
    refused(FORM "name=company_id; filename*=");
    refused(FORM "name=company_id; filename*=a");
    refused(FORM "name=company_id; filename*=utf-8'a");
    refused(FORM "name=company_id; filename*=''a");
    refused(FORM "name=company_id; filename*=utf_8''a");
    refused(FORM "name=company_id; filename*=utf-8'''a");
    refused(FORM "name=company_id; filename*=utf-8''%zz");
    refused(FORM "name=company_id; filename*=utf-8''%4");
    refused(FORM "name=company_id; filename*=%75tf-8''a");
    refused(FORM "name=company_id; filename*=\"utf-8''a\"");
    refused(FORM "name=company_id; filename*=utf-8''a; filename*=utf-8''b");
}


static void
test_refused_types(void)
{
    refused(FORM "name=company_id\r\nContent-Type: text/plain; charset=utf-16");
    refused(FORM "name=company_id\r\nContent-Type: text/plain; charset=utf-7");
    refused(FORM "name=company_id\r\nContent-Type: text/plain; charset=ibm037");
    refused(FORM "name=company_id\r\nContent-Type: text/plain; charset=x");
    refused(FORM "name=company_id\r\nContent-Type: text/plain; "
            "charset=iso-8859-");
    refused(FORM "name=company_id\r\nContent-Type: text/plain; "
            "charset=iso-8859-123");
    refused(FORM "name=company_id\r\nContent-Type: text/plain; charset=");
    refused(FORM "name=company_id\r\nContent-Type: text");
    refused(FORM "name=company_id\r\nContent-Type: text/plain\r\n"
            "Content-Type: text/plain");
}


/* Parts until the limits of rack are reached. */

static void
parts(size_t n, const char *disposition, int rc, const char *what)
{
    char    part[128];
    char   *data, *p;
    size_t  i, len;

    len = (size_t) snprintf(part, sizeof(part), OPEN "%s\r\n\r\n\r\n",
                            disposition);
    data = malloc(n * len + sizeof(B "--"));

    if (data == NULL) {
        abort();
    }

    for (i = 0, p = data; i < n; i++, p += len) {
        memcpy(p, part, len);
    }

    memcpy(p, B "--", sizeof(B "--"));

    is_int(read_pieces("BNDRY", data, strlen(data), SIZE_MAX), rc, "%s", what);

    free(data);
}


static void
test_bounds(void)
{
    char           data[PROCORE_MULTIPART_HEAD + 64];
    char           boundary[PROCORE_MULTIPART_BOUNDARY + 2];
    size_t         len;
    procore_str_t  str;

    parts(PROCORE_MULTIPART_PARTS, FORM "name=x", PROCORE_OK, "many parts");
    parts(PROCORE_MULTIPART_PARTS + 1, FORM "name=x", PROCORE_MALFORMED,
          "too many parts");
    parts(PROCORE_MULTIPART_FILES, FORM "name=x; filename=y", PROCORE_OK,
          "many files");
    parts(PROCORE_MULTIPART_FILES + 1, FORM "name=x; filename=y",
          PROCORE_MALFORMED, "too many files");

    len = PROCORE_MULTIPART_HEAD - strlen(FORM "name=x\r\nX: \r\n\r\n");

    snprintf(data, sizeof(data), OPEN FORM "name=x\r\nX: %0*d\r\n\r\n" CLOSE,
             (int) len, 1);
    body(data, "", "a long header");

    snprintf(data, sizeof(data), OPEN FORM "name=x\r\nX: %0*d\r\n\r\n" CLOSE,
             (int) len + 1, 1);
    malformed(data, "", "too long a header");

    snprintf(data, sizeof(data), OPEN FORM "name=\"%0*d\"\r\n\r\n" CLOSE,
             PROCORE_FIELD_NAME + 1, 1);
    malformed(data, "", "too long a name");

    snprintf(boundary, sizeof(boundary), "%0*d", PROCORE_MULTIPART_BOUNDARY, 1);
    snprintf(data, sizeof(data), "--%s\r\n" FORM "name=\"x\"\r\n\r\n%0300d"
             "\r\n--%s\r\n" COMPANY "\r\n--%s--", boundary, 1, boundary,
             boundary);
    bounded(boundary, data, strlen(data), PROCORE_OK, CLAIM,
            "the longest boundary");

    str.data = (const unsigned char *) boundary;
    str.len = PROCORE_MULTIPART_BOUNDARY + 1;
    is_int(procore_multipart_start(&mp, &str, 0, &rules, NULL, NULL, 0),
           PROCORE_MALFORMED, "too long a boundary");
    is_int(procore_multipart_feed(&mp, (const unsigned char *) "x", 1),
           PROCORE_MALFORMED, "fails at once");

    str.data = (const unsigned char *) "a b";
    str.len = 3;
    is_int(procore_multipart_start(&mp, &str, 0, &rules, NULL, NULL, 0),
           PROCORE_MALFORMED, "a blank in a boundary");
}


/* Boundaries that repeat themselves, where a search may step too far. */

static void
repeating(const char *boundary, const char *data, int rc, const char *want,
    const char *what)
{
    bounded(boundary, data, strlen(data), rc, want, what);
}


static void
test_repeating_boundaries(void)
{
    repeating("------", "--------\r\n" FORM "name=\"company_id\"\r\n\r\n"
              "7------\r\n-------\r\n----------\r\n", PROCORE_OK,
              "body company company_id=7------<0d><0a>------- malformed;",
              "a boundary of dashes");
    repeating("------", "--------\r\n" FORM "name=\"company_id\"\r\n\r\n"
              "7--------\r\n----------\r\n", PROCORE_MALFORMED, "",
              "a boundary of dashes in a line");
    repeating("-a-a-b", "---a-a-b\r\n" FORM "name=\"company_id\"\r\n\r\n"
              "7\r\n---a-a-a-b---a-a-\r\n---a-a-b--", PROCORE_OK,
              "body company company_id=7<0d><0a>---a-a-a-b---a-a- malformed;",
              "a boundary that begins again within itself");
    repeating("b", "--b\r\n" FORM "name=\"f\"; filename=\"f\"\r\n\r\n"
              "-\r\n-b\r\n--\r\n----\r\n\r\n--b--", PROCORE_OK, "",
              "a short boundary");
    repeating("b", "--b\r\n" FORM "name=\"f\"; filename=\"f\"\r\n\r\n"
              "-----b\r\n--b--", PROCORE_MALFORMED, "",
              "a short boundary in a line of dashes");
}


int
main(void)
{
    test_structure();
    test_uploads();
    test_values();
    test_accepted_heads();
    test_refused_dispositions();
    test_refused_names();
    test_refused_filenames();
    test_refused_types();
    test_bounds();
    test_repeating_boundaries();

    return done_testing();
}

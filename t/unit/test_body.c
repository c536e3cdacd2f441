
/*
 * Which reader a body gets, and the limit on what is read.
 */

#include "unit.h"
#include "record.h"

#include "../../src/claims/procore_body.h"


static const char *const  names[] = {
    "unread", "json", "form", "multipart", "unsupported"
};

static record_t               record;
static procore_body_t         body;
static const procore_rules_t  rules;


static procore_str_t
text(const char *s)
{
    procore_str_t  str;

    str.data = (const unsigned char *) s;
    str.len = strlen(s);

    return str;
}


static void
type(const char *value, procore_body_e want)
{
    procore_str_t   str, boundary;
    procore_body_e  got;

    str = text(value);
    got = procore_body_type(&str, 1, NULL, 0, &boundary);

    is_str(names[got], names[want], "\"%s\"", value);
}


static void
boundary_of(const char *value, const char *want)
{
    char           got[300];
    procore_str_t  str, boundary;

    str = text(value);

    if (is_int(procore_body_type(&str, 1, NULL, 0, &boundary),
               PROCORE_BODY_MULTIPART, "\"%s\" is multipart", value))
    {
        snprintf(got, sizeof(got), "%.*s", (int) boundary.len,
                 (const char *) boundary.data);
        is_str(got, want, "\"%s\": boundary", value);
    }
}


static void
test_types(void)
{
    type("application/json", PROCORE_BODY_JSON);
    type("Application/JSON; charset=utf-8", PROCORE_BODY_JSON);
    type("application/json;charset=\"utf-8\"", PROCORE_BODY_JSON);
    type("application/json ; charset=utf-8; x=\"a;b \\\" c\"",
         PROCORE_BODY_JSON);
    type(" application/json ", PROCORE_BODY_JSON);
    type("application/json;", PROCORE_BODY_JSON);
    type("application/json;;", PROCORE_BODY_JSON);
    type("application/merge-patch+json", PROCORE_BODY_JSON);
    type("application/vnd.api+json", PROCORE_BODY_JSON);
    type("application/x-ndjson", PROCORE_BODY_JSON);
    type("application/jsonrequest", PROCORE_BODY_JSON);
    type("text/json", PROCORE_BODY_JSON);
    type("text/x-json", PROCORE_BODY_JSON);

    type("application/x-www-form-urlencoded", PROCORE_BODY_FORM);
    type("APPLICATION/X-WWW-Form-Urlencoded; charset=UTF-8",
         PROCORE_BODY_FORM);

    type("application/octet-stream", PROCORE_BODY_UNREAD);
    type("text/plain", PROCORE_BODY_UNREAD);
    type("text/plain; charset=utf-8", PROCORE_BODY_UNREAD);
    type("text/csv", PROCORE_BODY_UNREAD);
    type("text/html", PROCORE_BODY_UNREAD);
    type("image/png", PROCORE_BODY_UNREAD);
    type("image/svg+xml", PROCORE_BODY_UNREAD);
    type("video/mp4", PROCORE_BODY_UNREAD);
    type("application/pdf", PROCORE_BODY_UNREAD);
    type("application/zip", PROCORE_BODY_UNREAD);
    type("application/x-yaml", PROCORE_BODY_UNREAD);
    type("application/x-url-encoded", PROCORE_BODY_UNREAD);
    type("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
         PROCORE_BODY_UNREAD);

    type("application/xml", PROCORE_BODY_UNSUPPORTED);
    type("text/xml; charset=utf-8", PROCORE_BODY_UNSUPPORTED);
    type("application/x-xml", PROCORE_BODY_UNSUPPORTED);
    type("application/soap+xml", PROCORE_BODY_UNSUPPORTED);
    type("multipart/alternative; boundary=b", PROCORE_BODY_UNSUPPORTED);
}


static void
test_unparsable(void)
{
    procore_str_t  two[2], boundary;

    type("", PROCORE_BODY_UNSUPPORTED);
    type("json", PROCORE_BODY_UNSUPPORTED);
    type("/json", PROCORE_BODY_UNSUPPORTED);
    type("application/", PROCORE_BODY_UNSUPPORTED);
    type("*/*", PROCORE_BODY_UNSUPPORTED);
    type("application/*", PROCORE_BODY_UNSUPPORTED);
    type("\"application/json\"", PROCORE_BODY_UNSUPPORTED);
    type("application/json x", PROCORE_BODY_UNSUPPORTED);
    type("application/json/x", PROCORE_BODY_UNSUPPORTED);
    type("application /json", PROCORE_BODY_UNSUPPORTED);
    type("application/json, text/plain", PROCORE_BODY_UNSUPPORTED);
    type("text/plain, application/json", PROCORE_BODY_UNSUPPORTED);
    type("text/plain; x=\"a,b\"", PROCORE_BODY_UNSUPPORTED);
    type("\tapplication/json", PROCORE_BODY_UNSUPPORTED);
    type("application/json;\tx=y", PROCORE_BODY_UNSUPPORTED);
    type("application/json\x01", PROCORE_BODY_UNSUPPORTED);
    type("application/json\xc3\xa9", PROCORE_BODY_UNSUPPORTED);
    type("application/json; charset", PROCORE_BODY_UNSUPPORTED);
    type("application/json; charset=", PROCORE_BODY_UNSUPPORTED);
    type("application/json; =x", PROCORE_BODY_UNSUPPORTED);
    type("application/json; a=b c", PROCORE_BODY_UNSUPPORTED);
    type("application/json; a = b", PROCORE_BODY_UNSUPPORTED);
    type("application/json; a=\"b", PROCORE_BODY_UNSUPPORTED);
    type("application/json; a=\"b\\\"", PROCORE_BODY_UNSUPPORTED);
    type("application/json; a=\"b\"c", PROCORE_BODY_UNSUPPORTED);

    two[0] = text("application/json");
    two[1] = two[0];

    is_int(procore_body_type(two, 0, NULL, 0, &boundary),
           PROCORE_BODY_UNSUPPORTED, "no type");
    is_int(procore_body_type(two, 2, NULL, 0, &boundary),
           PROCORE_BODY_UNSUPPORTED, "two types");
}


static void
test_boundaries(void)
{
    char  value[400];

    boundary_of("multipart/form-data; boundary=BNDRY", "BNDRY");
    boundary_of("multipart/mixed;boundary=BNDRY", "BNDRY");
    boundary_of("Multipart/Related; start=\"<a>\"; boundary=\"B-1\"; x=y",
                "B-1");
    boundary_of("multipart/form-data; boundary=----WebKitFormBoundary7MA4Yx",
                "----WebKitFormBoundary7MA4Yx");
    boundary_of("multipart/form-data; boundary=----=_Part_1_2.3",
                "----=_Part_1_2.3");
    boundary_of("multipart/form-data; boundary=\"=_?:(x)/'+\"", "=_?:(x)/'+");

    type("multipart/form-data", PROCORE_BODY_UNSUPPORTED);
    type("multipart/form-data; boundary", PROCORE_BODY_UNSUPPORTED);
    type("multipart/form-data; boundary=", PROCORE_BODY_UNSUPPORTED);
    type("multipart/form-data; boundary=\"\"", PROCORE_BODY_UNSUPPORTED);
    type("multipart/form-data; Boundary=B", PROCORE_BODY_UNSUPPORTED);
    type("multipart/form-data; xboundary=B", PROCORE_BODY_UNSUPPORTED);
    type("multipart/form-data; boundary*=us-ascii''B",
         PROCORE_BODY_UNSUPPORTED);
    type("multipart/form-data; boundary=B; boundary=C",
         PROCORE_BODY_UNSUPPORTED);
    type("multipart/form-data; boundary=B; BOUNDARY=C",
         PROCORE_BODY_UNSUPPORTED);
    type("multipart/form-data; x=\"; boundary=C\"; boundary=B",
         PROCORE_BODY_UNSUPPORTED);
    type("multipart/form-data; boundary=boundary=B", PROCORE_BODY_UNSUPPORTED);
    type("multipart/form-data; boundary =B", PROCORE_BODY_UNSUPPORTED);
    type("multipart/form-data; boundary= B", PROCORE_BODY_UNSUPPORTED);
    type("multipart/form-data; boundary=B ; x=y", PROCORE_BODY_UNSUPPORTED);
    type("multipart/form-data; boundary=B x", PROCORE_BODY_UNSUPPORTED);
    type("multipart/form-data; boundary=\"B", PROCORE_BODY_UNSUPPORTED);
    type("multipart/form-data; boundary=B\"", PROCORE_BODY_UNSUPPORTED);
    type("multipart/form-data; boundary=\"B;x\"", PROCORE_BODY_UNSUPPORTED);
    type("multipart/form-data; boundary=\"B,x\"", PROCORE_BODY_UNSUPPORTED);
    type("multipart/form-data; boundary=\"B x\"", PROCORE_BODY_UNSUPPORTED);
    type("multipart/form-data; boundary=\"B\\x\"", PROCORE_BODY_UNSUPPORTED);

    snprintf(value, sizeof(value), "multipart/form-data; boundary=%0*d",
             PROCORE_MULTIPART_BOUNDARY, 1);
    type(value, PROCORE_BODY_MULTIPART);

    snprintf(value, sizeof(value), "multipart/form-data; boundary=%0*d",
             PROCORE_MULTIPART_BOUNDARY + 1, 1);
    type(value, PROCORE_BODY_UNSUPPORTED);
}


static void
encoded(const char *value, const char *encoding, procore_body_e want)
{
    procore_str_t   str, encodings[2], boundary;
    procore_body_e  got;

    str = text(value);
    encodings[0] = text("identity");
    encodings[1] = text(encoding);
    got = procore_body_type(&str, 1, encodings, 2, &boundary);

    is_str(names[got], names[want], "%s in \"%s\"", value, encoding);
}


static void
test_encodings(void)
{
    encoded("application/json", "identity", PROCORE_BODY_JSON);
    encoded("application/json", "Identity", PROCORE_BODY_JSON);
    encoded("application/json", "gzip", PROCORE_BODY_UNSUPPORTED);
    encoded("application/json", "x-gzip", PROCORE_BODY_UNSUPPORTED);
    encoded("application/json", "", PROCORE_BODY_UNSUPPORTED);
    encoded("application/json", "identity, gzip", PROCORE_BODY_UNSUPPORTED);
    encoded("application/x-www-form-urlencoded", "br",
            PROCORE_BODY_UNSUPPORTED);
    encoded("multipart/form-data; boundary=B", "br", PROCORE_BODY_UNSUPPORTED);
    encoded("application/octet-stream", "gzip", PROCORE_BODY_UNREAD);
}


static int
read_body(procore_body_e reader, size_t limit, const char *data, size_t piece)
{
    size_t          i, n, len;
    procore_str_t   boundary;
    procore_sink_t  sink;

    sink = record_sink(&record);
    record_reset(&record);

    boundary = text("B");
    len = strlen(data);

    (void) procore_body_start(&body, reader, &boundary, limit, &rules, &sink,
                              NULL, 0);

    for (i = 0; i < len; i += n) {
        n = len - i < piece ? len - i : piece;
        (void) procore_body_feed(&body, (const unsigned char *) data + i, n);
    }

    return procore_body_end(&body);
}


static void
limited(procore_body_e reader, size_t limit, const char *data, int rc,
    const char *want)
{
    size_t                i;
    static const size_t  pieces[] = { 1, 5, SIZE_MAX };

    for (i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
        is_int(read_body(reader, limit, data, pieces[i]), rc,
               "%s, limit %zu, pieces of %zu: code", names[reader], limit,
               pieces[i]);
        is_str(record.text, want, "%s, limit %zu, pieces of %zu: claims",
               names[reader], limit, pieces[i]);
    }
}


#define FORM       "company_id=7&a=1"
#define JSON       "{\"company_id\":7}"
#define COMPANY    "body company company_id=7 id;"

#define PART(head, data)  "--B\r\nContent-Disposition: form-data; " head      \
                          "\r\n\r\n" data "\r\n"
#define MULTIPART                                                             \
    PART("name=\"f\"; filename=\"f\"", "0123456789") PART("name=company_id",  \
                                                          "7") "--B--\r\n"


static void
test_reading(void)
{
    size_t          uploaded;
    procore_str_t   boundary;
    procore_sink_t  sink;

    limited(PROCORE_BODY_FORM, 0, FORM, PROCORE_OK, COMPANY);
    limited(PROCORE_BODY_FORM, strlen(FORM), FORM, PROCORE_OK, COMPANY);
    limited(PROCORE_BODY_FORM, strlen(FORM) - 1, FORM, PROCORE_TOO_LARGE,
            COMPANY);
    limited(PROCORE_BODY_FORM, 12, FORM, PROCORE_TOO_LARGE, "");
    limited(PROCORE_BODY_FORM, 6, "a=%zz&b=1", PROCORE_MALFORMED, "");
    limited(PROCORE_BODY_FORM, 3, "a=%zz&b=1", PROCORE_TOO_LARGE, "");

    limited(PROCORE_BODY_JSON, 0, JSON, PROCORE_OK, COMPANY);
    limited(PROCORE_BODY_JSON, strlen(JSON), JSON, PROCORE_OK, COMPANY);
    limited(PROCORE_BODY_JSON, strlen(JSON) - 1, JSON, PROCORE_TOO_LARGE, "");
    limited(PROCORE_BODY_JSON, 0, "{", PROCORE_MALFORMED, "");
    limited(PROCORE_BODY_JSON, 0, "", PROCORE_OK, "");

    uploaded = strlen("0123456789") + strlen("\r\n--B");

    limited(PROCORE_BODY_MULTIPART, 0, MULTIPART, PROCORE_OK, COMPANY);
    limited(PROCORE_BODY_MULTIPART, strlen(MULTIPART) - uploaded, MULTIPART,
            PROCORE_OK, COMPANY);
    limited(PROCORE_BODY_MULTIPART, strlen(MULTIPART) - uploaded - 1, MULTIPART,
            PROCORE_TOO_LARGE, COMPANY);
    limited(PROCORE_BODY_MULTIPART, 40, MULTIPART, PROCORE_TOO_LARGE, "");

    limited(PROCORE_BODY_UNREAD, 1, FORM, PROCORE_OK, "");
    limited(PROCORE_BODY_UNSUPPORTED, 0, FORM, PROCORE_MALFORMED, "");

    (void) read_body(PROCORE_BODY_MULTIPART, 0, MULTIPART, SIZE_MAX);
    is_int((long long) body.u.multipart.file_bytes, (long long) uploaded,
           "the bytes of an upload are counted apart");
    is_int((long long) body.read, (long long) (strlen(MULTIPART) - uploaded),
           "and not as read");

    sink = record_sink(&record);
    boundary = text("");
    is_int(procore_body_start(&body, PROCORE_BODY_MULTIPART, &boundary, 0,
                              &rules, &sink, NULL, 0),
           PROCORE_MALFORMED, "an empty boundary is unusable");
}


int
main(void)
{
    test_types();
    test_unparsable();
    test_boundaries();
    test_encodings();
    test_reading();

    return done_testing();
}

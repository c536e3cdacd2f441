
/*
 * The status as page, JSON and metrics: hostile texts, empty and full tables,
 * lengths that are told beforehand, and the style sheet's digest.
 */


#include <stdlib.h>

#include <openssl/evp.h>

#include "../../src/status/procore_status.h"
#include "unit.h"


#define ROWS  50


typedef void (*render_t)(procore_out_t *out, const procore_status_t *status);


static const procore_str_t  hostile =
    procore_str("<b>\"\\'&\n\x01\xff\xe2\x80\xa8\xe2\x80\xae");

static const uint64_t  bounds[] = { 1000, 2500000 };

static uint64_t               commits[3];
static procore_status_row_t   rows[ROWS];
static procore_exception_t    exceptions[2];

static procore_status_exception_t  listed[2];
static procore_status_place_t      places[150];
static procore_status_part_t       parts[2];
static procore_status_counter_t    counters[3];


static char *
text_of(render_t render, const procore_status_t *status)
{
    size_t          len;
    procore_out_t   out;

    memset(&out, 0, sizeof(out));
    render(&out, status);
    len = out.len;

    out.data = malloc(len + 1);
    if (out.data == NULL) {
        exit(1);
    }

    out.size = len;
    out.len = 0;
    render(&out, status);
    is_int((long long) out.len, (long long) len, "the length was told");
    out.data[len] = '\0';

    return (char *) out.data;
}


static void
has(const char *text, const char *part)
{
    ok(strstr(text, part) != NULL, "has %.*s", (int) strcspn(part, "\n"), part);
}


static void
lacks(const char *text, const char *part)
{
    ok(strstr(text, part) == NULL, "lacks %s", part);
}


static procore_status_t
everything(void)
{
    size_t                     i;
    procore_status_t           status;

    static const procore_status_counter_t  three[] = {
        { procore_str("plain"), procore_str("Plain things"), procore_str(""),
          procore_str(""), 7 },
        { procore_str("parted"), procore_str("Things in parts"),
          procore_str("part"), procore_str("one"), 8 },
        { procore_str("parted"), procore_str("Things in parts"),
          procore_str("part"), procore_str("two"), 9 }
    };

    memset(&status, 0, sizeof(status));

    status.now = 1795908245;                   /* 2026-11-28 23:24:05 */
    status.since = 951782400;                  /* 2000-02-29 */
    status.version = "1.2.3";
    status.layout = 1;
    status.opened = 1;
    status.bytes = 49152;
    status.limit = UINT64_MAX;

    memcpy(counters, three, sizeof(three));
    status.counters = counters;
    status.ncounters = 3;

    commits[0] = 2;
    commits[1] = 3;
    commits[2] = 4;
    status.commits = commits;
    status.bounds = bounds;
    status.nbounds = 2;
    status.commit_usec = 12000345;

    for (i = 0; i < ROWS; i++) {
        rows[i].key = hostile;
        rows[i].realm = hostile;
        rows[i].counts[PROCORE_DECISION_DENY] = UINT64_MAX;
    }

    status.companies.rows = status.clients.rows = status.names.rows = rows;
    status.companies.n = status.clients.n = status.names.n = ROWS;

    exceptions[0].company = 5;
    exceptions[0].until = 951868800;
    exceptions[0].note = hostile;
    exceptions[1].company = 6;
    exceptions[1].note = hostile;
    listed[0].exception = &exceptions[0];
    listed[1].exception = &exceptions[1];
    listed[0].file = listed[1].file = hostile;
    status.exceptions = listed;
    status.nexceptions = 2;

    for (i = 0; i < 150; i++) {
        places[i].mode = PROCORE_MODE_MONITOR;
        places[i].file = hostile;
    }

    status.places = places;
    status.nplaces = 150;

    parts[0].name = hostile;
    parts[1].name = hostile;
    status.bindings = status.entries = parts;
    status.nbindings = status.nentries = 2;
    status.path = hostile;

    status.requests[PROCORE_DECISION_DENY][PROCORE_REASON_STORE_FAILED] = 3;
    status.requests[PROCORE_DECISION_DENY][PROCORE_REASON_UNBOUND] = 4;

    return status;
}


static void
test_json(const procore_status_t *status)
{
    char  *text;

    text = text_of(procore_status_json, status);

    has(text, "{\"version\":\"1.2.3\",\"now\":1795908245,");
    has(text, "\"plain\":7,\"parted\":{\"one\":8,\"two\":9}");
    has(text, "\"\\u003Cb>\\\"\\\\'&\\u000A\\u0001\xef\xbf\xbd\\u2028");
    has(text, "\"until\":\"2000-02-29\",\"expired\":true");
    has(text, "\"until\":null,\"expired\":false");
    has(text, "{\"le\":1000,\"count\":2},{\"le\":2500000,\"count\":5},"
              "{\"le\":null,\"count\":9}],\"sum\":12000345,\"count\":9}");
    has(text, "\"undecided\":3,\"store_failed\":3,");
    has(text, "18446744073709551615");
    lacks(text, "<");

    free(text);
}


static void
test_prometheus(const procore_status_t *status)
{
    char  *text;

    text = text_of(procore_status_prometheus, status);

    has(text, "# TYPE procore_scope_plain_total counter\n"
              "procore_scope_plain_total 7\n"
              "# HELP procore_scope_parted_total Things in parts.\n"
              "# TYPE procore_scope_parted_total counter\n"
              "procore_scope_parted_total{part=\"one\"} 8\n"
              "procore_scope_parted_total{part=\"two\"} 9\n");
    has(text, "{realm=\"<b>\\\"\\\\'&\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
    has(text, "procore_scope_commit_seconds_bucket{le=\"0.001000\"} 2\n"
              "procore_scope_commit_seconds_bucket{le=\"2.500000\"} 5\n"
              "procore_scope_commit_seconds_bucket{le=\"+Inf\"} 9\n"
              "procore_scope_commit_seconds_sum 12.000345\n"
              "procore_scope_commit_seconds_count 9\n");
    has(text, "procore_scope_expired_exceptions 1\n");
    has(text, "procore_scope_places{mode=\"monitor\"} 150\n");
    has(text, "{decision=\"allow_undecided\",reason=\"store_failed\"} 0\n");
    lacks(text, "{decision=\"allow\",reason=\"unbound\"}");

    free(text);
}


static void
test_html(const procore_status_t *status)
{
    char  *text;

    text = text_of(procore_status_html, status);

    has(text, "As of 2026-11-28 23:24:05 UTC");
    has(text, "Counted since 2000-02-29 00:00:00 UTC");
    has(text, "&lt;b&gt;&quot;\\&#39;&amp;");
    has(text, "<time>2000-02-29</time>: has run out");
    has(text, ">18\xe2\x80\xaf" "446\xe2\x80\xaf" "744\xe2\x80\xaf" "073");
    has(text, "and 50 more");
    lacks(text, "\xe2\x80\xae");
    ok(strstr(text, ">unbound<") < strstr(text, ">store_failed<"),
       "what is most often comes first");

    free(text);
}


/* Most trouble first, then as they came; each once. */

static void
test_order(void)
{
    size_t                i;
    char                 *text, *found, *last;
    procore_status_t      status;
    procore_status_row_t  some[4];

    static const struct {
        procore_str_t  key;
        uint64_t       denied;
    } order[] = {
        { procore_str("a1"), 0 }, { procore_str("b2"), 5 },
        { procore_str("c3"), 0 }, { procore_str("d4"), 7 }
    };

    static const char *const  shown[] = {
        "<bdi>d4<", "<bdi>b2<", "<bdi>a1<", "<bdi>c3<"
    };

    memset(some, 0, sizeof(some));

    for (i = 0; i < 4; i++) {
        some[i].key = order[i].key;
        some[i].counts[PROCORE_DECISION_ALLOW] = 1;
        some[i].counts[PROCORE_DECISION_WOULD_DENY] = order[i].denied;
    }

    status = everything();
    status.companies.rows = some;
    status.companies.n = 4;
    status.clients.n = status.names.n = 0;

    text = text_of(procore_status_html, &status);
    last = text;

    for (i = 0; i < 4; i++) {
        found = strstr(text, shown[i]);
        ok(found != NULL && found > last && strstr(found + 1, shown[i]) == NULL,
           "%s is in its place", shown[i]);
        last = found;
    }

    free(text);
}


static void
test_nothing(void)
{
    char              *text;
    procore_status_t   status;

    memset(&status, 0, sizeof(status));
    status.version = "1.2.3";

    text = text_of(procore_status_json, &status);
    lacks(text, "requests");
    free(text);

    text = text_of(procore_status_prometheus, &status);
    lacks(text, "requests_total");
    free(text);

    text = text_of(procore_status_html, &status);
    has(text, "Nothing is judged");
    has(text, "No place sets a mode");
    free(text);
}


static void
test_dates(void)
{
    size_t           i;
    unsigned char    memory[32];
    procore_out_t    out;

    static const struct {
        uint64_t     time;
        const char  *text;
    } dates[] = {
        { 0, "1970-01-01 00:00:00" },
        { 951782399, "2000-02-28 23:59:59" },
        { 951782400, "2000-02-29 00:00:00" },
        { 951868800, "2000-03-01 00:00:00" },
        { 1735689599, "2024-12-31 23:59:59" },
        { 4107542400, "2100-03-01 00:00:00" },
        { 253402300799, "9999-12-31 23:59:59" }
    };

    for (i = 0; i < sizeof(dates) / sizeof(dates[0]); i++) {
        memset(&out, 0, sizeof(out));
        out.data = memory;
        out.size = sizeof(memory) - 1;
        procore_out_time(&out, dates[i].time);
        memory[out.len] = '\0';
        ok(strcmp((char *) memory, dates[i].text) == 0, "%s: %s",
           dates[i].text, memory);
    }
}


static void
test_store(void)
{
    int               i;
    char             *text;
    procore_status_t  status;

    for (i = PROCORE_STATUS_BEHIND; i < PROCORE_STATUS_STORE_MAX; i++) {
        status = everything();
        status.store = (procore_status_store_e) i;
        text = text_of(procore_status_html, &status);
        has(text, "New tokens are not taken");
        free(text);
    }

    status = everything();
    status.limit = 50000;
    text = text_of(procore_status_html, &status);
    has(text, "nearly full");
    free(text);
}


/* The page is without style where these differ. */

static void
test_style(void)
{
    unsigned       len;
    char           source[128];
    unsigned char  digest[EVP_MAX_MD_SIZE], base64[64];

    EVP_Digest(procore_status_style, strlen(procore_status_style), digest,
               &len, EVP_sha256(), NULL);
    EVP_EncodeBlock(base64, digest, (int) len);
    snprintf(source, sizeof(source), "'sha256-%s'", (char *) base64);

    ok(strcmp(source, procore_status_style_source) == 0,
       "the digest of the style sheet is %s", source);
}


int
main(void)
{
    procore_status_t  status;

    status = everything();

    test_json(&status);
    test_prometheus(&status);
    test_html(&status);
    test_order();
    test_nothing();
    test_dates();
    test_store();
    test_style();

    return done_testing();
}

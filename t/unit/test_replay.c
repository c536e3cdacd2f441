
/*
 * The readers of replay: times, targets, formats of access logs, and what an
 * audit record may lack.
 */

#include "unit.h"

#include <stdlib.h>

#include "../../src/judge/procore_audit_bounds.h"
#include "../../tools/procore_replay_format.h"
#include "../../tools/procore_replay_text.h"


static procore_pool_t  pool;


static procore_str_t
text(const char *s)
{
    procore_str_t  str;

    str.data = (const unsigned char *) s;
    str.len = strlen(s);

    return str;
}


static void
when(const char *s, long long want)
{
    procore_str_t  str;

    str = text(s);
    is_int((long long) procore_replay_time(&str), want, "time \"%s\"", s);
}


static void
target(const char *s, const char *path, const char *query)
{
    char            got[256];
    procore_str_t   str;
    procore_past_t  past;

    memset(&past, 0, sizeof(past));
    str = text(s);
    procore_replay_target(&past, &str);

    if (path == NULL) {
        is_int(past.target, PROCORE_PART_UNKNOWN, "\"%s\" has no path", s);
        return;
    }

    snprintf(got, sizeof(got), "%.*s", (int) past.path.len,
             (const char *) past.path.data);
    is_str(got, path, "\"%s\": path", s);

    snprintf(got, sizeof(got), "%.*s", (int) past.query_text.len,
             past.query == PROCORE_PART_TEXT
             ? (const char *) past.query_text.data : "");
    is_str(got, query ? query : "", "\"%s\": query", s);
    is_int(past.query, query ? PROCORE_PART_TEXT : PROCORE_PART_NONE,
           "\"%s\": is there one?", s);
}


/* The id and the target that are read; NULL: no line of the format. */

static void
line(const char *format, const char *s, const char *id, const char *path)
{
    int               rc;
    char              copy[256], got[256];
    const char       *why;
    procore_past_t    past;
    procore_format_t  parsed;

    snprintf(copy, sizeof(copy), "%s", format);

    if (!is_int(procore_replay_format(copy, &parsed, &why), PROCORE_OK,
                "format '%s'", format))
    {
        return;
    }

    procore_pool_reset(&pool);

    rc = procore_replay_access(&parsed, (const unsigned char *) s, strlen(s),
                               &pool, &past, &why);

    if (id == NULL) {
        is_int(rc, PROCORE_MALFORMED, "no line of it: %s", s);
        return;
    }

    if (is_int(rc, PROCORE_OK, "a line of it: %s", s)) {
        snprintf(got, sizeof(got), "%.*s", (int) past.id.len,
                 past.id.len ? (const char *) past.id.data : "");
        is_str(got, id, "its id");
        snprintf(got, sizeof(got), "%.*s", (int) past.path.len,
                 past.path.len ? (const char *) past.path.data : "");
        is_str(got, path, "its path");
    }
}


/* A record whose path has "n" bytes "c", and whose claims have long names. */

static void
record(size_t n, char c, unsigned claims, procore_past_t *past)
{
    int          rc;
    char         path[2100], all[8192];
    size_t       len;
    unsigned     i;
    const char  *why;

    memset(path, c, n);
    path[n] = '\0';

    len = (size_t) snprintf(all, sizeof(all), "{\"event\":{\"action\":"
                            "\"request\"},\"url\":{\"path\":\"/%s\"},"
                            "\"procore_scope\":{\"decision\":\"allow\","
                            "\"reason\":\"ok\",\"claims\":[", path);

    for (i = 0; i < claims; i++) {
        len += (size_t) snprintf(all + len, sizeof(all) - len,
                                 "%s{\"in\":\"query\",\"name\":\"%0120u\","
                                 "\"kind\":\"project\",\"value\":\"1\","
                                 "\"verdict\":\"own\"}", i ? "," : "", i);
    }

    len += (size_t) snprintf(all + len, sizeof(all) - len,
                             "],\"unlisted_names\":[]}}");

    procore_pool_reset(&pool);

    rc = procore_replay_audit((unsigned char *) all, len, &pool, past, &why);

    is_int(rc, PROCORE_OK, "a record with a path of %zu bytes, %u claims",
           n + 1, claims);
}


static void
records(void)
{
    procore_past_t  past;

    record(10, 'a', 3, &past);
    ok(past.target == PROCORE_PART_TEXT && !past.claims_cut
       && past.nclaims == 3, "all of it is there");

    record(PROCORE_AUDIT_PATH - 2, 'a', 0, &past);
    is_int(past.target, PROCORE_PART_TEXT, "a path below the bound is whole");

    record(PROCORE_AUDIT_PATH - 1, 'a', 0, &past);
    ok(past.target == PROCORE_PART_UNKNOWN && past.path_cut,
       "a path of the bound may be cut");

    record(10, '[', 16, &past);
    ok(past.claims_cut, "with sixteen claims there may be more");

    record(1000, 'a', 15, &past);
    is_int(past.claims_cut, 0, "fifteen fit");

    record(2000, 'a', 15, &past);
    ok(past.claims_cut, "where the room has ended, claims may lack");
}


static void
formats(void)
{
    static const char  plain[] = "$request_id $request_uri";
    static const char  quoted[] = "[$request_id] \"$request\" ${status}x";

    line(plain, "id /a", "id", "/a");
    line(plain, "- /a", "", "/a");
    line(plain, "id /a b", NULL, NULL);
    line(plain, "id", NULL, NULL);
    line(quoted, "[id] \"GET /a HTTP/1.1\" 200x", "id", "/a");
    line(quoted, "[id] \"GET /a HTTP/1.1\" 200", NULL, NULL);
    line(quoted, "[a] \"b] \"GET /a HTTP/1.1\" 200x", NULL, NULL);
    line(quoted, "[id] \"GET /a\\x22\\x5Cb HTTP/1.1\" 200x", "id", "/a\"\\b");
    line(quoted, "[id] \"GET /a\\xg0 HTTP/1.1\" 200x", NULL, NULL);
    line(quoted, "[id] \"GET /a\\", NULL, NULL);
    line("escape=json {\"i\":\"$request_id\",\"u\":\"$request_uri\"}",
         "{\"i\":\"-\",\"u\":\"\\/a\\u0041\\\"\"}", "-", "/aA\"");
    line("escape=none $request_id $request_uri", "- /a\\x22", "-",
         "/a\\x22");
}


int
main(void)
{
    when("1970-01-01T00:00:01Z", 1);
    when("2026-11-24T14:00:00.123Z", 1795528800);
    when("2026-11-24T15:00:00+01:00", 1795528800);
    when("24/Nov/2026:09:30:00 -0430", 1795528800);
    when("2000-02-29T12:00:00Z", 951825600);
    when("2026-13-01T00:00:00Z", 0);
    when("24/Foo/2026:14:00:00 +0000", 0);
    when("2026-11-24T14:00:00", 0);
    when("2026-11-24T14:00:00Zx", 0);
    when("99999-11-24T14:00:00Z", 0);
    when("", 0);

    target("/a?b=c", "/a", "b=c");
    target("/a", "/a", NULL);
    target("/a?", "/a", "");
    target("https://h:1/a?b?c", "/a", "b?c");
    target("https://h", NULL, NULL);
    target("https://h?x", NULL, NULL);
    target("*", NULL, NULL);
    target("", NULL, NULL);
    target("a/b", NULL, NULL);

    formats();
    records();

    procore_pool_free(&pool);

    return done_testing();
}

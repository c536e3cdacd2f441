
/*
 * Claims of paths, and the paths that the gate knows by name.
 */

#include "unit.h"
#include "record.h"

#include "../../src/claims/procore_path.h"


static record_t  record;


static procore_str_t
text(const char *s)
{
    procore_str_t  str;

    str.data = (const unsigned char *) s;
    str.len = strlen(s);

    return str;
}


static int
read_path(const char *path, int escaped, procore_path_e *known)
{
    procore_str_t   str;
    procore_sink_t  sink;

    str = text(path);
    sink = record_sink(&record);
    record_reset(&record);

    return procore_path_claims(&str, escaped, &sink, known);
}


static void
claims(const char *path, const char *want)
{
    is_int(read_path(path, 1, NULL), PROCORE_OK, "%s is read", path);
    is_str(record.text, want, "%s: claims", path);
}


static void
malformed(const char *path, const char *want)
{
    is_int(read_path(path, 1, NULL), PROCORE_MALFORMED, "%s is malformed",
           path);
    is_str(record.text, want, "%s: claims until then", path);
}


static void
known(const char *path, procore_path_e want)
{
    procore_path_e  got;

    (void) read_path(path, 1, &got);
    is_int(got, want, "%s: known path", path);
}


static void
compare(const char *raw, const char *normal, int want)
{
    procore_str_t  r, n;

    r = text(raw);
    n = text(normal);

    is_int(procore_path_compare(&r, &n), want, "%s against %s", raw, normal);
}


static void
oauth(const char *path, procore_oauth_e want)
{
    procore_str_t  str;

    str = text(path);
    is_int(procore_path_oauth(&str), want, "%s: endpoint", path);
}


static void
test_claims(void)
{
    claims("/rest/v1.0/me", "");
    claims("/rest/v1.0/companies", "");
    claims("/rest/v1.0/companies/", "");
    claims("/rest/v1.0/companies/7", "path company companies=7 id;");
    claims("/vapid/companies/7/users/9", "path company companies=7 id;");
    claims("/rest/v2.0/companies/7/projects/8/rfis/9",
           "path company companies=7 id; path project projects=8 id;");
    claims("/rest/v1.0/project/8/x", "path project project=8 id;");
    claims("//rest///companies//7//", "path company companies=7 id;");
    claims("/companies/7/companies/8",
           "path company companies=7 id; path company companies=8 id;");
    claims("/projects/projects/8", "path project projects=8 id;");
    claims("/rest/v1.0/%63ompanies/%37", "path company companies=7 id;");

    claims("/rest/v1.0/projects/sync", "");
    claims("/rest/v1.0/companies/7/payments/projects/enable",
           "path company companies=7 id;");

    claims("/rest/v1.0/Companies/7", "");
    claims("/rest/v1.0/companies;x=1/7", "");
    claims("/rest/v1.0/xcompanies/7", "");
    claims("/rest/v1.0/folders/My%20Docs", "");
    claims("/rest/v1.0/folders/%C3%A9t%C3%A9", "");
}


static void
test_ids(void)
{
    claims("/projects/007", "path project projects=007 malformed;");
    claims("/projects/0", "path project projects=0 malformed;");
    claims("/projects/+5", "path project projects=+5 malformed;");
    claims("/projects/%205", "path project projects= 5 malformed;");
    claims("/projects/5;x=1", "path project projects=5;x=1 malformed;");
    claims("/projects/5,6", "path project projects=5,6 malformed;");
    claims("/projects/5.json", "path project projects=5.json malformed;");
    claims("/projects/5%2ejson", "path project projects=5.json malformed;");
    claims("/projects/5%2Fx", "path project projects=5/x malformed;");
    claims("/projects/9223372036854775807",
           "path project projects=9223372036854775807 id;");
    claims("/projects/9223372036854775808",
           "path project projects=9223372036854775808 malformed;");
    claims("/projects/00000000000000000000000000000000000000000000000000000000"
           "000000000000000000005",
           "path project projects=000000000000000000000000000000000000000000000"
           "0000000000000000000 malformed;");
}


static void
test_uuids(void)
{
    claims("/companies/6f1e0c9a-3c33-4f0e-9d3b-0a5e5f7d9b11/x",
           "path company companies=6f1e0c9a-3c33-4f0e-9d3b-0a5e5f7d9b11 uuid;");
    claims("/projects/6f1e0c9a-3c33-4f0e-9d3b-0a5e5f7d9b11",
           "path project projects=6f1e0c9a-3c33-4f0e-9d3b-0a5e5f7d9b11 "
           "malformed;");
    claims("/rest/v1.0/workforce-planning/v2/companies/7/projects/"
           "6f1e0c9a-3c33-4f0e-9d3b-0a5e5f7d9b11/tags",
           "path company companies=7 id; path project "
           "projects=6f1e0c9a-3c33-4f0e-9d3b-0a5e5f7d9b11 uuid;");
    claims("/rest/v1.0/workforce-planning/v2/companies/7/projects/"
           "af1e0c9a-3c33-4f0e-9d3b-0a5e5f7d9b11/tags",
           "path company companies=7 id;");
    claims("/rest/v1.0/workforce-planning/v2/companies/7/projects/8",
           "path company companies=7 id; path project projects=8 id;");
    claims("/rest/v1.0/workforce-planning/v3/companies/7/projects/"
           "6f1e0c9a-3c33-4f0e-9d3b-0a5e5f7d9b11",
           "path company companies=7 id; path project "
           "projects=6f1e0c9a-3c33-4f0e-9d3b-0a5e5f7d9b11 malformed;");
    claims("/workforce-planning/workforce-planning/v2/companies/7/projects/"
           "6f1e0c9a-3c33-4f0e-9d3b-0a5e5f7d9b11",
           "path company companies=7 id; path project "
           "projects=6f1e0c9a-3c33-4f0e-9d3b-0a5e5f7d9b11 uuid;");
}


static void
test_malformed(void)
{
    malformed("/companies/7/projects/8%", "path company companies=7 id;");
    malformed("/projects/8%zz", "");
    malformed("/projects/8%2", "");
    malformed("/projects/8%00", "");
    malformed("/projects/8%0a", "");
    malformed("/x/%7f", "");
    malformed("/projects/8\n", "");
    malformed("/x#y", "");
    malformed("/x/%C0%AE", "");
    malformed("/x/%ED%A0%80", "");
    malformed("/x/%E2%82/y", "");
    malformed("/companies/7/../8", "path company companies=7 id;");
    malformed("/companies/7/%2e%2E/8", "path company companies=7 id;");
    malformed("/companies/7/.", "path company companies=7 id;");

    is_int(read_path("/projects/8%2", 0, NULL), PROCORE_OK,
           "a decoded path has no escapes");
    is_str(record.text, "path project projects=8%2 malformed;",
           "a decoded path is taken as it is");
    is_int(read_path("/x/#/projects/8", 0, NULL), PROCORE_OK,
           "a decoded path may hold a number sign");
    is_str(record.text, "path project projects=8 id;",
           "and goes on behind it");
}


static void
test_known(void)
{
    known("/rest/v1.0/companies", PROCORE_PATH_COMPANIES);
    known("/rest/v99.99/companies/", PROCORE_PATH_COMPANIES);
    known("//rest//v1.0//companies.json", PROCORE_PATH_COMPANIES);
    known("/vapid/companies", PROCORE_PATH_COMPANIES);
    known("/rest/companies", PROCORE_PATH_OTHER);
    known("/rest/v/companies", PROCORE_PATH_OTHER);
    known("/rest/v1.0/companies/7", PROCORE_PATH_COMPANY);
    known("/x/v1.0/companies", PROCORE_PATH_OTHER);
    known("/rest/v1.0/x/companies", PROCORE_PATH_OTHER);
    known("/rest/v1.0/companiesx", PROCORE_PATH_OTHER);
    known("/rest/v1.0/companies.", PROCORE_PATH_OTHER);
    known("/rest/v1.0/companies%", PROCORE_PATH_OTHER);
    known("/companies", PROCORE_PATH_OTHER);
    known("/", PROCORE_PATH_OTHER);
    known("", PROCORE_PATH_OTHER);

    known("/rest/v1.0/me", PROCORE_PATH_ME);
    known("/vapid/me.json", PROCORE_PATH_ME);
    known("/rest/v1.0/me/x", PROCORE_PATH_OTHER);

    known("/rest/v1.1/projects", PROCORE_PATH_PROJECTS);
    known("/vapid/projects/", PROCORE_PATH_PROJECTS);
    known("/rest/v1.0/companies/7/projects", PROCORE_PATH_PROJECTS);
    known("/rest/v1.0/companies/7/x/projects", PROCORE_PATH_OTHER);
    known("/rest/v1.0/workforce-planning/v2/companies/7/projects",
          PROCORE_PATH_OTHER);
    known("/rest/v1.0/projects/8", PROCORE_PATH_PROJECT);

    known("/rest/v1.0/projects/sync", PROCORE_PATH_SYNC);
    known("/rest/v1.0//projects//sync.json/", PROCORE_PATH_SYNC);
    known("/rest/v1.0/companies/7/projects/sync", PROCORE_PATH_SYNC);
    known("/rest/v1.0/projects/sync/x", PROCORE_PATH_OTHER);
    known("/rest/v1.0/sync", PROCORE_PATH_OTHER);
}


static void
test_compare(void)
{
    compare("/", "/", PROCORE_OK);
    compare("/a/b", "/a/b", PROCORE_OK);
    compare("/a/b/", "/a/b/", PROCORE_OK);
    compare("/a%20b/%C3%A9", "/a b/\xc3\xa9", PROCORE_OK);
    compare("/%61", "/a", PROCORE_OK);
    compare("/a%3Fb", "/a?b", PROCORE_OK);
    compare("/a%23b", "/a#b", PROCORE_OK);
    compare("/a%5Cb", "/a\\b", PROCORE_OK);
    compare("/a/...", "/a/...", PROCORE_OK);
    compare("/.well-known/..a", "/.well-known/..a", PROCORE_OK);

    compare("/a", "/b", PROCORE_MALFORMED);
    compare("/a", "/ab", PROCORE_MALFORMED);
    compare("/ab", "/a", PROCORE_MALFORMED);
    compare("/a%2520b", "/a b", PROCORE_MALFORMED);
    compare("/a/../b", "/b", PROCORE_MALFORMED);
    compare("/a/../b", "/a/../b", PROCORE_MALFORMED);
    compare("/a/%2E%2e", "/a/..", PROCORE_MALFORMED);
    compare("/a/./b", "/a/./b", PROCORE_MALFORMED);
    compare("/a/.", "/a/.", PROCORE_MALFORMED);
    compare("/.", "/.", PROCORE_MALFORMED);
    compare("/a//b", "/a/b", PROCORE_MALFORMED);
    compare("/a//b", "/a//b", PROCORE_MALFORMED);
    compare("/a//", "/a/", PROCORE_MALFORMED);
    compare("//a", "/a", PROCORE_MALFORMED);
    compare("/a%2Fb", "/a/b", PROCORE_MALFORMED);
    compare("/a#b", "/a", PROCORE_MALFORMED);
    compare("/a\\b", "/a\\b", PROCORE_MALFORMED);
    compare("/a%", "/a%", PROCORE_MALFORMED);
    compare("/a%2", "/a%2", PROCORE_MALFORMED);
    compare("/a%g1", "/a%g1", PROCORE_MALFORMED);
    compare("", "", PROCORE_MALFORMED);
    compare("", "/", PROCORE_MALFORMED);
    compare("/", "", PROCORE_MALFORMED);
    compare("a", "a", PROCORE_MALFORMED);
}


static void
test_oauth(void)
{
    oauth("/oauth/token", PROCORE_OAUTH_TOKEN);
    oauth("/oauth/token/", PROCORE_OAUTH_TOKEN);
    oauth("/oauth/token.json", PROCORE_OAUTH_TOKEN);
    oauth("//oauth//token//", PROCORE_OAUTH_TOKEN);
    oauth("/oauth/revoke", PROCORE_OAUTH_REVOKE);
    oauth("/oauth/revoke.json", PROCORE_OAUTH_REVOKE);
    oauth("/oauth/token/info", PROCORE_OAUTH_INFO);
    oauth("/oauth/token/info.json", PROCORE_OAUTH_INFO);
    oauth("/oauth/token/info/x", PROCORE_OAUTH_OTHER);
    oauth("/oauth/token/x", PROCORE_OAUTH_OTHER);
    oauth("/oauth/x/info", PROCORE_OAUTH_OTHER);
    oauth("/oauth/tokens", PROCORE_OAUTH_OTHER);
    oauth("/oauth/Token", PROCORE_OAUTH_OTHER);
    oauth("/oauth/authorize", PROCORE_OAUTH_AUTHORIZE);
    oauth("/oauth/authorize.json", PROCORE_OAUTH_AUTHORIZE);
    oauth("//oauth//authorize/", PROCORE_OAUTH_AUTHORIZE);
    oauth("/oauth/authorize/native", PROCORE_OAUTH_OTHER);
    oauth("/oauth/", PROCORE_OAUTH_OTHER);
    oauth("/oauth/\n", PROCORE_OAUTH_OTHER);
    oauth("/oauth", PROCORE_OAUTH_NONE);
    oauth("/oauthx/token", PROCORE_OAUTH_NONE);
    oauth("/x/oauth/token", PROCORE_OAUTH_NONE);
    oauth("/", PROCORE_OAUTH_NONE);
}


int
main(void)
{
    test_claims();
    test_ids();
    test_uuids();
    test_malformed();
    test_known();
    test_compare();
    test_oauth();

    return done_testing();
}

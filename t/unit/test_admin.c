
/*
 * What operators write and read: lines of an import, entries as JSON, and that
 * what is exported can be imported.
 */


#include "unit.h"

#include <stdlib.h>

#include "../../src/admin/procore_admin_text.h"
#include "../../src/admin/procore_import.h"


#define DIGEST  "000102030405060708090a0b0c0d0e0f"                            \
                "101112131415161718191a1b1c1d1e1f"
#define FAMILY  "ffeeddccbbaa99887766554433221100"
#define REALM   ((const unsigned char *) "\1\2\3\4")


static procore_import_line_t  line;
static const char            *why;


static int
parse(const char *text)
{
    static unsigned char  copy[4096];

    why = NULL;
    (void) snprintf((char *) copy, sizeof(copy), "%s", text);

    return procore_import_line(copy, strlen(text), &line, &why);
}


static void
accepts(procore_line_e shape, const char *text)
{
    is_int(parse(text), PROCORE_OK, "taken: %s", text);
    is_int((long long) line.shape, (long long) shape, "as what it is");

    if (why != NULL) {
        printf("# %s\n", why);
    }
}


static void
refuses(const char *text, const char *reason)
{
    is_int(parse(text), PROCORE_MALFORMED, "refused: %s", text);
    ok(why != NULL && strstr(why, reason) != NULL, "because: %s",
       why ? why : "");
}


static void
test_shapes(void)
{
    accepts(PROCORE_LINE_TOKEN, "{\"access_token\":\"a\",\"company_id\":5}");
    accepts(PROCORE_LINE_TOKEN, "{\n \"access_token\": \"a\",\n"
            " \"refresh_token\": \"b\", \"company_id\": \"5\" }\n");
    accepts(PROCORE_LINE_PROJECT, "{\"project_id\":7,\"company_id\":5}");
    accepts(PROCORE_LINE_PROJECT, "{\"project_id\":7,\"company_id\":5,"
            "\"learnt_at\":\"2026-11-24T14:00:00Z\",\"valid_for\":60}");
    accepts(PROCORE_LINE_REFERENCE, "{\"token\":\"0011223344556677\","
            "\"company_id\":5}");
    accepts(PROCORE_LINE_REFERENCE, "{\"family\":\"" FAMILY "\","
            "\"company_id\":5,\"client\":\"crm\"}");
    accepts(PROCORE_LINE_NAME, "{\"access_token\":\"a\"}");
    accepts(PROCORE_LINE_NAME, "{\"token\":\"" DIGEST "\"}");
    accepts(PROCORE_LINE_NAME, "{\"family\":\"" FAMILY "\"}");
    accepts(PROCORE_LINE_PAUSE, "{\"client\":\"crm\","
            "\"paused_at\":\"2026-11-24T14:00:00Z\"}");
    accepts(PROCORE_LINE_RECORD, "{\"token\":\"" DIGEST "\",\"kind\":"
            "\"access\",\"family\":\"" FAMILY "\",\"state\":\"unbound\"}");
    accepts(PROCORE_LINE_RECORD, "{\"token\":\"" DIGEST "\",\"kind\":"
            "\"refresh\",\"family\":\"" FAMILY "\",\"state\":\"bound\","
            "\"company_id\":5,\"bound_by\":\"chooser\",\"used\":true,"
            "\"user_id\":\"service\",\"realm\":\"01020304\"}");

    is_int(line.kind, PROCORE_TOKEN_REFRESH, "its kind");
    is_int(line.way, PROCORE_WAY_CHOOSER, "its way");
    ok(line.used && line.user == PROCORE_STORE_SERVICE, "its user");
    ok(line.token[31] == 0x1f && line.family[0] == 0xff, "digest and family");

    refuses("{\"token\":\"00112233\",\"company_id\":5}", "16 or 64");
    refuses("{\"token\":\"001122334455667g\",\"company_id\":5}", "16 or 64");
    refuses("{\"family\":\"00\",\"company_id\":5}", "32");
    refuses("{\"access_token\":\"a\",\"token\":\"0011223344556677\","
            "\"company_id\":5}", "belong together");
    refuses("{\"token\":\"0011223344556677\",\"family\":\"" FAMILY "\"}",
            "belong together");
    refuses("{\"access_token\":\"a\",\"refresh_token\":\"b\"}", "company_id");
    refuses("{\"client\":\"crm\",\"client_hex\":\"41\",\"company_id\":5,"
            "\"access_token\":\"a\"}", "twice");
    refuses("{\"client_hex\":\"4\",\"company_id\":5,\"access_token\":\"a\"}",
            "hexadecimal");
    refuses("{\"paused_at\":\"2026-11-24T14:00:00Z\"}", "missing");
    refuses("{\"project_id\":7,\"company_id\":5,\"valid_for\":60}",
            "together");
    refuses("{\"token\":\"" DIGEST "\",\"kind\":\"access\",\"family\":\""
            FAMILY "\",\"state\":\"bound\"}", "fit together");
    refuses("{\"token\":\"" DIGEST "\",\"kind\":\"access\",\"family\":\""
            FAMILY "\",\"state\":\"unbound\",\"company_id\":5}",
            "fit together");
    refuses("{\"token\":\"0011223344556677\",\"kind\":\"access\",\"family\":\""
            FAMILY "\",\"state\":\"unbound\"}", "whole digest");
    refuses("{\"token\":\"" DIGEST "\",\"kind\":\"other\"}", "neither");
    refuses("{\"state\":\"gone\"}", "one of bound");
    refuses("{\"bound_by\":\"magic\"}", "no way to bind");
    refuses("{\"used\":1}", "not true");
    refuses("{\"kind\":7}", "not a string");
    refuses("{\"bound_at\":{}}", "not a string");
    refuses("{\"company_id\":9223372036854775808,\"access_token\":\"a\"}",
            "id");
}


static void
test_times(void)
{
    unsigned                   i;
    uint64_t                   seconds;
    char                       text[PROCORE_ADMIN_TIME];
    procore_str_t              read;
    static const char *const   wrong[] = {
        "", "2026-11-24T14:00:00", "2026-11-24 14:00:00Z",
        "2026-13-01T00:00:00Z", "2026-02-29T00:00:00Z",
        "2026-11-24T24:00:00Z", "2026-11-24T23:59:60Z",
        "1969-12-31T23:59:59Z", "1970-01-01T00:00:00Z",
        "20a6-11-24T14:00:00Z", "2026-11-24T14:00:0:Z",
        "2026-11-24T14:00:00z", "2026-11-24T14:00:00+0", "-026-11-24T14:00:00Z"
    };

    procore_admin_time(1795528800, text);
    ok(memcmp(text, "2026-11-24T14:00:00Z", 20) == 0, "a time is written");

    read.data = (unsigned char *) text;
    read.len = sizeof(text);
    is_int(procore_admin_time_read(&read, &seconds), PROCORE_OK, "and read");
    is_int((long long) seconds, 1795528800, "as the same");

    procore_admin_time(UINT64_MAX, text);
    ok(memcmp(text, "9999-12-31T23:59:59Z", 20) == 0, "the last one");

    for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        read.data = (const unsigned char *) wrong[i];
        read.len = strlen(wrong[i]);
        is_int(procore_admin_time_read(&read, &seconds), PROCORE_MALFORMED,
               "no time: \"%s\"", wrong[i]);
    }
}


static procore_listed_token_t
sample(void)
{
    unsigned                i;
    procore_listed_token_t  token;

    memset(&token, 0, sizeof(token));

    token.kind = PROCORE_TOKEN_REFRESH;
    token.used = 1;
    token.expires_at = 1795528800;
    token.written_at = 1795528801;

    for (i = 0; i < PROCORE_DIGEST_SIZE; i++) {
        token.digest[i] = (unsigned char) i;
    }

    token.family.state = PROCORE_FAMILY_BOUND;
    token.family.way = PROCORE_WAY_AUTHORIZE;
    token.family.company = INT64_MAX;
    token.family.user = 77;
    token.family.bound_at = 1795528802;
    token.family.tokens = 3;
    token.family.client_len = 3;
    memcpy(token.family.client, "crm", 3);

    return token;
}


static void
test_text(void)
{
    char                     *end, text[PROCORE_ADMIN_LINE + 1];
    procore_listed_token_t    token;
    procore_tally_client_t    client;
    procore_listed_paused_t   paused;

    token = sample();

    end = procore_admin_family(text, &token.family);
    *end = '\0';
    is_str(text, "{\"family\":\"00000000000000000000000000000000\","
           "\"state\":\"bound\",\"company_id\":9223372036854775807,"
           "\"bound_by\":\"authorize\",\"bound_at\":\"2026-11-24T14:00:02Z\","
           "\"client\":\"crm\",\"user_id\":77,\"tokens\":3}", "a family");

    memcpy(token.family.client, "a\"\\", 3);
    token.family.state = PROCORE_FAMILY_UNBOUND;
    token.family.way = PROCORE_WAY_NONE;
    token.family.company = token.family.bound_at = token.family.user = 0;
    end = procore_admin_family(text, &token.family);
    *end = '\0';
    is_str(text, "{\"family\":\"00000000000000000000000000000000\","
           "\"state\":\"unbound\",\"client\":\"a\\\"\\\\\",\"tokens\":3}",
           "what is not known is left out");

    end = procore_admin_token(text, &token);
    *end = '\0';
    is_str(text, "{\"token\":\"0001020304050607\",\"kind\":\"refresh\","
           "\"expires_at\":\"2026-11-24T14:00:00Z\","
           "\"written_at\":\"2026-11-24T14:00:01Z\",\"used\":true}",
           "a token");

    memset(&client, 0, sizeof(client));
    client.families[PROCORE_FAMILY_BOUND] = 2;
    client.client_len = 2;
    memcpy(client.client, "\r\xff", 2);
    end = procore_admin_client(text, &client);
    *end = '\0';
    is_str(text, "{\"client_hex\":\"0dff\",\"unbound\":0,\"bound\":2,"
           "\"withdrawn\":0,\"paused\":false}", "a client with other bytes");

    client.client_len = 0;
    client.paused_at = 1795528800;
    end = procore_admin_client(text, &client);
    *end = '\0';
    is_str(text, "{\"unbound\":0,\"bound\":2,\"withdrawn\":0,\"paused\":true,"
           "\"paused_at\":\"2026-11-24T14:00:00Z\"}", "one without an id");

    memset(&paused, 0, sizeof(paused));
    paused.client_len = PROCORE_STORE_CLIENT_MAX;
    memset(paused.client, '"', PROCORE_STORE_CLIENT_MAX);
    end = procore_admin_paused(text, &paused, REALM);
    ok(end - text <= PROCORE_ADMIN_LINE, "the longest id has room");
    *end = '\0';
    is_int(parse(text), PROCORE_OK, "and can be read");
    is_int((long long) line.client.len, PROCORE_STORE_CLIENT_MAX,
           "all of it");

    memset(token.family.client, '\377', PROCORE_STORE_CLIENT_MAX);
    token.family.client_len = PROCORE_STORE_CLIENT_MAX;
    token.family.user = PROCORE_STORE_SERVICE;
    end = procore_admin_record(text, &token, REALM);
    ok(end - text <= PROCORE_ADMIN_LINE, "the longest record has room");
    *end = '\0';
    is_int(parse(text), PROCORE_OK, "and can be read");
    ok(line.client.len == PROCORE_STORE_CLIENT_MAX
       && line.client.data[254] == 0xff, "with its client");
}


/* Feeds it byte by byte, or in one. */

static int
import_text(procore_import_t *import, const char *text, int bytes)
{
    int     rc;
    size_t  i, n;

    n = bytes ? 1 : strlen(text);
    rc = PROCORE_OK;

    for (i = 0; i < strlen(text) && rc == PROCORE_OK; i += n) {
        rc = procore_import_feed(import, (const unsigned char *) text + i, n);
    }

    return rc == PROCORE_OK ? procore_import_finish(import) : rc;
}


static void
fails(const char *text, int rc, size_t at, const char *reason)
{
    procore_import_t  *import;

    import = procore_import_new(REALM, 3);

    is_int(import_text(import, text, 0), rc, "an import fails: %s", reason);
    is_int((long long) import->line, (long long) at, "at its line");
    ok(strstr(import->why, reason) != NULL, "because: %s", import->why);

    procore_import_free(import);
}


static void
test_import(void)
{
    int                  bytes;
    procore_import_t    *import;
    procore_store_op_t   op;
    static const char    text[] =
        "{\"access_token\":\"a\",\"refresh_token\":\"b\",\"company_id\":5}\n\n"
        "{\"project_id\":9,\"company_id\":5,\"valid_for\":100,"
        "\"learnt_at\":\"2026-11-24T14:00:00Z\"}\r\n"
        "{\"client\":\"crm\",\"paused_at\":\"2026-11-24T14:00:00Z\"}";

    for (bytes = 0; bytes < 2; bytes++) {
        import = procore_import_new(REALM, 3);
        is_int(import_text(import, text, bytes), PROCORE_OK, "an import");
        is_int((long long) import->tokens, 2, "tokens");
        is_int((long long) import->projects, 1, "projects");
        is_int((long long) import->clients, 1, "clients");

        procore_import_operation(import, 0, 1000, &op);
        is_int(op.type, PROCORE_STORE_FAMILY, "a pair");
        ok(op.has_access && op.has_refresh && op.way == PROCORE_WAY_IMPORT,
           "is bound by the import");

        procore_import_operation(import, 1, 1795528840, &op);
        is_int((long long) op.valid_for, 60, "what is left of a project");
        procore_import_operation(import, 1, 1795528901, &op);
        is_int((long long) op.nprojects, 0, "nothing is left");

        procore_import_operation(import, 2, 1000, &op);
        is_int(op.type, PROCORE_STORE_PAUSE, "a pause");

        procore_import_free(import);
    }

    fails("{\"access_token\":\"a\"}", PROCORE_MALFORMED, 1, "company_id");
    fails("\n{\"family\":\"" FAMILY "\",\"company_id\":5}", PROCORE_MALFORMED,
          2, "alone");
    fails("{\"project_id\":1,\"company_id\":5,\"realm\":\"01020305\"}",
          PROCORE_MALFORMED, 1, "another realm");
    fails("{\"project_id\":1,\"company_id\":5}\n"
          "{\"project_id\":2,\"company_id\":5}\n"
          "{\"project_id\":3,\"company_id\":5}\n"
          "{\"project_id\":4,\"company_id\":5}\n", PROCORE_TOO_LARGE, 4,
          "too many");
    fails("{\"project_id\":1,\"company_id\":5}\n"
          "{\"project_id\":1,\"company_id\":6}", PROCORE_CONFLICT, 2,
          "in line 1");

    procore_import_free(NULL);
}


/* A record that is written, and read again, is the same operation. */

static void
test_again(void)
{
    char                    *end, text[PROCORE_ADMIN_LINE + 1];
    procore_import_t        *import;
    procore_store_op_t       op;
    procore_listed_token_t   token;

    token = sample();
    end = procore_admin_record(text, &token, REALM);
    *end = '\0';

    import = procore_import_new(REALM, 3);
    is_int(import_text(import, text, 1), PROCORE_OK, "a record comes back");

    procore_import_operation(import, 0, 1000, &op);

    is_int(op.type, PROCORE_STORE_RESTORE, "as a record");
    ok(op.has_refresh && !op.has_access, "of its kind");
    ok(memcmp(op.refresh, token.digest, PROCORE_DIGEST_SIZE) == 0, "digest");
    ok(op.company == token.family.company && op.way == token.family.way
       && op.state == token.family.state && op.user == token.family.user
       && op.bound_at == token.family.bound_at && op.client_len == 3,
       "with its family");
    ok(op.used && op.written_at == token.written_at
       && op.expires_at == token.expires_at, "and its life");

    procore_import_free(import);
}


static void
test_nothing(void)
{
    procore_import_t  *import;

    import = procore_import_new(REALM, 3);

    is_int(import_text(import, "", 0), PROCORE_OK,
           "nothing at all is an empty import");
    is_int((long long) import->n, 0, "of no record");

    procore_import_free(import);

    import = procore_import_new(REALM, 3);

    is_int(import_text(import, "\n\n", 0), PROCORE_OK,
           "and so are empty lines");

    procore_import_free(import);
}


int
main(void)
{
    test_shapes();
    test_times();
    test_text();
    test_import();
    test_again();
    test_nothing();

    return done_testing();
}

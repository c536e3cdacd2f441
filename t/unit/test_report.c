
/*
 * The report as JSON, CSV, text and page: rows from a list, hostile texts, all
 * bounds of a piece.
 */


#include "unit.h"

#include <stdlib.h>

#include <cjson/cJSON.h>

#include "../../src/report/procore_report.h"
#include "../../src/store/procore_report_record.h"


#define A    562949953421312u
#define B    598134325779301u
#define NOW  1700000000u
#define DAY  86400u

#define ROWS  4000


typedef struct {
    unsigned char         key[PROCORE_REPORT_KEY];
    size_t                len;
    procore_report_row_t  row;
} entry_t;


static entry_t            rows[ROWS];
static size_t             nrows;
static size_t             damaged;      /* index + 1, 0: none */
static procore_report_t   report;
static char               text[4 << 20];


static int
order(const void *one, const void *two)
{
    int             rc;
    const entry_t  *a, *b;

    a = one;
    b = two;
    rc = memcmp(a->key, b->key, a->len < b->len ? a->len : b->len);

    return rc != 0 ? rc : a->len < b->len ? -1 : a->len > b->len;
}


static int
next(void *data, procore_report_place_t *place, procore_report_row_t *row)
{
    size_t   i;
    entry_t  at;

    (void) data;

    memcpy(at.key, place->key, place->len);
    at.len = place->len;

    for (i = 0; i < nrows && place->len && order(&rows[i], &at) <= 0; i++) {
        /* void */
    }

    if (i == nrows) {
        return PROCORE_NOT_FOUND;
    }

    memcpy(place->key, rows[i].key, rows[i].len);
    place->len = rows[i].len;

    if (i + 1 == damaged) {
        return PROCORE_CORRUPT;
    }

    *row = rows[i].row;

    return PROCORE_OK;
}


static procore_report_row_t *
add(procore_report_row_e type, size_t len)
{
    entry_t  *entry;

    if (nrows == ROWS) {
        exit(1);
    }

    entry = &rows[nrows++];
    memset(entry, 0, sizeof(entry_t));
    entry->row.type = type;
    entry->len = len;

    return &entry->row;
}


static unsigned char  client_key[PROCORE_REPORT_CLIENT_KEY];
static unsigned char  user_key[PROCORE_REPORT_USER_KEY];


static procore_report_client_t *
add_client(const char *id, size_t len)
{
    procore_report_client_t  *client;

    client = &add(PROCORE_REPORT_ROW_CLIENT, sizeof(client_key))->client;
    memcpy(client->realm, "\1\2\3\4", PROCORE_REALM_SIZE);
    client->client_len = (unsigned char) len;
    memcpy(client->client, id, len);
    client->first = NOW - 3 * DAY;
    client->last = NOW;
    client->requests = 100;
    client->since = 100;

    memcpy(client->id, id, len < sizeof(client->id) ? len : sizeof(client->id));
    procore_report_client_key(client, client_key);

    memcpy(rows[nrows - 1].key, client_key, sizeof(client_key));

    return client;
}


static procore_report_user_t *
add_user(unsigned char n, uint64_t home, unsigned bound)
{
    procore_report_user_t  *user;

    user = &add(PROCORE_REPORT_ROW_USER, sizeof(user_key))->user;
    user->kind = PROCORE_REPORT_FAMILY;
    user->id[0] = n;
    user->home = home;
    user->bound = bound & 1;
    user->first = NOW - DAY;
    user->last = NOW;

    procore_report_user_key(client_key, user, user_key);
    memcpy(rows[nrows - 1].key, user_key, sizeof(user_key));

    return user;
}


static procore_report_naming_t *
add_naming(uint64_t company, uint64_t passed, uint64_t prevented)
{
    procore_report_naming_t  *naming;

    naming = &add(PROCORE_REPORT_ROW_NAMING,
                  PROCORE_REPORT_NAMING_KEY)->naming;
    naming->company = company;
    naming->first = NOW - DAY;
    naming->last = NOW;
    naming->passed = passed;
    naming->prevented = prevented;
    naming->carriers[0] = passed + prevented;
    naming->example_len = PROCORE_REPORT_EXAMPLE;
    memset(naming->example, 'e', PROCORE_REPORT_EXAMPLE);
    procore_report_naming_key(user_key, company, rows[nrows - 1].key);

    return naming;
}


/* Renders all of it to "text"; the longest piece. */

static size_t
render(procore_report_format_e format, const char *only)
{
    int            rc;
    size_t         len, longest;
    unsigned char  piece[PROCORE_REPORT_PIECE];
    procore_out_t  out;

    qsort(rows, nrows, sizeof(entry_t), order);

    procore_report_init(&report, format, NOW, next, NULL);

    if (only != NULL) {
        report.one = 1;
        report.only.data = (const unsigned char *) only;
        report.only.len = strlen(only);
    }

    len = 0;
    longest = 0;

    do {
        out.data = piece;
        out.size = sizeof(piece);
        out.len = 0;

        rc = procore_report_step(&report, &out);

        if (out.len > longest) {
            longest = out.len;
        }

        if (out.len > sizeof(piece) || out.len >= sizeof(text) - len) {
            return SIZE_MAX;
        }

        memcpy(text + len, piece, out.len);
        len += out.len;

    } while (rc == PROCORE_OK);

    text[len] = '\0';

    return rc == PROCORE_NOT_FOUND ? longest : SIZE_MAX;
}


static int
has(const char *what)
{
    return strstr(text, what) != NULL;
}


static void
test_words(void)
{
    procore_report_client_t  client;

    nrows = 0;
    (void) render(PROCORE_REPORT_TEXT, NULL);
    is_str(text, "Nothing was seen yet.\n", "nothing");
    (void) render(PROCORE_REPORT_TEXT, "crm");
    is_str(text, "This app was not seen.\n", "not this one");

    (void) add_client("crm", 3);
    (void) add_user(1, A, 0);
    (void) add_naming(A, 5, 0);
    (void) render(PROCORE_REPORT_TEXT, NULL);
    ok(has("1 app; none has named a company that is not its own."),
       "its own company is no news");

    (void) add_naming(B, 2, 0);
    (void) add_naming(B + 1, 1, 0);
    (void) add_user(2, B, 1);
    (void) add_naming(A, 0, 7);
    (void) add_client("erp", 3);
    (void) render(PROCORE_REPORT_TEXT, NULL);
    ok(has("2 apps; 1 would have been installed in 2 companies that are not "
           "theirs; 1 was kept out of 1 company that is not theirs."),
       "both in one report, apart");
    ok(has("bound to   598134325779301\n"), "what it is bound to");
    ok(has("ready      yes: no request without a company so far"),
       "ready");
    ok(strstr(text, "App crm") < strstr(text, "App erp"), "the worst first");

    (void) render(PROCORE_REPORT_TEXT, "erp");
    ok(has("1 app; none has named") && !has("crm"), "one alone");

    memset(&client, 0, sizeof(client));
    client.first = NOW - 10;
    is_int(procore_report_ready(&client, NOW), PROCORE_REPORT_UNREADY_YOUNG,
           "seen for seconds");
    client.first = NOW - DAY;
    client.since = 9;
    is_int(procore_report_ready(&client, NOW), PROCORE_REPORT_UNREADY_FEW,
           "nine requests");
    client.since = 10;
    is_int(procore_report_ready(&client, NOW), PROCORE_REPORT_READY,
           "a day and ten requests");
    client.last_unbound = NOW - DAY + 1;
    is_int(procore_report_ready(&client, NOW), PROCORE_REPORT_UNREADY_UNBOUND,
           "one was unbound within the day");
    client.last_unbound = NOW + 5;
    is_int(procore_report_ready(&client, NOW), PROCORE_REPORT_UNREADY_UNBOUND,
           "a clock that went back");
}


static size_t
count(const char *what)
{
    size_t       n;
    const char  *p;

    n = 0;

    for (p = strstr(text, what); p != NULL; p = strstr(p + 1, what)) {
        n++;
    }

    return n;
}


static void
test_bounds(void)
{
    char       id[PROCORE_STORE_CLIENT_MAX];
    size_t     i, longest;
    cJSON     *json;
    unsigned   format;

    nrows = 0;

    /* what takes most room in each of the languages */

    memset(id, '"', sizeof(id));
    (void) add_client(id, sizeof(id));
    memset(id, 1, sizeof(id));
    (void) add_client(id, sizeof(id));

    for (i = 0; i < 200; i++) {
        add_user((unsigned char) i, A + i, 1)->person = 7 + i / 2;
        (void) add_naming(B + i, 1, 1);
        (void) add_naming(PROCORE_REPORT_REST, 3, 0);
    }

    memset(rows[0].row.client.realm, 0xff, PROCORE_REALM_SIZE);

    for (format = PROCORE_REPORT_HTML; format <= PROCORE_REPORT_TEXT;
         format++)
    {
        longest = render((procore_report_format_e) format, NULL);
        ok(longest <= PROCORE_REPORT_PIECE, "pieces of format %u fit", format);
    }

    (void) render(PROCORE_REPORT_JSON, NULL);
    json = cJSON_Parse(text);
    ok(json != NULL, "JSON with hostile ids");
    cJSON_Delete(json);
    is_int((long long) count("\"users\":1}"), 100, "100 companies alone");
    ok(has("\"company_id\":null,\"kind\":\"others\""), "and the rest");
    ok(has("\"requests\":800,\"passed\":700,\"prevented\":100"),
       "which has what is above, and the users' own rest");
    ok(has("\"more_bound_companies\":true"), "more than can be listed");
    ok(has("\"users_of_several_companies\":[7,8,"),
       "users who are bound to two");

    (void) render(PROCORE_REPORT_HTML, NULL);
    ok(!has("\"\"\""), "the page has its quotes escaped");
}


/* Each cell of each row: as many as the header has, and no formula. */

static void
test_csv(void)
{
    size_t       i, commas, quoted, first, lines;
    const char  *p;

    static const char *const  ids[] = {
        "=cmd|' /C calc'!A1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1",
        "a\"b", "a,b", "a\r\nb", "\xef\xbc\x9d=1", "%", "'", "\"", " =1",
        "\xff\xfe"
    };

    nrows = 0;

    for (i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
        (void) add_client(ids[i], strlen(ids[i]));
        (void) add_user(1, A, 0);
        (void) add_naming(B, 1, 0);
    }

    (void) render(PROCORE_REPORT_CSV, NULL);

    commas = 0;
    quoted = 0;
    first = 0;
    lines = 0;

    for (p = text; *p != '\0'; p++) {

        if (*p == '"') {
            quoted = !quoted;

        } else if (quoted) {
            if ((unsigned char) *p < ' ') {
                ok(0, "a control character in a cell");
            }

            if (p[-1] == '"' && p[-2] == ',' && strchr("=+-@\t", *p)) {
                ok(0, "a formula: %.20s", p);
            }

        } else if (*p == ',') {
            commas++;

        } else if (p[0] == '\r' && p[1] == '\n') {
            first = first ? first : commas;

            if (commas != first) {
                ok(0, "line %zu has %zu commas", lines, commas);
            }

            commas = 0;
            lines++;
        }
    }

    is_int((long long) first + 1, 27, "27 columns");
    is_int((long long) lines, 1 + 3 * (long long) i,
           "a header, and three rows an app");
    ok(!quoted, "every quote is closed");
    ok(has(",\"'=cmd|' /C calc'!A1\","), "a formula is text");
    ok(has(",\"a\"\"b\","), "quotes are doubled");
}


static void
test_rest(void)
{
    cJSON                    *json;
    procore_report_client_t  *client;

    nrows = 0;

    (void) add_client("", 0);
    (void) add_user(1, A, 0);
    (void) add_naming(PROCORE_REPORT_ALIAS, 1, 0);
    client = add_client("", 0);
    client->others = 1;
    (void) procore_report_client_key(client, rows[nrows - 1].key);
    memcpy(client_key, rows[nrows - 1].key, sizeof(client_key));
    add_user(0, 0, 0)->kind = PROCORE_REPORT_OTHERS;
    memset(rows[nrows - 1].key + sizeof(client_key), 0xff, 9);
    memcpy(user_key, rows[nrows - 1].key, sizeof(user_key));
    (void) add_naming(B, 1, 0);
    add_naming(A, 0, 0)->bound_at = NOW;

    (void) render(PROCORE_REPORT_JSON, NULL);
    ok(has("\"client\":null,\"others\":true"), "all other apps");
    ok(has("\"client\":null,\"others\":false"), "the one that is not known");
    ok(has("\"bound_companies\":[562949953421312]"),
       "what other users are bound to");
    ok(has("\"company_id\":null,\"kind\":\"alias\""), "a UUID of nobody");
    ok(has("\"realm\":\"realm 01020304\""), "a realm without a name");

    damaged = nrows;
    (void) render(PROCORE_REPORT_JSON, NULL);
    damaged = 0;
    ok(has("\"damaged_rows\":1"), "a damaged row is told");
    json = cJSON_Parse(text);
    ok(json != NULL, "and the rest goes on");
    cJSON_Delete(json);
}


int
main(void)
{
    test_words();
    test_bounds();
    test_csv();
    test_rest();

    return done_testing();
}

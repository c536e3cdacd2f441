#include <stdlib.h>

#include <openssl/evp.h>

#include "unit.h"
#include "../../src/relay/procore_page.h"


#define HTML_MAX   (4 * 1024 * 1024)
#define LIST_MAX   (4 * 1024 * 1024)

/* All of a page that is no list, form or text from outside. */

#define FRAME_MAX  6144


static unsigned char   html[HTML_MAX];
static unsigned char   list[LIST_MAX];
static unsigned char  *list_end;
static procore_page_t  page;


static void
set(procore_str_t *str, const char *text)
{
    str->data = (const unsigned char *) text;
    str->len = strlen(text);
}


static void
offer(uint64_t id, const char *name)
{
    procore_str_t  text;

    set(&text, name);
    list_end = procore_relay_company_write(list_end, id, &text);

    page.companies.data = list;
    page.companies.len = (size_t) (list_end - list);
}


static void
start(procore_page_e kind)
{
    memset(&page, 0, sizeof(page));
    list_end = list;

    page.kind = kind;
    page.page = 1;
    page.cancel = 1;

    set(&page.app, "CRM Connector");
    set(&page.host, "crm.example.com");
    set(&page.login, "ann@example.com");
    set(&page.action, "/oauth/company");
    set(&page.state, "0123abcd");
    set(&page.token, "f00d");
}


/* Companies 1001, 1002 ... "Company 1" ... */

static void
offer_many(unsigned n)
{
    char      name[32];
    unsigned  i;

    for (i = 1; i <= n; i++) {
        snprintf(name, sizeof(name), "Company %u", i);
        offer(1000 + i, name);
    }
}


/* Renders twice, as callers do; the text is terminated by a NUL. */

static size_t
render(void)
{
    size_t         len;
    procore_out_t  out = { NULL, 0, 0 };

    procore_page_render(&out, &page);
    len = out.len;

    if (len >= HTML_MAX) {
        abort();
    }

    out.data = html;
    out.size = len;
    out.len = 0;

    procore_page_render(&out, &page);
    html[len] = '\0';

    is_int((long long) out.len, (long long) len, "as long as was told");

    return len;
}


static void
has(const char *text)
{
    ok(strstr((char *) html, text) != NULL, "there is %s", text);
}


static void
has_not(const char *text)
{
    ok(strstr((char *) html, text) == NULL, "there is no %s", text);
}


static size_t
count(const char *text)
{
    size_t       n;
    const char  *p;

    n = 0;

    for (p = strstr((char *) html, text); p; p = strstr(p + 1, text)) {
        n++;
    }

    return n;
}


static void
counts(const char *text, size_t want)
{
    is_int((long long) count(text), (long long) want, "how many %s", text);
}


static int
before(const char *one, const char *two)
{
    const char  *a, *b;

    a = strstr((char *) html, one);
    b = strstr((char *) html, two);

    return a != NULL && b != NULL && a < b;
}


static void
test_style(void)
{
    char           want[64], digits[64];
    unsigned char  digest[EVP_MAX_MD_SIZE];

    EVP_Digest(procore_page_style, strlen(procore_page_style), digest, NULL,
               EVP_sha256(), NULL);
    EVP_EncodeBlock((unsigned char *) digits, digest, 32);
    snprintf(want, sizeof(want), "'sha256-%s'", digits);

    is_str(procore_page_style_source, want, "the source is the style's digest");
    ok(strchr(procore_page_style, '<') == NULL, "the style ends nowhere else");
    ok(strstr(procore_page_style, "url(") == NULL
       && strchr(procore_page_style, '@') != NULL
       && strstr(procore_page_style, "@import") == NULL,
       "nothing from outside");
}


static void
test_frame(procore_page_e kind)
{
    size_t  len;

    start(kind);
    set(&page.title, "This link has run out");
    set(&page.text, "Start again in the app.");
    set(&page.code, "psg_0123");
    set(&page.reason, "no_transaction");
    set(&page.decision, "0123456789abcdef0123456789abcdef");

    len = render();
    ok(len < FRAME_MAX, "%zu bytes are below %d", len, FRAME_MAX);

    counts("<h1>", 1);
    counts("<title>", 1);
    counts("<main>", 1);
    counts("<style>", 1);
    has("<html lang=\"en\">");
    has("CRM Connector");
    has("<bdi>crm.example.com</bdi>");
    has("<bdi>ann@example.com</bdi>");
    has("Reason: no_transaction");
    has("Request: 0123456789abcdef0123456789abcdef");
    has_not("<script");
    has_not("<img");
    has_not("<link");
    has_not("src=");
    has_not("http://");
    has_not("https://");
    has_not(" style=");
}


static void
test_picker(void)
{
    start(PROCORE_PAGE_PICKER);
    offer(562949953421312, "Acme North");
    offer(598134325779301, "Acme South");
    page.selected = 598134325779301;
    render();

    counts("type=\"radio\"", 2);
    counts(" checked", 1);
    has("value=\"598134325779301\" checked>");
    ok(before("Acme South", "Acme North"), "the preselected one leads");
    has("<bdi>Acme North</bdi><small>562949953421312</small>");
    has("<form method=\"post\" action=\"/oauth/company\">");
    counts("name=\"state\" value=\"0123abcd\"", 1);
    counts("name=\"token\" value=\"f00d\"", 1);
    counts("name=\"action\" value=\"choose\"", 1);
    counts("name=\"action\" value=\"cancel\"", 1);
    ok(before("value=\"choose\"", "value=\"cancel\""), "Enter chooses");
    has_not("type=\"search\"");
    has_not("<nav");

    page.cancel = 0;
    render();
    has_not("value=\"cancel\"");
    has_not("Cancel");

    page.selected = 7;
    render();
    has_not(" checked");
    ok(before("Acme North", "Acme South"), "in their order");
}


static void
test_few_and_many(void)
{
    start(PROCORE_PAGE_PICKER);
    offer_many(PROCORE_PAGE_LIST);
    render();
    counts("type=\"radio\"", PROCORE_PAGE_LIST);
    has_not("type=\"search\"");
    has_not("<nav");

    offer(7, "One more");
    render();
    counts("type=\"radio\"", PROCORE_PAGE_LIST);
    counts("type=\"search\"", 1);
    counts("name=\"state\"", 2);
    counts("aria-current=\"page\"", 1);
    has("1 to 50 of 51 companies");
    has("href=\"?state=0123abcd&amp;page=2\"");
    has_not("One more");

    page.page = 2;
    render();
    counts("type=\"radio\"", 1);
    has("One more");
    has("51 to 51 of 51 companies");

    page.page = SIZE_MAX;
    render();
    has("One more");

    page.page = 0;
    render();
    has("1 to 50 of 51 companies");
}


/* Every company is on one page, whichever of them is preselected. */

static void
test_reachable(uint64_t selected)
{
    char      value[64];
    size_t    found, pages, seen[251];
    unsigned  i;

    start(PROCORE_PAGE_PICKER);
    offer_many(250);
    page.selected = selected;
    memset(seen, 0, sizeof(seen));

    procore_page_count(&page, &found, &pages);
    is_int((long long) found, 250, "found");
    is_int((long long) pages, 5, "pages");

    for (page.page = 1; page.page <= pages; page.page++) {
        render();
        counts("type=\"radio\"", PROCORE_PAGE_LIST);
        counts("aria-current=\"page\"", 1);

        for (i = 1; i <= 250; i++) {
            snprintf(value, sizeof(value), "name=\"company\" required value"
                     "=\"%u\"", 1000 + i);
            seen[i] += count(value);
        }
    }

    for (i = 1; i <= 250 && seen[i] == 1; i++) { /* void */ }

    ok(i == 251, "each once, with %llu preselected",
       (unsigned long long) selected);
}


static void
test_preselected(void)
{
    start(PROCORE_PAGE_PICKER);
    offer_many(250);
    page.selected = 1200;

    render();
    has("value=\"1200\" checked>");
    ok(before("value=\"1200\"", "value=\"1001\""), "leads the first page");

    page.page = 2;
    render();
    has_not(" checked");

    page.page = 1;
    set(&page.search, "company 20");
    render();
    has("value=\"1200\" checked>");
    ok(before("value=\"1020\"", "value=\"1200\""), "stays in a search");

    set(&page.search, "company 3");
    render();
    has_not(" checked");
}


static void
finds(const char *search, size_t want)
{
    size_t  found, pages;

    set(&page.search, search);
    procore_page_count(&page, &found, &pages);
    is_int((long long) found, (long long) want, "found by \"%s\"", search);
    is_int((long long) pages, found > PROCORE_PAGE_LIST
           ? (long long) ((found + PROCORE_PAGE_LIST - 1) / PROCORE_PAGE_LIST)
           : 1, "its pages");
}


static void
test_search(void)
{
    char  text[2 * PROCORE_PAGE_SEARCH + 1];

    start(PROCORE_PAGE_PICKER);
    offer(562949953421312, "Acme North");
    offer(598134325779301, "aabaabaab and sons");
    offer(3, "Stra\xc3\x9f" "e 7");
    offer(4, "");

    finds("", 4);
    finds("ACME", 1);
    finds("  acme north ", 1);
    finds("acme  north", 0);
    finds("AABAABAAB A", 1);
    finds("abaabaabaab", 0);
    finds("9953421", 1);
    finds("5", 2);
    finds("\xc3\x9f" "e", 1);
    finds("no such company", 0);

    /* what does not fit is left out, and never half a character */

    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    list_end = list;
    offer(9, text);
    finds(text, 1);

    memcpy(text + PROCORE_PAGE_SEARCH - 1, "\xc3\x9f", 2);
    finds(text, 1);
    render();
    has_not("\xef\xbf\xbd");

    offer_many(PROCORE_PAGE_LIST);
    finds("<b>\"&", 0);
    render();
    has("No company matches <q><bdi>&lt;b&gt;&quot;&amp;</bdi></q>");
    has("value=\"&lt;b&gt;&quot;&amp;\"");
    has_not("value=\"choose\"");
    has("value=\"cancel\"");
}


static void
test_search_pages(void)
{
    start(PROCORE_PAGE_PICKER);
    offer_many(250);
    finds("company 1", 111);
    page.page = 3;
    render();

    counts("type=\"radio\"", 11);
    has("101 to 111 of 111 companies that match");
    has("href=\"?state=0123abcd&amp;search=company%201&amp;page=2\"");
    has("href=\"?state=0123abcd\">Show all companies");
    has("value=\"company 1\"");
}


/* Not so long that a user's names could hold the gateway up. */

static void
test_search_cost(void)
{
    char      name[PROCORE_RELAY_NAME + 1], text[PROCORE_PAGE_SEARCH + 1];
    unsigned  i;

    memset(name, 'a', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    memset(text, 'a', sizeof(text) - 1);
    text[sizeof(text) - 2] = 'b';
    text[sizeof(text) - 1] = '\0';

    start(PROCORE_PAGE_PICKER);

    for (i = 1; i <= PROCORE_RELAY_COMPANIES; i++) {
        offer(i, name);
    }

    finds(text, 0);
    text[sizeof(text) - 2] = 'a';
    finds(text, PROCORE_RELAY_COMPANIES);

    page.page = 20;
    render();
    counts("type=\"radio\"", PROCORE_PAGE_LIST);
    counts("aria-current=\"page\"", 1);
    counts("aria-label=\"Page ", 7);
}


static void
test_partial(void)
{
    start(PROCORE_PAGE_PICKER);
    offer_many(2);
    render();
    has_not("more companies than can be listed");

    page.partial = 1;
    render();
    has("more companies than can be listed");
}


static void
test_hostile(void)
{
    char  *text;

    start(PROCORE_PAGE_PICKER);
    set(&page.app, "<script>alert(1)</script>");
    set(&page.host, "\"><b>");
    set(&page.login, "'&\xe2\x80\xae" "gpj.exe");
    set(&page.action, "/a\"b");
    set(&page.state, "\"&<");
    set(&page.token, "\"'>");

    offer(1, "</label><script>x</script>\"'&");
    offer(2, "\xe2\x80\xae" "fdp\xe2\x81\xa6\xe2\x80\x8f" "x\x01\x7f\n");
    offer(3, "\xff\xc3(\xed\xa0\x80");
    offer(4, "");
    offer(5, "\xe2\x80\xae");

    text = malloc(10001);

    if (text == NULL) {
        abort();
    }

    memset(text, 'W', 10000);
    text[10000] = '\0';
    offer(6, text);
    free(text);

    render();

    has_not("<script");
    has_not("\xe2\x80\xae");
    has_not("\xe2\x81\xa6");
    has_not("\x7f");
    has("<bdi>&lt;script&gt;alert(1)&lt;/script&gt;</bdi>");
    has("<bdi>&quot;&gt;&lt;b&gt;</bdi>");
    has("<bdi>&#39;&amp;gpj.exe</bdi>");
    has("action=\"/a&quot;b\"");
    has("value=\"&quot;&amp;&lt;\"");
    has("value=\"&quot;&#39;&gt;\"");
    has("<bdi>&lt;/label&gt;&lt;script&gt;x&lt;/script&gt;&quot;&#39;&amp;"
        "</bdi>");
    has("<bdi>fdpx</bdi>");
    has("<bdi>\xef\xbf\xbd");
    counts("Company without a name<small>", 2);
    has("WWW\xe2\x80\xa6</bdi>");
    counts("WWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWW"
           "WWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWW", 1);
    counts("type=\"radio\"", 6);
    counts("</label>", 6);
}


/* Its end is what tells whose it is. */

static void
test_host(void)
{
    char  host[PROCORE_PAGE_SEARCH * 2];

    memset(host, 'a', sizeof(host));
    memcpy(host + sizeof(host) - 10, ".evil.com", sizeof(".evil.com"));

    start(PROCORE_PAGE_PICKER);
    set(&page.host, host);
    render();
    has(".evil.com</bdi>");

    set(&page.host, "");
    render();
    has_not("Returns to");
}


static void
test_nothing(void)
{
    start(PROCORE_PAGE_NOTHING);
    set(&page.title, "No company to choose");
    set(&page.text, "Ask <someone>.");
    set(&page.help_url, "https://help.example.com/?a=1&b=2");
    set(&page.help_label, "How to \"install\"");
    set(&page.help_notes, "First line\r\nSecond <line>");
    render();

    has("<h1>No company to choose</h1>");
    has("<p>Ask &lt;someone&gt;.</p>");
    has("<a href=\"https://help.example.com/?a=1&amp;b=2\">"
        "<bdi>How to &quot;install&quot;</bdi></a>");
    has("<p>First line<br>Second &lt;line&gt;</p>");
    has("<button type=\"submit\" name=\"action\" value=\"cancel\">Back to "
        "<b><bdi>CRM Connector</bdi></b></button>");
    counts("name=\"state\" value=\"0123abcd\"", 1);
    counts("name=\"token\" value=\"f00d\"", 1);
    has_not("value=\"choose\"");

    set(&page.button, "Close & leave");
    set(&page.help_label, "");
    render();
    has("value=\"cancel\">Close &amp; leave</button>");
    has("<bdi>https://help.example.com/?a=1&amp;b=2</bdi></a>");

    set(&page.action, "");
    render();
    has_not("<form");
}


static void
test_moment(void)
{
    start(PROCORE_PAGE_MOMENT);
    render();
    has("<meta http-equiv=\"refresh\" content=\"1\">");
    has("<a href=\"?state=0123abcd\">");

    start(PROCORE_PAGE_ERROR);
    render();
    has_not("refresh");
}


static void
test_error(void)
{
    start(PROCORE_PAGE_ERROR);
    set(&page.app, "");
    set(&page.host, "");
    set(&page.login, "");
    set(&page.title, "This page has run out");
    set(&page.text, "Start again in the app.");
    render();

    has("<title>This page has run out</title>");
    has_not("<dl>");
    has_not("<form");
    has_not("<small>");
    has_not("class=\"note\"");
}


static void
test_code(void)
{
    start(PROCORE_PAGE_CODE);
    set(&page.code, "psg_0123456789abcdef");
    set(&page.company, "Acme <North>");
    page.company_id = 562949953421312;
    render();

    has("readonly spellcheck=\"false\">psg_0123456789abcdef</textarea>");
    has("only into the app that you started");
    has("<bdi>Acme &lt;North&gt;</bdi><small>562949953421312</small>");
    has_not("<form");
}


static void
test_done(void)
{
    start(PROCORE_PAGE_DONE);
    set(&page.app, "");
    set(&page.company, "Acme North");
    page.company_id = 562949953421312;
    render();

    has("<p>Return to the app and try again.");
    has("<bdi>Acme North</bdi><small>562949953421312</small>");
    has_not("<form");
}


int
main(void)
{
    int  kind;

    test_style();

    for (kind = PROCORE_PAGE_PICKER; kind <= PROCORE_PAGE_DONE; kind++) {
        test_frame((procore_page_e) kind);
    }

    test_picker();
    test_few_and_many();
    test_reachable(0);
    test_reachable(1001);
    test_reachable(1077);
    test_reachable(1250);
    test_preselected();
    test_search();
    test_search_pages();
    test_search_cost();
    test_partial();
    test_hostile();
    test_host();
    test_nothing();
    test_moment();
    test_error();
    test_code();
    test_done();

    return done_testing();
}

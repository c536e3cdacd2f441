
/*
 * How an authorization is kept, what derives from its secrets, and the text
 * that pages and redirects are made of.
 */


#include "unit.h"
#include "text.h"
#include "../../src/relay/procore_relay.h"


static procore_relay_t  relay;


static procore_str_t
constant(const char *s)
{
    procore_str_t  str;

    str.data = (const unsigned char *) s;
    str.len = strlen(s);

    return str;
}


static void
start(void)
{
    size_t  i;

    memset(&relay, 0, sizeof(relay));

    for (i = 0; i < PROCORE_RELAY_ID; i++) {
        relay.id[i] = (unsigned char) i;
        relay.secret[i] = (unsigned char) (255 - i);
    }

    relay.started_at = 1700000000;
    relay.received_at = UINT64_MAX;
    relay.user = 5;
    relay.company = 562949953421312;
    relay.client = constant("abc");
    relay.redirect_uri = constant("https://a.example/cb");
    relay.state = constant("");
    relay.answer = constant("{\"access_token\":\"x\"}");
    relay.companies = constant("not looked into");
    relay.token = constant("t");
    relay.partial = 1;
}


static int
same_text(const procore_str_t *one, const procore_str_t *other)
{
    return (one->data == NULL) == (other->data == NULL)
           && procore_equal(one, other);
}


static int
same(const procore_relay_t *one, const procore_relay_t *other)
{
    return memcmp(one->id, other->id, PROCORE_RELAY_ID) == 0
           && memcmp(one->secret, other->secret, PROCORE_RELAY_SECRET) == 0
           && one->started_at == other->started_at
           && one->received_at == other->received_at
           && one->user == other->user
           && one->company == other->company
           && same_text(&one->client, &other->client)
           && same_text(&one->redirect_uri, &other->redirect_uri)
           && same_text(&one->state, &other->state)
           && same_text(&one->challenge, &other->challenge)
           && same_text(&one->answer, &other->answer)
           && same_text(&one->verifier, &other->verifier)
           && same_text(&one->login, &other->login)
           && same_text(&one->name, &other->name)
           && same_text(&one->companies, &other->companies)
           && same_text(&one->token, &other->token)
           && one->known == other->known
           && one->partial == other->partial
           && one->forward == other->forward;
}


static int
unpacked(const unsigned char *data, size_t len, procore_relay_t *got)
{
    int            rc;
    procore_str_t  copy;

    copy = text_of(data, len);
    rc = procore_relay_unpack(got, copy.data, len);
    text_free(&copy);

    return rc;
}


static void
test_pack(void)
{
    int               bad;
    size_t            i, size;
    procore_relay_t   got;
    unsigned char    *data;

    start();

    size = procore_relay_size(&relay);
    data = malloc(size + 1);

    if (data == NULL) {
        abort();
    }

    data[size] = 'x';
    procore_relay_pack(&relay, data);
    ok(data[size] == 'x', "packing sets no more than it says");

    is_int(procore_relay_unpack(&got, data, size), PROCORE_OK, "unpacked");
    ok(same(&relay, &got), "is the same; empty is not none");

    bad = 0;

    for (i = 0; i < size; i++) {
        bad += unpacked(data, i, &got) != PROCORE_MALFORMED;
    }

    is_int(bad, 0, "cut anywhere, it is malformed");
    is_int(unpacked(data, size + 1, &got), PROCORE_MALFORMED, "or longer");

    data[0]++;
    is_int(unpacked(data, size, &got), PROCORE_MALFORMED, "another version");
    data[0]--;

    /* the flags stand after version, id, secret and four numbers */

    data[97] |= 0x08;
    is_int(unpacked(data, size, &got), PROCORE_MALFORMED, "unknown flag");
    data[97] = 0x05;
    is_int(procore_relay_unpack(&got, data, size), PROCORE_OK, "flags");
    ok(got.known && !got.partial && got.forward, "each by itself");

    memset(data + 98, 0xff, 4);
    is_int(unpacked(data, size, &got), PROCORE_MALFORMED,
           "a length beyond the end");

    free(data);
}


static void
test_companies(void)
{
    size_t          len;
    uint64_t        id;
    procore_str_t   list, name, copy;
    unsigned char   data[64], *end;

    name = constant("Acme North");
    end = procore_relay_company_write(data, 562949953421312, &name);
    ok((size_t) (end - data) == procore_relay_company_size(name.len), "size");

    name = constant("");
    end = procore_relay_company_write(end, 7, &name);
    len = (size_t) (end - data);
    ok(len == procore_relay_company_size(10) + procore_relay_company_size(0),
       "of two");

    copy = text_of(data, len);
    list = copy;
    is_int(procore_relay_company_next(&list, &id, &name), PROCORE_OK, "one");
    ok(id == 562949953421312 && text_is(&name, "Acme North"), "is it");
    is_int(procore_relay_company_next(&list, &id, &name), PROCORE_OK, "two");
    ok(id == 7 && text_is(&name, ""), "is the other");
    is_int(procore_relay_company_next(&list, &id, &name), PROCORE_NOT_FOUND,
           "no more");
    text_free(&copy);

    for (len = 0; len < procore_relay_company_size(10); len++) {
        copy = text_of(data, len);
        list = copy;

        if (procore_relay_company_next(&list, &id, &name)
            != PROCORE_NOT_FOUND)
        {
            break;
        }

        text_free(&copy);
    }

    ok(len == procore_relay_company_size(10), "cut anywhere, it ends");
}


static void
test_keys(void)
{
    procore_str_t   realm, login, callback, longer, shorter, name, other;
    unsigned char   scope[PROCORE_RELAY_SCOPE], moved[PROCORE_RELAY_SCOPE];
    unsigned char   key[PROCORE_DIGEST_SIZE], another[PROCORE_DIGEST_SIZE];

    realm = constant("production");
    login = constant("https://login.procore.com");
    callback = constant("https://gw.example.com/oauth/company/callback");
    longer = constant("https://login.procore.comh");
    shorter = constant("ttps://gw.example.com/oauth/company/callback");

    is_int(procore_relay_scope(&realm, &login, &callback, scope), PROCORE_OK,
           "a location");
    is_int(procore_relay_scope(&realm, &longer, &shorter, moved), PROCORE_OK,
           "one with a byte moved");
    ok(memcmp(scope, moved, sizeof(scope)) != 0, "is another");

    name = constant("0123");
    other = constant("0124");

    is_int(procore_relay_key(scope, PROCORE_RELAY_BY_ID, &name, key),
           PROCORE_OK, "a key");
    is_int(procore_relay_key(scope, PROCORE_RELAY_BY_ID, &name, another),
           PROCORE_OK, "once more");
    ok(memcmp(key, another, sizeof(key)) == 0, "is the same");
    is_int(procore_relay_key(scope, PROCORE_RELAY_BY_CODE, &name, another),
           PROCORE_OK, "another kind");
    ok(memcmp(key, another, sizeof(key)) != 0, "differs");
    is_int(procore_relay_key(scope, PROCORE_RELAY_BY_ID, &other, another),
           PROCORE_OK, "another name");
    ok(memcmp(key, another, sizeof(key)) != 0, "differs");
    is_int(procore_relay_key(moved, PROCORE_RELAY_BY_ID, &name, another),
           PROCORE_OK, "another location");
    ok(memcmp(key, another, sizeof(key)) != 0, "differs");
}


static void
test_seal(void)
{
    size_t          len;
    procore_str_t   secret, other;
    unsigned char   key[PROCORE_DIGEST_SIZE] = "key";
    unsigned char   out[6], sealed[6 + PROCORE_SEAL_OVERHEAD];

    secret = constant("secret");
    other = constant("Secret");

    is_int(procore_relay_seal(&secret, key, (const unsigned char *) "record",
                              6, sealed),
           PROCORE_OK, "sealed");
    is_int(procore_relay_unseal(&secret, key, sealed, sizeof(sealed), out,
                                &len),
           PROCORE_OK, "opened");
    ok(len == 6 && memcmp(out, "record", 6) == 0, "the same");
    is_int(procore_relay_unseal(&other, key, sealed, sizeof(sealed), out,
                                &len),
           PROCORE_MALFORMED, "with another secret");

    key[31] ^= 1;
    is_int(procore_relay_unseal(&secret, key, sealed, sizeof(sealed), out,
                                &len),
           PROCORE_MALFORMED, "under another key of the store");
}


static void
test_derived(void)
{
    procore_str_t   verifier;
    unsigned char   one[43], two[43], code[PROCORE_RELAY_CODE];
    unsigned char   again[PROCORE_RELAY_CODE], form[64], digits[16];

    verifier = constant("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
    is_int(procore_relay_challenge(&verifier, one), PROCORE_OK, "S256");
    ok(memcmp(one, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", 43) == 0,
       "of RFC 7636, appendix B");

    start();

    is_int(procore_relay_verifier(relay.secret, one), PROCORE_OK, "verifier");
    is_int(procore_relay_verifier(relay.secret, two), PROCORE_OK, "again");
    ok(memcmp(one, two, sizeof(one)) == 0, "is the same");
    is_int(procore_relay_verifier(relay.id, two), PROCORE_OK, "of another");
    ok(memcmp(one, two, sizeof(one)) != 0, "is another");

    is_int(procore_relay_code(relay.secret, 5, code), PROCORE_OK, "a code");
    is_int(procore_relay_code(relay.secret, 5, again), PROCORE_OK, "again");
    ok(memcmp(code, again, sizeof(code)) == 0, "is the same");
    is_int(procore_relay_code(relay.secret, 50, again), PROCORE_OK,
           "for another company");
    ok(memcmp(code, again, sizeof(code)) != 0, "is another");
    is_int(procore_relay_code(relay.secret, UINT64_MAX, again), PROCORE_OK,
           "for the longest id");

    is_int(procore_relay_form(relay.secret, form), PROCORE_OK, "a form");
    ok(memcmp(form, code + 4, sizeof(form)) != 0, "has not the code's digits");

    is_int(procore_relay_audit(relay.id, digits), PROCORE_OK, "for the audit");
    ok(memcmp(digits, "630dcd2966c43366", 16) == 0, "digits of SHA-256");
}


static void
test_is_code(void)
{
    size_t          i;
    procore_str_t   code, copy;
    unsigned char   text_code[PROCORE_RELAY_CODE + 1] = "";

    start();
    (void) procore_relay_code(relay.secret, 5, text_code);

    code.data = text_code;
    code.len = PROCORE_RELAY_CODE;
    ok(procore_relay_is_code(&code), "a code is one");

    for (i = 0; i < PROCORE_RELAY_CODE; i++) {
        copy = text_of(text_code, i);

        if (procore_relay_is_code(&copy)) {
            break;
        }

        text_free(&copy);
    }

    ok(i == PROCORE_RELAY_CODE, "a shorter one is not");

    text_code[PROCORE_RELAY_CODE] = '0';
    code.len++;
    ok(!procore_relay_is_code(&code), "nor is a longer one");
    code.len--;

    memcpy(text_code, "PSG_", 4);
    ok(!procore_relay_is_code(&code), "nor with another prefix");
    memcpy(text_code, "psg_", 4);

    memset(text_code + 4, 'A', 64);
    ok(!procore_relay_is_code(&code), "nor in upper case");
    memset(text_code + 4, 'a', 64);
    ok(procore_relay_is_code(&code), "letters are digits");
    text_code[67] = 'g';
    ok(!procore_relay_is_code(&code), "not all of them");
}


static const char *
html(const char *raw, size_t max)
{
    procore_out_t  out;
    procore_str_t  copy;

    copy = text(raw);
    out = text_out();
    procore_out_html(&out, &copy, max);
    text_free(&copy);

    return text_written(&out);
}


static void
test_html(void)
{
    size_t  i;

    static const char *const  hidden[] = {
        "\x01", "\t", "\n", "\r", "\x1f", "\x7f", "\xc2\x80", "\xc2\x9f",
        "\xd8\x9c", "\xe2\x80\x8e", "\xe2\x80\x8f", "\xe2\x80\xaa",
        "\xe2\x80\xab", "\xe2\x80\xac", "\xe2\x80\xad", "\xe2\x80\xae",
        "\xe2\x81\xa6", "\xe2\x81\xa7", "\xe2\x81\xa8", "\xe2\x81\xa9",
    };

    static const char *const  shown[] = {
        " ", "~", "\xc2\xa0", "\xd8\x9b", "\xe2\x80\x8d", "\xe2\x80\x90",
        "\xe2\x80\xa9", "\xe2\x80\xaf", "\xe2\x81\xa5", "\xe2\x81\xaa",
        "\xf0\x9f\x8f\x97",
    };

    static const struct {
        const char  *raw;
        const char  *html;
    } broken[] = {
        { "\xff", "\xef\xbf\xbd" },
        { "a\x80z", "a\xef\xbf\xbdz" },
        { "\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd" },
        { "\xe2\x80", "\xef\xbf\xbd" },
        { "\xe2\x80<", "\xef\xbf\xbd&lt;" },
        { "\xc3\"x", "\xef\xbf\xbd&quot;x" },
        { "\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
        { "\xf0\x9f\x8f", "\xef\xbf\xbd" },
    };

    is_str(html("<script>alert('\"&\"')</script>", 100),
           "&lt;script&gt;alert(&#39;&quot;&amp;&quot;&#39;)&lt;/script&gt;",
           "nothing of HTML is left");

    for (i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++) {
        is_str(html(hidden[i], 100), "", "left out: %zu", i);
    }

    for (i = 0; i < sizeof(shown) / sizeof(shown[0]); i++) {
        is_str(html(shown[i], 100), shown[i], "shown: %zu", i);
    }

    for (i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
        is_str(html(broken[i].raw, 100), broken[i].html, "no UTF-8: %zu", i);
    }

    is_str(html("abc", 3), "abc", "as long as allowed");
    is_str(html("abcd", 3), "abc\xe2\x80\xa6", "longer");
    is_str(html("abc\n\n", 3), "abc", "what is left out does not count");
    is_str(html("\xc3\xa9\xc3\xa9\xc3\xa9", 2), "\xc3\xa9\xc3\xa9\xe2\x80\xa6",
           "characters count, not bytes");
    is_str(html("&&&", 2), "&amp;&amp;\xe2\x80\xa6", "nor references");
    is_str(html("", 3), "", "empty");
}


static void
test_out(void)
{
    procore_out_t   out = { NULL, 0, 0 };
    unsigned char   memory[8] = "........";

    procore_out_text(&out, "text");
    procore_out_number(&out, UINT64_MAX);
    ok(out.len == 24, "without memory, the length is told");

    procore_out(&out, NULL, SIZE_MAX);
    ok(out.len == SIZE_MAX, "and does not wrap around");

    out.data = memory;
    out.size = 4;
    out.len = 0;

    procore_out_number(&out, 0);
    procore_out_text(&out, "abcdef");
    procore_out_text(&out, "x");

    ok(out.len == 8 && memcmp(memory, "0abc....", 8) == 0,
       "what does not fit is not written");

    out = text_out();
    procore_out_number(&out, 9223372036854775807);
    is_str(text_written(&out), "9223372036854775807", "a number");
}


int
main(void)
{
    test_pack();
    test_companies();
    test_keys();
    test_seal();
    test_derived();
    test_is_code();
    test_html();
    test_out();

    return done_testing();
}


/*
 * The chooser's links: what they derive from, and which one is handed out.
 */


#include "unit.h"
#include "../../src/relay/procore_choose.h"


static const unsigned char  key[PROCORE_SEAL_KEY] = "the key of the store";
static const unsigned char  scope[PROCORE_RELAY_SCOPE] = "one location";


static procore_str_t
text(const char *s)
{
    procore_str_t  str;

    str.len = strlen(s);
    str.data = (const unsigned char *) s;

    return str;
}


/* The link of a token, NUL-terminated. */

static const char *
link_of(const unsigned char *from, const unsigned char *place, const char *s,
    uint64_t window, char out[PROCORE_CHOOSE_LINK + 1])
{
    procore_str_t  token;

    token = text(s);

    out[PROCORE_CHOOSE_LINK] = '\0';

    return procore_choose_link(from, place, &token, window,
                               (unsigned char *) out)
           == PROCORE_OK ? out : "failed";
}


static void
test_link(void)
{
    char           one[PROCORE_CHOOSE_LINK + 1];
    char           other[PROCORE_CHOOSE_LINK + 1];
    procore_str_t  link;
    unsigned char  secret[PROCORE_RELAY_SECRET], form[64];
    unsigned char  other_secret[PROCORE_RELAY_SECRET];

    (void) link_of(key, scope, "token", 7, one);

    link = text(one);
    ok(procore_choose_is_link(&link), "it has its own form: %s", one);

    ok(strcmp(one, link_of(key, scope, "token", 7, other)) == 0,
       "the same at every call");
    ok(strcmp(one, link_of(key, scope, "tokem", 7, other)) != 0,
       "another token's is another one");
    ok(strcmp(one, link_of(key, scope, "token", 8, other)) != 0,
       "and another window's");
    ok(strcmp(one, link_of(key, scope, "token", 7 + (1ull << 56), other)) != 0,
       "all of the window counts");
    ok(strcmp(one, link_of(scope, scope, "token", 7, other)) != 0,
       "and another store's");
    ok(strcmp(one, link_of(key, key, "token", 7, other)) != 0,
       "and another location's");

    is_int(procore_choose_secret(&link, secret), PROCORE_OK, "a secret");
    link = text(other);
    is_int(procore_choose_secret(&link, other_secret), PROCORE_OK, "another");
    ok(memcmp(secret, other_secret, sizeof(secret)) != 0, "is another one");
    is_int(procore_relay_form(secret, form), PROCORE_OK, "good for a form");
}


static void
test_form(void)
{
    unsigned       i;
    procore_str_t  link;

    static const struct {
        const char  *link;
        int          good;
    } cases[] = {
        { "AAAAAAAAAAAAAAAAAAAAAA", 1 },
        { "_-9azAZAAAAAAAAAAAAAAQ", 1 },
        { "AAAAAAAAAAAAAAAAAAAAAB", 0 },     /* bits that encode nothing */
        { "AAAAAAAAAAAAAAAAAAAAA", 0 },
        { "AAAAAAAAAAAAAAAAAAAAAAA", 0 },
        { "AAAAAAAAAAAAAAAAAAAAAA==", 0 },
        { "AAAAAAAAAAAAAAAAAAAA+A", 0 },
        { "AAAAAAAAAA AAAAAAAAAAA", 0 },
        { "", 0 }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        link = text(cases[i].link);
        is_int(procore_choose_is_link(&link), cases[i].good, "\"%s\"",
               cases[i].link);
    }
}


/* A link as the store keeps it: made at a time, and used or not. */

typedef struct {
    uint64_t  made;
    unsigned  exists:1;
    unsigned  used:1;
} record_t;


static procore_choose_e
state(const record_t *record, uint64_t now)
{
    if (!record->exists || now >= record->made + PROCORE_CHOOSE_FOR) {
        return PROCORE_CHOOSE_NONE;
    }

    return record->used ? PROCORE_CHOOSE_USED : PROCORE_CHOOSE_LIVE;
}


/* A token that is refused at every "step" seconds, for some hours. */

static void
refuse(uint64_t from, uint64_t step)
{
    int        rc;
    record_t   records[64];
    uint64_t   now, window, first;
    unsigned   back, made, several, short_lived, live, i;

    memset(records, 0, sizeof(records));

    first = from / PROCORE_CHOOSE_FOR - 1;
    made = several = short_lived = 0;

    for (now = from; now < from + 36000; now += step) {

        window = now / PROCORE_CHOOSE_FOR - first;

        rc = procore_choose_pick(state(&records[window - 1], now),
                                 state(&records[window], now), &back);

        if (rc == PROCORE_NOT_FOUND) {
            short_lived += records[window].exists;
            records[window].exists = 1;
            records[window].made = now;
            made++;

        } else if (rc != PROCORE_OK
                   || state(&records[window - back], now)
                      != PROCORE_CHOOSE_LIVE)
        {
            short_lived++;
        }

        for (i = 0, live = 0; i < 64; i++) {
            live += state(&records[i], now) == PROCORE_CHOOSE_LIVE;
        }

        several += live != 1;
    }

    is_int(several, 0, "at %llu: one is live at any time",
           (unsigned long long) step);
    is_int(short_lived, 0, "and stays the one for all of its time");
    ok(made <= 36000 / PROCORE_CHOOSE_FOR + 1, "%u were made", made);
}


static void
test_pick(void)
{
    unsigned  back;

    is_int(procore_choose_pick(PROCORE_CHOOSE_NONE, PROCORE_CHOOSE_USED,
                               &back),
           PROCORE_CONFLICT, "it was used: none until the next window");
    is_int(procore_choose_pick(PROCORE_CHOOSE_USED, PROCORE_CHOOSE_NONE,
                               &back),
           PROCORE_NOT_FOUND, "the last one was used: a new one");
    is_int(procore_choose_pick(PROCORE_CHOOSE_LIVE, PROCORE_CHOOSE_NONE,
                               &back),
           PROCORE_OK, "the last one lives");
    is_int(back, 1, "and is handed out again");

    refuse(1795548000, 1);
    refuse(1795548599, 1);
    refuse(1795548321, 7);
    refuse(1795548000, 599);
    refuse(1795548000, 600);
    refuse(1795548001, 601);
    refuse(1795548000, 1201);
}


int
main(void)
{
    test_link();
    test_form();
    test_pick();

    return done_testing();
}

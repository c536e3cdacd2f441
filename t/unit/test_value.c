
#include "unit.h"
#include "../../src/claims/procore_value.h"


static char  seen[4096];


static void
on_claim(void *data, const procore_claim_t *claim)
{
    size_t  len;

    (void) data;

    len = strlen(seen);

    snprintf(seen + len, sizeof(seen) - len, "%s%.*s:%.*s ",
             claim->state == PROCORE_CLAIM_ID ? "" : "!",
             (int) claim->name.len, (const char *) claim->name.data,
             (int) claim->value.len, (const char *) claim->value.data);
}


static const procore_sink_t  sink = { NULL, on_claim, NULL, NULL, NULL };
static const procore_str_t   name = procore_str("n");


/* What a value reports, fed whole and byte by byte. */

static void
reads(procore_slot_e type, const char *text, const char *want)
{
    size_t           i, len;
    procore_slot_t   slot;
    procore_value_t  value;

    len = strlen(text);

    procore_slot_root(&slot);
    slot.type = type;
    slot.kind = PROCORE_KIND_PROJECT;

    seen[0] = '\0';
    procore_value_start(&value, &slot);
    procore_value_feed(&value, (const unsigned char *) text, len, &sink,
                       PROCORE_IN_QUERY, &name);
    procore_value_end(&value, &sink, PROCORE_IN_QUERY, &name);
    is_str(seen, want, "\"%s\"", text);

    seen[0] = '\0';
    procore_value_start(&value, &slot);

    for (i = 0; i < len; i++) {
        procore_value_feed(&value, (const unsigned char *) text + i, 1, &sink,
                           PROCORE_IN_QUERY, &name);
    }

    procore_value_end(&value, &sink, PROCORE_IN_QUERY, &name);
    is_str(seen, want, "\"%s\" byte by byte", text);
}


static void
test_long(void)
{
    char  text[201], want[80];

    memset(text, 'a', 200);
    text[200] = '\0';

    reads(PROCORE_SLOT_ID, text, "");

    snprintf(want, sizeof(want), "!n:%.64s ", text);

    text[199] = '1';
    reads(PROCORE_SLOT_ID, text, want);

    text[199] = 'a';
    text[64] = '.';
    reads(PROCORE_SLOT_ID, text, want);

    text[63] = ',';
    text[64] = '7';
    text[65] = ',';
    reads(PROCORE_SLOT_IDS, text, "n:7 ");

    memset(text, '1', 200);
    snprintf(want, sizeof(want), "!n:%.64s ", text);
    reads(PROCORE_SLOT_ID, text, want);
}


int
main(void)
{
    procore_slot_t  slot;

    static const procore_str_t  shown = procore_str("{...}");

    reads(PROCORE_SLOT_ID, "", "");
    reads(PROCORE_SLOT_ID, "5", "n:5 ");
    reads(PROCORE_SLOT_ID, "sync", "");
    reads(PROCORE_SLOT_ID, "5,6", "!n:5,6 ");
    reads(PROCORE_SLOT_ID, "a,b", "!n:a,b ");
    reads(PROCORE_SLOT_ID, ",", "!n:, ");
    reads(PROCORE_SLOT_ID, "007", "!n:007 ");
    reads(PROCORE_SLOT_ID, "123e4567-e89b-12d3-a456-426614174000",
          "!n:123e4567-e89b-12d3-a456-426614174000 ");

    reads(PROCORE_SLOT_IDS, "5", "n:5 ");
    reads(PROCORE_SLOT_IDS, "5,6,7", "n:5 n:6 n:7 ");
    reads(PROCORE_SLOT_IDS, ",5,,6,", "n:5 n:6 ");
    reads(PROCORE_SLOT_IDS, "5, 6", "n:5 !n: 6 ");
    reads(PROCORE_SLOT_IDS, "[5,6]", "!n:[5 !n:6] ");
    reads(PROCORE_SLOT_IDS, "all,5", "n:5 ");
    reads(PROCORE_SLOT_IDS, "5;6", "!n:5;6 ");

    reads(PROCORE_SLOT_OBJECT, "5", "");
    reads(PROCORE_SLOT_NONE, "5", "");
    reads(PROCORE_SLOT_PARAM, "5", "");

    test_long();

    procore_slot_root(&slot);
    slot.type = PROCORE_SLOT_IDS;

    seen[0] = '\0';
    procore_value_malformed(&slot, &sink, PROCORE_IN_BODY, &name, &shown);
    is_str(seen, "!n:{...} ", "an object in a slot");

    slot.type = PROCORE_SLOT_OBJECT;

    seen[0] = '\0';
    procore_value_malformed(&slot, &sink, PROCORE_IN_BODY, &name, &shown);
    is_str(seen, "", "an object where an object should stand");

    return done_testing();
}

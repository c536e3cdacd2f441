
#include <string.h>

#include "procore_value.h"


/* Letters that classify as nothing, however many there are. */

static int
procore_value_letters(const unsigned char *data, size_t len)
{
    uint64_t  id;

    return procore_id_classify(data, len, &id) == PROCORE_ID_NOTHING;
}


static void
procore_value_report(const procore_slot_t *slot, const procore_sink_t *sink,
    procore_carrier_e carrier, const procore_str_t *name,
    const procore_str_t *shown, procore_claim_state_e state, uint64_t id)
{
    procore_claim_t  claim;

    claim.carrier = carrier;
    claim.kind = slot->kind;
    claim.state = state;
    claim.id = id;
    claim.name = *name;
    claim.value = *shown;

    if (claim.value.len > PROCORE_CLAIM_VALUE) {
        claim.value.len = PROCORE_CLAIM_VALUE;
    }

    sink->claim(sink->data, &claim);
}


/* One id is complete: the whole value, or an element of a list. */

static void
procore_value_element(procore_value_t *value, const procore_sink_t *sink,
    procore_carrier_e carrier, const procore_str_t *name)
{
    uint64_t               id;
    procore_str_t          shown;
    procore_id_class_e     class;
    procore_claim_state_e  state;

    shown.len = value->len < PROCORE_CLAIM_VALUE ? value->len
                                                 : PROCORE_CLAIM_VALUE;
    shown.data = value->text;

    id = 0;
    class = procore_id_classify(shown.data, shown.len, &id);

    if (value->beyond) {
        class = PROCORE_ID_MALFORMED;
    }

    value->len = 0;
    value->beyond = 0;

    if (class == PROCORE_ID_NOTHING) {
        return;
    }

    state = class == PROCORE_ID_NUMBER ? PROCORE_CLAIM_ID
                                       : PROCORE_CLAIM_MALFORMED;

    procore_value_report(&value->slot, sink, carrier, name, &shown, state, id);
}


static void
procore_value_append(procore_value_t *value, const unsigned char *data,
    size_t len)
{
    size_t  room;

    if (value->len < PROCORE_CLAIM_VALUE) {
        room = PROCORE_CLAIM_VALUE - value->len;

        if (room > len) {
            room = len;
        }

        memcpy(value->text + value->len, data, room);

        value->len += room;
        data += room;
        len -= room;
    }

    if (len == 0) {
        return;
    }

    if (!value->beyond && !procore_value_letters(data, len)) {
        value->beyond = 1;
    }

    value->len = len < SIZE_MAX - value->len ? value->len + len : SIZE_MAX;
}


void
procore_value_start(procore_value_t *value, const procore_slot_t *slot)
{
    value->slot = *slot;
    value->len = 0;
    value->beyond = 0;
}


void
procore_value_feed(procore_value_t *value, const unsigned char *data,
    size_t len, const procore_sink_t *sink, procore_carrier_e carrier,
    const procore_str_t *name)
{
    const unsigned char  *comma;

    if (value->slot.type != PROCORE_SLOT_ID
        && value->slot.type != PROCORE_SLOT_IDS)
    {
        return;
    }

    while (len != 0) {
        comma = value->slot.type == PROCORE_SLOT_IDS ? memchr(data, ',', len)
                                                     : NULL;
        if (comma == NULL) {
            procore_value_append(value, data, len);
            return;
        }

        procore_value_append(value, data, (size_t) (comma - data));
        procore_value_element(value, sink, carrier, name);

        len -= (size_t) (comma - data) + 1;
        data = comma + 1;
    }
}


void
procore_value_end(procore_value_t *value, const procore_sink_t *sink,
    procore_carrier_e carrier, const procore_str_t *name)
{
    procore_value_element(value, sink, carrier, name);
}


void
procore_value_malformed(const procore_slot_t *slot, const procore_sink_t *sink,
    procore_carrier_e carrier, const procore_str_t *name,
    const procore_str_t *shown)
{
    if (slot->type == PROCORE_SLOT_ID || slot->type == PROCORE_SLOT_IDS) {
        procore_value_report(slot, sink, carrier, name, shown,
                             PROCORE_CLAIM_MALFORMED, 0);
    }
}

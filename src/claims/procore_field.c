
#include <string.h>

#include "procore_field.h"
#include "procore_utf8.h"


#define PROCORE_FIELD_CUT  "..."


static const procore_str_t  procore_field_object = procore_str("{...}");
static const procore_str_t  procore_field_upload = procore_str("[upload]");


void
procore_field_init(procore_field_t *field, const procore_rules_t *rules,
    const procore_sink_t *sink, procore_carrier_e carrier,
    unsigned char *scratch, size_t scratch_size)
{
    field->rules = rules;
    field->sink = sink;
    field->carrier = carrier;
    field->scratch = scratch;
    field->scratch_size = scratch_size;
    field->scratch_len = 0;
    field->too_long = 0;
    field->name.len = 0;
    field->name.data = field->shown;

    procore_slot_root(&field->slot);
}


static int
procore_field_name_clean(const unsigned char *name, size_t len)
{
    size_t          i;
    procore_utf8_t  utf8;

    if (len > PROCORE_FIELD_NAME) {
        return 0;
    }

    memset(&utf8, 0, sizeof(utf8));

    for (i = 0; i < len; i++) {
        if (name[i] < ' ' || name[i] == 0x7f
            || !procore_utf8_byte(&utf8, name[i]))
        {
            return 0;
        }
    }

    return utf8.left == 0;
}


/* The name as claims show it: a long one loses its middle. */

static void
procore_field_show(procore_field_t *field, const unsigned char *name,
    size_t len)
{
    size_t  cut, head, tail;

    if (len <= PROCORE_CLAIM_NAME) {
        field->name.data = name;
        field->name.len = len;
        return;
    }

    cut = sizeof(PROCORE_FIELD_CUT) - 1;
    head = (PROCORE_CLAIM_NAME - cut) / 2;
    tail = PROCORE_CLAIM_NAME - cut - head;

    memcpy(field->shown, name, head);
    memcpy(field->shown + head, PROCORE_FIELD_CUT, cut);
    memcpy(field->shown + head + cut, name + len - tail, tail);

    field->name.data = field->shown;
    field->name.len = PROCORE_CLAIM_NAME;
}


static void
procore_field_key(procore_field_t *field, const unsigned char *key, size_t len)
{
    procore_str_t         last;
    procore_slot_t        child;
    const procore_sink_t  *sink;

    sink = field->sink;

    if (procore_slot_key(field->rules, &field->slot, key, len, &child)
        != PROCORE_OK)
    {
        procore_value_malformed(&field->slot, sink, field->carrier,
                                &field->name, &procore_field_object);
    }

    if (child.unlisted && sink->unlisted != NULL) {
        last.data = key;
        last.len = len;

        sink->unlisted(sink->data, field->carrier, &last);
    }

    field->slot = child;
}


static int
procore_field_bracket(unsigned char c)
{
    return c == '[' || c == ']';
}


int
procore_field_name(procore_field_t *field, const unsigned char *name,
    size_t len)
{
    size_t  i, start;

    if (!procore_field_name_clean(name, len)) {
        return PROCORE_MALFORMED;
    }

    procore_slot_root(&field->slot);
    procore_field_show(field, name, len);

    field->scratch_len = 0;
    field->too_long = 0;

    for (i = 0; i < len && procore_field_bracket(name[i]); i++) { /* void */ }

    while (i < len) {

        if (name[i] == '[' && i + 1 < len && name[i + 1] == ']') {
            procore_slot_index(&field->slot, &field->slot);
            i += 2;

        } else if (procore_field_bracket(name[i])) {
            i++;
            continue;

        } else {
            start = i;

            while (i < len && !procore_field_bracket(name[i])) {
                i++;
            }

            procore_field_key(field, name + start, i - start);
        }

        if (field->slot.depth > PROCORE_DEPTH) {
            return PROCORE_MALFORMED;
        }
    }

    procore_value_start(&field->value, &field->slot);

    return PROCORE_OK;
}


void
procore_field_feed(procore_field_t *field, const unsigned char *data,
    size_t len)
{
    if (field->slot.type != PROCORE_SLOT_PARAM) {
        procore_value_feed(&field->value, data, len, field->sink,
                           field->carrier, &field->name);
        return;
    }

    if (len > field->scratch_size - field->scratch_len) {
        field->too_long = 1;
        return;
    }

    if (len != 0) {
        memcpy(field->scratch + field->scratch_len, data, len);
        field->scratch_len += len;
    }
}


static void
procore_field_param(procore_field_t *field, procore_value_e type)
{
    procore_str_t          value, name;
    const procore_sink_t  *sink;

    sink = field->sink;

    if (sink->param == NULL && field->slot.param != PROCORE_PARAM_FIELD) {
        return;
    }

    value.data = field->shown;
    value.len = 0;

    if (field->slot.indexed) {
        type = PROCORE_VALUE_OTHER;

    } else if (type == PROCORE_VALUE_TEXT && field->too_long) {
        type = PROCORE_VALUE_LONG;

    } else if (type == PROCORE_VALUE_TEXT && field->scratch_len != 0) {
        value.data = field->scratch;
        value.len = field->scratch_len;
    }

    if (field->slot.param != PROCORE_PARAM_FIELD) {
        sink->param(sink->data, field->carrier, field->slot.param, type,
                    &value);
        return;
    }

    name = field->name;

    if (name.len >= PROCORE_CLAIM_NAME) {
        name.len = 0;

        if (type != PROCORE_VALUE_OTHER) {
            type = PROCORE_VALUE_LONG;
        }
    }

    sink->field(sink->data, field->carrier, &name, type, &value);
}


void
procore_field_end(procore_field_t *field, procore_value_e type)
{
    if (field->slot.type == PROCORE_SLOT_PARAM) {
        procore_field_param(field, type);

    } else if (!procore_field_wanted(field)) {
        return;

    } else if (type == PROCORE_VALUE_TEXT) {
        procore_value_end(&field->value, field->sink, field->carrier,
                          &field->name);

    } else if (type == PROCORE_VALUE_OTHER) {
        procore_value_malformed(&field->slot, field->sink, field->carrier,
                                &field->name, &procore_field_upload);
    }
}


#include <string.h>

#include "procore_json.h"


static const procore_str_t  procore_json_object = procore_str("{...}");
static const procore_str_t  procore_json_true = procore_str("true");
static const procore_str_t  procore_json_false = procore_str("false");


/* Makes *slot the meaning of the next value; most have none. */

static void
procore_json_expect(procore_json_t *json, const procore_slot_t *slot)
{
    json->slot = *slot;
    json->named = 0;

    json->lex.skip = slot->type != PROCORE_SLOT_ID
                     && slot->type != PROCORE_SLOT_IDS
                     && (slot->type != PROCORE_SLOT_PARAM || slot->indexed);

    if (!json->lex.skip) {
        json->scratch_len = 0;
        procore_value_start(&json->value, slot);
    }
}


static int
procore_json_wanted(const void *data, const unsigned char *name, size_t len)
{
    const procore_json_t  *json = data;

    return !procore_slot_plain(json->rules, &json->levels[json->lex.depth].slot,
                               name, len);
}


/* The innermost container is this object. */

static void
procore_json_in_object(procore_json_t *json, const procore_json_level_t *level)
{
    json->lex.names = procore_slot_endings(json->rules, &level->slot,
                                           &json->lex.names_mask);
}


static void
procore_json_name_index(procore_name_text_t *name, uint64_t n)
{
    size_t         i;
    unsigned char  digits[20];

    i = sizeof(digits);

    do {
        digits[--i] = (unsigned char) ('0' + n % 10);
        n /= 10;
    } while (n != 0);

    procore_name_text_add(name, digits + i, sizeof(digits) - i);
}


/* The path to the current value, which stands "depth" containers deep. */

static procore_str_t
procore_json_name(procore_json_t *json, size_t depth)
{
    size_t                       i, end;
    const procore_json_level_t  *level;

    if (json->named) {
        return procore_name_text(&json->name);
    }

    json->named = 1;

    procore_name_text_start(&json->name);

    for (i = 1; i <= depth; i++) {
        level = &json->levels[i];

        if (i > 1) {
            procore_name_text_add(&json->name, (const unsigned char *) ".", 1);
        }

        if (!level->object) {
            procore_json_name_index(&json->name, json->lex.index[i]);

        } else if (i == depth) {
            procore_name_text_add(&json->name, json->member.data,
                                  json->member.len);

        } else {
            end = json->levels[i + 1].path_len;

            procore_name_text_add(&json->name, json->path + level->path_len,
                                  end - level->path_len);
        }
    }

    return procore_name_text(&json->name);
}


static void
procore_json_malformed(procore_json_t *json, size_t depth,
    const procore_str_t *shown)
{
    procore_str_t  name;

    name = procore_json_name(json, depth);

    procore_value_malformed(&json->slot, json->sink, PROCORE_IN_BODY, &name,
                            shown);
}


static void
procore_json_param(procore_json_t *json, procore_value_e type)
{
    procore_str_t          text, name;
    const procore_sink_t  *sink;

    sink = json->sink;

    if (sink->param == NULL && json->slot.param != PROCORE_PARAM_FIELD) {
        return;
    }

    text.data = json->value.text;
    text.len = 0;

    if (type == PROCORE_VALUE_TEXT) {
        if (json->scratch_len > json->scratch_size) {
            type = PROCORE_VALUE_LONG;

        } else if (json->scratch_len != 0) {
            text.data = json->scratch;
            text.len = json->scratch_len;
        }
    }

    if (json->slot.param != PROCORE_PARAM_FIELD) {
        sink->param(sink->data, PROCORE_IN_BODY, json->slot.param, type,
                    &text);
        return;
    }

    name = json->member;

    if (name.len >= PROCORE_CLAIM_NAME) {
        name.len = 0;

        if (type != PROCORE_VALUE_OTHER) {
            type = PROCORE_VALUE_LONG;
        }
    }

    sink->field(sink->data, PROCORE_IN_BODY, &name, type, &text);
}


/* A piece of a parameter; once one does not fit, none does. */

static void
procore_json_param_text(procore_json_t *json, const procore_str_t *piece)
{
    if (piece->len == 0) {
        return;
    }

    if (json->scratch_len > json->scratch_size
        || piece->len > json->scratch_size - json->scratch_len)
    {
        json->scratch_len = SIZE_MAX;
        return;
    }

    memcpy(json->scratch + json->scratch_len, piece->data, piece->len);
    json->scratch_len += piece->len;
}


/* A piece of a string or number in a slot. */

static void
procore_json_text(procore_json_t *json, const procore_str_t *piece)
{
    procore_str_t  name;

    if (json->slot.type == PROCORE_SLOT_PARAM) {
        procore_json_param_text(json, piece);
        return;
    }

    name = procore_json_name(json, json->lex.depth);

    procore_value_feed(&json->value, piece->data, piece->len, json->sink,
                       PROCORE_IN_BODY, &name);
}


/* The string or number is complete; another one may follow in an array. */

static void
procore_json_text_end(procore_json_t *json, const procore_str_t *piece)
{
    procore_str_t  name;

    procore_json_text(json, piece);

    if (json->slot.type == PROCORE_SLOT_PARAM) {
        procore_json_param(json, PROCORE_VALUE_TEXT);
        return;
    }

    name = procore_json_name(json, json->lex.depth);

    procore_value_end(&json->value, json->sink, PROCORE_IN_BODY, &name);

    json->named = 0;
}


static void
procore_json_literal(procore_json_t *json, procore_json_token_e token)
{
    if (json->slot.type == PROCORE_SLOT_PARAM) {
        procore_json_param(json, token == PROCORE_JSON_NULL
                                 ? PROCORE_VALUE_NULL : PROCORE_VALUE_OTHER);

    } else if (token != PROCORE_JSON_NULL) {
        procore_json_malformed(json, json->lex.depth,
                               token == PROCORE_JSON_TRUE
                               ? &procore_json_true : &procore_json_false);
    }

    json->named = 0;
}


/* The input is about to go: keeps the name that points into it. */

static void
procore_json_keep_member(procore_json_t *json)
{
    if (json->pieces || json->member.data == json->kept.text) {
        return;
    }

    procore_name_text_start(&json->kept);
    procore_name_text_add(&json->kept, json->member.data, json->member.len);

    json->member = procore_name_text(&json->kept);
}


/* Keeps the name of the member whose value is a container. */

static void
procore_json_push_name(procore_json_t *json)
{
    procore_str_t  name;

    if (json->member.len > PROCORE_CLAIM_NAME) {
        procore_json_keep_member(json);
    }

    name = json->member;

    if (json->path_len >= PROCORE_CLAIM_NAME && name.len > PROCORE_NAME_TAIL) {
        name.data += name.len - PROCORE_NAME_TAIL;
        name.len = PROCORE_NAME_TAIL;
    }

    if (name.len != 0) {
        memcpy(json->path + json->path_len, name.data, name.len);
        json->path_len += name.len;
    }
}


static void
procore_json_open(procore_json_t *json, int object)
{
    size_t                 depth;
    procore_slot_t         slot;
    procore_json_level_t  *level;

    slot = json->slot;
    depth = json->lex.depth;
    level = &json->levels[depth];

    if (slot.type == PROCORE_SLOT_PARAM && !slot.indexed) {
        procore_json_param(json, PROCORE_VALUE_OTHER);

    } else if (object && !json->lex.skip) {
        procore_json_malformed(json, depth - 1, &procore_json_object);
    }

    if (depth > 1 && level[-1].object) {
        procore_json_push_name(json);
    }

    level->object = object ? 1 : 0;
    level->path_len = (uint16_t) json->path_len;
    level->slot = slot;

    if (object) {
        procore_json_in_object(json, level);

    } else {
        procore_slot_index(&slot, &level->slot);
        procore_json_expect(json, &level->slot);
    }
}


static void
procore_json_close(procore_json_t *json)
{
    const procore_json_level_t  *level;

    level = &json->levels[json->lex.depth];

    json->path_len = level->path_len;

    if (level->object) {
        procore_json_in_object(json, level);

    } else {
        procore_json_expect(json, &level->slot);
    }
}


/* A piece of a name that is not whole in the input. */

static void
procore_json_member_part(procore_json_t *json, const procore_str_t *piece)
{
    if (!json->pieces) {
        json->pieces = 1;
        procore_name_text_start(&json->kept);
    }

    procore_name_text_add(&json->kept, piece->data, piece->len);
}


static void
procore_json_member(procore_json_t *json, const procore_str_t *piece)
{
    size_t          len;
    procore_slot_t  slot;

    if (json->pieces) {
        procore_json_member_part(json, piece);

        json->pieces = 0;
        json->member = procore_name_text(&json->kept);
        len = json->kept.len;

    } else {
        json->member = *piece;
        len = piece->len;
    }

    /* an object in a place for an id was reported where it began */

    (void) procore_slot_key(json->rules, &json->levels[json->lex.depth].slot,
                            json->member.data, len, &slot);

    if (slot.unlisted && json->sink->unlisted != NULL) {
        json->sink->unlisted(json->sink->data, PROCORE_IN_BODY, &json->member);
    }

    procore_json_expect(json, &slot);
}


static void
procore_json_token(procore_json_t *json, procore_json_token_e token,
    const procore_str_t *text)
{
    switch (token) {

    case PROCORE_JSON_KEY:
        procore_json_member(json, text);
        break;

    case PROCORE_JSON_KEY_PART:
        procore_json_member_part(json, text);
        break;

    case PROCORE_JSON_OBJECT:
    case PROCORE_JSON_ARRAY:
        procore_json_open(json, token == PROCORE_JSON_OBJECT);
        break;

    case PROCORE_JSON_OBJECT_END:
    case PROCORE_JSON_ARRAY_END:
        procore_json_close(json);
        break;

    case PROCORE_JSON_STRING_PART:
    case PROCORE_JSON_NUMBER_PART:
        procore_json_text(json, text);
        break;

    case PROCORE_JSON_STRING:
    case PROCORE_JSON_NUMBER:
        procore_json_text_end(json, text);
        break;

    default:
        procore_json_literal(json, token);
        break;
    }
}


void
procore_json_start(procore_json_t *json, const procore_rules_t *rules,
    const procore_sink_t *sink, unsigned char *scratch, size_t scratch_size)
{
    procore_slot_t  root;

    json->rules = rules;
    json->sink = sink;
    json->scratch = scratch;
    json->scratch_size = scratch_size;
    json->rc = PROCORE_OK;
    json->pieces = 0;
    json->path_len = 0;
    json->levels[0].object = 1;
    json->levels[0].path_len = 0;
    json->member.data = json->kept.text;
    json->member.len = 0;

    procore_json_lex_start(&json->lex);

    json->lex.wanted = procore_json_wanted;
    json->lex.wanted_data = json;

    procore_slot_root(&root);

    if (rules->resource != PROCORE_KIND_NONE) {
        root.type = PROCORE_SLOT_OBJECT;
        root.kind = rules->resource;
    }

    json->levels[0].slot = root;
    procore_json_expect(json, &root);
}


int
procore_json_feed(procore_json_t *json, const unsigned char *data, size_t len)
{
    procore_str_t         text;
    procore_json_token_e  token;

    if (json->rc != PROCORE_OK) {
        return json->rc;
    }

    procore_json_lex_feed(&json->lex, data, len);

    token = procore_json_lex_next(&json->lex, &text);

    while (token > PROCORE_JSON_MORE) {
        procore_json_token(json, token, &text);
        token = procore_json_lex_next(&json->lex, &text);
    }

    if (token == PROCORE_JSON_FAILED) {
        json->rc = PROCORE_MALFORMED;
    }

    procore_json_keep_member(json);

    return json->rc;
}


int
procore_json_end(procore_json_t *json)
{
    if (json->rc == PROCORE_OK) {
        json->rc = procore_json_lex_end(&json->lex);
    }

    return json->rc;
}

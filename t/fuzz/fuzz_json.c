
/*
 * The claims of a JSON body do not depend on how it is split, and are those of
 * a walk through the tree that cJSON makes of it.
 *
 * The first byte of the input chooses the rules, the rest is the body.
 */


#include <stdio.h>
#include <stdlib.h>

#include <cjson/cJSON.h>

#include "../../src/claims/procore_json.h"
#include "fuzz_quote.h"


/* Longest body: it keeps the record of all claims within its bound. */

#define BODY    8192
#define RECORD  (1024 * 1024)


typedef struct {
    size_t  len;
    char    text[RECORD];
} record_t;


static record_t        whole, other;
static procore_json_t  json;
static char            quoted[3 * BODY];

static procore_name_t  extra[] = {
    { procore_str("site_id"), PROCORE_KIND_PROJECT },
    { procore_str("sites"), PROCORE_KIND_PROJECT },
    { procore_str("x_company_id"), PROCORE_KIND_NONE },
};


static void
record(record_t *rec, const void *data, size_t len)
{
    if (len > RECORD - rec->len) {
        abort();
    }

    if (len != 0) {
        memcpy(rec->text + rec->len, data, len);
        rec->len += len;
    }
}


static void
record_claim(void *data, const procore_claim_t *claim)
{
    char  head[64];
    int   n;

    if (claim->carrier != PROCORE_IN_BODY
        || claim->name.len > PROCORE_CLAIM_NAME
        || claim->value.len > PROCORE_CLAIM_VALUE)
    {
        abort();
    }

    n = snprintf(head, sizeof(head), "\nclaim %d %d %llu ", (int) claim->kind,
                 (int) claim->state, (unsigned long long) claim->id);

    record(data, head, (size_t) n);
    record(data, claim->name.data, claim->name.len);
    record(data, "=", 1);
    record(data, claim->value.data, claim->value.len);
}


static void
record_unlisted(void *data, procore_carrier_e carrier,
    const procore_str_t *name)
{
    (void) carrier;

    record(data, "\nunlisted ", 10);
    record(data, name->data, name->len);
}


static void
record_param(void *data, procore_carrier_e carrier, procore_param_e param,
    procore_value_e type, const procore_str_t *value)
{
    char  head[32];
    int   n;

    (void) carrier;

    n = snprintf(head, sizeof(head), "\nparam %d %d ", (int) param, (int) type);

    record(data, head, (size_t) n);
    record(data, value->data, value->len);
}


/* Pieces of "size" bytes; 0: of lengths that the bytes themselves give. */

static int
read_in_pieces(record_t *rec, const procore_rules_t *rules,
    const uint8_t *data, size_t len, size_t size)
{
    size_t           n;
    uint8_t         *piece;
    unsigned char    scratch[16];
    procore_sink_t   sink = { rec, record_claim, record_unlisted,
                              record_param, NULL };

    rec->len = 0;

    procore_json_start(&json, rules, &sink, scratch, sizeof(scratch));

    while (len != 0) {
        n = size ? size : (size_t) (data[0] & 0x1f) + 1;
        n = n < len ? n : len;

        piece = malloc(n);

        if (piece == NULL) {
            abort();
        }

        memcpy(piece, data, n);
        (void) procore_json_feed(&json, piece, n);
        free(piece);

        data += n;
        len -= n;
    }

    return procore_json_end(&json);
}


typedef struct {
    const procore_rules_t  *rules;
    procore_sink_t          sink;
} walk_t;


static void walk_value(const walk_t *walk, const cJSON *item,
    const procore_slot_t *slot, const char *path);


static procore_str_t
shown_name(const char *path, char *buf)
{
    size_t         len;
    procore_str_t  name;

    len = strlen(path);

    if (len > PROCORE_CLAIM_NAME) {
        len = (size_t) sprintf(buf, "%.62s...%s", path, path + len - 63);

    } else {
        memcpy(buf, path, len);
    }

    name.data = (unsigned char *) buf;
    name.len = len;

    return name;
}


static void
walk_text(const walk_t *walk, const char *text, const procore_slot_t *slot,
    const procore_str_t *name)
{
    size_t           len;
    const char      *end;
    procore_claim_t  claim;

    for ( ;; ) {
        end = slot->type == PROCORE_SLOT_IDS ? strchr(text, ',') : NULL;
        len = end ? (size_t) (end - text) : strlen(text);

        claim.carrier = PROCORE_IN_BODY;
        claim.kind = slot->kind;
        claim.id = 0;
        claim.name = *name;
        claim.value.data = (const unsigned char *) text;
        claim.value.len = len < PROCORE_CLAIM_VALUE ? len
                                                    : PROCORE_CLAIM_VALUE;

        switch (procore_id_classify((const unsigned char *) text, len,
                                    &claim.id))
        {
        case PROCORE_ID_NOTHING:
            break;

        case PROCORE_ID_NUMBER:
            claim.state = PROCORE_CLAIM_ID;
            walk->sink.claim(walk->sink.data, &claim);
            break;

        default:
            claim.state = PROCORE_CLAIM_MALFORMED;
            walk->sink.claim(walk->sink.data, &claim);
            break;
        }

        if (end == NULL) {
            return;
        }

        text = end + 1;
    }
}


static void
walk_param(const walk_t *walk, const cJSON *item, const procore_slot_t *slot)
{
    procore_str_t    value;
    procore_value_e  type;

    value.data = NULL;
    value.len = 0;

    if (slot->indexed) {
        return;
    }

    if (cJSON_IsString(item)) {
        type = PROCORE_VALUE_LONG;

        if (strlen(item->valuestring) <= 16) {
            type = PROCORE_VALUE_TEXT;
            value.data = (unsigned char *) item->valuestring;
            value.len = strlen(item->valuestring);
        }

    } else {
        type = cJSON_IsNull(item) ? PROCORE_VALUE_NULL : PROCORE_VALUE_OTHER;
    }

    walk->sink.param(walk->sink.data, PROCORE_IN_BODY, slot->param, type,
                     &value);
}


static void
walk_children(const walk_t *walk, const cJSON *item,
    const procore_slot_t *slot, const char *path)
{
    int              i;
    char            *below;
    size_t           len;
    const cJSON     *child;
    procore_str_t    key;
    procore_slot_t   next;

    i = 0;

    cJSON_ArrayForEach(child, item) {
        len = strlen(path) + (child->string ? strlen(child->string) : 0) + 32;
        below = malloc(len);

        if (below == NULL) {
            abort();
        }

        if (cJSON_IsArray(item)) {
            snprintf(below, len, "%s%s%d", path, slot->depth ? "." : "", i);
            procore_slot_index(slot, &next);

        } else {
            snprintf(below, len, "%s%s%s", path, slot->depth ? "." : "",
                     child->string);

            key.data = (unsigned char *) child->string;
            key.len = strlen(child->string);

            (void) procore_slot_key(walk->rules, slot, key.data, key.len,
                                    &next);

            if (next.unlisted) {
                walk->sink.unlisted(walk->sink.data, PROCORE_IN_BODY, &key);
            }
        }

        walk_value(walk, child, &next, below);
        free(below);
        i++;
    }
}


static void
walk_value(const walk_t *walk, const cJSON *item, const procore_slot_t *slot,
    const char *path)
{
    char             buf[PROCORE_CLAIM_NAME + 1];
    const char      *shown;
    procore_str_t    name, value;
    procore_claim_t  claim;

    name = shown_name(path, buf);

    if (slot->type == PROCORE_SLOT_PARAM) {
        walk_param(walk, item, slot);

    } else if (slot->type != PROCORE_SLOT_ID
               && slot->type != PROCORE_SLOT_IDS)
    {
        /* names nothing by itself */

    } else if (cJSON_IsString(item)) {
        walk_text(walk, item->valuestring, slot, &name);

    } else if (!cJSON_IsNull(item) && !cJSON_IsArray(item)) {
        shown = cJSON_IsObject(item) ? "{...}"
                : cJSON_IsTrue(item) ? "true" : "false";

        value.data = (const unsigned char *) shown;
        value.len = strlen(shown);

        claim.carrier = PROCORE_IN_BODY;
        claim.kind = slot->kind;
        claim.state = PROCORE_CLAIM_MALFORMED;
        claim.id = 0;
        claim.name = name;
        claim.value = value;

        walk->sink.claim(walk->sink.data, &claim);
    }

    walk_children(walk, item, slot, path);
}


static void
compare(const char *what)
{
    if (whole.len != other.len
        || memcmp(whole.text, other.text, whole.len) != 0)
    {
        fprintf(stderr, "%s differs:%.*s\nwhole:%.*s\n", what,
                (int) other.len, other.text, (int) whole.len, whole.text);
        abort();
    }
}


/* cJSON ends texts at a NUL: bodies with an escaped one are left out. */

static void
compare_with_tree(const procore_rules_t *rules, const char *text, size_t len)
{
    cJSON           *tree;
    size_t           i, n;
    procore_slot_t   root;
    walk_t           walk = { rules, { &other, record_claim, record_unlisted,
                                       record_param, NULL } };

    for (i = 0; i + 6 <= len; i++) {
        if (memcmp(text + i, "\\u0000", 6) == 0) {
            return;
        }
    }

    n = fuzz_quote_numbers(text, len, quoted);
    tree = cJSON_ParseWithLength(quoted, n);

    if (tree == NULL) {
        return;
    }

    other.len = 0;
    procore_slot_root(&root);

    if (rules->resource != PROCORE_KIND_NONE) {
        root.type = PROCORE_SLOT_OBJECT;
        root.kind = rules->resource;
    }

    walk_value(&walk, tree, &root, "");
    cJSON_Delete(tree);

    compare("the tree");
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int              rc;
    procore_rules_t  rules;

    if (size == 0 || size > BODY) {
        return 0;
    }

    rules.resource = data[0] & 8 ? PROCORE_KIND_PROJECT : PROCORE_KIND_NONE;
    rules.sync = data[0] & 1;
    rules.oauth = data[0] >> 1 & 1;
    rules.all = 0;
    rules.extra = extra;
    rules.nextra = data[0] & 4 ? sizeof(extra) / sizeof(extra[0]) : 0;

    data++;
    size--;

    rc = read_in_pieces(&whole, &rules, data, size, size ? size : 1);

    if (rc != read_in_pieces(&other, &rules, data, size, 1)) {
        abort();
    }

    compare("byte by byte");

    if (rc != read_in_pieces(&other, &rules, data, size, 0)) {
        abort();
    }

    compare("in pieces");

    if (rc == PROCORE_OK && size != 0) {
        compare_with_tree(&rules, (const char *) data, size);
    }

    return 0;
}


#include <string.h>

#include "procore_names.h"


/* Length of "company" and of "project". */

#define PROCORE_NAME_WORD  7


typedef struct {
    procore_str_t   name;
    procore_kind_e  kind;
    procore_slot_e  slot;
} procore_listed_t;


typedef struct {
    procore_str_t    name;
    procore_param_e  param;
    unsigned         always;    /* also where the rules do not ask */
} procore_listed_param_t;


#define PROCORE_NAME(text, kind, slot)                                        \
    { procore_str(text), PROCORE_KIND_##kind, PROCORE_SLOT_##slot },

static const procore_listed_t  procore_listed[] = {
#include "procore_names.def"
};

#undef PROCORE_NAME


static const procore_listed_param_t  procore_params[] = {
    { procore_str("access_token"),  PROCORE_PARAM_ACCESS_TOKEN,  1 },
    { procore_str("bearer_token"),  PROCORE_PARAM_BEARER_TOKEN,  1 },
    { procore_str("grant_type"),    PROCORE_PARAM_GRANT_TYPE,    0 },
    { procore_str("client_id"),     PROCORE_PARAM_CLIENT_ID,     0 },
    { procore_str("client_secret"), PROCORE_PARAM_CLIENT_SECRET, 0 },
    { procore_str("code"),          PROCORE_PARAM_CODE,          0 },
    { procore_str("refresh_token"), PROCORE_PARAM_REFRESH_TOKEN, 0 },
    { procore_str("token"),         PROCORE_PARAM_TOKEN,         0 },
};


/*
 * Last bytes: of names that count or look as if (1), and of parameters that are
 * always reported (2) or where the rules ask (4).
 */

static const unsigned char  procore_endings[256] = {
    ['d'] = 1 | 4,
    ['e'] = 4,
    ['n'] = 2 | 4,
    ['s'] = 1,
    ['t'] = 1 | 4,
    ['y'] = 1
};


static const procore_str_t  procore_name_updates = procore_str("updates");
static const procore_str_t  procore_name_id = procore_str("id");


static int
procore_name_is(const procore_str_t *name, const unsigned char *key, size_t len)
{
    return name->len == len && memcmp(name->data, key, len) == 0;
}


/*
 * Could this key be in the table?  Every listed name is "company" or "project"
 * itself or ends in one of the words with "_id", "Id", "_ids" or "Ids", and
 * nearly every key of a body is sorted out by its last bytes.
 */

static int
procore_name_shaped(const unsigned char *key, size_t len)
{
    const unsigned char  *word;

    if (len < PROCORE_NAME_WORD || len > PROCORE_NAME_MAX) {
        return 0;
    }

    if (key[len - 1] == 'y' || key[len - 1] == 't') {
        return len == PROCORE_NAME_WORD;
    }

    if (key[len - 1] == 's') {
        len--;
    }

    if (len < PROCORE_NAME_WORD + 2 || key[len - 1] != 'd') {
        return 0;
    }

    if (key[len - 2] == 'I') {
        len -= 2;

    } else if (key[len - 2] == 'i' && key[len - 3] == '_') {
        len -= 3;

    } else {
        return 0;
    }

    if (len < PROCORE_NAME_WORD) {
        return 0;
    }

    word = key + len - PROCORE_NAME_WORD;

    return memcmp(word + 1, "ompany", PROCORE_NAME_WORD - 1) == 0
           || memcmp(word + 1, "roject", PROCORE_NAME_WORD - 1) == 0;
}


/*
 * Does a key of that shape end like an id of a company or a project?  Within a
 * longer name a word of camel case begins with a capital letter.
 */

static int
procore_name_ends_like_id(const unsigned char *key, size_t len)
{
    size_t         tail;
    unsigned char  first;

    tail = key[len - 1] == 's';

    if (key[len - 1 - tail] != 'd') {
        return 0;
    }

    tail += key[len - 2 - tail] == 'I' ? 2 : 3;
    first = key[len - tail - PROCORE_NAME_WORD];

    if (key[len - tail] == 'I') {
        return first == 'C' || first == 'P';
    }

    return first == 'c' || first == 'p';
}


static const procore_listed_t *
procore_name_listed(const unsigned char *key, size_t len)
{
    size_t  i;

    for (i = 0; i < sizeof(procore_listed) / sizeof(procore_listed[0]); i++) {
        if (procore_name_is(&procore_listed[i].name, key, len)) {
            return &procore_listed[i];
        }
    }

    return NULL;
}


/* An operator's name; one that counts wins over the same one ignored. */

static const procore_name_t *
procore_name_extra(const procore_rules_t *rules, const unsigned char *key,
    size_t len)
{
    size_t                 i;
    const procore_name_t  *found;

    found = NULL;

    for (i = 0; i < rules->nextra; i++) {
        if (!procore_name_is(&rules->extra[i].name, key, len)) {
            continue;
        }

        if (rules->extra[i].kind != PROCORE_KIND_NONE) {
            return &rules->extra[i];
        }

        found = &rules->extra[i];
    }

    return found;
}


static void
procore_slot_param(const procore_rules_t *rules, const unsigned char *key,
    size_t len, procore_slot_t *child)
{
    size_t                         i;
    const procore_listed_param_t  *param;

    for (i = 0; i < sizeof(procore_params) / sizeof(procore_params[0]); i++) {
        param = &procore_params[i];

        if ((param->always || rules->oauth)
            && procore_name_is(&param->name, key, len))
        {
            child->type = PROCORE_SLOT_PARAM;
            child->param = param->param;
            return;
        }
    }

    if (rules->all) {
        child->type = PROCORE_SLOT_PARAM;
        child->param = PROCORE_PARAM_FIELD;
    }
}


/* Sets what a key means by itself, wherever it stands. */

static void
procore_slot_name(const procore_rules_t *rules, const unsigned char *key,
    size_t len, procore_slot_t *child)
{
    int                      shaped;
    const procore_name_t    *extra;
    const procore_listed_t  *listed;

    shaped = procore_name_shaped(key, len);
    listed = shaped ? procore_name_listed(key, len) : NULL;

    if (listed != NULL && listed->kind != PROCORE_KIND_NONE) {
        child->type = listed->slot;
        child->kind = listed->kind;
        return;
    }

    extra = NULL;

    if (rules->nextra != 0 && len != 0 && len <= PROCORE_NAME_MAX) {
        extra = procore_name_extra(rules, key, len);
    }

    if (extra != NULL) {
        if (extra->kind != PROCORE_KIND_NONE) {
            child->type = key[len - 1] == 's' ? PROCORE_SLOT_IDS
                                              : PROCORE_SLOT_ID;
            child->kind = extra->kind;
        }

        return;
    }

    if (rules->sync && procore_name_is(&procore_name_updates, key, len)) {
        child->type = PROCORE_SLOT_UPDATES;
        child->kind = PROCORE_KIND_PROJECT;
        return;
    }

    child->unlisted = shaped && listed == NULL
                      && procore_name_ends_like_id(key, len);
}


/*
 * Rails' strong parameters take a hash whose keys are whole numbers, negative
 * ones too and of any length, for a list.  A key that a reader may not have
 * kept whole could be such a number.
 */

static int
procore_key_is_index(const procore_slot_t *parent, const unsigned char *key,
    size_t len)
{
    size_t  i;

    if (len > PROCORE_NAME_MAX) {
        return parent->type != PROCORE_SLOT_ID
               && parent->type != PROCORE_SLOT_IDS;
    }

    i = len > 1 && key[0] == '-';

    if (i == len) {
        return 0;
    }

    for ( ; i < len; i++) {
        if (key[i] < '0' || key[i] > '9') {
            return 0;
        }
    }

    return 1;
}


int
procore_slot_key(const procore_rules_t *rules, const procore_slot_t *parent,
    const unsigned char *key, size_t len, procore_slot_t *child)
{
    procore_slot_t  slot;

    if (parent->type != PROCORE_SLOT_NONE
        && procore_key_is_index(parent, key, len))
    {
        procore_slot_index(parent, child);
        return PROCORE_OK;
    }

    procore_slot_root(&slot);
    slot.depth = (parent->depth + 1) & 0xffff;

    if ((parent->type == PROCORE_SLOT_OBJECT
         || parent->type == PROCORE_SLOT_UPDATES)
        && procore_name_is(&procore_name_id, key, len))
    {
        slot.type = PROCORE_SLOT_ID;
        slot.kind = parent->kind;

    } else {
        procore_slot_name(rules, key, len, &slot);
    }

    /* an action reads the values of a hash of updates, whatever the keys are */

    if (parent->type == PROCORE_SLOT_UPDATES && !parent->indexed
        && slot.type == PROCORE_SLOT_NONE)
    {
        slot.type = PROCORE_SLOT_UPDATES;
        slot.kind = parent->kind;
        slot.indexed = 1;
    }

    if (parent->depth == 0 && slot.type == PROCORE_SLOT_NONE) {
        procore_slot_param(rules, key, len, &slot);
    }

    /* the caller may step in place, so that *parent is read before */

    if (parent->type == PROCORE_SLOT_ID || parent->type == PROCORE_SLOT_IDS) {
        *child = slot;
        return PROCORE_MALFORMED;
    }

    if (parent->type == PROCORE_SLOT_PARAM && slot.type == PROCORE_SLOT_NONE) {
        slot.type = PROCORE_SLOT_PARAM;
        slot.param = parent->param;
        slot.indexed = 1;
    }

    *child = slot;

    return PROCORE_OK;
}


void
procore_slot_index(const procore_slot_t *parent, procore_slot_t *child)
{
    unsigned  depth;

    depth = parent->depth + 1;

    *child = *parent;

    child->depth = depth & 0xffff;
    child->unlisted = 0;
    child->indexed = 1;
}


const unsigned char *
procore_slot_endings(const procore_rules_t *rules,
    const procore_slot_t *parent, unsigned char *mask)
{
    if (parent->type != PROCORE_SLOT_NONE || rules->nextra != 0
        || (rules->all && parent->depth == 0))
    {
        return NULL;
    }

    *mask = 1;

    if (parent->depth == 0) {
        *mask |= rules->oauth ? 2 | 4 : 2;
    }

    return procore_endings;
}


int
procore_slot_plain(const procore_rules_t *rules, const procore_slot_t *parent,
    const unsigned char *key, size_t len)
{
    procore_slot_t  slot;

    if (procore_name_shaped(key, len)
        || (rules->sync && procore_name_is(&procore_name_updates, key, len)))
    {
        return 0;
    }

    if (parent->depth != 0) {
        return 1;
    }

    slot.type = PROCORE_SLOT_NONE;
    procore_slot_param(rules, key, len, &slot);

    return slot.type == PROCORE_SLOT_NONE;
}


int
procore_names_builtin(const unsigned char *name, size_t len)
{
    return procore_name_listed(name, len) != NULL;
}


#include "procore_list.h"


/* Containers that are open at an element's members, and at its company's. */

#define PROCORE_LIST_ELEMENT  2
#define PROCORE_LIST_COMPANY  3


typedef enum {
    PROCORE_LIST_OTHER = 0,
    PROCORE_LIST_ID,
    PROCORE_LIST_OWNER,       /* the member "company" */
    PROCORE_LIST_OWNER_ID
} procore_list_value_e;


static int
procore_list_fail(procore_list_t *list)
{
    list->rc = PROCORE_MALFORMED;

    return list->rc;
}


/* Sets what the next value is, and so whether it is handed out. */

static void
procore_list_expect(procore_list_t *list, procore_list_value_e value)
{
    list->value = (unsigned char) value;
    list->piece.len = 0;
    list->lex.skip = value == PROCORE_LIST_OTHER;
}


static int
procore_list_name(procore_list_t *list)
{
    procore_list_value_e  value;

    value = PROCORE_LIST_OTHER;

    if (list->lex.depth == PROCORE_LIST_ELEMENT) {
        if (procore_piece_is(&list->piece, "id")) {
            value = PROCORE_LIST_ID;

        } else if (procore_piece_is(&list->piece, "company")) {
            if (list->owned) {
                return procore_list_fail(list);
            }

            list->owned = 1;
            value = PROCORE_LIST_OWNER;
        }

    } else if (list->inside && list->lex.depth == PROCORE_LIST_COMPANY
               && procore_piece_is(&list->piece, "id"))
    {
        value = PROCORE_LIST_OWNER_ID;
    }

    procore_list_expect(list, value);

    return PROCORE_OK;
}


/* A string or a number is complete. */

static int
procore_list_scalar(procore_list_t *list)
{
    uint64_t  id;

    if (!procore_piece_id(&list->piece, &id)) {
        return procore_list_fail(list);
    }

    list->piece.len = 0;

    if (list->lex.depth == 1) {
        if (!list->bare) {
            return procore_list_fail(list);
        }

        list->count++;
        list->element.id = id;
        list->callback(list->data, &list->element);

        return PROCORE_OK;
    }

    if (list->value == PROCORE_LIST_ID && list->element.id == 0) {
        list->element.id = id;
        return PROCORE_OK;
    }

    if (list->value == PROCORE_LIST_OWNER_ID && list->element.company == 0) {
        list->element.company = id;
        return PROCORE_OK;
    }

    return procore_list_fail(list);
}


static int
procore_list_open(procore_list_t *list, int object, uint64_t position)
{
    unsigned  depth;

    depth = list->lex.depth;

    if (depth == 1) {
        list->array = 1;
        return object ? procore_list_fail(list) : PROCORE_OK;
    }

    if (depth == PROCORE_LIST_ELEMENT) {
        if (!object || (list->bare && list->count != 0)) {
            return procore_list_fail(list);
        }

        list->bare = 0;
        list->owned = 0;
        list->element.id = 0;
        list->element.company = 0;
        list->element.offset = position - 1;

    } else if (depth == PROCORE_LIST_COMPANY
               && list->value == PROCORE_LIST_OWNER)
    {
        if (!object) {
            return procore_list_fail(list);
        }

        list->inside = 1;

    } else if (list->value != PROCORE_LIST_OTHER) {
        return procore_list_fail(list);
    }

    procore_list_expect(list, PROCORE_LIST_OTHER);

    return PROCORE_OK;
}


static int
procore_list_close(procore_list_t *list, uint64_t position)
{
    if (list->lex.depth == PROCORE_LIST_COMPANY - 1 && list->inside) {
        list->inside = 0;

        return list->element.company != 0 ? PROCORE_OK
                                          : procore_list_fail(list);
    }

    if (list->lex.depth != PROCORE_LIST_ELEMENT - 1) {
        return PROCORE_OK;
    }

    if (list->element.id == 0) {
        return procore_list_fail(list);
    }

    list->count++;
    list->element.length = position - list->element.offset;
    list->callback(list->data, &list->element);

    list->lex.skip = 0;
    list->value = PROCORE_LIST_OTHER;

    return PROCORE_OK;
}


static int
procore_list_token(procore_list_t *list, procore_json_token_e token,
    const procore_str_t *text, uint64_t position)
{
    switch (token) {

    case PROCORE_JSON_KEY_PART:
    case PROCORE_JSON_STRING_PART:
    case PROCORE_JSON_NUMBER_PART:
        procore_piece_add(&list->piece, text);
        return PROCORE_OK;

    case PROCORE_JSON_KEY:
        procore_piece_add(&list->piece, text);
        return procore_list_name(list);

    case PROCORE_JSON_STRING:
    case PROCORE_JSON_NUMBER:
        procore_piece_add(&list->piece, text);
        return procore_list_scalar(list);

    case PROCORE_JSON_OBJECT:
    case PROCORE_JSON_ARRAY:
        return procore_list_open(list, token == PROCORE_JSON_OBJECT, position);

    case PROCORE_JSON_OBJECT_END:
    case PROCORE_JSON_ARRAY_END:
        return procore_list_close(list, position);

    case PROCORE_JSON_NULL:
        return list->value == PROCORE_LIST_OWNER ? PROCORE_OK
                                                 : procore_list_fail(list);

    default:
        return procore_list_fail(list);
    }
}


void
procore_list_start(procore_list_t *list, int bare, procore_list_pt callback,
    void *data)
{
    list->callback = callback;
    list->data = data;
    list->rc = PROCORE_OK;
    list->value = PROCORE_LIST_OTHER;
    list->bare = bare ? 1 : 0;
    list->array = 0;
    list->inside = 0;
    list->owned = 0;
    list->count = 0;
    list->base = 0;
    list->piece.len = 0;

    list->element.id = 0;
    list->element.company = 0;
    list->element.offset = 0;
    list->element.length = 0;

    procore_json_lex_start(&list->lex);
}


int
procore_list_feed(procore_list_t *list, const unsigned char *data, size_t len)
{
    uint64_t              position;
    procore_str_t         text;
    procore_json_token_e  token;

    if (list->rc != PROCORE_OK) {
        return list->rc;
    }

    procore_json_lex_feed(&list->lex, data, len);

    for ( ;; ) {
        token = procore_json_lex_next(&list->lex, &text);

        if (token == PROCORE_JSON_MORE) {
            break;
        }

        position = list->base + (uint64_t) (list->lex.pos - data);

        if (procore_list_token(list, token, &text, position) != PROCORE_OK) {
            return list->rc;
        }
    }

    list->base += len;

    return PROCORE_OK;
}


int
procore_list_end(procore_list_t *list)
{
    if (list->rc == PROCORE_OK
        && (!list->array || procore_json_lex_end(&list->lex) != PROCORE_OK))
    {
        return procore_list_fail(list);
    }

    return list->rc;
}

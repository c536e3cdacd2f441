
/*
 * Picks members out of a JSON document by their place: the strict reader of the
 * gate, with a list of the places that are wanted.
 */


#include <stdlib.h>
#include <string.h>

#include "procore_replay_json.h"


/* Of a text at first; it doubles. */

#define PROCORE_WALK_TEXT  256


static int procore_walk_token(procore_walk_t *walk, procore_json_token_e token,
    const procore_str_t *text);
static void procore_walk_name(procore_walk_t *walk, const procore_str_t *text,
    int last);
static int procore_walk_add(procore_walk_t *walk, const procore_str_t *text);
static int procore_walk_value(procore_walk_t *walk,
    procore_json_token_e type);
static int procore_walk_open(procore_walk_t *walk, int object);
static int procore_walk_close(procore_walk_t *walk, int object);


void
procore_walk_start(procore_walk_t *walk, const procore_walk_step_t *steps,
    size_t nsteps, const procore_walk_calls_t *calls, void *data)
{
    memset(walk, 0, sizeof(procore_walk_t));

    walk->steps = steps;
    walk->nsteps = nsteps;
    walk->calls = calls;
    walk->data = data;
    walk->rc = PROCORE_OK;
    walk->place = 1;

    procore_json_lex_start(&walk->lex);
}


int
procore_walk_feed(procore_walk_t *walk, const unsigned char *data, size_t len)
{
    procore_str_t         text;
    procore_json_token_e  token;

    if (walk->rc != PROCORE_OK) {
        return walk->rc;
    }

    procore_json_lex_feed(&walk->lex, data, len);

    for ( ;; ) {
        token = procore_json_lex_next(&walk->lex, &text);

        if (token == PROCORE_JSON_MORE) {
            return PROCORE_OK;
        }

        walk->rc = procore_walk_token(walk, token, &text);

        if (walk->rc != PROCORE_OK) {
            return walk->rc;
        }
    }
}


int
procore_walk_end(procore_walk_t *walk)
{
    if (walk->rc == PROCORE_OK) {
        walk->rc = procore_json_lex_end(&walk->lex);
    }

    return walk->rc;
}


void
procore_walk_free(procore_walk_t *walk)
{
    free(walk->text);

    walk->text = NULL;
    walk->size = 0;
}


static int
procore_walk_token(procore_walk_t *walk, procore_json_token_e token,
    const procore_str_t *text)
{
    switch (token) {

    case PROCORE_JSON_KEY_PART:
    case PROCORE_JSON_KEY:
        procore_walk_name(walk, text, token == PROCORE_JSON_KEY);
        return PROCORE_OK;

    case PROCORE_JSON_STRING_PART:
    case PROCORE_JSON_NUMBER_PART:
        return procore_walk_add(walk, text);

    case PROCORE_JSON_STRING:
    case PROCORE_JSON_NUMBER:
        if (procore_walk_add(walk, text) != PROCORE_OK) {
            return PROCORE_ERROR;
        }

        return procore_walk_value(walk, token);

    case PROCORE_JSON_TRUE:
    case PROCORE_JSON_FALSE:
    case PROCORE_JSON_NULL:
        return procore_walk_value(walk, token);

    case PROCORE_JSON_OBJECT:
    case PROCORE_JSON_ARRAY:
        return procore_walk_open(walk, token == PROCORE_JSON_OBJECT);

    case PROCORE_JSON_OBJECT_END:
    case PROCORE_JSON_ARRAY_END:
        return procore_walk_close(walk, token == PROCORE_JSON_OBJECT_END);

    default:
        return PROCORE_MALFORMED;
    }
}


/* A piece of a member's name; the last one tells where its value is. */

static void
procore_walk_name(procore_walk_t *walk, const procore_str_t *text, int last)
{
    size_t                      i;
    unsigned char               parent;
    const procore_walk_step_t  *step;

    if (walk->key_len > PROCORE_WALK_KEY
        || text->len > PROCORE_WALK_KEY - walk->key_len)
    {
        walk->key_len = PROCORE_WALK_KEY + 1;

    } else if (text->len != 0) {
        memcpy(walk->key + walk->key_len, text->data, text->len);
        walk->key_len += text->len;
    }

    if (!last) {
        return;
    }

    parent = walk->places[walk->lex.depth];
    walk->place = 0;
    walk->max = 0;

    for (i = 0; parent != 0 && i < walk->nsteps; i++) {
        step = &walk->steps[i];

        if (step->parent == parent && strlen(step->name) == walk->key_len
            && memcmp(step->name, walk->key, walk->key_len) == 0)
        {
            walk->place = step->place;
            walk->max = step->max;
            break;
        }
    }

    walk->key_len = 0;
}


static int
procore_walk_add(procore_walk_t *walk, const procore_str_t *text)
{
    size_t          n, size;
    unsigned char  *p;

    n = text->len;

    if (walk->place == 0 || n == 0) {
        return PROCORE_OK;
    }

    if (n > walk->max - walk->len) {
        n = walk->max - walk->len;
        walk->cut = 1;
    }

    if (n > walk->size - walk->len) {
        size = walk->size ? walk->size : PROCORE_WALK_TEXT;

        while (size - walk->len < n) {
            size *= 2;
        }

        p = realloc(walk->text, size);
        if (p == NULL) {
            return PROCORE_ERROR;
        }

        walk->text = p;
        walk->size = size;
    }

    if (n != 0) {
        memcpy(walk->text + walk->len, text->data, n);
        walk->len += n;
    }

    return PROCORE_OK;
}


static int
procore_walk_value(procore_walk_t *walk, procore_json_token_e type)
{
    int            rc;
    procore_str_t  text;

    rc = PROCORE_OK;

    if (walk->place != 0) {
        text.len = walk->len;
        text.data = walk->len ? walk->text : (const unsigned char *) "";

        rc = walk->calls->value(walk->data, walk->place, type, &text,
                                walk->cut);
    }

    walk->len = 0;
    walk->cut = 0;

    return rc;
}


static int
procore_walk_open(procore_walk_t *walk, int object)
{
    unsigned  depth;

    depth = walk->lex.depth;

    walk->places[depth] = walk->place;
    walk->arrays[depth] = !object;

    if (walk->place == 0 || walk->calls->open == NULL) {
        return PROCORE_OK;
    }

    return walk->calls->open(walk->data, walk->place, object);
}


static int
procore_walk_close(procore_walk_t *walk, int object)
{
    unsigned  depth, place;

    depth = walk->lex.depth;
    place = walk->places[depth + 1];

    if (depth != 0 && walk->arrays[depth]) {
        walk->place = walk->places[depth];
    }

    if (place == 0 || walk->calls->close == NULL) {
        return PROCORE_OK;
    }

    return walk->calls->close(walk->data, place, object);
}

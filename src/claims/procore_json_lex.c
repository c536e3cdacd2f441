
#include "procore_json_state.h"


static const struct {
    procore_str_t         text;
    procore_json_token_e  token;
} procore_json_literals[] = {
    { procore_str("true"),  PROCORE_JSON_TRUE },
    { procore_str("false"), PROCORE_JSON_FALSE },
    { procore_str("null"),  PROCORE_JSON_NULL },
};


static int
procore_json_in_object(const procore_json_lex_t *lex)
{
    return (int) (lex->objects & 1);
}


/*
 * The state of a number after one more byte; PROCORE_LEX_AFTER where the byte
 * does not belong to it, PROCORE_LEX_FAILED where it cannot stand there.
 */

static procore_json_state_e
procore_json_digit(procore_json_state_e state, unsigned char c)
{
    int  digit;

    digit = c >= '0' && c <= '9';

    switch (state) {

    case PROCORE_LEX_MINUS:
        return !digit ? PROCORE_LEX_FAILED
               : c == '0' ? PROCORE_LEX_ZERO : PROCORE_LEX_INTEGER;

    case PROCORE_LEX_DOT:
        return digit ? PROCORE_LEX_FRACTION : PROCORE_LEX_FAILED;

    case PROCORE_LEX_E:
        if (c == '+' || c == '-') {
            return PROCORE_LEX_E_SIGN;
        }

        /* fall through */

    case PROCORE_LEX_E_SIGN:
        return digit ? PROCORE_LEX_EXPONENT : PROCORE_LEX_FAILED;

    case PROCORE_LEX_ZERO:
        if (digit) {
            return PROCORE_LEX_FAILED;
        }

        break;

    default:
        if (digit) {
            return state;
        }

        break;
    }

    if (c == '.' && state <= PROCORE_LEX_INTEGER) {
        return PROCORE_LEX_DOT;
    }

    if ((c == 'e' || c == 'E') && state <= PROCORE_LEX_FRACTION) {
        return PROCORE_LEX_E;
    }

    return PROCORE_LEX_AFTER;
}


/* Reads on in a number; the piece to hand out begins at "start". */

static procore_json_token_e
procore_json_number(procore_json_lex_t *lex, const unsigned char *start,
    procore_str_t *text)
{
    procore_json_state_e  state, next;
    const unsigned char  *p;

    state = lex->state;

    for (p = lex->pos; p != lex->end; p++) {
        next = procore_json_digit(state, *p);

        if (next == PROCORE_LEX_FAILED) {
            return procore_json_fail(lex);
        }

        if (next == PROCORE_LEX_AFTER) {
            break;
        }

        state = next;
    }

    text->data = start;
    text->len = (size_t) (p - start);

    lex->pos = p;

    if (p != lex->end) {
        procore_json_done(lex);
        return lex->skip ? PROCORE_JSON_NONE : PROCORE_JSON_NUMBER;
    }

    lex->state = (unsigned char) state;

    return lex->skip ? PROCORE_JSON_NONE : PROCORE_JSON_NUMBER_PART;
}


static procore_json_token_e
procore_json_literal(procore_json_lex_t *lex)
{
    const procore_str_t  *text;

    text = &procore_json_literals[lex->literal].text;

    while (lex->pos != lex->end) {
        if (*lex->pos++ != text->data[lex->literal_pos++]) {
            return procore_json_fail(lex);
        }

        if (lex->literal_pos == text->len) {
            procore_json_done(lex);
            return lex->skip ? PROCORE_JSON_NONE
                             : procore_json_literals[lex->literal].token;
        }
    }

    return PROCORE_JSON_NONE;
}


static procore_json_token_e
procore_json_open(procore_json_lex_t *lex, unsigned object)
{
    if (lex->depth == PROCORE_DEPTH) {
        return procore_json_fail(lex);
    }

    lex->depth++;
    lex->index[lex->depth] = 0;
    lex->objects = lex->objects << 1 | object;
    lex->state = object ? PROCORE_LEX_MEMBER : PROCORE_LEX_ELEMENT;

    return object ? PROCORE_JSON_OBJECT : PROCORE_JSON_ARRAY;
}


static procore_json_token_e
procore_json_close(procore_json_lex_t *lex, unsigned char c)
{
    int  object;

    object = procore_json_in_object(lex);

    if (c != (object ? '}' : ']')) {
        return procore_json_fail(lex);
    }

    lex->depth--;
    lex->objects >>= 1;

    procore_json_done(lex);

    return object ? PROCORE_JSON_OBJECT_END : PROCORE_JSON_ARRAY_END;
}


static procore_json_token_e
procore_json_string_start(procore_json_lex_t *lex, unsigned char key,
    procore_str_t *text)
{
    lex->key = key;
    lex->state = PROCORE_LEX_STRING;

    return procore_json_string(lex, lex->pos, lex->pos, text);
}


static procore_json_token_e
procore_json_literal_start(procore_json_lex_t *lex, unsigned char which)
{
    lex->literal = which;
    lex->literal_pos = 1;
    lex->state = PROCORE_LEX_LITERAL;

    return procore_json_literal(lex);
}


/* A value begins with "c", which has been taken. */

static procore_json_token_e
procore_json_value(procore_json_lex_t *lex, unsigned char c,
    procore_str_t *text)
{
    switch (c) {

    case '"':
        return procore_json_string_start(lex, 0, text);

    case '{':
        return procore_json_open(lex, 1);

    case '[':
        return procore_json_open(lex, 0);

    case 't':
        return procore_json_literal_start(lex, 0);

    case 'f':
        return procore_json_literal_start(lex, 1);

    case 'n':
        return procore_json_literal_start(lex, 2);

    case '-':
        lex->state = PROCORE_LEX_MINUS;
        break;

    case '0':
        lex->state = PROCORE_LEX_ZERO;
        break;

    default:
        if (c < '1' || c > '9') {
            return procore_json_fail(lex);
        }

        lex->state = PROCORE_LEX_INTEGER;
        break;
    }

    return procore_json_number(lex, lex->pos - 1, text);
}


/* A comma, or the end of the innermost container. */

static procore_json_token_e
procore_json_after(procore_json_lex_t *lex, unsigned char c)
{
    if (c != ',') {
        return procore_json_close(lex, c);
    }

    if (procore_json_in_object(lex)) {
        lex->state = PROCORE_LEX_NAME;

    } else {
        lex->index[lex->depth]++;
        lex->state = PROCORE_LEX_VALUE;
    }

    return PROCORE_JSON_NONE;
}


/* Between two tokens, where any byte may come. */

static procore_json_token_e
procore_json_between(procore_json_lex_t *lex, procore_str_t *text)
{
    unsigned char  c;

    lex->pos = procore_json_blanks(lex->pos, lex->end);

    if (lex->pos == lex->end) {
        return PROCORE_JSON_NONE;
    }

    c = *lex->pos++;

    switch (lex->state) {

    case PROCORE_LEX_ELEMENT:
        if (c == ']') {
            return procore_json_close(lex, c);
        }

        /* fall through */

    case PROCORE_LEX_VALUE:
        return procore_json_value(lex, c, text);

    case PROCORE_LEX_MEMBER:
        if (c == '}') {
            return procore_json_close(lex, c);
        }

        /* fall through */

    case PROCORE_LEX_NAME:
        return c == '"' ? procore_json_string_start(lex, 1, text)
                        : procore_json_fail(lex);

    case PROCORE_LEX_COLON:
        lex->state = PROCORE_LEX_VALUE;
        return c == ':' ? PROCORE_JSON_NONE : procore_json_fail(lex);

    case PROCORE_LEX_AFTER:
        return procore_json_after(lex, c);

    default:
        return procore_json_fail(lex);
    }
}


void
procore_json_lex_start(procore_json_lex_t *lex)
{
    lex->pos = NULL;
    lex->end = NULL;
    lex->state = PROCORE_LEX_VALUE;
    lex->skip = 0;
    lex->names = NULL;
    lex->wanted = NULL;
    lex->wanted_data = NULL;
    lex->names_mask = 0;
    lex->key = 0;
    lex->utf8.left = 0;
    lex->begun = 0;
    lex->depth = 0;
    lex->surrogate = 0;
    lex->objects = 0;
    lex->index[0] = 0;
}


void
procore_json_lex_feed(procore_json_lex_t *lex, const unsigned char *data,
    size_t len)
{
    lex->pos = data;
    lex->end = data;

    if (len != 0) {
        lex->end = data + len;
        lex->begun = 1;
    }
}


procore_json_token_e
procore_json_lex_next(procore_json_lex_t *lex, procore_str_t *text)
{
    procore_json_token_e  token;

    do {
        if (lex->state == PROCORE_LEX_FAILED) {
            return PROCORE_JSON_FAILED;
        }

        if (lex->pos == lex->end) {
            return PROCORE_JSON_MORE;
        }

        switch (lex->state) {

        case PROCORE_LEX_VALUE:
        case PROCORE_LEX_MEMBER:
        case PROCORE_LEX_NAME:
        case PROCORE_LEX_AFTER:
            token = lex->depth != 0 ? procore_json_run(lex, text)
                                    : PROCORE_JSON_NONE;

            if (token == PROCORE_JSON_NONE) {
                token = procore_json_between(lex, text);
            }

            break;

        case PROCORE_LEX_ELEMENT:
        case PROCORE_LEX_COLON:
        case PROCORE_LEX_END:
            token = procore_json_between(lex, text);
            break;

        case PROCORE_LEX_STRING:
            token = procore_json_string(lex, lex->pos, lex->pos, text);
            break;

        case PROCORE_LEX_ESCAPE:
        case PROCORE_LEX_HEX:
        case PROCORE_LEX_SURROGATE:
        case PROCORE_LEX_SURROGATE_U:
            token = procore_json_escaped(lex, text);
            break;

        case PROCORE_LEX_LITERAL:
            token = procore_json_literal(lex);
            break;

        default:
            token = procore_json_number(lex, lex->pos, text);
            break;
        }

    } while (token == PROCORE_JSON_NONE);

    return token;
}


int
procore_json_lex_end(const procore_json_lex_t *lex)
{
    switch (lex->state) {

    case PROCORE_LEX_END:
        return PROCORE_OK;

    case PROCORE_LEX_VALUE:
        return lex->begun ? PROCORE_MALFORMED : PROCORE_OK;

    case PROCORE_LEX_ZERO:
    case PROCORE_LEX_INTEGER:
    case PROCORE_LEX_FRACTION:
    case PROCORE_LEX_EXPONENT:
        return lex->depth == 0 ? PROCORE_OK : PROCORE_MALFORMED;

    default:
        return PROCORE_MALFORMED;
    }
}

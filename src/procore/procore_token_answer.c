
#include "../claims/procore_json_lex.h"
#include "procore_piece.h"
#include "procore_token_answer.h"


typedef enum {
    PROCORE_ANSWER_ACCESS_TOKEN = 0,
    PROCORE_ANSWER_REFRESH_TOKEN,
    PROCORE_ANSWER_EXPIRES_IN,
    PROCORE_ANSWER_CREATED_AT,
    PROCORE_ANSWER_OTHER
} procore_answer_member_e;


static const char *const  procore_answer_names[] = {
    "access_token",
    "refresh_token",
    "expires_in",
    "created_at"
};


typedef struct {
    procore_token_answer_t   *answer;
    procore_answer_member_e   member;
    unsigned                  seen;      /* a bit a member */
    unsigned                  object;    /* the outermost one has begun */
    procore_piece_t           piece;     /* a name or a number */
    unsigned char            *text;      /* where the current token begins */
    unsigned char            *last;      /* free memory */
    procore_json_lex_t        lex;
} procore_answer_t;


static int
procore_answer_is_token(const procore_answer_t *reader)
{
    return reader->member <= PROCORE_ANSWER_REFRESH_TOKEN;
}


static int
procore_answer_name(procore_answer_t *reader)
{
    unsigned  i;

    reader->member = PROCORE_ANSWER_OTHER;
    reader->text = reader->last;

    if (reader->lex.depth == 1) {
        for (i = 0; i < PROCORE_ANSWER_OTHER; i++) {
            if (procore_piece_is(&reader->piece, procore_answer_names[i])) {
                reader->member = (procore_answer_member_e) i;

                if (reader->seen & (1u << i)) {
                    return PROCORE_MALFORMED;
                }

                reader->seen |= 1u << i;
            }
        }
    }

    reader->piece.len = 0;
    reader->lex.skip = reader->member == PROCORE_ANSWER_OTHER;

    return PROCORE_OK;
}


/* Unescaped text is never longer than the text that it comes from. */

static void
procore_answer_keep(procore_answer_t *reader, const procore_str_t *piece)
{
    if (piece->len != 0) {
        memcpy(reader->last, piece->data, piece->len);
        reader->last += piece->len;
    }
}


static int
procore_answer_token(procore_answer_t *reader)
{
    procore_str_t         *token;
    const unsigned char   *p;

    for (p = reader->text; p != reader->last; p++) {
        if (*p < ' ' || *p > '~') {
            return PROCORE_MALFORMED;
        }
    }

    token = reader->member == PROCORE_ANSWER_ACCESS_TOKEN
            ? &reader->answer->access_token : &reader->answer->refresh_token;

    token->data = reader->text;
    token->len = (size_t) (reader->last - reader->text);

    return PROCORE_OK;
}


static int
procore_answer_number(procore_answer_t *reader)
{
    uint64_t  n;

    n = 0;

    if (!procore_piece_is(&reader->piece, "0")
        && !procore_piece_id(&reader->piece, &n))
    {
        return PROCORE_MALFORMED;
    }

    reader->piece.len = 0;

    if (reader->member == PROCORE_ANSWER_EXPIRES_IN) {
        reader->answer->expires_in = n;

    } else {
        reader->answer->created_at = n;
    }

    return PROCORE_OK;
}


static int
procore_answer_open(procore_answer_t *reader, int object)
{
    if (reader->member != PROCORE_ANSWER_OTHER
        || (reader->lex.depth == 1 && !object))
    {
        return PROCORE_MALFORMED;
    }

    reader->object = 1;
    reader->lex.skip = 1;

    return PROCORE_OK;
}


static int
procore_answer_value(procore_answer_t *reader, procore_json_token_e token,
    const procore_str_t *text)
{
    int  string, number;

    string = token == PROCORE_JSON_STRING_PART || token == PROCORE_JSON_STRING;
    number = token == PROCORE_JSON_NUMBER_PART || token == PROCORE_JSON_NUMBER;

    if (reader->member == PROCORE_ANSWER_OTHER) {
        return PROCORE_MALFORMED;
    }

    if (token == PROCORE_JSON_NULL) {
        return PROCORE_OK;
    }

    if (string && procore_answer_is_token(reader)) {
        procore_answer_keep(reader, text);

        return token == PROCORE_JSON_STRING ? procore_answer_token(reader)
                                            : PROCORE_OK;
    }

    if (number && !procore_answer_is_token(reader)) {
        procore_piece_add(&reader->piece, text);

        return token == PROCORE_JSON_NUMBER ? procore_answer_number(reader)
                                            : PROCORE_OK;
    }

    return PROCORE_MALFORMED;
}


static int
procore_answer_next(procore_answer_t *reader, procore_json_token_e token,
    const procore_str_t *text)
{
    switch (token) {

    case PROCORE_JSON_FAILED:
        return PROCORE_MALFORMED;

    case PROCORE_JSON_KEY_PART:
        procore_piece_add(&reader->piece, text);
        return PROCORE_OK;

    case PROCORE_JSON_KEY:
        procore_piece_add(&reader->piece, text);
        return procore_answer_name(reader);

    case PROCORE_JSON_OBJECT:
    case PROCORE_JSON_ARRAY:
        return procore_answer_open(reader, token == PROCORE_JSON_OBJECT);

    case PROCORE_JSON_OBJECT_END:
    case PROCORE_JSON_ARRAY_END:
        return PROCORE_OK;

    default:
        return procore_answer_value(reader, token, text);
    }
}


int
procore_token_answer_read(procore_token_answer_t *answer,
    const unsigned char *data, size_t len, unsigned char *memory)
{
    procore_str_t         text;
    procore_answer_t      reader;
    procore_json_token_e  token;

    memset(answer, 0, sizeof(procore_token_answer_t));

    if (len > PROCORE_TOKEN_ANSWER_MAX) {
        return PROCORE_TOO_LARGE;
    }

    reader.answer = answer;
    reader.member = PROCORE_ANSWER_OTHER;
    reader.seen = 0;
    reader.object = 0;
    reader.piece.len = 0;
    reader.text = memory;
    reader.last = memory;

    procore_json_lex_start(&reader.lex);
    procore_json_lex_feed(&reader.lex, data, len);

    for ( ;; ) {
        token = procore_json_lex_next(&reader.lex, &text);

        if (token == PROCORE_JSON_MORE) {
            break;
        }

        if (procore_answer_next(&reader, token, &text) != PROCORE_OK) {
            return PROCORE_MALFORMED;
        }
    }

    if (procore_json_lex_end(&reader.lex) != PROCORE_OK || !reader.object
        || answer->access_token.len == 0)
    {
        return PROCORE_MALFORMED;
    }

    return PROCORE_OK;
}

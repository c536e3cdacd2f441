
#include "../claims/procore_json_lex.h"
#include "procore_company.h"
#include "procore_piece.h"


/* The members of the outermost object that are read, as bits. */

typedef enum {
    PROCORE_COMPANY_OTHER = 0,
    PROCORE_COMPANY_TEXT = 1,      /* the one that is kept as text */
    PROCORE_COMPANY_ID = 2,
    PROCORE_COMPANY_ACTIVE = 4
} procore_company_member_e;


typedef struct {
    const char                *text_name;   /* name of the text */
    const char                *id_name;     /* NULL: not looked for */
    const char                *active_name;
    procore_company_member_e   member;
    unsigned                   seen;        /* of the members */
    unsigned                   object:1;    /* the outermost one has begun */
    unsigned                   inactive:1;
    uint64_t                   id;
    procore_piece_t            piece;       /* a name or an id */
    unsigned char             *last;        /* end of the text */
    procore_json_lex_t         lex;
} procore_company_t;


static void
procore_company_start(procore_company_t *reader, unsigned char *memory)
{
    memset(reader, 0, sizeof(procore_company_t));

    reader->last = memory;

    procore_json_lex_start(&reader->lex);
}


static int
procore_company_is(const procore_company_t *reader, const char *name)
{
    return name != NULL && procore_piece_is(&reader->piece, name);
}


static int
procore_company_name(procore_company_t *reader)
{
    reader->member = PROCORE_COMPANY_OTHER;

    if (reader->lex.depth == 1) {
        if (procore_company_is(reader, reader->text_name)) {
            reader->member = PROCORE_COMPANY_TEXT;

        } else if (procore_company_is(reader, reader->id_name)) {
            reader->member = PROCORE_COMPANY_ID;

        } else if (procore_company_is(reader, reader->active_name)) {
            reader->member = PROCORE_COMPANY_ACTIVE;
        }
    }

    reader->piece.len = 0;
    reader->lex.skip = reader->member == PROCORE_COMPANY_OTHER;

    if (reader->seen & reader->member) {
        return PROCORE_MALFORMED;
    }

    reader->seen |= reader->member;

    return PROCORE_OK;
}


static int
procore_company_open(procore_company_t *reader, int object)
{
    if (reader->lex.depth == 1 && !object) {
        return PROCORE_MALFORMED;
    }

    reader->object = 1;
    reader->member = PROCORE_COMPANY_OTHER;
    reader->lex.skip = 1;

    return PROCORE_OK;
}


/* A string or a number of a member that is read, or a piece of it. */

static int
procore_company_scalar(procore_company_t *reader, procore_json_token_e token,
    const procore_str_t *text)
{
    if (reader->member == PROCORE_COMPANY_TEXT
        && (token == PROCORE_JSON_STRING || token == PROCORE_JSON_STRING_PART))
    {
        /* unescaped text is never longer than the text that it comes from */

        if (text->len != 0) {
            memcpy(reader->last, text->data, text->len);
            reader->last += text->len;
        }

        return PROCORE_OK;
    }

    if (reader->member != PROCORE_COMPANY_ID) {
        return PROCORE_OK;
    }

    procore_piece_add(&reader->piece, text);

    if (token == PROCORE_JSON_STRING_PART || token == PROCORE_JSON_NUMBER_PART)
    {
        return PROCORE_OK;
    }

    if (!procore_piece_id(&reader->piece, &reader->id)) {
        return PROCORE_MALFORMED;
    }

    reader->piece.len = 0;

    return PROCORE_OK;
}


static int
procore_company_token(procore_company_t *reader, procore_json_token_e token,
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
        return procore_company_name(reader);

    case PROCORE_JSON_OBJECT:
    case PROCORE_JSON_ARRAY:
        return procore_company_open(reader, token == PROCORE_JSON_OBJECT);

    case PROCORE_JSON_STRING:
    case PROCORE_JSON_STRING_PART:
    case PROCORE_JSON_NUMBER:
    case PROCORE_JSON_NUMBER_PART:
        return procore_company_scalar(reader, token, text);

    case PROCORE_JSON_FALSE:
        if (reader->member == PROCORE_COMPANY_ACTIVE) {
            reader->inactive = 1;
        }

        return PROCORE_OK;

    default:
        return PROCORE_OK;
    }
}


static int
procore_company_parse(procore_company_t *reader, const unsigned char *data,
    size_t len)
{
    procore_str_t         text;
    procore_json_token_e  token;

    procore_json_lex_feed(&reader->lex, data, len);

    for ( ;; ) {
        token = procore_json_lex_next(&reader->lex, &text);

        if (token == PROCORE_JSON_MORE) {
            break;
        }

        if (procore_company_token(reader, token, &text) != PROCORE_OK) {
            return PROCORE_MALFORMED;
        }
    }

    return reader->object ? procore_json_lex_end(&reader->lex)
                          : PROCORE_MALFORMED;
}


void
procore_company_clean(unsigned char *data, size_t len)
{
    int     valid;
    size_t  i, n;

    for (i = 0; i < len; i += n) {
        n = procore_utf8_length(data + i, len - i, &valid);

        if (!valid) {
            memset(data + i, '?', n);
        }
    }
}


int
procore_company_read(const unsigned char *data, size_t len,
    unsigned char *memory, procore_str_t *name, int *active)
{
    int                rc;
    procore_company_t  reader;

    procore_company_start(&reader, memory);

    reader.text_name = "name";
    reader.active_name = "is_active";

    rc = procore_company_parse(&reader, data, len);

    name->data = memory;
    name->len = rc == PROCORE_OK ? (size_t) (reader.last - memory) : 0;
    *active = !reader.inactive;

    return rc;
}


int
procore_user_read(const unsigned char *data, size_t len,
    unsigned char *memory, uint64_t *id, procore_str_t *login)
{
    int                rc;
    procore_company_t  reader;

    procore_company_start(&reader, memory);

    reader.text_name = "login";
    reader.id_name = "id";

    rc = len <= PROCORE_USER_MAX ? procore_company_parse(&reader, data, len)
                                 : PROCORE_MALFORMED;

    if (reader.id == 0) {
        rc = PROCORE_MALFORMED;
    }

    login->data = memory;
    login->len = rc == PROCORE_OK ? (size_t) (reader.last - memory) : 0;
    *id = rc == PROCORE_OK ? reader.id : 0;

    return rc;
}

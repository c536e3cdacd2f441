
#include "../claims/procore_json_lex.h"
#include "procore_piece.h"
#include "procore_token_amend.h"


/* Bytes of a company's name that are told; each may become six. */

#define PROCORE_AMEND_NAME    1024

#define PROCORE_AMEND_DIGITS  20


typedef struct {
    procore_piece_t     piece;         /* a member's name */
    int                 expires_next;  /* its value is next */
    int                 has_id;
    int                 has_name;
    int                 members;       /* the object has any */
    size_t              end;           /* of the closing brace */
    size_t              number;        /* of the number of expires_in */
    procore_piece_t     expires_in;    /* len 0: none */
    procore_json_lex_t  lex;
} procore_amend_t;


static void
procore_amend_name(procore_amend_t *amend)
{
    amend->expires_next = 0;

    if (amend->lex.depth == 1) {
        amend->members = 1;
        amend->expires_next = procore_piece_is(&amend->piece, "expires_in");
        amend->has_id |= procore_piece_is(&amend->piece, "company_id");
        amend->has_name |= procore_piece_is(&amend->piece, "company_name");
    }

    amend->piece.len = 0;
    amend->lex.skip = !amend->expires_next;
}


/* Notes where in "data" the answer is to be changed. */

static int
procore_amend_token(procore_amend_t *amend, procore_json_token_e token,
    const procore_str_t *text, const unsigned char *data)
{
    switch (token) {

    case PROCORE_JSON_FAILED:
        return PROCORE_MALFORMED;

    case PROCORE_JSON_KEY_PART:
        procore_piece_add(&amend->piece, text);
        return PROCORE_OK;

    case PROCORE_JSON_KEY:
        procore_piece_add(&amend->piece, text);
        procore_amend_name(amend);
        return PROCORE_OK;

    case PROCORE_JSON_NUMBER:
        if (amend->expires_next) {
            amend->number = (size_t) (text->data - data);
            amend->expires_in.len = 0;
            procore_piece_add(&amend->expires_in, text);
        }

        return PROCORE_OK;

    case PROCORE_JSON_OBJECT:
        amend->lex.skip = 1;
        return PROCORE_OK;

    case PROCORE_JSON_OBJECT_END:
        if (amend->lex.depth == 0) {
            amend->end = (size_t) (amend->lex.pos - data) - 1;
        }

        return PROCORE_OK;

    case PROCORE_JSON_ARRAY:
        amend->lex.skip = 1;

        /* not an object: nothing can be added to it */

        return amend->lex.depth == 1 ? PROCORE_MALFORMED : PROCORE_OK;

    default:
        return PROCORE_OK;
    }
}


static int
procore_amend_find(procore_amend_t *amend, const unsigned char *data,
    size_t len)
{
    procore_str_t         text;
    procore_json_token_e  token;

    memset(amend, 0, sizeof(procore_amend_t));

    procore_json_lex_start(&amend->lex);
    procore_json_lex_feed(&amend->lex, data, len);

    for ( ;; ) {
        token = procore_json_lex_next(&amend->lex, &text);

        if (token == PROCORE_JSON_MORE) {
            break;
        }

        if (procore_amend_token(amend, token, &text, data) != PROCORE_OK) {
            return PROCORE_MALFORMED;
        }
    }

    return amend->end != 0 ? procore_json_lex_end(&amend->lex)
                           : PROCORE_MALFORMED;
}


static unsigned char *
procore_amend_put(unsigned char *p, const void *data, size_t len)
{
    memcpy(p, data, len);

    return p + len;
}


static unsigned char *
procore_amend_number(unsigned char *p, uint64_t number)
{
    unsigned char  *digit, digits[PROCORE_AMEND_DIGITS];

    digit = digits + PROCORE_AMEND_DIGITS;

    do {
        *--digit = (unsigned char) ('0' + number % 10);
        number /= 10;
    } while (number != 0);

    return procore_amend_put(p, digit,
                             (size_t) (digits + PROCORE_AMEND_DIGITS - digit));
}


/* A text as a JSON string, without its quotes (RFC 8259, section 7). */

static unsigned char *
procore_amend_string(unsigned char *p, const procore_str_t *text)
{
    int                   valid;
    size_t                i, n;
    const unsigned char  *c;

    static const char  hex[] = "0123456789abcdef";

    for (i = 0; i < text->len; i += n) {
        c = text->data + i;
        n = procore_utf8_length(c, text->len - i, &valid);

        if (i + n > PROCORE_AMEND_NAME) {
            break;
        }

        if (!valid) {
            p = procore_amend_put(p, "\xef\xbf\xbd", 3);     /* U+FFFD */

        } else if (*c < ' ' || *c == 0x7f) {
            p = procore_amend_put(p, "\\u00", 4);
            *p++ = (unsigned char) hex[*c >> 4];
            *p++ = (unsigned char) hex[*c & 0xf];

        } else {
            if (*c == '"' || *c == '\\') {
                *p++ = '\\';
            }

            p = procore_amend_put(p, c, n);
        }
    }

    return p;
}


static unsigned char *
procore_amend_company(const procore_amend_t *amend, unsigned char *p,
    uint64_t company, const procore_str_t *name)
{
    const char  *member;

    if (company == 0) {
        return p;
    }

    member = amend->members ? ",\"company_id\":" : "\"company_id\":";

    if (!amend->has_id) {
        p = procore_amend_put(p, member, strlen(member));
        p = procore_amend_number(p, company);
    }

    member = ",\"company_name\":\"";

    if (!amend->has_name && name->len != 0) {
        p = procore_amend_put(p, member, strlen(member));
        p = procore_amend_string(p, name);
        *p++ = '"';
    }

    return p;
}


int
procore_token_amend(const unsigned char *data, size_t len,
    uint64_t company, const procore_str_t *name, uint64_t waited,
    unsigned char *out, size_t *out_len)
{
    size_t            from;
    uint64_t          expires_in;
    unsigned char    *p;
    procore_amend_t   amend;

    *out_len = 0;

    if (procore_amend_find(&amend, data, len) != PROCORE_OK) {
        return PROCORE_MALFORMED;
    }

    p = out;
    from = 0;

    if (procore_piece_id(&amend.expires_in, &expires_in)) {
        p = procore_amend_put(p, data, amend.number);
        p = procore_amend_number(p, expires_in > waited ? expires_in - waited
                                                        : 0);
        from = amend.number + amend.expires_in.len;
    }

    p = procore_amend_put(p, data + from, amend.end - from);

    if (company != 0) {
        p = procore_amend_company(&amend, p, company, name);
    }

    p = procore_amend_put(p, data + amend.end, len - amend.end);

    *out_len = (size_t) (p - out);

    return PROCORE_OK;
}

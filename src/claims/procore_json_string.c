
#include "procore_hex.h"
#include "procore_json_state.h"


/* Hands out a piece of a string, unless nobody wants it. */

static procore_json_token_e
procore_json_piece(procore_json_lex_t *lex, const unsigned char *start,
    const unsigned char *end, procore_str_t *text)
{
    if (start == end || (lex->skip && !lex->key)) {
        return PROCORE_JSON_NONE;
    }

    text->data = start;
    text->len = (size_t) (end - start);

    return lex->key ? PROCORE_JSON_KEY_PART : PROCORE_JSON_STRING_PART;
}


/*
 * The byte at "p" cannot stand here.  What stood before is handed out first, so
 * that what is seen of a document does not depend on how it is split.
 */

static procore_json_token_e
procore_json_string_fail(procore_json_lex_t *lex, const unsigned char *start,
    const unsigned char *p, procore_str_t *text)
{
    procore_json_token_e  token;

    lex->state = PROCORE_LEX_FAILED;
    token = procore_json_piece(lex, start, p, text);

    return token == PROCORE_JSON_NONE ? PROCORE_JSON_FAILED : token;
}


/* The closing quote is next. */

static procore_json_token_e
procore_json_string_end(procore_json_lex_t *lex, const unsigned char *start,
    procore_str_t *text)
{
    text->data = start;
    text->len = (size_t) (lex->pos - start);

    lex->pos++;

    if (lex->key) {
        lex->state = PROCORE_LEX_COLON;
        return PROCORE_JSON_KEY;
    }

    procore_json_done(lex);

    return lex->skip ? PROCORE_JSON_NONE : PROCORE_JSON_STRING;
}


/*
 * Passes over characters of two and three bytes that are whole in the input
 * (RFC 3629, section 4); stops before all else.
 */

static const unsigned char *
procore_json_foreign(const unsigned char *p, const unsigned char *end)
{
    while (end - p >= 3 && *p >= 0xc2 && (p[1] & 0xc0) == 0x80) {

        if (*p < 0xe0) {
            p += 2;
            continue;
        }

        if (*p > 0xef || (p[2] & 0xc0) != 0x80
            || (*p == 0xe0 && p[1] < 0xa0) || (*p == 0xed && p[1] > 0x9f))
        {
            break;
        }

        p += 3;
    }

    return p;
}


/* The character that a letter after a backslash stands for, or 0. */

static unsigned char
procore_json_unescape(unsigned char c)
{
    switch (c) {

    case '"':
    case '\\':
    case '/':
        return c;

    case 'b':
        return '\b';

    case 'f':
        return '\f';

    case 'n':
        return '\n';

    case 'r':
        return '\r';

    case 't':
        return '\t';

    default:
        return 0;
    }
}


procore_json_token_e
procore_json_string(procore_json_lex_t *lex, const unsigned char *start,
    const unsigned char *p, procore_str_t *text)
{
    const unsigned char  *end;

    end = lex->end;

    for ( ;; ) {

        if (lex->utf8.left == 0) {
            p = procore_scan_plain(p, end);
            p = procore_json_foreign(p, end);
        }

        if (p == end) {
            lex->pos = p;
            return procore_json_piece(lex, start, p, text);
        }

        if (lex->utf8.left != 0 || *p >= 0x80) {
            if (!procore_utf8_byte(&lex->utf8, *p)) {
                return procore_json_string_fail(lex, start, p, text);
            }

            p++;

        } else if (*p == '\\' && lex->skip && !lex->key && end - p > 1
                   && procore_json_unescape(p[1]))
        {
            p += 2;

        } else if (*p < ' ') {
            return procore_json_string_fail(lex, start, p, text);

        } else if (*p == '"') {
            lex->pos = p;
            return procore_json_string_end(lex, start, text);

        } else if (*p == '\\') {
            lex->pos = p + 1;
            lex->state = PROCORE_LEX_ESCAPE;
            return procore_json_piece(lex, start, p, text);
        }
    }
}


/* Hands out the character of an escape. */

static procore_json_token_e
procore_json_decoded(procore_json_lex_t *lex, size_t len, procore_str_t *text)
{
    lex->state = PROCORE_LEX_STRING;

    return procore_json_piece(lex, lex->decoded, lex->decoded + len, text);
}


/* Writes a character as UTF-8; returns its bytes. */

static size_t
procore_json_encode(unsigned char *p, uint32_t c)
{
    if (c < 0x80) {
        p[0] = (unsigned char) c;
        return 1;
    }

    if (c < 0x800) {
        p[0] = (unsigned char) (0xc0 | c >> 6);
        p[1] = (unsigned char) (0x80 | (c & 0x3f));
        return 2;
    }

    if (c < 0x10000) {
        p[0] = (unsigned char) (0xe0 | c >> 12);
        p[1] = (unsigned char) (0x80 | (c >> 6 & 0x3f));
        p[2] = (unsigned char) (0x80 | (c & 0x3f));
        return 3;
    }

    p[0] = (unsigned char) (0xf0 | c >> 18);
    p[1] = (unsigned char) (0x80 | (c >> 12 & 0x3f));
    p[2] = (unsigned char) (0x80 | (c >> 6 & 0x3f));
    p[3] = (unsigned char) (0x80 | (c & 0x3f));

    return 4;
}


/* The four digits of "\u" are complete. */

static procore_json_token_e
procore_json_unicode(procore_json_lex_t *lex, procore_str_t *text)
{
    int       second;
    uint32_t  c;

    c = lex->code;
    second = c >= 0xdc00 && c <= 0xdfff;

    if (second != (lex->surrogate != 0)) {
        return procore_json_fail(lex);
    }

    if (c >= 0xd800 && c <= 0xdbff) {
        lex->surrogate = lex->code;
        lex->state = PROCORE_LEX_SURROGATE;
        return PROCORE_JSON_NONE;
    }

    if (second) {
        c = 0x10000 + (((uint32_t) lex->surrogate - 0xd800) << 10)
            + (c - 0xdc00);
        lex->surrogate = 0;
    }

    return procore_json_decoded(lex, procore_json_encode(lex->decoded, c),
                                text);
}


static procore_json_token_e
procore_json_hex(procore_json_lex_t *lex, unsigned char c, procore_str_t *text)
{
    int  digit;

    digit = procore_hex_digit(c);

    if (digit < 0) {
        return procore_json_fail(lex);
    }

    lex->code = (uint16_t) ((lex->code << 4 | digit) & 0xffff);

    if (--lex->hex_left != 0) {
        return PROCORE_JSON_NONE;
    }

    return procore_json_unicode(lex, text);
}


procore_json_token_e
procore_json_escaped(procore_json_lex_t *lex, procore_str_t *text)
{
    unsigned char  c;

    c = *lex->pos++;

    switch (lex->state) {

    case PROCORE_LEX_HEX:
        return procore_json_hex(lex, c, text);

    case PROCORE_LEX_SURROGATE:
        lex->state = PROCORE_LEX_SURROGATE_U;
        return c == '\\' ? PROCORE_JSON_NONE : procore_json_fail(lex);

    case PROCORE_LEX_SURROGATE_U:
        if (c != 'u') {
            return procore_json_fail(lex);
        }

        break;

    default:
        lex->decoded[0] = procore_json_unescape(c);

        if (lex->decoded[0] != 0) {
            return procore_json_decoded(lex, 1, text);
        }

        if (c != 'u') {
            return procore_json_fail(lex);
        }

        break;
    }

    lex->code = 0;
    lex->hex_left = 4;
    lex->state = PROCORE_LEX_HEX;

    return PROCORE_JSON_NONE;
}

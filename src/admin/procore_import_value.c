
/*
 * Values of an import line: strings, ids, digests, times.
 */


#include <string.h>

#include "../policy/procore_id.h"
#include "procore_admin_text.h"
#include "procore_import_value.h"


int
procore_import_wrong(procore_import_reader_t *in, const char *why)
{
    in->why = why;

    return PROCORE_MALFORMED;
}


int
procore_import_peek(procore_import_reader_t *in)
{
    while (in->pos < in->end
           && (*in->pos == ' ' || *in->pos == '\t' || *in->pos == '\r'
               || *in->pos == '\n'))
    {
        in->pos++;
    }

    return in->pos < in->end ? *in->pos : -1;
}


/* Of a hexadecimal digit; -1: it is none. */

static int
procore_import_digit(unsigned char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }

    c |= 0x20;

    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}


/* The four digits after "\u"; -1: not four, or no ASCII. */

static int
procore_import_unicode(procore_import_reader_t *in)
{
    int       code, digit;
    unsigned  i;

    if (in->end - in->pos < 4) {
        return -1;
    }

    code = 0;

    for (i = 0; i < 4; i++) {
        digit = procore_import_digit(*in->pos++);

        if (digit == -1) {
            return -1;
        }

        code = code * 16 + digit;
    }

    return code < 0x80 ? code : -1;
}


static int
procore_import_escape(procore_import_reader_t *in)
{
    if (in->pos == in->end) {
        return -1;
    }

    switch (*in->pos++) {

    case '"':
        return '"';

    case '\\':
        return '\\';

    case '/':
        return '/';

    case 'u':
        return procore_import_unicode(in);

    /* those of control characters have no place in a line */

    default:
        return -1;
    }
}


int
procore_import_string(procore_import_reader_t *in, procore_str_t *out)
{
    int             c;
    unsigned char  *to;

    in->pos++;     /* the quote */

    to = in->pos;
    out->data = to;

    while (in->pos < in->end) {

        c = *in->pos++;

        if (c == '"') {
            out->len = (size_t) (to - out->data);
            return PROCORE_OK;
        }

        if (c == '\\') {
            c = procore_import_escape(in);
        }

        if (c < 0x20 || c > 0x7e) {
            return procore_import_wrong(in, "a string has a character or an "
                                            "escape that cannot stand there");
        }

        *to++ = (unsigned char) c;
    }

    return procore_import_wrong(in, "a string does not end");
}


static int
procore_import_id(procore_import_reader_t *in, uint64_t *id)
{
    procore_str_t  text;

    if (procore_import_peek(in) == '"') {
        if (procore_import_string(in, &text) != PROCORE_OK) {
            return PROCORE_MALFORMED;
        }

    } else {
        text.data = in->pos;

        while (in->pos < in->end && *in->pos != ',' && *in->pos != '}'
               && *in->pos != ' ' && *in->pos != '\t' && *in->pos != '\r'
               && *in->pos != '\n')
        {
            in->pos++;
        }

        text.len = (size_t) (in->pos - text.data);
    }

    if (procore_id_classify(text.data, text.len, id) != PROCORE_ID_NUMBER) {
        return procore_import_wrong(in, "an id is not a whole number from 1 to "
                                        "9223372036854775807 without leading "
                                        "zeros");
    }

    return PROCORE_OK;
}


static int
procore_import_token(procore_import_reader_t *in, procore_str_t *token)
{
    if (procore_import_peek(in) != '"') {
        return procore_import_wrong(in, "a token is not a string");
    }

    if (procore_import_string(in, token) != PROCORE_OK) {
        return PROCORE_MALFORMED;
    }

    if (token->len == 0 || memchr(token->data, ' ', token->len) != NULL) {
        return procore_import_wrong(in, "a token is empty or has blanks");
    }

    return PROCORE_OK;
}


static int
procore_import_client(procore_import_reader_t *in, size_t max,
    procore_str_t *client)
{
    if (procore_import_peek(in) != '"') {
        return procore_import_wrong(in, "the client is not a string");
    }

    if (procore_import_string(in, client) != PROCORE_OK) {
        return PROCORE_MALFORMED;
    }

    if (client->len == 0 || client->len > max) {
        return procore_import_wrong(in, "the client is empty or longer than "
                                        "255 bytes");
    }

    return PROCORE_OK;
}


/* Decodes in place, as strings do; the bytes may be any but not none. */

static int
procore_import_client_hex(procore_import_reader_t *in, procore_str_t *client)
{
    if (procore_import_client(in, 2 * PROCORE_STORE_CLIENT_MAX, client)
        != PROCORE_OK)
    {
        return PROCORE_MALFORMED;
    }

    if (client->len % 2 != 0
        || procore_import_hex(client->data, client->len,
                              (unsigned char *) (uintptr_t) client->data)
           != PROCORE_OK)
    {
        return procore_import_wrong(in, "client_hex is not hexadecimal");
    }

    client->len /= 2;

    return PROCORE_OK;
}


static int
procore_import_bytes(procore_import_reader_t *in, const procore_str_t *text,
    size_t size, unsigned char *out, const char *why)
{
    if (text->len != 2 * size
        || procore_import_hex(text->data, text->len, out) != PROCORE_OK)
    {
        return procore_import_wrong(in, why);
    }

    return PROCORE_OK;
}


static int
procore_import_digest(procore_import_reader_t *in, const procore_str_t *text,
    procore_import_line_t *out)
{
    out->token_len = text->len == 2 * PROCORE_IMPORT_SHORT
                     ? PROCORE_IMPORT_SHORT : PROCORE_DIGEST_SIZE;

    return procore_import_bytes(in, text, out->token_len, out->token,
                                "a token's digest has not 16 or 64 "
                                "hexadecimal digits");
}


/* Members whose value is a string of some form. */

static int
procore_import_text(procore_import_reader_t *in,
    const procore_import_member_t *member, procore_import_line_t *out)
{
    procore_str_t  text;

    if (procore_import_peek(in) != '"') {
        return procore_import_wrong(in, "a value is not a string");
    }

    if (procore_import_string(in, &text) != PROCORE_OK) {
        return PROCORE_MALFORMED;
    }

    switch (member->type) {

    case PROCORE_MEMBER_DIGEST:
        return procore_import_digest(in, &text, out);

    case PROCORE_MEMBER_FAMILY:
        out->has_family = 1;
        return procore_import_bytes(in, &text, PROCORE_FAMILY_SIZE,
                                    out->family, "a family has not 32 "
                                    "hexadecimal digits");

    case PROCORE_MEMBER_REALM:
        out->has_realm = 1;
        return procore_import_bytes(in, &text, PROCORE_REALM_SIZE, out->realm,
                                    "a realm has not 8 hexadecimal digits");

    case PROCORE_MEMBER_KIND:
        out->kind = text.len == 6 ? PROCORE_TOKEN_ACCESS
                                  : PROCORE_TOKEN_REFRESH;

        if (!(text.len == 6 && memcmp(text.data, "access", 6) == 0)
            && !(text.len == 7 && memcmp(text.data, "refresh", 7) == 0))
        {
            return procore_import_wrong(in, "kind is neither access nor "
                                            "refresh");
        }

        return PROCORE_OK;

    case PROCORE_MEMBER_STATE:
        return procore_import_state(&text, &out->state) == PROCORE_OK
               ? PROCORE_OK
               : procore_import_wrong(in, "state is not one of bound, unbound "
                                          "and withdrawn");

    case PROCORE_MEMBER_WAY:
        return procore_import_way(&text, &out->way) == PROCORE_OK
               ? PROCORE_OK
               : procore_import_wrong(in, "bound_by is no way to bind");

    default:
        return procore_admin_time_read(&text,
                            (uint64_t *) ((char *) out + member->offset))
               == PROCORE_OK
               ? PROCORE_OK
               : procore_import_wrong(in, "a time is not like "
                                          "\"2026-11-24T14:00:00Z\"");
    }
}


/* An id, or "service": the token of a service account. */

static int
procore_import_user(procore_import_reader_t *in, uint64_t *user)
{
    static const procore_str_t  service = procore_str("\"service\"");

    if (procore_import_peek(in) == '"'
        && (size_t) (in->end - in->pos) >= service.len
        && memcmp(in->pos, service.data, service.len) == 0)
    {
        in->pos += service.len;
        *user = PROCORE_STORE_SERVICE;
        return PROCORE_OK;
    }

    return procore_import_id(in, user);
}


static int
procore_import_true(procore_import_reader_t *in, procore_import_line_t *out)
{
    if (procore_import_peek(in) != 't' || in->end - in->pos < 4
        || memcmp(in->pos, "true", 4) != 0)
    {
        return procore_import_wrong(in, "used is not true");
    }

    in->pos += 4;
    out->used = 1;

    return PROCORE_OK;
}


int
procore_import_value(procore_import_reader_t *in,
    const procore_import_member_t *member, procore_import_line_t *out)
{
    void  *field;

    field = (char *) out + member->offset;

    switch (member->type) {

    case PROCORE_MEMBER_TOKEN:
        return procore_import_token(in, field);

    case PROCORE_MEMBER_CLIENT:
        return procore_import_client(in, PROCORE_STORE_CLIENT_MAX, field);

    case PROCORE_MEMBER_CLIENT_HEX:
        return procore_import_client_hex(in, field);

    case PROCORE_MEMBER_ID:
        return procore_import_id(in, field);

    case PROCORE_MEMBER_USER:
        return procore_import_user(in, field);

    case PROCORE_MEMBER_TRUE:
        return procore_import_true(in, out);

    default:
        return procore_import_text(in, member, out);
    }
}


int
procore_import_hex(const unsigned char *text, size_t len, unsigned char *out)
{
    int     digit;
    size_t  i;

    if (len % 2 != 0) {
        return PROCORE_MALFORMED;
    }

    for (i = 0; i < len; i++) {
        digit = procore_import_digit(text[i]);

        if (digit == -1) {
            return PROCORE_MALFORMED;
        }

        out[i / 2] = (unsigned char) (i % 2 ? out[i / 2] | digit : digit << 4);
    }

    return PROCORE_OK;
}


int
procore_import_way(const procore_str_t *name, procore_way_e *way)
{
    unsigned     i;
    const char  *known;

    for (i = PROCORE_WAY_AUTHORIZE; i <= PROCORE_WAY_ADMIN; i++) {
        known = procore_way_name((procore_way_e) i);

        if (strlen(known) == name->len
            && memcmp(known, name->data, name->len) == 0)
        {
            *way = (procore_way_e) i;
            return PROCORE_OK;
        }
    }

    return PROCORE_NOT_FOUND;
}


int
procore_import_state(const procore_str_t *name, procore_family_state_e *state)
{
    unsigned     i;
    const char  *known;

    for (i = PROCORE_FAMILY_UNBOUND; i <= PROCORE_FAMILY_WITHDRAWN; i++) {
        known = procore_admin_state((procore_family_state_e) i);

        if (strlen(known) == name->len
            && memcmp(known, name->data, name->len) == 0)
        {
            *state = (procore_family_state_e) i;
            return PROCORE_OK;
        }
    }

    return PROCORE_NOT_FOUND;
}

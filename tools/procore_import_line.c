
/*
 * One line of an import file: a flat object of known members, read strictly,
 * so that what is bound is what the operator wrote.
 */


#include <string.h>

#include "../src/policy/procore_id.h"
#include "../src/store/procore_store.h"
#include "procore_import_line.h"


typedef struct {
    unsigned char  *pos;
    unsigned char  *end;
    const char     *why;
} procore_import_reader_t;


typedef enum {
    PROCORE_IMPORT_ACCESS = 0,
    PROCORE_IMPORT_REFRESH,
    PROCORE_IMPORT_CLIENT,
    PROCORE_IMPORT_COMPANY,
    PROCORE_IMPORT_PROJECT,
    PROCORE_IMPORT_MEMBERS
} procore_import_member_e;


static const procore_str_t  procore_import_names[PROCORE_IMPORT_MEMBERS] = {
    procore_str("access_token"),
    procore_str("refresh_token"),
    procore_str("client"),
    procore_str("company_id"),
    procore_str("project_id")
};


static int
procore_import_wrong(procore_import_reader_t *in, const char *why)
{
    in->why = why;

    return PROCORE_MALFORMED;
}


/* The next byte that is no blank; -1 at the end. */

static int
procore_import_peek(procore_import_reader_t *in)
{
    while (in->pos < in->end
           && (*in->pos == ' ' || *in->pos == '\t' || *in->pos == '\r'))
    {
        in->pos++;
    }

    return in->pos < in->end ? *in->pos : -1;
}


/* The four digits after "\u"; -1: not four, or no ASCII. */

static int
procore_import_unicode(procore_import_reader_t *in)
{
    int            code;
    unsigned       i;
    unsigned char  c;

    if (in->end - in->pos < 4) {
        return -1;
    }

    code = 0;

    for (i = 0; i < 4; i++) {
        c = *in->pos++;

        if (c >= '0' && c <= '9') {
            code = code * 16 + (c - '0');

        } else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f') {
            code = code * 16 + ((c | 0x20) - 'a' + 10);

        } else {
            return -1;
        }
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


/*
 * A string of visible ASCII and blanks.  The decoded text is never longer than
 * the source, so it takes its place.
 */

static int
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
               && *in->pos != ' ' && *in->pos != '\t' && *in->pos != '\r')
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
procore_import_client(procore_import_reader_t *in, procore_str_t *client)
{
    if (procore_import_peek(in) != '"') {
        return procore_import_wrong(in, "the client is not a string");
    }

    if (procore_import_string(in, client) != PROCORE_OK) {
        return PROCORE_MALFORMED;
    }

    if (client->len == 0 || client->len > PROCORE_STORE_CLIENT_MAX) {
        return procore_import_wrong(in, "the client is empty or longer than "
                                        "255 bytes");
    }

    return PROCORE_OK;
}


static int
procore_import_value(procore_import_reader_t *in, unsigned member,
    procore_import_line_t *out)
{
    switch (member) {

    case PROCORE_IMPORT_ACCESS:
        return procore_import_token(in, &out->access);

    case PROCORE_IMPORT_REFRESH:
        return procore_import_token(in, &out->refresh);

    case PROCORE_IMPORT_CLIENT:
        return procore_import_client(in, &out->client);

    case PROCORE_IMPORT_COMPANY:
        return procore_import_id(in, &out->company);

    default:
        return procore_import_id(in, &out->project);
    }
}


static int
procore_import_member(procore_import_reader_t *in, unsigned *seen,
    procore_import_line_t *out)
{
    unsigned              i;
    procore_str_t         name;
    const procore_str_t  *known;

    if (procore_import_peek(in) != '"') {
        return procore_import_wrong(in, "a member's name is missing");
    }

    if (procore_import_string(in, &name) != PROCORE_OK) {
        return PROCORE_MALFORMED;
    }

    for (i = 0; i < PROCORE_IMPORT_MEMBERS; i++) {
        known = &procore_import_names[i];

        if (name.len == known->len
            && memcmp(name.data, known->data, name.len) == 0)
        {
            break;
        }
    }

    if (i == PROCORE_IMPORT_MEMBERS) {
        return procore_import_wrong(in, "unknown member; known are "
                                        "access_token, refresh_token, client, "
                                        "company_id and project_id");
    }

    if (*seen & 1u << i) {
        return procore_import_wrong(in, "a member stands twice");
    }

    *seen |= 1u << i;

    if (procore_import_peek(in) != ':') {
        return procore_import_wrong(in, "a colon is missing");
    }

    in->pos++;

    return procore_import_value(in, i, out);
}


static int
procore_import_object(procore_import_reader_t *in, procore_import_line_t *out)
{
    int       c, rc;
    unsigned  seen;

    if (procore_import_peek(in) != '{') {
        return procore_import_wrong(in, "the line is not a JSON object");
    }

    seen = 0;

    do {
        in->pos++;     /* the brace or the comma */

        rc = procore_import_member(in, &seen, out);
        if (rc != PROCORE_OK) {
            return rc;
        }

        c = procore_import_peek(in);

    } while (c == ',');

    if (c != '}') {
        return procore_import_wrong(in, "a comma or the closing brace is "
                                        "missing");
    }

    in->pos++;

    if (procore_import_peek(in) != -1) {
        return procore_import_wrong(in, "something follows the object");
    }

    return PROCORE_OK;
}


int
procore_import_line(unsigned char *line, size_t len,
    procore_import_line_t *out, const char **why)
{
    int                      rc;
    procore_import_reader_t  in;

    memset(out, 0, sizeof(procore_import_line_t));

    in.pos = line;
    in.end = line + len;
    in.why = NULL;

    if (procore_import_peek(&in) == -1) {
        return PROCORE_NOT_FOUND;
    }

    rc = procore_import_object(&in, out);

    if (rc == PROCORE_OK) {

        if (out->company == 0) {
            rc = procore_import_wrong(&in, "company_id is missing");

        } else if (out->project == 0) {
            if (out->access.data == NULL && out->refresh.data == NULL) {
                rc = procore_import_wrong(&in, "neither a token nor a project "
                                               "is given");
            }

        } else if (out->access.data != NULL || out->refresh.data != NULL
                   || out->client.data != NULL)
        {
            rc = procore_import_wrong(&in, "a project and a token or client "
                                           "stand in one line");
        }
    }

    *why = in.why;

    return rc;
}

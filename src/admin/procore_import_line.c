
/*
 * One line of an import file: a flat object of known members, read strictly,
 * so that what is bound is what the operator wrote.
 */


#include <stddef.h>
#include <string.h>

#include "procore_import_value.h"


typedef enum {
    PROCORE_IMPORT_ACCESS = 0,
    PROCORE_IMPORT_REFRESH,
    PROCORE_IMPORT_CLIENT,
    PROCORE_IMPORT_CLIENT_HEX,
    PROCORE_IMPORT_COMPANY,
    PROCORE_IMPORT_PROJECT,
    PROCORE_IMPORT_TOKEN,
    PROCORE_IMPORT_FAMILY,
    PROCORE_IMPORT_REALM,
    PROCORE_IMPORT_KIND,
    PROCORE_IMPORT_STATE,
    PROCORE_IMPORT_WAY,
    PROCORE_IMPORT_USER,
    PROCORE_IMPORT_BOUND_AT,
    PROCORE_IMPORT_EXPIRES_AT,
    PROCORE_IMPORT_WRITTEN_AT,
    PROCORE_IMPORT_LEARNT_AT,
    PROCORE_IMPORT_PAUSED_AT,
    PROCORE_IMPORT_VALID_FOR,
    PROCORE_IMPORT_USED,
    PROCORE_IMPORT_MEMBERS
} procore_import_member_e;


#define procore_member(name, type, field)                                     \
    { procore_str(name), PROCORE_MEMBER_##type,                               \
      offsetof(procore_import_line_t, field) }


/* By procore_import_member_e. */

static const procore_import_member_t
    procore_import_members[PROCORE_IMPORT_MEMBERS] =
{
    procore_member("access_token", TOKEN, access),
    procore_member("refresh_token", TOKEN, refresh),
    procore_member("client", CLIENT, client),
    procore_member("client_hex", CLIENT_HEX, client),
    procore_member("company_id", ID, company),
    procore_member("project_id", ID, project),
    procore_member("token", DIGEST, token),
    procore_member("family", FAMILY, family),
    procore_member("realm", REALM, realm),
    procore_member("kind", KIND, kind),
    procore_member("state", STATE, state),
    procore_member("bound_by", WAY, way),
    procore_member("user_id", USER, user),
    procore_member("bound_at", TIME, bound_at),
    procore_member("expires_at", TIME, expires_at),
    procore_member("written_at", TIME, written_at),
    procore_member("learnt_at", TIME, learnt_at),
    procore_member("paused_at", TIME, paused_at),
    procore_member("valid_for", ID, valid_for),
    procore_member("used", TRUE, project)
};


#define procore_bit(member)  (1u << PROCORE_IMPORT_##member)

#define PROCORE_IMPORT_TOKENS  (procore_bit(ACCESS) | procore_bit(REFRESH))
#define PROCORE_IMPORT_NAMES                                                  \
    (PROCORE_IMPORT_TOKENS | procore_bit(TOKEN) | procore_bit(FAMILY))
#define PROCORE_IMPORT_CLIENTS                                                \
    (procore_bit(CLIENT) | procore_bit(CLIENT_HEX))


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
        known = &procore_import_members[i].name;

        if (name.len == known->len
            && memcmp(name.data, known->data, name.len) == 0)
        {
            break;
        }
    }

    if (i == PROCORE_IMPORT_MEMBERS) {
        return procore_import_wrong(in, "unknown member; known are "
                                        "access_token, refresh_token, client, "
                                        "company_id, project_id, and what an "
                                        "export writes");
    }

    if (*seen & 1u << i) {
        return procore_import_wrong(in, "a member stands twice");
    }

    *seen |= 1u << i;

    if (procore_import_peek(in) != ':') {
        return procore_import_wrong(in, "a colon is missing");
    }

    in->pos++;

    return procore_import_value(in, &procore_import_members[i], out);
}


static int
procore_import_object(procore_import_reader_t *in, unsigned *seen,
    procore_import_line_t *out)
{
    int  c, rc;

    if (procore_import_peek(in) != '{') {
        return procore_import_wrong(in, "the line is not a JSON object");
    }

    do {
        in->pos++;     /* the brace or the comma */

        rc = procore_import_member(in, seen, out);
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


/* Lines that an export writes: all that such a one needs, and no more. */

static int
procore_import_exported(procore_import_reader_t *in, unsigned seen,
    procore_import_line_t *out)
{
    unsigned  needed, allowed;

    if (seen & procore_bit(PAUSED_AT)) {
        out->shape = PROCORE_LINE_PAUSE;
        needed = procore_bit(PAUSED_AT);
        allowed = needed | PROCORE_IMPORT_CLIENTS | procore_bit(REALM);

        if (out->client.len == 0) {
            return procore_import_wrong(in, "the client of a pause is missing");
        }

    } else {
        out->shape = PROCORE_LINE_RECORD;
        needed = procore_bit(TOKEN) | procore_bit(KIND) | procore_bit(FAMILY)
                 | procore_bit(STATE);
        allowed = needed | PROCORE_IMPORT_CLIENTS | procore_bit(COMPANY)
                  | procore_bit(WAY) | procore_bit(USER)
                  | procore_bit(BOUND_AT) | procore_bit(EXPIRES_AT)
                  | procore_bit(WRITTEN_AT) | procore_bit(USED)
                  | procore_bit(REALM);

        if (out->token_len != PROCORE_DIGEST_SIZE) {
            return procore_import_wrong(in, "the token's whole digest is "
                                            "missing");
        }
    }

    if ((seen & needed) != needed || (seen & ~allowed) != 0) {
        return procore_import_wrong(in, "not the members that an export "
                                        "writes together");
    }

    if (out->shape == PROCORE_LINE_RECORD
        && ((out->state == PROCORE_FAMILY_BOUND
             && (out->company == 0 || out->way == PROCORE_WAY_NONE))
            || (out->state == PROCORE_FAMILY_UNBOUND
                && (out->company != 0 || out->way != PROCORE_WAY_NONE))))
    {
        return procore_import_wrong(in, "state, company_id and bound_by do not "
                                        "fit together");
    }

    return PROCORE_OK;
}


static int
procore_import_project(procore_import_reader_t *in, unsigned seen,
    procore_import_line_t *out)
{
    out->shape = PROCORE_LINE_PROJECT;

    if (out->company == 0) {
        return procore_import_wrong(in, "company_id is missing");
    }

    if (seen & (PROCORE_IMPORT_NAMES | PROCORE_IMPORT_CLIENTS)) {
        return procore_import_wrong(in, "a project and a token or client stand "
                                        "in one line");
    }

    if ((seen & ~(procore_bit(PROJECT) | procore_bit(COMPANY)
                  | procore_bit(LEARNT_AT) | procore_bit(VALID_FOR)
                  | procore_bit(REALM))) != 0
        || (out->learnt_at == 0) != (out->valid_for == 0))
    {
        return procore_import_wrong(in, "not the members that an export writes "
                                        "together");
    }

    return PROCORE_OK;
}


static int
procore_import_shape(procore_import_reader_t *in, unsigned seen,
    procore_import_line_t *out)
{
    unsigned  names;

    if ((seen & PROCORE_IMPORT_CLIENTS) == PROCORE_IMPORT_CLIENTS) {
        return procore_import_wrong(in, "the client stands twice");
    }

    if (seen & procore_bit(PROJECT)) {
        return procore_import_project(in, seen, out);
    }

    if (seen & (procore_bit(KIND) | procore_bit(STATE)
                | procore_bit(PAUSED_AT)))
    {
        return procore_import_exported(in, seen, out);
    }

    names = seen & PROCORE_IMPORT_NAMES;

    if (names == 0) {
        return procore_import_wrong(in, out->company
                                        ? "neither a token nor a project is "
                                          "given"
                                        : "company_id is missing");
    }

    if ((seen & ~(PROCORE_IMPORT_NAMES | PROCORE_IMPORT_CLIENTS
                  | procore_bit(COMPANY))) != 0
        || ((names & (names - 1)) != 0 && names != PROCORE_IMPORT_TOKENS))
    {
        return procore_import_wrong(in, "members stand in one line that do not "
                                        "belong together");
    }

    if (out->company == 0) {
        out->shape = PROCORE_LINE_NAME;

        if (names == PROCORE_IMPORT_TOKENS || out->client.len != 0) {
            return procore_import_wrong(in, "company_id is missing");
        }

        return PROCORE_OK;
    }

    out->shape = names & PROCORE_IMPORT_TOKENS ? PROCORE_LINE_TOKEN
                                               : PROCORE_LINE_REFERENCE;

    return PROCORE_OK;
}


int
procore_import_line(unsigned char *line, size_t len,
    procore_import_line_t *out, const char **why)
{
    int                      rc;
    unsigned                 seen;
    procore_import_reader_t  in;

    memset(out, 0, sizeof(procore_import_line_t));

    in.pos = line;
    in.end = line + len;
    in.why = NULL;
    seen = 0;

    if (procore_import_peek(&in) == -1) {
        return PROCORE_NOT_FOUND;
    }

    rc = procore_import_object(&in, &seen, out);

    if (rc == PROCORE_OK) {
        rc = procore_import_shape(&in, seen, out);
    }

    *why = in.why;

    return rc;
}

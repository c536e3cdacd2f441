
#include <string.h>

#include "../claims/procore_hex.h"
#include "../claims/procore_utf8.h"
#include "../policy/procore_id.h"
#include "procore_start.h"


/*
 * An authorization request has about ten parameters; each is compared with
 * those before it, so their number is bounded.
 */

#define PROCORE_START_PARAMS  64


/* Parameters that mean something here. */

typedef enum {
    PROCORE_PARAM_CLIENT_ID = 0,
    PROCORE_PARAM_REDIRECT_URI,
    PROCORE_PARAM_STATE,
    PROCORE_PARAM_RESPONSE_TYPE,
    PROCORE_PARAM_RESPONSE_MODE,
    PROCORE_PARAM_CHALLENGE,
    PROCORE_PARAM_METHOD,
    PROCORE_PARAM_COMPANY_ID,
    PROCORE_PARAM_OTHER
} procore_param_e;


static const char *const  procore_param_names[] = {
    "client_id",
    "redirect_uri",
    "state",
    "response_type",
    "response_mode",
    "code_challenge",
    "code_challenge_method",
    "company_id"
};


/* One parameter as it stands in the query. */

typedef struct {
    procore_str_t  whole;
    procore_str_t  name;
    procore_str_t  value;
} procore_param_t;


typedef struct {
    procore_start_t  *start;
    unsigned          broken:1;      /* does not decode strictly */
    unsigned          repeated:1;    /* any parameter */
    size_t            n;
    procore_str_t     names[PROCORE_START_PARAMS];
    size_t            seen[PROCORE_PARAM_OTHER];
    procore_str_t     values[PROCORE_PARAM_OTHER];
    unsigned char    *last;          /* free memory */
} procore_start_reader_t;


/* Takes the next parameter off the query; empty ones are passed over. */

static int
procore_param_next(procore_str_t *rest, procore_param_t *param)
{
    size_t                len;
    const unsigned char  *p;

    do {
        if (rest->len == 0) {
            return PROCORE_NOT_FOUND;
        }

        p = memchr(rest->data, '&', rest->len);
        len = p != NULL ? (size_t) (p - rest->data) : rest->len;

        param->whole.data = rest->data;
        param->whole.len = len;

        rest->len -= len + (p != NULL);
        rest->data += len + (p != NULL);

    } while (len == 0);

    p = memchr(param->whole.data, '=', len);

    param->name.data = param->whole.data;
    param->name.len = p != NULL ? (size_t) (p - param->whole.data) : len;

    param->value.data = param->name.data + param->name.len + (p != NULL);
    param->value.len = len - param->name.len - (p != NULL);

    return PROCORE_OK;
}


/* Takes a decoded byte off a text that is not empty, or returns -1. */

static int
procore_param_byte(procore_str_t *text)
{
    int            high, low;
    unsigned char  c;

    c = *text->data++;
    text->len--;

    if (c <= ' ' || c > '~' || c == ';') {
        return -1;
    }

    if (c != '%') {
        return c == '+' ? ' ' : c;
    }

    if (text->len < 2) {
        return -1;
    }

    high = procore_hex_digit(text->data[0]);
    low = procore_hex_digit(text->data[1]);

    if (high < 0 || low < 0 || (high | low) == 0) {
        return -1;
    }

    text->data += 2;
    text->len -= 2;

    return high << 4 | low;
}


/* Decodes into memory that has room; PROCORE_OK or PROCORE_MALFORMED. */

static int
procore_param_decode(procore_str_t raw, unsigned char **memory,
    procore_str_t *decoded)
{
    int             c;
    unsigned char  *p;
    procore_utf8_t  utf8 = { 0, 0, 0 };

    p = *memory;

    while (raw.len != 0) {
        c = procore_param_byte(&raw);

        if (c < 0 || !procore_utf8_byte(&utf8, (unsigned char) c)) {
            return PROCORE_MALFORMED;
        }

        *p++ = (unsigned char) c;
    }

    if (utf8.left != 0) {
        return PROCORE_MALFORMED;
    }

    decoded->data = *memory;
    decoded->len = (size_t) (p - *memory);
    *memory = p;

    return PROCORE_OK;
}


/* Does a raw name decode to this one? */

static int
procore_param_is(procore_str_t raw, const char *name)
{
    for ( /* void */ ; raw.len != 0; name++) {
        if (*name == '\0' || procore_param_byte(&raw) != *name) {
            return 0;
        }
    }

    return *name == '\0';
}


static procore_param_e
procore_param_known(const procore_str_t *raw)
{
    unsigned  i;

    for (i = 0; i < PROCORE_PARAM_OTHER; i++) {
        if (procore_param_is(*raw, procore_param_names[i])) {
            break;
        }
    }

    return (procore_param_e) i;
}


/*
 * Would Rails merge the decoded name with that one?  Rack takes off brackets
 * before a name, and ends it at the next one.
 */

static int
procore_param_merges(const procore_str_t *decoded, const char *name)
{
    size_t                i, len;
    const unsigned char  *p;

    p = decoded->data;

    for (i = 0; i < decoded->len && (p[i] == '[' || p[i] == ']'); i++) {
        /* void */
    }

    len = strlen(name);

    if (decoded->len - i < len || memcmp(p + i, name, len) != 0) {
        return 0;
    }

    i += len;

    return i == decoded->len ? len != decoded->len
                             : p[i] == '[' || p[i] == ']';
}


static int
procore_text_is(const procore_str_t *text, const char *want)
{
    return text->len == strlen(want)
           && memcmp(text->data, want, text->len) == 0;
}


/* The decoded name of a parameter: is it repeated, or merged with ours? */

static void
procore_start_name(procore_start_reader_t *reader, const procore_str_t *name)
{
    size_t  i;

    for (i = 0; i < reader->n; i++) {
        if (reader->names[i].len == name->len
            && memcmp(reader->names[i].data, name->data, name->len) == 0)
        {
            reader->repeated = 1;
        }
    }

    for (i = 0; i < PROCORE_PARAM_OTHER; i++) {
        if (procore_param_merges(name, procore_param_names[i])) {
            reader->broken = 1;
        }
    }

    if (reader->n == PROCORE_START_PARAMS) {
        reader->broken = 1;
        return;
    }

    reader->names[reader->n++] = *name;
}


static void
procore_start_one(procore_start_reader_t *reader, const procore_param_t *param)
{
    procore_str_t    name, value;
    procore_param_e  known;

    if (procore_param_decode(param->name, &reader->last, &name) != PROCORE_OK) {
        reader->broken = 1;
        return;
    }

    procore_start_name(reader, &name);

    known = procore_param_known(&param->name);

    if (known != PROCORE_PARAM_OTHER) {
        reader->seen[known]++;
    }

    if (procore_param_decode(param->value, &reader->last, &value)
        != PROCORE_OK)
    {
        reader->broken = 1;
        return;
    }

    if (known != PROCORE_PARAM_OTHER && reader->seen[known] == 1) {
        reader->values[known] = value;
    }
}


/* RFC 7636, section 4.3: S256 or nothing; half of it is a mistake. */

static int
procore_start_pkce_ok(const procore_str_t *challenge,
    const procore_str_t *method)
{
    size_t         i;
    unsigned char  c;

    if (challenge->len == 0 && method->len == 0) {
        return 1;
    }

    if (challenge->len != PROCORE_START_CHALLENGE
        || !procore_text_is(method, "S256"))
    {
        return 0;
    }

    for (i = 0; i < challenge->len; i++) {
        c = challenge->data[i];

        if (!((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z')
              || (c >= 'a' && c <= 'z') || c == '-' || c == '_'))
        {
            return 0;
        }
    }

    return 1;
}


/* What is told to the app, in this order. */

static procore_start_e
procore_start_judge(const procore_start_reader_t *reader, int company_ok)
{
    const procore_str_t  *values = reader->values;

    if (reader->repeated) {
        return PROCORE_START_REPEATED;
    }

    if (!procore_text_is(&values[PROCORE_PARAM_RESPONSE_TYPE], "code")) {
        return PROCORE_START_TYPE;
    }

    if (values[PROCORE_PARAM_RESPONSE_MODE].len != 0
        && !procore_text_is(&values[PROCORE_PARAM_RESPONSE_MODE], "query"))
    {
        return PROCORE_START_MODE;
    }

    if (values[PROCORE_PARAM_STATE].len > PROCORE_START_STATE) {
        return PROCORE_START_STATE_LONG;
    }

    if (!procore_start_pkce_ok(&values[PROCORE_PARAM_CHALLENGE],
                               &values[PROCORE_PARAM_METHOD]))
    {
        return PROCORE_START_PKCE;
    }

    return company_ok ? PROCORE_START_OK : PROCORE_START_COMPANY;
}


/* Of a parameter that stands there twice, neither value is handed on. */

static void
procore_start_result(procore_start_reader_t *reader)
{
    int               company_ok;
    size_t            i;
    procore_str_t    *values;
    procore_start_t  *start;

    start = reader->start;
    values = reader->values;

    for (i = 0; i < PROCORE_PARAM_OTHER; i++) {
        if (reader->seen[i] > 1) {
            memset(&values[i], 0, sizeof(procore_str_t));
        }
    }

    start->client = values[PROCORE_PARAM_CLIENT_ID];
    start->redirect_uri = values[PROCORE_PARAM_REDIRECT_URI];
    start->state = values[PROCORE_PARAM_STATE];

    if (values[PROCORE_PARAM_CHALLENGE].len != 0) {
        start->challenge = values[PROCORE_PARAM_CHALLENGE];
    }

    company_ok = values[PROCORE_PARAM_COMPANY_ID].len == 0
                 || procore_id_classify(values[PROCORE_PARAM_COMPANY_ID].data,
                                        values[PROCORE_PARAM_COMPANY_ID].len,
                                        &start->company)
                    == PROCORE_ID_NUMBER;

    if (reader->seen[PROCORE_PARAM_CLIENT_ID] == 0
        || (start->client.data != NULL && start->client.len == 0))
    {
        start->result = PROCORE_START_NO_CLIENT;

    } else if (reader->broken) {
        start->result = PROCORE_START_QUERY;

    } else if (reader->seen[PROCORE_PARAM_CLIENT_ID] > 1) {
        start->result = PROCORE_START_CLIENT;

    } else if (start->redirect_uri.len == 0) {
        start->result = PROCORE_START_REDIRECT;

    } else {
        start->result = procore_start_judge(reader, company_ok);
    }
}


void
procore_start_read(procore_start_t *start, const unsigned char *query,
    size_t len, unsigned char *memory)
{
    procore_str_t           rest;
    procore_param_t         param;
    procore_start_reader_t  reader;

    memset(start, 0, sizeof(procore_start_t));

    if (len > PROCORE_START_MAX) {
        start->result = PROCORE_START_QUERY;
        return;
    }

    memset(&reader, 0, sizeof(procore_start_reader_t));

    reader.start = start;
    reader.last = memory;

    rest.data = query;
    rest.len = len;

    while (procore_param_next(&rest, &param) == PROCORE_OK) {
        procore_start_one(&reader, &param);
    }

    procore_start_result(&reader);
}


static void
procore_start_put(procore_out_t *out, procore_param_e param,
    const procore_str_t *value)
{
    procore_out_text(out, procore_param_names[param]);
    procore_out_text(out, "=");
    procore_out_percent(out, value);
}


void
procore_start_write(procore_out_t *out, const unsigned char *query,
    size_t len, const procore_str_t *callback, const procore_str_t *state,
    const procore_str_t *challenge)
{
    size_t           i;
    const char      *separator;
    procore_str_t    rest;
    procore_param_t  param;
    procore_param_e  known;

    static const procore_str_t  method = procore_str("S256");

    const procore_str_t  *own[PROCORE_PARAM_OTHER + 1] = { NULL };
    const procore_str_t   left_out = { 0, NULL };

    own[PROCORE_PARAM_REDIRECT_URI] = callback;
    own[PROCORE_PARAM_STATE] = state;
    own[PROCORE_PARAM_CHALLENGE] = challenge;
    own[PROCORE_PARAM_METHOD] = challenge->data != NULL ? &method : challenge;
    own[PROCORE_PARAM_COMPANY_ID] = &left_out;
    own[PROCORE_PARAM_RESPONSE_MODE] = &left_out;

    separator = "";

    rest.data = query;
    rest.len = len;

    while (procore_param_next(&rest, &param) == PROCORE_OK) {
        known = procore_param_known(&param.name);

        if (own[known] != NULL && own[known]->data == NULL) {
            continue;
        }

        procore_out_text(out, separator);
        separator = "&";

        if (own[known] == NULL) {
            procore_out(out, param.whole.data, param.whole.len);
            continue;
        }

        procore_start_put(out, known, own[known]);
        own[known] = &left_out;
    }

    for (i = 0; i < PROCORE_PARAM_OTHER; i++) {
        if (own[i] != NULL && own[i]->data != NULL) {
            procore_out_text(out, separator);
            procore_start_put(out, (procore_param_e) i, own[i]);
            separator = "&";
        }
    }
}


int
procore_start_param(const unsigned char *query, size_t len, const char *name,
    unsigned char *memory, procore_str_t *value)
{
    int              found;
    size_t           n;
    procore_str_t    rest, decoded, text;
    procore_param_t  param;

    found = 0;

    rest.data = query;
    rest.len = len;

    for (n = 0; procore_param_next(&rest, &param) == PROCORE_OK; n++) {

        if (n == PROCORE_START_PARAMS
            || procore_param_decode(param.name, &memory, &decoded) != PROCORE_OK
            || procore_param_decode(param.value, &memory, &text) != PROCORE_OK
            || procore_param_merges(&decoded, name))
        {
            return PROCORE_MALFORMED;
        }

        if (procore_text_is(&decoded, name)) {
            *value = text;
            found++;
        }
    }

    return found == 0 ? PROCORE_NOT_FOUND
           : found == 1 ? PROCORE_OK : PROCORE_CONFLICT;
}

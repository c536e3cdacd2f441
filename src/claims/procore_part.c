
#include <string.h>

#include "procore_hex.h"
#include "procore_media.h"
#include "procore_part.h"


typedef struct {
    procore_part_t  *part;
    procore_str_t    type;          /* value of Content-Type */
    unsigned         dispositions;
    unsigned         types;
    unsigned         names;
    unsigned         filenames;
    unsigned         extended;      /* filename* */
} procore_part_head_t;


/*
 * The charsets that honest clients write.  Rack tags a value of text/plain with
 * its charset; in these the ASCII bytes mean what they say.
 */

static int
procore_part_charset(const procore_str_t *charset)
{
    size_t                    i, len;
    procore_str_t             head;
    static const char *const  whole[] = {
        "utf-8", "utf8", "us-ascii", "ascii"
    };
    static const char *const  begins[] = { "iso-8859-", "windows-125" };

    for (i = 0; i < sizeof(whole) / sizeof(whole[0]); i++) {
        if (procore_text_is(charset, whole[i])) {
            return 1;
        }
    }

    for (i = 0; i < sizeof(begins) / sizeof(begins[0]); i++) {
        len = strlen(begins[i]);
        head.data = charset->data;
        head.len = charset->len < len ? charset->len : len;

        if (charset->len > len && charset->len <= len + 2
            && procore_text_is(&head, begins[i]))
        {
            return 1;
        }
    }

    return 0;
}


static int
procore_part_type(const procore_str_t *type)
{
    int                    rc;
    procore_media_t        media;
    procore_media_param_t  param;

    rc = procore_media_parse(type, &media);

    if (rc != PROCORE_OK) {
        return rc;
    }

    while ((rc = procore_media_param(&media, &param)) == PROCORE_OK) {

        if (procore_text_is(&param.name, "charset")
            && !procore_part_charset(&param.value))
        {
            return PROCORE_MALFORMED;
        }
    }

    return rc == PROCORE_NOT_FOUND ? PROCORE_OK : PROCORE_MALFORMED;
}


/* Does the text hold the word, which is in lower case, in any case? */

static int
procore_part_holds(const procore_str_t *text, const char *lower)
{
    procore_str_t  head;

    head = *text;

    for (head.len = strlen(lower); head.len <= text->len; head.len++) {
        if (procore_text_ends(&head, lower)) {
            return 1;
        }
    }

    return 0;
}


/* Could a pattern that looks for "; name=" find one in this text? */

static int
procore_part_hides_name(const procore_str_t *text)
{
    size_t                i;
    procore_str_t         tail;
    const unsigned char  *end;

    end = text->data + text->len;

    for (i = 0; i < text->len; i++) {
        if (text->data[i] != ';') {
            continue;
        }

        tail.data = text->data + i + 1;

        while (tail.data < end && (*tail.data == ' ' || *tail.data == '\t')) {
            tail.data++;
        }

        tail.len = sizeof("name=") - 1;

        if ((size_t) (end - tail.data) >= tail.len
            && procore_text_is(&tail, "name="))
        {
            return 1;
        }
    }

    return 0;
}


/* charset'language'value, the value percent-encoded */

static int
procore_part_extended(const procore_str_t *value)
{
    size_t         i, quotes, charset;
    unsigned char  c;

    quotes = 0;
    charset = 0;

    for (i = 0; i < value->len; i++) {
        c = value->data[i];

        if (c == '\'') {
            quotes++;

        } else if (c == '%') {
            if (quotes < 2 || value->len - i < 3
                || procore_hex_digit(value->data[i + 1]) < 0
                || procore_hex_digit(value->data[i + 2]) < 0)
            {
                return PROCORE_MALFORMED;
            }

            i += 2;

        } else if (!procore_token_char(c) || c == '*') {
            return PROCORE_MALFORMED;

        } else if (quotes < 2 && strchr("!#$&+.^_`|~", c) != NULL) {
            return PROCORE_MALFORMED;

        } else if (quotes == 0) {
            charset++;
        }
    }

    return quotes == 2 && charset != 0 ? PROCORE_OK : PROCORE_MALFORMED;
}


static int
procore_part_name(procore_part_head_t *head, const procore_str_t *value,
    int quoted)
{
    head->names++;
    head->part->name = *value;

    if (value->len == 0) {
        return PROCORE_MALFORMED;
    }

    /* escapes and a second parameter within the quotes are read in two ways */

    if (quoted && (memchr(value->data, '\\', value->len) != NULL
                   || memchr(value->data, ';', value->len) != NULL))
    {
        return PROCORE_MALFORMED;
    }

    return PROCORE_OK;
}


static int
procore_part_filename(procore_part_head_t *head, const procore_str_t *value,
    int quoted)
{
    head->filenames++;
    head->part->file = 1;

    if (!quoted) {
        return value->len != 0 ? PROCORE_OK : PROCORE_MALFORMED;
    }

    if (value->len == 0) {
        return PROCORE_OK;
    }

    /*
     * Patterns take a backslash before the closing quote for an escape, and
     * look for the name no further than to a colon.
     */

    if (value->data[value->len - 1] == '\\'
        || (head->names == 0 && memchr(value->data, ':', value->len) != NULL)
        || procore_part_hides_name(value))
    {
        return PROCORE_MALFORMED;
    }

    return PROCORE_OK;
}


static int
procore_part_param(procore_part_head_t *head, const procore_str_t *name,
    const procore_str_t *value, int quoted)
{
    if (name->len == 4 && memcmp(name->data, "name", 4) == 0) {
        return procore_part_name(head, value, quoted);
    }

    if (name->len == 8 && memcmp(name->data, "filename", 8) == 0) {
        return procore_part_filename(head, value, quoted);
    }

    if (name->len == 9 && memcmp(name->data, "filename*", 9) == 0 && !quoted) {
        head->extended++;
        head->part->file = 1;

        return procore_part_extended(value);
    }

    return PROCORE_MALFORMED;
}


static size_t
procore_part_token(const unsigned char *p, const unsigned char *end)
{
    const unsigned char  *start;

    start = p;

    while (p < end && procore_token_char(*p)) {
        p++;
    }

    return (size_t) (p - start);
}


/*
 * Reads "name=value" at *p, no blank anywhere, and leaves *p behind it.
 */

static int
procore_part_pair(procore_part_head_t *head, const unsigned char **p,
    const unsigned char *end)
{
    int            quoted;
    procore_str_t  name, value;

    name.data = *p;
    name.len = procore_part_token(*p, end);
    *p += name.len;

    if (*p == end || **p != '=') {
        return PROCORE_MALFORMED;
    }

    (*p)++;
    quoted = *p < end && **p == '"';

    value.data = *p + quoted;

    if (!quoted) {
        value.len = procore_part_token(*p, end);
        *p += value.len;

        return procore_part_param(head, &name, &value, 0);
    }

    for ((*p)++; *p < end && **p != '"'; (*p)++) {

        if (**p == '\\' && end - *p > 1) {
            (*p)++;
        }
    }

    if (*p == end) {
        return PROCORE_MALFORMED;
    }

    value.len = (size_t) (*p - value.data);
    (*p)++;

    return procore_part_param(head, &name, &value, 1);
}


static int
procore_part_disposition(procore_part_head_t *head, const procore_str_t *value)
{
    int                   rc;
    procore_str_t         type;
    const unsigned char  *p, *end;

    p = value->data;
    end = p + value->len;

    type.data = p;
    type.len = procore_part_token(p, end);
    p += type.len;

    if (!procore_text_is(&type, "form-data")) {
        return PROCORE_MALFORMED;
    }

    while (p < end) {

        if (*p++ != ';') {
            return PROCORE_MALFORMED;
        }

        while (p < end && *p == ' ') {
            p++;
        }

        rc = procore_part_pair(head, &p, end);

        if (rc != PROCORE_OK) {
            return rc;
        }
    }

    return PROCORE_OK;
}


/* One line, without its CRLF. */

static int
procore_part_line(procore_part_head_t *head, const unsigned char *line,
    size_t len)
{
    size_t         i;
    procore_str_t  name, value;

    for (i = 0; i < len; i++) {
        if ((line[i] < ' ' && line[i] != '\t') || line[i] == 0x7f) {
            return PROCORE_MALFORMED;
        }
    }

    name.data = line;
    name.len = procore_part_token(line, line + len);

    if (name.len == 0 || name.len == len || line[name.len] != ':') {
        return PROCORE_MALFORMED;
    }

    value.data = line + name.len + 1;
    value.len = len - name.len - 1;

    while (value.len != 0 && value.data[0] == ' ') {
        value.data++;
        value.len--;
    }

    if (procore_text_is(&name, "content-disposition")) {
        head->dispositions++;

        return procore_part_disposition(head, &value);
    }

    if (procore_text_is(&name, "content-type")) {
        head->types++;
        head->type = value;
    }

    /* patterns that are not bound to the beginning of a line find it here */

    if (procore_part_holds(&name, "content-disposition")
        || procore_part_holds(&value, "content-disposition"))
    {
        return PROCORE_MALFORMED;
    }

    return PROCORE_OK;
}


int
procore_part_read(const unsigned char *head, size_t len, procore_part_t *part)
{
    int                   rc;
    const unsigned char  *p, *end, *lf;
    procore_part_head_t   state;

    memset(part, 0, sizeof(*part));
    memset(&state, 0, sizeof(state));
    state.part = part;

    end = head + len;

    for (p = head; p < end; p = lf + 1) {
        lf = memchr(p, '\n', (size_t) (end - p));

        if (lf == NULL || lf == p || lf[-1] != '\r') {
            return PROCORE_MALFORMED;
        }

        rc = procore_part_line(&state, p, (size_t) (lf - p) - 1);

        if (rc != PROCORE_OK) {
            return rc;
        }
    }

    if (state.dispositions != 1 || state.names != 1 || state.filenames > 1
        || state.extended > 1 || state.types > 1)
    {
        return PROCORE_MALFORMED;
    }

    if (state.types != 0 && !part->file) {
        return procore_part_type(&state.type);
    }

    return PROCORE_OK;
}

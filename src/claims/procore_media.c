
#include <string.h>

#include "procore_media.h"


static unsigned char
procore_lower(unsigned char c)
{
    return c >= 'A' && c <= 'Z' ? c | 0x20 : c;
}


int
procore_text_ends(const procore_str_t *text, const char *lower)
{
    size_t                i, len;
    const unsigned char  *tail;

    len = strlen(lower);

    if (text->len < len) {
        return 0;
    }

    tail = text->data + text->len - len;

    for (i = 0; i < len; i++) {
        if (procore_lower(tail[i]) != (unsigned char) lower[i]) {
            return 0;
        }
    }

    return 1;
}


int
procore_text_is(const procore_str_t *text, const char *lower)
{
    return text->len == strlen(lower) && procore_text_ends(text, lower);
}


static int
procore_alnum(unsigned char c)
{
    return (c >= '0' && c <= '9') || (procore_lower(c) >= 'a'
                                      && procore_lower(c) <= 'z');
}


int
procore_token_char(unsigned char c)
{
    return procore_alnum(c) || (c != '\0' && strchr("!#$%&'*+-.^_`|~", c));
}


/* Splits a name off the text.  Returns its length, 0 where there is none. */

static size_t
procore_media_name(procore_str_t *text, procore_str_t *name)
{
    size_t         i;
    unsigned char  c;

    for (i = 0; i < text->len; i++) {
        c = text->data[i];

        if (!procore_alnum(c)
            && (i == 0 || c == '\0' || strchr("!#$&-^_.+", c) == NULL))
        {
            break;
        }
    }

    name->data = text->data;
    name->len = i;

    text->data += i;
    text->len -= i;

    return i;
}


static size_t
procore_media_blanks(procore_str_t *text)
{
    size_t  n;

    for (n = 0; n < text->len && text->data[n] == ' '; n++) { /* void */ }

    text->data += n;
    text->len -= n;

    return n;
}


int
procore_media_parse(const procore_str_t *text, procore_media_t *media)
{
    size_t         i;
    procore_str_t  rest;

    rest = *text;

    (void) procore_media_blanks(&rest);

    while (rest.len != 0 && rest.data[rest.len - 1] == ' ') {
        rest.len--;
    }

    for (i = 0; i < rest.len; i++) {
        if (rest.data[i] < ' ' || rest.data[i] >= 0x7f || rest.data[i] == ',')
        {
            return PROCORE_MALFORMED;
        }
    }

    if (procore_media_name(&rest, &media->type) == 0
        || rest.len == 0 || rest.data[0] != '/')
    {
        return PROCORE_MALFORMED;
    }

    rest.data++;
    rest.len--;

    if (procore_media_name(&rest, &media->subtype) == 0) {
        return PROCORE_MALFORMED;
    }

    (void) procore_media_blanks(&rest);

    if (rest.len != 0 && rest.data[0] != ';') {
        return PROCORE_MALFORMED;
    }

    media->rest = rest;

    return PROCORE_OK;
}


static int
procore_media_quoted(procore_str_t *rest, procore_str_t *value)
{
    size_t  i;

    for (i = 1; i < rest->len && rest->data[i] != '"'; i++) {

        if (rest->data[i] == '\\') {
            i++;
        }
    }

    if (i >= rest->len) {
        return PROCORE_MALFORMED;
    }

    value->data = rest->data + 1;
    value->len = i - 1;

    rest->data += i + 1;
    rest->len -= i + 1;

    return PROCORE_OK;
}


static int
procore_media_bare(procore_str_t *rest, procore_str_t *value)
{
    size_t  i;

    for (i = 0; i < rest->len && strchr(" ;\"\\", rest->data[i]) == NULL; i++) {
        /* void */
    }

    if (i == 0) {
        return PROCORE_MALFORMED;
    }

    value->data = rest->data;
    value->len = i;

    rest->data += i;
    rest->len -= i;

    return PROCORE_OK;
}


int
procore_media_param(procore_media_t *media, procore_media_param_t *param)
{
    int            rc;
    size_t         i;
    procore_str_t  rest;

    rest = media->rest;

    while (rest.len != 0 && (rest.data[0] == ';' || rest.data[0] == ' ')) {
        rest.data++;
        rest.len--;
    }

    if (rest.len == 0) {
        media->rest = rest;
        return PROCORE_NOT_FOUND;
    }

    for (i = 0; i < rest.len && procore_token_char(rest.data[i]); i++) {
        /* void */
    }

    param->name.data = rest.data;
    param->name.len = i;

    if (i == 0 || i == rest.len || rest.data[i] != '=') {
        return PROCORE_MALFORMED;
    }

    rest.data += i + 1;
    rest.len -= i + 1;

    param->quoted = rest.len != 0 && rest.data[0] == '"';

    rc = param->quoted ? procore_media_quoted(&rest, &param->value)
                       : procore_media_bare(&rest, &param->value);

    if (rc != PROCORE_OK) {
        return rc;
    }

    param->padded = procore_media_blanks(&rest) != 0;

    if (rest.len != 0 && rest.data[0] != ';') {
        return PROCORE_MALFORMED;
    }

    media->rest = rest;

    return PROCORE_OK;
}

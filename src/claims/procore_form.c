
#include <string.h>

#include "procore_form.h"
#include "procore_hex.h"


enum {
    PROCORE_FORM_NAME = 0,
    PROCORE_FORM_NEXT,      /* after a separator, nothing of the name yet */
    PROCORE_FORM_VALUE
};


void
procore_form_start(procore_form_t *form, const procore_rules_t *rules,
    const procore_sink_t *sink, procore_carrier_e carrier,
    unsigned char separator, unsigned char *scratch, size_t scratch_size)
{
    procore_field_init(&form->field, rules, sink, carrier, scratch,
                       scratch_size);

    form->pairs = 0;
    form->separator = separator;
    form->state = PROCORE_FORM_NAME;
    form->escape = 0;
    form->digit = 0;
    form->rc = PROCORE_OK;
    form->name_len = 0;

    memset(&form->utf8, 0, sizeof(form->utf8));
}


/* One character of a name or a value, after decoding. */

static int
procore_form_char(procore_form_t *form, unsigned char c)
{
    if (!procore_utf8_byte(&form->utf8, c)) {
        return PROCORE_MALFORMED;
    }

    if (form->state == PROCORE_FORM_VALUE) {
        procore_field_feed(&form->field, &c, 1);
        return PROCORE_OK;
    }

    if (form->name_len == PROCORE_FIELD_NAME) {
        return PROCORE_MALFORMED;
    }

    form->name[form->name_len++] = c;
    form->state = PROCORE_FORM_NAME;

    return PROCORE_OK;
}


static int
procore_form_name_end(procore_form_t *form)
{
    return procore_field_name(&form->field, form->name, form->name_len);
}


/* A separator, or the end of the text. */

static int
procore_form_pair_end(procore_form_t *form)
{
    int  rc;

    if (form->utf8.left != 0 || ++form->pairs > PROCORE_FORM_PAIRS) {
        return PROCORE_MALFORMED;
    }

    if (form->state == PROCORE_FORM_VALUE) {
        procore_field_end(&form->field, PROCORE_VALUE_TEXT);

    } else if (form->name_len != 0) {
        rc = procore_form_name_end(form);

        if (rc != PROCORE_OK) {
            return rc;
        }

        procore_field_end(&form->field, PROCORE_VALUE_NULL);
    }

    form->name_len = 0;
    form->state = PROCORE_FORM_NEXT;

    return PROCORE_OK;
}


static int
procore_form_escape(procore_form_t *form, unsigned char c)
{
    int  digit;

    digit = procore_hex_digit(c);

    if (digit < 0) {
        return PROCORE_MALFORMED;
    }

    if (form->escape == 1) {
        form->digit = (unsigned char) digit;
        form->escape = 2;
        return PROCORE_OK;
    }

    form->escape = 0;

    return procore_form_char(form, (unsigned char) (form->digit << 4 | digit));
}


static int
procore_form_byte(procore_form_t *form, unsigned char c)
{
    if (form->escape != 0) {
        return procore_form_escape(form, c);
    }

    switch (c) {

    case '\0':

        /* rack 2 drops one at the end of a body, and no client sends any */

        return PROCORE_MALFORMED;

    case '%':
        form->escape = 1;
        return PROCORE_OK;

    case '&':
        return procore_form_pair_end(form);

    case '+':
        return procore_form_char(form, ' ');

    case ' ':

        /* Rack's separator takes the blanks behind it along */

        if (form->state == PROCORE_FORM_NEXT) {
            return PROCORE_OK;
        }

        break;

    case '=':
        if (form->state != PROCORE_FORM_VALUE) {

            if (form->utf8.left != 0) {
                return PROCORE_MALFORMED;
            }

            form->state = PROCORE_FORM_VALUE;

            return procore_form_name_end(form);
        }

        break;

    default:
        if (c == form->separator) {
            return procore_form_pair_end(form);
        }
    }

    return procore_form_char(form, c);
}


/* How many bytes from here on are ASCII that stands for itself in a value? */

static size_t
procore_form_plain(const procore_form_t *form, const unsigned char *data,
    size_t len)
{
    size_t         i;
    unsigned char  c;

    for (i = 0; i < len; i++) {
        c = data[i];

        if (c == '&' || c == '%' || c == '+' || c == '\0' || c >= 0x80
            || c == form->separator)
        {
            break;
        }
    }

    return i;
}


int
procore_form_feed(procore_form_t *form, const unsigned char *data, size_t len)
{
    size_t  i, plain;

    i = 0;

    while (i < len && form->rc == PROCORE_OK) {

        if (form->state == PROCORE_FORM_VALUE && form->escape == 0
            && form->utf8.left == 0)
        {
            plain = procore_form_plain(form, data + i, len - i);

            if (plain != 0) {
                procore_field_feed(&form->field, data + i, plain);
                i += plain;
                continue;
            }
        }

        form->rc = procore_form_byte(form, data[i++]);
    }

    return form->rc;
}


int
procore_form_end(procore_form_t *form)
{
    if (form->rc != PROCORE_OK) {
        return form->rc;
    }

    form->rc = form->escape != 0 ? PROCORE_MALFORMED
                                 : procore_form_pair_end(form);

    return form->rc;
}


static int
procore_query_read(procore_form_t *form, const procore_str_t *query)
{
    (void) procore_form_feed(form, query->data, query->len);

    return procore_form_end(form);
}


int
procore_query_claims(procore_form_t *form, const procore_rules_t *rules,
    const procore_sink_t *sink, const procore_str_t *query,
    unsigned char *scratch, size_t scratch_size)
{
    int  rc, other;

    if (query->len == 0) {
        return PROCORE_OK;
    }

    procore_form_start(form, rules, sink, PROCORE_IN_QUERY, 0, scratch,
                       scratch_size);

    rc = procore_query_read(form, query);

    if (memchr(query->data, ';', query->len) == NULL) {
        return rc;
    }

    procore_form_start(form, rules, sink, PROCORE_IN_QUERY, ';', scratch,
                       scratch_size);

    other = procore_query_read(form, query);

    return rc != PROCORE_OK ? rc : other;
}

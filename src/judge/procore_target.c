
/*
 * nginx's normal form of a request target.
 *
 * Follows nginx's own machine, because what matters is what nginx does: an
 * escape is decoded in the state that it was found in, so that "%2e" is a dot
 * and "%2f" a slash.
 */


#include <string.h>

#include "procore_target.h"


typedef enum {
    PROCORE_TARGET_USUAL = 0,
    PROCORE_TARGET_SLASH,
    PROCORE_TARGET_DOT,
    PROCORE_TARGET_DOT_DOT,
    PROCORE_TARGET_END
} procore_target_state_e;


static int procore_target_escape(const procore_str_t *target, size_t *at,
    unsigned char *c);
static int procore_target_digit(unsigned char c);
static int procore_target_step(procore_target_state_e *state, unsigned char c,
    int merge_slashes, unsigned char *out, size_t *len);
static int procore_target_dots(procore_target_state_e state,
    const unsigned char *out, size_t *len);
static void procore_target_rest(const procore_str_t *target, size_t at,
    procore_target_t *parsed);


int
procore_target_read(const procore_str_t *target, int empty_path,
    int merge_slashes, unsigned char *out, procore_target_t *parsed)
{
    int                     escaped;
    size_t                  i, len;
    unsigned char           c;
    procore_target_state_e  state;

    i = 0;
    len = 0;
    state = PROCORE_TARGET_USUAL;

    if (empty_path) {
        out[len++] = '/';
    }

    while (i < target->len) {

        c = target->data[i++];
        escaped = c == '%';

        if (escaped && procore_target_escape(target, &i, &c) != PROCORE_OK) {
            return PROCORE_MALFORMED;
        }

        if (escaped && (c == '%' || c == '#' || c == '?')) {

            /* decoded, these end nothing */

            out[len++] = c;
            state = PROCORE_TARGET_USUAL;
            continue;
        }

        if (procore_target_step(&state, c, merge_slashes, out, &len)
            != PROCORE_OK)
        {
            return PROCORE_MALFORMED;
        }

        if (state == PROCORE_TARGET_END) {
            i--;
            break;
        }
    }

    if (procore_target_dots(state, out, &len) != PROCORE_OK) {
        return PROCORE_MALFORMED;
    }

    parsed->uri.data = out;
    parsed->uri.len = len;

    procore_target_rest(target, i, parsed);

    return PROCORE_OK;
}


/* Decodes the two digits at *at.  PROCORE_OK or PROCORE_MALFORMED. */

static int
procore_target_escape(const procore_str_t *target, size_t *at,
    unsigned char *c)
{
    int  high, low;

    if (target->len - *at < 2) {
        return PROCORE_MALFORMED;
    }

    high = procore_target_digit(target->data[*at]);
    low = procore_target_digit(target->data[*at + 1]);

    if (high < 0 || low < 0 || high + low == 0) {
        return PROCORE_MALFORMED;
    }

    *c = (unsigned char) (high << 4 | low);
    *at += 2;

    return PROCORE_OK;
}


static int
procore_target_digit(unsigned char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }

    c = (unsigned char) (c | 0x20);

    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}


/* One byte, after decoding. */

static int
procore_target_step(procore_target_state_e *state, unsigned char c,
    int merge_slashes, unsigned char *out, size_t *len)
{
    switch (c) {

    case '?':
    case '#':
        if (procore_target_dots(*state, out, len) != PROCORE_OK) {
            return PROCORE_MALFORMED;
        }

        *state = PROCORE_TARGET_END;
        return PROCORE_OK;

    case '/':
        if (procore_target_dots(*state, out, len) != PROCORE_OK) {
            return PROCORE_MALFORMED;
        }

        if (*state == PROCORE_TARGET_USUAL
            || (*state == PROCORE_TARGET_SLASH && !merge_slashes))
        {
            out[(*len)++] = c;
        }

        *state = PROCORE_TARGET_SLASH;
        return PROCORE_OK;

    case '.':
        out[(*len)++] = c;

        *state = *state == PROCORE_TARGET_SLASH ? PROCORE_TARGET_DOT
                 : *state == PROCORE_TARGET_DOT ? PROCORE_TARGET_DOT_DOT
                 : PROCORE_TARGET_USUAL;
        return PROCORE_OK;

    default:
        out[(*len)++] = c;
        *state = PROCORE_TARGET_USUAL;
        return PROCORE_OK;
    }
}


/*
 * Takes a dot segment that ends here off again, with the one above it where
 * there are two dots.  PROCORE_MALFORMED: there is none above.
 */

static int
procore_target_dots(procore_target_state_e state, const unsigned char *out,
    size_t *len)
{
    size_t  n;

    if (state == PROCORE_TARGET_DOT) {
        (*len)--;
        return PROCORE_OK;
    }

    if (state != PROCORE_TARGET_DOT_DOT) {
        return PROCORE_OK;
    }

    if (*len < 4) {
        return PROCORE_MALFORMED;
    }

    /* "/../" has three bytes before its end; the segment above ends there */

    n = *len - 4;

    while (out[n] != '/') {

        if (n == 0) {
            return PROCORE_MALFORMED;
        }

        n--;
    }

    *len = n + 1;

    return PROCORE_OK;
}


/* Query and fragment; "at" is where the path has ended. */

static void
procore_target_rest(const procore_str_t *target, size_t at,
    procore_target_t *parsed)
{
    const unsigned char  *p, *end;

    end = target->data + target->len;

    parsed->query.len = 0;
    parsed->query.data = NULL;
    parsed->fragment = memchr(target->data, '#', target->len) != NULL;

    if (at < target->len && target->data[at] == '?') {
        parsed->query.data = target->data + at + 1;

        p = memchr(parsed->query.data, '#', (size_t) (end
                                                      - parsed->query.data));
        parsed->query.len = (size_t) ((p ? p : end) - parsed->query.data);
    }

    /* the gate cuts it at the first "?", whatever nginx made of it */

    p = memchr(target->data, '?', target->len);

    parsed->raw.data = target->data;
    parsed->raw.len = p ? (size_t) (p - target->data) : target->len;
}

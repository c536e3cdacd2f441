
#include "procore_link.h"


typedef struct {
    const unsigned char  *pos;
    const unsigned char  *end;
} procore_link_t;


static int
procore_link_blank(unsigned char c)
{
    return c == ' ' || c == '\t';
}


static void
procore_link_blanks(procore_link_t *link)
{
    while (link->pos != link->end && procore_link_blank(*link->pos)) {
        link->pos++;
    }
}


/* Takes "c", with blanks before and after it.  Returns 1 or 0. */

static int
procore_link_take(procore_link_t *link, unsigned char c)
{
    procore_link_blanks(link);

    if (link->pos == link->end || *link->pos != c) {
        return 0;
    }

    link->pos++;
    procore_link_blanks(link);

    return 1;
}


/* "word" in small letters. */

static int
procore_link_is(const unsigned char *text, size_t len, const char *word)
{
    size_t         i;
    unsigned char  c;

    for (i = 0; i < len; i++) {
        c = text[i];

        if (c >= 'A' && c <= 'Z') {
            c |= 0x20;
        }

        if (word[i] == '\0' || c != (unsigned char) word[i]) {
            return 0;
        }
    }

    return word[len] == '\0';
}


/*
 * A token; what it may consist of matters less than where it ends.  Returns
 * its length.
 */

static size_t
procore_link_token(procore_link_t *link)
{
    unsigned char         c;
    const unsigned char  *start;

    start = link->pos;

    while (link->pos != link->end) {
        c = *link->pos;

        if (procore_link_blank(c) || c == '=' || c == ';' || c == ','
            || c == '"' || c == '<' || c == '>')
        {
            break;
        }

        link->pos++;
    }

    return (size_t) (link->pos - start);
}


/*
 * The inside of a quoted string, whose opening quote has been taken.  An
 * escaped character cannot be part of a relation type, so that no copy without
 * the backslashes is needed.
 */

static procore_str_t
procore_link_quoted(procore_link_t *link)
{
    procore_str_t  text;

    text.data = link->pos;

    while (link->pos != link->end && *link->pos != '"') {
        if (*link->pos == '\\' && link->end - link->pos > 1) {
            link->pos++;
        }

        link->pos++;
    }

    text.len = (size_t) (link->pos - text.data);

    if (link->pos != link->end) {
        link->pos++;
    }

    return text;
}


/* Is "next" among relation types that blanks separate? */

static int
procore_link_lists_next(const procore_str_t *types)
{
    size_t  i, start;

    i = 0;

    while (i < types->len) {
        start = i;

        while (i < types->len && !procore_link_blank(types->data[i])) {
            i++;
        }

        if (procore_link_is(types->data + start, i - start, "next")) {
            return 1;
        }

        i++;
    }

    return 0;
}


/*
 * The parameters of one link.  Returns 1 where its relation is "next"; only the
 * first "rel" counts (section 3.3).
 */

static int
procore_link_params(procore_link_t *link)
{
    int                   next, rel, is_rel;
    size_t                len;
    procore_str_t         value;
    const unsigned char  *name;

    next = 0;
    rel = 0;

    while (procore_link_take(link, ';')) {
        name = link->pos;
        len = procore_link_token(link);
        is_rel = procore_link_is(name, len, "rel");

        value.data = link->pos;
        value.len = 0;

        if (procore_link_take(link, '=')) {
            value.data = link->pos;

            if (link->pos != link->end && *link->pos == '"') {
                link->pos++;
                value = procore_link_quoted(link);

            } else {
                value.len = procore_link_token(link);
            }
        }

        if (is_rel && !rel) {
            rel = 1;
            next = procore_link_lists_next(&value);
        }
    }

    return next;
}


int
procore_link_has_next(const procore_str_t *value)
{
    procore_link_t  link;

    link.pos = value->data;
    link.end = value->data;

    if (value->len != 0) {
        link.end += value->len;
    }

    for ( ;; ) {

        while (procore_link_take(&link, ',')) { /* void */ }

        if (!procore_link_take(&link, '<')) {
            return 0;
        }

        while (link.pos != link.end && *link.pos != '>') {
            link.pos++;
        }

        if (!procore_link_take(&link, '>')) {
            return 0;
        }

        if (procore_link_params(&link)) {
            return 1;
        }

        if (!procore_link_take(&link, ',')) {
            return 0;
        }
    }
}


/*
 * A log_format, and the lines that it has made.
 */


#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <string.h>

#include "procore_replay_format.h"


static int procore_format_escape(char **text, procore_format_t *format);
static int procore_format_variable(char **pos, procore_format_t *format);
static int procore_format_left(const procore_format_t *format,
    const procore_str_t *line, size_t *starts, size_t *ends);
static void procore_format_right(const procore_format_t *format,
    const procore_str_t *line, size_t first, size_t *starts);


const char  procore_format_combined[] =
    "$remote_addr - $remote_user [$time_local] \"$request\" $status "
    "$body_bytes_sent \"$http_referer\" \"$http_user_agent\"";


static const char *const  procore_format_names[PROCORE_LOG_MAX] = {
#define PROCORE_LOG(symbol, name)  name,
#include "procore_replay_format.def"
#undef PROCORE_LOG
};


int
procore_replay_format(char *text, procore_format_t *format, const char **why)
{
    char                   *pos, *start;
    procore_format_item_t  *item;

    memset(format, 0, sizeof(procore_format_t));

    pos = text;

    if (procore_format_escape(&pos, format) != PROCORE_OK) {
        *why = "the format's escape is none of default, json and none";
        return PROCORE_MALFORMED;
    }

    for (start = pos; *pos != '\0' && *pos != '$'; pos++) { /* void */ }

    format->prefix.data = (unsigned char *) start;
    format->prefix.len = (size_t) (pos - start);

    while (*pos == '$') {

        if (format->nitems == PROCORE_FORMAT_ITEMS) {
            *why = "the format has more than 64 variables";
            return PROCORE_MALFORMED;
        }

        item = &format->items[format->nitems++];
        item->variable = procore_format_variable(&pos, format);

        for (start = pos; *pos != '\0' && *pos != '$'; pos++) { /* void */ }

        item->literal.data = (unsigned char *) start;
        item->literal.len = (size_t) (pos - start);

        if (*pos == '$' && start == pos) {
            *why = "two variables of the format have nothing between them";
            return PROCORE_MALFORMED;
        }
    }

    if (!(format->seen & (1u << PROCORE_LOG_REQUEST
                          | 1u << PROCORE_LOG_REQUEST_URI)))
    {
        *why = "the format has neither $request nor $request_uri";
        return PROCORE_MALFORMED;
    }

    return PROCORE_OK;
}


static int
procore_format_escape(char **text, procore_format_t *format)
{
    unsigned  i;

    static const char *const  names[] = { "default ", "json ", "none " };

    if (strncmp(*text, "escape=", sizeof("escape=") - 1) != 0) {
        return PROCORE_OK;
    }

    *text += sizeof("escape=") - 1;

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strncmp(*text, names[i], strlen(names[i])) == 0) {
            *text += strlen(names[i]);
            format->escape = (procore_escape_e) i;
            return PROCORE_OK;
        }
    }

    return PROCORE_MALFORMED;
}


/* "$name" or "${name}"; its number, -1: it tells us nothing. */

static int
procore_format_variable(char **pos, procore_format_t *format)
{
    int     i;
    char   *p, *start;
    size_t  len;

    p = *pos + 1;

    if (*p == '{') {
        start = ++p;

        while (*p != '\0' && *p != '}') {
            p++;
        }

        len = (size_t) (p - start);
        *pos = *p == '}' ? p + 1 : p;

    } else {
        start = p;

        while ((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z')
               || (*p >= '0' && *p <= '9') || *p == '_')
        {
            p++;
        }

        len = (size_t) (p - start);
        *pos = p;
    }

    for (i = 0; i < PROCORE_LOG_MAX; i++) {
        if (strlen(procore_format_names[i]) == len
            && memcmp(procore_format_names[i], start, len) == 0)
        {
            format->seen |= 1u << i;
            return i;
        }
    }

    return -1;
}


int
procore_format_split(const procore_format_t *format, const procore_str_t *line,
    procore_str_t *values)
{
    size_t  i, starts[PROCORE_FORMAT_ITEMS] = { 0 };
    size_t  ends[PROCORE_FORMAT_ITEMS], right[PROCORE_FORMAT_ITEMS];

    if (procore_format_left(format, line, starts, ends) != PROCORE_OK) {
        return PROCORE_MALFORMED;
    }

    /*
     * With the first possible place of each literal and with the last one, the
     * same must come of it: whoever sends a request chooses what stands in it.
     */

    procore_format_right(format, line, starts[0], right);

    for (i = 0; i < format->nitems; i++) {

        if (starts[i] != right[i]) {
            return PROCORE_CONFLICT;
        }

        if (format->items[i].variable != -1) {
            values[format->items[i].variable].data = line->data + starts[i];
            values[format->items[i].variable].len = ends[i] - starts[i];
        }
    }

    return PROCORE_OK;
}


static int
procore_format_left(const procore_format_t *format, const procore_str_t *line,
    size_t *starts, size_t *ends)
{
    size_t                i, pos;
    const procore_str_t  *literal;
    const unsigned char  *found;

    pos = format->prefix.len;

    if (line->len < pos
        || (pos != 0 && memcmp(line->data, format->prefix.data, pos) != 0))
    {
        return PROCORE_MALFORMED;
    }

    for (i = 0; i < format->nitems; i++) {
        literal = &format->items[i].literal;
        starts[i] = pos;

        if (i + 1 == format->nitems) {

            /* the end of the line */

            if (line->len - pos < literal->len
                || (literal->len != 0
                    && memcmp(line->data + line->len - literal->len,
                              literal->data, literal->len)
                       != 0))
            {
                return PROCORE_MALFORMED;
            }

            ends[i] = line->len - literal->len;
            break;
        }

        found = memmem(line->data + pos, line->len - pos, literal->data,
                       literal->len);
        if (found == NULL) {
            return PROCORE_MALFORMED;
        }

        ends[i] = (size_t) (found - line->data);
        pos = ends[i] + literal->len;
    }

    return PROCORE_OK;
}


/* The same from the end; the line fits, and the first value is at "first". */

static void
procore_format_right(const procore_format_t *format, const procore_str_t *line,
    size_t first, size_t *starts)
{
    size_t                i, end;
    const procore_str_t  *literal;

    i = format->nitems - 1;
    end = line->len - format->items[i].literal.len;

    for ( ; i > 0; i--) {
        literal = &format->items[i - 1].literal;

        do {
            end--;
        } while (end - first + 1 > literal->len
                 && memcmp(line->data + end - literal->len + 1, literal->data,
                           literal->len)
                    != 0);

        starts[i] = end + 1;
        end = end + 1 - literal->len;
    }

    starts[0] = first;
}

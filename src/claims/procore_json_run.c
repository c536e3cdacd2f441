
#include "procore_json_state.h"


/*
 * The grammar of procore_json_lex.c once more, for what nearly all of a
 * document is: members and elements that nobody wants and that are whole in the
 * input.  It changes no state on the way, takes whole tokens, and stops before
 * whatever is not of that kind.
 */


const unsigned char *
procore_json_blanks(const unsigned char *p, const unsigned char *end)
{
    uint64_t  odd;

    while (p != end
           && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t'))
    {
        if (*p++ != '\n') {
            continue;
        }

        /* an indented document */

        while (end - p >= 8) {
            memcpy(&odd, p, 8);
            odd ^= PROCORE_SCAN_EACH(' ');

            if (odd != 0) {
                p += procore_scan_first(odd);
                break;
            }

            p += 8;
        }
    }

    return p;
}


static const unsigned char *
procore_json_run_number(const unsigned char *p, const unsigned char *end)
{
    const unsigned char  *fraction;

    if (*p == '-' && ++p == end) {
        return NULL;
    }

    if (*p == '0') {
        p++;

        if (p != end && *p >= '0' && *p <= '9') {
            return NULL;
        }

    } else if (*p >= '1' && *p <= '9') {
        p = procore_scan_digits(p + 1, end);

    } else {
        return NULL;
    }

    if (p != end && *p == '.') {
        fraction = p + 1;
        p = procore_scan_digits(fraction, end);

        if (p == fraction) {
            return NULL;
        }
    }

    return p != end && (*p | 0x20) != 'e' ? p : NULL;
}


static const unsigned char *
procore_json_run_word(const unsigned char *p, const unsigned char *end)
{
    if (end - p < 6) {
        return NULL;
    }

    if (memcmp(p, "true", 4) == 0 || memcmp(p, "null", 4) == 0) {
        return p + 4;
    }

    return memcmp(p, "false", 5) == 0 ? p + 5 : NULL;
}


/* The end of a string, number or word that begins at "p", or NULL. */

static inline const unsigned char *
procore_json_run_scalar(const unsigned char *p, const unsigned char *end)
{
    if (*p == '"') {
        p = procore_scan_plain(p + 1, end);

        return p != end && *p == '"' ? p + 1 : NULL;
    }

    return *p <= '9' ? procore_json_run_number(p, end)
                     : procore_json_run_word(p, end);
}


static inline const unsigned char *
procore_json_run_blanks(const unsigned char *p, const unsigned char *end)
{
    if (p == end || *p > ' ') {
        return p;
    }

    if (*p == ' ' && end - p > 1 && p[1] > ' ') {
        return p + 1;
    }

    return procore_json_blanks(p, end);
}


/* Elements that nobody wants; the first one is next. */

static void
procore_json_run_elements(procore_json_lex_t *lex)
{
    uint64_t              n;
    const unsigned char  *p, *next, *end;

    end = lex->end;
    n = 0;

    for (p = lex->pos; p != end; p = procore_json_run_blanks(p + 1, end)) {
        next = procore_json_run_scalar(p, end);

        if (next == NULL) {
            break;
        }

        p = procore_json_run_blanks(next, end);

        if (p == end || *p != ',') {
            lex->state = PROCORE_LEX_AFTER;
            break;
        }

        n++;
    }

    lex->index[lex->depth] += n;
    lex->pos = p;
}


/*
 * Members from a name on.  Those of which neither name nor value is wanted are
 * passed over; the first other one's name is handed out, with its value next.
 */

static procore_json_token_e
procore_json_run_members(procore_json_lex_t *lex, const unsigned char *p,
    procore_str_t *text)
{
    unsigned char         last;
    const unsigned char  *start, *next, *end, *names;

    end = lex->end;
    names = lex->names;

    while (p != end && *p == '"') {
        start = p + 1;
        next = procore_scan_plain(start, end);

        if (end - next < 3 || *next != '"' || next[1] != ':') {
            break;
        }

        last = next[-1];
        next += 2;
        p = procore_json_run_blanks(next, end);

        if (names == NULL
            || ((names[last] & lex->names_mask)
                && lex->wanted(lex->wanted_data, start,
                               (size_t) (next - start) - 2)))
        {
            p = NULL;

        } else {
            p = p != end ? procore_json_run_scalar(p, end) : NULL;
        }

        if (p == NULL) {
            text->data = start;
            text->len = (size_t) (next - start) - 2;

            lex->pos = next;
            lex->state = PROCORE_LEX_VALUE;
            return PROCORE_JSON_KEY;
        }

        p = procore_json_run_blanks(p, end);

        if (p == end || *p != ',') {
            lex->pos = p;
            lex->state = PROCORE_LEX_AFTER;
            return PROCORE_JSON_NONE;
        }

        p = procore_json_run_blanks(p + 1, end);
    }

    lex->pos = p;
    lex->state = PROCORE_LEX_NAME;

    return PROCORE_JSON_NONE;
}


/* A string or a number that is wanted. */

static procore_json_token_e
procore_json_run_wanted(procore_json_lex_t *lex, const unsigned char *p,
    procore_str_t *text)
{
    int                   string;
    const unsigned char  *next;

    string = *p == '"';
    next = string || *p <= '9' ? procore_json_run_scalar(p, lex->end) : NULL;

    if (next == NULL) {
        return PROCORE_JSON_NONE;
    }

    text->data = string ? p + 1 : p;
    text->len = (size_t) (next - p) - (string ? 2 : 0);

    lex->pos = next;
    lex->state = PROCORE_LEX_AFTER;

    return string ? PROCORE_JSON_STRING : PROCORE_JSON_NUMBER;
}


procore_json_token_e
procore_json_run(procore_json_lex_t *lex, procore_str_t *text)
{
    const unsigned char  *p;

    p = procore_json_run_blanks(lex->pos, lex->end);

    if (lex->state == PROCORE_LEX_VALUE) {

        lex->pos = p;

        if (p == lex->end) {
            return PROCORE_JSON_NONE;
        }

        if (!lex->skip) {
            return procore_json_run_wanted(lex, p, text);
        }

        if (!(lex->objects & 1)) {
            procore_json_run_elements(lex);
            return PROCORE_JSON_NONE;
        }

        p = procore_json_run_scalar(p, lex->end);

        if (p == NULL) {
            return PROCORE_JSON_NONE;
        }

        lex->state = PROCORE_LEX_AFTER;
        p = procore_json_run_blanks(p, lex->end);
    }

    if (lex->state == PROCORE_LEX_AFTER) {

        if (p == lex->end || *p != ',' || !(lex->objects & 1)) {
            lex->pos = p;
            return PROCORE_JSON_NONE;
        }

        p = procore_json_run_blanks(p + 1, lex->end);
        lex->state = PROCORE_LEX_NAME;
    }

    if (p == lex->end || *p != '"') {
        lex->pos = p;
        return PROCORE_JSON_NONE;
    }

    return procore_json_run_members(lex, p, text);
}


/*
 * nginx's syntax, as far as directives need it: words, quotes, comments
 * (ngx_conf_read_token()).
 */


#include <stdio.h>
#include <string.h>

#include "procore_settings.h"


typedef struct {
    const unsigned char  *p;
    const unsigned char  *end;
    unsigned              line;
    procore_settings_t   *settings;
} procore_settings_text_t;


static int procore_settings_blanks(procore_settings_text_t *in);
static int procore_settings_word(procore_settings_text_t *in,
    procore_str_t *word);
static unsigned char procore_settings_escaped(unsigned char c);
static int procore_settings_line(unsigned line, char *error, const char *why);


int
procore_settings_read(procore_settings_t *settings, const procore_str_t *text,
    char *error)
{
    int                       rc;
    char                      why[PROCORE_SETTINGS_ERROR];
    size_t                    n;
    unsigned                  line;
    procore_str_t             words[PROCORE_SETTINGS_WORDS];
    procore_settings_text_t   in;

    in.p = text->data;
    in.end = text->data + text->len;
    in.line = 1;
    in.settings = settings;

    while (procore_settings_blanks(&in)) {

        line = in.line;

        for (n = 0; procore_settings_blanks(&in) && *in.p != ';'; n++) {

            if (n == PROCORE_SETTINGS_WORDS) {
                return procore_settings_line(line, error,
                                             "too many parameters");
            }

            rc = procore_settings_word(&in, &words[n]);

            if (rc == PROCORE_MALFORMED) {
                return procore_settings_line(in.line, error, "a block, a quote "
                                             "without its end, or a word that "
                                             "is too long");
            }

            if (rc != PROCORE_OK) {
                return rc;
            }
        }

        if (in.p == in.end || n == 0) {
            return procore_settings_line(line, error, n ? "no \";\" at the end"
                                                        : "a \";\" alone");
        }

        in.p++;

        rc = procore_settings_set(settings, words, n, why);

        if (rc == PROCORE_NOT_FOUND) {
            (void) snprintf(why, sizeof(why), "\"%.*s\" is not known here",
                            (int) (words[0].len < 64 ? words[0].len : 64),
                            (const char *) words[0].data);
            rc = PROCORE_MALFORMED;
        }

        if (rc == PROCORE_MALFORMED) {
            return procore_settings_line(line, error, why);
        }

        if (rc != PROCORE_OK) {
            return rc;
        }
    }

    return PROCORE_OK;
}


static int
procore_settings_line(unsigned line, char *error, const char *why)
{
    (void) snprintf(error, PROCORE_SETTINGS_ERROR, "line %u: %.*s", line,
                    PROCORE_SETTINGS_ERROR - 32, why);

    return PROCORE_MALFORMED;
}


/* Passes over blanks and comments: 1, or 0 at the end. */

static int
procore_settings_blanks(procore_settings_text_t *in)
{
    for ( /* void */ ; in->p < in->end; in->p++) {

        if (*in->p == '#') {
            while (in->p < in->end && *in->p != '\n') {
                in->p++;
            }

            if (in->p == in->end) {
                return 0;
            }
        }

        if (*in->p == '\n') {
            in->line++;

        } else if (*in->p != ' ' && *in->p != '\t' && *in->p != '\r') {
            return 1;
        }
    }

    return 0;
}


/* One word; without its quotes and escapes in memory of its own. */

static int
procore_settings_word(procore_settings_text_t *in, procore_str_t *word)
{
    size_t          n;
    unsigned char   quote, *out, c;

    out = in->settings->alloc(in->settings->data, PROCORE_SETTINGS_WORD);
    if (out == NULL) {
        return PROCORE_ERROR;
    }

    quote = *in->p == '"' || *in->p == '\'' ? *in->p++ : '\0';

    for (n = 0; in->p < in->end && n < PROCORE_SETTINGS_WORD; in->p++) {
        c = *in->p;

        if (quote ? c == quote
                  : c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == ';')
        {
            break;
        }

        if (!quote && (c == '{' || c == '}')
            && !(c == '{' && n && out[n - 1] == '$'))
        {
            return PROCORE_MALFORMED;
        }

        if (c == '\n') {
            in->line++;
        }

        if (c == '\\' && in->p + 1 < in->end
            && procore_settings_escaped(in->p[1]))
        {
            c = procore_settings_escaped(*++in->p);
        }

        out[n++] = c;
    }

    if (n == PROCORE_SETTINGS_WORD || (quote && in->p == in->end)) {
        return PROCORE_MALFORMED;
    }

    if (quote) {
        in->p++;

        /* something must stand between two words */

        if (in->p < in->end && *in->p != ';' && *in->p != ' '
            && *in->p != '\t' && *in->p != '\r' && *in->p != '\n')
        {
            return PROCORE_MALFORMED;
        }
    }

    word->data = out;
    word->len = n;

    return PROCORE_OK;
}


/* What a backslash makes of the next byte; 0: nothing, both stay. */

static unsigned char
procore_settings_escaped(unsigned char c)
{
    switch (c) {

    case '"':
    case '\'':
    case '\\':
        return c;

    case 't':
        return '\t';

    case 'r':
        return '\r';

    case 'n':
        return '\n';

    default:
        return '\0';
    }
}

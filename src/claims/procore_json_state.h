
/*
 * What the parts of the JSON reader share: procore_json_lex.c has the grammar,
 * procore_json_string.c the inside of strings, procore_json_run.c the fast way
 * through what is of no interest.
 */


#ifndef PROCORE_JSON_STATE_H
#define PROCORE_JSON_STATE_H


#include "procore_json_lex.h"
#include "procore_scan.h"


/* Nothing to hand out yet; never leaves the reader. */

#define PROCORE_JSON_NONE  ((procore_json_token_e) 0xff)


/* What may come next; from PROCORE_LEX_STRING on, inside a token. */

typedef enum {
    PROCORE_LEX_VALUE = 0,
    PROCORE_LEX_ELEMENT,       /* a value or the end of the array */
    PROCORE_LEX_MEMBER,        /* a name or the end of the object */
    PROCORE_LEX_NAME,
    PROCORE_LEX_COLON,
    PROCORE_LEX_AFTER,         /* a comma or the end of the container */
    PROCORE_LEX_END,           /* nothing but blanks */
    PROCORE_LEX_FAILED,
    PROCORE_LEX_STRING,
    PROCORE_LEX_ESCAPE,        /* after a backslash */
    PROCORE_LEX_HEX,
    PROCORE_LEX_SURROGATE,     /* the other half's backslash */
    PROCORE_LEX_SURROGATE_U,   /* and its "u" */
    PROCORE_LEX_MINUS,
    PROCORE_LEX_ZERO,
    PROCORE_LEX_INTEGER,
    PROCORE_LEX_DOT,
    PROCORE_LEX_FRACTION,
    PROCORE_LEX_E,
    PROCORE_LEX_E_SIGN,
    PROCORE_LEX_EXPONENT,
    PROCORE_LEX_LITERAL
} procore_json_state_e;


static inline procore_json_token_e
procore_json_fail(procore_json_lex_t *lex)
{
    lex->state = PROCORE_LEX_FAILED;

    return PROCORE_JSON_FAILED;
}


/* A value is complete: what may follow depends on where it stands. */

static inline void
procore_json_done(procore_json_lex_t *lex)
{
    lex->state = lex->depth ? PROCORE_LEX_AFTER : PROCORE_LEX_END;
}


/*
 * Reads on in a string.  "start" is where the piece to hand out begins, "p"
 * what has been looked at.  Returns a token or PROCORE_JSON_NONE.
 */

procore_json_token_e procore_json_string(procore_json_lex_t *lex,
    const unsigned char *start, const unsigned char *p, procore_str_t *text);

/* Reads the next byte of an escape. */

procore_json_token_e procore_json_escaped(procore_json_lex_t *lex,
    procore_str_t *text);

/* Returns the first byte in [p, end) that is no blank, or "end". */

const unsigned char *procore_json_blanks(const unsigned char *p,
    const unsigned char *end);

/*
 * Passes over as many members and elements as nobody wants, within a container
 * and between two tokens.  Returns the token after them where that is a name,
 * or a string or number that is wanted; else PROCORE_JSON_NONE.
 */

procore_json_token_e procore_json_run(procore_json_lex_t *lex,
    procore_str_t *text);


#endif /* PROCORE_JSON_STATE_H */

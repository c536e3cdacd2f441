
/*
 * A strict reader of JSON text (RFC 8259), fed in pieces.
 *
 * It refuses all that the grammar of the RFC does not have, whatever other
 * readers make of it: comments, trailing commas, NaN, a byte order mark, text
 * that is no UTF-8 (RFC 3629), an escaped surrogate without its other half.
 * Its state has a fixed size; containers nest to PROCORE_DEPTH.
 *
 * Give it a run of bytes, then take tokens until it asks for more:
 *
 *     procore_json_lex_feed(&lex, data, len);
 *
 *     do {
 *         token = procore_json_lex_next(&lex, &text);
 *         ...
 *     } while (token > PROCORE_JSON_MORE);
 */


#ifndef PROCORE_JSON_LEX_H
#define PROCORE_JSON_LEX_H


#include "procore_claim.h"
#include "procore_utf8.h"


/*
 * Text comes in pieces where it is escaped or where the input was split: any
 * number of _PART tokens and then one without, which may have no bytes.
 */

typedef enum {
    PROCORE_JSON_FAILED = 0,   /* no JSON; stays so */
    PROCORE_JSON_MORE,         /* all bytes are used up */
    PROCORE_JSON_OBJECT,
    PROCORE_JSON_OBJECT_END,
    PROCORE_JSON_ARRAY,
    PROCORE_JSON_ARRAY_END,
    PROCORE_JSON_KEY_PART,     /* text: a piece of a member's name, unescaped */
    PROCORE_JSON_KEY,
    PROCORE_JSON_STRING_PART,  /* text: a piece of a string, unescaped */
    PROCORE_JSON_STRING,
    PROCORE_JSON_NUMBER_PART,  /* text: a piece of a number as written */
    PROCORE_JSON_NUMBER,
    PROCORE_JSON_TRUE,
    PROCORE_JSON_FALSE,
    PROCORE_JSON_NULL
} procore_json_token_e;


/*
 * Readable from outside: "depth", the containers that are open, and
 * "index[depth]", the elements before the current one where the innermost
 * container is an array.
 *
 * Writable from outside between two tokens:
 *
 * "skip": while it is set, strings, numbers, true, false and null are checked
 * and counted, and not handed out.
 *
 * "names": a table of 256 flags, by the last byte of a member's name.  Where a
 * name's flags have none of "names_mask", or else "wanted" says 0 to it, the
 * member may be passed over if its value is a string, a number or a word.
 * NULL: all names are handed out.
 */

typedef struct {
    const unsigned char  *pos;         /* of the bytes being read */
    const unsigned char  *end;
    const unsigned char  *names;
    int                 (*wanted)(const void *data, const unsigned char *name,
                                  size_t len);
    const void           *wanted_data;
    unsigned char         names_mask;
    unsigned char         state;
    unsigned char         skip;
    unsigned char         key;         /* the string being read is a name */
    procore_utf8_t        utf8;
    unsigned char         hex_left;    /* digits missing of an escape */
    unsigned char         literal;     /* which, and how far */
    unsigned char         literal_pos;
    unsigned char         begun;       /* a byte has been seen */
    unsigned char         depth;
    unsigned char         decoded[4];
    uint16_t              code;        /* of the escape being read */
    uint16_t              surrogate;   /* a first half that waits */
    uint64_t              objects;     /* a bit a container, innermost lowest */
    uint64_t              index[PROCORE_DEPTH + 1];
} procore_json_lex_t;


/* Starts a document, with "skip" unset. */

void procore_json_lex_start(procore_json_lex_t *lex);

/*
 * Gives the next "len" bytes of "data", which must stay until the next token
 * is PROCORE_JSON_MORE.
 */

void procore_json_lex_feed(procore_json_lex_t *lex, const unsigned char *data,
    size_t len);

/*
 * Takes the next token; sets *text where the token has text, which is valid
 * until the next call.  PROCORE_JSON_FAILED where the bytes are no JSON text,
 * or nest deeper than PROCORE_DEPTH.
 */

procore_json_token_e procore_json_lex_next(procore_json_lex_t *lex,
    procore_str_t *text);

/*
 * No more bytes.  Returns PROCORE_OK where they were one JSON text, or none at
 * all; else PROCORE_MALFORMED.  A number that is the whole text is checked, not
 * handed out.
 */

int procore_json_lex_end(const procore_json_lex_t *lex);


#endif /* PROCORE_JSON_LEX_H */

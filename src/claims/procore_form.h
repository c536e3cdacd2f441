
/*
 * Reads queries and urlencoded bodies by Rack's grammar.
 */


#ifndef PROCORE_FORM_H
#define PROCORE_FORM_H


#include "procore_field.h"
#include "procore_utf8.h"


/*
 * Rack refuses more pairs than this (rack 2.2 and 3: params limit), so a
 * request that holds more reaches no action.
 */

#define PROCORE_FORM_PAIRS   4096


typedef struct {
    procore_field_t  field;
    size_t           pairs;
    unsigned char    separator;    /* second separator, 0: none */
    unsigned char    state;
    unsigned char    escape;       /* characters of an escape seen */
    unsigned char    digit;        /* value of its first digit */
    procore_utf8_t   utf8;
    int              rc;           /* the first failure stays */
    size_t           name_len;
    unsigned char    name[PROCORE_FIELD_NAME];
} procore_form_t;


/*
 * Starts a reader.  "separator" is 0 for bodies and for the one reading of a
 * query, ';' for the other one (a query with a raw ";" is read both ways).
 * "scratch" as in procore_field_init().
 */

void procore_form_start(procore_form_t *form, const procore_rules_t *rules,
    const procore_sink_t *sink, procore_carrier_e carrier,
    unsigned char separator, unsigned char *scratch, size_t scratch_size);

/*
 * Feeds bytes, split anywhere.  Returns PROCORE_OK, or PROCORE_MALFORMED
 * (escape broken, raw NUL, text that is no UTF-8, too many pairs, or a name
 * that procore_field_name() refuses), then and at every later call.
 */

int procore_form_feed(procore_form_t *form, const unsigned char *data,
    size_t len);

/* No more bytes.  Same codes.  A form without a byte names nothing. */

int procore_form_end(procore_form_t *form);


/*
 * Reads a whole query in memory (without its "?"), both ways where it holds a
 * raw ";": a claim of both readings is then reported twice.  "form" is the
 * caller's working memory.  Returns as procore_form_feed().
 */

int procore_query_claims(procore_form_t *form, const procore_rules_t *rules,
    const procore_sink_t *sink, const procore_str_t *query,
    unsigned char *scratch, size_t scratch_size);


#endif /* PROCORE_FORM_H */


/*
 * Reads the claims of a JSON body.
 */


#ifndef PROCORE_JSON_H
#define PROCORE_JSON_H


#include "procore_json_lex.h"
#include "procore_name_text.h"
#include "procore_value.h"


/*
 * Names of the members that are open, for the names of claims.  What a claim
 * shows needs a name whole while the path is shorter than the shown length, and
 * only the last bytes of each name after that.
 */

#define PROCORE_JSON_PATH                                                     \
    (2 * PROCORE_CLAIM_NAME + PROCORE_DEPTH * PROCORE_NAME_TAIL)


typedef struct {
    procore_slot_t  slot;      /* of the object, or of the array's elements */
    uint16_t        object;
    uint16_t        path_len;  /* of the names above */
} procore_json_level_t;


typedef struct {
    const procore_rules_t  *rules;
    const procore_sink_t   *sink;
    unsigned char          *scratch;
    size_t                  scratch_size;
    size_t                  scratch_len;  /* of a parameter, may exceed */
    procore_str_t           member;       /* name of the current member */
    procore_slot_t          slot;         /* of the current value */
    int                     rc;
    unsigned                pieces:1;     /* "kept" holds a name's beginning */
    unsigned                named:1;      /* "name" is the current value's */
    procore_value_t         value;
    procore_name_text_t     kept;         /* a name that the input lost */
    procore_name_text_t     name;         /* path to the current value */
    procore_json_lex_t      lex;
    size_t                  path_len;
    procore_json_level_t    levels[PROCORE_DEPTH + 1];
    unsigned char           path[PROCORE_JSON_PATH];
} procore_json_t;


/*
 * Starts a reader; claims are PROCORE_IN_BODY.  "rules" and "sink" stay the
 * caller's and are used until the end.  "scratch" is the caller's memory for
 * values of OAuth parameters, may be NULL with size 0: then each such value
 * that has a byte is PROCORE_VALUE_LONG.
 *
 * The document is read strictly by RFC 8259 (procore_json_lex.h).  Members of
 * the same name all count.  Names of claims are the names of members and the
 * indices of elements from 0, joined by dots ("updates.3.id").
 */

void procore_json_start(procore_json_t *json, const procore_rules_t *rules,
    const procore_sink_t *sink, unsigned char *scratch, size_t scratch_size);

/*
 * Feeds bytes, split anywhere.  Returns PROCORE_OK, or PROCORE_MALFORMED (no
 * JSON text, or nested deeper than PROCORE_DEPTH), then and at every later
 * call.  Claims before the failure have been reported.
 */

int procore_json_feed(procore_json_t *json, const unsigned char *data,
    size_t len);

/* No more bytes.  Same codes.  No byte at all names nothing; blanks fail. */

int procore_json_end(procore_json_t *json);


#endif /* PROCORE_JSON_H */

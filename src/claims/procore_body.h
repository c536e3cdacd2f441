
/*
 * A request body of any type: which reader it gets, and one way to feed them.
 */


#ifndef PROCORE_BODY_H
#define PROCORE_BODY_H


#include "procore_form.h"
#include "procore_json.h"
#include "procore_multipart.h"


typedef enum {
    PROCORE_BODY_UNREAD = 0,   /* Rails parses nothing from it */
    PROCORE_BODY_JSON,
    PROCORE_BODY_FORM,
    PROCORE_BODY_MULTIPART,
    PROCORE_BODY_UNSUPPORTED   /* Rails might read it, we do not */
} procore_body_e;


/*
 * Chooses the reader from the values of all Content-Type lines ("types", in
 * order) and all Content-Encoding lines.  Follows the contract: read are the
 * types that Rails reads, and every type whose subtype is or ends in "json";
 * unread those that Rails parses as nothing; unsupported are a missing, empty,
 * doubled or unparsable type, XML types, multipart without a clean boundary,
 * and an encoding other than identity on a type that is read.
 * A type with a comma in it is unparsable, and so is one whose parameters are
 * not all "name=value".  A boundary is clean where the text "boundary=" stands
 * once, as a parameter of that name in lower case, without a blank, backslash
 * or semicolon in its value or a blank behind it.
 * For PROCORE_BODY_MULTIPART *boundary points into the type's value.
 */

procore_body_e procore_body_type(const procore_str_t *types, size_t ntypes,
    const procore_str_t *encodings, size_t nencodings, procore_str_t *boundary);


typedef struct {
    procore_body_e  type;
    size_t          limit;     /* bytes, 0: none */
    size_t          read;      /* bytes read, an upload's not counted */
    int             rc;        /* the first failure stays */
    union {
        procore_form_t       form;
        procore_json_t       json;
        procore_multipart_t  multipart;
    } u;
} procore_body_t;


/*
 * Starts the reader for "type" (JSON, FORM or MULTIPART; UNREAD reads
 * nothing).  "boundary" is copied.  "limit" is the most bytes of JSON, form or
 * multipart text that are read, 0 for no limit; those of a multipart body's
 * uploads do not count.  "scratch" as in procore_field_init().
 * Returns PROCORE_OK or PROCORE_MALFORMED (boundary unusable, or the type is
 * PROCORE_BODY_UNSUPPORTED).
 */

int procore_body_start(procore_body_t *body, procore_body_e type,
    const procore_str_t *boundary, size_t limit, const procore_rules_t *rules,
    const procore_sink_t *sink, unsigned char *scratch, size_t scratch_size);

/*
 * Feeds bytes, split anywhere.  Returns PROCORE_OK, PROCORE_MALFORMED or
 * PROCORE_TOO_LARGE, the first failure at every later call.
 */

int procore_body_feed(procore_body_t *body, const unsigned char *data,
    size_t len);

/* No more bytes.  Same codes.  A body without a byte names nothing. */

int procore_body_end(procore_body_t *body);


#endif /* PROCORE_BODY_H */

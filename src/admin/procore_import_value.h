
/*
 * Values of the members of an import line; only the reader of lines includes
 * it.
 */


#ifndef PROCORE_IMPORT_VALUE_H
#define PROCORE_IMPORT_VALUE_H


#include "procore_import_line.h"


typedef struct {
    unsigned char  *pos;
    unsigned char  *end;
    const char     *why;      /* a constant sentence */
} procore_import_reader_t;


/* How the value of a member is read. */

typedef enum {
    PROCORE_MEMBER_TOKEN = 0,
    PROCORE_MEMBER_CLIENT,
    PROCORE_MEMBER_CLIENT_HEX,
    PROCORE_MEMBER_ID,
    PROCORE_MEMBER_USER,
    PROCORE_MEMBER_DIGEST,
    PROCORE_MEMBER_FAMILY,
    PROCORE_MEMBER_REALM,
    PROCORE_MEMBER_KIND,
    PROCORE_MEMBER_STATE,
    PROCORE_MEMBER_WAY,
    PROCORE_MEMBER_TIME,
    PROCORE_MEMBER_TRUE
} procore_import_type_e;


typedef struct {
    procore_str_t          name;
    procore_import_type_e  type;
    size_t                 offset;      /* in procore_import_line_t */
} procore_import_member_t;


/* Keeps the sentence; returns PROCORE_MALFORMED. */

int procore_import_wrong(procore_import_reader_t *in, const char *why);

/* The next byte that is no blank; -1 at the end. */

int procore_import_peek(procore_import_reader_t *in);

/*
 * A string of visible ASCII and blanks.  The decoded text is never longer than
 * the source, so it takes its place.  PROCORE_OK, PROCORE_MALFORMED.
 */

int procore_import_string(procore_import_reader_t *in, procore_str_t *out);

/* The value of a member, into its field of *out.  As above. */

int procore_import_value(procore_import_reader_t *in,
    const procore_import_member_t *member, procore_import_line_t *out);


#endif /* PROCORE_IMPORT_VALUE_H */

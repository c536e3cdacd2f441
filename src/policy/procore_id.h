
/*
 * Ids of companies and projects as text.
 *
 * Rails turns almost any text that begins with digits into a number.  We do
 * not follow it: an id is one canonical decimal, and everything else in the
 * place of an id is either known to name nothing or is malformed.
 */


#ifndef PROCORE_ID_H
#define PROCORE_ID_H


#include "procore_types.h"


#define PROCORE_ID_DIGITS     19    /* digits of 2^63 - 1 */
#define PROCORE_UUID_LENGTH   36    /* RFC 9562, section 4 */


typedef enum {
    PROCORE_ID_NOTHING = 0,   /* empty, or ASCII letters, "_" and "-" alone */
    PROCORE_ID_NUMBER,        /* canonical decimal, 1 to 2^63 - 1 */
    PROCORE_ID_UUID,          /* 8-4-4-4-12 hexadecimal digits, any case */
    PROCORE_ID_MALFORMED
} procore_id_class_e;


/*
 * Says what a text in the place of an id is.  Reads "len" bytes of "text",
 * keeps no reference.  Sets *id for PROCORE_ID_NUMBER only.  A UUID of letters
 * alone (aaaaaaaa-aaaa-...) is a UUID, not nothing.  "0" is malformed: no
 * account has it.
 */

procore_id_class_e procore_id_classify(const unsigned char *text, size_t len,
    uint64_t *id);


#endif /* PROCORE_ID_H */

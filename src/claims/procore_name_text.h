
/*
 * A claim's name as it is shown: joined from pieces, held to
 * PROCORE_CLAIM_NAME bytes by leaving out the middle.
 */


#ifndef PROCORE_NAME_TEXT_H
#define PROCORE_NAME_TEXT_H


#include "procore_claim.h"


/* Bytes of a long name that stay before and after the "...". */

#define PROCORE_NAME_TAIL  63
#define PROCORE_NAME_HEAD  (PROCORE_CLAIM_NAME - 3 - PROCORE_NAME_TAIL)


typedef struct {
    size_t         len;       /* bytes of the whole name, left out ones too */
    unsigned char  text[PROCORE_CLAIM_NAME];
} procore_name_text_t;


/* Begins an empty name. */

void procore_name_text_start(procore_name_text_t *name);

/*
 * Adds bytes.  The result does not depend on how they are split, nor on whether
 * a piece has been through another procore_name_text_t.
 */

void procore_name_text_add(procore_name_text_t *name,
    const unsigned char *data, size_t len);

/* The name as shown; points into *name. */

procore_str_t procore_name_text(const procore_name_text_t *name);


#endif /* PROCORE_NAME_TEXT_H */

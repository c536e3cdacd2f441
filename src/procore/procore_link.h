
/*
 * Reads the Link header field (RFC 8288, section 3).
 */


#ifndef PROCORE_LINK_H
#define PROCORE_LINK_H


#include "../policy/procore_types.h"


/*
 * Does the field value announce a next page, a link of relation type "next"?
 * Returns 1 or 0.  Its target is not looked at.  Text that does not follow the
 * grammar ends the value: what stood before it counts.
 */

int procore_link_has_next(const procore_str_t *value);


#endif /* PROCORE_LINK_H */


/*
 * Reads the header block of one part of a multipart/form-data body (RFC 7578,
 * section 4.2).
 *
 * Rack 2 searches the block with patterns, rack 3 takes it apart: what they
 * agree on is accepted, and everything in which one of them could find another
 * name, or a value where the other finds an upload, is malformed.
 */


#ifndef PROCORE_PART_H
#define PROCORE_PART_H


#include "../policy/procore_types.h"


typedef struct {
    procore_str_t  name;     /* points into the block */
    unsigned       file:1;   /* an upload: its bytes are no value */
} procore_part_t;


/*
 * "head" are the lines of the block, each with its CRLF, without the empty one
 * that ends it.  Accepted is exactly one Content-Disposition of the type
 * form-data with exactly one name, and at most one filename and one well-formed
 * filename* (RFC 8187, section 3.2); any other header lines, of which
 * Content-Type stands at most once, and for a value names no charset in which
 * digits could look otherwise than in ASCII.
 *
 * Returns PROCORE_OK or PROCORE_MALFORMED.
 */

int procore_part_read(const unsigned char *head, size_t len,
    procore_part_t *part);


#endif /* PROCORE_PART_H */


/*
 * A chunked body (RFC 9112, section 7.1) as nginx reads it
 * (ngx_http_parse_chunked()).
 */


#ifndef PROCORE_CHUNKED_H
#define PROCORE_CHUNKED_H


#include "../policy/procore_types.h"


/*
 * Decodes "len" bytes into "out" (at most len bytes): *n of them.  *used is
 * what the body takes, trailers included.
 * Returns PROCORE_OK; PROCORE_NOT_FOUND where it ends before its last chunk, or
 * PROCORE_MALFORMED: nginx answers with 400.  *n is set in each case.
 */

int procore_chunked_read(const unsigned char *data, size_t len,
    unsigned char *out, size_t *n, size_t *used);


#endif /* PROCORE_CHUNKED_H */

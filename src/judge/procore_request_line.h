
/*
 * Lines of the head of a request, for procore_request.c.
 */


#ifndef PROCORE_REQUEST_LINE_H
#define PROCORE_REQUEST_LINE_H


#include "procore_request.h"


#define PROCORE_HTTP_09  9
#define PROCORE_HTTP_10  1000
#define PROCORE_HTTP_11  1001
#define PROCORE_HTTP_20  2000


/* nginx answers with "status" itself; "why" is a constant. */

void procore_request_answer(procore_request_t *request, unsigned status,
    const char *why);

/*
 * The request line: method, target, version.  *used: its bytes.  PROCORE_OK, or
 * PROCORE_NOT_FOUND where it has no end.
 */

int procore_request_line(procore_request_t *request, const unsigned char *data,
    size_t len, unsigned char *room, size_t *used);

/*
 * One header line.  name->data is NULL at the empty line that ends the head;
 * name->len is 0 for a line that nginx drops.  PROCORE_OK; PROCORE_MALFORMED;
 * PROCORE_TOO_LARGE; PROCORE_NOT_FOUND: it has no end.
 */

int procore_request_header_line(const unsigned char *data, size_t len,
    procore_str_t *name, procore_str_t *value, size_t *used);

/* Is it the name of a method (1) or not (0)? */

int procore_request_method(const procore_str_t *method);

/* As ngx_http_validate_host(): PROCORE_OK or PROCORE_MALFORMED. */

int procore_request_host(const procore_str_t *host);


#endif /* PROCORE_REQUEST_LINE_H */

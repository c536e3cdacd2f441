
/*
 * An HTTP request as nginx reads it before any module sees it: what it takes
 * for the target, which header lines it drops, where the body ends, and what
 * it answers itself.
 *
 * Follows nginx 1.22.1 with its defaults: merge_slashes on,
 * underscores_in_headers off, ignore_invalid_headers on, lines of at most 8k.
 * What depends on more of the configuration (client_max_body_size, limits,
 * other locations) is not known here.
 */


#ifndef PROCORE_REQUEST_H
#define PROCORE_REQUEST_H


#include "procore_target.h"


/* nginx: large_client_header_buffers; a longer line is refused. */

#define PROCORE_REQUEST_LINE     8192

/* Lines of one request: more would not fit into nginx's buffers. */

#define PROCORE_REQUEST_HEADERS  512


typedef struct {
    procore_str_t      name;       /* as sent */
    procore_str_t      value;      /* without blanks around it */
} procore_request_header_t;


typedef struct {
    procore_str_t             method;
    unsigned                  version;     /* 9, 1000, 1001, 2000 */
    procore_str_t             line;        /* target as sent, no scheme, host */
    procore_target_t          target;
    unsigned                  as_sent:1;   /* the target has a path */
    unsigned                  chunked:1;
    unsigned                  close:1;     /* "Connection: close" */
    unsigned                  host:1;
    unsigned                  has_length:1;
    uint64_t                  length;      /* Content-Length */
    procore_str_t             body;        /* decoded, as far as it is there */
    unsigned                  complete:1;  /* the body is */

    unsigned                  status;      /* nginx's own answer, 0: none */
    const char               *why;         /* constant text, with status */

    procore_request_header_t  headers[PROCORE_REQUEST_HEADERS];
    size_t                    nheaders;
} procore_request_t;


/*
 * Reads one request of HTTP/1 from "len" bytes, the head of a connection.
 * "room" has len + 1 bytes and takes the decoded path, then the body where it
 * is chunked.  *used is what belongs to this request.
 * Returns PROCORE_OK, with request->status set where nginx answers itself (400,
 * 405, 414, 501, 505) and then closes the connection; PROCORE_NOT_FOUND where
 * the bytes end before the head does.
 */

int procore_request_read(procore_request_t *request, const unsigned char *data,
    size_t len, unsigned char *room, size_t *used);

/*
 * The same in parts, for a request of HTTP/2 (RFC 9113): start with method and
 * target, a call for each header line, then the end with all of the body.
 * "room" has target->len + 1 bytes.  What nginx answers itself is in
 * request->status.
 */

void procore_request_start(procore_request_t *request,
    const procore_str_t *method, const procore_str_t *target,
    unsigned char *room);
void procore_request_add(procore_request_t *request, const procore_str_t *name,
    const procore_str_t *value);
void procore_request_end(procore_request_t *request,
    const procore_str_t *body);

/*
 * The lines of a header ("name" in lower case), in order, at most "max".
 * Returns how many; "_" never stands for "-", for nginx drops such lines.
 */

size_t procore_request_lines(const procore_request_t *request,
    const char *name, procore_str_t *lines, size_t max);


#endif /* PROCORE_REQUEST_H */

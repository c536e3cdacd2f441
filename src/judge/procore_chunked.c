
#include <string.h>

#include "procore_chunked.h"


/* nginx: a size that another digit would take beyond off_t. */

#define PROCORE_CHUNKED_MAX  (INT64_MAX / 16)


typedef struct {
    const unsigned char  *p;
    const unsigned char  *end;
} procore_chunked_t;


static int procore_chunked_size(procore_chunked_t *in, uint64_t *size);
static int procore_chunked_line(procore_chunked_t *in, int extension);
static int procore_chunked_trailers(procore_chunked_t *in);


int
procore_chunked_read(const unsigned char *data, size_t len,
    unsigned char *out, size_t *n, size_t *used)
{
    int                rc;
    size_t             part;
    uint64_t           size;
    procore_chunked_t  in;

    in.p = data;
    in.end = data + len;

    *n = 0;
    *used = len;

    for ( ;; ) {

        rc = procore_chunked_size(&in, &size);

        if (rc == PROCORE_OK) {
            rc = procore_chunked_line(&in, 1);
        }

        if (rc == PROCORE_OK && size == 0) {
            rc = procore_chunked_trailers(&in);
            *used = (size_t) (in.p - data);
            return rc;
        }

        if (rc != PROCORE_OK) {
            return rc;
        }

        part = (size_t) (in.end - in.p);

        if (size < part) {
            part = (size_t) size;
        }

        memcpy(out + *n, in.p, part);
        *n += part;
        in.p += part;

        if (part < size) {
            return PROCORE_NOT_FOUND;
        }

        rc = procore_chunked_line(&in, 0);

        if (rc != PROCORE_OK) {
            return rc;
        }
    }
}


static int
procore_chunked_size(procore_chunked_t *in, uint64_t *size)
{
    int            digit;
    unsigned char  c;
    size_t         digits;

    *size = 0;

    for (digits = 0; in->p < in->end; digits++) {
        c = (unsigned char) (*in->p | 0x20);

        if (*in->p >= '0' && *in->p <= '9') {
            digit = *in->p - '0';

        } else if (c >= 'a' && c <= 'f') {
            digit = c - 'a' + 10;

        } else {
            return digits ? PROCORE_OK : PROCORE_MALFORMED;
        }

        if (*size > PROCORE_CHUNKED_MAX) {
            return PROCORE_MALFORMED;
        }

        *size = *size * 16 + (uint64_t) digit;
        in->p++;
    }

    return PROCORE_NOT_FOUND;
}


/*
 * The end of a line: CR LF or LF, and where it may have an extension, anything
 * before it.
 */

static int
procore_chunked_line(procore_chunked_t *in, int extension)
{
    if (in->p == in->end) {
        return PROCORE_NOT_FOUND;
    }

    if (extension && (*in->p == ';' || *in->p == ' ' || *in->p == '\t')) {

        while (in->p < in->end && *in->p != '\r' && *in->p != '\n') {
            in->p++;
        }
    }

    if (in->p < in->end && *in->p == '\r') {
        in->p++;
    }

    if (in->p == in->end) {
        return PROCORE_NOT_FOUND;
    }

    return *in->p++ == '\n' ? PROCORE_OK : PROCORE_MALFORMED;
}


/* Lines to the first empty one; what stands in them nobody reads. */

static int
procore_chunked_trailers(procore_chunked_t *in)
{
    int  rc, empty;

    do {
        empty = in->p < in->end && (*in->p == '\r' || *in->p == '\n');

        if (!empty && in->p < in->end) {

            for (in->p++; in->p < in->end && *in->p != '\r' && *in->p != '\n';
                 in->p++)
            {
                /* void */
            }
        }

        rc = procore_chunked_line(in, 0);

    } while (rc == PROCORE_OK && !empty);

    return rc;
}

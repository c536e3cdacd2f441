
/*
 * Reads multipart bodies (RFC 2046, section 5.1; RFC 7578) as they arrive.
 *
 * Strict where rack 2 and rack 3 differ: a boundary anywhere but in a delimiter
 * line of its own, text before the first one, anything but blanks and line ends
 * after the last one, line ends that are no CRLF, and a body that ends early
 * are malformed.
 */


#ifndef PROCORE_MULTIPART_H
#define PROCORE_MULTIPART_H


#include "procore_field.h"


/* RFC 2046 allows 70, and clients that follow nobody have sent more. */

#define PROCORE_MULTIPART_BOUNDARY  256

/*
 * The whole header block of a part.  The longest that clients send is a name
 * and a file's name twice, once percent-encoded.
 */

#define PROCORE_MULTIPART_HEAD      4096

/* Rack gives up at these numbers (multipart part limit and file limit). */

#define PROCORE_MULTIPART_PARTS     4096
#define PROCORE_MULTIPART_FILES     128

/* "--" and the boundary */

#define PROCORE_MULTIPART_DELIMITER (PROCORE_MULTIPART_BOUNDARY + 2)


typedef struct {
    procore_field_t  field;
    uint64_t         file_bytes;   /* of file parts, so far */
    size_t           text_bytes;   /* everything else */
    size_t           limit;        /* for text_bytes, 0: none */
    size_t           parts;
    size_t           files;
    int              rc;           /* the first failure stays */
    unsigned char    state;
    unsigned char    crlf;         /* bytes of CRLF seen */
    unsigned         started:1;
    unsigned         file:1;       /* the part is an upload */
    unsigned         wanted:1;     /* its bytes are a value that counts */
    size_t           matched;      /* bytes of the delimiter seen */
    size_t           delimiter_len;
    size_t           head_len;
    unsigned char    delimiter[PROCORE_MULTIPART_DELIMITER];

    /* matched bytes that remain when the next one does not fit */
    uint16_t         border[PROCORE_MULTIPART_DELIMITER];

    /* how far a search may step, by the last byte it looked at */
    unsigned char    skip[256];

    unsigned char    head[PROCORE_MULTIPART_HEAD];
} procore_multipart_t;


/*
 * Starts a reader; claims are PROCORE_IN_BODY.  "boundary" is copied.  "limit"
 * bounds the bytes that are not an upload's, 0 for no limit.  "scratch" as in
 * procore_field_init().
 * Returns PROCORE_OK, or PROCORE_MALFORMED where the boundary is empty, longer
 * than PROCORE_MULTIPART_BOUNDARY, or not of visible ASCII characters.
 */

int procore_multipart_start(procore_multipart_t *mp,
    const procore_str_t *boundary, size_t limit, const procore_rules_t *rules,
    const procore_sink_t *sink, unsigned char *scratch, size_t scratch_size);

/*
 * Feeds bytes, split anywhere.  Returns PROCORE_OK, PROCORE_MALFORMED or
 * PROCORE_TOO_LARGE (above the limit), the first failure at every later call.
 */

int procore_multipart_feed(procore_multipart_t *mp, const unsigned char *data,
    size_t len);

/* No more bytes.  Same codes.  A body without a byte names nothing. */

int procore_multipart_end(procore_multipart_t *mp);


#endif /* PROCORE_MULTIPART_H */

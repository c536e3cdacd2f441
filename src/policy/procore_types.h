
/*
 * Types and return codes that every pure folder shares.
 */


#ifndef PROCORE_TYPES_H
#define PROCORE_TYPES_H


#include <stddef.h>
#include <stdint.h>


/* A run of bytes that somebody else owns; not terminated by a NUL. */

typedef struct {
    size_t                len;
    const unsigned char  *data;
} procore_str_t;


#define procore_str(text)  { sizeof(text) - 1, (const unsigned char *) text }


/*
 * The one set of return codes of the pure folders.  Each function names those
 * that it uses.
 */

#define PROCORE_OK           0
#define PROCORE_ERROR       -1    /* the environment failed: memory, disk */
#define PROCORE_MALFORMED   -2    /* cannot be read for certain */
#define PROCORE_TOO_LARGE   -3    /* above a bound */
#define PROCORE_NOT_FOUND   -4
#define PROCORE_CONFLICT    -5    /* bound to something else already */
#define PROCORE_FULL        -6    /* no room on the disk or in the map */
#define PROCORE_CORRUPT     -7    /* a checksum does not hold */


#endif /* PROCORE_TYPES_H */

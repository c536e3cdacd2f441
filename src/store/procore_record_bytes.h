
/*
 * What the files that pack records share.
 */


#ifndef PROCORE_RECORD_BYTES_H
#define PROCORE_RECORD_BYTES_H


#include <string.h>

#include "procore_record.h"


/* The last "bytes" of a number, big-endian.  Both return what follows. */

static inline unsigned char *
procore_put(unsigned char *p, uint64_t number, unsigned bytes)
{
    while (bytes--) {
        *p++ = (unsigned char) (number >> (8 * bytes));
    }

    return p;
}


static inline unsigned char *
procore_put_bytes(unsigned char *p, const unsigned char *data, size_t len)
{
    memcpy(p, data, len);

    return p + len;
}


static inline uint64_t
procore_get(const unsigned char **p, unsigned bytes)
{
    uint64_t  number;

    number = 0;

    while (bytes--) {
        number = number << 8 | *(*p)++;
    }

    return number;
}


/* Ends the value that goes from "out" to "p" and returns its length. */

size_t procore_record_seal(procore_db_e db, const unsigned char *key,
    size_t key_len, unsigned char *out, unsigned char *p);

/*
 * Says whether the last bytes of a value are the checksum of the rest: 1 or 0.
 */

int procore_record_holds(procore_db_e db, const unsigned char *key,
    size_t key_len, const unsigned char *value, size_t len);

/*
 * Are there more than "seconds" between the two?  1 or 0, without an addition
 * to what is on disk: a clock that went back or a number near the end of its
 * range makes a record stay.
 */

int procore_older(uint64_t then, uint64_t now, uint64_t seconds);


#endif /* PROCORE_RECORD_BYTES_H */

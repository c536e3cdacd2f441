
/*
 * Feeds a text to a reader in pieces: however it is split, the reader must
 * report the same.
 */


#ifndef PROCORE_FUZZ_SPLIT_H
#define PROCORE_FUZZ_SPLIT_H


#include <stdlib.h>
#include <string.h>

#include "../unit/record.h"


typedef enum {
    SPLIT_WHOLE = 0,
    SPLIT_BYTES,
    SPLIT_RANDOM,      /* from a generator with a fixed seed */
    SPLIT_WAYS
} split_e;


/* A reader that has been started; "feed" and "end" as everywhere. */

typedef struct {
    void  *reader;
    int  (*feed)(void *reader, const unsigned char *data, size_t len);
    int  (*end)(void *reader);
} split_reader_t;


static inline int
split_feed(const split_reader_t *reader, split_e way, const unsigned char *data,
    size_t len)
{
    size_t          i, n;
    unsigned        seed;
    unsigned char  *copy;

    seed = (unsigned) len;

    for (i = 0; i < len; i += n) {

        seed = seed * 1103515245 + 12345;
        n = way == SPLIT_WHOLE ? len
            : way == SPLIT_BYTES ? 1 : 1 + (seed >> 16) % 64;

        if (n > len - i) {
            n = len - i;
        }

        /* a buffer of its own, so that a read beyond the piece is seen */

        copy = malloc(n);

        if (copy == NULL) {
            abort();
        }

        memcpy(copy, data + i, n);
        (void) reader->feed(reader->reader, copy, n);
        free(copy);
    }

    return reader->end(reader->reader);
}


/* Compares a way of feeding with the first one. */

static inline void
split_same(int rc, const record_t *record, int want_rc, const record_t *want)
{
    if (rc != want_rc || strcmp(record->text, want->text) != 0) {
        fprintf(stderr, "%d %s\n%d %s\n", want_rc, want->text, rc,
                record->text);
        abort();
    }
}


#endif /* PROCORE_FUZZ_SPLIT_H */

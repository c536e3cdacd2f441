
/*
 * HAR files: however they are split, the same entries come of them.
 */


#include <stdlib.h>
#include <string.h>

#include "fuzz_replay.h"


typedef struct {
    unsigned  entries;
    uint64_t  sum;
} seen_t;


static void
see(void *data, const procore_past_t *past, procore_pool_t *pool)
{
    seen_t *seen = data;

    seen->entries++;
    seen->sum = seen->sum * 31 + past->path.len * 7 + past->body_text.len
                + (uint64_t) past->body * 3 + (uint64_t) past->token;

    fuzz_replay(past, pool);
}


static int
feed(const uint8_t *data, size_t size, size_t piece, seen_t *seen)
{
    int                         rc;
    size_t                      i, n;
    const char                 *why;
    procore_har_t              *har;
    static const unsigned char  realm[PROCORE_REALM_SIZE];

    memset(seen, 0, sizeof(seen_t));

    har = procore_har_start(realm, NULL, see, seen);
    if (har == NULL) {
        return PROCORE_ERROR;
    }

    rc = PROCORE_OK;

    for (i = 0; i < size && rc == PROCORE_OK; i += n) {
        n = size - i < piece ? size - i : piece;
        rc = procore_har_feed(har, data + i, n, &why);
    }

    return procore_har_end(har, &why);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int     whole, pieces;
    seen_t  one, other;

    whole = feed(data, size, size ? size : 1, &one);
    pieces = feed(data, size, 1, &other);

    if (whole != pieces || one.entries != other.entries
        || one.sum != other.sum)
    {
        abort();
    }

    return 0;
}

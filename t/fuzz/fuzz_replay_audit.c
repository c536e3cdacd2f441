
/*
 * Audit records: whatever comes, texts lie in memory, and replaying says
 * what it may.
 */


#include <stdlib.h>
#include <string.h>

#include "fuzz_replay.h"


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int                    rc;
    const char            *why;
    unsigned char         *line;
    procore_past_t         past;
    static procore_pool_t  pool;

    /* a copy of the exact size, so that reading past it is seen */

    line = malloc(size ? size : 1);
    if (line == NULL) {
        return 0;
    }

    memcpy(line, data, size);
    why = NULL;
    procore_pool_reset(&pool);

    rc = procore_replay_audit(line, size, &pool, &past, &why);

    if (rc == PROCORE_OK) {
        fuzz_replay(&past, &pool);

    } else if (rc == PROCORE_MALFORMED) {
        if (why == NULL) {
            abort();
        }

    } else if (rc != PROCORE_NOT_FOUND) {
        abort();
    }

    free(line);

    return 0;
}

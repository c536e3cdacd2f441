
/*
 * Lines of an access log: whatever comes, texts lie in memory, and replaying
 * says what it may.
 */


#include <stdio.h>
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
    char                   text[256];
    procore_format_t       format;

    /* the first line is a format, or there is the usual one */

    snprintf(text, sizeof(text), "%s", procore_format_combined);
    line = memchr(data, '\n', size);

    if (line != NULL && (size_t) (line - data) < sizeof(text)) {
        memcpy(text, data, (size_t) (line - data));
        text[line - data] = '\0';
        size -= (size_t) (line - data) + 1;
        data = line + 1;
    }

    if (procore_replay_format(text, &format, &why) != PROCORE_OK) {
        return 0;
    }

    /* a copy of the exact size, so that reading past it is seen */

    line = malloc(size ? size : 1);
    if (line == NULL) {
        return 0;
    }

    memcpy(line, data, size);
    why = NULL;
    procore_pool_reset(&pool);

    rc = procore_replay_access(&format, line, size, &pool, &past, &why);

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


/*
 * Directives in nginx's syntax: a sentence with an end where they are wrong.
 */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../src/judge/procore_settings.h"


#define BLOCKS  4096


static void   *blocks[BLOCKS];
static size_t  nblocks;


static void *
give(void *data, size_t size)
{
    (void) data;

    if (nblocks == BLOCKS) {
        return NULL;
    }

    blocks[nblocks] = malloc(size);

    return blocks[nblocks++];
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int                 rc;
    char                error[PROCORE_SETTINGS_ERROR];
    procore_str_t       text;
    procore_settings_t  settings;

    text.data = data;
    text.len = size;

    memset(error, 'x', sizeof(error));
    procore_settings_init(&settings, give, NULL);

    rc = procore_settings_read(&settings, &text, error);

    if (rc == PROCORE_MALFORMED) {

        if (memchr(error, '\0', sizeof(error)) == NULL
            || strncmp(error, "line ", 5) != 0)
        {
            abort();
        }

    } else if (rc != PROCORE_OK && rc != PROCORE_ERROR) {
        abort();
    }

    while (nblocks) {
        free(blocks[--nblocks]);
    }

    return 0;
}

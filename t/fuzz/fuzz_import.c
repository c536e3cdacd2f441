
/*
 * Lines of an import file: whatever comes, strings lie inside the line, and
 * what was taken is what the operator may bind.
 */


#include <stdlib.h>
#include <string.h>

#include "../../src/store/procore_store.h"
#include "../../tools/procore_import_line.h"


static void
check_inside(const procore_str_t *text, const unsigned char *line, size_t len)
{
    if (text->data == NULL) {
        return;
    }

    if (text->data < line || text->len == 0
        || (size_t) (text->data - line) + text->len > len)
    {
        abort();
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int                     rc;
    const char             *why;
    unsigned char          *line;
    procore_import_line_t   out;

    /* a copy of the exact size, so that reading past it is seen */

    line = malloc(size ? size : 1);
    if (line == NULL) {
        return 0;
    }

    memcpy(line, data, size);
    why = NULL;

    rc = procore_import_line(line, size, &out, &why);

    switch (rc) {

    case PROCORE_OK:
        check_inside(&out.access, line, size);
        check_inside(&out.refresh, line, size);
        check_inside(&out.client, line, size);

        if (out.company == 0 || out.company > INT64_MAX
            || out.project > INT64_MAX
            || out.client.len > PROCORE_STORE_CLIENT_MAX
            || (out.project != 0)
               == (out.access.data != NULL || out.refresh.data != NULL))
        {
            abort();
        }

        break;

    case PROCORE_MALFORMED:
        if (why == NULL) {
            abort();
        }

        break;

    case PROCORE_NOT_FOUND:
        break;

    default:
        abort();
    }

    free(line);

    return 0;
}

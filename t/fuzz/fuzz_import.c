
/*
 * Lines of an import file: whatever comes, strings lie inside the line, and
 * what was taken is what the operator may bind.
 */


#include <stdlib.h>
#include <string.h>

#include "../../src/store/procore_store.h"
#include "../../src/admin/procore_import_line.h"


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


/* What each kind of line must have, and what it must not. */

static void
check_shape(const procore_import_line_t *out)
{
    int  texts, wrong;

    texts = out->access.data != NULL || out->refresh.data != NULL;

    switch (out->shape) {

    case PROCORE_LINE_TOKEN:
        wrong = !texts || out->company == 0 || out->project != 0;
        break;

    case PROCORE_LINE_PROJECT:
        wrong = texts || out->company == 0 || out->project == 0;
        break;

    case PROCORE_LINE_RECORD:
        wrong = texts || out->token_len != PROCORE_DIGEST_SIZE
                || !out->has_family
                || (out->state == PROCORE_FAMILY_BOUND && out->company == 0);
        break;

    case PROCORE_LINE_PAUSE:
        wrong = texts || out->client.len == 0 || out->company != 0;
        break;

    case PROCORE_LINE_REFERENCE:
        wrong = texts || out->company == 0
                || (out->token_len == 0) == !out->has_family;
        break;

    default:
        wrong = out->company != 0 || out->project != 0;
        break;
    }

    if (wrong) {
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

        if (out.company > INT64_MAX || out.project > INT64_MAX
            || out.client.len > PROCORE_STORE_CLIENT_MAX)
        {
            abort();
        }

        check_shape(&out);

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

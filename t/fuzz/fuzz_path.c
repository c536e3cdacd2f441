
/*
 * A path as it was sent.  Where it may be compared with its decoded form at
 * all, both must tell the same.
 */

#include "split.h"

#include "../../src/claims/procore_path.h"


static int
digit(uint8_t c)
{
    return c >= '0' && c <= '9' ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}


/* Decodes every escape that can be decoded.  Returns the length. */

static size_t
decode(const uint8_t *data, size_t size, unsigned char *to)
{
    size_t  i, n;

    for (i = 0, n = 0; i < size; i++) {
        to[n++] = data[i];

        if (data[i] == '%' && size - i > 2 && digit(data[i + 1]) >= 0
            && digit(data[i + 2]) >= 0)
        {
            to[n - 1] = (unsigned char) (digit(data[i + 1]) << 4
                                         | digit(data[i + 2]));
            i += 2;
        }
    }

    return n;
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int              rc, raw_rc;
    procore_str_t    raw, normal;
    procore_path_e   path, raw_path;
    procore_sink_t   sink;
    unsigned char   *text;
    static record_t  first, record;

    text = malloc(size + 1);

    if (text == NULL) {
        abort();
    }

    raw.data = data;
    raw.len = size;

    normal.data = text;
    normal.len = decode(data, size, text);

    (void) procore_path_oauth(&normal);

    record_reset(&first);
    sink = record_sink(&first);
    raw_rc = procore_path_claims(&raw, 1, &sink, &raw_path);

    record_reset(&record);
    sink = record_sink(&record);
    rc = procore_path_claims(&normal, 0, &sink, &path);

    if (procore_path_compare(&raw, &normal) == PROCORE_OK) {
        split_same(rc, &record, raw_rc, &first);

        if (path != raw_path) {
            abort();
        }
    }

    free(text);

    return 0;
}

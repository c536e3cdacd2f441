
/*
 * A body of any type.  The first byte is the limit in units of eight, the rest
 * of the first line the Content-Type.
 */

#include "split_body.h"


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int                    rc, first_rc;
    size_t                 limit, read;
    split_e                way;
    procore_str_t          type, boundary;
    procore_body_e         kind;
    procore_sink_t         sink;
    const uint8_t         *lf;
    split_reader_t         reader;
    procore_rules_t        rules;
    static record_t        first, record;
    static unsigned char   scratch[32];
    static procore_body_t  body;

    lf = size ? memchr(data + 1, '\n', size - 1) : NULL;

    if (lf == NULL) {
        return 0;
    }

    limit = (size_t) data[0] * 8;
    type.data = data + 1;
    type.len = (size_t) (lf - type.data);

    kind = procore_body_type(&type, 1, NULL, 0, &boundary);

    if (kind == PROCORE_BODY_MULTIPART
        && (boundary.data < type.data
            || boundary.data + boundary.len > type.data + type.len))
    {
        abort();
    }

    memset(&rules, 0, sizeof(rules));
    rules.sync = 1;
    rules.all = data[0] & 1;

    reader = split_body(&body);

    first_rc = PROCORE_OK;
    read = 0;

    for (way = SPLIT_WHOLE; way < SPLIT_WAYS; way++) {
        record_reset(&record);
        sink = record_sink(&record);

        /* what the type says is clean can be started */

        if (procore_body_start(&body, kind, &boundary, limit, &rules, &sink,
                               scratch, sizeof(scratch)) != PROCORE_OK
            && kind != PROCORE_BODY_UNSUPPORTED)
        {
            abort();
        }

        rc = split_feed(&reader, way, lf + 1, size - (size_t) (lf - data) - 1);

        if (way == SPLIT_WHOLE) {
            first = record;
            first_rc = rc;
            read = body.read;
        }

        /* what JSON reports before it fails depends on where it was split */

        if (kind == PROCORE_BODY_JSON && rc == PROCORE_MALFORMED) {
            record = first;
        }

        split_same(rc, &record, first_rc, &first);

        if ((limit != 0 && body.read > limit)
            || (rc != PROCORE_MALFORMED && body.read != read))
        {
            abort();
        }
    }

    return 0;
}

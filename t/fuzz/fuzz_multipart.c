
/*
 * A multipart body.  The first line is the boundary.
 */

#include "split.h"

#include "../../src/claims/procore_multipart.h"


static int
feed(void *reader, const unsigned char *data, size_t len)
{
    return procore_multipart_feed(reader, data, len);
}


static int
end(void *reader)
{
    return procore_multipart_end(reader);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int                         rc, first_rc;
    size_t                      len;
    split_e                     way;
    uint64_t                    uploaded;
    procore_str_t               boundary;
    procore_sink_t              sink;
    const uint8_t              *lf;
    split_reader_t              reader;
    procore_rules_t             rules;
    static record_t             first, record;
    static unsigned char        scratch[32];
    static procore_multipart_t  mp;

    lf = size ? memchr(data, '\n', size) : NULL;

    if (lf == NULL) {
        return 0;
    }

    boundary.data = data;
    boundary.len = (size_t) (lf - data);

    len = size - boundary.len - 1;

    memset(&rules, 0, sizeof(rules));
    rules.oauth = 1;

    reader.reader = &mp;
    reader.feed = feed;
    reader.end = end;

    first_rc = PROCORE_OK;
    uploaded = 0;

    for (way = SPLIT_WHOLE; way < SPLIT_WAYS; way++) {
        record_reset(&record);
        sink = record_sink(&record);

        (void) procore_multipart_start(&mp, &boundary, 0, &rules, &sink,
                                       scratch, sizeof(scratch));

        rc = split_feed(&reader, way, lf + 1, len);

        if (way == SPLIT_WHOLE) {
            first = record;
            first_rc = rc;
            uploaded = mp.file_bytes;
        }

        split_same(rc, &record, first_rc, &first);

        if (mp.file_bytes != uploaded
            || (rc == PROCORE_OK && uploaded + mp.text_bytes != len))
        {
            abort();
        }
    }

    return 0;
}

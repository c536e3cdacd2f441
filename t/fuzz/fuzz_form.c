
/*
 * Urlencoded text.  The first byte chooses the rules and the separator.
 */

#include "split.h"

#include "../../src/claims/procore_form.h"


static int
feed(void *reader, const unsigned char *data, size_t len)
{
    return procore_form_feed(reader, data, len);
}


static int
end(void *reader)
{
    return procore_form_end(reader);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int                     rc, first_rc;
    split_e                 way;
    procore_sink_t          sink;
    procore_rules_t         rules;
    split_reader_t          reader;
    static record_t         first, record;
    static procore_form_t   form;
    static unsigned char    scratch[32];

    if (size == 0) {
        return 0;
    }

    memset(&rules, 0, sizeof(rules));
    rules.sync = data[0] & 1;
    rules.oauth = data[0] >> 1 & 1;
    rules.all = data[0] >> 3 & 1;

    reader.reader = &form;
    reader.feed = feed;
    reader.end = end;

    first_rc = PROCORE_OK;

    for (way = SPLIT_WHOLE; way < SPLIT_WAYS; way++) {
        record_reset(&record);
        sink = record_sink(&record);

        procore_form_start(&form, &rules, &sink, PROCORE_IN_BODY,
                           data[0] & 4 ? ';' : 0, scratch, sizeof(scratch));

        rc = split_feed(&reader, way, data + 1, size - 1);

        if (way == SPLIT_WHOLE) {
            first = record;
            first_rc = rc;
        }

        split_same(rc, &record, first_rc, &first);
    }

    return 0;
}

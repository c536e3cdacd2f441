
/*
 * Lines of an audit log.  The first byte chooses how they are verified, the
 * rest are lines, and an empty one ends a file.
 */


#include <stdlib.h>
#include <string.h>

#include "../../src/crypto/procore_verify.h"


static void
fuzz_found(void *data, const procore_finding_t *found)
{
    if (found->type >= PROCORE_FOUND_COUNT
        || memchr(found->before.decision, '\0', sizeof(found->before.decision))
           == NULL)
    {
        abort();
    }

    (void) data;
}


static void
fuzz_line(const uint8_t *line, size_t len)
{
    procore_chain_line_t  read;

    if (procore_chain_read(line, len, &read) != PROCORE_OK) {
        return;
    }

    if (read.sealed >= len || read.sequence == 0
        || read.sequence > PROCORE_CHAIN_RECORDS
        || read.decision.len > PROCORE_CHAIN_DECISION
        || read.decision.data < line
        || read.decision.data + read.decision.len > line + read.sealed)
    {
        abort();
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t                      len;
    uint64_t                    line;
    unsigned                    file;
    const uint8_t              *p, *last, *end;
    procore_verify_t           *verify;
    procore_verify_sum_t        sum;
    procore_verify_conf_t       conf;
    static procore_chain_key_t  key;

    if (size == 0) {
        return 0;
    }

    memset(&conf, 0, sizeof(conf));
    conf.keys = &key;           /* all zero: the corpus is sealed with it */
    conf.nkeys = 1;
    conf.whole = data[0] & 1;
    conf.prefix = data[0] >> 1 & 1;
    conf.found = fuzz_found;

    verify = procore_verify_new(&conf);
    if (verify == NULL) {
        return 0;
    }

    file = 0;
    line = 0;
    last = data + size;

    for (p = data + 1; p < last; p = end + 1) {
        end = memchr(p, '\n', (size_t) (last - p));
        len = (size_t) ((end ? end : last) - p);

        fuzz_line(p, len);

        if (len == 0) {
            file++;
            line = 0;
        }

        (void) procore_verify_line(verify, file, ++line, p, len, end != NULL);

        if (end == NULL) {
            break;
        }
    }

    if (procore_verify_end(verify, &sum) != PROCORE_OK
        || sum.intact > sum.lines)
    {
        abort();
    }

    procore_verify_free(verify);

    return 0;
}

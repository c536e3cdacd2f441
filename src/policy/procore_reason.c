
#include <string.h>

#include "procore_reason.h"


const procore_reason_t  procore_reasons[PROCORE_REASON_MAX] = {
#define PROCORE_REASON(symbol, name, status, sentence)                        \
    { procore_str(name), status, sentence },
#include "procore_reason.def"
#undef PROCORE_REASON
};


int
procore_reason_find(const unsigned char *name, size_t len,
    procore_reason_e *reason)
{
    unsigned  i;

    for (i = 0; i < PROCORE_REASON_MAX; i++) {
        if (procore_reasons[i].name.len == len
            && memcmp(procore_reasons[i].name.data, name, len) == 0)
        {
            *reason = (procore_reason_e) i;
            return PROCORE_OK;
        }
    }

    return PROCORE_NOT_FOUND;
}

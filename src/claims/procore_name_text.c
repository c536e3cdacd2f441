
#include <string.h>

#include "procore_name_text.h"


void
procore_name_text_start(procore_name_text_t *name)
{
    name->len = 0;
}


void
procore_name_text_add(procore_name_text_t *name, const unsigned char *data,
    size_t len)
{
    size_t          keep;
    unsigned char  *tail;

    if (len == 0) {
        return;
    }

    if (name->len <= PROCORE_CLAIM_NAME
        && len <= PROCORE_CLAIM_NAME - name->len)
    {
        memcpy(name->text + name->len, data, len);
        name->len += len;
        return;
    }

    tail = name->text + PROCORE_CLAIM_NAME - PROCORE_NAME_TAIL;

    if (name->len < PROCORE_CLAIM_NAME) {

        /* the first overflow: fill up, so that head and tail are in place */

        keep = PROCORE_CLAIM_NAME - name->len;

        memcpy(name->text + name->len, data, keep);

        data += keep;
        len -= keep;
        name->len = PROCORE_CLAIM_NAME;
    }

    name->len = len < SIZE_MAX - name->len ? name->len + len : SIZE_MAX;

    if (len >= PROCORE_NAME_TAIL) {
        memcpy(tail, data + len - PROCORE_NAME_TAIL, PROCORE_NAME_TAIL);

    } else {
        keep = PROCORE_NAME_TAIL - len;

        memmove(tail, tail + len, keep);
        memcpy(tail + keep, data, len);
    }

    memset(name->text + PROCORE_NAME_HEAD, '.', 3);
}


procore_str_t
procore_name_text(const procore_name_text_t *name)
{
    procore_str_t  text;

    text.data = name->text;
    text.len = name->len < PROCORE_CLAIM_NAME ? name->len : PROCORE_CLAIM_NAME;

    return text;
}

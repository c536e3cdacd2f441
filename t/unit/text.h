
/*
 * Texts as the readers of the relay take them: in a buffer of exactly their
 * length, so that a read beyond the end is seen.
 */


#ifndef PROCORE_UNIT_TEXT_H
#define PROCORE_UNIT_TEXT_H


#include <stdlib.h>
#include <string.h>

#include "../../src/relay/procore_out.h"


#define TEXT_SIZE  65536


static inline procore_str_t
text_of(const void *data, size_t len)
{
    procore_str_t   text;
    unsigned char  *copy;

    copy = malloc(len != 0 ? len : 1);

    if (copy == NULL) {
        abort();
    }

    if (len != 0) {
        memcpy(copy, data, len);
    }

    text.data = copy;
    text.len = len;

    return text;
}


static inline procore_str_t
text(const char *s)
{
    return text_of(s, strlen(s));
}


static inline void
text_free(procore_str_t *str)
{
    free((void *) (uintptr_t) str->data);

    str->data = NULL;
    str->len = 0;
}


static inline int
text_is(const procore_str_t *str, const char *want)
{
    return str->data != NULL && str->len == strlen(want)
           && memcmp(str->data, want, str->len) == 0;
}


/* What was written, as a C string; the next call overwrites it. */

static inline procore_out_t
text_out(void)
{
    static unsigned char  memory[TEXT_SIZE];
    procore_out_t         out = { memory, sizeof(memory) - 1, 0 };

    return out;
}


static inline const char *
text_written(const procore_out_t *out)
{
    if (out->len > out->size) {
        abort();
    }

    out->data[out->len] = '\0';

    return (const char *) out->data;
}


#endif /* PROCORE_UNIT_TEXT_H */

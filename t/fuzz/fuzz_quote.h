
/*
 * Puts the numbers of a JSON text into quotes, so that cJSON, which knows
 * numbers as doubles alone, hands out their text.
 */


#ifndef PROCORE_FUZZ_QUOTE_H
#define PROCORE_FUZZ_QUOTE_H


#include <stddef.h>
#include <string.h>


static inline int
fuzz_in_number(char c)
{
    return (c >= '0' && c <= '9') || (c != '\0' && strchr("+-.eE", c) != NULL);
}


/*
 * Writes to "out", which has room for 3 * len bytes.  Returns what it wrote.
 * Only what follows RFC 8259 is translated correctly.
 */

static inline size_t
fuzz_quote_numbers(const char *text, size_t len, char *out)
{
    size_t  i, n;

    n = 0;
    i = 0;

    while (i < len) {

        if (text[i] == '"') {
            do {
                if (text[i] == '\\' && i + 1 < len) {
                    out[n++] = text[i++];
                }

                out[n++] = text[i++];
            } while (i < len && text[i] != '"');

            if (i < len) {
                out[n++] = text[i++];
            }

        } else if (text[i] == '-' || (text[i] >= '0' && text[i] <= '9')) {
            out[n++] = '"';

            while (i < len && fuzz_in_number(text[i])) {
                out[n++] = text[i++];
            }

            out[n++] = '"';

        } else {
            out[n++] = text[i++];
        }
    }

    return n;
}


#endif /* PROCORE_FUZZ_QUOTE_H */


/*
 * Checks UTF-8 byte by byte (RFC 3629, section 4).
 */


#ifndef PROCORE_UTF8_H
#define PROCORE_UTF8_H


#include <stddef.h>


/*
 * Start with all members zero.  A text may end only where "left" is 0: the
 * number of bytes that the character still needs.
 */

typedef struct {
    unsigned char  left;
    unsigned char  low;     /* the next byte lies between these two */
    unsigned char  high;
} procore_utf8_t;


/* Takes the next byte.  Returns 1, or 0 where the text is no UTF-8. */

static inline int
procore_utf8_byte(procore_utf8_t *utf8, unsigned char c)
{
    if (utf8->left != 0) {
        if (c < utf8->low || c > utf8->high) {
            return 0;
        }

        utf8->left--;
        utf8->low = 0x80;
        utf8->high = 0xbf;

        return 1;
    }

    if (c < 0x80) {
        return 1;
    }

    if (c < 0xc2 || c > 0xf4) {
        return 0;
    }

    utf8->left = c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;

    /* overlong forms, surrogates, and what is beyond U+10FFFF */

    utf8->low = c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : 0x80;
    utf8->high = c == 0xed ? 0x9f : c == 0xf4 ? 0x8f : 0xbf;

    return 1;
}


/*
 * Length of the character at the start of "len" bytes (1 at least), with
 * *valid 1; or with *valid 0 of the bytes that are none, which other readers
 * show as one replacement character (Unicode, section 3.9).
 */

static inline size_t
procore_utf8_length(const unsigned char *text, size_t len, int *valid)
{
    size_t          i;
    procore_utf8_t  utf8 = { 0, 0, 0 };

    *valid = 0;

    for (i = 0; i < len; i++) {
        if (!procore_utf8_byte(&utf8, text[i])) {
            return i != 0 ? i : 1;
        }

        if (utf8.left == 0) {
            *valid = 1;
            return i + 1;
        }
    }

    return len;
}


#endif /* PROCORE_UTF8_H */

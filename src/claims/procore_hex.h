
/*
 * Hexadecimal digits of percent-encoding (RFC 3986, section 2.1).
 */


#ifndef PROCORE_HEX_H
#define PROCORE_HEX_H


/* Returns the value of a digit in either case, or -1. */

static inline int
procore_hex_digit(unsigned char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }

    c |= 0x20;

    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}


#endif /* PROCORE_HEX_H */


/*
 * Passes over runs of ordinary bytes, many at a time.
 */


#ifndef PROCORE_SCAN_H
#define PROCORE_SCAN_H


#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif


#define PROCORE_SCAN_EACH(c)  (UINT64_MAX / 0xff * (c))


/*
 * Bytes before the first one that is not zero, of eight as they were in memory;
 * 0 where the order of bytes would make it slower than looking at each.
 */

static inline size_t
procore_scan_first(uint64_t word)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    return (size_t) __builtin_ctzll(word) / 8;
#else
    (void) word;

    return 0;
#endif
}


/*
 * Returns the first byte in [p, end) that does not stand for itself in a JSON
 * string (RFC 8259, section 7), or that is beyond ASCII; or "end".
 */

static inline const unsigned char *
procore_scan_plain(const unsigned char *p, const unsigned char *end)
{
#if defined(__SSE2__)

    int      odd;
    __m128i  bytes, hits;

    while (end - p >= 16) {
        bytes = _mm_loadu_si128((const __m128i *) (const void *) p);

        /* compares signed bytes: those beyond ASCII are below a blank */

        hits = _mm_cmpgt_epi8(_mm_set1_epi8(' '), bytes);
        hits = _mm_or_si128(hits, _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"')));
        hits = _mm_or_si128(hits, _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\')));

        odd = _mm_movemask_epi8(hits);

        if (odd != 0) {
            return p + __builtin_ctz((unsigned) odd);
        }

        p += 16;
    }

#else

    uint64_t  word, odd;

    while (end - p >= 8) {
        memcpy(&word, p, 8);

        /*
         * The high bit of a byte ends up set where the byte had it, is below
         * a blank, or is a quote or a backslash.
         */

        odd = (word | (word - PROCORE_SCAN_EACH(' '))
               | ((word ^ PROCORE_SCAN_EACH('"')) - PROCORE_SCAN_EACH(1))
               | ((word ^ PROCORE_SCAN_EACH('\\')) - PROCORE_SCAN_EACH(1)))
              & PROCORE_SCAN_EACH(0x80);

        if (odd != 0) {
            p += procore_scan_first(odd);
            break;
        }

        p += 8;
    }

#endif

    while (p < end && *p >= ' ' && *p < 0x80 && *p != '"' && *p != '\\') {
        p++;
    }

    return p;
}


/* Returns the first byte in [p, end) that is no decimal digit, or "end". */

static inline const unsigned char *
procore_scan_digits(const unsigned char *p, const unsigned char *end)
{
    uint64_t  word, odd;

    while (end - p >= 8) {
        memcpy(&word, p, 8);

        /* a digit xor "0" is at most 9, and only then stays below 0x80 */

        odd = (word ^ PROCORE_SCAN_EACH('0')) + PROCORE_SCAN_EACH(0x76);
        odd = (odd | word) & PROCORE_SCAN_EACH(0x80);

        if (odd != 0) {
            p += procore_scan_first(odd);
            break;
        }

        p += 8;
    }

    while (p < end && *p >= '0' && *p <= '9') {
        p++;
    }

    return p;
}


#endif /* PROCORE_SCAN_H */

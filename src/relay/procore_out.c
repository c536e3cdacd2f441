
#include <string.h>

#include "../claims/procore_utf8.h"
#include "procore_out.h"


#define PROCORE_OUT_DIGITS  20    /* of 2^64 - 1 */
#define PROCORE_OUT_DAY     86400 /* seconds */


static const char  procore_out_hex[] = "0123456789ABCDEF";


void
procore_out(procore_out_t *out, const unsigned char *data, size_t len)
{
    size_t  n;

    n = out->len < out->size ? out->size - out->len : 0;

    if (n > len) {
        n = len;
    }

    if (n != 0) {
        memcpy(out->data + out->len, data, n);
    }

    /* a length that cannot be told stays beyond every size */

    out->len = len <= SIZE_MAX - out->len ? out->len + len : SIZE_MAX;
}


void
procore_out_text(procore_out_t *out, const char *text)
{
    procore_out(out, (const unsigned char *) text, strlen(text));
}


void
procore_out_number(procore_out_t *out, uint64_t number)
{
    unsigned char  *p, digits[PROCORE_OUT_DIGITS];

    p = digits + PROCORE_OUT_DIGITS;

    do {
        *--p = (unsigned char) ('0' + number % 10);
        number /= 10;
    } while (number != 0);

    procore_out(out, p, (size_t) (digits + PROCORE_OUT_DIGITS - p));
}


/* Is the character, which is whole, one that a page must not contain? */

static int
procore_out_hidden(const unsigned char *p, size_t len)
{
    unsigned  c;

    if (len == 1) {
        return *p < ' ' || *p == 0x7f;
    }

    if (len == 2) {
        c = (p[0] & 0x1fu) << 6 | (p[1] & 0x3fu);

        return c < 0xa0 || c == 0x61c;
    }

    if (len == 3) {
        c = (p[0] & 0x0fu) << 12 | (p[1] & 0x3fu) << 6 | (p[2] & 0x3fu);

        return c == 0x200e || c == 0x200f || (c >= 0x202a && c <= 0x202e)
               || (c >= 0x2066 && c <= 0x2069);
    }

    return 0;
}


static void
procore_out_escaped(procore_out_t *out, const unsigned char *p, size_t len)
{
    switch (*p) {

    case '<':
        procore_out_text(out, "&lt;");
        break;

    case '>':
        procore_out_text(out, "&gt;");
        break;

    case '&':
        procore_out_text(out, "&amp;");
        break;

    case '"':
        procore_out_text(out, "&quot;");
        break;

    case '\'':
        procore_out_text(out, "&#39;");
        break;

    default:
        procore_out(out, p, len);
        break;
    }
}


void
procore_out_html(procore_out_t *out, const procore_str_t *text, size_t max)
{
    int     valid;
    size_t  i, n;

    for (i = 0; i < text->len; i += n) {
        n = procore_utf8_length(text->data + i, text->len - i, &valid);

        if (valid && procore_out_hidden(text->data + i, n)) {
            continue;
        }

        if (max == 0) {
            procore_out_text(out, "\xe2\x80\xa6");     /* U+2026 */
            return;
        }

        max--;

        if (valid) {
            procore_out_escaped(out, text->data + i, n);

        } else {
            procore_out_text(out, "\xef\xbf\xbd");     /* U+FFFD */
        }
    }
}


static int
procore_out_unreserved(unsigned char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z')
           || (c >= 'a' && c <= 'z') || c == '-' || c == '.' || c == '_'
           || c == '~';
}


void
procore_out_percent(procore_out_t *out, const procore_str_t *text)
{
    size_t         i;
    unsigned char  c, escape[3];

    for (i = 0; i < text->len; i++) {
        c = text->data[i];

        if (procore_out_unreserved(c)) {
            procore_out(out, &c, 1);
            continue;
        }

        escape[0] = '%';
        escape[1] = (unsigned char) procore_out_hex[c >> 4];
        escape[2] = (unsigned char) procore_out_hex[c & 0xf];

        procore_out(out, escape, sizeof(escape));
    }
}


static void
procore_out_unicode(procore_out_t *out, unsigned c)
{
    unsigned  i;

    procore_out_text(out, "\\u");

    for (i = 16; i > 0; i -= 4) {
        procore_out(out, (const unsigned char *)
                         &procore_out_hex[c >> (i - 4) & 0xf], 1);
    }
}


void
procore_out_json(procore_out_t *out, const procore_str_t *text)
{
    int                   valid;
    size_t                i, n;
    const unsigned char  *p;

    for (i = 0; i < text->len; i += n) {
        p = text->data + i;
        n = procore_utf8_length(p, text->len - i, &valid);

        if (!valid) {
            procore_out_text(out, "\xef\xbf\xbd");     /* U+FFFD */

        } else if (n == 1 && (*p < ' ' || *p == 0x7f || *p == '<')) {
            procore_out_unicode(out, *p);

        } else if (n == 1 && (*p == '"' || *p == '\\')) {
            procore_out_text(out, "\\");
            procore_out(out, p, 1);

        } else if (n == 3 && p[0] == 0xe2 && p[1] == 0x80
                   && (p[2] == 0xa8 || p[2] == 0xa9))
        {
            procore_out_unicode(out, 0x2000u | (p[2] & 0x3fu));

        } else {
            procore_out(out, p, n);
        }
    }
}


void
procore_out_label(procore_out_t *out, const procore_str_t *text)
{
    int                   valid;
    size_t                i, n;
    const unsigned char  *p;

    for (i = 0; i < text->len; i += n) {
        p = text->data + i;
        n = procore_utf8_length(p, text->len - i, &valid);

        if (!valid || (n == 1 && (*p < ' ' || *p == 0x7f))) {
            procore_out_text(out, "\xef\xbf\xbd");     /* U+FFFD */
            continue;
        }

        if (n == 1 && (*p == '"' || *p == '\\')) {
            procore_out_text(out, "\\");
        }

        procore_out(out, p, n);
    }
}


/* Two digits, with leading zero. */

static void
procore_out_pair(procore_out_t *out, const char *before, uint64_t number)
{
    procore_out_text(out, before);
    procore_out_number(out, number / 10 % 10);
    procore_out_number(out, number % 10);
}


/*
 * The number of a day becomes a civil date with years that begin in March, so
 * that a leap day is the last of its year; 146,097 days are 400 years.
 */

void
procore_out_date(procore_out_t *out, uint64_t time)
{
    uint64_t  day, era, year, month;

    day = time / PROCORE_OUT_DAY + 719468;
    era = day / 146097;
    day %= 146097;

    year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
    day -= 365 * year + year / 4 - year / 100;
    month = (5 * day + 2) / 153;
    day -= (153 * month + 2) / 5;

    procore_out_number(out, year + era * 400 + (month >= 10));
    procore_out_pair(out, "-", month < 10 ? month + 3 : month - 9);
    procore_out_pair(out, "-", day + 1);
}


void
procore_out_time(procore_out_t *out, uint64_t time)
{
    procore_out_date(out, time);
    procore_out_pair(out, " ", time % PROCORE_OUT_DAY / 3600);
    procore_out_pair(out, ":", time % 3600 / 60);
    procore_out_pair(out, ":", time % 60);
}

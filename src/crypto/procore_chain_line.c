
/*
 * The audit chain: reading a line.
 */


#ifndef _GNU_SOURCE
#define _GNU_SOURCE    /* memmem() */
#endif

#include <string.h>

#include "procore_chain.h"


/* The seal is the end of the line: from here on, nothing but it. */

#define PROCORE_CHAIN_END   "\"}}}"
#define PROCORE_CHAIN_OPEN  ",\"chain\":{\"id\":\""

/* Between the decision's id and event.sequence stand words of the module. */

#define PROCORE_CHAIN_EVENT  320


typedef struct {
    const unsigned char  *p;
    const unsigned char  *last;
} procore_chain_reader_t;

#define procore_chain_is(r, text)                                             \
    procore_chain_skip(r, text, sizeof(text) - 1)


/* 1 where "text" comes next, which is then behind the reader; else 0. */

static int
procore_chain_skip(procore_chain_reader_t *r, const char *text, size_t len)
{
    if ((size_t) (r->last - r->p) < len || memcmp(r->p, text, len) != 0) {
        return 0;
    }

    r->p += len;

    return 1;
}


/* A number without leading zeros, at most "max". */

static int
procore_chain_digits(procore_chain_reader_t *r, uint64_t max, uint64_t *number)
{
    uint64_t              digit;
    const unsigned char  *start;

    *number = 0;

    for (start = r->p; r->p < r->last && *r->p >= '0' && *r->p <= '9'; r->p++) {

        if (r->p > start && *start == '0') {
            return 0;
        }

        digit = (uint64_t) (*r->p - '0');

        if (*number > (max - digit) / 10) {
            return 0;
        }

        *number = *number * 10 + digit;
    }

    return r->p > start;
}


static int
procore_chain_nibble(unsigned char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }

    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}


static int
procore_chain_bytes(procore_chain_reader_t *r, unsigned char *out, size_t len)
{
    int  high, low;

    if ((size_t) (r->last - r->p) < 2 * len) {
        return 0;
    }

    while (len--) {
        high = procore_chain_nibble(r->p[0]);
        low = procore_chain_nibble(r->p[1]);

        if (high < 0 || low < 0) {
            return 0;
        }

        *out++ = (unsigned char) (high << 4 | low);
        r->p += 2;
    }

    return 1;
}


/* "n" digits. */

static int
procore_chain_part(procore_chain_reader_t *r, unsigned n, uint64_t *number)
{
    *number = 0;

    if ((size_t) (r->last - r->p) < n) {
        return 0;
    }

    while (n--) {
        if (*r->p < '0' || *r->p > '9') {
            return 0;
        }

        *number = *number * 10 + (uint64_t) (*r->p++ - '0');
    }

    return 1;
}


/* RFC 3339, section 5.6, in UTC with milliseconds: seconds since the epoch. */

static int
procore_chain_time(procore_chain_reader_t *r, uint64_t *at)
{
    uint64_t  year, month, day, hour, minute, second, msec, y, era_day;

    if (!procore_chain_part(r, 4, &year) || !procore_chain_is(r, "-")
        || !procore_chain_part(r, 2, &month) || !procore_chain_is(r, "-")
        || !procore_chain_part(r, 2, &day) || !procore_chain_is(r, "T")
        || !procore_chain_part(r, 2, &hour) || !procore_chain_is(r, ":")
        || !procore_chain_part(r, 2, &minute) || !procore_chain_is(r, ":")
        || !procore_chain_part(r, 2, &second) || !procore_chain_is(r, ".")
        || !procore_chain_part(r, 3, &msec) || !procore_chain_is(r, "Z"))
    {
        return 0;
    }

    if (year < 1970 || month < 1 || month > 12 || day < 1 || day > 31
        || hour > 23 || minute > 59 || second > 60)
    {
        return 0;
    }

    /* days since 1970-01-01, of years that begin in March */

    y = month > 2 ? year : year - 1;
    era_day = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    era_day += y * 365 + y / 4 - y / 100 + y / 400;

    *at = (era_day - 719468) * 86400 + hour * 3600 + minute * 60 + second;

    return 1;
}


/* From the beginning to event.sequence. */

static int
procore_chain_head(procore_chain_reader_t *r, procore_chain_line_t *out)
{
    size_t                len;
    const unsigned char  *end;
    static const char     sequence[] = ",\"sequence\":";

    if (!procore_chain_is(r, "{\"@timestamp\":\"")
        || !procore_chain_time(r, &out->at)
        || !procore_chain_is(r, "\",\"event\":{\"id\":\""))
    {
        return 0;
    }

    end = memchr(r->p, '"', (size_t) (r->last - r->p));

    if (end == NULL || end - r->p > PROCORE_CHAIN_DECISION
        || memchr(r->p, '\\', (size_t) (end - r->p)) != NULL)
    {
        return 0;
    }

    out->decision.data = r->p;
    out->decision.len = (size_t) (end - r->p);
    r->p = end;

    len = (size_t) (r->last - r->p);
    len = len < PROCORE_CHAIN_EVENT ? len : PROCORE_CHAIN_EVENT;

    end = memmem(r->p, len, sequence, sizeof(sequence) - 1);
    if (end == NULL) {
        return 0;
    }

    r->p = end + sizeof(sequence) - 1;

    return procore_chain_digits(r, PROCORE_CHAIN_RECORDS, &out->sequence)
           && out->sequence != 0 && procore_chain_is(r, "},");
}


static int
procore_chain_tail(procore_chain_reader_t *r, procore_chain_line_t *out)
{
    if (!procore_chain_is(r, PROCORE_CHAIN_OPEN)
        || !procore_chain_bytes(r, out->id, PROCORE_CHAIN_ID)
        || !procore_chain_is(r, "\",\"key\":\"")
        || !procore_chain_bytes(r, out->key, PROCORE_CHAIN_KEY_ID)
        || !procore_chain_is(r, "\",\"previous\":\"")
        || !procore_chain_bytes(r, out->previous, PROCORE_CHAIN_MAC)
        || !procore_chain_is(r, "\",\"after\":")
        || !procore_chain_digits(r, UINT64_MAX / 2, &out->after)
        || !procore_chain_is(r, ",\"lost\":")
        || !procore_chain_digits(r, UINT64_MAX / 2, &out->lost))
    {
        return 0;
    }

    if (procore_chain_is(r, ",\"seen\":{\"id\":\"")) {

        if (!procore_chain_bytes(r, out->seen.id, PROCORE_CHAIN_ID)
            || !procore_chain_is(r, "\",\"sequence\":")
            || !procore_chain_digits(r, PROCORE_CHAIN_RECORDS,
                                     &out->seen.sequence)
            || !procore_chain_is(r, ",\"at\":")
            || !procore_chain_digits(r, UINT64_MAX / 2, &out->seen.at)
            || !procore_chain_is(r, "}"))
        {
            return 0;
        }

        out->has_seen = 1;

    } else if (!procore_chain_is(r, ",\"seen\":null")) {
        return 0;
    }

    return procore_chain_is(r, ",\"mac\":\"");
}


int
procore_chain_read(const unsigned char *line, size_t len,
    procore_chain_line_t *out)
{
    const unsigned char     *p;
    procore_chain_reader_t   r;

    memset(out, 0, sizeof(procore_chain_line_t));

    r.p = line;
    r.last = line + len;

    if (!procore_chain_head(&r, out)) {
        return PROCORE_NOT_FOUND;
    }

    /* no text of a request can look like this: its quotes are escaped */

    if (r.last - r.p > PROCORE_CHAIN_TAIL) {
        r.p = r.last - PROCORE_CHAIN_TAIL;
    }

    p = memmem(r.p, (size_t) (r.last - r.p), PROCORE_CHAIN_OPEN,
               sizeof(PROCORE_CHAIN_OPEN) - 1);

    if (p == NULL) {
        return PROCORE_NOT_FOUND;
    }

    r.p = p;

    if (!procore_chain_tail(&r, out)) {
        return PROCORE_NOT_FOUND;
    }

    out->sealed = (size_t) (r.p - line);

    if (!procore_chain_bytes(&r, out->mac, PROCORE_CHAIN_MAC)
        || !procore_chain_is(&r, PROCORE_CHAIN_END) || r.p != r.last)
    {
        return PROCORE_NOT_FOUND;
    }

    return PROCORE_OK;
}

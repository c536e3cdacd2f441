
/*
 * Times as logs and browsers write them.
 */


#include <string.h>

#include "procore_replay_text.h"


/* A log has no year of five digits (RFC 3339, section 1). */

#define PROCORE_TIME_YEAR_MAX  9999


typedef struct {
    const unsigned char  *pos;
    const unsigned char  *end;
} procore_time_t;


static const char  procore_time_months[] =
    "JanFebMarAprMayJunJulAugSepOctNovDec";


/* Exactly "digits" of them; -1: they are not there. */

static int
procore_time_number(procore_time_t *in, unsigned digits)
{
    int  n;

    n = 0;

    while (digits-- != 0) {
        if (in->pos == in->end || *in->pos < '0' || *in->pos > '9') {
            return -1;
        }

        n = n * 10 + (*in->pos++ - '0');
    }

    return n;
}


static int
procore_time_char(procore_time_t *in, char c)
{
    if (in->pos == in->end || *in->pos != (unsigned char) c) {
        return 0;
    }

    in->pos++;

    return 1;
}


/* "Nov" is 11; 0: no month. */

static int
procore_time_month(procore_time_t *in)
{
    int  i;

    if (in->end - in->pos < 3) {
        return 0;
    }

    for (i = 0; i < 12; i++) {
        if (memcmp(in->pos, procore_time_months + 3 * i, 3) == 0) {
            in->pos += 3;
            return i + 1;
        }
    }

    return 0;
}


/* Days since 1970-01-01 in the Gregorian calendar. */

static int64_t
procore_time_days(int year, int month, int day)
{
    int64_t  y, m;

    /* a year that begins in March has its odd day at the end */

    y = month <= 2 ? year - 1 : year;
    m = month <= 2 ? month + 9 : month - 3;

    return y * 365 + y / 4 - y / 100 + y / 400 + (m * 153 + 2) / 5
           + day - 1 - 719468;
}


/* "Z", "+01:00" or "+0100", as seconds east. */

static int
procore_time_zone(procore_time_t *in, int *east)
{
    int  sign, hours, minutes;

    *east = 0;

    if (procore_time_char(in, 'Z')) {
        return PROCORE_OK;
    }

    sign = 1;

    if (procore_time_char(in, '-')) {
        sign = -1;

    } else if (!procore_time_char(in, '+')) {
        return PROCORE_MALFORMED;
    }

    hours = procore_time_number(in, 2);
    (void) procore_time_char(in, ':');
    minutes = procore_time_number(in, 2);

    if (hours < 0 || minutes < 0) {
        return PROCORE_MALFORMED;
    }

    *east = sign * (hours * 3600 + minutes * 60);

    return PROCORE_OK;
}


/* The day of either form, and what stands before the clock time. */

static int
procore_time_date(procore_time_t *in, int *year, int *month, int *day)
{
    if (in->end - in->pos > 2 && in->pos[2] == '/') {
        *day = procore_time_number(in, 2);
        (void) procore_time_char(in, '/');
        *month = procore_time_month(in);

        if (!procore_time_char(in, '/')) {
            return PROCORE_MALFORMED;
        }

        *year = procore_time_number(in, 4);

        return procore_time_char(in, ':') ? PROCORE_OK : PROCORE_MALFORMED;
    }

    *year = procore_time_number(in, 4);

    if (!procore_time_char(in, '-')) {
        return PROCORE_MALFORMED;
    }

    *month = procore_time_number(in, 2);

    if (!procore_time_char(in, '-')) {
        return PROCORE_MALFORMED;
    }

    *day = procore_time_number(in, 2);

    return procore_time_char(in, 'T') ? PROCORE_OK : PROCORE_MALFORMED;
}


uint64_t
procore_replay_time(const procore_str_t *text)
{
    int             year, month, day, hour, minute, second, east;
    int64_t         seconds;
    procore_time_t  in;

    if (text->len == 0) {
        return 0;
    }

    in.pos = text->data;
    in.end = text->data + text->len;

    if (procore_time_date(&in, &year, &month, &day) != PROCORE_OK) {
        return 0;
    }

    hour = procore_time_number(&in, 2);
    (void) procore_time_char(&in, ':');
    minute = procore_time_number(&in, 2);
    (void) procore_time_char(&in, ':');
    second = procore_time_number(&in, 2);

    if (procore_time_char(&in, '.')) {
        while (in.pos < in.end && *in.pos >= '0' && *in.pos <= '9') {
            in.pos++;
        }
    }

    (void) procore_time_char(&in, ' ');

    if (year < 1970 || year > PROCORE_TIME_YEAR_MAX || month < 1 || month > 12
        || day < 1 || day > 31 || hour < 0 || hour > 23 || minute < 0
        || minute > 59 || second < 0 || second > 60
        || procore_time_zone(&in, &east) != PROCORE_OK || in.pos != in.end)
    {
        return 0;
    }

    seconds = procore_time_days(year, month, day) * 86400
              + hour * 3600 + minute * 60 + second - east;

    return seconds > 0 ? (uint64_t) seconds : 0;
}


#include <string.h>

#include "procore_multipart.h"
#include "procore_part.h"


/* The most that the search for a delimiter steps over at once. */

#define PROCORE_MULTIPART_SKIP  255


enum {
    PROCORE_MULTIPART_START = 0,   /* before the first delimiter */
    PROCORE_MULTIPART_TAIL,        /* right behind a delimiter */
    PROCORE_MULTIPART_TAIL_CR,
    PROCORE_MULTIPART_TAIL_DASH,
    PROCORE_MULTIPART_HEADERS,
    PROCORE_MULTIPART_DATA,
    PROCORE_MULTIPART_CLOSED
};


/* Knuth, Morris and Pratt: the longest prefix that is also a suffix. */

static void
procore_multipart_borders(procore_multipart_t *mp)
{
    size_t  i, k;

    k = 0;
    mp->border[0] = 0;

    for (i = 1; i < mp->delimiter_len; i++) {

        while (k != 0 && mp->delimiter[i] != mp->delimiter[k]) {
            k = mp->border[k - 1];
        }

        if (mp->delimiter[i] == mp->delimiter[k]) {
            k++;
        }

        mp->border[i] = (uint16_t) k;
    }
}


/* Horspool: the distance of each byte from the end of the delimiter. */

static void
procore_multipart_skips(procore_multipart_t *mp)
{
    size_t  i, last, step;

    last = mp->delimiter_len - 1;

    step = mp->delimiter_len < PROCORE_MULTIPART_SKIP ? mp->delimiter_len
                                                      : PROCORE_MULTIPART_SKIP;

    memset(mp->skip, (int) step, sizeof(mp->skip));

    for (i = 0; i < last; i++) {
        if (last - i <= PROCORE_MULTIPART_SKIP) {
            mp->skip[mp->delimiter[i]] = (unsigned char) (last - i);
        }
    }
}


int
procore_multipart_start(procore_multipart_t *mp, const procore_str_t *boundary,
    size_t limit, const procore_rules_t *rules, const procore_sink_t *sink,
    unsigned char *scratch, size_t scratch_size)
{
    size_t  i;

    procore_field_init(&mp->field, rules, sink, PROCORE_IN_BODY, scratch,
                       scratch_size);

    mp->file_bytes = 0;
    mp->text_bytes = 0;
    mp->limit = limit;
    mp->parts = 0;
    mp->files = 0;
    mp->rc = PROCORE_MALFORMED;
    mp->state = PROCORE_MULTIPART_START;
    mp->crlf = 0;
    mp->started = 0;
    mp->file = 0;
    mp->wanted = 0;
    mp->matched = 0;
    mp->head_len = 0;

    if (boundary->len == 0 || boundary->len > PROCORE_MULTIPART_BOUNDARY) {
        return PROCORE_MALFORMED;
    }

    for (i = 0; i < boundary->len; i++) {
        if (boundary->data[i] <= ' ' || boundary->data[i] >= 0x7f) {
            return PROCORE_MALFORMED;
        }
    }

    memcpy(mp->delimiter, "--", 2);
    memcpy(mp->delimiter + 2, boundary->data, boundary->len);
    mp->delimiter_len = boundary->len + 2;

    procore_multipart_borders(mp);
    procore_multipart_skips(mp);

    mp->rc = PROCORE_OK;

    return PROCORE_OK;
}


/* The first delimiter: at the very beginning or behind one empty line. */

static int
procore_multipart_first(procore_multipart_t *mp, unsigned char c)
{
    if (mp->matched == 0 && mp->crlf < 2 && c == "\r\n"[mp->crlf]) {
        mp->crlf++;
        return PROCORE_OK;
    }

    if (mp->crlf == 1 || c != mp->delimiter[mp->matched]) {
        return PROCORE_MALFORMED;
    }

    if (++mp->matched == mp->delimiter_len) {
        mp->state = PROCORE_MULTIPART_TAIL;
    }

    return PROCORE_OK;
}


/* The header block of a part is complete. */

static int
procore_multipart_part(procore_multipart_t *mp)
{
    int             rc;
    procore_part_t  part;

    rc = procore_part_read(mp->head, mp->head_len - 2, &part);

    if (rc == PROCORE_OK) {
        rc = procore_field_name(&mp->field, part.name.data, part.name.len);
    }

    if (rc != PROCORE_OK) {
        return rc;
    }

    mp->file = part.file;
    mp->wanted = !mp->file && procore_field_wanted(&mp->field);

    if (mp->file) {
        procore_field_end(&mp->field, PROCORE_VALUE_OTHER);

        if (++mp->files > PROCORE_MULTIPART_FILES) {
            return PROCORE_MALFORMED;
        }
    }

    mp->state = PROCORE_MULTIPART_DATA;
    mp->matched = 0;
    mp->crlf = 0;

    return PROCORE_OK;
}


static int
procore_multipart_header(procore_multipart_t *mp, unsigned char c)
{
    size_t  len;

    if (mp->head_len == PROCORE_MULTIPART_HEAD) {
        return PROCORE_MALFORMED;
    }

    mp->head[mp->head_len++] = c;
    len = mp->head_len;

    if (c != '\n') {
        return PROCORE_OK;
    }

    if (len < 2 || mp->head[len - 2] != '\r') {
        return PROCORE_MALFORMED;
    }

    /* an empty line is a CRLF behind another one, or at the beginning */

    if (len == 2 || (len >= 4 && mp->head[len - 3] == '\n')) {
        return procore_multipart_part(mp);
    }

    return PROCORE_OK;
}


static int
procore_multipart_byte(procore_multipart_t *mp, unsigned char c)
{
    switch (mp->state) {

    case PROCORE_MULTIPART_START:
        return procore_multipart_first(mp, c);

    case PROCORE_MULTIPART_TAIL:
        if (c == '\r') {
            mp->state = PROCORE_MULTIPART_TAIL_CR;
            return PROCORE_OK;
        }

        if (c == '-') {
            mp->state = PROCORE_MULTIPART_TAIL_DASH;
            return PROCORE_OK;
        }

        return PROCORE_MALFORMED;

    case PROCORE_MULTIPART_TAIL_CR:
        if (c != '\n' || ++mp->parts > PROCORE_MULTIPART_PARTS) {
            return PROCORE_MALFORMED;
        }

        mp->state = PROCORE_MULTIPART_HEADERS;
        mp->head_len = 0;

        return PROCORE_OK;

    case PROCORE_MULTIPART_TAIL_DASH:
        mp->state = PROCORE_MULTIPART_CLOSED;
        return c == '-' ? PROCORE_OK : PROCORE_MALFORMED;

    case PROCORE_MULTIPART_HEADERS:
        return procore_multipart_header(mp, c);

    default: /* PROCORE_MULTIPART_CLOSED */
        return c == '\r' || c == '\n' || c == ' ' || c == '\t'
               ? PROCORE_OK : PROCORE_MALFORMED;
    }
}


static void
procore_multipart_emit(procore_multipart_t *mp, const unsigned char *data,
    size_t len)
{
    if (mp->wanted && len != 0) {
        procore_field_feed(&mp->field, data, len);
    }
}


/* The line end that was held back belongs to the value. */

static void
procore_multipart_release(procore_multipart_t *mp)
{
    procore_multipart_emit(mp, (const unsigned char *) "\r\n", mp->crlf);
    mp->crlf = 0;
}


/*
 * One byte of a part.  What could be a delimiter is held back: "crlf" bytes of
 * a line end, then "matched" bytes of the delimiter itself.
 */

static int
procore_multipart_data_byte(procore_multipart_t *mp, unsigned char c)
{
    size_t  keep;

    while (mp->matched != 0 && c != mp->delimiter[mp->matched]) {
        keep = mp->border[mp->matched - 1];

        procore_multipart_release(mp);
        procore_multipart_emit(mp, mp->delimiter, mp->matched - keep);

        mp->matched = keep;
    }

    if (c == mp->delimiter[mp->matched]) {

        if (mp->crlf == 1) {
            procore_multipart_release(mp);
        }

        if (++mp->matched < mp->delimiter_len) {
            return PROCORE_OK;
        }

        /* in the middle of a line it ends the value in rack 2 alone */

        if (mp->crlf != 2) {
            return PROCORE_MALFORMED;
        }

        if (!mp->file) {
            procore_field_end(&mp->field, PROCORE_VALUE_TEXT);
        }

        mp->state = PROCORE_MULTIPART_TAIL;

        return PROCORE_OK;
    }

    if (c == '\n' && mp->crlf == 1) {
        mp->crlf = 2;
        return PROCORE_OK;
    }

    procore_multipart_release(mp);

    if (c == '\r') {
        mp->crlf = 1;

    } else {
        procore_multipart_emit(mp, &c, 1);
    }

    return PROCORE_OK;
}


/*
 * Where could the next delimiter begin?  Returns the first place at which it
 * stands whole or could not be looked for, at most "len".
 */

static size_t
procore_multipart_search(const procore_multipart_t *mp,
    const unsigned char *data, size_t len)
{
    size_t         i, last;
    unsigned char  c;

    last = mp->delimiter_len - 1;

    for (i = 0; len - i > last; i += mp->skip[c]) {
        c = data[i + last];

        if (c == mp->delimiter[last]
            && memcmp(data + i, mp->delimiter, last) == 0)
        {
            break;
        }
    }

    return i;
}


/*
 * Passes over bytes of a part that nobody wants.  Stops two bytes before a
 * delimiter, so that the line end is seen.  Returns how many bytes are done.
 */

static size_t
procore_multipart_pass(procore_multipart_t *mp, const unsigned char *data,
    size_t len)
{
    size_t  n;

    n = procore_multipart_search(mp, data, len);

    if (n <= 2) {
        return 0;
    }

    mp->crlf = 0;

    return n - 2;
}


/* Reads a part until it ends.  Sets *used to the bytes that are done. */

static int
procore_multipart_data(procore_multipart_t *mp, const unsigned char *data,
    size_t len, size_t *used)
{
    int     rc;
    size_t  i;

    rc = PROCORE_OK;
    i = 0;

    while (i < len && mp->state == PROCORE_MULTIPART_DATA && rc == PROCORE_OK) {

        if (!mp->wanted && mp->matched == 0) {
            i += procore_multipart_pass(mp, data + i, len - i);
        }

        rc = procore_multipart_data_byte(mp, data[i++]);
    }

    *used = i;

    return rc;
}


int
procore_multipart_feed(procore_multipart_t *mp, const unsigned char *data,
    size_t len)
{
    int     upload;
    size_t  i, n;

    for (i = 0; i < len && mp->rc == PROCORE_OK; i += n) {
        mp->started = 1;
        upload = mp->state == PROCORE_MULTIPART_DATA && mp->file;

        n = len - i;

        if (!upload && mp->limit != 0 && n > mp->limit - mp->text_bytes) {
            n = mp->limit - mp->text_bytes;
        }

        if (n == 0) {
            mp->rc = PROCORE_TOO_LARGE;
            break;
        }

        if (mp->state == PROCORE_MULTIPART_DATA) {
            mp->rc = procore_multipart_data(mp, data + i, n, &n);

        } else {
            mp->rc = procore_multipart_byte(mp, data[i]);
            n = 1;
        }

        if (upload) {
            mp->file_bytes += n;

        } else {
            mp->text_bytes += n;
        }
    }

    return mp->rc;
}


int
procore_multipart_end(procore_multipart_t *mp)
{
    if (mp->rc == PROCORE_OK && mp->started
        && mp->state != PROCORE_MULTIPART_CLOSED)
    {
        mp->rc = PROCORE_MALFORMED;
    }

    return mp->rc;
}

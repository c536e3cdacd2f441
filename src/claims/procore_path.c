
#include <string.h>

#include "procore_hex.h"
#include "procore_path.h"
#include "procore_utf8.h"


/*
 * Bytes of a decoded segment that are kept.  No word of the table below and no
 * id is longer; what is cut is neither.
 */

#define PROCORE_SEGMENT  PROCORE_CLAIM_VALUE


typedef struct {
    size_t         len;       /* decoded, may exceed text */
    unsigned char  text[PROCORE_SEGMENT];
} procore_segment_t;


/* What the first segments of a path have led to. */

typedef enum {
    PROCORE_AT_START = 0,
    PROCORE_AT_REST,          /* /rest */
    PROCORE_AT_API,           /* /rest/v*, /vapid */
    PROCORE_AT_COMPANIES,     /* .../companies */
    PROCORE_AT_COMPANY,       /* .../companies/{any} */
    PROCORE_AT_PROJECTS,      /* the list, of either kind */
    PROCORE_AT_PROJECT,       /* one of them */
    PROCORE_AT_ME,
    PROCORE_AT_OTHER
} procore_path_at_e;


typedef struct {
    const procore_sink_t  *sink;
    procore_path_at_e      at;
    procore_kind_e         kind;      /* what the next segment names */
    const char            *name;      /* the segment that said so */
    unsigned               words;     /* of workforce-planning/... seen */
    unsigned               uuids:1;   /* projects may be UUIDs here */
    unsigned               sync:1;
} procore_path_walk_t;


static int
procore_segment_is(const procore_segment_t *segment, const char *word)
{
    return segment->len == strlen(word)
           && memcmp(segment->text, word, segment->len) == 0;
}


/* The word, or the word with a format suffix. */

static int
procore_segment_ends(const procore_segment_t *segment, const char *word)
{
    size_t  len;

    len = strlen(word);

    return procore_segment_is(segment, word)
           || (segment->len > len + 1 && segment->text[len] == '.'
               && memcmp(segment->text, word, len) == 0);
}


/*
 * Decodes one character at *p, which is before "end", and steps over it.
 * Returns it, or -1 where an escape is broken.
 */

static int
procore_path_char(const unsigned char **p, const unsigned char *end)
{
    int                   high, low;
    const unsigned char  *s;

    s = (*p)++;

    if (*s != '%') {
        return *s;
    }

    if (end - s < 3) {
        return -1;
    }

    high = procore_hex_digit(s[1]);
    low = procore_hex_digit(s[2]);

    if (high < 0 || low < 0) {
        return -1;
    }

    *p = s + 3;

    return high << 4 | low;
}


/*
 * Reads the segment that begins at *p and leaves *p at the slash behind it or
 * at "end".  Returns PROCORE_OK or PROCORE_MALFORMED.
 */

static int
procore_path_segment(const unsigned char **p, const unsigned char *end,
    int escaped, procore_segment_t *segment)
{
    int             c;
    procore_utf8_t  utf8;

    segment->len = 0;
    memset(&utf8, 0, sizeof(utf8));

    while (*p < end && **p != '/') {

        if (escaped) {
            if (**p == '#') {
                return PROCORE_MALFORMED;
            }

            c = procore_path_char(p, end);

        } else {
            c = *(*p)++;
        }

        if (c < ' ' || c == 0x7f
            || !procore_utf8_byte(&utf8, (unsigned char) c))
        {
            return PROCORE_MALFORMED;
        }

        if (segment->len < PROCORE_SEGMENT) {
            segment->text[segment->len] = (unsigned char) c;
        }

        segment->len++;
    }

    if (utf8.left != 0 || procore_segment_is(segment, ".")
        || procore_segment_is(segment, ".."))
    {
        return PROCORE_MALFORMED;
    }

    return PROCORE_OK;
}


/* The number that Ruby's to_i makes of a UUID: up to 8 leading digits. */

static uint64_t
procore_path_leading(const procore_segment_t *segment)
{
    size_t    i;
    uint64_t  n;

    n = 0;

    for (i = 0; segment->text[i] >= '0' && segment->text[i] <= '9'; i++) {
        n = n * 10 + (uint64_t) (segment->text[i] - '0');
    }

    return n;
}


/* The segment after "companies", "projects" or "project". */

static void
procore_path_id(const procore_path_walk_t *walk,
    const procore_segment_t *segment)
{
    procore_claim_t     claim;
    procore_id_class_e  class;

    claim.carrier = PROCORE_IN_PATH;
    claim.kind = walk->kind;
    claim.state = PROCORE_CLAIM_MALFORMED;
    claim.id = 0;
    claim.name.data = (const unsigned char *) walk->name;
    claim.name.len = strlen(walk->name);
    claim.value.data = segment->text;
    claim.value.len = segment->len < PROCORE_SEGMENT ? segment->len
                                                     : PROCORE_SEGMENT;

    class = PROCORE_ID_MALFORMED;

    if (segment->len <= PROCORE_SEGMENT) {
        class = procore_id_classify(segment->text, segment->len, &claim.id);
    }

    switch (class) {

    case PROCORE_ID_NOTHING:
        return;

    case PROCORE_ID_NUMBER:
        claim.state = PROCORE_CLAIM_ID;
        break;

    case PROCORE_ID_UUID:
        if (walk->kind == PROCORE_KIND_COMPANY) {
            claim.state = PROCORE_CLAIM_UUID;

        } else if (walk->uuids) {
            claim.id = procore_path_leading(segment);

            if (claim.id == 0) {
                return;
            }

            claim.state = PROCORE_CLAIM_UUID;
        }

        break;

    case PROCORE_ID_MALFORMED:
        break;
    }

    walk->sink->claim(walk->sink->data, &claim);
}


/* workforce-planning/v2/companies/{any}: four segments in a row. */

static void
procore_path_workforce(procore_path_walk_t *walk,
    const procore_segment_t *segment)
{
    static const char *const  words[] = {
        "workforce-planning", "v2", "companies"
    };

    if (walk->words == sizeof(words) / sizeof(words[0])) {
        walk->uuids = 1;
        walk->words = 0;

    } else if (procore_segment_is(segment, words[walk->words])) {
        walk->words++;

    } else {
        walk->words = procore_segment_is(segment, words[0]) ? 1 : 0;
    }
}


static procore_path_at_e
procore_path_step(procore_path_at_e at, const procore_segment_t *segment)
{
    switch (at) {

    case PROCORE_AT_START:
        return procore_segment_is(segment, "rest") ? PROCORE_AT_REST
               : procore_segment_is(segment, "vapid") ? PROCORE_AT_API
               : PROCORE_AT_OTHER;

    case PROCORE_AT_REST:
        return segment->text[0] == 'v' && segment->len > 1 ? PROCORE_AT_API
                                                           : PROCORE_AT_OTHER;

    case PROCORE_AT_API:
        if (procore_segment_ends(segment, "companies")) {
            return PROCORE_AT_COMPANIES;
        }

        if (procore_segment_ends(segment, "me")) {
            return PROCORE_AT_ME;
        }

        /* fall through */

    case PROCORE_AT_COMPANY:
        return procore_segment_ends(segment, "projects") ? PROCORE_AT_PROJECTS
                                                         : PROCORE_AT_OTHER;

    case PROCORE_AT_COMPANIES:
        return PROCORE_AT_COMPANY;

    case PROCORE_AT_PROJECTS:
        return PROCORE_AT_PROJECT;

    case PROCORE_AT_PROJECT:
    case PROCORE_AT_ME:
    case PROCORE_AT_OTHER:
        break;
    }

    return PROCORE_AT_OTHER;
}


static void
procore_path_walk(procore_path_walk_t *walk, const procore_segment_t *segment)
{
    if (walk->kind != PROCORE_KIND_NONE) {
        procore_path_id(walk, segment);
    }

    walk->sync = walk->kind == PROCORE_KIND_PROJECT
                 && procore_segment_ends(segment, "sync");

    walk->at = procore_path_step(walk->at, segment);
    procore_path_workforce(walk, segment);

    /* a segment may be both: the value of the last and a name for the next */

    if (procore_segment_is(segment, "companies")) {
        walk->kind = PROCORE_KIND_COMPANY;
        walk->name = "companies";

    } else if (procore_segment_is(segment, "projects")) {
        walk->kind = PROCORE_KIND_PROJECT;
        walk->name = "projects";

    } else if (procore_segment_is(segment, "project")) {
        walk->kind = PROCORE_KIND_PROJECT;
        walk->name = "project";

    } else {
        walk->kind = PROCORE_KIND_NONE;
    }
}


static procore_path_e
procore_path_known(const procore_path_walk_t *walk)
{
    if (walk->sync) {
        return PROCORE_PATH_SYNC;
    }

    switch (walk->at) {

    case PROCORE_AT_COMPANIES:
        return PROCORE_PATH_COMPANIES;

    case PROCORE_AT_ME:
        return PROCORE_PATH_ME;

    case PROCORE_AT_COMPANY:
        return PROCORE_PATH_COMPANY;

    case PROCORE_AT_PROJECTS:
        return PROCORE_PATH_PROJECTS;

    case PROCORE_AT_PROJECT:
        return PROCORE_PATH_PROJECT;

    default:
        return PROCORE_PATH_OTHER;
    }
}


int
procore_path_claims(const procore_str_t *text, int escaped,
    const procore_sink_t *sink, procore_path_e *path)
{
    int                   rc;
    procore_segment_t     segment;
    procore_path_walk_t   walk;
    const unsigned char  *p, *end;

    memset(&walk, 0, sizeof(walk));
    walk.sink = sink;

    if (path != NULL) {
        *path = PROCORE_PATH_OTHER;
    }

    p = text->data;
    end = p + text->len;

    while (p < end) {

        if (*p == '/') {
            p++;
            continue;
        }

        rc = procore_path_segment(&p, end, escaped, &segment);

        if (rc != PROCORE_OK) {
            return rc;
        }

        procore_path_walk(&walk, &segment);
    }

    if (path != NULL) {
        *path = procore_path_known(&walk);
    }

    return PROCORE_OK;
}


/* Is the decoded segment that begins at "segment" "." or ".."? */

static int
procore_path_dots(const unsigned char *segment, const unsigned char *end)
{
    return (end - segment == 1 && segment[0] == '.')
           || (end - segment == 2 && segment[0] == '.' && segment[1] == '.');
}


int
procore_path_compare(const procore_str_t *raw, const procore_str_t *normal)
{
    int                   c;
    const unsigned char  *p, *end, *n, *nend, *segment;

    p = raw->data;
    end = p + raw->len;

    n = normal->data;
    nend = n + normal->len;

    if (p == end || n == nend || *p != '/') {
        return PROCORE_MALFORMED;
    }

    segment = n;

    while (p < end) {
        c = *p;

        if (c == '/') {
            if (procore_path_dots(segment, n)
                || (end - p > 1 && p[1] == '/'))
            {
                return PROCORE_MALFORMED;
            }

            p++;

        } else if (c == '#' || c == '\\') {
            return PROCORE_MALFORMED;

        } else {
            c = procore_path_char(&p, end);

            /* a slash within a segment was encoded; -1 is a broken escape */

            if (c < 0 || c == '/') {
                return PROCORE_MALFORMED;
            }
        }

        if (n == nend || *n != c) {
            return PROCORE_MALFORMED;
        }

        n++;

        if (c == '/') {
            segment = n;
        }
    }

    return n == nend && !procore_path_dots(segment, n) ? PROCORE_OK
                                                       : PROCORE_MALFORMED;
}


procore_oauth_e
procore_path_oauth(const procore_str_t *text)
{
    size_t                count;
    procore_oauth_e       oauth;
    procore_segment_t     segment;
    const unsigned char  *p, *end;

    p = text->data;
    end = p + text->len;

    oauth = PROCORE_OAUTH_NONE;
    count = 0;

    while (p < end) {

        if (*p == '/') {

            if (count == 1) {
                oauth = PROCORE_OAUTH_OTHER;
            }

            p++;
            continue;
        }

        if (procore_path_segment(&p, end, 0, &segment) != PROCORE_OK) {
            return count == 0 ? PROCORE_OAUTH_NONE : PROCORE_OAUTH_OTHER;
        }

        count++;

        if (count == 1) {
            if (!procore_segment_is(&segment, "oauth")) {
                return PROCORE_OAUTH_NONE;
            }

        } else if (count == 2 && procore_segment_ends(&segment, "token")) {
            oauth = PROCORE_OAUTH_TOKEN;

        } else if (count == 2 && procore_segment_ends(&segment, "revoke")) {
            oauth = PROCORE_OAUTH_REVOKE;

        } else if (count == 2 && procore_segment_ends(&segment, "authorize")) {
            oauth = PROCORE_OAUTH_AUTHORIZE;

        } else if (count == 3 && oauth == PROCORE_OAUTH_TOKEN
                   && procore_segment_ends(&segment, "info"))
        {
            oauth = PROCORE_OAUTH_INFO;

        } else {
            oauth = PROCORE_OAUTH_OTHER;
        }
    }

    return oauth;
}

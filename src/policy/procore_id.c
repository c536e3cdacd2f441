
#include "procore_id.h"


/* Letters of a word that stands in the place of an id: "sync", "bulk_edit". */

static int
procore_id_letter(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'
           || c == '-';
}


static int
procore_id_is_uuid(const unsigned char *text, size_t len)
{
    size_t         i;
    unsigned char  c;

    if (len != PROCORE_UUID_LENGTH) {
        return 0;
    }

    for (i = 0; i < len; i++) {
        c = text[i];

        if (i == 8 || i == 13 || i == 18 || i == 23) {
            if (c != '-') {
                return 0;
            }

            continue;
        }

        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')
              || (c >= 'A' && c <= 'F')))
        {
            return 0;
        }
    }

    return 1;
}


static int
procore_id_number(const unsigned char *text, size_t len, uint64_t *id)
{
    size_t    i;
    uint64_t  n;

    /* a leading zero is a second spelling of some other id, or "0" */

    if (len > PROCORE_ID_DIGITS || text[0] == '0') {
        return 0;
    }

    n = 0;

    for (i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return 0;
        }

        /* 19 digits stay below 2^64, so that this cannot wrap */

        n = n * 10 + (uint64_t) (text[i] - '0');
    }

    if (n > INT64_MAX) {
        return 0;
    }

    *id = n;

    return 1;
}


procore_id_class_e
procore_id_classify(const unsigned char *text, size_t len, uint64_t *id)
{
    size_t  i;

    if (len == 0) {
        return PROCORE_ID_NOTHING;
    }

    if (procore_id_number(text, len, id)) {
        return PROCORE_ID_NUMBER;
    }

    if (procore_id_is_uuid(text, len)) {
        return PROCORE_ID_UUID;
    }

    for (i = 0; i < len; i++) {
        if (!procore_id_letter(text[i])) {
            return PROCORE_ID_MALFORMED;
        }
    }

    return PROCORE_ID_NOTHING;
}


/*
 * Texts that several kinds of logs have.
 */


#include <string.h>

#include "procore_replay_text.h"


const procore_why_t  procore_whys[PROCORE_WHY_MAX] = {
#define PROCORE_WHY(symbol, name, sentence)  { name, sentence },
#include "procore_replay.def"
#undef PROCORE_WHY
};


int
procore_replay_is(const procore_str_t *text, const char *name)
{
    return text->len == strlen(name)
           && (text->len == 0 || memcmp(text->data, name, text->len) == 0);
}


int
procore_replay_is_name(const procore_str_t *text, const char *name)
{
    size_t         i;
    unsigned char  c;

    if (text->len != strlen(name)) {
        return 0;
    }

    for (i = 0; i < text->len; i++) {
        c = text->data[i];

        if (c >= 'A' && c <= 'Z') {
            c = (unsigned char) (c | 0x20);
        }

        if (c != (unsigned char) name[i]) {
            return 0;
        }
    }

    return 1;
}


static int
procore_replay_hex(unsigned char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }

    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}


void
procore_replay_digest(procore_past_t *past, const procore_str_t *text)
{
    int     high, low;
    size_t  i;

    if (text->len != 2 * PROCORE_PAST_DIGEST) {
        return;
    }

    for (i = 0; i < PROCORE_PAST_DIGEST; i++) {
        high = procore_replay_hex(text->data[2 * i]);
        low = procore_replay_hex(text->data[2 * i + 1]);

        if (high == -1 || low == -1) {
            return;
        }

        past->digest[i] = (unsigned char) (high * 16 + low);
    }

    past->digest_len = PROCORE_PAST_DIGEST;
    past->token = PROCORE_PART_TEXT;
}


void
procore_replay_target(procore_past_t *past, const procore_str_t *text)
{
    const unsigned char  *p, *end, *query, *slash;

    if (text->len == 0) {
        return;
    }

    p = text->data;
    end = p + text->len;

    if (*p != '/') {

        /* the absolute form: nginx passes on what follows the host */

        slash = memchr(p, '/', text->len);

        if (slash == NULL || slash == p || slash[-1] != ':'
            || end - slash < 3 || slash[1] != '/')
        {
            return;
        }

        p = slash + 2;

        while (p < end && *p != '/' && *p != '?') {
            p++;
        }

        if (p == end || *p == '?') {

            /* nginx makes "/" of an empty path, which is not as sent */

            return;
        }
    }

    past->target = PROCORE_PART_TEXT;
    past->path.data = p;
    past->path.len = (size_t) (end - p);
    past->query = PROCORE_PART_NONE;

    query = memchr(p, '?', (size_t) (end - p));

    if (query != NULL) {
        past->path.len = (size_t) (query - p);
        past->query = PROCORE_PART_TEXT;
        past->query_text.data = query + 1;
        past->query_text.len = (size_t) (end - query - 1);
    }
}


int
procore_replay_decision(procore_past_t *past, const procore_str_t *decision,
    const procore_str_t *reason)
{
    unsigned  i;

    for (i = PROCORE_DECISION_ALLOW; i < PROCORE_DECISION_MAX; i++) {
        if (procore_replay_is(decision, procore_decision_names[i])) {
            break;
        }
    }

    if (i == PROCORE_DECISION_MAX
        || procore_reason_find(reason->data, reason->len, &past->reason)
           != PROCORE_OK)
    {
        return PROCORE_NOT_FOUND;
    }

    past->decision = (procore_decision_e) i;

    return PROCORE_OK;
}

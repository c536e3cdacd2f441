
/*
 * A policy from the directives of one place.
 */


#include <stdio.h>
#include <string.h>

#include "procore_settings.h"


/* Elements that an array has room for at first. */

#define PROCORE_SETTINGS_ROOM  8


typedef int (*procore_settings_pt)(procore_settings_t *settings,
    const procore_str_t *words, size_t nwords, char *error);


typedef struct {
    const char           *name;      /* without "procore_scope" */
    size_t                min;       /* parameters */
    size_t                max;       /* 0: any number */
    unsigned              once;      /* bit in settings->seen, 0: repeatable */
    procore_settings_pt   set;       /* NULL: has no part in a decision */
} procore_settings_row_t;


static void *procore_settings_push(procore_settings_t *settings,
    const void *old, size_t n, size_t *room, size_t size);
static int procore_settings_wrong(char *error, const char *why,
    const procore_str_t *word);
static int procore_settings_is(const procore_str_t *word, const char *text);
static int procore_settings_flag(const procore_str_t *word, char *error);
static int procore_settings_size(const procore_str_t *word, size_t *size);
static int procore_settings_mode(procore_settings_t *settings,
    const procore_str_t *words, size_t nwords, char *error);
static int procore_settings_store(procore_settings_t *settings,
    const procore_str_t *words, size_t nwords, char *error);
static int procore_settings_realm(procore_settings_t *settings,
    const procore_str_t *words, size_t nwords, char *error);
static int procore_settings_paths(procore_settings_t *settings,
    const procore_str_t *words, size_t nwords, char *error);
static int procore_settings_oauth(procore_settings_t *settings,
    const procore_str_t *words, size_t nwords, char *error);
static int procore_settings_bind(procore_settings_t *settings,
    const procore_str_t *words, size_t nwords, char *error);
static int procore_settings_company(procore_settings_t *settings,
    const procore_str_t *words, size_t nwords, char *error);
static int procore_settings_alias(procore_settings_t *settings,
    const procore_str_t *words, size_t nwords, char *error);
static int procore_settings_lookup(procore_settings_t *settings,
    const procore_str_t *words, size_t nwords, char *error);
static int procore_settings_body_size(procore_settings_t *settings,
    const procore_str_t *words, size_t nwords, char *error);
static int procore_settings_header(procore_settings_t *settings,
    const procore_str_t *words, size_t nwords, char *error);
static int procore_settings_names(procore_settings_t *settings,
    const procore_str_t *words, size_t nwords, char *error);
static int procore_settings_ignore(procore_settings_t *settings,
    const procore_str_t *words, size_t nwords, char *error);
static int procore_settings_add_names(procore_settings_t *settings,
    const procore_str_t *words, size_t nwords, procore_kind_e kind,
    char *error);
static int procore_settings_unlisted(procore_settings_t *settings,
    const procore_str_t *words, size_t nwords, char *error);
static int procore_settings_undecided(procore_settings_t *settings,
    const procore_str_t *words, size_t nwords, char *error);
static int procore_settings_exception(procore_settings_t *settings,
    const procore_str_t *words, size_t nwords, char *error);


static const procore_str_t  procore_settings_paths_default[] = {
    procore_str("/rest/"),
    procore_str("/vapid/")
};


static const procore_settings_row_t  procore_settings_rows[] = {
    { "", 1, 1, 0x0001, procore_settings_mode },
    { "_store", 1, 2, 0x0002, procore_settings_store },
    { "_realm", 1, 1, 0x0004, procore_settings_realm },
    { "_paths", 1, 0, 0x0008, procore_settings_paths },
    { "_oauth", 1, 1, 0x0010, procore_settings_oauth },
    { "_bind", 1, 0, 0x0020, procore_settings_bind },
    { "_company", 1, 1, 0x0040, procore_settings_company },
    { "_alias", 2, 2, 0, procore_settings_alias },
    { "_lookup", 1, 1, 0x0080, procore_settings_lookup },
    { "_body_size", 1, 1, 0x0100, procore_settings_body_size },
    { "_header", 1, 1, 0x0200, procore_settings_header },
    { "_names", 2, 0, 0, procore_settings_names },
    { "_ignore", 1, 0, 0, procore_settings_ignore },
    { "_unlisted", 1, 1, 0x0400, procore_settings_unlisted },
    { "_undecided", 2, 0, 0, procore_settings_undecided },
    { "_exception", 1, 0, 0, procore_settings_exception },

    { "_candidate", 2, 0, 0, NULL },
    { "_audit_key", 1, 1, 0x0800, NULL },
    { "_audit_required", 1, 1, 0x1000, NULL },
    { "_choose_url", 1, 1, 0x2000, NULL },
    { "_filter_companies", 1, 1, 0x4000, NULL },
    { "_log_level", 1, 1, 0x8000, NULL },
    { "_lookup_rate", 1, 1, 0x10000, NULL },
    { "_lookup_timeout", 1, 1, 0x20000, NULL },
    { "_lookup_waiting", 1, 1, 0x40000, NULL },
    { "_manifest", 1, 1, 0x80000, NULL },
    { "_miss_ttl", 1, 1, 0x100000, NULL },
    { "_projects_ttl", 1, 1, 0x200000, NULL },
    { "_token_company", 1, 1, 0x400000, NULL },

    { NULL, 0, 0, 0, NULL }
};


void
procore_settings_init(procore_settings_t *settings,
    void *(*alloc)(void *data, size_t size), void *data)
{
    memset(settings, 0, sizeof(procore_settings_t));

    settings->alloc = alloc;
    settings->data = data;

    settings->policy.mode = PROCORE_MODE_ENFORCE;
    settings->policy.paths = procore_settings_paths_default;
    settings->policy.npaths = 2;
    settings->policy.body_size = 8 * 1024 * 1024;
    settings->policy.header = 1;
}


int
procore_settings_set(procore_settings_t *settings, const procore_str_t *words,
    size_t nwords, char *error)
{
    procore_str_t                  name;
    static const procore_str_t     prefix = procore_str("procore_scope");
    const procore_settings_row_t  *row;

    name = words[0];

    if (name.len < prefix.len
        || memcmp(name.data, prefix.data, prefix.len) != 0)
    {
        return PROCORE_NOT_FOUND;
    }

    name.data += prefix.len;
    name.len -= prefix.len;

    for (row = procore_settings_rows; row->name; row++) {
        if (procore_settings_is(&name, row->name)) {
            break;
        }
    }

    if (row->name == NULL) {
        return PROCORE_NOT_FOUND;
    }

    if (nwords - 1 < row->min || (row->max && nwords - 1 > row->max)) {
        return procore_settings_wrong(error, "wrong number of parameters in",
                                      &words[0]);
    }

    if (settings->seen & row->once) {
        return procore_settings_wrong(error, "here twice:", &words[0]);
    }

    settings->seen |= row->once;

    return row->set ? row->set(settings, words + 1, nwords - 1, error)
                    : PROCORE_OK;
}


static int
procore_settings_wrong(char *error, const char *why, const procore_str_t *word)
{
    (void) snprintf(error, PROCORE_SETTINGS_ERROR, "%s \"%.*s\"", why,
                    (int) (word->len < PROCORE_SETTINGS_WORD
                           ? word->len : PROCORE_SETTINGS_WORD),
                    (const char *) word->data);

    return PROCORE_MALFORMED;
}


static int
procore_settings_is(const procore_str_t *word, const char *text)
{
    return word->len == strlen(text)
           && memcmp(word->data, text, word->len) == 0;
}


/*
 * Room for one more of "n" elements: the array, which may have moved; NULL: no
 * memory.
 */

static void *
procore_settings_push(procore_settings_t *settings, const void *old, size_t n,
    size_t *room, size_t size)
{
    void    *array;
    size_t   more;

    if (n < *room) {
        return (void *) (uintptr_t) old;
    }

    more = *room ? 2 * *room : PROCORE_SETTINGS_ROOM;

    array = settings->alloc(settings->data, more * size);
    if (array == NULL) {
        return NULL;
    }

    if (n) {
        memcpy(array, old, n * size);
    }

    *room = more;

    return array;
}


/* 1, 0, or PROCORE_MALFORMED. */

static int
procore_settings_flag(const procore_str_t *word, char *error)
{
    if (procore_settings_is(word, "on")) {
        return 1;
    }

    if (procore_settings_is(word, "off")) {
        return 0;
    }

    return procore_settings_wrong(error, "neither \"on\" nor \"off\":", word);
}


/* As nginx reads sizes: digits, then perhaps "k" or "m". */

static int
procore_settings_size(const procore_str_t *word, size_t *size)
{
    size_t  i, unit;

    *size = 0;
    unit = 1;

    for (i = 0; i < word->len; i++) {

        if (word->data[i] < '0' || word->data[i] > '9') {
            break;
        }

        if (*size > SIZE_MAX / 16) {
            return PROCORE_MALFORMED;
        }

        *size = *size * 10 + (size_t) (word->data[i] - '0');
    }

    if (i && i + 1 == word->len) {
        unit = (word->data[i] | 0x20) == 'k' ? 1024
               : (word->data[i] | 0x20) == 'm' ? 1024 * 1024 : 0;
        i++;
    }

    if (i == 0 || i < word->len || unit == 0 || *size > SIZE_MAX / unit) {
        return PROCORE_MALFORMED;
    }

    *size *= unit;

    return PROCORE_OK;
}


static int
procore_settings_mode(procore_settings_t *settings, const procore_str_t *words,
    size_t nwords, char *error)
{
    (void) nwords;

    if (procore_settings_is(words, "enforce")) {
        settings->policy.mode = PROCORE_MODE_ENFORCE;

    } else if (procore_settings_is(words, "monitor")) {
        settings->policy.mode = PROCORE_MODE_MONITOR;

    } else if (procore_settings_is(words, "off")) {
        settings->policy.mode = PROCORE_MODE_OFF;

    } else {
        return procore_settings_wrong(error, "neither \"off\" nor \"monitor\" "
                                      "nor \"enforce\":", words);
    }

    return PROCORE_OK;
}


static int
procore_settings_store(procore_settings_t *settings,
    const procore_str_t *words, size_t nwords, char *error)
{
    (void) nwords;
    (void) error;

    settings->store = words[0];

    return PROCORE_OK;
}


static int
procore_settings_realm(procore_settings_t *settings,
    const procore_str_t *words, size_t nwords, char *error)
{
    (void) nwords;

    settings->realm = words[0];

    return words[0].len ? PROCORE_OK
                        : procore_settings_wrong(error, "no name of a realm:",
                                                 words);
}


static int
procore_settings_paths(procore_settings_t *settings,
    const procore_str_t *words, size_t nwords, char *error)
{
    size_t          i;
    procore_str_t  *paths;

    paths = settings->alloc(settings->data, nwords * sizeof(procore_str_t));
    if (paths == NULL) {
        return PROCORE_ERROR;
    }

    for (i = 0; i < nwords; i++) {

        if (procore_setting_path(&words[i], error) != PROCORE_OK) {
            return PROCORE_MALFORMED;
        }

        paths[i] = words[i];
    }

    settings->policy.paths = paths;
    settings->policy.npaths = nwords;

    return PROCORE_OK;
}


static int
procore_settings_oauth(procore_settings_t *settings,
    const procore_str_t *words, size_t nwords, char *error)
{
    int  on;

    (void) nwords;

    on = procore_settings_flag(words, error);

    if (on < 0) {
        return PROCORE_MALFORMED;
    }

    settings->oauth = on ? 1 : 0;

    return PROCORE_OK;
}


/* Of the ways only this one looks at what a request names. */

static int
procore_settings_bind(procore_settings_t *settings, const procore_str_t *words,
    size_t nwords, char *error)
{
    size_t                    i, n;
    static const char *const  ways[] = {
        "authorize", "token_request", "client", "sole_company", "chooser",
        "first_use", "none", NULL
    };

    for (i = 0; i < nwords; i++) {

        for (n = 0; ways[n] && !procore_settings_is(&words[i], ways[n]); n++) {
            /* void */
        }

        if (ways[n] == NULL) {
            return procore_settings_wrong(error, "unknown way to bind",
                                          &words[i]);
        }

        if (procore_settings_is(&words[i], "first_use")) {
            settings->first_use = 1;
        }
    }

    return PROCORE_OK;
}


static int
procore_settings_company(procore_settings_t *settings,
    const procore_str_t *words, size_t nwords, char *error)
{
    (void) nwords;

    if (memchr(words[0].data, '$', words[0].len) != NULL) {
        return procore_settings_wrong(error, "only nginx knows the value of",
                                      words);
    }

    return words[0].len == 0
           ? PROCORE_OK
           : procore_setting_id("procore_scope_company", words,
                                &settings->company, error);
}


static int
procore_settings_alias(procore_settings_t *settings,
    const procore_str_t *words, size_t nwords, char *error)
{
    unsigned char     *lower;
    procore_alias_t   *aliases;
    procore_policy_t  *policy;

    (void) nwords;

    policy = &settings->policy;

    lower = settings->alloc(settings->data, PROCORE_UUID_LENGTH);
    aliases = procore_settings_push(settings, policy->aliases,
                                    policy->naliases, &settings->aaliases,
                                    sizeof(procore_alias_t));
    if (lower == NULL || aliases == NULL) {
        return PROCORE_ERROR;
    }

    policy->aliases = aliases;

    if (procore_setting_alias(&words[0], &words[1], lower,
                              &aliases[policy->naliases], error)
        != PROCORE_OK)
    {
        return PROCORE_MALFORMED;
    }

    policy->naliases++;

    return PROCORE_OK;
}


static int
procore_settings_lookup(procore_settings_t *settings,
    const procore_str_t *words, size_t nwords, char *error)
{
    (void) nwords;

    if (procore_setting_path(words, error) != PROCORE_OK) {
        return PROCORE_MALFORMED;
    }

    settings->lookup = 1;

    return PROCORE_OK;
}


static int
procore_settings_body_size(procore_settings_t *settings,
    const procore_str_t *words, size_t nwords, char *error)
{
    (void) nwords;

    return procore_settings_size(words, &settings->policy.body_size)
           == PROCORE_OK
           ? PROCORE_OK : procore_settings_wrong(error, "no size:", words);
}


static int
procore_settings_header(procore_settings_t *settings,
    const procore_str_t *words, size_t nwords, char *error)
{
    int  on;

    (void) nwords;

    on = procore_settings_flag(words, error);

    if (on < 0) {
        return PROCORE_MALFORMED;
    }

    settings->policy.header = on ? 1 : 0;

    return PROCORE_OK;
}


static int
procore_settings_names(procore_settings_t *settings,
    const procore_str_t *words, size_t nwords, char *error)
{
    procore_kind_e  kind;

    if (procore_setting_kind(&words[0], &kind, error) != PROCORE_OK) {
        return PROCORE_MALFORMED;
    }

    return procore_settings_add_names(settings, words + 1, nwords - 1, kind,
                                      error);
}


static int
procore_settings_ignore(procore_settings_t *settings,
    const procore_str_t *words, size_t nwords, char *error)
{
    return procore_settings_add_names(settings, words, nwords,
                                      PROCORE_KIND_NONE, error);
}


static int
procore_settings_add_names(procore_settings_t *settings,
    const procore_str_t *words, size_t nwords, procore_kind_e kind,
    char *error)
{
    size_t             i;
    procore_name_t    *names;
    procore_policy_t  *policy;

    policy = &settings->policy;

    for (i = 0; i < nwords; i++) {

        names = procore_settings_push(settings, policy->names, policy->nnames,
                                      &settings->anames,
                                      sizeof(procore_name_t));
        if (names == NULL) {
            return PROCORE_ERROR;
        }

        policy->names = names;

        if (procore_setting_name(&words[i], kind, &names[policy->nnames],
                                 error)
            != PROCORE_OK)
        {
            return PROCORE_MALFORMED;
        }

        policy->nnames++;
    }

    return PROCORE_OK;
}


static int
procore_settings_unlisted(procore_settings_t *settings,
    const procore_str_t *words, size_t nwords, char *error)
{
    int  deny;

    (void) nwords;

    if (procore_setting_unlisted(words, &deny, error) != PROCORE_OK) {
        return PROCORE_MALFORMED;
    }

    settings->policy.unlisted_deny = deny ? 1 : 0;

    return PROCORE_OK;
}


static int
procore_settings_undecided(procore_settings_t *settings,
    const procore_str_t *words, size_t nwords, char *error)
{
    size_t  i;

    if (nwords % 2) {
        return procore_settings_wrong(error, "needs pairs of a reason and "
                                      "\"deny\" or \"allow\":", words);
    }

    for (i = 0; i < nwords; i += 2) {
        if (procore_setting_undecided(&words[i], &words[i + 1],
                                      &settings->undecided_set,
                                      &settings->policy.undecided_allow, error)
            != PROCORE_OK)
        {
            return PROCORE_MALFORMED;
        }
    }

    return PROCORE_OK;
}


static int
procore_settings_exception(procore_settings_t *settings,
    const procore_str_t *words, size_t nwords, char *error)
{
    uint64_t             *projects;
    procore_str_t        *clients;
    procore_policy_t     *policy;
    procore_exception_t  *exceptions;

    policy = &settings->policy;

    clients = settings->alloc(settings->data, nwords * sizeof(procore_str_t));
    projects = settings->alloc(settings->data, nwords * sizeof(uint64_t));
    exceptions = procore_settings_push(settings, policy->exceptions,
                                       policy->nexceptions,
                                       &settings->aexceptions,
                                       sizeof(procore_exception_t));

    if (clients == NULL || projects == NULL || exceptions == NULL) {
        return PROCORE_ERROR;
    }

    policy->exceptions = exceptions;

    if (procore_setting_exception(words, nwords, clients, projects,
                                  &exceptions[policy->nexceptions], error)
        != PROCORE_OK)
    {
        return PROCORE_MALFORMED;
    }

    policy->nexceptions++;

    return PROCORE_OK;
}

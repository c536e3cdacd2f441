
/*
 * The parameters of single directives.
 */


#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "procore_settings.h"
#include "../policy/procore_reason.h"


#define PROCORE_SETTING_DAY  86400    /* seconds */


__attribute__((format(printf, 2, 3)))
static int procore_setting_wrong(char *error, const char *fmt, ...);
static int procore_setting_parameter(const procore_str_t *word,
    const char *name, procore_str_t *value);
static int procore_setting_end_of_day(const procore_str_t *date,
    uint64_t *until);
static int procore_setting_number(const unsigned char *p, size_t len);


/* A word as printf() wants it for "%.*s". */

#define procore_setting_text(word)                                            \
    (int) ((word)->len < PROCORE_SETTINGS_ERROR ? (word)->len                 \
                                                : PROCORE_SETTINGS_ERROR),    \
    (const char *) (word)->data

#define procore_setting_is(word, text)                                        \
    ((word)->len == sizeof(text) - 1                                          \
     && memcmp((word)->data, text, sizeof(text) - 1) == 0)


static int
procore_setting_wrong(char *error, const char *fmt, ...)
{
    va_list  args;

    va_start(args, fmt);
    (void) vsnprintf(error, PROCORE_SETTINGS_ERROR, fmt, args);
    va_end(args);

    return PROCORE_MALFORMED;
}


int
procore_setting_kind(const procore_str_t *word, procore_kind_e *kind,
    char *error)
{
    if (procore_setting_is(word, "company")) {
        *kind = PROCORE_KIND_COMPANY;
        return PROCORE_OK;
    }

    if (procore_setting_is(word, "project")) {
        *kind = PROCORE_KIND_PROJECT;
        return PROCORE_OK;
    }

    return procore_setting_wrong(error, "\"%.*s\" is neither \"company\" nor "
                                 "\"project\"", procore_setting_text(word));
}


int
procore_setting_name(const procore_str_t *word, procore_kind_e kind,
    procore_name_t *name, char *error)
{
    size_t  i;

    if (kind == PROCORE_KIND_NONE && procore_names_builtin(word->data,
                                                           word->len))
    {
        return procore_setting_wrong(error, "the built-in name \"%.*s\" cannot "
                                     "be ignored", procore_setting_text(word));
    }

    if (word->len == 0 || word->len > PROCORE_NAME_MAX) {
        return procore_setting_wrong(error, "name \"%.*s\" must have 1 to %d "
                                     "bytes", procore_setting_text(word),
                                     PROCORE_NAME_MAX);
    }

    for (i = 0; i < word->len; i++) {
        if (word->data[i] == '[' || word->data[i] == ']'
            || word->data[i] == '.')
        {
            return procore_setting_wrong(error, "name \"%.*s\" must be a "
                                         "single key, without brackets and "
                                         "dots", procore_setting_text(word));
        }
    }

    name->name = *word;
    name->kind = kind;

    return PROCORE_OK;
}


int
procore_setting_path(const procore_str_t *word, char *error)
{
    if (word->len && word->data[0] == '/') {
        return PROCORE_OK;
    }

    return procore_setting_wrong(error, "path prefix \"%.*s\" does not begin "
                                 "with \"/\"", procore_setting_text(word));
}


int
procore_setting_id(const char *directive, const procore_str_t *word,
    uint64_t *id, char *error)
{
    if (procore_id_classify(word->data, word->len, id) == PROCORE_ID_NUMBER) {
        return PROCORE_OK;
    }

    return procore_setting_wrong(error, "\"%.*s\" in \"%s\" is not an id of a "
                                 "company or project",
                                 procore_setting_text(word), directive);
}


int
procore_setting_alias(const procore_str_t *company, const procore_str_t *alias,
    unsigned char *lower, procore_alias_t *out, char *error)
{
    size_t         i;
    uint64_t       none;
    unsigned char  c;

    if (procore_setting_id("procore_scope_alias", company, &out->company,
                           error)
        != PROCORE_OK)
    {
        return PROCORE_MALFORMED;
    }

    if (procore_id_classify(alias->data, alias->len, &none) != PROCORE_ID_UUID)
    {
        return procore_setting_wrong(error, "alias \"%.*s\" is not a UUID",
                                     procore_setting_text(alias));
    }

    for (i = 0; i < alias->len; i++) {
        c = alias->data[i];
        lower[i] = (unsigned char) (c >= 'A' && c <= 'Z' ? c | 0x20 : c);
    }

    out->alias.data = lower;
    out->alias.len = alias->len;

    return PROCORE_OK;
}


int
procore_setting_unlisted(const procore_str_t *word, int *deny, char *error)
{
    *deny = procore_setting_is(word, "deny");

    if (*deny || procore_setting_is(word, "report")) {
        return PROCORE_OK;
    }

    return procore_setting_wrong(error, "\"%.*s\" is neither \"report\" nor "
                                 "\"deny\"", procore_setting_text(word));
}


int
procore_setting_undecided(const procore_str_t *reason,
    const procore_str_t *what, uint64_t *set, uint64_t *allow, char *error)
{
    uint64_t          all, bits;
    procore_reason_e  found;

    all = (uint64_t) 1 << PROCORE_REASON_LOOKUP_FAILED
          | (uint64_t) 1 << PROCORE_REASON_STORE_FAILED;

    if (procore_setting_is(reason, "all")) {
        bits = all;

    } else if (procore_reason_find(reason->data, reason->len, &found)
               == PROCORE_OK
               && (all & ((uint64_t) 1 << found)))
    {
        bits = (uint64_t) 1 << found;

    } else {
        return procore_setting_wrong(error, "\"%.*s\" is no reason for an open "
                                     "decision: \"lookup_failed\", "
                                     "\"store_failed\" or \"all\"",
                                     procore_setting_text(reason));
    }

    *set |= bits;

    if (procore_setting_is(what, "deny")) {
        *allow &= ~bits;
        return PROCORE_OK;
    }

    if (procore_setting_is(what, "allow")) {
        *allow |= bits;
        return PROCORE_OK;
    }

    return procore_setting_wrong(error, "\"%.*s\" is neither \"deny\" nor "
                                 "\"allow\"", procore_setting_text(what));
}


int
procore_setting_exception(const procore_str_t *words, size_t nwords,
    procore_str_t *clients, uint64_t *projects, procore_exception_t *exception,
    char *error)
{
    size_t         i;
    procore_str_t  value;

    memset(exception, 0, sizeof(procore_exception_t));

    exception->clients = clients;
    exception->projects = projects;

    if (procore_setting_id("procore_scope_exception", &words[0],
                           &exception->company, error)
        != PROCORE_OK)
    {
        return PROCORE_MALFORMED;
    }

    for (i = 1; i < nwords; i++) {

        if (procore_setting_parameter(&words[i], "client=", &value)
            && value.len)
        {
            clients[exception->nclients++] = value;

        } else if (procore_setting_parameter(&words[i], "project=", &value)) {

            if (procore_setting_id("procore_scope_exception", &value,
                                   &projects[exception->nprojects++], error)
                != PROCORE_OK)
            {
                return PROCORE_MALFORMED;
            }

        } else if (procore_setting_parameter(&words[i], "until=", &value)) {

            if (exception->until) {
                return procore_setting_wrong(error, "the exception has "
                                             "\"until\" twice");
            }

            if (procore_setting_end_of_day(&value, &exception->until)
                != PROCORE_OK)
            {
                return procore_setting_wrong(error, "\"%.*s\" is not a date "
                                             "(YYYY-MM-DD)",
                                             procore_setting_text(&value));
            }

        } else if (procore_setting_parameter(&words[i], "note=", &value)) {

            if (exception->note.data) {
                return procore_setting_wrong(error, "the exception has "
                                             "\"note\" twice");
            }

            exception->note = value;

        } else {
            return procore_setting_wrong(error, "invalid parameter \"%.*s\"",
                                         procore_setting_text(&words[i]));
        }
    }

    return PROCORE_OK;
}


/* Is it "name" (with its "=") and a value?  1 or 0. */

static int
procore_setting_parameter(const procore_str_t *word, const char *name,
    procore_str_t *value)
{
    size_t  len;

    len = strlen(name);

    if (word->len < len || memcmp(word->data, name, len) != 0) {
        return 0;
    }

    value->data = word->data + len;
    value->len = word->len - len;

    return 1;
}


/*
 * The first second after a day, UTC, as seconds since the epoch.  The civil
 * date becomes a day number with years that begin in March, so that a leap day
 * is the last of its year.
 */

static int
procore_setting_end_of_day(const procore_str_t *date, uint64_t *until)
{
    int               year, month, day, last, days;
    static const int  lengths[] = {
        31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31
    };

    if (date->len != 10 || date->data[4] != '-' || date->data[7] != '-') {
        return PROCORE_MALFORMED;
    }

    year = procore_setting_number(date->data, 4);
    month = procore_setting_number(date->data + 5, 2);
    day = procore_setting_number(date->data + 8, 2);

    if (year < 1970 || month < 1 || month > 12 || day < 1) {
        return PROCORE_MALFORMED;
    }

    last = lengths[month - 1];

    if (month == 2 && year % 4 == 0 && (year % 100 || year % 400 == 0)) {
        last++;
    }

    if (day > last) {
        return PROCORE_MALFORMED;
    }

    month -= 2;

    if (month <= 0) {
        month += 12;
        year--;
    }

    days = 365 * year + year / 4 - year / 100 + year / 400
           + 367 * month / 12 - 30 + (day - 1) + 31 + 28 - 719527;

    *until = (uint64_t) (days + 1) * PROCORE_SETTING_DAY;

    return PROCORE_OK;
}


/* Digits alone, or -1. */

static int
procore_setting_number(const unsigned char *p, size_t len)
{
    int     n;
    size_t  i;

    n = 0;

    for (i = 0; i < len; i++) {

        if (p[i] < '0' || p[i] > '9') {
            return -1;
        }

        n = n * 10 + (p[i] - '0');
    }

    return n;
}

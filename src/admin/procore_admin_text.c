
/*
 * Entries of the store as JSON.
 */


#include <string.h>
#include <time.h>

#include "../policy/procore_id.h"
#include "procore_admin_text.h"
#include "procore_import_line.h"


/* The last second that has four digits in its year. */

#define PROCORE_ADMIN_LAST  253402300799u


const char *
procore_admin_state(procore_family_state_e state)
{
    static const char *const  names[] = { "unbound", "bound", "withdrawn" };

    return names[state];
}


static char *
procore_admin_put(char *p, const char *text)
{
    size_t  len;

    len = strlen(text);
    memcpy(p, text, len);

    return p + len;
}


static char *
procore_admin_digits(char *p, uint64_t number, unsigned least)
{
    char      digits[20];
    unsigned  n;

    n = 0;

    do {
        digits[n++] = (char) ('0' + number % 10);
        number /= 10;
    } while (number != 0 || n < least);

    while (n > 0) {
        *p++ = digits[--n];
    }

    return p;
}


static char *
procore_admin_hex(char *p, const unsigned char *data, size_t len)
{
    size_t             i;
    static const char  digits[] = "0123456789abcdef";

    for (i = 0; i < len; i++) {
        *p++ = digits[data[i] >> 4];
        *p++ = digits[data[i] & 15];
    }

    return p;
}


void
procore_admin_time(uint64_t seconds, char *out)
{
    char       *p;
    time_t      when;
    struct tm   tm;

    when = (time_t) (seconds < PROCORE_ADMIN_LAST ? seconds
                                                  : PROCORE_ADMIN_LAST);

    if (gmtime_r(&when, &tm) == NULL) {
        memset(&tm, 0, sizeof(tm));
    }

    p = procore_admin_digits(out, (uint64_t) tm.tm_year + 1900, 4);
    *p++ = '-';
    p = procore_admin_digits(p, (uint64_t) tm.tm_mon + 1, 2);
    *p++ = '-';
    p = procore_admin_digits(p, (uint64_t) tm.tm_mday, 2);
    *p++ = 'T';
    p = procore_admin_digits(p, (uint64_t) tm.tm_hour, 2);
    *p++ = ':';
    p = procore_admin_digits(p, (uint64_t) tm.tm_min, 2);
    *p++ = ':';
    p = procore_admin_digits(p, (uint64_t) tm.tm_sec, 2);
    *p = 'Z';
}


/* Two digits; -1: there are none. */

static int
procore_admin_pair(const unsigned char *p)
{
    if (p[0] < '0' || p[0] > '9' || p[1] < '0' || p[1] > '9') {
        return -1;
    }

    return (p[0] - '0') * 10 + p[1] - '0';
}


int
procore_admin_time_read(const procore_str_t *text, uint64_t *seconds)
{
    int                   century, year;
    char                  again[PROCORE_ADMIN_TIME];
    time_t                when;
    struct tm             tm;
    const unsigned char  *p;

    p = text->data;

    if (text->len != PROCORE_ADMIN_TIME) {
        return PROCORE_MALFORMED;
    }

    memset(&tm, 0, sizeof(tm));

    century = procore_admin_pair(p);
    year = procore_admin_pair(p + 2);
    tm.tm_year = century * 100 + year - 1900;
    tm.tm_mon = procore_admin_pair(p + 5) - 1;
    tm.tm_mday = procore_admin_pair(p + 8);
    tm.tm_hour = procore_admin_pair(p + 11);
    tm.tm_min = procore_admin_pair(p + 14);
    tm.tm_sec = procore_admin_pair(p + 17);

    when = timegm(&tm);

    if (when <= 0) {
        return PROCORE_MALFORMED;
    }

    /* what is no such time, or no time at all, is written in another way */

    procore_admin_time((uint64_t) when, again);

    if (memcmp(again, p, PROCORE_ADMIN_TIME) != 0) {
        return PROCORE_MALFORMED;
    }

    *seconds = (uint64_t) when;

    return PROCORE_OK;
}


/* ,"name": with a comma but for the first member. */

static char *
procore_admin_name(char *p, const char *name)
{
    *p = p[-1] == '{' ? '"' : ',';

    if (*p++ == ',') {
        *p++ = '"';
    }

    p = procore_admin_put(p, name);

    return procore_admin_put(p, "\":");
}


static char *
procore_admin_word(char *p, const char *name, const char *word)
{
    p = procore_admin_name(p, name);
    *p++ = '"';
    p = procore_admin_put(p, word);
    *p++ = '"';

    return p;
}


static char *
procore_admin_bytes(char *p, const char *name, const unsigned char *data,
    size_t len)
{
    p = procore_admin_name(p, name);
    *p++ = '"';
    p = procore_admin_hex(p, data, len);
    *p++ = '"';

    return p;
}


/* Members that are 0 are left out. */

static char *
procore_admin_number(char *p, const char *name, uint64_t number)
{
    if (number == 0) {
        return p;
    }

    return procore_admin_digits(procore_admin_name(p, name), number, 1);
}


static char *
procore_admin_when(char *p, const char *name, uint64_t seconds)
{
    if (seconds == 0) {
        return p;
    }

    p = procore_admin_name(p, name);
    *p++ = '"';
    procore_admin_time(seconds, p);
    p += PROCORE_ADMIN_TIME;
    *p++ = '"';

    return p;
}


/* One that has other bytes than visible ASCII and blanks, in hexadecimal. */

static char *
procore_admin_id(char *p, const unsigned char *client, size_t len)
{
    size_t  i;

    if (len == 0) {
        return p;
    }

    for (i = 0; i < len && client[i] >= 0x20 && client[i] <= 0x7e; i++) {
        /* void */
    }

    if (i < len) {
        return procore_admin_bytes(p, "client_hex", client, len);
    }

    p = procore_admin_name(p, "client");
    *p++ = '"';

    for (i = 0; i < len; i++) {
        if (client[i] == '"' || client[i] == '\\') {
            *p++ = '\\';
        }

        *p++ = (char) client[i];
    }

    *p++ = '"';

    return p;
}


static char *
procore_admin_end(char *p)
{
    *p++ = '}';

    return p;
}


/* What a family is, without its braces. */

static char *
procore_admin_members(char *p, const procore_listed_family_t *family)
{
    const char  *way;

    p = procore_admin_bytes(p, "family", family->id, PROCORE_FAMILY_SIZE);
    p = procore_admin_word(p, "state", procore_admin_state(family->state));
    p = procore_admin_number(p, "company_id", family->company);

    way = procore_way_name(family->way);

    if (way != NULL) {
        p = procore_admin_word(p, "bound_by", way);
    }

    p = procore_admin_when(p, "bound_at", family->bound_at);
    p = procore_admin_id(p, family->client, family->client_len);

    return family->user == PROCORE_STORE_SERVICE
           ? procore_admin_word(p, "user_id", "service")
           : procore_admin_number(p, "user_id", family->user);
}


char *
procore_admin_family(char *out, const procore_listed_family_t *family)
{
    *out++ = '{';
    out = procore_admin_members(out, family);
    out = procore_admin_number(out, "tokens", family->tokens);

    return procore_admin_end(out);
}


static char *
procore_admin_life(char *p, const procore_listed_token_t *token)
{
    p = procore_admin_when(p, "expires_at", token->expires_at);
    p = procore_admin_when(p, "written_at", token->written_at);

    if (token->used) {
        p = procore_admin_put(procore_admin_name(p, "used"), "true");
    }

    return p;
}


static char *
procore_admin_kind(char *p, procore_token_kind_e kind)
{
    return procore_admin_word(p, "kind", kind == PROCORE_TOKEN_ACCESS
                                         ? "access" : "refresh");
}


char *
procore_admin_token(char *out, const procore_listed_token_t *token)
{
    *out++ = '{';
    out = procore_admin_bytes(out, "token", token->digest,
                              PROCORE_IMPORT_SHORT);
    out = procore_admin_kind(out, token->kind);
    out = procore_admin_life(out, token);

    return procore_admin_end(out);
}


char *
procore_admin_record(char *out, const procore_listed_token_t *token,
    const unsigned char realm[PROCORE_REALM_SIZE])
{
    *out++ = '{';
    out = procore_admin_bytes(out, "token", token->digest,
                              PROCORE_DIGEST_SIZE);
    out = procore_admin_kind(out, token->kind);
    out = procore_admin_members(out, &token->family);
    out = procore_admin_life(out, token);
    out = procore_admin_bytes(out, "realm", realm, PROCORE_REALM_SIZE);

    return procore_admin_end(out);
}


char *
procore_admin_project(char *out, const procore_listed_project_t *project,
    const unsigned char *realm)
{
    const procore_project_t  *p;

    p = &project->project;

    *out++ = '{';
    out = procore_admin_number(out, "project_id", project->id);
    out = procore_admin_number(out, "company_id", p->company);

    /* the operator's own ones are for ever, whenever they came */

    if (p->valid_for != 0 || realm == NULL) {
        out = procore_admin_when(out, "learnt_at", p->learnt_at);
    }

    out = procore_admin_number(out, "valid_for", p->valid_for);

    if (realm != NULL) {
        out = procore_admin_bytes(out, "realm", realm, PROCORE_REALM_SIZE);
    }

    return procore_admin_end(out);
}


char *
procore_admin_paused(char *out, const procore_listed_paused_t *paused,
    const unsigned char *realm)
{
    *out++ = '{';
    out = procore_admin_id(out, paused->client, paused->client_len);

    /* a damaged one pauses all the same: its time is not known */

    out = procore_admin_when(out, "paused_at",
                             paused->paused_at ? paused->paused_at : 1);

    if (realm != NULL) {
        out = procore_admin_bytes(out, "realm", realm, PROCORE_REALM_SIZE);
    }

    return procore_admin_end(out);
}


char *
procore_admin_client(char *out, const procore_tally_client_t *client)
{
    unsigned     i;
    const char  *state;

    *out++ = '{';
    out = procore_admin_id(out, client->client, client->client_len);

    for (i = PROCORE_FAMILY_UNBOUND; i <= PROCORE_FAMILY_WITHDRAWN; i++) {
        state = procore_admin_state((procore_family_state_e) i);
        out = procore_admin_name(out, state);
        out = procore_admin_digits(out, client->families[i], 1);
    }

    out = procore_admin_put(procore_admin_name(out, "paused"),
                            client->paused_at != 0 ? "true" : "false");
    out = procore_admin_when(out, "paused_at", client->paused_at);

    return procore_admin_end(out);
}

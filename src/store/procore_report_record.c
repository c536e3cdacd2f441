
/*
 * Rows of the report as bytes.
 */


#include <string.h>

#include "procore_record_bytes.h"
#include "procore_report_record.h"


void
procore_report_client_key(const procore_report_client_t *client,
    unsigned char *out)
{
    out = procore_put_bytes(out, client->realm, PROCORE_REALM_SIZE);

    if (client->others) {
        memset(out, 0xff, PROCORE_REPORT_CLIENT_ID);
        return;
    }

    procore_put_bytes(out, client->id, PROCORE_REPORT_CLIENT_ID);
}


void
procore_report_user_key(const unsigned char *client,
    const procore_report_user_t *user, unsigned char *out)
{
    out = procore_put_bytes(out, client, PROCORE_REPORT_CLIENT_KEY);
    out = procore_put(out, user->kind, 1);
    procore_put_bytes(out, user->id, PROCORE_REPORT_USER_ID);
}


void
procore_report_naming_key(const unsigned char *user, uint64_t company,
    unsigned char *out)
{
    out = procore_put_bytes(out, user, PROCORE_REPORT_USER_KEY);
    procore_put(out, company, 8);
}


int
procore_report_is_rest(const unsigned char *key, size_t len)
{
    size_t  i;

    switch (len) {

    case PROCORE_REPORT_CLIENT_KEY:
        i = PROCORE_REPORT_REALM_KEY;
        break;

    case PROCORE_REPORT_USER_KEY:
        return key[PROCORE_REPORT_CLIENT_KEY] == PROCORE_REPORT_OTHERS;

    case PROCORE_REPORT_NAMING_KEY:
        i = PROCORE_REPORT_USER_KEY;
        break;

    default:
        return 0;
    }

    while (i < len && key[i] == 0xff) {
        i++;
    }

    return i == len;
}


static size_t
procore_report_key_len(procore_report_row_e type)
{
    switch (type) {

    case PROCORE_REPORT_ROW_TOTALS:
        return PROCORE_REPORT_TOTALS_KEY;

    case PROCORE_REPORT_ROW_REALM:
        return PROCORE_REPORT_REALM_KEY;

    case PROCORE_REPORT_ROW_CLIENT:
        return PROCORE_REPORT_CLIENT_KEY;

    case PROCORE_REPORT_ROW_USER:
        return PROCORE_REPORT_USER_KEY;

    default:
        return PROCORE_REPORT_NAMING_KEY;
    }
}


static unsigned char *
procore_report_put_totals(unsigned char *p,
    const procore_report_totals_t *totals)
{
    p = procore_put(p, totals->clients, 4);
    p = procore_put(p, totals->users, 4);
    p = procore_put(p, totals->namings, 4);
    p = procore_put(p, totals->counted_at, 8);
    p = procore_put(p, totals->first, 8);
    p = procore_put(p, totals->last, 8);

    return procore_put(p, totals->lost, 8);
}


static unsigned char *
procore_report_put_client(unsigned char *p,
    const procore_report_client_t *client)
{
    p = procore_put(p, client->first, 8);
    p = procore_put(p, client->last, 8);
    p = procore_put(p, client->requests, 8);
    p = procore_put(p, client->unbound, 8);
    p = procore_put(p, client->last_unbound, 8);
    p = procore_put(p, client->since, 8);
    p = procore_put(p, client->unknown, 8);
    p = procore_put(p, client->unauthorized, 8);
    p = procore_put(p, client->users, 4);
    p = procore_put(p, client->namings, 4);
    p = procore_put(p, client->counted_at, 8);
    p = procore_put(p, client->client_len, 1);

    return procore_put_bytes(p, client->client, client->client_len);
}


static unsigned char *
procore_report_put_user(unsigned char *p, const procore_report_user_t *user)
{
    p = procore_put(p, user->bound, 1);
    p = procore_put(p, user->home, 8);
    p = procore_put(p, user->home_at, 8);
    p = procore_put(p, user->person, 8);
    p = procore_put(p, user->first, 8);
    p = procore_put(p, user->last, 8);
    p = procore_put(p, user->requests, 8);
    p = procore_put(p, user->unbound, 8);

    return procore_put(p, user->namings, 4);
}


static unsigned char *
procore_report_put_naming(unsigned char *p,
    const procore_report_naming_t *naming)
{
    unsigned  i;

    p = procore_put(p, naming->first, 8);
    p = procore_put(p, naming->last, 8);
    p = procore_put(p, naming->passed, 8);
    p = procore_put(p, naming->prevented, 8);
    p = procore_put(p, naming->excepted, 8);

    for (i = 0; i < PROCORE_REPORT_CARRIERS; i++) {
        p = procore_put(p, naming->carriers[i], 8);
    }

    p = procore_put(p, naming->projects, 8);
    p = procore_put(p, naming->bound_at, 8);
    p = procore_put(p, naming->example_len, 1);

    return procore_put_bytes(p, naming->example, naming->example_len);
}


size_t
procore_report_pack(const unsigned char *key, const procore_report_row_t *row,
    unsigned char *out)
{
    unsigned char  *p;

    p = procore_put(out, PROCORE_RECORD_VERSION, 1);

    switch (row->type) {

    case PROCORE_REPORT_ROW_TOTALS:
        p = procore_report_put_totals(p, &row->totals);
        break;

    case PROCORE_REPORT_ROW_REALM:
        p = procore_put(p, row->realm_last, 8);
        p = procore_put(p, row->realm_len, 1);
        p = procore_put_bytes(p, row->realm_name, row->realm_len);
        break;

    case PROCORE_REPORT_ROW_CLIENT:
        p = procore_report_put_client(p, &row->client);
        break;

    case PROCORE_REPORT_ROW_USER:
        p = procore_report_put_user(p, &row->user);
        break;

    case PROCORE_REPORT_ROW_NAMING:
        p = procore_report_put_naming(p, &row->naming);
        break;
    }

    return procore_record_seal(PROCORE_DB_REPORT, key,
                               procore_report_key_len(row->type), out, p);
}


static const unsigned char *
procore_report_get_totals(const unsigned char *p,
    procore_report_totals_t *totals)
{
    totals->clients = (uint32_t) procore_get(&p, 4);
    totals->users = (uint32_t) procore_get(&p, 4);
    totals->namings = (uint32_t) procore_get(&p, 4);
    totals->counted_at = procore_get(&p, 8);
    totals->first = procore_get(&p, 8);
    totals->last = procore_get(&p, 8);
    totals->lost = procore_get(&p, 8);

    return p;
}


static const unsigned char *
procore_report_get_client(const unsigned char *key, const unsigned char *p,
    procore_report_client_t *client)
{
    memcpy(client->realm, key, PROCORE_REALM_SIZE);
    client->others = procore_report_is_rest(key, PROCORE_REPORT_CLIENT_KEY)
                     ? 1 : 0;

    client->first = procore_get(&p, 8);
    client->last = procore_get(&p, 8);
    client->requests = procore_get(&p, 8);
    client->unbound = procore_get(&p, 8);
    client->last_unbound = procore_get(&p, 8);
    client->since = procore_get(&p, 8);
    client->unknown = procore_get(&p, 8);
    client->unauthorized = procore_get(&p, 8);
    client->users = (uint32_t) procore_get(&p, 4);
    client->namings = (uint32_t) procore_get(&p, 4);
    client->counted_at = procore_get(&p, 8);
    client->client_len = (unsigned char) procore_get(&p, 1);
    memcpy(client->client, p, client->client_len);

    return p + client->client_len;
}


static const unsigned char *
procore_report_get_user(const unsigned char *key, const unsigned char *p,
    procore_report_user_t *user)
{
    key += PROCORE_REPORT_CLIENT_KEY;

    user->kind = (procore_report_kind_e) *key++;
    memcpy(user->id, key, PROCORE_REPORT_USER_ID);

    user->bound = procore_get(&p, 1) & 1;
    user->home = procore_get(&p, 8);
    user->home_at = procore_get(&p, 8);
    user->person = procore_get(&p, 8);
    user->first = procore_get(&p, 8);
    user->last = procore_get(&p, 8);
    user->requests = procore_get(&p, 8);
    user->unbound = procore_get(&p, 8);
    user->namings = (uint32_t) procore_get(&p, 4);

    return p;
}


static const unsigned char *
procore_report_get_naming(const unsigned char *key, const unsigned char *p,
    procore_report_naming_t *naming)
{
    unsigned  i;

    key += PROCORE_REPORT_USER_KEY;
    naming->company = procore_get(&key, 8);

    naming->first = procore_get(&p, 8);
    naming->last = procore_get(&p, 8);
    naming->passed = procore_get(&p, 8);
    naming->prevented = procore_get(&p, 8);
    naming->excepted = procore_get(&p, 8);

    for (i = 0; i < PROCORE_REPORT_CARRIERS; i++) {
        naming->carriers[i] = procore_get(&p, 8);
    }

    naming->projects = procore_get(&p, 8);
    naming->bound_at = procore_get(&p, 8);
    naming->example_len = (unsigned char) procore_get(&p, 1);

    if (naming->example_len > PROCORE_REPORT_EXAMPLE) {
        return NULL;
    }

    memcpy(naming->example, p, naming->example_len);

    return p + naming->example_len;
}


/*
 * A value that holds its checksum was written by procore_report_pack(), or by
 * somebody who means harm; it is copied first, so that no length in it reaches
 * beyond what is read.
 */

int
procore_report_unpack(const unsigned char *key, size_t key_len,
    const unsigned char *value, size_t len, procore_report_row_t *row)
{
    unsigned char         copy[PROCORE_REPORT_VALUE_MAX];
    const unsigned char  *p;

    if (len <= PROCORE_RECORD_CRC || len > sizeof(copy)
        || key_len > PROCORE_REPORT_KEY
        || value[0] != PROCORE_RECORD_VERSION
        || !procore_record_holds(PROCORE_DB_REPORT, key, key_len, value, len))
    {
        return PROCORE_CORRUPT;
    }

    memset(copy, 0, sizeof(copy));
    memcpy(copy, value, len - PROCORE_RECORD_CRC);
    p = copy + 1;

    switch (key_len) {

    case PROCORE_REPORT_TOTALS_KEY:
        row->type = PROCORE_REPORT_ROW_TOTALS;
        p = procore_report_get_totals(p, &row->totals);
        break;

    case PROCORE_REPORT_REALM_KEY:
        row->type = PROCORE_REPORT_ROW_REALM;
        memcpy(row->realm, key, PROCORE_REALM_SIZE);
        row->realm_last = procore_get(&p, 8);
        row->realm_len = (unsigned) procore_get(&p, 1);

        if (row->realm_len > PROCORE_REPORT_REALM_MAX) {
            return PROCORE_CORRUPT;
        }

        memcpy(row->realm_name, p, row->realm_len);
        p += row->realm_len;
        break;

    case PROCORE_REPORT_CLIENT_KEY:
        row->type = PROCORE_REPORT_ROW_CLIENT;
        p = procore_report_get_client(key, p, &row->client);
        break;

    case PROCORE_REPORT_USER_KEY:
        row->type = PROCORE_REPORT_ROW_USER;
        p = procore_report_get_user(key, p, &row->user);
        break;

    case PROCORE_REPORT_NAMING_KEY:
        row->type = PROCORE_REPORT_ROW_NAMING;
        p = procore_report_get_naming(key, p, &row->naming);
        break;

    default:
        return PROCORE_CORRUPT;
    }

    return p != NULL && (size_t) (p - copy) == len - PROCORE_RECORD_CRC
           ? PROCORE_OK : PROCORE_CORRUPT;
}


int
procore_report_verify(const unsigned char *key, size_t key_len,
    const unsigned char *value, size_t len)
{
    procore_report_row_t  row;

    return procore_report_unpack(key, key_len, value, len, &row);
}


/*
 * Records of the store as bytes.
 */


#include <string.h>

#include "procore_crc32c.h"
#include "procore_record_bytes.h"
#include "procore_report_record.h"


#define PROCORE_TOKEN_LIVE  1
#define PROCORE_TOKEN_USED  2


const char *
procore_db_name(procore_db_e db)
{
    static const char *const  names[PROCORE_DB_COUNT] = {
        "meta", "family", "token", "project", "sealed", "spent",
        "link", "paused", "audit", "report"
    };

    return names[db];
}


static uint32_t
procore_record_crc(procore_db_e db, const unsigned char *key, size_t key_len,
    const unsigned char *value, size_t len)
{
    uint32_t     crc;
    const char  *name;

    name = procore_db_name(db);

    crc = procore_crc32c(0, (const unsigned char *) name, strlen(name) + 1);
    crc = procore_crc32c(crc, key, key_len);

    return procore_crc32c(crc, value, len);
}


size_t
procore_record_seal(procore_db_e db, const unsigned char *key, size_t key_len,
    unsigned char *out, unsigned char *p)
{
    size_t  len;

    len = (size_t) (p - out);
    p = procore_put(p, procore_record_crc(db, key, key_len, out, len),
                    PROCORE_RECORD_CRC);

    return (size_t) (p - out);
}


int
procore_record_holds(procore_db_e db, const unsigned char *key,
    size_t key_len, const unsigned char *value, size_t len)
{
    const unsigned char  *p;

    if (len < PROCORE_RECORD_CRC) {
        return 0;
    }

    len -= PROCORE_RECORD_CRC;
    p = value + len;

    return procore_get(&p, PROCORE_RECORD_CRC)
           == procore_record_crc(db, key, key_len, value, len);
}


void
procore_token_key(procore_token_kind_e kind,
    const unsigned char digest[PROCORE_DIGEST_SIZE], unsigned char *out)
{
    out = procore_put(out, kind, 1);
    procore_put_bytes(out, digest, PROCORE_DIGEST_SIZE);
}


void
procore_project_key(const unsigned char realm[PROCORE_REALM_SIZE],
    uint64_t project, unsigned char *out)
{
    out = procore_put_bytes(out, realm, PROCORE_REALM_SIZE);
    procore_put(out, project, 8);
}


size_t
procore_paused_key(const unsigned char realm[PROCORE_REALM_SIZE],
    const unsigned char *client, size_t len, unsigned char *out)
{
    unsigned char  *p;

    p = procore_put_bytes(out, realm, PROCORE_REALM_SIZE);
    p = procore_put_bytes(p, client, len);

    return (size_t) (p - out);
}


size_t
procore_token_pack(const unsigned char *key,
    const procore_token_record_t *record, unsigned char *out)
{
    unsigned char  *p;

    p = procore_put(out, PROCORE_RECORD_VERSION, 1);
    p = procore_put(p, record->used ? PROCORE_TOKEN_USED : PROCORE_TOKEN_LIVE,
                    1);
    p = procore_put(p, record->expires_at, 8);
    p = procore_put(p, record->written_at, 8);
    p = procore_put_bytes(p, record->family, PROCORE_FAMILY_SIZE);

    return procore_record_seal(PROCORE_DB_TOKEN, key, PROCORE_TOKEN_KEY, out,
                               p);
}


int
procore_token_unpack(const unsigned char *key, const unsigned char *value,
    size_t len, procore_token_record_t *record)
{
    uint64_t              state;
    const unsigned char  *p;

    if (len != PROCORE_TOKEN_VALUE
        || value[0] != PROCORE_RECORD_VERSION
        || !procore_record_holds(PROCORE_DB_TOKEN, key, PROCORE_TOKEN_KEY,
                                 value, len))
    {
        return PROCORE_CORRUPT;
    }

    p = value + 1;
    state = procore_get(&p, 1);

    if (state != PROCORE_TOKEN_LIVE && state != PROCORE_TOKEN_USED) {
        return PROCORE_CORRUPT;
    }

    record->used = (state == PROCORE_TOKEN_USED);
    record->expires_at = procore_get(&p, 8);
    record->written_at = procore_get(&p, 8);
    memcpy(record->family, p, PROCORE_FAMILY_SIZE);

    return PROCORE_OK;
}


size_t
procore_family_pack(const unsigned char *key,
    const procore_family_record_t *record, unsigned char *out)
{
    unsigned char  *p;

    p = procore_put(out, PROCORE_RECORD_VERSION, 1);
    p = procore_put(p, record->state, 1);
    p = procore_put_bytes(p, record->realm, PROCORE_REALM_SIZE);
    p = procore_put(p, record->company, 8);
    p = procore_put(p, record->way, 1);
    p = procore_put(p, record->user, 8);
    p = procore_put(p, record->bound_at, 8);
    p = procore_put(p, record->tokens, 4);
    p = procore_put(p, record->client_len, 1);
    p = procore_put_bytes(p, record->client, record->client_len);

    return procore_record_seal(PROCORE_DB_FAMILY, key, PROCORE_FAMILY_SIZE,
                               out, p);
}


int
procore_family_unpack(const unsigned char *key, const unsigned char *value,
    size_t len, procore_family_record_t *record)
{
    uint64_t              state, way;
    const unsigned char  *p;

    if (len < PROCORE_FAMILY_HEAD + PROCORE_RECORD_CRC
        || len != (size_t) PROCORE_FAMILY_HEAD + value[PROCORE_FAMILY_HEAD - 1]
                  + PROCORE_RECORD_CRC
        || value[0] != PROCORE_RECORD_VERSION
        || !procore_record_holds(PROCORE_DB_FAMILY, key, PROCORE_FAMILY_SIZE,
                                 value, len))
    {
        return PROCORE_CORRUPT;
    }

    p = value + 1;
    state = procore_get(&p, 1);
    memcpy(record->realm, p, PROCORE_REALM_SIZE);
    p += PROCORE_REALM_SIZE;
    record->company = procore_get(&p, 8);
    way = procore_get(&p, 1);
    record->user = procore_get(&p, 8);
    record->bound_at = procore_get(&p, 8);
    record->tokens = (uint32_t) procore_get(&p, 4);
    record->client_len = (unsigned char) procore_get(&p, 1);
    memcpy(record->client, p, record->client_len);

    if (state > PROCORE_FAMILY_WITHDRAWN
        || way > PROCORE_WAY_FIRST_TRIED
        || (state == PROCORE_FAMILY_BOUND && record->company == 0)
        || (state == PROCORE_FAMILY_UNBOUND && record->company != 0))
    {
        return PROCORE_CORRUPT;
    }

    record->state = (procore_family_state_e) state;
    record->way = (procore_way_e) way;

    return PROCORE_OK;
}


size_t
procore_project_pack(const unsigned char *key,
    const procore_project_t *record, unsigned char *out)
{
    unsigned char  *p;

    p = procore_put(out, PROCORE_RECORD_VERSION, 1);
    p = procore_put(p, record->company, 8);
    p = procore_put(p, record->learnt_at, 8);
    p = procore_put(p, record->valid_for, 8);

    return procore_record_seal(PROCORE_DB_PROJECT, key, PROCORE_PROJECT_KEY,
                               out, p);
}


int
procore_project_unpack(const unsigned char *key, const unsigned char *value,
    size_t len, procore_project_t *record)
{
    const unsigned char  *p;

    if (len != PROCORE_PROJECT_VALUE
        || value[0] != PROCORE_RECORD_VERSION
        || !procore_record_holds(PROCORE_DB_PROJECT, key, PROCORE_PROJECT_KEY,
                                 value, len))
    {
        return PROCORE_CORRUPT;
    }

    p = value + 1;
    record->company = procore_get(&p, 8);
    record->learnt_at = procore_get(&p, 8);
    record->valid_for = procore_get(&p, 8);

    return record->company != 0 ? PROCORE_OK : PROCORE_CORRUPT;
}


size_t
procore_paused_pack(const unsigned char *key, size_t key_len,
    uint64_t paused_at, unsigned char *out)
{
    unsigned char  *p;

    p = procore_put(out, PROCORE_RECORD_VERSION, 1);
    p = procore_put(p, paused_at, 8);

    return procore_record_seal(PROCORE_DB_PAUSED, key, key_len, out, p);
}


int
procore_paused_unpack(const unsigned char *key, size_t key_len,
    const unsigned char *value, size_t len, uint64_t *paused_at)
{
    const unsigned char  *p;

    p = value;

    if (key_len <= PROCORE_REALM_SIZE || key_len > PROCORE_PAUSED_KEY_MAX
        || len != PROCORE_PAUSED_VALUE
        || !procore_record_holds(PROCORE_DB_PAUSED, key, key_len, value, len)
        || procore_get(&p, 1) != PROCORE_RECORD_VERSION)
    {
        return PROCORE_CORRUPT;
    }

    *paused_at = procore_get(&p, 8);

    return PROCORE_OK;
}


size_t
procore_meta_pack(const char *name, uint32_t number, unsigned char *out)
{
    return procore_record_seal(PROCORE_DB_META, (const unsigned char *) name,
                               strlen(name), out, procore_put(out, number, 4));
}


int
procore_meta_unpack(const char *name, const unsigned char *value, size_t len,
    uint32_t *number)
{
    const unsigned char  *p;

    if (len != PROCORE_META_VALUE
        || !procore_record_holds(PROCORE_DB_META, (const unsigned char *) name,
                                 strlen(name), value, len))
    {
        return PROCORE_CORRUPT;
    }

    p = value;
    *number = (uint32_t) procore_get(&p, 4);

    return PROCORE_OK;
}


size_t
procore_sealed_pack(procore_db_e db, const unsigned char *key,
    const procore_sealed_t *record, unsigned char *out)
{
    unsigned char  *p;

    p = procore_put(out, PROCORE_RECORD_VERSION, 1);
    p = procore_put(p, record->state, 1);
    p = procore_put(p, record->changed_at, 8);
    p = procore_put(p, record->keep_until, 8);
    p = procore_put(p, record->user, 8);
    p = procore_put(p, record->company, 8);
    p = procore_put(p, record->sealed.len, 4);

    if (record->sealed.len != 0) {
        memmove(p, record->sealed.data, record->sealed.len);
        p += record->sealed.len;
    }

    return procore_record_seal(db, key, PROCORE_DIGEST_SIZE, out, p);
}


int
procore_sealed_head(const unsigned char *value, size_t len,
    procore_sealed_t *record)
{
    uint64_t              state;
    const unsigned char  *p;

    if (len < PROCORE_SEALED_HEAD + PROCORE_RECORD_CRC
        || len > PROCORE_SEALED_VALUE_MAX
        || value[0] != PROCORE_RECORD_VERSION)
    {
        return PROCORE_CORRUPT;
    }

    p = value + 1;
    state = procore_get(&p, 1);
    record->changed_at = procore_get(&p, 8);
    record->keep_until = procore_get(&p, 8);
    record->user = procore_get(&p, 8);
    record->company = procore_get(&p, 8);
    record->sealed.len = (size_t) procore_get(&p, 4);
    record->sealed.data = p;

    if (record->sealed.len != len - PROCORE_SEALED_HEAD - PROCORE_RECORD_CRC
        || state < PROCORE_SEALED_OPEN
        || state > PROCORE_SEALED_SPENT)
    {
        return PROCORE_CORRUPT;
    }

    record->state = (procore_sealed_state_e) state;

    return PROCORE_OK;
}


int
procore_sealed_unpack(procore_db_e db, const unsigned char *key,
    const unsigned char *value, size_t len, procore_sealed_t *record)
{
    if (procore_sealed_head(value, len, record) != PROCORE_OK
        || !procore_record_holds(db, key, PROCORE_DIGEST_SIZE, value, len))
    {
        return PROCORE_CORRUPT;
    }

    return PROCORE_OK;
}


size_t
procore_key_pack(const char *name, const unsigned char key[PROCORE_STORE_KEY],
    unsigned char *out)
{
    return procore_record_seal(PROCORE_DB_META, (const unsigned char *) name,
                               strlen(name), out,
                               procore_put_bytes(out, key, PROCORE_STORE_KEY));
}


int
procore_key_unpack(const char *name, const unsigned char *value, size_t len,
    unsigned char key[PROCORE_STORE_KEY])
{
    if (len != PROCORE_KEY_VALUE
        || !procore_record_holds(PROCORE_DB_META, (const unsigned char *) name,
                                 strlen(name), value, len))
    {
        return PROCORE_CORRUPT;
    }

    memcpy(key, value, PROCORE_STORE_KEY);

    return PROCORE_OK;
}


size_t
procore_audit_pack(const procore_chain_point_t *point, unsigned char *out)
{
    unsigned char  *p;

    p = procore_put(out, PROCORE_RECORD_VERSION, 1);
    p = procore_put(p, point->sequence, 8);
    p = procore_put(p, point->at, 8);

    return procore_record_seal(PROCORE_DB_AUDIT, point->id, PROCORE_CHAIN_ID,
                               out, p);
}


int
procore_audit_unpack(const unsigned char *key, const unsigned char *value,
    size_t len, procore_chain_point_t *point)
{
    if (len != PROCORE_AUDIT_VALUE
        || !procore_record_holds(PROCORE_DB_AUDIT, key, PROCORE_CHAIN_ID,
                                 value, len)
        || procore_get(&value, 1) != PROCORE_RECORD_VERSION)
    {
        return PROCORE_CORRUPT;
    }

    memcpy(point->id, key, PROCORE_CHAIN_ID);
    point->sequence = procore_get(&value, 8);
    point->at = procore_get(&value, 8);

    return PROCORE_OK;
}


int
procore_record_verify(procore_db_e db, const unsigned char *key,
    size_t key_len, const unsigned char *value, size_t len)
{
    uint64_t                 paused_at;
    procore_sealed_t         sealed;
    procore_project_t        project;
    procore_chain_point_t    point;
    procore_token_record_t   token;
    procore_family_record_t  family;

    switch (db) {

    case PROCORE_DB_META:
        return procore_record_holds(db, key, key_len, value, len)
               ? PROCORE_OK : PROCORE_CORRUPT;

    case PROCORE_DB_FAMILY:
        return key_len == PROCORE_FAMILY_SIZE
               ? procore_family_unpack(key, value, len, &family)
               : PROCORE_CORRUPT;

    case PROCORE_DB_TOKEN:
        return key_len == PROCORE_TOKEN_KEY
               ? procore_token_unpack(key, value, len, &token)
               : PROCORE_CORRUPT;

    case PROCORE_DB_PROJECT:
        return key_len == PROCORE_PROJECT_KEY
               ? procore_project_unpack(key, value, len, &project)
               : PROCORE_CORRUPT;

    case PROCORE_DB_SEALED:
    case PROCORE_DB_SPENT:
    case PROCORE_DB_LINK:
        return key_len == PROCORE_DIGEST_SIZE
               ? procore_sealed_unpack(db, key, value, len, &sealed)
               : PROCORE_CORRUPT;

    case PROCORE_DB_PAUSED:
        return procore_paused_unpack(key, key_len, value, len, &paused_at);

    case PROCORE_DB_AUDIT:
        return key_len == PROCORE_CHAIN_ID
               ? procore_audit_unpack(key, value, len, &point)
               : PROCORE_CORRUPT;

    case PROCORE_DB_REPORT:
        return procore_report_verify(key, key_len, value, len);

    default:
        return PROCORE_CORRUPT;
    }
}


void
procore_token_fill(procore_token_t *token,
    const procore_token_record_t *record,
    const procore_family_record_t *family)
{
    memcpy(token->family, record->family, PROCORE_FAMILY_SIZE);

    token->state = family->state;
    token->company = family->state == PROCORE_FAMILY_BOUND ? family->company
                                                           : 0;
    token->way = family->way;
    token->user = family->user;
    token->bound_at = family->bound_at;
    token->expires_at = record->expires_at;
    token->used = record->used;
    token->client_len = family->client_len;
    memcpy(token->client, family->client, family->client_len);
}


int
procore_older(uint64_t then, uint64_t now, uint64_t seconds)
{
    return now > then && now - then > seconds;
}


int
procore_token_expired(procore_token_kind_e kind,
    const procore_token_record_t *record, uint64_t now)
{
    if (kind == PROCORE_TOKEN_REFRESH) {
        return procore_older(record->written_at, now,
                             record->used ? PROCORE_KEEP_USED
                                          : PROCORE_KEEP_REFRESH);
    }

    if (record->expires_at != 0) {
        return procore_older(record->expires_at, now, PROCORE_KEEP_EXPIRED);
    }

    return procore_older(record->written_at, now, PROCORE_KEEP_UNDATED);
}


int
procore_project_expired(const procore_project_t *record, uint64_t now)
{
    return record->valid_for != 0
           && procore_older(record->learnt_at, now, record->valid_for);
}


/* A redemption that is on its way may end after the code's time. */

int
procore_sealed_expired(const procore_sealed_t *record, uint64_t now)
{
    return now >= record->keep_until
           && now - record->keep_until
              >= (record->state == PROCORE_SEALED_CLAIMED ? PROCORE_KEEP_CLAIMED
                                                          : 0);
}


/*
 * Listing the store: one walk, and what an entry of each database is to it.
 */


#include <string.h>

#include "procore_store_internal.h"
#include "procore_store_list.h"


typedef struct {
    procore_store_t              *store;
    const procore_list_filter_t  *filter;
    procore_list_cursor_t        *cursor;
    void                         *out;       /* where the next one goes */
} procore_list_walk_t;


/*
 * Reads an entry into walk->out: PROCORE_OK; PROCORE_NOT_FOUND: it is not
 * wanted; PROCORE_CORRUPT; PROCORE_ERROR.
 */

typedef int (*procore_list_pt)(procore_list_walk_t *walk, const MDB_val *key,
    const MDB_val *value);


/* From the entry after the cursor's key.  A code of the library. */

static int
procore_list_start(procore_list_cursor_t *cursor, MDB_cursor *c, MDB_val *key,
    MDB_val *value)
{
    int  rc;

    key->mv_data = cursor->key;
    key->mv_size = cursor->len;

    rc = mdb_cursor_get(c, key, value, cursor->len ? MDB_SET_RANGE : MDB_FIRST);

    if (rc == 0 && cursor->len != 0 && key->mv_size == cursor->len
        && memcmp(key->mv_data, cursor->key, cursor->len) == 0)
    {
        rc = mdb_cursor_get(c, key, value, MDB_NEXT);
    }

    return rc;
}


static int
procore_list_walk(procore_list_walk_t *walk, procore_db_e db,
    procore_list_pt take, size_t size, size_t room, size_t *n)
{
    int                     rc, taken;
    size_t                  left;
    MDB_val                 key, value;
    MDB_cursor             *c;
    procore_list_cursor_t  *cursor;

    *n = 0;
    cursor = walk->cursor;

    if (cursor->end || walk->store->dbi[db] == 0) {
        cursor->end = 1;
        return PROCORE_OK;
    }

    if (mdb_cursor_open(walk->store->snapshot, walk->store->dbi[db], &c) != 0) {
        return PROCORE_ERROR;
    }

    left = PROCORE_LIST_LOOK;
    rc = procore_list_start(cursor, c, &key, &value);

    while (rc == 0 && left > 0 && *n < room) {

        left--;

        if (key.mv_size > sizeof(cursor->key)) {
            rc = MDB_CORRUPTED;
            break;
        }

        memcpy(cursor->key, key.mv_data, key.mv_size);
        cursor->len = key.mv_size;

        taken = take(walk, &key, &value);

        if (taken == PROCORE_ERROR) {
            rc = MDB_CORRUPTED;
            break;
        }

        if (taken == PROCORE_CORRUPT) {
            cursor->damaged++;

        } else if (taken == PROCORE_OK) {
            walk->out = (unsigned char *) walk->out + size;
            (*n)++;
        }

        rc = mdb_cursor_get(c, &key, &value, MDB_NEXT);
    }

    mdb_cursor_close(c);

    cursor->end = (rc == MDB_NOTFOUND);

    return rc == 0 || rc == MDB_NOTFOUND ? PROCORE_OK : PROCORE_ERROR;
}


static void
procore_list_fill(procore_listed_family_t *out, const unsigned char *id,
    const procore_family_record_t *record)
{
    memcpy(out->id, id, PROCORE_FAMILY_SIZE);

    out->state = record->state;
    out->way = record->way;
    out->company = record->company;
    out->user = record->user;
    out->bound_at = record->bound_at;
    out->tokens = record->tokens;
    out->client_len = record->client_len;
    memcpy(out->client, record->client, record->client_len);
}


/* Is the family wanted?  1 or 0. */

static int
procore_list_wanted(const procore_list_filter_t *filter,
    const procore_family_record_t *record)
{
    if (memcmp(record->realm, filter->realm, PROCORE_REALM_SIZE) != 0
        || (filter->company != 0 && record->company != filter->company)
        || (filter->states != 0
            && (filter->states >> record->state & 1) == 0))
    {
        return 0;
    }

    if (filter->client.len != 0
        && (record->client_len != filter->client.len
            || memcmp(record->client, filter->client.data, filter->client.len)
               != 0))
    {
        return 0;
    }

    /* two numbers have one name: a first use, confirmed or not */

    return filter->way == PROCORE_WAY_NONE || record->way == filter->way
           || (filter->way == PROCORE_WAY_FIRST_USE
               && record->way == PROCORE_WAY_FIRST_TRIED);
}


static int
procore_list_family(procore_list_walk_t *walk, const MDB_val *key,
    const MDB_val *value)
{
    procore_family_record_t  record;

    if (key->mv_size != PROCORE_FAMILY_SIZE
        || procore_family_unpack(key->mv_data, value->mv_data, value->mv_size,
                                 &record)
           != PROCORE_OK)
    {
        return PROCORE_CORRUPT;
    }

    if (!procore_list_wanted(walk->filter, &record)) {
        return PROCORE_NOT_FOUND;
    }

    procore_list_fill(walk->out, key->mv_data, &record);

    return PROCORE_OK;
}


int
procore_store_families(procore_store_t *store,
    const procore_list_filter_t *filter, procore_list_cursor_t *cursor,
    procore_listed_family_t *out, size_t room, size_t *n)
{
    procore_list_walk_t  walk = { store, filter, cursor, out };

    return procore_list_walk(&walk, PROCORE_DB_FAMILY, procore_list_family,
                             sizeof(procore_listed_family_t), room, n);
}


/* The record of a family; codes of ours. */

static int
procore_list_lookup(procore_store_t *store, const unsigned char *id,
    procore_family_record_t *record)
{
    int      rc;
    MDB_val  key, value;

    key.mv_data = (void *) (uintptr_t) id;
    key.mv_size = PROCORE_FAMILY_SIZE;

    rc = mdb_get(store->snapshot, store->dbi[PROCORE_DB_FAMILY], &key, &value);

    if (rc != 0) {
        return rc == MDB_NOTFOUND ? PROCORE_NOT_FOUND : PROCORE_ERROR;
    }

    return procore_family_unpack(id, value.mv_data, value.mv_size, record);
}


static int
procore_list_token(procore_list_walk_t *walk, const MDB_val *key,
    const MDB_val *value)
{
    int                      rc;
    const unsigned char     *name;
    procore_token_record_t   record;
    procore_listed_token_t  *out;
    procore_family_record_t  family;

    name = key->mv_data;
    out = walk->out;

    if (key->mv_size != PROCORE_TOKEN_KEY
        || procore_token_unpack(name, value->mv_data, value->mv_size, &record)
           != PROCORE_OK)
    {
        return PROCORE_CORRUPT;
    }

    if (walk->filter->family != NULL
        && memcmp(walk->filter->family, record.family, PROCORE_FAMILY_SIZE)
           != 0)
    {
        return PROCORE_NOT_FOUND;
    }

    rc = procore_list_lookup(walk->store, record.family, &family);

    if (rc != PROCORE_OK) {
        return rc == PROCORE_ERROR ? rc : PROCORE_CORRUPT;
    }

    if (!procore_list_wanted(walk->filter, &family)) {
        return PROCORE_NOT_FOUND;
    }

    out->kind = (procore_token_kind_e) name[0];
    memcpy(out->digest, name + 1, PROCORE_DIGEST_SIZE);
    out->used = record.used;
    out->expires_at = record.expires_at;
    out->written_at = record.written_at;
    procore_list_fill(&out->family, record.family, &family);

    return PROCORE_OK;
}


int
procore_store_tokens(procore_store_t *store,
    const procore_list_filter_t *filter, procore_list_cursor_t *cursor,
    procore_listed_token_t *out, size_t room, size_t *n)
{
    procore_list_walk_t  walk = { store, filter, cursor, out };

    return procore_list_walk(&walk, PROCORE_DB_TOKEN, procore_list_token,
                             sizeof(procore_listed_token_t), room, n);
}


static int
procore_list_project(procore_list_walk_t *walk, const MDB_val *key,
    const MDB_val *value)
{
    unsigned                   i;
    const unsigned char       *name;
    procore_listed_project_t  *out;

    name = key->mv_data;
    out = walk->out;

    if (key->mv_size != PROCORE_PROJECT_KEY
        || procore_project_unpack(name, value->mv_data, value->mv_size,
                                  &out->project)
           != PROCORE_OK)
    {
        return PROCORE_CORRUPT;
    }

    if (memcmp(name, walk->filter->realm, PROCORE_REALM_SIZE) != 0
        || (walk->filter->company != 0
            && out->project.company != walk->filter->company))
    {
        return PROCORE_NOT_FOUND;
    }

    out->id = 0;

    for (i = PROCORE_REALM_SIZE; i < PROCORE_PROJECT_KEY; i++) {
        out->id = out->id << 8 | name[i];
    }

    return PROCORE_OK;
}


int
procore_store_projects(procore_store_t *store,
    const procore_list_filter_t *filter, procore_list_cursor_t *cursor,
    procore_listed_project_t *out, size_t room, size_t *n)
{
    procore_list_walk_t  walk = { store, filter, cursor, out };

    return procore_list_walk(&walk, PROCORE_DB_PROJECT, procore_list_project,
                             sizeof(procore_listed_project_t), room, n);
}


/* A damaged entry is listed: it pauses its client all the same. */

static int
procore_list_paused(procore_list_walk_t *walk, const MDB_val *key,
    const MDB_val *value)
{
    procore_listed_paused_t  *out;

    out = walk->out;

    if (key->mv_size <= PROCORE_REALM_SIZE) {
        return PROCORE_CORRUPT;
    }

    if (memcmp(key->mv_data, walk->filter->realm, PROCORE_REALM_SIZE) != 0) {
        return PROCORE_NOT_FOUND;
    }

    if (procore_paused_unpack(key->mv_data, key->mv_size, value->mv_data,
                              value->mv_size, &out->paused_at)
        != PROCORE_OK)
    {
        out->paused_at = 0;
    }

    out->client_len = (unsigned char) (key->mv_size - PROCORE_REALM_SIZE);
    memcpy(out->client, (unsigned char *) key->mv_data + PROCORE_REALM_SIZE,
           out->client_len);

    return PROCORE_OK;
}


int
procore_store_pauses(procore_store_t *store,
    const procore_list_filter_t *filter, procore_list_cursor_t *cursor,
    procore_listed_paused_t *out, size_t room, size_t *n)
{
    procore_list_walk_t  walk = { store, filter, cursor, out };

    return procore_list_walk(&walk, PROCORE_DB_PAUSED, procore_list_paused,
                             sizeof(procore_listed_paused_t), room, n);
}


int
procore_store_family(procore_store_t *store,
    const unsigned char realm[PROCORE_REALM_SIZE],
    const unsigned char id[PROCORE_FAMILY_SIZE],
    procore_listed_family_t *family)
{
    int                      rc;
    procore_family_record_t  record;

    rc = procore_list_lookup(store, id, &record);

    if (rc == PROCORE_OK
        && memcmp(record.realm, realm, PROCORE_REALM_SIZE) != 0)
    {
        rc = PROCORE_NOT_FOUND;
    }

    if (rc == PROCORE_OK) {
        procore_list_fill(family, id, &record);
    }

    return rc;
}


/*
 * The tokens of one kind with this prefix that the realm knows; "token" is the
 * last one.  PROCORE_OK; PROCORE_CONFLICT: another digest than token->digest,
 * where "found" is not 0; codes as above.
 */

static int
procore_find_kind(procore_list_walk_t *walk, MDB_cursor *c,
    procore_token_kind_e kind, const unsigned char *prefix, size_t len,
    unsigned *found)
{
    int                      rc, taken;
    MDB_val                  key, value;
    unsigned char            from[PROCORE_TOKEN_KEY];
    procore_listed_token_t   one, *token;

    token = walk->out;

    memset(from, 0, sizeof(from));
    from[0] = (unsigned char) kind;
    memcpy(from + 1, prefix, len);

    key.mv_data = from;
    key.mv_size = sizeof(from);

    for (rc = mdb_cursor_get(c, &key, &value, MDB_SET_RANGE);
         rc == 0 && key.mv_size > len && memcmp(key.mv_data, from, 1 + len)
                                         == 0;
         rc = mdb_cursor_get(c, &key, &value, MDB_NEXT))
    {
        walk->out = &one;
        taken = procore_list_token(walk, &key, &value);
        walk->out = token;

        if (taken == PROCORE_NOT_FOUND) {
            continue;
        }

        if (taken != PROCORE_OK) {
            return taken;
        }

        if (*found
            && memcmp(one.digest, token->digest, PROCORE_DIGEST_SIZE) != 0)
        {
            return PROCORE_CONFLICT;
        }

        if (!*found) {
            *token = one;
            *found = 1;
        }
    }

    return rc == 0 || rc == MDB_NOTFOUND ? PROCORE_OK : PROCORE_ERROR;
}


int
procore_store_find(procore_store_t *store,
    const unsigned char realm[PROCORE_REALM_SIZE],
    const unsigned char *prefix, size_t len, procore_listed_token_t *token)
{
    int                     rc;
    unsigned                found;
    MDB_cursor             *c;
    procore_list_walk_t     walk;
    procore_list_filter_t   filter;

    memset(&filter, 0, sizeof(filter));
    memcpy(filter.realm, realm, PROCORE_REALM_SIZE);

    walk.store = store;
    walk.filter = &filter;
    walk.cursor = NULL;
    walk.out = token;

    if (mdb_cursor_open(store->snapshot, store->dbi[PROCORE_DB_TOKEN], &c)
        != 0)
    {
        return PROCORE_ERROR;
    }

    found = 0;

    rc = procore_find_kind(&walk, c, PROCORE_TOKEN_ACCESS, prefix, len,
                           &found);

    if (rc == PROCORE_OK) {
        rc = procore_find_kind(&walk, c, PROCORE_TOKEN_REFRESH, prefix, len,
                               &found);
    }

    mdb_cursor_close(c);

    return rc == PROCORE_OK && !found ? PROCORE_NOT_FOUND : rc;
}

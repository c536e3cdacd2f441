
/*
 * What the operator changes: bindings set and ended, records of another store,
 * projects forgotten, clients paused.  An operation is decided on what the
 * transaction reads, before any of it is written.
 */


#include <string.h>

#include "procore_store_internal.h"


typedef struct {
    unsigned char            id[PROCORE_FAMILY_SIZE];
    procore_family_record_t  record;
} procore_admin_family_t;


typedef struct {
    procore_store_t         *store;
    MDB_txn                 *txn;
    procore_store_op_t      *op;
    procore_admin_family_t   families[2];
    unsigned                 nfamilies;
    unsigned                 unknown;      /* tokens */
} procore_admin_t;


/*
 * These return codes of the library; op->rc is PROCORE_CORRUPT where the record
 * cannot be read.  MDB_NOTFOUND: there is none.
 */

static int
procore_admin_get_family(procore_admin_t *admin, const unsigned char *id,
    procore_family_record_t *record)
{
    int      rc;
    MDB_val  key, value;

    key.mv_data = (void *) (uintptr_t) id;
    key.mv_size = PROCORE_FAMILY_SIZE;

    rc = mdb_get(admin->txn, admin->store->dbi[PROCORE_DB_FAMILY], &key,
                 &value);

    if (rc == 0
        && procore_family_unpack(id, value.mv_data, value.mv_size, record)
           != PROCORE_OK)
    {
        admin->op->rc = PROCORE_CORRUPT;
    }

    return rc;
}


static int
procore_admin_put_family(procore_admin_t *admin, const unsigned char *id,
    const procore_family_record_t *record)
{
    MDB_val        key, value;
    unsigned char  packed[PROCORE_FAMILY_VALUE_MAX];

    key.mv_data = (void *) (uintptr_t) id;
    key.mv_size = PROCORE_FAMILY_SIZE;
    value.mv_data = packed;
    value.mv_size = procore_family_pack(id, record, packed);

    return mdb_put(admin->txn, admin->store->dbi[PROCORE_DB_FAMILY], &key,
                   &value, 0);
}


static int
procore_admin_get_token(procore_admin_t *admin, const unsigned char *name,
    procore_token_record_t *record)
{
    int      rc;
    MDB_val  key, value;

    key.mv_data = (void *) (uintptr_t) name;
    key.mv_size = PROCORE_TOKEN_KEY;

    rc = mdb_get(admin->txn, admin->store->dbi[PROCORE_DB_TOKEN], &key,
                 &value);

    if (rc == 0
        && procore_token_unpack(name, value.mv_data, value.mv_size, record)
           != PROCORE_OK)
    {
        admin->op->rc = PROCORE_CORRUPT;
    }

    return rc;
}


/* A family that takes part; one of another realm counts as absent. */

static int
procore_admin_add(procore_admin_t *admin, const unsigned char *id)
{
    int                      rc;
    procore_admin_family_t  *family;

    if (admin->nfamilies == 1
        && memcmp(admin->families[0].id, id, PROCORE_FAMILY_SIZE) == 0)
    {
        return 0;
    }

    family = &admin->families[admin->nfamilies];
    memcpy(family->id, id, PROCORE_FAMILY_SIZE);

    rc = procore_admin_get_family(admin, id, &family->record);

    if (rc != 0 || admin->op->rc != PROCORE_OK) {
        return rc;
    }

    if (memcmp(family->record.realm, admin->op->realm, PROCORE_REALM_SIZE)
        != 0)
    {
        return MDB_NOTFOUND;
    }

    admin->nfamilies++;

    return 0;
}


static int
procore_admin_find_token(procore_admin_t *admin, procore_token_kind_e kind,
    const unsigned char *digest)
{
    int                     rc;
    unsigned char           name[PROCORE_TOKEN_KEY];
    procore_token_record_t  record;

    procore_token_key(kind, digest, name);

    rc = procore_admin_get_token(admin, name, &record);

    if (rc == MDB_NOTFOUND) {
        admin->unknown++;
        return 0;
    }

    if (rc != 0 || admin->op->rc != PROCORE_OK) {
        return rc;
    }

    rc = procore_admin_add(admin, record.family);

    if (rc == MDB_NOTFOUND) {
        admin->op->rc = PROCORE_CORRUPT;
        rc = 0;
    }

    return rc;
}


/* The families of SET and END.  A code of the library; op->rc. */

static int
procore_admin_find(procore_admin_t *admin)
{
    int                  rc;
    procore_store_op_t  *op;

    op = admin->op;

    if (op->has_family) {
        rc = procore_admin_add(admin, op->family);
        return rc == MDB_NOTFOUND ? 0 : rc;
    }

    rc = 0;

    if (op->has_access) {
        rc = procore_admin_find_token(admin, PROCORE_TOKEN_ACCESS, op->access);
    }

    if (rc == 0 && op->rc == PROCORE_OK && op->has_refresh) {
        rc = procore_admin_find_token(admin, PROCORE_TOKEN_REFRESH,
                                      op->refresh);
    }

    return rc;
}


/* op->bound: the first family, and no token in particular. */

static void
procore_admin_report(procore_admin_t *admin)
{
    procore_token_record_t  token;

    memset(&token, 0, sizeof(procore_token_record_t));
    memcpy(token.family, admin->families[0].id, PROCORE_FAMILY_SIZE);

    procore_token_fill(&admin->op->bound, &token, &admin->families[0].record);
}


/* A digest that is given as both kinds stands for one token. */

static int
procore_admin_one_digest(const procore_store_op_t *op)
{
    return op->has_access && op->has_refresh
           && memcmp(op->access, op->refresh, PROCORE_DIGEST_SIZE) == 0;
}


/* Tokens that are not known yet join the family, or make one. */

static int
procore_admin_join(procore_admin_t *admin)
{
    int                  rc;
    procore_store_op_t   family;

    family = *admin->op;
    family.type = PROCORE_STORE_FAMILY;
    family.has_parent = 0;

    rc = procore_write_family(admin->store, admin->txn, &family);

    admin->op->rc = family.rc;
    admin->op->bound = family.bound;

    return rc;
}


static int
procore_admin_set(procore_admin_t *admin)
{
    int                       rc;
    unsigned                  i;
    procore_store_op_t       *op;
    procore_family_record_t  *record;

    op = admin->op;

    if (op->company == 0) {
        op->rc = PROCORE_MALFORMED;
        return 0;
    }

    for (i = 0; i < admin->nfamilies; i++) {
        if (admin->families[i].record.state == PROCORE_FAMILY_WITHDRAWN) {
            admin->families[0] = admin->families[i];
            procore_admin_report(admin);
            op->rc = PROCORE_CONFLICT;
            return 0;
        }
    }

    for (i = 0; i < admin->nfamilies; i++) {
        record = &admin->families[i].record;

        if (i == 0 && record->state == PROCORE_FAMILY_BOUND) {
            op->before = record->company;
        }

        record->state = PROCORE_FAMILY_BOUND;
        record->company = op->company;
        record->way = op->way;
        record->bound_at = op->now;

        if (op->client_len != 0) {
            record->client_len = op->client_len;
            memcpy(record->client, op->client, op->client_len);
        }

        rc = procore_admin_put_family(admin, admin->families[i].id, record);
        if (rc != 0) {
            return rc;
        }
    }

    if (admin->unknown != 0 && !procore_admin_one_digest(op)) {
        return procore_admin_join(admin);
    }

    procore_admin_report(admin);

    return 0;
}


static int
procore_admin_end(procore_admin_t *admin)
{
    int       rc;
    unsigned  i;

    for (i = 0; i < admin->nfamilies; i++) {
        admin->families[i].record.state = PROCORE_FAMILY_WITHDRAWN;

        rc = procore_admin_put_family(admin, admin->families[i].id,
                                      &admin->families[i].record);
        if (rc != 0) {
            return rc;
        }
    }

    procore_admin_report(admin);

    return 0;
}


static int
procore_write_binding(procore_admin_t *admin)
{
    int                  rc;
    procore_store_op_t  *op;

    op = admin->op;

    if (!op->has_family && !op->has_access && !op->has_refresh) {
        op->rc = PROCORE_MALFORMED;
        return 0;
    }

    rc = procore_admin_find(admin);

    if (rc != 0 || op->rc != PROCORE_OK) {
        return rc;
    }

    if (admin->nfamilies == 0
        && (op->type == PROCORE_STORE_END || op->has_family
            || procore_admin_one_digest(op)))
    {
        op->rc = PROCORE_NOT_FOUND;
        return 0;
    }

    if (op->type == PROCORE_STORE_END) {
        return procore_admin_end(admin);
    }

    rc = procore_admin_set(admin);

    op->made = op->rc == PROCORE_OK && op->before != op->company;

    return rc;
}


/* The family as another store has it. */

static void
procore_restore_family(const procore_store_op_t *op,
    procore_family_record_t *record)
{
    memset(record, 0, sizeof(procore_family_record_t));

    memcpy(record->realm, op->realm, PROCORE_REALM_SIZE);
    record->state = op->state;
    record->company = op->company;
    record->way = op->way;
    record->bound_at = op->bound_at;
    record->user = op->user;
    record->client_len = op->client_len;
    memcpy(record->client, op->client, op->client_len);
}


/*
 * Completes what is known here by what is known there.  PROCORE_OK, or
 * PROCORE_CONFLICT.
 */

static int
procore_restore_merge(const procore_store_op_t *op,
    procore_family_record_t *record)
{
    uint32_t  tokens;

    if (memcmp(record->realm, op->realm, PROCORE_REALM_SIZE) != 0) {
        return PROCORE_CONFLICT;
    }

    if (record->state == PROCORE_FAMILY_WITHDRAWN) {
        return op->state == PROCORE_FAMILY_WITHDRAWN ? PROCORE_OK
                                                     : PROCORE_CONFLICT;
    }

    if (record->state == PROCORE_FAMILY_BOUND && op->company != 0
        && op->company != record->company)
    {
        return PROCORE_CONFLICT;
    }

    if (op->state == PROCORE_FAMILY_WITHDRAWN) {
        record->state = PROCORE_FAMILY_WITHDRAWN;

    } else if (record->state == PROCORE_FAMILY_UNBOUND) {
        tokens = record->tokens;
        procore_restore_family(op, record);
        record->tokens = tokens;
    }

    return PROCORE_OK;
}


/* A token that is known here: its family must not tell otherwise. */

static int
procore_restore_known(procore_admin_t *admin, procore_token_record_t *token)
{
    int                       rc;
    procore_store_op_t       *op;
    procore_admin_family_t   *family;

    op = admin->op;

    rc = procore_admin_add(admin, token->family);

    if (rc == MDB_NOTFOUND) {
        op->rc = PROCORE_CORRUPT;
        return 0;
    }

    if (rc != 0 || op->rc != PROCORE_OK) {
        return rc;
    }

    family = &admin->families[0];

    op->rc = procore_restore_merge(op, &family->record);
    procore_admin_report(admin);

    return op->rc == PROCORE_OK
           ? procore_admin_put_family(admin, family->id, &family->record) : 0;
}


static int
procore_restore_new(procore_admin_t *admin, const unsigned char *name)
{
    int                      rc;
    MDB_val                  key, value;
    unsigned char            packed[PROCORE_TOKEN_VALUE];
    procore_store_op_t      *op;
    procore_admin_family_t  *family;
    procore_token_record_t   token;

    op = admin->op;
    family = &admin->families[0];
    memcpy(family->id, op->family, PROCORE_FAMILY_SIZE);

    rc = procore_admin_get_family(admin, op->family, &family->record);

    if (rc == MDB_NOTFOUND) {
        procore_restore_family(op, &family->record);

    } else if (rc != 0 || op->rc != PROCORE_OK) {
        return rc;

    } else {
        op->rc = procore_restore_merge(op, &family->record);
    }

    procore_admin_report(admin);

    if (op->rc != PROCORE_OK) {
        return 0;
    }

    family->record.tokens++;

    rc = procore_admin_put_family(admin, family->id, &family->record);
    if (rc != 0) {
        return rc;
    }

    memset(&token, 0, sizeof(procore_token_record_t));
    token.used = op->used;
    token.expires_at = op->has_access ? op->expires_at : 0;
    token.written_at = op->written_at ? op->written_at : op->now;
    memcpy(token.family, op->family, PROCORE_FAMILY_SIZE);

    key.mv_data = (void *) (uintptr_t) name;
    key.mv_size = PROCORE_TOKEN_KEY;
    value.mv_data = packed;
    value.mv_size = procore_token_pack(name, &token, packed);

    return mdb_put(admin->txn, admin->store->dbi[PROCORE_DB_TOKEN], &key,
                   &value, 0);
}


/* Could a family be in this state?  One that is withdrawn may keep anything. */

static int
procore_restore_fits(const procore_store_op_t *op)
{
    switch (op->state) {

    case PROCORE_FAMILY_BOUND:
        return op->company != 0 && op->way != PROCORE_WAY_NONE;

    case PROCORE_FAMILY_UNBOUND:
        return op->company == 0 && op->way == PROCORE_WAY_NONE;

    default:
        return 1;
    }
}


static int
procore_write_restore(procore_admin_t *admin)
{
    int                     rc;
    unsigned char           name[PROCORE_TOKEN_KEY];
    procore_store_op_t     *op;
    procore_token_record_t  token;

    op = admin->op;

    if (op->has_access == op->has_refresh || !procore_restore_fits(op)) {
        op->rc = PROCORE_MALFORMED;
        return 0;
    }

    procore_token_key(op->has_access ? PROCORE_TOKEN_ACCESS
                                     : PROCORE_TOKEN_REFRESH,
                      op->has_access ? op->access : op->refresh, name);

    rc = procore_admin_get_token(admin, name, &token);

    if (rc == MDB_NOTFOUND) {
        return procore_restore_new(admin, name);
    }

    if (rc != 0 || op->rc != PROCORE_OK) {
        return rc;
    }

    return procore_restore_known(admin, &token);
}


static int
procore_write_forget(procore_admin_t *admin)
{
    int                  rc;
    size_t               i;
    MDB_val              key, value;
    unsigned char        name[PROCORE_PROJECT_KEY];
    procore_project_t    project;
    procore_store_op_t  *op;

    op = admin->op;

    for (i = 0; i < op->nprojects; i++) {

        procore_project_key(op->realm, op->projects[i], name);
        key.mv_data = name;
        key.mv_size = sizeof(name);

        rc = mdb_get(admin->txn, admin->store->dbi[PROCORE_DB_PROJECT], &key,
                     &value);

        if (rc == MDB_NOTFOUND) {
            continue;
        }

        if (rc != 0) {
            return rc;
        }

        /* a damaged one goes, too: it counts as absent anyway */

        if (op->company != 0
            && procore_project_unpack(name, value.mv_data, value.mv_size,
                                      &project)
               == PROCORE_OK
            && project.company != op->company)
        {
            continue;
        }

        rc = mdb_del(admin->txn, admin->store->dbi[PROCORE_DB_PROJECT], &key,
                     NULL);
        if (rc != 0) {
            return rc;
        }

        op->moved++;
    }

    return 0;
}


static int
procore_write_pause(procore_admin_t *admin)
{
    int                  rc;
    MDB_val              key, value;
    MDB_dbi              dbi;
    unsigned char        name[PROCORE_PAUSED_KEY_MAX];
    unsigned char        packed[PROCORE_PAUSED_VALUE];
    procore_store_op_t  *op;

    op = admin->op;
    dbi = admin->store->dbi[PROCORE_DB_PAUSED];

    if (op->client_len == 0) {
        op->rc = PROCORE_MALFORMED;
        return 0;
    }

    if (dbi == 0) {

        /* the store had no room for the database when it was opened */

        op->rc = PROCORE_ERROR;
        return 0;
    }

    key.mv_data = name;
    key.mv_size = procore_paused_key(op->realm, op->client, op->client_len,
                                     name);

    if (op->type == PROCORE_STORE_RESUME) {
        rc = mdb_del(admin->txn, dbi, &key, NULL);

        if (rc == MDB_NOTFOUND) {
            op->rc = PROCORE_NOT_FOUND;
            rc = 0;
        }

        return rc;
    }

    value.mv_data = packed;
    value.mv_size = procore_paused_pack(name, key.mv_size,
                                        op->bound_at ? op->bound_at : op->now,
                                        packed);

    rc = mdb_put(admin->txn, dbi, &key, &value, MDB_NOOVERWRITE);

    return rc == MDB_KEYEXIST ? 0 : rc;
}


int
procore_write_admin(procore_store_t *store, MDB_txn *txn,
    procore_store_op_t *op)
{
    procore_admin_t  admin;

    admin.store = store;
    admin.txn = txn;
    admin.op = op;
    admin.nfamilies = 0;
    admin.unknown = 0;

    switch (op->type) {

    case PROCORE_STORE_SET:
    case PROCORE_STORE_END:
        return procore_write_binding(&admin);

    case PROCORE_STORE_RESTORE:
        return procore_write_restore(&admin);

    case PROCORE_STORE_FORGET:
        return procore_write_forget(&admin);

    default:
        return procore_write_pause(&admin);
    }
}

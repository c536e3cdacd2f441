
/*
 * Families: what a token answer, a choice and a revoke change.  An operation is
 * decided on what the transaction reads, before any of it is written.
 */


#include <string.h>

#include "procore_store_internal.h"


/* A token answer has three: the redeemed refresh token and the new pair. */
#define PROCORE_MEMBERS_MAX  3

/* Each in a family of its own at most, or all in a new one. */
#define PROCORE_FAMILIES_MAX  3


typedef struct {
    unsigned char            id[PROCORE_FAMILY_SIZE];
    procore_family_record_t  record;
    unsigned                 fresh:1;
    unsigned                 changed:1;
} procore_change_family_t;


typedef struct {
    unsigned char            key[PROCORE_TOKEN_KEY];
    procore_token_record_t   record;
    unsigned                 known:1;
    unsigned                 parent:1;
    unsigned                 family:2;     /* of "families", if known */
} procore_change_member_t;


typedef struct {
    procore_store_t         *store;
    MDB_txn                 *txn;
    procore_store_op_t      *op;
    procore_change_member_t  members[PROCORE_MEMBERS_MAX];
    unsigned                 nmembers;
    procore_change_family_t  families[PROCORE_FAMILIES_MAX];
    unsigned                 nfamilies;
} procore_change_t;


static void
procore_change_add(procore_change_t *change, procore_token_kind_e kind,
    const unsigned char *digest, unsigned parent)
{
    procore_change_member_t  *member;

    member = &change->members[change->nmembers++];

    memset(member, 0, sizeof(procore_change_member_t));
    procore_token_key(kind, digest, member->key);
    member->parent = (parent != 0);
}


/* Records a token answer; others take the tokens as they are. */

static int
procore_op_answers(const procore_store_op_t *op)
{
    return op->type == PROCORE_STORE_FAMILY
           || op->type == PROCORE_STORE_SEALED_REDEEM;
}


static int
procore_op_binds(const procore_store_op_t *op)
{
    return op->type == PROCORE_STORE_BIND
           || op->type == PROCORE_STORE_CONFIRM
           || op->type == PROCORE_STORE_SEALED_BIND;
}


/* The tokens that take part; the parent first, its family is the elder. */

static void
procore_change_collect(procore_change_t *change)
{
    procore_store_op_t  *op;

    op = change->op;

    /* without rotation the refresh token of the answer is the one redeemed */

    if (procore_op_answers(op) && op->has_parent
        && !(op->has_refresh
             && memcmp(op->parent, op->refresh, PROCORE_DIGEST_SIZE) == 0))
    {
        procore_change_add(change, PROCORE_TOKEN_REFRESH, op->parent, 1);
    }

    if (op->has_access) {
        procore_change_add(change, PROCORE_TOKEN_ACCESS, op->access, 0);

        if (procore_op_binds(op)) {
            return;
        }
    }

    if (op->has_refresh) {
        procore_change_add(change, PROCORE_TOKEN_REFRESH, op->refresh, 0);
    }
}


/* The families of the known tokens.  Codes of the library; op->rc is set. */

static int
procore_change_load_family(procore_change_t *change,
    procore_change_member_t *member)
{
    int                       rc;
    MDB_val                   key, value;
    unsigned                  i;
    procore_change_family_t  *family;

    for (i = 0; i < change->nfamilies; i++) {
        if (memcmp(change->families[i].id, member->record.family,
                   PROCORE_FAMILY_SIZE)
            == 0)
        {
            member->family = i & 3;
            return 0;
        }
    }

    key.mv_data = member->record.family;
    key.mv_size = PROCORE_FAMILY_SIZE;

    rc = mdb_get(change->txn, change->store->dbi[PROCORE_DB_FAMILY], &key,
                 &value);

    if (rc != 0 && rc != MDB_NOTFOUND) {
        return rc;
    }

    family = &change->families[i];
    memset(family, 0, sizeof(procore_change_family_t));
    memcpy(family->id, member->record.family, PROCORE_FAMILY_SIZE);

    if (rc == MDB_NOTFOUND
        || procore_family_unpack(family->id, value.mv_data, value.mv_size,
                                 &family->record)
           != PROCORE_OK)
    {
        change->op->rc = PROCORE_CORRUPT;
        return 0;
    }

    member->family = i & 3;
    change->nfamilies++;

    return 0;
}


static int
procore_change_load(procore_change_t *change)
{
    int                       rc;
    MDB_val                   key, value;
    unsigned                  i;
    procore_change_member_t  *member;

    for (i = 0; i < change->nmembers && change->op->rc == PROCORE_OK; i++) {

        member = &change->members[i];

        key.mv_data = member->key;
        key.mv_size = PROCORE_TOKEN_KEY;

        rc = mdb_get(change->txn, change->store->dbi[PROCORE_DB_TOKEN], &key,
                     &value);

        if (rc == MDB_NOTFOUND) {
            continue;
        }

        if (rc != 0) {
            return rc;
        }

        if (procore_token_unpack(member->key, value.mv_data, value.mv_size,
                                 &member->record)
            != PROCORE_OK)
        {
            change->op->rc = PROCORE_CORRUPT;
            return 0;
        }

        rc = procore_change_load_family(change, member);
        if (rc != 0) {
            return rc;
        }

        member->known = 1;
    }

    return 0;
}


/* op->bound: family "index", and of the tokens the one that clients use. */

static void
procore_change_report(procore_change_t *change, unsigned index)
{
    unsigned                  i;
    procore_token_record_t    record;
    procore_change_member_t  *member;

    memset(&record, 0, sizeof(procore_token_record_t));

    for (i = 0; i < change->nmembers; i++) {
        member = &change->members[i];

        if (!member->parent && member->known) {
            record = member->record;
            break;
        }
    }

    memcpy(record.family, change->families[index].id, PROCORE_FAMILY_SIZE);

    procore_token_fill(&change->op->bound, &record,
                       &change->families[index].record);
}


/*
 * Finds the family that the tokens will be in: *index, nfamilies for a new one.
 * Sets op->rc to PROCORE_CONFLICT where two companies meet, unless a withdrawn
 * family takes part: then none of them counts.
 */

static void
procore_change_judge(procore_change_t *change, unsigned *index)
{
    uint64_t                  company;
    unsigned                  i, other, bound;
    procore_change_family_t  *family;

    company = change->op->company;
    other = bound = change->nfamilies;

    for (i = 0; i < change->nfamilies; i++) {
        family = &change->families[i];

        if (family->record.state == PROCORE_FAMILY_WITHDRAWN) {
            *index = i;
            return;
        }

        if (family->record.state == PROCORE_FAMILY_UNBOUND) {
            continue;
        }

        if (company == 0) {
            company = family->record.company;
        }

        if (family->record.company != company) {
            other = i;

        } else if (bound == change->nfamilies) {
            bound = i;
        }
    }

    if (other < change->nfamilies) {
        change->op->rc = PROCORE_CONFLICT;
        procore_change_report(change, other);
        return;
    }

    *index = bound < change->nfamilies ? bound : 0;
}


static int
procore_change_new_family(procore_change_t *change)
{
    procore_change_family_t  *family;

    family = &change->families[change->nfamilies++];

    memset(family, 0, sizeof(procore_change_family_t));
    memcpy(family->record.realm, change->op->realm, PROCORE_REALM_SIZE);
    family->fresh = 1;
    family->changed = 1;

    return procore_random(family->id, PROCORE_FAMILY_SIZE);
}


/* Whose the family is, as far as that was not known. */

static void
procore_family_complete(procore_change_family_t *family,
    const procore_store_op_t *op)
{
    if (family->record.user == 0 && op->user != 0) {
        family->record.user = op->user;
        family->changed = 1;
    }

    if (family->record.client_len == 0 && op->client_len != 0) {
        family->record.client_len = op->client_len;
        memcpy(family->record.client, op->client, op->client_len);
        family->changed = 1;
    }
}


/*
 * All families that take part become like the first: withdrawn, or bound.  The
 * tokens that stay behind in the others can then not be bound elsewhere.
 */

static void
procore_change_level(procore_change_t *change, unsigned index)
{
    unsigned                  i;
    procore_store_op_t       *op;
    procore_family_record_t  *record, *first;

    op = change->op;
    first = &change->families[index].record;

    if (first->state == PROCORE_FAMILY_UNBOUND && op->company != 0) {
        first->state = PROCORE_FAMILY_BOUND;
        first->company = op->company;
        first->way = op->way;
        first->bound_at = op->now;
        op->made = 1;
        change->families[index].changed = 1;

    } else if (first->way == PROCORE_WAY_FIRST_TRIED
               && op->company == first->company)
    {
        first->way = PROCORE_WAY_FIRST_USE;
        change->families[index].changed = 1;
    }

    procore_family_complete(&change->families[index], op);

    for (i = 0; i < change->nfamilies; i++) {
        record = &change->families[i].record;

        if (record->state == first->state) {
            continue;
        }

        record->state = first->state;
        change->families[i].changed = 1;

        if (first->state == PROCORE_FAMILY_BOUND) {
            record->company = first->company;
            record->way = first->way;
            record->bound_at = first->bound_at;
        }
    }
}


/* The tokens' own records, and how many each family has. */

static void
procore_change_move(procore_change_t *change, unsigned index)
{
    unsigned                  i;
    procore_store_op_t       *op;
    procore_change_family_t  *old, *family;
    procore_change_member_t  *member;

    op = change->op;
    family = &change->families[index];

    for (i = 0; i < change->nmembers; i++) {
        member = &change->members[i];

        if (!member->known || member->family != index) {

            if (member->known) {
                old = &change->families[member->family];
                old->changed = 1;

                if (old->record.tokens > 0) {
                    old->record.tokens--;
                }
            }

            family->record.tokens++;
            family->changed = 1;
        }

        memcpy(member->record.family, family->id, PROCORE_FAMILY_SIZE);

        /* the time of a use is that of the first */

        if (!member->parent || !member->record.used) {
            member->record.written_at = op->now;
        }

        member->record.used = member->parent;

        if (member->key[0] == PROCORE_TOKEN_ACCESS && op->expires_at != 0) {
            member->record.expires_at = op->expires_at;
        }
    }
}


static int
procore_change_put_families(procore_change_t *change)
{
    int                       rc;
    MDB_val                   key, value;
    unsigned                  i;
    unsigned char             packed[PROCORE_FAMILY_VALUE_MAX];
    procore_change_family_t  *family;

    for (i = 0; i < change->nfamilies; i++) {

        family = &change->families[i];

        if (!family->changed) {
            continue;
        }

        key.mv_data = family->id;
        key.mv_size = PROCORE_FAMILY_SIZE;
        value.mv_data = packed;
        value.mv_size = procore_family_pack(family->id, &family->record,
                                            packed);

        rc = mdb_put(change->txn, change->store->dbi[PROCORE_DB_FAMILY], &key,
                     &value, family->fresh ? MDB_NOOVERWRITE : 0);
        if (rc != 0) {
            return rc;
        }
    }

    return 0;
}


static int
procore_change_put_tokens(procore_change_t *change)
{
    int                       rc;
    MDB_val                   key, value;
    unsigned                  i;
    unsigned char             packed[PROCORE_TOKEN_VALUE];
    procore_change_member_t  *member;

    for (i = 0; i < change->nmembers; i++) {

        member = &change->members[i];

        key.mv_data = member->key;
        key.mv_size = PROCORE_TOKEN_KEY;
        value.mv_data = packed;
        value.mv_size = procore_token_pack(member->key, &member->record,
                                           packed);

        rc = mdb_put(change->txn, change->store->dbi[PROCORE_DB_TOKEN], &key,
                     &value, member->known ? 0 : MDB_NOOVERWRITE);
        if (rc != 0) {
            return rc;
        }

        member->known = 1;
    }

    return 0;
}


static void
procore_change_start(procore_change_t *change, procore_store_t *store,
    MDB_txn *txn, procore_store_op_t *op)
{
    change->store = store;
    change->txn = txn;
    change->op = op;
    change->nmembers = 0;
    change->nfamilies = 0;

    procore_change_collect(change);
}


int
procore_write_family(procore_store_t *store, MDB_txn *txn,
    procore_store_op_t *op)
{
    int               rc;
    unsigned          index, touched;
    procore_change_t  change;

    procore_change_start(&change, store, txn, op);

    if (!(op->has_access || op->has_refresh)
        || (procore_op_binds(op) && op->company == 0))
    {
        op->rc = PROCORE_MALFORMED;
        return 0;
    }

    rc = procore_change_load(&change);
    if (rc != 0 || op->rc != PROCORE_OK) {
        return rc;
    }

    if (op->type == PROCORE_STORE_CONFIRM
        && (change.nfamilies == 0
            || change.families[0].record.state == PROCORE_FAMILY_UNBOUND))
    {
        op->rc = PROCORE_NOT_FOUND;
        return 0;
    }

    index = 0;
    procore_change_judge(&change, &index);

    if (op->rc != PROCORE_OK) {
        return 0;
    }

    /* a known token that is only bound keeps its record */

    touched = (procore_op_answers(op) || change.nfamilies == 0);

    if (change.nfamilies == 0
        && procore_change_new_family(&change) != PROCORE_OK)
    {
        op->rc = PROCORE_ERROR;
        return 0;
    }

    procore_change_level(&change, index);

    if (touched) {
        procore_change_move(&change, index);
    }

    rc = procore_change_put_families(&change);

    if (rc == 0 && touched) {
        rc = procore_change_put_tokens(&change);
    }

    procore_change_report(&change, index);

    return rc;
}


int
procore_write_withdraw(procore_store_t *store, MDB_txn *txn,
    procore_store_op_t *op)
{
    int                       rc;
    unsigned                  i;
    procore_change_t          change;
    procore_change_family_t  *family;

    procore_change_start(&change, store, txn, op);

    if (change.nmembers == 0) {
        op->rc = PROCORE_MALFORMED;
        return 0;
    }

    rc = procore_change_load(&change);
    if (rc != 0 || op->rc != PROCORE_OK) {
        return rc;
    }

    if (change.nfamilies == 0) {
        op->rc = PROCORE_NOT_FOUND;
        return 0;
    }

    for (i = 0; i < change.nfamilies; i++) {
        family = &change.families[i];

        if (family->record.state != PROCORE_FAMILY_WITHDRAWN) {
            family->record.state = PROCORE_FAMILY_WITHDRAWN;
            family->changed = 1;
        }
    }

    procore_change_report(&change, 0);

    return procore_change_put_families(&change);
}


/*
 * Tokens that nobody has issued would fill the store: what an attempt has made
 * goes with it.  A code of the library; MDB_NOTFOUND: there is more to keep.
 */

static int
procore_change_forget(procore_change_t *change)
{
    int                       rc;
    MDB_val                   key;
    procore_change_family_t  *family;

    family = &change->families[0];

    if (change->nfamilies != 1 || change->nmembers != 1
        || family->record.tokens != 1 || family->record.client_len != 0
        || family->record.user != 0)
    {
        return MDB_NOTFOUND;
    }

    key.mv_data = change->members[0].key;
    key.mv_size = PROCORE_TOKEN_KEY;

    rc = mdb_del(change->txn, change->store->dbi[PROCORE_DB_TOKEN], &key,
                 NULL);
    if (rc != 0) {
        return rc;
    }

    key.mv_data = family->id;
    key.mv_size = PROCORE_FAMILY_SIZE;

    return mdb_del(change->txn, change->store->dbi[PROCORE_DB_FAMILY], &key,
                   NULL);
}


int
procore_write_unbind(procore_store_t *store, MDB_txn *txn,
    procore_store_op_t *op)
{
    int                       rc;
    unsigned                  i;
    procore_change_t          change;
    procore_family_record_t  *record;

    procore_change_start(&change, store, txn, op);

    if (change.nmembers == 0 || op->company == 0) {
        op->rc = PROCORE_MALFORMED;
        return 0;
    }

    rc = procore_change_load(&change);
    if (rc != 0 || op->rc != PROCORE_OK) {
        return rc;
    }

    for (i = 0; i < change.nfamilies; i++) {
        record = &change.families[i].record;

        if (record->state != PROCORE_FAMILY_BOUND
            || record->company != op->company
            || record->way != op->way
            || record->bound_at != op->now)
        {
            break;
        }

        record->state = PROCORE_FAMILY_UNBOUND;
        record->company = 0;
        record->way = PROCORE_WAY_NONE;
        record->bound_at = 0;
        change.families[i].changed = 1;
    }

    if (i == 0 || i < change.nfamilies) {
        op->rc = PROCORE_NOT_FOUND;
        return 0;
    }

    procore_change_report(&change, 0);

    rc = procore_change_forget(&change);

    return rc == MDB_NOTFOUND ? procore_change_put_families(&change) : rc;
}


/*
 * Sealed records: what the relay and the chooser keep from step to step.  An
 * operation is decided on what the transaction reads, before any of it is
 * written.
 */


#include <string.h>

#include "procore_store_internal.h"


/*
 * All sealed records together take at most this part of the map: who begins
 * logins for the sake of filling the store must not keep tokens out of it.
 */
#define PROCORE_SEALED_PART  2

/*
 * And the chooser's links this part: neither they nor the relay's records keep
 * the other ones out.
 */
#define PROCORE_SEALED_LINKS  8

/* A record in pages of its own: what its head and the tree take beside it. */
#define PROCORE_SEALED_PAGES  2

/* Seconds that a choice is remembered: the form sent again is told apart. */
#define PROCORE_SEALED_CHOSEN_FOR  1800


typedef struct {
    MDB_val           key;
    procore_db_e      db;         /* where its entry is */
    size_t            len;        /* of its value, 0: there is no entry */
    procore_sealed_t  record;     /* state 0: none, or it has run out */
} procore_sealed_entry_t;


typedef struct {
    procore_store_t         *store;
    MDB_txn                 *txn;
    procore_store_op_t      *op;
    procore_sealed_entry_t   entry;      /* of op->key */
} procore_sealing_t;


/* Codes of the library; op->rc is set where the record cannot be read. */

static int
procore_sealed_load(procore_sealing_t *s, unsigned char *key,
    procore_sealed_entry_t *entry)
{
    int                        rc;
    MDB_val                    value;
    unsigned                   i;
    static const procore_db_e  dbs[] = {
        PROCORE_DB_SPENT, PROCORE_DB_SEALED, PROCORE_DB_LINK
    };

    memset(entry, 0, sizeof(procore_sealed_entry_t));

    entry->key.mv_data = key;
    entry->key.mv_size = PROCORE_DIGEST_SIZE;

    for (i = 0; i < sizeof(dbs) / sizeof(dbs[0]); i++) {

        rc = mdb_get(s->txn, s->store->dbi[dbs[i]], &entry->key, &value);

        if (rc == MDB_NOTFOUND) {
            continue;
        }

        if (rc != 0) {
            return rc;
        }

        entry->db = dbs[i];
        entry->len = value.mv_size;

        if (procore_sealed_unpack(entry->db, key, value.mv_data,
                                  value.mv_size, &entry->record)
            != PROCORE_OK)
        {
            s->op->rc = PROCORE_CORRUPT;

        } else if (procore_sealed_expired(&entry->record, s->op->now)) {
            memset(&entry->record, 0, sizeof(procore_sealed_t));
        }

        return 0;
    }

    return 0;
}


/* The state tells the database, and who makes it: a link has its own. */

static int
procore_sealed_store(procore_sealing_t *s, procore_sealed_entry_t *entry,
    procore_sealed_t *record)
{
    int           rc;
    MDB_val       value;
    procore_db_e  db;

    db = (record->state == PROCORE_SEALED_CHOSEN
          || record->state == PROCORE_SEALED_SPENT) ? PROCORE_DB_SPENT
                                                    : PROCORE_DB_SEALED;

    if (s->op->link && db == PROCORE_DB_SEALED) {
        db = PROCORE_DB_LINK;
    }

    value.mv_data = NULL;
    value.mv_size = PROCORE_SEALED_HEAD + record->sealed.len
                    + PROCORE_RECORD_CRC;

    /* written over, a smaller value would keep the pages of the larger one */

    if (entry->len != 0 && (entry->db != db || entry->len != value.mv_size)) {

        rc = mdb_del(s->txn, s->store->dbi[entry->db], &entry->key, NULL);

        if (rc != 0 && rc != MDB_NOTFOUND) {
            return rc;
        }
    }

    rc = mdb_put(s->txn, s->store->dbi[db], &entry->key, &value, MDB_RESERVE);

    if (rc == 0) {
        (void) procore_sealed_pack(db, entry->key.mv_data, record,
                                   value.mv_data);
    }

    return rc;
}


int
procore_sealed_expire(procore_store_t *store, MDB_txn *txn, uint64_t now,
    size_t max, size_t *removed)
{
    int                rc;
    MDB_val            key, value;
    unsigned           db;
    MDB_cursor        *cursor;
    procore_sealed_t   record;

    for (db = PROCORE_DB_SEALED; db <= PROCORE_DB_LINK; db++) {

        if (store->dbi[db] == 0) {
            continue;
        }

        rc = mdb_cursor_open(txn, store->dbi[db], &cursor);
        if (rc != 0) {
            return rc;
        }

        rc = mdb_cursor_get(cursor, &key, &value, MDB_FIRST);

        while (rc == 0 && max > 0) {

            if (procore_sealed_head(value.mv_data, value.mv_size, &record)
                != PROCORE_OK
                || procore_sealed_expired(&record, now))
            {
                rc = mdb_cursor_del(cursor, 0);
                if (rc != 0) {
                    break;
                }

                (*removed)++;
                max--;
            }

            rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
        }

        mdb_cursor_close(cursor);

        if (rc != 0 && rc != MDB_NOTFOUND) {
            return rc;
        }
    }

    return 0;
}


/* "adds": records more than now.  A code of the library. */

static int
procore_sealed_fits(procore_sealing_t *s, size_t adds, int *fits)
{
    int       rc;
    size_t    pages, part, most;
    MDB_stat  live, spent;

    part = s->op->link ? PROCORE_SEALED_LINKS : PROCORE_SEALED_PART;
    most = s->op->unvouched ? PROCORE_STORE_SEALED_SHARE
                            : PROCORE_STORE_SEALED_LIVE;

    rc = mdb_stat(s->txn, s->store->dbi[s->op->link ? PROCORE_DB_LINK
                                                    : PROCORE_DB_SEALED],
                  &live);

    if (rc == 0) {
        rc = mdb_stat(s->txn, s->store->dbi[PROCORE_DB_SPENT], &spent);
    }

    if (rc != 0) {
        return rc;
    }

    pages = live.ms_branch_pages + live.ms_leaf_pages + live.ms_overflow_pages
            + s->op->sealed_len / s->store->page + PROCORE_SEALED_PAGES;

    if (!s->op->link) {
        pages += spent.ms_branch_pages + spent.ms_leaf_pages
                 + spent.ms_overflow_pages;
    }

    *fits = live.ms_entries + adds <= most
            && pages <= s->store->size / s->store->page / part;

    return 0;
}


/* op->rc is set where there is no room.  A code of the library. */

static int
procore_sealed_room(procore_sealing_t *s, size_t adds)
{
    int     rc, fits;
    size_t  removed;

    rc = procore_sealed_fits(s, adds, &fits);

    /*
     * Once a second, in which nothing more can run out: otherwise each of many
     * that find the store full would look at all that is in it.
     */

    if (rc == 0 && !fits && s->store->expired != s->op->now) {

        removed = 0;
        s->store->expired = s->op->now;

        rc = procore_sealed_expire(s->store, s->txn, s->op->now, SIZE_MAX,
                                   &removed);

        if (rc == 0) {
            rc = procore_sealed_fits(s, adds, &fits);
        }
    }

    if (rc == 0 && !fits) {
        s->op->rc = PROCORE_TOO_LARGE;
    }

    return rc;
}


static void
procore_sealed_make(procore_sealed_t *record, const procore_store_op_t *op,
    procore_sealed_state_e state)
{
    record->state = state;
    record->changed_at = op->now;
    record->keep_until = op->keep_until;
    record->user = op->record_user;
    record->company = 0;
    record->sealed.data = op->sealed;
    record->sealed.len = op->sealed_len;
}


static int
procore_sealed_open(procore_sealing_t *s)
{
    int               rc;
    procore_sealed_t  record;

    if (s->entry.record.state != 0) {
        s->op->rc = PROCORE_CONFLICT;
        return 0;
    }

    rc = procore_sealed_room(s, 1);
    if (rc != 0 || s->op->rc != PROCORE_OK) {
        return rc;
    }

    procore_sealed_make(&record, s->op, PROCORE_SEALED_OPEN);

    return procore_sealed_store(s, &s->entry, &record);
}


/*
 * One look at all of them: how many of the user's are open, and the oldest but
 * for op->key's.  Codes of the library.
 */

static int
procore_sealed_oldest(procore_sealing_t *s, size_t *count,
    unsigned char oldest[PROCORE_DIGEST_SIZE])
{
    int                rc;
    MDB_val            key, value;
    uint64_t           since;
    MDB_cursor        *cursor;
    procore_sealed_t   record;

    rc = mdb_cursor_open(s->txn, s->store->dbi[PROCORE_DB_SEALED], &cursor);
    if (rc != 0) {
        return rc;
    }

    *count = 0;
    since = UINT64_MAX;

    while ((rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0) {

        if (key.mv_size != PROCORE_DIGEST_SIZE
            || procore_sealed_head(value.mv_data, value.mv_size, &record)
               != PROCORE_OK
            || record.user != s->op->record_user
            || record.state > PROCORE_SEALED_OFFERED
            || procore_sealed_expired(&record, s->op->now))
        {
            continue;
        }

        (*count)++;

        if (record.changed_at < since
            && memcmp(key.mv_data, s->op->key, PROCORE_DIGEST_SIZE) != 0)
        {
            since = record.changed_at;
            memcpy(oldest, key.mv_data, PROCORE_DIGEST_SIZE);
        }
    }

    mdb_cursor_close(cursor);

    return rc == MDB_NOTFOUND ? 0 : rc;
}


static int
procore_sealed_limit(procore_sealing_t *s)
{
    int            rc;
    size_t         count;
    MDB_val        key;
    unsigned char  oldest[PROCORE_DIGEST_SIZE];

    key.mv_data = oldest;
    key.mv_size = PROCORE_DIGEST_SIZE;

    do {
        rc = procore_sealed_oldest(s, &count, oldest);

        if (rc != 0 || count <= PROCORE_STORE_SEALED_USER) {
            return rc;
        }

        rc = mdb_del(s->txn, s->store->dbi[PROCORE_DB_SEALED], &key, NULL);

    } while (rc == 0 && count > PROCORE_STORE_SEALED_USER + 1);

    return rc;
}


static int
procore_sealed_offer(procore_sealing_t *s)
{
    int               rc;
    procore_sealed_t  record;

    if (s->entry.record.state != PROCORE_SEALED_OPEN) {
        s->op->rc = PROCORE_NOT_FOUND;
        return 0;
    }

    rc = procore_sealed_room(s, 0);
    if (rc != 0 || s->op->rc != PROCORE_OK) {
        return rc;
    }

    procore_sealed_make(&record, s->op, PROCORE_SEALED_OFFERED);

    rc = procore_sealed_store(s, &s->entry, &record);

    if (rc != 0 || record.user == 0) {
        return rc;
    }

    return procore_sealed_limit(s);
}


/* An OFFERED record: what is left of it, and the code. */

static int
procore_sealed_choice(procore_sealing_t *s, procore_sealed_entry_t *code)
{
    int               rc;
    procore_sealed_t  record;

    rc = procore_sealed_room(s, 0);
    if (rc != 0 || s->op->rc != PROCORE_OK) {
        return rc;
    }

    record = s->entry.record;
    record.state = PROCORE_SEALED_CHOSEN;
    record.changed_at = s->op->now;
    record.company = s->op->company;
    record.sealed.len = 0;

    if (s->op->now <= UINT64_MAX - PROCORE_SEALED_CHOSEN_FOR) {
        record.keep_until = s->op->now + PROCORE_SEALED_CHOSEN_FOR;
    }

    /* as long as its code is, it is */

    if (record.keep_until < s->op->keep_until) {
        record.keep_until = s->op->keep_until;
    }

    rc = procore_sealed_store(s, &s->entry, &record);
    if (rc != 0) {
        return rc;
    }

    procore_sealed_make(&record, s->op, PROCORE_SEALED_LIVE);
    record.user = s->entry.record.user;
    record.company = s->op->company;

    return procore_sealed_store(s, code, &record);
}


static int
procore_sealed_choose(procore_sealing_t *s)
{
    int                      rc;
    procore_sealed_t        *record;
    procore_sealed_entry_t   code;

    if (s->op->company == 0
        || memcmp(s->op->key, s->op->code, PROCORE_DIGEST_SIZE) == 0)
    {
        s->op->rc = PROCORE_MALFORMED;
        return 0;
    }

    rc = procore_sealed_load(s, s->op->code, &code);
    if (rc != 0 || s->op->rc != PROCORE_OK) {
        return rc;
    }

    record = &s->entry.record;

    switch (record->state) {

    case PROCORE_SEALED_OFFERED:
        if (code.record.state != 0) {
            break;
        }

        return procore_sealed_choice(s, &code);

    case PROCORE_SEALED_CHOSEN:
        if (record->company == s->op->company
            && code.record.state == PROCORE_SEALED_LIVE)
        {
            return 0;
        }

        break;

    case PROCORE_SEALED_SPENT:
        break;

    default:
        s->op->rc = PROCORE_NOT_FOUND;
        return 0;
    }

    s->op->rc = PROCORE_CONFLICT;

    return 0;
}


static int
procore_sealed_spend(procore_sealing_t *s)
{
    procore_sealed_t  record;

    record = s->entry.record;
    record.state = PROCORE_SEALED_SPENT;
    record.changed_at = s->op->now;
    record.sealed.data = s->op->sealed;
    record.sealed.len = s->op->sealed_len;

    if (s->op->keep_until != 0) {
        record.keep_until = s->op->keep_until;
    }

    if (s->op->company != 0) {
        record.company = s->op->company;
    }

    return procore_sealed_store(s, &s->entry, &record);
}


/* SPEND of a record in state "one" or "other", and what families say. */

static int
procore_sealed_redeem(procore_sealing_t *s, procore_sealed_state_e one,
    procore_sealed_state_e other)
{
    int                     rc;
    procore_sealed_state_e  state;

    state = s->entry.record.state;

    if (state != one && state != other) {
        s->op->rc = state == PROCORE_SEALED_SPENT ? PROCORE_CONFLICT
                                                  : PROCORE_NOT_FOUND;
        return 0;
    }

    rc = procore_write_family(s->store, s->txn, s->op);
    if (rc != 0 || s->op->rc != PROCORE_OK) {
        return rc;
    }

    return procore_sealed_spend(s);
}


static int
procore_sealed_turn(procore_sealing_t *s, procore_sealed_state_e from,
    procore_sealed_state_e to)
{
    procore_sealed_t  record;

    record = s->entry.record;

    if (record.state != from) {
        s->op->rc = record.state == 0 ? PROCORE_NOT_FOUND : PROCORE_CONFLICT;
        return 0;
    }

    record.state = to;
    record.changed_at = s->op->now;

    if (s->op->keep_until != 0) {
        record.keep_until = s->op->keep_until;
    }

    return procore_sealed_store(s, &s->entry, &record);
}


static int
procore_sealed_end(procore_sealing_t *s)
{
    if (s->entry.record.state == 0) {
        s->op->rc = PROCORE_NOT_FOUND;
        return 0;
    }

    if (s->entry.record.state == PROCORE_SEALED_SPENT
        || (s->op->expected != 0
            && s->entry.record.state != s->op->expected))
    {
        s->op->rc = PROCORE_CONFLICT;
        return 0;
    }

    return procore_sealed_spend(s);
}


static int
procore_sealed_run(procore_sealing_t *s)
{
    switch (s->op->type) {

    case PROCORE_STORE_SEALED_OPEN:
        return procore_sealed_open(s);

    case PROCORE_STORE_SEALED_OFFER:
        return procore_sealed_offer(s);

    case PROCORE_STORE_SEALED_CHOOSE:
        return procore_sealed_choose(s);

    case PROCORE_STORE_SEALED_REDEEM:
        return procore_sealed_redeem(s, PROCORE_SEALED_LIVE,
                                     PROCORE_SEALED_CLAIMED);

    case PROCORE_STORE_SEALED_BIND:
        return procore_sealed_redeem(s, PROCORE_SEALED_OPEN,
                                     PROCORE_SEALED_OPEN);

    case PROCORE_STORE_SEALED_CLAIM:
        return procore_sealed_turn(s, PROCORE_SEALED_LIVE,
                                   PROCORE_SEALED_CLAIMED);

    case PROCORE_STORE_SEALED_RELEASE:
        return procore_sealed_turn(s, PROCORE_SEALED_CLAIMED,
                                   PROCORE_SEALED_LIVE);

    default:
        return procore_sealed_end(s);
    }
}


/* New bytes must fit, and must not be gone at once. */

static int
procore_sealed_given(const procore_store_op_t *op)
{
    if (op->sealed_len > PROCORE_STORE_SEALED_MAX) {
        return PROCORE_TOO_LARGE;
    }

    switch (op->type) {

    case PROCORE_STORE_SEALED_OPEN:
    case PROCORE_STORE_SEALED_OFFER:
    case PROCORE_STORE_SEALED_CHOOSE:
        return op->keep_until > op->now ? PROCORE_OK : PROCORE_MALFORMED;

    default:
        return PROCORE_OK;
    }
}


int
procore_write_sealed(procore_store_t *store, MDB_txn *txn,
    procore_store_op_t *op)
{
    int                rc;
    procore_sealing_t  s;

    if (store->dbi[PROCORE_DB_SEALED] == 0
        || store->dbi[PROCORE_DB_SPENT] == 0
        || store->dbi[PROCORE_DB_LINK] == 0)
    {
        op->rc = PROCORE_ERROR;
        return 0;
    }

    op->rc = procore_sealed_given(op);
    if (op->rc != PROCORE_OK) {
        return 0;
    }

    s.store = store;
    s.txn = txn;
    s.op = op;

    rc = procore_sealed_load(&s, op->key, &s.entry);
    if (rc != 0 || op->rc != PROCORE_OK) {
        return rc;
    }

    op->record = s.entry.record;
    op->record.sealed.data = NULL;
    op->record.sealed.len = 0;

    return procore_sealed_run(&s);
}

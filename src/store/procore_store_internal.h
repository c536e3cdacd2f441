
/*
 * What the files of the store share; nobody else includes it.
 */


#ifndef PROCORE_STORE_INTERNAL_H
#define PROCORE_STORE_INTERNAL_H


#include <pthread.h>

#include <lmdb.h>

#include "procore_record.h"


#define PROCORE_STORE_DATA      "data.mdb"
#define PROCORE_STORE_LOCK      "lock.mdb"
#define PROCORE_STORE_GUARD     "guard.lock"
#define PROCORE_STORE_VERSION   "layout"       /* a key in "meta" */
#define PROCORE_STORE_SECRET    "key"          /* another */
#define PROCORE_STORE_PATH_MAX  1024
#define PROCORE_STORE_FILES     0600
#define PROCORE_STORE_FOLDER    0700

/* One slot a process: more than two generations of workers. */
#define PROCORE_STORE_READERS   1024

/* Databases of layout 1 and room for those of later ones. */
#define PROCORE_STORE_DATABASES 16

/*
 * The library's table of readers is mapped memory: touching it on a full disk
 * kills the process.  So its blocks (64 bytes a reader, and two heads) are
 * taken before.
 */
#define PROCORE_STORE_LOCK_SIZE (PROCORE_STORE_READERS * 64 + 8192)


/*
 * Two locks, because the map can move only while no transaction of the process
 * lives: "reading" is held from begin to end, "writing" for a whole write.
 * Where both are needed, "writing" is taken first.
 */

struct procore_store_s {
    MDB_env          *env;
    MDB_txn          *snapshot;       /* reset between end and begin */
    MDB_dbi           dbi[PROCORE_DB_COUNT];   /* 0: there is none */
    int               guard;          /* shared flock for the whole life */
    size_t            page;           /* bytes */
    size_t            size;           /* of the map as configured, bytes */
    uint64_t          expired;        /* sealed records: last looked for then */
    size_t            counted;        /* the snapshot in which "npaused" was */
    size_t            npaused;        /* clients */
    unsigned          has_key:1;
    unsigned char     key[PROCORE_STORE_KEY];
    pthread_mutex_t   reading;
    pthread_mutex_t   writing;
};


/* Writes a sentence to "error" (PROCORE_STORE_ERROR_TEXT bytes); returns rc. */

__attribute__((format(printf, 3, 4)))
int procore_store_fail(char *error, int rc, const char *fmt, ...);

/*
 * What a code of the library or of the system means: PROCORE_FULL or
 * PROCORE_ERROR, with the sentence "<what>: <code's text>".
 */

int procore_store_failed(char *error, int code, const char *what);

/* Joins folder and file.  Returns PROCORE_OK or PROCORE_ERROR (too long). */

int procore_store_join(char out[PROCORE_STORE_PATH_MAX], const char *path,
    const char *file, char *error);

/*
 * Opens and locks the guard ("how": LOCK_SH or LOCK_EX), waiting up to "wait"
 * milliseconds.  Without "create" it must exist.  Returns PROCORE_OK and *fd;
 * PROCORE_CONFLICT: another process keeps it; PROCORE_ERROR.
 */

int procore_guard_lock(const char *path, int how, unsigned wait, int create,
    int *fd, char *error);

/*
 * Reads both meta pages of the file of the library in folder "path" without
 * mapping it.  Returns PROCORE_OK; PROCORE_CORRUPT: not whole;
 * PROCORE_CONFLICT: written by another version of the library;
 * PROCORE_NOT_FOUND: no file; PROCORE_ERROR.  A sentence in "error" unless OK.
 */

int procore_meta_pages(const char *path, char *error);

/*
 * Opens an environment.  "flags" come on top of those that every use has.
 * Returns the library's code; on failure *env is NULL.
 */

int procore_env_open(MDB_env **env, const char *path, size_t size,
    unsigned flags);

/*
 * Opens the databases and reads the layout; one that came later and is missing
 * becomes 0.  Returns PROCORE_OK; PROCORE_CORRUPT; PROCORE_CONFLICT: unknown
 * layout, or not a store of ours; PROCORE_ERROR.
 */

int procore_env_databases(MDB_env *env, MDB_dbi dbi[PROCORE_DB_COUNT],
    char *error);

/*
 * Makes an empty store of layout 1 in folder "path", which exists.  Returns
 * PROCORE_OK, PROCORE_FULL, PROCORE_ERROR.
 */

int procore_env_create(const char *path, size_t size, char *error);

/*
 * Makes what a store of an older version lacks: databases, and the key.  Called
 * while it is opened.  Returns as procore_store_write(); then the store has no
 * key, or lacks databases, and everything else works.
 */

int procore_store_complete(procore_store_t *store, char *error);

/*
 * The one write transaction: begin takes the lock of the process and sleeps for
 * other processes; end commits where "rc" (a code of the library) is 0, else
 * drops everything.  "adds": the least number of pages that it takes; refused
 * where they, and room for the sweep, are not left.  0: not refused.  Both
 * return as procore_store_write().
 */

int procore_writing_begin(procore_store_t *store, MDB_txn **txn, size_t adds,
    char *error);
int procore_writing_end(procore_store_t *store, MDB_txn *txn, int rc,
    char *error);

/*
 * Makes the map larger than configured by what a small sweep needs.  Called
 * between transactions of the writing thread.  Returns PROCORE_OK,
 * PROCORE_FULL, PROCORE_ERROR.
 */

int procore_writing_grow(procore_store_t *store, char *error);

/*
 * One operation on families inside a transaction.  Returns 0, then op->rc and
 * op->bound are set, or a code of the library, then the transaction is lost.
 */

int procore_write_family(procore_store_t *store, MDB_txn *txn,
    procore_store_op_t *op);
int procore_write_withdraw(procore_store_t *store, MDB_txn *txn,
    procore_store_op_t *op);
int procore_write_unbind(procore_store_t *store, MDB_txn *txn,
    procore_store_op_t *op);

/* One of the operator's: the same. */

int procore_write_admin(procore_store_t *store, MDB_txn *txn,
    procore_store_op_t *op);

/* One on sealed records: the same, and op->record. */

int procore_write_sealed(procore_store_t *store, MDB_txn *txn,
    procore_store_op_t *op);

/* One on chains of the audit: the same, op->rc alone. */

int procore_write_audit(procore_store_t *store, MDB_txn *txn,
    procore_store_op_t *op);

/* Removes chains that ended long ago; *removed grows.  A library's code. */

int procore_audit_expire(procore_store_t *store, MDB_txn *txn, uint64_t now,
    size_t *removed);

/*
 * Removes at most "max" sealed records that have run out or cannot be read;
 * *removed grows by their number.  A code of the library.
 */

int procore_sealed_expire(procore_store_t *store, MDB_txn *txn, uint64_t now,
    size_t max, size_t *removed);

/* The report: one operation (op->rc is set), and the sweep's part. */

int procore_write_report(procore_store_t *store, MDB_txn *txn,
    procore_store_op_t *op);

/*
 * Looks at up to *left rows from cursor->key on, and removes those that were
 * not seen for long; *left and *removed count.  A code of the library;
 * MDB_NOTFOUND: that was the last one.
 */

int procore_report_expire(procore_store_t *store, MDB_txn *txn,
    procore_store_cursor_t *cursor, uint64_t now, size_t *left,
    size_t *removed);

/*
 * Counts the rows whose keys begin with "prefix" by their kind; *totals gets
 * clients, users and namings.  A code of the library.
 */

struct procore_report_totals_s;

int procore_report_recount(procore_store_t *store, MDB_txn *txn,
    const unsigned char *prefix, size_t len,
    struct procore_report_totals_s *totals);

/*
 * Opens what may be damaged, for reading, in a child: where the library finds
 * that its own assumptions do not hold, the child exits.  The library's code.
 */

int procore_damaged_open(MDB_env **env, const char *path);

/*
 * Walks all entries of the store in "path", read-only: it can crash where the
 * file is damaged, so a child does it.  Returns PROCORE_OK;
 * PROCORE_NOT_FOUND: whole, and nothing was ever written; PROCORE_CORRUPT;
 * PROCORE_CONFLICT: unknown layout, or not a store of ours; PROCORE_ERROR.
 */

int procore_store_walk(const char *path, char *error);

/*
 * Copies the entries of the store "from" that can be verified into a new one
 * in folder "to", which exists and is empty.  Forks readers that may crash.
 * Returns PROCORE_OK (*kept, *lost set), PROCORE_FULL, PROCORE_ERROR.
 */

int procore_store_recover(const char *from, const char *to, size_t size,
    uint64_t *kept, uint64_t *lost, char *error);

/* Makes the names in a folder durable.  Returns PROCORE_OK or PROCORE_ERROR. */

int procore_folder_sync(const char *path, char *error);

/*
 * Says whether a type of filesystem (statfs, f_type) is shared by machines,
 * so that neither locks nor mapped memory hold there.
 */

int procore_fs_shared(unsigned long type);


#endif /* PROCORE_STORE_INTERNAL_H */


/*
 * Is the file whole?  First without mapping it, then entry by entry.
 */


#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "procore_store_internal.h"


/*
 * The head of the library's file, version 1: two pages, each with the header of
 * a page and a "meta", in the machine's own order and word size:
 *     page   address W, 2 bytes, flags 2, 4 bytes
 *     meta   magic 4, version 4, address W, map's size W, two trees, last
 *            page W, transaction W
 *     leaf   a page whose 4 bytes are the end of its list of offsets (2 each,
 *            after the header) and the start of its entries
 *     large  a run of pages for one value, which follows the first one's
 *            header; its 4 bytes are their number
 *     tree   page's size 4 (in the first), flags 2, depth 2, three counts of
 *            pages W, entries W, root W
 */

#define PROCORE_META_WORD     sizeof(size_t)
#define PROCORE_META_FLAGS    (PROCORE_META_WORD + 2)
#define PROCORE_META_START    (PROCORE_META_WORD + 8)
#define PROCORE_META_VERSION  (PROCORE_META_START + 4)
#define PROCORE_META_TREE     (8 + 5 * PROCORE_META_WORD)
#define PROCORE_META_FREE     (PROCORE_META_START + 8 + 2 * PROCORE_META_WORD)
#define PROCORE_META_MAIN     (PROCORE_META_FREE + PROCORE_META_TREE)
#define PROCORE_META_LAST     (PROCORE_META_MAIN + PROCORE_META_TREE)
#define PROCORE_META_TXN      (PROCORE_META_LAST + PROCORE_META_WORD)
#define PROCORE_META_SIZE     (PROCORE_META_TXN + PROCORE_META_WORD)

#define PROCORE_META_MAGIC    0xbeefc0deu
#define PROCORE_META_KNOWN    1
#define PROCORE_META_PAGE     0x08          /* among a page's flags */
#define PROCORE_LEAF_PAGE     0x02          /* all of a leaf's flags */
#define PROCORE_LARGE_PAGE    0x04          /* all of a large value's */
#define PROCORE_PAGE_MIN      512
#define PROCORE_PAGE_MAX      65536


typedef struct {
    uint32_t  version;
    uint32_t  page;
    size_t    roots[2];
    size_t    last;
    size_t    txn;
} procore_meta_page_t;


/* PROCORE_OK, PROCORE_CORRUPT, or PROCORE_CONFLICT: another version. */

static int
procore_meta_page(int fd, off_t offset, procore_meta_page_t *meta)
{
    uint16_t       flags;
    uint32_t       magic;
    unsigned char  head[PROCORE_META_SIZE];

    if (pread(fd, head, sizeof(head), offset) != (ssize_t) sizeof(head)) {
        return PROCORE_CORRUPT;
    }

    memcpy(&flags, head + PROCORE_META_FLAGS, sizeof(flags));
    memcpy(&magic, head + PROCORE_META_START, sizeof(magic));
    memcpy(&meta->version, head + PROCORE_META_VERSION, sizeof(uint32_t));
    memcpy(&meta->page, head + PROCORE_META_FREE, sizeof(uint32_t));
    memcpy(&meta->roots[0], head + PROCORE_META_MAIN - PROCORE_META_WORD,
           PROCORE_META_WORD);
    memcpy(&meta->roots[1], head + PROCORE_META_LAST - PROCORE_META_WORD,
           PROCORE_META_WORD);
    memcpy(&meta->last, head + PROCORE_META_LAST, PROCORE_META_WORD);
    memcpy(&meta->txn, head + PROCORE_META_TXN, PROCORE_META_WORD);

    if (magic != PROCORE_META_MAGIC || !(flags & PROCORE_META_PAGE)) {
        return PROCORE_CORRUPT;
    }

    if (meta->version != PROCORE_META_KNOWN) {
        return PROCORE_CONFLICT;
    }

    if (meta->page < PROCORE_PAGE_MIN || meta->page > PROCORE_PAGE_MAX
        || (meta->page & (meta->page - 1)) != 0)
    {
        return PROCORE_CORRUPT;
    }

    return PROCORE_OK;
}


/*
 * The last page may lie behind the end of the file: one that a transaction took
 * and gave back was never written.  The roots may not.
 */

static int
procore_meta_fits(const procore_meta_page_t *meta, off_t size)
{
    size_t    root, pages;
    unsigned  i;

    pages = (size_t) size / meta->page;

    for (i = 0; i < 2; i++) {
        root = meta->roots[i];

        /* all ones: an empty tree */

        if (root != SIZE_MAX && (root >= pages || root > meta->last)) {
            return 0;
        }
    }

    return pages >= 2 && meta->last >= 1;
}


static int
procore_meta_both(int fd, char *error)
{
    int                   first, second;
    struct stat           st;
    procore_meta_page_t   metas[2];
    procore_meta_page_t  *newest;

    first = procore_meta_page(fd, 0, &metas[0]);
    second = first == PROCORE_OK
             ? procore_meta_page(fd, metas[0].page, &metas[1]) : first;

    if (first == PROCORE_CONFLICT) {
        return procore_store_fail(error, PROCORE_CONFLICT,
                                  PROCORE_STORE_DATA " was written by another "
                                  "version of the library; it is left as it "
                                  "is");
    }

    if (second != PROCORE_OK || metas[0].page != metas[1].page) {
        return procore_store_fail(error, PROCORE_CORRUPT,
                                  "the head of " PROCORE_STORE_DATA
                                  " is damaged");
    }

    /* the size last: a process that writes makes the file longer first */

    newest = metas[1].txn > metas[0].txn ? &metas[1] : &metas[0];

    if (fstat(fd, &st) == -1 || !procore_meta_fits(newest, st.st_size)) {
        return procore_store_fail(error, PROCORE_CORRUPT,
                                  PROCORE_STORE_DATA " is cut short");
    }

    return PROCORE_OK;
}


int
procore_meta_pages(const char *path, char *error)
{
    int          fd, rc;
    char         file[PROCORE_STORE_PATH_MAX];
    struct stat  st;

    rc = procore_store_join(file, path, PROCORE_STORE_DATA, error);
    if (rc != PROCORE_OK) {
        return rc;
    }

    fd = open(file, O_RDONLY|O_NOFOLLOW|O_NONBLOCK|O_CLOEXEC);

    if (fd == -1) {
        if (errno == ENOENT) {
            return procore_store_fail(error, PROCORE_NOT_FOUND,
                                      "the folder holds no store");
        }

        return procore_store_failed(error, errno,
                                    "cannot open " PROCORE_STORE_DATA);
    }

    if (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode)) {
        rc = procore_store_fail(error, PROCORE_ERROR,
                                PROCORE_STORE_DATA " is not a file");
    } else {
        rc = procore_meta_both(fd, error);
    }

    (void) close(fd);

    return rc;
}


/* Freed pages: a length and as many page numbers, all below the end. */

static int
procore_walk_freed(MDB_txn *txn, size_t last)
{
    int          rc;
    size_t       i, count, page;
    MDB_val      key, value;
    MDB_cursor  *cursor;

    rc = mdb_cursor_open(txn, 0, &cursor);
    if (rc != 0) {
        return PROCORE_CORRUPT;
    }

    while ((rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0) {

        if (value.mv_size < sizeof(count)) {
            break;
        }

        memcpy(&count, value.mv_data, sizeof(count));

        if (count > value.mv_size / sizeof(count) - 1) {
            break;
        }

        for (i = 1; i <= count; i++) {
            memcpy(&page, (char *) value.mv_data + i * sizeof(page),
                   sizeof(page));

            if (page < 2 || page > last) {
                break;
            }
        }

        if (i <= count) {
            break;
        }
    }

    mdb_cursor_close(cursor);

    return rc == MDB_NOTFOUND ? PROCORE_OK : PROCORE_CORRUPT;
}


static int
procore_walk_follows(const MDB_val *last, const MDB_val *key)
{
    int     order;
    size_t  len;

    len = last->mv_size < key->mv_size ? last->mv_size : key->mv_size;
    order = memcmp(last->mv_data, key->mv_data, len);

    return order < 0 || (order == 0 && last->mv_size < key->mv_size);
}


/*
 * The next write would go by these numbers, and reading does not: the page of
 * an entry has as many offsets as it says, and no entry below its start.
 */

static int
procore_walk_leaf(const unsigned char *page, size_t size)
{
    size_t    i, n;
    uint16_t  flags, lower, upper, offset, least;

    memcpy(&flags, page + PROCORE_META_FLAGS, sizeof(flags));
    memcpy(&lower, page + PROCORE_META_FLAGS + 2, sizeof(lower));
    memcpy(&upper, page + PROCORE_META_FLAGS + 4, sizeof(upper));

    if (flags != PROCORE_LEAF_PAGE || lower < PROCORE_META_START
        || lower > upper || upper > size)
    {
        return 0;
    }

    n = (lower - PROCORE_META_START) / sizeof(offset);
    least = UINT16_MAX;

    for (i = 0; i < n; i++) {
        memcpy(&offset, page + PROCORE_META_START + i * sizeof(offset),
               sizeof(offset));

        if (offset < least) {
            least = offset;
        }
    }

    return least == upper;
}


/*
 * So has the run of a large value: it is freed by the address and the number of
 * pages that stand in it.  "leaf" is the page of its entry.
 */

static int
procore_walk_large(const unsigned char *leaf, const MDB_val *value,
    size_t size)
{
    size_t                number, own;
    uint16_t              flags;
    uint32_t              pages;
    const unsigned char  *page;

    page = value->mv_data;

    if (page >= leaf && page < leaf + size) {
        return 1;
    }

    page -= PROCORE_META_START;

    if (((uintptr_t) page & (size - 1)) != 0) {
        return 0;
    }

    memcpy(&number, leaf, sizeof(number));
    memcpy(&own, page, sizeof(own));
    memcpy(&flags, page + PROCORE_META_FLAGS, sizeof(flags));
    memcpy(&pages, page + PROCORE_META_FLAGS + 2, sizeof(pages));

    return flags == PROCORE_LARGE_PAGE
           && pages == (PROCORE_META_START - 1 + value->mv_size) / size + 1
           && (own - number) * size == (uintptr_t) page - (uintptr_t) leaf;
}


/*
 * Every entry holds, in ascending order (so that a damaged tree cannot lead in
 * circles), and as many as the tree says.
 */

static int
procore_walk_database(MDB_txn *txn, MDB_dbi dbi, procore_db_e db)
{
    int             rc;
    size_t          entries;
    MDB_val         key, value, last;
    MDB_stat        stat;
    MDB_cursor     *cursor;
    unsigned char  *page, *start;

    if (mdb_stat(txn, dbi, &stat) != 0
        || mdb_cursor_open(txn, dbi, &cursor) != 0)
    {
        return PROCORE_CORRUPT;
    }

    entries = 0;
    page = NULL;
    last.mv_size = 0;
    last.mv_data = NULL;

    while ((rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0) {

        /* pages are aligned in memory as in the file */

        start = (unsigned char *) key.mv_data
                - ((uintptr_t) key.mv_data & (stat.ms_psize - 1));

        if (start != page && !procore_walk_leaf(start, stat.ms_psize)) {
            break;
        }

        page = start;

        if ((entries > 0 && !procore_walk_follows(&last, &key))
            || procore_record_verify(db, key.mv_data, key.mv_size,
                                     value.mv_data, value.mv_size)
               != PROCORE_OK
            || !procore_walk_large(start, &value, stat.ms_psize))
        {
            break;
        }

        last = key;
        entries++;
    }

    mdb_cursor_close(cursor);

    return rc == MDB_NOTFOUND && entries == stat.ms_entries ? PROCORE_OK
                                                           : PROCORE_CORRUPT;
}


static int
procore_walk_all(MDB_env *env, char *error)
{
    int          rc;
    MDB_dbi      dbi[PROCORE_DB_COUNT];
    MDB_txn     *txn;
    unsigned     i;
    MDB_envinfo  info;

    rc = procore_env_databases(env, dbi, error);
    if (rc != PROCORE_OK) {
        return rc;
    }

    (void) mdb_env_info(env, &info);

    rc = mdb_txn_begin(env, NULL, MDB_RDONLY, &txn);
    if (rc != 0) {
        return procore_store_failed(error, rc, "cannot read the store");
    }

    rc = procore_walk_freed(txn, info.me_last_pgno);

    if (rc != PROCORE_OK) {
        rc = procore_store_fail(error, rc,
                                "the store's list of free pages is damaged");
    }

    for (i = 0; i < PROCORE_DB_COUNT && rc == PROCORE_OK; i++) {

        if (dbi[i] == 0) {
            continue;
        }

        rc = procore_walk_database(txn, dbi[i], (procore_db_e) i);

        if (rc != PROCORE_OK) {
            rc = procore_store_fail(error, rc,
                                    "the store's database \"%s\" is damaged",
                                    procore_db_name((procore_db_e) i));
        }
    }

    mdb_txn_abort(txn);

    return rc;
}


/* The library's own checks end the child as a crash does, and say nothing. */

static void
procore_damaged_assert(MDB_env *env, const char *message)
{
    (void) env;
    (void) message;

    _exit(1);
}


int
procore_damaged_open(MDB_env **env, const char *path)
{
    int  rc;

    rc = procore_env_open(env, path, 0, MDB_RDONLY|MDB_NOLOCK);

    if (rc == 0) {
        (void) mdb_env_set_assert(*env, procore_damaged_assert);
    }

    return rc;
}


int
procore_store_walk(const char *path, char *error)
{
    int       rc;
    MDB_env  *env;
    MDB_stat  stat;

    rc = procore_damaged_open(&env, path);

    switch (rc) {

    case 0:
        break;

    case MDB_INVALID:
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
        return procore_store_fail(error, PROCORE_CORRUPT,
                                  "the store is damaged");

    default:
        return procore_store_failed(error, rc, "cannot open the store");
    }

    if (mdb_env_stat(env, &stat) == 0 && stat.ms_entries == 0) {
        rc = procore_store_fail(error, PROCORE_NOT_FOUND,
                                "the store is empty");
    } else {
        rc = procore_walk_all(env, error);
    }

    mdb_env_close(env);

    return rc;
}

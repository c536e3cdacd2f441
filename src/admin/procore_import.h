
/*
 * A whole import: lines are read as they come, kept as digests, checked
 * together and against the store, and only then made operations of it.
 */


#ifndef PROCORE_IMPORT_H
#define PROCORE_IMPORT_H


#include "procore_import_line.h"


#define PROCORE_IMPORT_WHY  128


typedef struct procore_import_record_s  procore_import_record_t;


/* What the user of an import may read. */

typedef struct {
    unsigned char             realm[PROCORE_REALM_SIZE];
    procore_import_record_t  *records;
    size_t                    n;              /* records */
    size_t                    max;
    size_t                    room;
    size_t                    tokens;
    size_t                    projects;
    size_t                    clients;        /* paused ones */
    size_t                    number;         /* of the line at hand, from 1 */

    size_t                    line;           /* of the failure, 0: none */
    char                      why[PROCORE_IMPORT_WHY];   /* a sentence */

    size_t                    len;
    unsigned char             text[PROCORE_IMPORT_LINE_MAX];
} procore_import_t;


/*
 * An empty import of at most "max" records into a realm; NULL: no memory.
 * Freed, with all tokens wiped, by procore_import_free() (NULL: nothing).
 */

procore_import_t *procore_import_new(
    const unsigned char realm[PROCORE_REALM_SIZE], size_t max);
void procore_import_free(procore_import_t *import);

/*
 * Reads the next bytes, split anywhere.  ..._finish() reads a last line that
 * has no line feed, and sees that no token and no project stands for two
 * companies.  Return PROCORE_OK; PROCORE_MALFORMED; PROCORE_CONFLICT;
 * PROCORE_TOO_LARGE: more than "max" records; PROCORE_ERROR: no memory, no
 * SHA-256.  Unless OK, "line" and "why" say where and why; then the import is
 * over.
 */

int procore_import_feed(procore_import_t *import, const unsigned char *data,
    size_t len);
int procore_import_finish(procore_import_t *import);

/*
 * Would the store take the records from "from" on, at most "n" of them?  Inside
 * of a snapshot; "now" is in seconds since the epoch.  PROCORE_OK;
 * PROCORE_CONFLICT, PROCORE_CORRUPT, PROCORE_ERROR with "line" and "why".
 */

int procore_import_check(procore_import_t *import, procore_store_t *store,
    size_t from, size_t n, uint64_t now);

/*
 * The operation of record "i"; it points into the import.  When it was written:
 * PROCORE_OK, or as above, because the store was changed meanwhile.
 */

void procore_import_operation(const procore_import_t *import, size_t i,
    uint64_t now, procore_store_op_t *op);
int procore_import_written(procore_import_t *import, size_t i,
    const procore_store_op_t *op);


#endif /* PROCORE_IMPORT_H */

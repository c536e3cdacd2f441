
/*
 * Verifying audit logs: fed line by line, in any order of files, it finds what
 * was changed, added, removed or moved.
 *
 * Each seal is checked by itself.  What is kept are runs: records of a chain
 * that stand in a row and follow each other.  An untouched file has one run a
 * chain, so memory grows with the damage and not with the log.
 */


#ifndef PROCORE_VERIFY_H
#define PROCORE_VERIFY_H


#include "procore_chain.h"


#define PROCORE_VERIFY_FILES   4096
#define PROCORE_VERIFY_CHAINS  65536
#define PROCORE_VERIFY_RUNS    1048576

/*
 * At a rotation, workers change files one after another within this many
 * seconds.  So what the oldest file has of its first moments may be in one that
 * is older still, and nothing follows from its absence.
 */

#define PROCORE_VERIFY_SLACK   60


typedef enum {
    PROCORE_FOUND_EDITED = 0,  /* seal wrong: changed, or made up */
    PROCORE_FOUND_UNSEALED,    /* a line without a seal */
    PROCORE_FOUND_MISSING,     /* records within a chain, or at its start */
    PROCORE_FOUND_CUT,         /* records at the end of a chain */
    PROCORE_FOUND_ABSENT,      /* a whole chain */
    PROCORE_FOUND_TWICE,
    PROCORE_FOUND_MOVED,       /* not where the order of the chain has it */
    PROCORE_FOUND_LINK,        /* sealed, but not after the record before it */

    /* from here on nothing that proves an attack */

    PROCORE_FOUND_UNWRITTEN,   /* missing, and said at the time to be lost */
    PROCORE_FOUND_BROKEN,      /* a record that was written in part */
    PROCORE_FOUND_KEY          /* sealed with a key that was not given */
} procore_found_e;

#define PROCORE_FOUND_COUNT  11


typedef struct {
    unsigned  file;            /* as given to procore_verify_line() */
    uint64_t  line;            /* from 1; 0: no place */
    uint64_t  sequence;
    uint64_t  at;              /* seconds since the epoch */
    char      decision[PROCORE_CHAIN_DECISION + 1];
} procore_place_t;


typedef struct {
    procore_found_e   type;
    unsigned          has_chain:1;
    unsigned char     chain[PROCORE_CHAIN_ID];
    unsigned char     key[PROCORE_CHAIN_KEY_ID];    /* of FOUND_KEY */
    uint64_t          first;   /* sequences, where they are known; else 0 */
    uint64_t          last;
    procore_place_t   before;  /* the record before; of a line, the line */
    procore_place_t   after;   /* the record after it */
    unsigned          by_store:1;  /* CUT, ABSENT: the store knows of it */
} procore_finding_t;

typedef void (*procore_found_pt)(void *data, const procore_finding_t *found);


/* What was there. */

typedef struct {
    uint64_t  lines;
    uint64_t  intact;          /* records whose seal holds */
    uint64_t  chains;
    uint64_t  begun_before;    /* chains that began before these files */
    uint64_t  older;           /* chains that may have ended before them */
    uint64_t  first;           /* time of the oldest and of the newest record */
    uint64_t  last;
    uint64_t  found[PROCORE_FOUND_COUNT];
} procore_verify_sum_t;


typedef struct procore_verify_s  procore_verify_t;


/*
 * "keys" (at least one) are the caller's and stay until the end.  "groups" (the
 * caller's, too): for each file the number of its log, below
 * PROCORE_VERIFY_FILES; a worker has one chain for all logs, and goes from one
 * to the other and back, but not among the files that a log has become.  NULL:
 * one log.  "whole": the files are all that there ever were, so every chain
 * must begin with its first record.  "prefix": a line may have anything before
 * its record, as syslog writes it; nothing seals that.  "found" is called for
 * each finding, during procore_verify_line() or _end().  NULL: no memory.
 */

typedef struct {
    const procore_chain_key_t  *keys;
    size_t                      nkeys;
    const unsigned             *groups;
    unsigned                    whole:1;
    unsigned                    prefix:1;
    procore_found_pt            found;
    void                       *data;
} procore_verify_conf_t;

procore_verify_t *procore_verify_new(const procore_verify_conf_t *conf);
void procore_verify_free(procore_verify_t *verify);

/*
 * A line of file number "file" (below PROCORE_VERIFY_FILES), without its end.
 * "ended": it had one.  Lines of a file come in their order, one file after
 * another.  PROCORE_OK, PROCORE_ERROR (no memory, library), PROCORE_TOO_LARGE
 * (more chains or runs than it keeps).
 */

int procore_verify_line(procore_verify_t *verify, unsigned file, uint64_t line,
    const unsigned char *data, size_t len, unsigned ended);

/*
 * How far a chain has come, as the store knows it; read before the files are.
 * Same codes.
 */

int procore_verify_point(procore_verify_t *verify,
    const procore_chain_point_t *point);

/* After the last line: finds what only the whole tells.  Same codes. */

int procore_verify_end(procore_verify_t *verify, procore_verify_sum_t *sum);


#endif /* PROCORE_VERIFY_H */

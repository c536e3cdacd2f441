
/*
 * What came of many requests: counts, by what changes and for whom.
 */


#ifndef PROCORE_REPLAY_COUNT_H
#define PROCORE_REPLAY_COUNT_H


#include "procore_replay.h"


/* Changes that are told apart; all others are one, of every kind. */
#define PROCORE_COUNT_ROWS      4096
#define PROCORE_COUNT_SLOTS     (2 * PROCORE_COUNT_ROWS)

/* Of each, and bytes of an id in them. */
#define PROCORE_COUNT_EXAMPLES  3
#define PROCORE_COUNT_ID        64

/* Unreadable lines that are told one by one. */
#define PROCORE_COUNT_LINES     10


typedef struct {
    const char     *file;
    uint64_t        line;
    size_t          id_len;
    unsigned char   id[PROCORE_COUNT_ID];
} procore_example_t;


typedef struct {
    uint64_t           count;
    size_t             nexamples;
    procore_example_t  examples[PROCORE_COUNT_EXAMPLES];
} procore_count_t;


/* One kind of change. */

typedef struct {
    procore_count_t      count;
    procore_decision_e   was;
    procore_decision_e   decision;
    procore_reason_e     was_reason;
    procore_reason_e     reason;
    unsigned             sure:1;
    unsigned             other:1;      /* all that had no row of its own */
    uint64_t             company;
    size_t               client_len;
    unsigned char        client[PROCORE_STORE_CLIENT_MAX];
} procore_change_t;


typedef struct {
    const char  *file;
    uint64_t     line;
    const char  *why;
} procore_unreadable_t;


typedef struct {
    uint64_t              requests;    /* decided and undecidable */
    uint64_t              unchanged;
    uint64_t              changed;
    uint64_t              undecidable;
    uint64_t              skipped;
    uint64_t              unreadable;
    procore_count_t       whys[PROCORE_WHY_MAX];
    procore_unreadable_t  lines[PROCORE_COUNT_LINES];
    procore_change_t     *changes;
    size_t                nchanges;
    uint16_t              slots[PROCORE_COUNT_SLOTS];   /* index + 1 */
} procore_counts_t;


/*
 * Begins all zero.  Adds what came of a request of "file", or a line of it that
 * is none; texts of *past and *out are copied, "file" and "why" are kept.
 * PROCORE_OK, or PROCORE_ERROR: no memory.
 */

int procore_counts_add(procore_counts_t *counts, const char *file,
    const procore_past_t *past, const procore_outcome_t *out);
void procore_counts_unreadable(procore_counts_t *counts, const char *file,
    uint64_t line, const char *why);

/* The most frequent change first. */

void procore_counts_sort(procore_counts_t *counts);
void procore_counts_free(procore_counts_t *counts);


/* The command line, for the summary. */

typedef struct {
    const char  *store;
    const char  *conf;
    const char  *was;         /* NULL: the defaults */
    uint64_t     company;     /* supposed, 0: none */
    int          json;
} procore_summary_t;

void procore_replay_summary(const procore_counts_t *counts,
    const procore_summary_t *summary);

/* One request, as text or as a line of JSON. */

void procore_replay_print(const char *file, const procore_past_t *past,
    const procore_outcome_t *out, int json);


#endif /* PROCORE_REPLAY_COUNT_H */

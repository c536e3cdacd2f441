
/*
 * What the two files of procore_verify.h share; nobody else includes it.
 */


#ifndef PROCORE_VERIFY_INTERNAL_H
#define PROCORE_VERIFY_INTERNAL_H


#include "procore_verify.h"


#define PROCORE_VERIFY_BUCKETS  4096


/* Records of a chain in a row; a "bad" one stands for itself. */

typedef struct {
    unsigned         bad:1;
    procore_place_t  first;
    procore_place_t  last;
    uint64_t         after;         /* time of the record before the first */
    uint64_t         lost_before;   /* as the first one says */
    uint64_t         lost;          /* as the last one says */
    unsigned char    previous[PROCORE_CHAIN_MAC];
    unsigned char    mac[PROCORE_CHAIN_MAC];
} procore_verify_run_t;


typedef struct procore_verify_chain_s  procore_verify_chain_t;

struct procore_verify_chain_s {
    procore_verify_chain_t  *next;
    unsigned char            id[PROCORE_CHAIN_ID];
    unsigned char            key_id[PROCORE_CHAIN_KEY_ID];
    procore_chain_t         *keys;       /* NULL: not needed yet */
    procore_verify_run_t    *runs;
    size_t                   nruns;
    size_t                   room;
    unsigned                 good:1;     /* a seal of it holds */
    unsigned                 unknown:1;  /* its key was not given */
    unsigned                 by_store:1;
    procore_chain_point_t    seen;       /* how far others know it came */
    procore_place_t          seen_by;
};


/*
 * Where the walk along a chain is.  Each mark counts for the chain whose number
 * it has.
 */

typedef struct {
    uint64_t                 entered;
    uint64_t                 left;
    uint64_t                 line;       /* the last one, once entered */
    uint64_t                 grouped;    /* of a group: "file" is set */
    unsigned                 file;
} procore_verify_file_t;


struct procore_verify_s {
    procore_verify_conf_t    conf;
    procore_verify_sum_t     sum;
    size_t                   nchains;
    size_t                   nruns;
    procore_verify_file_t    files[PROCORE_VERIFY_FILES];
    procore_verify_chain_t  *buckets[PROCORE_VERIFY_BUCKETS];
};


/* Counts a finding and tells it. */

void procore_verify_found(procore_verify_t *verify, procore_finding_t *found);

/* The chain "id", made where it is new.  Codes of procore_verify_line(). */

int procore_verify_chain(procore_verify_t *verify,
    const unsigned char id[PROCORE_CHAIN_ID], procore_verify_chain_t **out);


#endif /* PROCORE_VERIFY_INTERNAL_H */

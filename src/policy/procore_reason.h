
/*
 * The closed list of reasons of a decision.
 */


#ifndef PROCORE_REASON_H
#define PROCORE_REASON_H


#include "procore_types.h"


typedef enum {
#define PROCORE_REASON(symbol, name, status, sentence)                        \
    PROCORE_REASON_##symbol,
#include "procore_reason.def"
#undef PROCORE_REASON
    PROCORE_REASON_MAX
} procore_reason_e;


typedef struct {
    procore_str_t   name;
    unsigned        status;      /* HTTP status of a refusal, 0: none */
    const char     *sentence;    /* see procore_reason.def */
} procore_reason_t;


/* One entry a reason, by procore_reason_e; constant. */

extern const procore_reason_t  procore_reasons[PROCORE_REASON_MAX];


/*
 * Finds a reason by its name.  Returns PROCORE_OK with *reason set, or
 * PROCORE_NOT_FOUND.
 */

int procore_reason_find(const unsigned char *name, size_t len,
    procore_reason_e *reason);


/*
 * Where a reason was found: the order in which refusals win.  The lower rank
 * wins; of equal ones the first.  Within one carrier what is malformed comes
 * before what is foreign.
 */

typedef enum {
    PROCORE_RANK_TOKEN = 0,
    PROCORE_RANK_PATH_LIST,
    PROCORE_RANK_HEADER_MALFORMED,
    PROCORE_RANK_HEADER,
    PROCORE_RANK_PATH_MALFORMED,
    PROCORE_RANK_PATH,
    PROCORE_RANK_QUERY_MALFORMED,
    PROCORE_RANK_QUERY,
    PROCORE_RANK_BODY_MALFORMED,
    PROCORE_RANK_BODY,

    /* What comes from here on is not certain before the lookups are done. */

    PROCORE_RANK_UNCERTAIN,
    PROCORE_RANK_UNKNOWN_PROJECT = PROCORE_RANK_UNCERTAIN,
    PROCORE_RANK_LOOKUP_FAILED,
    PROCORE_RANK_STORE_FAILED,
    PROCORE_RANK_NONE
} procore_rank_e;


#endif /* PROCORE_REASON_H */

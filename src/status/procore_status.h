
/*
 * The status of a gateway: the facts, and what is told of them as a page, as
 * JSON and as metrics.  All texts are the caller's and outlive the rendering.
 */


#ifndef PROCORE_STATUS_H
#define PROCORE_STATUS_H


#include "../judge/procore_judge.h"
#include "../relay/procore_out.h"


/* What keeps the store from new tokens; the worst comes last. */

typedef enum {
    PROCORE_STATUS_READY = 0,
    PROCORE_STATUS_BEHIND,         /* operations wait too long for the disk */
    PROCORE_STATUS_FAILING,        /* the last commit has just failed */
    PROCORE_STATUS_FULL,           /* for want of room */
    PROCORE_STATUS_CLOSED,         /* it could not be opened */
    PROCORE_STATUS_STORE_MAX
} procore_status_store_e;


/* A plain counter; of one in parts, also the label of the part. */

typedef struct {
    procore_str_t            name;
    procore_str_t            help;
    procore_str_t            label;        /* len 0: none */
    procore_str_t            value;
    uint64_t                 n;
} procore_status_counter_t;


/* Something that is counted by a name that is no constant. */

typedef struct {
    procore_str_t            key;          /* digits, a client id, a name */
    procore_str_t            realm;        /* len 0: none */
    uint64_t                 counts[PROCORE_DECISION_MAX];
} procore_status_row_t;

typedef struct {
    procore_status_row_t    *rows;         /* in the order of arrival */
    size_t                   n;
    uint64_t                 none[PROCORE_DECISION_MAX];
    uint64_t                 other[PROCORE_DECISION_MAX];
} procore_status_rows_t;


typedef struct {
    const procore_exception_t  *exception;
    procore_str_t            file;         /* where it is configured */
    uint64_t                 line;
    uint64_t                 used;         /* requests */
} procore_status_exception_t;


typedef struct {
    procore_mode_e           mode;
    procore_str_t            file;
    uint64_t                 line;
} procore_status_place_t;


typedef struct {
    procore_str_t            name;
    uint64_t                 n;
} procore_status_part_t;


typedef struct {
    uint64_t                 now;          /* seconds since the epoch */
    uint64_t                 since;        /* counted since then, 0: nothing */
    const char              *version;
    uint64_t                 layout;       /* of the store */

    procore_status_place_t  *places;       /* where a mode is configured */
    size_t                   nplaces;
    unsigned                 client_modes:1;   /* apps have their own */

    uint64_t                 workers;
    uint64_t                 held;         /* requests that wait for a lookup */
    uint64_t                 backoff;      /* seconds, 0: none */

    /* the store; "opened": this worker could read it */

    procore_status_store_e   store;
    procore_str_t            path;
    unsigned                 opened:1;
    uint64_t                 bytes;        /* of its file that were ever used */
    uint64_t                 limit;        /* bytes */
    uint64_t                 queued;       /* operations */
    procore_status_part_t   *entries;
    size_t                   nentries;

    uint64_t                *commits;      /* nbounds + 1: not cumulative */
    const uint64_t          *bounds;       /* microseconds, ascending */
    size_t                   nbounds;
    uint64_t                 commit_usec;  /* sum */

    uint64_t                 requests[PROCORE_DECISION_MAX]
                                     [PROCORE_REASON_MAX];
    uint64_t                 subrequests[PROCORE_DECISION_MAX];
    procore_status_counter_t  *counters;
    size_t                   ncounters;
    procore_status_part_t   *bindings;     /* by way */
    size_t                   nbindings;

    procore_status_rows_t    companies;
    procore_status_rows_t    clients;
    procore_status_rows_t    names;        /* unlisted; counts[...] */

    procore_status_exception_t  *exceptions;
    size_t                   nexceptions;
} procore_status_t;


/*
 * Each renders all of it; "out" may be without memory to learn the length.
 *   json        RFC 8259, one object
 *   prometheus  text exposition format 0.0.4
 *   html        a page without script; its style is procore_status_style
 */

void procore_status_json(procore_out_t *out, const procore_status_t *status);
void procore_status_prometheus(procore_out_t *out,
    const procore_status_t *status);
void procore_status_html(procore_out_t *out, const procore_status_t *status);

/* "ready", or one sentence that says what is wrong and what to do; constant. */

const char *procore_status_sentence(procore_status_store_e store);

/*
 * The source expression of the page's style sheet for a Content-Security-
 * Policy; tests compare it with the sheet.
 */

extern const char  procore_status_style[];
extern const char  procore_status_style_source[];


/* Sums that several of the renderings tell. */

uint64_t procore_status_decided(const procore_status_t *status,
    procore_decision_e decision);
uint64_t procore_status_reason(const procore_status_t *status,
    procore_reason_e reason);
uint64_t procore_status_counter(const procore_status_t *status,
    const char *name);

/* How many exceptions have run out at status->now. */

size_t procore_status_expired(const procore_status_t *status);

/*
 * Is it a pair that the gate can come to?  Those are told also while they are
 * 0.  1 or 0.
 */

int procore_status_possible(procore_decision_e decision,
    procore_reason_e reason);


#endif /* PROCORE_STATUS_H */

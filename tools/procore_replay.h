
/*
 * Requests of the past, and what a candidate configuration would decide about
 * them: what the readers of logs, the decision and the command share.
 */


#ifndef PROCORE_REPLAY_H
#define PROCORE_REPLAY_H


#include "../src/judge/procore_judge.h"
#include "../src/judge/procore_settings.h"
#include "../src/store/procore_store.h"


/* Lines of one header that are kept; with more, the header is not known. */
#define PROCORE_PAST_LINES     8

/* Claims and names of an audit record, and bytes of a digest in it. */
#define PROCORE_PAST_CLAIMS    PROCORE_JUDGE_CLAIMS
#define PROCORE_PAST_NAMES     PROCORE_JUDGE_UNLISTED
#define PROCORE_PAST_DIGEST    8

/* Longest text of one member or body: the largest body that is of use. */
#define PROCORE_PAST_TEXT      ((size_t) 16 << 20)

/* All that one request may take: a body, and room for its claims. */
#define PROCORE_POOL_MAX       ((size_t) 64 << 20)


/* Memory of one request: blocks that are kept for the next one. */

typedef struct procore_pool_block_s  procore_pool_block_t;

typedef struct {
    procore_pool_block_t  *first;
    procore_pool_block_t  *current;
    size_t                 total;      /* bytes of all blocks */
} procore_pool_t;


/*
 * procore_pool_alloc(): "size" bytes for any type, until the reset; NULL: no
 * memory, or above PROCORE_POOL_MAX.  The pool begins all zero.
 */

void *procore_pool_alloc(procore_pool_t *pool, size_t size);
void procore_pool_reset(procore_pool_t *pool);
void procore_pool_free(procore_pool_t *pool);

/* Copies a text into the pool.  PROCORE_OK or PROCORE_ERROR. */

int procore_pool_copy(procore_pool_t *pool, procore_str_t *to,
    const unsigned char *data, size_t len);


/* What an input tells of one part of a request. */

typedef enum {
    PROCORE_PART_UNKNOWN = 0,
    PROCORE_PART_NONE,         /* the request had none */
    PROCORE_PART_TEXT,         /* its text */
    PROCORE_PART_CLAIMS        /* what it named */
} procore_part_e;


/* Why a request cannot be decided; the table has names and sentences. */

typedef enum {
#define PROCORE_WHY(symbol, name, sentence)  PROCORE_WHY_##symbol,
#include "procore_replay.def"
#undef PROCORE_WHY
    PROCORE_WHY_MAX
} procore_why_e;


typedef struct {
    const char  *name;
    const char  *sentence;
} procore_why_t;

extern const procore_why_t  procore_whys[PROCORE_WHY_MAX];


typedef struct {
    procore_carrier_e   carrier;
    procore_kind_e      kind;
    procore_verdict_e   verdict;
    unsigned            cut:1;     /* the value is not whole */
    procore_str_t       name;
    procore_str_t       value;
} procore_past_claim_t;


/*
 * A request of the past, all text in the pool of its reader.  All zero: nothing
 * is known of it.
 */

typedef struct {
    uint64_t              line;        /* of its file; in a HAR: its number */
    uint64_t              seconds;     /* since the epoch, 0: not told */
    procore_str_t         id;          /* len 0: not told */
    procore_str_t         time;        /* as written */
    procore_str_t         method;
    procore_str_t         client;
    unsigned              status;      /* HTTP status, 0: not told */

    /* what was decided then */

    procore_decision_e    decision;    /* NONE: not told */
    procore_reason_e      reason;      /* of "decision" */

    /* the token */

    procore_part_e        token;       /* TEXT: "digest" */
    size_t                digest_len;  /* bytes of "digest" that are known */
    unsigned char         digest[PROCORE_DIGEST_SIZE];
    procore_part_e        binding;     /* TEXT: "company"; NONE: unbound */
    uint64_t              company;

    /* the head */

    procore_part_e        target;      /* TEXT: "path" */
    procore_part_e        query;
    procore_part_e        header;      /* Procore-Company-Id */
    procore_str_t         path;        /* as sent */
    procore_str_t         query_text;
    procore_str_t         companies[PROCORE_PAST_LINES];
    size_t                ncompanies;

    unsigned              preflight;        /* facts, PROCORE_PREFLIGHT_... */
    unsigned              preflight_known;  /* of these */

    /* the body */

    procore_part_e        body;
    procore_part_e        type;        /* TEXT: "types" and "encodings" */
    procore_str_t         body_text;
    uint64_t              length;      /* as declared, 0: not */
    procore_str_t         types[PROCORE_PAST_LINES];
    size_t                ntypes;
    procore_str_t         encodings[PROCORE_PAST_LINES];
    size_t                nencodings;

    /* an audit record's */

    procore_past_claim_t  claims[PROCORE_PAST_CLAIMS];   /* deciding first */
    size_t                nclaims;
    procore_str_t         names[PROCORE_PAST_NAMES];     /* unlisted ones */
    size_t                nnames;
    unsigned              unread;      /* bits 1 << carrier */

    unsigned              audit:1;       /* it is an audit record */
    unsigned              request:1;     /* its action is "request" */
    unsigned              nginx:1;       /* nginx itself refused it */
    unsigned              elsewhere:1;   /* to another host */
    unsigned              client_known:1;  /* also that it has none */
    unsigned              claims_cut:1;  /* there may have been more */
    unsigned              names_cut:1;
    unsigned              unread_known:1;
    unsigned              path_cut:1;
    unsigned              path_hidden:1;
    unsigned              query_hidden:1;
    unsigned              body_changed:1;  /* the text is not what was sent */
} procore_past_t;


/* What came of a request. */

typedef enum {
    PROCORE_OUTCOME_DECIDED = 0,
    PROCORE_OUTCOME_UNDECIDABLE,
    PROCORE_OUTCOME_SKIPPED
} procore_outcome_e;

typedef struct {
    procore_outcome_e   state;
    procore_decision_e  decision;
    procore_reason_e    reason;
    procore_why_e       why;        /* undecidable or skipped */
    unsigned            sure:1;     /* "reason" is the one for certain */
    unsigned            changed:1;  /* against what was decided then */
    uint64_t            company;    /* of the token, 0: none */
    procore_str_t       client;     /* len 0: not known */
} procore_outcome_t;


typedef struct {
    procore_binding_e  state;
    uint64_t           company;
    unsigned           paused:1;     /* its client is */
    size_t             client_len;
    unsigned char      client[PROCORE_STORE_CLIENT_MAX];
} procore_replay_binding_t;


/*
 * What replaying needs: the candidate, the configuration that wrote the log,
 * and the store.
 *
 * token: the binding of the access token whose digest begins so.  PROCORE_OK,
 * PROCORE_NOT_FOUND, PROCORE_CONFLICT (several do); others: the store failed.
 *
 * project: as procore_store_project(), expired or not.
 */

typedef struct {
    const procore_settings_t  *settings;
    const procore_settings_t  *was;
    unsigned char              realm[PROCORE_REALM_SIZE];
    uint64_t                   now;      /* seconds since the epoch */
    uint64_t                   company;  /* supposed where nothing tells, 0 */
    unsigned                   merge_slashes:1;

    void                      *data;
    int                      (*token)(void *data, const unsigned char *digest,
                                      size_t len,
                                      procore_replay_binding_t *binding);
    int                      (*project)(void *data, uint64_t id,
                                        procore_project_t *project);
} procore_replay_t;


/*
 * What the candidate decides about "past"; *out points into *past and the pool.
 */

void procore_replay_decide(const procore_replay_t *replay,
    const procore_past_t *past, procore_pool_t *pool, procore_outcome_t *out);


/*
 * Reads one audit record ($procore_scope_audit; what stands before its brace is
 * passed over).  Returns PROCORE_OK, PROCORE_NOT_FOUND (an empty line), or
 * PROCORE_MALFORMED (no such record) with a constant sentence in *why.
 */

int procore_replay_audit(const unsigned char *line, size_t len,
    procore_pool_t *pool, procore_past_t *past, const char **why);


/* A log_format, split; see procore_replay_format(). */

#define PROCORE_FORMAT_ITEMS  64

typedef enum {
    PROCORE_ESCAPE_DEFAULT = 0,
    PROCORE_ESCAPE_JSON,
    PROCORE_ESCAPE_NONE
} procore_escape_e;

typedef struct {
    int            variable;      /* a procore_log_e, -1: another one */
    procore_str_t  literal;       /* what follows it */
} procore_format_item_t;

typedef struct {
    procore_str_t          prefix;       /* before the first variable */
    procore_format_item_t  items[PROCORE_FORMAT_ITEMS];
    size_t                 nitems;
    procore_escape_e       escape;
    unsigned               seen;         /* bits 1 << variable */
} procore_format_t;

/* The format that nginx writes where nobody says another one. */

extern const char  procore_format_combined[];

/*
 * Reads the text of a log_format, perhaps begun by "escape=json " and the like.
 * The format points into "text", which may be changed.  Returns PROCORE_OK, or
 * PROCORE_MALFORMED with a constant sentence in *why.
 */

int procore_replay_format(char *text, procore_format_t *format,
    const char **why);

/*
 * Reads one line of an access log.  Returns PROCORE_OK, PROCORE_NOT_FOUND (an
 * empty line), PROCORE_MALFORMED with *why.
 */

int procore_replay_access(const procore_format_t *format,
    const unsigned char *line, size_t len, procore_pool_t *pool,
    procore_past_t *past, const char **why);


/*
 * Reads a HAR file (HAR 1.2) as it comes; "entry" is called for each request,
 * with a pool that is emptied after it.
 */

typedef struct procore_har_s  procore_har_t;

typedef void (*procore_har_pt)(void *data, const procore_past_t *past,
    procore_pool_t *pool);

/* "realm" is that of the tokens' digests.  NULL: no memory. */

procore_har_t *procore_har_start(const unsigned char realm[PROCORE_REALM_SIZE],
    const char *host, procore_har_pt entry, void *data);

/*
 * Feeds bytes, split anywhere.  Returns PROCORE_OK, or PROCORE_MALFORMED with a
 * constant sentence in *why; then so at every later call.  ..._end(): no more
 * bytes; frees all.
 */

int procore_har_feed(procore_har_t *har, const unsigned char *data, size_t len,
    const char **why);
int procore_har_end(procore_har_t *har, const char **why);


#endif /* PROCORE_REPLAY_H */

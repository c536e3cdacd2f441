
/*
 * The decision about one request: compares what it names with the company of
 * its token, by a policy.
 *
 * The same code decides in the gate and in the command line.  It knows no
 * nginx, no store and no clock: who owns a project is asked of the caller, and
 * so is memory.  The steps, in this order:
 *
 *     procore_judge_init()
 *     procore_judge_preflight()      where it says 1, procore_judge_decide()
 *     procore_judge_token(), procore_judge_binding()
 *     procore_judge_target_list(), procore_judge_company_line() for each line,
 *     procore_judge_target(), procore_judge_unbound()
 *     procore_judge_body_start(), _feed(), _end()
 *     procore_judge_whole()
 *     procore_judge_unknown()        after the projects have been looked up
 *     procore_judge_decide()
 *
 * What is certain after one of them (judge->rank < PROCORE_RANK_UNCERTAIN) may
 * be decided at once.
 */


#ifndef PROCORE_JUDGE_H
#define PROCORE_JUDGE_H


#include "procore_policy.h"
#include "../claims/procore_body.h"
#include "../claims/procore_path.h"
#include "../policy/procore_reason.h"


/* Bounds of a record and of a request, from the contract. */

#define PROCORE_JUDGE_CLAIMS    16      /* kept, beside those that decide */
#define PROCORE_JUDGE_UNLISTED  8       /* distinct names that are kept */
#define PROCORE_JUDGE_UNKNOWN   1024    /* distinct ids; more: too large */


/* Where a refusal by a claim stands among all (procore_reason.h). */

#define procore_judge_malformed_rank(carrier)                                 \
    ((procore_rank_e) (PROCORE_RANK_HEADER_MALFORMED + 2 * (carrier)))

#define procore_judge_foreign_rank(carrier)                                   \
    ((procore_rank_e) (PROCORE_RANK_HEADER + 2 * (carrier)))


/* What became of one claim. */

typedef enum {
    PROCORE_VERDICT_OWN = 0,
    PROCORE_VERDICT_FOREIGN,
    PROCORE_VERDICT_UNKNOWN,
    PROCORE_VERDICT_MALFORMED,
    PROCORE_VERDICT_EXCEPTED,
    PROCORE_VERDICT_UNJUDGED,   /* no company, or no list */
    PROCORE_VERDICT_MAX
} procore_verdict_e;


typedef enum {
    PROCORE_DECISION_NONE = 0,
    PROCORE_DECISION_ALLOW,
    PROCORE_DECISION_DENY,
    PROCORE_DECISION_WOULD_DENY,
    PROCORE_DECISION_ALLOW_UNDECIDED,
    PROCORE_DECISION_MAX
} procore_decision_e;


typedef enum {
    PROCORE_BEARER_UNREAD = 0,
    PROCORE_BEARER_MISSING,
    PROCORE_BEARER_AMBIGUOUS,
    PROCORE_BEARER_PRESENT
} procore_bearer_e;


/* What the store knows of a token. */

typedef enum {
    PROCORE_BINDING_UNKNOWN = 0,
    PROCORE_BINDING_UNBOUND,
    PROCORE_BINDING_BOUND,
    PROCORE_BINDING_WITHDRAWN,
    PROCORE_BINDING_FAILED      /* it could not be asked */
} procore_binding_e;


/* A claim as it is kept for the refusal and the record. */

typedef struct {
    procore_carrier_e      carrier;
    procore_kind_e         kind;
    procore_verdict_e      verdict;
    uint64_t               id;          /* 0: none */
    procore_str_t          name;
    procore_str_t          value;
} procore_judge_claim_t;


/* A project that the store did not know; whoever looks it up fills it in. */

typedef struct {
    uint64_t               id;
    procore_verdict_e      verdict;
    procore_judge_claim_t *claim;       /* first one, or NULL */
} procore_judge_unknown_t;


typedef struct {
    uint64_t               company;
    unsigned               imported:1;  /* by the operator: has no end */
    unsigned               aging:1;     /* in the last tenth of its life */
} procore_judge_owner_t;


/* How a company that is not the token's is named. */

#define PROCORE_NAMED_PROJECT   0x01    /* by a project of it */
#define PROCORE_NAMED_EXCEPTED  0x02    /* by an exception */
#define PROCORE_NAMED_UNKNOWN   0x04    /* a project of no known company */


/*
 * What the judge asks of its caller; "data" is judge->data.
 *
 * alloc: "size" bytes, aligned for any type, that live as long as the judge;
 * NULL: no memory.
 *
 * owner: the company of a project.  PROCORE_OK with *owner set;
 * PROCORE_NOT_FOUND where it is not known, or its time is over; any other code:
 * the store could not be asked.
 *
 * named: where judge->tells is set, each claim that names another company than
 * the token's, or any while it has none; company 0: a UUID that is nobody's,
 * or PROCORE_NAMED_UNKNOWN.  Not told is a project that joins judge->unknown.
 */

typedef struct {
    void                *(*alloc)(void *data, size_t size);
    int                  (*owner)(void *data, uint64_t project,
                                  procore_judge_owner_t *owner);
    void                 (*named)(void *data, uint64_t company,
                                  procore_carrier_e carrier, unsigned how);
} procore_judge_calls_t;


typedef struct {
    const procore_policy_t       *policy;
    const procore_judge_calls_t  *calls;
    void                         *data;
    uint64_t                      now;        /* seconds since the epoch */

    /* the token and its company */

    procore_bearer_e              bearer;
    uint64_t                      company;    /* 0: none */
    procore_str_t                 client;     /* OAuth's, len 0: not known */

    /* what the request names */

    procore_rules_t               rules;
    procore_path_e                path;
    uint64_t                      named_company;  /* the first one */
    uint64_t                      project;        /* the first one */
    procore_judge_claim_t        *claims;
    size_t                        nclaims;
    size_t                        aclaims;        /* room */
    procore_judge_unknown_t      *unknown;
    size_t                        nunknown;
    size_t                        aunknown;
    procore_str_t                *unlisted;
    size_t                        nunlisted;

    procore_body_t               *body;
    procore_sink_t                sink;           /* of the body */

    /* the decision */

    procore_reason_e              reason;
    procore_rank_e                rank;
    procore_judge_claim_t        *deciding;
    procore_reason_e              body_reason;    /* the best one of the body */
    procore_rank_e                body_rank;
    procore_judge_claim_t        *body_deciding;
    const procore_exception_t    *exception;      /* the last one used */

    uint64_t                      last_id;        /* judged just before */
    procore_verdict_e             last_verdict;
    uint64_t                      last_told;      /* project, for "named" */
    unsigned                      asked;          /* owners, for "named" */

    unsigned                      first_use:1;    /* may bind the token */
    unsigned                      several:1;      /* more than one named */
    unsigned                      discovery:1;    /* unbound, harmless */
    unsigned                      named:1;        /* names something */
    unsigned                      excepted:1;
    unsigned                      has_header:1;   /* a company header */
    unsigned                      empty_header:1; /* names nothing */
    unsigned                      unsupported:1;  /* type of the body */
    unsigned                      unread:4;       /* bits 1 << carrier */
    unsigned                      refresh:1;      /* the list, soon */
    unsigned                      tells:1;        /* calls->named is told */
} procore_judge_t;


/*
 * Makes *judge ready; "policy" and "calls" are kept, "policy" may also be set
 * or changed until the first step.
 */

void procore_judge_init(procore_judge_t *judge, const procore_policy_t *policy,
    const procore_judge_calls_t *calls, void *data, uint64_t now);

/*
 * The request goes on at another place, maybe with another policy and another
 * head: that is judged anew, and what is known of the body stays.
 */

void procore_judge_again(procore_judge_t *judge);

/* Could this carrier not be read for certain?  Not 0, or 0. */

#define procore_judge_unread(judge, carrier)                                  \
    ((judge)->unread & 1u << (carrier))

/* Notes a reason for a refusal; the better rank stays.  "claim" may be NULL. */

void procore_judge_note(procore_judge_t *judge, procore_reason_e reason,
    procore_rank_e rank, procore_judge_claim_t *claim);


/*
 * The sink of the claim readers; "data" is the judge.  Compares companies, asks
 * for the owners of projects, keeps claims for the record.  ..._sink() fills
 * *sink with the three.
 */

void procore_judge_claim(void *data, const procore_claim_t *claim);
void procore_judge_unlisted(void *data, procore_carrier_e carrier,
    const procore_str_t *name);
void procore_judge_param(void *data, procore_carrier_e carrier,
    procore_param_e param, procore_value_e type, const procore_str_t *value);
void procore_judge_sink(procore_judge_t *judge, procore_sink_t *sink);


/*
 * Is it a CORS preflight (Fetch standard, "CORS-preflight fetch")?  Each of
 * "facts" must hold.  Returns 1, with the reason set, or 0.
 */

#define PROCORE_PREFLIGHT_OPTIONS  0x01   /* the method */
#define PROCORE_PREFLIGHT_ORIGIN   0x02   /* the header Origin */
#define PROCORE_PREFLIGHT_METHOD   0x04   /* Access-Control-Request-Method */
#define PROCORE_PREFLIGHT_BARE     0x08   /* no body, no credentials */
#define PROCORE_PREFLIGHT          0x0f

int procore_judge_preflight(procore_judge_t *judge, unsigned facts);

/* Does a query hold a token of its own?  1 or 0. */

int procore_judge_credentials(const procore_str_t *query);

/*
 * Reads the header Authorization (NULL: there is none).  "credentials": the
 * query holds a token.  Returns PROCORE_OK with *token pointing into the
 * header, also where it is not the only one, or PROCORE_NOT_FOUND.
 */

int procore_judge_token(procore_judge_t *judge,
    const procore_str_t *authorization, int credentials, procore_str_t *token);

/* What the store says about it; "company" counts where it is bound. */

void procore_judge_binding(procore_judge_t *judge, procore_binding_e binding,
    uint64_t company);

/*
 * Path and query of a request.  "raw" is the path of the target as sent;
 * "normal" is nginx's normal form of the whole target's path before any
 * rewrite, empty: not compared; "uri" is the current path, decoded.
 */

typedef struct {
    procore_str_t  raw;
    procore_str_t  normal;
    procore_str_t  uri;
    procore_str_t  query;
    unsigned       as_sent:1;   /* the raw target goes up, else "uri" */
    unsigned       fragment:1;  /* the raw target has a "#" */
} procore_judge_target_t;

/*
 * The list of paths; each line of Procore-Company-Id; path and query.  The last
 * one returns PROCORE_OK, or PROCORE_ERROR (no memory).
 */

void procore_judge_target_list(procore_judge_t *judge,
    const procore_judge_target_t *target);
void procore_judge_company_line(procore_judge_t *judge,
    const procore_str_t *value);
int procore_judge_target(procore_judge_t *judge,
    const procore_judge_target_t *target);

/*
 * After the head: what a token without a company, or a request without a name,
 * may do.  "reads": the method is GET or HEAD; "body": there is one.
 */

void procore_judge_unbound(procore_judge_t *judge, int reads, int body);


/*
 * A body: its Content-Type and Content-Encoding lines, and its length in bytes
 * (0: not known before its end).
 */

typedef struct {
    const procore_str_t  *types;
    size_t                ntypes;
    const procore_str_t  *encodings;
    size_t                nencodings;
    uint64_t              length;
} procore_judge_body_t;

/*
 * Chooses the reader.  "sink" (of the body alone) is copied, "scratch" as in
 * procore_body_start().  Returns PROCORE_OK; PROCORE_NOT_FOUND where a body of
 * this type is not read; PROCORE_ERROR: no memory.
 */

int procore_judge_body_start(procore_judge_t *judge,
    const procore_judge_body_t *body, const procore_sink_t *sink,
    unsigned char *scratch, size_t scratch_size);
void procore_judge_body_feed(procore_judge_t *judge, const unsigned char *data,
    size_t len);
void procore_judge_body_end(procore_judge_t *judge);


/*
 * The whole of the request has been read.  ..._whole() notes what a body has
 * made of a discovery; ..._nameless() is for enforce, once the token's company
 * is settled: nobody adds the company's header to a request that names nothing.
 */

void procore_judge_whole(procore_judge_t *judge);
void procore_judge_nameless(procore_judge_t *judge);

/*
 * The company that a first use may bind its token to: the only one named, with
 * no project known to be another company's.  Returns it, with the verdicts of
 * the unknown projects set as far as they are known; 0: none.
 * ..._first_bound() makes it the token's.
 */

uint64_t procore_judge_first_company(procore_judge_t *judge);
void procore_judge_first_bound(procore_judge_t *judge, uint64_t company);

/*
 * After a lookup: verdicts of judge->unknown go into the claims, and what is
 * not the company's own is noted.
 */

void procore_judge_unknown(procore_judge_t *judge);

/*
 * The decision of what was noted, by the policy's mode; sets judge->reason
 * where the request passes.
 */

procore_decision_e procore_judge_decide(procore_judge_t *judge);


/* Names for the record, the refusals and the variables; constant. */

extern const char *const  procore_verdict_names[PROCORE_VERDICT_MAX];
extern const char *const  procore_decision_names[PROCORE_DECISION_MAX];
extern const char *const  procore_carrier_names[PROCORE_IN_BODY + 1];
extern const char *const  procore_kind_names[PROCORE_KIND_PROJECT + 1];


#endif /* PROCORE_JUDGE_H */

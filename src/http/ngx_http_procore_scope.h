
/*
 * What the nginx side of the module shares between its files.
 *
 * Files: conf and its directives; store and its writer (bindings in a worker);
 * gate and ctx (the phases of a request); head, body and judge (reading it for
 * src/judge); headers (changing what goes up); refusal; lookup and its flight,
 * fetch, page and landing (a company's projects); oauth and token (the login
 * host); client and clients (apps), bind and sole (what binds at a request),
 * chooser and link (who may bind later); filter, answer, cache, companies and
 * search (what comes back); learn (projects in answers); variables, audit and
 * text; report (what apps have named).
 */


#ifndef _NGX_HTTP_PROCORE_SCOPE_H_INCLUDED_
#define _NGX_HTTP_PROCORE_SCOPE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_http_procore_scope_compat.h"
#include "ngx_http_procore_scope_store.h"
#include "../claims/procore_head.h"
#include "../judge/procore_judge.h"
#include "../report/procore_report_count.h"


/* The judge's words, as the nginx side has always written them. */

#define NGX_HTTP_PROCORE_SCOPE_OFF       PROCORE_MODE_OFF
#define NGX_HTTP_PROCORE_SCOPE_MONITOR   PROCORE_MODE_MONITOR
#define NGX_HTTP_PROCORE_SCOPE_ENFORCE   PROCORE_MODE_ENFORCE

#define NGX_HTTP_PROCORE_SCOPE_UNDECIDED   PROCORE_DECISION_NONE
#define NGX_HTTP_PROCORE_SCOPE_ALLOW       PROCORE_DECISION_ALLOW
#define NGX_HTTP_PROCORE_SCOPE_DENY        PROCORE_DECISION_DENY
#define NGX_HTTP_PROCORE_SCOPE_WOULD_DENY  PROCORE_DECISION_WOULD_DENY

#define NGX_HTTP_PROCORE_SCOPE_ALLOW_UNDECIDED                                \
    PROCORE_DECISION_ALLOW_UNDECIDED

/* Who may see the status. */

#define NGX_HTTP_PROCORE_SCOPE_STATUS_LOCAL  1
#define NGX_HTTP_PROCORE_SCOPE_STATUS_ANY    2

/* Scratch memory of a reader for values of OAuth's parameters. */

#define NGX_HTTP_PROCORE_SCOPE_SCRATCH   8192

/*
 * Shared memory for flights and marks: room for some ten thousand families that
 * look projects up within minutes.
 */

#define NGX_HTTP_PROCORE_SCOPE_ZONE      (4 * 1024 * 1024)

/* Foreign companies of a request that need no memory of their own. */

#define NGX_HTTP_PROCORE_SCOPE_NAMED     2

/* What Retry-After says where we cannot know better, seconds. */

#define NGX_HTTP_PROCORE_SCOPE_RETRY     5


typedef struct ngx_http_procore_scope_ctx_s     ngx_http_procore_scope_ctx_t;
typedef struct ngx_http_procore_scope_lookup_s  ngx_http_procore_scope_lookup_t;
typedef struct ngx_http_procore_scope_oauth_s   ngx_http_procore_scope_oauth_t;
typedef struct ngx_http_procore_scope_answer_s  ngx_http_procore_scope_answer_t;
typedef struct ngx_http_procore_scope_relay_s   ngx_http_procore_scope_relay_t;
typedef struct ngx_http_procore_scope_call_s    ngx_http_procore_scope_call_t;
typedef struct ngx_http_procore_scope_sole_s    ngx_http_procore_scope_sole_t;
typedef struct ngx_http_procore_scope_search_s  ngx_http_procore_scope_search_t;
typedef struct ngx_http_procore_scope_learn_s   ngx_http_procore_scope_learn_t;
typedef struct ngx_http_procore_scope_chooser_s
    ngx_http_procore_scope_chooser_t;
typedef struct ngx_http_procore_scope_candidate_s
    ngx_http_procore_scope_candidate_t;


typedef struct {
    ngx_str_t                   store;            /* folder, NUL-terminated */
    size_t                      store_size;       /* bytes */
    ngx_uint_t                  lookup_waiting;
    ngx_uint_t                  active;           /* some place has a mode */
    ngx_str_t                   mode_file;        /* where the first one is */
    ngx_uint_t                  mode_line;
    ngx_uint_t                  in_location;      /* a location has a mode */
    ngx_str_t                   client_file;      /* where the first client */
    ngx_uint_t                  client_line;      /* with a mode is, 0: none */
    ngx_shm_zone_t             *zone;             /* flights and marks */
    ngx_shm_zone_t             *relay_zone;       /* failed exchanges */
    ngx_shm_zone_t             *chooser_zone;     /* new links */
    ngx_shm_zone_t             *stats_zone;       /* counters */
    ngx_uint_t                  generation;       /* of this configuration */
    ngx_array_t                *places;           /* ..._place_t: modes */
    ngx_array_t                *exceptions;       /* ..._listed_t: all */
    ngx_array_t                *hidden_paths;     /* ngx_str_t: the queries of
                                                     these are not logged */
    ngx_thread_pool_t          *pool;
    ngx_int_t                   request_id;       /* index of $request_id */
    ngx_int_t                   request_uri;      /* of $request_uri */
    ngx_int_t                   audit;            /* of $procore_scope_audit */
    procore_chain_key_t        *audit_key;        /* wiped in a worker */
} ngx_http_procore_scope_main_conf_t;


/* For the status page: where a mode, where an exception is written. */

typedef struct {
    ngx_uint_t                  mode;
    ngx_str_t                   file;
    ngx_uint_t                  line;
} ngx_http_procore_scope_place_t;


typedef struct {
    procore_exception_t         exception;
    ngx_str_t                   file;
    ngx_uint_t                  line;
} ngx_http_procore_scope_listed_t;


typedef struct {
    ngx_str_t                   url;
    ngx_str_t                   label;
    ngx_str_t                   notes;
} ngx_http_procore_scope_help_t;


/* A company that an app may be bound to; the label may be empty. */

typedef struct {
    uint64_t                    company;
    ngx_str_t                   label;
} ngx_http_procore_scope_client_company_t;


/* procore_scope_client: one app; id "*": all others. */

typedef struct {
    ngx_str_t                   id;
    ngx_str_t                   name;
    ngx_str_t                   secret;           /* data NULL: not held */
    ngx_array_t                *redirect_uris;    /* ngx_str_t; NULL: none */
    ngx_array_t                *companies;        /* NULL: any */
    ngx_uint_t                  mode;             /* or NGX_CONF_UNSET_UINT */
    unsigned                    deny:1;
    unsigned                    hint_trusted:1;
    unsigned                    pkce:1;           /* towards Procore */
} ngx_http_procore_scope_client_t;


/* procore_scope_authorize; URLs without "/" at the end. */

typedef struct {
    ngx_str_t                   login;            /* "https://login..." */
    ngx_str_t                   callback;         /* the whole URL */
    ngx_str_t                   origin;           /* of the callback */
    ngx_str_t                   callback_path;    /* ".../callback" */
    ngx_str_t                   picker_path;      /* the same without it */
    u_char                      scope[32];        /* procore_relay_scope() */
    unsigned                    secure:1;         /* not http on loopback */
} ngx_http_procore_scope_authorize_t;


typedef struct ngx_http_procore_scope_cache_place_s
    ngx_http_procore_scope_cache_place_t;

typedef struct ngx_http_procore_scope_loc_conf_s
    ngx_http_procore_scope_loc_conf_t;


/* procore_scope_candidate: what it says, and what is then tried. */

typedef struct {
    ngx_http_procore_scope_loc_conf_t  *settings;
    ngx_uint_t                          set;      /* bits: said */
    procore_policy_t                    policy;
} ngx_http_procore_scope_candidate_conf_t;


struct ngx_http_procore_scope_loc_conf_s {
    ngx_uint_t                  mode;
    ngx_str_t                   realm_name;
    u_char                      realm[PROCORE_REALM_SIZE];
    ngx_array_t                *paths;            /* procore_str_t */
    ngx_flag_t                  oauth;
    ngx_flag_t                  audit_required;
    ngx_uint_t                  bind;             /* bits: 1 << way */
    ngx_http_complex_value_t   *company;          /* procore_scope_company */
    ngx_array_t                *aliases;          /* procore_alias_t */
    ngx_str_t                   lookup;           /* prefix, no "/" at end */
    ngx_msec_t                  lookup_timeout;
    ngx_int_t                   lookup_rate;      /* pages a minute */
    time_t                      projects_ttl;     /* seconds */
    time_t                      miss_ttl;         /* seconds */
    size_t                      body_size;        /* bytes, 0: no limit */
    ngx_flag_t                  filter_companies;
    ngx_flag_t                  header;
    ngx_array_t                *names;            /* procore_name_t */
    ngx_uint_t                  unlisted_deny;
    ngx_uint_t                  undecided_set;    /* bits: said at this level */
    ngx_uint_t                  undecided_allow;  /* bits: 1 << reason */
    ngx_array_t                *exceptions;       /* procore_exception_t */
    ngx_http_procore_scope_help_t  *help;
    ngx_uint_t                  log_level;
    ngx_array_t                *clients;          /* ..._client_t * */
    ngx_http_procore_scope_authorize_t  *authorize;  /* NULL: off */
    ngx_uint_t                  authorize_here;   /* not inherited */
    ngx_flag_t                  token_company;
    ngx_http_procore_scope_authorize_t  *choose;  /* the chooser as browsers
                                                     see it, NULL: none */
    ngx_uint_t                  chooser;          /* it is this location */
    ngx_uint_t                  status;           /* 0, or ..._STATUS_... */
    ngx_uint_t                  admin;            /* so is this, and for whom */

    /* what the proxy module was told here; NULL: nothing */

    ngx_http_procore_scope_cache_place_t  *cache;
    ngx_http_procore_scope_cache_place_t  *cache_key;
    ngx_uint_t                  proxied;          /* not inherited */

    /* what of it the judge asks for; made when all is merged */

    procore_policy_t            policy;

    ngx_http_procore_scope_candidate_conf_t  *candidate;  /* NULL: none */
    ngx_uint_t                  tried;            /* a candidate's, not 0 */

    /* the same with the other mode, for clients that have it; or NULL */

    ngx_http_procore_scope_loc_conf_t  *twin;
};


/*
 * The app with this client id: its own entry, that for all others, or NULL
 * where there is neither.
 */

ngx_http_procore_scope_client_t *ngx_http_procore_scope_client_find(
    ngx_http_procore_scope_loc_conf_t *conf, ngx_str_t *id);

/*
 * May this app (an empty id: unknown) be bound to "company", in any way to
 * bind?  1 or 0.
 */

ngx_uint_t ngx_http_procore_scope_client_allows(
    ngx_http_procore_scope_loc_conf_t *conf, ngx_str_t *id, uint64_t company);


/* What an answer is to us: which part of the module reads it. */

typedef enum {
    NGX_HTTP_PROCORE_SCOPE_ANSWER_NONE = 0,
    NGX_HTTP_PROCORE_SCOPE_ANSWER_LOOKUP,      /* our own subrequest's */
    NGX_HTTP_PROCORE_SCOPE_ANSWER_TOKEN,       /* of the token endpoint */
    NGX_HTTP_PROCORE_SCOPE_ANSWER_REVOKE,
    NGX_HTTP_PROCORE_SCOPE_ANSWER_COMPANIES,   /* List Companies, filtered */
    NGX_HTTP_PROCORE_SCOPE_ANSWER_CALL         /* of an internal call */
} ngx_http_procore_scope_answer_e;


/*
 * One request.  It survives internal redirects: they zero the module contexts,
 * and ngx_http_procore_scope_get_ctx() finds it again by its pool cleanup.
 * A subrequest has a context of its own.
 */

struct ngx_http_procore_scope_ctx_s {
    ngx_http_request_t                 *request;
    ngx_http_procore_scope_loc_conf_t  *conf;     /* NULL: not judged */

    ngx_str_t                           normal;   /* URI before any rewrite */

    /* the token and its company */

    procore_judge_t                     judge;    /* what it names */
    ngx_http_procore_scope_candidate_t *candidate; /* tried beside, or NULL */

    ngx_str_t                           token;    /* in the header's memory */
    u_char                              digest[PROCORE_DIGEST_SIZE];
    int                                 known;    /* PROCORE_OK: "binding" */
    procore_token_t                     binding;
    procore_way_e                       way;

    /* the decision */

    procore_judge_claim_t              *location; /* of the answer, or NULL */
    procore_decision_e                  decision;
    ngx_str_t                           action;   /* event.action */
    time_t                              retry_after;  /* seconds, 0: default */
    ngx_str_t                           record;   /* audit, once logged */
    uint64_t                            sequence; /* in the chain, 0: none */

    ngx_http_procore_scope_lookup_t    *lookup;
    ngx_http_procore_scope_oauth_t     *oauth;
    ngx_http_procore_scope_answer_t    *answer;
    ngx_http_procore_scope_sole_t      *list;     /* a sole company's */
    ngx_http_procore_scope_search_t    *search;   /* for it in later pages */
    ngx_http_procore_scope_learn_t     *learn;    /* projects that pass by */
    ngx_http_procore_scope_relay_t     *relay;
    ngx_http_procore_scope_chooser_t   *chooser;
    struct ngx_http_procore_scope_admin_s  *admin;  /* this is the operator's */
    ngx_str_t                           sentence; /* of the refusal, or empty */
    ngx_str_t                           choose_url; /* for this refusal */
    ngx_http_procore_scope_call_t      *call;     /* this is its subrequest */

    ngx_http_procore_scope_answer_e     answer_type;
    procore_oauth_e                     endpoint; /* of the login host */

    /* companies that it names, but for the token's own; for the report */

    procore_judge_t                    *watch;    /* of a body that decides
                                                     nothing, or NULL */
    procore_report_named_t             *named;
    size_t                              nnamed;
    procore_report_named_t      few_named[NGX_HTTP_PROCORE_SCOPE_NAMED];

    unsigned                            snapshot:1;   /* of the store, open */
    unsigned                            started:1;    /* the head was read */
    unsigned                            body_seen:1;  /* its last byte came */
    unsigned                            bare:1;       /* token alone is asked */
    unsigned                            body_started:1; /* reader is chosen */
    unsigned                            body_read:1;  /* enforce: complete */
    unsigned                            digested:1;   /* "digest" is set */
    unsigned                            to_bind:1;    /* to "company" */
    unsigned                            first_bound:1; /* and has */
    unsigned                            confirms:1;   /* another's first use */
    unsigned                            sole:1;       /* its list may bind */
    unsigned                            learns:1;     /* answer may teach */
    unsigned                            binding_sent:1; /* write is queued */
    unsigned                            refused:1;    /* latched */
    unsigned                            paused:1;     /* its client is */
    unsigned                            logging:1;    /* in the log phase */
    unsigned                            unaudited:1;  /* no record can be */
    unsigned                            credentials:1; /* in the query */
    unsigned                            hide_query:1; /* from the logs */
    unsigned                            link_asked:1; /* to the chooser */
    unsigned                            link_waits:1; /* for the disk */
    unsigned                            unauthorized:1; /* lookup got a 401 */
    unsigned                            redirected:1; /* within nginx */
    unsigned                            relay_over:1; /* redirected after it */
    unsigned                            named_unknown:1; /* a project */
};


extern ngx_module_t  ngx_http_procore_scope_module;


/* conf: see the directive table in the module file. */

void *ngx_http_procore_scope_create_main_conf(ngx_conf_t *cf);
char *ngx_http_procore_scope_init_main_conf(ngx_conf_t *cf, void *conf);
void *ngx_http_procore_scope_create_loc_conf(ngx_conf_t *cf);
char *ngx_http_procore_scope_merge_loc_conf(ngx_conf_t *cf, void *parent,
    void *child);


/* gate: the phases of a request, and the decision. */

ngx_int_t ngx_http_procore_scope_first_handler(ngx_http_request_t *r);
ngx_int_t ngx_http_procore_scope_gate_handler(ngx_http_request_t *r);

/* Keeps the query of this request out of every log.  NGX_OK or NGX_ERROR. */

ngx_int_t ngx_http_procore_scope_hide_query(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);

/* The context of this request, NULL where none was made. */

ngx_http_procore_scope_ctx_t *ngx_http_procore_scope_get_ctx(
    ngx_http_request_t *r);

/* Makes the context where there is none yet; NULL: no memory. */

ngx_http_procore_scope_ctx_t *ngx_http_procore_scope_make_ctx(
    ngx_http_request_t *r);

/* As procore_judge_note(). */

#define ngx_http_procore_scope_note(ctx, reason, rank, claim)                 \
    procore_judge_note(&(ctx)->judge, reason, rank, claim)

/* In monitor, the last byte of a body has come by. */

void ngx_http_procore_scope_monitor_body(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);

/* In monitor, decides what is still open before the request is logged. */

void ngx_http_procore_scope_conclude(ngx_http_procore_scope_ctx_t *ctx);

/*
 * Turns what was noted into the decision, once.  Returns NGX_OK (the request
 * goes on) or NGX_DECLINED (it is refused).
 */

ngx_int_t ngx_http_procore_scope_decide(ngx_http_procore_scope_ctx_t *ctx);

/* The error log's line about a refusal, at procore_scope_log_level. */

void ngx_http_procore_scope_log_refusal(ngx_http_procore_scope_ctx_t *ctx);


/*
 * judge: the nginx side of src/judge.  ..._init() makes one ready that asks on
 * behalf of this request; ..._conf() changes the configuration, and with it the
 * policy, that the request is judged by; ..._client() is called when
 * ctx->binding has changed.
 */

void ngx_http_procore_scope_judge_init(ngx_http_procore_scope_ctx_t *ctx,
    procore_judge_t *judge);
void ngx_http_procore_scope_judge_conf(ngx_http_procore_scope_ctx_t *ctx,
    ngx_http_procore_scope_loc_conf_t *conf);
void ngx_http_procore_scope_judge_client(ngx_http_procore_scope_ctx_t *ctx);

/* As procore_judge_param(), where "data" of the sink is the context. */

void ngx_http_procore_scope_param(void *data, procore_carrier_e carrier,
    procore_param_e param, procore_value_e type, const procore_str_t *value);

/*
 * The claim readers look projects up in one snapshot of the store, opened at
 * the first of them; whoever has fed a reader closes it before it returns to
 * the event loop.
 */

void ngx_http_procore_scope_judge_end(ngx_http_procore_scope_ctx_t *ctx);


/*
 * The company that procore_scope_company names for this request.  Returns
 * NGX_OK (*company set, 0: none configured or empty), or NGX_ERROR where the
 * value is no id: said in the error log, store_failed for the request.
 */

ngx_int_t ngx_http_procore_scope_configured(ngx_http_request_t *r,
    ngx_http_procore_scope_loc_conf_t *conf, uint64_t *company);


/* head: token, header, path, query. */

ngx_int_t ngx_http_procore_scope_read_token(ngx_http_procore_scope_ctx_t *ctx);
ngx_int_t ngx_http_procore_scope_read_head(ngx_http_procore_scope_ctx_t *ctx);

/* The path of the request target as sent, without the query. */

void ngx_http_procore_scope_raw_path(ngx_http_request_t *r, procore_str_t *raw);

/*
 * Is "known" true (1) of every parameter of the query, as sent, or not (0)?
 * Between two "&" there may be nothing.
 */

typedef ngx_uint_t (*ngx_http_procore_scope_known_pt)(u_char *param,
    u_char *last);

ngx_uint_t ngx_http_procore_scope_query_known(ngx_http_request_t *r,
    ngx_http_procore_scope_known_pt known);


/*
 * body: chooses a reader for the body (..._start_body(): NGX_OK; NGX_DECLINED
 * where there is none to read), reads it whole before the phases go on
 * (..._read_body(), enforce; codes of a phase handler), and is fed by the
 * request body filter.
 */

ngx_int_t ngx_http_procore_scope_start_body(ngx_http_procore_scope_ctx_t *ctx,
    const procore_sink_t *sink, u_char *scratch, size_t scratch_size);
ngx_int_t ngx_http_procore_scope_read_body(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);
ngx_int_t ngx_http_procore_scope_body_filter_init(ngx_conf_t *cf);
void ngx_http_procore_scope_watch_body(ngx_http_procore_scope_ctx_t *ctx);
ngx_uint_t ngx_http_procore_scope_has_body(ngx_http_request_t *r);


/*
 * headers: changes the header that goes up by a list of its own; pointers in
 * r->headers_in to elements that stay remain valid.
 */

#define NGX_HTTP_PROCORE_SCOPE_REMOVE_COMPANY      0x01
#define NGX_HTTP_PROCORE_SCOPE_REMOVE_UPGRADE      0x02
#define NGX_HTTP_PROCORE_SCOPE_REMOVE_ENCODING     0x04  /* Accept-Encoding */
#define NGX_HTTP_PROCORE_SCOPE_REMOVE_CONDITIONAL  0x08  /* If-*, Range */

/*
 * What some servers take for another target, method or framing than the one
 * that was judged, and Procore has no use for.
 */

#define NGX_HTTP_PROCORE_SCOPE_REMOVE_OVERRIDE     0x10

/* Is this the header "name" (lower case)?  "_" counts as "-".  1 or 0. */

ngx_uint_t ngx_http_procore_scope_is_header(ngx_table_elt_t *h,
    ngx_str_t *name);

ngx_int_t ngx_http_procore_scope_remove_headers(ngx_http_request_t *r,
    ngx_uint_t which);

/* Does the header Authorization hold Basic credentials?  1 or 0. */

ngx_uint_t ngx_http_procore_scope_is_basic(ngx_http_request_t *r);

/* "name" and "lowcase" are constants of the same length; value is copied. */

ngx_int_t ngx_http_procore_scope_add_header(ngx_http_request_t *r,
    ngx_str_t *name, ngx_str_t *lowcase, ngx_str_t *value);

/* Adds a header to the answer; "value" must outlive the request. */

ngx_int_t ngx_http_procore_scope_add_answer_header(ngx_http_request_t *r,
    const char *name, ngx_str_t *value);


/*
 * refusal: answers by ctx->reason and returns what a phase handler returns
 * (NGX_DONE: the request is finalized; a status for a subrequest).
 * ..._refuse_oauth() does it in OAuth's shape (RFC 6749, section 5.2).
 */

ngx_int_t ngx_http_procore_scope_refuse(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);
ngx_int_t ngx_http_procore_scope_refuse_oauth(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);

/*
 * Sends the header that is prepared in r->headers_out, with "body", and
 * finalizes the request; returns what a phase handler returns.
 */

ngx_int_t ngx_http_procore_scope_send(ngx_http_request_t *r, ngx_str_t *body);

/*
 * Prepares the answer of a refusal by ctx->reason without sending it: status,
 * type, length and headers in r->headers_out, the text in *body (pool memory).
 * Returns NGX_OK or NGX_ERROR.
 */

ngx_int_t ngx_http_procore_scope_refusal(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, ngx_uint_t oauth, ngx_str_t *body);


/*
 * oauth: the phase handler for paths of the login host (ctx->endpoint is set),
 * and the answers of the token and revoke endpoints.
 */

ngx_int_t ngx_http_procore_scope_oauth_handler(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);
ngx_int_t ngx_http_procore_scope_oauth_header(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx);
ngx_int_t ngx_http_procore_scope_oauth_body(ngx_http_request_t *r,
    ngx_http_procore_scope_ctx_t *ctx, ngx_chain_t *in);


/* filter: the response filters; they hand on to the parts above. */

extern ngx_http_output_header_filter_pt
    ngx_http_procore_scope_next_header_filter;
extern ngx_http_output_body_filter_pt  ngx_http_procore_scope_next_body_filter;

ngx_int_t ngx_http_procore_scope_filter_init(ngx_conf_t *cf);


/* variables and audit. */

ngx_int_t ngx_http_procore_scope_add_variables(ngx_conf_t *cf);
ngx_int_t ngx_http_procore_scope_audit_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);

/*
 * The deciding claim as "query:company_id=7", and the first 16 hex digits of
 * the token's digest, fit for one line of a log; empty where there is none.
 */

ngx_int_t ngx_http_procore_scope_claim_text(ngx_http_procore_scope_ctx_t *ctx,
    ngx_str_t *text);
ngx_int_t ngx_http_procore_scope_token_text(ngx_http_procore_scope_ctx_t *ctx,
    ngx_str_t *text);

/* Copies a text of a pure folder into pool memory.  NGX_OK or NGX_ERROR. */

ngx_int_t ngx_http_procore_scope_copy(ngx_pool_t *pool, ngx_str_t *to,
    const procore_str_t *from);

/* A text of a pure folder as nginx wants it; not copied. */

static ngx_inline ngx_str_t
ngx_http_procore_scope_str(const procore_str_t *from)
{
    ngx_str_t  to;

    to.len = from->len;
    to.data = (u_char *) from->data;

    return to;
}

/* Names for the record, the variables and the refusals. */

const char *ngx_http_procore_scope_decision_name(
    procore_decision_e decision);
const char *ngx_http_procore_scope_mode_name(ngx_uint_t mode);
const char *ngx_http_procore_scope_way_name(procore_way_e way);
const char *ngx_http_procore_scope_carrier_name(procore_carrier_e carrier);

/* $request_id, the same at every call; NULL: no memory. */

ngx_http_variable_value_t *ngx_http_procore_scope_request_id(
    ngx_http_request_t *r);

/*
 * Replaces a text that holds 16 or more bytes of the request's token in a row
 * by "[token]".
 */

void ngx_http_procore_scope_hide_token(ngx_http_procore_scope_ctx_t *ctx,
    ngx_str_t *text, ngx_str_t *shown);

/* A byte of a text takes at most this many in JSON ("\u001f"). */

#define NGX_HTTP_PROCORE_SCOPE_ESCAPED  6

/* "text" as the inside of a JSON string, RFC 8259, section 7; always valid. */

u_char *ngx_http_procore_scope_json(u_char *p, u_char *last, ngx_str_t *text);


#endif /* _NGX_HTTP_PROCORE_SCOPE_H_INCLUDED_ */

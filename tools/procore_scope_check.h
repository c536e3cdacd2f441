
/*
 * What the files of "check" share.
 */


#ifndef PROCORE_SCOPE_CHECK_H
#define PROCORE_SCOPE_CHECK_H


#include "../src/judge/procore_check.h"
#include "procore_scope.h"


/* A request is undecided: only a lookup could tell. */
#define PROCORE_SCOPE_UNDECIDED  3


/* Memory that is given back all at once. */

typedef struct procore_arena_block_s  procore_arena_block_t;

typedef struct {
    procore_arena_block_t  *blocks;
} procore_arena_t;

/* "data" is a procore_arena_t.  Ends the program where there is no memory. */

void *procore_arena_alloc(void *data, size_t size);
void procore_arena_free(procore_arena_t *arena);


/* Bytes that grow. */

typedef struct {
    unsigned char  *data;
    size_t          len;
    size_t          room;
} procore_bytes_t;

void procore_bytes_add(procore_bytes_t *bytes, const void *data, size_t len);
void procore_bytes_text(procore_bytes_t *bytes, const char *text);

/* All of a stream.  0, or -1 with errno. */

int procore_bytes_read(procore_bytes_t *bytes, FILE *in);


/* A request as curl would be told of it; texts are those of the arguments. */

typedef struct {
    const char       *method;       /* -X, NULL: what curl takes */
    const char       *url;
    procore_bytes_t   headers;      /* whole lines */
    procore_bytes_t   body;         /* -d and its like, or the parts of -F */
    int               has_body;
    int               form;         /* -F */
    int               json;         /* --json */
    int               get;          /* -G: the data become the query */
    int               head;         /* -I */
    int               type;         /* a Content-Type is among the headers */
    int               token;        /* an Authorization is */
} procore_scope_curl_t;

/*
 * Takes one of curl's options; "option" is its letter, or one of those below.
 * Returns PROCORE_SCOPE_GO_ON, or the exit code after a sentence.
 */

#define PROCORE_SCOPE_DATA_RAW     1001
#define PROCORE_SCOPE_DATA_BINARY  1002
#define PROCORE_SCOPE_URLENCODE    1003
#define PROCORE_SCOPE_JSON_DATA    1004

int procore_scope_curl_option(procore_scope_curl_t *curl, int option,
    const char *text);

/* The bytes of the request, as curl would send them.  Same codes. */

int procore_scope_curl_bytes(procore_scope_curl_t *curl,
    procore_bytes_t *bytes);


/*
 * Prints what was decided about one request; "json": as an object without a
 * newline.
 */

typedef struct {
    const procore_judge_t        *judge;
    const procore_request_t      *request;
    const procore_check_token_t  *token;      /* what is known of it */
    const unsigned char          *digest;     /* of it, NULL: not made */
    const char                   *bound_by;   /* NULL: not known */
    procore_check_e               check;
    procore_decision_e            decision;
} procore_scope_verdict_t;

void procore_scope_check_print(const procore_scope_verdict_t *verdict,
    int json);

/* The exit code of it. */

int procore_scope_check_code(const procore_scope_verdict_t *verdict);


/* Options with directives' names, and projects that are supposed. */

#define PROCORE_CHECK_MAX  256


typedef struct {
    uint64_t                  project;
    uint64_t                  company;
} procore_check_project_t;


typedef struct {
    procore_scope_options_t   options;
    procore_scope_curl_t      curl;
    procore_arena_t           memory;         /* of the settings */
    procore_arena_t           judged;         /* of one request */
    procore_settings_t        settings;
    procore_store_t          *store;          /* NULL: none */

    const char               *conf;
    const char               *directives[PROCORE_CHECK_MAX];
    size_t                    ndirectives;
    procore_check_project_t   projects[PROCORE_CHECK_MAX];
    size_t                    nprojects;
    uint64_t                  company;        /* supposed */
    const char               *client;
    unsigned                  unbound:1;
    unsigned                  raw:1;
    unsigned                  stream:1;

    /* of the request at hand */

    procore_judge_t           judge;
    procore_request_t         request;
    procore_token_t           token;
    procore_check_token_t     found;
    unsigned char             digest[PROCORE_DIGEST_SIZE];
    unsigned                  digested:1;
    unsigned                  known:1;        /* "token" is filled */
} procore_scope_check_t;


/*
 * Judges check->request and prints it.  Returns the exit code.
 *
 * ..._stream() answers each line of standard input with a line; what is wrong
 * with one does not end it.
 */

int procore_scope_check_judge(procore_scope_check_t *check, int json);
int procore_scope_check_stream(procore_scope_check_t *check);


#endif /* PROCORE_SCOPE_CHECK_H */

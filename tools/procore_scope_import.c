
/*
 * The command "import": tokens and projects that the operator vouches for.
 */


#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "procore_import_line.h"
#include "procore_scope.h"


/* Records kept in memory while the file is checked, some 130 bytes each. */
#define PROCORE_IMPORT_MAX    16777216
#define PROCORE_IMPORT_START  1024

/* A project's key has a token's form, so that one sort finds all conflicts. */
#define PROCORE_IMPORT_PROJECT_KIND  3
#define PROCORE_IMPORT_KEY           (1 + PROCORE_DIGEST_SIZE)


typedef struct {
    size_t          line;
    uint64_t        company;
    uint64_t        project;
    unsigned        has_access:1;
    unsigned        has_refresh:1;
    unsigned char   access[PROCORE_DIGEST_SIZE];
    unsigned char   refresh[PROCORE_DIGEST_SIZE];
    unsigned char   client_len;
    unsigned char  *client;
} procore_import_record_t;


typedef struct {
    unsigned char   key[PROCORE_IMPORT_KEY];
    uint64_t        company;
    size_t          line;
} procore_import_name_t;


typedef struct {
    const procore_scope_options_t  *options;
    procore_import_record_t        *records;
    size_t                          n;
    size_t                          room;
    size_t                          tokens;
    size_t                          projects;
} procore_import_t;


static procore_import_record_t *
procore_import_push(procore_import_t *import)
{
    size_t                    room;
    procore_import_record_t  *records;

    if (import->n == import->room) {
        room = import->room ? import->room * 2 : PROCORE_IMPORT_START;

        if (room > PROCORE_IMPORT_MAX) {
            return NULL;
        }

        records = realloc(import->records,
                          room * sizeof(procore_import_record_t));
        if (records == NULL) {
            return NULL;
        }

        import->records = records;
        import->room = room;
    }

    memset(&import->records[import->n], 0, sizeof(procore_import_record_t));

    return &import->records[import->n++];
}


/* From the text of a line to its record: of tokens only digests stay. */

static int
procore_import_keep(procore_import_t *import, size_t number,
    const procore_import_line_t *line)
{
    procore_import_record_t        *record;
    const procore_scope_options_t  *options;

    options = import->options;

    record = procore_import_push(import);
    if (record == NULL) {
        return procore_scope_fail(options, number, "too many lines, or no "
                                                   "memory for them");
    }

    record->line = number;
    record->company = line->company;
    record->project = line->project;
    record->has_access = (line->access.data != NULL);
    record->has_refresh = (line->refresh.data != NULL);

    if (line->client.data != NULL) {
        record->client = malloc(line->client.len);

        if (record->client == NULL) {
            return procore_scope_fail(options, number, "no memory");
        }

        memcpy(record->client, line->client.data, line->client.len);
        record->client_len = (unsigned char) line->client.len;
    }

    if ((record->has_access
         && procore_digest_token(options->realm_id, line->access.data,
                                 line->access.len, record->access)
            != PROCORE_OK)
        || (record->has_refresh
            && procore_digest_token(options->realm_id, line->refresh.data,
                                    line->refresh.len, record->refresh)
               != PROCORE_OK))
    {
        return procore_scope_fail(options, number, "no SHA-256");
    }

    if (line->project != 0) {
        import->projects++;

    } else {
        import->tokens += record->has_access + record->has_refresh;
    }

    return PROCORE_SCOPE_DONE;
}


/* -1: end of file, -2: too long, else the number of bytes. */

static ssize_t
procore_import_get(FILE *in, unsigned char *line)
{
    int     c;
    size_t  len;

    len = 0;

    while ((c = getc_unlocked(in)) != EOF && c != '\n') {

        if (len == PROCORE_IMPORT_LINE_MAX) {
            return -2;
        }

        line[len++] = (unsigned char) c;
    }

    return c == EOF && len == 0 ? -1 : (ssize_t) len;
}


static int
procore_import_read(procore_import_t *import, FILE *in)
{
    int                     rc;
    size_t                  number;
    ssize_t                 len;
    const char             *why;
    unsigned char           text[PROCORE_IMPORT_LINE_MAX];
    procore_import_line_t   line;

    for (number = 1; (len = procore_import_get(in, text)) != -1; number++) {

        if (len == -2) {
            return procore_scope_fail(import->options, number,
                                      "the line is longer than %d bytes",
                                      PROCORE_IMPORT_LINE_MAX);
        }

        rc = procore_import_line(text, (size_t) len, &line, &why);

        if (rc == PROCORE_NOT_FOUND) {
            continue;
        }

        if (rc != PROCORE_OK) {
            return procore_scope_fail(import->options, number, "%s", why);
        }

        rc = procore_import_keep(import, number, &line);
        if (rc != PROCORE_SCOPE_DONE) {
            return rc;
        }
    }

    if (ferror(in)) {
        return procore_scope_fail(import->options, number, "cannot read: %s",
                                  strerror(errno));
    }

    return PROCORE_SCOPE_DONE;
}


static int
procore_import_compare(const void *a, const void *b)
{
    int                           order;
    const procore_import_name_t  *one, *two;

    one = a;
    two = b;
    order = memcmp(one->key, two->key, PROCORE_IMPORT_KEY);

    if (order != 0) {
        return order;
    }

    return (one->line > two->line) - (one->line < two->line);
}


static void
procore_import_name(procore_import_name_t *name, unsigned kind,
    const void *data, size_t len, const procore_import_record_t *record)
{
    memset(name, 0, sizeof(procore_import_name_t));

    name->key[0] = (unsigned char) kind;
    memcpy(name->key + 1, data, len);
    name->company = record->company;
    name->line = record->line;
}


/* Nothing may stand for two companies in the file. */

static int
procore_import_check_file(procore_import_t *import)
{
    size_t                    i, n;
    procore_import_name_t    *names, *wrong;
    procore_import_record_t  *r;

    names = calloc(import->tokens + import->projects + 1,
                   sizeof(procore_import_name_t));
    if (names == NULL) {
        return procore_scope_fail(import->options, 0, "no memory");
    }

    n = 0;

    for (r = import->records; r < import->records + import->n; r++) {

        if (r->has_access) {
            procore_import_name(&names[n++], PROCORE_TOKEN_ACCESS, r->access,
                                PROCORE_DIGEST_SIZE, r);
        }

        if (r->has_refresh) {
            procore_import_name(&names[n++], PROCORE_TOKEN_REFRESH, r->refresh,
                                PROCORE_DIGEST_SIZE, r);
        }

        if (r->project != 0) {
            procore_import_name(&names[n++], PROCORE_IMPORT_PROJECT_KIND,
                                &r->project, sizeof(r->project), r);
        }
    }

    qsort(names, n, sizeof(procore_import_name_t), procore_import_compare);

    wrong = NULL;

    for (i = 1; i < n; i++) {
        if (memcmp(names[i - 1].key, names[i].key, PROCORE_IMPORT_KEY) == 0
            && names[i - 1].company != names[i].company
            && (wrong == NULL || names[i].line < wrong->line))
        {
            wrong = &names[i];
        }
    }

    if (wrong != NULL) {
        (void) procore_scope_fail(import->options, wrong->line,
                                  "the same %s has another company in line "
                                  "%zu",
                                  wrong->key[0] == PROCORE_IMPORT_PROJECT_KIND
                                  ? "project" : "token", wrong[-1].line);
    }

    free(names);

    return wrong ? PROCORE_SCOPE_FAILED : PROCORE_SCOPE_DONE;
}


static int
procore_import_refuse(procore_import_t *import,
    const procore_import_record_t *record, int rc,
    const procore_token_t *token)
{
    const procore_scope_options_t  *options;

    options = import->options;

    if (rc == PROCORE_CORRUPT) {
        return procore_scope_fail(options, record->line,
                                  "the store's record is damaged");
    }

    if (rc != PROCORE_OK && rc != PROCORE_CONFLICT) {
        return procore_scope_fail(options, record->line,
                                  "the store cannot be read or written");
    }

    if (token->state == PROCORE_FAMILY_WITHDRAWN) {
        return procore_scope_fail(options, record->line,
                                  "the token was withdrawn for good");
    }

    return procore_scope_fail(options, record->line,
                              "the token is bound to company %" PRIu64
                              " already", token->company);
}


static int
procore_import_check_token(procore_import_t *import, procore_store_t *store,
    const procore_import_record_t *record, procore_token_kind_e kind,
    const unsigned char *digest)
{
    int              rc;
    procore_token_t  token;

    rc = procore_store_token(store, kind, digest, &token);

    if (rc == PROCORE_NOT_FOUND
        || (rc == PROCORE_OK && token.state == PROCORE_FAMILY_UNBOUND)
        || (rc == PROCORE_OK && token.state == PROCORE_FAMILY_BOUND
            && token.company == record->company))
    {
        return PROCORE_SCOPE_DONE;
    }

    return procore_import_refuse(import, record, rc, &token);
}


/* A list of Procore's that still holds is not overruled by a file. */

static int
procore_import_check_project(procore_import_t *import, procore_store_t *store,
    const procore_import_record_t *record)
{
    int                rc;
    uint64_t           now;
    procore_project_t  project;

    rc = procore_store_project(store, import->options->realm_id,
                               record->project, &project);

    now = (uint64_t) time(NULL);

    if (rc == PROCORE_NOT_FOUND || rc == PROCORE_CORRUPT
        || (rc == PROCORE_OK
            && (project.company == record->company
                || (project.valid_for != 0 && now > project.learnt_at
                    && now - project.learnt_at > project.valid_for))))
    {
        return PROCORE_SCOPE_DONE;
    }

    if (rc != PROCORE_OK) {
        return procore_import_refuse(import, record, rc, NULL);
    }

    return procore_scope_fail(import->options, record->line,
                              "the project belongs to company %" PRIu64
                              " already", project.company);
}


static int
procore_import_check_store(procore_import_t *import, procore_store_t *store)
{
    int                       rc;
    procore_import_record_t  *r;

    rc = PROCORE_SCOPE_DONE;

    for (r = import->records;
         r < import->records + import->n && rc == PROCORE_SCOPE_DONE;
         r++)
    {
        if (procore_store_begin(store) != PROCORE_OK) {
            return procore_import_refuse(import, r, PROCORE_ERROR, NULL);
        }

        if (r->has_access) {
            rc = procore_import_check_token(import, store, r,
                                            PROCORE_TOKEN_ACCESS, r->access);
        }

        if (r->has_refresh && rc == PROCORE_SCOPE_DONE) {
            rc = procore_import_check_token(import, store, r,
                                            PROCORE_TOKEN_REFRESH, r->refresh);
        }

        if (r->project != 0) {
            rc = procore_import_check_project(import, store, r);
        }

        procore_store_end(store);
    }

    return rc;
}


static void
procore_import_operation(const procore_import_t *import,
    const procore_import_record_t *record, procore_store_op_t *op)
{
    memset(op, 0, sizeof(procore_store_op_t));

    memcpy(op->realm, import->options->realm_id, PROCORE_REALM_SIZE);
    op->now = (uint64_t) time(NULL);
    op->company = record->company;

    if (record->project != 0) {
        op->type = PROCORE_STORE_PROJECTS;
        op->projects = &record->project;
        op->nprojects = 1;
        return;
    }

    op->type = PROCORE_STORE_FAMILY;
    op->way = PROCORE_WAY_IMPORT;
    op->has_access = record->has_access;
    op->has_refresh = record->has_refresh;
    memcpy(op->access, record->access, PROCORE_DIGEST_SIZE);
    memcpy(op->refresh, record->refresh, PROCORE_DIGEST_SIZE);

    if (record->client_len != 0) {
        op->client_len = record->client_len;
        memcpy(op->client, record->client, record->client_len);
    }
}


/* What happened between the check and the write: nginx bound it meanwhile. */

static int
procore_import_confirm(procore_import_t *import, size_t from, size_t n,
    const procore_store_op_t *ops)
{
    int                             rc;
    size_t                          i, written;
    const procore_import_record_t  *first;

    first = NULL;
    written = from;
    rc = PROCORE_SCOPE_DONE;

    for (i = 0; i < n; i++) {

        if (ops[i].rc == PROCORE_OK
            && (ops[i].type == PROCORE_STORE_PROJECTS
                || ops[i].bound.state == PROCORE_FAMILY_BOUND))
        {
            written++;
            continue;
        }

        if (first == NULL) {
            first = &import->records[from + i];
            rc = procore_import_refuse(import, first, ops[i].rc,
                                       &ops[i].bound);
        }
    }

    if (first != NULL) {
        fprintf(stderr, "procore-scope: bound meanwhile; %zu of %zu records "
                "were written\n", written, import->n);
    }

    return rc;
}


static int
procore_import_write(procore_import_t *import, procore_store_t *store)
{
    int                  rc;
    char                 error[PROCORE_STORE_ERROR_TEXT];
    size_t               i, n, from;
    procore_store_op_t  *ops, *group[PROCORE_STORE_GROUP];

    ops = calloc(PROCORE_STORE_GROUP, sizeof(procore_store_op_t));
    if (ops == NULL) {
        return procore_scope_fail(import->options, 0, "no memory");
    }

    rc = PROCORE_SCOPE_DONE;

    for (from = 0; from < import->n && rc == PROCORE_SCOPE_DONE; from += n) {

        n = import->n - from;

        if (n > PROCORE_STORE_GROUP) {
            n = PROCORE_STORE_GROUP;
        }

        for (i = 0; i < n; i++) {
            procore_import_operation(import, &import->records[from + i],
                                     &ops[i]);
            group[i] = &ops[i];
        }

        if (procore_store_write(store, group, n, error) != PROCORE_OK) {
            rc = procore_scope_fail(import->options, 0,
                                    "%s; %zu of %zu records were written",
                                    error, from, import->n);
            break;
        }

        rc = procore_import_confirm(import, from, n, ops);
    }

    free(ops);

    return rc;
}


static int
procore_import_run(procore_import_t *import, FILE *in)
{
    int               rc;
    procore_store_t  *store;

    rc = procore_import_read(import, in);

    if (rc == PROCORE_SCOPE_DONE) {
        rc = procore_import_check_file(import);
    }

    if (rc == PROCORE_SCOPE_DONE) {
        rc = procore_scope_open(import->options, 1, &store);
    }

    if (rc != PROCORE_SCOPE_DONE) {
        return rc;
    }

    rc = procore_import_check_store(import, store);

    if (rc == PROCORE_SCOPE_DONE) {
        rc = procore_import_write(import, store);
    }

    procore_store_close(store);

    return rc;
}


int
procore_scope_import(int argc, char **argv)
{
    int                       rc;
    FILE                     *in;
    size_t                    i;
    const char               *name;
    procore_import_t          import;
    procore_scope_options_t   options;

    rc = procore_scope_parse(argc, argv, &options);
    if (rc != PROCORE_SCOPE_GO_ON) {
        return rc;
    }

    if (options.access_file != NULL || options.refresh_file != NULL) {
        return procore_scope_usage("import takes its tokens from FILE");
    }

    if (options.narguments != 1) {
        return procore_scope_usage("import wants one FILE");
    }

    name = options.arguments[0];
    in = strcmp(name, "-") == 0 ? stdin : fopen(name, "re");

    if (in == NULL) {
        return procore_scope_fail(&options, 0, "%s: %s", name,
                                  strerror(errno));
    }

    memset(&import, 0, sizeof(import));
    import.options = &options;

    rc = procore_import_run(&import, in);

    if (rc == PROCORE_SCOPE_DONE) {
        printf(options.json ? "{\"tokens\": %zu, \"projects\": %zu}\n"
                            : "imported: %zu tokens, %zu projects\n",
               import.tokens, import.projects);
    }

    for (i = 0; i < import.n; i++) {
        free(import.records[i].client);
    }

    free(import.records);

    if (in != stdin) {
        (void) fclose(in);
    }

    return rc;
}


/*
 * A whole import: reading it, and what contradicts itself in it.
 */


#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../crypto/procore_seal.h"
#include "procore_import.h"


#define PROCORE_IMPORT_START  256     /* records, at first */

/* A project's key has a token's form, so that one sort finds all conflicts. */
#define PROCORE_IMPORT_PROJECT_KIND  3
#define PROCORE_IMPORT_KEY           (1 + PROCORE_DIGEST_SIZE)


/* Of tokens only digests stay. */

struct procore_import_record_s {
    size_t                  line;
    procore_line_e          shape;
    uint64_t                company;
    uint64_t                project;
    uint64_t                user;
    uint64_t                bound_at;
    uint64_t                expires_at;
    uint64_t                written_at;    /* a project's "learnt_at" */
    uint64_t                valid_for;
    procore_family_state_e  state;
    procore_way_e           way;
    unsigned                has_access:1;
    unsigned                has_refresh:1;
    unsigned                used:1;
    unsigned char           access[PROCORE_DIGEST_SIZE];
    unsigned char           refresh[PROCORE_DIGEST_SIZE];
    unsigned char           family[PROCORE_FAMILY_SIZE];
    unsigned char           client_len;
    unsigned char          *client;
};


typedef struct {
    unsigned char  key[PROCORE_IMPORT_KEY];
    uint64_t       company;
    size_t         line;
} procore_import_name_t;


__attribute__((format(printf, 4, 5)))
static int
procore_import_fail(procore_import_t *import, int rc, size_t line,
    const char *fmt, ...)
{
    va_list  args;

    import->line = line;

    va_start(args, fmt);

    if (vsnprintf(import->why, PROCORE_IMPORT_WHY, fmt, args) < 0) {
        import->why[0] = '\0';
    }

    va_end(args);

    return rc;
}


procore_import_t *
procore_import_new(const unsigned char realm[PROCORE_REALM_SIZE], size_t max)
{
    procore_import_t  *import;

    import = calloc(1, sizeof(procore_import_t));

    if (import != NULL) {
        memcpy(import->realm, realm, PROCORE_REALM_SIZE);
        import->max = max;
    }

    return import;
}


void
procore_import_free(procore_import_t *import)
{
    size_t  i;

    if (import == NULL) {
        return;
    }

    for (i = 0; i < import->n; i++) {
        free(import->records[i].client);
    }

    procore_wipe(import->text, sizeof(import->text));

    free(import->records);
    free(import);
}


static procore_import_record_t *
procore_import_push(procore_import_t *import)
{
    size_t                    room;
    procore_import_record_t  *records;

    if (import->n == import->room) {
        room = import->room ? import->room * 2 : PROCORE_IMPORT_START;

        if (room > import->max) {
            room = import->max;
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


static int
procore_import_digests(procore_import_t *import,
    procore_import_record_t *record, const procore_import_line_t *line)
{
    record->has_access = (line->access.data != NULL);
    record->has_refresh = (line->refresh.data != NULL);

    if (line->shape == PROCORE_LINE_RECORD) {
        record->has_access = (line->kind == PROCORE_TOKEN_ACCESS);
        record->has_refresh = !record->has_access;
        memcpy(record->has_access ? record->access : record->refresh,
               line->token, PROCORE_DIGEST_SIZE);
        memcpy(record->family, line->family, PROCORE_FAMILY_SIZE);

        return PROCORE_OK;
    }

    if ((record->has_access
         && procore_digest_token(import->realm, line->access.data,
                                 line->access.len, record->access)
            != PROCORE_OK)
        || (record->has_refresh
            && procore_digest_token(import->realm, line->refresh.data,
                                    line->refresh.len, record->refresh)
               != PROCORE_OK))
    {
        return PROCORE_ERROR;
    }

    return PROCORE_OK;
}


static int
procore_import_keep(procore_import_t *import,
    const procore_import_line_t *line)
{
    procore_import_record_t  *record;

    if (import->n == import->max) {
        return procore_import_fail(import, PROCORE_TOO_LARGE, import->number,
                                   "too many lines, %zu is the most",
                                   import->max);
    }

    record = procore_import_push(import);

    if (record == NULL) {
        return procore_import_fail(import, PROCORE_ERROR, import->number,
                                   "no memory");
    }

    record->line = import->number;
    record->shape = line->shape;
    record->company = line->company;
    record->project = line->project;
    record->user = line->user;
    record->bound_at = line->paused_at ? line->paused_at : line->bound_at;
    record->expires_at = line->expires_at;
    record->written_at = line->project ? line->learnt_at : line->written_at;
    record->valid_for = line->valid_for;
    record->state = line->state;
    record->way = line->way;
    record->used = line->used;

    if (line->client.len != 0) {
        record->client = malloc(line->client.len);

        if (record->client == NULL) {
            return procore_import_fail(import, PROCORE_ERROR, import->number,
                                       "no memory");
        }

        memcpy(record->client, line->client.data, line->client.len);
        record->client_len = (unsigned char) line->client.len;
    }

    import->projects += (line->shape == PROCORE_LINE_PROJECT);
    import->clients += (line->shape == PROCORE_LINE_PAUSE);

    if (procore_import_digests(import, record, line) != PROCORE_OK) {
        return procore_import_fail(import, PROCORE_ERROR, import->number,
                                   "no SHA-256");
    }

    import->tokens += record->has_access + record->has_refresh;

    return PROCORE_OK;
}


/* The line in import->text. */

static int
procore_import_take(procore_import_t *import)
{
    int                     rc;
    const char             *why;
    procore_import_line_t   line;

    import->number++;

    rc = procore_import_line(import->text, import->len, &line, &why);

    if (rc == PROCORE_MALFORMED) {
        return procore_import_fail(import, rc, import->number, "%s", why);
    }

    import->len = 0;

    if (rc == PROCORE_NOT_FOUND) {
        return PROCORE_OK;
    }

    if (line.shape == PROCORE_LINE_NAME) {
        return procore_import_fail(import, PROCORE_MALFORMED, import->number,
                                   "company_id is missing");
    }

    if (line.shape == PROCORE_LINE_REFERENCE) {
        return procore_import_fail(import, PROCORE_MALFORMED, import->number,
                                   "a token's digest alone cannot be imported");
    }

    if (line.has_realm
        && memcmp(line.realm, import->realm, PROCORE_REALM_SIZE) != 0)
    {
        return procore_import_fail(import, PROCORE_MALFORMED, import->number,
                                   "it was exported from another realm");
    }

    return procore_import_keep(import, &line);
}


int
procore_import_feed(procore_import_t *import, const unsigned char *data,
    size_t len)
{
    int                   rc;
    size_t                n;
    const unsigned char  *end;

    while (len > 0) {

        end = memchr(data, '\n', len);
        n = end ? (size_t) (end - data) : len;

        if (n > PROCORE_IMPORT_LINE_MAX - import->len) {
            return procore_import_fail(import, PROCORE_MALFORMED,
                                       import->number + 1,
                                       "the line is longer than %d bytes",
                                       PROCORE_IMPORT_LINE_MAX);
        }

        memcpy(import->text + import->len, data, n);
        import->len += n;

        if (end == NULL) {
            return PROCORE_OK;
        }

        rc = procore_import_take(import);
        if (rc != PROCORE_OK) {
            return rc;
        }

        data += n + 1;
        len -= n + 1;
    }

    return PROCORE_OK;
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


static size_t
procore_import_names(const procore_import_t *import,
    procore_import_name_t *names)
{
    size_t                          i, n;
    const procore_import_record_t  *r;

    n = 0;

    for (i = 0; i < import->n; i++) {
        r = &import->records[i];

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

    return n;
}


int
procore_import_finish(procore_import_t *import)
{
    int                     rc;
    size_t                  i, n;
    procore_import_name_t  *names, *wrong;

    if (import->len > 0) {
        rc = procore_import_take(import);
        if (rc != PROCORE_OK) {
            return rc;
        }
    }

    names = calloc(import->tokens + import->projects + 1,
                   sizeof(procore_import_name_t));
    if (names == NULL) {
        return procore_import_fail(import, PROCORE_ERROR, 0, "no memory");
    }

    n = procore_import_names(import, names);

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

    rc = PROCORE_OK;

    if (wrong != NULL) {
        rc = procore_import_fail(import, PROCORE_CONFLICT, wrong->line,
                                 "the same %s has another company in line %zu",
                                 wrong->key[0] == PROCORE_IMPORT_PROJECT_KIND
                                 ? "project" : "token", wrong[-1].line);
    }

    free(names);

    return rc;
}


static int
procore_import_refuse(procore_import_t *import,
    const procore_import_record_t *record, int rc,
    const procore_token_t *token)
{
    if (rc == PROCORE_CORRUPT) {
        return procore_import_fail(import, rc, record->line,
                                   "the store's record is damaged");
    }

    if (rc != PROCORE_OK && rc != PROCORE_CONFLICT) {
        return procore_import_fail(import, PROCORE_ERROR, record->line,
                                   "the store cannot be read or written");
    }

    if (token->state == PROCORE_FAMILY_WITHDRAWN) {
        return procore_import_fail(import, PROCORE_CONFLICT, record->line,
                                   "the token was withdrawn for good");
    }

    return procore_import_fail(import, PROCORE_CONFLICT, record->line,
                               "the token is bound to company %" PRIu64
                               " already", token->company);
}


static int
procore_import_check_token(procore_import_t *import, procore_store_t *store,
    const procore_import_record_t *record, procore_token_kind_e kind)
{
    int              rc;
    procore_token_t  token;

    rc = procore_store_token(store, kind,
                             kind == PROCORE_TOKEN_ACCESS ? record->access
                                                          : record->refresh,
                             &token);

    if (rc == PROCORE_NOT_FOUND) {
        return PROCORE_OK;
    }

    if (rc == PROCORE_OK
        && (token.state == PROCORE_FAMILY_UNBOUND
            || record->state == PROCORE_FAMILY_WITHDRAWN
            || (token.state == PROCORE_FAMILY_BOUND
                && (token.company == record->company
                    || record->company == 0))))
    {
        return PROCORE_OK;
    }

    return procore_import_refuse(import, record, rc, &token);
}


/* A list of Procore's that still holds is not overruled by a file. */

static int
procore_import_check_project(procore_import_t *import, procore_store_t *store,
    const procore_import_record_t *record, uint64_t now)
{
    int                rc;
    procore_project_t  project;

    rc = procore_store_project(store, import->realm, record->project,
                               &project);

    if (rc == PROCORE_NOT_FOUND || rc == PROCORE_CORRUPT
        || (rc == PROCORE_OK
            && (project.company == record->company
                || (project.valid_for != 0 && now > project.learnt_at
                    && now - project.learnt_at > project.valid_for))))
    {
        return PROCORE_OK;
    }

    if (rc != PROCORE_OK) {
        return procore_import_refuse(import, record, rc, NULL);
    }

    return procore_import_fail(import, PROCORE_CONFLICT, record->line,
                               "the project belongs to company %" PRIu64
                               " already", project.company);
}


int
procore_import_check(procore_import_t *import, procore_store_t *store,
    size_t from, size_t n, uint64_t now)
{
    int                             rc;
    size_t                          i;
    const procore_import_record_t  *r;

    rc = PROCORE_OK;

    for (i = from; i < import->n && i - from < n && rc == PROCORE_OK; i++) {

        r = &import->records[i];

        if (r->has_access) {
            rc = procore_import_check_token(import, store, r,
                                            PROCORE_TOKEN_ACCESS);
        }

        if (r->has_refresh && rc == PROCORE_OK) {
            rc = procore_import_check_token(import, store, r,
                                            PROCORE_TOKEN_REFRESH);
        }

        if (r->project != 0) {
            rc = procore_import_check_project(import, store, r, now);
        }
    }

    return rc;
}


static void
procore_import_project_op(const procore_import_record_t *record,
    uint64_t now, procore_store_op_t *op)
{
    uint64_t  age;

    op->type = PROCORE_STORE_PROJECTS;
    op->projects = &record->project;
    op->nprojects = 1;

    if (record->valid_for == 0) {
        return;
    }

    /* what is left of its time; what has run out is nothing to write */

    age = now > record->written_at ? now - record->written_at : 0;

    if (age >= record->valid_for) {
        op->nprojects = 0;
        return;
    }

    op->valid_for = record->valid_for - age;
}


void
procore_import_operation(const procore_import_t *import, size_t i,
    uint64_t now, procore_store_op_t *op)
{
    const procore_import_record_t  *record;

    record = &import->records[i];

    memset(op, 0, sizeof(procore_store_op_t));

    memcpy(op->realm, import->realm, PROCORE_REALM_SIZE);
    op->now = now;
    op->company = record->company;

    if (record->client_len != 0) {
        op->client_len = record->client_len;
        memcpy(op->client, record->client, record->client_len);
    }

    if (record->shape == PROCORE_LINE_PROJECT) {
        procore_import_project_op(record, now, op);
        return;
    }

    if (record->shape == PROCORE_LINE_PAUSE) {
        op->type = PROCORE_STORE_PAUSE;
        op->bound_at = record->bound_at;
        return;
    }

    op->has_access = record->has_access;
    op->has_refresh = record->has_refresh;
    memcpy(op->access, record->access, PROCORE_DIGEST_SIZE);
    memcpy(op->refresh, record->refresh, PROCORE_DIGEST_SIZE);

    if (record->shape == PROCORE_LINE_TOKEN) {
        op->type = PROCORE_STORE_FAMILY;
        op->way = PROCORE_WAY_IMPORT;
        return;
    }

    op->type = PROCORE_STORE_RESTORE;
    op->way = record->way;
    op->state = record->state;
    op->user = record->user;
    op->bound_at = record->bound_at;
    op->expires_at = record->expires_at;
    op->written_at = record->written_at;
    op->used = record->used;
    memcpy(op->family, record->family, PROCORE_FAMILY_SIZE);
}


int
procore_import_written(procore_import_t *import, size_t i,
    const procore_store_op_t *op)
{
    if (op->rc == PROCORE_OK
        && (op->type != PROCORE_STORE_FAMILY
            || op->bound.state == PROCORE_FAMILY_BOUND))
    {
        return PROCORE_OK;
    }

    return procore_import_refuse(import, &import->records[i], op->rc,
                                 &op->bound);
}

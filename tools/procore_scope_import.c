
/*
 * The command "import": tokens and projects that the operator vouches for, and
 * what another store has exported.
 */


#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <errno.h>
#include <string.h>
#include <stdlib.h>
#include <time.h>

#include "../src/admin/procore_import.h"
#include "procore_scope_changes.h"


/* Records kept in memory while the file is checked, some 200 bytes each. */
#define PROCORE_SCOPE_IMPORT_MAX   16777216

/* Read at once, bytes. */
#define PROCORE_SCOPE_IMPORT_READ  65536

/* Records that are looked at within one snapshot. */
#define PROCORE_SCOPE_IMPORT_LOOK  500


static int
procore_scope_import_fail(const procore_scope_options_t *options,
    const procore_import_t *import)
{
    return procore_scope_fail(options, import->line, "%s", import->why);
}


static int
procore_scope_import_read(const procore_scope_options_t *options,
    procore_import_t *import, FILE *in)
{
    int             rc;
    size_t          n;
    unsigned char   data[PROCORE_SCOPE_IMPORT_READ];

    do {
        n = fread(data, 1, sizeof(data), in);
        rc = procore_import_feed(import, data, n);
    } while (n > 0 && rc == PROCORE_OK);

    if (ferror(in)) {
        return procore_scope_fail(options, import->number + 1,
                                  "cannot read: %s", strerror(errno));
    }

    if (rc == PROCORE_OK) {
        rc = procore_import_finish(import);
    }

    return rc == PROCORE_OK ? PROCORE_SCOPE_DONE
                            : procore_scope_import_fail(options, import);
}


static int
procore_scope_import_check(const procore_scope_options_t *options,
    procore_import_t *import, procore_store_t *store)
{
    int     rc;
    size_t  from;

    for (from = 0; from < import->n; from += PROCORE_SCOPE_IMPORT_LOOK) {

        if (procore_store_begin(store) != PROCORE_OK) {
            return procore_scope_fail(options, 0, "the store cannot be read");
        }

        rc = procore_import_check(import, store, from,
                                  PROCORE_SCOPE_IMPORT_LOOK,
                                  (uint64_t) time(NULL));
        procore_store_end(store);

        if (rc != PROCORE_OK) {
            return procore_scope_import_fail(options, import);
        }
    }

    return PROCORE_SCOPE_DONE;
}


/* What happened between the check and the write: nginx bound it meanwhile. */

static int
procore_scope_import_confirm(const procore_scope_options_t *options,
    procore_import_t *import, size_t from, size_t n,
    const procore_store_op_t *ops)
{
    int     rc;
    size_t  i, written;

    written = from;
    rc = PROCORE_SCOPE_DONE;

    for (i = 0; i < n; i++) {

        if (procore_import_written(import, from + i, &ops[i]) == PROCORE_OK) {
            written++;

        } else if (rc == PROCORE_SCOPE_DONE) {
            rc = procore_scope_import_fail(options, import);
        }
    }

    if (rc != PROCORE_SCOPE_DONE) {
        fprintf(stderr, "procore-scope: bound meanwhile; %zu of %zu records "
                "were written\n", written, import->n);
    }

    return rc;
}


static int
procore_scope_import_write(const procore_scope_options_t *options,
    procore_import_t *import, procore_store_t *store)
{
    int                  rc;
    char                 error[PROCORE_STORE_ERROR_TEXT];
    size_t               i, n, from;
    procore_store_op_t  *ops, *group[PROCORE_STORE_GROUP];

    ops = calloc(PROCORE_STORE_GROUP, sizeof(procore_store_op_t));
    if (ops == NULL) {
        return procore_scope_fail(options, 0, "no memory");
    }

    rc = PROCORE_SCOPE_DONE;

    for (from = 0; from < import->n && rc == PROCORE_SCOPE_DONE; from += n) {

        n = import->n - from;

        if (n > PROCORE_STORE_GROUP) {
            n = PROCORE_STORE_GROUP;
        }

        for (i = 0; i < n; i++) {
            procore_import_operation(import, from + i, (uint64_t) time(NULL),
                                     &ops[i]);
            group[i] = &ops[i];
        }

        if (procore_scope_write(options, store, group, n, error)
            != PROCORE_OK)
        {
            rc = procore_scope_fail(options, 0,
                                    "%s; %zu of %zu records were written",
                                    error, from, import->n);
            break;
        }

        rc = procore_scope_import_confirm(options, import, from, n, ops);
    }

    free(ops);

    return rc;
}


static int
procore_scope_import_run(const procore_scope_options_t *options,
    procore_import_t *import, FILE *in)
{
    int               rc;
    procore_store_t  *store;

    rc = procore_scope_import_read(options, import, in);

    if (rc == PROCORE_SCOPE_DONE) {
        rc = procore_scope_open(options, 1, &store);
    }

    if (rc != PROCORE_SCOPE_DONE) {
        return rc;
    }

    rc = procore_scope_import_check(options, import, store);

    if (rc == PROCORE_SCOPE_DONE) {
        rc = procore_scope_import_write(options, import, store);
    }

    procore_store_close(store);

    return rc;
}


static void
procore_scope_import_told(const procore_scope_options_t *options,
    const procore_import_t *import)
{
    if (options->json) {
        printf("{\"tokens\": %zu, \"projects\": %zu, \"clients\": %zu}\n",
               import->tokens, import->projects, import->clients);
        return;
    }

    printf("imported: %zu tokens, %zu projects", import->tokens,
           import->projects);

    if (import->clients != 0) {
        printf(", %zu paused clients", import->clients);
    }

    putchar('\n');
}


int
procore_scope_import(int argc, char **argv)
{
    int                       rc;
    FILE                     *in;
    const char               *name;
    procore_import_t         *import;
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

    import = procore_import_new(options.realm_id, PROCORE_SCOPE_IMPORT_MAX);

    rc = import ? procore_scope_import_run(&options, import, in)
                : procore_scope_fail(&options, 0, "no memory");

    if (rc == PROCORE_SCOPE_DONE) {
        procore_scope_import_told(&options, import);
    }

    procore_import_free(import);

    if (in != stdin) {
        (void) fclose(in);
    }

    return rc;
}


/*
 * The commands that change the store: a binding set, bindings ended, projects
 * forgotten, a client paused.
 */


#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "procore_scope_admin.h"


typedef struct {
    procore_listed_family_t    families[PROCORE_SCOPE_PAGE];
    procore_listed_project_t   projects[PROCORE_SCOPE_PAGE];
    uint64_t                   ids[PROCORE_SCOPE_PAGE];
    procore_store_op_t         ops[PROCORE_SCOPE_PAGE];
    procore_store_op_t        *group[PROCORE_SCOPE_PAGE];
} procore_scope_many_t;


static int
procore_scope_counted(const procore_scope_admin_t *admin, const char *what,
    uint64_t n)
{
    printf(admin->options.json ? "{\"%s\": %" PRIu64 "}\n"
                               : "%s: %" PRIu64 "\n", what, n);

    return PROCORE_SCOPE_DONE;
}


/* What became of one binding, as "list" would show it. */

static int
procore_scope_changed(procore_scope_admin_t *admin, procore_store_op_t *op)
{
    int                       rc;
    char                     *end, text[PROCORE_ADMIN_LINE];
    procore_listed_family_t   family;

    if (op->rc == PROCORE_NOT_FOUND) {
        return procore_scope_fail(&admin->options, 0, "no such binding in "
                                  "this realm");
    }

    if (op->rc == PROCORE_CONFLICT) {
        return procore_scope_fail(&admin->options, 0, "this binding has ended "
                                  "for good; the token must be authorized "
                                  "again");
    }

    if (op->rc != PROCORE_OK) {
        return procore_scope_fail(&admin->options, 0, "the record is damaged");
    }

    if (procore_store_begin(admin->store) != PROCORE_OK) {
        return procore_scope_fail(&admin->options, 0, "cannot read the store");
    }

    rc = procore_store_family(admin->store, op->realm, op->bound.family,
                              &family);
    procore_store_end(admin->store);

    if (rc == PROCORE_OK) {
        end = procore_admin_family(text, &family);
        procore_scope_admin_print(admin, text, (size_t) (end - text));
    }

    return PROCORE_SCOPE_DONE;
}


/* The token of a file or of standard input, of one kind or of either. */

static int
procore_scope_file_target(procore_scope_admin_t *admin,
    procore_store_op_t *op)
{
    int  rc;

    rc = procore_scope_read_token(&admin->options, op->access);

    op->has_access = admin->options.refresh_file == NULL;
    op->has_refresh = admin->options.access_file == NULL;
    memcpy(op->refresh, op->access, PROCORE_DIGEST_SIZE);

    return rc;
}


/* One binding: its token is read before the user becomes another one. */

static int
procore_scope_one(procore_scope_admin_t *admin, procore_store_op_t *op)
{
    int                  rc;
    unsigned             digest;
    procore_store_op_t  *ops;

    ops = op;
    digest = admin->name.has_family || admin->name.token_len != 0;
    rc = PROCORE_SCOPE_DONE;

    if (!digest) {
        rc = procore_scope_file_target(admin, op);
    }

    if (rc == PROCORE_SCOPE_DONE) {
        rc = procore_scope_open(&admin->options, 0, &admin->store);
    }

    if (rc != PROCORE_SCOPE_DONE) {
        return rc;
    }

    if (digest) {
        rc = procore_scope_admin_target(admin, op);
    }

    if (rc == PROCORE_SCOPE_DONE) {
        rc = procore_scope_admin_write(admin, &ops, 1);
    }

    if (rc == PROCORE_SCOPE_DONE) {
        rc = procore_scope_changed(admin, op);
    }

    procore_store_close(admin->store);

    return rc;
}


int
procore_scope_bindings_set(int argc, char **argv)
{
    int                    rc;
    procore_store_op_t     op;
    procore_scope_admin_t  admin;

    rc = procore_scope_admin_parse(argc, argv,
                                   PROCORE_SCOPE_OF_COMPANY
                                   | PROCORE_SCOPE_OF_CLIENT
                                   | PROCORE_SCOPE_OF_DIGEST
                                   | PROCORE_SCOPE_OF_FILE, &admin);
    if (rc != PROCORE_SCOPE_GO_ON) {
        return rc;
    }

    if (admin.filter.company == 0) {
        return procore_scope_usage("--company is missing");
    }

    procore_scope_admin_op(&admin, PROCORE_STORE_SET, &op);

    op.company = admin.filter.company;
    op.way = PROCORE_WAY_ADMIN;

    if (admin.filter.client.len != 0) {
        op.client_len = (unsigned char) admin.filter.client.len;
        memcpy(op.client, admin.filter.client.data, op.client_len);
    }

    return procore_scope_one(&admin, &op);
}


/* Page by page, each on the disk before the next is looked for. */

static int
procore_scope_end_many(procore_scope_admin_t *admin,
    procore_scope_many_t *many)
{
    int       rc;
    size_t    i, n;
    uint64_t  ended, damaged;

    ended = damaged = 0;

    while (!admin->cursor.end) {

        if (procore_store_begin(admin->store) != PROCORE_OK) {
            return procore_scope_fail(&admin->options, 0,
                                      "cannot read the store");
        }

        rc = procore_store_families(admin->store, &admin->filter,
                                    &admin->cursor, many->families,
                                    PROCORE_SCOPE_PAGE, &n);
        procore_store_end(admin->store);

        if (rc != PROCORE_OK) {
            return procore_scope_fail(&admin->options, 0,
                                      "cannot read the store");
        }

        for (i = 0; i < n; i++) {
            procore_scope_admin_op(admin, PROCORE_STORE_END, &many->ops[i]);
            many->ops[i].has_family = 1;
            memcpy(many->ops[i].family, many->families[i].id,
                   PROCORE_FAMILY_SIZE);
            many->group[i] = &many->ops[i];
        }

        if (n != 0
            && procore_scope_admin_write(admin, many->group, n)
               != PROCORE_SCOPE_DONE)
        {
            return PROCORE_SCOPE_FAILED;
        }

        for (i = 0; i < n; i++) {
            ended += (many->ops[i].rc == PROCORE_OK);
            damaged += (many->ops[i].rc == PROCORE_CORRUPT);
        }
    }

    (void) procore_scope_counted(admin, "ended", ended);

    return damaged == 0 ? PROCORE_SCOPE_DONE
                        : procore_scope_fail(&admin->options, 0,
                                             "%" PRIu64 " damaged records were "
                                             "left", damaged);
}


static int
procore_scope_forget_many(procore_scope_admin_t *admin,
    procore_scope_many_t *many)
{
    int                  rc;
    size_t               i, n;
    uint64_t             forgotten;
    procore_store_op_t  *op;

    forgotten = 0;
    op = &many->ops[0];

    while (!admin->cursor.end) {

        if (procore_store_begin(admin->store) != PROCORE_OK) {
            return procore_scope_fail(&admin->options, 0,
                                      "cannot read the store");
        }

        rc = procore_store_projects(admin->store, &admin->filter,
                                    &admin->cursor, many->projects,
                                    PROCORE_SCOPE_PAGE, &n);
        procore_store_end(admin->store);

        if (rc != PROCORE_OK) {
            return procore_scope_fail(&admin->options, 0,
                                      "cannot read the store");
        }

        for (i = 0; i < n; i++) {
            many->ids[i] = many->projects[i].id;
        }

        procore_scope_admin_op(admin, PROCORE_STORE_FORGET, op);
        op->company = admin->filter.company;
        op->projects = many->ids;
        op->nprojects = n;

        if (procore_scope_admin_write(admin, &op, 1) != PROCORE_SCOPE_DONE) {
            return PROCORE_SCOPE_FAILED;
        }

        forgotten += op->moved;
    }

    return procore_scope_counted(admin, "forgotten", forgotten);
}


static int
procore_scope_many(procore_scope_admin_t *admin,
    int (*change)(procore_scope_admin_t *admin, procore_scope_many_t *many))
{
    int                    rc;
    procore_scope_many_t  *many;

    many = calloc(1, sizeof(procore_scope_many_t));
    if (many == NULL) {
        return procore_scope_fail(&admin->options, 0, "no memory");
    }

    rc = procore_scope_open(&admin->options, 0, &admin->store);

    if (rc == PROCORE_SCOPE_DONE) {
        rc = change(admin, many);
        procore_store_close(admin->store);
    }

    free(many);

    return rc;
}


int
procore_scope_bindings_end(int argc, char **argv)
{
    int                    rc;
    unsigned               many;
    procore_store_op_t     op;
    procore_scope_admin_t  admin;

    if (!procore_scope_admin_given(argc, argv,
                                   PROCORE_SCOPE_OF_COMPANY
                                   | PROCORE_SCOPE_OF_CLIENT
                                   | PROCORE_SCOPE_OF_DIGEST))
    {
        return procore_scope_end(argc, argv);
    }

    rc = procore_scope_admin_parse(argc, argv,
                                   PROCORE_SCOPE_OF_COMPANY
                                   | PROCORE_SCOPE_OF_CLIENT
                                   | PROCORE_SCOPE_OF_DIGEST, &admin);
    if (rc != PROCORE_SCOPE_GO_ON) {
        return rc;
    }

    many = admin.filter.company != 0 || admin.filter.client.len != 0;

    if (!many) {
        procore_scope_admin_op(&admin, PROCORE_STORE_END, &op);
        return procore_scope_one(&admin, &op);
    }

    if (admin.name.has_family || admin.name.token_len != 0) {
        return procore_scope_usage("one binding, or those of a company or "
                                   "client");
    }

    admin.filter.states = 1u << PROCORE_FAMILY_BOUND
                          | 1u << PROCORE_FAMILY_UNBOUND;

    return procore_scope_many(&admin, procore_scope_end_many);
}


/* One project, or all of a company. */

int
procore_scope_projects_end(int argc, char **argv)
{
    int                    rc;
    procore_store_op_t     op, *ops;
    procore_scope_admin_t  admin;

    rc = procore_scope_admin_parse(argc, argv,
                                   PROCORE_SCOPE_OF_COMPANY
                                   | PROCORE_SCOPE_OF_PROJECT, &admin);
    if (rc != PROCORE_SCOPE_GO_ON) {
        return rc;
    }

    if ((admin.project == 0) == (admin.filter.company == 0)) {
        return procore_scope_usage("--project or --company, one of the two");
    }

    if (admin.project == 0) {
        return procore_scope_many(&admin, procore_scope_forget_many);
    }

    rc = procore_scope_open(&admin.options, 0, &admin.store);
    if (rc != PROCORE_SCOPE_DONE) {
        return rc;
    }

    procore_scope_admin_op(&admin, PROCORE_STORE_FORGET, &op);
    op.projects = &admin.project;
    op.nprojects = 1;
    ops = &op;

    rc = procore_scope_admin_write(&admin, &ops, 1);

    if (rc == PROCORE_SCOPE_DONE) {
        rc = op.moved ? procore_scope_counted(&admin, "forgotten", 1)
                      : procore_scope_fail(&admin.options, 0, "no such project "
                                           "in this realm");
    }

    procore_store_close(admin.store);

    return rc;
}


/* A name that nobody has is a slip of the pen, and the app goes on. */

static void
procore_scope_warn_unknown(procore_scope_admin_t *admin)
{
    int                      rc;
    size_t                   n;
    procore_listed_family_t  family;

    n = 0;

    while (n == 0 && !admin->cursor.end) {

        if (procore_store_begin(admin->store) != PROCORE_OK) {
            return;
        }

        rc = procore_store_families(admin->store, &admin->filter,
                                    &admin->cursor, &family, 1, &n);
        procore_store_end(admin->store);

        if (rc != PROCORE_OK) {
            return;
        }
    }

    if (n == 0) {
        fprintf(stderr, "procore-scope: no token of the client \"%.*s\" is "
                "known here; is the id right?\n",
                (int) admin->filter.client.len,
                (const char *) admin->filter.client.data);
    }
}


static int
procore_scope_client_change(int argc, char **argv, procore_store_op_e type)
{
    int                    rc;
    procore_store_op_t     op, *ops;
    procore_scope_admin_t  admin;

    rc = procore_scope_admin_parse(argc, argv, PROCORE_SCOPE_OF_CLIENT, &admin);
    if (rc != PROCORE_SCOPE_GO_ON) {
        return rc;
    }

    if (admin.filter.client.len == 0) {
        return procore_scope_usage("--client is missing");
    }

    rc = procore_scope_open(&admin.options, 0, &admin.store);
    if (rc != PROCORE_SCOPE_DONE) {
        return rc;
    }

    procore_scope_admin_op(&admin, type, &op);
    op.client_len = (unsigned char) admin.filter.client.len;
    memcpy(op.client, admin.filter.client.data, op.client_len);
    ops = &op;

    rc = procore_scope_admin_write(&admin, &ops, 1);

    if (rc == PROCORE_SCOPE_DONE && type == PROCORE_STORE_PAUSE) {
        procore_scope_warn_unknown(&admin);
    }

    procore_store_close(admin.store);

    if (rc != PROCORE_SCOPE_DONE) {
        return rc;
    }

    if (op.rc != PROCORE_OK) {
        return procore_scope_fail(&admin.options, 0,
                                  op.rc == PROCORE_NOT_FOUND
                                  ? "this client is not paused"
                                  : "the store cannot keep this");
    }

    return procore_scope_counted(&admin, type == PROCORE_STORE_PAUSE
                                         ? "paused" : "resumed", 1);
}


int
procore_scope_clients_pause(int argc, char **argv)
{
    return procore_scope_client_change(argc, argv, PROCORE_STORE_PAUSE);
}


int
procore_scope_clients_resume(int argc, char **argv)
{
    return procore_scope_client_change(argc, argv, PROCORE_STORE_RESUME);
}

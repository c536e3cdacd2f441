
/*
 * The commands that list and export: bindings, projects, clients.
 */


#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <stdlib.h>
#include <string.h>

#include "procore_scope_admin.h"


typedef struct {
    procore_listed_family_t   families[PROCORE_SCOPE_PAGE];
    procore_listed_token_t    tokens[PROCORE_SCOPE_PAGE];
    procore_listed_project_t  projects[PROCORE_SCOPE_PAGE];
    procore_listed_paused_t   pauses[PROCORE_SCOPE_PAGE];
    procore_tally_t           tally;
} procore_scope_list_t;


/*
 * Takes the next page inside of a snapshot, and shows it outside of one:
 * whoever reads the output may be slow.
 */

typedef int (*procore_scope_next_pt)(procore_scope_admin_t *admin,
    procore_scope_list_t *list, size_t room, size_t *n);
typedef void (*procore_scope_show_pt)(procore_scope_admin_t *admin,
    procore_scope_list_t *list, size_t n);


static int
procore_scope_walk(procore_scope_admin_t *admin, procore_scope_list_t *list,
    procore_scope_next_pt next, procore_scope_show_pt show)
{
    int     rc;
    size_t  n, room, left;

    left = admin->limit;
    memset(&admin->cursor, 0, sizeof(procore_list_cursor_t));

    while (!admin->cursor.end && (admin->limit == 0 || left > 0)) {

        room = admin->limit != 0 && left < PROCORE_SCOPE_PAGE
               ? left : PROCORE_SCOPE_PAGE;

        if (procore_store_begin(admin->store) != PROCORE_OK) {
            return procore_scope_fail(&admin->options, 0,
                                      "cannot read the store");
        }

        rc = next(admin, list, room, &n);
        procore_store_end(admin->store);

        if (rc != PROCORE_OK) {
            return procore_scope_fail(&admin->options, 0,
                                      "cannot read the store");
        }

        show(admin, list, n);
        left -= n;
    }

    if (!admin->cursor.end && !admin->options.json) {
        fprintf(stderr, "procore-scope: there may be more; --all lists "
                        "everything\n");
    }

    if (admin->cursor.damaged != 0) {
        fprintf(stderr, "procore-scope: %zu damaged records were passed "
                "over\n", admin->cursor.damaged);
    }

    return PROCORE_SCOPE_DONE;
}


static int
procore_scope_next_families(procore_scope_admin_t *admin,
    procore_scope_list_t *list, size_t room, size_t *n)
{
    return procore_store_families(admin->store, &admin->filter, &admin->cursor,
                                  list->families, room, n);
}


static void
procore_scope_show_families(procore_scope_admin_t *admin,
    procore_scope_list_t *list, size_t n)
{
    char    *end, text[PROCORE_ADMIN_LINE];
    size_t   i;

    for (i = 0; i < n; i++) {
        end = procore_admin_family(text, &list->families[i]);
        procore_scope_admin_print(admin, text, (size_t) (end - text));
    }
}


static int
procore_scope_next_tokens(procore_scope_admin_t *admin,
    procore_scope_list_t *list, size_t room, size_t *n)
{
    return procore_store_tokens(admin->store, &admin->filter, &admin->cursor,
                                list->tokens, room, n);
}


static void
procore_scope_show_records(procore_scope_admin_t *admin,
    procore_scope_list_t *list, size_t n)
{
    char    *end, text[PROCORE_ADMIN_LINE];
    size_t   i;

    for (i = 0; i < n; i++) {
        end = procore_admin_record(text, &list->tokens[i],
                                   admin->filter.realm);
        procore_scope_admin_print(admin, text, (size_t) (end - text));
    }
}


static int
procore_scope_next_projects(procore_scope_admin_t *admin,
    procore_scope_list_t *list, size_t room, size_t *n)
{
    return procore_store_projects(admin->store, &admin->filter, &admin->cursor,
                                  list->projects, room, n);
}


static void
procore_scope_show_projects(procore_scope_admin_t *admin,
    procore_scope_list_t *list, size_t n)
{
    char    *end, text[PROCORE_ADMIN_LINE];
    size_t   i;

    for (i = 0; i < n; i++) {
        end = procore_admin_project(text, &list->projects[i], NULL);
        procore_scope_admin_print(admin, text, (size_t) (end - text));
    }
}


static void
procore_scope_show_known(procore_scope_admin_t *admin,
    procore_scope_list_t *list, size_t n)
{
    char    *end, text[PROCORE_ADMIN_LINE];
    size_t   i;

    for (i = 0; i < n; i++) {
        end = procore_admin_project(text, &list->projects[i],
                                    admin->filter.realm);
        procore_scope_admin_print(admin, text, (size_t) (end - text));
    }
}


static int
procore_scope_next_pauses(procore_scope_admin_t *admin,
    procore_scope_list_t *list, size_t room, size_t *n)
{
    return procore_store_pauses(admin->store, &admin->filter, &admin->cursor,
                                list->pauses, room, n);
}


static void
procore_scope_show_pauses(procore_scope_admin_t *admin,
    procore_scope_list_t *list, size_t n)
{
    char    *end, text[PROCORE_ADMIN_LINE];
    size_t   i;

    for (i = 0; i < n; i++) {
        end = procore_admin_paused(text, &list->pauses[i],
                                   admin->filter.realm);
        procore_scope_admin_print(admin, text, (size_t) (end - text));
    }
}


static void
procore_scope_tally_pauses(procore_scope_admin_t *admin,
    procore_scope_list_t *list, size_t n)
{
    size_t  i;

    (void) admin;

    for (i = 0; i < n; i++) {
        procore_tally_pause(&list->tally, &list->pauses[i]);
    }
}


static void
procore_scope_tally_families(procore_scope_admin_t *admin,
    procore_scope_list_t *list, size_t n)
{
    size_t  i;

    (void) admin;

    for (i = 0; i < n; i++) {
        procore_tally_add(&list->tally, &list->families[i]);
    }
}


/* Reads the options, opens the store; then "walk" with the pages. */

static int
procore_scope_listing(int argc, char **argv, unsigned takes,
    int (*walk)(procore_scope_admin_t *admin, procore_scope_list_t *list))
{
    int                     rc;
    procore_scope_list_t   *list;
    procore_scope_admin_t   admin;

    rc = procore_scope_admin_parse(argc, argv, takes, &admin);
    if (rc != PROCORE_SCOPE_GO_ON) {
        return rc;
    }

    list = calloc(1, sizeof(procore_scope_list_t));
    if (list == NULL) {
        return procore_scope_fail(&admin.options, 0, "no memory");
    }

    rc = procore_scope_open(&admin.options, 0, &admin.store);

    if (rc == PROCORE_SCOPE_DONE) {
        rc = walk(&admin, list);
        procore_store_close(admin.store);
    }

    free(list);

    return rc;
}


static int
procore_scope_walk_bindings(procore_scope_admin_t *admin,
    procore_scope_list_t *list)
{
    return procore_scope_walk(admin, list, procore_scope_next_families,
                              procore_scope_show_families);
}


int
procore_scope_bindings_list(int argc, char **argv)
{
    return procore_scope_listing(argc, argv,
                                 PROCORE_SCOPE_OF_COMPANY
                                 | PROCORE_SCOPE_OF_CLIENT
                                 | PROCORE_SCOPE_OF_STATE
                                 | PROCORE_SCOPE_OF_LIMIT,
                                 procore_scope_walk_bindings);
}


/* An export of one company's has nothing of what is everybody's. */

static int
procore_scope_walk_export(procore_scope_admin_t *admin,
    procore_scope_list_t *list)
{
    int  rc;

    admin->options.json = 1;
    admin->limit = 0;

    rc = procore_scope_walk(admin, list, procore_scope_next_tokens,
                            procore_scope_show_records);

    if (rc != PROCORE_SCOPE_DONE || admin->filter.company != 0
        || admin->filter.client.len != 0 || admin->filter.states != 0
        || admin->filter.way != PROCORE_WAY_NONE)
    {
        return rc;
    }

    return procore_scope_walk(admin, list, procore_scope_next_pauses,
                              procore_scope_show_pauses);
}


int
procore_scope_bindings_export(int argc, char **argv)
{
    return procore_scope_listing(argc, argv,
                                 PROCORE_SCOPE_OF_COMPANY
                                 | PROCORE_SCOPE_OF_CLIENT
                                 | PROCORE_SCOPE_OF_STATE,
                                 procore_scope_walk_export);
}


static int
procore_scope_walk_projects(procore_scope_admin_t *admin,
    procore_scope_list_t *list)
{
    return procore_scope_walk(admin, list, procore_scope_next_projects,
                              procore_scope_show_projects);
}


int
procore_scope_projects_list(int argc, char **argv)
{
    return procore_scope_listing(argc, argv,
                                 PROCORE_SCOPE_OF_COMPANY
                                 | PROCORE_SCOPE_OF_LIMIT,
                                 procore_scope_walk_projects);
}


static int
procore_scope_walk_known(procore_scope_admin_t *admin,
    procore_scope_list_t *list)
{
    admin->options.json = 1;
    admin->limit = 0;

    return procore_scope_walk(admin, list, procore_scope_next_projects,
                              procore_scope_show_known);
}


int
procore_scope_projects_export(int argc, char **argv)
{
    return procore_scope_listing(argc, argv, PROCORE_SCOPE_OF_COMPANY,
                                 procore_scope_walk_known);
}


/* The paused ones first: no limit of the tally leaves them out. */

static int
procore_scope_walk_clients(procore_scope_admin_t *admin,
    procore_scope_list_t *list)
{
    int      rc;
    char    *end, text[PROCORE_ADMIN_LINE];
    size_t   i;

    admin->limit = 0;

    rc = procore_scope_walk(admin, list, procore_scope_next_pauses,
                            procore_scope_tally_pauses);

    if (rc == PROCORE_SCOPE_DONE) {
        rc = procore_scope_walk(admin, list, procore_scope_next_families,
                                procore_scope_tally_families);
    }

    if (rc != PROCORE_SCOPE_DONE) {
        return rc;
    }

    for (i = 0; i < list->tally.n; i++) {
        end = procore_admin_client(text, &list->tally.clients[i]);
        procore_scope_admin_print(admin, text, (size_t) (end - text));
    }

    if (list->tally.n == PROCORE_TALLY_MAX) {
        fprintf(stderr, "procore-scope: only the first %d clients\n",
                PROCORE_TALLY_MAX);
    }

    return PROCORE_SCOPE_DONE;
}


int
procore_scope_clients_list(int argc, char **argv)
{
    return procore_scope_listing(argc, argv, PROCORE_SCOPE_OF_COMPANY,
                                 procore_scope_walk_clients);
}


static void
procore_scope_show_tokens(procore_scope_admin_t *admin,
    procore_scope_list_t *list, size_t n)
{
    char    *end, text[PROCORE_ADMIN_LINE];
    size_t   i;

    for (i = 0; i < n; i++) {
        end = procore_admin_token(text, &list->tokens[i]);
        procore_scope_admin_print(admin, text, (size_t) (end - text));
    }
}


/* A family, and then its tokens: all are looked at. */

static int
procore_scope_walk_one(procore_scope_admin_t *admin,
    procore_scope_list_t *list)
{
    int                  rc;
    procore_store_op_t   op;

    procore_scope_admin_op(admin, PROCORE_STORE_END, &op);

    rc = procore_scope_admin_target(admin, &op);
    if (rc != PROCORE_SCOPE_DONE) {
        return rc;
    }

    if (procore_store_begin(admin->store) != PROCORE_OK) {
        return procore_scope_fail(&admin->options, 0, "cannot read the store");
    }

    rc = procore_store_family(admin->store, op.realm, op.family,
                              &list->families[0]);
    procore_store_end(admin->store);

    if (rc != PROCORE_OK) {
        return procore_scope_fail(&admin->options, 0,
                                  rc == PROCORE_NOT_FOUND
                                  ? "no such binding in this realm"
                                  : "the record is damaged");
    }

    procore_scope_show_families(admin, list, 1);

    admin->filter.family = op.family;
    admin->limit = 0;

    return procore_scope_walk(admin, list, procore_scope_next_tokens,
                              procore_scope_show_tokens);
}


int
procore_scope_bindings_show(int argc, char **argv)
{
    return procore_scope_admin_given(argc, argv, PROCORE_SCOPE_OF_DIGEST)
           ? procore_scope_listing(argc, argv, PROCORE_SCOPE_OF_DIGEST,
                                   procore_scope_walk_one)
           : procore_scope_show(argc, argv);
}

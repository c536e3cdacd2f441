
/*
 * What the commands that list and change the store share: their options, and
 * whose they are about.
 */


#ifndef PROCORE_SCOPE_ADMIN_H
#define PROCORE_SCOPE_ADMIN_H


#include "../src/admin/procore_admin_text.h"
#include "../src/admin/procore_import_line.h"
#include "procore_scope.h"


/* Elements of a list, unless --limit or --all says otherwise. */
#define PROCORE_SCOPE_LIMIT  100

/* Entries that are taken from the store at once. */
#define PROCORE_SCOPE_PAGE   300

/* Options that a command takes beside --store, --realm and --json; bits. */
#define PROCORE_SCOPE_OF_COMPANY  0x01    /* --company */
#define PROCORE_SCOPE_OF_CLIENT   0x02    /* --client */
#define PROCORE_SCOPE_OF_STATE    0x04    /* --state, --way */
#define PROCORE_SCOPE_OF_DIGEST   0x08    /* --digest, --family */
#define PROCORE_SCOPE_OF_FILE     0x10    /* --...-token-file */
#define PROCORE_SCOPE_OF_LIMIT    0x20    /* --limit, --all */
#define PROCORE_SCOPE_OF_PROJECT  0x40    /* --project */


typedef struct {
    procore_scope_options_t   options;
    procore_list_filter_t     filter;
    procore_list_cursor_t     cursor;
    procore_import_line_t     name;        /* token and family, as in a line */
    uint64_t                  project;
    size_t                    limit;       /* 0: all */
    procore_store_t          *store;
} procore_scope_admin_t;


/*
 * Reads the options; "takes" has the bits of those that the command knows.
 * PROCORE_SCOPE_GO_ON, or the exit code.
 */

int procore_scope_admin_parse(int argc, char **argv, unsigned takes,
    procore_scope_admin_t *admin);

/* Was one of the options of these bits given?  1 or 0. */

int procore_scope_admin_given(int argc, char **argv, unsigned which);

/* An operation of this type in the realm, now. */

void procore_scope_admin_op(const procore_scope_admin_t *admin,
    procore_store_op_e type, procore_store_op_t *op);

/*
 * Whose the operation is: by --digest or --family, else by the token in a file
 * or on standard input.  PROCORE_SCOPE_DONE or the exit code; the store is
 * open.
 */

int procore_scope_admin_target(procore_scope_admin_t *admin,
    procore_store_op_t *op);

/* Writes one operation.  PROCORE_SCOPE_DONE, or PROCORE_SCOPE_FAILED, said. */

int procore_scope_admin_write(procore_scope_admin_t *admin,
    procore_store_op_t **ops, size_t n);

/* Prints one object that src/admin has written, as a line or as words. */

void procore_scope_admin_print(const procore_scope_admin_t *admin,
    const char *object, size_t len);


#endif /* PROCORE_SCOPE_ADMIN_H */

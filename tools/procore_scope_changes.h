
/*
 * What the command line changes in a store is on record beside it.
 */


#ifndef PROCORE_SCOPE_CHANGES_H
#define PROCORE_SCOPE_CHANGES_H


#include "procore_scope.h"


/* Who has called us; once, before root becomes the owner of the store. */

void procore_scope_changes_begin(void);

/*
 * As procore_store_write(), and appends a line of JSON for each operation,
 * with what became of it, to PROCORE_STORE_CHANGES in the store's folder.
 * Where the file cannot be opened, nothing is written: PROCORE_ERROR.  Where
 * only the lines cannot be written, it says so on stderr and returns
 * PROCORE_OK: the change is made.
 */

int procore_scope_write(const procore_scope_options_t *options,
    procore_store_t *store, procore_store_op_t **ops, size_t n, char *error);


#endif /* PROCORE_SCOPE_CHANGES_H */

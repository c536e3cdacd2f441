
/*
 * What the files of the page share; nobody else includes it.
 */


#ifndef PROCORE_STATUS_INTERNAL_H
#define PROCORE_STATUS_INTERNAL_H


#include "procore_status.h"


/* Characters shown of a text: longer ones would bury the rest of the page. */

#define PROCORE_STATUS_ID     20
#define PROCORE_STATUS_TEXT   200

/* Rows shown of what the configuration may have any number of. */

#define PROCORE_STATUS_SHOWN  100


/* A number with its digits in groups of three. */

void procore_status_number(procore_out_t *out, uint64_t n);

/* A count of bytes, in the unit that gives it at most four digits. */

void procore_status_bytes(procore_out_t *out, uint64_t n);

/* The list of what somebody should do, or that there is nothing. */

void procore_status_action(procore_out_t *out, const procore_status_t *status);

/* The tables: reasons, companies, clients, names, exceptions, places. */

void procore_status_tables(procore_out_t *out, const procore_status_t *status);


#endif /* PROCORE_STATUS_INTERNAL_H */


/*
 * One company of List Companies, and Show User Info.
 */


#ifndef PROCORE_COMPANY_H
#define PROCORE_COMPANY_H


#include "../policy/procore_types.h"


/*
 * Reads one element of List Companies, as procore_list.h hands its bytes on:
 * "name" (pointing into "memory", which has "len" bytes or more; empty where it
 * is missing or no text; what is no UTF-8 stays as it is, cut nowhere) and
 * *active (1 unless "is_active" is false).  Returns PROCORE_OK,
 * PROCORE_MALFORMED or PROCORE_ERROR (memory).
 */

int procore_company_read(const unsigned char *data, size_t len,
    unsigned char *memory, procore_str_t *name, int *active);

/*
 * Reads Show User Info: the id (from the text, never as a double) and the
 * login.  Same codes; the login points into "memory".
 */

#define PROCORE_USER_MAX  65536    /* bytes that are read */

int procore_user_read(const unsigned char *data, size_t len,
    unsigned char *memory, uint64_t *id, procore_str_t *login);


#endif /* PROCORE_COMPANY_H */

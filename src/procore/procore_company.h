
/*
 * One company of List Companies, and Show User Info.
 */


#ifndef PROCORE_COMPANY_H
#define PROCORE_COMPANY_H


#include "../policy/procore_types.h"


/*
 * Makes a document of "len" bytes UTF-8, in place: each byte that is none
 * becomes "?", so that a list stays readable where one name in it is broken.
 */

void procore_company_clean(unsigned char *data, size_t len);

/*
 * Reads one element of List Companies, as procore_list.h hands its bytes on:
 * "name" (unescaped UTF-8, pointing into "memory", which has "len" bytes or
 * more; empty where it is missing or no text; cut nowhere) and *active (1
 * unless "is_active" is false).  Returns PROCORE_OK, or PROCORE_MALFORMED: no
 * strict JSON object, or one of the two members doubled.
 */

int procore_company_read(const unsigned char *data, size_t len,
    unsigned char *memory, procore_str_t *name, int *active);

/*
 * Reads Show User Info: the id (from the text, never as a double) and the login
 * (empty where it is missing or no text), which points into "memory" of "len"
 * bytes or more.  Returns PROCORE_OK, or PROCORE_MALFORMED: above
 * PROCORE_USER_MAX, no strict JSON object, no canonical id, or one of the two
 * doubled.
 */

#define PROCORE_USER_MAX  65536    /* bytes that are read */

int procore_user_read(const unsigned char *data, size_t len,
    unsigned char *memory, uint64_t *id, procore_str_t *login);


#endif /* PROCORE_COMPANY_H */

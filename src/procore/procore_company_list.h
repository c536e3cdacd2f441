
/*
 * Finds one company in an answer of List Companies as it arrives, so that a
 * filter can pass on that element byte for byte.
 */


#ifndef PROCORE_COMPANY_LIST_H
#define PROCORE_COMPANY_LIST_H


#include "procore_list.h"


typedef struct {
    uint64_t        wanted;
    uint64_t        count;     /* elements so far */
    uint64_t        offset;    /* of the company's first byte */
    uint64_t        length;    /* its bytes, braces included; 0: not seen yet */
    procore_list_t  list;
} procore_company_list_t;


/* Starts a list in which the company "wanted" is looked for. */

void procore_company_list_start(procore_company_list_t *list, uint64_t wanted);

/*
 * Feeds bytes, split anywhere.  Returns PROCORE_OK, or PROCORE_MALFORMED for
 * all but an array of objects with an "id" each.  Then so at every later call.
 */

int procore_company_list_feed(procore_company_list_t *list,
    const unsigned char *data, size_t len);

/*
 * No more bytes.  Returns PROCORE_OK, where "offset" and "length" tell, in
 * bytes of the document, the first element with that id; PROCORE_NOT_FOUND
 * without one; or PROCORE_MALFORMED, also for a list that is cut short.
 */

int procore_company_list_end(procore_company_list_t *list);


#endif /* PROCORE_COMPANY_LIST_H */

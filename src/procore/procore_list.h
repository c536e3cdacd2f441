
/*
 * Reads a list of Procore's API as it arrives: an array of ids, or of objects
 * with an "id" and perhaps a "company" with its "id".  What projects and
 * companies have in common.
 */


#ifndef PROCORE_LIST_H
#define PROCORE_LIST_H


#include "../claims/procore_json_lex.h"
#include "procore_piece.h"


typedef struct {
    uint64_t  id;
    uint64_t  company;    /* 0: not told */
    uint64_t  offset;     /* of an object's first byte in the document */
    uint64_t  length;     /* its bytes, braces included; 0: a bare id */
} procore_list_element_t;


typedef void (*procore_list_pt)(void *data,
    const procore_list_element_t *element);


typedef struct {
    procore_list_pt         callback;
    void                   *data;
    int                     rc;         /* the first failure stays */
    unsigned char           value;      /* what the next value is */
    unsigned                bare:1;     /* bare ids are allowed */
    unsigned                array:1;    /* the array has begun */
    unsigned                owned:1;    /* the element has its "company" */
    unsigned                inside:1;   /* which is open */
    uint64_t                count;
    uint64_t                base;       /* bytes before the current input */
    procore_list_element_t  element;
    procore_piece_t         piece;
    procore_json_lex_t      lex;
} procore_list_t;


/*
 * Starts a list.  "callback" is called with "data" for each element, in order,
 * before it is known whether the document is well formed: believe nothing of it
 * until procore_list_end() has returned PROCORE_OK.
 */

void procore_list_start(procore_list_t *list, int bare,
    procore_list_pt callback, void *data);

/*
 * Feeds bytes, split anywhere.  Returns PROCORE_OK, or PROCORE_MALFORMED: no
 * strict JSON, no array, an element that is neither kind or of the other kind
 * than the first, an "id" that is missing, doubled or no canonical id (a number
 * or a string), a "company" that is doubled or neither null nor an object with
 * an id.  Then so at every later call.
 */

int procore_list_feed(procore_list_t *list, const unsigned char *data,
    size_t len);

/* No more bytes.  Same codes; an empty document is malformed. */

int procore_list_end(procore_list_t *list);


#endif /* PROCORE_LIST_H */

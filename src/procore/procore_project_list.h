
/*
 * Reads an answer of List Projects as it arrives: ids alone (view=ids) or
 * objects, in Procore's REST API reference.
 */


#ifndef PROCORE_PROJECT_LIST_H
#define PROCORE_PROJECT_LIST_H


#include "procore_list.h"


typedef enum {
    PROCORE_PROJECT_LIST_EMPTY = 0,   /* "[]", which could be either */
    PROCORE_PROJECT_LIST_IDS,
    PROCORE_PROJECT_LIST_OBJECTS
} procore_project_list_e;


/* A project, and the company that the list says it belongs to, 0: unsaid. */

typedef void (*procore_project_list_pt)(void *data, uint64_t project,
    uint64_t company);


typedef struct {
    procore_project_list_pt  callback;
    void                    *data;
    procore_project_list_e   shape;
    uint64_t                 count;     /* projects so far */
    procore_list_t           list;
} procore_project_list_t;


/*
 * Starts a list.  "callback" gets "data" and each project in order, before the
 * list is known to be complete: believe nothing of it until
 * procore_project_list_end() has returned PROCORE_OK.
 */

void procore_project_list_start(procore_project_list_t *list,
    procore_project_list_pt callback, void *data);

/*
 * Feeds bytes, split anywhere.  Returns PROCORE_OK, or PROCORE_MALFORMED for
 * all but an array of ids, or of objects with an "id" and perhaps a "company"
 * with its "id"; numbers and strings are ids where they are canonical
 * (procore_id.h).  Then so at every later call.
 */

int procore_project_list_feed(procore_project_list_t *list,
    const unsigned char *data, size_t len);

/* No more bytes.  Same codes; a list that is cut short is malformed. */

int procore_project_list_end(procore_project_list_t *list);


#endif /* PROCORE_PROJECT_LIST_H */

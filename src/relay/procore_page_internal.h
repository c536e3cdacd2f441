
/*
 * What the files of the pages share; nobody else includes it.
 */


#ifndef PROCORE_PAGE_INTERNAL_H
#define PROCORE_PAGE_INTERNAL_H


#include "procore_page.h"


/*
 * Characters shown: a name that is longer would bury the rest of the page.  A
 * host is never cut, because its end says whose it is.
 */

#define PROCORE_PAGE_NAME   120
#define PROCORE_PAGE_TITLE  40      /* of a name, as much as tabs show */
#define PROCORE_PAGE_LABEL  256
#define PROCORE_PAGE_TEXT   4096


/* A text from outside, inside of <bdi>, so that it cannot turn what follows. */

void procore_page_foreign(procore_out_t *out, const procore_str_t *text,
    size_t max);

/* The app's name in bold, or "the app". */

void procore_page_app(procore_out_t *out, const procore_page_t *page);

/* A hidden field of a form; without a value it is left out. */

void procore_page_hidden(procore_out_t *out, const char *name,
    const procore_str_t *value);

/* Opens the form that is posted, with its hidden fields. */

void procore_page_post(procore_out_t *out, const procore_page_t *page);

/* The picker below its facts: search, the form with companies, page links. */

void procore_page_picker(procore_out_t *out, const procore_page_t *page);


#endif /* PROCORE_PAGE_INTERNAL_H */

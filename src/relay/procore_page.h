
/*
 * The pages that a user sees: HTML without script, image or outside resource.
 */


#ifndef PROCORE_PAGE_H
#define PROCORE_PAGE_H


#include "procore_relay.h"
#include "procore_out.h"


#define PROCORE_PAGE_LIST    50      /* companies on one page */
#define PROCORE_PAGE_SEARCH  200     /* bytes of a search text */


typedef enum {
    PROCORE_PAGE_PICKER,       /* the companies, a form */
    PROCORE_PAGE_NOTHING,      /* nothing can be chosen; a button back */
    PROCORE_PAGE_MOMENT,       /* the login host is being asked; reloads */
    PROCORE_PAGE_ERROR,        /* ends here */
    PROCORE_PAGE_CODE,         /* a code to copy into the app */
    PROCORE_PAGE_DONE          /* the chooser: chosen, return to the app */
} procore_page_e;


/* Texts are raw; rendering escapes them.  len 0: not known, left out. */

typedef struct {
    procore_page_e  kind;

    procore_str_t   app;           /* its name, or 8 digits of its client id */
    procore_str_t   host;          /* where it returns to */
    procore_str_t   login;         /* the user's, at Procore */

    procore_str_t   action;        /* path of the form, as configured */
    procore_str_t   state;         /* hidden: which authorization or link */
    procore_str_t   token;         /* hidden: form token */

    procore_str_t   companies;     /* procore_relay_company_next() */
    uint64_t        selected;      /* preselected company, 0: none */
    procore_str_t   search;        /* what was searched for, decoded UTF-8 */
    size_t          page;          /* 1... */
    unsigned        partial:1;     /* more companies than can be listed */
    unsigned        cancel:1;      /* the form has a button to cancel */

    procore_str_t   title;         /* heading of ERROR and NOTHING */
    procore_str_t   text;          /* its explanation, one paragraph */
    procore_str_t   reason;        /* from the closed list, small print */
    procore_str_t   decision;      /* the request id, small print */
    procore_str_t   button;        /* NOTHING: label of the button back */

    procore_str_t   code;          /* CODE: the code */
    procore_str_t   company;       /* CODE and DONE: the company's name */
    uint64_t        company_id;

    procore_str_t   help_url;      /* of the manifest */
    procore_str_t   help_label;
    procore_str_t   help_notes;
} procore_page_t;


/*
 * Renders; "out" may be without memory to learn the length.  Searching compares
 * names without regard to ASCII case, and the digits of ids.  Everything that
 * is no list, form or text above is below 6 KB.
 */

void procore_page_render(procore_out_t *out, const procore_page_t *page);

/*
 * How many companies match page->search, and of them how many pages there are
 * (1 at least).
 */

void procore_page_count(const procore_page_t *page, size_t *found,
    size_t *pages);

/*
 * The one style sheet, as it stands in the page, and the source expression for
 * a Content-Security-Policy: 'sha256-...' (a constant, computed when built into
 * the tests, which compare it).
 */

extern const char  procore_page_style[];
extern const char  procore_page_style_source[];


#endif /* PROCORE_PAGE_H */

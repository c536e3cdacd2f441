
/*
 * The companies of the picker: search, pages, the form.
 */


#include <string.h>

#include "../claims/procore_utf8.h"
#include "procore_page_internal.h"


/* Page links to each side of the current one, beside the first and the last. */

#define PROCORE_PAGE_AROUND  2

#define PROCORE_PAGE_DIGITS  20    /* of 2^64 - 1 */


/*
 * A search text, with how far a match that breaks off at a letter can go on (as
 * Knuth, Morris and Pratt do it): names and search texts are chosen by others,
 * so that what a search costs must not depend on them.
 */

typedef struct {
    size_t         len;
    unsigned char  text[PROCORE_PAGE_SEARCH];
    unsigned char  border[PROCORE_PAGE_SEARCH];
} procore_page_search_t;


/* What the list is, and which part of it is shown: companies first ... last. */

typedef struct {
    procore_page_search_t  search;
    size_t                 all;       /* companies */
    size_t                 found;     /* of them match */
    size_t                 pages;
    size_t                 page;
    size_t                 first;
    size_t                 last;
    unsigned               lead:1;    /* the preselected one is moved up */
} procore_page_view_t;


static void procore_page_view(const procore_page_t *page,
    procore_page_view_t *view);
static void procore_page_search_text(const procore_page_t *page,
    procore_str_t *text);
static void procore_page_search_start(procore_page_search_t *search,
    const procore_str_t *text);
static int procore_page_search_in(const procore_page_search_t *search,
    const procore_str_t *text);
static int procore_page_match(const procore_page_search_t *search, uint64_t id,
    const procore_str_t *name);
static void procore_page_search_form(procore_out_t *out,
    const procore_page_t *page);
static void procore_page_found(procore_out_t *out, const procore_page_t *page,
    const procore_page_view_t *view);
static void procore_page_companies(procore_out_t *out,
    const procore_page_t *page, const procore_page_view_t *view);
static void procore_page_radio(procore_out_t *out, uint64_t id,
    const procore_str_t *name, int checked);
static void procore_page_links(procore_out_t *out, const procore_page_t *page,
    const procore_page_view_t *view);
static void procore_page_link(procore_out_t *out, const procore_page_t *page,
    size_t number);
static void procore_page_buttons(procore_out_t *out,
    const procore_page_t *page, const procore_page_view_t *view);


void
procore_page_count(const procore_page_t *page, size_t *found, size_t *pages)
{
    procore_page_view_t  view;

    procore_page_view(page, &view);

    *found = view.found;
    *pages = view.pages;
}


void
procore_page_picker(procore_out_t *out, const procore_page_t *page)
{
    procore_page_view_t  view;

    procore_page_view(page, &view);

    if (page->login.len != 0 && page->cancel) {
        procore_out_text(out,
            "<p><small>Not your login? Cancel, log out of Procore, and start"
            " again in the app.</small></p>\n");
    }

    if (view.all > PROCORE_PAGE_LIST) {
        procore_page_search_form(out, page);
    }

    procore_page_found(out, page, &view);
    procore_page_post(out, page);

    if (view.found != 0) {
        procore_page_companies(out, page, &view);
    }

    if (view.pages > 1) {
        procore_page_links(out, page, &view);
    }

    procore_page_buttons(out, page, &view);
    procore_out_text(out, "</form>\n");
}


static void
procore_page_view(const procore_page_t *page, procore_page_view_t *view)
{
    uint64_t       id;
    procore_str_t  list, name, text;

    procore_page_search_text(page, &text);
    procore_page_search_start(&view->search, &text);

    view->all = 0;
    view->found = 0;
    view->lead = 0;

    list = page->companies;

    while (procore_relay_company_next(&list, &id, &name) == PROCORE_OK) {
        view->all++;

        if (!procore_page_match(&view->search, id, &name)) {
            continue;
        }

        view->found++;

        if (id == page->selected && text.len == 0) {
            view->lead = 1;
        }
    }

    view->pages = view->found / PROCORE_PAGE_LIST
                  + (view->found % PROCORE_PAGE_LIST != 0);

    if (view->pages == 0) {
        view->pages = 1;
    }

    view->page = page->page;

    if (view->page == 0) {
        view->page = 1;

    } else if (view->page > view->pages) {
        view->page = view->pages;
    }

    view->first = (view->page - 1) * PROCORE_PAGE_LIST + 1;
    view->last = view->page == view->pages ? view->found
                                           : view->page * PROCORE_PAGE_LIST;
}


/* Without the blanks around it, and cut between two characters. */

static void
procore_page_search_text(const procore_page_t *page, procore_str_t *text)
{
    int     valid;
    size_t  len, n;

    *text = page->search;

    while (text->len != 0 && text->data[0] == ' ') {
        text->data++;
        text->len--;
    }

    for (len = 0; len < text->len; len += n) {
        n = procore_utf8_length(text->data + len, text->len - len, &valid);

        if (n > PROCORE_PAGE_SEARCH - len) {
            break;
        }
    }

    while (len != 0 && text->data[len - 1] == ' ') {
        len--;
    }

    text->len = len;
}


static unsigned char
procore_page_lower(unsigned char c)
{
    return c >= 'A' && c <= 'Z' ? (unsigned char) (c | 0x20) : c;
}


static void
procore_page_search_start(procore_page_search_t *search,
    const procore_str_t *text)
{
    size_t  i, n;

    search->len = text->len;

    for (i = 0; i < text->len; i++) {
        search->text[i] = procore_page_lower(text->data[i]);
    }

    search->border[0] = 0;
    n = 0;

    for (i = 1; i < search->len; i++) {

        while (n != 0 && search->text[i] != search->text[n]) {
            n = search->border[n - 1];
        }

        if (search->text[i] == search->text[n]) {
            n++;
        }

        search->border[i] = (unsigned char) n;
    }
}


static int
procore_page_search_in(const procore_page_search_t *search,
    const procore_str_t *text)
{
    size_t         i, n;
    unsigned char  c;

    n = 0;

    for (i = 0; i < text->len && n < search->len; i++) {
        c = procore_page_lower(text->data[i]);

        while (n != 0 && search->text[n] != c) {
            n = search->border[n - 1];
        }

        if (search->text[n] == c) {
            n++;
        }
    }

    return n == search->len;
}


static int
procore_page_match(const procore_page_search_t *search, uint64_t id,
    const procore_str_t *name)
{
    unsigned char  digits[PROCORE_PAGE_DIGITS];
    procore_out_t  out = { digits, sizeof(digits), 0 };
    procore_str_t  text;

    if (procore_page_search_in(search, name)) {
        return 1;
    }

    procore_out_number(&out, id);

    text.data = digits;
    text.len = out.len;

    return procore_page_search_in(search, &text);
}


static void
procore_page_search_form(procore_out_t *out, const procore_page_t *page)
{
    procore_str_t  text;

    procore_page_search_text(page, &text);

    procore_out_text(out, "<form role=\"search\" action=\"");
    procore_out_html(out, &page->action, page->action.len);
    procore_out_text(out, "\">\n");

    procore_page_hidden(out, "state", &page->state);

    procore_out_text(out,
        "<label for=\"search\">Search by name or number</label>\n"
        "<div class=\"row\">"
        "<input type=\"search\" id=\"search\" name=\"search\""
        " maxlength=\"200\" autocomplete=\"off\" value=\"");
    procore_out_html(out, &text, text.len);
    procore_out_text(out,
        "\"><button type=\"submit\">Search</button></div>\n"
        "</form>\n");
}


/* Which companies these are, and which are missing. */

static void
procore_page_found(procore_out_t *out, const procore_page_t *page,
    const procore_page_view_t *view)
{
    procore_str_t  text;

    if (page->partial) {
        procore_out_text(out,
            "<p class=\"note\">You have more companies than can be listed here."
            " If the one that you need is missing, ask whoever runs the app."
            "</p>\n");
    }

    if (view->search.len == 0 && view->pages == 1) {
        return;
    }

    procore_out_text(out, "<p>");

    if (view->found == 0) {
        procore_out_text(out, "No company matches ");

    } else {
        procore_out_number(out, view->first);
        procore_out_text(out, " to ");
        procore_out_number(out, view->last);
        procore_out_text(out, " of ");
        procore_out_number(out, view->found);
        procore_out_text(out, view->found == 1 ? " company" : " companies");

        if (view->search.len != 0) {
            procore_out_text(out, view->found == 1 ? " that matches "
                                                   : " that match ");
        }
    }

    if (view->search.len != 0) {
        procore_page_search_text(page, &text);
        procore_out_text(out, "<q>");
        procore_page_foreign(out, &text, PROCORE_PAGE_NAME);
        procore_out_text(out, "</q>. <a href=\"?state=");
        procore_out_percent(out, &page->state);
        procore_out_text(out, "\">Show all companies</a>");
    }

    procore_out_text(out, "</p>\n");
}


/*
 * The preselected company leads the first page.  It is not carried to pages
 * that it is not on, nor into a search: what is sent must have been seen.
 */

static void
procore_page_companies(procore_out_t *out, const procore_page_t *page,
    const procore_page_view_t *view)
{
    size_t         n;
    uint64_t       id;
    procore_str_t  list, name;

    procore_out_text(out, "<fieldset>\n<legend>Your companies</legend>\n");

    list = page->companies;

    if (view->lead && view->first == 1) {
        while (procore_relay_company_next(&list, &id, &name) == PROCORE_OK) {

            if (id == page->selected) {
                procore_page_radio(out, id, &name, 1);
                break;
            }
        }

        list = page->companies;
    }

    n = view->lead;

    while (n < view->last
           && procore_relay_company_next(&list, &id, &name) == PROCORE_OK)
    {
        if ((view->lead && id == page->selected)
            || !procore_page_match(&view->search, id, &name))
        {
            continue;
        }

        n++;

        if (n >= view->first) {
            procore_page_radio(out, id, &name, id == page->selected);
        }
    }

    procore_out_text(out, "</fieldset>\n");
}


static void
procore_page_radio(procore_out_t *out, uint64_t id, const procore_str_t *name,
    int checked)
{
    procore_out_t  shown = { NULL, 0, 0 };

    procore_out_text(out,
        "<label class=\"company\">"
        "<input type=\"radio\" name=\"company\" required value=\"");
    procore_out_number(out, id);
    procore_out_text(out, checked ? "\" checked><span>" : "\"><span>");

    procore_out_html(&shown, name, PROCORE_PAGE_NAME);

    if (shown.len != 0) {
        procore_page_foreign(out, name, PROCORE_PAGE_NAME);

    } else {
        procore_out_text(out, "Company without a name");
    }

    procore_out_text(out, "<small>");
    procore_out_number(out, id);
    procore_out_text(out, "</small></span></label>\n");
}


static void
procore_page_links(procore_out_t *out, const procore_page_t *page,
    const procore_page_view_t *view)
{
    size_t  i, from, to;

    from = view->page > PROCORE_PAGE_AROUND + 1
           ? view->page - PROCORE_PAGE_AROUND : 2;
    to = view->pages - view->page > PROCORE_PAGE_AROUND + 1
         ? view->page + PROCORE_PAGE_AROUND : view->pages - 1;

    procore_out_text(out, "<nav aria-label=\"Pages of companies\">\n");

    for (i = 1; i <= view->pages; i++) {

        if (i == from && from > 2) {
            procore_out_text(out, "<span>\xe2\x80\xa6</span>\n");
        }

        if (i == 1 || i == view->pages || (i >= from && i <= to)) {
            procore_out_text(out, i == view->page ? "<a aria-current=\"page\""
                                                  : "<a");
            procore_page_link(out, page, i);
        }

        if (i == to && to < view->pages - 1) {
            procore_out_text(out, "<span>\xe2\x80\xa6</span>\n");
        }
    }

    procore_out_text(out, "</nav>\n");
}


static void
procore_page_link(procore_out_t *out, const procore_page_t *page,
    size_t number)
{
    procore_str_t  text;

    procore_page_search_text(page, &text);

    procore_out_text(out, " href=\"?state=");
    procore_out_percent(out, &page->state);

    if (text.len != 0) {
        procore_out_text(out, "&amp;search=");
        procore_out_percent(out, &text);
    }

    procore_out_text(out, "&amp;page=");
    procore_out_number(out, number);
    procore_out_text(out, "\" aria-label=\"Page ");
    procore_out_number(out, number);
    procore_out_text(out, "\">");
    procore_out_number(out, number);
    procore_out_text(out, "</a>\n");
}


/* The first one is what the Enter key presses. */

static void
procore_page_buttons(procore_out_t *out, const procore_page_t *page,
    const procore_page_view_t *view)
{
    if (view->found == 0 && !page->cancel) {
        return;
    }

    procore_out_text(out, "<div class=\"go\">\n");

    if (view->found != 0) {
        procore_out_text(out,
            "<button type=\"submit\" name=\"action\" value=\"choose\">"
            "Use this company</button>\n");
    }

    if (page->cancel) {
        procore_out_text(out,
            "<button type=\"submit\" name=\"action\" value=\"cancel\""
            " class=\"other\" formnovalidate>Cancel</button>\n");
    }

    procore_out_text(out, "</div>\n");
}


/*
 * Prints a page.  Its data are on standard input, pairs of name=value, each
 * ended by a NUL: the members of procore_page_t by their names (kind: picker,
 * nothing, moment, error, code, done), "offer=id:name" for each company.  With
 * the argument "style" it prints the source of the Content-Security-Policy.
 */


#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../src/relay/procore_page.h"


#define RENDER_INPUT  (8 * 1024 * 1024)


static const struct {
    const char      *name;
    procore_page_e   kind;
} render_kinds[] = {
    { "picker", PROCORE_PAGE_PICKER },
    { "nothing", PROCORE_PAGE_NOTHING },
    { "moment", PROCORE_PAGE_MOMENT },
    { "error", PROCORE_PAGE_ERROR },
    { "code", PROCORE_PAGE_CODE },
    { "done", PROCORE_PAGE_DONE }
};


static const struct {
    const char  *name;
    size_t       offset;
} render_texts[] = {
    { "app", offsetof(procore_page_t, app) },
    { "host", offsetof(procore_page_t, host) },
    { "login", offsetof(procore_page_t, login) },
    { "action", offsetof(procore_page_t, action) },
    { "state", offsetof(procore_page_t, state) },
    { "token", offsetof(procore_page_t, token) },
    { "search", offsetof(procore_page_t, search) },
    { "title", offsetof(procore_page_t, title) },
    { "text", offsetof(procore_page_t, text) },
    { "reason", offsetof(procore_page_t, reason) },
    { "decision", offsetof(procore_page_t, decision) },
    { "button", offsetof(procore_page_t, button) },
    { "code", offsetof(procore_page_t, code) },
    { "company", offsetof(procore_page_t, company) },
    { "help_url", offsetof(procore_page_t, help_url) },
    { "help_label", offsetof(procore_page_t, help_label) },
    { "help_notes", offsetof(procore_page_t, help_notes) }
};


#define RENDER_KINDS  (sizeof(render_kinds) / sizeof(render_kinds[0]))
#define RENDER_TEXTS  (sizeof(render_texts) / sizeof(render_texts[0]))


static void *
render_memory(size_t size)
{
    void  *p;

    p = malloc(size);

    if (p == NULL) {
        fprintf(stderr, "render: no memory\n");
        exit(1);
    }

    return p;
}


static void
render_refuse(const char *what, const char *name)
{
    fprintf(stderr, "render: %s \"%s\"\n", what, name);
    exit(2);
}


static procore_page_e
render_kind(const char *value)
{
    size_t  i;

    for (i = 0; i < RENDER_KINDS; i++) {
        if (strcmp(value, render_kinds[i].name) == 0) {
            return render_kinds[i].kind;
        }
    }

    render_refuse("no kind", value);

    return PROCORE_PAGE_ERROR;
}


static int
render_number(procore_page_t *page, const char *name, const char *value)
{
    unsigned long long  n;

    n = strtoull(value, NULL, 10);

    if (strcmp(name, "selected") == 0) {
        page->selected = n;

    } else if (strcmp(name, "company_id") == 0) {
        page->company_id = n;

    } else if (strcmp(name, "page") == 0) {
        page->page = n;

    } else if (strcmp(name, "partial") == 0) {
        page->partial = n != 0;

    } else if (strcmp(name, "cancel") == 0) {
        page->cancel = n != 0;

    } else {
        return 0;
    }

    return 1;
}


static void
render_set(procore_page_t *page, const char *name, const char *value)
{
    size_t         i;
    procore_str_t *text;

    if (strcmp(name, "kind") == 0) {
        page->kind = render_kind(value);
        return;
    }

    for (i = 0; i < RENDER_TEXTS; i++) {
        if (strcmp(name, render_texts[i].name) == 0) {
            text = (procore_str_t *) ((char *) page + render_texts[i].offset);
            text->data = (const unsigned char *) value;
            text->len = strlen(value);
            return;
        }
    }

    if (!render_number(page, name, value)) {
        render_refuse("no member", name);
    }
}


static unsigned char *
render_offer(unsigned char *end, char *value)
{
    char           *name;
    uint64_t        id;
    procore_str_t   text;

    id = strtoull(value, &name, 10);

    if (*name != ':') {
        render_refuse("no company", value);
    }

    text.data = (const unsigned char *) name + 1;
    text.len = strlen(name + 1);

    return procore_relay_company_write(end, id, &text);
}


static void
render_read(procore_page_t *page, char *data, size_t len,
    unsigned char *companies)
{
    char           *p, *value;
    unsigned char  *end;

    end = companies;

    for (p = data; p < data + len; p = value + strlen(value) + 1) {
        value = strchr(p, '=');

        if (value == NULL) {
            render_refuse("no pair", p);
        }

        *value++ = '\0';

        if (strcmp(p, "offer") == 0) {
            end = render_offer(end, value);

        } else {
            render_set(page, p, value);
        }
    }

    page->companies.data = companies;
    page->companies.len = (size_t) (end - companies);
}


int
main(int argc, char **argv)
{
    char            *data;
    size_t           len;
    procore_out_t    out;
    procore_page_t   page;
    unsigned char   *companies;

    if (argc > 1 && strcmp(argv[1], "style") == 0) {
        puts(procore_page_style_source);
        return 0;
    }

    data = render_memory(RENDER_INPUT + 1);
    len = fread(data, 1, RENDER_INPUT, stdin);
    data[len] = '\0';

    /* a company's length may be longer than "offer=" and its id's digits */

    companies = render_memory(16 * RENDER_INPUT);

    memset(&page, 0, sizeof(page));
    memset(&out, 0, sizeof(out));

    render_read(&page, data, len, companies);

    procore_page_render(&out, &page);

    out.size = out.len;
    out.data = render_memory(out.size);
    out.len = 0;

    procore_page_render(&out, &page);

    fwrite(out.data, 1, out.len, stdout);

    free(out.data);
    free(companies);
    free(data);

    return 0;
}


#include "procore_page_internal.h"


static void procore_page_head(procore_out_t *out, const procore_page_t *page);
static void procore_page_heading(procore_out_t *out,
    const procore_page_t *page);
static void procore_page_lead(procore_out_t *out, const procore_page_t *page);
static void procore_page_facts(procore_out_t *out, const procore_page_t *page);
static void procore_page_fact(procore_out_t *out, const char *label,
    const procore_str_t *text, size_t max);
static void procore_page_company(procore_out_t *out,
    const procore_page_t *page);
static void procore_page_code(procore_out_t *out, const procore_page_t *page);
static void procore_page_again(procore_out_t *out, const procore_page_t *page);
static void procore_page_help(procore_out_t *out, const procore_page_t *page);
static void procore_page_notes(procore_out_t *out, const procore_str_t *notes);
static void procore_page_back(procore_out_t *out, const procore_page_t *page);
static void procore_page_small_print(procore_out_t *out,
    const procore_page_t *page);


void
procore_page_render(procore_out_t *out, const procore_page_t *page)
{
    procore_page_head(out, page);
    procore_page_lead(out, page);
    procore_page_facts(out, page);

    switch (page->kind) {

    case PROCORE_PAGE_PICKER:
        procore_page_picker(out, page);
        break;

    case PROCORE_PAGE_NOTHING:
        procore_page_help(out, page);
        procore_page_back(out, page);
        break;

    case PROCORE_PAGE_MOMENT:
        procore_page_again(out, page);
        break;

    case PROCORE_PAGE_CODE:
        procore_page_code(out, page);
        break;

    case PROCORE_PAGE_ERROR:
        procore_page_help(out, page);
        break;

    case PROCORE_PAGE_DONE:
        break;
    }

    procore_page_small_print(out, page);

    procore_out_text(out, "</main>\n</body>\n</html>\n");
}


static void
procore_page_head(procore_out_t *out, const procore_page_t *page)
{
    procore_out_text(out,
        "<!DOCTYPE html>\n"
        "<html lang=\"en\">\n"
        "<head>\n"
        "<meta charset=\"utf-8\">\n"
        "<meta name=\"viewport\""
        " content=\"width=device-width, initial-scale=1\">\n");

    if (page->kind == PROCORE_PAGE_MOMENT) {
        procore_out_text(out,
            "<meta http-equiv=\"refresh\" content=\"1\">\n");
    }

    procore_out_text(out, "<title>");
    procore_page_heading(out, page);

    if (page->app.len != 0) {
        procore_out_text(out, " - ");
        procore_out_html(out, &page->app, PROCORE_PAGE_TITLE);
    }

    procore_out_text(out, "</title>\n<style>");
    procore_out_text(out, procore_page_style);
    procore_out_text(out, "</style>\n</head>\n<body>\n<main>\n<h1>");
    procore_page_heading(out, page);
    procore_out_text(out, "</h1>\n");
}


static void
procore_page_heading(procore_out_t *out, const procore_page_t *page)
{
    switch (page->kind) {

    case PROCORE_PAGE_PICKER:
        procore_out_text(out, "Choose a company");
        break;

    case PROCORE_PAGE_MOMENT:
        procore_out_text(out, "One moment");
        break;

    case PROCORE_PAGE_CODE:
        procore_out_text(out, "Copy this code");
        break;

    case PROCORE_PAGE_DONE:
        procore_out_text(out, "Company chosen");
        break;

    case PROCORE_PAGE_NOTHING:
    case PROCORE_PAGE_ERROR:
        procore_out_html(out, &page->title, PROCORE_PAGE_LABEL);
        break;
    }
}


static void
procore_page_lead(procore_out_t *out, const procore_page_t *page)
{
    procore_out_text(out, "<p>");

    switch (page->kind) {

    case PROCORE_PAGE_PICKER:
        procore_page_app(out, page);
        procore_out_text(out, " asks for access to Procore in your name."
                              " Choose the one company that it is for.");
        break;

    case PROCORE_PAGE_MOMENT:
        procore_out_text(out, "We are asking Procore for your companies."
                              " This page goes on by itself.");
        break;

    case PROCORE_PAGE_CODE:
        procore_out_text(out, "Paste it into ");
        procore_page_app(out, page);
        procore_out_text(out, ". It works once, within the next few minutes.");
        break;

    case PROCORE_PAGE_DONE:
        procore_out_text(out, "Return to ");
        procore_page_app(out, page);
        procore_out_text(out, " and try again. You can close this page.");
        break;

    case PROCORE_PAGE_NOTHING:
    case PROCORE_PAGE_ERROR:
        procore_out_html(out, &page->text, PROCORE_PAGE_TEXT);
        break;
    }

    procore_out_text(out, "</p>\n");
}


static void
procore_page_facts(procore_out_t *out, const procore_page_t *page)
{
    if (page->app.len == 0 && page->host.len == 0 && page->login.len == 0
        && page->company.len == 0 && page->company_id == 0)
    {
        return;
    }

    procore_out_text(out, "<dl>\n");

    procore_page_fact(out, "App", &page->app, PROCORE_PAGE_NAME);
    procore_page_fact(out, "Returns to", &page->host, page->host.len);
    procore_page_fact(out, "Your Procore login", &page->login,
                      PROCORE_PAGE_LABEL);
    procore_page_company(out, page);

    procore_out_text(out, "</dl>\n");
}


static void
procore_page_fact(procore_out_t *out, const char *label,
    const procore_str_t *text, size_t max)
{
    if (text->len == 0) {
        return;
    }

    procore_out_text(out, "<div><dt>");
    procore_out_text(out, label);
    procore_out_text(out, "</dt><dd>");
    procore_page_foreign(out, text, max);
    procore_out_text(out, "</dd></div>\n");
}


static void
procore_page_company(procore_out_t *out, const procore_page_t *page)
{
    if (page->company.len == 0 && page->company_id == 0) {
        return;
    }

    procore_out_text(out, "<div><dt>Company</dt><dd>");

    if (page->company.len != 0) {
        procore_page_foreign(out, &page->company, PROCORE_PAGE_NAME);
    }

    if (page->company_id != 0) {
        procore_out_text(out, "<small>");
        procore_out_number(out, page->company_id);
        procore_out_text(out, "</small>");
    }

    procore_out_text(out, "</dd></div>\n");
}


/*
 * A field, not plain text: it is reached with the Tab key, and one more key
 * selects all of it.
 */

static void
procore_page_code(procore_out_t *out, const procore_page_t *page)
{
    procore_out_text(out,
        "<label for=\"code\">Your code</label>\n"
        "<textarea id=\"code\" rows=\"4\" readonly spellcheck=\"false\">");
    procore_out_html(out, &page->code, page->code.len);
    procore_out_text(out,
        "</textarea>\n"
        "<p class=\"note\"><b>Paste it only into the app that you started"
        " yourself.</b> Whoever has this code can work in Procore in your name."
        " If somebody else asked you for it, close this page.</p>\n");
}


/* For browsers that do not reload by themselves. */

static void
procore_page_again(procore_out_t *out, const procore_page_t *page)
{
    procore_out_text(out, "<p><a href=\"?state=");
    procore_out_percent(out, &page->state);
    procore_out_text(out, "\">Continue now</a></p>\n");
}


static void
procore_page_help(procore_out_t *out, const procore_page_t *page)
{
    if (page->help_url.len == 0 && page->help_notes.len == 0) {
        return;
    }

    procore_out_text(out, "<div class=\"note\">\n");

    if (page->help_notes.len != 0) {
        procore_page_notes(out, &page->help_notes);
    }

    if (page->help_url.len != 0) {
        procore_out_text(out, "<p><a href=\"");
        procore_out_html(out, &page->help_url, page->help_url.len);
        procore_out_text(out, "\">");
        procore_page_foreign(out, page->help_label.len != 0 ? &page->help_label
                                                            : &page->help_url,
                             PROCORE_PAGE_LABEL);
        procore_out_text(out, "</a></p>\n");
    }

    procore_out_text(out, "</div>\n");
}


/* Notes may have several lines. */

static void
procore_page_notes(procore_out_t *out, const procore_str_t *notes)
{
    size_t         i;
    procore_str_t  line;

    procore_out_text(out, "<p>");

    line.data = notes->data;
    line.len = 0;

    for (i = 0; i < notes->len; i++) {

        if (notes->data[i] != '\n') {
            line.len++;
            continue;
        }

        procore_out_html(out, &line, PROCORE_PAGE_TEXT);
        procore_out_text(out, "<br>");

        line.data = notes->data + i + 1;
        line.len = 0;
    }

    procore_out_html(out, &line, PROCORE_PAGE_TEXT);
    procore_out_text(out, "</p>\n");
}


static void
procore_page_back(procore_out_t *out, const procore_page_t *page)
{
    if (page->action.len == 0) {
        return;
    }

    procore_page_post(out, page);

    procore_out_text(out,
        "<div class=\"go\">"
        "<button type=\"submit\" name=\"action\" value=\"cancel\">");

    if (page->button.len != 0) {
        procore_out_html(out, &page->button, PROCORE_PAGE_LABEL);

    } else {
        procore_out_text(out, "Back to ");
        procore_page_app(out, page);
    }

    procore_out_text(out, "</button></div>\n</form>\n");
}


/* What somebody who is called for help asks for. */

static void
procore_page_small_print(procore_out_t *out, const procore_page_t *page)
{
    if (page->reason.len == 0 && page->decision.len == 0) {
        return;
    }

    procore_out_text(out, "<p><small>");

    if (page->reason.len != 0) {
        procore_out_text(out, "Reason: ");
        procore_out_html(out, &page->reason, PROCORE_PAGE_LABEL);
    }

    if (page->decision.len != 0) {
        procore_out_text(out, page->reason.len != 0 ? "<br>Request: "
                                                    : "Request: ");
        procore_out_html(out, &page->decision, PROCORE_PAGE_LABEL);
    }

    procore_out_text(out, "</small></p>\n");
}


void
procore_page_foreign(procore_out_t *out, const procore_str_t *text, size_t max)
{
    procore_out_text(out, "<bdi>");
    procore_out_html(out, text, max);
    procore_out_text(out, "</bdi>");
}


void
procore_page_app(procore_out_t *out, const procore_page_t *page)
{
    if (page->app.len == 0) {
        procore_out_text(out, "the app");
        return;
    }

    procore_out_text(out, "<b>");
    procore_page_foreign(out, &page->app, PROCORE_PAGE_NAME);
    procore_out_text(out, "</b>");
}


void
procore_page_hidden(procore_out_t *out, const char *name,
    const procore_str_t *value)
{
    if (value->len == 0) {
        return;
    }

    procore_out_text(out, "<input type=\"hidden\" name=\"");
    procore_out_text(out, name);
    procore_out_text(out, "\" value=\"");
    procore_out_html(out, value, value->len);
    procore_out_text(out, "\">\n");
}


void
procore_page_post(procore_out_t *out, const procore_page_t *page)
{
    procore_out_text(out, "<form method=\"post\" action=\"");
    procore_out_html(out, &page->action, page->action.len);
    procore_out_text(out, "\">\n");

    procore_page_hidden(out, "state", &page->state);
    procore_page_hidden(out, "token", &page->token);
}

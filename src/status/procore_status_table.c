
/*
 * The tables of the page.
 */


#include <string.h>

#include "procore_status_internal.h"


static void procore_status_reasons(procore_out_t *out,
    const procore_status_t *status);
static void procore_status_rows(procore_out_t *out, const char *caption,
    const char *name, const char *none, const procore_status_rows_t *rows);
static void procore_status_names(procore_out_t *out,
    const procore_status_rows_t *rows);
static void procore_status_bindings(procore_out_t *out,
    const procore_status_t *status);
static void procore_status_exceptions(procore_out_t *out,
    const procore_status_t *status);
static void procore_status_places(procore_out_t *out,
    const procore_status_t *status);


static const char *const  procore_status_modes[] = {
    "off", "monitor", "enforce"
};


/* Columns of counts, by decision; those with nothing to tell are left out. */

static const char *const  procore_status_columns[PROCORE_DECISION_MAX] = {
    "", "Allowed", "Refused", "Would be refused", "Let through undecided"
};


/* "heads": the columns but for the first; "numbers": they are. */

static void
procore_status_table(procore_out_t *out, const char *caption,
    const char *first, const char *const *heads, int numbers)
{
    procore_out_text(out, "<table>\n<caption>");
    procore_out_text(out, caption);
    procore_out_text(out, "</caption>\n<thead><tr><th scope=\"col\">");
    procore_out_text(out, first);
    procore_out_text(out, "</th>");

    for ( ; *heads != NULL; heads++) {
        procore_out_text(out, numbers ? "<th scope=\"col\" class=\"n\">"
                                      : "<th scope=\"col\">");
        procore_out_text(out, *heads);
        procore_out_text(out, "</th>");
    }

    procore_out_text(out, "</tr></thead>\n<tbody>\n");
}


static void
procore_status_table_end(procore_out_t *out)
{
    procore_out_text(out, "</tbody>\n</table>\n");
}


static void
procore_status_cell(procore_out_t *out, uint64_t n)
{
    procore_out_text(out, "<td class=\"n\">");
    procore_status_number(out, n);
    procore_out_text(out, "</td>");
}


/* A text from outside, so that it cannot turn what follows. */

static void
procore_status_foreign(procore_out_t *out, const procore_str_t *text,
    size_t max)
{
    procore_out_text(out, "<bdi>");
    procore_out_html(out, text, max);
    procore_out_text(out, "</bdi>");
}


void
procore_status_tables(procore_out_t *out, const procore_status_t *status)
{
    if (status->since != 0) {
        procore_out_text(out, "<h2>Requests</h2>\n");
        procore_status_reasons(out, status);
        procore_status_rows(out, "By company of the token", "Company",
                            "no company yet", &status->companies);
        procore_status_rows(out, "By app", "Client id", "app not known",
                            &status->clients);
        procore_status_names(out, &status->names);
        procore_status_bindings(out, status);
    }

    procore_out_text(out, "<h2>Configuration</h2>\n");
    procore_status_exceptions(out, status);
    procore_status_places(out, status);
}


/* Opens a table of counts; bits of "shown" are columns. */

static void
procore_status_counted(procore_out_t *out, const char *caption,
    const char *first, unsigned shown)
{
    size_t       n;
    unsigned     i;
    const char  *heads[PROCORE_DECISION_MAX + 1];

    n = 0;

    for (i = PROCORE_DECISION_ALLOW; i < PROCORE_DECISION_MAX; i++) {
        if (shown & 1u << i) {
            heads[n++] = procore_status_columns[i];
        }
    }

    heads[n] = NULL;

    procore_status_table(out, caption, first, heads, 1);
}


static void
procore_status_counts(procore_out_t *out, const uint64_t *counts,
    unsigned shown)
{
    unsigned  i;

    procore_out_text(out, "</th>");

    for (i = PROCORE_DECISION_ALLOW; i < PROCORE_DECISION_MAX; i++) {
        if (shown & 1u << i) {
            procore_status_cell(out, counts[i]);
        }
    }

    procore_out_text(out, "</tr>\n");
}


/* The columns that have anything to tell. */

static unsigned
procore_status_some(const uint64_t *counts)
{
    unsigned  i, some;

    some = 0;

    for (i = PROCORE_DECISION_ALLOW; i < PROCORE_DECISION_MAX; i++) {
        some |= counts[i] != 0 ? 1u << i : 0;
    }

    return some;
}


/* What was refused, or would be, most often first. */

static void
procore_status_reasons(procore_out_t *out, const procore_status_t *status)
{
    uint64_t  counts[PROCORE_REASON_MAX][PROCORE_DECISION_MAX];
    uint64_t  sums[PROCORE_REASON_MAX];
    unsigned  i, decision, most, shown;

    memset(sums, 0, sizeof(sums));
    memset(counts, 0, sizeof(counts));
    shown = 0;

    for (i = 0; i < PROCORE_REASON_MAX; i++) {

        for (decision = PROCORE_DECISION_DENY; decision < PROCORE_DECISION_MAX;
             decision++)
        {
            counts[i][decision] = status->requests[decision][i];
            sums[i] += counts[i][decision];
        }

        shown |= procore_status_some(counts[i]);
    }

    if (shown == 0) {
        procore_out_text(out, "<p>No request was refused.</p>\n");
        return;
    }

    procore_status_counted(out, "Why requests are refused", "Reason", shown);

    for ( ;; ) {
        most = 0;

        for (i = 1; i < PROCORE_REASON_MAX; i++) {
            most = sums[i] > sums[most] ? i : most;
        }

        if (sums[most] == 0) {
            break;
        }

        procore_out_text(out, "<tr><th scope=\"row\">");
        procore_out(out, procore_reasons[most].name.data,
                    procore_reasons[most].name.len);
        procore_status_counts(out, counts[most], shown);

        sums[most] = 0;
    }

    procore_status_table_end(out);
}


/* Are rows of more than one realm there? */

static int
procore_status_realms(const procore_status_rows_t *rows)
{
    size_t                i;
    const procore_str_t  *first, *realm;

    for (i = 1; i < rows->n; i++) {
        first = &rows->rows[0].realm;
        realm = &rows->rows[i].realm;

        if (first->len != realm->len
            || (realm->len != 0
                && memcmp(first->data, realm->data, realm->len) != 0))
        {
            return 1;
        }
    }

    return 0;
}


/* What was not simply allowed. */

static uint64_t
procore_status_trouble(const procore_status_row_t *row)
{
    unsigned  i;
    uint64_t  n;

    n = 0;

    for (i = PROCORE_DECISION_DENY; i < PROCORE_DECISION_MAX; i++) {
        n += row->counts[i];
    }

    return n;
}


/*
 * The row to show after "last" (rows->n: the first one), the one with most
 * trouble first, those with as much in the order of arrival.  rows->n: none.
 */

static size_t
procore_status_next(const procore_status_rows_t *rows, size_t last)
{
    size_t    i, next;
    uint64_t  n, before;

    next = rows->n;
    before = last < rows->n ? procore_status_trouble(&rows->rows[last]) : 0;

    for (i = 0; i < rows->n; i++) {
        n = procore_status_trouble(&rows->rows[i]);

        if (last < rows->n && (n > before || (n == before && i <= last))) {
            continue;
        }

        if (next == rows->n || n > procore_status_trouble(&rows->rows[next])) {
            next = i;
        }
    }

    return next;
}


static void
procore_status_rest(procore_out_t *out, const char *name,
    const uint64_t *counts, unsigned shown)
{
    if (procore_status_some(counts) != 0) {
        procore_out_text(out, "<tr><th scope=\"row\">");
        procore_out_text(out, name);
        procore_status_counts(out, counts, shown);
    }
}


static void
procore_status_rows(procore_out_t *out, const char *caption, const char *name,
    const char *none, const procore_status_rows_t *rows)
{
    int       realms;
    size_t    i;
    unsigned  shown;

    shown = procore_status_some(rows->none) | procore_status_some(rows->other);

    for (i = 0; i < rows->n; i++) {
        shown |= procore_status_some(rows->rows[i].counts);
    }

    if (shown == 0) {
        return;
    }

    realms = procore_status_realms(rows);

    procore_status_counted(out, caption, name, shown);

    for (i = procore_status_next(rows, rows->n);
         i < rows->n;
         i = procore_status_next(rows, i))
    {
        procore_out_text(out, "<tr><th scope=\"row\">");
        procore_status_foreign(out, &rows->rows[i].key, PROCORE_STATUS_ID);

        if (realms) {
            procore_out_text(out, "<small>");
            procore_status_foreign(out, &rows->rows[i].realm,
                                   PROCORE_STATUS_TEXT);
            procore_out_text(out, "</small>");
        }

        procore_status_counts(out, rows->rows[i].counts, shown);
    }

    procore_status_rest(out, none, rows->none, shown);
    procore_status_rest(out, "all others", rows->other, shown);

    procore_status_table_end(out);
}


static void
procore_status_names(procore_out_t *out, const procore_status_rows_t *rows)
{
    size_t    i;
    unsigned  decision;
    uint64_t  n;

    static const char *const  heads[] = { "Requests", NULL };

    if (rows->n == 0) {
        return;
    }

    procore_status_table(out, "Names that no list has, the first 20", "Name",
                         heads, 1);

    for (i = 0; i < rows->n; i++) {
        n = 0;

        for (decision = 0; decision < PROCORE_DECISION_MAX; decision++) {
            n += rows->rows[i].counts[decision];
        }

        procore_out_text(out, "<tr><th scope=\"row\">");
        procore_status_foreign(out, &rows->rows[i].key, PROCORE_STATUS_TEXT);
        procore_out_text(out, "</th>");
        procore_status_cell(out, n);
        procore_out_text(out, "</tr>\n");
    }

    procore_status_table_end(out);
}


static void
procore_status_bindings(procore_out_t *out, const procore_status_t *status)
{
    size_t  i, shown;

    static const char *const  heads[] = { "Tokens", NULL };

    shown = 0;

    for (i = 0; i < status->nbindings; i++) {

        if (status->bindings[i].n == 0) {
            continue;
        }

        if (shown++ == 0) {
            procore_status_table(out, "Bindings that were made", "Way", heads,
                                 1);
        }

        procore_out_text(out, "<tr><th scope=\"row\">");
        procore_out_html(out, &status->bindings[i].name, PROCORE_STATUS_TEXT);
        procore_out_text(out, "</th>");
        procore_status_cell(out, status->bindings[i].n);
        procore_out_text(out, "</tr>\n");
    }

    if (shown != 0) {
        procore_status_table_end(out);
    }
}


/* Where something is configured. */

static void
procore_status_where(procore_out_t *out, const procore_str_t *file,
    uint64_t line)
{
    procore_status_foreign(out, file, PROCORE_STATUS_TEXT);
    procore_out_text(out, ":");
    procore_out_number(out, line);
}


static void
procore_status_more(procore_out_t *out, size_t n, const char *columns)
{
    if (n <= PROCORE_STATUS_SHOWN) {
        return;
    }

    procore_out_text(out, "<tr><td colspan=\"");
    procore_out_text(out, columns);
    procore_out_text(out, "\">and ");
    procore_status_number(out, n - PROCORE_STATUS_SHOWN);
    procore_out_text(out, " more</td></tr>\n");
}


/* Those that have run out first. */

static void
procore_status_exceptions(procore_out_t *out, const procore_status_t *status)
{
    size_t                      i, shown;
    int                         over, round;
    const procore_exception_t  *exception;

    static const char *const  heads[] = { "Until", "Requests", NULL };

    if (status->nexceptions == 0) {
        return;
    }

    procore_status_table(out, "Exceptions", "Company", heads, 0);

    shown = 0;

    for (round = 1; round >= 0; round--) {

        for (i = 0; i < status->nexceptions; i++) {
            exception = status->exceptions[i].exception;
            over = exception->until != 0 && exception->until <= status->now;

            if (over != round || shown == PROCORE_STATUS_SHOWN) {
                continue;
            }

            shown++;

            procore_out_text(out, "<tr><th scope=\"row\">");
            procore_out_number(out, exception->company);
            procore_out_text(out, "<small>");
            procore_status_foreign(out, &exception->note, PROCORE_STATUS_TEXT);
            procore_out_text(out, "</small><small>");
            procore_status_where(out, &status->exceptions[i].file,
                                 status->exceptions[i].line);
            procore_out_text(out, over ? "</small></th><td class=\"bad\"><b>"
                                       : "</small></th><td>");

            if (exception->until == 0) {
                procore_out_text(out, "no end");

            } else {
                procore_out_text(out, "<time>");
                procore_out_date(out, exception->until - 1);
                procore_out_text(out, "</time>");
            }

            procore_out_text(out, over ? ": has run out</b></td>" : "</td>");
            procore_status_cell(out, status->exceptions[i].used);
            procore_out_text(out, "</tr>\n");
        }
    }

    procore_status_more(out, status->nexceptions, "3");
    procore_status_table_end(out);
}


static void
procore_status_places(procore_out_t *out, const procore_status_t *status)
{
    size_t  i;

    static const char *const  heads[] = { "Where", NULL };

    procore_status_table(out, "Modes", "Mode", heads, 0);

    for (i = 0; i < status->nplaces && i < PROCORE_STATUS_SHOWN; i++) {
        procore_out_text(out, "<tr><th scope=\"row\">");
        procore_out_text(out, procore_status_modes[status->places[i].mode]);
        procore_out_text(out, "</th><td>");
        procore_status_where(out, &status->places[i].file,
                             status->places[i].line);
        procore_out_text(out, "</td></tr>\n");
    }

    if (status->nplaces == 0) {
        procore_out_text(out, "<tr><td colspan=\"2\">No place sets a"
                              " mode.</td></tr>\n");
    }

    procore_status_more(out, status->nplaces, "2");
    procore_status_table_end(out);

    if (status->client_modes) {
        procore_out_text(out, "<p>Some apps have a mode of their own"
                              " (procore_scope_client).</p>\n");
    }
}

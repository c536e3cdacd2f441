
/*
 * The status as a page: what needs action first, then the numbers at a glance,
 * then the tables.
 */


#include <string.h>

#include "procore_status_internal.h"


#define PROCORE_STATUS_DIGITS  20      /* of 2^64 - 1 */


static void procore_status_head(procore_out_t *out,
    const procore_status_t *status);
static void procore_status_glance(procore_out_t *out,
    const procore_status_t *status);
static const char *procore_status_mode(const procore_status_t *status);
static void procore_status_store(procore_out_t *out,
    const procore_status_t *status);
static void procore_status_parts(procore_out_t *out,
    const procore_status_t *status, const char *name, const char *before);
static void procore_status_candidate(procore_out_t *out,
    const procore_status_t *status);
static void procore_status_lookups(procore_out_t *out,
    const procore_status_t *status);
static void procore_status_foot(procore_out_t *out,
    const procore_status_t *status);


static const char *const  procore_status_stores[PROCORE_STATUS_STORE_MAX] = {
    "ready", "behind", "failing", "full", "out of order"
};

static const char *const  procore_status_units[] = {
    " bytes", " kB", " MB", " GB", " TB"
};


void
procore_status_number(procore_out_t *out, uint64_t n)
{
    size_t         i;
    unsigned char  digits[PROCORE_STATUS_DIGITS];

    i = PROCORE_STATUS_DIGITS;

    do {
        digits[--i] = (unsigned char) ('0' + n % 10);
        n /= 10;
    } while (n != 0);

    for ( ; i < PROCORE_STATUS_DIGITS; i++) {
        procore_out(out, &digits[i], 1);

        if ((PROCORE_STATUS_DIGITS - 1 - i) % 3 == 0
            && i != PROCORE_STATUS_DIGITS - 1)
        {
            procore_out_text(out, "\xe2\x80\xaf");    /* U+202F, a thin space */
        }
    }
}


void
procore_status_bytes(procore_out_t *out, uint64_t n)
{
    size_t  unit;

    unit = 0;

    while (n >= 10000
           && unit + 1 < sizeof(procore_status_units)
                         / sizeof(procore_status_units[0]))
    {
        n = (n + 512) / 1024;
        unit++;
    }

    procore_out_number(out, n);
    procore_out_text(out, procore_status_units[unit]);
}


/* One number of a list of facts. */

static void
procore_status_fact_begin(procore_out_t *out, const char *name,
    const char *style)
{
    procore_out_text(out, "<div");

    if (style != NULL) {
        procore_out_text(out, " class=\"");
        procore_out_text(out, style);
        procore_out_text(out, "\"");
    }

    procore_out_text(out, "><dt>");
    procore_out_text(out, name);
    procore_out_text(out, "</dt><dd>");
}


static void
procore_status_fact_end(procore_out_t *out)
{
    procore_out_text(out, "</dd></div>\n");
}


static void
procore_status_fact(procore_out_t *out, const char *name, uint64_t n)
{
    procore_status_fact_begin(out, name, NULL);
    procore_status_number(out, n);
    procore_status_fact_end(out);
}


/* The same for something that should not be. */

static void
procore_status_fault(procore_out_t *out, const char *name, uint64_t n)
{
    procore_status_fact_begin(out, name, n != 0 ? "bad" : NULL);
    procore_status_number(out, n);
    procore_status_fact_end(out);
}


void
procore_status_html(procore_out_t *out, const procore_status_t *status)
{
    procore_status_head(out, status);
    procore_status_action(out, status);

    if (status->since != 0) {
        procore_status_glance(out, status);
    }

    procore_status_tables(out, status);

    if (status->since != 0) {
        procore_status_store(out, status);
        procore_status_candidate(out, status);
        procore_status_lookups(out, status);
    }

    procore_status_foot(out, status);
}


static void
procore_status_head(procore_out_t *out, const procore_status_t *status)
{
    procore_out_text(out,
        "<!DOCTYPE html>\n"
        "<html lang=\"en\">\n"
        "<head>\n"
        "<meta charset=\"utf-8\">\n"
        "<meta name=\"viewport\""
        " content=\"width=device-width, initial-scale=1\">\n"
        "<title>Procore scope: ");
    procore_out_text(out, procore_status_mode(status));

    if (status->since != 0) {
        procore_out_text(out, ", store ");
        procore_out_text(out, procore_status_stores[status->store]);
    }

    procore_out_text(out, "</title>\n<style>");
    procore_out_text(out, procore_status_style);
    procore_out_text(out, "</style>\n</head>\n<body>\n<main>\n"
                          "<h1>Procore scope</h1>\n<p>As of ");
    procore_out_time(out, status->now);
    procore_out_text(out, " UTC. Reload for newer numbers.</p>\n");
}


static const char *
procore_status_mode(const procore_status_t *status)
{
    size_t    i;
    unsigned  modes;

    modes = 0;

    for (i = 0; i < status->nplaces; i++) {
        modes |= 1u << status->places[i].mode;
    }

    modes &= ~(1u << PROCORE_MODE_OFF);

    if (modes == 0) {
        return "off";
    }

    if (modes == 1u << PROCORE_MODE_ENFORCE && !status->client_modes) {
        return "enforce";
    }

    return modes == 1u << PROCORE_MODE_MONITOR && !status->client_modes
           ? "monitor" : "mixed";
}


static void
procore_status_glance(procore_out_t *out, const procore_status_t *status)
{
    unsigned  i;
    uint64_t  n;

    n = 0;

    for (i = PROCORE_DECISION_ALLOW; i < PROCORE_DECISION_MAX; i++) {
        n += procore_status_decided(status, (procore_decision_e) i);
    }

    procore_out_text(out, "<h2>At a glance</h2>\n<dl>\n");

    procore_status_fact_begin(out, "Store",
                              status->store == PROCORE_STATUS_READY ? "good"
                                                                    : "bad");
    procore_out_text(out, procore_status_stores[status->store]);
    procore_status_fact_end(out);

    procore_status_fact_begin(out, "Mode", NULL);
    procore_out_text(out, procore_status_mode(status));
    procore_status_fact_end(out);

    procore_status_fact(out, "Requests", n);
    procore_status_fact(out, "Allowed",
                    procore_status_decided(status, PROCORE_DECISION_ALLOW));
    procore_status_fact(out, "Refused",
                    procore_status_decided(status, PROCORE_DECISION_DENY));
    procore_status_fact(out, "Would be refused",
                    procore_status_decided(status,
                                           PROCORE_DECISION_WOULD_DENY));
    procore_status_fault(out, "Undecided",
                  procore_status_reason(status, PROCORE_REASON_LOOKUP_FAILED)
                  + procore_status_reason(status,
                                          PROCORE_REASON_STORE_FAILED));
    procore_status_fact(out, "Ended early",
                    procore_status_counter(status, "unfinished_requests"));

    procore_out_text(out, "</dl>\n<p><small>Counted since ");
    procore_out_time(out, status->since);
    procore_out_text(out, " UTC, in ");
    procore_status_number(out, status->workers);
    procore_out_text(out, status->workers == 1 ? " worker" : " workers");
    procore_out_text(out, ". A reload forgets nothing.</small></p>\n");
}


static void
procore_status_store(procore_out_t *out, const procore_status_t *status)
{
    size_t    i;
    uint64_t  commits;

    commits = 0;

    for (i = 0; i <= status->nbounds; i++) {
        commits += status->commits[i];
    }

    procore_out_text(out, "<h2>Store</h2>\n<p><small><bdi>");
    procore_out_html(out, &status->path, PROCORE_STATUS_TEXT);
    procore_out_text(out, "</bdi>, layout ");
    procore_out_number(out, status->layout);
    procore_out_text(out, "</small></p>\n<dl>\n");

    if (status->opened) {
        procore_status_fact_begin(out, "In use at most", NULL);
        procore_status_bytes(out, status->bytes);
        procore_status_fact_end(out);
        procore_status_fact_begin(out, "Limit", NULL);
        procore_status_bytes(out, status->limit);
        procore_status_fact_end(out);

        for (i = 0; i < status->nentries; i++) {
            procore_out_text(out, "<div><dt>Entries: ");
            procore_out_html(out, &status->entries[i].name,
                             PROCORE_STATUS_ID);
            procore_out_text(out, "</dt><dd>");
            procore_status_number(out, status->entries[i].n);
            procore_status_fact_end(out);
        }
    }

    procore_status_fact(out, "Commits", commits);
    procore_status_fact_begin(out, "Mean time", NULL);
    procore_status_number(out, commits != 0
                               ? status->commit_usec / commits / 1000 : 0);
    procore_out_text(out, " ms");
    procore_status_fact_end(out);
    procore_status_fact(out, "Waiting writes", status->queued);
    procore_status_fault(out, "Failed commits",
                         procore_status_counter(status, "commit_failures"));
    procore_status_fault(out, "Damaged records",
                         procore_status_counter(status, "damaged_records"));

    procore_out_text(out, "</dl>\n");
}


static void
procore_status_lookups(procore_out_t *out, const procore_status_t *status)
{
    procore_out_text(out, "<h2>Lookups of projects</h2>\n<dl>\n");

    procore_status_fact(out, "Lists",
                        procore_status_counter(status, "lookups"));
    procore_status_fact(out, "Pages asked for",
                        procore_status_counter(status, "lookup_pages"));

    procore_status_parts(out, status, "lookup_results", "Ended: ");

    procore_status_fact(out, "Waiting requests", status->held);
    procore_status_fact_begin(out, "Keeps away for",
                              status->backoff != 0 ? "bad" : NULL);
    procore_status_number(out, status->backoff);
    procore_out_text(out, " s");
    procore_status_fact_end(out);

    procore_out_text(out, "</dl>\n");
}


/* The parts of a counter, each as a fact of its own. */

static void
procore_status_parts(procore_out_t *out, const procore_status_t *status,
    const char *name, const char *before)
{
    size_t                           i;
    const procore_status_counter_t  *counter;

    for (i = 0; i < status->ncounters; i++) {
        counter = &status->counters[i];

        if (counter->label.len == 0 || counter->name.len != strlen(name)
            || memcmp(counter->name.data, name, counter->name.len) != 0)
        {
            continue;
        }

        procore_out_text(out, "<div><dt>");
        procore_out_text(out, before);
        procore_out_html(out, &counter->value, PROCORE_STATUS_ID);
        procore_out_text(out, "</dt><dd>");
        procore_status_number(out, counter->n);
        procore_status_fact_end(out);
    }
}


/* What procore_scope_candidate would have changed, where it has been tried. */

static void
procore_status_candidate(procore_out_t *out, const procore_status_t *status)
{
    if (procore_status_counter(status, "candidate_decisions") == 0) {
        return;
    }

    procore_out_text(out,
        "<h2>Settings that are tried</h2>\n"
        "<p><small>What <code>procore_scope_candidate</code> would change: "
        "<em>denies</em> what passes, <em>allows</em> what is refused, "
        "<em>open</em>: it cannot know.</small></p>\n<dl>\n");

    procore_status_parts(out, status, "candidate_decisions", "");

    procore_out_text(out, "</dl>\n");
}


static void
procore_status_foot(procore_out_t *out, const procore_status_t *status)
{
    procore_out_text(out,
        "<h2>The same for machines</h2>\n"
        "<nav aria-label=\"Formats\">\n"
        "<a href=\"?view=report\">report of apps</a>\n"
        "<a href=\"?format=json\">JSON</a>\n"
        "<a href=\"?format=prometheus\">Prometheus</a>\n"
        "<a href=\"?format=ready\">ready or not</a>\n"
        "</nav>\n<p><small>Version ");
    procore_out_text(out, status->version);
    procore_out_text(out, "</small></p>\n</main>\n</body>\n</html>\n");
}

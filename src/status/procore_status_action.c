
/*
 * What an operator should do, the worst first.
 */


#include "procore_status_internal.h"


/* Parts of the limit of the store from which on it should be raised. */

#define PROCORE_STATUS_NEARLY_FULL  10     /* nine tenths */


/* Opens an entry of the list; the list itself where it is the first. */

static void
procore_status_todo(procore_out_t *out, size_t *n, int bad, const char *what)
{
    if ((*n)++ == 0) {
        procore_out_text(out, "<ul>\n");
    }

    procore_out_text(out, bad ? "<li class=\"bad\"><b>" : "<li><b>");
    procore_out_text(out, what);
    procore_out_text(out, "</b>");
}


/* One with a number in its heading, where there are any. */

static void
procore_status_todo_count(procore_out_t *out, size_t *n, int bad,
    uint64_t count, const char *what, const char *todo)
{
    if (count == 0) {
        return;
    }

    procore_status_todo(out, n, bad, what);
    procore_out_text(out, todo);
    procore_out_text(out, " So far: ");
    procore_status_number(out, count);
    procore_out_text(out, ".</li>\n");
}


static void
procore_status_todo_store(procore_out_t *out, const procore_status_t *status,
    size_t *n)
{
    if (status->store != PROCORE_STATUS_READY) {
        procore_status_todo(out, n, 1, "New tokens are not taken");
        procore_out_text(out, "Reason: ");
        procore_out_text(out, procore_status_sentence(status->store));
        procore_out_text(out, ".</li>\n");

    } else if (status->opened
               && status->bytes >= status->limit
                                   - status->limit
                                     / PROCORE_STATUS_NEARLY_FULL)
    {
        procore_status_todo(out, n, 0, "The store is nearly full");
        procore_out_text(out, "Raise \"size\" of procore_scope_store, then"
                              " reload.</li>\n");
    }
}


void
procore_status_action(procore_out_t *out, const procore_status_t *status)
{
    size_t  n, expired;

    n = 0;
    expired = procore_status_expired(status);

    procore_out_text(out, "<h2>What needs action</h2>\n");

    if (status->since == 0) {
        procore_status_todo(out, &n, 1, "Nothing is judged");
        procore_out_text(out, "No place of the configuration has"
                              " \"procore_scope monitor\" or"
                              " \"enforce\".</li>\n");

    } else {
        procore_status_todo_store(out, status, &n);
    }

    procore_status_todo_count(out, &n, 1,
        procore_status_counter(status, "audit_unwritten"),
        "Decisions without a record",
        "The audit has gaps. Look at the disk, at the error log, and at every"
        " access_log inside of a location: it replaces the one outside.");

    procore_status_todo_count(out, &n, 1,
        procore_status_counter(status, "damaged_records"),
        "Damaged records in the store",
        "Restart nginx, so that the store is checked, and look at the disk.");

    procore_status_todo_count(out, &n, 0,
        procore_status_reason(status, PROCORE_REASON_STORE_FAILED)
        + procore_status_reason(status, PROCORE_REASON_LOOKUP_FAILED),
        "Requests that could not be decided",
        "Procore's lists of projects or the store were out of reach. See the"
        " lookups below and the error log.");

    if (expired != 0) {
        procore_status_todo(out, &n, 0, "Exceptions that have run out");
        procore_out_number(out, expired);
        procore_out_text(out, expired == 1 ? " has" : " have");
        procore_out_text(out, " no effect any more: remove it from the"
                              " configuration, or renew its date. See the"
                              " exceptions below.</li>\n");
    }

    procore_status_todo_count(out, &n, 0,
        procore_status_counter(status, "unlisted_names"),
        "Names that no list has",
        "Requests have names that look like ids of companies or projects. Add"
        " each with procore_scope_names where it is one, or with"
        " procore_scope_ignore where it is not. They are listed below.");

    if (n != 0) {
        procore_out_text(out, "</ul>\n");

    } else {
        procore_out_text(out, "<p class=\"fine\">Nothing: the store is ready,"
                              " and all is on record.</p>\n");
    }
}

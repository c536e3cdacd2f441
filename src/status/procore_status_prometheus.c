
/*
 * The status as metrics: Prometheus's text exposition format, version 0.0.4,
 * and its conventions for names, units and labels.
 */


#include <string.h>

#include "procore_status.h"


#define PROCORE_METRIC_DIGITS  6       /* of a fraction of a second */


static void procore_metric_requests(procore_out_t *out,
    const procore_status_t *status);
static void procore_metric_counters(procore_out_t *out,
    const procore_status_t *status);
static void procore_metric_lookups(procore_out_t *out,
    const procore_status_t *status);
static void procore_metric_store(procore_out_t *out,
    const procore_status_t *status);
static void procore_metric_commits(procore_out_t *out,
    const procore_status_t *status);
static void procore_metric_rows(procore_out_t *out, const char *name,
    const char *help, const char *label, const char *none,
    const procore_status_rows_t *rows);
static void procore_metric_row(procore_out_t *out, const char *name,
    const char *label, const procore_str_t *realm, const procore_str_t *key,
    const uint64_t *counts);
static void procore_metric_config(procore_out_t *out,
    const procore_status_t *status);


static const char *const  procore_metric_modes[] = {
    "off", "monitor", "enforce"
};


static void
procore_metric_head(procore_out_t *out, const char *name, const char *type,
    const char *help)
{
    procore_out_text(out, "# HELP procore_scope_");
    procore_out_text(out, name);
    procore_out_text(out, " ");
    procore_out_text(out, help);
    procore_out_text(out, ".\n# TYPE procore_scope_");
    procore_out_text(out, name);
    procore_out_text(out, " ");
    procore_out_text(out, type);
    procore_out_text(out, "\n");
}


/* The name of a sample, up to its labels. */

static void
procore_metric_name(procore_out_t *out, const char *name)
{
    procore_out_text(out, "procore_scope_");
    procore_out_text(out, name);
}


/* A label; the first of a sample has "{" before it, the others ",". */

static void
procore_metric_label(procore_out_t *out, const char *before, const char *label,
    const procore_str_t *value)
{
    procore_out_text(out, before);
    procore_out_text(out, label);
    procore_out_text(out, "=\"");
    procore_out_label(out, value);
    procore_out_text(out, "\"");
}


static void
procore_metric_constant(procore_out_t *out, const char *before,
    const char *label, const char *value)
{
    procore_str_t  text;

    text.len = strlen(value);
    text.data = (const unsigned char *) value;

    procore_metric_label(out, before, label, &text);
}


static void
procore_metric_value(procore_out_t *out, uint64_t n)
{
    procore_out_text(out, " ");
    procore_out_number(out, n);
    procore_out_text(out, "\n");
}


/* One without labels. */

static void
procore_metric(procore_out_t *out, const char *name, const char *type,
    const char *help, uint64_t n)
{
    procore_metric_head(out, name, type, help);
    procore_metric_name(out, name);
    procore_metric_value(out, n);
}


static void
procore_metric_seconds(procore_out_t *out, uint64_t usec)
{
    size_t    i;
    uint64_t  digit;

    procore_out_number(out, usec / 1000000);
    procore_out_text(out, ".");

    digit = 100000;

    for (i = 0; i < PROCORE_METRIC_DIGITS; i++) {
        procore_out_number(out, usec / digit % 10);
        digit /= 10;
    }
}


void
procore_status_prometheus(procore_out_t *out, const procore_status_t *status)
{
    procore_metric_head(out, "build_info", "gauge",
                        "The module that runs, by its version");
    procore_metric_name(out, "build_info");
    procore_metric_constant(out, "{", "version", status->version);
    procore_out_text(out, "} 1\n");

    procore_metric_config(out, status);

    if (status->since == 0) {
        return;
    }

    procore_metric(out, "start_time_seconds", "gauge",
                   "When the counters began, in seconds since the epoch",
                   status->since);
    procore_metric(out, "workers", "gauge", "Worker processes that live",
                   status->workers);

    procore_metric_requests(out, status);
    procore_metric_counters(out, status);
    procore_metric_lookups(out, status);
    procore_metric_store(out, status);

    procore_metric_rows(out, "company_requests_total",
                        "Decisions by the company of the token", "company",
                        "unbound", &status->companies);
    procore_metric_rows(out, "client_requests_total",
                        "Decisions by the app of the token", "client",
                        "unknown", &status->clients);
}


static void
procore_metric_config(procore_out_t *out, const procore_status_t *status)
{
    size_t    i, mode;
    uint64_t  n;

    procore_metric_head(out, "places", "gauge",
                        "Places of the configuration that set a mode");

    for (mode = PROCORE_MODE_OFF; mode <= PROCORE_MODE_ENFORCE; mode++) {
        n = 0;

        for (i = 0; i < status->nplaces; i++) {
            n += status->places[i].mode == mode;
        }

        procore_metric_name(out, "places");
        procore_metric_constant(out, "{", "mode", procore_metric_modes[mode]);
        procore_out_text(out, "}");
        procore_metric_value(out, n);
    }

    procore_metric(out, "exceptions", "gauge",
                   "Exceptions that are configured", status->nexceptions);
    procore_metric(out, "expired_exceptions", "gauge",
                   "Exceptions that have run out and have no effect",
                   procore_status_expired(status));
}


static void
procore_metric_requests(procore_out_t *out, const procore_status_t *status)
{
    unsigned  decision, reason;
    uint64_t  n;

    procore_metric_head(out, "requests_total", "counter",
                        "Decisions about requests, by decision and reason");

    for (decision = PROCORE_DECISION_ALLOW; decision < PROCORE_DECISION_MAX;
         decision++)
    {
        for (reason = 0; reason < PROCORE_REASON_MAX; reason++) {
            n = status->requests[decision][reason];

            if (n == 0
                && !procore_status_possible((procore_decision_e) decision,
                                            (procore_reason_e) reason))
            {
                continue;
            }

            procore_metric_name(out, "requests_total");
            procore_metric_constant(out, "{", "decision",
                                    procore_decision_names[decision]);
            procore_metric_label(out, ",", "reason",
                                 &procore_reasons[reason].name);
            procore_out_text(out, "}");
            procore_metric_value(out, n);
        }
    }

    procore_metric_head(out, "subrequests_total", "counter",
                        "Decisions about subrequests within nginx, which have"
                        " no record of their own");

    for (decision = PROCORE_DECISION_ALLOW; decision < PROCORE_DECISION_MAX;
         decision++)
    {
        procore_metric_name(out, "subrequests_total");
        procore_metric_constant(out, "{", "decision",
                                procore_decision_names[decision]);
        procore_out_text(out, "}");
        procore_metric_value(out, status->subrequests[decision]);
    }
}


static void
procore_metric_counters(procore_out_t *out, const procore_status_t *status)
{
    size_t                           i;
    const procore_status_counter_t  *counter, *last;

    procore_metric(out, "undecided_total", "counter",
                   "Requests that could not be decided",
                   procore_status_reason(status, PROCORE_REASON_LOOKUP_FAILED)
                   + procore_status_reason(status,
                                           PROCORE_REASON_STORE_FAILED));
    procore_metric(out, "store_failed_total", "counter",
                   "Requests that could not be decided because the store was"
                   " out of reach",
                   procore_status_reason(status, PROCORE_REASON_STORE_FAILED));

    last = NULL;

    for (i = 0; i < status->ncounters; i++) {
        counter = &status->counters[i];

        if (last == NULL || last->name.len != counter->name.len
            || memcmp(last->name.data, counter->name.data, last->name.len)
               != 0)
        {
            procore_out_text(out, "# HELP procore_scope_");
            procore_out(out, counter->name.data, counter->name.len);
            procore_out_text(out, "_total ");
            procore_out(out, counter->help.data, counter->help.len);
            procore_out_text(out, ".\n# TYPE procore_scope_");
            procore_out(out, counter->name.data, counter->name.len);
            procore_out_text(out, "_total counter\n");
        }

        last = counter;

        procore_out_text(out, "procore_scope_");
        procore_out(out, counter->name.data, counter->name.len);
        procore_out_text(out, "_total");

        if (counter->label.len != 0) {
            procore_out_text(out, "{");
            procore_out(out, counter->label.data, counter->label.len);
            procore_out_text(out, "=\"");
            procore_out_label(out, &counter->value);
            procore_out_text(out, "\"}");
        }

        procore_metric_value(out, counter->n);
    }
}


static void
procore_metric_lookups(procore_out_t *out, const procore_status_t *status)
{
    procore_metric(out, "lookup_backoff_seconds", "gauge",
                   "The longest time for which the lookups of a company still"
                   " keep away from Procore", status->backoff);
    procore_metric(out, "held_requests", "gauge",
                   "Requests that wait for a lookup now", status->held);
}


static void
procore_metric_parts(procore_out_t *out, const char *name, const char *label,
    const procore_status_part_t *parts, size_t n)
{
    size_t  i;

    for (i = 0; i < n; i++) {
        procore_metric_name(out, name);
        procore_metric_label(out, "{", label, &parts[i].name);
        procore_out_text(out, "}");
        procore_metric_value(out, parts[i].n);
    }
}


static void
procore_metric_store(procore_out_t *out, const procore_status_t *status)
{
    procore_metric(out, "store_ready", "gauge",
                   "Whether the store takes new tokens (1) or not (0)",
                   status->store == PROCORE_STATUS_READY);
    procore_metric(out, "store_layout", "gauge",
                   "The version of the layout of the store", status->layout);
    procore_metric(out, "store_queued_operations", "gauge",
                   "Operations that wait for the disk now", status->queued);

    if (status->opened) {
        procore_metric(out, "store_bytes", "gauge",
                       "Bytes of the store's file that have been in use at"
                       " most; what was freed is used again", status->bytes);
        procore_metric(out, "store_limit_bytes", "gauge",
                       "What store_bytes may become", status->limit);
        procore_metric_head(out, "store_entries", "gauge",
                            "Entries of the store, by kind");
        procore_metric_parts(out, "store_entries", "kind", status->entries,
                             status->nentries);
    }

    procore_metric_commits(out, status);

    procore_metric_head(out, "bindings_total", "counter",
                        "Tokens that were bound to a company, by the way");
    procore_metric_parts(out, "bindings_total", "way", status->bindings,
                         status->nbindings);
}


static void
procore_metric_commits(procore_out_t *out, const procore_status_t *status)
{
    size_t    i;
    uint64_t  n;

    procore_metric_head(out, "commit_seconds", "histogram",
                        "How long the store's transactions took, disk"
                        " included");

    n = 0;

    for (i = 0; i <= status->nbounds; i++) {
        n += status->commits[i];

        procore_metric_name(out, "commit_seconds_bucket{le=\"");

        if (i < status->nbounds) {
            procore_metric_seconds(out, status->bounds[i]);

        } else {
            procore_out_text(out, "+Inf");
        }

        procore_out_text(out, "\"}");
        procore_metric_value(out, n);
    }

    procore_metric_name(out, "commit_seconds_sum ");
    procore_metric_seconds(out, status->commit_usec);
    procore_out_text(out, "\n");

    procore_metric_name(out, "commit_seconds_count");
    procore_metric_value(out, n);
}


static void
procore_metric_rows(procore_out_t *out, const char *name, const char *help,
    const char *label, const char *none, const procore_status_rows_t *rows)
{
    size_t         i;
    procore_str_t  nothing, text;

    procore_metric_head(out, name, "counter", help);

    for (i = 0; i < rows->n; i++) {
        procore_metric_row(out, name, label, &rows->rows[i].realm,
                           &rows->rows[i].key, rows->rows[i].counts);
    }

    nothing.len = 0;
    nothing.data = NULL;

    text.len = strlen(none);
    text.data = (const unsigned char *) none;

    procore_metric_row(out, name, label, &nothing, &text, rows->none);

    text.len = sizeof("other") - 1;
    text.data = (const unsigned char *) "other";

    procore_metric_row(out, name, label, &nothing, &text, rows->other);
}


static void
procore_metric_row(procore_out_t *out, const char *name, const char *label,
    const procore_str_t *realm, const procore_str_t *key,
    const uint64_t *counts)
{
    unsigned  i;

    for (i = PROCORE_DECISION_ALLOW; i < PROCORE_DECISION_MAX; i++) {
        procore_metric_name(out, name);
        procore_metric_label(out, "{", "realm", realm);
        procore_metric_label(out, ",", label, key);
        procore_metric_constant(out, ",", "decision",
                                procore_decision_names[i]);
        procore_out_text(out, "}");
        procore_metric_value(out, counts[i]);
    }
}

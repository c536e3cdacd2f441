
/*
 * The status as one object of JSON.
 */


#include <string.h>

#include "procore_status.h"


static void procore_status_json_requests(procore_out_t *out,
    const procore_status_t *status);
static void procore_status_json_counters(procore_out_t *out,
    const procore_status_t *status);
static void procore_status_json_store(procore_out_t *out,
    const procore_status_t *status);
static void procore_status_json_commits(procore_out_t *out,
    const procore_status_t *status);
static void procore_status_json_rows(procore_out_t *out, const char *name,
    const char *key, const char *none, const procore_status_rows_t *rows);
static void procore_status_json_names(procore_out_t *out,
    const procore_status_rows_t *rows);
static void procore_status_json_exceptions(procore_out_t *out,
    const procore_status_t *status);
static void procore_status_json_places(procore_out_t *out,
    const procore_status_t *status);


static const char *const  procore_status_json_modes[] = {
    "off", "monitor", "enforce"
};


/* A member's name with what stands before it: "{", "," or nothing. */

static void
procore_json_name(procore_out_t *out, const char *before, const char *name)
{
    procore_out_text(out, before);
    procore_out_text(out, "\"");
    procore_out_text(out, name);
    procore_out_text(out, "\":");
}


static void
procore_json_number(procore_out_t *out, const char *before, const char *name,
    uint64_t n)
{
    procore_json_name(out, before, name);
    procore_out_number(out, n);
}


static void
procore_json_string(procore_out_t *out, const char *before, const char *name,
    const procore_str_t *text)
{
    procore_json_name(out, before, name);
    procore_out_text(out, "\"");
    procore_out_json(out, text);
    procore_out_text(out, "\"");
}


static void
procore_json_constant(procore_out_t *out, const char *before, const char *name,
    const char *text)
{
    procore_json_name(out, before, name);
    procore_out_text(out, "\"");
    procore_out_text(out, text);
    procore_out_text(out, "\"");
}


/* The members of the counts of each decision. */

static void
procore_json_decisions(procore_out_t *out, const uint64_t *counts)
{
    unsigned  i;

    for (i = PROCORE_DECISION_ALLOW; i < PROCORE_DECISION_MAX; i++) {
        procore_json_number(out, i > PROCORE_DECISION_ALLOW ? "," : "",
                            procore_decision_names[i], counts[i]);
    }
}


static void
procore_json_parts(procore_out_t *out, const char *name,
    const procore_status_part_t *parts, size_t n)
{
    size_t  i;

    procore_json_name(out, ",", name);
    procore_out_text(out, "{");

    for (i = 0; i < n; i++) {
        procore_out_text(out, i > 0 ? ",\"" : "\"");
        procore_out_json(out, &parts[i].name);
        procore_out_text(out, "\":");
        procore_out_number(out, parts[i].n);
    }

    procore_out_text(out, "}");
}


void
procore_status_json(procore_out_t *out, const procore_status_t *status)
{
    procore_json_constant(out, "{", "version", status->version);
    procore_json_number(out, ",", "now", status->now);
    procore_status_json_places(out, status);
    procore_status_json_exceptions(out, status);

    if (status->since != 0) {
        procore_json_number(out, ",", "since", status->since);
        procore_json_number(out, ",", "workers", status->workers);
        procore_status_json_store(out, status);
        procore_status_json_requests(out, status);
        procore_status_json_counters(out, status);
        procore_json_number(out, ",", "lookup_backoff_seconds",
                            status->backoff);
        procore_json_number(out, ",", "held_requests", status->held);
        procore_json_parts(out, "bindings", status->bindings,
                           status->nbindings);
        procore_status_json_rows(out, "companies", "company", "unbound",
                                 &status->companies);
        procore_status_json_rows(out, "clients", "client", "unknown",
                                 &status->clients);
        procore_status_json_names(out, &status->names);
    }

    procore_out_text(out, "}\n");
}


static void
procore_status_json_places(procore_out_t *out, const procore_status_t *status)
{
    size_t  i;

    procore_json_name(out, ",", "modes");
    procore_out_text(out, "[");

    for (i = 0; i < status->nplaces; i++) {
        procore_out_text(out, i > 0 ? "," : "");
        procore_json_constant(out, "{", "mode",
                          procore_status_json_modes[status->places[i].mode]);
        procore_json_string(out, ",", "file", &status->places[i].file);
        procore_json_number(out, ",", "line", status->places[i].line);
        procore_out_text(out, "}");
    }

    procore_out_text(out, "]");
    procore_json_name(out, ",", "client_modes");
    procore_out_text(out, status->client_modes ? "true" : "false");
}


static void
procore_status_json_exceptions(procore_out_t *out,
    const procore_status_t *status)
{
    size_t                             i;
    const procore_status_exception_t  *exception;

    procore_json_name(out, ",", "exceptions");
    procore_out_text(out, "[");

    for (i = 0; i < status->nexceptions; i++) {
        exception = &status->exceptions[i];

        procore_out_text(out, i > 0 ? "," : "");
        procore_json_number(out, "{", "company",
                            exception->exception->company);
        procore_json_string(out, ",", "note", &exception->exception->note);
        procore_json_name(out, ",", "until");

        if (exception->exception->until != 0) {
            procore_out_text(out, "\"");
            procore_out_date(out, exception->exception->until - 1);
            procore_out_text(out, "\"");

        } else {
            procore_out_text(out, "null");
        }

        procore_json_name(out, ",", "expired");
        procore_out_text(out, exception->exception->until != 0
                              && exception->exception->until <= status->now
                              ? "true" : "false");
        procore_json_number(out, ",", "used", exception->used);
        procore_json_string(out, ",", "file", &exception->file);
        procore_json_number(out, ",", "line", exception->line);
        procore_out_text(out, "}");
    }

    procore_out_text(out, "]");
    procore_json_number(out, ",", "expired_exceptions",
                        procore_status_expired(status));
}


static void
procore_status_json_store(procore_out_t *out, const procore_status_t *status)
{
    procore_json_name(out, ",", "store_ready");
    procore_out_text(out, status->store == PROCORE_STATUS_READY ? "true"
                                                                : "false");
    procore_json_constant(out, ",", "store_status",
                          procore_status_sentence(status->store));
    procore_json_string(out, ",", "store_path", &status->path);
    procore_json_number(out, ",", "store_layout", status->layout);
    procore_json_number(out, ",", "store_queued_operations", status->queued);

    if (status->opened) {
        procore_json_number(out, ",", "store_bytes", status->bytes);
        procore_json_number(out, ",", "store_limit_bytes", status->limit);
        procore_json_parts(out, "store_entries", status->entries,
                           status->nentries);
    }

    procore_status_json_commits(out, status);
}


static void
procore_status_json_commits(procore_out_t *out, const procore_status_t *status)
{
    size_t    i;
    uint64_t  n;

    procore_json_name(out, ",", "commit_microseconds");
    procore_json_name(out, "{", "buckets");
    procore_out_text(out, "[");

    n = 0;

    for (i = 0; i <= status->nbounds; i++) {
        n += status->commits[i];

        procore_out_text(out, i > 0 ? "," : "");
        procore_json_name(out, "{", "le");

        if (i < status->nbounds) {
            procore_out_number(out, status->bounds[i]);

        } else {
            procore_out_text(out, "null");
        }

        procore_json_number(out, ",", "count", n);
        procore_out_text(out, "}");
    }

    procore_out_text(out, "]");
    procore_json_number(out, ",", "sum", status->commit_usec);
    procore_json_number(out, ",", "count", n);
    procore_out_text(out, "}");
}


/* By decision, then by reason; a pair that cannot be is left out while 0. */

static void
procore_status_json_requests(procore_out_t *out,
    const procore_status_t *status)
{
    unsigned     decision, reason;
    const char  *before;

    procore_json_name(out, ",", "requests");
    procore_out_text(out, "{");

    for (decision = PROCORE_DECISION_ALLOW; decision < PROCORE_DECISION_MAX;
         decision++)
    {
        procore_json_name(out, decision > PROCORE_DECISION_ALLOW ? "," : "",
                          procore_decision_names[decision]);
        before = "{\"";

        for (reason = 0; reason < PROCORE_REASON_MAX; reason++) {

            if (status->requests[decision][reason] == 0
                && !procore_status_possible((procore_decision_e) decision,
                                            (procore_reason_e) reason))
            {
                continue;
            }

            procore_out_text(out, before);
            procore_out(out, procore_reasons[reason].name.data,
                        procore_reasons[reason].name.len);
            procore_out_text(out, "\":");
            procore_out_number(out, status->requests[decision][reason]);
            before = ",\"";
        }

        procore_out_text(out, "}");
    }

    procore_out_text(out, "}");
    procore_json_name(out, ",", "subrequests");
    procore_out_text(out, "{");
    procore_json_decisions(out, status->subrequests);
    procore_out_text(out, "}");
}


static void
procore_status_json_counters(procore_out_t *out,
    const procore_status_t *status)
{
    size_t                           i;
    const procore_status_counter_t  *counter, *last;

    procore_json_number(out, ",", "undecided",
                  procore_status_reason(status, PROCORE_REASON_LOOKUP_FAILED)
                  + procore_status_reason(status,
                                          PROCORE_REASON_STORE_FAILED));
    procore_json_number(out, ",", "store_failed",
                   procore_status_reason(status, PROCORE_REASON_STORE_FAILED));

    last = NULL;

    for (i = 0; i < status->ncounters; i++, last = counter) {
        counter = &status->counters[i];

        if (last != NULL && last->label.len != 0
            && last->name.len == counter->name.len
            && memcmp(last->name.data, counter->name.data, last->name.len)
               == 0)
        {
            procore_out_text(out, ",\"");
            procore_out(out, counter->value.data, counter->value.len);
            procore_out_text(out, "\":");
            procore_out_number(out, counter->n);
            continue;
        }

        procore_out_text(out, last != NULL && last->label.len != 0 ? "},\""
                                                                   : ",\"");
        procore_out(out, counter->name.data, counter->name.len);
        procore_out_text(out, "\":");

        if (counter->label.len != 0) {
            procore_out_text(out, "{\"");
            procore_out(out, counter->value.data, counter->value.len);
            procore_out_text(out, "\":");
        }

        procore_out_number(out, counter->n);
    }

    if (last != NULL && last->label.len != 0) {
        procore_out_text(out, "}");
    }
}


static void
procore_status_json_rows(procore_out_t *out, const char *name, const char *key,
    const char *none, const procore_status_rows_t *rows)
{
    size_t  i;

    procore_json_name(out, ",", name);
    procore_json_name(out, "{", "rows");
    procore_out_text(out, "[");

    for (i = 0; i < rows->n; i++) {
        procore_out_text(out, i > 0 ? "," : "");
        procore_json_string(out, "{", "realm", &rows->rows[i].realm);
        procore_json_string(out, ",", key, &rows->rows[i].key);
        procore_out_text(out, ",");
        procore_json_decisions(out, rows->rows[i].counts);
        procore_out_text(out, "}");
    }

    procore_out_text(out, "]");
    procore_json_name(out, ",", none);
    procore_out_text(out, "{");
    procore_json_decisions(out, rows->none);
    procore_out_text(out, "}");
    procore_json_name(out, ",", "other");
    procore_out_text(out, "{");
    procore_json_decisions(out, rows->other);
    procore_out_text(out, "}}");
}


static void
procore_status_json_names(procore_out_t *out, const procore_status_rows_t *rows)
{
    size_t  i;

    procore_json_name(out, ",", "unlisted_names_seen");
    procore_out_text(out, "[");

    for (i = 0; i < rows->n; i++) {
        procore_out_text(out, i > 0 ? "," : "");
        procore_json_string(out, "{", "name", &rows->rows[i].key);
        procore_out_text(out, ",");
        procore_json_decisions(out, rows->rows[i].counts);
        procore_out_text(out, "}");
    }

    procore_out_text(out, "]");
}

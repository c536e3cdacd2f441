
/*
 * What audit verify says: sentences, or JSON Lines.
 */


#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "procore_scope.h"
#include "procore_scope_audit.h"


#define PROCORE_AUDIT_SAID  1000


typedef struct {
    const char  *name;          /* in JSON */
    const char  *text;
} procore_audit_kind_t;


static const procore_audit_kind_t  procore_audit_kinds[PROCORE_FOUND_COUNT] = {
    [PROCORE_FOUND_EDITED] = { "edited", "was changed or made up" },
    [PROCORE_FOUND_UNSEALED] = { "unsealed", "has no seal" },
    [PROCORE_FOUND_MISSING] = { "missing", "missing" },
    [PROCORE_FOUND_CUT] = { "cut", "missing at the end" },
    [PROCORE_FOUND_ABSENT] = { "absent", "the whole chain is missing" },
    [PROCORE_FOUND_TWICE] = { "twice", "there twice" },
    [PROCORE_FOUND_MOVED] = { "moved", "not in their order" },
    [PROCORE_FOUND_LINK] = { "link", "do not follow each other" },
    [PROCORE_FOUND_UNWRITTEN] = { "unwritten", "missing: the gateway said at "
                                  "the time that they could not be written" },
    [PROCORE_FOUND_BROKEN] = { "broken", "begins with a record that was "
                               "written in part" },
    [PROCORE_FOUND_KEY] = { "unknown_key", "is sealed with another key" }
};


static void
procore_audit_hex(const unsigned char *data, size_t len)
{
    while (len--) {
        printf("%02x", *data++);
    }
}


/* The decision of a line that is not sealed may hold anything. */

static void
procore_audit_text(const char *text)
{
    procore_scope_json_string((const unsigned char *) text, strlen(text));
}


static void
procore_audit_place(procore_audit_report_t *report, const procore_place_t *p)
{
    printf("%s:%" PRIu64, report->names[p->file], p->line);

    if (p->sequence) {
        printf(" (record %" PRIu64 ", decision ", p->sequence);
        procore_audit_text(p->decision);
        printf(")");
    }
}


static void
procore_audit_json_place(procore_audit_report_t *report, const char *name,
    const procore_place_t *p)
{
    printf(", \"%s\": ", name);

    if (p->line == 0) {
        printf("null");
        return;
    }

    printf("{\"file\": ");
    procore_audit_text(report->names[p->file]);
    printf(", \"line\": %" PRIu64, p->line);

    if (p->sequence) {
        printf(", \"sequence\": %" PRIu64 ", \"decision\": ", p->sequence);
        procore_audit_text(p->decision);
    }

    printf("}");
}


static void
procore_audit_json(procore_audit_report_t *report,
    const procore_finding_t *found)
{
    printf("{\"found\": \"%s\"", procore_audit_kinds[found->type].name);

    if (found->has_chain) {
        printf(", \"chain\": \"");
        procore_audit_hex(found->chain, PROCORE_CHAIN_ID);
        printf("\", \"first\": %" PRIu64 ", \"last\": %" PRIu64, found->first,
               found->last);
    }

    if (found->type == PROCORE_FOUND_KEY) {
        printf(", \"key\": \"");
        procore_audit_hex(found->key, PROCORE_CHAIN_KEY_ID);
        printf("\"");
    }

    if (found->by_store) {
        printf(", \"known_by\": \"store\"");
    }

    procore_audit_json_place(report, "before", &found->before);
    procore_audit_json_place(report, "after", &found->after);
    printf("}\n");
}


/* About one line: its place comes first. */

static void
procore_audit_line(procore_audit_report_t *report,
    const procore_finding_t *found)
{
    procore_audit_place(report, &found->before);
    printf(": %s", procore_audit_kinds[found->type].text);

    if (found->has_chain) {
        printf("; chain ");
        procore_audit_hex(found->chain, PROCORE_CHAIN_ID);
    }

    if (found->type == PROCORE_FOUND_KEY) {
        printf(", key ");
        procore_audit_hex(found->key, PROCORE_CHAIN_KEY_ID);
    }

    printf("\n");
}


static void
procore_audit_range(procore_audit_report_t *report,
    const procore_finding_t *found)
{
    printf("chain ");
    procore_audit_hex(found->chain, PROCORE_CHAIN_ID);

    if (found->type == PROCORE_FOUND_ABSENT) {
        printf(": %s, it came to record %" PRIu64,
               procore_audit_kinds[found->type].text, found->last);

    } else if (found->first == found->last) {
        printf(": record %" PRIu64 " %s", found->first,
               procore_audit_kinds[found->type].text);

    } else {
        printf(": records %" PRIu64 " to %" PRIu64 " %s", found->first,
               found->last, procore_audit_kinds[found->type].text);
    }

    if (found->type == PROCORE_FOUND_TWICE) {
        printf(", again at ");
        procore_audit_place(report, &found->after);
        printf(", first in the row that begins at ");
        procore_audit_place(report, &found->before);
        printf("\n");
        return;
    }

    if (found->before.line) {
        printf(found->type == PROCORE_FOUND_CUT ? ", behind "
               : found->after.line ? ", between " : ", behind ");
        procore_audit_place(report, &found->before);
    }

    if (found->after.line) {
        printf(found->type == PROCORE_FOUND_CUT
               || found->type == PROCORE_FOUND_ABSENT ? "; as told by "
               : found->before.line ? " and " : ", before ");
        procore_audit_place(report, &found->after);
    }

    printf(found->by_store ? "; the store knows of it\n" : "\n");
}


void
procore_audit_found(void *data, const procore_finding_t *found)
{
    procore_audit_report_t *report = data;

    if (report->said++ >= PROCORE_AUDIT_SAID) {
        return;
    }

    if (report->json) {
        procore_audit_json(report, found);
        return;
    }

    switch (found->type) {

    case PROCORE_FOUND_EDITED:
    case PROCORE_FOUND_UNSEALED:
    case PROCORE_FOUND_BROKEN:
    case PROCORE_FOUND_KEY:
        procore_audit_line(report, found);
        break;

    default:
        procore_audit_range(report, found);
        break;
    }
}


static void
procore_audit_time(uint64_t at)
{
    time_t     when;
    struct tm  tm;

    when = (time_t) at;

    if (at > INT64_MAX || gmtime_r(&when, &tm) == NULL) {
        printf("?");
        return;
    }

    printf("%04d-%02d-%02dT%02d:%02d:%02dZ", tm.tm_year + 1900, tm.tm_mon + 1,
           tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
}


static void
procore_audit_json_sum(const procore_verify_sum_t *sum, const char *result)
{
    unsigned  i;

    printf("{\"result\": \"%s\", \"lines\": %" PRIu64 ", \"intact\": %" PRIu64
           ", \"chains\": %" PRIu64 ", \"begun_before\": %" PRIu64
           ", \"older\": %" PRIu64, result, sum->lines, sum->intact,
           sum->chains, sum->begun_before, sum->older);

    if (sum->intact) {
        printf(", \"first\": \"");
        procore_audit_time(sum->first);
        printf("\", \"last\": \"");
        procore_audit_time(sum->last);
        printf("\"");
    }

    for (i = 0; i < PROCORE_FOUND_COUNT; i++) {
        printf(", \"%s\": %" PRIu64, procore_audit_kinds[i].name,
               sum->found[i]);
    }

    printf("}\n");
}


int
procore_audit_sum(procore_audit_report_t *report,
    const procore_verify_sum_t *sum)
{
    int          rc;
    unsigned     i;
    const char  *result;

    rc = sum->intact ? PROCORE_SCOPE_DONE : PROCORE_SCOPE_UNSURE;

    for (i = PROCORE_FOUND_COUNT; i-- > 0; /* void */) {
        if (sum->found[i]) {
            rc = i < PROCORE_FOUND_UNWRITTEN ? PROCORE_SCOPE_FAILED
                                             : PROCORE_SCOPE_UNSURE;
        }
    }

    result = rc == PROCORE_SCOPE_DONE ? "intact"
             : rc == PROCORE_SCOPE_FAILED ? "not intact" : "incomplete";

    if (report->json) {
        procore_audit_json_sum(sum, result);
        return rc;
    }

    if (report->said > PROCORE_AUDIT_SAID) {
        printf("... and %" PRIu64 " more like these\n",
               report->said - PROCORE_AUDIT_SAID);
    }

    printf("%s: %" PRIu64 " of %" PRIu64 " lines hold, in %" PRIu64 " chains",
           result, sum->intact, sum->lines, sum->chains);

    if (sum->intact) {
        printf(", from ");
        procore_audit_time(sum->first);
        printf(" to ");
        procore_audit_time(sum->last);
    }

    printf("\n");

    if (sum->begun_before) {
        printf("%" PRIu64 " chains began before these files\n",
               sum->begun_before);
    }

    if (sum->older) {
        printf("%" PRIu64 " chains that are known ended before these files, or "
               "in their first minute\n", sum->older);
    }

    return rc;
}


/*
 * What replay prints.
 */


#include <inttypes.h>
#include <string.h>

#include "procore_replay_count.h"
#include "procore_scope.h"


static void procore_print_json(const procore_counts_t *counts,
    const procore_summary_t *summary);
static void procore_print_json_change(const procore_change_t *change);
static void procore_print_json_whys(const procore_counts_t *counts,
    const char *name, int skipped);
static void procore_print_json_examples(const procore_count_t *count);
static void procore_print_json_text(const char *name, const char *text);
static void procore_print_json_decision(const char *name,
    procore_decision_e decision, procore_reason_e reason);
static void procore_print_change(const procore_change_t *change);
static void procore_print_whys(const procore_counts_t *counts,
    const char *title, int skipped);
static void procore_print_examples(const procore_count_t *count);
static void procore_print_text(const unsigned char *data, size_t len);
static void procore_print_decision(procore_decision_e decision,
    procore_reason_e reason);


/* Of these on, the table of reasons tells what is passed over. */

#define procore_print_skipped(why)  ((why) >= PROCORE_WHY_ACTION)


void
procore_replay_summary(const procore_counts_t *counts,
    const procore_summary_t *summary)
{
    size_t    i;
    unsigned  unsure;

    if (summary->json) {
        procore_print_json(counts, summary);
        return;
    }

    printf("%s against %s: %" PRIu64 " requests\n", summary->conf,
           summary->store, counts->requests);
    printf("%12" PRIu64 "  change\n", counts->changed);
    printf("%12" PRIu64 "  do not change\n", counts->unchanged);
    printf("%12" PRIu64 "  cannot be decided from the input\n",
           counts->undecidable);
    printf("%12" PRIu64 "  passed over\n", counts->skipped);
    printf("%12" PRIu64 "  lines that cannot be read\n", counts->unreadable);

    unsure = 0;

    if (counts->nchanges != 0) {
        printf("\nWhat changes\n");
    }

    for (i = 0; i < counts->nchanges; i++) {
        procore_print_change(&counts->changes[i]);
        unsure |= !counts->changes[i].sure && !counts->changes[i].other;
    }

    if (unsure) {
        printf("\n* refused for certain, but a part that the input does not "
               "show may give\n  another reason\n");
    }

    procore_print_whys(counts, "What cannot be decided", 0);
    procore_print_whys(counts, "What is passed over", 1);

    if (counts->unreadable != 0) {
        printf("\nLines that cannot be read\n");
    }

    for (i = 0; i < PROCORE_COUNT_LINES && i < counts->unreadable; i++) {
        printf("              %s:%" PRIu64 ": %s\n", counts->lines[i].file,
               counts->lines[i].line, counts->lines[i].why);
    }

    printf("\nTaken for granted: the log was written with ");

    if (summary->was) {
        printf("%s.\n", summary->was);

    } else {
        printf("the built-in names\nand the default body size "
               "(--was FILE says otherwise).\n");
    }

    if (summary->company) {
        printf("Tokens that nobody knows belong to company %" PRIu64 ".\n",
               summary->company);
    }
}


static void
procore_print_change(const procore_change_t *change)
{
    printf("%12" PRIu64 "  ", change->count.count);

    if (change->other) {
        printf("others, of more kinds than are told apart\n");
        procore_print_examples(&change->count);
        return;
    }

    procore_print_decision(change->was, change->was_reason);
    printf(" -> ");
    procore_print_decision(change->decision, change->reason);
    printf("%s\n              ", change->sure ? "" : " *");

    if (change->client_len != 0) {
        printf("client ");
        procore_print_text(change->client, change->client_len);

    } else {
        printf("client not known");
    }

    if (change->company != 0) {
        printf(", company %" PRIu64 "\n", change->company);

    } else {
        printf(", no company\n");
    }

    procore_print_examples(&change->count);
}


static void
procore_print_whys(const procore_counts_t *counts, const char *title,
    int skipped)
{
    unsigned  i, any;

    any = 0;

    for (i = PROCORE_WHY_NONE + 1; i < PROCORE_WHY_MAX; i++) {

        if (counts->whys[i].count == 0 || procore_print_skipped(i) != skipped)
        {
            continue;
        }

        printf("%s%s%12" PRIu64 "  %s: %s\n", any ? "" : "\n",
               any ? "" : title, counts->whys[i].count, procore_whys[i].name,
               procore_whys[i].sentence);

        procore_print_examples(&counts->whys[i]);
        any = 1;
    }
}


static void
procore_print_examples(const procore_count_t *count)
{
    size_t                    i;
    const procore_example_t  *example;

    for (i = 0; i < count->nexamples; i++) {
        example = &count->examples[i];

        printf("%s%s:%" PRIu64, i ? ", " : "              for example ",
               example->file, example->line);

        if (example->id_len != 0) {
            putchar(' ');
            procore_print_text(example->id, example->id_len);
        }
    }

    printf("\n");
}


/* Text of a log, on somebody's terminal. */

static void
procore_print_text(const unsigned char *data, size_t len)
{
    size_t  i;

    for (i = 0; i < len; i++) {
        putchar(data[i] >= 0x20 && data[i] < 0x7f ? data[i] : '?');
    }
}


static void
procore_print_decision(procore_decision_e decision, procore_reason_e reason)
{
    if (decision == PROCORE_DECISION_NONE) {
        printf("not judged");
        return;
    }

    printf("%s %s", procore_decision_names[decision],
           (const char *) procore_reasons[reason].name.data);
}


static void
procore_print_json(const procore_counts_t *counts,
    const procore_summary_t *summary)
{
    size_t  i;

    printf("{");
    procore_print_json_text("configuration", summary->conf);
    printf(", ");
    procore_print_json_text("store", summary->store);
    printf(", ");
    procore_print_json_text("was", summary->was);
    printf(", \"supposed_company\": ");
    printf(summary->company ? "%" PRIu64 : "null", summary->company);

    printf(", \"requests\": %" PRIu64 ", \"changed\": %" PRIu64
           ", \"unchanged\": %" PRIu64 ", \"undecidable\": %" PRIu64
           ", \"passed_over\": %" PRIu64 ", \"unreadable\": %" PRIu64,
           counts->requests, counts->changed, counts->unchanged,
           counts->undecidable, counts->skipped, counts->unreadable);

    printf(", \"changes\": [");

    for (i = 0; i < counts->nchanges; i++) {
        printf("%s", i ? ", " : "");
        procore_print_json_change(&counts->changes[i]);
    }

    printf("]");

    procore_print_json_whys(counts, "undecidable_by", 0);
    procore_print_json_whys(counts, "passed_over_by", 1);

    printf(", \"unreadable_lines\": [");

    for (i = 0; i < PROCORE_COUNT_LINES && i < counts->unreadable; i++) {
        printf("%s{", i ? ", " : "");
        procore_print_json_text("file", counts->lines[i].file);
        printf(", \"line\": %" PRIu64 ", ", counts->lines[i].line);
        procore_print_json_text("why", counts->lines[i].why);
        printf("}");
    }

    printf("]}\n");
}


static void
procore_print_json_change(const procore_change_t *change)
{
    printf("{");

    if (change->other) {
        printf("\"from\": null, \"to\": null, \"client\": null, "
               "\"company\": null");

    } else {
        procore_print_json_decision("from", change->was, change->was_reason);
        printf(", ");
        procore_print_json_decision("to", change->decision, change->reason);
        printf(", \"reason_certain\": %s, \"client\": ",
               change->sure ? "true" : "false");

        if (change->client_len != 0) {
            procore_scope_json_string(change->client, change->client_len);

        } else {
            printf("null");
        }

        printf(", \"company\": ");
        printf(change->company ? "%" PRIu64 : "null", change->company);
    }

    procore_print_json_examples(&change->count);
    printf("}");
}


static void
procore_print_json_whys(const procore_counts_t *counts, const char *name,
    int skipped)
{
    unsigned  i, any;

    printf(", \"%s\": [", name);
    any = 0;

    for (i = PROCORE_WHY_NONE + 1; i < PROCORE_WHY_MAX; i++) {

        if (counts->whys[i].count == 0 || procore_print_skipped(i) != skipped)
        {
            continue;
        }

        printf("%s{", any ? ", " : "");
        procore_print_json_text("why", procore_whys[i].name);
        printf(", ");
        procore_print_json_text("text", procore_whys[i].sentence);
        procore_print_json_examples(&counts->whys[i]);
        printf("}");
        any = 1;
    }

    printf("]");
}


static void
procore_print_json_examples(const procore_count_t *count)
{
    size_t                    i;
    const procore_example_t  *example;

    printf(", \"count\": %" PRIu64 ", \"examples\": [", count->count);

    for (i = 0; i < count->nexamples; i++) {
        example = &count->examples[i];

        printf("%s{", i ? ", " : "");
        procore_print_json_text("file", example->file);
        printf(", \"line\": %" PRIu64 ", \"id\": ", example->line);

        if (example->id_len != 0) {
            procore_scope_json_string(example->id, example->id_len);

        } else {
            printf("null");
        }

        printf("}");
    }

    printf("]");
}


static void
procore_print_json_text(const char *name, const char *text)
{
    printf("\"%s\": ", name);

    if (text == NULL) {
        printf("null");
        return;
    }

    procore_scope_json_string((const unsigned char *) text, strlen(text));
}


static void
procore_print_json_decision(const char *name, procore_decision_e decision,
    procore_reason_e reason)
{
    if (decision == PROCORE_DECISION_NONE) {
        printf("\"%s\": null", name);
        return;
    }

    printf("\"%s\": {\"decision\": \"%s\", \"reason\": \"%s\"}", name,
           procore_decision_names[decision],
           (const char *) procore_reasons[reason].name.data);
}


void
procore_replay_print(const char *file, const procore_past_t *past,
    const procore_outcome_t *out, int json)
{
    if (!json) {
        printf("%s:%" PRIu64 " ", file, past->line);
        procore_print_text(past->id.data, past->id.len);
        printf("%s", past->id.len ? ": " : "");
        procore_print_decision(past->decision, past->reason);
        printf(" -> ");

        if (out->state == PROCORE_OUTCOME_DECIDED) {
            procore_print_decision(out->decision, out->reason);
            printf("%s\n", out->sure ? "" : " *");

        } else {
            printf("undecidable: %s\n", procore_whys[out->why].name);
        }

        return;
    }

    printf("{");
    procore_print_json_text("file", file);
    printf(", \"line\": %" PRIu64 ", \"id\": ", past->line);

    if (past->id.len != 0) {
        procore_scope_json_string(past->id.data, past->id.len);

    } else {
        printf("null");
    }

    printf(", ");
    procore_print_json_decision("from", past->decision, past->reason);
    printf(", ");

    if (out->state == PROCORE_OUTCOME_DECIDED) {
        procore_print_json_decision("to", out->decision, out->reason);
        printf(", \"reason_certain\": %s, \"changed\": %s}\n",
               out->sure ? "true" : "false", out->changed ? "true" : "false");

    } else {
        procore_print_json_text("undecidable", procore_whys[out->why].name);
        printf("}\n");
    }
}

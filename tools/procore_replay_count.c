
/*
 * Counts of what a candidate configuration changes.
 */


#include <stdlib.h>
#include <string.h>

#include "procore_replay_count.h"


static procore_change_t *procore_counts_change(procore_counts_t *counts,
    const procore_past_t *past, const procore_outcome_t *out);
static int procore_counts_same(const procore_change_t *one,
    const procore_change_t *other);
static size_t procore_counts_hash(const procore_change_t *change);
static void procore_count_example(procore_count_t *count, const char *file,
    const procore_past_t *past);
static int procore_counts_compare(const void *one, const void *other);


int
procore_counts_add(procore_counts_t *counts, const char *file,
    const procore_past_t *past, const procore_outcome_t *out)
{
    procore_change_t  *change;

    if (out->state == PROCORE_OUTCOME_SKIPPED) {
        counts->skipped++;
        procore_count_example(&counts->whys[out->why], file, past);
        return PROCORE_OK;
    }

    counts->requests++;

    if (out->state == PROCORE_OUTCOME_UNDECIDABLE) {
        counts->undecidable++;
        procore_count_example(&counts->whys[out->why], file, past);
        return PROCORE_OK;
    }

    if (!out->changed) {
        counts->unchanged++;
        return PROCORE_OK;
    }

    counts->changed++;

    change = procore_counts_change(counts, past, out);
    if (change == NULL) {
        return PROCORE_ERROR;
    }

    procore_count_example(&change->count, file, past);

    return PROCORE_OK;
}


/* The row of this change, made where it is the first of its kind. */

static procore_change_t *
procore_counts_change(procore_counts_t *counts, const procore_past_t *past,
    const procore_outcome_t *out)
{
    size_t             slot;
    procore_change_t   key, *row;

    if (counts->changes == NULL) {
        counts->changes = calloc(PROCORE_COUNT_ROWS + 1,
                                 sizeof(procore_change_t));
        if (counts->changes == NULL) {
            return NULL;
        }
    }

    memset(&key, 0, sizeof(procore_change_t));

    key.was = past->decision;
    key.was_reason = past->decision ? past->reason : PROCORE_REASON_OK;
    key.decision = out->decision;
    key.reason = out->reason;
    key.sure = out->sure;
    key.company = out->company;

    if (out->client.len != 0 && out->client.len <= PROCORE_STORE_CLIENT_MAX) {
        key.client_len = out->client.len;
        memcpy(key.client, out->client.data, key.client_len);
    }

    slot = procore_counts_hash(&key) % PROCORE_COUNT_SLOTS;

    while (counts->slots[slot] != 0) {
        row = &counts->changes[counts->slots[slot] - 1];

        if (procore_counts_same(row, &key)) {
            return row;
        }

        slot = (slot + 1) % PROCORE_COUNT_SLOTS;
    }

    if (counts->nchanges >= PROCORE_COUNT_ROWS) {
        counts->nchanges = PROCORE_COUNT_ROWS + 1;

        row = &counts->changes[PROCORE_COUNT_ROWS];
        row->other = 1;

        return row;
    }

    counts->changes[counts->nchanges] = key;
    counts->slots[slot] = (uint16_t) ++counts->nchanges;

    return &counts->changes[counts->nchanges - 1];
}


static int
procore_counts_same(const procore_change_t *one, const procore_change_t *other)
{
    return one->was == other->was && one->was_reason == other->was_reason
           && one->decision == other->decision && one->reason == other->reason
           && one->sure == other->sure && one->company == other->company
           && one->client_len == other->client_len
           && memcmp(one->client, other->client, one->client_len) == 0;
}


/* FNV-1a; who fills the table on purpose ends in "other". */

static size_t
procore_counts_hash(const procore_change_t *change)
{
    size_t    i;
    uint64_t  hash;

    hash = 14695981039346656037u;

    for (i = 0; i < change->client_len; i++) {
        hash = (hash ^ change->client[i]) * 1099511628211u;
    }

    hash = (hash ^ change->company) * 1099511628211u;
    hash = (hash ^ (uint64_t) change->was) * 1099511628211u;
    hash = (hash ^ (uint64_t) change->was_reason) * 1099511628211u;
    hash = (hash ^ (uint64_t) change->reason) * 1099511628211u;

    return (size_t) (hash ^ hash >> 32);
}


static void
procore_count_example(procore_count_t *count, const char *file,
    const procore_past_t *past)
{
    procore_example_t  *example;

    count->count++;

    if (count->nexamples == PROCORE_COUNT_EXAMPLES) {
        return;
    }

    example = &count->examples[count->nexamples++];

    example->file = file;
    example->line = past->line;
    example->id_len = past->id.len < PROCORE_COUNT_ID ? past->id.len
                                                      : PROCORE_COUNT_ID;

    if (example->id_len != 0) {
        memcpy(example->id, past->id.data, example->id_len);
    }
}


void
procore_counts_unreadable(procore_counts_t *counts, const char *file,
    uint64_t line, const char *why)
{
    procore_unreadable_t  *unreadable;

    if (counts->unreadable++ < PROCORE_COUNT_LINES) {
        unreadable = &counts->lines[counts->unreadable - 1];

        unreadable->file = file;
        unreadable->line = line;
        unreadable->why = why;
    }
}


void
procore_counts_sort(procore_counts_t *counts)
{
    if (counts->nchanges != 0) {
        qsort(counts->changes, counts->nchanges, sizeof(procore_change_t),
              procore_counts_compare);
    }
}


static int
procore_counts_compare(const void *one, const void *other)
{
    const procore_change_t *a = one, *b = other;

    if (a->other != b->other) {
        return a->other ? 1 : -1;
    }

    if (a->count.count != b->count.count) {
        return a->count.count < b->count.count ? 1 : -1;
    }

    /* the order of the input */

    return a->count.examples[0].line < b->count.examples[0].line ? -1 : 1;
}


void
procore_counts_free(procore_counts_t *counts)
{
    free(counts->changes);

    counts->changes = NULL;
}

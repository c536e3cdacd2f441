
/*
 * Verifying audit logs: what only the whole of a chain tells.
 */


#include <stdlib.h>
#include <string.h>

#include "procore_verify_internal.h"


static int
procore_verify_compare(const void *one, const void *two)
{
    const procore_verify_run_t *a = one, *b = two;

    if (a->first.sequence != b->first.sequence) {
        return a->first.sequence < b->first.sequence ? -1 : 1;
    }

    if (a->bad != b->bad) {
        return a->bad ? 1 : -1;     /* the true one first */
    }

    if (a->first.file != b->first.file) {
        return a->first.file < b->first.file ? -1 : 1;
    }

    return a->first.line < b->first.line ? -1 : a->first.line > b->first.line;
}


/*
 * A record whose seal is wrong fills the gap that it has left.  Its number may
 * be made up: it counts only where the true ones leave room, or next to them.
 */

static void
procore_verify_sort(procore_verify_chain_t *chain)
{
    size_t                 i, n;
    uint64_t               first, last;
    procore_verify_run_t  *run;

    first = UINT64_MAX;
    last = 0;

    for (i = 0; i < chain->nruns; i++) {
        run = &chain->runs[i];

        if (run->bad) {
            continue;
        }

        first = run->first.sequence < first ? run->first.sequence : first;
        last = run->last.sequence > last ? run->last.sequence : last;
    }

    for (i = 0, n = 0; i < chain->nruns; i++) {
        run = &chain->runs[i];

        if (!run->bad || (run->first.sequence + 1 >= first
                          && run->first.sequence <= last + 1))
        {
            chain->runs[n++] = *run;
        }
    }

    chain->nruns = n;

    qsort(chain->runs, n, sizeof(procore_verify_run_t), procore_verify_compare);
}


/* Must what was written "at" be in these files?  1 or 0. */

static int
procore_verify_due(procore_verify_t *verify, uint64_t at)
{
    return verify->conf.whole
           || (verify->sum.intact
               && at >= verify->sum.first + PROCORE_VERIFY_SLACK);
}


static void
procore_verify_tell(procore_verify_t *verify, procore_verify_chain_t *chain,
    procore_found_e type, uint64_t first, uint64_t last,
    const procore_place_t *before, const procore_place_t *after)
{
    procore_finding_t  found;

    memset(&found, 0, sizeof(procore_finding_t));

    found.type = type;
    found.has_chain = 1;
    found.first = first;
    found.last = last;
    memcpy(found.chain, chain->id, PROCORE_CHAIN_ID);

    if (before) {
        found.before = *before;
    }

    if (after) {
        found.after = *after;
    }

    if (type == PROCORE_FOUND_CUT || type == PROCORE_FOUND_ABSENT) {
        found.by_store = chain->by_store;
    }

    procore_verify_found(verify, &found);
}


/*
 * Gaps within the chain: what the worker said to have lost explains as many
 * records, and nobody else can have said it.
 */

static procore_found_e
procore_verify_gaps(procore_verify_chain_t *chain)
{
    size_t                 i;
    uint64_t               end, missing, lost, before;
    procore_verify_run_t  *run;

    end = chain->runs[0].first.sequence - 1;
    missing = 0;
    lost = 0;
    before = UINT64_MAX;

    for (i = 0; i < chain->nruns; i++) {
        run = &chain->runs[i];

        if (run->first.sequence > end + 1) {
            missing += run->first.sequence - end - 1;
        }

        if (run->last.sequence > end) {
            end = run->last.sequence;
        }

        if (!run->bad) {
            before = run->lost_before < before ? run->lost_before : before;
            lost = run->lost > lost ? run->lost : lost;
        }
    }

    return before != UINT64_MAX && missing <= lost - before
           ? PROCORE_FOUND_UNWRITTEN : PROCORE_FOUND_MISSING;
}


static void
procore_verify_begin(procore_verify_t *verify, procore_verify_chain_t *chain)
{
    uint64_t               first;
    procore_verify_run_t  *run;

    run = chain->runs;

    if (run->first.sequence == 1) {
        return;
    }

    if (verify->conf.whole && run->lost_before >= run->first.sequence - 1) {
        procore_verify_tell(verify, chain, PROCORE_FOUND_UNWRITTEN, 1,
                            run->first.sequence - 1, NULL, &run->first);
        return;
    }

    if (verify->conf.whole || procore_verify_due(verify, run->after)) {

        /* the one before is due; those before that may be older */

        first = verify->conf.whole ? 1 : run->first.sequence - 1;

        procore_verify_tell(verify, chain, PROCORE_FOUND_MISSING, first,
                            run->first.sequence - 1, NULL, &run->first);
        return;
    }

    verify->sum.begun_before++;
}


/*
 * In a file, the order of lines is the chain's; of the files that one log has
 * become, none is entered twice.
 */

static void
procore_verify_order(procore_verify_t *verify, procore_verify_chain_t *chain,
    procore_verify_run_t *prev, procore_verify_run_t *run, uint64_t stamp)
{
    unsigned                moved, number;
    procore_verify_file_t  *file, *group;

    number = run->first.file;
    file = &verify->files[number];
    group = &verify->files[verify->conf.groups ? verify->conf.groups[number]
                                               : 0];

    moved = (file->entered == stamp && run->first.line < file->line)
            || file->left == stamp;

    if (group->grouped == stamp && group->file != number) {
        verify->files[group->file].left = stamp;
    }

    group->grouped = stamp;
    group->file = number;
    file->entered = stamp;
    file->line = run->last.line;

    if (moved && prev) {
        procore_verify_tell(verify, chain, PROCORE_FOUND_MOVED,
                            prev->last.sequence, run->first.sequence,
                            &prev->last, &run->first);
    }
}


static void
procore_verify_runs(procore_verify_t *verify, procore_verify_chain_t *chain,
    uint64_t stamp)
{
    size_t                 i;
    uint64_t               last;
    procore_found_e        gap;
    procore_verify_run_t  *run, *prev;

    gap = procore_verify_gaps(chain);
    procore_verify_begin(verify, chain);

    prev = chain->runs;
    procore_verify_order(verify, chain, NULL, prev, stamp);

    for (i = 1; i < chain->nruns; i++) {
        run = &chain->runs[i];

        if (run->first.sequence <= prev->last.sequence) {

            /* a changed copy was told by its line */

            last = run->last.sequence < prev->last.sequence
                   ? run->last.sequence : prev->last.sequence;

            if (!run->bad && !prev->bad) {
                procore_verify_tell(verify, chain, PROCORE_FOUND_TWICE,
                                    run->first.sequence, last, &prev->first,
                                    &run->first);
            }

            if (run->last.sequence > prev->last.sequence) {
                prev = run;
            }

            continue;
        }

        if (run->first.sequence > prev->last.sequence + 1) {
            procore_verify_tell(verify, chain, gap, prev->last.sequence + 1,
                                run->first.sequence - 1, &prev->last,
                                &run->first);

        } else if (!run->bad && !prev->bad
                   && memcmp(run->previous, prev->mac, PROCORE_CHAIN_MAC) != 0)
        {
            procore_verify_tell(verify, chain, PROCORE_FOUND_LINK,
                                prev->last.sequence, run->first.sequence,
                                &prev->last, &run->first);
        }

        procore_verify_order(verify, chain, prev, run, stamp);
        prev = run;
    }

    if (chain->seen.sequence > prev->last.sequence) {
        procore_verify_tell(verify, chain, PROCORE_FOUND_CUT,
                            prev->last.sequence + 1, chain->seen.sequence,
                            &prev->last, &chain->seen_by);
    }
}


int
procore_verify_end(procore_verify_t *verify, procore_verify_sum_t *sum)
{
    size_t                   i;
    uint64_t                 stamp;
    procore_verify_chain_t  *chain;

    stamp = 0;

    for (i = 0; i < PROCORE_VERIFY_BUCKETS; i++) {

        for (chain = verify->buckets[i]; chain; chain = chain->next) {

            stamp++;

            if (chain->good) {
                verify->sum.chains++;
                procore_verify_sort(chain);
                procore_verify_runs(verify, chain, stamp);
                continue;
            }

            if (chain->seen.sequence == 0 || chain->unknown) {
                continue;
            }

            if (procore_verify_due(verify, chain->seen.at)) {
                procore_verify_tell(verify, chain, PROCORE_FOUND_ABSENT, 0,
                                    chain->seen.sequence, NULL,
                                    &chain->seen_by);
                continue;
            }

            verify->sum.older++;
        }
    }

    *sum = verify->sum;

    return PROCORE_OK;
}

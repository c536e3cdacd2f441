
/*
 * Verifying audit logs: each line by itself.
 */


#ifndef _GNU_SOURCE
#define _GNU_SOURCE    /* memmem() */
#endif

#include <stdlib.h>
#include <string.h>

#include "procore_verify_internal.h"


static const char  procore_verify_start[] = "{\"@timestamp\":\"";


procore_verify_t *
procore_verify_new(const procore_verify_conf_t *conf)
{
    procore_verify_t  *verify;

    verify = calloc(1, sizeof(procore_verify_t));

    if (verify != NULL) {
        verify->conf = *conf;
    }

    return verify;
}


void
procore_verify_free(procore_verify_t *verify)
{
    size_t                  i;
    procore_verify_chain_t  *chain, *next;

    if (verify == NULL) {
        return;
    }

    for (i = 0; i < PROCORE_VERIFY_BUCKETS; i++) {

        for (chain = verify->buckets[i]; chain; chain = next) {
            next = chain->next;
            procore_chain_free(chain->keys);
            free(chain->runs);
            free(chain);
        }
    }

    free(verify);
}


void
procore_verify_found(procore_verify_t *verify, procore_finding_t *found)
{
    verify->sum.found[found->type]++;
    verify->conf.found(verify->conf.data, found);
}


int
procore_verify_chain(procore_verify_t *verify,
    const unsigned char id[PROCORE_CHAIN_ID], procore_verify_chain_t **out)
{
    size_t                   bucket;
    procore_verify_chain_t  *chain;

    bucket = (size_t) (id[0] << 8 | id[1]) % PROCORE_VERIFY_BUCKETS;

    for (chain = verify->buckets[bucket]; chain; chain = chain->next) {
        if (memcmp(chain->id, id, PROCORE_CHAIN_ID) == 0) {
            *out = chain;
            return PROCORE_OK;
        }
    }

    if (verify->nchains == PROCORE_VERIFY_CHAINS) {
        return PROCORE_TOO_LARGE;
    }

    chain = calloc(1, sizeof(procore_verify_chain_t));
    if (chain == NULL) {
        return PROCORE_ERROR;
    }

    memcpy(chain->id, id, PROCORE_CHAIN_ID);
    chain->next = verify->buckets[bucket];
    verify->buckets[bucket] = chain;
    verify->nchains++;

    *out = chain;

    return PROCORE_OK;
}


static void
procore_verify_place(procore_place_t *place, unsigned file, uint64_t line,
    const procore_chain_line_t *record)
{
    memset(place, 0, sizeof(procore_place_t));

    place->file = file;
    place->line = line;
    place->sequence = record->sequence;
    place->at = record->at;

    if (record->decision.len) {
        memcpy(place->decision, record->decision.data, record->decision.len);
    }
}


/* PROCORE_OK: the seal holds; PROCORE_CORRUPT; PROCORE_ERROR. */

static int
procore_verify_seal(const procore_chain_key_t *key,
    procore_verify_chain_t *chain, const procore_chain_line_t *record,
    const unsigned char *data)
{
    int            rc;
    size_t         i;
    unsigned char  mac[PROCORE_CHAIN_MAC], differ;

    if (chain->keys == NULL) {
        chain->keys = procore_chain_new(key, chain->id);

        if (chain->keys == NULL) {
            return PROCORE_ERROR;
        }

        memcpy(chain->key_id, key->id, PROCORE_CHAIN_KEY_ID);
    }

    /* a chain has one key for its life */

    if (memcmp(chain->key_id, key->id, PROCORE_CHAIN_KEY_ID) != 0) {
        return PROCORE_CORRUPT;
    }

    if (procore_chain_sequence(chain->keys) != record->sequence) {

        rc = procore_chain_seek(chain->keys, key, record->sequence);
        if (rc != PROCORE_OK) {
            return rc;
        }
    }

    rc = procore_chain_mac(chain->keys, data, record->sealed, mac);
    if (rc != PROCORE_OK) {
        return PROCORE_ERROR;
    }

    differ = 0;

    for (i = 0; i < PROCORE_CHAIN_MAC; i++) {
        differ |= mac[i] ^ record->mac[i];
    }

    return differ ? PROCORE_CORRUPT : PROCORE_OK;
}


static procore_verify_run_t *
procore_verify_new_run(procore_verify_t *verify, procore_verify_chain_t *chain)
{
    size_t                 n;
    procore_verify_run_t  *runs;

    if (chain->nruns == chain->room) {

        n = chain->room ? chain->room * 2 : 4;
        runs = realloc(chain->runs, n * sizeof(procore_verify_run_t));
        if (runs == NULL) {
            return NULL;
        }

        chain->runs = runs;
        chain->room = n;
    }

    verify->nruns++;

    return &chain->runs[chain->nruns++];
}


/* Adds a record to its chain's last run, or begins a run with it. */

static int
procore_verify_add(procore_verify_t *verify, procore_verify_chain_t *chain,
    const procore_chain_line_t *record, const procore_place_t *place,
    unsigned bad)
{
    procore_verify_run_t  *run;

    run = chain->nruns ? &chain->runs[chain->nruns - 1] : NULL;

    if (!bad && run && !run->bad && run->last.file == place->file
        && record->sequence == run->last.sequence + 1
        && memcmp(record->previous, run->mac, PROCORE_CHAIN_MAC) == 0)
    {
        run->last = *place;
        run->lost = record->lost;
        memcpy(run->mac, record->mac, PROCORE_CHAIN_MAC);

        return PROCORE_OK;
    }

    if (verify->nruns == PROCORE_VERIFY_RUNS) {
        return PROCORE_TOO_LARGE;
    }

    run = procore_verify_new_run(verify, chain);
    if (run == NULL) {
        return PROCORE_ERROR;
    }

    run->bad = bad & 1;
    run->first = *place;
    run->last = *place;
    run->after = bad ? 0 : record->after;
    run->lost_before = record->lost;
    run->lost = record->lost;
    memcpy(run->previous, record->previous, PROCORE_CHAIN_MAC);
    memcpy(run->mac, record->mac, PROCORE_CHAIN_MAC);

    return PROCORE_OK;
}


/* What a record says of another chain. */

static int
procore_verify_seen(procore_verify_t *verify,
    const procore_chain_line_t *record, const procore_place_t *place)
{
    int                      rc;
    procore_verify_chain_t  *chain;

    if (!record->has_seen) {
        return PROCORE_OK;
    }

    rc = procore_verify_chain(verify, record->seen.id, &chain);

    if (rc == PROCORE_OK && record->seen.sequence > chain->seen.sequence) {
        chain->seen = record->seen;
        chain->seen_by = *place;
        chain->by_store = 0;
    }

    return rc;
}


static int
procore_verify_record(procore_verify_t *verify, procore_place_t *place,
    const procore_chain_line_t *record, const unsigned char *data)
{
    int                         rc;
    size_t                      i;
    procore_finding_t           found;
    procore_verify_chain_t     *chain;
    const procore_chain_key_t  *key;

    memset(&found, 0, sizeof(procore_finding_t));
    found.has_chain = 1;
    found.first = record->sequence;
    found.last = record->sequence;
    found.before = *place;
    memcpy(found.chain, record->id, PROCORE_CHAIN_ID);
    memcpy(found.key, record->key, PROCORE_CHAIN_KEY_ID);

    key = NULL;

    for (i = 0; i < verify->conf.nkeys && key == NULL; i++) {
        if (memcmp(verify->conf.keys[i].id, record->key, PROCORE_CHAIN_KEY_ID)
            == 0)
        {
            key = &verify->conf.keys[i];
        }
    }

    rc = procore_verify_chain(verify, record->id, &chain);
    if (rc != PROCORE_OK) {
        return rc;
    }

    if (key == NULL) {
        chain->unknown = 1;
        found.type = PROCORE_FOUND_KEY;
        procore_verify_found(verify, &found);
        return PROCORE_OK;
    }

    rc = procore_verify_seal(key, chain, record, data);

    if (rc == PROCORE_CORRUPT) {
        found.type = PROCORE_FOUND_EDITED;
        procore_verify_found(verify, &found);
        return procore_verify_add(verify, chain, record, place, 1);
    }

    if (rc != PROCORE_OK) {
        return rc;
    }

    if (verify->sum.intact++ == 0 || record->at < verify->sum.first) {
        verify->sum.first = record->at;
    }

    if (record->at > verify->sum.last) {
        verify->sum.last = record->at;
    }

    chain->good = 1;

    rc = procore_verify_add(verify, chain, record, place, 0);
    if (rc != PROCORE_OK) {
        return rc;
    }

    return procore_verify_seen(verify, record, place);
}


int
procore_verify_line(procore_verify_t *verify, unsigned file, uint64_t line,
    const unsigned char *data, size_t len, unsigned ended)
{
    int                   part;
    size_t                before;
    procore_place_t       place;
    procore_finding_t     found;
    const unsigned char  *p, *next;
    procore_chain_line_t  record;
    static const size_t   start = sizeof(procore_verify_start) - 1;

    if (file >= PROCORE_VERIFY_FILES) {
        return PROCORE_TOO_LARGE;
    }

    verify->sum.lines++;

    /* a record that was written in part has the next one in its line */

    p = NULL;
    next = memmem(data, len, procore_verify_start, start);

    while (next) {
        p = next;
        before = (size_t) (p - data) + start;
        next = memmem(data + before, len - before, procore_verify_start, start);
    }

    before = p ? (size_t) (p - data) : 0;

    memset(&record, 0, sizeof(procore_chain_line_t));
    memset(&found, 0, sizeof(procore_finding_t));

    if (p && ended
        && procore_chain_read(p, len - before, &record) == PROCORE_OK)
    {
        procore_verify_place(&place, file, line, &record);

        /* the line is at least as long as the start of a record */

        part = before && memcmp(data, procore_verify_start, start) == 0;

        if (part || (before && !verify->conf.prefix)) {
            found.type = part ? PROCORE_FOUND_BROKEN : PROCORE_FOUND_EDITED;
            found.before = place;
            procore_verify_found(verify, &found);
        }

        return procore_verify_record(verify, &place, &record, p);
    }

    memset(&record, 0, sizeof(procore_chain_line_t));
    procore_verify_place(&found.before, file, line, &record);

    found.type = !ended && before == 0 && p ? PROCORE_FOUND_BROKEN
                                            : PROCORE_FOUND_UNSEALED;
    procore_verify_found(verify, &found);

    return PROCORE_OK;
}


int
procore_verify_point(procore_verify_t *verify,
    const procore_chain_point_t *point)
{
    int                      rc;
    procore_verify_chain_t  *chain;

    rc = procore_verify_chain(verify, point->id, &chain);

    if (rc == PROCORE_OK && point->sequence > chain->seen.sequence) {
        chain->seen = *point;
        chain->by_store = 1;
    }

    return rc;
}

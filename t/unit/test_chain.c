
/*
 * The audit chain: keys, seals, and what is found in a log that somebody has
 * touched.
 */


#include <stdlib.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "unit.h"
#include "../../src/crypto/procore_verify.h"


#define BYTES(text)  (const unsigned char *) (text)
#define KEY_TEXT     "0123456789abcdef0123456789abcdef"
#define NOW          1764370000u       /* 2025-11-28T22:46:40Z */
#define NOW_TEXT     "2025-11-28T22:46:40.000Z"
#define LINES        64
#define LINE         1024


typedef struct {
    size_t  len[LINES];
    char    line[LINES][LINE];
    size_t  n;
} log_t;


static procore_chain_key_t   key;
static log_t                 sample;
static procore_finding_t     found[LINES];
static unsigned              nfound;
static procore_verify_sum_t  sum;

static const unsigned char   id_a[PROCORE_CHAIN_ID] = "chain a is here";
static const unsigned char   id_b[PROCORE_CHAIN_ID] = "chain b is here";


static procore_chain_t *
new_chain(const unsigned char *id)
{
    procore_chain_t  *chain;

    chain = procore_chain_new(&key, id);
    if (chain == NULL) {
        exit(1);
    }

    return chain;
}


static void
write_record(log_t *log, procore_chain_t *chain, uint64_t lost,
    const procore_chain_point_t *seen)
{
    int                   n;
    char                 *line;
    unsigned char        *p;
    procore_chain_say_t   say = { NOW, lost, seen };

    line = log->line[log->n];
    n = snprintf(line, LINE, "{\"@timestamp\":\"" NOW_TEXT "\",\"event\":{"
                 "\"id\":\"decision%zu\",\"kind\":\"event\",\"sequence\":%llu},"
                 "\"procore_scope\":{\"mode\":\"enforce\",\"upstream\":{}",
                 log->n,
                 (unsigned long long) procore_chain_sequence(chain));

    p = procore_chain_seal(chain, BYTES(line), (unsigned char *) line + n,
                           &say);
    if (p == NULL) {
        exit(1);
    }

    log->len[log->n++] = (size_t) ((char *) p - line);
}


/* Chain a has lines 1, 2, 4, 6, 7; chain b 3, 5; a says how far b came. */

static void
write_sample(void)
{
    procore_chain_t        *a, *b;
    procore_chain_point_t   seen = { { 0 }, 2, NOW };

    memset(&sample, 0, sizeof(sample));
    memcpy(seen.id, id_b, sizeof(id_b));

    a = new_chain(id_a);
    b = new_chain(id_b);

    write_record(&sample, a, 0, NULL);
    write_record(&sample, a, 0, NULL);
    write_record(&sample, b, 0, NULL);
    write_record(&sample, a, 0, NULL);
    write_record(&sample, b, 0, NULL);
    write_record(&sample, a, 0, &seen);
    write_record(&sample, a, 0, NULL);

    procore_chain_free(a);
    procore_chain_free(b);
}


static void
keep_found(void *data, const procore_finding_t *one)
{
    (void) data;

    if (nfound < LINES) {
        found[nfound++] = *one;
    }
}


/* "order": lines from 0 in the order in which they stand, ended by -1. */

static unsigned
verify(const log_t *log, const int *order, unsigned whole)
{
    uint64_t               line;
    procore_verify_t      *v;
    procore_verify_conf_t  conf = { &key, 1, NULL, 0, 0, keep_found, NULL };

    conf.whole = whole & 1;
    nfound = 0;
    v = procore_verify_new(&conf);

    for (line = 1; *order >= 0; order++, line++) {
        if (procore_verify_line(v, 0, line, BYTES(log->line[*order]),
                                log->len[*order], 1)
            != PROCORE_OK)
        {
            exit(1);
        }
    }

    (void) procore_verify_end(v, &sum);
    procore_verify_free(v);

    return nfound;
}


static void
is_found(procore_found_e type, uint64_t first, uint64_t last, uint64_t before,
    uint64_t after, const char *what)
{
    ok(nfound == 1 && found[0].type == type && found[0].first == first
       && found[0].last == last && found[0].before.line == before
       && found[0].after.line == after, "%s", what);

    if (nfound != 1 || found[0].type != type || found[0].first != first) {
        printf("# %u found, the first: type %u, %llu to %llu, lines %llu and "
               "%llu\n", nfound, (unsigned) found[0].type,
               (unsigned long long) found[0].first,
               (unsigned long long) found[0].last,
               (unsigned long long) found[0].before.line,
               (unsigned long long) found[0].after.line);
    }
}


static void
test_key(void)
{
    procore_chain_key_t  other;

    is_int(procore_chain_key(BYTES(KEY_TEXT), 31, &other), PROCORE_MALFORMED,
           "a key of 31 bytes");
    is_int(procore_chain_key(BYTES(KEY_TEXT "\r\n"), 34, &other), PROCORE_OK,
           "a key with the end of its line");
    ok(memcmp(&key, &other, sizeof(key)) == 0, "is the same without");
    is_int(procore_chain_key(BYTES("x" KEY_TEXT), 33, &other), PROCORE_OK,
           "another key");
    ok(memcmp(key.id, other.id, sizeof(key.id)) != 0, "has another name");
}


/* The definition in the header, worked out in another way. */

static void
test_definition(void)
{
    unsigned        n;
    unsigned char   k[33], mac[32], got[PROCORE_CHAIN_MAC], label[21];
    procore_chain_t *chain;

    memcpy(label, "chain", 5);
    memcpy(label + 5, id_a, PROCORE_CHAIN_ID);

    (void) HMAC(EVP_sha256(), key.root, 32, label, sizeof(label), k + 1, &n);

    for (n = 0; n < 2; n++) {
        k[0] = 'd';
        (void) EVP_Digest(k, 33, mac, NULL, EVP_sha256(), NULL);
        memcpy(k + 1, mac, 32);
    }

    for (n = 0; n < 5; n++) {
        k[0] = 'n';
        (void) EVP_Digest(k, 33, mac, NULL, EVP_sha256(), NULL);
        memcpy(k + 1, mac, 32);
    }

    (void) HMAC(EVP_sha256(), k + 1, 32, BYTES("text"), 4, mac, &n);

    chain = new_chain(id_a);

    for (n = 0; n < 6; n++) {
        (void) procore_chain_mac(chain, BYTES("text"), 4, got);
    }

    ok(memcmp(mac, got, sizeof(got)) == 0, "the sixth key is as described");
    procore_chain_free(chain);
}


static void
test_seek(void)
{
    size_t            i;
    uint64_t          n;
    unsigned char     one[PROCORE_CHAIN_MAC], two[PROCORE_CHAIN_MAC];
    procore_chain_t  *by_step, *by_seek;

    static const uint64_t  places[] = { 4096, 4097, 8192, 9000, 12289 };

    by_step = new_chain(id_a);
    by_seek = new_chain(id_a);

    for (i = 0, n = 1; i < sizeof(places) / sizeof(places[0]); i++) {

        for ( /* void */ ; n <= places[i]; n++) {
            (void) procore_chain_mac(by_step, BYTES("x"), 1, one);
        }

        is_int(procore_chain_seek(by_seek, &key, places[i]), PROCORE_OK,
               "going to %llu", (unsigned long long) places[i]);
        (void) procore_chain_mac(by_seek, BYTES("x"), 1, two);
        ok(memcmp(one, two, sizeof(one)) == 0, "is walking there");
    }

    n = (uint64_t) 4096 * 4096;

    (void) procore_chain_seek(by_step, &key, n);
    (void) procore_chain_mac(by_step, BYTES("x"), 1, one);
    (void) procore_chain_mac(by_step, BYTES("x"), 1, one);
    (void) procore_chain_seek(by_seek, &key, n + 1);
    (void) procore_chain_mac(by_seek, BYTES("x"), 1, two);
    ok(memcmp(one, two, sizeof(one)) == 0, "a step over both levels");

    (void) procore_chain_seek(by_step, &key, 3);
    is_int((long long) procore_chain_sequence(by_step), 3, "back again");

    is_int(procore_chain_seek(by_step, &key, 0), PROCORE_ERROR, "0");
    is_int(procore_chain_seek(by_step, &key, PROCORE_CHAIN_RECORDS + 1),
           PROCORE_ERROR, "beyond the last one");
    is_int(procore_chain_seek(by_step, &key, PROCORE_CHAIN_RECORDS),
           PROCORE_OK, "the last one");
    is_int(procore_chain_mac(by_step, BYTES("x"), 1, one), PROCORE_OK,
           "can be sealed");
    is_int(procore_chain_mac(by_step, BYTES("x"), 1, one), PROCORE_TOO_LARGE,
           "then the chain is full");

    procore_chain_free(by_step);
    procore_chain_free(by_seek);
}


static void
test_line(void)
{
    size_t                 i, read;
    char                   copy[LINE];
    procore_chain_line_t   line;
    static const int       all[] = { 0, 1, 2, 3, 4, 5, 6, -1 };

    is_int(procore_chain_read(BYTES(sample.line[5]), sample.len[5], &line),
           PROCORE_OK, "a line is read");
    is_int((long long) line.at, NOW, "its time");
    is_int((long long) line.sequence, 4, "its sequence");
    is_int((long long) line.decision.len, 9, "its decision");
    ok(line.has_seen && line.seen.sequence == 2 && line.seen.at == NOW
       && memcmp(line.seen.id, id_b, sizeof(id_b)) == 0, "what it has seen");
    ok(sample.len[5] - strlen("{\"@timestamp\":\"") < LINE, "its length");

    for (i = 0, read = 0; i < sample.len[5]; i++) {
        read += procore_chain_read(BYTES(sample.line[5]), i, &line)
                == PROCORE_OK;
    }

    is_int((long long) read, 0, "no part of it is a line");

    /* every byte counts */

    is_int(verify(&sample, all, 1), 0, "untouched");

    memcpy(copy, sample.line[3], LINE);

    for (i = 0, read = 0; i < sample.len[3]; i++) {
        sample.line[3][i] = (char) (copy[i] ^ 1);
        read += verify(&sample, all, 1) == 0;
        sample.line[3][i] = copy[i];
    }

    is_int((long long) read, 0, "a change of any byte is found");
}


static void
test_tampering(void)
{
    log_t             copy;
    static const int  all[] = { 0, 1, 2, 3, 4, 5, 6, -1 };
    static const int  hole[] = { 0, 2, 3, 4, 5, 6, -1 };
    static const int  no_start[] = { 1, 2, 3, 4, 5, 6, -1 };
    static const int  swapped[] = { 0, 3, 1, 2, 4, 5, 6, -1 };
    static const int  twice[] = { 0, 1, 2, 1, 3, 4, 5, 6, -1 };
    static const int  no_b[] = { 0, 1, 3, 5, 6, -1 };
    static const int  cut_b[] = { 0, 1, 2, 3, 5, 6, -1 };
    static const int  cut_a[] = { 0, 1, 2, 3, 4, 5, -1 };
    static const int  mixed[] = { 2, 4, 0, 1, 3, 5, 6, -1 };

    is_int(verify(&sample, all, 1), 0, "an untouched log");
    is_int((long long) sum.intact, 7, "all records are intact");
    is_int((long long) sum.chains, 2, "two chains");
    is_int(verify(&sample, mixed, 1), 0, "workers may stand in any order");

    (void) verify(&sample, hole, 1);
    is_found(PROCORE_FOUND_MISSING, 2, 2, 1, 3, "a record taken out");

    (void) verify(&sample, no_start, 1);
    is_found(PROCORE_FOUND_MISSING, 1, 1, 0, 1, "the first one taken out");
    is_int(verify(&sample, no_start, 0), 0, "may be in an older file");
    is_int((long long) sum.begun_before, 1, "which is counted");

    (void) verify(&sample, swapped, 1);
    is_found(PROCORE_FOUND_MOVED, 2, 3, 3, 2, "two records swapped");

    (void) verify(&sample, twice, 1);
    is_found(PROCORE_FOUND_TWICE, 2, 2, 1, 4, "a record twice");

    (void) verify(&sample, no_b, 1);
    is_found(PROCORE_FOUND_ABSENT, 0, 2, 0, 4, "a chain taken out");
    is_int(verify(&sample, no_b, 0), 0, "may be in an older file");
    is_int((long long) sum.older, 1, "which is counted");

    (void) verify(&sample, cut_b, 0);
    is_found(PROCORE_FOUND_CUT, 2, 2, 3, 5, "the end of a chain cut off");
    is_int(verify(&sample, cut_a, 1), 0,
           "but for what nobody has seen: only the store knows");

    copy = sample;
    copy.line[3][80] ^= 1;
    (void) verify(&copy, all, 1);
    is_found(PROCORE_FOUND_EDITED, 3, 3, 4, 0, "a changed record alone");

    copy = sample;
    copy.line[3][copy.len[3] - 5] ^= 1;
    (void) verify(&copy, all, 1);
    is_found(PROCORE_FOUND_EDITED, 3, 3, 4, 0, "a changed seal alone");

    copy = sample;
    copy.len[3] = (size_t) snprintf(copy.line[3], LINE, "made up");
    is_int(verify(&copy, all, 1), 2, "a line without a seal");
    is_int(found[0].type, PROCORE_FOUND_UNSEALED, "is told");
    is_int(found[1].type, PROCORE_FOUND_MISSING, "and what it replaced");
}


static void
test_store(void)
{
    int                     i;
    procore_verify_t       *v;
    procore_chain_point_t   point = { { 0 }, 5, NOW };
    procore_verify_conf_t   conf = { &key, 1, NULL, 0, 0, keep_found, NULL };

    memcpy(point.id, id_a, sizeof(id_a));

    for (point.sequence = 5; point.sequence < 7; point.sequence++) {
        nfound = 0;
        v = procore_verify_new(&conf);
        (void) procore_verify_point(v, &point);

        for (i = 0; i < 7; i++) {
            (void) procore_verify_line(v, 0, (uint64_t) i + 1,
                                       BYTES(sample.line[i]), sample.len[i], 1);
        }

        (void) procore_verify_end(v, &sum);
        procore_verify_free(v);

        if (point.sequence == 5) {
            is_int(nfound, 0, "as far as the store knows");
        }
    }

    is_found(PROCORE_FOUND_CUT, 6, 6, 7, 0, "the store knows one more");
    ok(nfound == 1 && found[0].by_store, "and is named");
}


static void
test_lost(void)
{
    log_t             log;
    procore_chain_t  *chain;
    static const int  all[] = { 0, 2, 3, -1 };
    static const int  more[] = { 0, 3, -1 };

    memset(&log, 0, sizeof(log));
    chain = new_chain(id_a);

    write_record(&log, chain, 0, NULL);
    write_record(&log, chain, 0, NULL);     /* not written */
    write_record(&log, chain, 1, NULL);
    write_record(&log, chain, 1, NULL);
    procore_chain_free(chain);

    (void) verify(&log, all, 1);
    is_found(PROCORE_FOUND_UNWRITTEN, 2, 2, 1, 2, "lost, and said so");
    (void) verify(&log, more, 1);
    is_found(PROCORE_FOUND_MISSING, 2, 3, 1, 2, "more is missing than lost");
}


static void
test_broken(void)
{
    log_t             log;
    procore_chain_t  *chain;
    static const int  all[] = { 0, 1, -1 };

    memset(&log, 0, sizeof(log));
    chain = new_chain(id_a);

    write_record(&log, chain, 0, NULL);
    write_record(&log, chain, 0, NULL);
    procore_chain_free(chain);

    memmove(log.line[1] + 100, log.line[1], log.len[1]);
    log.len[1] += 100;

    (void) verify(&log, all, 1);
    ok(nfound == 1 && found[0].type == PROCORE_FOUND_BROKEN
       && found[0].before.line == 2, "a part of a record before a record");

    memset(log.line[1], 'x', 100);
    (void) verify(&log, all, 1);
    ok(nfound == 1 && found[0].type == PROCORE_FOUND_EDITED
       && found[0].before.line == 2, "other bytes before a record");
}


int
main(void)
{
    if (procore_chain_key(BYTES(KEY_TEXT), 32, &key) != PROCORE_OK) {
        return 1;
    }

    write_sample();
    test_key();
    test_definition();
    test_seek();
    test_line();
    test_tampering();
    test_store();
    test_lost();
    test_broken();

    return done_testing();
}

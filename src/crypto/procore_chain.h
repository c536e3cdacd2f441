
/*
 * The audit chain: seals records so that whoever lacks the key can neither
 * change, add, remove nor reorder one unseen.
 *
 * A chain belongs to one life of one worker and has a random id.  Record n,
 * from 1, ends with a member that names the chain, the key, the seal of the
 * record before and, as its last value, its own seal: the first 16 bytes of
 * HMAC-SHA-256 (RFC 2104) over every byte of the line before that value, under
 * a key of its own, K(n).  K(n) comes from K(n - 1) by a one-way step, and
 * K(n - 1) is gone once its record is sealed: who takes over a worker can forge
 * what it writes from then on, not what it has written (Schneier and Kelsey,
 * "Secure audit logs", 1999).  To reach any K(n) from the start quickly, the
 * steps are nested three deep, 4,096 on each level.
 *
 *   A(0) = HMAC(root, "chain" id),  A(i + 1) = SHA-256("n" A(i))
 *   B(0) of i = SHA-256("d" A(i)),  and so on for B and C;  K = C
 */


#ifndef PROCORE_CHAIN_H
#define PROCORE_CHAIN_H


#include "../policy/procore_types.h"


#define PROCORE_CHAIN_ID         16
#define PROCORE_CHAIN_KEY_ID     8
#define PROCORE_CHAIN_MAC        16
#define PROCORE_CHAIN_ROOT       32     /* SHA-256 */
#define PROCORE_CHAIN_TEXT_MIN   32     /* bytes of a key file */
#define PROCORE_CHAIN_TEXT_MAX   4096
#define PROCORE_CHAIN_DECISION   64     /* bytes of event.id, at most */
#define PROCORE_CHAIN_TAIL       352    /* bytes that sealing adds, at most */

/* Records of one chain: at a thousand a second, two years of one worker. */

#define PROCORE_CHAIN_RECORDS    ((uint64_t) 1 << 36)


typedef struct {
    unsigned char  id[PROCORE_CHAIN_KEY_ID];
    unsigned char  root[PROCORE_CHAIN_ROOT];    /* secret */
} procore_chain_key_t;


/* How far a chain has come, as others know it. */

typedef struct {
    unsigned char  id[PROCORE_CHAIN_ID];
    uint64_t       sequence;
    uint64_t       at;                          /* seconds since the epoch */
} procore_chain_point_t;


typedef struct procore_chain_s  procore_chain_t;


/*
 * The key of a key file's "text"; blanks and line ends at its end do not count.
 * Returns PROCORE_OK; PROCORE_MALFORMED (fewer than PROCORE_CHAIN_TEXT_MIN
 * bytes); PROCORE_ERROR (the library failed).
 */

int procore_chain_key(const unsigned char *text, size_t len,
    procore_chain_key_t *key);

/*
 * The chain "id" at its first record.  It keeps neither "key" nor anything that
 * leads to keys before the next record's.  NULL: no memory, or the library
 * failed.  The caller frees it, which wipes it.
 */

procore_chain_t *procore_chain_new(const procore_chain_key_t *key,
    const unsigned char id[PROCORE_CHAIN_ID]);
void procore_chain_free(procore_chain_t *chain);

/*
 * Goes to record "sequence" (1 to PROCORE_CHAIN_RECORDS), also backwards, for
 * which it needs the key.  At most some 12,000 steps.  PROCORE_OK or
 * PROCORE_ERROR.
 */

int procore_chain_seek(procore_chain_t *chain, const procore_chain_key_t *key,
    uint64_t sequence);

/* The number of the record that is sealed next. */

uint64_t procore_chain_sequence(const procore_chain_t *chain);

/*
 * The seal of the next record, over "len" bytes; then the chain is at the one
 * after it.  PROCORE_OK or PROCORE_ERROR; PROCORE_TOO_LARGE: the chain is full.
 */

int procore_chain_mac(procore_chain_t *chain, const unsigned char *data,
    size_t len, unsigned char mac[PROCORE_CHAIN_MAC]);

/*
 * What a record says of its chain.  "lost" records before it were sealed and
 * then not written.  "after" is the time of the record before, 0 for the first
 * one.  "seen" (NULL: none) is how far another chain has come.
 */

typedef struct {
    uint64_t                      at;     /* of this record, in seconds */
    uint64_t                      lost;
    const procore_chain_point_t  *seen;
} procore_chain_say_t;

/*
 * Seals the record from "start" to "p", an object whose last member, an object
 * too, is still open: appends the chain's member and closes all three, at most
 * PROCORE_CHAIN_TAIL bytes.  Returns the new end, or NULL where the record
 * cannot be sealed; then nothing that counts was written.
 */

unsigned char *procore_chain_seal(procore_chain_t *chain,
    const unsigned char *start, unsigned char *p,
    const procore_chain_say_t *say);


/* A line of an audit log as far as its seal is concerned. */

typedef struct {
    size_t                 sealed;      /* bytes that the seal covers */
    procore_str_t          decision;    /* event.id, in the line */
    uint64_t               at;          /* @timestamp in seconds */
    uint64_t               sequence;
    unsigned char          id[PROCORE_CHAIN_ID];
    unsigned char          key[PROCORE_CHAIN_KEY_ID];
    unsigned char          previous[PROCORE_CHAIN_MAC];
    unsigned char          mac[PROCORE_CHAIN_MAC];
    uint64_t               after;
    uint64_t               lost;
    unsigned               has_seen:1;
    procore_chain_point_t  seen;
} procore_chain_line_t;

/*
 * Reads a line, without its end, as strictly as it was written.  Returns
 * PROCORE_OK; PROCORE_NOT_FOUND: it has no seal.
 */

int procore_chain_read(const unsigned char *line, size_t len,
    procore_chain_line_t *out);


#endif /* PROCORE_CHAIN_H */


/*
 * Bindings and projects on disk (LMDB).
 *
 * A store is opened once in a process.  Reading happens in one thread, all
 * inside one snapshot; writing may happen in another thread, one writer at a
 * time.  Nothing here logs, reads a clock or knows nginx.
 */


#ifndef PROCORE_STORE_H
#define PROCORE_STORE_H


#include <sys/types.h>

#include "../crypto/procore_chain.h"
#include "../crypto/procore_digest.h"


#define PROCORE_STORE_LAYOUT       1
#define PROCORE_STORE_GROUP        300     /* records in one transaction */
#define PROCORE_STORE_SIZE         ((size_t) 1 << 30)  /* of a new map */
#define PROCORE_STORE_GUARD_WAIT   5000    /* milliseconds */
#define PROCORE_STORE_CLIENT_MAX   255     /* bytes of an OAuth client id */
#define PROCORE_STORE_ERROR_TEXT   256
#define PROCORE_FAMILY_SIZE        16

/* As a "user": none, the token is that of a service account. */

#define PROCORE_STORE_SERVICE      UINT64_MAX


typedef struct procore_store_s  procore_store_t;

/* procore_store_report.h */

struct procore_report_batch_s;


typedef enum {
    PROCORE_TOKEN_ACCESS = 1,
    PROCORE_TOKEN_REFRESH = 2
} procore_token_kind_e;


typedef enum {
    PROCORE_FAMILY_UNBOUND = 0,
    PROCORE_FAMILY_BOUND = 1,
    PROCORE_FAMILY_WITHDRAWN = 2      /* revoked, for good */
} procore_family_state_e;


/* The way in which a family was bound; the number is on disk. */

typedef enum {
    PROCORE_WAY_NONE = 0,
    PROCORE_WAY_AUTHORIZE = 1,
    PROCORE_WAY_TOKEN_REQUEST = 2,
    PROCORE_WAY_CLIENT = 3,
    PROCORE_WAY_SOLE_COMPANY = 4,
    PROCORE_WAY_CHOOSER = 5,
    PROCORE_WAY_FIRST_USE = 6,
    PROCORE_WAY_CONFIGURED = 7,
    PROCORE_WAY_IMPORT = 8,
    PROCORE_WAY_ADMIN = 9,
    PROCORE_WAY_FIRST_TRIED = 10   /* first_use, not confirmed yet */
} procore_way_e;


/* Its name in the audit, a constant; NULL for PROCORE_WAY_NONE. */

const char *procore_way_name(procore_way_e way);


/* What the store knows of a token: its own record and its family's. */

typedef struct {
    unsigned char           family[PROCORE_FAMILY_SIZE];
    procore_family_state_e  state;
    uint64_t                company;      /* bound families only, else 0 */
    procore_way_e           way;
    uint64_t                user;         /* 0: unknown */
    uint64_t                bound_at;     /* seconds since the epoch */
    uint64_t                expires_at;   /* of this token, 0: unknown */
    unsigned                used:1;       /* a refresh token already used */
    unsigned                client_len:8;
    unsigned char           client[PROCORE_STORE_CLIENT_MAX];
} procore_token_t;


typedef struct {
    uint64_t  company;
    uint64_t  learnt_at;      /* seconds since the epoch */
    uint64_t  valid_for;      /* seconds, 0: for ever */
} procore_project_t;


/* A file that the folder may have beside the store: see the command line. */

#define PROCORE_STORE_CHANGES  "changes.jsonl"


/*
 * Opens the store in folder "path", which procore_store_prepare() has made.
 * The map has "size" bytes at once: address space, the file stays as small as
 * its content.  "size" 0 takes the size that the store was last opened with.
 * Called once in a process, by the owner of the folder or by root.
 * Waits up to PROCORE_STORE_GUARD_WAIT while another process prepares it.
 * On success *store is the caller's until procore_store_close().  A sentence in
 * "error" then says why sealed records cannot be kept: no room to make what a
 * store of an older version lacks.
 * Returns PROCORE_OK; PROCORE_ERROR, PROCORE_FULL (no room for the lock file),
 * PROCORE_CORRUPT (damaged, or of an unknown layout), with a sentence in
 * "error" (PROCORE_STORE_ERROR_TEXT bytes, NUL-terminated).
 */

int procore_store_open(procore_store_t **store, const char *path, size_t size,
    char *error);

void procore_store_close(procore_store_t *store);


/*
 * procore_store_begin() renews the one snapshot of this process,
 * procore_store_end() resets it.  Reads stand between the two, in one thread
 * and without sleeping.  Begin returns PROCORE_OK, or PROCORE_ERROR (also for a
 * second one before the end): then there is no end.
 */

int procore_store_begin(procore_store_t *store);
void procore_store_end(procore_store_t *store);

/*
 * Looks a token up.  Returns PROCORE_OK (*token filled), PROCORE_NOT_FOUND,
 * PROCORE_CORRUPT (checksum wrong or record unreadable: counts as absent, the
 * caller counts and logs), PROCORE_ERROR.
 */

int procore_store_token(procore_store_t *store, procore_token_kind_e kind,
    const unsigned char digest[PROCORE_DIGEST_SIZE], procore_token_t *token);

/*
 * Looks a project up, expired or not: the caller compares learnt_at and
 * valid_for with its clock.  Same codes.
 */

int procore_store_project(procore_store_t *store,
    const unsigned char realm[PROCORE_REALM_SIZE], uint64_t project,
    procore_project_t *out);


/*
 * Says whether the operator has paused a client (its id has "len" bytes, 0: not
 * known, never paused), inside of a snapshot.  PROCORE_OK: it is paused;
 * PROCORE_NOT_FOUND: it is not; PROCORE_CORRUPT, PROCORE_ERROR.  Costs a
 * comparison while nobody is paused and nothing was written.
 */

int procore_store_paused(procore_store_t *store,
    const unsigned char realm[PROCORE_REALM_SIZE], const unsigned char *client,
    size_t len);


/* Operations, written in groups. */

typedef enum {

    /*
     * A token answer passed: record the pair as a family.  "parent" (digest of
     * the refresh token that was redeemed) is recorded as used, unless it is
     * also "refresh" (no rotation).  Where any of the three is known, its
     * family is the one; several known families end as one company: all that
     * take part are bound alike.  With "company" the family is bound, once.
     * Companies that differ, among the families or from "company", are
     * PROCORE_CONFLICT; to record the pair in its family nevertheless, write
     * again without a company.  If a family taking part is withdrawn, all are:
     * rc is PROCORE_OK and bound.state says so.
     */
    PROCORE_STORE_FAMILY = 0,

    /*
     * Bind the family of the one token given ("access" or "refresh") to
     * "company"; an unknown token gets a family of its own.  One that is bound
     * to it by PROCORE_WAY_FIRST_TRIED becomes PROCORE_WAY_FIRST_USE.  A
     * withdrawn family stays so: rc is PROCORE_OK and bound.state says so.
     */
    PROCORE_STORE_BIND,

    /*
     * Withdraw the family of the token given, for good.  Where its kind is not
     * known, give the same digest as "access" and as "refresh".
     */
    PROCORE_STORE_WITHDRAW,

    /*
     * Learn that "nprojects" projects belong to "company".  With "passing", one
     * that is known for another company and is not expired stays there.
     */
    PROCORE_STORE_PROJECTS,

    /*
     * Sealed records: what the relay and the chooser keep, see
     * procore_sealed_t.  "key" names the record, "keep_until" is when it runs
     * out; one that has run out counts as absent.
     *
     * OPEN: a new record in state OPEN, with "sealed" (may be empty).
     * PROCORE_CONFLICT: there is one of that key, in whatever state
     * (op->record tells); PROCORE_TOO_LARGE: as many live ones as allowed, or
     * they take as much of the store as they may (so for OFFER and CHOOSE).
     */
    PROCORE_STORE_SEALED_OPEN,

    /*
     * The record becomes OFFERED, with a new "sealed" and "record_user".  Of
     * one user's OPEN and OFFERED records, the oldest above
     * PROCORE_STORE_SEALED_USER go.  PROCORE_NOT_FOUND without an OPEN one.
     */
    PROCORE_STORE_SEALED_OFFER,

    /*
     * An OFFERED record becomes CHOSEN for "company", its sealed bytes go, and
     * a record "code" in state LIVE with "sealed" (until "keep_until") is made.
     * The choice itself is remembered for half an hour.
     * Chosen for the same company already, and its code still LIVE:
     * PROCORE_OK, nothing changes.  Otherwise chosen or spent:
     * PROCORE_CONFLICT.  PROCORE_NOT_FOUND: no such record, or still OPEN.
     */
    PROCORE_STORE_SEALED_CHOOSE,

    /*
     * The record becomes SPENT, without sealed bytes (or with new ones, where
     * "sealed" is given), until "keep_until" (0: as before).
     * PROCORE_CONFLICT: it is SPENT already, or not in the state "expected"
     * (op->record tells); PROCORE_NOT_FOUND.
     */
    PROCORE_STORE_SEALED_SPEND,

    /*
     * SPEND of "key" and FAMILY in one: nothing is written unless both hold.
     * The record must be LIVE or CLAIMED.  PROCORE_CONFLICT with op->record in
     * state SPENT: it was redeemed; else: the family's other company, as
     * FAMILY says.  PROCORE_NOT_FOUND: no such record.  A withdrawn family is
     * PROCORE_OK with bound.state, and the record is spent.
     */
    PROCORE_STORE_SEALED_REDEEM,

    /*
     * LIVE becomes CLAIMED (a redemption is on its way to the login host), and
     * CLAIMED becomes LIVE again, both until "keep_until" (0: as before).  A
     * CLAIMED one lasts two minutes longer than that.  PROCORE_CONFLICT: not
     * in that state (op->record tells); PROCORE_NOT_FOUND.
     */
    PROCORE_STORE_SEALED_CLAIM,
    PROCORE_STORE_SEALED_RELEASE,

    /*
     * SPEND of "key" and BIND in one, for the chooser: nothing is written
     * unless both hold.  The record must be OPEN.  Codes as for REDEEM and
     * BIND.
     */
    PROCORE_STORE_SEALED_BIND,

    /*
     * A family that "way" has bound at "now" for "company" is unbound again:
     * first_use stays only where Procore knew the token, or another request
     * has relied on it.  A family that only this token made goes altogether.
     * PROCORE_NOT_FOUND: no such family, or bound otherwise; nothing changes.
     */
    PROCORE_STORE_UNBIND,

    /*
     * A family that is bound to "company" stays so: the same as BIND, but
     * PROCORE_NOT_FOUND where it is not bound any more.  Another request relies
     * on what its first use has bound, or Procore has answered that one.
     */
    PROCORE_STORE_CONFIRM,

    /*
     * The operator's own.  Families of another realm count as absent.
     *
     * SET: the family of the tokens given, or with "has_family" the one of that
     * id, belongs to "company" from now on, whatever it was bound to before
     * (op->before tells).  Where a token's kind is not known, give the same
     * digest as "access" and as "refresh": then it must be known.  An unknown
     * token of known kind gets a family, that of the other one if that is
     * known.  PROCORE_NOT_FOUND; PROCORE_CONFLICT: a family is withdrawn, for
     * good.
     *
     * END: withdraws the family, found in the same way.  PROCORE_NOT_FOUND.
     */
    PROCORE_STORE_SET,
    PROCORE_STORE_END,

    /*
     * One token as another store has listed it: one of "access" and "refresh",
     * its "expires_at", "written_at" and "used", and its family: "family",
     * "state", "company", "way", "bound_at", "user", "client".  A family that
     * is known is completed, never contradicted: PROCORE_CONFLICT where it
     * belongs to another company, where it is withdrawn here and not there, or
     * where the token is in another family that is not in the same state.  A
     * family that is withdrawn there will be so here.
     */
    PROCORE_STORE_RESTORE,

    /*
     * The "nprojects" projects are not known any more, as far as they are known
     * for "company" (0: any).  op->moved counts those that were removed.
     */
    PROCORE_STORE_FORGET,

    /*
     * Pauses "client" or lets it go on.  Pausing a paused one changes nothing;
     * RESUME: PROCORE_NOT_FOUND where it is not paused.
     */
    PROCORE_STORE_PAUSE,
    PROCORE_STORE_RESUME,

    /*
     * A chain of the audit has come as far as "chain" says; what is known never
     * goes back.  Of more than PROCORE_STORE_CHAINS, the one that ended first
     * goes.
     */
    PROCORE_STORE_AUDIT,

    /*
     * Add "report" to the report.  Counts add up, the first time is the
     * earliest, the last one and the example are the newest; bounds are those
     * of procore_store_report.h.  It asks for an eighth of the map to be free:
     * PROCORE_FULL for all of the group otherwise, so it is written alone.
     */
    PROCORE_STORE_REPORT

} procore_store_op_e;


/*
 * A sealed record: bytes that only the holder of a cookie, a code or a link can
 * open.  "key" is a digest of that id, code or link.
 */

#define PROCORE_STORE_SEALED_MAX   (1024 * 1024 + 64)  /* bytes of one, with
                                                          what sealing adds */
#define PROCORE_STORE_SEALED_LIVE  10000          /* neither CHOSEN nor SPENT;
                                                     as many links beside */
#define PROCORE_STORE_SEALED_SHARE 5000           /* of them, for those whom
                                                     nobody has vouched for */
#define PROCORE_STORE_SEALED_USER  20             /* of one user */

typedef enum {
    PROCORE_SEALED_OPEN = 1,
    PROCORE_SEALED_OFFERED = 2,
    PROCORE_SEALED_CHOSEN = 3,
    PROCORE_SEALED_LIVE = 4,
    PROCORE_SEALED_CLAIMED = 5,
    PROCORE_SEALED_SPENT = 6
} procore_sealed_state_e;

typedef struct {
    procore_sealed_state_e  state;
    uint64_t                changed_at;    /* seconds since the epoch */
    uint64_t                keep_until;
    uint64_t                user;          /* 0: unknown */
    uint64_t                company;       /* chosen, 0: not yet */
    procore_str_t           sealed;        /* in the snapshot */
} procore_sealed_t;

/*
 * Looks a sealed record up, inside of a snapshot; record->sealed is valid until
 * procore_store_end().  Returns PROCORE_OK; PROCORE_NOT_FOUND, also for one
 * that has run out at "now", of which *record tells while it is on the disk;
 * PROCORE_CORRUPT; PROCORE_ERROR.
 */

int procore_store_sealed(procore_store_t *store,
    const unsigned char key[PROCORE_DIGEST_SIZE], uint64_t now,
    procore_sealed_t *record);

/*
 * How far a chain of the audit has come: the first one of those that are known,
 * or the one behind "after" (PROCORE_CHAIN_ID bytes), inside of a snapshot.
 * Returns PROCORE_OK; PROCORE_NOT_FOUND: there is no further one;
 * PROCORE_CORRUPT: it cannot be read, only point->id is set; PROCORE_ERROR.
 */

#define PROCORE_STORE_CHAINS  16384

int procore_store_chain(procore_store_t *store, const unsigned char *after,
    procore_chain_point_t *point);

/*
 * The key under which cookies are sealed: random, made with the store, the same
 * for all that share it.  Does not touch the disk.  PROCORE_OK, PROCORE_ERROR.
 */

#define PROCORE_STORE_KEY  32

int procore_store_key(procore_store_t *store,
    unsigned char key[PROCORE_STORE_KEY]);


typedef struct {
    procore_store_op_e  type;
    unsigned char       realm[PROCORE_REALM_SIZE];
    uint64_t            now;             /* seconds since the epoch */

    unsigned            has_access:1;
    unsigned            has_refresh:1;
    unsigned            has_parent:1;
    unsigned char       access[PROCORE_DIGEST_SIZE];
    unsigned char       refresh[PROCORE_DIGEST_SIZE];
    unsigned char       parent[PROCORE_DIGEST_SIZE];
    uint64_t            expires_at;      /* of the access token, 0: unknown */

    uint64_t            company;         /* 0: none */
    procore_way_e       way;
    uint64_t            user;
    unsigned char       client_len;
    unsigned char       client[PROCORE_STORE_CLIENT_MAX];

    const uint64_t     *projects;        /* the caller's */
    size_t              nprojects;
    uint64_t            valid_for;       /* seconds, 0: for ever */
    unsigned            passing:1;       /* PROJECTS: from an answer to somebody
                                            else, not from our own list */

    unsigned            has_family:1;    /* SET, END: "family" and no token */
    unsigned            used:1;          /* RESTORE, of the token */
    unsigned char       family[PROCORE_FAMILY_SIZE];
    procore_family_state_e  state;       /* RESTORE, of the family */
    uint64_t            bound_at;        /* likewise; PAUSE: since when, 0:
                                            now */
    uint64_t            written_at;      /* RESTORE, of the token */

    unsigned char       key[PROCORE_DIGEST_SIZE];   /* of a sealed record */
    unsigned char       code[PROCORE_DIGEST_SIZE];  /* CHOOSE: the other one */
    const unsigned char  *sealed;        /* the caller's */
    size_t              sealed_len;
    uint64_t            keep_until;      /* seconds since the epoch */
    uint64_t            record_user;
    procore_sealed_state_e  expected;    /* SPEND: 0, any */
    unsigned            link:1;          /* OPEN: one of the chooser's, which
                                            are counted by themselves */
    procore_chain_point_t  chain;        /* AUDIT */
    unsigned            unvouched:1;     /* OPEN: only while fewer than
                                            PROCORE_STORE_SEALED_SHARE live */

    const struct procore_report_batch_s  *report;    /* the caller's */

    /*
     * Filled by procore_store_write():
     *   rc       PROCORE_OK; PROCORE_CONFLICT (another company: "bound" tells
     *            which, nothing of this operation was written),
     *            PROCORE_NOT_FOUND (WITHDRAW of an unknown token),
     *            PROCORE_CORRUPT (a record that it needs cannot be read:
     *            nothing of this operation was written), PROCORE_MALFORMED
     *            (no token, or no company where one is needed; a keep_until
     *            that has passed), PROCORE_ERROR (no random bytes; no place
     *            for sealed records or for the report)
     *   bound    FAMILY, BIND, WITHDRAW, UNBIND, SET, END, RESTORE, and what
     *            includes them: the family as it is after the transaction
     *   before   SET: the company until now, 0: none
     *   record   SEALED_*: the record "key" as it was before, without "sealed"
     *   made     1 where this operation has given a family its company
     *   moved    PROJECTS: how many were known for another company before and
     *            were not expired; FORGET: how many were removed
     *   kept     PROJECTS, "passing": how many are known for another company
     *            and stay there
     */
    int                 rc;
    procore_token_t     bound;
    uint64_t            before;
    procore_sealed_t    record;
    unsigned            made:1;
    size_t              moved;
    size_t              kept;
} procore_store_op_t;


/*
 * Writes "n" operations in one durable transaction, each seeing those before
 * it.  Returns PROCORE_OK: each operation's own rc is final and on stable
 * storage.  Otherwise nothing was written: PROCORE_FULL (map or disk; what the
 * store knows can still be read) or PROCORE_ERROR, with a sentence in "error".
 * May run in another thread than the readers, and sleeps: for other processes
 * that write, and for the disk.
 */

int procore_store_write(procore_store_t *store, procore_store_op_t **ops,
    size_t n, char *error);


/*
 * Removes what has run out, by the rules of procore_record.h: looks at up to
 * "max" keys from *cursor on (all zero at first; all zero again when the end
 * was reached).  One durable transaction, in the writing thread.  Returns as
 * procore_store_write(); *removed counts.
 */

typedef struct {
    unsigned char  key[64];
    size_t         len;
    unsigned       database;
} procore_store_cursor_t;

int procore_store_sweep(procore_store_t *store, procore_store_cursor_t *cursor,
    size_t max, uint64_t now, size_t *removed, char *error);

/*
 * How large it is, inside of a snapshot: bytes of the file that were ever in
 * use (what was freed is used again), what that may become, and entries.
 * Returns PROCORE_OK or PROCORE_ERROR.
 */

typedef struct {
    uint64_t  bytes;
    uint64_t  limit;
    uint64_t  tokens;
    uint64_t  families;
    uint64_t  projects;
    uint64_t  sealed;
    uint64_t  links;
} procore_store_stat_t;

int procore_store_stat(procore_store_t *store, procore_store_stat_t *stat);

/*
 * Frees slots of readers that died; *dead counts them.  Returns PROCORE_OK or
 * PROCORE_ERROR.
 */

int procore_store_reader_check(procore_store_t *store, int *dead);


/*
 * Makes the folder fit to be opened, before any process of ours has it open:
 * by the master at a cold start, as root, and by the command line.
 *   - makes the folder (0700, owner uid:gid), or accepts one that is empty or
 *     holds a store, belongs to uid and is not writable by others
 *   - takes an exclusive flock on "guard.lock", waiting up to "wait"
 *     milliseconds for an old process to end; where another process keeps it,
 *     nothing more is checked (PROCORE_OK, report->in_use)
 *   - free space, type of filesystem, both meta pages against the file's size,
 *     then a forked child (as uid) walks all entries
 *   - of a bad store, what can be verified is copied into a new one, and the
 *     bad one is set aside as "<path>.bad-YYYYMMDDTHHMMSSZ"
 * Files that it makes belong to uid:gid.  "size" (0: PROCORE_STORE_SIZE) is the
 * map's of a new store, "now" seconds since the epoch, for the name.
 * Returns PROCORE_OK (one sentence in report->text if a store was set aside),
 * or PROCORE_ERROR / PROCORE_CORRUPT / PROCORE_FULL with one sentence in
 * report->text: then the store is out of order and must not be opened.
 * Forks and waits for its own children only, SIGCHLD held back meanwhile.
 */

typedef struct {
    unsigned  in_use:1;
    unsigned  set_aside:1;
    uint64_t  kept;           /* entries copied into the new store */
    uint64_t  lost;
    char      text[PROCORE_STORE_ERROR_TEXT];
} procore_store_report_t;

int procore_store_prepare(const char *path, size_t size, uid_t uid, gid_t gid,
    unsigned wait, uint64_t now, procore_store_report_t *report);


#endif /* PROCORE_STORE_H */

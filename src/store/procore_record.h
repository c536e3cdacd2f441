
/*
 * Records of the store as bytes: layout 1.  All numbers are big-endian, each
 * value ends with CRC-32C over the database's name (with its NUL), the key and
 * the value before the checksum.
 *
 * token    key: kind 1, digest 32
 *          value: version 1, state 1, expires at 8, written at 8, family 16
 * family   key: random 16
 *          value: version 1, state 1, realm 4, company 8, way 1, user 8,
 *          bound at 8, tokens 4, client id's length 1, client id
 * project  key: realm 4, project 8
 *          value: version 1, company 8, learnt at 8, valid for 8
 * sealed   key: digest 32
 * spent    value: version 1, state 1, changed at 8, keep until 8, user 8,
 *          company 8, length 4, sealed bytes
 * paused   key: realm 4, client id
 *          value: version 1, paused at 8
 * audit    key: id of a chain 16
 *          value: version 1, sequence 8, at 8
 * meta     key: a name
 *          value: a number 4, or for "key" 32 random bytes
 */


#ifndef PROCORE_RECORD_H
#define PROCORE_RECORD_H


#include "procore_store.h"


#define PROCORE_RECORD_VERSION    1
#define PROCORE_RECORD_CRC        4
#define PROCORE_TOKEN_KEY         (1 + PROCORE_DIGEST_SIZE)
#define PROCORE_TOKEN_VALUE       (1 + 1 + 8 + 8 + PROCORE_FAMILY_SIZE         \
                                   + PROCORE_RECORD_CRC)
#define PROCORE_FAMILY_HEAD       (1 + 1 + PROCORE_REALM_SIZE + 8 + 1 + 8 + 8  \
                                   + 4 + 1)
#define PROCORE_FAMILY_VALUE_MAX  (PROCORE_FAMILY_HEAD                         \
                                   + PROCORE_STORE_CLIENT_MAX                  \
                                   + PROCORE_RECORD_CRC)
#define PROCORE_PROJECT_KEY       (PROCORE_REALM_SIZE + 8)
#define PROCORE_PROJECT_VALUE     (1 + 8 + 8 + 8 + PROCORE_RECORD_CRC)
#define PROCORE_SEALED_HEAD       (1 + 1 + 8 + 8 + 8 + 8 + 4)
#define PROCORE_SEALED_VALUE_MAX  (PROCORE_SEALED_HEAD                         \
                                   + PROCORE_STORE_SEALED_MAX                  \
                                   + PROCORE_RECORD_CRC)
#define PROCORE_AUDIT_VALUE       (1 + 8 + 8 + PROCORE_RECORD_CRC)
#define PROCORE_META_VALUE        (4 + PROCORE_RECORD_CRC)
#define PROCORE_KEY_VALUE         (PROCORE_STORE_KEY + PROCORE_RECORD_CRC)
#define PROCORE_PAUSED_KEY_MAX    (PROCORE_REALM_SIZE                          \
                                   + PROCORE_STORE_CLIENT_MAX)
#define PROCORE_PAUSED_VALUE      (1 + 8 + PROCORE_RECORD_CRC)
#define PROCORE_RECORD_KEY_MAX    PROCORE_PAUSED_KEY_MAX
#define PROCORE_RECORD_VALUE_MAX  PROCORE_SEALED_VALUE_MAX


/* How long records are kept, in seconds. */

#define PROCORE_DAY             86400
#define PROCORE_KEEP_EXPIRED    (7 * PROCORE_DAY)    /* access, after expiry */
#define PROCORE_KEEP_UNDATED    (90 * PROCORE_DAY)   /* access, from writing */
#define PROCORE_KEEP_USED       (7 * PROCORE_DAY)    /* refresh, from use */
#define PROCORE_KEEP_REFRESH    (400 * PROCORE_DAY)  /* refresh, from writing */
#define PROCORE_KEEP_CLAIMED    120     /* sealed, claimed: after its end */
#define PROCORE_KEEP_CHAIN      (400 * PROCORE_DAY)  /* audit, from the end */
#define PROCORE_KEEP_REPORT     (400 * PROCORE_DAY)  /* of the report, since
                                                        it was last seen */
#define PROCORE_KEEP_HARMLESS   (30 * PROCORE_DAY)   /* users of one company */


/*
 * Databases in the order in which the sweep and the recovery take them.  Those
 * from PROCORE_DB_SEALED on came later: a store may lack them.
 *
 * What is only remembered of sealed records (CHOSEN, SPENT) has a database of
 * its own, so that the library's count of the other one's entries, exact in
 * every transaction and after every crash, is the number of live records.  So
 * have the chooser's links, which are counted by themselves.
 *
 * The report is what procore_report_record.h describes.
 */

typedef enum {
    PROCORE_DB_META = 0,
    PROCORE_DB_FAMILY,
    PROCORE_DB_TOKEN,
    PROCORE_DB_PROJECT,
    PROCORE_DB_SEALED,
    PROCORE_DB_SPENT,
    PROCORE_DB_LINK,
    PROCORE_DB_PAUSED,
    PROCORE_DB_AUDIT,
    PROCORE_DB_REPORT,
    PROCORE_DB_COUNT
} procore_db_e;


typedef struct {
    unsigned       used:1;         /* a refresh token that was redeemed */
    uint64_t       expires_at;
    uint64_t       written_at;     /* or used at */
    unsigned char  family[PROCORE_FAMILY_SIZE];
} procore_token_record_t;


typedef struct {
    procore_family_state_e  state;
    procore_way_e           way;
    unsigned char           realm[PROCORE_REALM_SIZE];
    uint64_t                company;      /* a withdrawn family keeps it */
    uint64_t                user;
    uint64_t                bound_at;
    uint32_t                tokens;       /* records that name this family */
    unsigned char           client_len;
    unsigned char           client[PROCORE_STORE_CLIENT_MAX];
} procore_family_record_t;


/* The name of a database, a constant. */

const char *procore_db_name(procore_db_e db);

/*
 * Keys.  "out" has room for PROCORE_TOKEN_KEY or PROCORE_PROJECT_KEY bytes; all
 * of them are set.
 */

void procore_token_key(procore_token_kind_e kind,
    const unsigned char digest[PROCORE_DIGEST_SIZE], unsigned char *out);
void procore_project_key(const unsigned char realm[PROCORE_REALM_SIZE],
    uint64_t project, unsigned char *out);

/*
 * The same for a client id of 1 to PROCORE_STORE_CLIENT_MAX bytes, with room
 * for PROCORE_PAUSED_KEY_MAX; returns the number of bytes.
 */

size_t procore_paused_key(const unsigned char realm[PROCORE_REALM_SIZE],
    const unsigned char *client, size_t len, unsigned char *out);

/*
 * Values.  Packing fills "out", which has room for the value's constant above
 * (PROCORE_FAMILY_VALUE_MAX for a family), and returns the number of bytes.
 * Unpacking returns PROCORE_OK, or PROCORE_CORRUPT: checksum, length, version
 * or content is wrong; the record is then undefined.
 */

size_t procore_token_pack(const unsigned char *key,
    const procore_token_record_t *record, unsigned char *out);
int procore_token_unpack(const unsigned char *key, const unsigned char *value,
    size_t len, procore_token_record_t *record);

size_t procore_family_pack(const unsigned char *key,
    const procore_family_record_t *record, unsigned char *out);
int procore_family_unpack(const unsigned char *key, const unsigned char *value,
    size_t len, procore_family_record_t *record);

size_t procore_project_pack(const unsigned char *key,
    const procore_project_t *record, unsigned char *out);
int procore_project_unpack(const unsigned char *key,
    const unsigned char *value, size_t len, procore_project_t *record);

size_t procore_paused_pack(const unsigned char *key, size_t key_len,
    uint64_t paused_at, unsigned char *out);
int procore_paused_unpack(const unsigned char *key, size_t key_len,
    const unsigned char *value, size_t len, uint64_t *paused_at);

size_t procore_meta_pack(const char *name, uint32_t number,
    unsigned char *out);
int procore_meta_unpack(const char *name, const unsigned char *value,
    size_t len, uint32_t *number);

/*
 * "db" is one of those of sealed records.  Packing writes
 * PROCORE_SEALED_HEAD + record->sealed.len + PROCORE_RECORD_CRC bytes;
 * record->sealed may be where its copy goes.  After unpacking it points into
 * "value".  procore_sealed_head() does not look at the checksum.
 */

size_t procore_sealed_pack(procore_db_e db, const unsigned char *key,
    const procore_sealed_t *record, unsigned char *out);
int procore_sealed_unpack(procore_db_e db, const unsigned char *key,
    const unsigned char *value, size_t len, procore_sealed_t *record);
int procore_sealed_head(const unsigned char *value, size_t len,
    procore_sealed_t *record);

size_t procore_key_pack(const char *name,
    const unsigned char key[PROCORE_STORE_KEY], unsigned char *out);
int procore_key_unpack(const char *name, const unsigned char *value,
    size_t len, unsigned char key[PROCORE_STORE_KEY]);

/* How far a chain of the audit has come; its id is the key. */

size_t procore_audit_pack(const procore_chain_point_t *point,
    unsigned char *out);
int procore_audit_unpack(const unsigned char *key, const unsigned char *value,
    size_t len, procore_chain_point_t *point);

/*
 * Says whether an entry of any database is whole: PROCORE_OK or
 * PROCORE_CORRUPT.
 */

int procore_record_verify(procore_db_e db, const unsigned char *key,
    size_t key_len, const unsigned char *value, size_t len);

/*
 * What readers are told of a token, from its record and its family's.  "token"
 * is filled but for the unused bytes of the client id.
 */

void procore_token_fill(procore_token_t *token,
    const procore_token_record_t *record,
    const procore_family_record_t *family);

/*
 * Says whether a record has run out at "now" (1) or not (0).  A family has when
 * no token names it.
 */

int procore_token_expired(procore_token_kind_e kind,
    const procore_token_record_t *record, uint64_t now);
int procore_project_expired(const procore_project_t *record, uint64_t now);
int procore_sealed_expired(const procore_sealed_t *record, uint64_t now);


#endif /* PROCORE_RECORD_H */

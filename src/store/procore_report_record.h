
/*
 * Rows of the report as bytes; numbers, checksums and versions as in
 * procore_record.h.  The length of a key tells what it is, and the order of
 * keys puts each row before those that belong to it.
 *
 * totals   key: 0 1
 *          value: version 1, clients 4, users 4, namings 4, counted at 8,
 *          first 8, last 8, lost 8
 * realm    key: realm 4
 *          value: version 1, last 8, name's length 1, name
 * client   key: realm 4, client 16 (of SHA-256 over realm and client id; all
 *          zero: not known; all ones: all others)
 *          value: version 1, eight numbers of 8, users 4, namings 4, counted
 *          at 8, client id's length 1, client id
 * user     key: realm 4, client 16, kind 1, id 8
 *          value: version 1, bound 1, seven numbers of 8, namings 4
 * naming   key: realm 4, client 16, kind 1, id 8, company 8
 *          value: version 1, eleven numbers of 8, example's length 1, example
 */


#ifndef PROCORE_REPORT_RECORD_H
#define PROCORE_REPORT_RECORD_H


#include "procore_record.h"
#include "procore_store_report.h"


#define PROCORE_REPORT_TOTALS_KEY   1
#define PROCORE_REPORT_REALM_KEY    PROCORE_REALM_SIZE
#define PROCORE_REPORT_CLIENT_KEY   (PROCORE_REPORT_REALM_KEY                  \
                                     + PROCORE_REPORT_CLIENT_ID)
#define PROCORE_REPORT_USER_KEY     (PROCORE_REPORT_CLIENT_KEY + 1             \
                                     + PROCORE_REPORT_USER_ID)
#define PROCORE_REPORT_NAMING_KEY   (PROCORE_REPORT_USER_KEY + 8)

/* Room for any value: a client's with the longest id. */

#define PROCORE_REPORT_VALUE_MAX    (1 + 8 * 8 + 4 + 4 + 8 + 1                 \
                                     + PROCORE_STORE_CLIENT_MAX                \
                                     + PROCORE_RECORD_CRC)


/* Keys.  "out" has room for the constant of its kind. */

void procore_report_client_key(const procore_report_client_t *client,
    unsigned char *out);
void procore_report_user_key(const unsigned char *client,
    const procore_report_user_t *user, unsigned char *out);
void procore_report_naming_key(const unsigned char *user, uint64_t company,
    unsigned char *out);

/*
 * Is it a row for the rest: all other clients, a client's other users, a user's
 * other companies?  It comes on top of a bound.  1 or 0.
 */

int procore_report_is_rest(const unsigned char *key, size_t len);

/*
 * Packs the member that row->type names for "key" (of the length of its kind);
 * "out" has PROCORE_REPORT_VALUE_MAX bytes.  Returns the length.
 */

size_t procore_report_pack(const unsigned char *key,
    const procore_report_row_t *row, unsigned char *out);

/*
 * Reads an entry of any kind: PROCORE_OK, or PROCORE_CORRUPT (then *row is
 * undefined).
 */

int procore_report_unpack(const unsigned char *key, size_t key_len,
    const unsigned char *value, size_t len, procore_report_row_t *row);
int procore_report_verify(const unsigned char *key, size_t key_len,
    const unsigned char *value, size_t len);


#endif /* PROCORE_REPORT_RECORD_H */

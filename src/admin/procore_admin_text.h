
/*
 * What operators read: entries of the store as JSON objects, one a line.
 */


#ifndef PROCORE_ADMIN_TEXT_H
#define PROCORE_ADMIN_TEXT_H


#include "../store/procore_store_list.h"


/*
 * The longest of these objects and what stands around it, bytes: a client id
 * takes two bytes for one, all other members together less than 600.
 */

#define PROCORE_ADMIN_LINE  (2 * PROCORE_STORE_CLIENT_MAX + 640)

/* "2026-11-24T14:00:00Z" */

#define PROCORE_ADMIN_TIME  20


/* Its name, a constant. */

const char *procore_admin_state(procore_family_state_e state);

/*
 * Writes a time (seconds since the epoch) as RFC 3339 has it, without a NUL;
 * "out" has room for PROCORE_ADMIN_TIME bytes.  A year above 9999 becomes the
 * last second before.
 */

void procore_admin_time(uint64_t seconds, char *out);

/* Reads such a time, after 1970.  PROCORE_OK, PROCORE_MALFORMED. */

int procore_admin_time_read(const procore_str_t *text, uint64_t *seconds);


/*
 * Each of these writes one JSON object, without a line feed, to "out", which
 * has room for PROCORE_ADMIN_LINE bytes, and returns where it ends.
 *
 * family   a binding, as it is listed
 * token    one of its tokens, as it is shown
 * record   a token with its family and realm, as it is exported
 * project  as it is listed and exported; without "realm" (NULL) listed
 * paused   a client, as above
 * client   what it has: families by state, and since when it is paused; one
 *          without an id are all whose client is not known
 */

char *procore_admin_family(char *out, const procore_listed_family_t *family);
char *procore_admin_token(char *out, const procore_listed_token_t *token);
char *procore_admin_record(char *out, const procore_listed_token_t *token,
    const unsigned char realm[PROCORE_REALM_SIZE]);
char *procore_admin_project(char *out, const procore_listed_project_t *project,
    const unsigned char *realm);
char *procore_admin_paused(char *out, const procore_listed_paused_t *paused,
    const unsigned char *realm);
char *procore_admin_client(char *out, const procore_tally_client_t *client);


#endif /* PROCORE_ADMIN_TEXT_H */

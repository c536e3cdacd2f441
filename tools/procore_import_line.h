
/*
 * One line of an import file.
 */


#ifndef PROCORE_IMPORT_LINE_H
#define PROCORE_IMPORT_LINE_H


#include "../src/policy/procore_types.h"


/* Longer than any header of a request that carries a token: bytes. */
#define PROCORE_IMPORT_LINE_MAX  65536


/* Strings with data NULL and ids of 0 were not in the line. */

typedef struct {
    procore_str_t  access;
    procore_str_t  refresh;
    procore_str_t  client;       /* at most PROCORE_STORE_CLIENT_MAX bytes */
    uint64_t       company;
    uint64_t       project;
} procore_import_line_t;


/*
 * Reads a line (without its line feed) as one JSON object (RFC 8259) of the
 * members access_token, refresh_token, client and company_id, or project_id and
 * company_id.  Ids are decimals, as numbers or as strings, taken from the text
 * digit by digit.  Decodes escapes in place: the strings of *out point into
 * "line", which stays the caller's.
 * Returns PROCORE_OK; PROCORE_NOT_FOUND: nothing but blanks;
 * PROCORE_MALFORMED, *why is a constant sentence.
 */

int procore_import_line(unsigned char *line, size_t len,
    procore_import_line_t *out, const char **why);


#endif /* PROCORE_IMPORT_LINE_H */

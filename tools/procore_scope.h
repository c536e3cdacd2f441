
/*
 * What the commands of procore-scope share.
 */


#ifndef PROCORE_SCOPE_H
#define PROCORE_SCOPE_H


#include <stdio.h>

#include "../src/store/procore_store.h"


#ifndef PROCORE_SCOPE_VERSION
#define PROCORE_SCOPE_VERSION  "0.1.0"
#endif

/* Exit codes. */
#define PROCORE_SCOPE_DONE     0
#define PROCORE_SCOPE_FAILED   1     /* conflicts and unknown tokens, too */
#define PROCORE_SCOPE_USAGE    2


typedef struct {
    const char            *store;
    const char            *realm;
    const char            *access_file;
    const char            *refresh_file;
    const char            *file;            /* of import; "-": stdin */
    int                    json;
    unsigned char          realm_id[PROCORE_REALM_SIZE];
} procore_scope_options_t;


/*
 * Says a sentence on stderr, with --json also as an object on stdout; "line"
 * (0: none) is that of the input.  Returns PROCORE_SCOPE_FAILED.
 */

__attribute__((format(printf, 3, 4)))
int procore_scope_fail(const procore_scope_options_t *options, size_t line,
    const char *fmt, ...);

/* Prints "len" bytes as a JSON string; what is no ASCII becomes U+FFFD. */

void procore_scope_json_string(const unsigned char *data, size_t len);

/*
 * Opens the store as the owner of its folder: root becomes the owner for good,
 * anybody else is refused.  "create": an empty folder becomes a store.
 * Files that only root can read must be open before.
 * Returns PROCORE_SCOPE_DONE or PROCORE_SCOPE_FAILED, the reason said.
 */

int procore_scope_open(const procore_scope_options_t *options, int create,
    procore_store_t **store);

/* The commands; each returns the exit code. */

int procore_scope_import(const procore_scope_options_t *options);
int procore_scope_show(const procore_scope_options_t *options);
int procore_scope_end(const procore_scope_options_t *options);


#endif /* PROCORE_SCOPE_H */

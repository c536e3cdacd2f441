
/*
 * What the commands of procore-scope share.
 */


#ifndef PROCORE_SCOPE_H
#define PROCORE_SCOPE_H


#include <stdio.h>

#include "../src/policy/procore_version.h"
#include "../src/store/procore_store.h"


/* Exit codes. */
#define PROCORE_SCOPE_DONE     0
#define PROCORE_SCOPE_FAILED   1     /* conflicts and unknown tokens, too */
#define PROCORE_SCOPE_USAGE    2
#define PROCORE_SCOPE_UNSURE   3     /* audit verify: nothing certain */

/* No exit code: the command goes on. */
#define PROCORE_SCOPE_GO_ON    -1


typedef struct {
    const char            *store;
    const char            *realm;
    const char            *access_file;
    const char            *refresh_file;
    int                    narguments;      /* that are no options */
    char                 **arguments;
    int                    json;
    unsigned char          realm_id[PROCORE_REALM_SIZE];
} procore_scope_options_t;


/*
 * A command.  "run" is given its arguments as main() is, argv[0] being the last
 * word of its name, and returns the exit code.  "arguments" and "help" (whole
 * lines) are its part of the help, NULL: it is another name of one.
 */

typedef struct {
    const char            *name;
    int                  (*run)(int argc, char **argv);
    const char            *arguments;
    const char            *help;
} procore_scope_command_t;


/*
 * Reads the options that most commands share: all of procore_scope_options_t,
 * with "store" there and the realm's digest made.  Returns PROCORE_SCOPE_GO_ON,
 * or the exit code.  A command with options of its own reads them itself, and
 * calls ..._realm() when "realm" is set; same codes.
 */

int procore_scope_parse(int argc, char **argv,
    procore_scope_options_t *options);
int procore_scope_realm(procore_scope_options_t *options);

/* The help of all commands.  Returns PROCORE_SCOPE_DONE. */

int procore_scope_print_help(void);

/* Says what is wrong on stderr.  Returns PROCORE_SCOPE_USAGE. */

int procore_scope_usage(const char *why);


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

/*
 * Reads a token from the file of the options, or from standard input, and makes
 * its digest.  PROCORE_SCOPE_DONE or PROCORE_SCOPE_FAILED.
 */

int procore_scope_read_token(const procore_scope_options_t *options,
    unsigned char digest[PROCORE_DIGEST_SIZE]);

/* The commands, for the table. */

int procore_scope_bindings_list(int argc, char **argv);
int procore_scope_bindings_show(int argc, char **argv);
int procore_scope_bindings_set(int argc, char **argv);
int procore_scope_bindings_end(int argc, char **argv);
int procore_scope_bindings_export(int argc, char **argv);
int procore_scope_projects_list(int argc, char **argv);
int procore_scope_projects_end(int argc, char **argv);
int procore_scope_projects_export(int argc, char **argv);
int procore_scope_clients_list(int argc, char **argv);
int procore_scope_clients_pause(int argc, char **argv);
int procore_scope_clients_resume(int argc, char **argv);

int procore_scope_import(int argc, char **argv);
int procore_scope_show(int argc, char **argv);
int procore_scope_end(int argc, char **argv);
int procore_scope_audit_verify(int argc, char **argv);
int procore_scope_report(int argc, char **argv);
int procore_scope_check(int argc, char **argv);
int procore_scope_replay(int argc, char **argv);


#endif /* PROCORE_SCOPE_H */

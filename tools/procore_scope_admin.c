
/*
 * Options of the commands that list and change the store.
 */


#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../src/policy/procore_id.h"
#include "procore_scope_admin.h"
#include "procore_scope_changes.h"


static const struct option  procore_scope_admin_names[] = {
    { "store", required_argument, NULL, 's' },
    { "realm", required_argument, NULL, 'r' },
    { "json", no_argument, NULL, 'j' },
    { "company", required_argument, NULL, 'c' },
    { "client", required_argument, NULL, 'C' },
    { "state", required_argument, NULL, 'S' },
    { "way", required_argument, NULL, 'W' },
    { "digest", required_argument, NULL, 'd' },
    { "family", required_argument, NULL, 'f' },
    { "access-token-file", required_argument, NULL, 'A' },
    { "refresh-token-file", required_argument, NULL, 'R' },
    { "limit", required_argument, NULL, 'l' },
    { "all", no_argument, NULL, 'a' },
    { "project", required_argument, NULL, 'p' },
    { "help", no_argument, NULL, 'h' },
    { NULL, 0, NULL, 0 }
};


/* The bit of an option; 0: every command takes it. */

static unsigned
procore_scope_admin_bit(int c)
{
    switch (c) {

    case 'c':
        return PROCORE_SCOPE_OF_COMPANY;

    case 'C':
        return PROCORE_SCOPE_OF_CLIENT;

    case 'S':
    case 'W':
        return PROCORE_SCOPE_OF_STATE;

    case 'd':
    case 'f':
        return PROCORE_SCOPE_OF_DIGEST;

    case 'A':
    case 'R':
        return PROCORE_SCOPE_OF_FILE;

    case 'l':
    case 'a':
        return PROCORE_SCOPE_OF_LIMIT;

    case 'p':
        return PROCORE_SCOPE_OF_PROJECT;

    default:
        return 0;
    }
}


static int
procore_scope_admin_id(const char *text, uint64_t *id)
{
    return procore_id_classify((const unsigned char *) text, strlen(text), id)
           == PROCORE_ID_NUMBER
           ? PROCORE_SCOPE_GO_ON
           : procore_scope_usage("an id is a whole number without leading "
                                 "zeros");
}


/* --digest and --family. */

static int
procore_scope_admin_hex(procore_scope_admin_t *admin, int c)
{
    size_t          len;
    unsigned char  *out;

    len = strlen(optarg);

    if (c == 'f') {
        out = admin->name.family;
        admin->name.has_family = (len == 2 * PROCORE_FAMILY_SIZE);

    } else {
        out = admin->name.token;
        admin->name.token_len = len == 2 * PROCORE_IMPORT_SHORT
                                || len == 2 * PROCORE_DIGEST_SIZE
                                ? len / 2 : 0;
    }

    if ((c == 'f' ? !admin->name.has_family : admin->name.token_len == 0)
        || procore_import_hex((unsigned char *) optarg, len, out)
           != PROCORE_OK)
    {
        return procore_scope_usage("--digest has 16 or 64 hexadecimal digits, "
                                   "--family has 32");
    }

    return PROCORE_SCOPE_GO_ON;
}


/* Options that choose by a word. */

static int
procore_scope_admin_word(procore_scope_admin_t *admin, int c)
{
    procore_str_t           word;
    procore_family_state_e  state;

    word.data = (unsigned char *) optarg;
    word.len = strlen(optarg);

    if (c == 'C') {
        admin->filter.client = word;

        return word.len > 0 && word.len <= PROCORE_STORE_CLIENT_MAX
               ? PROCORE_SCOPE_GO_ON
               : procore_scope_usage("--client is empty or too long");
    }

    if (c == 'W') {
        return procore_import_way(&word, &admin->filter.way) == PROCORE_OK
               ? PROCORE_SCOPE_GO_ON
               : procore_scope_usage("--way is no way to bind");
    }

    if (procore_import_state(&word, &state) != PROCORE_OK) {
        return procore_scope_usage("--state is not one of bound, unbound and "
                                   "withdrawn");
    }

    admin->filter.states = 1u << state;

    return PROCORE_SCOPE_GO_ON;
}


static int
procore_scope_admin_option(procore_scope_admin_t *admin, int c)
{
    uint64_t  number;

    switch (c) {

    case 's':
        admin->options.store = optarg;
        return PROCORE_SCOPE_GO_ON;

    case 'r':
        admin->options.realm = optarg;
        return PROCORE_SCOPE_GO_ON;

    case 'j':
        admin->options.json = 1;
        return PROCORE_SCOPE_GO_ON;

    case 'h':
        return procore_scope_print_help();

    case 'A':
        admin->options.access_file = optarg;
        return PROCORE_SCOPE_GO_ON;

    case 'R':
        admin->options.refresh_file = optarg;
        return PROCORE_SCOPE_GO_ON;

    case 'c':
        return procore_scope_admin_id(optarg, &admin->filter.company);

    case 'p':
        return procore_scope_admin_id(optarg, &admin->project);

    case 'd':
    case 'f':
        return procore_scope_admin_hex(admin, c);

    case 'a':
        admin->limit = 0;
        return PROCORE_SCOPE_GO_ON;

    case 'l':
        if (procore_scope_admin_id(optarg, &number) != PROCORE_SCOPE_GO_ON) {
            return PROCORE_SCOPE_USAGE;
        }

        admin->limit = (size_t) number;
        return PROCORE_SCOPE_GO_ON;

    default:
        return procore_scope_admin_word(admin, c);
    }
}


int
procore_scope_admin_parse(int argc, char **argv, unsigned takes,
    procore_scope_admin_t *admin)
{
    int       c, rc;
    unsigned  bit;

    memset(admin, 0, sizeof(procore_scope_admin_t));
    admin->options.realm = "production";
    admin->limit = PROCORE_SCOPE_LIMIT;
    optind = 0;

    while ((c = getopt_long(argc, argv, "", procore_scope_admin_names, NULL))
           != -1)
    {
        bit = procore_scope_admin_bit(c);

        if (c == '?' || (bit != 0 && (bit & takes) == 0)) {
            return procore_scope_usage("wrong option for this command");
        }

        rc = procore_scope_admin_option(admin, c);
        if (rc != PROCORE_SCOPE_GO_ON) {
            return rc;
        }
    }

    if (optind < argc) {
        return procore_scope_usage("this command has options alone; a token "
                                   "is read from a file or from standard "
                                   "input, never from an argument");
    }

    if (admin->options.store == NULL || admin->options.store[0] == '\0') {
        return procore_scope_usage("--store is missing");
    }

    if (admin->options.access_file != NULL
        && admin->options.refresh_file != NULL)
    {
        return procore_scope_usage("one token at a time");
    }

    rc = procore_scope_realm(&admin->options);

    memcpy(admin->filter.realm, admin->options.realm_id, PROCORE_REALM_SIZE);

    return rc;
}


int
procore_scope_admin_given(int argc, char **argv, unsigned which)
{
    int                   i;
    size_t                len;
    const struct option  *name;

    for (i = 1; i < argc; i++) {
        for (name = procore_scope_admin_names; name->name; name++) {
            len = strlen(name->name);

            if ((procore_scope_admin_bit(name->val) & which) != 0
                && strncmp(argv[i], "--", 2) == 0
                && strncmp(argv[i] + 2, name->name, len) == 0
                && (argv[i][2 + len] == '\0' || argv[i][2 + len] == '='))
            {
                return 1;
            }
        }
    }

    return 0;
}


void
procore_scope_admin_op(const procore_scope_admin_t *admin,
    procore_store_op_e type, procore_store_op_t *op)
{
    memset(op, 0, sizeof(procore_store_op_t));

    op->type = type;
    op->now = (uint64_t) time(NULL);
    memcpy(op->realm, admin->filter.realm, PROCORE_REALM_SIZE);
}


int
procore_scope_admin_target(procore_scope_admin_t *admin,
    procore_store_op_t *op)
{
    int                     rc;
    procore_listed_token_t  token;

    if (admin->name.has_family) {
        op->has_family = 1;
        memcpy(op->family, admin->name.family, PROCORE_FAMILY_SIZE);
        return PROCORE_SCOPE_DONE;
    }

    if (procore_store_begin(admin->store) != PROCORE_OK) {
        return procore_scope_fail(&admin->options, 0, "cannot read the store");
    }

    rc = procore_store_find(admin->store, admin->filter.realm,
                            admin->name.token, admin->name.token_len, &token);
    procore_store_end(admin->store);

    switch (rc) {

    case PROCORE_OK:
        op->has_family = 1;
        memcpy(op->family, token.family.id, PROCORE_FAMILY_SIZE);
        return PROCORE_SCOPE_DONE;

    case PROCORE_NOT_FOUND:
        return procore_scope_fail(&admin->options, 0, "no such token in this "
                                  "realm");

    case PROCORE_CONFLICT:
        return procore_scope_fail(&admin->options, 0, "several tokens have a "
                                  "digest that begins so; give all 64 digits");

    default:
        return procore_scope_fail(&admin->options, 0, "the record is damaged, "
                                  "or the store cannot be read");
    }
}


int
procore_scope_admin_write(procore_scope_admin_t *admin,
    procore_store_op_t **ops, size_t n)
{
    char  error[PROCORE_STORE_ERROR_TEXT];

    if (procore_scope_write(&admin->options, admin->store, ops, n, error)
        != PROCORE_OK)
    {
        return procore_scope_fail(&admin->options, 0, "%s: %s",
                                  admin->options.store, error);
    }

    return PROCORE_SCOPE_DONE;
}


/* As words: {"a":"b","c":5} is a: b, c: 5. */

void
procore_scope_admin_print(const procore_scope_admin_t *admin,
    const char *object, size_t len)
{
    int     quoted;
    size_t  i;

    if (admin->options.json) {
        printf("%.*s\n", (int) len, object);
        return;
    }

    quoted = 0;

    for (i = 1; i + 1 < len; i++) {

        if (object[i] == '"') {
            quoted = !quoted;

        } else if (object[i] == '\\') {
            putchar(object[++i]);

        } else if (!quoted && object[i] == ',') {
            fputs("  ", stdout);

        } else if (!quoted && object[i] == ':') {
            putchar('=');

        } else {
            putchar(object[i]);
        }
    }

    putchar('\n');
}

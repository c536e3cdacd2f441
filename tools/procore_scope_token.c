
/*
 * The commands "show" and "end": one token's binding.
 */


#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "../src/admin/procore_import_line.h"
#include "procore_scope_changes.h"


/* As many as the audit shows. */
#define PROCORE_SCOPE_TOKEN_BYTES  8


/* Options of a command about one token; GO_ON, or the exit code. */

static int
procore_scope_one_token(int argc, char **argv,
    procore_scope_options_t *options)
{
    int  rc;

    rc = procore_scope_parse(argc, argv, options);
    if (rc != PROCORE_SCOPE_GO_ON) {
        return rc;
    }

    /* other users see arguments: a token among them would be given away */

    if (options->narguments != 0) {
        return procore_scope_usage("a token is read from a file or from "
                                   "standard input, never from an argument");
    }

    if (options->access_file != NULL && options->refresh_file != NULL) {
        return procore_scope_usage("one token at a time");
    }

    return PROCORE_SCOPE_GO_ON;
}


int
procore_scope_read_token(const procore_scope_options_t *options,
    unsigned char digest[PROCORE_DIGEST_SIZE])
{
    FILE           *in;
    size_t          i, len;
    const char     *name;
    unsigned char   token[PROCORE_IMPORT_LINE_MAX];

    name = options->access_file ? options->access_file
                                : options->refresh_file;

    in = name ? fopen(name, "re") : stdin;

    if (in == NULL) {
        return procore_scope_fail(options, 0, "%s: %s", name, strerror(errno));
    }

    len = fread(token, 1, sizeof(token), in);

    if (in != stdin) {
        (void) fclose(in);
    }

    if (len == sizeof(token)) {
        return procore_scope_fail(options, 0, "the token is too long");
    }

    while (len > 0 && (token[len - 1] == '\n' || token[len - 1] == '\r')) {
        len--;
    }

    for (i = 0; i < len && token[i] > 0x20 && token[i] < 0x7f; i++) {
        /* void */
    }

    if (len == 0 || i < len) {
        return procore_scope_fail(options, 0, "not one line with a token");
    }

    return procore_digest_token(options->realm_id, token, len, digest)
           == PROCORE_OK
           ? PROCORE_SCOPE_DONE
           : procore_scope_fail(options, 0, "no SHA-256");
}


static void
procore_scope_time(const procore_scope_options_t *options, const char *name,
    uint64_t seconds)
{
    char       text[64];
    time_t     when;
    struct tm  tm;

    when = (time_t) seconds;

    if (seconds == 0 || gmtime_r(&when, &tm) == NULL
        || strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
    {
        return;
    }

    printf(options->json ? ", \"%s\": \"%s\"" : "%s: %s\n", name, text);
}


static void
procore_scope_number(const procore_scope_options_t *options, const char *name,
    uint64_t number)
{
    if (number != 0) {
        printf(options->json ? ", \"%s\": %" PRIu64 : "%s: %" PRIu64 "\n",
               name, number);
    }
}


static void
procore_scope_text(const procore_scope_options_t *options, const char *name,
    const unsigned char *data, size_t len)
{
    if (len == 0) {
        return;
    }

    if (options->json) {
        printf(", \"%s\": ", name);

    } else {
        printf("%s: ", name);
    }

    procore_scope_json_string(data, len);

    if (!options->json) {
        putchar('\n');
    }
}


static const char *
procore_scope_state(const procore_token_t *token)
{
    switch (token->state) {

    case PROCORE_FAMILY_BOUND:
        return "bound";

    case PROCORE_FAMILY_WITHDRAWN:
        return "withdrawn";

    default:
        return "unbound";
    }
}


/* Of the token only the first digits of its digest, as in the audit. */

static void
procore_scope_print(const procore_scope_options_t *options,
    const unsigned char digest[PROCORE_DIGEST_SIZE],
    const procore_token_t *token)
{
    unsigned     i;
    const char  *way;

    printf(options->json ? "{\"token\": \"" : "token: ");

    for (i = 0; i < PROCORE_SCOPE_TOKEN_BYTES; i++) {
        printf("%02x", digest[i]);
    }

    printf(options->json ? "\", \"state\": \"%s\"" : "\nstate: %s\n",
           token ? procore_scope_state(token) : "unknown");

    if (token != NULL) {
        way = procore_way_name(token->way);

        procore_scope_number(options, "company_id", token->company);

        if (way != NULL) {
            printf(options->json ? ", \"bound_by\": \"%s\"" : "bound_by: %s\n",
                   way);
        }

        procore_scope_time(options, "bound_at", token->bound_at);
        procore_scope_text(options, "client", token->client,
                           token->client_len);
        procore_scope_number(options, "user_id",
                             token->user == PROCORE_STORE_SERVICE
                             ? 0 : token->user);
        procore_scope_time(options, "expires_at", token->expires_at);

        if (token->used) {
            printf(options->json ? ", \"used\": true" : "used: yes\n");
        }
    }

    if (options->json) {
        printf("}\n");
    }
}


/* As procore_store_token(); a token of either kind unless options say which. */

static int
procore_scope_find(const procore_scope_options_t *options,
    procore_store_t *store, const unsigned char digest[PROCORE_DIGEST_SIZE],
    procore_token_t *token)
{
    int  rc;

    if (procore_store_begin(store) != PROCORE_OK) {
        return PROCORE_ERROR;
    }

    rc = PROCORE_NOT_FOUND;

    if (options->refresh_file == NULL) {
        rc = procore_store_token(store, PROCORE_TOKEN_ACCESS, digest, token);
    }

    if (rc == PROCORE_NOT_FOUND && options->access_file == NULL) {
        rc = procore_store_token(store, PROCORE_TOKEN_REFRESH, digest, token);
    }

    procore_store_end(store);

    return rc;
}


int
procore_scope_show(int argc, char **argv)
{
    int                       rc;
    unsigned char             digest[PROCORE_DIGEST_SIZE];
    procore_store_t          *store;
    procore_scope_options_t   options;
    procore_token_t           token;

    rc = procore_scope_one_token(argc, argv, &options);
    if (rc != PROCORE_SCOPE_GO_ON) {
        return rc;
    }

    rc = procore_scope_read_token(&options, digest);

    if (rc == PROCORE_SCOPE_DONE) {
        rc = procore_scope_open(&options, 0, &store);
    }

    if (rc != PROCORE_SCOPE_DONE) {
        return rc;
    }

    rc = procore_scope_find(&options, store, digest, &token);
    procore_store_close(store);

    switch (rc) {

    case PROCORE_OK:
        procore_scope_print(&options, digest, &token);
        return PROCORE_SCOPE_DONE;

    case PROCORE_NOT_FOUND:
        procore_scope_print(&options, digest, NULL);
        return PROCORE_SCOPE_FAILED;

    case PROCORE_CORRUPT:
        return procore_scope_fail(&options, 0, "the token's record is damaged");

    default:
        return procore_scope_fail(&options, 0, "cannot read the store");
    }
}


static int
procore_scope_withdraw(const procore_scope_options_t *options,
    procore_store_t *store, const unsigned char digest[PROCORE_DIGEST_SIZE])
{
    char                 error[PROCORE_STORE_ERROR_TEXT];
    procore_store_op_t   op;
    procore_store_op_t  *ops;

    memset(&op, 0, sizeof(op));

    op.type = PROCORE_STORE_WITHDRAW;
    op.now = (uint64_t) time(NULL);
    memcpy(op.realm, options->realm_id, PROCORE_REALM_SIZE);

    op.has_access = (options->refresh_file == NULL);
    op.has_refresh = (options->access_file == NULL);
    memcpy(op.access, digest, PROCORE_DIGEST_SIZE);
    memcpy(op.refresh, digest, PROCORE_DIGEST_SIZE);

    ops = &op;

    if (procore_scope_write(options, store, &ops, 1, error) != PROCORE_OK) {
        return procore_scope_fail(options, 0, "%s: %s", options->store, error);
    }

    switch (op.rc) {

    case PROCORE_OK:
        procore_scope_print(options, digest, &op.bound);
        return PROCORE_SCOPE_DONE;

    case PROCORE_NOT_FOUND:
        procore_scope_print(options, digest, NULL);
        return PROCORE_SCOPE_FAILED;

    default:
        return procore_scope_fail(options, 0, "the token's record is damaged");
    }
}


int
procore_scope_end(int argc, char **argv)
{
    int                       rc;
    unsigned char             digest[PROCORE_DIGEST_SIZE];
    procore_store_t          *store;
    procore_scope_options_t   options;

    rc = procore_scope_one_token(argc, argv, &options);
    if (rc != PROCORE_SCOPE_GO_ON) {
        return rc;
    }

    rc = procore_scope_read_token(&options, digest);

    if (rc == PROCORE_SCOPE_DONE) {
        rc = procore_scope_open(&options, 0, &store);
    }

    if (rc != PROCORE_SCOPE_DONE) {
        return rc;
    }

    rc = procore_scope_withdraw(&options, store, digest);
    procore_store_close(store);

    return rc;
}

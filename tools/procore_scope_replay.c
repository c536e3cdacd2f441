
/*
 * The command "replay": what would a candidate configuration have decided about
 * the requests of a log?
 */


#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "procore_replay_count.h"
#include "procore_replay_input.h"
#include "procore_scope.h"
#include "../src/store/procore_store_list.h"


/* Exit codes beside those of all commands. */

#define PROCORE_REPLAY_SAME        0
#define PROCORE_REPLAY_CHANGES     1
#define PROCORE_REPLAY_UNREADABLE  3

/* Bytes of a configuration. */

#define PROCORE_REPLAY_CONF   ((size_t) 1 << 20)

/* Inputs of one call; all are open before the store is. */

#define PROCORE_REPLAY_FILES  1000


typedef struct {
    procore_scope_options_t  options;
    const char              *conf;
    const char              *was;
    const char              *host;
    char                    *format_text;
    procore_input_e          kind;
    int                      each;        /* 1: changed ones, 2: all */

    FILE                    *files[PROCORE_REPLAY_FILES];
    const char              *name;        /* of the current one */

    procore_format_t         format;
    procore_replay_t         replay;
    procore_settings_t       settings;
    procore_settings_t       before;
    procore_pool_t           memory;      /* of the settings */
    procore_store_t         *store;
    procore_counts_t         counts;
    int                      failed;      /* no memory */
} procore_replaying_t;


static int procore_replaying_options(procore_replaying_t *all, int argc,
    char **argv);
static int procore_replaying_value(procore_replaying_t *all, int option);
static int procore_replaying_checked(procore_replaying_t *all);
static char *procore_replaying_text(procore_replaying_t *all,
    const char *text, size_t len);
static int procore_replaying_conf(procore_replaying_t *all, const char *path,
    procore_settings_t *settings);
static int procore_replaying_open(procore_replaying_t *all);
static int procore_replaying_run(procore_replaying_t *all);
static void procore_replaying_unreadable(void *data, uint64_t line,
    const char *why);
static void procore_replaying_past(void *data, const procore_past_t *past,
    procore_pool_t *pool);
static void *procore_replaying_alloc(void *data, size_t size);
static int procore_replaying_token(void *data, const unsigned char *digest,
    size_t len, procore_replay_binding_t *binding);
static int procore_replaying_project(void *data, uint64_t id,
    procore_project_t *project);


int
procore_scope_replay(int argc, char **argv)
{
    int                   rc;
    procore_replaying_t  *all;

    all = calloc(1, sizeof(procore_replaying_t));
    if (all == NULL) {
        return procore_scope_usage("no memory");
    }

    rc = procore_replaying_options(all, argc, argv);

    if (rc == PROCORE_SCOPE_GO_ON) {
        rc = procore_replaying_checked(all);
    }

    if (rc == PROCORE_SCOPE_GO_ON) {
        rc = procore_replaying_open(all);
    }

    if (rc == PROCORE_SCOPE_GO_ON) {
        rc = procore_replaying_run(all);
        procore_store_close(all->store);
    }

    procore_counts_free(&all->counts);
    procore_pool_free(&all->memory);
    free(all);

    return rc;
}


static int
procore_replaying_options(procore_replaying_t *all, int argc, char **argv)
{
    int  c, rc;

    static const struct option  names[] = {
        { "audit", no_argument, NULL, 'a' },
        { "access", no_argument, NULL, 'l' },
        { "har", no_argument, NULL, 'h' },
        { "format", required_argument, NULL, 'f' },
        { "store", required_argument, NULL, 's' },
        { "realm", required_argument, NULL, 'r' },
        { "conf", required_argument, NULL, 'c' },
        { "was", required_argument, NULL, 'w' },
        { "company", required_argument, NULL, 'C' },
        { "host", required_argument, NULL, 'H' },
        { "no-merge-slashes", no_argument, NULL, 'm' },
        { "changed", no_argument, NULL, 'd' },
        { "each", no_argument, NULL, 'e' },
        { "json", no_argument, NULL, 'j' },
        { "help", no_argument, NULL, 'u' },
        { NULL, 0, NULL, 0 }
    };

    all->replay.merge_slashes = 1;

    while ((c = getopt_long(argc, argv, "", names, NULL)) != -1) {

        rc = procore_replaying_value(all, c);

        if (rc != PROCORE_SCOPE_GO_ON) {
            return rc;
        }
    }

    all->options.narguments = argc - optind;
    all->options.arguments = argv + optind;

    return PROCORE_SCOPE_GO_ON;
}


static int
procore_replaying_value(procore_replaying_t *all, int option)
{
    switch (option) {

    case 'a':
        all->kind = PROCORE_INPUT_AUDIT;
        break;

    case 'l':
        all->kind = PROCORE_INPUT_ACCESS;
        break;

    case 'h':
        all->kind = PROCORE_INPUT_HAR;
        break;

    case 'f':
        all->kind = PROCORE_INPUT_ACCESS;
        all->format_text = optarg;
        break;

    case 's':
        all->options.store = optarg;
        break;

    case 'r':
        all->options.realm = optarg;
        break;

    case 'c':
        all->conf = optarg;
        break;

    case 'w':
        all->was = optarg;
        break;

    case 'C':
        if (procore_id_classify((unsigned char *) optarg, strlen(optarg),
                                &all->replay.company)
            != PROCORE_ID_NUMBER)
        {
            return procore_scope_usage("--company is not the id of a company");
        }

        break;

    case 'H':
        all->host = optarg;
        break;

    case 'm':
        all->replay.merge_slashes = 0;
        break;

    case 'd':
        all->each = 1;
        break;

    case 'e':
        all->each = 2;
        break;

    case 'j':
        all->options.json = 1;
        break;

    case 'u':
        return procore_scope_print_help();

    default:
        return procore_scope_usage("wrong option");
    }

    return PROCORE_SCOPE_GO_ON;
}


/* Options that need each other, the format, and the two configurations. */

static int
procore_replaying_checked(procore_replaying_t *all)
{
    int          rc;
    char        *text;
    const char  *why;

    if (all->options.store == NULL || all->options.store[0] == '\0') {
        return procore_scope_usage("--store is missing");
    }

    if (all->conf == NULL) {
        return procore_scope_usage("--conf is missing: the candidate");
    }

    if (all->options.narguments == 0
        || all->options.narguments > PROCORE_REPLAY_FILES)
    {
        return procore_scope_usage("replay wants files, at most 1,000 (\"-\": "
                                   "standard input)");
    }

    text = all->format_text ? all->format_text
                            : procore_replaying_text(all,
                                         procore_format_combined,
                                         strlen(procore_format_combined));
    if (text == NULL) {
        return procore_scope_usage("no memory");
    }

    if (procore_replay_format(text, &all->format, &why) != PROCORE_OK) {
        return procore_scope_usage(why);
    }

    rc = procore_replaying_conf(all, all->conf, &all->settings);

    if (rc == PROCORE_SCOPE_GO_ON) {
        rc = procore_replaying_conf(all, all->was, &all->before);
    }

    if (rc != PROCORE_SCOPE_GO_ON) {
        return rc;
    }

    if (all->settings.policy.mode == PROCORE_MODE_OFF) {
        return procore_scope_usage("--conf: procore_scope is off, nothing is "
                                   "judged");
    }

    if (all->options.realm == NULL) {
        all->options.realm = "production";

        if (all->settings.realm.len != 0) {
            all->options.realm = procore_replaying_text(all,
                                    (const char *) all->settings.realm.data,
                                                    all->settings.realm.len);
        }

        if (all->options.realm == NULL) {
            return procore_scope_usage("no memory");
        }
    }

    return procore_scope_realm(&all->options);
}


/* A copy with an end; NULL: no memory. */

static char *
procore_replaying_text(procore_replaying_t *all, const char *text, size_t len)
{
    char  *copy;

    copy = procore_replaying_alloc(all, len + 1);

    if (copy != NULL) {
        memcpy(copy, text, len);
        copy[len] = '\0';
    }

    return copy;
}


static int
procore_replaying_conf(procore_replaying_t *all, const char *path,
    procore_settings_t *settings)
{
    FILE           *in;
    char            error[PROCORE_SETTINGS_ERROR];
    unsigned char  *data;
    procore_str_t   text;

    procore_settings_init(settings, procore_replaying_alloc, all);

    if (path == NULL) {
        return PROCORE_SCOPE_GO_ON;
    }

    in = fopen(path, "re");

    if (in == NULL) {
        fprintf(stderr, "procore-scope: %s: %s\n", path, strerror(errno));
        return PROCORE_SCOPE_USAGE;
    }

    data = procore_replaying_alloc(all, PROCORE_REPLAY_CONF);

    text.data = data;
    text.len = data ? fread(data, 1, PROCORE_REPLAY_CONF, in) : 0;

    (void) fclose(in);

    if (data == NULL || text.len == PROCORE_REPLAY_CONF) {
        return procore_scope_usage("a configuration is longer than 1,048,576 "
                                   "bytes");
    }

    if (procore_settings_read(settings, &text, error) != PROCORE_OK) {
        fprintf(stderr, "procore-scope: %s: %s\n", path, error);
        return PROCORE_SCOPE_USAGE;
    }

    return PROCORE_SCOPE_GO_ON;
}


/* Inputs first: they may be readable by root alone. */

static int
procore_replaying_open(procore_replaying_t *all)
{
    int          i;
    const char  *path;

    for (i = 0; i < all->options.narguments; i++) {
        path = all->options.arguments[i];

        all->files[i] = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");

        if (all->files[i] == NULL) {
            fprintf(stderr, "procore-scope: %s: %s\n", path, strerror(errno));
            return PROCORE_SCOPE_USAGE;
        }
    }

    if (procore_scope_open(&all->options, 0, &all->store)
        != PROCORE_SCOPE_DONE)
    {
        return PROCORE_SCOPE_USAGE;
    }

    return PROCORE_SCOPE_GO_ON;
}


static int
procore_replaying_run(procore_replaying_t *all)
{
    int                i;
    procore_input_t    input;
    procore_summary_t  summary;

    all->replay.settings = &all->settings;
    all->replay.was = &all->before;
    all->replay.now = (uint64_t) time(NULL);
    all->replay.data = all;
    all->replay.token = procore_replaying_token;
    all->replay.project = procore_replaying_project;
    memcpy(all->replay.realm, all->options.realm_id, PROCORE_REALM_SIZE);

    input.kind = all->kind;
    input.format = &all->format;
    input.realm = all->options.realm_id;
    input.host = all->host;
    input.data = all;
    input.past = procore_replaying_past;
    input.unreadable = procore_replaying_unreadable;

    for (i = 0; i < all->options.narguments; i++) {
        all->name = all->options.arguments[i];
        input.file = all->files[i];

        if (procore_input_read(&input) != PROCORE_OK) {
            all->failed = 1;
        }

        if (input.file != stdin) {
            (void) fclose(input.file);
        }
    }

    if (all->failed) {
        return procore_scope_usage("no memory");
    }

    summary.store = all->options.store;
    summary.conf = all->conf;
    summary.was = all->was;
    summary.company = all->replay.company;
    summary.json = all->options.json;

    procore_counts_sort(&all->counts);
    procore_replay_summary(&all->counts, &summary);

    if (all->counts.unreadable != 0) {
        return PROCORE_REPLAY_UNREADABLE;
    }

    return all->counts.changed ? PROCORE_REPLAY_CHANGES : PROCORE_REPLAY_SAME;
}


static void
procore_replaying_unreadable(void *data, uint64_t line, const char *why)
{
    procore_replaying_t *all = data;

    procore_counts_unreadable(&all->counts, all->name, line, why);
}


static void
procore_replaying_past(void *data, const procore_past_t *past,
    procore_pool_t *pool)
{
    procore_replaying_t *all = data;

    procore_outcome_t  out;

    if (procore_store_begin(all->store) != PROCORE_OK) {
        procore_counts_unreadable(&all->counts, all->name, past->line,
                                  "the store cannot be read");
        return;
    }

    procore_replay_decide(&all->replay, past, pool, &out);
    procore_store_end(all->store);

    if (procore_counts_add(&all->counts, all->name, past, &out) != PROCORE_OK)
    {
        all->failed = 1;
    }

    if (out.state == PROCORE_OUTCOME_SKIPPED || all->each == 0) {
        return;
    }

    if (all->each == 2 || (out.state == PROCORE_OUTCOME_DECIDED && out.changed))
    {
        procore_replay_print(all->name, past, &out, all->options.json);
    }
}


static void *
procore_replaying_alloc(void *data, size_t size)
{
    procore_replaying_t *all = data;

    return procore_pool_alloc(&all->memory, size);
}


static int
procore_replaying_token(void *data, const unsigned char *digest, size_t len,
    procore_replay_binding_t *binding)
{
    procore_replaying_t *all = data;

    int                     rc;
    procore_listed_token_t  token;

    memset(binding, 0, sizeof(procore_replay_binding_t));

    rc = procore_store_find(all->store, all->replay.realm, digest, len,
                            &token);
    if (rc != PROCORE_OK) {
        return rc;
    }

    if (token.kind != PROCORE_TOKEN_ACCESS) {
        return PROCORE_NOT_FOUND;
    }

    binding->client_len = token.family.client_len;
    memcpy(binding->client, token.family.client, token.family.client_len);

    switch (token.family.state) {

    case PROCORE_FAMILY_BOUND:
        binding->state = PROCORE_BINDING_BOUND;
        binding->company = token.family.company;
        break;

    case PROCORE_FAMILY_WITHDRAWN:
        binding->state = PROCORE_BINDING_WITHDRAWN;
        break;

    default:
        binding->state = PROCORE_BINDING_UNBOUND;
        break;
    }

    binding->paused = procore_store_paused(all->store, all->replay.realm,
                                           binding->client,
                                           binding->client_len)
                      == PROCORE_OK;

    return PROCORE_OK;
}


static int
procore_replaying_project(void *data, uint64_t id, procore_project_t *project)
{
    procore_replaying_t *all = data;

    return procore_store_project(all->store, all->replay.realm, id, project);
}

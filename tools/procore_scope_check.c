
/*
 * The command "check": what the module would decide for a request.
 */


#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "procore_scope_check.h"


/* Options without a letter that have no meaning to curl. */

typedef enum {
    PROCORE_CHECK_STORE = 2000,
    PROCORE_CHECK_REALM,
    PROCORE_CHECK_JSON,
    PROCORE_CHECK_HELP,
    PROCORE_CHECK_CONF,
    PROCORE_CHECK_COMPANY,
    PROCORE_CHECK_CLIENT,
    PROCORE_CHECK_PROJECT,
    PROCORE_CHECK_UNBOUND,
    PROCORE_CHECK_TOKEN_FILE,
    PROCORE_CHECK_RAW,
    PROCORE_CHECK_STREAM,
    PROCORE_CHECK_ENFORCE,
    PROCORE_CHECK_MONITOR,
    PROCORE_CHECK_DIRECTIVE    /* and from here on, by their place below */
} procore_check_option_e;


static int procore_check_options(procore_scope_check_t *check, int argc,
    char **argv);
static int procore_check_option(procore_scope_check_t *check, int c);
static int procore_check_directive(procore_scope_check_t *check,
    const char *name, const char *value);
static int procore_check_suppose(procore_scope_check_t *check,
    const char *text);
static int procore_check_id(const char *text, size_t len, uint64_t *id);
static int procore_check_settings(procore_scope_check_t *check);
static int procore_check_conf(procore_scope_check_t *check);
static const char *procore_check_text(procore_scope_check_t *check,
    const procore_str_t *text);
static int procore_check_store(procore_scope_check_t *check);
static int procore_check_token_file(procore_scope_check_t *check);
static int procore_check_one(procore_scope_check_t *check);


/* In the order of the options below, from PROCORE_CHECK_DIRECTIVE. */

static const char *const  procore_check_directives[] = {
    "procore_scope_paths", "procore_scope_names", "procore_scope_ignore",
    "procore_scope_alias", "procore_scope_exception",
    "procore_scope_unlisted", "procore_scope_undecided",
    "procore_scope_header", "procore_scope_body_size",
    "procore_scope_lookup", "procore_scope_bind"
};


static const struct option  procore_check_names[] = {
    { "store", required_argument, NULL, PROCORE_CHECK_STORE },
    { "realm", required_argument, NULL, PROCORE_CHECK_REALM },
    { "json", no_argument, NULL, PROCORE_CHECK_JSON },
    { "help", no_argument, NULL, PROCORE_CHECK_HELP },
    { "conf", required_argument, NULL, PROCORE_CHECK_CONF },
    { "company", required_argument, NULL, PROCORE_CHECK_COMPANY },
    { "client", required_argument, NULL, PROCORE_CHECK_CLIENT },
    { "project", required_argument, NULL, PROCORE_CHECK_PROJECT },
    { "unbound", no_argument, NULL, PROCORE_CHECK_UNBOUND },
    { "access-token-file", required_argument, NULL, PROCORE_CHECK_TOKEN_FILE },
    { "raw", no_argument, NULL, PROCORE_CHECK_RAW },
    { "stream", no_argument, NULL, PROCORE_CHECK_STREAM },
    { "enforce", no_argument, NULL, PROCORE_CHECK_ENFORCE },
    { "monitor", no_argument, NULL, PROCORE_CHECK_MONITOR },
    { "paths", required_argument, NULL, PROCORE_CHECK_DIRECTIVE },
    { "names", required_argument, NULL, PROCORE_CHECK_DIRECTIVE + 1 },
    { "ignore", required_argument, NULL, PROCORE_CHECK_DIRECTIVE + 2 },
    { "alias", required_argument, NULL, PROCORE_CHECK_DIRECTIVE + 3 },
    { "exception", required_argument, NULL, PROCORE_CHECK_DIRECTIVE + 4 },
    { "unlisted", required_argument, NULL, PROCORE_CHECK_DIRECTIVE + 5 },
    { "undecided", required_argument, NULL, PROCORE_CHECK_DIRECTIVE + 6 },
    { "header", required_argument, NULL, PROCORE_CHECK_DIRECTIVE + 7 },
    { "body-size", required_argument, NULL, PROCORE_CHECK_DIRECTIVE + 8 },
    { "lookup", required_argument, NULL, PROCORE_CHECK_DIRECTIVE + 9 },
    { "bind", required_argument, NULL, PROCORE_CHECK_DIRECTIVE + 10 },

    { "request", required_argument, NULL, 'X' },
    { "data", required_argument, NULL, 'd' },
    { "data-raw", required_argument, NULL, PROCORE_SCOPE_DATA_RAW },
    { "data-binary", required_argument, NULL, PROCORE_SCOPE_DATA_BINARY },
    { "data-urlencode", required_argument, NULL, PROCORE_SCOPE_URLENCODE },
    { "data-json", required_argument, NULL, PROCORE_SCOPE_JSON_DATA },
    { "form", required_argument, NULL, 'F' },
    { "get", no_argument, NULL, 'G' },
    { "head", no_argument, NULL, 'I' },
    { NULL, 0, NULL, 0 }
};


int
procore_scope_check(int argc, char **argv)
{
    int                     rc;
    procore_scope_check_t  *check;

    check = calloc(1, sizeof(procore_scope_check_t));
    if (check == NULL) {
        return PROCORE_SCOPE_FAILED;
    }

    rc = procore_check_options(check, argc, argv);

    if (rc == PROCORE_SCOPE_GO_ON) {
        rc = procore_check_settings(check);
    }

    if (rc == PROCORE_SCOPE_GO_ON) {
        rc = procore_check_store(check);
    }

    if (rc == PROCORE_SCOPE_GO_ON) {
        rc = check->stream ? procore_scope_check_stream(check)
                           : procore_check_one(check);
    }

    if (check->store != NULL) {
        procore_store_close(check->store);
    }

    procore_arena_free(&check->memory);
    procore_arena_free(&check->judged);
    free(check->curl.headers.data);
    free(check->curl.body.data);
    free(check);

    return rc;
}


static int
procore_check_options(procore_scope_check_t *check, int argc, char **argv)
{
    int  c, rc;

    while ((c = getopt_long(argc, argv, "X:H:d:F:GI", procore_check_names,
                            NULL))
           != -1)
    {
        rc = procore_check_option(check, c);

        if (rc != PROCORE_SCOPE_GO_ON) {
            return rc;
        }
    }

    if (optind < argc && strcmp(argv[optind], "-") == 0) {
        check->raw = 1;
        optind++;
    }

    if (check->raw + check->stream + (optind < argc) != 1
        || argc - optind > 1)
    {
        return procore_scope_usage("check wants one URL, or --raw or --stream "
                                   "with requests on standard input");
    }

    check->curl.url = argv[optind];

    if ((check->company || check->client) && check->unbound) {
        return procore_scope_usage("either --company or --unbound");
    }

    return PROCORE_SCOPE_GO_ON;
}


static int
procore_check_option(procore_scope_check_t *check, int c)
{
    switch (c) {

    case PROCORE_CHECK_STORE:
        check->options.store = optarg;
        break;

    case PROCORE_CHECK_REALM:
        check->options.realm = optarg;
        break;

    case PROCORE_CHECK_JSON:
        check->options.json = 1;
        break;

    case PROCORE_CHECK_HELP:
        return procore_scope_print_help();

    case PROCORE_CHECK_CONF:
        check->conf = optarg;
        break;

    case PROCORE_CHECK_COMPANY:
        return procore_check_id(optarg, strlen(optarg), &check->company)
               ? PROCORE_SCOPE_GO_ON
               : procore_scope_usage("--company wants the id of a company");

    case PROCORE_CHECK_CLIENT:
        check->client = optarg;
        break;

    case PROCORE_CHECK_PROJECT:
        return procore_check_suppose(check, optarg);

    case PROCORE_CHECK_UNBOUND:
        check->unbound = 1;
        break;

    case PROCORE_CHECK_TOKEN_FILE:
        check->options.access_file = optarg;
        break;

    case PROCORE_CHECK_RAW:
        check->raw = 1;
        break;

    case PROCORE_CHECK_STREAM:
        check->stream = 1;
        break;

    case PROCORE_CHECK_ENFORCE:
        return procore_check_directive(check, "procore_scope", "enforce");

    case PROCORE_CHECK_MONITOR:
        return procore_check_directive(check, "procore_scope", "monitor");

    case '?':
        return procore_scope_usage("wrong option");

    default:
        return c >= PROCORE_CHECK_DIRECTIVE
               ? procore_check_directive(check,
                       procore_check_directives[c - PROCORE_CHECK_DIRECTIVE],
                                         optarg)
               : procore_scope_curl_option(&check->curl, c, optarg);
    }

    return PROCORE_SCOPE_GO_ON;
}


/* Kept as nginx would have it, for after the file. */

static int
procore_check_directive(procore_scope_check_t *check, const char *name,
    const char *value)
{
    char    *line;
    size_t   size;

    if (check->ndirectives == PROCORE_CHECK_MAX) {
        return procore_scope_usage("too many options");
    }

    size = strlen(name) + strlen(value) + sizeof(" ;");
    line = procore_arena_alloc(&check->memory, size);

    (void) snprintf(line, size, "%s %s;", name, value);

    check->directives[check->ndirectives++] = line;

    return PROCORE_SCOPE_GO_ON;
}


static int
procore_check_suppose(procore_scope_check_t *check, const char *text)
{
    size_t                    len;
    procore_check_project_t  *project;

    if (check->nprojects == PROCORE_CHECK_MAX) {
        return procore_scope_usage("too many options");
    }

    project = &check->projects[check->nprojects++];
    len = strcspn(text, "=");

    return text[len] == '='
           && procore_check_id(text, len, &project->project)
           && procore_check_id(text + len + 1, strlen(text + len + 1),
                               &project->company)
           ? PROCORE_SCOPE_GO_ON
           : procore_scope_usage("--project wants PROJECT=COMPANY");
}


static int
procore_check_id(const char *text, size_t len, uint64_t *id)
{
    return procore_id_classify((const unsigned char *) text, len, id)
           == PROCORE_ID_NUMBER;
}


/* The file first, then the options, which may say anything anew. */

static int
procore_check_settings(procore_scope_check_t *check)
{
    int            rc;
    char           error[PROCORE_SETTINGS_ERROR];
    size_t         i;
    procore_str_t  text;

    procore_settings_init(&check->settings, procore_arena_alloc,
                          &check->memory);

    rc = check->conf ? procore_check_conf(check) : PROCORE_SCOPE_GO_ON;

    if (rc != PROCORE_SCOPE_GO_ON) {
        return rc;
    }

    check->settings.seen = 0;

    for (i = 0; i < check->ndirectives; i++) {
        text.data = (const unsigned char *) check->directives[i];
        text.len = strlen(check->directives[i]);

        if (procore_settings_read(&check->settings, &text, error)
            != PROCORE_OK)
        {
            fprintf(stderr, "procore-scope: \"%s\": %s\n",
                    check->directives[i], error + sizeof("line 1: ") - 1);
            return PROCORE_SCOPE_USAGE;
        }
    }

    return PROCORE_SCOPE_GO_ON;
}


static int
procore_check_conf(procore_scope_check_t *check)
{
    int               rc;
    char              error[PROCORE_SETTINGS_ERROR];
    FILE             *in;
    procore_str_t     text;
    procore_bytes_t   bytes;

    memset(&bytes, 0, sizeof(procore_bytes_t));

    in = fopen(check->conf, "re");
    rc = in == NULL ? -1 : procore_bytes_read(&bytes, in);

    if (rc != 0) {
        fprintf(stderr, "procore-scope: %s: %s\n", check->conf,
                strerror(errno));

    } else {
        text.data = bytes.data;
        text.len = bytes.len;

        if (text.len) {
            rc = procore_settings_read(&check->settings, &text, error);
        }

        if (rc != PROCORE_OK) {
            fprintf(stderr, "procore-scope: %s: %s\n", check->conf, error);
        }
    }

    if (in != NULL) {
        (void) fclose(in);
    }

    free(bytes.data);

    return rc == 0 ? PROCORE_SCOPE_GO_ON : PROCORE_SCOPE_USAGE;
}


/* Of a configuration as text: NUL-terminated, "" stays. */

static const char *
procore_check_text(procore_scope_check_t *check, const procore_str_t *text)
{
    char  *copy;

    copy = procore_arena_alloc(&check->memory, text->len + 1);
    memcpy(copy, text->data, text->len);
    copy[text->len] = '\0';

    return copy;
}


static int
procore_check_store(procore_scope_check_t *check)
{
    int                       rc;
    procore_scope_options_t  *options;

    options = &check->options;

    if (options->store == NULL && check->settings.store.len
        && check->company == 0 && !check->unbound)
    {
        options->store = procore_check_text(check, &check->settings.store);
    }

    if (options->realm == NULL) {
        options->realm = check->settings.realm.len
                         ? procore_check_text(check, &check->settings.realm)
                         : "production";
    }

    rc = procore_scope_realm(options);

    if (rc != PROCORE_SCOPE_GO_ON) {
        return rc;
    }

    if (options->store == NULL && check->company == 0 && !check->unbound) {
        return procore_scope_usage("what is the token bound to: --store DIR, "
                                   "--company ID or --unbound");
    }

    rc = procore_check_token_file(check);

    if (rc != PROCORE_SCOPE_GO_ON || options->store == NULL) {
        return rc;
    }

    rc = procore_scope_open(options, 0, &check->store);

    return rc == PROCORE_SCOPE_DONE ? PROCORE_SCOPE_GO_ON : rc;
}


/* The token becomes a header; a supposed binding needs none. */

static int
procore_check_token_file(procore_scope_check_t *check)
{
    int               rc;
    size_t            i, len;
    FILE             *in;
    procore_bytes_t   token;

    if (check->options.access_file == NULL) {

        if (!check->curl.token && (check->company || check->unbound)) {
            procore_bytes_text(&check->curl.headers,
                               "Authorization: Bearer supposed\r\n");
        }

        return PROCORE_SCOPE_GO_ON;
    }

    if (check->raw || check->stream || check->curl.token) {
        return procore_scope_usage("the request has its own token");
    }

    memset(&token, 0, sizeof(procore_bytes_t));

    in = fopen(check->options.access_file, "re");
    rc = in == NULL ? -1 : procore_bytes_read(&token, in);

    if (in != NULL) {
        (void) fclose(in);
    }

    for (len = token.len;
         len && (token.data[len - 1] == '\n' || token.data[len - 1] == '\r');
         len--)
    {
        /* void */
    }

    for (i = 0; i < len && token.data[i] > 0x20 && token.data[i] < 0x7f; i++) {
        /* void */
    }

    if (rc == 0 && len && i == len) {
        procore_bytes_text(&check->curl.headers, "Authorization: Bearer ");
        procore_bytes_add(&check->curl.headers, token.data, len);
        procore_bytes_text(&check->curl.headers, "\r\n");
        rc = PROCORE_SCOPE_GO_ON;

    } else {
        rc = procore_scope_fail(&check->options, 0, "%s: %s",
                                check->options.access_file,
                                rc ? strerror(errno)
                                   : "not one line with a token");
    }

    free(token.data);

    return rc;
}


/* One request, from the arguments or from standard input. */

static int
procore_check_one(procore_scope_check_t *check)
{
    int              rc;
    size_t           used;
    unsigned char   *room;
    procore_bytes_t  bytes;

    memset(&bytes, 0, sizeof(procore_bytes_t));

    rc = PROCORE_SCOPE_GO_ON;

    if (!check->raw) {
        rc = procore_scope_curl_bytes(&check->curl, &bytes);

    } else if (procore_bytes_read(&bytes, stdin) != 0) {
        rc = procore_scope_fail(&check->options, 0, "standard input: %s",
                                strerror(errno));
    }

    if (rc != PROCORE_SCOPE_GO_ON) {
        free(bytes.data);
        return rc;
    }

    procore_bytes_add(&bytes, "", 0);
    room = procore_arena_alloc(&check->judged, bytes.len + 1);

    switch (procore_request_read(&check->request, bytes.data, bytes.len, room,
                                 &used))
    {
    case PROCORE_OK:
        rc = procore_scope_check_judge(check, check->options.json);

        if (check->options.json) {
            putchar('\n');
        }

        break;

    case PROCORE_TOO_LARGE:
        rc = procore_scope_fail(&check->options, 0, "more than %d header lines",
                                PROCORE_REQUEST_HEADERS);
        break;

    default:
        rc = procore_scope_fail(&check->options, 0,
                                "the request ends within its head");
        break;
    }

    free(bytes.data);

    return rc;
}

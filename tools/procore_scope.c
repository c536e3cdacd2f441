
/*
 * procore-scope: the operator's command line.
 */


#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <errno.h>
#include <getopt.h>
#include <grp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "procore_scope_changes.h"


/*
 * One row a command, in the order of the help; a name may have two words.  Each
 * command is in a file of its own, and reads its own arguments.
 */

static const procore_scope_command_t  procore_scope_commands[] = {

    { "bindings import", procore_scope_import,
      "--store DIR [--realm NAME] [--json] FILE",
      "reads JSON Lines (\"-\": standard input), each one of\n"
      "  {\"access_token\": \"...\", \"refresh_token\": \"...\",\n"
      "   \"client\": \"...\", \"company_id\": N}\n"
      "  {\"project_id\": N, \"company_id\": N}\n"
      "One token of the two is enough; the client may be left out.\n"
      "The whole file is checked first, against the store too.\n" },

    { "bindings show", procore_scope_bindings_show,
      "--store DIR [--realm NAME] [--json] [TOKEN | WHOSE]",
      "tells what a token is bound to; by WHOSE with all its tokens.\n" },

    { "bindings end", procore_scope_bindings_end,
      "--store DIR [--realm NAME] [--json] [TOKEN | WHOSE]",
      "withdraws the binding of a token and of its pair, for good; or all\n"
      "those of --company ID, of --client ID, or of both.\n" },

    { "bindings list", procore_scope_bindings_list,
      "--store DIR [--company ID] [--client ID]\n"
      "           [--state STATE] [--way WAY] [--limit N | --all] [--json]",
      "lists bindings, 100 unless told otherwise.\n" },

    { "bindings set", procore_scope_bindings_set,
      "--store DIR --company ID [--client ID] [TOKEN | WHOSE]",
      "binds a token to a company, whatever it was bound to before. A token\n"
      "that is not known is made known where its kind is given.\n"
      "WHOSE   --digest HEX (16 digits, as in the audit, or 64) or\n"
      "        --family HEX (32), as bindings list shows it\n" },

    { "bindings export", procore_scope_bindings_export,
      "--store DIR [--company ID] [--client ID]\n"
      "           [--state STATE] [--way WAY]",
      "writes one line a token, by its digest, and one a paused client:\n"
      "bindings import takes them, in another store too.\n" },

    { "projects list", procore_scope_projects_list,
      "--store DIR [--company ID] [--limit N | --all] [--json]",
      "lists projects.\n" },

    { "projects import", procore_scope_import,
      "--store DIR [--realm NAME] [--json] FILE",
      "the same as bindings import.\n" },

    { "projects end", procore_scope_projects_end,
      "--store DIR --project ID | --company ID",
      "forgets a project, or all of a company.\n" },

    { "projects export", procore_scope_projects_export,
      "--store DIR [--company ID]",
      "writes one line a project, for projects import.\n" },

    { "clients list", procore_scope_clients_list,
      "--store DIR [--company ID] [--json]",
      "lists clients, how many bindings they have, and who is paused.\n" },

    { "clients pause", procore_scope_clients_pause,
      "--store DIR --client ID",
      "refuses all requests of a client from now on.\n" },

    { "clients resume", procore_scope_clients_resume,
      "--store DIR --client ID",
      "lets a paused client go on.\n" },

    { "audit verify", procore_scope_audit_verify,
      "--key FILE [--store DIR] [--complete] [--syslog] [--json] FILE...",
      "tells whether logs of the audit are as the gateway wrote them; FILE\n"
      "is a log (\"-\": standard input), in any order. Give --key again for\n"
      "each key that there was. With --store, the end of the log is checked\n"
      "too: then the newest file must be there. --complete: the files are\n"
      "all since the first key. --syslog: lines may have a prefix.\n"
      "Exit code: 0 intact, 1 not intact, 3 incomplete or not to be told.\n" },

    { "replay", procore_scope_replay,
      "[--audit|--access|--har] [--format TEXT]\n"
      "           --store DIR --conf FILE [--was FILE] FILE...",
      "tells what a candidate configuration would have decided about the\n"
      "requests of an audit log, of an access log (combined, or --format\n"
      "'text of its log_format') or of a HAR file. \"-\": standard input.\n"
      "  --conf FILE     the candidate: procore_scope_... of one location\n"
      "  --was FILE      the same of the gateway that wrote the log\n"
      "  --company ID    of tokens that neither input nor store knows\n"
      "  --host NAME     only these requests of a HAR file\n"
      "  --changed       a line for each request that changes\n"
      "  --each          a line for each request\n"
      "Exit code: 0 nothing changes, 1 something does, 3 some of the input\n"
      "cannot be read.\n" },

    { "report", procore_scope_report,
      "--store DIR [--client ID] [--json | --csv]",
      "tells which companies each app and each of its users has named that\n"
      "are not its own, and whether the app is ready for enforce. --client:\n"
      "one app alone (\"-\": those that are not known).\n" },

    { "check", procore_scope_check,
      "[WHO] [POLICY] [--json] URL | --raw | --stream",
      "tells what the module would decide for a request. Of curl's options it\n"
      "takes -X -H -d -F -G -I --data-raw --data-binary --data-urlencode, and\n"
      "--data-json, which is curl's --json. --raw reads a request of HTTP/1.1\n"
      "from standard input, --stream JSON Lines of many.\n"
      "WHO     --store DIR and the token in --access-token-file FILE, or\n"
      "        --company ID [--client ID] or --unbound: what if it were.\n"
      "        --project ID=COMPANY supposes a project.\n"
      "POLICY  --conf FILE (the procore_scope directives of one location),\n"
      "        --monitor, and --paths --names --ignore --alias --exception\n"
      "        --unlisted --undecided --header --body-size --lookup --bind:\n"
      "        the parameters of the directive of that name.\n"
      "Exit code: 0 it would pass, 1 it would be refused, 2 wrong usage,\n"
      "3 only a look at the company's projects could tell.\n" },

    /* as these were called before there were others */

    { "import", procore_scope_import, NULL, NULL },
    { "show", procore_scope_show, NULL, NULL },
    { "end", procore_scope_end, NULL, NULL },

    { NULL, NULL, NULL, NULL }
};


static const char  procore_scope_common[] =
    "TOKEN   --access-token-file FILE or --refresh-token-file FILE; without\n"
    "        either, a token of any kind is read from standard input.\n"
    "\n"
    "  --store DIR    folder of the store, as in procore_scope_store\n"
    "  --realm NAME   as in procore_scope_realm (default: production)\n"
    "  --json         results and errors as JSON on standard output\n"
    "  --help         this text\n"
    "  --version      the version\n"
    "\n"
    "The command comes first. Runs as the owner of the folder or as root,\n"
    "which becomes the owner; while nginx runs or not. Exit code: 0 done,\n"
    "1 failed, in conflict or unknown, 2 wrong usage.\n";


void
procore_scope_json_string(const unsigned char *data, size_t len)
{
    size_t  i;

    putchar('"');

    for (i = 0; i < len; i++) {

        if (data[i] == '"' || data[i] == '\\') {
            printf("\\%c", data[i]);

        } else if (data[i] < 0x20) {
            printf("\\u%04x", data[i]);

        } else if (data[i] > 0x7e) {
            printf("\\ufffd");

        } else {
            putchar(data[i]);
        }
    }

    putchar('"');
}


int
procore_scope_fail(const procore_scope_options_t *options, size_t line,
    const char *fmt, ...)
{
    int      n;
    char     text[PROCORE_STORE_ERROR_TEXT * 2];
    va_list  args;

    va_start(args, fmt);
    n = vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);

    if (n < 0) {
        text[0] = '\0';
    }

    if (line != 0) {
        fprintf(stderr, "procore-scope: line %zu: %s\n", line, text);

    } else {
        fprintf(stderr, "procore-scope: %s\n", text);
    }

    if (options->json) {
        printf("{\"error\": ");
        procore_scope_json_string((unsigned char *) text, strlen(text));

        if (line != 0) {
            printf(", \"line\": %zu", line);
        }

        printf("}\n");
    }

    return PROCORE_SCOPE_FAILED;
}


static int
procore_scope_become(const procore_scope_options_t *options)
{
    struct stat  st;

    if (stat(options->store, &st) == -1) {
        return procore_scope_fail(options, 0, "%s: %s", options->store,
                                  strerror(errno));
    }

    if (!S_ISDIR(st.st_mode)) {
        return procore_scope_fail(options, 0, "%s is not a folder",
                                  options->store);
    }

    if (geteuid() == st.st_uid) {
        return PROCORE_SCOPE_DONE;
    }

    if (geteuid() != 0) {
        return procore_scope_fail(options, 0, "%s belongs to another user; "
                                  "run as its owner or as root",
                                  options->store);
    }

    if (setgroups(0, NULL) == -1 || setgid(st.st_gid) == -1
        || setuid(st.st_uid) == -1)
    {
        return procore_scope_fail(options, 0, "cannot become the owner of %s: "
                                  "%s", options->store, strerror(errno));
    }

    return PROCORE_SCOPE_DONE;
}


int
procore_scope_open(const procore_scope_options_t *options, int create,
    procore_store_t **store)
{
    int                     rc;
    char                    data[1024], error[PROCORE_STORE_ERROR_TEXT];
    procore_store_report_t  report;

    rc = procore_scope_become(options);
    if (rc != PROCORE_SCOPE_DONE) {
        return rc;
    }

    (void) snprintf(data, sizeof(data), "%s/data.mdb", options->store);

    if (!create && access(data, F_OK) == -1) {
        return procore_scope_fail(options, 0, "%s holds no store",
                                  options->store);
    }

    if (procore_store_prepare(options->store, 0, geteuid(), getegid(), 0,
                              (uint64_t) time(NULL), &report)
        != PROCORE_OK)
    {
        return procore_scope_fail(options, 0, "%s: %s", options->store,
                                  report.text);
    }

    if (report.set_aside) {
        fprintf(stderr, "procore-scope: %s: %s\n", options->store,
                report.text);
    }

    if (procore_store_open(store, options->store, 0, error) != PROCORE_OK) {
        return procore_scope_fail(options, 0, "%s: %s", options->store, error);
    }

    return PROCORE_SCOPE_DONE;
}


int
procore_scope_usage(const char *why)
{
    fprintf(stderr, "procore-scope: %s; see procore-scope --help\n", why);

    return PROCORE_SCOPE_USAGE;
}


int
procore_scope_parse(int argc, char **argv, procore_scope_options_t *options)
{
    int  c;

    static const struct option  names[] = {
        { "store", required_argument, NULL, 's' },
        { "realm", required_argument, NULL, 'r' },
        { "access-token-file", required_argument, NULL, 'A' },
        { "refresh-token-file", required_argument, NULL, 'R' },
        { "json", no_argument, NULL, 'j' },
        { "help", no_argument, NULL, 'h' },
        { NULL, 0, NULL, 0 }
    };

    memset(options, 0, sizeof(procore_scope_options_t));
    options->realm = "production";

    while ((c = getopt_long(argc, argv, "", names, NULL)) != -1) {

        switch (c) {

        case 's':
            options->store = optarg;
            break;

        case 'r':
            options->realm = optarg;
            break;

        case 'A':
            options->access_file = optarg;
            break;

        case 'R':
            options->refresh_file = optarg;
            break;

        case 'j':
            options->json = 1;
            break;

        case 'h':
            return procore_scope_print_help();

        default:
            return procore_scope_usage("wrong option");
        }
    }

    options->narguments = argc - optind;
    options->arguments = argv + optind;

    if (options->store == NULL || options->store[0] == '\0') {
        return procore_scope_usage("--store is missing");
    }

    return procore_scope_realm(options);
}


int
procore_scope_realm(procore_scope_options_t *options)
{
    if (options->realm[0] == '\0') {
        return procore_scope_usage("--realm is empty");
    }

    if (procore_digest_realm((const unsigned char *) options->realm,
                             strlen(options->realm), options->realm_id)
        != PROCORE_OK)
    {
        return procore_scope_fail(options, 0, "no SHA-256");
    }

    return PROCORE_SCOPE_GO_ON;
}


int
procore_scope_print_help(void)
{
    const char                     *line, *end;
    const procore_scope_command_t  *command;

    for (command = procore_scope_commands; command->name; command++) {
        if (command->arguments) {
            printf("%s procore-scope %s %s\n",
                   command == procore_scope_commands ? "Usage:" : "      ",
                   command->name, command->arguments);
        }
    }

    for (command = procore_scope_commands; command->name; command++) {

        if (command->help == NULL) {
            continue;
        }

        printf("\n%s\n", command->name);

        for (line = command->help; *line; line = end + 1) {
            end = strchr(line, '\n');
            printf("        %.*s\n", (int) (end - line), line);
        }
    }

    printf("\n%s", procore_scope_common);

    return PROCORE_SCOPE_DONE;
}


/* How many words of "argv" are this name: 0, 1 or 2. */

static int
procore_scope_named(const char *name, int argc, char **argv)
{
    size_t  len;

    len = strlen(argv[0]);

    if (strncmp(name, argv[0], len) != 0) {
        return 0;
    }

    if (name[len] == '\0') {
        return 1;
    }

    return name[len] == ' ' && argc > 1 && strcmp(name + len + 1, argv[1]) == 0
           ? 2 : 0;
}


int
main(int argc, char **argv)
{
    int                             rc, words;
    const procore_scope_command_t  *command;

    if (argc < 2) {
        return procore_scope_usage("no command");
    }

    if (strcmp(argv[1], "--help") == 0) {
        return procore_scope_print_help();
    }

    if (strcmp(argv[1], "--version") == 0) {
        puts("procore-scope " PROCORE_SCOPE_VERSION);
        return PROCORE_SCOPE_DONE;
    }

    procore_scope_changes_begin();

    words = 0;

    for (command = procore_scope_commands; command->name; command++) {
        words = procore_scope_named(command->name, argc - 1, argv + 1);

        if (words) {
            break;
        }
    }

    if (command->name == NULL) {
        return procore_scope_usage(argv[1][0] == '-'
                                   ? "the command comes first"
                                   : "unknown command");
    }

    rc = command->run(argc - words, argv + words);

    if (fflush(stdout) != 0 && rc == PROCORE_SCOPE_DONE) {
        rc = PROCORE_SCOPE_FAILED;
    }

    return rc;
}

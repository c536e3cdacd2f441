
/*
 * Policies from directives: words, nginx's syntax, and what is refused.
 */

#include <stdlib.h>

#include "unit.h"

#include "../../src/judge/procore_settings.h"


#define BLOCKS  512


static void   *blocks[BLOCKS];
static size_t  nblocks;


static void *
give(void *data, size_t size)
{
    (void) data;

    blocks[nblocks] = malloc(size);

    return blocks[nblocks++];
}


static void *
give_nothing(void *data, size_t size)
{
    (void) data;
    (void) size;

    return NULL;
}


static void
take_back(void)
{
    while (nblocks) {
        free(blocks[--nblocks]);
    }
}


static int
read_text(procore_settings_t *settings, const char *conf, char *error)
{
    procore_str_t  text;

    take_back();
    procore_settings_init(settings, give, NULL);

    text.data = (const unsigned char *) conf;
    text.len = strlen(conf);
    error[0] = '\0';

    return procore_settings_read(settings, &text, error);
}


static void
refused(const char *conf, const char *want)
{
    char                error[PROCORE_SETTINGS_ERROR];
    procore_settings_t  settings;

    is_int(read_text(&settings, conf, error), PROCORE_MALFORMED,
           "refused: %s", conf);
    is_str(error, want, "and why");
}


static void
defaults(void)
{
    char                error[PROCORE_SETTINGS_ERROR];
    procore_settings_t  settings;

    is_int(read_text(&settings, " # nothing\n\n#", error), PROCORE_OK,
           "an empty text");
    is_int(settings.policy.mode, PROCORE_MODE_ENFORCE, "enforce");
    is_int((long long) settings.policy.npaths, 2, "two paths");
    is_int((long long) settings.policy.body_size, 8 << 20, "8m of a body");
    is_int(settings.policy.header, 1, "the header is added");
    is_int(settings.policy.unlisted_deny, 0, "unlisted names are reported");
    is_int(settings.lookup, 0, "no lookup");
}


static void
everything(void)
{
    char                        error[PROCORE_SETTINGS_ERROR];
    procore_settings_t          settings;
    const procore_exception_t  *exception;

    is_int(read_text(&settings,
        "procore_scope monitor;\n"
        "procore_scope_store /var/lib/x size=2g; procore_scope_realm sandbox;"
        "procore_scope_paths /a/ \"/b c/\" '/d\\'e/';\n"
        "procore_scope_names project foo bars; # two\n"
        "procore_scope_ignore widget_company_id;\n"
        "procore_scope_alias 7 AAAAAAAA-bbbb-4ccc-8ddd-eeeeeeeeeeee;\n"
        "procore_scope_bind authorize first_use; procore_scope_company 9;\n"
        "procore_scope_lookup /_procore; procore_scope_body_size 16k;\n"
        "procore_scope_header off; procore_scope_unlisted deny;\n"
        "procore_scope_undecided all allow store_failed deny;\n"
        "procore_scope_exception 8 client=a client=b project=3 \n"
        "    until=2024-02-29 'note=a; b';\n"
        "procore_scope_exception 9;\n"
        "procore_scope_log_level warn;", error), PROCORE_OK, "all of them");
    is_str(error, "", "without a word");

    is_int(settings.policy.mode, PROCORE_MODE_MONITOR, "monitor");
    is_int((long long) settings.policy.npaths, 3, "three paths");
    is_int(memcmp(settings.policy.paths[1].data, "/b c/", 5), 0, "quoted");
    is_int(memcmp(settings.policy.paths[2].data, "/d'e/", 5), 0, "escaped");
    is_int((long long) settings.policy.nnames, 3, "three names");
    is_int(settings.policy.names[0].kind, PROCORE_KIND_PROJECT, "a project's");
    is_int(settings.policy.names[2].kind, PROCORE_KIND_NONE, "an ignored one");
    is_int((long long) settings.policy.aliases[0].company, 7, "an alias");
    is_int(memcmp(settings.policy.aliases[0].alias.data, "aaaaaaaa-", 9), 0,
           "in lower case");
    is_int(settings.first_use, 1, "first use");
    is_int((long long) settings.company, 9, "a configured company");
    is_int(settings.lookup, 1, "a lookup");
    is_int((long long) settings.policy.body_size, 16384, "16k");
    is_int(settings.policy.header, 0, "no header");
    is_int(settings.policy.unlisted_deny, 1, "unlisted names are denied");
    ok(settings.policy.undecided_allow != 0, "something undecided passes");
    is_int((long long) settings.policy.nexceptions, 2, "two exceptions");

    exception = settings.policy.exceptions;
    is_int((long long) exception->company, 8, "the company");
    is_int((long long) exception->nclients, 2, "its clients");
    is_int((long long) exception->projects[0], 3, "its project");
    is_int((long long) exception->until, 1709251200, "to the end of a leap "
           "day");
    is_int(memcmp(exception->note.data, "a; b", 4), 0, "the note");
}


static void
wrong(void)
{
    refused("procore_scope enforced;",
            "line 1: neither \"off\" nor \"monitor\" nor \"enforce\": "
            "\"enforced\"");
    refused("\nproxy_pass http://x;", "line 2: \"proxy_pass\" is not known "
            "here");
    refused("procore_scope_client a;",
            "line 1: \"procore_scope_client\" is not known here");
    refused("procore_scope enforce", "line 1: no \";\" at the end");
    refused(";", "line 1: a \";\" alone");
    refused("location / { procore_scope enforce; }",
            "line 1: a block, a quote without its end, or a word that is too "
            "long");
    refused("procore_scope \"enforce;",
            "line 1: a block, a quote without its end, or a word that is too "
            "long");
    refused("procore_scope \"enforce\"x;",
            "line 1: a block, a quote without its end, or a word that is too "
            "long");
    refused("procore_scope enforce;\nprocore_scope monitor;",
            "line 2: here twice: \"procore_scope\"");
    refused("procore_scope_alias 7;",
            "line 1: wrong number of parameters in \"procore_scope_alias\"");
    refused("procore_scope_alias x aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee;",
            "line 1: \"x\" in \"procore_scope_alias\" is not an id of a "
            "company or project");
    refused("procore_scope_company $x;",
            "line 1: only nginx knows the value of \"$x\"");
    refused("procore_scope_ignore company_id;",
            "line 1: the built-in name \"company_id\" cannot be ignored");
    refused("procore_scope_body_size 1g;", "line 1: no size: \"1g\"");
    refused("procore_scope_body_size 99999999999999999999;",
            "line 1: no size: \"99999999999999999999\"");
    refused("procore_scope_exception 8 until=2023-02-29;",
            "line 1: \"2023-02-29\" is not a date (YYYY-MM-DD)");
    refused("procore_scope_undecided unbound allow;",
            "line 1: \"unbound\" is no reason for an open decision: "
            "\"lookup_failed\", \"store_failed\" or \"all\"");
    refused("procore_scope_bind first_use twice;",
            "line 1: unknown way to bind \"twice\"");
}


static void
no_memory(void)
{
    char                error[PROCORE_SETTINGS_ERROR];
    procore_str_t       text = procore_str("procore_scope enforce;");
    procore_settings_t  settings;

    procore_settings_init(&settings, give_nothing, NULL);
    is_int(procore_settings_read(&settings, &text, error), PROCORE_ERROR,
           "no memory");
}


int
main(void)
{
    defaults();
    everything();
    wrong();
    no_memory();
    take_back();

    return done_testing();
}

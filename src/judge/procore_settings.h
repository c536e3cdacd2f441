
/*
 * The directives that make a policy, read from their words or from nginx's own
 * syntax, without nginx: what the command line is told, and a part of the
 * module's own directives.
 */


#ifndef PROCORE_SETTINGS_H
#define PROCORE_SETTINGS_H


#include "procore_policy.h"


/* Room for a sentence about what is wrong, with its end. */

#define PROCORE_SETTINGS_ERROR  512

/* Words of one directive, and bytes of one word, that are read. */

#define PROCORE_SETTINGS_WORDS  256
#define PROCORE_SETTINGS_WORD   4096


/* What the single readers below add up to. */

typedef struct {
    procore_policy_t   policy;
    uint64_t           company;         /* procore_scope_company, 0: none */
    procore_str_t      store;           /* procore_scope_store, its folder */
    procore_str_t      realm;           /* len 0: not said */
    unsigned           oauth:1;         /* it proxies the login host, too */
    unsigned           lookup:1;        /* there is a lookup location */
    unsigned           first_use:1;     /* procore_scope_bind has it */

    /* for the readers alone */

    void            *(*alloc)(void *data, size_t size);
    void              *data;
    size_t             anames;          /* room in the arrays */
    size_t             aaliases;
    size_t             aexceptions;
    unsigned           seen;            /* bits: those that stand once */
    uint64_t           undecided_set;
} procore_settings_t;


/*
 * Every directive at its default, the mode being "enforce".  "alloc" gives
 * memory, aligned for any type, that lives as long as the settings; NULL: none.
 */

void procore_settings_init(procore_settings_t *settings,
    void *(*alloc)(void *data, size_t size), void *data);

/*
 * Takes one directive: words[0] is its name ("procore_scope_paths"), and what
 * follows its parameters.  The words are kept by reference.  "error" has room
 * for PROCORE_SETTINGS_ERROR bytes.
 * Returns PROCORE_OK; PROCORE_MALFORMED with a sentence in "error";
 * PROCORE_ERROR (no memory); PROCORE_NOT_FOUND: no directive that tells
 * anything about decisions.  Those of the module that have no part in a
 * decision are taken and have no effect.
 */

int procore_settings_set(procore_settings_t *settings,
    const procore_str_t *words, size_t nwords, char *error);

/*
 * Reads a text in nginx's syntax that holds the module's directives of one
 * place and nothing else; comments are passed over.  "text" must outlive the
 * settings.  Codes as above; what is not known is PROCORE_MALFORMED, and each
 * sentence begins with the line.
 */

int procore_settings_read(procore_settings_t *settings,
    const procore_str_t *text, char *error);


/*
 * Single directives, for the module's setters too: each reads parameters, and
 * returns PROCORE_OK or PROCORE_MALFORMED with a sentence.
 *
 * name: one name of procore_scope_names or, with PROCORE_KIND_NONE, of
 * procore_scope_ignore.  kind: "company" or "project".
 * alias: "alias" is made lower case into "lower", PROCORE_UUID_LENGTH bytes.
 * exception: words from the company on; "clients" and "projects" have room for
 * nwords each and are kept.
 * undecided: bits said in *set, those allowed in *allow.
 */

int procore_setting_kind(const procore_str_t *word, procore_kind_e *kind,
    char *error);
int procore_setting_name(const procore_str_t *word, procore_kind_e kind,
    procore_name_t *name, char *error);
int procore_setting_path(const procore_str_t *word, char *error);
int procore_setting_id(const char *directive, const procore_str_t *word,
    uint64_t *id, char *error);
int procore_setting_alias(const procore_str_t *company,
    const procore_str_t *alias, unsigned char *lower, procore_alias_t *out,
    char *error);
int procore_setting_exception(const procore_str_t *words, size_t nwords,
    procore_str_t *clients, uint64_t *projects, procore_exception_t *exception,
    char *error);
int procore_setting_unlisted(const procore_str_t *word, int *deny,
    char *error);
int procore_setting_undecided(const procore_str_t *reason,
    const procore_str_t *what, uint64_t *set, uint64_t *allow, char *error);


#endif /* PROCORE_SETTINGS_H */

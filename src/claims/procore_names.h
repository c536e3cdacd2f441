
/*
 * Names that count as a company or a project, and the places ("slots") in a
 * document that they open.  One definition for queries, forms, multipart and
 * JSON: a reader walks from the root to a value with procore_slot_key() and
 * procore_slot_index() and asks the slot what the value there means.
 *
 * The table of names is procore_names.def, which documents and tests read too.
 */


#ifndef PROCORE_NAMES_H
#define PROCORE_NAMES_H


#include "procore_claim.h"


/*
 * A key longer than this is no listed name and is not kept whole by any
 * reader.  Names of procore_scope_names and procore_scope_ignore are held to
 * the same bound when the configuration is read.
 */

#define PROCORE_NAME_MAX  64


typedef struct {
    procore_str_t   name;
    procore_kind_e  kind;     /* PROCORE_KIND_NONE: ignore this name */
} procore_name_t;


/*
 * The rules for one request.  "extra" is the operator's own list
 * (procore_scope_names, procore_scope_ignore), "nextra" long, owned by the
 * caller, outliving every reader that uses it.  An extra name is plural when it
 * ends in "s".  "sync" is set where the path is that of projects/sync: there
 * updates[].id names projects.  "resource" is what the path's controller is
 * for: Rails wraps a JSON body in its name, so that an "id" at the root is read
 * as project.id or company.id.  "oauth" is set at the token and revoke
 * endpoints: there the parameters of OAuth are reported.  "all" is set where
 * every other parameter of the top level is wanted, too.
 */

typedef struct {
    const procore_name_t  *extra;
    size_t                 nextra;
    procore_kind_e         resource;
    unsigned               sync:1;
    unsigned               oauth:1;
    unsigned               all:1;
} procore_rules_t;


typedef enum {
    PROCORE_SLOT_NONE = 0,
    PROCORE_SLOT_ID,          /* one id; arrays of ids are read as several */
    PROCORE_SLOT_IDS,         /* plural: also a comma-separated list */
    PROCORE_SLOT_OBJECT,      /* "company" or "project": its "id" counts */
    PROCORE_SLOT_UPDATES,     /* "updates" of projects/sync */
    PROCORE_SLOT_PARAM        /* a parameter of OAuth, top level only */
} procore_slot_e;


/* A place in a document; plain value, copied freely. */

typedef struct {
    procore_slot_e   type;
    procore_kind_e   kind;
    procore_param_e  param;
    unsigned         depth:16;      /* keys and indices above this place */
    unsigned         unlisted:1;    /* the key that led here is unlisted */
    unsigned         indexed:1;     /* reached through [] or an index */
} procore_slot_t;


/* The root of a query or a body. */

#define procore_slot_root(slot)                                               \
    ((slot)->type = PROCORE_SLOT_NONE, (slot)->kind = PROCORE_KIND_NONE,      \
     (slot)->param = PROCORE_PARAM_NONE, (slot)->depth = 0,                   \
     (slot)->unlisted = 0, (slot)->indexed = 0)


/*
 * Steps from *parent into its member "key" (after decoding), writes *child.
 * A key that is decimal digits alone, with or without a minus sign, counts as
 * an index where the parent is a slot (Rails: company_id[0]=7 is a numbered
 * list), and so does a key longer than PROCORE_NAME_MAX, of which no byte is
 * looked at, where the parent is no place for an id.  Below a parameter of
 * OAuth every key without a meaning of its own stays that parameter, with
 * "indexed" set: its value is PROCORE_VALUE_OTHER.  *child may be *parent.
 *
 * Returns PROCORE_OK, or PROCORE_MALFORMED where the parent is a place for an
 * id, so that a key below it makes an object of an id: the reader then reports
 * a malformed claim for the parent, and goes on with *child.
 */

int procore_slot_key(const procore_rules_t *rules, const procore_slot_t *parent,
    const unsigned char *key, size_t len, procore_slot_t *child);

/* The same for an element of an array; it never fails. */

void procore_slot_index(const procore_slot_t *parent, procore_slot_t *child);


/*
 * For readers in a hurry: which keys below *parent can mean anything, by their
 * last byte.  Returns a table of 256 flags and sets *mask: where none of the
 * mask's bits is set, procore_slot_key() would make a place without a meaning.
 * Returns NULL where neither this nor procore_slot_plain() can tell.
 */

const unsigned char *procore_slot_endings(const procore_rules_t *rules,
    const procore_slot_t *parent, unsigned char *mask);

/*
 * The second question, where procore_slot_endings() gave a table: is the key
 * one of those without a meaning?  Returns 1 or 0.
 */

int procore_slot_plain(const procore_rules_t *rules,
    const procore_slot_t *parent, const unsigned char *key, size_t len);


/*
 * Is "name" one of the built-in table (counted, or known as a look-alike)?
 * Returns 1 or 0.  For the directive that must not ignore a built-in name.
 */

int procore_names_builtin(const unsigned char *name, size_t len);


#endif /* PROCORE_NAMES_H */

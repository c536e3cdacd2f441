
/*
 * What the operator has configured about decisions: the directives of one
 * location after inheritance.  Plain data, owned by whoever filled it in, and
 * outliving every judge that uses it.
 */


#ifndef PROCORE_POLICY_H
#define PROCORE_POLICY_H


#include "../claims/procore_names.h"


typedef enum {
    PROCORE_MODE_OFF = 0,
    PROCORE_MODE_MONITOR,
    PROCORE_MODE_ENFORCE
} procore_mode_e;


/* procore_scope_alias: another name of a company in the path. */

typedef struct {
    uint64_t              company;
    procore_str_t         alias;         /* lower case */
} procore_alias_t;


/* procore_scope_exception: another company that requests may name. */

typedef struct {
    uint64_t              company;
    const procore_str_t  *clients;       /* none: those of every client */
    size_t                nclients;
    const uint64_t       *projects;
    size_t                nprojects;
    uint64_t              until;         /* first second after, 0: no end */
    procore_str_t         note;
    procore_str_t         key;           /* the caller's, to count its uses */
} procore_exception_t;


typedef struct {
    procore_mode_e              mode;

    const procore_str_t        *paths;         /* prefixes that are listed */
    size_t                      npaths;
    const procore_name_t       *names;         /* _names and _ignore */
    size_t                      nnames;
    const procore_alias_t      *aliases;
    size_t                      naliases;
    const procore_exception_t  *exceptions;
    size_t                      nexceptions;

    size_t                      body_size;     /* bytes, 0: no limit */
    uint64_t                    undecided_allow; /* bits: 1 << reason */
    unsigned                    header:1;
    unsigned                    unlisted_deny:1;
} procore_policy_t;


#endif /* PROCORE_POLICY_H */

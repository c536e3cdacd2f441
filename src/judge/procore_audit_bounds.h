
/*
 * Bounds of an audit record: who reads records can tell what was cut.
 */


#ifndef PROCORE_AUDIT_BOUNDS_H
#define PROCORE_AUDIT_BOUNDS_H


/* A byte of a text takes at most this many in JSON ("\u001f"). */

#define PROCORE_AUDIT_ESCAPED     6

/* Texts, in bytes; of the path also in bytes of JSON. */

#define PROCORE_AUDIT_PATH        1024
#define PROCORE_AUDIT_PATH_JSON   1840
#define PROCORE_AUDIT_VALUE       32
#define PROCORE_AUDIT_NAME        128

/*
 * Bytes of the record at which the claims end, and the unlisted names.  An
 * element is written only where the longest would fit.
 */

#define PROCORE_AUDIT_LISTS       5860
#define PROCORE_AUDIT_NAMES       6260

#define procore_audit_claim_json(name)                                        \
    ((name) + PROCORE_AUDIT_VALUE * PROCORE_AUDIT_ESCAPED + 100)

#define PROCORE_AUDIT_NAME_LONG                                               \
    (PROCORE_AUDIT_NAME * PROCORE_AUDIT_ESCAPED)

#define PROCORE_AUDIT_NAME_JSON   (PROCORE_AUDIT_NAME_LONG + 3)


#endif /* PROCORE_AUDIT_BOUNDS_H */


/*
 * What audit verify says.
 */


#ifndef PROCORE_SCOPE_AUDIT_H
#define PROCORE_SCOPE_AUDIT_H


#include "../src/crypto/procore_verify.h"


typedef struct {
    char      **names;      /* of the files */
    int         json;       /* one object a line */
    uint64_t    said;
} procore_audit_report_t;


/* One finding; "data" is the report.  Says the first thousand. */

void procore_audit_found(void *data, const procore_finding_t *found);

/* The last word.  Returns the exit code. */

int procore_audit_sum(procore_audit_report_t *report,
    const procore_verify_sum_t *sum);


#endif /* PROCORE_SCOPE_AUDIT_H */

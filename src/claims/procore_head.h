
/*
 * Reads the two header fields that say who asks and for which company.
 */


#ifndef PROCORE_HEAD_H
#define PROCORE_HEAD_H


#include "procore_claim.h"


/*
 * Finds the token in the value of an Authorization field, as Doorkeeper does:
 * the scheme "Bearer" in any case (RFC 6750, section 2.1), one blank, and the
 * rest as it is.
 * Returns PROCORE_OK with *token pointing into the value, or PROCORE_NOT_FOUND
 * where the scheme is another one or nothing follows it.
 */

int procore_bearer(const procore_str_t *value, procore_str_t *token);


/*
 * Reads the value of one Procore-Company-Id line; blanks and tabs around it do
 * not count.
 *
 * Returns
 *   PROCORE_OK         a claim was reported: an id, or malformed ("12abc")
 *   PROCORE_NOT_FOUND  the line names nothing: empty, or letters alone
 *   PROCORE_MALFORMED  a list (comma, blank or tab inside), a control
 *                      character or a byte beyond ASCII; nothing was reported
 */

int procore_company_header(const procore_str_t *value,
    const procore_sink_t *sink);


#endif /* PROCORE_HEAD_H */

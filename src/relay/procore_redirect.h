
/*
 * Redirect URIs of apps (RFC 6749, section 3.1.2; RFC 8252, section 7).
 */


#ifndef PROCORE_REDIRECT_H
#define PROCORE_REDIRECT_H


#include "procore_out.h"


#define PROCORE_REDIRECT_MAX  512    /* bytes; they go into a cookie */


/*
 * May this be one of an app's redirect URIs?  NULL if so, else a constant that
 * completes the sentence "the redirect URI ... <constant>".  Allowed: https
 * with a host; http on localhost, 127.0.0.0/8 or [::1]; a private scheme with a
 * dot (RFC 8252, section 7.1); urn:ietf:wg:oauth:2.0:oob and ...:oob:auto.
 * Not: a fragment, user info, a "*", control characters, blanks, bytes beyond
 * ASCII, "\" and what else no URI has, a "%" without two digits, an empty or
 * odd host, a port out of range, more than PROCORE_REDIRECT_MAX bytes.
 */

const char *procore_redirect_refused(const procore_str_t *uri);

/*
 * Is the decoded parameter "given" the registered URI (1) or not (0)?  Byte for
 * byte; where the registered one is http on a loopback address literal, the
 * port may be another one or missing (RFC 8252, section 7.3).
 */

int procore_redirect_same(const procore_str_t *registered,
    const procore_str_t *given);

/* Is it one of the two URNs for apps that cannot be redirected to? */

int procore_redirect_oob(const procore_str_t *uri);

/*
 * What a person is told of where it leads: the host (with a port that is not
 * the scheme's own), the private scheme, or an empty text for the URNs.  Points
 * into "uri".
 */

void procore_redirect_host(const procore_str_t *uri, procore_str_t *host);

/*
 * Writes the URI with parameters appended, the query that it has stays.  Each
 * of the "n" pairs is a name (a constant, as is) and a value (decoded; written
 * by procore_out_percent()); a pair whose value has data NULL is left out.
 */

typedef struct {
    const char     *name;
    procore_str_t   value;
} procore_redirect_pair_t;

void procore_redirect_write(procore_out_t *out, const procore_str_t *uri,
    const procore_redirect_pair_t *pairs, size_t n);


#endif /* PROCORE_REDIRECT_H */


/*
 * Reads the path of a request target (RFC 9112, section 3.2).
 */


#ifndef PROCORE_PATH_H
#define PROCORE_PATH_H


#include "procore_names.h"


/*
 * Documents of the API that the gate treats by name.  The lists and the user
 * stand directly below /rest/v{anything}/ or /vapid/ (PROJECTS also below
 * companies/{any}/ there); a format suffix and empty segments do not matter,
 * as Rails routes those too.  SYNC is found wherever a path ends so.
 */

typedef enum {
    PROCORE_PATH_OTHER = 0,
    PROCORE_PATH_COMPANIES,   /* List Companies */
    PROCORE_PATH_ME,          /* Show User Info */
    PROCORE_PATH_COMPANY,     /* one company, by its id */
    PROCORE_PATH_PROJECTS,    /* List Projects */
    PROCORE_PATH_PROJECT,     /* one project, by its id */
    PROCORE_PATH_SYNC         /* .../projects/sync */
} procore_path_e;


/* Endpoints of the login host, in every spelling that Rails routes. */

typedef enum {
    PROCORE_OAUTH_NONE = 0,   /* not below /oauth/ */
    PROCORE_OAUTH_OTHER,      /* everything else below /oauth/ */
    PROCORE_OAUTH_AUTHORIZE,
    PROCORE_OAUTH_TOKEN,
    PROCORE_OAUTH_REVOKE,
    PROCORE_OAUTH_INFO
} procore_oauth_e;


/*
 * Compares the raw path (as sent, no query, no scheme or host) with nginx's
 * normal form of the same target (decoded), segment by segment.
 * Returns PROCORE_OK where each raw segment, percent-decoded once, equals the
 * normal one; PROCORE_MALFORMED where they differ, where a dot segment, an
 * encoded slash, an empty inner segment, a "#", a backslash or a broken escape
 * stands in the raw path, or where either does not begin with "/".
 */

int procore_path_compare(const procore_str_t *raw, const procore_str_t *normal);


/*
 * Reads the claims of a path that is sent with escapes (escaped = 1: segments
 * are percent-decoded after the split) or of a decoded one (escaped = 0).
 * Empty segments are passed over, as Rails does.  Sets *path, may be NULL.
 * Segments "companies" name companies; "projects" and "project" name projects,
 * by the segment that follows.  A UUID after "companies" is reported as
 * PROCORE_CLAIM_UUID; after "projects" it is malformed, but below
 * workforce-planning/v2/companies/{any} it is a UUID of a project, reported
 * only where it begins with the digits of a number ("id").
 *
 * Returns PROCORE_OK or PROCORE_MALFORMED (broken escape, control character,
 * text that is no UTF-8, dot segment, a raw "#"; claims seen until then have
 * been reported, *path is PROCORE_PATH_OTHER).
 */

int procore_path_claims(const procore_str_t *text, int escaped,
    const procore_sink_t *sink, procore_path_e *path);


/*
 * Which endpoint of the login host is this?  "text" is a decoded path.
 * "/oauth/token", "/oauth/token.json", "/oauth/token/", empty segments
 * collapsed: Rails routes them all.
 */

procore_oauth_e procore_path_oauth(const procore_str_t *text);


#endif /* PROCORE_PATH_H */


/*
 * Texts of logs.
 */


#ifndef PROCORE_REPLAY_TEXT_H
#define PROCORE_REPLAY_TEXT_H


#include "procore_replay.h"


/*
 * Seconds since the epoch of a time in the form of RFC 3339
 * ("2026-11-24T14:00:00.123Z", $time_iso8601) or of $time_local
 * ("24/Nov/2026:14:00:00 +0000"); 0: it is neither.
 */

uint64_t procore_replay_time(const procore_str_t *text);

/*
 * Digits of a digest, as $procore_scope_token has them.  Sets past->token and
 * past->digest; another text is none that is known.
 */

void procore_replay_digest(procore_past_t *past, const procore_str_t *text);

/*
 * The path and query of a target as it was sent (RFC 9112, section 3.2; also
 * "http://host/path?query").  Sets past->target, path, query and query_text.
 */

void procore_replay_target(procore_past_t *past, const procore_str_t *text);

/* Sets the decision and reason by their names; PROCORE_OK or _NOT_FOUND. */

int procore_replay_decision(procore_past_t *past,
    const procore_str_t *decision, const procore_str_t *reason);

/* Is it this text?  "..._is_name" in any case of its letters.  1 or 0. */

int procore_replay_is(const procore_str_t *text, const char *name);
int procore_replay_is_name(const procore_str_t *text, const char *name);


#endif /* PROCORE_REPLAY_TEXT_H */

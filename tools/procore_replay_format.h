
/*
 * A log_format: its variables, and how a line is split by it.
 */


#ifndef PROCORE_REPLAY_FORMAT_H
#define PROCORE_REPLAY_FORMAT_H


#include "procore_replay.h"


/* Variables that are known, by the table. */

typedef enum {
#define PROCORE_LOG(symbol, name)  PROCORE_LOG_##symbol,
#include "procore_replay_format.def"
#undef PROCORE_LOG
    PROCORE_LOG_MAX
} procore_log_e;


/*
 * Splits a line into the values of known variables, still escaped; "values" has
 * PROCORE_LOG_MAX places, those of variables that are not in the format stay.
 * Returns PROCORE_OK; PROCORE_MALFORMED: another format; PROCORE_CONFLICT: it
 * can be split in several ways.
 */

int procore_format_split(const procore_format_t *format,
    const procore_str_t *line, procore_str_t *values);


#endif /* PROCORE_REPLAY_FORMAT_H */


/*
 * Reads a whole input of "replay", in bounded memory: logs line by line, HAR
 * files entry by entry.
 */


#ifndef PROCORE_REPLAY_INPUT_H
#define PROCORE_REPLAY_INPUT_H


#include <stdio.h>

#include "procore_replay.h"


/* The longest line of a log: nginx's buffers end far below. */

#define PROCORE_INPUT_LINE  ((size_t) 1 << 20)


typedef enum {
    PROCORE_INPUT_ANY = 0,     /* its first bytes tell */
    PROCORE_INPUT_AUDIT,
    PROCORE_INPUT_ACCESS,
    PROCORE_INPUT_HAR
} procore_input_e;


/*
 * "past" gets each request, with a pool that is emptied after it; "unreadable"
 * each line (0: it is not known which) that is none, with a constant sentence.
 */

typedef struct {
    FILE                    *file;
    procore_input_e          kind;
    const procore_format_t  *format;    /* of an access log */
    const unsigned char     *realm;     /* of the tokens in a HAR file */
    const char              *host;      /* of its requests, NULL: all */
    void                    *data;
    procore_har_pt           past;
    void                   (*unreadable)(void *data, uint64_t line,
                                         const char *why);
} procore_input_t;


/* Reads to the end.  PROCORE_OK, or PROCORE_ERROR: no memory. */

int procore_input_read(const procore_input_t *input);


#endif /* PROCORE_REPLAY_INPUT_H */


/*
 * Reads logs and HAR files as they come.
 */


#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <stdlib.h>
#include <string.h>

#include "procore_replay_input.h"


/* Bytes that tell what kind of input it is. */

#define PROCORE_INPUT_SNIFF  4096


typedef struct {
    const procore_input_t  *input;
    procore_pool_t          pool;

    /* two of the longest lines: one is complete in it, or it is too long */

    unsigned char           buffer[2 * PROCORE_INPUT_LINE];
} procore_reading_t;


static procore_input_e procore_input_kind(const procore_input_t *input,
    const unsigned char *data, size_t len);
static size_t procore_input_bytes(procore_reading_t *reading,
    unsigned char *to, size_t len);
static void procore_input_lines(procore_reading_t *reading,
    procore_input_e kind, size_t len);
static void procore_input_line(procore_reading_t *reading,
    procore_input_e kind, uint64_t number, const unsigned char *line,
    size_t len);
static int procore_input_har(procore_reading_t *reading, size_t len);


static const char  procore_input_too_long[] =
    "the line is longer than 1,048,576 bytes";


int
procore_input_read(const procore_input_t *input)
{
    int                 rc;
    size_t              len;
    procore_input_e     kind;
    procore_reading_t  *reading;

    reading = calloc(1, sizeof(procore_reading_t));
    if (reading == NULL) {
        return PROCORE_ERROR;
    }

    reading->input = input;
    rc = PROCORE_OK;

    len = procore_input_bytes(reading, reading->buffer, PROCORE_INPUT_SNIFF);
    kind = procore_input_kind(input, reading->buffer, len);

    if (kind == PROCORE_INPUT_HAR) {
        rc = procore_input_har(reading, len);

    } else {
        procore_input_lines(reading, kind, len);
    }

    procore_pool_free(&reading->pool);
    free(reading);

    return rc;
}


static procore_input_e
procore_input_kind(const procore_input_t *input, const unsigned char *data,
    size_t len)
{
    static const char  time[] = "\"@timestamp\"";
    static const char  log[] = "\"log\"";

    if (input->kind != PROCORE_INPUT_ANY) {
        return input->kind;
    }

    if (memmem(data, len, time, sizeof(time) - 1) != NULL) {
        return PROCORE_INPUT_AUDIT;
    }

    return memmem(data, len, log, sizeof(log) - 1) != NULL
           ? PROCORE_INPUT_HAR : PROCORE_INPUT_ACCESS;
}


/* "len" bytes, less at the end. */

static size_t
procore_input_bytes(procore_reading_t *reading, unsigned char *to, size_t len)
{
    size_t                  n;
    const procore_input_t  *input;

    input = reading->input;
    n = fread(to, 1, len, input->file);

    if (n < len && ferror(input->file)) {
        input->unreadable(input->data, 0,
                          "the input cannot be read any further");
    }

    return n;
}


static void
procore_input_lines(procore_reading_t *reading, procore_input_e kind,
    size_t len)
{
    int             over, end;
    size_t          n, room;
    uint64_t        number;
    unsigned char  *line, *last, *feed;

    number = 1;
    over = 0;    /* the rest of a line that is too long comes */

    do {
        room = sizeof(reading->buffer) - len;
        n = procore_input_bytes(reading, reading->buffer + len, room);
        end = n < room;

        line = reading->buffer;
        last = line + len + n;

        while ((feed = memchr(line, '\n', (size_t) (last - line))) != NULL) {

            if (!over) {
                procore_input_line(reading, kind, number, line,
                                   (size_t) (feed - line));
            }

            over = 0;
            number++;
            line = feed + 1;
        }

        len = (size_t) (last - line);

        if (!over && (end || len > PROCORE_INPUT_LINE)) {
            procore_input_line(reading, kind, number, line, len);
            over = 1;
        }

        if (over) {
            len = 0;
        }

        memmove(reading->buffer, line, len);

    } while (!end);
}


static void
procore_input_line(procore_reading_t *reading, procore_input_e kind,
    uint64_t number, const unsigned char *line, size_t len)
{
    int                     rc;
    const char             *why;
    procore_past_t          past;
    const procore_input_t  *input;

    input = reading->input;

    if (len > PROCORE_INPUT_LINE) {
        input->unreadable(input->data, number, procore_input_too_long);
        return;
    }

    procore_pool_reset(&reading->pool);

    rc = kind == PROCORE_INPUT_AUDIT
         ? procore_replay_audit(line, len, &reading->pool, &past, &why)
         : procore_replay_access(input->format, line, len, &reading->pool,
                                 &past, &why);

    if (rc == PROCORE_NOT_FOUND) {
        return;
    }

    if (rc != PROCORE_OK) {
        input->unreadable(input->data, number, why);
        return;
    }

    past.line = number;
    input->past(input->data, &past, &reading->pool);
}


static int
procore_input_har(procore_reading_t *reading, size_t len)
{
    int                     rc;
    const char             *why;
    procore_har_t          *har;
    const procore_input_t  *input;

    input = reading->input;

    har = procore_har_start(input->realm, input->host, input->past,
                            input->data);
    if (har == NULL) {
        return PROCORE_ERROR;
    }

    rc = PROCORE_OK;

    while (len != 0 && rc == PROCORE_OK) {
        rc = procore_har_feed(har, reading->buffer, len, &why);

        len = procore_input_bytes(reading, reading->buffer,
                                  sizeof(reading->buffer));
    }

    if (procore_har_end(har, &why) != PROCORE_OK) {
        input->unreadable(input->data, 0, why);
    }

    return PROCORE_OK;
}


/*
 * A request target as nginx sees it (ngx_http_parse_complex_uri()): its path
 * decoded and without dot segments, its query, its fragment.
 */


#ifndef PROCORE_TARGET_H
#define PROCORE_TARGET_H


#include "../policy/procore_types.h"


typedef struct {
    procore_str_t  raw;          /* the path as sent, to the "?" */
    procore_str_t  uri;          /* nginx's normal form, in "out" */
    procore_str_t  query;        /* between "?" and "#", len 0: none */
    unsigned       fragment:1;   /* there is a "#" */
} procore_target_t;


/*
 * Reads a target from its "/" or, where "empty_path" is set (the absolute form
 * without a path), from its "?".  "out" has room for target->len + 1 bytes;
 * *parsed points into it and into the target.
 * Returns PROCORE_OK, or PROCORE_MALFORMED: nginx answers with 400 itself (a
 * broken escape, "%00", a path that leads above the root).
 */

int procore_target_read(const procore_str_t *target, int empty_path,
    int merge_slashes, unsigned char *out, procore_target_t *parsed);


#endif /* PROCORE_TARGET_H */


/*
 * Text that is written into memory of a fixed size.
 */


#ifndef PROCORE_OUT_H
#define PROCORE_OUT_H


#include "../policy/procore_types.h"


/*
 * "len" counts what was written and what did not fit: a first round without
 * memory (size 0, data NULL) tells how much is needed.
 */

typedef struct {
    unsigned char  *data;     /* the caller's */
    size_t          size;     /* bytes of room */
    size_t          len;
} procore_out_t;


void procore_out(procore_out_t *out, const unsigned char *data, size_t len);
void procore_out_text(procore_out_t *out, const char *text);
void procore_out_number(procore_out_t *out, uint64_t number);

/*
 * Text for the inside of an element or of a quoted attribute of HTML: < > & " '
 * become references; control characters, and those that change the direction
 * of text (U+061C, U+200E, U+200F, U+202A to U+202E, U+2066 to U+2069), are
 * left out; what is no UTF-8 becomes U+FFFD.  At most "max" characters, then
 * an ellipsis.
 */

void procore_out_html(procore_out_t *out, const procore_str_t *text,
    size_t max);

/*
 * Text for the inside of a JSON string, RFC 8259, section 7, on one line and
 * harmless in a script: " \ < and control characters, U+2028 and U+2029 are
 * escaped; what is no UTF-8 becomes U+FFFD.
 */

void procore_out_json(procore_out_t *out, const procore_str_t *text);

/*
 * Text for the inside of a label's quotes, Prometheus's text exposition format
 * 0.0.4: \ and " are escaped; control characters, and what is no UTF-8, become
 * U+FFFD.
 */

void procore_out_label(procore_out_t *out, const procore_str_t *text);

/* The day (UTC) of a time in seconds since the epoch: "2026-11-30". */

void procore_out_date(procore_out_t *out, uint64_t time);

/* The same with the time of day: "2026-11-30 14:05:09". */

void procore_out_time(procore_out_t *out, uint64_t time);

/* All but the unreserved characters of RFC 3986, section 2.3, as %XX. */

void procore_out_percent(procore_out_t *out, const procore_str_t *text);


#endif /* PROCORE_OUT_H */

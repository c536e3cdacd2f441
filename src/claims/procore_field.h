
/*
 * One parameter of a query, a form or a multipart body, once its name is
 * decoded: what the name means by Rack's grammar, and where the value goes.
 */


#ifndef PROCORE_FIELD_H
#define PROCORE_FIELD_H


#include "procore_value.h"


/*
 * Longest decoded name that is read whole.  A longer one is malformed: no
 * name of the API comes near it and a cut name could hide a slot.
 */

#define PROCORE_FIELD_NAME  1024


typedef struct {
    const procore_rules_t  *rules;
    const procore_sink_t   *sink;
    procore_carrier_e       carrier;
    unsigned char          *scratch;      /* for values of parameters */
    size_t                  scratch_size;
    size_t                  scratch_len;
    unsigned                too_long:1;   /* scratch was too small */
    procore_slot_t          slot;
    procore_value_t         value;
    procore_str_t           name;         /* as claims show it */
    unsigned char           shown[PROCORE_CLAIM_NAME];
} procore_field_t;


/*
 * Prepares a field for any number of parameters.  "rules" and "sink" outlive
 * it.  "scratch" is the caller's memory for the values of OAuth parameters; a
 * value that does not fit is reported as PROCORE_VALUE_LONG.  It may be NULL
 * with size 0.
 */

void procore_field_init(procore_field_t *field, const procore_rules_t *rules,
    const procore_sink_t *sink, procore_carrier_e carrier,
    unsigned char *scratch, size_t scratch_size);

/*
 * Begins a parameter whose decoded name is "name", of "len" bytes, which stays
 * where it is until procore_field_end().  Every bracket separates, wherever it
 * stands ("a[b][]c", "[b", "b]"): a superset of what rack 2 and 3 make of
 * stray ones.  Reports unlisted names, and a malformed claim where the name
 * makes an object of an id.
 *
 * Returns PROCORE_OK, or PROCORE_MALFORMED: deeper than PROCORE_DEPTH, longer
 * than PROCORE_FIELD_NAME, no UTF-8, or a control character (the patterns of
 * rack 2 take a line feed for the end of a name).
 */

int procore_field_name(procore_field_t *field, const unsigned char *name,
    size_t len);

/*
 * Does the value matter?  Returns 1 or 0.  Where it does not, the caller need
 * not feed it.
 */

static inline int
procore_field_wanted(const procore_field_t *field)
{
    return field->slot.type == PROCORE_SLOT_ID
           || field->slot.type == PROCORE_SLOT_IDS
           || field->slot.type == PROCORE_SLOT_PARAM;
}

/* Bytes of the decoded value, split anywhere. */

void procore_field_feed(procore_field_t *field, const unsigned char *data,
    size_t len);

/*
 * The parameter is complete.  "type" is PROCORE_VALUE_TEXT for what was fed,
 * PROCORE_VALUE_NULL for a name without a value, PROCORE_VALUE_OTHER for an
 * upload, which is malformed where an id should stand.
 */

void procore_field_end(procore_field_t *field, procore_value_e type);


#endif /* PROCORE_FIELD_H */

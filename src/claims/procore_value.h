
/*
 * Reads the text of a value in a slot, piece by piece, and reports the claims
 * that it makes: one id, or in a plural slot each element of a comma-separated
 * list.  Fixed state, no allocation: a list of any length is read in pieces.
 */


#ifndef PROCORE_VALUE_H
#define PROCORE_VALUE_H


#include "procore_names.h"


typedef struct {
    procore_slot_t  slot;
    size_t          len;      /* bytes of the element so far, may exceed text */
    unsigned        beyond:1; /* bytes beyond text are no word's letters */
    unsigned char   text[PROCORE_CLAIM_VALUE];
} procore_value_t;


void procore_value_start(procore_value_t *value, const procore_slot_t *slot);

/* Bytes of the decoded value, split anywhere. */

void procore_value_feed(procore_value_t *value, const unsigned char *data,
    size_t len, const procore_sink_t *sink, procore_carrier_e carrier,
    const procore_str_t *name);

/*
 * The value is complete.  UUIDs are malformed in queries and bodies: only
 * paths know them.
 */

void procore_value_end(procore_value_t *value, const procore_sink_t *sink,
    procore_carrier_e carrier, const procore_str_t *name);

/* A value that is no text in a slot for ids: reports a malformed claim. */

void procore_value_malformed(const procore_slot_t *slot,
    const procore_sink_t *sink, procore_carrier_e carrier,
    const procore_str_t *name, const procore_str_t *shown);


#endif /* PROCORE_VALUE_H */

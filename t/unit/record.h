
/*
 * A sink that writes down what the readers report, one event after another, so
 * that a test compares a whole reading with one string:
 *
 *     query company company_id=7 id; body project x[project_id]=a1 malformed;
 *     unlisted query x_company_id; param body access_token text=abc;
 */


#ifndef PROCORE_RECORD_H
#define PROCORE_RECORD_H


#include <stdio.h>

#include "../../src/claims/procore_claim.h"


/* What is longer is cut, in every reading at the same place. */

#define RECORD_SIZE  65536


typedef struct {
    size_t  len;
    char    text[RECORD_SIZE];
} record_t;


static const char *const  record_carriers[] = {
    "header", "path", "query", "body"
};

static const char *const  record_kinds[] = { "none", "company", "project" };

static const char *const  record_states[] = { "id", "uuid", "malformed" };

static const char *const  record_params[] = {
    "none", "access_token", "bearer_token", "grant_type", "client_id",
    "client_secret", "code", "refresh_token", "token"
};

static const char *const  record_values[] = { "text", "null", "other", "long" };


static inline void
record_reset(record_t *record)
{
    record->len = 0;
    record->text[0] = '\0';
}


static inline void
record_add(record_t *record, const char *text)
{
    size_t  len;

    len = strlen(text);

    if (len >= RECORD_SIZE - record->len) {
        len = RECORD_SIZE - record->len - 1;
    }

    memcpy(record->text + record->len, text, len);
    record->len += len;
    record->text[record->len] = '\0';
}


/* Bytes that are not printable are shown as a number. */

static inline void
record_str(record_t *record, const procore_str_t *str)
{
    size_t  i;
    char    c[8];

    for (i = 0; i < str->len; i++) {
        snprintf(c, sizeof(c), str->data[i] >= ' ' && str->data[i] < 0x7f
                               ? "%c" : "<%02x>", str->data[i]);
        record_add(record, c);
    }
}


static inline void
record_claim(void *data, const procore_claim_t *claim)
{
    char       text[64];
    record_t  *record;

    record = data;

    snprintf(text, sizeof(text), "%s%s %s ", record->len ? " " : "",
             record_carriers[claim->carrier], record_kinds[claim->kind]);
    record_add(record, text);

    record_str(record, &claim->name);
    record_add(record, "=");
    record_str(record, &claim->value);

    snprintf(text, sizeof(text), " %s;", record_states[claim->state]);
    record_add(record, text);
}


static inline void
record_unlisted(void *data, procore_carrier_e carrier,
    const procore_str_t *name)
{
    char       text[64];
    record_t  *record;

    record = data;

    snprintf(text, sizeof(text), "%sunlisted %s ", record->len ? " " : "",
             record_carriers[carrier]);
    record_add(record, text);

    record_str(record, name);
    record_add(record, ";");
}


static inline void
record_param(void *data, procore_carrier_e carrier, procore_param_e param,
    procore_value_e type, const procore_str_t *value)
{
    char       text[64];
    record_t  *record;

    record = data;

    snprintf(text, sizeof(text), "%sparam %s %s %s", record->len ? " " : "",
             record_carriers[carrier], record_params[param],
             record_values[type]);
    record_add(record, text);

    if (type == PROCORE_VALUE_TEXT) {
        record_add(record, "=");
        record_str(record, value);
    }

    record_add(record, ";");
}


static inline void
record_field(void *data, procore_carrier_e carrier, const procore_str_t *name,
    procore_value_e type, const procore_str_t *value)
{
    char       text[64];
    record_t  *record;

    record = data;

    snprintf(text, sizeof(text), "%sfield %s ", record->len ? " " : "",
             record_carriers[carrier]);
    record_add(record, text);

    record_str(record, name);
    record_add(record, " ");
    record_add(record, record_values[type]);

    if (type == PROCORE_VALUE_TEXT) {
        record_add(record, "=");
        record_str(record, value);
    }

    record_add(record, ";");
}


static inline procore_sink_t
record_sink(record_t *record)
{
    procore_sink_t  sink;

    sink.data = record;
    sink.claim = record_claim;
    sink.unlisted = record_unlisted;
    sink.param = record_param;
    sink.field = record_field;

    return sink;
}


#endif /* PROCORE_RECORD_H */

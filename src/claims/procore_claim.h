
/*
 * What a request names: claims, and the sink that receives them.
 *
 * The readers of this folder are fed bytes and call back; they own nothing.
 * All text that a callback receives belongs to the reader and is valid for the
 * length of the call.
 */


#ifndef PROCORE_CLAIM_H
#define PROCORE_CLAIM_H


#include "../policy/procore_types.h"
#include "../policy/procore_id.h"


/* Longest text of a value that a claim carries; the rest is cut. */

#define PROCORE_CLAIM_VALUE  64

/*
 * Longest name that a claim carries; a longer one has its middle replaced by
 * "..." so that both the outermost and the deciding part stay readable.
 */

#define PROCORE_CLAIM_NAME   128

/*
 * Containers or brackets within each other that are read, in every carrier:
 * the API's own documents stay below ten.
 */

#define PROCORE_DEPTH        64


typedef enum {
    PROCORE_IN_HEADER = 0,
    PROCORE_IN_PATH,
    PROCORE_IN_QUERY,
    PROCORE_IN_BODY
} procore_carrier_e;


typedef enum {
    PROCORE_KIND_NONE = 0,
    PROCORE_KIND_COMPANY,
    PROCORE_KIND_PROJECT
} procore_kind_e;


typedef enum {
    PROCORE_CLAIM_ID = 0,     /* "id" holds the number */
    PROCORE_CLAIM_UUID,       /* "value" holds a UUID (paths only); "id" of a
                                 project is the number that it begins with */
    PROCORE_CLAIM_MALFORMED   /* stands in a slot, cannot be read as an id */
} procore_claim_state_e;


/*
 * One occurrence of a company or a project.  "name" is the header's name, the
 * path segment before the id, the decoded parameter as sent
 * ("filters[project_id]"), or the path into a JSON body ("updates.3.id").
 * "value" is the text as the reader saw it after decoding (a JSON number as
 * written); an array or object where an id should stand is shown as "[...]" or
 * "{...}", true and false by their names.
 */

typedef struct {
    procore_carrier_e      carrier;
    procore_kind_e         kind;
    procore_claim_state_e  state;
    uint64_t               id;
    procore_str_t          name;
    procore_str_t          value;
} procore_claim_t;


/*
 * Parameters of OAuth that somebody above has to know, found at the top level
 * of a query or a body (by Rails' name grammar: "[code]" and "code]" are
 * "code").  access_token and bearer_token are always reported: Doorkeeper takes
 * tokens from them.  The others only where the rules ask (procore_names.h).
 */

typedef enum {
    PROCORE_PARAM_NONE = 0,
    PROCORE_PARAM_ACCESS_TOKEN,
    PROCORE_PARAM_BEARER_TOKEN,
    PROCORE_PARAM_GRANT_TYPE,
    PROCORE_PARAM_CLIENT_ID,
    PROCORE_PARAM_CLIENT_SECRET,
    PROCORE_PARAM_CODE,
    PROCORE_PARAM_REFRESH_TOKEN,
    PROCORE_PARAM_TOKEN,
    PROCORE_PARAM_MAX,
    PROCORE_PARAM_FIELD       /* any other one, for sink->field alone */
} procore_param_e;


typedef enum {
    PROCORE_VALUE_TEXT = 0,   /* a form value, a JSON string or number */
    PROCORE_VALUE_NULL,       /* JSON null, or a form name without "=" */
    PROCORE_VALUE_OTHER,      /* array, object, boolean, upload, name[x] */
    PROCORE_VALUE_LONG        /* longer than the reader's scratch memory */
} procore_value_e;


/*
 * Where claims go.  "data" is handed back unchanged.  "unlisted" reports a name
 * that ends like a company's or project's and is in no list (its decoded last
 * key).  "unlisted" and "param" may be NULL.  A callback returns nothing: a
 * reader goes on to the end, so that every occurrence is seen.
 *
 * "field" is used where the rules ask for all parameters (procore_names.h): it
 * gets those of the top level that are neither an id nor one of the parameters
 * above, with their decoded name as sent, brackets included.  One whose name
 * has PROCORE_CLAIM_NAME bytes or more is PROCORE_VALUE_LONG or _OTHER, and its
 * name is empty.
 */

typedef struct {
    void  *data;
    void (*claim)(void *data, const procore_claim_t *claim);
    void (*unlisted)(void *data, procore_carrier_e carrier,
                     const procore_str_t *name);
    void (*param)(void *data, procore_carrier_e carrier, procore_param_e param,
                  procore_value_e type, const procore_str_t *value);
    void (*field)(void *data, procore_carrier_e carrier,
                  const procore_str_t *name, procore_value_e type,
                  const procore_str_t *value);
} procore_sink_t;


#endif /* PROCORE_CLAIM_H */

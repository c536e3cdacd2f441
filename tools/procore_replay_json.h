
/*
 * Picks members out of a JSON document by their place, as it arrives.
 */


#ifndef PROCORE_REPLAY_JSON_H
#define PROCORE_REPLAY_JSON_H


#include "../src/claims/procore_json_lex.h"


/* No wanted name is as long. */
#define PROCORE_WALK_KEY  40


/*
 * A place: member "name" of the object at place "parent".  An array and its
 * elements are at one place.  The root is 1, and 0 is what nobody wants.
 * "max" is the most bytes of a text there; the rest is cut off.
 */

typedef struct {
    unsigned char  parent;
    unsigned char  place;
    const char    *name;
    size_t         max;
} procore_walk_step_t;


/*
 * What is told of wanted places, in the order of the document.  "type" of a
 * value is PROCORE_JSON_STRING, _NUMBER (as written), _TRUE, _FALSE or _NULL;
 * its text lives for the length of the call.  Each returns PROCORE_OK, or
 * another code, which ends the reading.  open and close may be NULL.
 */

typedef struct {
    int (*open)(void *data, unsigned place, int object);
    int (*close)(void *data, unsigned place, int object);
    int (*value)(void *data, unsigned place, procore_json_token_e type,
                 const procore_str_t *text, int cut);
} procore_walk_calls_t;


typedef struct {
    const procore_walk_step_t   *steps;
    size_t                       nsteps;
    const procore_walk_calls_t  *calls;
    void                        *data;
    int                          rc;      /* the first failure stays */

    unsigned char                places[PROCORE_DEPTH + 1];
    unsigned char                arrays[PROCORE_DEPTH + 1];
    unsigned char                place;   /* of the next value */
    unsigned char                cut;
    size_t                       max;
    size_t                       key_len;
    unsigned char                key[PROCORE_WALK_KEY];

    unsigned char               *text;
    size_t                       len;
    size_t                       size;

    procore_json_lex_t           lex;
} procore_walk_t;


/* "steps" and "calls" are kept.  ..._free() frees the text, not *walk. */

void procore_walk_start(procore_walk_t *walk, const procore_walk_step_t *steps,
    size_t nsteps, const procore_walk_calls_t *calls, void *data);

/*
 * Feeds bytes, split anywhere; ..._end(): no more.  Return PROCORE_OK,
 * PROCORE_MALFORMED (no strict JSON, or nested deeper than PROCORE_DEPTH),
 * PROCORE_ERROR (no memory), or what a callback has returned.  What has been
 * told before may be used nevertheless.
 */

int procore_walk_feed(procore_walk_t *walk, const unsigned char *data,
    size_t len);
int procore_walk_end(procore_walk_t *walk);
void procore_walk_free(procore_walk_t *walk);


#endif /* PROCORE_REPLAY_JSON_H */


/*
 * What the module would decide for one request: the steps of the judge, in the
 * gate's order, for whoever has the request whole.
 */


#ifndef PROCORE_CHECK_H
#define PROCORE_CHECK_H


#include "procore_judge.h"
#include "procore_request.h"
#include "procore_settings.h"


/* What the store knows of the token of a request. */

typedef struct {
    procore_binding_e  binding;
    uint64_t           company;      /* where it is bound */
    procore_str_t      client;       /* len 0: not known */
    unsigned           service:1;    /* of no user */
    unsigned           paused:1;     /* its client is, by the operator */
} procore_check_token_t;


/*
 * As procore_judge_calls_t, and "token": what is known of this one; *found is
 * empty (all zero) before.  "data" is that of procore_check().
 */

typedef struct {
    procore_judge_calls_t   judge;
    void                  (*token)(void *data, const procore_str_t *token,
                                   procore_check_token_t *found);
} procore_check_calls_t;


typedef enum {
    PROCORE_CHECK_DECIDED = 0,
    PROCORE_CHECK_UNDECIDED,  /* only a lookup could tell: judge->unknown */
    PROCORE_CHECK_ANSWERED,   /* nginx answers itself: request->status */
    PROCORE_CHECK_OFF,        /* the mode is off: nobody judges it */
    PROCORE_CHECK_LOGIN,      /* a path of the login host: not told here */
    PROCORE_CHECK_FAILED      /* no memory */
} procore_check_e;


/*
 * Judges "request", which outlives *judge, by "settings" at "now" (seconds
 * since
 * the epoch).  Sets *decision for PROCORE_CHECK_DECIDED, and request->status
 * where nginx would have answered after all, because the body ends early.
 *
 * What the upstream would answer is not known: in monitor a first use counts as
 * one that Procore has taken.
 */

procore_check_e procore_check(procore_judge_t *judge,
    const procore_settings_t *settings, procore_request_t *request,
    const procore_check_calls_t *calls, void *data, uint64_t now,
    procore_decision_e *decision);


#endif /* PROCORE_CHECK_H */

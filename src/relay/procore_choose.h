
/*
 * The chooser's links: who opens one may choose the company of one token.
 */


#ifndef PROCORE_CHOOSE_H
#define PROCORE_CHOOSE_H


#include "procore_relay.h"


#define PROCORE_CHOOSE_LINK   22     /* 16 bytes in base64url */
#define PROCORE_CHOOSE_FOR    600    /* seconds; also of a window */
#define PROCORE_CHOOSE_TOKEN  4096   /* bytes of the longest token */


/*
 * The link of a token in one window of time (seconds since the epoch by
 * PROCORE_CHOOSE_FOR), for one location's scope.  It derives from the store's
 * key and the raw token, which the store never has: neither alone makes it.
 * PROCORE_OK or PROCORE_ERROR.
 */

int procore_choose_link(const unsigned char key[PROCORE_SEAL_KEY],
    const unsigned char scope[PROCORE_RELAY_SCOPE],
    const procore_str_t *token, uint64_t window,
    unsigned char link[PROCORE_CHOOSE_LINK]);

/* Does a text have the form of a link (1) or not (0)? */

int procore_choose_is_link(const procore_str_t *text);

/*
 * The secret of a link's pages, in the place of the browser secret of an
 * authorization: the token of their form derives from it.  PROCORE_OK or
 * PROCORE_ERROR.
 */

int procore_choose_secret(const procore_str_t *link,
    unsigned char secret[PROCORE_RELAY_SECRET]);

/*
 * Which link a refusal hands out, by what became of those of the last window
 * and of the present one.  A link lives PROCORE_CHOOSE_FOR seconds, so that no
 * other can be live.  Returns PROCORE_OK (*back: 1 for the last window's, 0 for
 * the present one's); PROCORE_NOT_FOUND: the present one is to be made;
 * PROCORE_CONFLICT: it was used, there is none.
 */

typedef enum {
    PROCORE_CHOOSE_NONE = 0,     /* never made, or it has run out */
    PROCORE_CHOOSE_LIVE,
    PROCORE_CHOOSE_USED
} procore_choose_e;

int procore_choose_pick(procore_choose_e last, procore_choose_e present,
    unsigned *back);


#endif /* PROCORE_CHOOSE_H */

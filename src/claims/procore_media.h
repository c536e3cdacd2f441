
/*
 * Takes media types apart (RFC 9110, section 8.3.1): the Content-Type of a
 * request and of the parts of a multipart body.
 */


#ifndef PROCORE_MEDIA_H
#define PROCORE_MEDIA_H


#include "../policy/procore_types.h"


typedef struct {
    procore_str_t  type;
    procore_str_t  subtype;
    procore_str_t  rest;       /* what procore_media_param() has not read */
} procore_media_t;


typedef struct {
    procore_str_t  name;
    procore_str_t  value;      /* of a quoted one, what is between the quotes */
    unsigned       quoted:1;
    unsigned       padded:1;   /* a blank follows the value */
} procore_media_param_t;


/*
 * Splits off type and subtype, names by RFC 6838, section 4.2.  Blanks around
 * "text" do not count; a tab or any other control character, a comma, and a
 * byte beyond ASCII make it malformed.  Everything points into "text".
 * Returns PROCORE_OK or PROCORE_MALFORMED.
 */

int procore_media_parse(const procore_str_t *text, procore_media_t *media);

/*
 * Steps to the next parameter; empty ones (";;") are passed over.  A value
 * without quotes may hold every visible character but the quote, backslash
 * and semicolon, for boundaries are sent so.
 * Returns PROCORE_OK, PROCORE_NOT_FOUND at the end, or PROCORE_MALFORMED.
 */

int procore_media_param(procore_media_t *media, procore_media_param_t *param);

/*
 * Is the text the given one, which is in lower case, in any case of ASCII
 * letters?  And does it end so?  Both return 1 or 0.
 */

int procore_text_is(const procore_str_t *text, const char *lower);
int procore_text_ends(const procore_str_t *text, const char *lower);

/* Is "c" a character of a token (RFC 9110, section 5.6.2)?  1 or 0. */

int procore_token_char(unsigned char c);


#endif /* PROCORE_MEDIA_H */

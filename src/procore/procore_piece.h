
/*
 * A short text of a JSON document that may come in pieces: a member's name or
 * an id.
 */


#ifndef PROCORE_PIECE_H
#define PROCORE_PIECE_H


#include <string.h>

#include "../policy/procore_id.h"


/* Longer than every name and every id that is looked for. */

#define PROCORE_PIECE_SIZE  24


typedef struct {
    size_t         len;      /* above PROCORE_PIECE_SIZE: too long to matter */
    unsigned char  text[PROCORE_PIECE_SIZE];
} procore_piece_t;


static inline void
procore_piece_add(procore_piece_t *piece, const procore_str_t *text)
{
    if (piece->len > PROCORE_PIECE_SIZE
        || text->len > PROCORE_PIECE_SIZE - piece->len)
    {
        piece->len = PROCORE_PIECE_SIZE + 1;
        return;
    }

    if (text->len != 0) {
        memcpy(piece->text + piece->len, text->data, text->len);
        piece->len += text->len;
    }
}


/* Is it this text?  Returns 1 or 0. */

static inline int
procore_piece_is(const procore_piece_t *piece, const char *text)
{
    return piece->len == strlen(text)
           && memcmp(piece->text, text, piece->len) == 0;
}


/* Reads a canonical id.  Returns 1 and sets *id, or 0. */

static inline int
procore_piece_id(const procore_piece_t *piece, uint64_t *id)
{
    return piece->len <= PROCORE_PIECE_SIZE
           && procore_id_classify(piece->text, piece->len, id)
              == PROCORE_ID_NUMBER;
}


#endif /* PROCORE_PIECE_H */


/*
 * Memory for "check": what grows, and what is given back at once.
 */


#include <stdlib.h>
#include <string.h>

#include "procore_scope_check.h"


/* What a stream is read in. */

#define PROCORE_BYTES_PIECE  65536


struct procore_arena_block_s {
    procore_arena_block_t  *next;
    max_align_t             bytes[];
};


static void *procore_bytes_need(void *memory);


static void *
procore_bytes_need(void *memory)
{
    if (memory == NULL) {
        fputs("procore-scope: no memory\n", stderr);
        exit(PROCORE_SCOPE_FAILED);
    }

    return memory;
}


void *
procore_arena_alloc(void *data, size_t size)
{
    procore_arena_t *arena = data;

    procore_arena_block_t  *block;

    if (size > SIZE_MAX - sizeof(procore_arena_block_t)) {
        return procore_bytes_need(NULL);
    }

    block = procore_bytes_need(malloc(sizeof(procore_arena_block_t) + size));

    block->next = arena->blocks;
    arena->blocks = block;

    return block->bytes;
}


void
procore_arena_free(procore_arena_t *arena)
{
    procore_arena_block_t  *block;

    while (arena->blocks != NULL) {
        block = arena->blocks;
        arena->blocks = block->next;
        free(block);
    }
}


void
procore_bytes_add(procore_bytes_t *bytes, const void *data, size_t len)
{
    size_t  room;

    if (len > bytes->room - bytes->len) {

        if (len > SIZE_MAX / 4 || bytes->room > SIZE_MAX / 4) {
            (void) procore_bytes_need(NULL);
        }

        room = 2 * (bytes->room + len);

        bytes->data = procore_bytes_need(realloc(bytes->data, room));
        bytes->room = room;
    }

    if (len) {
        memcpy(bytes->data + bytes->len, data, len);
        bytes->len += len;
    }
}


void
procore_bytes_text(procore_bytes_t *bytes, const char *text)
{
    procore_bytes_add(bytes, text, strlen(text));
}


int
procore_bytes_read(procore_bytes_t *bytes, FILE *in)
{
    size_t         n;
    unsigned char  piece[PROCORE_BYTES_PIECE];

    do {
        n = fread(piece, 1, sizeof(piece), in);
        procore_bytes_add(bytes, piece, n);

    } while (n != 0);

    return ferror(in) ? -1 : 0;
}


/*
 * Memory of one request, used again for the next one.
 */


#include <stdlib.h>
#include <string.h>

#include "procore_replay.h"


/* Room for most requests at once. */

#define PROCORE_POOL_BLOCK  ((size_t) 64 << 10)


struct procore_pool_block_s {
    procore_pool_block_t  *next;
    size_t                 size;
    size_t                 used;
    max_align_t            data[];
};


static procore_pool_block_t *procore_pool_grow(procore_pool_t *pool,
    size_t size);


void *
procore_pool_alloc(procore_pool_t *pool, size_t size)
{
    void                  *p;
    procore_pool_block_t  *block;

    if (size > PROCORE_POOL_MAX) {
        return NULL;
    }

    size = (size + sizeof(max_align_t) - 1) / sizeof(max_align_t)
           * sizeof(max_align_t);

    for (block = pool->current; block != NULL; block = block->next) {
        if (size <= block->size - block->used) {
            break;
        }
    }

    if (block == NULL) {
        block = procore_pool_grow(pool, size);
        if (block == NULL) {
            return NULL;
        }
    }

    pool->current = block;
    p = (unsigned char *) block->data + block->used;
    block->used += size;

    return p;
}


/* One more block at the end of the list. */

static procore_pool_block_t *
procore_pool_grow(procore_pool_t *pool, size_t size)
{
    procore_pool_block_t  *block, **last;

    if (size < PROCORE_POOL_BLOCK) {
        size = PROCORE_POOL_BLOCK;
    }

    if (size > PROCORE_POOL_MAX - pool->total) {
        return NULL;
    }

    block = malloc(sizeof(procore_pool_block_t) + size);
    if (block == NULL) {
        return NULL;
    }

    block->next = NULL;
    block->size = size;
    block->used = 0;

    pool->total += size;

    for (last = &pool->first; *last != NULL; last = &(*last)->next) {
        /* void */
    }

    *last = block;

    return block;
}


/* What a large request has taken is given back. */

void
procore_pool_reset(procore_pool_t *pool)
{
    procore_pool_block_t  *block, **last;

    last = &pool->first;

    while ((block = *last) != NULL) {

        if (block->size > PROCORE_POOL_BLOCK) {
            *last = block->next;
            pool->total -= block->size;
            free(block);
            continue;
        }

        block->used = 0;
        last = &block->next;
    }

    pool->current = pool->first;
}


void
procore_pool_free(procore_pool_t *pool)
{
    procore_pool_block_t  *block;

    while ((block = pool->first) != NULL) {
        pool->first = block->next;
        free(block);
    }

    pool->current = NULL;
    pool->total = 0;
}


int
procore_pool_copy(procore_pool_t *pool, procore_str_t *to,
    const unsigned char *data, size_t len)
{
    unsigned char  *p;

    /* an empty text is a text, too */

    to->len = 0;
    to->data = (const unsigned char *) "";

    if (len == 0) {
        return PROCORE_OK;
    }

    p = procore_pool_alloc(pool, len);
    if (p == NULL) {
        return PROCORE_ERROR;
    }

    memcpy(p, data, len);
    to->data = p;
    to->len = len;

    return PROCORE_OK;
}

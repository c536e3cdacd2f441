
/*
 * Counters by company, by client and the like, of a bounded number.
 */


#include "ngx_http_procore_scope_stats.h"


/* Bytes of a key that choose its place; the rest is compared. */

#define NGX_HTTP_PROCORE_SCOPE_ROW_HASHED  16


static ngx_http_procore_scope_row_t *ngx_http_procore_scope_rows_probe(
    ngx_http_procore_scope_rows_t *rows, ngx_http_procore_scope_row_key_t *key);
static ngx_http_procore_scope_row_t *ngx_http_procore_scope_rows_make(
    ngx_http_procore_scope_rows_t *rows, ngx_slab_pool_t *pool,
    ngx_http_procore_scope_row_key_t *key, ngx_uint_t max);
static void ngx_http_procore_scope_rows_fill(ngx_http_procore_scope_row_t *row,
    ngx_http_procore_scope_row_key_t *key);


void
ngx_http_procore_scope_rows_count(ngx_http_procore_scope_rows_t *rows,
    ngx_slab_pool_t *pool, ngx_http_procore_scope_row_key_t *key,
    ngx_uint_t max, procore_decision_e decision)
{
    ngx_http_procore_scope_row_t  *row;

    if (key->key.len == 0) {
        (void) ngx_atomic_fetch_add(&rows->none[decision], 1);
        return;
    }

    row = ngx_http_procore_scope_rows_find(rows, key);

    if (row == NULL && !rows->full) {
        row = ngx_http_procore_scope_rows_make(rows, pool, key, max);
    }

    (void) ngx_atomic_fetch_add(row ? &row->counts[decision]
                                    : &rows->other[decision], 1);
}


ngx_http_procore_scope_row_t *
ngx_http_procore_scope_rows_find(ngx_http_procore_scope_rows_t *rows,
    ngx_http_procore_scope_row_key_t *key)
{
    ngx_http_procore_scope_row_t  *row;

    key->key.len = ngx_min(key->key.len, NGX_HTTP_PROCORE_SCOPE_ROW_KEY);

    row = ngx_http_procore_scope_rows_probe(rows, key);

    return row->order ? row : NULL;
}


/* The row with this key, or the free one where it belongs. */

static ngx_http_procore_scope_row_t *
ngx_http_procore_scope_rows_probe(ngx_http_procore_scope_rows_t *rows,
    ngx_http_procore_scope_row_key_t *key)
{
    uint32_t                       i;
    ngx_str_t                      name;
    ngx_http_procore_scope_row_t  *row;

    name = key->key;
    i = ngx_crc32_short(name.data,
                        ngx_min(name.len, NGX_HTTP_PROCORE_SCOPE_ROW_HASHED));

    /* the last ones stay free: a table is at most half full */

    for ( ;; i++) {
        row = &rows->rows[i & (NGX_HTTP_PROCORE_SCOPE_ROW_PLACES - 1)];

        if (row->order == 0) {
            return row;
        }

        if (row->key_len == name.len
            && ngx_memcmp(row->key, name.data, name.len) == 0
            && ngx_memcmp(row->realm_id, key->realm_id, PROCORE_REALM_SIZE)
               == 0)
        {
            return row;
        }
    }
}


static ngx_http_procore_scope_row_t *
ngx_http_procore_scope_rows_make(ngx_http_procore_scope_rows_t *rows,
    ngx_slab_pool_t *pool, ngx_http_procore_scope_row_key_t *key,
    ngx_uint_t max)
{
    ngx_uint_t                     i, n;
    ngx_http_procore_scope_row_t  *row;

    ngx_shmtx_lock(&pool->mutex);

    n = 0;

    for (i = 0; i < NGX_HTTP_PROCORE_SCOPE_ROW_PLACES; i++) {
        n += rows->rows[i].order != 0;
    }

    row = ngx_http_procore_scope_rows_probe(rows, key);

    if (row->order == 0) {

        if (n < max) {
            ngx_http_procore_scope_rows_fill(row, key);

            /* others read a row without the lock once it has a number */

            ngx_memory_barrier();
            row->order = n + 1;

        } else {
            rows->full = 1;
            row = NULL;
        }
    }

    ngx_shmtx_unlock(&pool->mutex);

    return row;
}


static void
ngx_http_procore_scope_rows_fill(ngx_http_procore_scope_row_t *row,
    ngx_http_procore_scope_row_key_t *key)
{
    ngx_memcpy(row->realm_id, key->realm_id, PROCORE_REALM_SIZE);

    /* two long names may have the same beginning */

    if (key->realm->len <= NGX_HTTP_PROCORE_SCOPE_ROW_REALM) {
        row->realm_len = (u_char) key->realm->len;
        ngx_memcpy(row->realm, key->realm->data, row->realm_len);

    } else {
        row->realm_len = 2 * PROCORE_REALM_SIZE;
        (void) ngx_hex_dump(row->realm, key->realm_id, PROCORE_REALM_SIZE);
    }

    row->key_len = (u_char) key->key.len;
    ngx_memcpy(row->key, key->key.data, row->key_len);
}

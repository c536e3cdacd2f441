
/*
 * A token answer that is read stays one when it has been added to, with the
 * same tokens, and names the company.  The name is taken from the answer's end.
 */


#define _GNU_SOURCE    /* memmem() */

#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "../../src/procore/procore_token_amend.h"
#include "../../src/procore/procore_token_answer.h"


#define ANSWER   16384
#define COMPANY  562949953421312

#define must(condition)  do { if (!(condition)) abort(); } while (0)


static int
same(const procore_str_t *one, const procore_str_t *other)
{
    return one->len == other->len
           && (one->len == 0 || memcmp(one->data, other->data, one->len) == 0);
}


static void
compare(const procore_token_answer_t *before, const unsigned char *data,
    size_t len, uint64_t waited)
{
    uint64_t                 left;
    unsigned char           *memory;
    procore_token_answer_t   after;

    memory = malloc(len);
    must(memory != NULL);

    must(procore_token_answer_read(&after, data, len, memory) == PROCORE_OK);

    left = before->expires_in > waited ? before->expires_in - waited : 0;

    must(same(&after.access_token, &before->access_token));
    must(same(&after.refresh_token, &before->refresh_token));
    must(after.created_at == before->created_at);
    must(after.expires_in == left);

    free(memory);
}


static int
members(const cJSON *object, const char *name)
{
    int           n;
    const cJSON  *item;

    n = 0;

    cJSON_ArrayForEach(item, object) {
        n += strcmp(item->string, name) == 0;
    }

    return n;
}


/* A member is added where there is none, and never a second one. */

static void
added(const cJSON *before, const cJSON *after, const char *name)
{
    int  had;

    had = members(before, name);

    must(members(after, name) == (had == 0 ? 1 : had));
}


static void
compare_trees(const uint8_t *data, size_t size, const unsigned char *out,
    size_t out_len, int named)
{
    cJSON  *before, *after;

    before = cJSON_ParseWithLength((const char *) data, size);
    after = cJSON_ParseWithLength((const char *) out, out_len);

    /* cJSON ends texts at a NUL */

    if (before != NULL && after != NULL
        && memmem(data, size, "\\u0000", 6) == NULL)
    {
        added(before, after, "company_id");

        if (named) {
            added(before, after, "company_name");
        }
    }

    cJSON_Delete(before);
    cJSON_Delete(after);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t                   len;
    uint64_t                 waited;
    procore_str_t            name;
    unsigned char           *memory, *out;
    procore_token_answer_t   answer;

    if (size == 0 || size > ANSWER) {
        return 0;
    }

    memory = malloc(size);
    out = malloc(size + PROCORE_TOKEN_AMEND_EXTRA);
    must(memory != NULL && out != NULL);

    name.len = data[size / 2] % size;
    name.data = data + size - name.len;
    waited = size % 7 * 60;

    if (procore_token_answer_read(&answer, data, size, memory) == PROCORE_OK) {
        must(procore_token_amend(data, size, COMPANY, &name, waited, out, &len)
             == PROCORE_OK);
        must(len <= size + PROCORE_TOKEN_AMEND_EXTRA);

        compare(&answer, out, len, waited);
        compare_trees(data, size, out, len, name.len != 0);

    } else if (procore_token_amend(data, size, COMPANY, &name, waited, out,
                                   &len)
               == PROCORE_OK)
    {
        must(len <= size + PROCORE_TOKEN_AMEND_EXTRA);
    }

    free(memory);
    free(out);

    return 0;
}

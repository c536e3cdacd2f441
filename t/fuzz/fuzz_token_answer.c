
/*
 * A token answer that is read says what cJSON says, and says nothing when any
 * part of it is missing.
 */


#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "../../src/procore/procore_token_answer.h"


static int
is_text(const cJSON *item, const procore_str_t *text)
{
    const char  *want;

    want = cJSON_IsString(item) ? item->valuestring : "";

    return text->len == strlen(want)
           && (text->len == 0 || memcmp(text->data, want, text->len) == 0);
}


static int
is_number(const cJSON *item, uint64_t n)
{
    return cJSON_IsNumber(item) ? item->valuedouble == (double) n : n == 0;
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cJSON                   *tree;
    unsigned char           *memory;
    procore_token_answer_t   answer;

    memory = malloc(size + 1);

    if (memory == NULL) {
        abort();
    }

    if (procore_token_answer_read(&answer, data, size, memory) != PROCORE_OK) {
        free(memory);
        return 0;
    }

    tree = cJSON_ParseWithLength((const char *) data, size);

    if (tree != NULL
        && (!is_text(cJSON_GetObjectItemCaseSensitive(tree, "access_token"),
                     &answer.access_token)
            || !is_text(cJSON_GetObjectItemCaseSensitive(tree,
                                                         "refresh_token"),
                        &answer.refresh_token)
            || !is_number(cJSON_GetObjectItemCaseSensitive(tree, "expires_in"),
                          answer.expires_in)
            || !is_number(cJSON_GetObjectItemCaseSensitive(tree, "created_at"),
                          answer.created_at)))
    {
        abort();
    }

    cJSON_Delete(tree);

    while (data[size - 1] != '}') {
        size--;
    }

    if (procore_token_answer_read(&answer, data, size - 1, memory)
        != PROCORE_MALFORMED)
    {
        abort();
    }

    free(memory);

    return 0;
}

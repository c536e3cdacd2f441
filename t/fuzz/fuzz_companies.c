
/*
 * List Companies, element by element: names are those that cJSON finds, and a
 * list that is no UTF-8 can be made so.
 */


#define _GNU_SOURCE    /* memmem() */

#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "../../src/claims/procore_utf8.h"
#include "../../src/procore/procore_company.h"
#include "../../src/procore/procore_list.h"


#define DOCUMENT  4096

#define must(condition)  do { if (!(condition)) abort(); } while (0)


static size_t                  count;
static procore_list_element_t  elements[DOCUMENT];
static procore_list_t          list;


static void
on_element(void *data, const procore_list_element_t *element)
{
    (void) data;

    elements[count++] = *element;
}


/* How many members have that name, and which the last of them is. */

static int
members(const cJSON *object, const char *name, const cJSON **found)
{
    int           n;
    const cJSON  *item;

    n = 0;
    *found = NULL;

    cJSON_ArrayForEach(item, object) {
        if (strcmp(item->string, name) == 0) {
            *found = item;
            n++;
        }
    }

    return n;
}


static void
compare(const unsigned char *data, size_t len, int rc,
    const procore_str_t *name, int active)
{
    cJSON        *tree;
    const char   *want;
    const cJSON  *item, *flag;

    tree = cJSON_ParseWithLength((const char *) data, len);

    /* cJSON ends texts at a NUL */

    if (tree == NULL || memmem(data, len, "\\u0000", 6) != NULL) {
        cJSON_Delete(tree);
        return;
    }

    if (members(tree, "name", &item) > 1
        || members(tree, "is_active", &flag) > 1)
    {
        must(rc == PROCORE_MALFORMED);
        cJSON_Delete(tree);
        return;
    }

    (void) members(tree, "name", &item);
    want = cJSON_IsString(item) ? item->valuestring : "";

    must(rc == PROCORE_OK);
    must(name->len == strlen(want));
    must(memcmp(name->data, want, name->len) == 0);
    must(active == !cJSON_IsFalse(flag));

    cJSON_Delete(tree);
}


static int
read_list(const unsigned char *data, size_t size)
{
    count = 0;

    procore_list_start(&list, 0, on_element, NULL);
    (void) procore_list_feed(&list, data, size);

    return procore_list_end(&list);
}


static void
read_elements(const unsigned char *data)
{
    int                   rc, active;
    size_t                i, len;
    procore_str_t         name;
    unsigned char        *memory;
    const unsigned char  *element;

    for (i = 0; i < count; i++) {
        element = data + elements[i].offset;
        len = (size_t) elements[i].length;

        memory = malloc(len);
        must(memory != NULL);

        rc = procore_company_read(element, len, memory, &name, &active);
        compare(element, len, rc, &name, active);

        free(memory);
    }
}


/* Show User Info is read from the same bytes. */

static void
read_user(const unsigned char *data, size_t size)
{
    int             rc;
    uint64_t        id;
    procore_str_t   login;
    unsigned char  *memory;

    memory = malloc(size);
    must(memory != NULL);

    rc = procore_user_read(data, size, memory, &id, &login);
    must(rc == PROCORE_OK ? id != 0 : id == 0 && login.len == 0);

    free(memory);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int             valid;
    size_t          i;
    unsigned char  *clean;

    if (size == 0 || size > DOCUMENT) {
        return 0;
    }

    read_user(data, size);

    if (read_list(data, size) == PROCORE_OK) {
        read_elements(data);
    }

    clean = malloc(size);
    must(clean != NULL);
    memcpy(clean, data, size);
    procore_company_clean(clean, size);

    for (i = 0; i < size; i += procore_utf8_length(clean + i, size - i,
                                                   &valid))
    {
        (void) procore_utf8_length(clean + i, size - i, &valid);
        must(valid);
    }

    if (read_list(clean, size) == PROCORE_OK) {
        read_elements(clean);
    }

    free(clean);

    return 0;
}

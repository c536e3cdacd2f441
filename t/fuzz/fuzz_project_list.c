
/*
 * Lists of projects and companies: the same however they are split, and the ids
 * are those that cJSON finds.
 */


#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <cjson/cJSON.h>

#include "../../src/procore/procore_company_list.h"
#include "../../src/procore/procore_project_list.h"
#include "fuzz_quote.h"


#define DOCUMENT  4096


typedef struct {
    size_t    count;
    uint64_t  projects[DOCUMENT];
    uint64_t  companies[DOCUMENT];
} record_t;


static record_t                whole, bytes;
static procore_project_list_t  list;
static procore_company_list_t  companies;
static char                    quoted[3 * DOCUMENT];


static void
on_project(void *data, uint64_t project, uint64_t company)
{
    record_t  *rec = data;

    rec->projects[rec->count] = project;
    rec->companies[rec->count] = company;
    rec->count++;
}


static int
read_in_pieces(record_t *rec, const uint8_t *data, size_t size, size_t piece)
{
    size_t  n;

    rec->count = 0;

    procore_project_list_start(&list, on_project, rec);

    while (size != 0) {
        n = size < piece ? size : piece;
        (void) procore_project_list_feed(&list, data, n);
        data += n;
        size -= n;
    }

    return procore_project_list_end(&list);
}


static int
is_id(const cJSON *item, uint64_t id)
{
    char  text[32];

    snprintf(text, sizeof(text), "%" PRIu64, id);

    return cJSON_IsString(item) && strcmp(item->valuestring, text) == 0;
}


static void
compare_with_tree(const uint8_t *data, size_t size)
{
    size_t        i, n;
    cJSON        *tree;
    const cJSON  *item, *company;

    n = fuzz_quote_numbers((const char *) data, size, quoted);
    tree = cJSON_ParseWithLength(quoted, n);

    if (tree == NULL) {
        return;
    }

    i = 0;

    cJSON_ArrayForEach(item, tree) {
        if (i == whole.count) {
            abort();
        }

        if (!cJSON_IsObject(item)) {
            if (!is_id(item, whole.projects[i]) || whole.companies[i] != 0) {
                abort();
            }

        } else {
            company = cJSON_GetObjectItemCaseSensitive(item, "company");

            if (!is_id(cJSON_GetObjectItemCaseSensitive(item, "id"),
                       whole.projects[i])
                || (whole.companies[i] != 0
                    && !is_id(cJSON_GetObjectItemCaseSensitive(company, "id"),
                              whole.companies[i])))
            {
                abort();
            }
        }

        i++;
    }

    if (i != whole.count) {
        abort();
    }

    cJSON_Delete(tree);
}


/* The element that is found is an object by itself, with that id. */

static void
find_company(const uint8_t *data, size_t size, uint64_t id)
{
    size_t         n;
    cJSON         *element;
    procore_str_t  found;

    procore_company_list_start(&companies, id);
    (void) procore_company_list_feed(&companies, data, size / 2);
    (void) procore_company_list_feed(&companies, data + size / 2,
                                     size - size / 2);

    if (procore_company_list_end(&companies) != PROCORE_OK
        || companies.offset > size
        || companies.length > size - companies.offset)
    {
        abort();
    }

    found.data = data + companies.offset;
    found.len = companies.length;

    if (found.data[0] != '{' || found.data[found.len - 1] != '}') {
        abort();
    }

    n = fuzz_quote_numbers((const char *) found.data, found.len, quoted);
    element = cJSON_ParseWithLength(quoted, n);

    if (element != NULL
        && !is_id(cJSON_GetObjectItemCaseSensitive(element, "id"), id))
    {
        abort();
    }

    cJSON_Delete(element);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int  rc;

    if (size > DOCUMENT) {
        return 0;
    }

    rc = read_in_pieces(&whole, data, size, size ? size : 1);

    if (rc != read_in_pieces(&bytes, data, size, 1)
        || whole.count != bytes.count
        || memcmp(whole.projects, bytes.projects,
                  whole.count * sizeof(uint64_t)) != 0
        || memcmp(whole.companies, bytes.companies,
                  whole.count * sizeof(uint64_t)) != 0)
    {
        abort();
    }

    if (rc != PROCORE_OK) {
        return 0;
    }

    compare_with_tree(data, size);

    if (list.shape == PROCORE_PROJECT_LIST_OBJECTS) {
        find_company(data, size, whole.projects[whole.count - 1]);
    }

    return 0;
}

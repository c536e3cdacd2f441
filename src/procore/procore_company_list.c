
#include "procore_company_list.h"


static void
procore_company_list_element(void *data, const procore_list_element_t *element)
{
    procore_company_list_t  *list = data;

    list->count++;

    if (element->id == list->wanted && list->length == 0) {
        list->offset = element->offset;
        list->length = element->length;
    }
}


void
procore_company_list_start(procore_company_list_t *list, uint64_t wanted)
{
    list->wanted = wanted;
    list->count = 0;
    list->offset = 0;
    list->length = 0;

    procore_list_start(&list->list, 0, procore_company_list_element, list);
}


int
procore_company_list_feed(procore_company_list_t *list,
    const unsigned char *data, size_t len)
{
    return procore_list_feed(&list->list, data, len);
}


int
procore_company_list_end(procore_company_list_t *list)
{
    int  rc;

    rc = procore_list_end(&list->list);

    if (rc == PROCORE_OK && list->length == 0) {
        return PROCORE_NOT_FOUND;
    }

    return rc;
}


#include "procore_project_list.h"


static void
procore_project_list_element(void *data, const procore_list_element_t *element)
{
    procore_project_list_t  *list = data;

    list->shape = element->length == 0 ? PROCORE_PROJECT_LIST_IDS
                                       : PROCORE_PROJECT_LIST_OBJECTS;
    list->count++;

    list->callback(list->data, element->id, element->company);
}


void
procore_project_list_start(procore_project_list_t *list,
    procore_project_list_pt callback, void *data)
{
    list->callback = callback;
    list->data = data;
    list->shape = PROCORE_PROJECT_LIST_EMPTY;
    list->count = 0;

    procore_list_start(&list->list, 1, procore_project_list_element, list);
}


int
procore_project_list_feed(procore_project_list_t *list,
    const unsigned char *data, size_t len)
{
    return procore_list_feed(&list->list, data, len);
}


int
procore_project_list_end(procore_project_list_t *list)
{
    return procore_list_end(&list->list);
}


/*
 * A connection's bytes: requests as nginx reads them, and the decision about
 * each.  Memory has exactly the sizes that are promised.
 */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../src/judge/procore_check.h"


#define BLOCKS  4096


static void   *blocks[BLOCKS];
static size_t  nblocks;


static void *
give(void *data, size_t size)
{
    (void) data;

    if (nblocks == BLOCKS) {
        return NULL;
    }

    blocks[nblocks] = malloc(size);

    return blocks[nblocks++];
}


static int
owner(void *data, uint64_t project, procore_judge_owner_t *found)
{
    (void) data;

    memset(found, 0, sizeof(procore_judge_owner_t));
    found->company = project % 3;

    return found->company ? PROCORE_OK : PROCORE_NOT_FOUND;
}


static void
token(void *data, const procore_str_t *bearer, procore_check_token_t *found)
{
    (void) data;

    found->binding = bearer->len % 2 ? PROCORE_BINDING_BOUND
                                     : PROCORE_BINDING_UNBOUND;
    found->company = 1;
}


static void
judge(procore_request_t *request, const uint8_t *data, size_t size)
{
    procore_judge_t             state;
    procore_check_e             rc;
    procore_settings_t          settings;
    procore_decision_e          decision;
    const procore_check_calls_t calls = { { give, owner, NULL }, token };

    procore_settings_init(&settings, give, NULL);
    settings.lookup = size && data[size - 1] & 1;
    settings.first_use = size && data[size - 1] & 2;
    settings.oauth = 1;

    rc = procore_check(&state, &settings, request, &calls, NULL, 0, &decision);

    if ((rc == PROCORE_CHECK_DECIDED) != (decision != PROCORE_DECISION_NONE)
        || (rc == PROCORE_CHECK_ANSWERED) != (request->status != 0)
        || (decision == PROCORE_DECISION_DENY
            && procore_reasons[state.reason].status == 0))
    {
        abort();
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t                    used, left;
    const uint8_t            *p;
    unsigned char            *room;
    static procore_request_t  request;

    for (p = data, left = size; left; p += used, left -= used) {

        room = malloc(left + 1);

        if (room == NULL) {
            abort();
        }

        if (procore_request_read(&request, p, left, room, &used) != PROCORE_OK)
        {
            free(room);
            break;
        }

        if (used == 0 || used > left) {
            abort();
        }

        judge(&request, data, size);
        free(room);

        if (request.status || !request.complete) {
            break;
        }
    }

    while (nblocks) {
        free(blocks[--nblocks]);
    }

    return 0;
}

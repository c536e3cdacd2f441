
/*
 * How many families each client has.
 */


#include <string.h>

#include "procore_crc32c.h"
#include "procore_store_list.h"


/* The client's entry, a new one if need be, or that of all others. */

static procore_tally_client_t *
procore_tally_find(procore_tally_t *tally, const unsigned char *client,
    unsigned char len)
{
    uint32_t                 slot;
    procore_tally_client_t  *entry;

    /* there are twice as many slots as clients, so that one is free */

    for (slot = procore_crc32c(0, client, len) % PROCORE_TALLY_SLOTS;
         tally->slots[slot] != 0;
         slot = (slot + 1) % PROCORE_TALLY_SLOTS)
    {
        entry = &tally->clients[tally->slots[slot] - 1];

        if (entry->client_len == len
            && memcmp(entry->client, client, len) == 0)
        {
            return entry;
        }
    }

    if (tally->n == PROCORE_TALLY_MAX) {
        return &tally->other;
    }

    entry = &tally->clients[tally->n++];
    tally->slots[slot] = (uint16_t) tally->n;

    entry->client_len = len;
    memcpy(entry->client, client, len);

    return entry;
}


void
procore_tally_add(procore_tally_t *tally,
    const procore_listed_family_t *family)
{
    procore_tally_client_t  *entry;

    entry = procore_tally_find(tally, family->client, family->client_len);

    entry->families[family->state]++;
}


void
procore_tally_pause(procore_tally_t *tally,
    const procore_listed_paused_t *paused)
{
    procore_tally_client_t  *entry;

    entry = procore_tally_find(tally, paused->client, paused->client_len);

    /* the entry of a pause may be damaged: then it has no time */

    entry->paused_at = paused->paused_at ? paused->paused_at : 1;
}

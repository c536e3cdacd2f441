
/*
 * How large the store is, as the library counts it: nothing is walked.
 */


#include "procore_store_internal.h"


int
procore_store_stat(procore_store_t *store, procore_store_stat_t *stat)
{
    unsigned     i;
    MDB_stat     entries;
    MDB_envinfo  info;

    static const struct {
        procore_db_e  db;
        size_t        offset;
    } counts[] = {
        { PROCORE_DB_TOKEN, offsetof(procore_store_stat_t, tokens) },
        { PROCORE_DB_FAMILY, offsetof(procore_store_stat_t, families) },
        { PROCORE_DB_PROJECT, offsetof(procore_store_stat_t, projects) },
        { PROCORE_DB_SEALED, offsetof(procore_store_stat_t, sealed) },
        { PROCORE_DB_LINK, offsetof(procore_store_stat_t, links) }
    };

    if (mdb_env_info(store->env, &info) != 0) {
        return PROCORE_ERROR;
    }

    stat->bytes = ((uint64_t) info.me_last_pgno + 1) * store->page;
    stat->limit = store->size;

    for (i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {

        entries.ms_entries = 0;

        if (store->dbi[counts[i].db] != 0
            && mdb_stat(store->snapshot, store->dbi[counts[i].db], &entries)
               != 0)
        {
            return PROCORE_ERROR;
        }

        *(uint64_t *) (void *) ((char *) stat + counts[i].offset) =
                                                          entries.ms_entries;
    }

    return PROCORE_OK;
}

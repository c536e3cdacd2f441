
/*
 * What the tests of the report share: requests, and the rows that they leave.
 */


#ifndef PROCORE_REPORT_FIXTURE_H
#define PROCORE_REPORT_FIXTURE_H


#include "store_fixture.h"
#include "../../src/report/procore_report_count.h"
#include "../../src/store/procore_report_record.h"


static procore_report_count_t  fixture_count;


static inline procore_str_t
fixture_text(const char *text)
{
    procore_str_t  str;

    str.data = (const unsigned char *) text;
    str.len = strlen(text);

    return str;
}


/* A request of a client's user number "user" ("user" 0: no token). */

static inline procore_report_seen_t
fixture_seen(const char *client, uint64_t user)
{
    static unsigned char   id[PROCORE_REPORT_USER_ID];
    procore_report_seen_t  seen;

    memset(&seen, 0, sizeof(seen));
    memcpy(id, &user, sizeof(id));

    seen.realm = (const unsigned char *) "\1\2\3\4";
    seen.realm_name = fixture_text("production");
    seen.client = fixture_text(client);
    seen.kind = user ? PROCORE_REPORT_FAMILY : PROCORE_REPORT_NO_TOKEN;
    seen.user = id;
    seen.now = (uint64_t) FIXTURE_NOW * 1000;
    seen.example = fixture_text("0123456789abcdef0123456789abcdef");

    return seen;
}


/* Counts a request that names "company" in the query (0: none). */

static inline int
fixture_name(procore_report_seen_t *seen, uint64_t company)
{
    procore_report_named_t  named;

    seen->named = &named;
    seen->nnamed = 0;

    if (company != 0) {
        seen->nnamed = procore_report_name(&named, 0, 1, company,
                                           PROCORE_IN_QUERY, 0, 0);
    }

    return procore_report_count(&fixture_count, seen);
}


/* Writes what was counted, and starts anew. */

static inline int
fixture_flush(procore_store_t *store, uint64_t now)
{
    int                 rc;
    procore_store_op_t  op;

    op = fixture_op(PROCORE_STORE_REPORT, 0, 0, 0, 0);
    op.now = now;
    op.report = &fixture_count.batch;

    rc = fixture_write(store, &op);

    procore_report_count_init(&fixture_count);

    return rc;
}


/*
 * Row number "n" of a kind (from 0 on), in the order of the report; returns how
 * many of that kind there are.
 */

static inline size_t
fixture_row(procore_store_t *store, procore_report_row_e type, size_t n,
    procore_report_row_t *row)
{
    int                     rc;
    size_t                  found;
    procore_report_row_t    next;
    procore_report_place_t  place;

    memset(&place, 0, sizeof(place));
    memset(row, 0, sizeof(procore_report_row_t));
    found = 0;

    if (procore_store_begin(store) != PROCORE_OK) {
        exit(1);
    }

    do {
        memset(&next, 0, sizeof(next));
        rc = procore_store_report_next(store, &place, &next);

        if (rc == PROCORE_OK && next.type == type && found++ == n) {
            *row = next;
        }

    } while (rc == PROCORE_OK || rc == PROCORE_CORRUPT);

    procore_store_end(store);

    return rc == PROCORE_NOT_FOUND ? found : 0;
}


#endif /* PROCORE_REPORT_FIXTURE_H */

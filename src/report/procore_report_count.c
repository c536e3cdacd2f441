
/*
 * Counting for the would-be-install report.
 */


#include <string.h>

#include "procore_report_count.h"


/* 2^64 divided by the golden ratio, odd: spreads what differs in few bits. */

#define PROCORE_REPORT_SPREAD  0x9e3779b97f4a7c15u

#define procore_report_due(n, room)  ((n) >= (room) / 4 * 3)


void
procore_report_count_init(procore_report_count_t *count)
{
    /* the arrays are written before they are read */

    memset(count->by_client, 0, sizeof(count->by_client));
    memset(count->by_user, 0, sizeof(count->by_user));
    memset(count->by_naming, 0, sizeof(count->by_naming));

    count->batch.clients = count->clients;
    count->batch.nclients = 0;
    count->batch.users = count->users;
    count->batch.nusers = 0;
    count->batch.namings = count->namings;
    count->batch.nnamings = 0;
    count->batch.lost = 0;
}


int
procore_report_count_empty(const procore_report_count_t *count)
{
    return count->batch.nclients == 0 && count->batch.lost == 0;
}


int
procore_report_count_due(const procore_report_count_t *count)
{
    return procore_report_due(count->batch.nclients,
                              PROCORE_REPORT_COUNT_CLIENTS)
           || procore_report_due(count->batch.nusers,
                                 PROCORE_REPORT_COUNT_USERS)
           || procore_report_due(count->batch.nnamings,
                                 PROCORE_REPORT_COUNT_NAMINGS);
}


static size_t
procore_report_hash(uint64_t a, uint64_t b, size_t size)
{
    uint64_t  h;

    h = (a ^ b * PROCORE_REPORT_SPREAD) * PROCORE_REPORT_SPREAD;

    return (size_t) (h >> 32) & (size - 1);
}


/* At most 8 bytes from the end of a text. */

static uint64_t
procore_report_word(const unsigned char *data, size_t len)
{
    uint64_t  word;

    word = len;

    if (len >= sizeof(word)) {
        memcpy(&word, data + len - sizeof(word), sizeof(word));

    } else if (len != 0) {
        memcpy(&word, data, len);
    }

    return word;
}


static int
procore_report_same_client(const procore_report_client_t *client,
    const procore_report_seen_t *seen)
{
    return client->client_len == seen->client.len
           && memcmp(client->realm, seen->realm, PROCORE_REALM_SIZE) == 0
           && (seen->client.len == 0
               || memcmp(client->client, seen->client.data, seen->client.len)
                  == 0);
}


/*
 * Here and not where the batch is written: that is a thread, and what a thread
 * keeps for its digests is freed by code that may have been unloaded when it
 * ends.
 */

static int
procore_report_client_id(procore_report_client_t *client)
{
    unsigned char  digest[PROCORE_DIGEST_SIZE];

    if (client->client_len == 0) {
        memset(client->id, 0, PROCORE_REPORT_CLIENT_ID);
        return PROCORE_OK;
    }

    if (procore_digest_token(client->realm, client->client, client->client_len,
                             digest)
        != PROCORE_OK)
    {
        return PROCORE_ERROR;
    }

    memcpy(client->id, digest, PROCORE_REPORT_CLIENT_ID);

    return PROCORE_OK;
}


/* The client's entry, made where there is none; NULL: it cannot be made. */

static procore_report_client_t *
procore_report_find_client(procore_report_count_t *count,
    const procore_report_seen_t *seen)
{
    size_t                    i;
    procore_report_client_t  *client;

    i = procore_report_hash(procore_report_word(seen->client.data,
                                                seen->client.len),
                            seen->client.len, PROCORE_REPORT_COUNT_FEW);

    while (count->by_client[i] != 0) {
        client = &count->clients[count->by_client[i] - 1];

        if (procore_report_same_client(client, seen)) {
            return client;
        }

        i = (i + 1) % PROCORE_REPORT_COUNT_FEW;
    }

    if (count->batch.nclients == PROCORE_REPORT_COUNT_CLIENTS) {
        return NULL;
    }

    client = &count->clients[count->batch.nclients];

    memset(client, 0, sizeof(procore_report_client_t));

    memcpy(client->realm, seen->realm, PROCORE_REALM_SIZE);
    client->realm_name = seen->realm_name;
    client->client_len = (unsigned char) seen->client.len;

    if (seen->client.len != 0) {
        memcpy(client->client, seen->client.data, seen->client.len);
    }

    client->first = seen->now / 1000;

    if (procore_report_client_id(client) != PROCORE_OK) {
        return NULL;
    }

    count->by_client[i] = (uint16_t) ++count->batch.nclients;

    return client;
}


static procore_report_user_t *
procore_report_find_user(procore_report_count_t *count,
    const procore_report_seen_t *seen, uint32_t owner)
{
    size_t                  i;
    unsigned char           id[PROCORE_REPORT_USER_ID];
    procore_report_user_t  *user;

    memset(id, 0, sizeof(id));

    if (seen->kind != PROCORE_REPORT_NO_TOKEN) {
        memcpy(id, seen->user, sizeof(id));
    }

    i = procore_report_hash(procore_report_word(id, sizeof(id)), owner,
                            PROCORE_REPORT_COUNT_MANY);

    while (count->by_user[i] != 0) {
        user = &count->users[count->by_user[i] - 1];

        if (user->owner == owner && user->kind == seen->kind
            && memcmp(user->id, id, sizeof(id)) == 0)
        {
            return user;
        }

        i = (i + 1) % PROCORE_REPORT_COUNT_MANY;
    }

    if (count->batch.nusers == PROCORE_REPORT_COUNT_USERS) {
        return NULL;
    }

    user = &count->users[count->batch.nusers++];
    count->by_user[i] = (uint16_t) count->batch.nusers;

    memset(user, 0, sizeof(procore_report_user_t));

    user->owner = owner;
    user->kind = seen->kind;
    memcpy(user->id, id, sizeof(id));
    user->first = seen->now / 1000;

    return user;
}


/* There is room: the caller has looked. */

static procore_report_naming_t *
procore_report_find_naming(procore_report_count_t *count, uint32_t owner,
    uint64_t company, uint64_t now)
{
    size_t                    i;
    procore_report_user_t    *user;
    procore_report_naming_t  *naming;

    i = procore_report_hash(company, owner, PROCORE_REPORT_COUNT_MANY);

    while (count->by_naming[i] != 0) {
        naming = &count->namings[count->by_naming[i] - 1];

        if (naming->owner == owner && naming->company == company) {
            return naming;
        }

        i = (i + 1) % PROCORE_REPORT_COUNT_MANY;
    }

    naming = &count->namings[count->batch.nnamings++];
    count->by_naming[i] = (uint16_t) count->batch.nnamings;

    memset(naming, 0, sizeof(procore_report_naming_t));

    naming->owner = owner;
    naming->company = company;
    naming->first = now / 1000;

    /* in the order in which they were named, should a bound cut them off */

    user = &count->users[owner];

    if (user->tail != 0) {
        count->namings[user->tail - 1].next = (uint32_t) count->batch.nnamings;

    } else {
        user->head = (uint32_t) count->batch.nnamings;
    }

    user->tail = (uint32_t) count->batch.nnamings;

    return naming;
}


static void
procore_report_count_naming(procore_report_naming_t *naming,
    const procore_report_named_t *named, const procore_report_seen_t *seen)
{
    unsigned  i;

    naming->last = seen->now / 1000;

    if (named->excepted && !seen->prevented) {
        naming->excepted++;

    } else if (seen->prevented) {
        naming->prevented++;

    } else {
        naming->passed++;
    }

    for (i = 0; i < PROCORE_REPORT_CARRIERS; i++) {
        naming->carriers[i] += named->carriers >> i & 1;
    }

    naming->projects += named->project;

    if (seen->example.len != 0) {
        naming->example_len = seen->example.len < PROCORE_REPORT_EXAMPLE
                              ? seen->example.len & 0xff
                              : PROCORE_REPORT_EXAMPLE;
        memcpy(naming->example, seen->example.data, naming->example_len);
    }
}


static void
procore_report_count_client(procore_report_client_t *client,
    const procore_report_seen_t *seen)
{
    client->last = seen->now / 1000;

    if (seen->unauthorized) {
        client->unauthorized++;
        return;
    }

    client->requests++;
    client->unknown += seen->unknown;

    if (seen->unbound) {
        client->unbound++;
        client->last_unbound = client->last;
        client->since = 0;

    } else {
        client->since++;
    }
}


static void
procore_report_count_user(procore_report_user_t *user,
    const procore_report_seen_t *seen)
{
    size_t  i;

    user->last = seen->now / 1000;
    user->requests++;
    user->unbound += seen->unbound;

    if (seen->person != 0) {
        user->person = seen->person;
    }

    if (seen->bound != 0) {
        user->bound = 1;
        user->home = seen->bound;
        return;
    }

    for (i = 0; i < seen->nnamed && user->home == 0; i++) {
        if (seen->named[i].company != PROCORE_REPORT_ALIAS
            && seen->named[i].company != PROCORE_REPORT_REST)
        {
            user->home = seen->named[i].company;
            user->home_at = seen->now;
        }
    }
}


int
procore_report_count(procore_report_count_t *count,
    const procore_report_seen_t *seen)
{
    size_t                    i;
    uint32_t                  owner;
    procore_report_user_t    *user;
    procore_report_client_t  *client;
    procore_report_naming_t  *naming;

    client = NULL;
    user = NULL;

    /* all of a request or nothing of it */

    if (seen->nnamed <= PROCORE_REPORT_COUNT_NAMINGS - count->batch.nnamings
        && count->batch.nusers < PROCORE_REPORT_COUNT_USERS)
    {
        client = procore_report_find_client(count, seen);
    }

    if (client != NULL && !seen->unauthorized) {
        user = procore_report_find_user(count, seen,
                                        (uint32_t) (client - count->clients));
    }

    if (client == NULL || (user == NULL && !seen->unauthorized)) {
        count->batch.lost++;
        return PROCORE_FULL;
    }

    procore_report_count_client(client, seen);

    if (user == NULL) {
        return PROCORE_OK;
    }

    procore_report_count_user(user, seen);
    owner = (uint32_t) (user - count->users);

    for (i = 0; i < seen->nnamed; i++) {

        if (seen->named[i].company == seen->bound
            && seen->bound != PROCORE_REPORT_ALIAS)
        {
            continue;
        }

        naming = procore_report_find_naming(count, owner,
                                            seen->named[i].company, seen->now);
        procore_report_count_naming(naming, &seen->named[i], seen);
    }

    return PROCORE_OK;
}


static size_t
procore_report_find_named(const procore_report_named_t *named, size_t n,
    uint64_t company)
{
    size_t  i;

    for (i = 0; i < n && named[i].company != company; i++) { /* void */ }

    return i;
}


int
procore_report_is_named(const procore_report_named_t *named, size_t n,
    uint64_t company)
{
    return procore_report_find_named(named, n, company) < n;
}


size_t
procore_report_name(procore_report_named_t *named, size_t n, size_t max,
    uint64_t company, procore_carrier_e carrier, unsigned project,
    unsigned excepted)
{
    size_t  i;

    /* a list that has run over is not searched: a body can name thousands */

    i = n == max && named[n - 1].company == PROCORE_REPORT_REST
        ? n - 1 : procore_report_find_named(named, n, company);

    if (i == n) {

        if (n == max) {
            i = n - 1;
            company = PROCORE_REPORT_REST;

        } else {
            n++;
        }

        named[i].company = company;
        named[i].carriers = 0;
        named[i].project = 0;
        named[i].excepted = 1;
    }

    named[i].carriers |= 1u << carrier & 0xf;
    named[i].project |= project & 1;
    named[i].excepted &= excepted & 1;

    return n;
}

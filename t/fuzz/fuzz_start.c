
/*
 * The query of an authorization request: what is accepted stays so when the
 * gateway has put its own parameters in, and every other one is as it was.  A
 * redirect URI that is accepted can be redirected to.
 */


#include <stdlib.h>
#include <string.h>

#include "../../src/relay/procore_start.h"


#define QUERY  8192

#define must(condition)  do { if (!(condition)) abort(); } while (0)


static const procore_str_t  callback = procore_str("https://gw.example/cb?a&b");
static const procore_str_t  state = procore_str("0af1+%&");
static const procore_str_t  challenge =
    procore_str("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");


static int
same(const procore_str_t *one, const procore_str_t *other)
{
    return one->len == other->len
           && (one->len == 0 || memcmp(one->data, other->data, one->len) == 0);
}


static int
digit(unsigned char c)
{
    return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
}


/* The next piece that is not empty, and whether the gateway replaces it. */

static int
next(procore_str_t *rest, procore_str_t *piece, int *replaced)
{
    size_t         i, n;
    char           name[QUERY];
    unsigned char  c;

    static const char *const  names[] = {
        "redirect_uri", "state", "code_challenge", "code_challenge_method",
        "company_id", "response_mode"
    };

    do {
        if (rest->len == 0) {
            return 0;
        }

        for (n = 0; n < rest->len && rest->data[n] != '&'; n++) {
            /* void */
        }

        piece->data = rest->data;
        piece->len = n;

        rest->data += n + (n < rest->len);
        rest->len -= n + (n < rest->len);

    } while (n == 0);

    for (i = 0, n = 0; i < piece->len && piece->data[i] != '='; i++) {
        c = piece->data[i];

        if (c == '%') {
            c = (unsigned char) (digit(piece->data[i + 1]) << 4
                                 | digit(piece->data[i + 2]));
            i += 2;
        }

        name[n++] = (char) c;
    }

    name[n] = '\0';
    *replaced = 0;

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        *replaced |= strcmp(name, names[i]) == 0;
    }

    return 1;
}


static int
next_other(procore_str_t *rest, procore_str_t *piece)
{
    int  found, replaced;

    do {
        found = next(rest, piece, &replaced);
    } while (found && replaced);

    return found;
}


static void
others_stay(procore_str_t one, procore_str_t other)
{
    int            found;
    procore_str_t  piece, again;

    do {
        found = next_other(&one, &piece);

        must(found == next_other(&other, &again));
        must(!found || same(&piece, &again));

    } while (found);
}


static void
write_and_read(const procore_start_t *start, const procore_str_t *query,
    const procore_str_t *own)
{
    procore_out_t     out = { NULL, 0, 0 };
    procore_str_t     written;
    unsigned char    *data, *memory;
    procore_start_t   again;

    procore_start_write(&out, query->data, query->len, &callback, &state, own);

    data = malloc(out.len);
    memory = malloc(out.len);

    must(data != NULL && memory != NULL);

    out.data = data;
    out.size = out.len;
    out.len = 0;

    procore_start_write(&out, query->data, query->len, &callback, &state, own);
    must(out.len == out.size);

    procore_start_read(&again, data, out.len, memory);

    must(again.result == PROCORE_START_OK);
    must(same(&again.client, &start->client));
    must(same(&again.redirect_uri, &callback));
    must(same(&again.state, &state));
    must(same(&again.challenge, own));
    must(again.company == 0);

    written.data = data;
    written.len = out.len;
    others_stay(*query, written);

    free(data);
    free(memory);
}


static void
redirect(const procore_str_t *uri)
{
    size_t                   i;
    procore_out_t            out = { NULL, 0, 0 };
    procore_str_t            host;
    unsigned char            data[8 * QUERY];
    procore_redirect_pair_t  pair;

    must(procore_redirect_same(uri, uri));

    procore_redirect_host(uri, &host);
    must(host.len <= uri->len);

    if (procore_redirect_refused(uri) != NULL) {
        return;
    }

    must(host.len != 0 || procore_redirect_oob(uri));

    pair.name = "state";
    pair.value = *uri;

    out.data = data;
    out.size = sizeof(data);
    procore_redirect_write(&out, uri, &pair, 1);

    must(out.len <= out.size && memcmp(data, uri->data, uri->len) == 0);

    for (i = 0; i < out.len; i++) {
        must(data[i] > ' ' && data[i] <= '~' && data[i] != '#');
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int               rc;
    procore_str_t     query, value, none = { 0, NULL };
    unsigned char    *memory, *more;
    procore_start_t   start;

    if (size > QUERY) {
        return 0;
    }

    memory = malloc(size + 1);
    more = malloc(size + 1);

    must(memory != NULL && more != NULL);

    query.data = data;
    query.len = size;

    procore_start_read(&start, data, size, memory);
    rc = procore_start_param(data, size, "client_id", more, &value);

    must(rc != PROCORE_NOT_FOUND || start.result == PROCORE_START_NO_CLIENT);
    must(rc != PROCORE_CONFLICT || start.result == PROCORE_START_QUERY
         || start.result == PROCORE_START_CLIENT);

    if (start.redirect_uri.len != 0) {
        redirect(&start.redirect_uri);
    }

    if (start.result == PROCORE_START_OK) {
        must(rc == PROCORE_OK && same(&value, &start.client));

        write_and_read(&start, &query, &challenge);
        write_and_read(&start, &query, &none);
    }

    free(memory);
    free(more);

    return 0;
}

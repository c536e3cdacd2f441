
/*
 * The header Cookie, and the bytes of an authorization: nothing that was not
 * sealed here opens, and what can be unpacked is what was packed.
 */


#include <stdlib.h>
#include <string.h>

#include "../../src/relay/procore_cookie.h"


#define HEADER  8192

#define must(condition)  do { if (!(condition)) abort(); } while (0)


static const unsigned char  key[PROCORE_SEAL_KEY] = "key";
static const unsigned char  scope[PROCORE_RELAY_SCOPE] = "scope";


static void
walk(const uint8_t *data, size_t size, int secure)
{
    procore_str_t         rest, name, value;
    unsigned char         id[PROCORE_RELAY_ID], own[PROCORE_COOKIE_NAME];
    unsigned char        *memory;
    procore_str_t         digits;
    procore_relay_t       relay;
    const unsigned char  *from;

    rest.data = data;
    rest.len = size;
    from = data;

    while (procore_cookie_next(&rest, secure, &name, &value) == PROCORE_OK) {

        must(name.data >= from && value.data == name.data + name.len + 1);
        must(value.data + value.len <= rest.data);
        must(rest.data + rest.len == data + size);

        from = rest.data;

        digits.data = name.data + name.len - 12;
        digits.len = 12;

        memset(id, 0, sizeof(id));
        must(procore_hex_read(&digits, id, 6) == PROCORE_OK);
        must(procore_cookie_name(id, secure, own) == name.len);
        must(memcmp(own, name.data, name.len) == 0);

        memory = malloc(value.len + 1);
        must(memory != NULL);
        must(procore_cookie_open(key, scope, secure, id, &value, memory,
                                 &relay)
             == PROCORE_MALFORMED);
        free(memory);
    }

    must(rest.len == 0);
}


static void
companies(const procore_relay_t *relay)
{
    uint64_t        id;
    procore_str_t   list, name;
    unsigned char  *again, *p;

    again = malloc(relay->companies.len + 1);
    must(again != NULL);

    p = again;
    list = relay->companies;

    while (procore_relay_company_next(&list, &id, &name) == PROCORE_OK) {
        p = procore_relay_company_write(p, id, &name);
    }

    must((size_t) (p - again) + list.len == relay->companies.len);
    must(memcmp(again, relay->companies.data, (size_t) (p - again)) == 0);

    free(again);
}


static void
seal_and_open(const procore_relay_t *relay, const uint8_t *data, size_t size,
    int secure)
{
    int               rc;
    procore_out_t     out;
    procore_str_t     value;
    unsigned char     text[PROCORE_RELAY_COOKIE_MAX], *memory, *packed;
    procore_relay_t   again;

    out.data = text;
    out.size = sizeof(text);
    out.len = 0;

    memory = malloc(procore_cookie_memory(relay));
    must(memory != NULL);
    rc = procore_cookie_seal(key, scope, secure, relay, memory, &out);
    free(memory);

    if (rc == PROCORE_TOO_LARGE) {
        must(size > PROCORE_RELAY_COOKIE_MAX / 2);
        return;
    }

    must(rc == PROCORE_OK && out.len < sizeof(text));

    value.data = text;
    value.len = out.len;

    memory = malloc(value.len);
    packed = malloc(size);
    must(memory != NULL && packed != NULL);

    must(procore_cookie_open(key, scope, secure, relay->id, &value, memory,
                             &again)
         == PROCORE_OK);
    must(procore_relay_size(&again) == size);

    procore_relay_pack(&again, packed);
    must(memcmp(packed, data, size) == 0);

    free(memory);
    free(packed);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int               secure;
    unsigned char    *packed;
    procore_relay_t   relay;

    if (size == 0 || size > HEADER) {
        return 0;
    }

    secure = data[0] & 1;
    walk(data + 1, size - 1, secure);

    if (procore_relay_unpack(&relay, data, size) != PROCORE_OK) {
        return 0;
    }

    must(procore_relay_size(&relay) == size);

    packed = malloc(size);
    must(packed != NULL);
    procore_relay_pack(&relay, packed);
    must(memcmp(packed, data, size) == 0);
    free(packed);

    if (relay.companies.data != NULL) {
        companies(&relay);
    }

    seal_and_open(&relay, data, size, secure);

    return 0;
}

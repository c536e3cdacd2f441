
/*
 * check --stream: requests as JSON Lines, for tests and for whoever has many.
 */


#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>
#include <openssl/evp.h>

#include "procore_scope_check.h"


static const char *procore_check_line(procore_scope_check_t *check,
    const cJSON *line);
static const char *procore_check_connection(procore_scope_check_t *check,
    const cJSON *raw);
static const char *procore_check_http2(procore_scope_check_t *check,
    const cJSON *line);
static int procore_check_base64(procore_scope_check_t *check,
    const cJSON *text, procore_str_t *bytes);


/* A line in, a line out; what is wrong with one does not end it. */

int
procore_scope_check_stream(procore_scope_check_t *check)
{
    char        *line;
    size_t       room;
    cJSON       *json;
    const char  *error;

    line = NULL;
    room = 0;

    while (getline(&line, &room, stdin) > 0) {

        json = cJSON_Parse(line);
        printf("{\"results\": [");
        error = json ? procore_check_line(check, json) : "no JSON";
        printf("]");

        if (error) {
            printf(", \"error\": \"%s\"", error);
        }

        printf("}\n");

        cJSON_Delete(json);
        procore_arena_free(&check->judged);
    }

    free(line);

    return ferror(stdin) ? PROCORE_SCOPE_FAILED : PROCORE_SCOPE_DONE;
}


static const char *
procore_check_line(procore_scope_check_t *check, const cJSON *line)
{
    const cJSON  *raw;

    raw = cJSON_GetObjectItemCaseSensitive(line, "raw_b64");

    return raw ? procore_check_connection(check, raw)
               : procore_check_http2(check, line);
}


/* The requests of one connection of HTTP/1, as long as nginx would go on. */

static const char *
procore_check_connection(procore_scope_check_t *check, const cJSON *raw)
{
    int             rc;
    size_t          n, used;
    unsigned char  *room;
    procore_str_t   bytes;

    if (procore_check_base64(check, raw, &bytes) != PROCORE_OK) {
        return "raw_b64 is no base64";
    }

    for (n = 0; bytes.len; n++) {

        room = procore_arena_alloc(&check->judged, bytes.len + 1);
        rc = procore_request_read(&check->request, bytes.data, bytes.len, room,
                                  &used);

        if (rc == PROCORE_NOT_FOUND) {
            return n ? NULL : "the request ends within its head";
        }

        if (rc != PROCORE_OK) {
            return "too many header lines";
        }

        printf("%s", n ? ", " : "");
        (void) procore_scope_check_judge(check, 1);

        if (check->request.status || check->request.close
            || !check->request.complete)
        {
            break;
        }

        bytes.data += used;
        bytes.len -= used;
    }

    return NULL;
}


/* {"method", "target", "headers": [[name, value], ...], "body_b64"} */

static const char *
procore_check_http2(procore_scope_check_t *check, const cJSON *line)
{
    const cJSON    *method, *target, *headers, *header, *content;
    procore_str_t   name, value, body;
    unsigned char  *room;

    method = cJSON_GetObjectItemCaseSensitive(line, "method");
    target = cJSON_GetObjectItemCaseSensitive(line, "target");
    headers = cJSON_GetObjectItemCaseSensitive(line, "headers");
    content = cJSON_GetObjectItemCaseSensitive(line, "body_b64");

    body.len = 0;
    body.data = NULL;

    if (!cJSON_IsString(method) || !cJSON_IsString(target)
        || !cJSON_IsArray(headers)
        || (content && procore_check_base64(check, content, &body)
                       != PROCORE_OK))
    {
        return "neither raw_b64 nor method, target and headers";
    }

    name.data = (const unsigned char *) method->valuestring;
    name.len = strlen(method->valuestring);
    value.data = (const unsigned char *) target->valuestring;
    value.len = strlen(target->valuestring);

    room = procore_arena_alloc(&check->judged, value.len + 1);
    procore_request_start(&check->request, &name, &value, room);

    cJSON_ArrayForEach(header, headers) {

        if (!cJSON_IsString(cJSON_GetArrayItem(header, 0))
            || !cJSON_IsString(cJSON_GetArrayItem(header, 1)))
        {
            return "a header that is no pair";
        }

        name.data = (const unsigned char *)
                    cJSON_GetArrayItem(header, 0)->valuestring;
        name.len = strlen(cJSON_GetArrayItem(header, 0)->valuestring);
        value.data = (const unsigned char *)
                     cJSON_GetArrayItem(header, 1)->valuestring;
        value.len = strlen(cJSON_GetArrayItem(header, 1)->valuestring);

        procore_request_add(&check->request, &name, &value);
    }

    procore_request_end(&check->request, &body);

    (void) procore_scope_check_judge(check, 1);

    return NULL;
}


static int
procore_check_base64(procore_scope_check_t *check, const cJSON *text,
    procore_str_t *bytes)
{
    int             n;
    size_t          len;
    unsigned char  *out;

    if (!cJSON_IsString(text)) {
        return PROCORE_MALFORMED;
    }

    len = strlen(text->valuestring);

    if (len % 4 || len > INT32_MAX) {
        return PROCORE_MALFORMED;
    }

    out = procore_arena_alloc(&check->judged, len / 4 * 3 + 1);
    n = EVP_DecodeBlock(out, (const unsigned char *) text->valuestring,
                        (int) len);
    if (n < 0) {
        return PROCORE_MALFORMED;
    }

    bytes->data = out;
    bytes->len = (size_t) n;

    while (len && text->valuestring[len - 1] == '=' && bytes->len) {
        bytes->len--;
        len--;
    }

    return PROCORE_OK;
}

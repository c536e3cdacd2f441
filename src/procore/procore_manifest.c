
#include <string.h>

#include <cjson/cJSON.h>

#include "../claims/procore_json_lex.h"
#include "procore_manifest.h"


static const char  procore_manifest_name[] = "post_installation_instruction";


/*
 * cJSON accepts more than JSON and ends texts at a NUL; and only what is known
 * to nest within bounds is given to its recursion.
 */

static int
procore_manifest_check(const unsigned char *data, size_t len)
{
    procore_str_t         text;
    procore_json_lex_t    lex;
    procore_json_token_e  token;

    procore_json_lex_start(&lex);
    procore_json_lex_feed(&lex, data, len);

    do {
        text.len = 0;
        token = procore_json_lex_next(&lex, &text);

        if (text.len != 0 && memchr(text.data, '\0', text.len) != NULL) {
            return PROCORE_MALFORMED;
        }

    } while (token > PROCORE_JSON_MORE);

    return token == PROCORE_JSON_MORE && lex.begun
           ? procore_json_lex_end(&lex) : PROCORE_MALFORMED;
}


/* At the top, or else the first one within. */

static const cJSON *
procore_manifest_find(const cJSON *item)
{
    size_t        depth;
    const cJSON  *found, *above[PROCORE_DEPTH + 1];

    found = cJSON_GetObjectItemCaseSensitive(item, procore_manifest_name);

    if (found != NULL) {
        return found;
    }

    depth = 0;

    for ( ;; ) {

        if (item->string != NULL
            && strcmp(item->string, procore_manifest_name) == 0)
        {
            return item;
        }

        if (item->child != NULL && depth <= PROCORE_DEPTH) {
            above[depth++] = item;
            item = item->child;
            continue;
        }

        while (item->next == NULL) {
            if (depth == 0) {
                return NULL;
            }

            item = above[--depth];
        }

        item = item->next;
    }
}


/* Takes the text of a member; one that is absent or null stays empty. */

static int
procore_manifest_text(const cJSON *object, const char *name, size_t max,
    procore_str_t *text)
{
    const cJSON  *item;

    item = cJSON_GetObjectItemCaseSensitive(object, name);

    if (item == NULL || cJSON_IsNull(item)) {
        return PROCORE_OK;
    }

    if (!cJSON_IsString(item)) {
        return PROCORE_MALFORMED;
    }

    text->data = (const unsigned char *) item->valuestring;
    text->len = strlen(item->valuestring);

    return text->len <= max ? PROCORE_OK : PROCORE_TOO_LARGE;
}


static int
procore_manifest_url_ok(const procore_str_t *url)
{
    size_t             i;
    const char        *scheme;
    static const char  refused[] = "\"'<>\\^`{|}";

    if (url->len == 0) {
        return 1;
    }

    scheme = "https://";

    if (url->len <= strlen(scheme)
        || memcmp(url->data, scheme, strlen(scheme)) != 0
        || strchr("/?#", url->data[strlen(scheme)]) != NULL)
    {
        return 0;
    }

    for (i = 0; i < url->len; i++) {
        if (url->data[i] <= ' ' || url->data[i] > '~'
            || memchr(refused, url->data[i], sizeof(refused) - 1) != NULL)
        {
            return 0;
        }
    }

    return 1;
}


static int
procore_manifest_take(procore_manifest_t *manifest, const cJSON *instruction)
{
    int           rc;
    const cJSON  *page;

    if (cJSON_IsNull(instruction)) {
        return PROCORE_NOT_FOUND;
    }

    page = cJSON_GetObjectItemCaseSensitive(instruction, "page");

    if (!cJSON_IsObject(instruction)
        || (page != NULL && !cJSON_IsNull(page) && !cJSON_IsObject(page)))
    {
        return PROCORE_MALFORMED;
    }

    rc = procore_manifest_text(instruction, "notes", PROCORE_MANIFEST_NOTES,
                               &manifest->notes);

    if (rc == PROCORE_OK) {
        rc = procore_manifest_text(page, "label", PROCORE_MANIFEST_LABEL,
                                   &manifest->label);
    }

    if (rc == PROCORE_OK) {
        rc = procore_manifest_text(page, "url", PROCORE_MANIFEST_URL,
                                   &manifest->url);
    }

    if (rc != PROCORE_OK) {
        return rc;
    }

    if (!procore_manifest_url_ok(&manifest->url)) {
        return PROCORE_MALFORMED;
    }

    return manifest->url.len + manifest->label.len + manifest->notes.len != 0
           ? PROCORE_OK : PROCORE_NOT_FOUND;
}


int
procore_manifest_read(procore_manifest_t *manifest, const unsigned char *data,
    size_t len)
{
    int           rc;
    cJSON        *document;
    const cJSON  *instruction;

    memset(manifest, 0, sizeof(procore_manifest_t));

    if (len > PROCORE_MANIFEST_MAX) {
        return PROCORE_TOO_LARGE;
    }

    if (procore_manifest_check(data, len) != PROCORE_OK) {
        return PROCORE_MALFORMED;
    }

    document = cJSON_ParseWithLength((const char *) data, len);

    if (document == NULL) {
        return PROCORE_ERROR;
    }

    instruction = procore_manifest_find(document);

    rc = instruction != NULL ? procore_manifest_take(manifest, instruction)
                             : PROCORE_NOT_FOUND;

    manifest->document = document;

    if (rc != PROCORE_OK) {
        procore_manifest_free(manifest);
    }

    return rc;
}


void
procore_manifest_free(procore_manifest_t *manifest)
{
    cJSON_Delete(manifest->document);

    memset(manifest, 0, sizeof(procore_manifest_t));
}

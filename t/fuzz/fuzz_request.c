
/*
 * A whole request, from its bytes to its claims: target, header, body, each
 * read by the rules that the ones before have set.  However the body is split,
 * the request names the same.
 */

#include "split_body.h"

#include "../../src/claims/procore_head.h"
#include "../../src/claims/procore_path.h"


/* Lines of one name that are kept, as the module does. */

#define LINES  8


typedef struct {
    procore_str_t   path;
    procore_str_t   query;
    procore_str_t   companies[LINES];
    procore_str_t   types[LINES];
    procore_str_t   encodings[LINES];
    procore_str_t   authorization;
    procore_str_t   body;
    size_t          ncompanies;
    size_t          ntypes;
    size_t          nencodings;
} request_t;


/* Takes a line off; what it is without its LF and a CR before that. */

static int
next_line(const unsigned char **p, const unsigned char *last,
    procore_str_t *line)
{
    const unsigned char  *lf;

    lf = *p < last ? memchr(*p, '\n', (size_t) (last - *p)) : NULL;

    if (lf == NULL) {
        return 0;
    }

    line->data = *p;
    line->len = (size_t) (lf - *p);

    if (line->len != 0 && line->data[line->len - 1] == '\r') {
        line->len--;
    }

    *p = lf + 1;

    return 1;
}


static void
split_at(const procore_str_t *text, unsigned char ch, procore_str_t *before,
    procore_str_t *after)
{
    const unsigned char  *at;

    at = text->len ? memchr(text->data, ch, text->len) : NULL;

    *before = *text;
    after->data = text->data + text->len;
    after->len = 0;

    if (at != NULL) {
        before->len = (size_t) (at - text->data);
        after->data = at + 1;
        after->len = text->len - before->len - 1;
    }
}


static void
keep(procore_str_t *lines, size_t *n, const procore_str_t *value)
{
    if (*n < LINES) {
        lines[(*n)++] = *value;
    }
}


static int
named(const procore_str_t *name, const char *word)
{
    return name->len == strlen(word)
           && memcmp(name->data, word, name->len) == 0;
}


static int
read_head(const unsigned char *p, const unsigned char *last,
    request_t *request)
{
    procore_str_t  line, name, value, method, target, version;

    memset(request, 0, sizeof(*request));

    if (!next_line(&p, last, &line)) {
        return 0;
    }

    split_at(&line, ' ', &method, &value);
    split_at(&value, ' ', &target, &version);
    split_at(&target, '?', &request->path, &request->query);

    while (next_line(&p, last, &line) && line.len != 0) {
        split_at(&line, ':', &name, &value);

        while (value.len != 0 && value.data[0] == ' ') {
            value.data++;
            value.len--;
        }

        if (named(&name, "Procore-Company-Id")) {
            keep(request->companies, &request->ncompanies, &value);

        } else if (named(&name, "Content-Type")) {
            keep(request->types, &request->ntypes, &value);

        } else if (named(&name, "Content-Encoding")) {
            keep(request->encodings, &request->nencodings, &value);

        } else if (named(&name, "Authorization")) {
            request->authorization = value;
        }
    }

    request->body.data = p;
    request->body.len = (size_t) (last - p);

    return 1;
}


/* The return codes of all readers, one digit each. */

static int
read_request(const request_t *request, split_e way, record_t *record)
{
    int                    rc;
    size_t                 i;
    procore_str_t          boundary, token;
    procore_sink_t         sink;
    procore_body_e         type;
    procore_path_e         path;
    split_reader_t         reader;
    procore_rules_t        rules;
    static procore_form_t  form;
    static procore_body_t  body;

    record_reset(record);
    sink = record_sink(record);
    memset(&rules, 0, sizeof(rules));

    rc = procore_path_claims(&request->path, 1, &sink, &path);
    rules.sync = path == PROCORE_PATH_SYNC;
    rules.resource = path == PROCORE_PATH_PROJECT ? PROCORE_KIND_PROJECT
                                                  : PROCORE_KIND_NONE;

    for (i = 0; i < request->ncompanies; i++) {
        rc = rc * 10 + procore_company_header(&request->companies[i], &sink);
    }

    rc = rc * 10 + procore_bearer(&request->authorization, &token);
    rc = rc * 10 + procore_query_claims(&form, &rules, &sink, &request->query,
                                        NULL, 0);

    type = procore_body_type(request->types, request->ntypes,
                             request->encodings, request->nencodings,
                             &boundary);

    if (type == PROCORE_BODY_UNREAD || type == PROCORE_BODY_UNSUPPORTED) {
        return rc * 10 + (int) type;
    }

    if (procore_body_start(&body, type, &boundary, 0, &rules, &sink, NULL, 0)
        != PROCORE_OK)
    {
        abort();
    }

    reader = split_body(&body);

    i = record->len;

    if (split_feed(&reader, way, request->body.data, request->body.len)
        != PROCORE_OK)
    {
        /* refused: how much of it was named before does not matter */

        record->text[i] = '\0';
        record->len = i;

        return rc * 10 + 9;
    }

    return rc * 10;
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int              rc;
    split_e          way;
    request_t        request;
    static record_t  first, record;

    /* as many header lines as this keep the codes within an int */

    if (size == 0 || !read_head(data, data + size, &request)
        || request.ncompanies > 4)
    {
        return 0;
    }

    rc = read_request(&request, SPLIT_WHOLE, &first);

    for (way = SPLIT_BYTES; way < SPLIT_WAYS; way++) {
        split_same(read_request(&request, way, &record), &record, rc, &first);
    }

    return 0;
}

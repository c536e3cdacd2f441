
#include <string.h>

#include "procore_body.h"
#include "procore_media.h"


/* Does any Content-Encoding say other than that there is none? */

static int
procore_body_encoded(const procore_str_t *encodings, size_t n)
{
    size_t  i;

    for (i = 0; i < n; i++) {
        if (!procore_text_is(&encodings[i], "identity")) {
            return 1;
        }
    }

    return 0;
}


static int
procore_body_xml(const procore_media_t *media)
{
    if (!procore_text_is(&media->type, "application")
        && !procore_text_is(&media->type, "text"))
    {
        return 0;
    }

    return procore_text_is(&media->subtype, "xml")
           || procore_text_is(&media->subtype, "x-xml")
           || procore_text_ends(&media->subtype, "+xml");
}


static procore_body_e
procore_body_media(const procore_media_t *media)
{
    int  application;

    application = procore_text_is(&media->type, "application");

    if (procore_text_ends(&media->subtype, "json")
        || (application && procore_text_is(&media->subtype, "jsonrequest")))
    {
        return PROCORE_BODY_JSON;
    }

    if (application && procore_text_is(&media->subtype,
                                       "x-www-form-urlencoded"))
    {
        return PROCORE_BODY_FORM;
    }

    if (procore_text_is(&media->type, "multipart")) {
        return procore_text_is(&media->subtype, "form-data")
               || procore_text_is(&media->subtype, "mixed")
               || procore_text_is(&media->subtype, "related")
               ? PROCORE_BODY_MULTIPART : PROCORE_BODY_UNSUPPORTED;
    }

    return procore_body_xml(media) ? PROCORE_BODY_UNSUPPORTED
                                   : PROCORE_BODY_UNREAD;
}


/*
 * Rack takes what follows the last "boundary=", wherever it stands: so it may
 * stand but once.
 */

static int
procore_body_boundaries(const procore_str_t *text)
{
    int            n;
    procore_str_t  head;

    n = 0;
    head = *text;

    for (head.len = 0; head.len <= text->len; head.len++) {
        n += procore_text_ends(&head, "boundary=");
    }

    return n;
}


/* A boundary that every reader finds, and cuts at the same places. */

static int
procore_body_boundary_clean(const procore_media_param_t *param)
{
    size_t         i;
    unsigned char  c;

    if (param->padded || param->value.len == 0
        || param->value.len > PROCORE_MULTIPART_BOUNDARY)
    {
        return 0;
    }

    for (i = 0; i < param->value.len; i++) {
        c = param->value.data[i];

        if (c == ' ' || c == ';' || c == '\\') {
            return 0;
        }
    }

    return 1;
}


/*
 * Reads all parameters, so that a type whose rest cannot be taken apart is
 * known.  Sets *boundary where a clean one stands there.
 */

static int
procore_body_params(procore_media_t *media, procore_str_t *boundary)
{
    int                    rc;
    procore_media_param_t  param;

    boundary->len = 0;

    while ((rc = procore_media_param(media, &param)) == PROCORE_OK) {

        if (param.name.len == sizeof("boundary") - 1
            && memcmp(param.name.data, "boundary", param.name.len) == 0
            && procore_body_boundary_clean(&param))
        {
            *boundary = param.value;
        }
    }

    return rc == PROCORE_NOT_FOUND ? PROCORE_OK : rc;
}


procore_body_e
procore_body_type(const procore_str_t *types, size_t ntypes,
    const procore_str_t *encodings, size_t nencodings, procore_str_t *boundary)
{
    procore_body_e   type;
    procore_media_t  media;

    if (ntypes != 1
        || procore_media_parse(&types[0], &media) != PROCORE_OK
        || procore_body_params(&media, boundary) != PROCORE_OK)
    {
        return PROCORE_BODY_UNSUPPORTED;
    }

    type = procore_body_media(&media);

    if (type == PROCORE_BODY_UNREAD || type == PROCORE_BODY_UNSUPPORTED) {
        return type;
    }

    if (procore_body_encoded(encodings, nencodings)) {
        return PROCORE_BODY_UNSUPPORTED;
    }

    if (type == PROCORE_BODY_MULTIPART
        && (boundary->len == 0 || procore_body_boundaries(&types[0]) != 1))
    {
        return PROCORE_BODY_UNSUPPORTED;
    }

    return type;
}


int
procore_body_start(procore_body_t *body, procore_body_e type,
    const procore_str_t *boundary, size_t limit, const procore_rules_t *rules,
    const procore_sink_t *sink, unsigned char *scratch, size_t scratch_size)
{
    body->type = type;
    body->limit = limit;
    body->read = 0;
    body->rc = PROCORE_OK;

    switch (type) {

    case PROCORE_BODY_JSON:
        procore_json_start(&body->u.json, rules, sink, scratch, scratch_size);
        break;

    case PROCORE_BODY_FORM:
        procore_form_start(&body->u.form, rules, sink, PROCORE_IN_BODY, 0,
                           scratch, scratch_size);
        break;

    case PROCORE_BODY_MULTIPART:
        body->rc = procore_multipart_start(&body->u.multipart, boundary, limit,
                                           rules, sink, scratch, scratch_size);
        break;

    case PROCORE_BODY_UNREAD:
        break;

    case PROCORE_BODY_UNSUPPORTED:
        body->rc = PROCORE_MALFORMED;
    }

    return body->rc;
}


/* JSON and forms: every byte counts, and what is above the limit is not read */

static int
procore_body_text(procore_body_t *body, const unsigned char *data, size_t len)
{
    int     rc;
    size_t  room;

    room = body->limit != 0 ? body->limit - body->read : SIZE_MAX - body->read;
    room = len < room ? len : room;

    body->read += room;

    rc = body->type == PROCORE_BODY_JSON
         ? procore_json_feed(&body->u.json, data, room)
         : procore_form_feed(&body->u.form, data, room);

    if (rc == PROCORE_OK && room < len) {
        rc = PROCORE_TOO_LARGE;
    }

    return rc;
}


int
procore_body_feed(procore_body_t *body, const unsigned char *data, size_t len)
{
    if (body->rc != PROCORE_OK || len == 0) {
        return body->rc;
    }

    switch (body->type) {

    case PROCORE_BODY_JSON:
    case PROCORE_BODY_FORM:
        body->rc = procore_body_text(body, data, len);
        break;

    case PROCORE_BODY_MULTIPART:
        body->rc = procore_multipart_feed(&body->u.multipart, data, len);
        body->read = body->u.multipart.text_bytes;
        break;

    case PROCORE_BODY_UNREAD:
    case PROCORE_BODY_UNSUPPORTED:
        break;
    }

    return body->rc;
}


int
procore_body_end(procore_body_t *body)
{
    if (body->rc != PROCORE_OK) {
        return body->rc;
    }

    switch (body->type) {

    case PROCORE_BODY_JSON:
        body->rc = procore_json_end(&body->u.json);
        break;

    case PROCORE_BODY_FORM:
        body->rc = procore_form_end(&body->u.form);
        break;

    case PROCORE_BODY_MULTIPART:
        body->rc = procore_multipart_end(&body->u.multipart);
        break;

    case PROCORE_BODY_UNREAD:
    case PROCORE_BODY_UNSUPPORTED:
        break;
    }

    return body->rc;
}

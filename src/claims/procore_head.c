
#include "procore_head.h"


int
procore_bearer(const procore_str_t *value, procore_str_t *token)
{
    size_t                     i;
    static const procore_str_t  scheme = procore_str("bearer ");

    if (value->len <= scheme.len) {
        return PROCORE_NOT_FOUND;
    }

    for (i = 0; i < scheme.len - 1; i++) {
        if ((value->data[i] | 0x20) != scheme.data[i]) {
            return PROCORE_NOT_FOUND;
        }
    }

    if (value->data[i] != ' ') {
        return PROCORE_NOT_FOUND;
    }

    token->data = value->data + scheme.len;
    token->len = value->len - scheme.len;

    return PROCORE_OK;
}


static int
procore_head_blank(unsigned char c)
{
    return c == ' ' || c == '\t';
}


int
procore_company_header(const procore_str_t *value, const procore_sink_t *sink)
{
    size_t           i;
    procore_str_t    text;
    procore_claim_t  claim;

    text = *value;

    while (text.len != 0 && procore_head_blank(text.data[0])) {
        text.data++;
        text.len--;
    }

    while (text.len != 0 && procore_head_blank(text.data[text.len - 1])) {
        text.len--;
    }

    for (i = 0; i < text.len; i++) {
        if (text.data[i] <= ' ' || text.data[i] >= 0x7f || text.data[i] == ',')
        {
            return PROCORE_MALFORMED;
        }
    }

    claim.id = 0;

    switch (procore_id_classify(text.data, text.len, &claim.id)) {

    case PROCORE_ID_NOTHING:
        return PROCORE_NOT_FOUND;

    case PROCORE_ID_NUMBER:
        claim.state = PROCORE_CLAIM_ID;
        break;

    default:
        claim.state = PROCORE_CLAIM_MALFORMED;
    }

    claim.carrier = PROCORE_IN_HEADER;
    claim.kind = PROCORE_KIND_COMPANY;
    claim.name = (procore_str_t) procore_str("Procore-Company-Id");
    claim.value = text;

    if (claim.value.len > PROCORE_CLAIM_VALUE) {
        claim.value.len = PROCORE_CLAIM_VALUE;
    }

    sink->claim(sink->data, &claim);

    return PROCORE_OK;
}

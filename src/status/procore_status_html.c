
#include "procore_status.h"


const char  procore_status_style[] = "";
const char  procore_status_style_source[] = "'none'";


void
procore_status_html(procore_out_t *out, const procore_status_t *status)
{
    procore_out_text(out, procore_status_sentence(status->store));
}

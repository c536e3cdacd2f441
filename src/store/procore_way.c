
/*
 * The names of the ways to bind, as the audit and the operator know them.
 */


#include "procore_store.h"


const char *
procore_way_name(procore_way_e way)
{
    switch (way) {

    case PROCORE_WAY_AUTHORIZE:
        return "authorize";

    case PROCORE_WAY_TOKEN_REQUEST:
        return "token_request";

    case PROCORE_WAY_CLIENT:
        return "client";

    case PROCORE_WAY_SOLE_COMPANY:
        return "sole_company";

    case PROCORE_WAY_CHOOSER:
        return "chooser";

    case PROCORE_WAY_FIRST_USE:
    case PROCORE_WAY_FIRST_TRIED:
        return "first_use";

    case PROCORE_WAY_CONFIGURED:
        return "configured";

    case PROCORE_WAY_IMPORT:
        return "import";

    case PROCORE_WAY_ADMIN:
        return "admin";

    case PROCORE_WAY_NONE:
        break;
    }

    return NULL;
}

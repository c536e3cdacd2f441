
#include "unit.h"
#include "../../src/claims/procore_names.h"


static procore_rules_t  plain;


static int
step(const procore_rules_t *rules, procore_slot_t *slot, const char *key)
{
    return procore_slot_key(rules, slot, (const unsigned char *) key,
                            strlen(key), slot);
}


/* What a key means at the top level of a document. */

static procore_slot_t
at_top(const procore_rules_t *rules, const char *key)
{
    procore_slot_t  slot;

    procore_slot_root(&slot);
    (void) step(rules, &slot, key);

    return slot;
}


static void
means(const char *key, procore_kind_e kind, procore_slot_e type)
{
    procore_slot_t  slot;

    slot = at_top(&plain, key);

    is_int(slot.type, type, "slot of %s", key);
    is_int(slot.kind, kind, "kind of %s", key);
    is_int(slot.unlisted, 0, "%s is listed", key);
    ok(procore_names_builtin((const unsigned char *) key, strlen(key)),
       "%s is built in", key);
}


static void
test_table(void)
{
#define PROCORE_NAME(text, kind, slot)                                        \
    means(text, PROCORE_KIND_##kind, PROCORE_SLOT_##slot);

#include "../../src/claims/procore_names.def"

#undef PROCORE_NAME

    means("project_ids", PROCORE_KIND_PROJECT, PROCORE_SLOT_IDS);
    means("company", PROCORE_KIND_COMPANY, PROCORE_SLOT_OBJECT);
    means("bid_board_project_id", PROCORE_KIND_NONE, PROCORE_SLOT_NONE);
}


static void
test_other_names(void)
{
    size_t          i;
    procore_slot_t  slot;

    static const char *const  unlisted[] = {
        "vendor_company_id", "vendor_company_ids", "x_project_id",
        "origin_project_ids", "CompanyId", "ProjectIds", "vendorCompanyId",
        "vendorCompanyIds", "originProjectId", "_company_id", " company_id",
        "xcompany_id"
    };

    static const char *const  nothing[] = {
        "", "id", "ids", "s", "d", "y", "t", "_id", "Id", "companyid",
        "Company", "Project", "PROJECT", "companies", "projects", "companys",
        "Company_id", "COMPANY_ID", "company_Id", "company_idx", "company_id ",
        "project_template_id", "project_stage_id", "project_type_id",
        "xcompanyId", "vendor_Company_id", "ompany_id", "roject_id", "omp_id",
        "compony_id", "company_idss", "company-id", "company.id", "project_",
        "updates", "code", "grant_type"
    };

    for (i = 0; i < sizeof(unlisted) / sizeof(unlisted[0]); i++) {
        slot = at_top(&plain, unlisted[i]);

        ok(slot.unlisted && slot.type == PROCORE_SLOT_NONE,
           "\"%s\" is unlisted", unlisted[i]);
        ok(!procore_names_builtin((const unsigned char *) unlisted[i],
                                  strlen(unlisted[i])),
           "and not built in");
    }

    for (i = 0; i < sizeof(nothing) / sizeof(nothing[0]); i++) {
        slot = at_top(&plain, nothing[i]);

        ok(!slot.unlisted && slot.type == PROCORE_SLOT_NONE,
           "\"%s\" is nothing", nothing[i]);
    }
}


static void
test_steps(void)
{
    procore_slot_t  slot, child;

    slot = at_top(&plain, "project");
    is_int(step(&plain, &slot, "id"), PROCORE_OK, "project.id");
    ok(slot.type == PROCORE_SLOT_ID && slot.kind == PROCORE_KIND_PROJECT,
       "names a project");

    slot = at_top(&plain, "company");
    procore_slot_index(&slot, &slot);
    (void) step(&plain, &slot, "12");
    (void) step(&plain, &slot, "-3");
    (void) step(&plain, &slot, "id");
    ok(slot.type == PROCORE_SLOT_ID && slot.kind == PROCORE_KIND_COMPANY,
       "company[][12][-3][id] names a company");
    is_int(slot.depth, 5, "and is five deep");

    slot = at_top(&plain, "company");
    (void) step(&plain, &slot, "project_id");
    is_int(slot.kind, PROCORE_KIND_PROJECT, "company.project_id is itself");

    slot = at_top(&plain, "filters");
    (void) step(&plain, &slot, "id");
    is_int(slot.type, PROCORE_SLOT_NONE, "filters[id] names nothing");

    slot = at_top(&plain, "company_id");
    is_int(procore_slot_key(&plain, &slot, (const unsigned char *) "0", 1,
                            &child),
           PROCORE_OK, "company_id[0] is an element");
    ok(child.type == PROCORE_SLOT_ID && child.indexed, "and a place for an id");

    is_int(procore_slot_key(&plain, &slot, (const unsigned char *) "0x", 2,
                            &child),
           PROCORE_MALFORMED, "company_id[0x] is an object");
    is_int(procore_slot_key(&plain, &slot, (const unsigned char *) "-", 1,
                            &child),
           PROCORE_MALFORMED, "so is company_id[-]");
    is_int(procore_slot_key(&plain, &slot, (const unsigned char *) "project_id",
                            10, &child),
           PROCORE_MALFORMED, "company_id[project_id] is an object");
    is_int(child.kind, PROCORE_KIND_PROJECT, "and its member counts");

    slot = at_top(&plain, "project_ids");
    procore_slot_index(&slot, &child);
    ok(child.type == PROCORE_SLOT_IDS && child.indexed && child.depth == 2,
       "an element of project_ids is a list");
}


/* Of a longer key, no byte is looked at. */

static void
test_long_keys(void)
{
    char            key[PROCORE_NAME_MAX + 2];
    procore_slot_t  slot;

    memset(key, 'x', sizeof(key));
    memcpy(key + PROCORE_NAME_MAX - 11, "_company_id", 12);

    slot = at_top(&plain, key);
    is_int(slot.unlisted, 1, "a name of the greatest length");

    memset(key, 'x', sizeof(key));
    memcpy(key + PROCORE_NAME_MAX + 1 - 11, "_company_id", 12);

    slot = at_top(&plain, key);
    is_int(slot.unlisted, 0, "a name beyond the greatest length");

    slot = at_top(&plain, "project");
    (void) procore_slot_key(&plain, &slot, NULL, PROCORE_NAME_MAX + 1, &slot);
    is_int(slot.type, PROCORE_SLOT_OBJECT, "could be an index");

    slot = at_top(&plain, "project_id");
    is_int(procore_slot_key(&plain, &slot, NULL, PROCORE_NAME_MAX + 1, &slot),
           PROCORE_MALFORMED, "and makes an object of an id");
}


static void
test_sync(void)
{
    procore_slot_t   slot;
    procore_rules_t  rules = { NULL, 0, PROCORE_KIND_NONE, 1, 0, 0 };

    slot = at_top(&rules, "updates");
    is_int(slot.type, PROCORE_SLOT_UPDATES, "updates of projects/sync");

    (void) step(&rules, &slot, "0");
    (void) step(&rules, &slot, "id");
    ok(slot.type == PROCORE_SLOT_ID && slot.kind == PROCORE_KIND_PROJECT,
       "updates[0][id] names a project");

    slot = at_top(&rules, "project");
    (void) step(&rules, &slot, "updates");
    procore_slot_index(&slot, &slot);
    (void) step(&rules, &slot, "id");
    is_int(slot.type, PROCORE_SLOT_ID, "so does project[updates][][id]");

    slot = at_top(&rules, "updates");
    (void) step(&rules, &slot, "x");
    (void) step(&rules, &slot, "id");
    ok(slot.type == PROCORE_SLOT_ID && slot.kind == PROCORE_KIND_PROJECT,
       "so does updates[x][id], whatever the key");

    slot = at_top(&rules, "updates");
    (void) step(&rules, &slot, "x");
    (void) step(&rules, &slot, "status");
    (void) step(&rules, &slot, "id");
    is_int(slot.type, PROCORE_SLOT_NONE, "updates[x][status][id] does not");

    slot = at_top(&rules, "updates");
    procore_slot_index(&slot, &slot);
    (void) step(&rules, &slot, "status");
    (void) step(&rules, &slot, "id");
    is_int(slot.type, PROCORE_SLOT_NONE, "updates[][status][id] does not");

    slot = at_top(&rules, "updates");
    procore_slot_index(&slot, &slot);
    (void) step(&rules, &slot, "company_id");
    is_int(slot.kind, PROCORE_KIND_COMPANY, "updates[][company_id] is itself");
}


static void
test_oauth(void)
{
    size_t           i;
    procore_slot_t   slot;
    procore_rules_t  rules = { NULL, 0, PROCORE_KIND_NONE, 0, 1, 0 };

    static const struct {
        const char       *name;
        procore_param_e   param;
    } params[] = {
        { "access_token",  PROCORE_PARAM_ACCESS_TOKEN },
        { "bearer_token",  PROCORE_PARAM_BEARER_TOKEN },
        { "grant_type",    PROCORE_PARAM_GRANT_TYPE },
        { "client_id",     PROCORE_PARAM_CLIENT_ID },
        { "client_secret", PROCORE_PARAM_CLIENT_SECRET },
        { "code",          PROCORE_PARAM_CODE },
        { "refresh_token", PROCORE_PARAM_REFRESH_TOKEN },
        { "token",         PROCORE_PARAM_TOKEN },
    };

    for (i = 0; i < sizeof(params) / sizeof(params[0]); i++) {
        slot = at_top(&rules, params[i].name);
        ok(slot.type == PROCORE_SLOT_PARAM && slot.param == params[i].param,
           "%s is a parameter", params[i].name);

        slot = at_top(&plain, params[i].name);
        is_int(slot.type == PROCORE_SLOT_PARAM, i < 2,
               "%s elsewhere", params[i].name);

        slot = at_top(&rules, "x");
        (void) step(&rules, &slot, params[i].name);
        is_int(slot.type, PROCORE_SLOT_NONE, "not below another name");
    }

    slot = at_top(&rules, "code");
    (void) step(&rules, &slot, "x");
    ok(slot.type == PROCORE_SLOT_PARAM && slot.indexed,
       "code[x] is a parameter of another type");

    slot = at_top(&rules, "code");
    procore_slot_index(&slot, &slot);
    ok(slot.type == PROCORE_SLOT_PARAM && slot.indexed, "so is code[]");

    slot = at_top(&rules, "company_id");
    is_int(slot.type, PROCORE_SLOT_ID, "company_id stays an id");
}


static void
test_extra(void)
{
    procore_slot_t  slot;

    procore_name_t  extra[] = {
        { procore_str("site_id"), PROCORE_KIND_PROJECT },
        { procore_str("sites"), PROCORE_KIND_PROJECT },
        { procore_str("vendor_company_id"), PROCORE_KIND_NONE },
        { procore_str("affected_company_id"), PROCORE_KIND_COMPANY },
        { procore_str("owner"), PROCORE_KIND_NONE },
        { procore_str("owner"), PROCORE_KIND_COMPANY },
        { procore_str("company_id"), PROCORE_KIND_NONE },
    };

    procore_rules_t  rules = { extra, sizeof(extra) / sizeof(extra[0]),
                               PROCORE_KIND_NONE, 0, 0, 0 };

    slot = at_top(&rules, "site_id");
    ok(slot.type == PROCORE_SLOT_ID && slot.kind == PROCORE_KIND_PROJECT,
       "a further name");

    slot = at_top(&rules, "sites");
    is_int(slot.type, PROCORE_SLOT_IDS, "a further plural name");

    slot = at_top(&rules, "vendor_company_id");
    ok(slot.type == PROCORE_SLOT_NONE && !slot.unlisted, "an ignored name");

    slot = at_top(&rules, "other_company_id");
    is_int(slot.unlisted, 1, "another one is still unlisted");

    slot = at_top(&rules, "affected_company_id");
    is_int(slot.kind, PROCORE_KIND_COMPANY, "a look-alike that shall count");

    slot = at_top(&rules, "owner");
    is_int(slot.kind, PROCORE_KIND_COMPANY, "counting wins over ignoring");

    slot = at_top(&rules, "company_id");
    is_int(slot.kind, PROCORE_KIND_COMPANY, "a built-in name is not ignored");
}


/* A name that is passed over in a hurry must be one without a meaning. */

static int
passed_over(const procore_rules_t *rules, const procore_slot_t *parent,
    const char *key)
{
    size_t                len;
    unsigned char         mask;
    const unsigned char  *endings;

    len = strlen(key);
    endings = procore_slot_endings(rules, parent, &mask);

    return endings != NULL
           && (!(endings[(unsigned char) key[len - 1]] & mask)
               || procore_slot_plain(rules, parent,
                                     (const unsigned char *) key, len));
}


static void
test_hurry(void)
{
    size_t           i;
    procore_slot_t   top, nested, project;
    procore_name_t   extra = { procore_str("site"), PROCORE_KIND_PROJECT };
    procore_rules_t  all = { NULL, 0, PROCORE_KIND_NONE, 1, 1, 0 };
    procore_rules_t  named = { &extra, 1, PROCORE_KIND_NONE, 0, 0, 0 };

    static const char *const  kept[] = {
#define PROCORE_NAME(text, kind, slot)  text,
#include "../../src/claims/procore_names.def"
#undef PROCORE_NAME
        "vendor_company_id", "OriginProjectIds", "updates"
    };

    static const char *const  params[] = {
        "access_token", "bearer_token", "grant_type", "client_id",
        "client_secret", "code", "refresh_token", "token"
    };

    procore_slot_root(&top);
    procore_slot_index(&top, &nested);
    project = at_top(&plain, "project");

    for (i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
        ok(!passed_over(&all, &top, kept[i])
           && !passed_over(&all, &nested, kept[i]),
           "%s is not passed over", kept[i]);
    }

    for (i = 0; i < sizeof(params) / sizeof(params[0]); i++) {
        ok(!passed_over(&all, &top, params[i]), "nor is %s", params[i]);
        is_int(passed_over(&plain, &top, params[i]), i >= 2,
               "elsewhere %s", params[i]);
        ok(passed_over(&all, &nested, params[i]), "below it is");
    }

    ok(passed_over(&all, &top, "cost_code_id"), "cost_code_id is");
    ok(passed_over(&plain, &nested, "updates"), "updates of other paths is");
    ok(!passed_over(&named, &top, "site"), "an operator's name is not");
    ok(!passed_over(&plain, &project, "id"), "project.id is not");
}


int
main(void)
{
    test_hurry();
    test_table();
    test_other_names();
    test_steps();
    test_long_keys();
    test_sync();
    test_oauth();
    test_extra();

    return done_testing();
}


/*
 * Replay guesses nothing: whatever part of a request is hidden from it, what it
 * decides is what the whole request gets, and with nothing hidden it decides.
 */

#include "unit.h"

#include <stdlib.h>

#include "../../src/judge/procore_check.h"
#include "../../tools/procore_replay_text.h"


#define OWN      1001
#define FOREIGN  2002

#define COUNT(list)  (sizeof(list) / sizeof((list)[0]))


/* Parts that an input may not tell. */

enum {
    HIDE_TOKEN = 0x01,
    HIDE_HEADER = 0x02,
    HIDE_QUERY = 0x04,
    HIDE_BODY = 0x08,
    HIDE_TYPE = 0x10,
    HIDE_CLIENT = 0x20,
    HIDE_ALL = 0x3f
};


typedef struct {
    const char  *method;
    const char  *path;
    const char  *query;      /* NULL: none */
    const char  *company;    /* of the header, NULL: none */
    const char  *type;       /* NULL: no body */
    const char  *body;
    int          bound;
    int          token;
} sample_t;


static const char *const  policies[] = {
    "",
    "procore_scope monitor;",
    "procore_scope_header off;",
    "procore_scope_unlisted deny;",
    "procore_scope_paths /rest/v1.0/;",
    "procore_scope_exception 2002;",
    "procore_scope_exception 2002 client=crm;",
    "procore_scope_exception 2002 client=erp project=22;",
    "procore_scope_company 1001;",
    "procore_scope_company 2002;",
    "procore_scope_names company tenant;",
    "procore_scope_body_size 20;"
};

static const char *const  methods[] = { "GET", "POST" };

static const char *const  paths[] = {
    "/rest/v1.0/x", "/rest/v1.0/me", "/rest/v1.0/companies",
    "/rest/v1.0/projects/11", "/rest/v1.0/projects/22",
    "/rest/v1.0/companies/2002/x", "/vapid/projects/a%20b", "/elsewhere",
    "/rest/v1.0/./x"
};

static const char *const  queries[] = {
    NULL, "a=b", "project_id=11", "project_id=22", "company_id=2002",
    "company_id=x1", "a=%zz", "access_token=t", "odd_company_id=1",
    "tenant=2002"
};

static const char *const  companies[] = { NULL, "1001", "2002", "x1", "1,2" };

static const char *const  bodies[] = {
    NULL, "{\"project_id\":11}", "{\"project_id\":22}",
    "{\"company_id\":\"y9\"}", "{", "{\"access_token\":\"t\"}",
    "{\"a_project_id\":1}"
};

static const char *const  types[] = {
    "application/json", "text/plain", "application/xml"
};


static procore_pool_t      settings_pool, check_pool, replay_pool;
static procore_settings_t  settings;
static const sample_t     *current;


static void *
settings_alloc(void *data, size_t size)
{
    (void) data;

    return procore_pool_alloc(&settings_pool, size);
}


static void *
check_alloc(void *data, size_t size)
{
    (void) data;

    return procore_pool_alloc(&check_pool, size);
}


static uint64_t
company_of(uint64_t project)
{
    return project == 11 ? OWN : project == 22 ? FOREIGN : 0;
}


static int
check_owner(void *data, uint64_t project, procore_judge_owner_t *owner)
{
    (void) data;

    memset(owner, 0, sizeof(procore_judge_owner_t));
    owner->company = company_of(project);

    return owner->company ? PROCORE_OK : PROCORE_NOT_FOUND;
}


static void
check_token(void *data, const procore_str_t *token,
    procore_check_token_t *found)
{
    (void) data;
    (void) token;

    if (current->bound) {
        found->binding = PROCORE_BINDING_BOUND;
        found->company = OWN;
        found->client.data = (const unsigned char *) "crm";
        found->client.len = 3;

    } else {
        found->binding = PROCORE_BINDING_UNBOUND;
    }
}


static int
replay_token(void *data, const unsigned char *digest, size_t len,
    procore_replay_binding_t *binding)
{
    (void) data;
    (void) digest;
    (void) len;
    (void) binding;

    return PROCORE_NOT_FOUND;
}


static int
replay_project(void *data, uint64_t id, procore_project_t *project)
{
    (void) data;

    memset(project, 0, sizeof(procore_project_t));
    project->company = company_of(id);
    project->learnt_at = 1000;
    project->valid_for = 1000;

    return project->company ? PROCORE_OK : PROCORE_NOT_FOUND;
}


static procore_str_t
text(const char *s)
{
    procore_str_t  str;

    str.data = (const unsigned char *) s;
    str.len = strlen(s);

    return str;
}


static void
use_policy(const char *conf)
{
    char           error[PROCORE_SETTINGS_ERROR];
    procore_str_t  str;

    procore_pool_reset(&settings_pool);
    procore_settings_init(&settings, settings_alloc, NULL);
    str = text(conf);

    if (procore_settings_read(&settings, &str, error) != PROCORE_OK) {
        printf("Bail out! %s: %s\n", conf, error);
        exit(1);
    }
}


/* What the gate decides, which sees all of it. */

static int
whole(const sample_t *sample, procore_decision_e *decision,
    procore_reason_e *reason)
{
    char                        raw[1024];
    int                         len;
    size_t                      used;
    unsigned char               room[1025];
    procore_judge_t             judge;
    static procore_request_t    request;
    const procore_check_calls_t calls = {
        .judge = { .alloc = check_alloc, .owner = check_owner },
        .token = check_token
    };

    len = snprintf(raw, sizeof(raw), "%s %s%s%s HTTP/1.1\r\nHost: a\r\n"
                   "%s%s%s%s%s%s%s%s", sample->method, sample->path,
                   sample->query ? "?" : "",
                   sample->query ? sample->query : "",
                   sample->token ? "Authorization: Bearer abc\r\n" : "",
                   sample->company ? "Procore-Company-Id: " : "",
                   sample->company ? sample->company : "",
                   sample->company ? "\r\n" : "",
                   sample->type ? "Content-Type: " : "",
                   sample->type ? sample->type : "",
                   sample->type ? "\r\nContent-Length: " : "",
                   sample->type ? "" : "\r\n");

    if (sample->type) {
        len += snprintf(raw + len, sizeof(raw) - (size_t) len,
                        "%zu\r\n\r\n%s", strlen(sample->body), sample->body);
    }

    procore_pool_reset(&check_pool);

    return procore_request_read(&request, (unsigned char *) raw, (size_t) len,
                                room, &used)
           == PROCORE_OK
           && procore_check(&judge, &settings, &request, &calls, NULL, 1500,
                            decision)
              == PROCORE_CHECK_DECIDED
           && ((*reason = judge.reason), 1);
}


static void
partly(const sample_t *sample, unsigned hidden, procore_outcome_t *out)
{
    procore_past_t    past;
    procore_replay_t  replay;

    memset(&past, 0, sizeof(procore_past_t));
    memset(&replay, 0, sizeof(procore_replay_t));

    replay.settings = &settings;
    replay.was = &settings;
    replay.now = 1500;
    replay.merge_slashes = 1;
    replay.token = replay_token;
    replay.project = replay_project;

    past.method = text(sample->method);
    past.target = PROCORE_PART_TEXT;
    past.path = text(sample->path);
    past.preflight_known = PROCORE_PREFLIGHT_OPTIONS;

    if (!(hidden & HIDE_TOKEN)) {
        past.token = sample->token ? PROCORE_PART_TEXT : PROCORE_PART_NONE;
        past.binding = sample->bound ? PROCORE_PART_TEXT : PROCORE_PART_NONE;
        past.company = sample->bound ? OWN : 0;
    }

    if (!(hidden & HIDE_CLIENT)) {
        past.client = text(sample->bound ? "crm" : "");
        past.client_known = 1;
    }

    if (!(hidden & HIDE_HEADER)) {
        past.header = sample->company ? PROCORE_PART_TEXT : PROCORE_PART_NONE;

        if (sample->company) {
            past.companies[past.ncompanies++] = text(sample->company);
        }
    }

    if (!(hidden & HIDE_QUERY)) {
        past.query = sample->query ? PROCORE_PART_TEXT : PROCORE_PART_NONE;
        past.query_text = text(sample->query ? sample->query : "");
    }

    if (!(hidden & HIDE_TYPE)) {
        past.type = PROCORE_PART_TEXT;
        past.length = sample->type ? strlen(sample->body) : 0;

        if (sample->type) {
            past.types[past.ntypes++] = text(sample->type);
        }
    }

    if (!(hidden & HIDE_BODY)) {
        past.body = sample->type ? PROCORE_PART_TEXT : PROCORE_PART_NONE;
        past.body_text = text(sample->type ? sample->body : "");
    }

    procore_pool_reset(&replay_pool);
    procore_replay_decide(&replay, &past, &replay_pool, out);
}


static unsigned long  decided, undecided, wrong, unsure;


static void
try_sample(const char *conf, const sample_t *sample)
{
    unsigned            hidden;
    procore_reason_e    reason;
    procore_decision_e  decision;
    procore_outcome_t   out;

    current = sample;

    if (!whole(sample, &decision, &reason)) {
        return;
    }

    for (hidden = 0; hidden <= HIDE_ALL; hidden++) {

        partly(sample, hidden, &out);

        if (out.state != PROCORE_OUTCOME_DECIDED) {
            undecided++;

            if (hidden == 0) {
                wrong++;
                printf("# nothing is hidden, and undecided: %s\n",
                       procore_whys[out.why].name);
            }

            continue;
        }

        decided++;
        unsure += !out.sure;

        if (out.decision == decision
            && (out.reason == reason || (!out.sure && hidden != 0)))
        {
            continue;
        }

        if (wrong++ < 10) {
            printf("# \"%s\" %s %s?%s header %s %s %s bound %d token %d, "
                   "hidden %02x: %s %s, told %s %s\n", conf, sample->method,
                   sample->path, sample->query ? sample->query : "",
                   sample->company ? sample->company : "-",
                   sample->type ? sample->type : "",
                   sample->type ? sample->body : "", sample->bound,
                   sample->token, hidden, procore_decision_names[decision],
                   (const char *) procore_reasons[reason].name.data,
                   procore_decision_names[out.decision],
                   (const char *) procore_reasons[out.reason].name.data);
        }
    }
}


/* All heads; with each of them some of the bodies. */

static void
try_policy(const char *conf)
{
    size_t    m, p, q, c, n;
    unsigned  who;
    sample_t  sample;

    use_policy(conf);
    n = 0;

    for (m = 0; m < COUNT(methods); m++) {
        for (p = 0; p < COUNT(paths); p++) {
            for (q = 0; q < COUNT(queries); q++) {
                for (c = 0; c < COUNT(companies); c++) {
                    for (who = 0; who < 3; who++) {

                        sample.method = methods[m];
                        sample.path = paths[p];
                        sample.query = queries[q];
                        sample.company = companies[c];
                        sample.body = bodies[n % COUNT(bodies)];
                        sample.type = sample.body == NULL ? NULL
                                      : types[n / 7 % 5 < 3 ? 0 : n % 3];
                        sample.token = who != 0;
                        sample.bound = who == 2;

                        try_sample(conf, &sample);
                        n++;
                    }
                }
            }
        }
    }
}


int
main(void)
{
    size_t  i;

    for (i = 0; i < COUNT(policies); i++) {
        wrong = 0;
        try_policy(policies[i]);
        is_int((long long) wrong, 0, "\"%s\": nothing is guessed",
               policies[i]);
    }

    ok(decided > 100000, "%lu were decided", decided);
    ok(undecided > 100000, "%lu were not", undecided);
    ok(unsure > 0 && unsure < decided, "%lu without a certain reason", unsure);

    procore_pool_free(&settings_pool);
    procore_pool_free(&check_pool);
    procore_pool_free(&replay_pool);

    return done_testing();
}

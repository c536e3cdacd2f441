
/*
 * Requests of all kinds, policies, and what the gate decides about the one by
 * the other, for the tests of replay.
 */


#ifndef PROCORE_REPLAY_SAMPLES_H
#define PROCORE_REPLAY_SAMPLES_H


#include "unit.h"

#include <stdlib.h>

#include "../../src/judge/procore_check.h"
#include "../../tools/procore_replay.h"


#define OWN      1001
#define FOREIGN  2002

#define COUNT(list)  (sizeof(list) / sizeof((list)[0]))


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


static procore_pool_t   settings_pool, check_pool, replay_pool;
static const sample_t  *current;


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
samples_policy(const char *conf, procore_settings_t *settings)
{
    char           error[PROCORE_SETTINGS_ERROR];
    procore_str_t  str;

    procore_settings_init(settings, settings_alloc, NULL);
    str = text(conf);

    if (procore_settings_read(settings, &str, error) != PROCORE_OK) {
        printf("Bail out! %s: %s\n", conf, error);
        exit(1);
    }
}


/* What the gate decides, which sees all of it. */

static int
samples_whole(const procore_settings_t *settings, const sample_t *sample,
    procore_judge_t *judge, procore_decision_e *decision)
{
    char                        raw[1024];
    int                         len;
    size_t                      used;
    unsigned char               room[1025];
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
    current = sample;

    return procore_request_read(&request, (unsigned char *) raw, (size_t) len,
                                room, &used)
           == PROCORE_OK
           && procore_check(judge, settings, &request, &calls, NULL, 1500,
                            decision)
              == PROCORE_CHECK_DECIDED;
}


/* A replay of requests whose tokens only the input knows. */

static void
samples_replay(procore_replay_t *replay, const procore_settings_t *settings,
    const procore_settings_t *was)
{
    memset(replay, 0, sizeof(procore_replay_t));

    replay->settings = settings;
    replay->was = was;
    replay->now = 1500;
    replay->merge_slashes = 1;
    replay->token = replay_token;
    replay->project = replay_project;
}


/* All heads; with each of them some of the bodies. */

static void
samples_each(void (*see)(const sample_t *sample))
{
    size_t    m, p, q, c, n;
    unsigned  who;
    sample_t  sample;

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

                        see(&sample);
                        n++;
                    }
                }
            }
        }
    }
}


static void
samples_free(void)
{
    procore_pool_free(&settings_pool);
    procore_pool_free(&check_pool);
    procore_pool_free(&replay_pool);
}


#endif /* PROCORE_REPLAY_SAMPLES_H */

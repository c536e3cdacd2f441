
/*
 * procore-scope audit verify: was a log of the audit changed?
 */


#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "procore_scope.h"
#include "procore_scope_audit.h"
#include "../src/crypto/procore_seal.h"


#define PROCORE_AUDIT_KEYS    16
#define PROCORE_AUDIT_LINE    65536     /* bytes; a record has 8,000 at most */


typedef struct {
    procore_scope_options_t  options;
    procore_chain_key_t      keys[PROCORE_AUDIT_KEYS];
    procore_verify_conf_t    conf;
    procore_verify_t        *verify;
    FILE                   **files;
    unsigned                *groups;
    procore_audit_report_t   report;
} procore_audit_t;


static int
procore_audit_key(procore_audit_t *audit, const char *name)
{
    int            rc;
    size_t         len;
    FILE          *file;
    unsigned char  text[PROCORE_CHAIN_TEXT_MAX + 1];

    if (audit->conf.nkeys == PROCORE_AUDIT_KEYS) {
        return procore_scope_usage("too many keys");
    }

    file = fopen(name, "re");

    if (file == NULL) {
        (void) procore_scope_fail(&audit->options, 0, "%s: %s", name,
                                  strerror(errno));
        return PROCORE_SCOPE_UNSURE;
    }

    len = fread(text, 1, sizeof(text), file);
    (void) fclose(file);

    rc = len > PROCORE_CHAIN_TEXT_MAX
         ? PROCORE_TOO_LARGE
         : procore_chain_key(text, len, &audit->keys[audit->conf.nkeys]);

    procore_wipe(text, sizeof(text));

    if (rc != PROCORE_OK) {
        (void) procore_scope_fail(&audit->options, 0, "%s is no audit key: %d "
                                  "to %d bytes", name, PROCORE_CHAIN_TEXT_MIN,
                                  PROCORE_CHAIN_TEXT_MAX);
        return PROCORE_SCOPE_UNSURE;
    }

    audit->conf.nkeys++;

    return PROCORE_SCOPE_GO_ON;
}


static int
procore_audit_parse(procore_audit_t *audit, int argc, char **argv)
{
    int  c, rc;

    static const struct option  names[] = {
        { "key", required_argument, NULL, 'k' },
        { "store", required_argument, NULL, 's' },
        { "complete", no_argument, NULL, 'c' },
        { "syslog", no_argument, NULL, 'y' },
        { "json", no_argument, NULL, 'j' },
        { NULL, 0, NULL, 0 }
    };

    while ((c = getopt_long(argc, argv, "", names, NULL)) != -1) {

        switch (c) {

        case 'k':
            rc = procore_audit_key(audit, optarg);
            if (rc != PROCORE_SCOPE_GO_ON) {
                return rc;
            }

            break;

        case 's':
            audit->options.store = optarg;
            break;

        case 'c':
            audit->conf.whole = 1;
            break;

        case 'y':
            audit->conf.prefix = 1;
            break;

        case 'j':
            audit->options.json = 1;
            break;

        default:
            return procore_scope_usage("wrong option");
        }
    }

    audit->options.narguments = argc - optind;
    audit->options.arguments = argv + optind;
    audit->report.names = argv + optind;
    audit->report.json = audit->options.json;

    if (audit->conf.nkeys == 0) {
        return procore_scope_usage("--key is missing");
    }

    if (audit->options.narguments == 0) {
        return procore_scope_usage("audit verify wants a FILE");
    }

    if (audit->options.narguments > PROCORE_VERIFY_FILES) {
        return procore_scope_usage("too many files");
    }

    return PROCORE_SCOPE_GO_ON;
}


/* How much of a name is the log's: without ".1", ".2.gz", "-20261124". */

static size_t
procore_audit_base(const char *name)
{
    size_t  len, end;

    len = strlen(name);

    if (len > 3 && strcmp(name + len - 3, ".gz") == 0) {
        len -= 3;
    }

    for (end = len; end > 0 && name[end - 1] >= '0' && name[end - 1] <= '9';
         end--)
    {
        /* void */
    }

    return end > 1 && end < len && (name[end - 1] == '.'
                                    || name[end - 1] == '-')
           ? end - 1 : len;
}


/* Files of one log have the number of the first one. */

static int
procore_audit_group(procore_audit_t *audit)
{
    int     i, j;
    char  **names;
    size_t  len;

    names = audit->options.arguments;
    audit->groups = calloc((size_t) audit->options.narguments,
                           sizeof(unsigned));

    if (audit->groups == NULL) {
        return PROCORE_SCOPE_UNSURE;
    }

    for (i = 0; i < audit->options.narguments; i++) {
        len = procore_audit_base(names[i]);

        for (j = 0; j < i; j++) {
            if (procore_audit_base(names[j]) == len
                && strncmp(names[j], names[i], len) == 0)
            {
                break;
            }
        }

        audit->groups[i] = (unsigned) j;
    }

    audit->conf.groups = audit->groups;

    return PROCORE_SCOPE_GO_ON;
}


/* As whoever runs it: opening the store may change the user. */

static int
procore_audit_open(procore_audit_t *audit)
{
    int          i, c;
    FILE        *file;
    const char  *name;

    audit->files = calloc((size_t) audit->options.narguments, sizeof(FILE *));

    if (audit->files == NULL) {
        (void) procore_scope_fail(&audit->options, 0, "no memory");
        return PROCORE_SCOPE_UNSURE;
    }

    for (i = 0; i < audit->options.narguments; i++) {
        name = audit->options.arguments[i];

        file = strcmp(name, "-") == 0 ? stdin : fopen(name, "re");
        audit->files[i] = file;

        c = file ? getc(file) : EOF;

        if (file == NULL || ferror(file)) {
            (void) procore_scope_fail(&audit->options, 0, "%s: %s", name,
                                      strerror(errno));
            return PROCORE_SCOPE_UNSURE;
        }

        if (c == 0x1f) {
            (void) procore_scope_fail(&audit->options, 0, "%s is compressed: "
                                      "give it by \"zcat FILE |\" as \"-\"",
                                      name);
            return PROCORE_SCOPE_UNSURE;
        }

        if (c != EOF) {
            (void) ungetc(c, file);
        }
    }

    return PROCORE_SCOPE_GO_ON;
}


/* How far each chain has come, before the files are read. */

static int
procore_audit_store(procore_audit_t *audit)
{
    int                    rc, further;
    procore_store_t       *store;
    procore_chain_point_t  point;

    if (audit->options.store == NULL) {
        return PROCORE_SCOPE_GO_ON;
    }

    if (procore_scope_open(&audit->options, 0, &store) != PROCORE_SCOPE_DONE) {
        return PROCORE_SCOPE_UNSURE;
    }

    if (procore_store_begin(store) != PROCORE_OK) {
        (void) procore_scope_fail(&audit->options, 0, "%s cannot be read",
                                  audit->options.store);
        procore_store_close(store);
        return PROCORE_SCOPE_UNSURE;
    }

    further = 0;

    while ((rc = procore_store_chain(store, further ? point.id : NULL, &point))
           == PROCORE_OK || rc == PROCORE_CORRUPT)
    {
        further = 1;

        if (rc == PROCORE_OK
            && procore_verify_point(audit->verify, &point) != PROCORE_OK)
        {
            break;
        }
    }

    procore_store_end(store);
    procore_store_close(store);

    if (rc != PROCORE_NOT_FOUND) {
        (void) procore_scope_fail(&audit->options, 0, "%s cannot be read",
                                  audit->options.store);
        return PROCORE_SCOPE_UNSURE;
    }

    return PROCORE_SCOPE_GO_ON;
}


/* Of a line that no record can be, the beginning counts. */

static int
procore_audit_read(procore_audit_t *audit, unsigned number)
{
    int             c, rc;
    FILE           *file;
    size_t          len;
    uint64_t        line;
    unsigned char  *data;

    data = malloc(PROCORE_AUDIT_LINE);
    if (data == NULL) {
        return PROCORE_ERROR;
    }

    file = audit->files[number];
    line = 0;
    rc = PROCORE_OK;

    do {
        len = 0;

        while ((c = getc_unlocked(file)) != EOF && c != '\n') {
            if (len < PROCORE_AUDIT_LINE) {
                data[len++] = (unsigned char) c;
            }
        }

        if (c == '\n' || len) {
            rc = procore_verify_line(audit->verify, number, ++line, data, len,
                                     c == '\n');
        }

    } while (c != EOF && rc == PROCORE_OK);

    if (ferror(file)) {
        rc = PROCORE_ERROR;
    }

    free(data);

    return rc;
}


static int
procore_audit_run(procore_audit_t *audit)
{
    int                   i, rc;
    procore_verify_sum_t  sum;

    rc = procore_audit_open(audit);

    if (rc == PROCORE_SCOPE_GO_ON) {
        rc = procore_audit_store(audit);
    }

    if (rc != PROCORE_SCOPE_GO_ON) {
        return rc;
    }

    rc = PROCORE_OK;

    for (i = 0; i < audit->options.narguments && rc == PROCORE_OK; i++) {
        rc = procore_audit_read(audit, (unsigned) i);
    }

    if (rc == PROCORE_OK) {
        rc = procore_verify_end(audit->verify, &sum);
    }

    if (rc != PROCORE_OK) {
        (void) procore_scope_fail(&audit->options, 0,
                                  rc == PROCORE_TOO_LARGE
                                  ? "the damage is too large to be listed"
                                  : "the files cannot be read, or no memory");
        return PROCORE_SCOPE_UNSURE;
    }

    return procore_audit_sum(&audit->report, &sum);
}


int
procore_scope_audit_verify(int argc, char **argv)
{
    int               i, rc;
    procore_audit_t  *audit;

    audit = calloc(1, sizeof(procore_audit_t));
    if (audit == NULL) {
        return PROCORE_SCOPE_UNSURE;
    }

    audit->conf.keys = audit->keys;
    audit->conf.found = procore_audit_found;
    audit->conf.data = &audit->report;

    rc = procore_audit_parse(audit, argc, argv);

    if (rc == PROCORE_SCOPE_GO_ON) {
        rc = procore_audit_group(audit);
    }

    if (rc == PROCORE_SCOPE_GO_ON) {
        audit->verify = procore_verify_new(&audit->conf);
        rc = audit->verify ? procore_audit_run(audit) : PROCORE_SCOPE_UNSURE;
    }

    procore_verify_free(audit->verify);

    for (i = 0; audit->files && i < audit->options.narguments; i++) {
        if (audit->files[i] && audit->files[i] != stdin) {
            (void) fclose(audit->files[i]);
        }
    }

    free(audit->files);
    free(audit->groups);
    procore_wipe(audit->keys, sizeof(audit->keys));
    free(audit);

    return rc;
}


/*
 * The record of changes: nothing but an operator's command changes a binding,
 * and none of those goes without a trace.  Over HTTP nginx's audit has it; the
 * command line has no access_log and appends to a file of the store's folder.
 */


#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "procore_scope_changes.h"
#include "../src/crypto/procore_seal.h"
#include "../src/relay/procore_out.h"


/*
 * A line has less: texts are a client id of 128 bytes and two names, each
 * escaped sixfold at most.
 */

#define PROCORE_SCOPE_CHANGE_LINE  4096
#define PROCORE_SCOPE_USER         64       /* bytes of a name that are told */


static uid_t  procore_scope_uid;
static char   procore_scope_user[PROCORE_SCOPE_USER];
static char   procore_scope_sudo[PROCORE_SCOPE_USER];


void
procore_scope_changes_begin(void)
{
    const char     *sudo;
    struct passwd  *entry;

    procore_scope_uid = getuid();

    entry = getpwuid(procore_scope_uid);

    if (entry != NULL) {
        (void) snprintf(procore_scope_user, sizeof(procore_scope_user), "%s",
                        entry->pw_name);
    }

    sudo = getenv("SUDO_USER");

    if (sudo != NULL) {
        (void) snprintf(procore_scope_sudo, sizeof(procore_scope_sudo), "%s",
                        sudo);
    }
}


static const char *
procore_scope_change_action(procore_store_op_e type)
{
    switch (type) {

    case PROCORE_STORE_SET:
        return "admin_bind";

    case PROCORE_STORE_END:
    case PROCORE_STORE_WITHDRAW:
        return "admin_end";

    case PROCORE_STORE_PROJECTS:
        return "admin_project";

    case PROCORE_STORE_FORGET:
        return "admin_forget";

    case PROCORE_STORE_PAUSE:
        return "admin_pause";

    case PROCORE_STORE_RESUME:
        return "admin_resume";

    default:
        return "admin_import";
    }
}


/* ,"name":"text", or null without one. */

static void
procore_scope_change_text(procore_out_t *out, const char *name,
    const unsigned char *data, size_t len)
{
    procore_str_t  text;

    text.len = len;
    text.data = data;

    procore_out_text(out, name);

    if (len == 0) {
        procore_out_text(out, "null");
        return;
    }

    procore_out_text(out, "\"");
    procore_out_json(out, &text);
    procore_out_text(out, "\"");
}


static void
procore_scope_change_number(procore_out_t *out, const char *name, uint64_t n)
{
    procore_out_text(out, name);

    if (n == 0) {
        procore_out_text(out, "null");
        return;
    }

    procore_out_number(out, n);
}


/* The first 16 digits of a digest, as $procore_scope_token has them. */

static void
procore_scope_change_digest(procore_out_t *out, const char *name,
    const unsigned char *digest, int there)
{
    unsigned char  text[16];

    procore_hex_write(digest, sizeof(text) / 2, text);
    procore_scope_change_text(out, name, text, there ? sizeof(text) : 0);
}


static void
procore_scope_change_line(procore_out_t *out,
    const procore_scope_options_t *options, const procore_store_op_t *op)
{
    char       time[sizeof("1970-01-01T00:00:00Z")];
    time_t     now;
    uint64_t   company;
    struct tm  tm;

    now = (time_t) op->now;
    time[0] = '\0';

    if (gmtime_r(&now, &tm) != NULL) {
        (void) strftime(time, sizeof(time), "%Y-%m-%dT%H:%M:%SZ", &tm);
    }

    company = op->company ? op->company : op->bound.company;

    procore_out_text(out, "{\"@timestamp\":\"");
    procore_out_text(out, time);
    procore_out_text(out, "\",\"event\":{\"kind\":\"event\",\"category\":"
                          "[\"configuration\"],\"type\":[\"change\"],"
                          "\"action\":\"");
    procore_out_text(out, procore_scope_change_action(op->type));
    procore_out_text(out, op->rc == PROCORE_OK
                          ? "\",\"outcome\":\"success\"}"
                          : "\",\"outcome\":\"failure\"}");

    procore_out_text(out, ",\"user\":{\"id\":\"");
    procore_out_number(out, procore_scope_uid);
    procore_scope_change_text(out, "\",\"name\":",
                              (unsigned char *) procore_scope_user,
                              strlen(procore_scope_user));
    procore_scope_change_text(out, ",\"sudo\":",
                              (unsigned char *) procore_scope_sudo,
                              strlen(procore_scope_sudo));

    procore_scope_change_text(out, "},\"procore_scope\":{\"realm\":",
                              (const unsigned char *) options->realm,
                              strlen(options->realm));
    procore_scope_change_number(out, ",\"company\":", company);
    procore_scope_change_text(out, ",\"client\":", op->client, op->client_len);
    procore_scope_change_digest(out, ",\"token\":", op->has_access
                                                    ? op->access : op->refresh,
                                op->has_access || op->has_refresh);
    procore_scope_change_digest(out, ",\"family\":", op->family,
                                op->has_family);
    procore_scope_change_number(out, ",\"projects\":", op->nprojects);
    procore_out_text(out, "}}\n");
}


static int
procore_scope_changes_append(int fd, const unsigned char *data, size_t len)
{
    ssize_t  n;

    while (len != 0) {
        n = write(fd, data, len);

        if (n == -1 && errno == EINTR) {
            continue;
        }

        if (n <= 0) {
            return -1;
        }

        data += n;
        len -= (size_t) n;
    }

    return 0;
}


int
procore_scope_write(const procore_scope_options_t *options,
    procore_store_t *store, procore_store_op_t **ops, size_t n, char *error)
{
    int            fd, rc, failed;
    char           name[1024];
    size_t         i;
    procore_out_t  out;
    unsigned char  line[PROCORE_SCOPE_CHANGE_LINE];

    (void) snprintf(name, sizeof(name), "%s/" PROCORE_STORE_CHANGES,
                    options->store);

    fd = open(name, O_WRONLY|O_APPEND|O_CREAT|O_CLOEXEC|O_NOFOLLOW, 0600);

    if (fd == -1) {
        (void) snprintf(error, PROCORE_STORE_ERROR_TEXT, "nothing is changed, "
                        "because it cannot be recorded in "
                        PROCORE_STORE_CHANGES ": %s", strerror(errno));
        return PROCORE_ERROR;
    }

    rc = procore_store_write(store, ops, n, error);
    failed = 0;

    for (i = 0; i < n && rc == PROCORE_OK && !failed; i++) {
        out.data = line;
        out.size = sizeof(line);
        out.len = 0;

        procore_scope_change_line(&out, options, ops[i]);

        failed = out.len > out.size
                 || procore_scope_changes_append(fd, line, out.len) == -1;
    }

    if ((rc == PROCORE_OK && fsync(fd) == -1) || close(fd) == -1) {
        failed = 1;
    }

    if (failed) {
        fprintf(stderr, "procore-scope: %s: the change is made, and cannot be "
                "recorded: %s\n", name, strerror(errno));
    }

    return rc;
}

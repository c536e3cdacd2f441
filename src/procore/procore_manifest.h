
/*
 * Reads what an App Manifest tells users after an installation: its
 * post_installation_instruction.
 */


#ifndef PROCORE_MANIFEST_H
#define PROCORE_MANIFEST_H


#include "../policy/procore_types.h"


/* Bytes of a manifest that are read; real ones have a few kilobytes. */

#define PROCORE_MANIFEST_MAX  262144

/* Bytes of each text: they go into every refusal. */

#define PROCORE_MANIFEST_URL    2048
#define PROCORE_MANIFEST_LABEL  256
#define PROCORE_MANIFEST_NOTES  4096


/* Texts in UTF-8; len 0: not told. */

typedef struct {
    procore_str_t  url;
    procore_str_t  label;
    procore_str_t  notes;
    void          *document;   /* what the texts point into */
} procore_manifest_t;


/*
 * Reads a manifest of "len" bytes in memory, which is not kept.  The member
 * "post_installation_instruction" of the whole counts, or else the first one at
 * whatever level it stands.
 *
 * Returns PROCORE_OK; PROCORE_NOT_FOUND where there is none or all of it is
 * null; PROCORE_TOO_LARGE above one of the bounds; PROCORE_ERROR (memory, or a
 * number longer than cJSON can hold); or PROCORE_MALFORMED: no strict JSON,
 * nested deeper than PROCORE_DEPTH, a member of another type, a NUL in a text,
 * a url that does not begin with "https://" and a host or has a blank, a
 * control character, a quote, an angle bracket or a byte beyond ASCII.
 * *manifest is empty unless PROCORE_OK is returned, and then has to be freed.
 */

int procore_manifest_read(procore_manifest_t *manifest,
    const unsigned char *data, size_t len);

/* Frees the texts; harmless for an empty manifest. */

void procore_manifest_free(procore_manifest_t *manifest);


#endif /* PROCORE_MANIFEST_H */

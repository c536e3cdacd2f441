
/*
 * Whatever its texts are, a page is UTF-8 without characters that control or
 * turn text, has the tags of our own and no other, is as long as was told, and
 * each round writes the same.
 */


#include <stdlib.h>
#include <string.h>

#include "../../src/claims/procore_utf8.h"
#include "../../src/relay/procore_page.h"


#define FUZZ_TEXTS  16


/* The next text, up to a NUL. */

static procore_str_t
next_text(const uint8_t **data, size_t *size)
{
    procore_str_t  text;
    const uint8_t *end;

    text.data = *data;
    end = *size != 0 ? memchr(*data, '\0', *size) : NULL;
    text.len = end != NULL ? (size_t) (end - *data) : *size;

    *data += text.len + (end != NULL);
    *size -= text.len + (end != NULL);

    return text;
}


static void
read_page(procore_page_t *page, const uint8_t *data, size_t size)
{
    size_t          i;
    procore_str_t  *texts[FUZZ_TEXTS] = {
        &page->app, &page->host, &page->login, &page->action, &page->state,
        &page->token, &page->search, &page->title, &page->text, &page->reason,
        &page->button, &page->code, &page->company, &page->help_url,
        &page->help_label, &page->help_notes
    };

    memset(page, 0, sizeof(*page));

    if (size < 3) {
        return;
    }

    page->kind = (procore_page_e) (data[0] % (PROCORE_PAGE_DONE + 1));
    page->page = data[1];
    page->cancel = data[2] & 1;
    page->partial = data[2] >> 1 & 1;
    page->selected = data[2];
    page->company_id = data[2];

    data += 3;
    size -= 3;

    for (i = 0; i < FUZZ_TEXTS; i++) {
        *texts[i] = next_text(&data, &size);
    }

    page->companies.data = data;
    page->companies.len = size;
}


static unsigned char *
render(const procore_page_t *page, size_t *len)
{
    unsigned char  *memory;
    procore_out_t   out = { NULL, 0, 0 };

    procore_page_render(&out, page);
    *len = out.len;

    memory = malloc(out.len);

    if (memory == NULL) {
        abort();
    }

    out.data = memory;
    out.size = out.len;
    out.len = 0;

    procore_page_render(&out, page);

    if (out.len != *len) {
        abort();
    }

    return memory;
}


/* Is it U+202A to U+202E, or U+2066 to U+2069? */

static int
turns(const unsigned char *p, size_t len)
{
    return len == 3 && p[0] == 0xe2
           && ((p[1] == 0x80 && p[2] >= 0xaa && p[2] <= 0xae)
               || (p[1] == 0x81 && p[2] >= 0xa6 && p[2] <= 0xa9));
}


static void
check_text(const unsigned char *p, size_t len)
{
    int     valid;
    size_t  i, n;

    for (i = 0; i < len; i += n) {
        n = procore_utf8_length(p + i, len - i, &valid);

        if (!valid || turns(p + i, n) || (p[i] < ' ' && p[i] != '\n')
            || p[i] == 0x7f)
        {
            abort();
        }
    }
}


/* Our own tags, each between two blanks. */

static const char  tags[] =
    " !DOCTYPE html head meta title style body main h1 p b bdi br q dl div dt"
    " dd small label textarea form input fieldset legend span nav a button ";


static int
is_tag(const unsigned char *p, size_t len)
{
    char    name[16];
    size_t  n;

    if (len != 0 && *p == '/') {
        p++;
        len--;
    }

    name[0] = ' ';

    for (n = 0; n < len && n < sizeof(name) - 3; n++) {
        if (p[n] == ' ' || p[n] == '>') {
            break;
        }

        name[n + 1] = (char) p[n];
    }

    name[n + 1] = ' ';
    name[n + 2] = '\0';

    return n != 0 && strstr(tags, name) != NULL;
}


/* No tag begins inside of another or of a quoted value, and quotes pair up. */

static void
check_tags(const unsigned char *p, size_t len)
{
    int     inside, quoted;
    size_t  i;

    inside = 0;
    quoted = 0;

    for (i = 0; i < len; i++) {

        if (p[i] == '<') {
            if (inside || !is_tag(p + i + 1, len - i - 1)) {
                abort();
            }

            inside = 1;

        } else if (p[i] == '"' && inside) {
            quoted = !quoted;

        } else if (p[i] == '>' && inside) {
            if (quoted) {
                abort();
            }

            inside = 0;
        }
    }

    if (inside || quoted) {
        abort();
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t           len, found, pages;
    unsigned char   *html;
    procore_page_t   page;

    read_page(&page, data, size);
    html = render(&page, &len);

    check_text(html, len);
    check_tags(html, len);

    procore_page_count(&page, &found, &pages);

    if (pages == 0 || found > pages * PROCORE_PAGE_LIST) {
        abort();
    }

    free(html);

    return 0;
}


/*
 * Text of a request made fit for a log and for JSON.
 */


#include "ngx_http_procore_scope.h"


/* So many bytes of a token in a row tell too much of it. */

#define NGX_HTTP_PROCORE_SCOPE_LEAK   16

/*
 * Any run of LEAK bytes holds one whole block of this size that begins at a
 * multiple of it.
 */

#define NGX_HTTP_PROCORE_SCOPE_BLOCK  8


static ngx_uint_t ngx_http_procore_scope_leaks(ngx_str_t *token,
    u_char *run, size_t len);
static size_t ngx_http_procore_scope_sequence(u_char *p, u_char *end,
    uint32_t *code);


/* ASCII that stands for itself in a JSON string. */

static const u_char  ngx_http_procore_scope_plain[256] = {
    [0x20 ... 0x21] = 1, [0x23 ... 0x5b] = 1, [0x5d ... 0x7e] = 1
};


u_char *
ngx_http_procore_scope_json(u_char *p, u_char *last, ngx_str_t *text)
{
    u_char    *s, *end, *run;
    size_t     n;
    uint32_t   code;

    s = text->data;
    end = s + text->len;

    while (s < end) {

        for (run = s; s < end && ngx_http_procore_scope_plain[*s]; s++) {
            /* void */
        }

        n = ngx_min((size_t) (s - run), (size_t) (last - p));
        p = ngx_cpymem(p, run, n);

        if (s == end || run + n < s) {
            break;
        }

        n = ngx_http_procore_scope_sequence(s, end, &code);

        if (last - p < NGX_HTTP_PROCORE_SCOPE_ESCAPED) {
            break;
        }

        if (n == 0) {

            /* U+FFFD takes the place of a byte that is no UTF-8 */

            p = ngx_cpymem(p, "\xef\xbf\xbd", 3);
            s++;
            continue;
        }

        if (code < 0x20 || code == 0x7f || code == 0x2028 || code == 0x2029) {
            p = ngx_sprintf(p, "\\u%04xD", code);

        } else if (code == '"' || code == '\\') {
            *p++ = '\\';
            *p++ = (u_char) code;

        } else {
            p = ngx_cpymem(p, s, n);
        }

        s += n;
    }

    return p;
}


/*
 * Length of the well-formed UTF-8 sequence at "p" (RFC 3629, section 4), with
 * its code point; 0 where there is none.
 */

static size_t
ngx_http_procore_scope_sequence(u_char *p, u_char *end, uint32_t *code)
{
    size_t    n, i;
    uint32_t  c, least;

    c = p[0];

    if (c < 0x80) {
        *code = c;
        return 1;
    }

    if (c >= 0xc2 && c <= 0xdf) {
        n = 2;
        c &= 0x1f;
        least = 0x80;

    } else if (c >= 0xe0 && c <= 0xef) {
        n = 3;
        c &= 0x0f;
        least = 0x800;

    } else if (c >= 0xf0 && c <= 0xf4) {
        n = 4;
        c &= 0x07;
        least = 0x10000;

    } else {
        return 0;
    }

    if ((size_t) (end - p) < n) {
        return 0;
    }

    for (i = 1; i < n; i++) {

        if ((p[i] & 0xc0) != 0x80) {
            return 0;
        }

        c = c << 6 | (p[i] & 0x3f);
    }

    if (c < least || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff)) {
        return 0;
    }

    *code = c;

    return n;
}


void
ngx_http_procore_scope_hide_token(ngx_http_procore_scope_ctx_t *ctx,
    ngx_str_t *text, ngx_str_t *shown)
{
    u_char  *p, *run, *end;

    *shown = *text;

    if (ctx->token.len < NGX_HTTP_PROCORE_SCOPE_LEAK
        || text->len < NGX_HTTP_PROCORE_SCOPE_LEAK)
    {
        return;
    }

    /*
     * Most texts fall into short runs between separators, and a run that is too
     * short to tell anything need not be searched for.
     */

    end = text->data + text->len;
    run = text->data;

    for (p = run; p <= end; p++) {

        if (p < end && *p != '/' && *p != ' ' && *p != '[' && *p != ']') {
            continue;
        }

        if (p < end && memchr(ctx->token.data, *p, ctx->token.len)) {
            continue;
        }

        if (ngx_http_procore_scope_leaks(&ctx->token, run, (size_t) (p - run)))
        {
            ngx_str_set(shown, "[token]");
            return;
        }

        run = p + 1;
    }
}


static ngx_uint_t
ngx_http_procore_scope_leaks(ngx_str_t *token, u_char *run, size_t len)
{
    u_char  *p, *q, *s, *t, *end, *last;

    if (len < NGX_HTTP_PROCORE_SCOPE_LEAK) {
        return 0;
    }

    end = run + len;
    last = token->data + token->len;

    for (p = run;
         (size_t) (end - p) >= NGX_HTTP_PROCORE_SCOPE_BLOCK;
         p += NGX_HTTP_PROCORE_SCOPE_BLOCK)
    {
        for (q = token->data;
             (size_t) (last - q) >= NGX_HTTP_PROCORE_SCOPE_BLOCK;
             q++)
        {
            q = memchr(q, *p, (size_t) (last - q));

            if (q == NULL
                || (size_t) (last - q) < NGX_HTTP_PROCORE_SCOPE_BLOCK)
            {
                break;
            }

            if (ngx_memcmp(p, q, NGX_HTTP_PROCORE_SCOPE_BLOCK) != 0) {
                continue;
            }

            for (s = p, t = q;
                 s > run && t > token->data && s[-1] == t[-1];
                 s--, t--)
            {
                /* void */
            }

            for (t = q; p + (t - q) < end && t < last && p[t - q] == *t; t++) {
                /* void */
            }

            if ((p + (t - q)) - s >= NGX_HTTP_PROCORE_SCOPE_LEAK) {
                return 1;
            }
        }
    }

    return 0;
}


/*
 * What the style sheets of all pages have in common: colours, the body, the
 * card that all of it stands on, headings and links.  Colours have a contrast
 * of at least 4.5 to 1 as text, 3 to 1 as edges of controls.
 *
 * A page's own sheet is PROCORE_STYLE_BEGIN, the width of "main" and what else
 * it has of its own, PROCORE_STYLE_CARD, and its own rules.
 */


#ifndef PROCORE_STYLE_H
#define PROCORE_STYLE_H


#define PROCORE_STYLE_BEGIN                                                   \
    ":root{color-scheme:light dark;--ink:#1c2733;--mute:#465260;"             \
    "--line:#ccd5dd;"                                                         \
    "--card:#fff;--back:#eef2f5;--main:#084f80;--on:#fff;--tint:#e9f3fa;"     \
    "--note:#fff6dc}"                                                         \
    "@media(prefers-color-scheme:dark){:root{--ink:#e9eef3;--mute:#b7c3ce;"   \
    "--line:#3d4b58;--card:#1a222b;--back:#10161c;--main:#8fcdf5;"            \
    "--on:#0a1a27;"                                                           \
    "--tint:#21323f;--note:#33301f}}"                                         \
    "*{box-sizing:border-box}"                                                \
    "html{scroll-padding:1rem 0 7rem;-webkit-text-size-adjust:100%}"          \
    "body{margin:0;padding:.5rem;background:var(--back);color:var(--ink);"    \
    "font:1rem/1.5 system-ui,-apple-system,\"Segoe UI\",Roboto,sans-serif;"   \
    "overflow-wrap:anywhere}"                                                 \
    "main{"

#define PROCORE_STYLE_CARD                                                    \
    "margin:0 auto;padding:1.25rem 1rem;"                                     \
    "background:var(--card);border:1px solid var(--line);"                    \
    "border-top:.375rem solid var(--main);border-radius:.375rem}"             \
    "h1{margin:0;font-size:1.75rem;line-height:1.25}"                         \
    "p{margin:1rem 0 0}"                                                      \
    "small{display:block;font-size:.875rem;color:var(--mute)}"                \
    "a{color:var(--main)}"


#endif /* PROCORE_STYLE_H */


/*
 * The one style sheet.  Every byte of it is in the digest below.
 */


#include "procore_page_internal.h"
#include "procore_style.h"


/*
 * The buttons stay at the foot of a long list, but not where they
 * would cover much of a small window.
 */

const char  procore_page_style[] =
    PROCORE_STYLE_BEGIN "max-width:38rem;" PROCORE_STYLE_CARD
    "dl{margin:1.25rem 0 0;padding:.75rem 0;border:solid var(--line);"
    "border-width:1px 0}"
    "dl div,.row,.go,nav{display:flex;flex-wrap:wrap;gap:.25rem .75rem}"
    "dl div{gap:0 .75rem}"
    "dl div+div{margin-top:.375rem}"
    "dt{flex:0 0 10rem;color:var(--mute)}"
    "dd{flex:1 1 12rem;margin:0;font-weight:600}"
    "dd small{font-weight:400}"
    ".note{margin-top:1.25rem;padding:.75rem 1rem;background:var(--note);"
    "border:1px solid var(--mute);border-radius:.5rem}"
    ".note p:first-child{margin:0}"
    "form{margin-top:1.25rem}"
    "fieldset{margin:0;padding:0;border:0;min-width:0}"
    "legend,form>label,main>label{display:block;padding:0;font-weight:600}"
    "main>label{margin-top:1.25rem}"
    ".company{display:flex;gap:.875rem;margin-top:.5rem;padding:.75rem 1rem;"
    "border:1px solid var(--line);border-radius:.5rem;cursor:pointer}"
    ".company,dd{overflow:hidden}"
    ".company:hover{border-color:var(--main)}"
    ".company:has(:checked){border-color:var(--main);background:var(--tint)}"
    "[type=radio]{flex:none;width:1.25rem;height:1.25rem;margin:.125rem 0 0;"
    "accent-color:var(--main)}"
    "[type=search],textarea{display:block;flex:1 1 8rem;width:100%;"
    "min-width:0;margin-top:.25rem;padding:.625rem .75rem;font:inherit;"
    "color:inherit;"
    "background:var(--card);border:1px solid var(--mute);border-radius:.5rem}"
    "textarea{font-family:ui-monospace,monospace;resize:none;"
    "field-sizing:content}"
    "button,nav a{min-width:2.75rem;padding:.625rem .75rem;"
    "border:1px solid var(--main);border-radius:.5rem;font:inherit;"
    "font-weight:600;color:var(--on);background:var(--main);cursor:pointer;"
    "overflow-wrap:anywhere}"
    ".row button,.other,nav a{color:var(--main);background:none}"
    ".go button{flex:1 1 auto}"
    ".row{margin-top:.25rem}"
    ".row>*{margin:0}"
    "nav{margin-top:1rem}"
    "nav a{padding:.5rem;text-align:center;text-decoration:none}"
    "[aria-current]{color:var(--on);background:var(--main)}"
    ".go{margin-top:1rem;padding:1rem 0;background:var(--card);"
    "border-top:1px solid var(--line)}"
    ":focus-visible,.company:focus-within{outline:3px solid var(--main);"
    "outline-offset:2px}"
    "[type=radio]:focus-visible{outline:0}"
    "@media(min-height:35rem){.go{position:sticky;bottom:0}}"
    "@media(min-width:40rem){body{padding:3rem 1rem}main{padding:2rem 2.5rem}"
    ".go button{flex:none;padding:.625rem 1.5rem}}";

const char  procore_page_style_source[] =
    "'sha256-HpNPJVJ9GG5x7EeNX1sGxf0RfuN9qz6yjVN+I2N/xaQ='";

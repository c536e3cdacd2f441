
/*
 * The style sheet of the status.  Every byte of it is in the digest below.
 */


#include "procore_status.h"
#include "../relay/procore_style.h"


/* Texts from outside may break anywhere, words and numbers do not. */

const char  procore_status_style[] =
    PROCORE_STYLE_BEGIN "max-width:70rem;" PROCORE_STYLE_CARD
    ":root{--bad:#8c0f18;--good:#17663a;--redback:#fdecec}"
    "@media(prefers-color-scheme:dark){:root{--bad:#ff9c9c;--good:#85d9a5;"
    "--redback:#3b2023}}"
    "h2{margin:2rem 0 0;font-size:1.25rem;line-height:1.25}"
    "dl{display:grid;grid-template-columns:repeat(auto-fill,minmax(7.5rem,1fr))"
    ";gap:.5rem;margin:1rem 0 0}"
    "dl div{padding:.625rem .75rem;border:1px solid var(--line);"
    "border-radius:.375rem;min-width:0}"
    "dt{color:var(--mute);font-size:.875rem}"
    "dd{margin:0;font-size:1.25rem;font-weight:600;line-height:1.3;"
    "font-variant-numeric:tabular-nums}"
    ".bad dd{color:var(--bad)}"
    ".good dd{color:var(--good)}"
    "ul{margin:1rem 0 0;padding:0;list-style:none}"
    "li{margin-top:.5rem;padding:.625rem .75rem;background:var(--note);"
    "border:1px solid var(--mute);border-radius:.375rem}"
    "li.bad{background:var(--redback);border-color:var(--bad)}"
    "li b{display:block}"
    ".bad b{color:var(--bad)}"
    ".fine{padding:.625rem .75rem;border:1px solid var(--good);"
    "border-radius:.375rem;color:var(--good);font-weight:600}"
    "table{width:100%;margin-top:1.25rem;border-collapse:collapse}"
    "caption{padding-bottom:.375rem;text-align:left;font-weight:600}"
    "th,td{padding:.375rem .25rem;border-top:1px solid var(--line);"
    "vertical-align:top;text-align:left;font-size:.875rem}"
    "thead th{color:var(--mute);font-weight:600}"
    "tbody th{font-weight:400}"
    "th,td{overflow-wrap:normal}"
    ".n{width:1%;text-align:right;font-variant-numeric:tabular-nums}"
    "time{white-space:nowrap}"
    "bdi{unicode-bidi:isolate;overflow-wrap:anywhere}"
    ".lead{font-size:1.25rem;font-weight:600;line-height:1.35}"
    "section{margin-top:2rem;border-top:1px solid var(--line)}"
    "section h2{margin-top:1rem}"
    "h2 small{margin-top:.25rem;font-weight:400;line-height:1.4}"
    "th small{font-weight:400}"
    "th small time{white-space:normal}"
    "details{margin-top:1rem}"
    "summary{padding:.375rem 0;color:var(--main);font-weight:600;"
    "cursor:pointer}"
    "nav{display:flex;flex-wrap:wrap;gap:.25rem 1rem;margin-top:1rem}"
    "nav a{padding:.375rem 0}"
    ":focus-visible{outline:3px solid var(--main);outline-offset:2px}"
    "@media(min-width:40rem){body{padding:2rem 1rem}main{padding:1.5rem 2rem}"
    "th,td{padding:.375rem .5rem;font-size:1rem}.n{width:7.5rem}}";

const char  procore_status_style_source[] =
    "'sha256-S2KpvR/pj1mFtVlFDQs1XxbsGvXNSePdfknqQdtSQAM='";

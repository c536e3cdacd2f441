'use strict';

// Debian's Chromium, headless, with an empty profile, that asks nobody for
// anything by itself.

const { chromium } = require('playwright-core');

const ARGUMENTS = [
  '--no-sandbox', '--disable-gpu', '--disable-background-networking',
  '--disable-component-update', '--disable-sync', '--no-first-run',
  '--disable-dev-shm-usage',
];


// No name is looked up but those of "hosts" (name to address:port).
function launch(hosts = {}) {
  const rules = Object.entries(hosts).map(([name, to]) => `MAP ${name} ${to}`);
  rules.push('MAP * ~NOTFOUND', 'EXCLUDE 127.0.0.1', 'EXCLUDE localhost',
             'EXCLUDE ::1');
  return chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: [...ARGUMENTS, `--host-resolver-rules=${rules.join(', ')}`],
  });
}


// A window. Options: width, height (CSS pixels), zoom (2: 200 %), dark, forced
// (forced colours), script (false: JavaScript is off).
function open(browser, options) {
  return browser.newContext({
    viewport: { width: options.width || 1280, height: options.height || 800 },
    deviceScaleFactor: options.zoom || 1,
    colorScheme: options.dark ? 'dark' : 'light',
    forcedColors: options.forced ? 'active' : 'none',
    javaScriptEnabled: options.script !== false,
    ignoreHTTPSErrors: true,
  });
}


// All of standard input, which is JSON; an empty one is {}.
async function input() {
  const pieces = [];
  for await (const piece of process.stdin) pieces.push(piece);
  const text = Buffer.concat(pieces).toString();
  return text.trim() ? JSON.parse(text) : {};
}


module.exports = { input, launch, open };

'use strict';

// Looks at every page in Chromium, light and dark, narrow and at 200 %.
//
// Standard input: {"render": program, "screenshots": folder or null, "only":
// the name of a case or null}. Prints {"case": [finding, ...]}; a case without
// finding has an empty list.

const path = require('path');
const { input, launch } = require('./browser');
const { CASES } = require('./cases');
const { WINDOWS, look, markup } = require('./look');
const { Site, render } = require('./site');

// A page that is gone after a second cannot be read at leisure, but there is
// nothing on it to read, and its link does the same.
const EXEMPT = {
  moment: ['meta-refresh', 'meta-refresh-no-exceptions'],
};

// The findings of all cases, and of the windows that they are shown in.
main();


async function main() {
  const order = await input();
  const site = new Site(order.render);
  const browser = await launch();
  const findings = {};

  await site.start();
  try {
    for (const [name, data] of Object.entries(CASES)) {
      if (order.only && order.only !== name) continue;
      findings[name] = [...await ofPage(site, data),
                        ...await windows(browser, site, name, data, order)];
    }
  } finally {
    await browser.close();
    site.stop();
  }
  console.log(JSON.stringify(findings));
}


// The validator knows one of the exempt rules by that name.
function ofPage(site, data) {
  return markup(render(site.program, data).toString(),
    (EXEMPT[data.kind] || []).filter((rule) => rule === 'meta-refresh'));
}


async function windows(browser, site, name, data, order) {
  const findings = [];
  for (const [label, size] of Object.entries(WINDOWS)) {
    const picture = order.screenshots && path.join(order.screenshots,
      `${name}-${label}.png`.replace(/[^a-z0-9.-]+/g, '_'));
    const found = await look(browser, size, site.show(data),
                             { picture, exempt: EXEMPT[data.kind] });
    findings.push(...found.map((text) => `${label}: ${text}`));
  }
  return findings;
}

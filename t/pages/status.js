'use strict';

// Looks at the status of a gateway as check.js does at the pages of users, and
// walks over it by keyboard. One page is looked at in every window, the others
// in two.
//
// Standard input: {"pages": {name: url}, "all": name, "screenshots": folder or
// null}. Prints
// {name: {"findings": [...], "text": what a reader reads, "links": [what the
// Tab key comes to]}}.

const path = require('path');

const { input, launch, open } = require('./browser');
const { WINDOWS, look, markup } = require('./look');

const SIZES = { ...WINDOWS,
                'desk': { width: 1280, height: 800 },
                'narrow': { width: 360, height: 720 } };
const FEW = ['phone', 'desk, dark'];
const KEYS = 20;


main();


async function main() {
  const order = await input();
  const browser = await launch();
  const seen = {};

  try {
    for (const [name, url] of Object.entries(order.pages)) {
      const read = await walk(browser, url);
      const findings = await markup(read.html);
      const sizes = Object.entries(SIZES).filter(([label]) =>
        order.all === name || FEW.includes(label));
      for (const [label, size] of sizes) {
        const picture = order.screenshots && path.join(order.screenshots,
          `status-${name}-${label}.png`.replace(/[^a-z0-9.-]+/g, '_'));
        findings.push(...(await look(browser, size, url,
                                     { picture, whole: true }))
          .map((text) => `${label}: ${text}`));
      }
      seen[name] = { findings, text: read.text, links: read.links };
    }
  } finally {
    await browser.close();
  }
  console.log(JSON.stringify(seen));
}


async function walk(browser, url) {
  const context = await open(browser, { script: false });
  const page = await context.newPage();
  const response = await page.goto(url);
  const html = await response.text();
  const text = await page.evaluate(() => document.body.innerText);
  const links = [];

  for (let keys = 0; keys < KEYS; keys++) {
    await page.keyboard.press('Tab');
    const at = await page.evaluate(() => document.activeElement.href || null);
    if (at === null || links.includes(at)) break;
    links.push(at);
  }
  await context.close();
  return { html, text, links };
}

'use strict';

// Looks at every page in Chromium, light and dark, narrow and at 200 %.
//
// Standard input: {"render": program, "screenshots": folder or null, "only":
// the name of a case or null}. Prints {"case": [finding, ...]}; a case without
// finding has an empty list.

const path = require('path');
const { HtmlValidate } = require('html-validate');
const axe = require('axe-core');

const { input, launch, open } = require('./browser');
const { CASES } = require('./cases');
const { Site, render } = require('./site');

const WINDOWS = {
  'phone': { width: 320, height: 640 },
  'phone, dark': { width: 320, height: 640, dark: true },
  'desk at 200 %': { width: 640, height: 400, zoom: 2 },
  'desk, dark': { width: 1280, height: 800, dark: true },
  'desk, forced colours': { width: 1280, height: 800, forced: true },
};

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
      findings[name] = [...await markup(site, data),
                        ...await windows(browser, site, name, data, order)];
    }
  } finally {
    await browser.close();
    site.stop();
  }
  console.log(JSON.stringify(findings));
}


async function markup(site, data) {
  const validator = new HtmlValidate({
    root: true,
    extends: ['html-validate:standard', 'html-validate:document',
              'html-validate:a11y'],
    rules: Object.fromEntries((EXEMPT[data.kind] || [])
      .filter((rule) => rule === 'meta-refresh').map((rule) => [rule, 'off'])),
  });
  const report = await validator.validateString(
    render(site.program, data).toString());
  return report.results.flatMap((result) => result.messages.map((found) =>
    `markup ${found.line}:${found.column}: ${found.ruleId} ${found.message}`));
}


async function windows(browser, site, name, data, order) {
  const findings = [];
  for (const [label, size] of Object.entries(WINDOWS)) {
    const found = await inWindow(browser, site, data, size,
      order.screenshots && path.join(order.screenshots,
        `${name}-${label}.png`.replace(/[^a-z0-9.-]+/g, '_')));
    findings.push(...found.map((text) => `${label}: ${text}`));
  }
  return findings;
}


async function inWindow(browser, site, data, size, picture) {
  const context = await open(browser, size);
  const page = await context.newPage();
  const findings = [];

  page.on('console', (message) => findings.push(`console: ${message.text()}`));
  page.on('dialog', (dialog) => {
    findings.push(`dialog: ${dialog.message()}`);
    dialog.dismiss();
  });
  page.on('request', (request) => {
    if (!request.isNavigationRequest())
      findings.push(`asks for ${request.url()}`);
  });

  // A page that reloads itself must stay while it is looked at.
  let loads = 0;
  await page.route('**/*', (route) =>
    loads++ ? route.abort() : route.continue());

  await page.goto(site.show(data));
  if (picture) await page.screenshot({ path: picture });
  findings.push(...await rules(page, data), ...await layout(page));
  await context.close();
  return findings;
}


// Every rule that there is, also those that are off by default.
async function rules(page, data) {
  await page.evaluate(axe.source);
  const report = await page.evaluate((exempt) => {
    const all = window.axe.getRules().map((rule) => rule.ruleId);
    return window.axe.run(document, { rules: Object.fromEntries(
      all.map((id) => [id, { enabled: !exempt.includes(id) }])) });
  }, EXEMPT[data.kind] || []);
  if (report.passes.length < 10) return ['axe: hardly a rule applied'];
  return report.violations.flatMap((found) => found.nodes.map((node) =>
    `axe: ${found.id}: ${node.html.slice(0, 120)}: ${node.failureSummary}`));
}


async function layout(page) {
  return page.evaluate(() => {
    const findings = [];
    const root = document.documentElement;
    if (root.scrollWidth > root.clientWidth)
      findings.push(`scrolls sideways: ${root.scrollWidth}`);
    if (getComputedStyle(document.querySelector('main')).borderTopWidth
        === '0px')
      findings.push('the style sheet was not applied');
    for (const box of document.querySelectorAll('main *')) {
      const { right } = box.getBoundingClientRect();
      if (right > root.clientWidth)
        findings.push(`sticks out: ${box.outerHTML.slice(0, 80)}`);
    }
    return findings;
  });
}

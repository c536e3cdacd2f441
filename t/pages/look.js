'use strict';

// How a page is looked at: its markup by a validator, and in a window every
// rule of axe-core, and whether all of it fits.

const { HtmlValidate } = require('html-validate');
const axe = require('axe-core');

const { open } = require('./browser');

const WINDOWS = {
  'phone': { width: 320, height: 640 },
  'phone, dark': { width: 320, height: 640, dark: true },
  'desk at 200 %': { width: 640, height: 400, zoom: 2 },
  'desk, dark': { width: 1280, height: 800, dark: true },
  'desk, forced colours': { width: 1280, height: 800, forced: true },
};


// The findings in the text of a page. "off": rules that do not count.
async function markup(html, off = []) {
  const validator = new HtmlValidate({
    root: true,
    extends: ['html-validate:standard', 'html-validate:document',
              'html-validate:a11y'],
    rules: Object.fromEntries(off.map((rule) => [rule, 'off'])),
  });
  const report = await validator.validateString(html);
  return report.results.flatMap((result) => result.messages.map((found) =>
    `markup ${found.line}:${found.column}: ${found.ruleId} ${found.message}`));
}


// The findings in one window. "options": picture (a file), whole (of the whole
// page), exempt (rules of axe-core that do not count).
async function look(browser, size, url, options = {}) {
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

  await page.goto(url);
  if (options.picture)
    await page.screenshot({ path: options.picture, fullPage: options.whole });
  findings.push(...await rules(page, options.exempt || []),
                ...await layout(page));
  await context.close();
  return findings;
}


// Every rule that there is, also those that are off by default.
async function rules(page, without) {
  await page.evaluate(axe.source);
  const report = await page.evaluate((exempt) => {
    const all = window.axe.getRules().map((rule) => rule.ruleId);
    return window.axe.run(document, { rules: Object.fromEntries(
      all.map((id) => [id, { enabled: !exempt.includes(id) }])) });
  }, without);
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


module.exports = { WINDOWS, look, markup };

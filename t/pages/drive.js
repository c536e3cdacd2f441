'use strict';

// Goes through the gateway's pages as a user would, in Chromium, JavaScript
// off, TLS errors ignored.
//
//   node t/pages/drive.js < order.json     (NODE_PATH: see Procore::Test::Node)
//
// or, in a test, Procore::Test::Node's node('pages', 'drive.js', {...}). What
// can be in the order:
//
//   url          where to start (the app's link to /oauth/authorize)
//   choose       id of the company to choose; without it, stops at the picker
//   cancel       true: cancels at the picker
//   none         true: presses the picker's button without choosing
//   back         true: presses the button of the page without a choice
//   by           "keyboard" (default: Tab, arrows, Enter), "click", or "pages"
//                (clicks, and looks for the company through the page links)
//   search       text to search for before choosing; by default the company's
//                id, where the company is not on the first page
//   cookies      [{"name", "value", "url"}, ...] to begin with
//   hosts        {"gw.example.com": "127.0.0.1:8443"}: where these names are;
//                no other name but localhost resolves
//   script       true: JavaScript is on
//   width, height, zoom, dark, forced    see browser.js
//   screenshots  folder for a picture of each page, 0.png, 1.png ...
//
// Prints JSON:
//
//   url          where it ended: the target of the last redirect, if nobody
//                answered there (the app), else the address of the last page
//   visits       [{"method", "url", "status", "location", "headers"}, ...], all
//                that the window asked for
//   pages        [{"url", "status", "kind", "title", "heading", "text",
//                "companies", "selected", "html"}, ...]; kind: "picker",
//                "nothing", "moment", "code", or "other"
//   code         what can be copied from the page with a code, or null
//   refused      true: the browser did not send the form
//   problems     what the browser complained about (Content-Security-Policy)
//   cookies      those that are left

const path = require('path');

const { input, launch, open } = require('./browser');

const STEPS = 30;         // pages of one way
const KEYS = 200;         // keys to reach something


async function drive(browser, order) {
  const context = await open(browser, { ...order,
                                        script: order.script === true });
  try {
    await context.addCookies(order.cookies || []);
    return await new Walk(await context.newPage(), order).go();
  } finally {
    await context.close();
  }
}


class Walk {
  constructor(page, order) {
    this.page = page;
    this.order = order;
    this.seen = { url: null, visits: [], pages: [], code: null, refused: false,
                  problems: [], cookies: [] };
    this.arrivals = 0;
    this.waiting = null;
    this.observe();
  }

  observe() {
    const { page, seen } = this;
    const ours = (request) => request.isNavigationRequest()
                              && request.frame() === page.mainFrame();

    page.on('console', (message) => seen.problems.push(message.text()));
    page.on('response', (response) => {
      if (!ours(response.request())) return;
      const headers = response.headers();
      seen.visits.push({ method: response.request().method(),
                         url: response.url(), status: response.status(),
                         location: headers.location || null, headers });
    });
    page.on('requestfailed', (request) => {
      if (ours(request)) this.arrive();
    });
    page.on('load', () => this.arrive());
  }

  arrive() {
    this.arrivals++;
    if (this.waiting) this.waiting();
  }

  // Does it, and waits until a page has come because of it, or failed to: one
  // more than "before".
  async moving(action, before = this.arrivals) {
    const arrived = new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('no page came')), 60000);
      this.waiting = () => {
        if (this.arrivals === before) return;
        clearTimeout(timer);
        resolve();
      };
    });
    await action();
    this.waiting();
    await arrived;
    this.waiting = null;
  }

  async go() {
    const { order, page, seen } = this;

    await this.moving(() => page.goto(order.url).catch(() => {}));
    for (let step = 0; step < STEPS; step++)
      if (!await this.step()) break;

    const last = seen.visits[seen.visits.length - 1];
    seen.url = last && last.status >= 300 && last.status < 400 && last.location
      ? new URL(last.location, last.url).href : page.url();
    seen.cookies = await page.context().cookies();
    return seen;
  }

  // Looks at a page and does what the order says; false: there is nothing more.
  async step() {
    const { order, seen } = this;
    const last = seen.visits[seen.visits.length - 1];
    if (!last || (last.status >= 300 && last.status < 400)) return false;

    const before = this.arrivals;
    const shown = await this.look(last.status);
    if (shown === null) return true;
    if (shown.kind === 'moment') {
      await this.moving(async () => {}, before);
      return true;
    }
    if (shown.kind === 'code') {
      seen.code = await this.copy();
      return false;
    }
    if (shown.kind === 'nothing' && order.back) return this.press('cancel');
    if (shown.kind !== 'picker') return false;
    if (order.cancel) return this.press('cancel');
    if (order.none) return this.press('choose');
    return order.choose ? this.choose(shown, String(order.choose)) : false;
  }

  // What the page shows, or null where it has just reloaded itself.
  async look(status) {
    const { order, page, seen } = this;
    const shown = await this.read().catch((error) => {
      if (/navigat|context was destroyed/i.test(error.message)) return null;
      throw error;
    });
    if (shown === null) return null;

    seen.pages.push({ url: page.url(), status, ...shown });
    if (order.screenshots)
      await page.screenshot({
        path: path.join(order.screenshots, `${seen.pages.length - 1}.png`),
      });
    return shown;
  }

  read() {
    return this.page.evaluate(() => {
      const all = (what) => [...document.querySelectorAll(what)];
      const text = (what) => all(what).map((node) => node.innerText).join('\n');
      const has = (what) => all(what).length > 0;
      return {
        kind: has('form [value=choose], form[role=search]') ? 'picker'
          : has('meta[http-equiv=refresh]') ? 'moment'
            : has('textarea#code') ? 'code'
              : has('form [value=cancel]') ? 'nothing' : 'other',
        title: document.title,
        heading: text('h1'),
        text: document.body ? document.body.innerText : '',
        companies: all('[name=company]').map((radio) => radio.value),
        selected: all('[name=company]:checked').map((radio) => radio.value)[0]
                  || null,
        html: document.documentElement.outerHTML,
      };
    });
  }

  // What a user would copy: the Tab key, then Control and A.
  async copy() {
    await this.tab('#code');
    await this.page.keyboard.press('Control+a');
    return this.page.evaluate(() => {
      const { value, selectionStart, selectionEnd } = document.activeElement;
      return value.slice(selectionStart, selectionEnd);
    });
  }

  async choose(shown, id) {
    const { order } = this;
    const here = shown.companies.includes(id);

    if (!here && order.by === 'pages') return this.turn();
    if (order.search !== undefined ? !this.searched : !here && !this.searched)
      return this.search(order.search === undefined ? id : order.search);
    if (!here) return false;

    if (order.by === 'click' || order.by === 'pages') {
      await this.page.click(`label:has([name=company][value="${id}"])`);
      return this.press('choose');
    }
    await this.tab('[name=company]');
    for (let keys = 0; keys < KEYS && !await this.focused(`[value="${id}"]`);
      keys++)
      await this.page.keyboard.press('ArrowDown');
    if (!await this.focused(':checked'))
      await this.page.keyboard.press('Space');
    return this.enter();
  }

  async turn() {
    const next = '[aria-current] + a';
    if (!await this.page.locator(next).count()) return false;
    await this.moving(() => this.page.click(next));
    return true;
  }

  async search(text) {
    this.searched = true;
    if (!await this.page.locator('#search').count()) return false;
    if (this.order.by === 'click') await this.page.click('#search');
    else await this.tab('#search');
    await this.page.keyboard.press('Control+a');
    await this.page.keyboard.type(text);
    await this.moving(() => this.page.keyboard.press('Enter'));
    return true;
  }

  async press(action) {
    const button = `button[name=action][value=${action}]`;
    if (this.order.by === 'click' || this.order.by === 'pages')
      return this.send(button, () => this.page.click(button));
    await this.tab(button);
    return this.enter();
  }

  enter() {
    return this.send(':focus', () => this.page.keyboard.press('Enter'));
  }

  // Where the browser finds the form incomplete, no page will come.
  async send(control, action) {
    const complete = await this.page.evaluate((selector) => {
      const node = document.querySelector(selector);
      return node.formNoValidate || node.form.checkValidity();
    }, control);
    if (complete) {
      await this.moving(action);
    } else {
      await action();
      this.seen.refused = true;
    }
    return complete;
  }

  focused(what) {
    return this.page.evaluate((selector) =>
      document.activeElement.matches(selector), what);
  }

  async tab(what) {
    for (let keys = 0; keys < KEYS; keys++) {
      if (await this.focused(what)) return;
      await this.page.keyboard.press('Tab');
    }
    throw new Error(`the keyboard does not reach ${what}`);
  }
}


async function main() {
  const order = await input();
  const browser = await launch(order.hosts);
  try {
    console.log(JSON.stringify(await drive(browser, order)));
  } finally {
    await browser.close();
  }
}


module.exports = { drive };

if (require.main === module) main();

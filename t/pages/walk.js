'use strict';

// Walks through rendered pages as drive.js does.
//
// Standard input: {"render": program, "walks": [[cases of cases.js in turn,
// order of drive.js], ...]}. Prints for each walk what drive.js says (without
// the HTML of pages) and "sent": [[method, path, fields], ...].

const { input, launch } = require('./browser');
const { CASES } = require('./cases');
const { drive } = require('./drive');
const { Site } = require('./site');

main();


async function main() {
  const { render, walks } = await input();
  const site = new Site(render);
  const browser = await launch();
  const said = [];

  await site.start();
  try {
    for (const [cases, order] of walks) {
      const url = site.show(...cases.map((name) => CASES[name]));
      const seen = await drive(browser, { ...order, url });
      seen.pages.forEach((page) => delete page.html);
      said.push({ ...seen, sent: site.sent });
    }
  } finally {
    await browser.close();
    site.stop();
  }
  console.log(JSON.stringify(said));
}

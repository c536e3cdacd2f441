'use strict';

// A server on loopback that shows rendered pages as the gateway would, keeps
// what forms send, and redirects to an app after that.

const http = require('http');
const { execFileSync } = require('child_process');


// The bytes of a page. Its data: see render.c; a value may be a Buffer, and
// "offer" is a list of [id, name].
function render(program, data) {
  const pieces = [];
  for (const [name, value] of Object.entries(data)) {
    if (name === 'offer') continue;
    pieces.push(Buffer.from(`${name}=`), Buffer.from(value), Buffer.from([0]));
  }
  for (const [id, name] of data.offer || [])
    pieces.push(Buffer.from(`offer=${id}:`), Buffer.from(name),
                Buffer.from([0]));
  return execFileSync(program, { input: Buffer.concat(pieces),
                                 maxBuffer: 1 << 24 });
}


const APP = 'https://crm.example.com/callback?code=psg_1';


class Site {
  constructor(program) {
    this.program = program;
    this.source = execFileSync(program, ['style']).toString().trim();
    this.sent = [];
    this.pages = [];
  }

  async start() {
    this.server = http.createServer((request, answer) =>
      this.answer(request, answer));
    await new Promise((done) => this.server.listen(0, '127.0.0.1', done));
    this.origin = `http://127.0.0.1:${this.server.address().port}`;
  }

  stop() {
    this.server.close();
    this.server.closeAllConnections();
  }

  // What the page is from now on: of several, each once and the last for good.
  show(...pages) {
    this.pages = pages;
    this.sent = [];
    return `${this.origin}/oauth/company?state=${pages[0].state}`;
  }

  async answer(request, answer) {
    const url = new URL(request.url, this.origin);
    if (request.method === 'POST') {
      const pieces = [];
      for await (const piece of request) pieces.push(piece);
      this.sent.push(['POST', url.pathname, Object.fromEntries(
        new URLSearchParams(Buffer.concat(pieces).toString()))]);
      answer.writeHead(303, { Location: APP }).end();
      return;
    }
    if (url.pathname !== '/oauth/company') {
      answer.writeHead(404).end();
      return;
    }
    this.sent.push(['GET', url.pathname, Object.fromEntries(url.searchParams)]);
    const data = this.pages.length > 1 ? this.pages.shift() : this.pages[0];
    const body = render(this.program, {
      ...data,
      search: url.searchParams.get('search') || data.search || '',
      page: url.searchParams.get('page') || data.page || '1',
    });
    answer.writeHead(200, {
      'Content-Type': 'text/html; charset=utf-8',
      'Content-Security-Policy': `default-src 'none'; style-src ${this.source};`
        + " frame-ancestors 'none'; base-uri 'none'",
    }).end(body);
  }
}


module.exports = { Site, render };

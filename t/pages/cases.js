'use strict';

// The pages to look at, by name.

const STATE = '0123456789abcdef'.repeat(4);

const COMMON = {
  app: 'CRM Connector',
  host: 'crm.example.com',
  login: 'ann.mason@acme-builders.example.com',
  action: '/oauth/company',
  state: STATE,
  token: 'f00d'.repeat(16),
  cancel: '1',
};

const HELP = {
  help_url: 'https://help.crm.example.com/procore/install',
  help_label: 'How to install CRM Connector in your company',
  help_notes: 'A company administrator installs the app once.\n'
            + 'After that, everybody in the company can connect it.',
};

const NAMES = [
  'Acme Builders North', 'Acme Builders South', 'Harbour Bridge Joint Venture',
  'Ωmega Construction & Sons', 'شركة البناء الحديث', '大成建設株式会社',
];

const HOSTILE = [
  '</label><script>alert(1)</script>',
  '"\'><b onclick=x>',
  '\u202eevil\u202d\u2066\u200f',
  'W'.repeat(10000),
  Buffer.from([0xff, 0x41, 0xc3, 0x28, 0xed, 0xa0, 0x80]),
  '',
  'a\u0301\u0302\u0303'.repeat(300),
  '&amp;&lt;',
];


function companies(n) {
  const list = [];
  for (let i = 0; i < n; i++)
    list.push([String(562949953421312 + i * 7),
               i < NAMES.length ? NAMES[i] : `Region ${i} Contracting Ltd.`]);
  return list;
}


const picker = (n, more) => ({ ...COMMON, kind: 'picker', offer: companies(n),
                               ...more });

const CASES = {
  'one company': picker(1),
  'two companies': picker(2),
  'six companies': picker(6, { selected: '562949953421326' }),
  'fifty companies': picker(50),
  'fifty-one companies': picker(51),
  'two hundred and fifty companies': picker(250),
  'the third page': picker(250, { page: '3' }),
  'a search': picker(250, { search: 'region 1' }),
  'a search without a match': picker(250, { search: '"><script>' }),
  'more than can be listed': picker(2000, { partial: '1', page: '20' }),
  'a picker without cancel': picker(2, { cancel: '0' }),
  'hostile names': picker(0, {
    app: '<script>alert("app")</script>' + 'x'.repeat(300),
    host: 'a'.repeat(60) + '.' + 'b'.repeat(60) + '.example.com',
    login: '\u202e' + 'moc.elpmaxe@nna'.repeat(20),
    offer: HOSTILE.map((name, i) => [String(100 + i), name]),
  }),
  'nothing to choose': { ...COMMON, ...HELP, kind: 'nothing',
    title: 'No company to choose',
    text: 'Your login has no active company in which CRM Connector may be '
        + 'used.',
    reason: 'no_company' },
  'nothing, and no help': { ...COMMON, kind: 'nothing', button: 'Close',
    title: 'No company to choose', text: 'Your login has no active company.' },
  'one moment': { ...COMMON, kind: 'moment' },
  'an error': { kind: 'error', title: 'This page has run out', state: STATE,
    text: 'It was open for too long, or in another browser. Start again in the '
        + 'app.', reason: 'no_transaction',
    decision: '0123456789abcdef0123456789abcdef' },
  'an error with help': { ...HELP, kind: 'error', state: STATE,
    title: 'The app sent you here with a wrong address',
    text: 'Its redirect URI is not one that is registered here.',
    reason: 'bad_redirect_uri', decision: '0123456789abcdef0123456789abcdef' },
  'a code to copy': { ...COMMON, kind: 'code', host: '',
    code: 'psg_' + '0123456789abcdef'.repeat(4),
    company: 'Acme Builders North', company_id: '562949953421312' },
  'company chosen': { ...COMMON, kind: 'done',
    company: 'Acme Builders North', company_id: '562949953421312' },
};


module.exports = { CASES, STATE, picker };

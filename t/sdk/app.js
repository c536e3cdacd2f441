// An app on Procore's JavaScript SDK. It reads {base, ...} from its standard
// input, does one thing ("do") and prints what came of it as JSON. The only
// thing that tells it about the gateway is "base".

"use strict";

const sdk = require("@procore/js-sdk");


async function session({ base, app, code, company, project, expire }) {
  const seen = {};
  let pair = await sdk.token(
    { id: app.id, secret: app.secret, code, uri: app.uri }, base);
  seen.token = pair;
  if (!pair.access_token) {
    return seen;
  }

  const authorizer = sdk.oauth(pair.access_token);
  const refresh = async () => {
    pair = await sdk.refresh(
      { id: app.id, secret: app.secret, uri: app.uri,
        refresh: pair.refresh_token }, base);
    seen.refreshed = pair;
    return pair;
  };
  const client = sdk.client(sdk.refresher(authorizer, refresh), undefined,
    { apiHostname: base, defaultCompanyId: company });
  const bare = sdk.client(authorizer, undefined, { apiHostname: base });

  seen.info = await sdk.info(pair.access_token, base);
  seen.me = await tell(client.get({ base: "/me" }));
  seen.companies = await tell(client.get({ base: "/companies" }));
  seen.projects = await tell(client.get(
    { base: "/projects", version: "v1.1", qs: { company_id: company } }));
  seen.created = await tell(client.post(
    { base: "/projects/{project_id}/rfis", params: { project_id: project } },
    { rfi: { subject: "Which door?" } }));
  seen.updated = await tell(client.patch(
    { base: "/projects/{project_id}/rfis/7", params: { project_id: project } },
    { rfi: { subject: "That door" } }));
  seen.replaced = await tell(client.put(
    { base: "/companies/{company_id}/offices/3",
      params: { company_id: company } }, { office: { name: "North" } }));
  seen.deleted = await tell(client.delete(
    { base: "/companies/{company_id}/offices/3",
      params: { company_id: company } }));
  seen.bare = await tell(bare.get(
    { base: "/projects/{project_id}", params: { project_id: project } }));

  await expireToken(expire, pair.access_token);
  seen.renewed = await tell(client.get({ base: "/me" }));

  return seen;
}


// What the SDK makes of the answer: it resolves or rejects with the body.

async function tell(promise) {
  try {
    const { body, response } = await promise;
    return { ok: true, status: response.status, body };
  } catch (error) {
    return error.response
      ? { ok: false, status: error.response.status, body: error.body }
      : { ok: false, error: String(error) };
  }
}


function expireToken(url, token) {
  return fetch(url, {
    method: "PUT",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ access_token: token })
  });
}


const actions = {
  session,
  authorize: ({ base, app }) =>
    ({ url: sdk.authorize({ clientId: app.id, uri: app.uri }, base) }),
  call: ({ base, token, endpoint, company }) => tell(
    sdk.client(sdk.oauth(token), undefined, { apiHostname: base })
      .get(endpoint, { companyId: company })),
  revoke: ({ base, app, token }) => sdk.revoke(
    { token, clientId: app.id, clientSecret: app.secret }, base)
};


let input = "";
process.stdin.on("data", (chunk) => { input += chunk; });
process.stdin.on("end", async () => {
  const order = JSON.parse(input);
  console.log(JSON.stringify(await actions[order.do](order)));
});

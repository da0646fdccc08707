import { createHash, createHmac } from 'node:crypto';
import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { startSandbox, type Sandbox } from '../../../sandbox/client.mts';
import { N8n } from './n8n.mts';

const SECRET_TOKEN = 'a-token-chosen-by-the-user';

let sandbox: Sandbox;
let n8n: N8n;

/** What the attacker may know, and what is there to be attacked. */
interface Given {
  /** Signed events, confirmed by the API */
  signed: { endpoint: string; token: string; secret: string };
  /** The same, in another workflow, which believes signed events without asking the API */
  other: { endpoint: string; token: string; secret: string };
  /** Manual registration, no signing secret, only completed videos of one avatar */
  manual: { endpoint: string };
  finished: string;
  running: string;
  failed: string;
  /** Finished too */
  ofOtherAvatar: string;
  /** A valid event of the finished video */
  body: string;
  now: number;
}

interface Attack {
  url: string;
  body?: string | Buffer;
  /** Pairs, since a header may come twice */
  headers?: [string, string][];
}

let given: Given;

const hmac = (key: string, text: string) => createHmac('sha256', key).update(text).digest('hex');
const sign = (secret: string, body: string, time: number) =>
  `t=${time},v1=${hmac(secret, `${time}.${body}`)}`;

beforeAll(async () => {
  sandbox = await startSandbox({ hold: true });
  n8n = await N8n.start({ apiKey: sandbox.apiKey, baseUrl: sandbox.url });
  const [finished] = await sandbox.addVideos(1, { avatar_id: 'avatar_chosen' });
  const [failed] = await sandbox.addVideos(1, { status: 'failed', avatar_id: 'avatar_chosen' });
  const [ofOtherAvatar] = await sandbox.addVideos(1, { avatar_id: 'avatar_other' });
  const [running] = await sandbox.addVideos(1, { status: 'processing' });

  const type = 'iTeraBizTrigger';
  n8n.save('signed', { Trigger: { type } });
  n8n.save('other', { Trigger: { type, parameters: { options: { confirmWithApi: false } } } });
  const avatarId = { __rl: true, mode: 'id', value: 'avatar_chosen' };
  const manual = {
    registration: 'manual',
    secretToken: SECRET_TOKEN,
    events: ['video.completed'],
    options: { avatarId },
  };
  n8n.save('manual', { Trigger: { type, parameters: manual } });
  for (const id of ['signed', 'other', 'manual']) await n8n.activate(id);

  const target = async (workflow: string) => {
    const endpoint = n8n.productionUrl(workflow, 'Trigger');
    const hook = (await sandbox.hooks()).find(({ url }) => url.startsWith(endpoint))!;
    return {
      endpoint,
      token: new URL(hook.url).searchParams.get('token')!,
      secret: hook.secret!,
    };
  };
  given = {
    signed: await target('signed'),
    other: await target('other'),
    manual: { endpoint: n8n.productionUrl('manual', 'Trigger') },
    finished: finished.id,
    running: running.id,
    failed: failed.id,
    ofOtherAvatar: ofOtherAvatar.id,
    body: JSON.stringify({ id: 'evt_1', type: 'video.completed', data: finished }),
    now: 0,
  };
});
// A signature ages, and a busy machine takes more than a minute for all tests.
beforeEach(() => void (given.now = Math.floor(Date.now() / 1000)));
afterAll(async () => {
  await n8n.stop();
  await sandbox.stop();
});

/** Sends a request as it is, also one that no well-behaved client would send. */
async function send({ url, body = '', headers = [] }: Attack): Promise<number> {
  const type: [string, string][] = headers.some(([name]) => name === 'Content-Type')
    ? []
    : [['Content-Type', 'application/json']];
  const { host } = new URL(url);
  const length = String(Buffer.byteLength(body));
  const sent = httpRequest(url, {
    method: 'POST',
    headers: [['Host', host], ['Content-Length', length], ...type, ...headers].flat(),
  });
  sent.end(body);
  const [answer] = (await once(sent, 'response')) as [IncomingMessage];
  answer.resume();
  await once(answer, 'end');
  return answer.statusCode!;
}

/** At the signed trigger, with a valid signature unless another one is given. */
const atSigned = (query: string, body = given.body, signature?: string | null): Attack => ({
  url: `${given.signed.endpoint}?${query}`,
  body,
  headers:
    signature === null
      ? []
      : [['X-Iterabiz-Signature', signature ?? sign(given.signed.secret, body, given.now)]],
});
/** With the right token, and this signature. */
const withSignature = (signature: string | null, body = given.body) =>
  atSigned(`token=${given.signed.token}`, body, signature);
const digest = () => hmac(given.signed.secret, `${given.now}.${given.body}`);

/** At the trigger that has no signature to check, so that what the body says decides. */
const atManual = (body: unknown, contentType = 'application/json'): Attack => ({
  url: `${given.manual.endpoint}?token=${SECRET_TOKEN}`,
  body: typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body),
  headers: [['Content-Type', contentType]],
});
const completed = (data: unknown) => atManual({ id: 'evt_1', type: 'video.completed', data });
const finishedVideo = () => ({ id: given.finished, status: 'completed' });

type Case = [name: string, status: number, attack: () => Attack];

const STRANGERS: Case[] = [
  ['no token', 401, () => atSigned('')],
  ['an empty token', 401, () => atSigned('token=')],
  ['a wrong token of the right length', 401, () => atSigned(`token=${'A'.repeat(43)}`)],
  [
    'a token that is short of a character',
    401,
    () => atSigned(`token=${given.signed.token.slice(1)}`),
  ],
  ['a token with a character too many', 401, () => atSigned(`token=${given.signed.token}A`)],
  ['a token in another case', 401, () => atSigned(`token=${swapCase(given.signed.token)}`)],
  ['the token of another workflow', 401, () => atSigned(`token=${given.other.token}`)],
  [
    'the token twice',
    401,
    () => atSigned(`token=${given.signed.token}&token=${given.signed.token}`),
  ],
  ['a wrong token, then the right one', 401, () => atSigned(`token=x&token=${given.signed.token}`)],
  ['the token as a list', 401, () => atSigned(`token[]=${given.signed.token}`)],
  ['the token under another name', 401, () => atSigned(`Token=${given.signed.token}`)],
  ['the token with a null byte behind it', 401, () => atSigned(`token=${given.signed.token}%00`)],
  ['the token with a space behind it', 401, () => atSigned(`token=${given.signed.token}%20`)],
  ['a token of 10,000 characters', 401, () => atSigned(`token=${'A'.repeat(10_000)}`)],
  ['a token of broken percent signs', 401, () => atSigned('token=%E0%A4%A')],
  ['a token that names a property of objects', 401, () => atSigned('token=__proto__')],
  ['only the mark of our registration', 401, () => atSigned('registered_by=n8n')],
  [
    'the token in a header',
    401,
    () => {
      const attack = atSigned('');
      attack.headers!.push(['Authorization', `Bearer ${given.signed.token}`]);
      return attack;
    },
  ],
  [
    'the token in the body',
    401,
    () => atSigned('', JSON.stringify({ ...JSON.parse(given.body), token: given.signed.token })),
  ],
  [
    'the word undefined for a token, where none is registered',
    401,
    () => ({ url: `${given.manual.endpoint}?token=undefined`, body: given.body }),
  ],
];

const FORGERS: Case[] = [
  ['no signature', 401, () => withSignature(null)],
  ['an empty signature', 401, () => withSignature('')],
  [
    'a signature with a wrong secret',
    401,
    () => withSignature(sign('wrong', given.body, given.now)),
  ],
  [
    "a signature with another workflow's secret",
    401,
    () => withSignature(sign(given.other.secret, given.body, given.now)),
  ],
  [
    'a signature with the token for a key',
    401,
    () => withSignature(sign(given.signed.token, given.body, given.now)),
  ],
  ['a signature with an empty key', 401, () => withSignature(sign('', given.body, given.now))],
  [
    'a signature without the time in it',
    401,
    () => withSignature(`t=${given.now},v1=${hmac(given.signed.secret, given.body)}`),
  ],
  [
    'a plain hash for a signature',
    401,
    () =>
      withSignature(`t=${given.now},v1=${createHash('sha256').update(given.body).digest('hex')}`),
  ],
  [
    'a body swapped under a valid signature',
    401,
    () =>
      withSignature(
        sign(given.signed.secret, given.body, given.now),
        given.body.replace('evt_1', 'evt_2'),
      ),
  ],
  [
    'a space added to the body',
    401,
    () => withSignature(sign(given.signed.secret, given.body, given.now), `${given.body} `),
  ],
  [
    'a signature from six minutes ago',
    401,
    () => withSignature(sign(given.signed.secret, given.body, given.now - 360)),
  ],
  [
    'a signature from six minutes ahead',
    401,
    () => withSignature(sign(given.signed.secret, given.body, given.now + 360)),
  ],
  [
    'an old signature with a new time',
    401,
    () =>
      withSignature(
        `t=${given.now},v1=${hmac(given.signed.secret, `${given.now - 3600}.${given.body}`)}`,
      ),
  ],
  ['a signature without a time', 401, () => withSignature(`v1=${digest()}`)],
  ['a time without a signature', 401, () => withSignature(`t=${given.now}`)],
  ['a signature of another version', 401, () => withSignature(`t=${given.now},v0=${digest()}`)],
  [
    'a signature that is too short',
    401,
    () => withSignature(`t=${given.now},v1=${digest().slice(1)}`),
  ],
  ['a signature that is too long', 401, () => withSignature(`t=${given.now},v1=${digest()}0`)],
  [
    'a signature of twice the length',
    401,
    () => withSignature(`t=${given.now},v1=${digest()}${digest()}`),
  ],
  ['a signature that is no hex', 401, () => withSignature(`t=${given.now},v1=${'z'.repeat(64)}`)],
  [
    'a signature in upper case',
    401,
    () => withSignature(`t=${given.now},v1=${digest().toUpperCase()}`),
  ],
  [
    'a signature in base64',
    401,
    () => withSignature(`t=${given.now},v1=${Buffer.from(digest(), 'hex').toString('base64')}`),
  ],
  [
    'two wrong signatures in one header',
    401,
    () => withSignature(`t=${given.now},v1=${'0'.repeat(64)},v1=${'1'.repeat(64)}`),
  ],
  [
    'two times in one header',
    401,
    () => withSignature(`t=${given.now},t=${given.now},v1=${digest()}`),
  ],
  ['a signature before its time', 401, () => withSignature(`v1=${digest()},t=${given.now}`)],
  ['a space within a signature', 401, () => withSignature(`t=${given.now},v1= ${digest()}`)],
  ['a negative time', 401, () => withSignature(sign(given.signed.secret, given.body, -given.now))],
  [
    'a time that is no number',
    401,
    () => withSignature(`t=NaN,v1=${hmac(given.signed.secret, `NaN.${given.body}`)}`),
  ],
  [
    'a time of forty digits',
    401,
    () =>
      withSignature(
        `t=${'9'.repeat(40)},v1=${hmac(given.signed.secret, `${'9'.repeat(40)}.${given.body}`)}`,
      ),
  ],
  [
    'the header twice',
    401,
    () => {
      const attack = withSignature(sign(given.signed.secret, given.body, given.now));
      attack.headers!.push(attack.headers![0]);
      return attack;
    },
  ],
  [
    'the header twice, once wrong',
    401,
    () => {
      const attack = withSignature(sign(given.signed.secret, given.body, given.now));
      attack.headers!.unshift(['X-Iterabiz-Signature', `t=${given.now},v1=${'0'.repeat(64)}`]);
      return attack;
    },
  ],
  [
    'a form, whose bytes n8n does not keep',
    401,
    () => {
      const attack = withSignature(sign(given.signed.secret, given.body, given.now));
      attack.headers!.push(['Content-Type', 'multipart/form-data; boundary=x']);
      return attack;
    },
  ],
  [
    'no signature, where signed events are believed without asking',
    401,
    () => ({ url: `${given.other.endpoint}?token=${given.other.token}`, body: given.body }),
  ],
];

const NONSENSE: Case[] = [
  ['an empty body', 400, () => atManual('')],
  ['a body that is no JSON', 422, () => atManual('video.completed')],
  ['JSON that stops in the middle', 422, () => atManual('{"type":"video.completed","data":{"id":')],
  ['null', 400, () => atManual('null')],
  ['true', 400, () => atManual('true')],
  ['a huge number', 400, () => atManual('1e308')],
  ['a text', 400, () => atManual('"video.completed"')],
  ['an empty list', 400, () => atManual([])],
  ['a list of events', 400, () => atManual(`[${given.body}]`)],
  ['an empty object', 400, () => atManual({})],
  ['an event without a name', 400, () => atManual({ data: finishedVideo() })],
  ['an object for a name', 400, () => atManual({ type: { $ne: null }, data: finishedVideo() })],
  ['a list for a name', 400, () => atManual({ type: ['video.completed'], data: finishedVideo() })],
  [
    'a name of a million characters',
    400,
    () => atManual({ type: 'v'.repeat(900_000), data: finishedVideo() }),
  ],
  [
    'an event of an unknown kind',
    200,
    () => atManual({ type: 'video.deleted', data: finishedVideo() }),
  ],
  [
    'a name in another case',
    200,
    () => atManual({ type: 'VIDEO.COMPLETED', data: finishedVideo() }),
  ],
  [
    'a name that every object has',
    200,
    () => atManual({ type: 'toString', data: finishedVideo() }),
  ],
  [
    'the same key twice',
    200,
    () => atManual(`{"type":"video.completed","type":"x","data":{"id":"${given.finished}"}}`),
  ],
  ['no video', 400, () => completed(undefined)],
  ['null for a video', 400, () => completed(null)],
  ['a text for a video', 400, () => completed(given.finished)],
  ['a list of videos', 400, () => completed([finishedVideo()])],
  ['a video without an ID', 400, () => completed({ status: 'completed' })],
  ['an empty ID', 400, () => completed({ id: '', status: 'completed' })],
  ['an object for an ID', 400, () => completed({ id: { toString: given.finished } })],
  ['an ID that leads elsewhere', 400, () => completed({ id: `../videos/${given.finished}` })],
  ['an ID of two dots', 400, () => completed({ id: '..' })],
  ['an ID with a slash', 400, () => completed({ id: `${given.finished}/x` })],
  ['an ID with a query', 400, () => completed({ id: `${given.finished}?x=1` })],
  ['an ID with a line break', 400, () => completed({ id: `${given.finished}\r\nX-Evil: 1` })],
  ['an ID with a null byte', 400, () => completed({ id: `${given.finished}\u0000` })],
  ['an ID of 10,000 characters', 400, () => completed({ id: 'a'.repeat(10_000) })],
  [
    'a number beyond all numbers for an ID',
    400,
    () => atManual('{"type":"video.completed","data":{"id":1e400}}'),
  ],
  [
    'a video that the account does not have',
    503,
    () => completed({ id: 'vid_unknown', status: 'completed' }),
  ],
  [
    'a running video, said to be finished',
    503,
    () => completed({ id: given.running, status: 'completed' }),
  ],
  ['a running video, its status left out', 503, () => completed({ id: given.running })],
  [
    'an event ID of a million characters',
    503,
    () =>
      atManual({ id: 'e'.repeat(900_000), type: 'video.completed', data: { id: given.running } }),
  ],
  [
    'a finished video, said to have failed',
    400,
    () => atManual({ type: 'video.failed', data: finishedVideo() }),
  ],
  ['a body that says two things', 400, () => completed({ ...finishedVideo(), status: 'failed' })],
  [
    'a hundred thousand lists in each other',
    400,
    () => atManual(`{"type":"video.completed","data":${'['.repeat(1e5)}${']'.repeat(1e5)}}`),
  ],
  [
    'a hundred thousand objects in each other',
    400,
    () => atManual(`${'{"data":'.repeat(1e5)}1${'}'.repeat(1e5)}`),
  ],
  [
    'an event with a bomb in it',
    400,
    () =>
      completed({ ...finishedVideo(), bomb: JSON.parse(`${'['.repeat(500)}${']'.repeat(500)}`) }),
  ],
  ['15 MB of garbage', 400, () => atManual(Buffer.alloc(15e6, 0xfe), 'application/octet-stream')],
  ['15 MB of text', 400, () => atManual('x'.repeat(15e6), 'text/plain')],
  [
    '15 MB around a valid event',
    400,
    () => completed({ ...finishedVideo(), script: 'x'.repeat(15e6) }),
  ],
  [
    'a million keys',
    400,
    () => atManual(`{${Array.from({ length: 1e6 }, (_, i) => `"${i}":1`).join()}}`),
  ],
  [
    'a prototype to pollute',
    400,
    () => atManual(`{"__proto__":{"polluted":1},${given.body.slice(1)}`),
  ],
  [
    'a prototype in the video',
    400,
    () =>
      atManual(
        `{"type":"video.completed","data":{"id":"${given.finished}","__proto__":{"polluted":1}}}`,
      ),
  ],
  ['an event that is all prototype', 400, () => atManual(`{"__proto__":${given.body}}`)],
  [
    'a constructor to pollute',
    400,
    () => completed({ ...finishedVideo(), constructor: { prototype: { polluted: 1 } } }),
  ],
  [
    'a form',
    400,
    () =>
      atManual(
        `type=video.completed&data[id]=${given.finished}`,
        'application/x-www-form-urlencoded',
      ),
  ],
  ['XML', 400, () => atManual(`<type>video.completed</type>`, 'application/xml')],
  ['a form with files', 400, () => atManual('--x--', 'multipart/form-data; boundary=x')],
  ['no content type that exists', 400, () => atManual('?', 'a/b; charset="')],
  ['UTF-16', 400, () => atManual(Buffer.from(given.body, 'utf16le'), 'text/plain')],
  [
    'bytes that are no UTF-8',
    400,
    () => atManual(Buffer.from([0xc3, 0x28, 0xff, 0x00]), 'text/plain'),
  ],
  [
    'an event that is not subscribed',
    200,
    () => atManual({ type: 'video.failed', data: { id: given.failed } }),
  ],
  ['a video of another avatar', 200, () => completed({ id: given.ofOtherAvatar })],
];

afterEach(() => {
  expect(n8n.crashes).toEqual([]);
  expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
});

describe('starts nothing', () => {
  it.each([...STRANGERS, ...FORGERS, ...NONSENSE])('for %s: %i', async (_name, status, attack) => {
    expect(await send(attack())).toBe(status);
    expect(n8n.runs).toEqual([]);
  });

  it('for the token of a registration that is no more', async () => {
    n8n.save('renewed', { Trigger: { type: 'iTeraBizTrigger' } });
    await n8n.activate('renewed');
    const endpoint = n8n.productionUrl('renewed', 'Trigger');
    const registered = async () =>
      (await sandbox.hooks()).find(({ url }) => url.startsWith(endpoint))!;
    const { url: old, secret } = await registered();
    await n8n.deactivate('renewed');
    await n8n.activate('renewed');
    const { body, now } = given;
    const headers = [['X-Iterabiz-Signature', sign(secret!, body, now)]] as [string, string][];
    expect(await send({ url: old, body, headers })).toBe(401);
    expect(n8n.runs).toEqual([]);
  });

  it('and logs no secret', () => {
    const logged = JSON.stringify(n8n.log);
    expect(logged).toContain('its signature is wrong');
    const { signed, other } = given;
    const secrets = [SECRET_TOKEN, sandbox.apiKey, signed.token, signed.secret, other.token];
    for (const secret of secrets) expect(logged).not.toContain(secret);
  });
});

/** Without these, everything above would pass at a trigger that refuses all. */
describe('starts a run', () => {
  it('for the real event, once, also when it is replayed within the five minutes', async () => {
    const real = withSignature(sign(given.signed.secret, given.body, given.now));
    expect([await send(real), await send(real)]).toEqual([200, 200]);
    expect(n8n.runs.splice(0).map(({ workflow }) => workflow)).toEqual(['signed']);
  });

  it('for a signature that is four minutes old', async () => {
    const [{ id }] = await sandbox.addVideos(1);
    const body = JSON.stringify({ type: 'video.completed', data: { id } });
    const signature = sign(given.signed.secret, body, given.now - 240);
    expect(await send(withSignature(signature, body))).toBe(200);
    expect(n8n.runs.splice(0)).toHaveLength(1);
  });

  it.each<[string, (time: number, right: string) => string]>([
    ['the first of two signatures', (t, right) => `t=${t},v1=${right},v1=${'0'.repeat(64)}`],
    ['the second of two signatures', (t, right) => `t=${t},v1=${'0'.repeat(64)},v1=${right}`],
    ['a signature with blanks before it', (t, right) => `t=${t},  v1=${right}`],
  ])('for %s, as while a secret is being changed', async (name, header) => {
    const [{ id }] = await sandbox.addVideos(1);
    const body = JSON.stringify({ id: name, type: 'video.completed', data: { id } });
    const right = hmac(given.signed.secret, `${given.now}.${body}`);
    expect(await send(withSignature(header(given.now, right), body))).toBe(200);
    expect(n8n.runs.splice(0)).toHaveLength(1);
  });

  it('for a plain event at the trigger with the manual webhook', async () => {
    expect(await send(completed(finishedVideo()))).toBe(200);
    expect(n8n.runs.splice(0).map(({ workflow }) => workflow)).toEqual(['manual']);
  });
});

function swapCase(text: string): string {
  return text.replace(/[a-z]/gi, (letter) =>
    letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase(),
  );
}

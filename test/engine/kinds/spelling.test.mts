/** One thing may be written in many ways. All of them are read alike, wherever they show. */
import { runInThisContext } from 'node:vm';
import fc from 'fast-check';
import {
  getGlobalState,
  type IDataObject,
  type INodeParameters,
  setGlobalState,
} from 'n8n-workflow';

import { searchAvatars, searchVideos } from '../../../nodes/ITeraBiz/resources/listSearch.ts';
import { cases } from '../../shared/cases.mts';
import { pickerContext } from '../../unit/engine.mts';
import { textOf } from '../runs/promise.mts';
import { createVideo, errorOf, jsonOf, rows } from '../support.mts';
import { N8n } from '../triggers/n8n.mts';
import { useLittleAccount } from './littleAccount.mts';

const account = useLittleAccount();
const picker = () => pickerContext({ apiKey: account.apiKey, baseUrl: account.url });
const getMany = { resource: 'video', operation: 'getAll' };
const reusing = (options: IDataObject = {}) =>
  createVideo({ options: { whenVideoExists: 'reuse', ...options } as INodeParameters });
const DAY = 24 * 60 * 60_000;

/** An n8n in which one trigger is active. */
async function withTrigger(
  type: string,
  task: (n8n: N8n, workflow: string) => Promise<void>,
): Promise<void> {
  const workflow = account.apiKey;
  const n8n = await N8n.start({ apiKey: account.apiKey, baseUrl: account.url });
  n8n.save(workflow, { Trigger: { type } });
  try {
    await n8n.activate(workflow);
    await task(n8n, workflow);
  } finally {
    await n8n.stop();
  }
}

describe('A name with accents', () => {
  const [nfc, nfd] = ['NFC', 'NFD'].map((form) => 'Zoë Núñez'.normalize(form));
  const byName = (value: string) => createVideo({ avatarId: { __rl: true, mode: 'name', value } });

  test.each([
    ['NFC', nfc, nfd],
    ['NFD', nfd, nfc],
    ['NFD, in capitals and with more blanks', ` ${nfd.toUpperCase().replace(' ', '  ')}`, nfc],
  ])('is found in a table as %s', async (_, given, there) => {
    account.avatars = [{ id: 'avatar_1', name: there }];
    const run = await account.run(byName('={{ $json.name }}'), {
      items: [{ name: given, script: 'Hello' }],
    });
    expect(textOf(run)).toBe('\n');
    expect(account.jobs).toMatchObject([{ avatar_id: 'avatar_1' }]);
  });

  test.each([
    ['NFC', nfc, nfd],
    ['NFD', nfd, nfc],
  ])('is found in the pickers when it is typed as %s', async (_, typed, there) => {
    account.avatars = [{ id: 'avatar_1', name: there }];
    account.add({ script: `This is ${there} speaking` });
    const [avatars, videos] = [
      await searchAvatars.call(picker(), typed),
      await searchVideos.call(picker(), typed),
    ];
    expect(avatars.results).toMatchObject([{ value: 'avatar_1' }]);
    expect(videos.results).toMatchObject([{ value: 'video_1' }]);
  });

  test('is found however it is written', async () => {
    const blank = fc.constantFrom(' ', '  ', '\t', '\u00A0');
    const style = fc.tuple(fc.constantFrom('NFC', 'NFD'), fc.boolean(), blank);
    const write = (name: string, [form, isUpper, gap]: [string, boolean, string]) =>
      (isUpper ? name.toUpperCase() : name).normalize(form).replaceAll(' ', gap);
    const name = fc.constantFrom('Zoë Núñez', 'Łukasz Żak', 'Åsa Öhman', 'Nguyễn Văn', 'Jörg B');
    await fc.assert(
      fc.asyncProperty(name, style, style, async (written, one, other) => {
        account.jobs = [];
        account.avatars = [
          { id: 'avatar_1', name: 'Somebody Else' },
          { id: 'avatar_2', name: write(written, one) },
        ];
        const items = [{ name: write(written, other), script: 'Hello' }];
        await account.run(byName('={{ $json.name }}'), { items });
        expect(account.jobs).toMatchObject([{ avatar_id: 'avatar_2' }]);
        const found = await searchAvatars.call(picker(), write(written, other));
        expect(found.results).toMatchObject([{ value: 'avatar_2' }]);
      }),
      { numRuns: cases(25) },
    );
  });
});

describe('An empty list that is {"data":null}', () => {
  beforeEach(() => {
    account.list = (data) => ({ body: { data: data.length > 0 ? data : null } });
  });

  test('is no items for Get Many', async () => {
    for (const parameters of [getMany, { resource: 'avatar', operation: 'getAll' }]) {
      const run = await account.run({ ...parameters, returnAll: true });
      expect([errorOf(run).message, jsonOf(run)]).toEqual(['', []]);
    }
  });

  test('is nothing to use again', async () => {
    const run = await account.run(reusing(), { items: rows(1) });
    expect(jsonOf(run)).toMatchObject([{ id: 'video_1', _iteraBizReused: false }]);
  });

  test('is nothing that counts for the day', async () => {
    const secret = { apiKey: account.apiKey, baseUrl: account.url, maxVideosPerDay: 1 };
    const run = await account.run(createVideo(), {
      items: rows(1),
      secrets: { iTeraBizApi: secret },
    });
    expect(jsonOf(run)).toMatchObject([{ id: 'video_1' }]);
  });

  test('is an empty picker', async () => {
    for (const search of [searchVideos, searchAvatars]) {
      expect((await search.call(picker())).results).toEqual([]);
    }
  });

  test('is a beginning for the Polling Trigger', async () => {
    await withTrigger('iTeraBizPollingTrigger', async (n8n, workflow) => {
      expect(await n8n.poll(workflow)).toEqual([]);
      account.add({ status: 'completed', video_url: 'https://a.example/b' });
      expect((await n8n.poll(workflow)).map(({ video }) => video.id)).toEqual(['video_1']);
    });
  });
});

/** How an API may write down a moment, to the second. */
const clocks: Record<string, (at: number) => string | number> = {
  'with a zone': (at) => new Date(at).toISOString(),
  'with another zone': (at) => `${new Date(at + 2 * 3_600_000).toISOString().slice(0, 19)}+02:00`,
  'without a zone': (at) => new Date(at).toISOString().slice(0, 19),
  'without a zone, as a database has it': (at) =>
    new Date(at).toISOString().slice(0, 19).replace('T', ' '),
  'in seconds': (at) => Math.floor(at / 1_000),
  'in seconds, as text': (at) => String(Math.floor(at / 1_000)),
  'in milliseconds': (at) => at,
};

/** Jest gives tests a copy of the environment, which moves no clock. */
const { env } = runInThisContext('process') as typeof process;
const zone = env.TZ;
/** A time without a zone must not be read by that of this computer, so here that is far from UTC. */
beforeAll(() => void (env.TZ = 'Asia/Tokyo'));
afterAll(() => void (zone === undefined ? delete env.TZ : (env.TZ = zone)));

describe.each(Object.entries(clocks))('A time %s', (_, write) => {
  const stating = (at: number) => (account.state = (job) => ({ ...job, created_at: write(at) }));

  test('tells that a lost answer was to this order', async () => {
    stating(Date.now());
    account.post = (accept) => (accept(), 'break');
    const run = await account.run(createVideo(), { items: rows(1) });
    expect(jsonOf(run)).toMatchObject([{ id: 'video_1' }]);
    expect(account.jobs).toHaveLength(1);
  });

  test('tells that a video of an hour before was made by another one', async () => {
    stating(Date.now() - 3_600_000);
    account.post = (accept) => (accept(), 'break');
    const run = await account.run(createVideo(), { items: rows(1) });
    expect(errorOf(run).message).toMatch(/^Check this one: /);
  });

  test.each([
    [40, false],
    [20, true],
  ])('of %i days before is within the Look Back of 30: %s', async (days, isUsed) => {
    account.add({ avatar_id: 'avatar_james01', language: 'en-US', duration: 30, ...rows(1)[0] });
    const at = Date.now() - days * DAY;
    account.state = (job) => ({
      ...job,
      created_at: write(job.id === 'video_1' ? at : Date.now()),
    });
    const run = await account.run(reusing({ lookBack: 30 }), { items: rows(1) });
    expect(jsonOf(run)).toMatchObject([{ _iteraBizReused: isUsed }]);
  });

  test('is when the event of either trigger occurred', async () => {
    const at = Date.parse('2026-11-28T10:30:15Z');
    const completed = { status: 'completed', video_url: 'https://a.example/b' };
    await withTrigger('iTeraBizPollingTrigger', async (n8n, workflow) => {
      account.add({ ...completed, completed_at: write(at) });
      const [{ occurredAt }] = await n8n.poll(workflow);
      expect(Date.parse(occurredAt)).toBe(at);
    });
    let hook = '';
    account.post = (_accept, { body }) => {
      hook = String(body!.url);
      return { status: 201, body: { id: 'hook_1', url: hook } };
    };
    await withTrigger('iTeraBizTrigger', async (n8n) => {
      const data = { ...account.jobs[0], ...completed };
      const event = {
        id: 'evt_1',
        type: 'video.completed',
        created_at: write(at),
        data,
      };
      const headers = { 'content-type': 'application/json' };
      const sent = await fetch(hook, { method: 'POST', headers, body: JSON.stringify(event) });
      expect(sent.status).toBe(200);
      expect(n8n.runs.map(({ event: { occurredAt } }) => Date.parse(occurredAt))).toEqual([at]);
    });
  });

  test('is shown by the picker', async () => {
    account.add({ script: 'Tea', status: 'completed' });
    stating(Date.parse('2026-11-28T10:30:15Z'));
    const { results } = await searchVideos.call(picker());
    expect(results.map(({ name }) => name)).toEqual(['Tea · 2026-11-28 05:30']);
  });
});

describe('A GENERIC_TIMEZONE that is written as', () => {
  const { defaultTimezone } = getGlobalState();
  afterEach(() => setGlobalState({ defaultTimezone }));

  test.each([
    ['"Asia/Tokyo"', '19:30'],
    ["'Asia/Tokyo'", '19:30'],
    [' Asia/Tokyo', '19:30'],
    ['Asia/Tokyo', '19:30'],
    ['Tokyo', '10:30'],
    ['', '10:30'],
  ])('%j is no reason for the picker of videos to stay empty', async (timezone, time) => {
    setGlobalState({ defaultTimezone: timezone });
    account.add({ script: 'Tea', status: 'completed', created_at: '2026-11-28T10:30:00Z' });
    const { results } = await searchVideos.call(picker());
    expect(results.map(({ name }) => name)).toEqual([`Tea · 2026-11-28 ${time}`]);
  });
});

test.each([
  ...['completed', 'Completed', ' COMPLETED ', 'done'].map((word) => [word, [3, 2, 1]] as const),
  ['Failed', [4]] as const,
  ['Queued', [5]] as const,
])('as a filter, %j finds what it means, whatever the API calls it', async (status, found) => {
  for (const word of ['completed', 'COMPLETED', 'succeeded', 'error', 'queued']) {
    account.add({ status: word });
  }
  const parameters = { ...getMany, returnAll: true, filters: { status: '={{ $json.status }}' } };
  const run = await account.run(parameters, { items: [{ status }] });
  expect(jsonOf(run).map(({ id }) => id)).toEqual(found.map((n) => `video_${n}`));
});

test.each([
  ['http://anna:secret-word@127.0.0.1/v1', 'user name or password'],
  ['https://anna@api.iterabiz.com/v1', 'user name or password'],
])('a Base URL as %s is refused in words, and nothing is sent', async (baseUrl, words) => {
  for (const parameters of [createVideo(), getMany]) {
    const run = await account.run(parameters, {
      items: rows(1),
      baseUrl: baseUrl.replace('127.0.0.1', new URL(account.url).host),
    });
    expect(textOf(run)).toContain(words);
    expect(textOf(run)).not.toContain('secret-word');
    expect(textOf(run)).not.toContain('Check this one');
  }
  expect(account.api.asked).toEqual([]);
});

test.each([
  ['cn', 'zh-CN'],
  ['jp', 'ja-JP'],
  ['CZ', 'cs-CZ'],
])('the language %s is a slip: it says %s', async (language, meant) => {
  const parameters = createVideo({ language: '={{ $json.language }}' });
  const run = await account.run(parameters, { items: [{ ...rows(1)[0], language }] });
  expect(errorOf(run).message).toBe(`"Language": "${language}" is not a language`);
  expect(errorOf(run).description).toContain(`Did you mean ${meant}?`);
  expect(account.api.asked).toEqual([]);
});

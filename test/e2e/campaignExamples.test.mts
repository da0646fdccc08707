/** The two campaign examples, imported as they ship and run on the real n8n, against the sandbox. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Execution } from '../../n8n/rest.mts';
import { type N8n, startN8n, type WorkflowFile } from '../../n8n/server.mts';
import { type Sandbox, startSandbox } from '../../sandbox/client.mts';
import { until } from '../shared/until.mts';
import {
  Campaign,
  connect,
  examplesFolder,
  importExample,
  itemsOf,
  type Row,
} from './examples.mts';

const POST = 'POST /videos';

let n8n: N8n;
let sandbox: Sandbox;
let long: Campaign;
let short: Campaign;

beforeAll(async () => {
  sandbox = await startSandbox();
  n8n = await startN8n();
  await connect(n8n, sandbox);
  long = await Campaign.install(n8n);
  short = await Campaign.install(n8n, 'short-campaign');
});

afterEach(async () => {
  await sandbox.clearFaults();
  await long.clear();
  const { contractViolations, keyLeaks } = await sandbox.stats();
  expect({ contractViolations, keyLeaks }).toEqual({ contractViolations: [], keyLeaks: [] });
});

afterAll(async () => {
  await n8n?.stop();
  await sandbox?.stop();
});

const accepted = async () => (await sandbox.stats()).acceptedCount;
const sent = async () => (await sandbox.stats()).requests[POST] ?? 0;

/** The rows that are expected in the table, in that order, each with at least these values. */
const tableOf = (rows: object[]) => rows.map((row) => expect.objectContaining(row) as Row);

/** What the last step said, or nothing where nothing is open. */
const openIn = ({ data }: Execution) => data.resultData.error?.message;

/** What the step "Count" gave out. */
const countIn = (execution: Execution) => itemsOf(execution, 'Count').map(({ json }) => json);

/** Sets an option of a step, as a person does in its panel. */
function withOption(step: string, changes: object) {
  return ({ nodes }: WorkflowFile) => {
    const { parameters } = nodes.find(({ name }) => name === step)!;
    parameters.options = { ...(parameters.options as object), ...changes };
  };
}

const completed = {
  status: 'completed',
  job_id: expect.stringMatching(/^video_/),
  video_url: expect.stringMatching(/^http/),
  attempts: 1,
};

test('campaign: every row ends with a video or a reason, and is sent once', async () => {
  const before = await accepted();
  await sandbox.fault({ on: POST, containing: 'lost', type: 'reset', when: 'before' });
  await sandbox.fault({ on: POST, containing: 'found', type: 'reset', when: 'after' });
  const reason = { code: 'render_failed', message: 'The avatar has no face' };
  await sandbox.fault({ on: POST, containing: 'faceless', type: 'failVideo', ...reason });
  await long.add([
    { script: 'good' },
    { script: 'nobody', avatar_id: 'avatar_nobody' },
    { script: 'faceless' },
    { script: '' },
    { script: 'bare', language: null, duration: null },
    { script: 'lost' },
    { script: 'found' },
    { script: 'draft', status: null },
    { script: 'capital', status: 'Ready ' },
    { script: 'zero', duration: '0' },
    { script: 'typo', status: 'redy' },
    { script: 'astray', status: 'rendering', job_id: 'not an ID' },
    ...Array.from({ length: 5 }, (_, n) => ({ script: `more ${n}` })),
  ]);

  const first = await long.run();

  const done = { ...completed, note: '' };
  const notMade = { status: 'failed', job_id: '', attempts: 1 };
  const rows = [
    { script: 'good', ...done },
    { script: 'nobody', ...notMade, note: expect.stringContaining('no avatar avatar_nobody') },
    {
      ...{ script: 'faceless', status: 'failed', attempts: 1, note: 'The avatar has no face' },
      job_id: expect.stringMatching(/^video_/),
    },
    { script: '', ...notMade, note: expect.stringContaining('"Script" is empty') },
    { script: 'bare', ...done },
    { script: 'lost', ...notMade, status: 'check this one', note: expect.any(String) },
    { script: 'found', ...done },
    { script: 'draft', status: null, job_id: null },
    { script: 'capital', ...done },
    { script: 'zero', ...notMade, note: expect.stringContaining('"0" is not') },
    { script: 'typo', status: 'redy', job_id: null },
    { script: 'astray', status: 'rendering', note: expect.stringContaining('is not an ID') },
    ...Array.from({ length: 5 }, (_, n) => ({ script: `more ${n}`, ...done })),
  ];
  expect(await long.rows()).toEqual(tableOf(rows));
  expect(await accepted()).toBe(before + 10);
  const { body } = (await sandbox.stats()).accepted.find((one) => one.body.script === 'bare')!;
  expect(body).toMatchObject({ language: 'en-US', duration: 60 });
  expect(countIn(first)).toEqual([
    expect.objectContaining({
      'ordered in this run': 10,
      'seconds ordered in this run': 9 * 20 + 60,
      'ordered before': 1,
      'still rendering': 1,
      completed: 9,
      'failed in this run': 4,
      'to check': 1,
    }),
  ]);
  expect(openIn(first)).toBe(
    'This run ordered 10 videos (240 seconds). 1 video failed while rendering and may have been charged. ' +
      '3 rows could not be ordered and cost nothing. 1 row may have been ordered: see lane 3. ' +
      '1 row had no result after the wait: run this again later. ' +
      'The note column has the reasons.',
  );
  expect(itemsOf(first, 'Look at these rows').map(({ json }) => json.script)).toEqual(['lost']);

  for (const script of ['lost', 'astray']) {
    await long.edit(await long.row(script), { status: 'looked up' });
  }
  const second = await long.run();
  expect(openIn(second)).toBeUndefined();
  expect(await accepted()).toBe(before + 10);
  expect(countIn(second)).toEqual([
    expect.objectContaining({
      'ordered in this run': 0,
      'seconds ordered in this run': 0,
      'ordered before': 11,
      completed: 9,
      'failed in this run': 0,
      'to check': 0,
    }),
  ]);
});

test('campaign: what would be too much stops it before a row is claimed or paid for', async () => {
  const before = await accepted();
  await long.add([{ script: 'wide', duration: '0' }, { script: 'too wide' }, { script: 'far' }]);
  const tight = await importExample(n8n, 'campaign', (workflow) => {
    const look = workflow.nodes.find(({ name }) => name === 'Look first')!;
    const options = { maxVideos: 100, maxSeconds: 6_000, previewOnly: true };
    expect(look.parameters.options).toEqual(options);
    withOption('Look first', { maxVideos: 1 })(workflow);
  });
  const stopped = await n8n.rest.executionReaching(await n8n.rest.run(tight, 'Start'), ['error']);
  expect(openIn(stopped)).toMatch(
    /^This would order 2 videos, 40 seconds in all, but "Max Videos" allows only 1\. Nothing was sent/,
  );
  expect(await accepted()).toBe(before);
  const states = (await long.rows()).map(({ status }) => status);
  expect(states).toEqual(['ready', 'ready', 'ready']);
});

test('campaign: two runs at the same time share the rows', async () => {
  const before = await accepted();
  await sandbox.fault({ on: POST, type: 'delay', ms: 500, times: 'always' });
  await long.add(Array.from({ length: 23 }, (_, n) => ({ script: `shared ${n}` })));

  const two = [await long.start(), await long.start()];
  const executions = await Promise.all(two.map((id) => long.ended(id)));

  const shares = executions.map((execution) => itemsOf(execution, 'Create videos').length);
  expect(Math.min(...shares)).toBeGreaterThan(0);
  expect(shares[0] + shares[1]).toBe(23);
  expect(await accepted()).toBe(before + 23);
  const shared = await long.rows();
  expect(shared.map(({ status }) => status)).toEqual(shared.map(() => 'completed'));
});

test.each([
  ['the credits are used up', 402, 'iTeraBiz says your account has no credits left'],
  ['the key is refused', 401, 'iTeraBiz does not accept the API key'],
])(
  'campaign: where %s, the rows stay ready and a later run orders them',
  async (_, refusal, said) => {
    const before = { accepted: await accepted(), sent: await sent() };
    await long.add(Array.from({ length: 17 }, (_row, n) => ({ script: `${refusal} row ${n}` })));
    const fault = { on: POST, type: 'refuse', status: refusal } as const;
    await sandbox.fault({ ...fault, skip: 5, times: 'always' });

    const stopped = await long.run();

    expect(await accepted()).toBe(before.accepted + 5);
    // The second five are sent into it, at the most, and none after them.
    expect(await sent()).toBeLessThanOrEqual(before.sent + 10);
    const rows = await long.rows();
    expect(rows.slice(0, 5)).toEqual(tableOf(Array.from({ length: 5 }, () => completed)));
    expect(rows.slice(5).map(({ status, attempts }) => [status, attempts ?? 0])).toEqual(
      Array.from({ length: 12 }, () => ['ready', 0]),
    );
    expect(openIn(stopped)).toContain('This run ordered 5 videos (100 seconds).');
    expect(openIn(stopped)).toMatch(
      /It stopped early, with 12 rows still ready and not charged: .*/,
    );
    expect(openIn(stopped)).toContain(said);

    await sandbox.clearFaults();
    expect(openIn(await long.run())).toBeUndefined();
    expect(await accepted()).toBe(before.accepted + 17);
    expect(await long.rows()).toEqual(tableOf(rows.map(() => completed)));
  },
);

test('the sample table, and lengths as people write them, are imported whole', async () => {
  const sample = readFileSync(join(examplesFolder, 'campaign.csv'), 'utf8');
  await long.importCsv(sample);
  const drafts = await long.rows();
  expect(drafts).toHaveLength(sample.trim().split('\n').length - 1);
  await long.clear();

  const lengths = ['45', '45 s', '45s', '0:45', '45 sec', ''];
  const lines = lengths.map((length, n) => `length ${n},avatar_james01,en-US,${length},ready`);
  await long.importCsv(['script,avatar_id,language,duration,status', ...lines].join('\n'));
  const ended = await long.run();

  expect(openIn(ended)).toBeUndefined();
  expect(countIn(ended)[0]['seconds ordered in this run']).toBe(5 * 45 + 60);
  const orders = (await sandbox.stats()).accepted.map(({ body }) => body);
  const ordered = lengths.map((_, n) => orders.find(({ script }) => script === `length ${n}`));
  expect(ordered.map((order) => order?.duration)).toEqual([45, 45, 45, 45, 45, 60]);
});

describe('the short campaign', () => {
  test('orders only rows that are ready, and shows them while they render', async () => {
    const before = await accepted();
    await sandbox.settings({ hold: true });
    await short.add([
      { script: 'wanted one' },
      { script: 'wanted two', status: ' Ready' },
      { script: 'not yet', status: 'draft' },
      { script: 'made elsewhere', status: 'done' },
      { script: 'no status', status: null },
    ]);

    const id = await short.start();
    const isShown = (rows: Row[]) =>
      rows.slice(0, 2).every(({ status, job_id }) => status === 'rendering' && job_id);
    await until('both rows render', () => short.rows(), { isSo: isShown });
    await sandbox.settings({ hold: false });
    await sandbox.finish();

    const ended = await short.ended(id);
    expect(openIn(ended)).toBeUndefined();
    expect(await accepted()).toBe(before + 2);
    expect(await short.rows()).toEqual(
      tableOf([
        { script: 'wanted one', ...completed },
        { script: 'wanted two', ...completed },
        { script: 'not yet', status: 'draft', job_id: null },
        { script: 'made elsewhere', status: 'done', job_id: null },
        { script: 'no status', status: null, job_id: null },
      ]),
    );

    // What is in the account already is not ordered again, and not counted as ordered.
    const [one] = await short.rows();
    await short.edit(one, { status: 'ready', job_id: '', video_url: '' });
    const again = await short.run();
    expect(await accepted()).toBe(before + 2);
    expect(await short.row('wanted one')).toMatchObject({
      status: 'completed',
      job_id: one.job_id,
      note: 'Already in your account',
    });
    expect(countIn(again)[0]).toMatchObject({ 'ordered in this run': 0, completed: 2 });
  });

  test('a preview orders nothing and writes nothing', async () => {
    const before = await accepted();
    await short.add([{ script: 'previewed' }, { script: 'previewed, but wrong', duration: '0' }]);
    const rows = await short.rows();
    const workflow = await importExample(
      n8n,
      'short-campaign',
      withOption('Create videos', { previewOnly: true }),
    );

    const preview = await short.with(workflow).run();

    expect(itemsOf(preview, 'Create videos').map(({ json }) => json.wouldOrder)).toEqual([
      true,
      false,
    ]);
    expect(await accepted()).toBe(before);
    expect(await short.rows()).toEqual(rows);
  });

  test('a row that is refused is tried twice, and again once a person says ready', async () => {
    const before = await sent();
    await sandbox.fault({ on: POST, type: 'refuse', status: 400, times: 'always' });
    await short.add([{ script: 'refused' }]);
    const tries = async () => (await sent()) - before;

    const first = await short.run();
    expect(await tries()).toBe(1);
    await short.run();
    expect(await tries()).toBe(2);
    expect(await short.row('refused')).toMatchObject({ status: 'failed', attempts: 2 });
    const third = await short.run();
    expect(await tries()).toBe(2);
    expect(openIn(third)).toBeUndefined();
    expect(openIn(first)).toBe(
      'This run ordered 0 videos (0 seconds). 1 row could not be ordered and cost nothing. ' +
        'The note column has the reasons.',
    );

    await sandbox.clearFaults();
    await short.edit(await short.row('refused'), { status: 'ready' });
    expect(openIn(await short.run())).toBeUndefined();
    expect(await tries()).toBe(3);
    expect(await short.row('refused')).toMatchObject({ ...completed, attempts: 3 });
  });

  test('where the credits are used up, its rows stay ready and no attempt is counted', async () => {
    const before = await accepted();
    await short.add(Array.from({ length: 8 }, (_, n) => ({ script: `unpaid ${n}` })));
    await sandbox.fault({ on: POST, type: 'refuse', status: 402, skip: 3, times: 'always' });

    const stopped = await short.run();
    expect(openIn(stopped)).toContain(
      'It stopped early, with 5 rows still ready and not charged: ',
    );
    expect(await accepted()).toBe(before + 3);
    const states = (await short.rows()).map(({ status, attempts }) => `${status} ${attempts ?? 0}`);
    expect(states.sort()).toEqual([
      ...Array.from({ length: 3 }, () => 'completed 1'),
      ...Array.from({ length: 5 }, () => 'ready 0'),
    ]);

    await sandbox.clearFaults();
    expect(openIn(await short.run())).toBeUndefined();
    expect(await accepted()).toBe(before + 8);
    expect(await short.rows()).toEqual(tableOf(states.map(() => completed)));
  });
});

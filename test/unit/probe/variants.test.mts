/** The probe against the sandbox as it is, and as other iTeraBizes: it names just what differs. */
import { Contract } from '../../../probe/contract.mts';
import type { Options } from '../../../probe/options.mts';
import { receive } from '../../../probe/receiver.mts';
import { asJson, asMarkdown, onScreen, withoutSecrets } from '../../../probe/report.mts';
import { type Probed, probe } from '../../../probe/run.mts';
import { startSandbox, type Sandbox } from '../../../sandbox/client.mts';
import { defaultSettings } from '../../../sandbox/settings.mts';
import { type Variant, type VariantName, variants } from '../../../sandbox/variants.mts';

const contract = new Contract();
const patience = { pause: 50, list: 1_000, video: 20_000, event: 10_000 };

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await startSandbox();
  await sandbox.addVideos(30);
  await sandbox.addVideos(1, { status: 'failed', error: { code: 'bad', message: 'It broke' } });
});
afterAll(() => sandbox.stop());

async function become(name?: VariantName): Promise<void> {
  const { settings = {}, faults = [] }: Partial<Variant> = name ? variants[name] : {};
  await sandbox.settings({ ...defaultSettings, queuedMs: 100, processingMs: 200, ...settings });
  await sandbox.clearFaults();
  for (const fault of faults) await sandbox.fault(fault);
  await sandbox.resetStats();
}

async function run(spending?: Options['spending']): Promise<Probed> {
  const { url: baseUrl, apiKey } = sandbox;
  const options = { baseUrl, apiKey, out: '', spending };
  return await probe(options, contract, {
    agree: async () => undefined,
    onAnswer: () => undefined,
    patience,
  });
}

/** Everything that can be asked for, with a port that was free a moment ago. */
async function everything(): Promise<Options['spending']> {
  const { port, stop } = await receive(0);
  await stop();
  const webhook = { url: `http://127.0.0.1:${port}/hook?token=very-secret`, port };
  return { idempotency: true, yes: true, webhook };
}

const those = ({ results }: Probed, verdict: string) =>
  results.filter((result) => result.verdict === verdict).map(({ id }) => id);

const noteOf = ({ results }: Probed, id: string) => {
  const result = results.find((one) => one.id === id)!;
  return result.verdict === 'cannot tell' ? result.needs : result.seen;
};

/** What nobody can bring about by asking. */
const OPEN = [
  ...['forbidden', 'credits', 'busy', 'retry-after', 'faults'],
  ...['dead-link', 'content-answer', 'avatar-answer'],
];

test('As it is: everything holds that can be told', async () => {
  await become();
  const probed = await run(await everything());
  expect(those(probed, 'differs')).toEqual([]);
  expect(those(probed, 'cannot tell')).toEqual(OPEN);
  const { accepted, hooksRegistered, ordered, maxInFlight } = await sandbox.stats();
  expect(accepted.map(({ kind }) => kind)).toEqual(['POST /videos', 'POST /videos']);
  expect(ordered).toEqual({ videos: 2, seconds: 10 });
  expect([hooksRegistered, maxInFlight.all]).toEqual([0, 1]);
});

test('Without leave it only reads, and not much', async () => {
  await become();
  const probed = await run();
  expect(those(probed, 'differs')).toEqual([]);
  expect(those(probed, 'cannot tell')).toEqual(expect.arrayContaining(['list-lag', 'clock']));
  const { requests, keyLeaks, maxInFlight } = await sandbox.stats();
  expect(Object.keys(requests).filter((kind) => !kind.startsWith('GET '))).toEqual([]);
  const count = Object.values(requests).reduce((sum, number) => sum + number, 0);
  expect(count).toBe(probed.exchanges.length);
  expect(count).toBeLessThan(25);
  expect([keyLeaks, maxInFlight.all]).toEqual([[], 1]);
});

const differing: [VariantName, string, string][] = [
  ['errorBodies', 'error-body', '{"detail":string}. The node finds its words all the same'],
  ['htmlErrors', 'error-body', 'a web page. The node finds its words all the same'],
  ['statusWords', 'status-words', 'SUCCEEDED (read as completed)'],
  ['otherLink', 'link', 'It is in download_url, where the node finds it, too'],
  ['ignoredCursor', 'cursor', 'The next page brought what the first one had'],
  ['smallPages', 'page-size', 'limit=100 was refused with 400; without it a page has 20 entries'],
  ['oldestFirst', 'order-of-list', 'They begin with the oldest'],
  ['listsWithoutText', 'made-of', 'Use the Existing One cannot work'],
  ['withoutTimes', 'created-at', 'created_at is missing'],
  ['withoutHasMore', 'list-body', 'has_more is missing. The fields are: data'],
  ['realLengths', 'made-of', 'is listed as 4.85, and this item has 5, so that'],
  ['nested', 'order-answer', 'in data'],
  ['slowLists', 'list-lag', 'It was not there after'],
  ['noWebhooks', 'webhook-list', 'Registration: Manual'],
  ['noSecrets', 'webhook-secret', 'the token in the registered address is the check'],
  ['redirectedFiles', 'file', 'It sends on once, which the node follows'],
];

test.each(differing)('%s: differs in %s, and in nothing else', async (name, id, seen) => {
  await become(name);
  const probed = await run(await everything());
  expect(those(probed, 'differs')).toEqual([id]);
  expect(noteOf(probed, id)).toContain(seen);
  expect((await sandbox.stats()).hooksRegistered).toBe(0);
});

test('idempotent: one video, for both orders', async () => {
  await become('idempotent');
  const probed = await run({ idempotency: true, yes: true });
  expect(those(probed, 'differs')).toEqual([]);
  expect(noteOf(probed, 'idempotency')).toContain('honoured');
  expect((await sandbox.stats()).ordered.videos).toBe(1);
});

test('busy: it waits as long as it is asked to, and says so', async () => {
  await become('busy');
  const probed = await run();
  expect(those(probed, 'differs')).toEqual([]);
  expect(those(probed, 'holds')).toEqual(expect.arrayContaining(['busy', 'retry-after']));
  expect(noteOf(probed, 'retry-after')).toBe('As in Retry-After: 1');
});

test('credits used up: the order is not accepted, and that is told', async () => {
  await become();
  await sandbox.settings({ credits: 0 });
  const probed = await run({ idempotency: false, yes: true });
  expect(those(probed, 'differs')).toEqual([]);
  expect(those(probed, 'holds')).toContain('credits');
  expect(noteOf(probed, 'order-answer')).toContain('402');
  expect((await sandbox.stats()).ordered.videos).toBe(0);
});

test('nullLists: an account without videos is one all the same', async () => {
  const empty = await startSandbox({ variants: ['nullLists'] });
  const { url: baseUrl, apiKey } = empty;
  const quiet = { agree: async () => undefined, onAnswer: () => undefined, patience };
  const probed = await probe({ baseUrl, apiKey, out: '' }, contract, quiet).finally(empty.stop);
  expect(those(probed, 'differs')).toEqual(['list-body']);
  expect(noteOf(probed, 'list-body')).toContain('data must be array');
});

test('No variant is left out', () => {
  const named = [...differing.map(([name]) => name), 'idempotent', 'busy', 'nullLists'];
  expect(named.sort()).toEqual(Object.keys(variants).sort());
});

test('What is told holds no key, no secret, no link with its permission', async () => {
  await become('errorBodies');
  const probed = await run(await everything());
  const texts = [onScreen(probed), asMarkdown(probed, contract), asJson(probed)];
  for (const text of texts.map((told) => withoutSecrets(told, probed.secrets))) {
    for (const secret of probed.secrets) expect(text).not.toContain(secret);
    expect(text).not.toMatch(/sig=|token=|whsec_|very-secret|Bearer/);
    expect(text).toContain('nodes/ITeraBiz/api/errorText.ts');
    expect(text).toContain('{"detail":string}'.replaceAll('"', text.startsWith('{') ? '\\"' : '"'));
  }
  expect(probed.secrets.filter(Boolean)).toHaveLength(3);
});

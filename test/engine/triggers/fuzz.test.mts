import fc from 'fast-check';
import { startSandbox, type Sandbox } from '../../../sandbox/client.mts';
import { anyText, cases } from '../../shared/cases.mts';
import { N8n } from './n8n.mts';

/** With the right token, a random body starts a run only if it names a finished video. There is none. */
const BODIES = cases(500, 20_000);
const BATCH = cases(50, 500);
const SECRET_TOKEN = 'a-token-chosen-by-the-user';

let sandbox: Sandbox;
let n8n: N8n;
let running: string;
let signedToken: string;

// An event of a video that is not there, or not finished, is looked at again for seconds.
const n8nWorkflow = jest.requireMock<{ sleep: (ms: number) => Promise<void> }>('n8n-workflow');
n8nWorkflow.sleep = async (ms) => await new Promise((resolve) => setTimeout(resolve, ms / 50));

beforeAll(async () => {
  sandbox = await startSandbox({ hold: true });
  n8n = await N8n.start({ apiKey: sandbox.apiKey, baseUrl: sandbox.url });
  running = (await sandbox.addVideos(1, { status: 'processing' }))[0].id;

  const type = 'iTeraBizTrigger';
  const manual = { registration: 'manual', secretToken: SECRET_TOKEN };
  n8n.save('manual', { Trigger: { type, parameters: manual } });
  n8n.save('signed', { Trigger: { type, parameters: { options: { confirmWithApi: false } } } });
  await n8n.activate('manual');
  await n8n.activate('signed');
  const { registration } = n8n.staticDataOf('signed', 'Trigger');
  signedToken = (registration as { token: string }).token;
});
afterAll(async () => {
  await n8n.stop();
  await sandbox.stop();
});

const junk = () => fc.jsonValue({ maxDepth: 4 });
const id = () => fc.oneof(fc.constant('vid_unknown'), fc.constant('RUNNING'), fc.string(), junk());
const name = () =>
  fc.oneof(fc.constantFrom('video.completed', 'video.failed', '__proto__'), fc.string(), junk());
const status = () => fc.oneof(fc.constantFrom('completed', 'failed', 'queued'), junk());

/** Something like a video, and something like an event, with everything in it perhaps wrong. */
const video = () => fc.record({ id: id(), status: status() }, { requiredKeys: [] });
const event = () =>
  fc.record(
    {
      id: id(),
      type: name(),
      event: name(),
      created_at: junk(),
      data: fc.oneof(video(), fc.record({ video: video() }), junk()),
      video: fc.oneof(video(), junk()),
      status: status(),
    },
    { requiredKeys: [] },
  );
const body = () =>
  fc.oneof(
    { weight: 5, arbitrary: event().map((value) => JSON.stringify(value)) },
    { weight: 2, arbitrary: junk().map((value) => JSON.stringify(value)) },
    { weight: 1, arbitrary: fc.json() },
    { weight: 1, arbitrary: anyText() },
  );
const signature = () =>
  fc.oneof(
    fc.constant(undefined),
    fc.string(),
    fc.stringMatching(/^t=\d{1,12},v1=[0-9a-f]{60,68}$/),
    fc.constant(`t=${Math.floor(Date.now() / 1000)},v1=${'0'.repeat(64)}`),
  );

const listenerOf = (workflow: string) =>
  n8n.listenerAt(new URL(n8n.productionUrl(workflow, 'Trigger')).pathname)!;

/** Hands a body to a trigger, past the network. @returns the statuses that it answered with */
async function deliver(
  listener: ReturnType<typeof listenerOf>,
  token: string,
  text: string,
  header?: string,
) {
  const rawBody = Buffer.from(text.replaceAll('RUNNING', running));
  const request = {
    query: { token },
    params: {},
    headers: header === undefined ? {} : { 'x-iterabiz-signature': header },
    rawBody,
    readRawBody: () => Promise.resolve(),
  };
  const statuses: number[] = [];
  const response = {
    status: (code: number) => ({ json: () => void statuses.push(code) }),
  };
  await n8n.deliver(listener, request as never, response as never);
  return statuses;
}

it(`survives ${BODIES} random bodies, answers each once, and starts nothing`, async () => {
  const seen = new Set<number>();
  const [signed, manual] = [listenerOf('signed'), listenerOf('manual')];
  // At once: the API is asked again, for three seconds, for what it does not know.
  const batch = fc.array(fc.tuple(body(), fc.boolean(), signature()), {
    minLength: BATCH,
    maxLength: BATCH,
  });
  await fc.assert(
    fc.asyncProperty(batch, async (bodies) => {
      const areExpected = await Promise.all(
        bodies.map(async ([text, isSigned, header]) => {
          const statuses = isSigned
            ? await deliver(signed, signedToken, text, header)
            : await deliver(manual, SECRET_TOKEN, text);
          const [status] = statuses;
          seen.add(status);
          const isExpected = isSigned ? status === 401 : [200, 400, 503].includes(status);
          return statuses.length === 1 && isExpected;
        }),
      );
      return areExpected.every(Boolean) && n8n.runs.length === 0;
    }),
    { numRuns: BODIES / BATCH },
  );
  // It came to every kind of answer, also to that after asking the API.
  expect([...seen].sort()).toEqual([200, 400, 401, 503]);
});

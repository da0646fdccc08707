import type { WorkflowJson } from '../../../n8n/embedded.mts';
import { startSandbox } from '../../../sandbox/client.mts';
import { createVideo } from '../../shared/createVideo.mts';
import { type Bench, measure } from '../measure.mts';
import { byHand, connect, httpRequest, iTeraBiz, node, rows } from '../n8nNodes.mts';
import type { CaseResult } from '../results.mts';

const STOP = { retryOnFail: true, maxTries: 3, waitBetweenTries: 1_000 };
const GO_ON = { onError: 'continueRegularOutput' as const };

const HOURS = 3 * 60 * 60_000;

const WAYS = {
  ours: 'iTeraBiz node',
  oursRetry: 'iTeraBiz node, Retry On Fail (3 tries)',
  oursGoOn: 'iTeraBiz node, On Error: Continue',
  oursBlind: 'iTeraBiz node, On Error: Continue, a list that never shows what is new',
  httpRetry: 'HTTP Request node, Retry On Fail (3 tries)',
  httpGoOn: 'HTTP Request node, On Error: Continue',
};
type Way = keyof typeof WAYS;

/** A campaign while the API refuses one request in twenty, and once breaks off after it accepted one. */
export async function faults(bench: Bench): Promise<CaseResult> {
  const size = bench.quick ? 100 : 500;
  bench.say(`Faults among ${size} rows`);
  const ways = Object.keys(WAYS) as Way[];
  const counts: Record<string, Awaited<ReturnType<typeof submit>>> = {};
  for (const way of ways) counts[way] = await submit(bench, way, size);
  const ratio = (what: string, count: 'doubled' | 'lost' | 'toCheck', ours: Way, http: Way) => ({
    what,
    ours: counts[ours][count],
    instead: counts[http][count],
    insteadOf: WAYS[http],
    goal: '0',
  });
  return {
    sections: [
      {
        title: `${size} rows, 5 % of requests refused (429), one connection reset after acceptance`,
        note: 'Paid: submissions that the API accepted. Done: rows whose video came out of the node. Named: paid videos that did not come out, but whose ID is in the message. Reported: rows that came out as failed, with the reason. To check: rows of which the message says that they may have been accepted, and how to find out; nobody can know the ID that was in the answer that was cut off. Doubled: paid a second or third time. Lost: paid, and nothing tells of it.',
        columns: ['paid', 'done', 'named', 'reported', 'to check', 'doubled', 'lost', 'seconds'],
        lines: ways.map((way) => {
          const { paid, done, named, reported, toCheck, doubled, lost, seconds } = counts[way];
          return {
            way: WAYS[way],
            cells: [paid, done, named, reported, toCheck, doubled, lost, seconds],
          };
        }),
      },
    ],
    ratios: [
      ratio(
        `${size} rows with faults, Retry On Fail: paid twice`,
        'doubled',
        'oursRetry',
        'httpRetry',
      ),
      ratio(`${size} rows with faults, Retry On Fail: lost`, 'lost', 'oursRetry', 'httpRetry'),
      ratio(
        `${size} rows with faults, On Error Continue: left for a person to check`,
        'toCheck',
        'oursGoOn',
        'oursBlind',
      ),
    ],
  };
}

async function submit(bench: Bench, way: Way, size: number) {
  // Where the list shows nothing, the node knows no more than it did before it looked there.
  const listLagMs = way === 'oursBlind' ? HOURS : 0;
  const sandbox = await startSandbox({ hold: true, listLagMs });
  try {
    const on = 'POST /videos';
    await sandbox.fault({ on, type: 'reset', when: 'after', skip: Math.floor(size / 2) });
    await sandbox.fault({
      on,
      type: 'refuse',
      status: 429,
      probability: 0.05,
      seed: 7,
      times: 'always',
    });
    const { finished, error, ms } = await measure(
      bench,
      {
        kind: 'workflow',
        workflow: workflowOf(way, sandbox.url),
        warmUp: [],
        rows: rows(size),
        last: 'Submit',
      },
      sandbox,
    );
    const { accepted } = await sandbox.stats();
    const out = new Set(finished.map(({ json }) => json.id).filter(Boolean));
    const notOut = accepted.filter(({ id }) => !out.has(id));
    const named = notOut.filter(({ id }) => error.includes(id)).length;
    const messages = [error, ...finished.map(({ json }) => String(json.error ?? ''))].join('\n');
    const toCheck = messages.match(/Check this one/g)?.length ?? 0;
    return {
      paid: accepted.length,
      done: out.size,
      named,
      reported: finished.filter(({ json }) => json.error).length,
      toCheck,
      doubled: accepted.length - new Set(accepted.map(({ body }) => body.script)).size,
      lost: notOut.length - named - toCheck,
      seconds: ms / 1_000,
    };
  } finally {
    await sandbox.stop();
  }
}

function workflowOf(way: Way, url: string): WorkflowJson {
  const settings = {
    ours: {},
    oursRetry: STOP,
    oursGoOn: GO_ON,
    oursBlind: GO_ON,
    httpRetry: STOP,
    httpGoOn: GO_ON,
  };
  const submit = way.startsWith('ours')
    ? iTeraBiz('Submit', createVideo, settings[way])
    : httpRequest('Submit', byHand(url), settings[way]);
  return {
    nodes: [node('Start', 'n8n-nodes-base.noOp'), submit],
    connections: connect(['Start', 'Submit']),
  };
}

import { createHmac, randomBytes } from 'node:crypto';

import { type Hook, type Sandbox, type Video } from '../../../sandbox/client.mts';
import { until } from '../../shared/until.mts';
import { type Bench, inTurns, measure } from '../measure.mts';
import { checkedWebhook, iTeraBiz, node } from '../n8nNodes.mts';
import { type CaseResult, figure, type Ratio, type Section } from '../results.mts';
import { type MeasuredN8n, withMeasuredN8n } from '../server.mts';

const IN_FLIGHT = 10;
const CHECKS = 20_000;

const WAYS = {
  confirmed: 'iTeraBiz Trigger',
  unconfirmed: 'iTeraBiz Trigger, Confirm With API off',
  byHand: 'Webhook, Crypto, HTTP Request and Remove Duplicates, which check as much',
  webhook: 'Webhook node, which checks nothing',
};
type Way = keyof typeof WAYS;

const WAY_NAMES = Object.keys(WAYS) as Way[];

interface Target {
  url: string;
  secret?: string;
  workflowId: string;
}

/** n8n's own settings, the usual ones and one that n8n has on trial. */
const SETTINGS: Record<string, Record<string, string>> = {
  'n8n as it comes': {},
  'N8N_EXPRESSION_ENGINE_LAZY_ACQUIRE=true': { N8N_EXPRESSION_ENGINE_LAZY_ACQUIRE: 'true' },
};

interface Run {
  seconds: number;
  /** Milliseconds until each event was answered */
  answers: number[];
}

/** Events that one n8n accepts, checks and starts a workflow for. */
export async function trigger(bench: Bench): Promise<CaseResult> {
  const count = bench.quick ? 30 : 150;
  const checks = [];
  for (let repeat = 0; repeat < (bench.quick ? 2 : 5); repeat++) {
    checks.push(await measure(bench, { kind: 'checks', repeats: CHECKS }));
  }
  const microseconds = figure(checks.map(({ ms }) => (ms * 1_000) / CHECKS));

  const sections: Section[] = [];
  const ratios: Ratio[] = [];
  for (const [setting, env] of Object.entries(SETTINGS)) {
    bench.say(`Events for the triggers on the real n8n, ${setting}`);
    const runs = await onServer(env, count, bench.quick ? 1 : 3);
    const rate = (way: Way) => figure(runs[way].map(({ seconds }) => count / seconds));
    const cost = (way: Way) => figure(runs[way].map(({ seconds }) => (seconds * 1_000) / count));
    const answer = (way: Way) => figure(runs[way].flatMap(({ answers }) => answers));
    sections.push({
      title: `${count} events, ${IN_FLIGHT} at a time, each starting a workflow on the real n8n: ${setting}`,
      note: "As it comes, n8n prepares an engine for expressions before it asks a trigger that is not its own Webhook node, and again each time a trigger reads a credential, as it has to for Confirm With API. That is most of the difference. The other setting, which n8n has on trial, leaves that out where no expression needs it; a workflow made by hand has expressions. Its first event was sent alone: where several came together, n8n's Remove Duplicates answered half of them with an error.",
      columns: [
        'events per second, to the end of their workflows',
        'ms until an event is answered',
      ],
      lines: WAY_NAMES.map((way) => ({ way: WAYS[way], cells: [rate(way), answer(way)] })),
    });
    const what = `${count} events on one n8n, ${setting}: ms per event`;
    const ours = cost('confirmed');
    ratios.push(
      { what, ours, instead: cost('byHand'), insteadOf: WAYS.byHand },
      { what: `${what}, unchecked`, ours, instead: cost('webhook'), insteadOf: WAYS.webhook },
    );
  }
  sections.push({
    title: 'What the checks of one event cost',
    columns: ['µs per event'],
    lines: [{ way: 'token, signature, reading it', cells: [microseconds] }],
  });
  return { sections, ratios };
}

async function onServer(
  env: Record<string, string>,
  count: number,
  repeats: number,
): Promise<Record<Way, Run[]>> {
  return await withMeasuredN8n({ deliveryRetriesMs: [] }, env, async (n8n, sandbox) => {
    const targets = await publishAll(n8n, sandbox);
    const send = async (way: Way, size: number) =>
      await sendEvents(n8n, targets[way], await sandbox.addVideos(size));
    for (const way of WAY_NAMES) {
      // Alone, since n8n's Remove Duplicates fails where its first events come together.
      await send(way, 1);
      await send(way, 20);
    }
    return await inTurns(WAY_NAMES, repeats, async (way) => await send(way, count));
  });
}

async function publishAll(n8n: MeasuredN8n, sandbox: Sandbox): Promise<Record<Way, Target>> {
  const end = node('End', 'n8n-nodes-base.noOp');
  const known = new Set<string>();
  const listen = async (name: string, options: Record<string, boolean>): Promise<Target> => {
    const start = iTeraBiz(
      'Event',
      { events: ['video.completed', 'video.failed'], registration: 'automatic', options },
      { type: 'n8n-nodes-iterabiz.iTeraBizTrigger', typeVersion: 1.1, webhookId: name },
    );
    const { id: workflowId } = await n8n.publish(name, [start, end]);
    const hook = await newHook(sandbox, known);
    return { url: hook.url, secret: hook.secret, workflowId };
  };
  const confirmed = await listen('confirmed', {});
  const unconfirmed = await listen('unconfirmed', { confirmWithApi: false });
  const secret = randomBytes(16).toString('hex');
  const secretForN8n = await n8n.rest.createCredential('Secret', 'crypto', { hmacSecret: secret });
  const { nodes, connections } = checkedWebhook(sandbox.url, 'checked', secretForN8n);
  const byHand = await n8n.publish('byHand', nodes, connections);
  const webhook = node(
    'Event',
    'n8n-nodes-base.webhook',
    { httpMethod: 'POST', path: 'bench', responseMode: 'onReceived' },
    { typeVersion: 2, webhookId: 'webhook' },
  );
  const { id: workflowId } = await n8n.publish('webhook', [webhook, end]);
  return {
    confirmed,
    unconfirmed,
    byHand: { url: `${n8n.url}/webhook/checked`, secret, workflowId: byHand.id },
    webhook: { url: `${n8n.url}/webhook/bench`, workflowId },
  };
}

/** The webhook that a trigger registers once its workflow is published. */
async function newHook(sandbox: Sandbox, known: Set<string>): Promise<Hook> {
  const look = async () => (await sandbox.hooks()).find(({ id }) => !known.has(id))!;
  const hook = await until('the trigger has registered its webhook', look, {
    seconds: 60,
    every: 500,
  });
  known.add(hook.id);
  return hook;
}

async function sendEvents(
  n8n: MeasuredN8n,
  { url, secret, workflowId }: Target,
  videos: Video[],
): Promise<Run> {
  const sql =
    "select count(*) as count from execution_entity where workflowId = ? and status = 'success'";
  const ended = async () => (await n8n.query<{ count: number }>(sql, workflowId))[0].count;
  const before = await ended();
  const answers: number[] = [];
  const start = performance.now();
  const queue = videos.values();
  const sender = async () => {
    for (const video of queue) {
      const sent = performance.now();
      await deliver(url, video, secret);
      answers.push(performance.now() - sent);
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, sender));
  await until('every event has started a workflow', async () => (await ended()) - before, {
    isSo: (count) => count >= videos.length,
    seconds: 120,
    every: 20,
  });
  return { answers, seconds: (performance.now() - start) / 1_000 };
}

async function deliver(url: string, video: Video, secret?: string): Promise<void> {
  const body = JSON.stringify({
    id: `evt_${randomBytes(8).toString('hex')}`,
    type: 'video.completed',
    created_at: new Date().toISOString(),
    data: video,
  });
  const time = Math.floor(Date.now() / 1_000);
  const headers: Record<string, string> = { 'Content-Type': 'application/json' };
  if (secret) {
    const signature = createHmac('sha256', secret).update(`${time}.${body}`).digest('hex');
    headers['X-Iterabiz-Signature'] = `t=${time},v1=${signature}`;
  }
  const answer = await fetch(url, { method: 'POST', headers, body });
  const text = await answer.text();
  if (answer.status !== 200) throw new Error(`An event was answered ${answer.status}: ${text}`);
}

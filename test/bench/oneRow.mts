/** Executions of one row each on the real n8n, and what people build to wait for its video. */
import type { INode } from 'n8n-workflow';

import { createVideo } from '../shared/createVideo.mts';
import { until } from '../shared/until.mts';
import { byHand, connect, httpRequest, iTeraBiz, node, waitingLoop } from './n8nNodes.mts';
import type { MeasuredN8n } from './server.mts';

/** What n8n takes for a wait that it does not keep in memory, in seconds. */
export const LOOP_PAUSE = 66;

export const WAYS = {
  parked: 'iTeraBiz node',
  held: 'iTeraBiz node, Hold While Waiting',
  loop: `loop of Wait (${LOOP_PAUSE} s), HTTP Request and If`,
  submit: 'iTeraBiz node that only submits',
};
export type Way = keyof typeof WAYS;

/** Started by a webhook; the row is in its nodes. */
export function workflowOf(way: Way, url: string): { nodes: INode[]; connections?: object } {
  const webhook = node(
    'Webhook',
    'n8n-nodes-base.webhook',
    { httpMethod: 'POST', path: 'bench', responseMode: 'onReceived' },
    { typeVersion: 2, webhookId: 'bench' },
  );
  if (way === 'loop') {
    const jsonBody =
      "={{ { avatar_id: 'avatar_james01', script: 'Wait', language: 'en-US', duration: 30 } }}";
    const loop = waitingLoop(httpRequest('Submit', { ...byHand(url), jsonBody }), url, LOOP_PAUSE);
    return {
      nodes: [webhook, ...loop.nodes],
      connections: { ...connect(['Webhook', 'Submit']), ...loop.connections },
    };
  }
  const parameters = {
    ...createVideo,
    script: 'Wait',
    waitForCompletion: way !== 'submit',
    options: { maxWait: 600, ...(way === 'held' && { holdWhileWaiting: true }) },
  };
  return { nodes: [webhook, iTeraBiz('Submit', parameters)] };
}

/** @param atOnce how many are asked for before n8n has answered the first */
export async function startExecutions(
  { url }: MeasuredN8n,
  count: number,
  atOnce = 1,
): Promise<void> {
  const post = async () => {
    // n8n answers 404 until it has taken up a workflow that was just published.
    const once = async () => {
      const { ok, status } = await fetch(`${url}/webhook/bench`, { method: 'POST' });
      if (!ok && status !== 404) throw new Error(`The webhook answered ${status}`);
      return ok;
    };
    await until('the webhook is there', once, { seconds: 60, every: 500 });
  };
  let left = count;
  const poster = async () => {
    while (left-- > 0) await post();
  };
  await Promise.all(Array.from({ length: atOnce }, poster));
}

/** What the tests of the wait share, on one n8n process and on many. */
import { randomUUID } from 'node:crypto';

import { requireAsN8n } from '../../n8n/install.mts';
import type { Execution, Workflow } from '../../n8n/rest.mts';
import type { N8n, WorkflowFile } from '../../n8n/server.mts';
import { createVideo } from '../shared/createVideo.mts';
import { until } from '../shared/until.mts';

/** Video: Create with the script of each row, waiting until it is finished. */
export const createAndWait = {
  ...createVideo,
  waitForCompletion: true,
};

/** What a node gave out on its first output in its last run. */
export function outputOf(execution: Execution, node: string): Record<string, unknown>[] {
  const [items] = execution.data.resultData.runData[node]?.at(-1)?.data?.main ?? [];
  return (items ?? []).map(({ json }) => json);
}

/**
 * Whether the node leaves waits to the n8n that is tested. Asked in the way that the node asks
 * (`run/run.ts`): earlier ones than 2.41 can leave an execution waiting for ever.
 */
export function n8nTakesOverWaits(): boolean {
  return 'WAIT_FOR_SUB_EXECUTION' in (requireAsN8n()('n8n-workflow') as object);
}

/** A test of waits that n8n has taken over. */
export const testWhereN8nWaits = n8nTakesOverWaits() ? test : test.skip;

/** A Webhook node that answers at once. */
export function webhook(path: string) {
  return {
    type: 'n8n-nodes-base.webhook',
    typeVersion: 2,
    webhookId: randomUUID(),
    parameters: { path, httpMethod: 'POST', responseMode: 'onReceived' },
  };
}

/** Lets an example start by a webhook in place of its Start node. */
export function byWebhook(path: string): (workflow: WorkflowFile) => void {
  return ({ nodes }) =>
    Object.assign(
      nodes.find(({ name }) => name === 'Start')!,
      webhook(path),
    );
}

/**
 * Starts a published workflow by its webhook: started in the editor, its waits stay in memory for longer.
 *
 * @returns the ID of the execution, which goes on after this call
 */
export async function startByWebhook(
  n8n: N8n,
  { id: workflowId }: Workflow,
  path: string,
): Promise<string> {
  const before = new Set((await n8n.rest.executions({ workflowId })).map(({ id }) => id));
  const post = async () => (await fetch(`${n8n.url}/webhook/${path}`, { method: 'POST' })).ok;
  await until(`${path} listens`, post);
  const started = await until(`${path} has started`, async () => {
    const executions = await n8n.rest.executions({ workflowId });
    // n8n lists the executions of a wait under the workflow that waits; those have another mode.
    return executions.find(({ id, mode }) => mode === 'webhook' && !before.has(id))?.id;
  });
  return started!;
}

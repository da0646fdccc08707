import type { INodeExecutionData, IRun } from 'n8n-workflow';

import { type Kit, outputOf, run, type WorkflowJson } from '../n8n/embedded.mts';
import { isForAi, type Row } from './campaign.mts';
import { DemoError } from './demoError.mts';
import { type Result, resultsOf } from './results.mts';
import type { Service } from './service.mts';
import { AVATAR, avatarWorkflow, videosWorkflow } from './workflows.mts';

/** What n8n's engine needs to run the demo's workflows. */
export interface Engine {
  kit: Kit;
  service: Service;
  /** Cancels the executions */
  signal: AbortSignal;
}

/**
 * Creates the avatar for all videos of the campaign.
 *
 * @returns its ID
 * @throws {DemoError} with the node's own message if that fails
 */
export async function makeAvatar(engine: Engine): Promise<string> {
  const { imageUrl, voiceId } = engine.service;
  const name = `Demo of ${new Date().toISOString().slice(0, 10)}`;
  const done = await execute(engine, avatarWorkflow, [{ json: { name, imageUrl, voiceId } }]);
  const [refused] = outputOf(done, AVATAR, 1);
  if (refused) throw new DemoError(`There is no avatar, so no videos. ${refused.json.error}`);
  return String(outputOf(done, AVATAR)[0].json.id);
}

/** Makes and downloads the videos of all rows, with two workflows at once: for scripts and for prompts. */
export async function makeVideos(engine: Engine, rows: Row[], avatarId: string): Promise<Result[]> {
  const make = async (by: 'script' | 'prompt', own: Row[]): Promise<Result[]> => {
    if (own.length === 0) return [];
    const items = own.map((row) => ({ json: { ...row, avatarId } }));
    const workflow = videosWorkflow(by, engine.service.pollInterval);
    return resultsOf(await execute(engine, workflow, items), own);
  };
  const results = await Promise.all([
    make(
      'script',
      rows.filter((row) => !isForAi(row)),
    ),
    make('prompt', rows.filter(isForAi)),
  ]);
  return results.flat().sort((a, b) => a.row.number - b.row.number);
}

async function execute(
  { kit, service, signal }: Engine,
  workflow: WorkflowJson,
  items: INodeExecutionData[],
): Promise<IRun> {
  const { apiKey, baseUrl } = service;
  const secrets = { iTeraBizApi: { apiKey, baseUrl } };
  const done = await run(workflow, { kit, secrets, items, signal });
  signal.throwIfAborted();
  if (done.data.resultData.error) throw new DemoError(done.data.resultData.error.message);
  return done;
}

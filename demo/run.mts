import { join } from 'node:path';

import { loadPackage } from '../n8n/embedded.mts';
import type { Row } from './campaign.mts';
import { makeAvatar, makeVideos } from './make.mts';
import type { Options } from './options.mts';
import { report, saveVideos } from './output.mts';
import { withProgress } from './progress.mts';
import type { Service } from './service.mts';
import { count, shortPath } from './text.mts';

/** Makes the videos, saves them, and prints how it goes. */
export async function runCampaign(
  rows: Row[],
  service: Service,
  { real, out }: Options,
  signal: AbortSignal,
): Promise<void> {
  console.log(
    real ? `iTeraBiz at ${real.baseUrl}` : `Sandbox at ${service.baseUrl}: nothing is charged`,
  );
  const kit = await loadPackage(join(import.meta.dirname, '..'));
  const engine = { kit, service, signal };

  const avatarId = await makeAvatar(engine);
  console.log(`Avatar ${avatarId}\n`);
  const work = makeVideos(engine, rows, avatarId);
  const results = await withProgress(service, avatarId, rows.length, work);

  const saved = await saveVideos(results, out);
  console.log(`\n${report(results, saved)}`);
  console.log(`\n${saved.size} of ${count(rows.length, 'video')} in ${shortPath(out)}`);
}

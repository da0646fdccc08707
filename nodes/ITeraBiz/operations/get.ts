import type { Video } from '../api/video';
import type { ApiClient } from '../client/apiClient';
import { checkId } from '../fields/validate';
import { waitsOf } from '../orders/rows';
import { eachItem, itemsOf } from '../run/eachItem';
import { readForItem, Results } from '../run/results';
import type { Job, Perform, Run } from '../run/run';
import { finish } from '../waiting/finish';

/** Outputs single videos, once they are finished if the user wants to wait. */
export const get: Perform = async (run) => {
  const results = new Results(run);
  const jobs = new Map<number, Job>();
  await eachItem(run, itemsOf(run), run.concurrency, async (item) => {
    if (results.isStopped) return void results.skipped.add(item);
    const job = await results.attempt(item, async () => {
      results.throwIfAborted();
      const options = run.options(item);
      const waits = waitsOf(run, item);
      const id = videoIdOfItem(run, item);
      return { video: await readVideo(await run.client(), id, `get video ${id}`), options, waits };
    });
    if (job) jobs.set(item, job);
  });
  return await finish(run, results, jobs);
};

/** The ID that the user picked or entered. @throws {BadInput} if it cannot be one */
export function videoIdOfItem(run: Run, item: number): string {
  return checkId(run.parameter('videoId', item), 'Video');
}

/**
 * Reads one video.
 *
 * @param doing to follow "iTeraBiz could not …", e.g. `get video video_7`
 * @throws {ItemFailed} if it is refused, no answer came, or the answer is not this video
 */
export async function readVideo(client: ApiClient, id: string, doing: string): Promise<Video> {
  return await readForItem(async () => await client.video(id), { doing, id });
}

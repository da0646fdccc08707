import { checkId } from '../fields/validate';
import { waitsOf } from '../orders/rows';
import { attemptEach } from '../run/eachItem';
import { readForItem, Results } from '../run/results';
import type { Job, Perform, Run } from '../run/run';
import { finish } from '../waiting/finish';

/** Outputs single videos, once they are finished if the user wants to wait. */
export const get: Perform = async (run) => {
  const results = new Results(run);
  const jobs = await attemptEach(results, async (item, client): Promise<Job> => {
    const options = run.options(item);
    const waits = waitsOf(run, item);
    const id = videoIdOfItem(run, item);
    const subject = { doing: `get video ${id}`, id };
    const video = await readForItem(async () => await client.video(id), subject);
    return { video, options, waits };
  });
  return await finish(results, jobs);
};

/** The ID that the user picked or entered. @throws {BadInput} if it cannot be one */
export function videoIdOfItem(run: Run, item: number): string {
  return checkId(run.parameter('videoId', item), 'Video');
}

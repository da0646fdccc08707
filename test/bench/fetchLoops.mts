/** The same by hand: what a script without n8n would do. The floor for everything else. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { IDataObject } from 'n8n-workflow';

import type { Finished } from './measure.mts';

interface Api {
  url: string;
  apiKey: string;
}

type Loop = (api: Api, rows: IDataObject[]) => Promise<{ finished: Finished[]; error: string }>;

export interface Loops {
  /** Creates a video per row, five at a time */
  submit: Loop;
  /** Creates a video per row, and asks for each by itself, every two seconds, until it is finished */
  poll: Loop;
  /** Reads the whole list of videos, page by page */
  list: Loop;
}

const CONCURRENCY = 5;
const POLL_INTERVAL_MS = 2_000;

export const loops: Loops = {
  async submit(api, rows) {
    const videos = await inPool(rows, async (row) => await create(api, row));
    return { finished: videos.map(now), error: '' };
  },

  async poll(api, rows) {
    const videos = await inPool(rows, async (row) => await create(api, row));
    const finished = await Promise.all(
      videos.map(async ({ id }) => {
        for (;;) {
          await sleep(POLL_INTERVAL_MS);
          const video = await call(api, 'GET', `/videos/${id}`);
          if (video.status === 'completed') return now(video);
        }
      }),
    );
    return { finished, error: '' };
  },

  async list(api) {
    const videos: IDataObject[] = [];
    let after = '';
    for (let hasMore = true; hasMore;) {
      const page = await call(api, 'GET', `/videos?limit=100${after}`);
      videos.push(...(page.data as IDataObject[]));
      after = `&starting_after=${videos.at(-1)?.id}`;
      hasMore = page.has_more === true;
    }
    return { finished: videos.map(now), error: '' };
  },
};

const now = (json: IDataObject): Finished => ({ at: Date.now(), json });

async function create(api: Api, { script }: IDataObject): Promise<IDataObject> {
  const body = { avatar_id: 'avatar_james01', script, language: 'en-US', duration: 30 };
  return await call(api, 'POST', '/videos', body);
}

async function call(
  { url, apiKey }: Api,
  method: string,
  path: string,
  body?: object,
): Promise<IDataObject> {
  const answer = await fetch(`${url}${path}`, {
    method,
    headers: { Authorization: `Bearer ${apiKey}`, 'Content-Type': 'application/json' },
    body: body && JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  return (await answer.json()) as IDataObject;
}

async function inPool<T>(
  rows: IDataObject[],
  task: (row: IDataObject) => Promise<T>,
): Promise<T[]> {
  const results: T[] = [];
  const queue = rows.entries();
  const worker = async () => {
    for (const [index, row] of queue) results[index] = await task(row);
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, worker));
  return results;
}

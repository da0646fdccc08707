import { setTimeout as sleep } from 'node:timers/promises';
import axios from 'axios';
import { Presets, SingleBar } from 'cli-progress';

import { outcomeOf, type Video } from '../nodes/ITeraBiz/api/video.ts';
import type { Service } from './service.mts';

const PAGE_SIZE = 100;
const MAX_PAGES = 20;

/**
 * Shows the progress of the campaign during `work`, by listing the avatar's videos every second. Nothing
 * depends on it, so failed requests are ignored.
 *
 * @param total number of videos in the campaign
 * @returns the result of `work`
 */
export async function withProgress<T>(
  service: Service,
  avatarId: string,
  total: number,
  work: Promise<T>,
): Promise<T> {
  const display = process.stdout.isTTY ? bar(total) : lines(total);
  const end = new AbortController();
  const watching = watch(service, avatarId, total, display.show, end.signal);
  try {
    return await work;
  } finally {
    end.abort();
    await watching;
    display.stop?.();
  }
}

async function watch(
  service: Service,
  avatarId: string,
  total: number,
  show: Display['show'],
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const videos = await videosOf(service, avatarId, total, signal).catch(() => undefined);
    if (videos && !signal.aborted) show(countsOf(videos));
    await sleep(1_000, undefined, { signal }).catch(() => undefined);
  }
}

/** The avatar's videos. Lists are newest first (assumption), and this avatar is new. */
async function videosOf(
  { baseUrl, apiKey }: Service,
  avatarId: string,
  total: number,
  signal: AbortSignal,
): Promise<Video[]> {
  const found: Video[] = [];
  let after: string | undefined;
  for (let page = 0; page < MAX_PAGES && found.length < total; page++) {
    const { data } = await axios.get<{ data: Video[]; has_more: boolean }>(`${baseUrl}/videos`, {
      params: { limit: PAGE_SIZE, starting_after: after },
      headers: { Authorization: `Bearer ${apiKey}` },
      maxRedirects: 0,
      signal,
    });
    found.push(...data.data.filter(({ avatar_id }) => avatar_id === avatarId));
    if (!data.has_more) break;
    after = String(data.data.at(-1)?.id);
  }
  return found;
}

export interface Counts {
  completed: number;
  failed: number;
  running: number;
}

export function countsOf(videos: Video[]): Counts {
  const counts = { completed: 0, failed: 0, running: 0 };
  for (const video of videos) counts[outcomeOf(video)] += 1;
  return counts;
}

interface Display {
  show(counts: Counts): void;
  stop?(): void;
}

function bar(total: number): Display {
  const format = '  {bar} {value}/{total}  {words}';
  const single = new SingleBar({ format, hideCursor: true }, Presets.shades_classic);
  single.start(total, 0, { words: 'submitting' });
  return {
    show: (counts) => single.update(counts.completed + counts.failed, { words: wordsOf(counts) }),
    stop: () => single.stop(),
  };
}

/** For a log, which cannot be redrawn: one line per change. */
function lines(total: number): Display {
  let last = '';
  return {
    show(counts) {
      const line = `  ${counts.completed + counts.failed} of ${total}: ${wordsOf(counts)}`;
      if (line !== last) console.log(line);
      last = line;
    },
  };
}

function wordsOf({ completed, failed, running }: Counts): string {
  return `${completed} finished, ${failed} failed, ${running} rendering`;
}

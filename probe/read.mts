import { downloadUrlOf, outcomeOf, statusOf, idOf } from '../nodes/ITeraBiz/api/video.ts';
import { pageQuery } from '../nodes/ITeraBiz/api/page.ts';
import type { Asker, Exchange } from './asker.mts';
import {
  answerIn,
  entriesIn,
  type Evidence,
  type FileEvidence,
  isSuccess,
  listedIn,
  objectIn,
} from './evidence.mts';

/** How many videos are read by ID, at most: one for each status word. */
const MAX_BY_ID = 5;

/** More hops than this are a redirect loop. */
const MAX_HOPS = 5;

/** Observes everything that can be seen without creating or changing anything. */
export async function read(asker: Asker): Promise<Evidence> {
  const avatars = await asker.get('/avatars');
  const wrongKey = await asker.getWithWrongKey('/avatars');
  const unknownVideo = await asker.get('/videos/video_that_is_not_there');
  const malformed = await asker.get('/videos', { limit: 0 });
  const two = await asker.get('/videos', pageQuery(undefined, 2));
  const last = entriesIn(two)[1]?.id;
  const nextTwo =
    last === undefined ? undefined : await asker.get('/videos', pageQuery(String(last), 2));
  const largePage = await asker.get('/videos', pageQuery());
  const smallPage = isSuccess(largePage) ? undefined : await asker.get('/videos');
  const filtered = await asker.get('/videos', { status: 'failed' });
  const lists = { avatars, wrongKey, unknownVideo, malformed, two, nextTwo, largePage, smallPage };

  const evidence: Evidence = {
    exchanges: asker.exchanges,
    ...lists,
    filtered,
    byId: [],
    webhooks: await asker.get('/webhooks'),
  };
  for (const id of oneOfEachStatus(evidence)) {
    evidence.byId.push(await asker.get(`/videos/${encodeURIComponent(id)}`));
  }
  evidence.file = await inspectFile(asker, evidence.byId);
  return evidence;
}

function oneOfEachStatus(evidence: Evidence): string[] {
  const byStatus = new Map<string, string>();
  for (const video of listedIn(evidence)) {
    const id = idOf(video);
    if (id !== undefined && !byStatus.has(statusOf(video))) byStatus.set(statusOf(video), id);
  }
  return [...byStatus.values()].slice(0, MAX_BY_ID);
}

/** Inspects the file of the first completed video among these, without downloading it. */
export async function inspectFile(
  asker: Asker,
  videos: Exchange[],
): Promise<FileEvidence | undefined> {
  const finished = videos.flatMap((exchange) => {
    const video = objectIn(exchange);
    return video && outcomeOf(video) === 'completed' ? [video] : [];
  });
  const link = finished.map(downloadUrlOf).find((url) => url && URL.canParse(url));
  if (link === undefined) return undefined;

  let address = link;
  const hops = [await asker.head(address)];
  for (let to = nextIn(hops); to !== undefined && hops.length < MAX_HOPS; to = nextIn(hops)) {
    address = new URL(to, address).href;
    hops.push(await asker.head(address));
  }
  const range = await asker.head(address, { Range: 'bytes=0-9' });
  const altered = link.includes('?') ? await asker.head(withOtherEnd(link)) : undefined;
  return { hops, range, altered };
}

function nextIn(hops: Exchange[]): string | undefined {
  const to = answerIn(hops.at(-1))?.headers.location;
  return typeof to === 'string' ? to : undefined;
}

function withOtherEnd(link: string): string {
  return link.slice(0, -1) + (link.endsWith('0') ? '1' : '0');
}

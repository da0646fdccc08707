import type { IHttpRequestOptions, IPollFunctions } from 'n8n-workflow';
import { NodeApiError } from 'n8n-workflow';

import { isVideoOf, type Video, videoIdOf } from '../api/video';
import { answerOf, pageFrom } from '../client/ask';
import { describeStrangeAnswer, type Subject } from '../messages/answers';
import { look } from '../account/look';
import { type Page, PAGE_SIZE, pageQuery, pages } from '../api/page';
import { attempt } from '../client/request';
import { TRIES, withRetries } from '../client/retry';
import { signalAfter } from '../client/pause';
import { Slots } from '../client/slots';
import { accountOf } from '../account/account';
import { type Gap, isNewestFirst, knownIn, type Progress, type Sight } from './progress';
import { toNodeError } from '../messages/message';
import { statusClassOf } from '../api/status';
import type { Reader } from '../account/videos';

/** How far back running videos are looked for at the beginning, in pages of the list. */
const MOST_PAGES_AT_FIRST = 100;

/** How far a list that is not sorted as assumed is read in one poll. The next one goes on from there. */
export const MOST_PAGES_UNSORTED = 10;

/** How many videos one poll asks for one by one. The others have their turn in the next polls. */
const MOST_ASKED_SINGLY = 50;

/** A poll asks one thing after the other, when so few requests of its account are under way. */
const MOST_AT_ONCE = 5;

/** Longest wait for one answer, in milliseconds. */
const TIMEOUT = 30_000;

/** What an API may answer to a page that is to follow a video which is no more. */
const REFUSED_CURSOR: (string | null)[] = ['400', '404', '410', '422'];

/** The time of this poll is up. */
class OutOfTime extends Error {}

/**
 * Looks at what is new, and how the pending videos are doing, for as long as there is time.
 *
 * The list is read from its top down to the page that has something known. All that was made since
 * is above it, however long ago the last look was. Where the time is up before, a gap remains, which
 * the next look reads first. A list that is not sorted as assumed is read to its end, over several
 * looks if it is long.
 *
 * @param deadline when to end, in milliseconds since 1970
 * @throws {NodeApiError} when the API refuses, or nothing could be read in time; nothing is lost by
 *   that, since nothing is kept
 */
export async function sightSince(
  context: IPollFunctions,
  progress: Progress,
  deadline: number,
): Promise<Sight> {
  const reader = readerFor(context, deadline);
  let { gap } = progress;
  let below: Video[] = [];
  let listed: Video[] = [];
  let isSorted = true;
  if (gap) {
    const part = await readGap(context, reader, gap);
    ({ videos: below, isSorted } = part);
    gap = part.brokeOffAt === undefined ? undefined : { ...gap, after: part.brokeOffAt };
  }
  // In a list that is not sorted as assumed, what is below is not older: it has to be kept first.
  if (!gap && isSorted) {
    const part = await readDown(context, reader, knownIn(progress));
    listed = part.videos;
    const { recent, horizon } = progress;
    if (part.brokeOffAt !== undefined) gap = { after: part.brokeOffAt, recent, horizon };
  }

  const seen = new Set([...listed, ...below].map(videoIdOf));
  const hidden = new Set(progress.hidden);
  const rest = progress.pending.filter((id) => !seen.has(id));
  const shown = rest.filter((id) => !hidden.has(id));
  const single = rest.filter((id) => hidden.has(id)).slice(0, MOST_ASKED_SINGLY);
  const asked = await lookInTime([...shown, ...single], reader, hidden);
  reader.assertAnswered();
  return { listed, below, asked, hidden, ...(gap && { gap }) };
}

/**
 * All videos, newest first, to find those that are running. Of more than 10,000, or than there is time
 * for, the newest.
 */
export async function firstSight(context: IPollFunctions, deadline: number): Promise<Video[]> {
  const reader = readerFor(context, deadline);
  let read = 0;
  const { videos, brokeOffAt } = await readList(
    context,
    reader,
    () => ++read === MOST_PAGES_AT_FIRST,
  );
  reader.assertAnswered();
  if (brokeOffAt !== undefined) warnOfUnseen(context, videos.length);
  return videos;
}

/** The newest videos: one page. */
export async function newestVideos(context: IPollFunctions, deadline: number): Promise<Video[]> {
  return (await readerFor(context, deadline).page()).data;
}

/** What was read of the list. */
interface Part {
  videos: Video[];
  /** ID of the last of them, where there may be more */
  brokeOffAt?: string;
}

/** A cursor that the API no longer takes, as of a deleted video, is no end: the part above is read again. */
async function readGap(
  context: IPollFunctions,
  reader: PollReader,
  gap: Gap,
): Promise<Part & { isSorted: boolean }> {
  const isKnown = knownIn({ ...gap, pending: [] });
  return await readDown(context, reader, isKnown, gap.after).catch(async (error: unknown) => {
    if (!(error instanceof NodeApiError) || !REFUSED_CURSOR.includes(error.httpCode)) throw error;
    return await readDown(context, reader, isKnown);
  });
}

/** Down to the page that has something known. */
async function readDown(
  context: IPollFunctions,
  reader: PollReader,
  isKnown: (video: Video) => boolean,
  after?: string,
): Promise<Part & { isSorted: boolean }> {
  let pagesRead = 0;
  let isSorted = true;
  let isDone = false;
  const part = await readList(
    context,
    reader,
    (page) => {
      pagesRead++;
      isSorted &&= page.length === 0 || isNewestFirst(page);
      isDone = isSorted && page.some(isKnown);
      return isDone || (!isSorted && pagesRead >= MOST_PAGES_UNSORTED);
    },
    after,
  );
  if (isDone) return { videos: part.videos, isSorted };
  if (!isSorted && part.brokeOffAt !== undefined) warnOfOrder(context);
  return { ...part, isSorted };
}

/** @param isEnough whether the list is left after this page */
async function readList(
  context: IPollFunctions,
  reader: PollReader,
  isEnough: (page: Video[]) => boolean,
  after?: string,
): Promise<Part> {
  const videos: Video[] = [];
  let last = after;
  const read = async (): Promise<Part> => {
    for await (const { newItems, cursorStalled } of pages(
      async (from) => await reader.page(from ?? after),
    )) {
      videos.push(...newItems);
      last = videoIdOf(newItems[newItems.length - 1]) ?? last;
      // Going on with the newest videos is better than never starting a run again.
      if (cursorStalled) warnOfUnseen(context, videos.length);
      if (isEnough(newItems)) return { videos, brokeOffAt: last };
    }
    return { videos };
  };
  return await read().catch((error: unknown) => {
    if (error instanceof OutOfTime) return { videos, brokeOffAt: last };
    throw error;
  });
}

/** What was seen of some videos before the time was up. */
async function lookInTime(
  ids: string[],
  reader: PollReader,
  hidden: Set<string>,
): Promise<Map<string, Video | undefined>> {
  const wanted = new Set(ids);
  const seen = new Map<string, Video | undefined>();
  const noting: Reader = {
    page: async (after) => {
      const page = await reader.page(after);
      for (const video of page.data) {
        const id = videoIdOf(video);
        if (id !== undefined && wanted.has(id)) seen.set(id, video);
      }
      return page;
    },
    byId: async (id) => {
      const video = await reader.byId(id);
      seen.set(id, video);
      return video;
    },
  };
  await look(ids, noting, hidden).catch((error: unknown) => {
    if (!(error instanceof OutOfTime)) throw error;
  });
  return seen;
}

function warnOfUnseen(context: IPollFunctions, seen: number): void {
  context.logger.warn(
    `iTeraBiz Polling Trigger: only the newest ${seen} videos could be listed; older ones that are still running may not start the workflow`,
    { workflowId: context.getWorkflow().id, node: context.getNode().name },
  );
}

function warnOfOrder(context: IPollFunctions): void {
  context.logger.warn(
    `iTeraBiz Polling Trigger: the list of videos does not begin with the newest, so that all of it has to be read. One poll reads ${MOST_PAGES_UNSORTED * PAGE_SIZE} videos, and the next one goes on from there: the workflow may start later than usual`,
    { workflowId: context.getWorkflow().id, node: context.getNode().name },
  );
}

interface PollReader extends Reader {
  /** @throws why nothing was answered, where that was so until the time was up */
  assertAnswered(): void;
}

/** Reads patiently while there is time, and each page once. Its reads throw {@link OutOfTime}. */
function readerFor(context: IPollFunctions, deadline: number): PollReader {
  const left = () => deadline - Date.now();
  const timeUp = signalAfter(left());
  const slots = new Slots(MOST_AT_ONCE, timeUp, async () => (await accountOf(context)).requests);
  const node = context.getNode();
  let answers = 0;
  let silence: () => unknown = () => undefined;

  const read = async (options: IHttpRequestOptions, subject: Subject, expected: number[] = []) => {
    if (left() <= 0) throw new OutOfTime();
    const ask = async () =>
      await slots.run(async () => {
        const timeout = Math.max(1, Math.min(TIMEOUT, left()));
        return await attempt(context, { ...options, method: 'GET', timeout });
      });
    const asked = withRetries(ask, 'GET', slots, deadline).catch((error: unknown) => {
      throw timeUp.aborted ? new OutOfTime() : error;
    });
    const { outcome, verdict, tries, seconds } = await asked;
    const answer = () => answerOf(outcome, node, { ...subject, tries, seconds }, expected);
    if (verdict === 'retry' && tries < TRIES) {
      silence = answer;
      throw new OutOfTime();
    }
    answers++;
    return answer();
  };

  const fetched = new Map<string | undefined, Page>();
  const fetchPage = async (after?: string): Promise<Page> => {
    const subject = { doing: 'list the videos' };
    const answer = await read({ url: '/videos', qs: pageQuery(after) }, subject);
    return pageFrom(answer, node, subject);
  };
  return {
    assertAnswered() {
      if (answers === 0) silence();
    },
    page: async (after) => {
      const page = fetched.get(after) ?? (await fetchPage(after));
      fetched.set(after, page);
      return page;
    },
    byId: async (id) => {
      const subject = { doing: 'read the video', id };
      const answer = await read({ url: `/videos/${encodeURIComponent(id)}` }, subject, [404]);
      if (statusClassOf(answer) === 'notFound') return undefined;
      if (isVideoOf(id, answer.body)) return answer.body;
      throw toNodeError(node, describeStrangeAnswer(answer, subject));
    },
  };
}

import type { IHttpRequestOptions, IPollFunctions } from 'n8n-workflow';

import { isVideoOf, type Video, videoIdOf } from '../api/video';
import { answerOf, pageFrom } from '../client/ask';
import { describeStrangeAnswer, type Subject } from '../messages/answers';
import { look } from '../account/look';
import { type Page, pageQuery, pages } from '../api/page';
import { attempt } from '../client/request';
import { withRetries } from '../client/retry';
import { Slots } from '../client/slots';
import { isNewestFirst, knownIn, type Progress, type Sight } from './progress';
import { toNodeError } from '../messages/message';
import type { Reader } from '../account/videos';

/** How far back running videos are looked for at the beginning, in pages of the list. */
const MOST_PAGES_AT_FIRST = 100;

/** How many videos one poll asks for one by one. The others have their turn in the next polls. */
const MOST_ASKED_SINGLY = 50;

/** Longest wait for one answer, in milliseconds. */
const TIMEOUT = 30_000;

/**
 * Looks at what is new, and how the pending videos are doing.
 *
 * The list is read from its top down to the page that has something known. All that was made since
 * is above it, however long ago the last look was. Where the list is not sorted as assumed, it is
 * read to its end.
 *
 * @throws {NodeApiError} when the API refuses; nothing is lost by that, since nothing is kept
 */
export async function sightSince(context: IPollFunctions, progress: Progress): Promise<Sight> {
  const reader = readerFor(context);
  const isKnown = knownIn(progress);
  const listed = await readList(
    context,
    reader,
    (page) => page.some(isKnown) && isNewestFirst(page),
  );

  const seen = new Set(listed.map(videoIdOf));
  const hidden = new Set(progress.hidden);
  const rest = progress.pending.filter((id) => !seen.has(id));
  const shown = rest.filter((id) => !hidden.has(id));
  const single = rest.filter((id) => hidden.has(id)).slice(0, MOST_ASKED_SINGLY);
  return { listed, asked: await look([...shown, ...single], reader, hidden), hidden };
}

/** All videos, newest first, to find those that are running. Of more than 10,000, the newest. */
export async function firstSight(context: IPollFunctions): Promise<Video[]> {
  let read = 0;
  const listed = await readList(context, readerFor(context), () => ++read === MOST_PAGES_AT_FIRST);
  if (read === MOST_PAGES_AT_FIRST) warnOfUnseen(context, listed.length);
  return listed;
}

/** The newest videos: one page. */
export async function newestVideos(context: IPollFunctions): Promise<Video[]> {
  return (await readerFor(context).page()).data;
}

async function readList(
  context: IPollFunctions,
  reader: Reader,
  isLast: (page: Video[]) => boolean,
): Promise<Video[]> {
  const listed: Video[] = [];
  for await (const { fresh, isStuck } of pages(reader.page)) {
    listed.push(...fresh);
    // Going on with the newest videos is better than never starting a run again.
    if (isStuck) warnOfUnseen(context, listed.length);
    if (isLast(fresh)) break;
  }
  return listed;
}

function warnOfUnseen(context: IPollFunctions, seen: number): void {
  context.logger.warn(
    `iTeraBiz Polling Trigger: only the newest ${seen} videos could be listed; older ones that are still running may not start the workflow`,
    { workflowId: context.getWorkflow().id, node: context.getNode().name },
  );
}

/** Reads patiently, and each page once. */
function readerFor(context: IPollFunctions): Reader {
  const slots = new Slots(1);
  const node = context.getNode();
  const read = async (options: IHttpRequestOptions, subject: Subject, expected: number[] = []) => {
    const ask = async () => await attempt(context, { ...options, method: 'GET', timeout: TIMEOUT });
    const { outcome, tries, seconds } = await withRetries(ask, 'GET', slots);
    return answerOf(outcome, node, { ...subject, tries, seconds }, expected);
  };

  const fetched = new Map<string | undefined, Promise<Page>>();
  const fetchPage = async (after?: string): Promise<Page> => {
    const subject = { doing: 'list the videos' };
    const answer = await read({ url: '/videos', qs: pageQuery(after) }, subject);
    return pageFrom(answer, node, subject);
  };
  return {
    page: async (after) => {
      const page = fetched.get(after) ?? fetchPage(after);
      fetched.set(after, page);
      return await page;
    },
    byId: async (id) => {
      const subject = { doing: 'read the video', id };
      const answer = await read({ url: `/videos/${encodeURIComponent(id)}` }, subject, [404]);
      if (answer.status === 404) return undefined;
      if (isVideoOf(id, answer.body)) return answer.body;
      throw toNodeError(node, describeStrangeAnswer(answer, subject));
    },
  };
}

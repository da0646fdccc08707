import type { INodeExecutionData, IPollFunctions } from 'n8n-workflow';

import { accountOf } from '../account/account';
import { eventOf, type VideoEvent } from '../api/events';
import { idOf, isPartial, type Video } from '../api/video';
import { refusalOnly, RequestFailed } from '../client/apiClient';
import { now } from '../client/time';
import { chosenEvents, skipReason } from '../fields/events';
import { fetchFirst, fetchNext, isSameAccount, type Poll } from './fetch';
import type { Progress } from './progress';

/** How long a poll may take if n8n sets no limit, in milliseconds. */
const DEFAULT_BUDGET = 5 * 60_000;

/** Longest wait for one answer, in milliseconds. */
const TIMEOUT = 30_000;

/** Shown while no video matches. Its script says that it is a sample. */
const SAMPLE: VideoEvent = {
  event: 'video.completed',
  eventId: 'sample',
  occurredAt: '2025-01-15T10:30:00.000Z',
  video: {
    id: 'sample',
    status: 'completed',
    script:
      'This is a sample, because none of your newest videos matches. Real videos look like this. A sample cannot be downloaded.',
    language: 'en-US',
    duration: 45,
    video_url: 'https://example.com/sample.mp4',
    created_at: '2025-01-15T10:25:00Z',
    completed_at: '2025-01-15T10:30:00Z',
  },
};

/** The same for a trigger of failed videos only. */
const FAILED_SAMPLE: VideoEvent = {
  ...SAMPLE,
  event: 'video.failed',
  video: {
    ...SAMPLE.video,
    status: 'failed',
    video_url: undefined,
    error: { code: 'sample', message: 'This is a sample. Real videos say why they failed.' },
  },
};

/** How many of the newest videos are read by ID for a test event, at most. */
const MAX_TEST_READS = 3;

/** Triggers that are polling now, and those that have logged their one-time warning. */
const busy = new Set<string>();
const warned = new Set<string>();

/**
 * n8n's `poll`: what has completed or failed since the last poll, or `null` if nothing has.
 * Progress is stored only at the end, so a poll that is refused midway loses nothing. If time runs out, the
 * poll outputs what it has and the next one resumes there. n8n behavior: it starts a poll even while a slow
 * one is still running; the new one then does nothing.
 *
 * @throws {NodeApiError} in words for the user
 */
export async function poll(context: IPollFunctions): Promise<INodeExecutionData[][] | null> {
  const isManual = context.getMode() === 'manual';
  const trigger = triggerOf(context);
  if (!isManual && busy.has(trigger)) return null;
  if (!isManual) busy.add(trigger);
  const task = isManual ? testEvents(context) : newEvents(context);
  const events = await task.catch(refusalOnly).finally(() => isManual || busy.delete(trigger));
  if (events instanceof RequestFailed) {
    throw events.toNodeError(context.getNode(), { doing: 'list the videos' });
  }
  return events.length > 0 ? [events.map((event) => ({ json: { ...event } }))] : null;
}

async function newEvents(context: IPollFunctions): Promise<VideoEvent[]> {
  const store = context.getWorkflowStaticData('node') as { progress?: Progress };
  const beginnings = context.getWorkflowStaticData('global') as Record<string, Progress>;
  // n8n behavior: if it stores a poll's progress and its run in one step, it drops the node's progress from
  // the poll at publication. What ended between that poll and the next would count as history. So the first
  // progress is also stored with the whole workflow, until later progress is stored.
  const key = `iTeraBiz Polling Trigger ${context.getNode().id}`;
  const before = store.progress ?? beginnings[key];
  const current = await pollOf(context);
  const isNext = before && (await isSameAccount(current, before));
  const step = isNext ? await fetchNext(current, before) : await fetchFirst(current);
  const events = wanted(context, step.finished);
  const progress = { ...step.progress, account: current.account };
  if (!before) beginnings[key] = progress;
  if (store.progress && beginnings[key]) delete beginnings[key];
  store.progress = progress;
  const warnOf = (ids: string[], why: string) => {
    if (ids.length > 0) current.warn(`${why}: ${ids.join(', ')}`);
  };
  warnOf(step.dropped, 'too many videos are running; these will not start the workflow');
  warnOf(step.gone, 'iTeraBiz can no longer find these videos, so they do not start the workflow');
  return events;
}

/** n8n behavior: it may restart elsewhere a poll that exceeds its budget. Before 2.36 it tells no budget. */
async function pollOf(context: IPollFunctions & { getPollBudgetMs?: () => number }): Promise<Poll> {
  const budget = context.getPollBudgetMs?.() ?? 0;
  const deadline = now() + (budget > 0 ? budget : DEFAULT_BUDGET);
  const settings = { priority: 'poll', deadline, options: { timeout: TIMEOUT } } as const;
  const account = await accountOf(context);
  const trigger = triggerOf(context);
  const client = account.client(context, settings);
  // The next poll asks for a video again. Retries would leave no time for the others.
  const once = client.with({ retry: false });
  return {
    account: account.id,
    client: {
      page: async (url, after) => await client.page(url, after),
      video: async (id) => await once.video(id),
    },
    snapshot: new Map(),
    warn: (text, once = false) => {
      if (once && warned.has(trigger)) return;
      if (once) warned.add(trigger);
      const about = { workflowId: context.getWorkflow().id, node: context.getNode().name };
      context.logger.warn(`iTeraBiz Polling Trigger: ${text}`, about);
    },
  };
}

function triggerOf(context: IPollFunctions): string {
  return `${context.getWorkflow().id} ${context.getNode().id}`;
}

function wanted(context: IPollFunctions, videos: Video[]): VideoEvent[] {
  const events = videos.flatMap((video) => eventOf(video) ?? []);
  return events.filter((event) => skipReason(event, context) === undefined);
}

/** For "Fetch Test Event": the newest listed video that would have started the workflow, or a sample. */
async function testEvents(context: IPollFunctions): Promise<VideoEvent[]> {
  const client = (await accountOf(context)).interactiveClient(context);
  const { data } = await client.page('/videos');
  let reads = 0;
  for (const listed of data) {
    const id = idOf(listed);
    // A real event has what a list may leave out.
    const isRead = id !== undefined && isPartial(listed) && reads++ < MAX_TEST_READS;
    const video = isRead ? await client.video(id).catch(() => listed) : listed;
    const [event] = wanted(context, [video]);
    if (event) return [event];
  }
  return [chosenEvents(context).includes(SAMPLE.event) ? SAMPLE : FAILED_SAMPLE];
}

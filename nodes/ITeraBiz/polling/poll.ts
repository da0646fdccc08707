import type { INodeExecutionData, IPollFunctions } from 'n8n-workflow';

import { eventOf, type VideoEvent } from '../api/events';
import type { Video } from '../api/video';
import { whyUnwanted } from '../fields/chosen';
import { advance, begin, type Progress, type Step } from './progress';
import { firstSight, newestVideos, sightSince } from './sight';

/** What the trigger keeps with its workflow. */
interface Store {
  progress?: Progress;
}

/** How long a poll may take where n8n does not say: five minutes, in milliseconds. */
const USUAL_BUDGET = 5 * 60_000;

/** Triggers that are polling right now. */
const busy = new Set<string>();

/**
 * n8n's `poll`: what has finished or failed since the last time, `null` for nothing.
 *
 * The progress is kept only at the end, so a poll that is refused in the middle loses nothing. One whose
 * time is up gives out what it has, and the next one goes on from there. n8n behaviour: it starts a poll
 * even while a slow one is still on; that one leaves all to the other.
 *
 * @throws {NodeApiError} in words for the user
 */
export async function poll(context: IPollFunctions): Promise<INodeExecutionData[][] | null> {
  if (context.getMode() === 'manual') return [[{ json: { ...(await testEvent(context)) } }]];

  const trigger = `${context.getWorkflow().id} ${context.getNode().id}`;
  if (busy.has(trigger)) return null;
  busy.add(trigger);
  try {
    const events = await newEvents(context);
    return events.length > 0 ? [events.map((event) => ({ json: { ...event } }))] : null;
  } finally {
    busy.delete(trigger);
  }
}

async function newEvents(context: IPollFunctions): Promise<VideoEvent[]> {
  const store = context.getWorkflowStaticData('node') as Store;
  const beginnings = context.getWorkflowStaticData('global') as Record<string, Progress>;
  const own = beginningKey(context);
  const deadline = Date.now() + budgetOf(context);
  const known = store.progress ?? beginnings[own];
  const step = known
    ? advance(known, await sightSince(context, known, deadline))
    : begin(await firstSight(context, deadline));
  if (!known) beginnings[own] = step.progress;
  if (store.progress && beginnings[own]) delete beginnings[own];
  store.progress = step.progress;
  warnOf(step, context);
  return step.finished.flatMap((video) => wanted(context, video) ?? []);
}

/**
 * Where the beginning is kept a second time, with the whole workflow, until a later look's progress has been
 * stored.
 *
 * n8n behaviour: where it stores a look's progress and its run in one step, it drops what the node keeps in
 * the look that it makes as the workflow is published. What finished between that one and the next would
 * be history.
 */
function beginningKey(context: IPollFunctions): string {
  return `iTeraBiz Polling Trigger ${context.getNode().id}`;
}

/**
 * How long this poll may take, in milliseconds. What has not ended by then, n8n may give up and start
 * again elsewhere. n8n before 2.36 does not say.
 */
function budgetOf(context: IPollFunctions & { getPollBudgetMs?: () => number }): number {
  const budget = context.getPollBudgetMs?.() ?? USUAL_BUDGET;
  return budget > 0 ? budget : USUAL_BUDGET;
}

/** The event of a video, if the user asked for such. */
function wanted(context: IPollFunctions, video: Video): VideoEvent | undefined {
  const event = eventOf(video);
  return event && whyUnwanted(event, context) === undefined ? event : undefined;
}

/** For "Fetch Test Event": the newest video that would have started the workflow, or a sample. */
async function testEvent(context: IPollFunctions): Promise<VideoEvent> {
  for (const video of await newestVideos(context, Date.now() + budgetOf(context))) {
    const event = wanted(context, video);
    if (event) return event;
  }
  return SAMPLE;
}

/** Shown while there is no video yet. It says itself that it is none. */
const SAMPLE: VideoEvent = {
  event: 'video.completed',
  eventId: 'sample',
  occurredAt: '2025-01-15T10:30:00.000Z',
  video: {
    id: 'sample',
    status: 'completed',
    script:
      'This is a sample, since no video of your account fits yet. Real videos look like this.',
    language: 'en-US',
    duration: 45,
    video_url: 'https://example.com/sample.mp4',
    created_at: '2025-01-15T10:25:00Z',
    completed_at: '2025-01-15T10:30:00Z',
  },
};

function warnOf({ dropped }: Step, context: IPollFunctions): void {
  if (dropped.length === 0) return;
  context.logger.warn(
    `iTeraBiz Polling Trigger: too many videos are running at once to wait for all, so these will not start the workflow: ${dropped.join(', ')}`,
    { workflowId: context.getWorkflow().id, node: context.getNode().name },
  );
}

import type { IDataObject, INodeExecutionData } from 'n8n-workflow';

import { POLLING, type WaitResult } from '../account/videoPoller';
import { hasEnded, idOf, lacksStatus, outcomeOf, statusOf, type Video } from '../api/video';
import { eitherSignal, now, pause } from '../client/time';
import { rangesOf } from '../messages/items';
import type { Results } from '../run/results';
import type { Job, Run } from '../run/run';
import { handOver, withPatience } from './handOver';
import { describeEnd, type End, type Wait } from './outcome';

/** How long before n8n cancels the execution a wait ends, in milliseconds: the last poll takes time. */
const BEFORE_TIMEOUT = POLLING.lastPoll + 2_000;

/** The same before a tool's caller gives up. */
const BEFORE_GIVING_UP = 3_000;

/** n8n behavior: longer custom data is cut off, in characters. */
const MAX_NOTE_LENGTH = 512;

/** The most notes about orders while an execution waits: n8n keeps ten in all, and the workflow may have its own. */
const MAX_NOTES = 4;

/**
 * Outputs jobs: at once, or, for items that wait, once they are finished.
 *
 * @returns the node's output; empty if n8n took over the wait and delivers it later
 * @throws {NodeApiError} if an item failed and the node stops on errors
 */
export async function finish(
  results: Results,
  jobs: Map<number, Job>,
): Promise<INodeExecutionData[]> {
  const { run } = results;
  if (results.isStopped) return results.collect();
  hintAtOrders(results, jobs);
  let waits: Wait[] = [];
  for (const [item, job] of jobs) {
    const { video } = job;
    const id = idOf(video);
    if (!job.waits) results.outputs.set(item, [{ json: outputOf(run, video) }]);
    else if (id === undefined) results.failures.set(item, NO_ID);
    else {
      results.awaited.set(item, id);
      const wait = waitFor(run, item, id, job);
      if (hasEnded(video)) settle(results, wait, { reason: 'ended', video });
      else waits.push(wait);
    }
  }
  const isHeld = waits.some(({ item }) => jobs.get(item)?.options.holdWhileWaiting);
  if (run.executeWorkflow && !isHeld) {
    waits = await withPatience(run, async (ms) => await waitInMemory(results, waits, ms));
    const isOver = waits.length === 0 || results.isStopped;
    if (!isOver && (await handOver(results, waits))) {
      // If n8n stops an execution that it has put aside, the node does not learn of it.
      noteOrders(run, [...results.accepted.values()], MAX_NOTES);
      return [];
    }
  }
  await waitInMemory(results, waits, Infinity);
  return results.collect();
}

const NO_ID = {
  message: 'iTeraBiz accepted the request, but its answer has no ID to wait for',
  description:
    'Turn off Wait for Completion to get the answer as it is, and look for the video in your iTeraBiz dashboard.',
  reason: 'item',
} as const;

function waitFor(run: Run, item: number, id: string, { video, options }: Job): Wait {
  const { maxWait = 60, pollInterval = 10, failedVideos = 'stop' } = options;
  const chosen = Math.min(run.giveUpAt - BEFORE_GIVING_UP, now() + maxWait * 60_000);
  const latest = now() + (run.timeoutAt ?? Infinity) - Date.now() - BEFORE_TIMEOUT;
  const [deadline, isCutShort] = [Math.min(chosen, latest), latest < chosen];
  const interval = pollInterval * 1_000;
  return { item, id, interval, deadline, last: video, maxWait, failedVideos, isCutShort };
}

/**
 * Waits in memory, together with all other waits of the account.
 *
 * @param patience how long, in milliseconds, even if videos are still being made then
 * @returns the waits that have not ended
 * @throws the signal's reason when the execution is canceled
 */
async function waitInMemory(results: Results, waits: Wait[], patience: number): Promise<Wait[]> {
  const { run } = results;
  if (waits.length === 0 || results.isStopped || patience === 0) return waits;
  const pending = new Set(waits);
  const stop = new AbortController();
  const signal = eitherSignal(stop.signal, run.signal);
  const client = (await run.client()).with({ signal });
  const { poller } = await run.account();
  if (patience < Infinity) {
    // One last poll, so that videos finished by then are not handed over. A slow API does not hold it up.
    const lastPoll = async () => await poller.pollOnce([], client);
    void pause(patience, signal)
      .then(async () => await Promise.race([lastPoll(), pause(POLLING.lastPoll, signal)]))
      .catch(() => {})
      .finally(() => stop.abort());
  }
  try {
    await poller.wait(waits, client, (wait, result) => {
      settle(results, wait, result);
      pending.delete(wait);
      if (results.isStopped) stop.abort();
    });
  } catch (error) {
    run.signal?.throwIfAborted();
    if (!stop.signal.aborted) {
      pending.forEach((wait) => settle(results, wait, error as Error));
      pending.clear();
    }
  } finally {
    stop.abort();
  }
  return [...pending];
}

function settle({ run, outputs, failures }: Results, wait: Wait, end: End): void {
  const { item, id } = wait;
  if (run.isTool && !(end instanceof Error) && end.reason === 'timedOut') {
    return void outputs.set(item, [{ json: outputOf(run, end.video, end.refusal) }]);
  }
  const failure = describeEnd(end, id, wait);
  if (failure) failures.set(item, { reason: 'item', ...failure });
  else outputs.set(item, [{ json: (end as WaitResult).video }]);
}

/** A video as it is. A model is told instead what to do about one that is still being made. */
function outputOf({ isTool }: Run, video: Video, refusal?: Error): IDataObject {
  const id = idOf(video);
  if (!isTool || id === undefined || !isBeingMade(video)) return video;
  const progress = refusal ? ', but iTeraBiz could not be asked about it' : ' and still being made';
  return {
    id,
    status: statusOf(video),
    message: `This video is ordered${progress}. Do not create it again: get video ${id} by its ID in a few minutes.`,
  };
}

/**
 * If the execution is stopped, names its orders in n8n's log and with the execution. n8n behavior: it keeps
 * nothing else of a node that was running at that time.
 * @returns a function to call when the run has ended
 */
export function nameOrdersWhenStopped(results: Results): () => void {
  const { run, accepted } = results;
  let last = '';
  let hadDoubts = false;
  const nameOrders = () => {
    const ids = [...accepted.values()];
    const unknown = results.unknownItems().filter((item) => !accepted.has(item));
    const orders = `Its orders stand: ${ids.join(', ')}. Get Many lists them.`;
    const doubts = `iTeraBiz had not answered these, but may have accepted them: ${rangesOf(unknown)}. Look for them in your iTeraBiz dashboard, or with Get Many.`;
    const text = [ids.length > 0 && orders, unknown.length > 0 && doubts].filter(Boolean).join(' ');
    if (text === '' || text === last) return;
    last = text;
    run.warn(`iTeraBiz: this execution was stopped. ${text}`);
    // First, because n8n keeps only ten notes. The log has everything.
    if (unknown.length > 0) run.note('iTeraBiz_check', rangesOf(unknown));
    else if (hadDoubts) run.note('iTeraBiz_check', 'None');
    hadDoubts ||= unknown.length > 0;
    noteOrders(run, ids);
  };
  run.signal?.addEventListener('abort', nameOrders, { once: true });
  return () => {
    run.signal?.removeEventListener('abort', nameOrders);
    // Orders that were on their way may have been accepted since.
    if (run.signal?.aborted) nameOrders();
  };
}

/** n8n behavior: it saves these notes with an execution that it stops or puts aside. */
function noteOrders(run: Run, ids: string[], most = Infinity): void {
  const notes = notesOf(ids);
  if (notes.length > most) notes[most - 1] = 'Get Many lists the others';
  notes.slice(0, most).forEach((note, n) => {
    run.note(`iTeraBiz_orders${n > 0 ? `_${n + 1}` : ''}`, note);
  });
}

/** IDs, separated by commas, in as many texts as it takes. */
function notesOf(ids: string[]): string[] {
  const notes: string[] = [];
  for (const id of ids) {
    const longer = [...notes.slice(-1), id].join(', ');
    if (notes.length > 0 && longer.length <= MAX_NOTE_LENGTH) notes[notes.length - 1] = longer;
    else notes.push(id);
  }
  return notes;
}

function isBeingMade(job: Video): boolean {
  return !lacksStatus(job) && outcomeOf(job) === 'running';
}

function hintAtOrders({ run, accepted, reused }: Results, jobs: Map<number, Job>): void {
  if (!run.isManual || run.isTool) return;
  // An avatar has no status.
  const ordered = [...jobs].filter(
    ([item, { video }]) => accepted.has(item) && !reused.get(item) && !lacksStatus(video),
  );
  const [it, another] = ordered.length === 1 ? ['it', 'another'] : ['them', 'all of them again'];
  const isOpen = ordered.some(([, { waits, video }]) => !waits && isBeingMade(video));
  const isNewEachTime = ordered.some(([item]) => !reused.has(item));
  const hint = [
    isOpen &&
      `Still being made: to get ${it}, add "Get video" after this step, with Wait for Completion on.`,
    isNewEachTime && `Running this step again orders and charges for ${another}.`,
    isNewEachTime && !isOpen && 'To keep this result while you build, pin it.',
  ];
  const text = hint.filter(Boolean).join(' ');
  if (text) run.hint(text);
}

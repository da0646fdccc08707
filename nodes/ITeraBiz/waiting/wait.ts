import type { IDataObject, IExecutePaginationFunctions, IHttpRequestOptions } from 'n8n-workflow';

import {
  failureReasonOf,
  isObject,
  outcomeOf,
  statusOf,
  type Video,
  videoIdOf,
} from '../api/video';
import { type Door, optionsOf } from '../run/item';
import {
  describeNoAnswer,
  describeRefusal,
  type Message,
  SUPPORT,
  toNodeError,
} from '../messages/answers';
import type { Reader } from '../account/look';
import { pageIn, pageQuery } from '../api/page';
import { type Answer, attempt, NoAnswer } from '../client/request';
import { PATIENCE, retryAfterOf } from '../client/retry';
import type { Slots } from '../client/slots';
import { type Wake, Watch } from '../account/watch';

/** A look that got no videos to see. `isFinal` when no further look would. */
export class RefusedLook extends Error {
  constructor(readonly refusal: Answer | NoAnswer) {
    super('The look was refused');
  }

  get isFinal(): boolean {
    const { refusal } = this;
    return !(refusal instanceof NoAnswer) && [401, 403].includes(refusal.status);
  }
}

/**
 * What a {@link Watch} looks through: single requests in the node's slots, without retries of their
 * own, because the next look is the retry. A pause that the API asks for is kept, within reason: the
 * wait has a deadline, too.
 */
export function readerOf(
  context: IExecutePaginationFunctions,
  prepared: IHttpRequestOptions,
  slots: Slots,
): Reader {
  const ask = async (what: { url: string; qs?: IDataObject }): Promise<Answer> =>
    await slots.run(async () => {
      await slots.untilOpen();
      const options = { ...prepared, ...what, method: 'GET' as const, body: undefined };
      const answer = await attempt(context, options);
      if (answer instanceof NoAnswer) throw new RefusedLook(answer);
      if (answer.status >= 300 && answer.status !== 404) {
        slots.holdBack(Math.min(PATIENCE, retryAfterOf(answer.headers) ?? 0));
        throw new RefusedLook(answer);
      }
      return answer;
    });
  return {
    async byId(id) {
      const answer = await ask({ url: `/videos/${encodeURIComponent(id)}` });
      if (answer.status === 404) return undefined;
      if (!isObject(answer.body)) throw new RefusedLook(answer);
      return answer.body;
    },
    async page(after) {
      const answer = await ask({ url: '/videos', qs: pageQuery(after) });
      const page = pageIn(answer.body);
      if (!page) throw new RefusedLook(answer);
      return page;
    },
  };
}

export function newWatch(reader: Reader, signal?: AbortSignal): Watch {
  return new Watch(reader, (error) => !(error instanceof RefusedLook) || error.isFinal, signal);
}

/**
 * Waits in memory until a job is finished, and says what is to become of its item.
 *
 * @param job what the API answered when it was created or read
 * @returns the finished job; nothing when the wait was handed over or no longer matters
 * @throws {NodeApiError} when the job failed (unless failed videos are to be returned), was not
 *   finished in time, is gone, or can no longer be asked for
 */
export async function waitFor(door: Door, job: Video): Promise<Video | undefined> {
  const { context, item, run } = door;
  const node = context.getNode();
  const id = videoIdOf(job);
  if (id === undefined) throw toNodeError(node, describeNoId(), item);

  const { pollInterval = 10, maxWait = 60, failedVideos } = optionsOf(door);
  let wake: Wake;
  if (outcomeOf(job) !== 'running') {
    wake = { reason: 'finished', video: job };
  } else {
    const wish = {
      id,
      interval: Math.max(2, Number(pollInterval)) * 1_000,
      deadline: Date.now() + Number(maxWait) * 60_000,
      last: job,
    };
    run.waiting.set(item, wish);
    wake = await run.watch.wait(wish).catch((error: unknown) => {
      if (!(error instanceof RefusedLook)) throw error;
      const { message, description } = describeRefusedLook(error);
      throw toNodeError(
        node,
        { message: `The wait for video ${id} ended: ${message}`, description },
        item,
      );
    });
  }
  if (wake.reason === 'released') return undefined;

  const problem = describeEnd(wake, id, Number(maxWait), failedVideos);
  if (problem) throw toNodeError(node, problem, item);
  return wake.video;
}

/** What to tell the user when no further look is allowed. */
export function describeRefusedLook({ refusal }: RefusedLook): Message {
  const subject = { doing: 'look for videos' };
  return refusal instanceof NoAnswer
    ? describeNoAnswer(refusal, subject)
    : describeRefusal(refusal, subject);
}

/**
 * Why a wait did not end with a result, or nothing when it did.
 *
 * @param maxWait in minutes
 * @param failedVideos `output` makes a failed video a result like any other
 */
export function describeEnd(
  { reason, video }: Exclude<Wake, { reason: 'released' }>,
  id: string,
  maxWait: number,
  failedVideos?: 'stop' | 'output',
): Message | undefined {
  if (reason === 'gone') {
    return {
      message: `iTeraBiz no longer knows video ${id} (last status: ${statusOf(video)})`,
      description: `It accepted this video before. Look in your iTeraBiz dashboard whether it was deleted, or ask ${SUPPORT}.`,
    };
  }
  if (reason === 'gaveUp') {
    const minutes = maxWait === 1 ? '1 minute' : `${maxWait} minutes`;
    return {
      message: `Video ${id} was not finished after ${minutes} (last status: ${statusOf(video)})`,
      description:
        'It is not lost: iTeraBiz goes on with it. Get it later by this ID, or raise Max Wait in the options.',
    };
  }
  if (outcomeOf(video) === 'completed' || failedVideos === 'output') return undefined;
  const reasonGiven = failureReasonOf(video);
  return {
    message: `iTeraBiz could not make video ${id}${reasonGiven ? `: ${reasonGiven}` : ` (status: ${statusOf(video)})`}`,
    description: `Correct what the reason names and create the video again, or ask ${SUPPORT}.`,
  };
}

function describeNoId(): Message {
  return {
    message: 'iTeraBiz accepted the request, but its answer has no ID to wait for',
    description:
      'Switch off Wait for Completion to get the answer as it is, and look for the job in your iTeraBiz dashboard.',
  };
}

import type { Wake } from '../account/watch';
import { RefusedLook } from '../account/videos';
import { NetworkError } from '../api/response';
import { failureReasonOf, outcomeOf, statusOf, type Video, videoIdOf } from '../api/video';
import { describeNetworkError, describeRefusal } from '../messages/answers';
import { type Message, SUPPORT, toNodeError } from '../messages/message';
import type { Item } from '../run/item';
import { optionsOf } from '../run/parameters';
import { waitsOf } from './waits';

/**
 * Waits in memory until a job is finished, and says what is to become of its item.
 *
 * @param job what the API answered when it was created or read
 * @returns the finished job; nothing when the wait was handed over or no longer matters
 * @throws {NodeApiError} when the job failed (unless failed videos are to be returned), was not
 *   finished in time, is gone, or can no longer be asked for
 */
export async function waitFor(item: Item, job: Video): Promise<Video | undefined> {
  const { context, index, run } = item;
  const node = context.getNode();
  const id = videoIdOf(job);
  if (id === undefined) throw toNodeError(node, describeNoId(), index);

  const { pollInterval = 10, maxWait = 60, failedVideos } = optionsOf(item);
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
    run.waiting.set(index, wish);
    wake = await waitsOf(item)
      .wait(wish)
      .catch((error: unknown) => {
        if (!(error instanceof RefusedLook)) throw error;
        const { message, description } = describeRefusedLook(error);
        throw toNodeError(
          node,
          { message: `The wait for video ${id} ended: ${message}`, description },
          index,
        );
      });
  }
  if (wake.reason === 'released') return undefined;

  const problem = describeEnd(wake, id, Number(maxWait), failedVideos);
  if (problem) throw toNodeError(node, problem, index);
  return wake.video;
}

/** What to tell the user when no further look is allowed. */
export function describeRefusedLook({ refusal }: RefusedLook): Message {
  const subject = { doing: 'look for videos' };
  return refusal instanceof NetworkError
    ? describeNetworkError(refusal, subject)
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

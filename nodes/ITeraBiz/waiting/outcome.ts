import type { WaitRequest, WaitResult } from '../account/videoPoller';
import { failureReasonOf, outcomeOf, statusOf, type Video } from '../api/video';
import type { Options } from '../fields/validate';
import { type Message, SUPPORT } from '../messages/message';

/** How a wait is to end, by the options of its item. */
export interface WaitOptions {
  /** In minutes */
  maxWait: number;
  /** `output` makes a failed video a result like any other */
  failedVideos: 'stop' | 'output';
  /** Whether the workflow's own Timeout comes before Max Wait */
  isCutShort: boolean;
}

/** A wait of one item. */
export interface Wait {
  item: number;
  options: WaitOptions;
  hold: boolean;
  request: WaitRequest;
}

export function waitOptionsOf({ maxWait = 60, failedVideos = 'stop' }: Options): WaitOptions {
  return { maxWait: Number(maxWait), failedVideos, isCutShort: false };
}

/** Why a wait did not end with a result, or nothing when it did. */
export function describeEnd(
  { reason, video }: WaitResult,
  id: string,
  { maxWait, failedVideos, isCutShort }: WaitOptions,
): Message | undefined {
  if (reason === 'gone') {
    return {
      message: `iTeraBiz no longer knows video ${id} (last status: ${statusOf(video)})`,
      description: `It accepted this video before. Look in your iTeraBiz dashboard whether it was deleted, or ask ${SUPPORT}.`,
    };
  }
  if (reason === 'timedOut') return isCutShort ? cutShort(id, video) : tooLate(id, video, maxWait);
  if (outcomeOf(video) === 'completed' || failedVideos === 'output') return undefined;
  const given = failureReasonOf(video);
  return {
    message: `iTeraBiz could not make video ${id}${given ? `: ${given}` : ` (status: ${statusOf(video)})`}`,
    description: `Fix the cause above and create the video again, or ask ${SUPPORT}.`,
  };
}

function tooLate(id: string, video: Video, maxWait: number): Message {
  const minutes = maxWait === 1 ? '1 minute' : `${maxWait} minutes`;
  return {
    message: `Video ${id} was not finished after ${minutes} (last status: ${statusOf(video)})`,
    description:
      'It is not lost: iTeraBiz goes on with it. Get it later by this ID, or raise Max Wait.',
  };
}

function cutShort(id: string, video: Video): Message {
  return {
    message: `Video ${id} was not finished before this workflow's Timeout (last status: ${statusOf(video)})`,
    description:
      'It is not lost: iTeraBiz goes on with it. Get it later by this ID, or raise Timeout in the settings of the workflow.',
  };
}

import type { WaitRequest, WaitResult } from '../account/videoPoller';
import { failureReasonOf, outcomeOf, statusOf } from '../api/video';
import { RequestFailed } from '../client/apiClient';
import { type Message, SUPPORT } from '../messages/message';

/** The options of an item that say how its wait ends. */
export interface WaitOptions {
  /** In minutes */
  maxWait: number;
  /** `output`: a failed video is a result like any other */
  failedVideos: 'stop' | 'output';
  /** Whether the workflow's Timeout comes before Max Wait */
  isCutShort: boolean;
}

/** The wait of one item. */
export interface Wait {
  item: number;
  options: WaitOptions;
  /** Whether the wait must stay in memory */
  hold: boolean;
  request: WaitRequest;
}

/** Why a wait ended without a result, or nothing if it has one. */
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
  if (reason === 'timedOut') {
    const minutes = maxWait === 1 ? '1 minute' : `${maxWait} minutes`;
    const limit = isCutShort ? 'Timeout in the settings of the workflow' : 'Max Wait';
    return {
      message: `Video ${id} was not finished ${isCutShort ? "before this workflow's Timeout" : `after ${minutes}`} (last status: ${statusOf(video)})`,
      description: `It is not lost: iTeraBiz is still making it. Get it later by this ID, or raise ${limit}.`,
    };
  }
  if (outcomeOf(video) === 'completed' || failedVideos === 'output') return undefined;
  const cause = failureReasonOf(video);
  return {
    message: `iTeraBiz could not make video ${id}${cause ? `: ${cause}` : ` (status: ${statusOf(video)})`}`,
    description: `Fix the cause above and create the video again, or ask ${SUPPORT}.`,
  };
}

/** Why a wait ended if its polls were refused for good, or failed on our side. */
export function describeRefusal(id: string, error: unknown): Message {
  const { message } =
    error instanceof RequestFailed
      ? error.describe({ doing: 'look for videos' })
      : (error as Error);
  return {
    message: `The wait for video ${id} ended: ${message}`,
    description:
      'The video is not affected, so do not order it again: fix this, then get it by its ID.',
  };
}

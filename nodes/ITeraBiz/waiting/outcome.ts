import type { WaitRequest, WaitResult } from '../account/videoPoller';
import { failureReasonOf, outcomeOf, statusOf } from '../api/video';
import { RequestFailed } from '../client/apiClient';
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
  if (reason === 'timedOut') {
    const minutes = maxWait === 1 ? '1 minute' : `${maxWait} minutes`;
    const limit = isCutShort ? 'Timeout in the settings of the workflow' : 'Max Wait';
    return {
      message: `Video ${id} was not finished ${isCutShort ? "before this workflow's Timeout" : `after ${minutes}`} (last status: ${statusOf(video)})`,
      description: `It is not lost: iTeraBiz is still making it. Get it later by this ID, or raise ${limit}.`,
    };
  }
  if (outcomeOf(video) === 'completed' || failedVideos === 'output') return undefined;
  const given = failureReasonOf(video);
  return {
    message: `iTeraBiz could not make video ${id}${given ? `: ${given}` : ` (status: ${statusOf(video)})`}`,
    description: `Fix the cause above and create the video again, or ask ${SUPPORT}.`,
  };
}

/** Why a wait ended whose polls were refused for good, or failed on our side. */
export function describeRefusal(id: string, error: unknown): Message {
  const { message, description = '' } =
    error instanceof RequestFailed
      ? error.describe({ doing: 'look for videos' })
      : { message: (error as Error).message };
  return { message: `The wait for video ${id} ended: ${message}`, description };
}

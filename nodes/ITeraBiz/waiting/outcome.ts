import type { WaitRequest, WaitResult } from '../account/videoPoller';
import { failureReasonOf, outcomeOf, statusOf } from '../api/video';
import { RequestFailed } from '../client/apiClient';
import { counted, SUPPORT } from '../messages/message';
import type { Refusal } from '../run/results';

/** The options of an item that say how its wait ends. */
export interface WaitOptions {
  /** In minutes */
  maxWait: number;
  /** `output`: a failed video is a result like any other */
  failedVideos: 'stop' | 'output';
  /** Whether the workflow's Timeout comes before Max Wait */
  isCutShort: boolean;
}

/** A wait in memory. */
export interface Wait extends WaitRequest, WaitOptions {
  item: number;
}

/** How a wait ended; an error says why iTeraBiz could not be asked. */
export type End = WaitResult | Error;

/** Why a wait ended without a result; `undefined` if it has one. */
export function describeEnd(
  end: End,
  id: string,
  { maxWait, failedVideos, isCutShort }: WaitOptions,
): Refusal | undefined {
  if (end instanceof Error) {
    return describeUnasked(`The wait for video ${id} ended`, end, 'fix this, then get it');
  }
  const { reason, video, refusal } = end;
  const unasked = `iTeraBiz could not be asked about video ${id}`;
  if (refusal) return describeUnasked(unasked, refusal, 'get it later');
  const status = `status: ${statusOf(video)}`;
  if (reason === 'gone') {
    return {
      message: `iTeraBiz can no longer find video ${id} (last ${status})`,
      description: `It accepted this video before. Check in your iTeraBiz dashboard whether it was deleted, or ask ${SUPPORT}.`,
    };
  }
  if (reason === 'timedOut') {
    const [time, limit] = isCutShort
      ? ["before this workflow's Timeout", 'Timeout After in the workflow settings']
      : [`after ${counted(maxWait, 'minute')}`, 'Max Wait'];
    return {
      message: `Video ${id} was not finished ${time} (last ${status})`,
      description: `It is not lost, so do not order it again: get it later by this ID. If videos often take longer, raise ${limit}.`,
    };
  }
  if (outcomeOf(video) === 'completed' || failedVideos === 'output') return undefined;
  const cause = failureReasonOf(video);
  return {
    message: `iTeraBiz could not make video ${id}${cause ? `: ${cause}` : ` (${status})`}`,
    description: cause
      ? `Fix this cause and create the video again, or ask ${SUPPORT}.`
      : `iTeraBiz gave no reason. Create the video again, or ask ${SUPPORT}.`,
  };
}

function describeUnasked(event: string, error: Error, advice: string): Refusal {
  const { message } =
    error instanceof RequestFailed ? error.describe({ doing: 'look for videos' }) : error;
  return {
    message: `${event}: ${message}`,
    description: `The video is not affected, so do not order it again: ${advice} by its ID.`,
    reason: 'account',
  };
}

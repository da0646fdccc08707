import type { INodeExecutionData, IRun } from 'n8n-workflow';

import { outputOf } from '../n8n/embedded.mts';
import type { Row } from './campaign.mts';
import { DOWNLOAD, VIDEOS } from './workflows.mts';

/** The result of one row. */
export interface Result {
  row: Row;
  videoId?: string;
  /** From `created_at` to `completed_at` */
  seconds?: number;
  /** The downloaded file in n8n's storage. Missing if the row failed */
  file?: { id: string; name: string };
  /** Why the row failed */
  reason?: string;
}

/**
 * The result of each row, from a run of the videos workflow. Each output item names its input item.
 *
 * @param rows in the order of the input
 */
export function resultsOf(run: IRun, rows: Row[]): Result[] {
  const results: Result[] = rows.map((row) => ({ row, reason: 'n8n returned nothing for it' }));

  const videos = outputOf(run, VIDEOS);
  for (const item of outputOf(run, VIDEOS, 1)) {
    const { error, details } = item.json as { error: string; details?: { videoId: string } };
    Object.assign(results[sourceOf(item)], { reason: error, videoId: details?.videoId });
  }
  for (const item of outputOf(run, DOWNLOAD, 1)) {
    const video = videos[sourceOf(item)];
    Object.assign(results[sourceOf(video)], about(video), { reason: String(item.json.error) });
  }
  for (const item of outputOf(run, DOWNLOAD)) {
    const video = videos[sourceOf(item)];
    const { id = '', fileName: name = '' } = item.binary?.data ?? {};
    Object.assign(results[sourceOf(video)], about(video), {
      file: { id, name },
      reason: undefined,
    });
  }
  return results;
}

function sourceOf({ pairedItem }: INodeExecutionData): number {
  return (pairedItem as { item: number }).item;
}

function about({ json }: INodeExecutionData): Pick<Result, 'videoId' | 'seconds'> {
  const milliseconds = Date.parse(String(json.completed_at)) - Date.parse(String(json.created_at));
  return {
    videoId: String(json.id),
    seconds: Number.isNaN(milliseconds) ? undefined : Math.round(milliseconds / 1_000),
  };
}

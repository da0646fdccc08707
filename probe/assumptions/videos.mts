import {
  DOWNLOAD_URL_FIELDS,
  downloadUrlOf,
  outcomeOf,
  statusOf,
  type Video,
} from '../../nodes/ITeraBiz/api/video.ts';
import { compare, doubtsAbout } from '../../nodes/ITeraBiz/account/sameOrder.ts';
import type { Contract } from '../contract.mts';
import { completedIn, type Evidence, listedIn, objectIn, readById } from '../evidence.mts';
import {
  type Assumption,
  cannotTell,
  differs,
  distinct,
  type Finding,
  holds,
  judgeFields,
  SPEND,
} from './assumption.mts';

const VIDEO = 'nodes/ITeraBiz/api/video.ts';
const A_VIDEO = 'An account with a video';

/** Fields of a video, by itself and in lists. */
export const videos: Assumption[] = [
  {
    id: 'video-id',
    says: 'A video has its ID in id, as text',
    place: VIDEO,
    covers: ['schemas/Video/id'],
    judge: (evidence, contract) => judgeVideos(evidence, contract, ['id']),
  },
  {
    id: 'status-words',
    says: 'The status of a video is queued, processing, completed or failed',
    place: VIDEO,
    covers: ['schemas/Video/status'],
    judge: judgeStatusWords,
  },
  {
    id: 'made-of',
    says: 'The list says what each video was made of: script or prompt, avatar_id, language, duration',
    place: 'nodes/ITeraBiz/account/sameOrder.ts',
    covers: ['script', 'prompt', 'avatar_id', 'language', 'duration'].map(
      (field) => `schemas/Video/${field}`,
    ),
    judge: judgeMadeOf,
  },
  {
    id: 'created-at',
    says: 'The list says in created_at when each video was made, as 2026-01-31T10:30:00Z',
    place: VIDEO,
    covers: ['schemas/Video/created_at'],
    judge: (evidence, contract) => {
      const listed = listedIn(evidence);
      return listed.length > 0
        ? judgeFields(contract, 'Video', listed, ['created_at'])
        : cannotTell(A_VIDEO);
    },
  },
  {
    id: 'clock',
    says: 'created_at is when a video was accepted, by the clock that the Date header shows',
    place: 'nodes/ITeraBiz/account/listReader.ts',
    covers: ['schemas/Video/created_at', 'headers/Date'],
    judge: judgeClock,
  },
  {
    id: 'link',
    says: 'A finished video has the link to its file in video_url',
    place: VIDEO,
    covers: ['schemas/Video/video_url'],
    judge: judgeLink,
  },
  {
    id: 'failure',
    says: 'A failed video says why in {"error": {"code", "message"}}',
    place: VIDEO,
    covers: ['schemas/Video/error', 'schemas/Video/error/code', 'schemas/Video/error/message'],
    judge: (evidence, contract) => {
      const failed = readById(evidence).filter((video) => outcomeOf(video) === 'failed');
      if (failed.length === 0) return cannotTell('An account with a video that has failed');
      const silent = failed.filter(({ error }) => error === undefined || error === null);
      return silent.length > 0
        ? differs('A failed video has no error')
        : judgeFields(contract, 'Video', failed, ['error']);
    },
  },
  {
    id: 'other-fields',
    says: 'A finished video has thumbnail_url and completed_at',
    place: 'nodes/ITeraBiz/__schema__/v1.0.0/video/get.json',
    covers: ['schemas/Video/thumbnail_url', 'schemas/Video/completed_at'],
    judge: (evidence, contract) => {
      const completed = completedIn(evidence);
      if (completed.length === 0) return cannotTell('An account with a finished video');
      const names = ['thumbnail_url', 'completed_at'];
      const missing = names.filter((name) => completed.some((video) => !(name in video)));
      return missing.length > 0
        ? differs(`${missing.join(' and ')} is missing`)
        : judgeFields(contract, 'Video', completed, names);
    },
  },
];

const allVideos = (evidence: Evidence): Video[] => [...readById(evidence), ...listedIn(evidence)];

function judgeVideos(evidence: Evidence, contract: Contract, fields: string[]): Finding {
  const all = allVideos(evidence);
  return all.length > 0 ? judgeFields(contract, 'Video', all, fields) : cannotTell(A_VIDEO);
}

function judgeStatusWords(evidence: Evidence, contract: Contract): Finding {
  const all = allVideos(evidence);
  if (all.length === 0) return cannotTell(A_VIDEO);
  const isOther = (video: Video) =>
    contract.breaches('Video', video).some(({ field }) => field === 'status');
  const others = distinct(all.filter(isOther).map(statusOf));
  if (others.length === 0) return holds(distinct(all.map(statusOf)).join(', '));
  const readings = others.map((word) => {
    const outcome = outcomeOf({ status: word });
    return `${word} (read as ${outcome === 'running' ? 'still running' : outcome})`;
  });
  return differs(readings.join(', '));
}

/** Whether the list alone shows which order a job was made from. */
function judgeMadeOf(evidence: Evidence, contract: Contract): Finding {
  const listed = listedIn(evidence);
  if (listed.length === 0) return cannotTell(A_VIDEO);
  const hasText = (video: Video) => Boolean(video.script ?? video.prompt);
  const others = listed.filter((video) => !hasText(video)).length;
  if (others > 0) {
    const elsewhere = readById(evidence).some(hasText)
      ? 'A video that is read by its ID has it'
      : 'Nor does a video that is read by its ID';
    return differs(
      `${others} of ${listed.length} have neither script nor prompt, so that Use the Existing One cannot work. ${elsewhere}`,
    );
  }
  const fields = ['script', 'prompt', 'avatar_id', 'language', 'duration'];
  const finding = judgeFields(contract, 'Video', listed, fields);
  if (finding.verdict !== 'holds') return finding;
  return (
    asOrdered(evidence) ??
    holds(
      `In all ${listed.length} entries: Use the Existing One can work${evidence.order ? '' : ', if a finished video states its duration as it was ordered. A run with --spend tells'}`,
    )
  );
}

/** Evidence that the list does not show videos as they were ordered, at first or once finished. */
function asOrdered(evidence: Evidence): Finding | undefined {
  const { order } = evidence;
  const instead = 'so that Use the Existing One orders nothing and says why';
  for (const listed of [order?.listed, order?.listedAtEnd]) {
    if (!order || !listed) continue;
    const sent = { url: '/videos', body: order.sent };
    const likeness = compare(sent, listed);
    if (likeness === 'same') continue;
    const why = doubtsAbout(sent, listed)?.join('; ') ?? 'it reads as another order';
    return differs(`Of the video that was ordered, once ${statusOf(listed)}, ${why}, ${instead}`);
  }
  const isReal = ({ duration }: Video) => !Number.isInteger(Number(duration ?? 0));
  const real = listedIn(evidence).filter(isReal);
  return real.length > 0
    ? differs(`${real.length} state their real length, as ${String(real[0].duration)}, ${instead}`)
    : undefined;
}

/** How far `created_at` and `Date` may differ, in milliseconds. */
const TOLERANCE = 60_000;

function judgeClock({ order, largePage, two }: Evidence): Finding {
  const answers = [order?.accepted, largePage, two].filter((exchange) => exchange !== undefined);
  const dates = answers.map((exchange) =>
    'headers' in exchange.outcome ? exchange.outcome.headers.date : undefined,
  );
  if (dates.some((date) => Number.isNaN(Date.parse(String(date))))) {
    return differs('The answers have no Date');
  }
  const createdAt = Date.parse(String(objectIn(order?.accepted)?.created_at));
  if (Number.isNaN(createdAt)) return cannotTell(SPEND);
  const apart = createdAt - Date.parse(String(dates[0]));
  const seen = `The two were ${(Math.abs(apart) / 1_000).toFixed(1)} s apart`;
  return Math.abs(apart) <= TOLERANCE ? holds(seen) : differs(seen);
}

function judgeLink(evidence: Evidence, contract: Contract): Finding {
  const completed = completedIn(evidence);
  if (completed.length === 0) return cannotTell('An account with a finished video');
  if (completed.every(({ video_url }) => typeof video_url === 'string' && video_url)) {
    return judgeFields(contract, 'Video', completed, ['video_url']);
  }
  const other = DOWNLOAD_URL_FIELDS.slice(1).find((field) =>
    completed.every((video) => downloadUrlOf(only(video, field)) !== undefined),
  );
  return differs(
    other
      ? `It is in ${other}, where the node finds it, too`
      : `It is in none of ${DOWNLOAD_URL_FIELDS.join(', ')}. The fields are: ${Object.keys(completed[0]).join(', ')}`,
  );
}

/** The video with this field only. */
function only(video: Video, field: string): Video {
  const [outer] = field.split('.');
  return { [outer]: video[outer] };
}

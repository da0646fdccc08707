import { answerIn, type Evidence, statusIn } from '../evidence.mts';
import { type Assumption, cannotTell, differs, type Finding, holds } from './assumption.mts';

const DOWNLOAD = 'nodes/ITeraBiz/api/file.ts';
const A_FILE = 'An account with a finished video';

/** Files behind the links of finished videos. */
export const filesBehindLinks: Assumption[] = [
  {
    id: 'file',
    says: 'The link leads straight to an MP4 file, and its length is told',
    place: DOWNLOAD,
    covers: ['schemas/Video/video_url'],
    judge: judgeFile,
  },
  {
    id: 'dead-link',
    says: 'A link that is no longer good is answered with 401, 403, 404 or 410',
    place: DOWNLOAD,
    covers: ['schemas/Video/video_url'],
    judge: ({ file }) => {
      if (!file) return cannotTell(A_FILE);
      return cannotTell(
        file.altered
          ? `A link that has expired. One with another last character is answered with ${statusIn(file.altered)}`
          : 'A link that has expired. This one has nothing in it that could',
      );
    },
  },
];

function judgeFile({ file }: Evidence): Finding {
  if (!file) return cannotTell(A_FILE);
  const { hops, range } = file;
  const last = answerIn(hops.at(-1));
  if (last?.status !== 200) return differs(`It is answered with ${last?.status ?? 'nothing'}`);
  const type = String(last.headers['content-type'] ?? 'none').split(';')[0];
  const length = Number(last.headers['content-length'] ?? NaN);
  const seen = [
    `type ${type}`,
    Number.isNaN(length) ? 'no length' : `${length} bytes`,
    statusIn(range) === 206 ? 'parts of it can be asked for' : 'parts of it cannot be asked for',
  ].join(', ');
  if (hops.length > 1) {
    return differs(
      `It sends on ${hops.length === 2 ? 'once' : `${hops.length - 1} times`}, which the node follows: ${seen}`,
    );
  }
  return type === 'video/mp4' && !Number.isNaN(length) ? holds(seen) : differs(seen);
}

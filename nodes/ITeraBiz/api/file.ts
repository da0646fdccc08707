import { errorTextOf } from './errorText';
import { jsonOrText } from './json';

interface VideoFormat {
  /** Without the dot, e.g. `mp4` */
  extension: string;
  mimeType: string;
}

const MP4: VideoFormat = { extension: 'mp4', mimeType: 'video/mp4' };
const MOV: VideoFormat = { extension: 'mov', mimeType: 'video/quicktime' };
const WEBM: VideoFormat = { extension: 'webm', mimeType: 'video/webm' };
const MKV: VideoFormat = { extension: 'mkv', mimeType: 'video/x-matroska' };
const AVI: VideoFormat = { extension: 'avi', mimeType: 'video/x-msvideo' };

/** How many leading bytes show a file's format. */
export const FIRST_BYTES = 64;

/** The format of a video that begins with these bytes, or `undefined` if they match none. */
export function sniffVideo(firstBytes: Buffer): VideoFormat | undefined {
  const text = firstBytes.toString('latin1', 0, FIRST_BYTES);
  const [box, brand] = [text.slice(4, 8), text.slice(8, 12)];
  if (box === 'ftyp') return brand === 'qt  ' ? MOV : MP4;
  if (['moov', 'mdat', 'wide', 'skip', 'free'].includes(box)) return MOV;
  if (text.startsWith('\x1A\x45\xDF\xA3')) return text.includes('webm') ? WEBM : MKV;
  return text.startsWith('RIFF') && brand === 'AVI ' ? AVI : undefined;
}

/** The format that a `Content-Type` names, for a file whose bytes do not show it; MP4 if it names none. */
export function kindByType(contentType: unknown): VideoFormat {
  const type = String(contentType ?? '').toLowerCase();
  return [MOV, WEBM, MKV, AVI].find(({ mimeType }) => type.startsWith(mimeType)) ?? MP4;
}

const TEXT_KINDS: Array<[RegExp, string]> = [
  [/^[[{]/, 'a JSON message'],
  [/^<(\?xml|error)/i, 'an XML message'],
  [/^</, 'a web page'],
  [/^/, 'a text'],
];

/**
 * What the server sent instead of a video, e.g. `a web page ("Sign in")`, or `undefined` if it may be one.
 *
 * @param firstBytes of the file: at least {@link FIRST_BYTES}, or all there are
 */
export function describeNonVideo(firstBytes: Buffer): string | undefined {
  const text = firstBytes.toString('utf8').trim();
  if (text === '') return 'an empty file';
  if (sniffVideo(firstBytes)) return undefined;
  if (/^(\xFF\xD8\xFF|\x89PNG|GIF8)/.test(firstBytes.toString('latin1', 0, 4))) return 'a picture';
  // A web page may be in another encoding. Anything else that is not text may be a video.
  if (!/^<[!?a-z]/i.test(text) && /[^\P{Cc}\s]|\uFFFD/u.test(text.slice(0, 200))) return undefined;
  const [, kind] = TEXT_KINDS.find(([pattern]) => pattern.test(text))!;
  const body = jsonOrText(text);
  const isCutOff = kind === 'a JSON message' && body === text;
  const words = isCutOff ? undefined : errorTextOf(body);
  return words ? `${kind} ("${words.slice(0, 100)}")` : kind;
}

const VIDEO_EXTENSION = /\.(3gp|avi|flv|m4v|mkv|mov|mp4|mpe?g|mts|ogv|ts|webm|wmv)$/i;

/**
 * A file's name: the one the user chose, or else the video's ID. A name without a video extension, e.g.
 * `Newsletter 12.05.2026`, gets the one of the file's format.
 */
export function fileName(chosen: string, id: string, extension: string): string {
  const safe = chosen
    .normalize('NFC')
    .replace(/[/\\:*?"<>|]|\p{Cc}/gu, '_')
    .trim();
  // An expression may leave only the extension.
  const name = /^(\.\w+)?$/.test(safe) ? `${id}${safe}` : safe;
  return VIDEO_EXTENSION.test(name) ? name : `${name}.${extension}`;
}

/**
 * What the response to a download link means. Assumption: it is like those of the usual hosts (S3, Google Cloud
 * Storage, Azure, Cloudflare). The API does not say how links expire, or whether a new file can be fetched at once.
 * - `moved`: the file is at the address in `Location`
 * - `expired`: reading the video again gives a fresh link
 * - `notReadyYet`: try again in a few seconds, with a fresh link. So is a 403: S3 says it of an expired link, and
 *   also of a file that is not there yet
 * - `refused`: trying again is pointless
 */
export type LinkStatus = 'ok' | 'moved' | 'expired' | 'notReadyYet' | 'refused';

/** @param body its beginning, if it is not a file: sometimes only the words show that a link expired */
export function linkStatus(status: number, body = ''): LinkStatus {
  if (status === 200) return 'ok';
  if (status >= 300 && status < 400) return 'moved';
  if ([401, 410].includes(status)) return 'expired';
  if (status === 400 && /expired|invalid ?token/i.test(body)) return 'expired';
  const isEarly = [202, 204, 403, 404, 408, 423, 425, 429].includes(status) || status >= 500;
  return isEarly ? 'notReadyYet' : 'refused';
}

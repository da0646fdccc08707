import { errorTextOf } from './errorText';
import { jsonOrText } from './json';

/** What kind of video a file is. */
interface VideoKind {
  /** Without the dot, as in `mp4` */
  extension: string;
  mimeType: string;
}

const MP4: VideoKind = { extension: 'mp4', mimeType: 'video/mp4' };
const MOV: VideoKind = { extension: 'mov', mimeType: 'video/quicktime' };
const WEBM: VideoKind = { extension: 'webm', mimeType: 'video/webm' };
const MKV: VideoKind = { extension: 'mkv', mimeType: 'video/x-matroska' };
const AVI: VideoKind = { extension: 'avi', mimeType: 'video/x-msvideo' };

/** So many bytes at the beginning of a file tell what it is. */
export const FIRST_BYTES = 64;

/** Pictures and sound in the same container as MP4. */
const NO_VIDEO = /^(avi[fs]|crx|hei|hev|mif1|msf1|M4[AB])/;

/** What kind of video begins with these bytes, or `undefined` where they are none that is known here. */
export function sniffVideo(firstBytes: Buffer): VideoKind | undefined {
  const text = firstBytes.toString('latin1', 0, FIRST_BYTES);
  const [box, brand] = [text.slice(4, 8), text.slice(8, 12)];
  if (box === 'ftyp' && NO_VIDEO.test(brand)) return undefined;
  if (box === 'ftyp') return brand === 'qt  ' ? MOV : MP4;
  if (['moov', 'mdat', 'wide', 'skip', 'free'].includes(box)) return MOV;
  if (text.startsWith('\x1A\x45\xDF\xA3')) return text.includes('webm') ? WEBM : MKV;
  return text.startsWith('RIFF') && brand === 'AVI ' ? AVI : undefined;
}

/** The kind that a `Content-Type` names, for a file whose bytes say nothing; MP4 where it names none. */
export function kindByType(contentType: unknown): VideoKind {
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
 * What came in place of a video, in plain words, as in `a web page ("Sign in")`, or `undefined` where
 * nothing speaks against its being one.
 *
 * @param firstBytes of the file, at least {@link FIRST_BYTES} or all there are
 */
export function describeNonVideo(firstBytes: Buffer): string | undefined {
  const text = firstBytes.toString('utf8').trim();
  if (text === '') return 'an empty file';
  if (sniffVideo(firstBytes)) return undefined;
  if (/^(\xFF\xD8\xFF|\x89PNG|GIF8)/.test(firstBytes.toString('latin1', 0, 4))) return 'a picture';
  // A page may have another encoding; anything else that is no text may be a video.
  if (!/^<[!?a-z]/i.test(text) && /[^\P{Cc}\s]|\uFFFD/u.test(text.slice(0, 200))) return undefined;
  const [, kind] = TEXT_KINDS.find(([beginning]) => beginning.test(text))!;
  const body = jsonOrText(text);
  const isCutOff = kind === 'a JSON message' && body === text;
  const words = isCutOff ? undefined : errorTextOf(body);
  return words ? `${kind} ("${words.slice(0, 100)}")` : kind;
}

/** The endings that people give to videos. */
const VIDEO_ENDING = /\.(3gp|avi|flv|m4v|mkv|mov|mp4|mpe?g|mts|ogv|ts|webm|wmv)$/i;

/**
 * What to call a file: what the user chose, or else the video's ID. Without the ending of a video it
 * gets the one of its kind: `Newsletter 12.05.2026` has none.
 *
 * @param extension as in `mp4`
 */
export function fileName(chosen: string, id: string, extension: string): string {
  const own = chosen.normalize('NFC').replace(/[/\\:*?"<>|]|\p{Cc}/gu, '_');
  const name = own.trim() || id;
  return VIDEO_ENDING.test(name) ? name : `${name}.${extension}`;
}

/**
 * What the answer of a download link means:
 * - `moved`: the file is elsewhere, as `Location` says
 * - `expired`: the video, read anew, has a fresh link
 * - `notReadyYet`: to be tried again in some seconds, with a fresh link
 * - `refused`: for good
 */
export type LinkStatus = 'ok' | 'moved' | 'expired' | 'notReadyYet' | 'refused';

/**
 * Judges the answer of a download link.
 *
 * Assumption: it is that of the usual hosts (S3, Google Cloud Storage, Azure, Cloudflare). The API does
 * not say how links expire, nor whether a new file can be fetched at once.
 *
 * @param body its beginning, where it is no file: an expired link may be told by words alone
 */
export function linkStatus(status: number, body = ''): LinkStatus {
  if (status === 200) return 'ok';
  if (status >= 300 && status < 400) return 'moved';
  if ([401, 403, 410].includes(status)) return 'expired';
  if (status === 400 && /expired|invalid ?token/i.test(body)) return 'expired';
  const isEarly = [202, 204, 404, 408, 423, 425, 429].includes(status) || status >= 500;
  return isEarly ? 'notReadyYet' : 'refused';
}

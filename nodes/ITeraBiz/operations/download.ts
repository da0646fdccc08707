import type { IBinaryData } from 'n8n-workflow';

import { isWebAddress } from '../api/address';
import {
  fileName,
  kindByType,
  type LinkStatus,
  linkStatus,
  sniffVideo,
  describeNonVideo,
} from '../api/file';
import { type ApiResponse, NetworkError, type Outcome } from '../api/response';
import {
  DOWNLOAD_URL_FIELDS,
  downloadUrlOf,
  failureReasonOf,
  lacksLink,
  outcomeOf,
  statusOf,
  type Video,
} from '../api/video';
import { type ApiClient, RequestFailed, TIMEOUT } from '../client/apiClient';
import { discard, firstBytesOf, unlessStalled } from '../client/file';
import { openFile } from '../client/http';
import { eitherSignal, now, pause } from '../client/time';
import { quoted, SUPPORT, withoutPeriod } from '../messages/message';
import { perItem } from '../run/eachItem';
import { ItemFailed, readForItem } from '../run/results';
import type { Perform, Run } from '../run/run';
import { videoIdOfItem } from './get';

/** How long to wait for a file that is not ready yet; pauses between tries double. In milliseconds. */
export const FILE_PATIENCE = { total: 60_000, pause: 1_000, longestPause: 10_000 };

/** The API may redirect to its file storage. More hops than this are a loop. */
const MAX_REDIRECTS = 5;

/** Errors of the local file system, not of the network. */
const LOCAL_FILE_ERRORS = [
  ...['EACCES', 'EDQUOT', 'EFBIG', 'EIO', 'EMFILE', 'ENAMETOOLONG', 'ENOENT', 'ENOSPC', 'EPERM'],
  'EROFS',
];

/** The video whose file an item wants. */
interface Wanted {
  run: Run;
  client: ApiClient;
  id: string;
  /** The file's name, if the user chose one */
  chosenName: string;
  /** Hosts of files whose last request failed in all its tries */
  down: Set<string>;
}

/** One try to fetch a file. */
interface Fetched extends ApiResponse {
  link: LinkStatus;
  file?: IBinaryData;
  /** What the server sent instead of a video, e.g. `a web page` */
  instead?: string;
  /** Set if the host kept failing */
  failure?: ItemFailed;
}

/**
 * Reads each video again and streams its file into n8n's binary data, so memory does not grow with the
 * file. An expired link is renewed once; a link or a file that is not ready yet is waited for.
 */
export const download: Perform = async (run) => {
  // Shared by all items, from the first file that is not ready: otherwise each would take a minute. A file that
  // comes late resets it: the next ones may be late, too.
  let deadline: number | undefined;
  const down = new Set<string>();
  const waitIfInTime = async (wait: number): Promise<boolean> => {
    deadline ??= Math.min(now() + FILE_PATIENCE.total, run.giveUpAt);
    if (now() + wait >= deadline) return false;
    await pause(wait, run.signal);
    return true;
  };
  return await perItem(run, async (item, client) => {
    const chosenName = nameFrom(run.options(item).fileName);
    const id = videoIdOfItem(run, item);
    const wanted: Wanted = { run, client, id, chosenName, down };
    const field = nameFrom(run.parameter('binaryPropertyName', item)) || 'data';
    let [isLate, isRenewed] = [false, false];
    for (let wait = FILE_PATIENCE.pause; ; wait = Math.min(2 * wait, FILE_PATIENCE.longestPause)) {
      const video = await readFinished(client, id);
      if (lacksLink(video) && (await waitIfInTime(wait))) {
        isLate = true;
        continue;
      }
      const fetched = await fetchFile(wanted, linkOf(video, id));
      const { link, file } = fetched;
      if (file && isLate) deadline = undefined;
      if (file) return [{ json: video, binary: { [field]: file } }];
      if (link === 'notReadyYet' && (await waitIfInTime(wait))) isLate = true;
      else if (link === 'expired' && !isRenewed) isRenewed = true;
      else throw fetched.failure ?? deadLink(id, fetched);
    }
  });
};

/** A name that the user entered, or ''. An object, as an expression may give, would name everything alike. */
function nameFrom(entered: unknown): string {
  return typeof entered === 'object' ? '' : String(entered ?? '').trim();
}

function failed(message: string, description: string, status?: number): ItemFailed {
  return new ItemFailed({ message, description, status, reason: 'item' });
}

async function readFinished(client: ApiClient, id: string): Promise<Video> {
  const subject = { doing: `find video ${id}`, id };
  const video = await readForItem(async () => await client.video(id), subject);
  const outcome = outcomeOf(video);
  if (outcome === 'completed') return video;
  const status = `(status: ${statusOf(video)})`;
  if (outcome === 'failed') {
    const reason = failureReasonOf(video);
    const quote = reason ? `iTeraBiz says: ${withoutPeriod(reason)}. ` : '';
    throw failed(
      `Video ${id} has no file: it failed ${status}`,
      `${quote}Create the video again, or ask ${SUPPORT} why it failed.`,
    );
  }
  throw failed(
    `Video ${id} is not finished yet ${status}`,
    'It is still being made, so do not create it again: run only this step again in a few minutes. For later videos, turn on Wait for Completion in the node that creates them, or start this workflow with an iTeraBiz trigger.',
  );
}

function linkOf(video: Video, id: string): string {
  const url = downloadUrlOf(video);
  if (url && isWebAddress(url)) return url;
  // Without its query, which may hold a signature.
  const advice = url
    ? `Its link is not a full web address: ${quoted(url.split('?')[0])}. Tell ${SUPPORT}.`
    : `Looked for a link in ${DOWNLOAD_URL_FIELDS.join(', ')}. Run Video: Get to see what there is, and tell ${SUPPORT}.`;
  throw failed(`Video ${id} is finished, but iTeraBiz names no file to download`, advice);
}

/** Fetches a file, with retries. @throws {ItemFailed} if its host is out of reach, and as {@link fetchOnce} */
async function fetchFile(wanted: Wanted, url: string): Promise<Fetched> {
  const { run, client, id, down } = wanted;
  const account = await run.account();
  const { host } = new URL(url);
  // One try for a host that has just failed: otherwise each item would go through all retries again.
  const settings = { ...client.settings, retry: !down.has(host) };
  const files = account.fileClient(host, client.context, settings);
  const attempt = await files.schedule('GET', async () => await fetchOnce(wanted, url));
  const { outcome, decision, tries } = attempt;
  if (decision !== 'retry') {
    down.delete(host);
    return outcome as Fetched;
  }
  down.add(host);
  const subject = {
    doing: `download the file of video ${id}`,
    // The Base URL is right: it has just given this link.
    toCheck: 'where the link of the video leads',
  };
  const cause = ItemFailed.by(new RequestFailed(attempt), subject);
  // A failing file host is not a problem of the whole account.
  const failure = new ItemFailed({ ...cause.failure, reason: 'item' });
  if (outcome instanceof NetworkError || tries === 0) throw failure;
  return { ...(outcome as Fetched), failure };
}

/** @throws {ItemFailed} if n8n cannot store the file */
async function fetchOnce(wanted: Wanted, url: string): Promise<Fetched | NetworkError> {
  const { run, id } = wanted;
  const { timeout = TIMEOUT } = run.requestOptions;
  const stop = new AbortController();
  const signal = eitherSignal(stop.signal, run.signal);
  try {
    const response = await followRedirects(wanted, url, signal);
    if (response instanceof NetworkError) return response;
    const store = async () => await storeVideo(wanted, response);
    return await unlessStalled(response.body, timeout, () => stop.abort(), store);
  } catch (error) {
    run.signal?.throwIfAborted();
    if (stop.signal.aborted) return new NetworkError('ETIMEDOUT', true, 'The file stalled');
    if (error instanceof NetworkError) return error;
    throw failed(
      `The file of video ${id} could not be stored`,
      `n8n says: ${(error as Error).message}. Check that n8n has enough storage, then run only this step again: the video itself is finished.`,
    );
  }
}

/** Requests a link. Follows redirects itself: the API key must not go along. */
async function followRedirects(
  { run, client: { context } }: Wanted,
  link: string,
  abortSignal: AbortSignal,
): Promise<Outcome> {
  // Compression makes no video smaller.
  const headers = { 'Accept-Encoding': 'identity' };
  for (let url = link, hops = 0; ; hops++) {
    const response = await openFile(context, { ...run.requestOptions, url, headers, abortSignal });
    if (response instanceof NetworkError) return response;
    const next = redirectOf(response, url);
    if (!next || hops === MAX_REDIRECTS) return response;
    // Not awaited: the body of a redirect may stall.
    void discard(response.body);
    url = next;
  }
}

function redirectOf({ status, headers }: ApiResponse, from: string): string | undefined {
  const location = String(headers.location ?? '');
  const isRedirect = location && linkStatus(status) === 'moved';
  if (!isRedirect || !URL.canParse(location, from)) return undefined;
  const { protocol, href } = new URL(location, from);
  return ['http:', 'https:'].includes(protocol) ? href : undefined;
}

/** Stores the body if it is a video. @throws {NetworkError} if the connection breaks off */
async function storeVideo({ run, id, chosenName }: Wanted, { status, headers, body }: ApiResponse) {
  const { first, rest } = await firstBytesOf(body);
  const instead = status === 200 ? describeNonVideo(first) : undefined;
  // An expired link may return something else instead of a video.
  const link = instead ? 'expired' : linkStatus(status, first.toString('utf8'));
  const fetched: Fetched = { status, headers, body: undefined, link, instead };
  if (link !== 'ok') {
    (body as { destroy(): void }).destroy();
    return fetched;
  }
  const { extension, mimeType } = sniffVideo(first) ?? kindByType(headers['content-type']);
  const name = fileName(chosenName, id, extension);
  const file = await run.store(rest, name, mimeType).catch((error: Error & { code?: string }) => {
    // n8n behavior: an error without a code comes from n8n's storage, never from the network.
    if (!error.code || LOCAL_FILE_ERRORS.includes(error.code)) throw error;
    throw new NetworkError(error.code, true, error.message);
  });
  return { ...fetched, file };
}

function deadLink(id: string, { status, instead }: Fetched): ItemFailed {
  const problem = instead
    ? `leads to ${instead} instead of a video`
    : `does not work (status ${status})`;
  return failed(
    `The download link of video ${id} ${problem}`,
    `The video itself is finished, so do not create it again: run only this step again later. If it keeps happening, write to ${SUPPORT} and name this video.`,
    status,
  );
}

import type { IBinaryData, IN8nHttpFullResponse } from 'n8n-workflow';

import { type ApiResponse, NetworkError } from '../api/response';
import {
  DOWNLOAD_URL_FIELDS,
  downloadUrlOf,
  failureReasonOf,
  outcomeOf,
  statusOf,
  type Video,
} from '../api/video';
import { type ApiClient, RequestFailed } from '../client/apiClient';
import { baseUrlOf, networkErrorFrom } from '../client/http';
import { type Message, SUPPORT, withoutStop } from '../messages/message';
import { ItemFailed } from '../run/results';
import type { Perform, Run } from '../run/run';
import { readVideo, videoIdOfItem } from './get';
import { perItem } from './perItem';

/** These say that a link is no longer good (assumption: the API does not say how links expire). */
const EXPIRED = [401, 403, 404, 410];

const VIDEO_TYPE = 'video/mp4';

/** The API may send us on to where its files are. More hops than this are a circle. */
const MOST_HOPS = 5;

/** These come from this machine's files, not from the network. */
const OF_THIS_MACHINE = ['EACCES', 'EMFILE', 'ENOENT', 'ENOSPC', 'EPERM', 'EROFS'];

/** The part of a Node.js stream that matters here. */
interface FileStream {
  destroy(): void;
}

/**
 * Reads videos anew, and streams their files into n8n's binary data, so that memory does not grow
 * with the file. A link that has expired is fetched anew once.
 */
export const download: Perform = async (run) =>
  await perItem(run, async (item, client) => {
    run.options(item);
    const id = videoIdOfItem(run, item);
    for (let isSecondLink = false; ; isSecondLink = true) {
      const video = await readFinished(client, id);
      const url = linkOf(video, id);
      const stored: { file?: IBinaryData } = {};
      const { settings, context } = client;
      const files = (await run.account()).fileClient(hostOf(url), context, settings);
      const attempt = await files.schedule(
        'GET',
        async () => await fetchFile({ run, item, client }, url, id, stored),
      );
      if (stored.file) {
        const name = String(run.parameter('binaryPropertyName', item)).trim() || 'data';
        return [{ json: video, binary: { [name]: stored.file } }];
      }
      const status = attempt.outcome instanceof NetworkError ? 0 : attempt.outcome.status;
      if (!EXPIRED.includes(status)) {
        const doing = `download the file of video ${id}`;
        if (attempt.decision !== 'done') throw ItemFailed.by(new RequestFailed(attempt), { doing });
        throw failed(describeEmptyLink(id, status), status);
      }
      if (isSecondLink) throw failed(describeDeadLink(id, status), status);
    }
  });

interface Download {
  run: Run;
  item: number;
  client: ApiClient;
}

function failed(said: Message, status?: number): ItemFailed {
  return new ItemFailed({ ...said, status, reason: 'item' });
}

async function readFinished(client: ApiClient, id: string): Promise<Video> {
  const video = await readVideo(client, id, `find video ${id}`);
  if (outcomeOf(video) === 'completed') return video;
  throw failed(describeUnfinished(video, id));
}

function linkOf(video: Video, id: string): string {
  const url = downloadUrlOf(video);
  if (url && /^https?:\/\//i.test(url)) return url;
  throw failed(describeNoLink(id, url));
}

/** What is no address is found out when it is asked for. */
function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : url;
}

/**
 * Fetches the file once and stores it, at the end of at most so many redirects.
 *
 * @returns the answer without its file, or none where the file did not come whole
 * @throws {NodeApiError} when n8n cannot store it
 */
async function fetchFile(
  download: Download,
  url: string,
  id: string,
  stored: { file?: IBinaryData },
  hopsLeft = MOST_HOPS,
): Promise<ApiResponse | NetworkError> {
  const { run } = download;
  let isOpen = false;
  try {
    const response = await open(download, url);
    isOpen = true;
    const { statusCode: status, headers } = response;
    if (status === 200) {
      const file = await store(download, response, id);
      if (file instanceof NetworkError) return file;
      stored.file = file;
    } else {
      (response.body as unknown as FileStream).destroy();
      if (status >= 300 && status < 400 && typeof headers.location === 'string' && hopsLeft > 0) {
        return await fetchFile(
          download,
          new URL(headers.location, url).href,
          id,
          stored,
          hopsLeft - 1,
        );
      }
    }
    return { status, headers, body: undefined };
  } catch (error) {
    run.signal?.throwIfAborted();
    const failure = networkErrorFrom(error as Error);
    // n8n behaviour: what storing says without a code is its own word, and never the network's.
    const isOfNetwork =
      failure && (failure.code ? !OF_THIS_MACHINE.includes(failure.code) : !isOpen);
    if (isOfNetwork) return failure;
    throw failed(describeNotStored(id, error as Error));
  }
}

/**
 * Asks for a file, and returns with its first bytes.
 *
 * Invariant: the API key goes along only to the API's own address. So where the API sends us
 * elsewhere, we go there by ourselves. n8n behaviour: not every version leaves the key behind.
 */
async function open({ run, client }: Download, url: string): Promise<IN8nHttpFullResponse> {
  const options = {
    ...run.requestOptions,
    method: 'GET' as const,
    // Packed on the way, a file would have another length than the one announced.
    headers: { 'Accept-Encoding': 'identity' },
    url,
    json: false,
    encoding: 'stream' as const,
    returnFullResponse: true,
    ignoreHttpStatusErrors: true,
    abortSignal: run.signal,
  };
  const { context } = client;
  const isOwn = new URL(url).origin === new URL(await baseUrlOf(context)).origin;
  const response: unknown = isOwn
    ? await context.helpers.httpRequestWithAuthentication.call(context, 'iTeraBizApi', {
        ...options,
        disableFollowRedirect: true,
      })
    : await context.helpers.httpRequest(options);
  return response as IN8nHttpFullResponse;
}

/** Streams a file into n8n's binary data. One that breaks off is fetched again like any other read. */
async function store(
  { run, item }: Download,
  { headers, body }: IN8nHttpFullResponse,
  id: string,
): Promise<IBinaryData | NetworkError> {
  const type = typeOf(headers['content-type']);
  const chosen = String(run.parameter('options.fileName', item) ?? '');
  const file = await run.store(body, fileName(chosen, id, type), type);
  const expected = Number(headers['content-length'] ?? Number.NaN);
  return file.bytes === undefined || Number.isNaN(expected) || file.bytes === expected
    ? file
    : new NetworkError('', true, `${file.bytes} of ${expected} bytes`);
}

/** The file's kind; a server that does not say sends a video all the same. */
function typeOf(contentType: unknown): string {
  const type = String(contentType ?? '')
    .split(';')[0]
    .trim();
  return type && type !== 'application/octet-stream' ? type : VIDEO_TYPE;
}

/**
 * What to call the file: what the user chose, or else the video's ID. Without an ending it gets the
 * one of its kind.
 *
 * @param type as in `video/mp4`
 */
export function fileName(chosen: string, id: string, type: string): string {
  const name = chosen.replace(/[/\\:*?"<>|]|\p{Cc}/gu, '_').trim() || id;
  const ending =
    { 'video/quicktime': 'mov', 'video/x-matroska': 'mkv' }[type] ?? type.split('/')[1];
  return /\.[a-z0-9]{2,4}$/i.test(name) ? name : `${name}.${ending}`;
}

function describeUnfinished(video: Video, id: string): Message {
  const status = statusOf(video);
  if (outcomeOf(video) === 'failed') {
    return {
      message: `Video ${id} has no file: it failed (status: ${status})`,
      description: `${failureReasonOf(video) ? `iTeraBiz says: ${withoutStop(String(failureReasonOf(video)))}. ` : ''}Create the video again, or ask ${SUPPORT} why it failed.`,
    };
  }
  return {
    message: `Video ${id} is not finished yet (status: ${status})`,
    description:
      'Switch on Wait for Completion in the node that creates it, or start this workflow with the iTeraBiz Trigger, so that it is downloaded when it is ready.',
  };
}

function describeNoLink(id: string, url?: string): Message {
  return {
    message: `Video ${id} is finished, but iTeraBiz names no file to download`,
    description: url
      ? `Its link is not a web address. Tell ${SUPPORT}.`
      : `Looked for a link in ${DOWNLOAD_URL_FIELDS.join(', ')}. Run Video: Get to see what there is, and tell ${SUPPORT}.`,
  };
}

function describeNotStored(id: string, { message }: Error): Message {
  return {
    message: `The file of video ${id} could not be stored`,
    description: `n8n says: ${message}. Check that n8n has room for files, then run this item again.`,
  };
}

function describeDeadLink(id: string, status: number): Message {
  return {
    message: `The download link of video ${id} does not work (status ${status}), nor does a fresh one`,
    description: `Try again later; if it stays, write to ${SUPPORT} and name this video.`,
  };
}

/** A success without a file, as a 204. */
function describeEmptyLink(id: string, status: number): Message {
  return {
    message: `The download link of video ${id} leads to no file (status ${status})`,
    description: `Try again later; if it stays, write to ${SUPPORT} and name this video.`,
  };
}

import type { IBinaryData, IN8nHttpFullResponse, INodeExecutionData } from 'n8n-workflow';

import { fileName, kindByType } from '../api/file';
import { type ApiResponse, NetworkError } from '../api/response';
import {
  DOWNLOAD_URL_FIELDS,
  downloadUrlOf,
  failureReasonOf,
  outcomeOf,
  statusOf,
  type Video,
} from '../api/video';
import { baseUrlOf, networkErrorFrom } from '../client/request';
import { withRetries } from '../client/retry';
import { type Message, SUPPORT, toNodeError, withoutStop } from '../messages/message';
import { checkOptions } from '../orders/validate';
import type { Item } from '../run/item';
import { optionsOf, textParameter } from '../run/parameters';
import { failureOf } from '../run/read';
import { readVideo, videoIdFrom } from './get';

/** These say that a link is no longer good (assumption: the API does not say how links expire). */
const EXPIRED = [401, 403, 404, 410];

/** The API may send us on to where its files are. More hops than this are a circle. */
const MOST_HOPS = 5;

/** These come from this machine's files, not from the network. */
const OF_THIS_MACHINE = ['EACCES', 'EMFILE', 'ENOENT', 'ENOSPC', 'EPERM', 'EROFS'];

/** The part of a Node.js stream that matters here. */
interface FileStream {
  destroy(): void;
}

/**
 * Reads a video anew, and streams its file into n8n's binary data, so that memory does not grow
 * with the file. A link that has expired is fetched anew once.
 *
 * @returns the video, with its file
 * @throws {NodeApiError} when it is not finished, names no file, or its file does not come whole
 */
export async function download(item: Item): Promise<INodeExecutionData[]> {
  checkOptions(optionsOf(item));
  const id = videoIdFrom(item);
  for (let isSecondLink = false; ; isSecondLink = true) {
    const video = await readFinished(item, id);
    const url = linkOf(item, video, id);
    const stored: { file?: IBinaryData } = {};
    const slots = item.run.filesFrom(hostOf(url));
    const made = await slots.run(
      async () =>
        await withRetries(async () => await fetchFile(item, url, id, stored), 'GET', slots),
    );
    if (stored.file) {
      const name = textParameter(item, 'binaryPropertyName') || 'data';
      return [{ json: video, binary: { [name]: stored.file } }];
    }
    const status = made.outcome instanceof NetworkError ? 0 : made.outcome.status;
    const { context, index } = item;
    if (!EXPIRED.includes(status)) {
      if (made.verdict !== 'done') {
        throw failureOf(item, made, { doing: `download the file of video ${id}` });
      }
      throw toNodeError(context.getNode(), describeEmptyLink(id, status), index, status);
    }
    if (isSecondLink) {
      throw toNodeError(context.getNode(), describeDeadLink(id, status), index, status);
    }
  }
}

async function readFinished(item: Item, id: string): Promise<Video> {
  const video = await readVideo(item, id, `find video ${id}`);
  if (outcomeOf(video) === 'completed') return video;
  throw toNodeError(item.context.getNode(), describeUnfinished(video, id), item.index);
}

function linkOf({ context, index }: Item, video: Video, id: string): string {
  const url = downloadUrlOf(video);
  if (url && /^https?:\/\//i.test(url)) return url;
  throw toNodeError(context.getNode(), describeNoLink(id, url), index);
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
  item: Item,
  url: string,
  id: string,
  stored: { file?: IBinaryData },
  hopsLeft = MOST_HOPS,
): Promise<ApiResponse | NetworkError> {
  const { context, index } = item;
  let isOpen = false;
  try {
    const response = await open(item, url);
    isOpen = true;
    const { statusCode: status, headers } = response;
    if (status === 200) {
      const file = await store(item, response, id);
      if (file instanceof NetworkError) return file;
      stored.file = file;
    } else {
      (response.body as unknown as FileStream).destroy();
      if (status >= 300 && status < 400 && typeof headers.location === 'string' && hopsLeft > 0) {
        return await fetchFile(item, new URL(headers.location, url).href, id, stored, hopsLeft - 1);
      }
    }
    return { status, headers, body: undefined };
  } catch (error) {
    context.getExecutionCancelSignal()?.throwIfAborted();
    const failure = networkErrorFrom(error as Error);
    // n8n behaviour: what storing says without a code is its own word, and never the network's.
    const isOfNetwork =
      failure && (failure.code ? !OF_THIS_MACHINE.includes(failure.code) : !isOpen);
    if (isOfNetwork) return failure;
    throw toNodeError(context.getNode(), describeNotStored(id, error as Error), index);
  }
}

/**
 * Asks for a file, and returns with its first bytes.
 *
 * Invariant: the API key goes along only to the API's own address. So where the API sends us
 * elsewhere, we go there by ourselves. n8n behaviour: not every version leaves the key behind.
 */
async function open({ context, prepared }: Item, url: string): Promise<IN8nHttpFullResponse> {
  const options = {
    ...prepared,
    method: 'GET' as const,
    baseURL: undefined,
    body: undefined,
    qs: undefined,
    // Packed on the way, a file would have another length than the one announced.
    headers: { 'Accept-Encoding': 'identity' },
    url,
    json: false,
    encoding: 'stream' as const,
    returnFullResponse: true,
    ignoreHttpStatusErrors: true,
    abortSignal: context.getExecutionCancelSignal(),
  };
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
  { context }: Item,
  { headers, body }: IN8nHttpFullResponse,
  id: string,
): Promise<IBinaryData | NetworkError> {
  const { extension, mimeType } = kindByType(headers['content-type']);
  const chosen = String(context.getNodeParameter('options.fileName', '') ?? '');
  const name = fileName(chosen, id, extension);
  const file = await context.helpers.prepareBinaryData(body as Buffer, name, mimeType);
  const expected = Number(headers['content-length'] ?? Number.NaN);
  return file.bytes === undefined || Number.isNaN(expected) || file.bytes === expected
    ? file
    : new NetworkError('', true, `${file.bytes} of ${expected} bytes`);
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
    description: `Try again later; if it keeps happening, write to ${SUPPORT} and name this video.`,
  };
}

/** A success without a file, as a 204. */
function describeEmptyLink(id: string, status: number): Message {
  return {
    message: `The download link of video ${id} leads to no file (status ${status})`,
    description: `Try again later; if it keeps happening, write to ${SUPPORT} and name this video.`,
  };
}

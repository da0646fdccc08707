import type { IDataObject, IExecutePaginationFunctions, IHttpRequestOptions } from 'n8n-workflow';

import { type ApiResponse, NetworkError } from '../api/response';
import { type Page, pageIn, pageQuery } from '../api/page';
import { statusClassOf } from '../api/status';
import { isVideoOf, type Video } from '../api/video';
import { attempt } from '../client/request';
import { heed } from '../client/retry';
import type { Slots } from '../client/slots';

/** The two ways in which the API tells of videos. */
export interface Reader {
  /** One video, or `undefined` where the API knows none of this ID. */
  byId(id: string): Promise<Video | undefined>;
  /** A page of all videos, newest first (assumption). */
  page(after?: string): Promise<Page>;
}

/** A look that got no videos to see. `isFinal` when no further look would. */
export class RefusedLook extends Error {
  constructor(readonly refusal: ApiResponse | NetworkError) {
    super('The look was refused');
  }

  get isFinal(): boolean {
    if (this.refusal instanceof NetworkError) return false;
    return ['badKey', 'notAllowed'].includes(statusClassOf(this.refusal));
  }
}

/**
 * What a watch looks through: single requests in these slots, without retries of their own,
 * because the next look is the retry. A pause that the API asks for is kept, within reason: the wait
 * has a deadline, too.
 */
export function readerOf(
  context: IExecutePaginationFunctions,
  prepared: IHttpRequestOptions,
  slots: Slots,
): Reader {
  const ask = async (what: { url: string; qs?: IDataObject }): Promise<ApiResponse> =>
    await slots.run(async () => {
      await slots.untilOpen();
      const options = { ...prepared, ...what, method: 'GET' as const, body: undefined };
      const answer = await attempt(context, options);
      if (answer instanceof NetworkError) throw new RefusedLook(answer);
      if (statusClassOf(answer) !== 'done' && statusClassOf(answer) !== 'notFound') {
        await heed(answer, slots);
        throw new RefusedLook(answer);
      }
      return answer;
    });
  return {
    async byId(id) {
      const answer = await ask({ url: `/videos/${encodeURIComponent(id)}` });
      if (statusClassOf(answer) === 'notFound') return undefined;
      if (!isVideoOf(id, answer.body)) throw new RefusedLook(answer);
      return answer.body;
    },
    async page(after) {
      const answer = await ask({ url: '/videos', qs: pageQuery(after) });
      const page = pageIn(answer.body);
      if (!page) throw new RefusedLook(answer);
      return page;
    },
  };
}

import { isObject } from '../../nodes/ITeraBiz/api/json.ts';
import { createdAt, idOf } from '../../nodes/ITeraBiz/api/video.ts';
import { PAGE_SIZE } from '../../nodes/ITeraBiz/api/page.ts';
import type { Contract } from '../contract.mts';
import {
  answerIn,
  entriesIn,
  type Evidence,
  isSuccess,
  listedIn,
  longestPageIn,
  statusIn,
} from '../evidence.mts';
import {
  type Assumption,
  cannotTell,
  differs,
  type Finding,
  holds,
  judgeFields,
  SPEND,
} from './assumption.mts';

const PAGE = 'nodes/ITeraBiz/api/page.ts';

/** How iTeraBiz lists videos and avatars. */
export const lists: Assumption[] = [
  {
    id: 'list-body',
    says: 'A list of videos is {"data": […], "has_more"}, like the one of avatars',
    place: PAGE,
    covers: ['schemas/VideoList/data', 'schemas/VideoList/has_more'],
    judge: judgeListBody,
  },
  {
    id: 'page-size',
    says: `A page has as many entries as limit asks for, ${PAGE_SIZE} at the most`,
    place: PAGE,
    covers: ['parameters/Limit'],
    judge: judgePageSize,
  },
  {
    id: 'cursor',
    says: 'starting_after, with the last ID of a page, asks for the next one',
    place: PAGE,
    covers: ['parameters/StartingAfter'],
    judge: judgeCursor,
  },
  {
    id: 'order-of-list',
    says: 'Lists begin with the newest',
    place: 'nodes/ITeraBiz/account/listReader.ts',
    covers: ['GET /videos 200'],
    judge: judgeOrder,
  },
  {
    id: 'list-lag',
    says: 'A new video shows in the list within seconds',
    place: 'nodes/ITeraBiz/account/reconciler.ts',
    covers: ['GET /videos 200'],
    judge: (evidence) => {
      const { order } = evidence;
      if (!idOf(answerIn(order?.accepted)?.body)) {
        return cannotTell(SPEND);
      }
      const { listedAfter, watchedFor } = order!;
      if (listedAfter !== undefined) return holds(`It was there after ${inSeconds(listedAfter)}`);
      return judgeOrder(evidence).verdict === 'differs'
        ? cannotTell('A list that begins with the newest: this one was read from its other end')
        : differs(`It was not there after ${inSeconds(watchedFor)}`);
    },
  },
  {
    id: 'avatars',
    says: 'The list of avatars is as iTeraBiz documents it',
    place: 'nodes/ITeraBiz/resources/listSearch.ts',
    covers: [],
    judge: ({ avatars }, contract) =>
      isSuccess(avatars)
        ? judgeFields(contract, 'AvatarList', [answerIn(avatars)?.body], ['', 'data', 'has_more'])
        : cannotTell('A list of avatars: it was refused'),
  },
  {
    id: 'filter',
    says: 'The list of videos takes no filter, so that the node sorts out by itself',
    place: 'nodes/ITeraBiz/operations/getMany.ts',
    covers: [],
    judge: judgeFilter,
  },
];

const inSeconds = (ms: number) => `${(ms / 1_000).toFixed(1)} s`;

function judgeListBody({ two, largePage, smallPage }: Evidence, contract: Contract): Finding {
  const pages = [two, largePage, smallPage].filter(isSuccess).map((page) => answerIn(page)?.body);
  if (pages.length === 0) return cannotTell('A list: each was refused');
  const isEnvelopes = ({ field }: { field: string }) => ['', 'data', 'has_more'].includes(field);
  const breaches = pages.flatMap((body) => contract.breaches('VideoList', body));
  const [breach] = breaches.filter(isEnvelopes);
  if (!breach) return holds(`In all ${pages.length} pages`);
  const fields = isObject(pages[0]) ? Object.keys(pages[0]).join(', ') : 'none: it is a bare list';
  return differs(`${breach.field} ${breach.problem}. The fields are: ${fields}`.trim());
}

function judgePageSize({ two, largePage, smallPage }: Evidence): Finding {
  const asked = entriesIn(two).length;
  if (asked > 2) return differs(`limit=2 was answered with ${asked} entries`);
  if (isSuccess(largePage)) return holds(`limit=2 and limit=${PAGE_SIZE} were answered so`);
  const usual = entriesIn(smallPage).length;
  return differs(
    `limit=${PAGE_SIZE} was refused with ${statusIn(largePage)}; without it a page has ${usual} entries`,
  );
}

function judgeCursor({ two, nextTwo }: Evidence): Finding {
  const before = entriesIn(two).map(idOf);
  if (!nextTwo || !hasMore(two)) return cannotTell('An account with at least three videos');
  if (!isSuccess(nextTwo)) return differs(`It was refused with ${statusIn(nextTwo)}`);
  const after = entriesIn(nextTwo).map(idOf);
  if (after.length === 0) return differs('has_more said that there is more, and nothing followed');
  return after.some((id) => before.includes(id))
    ? differs('The next page brought what the first one had')
    : holds('The next page brought others');
}

function hasMore(page: Evidence['two']): boolean {
  const body = answerIn(page)?.body;
  return isObject(body) && body.has_more === true;
}

function judgeOrder(evidence: Evidence): Finding {
  const times = longestPageIn(evidence).map(createdAt);
  const known = times.filter((time) => !Number.isNaN(time));
  if (new Set(known).size < 2) {
    return cannotTell(
      listedIn(evidence).length < 2
        ? 'An account with at least two videos'
        : 'A list that says when its videos were made',
    );
  }
  const steps = known.slice(1).map((time, index) => time - known[index]);
  if (steps.every((step) => step <= 0)) return holds(`In all ${known.length} entries`);
  return differs(
    steps.every((step) => step >= 0)
      ? 'They begin with the oldest'
      : 'They are not sorted by when they were made',
  );
}

function judgeFilter(evidence: Evidence): Finding {
  const { filtered } = evidence;
  if (!isSuccess(filtered)) return holds(`status=failed was refused with ${statusIn(filtered)}`);
  const statuses = entriesIn(filtered).map(({ status }) => status);
  const all = listedIn(evidence).map(({ status }) => status);
  if (!all.some((status) => status !== 'failed')) return cannotTell('Videos that have not failed');
  return statuses.every((status) => status === 'failed')
    ? differs('status=failed brings those that have failed, and nothing else')
    : holds('status=failed is ignored');
}

import type { IDataObject, IHookFunctions } from 'n8n-workflow';
import { NodeOperationError } from 'n8n-workflow';

import type { EventName } from '../api/events';
import { isObject } from '../api/json';
import { chosenEvents } from '../fields/chosen';
import { describeStrangeAnswer } from '../messages/answers';
import { toNodeError } from '../messages/message';
import { pageIn, pageQuery, pages } from '../api/page';
import { accountOf } from '../account/account';
import { type ApiResponse, NetworkError } from '../api/response';
import { type ApiRequest, RequestFailed } from '../client/apiClient';
import { baseUrlOf } from '../client/http';
import { now } from '../client/time';
import type { Subject } from '../messages/answers';
import { unreachableHost } from './reachability';
import { storeOf } from './store';
import { isGoodToken, newKey, SHORTEST_TOKEN, TOKEN_PARAMETER, tokenOf } from './token';

/** How long one request may take, its turn included, in milliseconds. */
const LONGEST_WAIT = 30_000;

/** Marks the webhooks that this node registers, also for the user who meets one in the dashboard. */
const MARK = ['registered_by', 'n8n'] as const;

/** What an API answers that has no such path or method. */
const NOT_OFFERED = [404, 405];

/** What an API answers that no longer has the webhook. */
const GONE = [404, 410];

/**
 * n8n's `checkExists`: whether iTeraBiz has the webhook that this trigger registered, as it should
 * be now. One that somebody else made is not adopted: its secret is not known here.
 *
 * @throws {NodeApiError} when iTeraBiz cannot tell
 * @throws {NodeOperationError} for a manual webhook without a good secret token
 */
export async function isRegistered(context: IHookFunctions): Promise<boolean> {
  if (isManual(context)) {
    assertGoodToken(context);
    await unregister(context);
    return true;
  }
  const { registration } = storeOf(context);
  if (!registration || !isSameEndpoint(registration.url, endpointOf(context))) return false;
  const hooks = await listHooks(context);
  return hooks.some(
    ({ id, url, events }) =>
      id === registration.hookId &&
      url === registration.url &&
      isSameSet(events, chosenEvents(context)),
  );
}

/**
 * n8n's `create`: registers the workflow's URL, with a new token in it, and removes what earlier
 * attempts for the same URL may have left behind.
 *
 * @throws {NodeOperationError} when iTeraBiz could not reach that URL
 * @throws {NodeApiError} when iTeraBiz does not register it
 */
export async function register(context: IHookFunctions): Promise<boolean> {
  await assertReachable(context);
  const store = storeOf(context);
  const earlier = store.registration?.hookId;
  const { key, latest } = store.tokens ?? { key: newKey(), latest: 0 };
  const time = Math.max(Date.now(), latest + 1);
  const token = tokenOf(key, time);
  const url = urlWith(token, endpointOf(context));
  const events = chosenEvents(context);

  const hook = await createHook(context, url, events);
  store.tokens = { key, latest: time };
  store.registration = { hookId: hook.id, url, token, ...(hook.secret && { secret: hook.secret }) };

  const leftOver = await idsOfOurs(context);
  if (earlier) leftOver.add(earlier);
  leftOver.delete(hook.id);
  for (const id of leftOver) await removeHook(context, id);
  return true;
}

/**
 * n8n's `delete`: removes what this trigger registered. Where nothing is known of a registration, or
 * the one that is known is gone already, another one may be there, whose answer was lost on the way or
 * of which the store was made to forget. So iTeraBiz is asked.
 *
 * Never throws. n8n behaviour: after an error it leaves the rest of its tidying undone.
 *
 * @returns whether nothing of ours is left, as far as iTeraBiz says
 */
export async function unregister(context: IHookFunctions): Promise<boolean> {
  const store = storeOf(context);
  const known = store.registration?.hookId;
  if (!known && isManual(context)) return true;

  const ends: Removal[] = [];
  if (known) ends.push(await removeHook(context, known));
  if (!known || ends[0] === 'was gone') {
    for (const id of await idsOfOurs(context)) ends.push(await removeHook(context, id));
  }
  const isDone = !ends.includes('is left');
  if (isDone) store.registration = undefined;
  return isDone;
}

interface Hook {
  id: string;
  url: string;
  events: string[];
}

/** Assumption: `POST /webhooks` answers with the webhook, with its `id` and perhaps a `secret`. */
async function createHook(
  context: IHookFunctions,
  url: string,
  events: EventName[],
): Promise<{ id: string; secret?: string }> {
  const subject = { doing: 'register this trigger' };
  const options = { method: 'POST', url: '/webhooks', body: { url, events } } as const;
  const answer = await request(context, options, subject, NOT_OFFERED);
  if (NOT_OFFERED.includes(answer.status)) throw cannotRegister(context);
  const { id, secret } = isObject(answer.body) ? answer.body : ({} as IDataObject);
  if (typeof id !== 'string' || !id) {
    throw toNodeError(context.getNode(), describeStrangeAnswer(answer, subject));
  }
  return typeof secret === 'string' && secret ? { id, secret } : { id };
}

/** All webhooks of the account, none where the API has no such list. */
async function listHooks(context: IHookFunctions): Promise<Hook[]> {
  const subject = { doing: 'list the webhooks' };
  const fetch = async (after?: string) => {
    const options = { method: 'GET', url: '/webhooks', qs: pageQuery(after) } as const;
    const answer = await request(context, options, subject, NOT_OFFERED);
    if (NOT_OFFERED.includes(answer.status)) return { data: [], has_more: false };
    const page = pageIn(answer.body);
    if (page) return page;
    throw toNodeError(context.getNode(), describeStrangeAnswer(answer, subject));
  };
  const found: Hook[] = [];
  for await (const { newItems } of pages(fetch)) found.push(...newItems.map(toHook));
  return found;
}

function toHook({ id, url, events }: IDataObject): Hook {
  return {
    id: String(id ?? ''),
    url: String(url ?? ''),
    events: Array.isArray(events) ? events.map(String) : [],
  };
}

/** The webhooks that this node registered for this URL, with whatever token. */
async function idsOfOurs(context: IHookFunctions): Promise<Set<string>> {
  const endpoint = endpointOf(context);
  try {
    const hooks = await listHooks(context);
    const ours = hooks.filter(
      ({ id, url }) => id && isMarked(url) && isSameEndpoint(url, endpoint),
    );
    return new Set(ours.map(({ id }) => id));
  } catch (error) {
    warn(context, 'Could not ask iTeraBiz for webhooks that are left over', error);
    return new Set();
  }
}

type Removal = 'removed' | 'was gone' | 'is left';

async function removeHook(context: IHookFunctions, id: string): Promise<Removal> {
  const options = { method: 'DELETE', url: `/webhooks/${encodeURIComponent(id)}` } as const;
  try {
    const { status } = await request(context, options, { doing: 'remove the webhook', id }, GONE);
    return GONE.includes(status) ? 'was gone' : 'removed';
  } catch (error) {
    warn(context, `Could not remove the webhook ${id} at iTeraBiz`, error);
    return 'is left';
  }
}

function warn(context: IHookFunctions, what: string, error: unknown): void {
  context.logger.warn(`${what}: ${error instanceof Error ? error.message : String(error)}`, {
    workflowId: context.getWorkflow().id,
    node: context.getNode().name,
  });
}

function isManual(context: IHookFunctions): boolean {
  return context.getNodeParameter('registration') === 'manual';
}

/**
 * Where n8n listens for this trigger. n8n behaviour: it names the test URL while the editor listens, else
 * the production URL.
 */
function endpointOf(context: IHookFunctions): string {
  const url = context.getNodeWebhookUrl('default');
  if (url) return url;
  throw new NodeOperationError(
    context.getNode(),
    'n8n gives this trigger no address that iTeraBiz could call',
    {
      description: 'Save the workflow and switch it on again.',
    },
  );
}

function urlWith(token: string, endpoint: string): string {
  const url = new URL(endpoint);
  url.searchParams.set(TOKEN_PARAMETER, token);
  url.searchParams.set(...MARK);
  return url.href;
}

function isMarked(url: string): boolean {
  return URL.canParse(url) && new URL(url).searchParams.get(MARK[0]) === MARK[1];
}

function isSameEndpoint(one: string, other: string): boolean {
  if (!URL.canParse(one) || !URL.canParse(other)) return false;
  const [a, b] = [new URL(one), new URL(other)];
  return a.origin === b.origin && a.pathname === b.pathname;
}

function isSameSet(some: string[], others: string[]): boolean {
  return some.length === others.length && others.every((name) => some.includes(name));
}

/** n8n behaviour: of an activation that fails it shows the message alone, so that says what to do as well. */
async function assertReachable(context: IHookFunctions): Promise<void> {
  const host = unreachableHost(endpointOf(context), await baseUrlOf(context));
  if (host === undefined) return;
  throw new NodeOperationError(
    context.getNode(),
    `iTeraBiz cannot reach this n8n at "${host}", which is an address inside your own network. Use the iTeraBiz Polling Trigger instead, or set WEBHOOK_URL in n8n's settings to the address under which the internet reaches it`,
    {
      description:
        'A webhook is a call from iTeraBiz to your n8n. The iTeraBiz Polling Trigger asks iTeraBiz by itself, so it works behind a router, and gives the same output. Whoever hosts your n8n can set the environment variable WEBHOOK_URL, as in https://n8n.example.com/',
    },
  );
}

function cannotRegister(context: IHookFunctions): NodeOperationError {
  return new NodeOperationError(
    context.getNode(),
    'iTeraBiz does not let this trigger register its address. Set Registration to Manual and paste the address into your iTeraBiz dashboard, or use the iTeraBiz Polling Trigger',
    {
      description:
        'With Registration set to Manual, the notice in the trigger says which address to paste, and how a secret token gets into it. If this is a surprise, check the Base URL of the credential.',
    },
  );
}

function assertGoodToken(context: IHookFunctions): void {
  const token = String(context.getNodeParameter('secretToken', '') ?? '');
  if (isGoodToken(token)) return;
  throw new NodeOperationError(
    context.getNode(),
    `The Secret Token needs at least ${SHORTEST_TOKEN} characters, only letters, digits, "-" and "_". Let a password manager make one, and put it at the end of the address in your iTeraBiz dashboard, after ?token=`,
    {
      description:
        'It keeps everyone but iTeraBiz from starting this workflow, so it has to be long, and known to nobody else.',
    },
  );
}

/**
 * @param expected statuses that are an answer, too
 * @throws {NodeApiError} in words for the user, when it is refused or no answer came
 */
async function request(
  context: IHookFunctions,
  options: ApiRequest,
  subject: Subject,
  expected: number[],
): Promise<ApiResponse> {
  const deadline = now() + LONGEST_WAIT;
  const account = await accountOf(context);
  const client = account.client(context, { priority: 'interactive', retry: false, deadline });
  const attempt = await client.request(options);
  const { outcome, decision } = attempt;
  const isAnswer =
    !(outcome instanceof NetworkError) &&
    (decision === 'done' || expected.includes(outcome.status));
  if (isAnswer) return outcome;
  throw new RequestFailed(attempt).toNodeError(context.getNode(), subject);
}

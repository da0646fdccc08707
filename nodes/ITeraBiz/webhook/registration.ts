import type { IDataObject, IHookFunctions } from 'n8n-workflow';
import { NodeOperationError } from 'n8n-workflow';

import { accountOf } from '../account/account';
import { isLoopback } from '../api/address';
import { readSwitch } from '../api/json';
import { pageIn, pageQuery, pages } from '../api/page';
import type { ApiResponse } from '../api/response';
import { jobIn, statusOf, videoIdOf as idOf } from '../api/video';
import { type ApiRequest, RequestFailed } from '../client/apiClient';
import { baseUrlOf } from '../client/http';
import { now } from '../client/time';
import { chosenEvents } from '../fields/events';
import { describeStrangeAnswer, type Subject } from '../messages/answers';
import { toNodeError } from '../messages/message';
import { isGoodToken, newKey, MIN_TOKEN_LENGTH, TOKEN_PARAMETER, tokenOf } from './authenticity';
import { isManual, manualAccess, storeOf } from './store';

/** Timeout of one request, including its time in the queue, in milliseconds. */
const REQUEST_TIMEOUT = 30_000;

/** Marks the webhooks that this node registers. Users see it in their dashboard. */
const MARK = ['registered_by', 'n8n'] as const;

/**
 * n8n's `checkExists`: whether iTeraBiz has the webhook of this trigger, with its current URL and events.
 *
 * @throws {NodeApiError} if iTeraBiz does not list its webhooks
 * @throws {NodeOperationError} for a manual webhook with an unsafe Secret Token or an empty Signing Secret
 */
export async function isRegistered(context: IHookFunctions): Promise<boolean> {
  if (isManual(context)) {
    checkAccess(context);
    await unregister(context);
    return true;
  }
  const { registration } = storeOf(context);
  if (!registration || !isSameEndpoint(registration.url, await endpointOf(context))) return false;
  const events = String(chosenEvents(context).sort());
  const hooks = await listHooks(context);
  return hooks.some(
    (hook) =>
      idOf(hook) === registration.hookId &&
      hook.url === registration.url &&
      !isOff(hook) &&
      String([hook.events].flat().sort()) === events,
  );
}

/** Whether iTeraBiz says that it no longer calls a webhook, such as after many failures (assumption). */
function isOff(hook: IDataObject): boolean {
  const isDisabled = ['disabled', 'inactive'].includes(statusOf(hook).toLowerCase());
  return isDisabled || [hook.enabled, hook.active].some((value) => readSwitch(value) === false);
}

/**
 * n8n's `create`: registers the workflow's URL with a new token, and removes leftovers of earlier attempts.
 *
 * @throws {NodeOperationError} if iTeraBiz cannot reach that URL, or does not offer to register webhooks
 * @throws {NodeApiError} if iTeraBiz refuses to register it
 */
export async function register(context: IHookFunctions): Promise<boolean> {
  const address = new URL(await endpointOf(context));
  const store = storeOf(context);
  const { key, latest } = store.tokens ?? { key: newKey(), latest: 0 };
  const time = Math.max(Date.now(), latest + 1);
  const token = tokenOf(key, time);
  address.searchParams.set(TOKEN_PARAMETER, token);
  address.searchParams.set(...MARK);

  const url = address.href;
  const created = await createHook(context, url, token);
  await removeOurs(context, created.hookId);
  store.tokens = { key, latest: time };
  store.registration = { ...created, url, token };
  return true;
}

/**
 * n8n's `delete`: removes the webhook of this trigger.
 *
 * Never throws. n8n behavior: after an error it skips the rest of its cleanup.
 *
 * @returns whether nothing of ours is left, as far as iTeraBiz reports
 */
export async function unregister(context: IHookFunctions): Promise<boolean> {
  const isDone = await removeOurs(context);
  if (isDone) storeOf(context).registration = undefined;
  return isDone;
}

/** Assumption: `POST /webhooks` returns the webhook, with its `id` and perhaps a `secret`. */
async function createHook(
  context: IHookFunctions,
  url: string,
  token: string,
): Promise<{ hookId: string; secret?: string }> {
  const doing = 'register this trigger';
  const body = { url, events: chosenEvents(context) };
  const answer = await ask(context, { method: 'POST', url: '/webhooks', body }, { doing });
  if (!answer) {
    throw refusal(
      context,
      'iTeraBiz does not let this trigger register its address. Set Registration to Manual and paste the address into your iTeraBiz dashboard, or use the iTeraBiz Polling Trigger',
      'The notice below Registration says which address to paste. If you did not expect this, check the Base URL of the credential.',
    );
  }
  const hook = jobIn(answer.body) ?? {};
  const hookId = idOf(hook);
  if (hookId === undefined) {
    throw toNodeError(context.getNode(), describeStrangeAnswer(answer, { doing }));
  }
  if (typeof hook.url === 'string' && !hook.url.includes(token)) {
    await removeHook(context, hookId);
    throw refusal(
      context,
      'iTeraBiz registered the address of this trigger without its token, so every event would be refused. Set Registration to Manual and paste the address into your iTeraBiz dashboard, or use the iTeraBiz Polling Trigger',
      'The notice below Registration says which address to paste.',
    );
  }
  const { secret } = hook;
  return typeof secret === 'string' && secret ? { hookId, secret } : { hookId };
}

/** All webhooks of the account; none if the API has no such list. */
async function listHooks(context: IHookFunctions): Promise<IDataObject[]> {
  const subject = { doing: 'list the webhooks' };
  const fetch = async (after?: string) => {
    const qs = pageQuery(after);
    const answer = await ask(context, { method: 'GET', url: '/webhooks', qs }, subject);
    if (!answer) return { data: [], has_more: false };
    const page = pageIn(answer.body);
    if (page) return page;
    throw toNodeError(context.getNode(), describeStrangeAnswer(answer, subject));
  };
  const hooks: IDataObject[] = [];
  for await (const { newItems } of pages(fetch)) hooks.push(...newItems);
  return hooks;
}

/**
 * Removes the webhooks of this trigger but one. Besides the one in the store, there may be others: one whose
 * response was lost, or that a stale copy of the store forgot. Never throws.
 *
 * @returns whether no other is left, as far as iTeraBiz reports
 */
async function removeOurs(context: IHookFunctions, except?: string): Promise<boolean> {
  let isDone = true;
  for (const id of await idsOfOurs(context)) {
    if (id !== except && !(await removeHook(context, id))) isDone = false;
  }
  return isDone;
}

/**
 * The webhook in the store, and those that this node registered for this URL, with any token.
 *
 * A webhook of another address stays: a backup that is tried on another server has that of the original.
 */
async function idsOfOurs(context: IHookFunctions): Promise<Set<string>> {
  const ids = new Set<string>();
  const { registration } = storeOf(context);
  if (isManual(context) && !registration) return ids;
  const endpoint = context.getNodeWebhookUrl('default') ?? '';
  if (registration && isSameEndpoint(registration.url, endpoint)) ids.add(registration.hookId);
  else if (registration) {
    const why =
      'It is of another address. If that is no longer in use, remove it in your dashboard';
    warn(context, `Left the webhook ${registration.hookId} at iTeraBiz`, new Error(why));
  }
  try {
    for (const hook of await listHooks(context)) {
      const id = idOf(hook);
      if (id !== undefined && isSameEndpoint(hook.url, endpoint) && isMarked(hook)) ids.add(id);
    }
  } catch (error) {
    warn(context, 'Could not ask iTeraBiz for webhooks that are left over', error);
  }
  return ids;
}

function isMarked({ url }: IDataObject): boolean {
  return new URL(String(url)).searchParams.get(MARK[0]) === MARK[1];
}

/** @returns whether it is gone */
async function removeHook(context: IHookFunctions, id: string): Promise<boolean> {
  const request = { method: 'DELETE', url: `/webhooks/${encodeURIComponent(id)}` } as const;
  try {
    await ask(context, request, { doing: 'remove the webhook', id });
    return true;
  } catch (error) {
    warn(context, `Could not remove the webhook ${id} at iTeraBiz`, error);
    return false;
  }
}

function warn(context: IHookFunctions, what: string, error: unknown): void {
  context.logger.warn(`${what}: ${(error as Error).message}`, {
    workflowId: context.getWorkflow().id,
    node: context.getNode().name,
  });
}

/**
 * The URL n8n listens at. n8n behavior: the test URL while the editor listens, else the production URL.
 *
 * @throws {NodeOperationError} if iTeraBiz cannot reach it
 */
async function endpointOf(context: IHookFunctions): Promise<string> {
  const url = context.getNodeWebhookUrl('default') ?? '';
  if (!/^https?:\/\//i.test(url) || !URL.canParse(url)) {
    throw refusal(
      context,
      `"${url}" is not an address that iTeraBiz could call. Set WEBHOOK_URL in n8n's settings to a full address, as in https://n8n.example.com/`,
      'The person who hosts your n8n can set this environment variable.',
    );
  }
  const host = unreachableHost(url, await baseUrlOf(context));
  if (host === undefined) return url;
  throw refusal(
    context,
    `iTeraBiz cannot reach this n8n at "${host}", which is an address inside your own network. Use the iTeraBiz Polling Trigger instead, or set WEBHOOK_URL in n8n's settings to the address under which the internet reaches it`,
    'The iTeraBiz Polling Trigger works behind a router and has the same output. The person who hosts your n8n can set the environment variable WEBHOOK_URL, as in https://n8n.example.com/',
  );
}

function isSameEndpoint(registered: unknown, endpoint: string): boolean {
  const urls = [String(registered), endpoint];
  if (!urls.every((url) => URL.canParse(url))) return false;
  const [a, b] = urls.map((url) => new URL(url));
  return a.origin === b.origin && a.pathname === b.pathname;
}

function checkAccess(context: IHookFunctions): void {
  const { token, secret } = manualAccess(context);
  const problem = !isGoodToken(token)
    ? `The Secret Token needs at least ${MIN_TOKEN_LENGTH} characters, only letters, digits, "-" and "_". Let a password manager make one, and put it at the end of the address in your iTeraBiz dashboard, after ?token=`
    : secret === '' &&
      'The Signing Secret is empty. Copy it from the webhook in your iTeraBiz dashboard, or remove this option to accept events without a signature';
  if (problem) throw refusal(context, problem);
}

/** n8n behavior: if an activation fails, it shows only the message, so the message also says what to do. */
function refusal(
  context: IHookFunctions,
  message: string,
  description?: string,
): NodeOperationError {
  return new NodeOperationError(context.getNode(), message, { description });
}

/**
 * @returns `undefined` if the API has no such path, method or webhook
 * @throws {NodeApiError} in words for the user, if the request was refused or not answered
 */
async function ask(
  context: IHookFunctions,
  request: ApiRequest,
  subject: Subject,
): Promise<ApiResponse | undefined> {
  const deadline = now() + REQUEST_TIMEOUT;
  const account = await accountOf(context);
  const client = account.client(context, { priority: 'interactive', retry: false, deadline });
  const attempt = await client.request(request);
  const failure = new RequestFailed(attempt);
  const { status, statusClass } = failure;
  if (statusClass === 'done') return attempt.outcome as ApiResponse;
  // An API without webhooks may answer 404 with any page. For a removal, only the API's own 404 counts.
  const isMissing =
    request.method === 'DELETE' ? statusClass === 'notFound' : status === 404 || status === 405;
  if (isMissing) return undefined;
  throw failure.toNodeError(context.getNode(), subject);
}

/** Hosts that the internet does not reach. */
const PRIVATE_HOSTS = [
  /^(0|10|127|169\.254|172\.(1[6-9]|2\d|3[01])|192\.168|100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7]))\.[\d.]+$/,
  // Of IPv6, only 2000::/3 is routed.
  /^\[(?![23][\da-f]{3}:)/,
  // Names that only resolve in a local network
  /^[^.[]+\.?$|\.(localhost|local|internal|lan|home|home\.arpa|intranet)\.?$/,
];

/**
 * The host of a webhook URL, if its address shows that iTeraBiz cannot reach it.
 *
 * @param apiUrl base URL of the API; one on this machine reaches everything that this machine does
 */
export function unreachableHost(webhookUrl: string, apiUrl: string): string | undefined {
  const { hostname } = new URL(webhookUrl);
  const isLocalApi = URL.canParse(apiUrl) && isLoopback(new URL(apiUrl).hostname);
  const isPrivate = PRIVATE_HOSTS.some((pattern) => pattern.test(hostname));
  return isPrivate && !isLocalApi ? hostname : undefined;
}

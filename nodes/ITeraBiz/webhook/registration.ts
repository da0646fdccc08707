import { randomBytes } from 'crypto';

import { type IDataObject, type IHookFunctions, NodeOperationError } from 'n8n-workflow';

import { accountOf } from '../account/account';
import { isLoopback, isWebAddress } from '../api/address';
import { errorTextOf } from '../api/errorText';
import { readSwitch } from '../api/json';
import { pages } from '../api/page';
import type { ApiResponse } from '../api/response';
import { idOf, jobIn, statusOf } from '../api/video';
import { type ApiClient, refusalOnly, RequestFailed } from '../client/apiClient';
import { baseUrlOf } from '../client/http';
import { chosenAvatar, chosenEvents } from '../fields/events';
import { toNodeError, withoutPeriod } from '../messages/message';
import { isGoodToken, MIN_TOKEN_LENGTH, TOKEN_PARAMETER, tokenOf } from './authenticity';
import { isManual, manualAccess, storeOf } from './store';

/** Marks the webhooks that this node registers. Users see it in their dashboard. */
const MARK = ['registered_by', 'n8n'] as const;

/** What a user can do if this trigger cannot register. */
const BY_HAND =
  'Set Registration to Manual and paste the address into your iTeraBiz dashboard, or use the iTeraBiz Polling Trigger';
const WHICH_ADDRESS = 'The notice below Registration says which address to paste.';

/**
 * n8n's `checkExists`: whether iTeraBiz has the webhook of this trigger, with its current URL and events.
 * @returns `true` also if n8n is starting and iTeraBiz cannot be asked, or does not say
 * @throws {NodeApiError} if iTeraBiz cannot be asked at any other time
 * @throws {NodeOperationError} for invalid Events or Avatar, and for a manual webhook with an unsafe Secret Token or
 *   an empty Signing Secret
 */
export async function isRegistered(context: IHookFunctions): Promise<boolean> {
  // n8n behavior: after an error, also when it starts, it removes the webhook. Events that iTeraBiz delivers
  // again once n8n is back would then be lost, as with a new token.
  const isStarting = ['init', 'leadershipChange'].includes(context.getActivationMode());
  if (!isStarting) {
    chosenEvents(context);
    chosenAvatar(context);
  }
  if (isManual(context)) {
    checkAccess(context);
    await unregister(context);
    return true;
  }
  const { registration } = storeOf(context);
  if (!registration || !isSameEndpoint(registration.url, await endpointOf(context))) return false;
  const events = String(chosenEvents(context).sort());
  const isSame = (listed: unknown, own: string) => {
    if (listed === undefined || listed === null) return isStarting;
    return String([listed].flat().sort()) === own;
  };
  // A list may mask the token.
  const hidesToken = ({ url }: IDataObject) => isStarting && isSameEndpoint(url, registration.url);
  const isCurrent = (hook: IDataObject) =>
    idOf(hook) === registration.hookId &&
    (isSame(hook.url, registration.url) || hidesToken(hook)) &&
    !isOff(hook) &&
    isSame(hook.events, events);
  const isListed = listHooks(context).then((hooks) => hooks?.some(isCurrent) ?? isStarting);
  if (!isStarting) return await isListed;
  return await isListed.catch((error: unknown) => {
    warn(context, 'Could not ask iTeraBiz whether the webhook is still there', error);
    return true;
  });
}

/** Whether iTeraBiz says that it no longer calls a webhook, such as after many failures (assumption). */
function isOff(hook: IDataObject): boolean {
  const isDisabled = ['disabled', 'inactive'].includes(statusOf(hook).toLowerCase());
  return isDisabled || [hook.enabled, hook.active].some((value) => readSwitch(value) === false);
}

/**
 * n8n's `create`: registers the workflow's URL with a new token, and removes leftovers of earlier attempts.
 * @throws {NodeOperationError} if iTeraBiz cannot reach that URL, or keeps it without the token
 * @throws {NodeApiError} if iTeraBiz refuses to register it
 */
export async function register(context: IHookFunctions): Promise<boolean> {
  const address = new URL(await endpointOf(context));
  const store = storeOf(context);
  const { key, latest } = store.tokens ?? { key: randomBytes(32).toString('base64url'), latest: 0 };
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
async function createHook(context: IHookFunctions, url: string, token: string) {
  const client = await clientOf(context);
  const body = { url, events: chosenEvents(context) };
  const attempt = await client.request({ method: 'POST', url: '/webhooks', body });
  const { status, statusClass } = new RequestFailed(attempt);
  const { body: answer } = attempt.outcome as ApiResponse;
  // It costs no credits: the words of a refusal may be about the plan.
  const isRefused = statusClass === 'notAllowed' || statusClass === 'noCredits';
  if (isRefused || isWithoutWebhooks(status)) {
    const reason = withoutPeriod(errorTextOf(answer) ?? '');
    throw toNodeError(context.getNode(), {
      message: `iTeraBiz does not let this trigger register its address${reason && `: ${reason}`}. ${BY_HAND}`,
      description: `${WHICH_ADDRESS} If you did not expect this, check the Base URL of the credential.`,
    });
  }
  const hook = (statusClass === 'done' && jobIn(answer)) || {};
  const hookId = idOf(hook);
  if (hookId === undefined) {
    const subject = { doing: 'register this trigger' };
    throw new RequestFailed(attempt).toNodeError(context.getNode(), subject);
  }
  if (typeof hook.url === 'string' && !hook.url.includes(token)) {
    await removeHook(context, hookId);
    throw refusal(
      context,
      `iTeraBiz registered the address of this trigger without its token, so every event would be refused. ${BY_HAND}`,
      WHICH_ADDRESS,
    );
  }
  const { secret } = hook;
  return typeof secret === 'string' && secret ? { hookId, secret } : { hookId };
}

/** All webhooks of the account. @throws {NodeApiError} if the list is refused, unless the API has none */
async function listHooks(context: IHookFunctions): Promise<IDataObject[] | undefined> {
  const hooks: IDataObject[] = [];
  const fetch = async (after?: string) => await (await clientOf(context)).page('/webhooks', after);
  try {
    for await (const { newItems } of pages(fetch)) hooks.push(...newItems);
  } catch (error) {
    const failure = refusalOnly(error);
    if (isWithoutWebhooks(failure.status)) return undefined;
    throw failure.toNodeError(context.getNode(), { doing: 'list the webhooks' });
  }
  return hooks;
}

/** Whether an API without webhooks may have answered, with any page. */
function isWithoutWebhooks(status?: number): boolean {
  return status === 404 || status === 405;
}

async function clientOf(context: IHookFunctions): Promise<ApiClient> {
  return (await accountOf(context)).interactiveClient(context);
}

/**
 * Removes the webhook in the store, and all others that this node registered for this URL: a lost response or
 * a stale copy of the store leaves them behind. A webhook of another address stays, because a backup that is
 * tried on another server has that of the original. Never throws.
 * @returns whether no other is left, as far as iTeraBiz reports
 */
async function removeOurs(context: IHookFunctions, exceptId = ''): Promise<boolean> {
  const { registration } = storeOf(context);
  if (isManual(context) && !registration) return true;
  const endpoint = context.getNodeWebhookUrl('default');
  const isOurs = ({ url }: IDataObject) =>
    isSameEndpoint(url, endpoint) && new URL(String(url)).searchParams.get(MARK[0]) === MARK[1];
  const hooks = await listHooks(context).catch((error: unknown) => {
    warn(context, 'Could not ask iTeraBiz for webhooks that are left over', error);
  });
  const ids = new Set(hooks?.filter(isOurs).flatMap((hook) => idOf(hook) ?? []));
  // With the key of another account, the same ID may be that of a webhook of theirs.
  const isElsewhere = ({ url }: IDataObject) =>
    URL.canParse(String(url)) && !isSameEndpoint(url, endpoint);
  const isOther = hooks?.some((hook) => idOf(hook) === registration?.hookId && isElsewhere(hook));
  if (registration && isSameEndpoint(registration.url, endpoint) && !isOther) {
    ids.add(registration.hookId);
  } else if (registration) {
    const why =
      'It belongs to another address. If that is no longer in use, remove it in your dashboard';
    warn(context, `Left the webhook ${registration.hookId} at iTeraBiz`, new Error(why));
  }
  ids.delete(exceptId);
  const removals = [...ids].map(async (id) => await removeHook(context, id));
  return (await Promise.all(removals)).every(Boolean);
}

/** @returns whether it is gone. Only the API's own "not found" says so, not any page */
async function removeHook(context: IHookFunctions, id: string): Promise<boolean> {
  try {
    const client = await clientOf(context);
    const url = `/webhooks/${encodeURIComponent(id)}`;
    const failure = new RequestFailed(await client.request({ method: 'DELETE', url }));
    const { statusClass } = failure;
    if (statusClass === 'done' || statusClass === 'notFound') return true;
    throw failure.toNodeError(context.getNode(), { doing: 'remove the webhook', id });
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
  const url = String(context.getNodeWebhookUrl('default'));
  if (!isWebAddress(url)) {
    throw refusal(
      context,
      `"${url}" is not an address that iTeraBiz could call. Ask whoever hosts n8n to set WEBHOOK_URL to a full address, such as https://n8n.example.com/`,
    );
  }
  const host = unreachableHost(url, await baseUrlOf(context));
  if (host === undefined) return url;
  throw refusal(
    context,
    `iTeraBiz cannot reach this n8n instance at "${host}", which is an address inside your own network. Use the iTeraBiz Polling Trigger instead, or ask whoever hosts n8n to set WEBHOOK_URL to an address that the internet reaches, such as https://n8n.example.com/`,
    'The iTeraBiz Polling Trigger works behind a router and has the same output.',
  );
}

function isSameEndpoint(...given: unknown[]): boolean {
  const urls = given.map(String);
  if (!urls.every((url) => URL.canParse(url))) return false;
  const [a, b] = urls.map((url) => new URL(url));
  return a.origin === b.origin && a.pathname === b.pathname;
}

function checkAccess(context: IHookFunctions): void {
  const { token, secret } = manualAccess(context);
  const problem = !isGoodToken(token)
    ? `The Secret Token needs at least ${MIN_TOKEN_LENGTH} characters, only letters, digits, "-" and "_". Have a password manager generate one, and put it at the end of the address in your iTeraBiz dashboard, after ?token=`
    : secret === '' &&
      'The Signing Secret is empty. Copy it from the webhook in your iTeraBiz dashboard, or remove this option to accept events without a signature';
  if (problem) throw refusal(context, problem);
}

/** n8n behavior: if an activation fails, it shows only the message, so the message also says what to do. */
function refusal(context: IHookFunctions, message: string, description?: string) {
  return new NodeOperationError(context.getNode(), message, { description });
}

/** Hosts that the internet does not reach. */
const PRIVATE_HOSTS = [
  /^(0|10|127|169\.254|172\.(1[6-9]|2\d|3[01])|192\.168|100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7]))\.[\d.]+$/,
  // Of IPv6, only 2000::/3 is routed, and 64:ff9b:: leads to IPv4.
  /^\[(?!([23][\da-f]{3}|64:ff9b):)/,
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

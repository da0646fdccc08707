/** Runs that order, on the port: a run, a real client and a little server. */
import type { IContextObject, IDataObject } from 'n8n-workflow';

import { RECONCILING } from '../../../nodes/ITeraBiz/account/reconciler.ts';
import { create } from '../../../nodes/ITeraBiz/operations/create.ts';
import { resources } from '../../../nodes/ITeraBiz/ITeraBiz.node.ts';
import { fakeRun, type FakeRunOptions } from '../../shared/fakeRun.mts';
import { type Asked, type Reply, useLittleApi } from '../../shared/littleApi.mts';

// The little server lists at once what was made.
const quickly = { polls: [0, 15, 30], together: 5, again: 15, patience: 500, refused: 20 };
Object.assign(RECONCILING, quickly);

export const api = useLittleApi();

beforeEach(() => void jest.spyOn(Math, 'random').mockReturnValue(0));
afterEach(() => void jest.restoreAllMocks());

/** What the description says of an operation's request. */
function templateOf(resource: string, value: string) {
  const { operations } = resources.find((one) => one.value === resource)!;
  const { request, fields } = operations.find((one) => one.value === value)!;
  return { doing: `${value} the ${resource}`, url: request.url, fields };
}

const TEMPLATES = {
  video: templateOf('video', 'create'),
  content: templateOf('content', 'generate'),
  avatar: templateOf('avatar', 'create'),
};

export interface Given extends Partial<FakeRunOptions> {
  scripts?: string[];
  /** What a submission is answered */
  answer?: (asked: Asked) => Reply | Promise<Reply>;
  /** The account's videos, or the whole answer to a request for them */
  listed?: IDataObject[];
  list?: Reply | ((asked: Asked) => Reply);
  options?: IDataObject;
  of?: keyof typeof TEMPLATES;
  /** How a request for the avatars is answered */
  avatars?: Reply;
  /** How the avatar was chosen */
  locatorMode?: string;
  /** n8n cannot read the credential */
  noCredential?: Error;
}

export const accepted = ({ body }: Asked): Reply => ({
  status: 201,
  body: { id: `video_${String(body?.script ?? body?.prompt ?? body?.name)}`, status: 'queued' },
});
export const breaks = (): Reply => 'break';
export const busy = (): Reply => ({ status: 503, headers: { 'retry-after': '0' } });
export const refused = (): Reply => ({
  status: 400,
  body: { error: { message: 'script is bad' } },
});

/** One run, and what became of it. */
export function running({
  scripts = ['Hi'],
  answer = accepted,
  listed = [],
  list = { body: { data: listed, has_more: false } },
  options = {},
  of = 'video',
  avatars = { body: { data: [{ id: 'avatar_1' }], has_more: false } },
  locatorMode,
  noCredential,
  ...more
}: Given = {}) {
  api.reply = async (asked) => {
    if (asked.method !== 'GET') return await answer(asked);
    if (asked.path === '/avatars' && of !== 'avatar') return avatars;
    return typeof list === 'function' ? list(asked) : list;
  };
  const values = { avatarId: 'avatar_1', language: 'en-US', duration: 30, options };
  const avatar = { imageUrl: 'https://example.com/a.jpg', voiceId: 'voice_1' };
  const { run, account, ...record } = fakeRun({
    api,
    items: scripts.map((script) => ({ script })),
    parameters: (_, { script }) => ({ ...values, ...avatar, script, prompt: script, name: script }),
    ...more,
  });
  const before = api.asked.length;
  if (locatorMode) run.locatorMode = () => locatorMode;
  if (noCredential) run.account = async () => await Promise.reject(noCredential);
  const output = create(run, TEMPLATES[of]).then((items) => items.map(({ json }) => json));
  output.catch(() => undefined);
  return {
    ...{ run, account, output, memory: run.memory },
    ...record,
    get posts() {
      return api.asked.slice(before).filter(({ method }) => method === 'POST');
    },
    get looks() {
      return api.asked.slice(before).filter(({ method }) => method === 'GET');
    },
  };
}

type Failure = Error & { description: string; httpCode: string | null; context: IDataObject };

export async function errorOf({ output }: { output: Promise<unknown> }): Promise<Failure> {
  return (await output.then(
    () => Promise.reject(new Error('It went well')),
    (error: unknown) => error,
  )) as Failure;
}

export const entriesOf = (memory: IContextObject) =>
  (memory.submissions as { entries: Record<string, IDataObject> }).entries;

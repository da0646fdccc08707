import type { IDataObject, IHttpRequestOptions, WorkflowActivateMode } from 'n8n-workflow';
import { UserError } from 'n8n-workflow';

import {
  isRegistered,
  register,
  unregister,
} from '../../../nodes/ITeraBiz/webhook/registration.ts';
import type { TriggerStore } from '../../../nodes/ITeraBiz/webhook/store.ts';
import { tokenOf } from '../../../nodes/ITeraBiz/webhook/authenticity.ts';
import { answered, type Answering } from '../fakeContext.mts';
import { fakeTrigger } from './fakeTrigger.mts';

const BOTH = ['video.completed', 'video.failed'];
const ENDPOINT = 'https://n8n.example/webhook/abc';
const ours = (more: IDataObject = {}) => ({
  id: 'wh_ours',
  url: `${ENDPOINT}?token=old&registered_by=n8n`,
  events: BOTH,
  ...more,
});

interface Given {
  /** The webhooks of the account */
  hooks?: IDataObject[];
  /** What some requests are answered with in place of what an account would say, as `GET /webhooks` */
  instead?: Record<string, IDataObject | Error>;
  secret?: unknown;
  store?: TriggerStore;
  parameters?: IDataObject;
  webhookUrl?: string;
  activation?: WorkflowActivateMode;
}

/** A trigger, and an account at iTeraBiz with webhooks. */
function triggerWith({
  hooks = [],
  instead = {},
  secret,
  store = {},
  parameters,
  webhookUrl = ENDPOINT,
  activation,
}: Given = {}) {
  const answer: Answering = ({ method, url, body, qs }: IHttpRequestOptions) => {
    const other = instead[`${method} ${url}`];
    if (other) return other;
    if (method === 'POST') {
      const { url: to, events } = body as { url: string; events: string[] };
      hooks.push({ id: 'wh_new', url: to, events });
      return answered({ id: 'wh_new', secret }, 201);
    }
    if (method === 'GET') {
      const { limit, starting_after: after } = qs as { limit: number; starting_after?: string };
      const start = after === undefined ? 0 : hooks.findIndex(({ id }) => id === after) + 1;
      const data = hooks.slice(start, start + limit);
      return answered({ data, has_more: start + limit < hooks.length });
    }
    const place = hooks.findIndex(({ id }) => `/webhooks/${id}` === url);
    if (place < 0) return answered({}, 404);
    hooks.splice(place, 1);
    return answered({}, 204);
  };
  const trigger = fakeTrigger({
    answer,
    store,
    webhookUrl,
    activation,
    node: { name: 'Trigger' },
    parameters: { events: BOTH, ...parameters },
  });
  const requests = () => trigger.asked.map(({ method, url }) => `${method} ${url}`);
  return { ...trigger, hooks, store, requests };
}

const registered = (more: IDataObject = {}): TriggerStore => ({
  registration: { hookId: 'wh_ours', url: ours().url, token: 'old', ...more },
});
const aside = { workflowId: 'w1', node: 'Trigger' };

describe('To register', () => {
  test('sends the URL of the workflow with a new token and our mark, and keeps what came back', async () => {
    const { asked, context, store } = triggerWith({
      secret: 'whsec_1',
      webhookUrl: `${ENDPOINT}?mine=1`,
    });
    expect(await register(context)).toBe(true);
    const { url } = asked[0].body as { url: string };
    const token = new URL(url).searchParams.get('token')!;
    expect(token).toMatch(/^\w{8}-[\w-]{43}$/);
    expect(url).toBe(`${ENDPOINT}?mine=1&token=${token}&registered_by=n8n`);
    expect(asked[0]).toMatchObject({ method: 'POST', url: '/webhooks', body: { events: BOTH } });
    const { key, latest } = store.tokens!;
    expect(token).toBe(tokenOf(key, latest));
    expect(store).toEqual({
      tokens: { key: expect.stringMatching(/^[\w-]{43}$/), latest: expect.any(Number) },
      registration: { hookId: 'wh_new', url, token, secret: 'whsec_1' },
    });
  });

  test('makes each token later than the one before, and with the same key', async () => {
    const tomorrow = Date.now() + 24 * 3_600_000; // the clock was set back
    const store: TriggerStore = { tokens: { key: 'a-key', latest: tomorrow } };
    await register(triggerWith({ store }).context);
    expect(store.tokens).toEqual({ key: 'a-key', latest: tomorrow + 1 });
    expect(store.registration!.token).toBe(tokenOf('a-key', tomorrow + 1));
  });

  test('makes a new key for each trigger', async () => {
    const keys = new Set<string>();
    for (let i = 0; i < 10; i++) {
      const { context, store } = triggerWith();
      await register(context);
      keys.add(store.tokens!.key);
    }
    expect(keys.size).toBe(10);
  });

  test.each([undefined, '', 7])('keeps no secret where %j was given out', async (secret) => {
    const { context, store } = triggerWith({ secret });
    await register(context);
    expect(Object.keys(store.registration!)).toEqual(['hookId', 'url', 'token']);
  });

  test('asks for the chosen events only', async () => {
    const { context, hooks } = triggerWith({ parameters: { events: ['video.failed'] } });
    await register(context);
    expect(hooks.map(({ events }) => events)).toEqual([['video.failed']]);
  });

  test('removes what earlier attempts left behind for this URL, and nothing else', async () => {
    const others = [
      { id: 'unmarked', url: `${ENDPOINT}?token=x` },
      { id: 'marked', url: `${ENDPOINT}?registered_by=another` },
      { id: 'path', url: 'https://n8n.example/webhook/def?registered_by=n8n' },
      { id: 'host', url: 'https://other.example/webhook/abc?registered_by=n8n' },
      { id: 'nonsense', url: 'nonsense' },
      { id: 'nothing' },
      { url: ours().url },
    ];
    const { context, hooks, log } = triggerWith({
      hooks: [ours(), ...others, ours({ id: 'second' })],
    });
    await register(context);
    expect(hooks).toEqual([...others, expect.objectContaining({ id: 'wh_new' })]);
    expect(log).toEqual([]);
  });

  test('looks for them on every page', async () => {
    const many = Array.from({ length: 150 }, (_, at) => ({ id: `other${at}`, url: 'x' }));
    const { asked, context, hooks } = triggerWith({ hooks: [...many, ours()] });
    await register(context);
    expect(asked.slice(1, 3)).toMatchObject([
      { method: 'GET', url: '/webhooks', qs: { limit: 100 } },
      { method: 'GET', url: '/webhooks', qs: { limit: 100, starting_after: 'other99' } },
    ]);
    expect(asked[1].qs).toStrictEqual({ limit: 100 });
    expect(hooks.slice(150).map(({ id }) => id)).toEqual(['wh_new']);
  });

  test('removes the one before, also where iTeraBiz offers no list', async () => {
    const { context, requests } = triggerWith({
      hooks: [ours()],
      store: registered(),
      instead: { 'GET /webhooks': answered({}, 404) },
    });
    await register(context);
    expect(requests()).toEqual(['POST /webhooks', 'GET /webhooks', 'DELETE /webhooks/wh_ours']);
  });

  const elsewhere = () =>
    registered({ url: 'https://original.example/webhook/abc?token=old&registered_by=n8n' });
  const LEFT = [
    [
      'warn',
      'Left the webhook wh_ours at iTeraBiz: It belongs to another address. If that is no longer in use, remove it in your dashboard',
      aside,
    ],
  ];

  test.each([register, unregister, isRegistered])(
    'or not (%p), leaves the webhook of the n8n that this is a copy of, and says so in the log',
    async (method) => {
      const parameters =
        method === isRegistered
          ? { registration: 'manual', secretToken: 'a-token-chosen-by-the-user' }
          : {};
      const { context, log, requests, store } = triggerWith({ store: elsewhere(), parameters });
      expect(await method(context)).toBe(true);
      expect(requests().filter((request) => request.startsWith('DELETE'))).toEqual([]);
      expect(log).toEqual(LEFT);
      expect(store.registration?.hookId).toBe(method === register ? 'wh_new' : undefined);
    },
  );

  test('reads the webhook in an envelope', async () => {
    const body = { data: { id: 'wh_7', secret: 's' } };
    const instead = { 'POST /webhooks': answered(body, 201) };
    const { context, store } = triggerWith({ instead });
    await register(context);
    expect(store.registration).toMatchObject({ hookId: 'wh_7', secret: 's' });
  });

  test('is refused where iTeraBiz keeps the address without its token, and leaves no webhook', async () => {
    const instead = { 'POST /webhooks': answered({ id: 'wh_7', url: ENDPOINT }, 201) };
    const { context, requests, store } = triggerWith({ instead });
    await expect(register(context)).rejects.toMatchObject({
      message: expect.stringMatching(/without its token.*Registration to Manual/),
      description: 'The notice below Registration says which address to paste.',
    });
    expect(requests()).toEqual(['POST /webhooks', 'DELETE /webhooks/wh_7']);
    expect(store).toEqual({});
  });

  test.each(['', 'n8n.example.com/webhook/abc', 'localhost:5678/https://abc', 'https:///'])(
    'with "%s" for an address is refused, with what to set',
    async (webhookUrl) => {
      const { asked, context } = triggerWith({ webhookUrl });
      await expect(register(context)).rejects.toMatchObject({
        message: `"${webhookUrl}" is not an address that iTeraBiz could call. Ask whoever hosts n8n to set WEBHOOK_URL to a full address, such as https://n8n.example.com/`,
      });
      expect(asked).toEqual([]);
    },
  );

  test('succeeds where it cannot be asked what is left over, and says so in the log', async () => {
    const { context, log, requests } = triggerWith({
      instead: { 'GET /webhooks': answered({}, 500) },
    });
    expect(await register(context)).toBe(true);
    expect(requests()).toEqual(['POST /webhooks', 'GET /webhooks']);
    expect(log).toEqual([
      [
        'warn',
        'Could not ask iTeraBiz for webhooks that are left over: iTeraBiz could not list the webhooks because of a fault on its side',
        aside,
      ],
    ]);
  });

  test('at an address in the own network is refused, with what to do instead', async () => {
    const { asked, context, store } = triggerWith({ webhookUrl: 'http://192.168.1.20/webhook/a' });
    await expect(register(context)).rejects.toMatchObject({
      message: expect.stringMatching(
        /^iTeraBiz cannot reach this n8n instance at "192\.168\.1\.20".*Polling Trigger.*WEBHOOK_URL/,
      ),
      description: expect.stringContaining('works behind a router'),
    });
    expect(asked).toEqual([]);
    expect(store).toEqual({});
  });

  test.each([404, 405])(
    'where iTeraBiz answers with %i, says how to do it by hand',
    async (status) => {
      const { context, store } = triggerWith({
        instead: { 'POST /webhooks': answered({}, status) },
      });
      await expect(register(context)).rejects.toMatchObject({
        message: expect.stringMatching(
          /^iTeraBiz does not let this trigger.*Registration to Manual/,
        ),
        description: expect.stringContaining('which address to paste'),
      });
      expect(store).toEqual({});
    },
  );

  test.each([402, 403])(
    'where the key may not, says why and how to do it by hand: %i',
    async (status) => {
      const body = { error: { message: 'Webhooks need the Pro plan (PlanENOTFOUND).' } };
      const { context } = triggerWith({ instead: { 'POST /webhooks': answered(body, status) } });
      await expect(register(context)).rejects.toThrow(
        /register its address: Webhooks need the Pro plan \(PlanENOTFOUND\)\. Set Registration to Manual .* Polling Trigger$/,
      );
    },
  );

  test.each(['<html></html>', null, [], {}, { id: '' }, { id: [7] }, { id: { n: 7 } }])(
    'says that an answer like %j is none',
    async (body) => {
      const { context } = triggerWith({ instead: { 'POST /webhooks': answered(body, 201) } });
      await expect(register(context)).rejects.toThrow(
        'The answer to the request to register this trigger does not look like one from iTeraBiz',
      );
    },
  );

  test('says why it was refused', async () => {
    const { context } = triggerWith({ instead: { 'POST /webhooks': answered({}, 503) } });
    await expect(register(context)).rejects.toThrow(
      'iTeraBiz is too busy to register this trigger',
    );
  });
});

test('A number for an ID is kept as text', async () => {
  const { context, store } = triggerWith({
    instead: { 'POST /webhooks': answered({ id: 7, secret: 's' }, 201) },
  });
  await register(context);
  expect(store.registration).toMatchObject({ hookId: '7', secret: 's' });
});

describe('Whether it is registered', () => {
  test('is so while iTeraBiz has the very webhook, whatever the order of its events', async () => {
    const { context } = triggerWith({
      store: registered(),
      hooks: [{ id: null, url: null }, ours({ events: [...BOTH].reverse() })],
    });
    expect(await isRegistered(context)).toBe(true);
  });

  test.each<[string, Given]>([
    ['nothing was', {}],
    ['n8n has moved', { store: registered(), webhookUrl: 'https://moved.example/webhook/abc' }],
    ['the path has changed', { store: registered(), webhookUrl: 'https://n8n.example/webhook/x' }],
    ['what was is no URL', { store: registered({ url: 'nonsense' }) }],
  ])('is not where %s, and nothing is asked', async (_case, given) => {
    const { asked, context } = triggerWith({ hooks: [ours()], ...given });
    expect(await isRegistered(context)).toBe(false);
    expect(asked).toEqual([]);
  });

  test.each<[string, IDataObject]>([
    ['has another ID', { id: 'wh_other' }],
    ['has another URL', { url: `${ENDPOINT}?token=other&registered_by=n8n` }],
    ['has fewer events', { events: ['video.completed'] }],
    ['has more events', { events: [...BOTH, 'video.made'] }],
    ['has other events', { events: ['video.completed', 'video.made'] }],
    ['has the same event twice', { events: ['video.completed', 'video.completed'] }],
    ['has no events', { events: null }],
    ['is not enabled', { enabled: false }],
    ['is not active', { active: 'false' }],
    ['is disabled', { status: 'Disabled' }],
    ['is inactive', { status: 'inactive' }],
  ])('is not where its webhook %s', async (_case, more) => {
    const { context } = triggerWith({ store: registered(), hooks: [ours(more)] });
    expect(await isRegistered(context)).toBe(false);
  });

  test('is not where iTeraBiz has no such list', async () => {
    const instead = { 'GET /webhooks': answered({}, 405) };
    const { context } = triggerWith({ store: registered(), hooks: [ours()], instead });
    expect(await isRegistered(context)).toBe(false);
  });

  test.each([
    [answered({}, 500), 'iTeraBiz could not list the webhooks'],
    [answered('<html></html>'), 'The answer to the request to list the webhooks does not look'],
  ])('cannot be told with an answer like %j', async (answer, message) => {
    const instead = { 'GET /webhooks': answer };
    const { context } = triggerWith({ store: registered(), instead });
    await expect(isRegistered(context)).rejects.toThrow(message);
  });

  test.each(['init', 'leadershipChange'] as const)(
    'is assumed when n8n starts (%s) and cannot ask, since it would remove the webhook',
    async (activation) => {
      const instead = { 'GET /webhooks': answered({}, 503) };
      const { context, log } = triggerWith({ store: registered(), instead, activation });
      expect(await isRegistered(context)).toBe(true);
      expect(log).toEqual([
        [
          'warn',
          'Could not ask iTeraBiz whether the webhook is still there: iTeraBiz is too busy to list the webhooks',
          aside,
        ],
      ]);
    },
  );

  test.each<[string, IDataObject]>([
    ['has no list', answered({}, 405)],
    ['lists no URLs and events', answered({ data: [{ id: 'wh_ours' }], has_more: false })],
    [
      'lists them as null',
      answered({ data: [{ id: 'wh_ours', url: null, events: null }], has_more: false }),
    ],
    ['masks its token', answered({ data: [ours({ url: `${ENDPOINT}?token=***` })] })],
    ['lists it without the token', answered({ data: [ours({ url: ENDPOINT })] })],
  ])(
    'is assumed when n8n starts and iTeraBiz %s, since a new token would refuse late events',
    async (_case, list) => {
      const instead = { 'GET /webhooks': list };
      const given = { store: registered(), instead };
      expect(await isRegistered(triggerWith({ ...given, activation: 'init' }).context)).toBe(true);
      expect(await isRegistered(triggerWith(given).context)).toBe(false);
    },
  );

  test('is not when n8n starts and iTeraBiz lists others', async () => {
    for (const hooks of [
      [],
      [ours({ id: 'wh_other' })],
      [ours({ events: ['video.failed'] })],
      [ours({ url: 'https://moved.example/webhook/abc' })],
    ]) {
      const { context } = triggerWith({ store: registered(), hooks, activation: 'init' });
      expect(await isRegistered(context)).toBe(false);
    }
  });
});

describe('A webhook made by hand', () => {
  const parameters = { registration: 'manual', secretToken: 'a-token-chosen-by-the-user' };

  test('counts as registered, and asks nothing', async () => {
    const { asked, context } = triggerWith({ parameters });
    expect(await isRegistered(context)).toBe(true);
    expect(asked).toEqual([]);
  });

  test.each(['Manual', ' manual\n'])(
    'may be chosen by an expression as %j',
    async (registration) => {
      const { asked, context } = triggerWith({ parameters: { ...parameters, registration } });
      expect(await isRegistered(context)).toBe(true);
      expect(asked).toEqual([]);
    },
  );

  test('may have a token that was pasted with a line break', async () => {
    const secretToken = `${parameters.secretToken}\n`;
    const { context } = triggerWith({ parameters: { ...parameters, secretToken } });
    expect(await isRegistered(context)).toBe(true);
  });

  test.each([undefined, null, '', ' \n', '""', NaN, {}])(
    'is refused with %j for a Signing Secret, with what to do',
    async (signingSecret) => {
      const options = { signingSecret } as IDataObject;
      const { context } = triggerWith({ parameters: { ...parameters, options } });
      await expect(isRegistered(context)).rejects.toThrow(
        'The Signing Secret is empty. Copy it from the webhook in your iTeraBiz dashboard, or remove this option to accept events without a signature',
      );
    },
  );

  test('takes the place of the one that was registered', async () => {
    const { context, hooks, store } = triggerWith({
      parameters,
      store: registered(),
      hooks: [ours()],
    });
    expect(await isRegistered(context)).toBe(true);
    expect(hooks).toEqual([]);
    expect(store.registration).toBeUndefined();
  });

  test.each(['', 'short'])('needs a better token than "%s"', async (secretToken) => {
    const { context } = triggerWith({ parameters: { ...parameters, secretToken } });
    await expect(isRegistered(context)).rejects.toThrow(
      /^The Secret Token needs at least 20 characters/,
    );
  });

  test('is not ours to remove', async () => {
    const { asked, context } = triggerWith({ parameters, hooks: [ours()] });
    expect(await unregister(context)).toBe(true);
    expect(asked).toEqual([]);
  });
});

test.each<IDataObject>([
  { registration: 'manual', secretToken: 'a-token-chosen-by-the-user' },
  { registration: 'automatic' },
])('A choice that could never match is refused at publication: %j', async (parameters) => {
  for (const choice of [{ events: 'nonsense' }, { events: [] }, { 'options.avatarId': ['x'] }]) {
    const { context } = triggerWith({ parameters: { ...parameters, ...choice } });
    await expect(isRegistered(context)).rejects.toThrow(/is not|is empty/);
  }
});

test.each<IDataObject>([
  { registration: 'manual', secretToken: 'a-token-chosen-by-the-user' },
  { registration: 'automatic' },
])('When n8n starts, such a choice costs no webhook its place: %j', async (registration) => {
  const parameters = { ...registration, 'options.avatarId': 'a/b' };
  const store = registered();
  const { context } = triggerWith({ store, hooks: [ours()], activation: 'init', parameters });
  expect(await isRegistered(context)).toBe(true);
});

describe('To unregister', () => {
  test('removes the webhook that is known, also where iTeraBiz offers no list', async () => {
    const { context, requests, store } = triggerWith({
      store: registered({ hookId: 'wh/1' }),
      instead: {
        'GET /webhooks': answered({}, 404),
        'DELETE /webhooks/wh%2F1': answered({}, 204),
      },
    });
    store.tokens = { key: 'a-key', latest: 1 };
    expect(await unregister(context)).toBe(true);
    expect(requests()).toEqual(['GET /webhooks', 'DELETE /webhooks/wh%2F1']);
    expect(store).toEqual({ tokens: { key: 'a-key', latest: 1 } });
  });

  test.each([404, 410])('takes %i for gone', async (status) => {
    const { context, log, store } = triggerWith({
      store: registered(),
      instead: { 'DELETE /webhooks/wh_ours': answered({}, status) },
    });
    expect(await unregister(context)).toBe(true);
    expect(store.registration).toBeUndefined();
    expect(log).toEqual([]);
  });

  test('takes a webhook for left where the API cannot remove any', async () => {
    const { context, store } = triggerWith({
      store: registered(),
      instead: { 'DELETE /webhooks/wh_ours': answered({}, 405) },
    });
    expect(await unregister(context)).toBe(false);
    expect(store).toEqual(registered());
  });

  test.each<[IDataObject | Error, string]>([
    [answered({}, 503), 'iTeraBiz is too busy to remove the webhook'],
    [new UserError('no credential'), 'no credential'],
  ])('remembers what could not be removed, and says so in the log', async (answer, why) => {
    const { context, log, store } = triggerWith({
      store: registered(),
      instead: { 'DELETE /webhooks/wh_ours': answer },
    });
    expect(await unregister(context)).toBe(false);
    expect(store).toEqual(registered());
    expect(log).toEqual([
      ['warn', `Could not remove the webhook wh_ours at iTeraBiz: ${why}`, aside],
    ]);
  });

  test.each([404, 410])(
    'finds what is ours where the one that is known is gone (%i)',
    async (status) => {
      const theirs = { id: 'theirs', url: ENDPOINT };
      const { context, hooks } = triggerWith({
        store: registered({ hookId: 'wh_before' }),
        hooks: [ours(), theirs],
        instead: { 'DELETE /webhooks/wh_before': answered({}, status) },
      });
      expect(await unregister(context)).toBe(true);
      expect(hooks).toEqual([theirs]);
    },
  );

  test.each(['https://shop.example/theirs', 'https://n8n.example/webhook/def?registered_by=n8n'])(
    'leaves one of another account with the same ID, which is for %s, and says so in the log',
    async (url) => {
      const theirs = { id: 3, url };
      const { context, hooks, log, store } = triggerWith({
        store: registered({ hookId: '3' }),
        hooks: [theirs],
      });
      expect(await unregister(context)).toBe(true);
      expect(hooks).toEqual([theirs]);
      expect(log).toEqual([
        ['warn', expect.stringMatching(/^Left the webhook 3 .* belongs to another address/), aside],
      ]);
      expect(store.registration).toBeUndefined();
    },
  );

  test.each([undefined, null, '***'])(
    'removes the one that is known where the list says %j for its address',
    async (url) => {
      const { context, hooks } = triggerWith({ store: registered(), hooks: [ours({ url })] });
      expect(await unregister(context)).toBe(true);
      expect(hooks).toEqual([]);
    },
  );

  test('finds what an earlier attempt left beside the one that is known', async () => {
    const { context, hooks } = triggerWith({
      store: registered(),
      hooks: [ours(), ours({ id: 'left' })],
    });
    expect(await unregister(context)).toBe(true);
    expect(hooks).toEqual([]);
  });

  test('finds what is ours where nothing is known of it', async () => {
    const theirs = { id: 'theirs', url: ENDPOINT };
    const { context, hooks } = triggerWith({ hooks: [ours(), theirs, ours({ id: 'second' })] });
    expect(await unregister(context)).toBe(true);
    expect(hooks).toEqual([theirs]);
  });

  test.each(['first', 'second'])('is not done while the %s of them is left', async (left) => {
    const { context, hooks } = triggerWith({
      hooks: [ours({ id: 'first' }), ours({ id: 'second' })],
      instead: { [`DELETE /webhooks/${left}`]: answered({}, 500) },
    });
    expect(await unregister(context)).toBe(false);
    expect(hooks.map(({ id }) => id)).toEqual([left]);
  });
});

import { createHmac } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import type { IDataObject } from 'n8n-workflow';
import { UserError } from 'n8n-workflow';

import { type Account, accountOf } from '../../../nodes/ITeraBiz/account/account.ts';
import { receive } from '../../../nodes/ITeraBiz/webhook/receive.ts';
import type { TriggerStore } from '../../../nodes/ITeraBiz/webhook/store.ts';
import { tokenOf } from '../../../nodes/ITeraBiz/webhook/authenticity.ts';
import { answered, connectionReset } from '../fakeContext.mts';
import { fakeTrigger, type TriggerOptions } from './fakeTrigger.mts';

const token = 'the-token-of-this-webhook';
const secret = 'whsec_test';
const video_url = 'https://cdn.example/video.mp4';
const video = { id: 'vid_1', status: 'completed', avatar_id: 'avatar_1', video_url };
const sent = {
  id: 'evt_1',
  type: 'video.completed',
  created_at: '2025-01-15T10:30:00Z',
  data: { id: 'vid_1', status: 'completed' },
};
const event = {
  event: 'video.completed',
  eventId: 'evt_1',
  occurredAt: '2025-01-15T10:30:00.000Z',
  video,
};

/** Each test has a trigger of its own, since what it remembers outlives a delivery. */
let nodeId = 0;
beforeEach(() => void nodeId++);

interface Delivery extends Pick<TriggerOptions, 'answer' | 'mode' | 'store'> {
  parameters?: IDataObject;
  query?: IDataObject;
  body?: string | object;
  signedWith?: string;
  /** What comes before, with the account of the credential */
  before?: (account: Account) => void;
  /** How n8n answers once it has tried to start the workflow, or nothing as long as it tries */
  n8nAnswers?: number | null;
}

async function deliver({
  query = { token },
  body = sent,
  signedWith,
  store = { registration: { hookId: 'wh_1', url: 'https://n8n.example', token } },
  answer = () => answered(video),
  parameters,
  mode,
  before,
  n8nAnswers = 200,
}: Delivery = {}) {
  const rawBody = Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
  const time = Math.floor(Date.now() / 1000);
  const digest = (key: string) =>
    createHmac('sha256', key).update(`${time}.`).update(rawBody).digest('hex');
  const headers =
    signedWith === undefined
      ? {}
      : { 'x-iterabiz-signature': `t=${time},v1=${digest(signedWith)}` };
  const trigger = fakeTrigger({
    store,
    answer,
    mode,
    node: { id: String(nodeId), name: 'Trigger' },
    parameters: { events: ['video.completed', 'video.failed'], ...parameters },
    delivery: { query, headers, rawBody },
  });
  before?.(await accountOf(trigger.context));
  const result = await receive(trigger.context);
  if (!result.noWebhookResponse && n8nAnswers !== null) {
    trigger.response.status(n8nAnswers).json(result.webhookResponse);
  }
  const runs = (result.workflowData ?? []).flat().map(({ json }) => json);
  return { ...trigger, result, runs, store };
}

const signed = (): TriggerStore => ({
  registration: { hookId: 'wh_1', url: 'https://n8n.example', token, secret },
});

test('a proven event starts the workflow with what the API says, and n8n answers when it has', async () => {
  const { answers, asked, log, response, result } = await deliver({ n8nAnswers: null });
  const webhookResponse = { message: 'Received' };
  expect(result).toEqual({ webhookResponse, workflowData: [[{ json: event }]] });
  expect(answers).toEqual([]);
  expect(log).toEqual([]);
  expect(asked).toMatchObject([
    { method: 'GET', url: '/videos/vid_1', timeout: expect.any(Number) },
  ]);
  // What waits for n8n's answer is to end.
  response.status(200).json({});
});

describe('starts nothing, tells the sender no more than it has to know, and the log why', () => {
  const ANSWERS = {
    200: ['debug', 'Received'],
    400: ['warn', 'Not understood'],
    401: ['warn', 'Not authorized'],
    503: ['warn', 'Try again later'],
  };
  const confirmed = (body: unknown, status?: number) => ({ answer: () => answered(body, status) });

  test.each<[number, string, Delivery]>([
    [401, 'its token is missing or wrong', { query: {} }],
    [401, 'its token is missing or wrong', { query: { token: 'another' } }],
    [401, 'its token is missing or wrong', { query: { token: '' } }],
    [503, 'n8n has not stored its registration yet', { store: {} }],
    [400, 'its body is too large for an event', { body: ' '.repeat(1_000_001) }],
    [401, 'it is not signed', { store: signed() }],
    [401, 'its signature is wrong', { store: signed(), signedWith: 'whsec_other' }],
    [400, 'the body is not a JSON object', { body: '{"type":' }],
    [400, 'the body names no event', { body: {} }],
    [200, 'the event "video.made" is not known here', { body: { type: 'video.made' } }],
    [
      200,
      'this trigger does not listen for video.completed',
      { parameters: { events: ['video.failed'] } },
    ],
    [200, 'its video is of another avatar', { parameters: { 'options.avatarId': 'avatar_2' } }],
    [
      503,
      'The connection to iTeraBiz was lost before it answered the request to confirm the event',
      { answer: () => connectionReset },
    ],
    [503, 'iTeraBiz has nothing with the ID "vid_1"', confirmed({}, 404)],
    [
      503,
      'iTeraBiz could not confirm the event because of a fault on its side',
      confirmed(video, 199),
    ],
    [503, 'iTeraBiz could not confirm the event: its address has moved', confirmed(video, 300)],
    [503, 'iTeraBiz does not accept the API key of this credential', confirmed(video, 401)],
    [
      503,
      'The answer to the request to confirm the event does not look like one from iTeraBiz',
      confirmed('<html>'),
    ],
    [
      503,
      'The answer to the request to confirm the event does not look like one from iTeraBiz',
      confirmed({ ...video, id: 'vid_2' }),
    ],
    [
      503,
      'iTeraBiz says that the video is still being made',
      confirmed({ ...video, status: 'processing' }),
    ],
    [
      503,
      'There was no time left to confirm the event',
      { before: ({ queue }) => queue.pauseFor(3_600_000) },
    ],
    [503, 'no credential', { answer: () => new UserError('no credential') }],
    [
      503,
      '"Events": "video.made" is not an event of this trigger',
      { parameters: { events: ['video.made'] } },
    ],
    [
      503,
      'The connection to iTeraBiz was lost before it answered the request to confirm the event',
      {
        answer: () => {
          throw 'no error at all';
        },
      },
    ],
  ])('%i: %s', async (status, reason, delivery) => {
    const { answers, log, result, store } = await deliver(delivery);
    const [level, message] = ANSWERS[status as keyof typeof ANSWERS];
    expect(result).toEqual({ noWebhookResponse: true });
    expect(answers).toEqual([[status, { message }]]);
    expect(log).toEqual([
      [
        level,
        `iTeraBiz Trigger answered ${status} to a delivery: ${reason}`,
        { workflowId: 'w1', node: 'Trigger' },
      ],
    ]);
    if (status !== 200) expect(store.recentEvents).toBeUndefined();
  });
});

test('a body of a million bytes is not too large', async () => {
  const body = JSON.stringify(sent).padEnd(1_000_000);
  expect((await deliver({ body })).runs).toEqual([event]);
});

test('a signature with the secret of the registration is right', async () => {
  expect((await deliver({ store: signed(), signedWith: secret })).runs).toEqual([event]);
});

test.each([undefined, new Error('Request body stream was aborted')])(
  'where no bytes can be had (%s), nothing is understood',
  async (rawBody) => {
    const { context, answers } = fakeTrigger({
      parameters: { registration: 'manual', secretToken: token },
      delivery: { query: { token }, rawBody },
    });
    expect((await receive(context)).workflowData).toBeUndefined();
    expect(answers).toEqual([[400, { message: 'Not understood' }]]);
  },
);

/** n8n stored an older copy of what the trigger keeps: the newest registration is not in it. */
describe('Where the store was put back to what it was before', () => {
  const before = (): TriggerStore => {
    const tokens = { key: 'the-key', latest: 1_000 };
    return {
      tokens,
      registration: { ...signed().registration!, token: tokenOf('the-key', 1_000) },
    };
  };
  const { tokens } = before();

  test.each<[string, () => TriggerStore]>([
    ['with the registration before it', before],
    ['with none', () => ({ tokens })],
  ])('%s, the token of a later registration opens', async (_case, store) => {
    const query = { token: tokenOf('the-key', 1_001) };
    expect((await deliver({ store: store(), query })).runs).toEqual([event]);
  });

  test.each<[string, Delivery]>([
    [
      'the token of that registration without a signature',
      { query: { token: tokenOf('the-key', 1_000) } },
    ],
    ['an earlier token', { query: { token: tokenOf('the-key', 999) } }],
    ['a later token of another key', { query: { token: tokenOf('other', 1_001) } }],
    ['a token twice', { query: { token: [tokenOf('the-key', 1_001)] } }],
    [
      'the token of a registration that was removed',
      { query: { token: tokenOf('the-key', 1_000) }, store: { tokens } },
    ],
    [
      'a later token where no key is known',
      { query: { token: tokenOf('the-key', 1_001) }, store: signed() },
    ],
  ])('%s does not', async (_case, delivery) => {
    const { answers, runs } = await deliver({ store: before(), ...delivery });
    expect(answers).toMatchObject([[401, {}]]);
    expect(runs).toEqual([]);
  });
});

describe('With a webhook made by hand', () => {
  const parameters = { registration: 'manual', secretToken: 'chosen-by-the-user-1234' };
  const query = { token: 'chosen-by-the-user-1234' };

  test('only the token of the user opens, not one of an earlier registration', async () => {
    expect((await deliver({ parameters, query })).runs).toHaveLength(1);
    const { answers } = await deliver({ parameters, store: signed(), signedWith: secret });
    expect(answers).toMatchObject([[401, {}]]);
  });

  test.each([query.token, ` "${query.token}" `])(
    'what gets copied along with a token does not matter, neither here nor there: %s',
    async (token) => {
      const copied = { ...parameters, secretToken: ` "${query.token}" ` };
      expect((await deliver({ parameters: copied, query: { token } })).runs).toHaveLength(1);
    },
  );

  test('a token and a secret may be numbers that come from expressions', async () => {
    const secretToken = 12345678901234567000;
    const numbers = { registration: 'manual', secretToken, options: { signingSecret: 7 } };
    const token = String(secretToken);
    const { runs } = await deliver({ parameters: numbers, query: { token }, signedWith: '7' });
    expect(runs).toHaveLength(1);
    const unsigned = await deliver({ parameters: numbers, query: { token } });
    expect(unsigned.answers).toMatchObject([[401, {}]]);
  });

  test.each([null, undefined, ''])('no token opens where it is %j', async (secretToken) => {
    const none = { registration: 'manual', secretToken };
    for (const given of ['', 'null', 'undefined']) {
      const { answers } = await deliver({ parameters: none, query: { token: given } });
      expect(answers).toMatchObject([[401, {}]]);
    }
  });

  test('a signing secret that the user entered is asked for', async () => {
    const withSecret = { ...parameters, options: { signingSecret: secret } };
    const unsigned = await deliver({ parameters: withSecret, query });
    expect(unsigned.answers).toMatchObject([[401, {}]]);
    expect(
      (await deliver({ parameters: withSecret, query, signedWith: secret })).runs,
    ).toHaveLength(1);
  });

  test.each([undefined, null, '', ' \n', '""', NaN, {}])(
    'a signing secret of %j lets nothing in, and the log says so',
    async (signingSecret) => {
      const empty = { ...parameters, options: { signingSecret } as IDataObject };
      for (const signedWith of [undefined, '', 'undefined', 'null', 'NaN', String(signingSecret)]) {
        const { answers, log, runs } = await deliver({ parameters: empty, query, signedWith });
        expect(answers).toEqual([[503, { message: 'Try again later' }]]);
        expect(log).toMatchObject([
          ['warn', expect.stringContaining('Signing Secret is empty'), {}],
        ]);
        expect(runs).toEqual([]);
      }
    },
  );
});

describe('A repeat', () => {
  test('starts nothing, and is known from what was stored after a restart, too', async () => {
    const { store } = await deliver();
    expect(store.recentEvents).toHaveLength(1);
    const repeat = await deliver({ store });
    expect(repeat.runs).toEqual([]);
    expect(repeat.answers).toEqual([[200, { message: 'Received' }]]);
    expect(repeat.log).toMatchObject([
      ['debug', expect.stringMatching(/: it is a repeat of an event that was handled$/), {}],
    ]);
    nodeId++;
    expect((await deliver({ store })).runs).toEqual([]);
  });

  test('is none for another trigger', async () => {
    await deliver();
    nodeId++;
    expect((await deliver()).runs).toEqual([event]);
  });

  test('is none of an event that was to be sent again', async () => {
    const { store } = await deliver({ answer: () => answered({}, 500) });
    expect((await deliver({ store })).runs).toEqual([event]);
  });

  test('is none of an event for which n8n did not start the workflow', async () => {
    for (const n8nAnswers of [500, 300, 299]) {
      expect((await deliver({ n8nAnswers })).runs).toEqual([event]);
      await setTimeout(20);
    }
    expect((await deliver()).runs).toEqual([]);
  });

  test('waits for n8n, which is starting the workflow, also where the sender has given up', async () => {
    const first = await deliver({ n8nAnswers: null });
    const repeats = [deliver(), deliver()];
    const other = await deliver({
      body: { ...sent, data: { id: 'vid_2', status: 'completed' } },
      answer: () => answered({ ...video, id: 'vid_2' }),
      n8nAnswers: null,
    });
    expect(other.store.recentEvents).toHaveLength(1); // it does not vouch for the first
    await setTimeout(50);
    expect(await Promise.race([...repeats, 'still waiting'])).toBe('still waiting');
    first.response.status(200).json({});
    for (const { runs, answers } of await Promise.all(repeats)) {
      expect(runs).toEqual([]);
      expect(answers).toEqual([[200, { message: 'Received' }]]);
    }
    other.response.status(500).json({});
  });

  test('is told to come again where n8n did not start the workflow', async () => {
    const first = await deliver({ n8nAnswers: null });
    const repeat = deliver();
    first.response.status(500).json({});
    expect((await repeat).answers).toEqual([[503, { message: 'Try again later' }]]);
    expect((await deliver()).runs).toEqual([event]);
  });

  test('is stored again while n8n starts the workflow, since it forgets what was written before', async () => {
    const { store, response } = await deliver({ n8nAnswers: null });
    delete store.recentEvents;
    await setTimeout(50);
    expect(store.recentEvents).toHaveLength(1);
    response.status(200).json({});
  });

  test('is not stored where n8n then fails to start the workflow', async () => {
    const { store, response } = await deliver({ n8nAnswers: null });
    await setTimeout(20);
    delete store.recentEvents;
    response.status(500).json({});
    await setTimeout(150);
    expect(store.recentEvents).toBeUndefined();
  });

  describe('where n8n has not started the workflow within a minute', () => {
    beforeEach(() => void jest.useFakeTimers());
    afterEach(() => void jest.useRealTimers());

    /** A repeat that comes so many milliseconds later, and waits for a minute at the most */
    const repeatAfter = async (milliseconds: number, delivery: Delivery = {}) => {
      await jest.advanceTimersByTimeAsync(milliseconds);
      const repeat = deliver(delivery);
      await jest.advanceTimersByTimeAsync(61_000);
      const { answers, runs } = await repeat;
      return runs.length > 0 ? 'starts' : answers[0][0];
    };

    test('is told to come again, and starts nothing once n8n has started it after all', async () => {
      const { response, store } = await deliver({ n8nAnswers: null });
      expect(await repeatAfter(0)).toBe(503);
      expect(await repeatAfter(300_000)).toBe(503);
      response.status(200).json({});
      expect(await repeatAfter(1_000)).toBe(200);
      expect(store.recentEvents).toHaveLength(1);
    });

    test('is taken for new once n8n says that it could not', async () => {
      const { response } = await deliver({ n8nAnswers: null });
      expect(await repeatAfter(300_000)).toBe(503);
      response.status(500).json({});
      expect(await repeatAfter(1_000)).toBe('starts');
    });

    test('starts nothing, though n8n lets the first one queue for hours', async () => {
      const { response } = await deliver({ n8nAnswers: null });
      expect(await repeatAfter(2 * 3_600_000)).toBe(503);
      response.status(200).json({});
      expect(await repeatAfter(1_000)).toBe(200);
    });

    test('is taken for new when n8n never says anything', async () => {
      await deliver({ n8nAnswers: null });
      expect(await repeatAfter(25 * 3_600_000)).toBe('starts');
    });
  });

  test.each<[string, Delivery]>([
    ['where the user wants repeats', { parameters: { options: { ignoreDuplicates: false } } }],
    ['where an expression says so', { parameters: { options: { ignoreDuplicates: 'false' } } }],
    ['while the editor listens', { mode: 'manual' }],
  ])('starts a run %s, and is not stored', async (_case, delivery) => {
    await deliver(delivery);
    const { runs, store } = await deliver(delivery);
    expect(runs).toEqual([event]);
    expect(store.recentEvents).toBeUndefined();
  });
});

describe('What the API says', () => {
  test('counts where the event says otherwise', async () => {
    const failed = { ...video, status: 'failed' };
    const { runs } = await deliver({ answer: () => answered(failed, 299) });
    expect(runs).toEqual([{ ...event, event: 'video.failed', video: failed }]);
  });

  test.each([false, 'false', ' False ', 'FALSE', 'no', 'off', 0, '0'])(
    'is not asked for where the user believes the events (%j)',
    async (confirmWithApi) => {
      const { asked, runs } = await deliver({ parameters: { options: { confirmWithApi } } });
      expect(asked).toEqual([]);
      expect(runs).toEqual([{ ...event, video: sent.data }]);
    },
  );

  test('is asked for all the same where the copy in the event is older than it', async () => {
    const delivery: Delivery = {
      parameters: { options: { confirmWithApi: false } },
      body: { id: 'evt_9', type: 'video.completed', data: { id: 'vid_1', status: 'processing' } },
    };
    const { asked, runs } = await deliver(delivery);
    expect(asked).toHaveLength(1);
    expect(runs).toMatchObject([{ event: 'video.completed', video }]);
    // The sender repeats it with the copy of now.
    const fresh = { id: 'evt_9', type: 'video.completed', data: video };
    const again = await deliver({ ...delivery, body: fresh });
    expect(again.runs).toHaveLength(0);
  });

  test.each([true, 'true', null, undefined, '', 1, NaN, 'falsehood', 'not false', [false]])(
    'is asked for where an expression gives %j',
    async (confirmWithApi) => {
      const { asked } = await deliver({ parameters: { options: { confirmWithApi } } });
      expect(asked).toHaveLength(1);
    },
  );

  describe('comes late', () => {
    beforeEach(() => void jest.useFakeTimers());
    afterEach(() => void jest.useRealTimers());

    const withoutLink = answered({ ...video, video_url: null });
    const running = answered({ ...video, status: 'processing' });
    const unknown = answered({}, 404);
    const deliverWith = async (...seen: ReturnType<typeof answered>[]) => {
      const delivery = deliver({ answer: () => (seen.length > 1 ? seen.shift()! : seen[0]) });
      await jest.advanceTimersByTimeAsync(10_000);
      const { asked, runs } = await delivery;
      return [asked.length, ...runs.map((run) => run.video)];
    };

    test.each<[string, ReturnType<typeof answered>[]]>([
      ['the link', [withoutLink, withoutLink]],
      ['that the video has ended', [running, running, running]],
      ['that there is such a video', [unknown, unknown]],
      ['that it has ended, and then the link', [running, withoutLink, withoutLink]],
    ])('%s: it is asked again', async (_case, seen) => {
      expect(await deliverWith(...seen, answered(video))).toEqual([seen.length + 1, video]);
    });

    test('and without the link in the end', async () => {
      expect(await deliverWith(withoutLink)).toEqual([4, withoutLink.body]);
    });

    test.each([
      ['a running video', running, 4],
      ['no such video', unknown, 3],
    ])('and is still %s: the event is to be sent again', async (_case, seen, count) => {
      expect(await deliverWith(seen)).toEqual([count]);
    });

    test.each([401, 500, 503])('but not after a refusal with %i', async (status) => {
      expect(await deliverWith(answered({}, status))).toEqual([1]);
    });
  });

  test('is not asked for again where there is no time left for it', async () => {
    jest.useFakeTimers();
    const delivery = deliver({
      before: ({ queue }) => queue.pauseFor(9_500),
      answer: () => answered({}, 404),
    });
    await jest.advanceTimersByTimeAsync(9_999);
    expect((await delivery).log).toMatchObject([['warn', expect.stringContaining('vid_1'), {}]]);
    jest.useRealTimers();
  });
});

test('which event it is, is what the API confirms: other event IDs make no other', async () => {
  const { store } = await deliver();
  const repeat = await deliver({ body: { ...sent, id: 'evt_2' }, store });
  expect([repeat.runs, repeat.asked]).toEqual([[], []]);
  const failed = { ...video, status: 'failed' };
  const again = { ...sent, type: 'video.failed', data: { id: 'vid_1' } };
  const { runs } = await deliver({ body: again, store, answer: () => answered(failed) });
  expect(runs).toMatchObject([{ event: 'video.failed' }]);
});

test('an event of the chosen avatar starts a run', async () => {
  const parameters = { 'options.avatarId': 'avatar_1' };
  expect((await deliver({ parameters })).runs).toEqual([event]);
});

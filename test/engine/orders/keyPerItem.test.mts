/** A credential whose key or Base URL is an expression. n8n signs all requests of a run with those of its first item. */
import { createVideo, errorOf, itemsOf, jsonOf, rows } from '../support.mts';
import { useLittleAccount } from '../kinds/littleAccount.mts';

const account = useLittleAccount();
const keysAsked = () => account.api.by('POST').map(({ headers }) => headers.authorization);

const items = ['alpha', 'beta', 'gamma'].map((client) => ({
  script: `For ${client}`,
  key: client,
}));

test.each(['={{ $json.key }}', '={{ $("Start").item.json.key }}'])(
  'with a key for each item (%s), nothing is ordered with that of the first',
  async (apiKey) => {
    const run = await account.run(createVideo(), { items, apiKey });
    expect(errorOf(run).message).toContain('gives item 2 another API key');
    expect(errorOf(run).description).toContain('Loop Over Items');
    expect(account.api.asked).toEqual([]);
  },
);

test.each([
  ['get', { videoId: { __rl: true, mode: 'id', value: 'video_1' } }],
  ['getAll', { returnAll: true }],
  ['download', { videoId: { __rl: true, mode: 'id', value: 'video_1' } }],
])('nothing is read with that of the first either: %s', async (operation, more) => {
  const parameters = { resource: 'video', operation, options: {}, ...more };
  const run = await account.run(parameters, { items, apiKey: '={{ $json.key }}' });
  expect(errorOf(run).message).toContain('gives item 2 another API key');
  expect(account.api.asked).toEqual([]);
});

test.each(['continueRegularOutput', 'continueErrorOutput'] as const)(
  'with %s, each item that was not sent says so',
  async (onError) => {
    const keys = { items, apiKey: '={{ $json.key }}', settings: { onError } };
    const run = await account.run(createVideo(), keys);
    const isErrorOutput = onError === 'continueErrorOutput';
    const failed = jsonOf(run, Number(isErrorOutput));
    expect(failed).toHaveLength(3);
    expect(failed).toEqual(items.map((item) => expect.objectContaining(item)));
    for (const { error } of failed) {
      expect(error).toMatch(
        /gives item 2 another API key.* than item 1\. Nothing was sent.*Loop Over Items/,
      );
    }
    if (isErrorOutput) expect(jsonOf(run)).toEqual([]);
    expect(itemsOf(run, Number(isErrorOutput)).map(({ pairedItem }) => pairedItem)).toEqual(
      [0, 1, 2].map((item) => expect.objectContaining({ item })),
    );
    expect(account.api.asked).toEqual([]);
  },
);

test('a key by item that is the same for these items is used for all', async () => {
  const ofOne = items.map((item) => ({ ...item, key: 'alpha' }));
  const run = await account.run(createVideo(), { items: ofOne, apiKey: '={{ $json.key }}' });
  expect(jsonOf(run)).toHaveLength(3);
  expect(keysAsked()).toEqual(Array(3).fill('Bearer alpha'));
});

test('an item alone is ordered with its own', async () => {
  const run = await account.run(createVideo(), {
    items: items.slice(1, 2),
    apiKey: '={{ $json.key }}',
  });
  expect(jsonOf(run)).toHaveLength(1);
  expect(keysAsked()).toEqual(['Bearer beta']);
});

test('a key that is the same for all items is used for all', async () => {
  const apiKey = '={{ $("Start").first().json.key }}';
  const run = await account.run(createVideo(), { items, apiKey });
  expect(jsonOf(run)).toHaveLength(3);
  expect(keysAsked()).toEqual(Array(3).fill('Bearer alpha'));
  const fixed = await account.run(createVideo(), { items: rows(2), apiKey: '={{ "sk_" + 1 }}' });
  expect(jsonOf(fixed)).toHaveLength(2);
});

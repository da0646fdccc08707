import type { FaultEffect } from '../../../sandbox/client.mts';
import { errorOf, itemsOf, jsonOf, runNode } from '../support.mts';
import { useSandbox } from './sandboxForTests.mts';

const sandbox = useSandbox();

const create = {
  resource: 'avatar',
  operation: 'create',
  name: '={{ $json.name }}',
  imageUrl: ' https://example.com/photo.jpg ',
  voiceId: 'voice_xyz789',
};

describe('Avatar: Create', () => {
  test('sends what the user entered and gives out the avatar, paired with its item', async () => {
    const items = [{ name: ' Anna ' }, { name: 'Ben' }];
    const run = await runNode(sandbox, create, { items });

    const { accepted, requests } = await sandbox.stats();
    expect(requests).toEqual({ 'POST /avatars': 2 });
    expect(accepted.map(({ body }) => body)).toEqual([
      { name: 'Anna', image_url: 'https://example.com/photo.jpg', voice_id: 'voice_xyz789' },
      { name: 'Ben', image_url: 'https://example.com/photo.jpg', voice_id: 'voice_xyz789' },
    ]);
    expect(itemsOf(run)).toEqual([
      { json: expect.objectContaining({ name: 'Anna' }), pairedItem: { item: 0 } },
      { json: expect.objectContaining({ name: 'Ben' }), pairedItem: { item: 1 } },
    ]);
    expect(jsonOf(run).map(({ id }) => id)).toEqual(accepted.map(({ id }) => id));
  });

  const lostOnTheWay: FaultEffect[] = [
    { type: 'reset', when: 'after' },
    { type: 'refuse', status: 502, when: 'after' },
    { type: 'truncate' },
  ];

  test.each(lostOnTheWay)(
    'finds an avatar again by its name when the answer is lost: %j',
    async (effect) => {
      const name = `Dora, ${Object.values(effect).join(' ')}`;
      await sandbox.fault({ ...effect, on: 'POST /avatars', containing: name });
      const items = [{ name: `${name}, the elder` }, { name: ` ${name} ` }].reverse();
      const run = await runNode(sandbox, create, { items });

      expect(errorOf(run).message).toBe('');
      const { accepted, requests } = await sandbox.stats();
      expect(requests).toEqual({ 'POST /avatars': 2, 'GET /avatars': 1 });
      const idOf = (wanted: string) => accepted.find(({ body }) => body.name === wanted)!.id;
      expect(jsonOf(run)).toMatchObject([
        { id: idOf(name), name },
        { id: idOf(`${name}, the elder`), name: `${name}, the elder` },
      ]);
    },
  );

  test('an avatar that was there before is not taken for the lost one', async () => {
    const avatars = await runNode(sandbox, create, { items: [{ name: 'Emil' }] });
    const [before] = jsonOf(avatars);
    await sandbox.resetStats();
    await sandbox.fault({ type: 'reset', on: 'POST /avatars' });
    const { message } = errorOf(await runNode(sandbox, create, { items: [{ name: 'Emil' }] }));

    expect((await sandbox.stats()).acceptedCount).toBe(0);
    expect(message).toMatch(/^Check this one: it is unclear whether/);
    expect(message).not.toContain(before.id);
  });

  test('sends fields that have no box of their own as they are', async () => {
    const field = [
      { name: 'gender', value: 'female' },
      { name: 'age', value: '31' },
      { name: 'tags', value: '["host","de"]' },
    ];
    await runNode(
      sandbox,
      { ...create, additionalFields: { field } },
      { items: [{ name: 'Cleo' }] },
    );
    const { accepted, unknownFields } = await sandbox.stats();
    expect(accepted[0].body).toMatchObject({ gender: 'female', age: 31, tags: ['host', 'de'] });
    expect(unknownFields).toEqual([
      'POST /avatars: gender',
      'POST /avatars: age',
      'POST /avatars: tags',
    ]);
  });
});

describe('Avatar: Get Many', () => {
  const getMany = { resource: 'avatar', operation: 'getAll' };

  test('gives out one item per avatar, newest first, paired with the item that asked', async () => {
    const run = await runNode(sandbox, { ...getMany, returnAll: true });
    const avatars = jsonOf(run);
    expect(avatars.length).toBeGreaterThanOrEqual(3);
    expect(avatars.at(-1)).toEqual({
      id: 'avatar_james01',
      name: 'James, News Desk',
      preview_url: `${sandbox.cdnUrl}/pictures/avatar_james01.svg`,
      created_at: '2025-01-15T10:30:00Z',
    });
    expect(itemsOf(run).every(({ pairedItem }) => pairedItem)).toBe(true);
    expect(errorOf(run).message).toBe('');
  });

  test('asks for no more than the limit', async () => {
    const run = await runNode(sandbox, { ...getMany, limit: 2 });
    expect(jsonOf(run)).toHaveLength(2);
    expect((await sandbox.stats()).requests).toEqual({ 'GET /avatars': 1 });
  });
});

/** A table holds the names of avatars, not their IDs. */
import type { INodeParameters } from 'n8n-workflow';

import { createVideo, errorOf, jsonOf, runNode } from '../support.mts';
import { useSandbox } from './sandboxForTests.mts';

const sandbox = useSandbox();
const byName = (value: string): INodeParameters => ({
  avatarId: { __rl: true, mode: 'name', value },
});

const sentAvatars = async () => (await sandbox.stats()).accepted.map(({ body }) => body.avatar_id);

test('By Name, each row gets its avatar, and the list is read once for all of them', async () => {
  const items = [
    { avatar: 'Maria, Friendly Host', script: 'One' },
    { avatar: ' james,  news desk ', script: 'Two' },
    { avatar: 'MARIA, FRIENDLY HOST', script: 'Three' },
  ];
  const run = await runNode(sandbox, createVideo(byName('={{ $json.avatar }}')), { items });
  expect(jsonOf(run).map(({ avatar_id }) => avatar_id)).toEqual([
    'avatar_maria01',
    'avatar_james01',
    'avatar_maria01',
  ]);
  const { requests } = await sandbox.stats();
  expect(requests).toEqual({ 'POST /videos': 3, 'GET /avatars': 1 });
});

test('it works for content, too', async () => {
  await runNode(sandbox, {
    resource: 'content',
    operation: 'generate',
    prompt: 'Tea',
    ...byName('Yuki, Product Coach'),
  });
  expect(await sentAvatars()).toEqual(['avatar_yuki01']);
});

test('a name that no avatar has: nothing is sent for the row, and the message names those there are', async () => {
  const run = await runNode(sandbox, createVideo(byName('Mariah')), { items: [{ script: 'One' }] });
  const { message, description } = errorOf(run);
  expect(message).toBe('"Avatar": No avatar is called "Mariah" in your iTeraBiz account');
  expect(description).toContain('Check the spelling. Your avatars are: ');
  expect(description).toContain('"Maria, Friendly Host"');
  expect(description).toContain('Nothing was sent for this item.');
  expect(await sentAvatars()).toEqual([]);
});

test('a name that two avatars have: the message gives their IDs', async () => {
  const create = {
    resource: 'avatar',
    operation: 'create',
    name: 'Twin',
    imageUrl: 'https://example.com/photo.jpg',
    voiceId: 'voice_1',
  };
  const twins = jsonOf(await runNode(sandbox, create, { items: [{}, {}] }));
  const run = await runNode(sandbox, createVideo(byName('twin')), { items: [{ script: 'One' }] });
  const { message, description } = errorOf(run);
  expect(message).toBe('"Avatar": 2 avatars are called "twin" in your iTeraBiz account');
  for (const { id } of twins) expect(description).toContain(`"${id}"`);
  expect((await sandbox.stats()).requests['POST /videos']).toBeUndefined();
});

test.each([
  ['{{ $json.avatar }}', 'is an expression that n8n did not fill in'],
  ['=#N/A', 'stands for a missing value'],
  ['={{ $json }}', 'is not text'],
])('%s is no name: it is refused, and no list is read for it', async (name, problem) => {
  const run = await runNode(sandbox, createVideo(byName(name)), { items: [{ script: 'One' }] });
  expect(errorOf(run).message).toMatch(new RegExp(`^"Avatar": .* ${problem}$`));
  expect((await sandbox.stats()).requests).toEqual({});
});

test('an empty name is refused like any empty field, and no list is read for it', async () => {
  const items = [{ script: 'One', avatar: ' ' }];
  const run = await runNode(sandbox, createVideo(byName('={{ $json.avatar }}')), { items });
  expect(errorOf(run).message).toBe('"Avatar" is empty');
  expect((await sandbox.stats()).requests).toEqual({});
});

/** A list may state an order in its own way. That does not make it another one, to be paid for again. */
import fc from 'fast-check';
import type { IDataObject } from 'n8n-workflow';

import { cases } from '../../shared/cases.mts';
import { createVideo, errorOf, jsonOf } from '../support.mts';
import { useLittleAccount } from './littleAccount.mts';

const account = useLittleAccount();

const SCRIPT =
  'Hello and welcome to our spring sale. We have 50 % off of "everything" - and it’s only this week. Grüße!';
const reusing = createVideo({ options: { whenVideoExists: 'reuse' } });

type Spelling = (job: IDataObject) => IDataObject;

/** How a list may state the avatar, the script, the rest, and where. */
const avatars: Record<string, Spelling> = {
  'as it is': (job) => job,
  'the avatar as an object': ({ avatar_id, ...job }) => ({ ...job, avatar: { id: avatar_id } }),
  'an object in avatar_id': (job) => ({ ...job, avatar_id: { id: job.avatar_id, name: 'James' } }),
  "a look's ID": (job) => ({ ...job, avatar_id: `${String(job.avatar_id)}_front` }),
  "the avatar's name": (job) => ({ ...job, avatar_id: undefined, avatar: 'James' }),
  'no avatar': (job) => ({ ...job, avatar_id: undefined }),
  "the avatar's path": (job) => ({ ...job, avatar_id: `avatars/${String(job.avatar_id)}` }),
  "the avatar's version": (job) => ({ ...job, avatar_id: `${String(job.avatar_id)}@2` }),
  "the avatar's ID in capitals": (job) => ({
    ...job,
    avatar_id: String(job.avatar_id).toUpperCase(),
  }),
  'a list of one avatar': (job) => ({ ...job, avatar_id: [job.avatar_id] }),
};
const withScript = (change: (script: string) => string): Spelling => {
  return (job) => ({ ...job, script: change(String(job.script)) });
};
const scripts: Record<string, Spelling> = {
  'as it is': (job) => job,
  'text for script': ({ script, ...job }) => ({ ...job, text: script }),
  'a script that is cut without dots': withScript((script) => script.slice(0, 60)),
  'a script that is cut within a word': withScript((script) => script.slice(0, 14)),
  'a script that is cut early, after a word': withScript((script) => script.slice(0, 24)),
  'a script that is cut after a number': withScript((script) => script.slice(0, 48)),
  'a script that is cut with dots': withScript((script) => `${script.slice(0, 20)}…`),
  'a script that is cut with [...]': withScript((script) => `${script.slice(0, 30)} [...]`),
  'a script that is cut with … (more)': withScript((script) => `${script.slice(0, 30)}… (more)`),
  'a script in capitals': withScript((script) => script.toUpperCase()),
  'signs as question marks': withScript((script) => script.replace(/[%"’]/g, '?')),
  'letters as question marks': withScript((script) => script.replace(/[^ -~]/g, '?')),
  'letters in another encoding': withScript((script) => Buffer.from(script).toString('latin1')),
  'signs after backslashes': withScript((script) => script.replace(/[%"-]/g, '\\$&')),
  'a script with its kind': (job) => ({ ...job, script: { type: 'text', input: job.script } }),
  'a list of one script': (job) => ({ ...job, script: [job.script] }),
  'a prompt besides': (job) => ({ ...job, prompt: 'A friendly host' }),
  'SSML around it': withScript((script) => `<speak><p>${script}</p></speak>`),
  'SSML within it': withScript((script) => script.replace('. ', '. <break time="0.5s"/> ')),
  'HTML entities': withScript((script) => script.replaceAll('"', '&quot;').replace('’', '&#39;')),
  'typographic signs': withScript((script) => script.replaceAll('"', '”').replace(' - ', ' – ')),
  'an NFD form': withScript((script) => script.normalize('NFD')),
  'other blanks': withScript((script) => ` ${script.replaceAll(' ', '\u00A0\n')}`),
  'no script': (job) => ({ ...job, script: undefined }),
};
const rests: Record<string, Spelling> = {
  'as it is': (job) => job,
  'a real length': (job) => ({ ...job, duration: 29.64 }),
  'a length as text': (job) => ({ ...job, duration: '30s' }),
  'a language without its region': (job) => ({ ...job, language: 'en' }),
  'a language as its name': (job) => ({ ...job, language: 'English' }),
};
const around = (name: string): Spelling => {
  return ({ id, status, created_at, ...input }) => ({ id, status, created_at, [name]: input });
};
const wrappers: Record<string, Spelling> = {
  'as it is': (job) => job,
  'input around the fields': around('input'),
  'request around the fields': around('request'),
};

/** Loses the answer to the first order, and then runs the same again with "Use the Existing One". */
async function loseAndRunAgain(spell: Spelling) {
  account.state = spell;
  account.post = (accept) => (accept(), { status: account.jobs.length > 1 ? 200 : 502 });
  const items = [{ script: SCRIPT }];
  const lost = await account.run(createVideo(), { items });
  const again = await account.run(reusing, { items });
  return [lost, again].map((run) => ({
    id: jsonOf(run)[0]?.id,
    message: errorOf(run).message,
  }));
}

const clear =
  /SSML|entities|typographic|NFD|blanks|text for|object|as text|around|no avatar|as it is/;
const all = { ...avatars, ...scripts, ...rests, ...wrappers };

test.each(Object.entries(all))('%s: paid once', async (name, spell) => {
  const [lost, again] = await loseAndRunAgain(spell);
  expect(account.jobs).toHaveLength(1);
  if (clear.test(name)) expect([lost.id, again.id]).toEqual(['video_1', 'video_1']);
  else {
    expect(lost.message).toMatch(/^Check this one: /);
    expect(again.message).toMatch(
      /^Nothing was sent: video video_1 may already be the video of item 1/,
    );
  }
});

test.each<[string, IDataObject]>([
  ['script', { script: 'Hello and welcome to our summer sale.' }],
  ['avatar', { avatar_id: 'avatar_james02' }],
])('another %s is another one, and does not stand in the way', async (_, other) => {
  account.add({ avatar_id: 'avatar_james01', script: SCRIPT, ...other });
  const run = await account.run(reusing, { items: [{ script: SCRIPT }] });
  expect(jsonOf(run)).toMatchObject([{ id: 'video_2', _iteraBizReused: false }]);
});

describe('A generated video that is listed with the script that AI wrote', () => {
  const generate = createVideo({
    ...{ resource: 'content', operation: 'generate', prompt: '={{ $json.script }}' },
    options: { whenVideoExists: 'reuse' },
  });
  const items = [{ script: SCRIPT }];
  const avatar_id = 'avatar_james01';

  test('may be the one of a prompt', async () => {
    account.add({ avatar_id, script: 'Hi there! Spring is here.' });
    const { message } = errorOf(await account.run(generate, { items }));
    expect(message).toMatch(/^Nothing was sent: video video_1 .* its Prompt is not in the list$/);
    expect(account.jobs).toHaveLength(1);
  });

  test.each(['before', 'after'])('is not, where a video listed %s states one', async (when) => {
    const one = { avatar_id, script: 'Hi there! Spring is here.' };
    const other = { avatar_id, prompt: 'Greet' };
    (when === 'before' ? [one, other] : [other, one]).forEach((job) => account.add(job));
    expect(jsonOf(await account.run(generate, { items }))).toMatchObject([{ id: 'video_3' }]);
  });

  test('is not of another avatar, and not in the way of a script', async () => {
    account.add({ avatar_id: 'avatar_james02', script: 'Hi there! Spring is here.' });
    account.add({ avatar_id, script: 'Spring is here.' });
    const run = await account.run(reusing, { items });
    expect(jsonOf(run)).toMatchObject([{ id: 'video_3' }]);
    account.jobs = account.jobs.filter(({ id }) => id === 'video_1');
    expect(jsonOf(await account.run(generate, { items }))).toMatchObject([{ id: 'video_2' }]);
  });
});

describe('What the list leaves out, although this process ordered it,', () => {
  const items = [{ script: SCRIPT }];
  const isReused = async () =>
    jsonOf(await account.run(reusing, { items }))[0]._iteraBizReused as boolean;
  afterEach(() => void jest.restoreAllMocks());
  const letMinutesPass = (minutes: number) => {
    const { now } = Date;
    jest.spyOn(Date, 'now').mockImplementation(() => now() + minutes * 60_000);
  };

  test.each<[string, number, boolean]>([
    ['is used while it may be too new for it', 4, true],
    ['was deleted or has failed, and is ordered again', 6, false],
  ])('%s: after %i minutes', async (_, minutes, isUsed) => {
    await isReused();
    account.list = () => ({ body: { data: [], has_more: false } });
    letMinutesPass(minutes);
    expect(await isReused()).toBe(isUsed);
  });

  test('or does not show clearly, is used for longer', async () => {
    account.state = (job) => ({ ...job, script: undefined });
    await isReused();
    letMinutesPass(6);
    expect(await isReused()).toBe(true);
  });
});

test('however it is spelled, in all of these ways at once, it is paid once', async () => {
  const one = (of: Record<string, Spelling>) => fc.constantFrom(...Object.keys(of));
  const spelling = fc.tuple(one(avatars), one(scripts), one(rests), one(wrappers));
  await fc.assert(
    fc.asyncProperty(spelling, async (names) => {
      account.jobs = [];
      account.apiKey += '_';
      await loseAndRunAgain((job) => names.reduce((stated, name) => all[name](stated), job));
      expect(account.jobs).toHaveLength(1);
    }),
    { numRuns: cases(25) },
  );
});

test('a list that comes with an error may lack videos: nothing is ordered a second time', async () => {
  const items = [{ script: SCRIPT }, { script: 'Another one' }];
  items.forEach((item) => account.add({ avatar_id: 'avatar_james01', ...item }));
  const error = { code: 'partial', message: 'A shard timed out' };
  account.list = ([newest]) => ({ body: { data: [newest], has_more: false, error } });
  const run = await account.run(reusing, { items });
  expect(errorOf(run).message).toContain('does not look like one from iTeraBiz');
  expect(account.jobs).toHaveLength(2);
});

describe('A list in pages of 20, although 100 are asked for, is read to its end', () => {
  test.each<[string, (hasMore: boolean) => IDataObject]>([
    ['that does not say whether there is more', () => ({})],
    ['that says so elsewhere', (has_more) => ({ pagination: { has_more } })],
    ['that says hasMore', (hasMore) => ({ hasMore })],
  ])('%s', async (_, says) => {
    for (let n = 0; n < 50; n++) {
      const created_at = new Date(Date.now() - (100 - n) * 60_000).toISOString();
      account.add({ avatar_id: 'avatar_james01', script: `Script ${n}`, created_at });
    }
    account.api.reply = (asked) => {
      if (asked.method !== 'GET' || asked.path !== '/videos') return account.reply(asked);
      const start = account.jobs.findIndex(({ id }) => id === asked.query.starting_after) + 1;
      const data = account.jobs.slice(start, start + 20);
      return { body: { data, ...says(start + 20 < account.jobs.length) } };
    };
    await account.run(reusing, { items: [{ script: 'Script 3' }] });
    const { apiKey, url: baseUrl } = account;
    const secrets = { iTeraBizApi: { apiKey, baseUrl, maxVideosPerDay: 45 } };
    await account.run(createVideo(), { items: [{ script: 'One more' }], secrets });
    expect(account.jobs).toHaveLength(50);
  });
});

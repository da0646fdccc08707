import fc from 'fast-check';
import type { IDataObject } from 'n8n-workflow';

import {
  compare,
  doubtsAbout,
  indexOrders,
  listOf,
  fingerprint,
  type Order,
} from '../../../nodes/ITeraBiz/account/sameOrder.ts';
import { cases } from '../../shared/cases.mts';

const video = (body: IDataObject): Order => ({ url: '/videos', body });
const content = (body: IDataObject): Order => ({ url: '/content/generate', body });
const body = { avatar_id: 'avatar_1', script: 'Hello there', language: 'en-US', duration: 45 };

/** What somebody may order: every field as this package sends it. */
const anyBody = fc.record({
  avatar_id: fc.stringMatching(/^avatar_[a-z0-9]{3}$/),
  script: fc
    .string({ minLength: 1 })
    .map((text) => text.trim())
    .filter((text) => text !== ''),
  language: fc.constantFrom('en-US', 'de-DE', 'zh-Hant-TW', 'fr'),
  duration: fc.integer({ min: 1, max: 3600 }),
});

/** The same, in ways that some API may write it down, by which it is still known. */
const written = ({ script, language, duration, ...rest }: IDataObject, look: boolean[]) => ({
  ...rest,
  script: look[0] ? `  ${String(script)}\n` : script,
  language: look[1] ? ` ${String(language).toLowerCase().replace(/-/g, '_')} ` : language,
  duration: look[2] ? `${String(duration)}.0 s` : duration,
  ...{ id: 'video_1', status: 'queued', video_url: null },
});
const looks = fc.tuple(fc.boolean(), fc.boolean(), fc.boolean());

test('a job is the same as its own order, however it is written down', () => {
  fc.assert(
    fc.property(anyBody, looks, (order, look) => {
      expect(compare(video(order), written(order, look))).toBe('same');
    }),
  );
});

/** What people write, and what APIs make of it. */
const spoken = fc
  .array(
    fc.constantFrom(
      'Hello',
      'you',
      'José',
      "it's",
      '"tea"',
      'fish & chips',
      '—',
      '5 < 6',
      'ok…',
      '👋',
      '\n\n',
    ),
    { minLength: 2, maxLength: 9 },
  )
  .map((words) => `We say ${words.join(' ')}.`);
const textSpellings: ((text: string) => string)[] = [
  (text) => text,
  (text) => text.normalize('NFD'),
  (text) => text.replace(/'/g, '’').replace(/"/g, '”').replace(/—/g, '-').replace(/…/g, '...'),
  (text) => text.replace(/\s+/g, ' '),
  (text) => text.replace(/ /g, '\u00A0'),
  (text) => text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/"/g, '&quot;'),
  (text) => `<speak>${text.replace(/ /, ' <break time="1s"/> ')}</speak>`,
  (text) => `\uFEFF${text.replace(/ /, '\u200B ')}`,
  (text) => text.toUpperCase(),
  (text) => text.replace(/[&<>👋]/gu, '?'),
  (text) => text.replace(/[&<]|👋 /gu, '\\$&'),
];
const lesser = {
  language: fc.constantFrom('en-US', 'EN_us', 'en', 'eng', 'English', null, undefined),
  duration: fc.constantFrom(45, '45', '45s', '45 sec', '45.0', 43.76, '00:45', 45_000, null),
};
const wrappers: ((fields: IDataObject) => IDataObject)[] = [
  (fields) => fields,
  ({ script, ...rest }) => ({ ...rest, text: script }),
  ({ avatar_id, ...rest }) => ({ ...rest, avatar: { id: avatar_id, name: 'Anna' } }),
  ({ avatar_id, ...rest }) => ({ ...rest, avatar_id: { id: avatar_id } }),
  (fields) => ({ input: fields }),
  ({ script, ...rest }) => ({ ...rest, request: { script } }),
  ({ avatar_id, ...rest }) => ({ ...rest, avatar_id: `${String(avatar_id)}_front` }),
  ({ script, ...rest }) => ({
    ...rest,
    script: `${String(script).normalize('NFC').slice(0, -4)}…`,
  }),
];
const spelled = fc.record({
  script: spoken,
  spell: fc.constantFrom(...textSpellings),
  wrap: fc.constantFrom(...wrappers),
  ...lesser,
});

test('random spellings of one order are the same or unclear, never another one', () => {
  fc.assert(
    fc.property(spelled, ({ script, spell, wrap, ...rest }) => {
      const order = video({ ...body, script });
      const listed = { id: 'video_1', ...wrap({ ...body, ...rest, script: spell(script) }) };
      const likeness = compare(order, listed);
      expect(likeness).not.toBe('other');
      expect(doubtsAbout(order, listed)?.length === 0).toBe(likeness === 'same');
    }),
    { numRuns: 500 },
  );
});

test('another script or another avatar is another order, however it is spelled', () => {
  fc.assert(
    fc.property(
      spelled,
      spoken,
      fc.boolean(),
      ({ script, spell, wrap, ...rest }, other, isAvatar) => {
        const order = video({ ...body, script });
        const differing = isAvatar ? { avatar_id: 'avatar_2' } : { script: spell(`No! ${other}`) };
        const listed = wrap({ ...body, ...rest, script: spell(script), ...differing });
        expect(compare(order, listed)).toBe('other');
        expect(indexOrders([{ order }])(listed, 'same')).toEqual([]);
      },
    ),
    { numRuns: 500 },
  );
});

test('fields that the list does not state say nothing, but its text has to be there', () => {
  const fields = fc.subarray(['avatar_id', 'language', 'duration', 'script'] as const);
  fc.assert(
    fc.property(anyBody, fields, fc.constantFrom(null, undefined, ' '), (order, left, none) => {
      const listed = { ...order, ...Object.fromEntries(left.map((field) => [field, none])) };
      expect(compare(video(order), listed)).toBe(left.includes('script') ? 'unclear' : 'same');
    }),
  );
});

/** What is left of a text where case, accents and other characters do not count. */
const letters = (text: string) =>
  text
    .toUpperCase()
    .normalize('NFKD')
    .replace(/[^\p{L}\p{N}]/gu, '');

test('another text or avatar makes it another order, any other field makes it unclear', () => {
  fc.assert(
    fc.property(
      anyBody,
      anyBody,
      fc.constantFrom('avatar_id', 'language', 'duration', 'script'),
      (order, other, field) => {
        const isCut = letters(order.script).startsWith(letters(other.script));
        fc.pre(order[field] !== other[field] && !isCut);
        const listed = { ...order, [field]: other[field] };
        const isDecisive = field === 'avatar_id' || field === 'script';
        expect(compare(video(order), listed)).toBe(isDecisive ? 'other' : 'unclear');
      },
    ),
  );
});

test.each<[string, Order, IDataObject, string]>([
  [
    'a script may be what AI wrote',
    content({ ...body, prompt: 'Hello there' }),
    { ...body, text: body.script },
    'unclear',
  ],
  [
    'a prompt is no script',
    video(body),
    { ...body, script: undefined, prompt: 'Hello there' },
    'other',
  ],
  ['the same script beside a prompt', video(body), { ...body, prompt: 'Greet' }, 'unclear'],
  ['that is the script again', video(body), { ...body, prompt: body.script }, 'same'],
  ['another one', video(body), { ...body, script: 'Bye', prompt: 'Greet' }, 'other'],
  ['a script as an object', video(body), { ...body, script: { input: body.script } }, 'unclear'],
  ['as a list', video(body), { ...body, script: [body.script], text: 'Bye' }, 'unclear'],
  ['in capitals', video({ script: 'Straße' }), { script: 'STRASSE' }, 'unclear'],
  ['without its emoji', video({ script: 'Hi 👋 José ❤️' }), { script: 'Hi ? José' }, 'unclear'],
  ['emoji alone', video({ script: '👋' }), { script: '??' }, 'unclear'],
  [
    'and is known by its prompt',
    content({ prompt: 'Greet' }),
    { prompt: 'Greet', script: 'Hi' },
    'same',
  ],
  ['a text that was cut short', video(body), { ...body, script: 'Hello…' }, 'unclear'],
  ['with three dots', video(body), { ...body, script: 'Hello ...' }, 'unclear'],
  ['with [...]', video(body), { ...body, script: 'Hello [...]' }, 'unclear'],
  ['with […]', video(body), { ...body, script: 'Hello […]' }, 'unclear'],
  ['with … (more)', video(body), { ...body, script: 'Hello… (more)' }, 'unclear'],
  ['with ... read more', video(body), { ...body, script: 'HELLO ... read more' }, 'unclear'],
  ['without dots, within a word', video(body), { ...body, script: 'Hello the' }, 'unclear'],
  ['a beginning that is short', video(body), { ...body, script: 'Hello' }, 'other'],
  [
    'a number that goes on',
    video({ script: 'Tip number 12' }),
    { script: 'Tip number 1' },
    'other',
  ],
  [
    'another long number',
    video({ script: 'Welcome to our course, episode 12' }),
    { script: 'Welcome to our course, episode 1' },
    'other',
  ],
  [
    'another letter after a number',
    video({ script: 'Welcome to our course, lesson 1b' }),
    { script: 'Welcome to our course, lesson 1' },
    'other',
  ],
  ['another part', video({ script: 'Part 1.' }), { script: 'Part 2.' }, 'other'],
  [
    'without dots, before a number in a word',
    video({ script: 'Send us your favorite song as an MP3 today' }),
    { script: 'Send us your favorite song as an MP' },
    'unclear',
  ],
  [
    'without dots, after a number',
    video({ script: 'Hello and welcome! You get 50 % off' }),
    { script: 'Hello and welcome! You get 50' },
    'unclear',
  ],
  [
    'without dots, after a word',
    video({ script: `${'word '.repeat(20)}end` }),
    { script: 'word '.repeat(12) },
    'unclear',
  ],
  [
    'a whole sentence',
    video({ script: `${'word '.repeat(12)}end. Bye.` }),
    { script: `${'word '.repeat(12)}end.` },
    'other',
  ],
  [
    'a list that cuts at 100 characters, where a sentence ends',
    video({ script: `${'word '.repeat(19)}ends. Bye.` }),
    { script: `${'word '.repeat(19)}ends.` },
    'unclear',
  ],
  [
    'or within a number',
    video({ script: `${'word '.repeat(19)}call 0800 555` }),
    { script: `${'word '.repeat(19)}call 0800 5` },
    'unclear',
  ],
  [
    'without dots, of twenty letters',
    video({ script: 'Welcome to our store and more' }),
    { script: 'Welcome to our store' },
    'unclear',
  ],
  [
    'of nineteen',
    video({ script: 'Welcome to our shop and more' }),
    { script: 'Welcome to our shop' },
    'other',
  ],
  ['cut within a tag', video({ script: 'Tea <break/> time' }), { script: 'Tea <bre…' }, 'unclear'],
  ['or an end tag', video({ script: '<p>Tea</p> time' }), { script: '<p>Tea</…' }, 'unclear'],
  ['or an entity', video({ script: 'Tea "time"' }), { script: 'Tea &quo…' }, 'unclear'],
  ['a look of the avatar', video(body), { ...body, avatar_id: 'avatar_1_front' }, 'unclear'],
  ['an avatar with a longer number', video(body), { ...body, avatar_id: 'avatar_12' }, 'other'],
  ['of a longer path', video(body), { ...body, avatar_id: 'avatars/avatar_12' }, 'other'],
  ['its path', video(body), { ...body, avatar_id: 'avatars/avatar_1' }, 'unclear'],
  ['its version', video(body), { ...body, avatar_id: 'avatar_1@2' }, 'unclear'],
  ['in another case', video(body), { ...body, avatar_id: 'Avatar_1' }, 'unclear'],
  ['in a list', video(body), { ...body, avatar_id: ['avatar_1'] }, 'unclear'],
  ['another one in a list', video(body), { ...body, avatar_id: ['avatar_2'] }, 'other'],
  [
    'the avatar of a look',
    video({ ...body, avatar_id: 'avatar_1_front' }),
    { ...body, avatar_id: 'avatar_1' },
    'unclear',
  ],
  ['an avatar by its name', video(body), { script: body.script, avatar: 'Anna' }, 'unclear'],
  [
    'an avatar as an object without an ID',
    video(body),
    { ...body, avatar_id: { name: 'Anna' } },
    'unclear',
  ],
  [
    'a text of its own for another avatar',
    video(body),
    { ...body, script: 'Hello…', avatar_id: 'avatar_2' },
    'other',
  ],
  ['nothing but markup', video({ script: '<a>' }), { script: '<a>' }, 'same'],
  ['but begins otherwise', video(body), { ...body, script: 'Hullo…' }, 'other'],
  ['dots alone', video(body), { ...body, script: '…' }, 'other'],
  ['dots of its own', video({ script: 'So…' }), { script: 'So…' }, 'same'],
  ['other line ends', video({ script: 'a\nb' }), { script: 'a\r\nb ' }, 'same'],
  ['accents made of two signs', video({ script: 'é' }), { script: 'e\u0301' }, 'same'],
  ['numbers as text', video({ ...body, script: '7' }), { ...body, script: 7 }, 'same'],
  ['not a number', video(body), { ...body, duration: 'long' }, 'unclear'],
  ['the real length', video(body), { ...body, duration: 43.76 }, 'unclear'],
  ['another length without a text', video(body), { duration: 30 }, 'unclear'],
  ['not a language', video(body), { ...body, language: 'English' }, 'unclear'],
  ['a language without its region', video(body), { ...body, language: 'en' }, 'unclear'],
  [
    'a further field',
    video({ ...body, background: 'office' }),
    { ...body, background: 'beach' },
    'unclear',
  ],
  ['that the list leaves out', video({ ...body, background: 'office' }), body, 'same'],
  [
    'that was sent empty',
    video({ ...body, background: null }),
    { ...body, background: 'plain' },
    'same',
  ],
  [
    'an object in another order',
    video({ ...body, look: { a: 1, b: [2] } }),
    { ...body, look: { b: ['2'], a: 1 } },
    'same',
  ],
  [
    'an object that differs',
    video({ ...body, look: { a: 1 } }),
    { ...body, look: { a: 2 } },
    'unclear',
  ],
  [
    'an avatar by its name',
    { url: '/avatars', body: { name: 'Anna', image_url: 'x' } },
    { name: 'Anna' },
    'same',
  ],
  ['of another name', { url: '/avatars', body: { name: 'Anna' } }, { name: 'Anne' }, 'other'],
  ['nothing that is stated', video(body), {}, 'unclear'],
])('%s', (_, order, listed, likeness) => {
  expect(compare(order, listed)).toBe(likeness);
});

/** How lists show letters that they cannot store, or read in the wrong way. */
const losses: Record<string, (text: string) => string> = {
  'as ?': (text) => text.replace(/[^ -~\s]/gu, '?'),
  'as one ? per byte': (text) =>
    text.replace(/[^ -~\s]/gu, (one) => '?'.repeat(Buffer.from(one).length)),
  'as U+FFFD': (text) => text.replace(/[^ -~\s]/gu, '\uFFFD'),
  'by names': (text) => text.replace(/[^ -~\s]/gu, '&uuml;'),
  'not at all': (text) => text.replace(/[^ -~\s]/gu, ''),
  'as two other letters': (text) => Buffer.from(text).toString('latin1'),
  'as ?, if not in Latin-1': (text) => text.replace(/[^\s -ÿ]/gu, '?'),
};

describe.each(Object.entries(losses))('A list that shows other letters %s', (_, lose) => {
  const texts = [
    'Grüße aus Köln',
    '„Grüße“ – 120 m² in Köln',
    'Zażółć gęślą jaźń',
    'İstanbul’da açık ™',
    'Ações e opções',
    'Tea 🍵 für Zoë',
    'Καλημέρα, Ελλάδα',
    'Привет! Как дела?',
    '你好吗？',
  ];

  test.each(texts)('does not tell whether %j is there', (script) => {
    const listed = { ...body, script: lose(script) };
    const likeness = listed.script === script ? 'same' : 'unclear';
    const order = video({ ...body, script });
    expect(compare(order, listed)).toBe(likeness);
    expect(indexOrders([{ order }])(listed, likeness)).toEqual([{ order }]);
  });

  test('tells other texts apart', () => {
    const listed = { ...body, script: lose('Grüße aus Köln und Berlin') };
    expect(compare(video({ ...body, script: 'Grüße aus Köln und Bonn' }), listed)).toBe('other');
  });

  test('may cut them short, too', () => {
    const script = 'Grüße aus Köln, Zoë!';
    const listed = { ...body, script: `${lose(script).slice(0, -4)}...` };
    const order = video({ ...body, script });
    expect(compare(order, listed)).toBe('unclear');
    expect(indexOrders([{ order }])(listed, 'unclear')).toEqual([{ order }]);
  });
});

test.each([
  ['你好吗？', '我很好？'],
  ['Привет, Анна?', 'Привет, Инна?'],
  ['iTeraBiz 你好?', 'iTeraBiz 再见?'],
])('a list that shows letters of all the world has lost none: %j is not %j', (script, listed) => {
  expect(compare(video({ script }), { script: listed })).toBe('other');
});

test.each([
  ['Hallo Herr Müller, willkommen', 'Hallo Herr Möller, willkommen', 'other'],
  ['Hallo Herr Müller, willkommen', 'Hallo Herr Möller, will...', 'other'],
  ['Café', 'Cafà', 'other'],
  ['Hallo Herr Müller', 'Hallo Herr MÃ¼ller', 'unclear'],
  ['Hallo Herr Müller', 'Hallo Herr Mller', 'unclear'],
  ['Zoë', 'Zo', 'unclear'],
  ['Hello 你好', 'Hello', 'unclear'],
])('a list that shows letters shows the right ones: %j, %j', (script, listed, likeness) => {
  expect(compare(video({ script }), { script: listed })).toBe(likeness);
});

test.each([
  [1080, '1080x1920'],
  [12, '12ab-34'],
  [5, [5, 6]],
  [2, '2:00'],
  [45, '45 min'],
  ['1080x1920', 1080],
  [45, '4s5'],
])('a number is not one with more to it: %j, %j', (seed, listed) => {
  expect(compare(video({ ...body, seed }), { ...body, seed: listed })).toBe('unclear');
});

test.each(['45', ' 45.0 ', '45s', '45 S', '45 sec', '45 sec.', '45 second', '45 seconds'])(
  'a duration of 45 seconds may be listed as %j',
  (duration) => {
    expect(compare(video(body), { ...body, duration })).toBe('same');
  },
);

test.each<[IDataObject, string]>([
  [{ ...body, duration: 43.76 }, 'its Duration (Seconds) is listed as 43.76, and this item has 45'],
  [{ ...body, script: 'Hello…' }, 'its Script is cut short in the list'],
  [
    { ...body, avatar_id: { name: 'Anna' } },
    'its Avatar is listed as {"name":"Anna"}, and this item has avatar_1',
  ],
  [
    { ...body, language: 'x'.repeat(40) },
    `its Language is listed as ${'x'.repeat(40)}, and this item has en-US`,
  ],
  [
    { ...body, language: 'x'.repeat(41) },
    `its Language is listed as ${'x'.repeat(40)}…, and this item has en-US`,
  ],
  [{ ...body, script: 'HELLO THERE' }, 'its Script is spelled differently in the list'],
  [{ ...body, script: ['Hello there'] }, 'its Script is not in the list'],
  [{ ...body, prompt: 'Greet' }, 'its Script is listed with a Prompt'],
  [
    { avatar_id: 'avatar_1_front', language: 'en' },
    'its Script is not in the list; its Avatar is listed as avatar_1_front, and this item has avatar_1; its Language is listed as en, and this item has en-US',
  ],
  [body, ''],
])('why %j is unclear', (listed, why) => {
  expect(doubtsAbout(video(body), listed)!.join('; ')).toBe(why);
});

test('of many orders, those are found that compare as the same', () => {
  fc.assert(
    fc.property(
      fc.array(anyBody, { maxLength: 8 }),
      fc.array(anyBody, { maxLength: 8 }),
      looks,
      (ours, others, look) => {
        const wanted = ours.map((one) => ({ order: video(one) }));
        const find = indexOrders(wanted);
        for (const listed of [...ours, ...others].map((one) => written(one, look))) {
          expect(find(listed, 'same')).toEqual(
            wanted.filter(({ order }) => compare(order, listed) === 'same'),
          );
        }
      },
    ),
  );
});

test('of many orders, those are found of which a text that was cut may be', () => {
  fc.assert(
    fc.property(
      fc.array(spoken, { maxLength: 8 }),
      fc.constantFrom(...textSpellings),
      fc.nat(20),
      fc.constantFrom('', '...', ' [...]', '… (more)'),
      (scripts, spell, end, mark) => {
        const wanted = scripts.map((script) => ({ order: video({ ...body, script }) }));
        const find = indexOrders(wanted);
        for (const script of scripts) {
          const listed = { ...body, script: `${spell(script).slice(0, end)}${mark}` };
          const unclear = wanted.filter(({ order }) => compare(order, listed) === 'unclear');
          expect(new Set(find(listed, 'unclear'))).toEqual(new Set(unclear));
        }
      },
    ),
    { numRuns: cases(100) },
  );
});

test('an entry with a title of its own, and without its text, may be any order', () => {
  const wanted = [{ order: video(body) }];
  const listed = { id: 'video_1', name: 'The video about our spring sale' };
  expect(indexOrders(wanted)(listed, 'unclear')).toEqual(wanted);
});

test('500 orders that begin alike are told apart without comparing each with each', () => {
  const script = (n: number) => `Hello and welcome, dear customer number ${n}: here is your offer.`;
  let reads = 0;
  const wanted = Array.from({ length: 500 }, (_, n) => {
    const order = video({ ...body, script: script(n) });
    return {
      n,
      get order() {
        reads += 1;
        return order;
      },
    };
  });
  const find = indexOrders(wanted);
  for (let n = 0; n < 500; n++) {
    const listed = { ...body, script: script(n + 250) };
    expect(find(listed, 'same').map((one) => one.n)).toEqual(n < 250 ? [n + 250] : []);
    expect(find(listed, 'unclear')).toEqual([]);
  }
  // A few for each order, where each with each would be 250,000.
  expect(reads).toBeLessThan(5_000);
});

test('orders that begin alike, to be skipped, are not compared with an entry that may be any of them', () => {
  let reads = 0;
  const wanted = Array.from({ length: 500 }, (_, n) => {
    const order = video({ ...body, script: `Hello and welcome, dear customer number ${n}` });
    return { n, order };
  });
  const counting = wanted.map(({ n, order }) => ({
    n,
    order: Object.defineProperty({ ...order }, 'body', { get: () => (reads++, order.body) }),
  }));
  const find = indexOrders(counting);
  reads = 0;
  const listed = { ...body, script: 'Hello and welcome…' };
  expect(find(listed, 'unclear', ({ n }) => n !== 7).map(({ n }) => n)).toEqual([7]);
  expect(reads).toBe(1);
});

test('an order has one name, whatever the order of its fields, and no other order has it', () => {
  fc.assert(
    fc.property(anyBody, anyBody, (one, other) => {
      const turned = Object.fromEntries(Object.entries(one).reverse());
      expect(fingerprint(video(one))).toBe(fingerprint(video(turned)));
      const isEqual = JSON.stringify(one) === JSON.stringify(other);
      expect(fingerprint(video(one)) === fingerprint(video(other))).toBe(isEqual);
      expect(fingerprint(video(one))).not.toBe(fingerprint(content(one)));
    }),
  );
});

test('the list that shows it', () => {
  expect([video(body), content(body), { url: '/avatars', body }].map(listOf)).toEqual([
    '/videos',
    '/videos',
    '/avatars',
  ]);
});

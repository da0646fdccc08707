import fc from 'fast-check';
import type { IDataObject } from 'n8n-workflow';

import {
  compare,
  finderOf,
  listOf,
  nameOf,
  type Order,
} from '../../../nodes/ITeraBiz/api/sameOrder.ts';

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

/** The same, as some API may write it down. */
const written = ({ script, language, duration, ...rest }: IDataObject, look: boolean[]) => ({
  ...rest,
  script: look[0] ? `  ${String(script)}\n` : script,
  language: look[1] ? String(language).toLowerCase().replace(/-/g, '_') : language,
  duration: look[2] ? `${String(duration)}.0` : duration,
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

test('fields that the list does not state say nothing, but its text has to be there', () => {
  const fields = fc.subarray(['avatar_id', 'language', 'duration', 'script'] as const);
  fc.assert(
    fc.property(anyBody, fields, fc.constantFrom(null, undefined, ' '), (order, left, none) => {
      const listed = { ...order, ...Object.fromEntries(left.map((field) => [field, none])) };
      expect(compare(video(order), listed)).toBe(left.includes('script') ? 'unclear' : 'same');
    }),
  );
});

test('one field that is stated and differs makes it another order', () => {
  fc.assert(
    fc.property(
      anyBody,
      anyBody,
      fc.constantFrom('avatar_id', 'language', 'duration', 'script'),
      (order, other, field) => {
        fc.pre(order[field] !== other[field] && !/(…|\.\.\.)\s*$/.test(other.script));
        expect(compare(video(order), { ...order, [field]: other[field] })).toBe('other');
      },
    ),
  );
});

test.each<[string, Order, IDataObject, string]>([
  ['a script is no prompt', content({ ...body, prompt: 'Hello there' }), body, 'other'],
  [
    'a prompt is no script',
    video(body),
    { ...body, script: undefined, prompt: 'Hello there' },
    'other',
  ],
  ['a generated one may tell its script, too', video(body), { ...body, prompt: 'Greet' }, 'other'],
  [
    'and is known by its prompt',
    content({ prompt: 'Greet' }),
    { prompt: 'Greet', script: 'Hi' },
    'same',
  ],
  ['a text that was cut short', video(body), { ...body, script: 'Hello…' }, 'unclear'],
  ['with three dots', video(body), { ...body, script: 'Hello ...' }, 'unclear'],
  ['but begins otherwise', video(body), { ...body, script: 'Hullo…' }, 'other'],
  ['dots alone', video(body), { ...body, script: '…' }, 'other'],
  ['dots of its own', video({ script: 'So…' }), { script: 'So…' }, 'same'],
  ['other line ends', video({ script: 'a\nb' }), { script: 'a\r\nb ' }, 'same'],
  ['accents made of two signs', video({ script: 'é' }), { script: 'e\u0301' }, 'same'],
  ['numbers as text', video({ ...body, script: '7' }), { ...body, script: 7 }, 'same'],
  ['not a number', video(body), { ...body, duration: 'long' }, 'other'],
  ['not a language', video(body), { ...body, language: 'English' }, 'other'],
  [
    'a further field',
    video({ ...body, background: 'office' }),
    { ...body, background: 'beach' },
    'other',
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
    'other',
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

test('of many orders, those are found that compare as the same', () => {
  fc.assert(
    fc.property(
      fc.array(anyBody, { maxLength: 8 }),
      fc.array(anyBody, { maxLength: 8 }),
      looks,
      (ours, others, look) => {
        const wanted = ours.map((one) => ({ order: video(one) }));
        const find = finderOf(wanted);
        for (const listed of [...ours, ...others].map((one) => written(one, look))) {
          expect(find(listed)).toEqual(
            wanted.filter(({ order }) => compare(order, listed) === 'same'),
          );
        }
      },
    ),
  );
});

test('an order has one name, whatever the order of its fields, and no other order has it', () => {
  fc.assert(
    fc.property(anyBody, anyBody, (one, other) => {
      const turned = Object.fromEntries(Object.entries(one).reverse());
      expect(nameOf(video(one))).toBe(nameOf(video(turned)));
      const isEqual = JSON.stringify(one) === JSON.stringify(other);
      expect(nameOf(video(one)) === nameOf(video(other))).toBe(isEqual);
      expect(nameOf(video(one))).not.toBe(nameOf(content(one)));
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

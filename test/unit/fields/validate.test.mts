import type { IDataObject } from 'n8n-workflow';

import {
  BadInput,
  checkBody,
  checkId,
  checkNumber,
  checkOptions,
  isOn,
} from '../../../nodes/ITeraBiz/fields/validate.ts';

/** What the user would read. */
function complaintOf(check: () => unknown): { message: string; description: string } {
  try {
    check();
  } catch (error) {
    if (error instanceof BadInput) return error.said;
    throw error;
  }
  throw new Error('It passed');
}

describe('A body that is ready to be sent', () => {
  const good: [string, IDataObject, IDataObject][] = [
    ['texts lose the blanks around them', { prompt: ' Hello \n' }, { prompt: 'Hello' }],
    ['a text keeps its lines', { script: 'One.\n\nTwo.' }, { script: 'One.\n\nTwo.' }],
    ['a number counts as a text', { name: 2025 }, { name: '2025' }],
    ['a duration stays a number', { duration: 45 }, { duration: 45 }],
    ['a duration may be a text', { duration: ' 45 ' }, { duration: 45 }],
    ['the shortest duration', { duration: 1 }, { duration: 1 }],
    ['the longest duration', { duration: 3600 }, { duration: 3600 }],
    ['a language gets its usual spelling', { language: 'EN-us' }, { language: 'en-US' }],
    ['a language may have an underscore', { language: 'pt_BR' }, { language: 'pt-BR' }],
    ['a language without a country', { language: 'fil' }, { language: 'fil' }],
    ['a language with a script', { language: 'zh-hant-tw' }, { language: 'zh-Hant-TW' }],
    ['a well-formed language unknown to us', { language: 'qqx-ZZ' }, { language: 'qqx-ZZ' }],
    [
      'an http image',
      { image_url: 'http://a.example/b.png' },
      { image_url: 'http://a.example/b.png' },
    ],
    [
      'an image with a query',
      { image_url: ' https://a.example/b?c=d%20e ' },
      { image_url: 'https://a.example/b?c=d%20e' },
    ],
    ['an ID', { avatar_id: ' avatar_abc-123 ' }, { avatar_id: 'avatar_abc-123' }],
    ['an ID of another make', { avatar_id: 'urn:av.1~x' }, { avatar_id: 'urn:av.1~x' }],
    [
      'unknown fields stay as they are',
      { style: { a: [1, null] }, x: '' },
      { style: { a: [1, null] }, x: '' },
    ],
    ['a field named like a method is unknown', { constructor: ' a ' }, { constructor: ' a ' }],
  ];

  test.each(good)('%s', (_, given, sent) => {
    expect(checkBody(given)).toEqual(sent);
  });

  test('the given body is left alone', () => {
    const given = { prompt: ' Hello ' };
    checkBody(given);
    expect(given).toEqual({ prompt: ' Hello ' });
  });
});

describe('A value that cannot be right', () => {
  const missing = [undefined, null, '', '   ', '\n\t'];
  const required: [string, string][] = [
    ['prompt', 'Prompt'],
    ['script', 'Script'],
    ['name', 'Name'],
    ['voice_id', 'Voice ID'],
    ['avatar_id', 'Avatar'],
    ['image_url', 'Image URL'],
    ['language', 'Language'],
    ['duration', 'Duration'],
  ];

  test.each(required)('%s without a value', (field, label) => {
    for (const value of missing) {
      const { message, description } = complaintOf(() => checkBody({ [field]: value }));
      expect(message).toBe(`"${label}" is empty`);
      expect(description).toContain(`Fill in "${label}"`);
      expect(description).toContain('Nothing was sent');
    }
  });

  const bad: [field: string, label: string, advice: string, values: unknown[]][] = [
    [
      'duration',
      'Duration',
      'whole number of seconds from 1 to 3600',
      [0, -5, 'abc', 1e9, 3601, 0.5, 1.5, '60s', '1:30', NaN, Infinity, '1e9'],
    ],
    [
      'language',
      'Language',
      'as in German, or its BCP-47 code, as in de-DE',
      [
        'xx-nonsense!',
        'Klingon',
        'en US',
        'e',
        '-en',
        'en-',
        'en--US',
        'en-US-toolongsubtag',
        '123',
        '*',
      ],
    ],
    [
      'avatar_id',
      'Avatar',
      'no spaces and no slashes',
      [
        'my avatar',
        'a/b',
        '../',
        '..',
        '.',
        '../../webhooks',
        'a..b',
        'a\\b',
        'a\nb',
        'a%2Fb',
        'a?b',
        'a#b',
        'ä',
        'a'.repeat(201),
      ],
    ],
    [
      'image_url',
      'Image URL',
      'begins with https://',
      [
        'javascript:alert(1)',
        'photo.jpg',
        '/photo.jpg',
        'example.com/photo.jpg',
        'data:image/png;base64,AAAA',
        'file:///etc/hosts',
        'ftp://example.com/a.jpg',
        'https://',
        'https://exa mple.com/a.jpg',
        'https://example.com:99999/a.jpg',
        'https:example.com/a.jpg',
        'x-https://example.com/a.jpg',
        'https://example.com/a b.jpg',
      ],
    ],
    ['prompt', 'Prompt', 'one single value', [{ text: 'Hi' }, ['Hi'], true, Number.NaN, Infinity]],
    ['duration', 'Duration', 'one single value', [[45], { seconds: 45 }, true]],
  ];

  test.each(bad)('%s', (field, label, advice, values) => {
    for (const value of values) {
      const body = { [field]: value } as IDataObject;
      const { message, description } = complaintOf(() => checkBody(body));
      const quoted = typeof value === 'string' ? value.trim() : '';
      expect(message).toContain(`"${label}"`);
      expect(message).toContain(quoted.slice(0, 60));
      expect(description).toContain(advice);
    }
  });

  test('a long value is quoted in part', () => {
    const { message } = complaintOf(() => checkBody({ image_url: 'x'.repeat(5000) }));
    expect(message.length).toBeLessThan(120);
    expect(message).toContain(`${'x'.repeat(60)}…`);
  });
});

test.each<[string, unknown, string]>([
  ['duration', 'soon', '"Duration": "soon" is not a length for a video'],
  ['language', 'Klingon', '"Language": "Klingon" is not a language'],
  ['image_url', 'photo', '"Image URL": "photo" is not a web address'],
  ['script', ['a'], '"Script": "["a"]" is not a text'],
])('the message names field and value: %s', (field, value, message) => {
  expect(complaintOf(() => checkBody({ [field]: value } as IDataObject)).message).toBe(message);
});

test('a switch that is neither on nor off says what it should be', () => {
  const { message, description } = complaintOf(() => isOn('maybe', 'Preview Only'));
  expect(message).toBe('"Preview Only": "maybe" is neither on nor off');
  expect(description).toMatch(/^Let it be true or false\. /);
});

test('a number that is none is quoted as one', () => {
  expect(complaintOf(() => checkNumber(Number.NaN, 'maxWait')).message).toMatch(
    /^"Max Wait \(Minutes\)": "NaN" is not a time to wait$/,
  );
});

test('a value is quoted in full as long as it is short', () => {
  const quotes = [60, 61].map(
    (length) => complaintOf(() => checkBody({ avatar_id: '/'.repeat(length) })).message,
  );
  expect(quotes).toEqual([
    `"Avatar": "${'/'.repeat(60)}" is not an ID`,
    `"Avatar": "${'/'.repeat(60)}…" is not an ID`,
  ]);
});

describe('An ID for an address', () => {
  test('may hold a word for nothing', () => {
    for (const id of ['nullable', 'annull', 'nan_1', 'undefined-2'])
      expect(checkId(id, 'Video')).toBe(id);
  });

  test('is text', () => {
    expect(checkId(' video_1 ', 'Video')).toBe('video_1');
    expect(checkId(17, 'Video')).toBe('17');
  });

  test('names its own field when it is none', () => {
    expect(complaintOf(() => checkId('../', 'Video')).message).toBe('"Video": "../" is not an ID');
    expect(complaintOf(() => checkId(undefined, 'Video')).message).toBe('"Video" is empty');
  });

  test('is none where an expression had nothing to give', () => {
    for (const value of [Number.NaN, 'NaN', 'undefined', 'null']) {
      expect(complaintOf(() => checkId(value, 'Video')).message).toMatch(
        `"Video": "${value}" is not`,
      );
    }
  });
});

describe('Numbers that are not sent', () => {
  const numbers: [string, string, unknown[], unknown[]][] = [
    ['limit', 'Limit', [1, '50', ' 7 ', 5_000], ['abc', -1, 0, 2.5, '2,5']],
    ['maxConcurrency', 'Max Concurrency', [1, '5'], ['many', 0, 1.5]],
    ['maxSeconds', 'Max Seconds', [1, '600'], ['10 min', 0, -5, 0.5]],
    ['maxVideos', 'Max Videos', [1, '10'], ['ten', 0, -1, 1.5]],
    ['maxWait', 'Max Wait (Minutes)', [0.5, '60', 1_440], ['60 min', 0, -1]],
    ['pollInterval', 'Poll Interval (Seconds)', [1, '10', 2.5], ['10s', 0, -2]],
  ];

  test.each(numbers)('%s', (name, label, good, bad) => {
    for (const value of good) {
      expect(checkOptions({ [name]: value as number })).toEqual({ [name]: Number(value) });
    }
    for (const value of [...bad, Number.NaN, Infinity, '', ' ', null, undefined, [10], {}, true]) {
      const { message, description } = complaintOf(() => checkNumber(value, name));
      expect(message).toContain(`"${label}"`);
      expect(description).toContain('Nothing was sent to iTeraBiz.');
      expect(() => checkOptions({ [name]: value as number })).toThrow(BadInput);
    }
    for (const value of bad) {
      const { message, description } = complaintOf(() => checkNumber(value, name));
      expect(message).toMatch(`"${label}": "${String(value)}" is not a `);
      expect(description).toMatch(/^Enter a (whole )?number/);
    }
  });

  test('other options stay as they are', () => {
    const options = { failedVideos: 'output', fileName: '', constructor: 'x' } as const;
    expect(checkOptions(options)).toEqual(options);
  });
});

test.each([
  [true, true],
  ['true', true],
  [false, false],
  ['false', false],
  ['', false],
  [undefined, false],
  [null, false],
])('a switch that is %j is on: %s', (value, on) => {
  expect(isOn(value, 'Preview Only')).toBe(on);
});

test.each([
  ['yes', '"yes"'],
  [1, '"1"'],
  [[true], '"[true]"'],
])('a switch is not %j', (value, quoted) => {
  expect(complaintOf(() => isOn(value, 'Preview Only')).message).toBe(
    `"Preview Only": ${quoted} is neither on nor off`,
  );
});

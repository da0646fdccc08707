import type { IDataObject } from 'n8n-workflow';

import {
  BadInput,
  checkBody,
  checkDailyLimit,
  checkId,
  checkNumber,
  checkOptions,
  checkStatus,
  isOn,
} from '../../../nodes/ITeraBiz/fields/validate.ts';

/** What the user would read. */
function complaintOf(check: () => unknown): { message: string; description: string } {
  try {
    check();
  } catch (error) {
    if (error instanceof BadInput) {
      const { message, description } = error;
      return { message, description };
    }
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
    ['a duration with its unit', { duration: '45 s' }, { duration: 45 }],
    ['a unit without a blank', { duration: '45s' }, { duration: 45 }],
    ['a longer unit', { duration: '45 sec' }, { duration: 45 }],
    ['the longest unit', { duration: '45 Seconds.' }, { duration: 45 }],
    ['a duration as a clock shows it', { duration: '0:45' }, { duration: 45 }],
    ['with minutes', { duration: '01:30' }, { duration: 90 }],
    ['a duration with a comma', { duration: '45,0' }, { duration: 45 }],
    ['with two zeros', { duration: '45.00' }, { duration: 45 }],
    ['the shortest duration', { duration: 1 }, { duration: 1 }],
    ['the longest duration', { duration: 3600 }, { duration: 3600 }],
    ['a language gets its usual spelling', { language: 'EN-us' }, { language: 'en-US' }],
    ['a language may have an underscore', { language: 'pt_BR' }, { language: 'pt-BR' }],
    ['a language without a country', { language: 'fil' }, { language: 'fil' }],
    ['a language with a script', { language: 'zh-hant-tw' }, { language: 'zh-Hant-TW' }],
    ['a language that the picker lacks', { language: 'gd-GB' }, { language: 'gd-GB' }],
    [
      'a language with a character that nobody sees',
      { language: 'en-US\u200b' },
      { language: 'en-US' },
    ],
    ['a duration with one', { duration: '45\u200b' }, { duration: 45 }],
    ['a language by its name', { language: ' german ' }, { language: 'de-DE' }],
    [
      'an http image',
      { image_url: 'http://a.example/b.png' },
      { image_url: 'http://a.example/b.png' },
    ],
    [
      'what was copied with quotes, and with an invisible character',
      { image_url: '"https://a.example/b"', voice_id: '“voice_1\u200b” ' },
      { image_url: 'https://a.example/b', voice_id: 'voice_1' },
    ],
    [
      'an image with a query',
      { image_url: ' https://a.example/b?c=d%20e ' },
      { image_url: 'https://a.example/b?c=d%20e' },
    ],
    ['an ID', { avatar_id: ' avatar_abc-123 ' }, { avatar_id: 'avatar_abc-123' }],
    [
      'an avatar as an object',
      { avatar_id: { id: 'avatar_1', name: 'A' } },
      { avatar_id: 'avatar_1' },
    ],
    [
      'a text that contains what would be nothing by itself',
      { script: 'What undefined, null, #N/A, [object Object] and {{ $json.script }} mean' },
      { script: 'What undefined, null, #N/A, [object Object] and {{ $json.script }} mean' },
    ],
    ['joiners within a text', { script: '👩‍🚀 flies' }, { script: '👩‍🚀 flies' }],
    ['an ID of another make', { avatar_id: 'urn:av.1~x' }, { avatar_id: 'urn:av.1~x' }],
    [
      'unknown fields stay as they are',
      { style: { a: [1, null], b: '#N/A' }, x: '', y: ' None', z: 0, on: false },
      { style: { a: [1, null], b: '#N/A' }, x: '', y: ' None', z: 0, on: false },
    ],
    [
      'an unknown field may hold nothing visible',
      { style: '\u200B', look: ' \uFEFFnone' },
      { style: '\u200B', look: ' \uFEFFnone' },
    ],
    ['Nan is a name', { name: 'Nan' }, { name: 'Nan' }],
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

describe('A value that is invalid', () => {
  const missing = [undefined, null, '', '   ', '\n\t', '\u200B', '\uFEFF \u2060\u00AD'];
  const required: [string, string][] = [
    ['prompt', 'Prompt'],
    ['script', 'Script'],
    ['name', 'Name'],
    ['voice_id', 'Voice ID'],
    ['avatar_id', 'Avatar'],
    ['image_url', 'Image URL'],
    ['language', 'Language'],
    ['duration', 'Duration (Seconds)'],
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
      'Duration (Seconds)',
      'whole number of seconds from 1 to 3600',
      [
        ...[0, -5, 'abc', 1e9, 3601, 0.5, 1.5, NaN, Infinity, '1e9', '0x10', '45,5', '-5', '0'],
        ...['45 min', '1 m', '0:45:00', '0:60', '1:2', '45 s s', '1,000,000', '61:00', 's', '4 5'],
      ],
    ],
    [
      'language',
      'Language',
      'such as German, or its BCP-47 code, such as de-DE',
      [
        ...['tbd', 'xx', 'und', 'qqx-ZZ'],
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
    ['prompt', 'Prompt', 'a single value', [{ text: 'Hi' }, ['Hi'], true, Number.NaN, Infinity]],
    ['avatar_id', 'Avatar', 'a single value', [{ name: 'Anna' }, ['avatar_1'], { id: null }]],
    ['avatar_id', 'Avatar', 'Enter it as text', [1_234_567_890_123_456_789]],
    ['duration', 'Duration (Seconds)', 'a single value', [[45], { seconds: 45 }, true]],
    ['duration', 'Duration (Seconds)', 'without periods or commas', ['1.000', '45,000', '1.000 s']],
    ['language', 'Language', 'Did you mean ja-JP?', ['jp', ' JP ']],
    ['language', 'Language', 'Did you mean zh-CN?', ['cn']],
    ['language', 'Language', 'Did you mean el-GR?', ['gr']],
    ...['prompt', 'script', 'name'].map((field): [string, string, string, unknown[]] => [
      field,
      field[0].toUpperCase() + field.slice(1),
      'Check the step or the spreadsheet that this item comes from',
      [
        ...[
          'undefined',
          'null',
          ' NaN ',
          'nan',
          '[object Object]',
          '[object Object],[object Object]',
        ],
        ...['#N/A', '#REF!', '#VALUE!', '#NAME?', '#DIV/0!', 'Loading...', 'Loading…', 'None'],
      ],
    ]),
    [
      'script',
      'Script',
      'from Fixed to Expression',
      ['{{ $json.script }}', '={{ $json.script }}', ' {{$json.a\n}} {{ $json.b }}'],
    ],
    [
      'style',
      'style',
      'Check the step or the spreadsheet that this item comes from',
      ['#N/A', 'undefined', ' [object Object]'],
    ],
    ['style', 'style', 'from Fixed to Expression', ['{{ $json.style }}']],
    ['style', 'style', 'make it point to a single value', [NaN, Infinity]],
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
  ['duration', 'soon', '"Duration (Seconds)": "soon" is not a valid duration'],
  ['language', 'Klingon', '"Language": "Klingon" is not a language'],
  ['image_url', 'photo', '"Image URL": "photo" is not a web address'],
  ['voice_id', '""', '"Voice ID" is empty'],
  ['script', ['a'], '"Script": "["a"]" is not text'],
  [
    'script',
    '{{ $json.a }}',
    '"Script": "{{ $json.a }}" is an expression that n8n did not fill in',
  ],
  ['avatar_id', 2 ** 53, '"Avatar": "9007199254740992" is not an exact ID'],
  ['voice_id', 2 ** 53, '"Voice ID": "9007199254740992" is not an exact ID'],
  ['voice_id', 1.5, '"Voice ID": "1.5" is not an exact ID'],
  ['duration', ' x ', '"Duration (Seconds)": "x" is not a valid duration'],
])('the message names field and value: %s', (field, value, message) => {
  expect(complaintOf(() => checkBody({ [field]: value } as IDataObject)).message).toBe(message);
});

test.each(['duration', 'script', 'language', 'image_url', 'avatar_id', 'style'])(
  'a very long value does not hold up n8n: %s',
  (field) => {
    const start = performance.now();
    const value = `4${' '.repeat(100_000)}5`;
    for (const text of [value, ` ${value}`, value.replaceAll(' ', '. '), `{{${value}`]) {
      try {
        checkBody({ [field]: text });
      } catch (error) {
        expect(error).toBeInstanceOf(BadInput);
      }
    }
    expect(performance.now() - start).toBeLessThan(1_000);
  },
);

test('a switch that is neither on nor off says what it should be', () => {
  const { message, description } = complaintOf(() => isOn('maybe', 'Preview Only'));
  expect(message).toBe('"Preview Only": "maybe" is neither on nor off');
  expect(description).toMatch(/^Use true or false\. /);
});

test.each(['', undefined, null, 0, '0'])('Max Videos per Day: %j is no limit', (value) => {
  expect(checkDailyLimit(value)).toBeUndefined();
});

test.each([50, '50', ' 50\n'])('Max Videos per Day: %j is one', (value) => {
  expect(checkDailyLimit(value)).toBe(50);
});

test.each(['fifty', -1, 1.5, '1e3', [50], {}, true])(
  'Max Videos per Day: %j is refused',
  (value) => {
    expect(complaintOf(() => checkDailyLimit(value))).toEqual({
      message: expect.stringMatching(/^"Max Videos per Day": ".+" is not a number of videos$/),
      description:
        'Enter a whole number such as 50 in the credential, or 0 for no limit. Nothing was sent for this item.',
    });
  },
);

test('a number that is none is quoted as one', () => {
  expect(complaintOf(() => checkNumber(Number.NaN, 'maxWait')).message).toMatch(
    /^"Max Wait \(Minutes\)": "NaN" is not a number above 0$/,
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
    expect(checkId('\u202A"video_1"\u200E', 'Video')).toBe('video_1');
  });

  test('names its own field when it is none', () => {
    expect(complaintOf(() => checkId('../', 'Video')).message).toBe('"Video": "../" is not an ID');
    expect(complaintOf(() => checkId(undefined, 'Video')).message).toBe('"Video" is empty');
  });

  test('is none where an expression had nothing to give', () => {
    for (const value of [Number.NaN, 'NaN', 'undefined', 'null']) {
      const problem = typeof value === 'number' ? 'is not text' : 'stands for a missing value';
      expect(complaintOf(() => checkId(value, 'Video')).message).toMatch(
        `"Video": "${value}" ${problem}`,
      );
    }
  });
});

describe('Numbers that are not sent', () => {
  const numbers: [string, string, unknown[], unknown[]][] = [
    ['limit', 'Limit', [1, '50', ' 7 ', 5_000], ['abc', -1, 0, 2.5, '2,5']],
    ['lookBack', 'Look Back (Days)', [30, '0.5', 0.125], ['a month', 0, -1]],
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
      expect(description).toContain('Nothing was sent for this item.');
      expect(() => checkOptions({ [name]: value as number })).toThrow(BadInput);
    }
    for (const value of bad) {
      const { message, description } = complaintOf(() => checkNumber(value, name));
      expect(message).toContain(`"${label}": "${String(value)}" is not a`);
      expect(message).toMatch(/ is not a (number above 0|whole number of at least \d)$/);
      expect(description).toMatch(/^Enter one without a unit, such as \d+\./);
    }
  });

  test('a table may write them with a comma, but not so that it could be two', () => {
    expect(checkOptions({ maxVideos: '50,0', pollInterval: '2,5' })).toEqual({
      maxVideos: 50,
      pollInterval: 2.5,
    });
    for (const maxVideos of ['1.000', '1,000']) {
      const { message, description } = complaintOf(() => checkOptions({ maxVideos }));
      expect(message).toBe(`"Max Videos": "${maxVideos}" can be read as two different numbers`);
      expect(description).toMatch(/^Write it without periods or commas/);
    }
  });

  test('other options stay as they are', () => {
    const options = { failedVideos: 'output', fileName: '', constructor: 'x' } as const;
    expect(checkOptions(options)).toEqual(options);
  });
});

describe('Switches and choices', () => {
  const switches = ['previewOnly', 'resubmitUnknown', 'holdWhileWaiting'];

  test.each(switches)('%s is on or off, however it is written', (name) => {
    for (const on of [true, 'true', ' TRUE ', 'yes', 1]) {
      expect(checkOptions({ [name]: on })).toEqual({ [name]: true });
    }
    for (const off of [false, 'false', 'FALSE', 'no', 0, '', undefined, null]) {
      expect(checkOptions({ [name]: off })).toEqual({ [name]: false });
    }
    expect(complaintOf(() => checkOptions({ [name]: 'maybe' })).message).toMatch(
      /^"[A-Z][\w ]+": "maybe" is neither on nor off$/,
    );
  });

  test.each([
    ['failedVideos', ['stop', 'output'], 'Failed Videos'],
    ['whenVideoExists', ['order', 'reuse'], 'When the Same Video Exists'],
  ])('%s is one of %j', (name, values, label) => {
    for (const value of values) {
      expect(checkOptions({ [name]: value })).toEqual({ [name]: value });
      expect(checkOptions({ [name]: ` ${value.toUpperCase()} ` })).toEqual({ [name]: value });
    }
    for (const value of ['never', '', undefined, null, true, {}]) {
      const { message, description } = complaintOf(() => checkOptions({ [name]: value }));
      expect(message).toContain(`"${label}"`);
      expect(description).toContain('Nothing was sent for this item.');
    }
    expect(complaintOf(() => checkOptions({ [name]: 'never' }))).toEqual({
      message: `"${label}": "never" is not one of the choices`,
      description: `Choose one from the list, or have the expression return ${values.join(' or ')}. Nothing was sent for this item.`,
    });
  });

  test('a choice may be given by its name', () => {
    expect(checkOptions({ whenVideoExists: 'use the existing one' })).toEqual({
      whenVideoExists: 'reuse',
    });
  });
});

test.each([
  ['completed', 'completed'],
  [' Completed ', 'completed'],
  ['done', 'completed'],
  ['Cancelled', 'failed'],
  ['PROCESSING', 'processing'],
  ['queued', 'queued'],
  ['running', 'running'],
  ['', undefined],
  [undefined, undefined],
  [null, undefined],
])('the status %j filters by %j', (value, status) => {
  expect(checkStatus(value)).toBe(status);
});

test('a status that is none is told with those there are', () => {
  expect(complaintOf(() => checkStatus('all'))).toEqual({
    message: '"Status": "all" is not a status',
    description:
      'Use one of queued, processing, completed, failed. Nothing was sent for this item.',
  });
});

test.each(['complted', 'all', 3, ['completed'], true])('%j is no status to filter by', (value) => {
  const { message, description } = complaintOf(() => checkStatus(value));
  expect(message).toMatch(/^"Status": ".*" is not (a status|text)$/);
  expect(description).toContain('Nothing was sent for this item.');
});

test.each([
  [true, true],
  ['true', true],
  ['TRUE', true],
  ['yes', true],
  [1, true],
  [false, false],
  ['false', false],
  ['FALSE', false],
  [0, false],
  ['', false],
  [undefined, false],
  [null, false],
])('a switch that is %j is on: %s', (value, on) => {
  expect(isOn(value, 'Preview Only')).toBe(on);
});

test.each([
  ['maybe', '"maybe"'],
  [2, '"2"'],
  [[true], '"[true]"'],
])('a switch is not %j', (value, quoted) => {
  expect(complaintOf(() => isOn(value, 'Preview Only')).message).toBe(
    `"Preview Only": ${quoted} is neither on nor off`,
  );
});

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { isForAi, readCampaign } from '../../../demo/campaign.mts';

const header = 'title,language,duration,script,prompt';

test('the campaign that comes along has rows of both kinds, in several languages', () => {
  const file = join(import.meta.dirname, '../../../demo/campaign.csv');
  const rows = readCampaign(readFileSync(file, 'utf8'));
  expect(rows.map(({ number }) => number)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  expect(rows.filter(isForAi).length).toBe(2);
  expect(new Set(rows.map(({ language }) => language)).size).toBe(8);
});

test('a file from a spreadsheet: BOM, semicolons, quotes, line breaks, empty lines, other columns', () => {
  const csv =
    '\ufeffTitle;Language; duration ;script;prompt;owner\r\n' +
    'Sale;de-DE;30;"Hallo; ""du""\nda";;Anna\r\n' +
    ';;;;;\r\n\r\n' +
    ';en-US;15;;About tea;\r\n';
  expect(readCampaign(csv)).toEqual([
    {
      number: 1,
      title: 'Sale',
      language: 'de-DE',
      duration: '30',
      script: 'Hallo; "du"\nda',
      prompt: '',
    },
    {
      number: 2,
      title: 'Row 2',
      language: 'en-US',
      duration: '15',
      script: '',
      prompt: 'About tea',
    },
  ]);
});

test.each([
  ['nothing', '', 'The campaign has no rows.'],
  ['only a header', header, 'The campaign has no rows.'],
  [
    'another table',
    'name,language,script\na,b,c',
    'The campaign lacks the columns title, duration, prompt. Its first line names the columns: title, language, duration, script, prompt.',
  ],
  [
    'one column too few',
    'title,language,duration,script\na,b,c,d',
    'The campaign lacks the column prompt.',
  ],
  ['a quote that never ends', `${header}\n"a,b,c,d,e`, 'cannot be read as a CSV file'],
  ['a row that is too short', `${header}\na,b`, 'cannot be read as a CSV file'],
])('%s is no campaign', (_, csv, message) => {
  expect(() => readCampaign(csv)).toThrow(message);
});

test.each([
  ['Say this', '', false],
  ['', 'About this', true],
  ['Say this', 'About this', false],
  // The node says what is missing.
  ['', '', false],
])('script "%s" and prompt "%s": for AI? %s', (script, prompt, answer) => {
  const row = { number: 1, title: '', language: '', duration: '', script, prompt };
  expect(isForAi(row)).toBe(answer);
});

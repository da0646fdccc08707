import type { IDataObject } from 'n8n-workflow';

import { api, errorOf, running } from './ordering.mts';

test.each([
  ['whenVideoExists', 'use', '"use" is not one of the choices'],
  ['whenVideoExists', null, 'is empty'],
  ['lookBack', 'ten', '"ten" is not a number of days'],
  ['lookBack', 0, 'is not a number of days'],
  ['lookBack', Number.NaN, 'is not a number of days'],
  ['previewOnly', 'maybe', 'is neither on nor off'],
  ['maxVideos', 'many', 'Max Videos'],
])('an option that is invalid refuses its row: %s %p', async (name, value, words) => {
  const options = { whenVideoExists: 'reuse', [name]: value } as IDataObject;
  const place = running({ options });
  expect((await errorOf(place)).message).toContain(words);
  expect(api.asked).toEqual([]);
});

import {
  comparableText,
  normalizeName,
  visibleText,
  wordsIn,
} from '../../../nodes/ITeraBiz/api/text.ts';

test.each([
  ['José', 'Jose\u0301', true],
  ['JOSE\u0301', 'josé', true],
  [' Anna  Maria ', 'anna maria', true],
  ['Anna\u00A0Maria', 'Anna Maria', true],
  ['An\u200Bna', 'Anna', true],
  ['İ', 'i\u0307', true],
  [7, '7', true],
  ['José', 'Jose', false],
  ['Weiß', 'Weiss', false],
  ['Anna Maria', 'Annamaria', false],
  ['', null, true],
  ['Anna', undefined, false],
])('%j and %j read the same: %s', (one, other, same) => {
  expect(normalizeName(one) === normalizeName(other)).toBe(same);
});

test.each([
  ['\u200B\uFEFF \u00AD\u2060', ''],
  [' a\u200Db ', 'ab'],
  ['a b', 'a b'],
])('of %j people see %j', (text, visible) => expect(visibleText(text)).toBe(visible));

test.each([
  ['&quot;Tea&quot; &amp; &#99;ake&#x21; &nbsp;', '"Tea" & cake!'],
  ['“Tea” – it’s… fine', '"Tea" - it\'s... fine'],
  ['<speak>Tea<break time="1s"/> time</speak>', 'Tea time'],
  ['<!-- Now --><p>Tea</p><p>time</p><?end of it?>', 'Tea time'],
  ['&#x10FFFF;', '\u{10FFFF}'],
  ['Tea\r\n\t time\u200B', 'Tea time'],
  ['5 < 6 and 7 > 3', '5 < 6 and 7 > 3'],
  ['&unknown; &#0; &#x110000;', '&unknown; &#0; &#x110000;'],
  ['ﬁne e\u0301', 'fine é'],
])('%j is compared as %j', (text, expected) => {
  expect(comparableText(text)).toBe(expected);
  expect(comparableText(expected)).toBe(expected);
});

test.each([
  ['Tea, 50\\% off!', 'TEA 50 OFF'],
  ['avatars/avatar_1@2', 'AVATARS AVATAR 1 2'],
  ['Núñez’ Straße', 'NUNEZ STRASSE'],
  ['👋 ❤️ …', ''],
  ['你好，世界', '你好 世界'],
])('%j has the words %j', (text, words) => expect(wordsIn(text)).toBe(words));

import { withFields } from '../../../nodes/ITeraBiz/fields/fields.ts';

const valueOf = (value: unknown) => withFields({}, [{ name: 'x', value: value as string }]).x;

describe('Additional fields', () => {
  test.each([
    ['text', 'office', 'office'],
    ['text with blanks', ' office ', ' office '],
    ['nothing', '', ''],
    ['a number', '12.5', 12.5],
    ['a number in quotes', '"12"', '12'],
    ['a number that JavaScript would round', '1234567890123456789', '1234567890123456789'],
    ['true', 'true', true],
    ['null', 'null', null],
    ['a list', '["a", 1]', ['a', 1]],
    ['an object', '{"a": {"b": 1}}', { a: { b: 1 } }],
    ['broken JSON', '{"a": ', '{"a": '],
    ['a value from an expression', { a: 1 }, { a: 1 }],
    ['a number from an expression', 7, 7],
    ['a list from an expression', [7], [7]],
  ])('%s', (_, given, sent) => {
    expect(valueOf(given)).toEqual(sent);
  });

  test('join the fields that are there, the later one wins', () => {
    const fields = [
      { name: ' style ', value: 'dark' },
      { name: 'style', value: 'light' },
      { name: '', value: 'lost' },
      { value: 'lost' },
      { name: '  ', value: 'lost' },
    ];
    expect(withFields({ prompt: 'Hi' }, fields)).toEqual({ prompt: 'Hi', style: 'light' });
  });

  test('reach no further than the body', () => {
    const body = withFields({}, [{ name: '__proto__', value: '{"polluted": true}' }]);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
    expect(JSON.stringify(body)).toBe('{"__proto__":{"polluted":true}}');
  });
});

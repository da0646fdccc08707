import { unreadableItems } from '../../../nodes/ITeraBiz/run/readable.ts';

/** Evaluates like n8n does, but only notes what it is asked, and fails where told. */
function evaluating(failsFor?: [string, number]) {
  const asked: string[] = [];
  const evaluate = (expression: string, item: number) => {
    asked.push(`${item}: ${expression}`);
    if (expression === failsFor?.[0] && item === failsFor[1]) throw new Error('no such node');
  };
  return { asked, evaluate };
}

const parameters = {
  script: '={{ $json.script }}',
  avatarId: { __rl: true, mode: 'id', value: '={{ $json.avatar }}' },
  additionalFields: { fields: [{ name: 'tone', value: '=x' }] },
  language: 'en-US',
  duration: 30,
  empty: null,
  none: undefined,
};

test('tries every expression, however deep, for every item', () => {
  const { asked, evaluate } = evaluating();
  expect(unreadableItems(parameters, [0, 1], evaluate)).toEqual([]);
  expect(asked).toEqual([
    '0: {{ $json.script }}',
    '0: {{ $json.avatar }}',
    '0: x',
    '1: {{ $json.script }}',
    '1: {{ $json.avatar }}',
    '1: x',
  ]);
});

test('names the items for which one fails', () => {
  expect(unreadableItems(parameters, [0, 1, 2], evaluating(['x', 2]).evaluate)).toEqual([2]);
  expect(unreadableItems(parameters, [0, 1], evaluating(['x', 2]).evaluate)).toEqual([]);
});

test('text that is no expression is not tried', () => {
  const { asked, evaluate } = evaluating();
  expect(unreadableItems({ script: 'a = b', number: 5 }, [0, 1], evaluate)).toEqual([]);
  expect(asked).toEqual([]);
});

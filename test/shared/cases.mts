import fc from 'fast-check';

/** How many cases to try a property with: `count` in `npm test`, `long` in `npm run test:long`. */
export function cases(count: number, long = 10 * count): number {
  return process.env.npm_lifecycle_event === 'test:long' ? long : count;
}

/** Any characters, halves of a pair among them. (`unit: 'binary'` would first list all 1.1 million.) */
export const anyText = () =>
  fc.string({ unit: fc.nat(0x10ffff).map((code) => String.fromCodePoint(code)) });

/** How many cases to try a property with: `count` in `npm test`, `long` in `npm run test:long`. */
export function cases(count: number, long = 10 * count): number {
  return process.env.npm_lifecycle_event === 'test:long' ? long : count;
}

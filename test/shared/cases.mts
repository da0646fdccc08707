/** How many cases to try a property with: `count` in `npm test`, ten times that in `npm run test:long`. */
export function cases(count: number): number {
  return process.env.npm_lifecycle_event === 'test:long' ? 10 * count : count;
}

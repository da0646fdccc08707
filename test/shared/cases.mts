/** How many cases a property is tried with: so many by `npm test`, ten times as many by `npm run test:long`. */
export function cases(count: number): number {
  return process.env.npm_lifecycle_event === 'test:long' ? 10 * count : count;
}

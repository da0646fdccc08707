/**
 * Whether every expression in a node's parameters can be evaluated for every item.
 *
 * @param parameters as a user wrote them: a text that begins with `=` is an expression
 * @param items how many there are
 * @param evaluate throws where n8n would stop the node
 */
export function areReadable(
  parameters: unknown,
  items: number,
  evaluate: (expression: string, item: number) => unknown,
): boolean {
  const expressions = expressionsIn(parameters);
  try {
    for (let item = 0; item < items; item++) {
      expressions.forEach((expression) => evaluate(expression, item));
    }
    return true;
  } catch {
    return false;
  }
}

function expressionsIn(value: unknown): string[] {
  if (typeof value === 'string') return value.startsWith('=') ? [value.slice(1)] : [];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(expressionsIn);
}

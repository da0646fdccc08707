/**
 * The items for which an expression in a node's parameters fails.
 *
 * @param parameters as a user wrote them: a text that begins with `=` is an expression
 * @param items which ones to try
 * @param evaluate throws where n8n would stop the node
 */
export function unreadableItems(
  parameters: unknown,
  items: number[],
  evaluate: (expression: string, item: number) => unknown,
): number[] {
  const expressions = expressionsIn(parameters);
  return items.filter((item) => {
    try {
      expressions.forEach((expression) => evaluate(expression, item));
      return false;
    } catch {
      return true;
    }
  });
}

function expressionsIn(value: unknown): string[] {
  if (typeof value === 'string') return value.startsWith('=') ? [value.slice(1)] : [];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(expressionsIn);
}

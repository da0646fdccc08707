/**
 * Lints OpenAPI files with Redocly's recommended rules and prints, as JSON, a list of findings for
 * each. A process of its own, since the linter is an ES module and Jest loads CommonJS.
 */
import { createConfig, lint } from '@redocly/openapi-core';

const config = await createConfig({ extends: ['recommended'] });
const results = await Promise.all(process.argv.slice(2).map((ref) => lint({ ref, config })));
console.log(
  JSON.stringify(
    results.map((findings) =>
      findings.map(({ severity, ruleId, message, location }) => ({
        severity,
        ruleId,
        message,
        at: location.map(({ pointer }) => pointer),
      })),
    ),
  ),
);

// The code that is not shipped (sandbox, tests, demo, bench, scripts). The shipped code has n8n's own
// rules, in eslint.config.mjs, which n8n asks a verified package to leave as it is.
import tseslint from 'typescript-eslint';

export default tseslint.config(
  { ignores: ['dist', 'coverage', 'reports', '**/node_modules', '**/*.ts'] },
  {
    files: ['**/*.mts', '**/*.mjs', '**/*.js'],
    extends: [tseslint.configs.recommended, tseslint.configs.stylistic],
    rules: {
      '@typescript-eslint/no-require-imports': 'off',
      '@typescript-eslint/consistent-type-imports': 'error',
      eqeqeq: 'error',
      'no-constant-condition': 'error',
    },
  },
);

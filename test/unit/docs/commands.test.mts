/** The commands that documents name exist, and those that exist are named. */
import { documents, files, read } from './markdown.mts';

const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };

/** Parts of other scripts, for nobody to call. */
const PARTS = ['setup', 'ready', 'lint:shipped', 'lint:tools', 'lint:format', 'typecheck:tools'];

/** What npm runs without `run`. */
const SHORT = ['test', 'start'];

/** The commands for npm in the code of a document, as `npm run demo`. */
function commandsIn(markdown: string): string[] {
  const code = markdown.match(/^```[^]*?^```$|`[^`\n]+`/gm) ?? [];
  return code.flatMap((text) => text.match(/\bnpm (run )?[a-z][\w:-]*/g) ?? []);
}

/** Commands of npm's own that a user is told. */
const OF_NPM = ['npm install'];

const exists = (command: string) => {
  if (OF_NPM.includes(command)) return true;
  const [, run, name] = /^npm (run )?(.*)$/.exec(command)!;
  return name in scripts && (run !== undefined || SHORT.includes(name));
};

test.each(documents)('%s names no command that is not there', (path) => {
  expect(commandsIn(read(path)).filter((command) => !exists(command))).toEqual([]);
});

test('There is something to check', () => {
  expect(commandsIn(read('CONTRIBUTING.md')).length).toBeGreaterThan(5);
  expect(exists('npm run demo')).toBe(true);
  expect(exists('npm demo')).toBe(false);
  expect(exists('npm run dmeo')).toBe(false);
});

test('CONTRIBUTING names every command', () => {
  const named = commandsIn(read('CONTRIBUTING.md'));
  const unnamed = Object.keys(scripts)
    .filter((name) => !PARTS.includes(name))
    .filter((name) => !named.some((command) => command.replace(/^npm (run )?/, '') === name));
  expect(unnamed).toEqual([]);
});

test('What a script or workflow runs is there', () => {
  const callers = files.filter((path) => /^\.(ci|github\/workflows)\//.test(path));
  const called = callers.flatMap((path) => read(path).match(/\bnpm run [a-z][\w:-]*/g) ?? []);
  const parts = Object.values(scripts).flatMap(
    (script) =>
      script.match(/\bnpm run (?:--silent )?[a-z][\w:-]*|\bnpm:[a-z][\w-]*(?!\S*\*)[\w:-]*/g) ?? [],
  );
  const all = [...called, ...parts].map((command) =>
    command.replace('--silent ', '').replace('npm:', 'npm run '),
  );
  expect(all.length).toBeGreaterThan(10);
  expect(all.filter((command) => !exists(command))).toEqual([]);
});

/** What is installed for development is there for something. */
import { files, read, section, table } from '../docs/markdown.mts';
import { modulesOf } from './modules.mts';

interface Manifest {
  scripts: Record<string, string>;
  devDependencies: Record<string, string>;
}

const { scripts, devDependencies } = JSON.parse(read('package.json')) as Manifest;

/** `@scope/name/file` is of `@scope/name`. */
const packageOf = (module: string) => /^(@[^/]+\/)?[^/]*/.exec(module)![0];

const code = files.filter((path) => /\.(ts|mts|mjs|js)$/.test(path));

const used = new Set([
  ...code.flatMap((path) => modulesOf(read(path)).map(({ name }) => packageOf(name))),
  // What a script calls, and what a configuration names as text.
  ...Object.values(scripts).flatMap((script) =>
    script.split(' ').map((word) => packageOf(word.replace(/^node_modules\//, ''))),
  ),
  ...code
    .filter((path) => /config/.test(path))
    .flatMap((path) => read(path).match(/(?<=')[^'\s]+(?=')/g) ?? []),
]);

const { compilerOptions } = JSON.parse(read('tsconfig.tools.json')) as {
  compilerOptions: { types: string[] };
};

/** Types are for a package that is used, or for what all code may use. */
const isTyping = (name: string) =>
  name.startsWith('@types/') &&
  [...used, ...compilerOptions.types].includes(name.replace('@types/', ''));

const explained = table(section(read('CONTRIBUTING.md'), 'Development packages'), 'Package').map(
  ({ Package }) => Package.replaceAll('`', ''),
);

const isNeeded = (name: string) => used.has(name) || isTyping(name);

test('There is something to check', () => {
  expect(used.size).toBeGreaterThan(20);
  expect(isNeeded('left-pad')).toBe(false);
  expect(isNeeded('@types/left-pad')).toBe(false);
});

test('Every development package is used, or CONTRIBUTING says what it is for', () => {
  const unknown = Object.keys(devDependencies).filter(
    (name) => !isNeeded(name) && !explained.includes(name),
  );
  expect(unknown).toEqual([]);
});

test('CONTRIBUTING explains no package that is not there', () => {
  expect(explained.filter((name) => !(name in devDependencies))).toEqual([]);
});

test('Every development package is pinned to one version', () => {
  const loose = Object.entries(devDependencies).filter(
    ([, version]) => !/^(npm:[^@]+@)?\d+\.\d+\.\d+$/.test(version),
  );
  expect(loose).toEqual([]);
});

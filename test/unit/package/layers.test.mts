/** The layers of nodes/ITeraBiz: which may import which. CONTRIBUTING shows them as a map. */
import { dirname, posix } from 'node:path';

import { read, section } from '../docs/markdown.mts';
import { modulesOf, shipped, sourceOf } from './modules.mts';

/** From top to bottom. A file imports from its own layer and from those below. */
const LAYERS = [
  '*.node.ts',
  'resources',
  'operations',
  'waiting',
  'orders',
  'webhook',
  'polling',
  'run',
  'account',
  'client',
  'fields',
  'messages',
  'api',
];

const HOME = 'nodes/ITeraBiz/';

interface Import {
  from: string;
  /** Of the file that is imported */
  to: string;
  line: number;
}

const files = shipped.filter((path) => path.startsWith(HOME)).map((path) => path.replace(HOME, ''));

const imports = files.flatMap((from) =>
  modulesOf(sourceOf(HOME + from))
    .filter(({ name }) => name.startsWith('.'))
    .map(({ name, line }): Import => {
      const path = posix.join(dirname(from), name);
      const to = [`${path}.ts`, `${path}/index.ts`].find((file) => files.includes(file)) ?? path;
      return { from, to, line };
    }),
);

function layerOf(file: string): string {
  return file.includes('/') ? file.split('/')[0] : '*.node.ts';
}

/** The imports that lead up, or to where no layer is, as lines to go to. */
function upward(all: Import[]): string[] {
  const floor = (file: string) => LAYERS.indexOf(layerOf(file));
  return all
    .filter(({ from, to }) => floor(to) < floor(from) || floor(to) === -1)
    .map(({ from, to, line }) => `${HOME}${from}:${line} imports ${to}, which does not lie below`);
}

/** The first circle there is: each file imports the next, and the last one the first. */
function circle(all: Import[]): string[] {
  const done = new Set<string>();
  const walk = (file: string, way: string[]): string[] => {
    if (way.includes(file)) return [...way.slice(way.indexOf(file)), file];
    if (done.has(file)) return [];
    const next = all.filter(({ from }) => from === file).map(({ to }) => to);
    const found = next.map((to) => walk(to, [...way, file])).find(({ length }) => length > 0);
    done.add(file);
    return found ?? [];
  };
  return all.map(({ from }) => walk(from, [])).find(({ length }) => length > 0) ?? [];
}

test('There is something to check', () => {
  expect(imports.length).toBeGreaterThan(100);
  expect([...new Set(files.map(layerOf))].sort()).toEqual([...LAYERS].sort());
});

test('Imports lead down, from layer to layer', () => {
  expect(upward(imports)).toEqual([]);
});

test('No file imports itself by way of others', () => {
  expect(circle(imports)).toEqual([]);
});

test('An import that leads up, out of nodes/ITeraBiz, or round in a circle would be found', () => {
  const one = (from: string, to: string, line = 1) => ({ from, to, line });
  expect(upward([one('api/page.ts', 'run/run.ts', 7)])).toEqual([
    'nodes/ITeraBiz/api/page.ts:7 imports run/run.ts, which does not lie below',
  ]);
  expect(upward([one('run/run.ts', 'api/page.ts'), one('run/run.ts', 'run/results.ts')])).toEqual(
    [],
  );
  expect(upward([one('run/run.ts', '../../credentials/key.ts')])).toHaveLength(1);
  const round = [one('a.ts', 'b.ts'), one('b.ts', 'c.ts'), one('c.ts', 'b.ts')];
  expect(circle(round)).toEqual(['b.ts', 'c.ts', 'b.ts']);
});

test('No layer holds more than a fifth of all lines', () => {
  const count = (file: string) => sourceOf(HOME + file).split('\n').length;
  const all = files.reduce((sum, file) => sum + count(file), 0);
  const large = LAYERS.filter((layer) => {
    const within = files.filter((file) => layerOf(file) === layer);
    return within.reduce((sum, file) => sum + count(file), 0) > all / 5;
  });
  expect(large).toEqual([]);
});

test('The map in CONTRIBUTING shows the layers in this order', () => {
  const [, map] = /^nodes\/ITeraBiz\/\n((?: .*\n)*)/m.exec(
    section(read('CONTRIBUTING.md'), 'The map'),
  )!;
  const drawn = map
    .trimEnd()
    .split('\n')
    .map((line) => line.trim().split(/\/? {2,}/)[0]);
  const [, ...layers] = LAYERS;
  expect(drawn).toEqual(['ITeraBiz.node.ts', ...layers, '__schema__']);
});

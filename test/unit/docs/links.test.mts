/** Whatever a document points to is there: files, headings, pictures. */
import { dirname, posix } from 'node:path';

import { documents, files, headings, prose, read, section, table } from './markdown.mts';

const HOME = 'https://github.com/iterabiz/n8n-nodes-iterabiz';
const RAW = 'https://raw.githubusercontent.com/iterabiz/n8n-nodes-iterabiz/HEAD';

/** What CONTRIBUTING would add. */
const EXAMPLE = 'nodes/ITeraBiz/resources/avatar/get.ts';

/** As GitHub makes it of a heading. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');
}

const isThere = (path: string) =>
  files.includes(path) || files.some((file) => file.startsWith(`${path.replace(/\/$/, '')}/`));

/** Why a link leads nowhere, or nothing where it leads somewhere. Other sites are not asked. */
function fault(from: string, link: string): string | undefined {
  const [address, anchor] = link
    .replace(`${HOME}#`, '/README.md#')
    .replace(new RegExp(`^(${HOME}/(blob|tree)/HEAD|${RAW})/`), '/')
    .split('#');
  if (/^[a-z]+:/.test(address)) return undefined;
  const path = address.startsWith('/')
    ? address.slice(1)
    : posix.join(dirname(from), address || posix.basename(from));
  if (!isThere(path)) return `${link}: there is no ${path}`;
  if (anchor === undefined || headings(read(path)).map(anchorOf).includes(anchor)) return undefined;
  return `${link}: ${path} has no such heading`;
}

function linksIn(markdown: string): string[] {
  const text = prose(markdown).replace(/`[^`\n]*`/g, '');
  return [
    ...text.matchAll(/\]\(([^)\s]+)\)/g),
    ...text.matchAll(/^\[[^\]]+\]: (\S+)$/gm),
    ...text.matchAll(/\b(?:src|srcset|href)="([^"]+)"/g),
  ].map(([, link]) => link);
}

test('There is something to check', () => {
  expect(documents).toEqual(
    expect.arrayContaining(['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'sandbox/README.md']),
  );
  expect(linksIn(read('README.md')).length).toBeGreaterThan(30);
});

test.each(documents)('%s has no link that leads nowhere', (path) => {
  expect(linksIn(read(path)).flatMap((link) => fault(path, link) ?? [])).toEqual([]);
});

test('The links from the editor lead to headings of README', () => {
  const shipped = files.filter((path) => /^(nodes|credentials)\/.*\.(ts|json)$/.test(path));
  const links = shipped.flatMap((path) => read(path).match(/https:\/\/github\.com[^'"]+/g) ?? []);
  expect(links.length).toBeGreaterThan(5);
  expect(links.flatMap((link) => fault('README.md', link) ?? [])).toEqual([]);
});

/** npm shows README apart from the other files. */
test('README links by whole addresses, so that npm can follow them', () => {
  const links = linksIn(read('README.md'));
  expect(links.filter((link) => !/^(https:\/\/|#)/.test(link))).toEqual([]);
});

test('README names every link that it uses, and uses every one that it names', () => {
  const text = prose(read('README.md'));
  const named = [...text.matchAll(/^\[([^\]]+)\]: /gm)].map(([, name]) => name);
  const used = [...text.matchAll(/\]\[([^\]]+)\]/g)].map(([, name]) => name);
  expect([...new Set(used)].sort()).toEqual(named.sort());
});

test('Each picture is shown once, in light and dark, and described', () => {
  const pictures = documents.flatMap((path) =>
    [...read(path).matchAll(/<picture>[^]*?<\/picture>/g)].map(([all]) => {
      const dark = /<source media="\(prefers-color-scheme: dark\)" srcset="([^"]+)">/.exec(all)![1];
      const light = /<img src="([^"]+)" alt="[^"]{20,}">/.exec(all)![1];
      return [dark, light].map((link) => link.replace(/^.*(?=\.github\/)/, ''));
    }),
  );
  const taken = files.filter((path) => path.startsWith('.github/screenshots/'));
  expect(pictures.flat().sort()).toEqual(taken.sort());
});

/** A file that is named by the end of its path, as `client/backOff.ts`, is one of ours. */
test.each(documents)('%s names no file that is not there', (path) => {
  const text = read(path).replace(/\]\([^)\s]+\)|^\[[^\]]+\]: \S+$/gm, '');
  const named = text.match(/[\w./-]*\w\.(ts|mts|mjs|yml|yaml|csv)\b/g) ?? [];
  const missing = named.filter((name) => !files.some((file) => `/${file}`.endsWith(`/${name}`)));
  expect(missing.filter((name) => name !== EXAMPLE)).toEqual([]);
});

test('The map of CONTRIBUTING has every folder, and no other', () => {
  const [, map] = /```\n([^]*?)```/.exec(section(read('CONTRIBUTING.md'), 'The map'))!;
  let parent = '';
  const drawn = map
    .trimEnd()
    .split('\n')
    .flatMap((line) => {
      const [, indent, names] = /^(\s*)(\S+(?: {2}\S+\/)*)/.exec(line)!;
      if (!indent) parent = names;
      return names.split(/ +/).map((name) => (indent ? parent + name : name));
    });
  expect(drawn.filter((path) => !isThere(path))).toEqual([]);

  const folders = files.flatMap((path) => {
    const deep = /^(nodes\/ITeraBiz|test)\//.test(path) && path.split('/').length > 2;
    const folder = deep ? /^(nodes\/)?[^/]+\/[^/]+\//.exec(path) : /^[^./][^/]*\//.exec(path);
    return folder ? [folder[0]] : [];
  });
  const inner = folders.filter((folder) => !['nodes/', 'nodes/ITeraBiz/'].includes(folder));
  expect([...new Set(inner)].filter((folder) => !drawn.includes(folder))).toEqual([]);
});

test('CONTRIBUTING has every place where something is assumed of the API, and no other', () => {
  const rows = table(read('CONTRIBUTING.md'), 'Assumption');
  const named = rows.flatMap(({ Place }) => Place.match(/[\w./]+\.ts/g) ?? []);
  const assuming = files
    .filter((path) => path.startsWith('nodes/') && /assumption/i.test(read(path)))
    .map((path) => path.replace('nodes/ITeraBiz/', ''));
  expect(named.sort()).toEqual(assuming.sort());
});

test('README links every example, and examples/README.md lists them', () => {
  const examples = files.filter((file) => /^examples\/.*\.json$/.test(file));
  const linked = linksIn(read('README.md')).flatMap(
    (link) => /examples\/.*\.json$/.exec(link)?.[0] ?? [],
  );
  expect([...new Set(linked)].sort()).toEqual(examples.sort());
  const listed = table(read('examples/README.md'), 'file').map(
    (row) => /\(([^)]+)\)/.exec(row.file)?.[1],
  );
  expect(listed.map((link) => `examples/${link}`).sort()).toEqual(examples.sort());
});

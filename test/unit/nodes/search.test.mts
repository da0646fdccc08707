/** What people type when they look for a node, asked of the search of n8n's own editor. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { sublimeSearch } from '@n8n/utils/search/sublime-search';
import type { INodeType } from 'n8n-workflow';

import { ITeraBiz } from '../../../nodes/ITeraBiz/ITeraBiz.node.ts';
import { ITeraBizPollingTrigger } from '../../../nodes/ITeraBiz/ITeraBizPollingTrigger.node.ts';
import { ITeraBizTrigger } from '../../../nodes/ITeraBiz/ITeraBizTrigger.node.ts';

const folder = join(import.meta.dirname, '../../../nodes/ITeraBiz');

/** A node as the editor searches it: by its title and its codex file. */
function searchable(Node: new () => INodeType) {
  const { displayName } = new Node().description;
  const codex = JSON.parse(readFileSync(join(folder, `${Node.name}.node.json`), 'utf8'));
  return { key: Node.name, properties: { displayName, codex } };
}

const nodes = [ITeraBiz, ITeraBizTrigger, ITeraBizPollingTrigger].map(searchable);
const found = (text: string) => sublimeSearch(text, nodes).map(({ item }) => item.key);

test.each([
  ...['iterabiz', 'avatar', 'video', 'avatar video', 'ai avatar', 'ai video', 'talking head'],
  ...['create video', 'create avatar', 'generate video', 'video generation', 'video generator'],
  ...['make video', 'video maker', 'script to video', 'text to video', 'download video'],
  ...['mp4', 'save file'],
  ...['heygen', 'heygen alternative', 'synthesia', 'synthesia alternative', 'd-id', 'colossyan'],
  ...['lip sync', 'ugc video', 'spokesperson'],
])('"%s" finds the node', (text) => {
  expect(found(text)).toContain(ITeraBiz.name);
});

test.each(['iterabiz', 'avatar', 'video', 'avatar video', 'video ready', 'video failed'])(
  '"%s" finds the triggers',
  (text) => {
    expect(found(text)).toEqual(
      expect.arrayContaining([ITeraBizTrigger.name, ITeraBizPollingTrigger.name]),
    );
  },
);

test.each(['spreadsheet', 'invoice', 'zzzz'])('"%s" finds none of them', (text) => {
  expect(found(text)).toEqual([]);
});

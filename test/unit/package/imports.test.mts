import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

const root = join(import.meta.dirname, '../../..');

/** What shipped code may load besides its own files: n8n brings the first, Node the second. */
const ALLOWED = ['n8n-workflow', 'crypto'];

/** Whatever a file loads, in every way there is: import, export from, import(), require(). */
function modulesOf(source: string): string[] {
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) {
      if (node.moduleSpecifier) found.push((node.moduleSpecifier as ts.StringLiteral).text);
    } else if (ts.isImportTypeNode(node)) {
      found.push(node.argument.getText().slice(1, -1));
    } else if (ts.isExternalModuleReference(node)) {
      found.push(node.expression.getText().slice(1, -1));
    } else if (ts.isCallExpression(node) && loads(node.expression)) {
      const [name] = node.arguments;
      found.push(name && ts.isStringLiteralLike(name) ? name.text : 'something computed');
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile('file.ts', source, ts.ScriptTarget.Latest, true));
  return found;
}

const loads = (callee: ts.Expression) =>
  callee.kind === ts.SyntaxKind.ImportKeyword || callee.getText() === 'require';

const strange = (source: string) =>
  modulesOf(source).filter((name) => !name.startsWith('.') && !ALLOWED.includes(name));

const shipped = ['nodes', 'credentials'].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .map((path) => join(folder, path)),
);

test.each(shipped)('%s loads nothing but n8n-workflow, crypto and its own package', (path) => {
  expect(strange(readFileSync(join(root, path), 'utf8'))).toEqual([]);
});

test('There is something to check', () => {
  expect(shipped.length).toBeGreaterThan(20);
});

test.each([
  ["import axios from 'axios';", 'axios'],
  ["import type { A } from 'axios';", 'axios'],
  ["export * from 'axios';", 'axios'],
  ["import 'axios';", 'axios'],
  ["const a = require('axios');", 'axios'],
  ["import a = require('axios');", 'axios'],
  ["const a = () => import('axios');", 'axios'],
  ["type A = import('axios').A;", 'axios'],
  ["import { readFile } from 'node:fs';", 'node:fs'],
  ['require(name);', 'something computed'],
])('%s would be found', (source, name) => {
  expect(strange(source)).toEqual([name]);
});

test('The package has no runtime dependencies', () => {
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  expect(manifest.dependencies ?? {}).toEqual({});
  expect(manifest.peerDependencies).toEqual({ 'n8n-workflow': '*' });
});

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

const root = join(import.meta.dirname, '../../..');

/** Files that get published, by path from the root of the repository. */
export const shipped = ['nodes', 'credentials'].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .map((path) => join(folder, path).replaceAll('\\', '/')),
);

export function sourceOf(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}

export interface Loaded {
  /** As it stands in the file, e.g. `../api/video` */
  name: string;
  /** From 1 */
  line: number;
}

/** Whatever a file loads, in every way there is: import, export from, import(), require(). */
export function modulesOf(source: string): Loaded[] {
  const found: Loaded[] = [];
  const file = ts.createSourceFile('file.ts', source, ts.ScriptTarget.Latest, true);
  const visit = (node: ts.Node): void => {
    const name = nameIn(node);
    const { line } = file.getLineAndCharacterOfPosition(node.getStart());
    if (name !== undefined) found.push({ name, line: line + 1 });
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}

/** What this very piece of code loads, if it loads anything. */
function nameIn(node: ts.Node): string | undefined {
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) {
    return node.moduleSpecifier && (node.moduleSpecifier as ts.StringLiteral).text;
  }
  if (ts.isImportTypeNode(node)) return node.argument.getText().slice(1, -1);
  if (ts.isExternalModuleReference(node)) return node.expression.getText().slice(1, -1);
  if (!ts.isCallExpression(node) || !loads(node.expression)) return undefined;
  const [name] = node.arguments;
  return name && ts.isStringLiteralLike(name) ? name.text : 'something computed';
}

const loads = (callee: ts.Expression) =>
  callee.kind === ts.SyntaxKind.ImportKeyword || callee.getText() === 'require';

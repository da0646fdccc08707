import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';

const projectRoot = join(import.meta.dirname, '../../..');
const contractPath = join(projectRoot, 'sandbox/openapi.yaml');
const contractText = readFileSync(contractPath, 'utf8');

interface Node {
  [key: string]: Node;
}
const contract = parse(contractText) as Node;

it('has nothing to say to the linter, which does speak when an operation lacks its ID', () => {
  const folder = mkdtempSync(join(tmpdir(), 'contract-'));
  const worsePath = join(folder, 'openapi.yaml');
  writeFileSync(worsePath, contractText.replace('operationId: listAvatars', 'x-nothing: true'));
  const script = join(import.meta.dirname, 'lintContract.mjs');
  const output = execFileSync('node', [script, contractPath, worsePath], {
    cwd: projectRoot,
    encoding: 'utf8',
  });
  rmSync(folder, { recursive: true });

  const [findings, findingsOfWorse] = JSON.parse(output) as { ruleId: string }[][];
  expect(findings).toEqual([]);
  expect(findingsOfWorse.map(({ ruleId }) => ruleId)).toEqual(['operation-operationId']);
});

/** Follows a reference inside the file. */
function resolve(node: Node): Node {
  const reference = node.$ref as unknown as string | undefined;
  if (reference === undefined) return node;
  return reference
    .slice(2)
    .split('/')
    .reduce((at, key) => at[key], contract);
}

const METHODS = ['get', 'post', 'put', 'patch', 'delete'];

/** Everything that must say where it comes from, with its place: operations, parameters, … */
function statements(): [place: string, node: Node][] {
  const found: [string, Node][] = [];
  for (const section of ['paths', 'webhooks']) {
    for (const [path, methods] of Object.entries(contract[section])) {
      for (const method of METHODS.filter((name) => name in methods)) {
        const place = `${section}/${path.replace(/^\//, '')} ${method}`;
        const operation = methods[method];
        found.push([place, operation]);
        for (const [i, parameter] of Object.entries(operation.parameters ?? {})) {
          found.push([`${place} parameter ${i}`, resolve(parameter)]);
        }
        for (const [status, response] of Object.entries(operation.responses)) {
          found.push([`${place} ${status}`, resolve(response)]);
        }
      }
    }
  }
  for (const [name, header] of Object.entries(contract.components.headers)) {
    found.push([`header ${name}`, header]);
  }
  found.push(...fieldsOf(contract.components.schemas, 'schemas'));
  return found;
}

function fieldsOf(node: Node, place: string): [string, Node][] {
  if (typeof node !== 'object' || node === null) return [];
  return Object.entries(node).flatMap(([key, child]) => {
    const here = `${place}.${key}`;
    const own =
      key === 'properties'
        ? Object.entries(child).map(([name, field]): [string, Node] => [
            `${here}.${name}`,
            resolve(field),
          ])
        : [];
    return [...own, ...fieldsOf(child, here)];
  });
}

const marks = statements();

it.each(marks)('%s says where it comes from', (_place, node) => {
  expect(['documented', 'assumed']).toContain(node['x-source']);
  if (String(node['x-source']) === 'assumed') expect(String(node['x-note'])).toMatch(/\w{3}/);
});

// The paths are held against what the node asks for in test/engine/operations/contract.test.mts.
it('has both events', () => {
  expect(Object.keys(contract.webhooks)).toEqual(['video.completed', 'video.failed']);
});

it.each(Object.entries(contract.paths))(
  '%s can be refused in every known way',
  (_path, methods) => {
    for (const { responses } of Object.values(methods)) {
      for (const status of ['401', '403', '429', '500', '502', '503', '504']) {
        expect(Object.keys(responses)).toContain(status);
      }
      expect(resolve(responses['429']).headers).toHaveProperty('Retry-After');
      expect(resolve(responses['503']).headers).toHaveProperty('Retry-After');
    }
  },
);

// oxfmt-ignore
it.each([
  ['Avatar', 'id name preview_url created_at'],
  ['NewAvatar', 'name image_url voice_id'],
  ['ContentPrompt', 'prompt avatar_id language duration'],
  ['NewVideo', 'avatar_id script language duration'],
  ['Video', 'id status avatar_id script prompt language duration video_url thumbnail_url error created_at completed_at'],
  ['VideoList', 'data has_more'],
  ['AvatarList', 'data has_more'],
  ['NewWebhook', 'url events'],
  ['RegisteredWebhook', 'id url events created_at'],
  ['VideoEvent', 'id type created_at data'],
])('%s has all its fields', (schema, fields) => {
  expect(Object.keys(contract.components.schemas[schema].properties)).toEqual(fields.split(' '));
});
